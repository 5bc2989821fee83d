"""Reading items by id, and what proves that one is gone (S8).

Everything is asked in as few batches as possible: the items and, for events, their calendars first; then, together, the
series masters (S3) and the folders of what was not found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from graph_adapter import wire
from graph_adapter.batch import Part, gather
from graph_adapter.client import Graph
from graph_adapter.errors import Gone
from graph_adapter.mapping import Master, Unreadable, contact, event, retype, task
from graph_adapter.mapping.events import series_of
from graph_adapter.requests import Requests
from graph_adapter.scope import MailboxScope
from reconcile.matching import marker_on
from reconcile.model import UNREAD, Absent, Kind, Marker, Observation, Present, Private
from reconcile.port import Moved, Ref, Refused, Stop, TryLater

_BINS = ("deleteditems", "recoverableitemsdeletions")
_ITEM_CODES = frozenset({"ErrorItemNotFound"})


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should know about an item that was not read; says no content (S4)."""

    key: str
    message: str


@dataclass(frozen=True, slots=True)
class Found:
    """What one look gave: the observation, and the item as Graph sent it when it is present."""

    observed: Observation
    raw: wire.Item | None = None


def kind_of(ref: Ref) -> Kind:
    """The kind a Ref names, directly or by its type."""
    if ref.kind is not None:
        return ref.kind
    assert ref.type is not None
    return ref.type.kind


