"""A caller's event body checked and applied to an event's data (docs: resources/event)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from infra.emulators.graph import bodies, extprops, recurrence, series, zones
from infra.emulators.graph.errors import GraphError, invalid
from infra.emulators.graph.model import Item, Mailbox
from infra.emulators.graph.schema import check_members

ENUMS = {
    "importance": ("low", "normal", "high"),
    "sensitivity": extprops.LEVELS,
    "showAs": ("unknown", "free", "tentative", "busy", "oof", "workingElsewhere"),
}
READ_ONLY = frozenset(
    [
        "id",
        "changeKey",
        "createdDateTime",
        "lastModifiedDateTime",
        "iCalUId",
        "type",
        "seriesMasterId",
        "originalStart",
        "isOrganizer",
        "organizer",
        "webLink",
        "bodyPreview",
        "responseStatus",
        "isCancelled",
        "isDraft",
        "hasAttachments",
        "originalStartTimeZone",
        "originalEndTimeZone",
        "onlineMeetingUrl",
        "cancelledOccurrences",
        "calendar",
        "instances",
        "exceptionOccurrences",
        "attachments",
    ]
)
# What A10 takes to be silent: a PATCH of nothing else sends no mail to attendees.
SILENT = frozenset(
    [
        "categories",
        "singleValueExtendedProperties",
        "multiValueExtendedProperties",
        "isReminderOn",
        "reminderMinutesBeforeStart",
        "showAs",
    ]
)
SUBJECT_LENGTH = 255


def blank_location() -> dict[str, Any]:
    return {
        "displayName": "",
        "locationType": "default",
        "uniqueIdType": "unknown",
        "address": {},
        "coordinates": {},
    }


def defaults(mailbox: Mailbox, ical: str) -> dict[str, Any]:
    """A new event of that organiser."""
    return {
        "categories": [],
        "originalStartTimeZone": "UTC",
        "originalEndTimeZone": "UTC",
        "iCalUId": ical,
        "reminderMinutesBeforeStart": 15,
        "isReminderOn": True,
        "subject": "",
        "importance": "normal",
        "sensitivity": "normal",
        "isAllDay": False,
        "isCancelled": False,
        "responseRequested": True,
        "showAs": "busy",
        "onlineMeetingUrl": None,
        "isOnlineMeeting": False,
        "onlineMeetingProvider": "unknown",
        "allowNewTimeProposals": True,
        "isDraft": False,
        "hideAttendees": False,
        "recurrence": None,
        "onlineMeeting": None,
        "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
        "location": blank_location(),
        "locations": [],
        "attendees": [],
        "body": "",
        "isOrganizer": True,
        "organizer": {"emailAddress": {"name": mailbox.name, "address": mailbox.address}},
    }


def moment(value: Any, name: str) -> datetime:
    """A dateTimeTimeZone as a UTC instant; Graph's 400s for a bad zone or time."""
    if not isinstance(value, dict) or not value.get("dateTime"):
        raise invalid(f"The {name} is required.", "ErrorInvalidRequest")
    zone = str(value.get("timeZone") or "UTC")
    try:
        return zones.parse_wall(str(value["dateTime"]), zone)
    except zones.UnknownZoneError:
        raise invalid(
            f"A valid TimeZone value must be specified. The following TimeZone value is not supported: '{zone}'.",
            "TimeZoneNotSupportedException",
        ) from None
    except ValueError:
        raise invalid(f"Cannot convert '{value['dateTime']}' to a date and time.", "RequestBodyRead") from None


def apply(item: Item, body: dict[str, Any], *, creating: bool) -> None:
    """Write the body's members into the event. Raises GraphError 400 before anything is changed for good."""
    check_members("event", body)
    data = item.data
    for name, allowed in ENUMS.items():
        if name in body and body[name] not in allowed:
            raise invalid(f"Requested value '{body[name]}' was not found.", "RequestBodyRead")
    if len(str(body.get("subject") or "")) > SUBJECT_LENGTH:
        raise invalid("The length of the property Subject exceeds its maximum of 255.")
    if "transactionId" in body and not creating and body["transactionId"] != data.get("transactionId"):
        raise invalid("transactionId cannot be changed after the event was created.", "ErrorInvalidRequest")
    if item.master is not None and body.get("recurrence"):
        raise invalid("An occurrence cannot have a recurrence.", "ErrorInvalidRequest")
    _apply_times(item, body, creating)
    for name, value in body.items():
        if name in READ_ONLY or name.startswith("@"):
            continue
        match name:
            case "start" | "end" | "recurrence" | "isAllDay" | "extensions":
                continue
            case "body":
                data["body"] = _stored_body(value)
            case "location":
                data["location"] = {**blank_location(), **(value or {})}
                data["locations"] = [dict(data["location"])] if data["location"]["displayName"] else []
            case "locations":
                data["locations"] = [{**blank_location(), **x} for x in value or []]
                data["location"] = dict(data["locations"][0]) if data["locations"] else blank_location()
            case "attendees":
                data["attendees"] = [_attendee(a) for a in value or []]
            case "singleValueExtendedProperties":
                set_single(item, extprops.single(value))
            case "multiValueExtendedProperties":
                set_multi(item, extprops.multi(value))
            case "categories":
                data["categories"] = [str(c) for c in value or []]
            case "subject":
                data["subject"] = str(value or "")
            case _:
                data[name] = value


