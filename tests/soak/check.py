"""What must hold once all is at rest: the five figures of `make soak`.

- duplicates: a thing twice in X3, or twice in one mailbox
- lost: a thing that stands on one side, is in scope (S, U rules) and is missing on the other; the last word on a field that
  did not reach both sides; a world that does not come to rest
- wrongly deleted: a thing, or somebody's part in it, gone although nobody deleted it or took it away
- mails: attendees' mails that no person caused
- leaks: private text in X3, in the state or in what was logged

A thing that is held or has a problem line about the whole of it was not lost silently: a person was told. The settling
releases and retries as a person would, so few of them are left; they are counted as `excused`. So is a field of which the
other version is kept and told (C4, M2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.soak import look
from tests.soak.look import Item, Look, Record
from tests.soak.people import SECRET, People, Thing
from tests.soak.stage import Stage, code
from worker import desk
from worker.state import links

NAMES = ("duplicates", "lost", "wrongly_deleted", "mails", "leaks")
BACK, AHEAD = 30, 180  # U5


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, by the figure that it counts in."""

    figure: str
    what: str


def overheard(stage: Stage) -> list[Finding]:
    """Private text that is in X3 now, though it may be taken back before all is at rest."""
    text = str(stage.servers.control("GET", "dump", port="x3"))
    return [Finding("leaks", "private text in X3, on the way")] if SECRET in text else []


