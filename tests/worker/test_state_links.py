"""Links and claims: M1 and M6 are keys of the database, and ten thousand links are no matter."""

from __future__ import annotations

import threading
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from reconcile.context import ContactEntry
from reconcile.model import (
    Appointment,
    Contact,
    EventFacts,
    ItemType,
    Kind,
    Link,
    LinkState,
    PersonName,
    Seen,
    Side,
    Task,
    When,
)
from tests.worker.conftest import NOW, add_user
from worker.state import claims, leases, links
from worker.state.store import Store
from worker.state.users import User

FP = "fp"
EARLIER = NOW - timedelta(minutes=5)


def a_link(number: int = 1, **changes: object) -> Link:
    """A link of a task, fresh."""
    link = Link(
        type=ItemType.TASK,
        state=LinkState.LINKED,
        x3_key=f"T{number}",
        auuid=f"{number:032x}",
        outlook_key=f"AAMk{number}",
        folder="list",
        x3=Seen(content=Task(subject=f"x3 {number}"), version="20260302083000", written_at=NOW),
        outlook=Seen(content=Task(subject=f"outlook {number}"), version='W/"1"'),
    )
    return replace(link, **changes)  # type: ignore[arg-type]


def test_c1_a_link_comes_back_with_what_each_side_looked_like(store: Store, user: User) -> None:
    with store.begin() as tx:
        saved = links.save(tx, user.id, a_link())
    assert saved.id
    with store.read() as tx:
        assert links.by_x3(tx, user.id, [(ItemType.TASK, "T1")]) == [saved]
        assert links.by_outlook(tx, user.id, Kind.TASK, ["AAMk1"]) == [saved]
        assert links.by_id(tx, user.id, saved.id) == saved
        assert links.by_x3(tx, user.id, [(ItemType.CALL, "T1")]) == []
        assert links.by_outlook(tx, user.id, Kind.EVENT, ["AAMk1"]) == []
    changed = replace(saved, state=LinkState.DETACHED, outlook=Seen())
    with store.begin() as tx:
        assert links.save(tx, user.id, changed) == changed
    with store.read() as tx:
        assert links.of_user(tx, user.id) == [changed]


def test_every_field_of_a_link_is_stored(store: Store, user: User) -> None:
    when = When(start=NOW, end=NOW)
    link = Link(
        type=ItemType.APPOINTMENT,
        state=LinkState.ASLEEP,
        x3_key="A1",
        auuid="a" * 32,
        outlook_key="AAMk1",
        folder="calendar",
        born=Side.OUTLOOK,
        made=True,
        ical_uid="uid",
        series_id="master",
        original_start=NOW,
        organized_by="digest",
        owner="R001",
        invited=True,
        x3=Seen(content=Appointment(when=when, category=2), version="1", written_at=NOW),
        outlook=Seen(content=Appointment(when=when), version="2", written_at=NOW + timedelta(seconds=1)),
    )
    forgotten = [f.name for f in fields(link) if f.name != "id" and getattr(link, f.name) == f.default]
    assert not forgotten, "give the new field a value here, and a column"
    with store.begin() as tx:
        one = links.save(tx, user.id, link)
        [two] = links.save_many(tx, user.id, [(replace(link, x3_key="A2", outlook_key="AAMk2"), None)])
    with store.read() as tx:
        assert links.of_user(tx, user.id) == [one, two]
    assert replace(one, id=0) == link


def test_outlook_ids_differ_by_case_alone(store: Store, user: User) -> None:
    with store.begin() as tx:
        upper, lower = links.save_many(
            tx, user.id, [(a_link(1, outlook_key="AAMkA="), None), (a_link(2, outlook_key="AAMka="), None)]
        )
    with store.read() as tx:
        assert links.by_outlook(tx, user.id, Kind.TASK, ["AAMkA="]) == [upper]
        assert links.by_outlook(tx, user.id, Kind.TASK, ["AAMka="]) == [lower]
        assert links.by_outlook(tx, user.id, Kind.TASK, ["AAMKA="]) == []


def test_m1_a_record_has_one_link(store: Store, user: User) -> None:
    with store.begin() as tx:
        links.save(tx, user.id, a_link())
    with pytest.raises(links.AlreadyLinked), store.begin() as tx:
        links.save(tx, user.id, a_link(outlook_key="another"))


def test_m1_an_item_has_one_link(store: Store, user: User) -> None:
    with store.begin() as tx:
        links.save(tx, user.id, a_link())
    with pytest.raises(links.AlreadyLinked), store.begin() as tx:
        links.save_many(tx, user.id, [(a_link(2), None), (a_link(3, outlook_key="AAMk1"), None)])
    with store.read() as tx:
        assert links.count(tx, user.id)[ItemType.TASK] == 1


