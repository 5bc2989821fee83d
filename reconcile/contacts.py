"""The one-contact rule (K1-K5): an Outlook item lists many persons, an X3 task or call has one, an appointment ten.

Pure look-ups in the directory gathered by the shell. `to_x3` and `to_outlook` are the only two ways a relation crosses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconcile.actions import Problem
from reconcile.content import Company, ItemType, Person, Relation
from reconcile.context import ContactEntry, Directory
from reconcile.text import fold

PLACES = {ItemType.TASK: 1, ItemType.CALL: 1, ItemType.APPOINTMENT: 10}
MOST_REPRESENTATIVES = 10


@dataclass(frozen=True, slots=True)
class Known:
    """An entry that is exactly one COR the user has."""

    cor: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """An entry that is none, or several."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactList:
    """An item's contact list once resolved: duplicates and representatives removed, order kept."""

    entries: tuple[Known | Unknown, ...]
    representatives: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What crosses to X3: the relation X3 shall have, the representatives named in the list, and what did not fit."""

    relation: Relation
    representatives: tuple[str, ...]
    problems: tuple[Problem, ...]


def resolve(people: Sequence[Person], directory: Directory) -> ContactList:
    """Resolve each entry by id, then e-mail, then name, among the CORs the user has; representatives by the mailbox of
    their user, else by name (K5). A representative's own card stands for him: it is no contact, even where X3 does not
    know whose it is."""
    entries: list[Known | Unknown] = []
    representatives: list[str] = []
    mine = [entry for entry in directory.contacts.values() if entry.mine]
    for person in people:
        code = _by_mailbox((person.email,), directory)
        card = None if code else _contact(person, mine)
        if code is None and card is None:
            code = _by_name(person.name, directory)
        elif card is not None and card.representative:
            code = _by_mailbox(card.emails, directory) or _by_name(card.name, directory)
        if code is not None or (card is not None and card.representative):
            if code is not None and code not in representatives:
                representatives.append(code)
            continue
        entry = Known(card.cor) if card else Unknown(person.name or person.email or person.cor)
        if entry not in entries:
            entries.append(entry)
    return ContactList(entries=tuple(entries), representatives=tuple(representatives))


def _contact(person: Person, mine: Sequence[ContactEntry]) -> ContactEntry | None:
    for entry in mine:
        if person.cor and entry.cor == person.cor:
            return entry
    mail, name = fold(person.email), fold(person.name)
    found = [entry for entry in mine if mail and mail in map(fold, entry.emails)]
    found = found or [entry for entry in mine if name and fold(entry.name) == name]
    return found[0] if len(found) == 1 else None


def _by_mailbox(mails: Iterable[str], directory: Directory) -> str | None:
    wanted = {fold(mail) for mail in mails if mail}
    codes = (entry.code for entry in directory.representatives.values() if wanted & set(map(fold, entry.emails)))
    return next(codes, None)


def _by_name(name: str, directory: Directory) -> str | None:
    codes = (entry.code for entry in directory.representatives.values() if name and fold(entry.name) == fold(name))
    return next(codes, None)


def to_x3(item_type: ItemType, listed: Relation, held: Relation, directory: Directory) -> Carried:
    """Outlook -> X3 (K1, K2, K4, K5): what `held`, X3's present relation, becomes under Outlook's `listed`."""
    found = resolve(listed.people, directory)
    places = PLACES[item_type]
    people: list[Person] = []
    problems: list[Problem] = []
    for place, entry in enumerate(found.entries[:places]):
        if isinstance(entry, Known):
            person = Person(cor=entry.cor)
        else:
            person = held.people[place] if place < len(held.people) else Person()
            problems.append(
                Problem(
                    field="relation",
                    message=f"{entry.text!r} is none, or several, of your X3 contacts; X3 keeps the contact it has (K2)",
                    x3=person.cor,
                    outlook=entry.text,
                )
            )
        if person.cor and person not in people:
            people.append(person)
    if len(found.entries) > places > 1:
        problems.append(
            Problem(
                field="relation",
                message=f"X3 has room for {places} persons; {len(found.entries) - places} were left out (K4)",
                outlook=", ".join(_text(entry) for entry in found.entries[places:]),
            )
        )
    if len(found.representatives) > MOST_REPRESENTATIVES:
        left = found.representatives[MOST_REPRESENTATIVES:]
        problems.append(
            Problem(
                field="participants",
                message=f"X3 has room for {MOST_REPRESENTATIVES} representatives; {len(left)} were left out (K4)",
                outlook=", ".join(left),
            )
        )
    new_people = tuple(people) if found.entries else held.people
    company, company_problems = _company(listed.company, new_people, held, directory)
    return Carried(
        relation=Relation(company=company, people=new_people),
        representatives=found.representatives[:MOST_REPRESENTATIVES],
        problems=(*problems, *company_problems),
    )


def _text(entry: Known | Unknown) -> str:
    return entry.cor if isinstance(entry, Known) else entry.text


def _company(
    listed: Company, people: tuple[Person, ...], held: Relation, directory: Directory
) -> tuple[Company, tuple[Problem, ...]]:
    """K5: the number decides if X3 knows it; else the contact's company; else what X3 has."""
    if listed.number and listed.number in directory.partners:
        return Company(number=listed.number), ()
    problems: tuple[Problem, ...] = ()
    if listed.number or listed.name:
        problems = (
            Problem(
                field="relation",
                message="the company is not known in X3 by its number (K5)",
                x3=held.company.number,
                outlook=company_text(listed),
            ),
        )
    if people and people != held.people:
        entry = directory.contacts.get(people[0].cor)
        if entry and entry.company:
            return Company(number=entry.company), problems
    return held.company, problems


def to_outlook(relation: Relation, directory: Directory) -> Relation:
    """X3 -> Outlook (K3, K5): exactly X3's contacts, by name; the company as name and number."""
    people = tuple(
        Person(cor=person.cor, name=entry.name if (entry := directory.contacts.get(person.cor)) else person.cor)
        for person in relation.people
    )
    number = relation.company.number
    company = Company(number=number, name=directory.partners.get(number, number)) if number else Company()
    return Relation(company=company, people=people)


def listed_alike(present: Relation, wanted: Relation) -> bool:
    """Whether Outlook's list already is what K3 asks for. Attendees (entries with an address) are not the sync's to
    change (A6), so they do not count."""
    names = [person.name for person in present.people if not person.email]
    return names == [person.name for person in wanted.people] and present.company.number == wanted.company.number


def company_text(company: Company) -> str:
    """`NAME   #BPRNUM#`, as the old add-in wrote it (K5)."""
    return f"{company.name}   #{company.number}#" if company.number else company.name


def parse_company(text: str) -> Company:
    """The company in a text of Outlook: a trailing `#number#` decides, the rest is its name."""
    stripped = text.strip()
    head, mark, number = stripped[:-1].rpartition("#")
    if mark and stripped.endswith("#"):
        return Company(number=number.strip(), name=head.strip())
    return Company(name=stripped)
