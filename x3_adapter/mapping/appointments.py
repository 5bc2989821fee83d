"""BAPPOINT <-> Appointment. X3's fields of it are named here and nowhere else (ATPREPMNA and ATPADDCMT are spelt so)."""

from __future__ import annotations

from typing import Any

from reconcile.model import Appointment, Place, PlaceKind, Relation, When
from reconcile.port import Refused
from x3_adapter.mapping.values import (
    YES,
    Fields,
    Terms,
    flag,
    instant,
    long_field,
    long_text,
    one_line,
    padded,
    read_date,
    read_relation,
    wall,
    write_date,
)
from x3_adapter.payload import Data

KEY = "APTNUM"
OWNER = "ATPREPMNA"
PARTICIPANTS = "APTREPNUM"
CREATED: Fields = {"APTORITYP": "3"}  # menu 3037: it came by synchronisation
POSITIONS = 10  # of APTREPNUM and APTCOR
NAMES: dict[str, str] = {
    "FULOBJ": "subject",
    "APTOBJ": "subject",
    "FULRPO": "report",
    "APTRPO": "report",
    "APTDAT": "when",
    "APTHOU": "when",
    "APTDATEND": "when",
    "APTHOUEND": "when",
    "FULDAY": "when",
    "APTPLC": "place",
    "ATPADDCMT": "place",
    "APTDON": "done",
    "APTTYP": "category",
    "APTCMP": "relation",
    "APTCOR": "relation",
    "APTCCNNUM": "relation",
    PARTICIPANTS: "participants",
}
LIMITS = {"place.text": "ATPADDCMT"}
_PLACES = {"1": PlaceKind.CUSTOMER, "2": PlaceKind.PREMISES, "3": PlaceKind.OTHER}
_PLACE_CODES = {kind: code for code, kind in _PLACES.items()}


def read(data: Data, terms: Terms) -> Appointment | None:
    """The appointment a record shows; None when it has no date."""
    when = _read_when(data, terms)
    if when is None:
        return None
    category = data.text("APTTYP")
    return Appointment(
        when=when,
        subject=one_line(long_text(data, terms.screen, "FULOBJ", "APTOBJ")),
        report=long_text(data, terms.screen, "FULRPO", "APTRPO"),
        place=_read_place(data),
        done=data.text("APTDON") == YES,
        category=int(category) if category.isdigit() else None,
        relation=read_relation(data.text("APTCMP"), data.texts("APTCOR")),
        participants=tuple(rep for rep in representatives(data) if rep != data.text(OWNER)),
    )


def representatives(data: Data) -> tuple[str, ...]:
    """The organiser first, then the participants in order, without repetition."""
    return tuple(dict.fromkeys(rep for rep in (data.text(OWNER), *data.texts(PARTICIPANTS)) if rep))


def without(data: Data, representative: str) -> Fields:
    """The fields of the representatives once this one has left them (D7): who stands first among the others takes over what
    was his."""
    left = [rep for rep in data.texts(PARTICIPANTS) if rep and rep != representative]
    if data.text(OWNER) != representative:
        return {PARTICIPANTS: padded(left, POSITIONS, "participants")}
    if not left:
        raise Refused(f"{representative} is alone in it: he cannot be withdrawn", field="participants")
    return {OWNER: left[0], PARTICIPANTS: padded(left[1:], POSITIONS, "participants")}


def joined(data: Data, representative: str) -> Fields:
    """APTREPNUM with one representative more (M6). Raises Refused when it is full."""
    taking_part = [rep for rep in data.texts(PARTICIPANTS) if rep]
    return {PARTICIPANTS: padded([*taking_part, representative], POSITIONS, "participants")}


def _read_when(data: Data, terms: Terms) -> When | None:
    first = read_date(data.text("APTDAT"))
    if first is None:
        return None
    last = max(first, read_date(data.text("APTDATEND")) or first)
    if data.text("FULDAY") == YES:
        return When(first=first, last=last)
    start = instant(first, data.text("APTHOU"), terms.zone)
    end = instant(last, data.text("APTHOUEND") or data.text("APTHOU"), terms.zone)
    # An end before the start (written around the controls, or across a clock change) is an appointment without length.
    return When(start=start, end=max(start, end))


def _read_place(data: Data) -> Place:
    kind = _PLACES.get(data.text("APTPLC"))
    comment, address = one_line(data.text("ATPADDCMT")), _address(data)
    at_address = kind in (PlaceKind.CUSTOMER, PlaceKind.PREMISES)
    return Place(text=(address or comment) if at_address else (comment or address), kind=kind)


def _address(data: Data) -> str:
    """The address on one line, as an event's location shows it."""
    lines = [one_line(text) for text in data.texts("APTADD")]
    city = " ".join(filter(None, (one_line(data.text("APTZIP")), one_line(data.text("APTCTY")))))
    parts = [*lines, city, one_line(data.text("APTSAT")), data.text("APTCRY")]
    # A country or state alone, which X3 proposes with the company, is no place.
    return ", ".join(filter(None, parts)) if any((*lines, city)) else ""


def write(name: str, value: Any, current: Data | None, terms: Terms) -> Fields:
    """The X3 fields of one merge field. Raises Refused for what X3 cannot hold."""
    match name:
        case "subject":
            return {long_field(terms.screen, "FULOBJ", "APTOBJ"): value}
        case "report":
            return {long_field(terms.screen, "FULRPO", "APTRPO"): value}
        case "when":
            return _when(value, terms)
        case "place":
            return _place(value)
        case "done":
            return {"APTDON": flag(value)}
        case "category":
            return {} if value is None else {"APTTYP": str(value)}
        case "participants":
            return {} if value is None else _participants(value, current)
        case _:
            return _relation(value)


def _when(when: When, terms: Terms) -> Fields:
    if when.all_day:
        return {
            "FULDAY": flag(True),
            "APTDAT": write_date(when.first),
            "APTHOU": "0000",
            "APTDATEND": write_date(when.last),
            "APTHOUEND": "2359",
        }
    assert when.start is not None
    assert when.end is not None
    start, end = wall(when.start, terms.zone), wall(when.end, terms.zone)
    # Across the hour that clocks repeat, an end can read earlier than its start: X3 would refuse it.
    end = max(start, end)
    return {"FULDAY": flag(False), "APTDAT": start[0], "APTHOU": start[1], "APTDATEND": end[0], "APTHOUEND": end[1]}


def _place(place: Place) -> Fields:
    """A text from Outlook is X3's "Other" with its comment; an X3 kind that is written back (R2) keeps its address."""
    if place.kind in (PlaceKind.CUSTOMER, PlaceKind.PREMISES):
        return {"APTPLC": _PLACE_CODES[place.kind]}
    return {"APTPLC": _PLACE_CODES[PlaceKind.OTHER], "ATPADDCMT": place.text}


def _participants(participants: tuple[str, ...], current: Data | None) -> Fields:
    """An organiser who also stands among the participants stays there."""
    own = current.text(OWNER) if current is not None else ""
    kept = (own,) if current is not None and own in current.texts(PARTICIPANTS) and own else ()
    return {PARTICIPANTS: padded(dict.fromkeys((*kept, *participants)), POSITIONS, "participants")}


def _relation(relation: Relation) -> Fields:
    # The CRM contacts (APTCCNNUM) are left out: X3 recovers them from the contacts (x3.md 1.6).
    cors = [person.cor for person in relation.people if person.cor]
    return {"APTCMP": relation.company.number, "APTCOR": padded(cors, POSITIONS, "relation")}