class Reader:
    """Looks at items of one mailbox."""

    def __init__(self, graph: Graph, scope: MailboxScope, requests: Requests) -> None:
        self._graph = graph
        self._scope = scope
        self._requests = requests
        self._bins: frozenset[str] | None = None
        self.notes: list[Note] = []

    async def read(self, refs: Sequence[Ref]) -> dict[Ref, Found]:
        """Look at each. Raises Stop and TryLater when nothing could be said about any of them."""
        wanted = list(dict.fromkeys(refs))
        items, calendars = await self._first_round(wanted)
        masters, folders = await self._second_round(wanted, items)
        found: dict[Ref, Found] = {}
        for ref in wanted:
            found[ref] = await self._judge(ref, items[ref], calendars.get(ref), masters, folders)
        return found

    async def look(self, ref: Ref) -> Found:
        """Look at one."""
        return (await self.read([ref]))[ref]

    async def _first_round(self, refs: Sequence[Ref]) -> tuple[dict[Ref, Part], dict[Ref, Part]]:
        events = [ref for ref in refs if kind_of(ref) is Kind.EVENT]
        infos = [self._requests.item(kind_of(ref), ref.key, ref.folder) for ref in refs]
        infos += [self._requests.calendar_of(ref.key) for ref in events]
        parts = await self._gather(infos)
        return dict(zip(refs, parts, strict=False)), dict(zip(events, parts[len(refs) :], strict=True))

    async def _second_round(
        self, refs: Sequence[Ref], items: Mapping[Ref, Part]
    ) -> tuple[dict[str, Master], dict[tuple[Kind, str], bool]]:
        """Series masters, and which folders of missing items answer."""
        series: dict[str, None] = {}
        homes: dict[tuple[Kind, str], None] = {}
        for ref in refs:
            part, kind = items[ref], kind_of(ref)
            if isinstance(part.error, Gone) and ref.folder:
                homes[kind, ref.folder] = None
            elif part.error is None and kind is Kind.EVENT and (key := series_of(part.decode(wire.Event))):
                series[key] = None
        infos = [self._requests.master(key) for key in series]
        infos += [self._requests.folder(kind, folder) for kind, folder in homes]
        parts = await self._gather(infos)
        masters = _masters(series, parts)
        folders = {home: part.error is None for home, part in zip(homes, parts[len(series) :], strict=True)}
        return masters, folders

    async def masters(self, keys: Iterable[str]) -> dict[str, Master]:
        """What occurrences take from their series masters; a master that does not answer is missing."""
        wanted = list(dict.fromkeys(keys))
        return _masters(wanted, await self._gather([self._requests.master(key) for key in wanted]))

    async def bins(self) -> frozenset[str] | None:
        """The ids of Deleted Items and Recoverable Items; None when the application may not read mail folders. Raises
        TryLater when one of them did not answer."""
        if self._bins is None:
            try:
                parts = await gather(self._graph, [self._requests.mail_folder(n) for n in _BINS], self._scope.mailbox)
            except Stop:
                return None
            ids = frozenset(part.decode(wire.Folder).id for part in parts if part.answered())
            if not ids:
                return None
            self._bins = ids
        return self._bins

    async def _gather(self, infos: list[object]) -> list[Part]:
        parts = await gather(self._graph, infos, self._scope.mailbox)
        for part in parts:
            if isinstance(part.error, Stop):
                raise part.error
        return parts

    async def _judge(
        self,
        ref: Ref,
        part: Part,
        calendar: Part | None,
        masters: Mapping[str, Master],
        folders: Mapping[tuple[Kind, str], bool],
    ) -> Found:
        kind = kind_of(ref)
        if isinstance(part.error, Gone):
            codes = self._scope.not_found_codes if kind is Kind.TASK else _ITEM_CODES
            proven = part.error.code in codes and folders.get((kind, ref.folder), False)
            return Found(Absent(key=ref.key) if proven else UNREAD)
        if isinstance(part.error, Refused | Moved):
            self.notes.append(Note(ref.key, str(part.error)))
            return Found(UNREAD)
        try:
            match kind:
                case Kind.CONTACT:
                    return await self._contact(part.decode(wire.Contact))
                case Kind.TASK:
                    return self.task(part.decode(wire.Task), ref.folder)
                case Kind.EVENT:
                    assert calendar is not None
                    return await self._event(ref, part.decode(wire.Event), calendar, masters)
        except TryLater:  # the item itself could not be read, or whether it stands in a bin
            return Found(UNREAD)

    async def _contact(self, item: wire.Contact) -> Found:
        if not self._scope.manages(Kind.CONTACT, item.parent_folder_id):
            bins = await self.bins()
            if bins is None:
                self.notes.append(
                    Note(item.id, "Whether a contact is in Deleted Items cannot be read (Mail.ReadBasic.All).")
                )
                return Found(UNREAD)
            if item.parent_folder_id in bins:
                return Found(Absent(key=item.id))
        return Found(contact(item, self._scope, expanded=True), item)

    async def _event(self, ref: Ref, item: wire.Event, calendar: Part, masters: Mapping[str, Master]) -> Found:
        if isinstance(calendar.error, Gone):
            return Found(Absent(key=item.id))
        if calendar.error is not None:
            return Found(UNREAD)
        folder = calendar.decode(wire.Folder).id
        if not self._scope.manages(Kind.EVENT, folder) and folder in (await self.bins() or ()):
            return Found(Absent(key=item.id))
        found = self.event(item, folder, masters)
        return Found(retype(found.observed, ref.type), item) if isinstance(found.observed, Present) else found

    def event(self, item: wire.Event, folder: str, masters: Mapping[str, Master]) -> Found:
        """The look of an event that was read with everything expanded."""
        try:
            seen = event(item, self._scope, folder=folder, expanded=True, master=masters.get(series_of(item)))
        except Unreadable as error:
            self.notes.append(Note(item.id, str(error)))
            return Found(UNREAD)
        return Found(seen, item if isinstance(seen, Present) else None)

    def task(self, item: wire.Task, folder: str) -> Found:
        """The look of a task that was read with its links expanded."""
        try:
            seen = task(item, self._scope, folder=folder, expanded=True)
        except Unreadable as error:
            self.notes.append(Note(item.id, str(error)))
            return Found(UNREAD)
        return Found(seen, item if isinstance(seen, Present) else None)

    def same_marker(self, observed: Observation, wanted: Marker) -> bool:
        """Whether an item carries exactly this marker, whoever made it (M2); the case counts."""
        have = marker_on(observed) if isinstance(observed, Present | Private) else None
        if have is None:
            return False
        return (have.fp, have.mailbox, have.type, have.x3_key) == (wanted.fp, wanted.mailbox, wanted.type, wanted.x3_key)


def _masters(keys: Iterable[str], parts: Sequence[Part]) -> dict[str, Master]:
    found: dict[str, Master] = {}
    for key, part in zip(keys, parts, strict=False):
        master = Master.of(part.decode(wire.Event)) if part.error is None else None
        if master is not None:
            found[key] = master
    return found


def visible(observed: Observation) -> Present | Private | None:
    """What a listing may say of an item; None asks for a look."""
    return observed if isinstance(observed, Present | Private) else None
