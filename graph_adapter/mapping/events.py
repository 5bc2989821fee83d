"""event <-> reconcile.model.Appointment and Call. Attendees are read, never written (A6)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.event import Event as EventModel
from msgraph.generated.models.location import Location
from msgspec import UNSET

from graph_adapter import wire
from graph_adapter.mapping.common import (
    COMPANIES,
    MARKER,
    PERSONS,
    Unreadable,
    body_model,
    company_of,
    company_text,
    expand,
    look,
    marker_of,
    person_text,
    properties_model,
    property_model,
    several,
    single,
)
from graph_adapter.scope import MailboxScope
from graph_adapter.zones import UnknownZone, instant, stamp, wall, zone
from reconcile.model import (
    UNREAD,
    Appointment,
    Call,
    Company,
    EventFacts,
    Kind,
    Marker,
    OutlookFacts,
    Person,
    Place,
    Present,
    Private,
    Relation,
    Response,
    Shape,
    Unread,
    When,
    Where,
    type_of,
)
from reconcile.text import fold, line

_DAY = re.compile(r"\.\d{4}-\d\d-\d\d$")
_PRIVATE = frozenset({"private", "personal", "confidential"})
_SHAPES = {
    "singleInstance": Shape.SINGLE,
    "seriesMaster": Shape.MASTER,
    "occurrence": Shape.OCCURRENCE,
    "exception": Shape.EXCEPTION,
}
_RESPONSES = {
    "organizer": Response.ORGANIZER,
    "accepted": Response.ACCEPTED,
    "tentativelyAccepted": Response.TENTATIVE,
    "notResponded": Response.NOT_RESPONDED,
    "declined": Response.DECLINED,
}


def event_expand(scope: MailboxScope) -> list[str]:
    """What has to be expanded to know an event: marker, persons, company. Sensitivity is a plain member."""
    legacy = [scope.legacy_property] if scope.legacy_property else []
    return expand([MARKER, *legacy], [PERSONS, COMPANIES])


@dataclass(frozen=True, slots=True)
class Master:
    """What an occurrence takes from its series master: privacy (S3), and the marker it inherits by being rendered from
    it, which is not its own."""

    private: bool
    marker: str

    @classmethod
    def of(cls, item: wire.Event) -> Master | None:
        """None when the master's sensitivity was not sent."""
        if item.sensitivity is UNSET:
            return None
        return cls(item.sensitivity in _PRIVATE, single(item, MARKER) or "")


def series_of(item: wire.Event) -> str:
    """The id of the series master, blank for a single event or a master."""
    return (item.series_master_id or "") if item.type in ("occurrence", "exception") else ""


def cancelled_days(item: wire.Event) -> tuple[ZoneInfo, frozenset[date]] | None:
    """The days on which a series has lost its occurrence, one by one, and the zone in which they are days; None when the
    master does not tell. An occurrence's id ends with its day: `OID.{master}.2026-06-09`. Raises UnknownZone."""
    if item.cancelled_occurrences is UNSET:
        return None
    days = [date.fromisoformat(one[-10:]) for one in item.cancelled_occurrences or () if _DAY.search(one)]
    return zone("UTC" if item.is_all_day else item.original_start_time_zone), frozenset(days)


def event(
    item: wire.Event, scope: MailboxScope, *, folder: str, expanded: bool, master: Master | None = None
) -> Present | Private | Unread:
    """The look of an event in calendar `folder`. Private of itself or by its `master` (S3); Unread when sensitivity, the
    master or the expanded properties were not read. Raises Unreadable."""
    if item.sensitivity is UNSET:
        return UNREAD
    if item.sensitivity in _PRIVATE or (master is not None and master.private):
        return _private(item)
    if not expanded or (series_of(item) and master is None):
        return UNREAD
    report, details, body = look(item.body, online=_online(item))
    content = _content(item, scope, report)
    marker = marker_of(item, scope, type_of(content))
    if master is not None and master.marker and single(item, MARKER) == master.marker:
        marker = None
    facts = OutlookFacts(
        kind=Kind.EVENT, folder=folder, marker=marker, body=body, details=details, event=_facts(item, scope)
    )
    return Present(
        key=item.id,
        version=item.etag,
        modified_at=stamp(item.last_modified),
        content=content,
        facts=facts,
        where=_where(content, scope, folder),
    )


