"""`x3sync check` names what is wrong and how to mend it, exit 3, and writes nothing; bad settings are said all at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.system.world import World, ymd


def test_check_of_a_sound_installation(world: World) -> None:
    before = (world.written, world.product.bytes())
    findings = world.product.json("check", "REP1")["findings"]
    assert [one for one in findings if not one["ok"]] == []
    assert len(findings) > 10
    assert (world.written, world.product.bytes()) == before


def graph_url(world: World) -> None:
    world.product.settings["X3SYNC_GRAPH__BASE_URL"] = "http://127.0.0.1:9/v1.0"


def x3_url(world: World) -> None:
    world.product.settings["X3SYNC_X3__BASE_URL"] = "http://127.0.0.1:9"


def x3_password(world: World) -> None:
    world.product.settings["X3SYNC_X3__PASSWORD"] = "wrong"


def token(world: World) -> None:
    world.product.settings["X3SYNC_GRAPH__STATIC_TOKEN"] = "wrong"


def pool(world: World) -> None:
    world.product.settings["X3SYNC_X3__POOL"] = "sync"


def publication(world: World) -> None:
    world.sage.control("switches", {"unpublished": ["ZBAP"]})


def program(world: World) -> None:
    world.sage.control("switches", {"unpublished": ["ZGSYNKEY"]})


def column(world: World) -> None:
    world.sage.control("switches", {"zsyncid": False})


def mailbox(world: World) -> None:
    world.servers.control("POST", "user-actions", {"mailbox": "rep1@contoso.example", "action": "unlicense"})


def rights(world: World) -> None:
    world.servers.fault("status", {"path": "/todo/lists"}, status=403, code="ErrorAccessDenied", every=True)


def todo_rights(world: World) -> None:
    world.servers.control("POST", "switches", {"todo_rights": False})


def pool_user(world: World) -> None:
    world.sage.control("switches", {"pool_trouble": "Connection error - Incorrect user code or password"})


BROKEN = pytest.mark.parametrize(
    ("break_it", "named"),
    [
        (graph_url, "graph"),
        (x3_url, "x3"),
        (x3_password, "x3"),
        (token, "token"),
        (pool, "pool"),
        (publication, "zbap"),
        (program, "zgsynkey"),
        (column, "zsyncid"),
        (mailbox, "mailbox"),
        (rights, "to do"),
        (todo_rights, "to do"),
        (pool_user, "incorrect user code"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)


@BROKEN
def test_check_names_it_and_how_to_mend_it(world: World, break_it: Callable[[World], None], named: str) -> None:
    before = world.written
    break_it(world)
    answer = world.product.run("check", "REP1", "--json", code=3)
    wrong = [one for one in answer.document["findings"] if not one["ok"]]
    assert wrong
    assert named in " ".join(f"{one['name']} {one['why']}" for one in wrong).casefold()
    assert all(one["why"] and one["mend"] for one in wrong), wrong
    people = world.product.run("check", "REP1", code=3).out
    assert all(one["mend"] in people for one in wrong)
    world.servers.mend()
    assert world.written == before


@BROKEN
def test_a_pass_under_the_same_trouble_deletes_nothing(world: World, break_it: Callable[[World], None], named: str) -> None:
    world.alice.new_task("Task")
    world.sage.new_contact("Rossi")
    world.sync()
    settings = dict(world.product.settings)
    break_it(world)
    world.product.run("sync", "REP1", "--full", "--json", code=None)
    world.servers.mend()
    world.product.settings = settings
    world.sage.control("switches", {"unpublished": [], "zsyncid": True, "pool_trouble": ""})
    world.servers.control("POST", "switches", {"todo_rights": True})
    world.servers.control("POST", "user-actions", {"mailbox": "rep1@contoso.example", "action": "license"})
    world.product.run("users", "resume", "REP1", code=None)
    world.sync("REP1", "--full")
    assert (len(world.sage.all("ZTSK")), len(world.alice.tasks())) == (1, 1)
    assert (world.sage.only("ZCOR")["COPREP_LINES"], len(world.alice.contacts())) == (["R001"], 1)
    world.quiet()
    assert named


def test_bad_settings_are_said_all_at_once_with_exit_2(world: World) -> None:
    world.product.settings |= {
        "X3SYNC_TIMEZONE": "Paris",
        "X3SYNC_X3__POOL_SIZE": "many",
        "X3SYNC_X3__POOOL": "SYNC",
        "X3SYNC_LOG_LEVEL": "LOUD",
    }
    answer = world.product.run("sync", "REP1", code=2)
    told = answer.out + answer.err
    for name in ("X3SYNC_TIMEZONE", "X3SYNC_X3__POOL_SIZE", "X3SYNC_X3__POOOL", "X3SYNC_LOG_LEVEL"):
        assert name in told
    assert world.product.run("check", code=None).code in (2, 3)


def test_a_fixed_token_is_refused_off_this_machine(world: World) -> None:
    world.product.settings["X3SYNC_GRAPH__BASE_URL"] = "https://graph.microsoft.com/v1.0"
    answer = world.product.run("sync", "REP1", code=2)
    assert "X3SYNC_GRAPH__STATIC_TOKEN" in answer.out + answer.err


def test_secrets_are_never_said(world: World) -> None:
    world.product.settings["X3SYNC_X3__PASSWORD"] = "Zq5password"
    world.product.run("check", "REP1", code=3)
    world.product.run("sync", "REP1", "--json", code=None)
    assert "Zq5password" not in "".join(world.product.said)
    assert b"Zq5password" not in world.product.bytes()


def test_u1_a_user_without_a_representative_is_refused(bare: World) -> None:
    bare.sage.control("user-actions", {"action": "sql", "table": "SALESREP", "key": "R003", "set": {"AUSNUM": ""}})
    answer = bare.product.run("users", "add", "--x3-user", "REP3", "--mailbox", "rep3@contoso.example", code=None)
    assert answer.code not in (0, 75)
    assert "representative" in (answer.out + answer.err).casefold()
    assert bare.product.json("users", "list")["users"] == []


def test_u1_a_representative_may_come_from_salesrep_alone(bare: World) -> None:
    bare.enable(3)
    assert bare.product.json("users", "list")["users"][0]["representative"] == "R003"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--x3-user", "NOBODY", "--mailbox", "rep1@contoso.example"), "NOBODY"),
        (("--x3-user", "REP1", "--mailbox", "nobody@contoso.example"), "nobody@contoso.example"),
        (("--x3-user", "REP1", "--mailbox", "rep1@contoso.example", "--calendar", "Nowhere"), "Nowhere"),
    ],
)
def test_u1_u3_wrong_users_mailboxes_and_folders_are_named(bare: World, arguments: tuple[str, ...], words: str) -> None:
    answer = bare.product.run("users", "add", *arguments, code=None)
    assert answer.code not in (0, 75)
    assert words in answer.out + answer.err
    assert bare.product.json("users", "list")["users"] == []


def test_u1_a_mailbox_belongs_to_one_user(world: World) -> None:
    answer = world.product.run("users", "add", "--x3-user", "REP2", "--mailbox", "rep1@contoso.example", code=None)
    assert answer.code not in (0, 75)
    assert len(world.product.json("users", "list")["users"]) == 1


def test_u3_create_folders_makes_them_the_defaults(bare: World) -> None:
    bare.enable(1, "--create-folders")
    bare.sage.new_task("Task", ymd(1))
    bare.sage.new_contact("Rossi")
    bare.sage.new_appointment("Visit", ymd(1))
    bare.sync()
    assert (bare.alice.tasks(), bare.alice.events(), bare.alice.contacts()) == ([], [], [])
    lists = {row["displayName"]: row["id"] for row in bare.alice.rows("/todo/lists")}
    assert [row["title"] for row in bare.alice.tasks(lists["Sage X3"])] == ["Task"]
    bare.quiet()


def test_u3_a_read_only_calendar_is_refused(bare: World) -> None:
    folder = bare.alice.new_calendar("Shared")
    bare.alice.act("set_read_only", folder)
    answer = bare.product.run(
        "users", "add", "--x3-user", "REP1", "--mailbox", "rep1@contoso.example", "--calendar", "Shared", code=None
    )
    assert answer.code not in (0, 75)
    assert "Shared" in answer.out + answer.err
