"""The brakes over days and over several users, and what is left of a user (G1, G3, R5, quality.md "Operation")."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.system import steps
from tests.system.outlook import day
from tests.system.world import World, at, on

DAY = 24 * 3600.0


def linked_tasks(world: World, count: int, *, words: str = "Trickle") -> list[str]:
    """So many linked tasks born in Outlook; their ids."""
    keys = [world.alice.new_task(f"{words} {n}", dueDateTime=day(on(3)))["id"] for n in range(count)]
    world.sync("REP1", "--go")
    assert len(world.sage.all("ZTSK")) == count
    return keys


def test_g1_a_trickle_of_deletions_is_counted_over_a_day(world: World) -> None:
    keys = linked_tasks(world, 60)
    reports = []
    for four in (keys[:4], keys[4:8]):
        for key in four:
            world.alice.delete_task(key)
        world.later(3600)
        reports.append(world.sync())
    # 4, then 8 in 24 hours: more than max(5, 10 % of 56).
    assert [report["counts"]["task"]["x3"]["deleted"] for report in reports] == [4, 0]
    assert len(world.sage.all("ZTSK")) == 56
    assert len(world.held(rule="G1")) == 4
    assert reports[1]["counts"]["task"]["held"] == 4
    again = world.sync()
    assert (again["writes"], len(world.held(rule="G1"))) == ({"x3": 0, "outlook": 0}, 4)
    # A day later the first four no longer count, so the others pass by themselves.
    world.later(DAY)
    assert world.sync()["counts"]["task"]["x3"]["deleted"] == 4
    assert (world.held(), len(world.sage.all("ZTSK"))) == ([], 52)
    world.quiet()


def test_g1_deletions_of_several_users_count_together(pair: World) -> None:
    pair.product.settings["X3SYNC_GUARDS__DELETIONS_LEAST"] = "3"
    mine = [pair.alice.new_task(f"Mine {n}", dueDateTime=day(on(3)))["id"] for n in range(4)]
    theirs = [pair.benoit.new_task(f"Theirs {n}", dueDateTime=day(on(3)))["id"] for n in range(4)]
    pair.sync("REP1")
    pair.sync("REP2")
    for key in mine[:3]:
        pair.alice.delete_task(key)
    for key in theirs[:2]:
        pair.benoit.delete_task(key)
    pair.later()
    assert pair.sync("REP1")["counts"]["task"]["x3"]["deleted"] == 3
    second = pair.sync("REP2")
    assert second["counts"]["task"]["x3"]["deleted"] == 0  # two of his own, but five of all
    (first, _) = pair.held(user="REP2")
    assert "of all users" in first["why"]
    pair.release(*(row["id"] for row in pair.held(user="REP2")))
    assert len(pair.sage.all("ZTSK")) == 3
    pair.quiet()


def test_g1_what_another_pass_deletes_meanwhile_counts_too(pair: World) -> None:
    """The second user's pass begins and ends while the first one's, already planned, still makes a record."""
    pair.product.settings["X3SYNC_GUARDS__DELETIONS_LEAST"] = "3"
    mine = [pair.alice.new_task(f"Mine {n}", dueDateTime=day(on(3)))["id"] for n in range(4)]
    theirs = [pair.benoit.new_task(f"Theirs {n}", dueDateTime=day(on(3)))["id"] for n in range(4)]
    pair.sync("REP1")
    pair.sync("REP2")
    for key in mine[:2]:
        pair.alice.delete_task(key)
    for key in theirs[:2]:
        pair.benoit.delete_task(key)
    pair.alice.new_task("Newcomer", dueDateTime=day(on(3)))
    pair.later()
    with ThreadPoolExecutor() as another, steps.at(1, lambda: another.submit(pair.sync, "REP2").result()):
        first = pair.sync("REP1")
    assert first["counts"]["task"]["x3"]["created"] == 1
    assert first["counts"]["task"]["x3"]["deleted"] == 0  # two of his own, but four of all
    assert len(pair.held(user="REP1")) == 2
    assert sorted(row["FULOBJ"][:5] for row in pair.sage.all("ZTSK")) == ["Mine "] * 4 + ["Newco"] + ["Their"] * 2
    pair.release(*(row["id"] for row in pair.held()))
    assert len(pair.sage.all("ZTSK")) == 5
    pair.quiet()


def test_g1_g3_held_deletions_are_gone_when_the_items_come_back(world: World) -> None:
    keys = linked_tasks(world, 8)
    for key in keys[:7]:
        world.alice.delete_task(key)
    world.later()
    world.sync()
    assert len(world.held(rule="G1")) == 7
    for record in world.sage.all("ZTSK"):
        world.sage.modify("ZTSK", record["TSKNUM"], FULRPO="still needed")
    world.later()
    world.sync()
    # D4: the surviving side was edited, so nothing waits to be deleted any more.
    assert world.held() == []
    assert len(world.alice.tasks()) == len(world.sage.all("ZTSK")) == 8
    world.settle()
    world.quiet()


@pytest.mark.parametrize("how", ["option", "setting", "later", "neither"])
def test_r5_of_a_removed_user_nothing_personal_stays_where_it_is_to_be_erased(world: World, how: str) -> None:
    world.alice.new_task("Quarterly figures of Marchetti", dueDateTime=day(on(3)))
    world.sync()
    world.sage.modify("ZTSK", world.sage.only("ZTSK")["TSKNUM"], FULOBJ="Figures of Marchetti, second look")
    world.later()
    world.sync()
    if how == "setting":
        world.product.settings["X3SYNC_KEEP__REMOVED_USERS"] = "false"
    world.product.json("users", "remove", "REP1", "--yes", *(["--erase"] if how == "option" else []))
    if how == "later":
        assert world.product.json("users", "remove", "REP1", "--yes", "--erase") == {"removed": True, "take_out": []}
    world.product.json("db", "upgrade")  # the file is written out when the last connection closes
    assert (b"Marchetti" in world.product.bytes()) is (how == "neither")
    assert world.alice.tasks()[0]["title"] == "Figures of Marchetti, second look"  # the mailbox itself is not touched


def said(world: World, name: str) -> int:
    """How often the log told it."""
    return sum(text.count(name) for text in world.product.said)


def test_g1_one_alert_tells_of_what_is_held_and_all_is_normal_after_its_release(world: World) -> None:
    keys = linked_tasks(world, 8)
    for key in keys[:7]:
        world.alice.delete_task(key)
    for _ in range(3):
        world.later()
        world.sync()
    assert (said(world, "changes_held"), len(world.sage.all("ZTSK"))) == (1, 8)
    world.release(*(row["id"] for row in world.held()))
    assert (world.held(), len(world.sage.all("ZTSK"))) == ([], 1)
    world.later()
    world.alice.change_task(keys[7], title="Goes on")
    world.alice.new_task("Another")
    world.sync()
    assert {row["FULOBJ"] for row in world.sage.all("ZTSK")} == {"Goes on", "Another"}
    assert (said(world, "changes_held"), world.held()) == (1, [])
    world.quiet()


def test_g7_one_alert_tells_of_a_first_pass_that_is_held(bare: World) -> None:
    bare.sage.new_task("Waits", "20260610")
    bare.enable(1, go=False)
    for _ in range(3):
        bare.sync()
    assert (said(bare, "pass_held"), bare.alice.tasks()) == (1, [])
    bare.release(bare.held()[0]["id"])
    assert (said(bare, "pass_held"), len(bare.alice.tasks())) == (1, 1)
    bare.quiet()


def test_g1_an_emptied_side_is_held_whatever_the_few_of_each_type(world: World) -> None:
    """Three of each: no more than five of any type go, and there are many links elsewhere."""
    world.product.settings["X3SYNC_GUARDS__DELETIONS_LEAST"] = "9"
    for n in range(3):
        world.alice.new_event(f"Visit {n}", at(n + 1))
        world.alice.new_event(f"Call {n}", at(n + 1, 15), categories=["X3 Call"])
    world.sync()
    assert [len(world.sage.all(name)) for name in ("ZBAP", "ZCLL")] == [3, 3]
    for row in world.alice.events():
        world.alice.delete_event(row["id"])
    world.later()
    world.sync("REP1", "--full")
    assert [len(world.sage.all(name)) for name in ("ZBAP", "ZCLL")] == [3, 3]
    assert (len(world.held(rule="G1")), said(world, "changes_held")) == (6, 1)
    world.release(*(row["id"] for row in world.held()))
    assert [len(world.sage.all(name)) for name in ("ZBAP", "ZCLL")] == [0, 0]
    world.quiet()


def test_g1_deletions_of_contacts_count_with_the_others_when_items_are_planned_again(world: World) -> None:
    """A contact that comes makes the pass plan the rest once more; what it plans to delete stays six of all types."""
    contacts = [world.alice.new_contact(f"Contact {n}")["id"] for n in range(3)]
    tasks = linked_tasks(world, 3)
    for key in contacts:
        world.alice.ok("DELETE", f"/contacts/{key}")
    for key in tasks:
        world.alice.delete_task(key)
    world.alice.new_contact("Newcomer")
    world.later()
    world.sync()
    assert len(world.sage.all("ZTSK")) == 3
    assert sum(row["COPREP_LINES"] == ["R001"] for row in world.sage.all("ZCOR")) == 4
    assert len(world.held(rule="G1")) == 6
    world.release(*(row["id"] for row in world.held()))
    assert (world.sage.all("ZTSK"), world.held()) == ([], [])
    world.quiet()


def test_g2_a_paused_user_delays_no_others_release(pair: World) -> None:
    pair.product.settings["X3SYNC_GUARDS__DELETIONS_LEAST"] = "1"
    for user, box in (("REP1", pair.alice), ("REP2", pair.benoit)):
        keys = [box.new_task(f"{user} {n}", dueDateTime=day(on(3)))["id"] for n in range(3)]
        pair.sync(user)
        for key in keys[:2]:
            box.delete_task(key)
        pair.later()
        pair.sync(user)
    assert (len(pair.held()), len(pair.sage.all("ZTSK"))) == (4, 6)
    pair.product.run("users", "pause", "REP1")
    answer = pair.product.run("held", "release", "--all", "--json", code=None)
    assert (answer.code, "REP1 is paused" in answer.out + answer.err) == (1, True)
    assert sorted(row["FULOBJ"] for row in pair.sage.all("ZTSK")) == ["REP1 0", "REP1 1", "REP1 2", "REP2 2"]
    pair.product.run("users", "resume", "REP1")
    pair.sync("REP1")  # his release holds
    assert sorted(row["FULOBJ"] for row in pair.sage.all("ZTSK")) == ["REP1 2", "REP2 2"]
    pair.quiet()
