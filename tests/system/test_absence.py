"""What only makes the sync ask whether something is gone, and proves nothing (S8, S9)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.world import World, at, ymd

ONE_OF_EACH = {"TSK": "TSKNUM", "CLL": "CLLNUM", "BAP": "APTNUM", "COR": "CORNUM"}


def _one_of_each(world: World) -> None:
    world.sage.new_task("Task", ymd(1))
    world.sage.new_call("Call", ymd(1))
    world.sage.new_appointment("Visit", ymd(2))
    world.sage.new_contact("Rossi")
    world.sync()
    world.later()


def _standing(world: World) -> tuple[list[Any], list[Any]]:
    box = world.alice
    records = [row for code in ONE_OF_EACH for row in world.sage.all(f"Z{code}")]
    return records, [*box.tasks(), *box.events(), *box.contacts()]


@pytest.mark.parametrize("options", [(), ("--full",)])
def test_s8_a_row_of_x3s_queue_that_says_deleted_deletes_nothing_that_is_there(
    world: World, options: tuple[str, ...]
) -> None:
    _one_of_each(world)
    before = _standing(world)
    for number, (code, key) in enumerate(ONE_OF_EACH.items(), start=9001):
        row = {"SYDNUM": number, "SYDUSR": "REP1", "SYDTYP": code, "SYDATTTYP": "A"}
        row["SYDKEY"] = world.sage.only(f"Z{code}")[key]
        world.sage.control("user-actions", {"action": "sql_insert", "table": "SYNCDATA", "set": row})
    assert world.sync("REP1", *options)["writes"] == {"x3": 0, "outlook": 0}
    assert _standing(world) == before
    assert not world.servers.control("GET", "dump", port="x3")["SYNCDATA"]  # R3: they were seen
    world.quiet()


@pytest.mark.parametrize("path", ["/todo/lists", "/calendarView", "/contacts"])
def test_s8_a_listing_that_leaves_out_what_is_there_deletes_nothing(world: World, path: str) -> None:
    """Too few for G1's brake."""
    _one_of_each(world)
    before = _standing(world)
    world.servers.fault("empty_listing", {"path": path, "method": "GET"}, every=True)
    assert world.sync("REP1", "--full")["writes"] == {"x3": 0, "outlook": 0}
    assert world.servers.fired()
    world.servers.mend()
    assert _standing(world) == before
    assert world.held() == []
    world.quiet()


@pytest.mark.parametrize("path", ["/calendarView", "/todo/lists", "/contactFolders"])
def test_s9_a_listing_that_answers_404_for_a_while_deletes_nothing(world: World, path: str) -> None:
    world.alice.new_task("A")
    world.alice.new_event("B", at(1))
    world.alice.new_contact("C")
    world.sync()
    world.servers.fault("status", {"path": path, "method": "GET"}, status=404, code="ErrorItemNotFound", every=True)
    world.sync("REP1", code=None)
    world.sync("REP1", "--full", code=None)
    world.servers.mend()
    world.sync("REP1", "--full")
    assert [len(world.sage.all(name)) for name in ("ZTSK", "ZBAP", "ZCOR")] == [1, 1, 1]
    assert world.sage.only("ZCOR")["COPREP_LINES"] == ["R001"]
    world.quiet()
