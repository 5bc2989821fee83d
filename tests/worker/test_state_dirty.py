"""Dirty marks, cursors, attempts, passes, identity and subscriptions."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta

from reconcile.model import ItemType, Side
from tests.worker.conftest import NOW, add_user
from worker.state import attempts, dirty, leases, passes, users
from worker.state.attempts import Attempt
from worker.state.dirty import Mark
from worker.state.passes import Installation, PassRun, Subscription
from worker.state.store import Store
from worker.state.users import User

LATER = NOW + timedelta(minutes=5)


def test_a_mark_keeps_its_age_and_gathers_causes(store: Store, user: User) -> None:
    with store.begin() as tx:
        dirty.mark(tx, [Mark(user_id=user.id, since=NOW, stream="s", causes=("poll",))])
    with store.begin() as tx:
        dirty.mark(
            tx,
            [
                Mark(user_id=user.id, since=LATER, stream="s", causes=("notification",)),
                Mark(user_id=user.id, since=LATER, stream="s", causes=("poll", "notification")),
                Mark(user_id=user.id, since=LATER, stream="s", item="i"),
            ],
        )
    with store.read() as tx:
        marks = dirty.take(tx, user.id)
    assert [(m.stream, m.item, m.since, m.causes) for m in marks] == [
        ("s", "", NOW, ("poll", "notification")),
        ("s", "i", LATER, ()),
    ]


def test_a_mark_made_while_a_pass_runs_survives_it(store: Store, user: User) -> None:
    with store.begin() as tx:
        dirty.mark(tx, [Mark(user_id=user.id, since=NOW, stream=name) for name in ("a", "b")])
        taken = dirty.take(tx, user.id)
    with store.begin() as tx:
        dirty.mark(tx, [Mark(user_id=user.id, since=LATER, stream="b")])
    with store.begin() as tx:
        dirty.clear(tx, taken)
    with store.read() as tx:
        assert [(m.stream, m.since) for m in dirty.take(tx, user.id)] == [("b", NOW)]
    with store.begin() as tx:
        dirty.clear(tx, dirty.take(tx, user.id))
        assert dirty.take(tx, user.id) == []


def test_marks_of_many_writers_are_all_there(store: Store, user: User) -> None:
    barrier = threading.Barrier(6)

    def write(number: int) -> None:
        barrier.wait()
        for n in range(5):
            streams = [f"s{n}", f"s{n + 1}"]
            with store.begin() as tx:
                ordered = streams if number % 2 else streams[::-1]
                dirty.mark(tx, [Mark(user_id=user.id, since=NOW, stream=s, causes=(f"c{number}",)) for s in ordered])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        found = {m.stream: set(m.causes) for m in dirty.take(tx, user.id)}
    assert found == {f"s{n}": {f"c{number}" for number in range(6)} for n in range(6)}


def test_the_sweep_sees_who_waits_and_is_free(store: Store, user: User) -> None:
    busy, paused, idle = (add_user(store, name) for name in ("BUSY", "PAUSED", "IDLE"))
    with store.begin() as tx:
        for n, one in enumerate((busy, user, paused)):
            dirty.mark(tx, [Mark(user_id=one.id, since=NOW + timedelta(seconds=n), stream=s) for s in ("a", "b")])
        users.pause(tx, paused.id, "")
        leases.acquire(tx, busy.id, "somebody", 60, monotonic=time.monotonic())
    with store.read() as tx:
        assert [(w.user_id, w.since, w.marks) for w in dirty.waiting(tx)] == [(user.id, NOW + timedelta(seconds=1), 2)]
        assert [w.user_id for w in dirty.waiting(tx, free_only=False)] == [busy.id, user.id]
    assert idle.id not in (busy.id, user.id)


def test_cursors_are_kept_by_stream_also_of_the_installation(store: Store, user: User) -> None:
    with store.begin() as tx:
        dirty.put_cursors(tx, user.id, {"a": "1", "b": "2"}, NOW)
        dirty.put_cursors(tx, dirty.INSTALLATION, {"a": "0"}, NOW)
        dirty.put_cursors(tx, user.id, {"a": "3"}, LATER)
    with store.begin() as tx:
        assert dirty.cursors(tx, user.id) == {"a": "3", "b": "2"}
        assert dirty.cursors(tx, dirty.INSTALLATION) == {"a": "0"}
        dirty.forget_cursors(tx, user.id, ["a"])
        assert dirty.cursors(tx, user.id) == {"b": "2"}
        dirty.forget_cursors(tx, user.id)
        assert dirty.cursors(tx, user.id) == {}


def test_m7_one_open_attempt_for_a_source_item(store: Store, user: User) -> None:
    other = add_user(store, "REP2")
    wanted = Attempt(
        type=ItemType.TASK,
        side=Side.OUTLOOK,
        source_key="T1",
        token="t1",
        sent_at=NOW,
        sync_id="s",
        marker="m",
        folder="f",
    )
    with store.begin() as tx:
        [first] = attempts.begin(tx, user.id, [wanted])
    assert replace(first, id=0) == wanted
    with store.begin() as tx:
        again, on_x3 = attempts.begin(tx, user.id, [replace(wanted, token="t2"), replace(wanted, token="t3", side=Side.X3)])
        assert again == first
        assert on_x3.token == "t3"
        assert attempts.begin(tx, other.id, [wanted])[0].id not in (first.id, on_x3.id)
        assert attempts.of_user(tx, user.id) == [first, on_x3]
        attempts.close(tx, [first])
        assert attempts.of_user(tx, user.id) == [on_x3]
        assert attempts.begin(tx, user.id, [replace(wanted, token="t4")])[0].token == "t4"


def test_r1_passes_are_kept_newest_first(store: Store, user: User) -> None:
    run = PassRun(id="p1", user_id=user.id, cause="cli", mode="apply", started=NOW)
    newer = PassRun(
        id="p2", user_id=user.id, cause="poll", mode="dry-run", started=LATER, full=True, report={"decisions": ["é"]}
    )
    with store.begin() as tx:
        passes.save(tx, run)
        passes.save(tx, newer)
        passes.save(tx, replace(run, seconds=1.5, report={"counts": {}}))
    with store.begin() as tx:
        assert passes.get(tx, "p1") == replace(run, seconds=1.5, report={"counts": {}})
        assert passes.get(tx, "p3") is None
        assert [p.id for p in passes.latest(tx, user.id, limit=5)] == ["p2", "p1"]
        assert passes.latest(tx, user.id) == [newer]
        assert [p.id for p in passes.latest(tx, user.id, mode="apply")] == ["p1"]
        assert passes.prune(tx, LATER) == 1
        assert passes.get(tx, "p1") is None


def test_g6_the_database_knows_whose_it_is(store: Store) -> None:
    one = Installation(installation_id="i1", fp="fp", public_url="https://one.example", created=NOW)
    with store.begin() as tx:
        assert passes.installation(tx) is None
        passes.claim_installation(tx, one)
    with store.begin() as tx:
        assert passes.installation(tx) == one
        passes.claim_installation(tx, replace(one, public_url="https://two.example"))
    with store.read() as tx:
        assert passes.installation(tx) == replace(one, public_url="https://two.example")


def test_subscriptions_are_adopted_renewed_and_dropped(store: Store, user: User) -> None:
    one = Subscription(id="s1", user_id=user.id, resource="/users/1/events", expires=NOW, client_state="digest")
    two = replace(one, id="s2", expires=LATER)
    with store.begin() as tx:
        for subscription in (two, one):
            passes.save_subscription(tx, subscription)
    with store.begin() as tx:
        assert passes.subscriptions(tx) == [one, two]
        assert passes.subscriptions(tx, user.id, before=LATER) == [one]
        passes.save_subscription(tx, replace(one, expires=LATER + timedelta(days=1)))
        assert passes.subscriptions(tx, before=LATER) == []
        assert passes.subscription(tx, "s1") == replace(one, expires=LATER + timedelta(days=1))
        passes.drop_subscription(tx, "s1")
        assert passes.subscription(tx, "s1") is None
