"""The field-level merge: C1-C8, U4 with the servers' clocks, A1, A2."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from reconcile.content import (
    Company,
    Content,
    ItemType,
    Person,
    Place,
    PlaceKind,
    Relation,
    Side,
    TaskDates,
)
from reconcile.context import Conflict, Context, Rules
from reconcile.fields import Keep, Value, carry, details, translate
from reconcile.merge import Merge, first_meeting, merge
from reconcile.model import Body, EventFacts, LinkState, Meeting, Pair, Present, Seen
from tests.reconcile import build

TASK, CONTACT, CALL, APPOINTMENT = ItemType.TASK, ItemType.CONTACT, ItemType.CALL, ItemType.APPOINTMENT


def pair_of(
    item_type: ItemType,
    x3: dict[str, Any] | None = None,
    outlook: dict[str, Any] | None = None,
    *,
    event: EventFacts | None = None,
    body: Body = Body.PLAIN,
    **link: Any,
) -> Pair:
    """A linked pair in which each side changed the given fields."""
    contents = build.CONTENTS[item_type]
    return build.pair(
        build.link(item_type, **link),
        build.x3(build.alter(contents[Side.X3], **(x3 or {}))),
        build.outlook(build.alter(contents[Side.OUTLOOK], **(outlook or {})), event=event, body=body),
    )


def merged(pair: Pair, context: Context | None = None, **how: Any) -> Merge:
    return merge(pair, context or build.context(), **how)


def unlinked(x3: Content, outlook: Content) -> Pair:
    return build.pair(None, build.x3(x3), build.outlook(outlook), meeting=Meeting.NATURAL)


# ---------------------------------------------------------------------------------------------- C1, C2


def test_C1_an_echo_is_no_change_whatever_the_versions_say() -> None:
    pair = pair_of(TASK)
    assert isinstance(pair.outlook, Present)
    bumped = replace(pair, outlook=replace(pair.outlook, version="99", modified_at=build.NOW))
    result = merged(bumped)
    assert (result.rule, result.changes) == ("in step", {Side.X3: {}, Side.OUTLOOK: {}})


def test_C1_what_a_server_made_of_a_value_is_remembered_for_that_side_only() -> None:
    """X3 upper-cased the city that Outlook sent: each side looks as last seen, so nothing moves."""
    address = replace(build.CONTACT.work_address, city="Lyon")
    seen = {
        Side.X3: build.alter(build.CONTACT, work_address=replace(address, city="LYON")),
        Side.OUTLOOK: build.alter(build.CONTACT, work_address=address),
    }
    link = build.link(CONTACT, x3=Seen(content=seen[Side.X3]), outlook=Seen(content=seen[Side.OUTLOOK]))
    result = merged(build.pair(link, build.x3(seen[Side.X3]), build.outlook(seen[Side.OUTLOOK])))
    assert not any(result.changes.values())


@pytest.mark.parametrize(
    ("side", "item_type", "changes", "written"),
    [
        (Side.X3, TASK, {"subject": "New"}, {"subject": "New"}),
        (Side.OUTLOOK, TASK, {"done": True}, {"done": True}),
        (Side.X3, CONTACT, {"mobile": "+33 6"}, {"mobile": "+33 6"}),
        (Side.OUTLOOK, APPOINTMENT, {"when": build.LATER}, {"when": build.LATER}),
        (Side.X3, CALL, {"when": build.LATER}, {"when": build.LATER}),
    ],
)
def test_C2_the_changed_fields_and_only_those_go_to_the_other_side(
    side: Side, item_type: ItemType, changes: dict[str, Any], written: dict[str, Any]
) -> None:
    result = merged(pair_of(item_type, changes) if side is Side.X3 else pair_of(item_type, None, changes))
    assert result.rule == "C2"
    assert result.changes == {side.other: written, side: {}}


def test_C2_start_and_due_are_one_field() -> None:
    dates = TaskDates(start=date(2026, 3, 3), due=date(2026, 3, 10))
    assert merged(pair_of(TASK, outlook={"dates": dates})).changes[Side.X3] == {"dates": dates}


def test_C2_x3_keeps_its_due_date_when_outlook_has_none() -> None:
    assert merged(pair_of(TASK, outlook={"dates": TaskDates()})).changes[Side.X3] == {}


def test_C2_a_new_task_without_dates_is_due_today() -> None:
    content, _ = translate(build.alter(build.TASK[Side.OUTLOOK], dates=TaskDates()), Side.X3, build.context())
    assert getattr(content, "dates") == TaskDates(due=build.NOW.date())  # noqa: B009  # the union of contents


# ---------------------------------------------------------------------------------------------- C3 - C5


def test_C3_different_fields_both_survive() -> None:
    result = merged(pair_of(TASK, {"subject": "From X3"}, {"report": "From Outlook"}))
    assert result.rule == "C3"
    assert result.changes == {Side.OUTLOOK: {"subject": "From X3"}, Side.X3: {"report": "From Outlook"}}
    assert not result.lost


def test_C5_the_same_change_on_both_sides_is_agreement() -> None:
    result = merged(pair_of(TASK, {"subject": "Same"}, {"subject": "Same"}))
    assert (result.rule, any(result.changes.values()), result.problems) == ("C5", False, ())


def test_C5_persons_agree_when_one_carried_over_is_the_other() -> None:
    x3 = Relation(people=(Person(cor="COR2"),))
    outlook = Relation(people=(Person(name="Blaise Pascal"),))
    result = merged(pair_of(TASK, {"relation": x3}, {"relation": outlook}))
    assert (result.rule, any(result.changes.values())) == ("C5", False)


def conflicting(**stamps: Any) -> Pair:
    pair = pair_of(TASK, {"subject": "X3 says"}, {"subject": "Outlook says"})
    assert isinstance(pair.x3, Present)
    assert isinstance(pair.outlook, Present)
    return replace(
        pair,
        x3=replace(pair.x3, modified_at=stamps.get("x3", build.EARLIER)),
        outlook=replace(pair.outlook, modified_at=stamps.get("outlook", build.EARLIER)),
    )


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("stamps", "winner"),
    [
        ({"outlook": build.EARLIER + MINUTE}, Side.OUTLOOK),
        ({"x3": build.EARLIER + MINUTE}, Side.X3),
        ({"outlook": build.EARLIER + timedelta(seconds=2)}, Side.X3),
        ({"outlook": build.EARLIER + timedelta(seconds=3)}, Side.OUTLOOK),
        ({"outlook": None}, Side.X3),
        ({"x3": None}, Side.X3),
        ({"outlook": build.NOW + MINUTE}, Side.X3),
    ],
    ids=["Outlook later", "X3 later", "within 2 s", "after 2 s", "no stamp", "no stamp in X3", "in the future"],
)
def test_C4_the_newest_wins_and_the_loser_is_kept(stamps: dict[str, Any], winner: Side) -> None:
    result = merged(conflicting(**stamps))
    says = {Side.X3: "X3 says", Side.OUTLOOK: "Outlook says"}
    assert result.rule == "C4"
    assert result.changes == {winner.other: {"subject": says[winner]}, winner: {}}
    assert [side for side, _ in result.lost] == [winner.other]
    assert [(p.x3, p.outlook, p.kept) for p in result.problems] == [("X3 says", "Outlook says", True)]


def test_C4_U4_instants_are_corrected_by_each_servers_own_clock() -> None:
    """X3's clock is an hour ahead: its stamp looks later, but the change is older."""
    now = {Side.X3: build.NOW + timedelta(hours=1), Side.OUTLOOK: build.NOW}
    pair = conflicting(x3=build.EARLIER + timedelta(minutes=30), outlook=build.EARLIER + MINUTE)
    assert merged(pair, build.context(now=now)).changes[Side.X3] == {"subject": "Outlook says"}