@dataclass(slots=True)
class Checker:
    """Compares both sides of a history that has come to rest. `full` asks for the most: nobody was refused anything."""

    stage: Stage
    people: People
    users: tuple[int, ...]
    excused: Counter[str] = field(default_factory=Counter)
    _told: set[str] = field(default_factory=set)
    _kept: set[str] = field(default_factory=set)  # keys of items of which a field's other version is kept (C4)
    _links: dict[tuple[int, str], str] = field(default_factory=dict)

    def findings(self) -> list[Finding]:
        """Everything that is wrong."""
        now = look.look(self.stage.servers)
        self._told = self._told_about()
        found = [*self._mails(), *self._leaks(now)]
        for thing in self.people.things.values():
            found += self._duplicates(thing, now)
            found += self._deleted(thing, now)
            if thing.kind == "series":
                found += self._series(thing, now)
            else:
                found += self._missing(thing, now)
                found += self._words(thing, now)
        return found

    # --------------------------------------------------------------------------------------- whole world

    def _mails(self) -> Iterator[Finding]:
        more = self.stage.servers.mails() - self.people.mails
        if more:
            yield Finding("mails", f"{more} mails that no person caused")

    def _leaks(self, now: Look) -> Iterator[Finding]:
        places = {
            "X3": now.x3_text,
            "the state": self.stage.database.stored().decode("latin-1"),
            "the log": self.stage.said.getvalue(),
        }
        for place, text in places.items():
            at = text.find(SECRET)
            if at >= 0:
                yield Finding("leaks", f"private text in {place}: {text[max(0, at - 80) : at + 40]!r}")
        for user, text in now.mailbox_texts.items():
            if SECRET in text and user not in self.people.secretive:
                yield Finding("leaks", f"private text in the mailbox of {code(user)}")

    def _told_about(self) -> set[str]:
        """Keys of both sides that a person was told of: held, or a problem of the whole item."""
        app = self.stage.app
        rows = [(one.x3_key, one.outlook_id) for one in desk.held_rows(app)]
        lines = desk.problem_rows(app)
        rows += [(one.x3_key, one.outlook_id) for one in lines if not one.field]
        self._kept = {key for one in lines if one.field for key in (one.x3_key, one.outlook_id)} - {""}
        with app.store.read() as tx:
            for number in self.users:
                user = desk.find_user(app, code(number))
                for link in links.of_user(tx, user.id):
                    self._links[number, link.outlook_key] = link.state.value
        return {key for row in rows for key in row if key}

    def _known(self, why: str, *keys: str, lines: Set[str] | None = None) -> bool:
        if any(key in (self._told if lines is None else lines) for key in keys):
            self.excused[why] += 1
            return True
        return False

    # --------------------------------------------------------------------------------------------- things

    def _today(self) -> date:
        return self.stage.servers.now().date()

    def _in_window(self, one: Record | Item, *, margin: int = 2) -> bool:
        """Well inside, so that a time zone does not matter; what is near the edge is not asked for."""
        if one.first is None or one.last is None:
            return not one.done
        first, last = self._today() - timedelta(days=BACK - margin), self._today() + timedelta(days=AHEAD - margin)
        task = one.publication == "ZTSK" if isinstance(one, Record) else one.kind == "task"
        if task and not one.done:
            return True
        return one.last >= first and one.first <= last

    def _duplicates(self, thing: Thing, now: Look) -> Iterator[Finding]:
        records = now.of(thing.tag)
        starts = Counter(record.start for record in records)
        twice = max(starts.values(), default=0) > 1 if thing.kind == "series" else len(records) > 1 + thing.beside
        if twice:
            yield Finding("duplicates", f"{thing.tag} in X3: {[(r.key, r.start, r.reps) for r in records]}")
        for user in self.users:
            # What lies in a folder that is not managed belongs to nobody's link any more once X3 deleted it (S6). Of a
            # series, an occurrence that X3 changed while Outlook deleted it stands beside it (D4). What was private before
            # it ever crossed is nobody's business (S3).
            items = [
                i
                for i in now.living(user, thing.tag)
                if i.place == "managed" and (thing.kind != "series" or i.master) and (i.marked or not i.private)
            ]
            if len(items) > 1 and "restored" not in thing.odd:
                yield Finding(
                    "duplicates", f"{thing.tag} of {code(user)}: {[(i.place, i.title, i.private) for i in items]}"
                )

    def _deleted(self, thing: Thing, now: Look) -> Iterator[Finding]:
        """What is gone must have been deleted by somebody who may; what everybody saw deleted stays away."""
        records = now.of(thing.tag)
        back = [code(user) for user in self.users if any(i.place == "managed" for i in now.living(user, thing.tag))]
        if thing.gone and (records or back):
            yield Finding("lost", f"the deletion of {thing.tag} is undone: X3 {[r.key for r in records]}, {back}")
        by_owner = bool(thing.deleted_by & thing.owners) and thing.kind != "contact"
        if not records and thing.born[0] == "x3" and not thing.deleted_in_x3 and not by_owner:
            yield Finding("wrongly_deleted", f"{thing.tag} in X3")
        for user in self.users:
            if thing.deleted_in_x3 or by_owner or user in thing.deleted_by or user in thing.taken_from:
                continue
            gone = [item for item in now.held_by(user, thing.tag) if not item.living]
            if gone and not now.living(user, thing.tag):
                yield Finding("wrongly_deleted", f"{thing.tag} of {code(user)} in Outlook")
        # A deleted task leaves nothing behind, not even in the bin.
        if thing.untouched and not records and not any(now.living(user, thing.tag) for user in self.users):
            yield Finding("wrongly_deleted", f"{thing.tag} is gone from both sides, and nobody deleted it")

    def _missing(self, thing: Thing, now: Look) -> Iterator[Finding]:
        """Each side's items in scope stand on the other side."""
        records = now.of(thing.tag)
        for record in records:
            for user in record.reps:
                if user in self.users and self._in_window(record):
                    yield from self._in_mailbox(thing, record, user, now)
        for user in self.users:
            for item in now.living(user, thing.tag):
                if item.place == "managed" and not item.private and self._managed(item) and self._in_window(item):
                    yield from self._in_crm(thing, item, records)

    def _in_mailbox(self, thing: Thing, record: Record, user: int, now: Look) -> Iterator[Finding]:
        if thing.kind == "meeting" and thing.born != ("outlook", user):
            return  # A4, M6: an invitation is its organiser's to send
        if user in thing.released:
            return  # S6: X3 keeps its record, and nothing is created
        items = now.living(user, thing.tag)
        if not items and not self._known("missing in Outlook", record.key):
            yield Finding("lost", f"{thing.tag} is in X3 as {record.key} of {record.reps}, not with {code(user)}")

    @staticmethod
    def _managed(item: Item) -> bool:
        """A5."""
        if item.kind != "event":
            return True
        return not item.cancelled and (item.organised or item.response in ("accepted", "tentativelyAccepted"))

    def _in_crm(self, thing: Thing, item: Item, records: list[Record]) -> Iterator[Finding]:
        if item.attendees and thing.deleted_in_x3:
            return  # A4, M6: what X3 deleted of a meeting is not made again
        mine = [record for record in records if item.user in record.reps or item.attendees]
        if not mine and not self._known("missing in X3", item.key):
            state = self._links.get((item.user, item.key), "none")
            reps = [record.reps for record in records]
            yield Finding("lost", f"{thing.tag} of {code(item.user)} is not in X3 ({reps}); link: {state}")

    def _series(self, thing: Thing, now: Look) -> Iterator[Finding]:
        """A8: an occurrence, a record."""
        (owner,) = thing.owners if len(thing.owners) == 1 else (min(thing.owners),)
        masters = [item for item in now.living(owner, thing.tag) if item.master]
        if not thing.untouched or "moved" in thing.odd or "private" in thing.odd or "reassigned" in thing.odd:
            return
        if len(masters) != 1:
            yield Finding("wrongly_deleted", f"series {thing.tag} of {code(owner)}: {len(masters)}")
            return
        today = self._today()
        span = (str(today - timedelta(days=BACK - 2)), str(today + timedelta(days=AHEAD - 2)))
        rows = [r for r in self.stage.boxes[owner].occurrences(*span) if look.tag_of(r["subject"]) == thing.tag]
        records = [record for record in now.of(thing.tag) if self._in_window(record)]
        if len(records) < len(rows) and not self._known("occurrences", *(row["id"] for row in rows)):
            yield Finding("lost", f"series {thing.tag}: {len(rows)} occurrences, {len(records)} in X3")

    # ---------------------------------------------------------------------------------------------- words

    def _words(self, thing: Thing, now: Look) -> Iterator[Finding]:
        """Both sides say the same; what only one person said is what they say."""
        records = now.of(thing.tag)
        if thing.kind == "meeting" or len(records) != 1 or not records[0].reps:
            return
        record, owner = records[0], records[0].reps[0]
        items = [i for i in now.living(owner, thing.tag) if i.place == "managed" and not i.private]
        if len(items) != 1 or not self._in_window(record) or not self._in_window(items[0]):
            return
        what = "mobile" if thing.kind == "contact" else "title"
        here, there = getattr(record, what).strip(), getattr(items[0], what).strip()
        if here != there and not self._known("differs", record.key, items[0].key):
            yield Finding("lost", f"{what} of {thing.tag}: X3 {here!r}, {code(owner)} {there!r}")
            return
        yield from self._when(thing, record, items[0])
        said = thing.said.get(what, {})
        sure = thing.untouched and not thing.odd - {"time", "done"} and len(thing.owners) == 1
        if sure and len(said) == 1 and here == there:
            ((place, text),) = said.items()
            heard = place in (("x3", 0), ("outlook", owner)) and here != text
            if heard and not self._known("conflict", record.key, items[0].key, lines=self._kept):
                yield Finding("lost", f"{what} of {thing.tag} is {here!r}; {place} said {text!r}")

    def _when(self, thing: Thing, record: Record, item: Item) -> Iterator[Finding]:
        """The same day on both sides, and done on both or on neither."""
        here = (record.first, record.done if item.kind == "task" else None)
        there = (item.first, item.done if item.kind == "task" else None)
        if here != there and not self._known("another day", record.key, item.key):
            yield Finding("lost", f"time or end of {thing.tag}: X3 {here}, {code(item.user)} {there}")
