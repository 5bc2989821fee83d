"""kill -9 at each step of a pass (quality.md): about to send, answered, about to commit. The passes are small, so that
every one of their steps can be tried; `python -m tests.soak --kills 1` does the same with passes that have more to do."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from tests.soak.check import Checker
from tests.soak.history import Told, settle
from tests.soak.look import Item
from tests.soak.passes import Passes
from tests.soak.people import People
from tests.soak.stage import LOOSE_BRAKES, Stage
from tests.soak.test_seeds import set_up

MOST = 200  # steps


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with set_up("sqlite", tmp_path_factory.mktemp("kills")) as one:
        yield one


def prepared(stage: Stage, *, more: bool) -> tuple[People, Passes]:
    """A create in Outlook and a deletion in X3 are due; with `more` also the other way round, and an edit."""
    stage.begin((1,), LOOSE_BRAKES)
    people, passes = People(stage, Random(1), (1,)), Passes(stage, Random(1), (1,))
    people._in_outlook("task", "gone", 1, [], "w", 3, 9)
    if more:
        people._in_x3("task", "away", 1, [], "w", 5, 9)
        people._in_outlook("appointment", "edited", 1, [], "w", 4, 9)
    passes.plain()
    stage.advance(60)
    stage.boxes[1].delete_task(_item(people, "gone").key)
    people.things["gone"].deleted_by, people.things["gone"].gone = {1}, True
    people._in_x3("call", "call", 1, [], "w", 6, 9)
    if more:
        (record,) = people._look().of("away")
        stage.sage.delete(record.publication, record.key)
        people.things["away"].deleted_in_x3 = people.things["away"].gone = True
        people._patch(_item(people, "edited"), subject="edited twice")
        people.things["edited"].say("title", ("outlook", 1), "edited twice")
        people._in_outlook("contact", "card", 1, [], "w", 4, 9)
    return people, passes


def _item(people: People, tag: str) -> Item:
    found = people._mine(people.things[tag], 1)
    assert found is not None
    return found


@pytest.mark.timeout(900)
@pytest.mark.parametrize("more", [False, pytest.param(True, marks=pytest.mark.long)], ids=["little", "much"])
def test_a_pass_killed_at_any_step_doubles_loses_and_deletes_nothing(stage: Stage, *, more: bool) -> None:
    for step in range(1, MOST):
        people, passes = prepared(stage, more=more)
        told = Told(step)
        told.steps.append(passes.killed_at(1, step))
        restless = settle(stage, people, passes, told)
        found = Checker(stage, people, (1,)).findings()
        assert found == [], f"killed at step {step}: {found}\n{told.text()}"
        assert not restless, f"killed at step {step}: {restless}\n{told.text()}"
        if not passes.killed:
            break
    assert (40 if more else 30) < step < MOST - 1
