"""The real command as a process of its own: exit codes, one JSON document on stdout (contract.md)."""

from __future__ import annotations

import json

import pytest

from tests.system.world import World, mailbox, ymd


def test_the_first_minutes_of_an_installation(bare: World) -> None:
    product = bare.product
    bare.sage.new_task("Call back", ymd(1))
    product.spawn("db", "upgrade")
    added = product.spawn("users", "add", "--x3-user", "REP1", "--mailbox", mailbox(1), "--json")
    assert json.loads(added.out)
    listed = json.loads(product.spawn("users", "list", "--json").out)
    assert [row["x3_user"] for row in listed["users"]] == ["REP1"]
    preview = json.loads(product.spawn("sync", "REP1", "--dry-run", "--json").out)
    assert preview["counts"]["task"]["outlook"]["created"] == 1
    done = json.loads(product.spawn("sync", "--all", "--json").out)
    assert done["passes"][0]["held_as_a_whole"]
    done = json.loads(product.spawn("sync", "REP1", "--go", "--json").out)
    assert done["writes"]["outlook"] >= 1
    assert [row["title"] for row in bare.alice.tasks()] == ["Call back"]
    report = json.loads(product.spawn("report", "REP1", "--json").out)
    assert report["pass"] == done["pass"]


@pytest.mark.timeout(180)  # five commands, each a process of its own
def test_exit_codes(world: World) -> None:
    assert world.product.spawn("version").code == 0
    assert world.product.spawn("nonsense", code=None).code == 2
    assert world.product.spawn("sync", "NOBODY", "--json", code=None).code == 2
    world.servers.fault("status", {"path": "/users/"}, status=503, every=True)
    assert world.product.spawn("sync", "REP1", "--json", code=None).code == 75
    world.servers.mend()
    world.product.settings["X3SYNC_X3__PASSWORD"] = "wrong"
    assert world.product.spawn("check", code=None).code == 3


def test_a_second_pass_for_the_same_user_is_told_to_try_later(world: World) -> None:
    world.alice.new_task("Task")
    world.servers.fault("delay", {"operation": "save"}, port="x3", seconds=3.0)
    with world.product.start("sync", "REP1", "--json") as first:
        while world.servers.fired() == 0:
            assert first.poll() is None
        assert world.product.run("sync", "REP1", "--json", code=None).code == 75
        out, _ = first.communicate(timeout=60)
    assert first.returncode == 0
    assert json.loads(out)["counts"]["task"]["x3"]["created"] == 1
    assert len(world.sage.all("ZTSK")) == 1
    world.quiet()
