"""todoTask <-> reconcile.model.Task. To Do has neither extended properties nor a private flag (graph.md, 5.3 and 5.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.importance import Importance
from msgraph.generated.models.linked_resource import LinkedResource
from msgraph.generated.models.task_status import TaskStatus
from msgraph.generated.models.todo_task import TodoTask
from msgspec import UNSET

from graph_adapter import wire
from graph_adapter.mapping.common import Unreadable, body_model, clear, company_of, company_text, look, person_text
from graph_adapter.scope import MailboxScope
from graph_adapter.zones import UnknownZone, day, stamp
from reconcile.model import (
    UNREAD,
    Company,
    Kind,
    Marker,
    OutlookFacts,
    Person,
    Present,
    Priority,
    Private,
    Relation,
    Task,
    TaskDates,
    Unread,
    Where,
)
from reconcile.text import fold, line

MARKER_APP = "Sage X3"
PERSON_APP = "Contact"
COMPANY_APP = "Company"
_DONE = "completed"
_PRIORITY = {Priority.LOW: Importance.Low, Priority.NORMAL: Importance.Normal, Priority.HIGH: Importance.High}


def task_expand() -> list[str]:
    """What has to be expanded to know a task: its links hold marker, company and contacts."""
    return ["linkedResources"]


def task(item: wire.Task, scope: MailboxScope, *, folder: str, expanded: bool) -> Present | Private | Unread:
    """The look of a task. Private by its list or a category (S3); `expanded` as asked. Raises Unreadable."""
    folded = {fold(name) for name in scope.private_categories}
    if folder in scope.private_lists or any(fold(c) in folded for c in item.categories or []):
        return Private(key=item.id, marker=_marker(links(item)))
    if not expanded and item.linked is UNSET:
        return UNREAD
    report, details, body = look(item.body)
    content = _content(item, scope, report)
    facts = OutlookFacts(kind=Kind.TASK, folder=folder, marker=_marker(links(item)), body=body, details=details)
    return Present(
        key=item.id,
        version=item.etag,
        modified_at=stamp(item.last_modified),
        content=content,
        facts=facts,
        where=_where(content, scope, folder),
    )


def task_content(item: wire.Task, scope: MailboxScope) -> Task:
    """What of a task crosses, whatever its privacy: only for one that is known not to be private. Raises Unreadable."""
    return _content(item, scope, look(item.body)[0])


def _content(item: wire.Task, scope: MailboxScope, report: str) -> Task:
    return Task(
        subject=line(item.title or ""),
        report=report,
        dates=TaskDates(start=_day(item.start, scope), due=_day(item.due, scope)),
        done=item.status == _DONE,
        priority=_priority(item.importance),
        relation=_relation(links(item)),
    )


def links(item: wire.Task) -> list[wire.LinkedResource]:
    """The task's linkedResources, in Graph's order."""
    return [] if item.linked is UNSET else list(item.linked or [])


def _where(content: Task, scope: MailboxScope, folder: str) -> Where:
    if not scope.manages(Kind.TASK, folder):
        return Where.ELSEWHERE
    return Where.HERE if scope.window.holds_task(content) else Where.OUT_OF_WINDOW


def _day(found: wire.Stamp | None, scope: MailboxScope) -> date | None:
    if found is None:
        return None
    try:
        return day(found.date_time, found.time_zone, scope.zone)
    except UnknownZone as error:
        raise Unreadable(f"unknown time zone {error.name!r}") from error
    except ValueError as error:
        raise Unreadable("a date that is none") from error


def _priority(text: str | None) -> Priority:
    return Priority(text) if text in ("low", "high") else Priority.NORMAL


def _marker(found: Sequence[wire.LinkedResource]) -> Marker | None:
    for link in found:
        if link.application_name == MARKER_APP:
            parsed = Marker.parse(link.external_id or "")
            if parsed is not None:
                return parsed
    return None


def _relation(found: Sequence[wire.LinkedResource]) -> Relation:
    companies = [company_of(link.display_name or "") for link in found if link.application_name == COMPANY_APP]
    people = tuple(
        Person(cor=line(link.external_id or ""), name=line(link.display_name or ""))
        for link in found
        if link.application_name == PERSON_APP
    )
    return Relation(company=companies[0] if companies else Company(), people=people)


# ----------------------------------------------------------------------------------------------- writing


def fresh_task_changes(content: Task, details: Sequence[str]) -> dict[str, Any]:
    """What a create writes: the fields that hold something; the body also for the details block alone."""
    changes: dict[str, Any] = {"subject": content.subject}
    if content.report or details:
        changes["report"] = content.report
    if content.dates != TaskDates():
        changes["dates"] = content.dates
    if content.priority is not Priority.NORMAL:
        changes["priority"] = content.priority
    if content.done:
        changes["done"] = True
    return changes


def task_body(
    changes: Mapping[str, Any],
    scope: MailboxScope,
    *,
    done_now: bool,
    details: Sequence[str],
    links_too: Sequence[Any] = (),
) -> Any:
    """The SDK's model of exactly those fields, without the relation; `report` brings the body. `links_too` go into a
    create. `done_now`: the task's status is completed."""
    model = TodoTask()
    for name, value in changes.items():
        match name:
            case "subject":
                model.title = value
            case "report":
                model.body = body_model(value, details)
            case "dates":
                _write_dates(model, value)
            case "priority":
                model.importance = _PRIORITY[value]
            case "done" if value and not done_now:
                model.status = TaskStatus.Completed
            case "done" if not value and done_now:
                # Every other status is "not done" and stays as the user chose it.
                model.status = TaskStatus.NotStarted
            case _:
                continue
    if links_too:
        model.linked_resources = list(links_too)
    return model


