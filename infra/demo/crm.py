"""A person at Sage X3: the published objects over SOAP, as any other client of the pool."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import httpx
from lxml import etree

_PATH = "/soap-generic/syracuse/collaboration/syracuse/CAdxWebServiceXmlCC"
_ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wss="http://www.adonix.com/WSS">'
    "<soapenv:Header/><soapenv:Body><wss:{op}><callContext><codeLang>ENG</codeLang><poolAlias>SYNC</poolAlias><poolId/>"
    "<requestConfig/></callContext><publicName>{name}</publicName>{rest}</wss:{op}></soapenv:Body></soapenv:Envelope>"
)
Fields = dict[str, Any]


class RefusedByX3(Exception):
    """X3 answered with a status that is no success; the text is its messages."""


class Crm:
    """The folder SEED."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def _call(self, operation: str, name: str, rest: str) -> etree._Element | None:
        answer = self._http.post(
            _PATH, content=_ENVELOPE.format(op=operation, name=name, rest=rest).encode(), auth=("x3sync", "x3sync"),
            headers={"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'},
        )  # fmt: skip
        answer.raise_for_status()
        root = etree.fromstring(answer.content)
        if root.findtext(".//status") != "1":
            raise RefusedByX3(f"{operation} {name}: " + "; ".join(node.text or "" for node in root.iter("message")))
        result = root.findtext(".//resultXml")
        return etree.fromstring(result.encode()) if result else None

    # ------------------------------------------------------------------------------------------- objects

    def read(self, name: str, **key: str) -> Fields:
        """A record's fields; arrays as lists."""
        return _fields(self._call("read", name, _keys(key)))

    def listed(self, name: str) -> list[dict[str, str]]:
        """The lines of the object's list."""
        root = self._call("query", name, "<objectKeys/><listSize>1000</listSize>")
        return [_line(line) for line in root.iter("LIN")] if root is not None else []

    def save(self, name: str, **fields: str) -> Fields:
        """A new record, as X3 answers it."""
        return _fields(self._call("save", name, _param("objectXml", _flds(fields))))

    def modify(self, name: str, key: dict[str, str], **fields: str) -> Fields:
        """Change fields of a record."""
        return _fields(self._call("modify", name, _keys(key) + _param("objectXml", _flds(fields))))

    def delete(self, name: str, **key: str) -> None:
        """Delete a record."""
        self._call("delete", name, _keys(key))

    # -------------------------------------------------------------------------------------- sub-programs

    def records_of(self, code: str, representative: str) -> list[dict[str, str]]:
        """Every record of a representative: key, stamp, representatives."""
        ask = f'<GRP ID="GRP1">{_flds({"MODE": "REP", "TYP": code, "REP": representative, "MAXROW": "1000"})}</GRP>'
        return self._lines(ask)

    def state_of(self, code: str, key: str) -> dict[str, str]:
        """What X3 says about a key: STATE present or gone, REPS."""
        mode = f'<GRP ID="GRP1">{_flds({"MODE": "KEYS", "TYP": code})}</GRP>'
        return self._lines(f'{mode}<TAB ID="GRP2"><LIN>{_flds({"KEY": key})}</LIN></TAB>')[0]

    def _lines(self, ask: str) -> list[dict[str, str]]:
        root = self._call("run", "ZGSYNKEY", _param("inputXml", ask))
        assert root is not None
        found = [_line(line) for table in root.iter("TAB") if table.get("ID") == "GRP4" for line in table.iter("LIN")]
        return [line for line in found if line.get("STATE")]


def _keys(key: dict[str, str]) -> str:
    items = "".join(f"<item><key>{name}</key><value>{escape(value)}</value></item>" for name, value in key.items())
    return f"<objectKeys>{items}</objectKeys>"


def _param(tag: str, content: str) -> str:
    return f"<{tag}><![CDATA[<PARAM>{content}</PARAM>]]></{tag}>"


def _flds(values: dict[str, str]) -> str:
    return "".join(f'<FLD NAME="{name}">{escape(value)}</FLD>' for name, value in values.items())


def _line(line: etree._Element) -> dict[str, str]:
    return {str(cell.get("NAME")): cell.text or "" for cell in line.iter("FLD")}


def _fields(root: etree._Element | None) -> Fields:
    if root is None:
        return {}
    found: Fields = {str(cell.get("NAME")): cell.text or "" for cell in root.iter("FLD")}
    return found | {str(cell.get("NAME")): [item.text or "" for item in cell.iter("ITM")] for cell in root.iter("LST")}
