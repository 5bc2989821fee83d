"""TASK and PHONECALL <-> Task and Call. Their X3 fields are named here and nowhere else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from reconcile.model import Call, Direction, Priority, Relation, Task, TaskDates, When
from reconcile.port import Refused
from x3_adapter.mapping.values import (
    YES,
    Fields,
    Terms,
    flag,
    instant,
    long_field,
    long_text,
    one_line,
    read_date,
    read_relation,
    wall,
    write_date,
)
from x3_adapter.payload import Data

TASK_KEY, CALL_KEY = "TSKNUM", "CLLNUM"
TASK_OWNER, CALL_OWNER = "TSKREP", "CLLREP"
TASK_NAMES: dict[str, str] = {
    "FULOBJ": "subject",
    "TSKDES": "subject",
    "FULRPO": "report",
    "TSKRPO": "report",
    "TSKSTR": "dates",
    "TSKDAT": "dates",
    "TSKDON": "done",
    "TSKPIOLEV": "priority",
    "TSKCMP": "relation",
    "TSKCOR": "relation",
    "TSKCCN": "relation",
}
CALL_NAMES: dict[str, str] = {
    "FULOBJ": "subject",
    "CLLOBJ": "subject",
    "FULRPO": "report",
    "CLLRPO": "report",
    "CLLDAT": "when",
    "CLLHOU": "when",
    "CLLDUR": "when",
    "CLLDON": "done",
    "CLLTYP": "direction",
    "CLLETS": "phone",
    "CLLCMP": "relation",
    "CLLCOR": "relation",
    "CLLCCN": "relation",
}
TASK_CREATED: Fields = {"TSKORITYP": "3"}  # menu 3037: it came by synchronisation
CALL_CREATED: Fields = {"CLLORITYP": "3"}
_DIRECTIONS = {"1": Direction.INCOMING, "2": Direction.OUTGOING}
_LONGEST_CALL = 9999  # minutes: CLLDUR is a C4


# -------------------------------------------------------------------------------------------------- tasks


def read_task(data: Data, terms: Terms) -> Task:
    """The task a record shows."""
    return Task(
        subject=one_line(long_text(data, terms.screen, "FULOBJ", "TSKDES")),
        report=long_text(data, terms.screen, "FULRPO", "TSKRPO"),
        dates=TaskDates(start=read_date(data.text("TSKSTR")), due=read_date(data.text("TSKDAT"))),
        done=data.text("TSKDON") == YES,
        priority=terms.tables.priorities.get(data.text("TSKPIOLEV"), Priority.NORMAL),
        relation=read_relation(data.text("TSKCMP"), [data.text("TSKCOR")]),
    )


def write_task(name: str, value: Any, current: Data | None, terms: Terms) -> Fields:
    """The X3 fields of one merge field. Raises Refused for what X3 cannot hold."""
    match name:
        case "subject":
            return {long_field(terms.screen, "FULOBJ", "TSKDES"): value}
        case "report":
            return {long_field(terms.screen, "FULRPO", "TSKRPO"): value}
        case "dates":
            return _dates(value, current, terms)
        case "done":
            return {"TSKDON": flag(value)}
        case "priority":
            return _priority(value, current, terms)
        case _:
            return _relation(value, "TSKCMP", "TSKCOR")


def _dates(dates: TaskDates, current: Data | None, terms: Terms) -> Fields:
    due = dates.due
    if due is None and terms.tables.due_required:
        if current is not None:
            raise Refused("X3 keeps no task without a due date", field="dates")
        due = dates.start or terms.today
    return {"TSKSTR": write_date(dates.start), "TSKDAT": write_date(due)}


def _priority(priority: Priority, current: Data | None, terms: Terms) -> Fields:
    table = terms.tables.priorities
    # Several codes may mean the same step: a folder's finer distinction is not flattened by an unchanged step.
    if current is not None and table.get(current.text("TSKPIOLEV")) is priority:
        return {}
    return {"TSKPIOLEV": next((code for code, step in table.items() if step is priority), "")}


def _relation(relation: Relation, company: str, contact: str) -> Fields:
    # The CRM contact (TSKCCN, CLLCCN) is left out: X3 recovers it from the contact (x3.md 1.6). One contact only: K1.
    cors = [person.cor for person in relation.people if person.cor]
    return {company: relation.company.number, contact: next(iter(cors), "")}


# -------------------------------------------------------------------------------------------------- calls


def read_call(data: Data, terms: Terms) -> Call | None:
    """The call a record shows; None when it has no date, so that it cannot be an event."""
    day = read_date(data.text("CLLDAT"))
    if day is None:
        return None
    start = instant(day, data.text("CLLHOU"), terms.zone)
    minutes = data.text("CLLDUR")
    length = timedelta(minutes=int(minutes) if minutes.isdigit() else 0)
    return Call(
        when=When(start=start, end=start + length),
        subject=one_line(long_text(data, terms.screen, "FULOBJ", "CLLOBJ")),
        report=long_text(data, terms.screen, "FULRPO", "CLLRPO"),
        done=data.text("CLLDON") == YES,
        direction=_DIRECTIONS.get(data.text("CLLTYP")),
        phone=one_line(data.text("CLLETS")),
        relation=read_relation(data.text("CLLCMP"), [data.text("CLLCOR")]),
    )


def write_call(name: str, value: Any, current: Data | None, terms: Terms) -> Fields:
    """The X3 fields of one merge field. Raises Refused for what X3 cannot hold."""
    match name:
        case "subject":
            return {long_field(terms.screen, "FULOBJ", "CLLOBJ"): value}
        case "report":
            return {long_field(terms.screen, "FULRPO", "CLLRPO"): value}
        case "when":
            return _when(value, terms)
        case "done":
            return {"CLLDON": flag(value)}
        case "direction":
            if value is None and current is not None:
                return {}  # Outlook does not hold it
            return {"CLLTYP": "1" if value is Direction.INCOMING else "2"}
        case "phone":
            return {} if value is None else {"CLLETS": value}
        case _:
            return _relation(value, "CLLCMP", "CLLCOR")


def _when(when: When, terms: Terms) -> Fields:
    if when.first is not None and when.last is not None:  # a call has no all-day form: it becomes its whole days
        day, clock = write_date(when.first), "0000"
        minutes = ((when.last - when.first).days + 1) * 24 * 60
    else:
        assert when.start is not None
        assert when.end is not None
        day, clock = wall(when.start, terms.zone)
        minutes = int((when.end - when.start).total_seconds()) // 60
    if minutes > _LONGEST_CALL:
        raise Refused(f"a call of {minutes} minutes: X3 holds {_LONGEST_CALL}", field="when")
    return {"CLLDAT": day, "CLLHOU": clock, "CLLDUR": str(minutes)}