def test_C4_a_stamp_of_our_own_last_write_is_ignored() -> None:
    pair = conflicting(outlook=build.EARLIER + MINUTE)
    assert pair.link is not None
    own = replace(pair.link, outlook=replace(pair.link.outlook, written_at=build.EARLIER + MINUTE))
    assert merged(replace(pair, link=own)).changes[Side.OUTLOOK] == {"subject": "X3 says"}


@pytest.mark.parametrize(("conflict", "winner"), [(Conflict.X3, Side.X3), (Conflict.OUTLOOK, Side.OUTLOOK)])
def test_U4_a_setting_decides_whatever_the_stamps_say(conflict: Conflict, winner: Side) -> None:
    later = {winner.other.value: build.EARLIER + MINUTE}
    result = merged(conflicting(**later), build.context(Rules(conflict=conflict)))
    assert list(result.changes[winner.other]) == ["subject"]


def test_U4_ask_leaves_it_to_a_person() -> None:
    assert merged(conflicting(), build.context(Rules(conflict=Conflict.ASK))).ask
    assert not merged(pair_of(TASK, {"subject": "X3"}), build.context(Rules(conflict=Conflict.ASK))).ask


def test_C4_other_fields_are_not_drawn_into_a_conflict() -> None:
    pair = pair_of(TASK, {"subject": "X3 says", "done": True}, {"subject": "Outlook says", "report": "text"})
    result = merged(pair)
    assert result.changes == {Side.OUTLOOK: {"subject": "X3 says", "done": True}, Side.X3: {"report": "text"}}


