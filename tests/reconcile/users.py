"""What users do in random histories: two memory worlds, one user's calendar, lists and contacts, and what he wants.

Every item carries a *tag* (in its subject, a contact's surname), so that it is recognised on both sides whatever else
changes. `Tagged` records what the users did last with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from reconcile import contacts
from reconcile.content import (
    Appointment,
    Call,
    Contact,
    Content,
    ItemType,
    Kind,
    Person,
    PersonName,
    Relation,
    Side,
    Task,
    TaskDates,
)
from reconcile.model import Link, LinkState, Where
from tests.contract.world import Clock, Item, World
from tests.memory import MemoryEndpoint
from tests.reconcile import build
from tests.reconcile.shell import Shell

MANAGED = {
    "contacts": Kind.CONTACT,
    "list": Kind.TASK,
    "list-2": Kind.TASK,
    "calendar": Kind.EVENT,
    "calendar-2": Kind.EVENT,
}
ATTIC = {Kind.CONTACT: "attic-contacts", Kind.TASK: "attic-list", Kind.EVENT: "attic-calendar"}
HOME = {Kind.CONTACT: "contacts", Kind.TASK: "list", Kind.EVENT: "calendar"}
SECRET = "secret"
FAR = timedelta(days=400)

nth = st.integers(min_value=0, max_value=11)
sides = st.sampled_from(list(Side))
types = st.sampled_from(list(ItemType))


@dataclass(slots=True)
class Tagged:
    """What users did with one tag since the last settling, and what they want of it."""

    participant: bool = False
    meeting: bool = False
    edited: dict[str, tuple[Side, str]] = field(default_factory=dict)  # text field -> who said it last, and what
    disputed: set[str] = field(default_factory=set)  # edited on both sides since they last agreed (C4)
    deleted_on: Side | None = None  # by the last thing a user did with it
    sure: bool = False  # nothing else happened to it since both sides last agreed
    ended: bool = False  # a deletion went through


def tag_of(content: Content) -> str:
    """The tag of an item."""
    text = content.name.surname if isinstance(content, Contact) else content.subject
    return text.split(" ")[0]


def text_field(content: Content) -> str:
    """The field in which users write."""
    return "function" if isinstance(content, Contact) else "report"


def few(machine: Any) -> bool:
    """Whether there is room for more: what is done to the same few items tells more than many items do."""
    return all(len(world.living()) < 5 for world in machine.worlds.values())


class Users(RuleBasedStateMachine):
    """One user, R001, whose calendar, list and contacts are kept in step with X3."""

    def __init__(self) -> None:
        super().__init__()
        clock = Clock()
        clock.step = timedelta(seconds=5)
        self.worlds = {side: World(side, clock) for side in Side}
        for representative in (build.ME, build.OTHER):
            self.worlds[Side.X3].add_place(representative)
        for folder, kind in MANAGED.items():
            self.worlds[Side.OUTLOOK].add_place(folder, kind)
        for kind, folder in ATTIC.items():
            self.worlds[Side.OUTLOOK].add_place(folder, kind)
        ends = {
            Side.X3: MemoryEndpoint(self.worlds[Side.X3], build.ME, window=build.WINDOW),
            Side.OUTLOOK: MemoryEndpoint(self.worlds[Side.OUTLOOK], *MANAGED, window=build.WINDOW),
        }
        self.shell = Shell(ends, build.DIRECTORY)
        self.tags: dict[str, Tagged] = {}
        self.count = 0

    # ------------------------------------------------------------------------------------------- picking

    def next(self, word: str) -> str:
        """A word never used before."""
        self.count += 1
        return f"{word}{self.count}"

    def pick(self, side: Side, n: int, *, private: bool | None = False) -> Item | None:
        """The n-th living item of a side, counted round. A record whose creation was not answered yet is nobody's to edit:
        whether it was edited could not be told from how it was made."""
        living = [i for i in self.worlds[side].living() if private is None or i.private is private]
        living = [i for i in living if not i.sync_id or self.linked(i, side) is not None]
        return living[n % len(living)] if living else None

    def known(self, item: Item) -> Tagged:
        return self.tags[tag_of(item.content)]

    def touch(self, item: Item, *, edit: bool = False) -> Tagged:
        """A user does something other than deleting: a deletion that waits is no longer sure to win; an edit survives it
        (D4)."""
        tagged = self.known(item)
        tagged.sure = tagged.ended = False
        if edit:
            tagged.deleted_on = None
        return tagged

    def content(self, item_type: ItemType, text: str) -> Content:
        tag = self.next("tag")
        match item_type:
            case ItemType.CONTACT:
                return Contact(name=PersonName(surname=tag, given="Ada"), function=text, work_email=f"{tag}@north.example")
            case ItemType.TASK:
                return Task(subject=f"{tag} offer", report=text, dates=TaskDates(due=build.DUE.due))
            case ItemType.CALL:
                return Call(subject=f"{tag} ring", report=text, when=build.WHEN)
            case ItemType.APPOINTMENT:
                return Appointment(subject=f"{tag} visit", report=text, when=build.WHEN)

    def linked(self, item: Item, side: Side) -> Link | None:
        """The living link of an item."""
        return next((link for link in self.shell.links if (link.type, link.key(side)) == (item.type, item.key)), None)

    def run(self, **how: Any) -> None:
        self.shell.run(**how)
        for world in self.worlds.values():
            world.faults.silent.clear()
            world.faults.unread.clear()
            world.faults.lose_answers = 0

    # -------------------------------------------------------------------------------------------- users

    @precondition(few)
    @rule(side=sides, item_type=types)
    def create(self, side: Side, item_type: ItemType) -> None:
        text = self.next("text")
        content = self.content(item_type, text)
        place = build.ME if side is Side.X3 else HOME[item_type.kind]
        item = self.worlds[side].create(content, place)
        self.tags[tag_of(item.content)] = Tagged(edited={text_field(content): (side, text)})

    @precondition(few)
    @rule()
    def create_as_participant(self) -> None:
        item = self.worlds[Side.X3].create(self.content(ItemType.APPOINTMENT, ""), build.OTHER, build.ME)
        self.tags[tag_of(item.content)] = Tagged(participant=True)

    @precondition(few)
    @rule(organised=st.booleans())
    def create_meeting(self, organised: bool) -> None:
        content = self.content(ItemType.APPOINTMENT, "")
        facts = build.organised() if organised else build.invitation()
        facts = replace(facts, ical_uid=self.next("uid"))
        item = self.worlds[Side.OUTLOOK].create(content, "calendar", event=facts)
        self.tags[tag_of(item.content)] = Tagged(meeting=True)

    @precondition(few)
    @rule(item_type=types)
    def create_private(self, item_type: ItemType) -> None:
        content = self.content(item_type, self.next(SECRET))
        item = self.worlds[Side.OUTLOOK].create(content, HOME[item_type.kind], private=True)
        self.tags[tag_of(item.content)] = Tagged()

    @precondition(few)
    @rule(item_type=types)
    def create_the_same_on_both_sides(self, item_type: ItemType) -> None:
        content = self.content(item_type, "")
        self.worlds[Side.X3].create(content, build.ME)
        item = self.worlds[Side.OUTLOOK].create(content, HOME[item_type.kind])
        self.tags[tag_of(item.content)] = Tagged()
        self.run()  # two people's same item is recognised only when both are seen at once

    @rule(side=sides, n=nth)
    def edit_text(self, side: Side, n: int) -> None:
        item = self.pick(side, n)
        if item is None:
            return
        tagged, name, text = self.touch(item, edit=True), text_field(item.content), self.next("text")
        before = tagged.edited.get(name)
        if before is not None and before[0] is not side:
            tagged.disputed.add(name)
        tagged.edited[name] = (side, text)
        self.worlds[side].edit(item.key, **{name: text})

    @rule(side=sides, n=nth)
    def edit_other_field(self, side: Side, n: int) -> None:
        item = self.pick(side, n)
        if item is None:
            return
        self.touch(item, edit=True)
        if isinstance(item.content, Contact):
            self.worlds[side].edit(item.key, mobile=self.next("+33"))
        else:
            self.worlds[side].edit(item.key, subject=f"{tag_of(item.content)} {self.next('subject')}")

    @rule(side=sides, n=nth, persons=st.lists(st.sampled_from(["COR1", "COR2", "Stranger"]), max_size=2, unique=True))
    def edit_persons(self, side: Side, n: int, persons: list[str]) -> None:
        item = self.pick(side, n)
        if item is None or isinstance(item.content, Contact):
            return
        self.touch(item)
        known = build.DIRECTORY.contacts
        if side is Side.X3:
            people = tuple(Person(cor=cor) for cor in persons if cor in known)
            people = people[: contacts.PLACES[item.type]]
        else:
            people = tuple(Person(name=known[cor].name if cor in known else cor) for cor in persons)
        self.worlds[side].edit(item.key, relation=Relation(people=people))

    @rule(side=sides, n=nth, far=st.booleans())
    def edit_dates(self, side: Side, n: int, far: bool) -> None:
        item = self.pick(side, n)
        if item is None or isinstance(item.content, Contact):
            return
        self.touch(item)
        # What goes out of the window before it was ever linked, no listing would show (U5).
        far = far and self.linked(item, side) is not None
        if isinstance(item.content, Task):
            days = TaskDates(due=build.DUE.due - FAR if far and build.DUE.due else build.DUE.due)
            self.worlds[side].edit(item.key, dates=days, done=far)
        else:
            when = build.WHEN
            assert when.start is not None
            assert when.end is not None
            away = FAR if far else timedelta(hours=self.count)
            self.worlds[side].edit(item.key, when=replace(when, start=when.start + away, end=when.end + away))

    @rule(side=sides, n=nth)
    def delete(self, side: Side, n: int) -> None:
        item = self.pick(side, n, private=None)
        if item is None:
            return
        tagged = self.known(item)
        first = tagged.deleted_on is None
        link = self.linked(item, side)
        if not first or item.private or link is None or link.state is not LinkState.LINKED:
            tagged.sure = False
        tagged.deleted_on = side
        tagged.edited = {name: said for name, said in tagged.edited.items() if said[0] is not side}
        self.worlds[side].delete(item.key)

    @rule(n=nth)
    def take_back_from_the_bin(self, n: int) -> None:
        binned = [item for item in self.worlds[Side.OUTLOOK].items.values() if not item.alive and not item.private]
        binned = list({tag_of(item.content): item for item in binned}.values())  # the last of each
        alive = {tag_of(item.content) for item in self.worlds[Side.OUTLOOK].living()}
        end = self.shell.ends[Side.OUTLOOK]
        # Out of the window no listing would show it (U5), so the sync could not know that it is back.
        binned = [i for i in binned if tag_of(i.content) not in alive and end.look(i).where is not Where.OUT_OF_WINDOW]
        if binned:
            item = binned[n % len(binned)]
            self.touch(item).disputed.add(text_field(item.content))  # adopted without a base (M2)
            self.worlds[Side.OUTLOOK].undelete(item.key)

    @rule(n=nth, away=st.booleans())
    def move(self, n: int, away: bool) -> None:
        item = self.pick(Side.OUTLOOK, n, private=None)
        if item is None:
            return
        self.touch(item)
        kind = item.type.kind
        choices = [folder for folder, of in MANAGED.items() if of is kind]
        self.worlds[Side.OUTLOOK].move(item.key, ATTIC[kind] if away else choices[n % len(choices)])

    @precondition(few)
    @rule(n=nth)
    def copy(self, n: int) -> None:
        item = self.pick(Side.OUTLOOK, n)
        if item is None or self.shell.ends[Side.OUTLOOK].look(item).where is not Where.HERE:
            return
        copy = self.worlds[Side.OUTLOOK].copy(item.key, HOME[item.type.kind])
        tag = self.next("tag")
        if isinstance(copy.content, Contact):
            name = replace(copy.content.name, surname=tag)
            self.worlds[Side.OUTLOOK].edit(copy.key, name=name, work_email=f"{tag}@north.example")
        else:
            self.worlds[Side.OUTLOOK].edit(copy.key, subject=f"{tag} copy")
        # When the original goes, its copy is taken for it (S8), with what that means for a participant (A2).
        original = self.known(item)
        self.tags[tag] = Tagged(meeting=original.meeting, participant=original.participant)
        # A copy is told from its original while that lives (M3). After that its marker makes it the original (M2).
        self.run()

    @rule(n=nth)
    def make_private(self, n: int) -> None:
        item = self.pick(Side.OUTLOOK, n)
        # `Endpoint.find` cannot tell of a private item: one made private right after a lost answer would be made again.
        lost = item is not None and item.marker is not None and self.linked(item, Side.OUTLOOK) is None
        if item is not None and not lost:
            tagged = self.touch(item)
            tagged.edited.clear()
            tagged.disputed.add(text_field(item.content))
            self.worlds[Side.OUTLOOK].edit(item.key, **{text_field(item.content): self.next(SECRET)})
            self.worlds[Side.OUTLOOK].make_private(item.key)

    @rule(n=nth)
    def make_normal(self, n: int) -> None:
        item = self.pick(Side.OUTLOOK, n, private=True)
        if item is not None:
            self.touch(item).disputed.add(text_field(item.content))
            self.worlds[Side.OUTLOOK].edit(item.key, **{text_field(item.content): ""})
            self.worlds[Side.OUTLOOK].make_private(item.key, private=False)

    @rule(n=nth, mine=st.booleans())
    def reassign(self, n: int, mine: bool) -> None:
        item = self.pick(Side.X3, n)
        if item is not None and not self.known(item).participant:
            self.touch(item).disputed.add(text_field(item.content))  # S7 wins over edits
            self.worlds[Side.X3].move(item.key, build.ME if mine else build.OTHER)