def _private(item: wire.Event) -> Private:
    """A single event still says whose it was; an occurrence only shows what its master carries."""
    if item.type != "singleInstance":
        return Private(key=item.id)
    text = single(item, MARKER)
    return Private(key=item.id, marker=Marker.parse(text) if text else None, ical_uid=item.ical_uid or "")


def _where(content: Appointment | Call, scope: MailboxScope, folder: str) -> Where:
    if not scope.manages(Kind.EVENT, folder):
        return Where.ELSEWHERE
    return Where.HERE if scope.window.overlaps(content.when) else Where.OUT_OF_WINDOW


def event_content(item: wire.Event, scope: MailboxScope) -> Appointment | Call:
    """What of an event crosses, whatever its privacy: only for one that is known not to be private. Raises Unreadable."""
    return _content(item, scope, look(item.body)[0])


def _content(item: wire.Event, scope: MailboxScope, report: str) -> Appointment | Call:
    when, done = _when(item), _has(item, scope.done_category)
    subject, relation = line(item.subject or ""), _relation(item)
    if _has(item, scope.call_category):
        return Call(when=when, subject=subject, report=report, done=done, relation=relation)
    place = Place(text=line((item.location.display_name if item.location else None) or ""))
    return Appointment(
        when=when,
        subject=subject,
        report=report,
        place=place,
        done=done,
        category=2 if _others(item) else None,
        relation=relation,
    )


def _facts(item: wire.Event, scope: MailboxScope) -> EventFacts:
    organizes = item.is_organizer is not False
    answer = item.response_status.response if item.response_status else None
    return EventFacts(
        ical_uid=item.ical_uid or "",
        shape=_SHAPES.get(item.type or "", Shape.SINGLE),
        series_id=series_of(item),
        original_start=stamp(item.original_start),
        organizer=organizes,
        organizer_email=_organizer(item),
        attendees=len(_others(item)),
        response=Response.ORGANIZER if organizes else _RESPONSES.get(answer or "", Response.NONE),
        cancelled=item.is_cancelled,
        draft=item.is_draft,
        call=_has(item, scope.call_category),
    )


def _when(item: wire.Event) -> When:
    if item.start is None or item.end is None:
        raise Unreadable("an event without start or end")
    try:
        if item.is_all_day:
            # Its dates are the same in every zone (A9); Graph's end is exclusive.
            first = date.fromisoformat(item.start.date_time[:10])
            last = date.fromisoformat(item.end.date_time[:10]) - timedelta(days=1)
            return When(first=first, last=max(first, last))
        start = instant(item.start.date_time, item.start.time_zone)
        return When(start=start, end=max(start, instant(item.end.date_time, item.end.time_zone)))
    except UnknownZone as error:
        raise Unreadable(f"unknown time zone {error.name!r}") from error
    except ValueError as error:
        raise Unreadable("a date that is none") from error


def _organizer(item: wire.Event) -> str:
    address = item.organizer.email_address if item.organizer else None
    return ((address.address if address else None) or "").strip().lower()


def _others(item: wire.Event) -> list[wire.Attendee]:
    organizer = _organizer(item)
    return [a for a in item.attendees or [] if _address(a).lower() != organizer]


def _address(attendee: wire.Attendee) -> str:
    return ((attendee.email_address.address if attendee.email_address else None) or "").strip()


def _relation(item: wire.Event) -> Relation:
    """K: names of the linked-contacts property, then attendees; rooms are no persons."""
    named = [Person(name=line(name)) for name in several(item, PERSONS) if line(name)]
    invited = [
        Person(name=line((a.email_address.name if a.email_address else None) or ""), email=_address(a))
        for a in _others(item)
        if a.type != "resource"
    ]
    companies = [company_of(text) for text in several(item, COMPANIES) if line(text)]
    return Relation(company=companies[0] if companies else Company(), people=(*named, *invited))


