"""One X3 folder at work: a call and the moment it began go in, a result comes out; and what tests may do to it."""

import html
import json
import pickle
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from infra.emulators.clock import Clock
from infra.emulators.seed.model import World
from infra.emulators.x3 import messages, payload, programs
from infra.emulators.x3.controls import Refusal
from infra.emulators.x3.describe import description, schema
from infra.emulators.x3.layout import PROGRAMS, PUBLICATIONS, Group
from infra.emulators.x3.loader import load
from infra.emulators.x3.objects import SERVICE_USER, Answer, Objects, exhume
from infra.emulators.x3.payload import PayloadError, render_json, render_xml
from infra.emulators.x3.soap import Call, Result
from infra.emulators.x3.store import Store, stamp
from infra.emulators.x3.tables import OBJECT_TABLE, TABLES

FOLDER = "SEED"
WRITES = ("save", "modify", "delete", "deleteLines")
SWITCHES: dict[str, Any] = {
    "unpublished": [],  # names of publications and sub-programs that are not there
    "zsyncid": True,  # the column exists
    "bmp_only": False,  # characters outside the BMP become "?"
    "lst_clears_rest": False,  # a short LST empties the positions it does not list
    "modstamp_utc": False,  # WW_MODSTAMP in UTC instead of the server's own time
    "pool_exhausted_http": False,  # an exhausted pool answers HTTP 500 instead of a message
    "overlap_control": True,
    "clock_skew_seconds": 0,  # how far X3's own clock runs ahead of the emulators' (negative: behind)
    "pool_trouble": "",  # what the pool says to every call, instead of doing it
    "kept_fields": [],  # names of fields that an entry point sets back when a record is modified
    "blank_lines": 0,  # blank lines at the end of a sub-program's tables
}


class ActionError(ValueError):
    """A control call that makes no sense; answered with 400."""


