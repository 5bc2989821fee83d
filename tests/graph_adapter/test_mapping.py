"""Graph's shapes as values: privacy (S3), markers (M2), relations (K), slots, bodies (C7, C8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from graph_adapter import wire
from graph_adapter.mapping import (
    MARKER,
    Master,
    Unreadable,
    contact,
    contact_expand,
    event,
    event_expand,
    keep_slots,
    retype,
    task,
)
from graph_adapter.mapping.common import same_id
from graph_adapter.scope import LEGACY_PROPERTY, MailboxScope
from reconcile.model import (
    UNREAD,
    Appointment,
    Body,
    Born,
    Call,
    Company,
    Contact,
    ItemType,
    Kind,
    Marker,
    Person,
    Present,
    Private,
    Response,
    Shape,
    Task,
    Where,
)
from tests.strategies import WINDOW

SCOPE = MailboxScope(
    mailbox="m1",
    fp="fp1",
    folders={Kind.CONTACT: ("f1",), Kind.EVENT: ("c1",), Kind.TASK: ("l1",)},
    window=WINDOW,
    zone="Europe/Paris",
)
OURS = Marker(fp="fp1", mailbox="m1", type=ItemType.APPOINTMENT, x3_key="BAP1", born=Born.CREATED)
TIMES = {
    "start": {"dateTime": "2026-03-10T08:00:00.0000000", "timeZone": "UTC"},
    "end": {"dateTime": "2026-03-10T09:00:00.0000000", "timeZone": "UTC"},
}


def read_event(*, master: Master | None = None, expanded: bool = True, folder: str = "c1", **members: Any) -> Any:
    row = {"id": "e1", "@odata.etag": 'W/"1"', "sensitivity": "normal", "type": "singleInstance", **TIMES, **members}
    item = msgspec.json.decode(msgspec.json.encode(row), type=wire.Event)
    return event(item, SCOPE, folder=folder, expanded=expanded, master=master)


def read_contact(*, expanded: bool = True, **members: Any) -> Any:
    row = {"id": "k1", "@odata.etag": 'W/"1"', "parentFolderId": "f1", **members}
    return contact(msgspec.json.decode(msgspec.json.encode(row), type=wire.Contact), SCOPE, expanded=expanded)


def read_task(*, expanded: bool = True, folder: str = "l1", scope: MailboxScope = SCOPE, **members: Any) -> Any:
    row = {"id": "t1", "@odata.etag": 'W/"1"', "title": "T", "linkedResources": [], **members}
    return task(msgspec.json.decode(msgspec.json.encode(row), type=wire.Task), scope, folder=folder, expanded=expanded)


def prop(name: str, value: str) -> dict[str, str]:
    return {"id": name, "value": value}


@pytest.mark.parametrize("sensitivity", ["private", "personal", "confidential"])
def test_s3_a_private_event_is_its_id_only(sensitivity: str) -> None:
    assert read_event(sensitivity=sensitivity, subject="secret") == Private(key="e1")


@pytest.mark.parametrize("kind", ["occurrence", "exception"])
def test_s3_an_occurrence_is_private_by_its_master(kind: str) -> None:
    own: dict[str, Any] = {"type": kind, "seriesMasterId": "s1"}
    assert read_event(master=Master(private=True, marker=""), **own) == Private(key="e1")
    assert read_event(master=None, **own) == UNREAD
    seen = read_event(master=Master(private=False, marker=""), **own)
    assert isinstance(seen, Present)
    assert seen.outlook.event is not None
    assert seen.outlook.event.series_id == "s1"


def test_s3_privacy_that_was_not_read_is_unread() -> None:
    skeleton = msgspec.json.decode(msgspec.json.encode({"id": "e1", **TIMES}), type=wire.Event)
    assert event(skeleton, SCOPE, folder="c1", expanded=True) == UNREAD
    assert read_event(expanded=False) == UNREAD
    assert read_contact(expanded=False) == UNREAD


@pytest.mark.parametrize(
    "flag",
    [
        prop("Integer 0x36", "2"),
        prop("integer 0x0036", "1"),
        prop("Boolean {00062008-0000-0000-c000-000000000046} id 0x8506", "true"),
    ],
)
def test_s3_a_private_contact_is_its_id_only(flag: dict[str, str]) -> None:
    assert read_contact(surname="Secret", singleValueExtendedProperties=[flag]) == Private(key="k1")


def test_s3_a_contact_that_says_not_private_is_read() -> None:
    flags = [prop("Integer 0x36", "0"), prop("Boolean {00062008-0000-0000-C000-000000000046} Id 0x8506", "false")]
    assert isinstance(read_contact(singleValueExtendedProperties=flags), Present)


@pytest.mark.parametrize("category", ["Private", "PRIVÉ", "privat", "Prive"])
def test_s3_a_task_is_private_by_category_or_list(category: str) -> None:
    assert read_task(categories=["Red", category]) == Private(key="t1")
    hidden = MailboxScope(mailbox="m1", fp="fp1", folders={}, window=WINDOW, private_lists=frozenset({"l1"}))
    assert read_task(scope=hidden) == Private(key="t1")


def test_property_ids_compare_numerically_and_without_case() -> None:
    assert same_id("Integer 0x0036") == same_id("integer 0x36")
    assert same_id("String {ABC} Name Key") == same_id("string {abc} Name Key")
    assert same_id("String {abc} Name Key") != same_id("String {abc} Name key")


def test_m2_markers_of_ours_and_of_the_old_add_in() -> None:
    ours = read_event(singleValueExtendedProperties=[prop(MARKER, OURS.encode()), prop(LEGACY_PROPERTY, "OLD1")])
    assert ours.outlook.marker == OURS
    old = read_event(singleValueExtendedProperties=[prop(LEGACY_PROPERTY, "OLD1")])
    assert old.outlook.marker == Marker(fp="fp1", mailbox="m1", type=ItemType.APPOINTMENT, x3_key="OLD1", born=Born.LINKED)
    call = read_event(categories=["X3 Call"], singleValueExtendedProperties=[prop(LEGACY_PROPERTY, "OLD1")])
    assert call.outlook.marker == replace(old.outlook.marker, type=ItemType.CALL)
    links = [{"id": "1", "applicationName": "Sage X3", "externalId": OURS.encode(), "displayName": "BAP1"}]
    assert read_task(linkedResources=links).outlook.marker == OURS


def test_a_marker_an_occurrence_only_inherits_is_not_its_own() -> None:
    properties = [prop(MARKER, OURS.encode())]
    own: dict[str, Any] = {"type": "occurrence", "seriesMasterId": "s1", "singleValueExtendedProperties": properties}
    assert read_event(master=Master(private=False, marker=OURS.encode()), **own).outlook.marker is None
    assert read_event(master=Master(private=False, marker=""), **own).outlook.marker == OURS


def test_k_persons_of_an_event_are_the_property_then_the_attendees() -> None:
    def guest(address: str, kind: str = "required") -> dict[str, Any]:
        return {"type": kind, "emailAddress": {"name": address.partition("@")[0], "address": address}}

    seen = read_event(
        organizer={"emailAddress": {"name": "Me", "address": "Me@contoso.example"}},
        attendees=[guest("me@contoso.example"), guest("a@x.example"), guest("room@contoso.example", "resource")],
        isOrganizer=True,
        multiValueExtendedProperties=[
            {"id": "StringArray {00062008-0000-0000-c000-000000000046} Id 0x853a", "value": ["Ada Byron", " "]},
            {"id": "StringArray {00062008-0000-0000-c000-000000000046} Id 0x8539", "value": ["ACME   #C001#"]},
        ],
    )
    assert seen.content.relation.people == (Person(name="Ada Byron"), Person(name="a", email="a@x.example"))
    assert seen.content.relation.company == Company(number="C001", name="ACME")
    assert seen.content.category == 2
    assert seen.outlook.event.attendees == 2
    assert seen.outlook.event.response is Response.ORGANIZER


def test_a9_all_day_events_are_dates() -> None:
    seen = read_event(
        isAllDay=True,
        start={"dateTime": "2026-03-10T00:00:00.0000000", "timeZone": "UTC"},
        end={"dateTime": "2026-03-12T00:00:00.0000000", "timeZone": "UTC"},
    )
    assert (seen.content.when.first, seen.content.when.last) == (date(2026, 3, 10), date(2026, 3, 11))


def test_the_category_makes_a_call_and_a_link_overrules_it() -> None:
    seen = read_event(categories=["x3 call", "done"], subject="Ring", location={"displayName": "Here"})
    assert isinstance(seen.content, Call)
    assert seen.content.done
    as_appointment = retype(seen, ItemType.APPOINTMENT)
    assert isinstance(as_appointment, Present)
    assert isinstance(as_appointment.content, Appointment)
    assert as_appointment.content.subject == "Ring"


def test_facts_of_an_event() -> None:
    seen = read_event(
        isOrganizer=False,
        isCancelled=True,
        isDraft=True,
        responseStatus={"response": "tentativelyAccepted"},
        iCalUId="U1",
        type="seriesMaster",
        isOnlineMeeting=True,
        body={"contentType": "html", "content": "<p>----- Sage X3 -----<br>No 1<br>----- / Sage X3 -----<br>Mine</p>"},
    )
    facts = seen.outlook.event
    assert (facts.organizer, facts.cancelled, facts.draft, facts.ical_uid) == (False, True, True, "U1")
    assert (facts.response, facts.shape) == (Response.TENTATIVE, Shape.MASTER)
    assert (seen.outlook.body, seen.outlook.details, seen.content.report) == (Body.ONLINE, True, "Mine")


def test_s6_where_an_event_stands() -> None:
    assert read_event().where is Where.HERE
    assert read_event(folder="other").where is Where.ELSEWHERE
    late = {"dateTime": "2030-01-01T00:00:00.0000000", "timeZone": "UTC"}
    assert read_event(start=late, end=late).where is Where.OUT_OF_WINDOW


def test_e_mail_slots_of_both_kinds_of_servers() -> None:
    address = {"name": "x", "address": "a@x.example"}
    third = {"address": "c@x.example"}
    slots = read_contact(primaryEmailAddress=None, secondaryEmailAddress=address, emailAddresses=[address, third])
    assert (slots.content.work_email, slots.content.home_email) == ("", "a@x.example")
    assert slots.content.more_emails == ("c@x.example",)
    listed = read_contact(emailAddresses=[address, {"address": "b@x.example"}, {"address": "c@x.example"}])
    assert (listed.content.work_email, listed.content.home_email) == ("a@x.example", "b@x.example")
    assert listed.content.more_emails == ("c@x.example",)


A, B, C, D = (f"{name}@x.example" for name in "abcd")


@pytest.mark.parametrize(
    ("listed", "slots"),
    [
        ([B, C], ("", B, (C,))),
        ([A, C], (A, "", (C,))),
        ([C], ("", "", (C,))),
        ([B], ("", B, ())),
        ([D, B, C], (D, B, (C,))),
        ([A, D, C], (A, D, (C,))),
        ([A, C, D], (A, "", (C, D))),
        ([B, A, C], (B, A, (C,))),
        ([C, A, B], (C, A, (B,))),
        ([D], (D, "", ())),
        ([], ("", "", ())),
    ],
    ids=["-a", "-b", "-a-b", "-a-c", "a=d", "b=d", "-b+d", "exchanged", "c first", "all new", "none"],
)
def test_no_address_changes_slot_because_an_earlier_one_went(listed: list[str], slots: tuple[str, str, tuple[str]]) -> None:
    seen = Contact(work_email=A, home_email=B, more_emails=(C,))
    now = read_contact(emailAddresses=[{"address": mail} for mail in listed]).content
    kept = keep_slots(now, seen)
    assert (kept.work_email, kept.home_email, kept.more_emails) == slots
    assert keep_slots(now, kept) == keep_slots(kept, kept) == kept


def test_a_contact_is_normalised() -> None:
    seen = read_contact(
        surname=" Byron ",
        title="Mme",
        businessAddress={"street": "1 rue X\r\nBât. B ", "city": "PARIS", "countryOrRegion": "France"},
        businessPhones=["+33 1", "+33 2"],
        homePhones=[],
        singleValueExtendedProperties=[prop("String 0x3a24", "+33 9")],
        birthday="1974-07-22T11:59:00Z",
    ).content
    assert (seen.name.surname, seen.title, seen.work_fax, seen.work_phone) == ("Byron", "Mrs", "+33 9", "+33 1")
    assert (seen.work_address.street, seen.work_address.country) == ("1 rue X\nBât. B", "FR")
    assert seen.birthday == date(1974, 7, 22)


def test_null_members_are_nothing() -> None:
    nothing: dict[str, Any] = dict.fromkeys(
        ("categories", "businessPhones", "homePhones", "emailAddresses", "businessAddress", "birthday")
    )
    assert read_contact(**nothing).content == Contact()
    assert isinstance(read_event(attendees=None, categories=None, location=None, body=None), Present)
    assert read_task(body=None, dueDateTime=None, categories=None).content == Task(subject="T")


def test_what_must_be_expanded_is_named() -> None:
    assert MARKER in contact_expand(SCOPE)[0]
    assert "Integer 0x36" in contact_expand(SCOPE)[0]
    assert [text.partition("(")[0] for text in event_expand(SCOPE)] == [
        "singleValueExtendedProperties",
        "multiValueExtendedProperties",
    ]


def test_a9_an_unknown_zone_makes_the_item_unreadable_and_says_its_name() -> None:
    with pytest.raises(Unreadable, match="Custom"):
        read_event(start={"dateTime": "2026-03-10T08:00:00", "timeZone": "tzone://Microsoft/Custom"})
    with pytest.raises(Unreadable):
        read_task(dueDateTime={"dateTime": "soon", "timeZone": "UTC"})
