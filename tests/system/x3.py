"""What a person does in X3, by SOAP; written against the vendor's wire format, sharing nothing with the product."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

import httpx
from lxml import etree

from tests.system.servers import Servers

_PATH = "/soap-generic/syracuse/collaboration/syracuse/CAdxWebServiceXmlCC"
_ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wss="http://www.adonix.com/WSS">'
    "<soapenv:Header/><soapenv:Body><wss:{op}><callContext><codeLang>ENG</codeLang><poolAlias>SYNC</poolAlias>"
    "<poolId></poolId><requestConfig></requestConfig></callContext><publicName>{name}</publicName>{rest}</wss:{op}>"
    "</soapenv:Body></soapenv:Envelope>"
)
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
KEYS = {"ZTSK": "TSKNUM", "ZCLL": "CLLNUM", "ZBAP": "APTNUM", "ZCOR": "CORNUM"}
LINES = "COP1_1"  # the contact's representatives
Record = dict[str, Any]  # a field's text, or the texts of an array


class X3Error(Exception):
    """X3 refused a call of the test's own."""


@dataclass(slots=True)
class X3:
    """The folder SEED as a person works in it."""

    servers: Servers
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.servers.x3, auth=("x3sync", "x3sync"), timeout=60, verify=False)

    def call(self, op: str, name: str, rest: str) -> Any:
        """One SOAP call; the parsed result document, None when there is none. Raises X3Error."""
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        body = _ENVELOPE.format(op=op, name=name, rest=rest)
        answer = self.http.post(_PATH, content=body.encode(), headers=headers)
        assert answer.status_code == 200, answer.text
        root = etree.fromstring(answer.content)
        if root.findtext(".//status") != "1":
            raise X3Error("; ".join(m.findtext("message") or "" for m in root.iter("multiRef")) or answer.text)
        result = root.find(".//resultXml")
        if result is None or result.get(_NIL) == "true" or not result.text:
            return None
        return etree.fromstring(result.text.encode())

    def save(self, name: str, *, reps: tuple[str, ...] = (), **values: str | list[str]) -> Record:
        """Create a record; as it is then. `reps`: the representatives who get a contact."""
        return _record(self.call("save", name, _document(values, reps)))

    def modify(self, name: str, key: str, *, reps: tuple[str, ...] = (), **values: str | list[str]) -> Record:
        """Change only those fields. `reps` are added to a contact's."""
        have = self.read(name, key) or {}
        lines = tuple(have.get("COPREP_LINES", ()))
        return _record(self.call("modify", name, _key(name, key) + _document(values, reps, first=len(lines) + 1)))

    def read(self, name: str, key: str) -> Record | None:
        """The record, None when there is none. `COPREP_LINES` are the representatives of a contact."""
        try:
            return _record(self.call("read", name, _key(name, key)))
        except X3Error as refused:
            if "does not exist" in str(refused):
                return None
            raise

    def delete(self, name: str, key: str) -> None:
        """Delete a record."""
        self.call("delete", name, _key(name, key))

    def all(self, name: str) -> list[Record]:
        """All records, in the order of their keys."""
        rest = "<objectKeys/><listSize>1000</listSize>"
        rows = self.call("query", name, rest)
        keys = [lin.findtext(f"FLD[@NAME='{KEYS[name]}']") for lin in rows.iter("LIN")]
        return [record for key in keys if key and (record := self.read(name, key)) is not None]

    def only(self, name: str) -> Record:
        """The one record there is."""
        found = self.all(name)
        assert len(found) == 1, [(row[KEYS[name]], row.get("FULOBJ", row.get("LNA"))) for row in found]
        return found[0]

    def unassign(self, key: str, rep: str) -> None:
        """Take a representative's line off a contact, on its screen."""
        number = (self.read("ZCOR", key) or {})["COPREP_LINES"].index(rep) + 1
        lines = f"<blocKey>COP1~NBREP</blocKey><lineKeys><item>{number}</item></lineKeys>"
        self.call("deleteLines", "ZCOR", _key("ZCOR", key) + lines)

    # ------------------------------------------------------------------------------- as a person fills them

    def new_task(self, subject: str, due: str, **more: str) -> Record:
        """A task of R001 due on the day `YYYYMMDD`."""
        values: dict[str, Any] = {"TSKREP": "R001", "FULOBJ": subject, "TSKDAT": due, **more}
        return self.save("ZTSK", **values)

    def new_call(self, subject: str, day: str, hour: str = "0900", **more: str) -> Record:
        """An outgoing call of R001, a quarter of an hour."""
        values: dict[str, Any] = {
            "CLLREP": "R001",
            "FULOBJ": subject,
            "CLLDAT": day,
            "CLLHOU": hour,
            "CLLTYP": "2",
            "CLLDUR": "15",
        }
        return self.save("ZCLL", **{**values, **more})

    def new_appointment(self, subject: str, day: str, hour: str = "0900", end: str = "1000", **more: Any) -> Record:
        """An appointment of R001 on one day, wall time of Paris."""
        when = {"APTDAT": day, "APTHOU": hour, "APTDATEND": day, "APTHOUEND": end}
        return self.save("ZBAP", **{"ATPREPMNA": "R001", "FULOBJ": subject, **when, **more})

    def new_contact(self, surname: str, given: str = "", *, reps: tuple[str, ...] = ("R001",), **more: Any) -> Record:
        """A contact assigned to representatives."""
        return self.save("ZCOR", reps=reps, **{"LNA": surname, "FNA": given, **more})

    # -------------------------------------------------------------------------------------------- behind it

    def control(self, what: str, body: Any) -> Any:
        """Switches and user actions of the X3 port (FIDELITY_X3.md)."""
        return self.servers.control("POST", what, body, port="x3")


def _key(name: str, key: str) -> str:
    return f"<objectKeys><item><key>{KEYS[name]}</key><value>{escape(key)}</value></item></objectKeys>"


def _document(values: dict[str, str | list[str]], reps: tuple[str, ...], *, first: int = 1) -> str:
    parts = []
    for name, value in values.items():
        if isinstance(value, list):
            items = "".join(f"<ITM>{escape(one)}</ITM>" for one in value)
            parts.append(f'<LST NAME="{name}">{items}</LST>')
        else:
            parts.append(f'<FLD NAME="{name}">{escape(value)}</FLD>')
    if reps:
        lines = "".join(f'<LIN NUM="{n}"><FLD NAME="COPREP">{rep}</FLD></LIN>' for n, rep in enumerate(reps, first))
        parts.append(f'<TAB ID="{LINES}">{lines}</TAB>')
    return f"<objectXml><![CDATA[<PARAM>{''.join(parts)}</PARAM>]]></objectXml>"


def _record(document: Any) -> Record:
    found: Record = {}
    for group in document.iter("GRP"):
        for cell in group.iter("FLD"):
            found[cell.get("NAME")] = cell.text or ""
        for cell in group.iter("LST"):
            found[cell.get("NAME")] = [item.text or "" for item in cell.iter("ITM")]
    for table in document.iter("TAB"):
        if table.get("ID") == LINES:
            found["COPREP_LINES"] = [text for line in table.iter("LIN") if (text := line.findtext("FLD[@NAME='COPREP']"))]
    return found