# ---------------------------------------------------------------------------------------------- C6 - C8


def test_C6_a_text_is_cut_where_a_cut_is_harmless_and_said() -> None:
    result = merged(pair_of(TASK, {"subject": "s" * 300}))
    assert result.changes[Side.OUTLOOK] == {"subject": "s" * 255}
    assert [p.field for p in result.problems] == ["subject"]


def test_C6_a_text_that_must_not_be_cut_is_not_written() -> None:
    result = merged(pair_of(CONTACT, outlook={"function": "f" * 60, "mobile": "+33"}))
    assert result.changes[Side.X3] == {"mobile": "+33"}
    assert [p.field for p in result.problems] == ["function"]


def test_C6_a_longer_original_is_never_overwritten_by_its_own_truncation() -> None:
    contents = {
        Side.X3: build.alter(build.TASK[Side.X3], subject="s" * 300),
        Side.OUTLOOK: build.alter(build.TASK[Side.OUTLOOK], subject="s" * 255),
    }
    link = build.link(TASK, x3=Seen(content=contents[Side.X3]), outlook=Seen(content=build.TASK[Side.OUTLOOK]))
    result = merged(build.pair(link, build.x3(contents[Side.X3]), build.outlook(contents[Side.OUTLOOK])))
    assert not result.changes[Side.X3]


def test_C7_details_name_number_company_contact_and_what_only_x3_knows() -> None:
    x3 = build.alter(build.CALL[Side.X3], relation=build.TASK[Side.X3].relation)
    lines = details(CALL, "CLL1", x3, build.context(links_url="https://x3/{type}/{key}"))
    assert lines == (
        "Call CLL1",
        "Company: North Ltd   #C001#",
        "Contact: Ada Byron",
        "Direction: outgoing",
        "Phone: +33 1 23 45",
        "https://x3/CLL/CLL1",
    )


@pytest.mark.parametrize(
    ("event", "body", "rules", "written"),
    [
        (None, Body.PLAIN, Rules(), True),
        (build.organised(), Body.PLAIN, Rules(), False),
        (None, Body.ONLINE, Rules(rich_body_replace=True), False),
        (None, Body.RICH, Rules(), False),
        (None, Body.RICH, Rules(rich_body_replace=True), True),
    ],
    ids=["plain", "C7 attendees", "C8 online meeting", "C8 formatted", "C8 formatted, allowed"],
)
def test_C7_C8_x3s_text_replaces_only_what_is_ours_to_write(
    event: EventFacts | None, body: Body, rules: Rules, written: bool
) -> None:
    pair = pair_of(APPOINTMENT, {"report": "X3's text"}, event=event, body=body)
    result = merged(pair, build.context(rules))
    assert ("report" in result.changes[Side.OUTLOOK]) is written
    assert bool(result.problems) is not written


