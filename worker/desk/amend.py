"""Correcting a problem line in place (R4), and putting a kept version back (R2).

`fix` chooses a side, or types a value for X3. The simplest way that keeps all rules: the link's memory of that field is
changed so that the chosen side counts as changed and the other one as unchanged (C1); the ordinary pass that follows then
carries the value over. Nothing is written around the plan. Only a value that stands on neither side any more (the loser
of a conflict, or a typed one) is written first, to its side, like a person's edit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from enum import Enum
from typing import Any

import msgspec

from reconcile import contacts, merge
from reconcile.actions import Assign, Create, Rule
from reconcile.content import (
    Address,
    Appointment,
    Changes,
    Company,
    Contact,
    Content,
    ItemType,
    Person,
    PersonName,
    Place,
    Relation,
    Side,
    TaskDates,
    When,
    field_names,
)
from reconcile.fields import ONE_SIDED
from reconcile.model import Absent, Body, Link, Observation, Pair, Present, Private, Where
from reconcile.port import TryLater
from reconcile.shown import shown
from worker.bootstrap import Application
from worker.desk.byhand import Hand, by_hand
from worker.desk.history import find_item
from worker.desk.passes import Unfit, mark_items, passes_of
from worker.report import Report
from worker.state import codec, journal, problems, users
from worker.state.items import ItemKey
from worker.state.journal import Version
from worker.state.problems import ProblemLine
from worker.state.users import User
from worker.sync import Progress

_SOMETHING = {
    PersonName: PersonName(surname="?"),
    Address: Address(street="?"),
    Place: Place(text="?"),
    Relation: Relation(company=Company(name="?")),
    TaskDates: TaskDates(start=date(1900, 1, 1)),
    tuple: ("?",),
}

# -------------------------------------------------------------------------------------------------- fix


async def fix(
    app: Application,
    problem_id: int,
    *,
    side: Side | None = None,
    value: str | None = None,
    progress: Progress | None = None,
) -> list[Report]:
    """Settle a problem line: by X3's value, by Outlook's, or by one typed for X3; then a pass.

    A line of a whole item settles every field that differs from what was last seen. Raises Unfit where the line has no
    link, no such value, or the value does not fit; NotActive, Busy, Refused, TryLater, Stop.
    """
    line, user = _line(app, problem_id)
    async with by_hand(app, user) as hand:
        link = hand.link(line.item)
        looks = await hand.look(line.item)
        x3, outlook = looks[Side.X3], looks[Side.OUTLOOK]
        if link is None or not isinstance(x3, Present) or not isinstance(outlook, Present):
            mend = "Correct the item on either side, or try again with `x3sync problems retry`."
            raise Unfit("The item does not stand linked on both sides, so there is no value to choose.", mend=mend)
        present = {Side.X3: x3, Side.OUTLOOK: outlook}
        chosen = Side.X3 if side is None else side
        names = _fields(line, link, x3, outlook)
        if value is not None:
            changes, why = {_one(line): await _typed(hand, line, value, x3.content)}, "a value typed by hand"
        else:
            changes, why = _written(app, user, line, chosen, present[chosen]), f"{chosen.value}'s value chosen by hand"
        if changes:
            present[chosen] = await hand.update(chosen, present, changes, line.item, Rule.R4, why)
        hand.save_link(_settled(link, present, chosen, names))
        with app.store.begin() as tx:
            problems.retry(tx, [line.id])
    mark_items(app, user.id, [line.item], "admin")
    return await passes_of(app, [user.id], progress)


def _line(app: Application, problem_id: int) -> tuple[ProblemLine, User]:
    with app.store.read() as tx:
        line = problems.get(tx, problem_id)
        user = users.by_id(tx, line.user_id) if line else None
    if line is None or user is None:
        raise Unfit(f"There is no problem {problem_id}.", mend="List them again: a pass may have settled it.")
    return line, user


def _one(line: ProblemLine) -> str:
    if not line.problem.field:
        raise Unfit("The line concerns the whole item, for which no value can be typed.", mend="Choose x3 or outlook.")
    return line.problem.field


async def _typed(hand: Hand, line: ProblemLine, text: str, held: Content) -> object:
    if line.problem.field == "relation" and not text.lstrip().startswith("{"):
        assert not isinstance(held, Contact)
        return await _related(hand, line, text, held.relation)
    try:
        return codec.field_value(line.item.type, line.problem.field, text)
    except (msgspec.ValidationError, msgspec.DecodeError, KeyError) as wrong:
        mend = "Type a text, a date (2026-03-02), a number, true or false; a field with parts as JSON."
        raise Unfit(f"The value does not fit the field {line.problem.field}: {wrong}.", mend=mend) from wrong


async def _related(hand: Hand, line: ProblemLine, text: str, held: Relation) -> Relation:
    """X3's relation with another company or contact: a company as Outlook spells it (`NAME   #NUMBER#`), or the bare number
    of either. A contact takes the place of the one that the line names."""
    number = contacts.parse_company(text).number
    known, companies = await hand.worlds.x3.names([] if number else [text.strip()], [number or text.strip()])
    if len(known) + len(companies) != 1:
        wrong = "both a company and a contact" if known else "no company and no contact"
        mend = "Type a company as `#NUMBER#`, a contact by its number, or both as JSON."
        raise Unfit(f"{text.strip()} is the number of {wrong} in X3.", mend=mend)
    if companies:
        return replace(held, company=Company(number=next(iter(companies))))
    cors = [person.cor for person in held.people]
    last = contacts.PLACES[line.item.type] - 1
    place = cors.index(line.problem.x3) if line.problem.x3 in cors else min(len(cors), last)
    cors[place : place + 1] = known
    return replace(held, people=tuple(Person(cor=cor) for cor in dict.fromkeys(cors)))


def _fields(line: ProblemLine, link: Link, x3: Present, outlook: Present) -> list[str]:
    if line.problem.field:
        return [line.problem.field]
    pair = Pair(type=link.type, link=link, x3=x3, outlook=outlook)
    differing = {name for side in Side for name in merge.changed(pair, side)} - ONE_SIDED[link.type]
    if not differing:
        mend = "Try it again with `x3sync problems retry`."
        raise Unfit("Both sides look as they were last seen, so there is nothing to choose.", mend=mend)
    return sorted(differing)


def _written(app: Application, user: User, line: ProblemLine, side: Side, look: Present) -> Changes:
    """What has to be written on the side before its value can be carried: the value of the line where the side no longer
    holds it (a conflict's loser, C4). A line tells values as `shown` puts them."""
    name = line.problem.field
    text = line.problem.x3 if side is Side.X3 else line.problem.outlook
    if not line.problem.kept or not name or shown(getattr(look.content, name)) == text:
        return {}
    with app.store.read() as tx:
        versions = journal.versions(tx, user.id, line.item)
    values = [getattr(v.content, name) for v in reversed(versions) if v.side is side]
    found = [value for value in values if shown(value) == text]
    if not found:
        raise Unfit(f"{side.value}'s value is no longer kept.", mend="Type it with --value.")
    return {name: found[0]}


def _settled(link: Link, present: dict[Side, Present], chosen: Side, names: Iterable[str]) -> Link:
    """The link with these fields changed on the chosen side and unchanged on the other (C1). Blank versions: look again."""
    seen = dict[Side, Content]()
    for side in Side:
        look = present[side].content
        content = link.seen(side).content or look
        held = [name for name in names if side is Side.X3 or name not in ONE_SIDED[link.type]]
        values = {name: unlike(getattr(look, name)) if side is chosen else getattr(look, name) for name in held}
        seen[side] = replace(content, **values)
    return replace(
        link,
        x3=replace(link.x3, content=seen[Side.X3], version=""),
        outlook=replace(link.outlook, content=seen[Side.OUTLOOK], version=""),
    )


def unlike(value: Any) -> Any:
    """Another value of the same kind: blank, or something where it is blank already. It is remembered, never written."""
    match value:
        case None:
            return date(1900, 1, 1)  # of what crosses, only a birthday can be None
        case bool():
            return not value
        case Enum():
            return next(other for other in type(value) if other is not value)
        case str():
            return "" if value else "?"
        case date():
            return None
        case When(start=None, first=first, last=last) if first is not None and last is not None:
            return When(first=first + timedelta(days=1), last=last + timedelta(days=1))
        case When(start=start, end=end) if start is not None and end is not None:
            return When(start=start + timedelta(days=1), end=end + timedelta(days=1))
        case _:
            blank = type(value)()
            return blank if value != blank else _SOMETHING[type(value)]


# ---------------------------------------------------------------------------------------------- restore


async def restore(
    app: Application, key: str, number: int, *, only: User | None = None, progress: Progress | None = None
) -> list[Report]:
    """Put a kept version back on its side, as an ordinary change there, then a pass carries it over (R2).

    An item that is gone on both sides is created again; a contact that was only unassigned (D3) is assigned again. Raises
    Unfit for an unknown item or version, for one that stands like that already, is private, or is gone on one side while
    its link waits; NotActive, Busy, Refused, TryLater, Stop.
    """
    user, item = find_item(app, key, only)[0]
    with app.store.read() as tx:
        kept = {version.n: version for version in journal.versions(tx, user.id, item)}
    if number not in kept:
        known = ", ".join(str(n) for n in kept) or "none"
        raise Unfit(f"{key} has no version {number}; kept are {known}.", mend=f"`x3sync why {key}` shows them.")
    async with by_hand(app, user) as hand:
        looks = await hand.look(item)
        fresh = await _put_back(hand, item, kept[number], looks)
    mark_items(app, user.id, [item, *fresh], "admin")
    return await passes_of(app, [user.id], progress)


async def _put_back(hand: Hand, item: ItemKey, version: Version, looks: Mapping[Side, Observation]) -> list[ItemKey]:
    why = f"version {version.n} put back by hand"
    match looks[version.side]:
        case Private():
            raise Unfit("The item is private now: nothing of it is read or written (S4).")
        case Present():
            await _rewrite(hand, item, version, looks, why)
            return []
        case Absent():
            return [await _create(hand, item, version, why)]
        case _:
            if (item.x3_key if version.side is Side.X3 else item.outlook_key) or hand.link(item):
                raise TryLater(f"{version.side.value} says nothing about the item now.")
            return [await _create(hand, item, version, why)]


async def _rewrite(hand: Hand, item: ItemKey, version: Version, looks: Mapping[Side, Observation], why: str) -> None:
    look = looks[version.side]
    assert isinstance(look, Present)
    assigned = item.type is ItemType.CONTACT and version.side is Side.X3 and look.where is Where.ELSEWHERE
    if assigned:
        look = await hand.write(Assign(target=look, representative=hand.user.representative), item, Rule.R2, why)
    if changes := _differences(item.type, version, look):
        await hand.update(version.side, {**looks, version.side: look}, changes, item, Rule.R2, why)
    elif not assigned:
        raise Unfit("The item looks like that version already.", mend="Choose another version.")


def _differences(item_type: ItemType, version: Version, look: Present) -> Changes:
    """The fields to write. In Outlook neither what it does not hold, nor text of people's own formatting or of a meeting
    (C7, C8)."""
    names = set(field_names(item_type))
    if version.side is Side.OUTLOOK:
        names -= ONE_SIDED[item_type]
        event = look.outlook.event
        if look.outlook.body is not Body.PLAIN or (event is not None and event.attendees):
            names.discard("report")
    return {
        name: getattr(version.content, name)
        for name in sorted(names)
        if getattr(version.content, name) != getattr(look.content, name)
    }


async def _create(hand: Hand, item: ItemKey, version: Version, why: str) -> ItemKey:
    if hand.link(item) is not None:
        mend = "Run `x3sync sync` first, so that the deletion is settled, then restore again."
        raise Unfit("The item is gone on that side, and its link still waits.", mend=mend)
    seed = "\n".join((hand.worlds.fp, "restore", hand.user.mailbox, item.type.value, item.x3_key, item.outlook_key))
    token = hashlib.sha256(f"{seed}\n{version.n}".encode()).hexdigest()[:40]
    if version.side is Side.X3:
        content = version.content
        if isinstance(content, Appointment):
            others = tuple(code for code in content.participants or () if code != hand.user.representative)
            content = replace(content, participants=others)
        representative = hand.user.representative
        # Deterministic, so that a second try after a lost answer finds what the first one made (M7).
        step = Create(side=Side.X3, type=item.type, content=content, sync_id=token, representative=representative)
    else:
        step = Create(
            side=Side.OUTLOOK, type=item.type, content=version.content, folder=_default_folder(hand, item.type), token=token
        )
    try:
        look = await hand.write(step, item, Rule.R2, why)
    except TryLater as later:
        if later.sent and version.side is Side.OUTLOOK:
            raise Unfit(
                f"{later}. It may have been made all the same.", mend="Look in Outlook before you repeat it."
            ) from later
        raise
    return ItemKey(item.type, look.key, "") if version.side is Side.X3 else ItemKey(item.type, "", look.key)


def _default_folder(hand: Hand, item_type: ItemType) -> str:
    with hand.app.store.read() as tx:
        folders = users.folders(tx, hand.user.id)
    found = [folder.folder_id for folder in folders if folder.kind is item_type.kind and folder.is_default]
    if not found:
        raise Unfit(f"{hand.user.x3_user} has no default folder of the kind {item_type.kind.value} (U3).")
    return found[0]
