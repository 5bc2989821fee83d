"""Delta query: sync state generations, paging rounds, frozen windows and their unpleasant truths (docs: event-delta).

A stream is one (mailbox, folder, query). Each finished round makes a new generation; only the newest few answer, then
410 SyncStateNotFound. A round lists its entries once, at its start; pages are cut from it, a series never across two.
"""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from infra.emulators.graph.calls import Answer, Call
from infra.emulators.graph.errors import GraphError
from infra.emulators.graph.model import Change, Folder, Item, Mailbox
from infra.emulators.graph.odata import option
from infra.emulators.graph.series import instances, overlaps
from infra.emulators.graph.store import Store

Entry = tuple[str, str, str]  # ("item" | "gone" | "occurrence", immutable id, REST id when gone or day)
Unit = list[Entry]
Writer = Callable[[Entry, dict[str, str]], Any]
ROUNDS_KEPT = 500


@dataclass(slots=True)
class Stream:
    newest: int = 100
    generations: dict[int, int] = field(default_factory=dict)  # generation -> sequence number
    finished: int = 0


@dataclass(slots=True)
class Round:
    stream: str
    pages: list[list[Entry]]
    seq: int
    latest: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a token has to carry to go on."""

    kind: str
    mailbox: str
    folder: str
    window: tuple[str, str] = ("", "")
    options: dict[str, str] = field(default_factory=dict)

    @property
    def stream(self) -> str:
        return json.dumps([self.kind, self.mailbox, self.folder, self.window, self.options], sort_keys=True)


class Deltas:
    """All streams of the tenant."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.streams: dict[str, Stream] = {}
        self.rounds: OrderedDict[str, Round] = OrderedDict()
        self.expired = 0

    def reset(self) -> None:
        self.streams.clear()
        self.rounds.clear()

    def expire(self, mailbox: str = "") -> None:
        """The fault `expire_cursors`: every token issued so far (for one mailbox, or all) answers 410."""
        for key, stream in self.streams.items():
            if not mailbox or f'"{mailbox}"' in key:
                stream.generations.clear()
        for name in [n for n, r in self.rounds.items() if not mailbox or f'"{mailbox}"' in r.stream]:
            del self.rounds[name]

    def answer(
        self,
        call: Call,
        query: Query,
        context: str,
        units: Callable[[int | None, Query], list[Unit]],
        write: Writer,
    ) -> Answer:
        """One delta request. `units` lists the entries since a sequence number (None: all); `write` renders one."""
        delta_token, skip_token = option(call, "deltatoken"), option(call, "skiptoken")
        latest = delta_token == "latest" and bool(self.store.switches["deltatoken_latest"])  # noqa: S105 - no secret
        mailbox = self.store.mailboxes[query.mailbox.lower()]
        if skip_token:
            query, place = self._read(skip_token, query)
            found = self.rounds.get(str(place.get("r")))
            at = int(place.get("p", 0))
            if found is None or at < found.latest - self.store.switches["delta_generations"] + 1:
                raise self._gone(call, query, str(place.get("r")))
        else:
            since: int | None = None
            if delta_token and not latest:
                query, place = self._read(delta_token, query)
                generation = int(place.get("g", 0))
                since = self._stream(query).generations.get(generation)
                if since is None:
                    raise self._gone(call, query, str(generation))
            listed = [] if call.empty or latest else units(since, query)
            found = Round(query.stream, self._pages(call, query, listed), mailbox.seq)
            at = 0
        return self._page(call, query, context, found, at, write)

    def _stream(self, query: Query) -> Stream:
        return self.streams.setdefault(query.stream, Stream())

    def _gone(self, call: Call, query: Query, asked: str) -> GraphError:
        self.expired += 1
        stream, switches = self._stream(query), self.store.switches
        kept = "".join(f"[{g}]" for g in sorted(stream.generations, reverse=True))
        anew = _bare(call).link(**{"$deltatoken": ""})
        return GraphError(
            switches["expired_cursor_status"],
            switches["expired_cursor_code"],
            f"The sync state generation is not found; generation={asked};[highest={stream.newest}{kept}].",
            headers={"Location": anew} if switches["expired_cursor_location"] else {},
        )

    def _pages(self, call: Call, query: Query, units: list[Unit]) -> list[list[Entry]]:
        switches = self.store.switches
        size = min(call.prefer.page_size or switches["delta_page_size"], switches["max_page_size"])
        if query.kind in ("tasks", "lists") and option(call, "top").isdigit():
            size = max(1, int(option(call, "top")))
        stream = self._stream(query)
        if stream.finished % 2:
            units = units[::-1]  # the order is not guaranteed
        pages: list[list[Entry]] = [[]]
        for unit in units:
            if pages[-1] and len(pages[-1]) + len(unit) > size:
                pages.append([])
            pages[-1].extend(unit)
        if switches["delta_repeats"] and len(pages) > 1 and stream.finished % 2 == 0 and len(units[0]) == 1:
            pages[-1].append(units[0][0])
        if switches["delta_empty_pages"] and units and stream.finished % 3 == 1:
            pages.insert(1 if len(pages) > 1 else 0, [])
        return pages

    def _page(self, call: Call, query: Query, context: str, found: Round, at: int, write: Writer) -> Answer:
        body: dict[str, Any] = {"@odata.context": f"{call.base}/$metadata#{context}"}
        rows = (write(entry, query.options) for entry in (found.pages[at] if at < len(found.pages) else []))
        body["value"] = [r for r in rows if r is not None]
        found.latest = max(found.latest, at)
        if at + 1 < len(found.pages):
            name = next((n for n, r in self.rounds.items() if r is found), "")
            if not name:
                name = self.store.ids.guid()
                self.rounds[name] = found
                while len(self.rounds) > ROUNDS_KEPT:
                    self.rounds.popitem(last=False)
            body["@odata.nextLink"] = self._link(call, query, "$skiptoken", {"r": name, "p": at + 1})
        else:
            stream = self._stream(query)
            stream.finished += 1
            stream.newest += 1
            stream.generations[stream.newest] = found.seq
            while len(stream.generations) > self.store.switches["delta_generations"]:
                del stream.generations[min(stream.generations)]
            body["@odata.deltaLink"] = self._link(call, query, "$deltatoken", {"g": stream.newest})
            self.store.changed = True
        return Answer(200, body)

    @staticmethod
    def _link(call: Call, query: Query, name: str, place: dict[str, Any]) -> str:
        token = {**place, "k": query.kind, "m": query.mailbox, "f": query.folder, "w": query.window, "o": query.options}
        text = base64.urlsafe_b64encode(json.dumps(token).encode()).decode().rstrip("=")
        return _bare(call).link(**{name: text})

    @staticmethod
    def _read(token: str, query: Query) -> tuple[Query, dict[str, Any]]:
        try:
            place = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            carried = Query(
                kind=place["k"],
                mailbox=place["m"],
                folder=place["f"],
                window=(place["w"][0], place["w"][1]),
                options=place["o"],
            )
        except (ValueError, KeyError, binascii.Error, TypeError):
            raise GraphError(400, "ErrorInvalidSyncStateData", "The sync state data is invalid.") from None
        if (carried.kind, carried.mailbox, carried.folder) != (query.kind, query.mailbox, query.folder):
            raise GraphError(400, "ErrorInvalidSyncStateData", "The sync state data belongs to another collection.")
        return carried, place


