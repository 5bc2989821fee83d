"""A SOAP client of the tests' own, written against the documented wire format and against nothing of the emulator."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

import httpx
from lxml import etree

PATH = "/soap-generic/syracuse/collaboration/syracuse/CAdxWebServiceXmlCC"
ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wss="http://www.adonix.com/WSS">'
    "<soapenv:Header/><soapenv:Body><wss:{op}><callContext><codeLang>{lang}</codeLang><poolAlias>{pool}</poolAlias>"
    "<poolId></poolId><requestConfig>{config}</requestConfig></callContext><publicName>{name}</publicName>{rest}</wss:{op}>"
    "</soapenv:Body></soapenv:Envelope>"
)


@dataclass
class Answer:
    text: str
    status: int
    result: str | None
    messages: list[tuple[str, str]]
    technical: dict[str, str]
    fields: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)  # field -> group
    tables: dict[str, list[dict[str, str]]] = field(default_factory=dict)


def envelope(op: str, name: str, rest: str = "", *, pool: str = "SYNC", lang: str = "ENG", config: str = "") -> str:
    return ENVELOPE.format(op=op, name=name, rest=rest, pool=pool, lang=lang, config=config)


def keys(**named: str) -> str:
    items = "".join(f"<item><key>{k}</key><value>{escape(v)}</value></item>" for k, v in named.items())
    return f"<objectKeys>{items}</objectKeys>"


def param(content: str, tag: str = "objectXml") -> str:
    return f"<{tag}><![CDATA[<PARAM>{content}</PARAM>]]></{tag}>"


def fld(**values: str) -> str:
    return "".join(f'<FLD NAME="{name}">{escape(value)}</FLD>' for name, value in values.items())


def lst(name: str, *items: str) -> str:
    return f'<LST NAME="{name}">' + "".join(f"<ITM>{escape(item)}</ITM>" for item in items) + "</LST>"


def tab(gid: str, *rows: dict[str, str]) -> str:
    return f'<TAB ID="{gid}">' + "".join(f"<LIN>{fld(**row)}</LIN>" for row in rows) + "</TAB>"


def parse(text: str) -> Answer:
    root = etree.fromstring(text.encode())
    element = root.find(".//resultXml")
    nil = element is None or element.get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"
    result = None if nil else root.findtext(".//resultXml")
    messages = [(m.findtext("type") or "", m.findtext("message") or "") for m in root.iter("multiRef")]
    technical = {str(e.tag): e.text or "" for info in root.iter("technicalInfos") for e in info}
    answer = Answer(text, int(root.findtext(".//status") or -1), result, messages, technical)
    if result and result.startswith("<?xml"):
        _fill(answer, etree.fromstring(result.encode()))
    return answer


def _fill(answer: Answer, document: Any) -> None:
    for group in document.iter("GRP"):
        for cell in group.iter("FLD"):
            answer.fields[cell.get("NAME")] = cell.text or ""
            answer.groups[cell.get("NAME")] = group.get("ID")
        for cell in group.iter("LST"):
            answer.fields[cell.get("NAME")] = [item.text or "" for item in cell.iter("ITM")]
            answer.groups[cell.get("NAME")] = group.get("ID")
    for table in document.iter("TAB"):
        answer.tables[table.get("ID")] = [
            {c.get("NAME"): c.text or "" for c in line.iter("FLD")} for line in table.iter("LIN")
        ]


class Soap:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def raw(self, body: str, **more: Any) -> httpx.Response:
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        return await self.http.post(PATH, content=body.encode(), headers=headers, **more)

    async def call(self, op: str, name: str, rest: str = "", **context: str) -> Answer:
        response = await self.raw(envelope(op, name, rest, **context))
        assert response.status_code == 200, response.text
        return parse(response.text)

    async def save(self, name: str, content: str = "", /, **values: str) -> Answer:
        return await self.call("save", name, param(fld(**values) + content))

    async def modify(self, name: str, key: dict[str, str], content: str = "", /, **values: str) -> Answer:
        return await self.call("modify", name, keys(**key) + param(fld(**values) + content))

    async def read(self, name: str, **key: str) -> Answer:
        return await self.call("read", name, keys(**key))

    async def delete(self, name: str, **key: str) -> Answer:
        return await self.call("delete", name, keys(**key))

    async def delete_lines(self, name: str, key: dict[str, str], block: str, numbers: Sequence[str]) -> Answer:
        lines = "".join(f"<item>{n}</item>" for n in numbers)
        return await self.call("deleteLines", name, f"{keys(**key)}<blocKey>{block}</blocKey><lineKeys>{lines}</lineKeys>")

    async def run(self, name: str, content: str = "", **context: str) -> Answer:
        return await self.call("run", name, param(content, "inputXml"), **context)

    async def control(self, what: str, body: dict[str, Any]) -> httpx.Response:
        return await self.http.post(f"/_emulator/{what}", json=body)
