"""The endpoint against the emulated folder: create, read, update, delete, list (M, C, D, S rules on the X3 side)."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from reconcile.actions import Assign, Delete, Join, Unassign, Withdraw
from reconcile.model import (
    UNREAD,
    Absent,
    Call,
    Company,
    Contact,
    Content,
    ItemType,
    Person,
    PersonName,
    Place,
    PlaceKind,
    Present,
    Priority,
    Relation,
    Side,
    TaskDates,
    When,
    Where,
    type_of,
)
from reconcile.port import CursorExpired, Moved, Ref, Refused, Stop, TryLater
from tests.x3_adapter.conftest import STREAM, Lab
from tests.x3_adapter.samples import ALL, APPOINTMENT, CALL, CONTACT, NOON, TASK, TODAY, create, update
from x3_adapter import X3, Crm


async def made(crm: Crm, content: Content) -> Present:
    present = await crm.apply(create(content))
    assert present is not None
    return present


async def look(crm: Crm, present: Present) -> Present:
    ref = Ref(key=present.key, type=present.x3.type)
    found = (await crm.read([ref]))[ref]
    assert isinstance(found, Present)
    return found


@pytest.mark.parametrize("content", ALL, ids=lambda c: type_of(c).value)
async def test_create_keeps_every_field(crm: Crm, content: Content) -> None:
    present = await made(crm, content)
    assert present.content == content
    assert present.where is Where.HERE
    assert present.x3.representatives[0] == "R001"
    assert len(present.x3.auuid) == 32
    assert present.x3.sync_id.startswith("test")
    assert present.modified_at is not None
    again = await look(crm, present)
    assert (again.content, again.x3) == (present.content, present.x3)


@pytest.mark.parametrize("content", ALL, ids=lambda c: type_of(c).value)
async def test_m7_a_repeated_create_answers_the_first_record(crm: Crm, lab: Lab, content: Content) -> None:
    step = create(content)
    # An appointment would be refused as overlapping itself before its id is looked at; the answer is the same record.
    first, second = await crm.apply(step), await crm.apply(step)
    assert first is not None
    assert second is not None
    assert first.key == second.key
    assert len(lab.rows(type_of(content))) == 1


async def test_m7_a_lost_answer_is_found_again(crm: Crm, lab: Lab) -> None:
    lab.fault("drop_after_commit", "save", "ZTSK", times=1)
    step = create(TASK)
    with pytest.raises(TryLater) as lost:
        await crm.apply(step)
    assert lost.value.sent
    found = await crm.find(step)
    assert found is not None
    assert found.content == TASK
    assert await crm.find(create(TASK)) is None


async def test_m7_success_without_a_result_is_looked_up(crm: Crm, lab: Lab) -> None:
    await crm.prepare()
    # The record is there, its second save refused: what a save that answered nothing leaves behind.
    lab.fault("nil_result", "save", "ZTSK", times=1, status=1, commit=True)
    present = await crm.apply(create(TASK))
    assert present is not None
    assert present.content == TASK


async def test_created_records_say_that_they_came_by_synchronisation(crm: Crm, lab: Lab) -> None:
    for content in (TASK, CALL, APPOINTMENT):
        await made(crm, content)
    assert lab.rows(ItemType.TASK)[0]["TSKORITYP"] == 3
    assert lab.rows(ItemType.CALL)[0]["CLLORITYP"] == 3
    assert lab.rows(ItemType.APPOINTMENT)[0]["APTORITYP"] == 3


async def test_a_call_without_direction_is_outgoing(crm: Crm, lab: Lab) -> None:
    await made(crm, replace(CALL, direction=None, phone=None))
    assert lab.rows(ItemType.CALL)[0]["CLLTYP"] == 2


async def test_a_task_without_due_date_is_due_on_its_start_or_the_day_it_is_created(crm: Crm) -> None:
    await crm.changes(STREAM, None)  # X3's clock is known from its sub-programs
    started = await made(crm, replace(TASK, dates=TaskDates(start=TODAY)))
    bare = await made(crm, replace(TASK, dates=TaskDates()))
    assert started.content.dates == TaskDates(start=TODAY, due=TODAY)  # type: ignore[union-attr]
    assert bare.content.dates.due is not None  # type: ignore[union-attr]
    with pytest.raises(Refused) as refusal:
        await crm.apply(update(started, dates=TaskDates(start=TODAY)))
    assert refusal.value.field == "dates"


async def test_c2_only_changed_fields_are_written(crm: Crm, lab: Lab) -> None:
    present = await made(crm, TASK)
    lab.post("user-actions", action="sql", table="TASK", key=present.key, set={"TSKTYP": "REM", "TSKPIOLEV": "1"})
    now = await look(crm, present)
    changed = await crm.apply(update(now, subject="Other", done=True, priority=Priority.HIGH))
    assert changed is not None
    assert changed.content == replace(TASK, subject="Other", done=True)
    assert lab.rows(ItemType.TASK)[0]["TSKTYP"] == "REM"


async def test_an_update_without_difference_writes_nothing(crm: Crm, x3: X3) -> None:
    present = await made(crm, CONTACT)
    before = x3.counters.writes
    same = {f.name: getattr(CONTACT, f.name) for f in fields(CONTACT)}
    assert await crm.apply(update(present, **same)) is not None
    assert x3.counters.writes == before


@pytest.mark.parametrize(
    ("content", "changes"),
    [
        (CONTACT, {"name": PersonName(surname="Weiß", given="Zoë"), "birthday": None, "home_email": "", "title": ""}),
        (TASK, {"dates": TaskDates(start=None, due=date(2031, 1, 1)), "report": "", "relation": Relation()}),
        (CALL, {"when": When(start=NOON, end=NOON), "phone": "", "done": False}),
        (APPOINTMENT, {"participants": ("R003",), "category": 2, "done": True, "relation": Relation()}),
        (APPOINTMENT, {"when": When(first=TODAY, last=TODAY + timedelta(days=1))}),
    ],
    ids=["contact", "task", "call", "appointment", "all-day"],
)
async def test_update_every_kind_of_field(crm: Crm, content: Content, changes: dict[str, object]) -> None:
    present = await made(crm, content)
    changed = await crm.apply(update(present, **changes))
    assert changed is not None
    assert changed.content == replace(content, **changes)  # type: ignore[arg-type]
    assert (await look(crm, present)).content == changed.content


async def test_moved_when_the_content_changed_since_it_was_read(crm: Crm, lab: Lab) -> None:
    present = await made(crm, TASK)
    lab.post("user-actions", action="sql", table="TASK", key=present.key, set={"FULRPO": "by someone else"})
    for step in (update(present, subject="mine"), Delete(side=Side.X3, type=ItemType.TASK, target=present)):
        with pytest.raises(Moved):
            await crm.apply(step)


async def test_m1_another_record_under_the_same_key_is_not_touched(crm: Crm, lab: Lab) -> None:
    present = await made(crm, TASK)
    step = Delete(side=Side.X3, type=ItemType.TASK, target=present)
    await crm.apply(step)
    lab.post("user-actions", action="restore_key", object="TSK", key=present.key)
    with pytest.raises(Moved):
        await crm.apply(step)
    with pytest.raises(Moved):
        await crm.apply(update(present, subject="mine"))


@pytest.mark.parametrize("content", ALL, ids=lambda c: type_of(c).value)
async def test_d2_d5_delete_and_delete_again(crm: Crm, content: Content) -> None:
    present = await made(crm, content)
    step = Delete(side=Side.X3, type=type_of(content), target=present)
    assert await crm.apply(step) is None
    assert await crm.apply(step) is None
    ref = Ref(key=present.key, type=type_of(content))
    assert (await crm.read([ref]))[ref] == Absent(key=present.key)
    with pytest.raises(Moved):
        await crm.apply(update(present))


async def test_s8_a_fault_on_reading_is_no_proof_of_absence(crm: Crm, lab: Lab) -> None:
    kept, other = await made(crm, TASK), await made(crm, TASK)
    lab.fault("refuse", "read", "ZTSK", times=1)
    refs = [
        Ref(key=kept.key, type=ItemType.TASK),
        Ref(key=other.key, type=ItemType.TASK),
        Ref(key="NO", type=ItemType.TASK),
    ]
    found = await crm.read(refs)
    assert sorted(type(look).__name__ for look in found.values()) == ["Absent", "Present", "Unread"]
    assert found[refs[2]] == Absent(key="NO")


async def test_g2_one_record_that_does_not_answer_is_unread(crm: Crm, lab: Lab) -> None:
    presents = [await made(crm, TASK) for _ in range(2)]
    refs = [Ref(key=present.key, type=ItemType.TASK) for present in presents]
    lab.fault("pool_exhausted", "read", "ZTSK", times=3, every=True, nth=2)
    found = await crm.read(refs)
    assert {type(look).__name__ for look in found.values()} <= {"Present", "Unread"}
    assert await crm.read([Ref(key="X")]) == {Ref(key="X"): UNREAD}


async def test_where_of_other_representatives_and_outside_the_window(crm: Crm, lab: Lab, x3: X3) -> None:
    far = datetime(2035, 6, 1, 8, tzinfo=UTC)
    later = await made(crm, replace(APPOINTMENT, when=When(start=far, end=far + timedelta(hours=1))))
    assert later.where is Where.OUT_OF_WINDOW
    mine = await made(crm, TASK)
    assert (await look(lab.crm(x3, 2), mine)).where is Where.ELSEWHERE
    shared = await made(crm, APPOINTMENT)
    assert (await look(lab.crm(x3, 2), shared)).where is Where.HERE
    assert shared.x3.representatives == ("R001", "R002", "R003")


# ------------------------------------------------------------------------------------------------ listing


async def test_complete_listing_has_everything_in_the_window(crm: Crm) -> None:
    presents = [await made(crm, content) for content in ALL]
    far = datetime(2035, 6, 1, 8, tzinfo=UTC)
    await made(crm, replace(APPOINTMENT, when=When(start=far, end=far)))
    listing = await crm.changes(STREAM, None)
    assert listing.complete
    assert {(s.ref.type, s.ref.key) for s in listing.sightings} == {(p.x3.type, p.key) for p in presents}
    assert {hint.action for hint in listing.hints} == {"C"}  # R3: what the listing answers is acknowledged too


async def test_c1_versions_settle_and_then_equal_those_of_reading(crm: Crm, lab: Lab) -> None:
    presents = [await made(crm, content) for content in ALL]
    unsettled = await crm.changes(STREAM, None)
    assert all(sighting.version.endswith("~") for sighting in unsettled.sightings)
    assert all(present.version.endswith("~") for present in presents)
    lab.post("clock", advance_seconds=5)
    settled = await crm.changes(STREAM, None)
    for sighting in settled.sightings:
        read = (await crm.read([sighting.ref]))[sighting.ref]
        assert isinstance(read, Present)
        assert read.version == sighting.version
        assert not read.version.endswith("~")


async def test_incremental_listing_is_one_call_and_overlaps_ten_minutes(crm: Crm, lab: Lab) -> None:
    old = await made(crm, TASK)
    lab.post("clock", advance_seconds=3600)
    listing = await crm.changes(STREAM, (await crm.changes(STREAM, None)).cursor)
    assert [s.ref.key for s in listing.sightings] == [old.key]  # min(last stamp, now - 10 min): the last is seen again
    recent = await made(crm, replace(TASK, subject="recent"))
    before = lab.requests()
    listing = await crm.changes(STREAM, listing.cursor)
    assert lab.requests() - before == 1
    assert {s.ref.key for s in listing.sightings} == {old.key, recent.key}
    again = await crm.changes(STREAM, listing.cursor)
    assert recent.key in {s.ref.key for s in again.sightings}  # a row committed late would come with it
    assert not listing.complete


async def test_paging_of_changes_queue_and_listing(lab: Lab) -> None:
    crm = lab.crm(lab.connect(page=2))
    cursor = (await crm.changes(STREAM, None)).cursor
    keys = {(await made(crm, replace(TASK, subject=f"task {n}"))).key for n in range(7)}
    listing = await crm.changes(STREAM, cursor)
    assert {s.ref.key for s in listing.sightings} == keys
    assert len(listing.hints) == 7
    assert {s.ref.key for s in (await crm.changes(STREAM, None)).sightings} == keys


async def test_r3_queue_rows_are_hints_until_acknowledged(crm: Crm, lab: Lab, x3: X3) -> None:
    present = await made(crm, TASK)
    cursor = (await crm.changes(STREAM, None)).cursor
    await crm.apply(Delete(side=Side.X3, type=ItemType.TASK, target=present))
    listing = await crm.changes(STREAM, cursor)
    assert [(hint.key, hint.action) for hint in listing.hints] == [(present.key, "C"), (present.key, "A")]
    assert [(s.ref.key, s.version) for s in listing.sightings] == [(present.key, "")]
    assert (await lab.crm(x3, 2).changes(STREAM, cursor)).hints == ()
    assert await crm.acknowledge([hint.number for hint in listing.hints]) == 2
    assert await crm.acknowledge([hint.number for hint in listing.hints]) == 0
    assert (await crm.changes(STREAM, listing.cursor)).hints == ()


async def test_s7_a_reassigned_record_is_hinted_to_the_former_representative(crm: Crm, lab: Lab, x3: X3) -> None:
    present = await made(crm, APPOINTMENT)
    other = lab.crm(x3, 3)
    cursor = (await other.changes(STREAM, None)).cursor
    await crm.apply(update(present, participants=("R002",)))
    listing = await other.changes(STREAM, cursor)
    assert (present.key, "P") in [(hint.key, hint.action) for hint in listing.hints]
    assert (await look(other, present)).where is Where.ELSEWHERE


async def test_a_foreign_cursor_has_expired(crm: Crm) -> None:
    for cursor in ("v0|x", "nonsense", "v1|2026"):
        with pytest.raises(CursorExpired):
            await crm.changes(STREAM, cursor)


# -------------------------------------------------------------------------------- contacts, representatives


async def test_d3_m4_unassign_and_assign(crm: Crm, lab: Lab, x3: X3) -> None:
    present = await made(crm, CONTACT)
    shared = await lab.crm(x3, 2).apply(Assign(target=present, representative="R002"))
    assert shared is not None
    assert shared.x3.representatives == ("R001", "R002")
    assert await crm.apply(Assign(target=present, representative="R001")) is not None  # already there
    left = await crm.apply(Unassign(target=shared, representative="R001"))
    assert left is not None
    assert left.x3.representatives == ("R002",)
    assert left.where is Where.ELSEWHERE
    assert await crm.apply(Unassign(target=shared, representative="R001")) is not None  # gone already
    assert len(lab.rows(ItemType.CONTACT)) == 1
    with pytest.raises(Refused):
        await crm.apply(Assign(target=left, representative="NOBODY"))


async def test_unassigning_puts_back_a_line_that_went_instead(crm: Crm, lab: Lab) -> None:
    present = await made(crm, CONTACT)
    for representative in ("R002", "R003"):
        await crm.apply(Assign(target=present, representative=representative))
    hasty = lab.crm(lab.connect(limit=lab.before(7, action="unassign", key=present.key, rep="R001")))
    await hasty.prepare()  # four calls; then key set, record, and before the line goes its number changes
    with pytest.raises(Moved):
        await hasty.apply(Unassign(target=present, representative="R002"))
    assert {row["COPREP"] for row in lab.table("CORREP")} == {"R001", "R002", "R003"}


async def test_d7_withdraw(crm: Crm, lab: Lab, x3: X3) -> None:
    present = await made(crm, APPOINTMENT)
    other = lab.crm(x3, 2)
    out = await other.apply(Withdraw(target=await look(other, present), representative="R002"))
    assert out is not None
    assert out.x3.representatives == ("R001", "R003")
    assert out.where is Where.ELSEWHERE
    assert await other.apply(Withdraw(target=out, representative="R002")) == out


async def test_d7_a4_withdraw_the_main_organiser(crm: Crm, lab: Lab) -> None:
    present = await made(crm, APPOINTMENT)
    assert present.x3.representatives == ("R001", "R002", "R003")
    out = await crm.apply(Withdraw(target=present, representative="R001"))
    assert out is not None
    assert (out.x3.representatives, out.where) == (("R002", "R003"), Where.ELSEWHERE)
    (row,) = lab.table("BAPPOINT")
    assert (row["ATPREPMNA"], [rep for rep in row["APTREPNUM"] if rep]) == ("R002", ["R003"])
    alone = await made(crm, replace(APPOINTMENT, participants=()))
    with pytest.raises(Refused):
        await crm.apply(Withdraw(target=alone, representative="R001"))


async def test_m6_join(crm: Crm, lab: Lab, x3: X3) -> None:
    present = await made(crm, replace(APPOINTMENT, participants=("R003",)))
    other = lab.crm(x3, 2)
    seen = await look(other, present)
    joined = await other.apply(Join(target=seen, representative="R002"))
    assert joined is not None
    assert (joined.x3.representatives, joined.where) == (("R001", "R003", "R002"), Where.HERE)
    assert joined.content == replace(APPOINTMENT, participants=("R003", "R002"))
    assert await other.apply(Join(target=joined, representative="R002")) == joined
    with pytest.raises(Moved):  # somebody else has joined since
        await other.apply(Join(target=seen, representative="R004"))


async def test_k_contacts_of_items(crm: Crm, lab: Lab) -> None:
    first, second = await made(crm, CONTACT), await made(crm, replace(CONTACT, name=PersonName(surname="Two")))
    one, two = Person(cor=first.key), Person(cor=second.key)
    task = await made(crm, replace(TASK, relation=Relation(company=Company(number="LOIRE"), people=(one,))))
    assert task.content.relation.people == (one,)  # type: ignore[union-attr]
    meeting = await made(crm, replace(APPOINTMENT, relation=Relation(people=(one, two))))
    assert meeting.content.relation.people == (one, two)  # type: ignore[union-attr]
    fewer = await crm.apply(update(meeting, relation=Relation(people=(two,))))
    assert fewer is not None
    assert fewer.content.relation.people == (two,)  # type: ignore[union-attr]
    assert lab.rows(ItemType.APPOINTMENT)[0]["APTCOR"] == [second.key] + [""] * 9


async def test_directory_and_m4_candidates(crm: Crm, lab: Lab, x3: X3) -> None:
    mine = await made(crm, replace(CONTACT, company="LOIRE   #LOIRE#"))
    assert isinstance(mine.content, Contact)
    assert mine.content.company == "LOIRE"
    theirs = await lab.crm(x3, 2).apply(create(replace(CONTACT, work_email="X@EXAMPLE.com"), representative="R002"))
    assert theirs is not None
    entries, partners = await crm.names([mine.key, theirs.key, "NONE"], ["LOIRE", "NONE"])
    assert entries[mine.key].name == "Chloé Lefèvre"
    assert (entries[mine.key].mine, entries[theirs.key].mine) == (True, False)
    assert partners == {"LOIRE": "Tuileries de Loire"}
    full = await crm.entries([mine.key])
    assert full[mine.key].emails == ("chloe@example.com", "chloe@home.example")
    assert (full[mine.key].company, full[mine.key].representative) == ("LOIRE", False)
    lab.post("user-actions", action="sql", table="CORRESPOND", key=mine.key, set={"CORTYP": 2})
    assert (await crm.entries([mine.key]))[mine.key].representative is True
    found = await crm.find_contacts(["x@example.com"], [PersonName(surname="lefevre", given="CHLOE")])
    assert {present.key for present in found} == {mine.key, theirs.key}
    assert set(await crm.find_entries(["nobody@example.com"], [])) == set()


# ---------------------------------------------------------------------------------------- refusals, limits


async def test_a7_refusals_carry_field_and_log_code(crm: Crm) -> None:
    await made(crm, APPOINTMENT)
    with pytest.raises(Refused) as overlap:
        await crm.apply(create(APPOINTMENT))
    assert overlap.value.field == ""
    assert overlap.value.log_code.startswith("F")
    for content, merge_field in (
        (replace(TASK, relation=Relation(company=Company(number="NONE"))), "relation"),
        (replace(TASK, subject=""), "subject"),
        (replace(CONTACT, home_address=replace(CONTACT.home_address, country="ZZ")), "home_address"),
        (replace(CONTACT, title="Dr"), "title"),
        (replace(CONTACT, work_phone="0" * 21), "work_phone"),
    ):
        with pytest.raises(Refused) as refusal:
            await crm.apply(create(content))
        assert refusal.value.field == merge_field


async def test_c6_limits_come_from_the_description(crm: Crm) -> None:
    assert dict(crm.limits) == {}
    await crm.prepare()
    assert crm.limits[ItemType.CONTACT, "work_phone"] == 20
    assert crm.limits[ItemType.CONTACT, "name.surname"] == 30
    assert crm.limits[ItemType.TASK, "subject"] == 1000
    assert crm.limits[ItemType.APPOINTMENT, "place.text"] == 250


async def test_places(crm: Crm, lab: Lab) -> None:
    present = await made(crm, APPOINTMENT)
    address = {"APTPLC": 1, "APTADD": ["10 Market Street", "", ""], "APTZIP": "BS1", "APTCTY": "BRISTOL", "APTCRY": "GB"}
    lab.post("user-actions", action="sql", table="BAPPOINT", key=present.key, set=address)
    there = await look(crm, present)
    assert there.content.place == Place(text="10 Market Street, BS1 BRISTOL, GB", kind=PlaceKind.CUSTOMER)  # type: ignore[union-attr]
    moved = await crm.apply(update(there, place=Place(text="Café")))
    assert moved is not None
    assert moved.content.place == Place(text="Café", kind=PlaceKind.OTHER)  # type: ignore[union-attr]
    back = await crm.apply(update(moved, place=there.content.place))  # type: ignore[union-attr]
    assert back is not None
    assert back.content.place == there.content.place  # type: ignore[union-attr]


async def test_g4_a_dry_run_writes_nothing(crm: Crm, lab: Lab) -> None:
    present = await made(crm, TASK)
    dry = lab.crm(lab.connect(read_only=True))
    before = lab.table("TASK")
    for step in (create(TASK), update(present, subject="x"), Delete(side=Side.X3, type=ItemType.TASK, target=present)):
        with pytest.raises(Stop):
            await dry.apply(step)
    with pytest.raises(Stop):
        await dry.acknowledge([1])
    assert await dry.read([Ref(key=present.key, type=ItemType.TASK)])
    assert lab.table("TASK") == before


async def test_without_the_column_nothing_is_created(lab: Lab, x3: X3) -> None:
    crm = lab.crm(x3)
    lab.post("switches", zsyncid=False)
    with pytest.raises(Refused, match="ZSYNCID"):
        await crm.apply(create(TASK))
    assert lab.rows(ItemType.TASK) == []


async def test_a_call_without_date_is_unread(crm: Crm, lab: Lab) -> None:
    present = await made(crm, CALL)
    assert isinstance(present.content, Call)
    lab.post("user-actions", action="sql", table="PHONECALL", key=present.key, set={"CLLDAT": ""})
    ref = Ref(key=present.key, type=ItemType.CALL)
    assert (await crm.read([ref]))[ref] is UNREAD
