"""What X3's screens check before they write: types, lengths, lists, links to other tables, times, overlaps.

The first control that fails ends the call, as on a screen; `Refusal` names the field where X3 knows one.
"""

import re
from datetime import datetime

from infra.emulators.x3.layout import Publication
from infra.emulators.x3.messages import menu, text
from infra.emulators.x3.store import Store
from infra.emulators.x3.tables import COUNTRIES, MISC, TABLES, Field, Row


class Refusal(Exception):
    """A business refusal: `code` is a key of messages.py."""

    def __init__(self, code: str, field: str = "", **values: object) -> None:
        super().__init__(code)
        self.code, self.field, self.values = code, field, values

    def say(self, lang: str) -> str:
        return text(self.code, lang, self.field, **self.values)


BP_FIELDS = ("TSKCMP", "CLLCMP", "APTCMP", "BPRNUM", "CPYBPANUM")
PERSON_FIELDS = ("TSKCCN", "CLLCCN", "APTCCNNUM", "CNTNUM")
CARD_FIELDS = ("TSKCOR", "CLLCOR", "APTCOR")
REP_FIELDS = ("TSKREP", "CLLREP", "ATPREPMNA", "APTREPNUM")
COUNTRY_FIELDS = ("CPYCRY", "HOMCRY", "APTCRY", "CLLCCNCRY")
MANDATORY = {
    "TSK": ("TSKREP", "FULOBJ", "TSKDAT"),
    "CLL": ("CLLREP", "FULOBJ", "CLLDAT", "CLLHOU", "CLLTYP"),
    "BAP": ("ATPREPMNA", "FULOBJ", "APTDAT", "APTDATEND", "APTHOU", "APTHOUEND"),
    "COR": ("LNA",),
}


def convert(known: Field, sent: str, bmp_only: bool) -> str | int:
    """The stored form of a value sent. Raises Refusal for one that cannot be stored."""
    if bmp_only:
        sent = "".join(c if ord(c) < 0x10000 else "?" for c in sent)
    value = sent.rstrip() if known.kind in "AX" else sent.strip()
    if known.kind in "IM":
        if value == "":
            return 0 if known.menu != 1 else 1
        if not re.fullmatch(r"-?\d+", value) or len(value.lstrip("-")) > known.length:
            raise Refusal("value", known.name, value=value)
        number = int(value)
        if known.menu and not 0 <= number <= len(menu(known.menu, "ENG")):
            raise Refusal("menu", known.name, value=value)
        return number
    if value and known.kind in "DH":
        shape = "%Y%m%d" if known.kind == "D" else "%H%M"
        try:
            fits = len(value) == known.length and bool(datetime.strptime(value, shape))  # noqa: DTZ007  # a wall time
        except ValueError:
            fits = False
        if not fits:
            raise Refusal("value", known.name, value=value)
    if len(value) > known.length:
        raise Refusal("length", known.name, limit=known.length)
    return value.upper() if known.kind == "U" else value


def check(store: Store, publication: Publication, key: str, row: Row, touched: set[str], overlap: bool = True) -> None:
    """All controls of an object but its lines. `touched` are the fields the call sent. Raises Refusal."""
    for group in publication.groups:
        for name in group.fields:
            if name in touched:
                values = row[name] if isinstance(row.get(name), list) else [row.get(name)]
                for value in values:
                    if value:
                        _link(store, name, value)
    for name in MANDATORY[publication.code]:
        if not row[name]:
            raise Refusal("mandatory", name)
    if row["ZSYNCID"]:
        others = store.by_syncid[publication.code, row["ZSYNCID"]] - {key}
        if others:
            raise Refusal("duplicate", "ZSYNCID", value=row["ZSYNCID"], key=min(others))
    if publication.code == "TSK" and row["TSKSTR"] and row["TSKSTR"] > row["TSKDAT"]:
        raise Refusal("order", "TSKDAT")
    if publication.code == "BAP":
        if span(row)[0] > span(row)[1]:
            raise Refusal("order", "APTDATEND")
        if overlap:
            _overlap(store, key, row)


def _link(store: Store, name: str, value: str) -> None:
    if name in BP_FIELDS and store.get("BPARTNER", value) is None:
        raise Refusal("bp", name, value=value)
    if name in PERSON_FIELDS and store.get("CONTACTCRM", value) is None:
        raise Refusal("contact", name, value=value)
    if name in CARD_FIELDS and store.get("CORRESPOND", value) is None:
        raise Refusal("contact", name, value=value)
    if name in REP_FIELDS and store.get("SALESREP", value) is None:
        raise Refusal("rep", name, value=value)
    if name in COUNTRY_FIELDS and value not in COUNTRIES:
        raise Refusal("country", name, value=value)
    if name in MISC and value not in MISC[name]:
        raise Refusal("misc", name, value=value)


def span(row: Row) -> tuple[str, str]:
    """An appointment's wall times, comparable as text; an all-day one ends after its last minute."""
    if row["FULDAY"] == 2:
        return row["APTDAT"] + "0000", row["APTDATEND"] + "2400"
    return row["APTDAT"] + row["APTHOU"], row["APTDATEND"] + row["APTHOUEND"]


def _overlap(store: Store, key: str, row: Row) -> None:
    start, end = span(row)
    first, last = row["APTDAT"], row["APTDATEND"]
    table = store.tables["BAPPOINT"]
    for rep in store.reps("BAP", row):
        hits = []
        for code, other_key in store.by_rep[rep]:
            if code != "BAP" or other_key == key:
                continue
            other = table[other_key]
            if other["APTDAT"] > last or other["APTDATEND"] < first:
                continue
            other_start, other_end = span(other)
            if start < other_end and other_start < end:
                hits.append(other_key)
        if hits:
            raise Refusal("overlap", rep=rep, key=min(hits))


def check_unused(store: Store, key: str) -> None:
    """A contact named by an action cannot be deleted. Raises Refusal."""
    for table in ("TASK", "PHONECALL", "BAPPOINT"):
        field = next(name for name in TABLES[table].fields if name in CARD_FIELDS)
        for row in store.tables[table].values():
            used = row[field] if isinstance(row[field], list) else [row[field]]
            if key in used:
                raise Refusal("used", key=key, table=table)
