"""CORRESPOND <-> Contact. X3's contact fields are named here and nowhere else."""

from __future__ import annotations

import re
from typing import Any

from reconcile.model import Address, Contact, PersonName
from reconcile.port import Refused
from x3_adapter.mapping.values import Fields, Terms, one_line, padded, read_date, write_date
from x3_adapter.payload import Data

KEY = "CORNUM"
LINES_FIELD = "COPREP"  # the table of representatives (CONTRACT.md)
LINES_BLOCK = "COP1~NBREP"
EMAILS = ("CPYEML", "HOMEML")
PARTNER = "BPRNUM"
CRM_CONTACT = "CNTNUM"
CARD_OF, REPRESENTATIVE = "CORTYP", "2"  # whose card it is: a contact's or a representative's
_TEXTS = {
    "department": "SRV",
    "work_phone": "CPYTEL",
    "work_fax": "CPYFAX",
    "mobile": "CPYMOB",
    "work_email": "CPYEML",
    "home_phone": "HOMTEL",
    "home_email": "HOMEML",
}
_BLOCKS = {"work_address": "CPY", "home_address": "HOM"}
_STREET_LINES = 3
# K5's spelling of a company: its name, three blanks, its number between number signs.
_NUMBERED = re.compile(r"^(?P<name>.*?)\s*#(?P<number>[^#\s]+)#\s*$")

NAMES: dict[str, str] = {
    "LNA": "name",
    "FNA": "name",
    "TTL": "title",
    "FNC": "function",
    "FNCLIB": "function",
    "CPYBPADES": "company",
    PARTNER: "company",
    "BIR": "birthday",
    **{name: merge_field for merge_field, name in _TEXTS.items()},
    **{
        prefix + part: merge_field
        for merge_field, prefix in _BLOCKS.items()
        for part in ("ADD", "ZIP", "CTY", "SAT", "CRY")
    },
}
LIMITS = {
    "name.surname": "LNA",
    "name.given": "FNA",
    "function": "FNCLIB",
    "company": "CPYBPADES",
    **_TEXTS,
    **{f"{merge_field}.postal_code": f"{prefix}ZIP" for merge_field, prefix in _BLOCKS.items()},
    **{f"{merge_field}.city": f"{prefix}CTY" for merge_field, prefix in _BLOCKS.items()},
    **{f"{merge_field}.state": f"{prefix}SAT" for merge_field, prefix in _BLOCKS.items()},
}


def read(data: Data, terms: Terms) -> Contact:
    """The contact a record shows."""
    texts: dict[str, Any] = {merge_field: one_line(data.text(name)) for merge_field, name in _TEXTS.items()}
    return Contact(
        name=PersonName(surname=one_line(data.text("LNA")), given=one_line(data.text("FNA"))),
        title=terms.tables.titles.get(data.text("TTL"), ""),
        # FNC is a menu of twelve functions; FNCLIB is what a person typed, and the only one that can hold any text.
        function=one_line(data.text("FNCLIB") or data.labels.get("FNC", "")),
        company=one_line(data.text("CPYBPADES") or data.text("BPRLIB")),
        work_address=_read_address(data, "CPY", terms),
        home_address=_read_address(data, "HOM", terms),
        birthday=read_date(data.text("BIR")),
        **texts,
    )


def _read_address(data: Data, prefix: str, terms: Terms) -> Address:
    lines = [one_line(text) for text in data.texts(prefix + "ADD")]
    country = data.text(prefix + "CRY")
    return Address(
        street="\n".join(lines).strip("\n"),
        postal_code=one_line(data.text(prefix + "ZIP")),
        city=one_line(data.text(prefix + "CTY")),
        state=one_line(data.text(prefix + "SAT")),
        country=terms.tables.countries.get(country, country),
    )


def write(name: str, value: Any, current: Data | None, terms: Terms) -> Fields:
    """The X3 fields of one merge field. Raises Refused for a value that X3's lists do not hold."""
    match name:
        case "name":
            return {"LNA": value.surname, "FNA": value.given}
        case "title":
            return {"TTL": _title(value, terms)}
        case "function":
            # Cleared, the menu has to go too, or its label would come back as the function.
            return {"FNCLIB": value} if value else {"FNCLIB": "", "FNC": "0"}
        case "company":
            return _company(value)
        case "birthday":
            return {"BIR": write_date(value)}
        case "work_address" | "home_address":
            return _address(_BLOCKS[name], value, name, terms)
        case "more_emails":
            return {}  # X3 has two places
        case _:
            return {_TEXTS[name]: value}


def _title(title: str, terms: Terms) -> str:
    if not title:
        return "0"
    for number, known in terms.tables.titles.items():
        if known == title:
            return number
    raise Refused(f"X3 has no title {title!r}", field="title")


def _company(text: str) -> Fields:
    numbered = _NUMBERED.match(text)
    if numbered is None:
        return {"CPYBPADES": text}
    return {"CPYBPADES": numbered["name"], PARTNER: numbered["number"]}


def _address(prefix: str, address: Address, merge_field: str, terms: Terms) -> Fields:
    lines = [text for text in address.street.split("\n") if text]
    if len(lines) > _STREET_LINES:
        lines = [*lines[: _STREET_LINES - 1], ", ".join(lines[_STREET_LINES - 1 :])]
    codes = {iso: code for code, iso in terms.tables.countries.items()}
    return {
        prefix + "ADD": padded(lines, _STREET_LINES, merge_field),
        prefix + "ZIP": address.postal_code,
        prefix + "CTY": address.city,
        prefix + "SAT": address.state,
        prefix + "CRY": codes.get(address.country, address.country),
    }