def _write_dates(model: Any, dates: TaskDates) -> None:
    if dates.start is None:
        clear(model, "startDateTime")
    else:
        model.start_date_time = _date_model(dates.start)
    if dates.due is None:
        clear(model, "dueDateTime")
    else:
        model.due_date_time = _date_model(dates.due)


def _date_model(value: date) -> Any:
    # In UTC, because To Do cuts the time off after it may have converted the zone.
    return DateTimeTimeZone(date_time=f"{value.isoformat()}T00:00:00", time_zone="UTC")


def marker_link(marker: Marker, scope: MailboxScope) -> Any:
    """The linkedResource that is a task's marker (M2): it shows the X3 number and opens the record."""
    model = LinkedResource(
        application_name=MARKER_APP, external_id=marker.encode(), display_name=marker.x3_key or MARKER_APP
    )
    if scope.links_url:
        model.web_url = scope.links_url.format(type=marker.type.value, key=marker.x3_key)
    return model


def link_models(relation: Relation) -> list[Any]:
    """The linkedResources of a relation: contacts in their order, then the company (K3, K5)."""
    found = [
        LinkedResource(
            application_name=PERSON_APP, external_id=person.cor or person_text(person), display_name=person_text(person)
        )
        for person in relation.people
    ]
    if company_text(relation.company):
        text = company_text(relation.company)
        found.append(
            LinkedResource(application_name=COMPANY_APP, external_id=relation.company.number or text, display_name=text)
        )
    return found


def stale_links(item: wire.Task, wanted: Sequence[Any]) -> list[wire.LinkedResource] | None:
    """The links of contacts and company that have to go before `wanted` is added; None when they stand as wanted."""
    have = [link for link in links(item) if link.application_name in (PERSON_APP, COMPANY_APP)]
    if [(h.application_name, h.external_id, h.display_name) for h in have] == [
        (w.application_name, w.external_id, w.display_name) for w in wanted
    ]:
        return None
    return have


def marker_links(item: wire.Task) -> list[wire.LinkedResource]:
    """The links that carry a marker, ours or another installation's."""
    return [link for link in links(item) if link.application_name == MARKER_APP]
