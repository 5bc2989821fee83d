"""What the memory worlds do beyond the contract, for the histories over `reconcile`: faults, users, the queue."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.actions import Delete, Update
from reconcile.model import (
    UNREAD,
    Absent,
    Appointment,
    Contact,
    EventFacts,
    ItemType,
    Kind,
    Present,
    Private,
    Side,
    Task,
    TaskDates,
    When,
    Where,
)
from reconcile.port import CursorExpired, Moved, Refused, Stop, TryLater
from tests.contract.acting import but
from tests.contract.cases import MemoryCase, sample
from tests.contract.shapes import shape
from tests.memory import Clock, MemoryEndpoint, World
from tests.strategies import NOW, WINDOW, contents


def a_mailbox() -> tuple[World, MemoryEndpoint]:
    """A mailbox with two managed lists, a calendar, and an unmanaged list."""
    world = World(Side.OUTLOOK, Clock(now=NOW))
    for place, kind in (("list", Kind.TASK), ("list2", Kind.TASK), ("calendar", Kind.EVENT), ("other", Kind.TASK)):
        world.add_place(place, kind)
    return world, MemoryEndpoint(world, "list", "list2", "calendar", window=WINDOW)


def an_x3() -> tuple[World, MemoryEndpoint]:
    """An X3 with two representatives, seen by the first."""
    world = World(Side.X3, Clock(now=NOW))
    world.add_place("R001")
    world.add_place("R002")
    return world, MemoryEndpoint(world, "R001", window=WINDOW)


def test_a_lost_answer_leaves_the_item_there_m7() -> None:
    case = MemoryCase(Side.X3)
    case.world.faults.lose_answers = 1
    step = case.new(ItemType.TASK, sample(ItemType.TASK, Side.X3))
    with pytest.raises(TryLater) as lost:
        case.endpoint.carry_out(step)
    assert lost.value.sent
    (made,) = case.world.living()
    found = case.endpoint.look_for(step)
    assert isinstance(found, Present)
    assert found.key == made.key


def test_what_became_private_is_found_without_its_content_m7_s5() -> None:
    case = MemoryCase(Side.OUTLOOK)
    step = case.new(ItemType.TASK, sample(ItemType.TASK, Side.OUTLOOK))
    made = case.endpoint.carry_out(step)
    assert made is not None
    case.world.make_private(made.key)
    assert case.endpoint.look_for(step) == Private(key=made.key)


def test_an_error_before_the_call_does_nothing() -> None:
    case = MemoryCase(Side.OUTLOOK)
    case.world.faults.raise_next = [TryLater("busy", retry_after=2), Stop("no rights")]
    step = case.new(ItemType.TASK, sample(ItemType.TASK, Side.OUTLOOK))
    with pytest.raises(TryLater):
        case.endpoint.carry_out(step)
    with pytest.raises(Stop):
        case.endpoint.look_for(step)
    assert case.world.living() == []


def test_a_silent_folder_says_nothing_of_its_items_s9() -> None:
    world, endpoint = a_mailbox()
    task = world.create(Task(subject="t"), "list")
    kept = world.create(Task(subject="u"), "list2")
    stream = next(s for s in endpoint.streams if s.folder == "list")
    world.faults.silent.add(stream)
    listing = endpoint.list_changes(stream, "1:0")
    assert (listing.answered, listing.cursor) == (False, "1:0")
    assert endpoint.look_up([endpoint.ref(task.key)])[endpoint.ref(task.key)] == UNREAD
    assert isinstance(endpoint.look_up([endpoint.ref(kept.key)])[endpoint.ref(kept.key)], Present)


def test_an_old_cursor_expires() -> None:
    world, endpoint = an_x3()
    cursor = endpoint.list_changes(endpoint.streams[0], None).cursor
    world.expire_cursors()
    with pytest.raises(CursorExpired):
        endpoint.list_changes(endpoint.streams[0], cursor)


def test_a_private_item_shows_nothing_s4() -> None:
    world, endpoint = a_mailbox()
    when = When(start=NOW, end=NOW)
    item = world.create(Appointment(when=when, subject="secret"), "calendar")
    seen = endpoint.look(item)
    world.make_private(item.key)
    listing = endpoint.list_changes(endpoint.streams[2], None)
    assert [s.observation for s in listing.sightings] == [Private(key=item.key)]
    assert "secret" not in repr(listing)
    with pytest.raises(Moved):
        endpoint.carry_out(Delete(side=Side.OUTLOOK, type=ItemType.APPOINTMENT, target=seen))


def test_deleted_items_can_be_taken_back() -> None:
    world, endpoint = a_mailbox()
    task = world.create(Task(subject="t"), "list")
    ref = endpoint.ref(task.key)
    world.delete(task.key)
    assert endpoint.look_up([ref])[ref] == Absent(key=task.key)
    world.undelete(task.key)
    assert isinstance(endpoint.look_up([ref])[ref], Present)


def test_a_moved_task_has_another_id_s6() -> None:
    """And its marker goes with it, by which it is sought (S8)."""
    case = MemoryCase(Side.OUTLOOK)
    case.world.add_place("other", Kind.TASK)
    step = case.new(ItemType.TASK, sample(ItemType.TASK, Side.OUTLOOK))
    made = case.endpoint.carry_out(step)
    assert made is not None
    moved = case.world.move(made.key, "other")
    assert moved.key != made.key
    found = case.endpoint.look_for(step)
    assert isinstance(found, Present)
    assert (found.key, found.where) == (moved.key, Where.ELSEWHERE)


def test_a_copy_carries_the_marker_m3() -> None:
    case = MemoryCase(Side.OUTLOOK)
    made = case.endpoint.carry_out(case.new(ItemType.APPOINTMENT, sample(ItemType.APPOINTMENT, Side.OUTLOOK)))
    assert made is not None
    copy = case.world.copy(made.key, made.outlook.folder)
    assert copy.marker == made.outlook.marker
    assert copy.event is not None
    assert made.outlook.event is not None
    assert copy.event.ical_uid != made.outlook.event.ical_uid


def test_reassigning_moves_between_representatives_s7() -> None:
    """The former one hears of it from the queue only; a look says where it went."""
    world, endpoint = an_x3()
    other = MemoryEndpoint(world, "R002", window=WINDOW)
    task = world.create(Task(subject="t"), "R001")
    mine = endpoint.list_changes(endpoint.streams[0], None)
    theirs = other.list_changes(other.streams[0], None)
    endpoint.acknowledge([hint.number for hint in mine.hints])
    world.move(task.key, "R002")
    delta = endpoint.list_changes(endpoint.streams[0], mine.cursor)
    assert delta.sightings == ()
    assert [(hint.key, hint.action) for hint in delta.hints] == [(task.key, "P")]
    assert [s.ref.key for s in other.list_changes(other.streams[0], theirs.cursor).sightings] == [task.key]
    assert endpoint.look(task).where is Where.ELSEWHERE


def test_a_number_used_again_is_another_record_m1() -> None:
    world, endpoint = an_x3()
    task = world.create(Task(subject="t"), "R001")
    first = endpoint.look(task)
    world.delete(task.key)
    again = world.create(Task(subject="t"), "R001", key=task.key)
    assert again.key == first.key
    assert again.auuid != first.x3.auuid
    with pytest.raises(Moved):
        endpoint.carry_out(Delete(side=Side.X3, type=ItemType.TASK, target=first))


def test_out_of_the_window_is_not_listed_but_read_s6() -> None:
    world, endpoint = a_mailbox()
    item = world.create(Task(subject="t", done=True), "list")
    world.edit(item.key, dates=replace(Task().dates, due=WINDOW.last.replace(year=2030)))
    assert endpoint.list_changes(endpoint.streams[0], None).sightings == ()
    assert endpoint.look(item).where is Where.OUT_OF_WINDOW


def test_x3_makes_cities_upper_case_c1() -> None:
    world, _ = an_x3()
    contact = sample(ItemType.CONTACT, Side.X3)
    assert isinstance(contact, Contact)
    stored = world.create(but(contact, work_address=replace(contact.work_address, city="Lyon")), "R001").content
    assert isinstance(stored, Contact)
    assert stored.work_address.city == "LYON"


def test_the_mails_a_write_would_send_are_counted_a6() -> None:
    """The categories and extended properties of an organised meeting are silent (A10), everything else mails."""
    world, endpoint = a_mailbox()
    when = When(start=NOW, end=NOW)
    item = world.create(Appointment(when=when, subject="m"), "calendar", event=EventFacts(attendees=3))
    for changes, mails in (({"done": True}, 0), ({"subject": "n"}, 3)):
        step = Update(side=Side.OUTLOOK, type=ItemType.APPOINTMENT, target=endpoint.look(item), changes=changes)
        endpoint.carry_out(step)
        assert world.mails == mails


def test_the_two_clocks_differ_c4() -> None:
    clock = Clock(now=NOW)
    ahead = World(Side.X3, clock, skew=WINDOW.end - WINDOW.start)
    assert ahead.now - World(Side.OUTLOOK, clock).now == WINDOW.end - WINDOW.start


def test_x3_may_demand_a_due_date() -> None:
    """As the adapter does it: filled in at creation, refused afterwards."""
    world = World(Side.X3, Clock(now=NOW), due_required=True)
    world.add_place("R001")
    endpoint = MemoryEndpoint(world, "R001")
    task = world.create(Task(subject="t"), "R001")
    assert task.content == Task(subject="t", dates=TaskDates(due=NOW.date()))
    step = Update(side=Side.X3, type=ItemType.TASK, target=endpoint.look(task), changes={"dates": TaskDates()})
    with pytest.raises(Refused) as refusal:
        endpoint.carry_out(step)
    assert refusal.value.field == "dates"


@given(st.data())
def test_the_strategies_speak_each_sides_shape(data: st.DataObject) -> None:
    """Otherwise histories would begin with values that no side can show; X3's upper-case cities are the one exception."""
    item_type = data.draw(st.sampled_from(ItemType))
    side = data.draw(st.sampled_from(Side))
    content = data.draw(contents(item_type, side))
    participants = (content.participants or ()) if isinstance(content, Appointment) else ()
    stored = shape(side, content, ("R001", *participants), EventFacts())
    assert shape(side, stored, ("R001", *participants), EventFacts()) == stored
    if not isinstance(content, Contact):
        assert stored == content
