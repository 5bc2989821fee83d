"""The envelope: requests read as leniently as real servers read them, answers in the shape real servers send."""

import re
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

OPERATIONS = (
    "run",
    "save",
    "delete",
    "read",
    "query",
    "getDescription",
    "modify",
    "actionObject",
    "actionObjectKeys",
    "getDataXmlSchema",
    "insertLines",
    "deleteLines",
)
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
_XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


class BadRequest(Exception):
    """Not a SOAP call of this service."""


@dataclass(slots=True)
class Call:
    operation: str
    name: str  # publicName
    language: str
    pool: str
    config: dict[str, str]
    keys: dict[str, str] = field(default_factory=dict)
    xml: str = ""  # objectXml, inputXml or lineXml
    size: int = 0
    block: str = ""
    lines: list[str] = field(default_factory=list)
    action: str = ""

    @property
    def json(self) -> bool:
        return self.config.get("adxwss.optreturn", "").upper() == "JSON"

    @property
    def traced(self) -> bool:
        return self.config.get("adxwss.trace.on", "").lower() == "on"


@dataclass(slots=True)
class Result:
    status: int
    messages: list[tuple[int, str]] = field(default_factory=list)  # type, text
    result: str | None = None
    report: str | None = None
    trace: str | None = None


def _mend(text: str) -> str:
    """Escape the bare `&` some clients send in requestConfig; CDATA sections are left as they are."""
    parts = re.split(r"(<!\[CDATA\[.*?\]\]>)", text, flags=re.DOTALL)
    return "".join(
        p if p.startswith("<![CDATA[") else re.sub(r"&(?!(#\d+|#x[0-9A-Fa-f]+|amp|lt|gt|quot|apos);)", "&amp;", p)
        for p in parts
    )


def _content(element: Any) -> str:
    """An argument's text; XML that was neither escaped nor put into CDATA counts too."""
    if element.get(_XSI_NIL) in ("true", "1"):
        return ""
    if len(element):
        return "".join(etree.tostring(child, encoding="unicode", with_tail=False) for child in element)
    return element.text or ""


def parse(body: bytes) -> Call:
    """Raises BadRequest for what is no call at all."""
    text = _mend(re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", body.decode("utf-8", "replace")))
    root = etree.fromstring(text.encode(), etree.XMLParser(recover=True, resolve_entities=False, huge_tree=True))
    if root is None or etree.QName(root).localname != "Envelope":
        raise BadRequest("no SOAP envelope")
    found = next((e for e in root.iterchildren(etree.Element) if etree.QName(e).localname == "Body"), None)
    element = next(found.iterchildren(etree.Element), None) if found is not None else None
    if element is None or etree.QName(element).localname not in OPERATIONS:
        raise BadRequest("unknown operation")
    parts = {etree.QName(child).localname: child for child in element.iterchildren(etree.Element)}
    context = {}
    if "callContext" in parts:
        context = {etree.QName(c).localname: _content(c) for c in parts["callContext"].iterchildren(etree.Element)}
    config = dict(pair.partition("=")[::2] for pair in context.get("requestConfig", "").split("&") if pair)
    call = Call(
        operation=etree.QName(element).localname,
        name=_part(parts, "publicName"),
        language=context.get("codeLang", ""),
        pool=context.get("poolAlias", ""),
        config=config,
    )
    if "objectKeys" in parts:
        for item in parts["objectKeys"].iterchildren(etree.Element):  # item, keys, CAdxParamKeyValue: all seen
            pair = {etree.QName(c).localname: _content(c) for c in item.iterchildren(etree.Element)}
            call.keys[pair.get("key", "")] = pair.get("value", "")
    call.xml = next((_content(parts[name]) for name in ("objectXml", "inputXml", "lineXml") if name in parts), "")
    size = _part(parts, "listSize")
    call.size = int(size) if size.isdigit() else 0
    call.block, call.action = _part(parts, "blocKey"), _part(parts, "actionCode")
    if "lineKeys" in parts:
        call.lines = [_content(item) for item in parts["lineKeys"].iterchildren(etree.Element)] or [
            one for one in [_content(parts["lineKeys"])] if one
        ]
    return call


def _part(parts: dict[str, Any], name: str) -> str:
    return _content(parts[name]).strip() if name in parts else ""


# -- answers ----------------------------------------------------------------------------------------------------------

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:wss="http://www.adonix.com/WSS"><soapenv:Body>'
)
_TAIL = "</soapenv:Body></soapenv:Envelope>"