class X3Service:
    """The folder, its locks, switches and counters. Commits happen in one step on the event loop."""

    def __init__(self, clock: Clock, world: World, state_dir: Path | None = None) -> None:
        self._clock = clock
        self._file = state_dir / "x3.pickle" if state_dir else None
        self.switches: dict[str, Any] = {}
        self.reset(world)
        if self._file is not None and self._file.exists():
            self.thaw(self._file.read_bytes())

    def now(self) -> datetime:
        """X3's own clock, aware, in UTC: that of another machine than Graph's."""
        return self._clock.now() + timedelta(seconds=int(self.switches["clock_skew_seconds"]))

    # -- control ------------------------------------------------------------------------------------------------------

    def reset(self, world: World) -> None:
        """A new folder from that world; locks, switches and counters as at the start."""
        self.store = load(world)
        self._saved = -1
        self.switches.clear()
        self.switches.update({name: list(value) if isinstance(value, list) else value for name, value in SWITCHES.items()})
        self.objects = Objects(self.store, self.switches)
        self.locks: dict[tuple[str, str], tuple[datetime, str]] = {}
        self.busy: set[tuple[str, str]] = set()  # records a call in flight holds
        self.requests: dict[str, int] = {}
        self.writes: dict[str, int] = {}
        self.concurrency = self.peak = self.queued_peak = 0
        self.log_number = 364232

    def frozen(self) -> bytes:
        """The folder, for `thaw`."""
        return pickle.dumps(self.store.state())

    def thaw(self, frozen: bytes) -> None:
        """Take up a folder of our own making."""
        self.store = Store.of_state(pickle.loads(frozen))  # noqa: S301
        self.objects = Objects(self.store, self.switches)

    def save_state(self) -> None:
        if self._file is not None and self.store.changes != self._saved:
            self._saved = self.store.changes
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._file.with_suffix(".new")
            fresh.write_bytes(self.frozen())
            fresh.replace(self._file)

    def dump(self) -> dict[str, Any]:
        """All tables as lists of rows."""
        return {name: list(rows.values()) for name, rows in self.store.tables.items()}

    def stats(self) -> dict[str, Any]:
        return {
            "requests": {"total": sum(self.requests.values()), "by_method": dict(self.requests), "batch_parts": 0},
            "writes": dict(self.writes),
            "peak_concurrency": {"SYNC": self.peak},
            "peak_queue": self.queued_peak,
            "throttled": 0,
            "attendee_mails": 0,
            "notifications": {"sent": 0, "failed": 0},
        }

    def html(self) -> str:
        """Every table, readable in a browser."""
        parts = [
            "<!doctype html><meta charset='utf-8'><title>X3 emulator</title><style>body{font:14px sans-serif}"
            "table{border-collapse:collapse;margin-bottom:2em}td,th{border:1px solid #ccc;padding:2px 6px;font-size:12px}"
            "</style><h1>X3, folder SEED</h1>"
        ]
        for name, rows in self.store.tables.items():
            columns = list(TABLES[name].fields)
            parts.append(f"<h2>{name} ({len(rows)})</h2><table><tr>{''.join(f'<th>{c}</th>' for c in columns)}</tr>")
            for row in list(rows.values())[:500]:
                cells = (
                    " ".join(filter(None, map(str, v))) if isinstance(v := row.get(c, ""), list) else str(v)
                    for c in columns
                )
                parts.append("<tr>" + "".join(f"<td>{html.escape(cell[:120])}</td>" for cell in cells) + "</tr>")
            parts.append("</table>")
        return "".join(parts)

    def set_switches(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Change switches; returns all of them. Raises ActionError for an unknown name."""
        unknown = sorted(set(wanted) - set(SWITCHES))
        if unknown:
            raise ActionError(f"unknown switches: {', '.join(unknown)}; known: {', '.join(SWITCHES)}")
        self.switches.update(wanted)
        return dict(self.switches)

    def user_action(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What people and other programs do behind the web services' back. Raises ActionError."""
        code, key, now = str(asked.get("object", "")), str(asked.get("key", "")), self.now()
        user = str(asked.get("user", "ADMIN"))
        try:
            match asked.get("action"):
                case "lock":
                    self.locks[code, key] = (now + timedelta(seconds=float(asked.get("seconds", 60))), user)
                case "unlock":
                    self.locks.pop((code, key), None)
                case "sql":
                    return self._sql(str(asked["table"]), key, dict(asked["set"]), now)
                case "sql_insert":
                    table = str(asked["table"])
                    row = TABLES[table].blank() | dict(asked["set"])
                    self.store.sign(row, now, user, True)
                    self.store.put(table, row)
                case "sql_delete":
                    self.store.remove(str(asked["table"]), key)
                case "force":
                    return {"rows": self._force(user, list(asked.get("types") or OBJECT_TABLE), now)}
                case "restore_key":
                    return {"AUUID": exhume(self.store, code, key, now, user)["AUUID"]}
                case "unassign":
                    self.store.remove("CORREP", f"{asked['rep']}~{key}")
                case other:
                    raise ActionError(
                        f"unknown action {other!r}: lock unlock sql sql_insert sql_delete force restore_key unassign"
                    )
        except KeyError as error:
            raise ActionError(f"missing or unknown: {error}") from error
        return {"ok": True}

    def _sql(self, table: str, key: str, values: dict[str, Any], now: datetime) -> dict[str, Any]:
        """A direct write: no control, no SYNCDATA, and a stamp in local time, as GETDATE() gives it."""
        row = self.store.tables[table][key]
        unknown = set(values) - set(TABLES[table].fields)
        if unknown:
            raise ActionError(f"{table} has no {', '.join(sorted(unknown))}")
        row.update(values)
        if "UPDDATTIM" not in values:
            row["UPDDATTIM"] = f"{now.astimezone(self.store.zone):%Y%m%d%H%M%S}"
        row["UPDTICK"] += 1
        self.store.put(table, row)
        return {"UPDDATTIM": row["UPDDATTIM"]}

    def _force(self, user: str, types: list[str], now: datetime) -> int:
        reps = [rep for rep in self.store.by_rep if user in self.store.users_of(rep)]
        records = sorted({one for rep in reps for one in self.store.by_rep[rep] if one[0] in types})
        for code, key in records:
            self.store.queue_row(code, key, "R", user, now)
        return len(records)

    # -- calls --------------------------------------------------------------------------------------------------------

    def hold(self, call: Call) -> tuple[str, str] | None:
        """The record a write works on, for the time it works; None when nothing is held."""
        publication = PUBLICATIONS.get(call.name)
        if publication is None or call.operation not in ("modify", "delete", "deleteLines"):
            return None
        return publication.code, call.keys.get(publication.key, "").strip().upper()

    def locked_by(self, record: tuple[str, str] | None) -> str | None:
        """Who has the record open, or None."""
        if record is None:
            return None
        if record in self.busy:
            return SERVICE_USER
        until, user = self.locks.get(record, (None, ""))
        return user if until is not None and until > self.now() else None

    def refuse(self, call: Call, text: str, kind: int = 3) -> Result:
        """A failure as X3 reports it: no result, a message, and the number of the log file."""
        self.log_number += 1
        trace = f"{stamp(self.now())} {FOLDER} {call.operation} {call.name}: {text}" if call.traced else None
        return Result(0, [(kind, text)], None, f"Log code on distant server: F{self.log_number}", trace)

    def perform(self, call: Call, moment: datetime) -> Result:
        """Do the call as of now; `moment` is when its transaction began."""
        lang = messages.language(call.language)
        if call.name in self.switches["unpublished"] or (call.name not in PUBLICATIONS and call.name not in PROGRAMS):
            return Result(0, [(3, messages.text("unpublished", lang))])
        if call.operation in ("insertLines", "actionObject", "actionObjectKeys"):
            return self.refuse(call, messages.text("not_implemented", lang))
        try:
            if call.name in PROGRAMS:
                return self._program(call, moment, lang)
            return self._object(call, moment, lang)
        except Refusal as refusal:
            return self.refuse(call, refusal.say(lang))
        except PayloadError as error:
            return self.refuse(call, str(error))

    def _program(self, call: Call, moment: datetime, lang: str) -> Result:
        if call.operation == "getDescription":
            return Result(1, result=description(PROGRAMS[call.name], None))
        if call.operation == "getDataXmlSchema":
            return Result(1, result=schema(PROGRAMS[call.name]))
        if call.operation != "run":
            return self.refuse(call, messages.text("not_implemented", lang))
        if call.name in ("ZGSYNCHG", "ZGSYNKEY") and not self.switches["zsyncid"]:
            # The script does not load without its column: X3 says nothing, unless a trace was asked for.
            return Result(0, trace="[F:TSK]ZSYNCID: non-existent variable" if call.traced else None)
        blocks = programs.run(call.name, self.store, payload.parse(call.xml, programs.parameters(call.name, "Val")), moment)
        for block in blocks:
            if block.group.table:
                block.rows = [*block.rows, *({} for _ in range(int(self.switches["blank_lines"])))]
        return self._shown(call, Answer(blocks=blocks), lang)

    def _object(self, call: Call, moment: datetime, lang: str) -> Result:
        publication = PUBLICATIONS[call.name]
        groups: tuple[Group, ...] = self.objects.groups(publication)
        match call.operation:
            case "getDescription":
                return Result(1, result=description(groups, publication))
            case "getDataXmlSchema":
                return Result(1, result=schema(groups))
            case "read":
                answer = self.objects.read(publication, call.keys)
            case "query":
                answer = self.objects.query(publication, call.keys, call.size)
            case "save":
                answer = self.objects.save(publication, payload.parse(call.xml, groups), moment, lang)
            case "modify":
                answer = self.objects.modify(publication, call.keys, payload.parse(call.xml, groups), moment)
            case "delete":
                answer = self.objects.delete(publication, call.keys, moment)
            case "deleteLines":
                answer = self.objects.delete_lines(publication, call.keys, call.block, call.lines, moment)
            case _:
                return self.refuse(call, messages.text("not_implemented", lang))
        if call.operation in WRITES:
            name = f"{call.operation} {call.name}"
            self.writes[name] = self.writes.get(name, 0) + 1
        return self._shown(call, answer, lang)

    def _shown(self, call: Call, answer: Answer, lang: str) -> Result:
        content = None
        if answer.rows is not None:
            lines = "".join(
                f'<LIN NUM="{n}">'
                + "".join(
                    f'<FLD NAME="{name}">{escape(str(value))}</FLD>' if value != "" else f'<FLD NAME="{name}"/>'
                    for name, value in row.items()
                )
                + "</LIN>"
                for n, row in enumerate(answer.rows, start=1)
            )
            head = f'<RESULT DIM="{call.size or 100}" SIZE="{len(answer.rows)}">'
            content = f'<?xml version="1.0" encoding="UTF-8"?>\n{head}{lines}</RESULT>'
            if call.json:
                content = json.dumps(
                    [{name: str(value) for name, value in row.items()} for row in answer.rows], ensure_ascii=False
                )
        elif answer.blocks is not None:
            beautify = call.config.get("adxwss.beautify", "").lower() == "true"
            content = render_json(answer.blocks, lang) if call.json else render_xml(answer.blocks, lang, beautify)
        return Result(1, [(2, text) for text in answer.warnings], content)
