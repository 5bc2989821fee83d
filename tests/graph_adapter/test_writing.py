"""Steps on Outlook items: conditional writes, lost answers (M7), relations (K3), bodies (C7), slots, reminders (A11)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from graph_adapter.mailbox import Mailbox
from reconcile.actions import Create, Delete, Mark, Update
from reconcile.model import (
    Address,
    Appointment,
    Body,
    Born,
    Call,
    Company,
    Contact,
    Content,
    ItemType,
    Kind,
    Person,
    PersonName,
    Place,
    PlaceKind,
    Present,
    Relation,
    Side,
    Task,
    TaskDates,
    When,
    type_of,
)
from reconcile.port import Moved, Refused, TryLater
from tests.graph_adapter.conftest import Box
from tests.strategies import NOW

WHEN = When(start=NOW + timedelta(days=3), end=NOW + timedelta(days=3, hours=1))
FULL = Contact(
    name=PersonName(surname="Lefèvre", given="Anaïs"),
    title="Mrs",
    function="Buyer",
    department="Purchasing",
    company="ACME",
    work_address=Address(street="1 rue X\nBât. B", postal_code="75001", city="Paris", state="IDF", country="FR"),
    work_phone="+33 1",
    work_fax="+33 9",
    mobile="+33 6",
    work_email="a@x.example",
    home_address=Address(street="2 rue Y", city="Lyon", country="DE"),
    home_phone="+33 4",
    home_email="h@x.example",
    birthday=date(1974, 7, 22),
)


def new(box: Box, content: Content, **more: Any) -> Create:
    item_type = type_of(content)
    folder, marker = box.folders[item_type.kind], box.marker(item_type)
    base = {"side": Side.OUTLOOK, "type": item_type, "content": content, "marker": marker, "folder": folder}
    return Create(**{**base, "token": "token-1", **more})


def update(target: Present, item_type: ItemType, **more: Any) -> Update:
    changes = {k: v for k, v in more.items() if k not in ("details", "marker")}
    rest = {k: v for k, v in more.items() if k in ("details", "marker")}
    return Update(side=Side.OUTLOOK, type=item_type, target=target, changes=changes, **rest)


async def apply(endpoint: Mailbox, step: Create | Update | Mark) -> Present:
    made = await endpoint.apply(step)
    assert made is not None
    return made


@pytest.mark.parametrize("slots", [True, False])
async def test_every_field_of_a_contact_goes_there_and_empties(box: Box, slots: bool) -> None:
    await box.control("switches", {"contact_email_slots": slots})
    made = await apply(box.endpoint, new(box, FULL))
    assert made.content == FULL
    names = [n for n in FULL.__slots__ if n != "name"]
    emptied = await apply(
        box.endpoint, update(made, ItemType.CONTACT, **{name: getattr(Contact(), name) for name in names})
    )
    assert emptied.content == Contact(name=FULL.name)


async def test_an_address_alone_keeps_its_slot(box: Box) -> None:
    made = await apply(box.endpoint, new(box, Contact(name=FULL.name, home_email="h@x.example")))
    assert (made.content.work_email, made.content.home_email) == ("", "h@x.example")  # type: ignore[union-attr]


async def test_other_phones_and_addresses_keep_their_order(box: Box) -> None:
    addresses = [{"address": f"{n}@x.example"} for n in "abc"]
    key = await box.new_contact(businessPhones=["1", "2"], emailAddresses=addresses)
    ref = box.ref(Kind.CONTACT, key)
    seen = (await box.endpoint.read([ref]))[ref]
    assert isinstance(seen, Present)
    await apply(box.endpoint, update(seen, ItemType.CONTACT, work_phone="9", work_email="z@x.example"))
    row = await box.owner("GET", f"contacts/{key}")
    assert row["businessPhones"] == ["9", "2"]
    assert [a["address"] for a in row["emailAddresses"]] == ["z@x.example", "b@x.example", "c@x.example"]


@pytest.mark.parametrize("inner", ["drop_after_commit"])
@pytest.mark.parametrize(
    "content", [Contact(name=PersonName(surname="X")), Task(subject="X"), Appointment(when=WHEN, subject="X")]
)
async def test_m7_a_lost_answer_is_found_and_never_sent_twice(box: Box, content: Content, inner: str) -> None:
    step = new(box, content)
    assert await box.endpoint.find(step) is None
    await box.fault(inner, method="POST")
    with pytest.raises(TryLater) as caught:
        await box.endpoint.apply(step)
    assert caught.value.sent
    found = await box.endpoint.find(step)
    assert isinstance(found, Present)
    assert found.outlook.marker == step.marker
    listing = await box.endpoint.changes(box.stream(step.type.kind), None)
    assert [s.ref.key for s in listing.sightings] == [found.key]


async def test_m7_a_lookalike_marker_is_not_ours(box: Box) -> None:
    """The server compares values without case."""
    step = new(box, Contact(name=PersonName(surname="X")), marker=replace(box.marker(ItemType.CONTACT), x3_key="kx"))
    await box.endpoint.apply(step)
    other = replace(step, marker=replace(box.marker(ItemType.CONTACT), x3_key="KX"))
    assert await box.endpoint.find(other) is None


@pytest.mark.parametrize("status", [400, 409])
async def test_m7_a_used_transaction_id_leads_to_its_event(box: Box, status: int) -> None:
    await box.control("switches", {"transaction_duplicate_status": status})
    step = new(box, Appointment(when=WHEN, subject="X"))
    first, second = await apply(box.endpoint, step), await apply(box.endpoint, step)
    assert first.key == second.key


async def test_m7_an_event_without_marker_is_found_by_its_token(box: Box) -> None:
    step = new(box, Appointment(when=WHEN, subject="X"), marker=None)
    assert await box.endpoint.find(step) is None
    made = await apply(box.endpoint, step)
    found = await box.endpoint.find(step)
    assert found is not None
    assert found.key == made.key


async def test_a11_reminders(box: Box) -> None:
    now = (await box.endpoint.changes(box.stream(Kind.EVENT), None)).now.replace(second=0)
    ahead = When(start=now + timedelta(days=2), end=now + timedelta(days=2))
    past = When(start=now - timedelta(days=2), end=now - timedelta(days=2))
    for when, minutes, on in ((ahead, None, False), (ahead, 30, True), (past, 30, False)):
        endpoint = box.scoped(reminder_minutes=minutes)
        made = await apply(endpoint, new(box, Appointment(when=when, subject="X"), token=f"{on}{minutes}{when.start}"))
        row = await box.owner("GET", f"events/{made.key}")
        assert row["isReminderOn"] is on
        assert not on or row["reminderMinutesBeforeStart"] == minutes


async def test_a_call_is_an_event_of_its_category(box: Box) -> None:
    relation = Relation(company=Company(number="C001", name="ACME"), people=(Person(name="Ada Byron"),))
    made = await apply(box.endpoint, new(box, Call(when=WHEN, subject="Ring", done=True, relation=relation)))
    assert made.content == Call(when=WHEN, subject="Ring", done=True, relation=relation)
    row = await box.owner("GET", f"events/{made.key}")
    assert row["categories"] == ["X3 Call", "Done"]
    await box.owner("PATCH", f"events/{made.key}", {"categories": ["Done", "Red"]})
    ref = box.ref(Kind.EVENT, made.key, type=ItemType.CALL)
    seen = (await box.endpoint.read([ref]))[ref]
    assert isinstance(seen, Present)
    assert isinstance(seen.content, Call)
    undone = await apply(box.endpoint, update(seen, ItemType.CALL, done=False))
    assert isinstance(undone.content, Call)
    assert (await box.owner("GET", f"events/{made.key}"))["categories"] == ["Red"]


@pytest.mark.parametrize("via_utc", [True, False])
async def test_dates_of_a_task_stay(box: Box, via_utc: bool) -> None:
    await box.control("switches", {"todo_dates_via_utc": via_utc})
    dates = TaskDates(start=date(2026, 3, 9), due=date(2026, 3, 11))
    made = await apply(box.endpoint, new(box, Task(subject="X", dates=dates)))
    assert made.content == Task(subject="X", dates=dates)


async def test_a9_all_day_and_timed_appointments(box: Box) -> None:
    all_day = When(first=date(2026, 3, 28), last=date(2026, 3, 29))
    made = await apply(box.endpoint, new(box, Appointment(when=all_day, subject="X", place=Place(text="Lyon"))))
    assert made.content == Appointment(when=all_day, subject="X", place=Place(text="Lyon"))
    timed = When(start=datetime(2026, 10, 25, 0, 30, tzinfo=UTC), end=datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    moved = await apply(box.endpoint, update(made, ItemType.APPOINTMENT, when=timed))
    assert moved.content.when == timed  # type: ignore[union-attr]


async def test_c7_the_details_block_is_written_renewed_and_stays_away(box: Box) -> None:
    step = new(box, Appointment(when=WHEN, subject="X", report="Mine <b>"), details=("No 1",))
    made = await apply(box.endpoint, step)
    assert (made.content.report, made.outlook.details, made.outlook.body) == ("Mine <b>", True, Body.PLAIN)  # type: ignore[union-attr]
    renewed = await apply(box.endpoint, update(made, ItemType.APPOINTMENT, subject="Y", details=("No 2",)))
    body = (await box.owner("GET", f"events/{made.key}"))["body"]["content"]
    assert "No 2" in body
    assert "No 1" not in body
    assert renewed.content.report == "Mine <b>"  # type: ignore[union-attr]
    await box.owner("PATCH", f"events/{made.key}", {"body": {"contentType": "text", "content": "Only mine"}})
    ref = box.ref(Kind.EVENT, made.key)
    seen = (await box.endpoint.read([ref]))[ref]
    assert isinstance(seen, Present)
    again = await apply(box.endpoint, update(seen, ItemType.APPOINTMENT, report="New", details=("No 3",)))
    assert (again.content.report, again.outlook.details) == ("New", False)  # type: ignore[union-attr]


async def test_c8_an_online_body_is_never_written(box: Box) -> None:
    key = await box.new_event(isOnlineMeeting=True)
    ref = box.ref(Kind.EVENT, key)
    seen = (await box.endpoint.read([ref]))[ref]
    assert isinstance(seen, Present)
    with pytest.raises(Refused) as caught:
        await box.endpoint.apply(update(seen, ItemType.APPOINTMENT, report="x"))
    assert caught.value.field == "report"


async def test_k3_only_links_of_contacts_and_company_change(box: Box) -> None:
    foreign = {"applicationName": "Mail", "externalId": "1", "displayName": "a mail"}
    person = {"applicationName": "Contact", "externalId": "COR1", "displayName": "Ada"}
    key = await box.new_task(linkedResources=[foreign, person, {**person, "externalId": "COR2"}])
    ref = box.ref(Kind.TASK, key)
    seen = (await box.endpoint.read([ref]))[ref]
    assert isinstance(seen, Present)
    wanted = Relation(company=Company(number="C1", name="ACME"), people=(Person(cor="COR3", name="Bo"),))
    done = await apply(box.endpoint, update(seen, ItemType.TASK, relation=wanted))
    assert done.content.relation == wanted  # type: ignore[union-attr]
    rows = (await box.owner("GET", f"todo/lists/{box.folders[Kind.TASK]}/tasks/{key}/linkedResources"))["value"]
    assert [row["applicationName"] for row in rows] == ["Mail", "Contact", "Company"]
    box.graph.reset_counts()
    await apply(box.endpoint, update(done, ItemType.TASK, relation=wanted))
    assert box.graph.counts().writes == 0


@pytest.mark.parametrize(
    "content", [Contact(name=PersonName(surname="X")), Task(subject="X"), Appointment(when=WHEN, subject="X")]
)
async def test_a_change_in_between_is_not_overwritten(box: Box, content: Content) -> None:
    made = await apply(box.endpoint, new(box, content))
    kind = type_of(content).kind
    path = {
        Kind.CONTACT: f"contacts/{made.key}",
        Kind.EVENT: f"events/{made.key}",
        Kind.TASK: f"todo/lists/{box.folders[Kind.TASK]}/tasks/{made.key}",
    }[kind]
    # A change of something we do not carry moves the tag only: the write goes through.
    await box.owner("PATCH", path, {"categories": ["Red"]})
    field, value = ("department", "D") if kind is Kind.CONTACT else ("subject", "Ours")
    written = await apply(box.endpoint, update(made, type_of(content), **{field: value}))
    assert getattr(written.content, field) == value
    owners = {Kind.CONTACT: {"jobTitle": "J"}, Kind.EVENT: {"subject": "S"}, Kind.TASK: {"title": "S"}}[kind]
    await box.owner("PATCH", path, owners)
    with pytest.raises(Moved):
        await box.endpoint.apply(update(written, type_of(content), **{field: "lost"}))
    with pytest.raises(Moved):
        await box.endpoint.apply(Delete(side=Side.OUTLOOK, type=type_of(content), target=written))


@pytest.mark.parametrize(
    "content", [Contact(name=PersonName(surname="X")), Task(subject="X"), Appointment(when=WHEN, subject="X")]
)
async def test_d5_a_lost_deletion_is_done_the_second_time(box: Box, content: Content) -> None:
    made = await apply(box.endpoint, new(box, content))
    step = Delete(side=Side.OUTLOOK, type=type_of(content), target=made)
    await box.fault("drop_after_commit", method="DELETE")
    with pytest.raises(TryLater) as caught:
        await box.endpoint.apply(step)
    assert caught.value.sent
    assert await box.endpoint.apply(step) is None


async def test_a10_a_mark_is_silent_and_writes_nothing_else(box: Box) -> None:
    guest = {"type": "required", "emailAddress": {"name": "G", "address": "guest@elsewhere.example"}}
    key = await box.new_event(attendees=[guest], categories=["Red"])
    ref = box.ref(Kind.EVENT, key)
    seen = (await box.endpoint.read([ref]))[ref]
    assert isinstance(seen, Present)
    mails = (await box.http.get(f"{box.root}/_emulator/stats")).json()["attendee_mails"]
    marker = replace(box.marker(ItemType.APPOINTMENT), born=Born.LINKED)
    marked = await apply(box.endpoint, Mark(type=ItemType.APPOINTMENT, target=seen, marker=marker))
    assert (marked.outlook.marker, marked.content) == (marker, seen.content)
    assert (await box.http.get(f"{box.root}/_emulator/stats")).json()["attendee_mails"] == mails


async def test_a6_a_room_that_was_invited_meanwhile_is_nobody_who_may_be_mailed(box: Box) -> None:
    """It does not show in the content, so the tag alone moved; yet more would be mailed than was judged."""
    guest = {"type": "required", "emailAddress": {"name": "G", "address": "guest@elsewhere.example"}}
    room = {"type": "resource", "emailAddress": {"name": "Room", "address": "room@elsewhere.example"}}
    key = await box.new_event(attendees=[guest])
    ref = box.ref(Kind.EVENT, key)
    seen = (await box.endpoint.read([ref]))[ref]
    assert isinstance(seen, Present)
    await box.owner("PATCH", f"events/{key}", {"attendees": [guest, room]})
    mails = (await box.http.get(f"{box.root}/_emulator/stats")).json()["attendee_mails"]
    for step in (
        update(seen, ItemType.APPOINTMENT, subject="Ours"),
        Delete(side=Side.OUTLOOK, type=ItemType.APPOINTMENT, target=seen),
    ):
        with pytest.raises(Moved):
            await box.endpoint.apply(step)
    assert (await box.http.get(f"{box.root}/_emulator/stats")).json()["attendee_mails"] == mails


async def test_m2_another_installations_marker_stays_on_a_task(box: Box) -> None:
    foreign = replace(box.marker(ItemType.TASK), fp="other").encode()
    key = await box.new_task(linkedResources=[{"applicationName": "Sage X3", "externalId": foreign, "displayName": "K"}])
    ref = box.ref(Kind.TASK, key)
    seen = (await box.endpoint.read([ref]))[ref]
    assert isinstance(seen, Present)
    await apply(box.endpoint, Mark(type=ItemType.TASK, target=seen, marker=box.marker(ItemType.TASK)))
    path = f"todo/lists/{box.folders[Kind.TASK]}/tasks/{key}/linkedResources"
    rows = (await box.owner("GET", path))["value"]
    assert [row["externalId"] for row in rows] == [foreign, box.marker(ItemType.TASK).encode()]


async def test_an_update_of_an_item_that_is_gone_is_moved(box: Box) -> None:
    made = await apply(box.endpoint, new(box, Appointment(when=WHEN, subject="X")))
    await box.act("purge", made.key)
    with pytest.raises(Moved):
        await box.endpoint.apply(update(made, ItemType.APPOINTMENT, subject="Y"))


async def test_a_throttled_create_is_not_sent_again(box: Box) -> None:
    await box.fault("status", method="POST", status=429, retry_after=1, code="ApplicationThrottled")
    box.graph.reset_counts()
    with pytest.raises(TryLater) as caught:
        await box.endpoint.apply(new(box, Task(subject="X")))
    assert not caught.value.sent
    assert box.graph.counts().requests == 1


async def test_what_an_event_cannot_show_is_not_written(box: Box) -> None:
    made = await apply(box.endpoint, new(box, Appointment(when=WHEN, subject="X", place=Place(text="Lyon"))))
    box.graph.reset_counts()
    place = Place(text="Lyon", kind=PlaceKind.CUSTOMER)
    again = await apply(box.endpoint, update(made, ItemType.APPOINTMENT, category=2, participants=("R2",), place=place))
    assert again == made
    assert box.graph.counts().writes == 0