def test_C7_the_text_of_an_event_with_attendees_goes_to_x3() -> None:
    result = merged(pair_of(APPOINTMENT, outlook={"report": "Agenda"}, event=build.organised()))
    assert result.changes[Side.X3] == {"report": "Agenda"}


def test_K3_every_write_to_outlook_makes_the_list_x3s() -> None:
    strangers = Relation(company=Company(number="C001"), people=(Person(name="Stranger"),))
    seen = Seen(content=build.alter(build.TASK[Side.OUTLOOK], relation=strangers))
    pair = pair_of(TASK)
    assert pair.link is not None
    pair = replace(
        pair,
        link=replace(pair.link, outlook=seen),
        x3=build.x3(build.alter(build.TASK[Side.X3], subject="New")),
        outlook=build.outlook(build.alter(build.TASK[Side.OUTLOOK], relation=strangers)),
    )
    result = merged(pair)
    assert set(result.changes[Side.OUTLOOK]) == {"subject", "relation"}
    assert [p.name for p in result.changes[Side.OUTLOOK]["relation"].people] == ["Ada Byron"]


def test_K3_never_because_of_an_outlook_to_x3_pass() -> None:
    stranger = Relation(people=(Person(name="Stranger"),))
    result = merged(pair_of(TASK, outlook={"relation": stranger, "subject": "New"}))
    assert result.changes[Side.OUTLOOK] == {}
    assert result.changes[Side.X3] == {"subject": "New"}


def test_place_from_outlook_becomes_other_with_its_text() -> None:
    target = build.alter(build.APPOINTMENT[Side.X3], place=Place(text="Lyon", kind=PlaceKind.CUSTOMER))
    moved = build.alter(build.APPOINTMENT[Side.OUTLOOK], place=Place(text="Nice"))
    carried = carry("place", moved, target, Side.X3, build.context(), None)
    assert carried == Value(Place(text="Nice", kind=PlaceKind.OTHER))
    same = carry("place", build.APPOINTMENT[Side.OUTLOOK], target, Side.X3, build.context(), None)
    assert same == Keep()


@pytest.mark.parametrize("change", [{"phone": "+44"}, {"direction": None}])
def test_what_only_x3_holds_never_moves(change: dict[str, Any]) -> None:
    result = merged(pair_of(CALL, change))
    assert (result.rule, any(result.changes.values())) == ("C1", False)


# ------------------------------------------------------------------------------------------------ A1, A2


@pytest.mark.parametrize(
    ("born", "x3_category", "owner", "raised"),
    [
        (Side.OUTLOOK, 1, True, True),
        (Side.OUTLOOK, 2, True, False),
        (Side.OUTLOOK, 3, True, True),
        (Side.X3, 1, True, False),
        (Side.OUTLOOK, 1, False, False),
    ],
    ids=["raised", "a meeting already", "any value but 2 acts as 1", "never on X3's own", "only by the organiser"],
)
def test_A1_the_category_is_raised_when_attendees_appear(born: Side, x3_category: int, owner: bool, raised: bool) -> None:
    x3 = build.alter(build.APPOINTMENT[Side.X3], category=x3_category)
    link = build.link(APPOINTMENT, born=born, x3=Seen(content=x3))
    outlook = build.outlook(build.alter(build.APPOINTMENT[Side.OUTLOOK], category=2), event=build.organised())
    result = merged(build.pair(link, build.x3(x3), outlook), owner=owner)
    assert result.changes[Side.X3] == ({"category": 2} if raised else {})


def test_A1_never_on_x3s_own_even_when_x3_changed_it_too() -> None:
    x3 = build.x3(build.alter(build.APPOINTMENT[Side.X3], category=3))
    outlook = build.outlook(build.alter(build.APPOINTMENT[Side.OUTLOOK], category=2), event=build.organised())
    result = merged(build.pair(build.link(APPOINTMENT), x3, outlook))
    assert result.changes[Side.X3] == {}


