"""Matching: M1-M4, M6, M7, and what moved (S8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconcile.content import Call, Contact, ItemType, PersonName, Side
from reconcile.context import Force
from reconcile.fields import sync_id
from reconcile.likeness import persons_alike
from reconcile.match import match
from reconcile.matching import Matching, Observed
from reconcile.model import Absent, EventFacts, Link, Meeting, Observation, Pair, Present, Private, Shape, Unread, Where
from reconcile.model import Seen as Look
from reconcile.series import HANDED_ON
from tests.reconcile import build

TASK, CONTACT, CALL, APPOINTMENT = ItemType.TASK, ItemType.CONTACT, ItemType.CALL, ItemType.APPOINTMENT
X3_TASK, OUTLOOK_TASK = build.TASK[Side.X3], build.TASK[Side.OUTLOOK]


def found(
    records: Iterable[Observation] = (),
    items: Iterable[Observation] = (),
    *,
    item_type: ItemType = TASK,
    links: Iterable[Link] = (),
    **seen: Any,
) -> Matching:
    """The matching of these observations, all of one type."""
    observed = Observed(
        links=tuple(links),
        x3={(item_type, o.key): o for o in records if not isinstance(o, Unread)},
        outlook={(item_type.kind, o.key): o for o in items if not isinstance(o, Unread)},
        **seen,
    )
    return match(observed, fp=build.FP, mailbox=build.MAILBOX)


def halves(matching: Matching) -> list[tuple[str, str, Meeting]]:
    """Which record and which item stand together, and how they met."""
    return sorted((pair.key(Side.X3), pair.key(Side.OUTLOOK), pair.meeting) for pair in matching.pairs)


def only(matching: Matching) -> Pair:
    (pair,) = matching.pairs
    return pair


# ---------------------------------------------------------------------------------------------- M1, M2


def test_M1_a_linked_pair_stands_together_whatever_it_looks_like() -> None:
    link = build.link(TASK)
    pair = only(found([build.x3(X3_TASK)], [build.outlook(build.alter(OUTLOOK_TASK, subject="other"))], links=[link]))
    assert (pair.link, pair.meeting) == (link, Meeting.ALONE)


def test_M1_a_half_that_was_not_looked_at_is_unread() -> None:
    pair = only(found([build.x3(X3_TASK)], links=[build.link(TASK)]))
    assert isinstance(pair.outlook, Unread)


def test_M2_our_marker_without_a_link_is_adopted() -> None:
    item = build.outlook(build.alter(OUTLOOK_TASK, subject="renamed"), marker=build.marker(TASK))
    assert halves(found([build.x3(X3_TASK)], [item])) == [("X1", "o1", Meeting.MARKER)]


def test_M2_a_record_that_a_marker_names_is_asked_for_and_nothing_done_meanwhile() -> None:
    matching = found([], [build.outlook(OUTLOOK_TASK, marker=build.marker(TASK))])
    assert matching.wanted == {(TASK, "X1")}
    assert isinstance(only(matching).x3, Unread)


def test_M2_another_installations_marker_is_foreign_and_untouched() -> None:
    item = build.outlook(OUTLOOK_TASK, marker=build.marker(TASK, fp="another"))
    matching = found([build.x3(X3_TASK)], [item])
    assert matching.foreign == 1
    assert halves(matching) == [("X1", "", Meeting.ALONE)]


def test_M2_later_the_link_decides_the_type_not_the_category() -> None:
    """The category "X3 Call" was taken off an event that is linked as a call, or put on an appointment."""
    as_appointment = build.outlook(build.APPOINTMENT[Side.OUTLOOK])
    call = only(found([build.x3(build.CALL[Side.X3])], [as_appointment], item_type=CALL, links=[build.link(CALL)]))
    assert isinstance(call.outlook, Present)
    assert call.outlook.content == Call(when=build.WHEN, subject="Visit")
    as_call = build.outlook(build.CALL[Side.OUTLOOK])
    records = [build.x3(build.APPOINTMENT[Side.X3])]
    pair = only(found(records, [as_call], item_type=APPOINTMENT, links=[build.link(APPOINTMENT)]))
    assert isinstance(pair.outlook, Present)
    assert pair.outlook.content == build.alter(build.APPOINTMENT[Side.OUTLOOK], subject="Ring back")


# -------------------------------------------------------------------------------------------------- M3


def test_M3_the_marker_of_a_living_linked_item_makes_a_copy_a_new_item() -> None:
    original = build.outlook(OUTLOOK_TASK, marker=build.marker(TASK))
    copy = replace(original, key="o2")
    matching = found([build.x3(X3_TASK)], [original, copy], links=[build.link(TASK)])
    assert halves(matching) == [("", "o2", Meeting.ALONE), ("X1", "o1", Meeting.ALONE)]


def test_M3_only_a_look_at_the_linked_item_tells_a_copy_from_a_moved_original() -> None:
    copy = build.outlook(OUTLOOK_TASK, key="o2", marker=build.marker(TASK))
    assert halves(found([build.x3(X3_TASK)], [copy], links=[build.link(TASK)])) == [("X1", "o1", Meeting.ALONE)]


def test_M3_another_mailboxs_marker_makes_a_new_item() -> None:
    copy = build.outlook(build.alter(OUTLOOK_TASK, subject="x"), marker=build.marker(TASK, mailbox="mailbox-2"))
    assert halves(found([], [copy])) == [("", "o1", Meeting.ALONE)]


def test_M3_of_two_with_the_same_unlinked_marker_one_is_adopted() -> None:
    items = [build.outlook(OUTLOOK_TASK, key=key, marker=build.marker(TASK)) for key in ("o1", "o2")]
    assert halves(found([build.x3(X3_TASK)], items)) == [("", "o2", Meeting.ALONE), ("X1", "o1", Meeting.MARKER)]


# -------------------------------------------------------------------------------------------------- M4


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Contact(name=PersonName(surname="Byron", given="Augusta"), work_email="ADA@north.example"), True),
        (Contact(name=PersonName(given="Ada"), home_email="ada@north.example"), True),
        (Contact(name=PersonName(given="Ada"), work_email="x@y.example", more_emails=("Ada@north.example",)), True),
        (Contact(name=PersonName(surname="Pascal"), work_email="ada@north.example"), False),
        (Contact(name=PersonName(surname="BYRON", given="ada"), work_email="new@south.example"), True),
        (Contact(name=PersonName(surname="Byron", given="Ada"), company="North"), False),
        (Contact(name=PersonName(surname="Byron", given="Anna")), False),
        (Contact(name=PersonName(given="Ada")), False),
    ],
    ids=[
        "e-mail",
        "no surname",
        "a third e-mail",
        "surnames differ",
        "by name",
        "another company",
        "another given name",
        "no surname, no e-mail",
    ],
)
def test_M4_the_same_person(other: Contact, same: bool) -> None:
    assert bool(persons_alike(build.CONTACT, [build.x3(other)])) is same
    assert bool(persons_alike(other, [build.x3(build.CONTACT)])) is same


def test_M4_the_name_decides_only_where_no_card_has_an_e_mail_of_the_item() -> None:
    by_mail = build.x3(build.alter(build.CONTACT, company="Another"))
    by_name = build.x3(build.alter(build.CONTACT, work_email="other@south.example"), key="X2")
    matching = found([by_mail, by_name], [build.outlook(build.CONTACT)], item_type=CONTACT)
    assert halves(matching) == [("X1", "o1", Meeting.NATURAL), ("X2", "", Meeting.ALONE)]
    stranger = build.x3(build.alter(build.CONTACT, name=PersonName(surname="Pascal")))
    matching = found([stranger, by_name], [build.outlook(build.CONTACT)], item_type=CONTACT)
    assert halves(matching) == [("X1", "", Meeting.ALONE), ("X2", "o1", Meeting.NATURAL)]


@pytest.mark.parametrize("item_type", [TASK, CALL, APPOINTMENT])
def test_M4_the_same_subject_and_dates(item_type: ItemType) -> None:
    contents = build.CONTENTS[item_type]
    record, item = build.x3(contents[Side.X3]), build.outlook(contents[Side.OUTLOOK])
    assert halves(found([record], [item], item_type=item_type)) == [("X1", "o1", Meeting.NATURAL)]
    other = build.outlook(build.alter(contents[Side.OUTLOOK], subject="Another"))
    assert len(found([record], [other], item_type=item_type).pairs) == 2


def test_M4_several_candidates_are_left_alone() -> None:
    records = [build.x3(X3_TASK, key=key) for key in ("X1", "X2")]
    matching = found(records, [build.outlook(OUTLOOK_TASK)])
    assert halves(matching) == [("", "o1", Meeting.AMBIGUOUS)]
    items = [build.outlook(OUTLOOK_TASK, key=key) for key in ("o1", "o2")]
    assert {meeting for *_, meeting in halves(found([records[0]], items))} == {Meeting.AMBIGUOUS}


def test_M4_candidates_are_all_cors_whoever_has_them_unless_linked() -> None:
    record = build.x3(build.CONTACT, where=Where.ELSEWHERE, reps=(build.OTHER,))
    item = build.outlook(build.CONTACT, key="o2")
    assert halves(found([], [item], item_type=CONTACT, candidates=[record])) == [("X1", "o2", Meeting.NATURAL)]
    linked = found([], [item], item_type=CONTACT, candidates=[record], links=[build.link(CONTACT)])
    assert ("", "o2", Meeting.ALONE) in halves(linked)


def test_M4_M3_who_a_card_could_be_is_asked_unless_a_link_or_a_marker_says_it() -> None:
    """A copy is a stranger, from wherever it comes; so is what a marker leads to no living record any more."""
    record, ours = build.x3(build.CONTACT), build.marker(CONTACT)
    cards = {
        "new": None,
        "from another mailbox": build.marker(CONTACT, mailbox="mailbox-2"),
        "adopted": ours,
        "the adopted one's copy": ours,
        "record gone": build.marker(CONTACT, "X2"),
        "foreign": build.marker(CONTACT, fp="another"),
    }
    items = [build.outlook(build.alter(build.CONTACT, function=key), key=key, marker=m) for key, m in cards.items()]
    matching = found([record, Absent(key="X2")], items, item_type=CONTACT)
    asked = {card.function for card in matching.strangers}
    assert asked == {"new", "from another mailbox", "the adopted one's copy", "record gone"}
    linked = found([record], [build.outlook(build.CONTACT)], item_type=CONTACT, links=[build.link(CONTACT)])
    assert linked.strangers == []


def test_M1_M4_whom_a_marker_has_led_to_an_item_is_no_candidate_for_its_copy() -> None:
    record = build.x3(build.CONTACT)
    items = [build.outlook(build.CONTACT, key=key, marker=build.marker(CONTACT)) for key in ("o1", "o2")]
    matching = found([record], items, item_type=CONTACT, candidates=[record])
    assert halves(matching) == [("", "o2", Meeting.ALONE), ("X1", "o1", Meeting.MARKER)]


@pytest.mark.parametrize("where", [Where.ELSEWHERE, Where.OUT_OF_WINDOW])
def test_M4_S2_what_is_out_of_scope_takes_nobodys_place(where: Where) -> None:
    matching = found([build.x3(X3_TASK)], [build.outlook(OUTLOOK_TASK, where=where)])
    assert halves(matching) == [("", "o1", Meeting.ALONE), ("X1", "", Meeting.ALONE)]


FORCED = [
    Force(x3=frozenset({(TASK, "X1"), (APPOINTMENT, "X1")}), only=True),
    Force(since=build.EARLIER - timedelta(minutes=1), only=True),
]


@pytest.mark.parametrize("item_type", [TASK, APPOINTMENT])
@pytest.mark.parametrize("force", FORCED)
def test_M4_F4_what_is_forced_outside_the_window_meets_what_stands_there(item_type: ItemType, force: Force) -> None:
    contents, out = build.CONTENTS[item_type], Where.OUT_OF_WINDOW
    record, item = build.x3(contents[Side.X3], where=out), build.outlook(contents[Side.OUTLOOK], where=out)
    assert halves(found([record], [item], item_type=item_type, force=force)) == [("X1", "o1", Meeting.NATURAL)]
    assert len(found([record], [item], item_type=item_type).pairs) == 2
    assert len(found([replace(record, where=Where.ELSEWHERE)], [item], item_type=item_type, force=force).pairs) == 2


# ------------------------------------------------------------------------------------------------ M6, M7

RECORD = build.x3(build.APPOINTMENT[Side.X3], reps=(build.OTHER, build.ME))
INVITATION = build.outlook(build.alter(build.APPOINTMENT[Side.OUTLOOK], subject="renamed"), event=build.invitation())
CLAIMS = {("uid-m", None): (APPOINTMENT, "X1")}


def test_M6_the_same_meeting_in_another_mailbox_is_one_record() -> None:
    matching = found([RECORD], [INVITATION], item_type=APPOINTMENT, claims=CLAIMS)
    assert halves(matching) == [("X1", "o1", Meeting.MEETING)]
    assert found([], [INVITATION], item_type=APPOINTMENT, claims=CLAIMS).wanted == {(APPOINTMENT, "X1")}


def test_M6_a_meetings_record_waits_for_its_event() -> None:
    matching = found([RECORD], [], item_type=APPOINTMENT, claimed=frozenset({"X1"}))
    assert halves(matching) == [("X1", "", Meeting.CLAIMED)]


def test_M6_M1_a_record_has_one_item_in_a_mailbox() -> None:
    link = build.link(APPOINTMENT, outlook_key="o2")
    linked = build.outlook(build.APPOINTMENT[Side.OUTLOOK], key="o2")
    twice = found([RECORD], [INVITATION, linked], item_type=APPOINTMENT, claims=CLAIMS, links=[link])
    assert ("", "o1", Meeting.AMBIGUOUS) in halves(twice)
    unread = found([RECORD], [INVITATION], item_type=APPOINTMENT, claims=CLAIMS, links=[link])
    assert [key for _, key, _ in halves(unread)] == ["o2"]


def test_M6_the_record_of_a_meeting_may_be_a_call() -> None:
    call = build.x3(build.CALL[Side.X3], where=Where.ELSEWHERE, reps=(build.OTHER,))
    matching = found([call], [INVITATION], item_type=CALL, claims={("uid-m", None): (CALL, "X1")})
    (pair,) = (pair for pair in matching.pairs if pair.meeting is Meeting.MEETING)
    assert (pair.type, pair.x3) == (CALL, call)
    assert isinstance(pair.outlook, Present)
    assert isinstance(pair.outlook.content, Call)


THEN, SINCE = (datetime(2026, 3, day, 9, tzinfo=UTC) for day in (5, 6))


def occurrence(key: str, start: datetime) -> Present:
    facts = build.invitation(shape=Shape.OCCURRENCE, series_id="master", original_start=start)
    return build.outlook(build.APPOINTMENT[Side.OUTLOOK], key=key, event=facts)


def test_M6_A8_an_occurrence_whose_record_another_mailbox_handed_on_follows_it() -> None:
    link = build.link(APPOINTMENT, ical_uid="uid-m", series_id="master", original_start=THEN)
    claims = {("uid-m", SINCE): (APPOINTMENT, "X1")}
    items: list[Observation] = [Absent(key="o1"), occurrence("o2", SINCE)]
    pair = only(found([RECORD], items, item_type=APPOINTMENT, claims=claims, links=[link]))
    assert (pair.key(Side.X3), pair.key(Side.OUTLOOK), pair.note) == ("X1", "o2", HANDED_ON)


def test_M6_A8_a_claim_that_its_record_has_outlived_counts_no_more() -> None:
    link = build.link(APPOINTMENT, ical_uid="uid-m", series_id="master", original_start=SINCE)
    items = [occurrence("o1", SINCE), occurrence("o2", THEN)]
    claims = {("uid-m", THEN): (APPOINTMENT, "X1")}
    matching = found([RECORD], items, item_type=APPOINTMENT, claims=claims, links=[link])
    assert sorted(halves(matching)) == [("", "o2", Meeting.ALONE), ("X1", "o1", Meeting.ALONE)]


@pytest.mark.parametrize("invited", [True, False])
def test_M7_D7_an_invitation_that_went_while_it_was_created_is_known_as_one(invited: bool) -> None:
    record = created(INVITATION)
    sent = record.x3.sync_id
    pair = only(
        found([record], [Absent(key="o1")], attempts={sent: "o1"}, invitations=frozenset({sent} if invited else ()))
    )
    assert pair.link is not None
    assert pair.link.invited is invited


def created(item: Present, **changes: Any) -> Present:
    """The record that was created from an item, its answer lost."""
    return build.x3(X3_TASK, sync_id=sync_id(item, fp=build.FP, mailbox=build.MAILBOX), **changes)


def test_M7_a_record_with_this_items_zsyncid_was_made_of_it_whatever_was_edited_since() -> None:
    item = build.outlook(build.alter(OUTLOOK_TASK, subject="edited since"), marker=build.marker(TASK, "X9"))
    assert halves(found([created(item)], [item])) == [("X1", "o1", Meeting.MARKER)]


def test_M7_zsyncid_is_40_hexadecimal_digits_and_the_same_for_a_meeting_in_every_mailbox() -> None:
    one, other = (sync_id(INVITATION, fp=build.FP, mailbox=mailbox) for mailbox in ("m1", "m2"))
    assert one == other
    assert len(one) == len(bytes.fromhex(one).hex()) == 40
    task = build.outlook(OUTLOOK_TASK)
    assert sync_id(task, fp=build.FP, mailbox="m1") != sync_id(task, fp=build.FP, mailbox="m2")


@pytest.mark.parametrize("after", [Absent(key="o1"), Private(key="o1")])
def test_M7_an_item_that_went_or_became_private_while_it_was_created_is_linked_after_all(after: Observation) -> None:
    item = build.outlook(OUTLOOK_TASK)
    record = created(item)
    matching = found([record], [after], attempts={record.x3.sync_id: "o1"})
    pair = only(matching)
    assert pair.link is not None
    assert (pair.link.x3_key, pair.link.outlook_key, pair.outlook) == ("X1", "o1", after)


def test_M7_while_the_item_was_not_read_its_record_waits() -> None:
    record = created(build.outlook(OUTLOOK_TASK))
    assert found([record], [], attempts={record.x3.sync_id: "o1"}).pairs == ()


def test_M7_M4_a_task_that_moved_while_it_was_created_is_met_again() -> None:
    record, moved = created(build.outlook(OUTLOOK_TASK)), build.outlook(OUTLOOK_TASK, key="o2")
    matching = found([record], [Absent(key="o1"), moved], attempts={record.x3.sync_id: "o1"})
    assert halves(matching) == [("X1", "o2", Meeting.NATURAL)]


def test_M7_an_item_with_an_open_create_is_not_adopted_by_the_marker_it_was_copied_with() -> None:
    copy = build.outlook(OUTLOOK_TASK, key="o2", marker=build.marker(TASK))
    matching = found([build.x3(X3_TASK)], [copy], attempts={"z": "o2"}, item_type=TASK)
    assert ("X1", "o2", Meeting.MARKER) not in halves(matching)


def test_M7_D4_A8_what_was_being_created_again_of_an_occurrence_is_found_by_its_marker() -> None:
    again = build.outlook(build.APPOINTMENT[Side.OUTLOOK], key="o2", marker=build.marker(APPOINTMENT))
    record, link = build.x3(build.APPOINTMENT[Side.X3]), build.link(APPOINTMENT, series_id="s1")
    seen: dict[str, Any] = {"item_type": APPOINTMENT, "links": [link]}
    open_create = found([record], [Absent(key="o1"), again], creating=frozenset({(APPOINTMENT, "X1")}), **seen)
    assert halves(open_create) == [("X1", "o2", Meeting.ALONE)]
    # Else it was copied from the single event that the series was.
    assert halves(found([record], [Absent(key="o1"), again], **seen)) == [
        ("", "o2", Meeting.ALONE),
        ("X1", "o1", Meeting.ALONE),
    ]


def test_M7_D4_what_was_created_again_in_x3_is_found_by_its_zsyncid() -> None:
    item = build.outlook(OUTLOOK_TASK)
    pair = only(found([Absent(key="X1"), created(item, key="X2", auuid="A2")], [item], links=[build.link(TASK)]))
    assert pair.link is not None
    assert (pair.link.x3_key, pair.link.auuid, pair.x3.__class__) == ("X2", "A2", Present)


# -------------------------------------------------------------------------------------------------- S8


def test_S8_a_vanished_task_is_found_by_its_marker() -> None:
    moved = build.outlook(OUTLOOK_TASK, key="o2", where=Where.ELSEWHERE, marker=build.marker(TASK))
    pair = only(found([build.x3(X3_TASK)], [Absent(key="o1"), moved], links=[build.link(TASK)]))
    assert pair.link is not None
    assert (pair.link.outlook_key, pair.outlook) == ("o2", moved)


def test_S8_of_a_moved_task_and_an_edited_copy_the_moved_one_is_taken() -> None:
    copy = build.outlook(build.alter(OUTLOOK_TASK, subject="copy"), key="o2", marker=build.marker(TASK))
    moved = build.outlook(OUTLOOK_TASK, key="o3", marker=build.marker(TASK))
    matching = found([build.x3(X3_TASK)], [Absent(key="o1"), copy, moved], links=[build.link(TASK)])
    assert halves(matching) == [("", "o2", Meeting.ALONE), ("X1", "o3", Meeting.ALONE)]


def test_S8_S7_an_edited_copy_is_not_deleted_in_place_of_the_item() -> None:
    record = build.x3(X3_TASK, where=Where.ELSEWHERE, reps=(build.OTHER,))
    copy = build.outlook(build.alter(OUTLOOK_TASK, subject="copy"), key="o2", marker=build.marker(TASK))
    matching = found([record], [Absent(key="o1"), copy], links=[build.link(TASK)])
    assert halves(matching) == [("", "o2", Meeting.ALONE), ("X1", "o1", Meeting.ALONE)]


def test_S8_a_vanished_event_is_found_by_its_icaluid() -> None:
    again = build.outlook(build.APPOINTMENT[Side.OUTLOOK], key="o2", event=EventFacts(ical_uid="uid-m"))
    link = build.link(APPOINTMENT, ical_uid="uid-m")
    matching = found([build.x3(build.APPOINTMENT[Side.X3])], [Absent(key="o1"), again], item_type=APPOINTMENT, links=[link])
    assert halves(matching) == [("X1", "o2", Meeting.ALONE)]


def vanished(item_type: ItemType, *items: Present, **seen: Any) -> list[tuple[str, str, Meeting]]:
    """What becomes of the linked o1, which is gone, and of what is there beside it."""
    seen = {"links": [build.link(item_type)], "item_type": item_type, **seen}
    return halves(found([build.x3(build.CONTENTS[item_type][Side.X3])], [Absent(key="o1"), *items], **seen))


@pytest.mark.parametrize("item_type", ItemType)
def test_S8_M3_what_carries_the_marker_of_an_item_that_is_gone_is_no_copy(item_type: ItemType) -> None:
    carrier = build.outlook(build.CONTENTS[item_type][Side.OUTLOOK], key="o2", marker=build.marker(item_type))
    assert vanished(item_type, carrier) == [("X1", "o2", Meeting.ALONE)]
    # One takes its place; a second is a copy of that.
    second = replace(carrier, key="o3")
    assert vanished(item_type, carrier, second) == [("", "o3", Meeting.ALONE), ("X1", "o2", Meeting.ALONE)]


def test_S8_D3_a_card_that_is_another_persons_now_is_a_copy_of_its_own() -> None:
    copy = build.outlook(build.CONTACT, key="o2", marker=build.marker(CONTACT))
    taken, alone = [("X1", "o2", Meeting.ALONE)], [("", "o2", Meeting.ALONE), ("X1", "o1", Meeting.ALONE)]
    edited = replace(copy, content=build.alter(build.CONTACT, function="Buyer"))
    assert vanished(CONTACT, edited) == taken
    another = replace(copy, content=build.alter(build.CONTACT, name=PersonName(surname="Pascal", given="Blaise")))
    assert vanished(CONTACT, another) == alone
    # A company's card names nobody.
    company = Contact(company="North Ltd")
    link = build.link(CONTACT, outlook=Look(content=company))
    assert vanished(CONTACT, replace(copy, content=company), links=[link]) == taken


def test_S8_M7_a_copy_that_has_a_record_of_its_own_takes_nobodys_place() -> None:
    copy = build.outlook(build.CONTACT, key="o2", marker=build.marker(CONTACT))
    alone = [("", "o2", Meeting.ALONE), ("X1", "o1", Meeting.ALONE)]
    assert vanished(CONTACT, copy, attempts={"z": "o2"}) == alone
    own = build.x3(build.CONTACT, key="X2", sync_id=sync_id(copy, fp=build.FP, mailbox=build.MAILBOX))
    items: list[Observation] = [Absent(key="o1"), copy]
    both = found([build.x3(build.CONTACT), own], items, item_type=CONTACT, links=[build.link(CONTACT)])
    assert halves(both) == [("X1", "o1", Meeting.ALONE), ("X2", "o2", Meeting.MARKER)]


def test_S8_M6_a_meeting_is_known_by_its_icaluid_not_by_a_copys_marker() -> None:
    content = build.APPOINTMENT[Side.OUTLOOK]
    copy = build.outlook(content, key="o2", marker=build.marker(APPOINTMENT))
    anew = build.outlook(build.alter(content, subject="Renamed"), key="o3", event=build.invitation())
    link = build.link(APPOINTMENT, ical_uid="uid-m")
    assert ("X1", "o3", Meeting.ALONE) in vanished(APPOINTMENT, copy, anew, links=[link])


@pytest.mark.parametrize("shape", [Shape.MASTER, Shape.OCCURRENCE, Shape.EXCEPTION])
def test_S8_A8_neither_a_series_nor_what_is_in_one_has_a_marker_of_its_own(shape: Shape) -> None:
    event = EventFacts(ical_uid="uid-s", shape=shape, series_id="" if shape is Shape.MASTER else "s1")
    item = build.outlook(build.APPOINTMENT[Side.OUTLOOK], key="o2", event=event, marker=build.marker(APPOINTMENT))
    assert ("X1", "o1", Meeting.ALONE) in vanished(APPOINTMENT, item)


def test_S3_a_private_item_without_a_link_is_only_an_id() -> None:
    pair = only(found([], [Private(key="o1")]))
    assert (pair.outlook, pair.x3.__class__) == (Private(key="o1"), Unread)
