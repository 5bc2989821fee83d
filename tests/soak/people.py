"""What people do on both sides in a history, chosen by a seeded random, and what they may expect of each thing afterwards.

Every thing carries a *tag*, the first word of its subject (a contact's surname), by which it is known on both sides
whatever else changes. What is private carries SECRET. Everything random is drawn before anything is looked at, so that
the same seed draws the same history even where a server answers in another order.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from reconcile.model import LinkState
from tests.soak import look
from tests.soak.look import ATTIC, Item, Look, Record
from tests.soak.stage import Stage, code, representative
from tests.system.outlook import Json, Outlook, attendee, day, stop
from tests.system.world import NOW, mailbox
from tests.system.x3 import X3Error
from worker.state import links as state_links
from worker.state import users

SECRET = "Zq7secret"
OUTSIDER = "buyer@customer.example"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PUBLICATION = {"task": "ZTSK", "call": "ZCLL", "appointment": "ZBAP", "contact": "ZCOR"}
MOST = 9  # what is done to the same few things tells more than many things do
FAR = 400  # days: outside of every window

Place = tuple[str, int]  # ("x3", 0) or ("outlook", user)


@dataclass(slots=True)
class Thing:
    """What people did with a tag. `owners`: whoever owned it at some time, by what X3 said or where it was made."""

    tag: str
    kind: str  # task, call, appointment, contact, meeting, series
    owners: set[int]
    born: Place
    deleted_in_x3: bool = False
    deleted_by: set[int] = field(default_factory=set)  # users who deleted, declined or cancelled it in their Outlook
    taken_from: set[int] = field(default_factory=set)  # users it was reassigned from, or taken out of the list (S7)
    gone: bool = False  # deleted for everybody while linked and nobody had changed it: it has to stay away
    released: set[int] = field(default_factory=set)  # of these, those who did it in a folder that is not managed (S6)
    beside: int = 0  # records that a person had made though there was one already (M2)
    words: int = 0  # how often a field was written, when it was made included
    said: dict[str, dict[Place, str]] = field(default_factory=dict)  # field -> who said what last
    odd: set[str] = field(default_factory=set)  # what was done that makes the last word uncertain

    @property
    def untouched(self) -> bool:
        """Nobody deleted it anywhere."""
        return not self.deleted_in_x3 and not self.deleted_by

    def touch(self, how: str) -> None:
        """Somebody did something that makes the last word uncertain."""
        self.odd.add(how)
        self.gone = False

    def say(self, what: str, place: Place, text: str) -> None:
        """Somebody wrote a field."""
        self.words += 1
        self.gone = False  # D4: an edit may survive a deletion
        self.said.setdefault(what, {})[place] = text


@dataclass(slots=True)
class People:
    """The users `users` and X3, and what they did so far. `mails` are those that they caused themselves."""

    stage: Stage
    rng: random.Random
    users: tuple[int, ...]
    things: dict[str, Thing] = field(default_factory=dict)
    mails: int = 0
    secretive: set[int] = field(default_factory=set)  # users who have written something secret
    _count: int = 0
    _attics: dict[tuple[int, str], str] = field(default_factory=dict)

    def let_be_made(self, items: Sequence[str]) -> None:
        """Somebody wants these Outlook items, whose records were deleted, in X3 again, whatever is there by now (M2)."""
        now = self._look()
        for item in now.items:
            if item.key in items and now.of(item.tag):
                self.things[item.tag].beside += 1

    # ------------------------------------------------------------------------------------------ choosing

    def act(self, *, quiet: bool = False) -> str:
        """Something; told in a line. `quiet`: nothing that sends mails, for it may happen while a pass runs."""
        made = [t for t in self.things.values() if not (quiet and t.kind in ("meeting", "series"))]
        if not made or (len(self.things) < MOST and self.rng.random() < 0.3):
            return self._done(self._create(quiet), quiet)
        thing = self.rng.choice(made)
        fitting = [(name, weight) for name, weight in _DEEDS if thing.kind in _ONLY.get(name, _KINDS)]
        chosen = self.rng.choices([name for name, _ in fitting], [weight for _, weight in fitting])[0]
        deed: Callable[[Thing], Callable[[], str]] = getattr(self, chosen)
        return self._done(deed(thing), quiet)

    def _done(self, deed: Callable[[], str], quiet: bool) -> str:
        """Do it, and count the mails that Outlook itself sends for it: none for quiet deeds, beside which passes run."""
        before = 0 if quiet else self.stage.servers.mails()
        try:
            return deed()
        except (AssertionError, X3Error) as refused:
            # What the servers refuse (a locked record, an occurrence beyond its neighbours) a person leaves.
            return f"somebody was refused: {str(refused)[:160]}"
        finally:
            self.mails += 0 if quiet else self.stage.servers.mails() - before

    def _word(self) -> str:
        self._count += 1
        return f"w{self._count}"

    def _user(self) -> int:
        return self.rng.choice(self.users)

    def _others(self, user: int) -> list[int]:
        others = [one for one in self.users if one != user]
        return [one for one in others if self.rng.random() < 0.5]

    def _look(self) -> Look:
        return look.look(self.stage.servers)

    # ------------------------------------------------------------------------------------------ creating

    def _create(self, quiet: bool) -> Callable[[], str]:
        kinds = ["task", "task", "call", "appointment", "appointment", "contact", "contact"]
        kind = self.rng.choice(kinds + ([] if quiet else ["meeting", "meeting", "series"]))
        self._count += 1
        tag, user, text = f"t{self._count}", self._user(), self._word()
        others, days, hour = self._others(user), self.rng.randint(1, 20), self.rng.randint(7, 19)
        how = self.rng.random()

        def made() -> str:
            try:
                if kind in ("meeting", "series") or how < 0.45:
                    return self._in_outlook(kind, tag, user, others, text, days, hour)
                if how < 0.88:
                    return self._in_x3(kind, tag, user, others, text, days, hour)
                return self._private(kind, tag, user, text, days, hour)
            except (AssertionError, X3Error):
                self.things.pop(tag, None)  # what was refused is nowhere
                raise

        return made

    def _in_x3(self, kind: str, tag: str, user: int, others: list[int], text: str, days: int, hour: int) -> str:
        self.things[tag] = thing = Thing(tag, kind, {user}, ("x3", 0))
        thing.say("title", ("x3", 0), f"{tag} {text}")
        sage, rep = self.stage.sage, representative(user)
        reps = [representative(one) for one in (user, *others)]
        match kind:
            case "task":
                sage.new_task(f"{tag} {text}", _ymd(days), TSKREP=rep)
            case "call":
                sage.new_call(f"{tag} {text}", _ymd(days), f"{hour:02}00", CLLREP=rep)
            case "appointment":
                more: dict[str, Any] = {"APTREPNUM": reps} if others else {}
                sage.new_appointment(f"{tag} {text}", _ymd(days), f"{hour:02}00", f"{hour + 1:02}00", ATPREPMNA=rep, **more)
            case _:
                thing.said.clear()
                thing.owners |= set(others)
                sage.new_contact(tag, "Ada", reps=tuple(reps), CPYEML=f"{tag}@north.example")
        return f"X3: new {kind} {tag} of {code(user)}" + (f" with {[code(one) for one in others]}" if others else "")

    def _in_outlook(self, kind: str, tag: str, user: int, others: list[int], text: str, days: int, hour: int) -> str:
        place = ("outlook", user)
        self.things[tag] = thing = Thing(tag, kind, {user}, place)
        box, title = self.stage.boxes[user], f"{tag} {text}"
        thing.say("title", place, title)
        match kind:
            case "task":
                box.new_task(title, dueDateTime=day(_on(days)))
            case "call":
                box.new_event(title, _at(days, hour), categories=["X3 Call"])
            case "appointment":
                box.new_event(title, _at(days, hour))
            case "meeting":
                invited = [attendee(mailbox(one)) for one in others] or [attendee(OUTSIDER)]
                box.new_event(title, _at(days, hour), attendees=invited)
                thing.owners |= set(others)
            case "series":
                box.new_event(title, _at(days, hour), recurrence=_weekly(days, 3))
            case _:
                thing.said.clear()
                self._contact(box, tag)
                for one in others:  # the same person in somebody else's mailbox as well (M4)
                    thing.owners.add(one)
                    self._contact(self.stage.boxes[one], tag)
        named = f" with {[code(one) for one in others]}" if others and kind in ("meeting", "contact") else ""
        return f"{code(user)}: new {kind} {tag} in Outlook{named}"

    @staticmethod
    def _contact(box: Outlook, tag: str, **more: Any) -> None:
        box.new_contact(tag, "Ada", emailAddresses=[{"address": f"{tag}@north.example", "name": tag}], **more)

    def _private(self, kind: str, tag: str, user: int, text: str, days: int, hour: int) -> str:
        self.things[tag] = thing = Thing(tag, kind, {user}, ("outlook", user))
        thing.touch("private")
        self.secretive.add(user)
        box, title = self.stage.boxes[user], f"{tag} {SECRET} {text}"
        match kind:
            case "task":
                box.new_task(title, categories=[look.PRIVATE_CATEGORY], dueDateTime=day(_on(days)))
            case "contact":
                self._contact(box, tag, personalNotes=SECRET, companyName=SECRET, **_hidden(True))
            case _:
                body = {"contentType": "text", "content": SECRET}
                box.new_event(title, _at(days, hour), sensitivity="private", body=body)
        return f"{code(user)}: new private {kind} {tag} in Outlook"

    # -------------------------------------------------------------------------------------------- finding

    def _mine(self, thing: Thing, user: int, *, private: bool | None = False) -> Item | None:
        found = [i for i in self._look().living(user, thing.tag) if private is None or i.private is private]
        return found[0] if found else None

    def _record(self, thing: Thing) -> Record | None:
        return next(iter(self._look().of(thing.tag)), None)

    def _settled(self, thing: Thing, key: str) -> bool:
        """Whether the product links it and nobody did more than make it: then a deletion cannot be misunderstood."""
        untouched = thing.untouched and not thing.odd and thing.words <= 1
        with self.stage.app.store.read() as tx:
            links = [link for user in users.everyone(tx) for link in state_links.of_user(tx, user.id)]
        linked = {key for link in links if link.state is LinkState.LINKED for key in (link.x3_key, link.outlook_key)}
        return untouched and thing.kind in ("task", "call", "appointment") and key in linked

    def _released(self, thing: Thing, user: int) -> bool:
        """Whether the product has a released link of it, because no pass has seen yet that it was moved back (S6)."""
        keys = {record.key for record in self._look().of(thing.tag)}
        with self.stage.app.store.read() as tx:
            owner = users.get(tx, code(user))
            assert owner is not None
            links = state_links.of_user(tx, owner.id, states=(LinkState.RELEASED,))
        return any(link.x3_key in keys for link in links)

    def _patch(self, item: Item, **fields: Any) -> None:
        box = self.stage.boxes[item.user]
        match item.kind:
            case "task":
                box.ok("PATCH", f"/todo/lists/{item.folder}/tasks/{item.key}", fields)
            case "contact":
                box.ok("PATCH", f"/contacts/{item.key}", fields)
            case _:
                box.ok("PATCH", f"/events/{item.key}", fields)

    def _somewhere(self, thing: Thing) -> Place:
        return ("x3", 0) if self.rng.random() < 0.5 else ("outlook", self._of(thing))

    def _of(self, thing: Thing) -> int:
        """Mostly somebody who has it."""
        return self.rng.choice(sorted(thing.owners)) if self.rng.random() < 0.7 else self._user()

    # ------------------------------------------------------------------------------------------- editing

    def edit(self, thing: Thing) -> Callable[[], str]:
        """Another subject, or a contact's mobile number."""
        place, word, number = self._somewhere(thing), self._word(), f"+33{self.rng.randint(10**8, 10**9 - 1)}"
        what, text = ("mobile", number) if thing.kind == "contact" else ("title", f"{thing.tag} {word}")

        def done() -> str:
            if place[0] == "x3":
                record = self._record(thing)
                if record is None:
                    return f"X3: no {thing.tag} to edit"
                fields: dict[str, Any] = {"mobile": {"CPYMOB": text}, "title": {"FULOBJ": text}}[what]
                self.stage.sage.modify(record.publication, record.key, **fields)
            else:
                item = self._mine(thing, place[1])
                if item is None or item.cancelled:
                    return f"{code(place[1])}: no {thing.tag} to edit"
                name = {"mobile": "mobilePhone", "title": "title" if item.kind == "task" else "subject"}[what]
                self._patch(item, **{name: text})
            thing.say(what, place, text)
            return f"{_who(place)}: {what} of {thing.tag} is now {text}"

        return done

    def reschedule(self, thing: Thing) -> Callable[[], str]:
        """Another day, now and then outside of every window."""
        place, days, hour = self._somewhere(thing), self.rng.randint(1, 25), self.rng.randint(7, 19)
        days = days + FAR if self.rng.random() < 0.15 else days

        def done() -> str:
            if thing.kind == "contact":
                return f"{thing.tag} has no date"
            if place[0] == "x3":
                record = self._record(thing)
                if record is None:
                    return f"X3: no {thing.tag} to move in time"
                self.stage.sage.modify(record.publication, record.key, **_when(record.publication, days, hour))
            else:
                item = self._mine(thing, place[1])
                if item is None or item.cancelled or item.master:
                    return f"{code(place[1])}: no {thing.tag} to move in time"
                if item.kind == "task":
                    self._patch(item, dueDateTime=day(_on(days)))
                else:
                    self._patch(item, start=stop(_at(days, hour)), end=stop(_at(days, hour + 1)))
            thing.touch("time")
            return f"{_who(place)}: {thing.tag} is now {days} days ahead"

        return done

    def finish(self, thing: Thing) -> Callable[[], str]:
        """Done, or not done."""
        place, truly = self._somewhere(thing), self.rng.random() < 0.7

        def done() -> str:
            if thing.kind != "task":
                return f"{thing.tag} is no task"
            if place[0] == "x3":
                record = self._record(thing)
                if record is None:
                    return f"X3: no {thing.tag} to finish"
                self.stage.sage.modify("ZTSK", record.key, TSKDON="2" if truly else "1")
            else:
                item = self._mine(thing, place[1])
                if item is None:
                    return f"{code(place[1])}: no {thing.tag} to finish"
                self._patch(item, status="completed" if truly else "inProgress")
            thing.touch("done")
            return f"{_who(place)}: {thing.tag} is {'done' if truly else 'not done'}"

        return done

    # ------------------------------------------------------------------------------------------ deleting

    def delete(self, thing: Thing) -> Callable[[], str]:
        """Gone on one side."""
        place = self._somewhere(thing)

        def done() -> str:
            if place[0] == "x3":
                record = self._record(thing)
                if record is None:
                    return f"X3: no {thing.tag} to delete"
                thing.gone = self._settled(thing, record.key)
                self.stage.sage.delete(record.publication, record.key)
                thing.deleted_in_x3 = True
                return f"X3: {thing.tag} deleted ({record.key})"
            item = self._mine(thing, place[1], private=None)
            if item is None:
                return f"{code(place[1])}: no {thing.tag} to delete"
            thing.gone = thing.kind != "contact" and thing.owners == {item.user} and self._settled(thing, item.key)
            self.stage.boxes[item.user].act("delete", item.key)
            thing.deleted_by.add(item.user)
            if item.place == "attic" or self._released(thing, item.user):
                thing.released.add(item.user)
            return f"{code(item.user)}: {thing.tag} deleted in Outlook"

        return done

    def restore(self, thing: Thing) -> Callable[[], str]:
        """Back from the bin, if it is there."""
        user = self._of(thing)

        def done() -> str:
            found = [i for i in self._look().held_by(user, thing.tag) if not i.living]
            if not found or self._mine(thing, user, private=None):
                return f"{code(user)}: no {thing.tag} in the bin"
            thing.touch("restored")
            self.stage.boxes[user].act("restore", found[-1].key)
            return f"{code(user)}: {thing.tag} taken out of the bin"

        return done

    # ----------------------------------------------------------------------------------- elsewhere, private

    def reassign(self, thing: Thing) -> Callable[[], str]:
        """Another representative, or another list of them."""
        user, others = self._user(), None

        def done() -> str:
            record = self._record(thing)
            if record is None:
                return f"X3: no {thing.tag} to reassign"
            return self._reassign(thing, record, user, others or [])

        others = self._others(user)
        return done

    def _reassign(self, thing: Thing, record: Record, user: int, others: list[int]) -> str:
        sage, rep, now = self.stage.sage, representative(user), {user}
        thing.touch("reassigned")
        match record.publication:
            case "ZTSK":
                sage.modify("ZTSK", record.key, TSKREP=rep)
            case "ZCLL":
                sage.modify("ZCLL", record.key, CLLREP=rep)
            case "ZBAP" if thing.kind == "appointment":
                now |= set(others)
                names = [representative(one) for one in (user, *others)]
                sage.modify("ZBAP", record.key, ATPREPMNA=rep, APTREPNUM=[*names, *[""] * (10 - len(names))])
            case "ZCOR":
                now |= set(record.reps)
                if user not in record.reps:
                    sage.modify("ZCOR", record.key, reps=(rep,))
            case _:
                return f"X3: the meeting {thing.tag} is not reassigned"
        thing.owners |= now if record.publication == "ZCOR" else {user}
        thing.taken_from |= set(record.reps) - now
        return f"X3: {thing.tag} is now of {[code(one) for one in sorted(now)]}"

    def _attic(self, user: int, kind: str) -> str:
        if (user, kind) not in self._attics:
            box = self.stage.boxes[user]
            made = {"task": box.new_list, "contact": box.new_contact_folder, "event": box.new_calendar}[kind](ATTIC)
            self._attics[user, kind] = made
        return self._attics[user, kind]

    def move(self, thing: Thing) -> Callable[[], str]:
        """To a folder that is not managed, or back."""
        user = self._of(thing)

        def done() -> str:
            item = self._mine(thing, user)
            if item is None or item.cancelled:
                return f"{code(user)}: no {thing.tag} to move"
            homes = {"task": "Tasks", "contact": "Contacts", "event": "Calendar"}
            there = homes[item.kind] if item.place == "attic" else self._attic(user, item.kind)
            self.stage.boxes[user].act("move", item.key, to_folder=there)
            thing.touch("moved")
            return f"{code(user)}: {thing.tag} moved {'back' if item.place == 'attic' else 'to another folder'}"

        return done

    def copy(self, thing: Thing) -> Callable[[], str]:
        """Copied in Outlook, and given another name at once."""
        user, tag = self._of(thing), f"t{self._word()[1:]}"

        def done() -> str:
            item = self._mine(thing, user)
            if item is None or item.place == "attic" or item.master or item.attendees or item.cancelled:
                return f"{code(user)}: no {thing.tag} to copy"
            made = self.stage.boxes[user].act("copy", item.key)
            kind = "appointment" if thing.kind == "meeting" else thing.kind
            self.things[tag] = Thing(tag, kind, {user}, ("outlook", user), odd={"copy"})
            thing.touch("copied")
            copied = _renamed(item, made, tag)
            if item.kind == "contact":
                self._patch(copied, surname=tag, emailAddresses=[{"address": f"{tag}@north.example", "name": tag}])
            else:
                self._patch(copied, **{"title" if item.kind == "task" else "subject": f"{tag} copy"})
            return f"{code(user)}: {thing.tag} copied in Outlook, the copy is {tag}"

        return done

    def hide(self, thing: Thing) -> Callable[[], str]:
        """Made private, and something secret written into it; or normal again, without the secret."""
        user = self._of(thing)

        def done() -> str:
            item = self._mine(thing, user, private=None)
            if item is None or item.cancelled or item.attendees or item.master:
                return f"{code(user)}: no {thing.tag} to make private"
            thing.touch("private")
            word = f"{SECRET} " if not item.private else ""
            self.secretive.add(user)
            match item.kind:
                case "task":
                    fields: Json = {"title": f"{thing.tag} {word}", "categories": [look.PRIVATE_CATEGORY] if word else []}
                case "contact":
                    fields = {"companyName": word.strip() or None, "personalNotes": "", **_hidden(bool(word))}
                case _:
                    fields = {"subject": f"{thing.tag} {word}x", "sensitivity": "private" if word else "normal"}
                    fields["body"] = {"contentType": "text", "content": word}
            self._patch(item, **fields)
            return f"{code(user)}: {thing.tag} is {'private' if word else 'normal'} now"

        return done

    # ------------------------------------------------------------------------------------ meetings, series

    def answer(self, thing: Thing) -> Callable[[], str]:
        """An attendee accepts or declines."""
        user, how = self._of(thing), self.rng.choice(["accept", "accept", "tentativelyAccept", "decline"])

        def done() -> str:
            item = self._mine(thing, user)
            if item is None or item.organised or item.cancelled:
                return f"{code(user)}: no invitation {thing.tag}"
            if how == "decline":
                thing.deleted_by.add(user)
            self.stage.boxes[user].ok("POST", f"/events/{item.key}/{how}", {"sendResponse": True})
            return f"{code(user)}: {how} {thing.tag}"

        return done

    def occurrence(self, thing: Thing) -> Callable[[], str]:
        """One occurrence of a series is cancelled, moved by an hour or renamed."""
        n, how, user = self.rng.randint(0, 2), self.rng.choice(["delete", "later", "rename"]), min(thing.owners)
        word = self._word()

        def done() -> str:
            box = self.stage.boxes[user]
            span = box.occurrences(str(_on(0)), str(_on(60))) if thing.kind == "series" else []
            rows = [row for row in span if look.tag_of(row["subject"]) == thing.tag]
            if len(rows) <= n:
                return f"{code(user)}: no such occurrence of {thing.tag}"
            thing.touch("occurrence")
            row = rows[n]
            if how == "delete":
                box.ok("DELETE", f"/events/{row['id']}")
            elif how == "rename":
                box.ok("PATCH", f"/events/{row['id']}", {"subject": f"{thing.tag} {word}"})
            else:
                start = row["start"]["dateTime"][:10]
                box.ok("PATCH", f"/events/{row['id']}", {"start": stop(f"{start}T20:00"), "end": stop(f"{start}T21:00")})
            return f"{code(user)}: occurrence {n} of {thing.tag}: {how}"

        return done


