"""The SOAP envelope of CAdxWebServiceXmlCC, written and read by hand (docs/decisions/0002)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from x3_adapter.payload import clean, parse_xml

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_WSS = "http://www.adonix.com/WSS"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XSD = "http://www.w3.org/2001/XMLSchema"
_ENC = "http://schemas.xmlsoap.org/soap/encoding/"
_NAMESPACES = {"soapenv": _SOAP, "wss": _WSS, "xsi": _XSI, "xsd": _XSD, "soapenc": _ENC}

Argument = str | int | Mapping[str, str] | Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What X3 answered: success is `status` 1 and nothing else."""

    status: int
    messages: tuple[str, ...]
    result: str | None
    process_report: str = ""
    trace: str = ""


def request(operation: str, *, language: str, pool: str, arguments: Mapping[str, Argument]) -> bytes:
    """The envelope of one call. A mapping becomes objectKeys, a sequence an array of texts, an int an xsd:int."""
    root = etree.Element(f"{{{_SOAP}}}Envelope", nsmap=_NAMESPACES)
    etree.SubElement(root, f"{{{_SOAP}}}Header")
    call = etree.SubElement(etree.SubElement(root, f"{{{_SOAP}}}Body"), f"{{{_WSS}}}{operation}")
    call.set(f"{{{_SOAP}}}encodingStyle", _ENC)
    context = etree.SubElement(call, "callContext")
    context.set(f"{{{_XSI}}}type", "wss:CAdxCallContext")
    for name, text in (
        ("codeLang", language),
        ("poolAlias", pool),
        ("poolId", ""),
        ("requestConfig", "adxwss.optreturn=XML"),
    ):
        _text(context, name, text)
    for name, value in arguments.items():
        _argument(call, name, value)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _text(parent: etree._Element, name: str, text: str, kind: str = "xsd:string") -> None:
    node = etree.SubElement(parent, name)
    node.set(f"{{{_XSI}}}type", kind)
    node.text = clean(text)


def _argument(call: etree._Element, name: str, value: Argument) -> None:
    if isinstance(value, str):
        _text(call, name, value)
    elif isinstance(value, int):
        _text(call, name, str(value), "xsd:int")
    elif isinstance(value, Mapping):
        array = _array(call, name, "wss:ArrayOfCAdxParamKeyValue", "wss:CAdxParamKeyValue", len(value))
        for key, text in value.items():
            item = etree.SubElement(array, "item")
            item.set(f"{{{_XSI}}}type", "wss:CAdxParamKeyValue")
            _text(item, "key", key)
            _text(item, "value", text)
    else:
        array = _array(call, name, "wss:ArrayOf_xsd_string", "xsd:string", len(value))
        for text in value:
            _text(array, "item", text)


def _array(call: etree._Element, name: str, kind: str, of: str, size: int) -> etree._Element:
    array = etree.SubElement(call, name)
    array.set(f"{{{_XSI}}}type", kind)
    array.set(f"{{{_ENC}}}arrayType", f"{of}[{size}]")
    return array


def parse(raw: bytes, operation: str) -> Reply:
    """The answer of a call. Raises ValueError when `raw` is not an answer to it (a SOAP fault, a proxy's page)."""
    root = parse_xml(raw)
    body = root.find(f"{{{_SOAP}}}Body")
    if body is None:
        raise ValueError("no SOAP body")
    referred = {node.get("id", ""): node for node in body if _name(node) == "multiRef"}
    returned = next((node for node in body.iter() if _name(node) == f"{operation}Return"), None)
    if returned is None:
        fault = next((node for node in body.iter() if _name(node) == "faultstring"), None)
        raise ValueError((fault.text or "SOAP fault") if fault is not None else f"no {operation}Return")
    returned = _resolve(returned, referred)
    messages = next((node for node in returned if _name(node) == "messages"), None)
    technical = next((node for node in returned if _name(node) == "technicalInfos"), None)
    infos = _children(_resolve(technical, referred)) if technical is not None else {}
    values = _children(returned)
    return Reply(
        status=int(values.get("status") or 0),
        messages=tuple(_messages(messages, referred)) if messages is not None else (),
        result=values.get("resultXml") or None,
        process_report=infos.get("processReport") or "",
        trace=infos.get("traceRequest") or "",
    )


def _messages(array: etree._Element, referred: Mapping[str, etree._Element]) -> list[str]:
    """The texts of the messages: inline, or in multiRef elements; `type` may stand before or after `message`."""
    return [_children(_resolve(node, referred)).get("message") or "" for node in _resolve(array, referred)]


def _resolve(node: etree._Element, referred: Mapping[str, etree._Element]) -> etree._Element:
    return referred.get(node.get("href", "").removeprefix("#"), node)


def _children(node: etree._Element) -> dict[str, str | None]:
    return {_name(child): child.text for child in node}


def _name(node: etree._Element) -> str:
    return etree.QName(node).localname if isinstance(node.tag, str) else ""
