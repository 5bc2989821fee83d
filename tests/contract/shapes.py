"""What each side makes of a content it is given, so that a written value need not be the value read back (C1)."""

from __future__ import annotations

from dataclasses import replace

from reconcile.model import (
    Address,
    Appointment,
    Call,
    Company,
    Contact,
    Content,
    EventFacts,
    Person,
    Place,
    PlaceKind,
    Relation,
    Side,
    Task,
)


def shape(side: Side, content: Content, places: tuple[str, ...], event: EventFacts | None) -> Content:
    """What the side makes of a content it is given: X3 upper-cases cities and keeps persons by number; an event holds
    neither categories nor representatives, and its persons by name. `places` are X3's representatives, owner first."""
    match side, content:
        case Side.X3, Contact():
            return replace(content, work_address=_upper(content.work_address), home_address=_upper(content.home_address))
        case Side.X3, Task():
            return replace(content, relation=_by_number(content.relation))
        case Side.X3, Call():
            return replace(content, relation=_by_number(content.relation), phone=content.phone or "")
        case Side.X3, Appointment():
            place = content.place
            kind = place.kind or (PlaceKind.OTHER if place.text else None)
            return replace(
                content,
                relation=_by_number(content.relation),
                place=replace(place, kind=kind),
                category=content.category or 1,
                participants=places[1:],
            )
        case Side.OUTLOOK, Call():
            return replace(content, relation=_by_name(content.relation), direction=None, phone=None)
        case Side.OUTLOOK, Appointment():
            return replace(
                content,
                relation=_by_name(content.relation),
                place=Place(text=content.place.text),
                category=2 if event and event.attendees else None,
                participants=None,
            )
        case _:
            return content


def _upper(address: Address) -> Address:
    return replace(address, city=address.city.upper())


def _by_number(relation: Relation) -> Relation:
    people = tuple(Person(cor=person.cor) for person in relation.people if person.cor)
    return Relation(company=Company(number=relation.company.number), people=people)


def _by_name(relation: Relation) -> Relation:
    people = tuple(Person(name=person.name, email=person.email) for person in relation.people)
    return replace(relation, people=people)
