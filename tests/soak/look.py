"""Both worlds as they stand, by tag: read from the emulators' dumps, never through the product."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.system.servers import Servers
from tests.system.world import mailbox

Json = dict[str, Any]
TABLES = {"TASK": "ZTSK", "PHONECALL": "ZCLL", "BAPPOINT": "ZBAP", "CORRESPOND": "ZCOR"}
NUMBER = {"ZTSK": "TSKNUM", "ZCLL": "CLLNUM", "ZBAP": "APTNUM", "ZCOR": "CORNUM"}
PRIVATE_CATEGORY = "Private"
MARKERS = re.compile("X3SyncMarker|Sage X3")  # of events and contacts, of tasks
ATTIC = "Attic"  # a folder nobody asked the sync to manage
BINS = frozenset({"deleteditems", "recoverableitemsdeletions", "recoverableitemspurges"})
DEFAULTS = frozenset({"calendar", "contacts", "defaultList"})


def tag_of(text: str) -> str:
    """The tag in a subject or surname."""
    words = re.sub(r"(?i)^cancell?ed: ", "", text).split()
    return words[0].casefold() if words else ""


@dataclass(frozen=True, slots=True)
class Record:
    """A record of X3. `reps` are user numbers, the owner first."""

    publication: str
    key: str
    tag: str
    title: str
    mobile: str
    start: str
    first: date | None
    last: date | None
    done: bool
    reps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """An item in somebody's mailbox. `place`: managed, attic or bin; `marked`: it carries our marker (M2)."""

    user: int
    kind: str
    key: str
    tag: str
    title: str
    mobile: str
    place: str
    folder: str
    private: bool
    first: date | None
    last: date | None
    done: bool
    cancelled: bool
    response: str
    attendees: int
    master: bool
    marked: bool

    @property
    def living(self) -> bool:
        """Not in the bin."""
        return self.place != "bin"

    @property
    def organised(self) -> bool:
        """Whether it is the user's own."""
        return self.response in ("organizer", "none", "")


@dataclass(frozen=True, slots=True)
class Look:
    """What stands on both sides."""

    records: tuple[Record, ...]
    items: tuple[Item, ...]
    x3_text: str
    mailbox_texts: dict[int, str]

    def of(self, tag: str) -> list[Record]:
        """The records of a tag."""
        return [record for record in self.records if record.tag == tag]

    def held_by(self, user: int, tag: str) -> list[Item]:
        """A user's items of a tag, the bin included."""
        return [item for item in self.items if item.user == user and item.tag == tag]

    def living(self, user: int, tag: str) -> list[Item]:
        """The same without the bin."""
        return [item for item in self.held_by(user, tag) if item.living]


def look(servers: Servers) -> Look:
    """Read both dumps."""
    graph, x3 = servers.control("GET", "dump"), servers.control("GET", "dump", port="x3")
    texts = {_user(box): str(box) for box in graph["mailboxes"]}
    return Look(tuple(_records(x3)), tuple(_items(graph)), str(x3), texts)


def _user(box: Json) -> int:
    return next((n for n in (1, 2, 3) if box["address"] == mailbox(n)), 0)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10] if "-" in text else f"{text[:4]}-{text[4:6]}-{text[6:8]}") if text else None


def _number(rep: str) -> int:
    return int(rep[1:])


def _records(x3: Json) -> Iterator[Record]:
    shared: dict[str, list[str]] = {}
    for line in x3["CORREP"]:
        shared.setdefault(line["COPNUM"], []).append(line["COPREP"])
    for table, publication in TABLES.items():
        for row in x3[table]:
            key = row[NUMBER[publication]]
            match publication:
                case "ZTSK":
                    reps, start, end, done = [row["TSKREP"]], row["TSKDAT"], row["TSKDAT"], row["TSKDON"]
                case "ZCLL":
                    reps, start, end, done = [row["CLLREP"]], row["CLLDAT"], row["CLLDAT"], row["CLLDON"]
                case "ZBAP":
                    reps = [row["ATPREPMNA"], *row["APTREPNUM"]]
                    start, end, done = row["APTDAT"], row["APTDATEND"], row["APTDON"]
                case _:
                    reps, start, end, done = shared.get(key, []), "", "", 1
            title = row["LNA"] if publication == "ZCOR" else row["FULOBJ"]
            yield Record(
                publication=publication,
                key=key,
                tag=tag_of(title),
                title=title,
                mobile=str(row.get("CPYMOB", "")),
                start=f"{start}{row.get('APTHOU', '')}{row.get('CLLHOU', '')}",
                first=_day(start),
                last=_day(end or start),
                done=done == 2,
                reps=tuple(_number(rep) for rep in dict.fromkeys(reps) if rep),
            )


def _items(graph: Json) -> Iterator[Item]:
    for box in graph["mailboxes"]:
        user = _user(box)
        for folder in box["folders"]:
            place = "bin" if folder["wellKnown"] in BINS else "managed" if folder["wellKnown"] in DEFAULTS else "attic"
            for row in folder["items"]:
                yield _item(user, folder, row, place)


def _item(user: int, folder: Json, row: Json, place: str) -> Item:
    if "surname" in row:
        flags = {p["id"]: p["value"] for p in row["singleValueExtendedProperties"]}
        kind, title, private = "contact", row["surname"] or "", flags.get("Integer 0x36", "0") != "0"
        first = last = None
    elif "title" in row:
        kind, title, private = "task", row["title"], PRIVATE_CATEGORY in row["categories"]
        due = (row.get("dueDateTime") or row.get("startDateTime") or {}).get("dateTime")
        first = last = _day(due)
    else:
        kind, title, private = "event", row["subject"], row["sensitivity"] != "normal"
        first, last = _day(row["start"]["dateTime"]), _day(row["end"]["dateTime"])
    return Item(
        user=user,
        kind=kind,
        key=row["immutableId"] if kind != "task" else row["id"],
        tag=tag_of(title),
        title=title,
        mobile=row.get("mobilePhone") or "",
        place=place,
        folder=folder["id"],
        private=private,
        first=first,
        last=last,
        done=row.get("status") == "completed",
        cancelled=bool(row.get("isCancelled")),
        response=(row.get("responseStatus") or {}).get("response", ""),
        attendees=len(row.get("attendees", ())),
        master=row.get("type") == "seriesMaster",
        marked=bool(MARKERS.search(f"{row.get('singleValueExtendedProperties')} {row.get('linkedResources')}")),
    )
