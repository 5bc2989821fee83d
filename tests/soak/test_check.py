"""The judge of the histories: each figure is found where somebody tampers behind the product's back, and nothing else is.
And all that the emulators can do wrong is drawn by some history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest

from infra.emulators.faults import ACTIONS
from infra.emulators.graph.switches import DEFAULTS
from infra.emulators.x3.service import SWITCHES
from tests.soak import faults, fleet
from tests.soak.check import Checker, overheard
from tests.soak.history import Told, settle
from tests.soak.passes import Passes
from tests.soak.people import SECRET, People
from tests.soak.stage import LOOSE_BRAKES, Stage
from tests.soak.test_seeds import set_up
from tests.system.outlook import attendee, day
from tests.system.world import at, on
from worker.state import users


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with set_up("sqlite", tmp_path_factory.mktemp("check")) as one:
        yield one


def twice_in_x3(stage: Stage, _: People) -> None:
    stage.sage.new_task("task again", "20260612", TSKREP="R001")


def twice_in_outlook(stage: Stage, _: People) -> None:
    stage.boxes[1].new_event("event again", at(9))


def a_private_twin(stage: Stage, _: People) -> None:
    key = next(row["id"] for row in stage.boxes[1].events() if row["subject"].startswith("event"))
    twin = stage.boxes[1].act("copy", key)["immutableId"]
    stage.boxes[1].change_event(twin, sensitivity="private")


def missing_in_x3(stage: Stage, people: People) -> None:
    record = next(row for row in people._look().records if row.tag == "task")
    stage.sage.delete(record.publication, record.key)


def missing_in_outlook(stage: Stage, _: People) -> None:
    key = next(row["id"] for row in stage.boxes[1].tasks() if row["title"].startswith("theirs"))
    stage.boxes[1].delete_task(key)


def unassigned(stage: Stage, people: People) -> None:
    (record,) = people._look().of("card")
    stage.sage.unassign(record.key, "R001")


def in_the_bin(stage: Stage, _: People) -> None:
    key = next(row["id"] for row in stage.boxes[1].events() if row["subject"].startswith("event"))
    stage.boxes[1].delete_event(key)


def gone_from_both(stage: Stage, people: People) -> None:
    missing_in_x3(stage, people)
    key = next(row["id"] for row in stage.boxes[1].tasks() if row["title"].startswith("task"))
    stage.boxes[1].delete_task(key)


def other_words(stage: Stage, people: People) -> None:
    (record,) = people._look().of("theirs")
    stage.sage.modify("ZTSK", record.key, FULOBJ="theirs otherwise")


def another_day(stage: Stage, people: People) -> None:
    (record,) = people._look().of("theirs")
    stage.sage.modify("ZTSK", record.key, TSKDAT="20260620")


def done_on_one_side(stage: Stage, people: People) -> None:
    (record,) = people._look().of("theirs")
    stage.sage.modify("ZTSK", record.key, TSKDON="2")


def a_mail(stage: Stage, _: People) -> None:
    stage.boxes[1].new_event("nobody's", at(2), attendees=[attendee("buyer@customer.example")])


def in_x3(stage: Stage, _: People) -> None:
    stage.sage.new_task(f"elsewhere {SECRET}", "20260612", TSKREP="R002")


def in_the_log(stage: Stage, _: People) -> None:
    stage.said.write(f"a title: {SECRET}")


def in_the_state(stage: Stage, _: People) -> None:
    with stage.app.store.begin() as tx:
        users.pause(tx, 1, SECRET)


def in_another_mailbox(stage: Stage, _: People) -> None:
    stage.boxes[2].new_task(f"elsewhere {SECRET}", dueDateTime=day(on(2)))


TAMPERED: list[tuple[Callable[[Stage, People], None], str]] = [  # lost: also what else is deleted on one side only
    (twice_in_x3, "duplicates"),
    (twice_in_outlook, "duplicates"),
    (a_private_twin, "duplicates"),
    (missing_in_x3, "lost"),
    (missing_in_outlook, "lost"),
    (unassigned, "lost"),
    (in_the_bin, "wrongly_deleted"),
    (gone_from_both, "wrongly_deleted"),
    (other_words, "lost"),
    (another_day, "lost"),
    (done_on_one_side, "lost"),
    (a_mail, "mails"),
    (in_x3, "leaks"),
    (in_the_log, "leaks"),
    (in_the_state, "leaks"),
    (in_another_mailbox, "leaks"),
]


@pytest.mark.parametrize(("tamper", "figure"), TAMPERED, ids=[one.__name__ for one, _ in TAMPERED])
def test_the_checker_finds_what_it_counts(stage: Stage, tamper: Callable[[Stage, People], None], figure: str) -> None:
    stage.begin((1,), LOOSE_BRAKES)
    stage.servers.control("POST", "switches", {"overlap_control": False}, port="x3")
    people, passes = People(stage, Random(1), (1,)), Passes(stage, Random(1), (1,))
    people._in_outlook("task", "task", 1, [], "w", 3, 9)
    people._in_outlook("appointment", "event", 1, [], "w", 4, 9)
    people._in_outlook("contact", "card", 1, [], "w", 4, 9)
    people._in_x3("task", "theirs", 1, [], "w", 5, 9)
    people._private("task", "hidden", 1, "w", 5, 9)
    settle(stage, people, passes, Told(0))
    assert Checker(stage, people, (1,)).findings() == []
    assert overheard(stage) == []
    tamper(stage, people)
    found = Checker(stage, people, (1,)).findings()
    assert {figure} <= {one.figure for one in found} <= {figure, "lost"}, found
    assert bool(overheard(stage)) is (tamper is in_x3)


# How patient Graph is with a webhook, and how many subscriptions it gives: test_webhook_load.py, test_subscribe.py.
# A field that an entry point sets back differs for good, which is told (C6): tests/system/test_refusals.py.
NOT_DRAWN = {
    "webhook_timeout_ms", "webhook_least_answers", "webhook_delay_ms", "subscriptions_per_mailbox", "kept_fields",
}  # fmt: skip


def test_every_fault_and_every_switch_is_drawn_by_some_history() -> None:
    drawn = {rule["action"] for seed in range(300) for rule in faults.draw(Random(seed))}
    drawn |= {rule["action"] for rule in fleet._DEAF}
    assert drawn == ACTIONS
    switched = {name for name, _ in (*faults.SWITCHES, *faults.X3_SWITCHES)} | {"overlap_control"}
    switched |= {name for _, trouble in faults.TROUBLES for name in trouble}
    for seed in range(300):
        unknowns = faults.Unknowns.draw(Random(seed))
        switched |= set(unknowns.graph) | set(unknowns.x3)
    assert switched | NOT_DRAWN == set(DEFAULTS) | set(SWITCHES)
    assert not switched & NOT_DRAWN
