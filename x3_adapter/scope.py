"""Beside the port, for a forced synchronisation (F1): every record of a representative whatever its dates, the contacts of
a scope, and the card (CORRESPOND) of a CRM contact that has none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from reconcile.model import Contact, ItemType, PersonName, Present
from reconcile.port import Refused, TryLater
from x3_adapter import programs
from x3_adapter.mapping import FORMS, contacts, created_fields
from x3_adapter.payload import Line, Lines
from x3_adapter.records import Records, together
from x3_adapter.soap import X3


class ScopeKind(StrEnum):
    """Which contacts are forced, beside those the representative has: X3's FUNSYD6 knows all but the first."""

    USUAL = "usual"  # on the Contacts tab of his customers, and found by scanning his tasks, calls, appointments (seed)
    TOTAL = "total"  # on the Contacts tab of any customer, and by scanning
    OWN = "own"  # on the Contacts tab of his customers
    REPRESENTATIVES = "reps"  # on the Contacts tab of the customers of a range of representatives
    LEADS = "leads"  # CRM contacts of the type Lead


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactScope:
    """A scope; `first` and `last` are the range of representatives."""

    kind: ScopeKind = ScopeKind.USUAL
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmPerson:
    """A CRM contact (CONTACTCRM) without a card: its number, its partner if it has one, and what is known of it."""

    number: str
    partner: str
    content: Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """A scope's contacts: the keys of cards, and the CRM contacts that have none."""

    cards: frozenset[str] = frozenset()
    persons: tuple[CrmPerson, ...] = ()


async def keys_of(
    x3: X3, representative: str, types: Iterable[ItemType], days: tuple[date, date] | None = None
) -> frozenset[tuple[ItemType, str]]:
    """Every record the representative has, whatever its dates, or those that touch the days, both included."""
    parts = await together([programs.of_representative(x3, t, representative, window=days) for t in types])
    return frozenset((row.type, row.key) for part in parts for row in part.rows)


async def people_of(x3: X3, representative: str, scope: ContactScope, titles: Mapping[str, str]) -> People:
    """The contacts of a scope (ZGSYNKEY, MODE SCOPE). Raises Refused where the published sub-program is older."""
    his = {"REP": representative, "REPTO": representative}
    asked: dict[str, dict[str, str]]
    match scope.kind:
        case ScopeKind.USUAL:
            asked = {"TAB": his, "ACT": his}
        case ScopeKind.TOTAL:
            asked = {"TAB": {"REP": "", "REPTO": ""}, "ACT": his}
        case ScopeKind.OWN:
            asked = {"TAB": his}
        case ScopeKind.REPRESENTATIVES:
            asked = {"TAB": {"REP": scope.first, "REPTO": scope.last}}
        case ScopeKind.LEADS:
            asked = {"LED": his}
    cards: dict[str, list[programs.Row]] = {}
    persons: dict[str, Line] = {}
    for kind, whose in asked.items():
        for rows, lines in await programs.contact_scope(x3, kind, whose):
            for row in rows:
                known = cards.setdefault(row.asked, [])
                known.extend([row] if row.key not in {one.key for one in known} else [])
            persons = {line["CNTNUM"]: line for line in lines} | persons
    chosen = frozenset(_card(rows, representative) for rows in cards.values())
    partners = await programs.partners(x3, sorted({line["BPRNUM"] for line in persons.values() if line.get("BPRNUM")}))
    return People(cards=chosen, persons=tuple(_person(line, titles, partners) for _, line in sorted(persons.items())))


def _card(rows: list[programs.Row], representative: str) -> str:
    """Of several cards of one person the representative's own, else the first: he needs one."""
    own = [row.key for row in rows if representative in row.reps]
    return min(own or [row.key for row in rows])


def _person(line: Line, titles: Mapping[str, str], partners: Mapping[str, str]) -> CrmPerson:
    content = Contact(
        name=PersonName(surname=line.get("LNA", ""), given=line.get("FNA", "")),
        title=titles.get(line.get("TTL", ""), ""),
        company=partners.get(line.get("BPRNUM", ""), ""),
        work_email=line.get("EML", ""),
        work_phone=line.get("TEL", ""),
        mobile=line.get("MOB", ""),
        work_fax=line.get("FAX", ""),
    )
    return CrmPerson(number=line["CNTNUM"], partner=line.get("BPRNUM", ""), content=content)


async def register(records: Records, person: CrmPerson, sync_id: str) -> Present:
    """The card of a CRM contact, with the representative's CORREP row; it carries `sync_id`, so a repeated call answers
    the same card (M7). Raises Refused, and TryLater(sent=True) when X3 says yes and shows nothing."""
    await records.prepare()
    form, screen = FORMS[ItemType.CONTACT], records.screens[ItemType.CONTACT]
    names = (records.x3.connection.sync_id, contacts.CRM_CONTACT)
    if missing := screen.missing(names):
        raise Refused(f"{', '.join(missing)} is not on the screen of {records.publication(ItemType.CONTACT)}")
    own = replace(person.content, company="")  # X3 shows the partner's name by itself
    written = created_fields(own, form, records.terms(ItemType.CONTACT))
    written |= {names[0]: sync_id, contacts.CRM_CONTACT: person.number}
    if person.partner:
        written[contacts.PARTNER] = person.partner
    lines = {records.lines_group(): Lines(rows=[{contacts.LINES_FIELD: records.scope.representative}])}
    try:
        await records.x3.save(records.publication(ItemType.CONTACT), screen.param(written, lines), form.names)
    except Refused as refusal:
        if refusal.field or (found := await _by_sync_id(records, sync_id)) is None:
            raise
        return found
    made = await _by_sync_id(records, sync_id)
    if made is None:
        raise TryLater("X3 saved a contact and did not show it", sent=True)
    return made


async def _by_sync_id(records: Records, sync_id: str) -> Present | None:
    rows = (await programs.by_sync_id(records.x3, ItemType.CONTACT, sync_id)).rows
    seen = await records.one(ItemType.CONTACT, min(row.key for row in rows)) if rows else None
    return seen.present if seen is not None else None