def test_m1_the_same_key_with_another_auuid_is_another_record(store: Store, user: User) -> None:
    with store.begin() as tx:
        old = links.save(tx, user.id, a_link(state=LinkState.RELEASED))
        new = links.save(tx, user.id, a_link(auuid="f" * 32, outlook_key="AAMk2"))
    with store.read() as tx:
        assert links.by_x3(tx, user.id, [(ItemType.TASK, "T1")]) == [old, new]


def test_m1_two_users_link_one_record_each_in_his_mailbox(store: Store, user: User) -> None:
    other = add_user(store, "REP2")
    with store.begin() as tx:
        links.save(tx, user.id, a_link())
        links.save(tx, other.id, a_link())
    with store.read() as tx:
        assert links.count(tx)[ItemType.TASK] == 2
        assert links.count(tx, other.id) == {**dict.fromkeys(ItemType, 0), ItemType.TASK: 1}


def test_an_update_cannot_reach_another_users_link(store: Store, user: User) -> None:
    other = add_user(store, "REP2")
    with store.begin() as tx:
        saved = links.save(tx, user.id, a_link())
    with store.begin() as tx:
        links.save(tx, other.id, replace(saved, state=LinkState.RELEASED))
        links.drop(tx, other.id, [saved.id])
    with store.read() as tx:
        assert links.of_user(tx, user.id) == [saved]


def test_events_are_found_by_meeting_and_by_series(store: Store, user: User) -> None:
    facts = EventFacts(ical_uid="uid", series_id="master", original_start=NOW)
    with store.begin() as tx:
        link = links.save(tx, user.id, a_link(type=ItemType.APPOINTMENT, x3=Seen(), outlook=Seen()), event=facts)
        assert (link.ical_uid, link.series_id, link.original_start) == ("uid", "master", NOW)
        links.save(tx, user.id, a_link(2, type=ItemType.CALL, x3=Seen(), outlook=Seen()))
        links.save(tx, user.id, link)  # without facts: what is stored stays
        links.save_many(tx, user.id, [(link, None)])
    with store.read() as tx:
        assert links.by_event(tx, user.id, ical_uid="uid") == [link]
        assert links.by_event(tx, user.id, series_id="master") == [link]
    with store.begin() as tx:
        links.save(tx, user.id, replace(link, series_id="another"), event=facts)  # a split: the link says it itself
    with store.read() as tx:
        assert [one.id for one in links.by_event(tx, user.id, series_id="another")] == [link.id]
        assert links.by_event(tx, user.id) == []


def test_k_the_directory_is_read_without_contents(store: Store, user: User) -> None:
    contact = Contact(name=PersonName(surname="Noël", given="Zoé"), work_email="Zoe@X.example", home_email="zoe@x.example")
    link = a_link(type=ItemType.CONTACT, x3_key="C1", x3=Seen(content=contact), outlook=Seen())
    with store.begin() as tx:
        saved = links.save(tx, user.id, link, partner="BP01")
        links.save(tx, user.id, saved)
    with store.read() as tx:
        assert links.contact_entries(tx, user.id) == [
            ContactEntry(cor="C1", name="Zoé Noël", emails=("zoe@x.example",), company="BP01")
        ]


def test_ten_thousand_links_are_written_read_and_changed_in_bulk(store: Store, user: User) -> None:
    with store.begin() as tx:
        saved = links.save_many(tx, user.id, [(a_link(n), None) for n in range(10_000)])
    assert [link.x3_key for link in saved] == [f"T{n}" for n in range(10_000)]
    with store.read() as tx:
        light = links.versions(tx, user.id, ItemType.TASK)
        assert {(v.id, v.x3_key, v.outlook_version) for v in light} == {(link.id, link.x3_key, 'W/"1"') for link in saved}
        assert links.by_x3(tx, user.id, [(ItemType.TASK, link.x3_key) for link in saved[:1200]]) == saved[:1200]
    with store.begin() as tx:
        links.look_again(tx, user.id, [(link.id, Side.OUTLOOK, 'W/"2"') for link in saved])
        links.save_many(tx, user.id, [(replace(saved[0], folder="moved"), None)])
        links.drop(tx, user.id, [link.id for link in saved[5_000:]])
    with store.read() as tx:
        after = links.of_user(tx, user.id, states=[LinkState.LINKED], folder="list")
    assert [link.id for link in after] == [link.id for link in saved[1:5_000]]
    assert {link.outlook.version for link in after} == {'W/"2"'}


def test_m6_the_first_claim_of_a_meeting_stands(store: Store, user: User) -> None:
    other = add_user(store, "REP2")
    start = datetime(2026, 5, 1, 7, tzinfo=UTC)
    with store.begin() as tx:
        first = claims.take(tx, FP, user.id, ItemType.APPOINTMENT, "uid", start, NOW, left_before=EARLIER)
    with store.begin() as tx:
        assert claims.take(tx, FP, other.id, ItemType.APPOINTMENT, "uid", start, NOW, left_before=EARLIER) == first
        for fp, when in ((FP, None), ("other fp", start)):
            another = claims.take(tx, fp, other.id, ItemType.APPOINTMENT, "uid", when, NOW, left_before=EARLIER)
            assert another.user_id == other.id
        claims.settle(tx, FP, "uid", start, "A1")
    settled = replace(first, x3_key="A1")
    with store.begin() as tx:
        assert claims.of_records(tx, FP, ["A1", "A2"]) == {"A1": settled}
        assert claims.of_meetings(tx, FP, [("uid", start), ("none", None)]) == {("uid", links.iso(start)): settled}
        claims.release(tx, FP, "uid", start)
        assert claims.get(tx, FP, "uid", start) is None