def _has(item: wire.Event, category: str) -> bool:
    return fold(category) in {fold(c) for c in item.categories or []}


def _online(item: wire.Event) -> bool:
    meeting = bytes(item.online_meeting).strip() if item.online_meeting is not None else b"null"
    return item.is_online_meeting or meeting not in (b"null", b"{}")


# ----------------------------------------------------------------------------------------------- writing


# What has a place in an event; category, participants, direction and phone have none.
_WRITTEN = frozenset({"subject", "report", "when", "place", "done", "relation"})


def event_changes(changes: Mapping[str, Any], now: Appointment | Call) -> dict[str, Any]:
    """Those of the changes that an event can show; a place whose text stays has changed on X3's side only."""
    shown = {name: value for name, value in changes.items() if name in _WRITTEN}
    if isinstance(now, Appointment) and "place" in shown and shown["place"].text == now.place.text:
        del shown["place"]
    return shown


def event_body(
    changes: Mapping[str, Any],
    scope: MailboxScope,
    *,
    categories: Sequence[str],
    details: Sequence[str],
    marker: Marker | None = None,
) -> Any:
    """The SDK's model of exactly those fields; `report` brings the body. `categories` are those the event has now, so
    that others than ours stay."""
    model = EventModel()
    for name, value in changes.items():
        match name:
            case "subject":
                model.subject = value
            case "report":
                model.body = body_model(value, details)
            case "when":
                _write_when(model, value, scope)
            case "place":
                model.location = Location(display_name=value.text)
            case "done":
                others = [c for c in categories if fold(c) != fold(scope.done_category)]
                model.categories = [*others, scope.done_category] if value else others
            case "relation":
                model.multi_value_extended_properties = [
                    properties_model(PERSONS, [person_text(p) for p in value.people if person_text(p)]),
                    properties_model(COMPANIES, [t] if (t := company_text(value.company)) else []),
                ]
            case _:
                continue
    if marker is not None:
        model.single_value_extended_properties = [property_model(MARKER, marker.encode())]
    return model


def new_event_body(
    content: Appointment | Call,
    scope: MailboxScope,
    *,
    details: Sequence[str],
    marker: Marker | None,
    token: str,
    now: datetime | None,
) -> Any:
    """The SDK's model of a create: reminder off unless it lies ahead and one is set (A11); `now` is the server's clock."""
    changes: dict[str, Any] = {"subject": content.subject, "when": content.when}
    if content.report or details:
        changes["report"] = content.report
    if isinstance(content, Appointment) and content.place.text:
        changes["place"] = content.place
    if content.done:
        changes["done"] = True
    if content.relation != Relation():
        changes["relation"] = content.relation
    categories = [scope.call_category] if isinstance(content, Call) else []
    model = event_body(changes, scope, categories=categories, details=details, marker=marker)
    if categories and not content.done:
        model.categories = categories
    ahead = now is not None and content.when.start is not None and content.when.start > now
    model.is_reminder_on = ahead and scope.reminder_minutes is not None
    if model.is_reminder_on:
        model.reminder_minutes_before_start = scope.reminder_minutes
    if token:
        model.transaction_id = token
    return model


def _write_when(model: Any, when: When, scope: MailboxScope) -> None:
    model.is_all_day = when.all_day
    if when.first is not None and when.last is not None:
        start, end = (datetime.combine(d, time()).isoformat() for d in (when.first, when.last + timedelta(days=1)))
        model.start = DateTimeTimeZone(date_time=start, time_zone="UTC")
        model.end = DateTimeTimeZone(date_time=end, time_zone="UTC")
        return
    assert when.start is not None
    assert when.end is not None
    for side, moment in (("start", when.start), ("end", when.end)):
        text, zone = wall(moment, scope.zone)
        setattr(model, side, DateTimeTimeZone(date_time=text, time_zone=zone))