def _bare(call: Call) -> Call:
    """The same place without any option."""
    return Call(method="GET", segments=call.segments, query={}, headers={}, base=call.base)


def changes_since(log: list[Change], seq: int) -> dict[str, Change]:
    """The last line of each item after `seq`; the cost is that of the changes, not of the folder."""
    found: dict[str, Change] = {}
    for line in log[bisect_right(log, seq, key=lambda c: c.seq) :]:
        found[line.immutable_id] = line
    return found


def plain_units(mailbox: Mailbox, folder: Folder, since: int | None, *, moved_back_stays: bool = False) -> list[Unit]:
    """Items of a folder without a window: contacts, tasks, events/delta."""
    if since is None:
        return [[("item", i.immutable_id, "")] for i in folder.items.values()]
    units: list[Unit] = []
    for key, line in changes_since(folder.log, since).items():
        if key in folder.items and not (moved_back_stays and key in folder.returned):
            units.append([("item", key, "")])
        else:
            item = mailbox.index.get(key)
            units.append([("gone", key, line.gone or (item.rest_id if item else ""))])
    return units


def window_units(
    mailbox: Mailbox, folder: Folder, since: int | None, window: tuple[datetime, datetime], *, each_occurrence: bool
) -> list[Unit]:
    """Entries of a calendar window: what changed outside it comes as gone, a series whole with its master."""
    if since is None:
        units = [_series_or_single(i, window) for i in folder.items.values()]
        return [u for u in units if u]
    units = []
    for key, line in changes_since(folder.log, since).items():
        item = folder.items.get(key)
        unit = _series_or_single(item, window) if item is not None else []
        if not unit:
            other = item or mailbox.index.get(key)
            unit = [("gone", key, line.gone or (other.rest_id if other else ""))]
            if each_occurrence and other is not None and other.is_series:
                unit += [("gone_occurrence", key, o.day) for o in instances(other, *window)]
        units.append(unit)
    return units


def _series_or_single(item: Item, window: tuple[datetime, datetime]) -> Unit:
    if not item.is_series:
        return [("item", item.immutable_id, "")] if overlaps(item, *window) else []
    found = instances(item, *window)
    if not found:
        return []
    return [("item", item.immutable_id, ""), *[("occurrence", item.immutable_id, o.day) for o in found]]
