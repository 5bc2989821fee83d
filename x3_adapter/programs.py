"""The four published sub-programs, typed (infra/x3/CONTRACT.md fixes what goes in and out)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from reconcile.model import ItemType
from reconcile.port import TryLater
from x3_adapter import stamps
from x3_adapter.payload import Data, Line, Lines, render
from x3_adapter.soap import X3

_ACKNOWLEDGED = 1000  # the most numbers a call takes
ASKED = 500  # the most values ZGSYNKEY takes
YES = "2"
_T = TypeVar("_T")
_CODES = frozenset(item_type.code for item_type in ItemType)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A record as CHANGES and KEYS name it: `stamp` as X3 wrote it, `reps` the owner first."""

    type: ItemType
    key: str
    stamp: str
    auuid: str
    reps: tuple[str, ...]
    asked: str = ""
    sync_id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """A SYNCDATA row."""

    number: int
    user: str
    type: ItemType
    key: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    """One answer of CHANGES."""

    now: datetime
    rows: tuple[Row, ...]
    queue: tuple[QueueRow, ...]
    more: bool
    more_queue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An answer of KEYS: what was found, and which of the values asked for are proven `gone`."""

    now: datetime
    rows: tuple[Row, ...]
    gone: frozenset[str]
    more: bool = False


async def changes(
    x3: X3, user: str, rep: str, *, since: str, after: tuple[str, str] = ("", ""), after_queue: int = 0
) -> ChangePage:
    """Records of `rep` whose stamp is not before `since`, and the queue of `user` (ZGSYNCHG)."""
    ask = {
        "SINCE": since,
        "AFTTYP": after[0],
        "AFTKEY": after[1],
        "MAXROW": str(x3.connection.page),
        "AFTSYD": str(after_queue),
    }
    who = [{"USR": user, "REP": rep}]
    data = await _run(x3, "CHANGES", ask, {"GRP2": Lines(rows=who)})
    return ChangePage(
        now=_now(x3, data),
        rows=tuple(_row(line) for line in data.lines("GRP4") if line.get("TYP") in _CODES),
        queue=tuple(_queue_row(line) for line in data.lines("GRP5") if line.get("SYDTYP") in _CODES),
        more=data.text("MORE") == YES,
        more_queue=data.text("MORESYD") == YES,
    )


async def acknowledge(x3: X3, numbers: Sequence[int]) -> int:
    """Remove queue rows that were read and whose observation is stored (R3); answers how many there were."""
    removed = 0
    for part in _parts([str(number) for number in numbers], _ACKNOWLEDGED):
        lines = Lines(rows=[{"SYDNUM": number} for number in part])
        data = await x3.run(x3.connection.programs["ACK"], render({}, {"GRP1": lines}), writes=True)
        removed += int(data.text("ACKED") or 0)
    return removed


async def users(x3: X3, user: str = "") -> Data:
    """Users, representatives and settings (ZGSYNUSR); all users when `user` is blank."""
    data = await _run(x3, "USERS", {"USR": user}, {})
    _now(x3, data)
    return data


async def of_representative(x3: X3, item_type: ItemType, rep: str, *, window: tuple[date, date] | None) -> Known:
    """Every living record of a representative, through all pages; `now` is that of the first."""
    rows: list[Row] = []
    first: datetime | None = None
    after = ""
    while True:
        ask = {"MODE": "REP", "TYP": item_type.code, "REP": rep, "AFTKEY": after, "MAXROW": str(x3.connection.page)}
        if window is not None:
            ask |= {"DATFRM": f"{window[0]:%Y%m%d}", "DATTO": f"{window[1]:%Y%m%d}"}
        page = _known(x3, await _run(x3, "KEYS", ask, {}))
        first = first or page.now
        rows += page.rows
        if not page.more or not page.rows:
            return Known(now=first, rows=tuple(rows), gone=frozenset())
        after = page.rows[-1].key


async def known(x3: X3, item_type: ItemType, keys: Sequence[str]) -> Known:
    """What became of these keys: the only proof that a record is gone (S8)."""
    return await _asked(x3, {"MODE": "KEYS", "TYP": item_type.code}, [{"KEY": key} for key in keys])


async def by_sync_id(x3: X3, item_type: ItemType, sync_id: str) -> Known:
    """The record that carries this ZSYNCID (M7)."""
    return await _asked(x3, {"MODE": "SYNCID", "TYP": item_type.code}, [{"KEY": sync_id}])


async def contacts(x3: X3, emails: Iterable[str], names: Iterable[tuple[str, str]]) -> Known:
    """Contacts with one of the addresses, or one of the names (surname, given name), whoever has them (M4)."""
    asked: list[Line] = [{"KEY": email} for email in emails if email]
    asked += [{"KEY": "", "LNA": surname, "FNA": given} for surname, given in names if surname or given]
    return await _asked(x3, {"MODE": "FIND", "TYP": ItemType.CONTACT.code}, asked)


async def contact_scope(x3: X3, kind: str, whose: Mapping[str, str]) -> list[tuple[tuple[Row, ...], list[Line]]]:
    """The contacts of a forced synchronisation (F1), page by page: their cards, and the CRM contacts that have none."""
    pages: list[tuple[tuple[Row, ...], list[Line]]] = []
    after = ""
    while True:
        ask = {"MODE": "SCOPE", "TYP": kind, **whose, "AFTKEY": after, "MAXROW": str(x3.connection.page)}
        data = await _run(x3, "KEYS", ask, {})
        page = _known(x3, data)
        pages.append((page.rows, [line for line in data.lines("GRP5") if line.get("CNTNUM")]))
        named = [line["ASKED"] for line in data.lines("GRP4") if line.get("ASKED")]
        if not page.more or not named:
            return pages
        after = max(named)


async def partners(x3: X3, numbers: Sequence[str]) -> dict[str, str]:
    """BPRNUM -> name, of the partners that exist."""
    found: dict[str, str] = {}
    for part in _parts([{"KEY": number} for number in numbers], ASKED):
        data = await _run(x3, "KEYS", {"MODE": "BPR"}, {"GRP2": Lines(rows=part)})
        _now(x3, data)
        found |= {line["ASKED"]: line.get("NAM", "") for line in data.lines("GRP4") if line.get("STATE") == "present"}
    return found


async def _asked(x3: X3, ask: Mapping[str, str], values: Sequence[Line]) -> Known:
    pages = [_known(x3, await _run(x3, "KEYS", ask, {"GRP2": Lines(rows=part)})) for part in _parts(values, ASKED)] or [
        _known(x3, await _run(x3, "KEYS", ask, {}))
    ]
    return Known(
        now=pages[0].now,
        rows=tuple(row for page in pages for row in page.rows),
        gone=frozenset(key for page in pages for key in page.gone),
    )


async def _run(x3: X3, program: str, ask: Mapping[str, str], tables: Mapping[str, Lines]) -> Data:
    return await x3.run(x3.connection.programs[program], render({"GRP1": dict(ask)}, tables))


def _parts(values: Sequence[_T], size: int) -> list[Sequence[_T]]:
    return [values[start : start + size] for start in range(0, len(values), size)]


def _known(x3: X3, data: Data) -> Known:
    lines = data.lines("GRP4")
    return Known(
        now=_now(x3, data),
        rows=tuple(_row(line) for line in lines if line.get("STATE") == "present" and line.get("TYP") in _CODES),
        gone=frozenset(line["ASKED"] for line in lines if line.get("STATE") == "gone"),
        more=data.text("MORE") == YES,
    )


def _row(line: Line) -> Row:
    return Row(
        type=ItemType.of_code(line["TYP"]),
        key=line.get("KEY", ""),
        stamp=line.get("STAMP", ""),
        auuid=line.get("AUUID", "").lower(),
        reps=tuple(line.get("REPS", "").split()),
        asked=line.get("ASKED", ""),
        sync_id=line.get("SYNCID", ""),
        name=line.get("NAM", ""),
    )


def _queue_row(line: Line) -> QueueRow:
    return QueueRow(
        number=int(line["SYDNUM"]),
        user=line.get("SYDUSR", ""),
        type=ItemType.of_code(line["SYDTYP"]),
        key=line.get("SYDKEY", ""),
        action=line.get("SYDATTTYP", ""),
    )


def _now(x3: X3, data: Data) -> datetime:
    """X3's clock in the answer, remembered by the connection.

    Raises TryLater when there is none: a sub-program that lost its parameters answers blanks (x3.md, "silent failure").
    """
    now = stamps.parse(data.text("NOW"))
    if now is None:
        raise TryLater("X3's sub-program answers without NOW")
    x3.observed(now)
    return now