def set_single(item: Item, found: dict[str, str | None]) -> None:
    """Merge single-value properties; sensitivity set through MAPI moves the event's own member."""
    for key, value in found.items():
        if item.kind == "event" and key == extprops.SENSITIVITY:
            item.data["sensitivity"] = extprops.LEVELS[min(3, max(0, int(value or 0)))]
        elif value is None:
            item.single.pop(key, None)
        else:
            item.single[key] = value


def set_multi(item: Item, found: dict[str, list[str]]) -> None:
    """Merge multi-value properties; an emptied one is gone."""
    for key, value in found.items():
        if value:
            item.multi[key] = value
        else:
            item.multi.pop(key, None)


def _stored_body(value: Any) -> str:
    value = value or {}
    content = str(value.get("content") or "")
    return (
        bodies.from_text(content) if str(value.get("contentType", "text")).lower() == "text" else bodies.from_html(content)
    )


def _attendee(value: dict[str, Any]) -> dict[str, Any]:
    address = value.get("emailAddress") or {}
    if not address.get("address"):
        raise invalid("An attendee needs an e-mail address.", "ErrorInvalidRecipients")
    return {
        "type": value.get("type") or "required",
        "status": value.get("status") or {"response": "none", "time": "0001-01-01T00:00:00Z"},
        "emailAddress": {"name": address.get("name") or address["address"], "address": address["address"]},
    }


def _apply_times(item: Item, body: dict[str, Any], creating: bool) -> None:
    data = item.data
    touched = {"start", "end", "isAllDay", "recurrence"} & body.keys()
    if not touched and not creating:
        return
    start_value: Any = body.get("start") or data.get("start")
    end_value: Any = body.get("end") or data.get("end")
    all_day = bool(body.get("isAllDay", data["isAllDay"]))
    if all_day:
        for value in (start_value, end_value):
            if value and "T" in str(value.get("dateTime")) and str(value["dateTime"])[11:].strip("0:.Z"):
                raise invalid("The Event.Start and Event.End properties of an all-day event need to be set to midnight.")
        if start_value and end_value and start_value.get("timeZone") != end_value.get("timeZone"):
            raise invalid("Start and end of an all-day event need the same time zone.")
        moment(start_value, "start")
        moment(end_value, "end")
        start = datetime.fromisoformat(str(start_value["dateTime"])[:10]).replace(tzinfo=UTC)
        end = datetime.fromisoformat(str(end_value["dateTime"])[:10]).replace(tzinfo=UTC)
        if end <= start:
            raise invalid("An all-day event lasts at least one day: its end is exclusive.")
    else:
        start, end = moment(start_value, "start"), moment(end_value, "end")
        if end < start:
            raise invalid("The end of the event is before its start.")
    moved = (start, end, all_day) != (item.start, item.end, data["isAllDay"])
    item.start, item.end, data["isAllDay"] = start, end, all_day
    for side, value in (("start", start_value), ("end", end_value)):
        zone = str(value.get("timeZone") or "UTC")
        data[side] = {"dateTime": str(value["dateTime"]), "timeZone": zone}
        data["originalStartTimeZone" if side == "start" else "originalEndTimeZone"] = zones.windows_name(zone)
    if item.master is not None:
        if not creating and moved:
            series.check_neighbours(item)
        return
    _apply_recurrence(item, body, moved)


def _apply_recurrence(item: Item, body: dict[str, Any], moved: bool) -> None:
    data = item.data
    assert item.start is not None
    first = (item.start if data["isAllDay"] else item.start.astimezone(zones.zone(data["start"]["timeZone"]))).date()
    if "recurrence" in body:
        wanted = body["recurrence"]
        data["recurrence"] = recurrence.check(wanted, first) if wanted else None
        series.reset(item)
    elif moved and data["recurrence"]:
        series.reset(item)
        data["recurrence"]["range"]["startDate"] = first.isoformat()
    if data["recurrence"]:
        span = data["recurrence"]["range"]
        span["recurrenceTimeZone"] = span["recurrenceTimeZone"] or data["start"]["timeZone"]
        try:
            zones.zone(span["recurrenceTimeZone"])
        except zones.UnknownZoneError:
            raise GraphError(400, "TimeZoneNotSupportedException", f"'{span['recurrenceTimeZone']}'") from None
        if next(recurrence.dates(data["recurrence"]), None) is None:
            raise invalid("The recurrence has no occurrence.", "ErrorRecurrenceHasNoOccurrence")