@pytest.mark.parametrize(("attendees", "category"), [(None, 7), (2, 2)])
def test_A1_the_category_of_a_new_record(attendees: int | None, category: int) -> None:
    event = build.alter(build.APPOINTMENT[Side.OUTLOOK], category=2 if attendees else None)
    content, _ = translate(event, Side.X3, build.context(Rules(appointment_category=7)))
    assert getattr(content, "category") == category  # noqa: B009  # the union of contents


def test_A2_a_participants_change_is_put_back_with_a_problem_line() -> None:
    result = merged(pair_of(APPOINTMENT, outlook={"subject": "Mine", "report": "Mine"}), owner=False)
    assert result.rule == "A2"
    assert result.changes == {Side.OUTLOOK: {"subject": "Visit", "report": ""}, Side.X3: {}}
    assert result.problems
    assert [side for side, _ in result.lost] == [Side.OUTLOOK]


def test_A2_x3s_own_changes_reach_a_participant() -> None:
    result = merged(pair_of(APPOINTMENT, {"subject": "Organiser's"}, {"subject": "Mine"}), owner=False)
    assert result.changes == {Side.OUTLOOK: {"subject": "Organiser's"}, Side.X3: {}}


def test_A2_A4_a_changed_invitation_is_its_organisers_business() -> None:
    result = merged(pair_of(APPOINTMENT, outlook={"when": build.LATER}, event=build.invitation()), owner=False)
    assert (result.rule, any(result.changes.values()), result.problems) == ("A4", False, ())


# ------------------------------------------------------------------------------------------ first meeting


def met(pair: Pair, *, newest: bool = False, owner: bool = True, rules: Rules | None = None) -> Merge:
    return first_meeting(pair, build.context(rules), newest=newest, owner=owner)


def test_M4_x3_wins_where_both_have_a_value_and_outlooks_is_kept_in_a_problem_line() -> None:
    pair = unlinked(build.CONTACT, build.alter(build.CONTACT, function="Poet", mobile="+33"))
    result = met(pair)
    assert result.changes == {Side.OUTLOOK: {"function": "Engineer"}, Side.X3: {"mobile": "+33"}}
    assert [(p.field, p.outlook, p.kept) for p in result.problems] == [("function", "Poet", True)]
    assert result.lost


def test_M4_a_value_that_only_x3_has_goes_to_outlook() -> None:
    result = met(unlinked(build.alter(build.TASK[Side.X3], done=True, report="text"), build.TASK[Side.OUTLOOK]))
    assert result.changes == {Side.OUTLOOK: {"done": True, "report": "text"}, Side.X3: {}}
    assert not result.problems


def test_A2_at_a_first_meeting_nothing_of_a_participant_goes_to_x3() -> None:
    pair = unlinked(build.APPOINTMENT[Side.X3], build.alter(build.APPOINTMENT[Side.OUTLOOK], report="Mine"))
    assert met(pair, owner=False).changes == {Side.OUTLOOK: {"report": ""}, Side.X3: {}}
    assert met(pair).changes == {Side.OUTLOOK: {}, Side.X3: {"report": "Mine"}}


def test_M2_an_adopted_items_differences_follow_C4() -> None:
    pair = unlinked(build.TASK[Side.X3], build.alter(build.TASK[Side.OUTLOOK], subject="Newer"))
    assert isinstance(pair.outlook, Present)
    pair = replace(pair, outlook=replace(pair.outlook, modified_at=build.EARLIER + MINUTE))
    assert met(pair, newest=True).changes[Side.X3] == {"subject": "Newer"}
    assert met(pair, newest=False).changes[Side.OUTLOOK] == {"subject": "Offer"}
    assert met(pair, newest=True, rules=Rules(conflict=Conflict.ASK)).ask


@pytest.mark.parametrize("state", [LinkState.LINKED, LinkState.RELEASED])
def test_C1_without_a_last_look_every_field_of_a_side_counts_as_changed(state: LinkState) -> None:
    pair = pair_of(TASK, {"subject": "X3 says"})
    assert pair.link is not None
    blank = replace(pair, link=replace(pair.link, state=state, x3=Seen()))
    assert merged(blank).changes == {Side.OUTLOOK: {"subject": "X3 says"}, Side.X3: {}}
