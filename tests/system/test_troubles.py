"""Servers that fail, cursors that expire, a database that is lost (S8, M2, G5, G6, quality.md)."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.system.outlook import attendee, day
from tests.system.world import World, at, mailbox, on, ymd

X3_NAMES = ("ZTSK", "ZCLL", "ZBAP", "ZCOR")


def fill(world: World) -> None:
    """Two of each type, one born on each side."""
    world.alice.new_task("Task O", dueDateTime=day(on(1)))
    world.alice.new_event("Visit O", at(1))
    world.alice.new_event("Call O", at(2), categories=["X3 Call"])
    world.alice.new_contact("Contact O")
    world.sage.new_task("Task X", ymd(1))
    world.sage.new_appointment("Visit X", ymd(3))
    world.sage.new_call("Call X", ymd(4))
    world.sage.new_contact("Contact X")


def state(world: World) -> tuple[Any, ...]:
    """Everything both sides hold, stamps and tags included."""
    outlook = [world.alice.tasks(), world.alice.events(), world.alice.contacts()]
    return ([world.sage.all(name) for name in X3_NAMES], outlook)


def counts(world: World) -> list[int]:
    return [
        *(len(world.sage.all(name)) for name in X3_NAMES),
        len(world.alice.tasks()),
        len(world.alice.events()),
        len(world.alice.contacts()),
    ]


ALL = [2, 2, 2, 2, 2, 4, 2]


def test_m2_a_lost_database_is_rebuilt_from_the_markers(world: World) -> None:
    fill(world)
    world.sync()
    assert counts(world) == ALL
    world.quiet()
    before = state(world)
    world.later()
    for path in world.product.home.iterdir():
        path.unlink()
    world.product.run("db", "upgrade")
    world.enable(1, go=False)
    preview = world.sync("REP1", "--dry-run")
    assert sum(row["linked"] for row in preview["counts"].values()) == 8
    assert preview["writes"] == {"x3": 0, "outlook": 0}
    report = world.sync("REP1", "--go")
    assert sum(row["linked"] for row in report["counts"].values()) == 8
    assert report["writes"] == {"x3": 0, "outlook": 0}
    assert state(world) == before
    world.quiet()
    # The links live: a change on each side crosses.
    world.later()
    task = next(row for row in world.sage.all("ZTSK") if row["FULOBJ"] == "Task O")
    world.sage.modify("ZTSK", task["TSKNUM"], FULOBJ="Edited")
    world.sync()
    assert "Edited" in {row["title"] for row in world.alice.tasks()}
    assert counts(world) == ALL


def test_m2_after_the_loss_an_item_whose_record_is_gone_is_held(world: World) -> None:
    record = world.sage.new_task("Start", ymd(1))["TSKNUM"]
    world.sync()
    for path in world.product.home.iterdir():
        path.unlink()
    world.sage.delete("ZTSK", record)
    world.product.run("db", "upgrade")
    world.enable(1)
    assert world.sage.all("ZTSK") == []
    assert len(world.alice.tasks()) == 1
    assert [row["rule"] for row in world.held()] == ["M2"]
    world.quiet()


EXPIRED = [  # graph.md 1.5: what services and clients have seen
    {},
    {"expired_cursor_location": True},
    {"expired_cursor_code": "fullSyncRequired"},
    {"expired_cursor_status": 400, "expired_cursor_code": "resyncRequired"},
    {"expired_cursor_status": 404, "expired_cursor_code": "syncStateNotFound"},
    {"expired_cursor_status": 404, "expired_cursor_code": "ResourceNotFound"},
]


@pytest.mark.parametrize("said", EXPIRED)
def test_expired_cursors_lose_and_double_nothing(world: World, said: dict[str, Any]) -> None:
    world.servers.control("POST", "switches", said)
    fill(world)
    world.sync()
    world.later()
    world.alice.delete_task(next(row["id"] for row in world.alice.tasks() if row["title"] == "Task O"))
    world.alice.new_task("New")
    world.servers.fault("expire_cursors")
    world.sync()
    assert sorted(row["FULOBJ"] for row in world.sage.all("ZTSK")) == ["New", "Task X"]
    assert counts(world) == ALL
    world.quiet()


def test_s8_deletions_that_delta_never_tells_are_found_by_the_full_pass(world: World) -> None:
    fill(world)
    world.sync()
    world.later()
    world.servers.control("POST", "switches", {"delta_misses_deletions": True})
    world.alice.delete_task(next(row["id"] for row in world.alice.tasks() if row["title"] == "Task O"))
    for room, rows in (("events", world.alice.events()), ("contacts", world.alice.contacts())):
        for row in rows:
            if (row.get("subject") or row["surname"]).endswith(" O"):
                world.alice.ok("DELETE", f"/{room}/{row['id']}")
    world.sync()
    assert counts(world)[:4] == ALL[:4]
    world.sync("REP1", "--full")
    assert [row["FULOBJ"] for name in X3_NAMES[:3] for row in world.sage.all(name)] == ["Task X", "Call X", "Visit X"]
    assert [row["COPREP_LINES"] for row in world.sage.all("ZCOR")] == [["R001"], []]
    world.quiet()


@pytest.mark.parametrize("retry_after", [1, None])
def test_a_storm_of_429_delays_and_loses_nothing(world: World, retry_after: int | None) -> None:
    fill(world)
    world.servers.fault("status", {}, status=429, retry_after=retry_after, code="ApplicationThrottled", nth=4, every=True)
    for _ in range(2):
        world.sync("REP1", code=None)
    world.servers.mend()
    world.settle()
    assert counts(world) == ALL
    world.quiet()


@pytest.mark.parametrize("status", [404, 410, 412, 400])
def test_s8_an_answer_to_a_whole_batch_proves_nothing_and_breaks_nothing(world: World, status: int) -> None:
    fill(world)
    world.sync()
    world.servers.fault("status", {"path": "$batch"}, status=status, code="ErrorItemNotFound", every=True)
    assert world.product.run("sync", "REP1", "--full", "--json", code=None).code in (0, 75)
    world.servers.mend()
    world.settle()
    assert counts(world) == ALL
    world.quiet()


@pytest.mark.parametrize("status", [400, 412])
def test_s9_a_folder_that_refuses_suspends_only_itself(world: World, status: int) -> None:
    fill(world)
    world.sync()
    world.alice.new_contact("Meanwhile")
    world.servers.fault("status", {"path": "/tasks/delta"}, status=status, code="ErrorInvalidRequest", every=True)
    world.sync("REP1", "--full")
    assert counts(world) == [2, 2, 2, 3, 2, 4, 3]
    world.servers.mend()
    world.settle()
    assert counts(world) == [2, 2, 2, 3, 2, 4, 3]
    world.quiet()


@pytest.mark.parametrize("action", ["html_502", "drop_after_commit"])
@pytest.mark.parametrize("nth", [2, 3])
def test_a_bad_proxy_before_graph_loses_and_doubles_nothing(world: World, action: str, nth: int) -> None:
    fill(world)
    world.servers.fault(action, {}, nth=nth, every=True, commit=True)
    for _ in range(3):
        world.sync("REP1", code=None)
    world.servers.mend()
    world.settle(passes=3)
    assert counts(world) == ALL
    world.quiet()


def test_m7_what_was_made_and_could_not_be_looked_at_is_not_made_again(world: World) -> None:
    """The create is answered; where the event stands cannot be read, neither then nor in the next passes."""
    world.sage.new_appointment("Visit X", ymd(3))
    world.servers.fault("status", {"method": "GET", "path": "/calendar?"}, status=503, every=True)
    for _ in range(3):
        world.sync("REP1", code=None)
        world.later()
    assert world.servers.fired() > 0
    assert len(world.alice.events()) == 1
    world.servers.mend()
    world.settle()
    assert (len(world.alice.events()), len(world.sage.all("ZBAP"))) == (1, 1)
    world.quiet()


@pytest.mark.parametrize("action", ["html_502", "drop_after_commit", "nil_result", "pool_exhausted", "status"])
def test_a_bad_x3_loses_and_doubles_nothing(world: World, action: str) -> None:
    fill(world)
    world.servers.fault(action, {}, port="x3", nth=3, every=True, commit=True, status=1 if action == "nil_result" else 503)
    for _ in range(3):
        world.sync("REP1", code=None)
        world.later(30)
    world.servers.mend()
    world.settle(passes=3)
    assert counts(world) == ALL
    world.quiet()


def test_a_dead_graph_and_a_dead_x3_delay_only(world: World) -> None:
    fill(world)
    settings = dict(world.product.settings)
    for name in ("X3SYNC_X3__BASE_URL",):
        world.product.settings = {**settings, name: "http://127.0.0.1:9"}
        world.product.run("sync", "REP1", "--json", code=None)
    world.product.settings = settings
    world.servers.fault("status", {"path": "/users/"}, status=503, every=True)
    assert world.product.run("sync", "REP1", "--json", code=None).code == 75
    world.servers.mend()
    world.sync()
    assert counts(world) == ALL
    world.quiet()


@pytest.mark.parametrize(("status", "code"), [(403, "ErrorAccessDenied"), (404, "MailboxNotEnabledForRESTAPI")])
def test_g5_lost_rights_pause_the_user_delete_nothing_and_catch_up(world: World, status: int, code: str) -> None:
    fill(world)
    world.sync()
    world.later()
    world.alice.new_task("While away")
    world.servers.fault("status", {"mailbox": mailbox(1)}, status=status, code=code, every=True)
    for _ in range(3):
        assert world.product.run("sync", "REP1", "--full", "--json", code=None).code != 0
        world.later(3600)
    user = world.product.json("users", "list")["users"][0]
    assert user["state"] == "paused"
    assert user["paused_why"]
    assert sum(text.count("user_paused") for text in world.product.said) == 1
    world.servers.mend()
    world.product.run("users", "resume", "REP1")
    world.sync()
    assert counts(world) == [3, 2, 2, 2, 3, 4, 2]
    world.quiet()


def test_g5_a_revoked_credential_is_said_once_deletes_nothing_and_catches_up(world: World) -> None:
    fill(world)
    world.sync()
    world.later()
    world.alice.delete_task(next(row["id"] for row in world.alice.tasks() if row["title"] == "Task O"))
    world.alice.new_task("While away")
    world.product.settings["X3SYNC_GRAPH__STATIC_TOKEN"] = "revoked"
    for full in ((), ("--full",), ()):
        assert world.product.run("sync", "REP1", *full, "--json", code=None).code == 1
        world.later(3600)
    assert counts(world)[:4] == ALL[:4]
    world.product.settings["X3SYNC_GRAPH__STATIC_TOKEN"] = "emulator"
    world.sync()
    said = "\n".join(world.product.said)
    assert (said.count("side_stopped"), said.count("side_answers_again"), said.count("user_paused")) == (1, 1, 0)
    assert sorted(row["FULOBJ"] for row in world.sage.all("ZTSK")) == ["Task X", "While away"]
    assert counts(world) == ALL
    world.quiet()


def test_g5_an_unlicensed_mailbox_deletes_nothing(world: World) -> None:
    fill(world)
    world.sync()
    world.servers.control("POST", "user-actions", {"mailbox": mailbox(1), "action": "unlicense"})
    world.product.run("sync", "REP1", "--full", "--json", code=None)
    world.servers.control("POST", "user-actions", {"mailbox": mailbox(1), "action": "license"})
    world.product.run("users", "resume", "REP1", code=None)
    world.sync("REP1", "--full")
    assert counts(world) == ALL
    world.quiet()


def refused_until_claimed(world: World) -> None:
    before = world.written
    answer = world.product.run("sync", "REP1", "--json", code=None)
    assert answer.code not in (0, 75)
    assert "db claim" in answer.out + answer.err
    assert world.written == before
    world.product.run("db", "claim")


def test_g6_a_copied_database_writes_nothing_until_it_is_claimed(world: World) -> None:
    world.alice.new_task("Task")
    world.product.settings["X3SYNC_INSTALLATION"] = "another"
    refused_until_claimed(world)
    world.sync()
    assert len(world.sage.all("ZTSK")) == 1


def test_g6_the_whole_folder_of_an_installation_copied_writes_nothing_until_it_is_claimed(world: World) -> None:
    world.product.settings.pop("X3SYNC_INSTALLATION", None)
    world.product.run("db", "claim")
    world.alice.new_task("Task")
    world.sync()
    world.later()
    world.alice.new_task("Another")
    copied = world.product.home / "copied"
    shutil.copytree(world.product.home, copied)
    world.product.settings |= {
        "X3SYNC_DATABASE_URL": f"sqlite:///{copied}/x3sync.db",
        "X3SYNC_INSTALLATION_PATH": f"{copied}/installation",
    }
    refused_until_claimed(world)
    kept = [(home / "installation").read_text() for home in (world.product.home, copied)]
    assert kept[0] != kept[1]
    world.sync()
    assert len(world.sage.all("ZTSK")) == 2


def test_g6_no_command_writes_with_a_copied_database(world: World) -> None:
    """Whoever asks for it: a pass, a forced one, a word about what is held or wrong, a version put back, a user more or
    less."""
    record = world.sage.new_task("Old", ymd(3))["TSKNUM"]
    world.sage.new_appointment("Meeting", ymd(4))
    world.sync()
    world.later()
    world.alice.change_task(world.alice.tasks()[0]["id"], title="New")
    event = world.alice.events()[0]["id"]
    world.alice.change_event(event, attendees=[attendee("buyer@customer.example")])
    world.sync()
    world.later()
    world.sage.modify("ZBAP", world.sage.only("ZBAP")["APTNUM"], FULOBJ="Moved")
    world.servers.fault("refuse", {"operation": "save", "object": "ZTSK"}, port="x3", message="Not today.")
    world.alice.new_task("Refused", dueDateTime=day(on(3)))
    world.sync()
    (held,), (line, *_) = world.held(), world.problems()
    world.sage.modify("ZTSK", record, FULOBJ="Waits")
    world.product.settings["X3SYNC_INSTALLATION"] = "another"
    before = (world.written, state(world))
    for command in (
        ("sync", "REP1"),
        ("sync", "REP1", "--full", "--go"),
        ("sync", "--all"),
        ("resync", "REP1", "--from", "both"),
        ("held", "release", str(held["id"])),
        ("problems", "retry", str(line["id"])),
        ("restore", record, "--version", "1"),
        ("users", "remove", "REP1", "--take-out", "--yes"),
        ("users", "add", "--x3-user", "REP2", "--mailbox", mailbox(2), "--create-folders"),
        ("subscriptions", "drop", "REP1"),
    ):
        answer = world.product.run(*command, "--json", code=None)
        assert answer.code not in (0, 75), command
        assert "db claim" in answer.out + answer.err, command
        assert (world.written, state(world)) == before, command
    assert world.product.run("sync", "REP1", "--dry-run", "--json").code == 0
    assert (world.written, state(world)) == before


def test_g6_another_public_address_writes_nothing(world: World) -> None:
    world.alice.new_task("Task")
    world.product.settings["X3SYNC_PUBLIC_URL"] = "https://elsewhere.example"
    before = world.written
    assert world.product.run("sync", "REP1", "--json", code=None).code not in (0, 75)
    assert world.written == before