# How often what is done to something that is there.
_DEEDS = (
    ("edit", 30), ("reschedule", 10), ("finish", 5), ("delete", 16), ("restore", 4), ("reassign", 9), ("move", 6),
    ("copy", 5), ("hide", 7), ("answer", 30), ("occurrence", 30),
)  # fmt: skip
_KINDS = ("task", "call", "appointment", "contact", "meeting", "series")
_ONLY: dict[str, tuple[str, ...]] = {
    "reschedule": ("task", "call", "appointment", "meeting"),
    "finish": ("task",),
    "reassign": ("task", "call", "appointment", "contact"),
    "copy": ("task", "call", "appointment", "contact"),
    "hide": ("task", "call", "appointment", "contact"),
    "answer": ("meeting",),
    "occurrence": ("series",),
}


def _on(days: int) -> Any:
    return (NOW + timedelta(days=days)).date()


def _ymd(days: int) -> str:
    return f"{_on(days):%Y%m%d}"


def _at(days: int, hour: int) -> str:
    return f"{_on(days)}T{hour:02}:00"


def _who(place: Place) -> str:
    return "X3" if place[0] == "x3" else code(place[1])


def _hidden(truly: bool) -> Json:
    return {"singleValueExtendedProperties": [{"id": "Integer 0x36", "value": "2" if truly else "0"}]}


def _weekly(days: int, count: int) -> Json:
    pattern = {"type": "weekly", "interval": 1, "daysOfWeek": [WEEKDAYS[_on(days).weekday()]]}
    return {"pattern": pattern, "range": {"type": "numbered", "startDate": str(_on(days)), "numberOfOccurrences": count}}


def _when(publication: str, days: int, hour: int) -> dict[str, Any]:
    match publication:
        case "ZTSK":
            return {"TSKDAT": _ymd(days)}
        case "ZCLL":
            return {"CLLDAT": _ymd(days), "CLLHOU": f"{hour:02}00"}
        case _:
            start, end = f"{hour:02}00", f"{hour + 1:02}00"
            return {"APTDAT": _ymd(days), "APTHOU": start, "APTDATEND": _ymd(days), "APTHOUEND": end}


def _renamed(item: Item, made: Json, tag: str) -> Item:
    return replace(item, key=made["immutableId"] if item.kind != "task" else made["id"], tag=tag, folder=made["folder"])