def test_m6_a_claim_whose_owner_left_it_is_taken_over(store: Store, user: User) -> None:
    other = add_user(store, "REP2")
    meeting = (ItemType.APPOINTMENT, "uid", None)

    def takes(who: User, minutes: int) -> int | None:
        """Whose claim stands, that many minutes later."""
        at = NOW + timedelta(minutes=minutes)
        with store.begin() as tx:
            return claims.take(tx, FP, who.id, *meeting, at, left_before=at - timedelta(minutes=5)).user_id

    assert takes(user, 0) == user.id
    assert takes(other, 4) == user.id  # X3 may still be at it
    with store.begin() as tx:
        assert leases.acquire(tx, user.id, "his pass", 60, monotonic=0) is not None
    assert takes(other, 6) == user.id  # somebody works on him
    with store.begin() as tx:
        leases.release(tx, leases.Lease(user_id=user.id, owner="his pass", deadline=0))
    assert takes(user, 6) == user.id  # he comes again, and from now it counts
    assert takes(other, 10) == user.id
    assert takes(other, 12) == other.id
    assert takes(user, 13) == other.id
    with store.begin() as tx:
        claims.settle(tx, FP, "uid", None, "A1")
    assert takes(user, 60) == other.id  # what is made is never taken over
    with store.begin() as tx:
        taken = claims.take(tx, FP, user.id, *meeting, NOW, left_before=EARLIER, gone="A2")
        assert (taken.user_id, taken.x3_key) == (other.id, "A1")
        taken = claims.take(tx, FP, user.id, *meeting, NOW, left_before=EARLIER, gone="A1")
        assert (taken.user_id, taken.x3_key) == (user.id, "")  # D4: unless X3 is proven to have it no more


def test_m6_d7_the_claim_of_one_who_left_is_nobodys(store: Store, user: User) -> None:
    meeting = (ItemType.APPOINTMENT, "uid", None)
    with store.begin() as tx:
        claims.take(tx, FP, user.id, *meeting, NOW, left_before=EARLIER)
        claims.settle(tx, FP, "uid", None, "A1")
        claims.leave(tx, FP, user.id, ItemType.APPOINTMENT, "A2")
        assert claims.get(tx, FP, "uid", None).user_id == user.id  # type: ignore[union-attr]
        claims.leave(tx, FP, user.id, ItemType.APPOINTMENT, "A1")
    with store.begin() as tx:
        claim = claims.take(tx, FP, user.id, *meeting, NOW, left_before=NOW + timedelta(days=1))
        assert (claim.user_id, claim.x3_key) == (None, "A1")
        for key in ("A3", "A4"):  # found in X3, whoever made it
            claims.found(tx, FP, ItemType.CALL, "another", None, key, NOW)
        assert claims.of_records(tx, FP, ["A3", "A4"]).keys() == {"A4"}


def test_m6_the_record_of_a_meeting_is_known_by_the_links_of_the_others(store: Store, user: User) -> None:
    other, third = add_user(store, "REP2"), add_user(store, "REP3")
    start = datetime(2026, 5, 1, 7, tzinfo=UTC)
    with store.begin() as tx:
        links.save(tx, user.id, a_link(1, ical_uid="uid", original_start=start))
        links.save(tx, other.id, a_link(2, ical_uid="uid", state=LinkState.RELEASED))
        links.save(tx, third.id, a_link(3, ical_uid="uid"))
    with store.read() as tx:
        seen = {who.id: links.of_meetings(tx, who.id, ["uid", "none"]) for who in (user, other, third)}
    alone, first = ("uid", ""), ("uid", links.iso(start))
    assert {name: link.x3_key for name, link in seen[user.id].items()} == {alone: "T3"}
    assert {name: link.x3_key for name, link in seen[other.id].items()} == {first: "T1", alone: "T3"}
    assert {name: link.x3_key for name, link in seen[third.id].items()} == {first: "T1", alone: "T2"}


def test_m6_two_passes_that_claim_at_once_agree(store: Store, user: User) -> None:
    other = add_user(store, "REP2")
    barrier, answers = threading.Barrier(2), []

    def take(user_id: int) -> None:
        barrier.wait()
        with store.begin() as tx:
            answers.append(claims.take(tx, FP, user_id, ItemType.APPOINTMENT, "uid", None, NOW, left_before=EARLIER))

    threads = [threading.Thread(target=take, args=(who,)) for who in (user.id, other.id)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 2
    assert answers[0] == answers[1]