def _string(name: str, value: str | None) -> str:
    if value is None:
        return f'<{name} xsi:type="xsd:string" xsi:nil="true"/>'
    return f'<{name} xsi:type="xsd:string">{escape(value)}</{name}>'


def _technical(result: Result, millis: dict[str, float], language: bool) -> str:
    flags = {"busy": False, "changeLanguage": language, "changeUserId": False, "flushAdx": False}
    parts = [f'<{name} xsi:type="xsd:boolean">{str(value).lower()}</{name}>' for name, value in flags.items()]
    parts.append(
        '<loadWebsDuration xsi:type="xsd:double">-1</loadWebsDuration>'
        '<nbDistributionCycle xsi:type="xsd:int">-1</nbDistributionCycle>'
    )
    parts.append(
        f'<poolDistribDuration xsi:type="xsd:double">{millis["wait"]:.0f}</poolDistribDuration>'
        '<poolEntryIdx xsi:type="xsd:int">-1</poolEntryIdx>'
        f'<poolExecDuration xsi:type="xsd:double">{millis["exec"]:.0f}</poolExecDuration>'
        '<poolRequestDuration xsi:type="xsd:double">-1</poolRequestDuration>'
        f'<poolWaitDuration xsi:type="xsd:double">{millis["wait"]:.0f}</poolWaitDuration>'
    )
    parts.append(_string("processReport", result.report))
    parts.append(f'<processReportSize xsi:type="xsd:int">{len(result.report) if result.report else -1}</processReportSize>')
    parts.append(
        '<reloadWebs xsi:type="xsd:boolean">false</reloadWebs>'
        '<resumitAfterDBOpen xsi:type="xsd:boolean">false</resumitAfterDBOpen>'
        '<rowInDistribStack xsi:type="xsd:int" xsi:nil="true"/>'
        f'<totalDuration xsi:type="xsd:double">{millis["wait"] + millis["exec"]:.0f}</totalDuration>'
    )
    parts.append(_string("traceRequest", result.trace))
    parts.append(f'<traceRequestSize xsi:type="xsd:int">{len(result.trace) if result.trace else -1}</traceRequestSize>')
    return f'<technicalInfos xsi:type="wss:CAdxTechnicalInfos">{"".join(parts)}</technicalInfos>'


def render(operation: str, result: Result, millis: dict[str, float], language: bool) -> bytes:
    """Messages stand after the response as multiRef elements, type before message; HTTP is 200 for refusals too."""
    messages = "".join(f'<messages href="#id{n}"/>' for n in range(len(result.messages)))
    opening = (
        f'<messages xsi:type="soapenc:Array" soapenv:encodingStyle="{ENCODING}" '
        f'soapenc:arrayType="wss:CAdxMessage[{len(result.messages)}]"'
    )
    if result.result is None:
        content = '<resultXml xsi:type="xsd:string" xsi:nil="true"/>'
    else:
        content = (
            f'<resultXml xsi:type="xsd:string"><![CDATA[{result.result.replace("]]>", "]]]]><![CDATA[>")}]]></resultXml>'
        )
    references = "".join(
        f'<multiRef id="id{n}" soapenc:root="0" soapenv:encodingStyle="{ENCODING}" xsi:type="wss:CAdxMessage">'
        f"<type>{kind}</type><message>{escape(text)}</message></multiRef>"
        for n, (kind, text) in enumerate(result.messages)
    )
    return (
        f'{_HEAD}<wss:{operation}Response soapenv:encodingStyle="{ENCODING}">'
        f'<{operation}Return xsi:type="wss:CAdxResultXml">'
        + (f"{opening}>{messages}</messages>" if messages else f"{opening}/>")
        + f'{content}<status xsi:type="xsd:int">{result.status}</status>{_technical(result, millis, language)}'
        + f"</{operation}Return></wss:{operation}Response>{references}{_TAIL}"
    ).encode()


def fault(text: str) -> bytes:
    return (
        f"{_HEAD}<soapenv:Fault><faultcode>soapenv:Client</faultcode><faultstring>{escape(text)}</faultstring>"
        f"</soapenv:Fault>{_TAIL}"
    ).encode()
