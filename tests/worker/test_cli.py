"""The command line over real SQLite and both emulators over HTTP: documents, exit codes, sentences (contract.md)."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.emulators.conftest import ROOT, Emulators, start
from worker.cli import run
from worker.state import leases, revision, users
from worker.state.store import Store
from x3_adapter import X3, X3Connection

TOKEN = {"Authorization": "Bearer emulator"}


@dataclass
class Lab:
    """One test's installation: environment, database, both emulators fresh from the seed."""

    emulators: Emulators
    database: str
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def set(self, **values: str) -> None:
        """More settings, by their names without the prefix."""
        for name, value in values.items():
            self.monkeypatch.setenv(f"X3SYNC_{name}", value)

    def say(self, *words: str) -> tuple[int, str, str]:
        """Run a command in this process: exit code, stdout, stderr."""
        self.capsys.readouterr()
        code = run(words)
        printed = self.capsys.readouterr()
        return code, printed.out, printed.err

    def ask(self, *words: str, code: int = 0) -> Any:
        """Run a command with --json: the one document it prints."""
        found, out, err = self.say(*words, "--json")
        assert found == code, (out, err)
        return json.loads(out)

    def add(self, number: int = 1, *more: str) -> Any:
        return self.ask("users", "add", "--x3-user", f"REP{number}", "--mailbox", f"rep{number}@contoso.example", *more)

    def store(self) -> Store:
        return Store.open(self.database)

    def graph(self, method: str, path: str, body: Any = None) -> Any:
        """A person's own request to Graph."""
        answer = httpx.request(method, f"{self.emulators.graph}/v1.0/{path}", json=body, headers=TOKEN, timeout=30)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def tasks(self, number: int = 1) -> dict[str, dict[str, Any]]:
        """The tasks of a default list, by title."""
        user = f"users/rep{number}@contoso.example"
        lists = self.graph("GET", f"{user}/todo/lists")["value"]
        own = next(row["id"] for row in lists if row["wellknownListName"] == "defaultList")
        rows = self.graph("GET", f"{user}/todo/lists/{own}/tasks?$top=100")["value"]
        return {row["title"]: row | {"path": f"{user}/todo/lists/{own}/tasks/{row['id']}"} for row in rows}

    def edit_in_x3(self, key: str, subject: str) -> None:
        """A colleague changes a task's subject in X3, a minute later."""
        self.emulators.control("POST", "clock", {"advance_seconds": 60})

        async def modify() -> None:
            x3 = X3.connect(X3Connection(base_url=self.emulators.x3, pool="SYNC", user="x3sync", password="x3sync"))
            await x3.modify("ZTSK", {"TSKNUM": key}, f'<PARAM><FLD NAME="FULOBJ">{subject}</FLD></PARAM>')
            await x3.aclose()

        asyncio.run(modify())

    def writes(self) -> int:
        """Requests that were no reading, so far, at Graph."""
        by_method: dict[str, int] = self.emulators.control("GET", "stats")["requests"]["by_method"]
        return sum(count for method, count in by_method.items() if method != "GET")


@pytest.fixture(scope="module")
def emulators() -> Iterator[Emulators]:
    running = start("--seed", "demo")
    yield running
    assert running.stop() == 0


@pytest.fixture
def bare(emulators: Emulators, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lab:
    emulators.control("DELETE", "faults")
    emulators.control("POST", "reset", {"seed": "demo"})
    for name in [name for name in os.environ if name.startswith("X3SYNC_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    lab = Lab(emulators, f"sqlite:///{tmp_path}/state.db", capsys, monkeypatch)
    lab.set(
        DATABASE_URL=lab.database,
        TIMEZONE="Europe/Paris",
        CLOCK_URL=emulators.graph,
        GRAPH__BASE_URL=f"{emulators.graph}/v1.0",
        GRAPH__STATIC_TOKEN="emulator",
        X3__BASE_URL=emulators.x3,
        X3__POOL="SYNC",
        X3__FOLDER="SEED",
        X3__USER="x3sync",
        X3__PASSWORD="x3sync",
        X3__EXECUTION_LIMIT_SECONDS="1",
    )
    return lab


@pytest.fixture
def lab(bare: Lab) -> Lab:
    assert bare.ask("db", "upgrade") == {"from": None, "to": revision.NEWEST}
    return bare


# ------------------------------------------------------------------------------------- before anything runs


def test_stdout_is_one_document_in_a_process_of_its_own(lab: Lab, tmp_path: Path) -> None:
    program = "from worker.cli import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        arguments = [sys.executable, "-c", program, *words]
        return subprocess.run(arguments, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    told = command("version", "--json")
    assert (told.returncode, set(json.loads(told.stdout))) == (0, {"version", "database", "python"})
    refused = command("sync", "NOBODY", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["error"]["what"]) == (2, "There is no user NOBODY.")
    assert "Traceback" not in refused.stderr


def test_all_settings_problems_are_said_at_once(bare: Lab) -> None:
    bare.set(TIMEZONE="Mars/Olympus", X3__POOL="", X3__PASWORD="x")
    code, out, err = bare.say("sync", "REP1")
    assert (code, out) == (2, "")
    assert all(name in err for name in ("X3SYNC_TIMEZONE", "X3SYNC_X3__POOL", "X3SYNC_X3__PASWORD"))


def test_an_old_database_is_not_touched(bare: Lab) -> None:
    code, _, err = bare.say("users", "list")
    assert code == 2
    assert "x3sync db upgrade" in err


@pytest.mark.parametrize(
    "words",
    [
        ["sync"],
        ["sync", "REP1", "--all"],
        ["sync", "REP1", "--queue", "--go"],
        ["users", "add"],
        ["problems", "fix", "1"],
        ["problems", "fix", "1", "x3", "--value", "a"],
        ["problems", "retry", "7"],
        ["held", "release"],
        ["held", "reject", "7"],
        ["report", "NOBODY"],
        ["why", "TSK0"],
        ["restore", "TSK0", "--version", "1"],
        ["resync", "REP1"],
        ["resync", "REP1", "--from", "x3", "--keys", "A..B"],
        ["nonsense"],
    ],
)
def test_usage_leaves_with_2_and_a_sentence(lab: Lab, words: list[str]) -> None:
    code, out, err = lab.say(*words)
    assert (code, out) == (2, "")
    assert err.strip()


# -------------------------------------------------------------------------------------------------- users


def test_u1_u3_a_user_is_enabled_with_x3s_representative_and_own_folders(lab: Lab) -> None:
    row = lab.add()["user"]
    assert (row["x3_user"], row["representative"], row["mailbox"]) == ("REP1", "R001", "rep1@contoso.example")
    assert [(f["kind"], f["default"]) for f in row["folders"]] == [("contact", True), ("event", True), ("task", True)]
    listed = lab.ask("users", "list")["users"]
    assert [(u["x3_user"], u["state"]) for u in listed] == [("REP1", "active")]
    assert lab.ask("users", "add", "--x3-user", "REP1", "--mailbox", "rep2@contoso.example", code=1)["error"]
    assert lab.ask("users", "add", "--x3-user", "REP2", "--mailbox", "rep1@contoso.example", code=1)["error"]
    assert lab.ask("users", "add", "--x3-user", "GHOST", "--mailbox", "rep2@contoso.example", code=1)["error"]["mend"]
    assert lab.ask("users", "add", "--x3-user", "REP2", "--mailbox", "nobody@contoso.example", code=2)["error"]["mend"]
    assert [u["x3_user"] for u in lab.ask("users", "list")["users"]] == ["REP1"]


def test_u3_create_folders_and_named_folders(lab: Lab) -> None:
    folders = lab.add(1, "--create-folders")["user"]["folders"]
    assert [f["name"] for f in folders if f["default"]] == ["Sage X3"] * 3
    assert len(folders) == 6
    asked = ["users", "add", "--x3-user", "REP2", "--mailbox", "rep2@contoso.example"]
    assert "There are:" in lab.ask(*asked, "--calendar", "Nowhere", code=2)["error"]["mend"]
    lab.graph("POST", "users/rep2@contoso.example/calendars", {"name": "Clients"})
    folders = lab.ask(*asked, "--calendar", "clients", "--calendar", "Calendar")["user"]["folders"]
    assert [(f["name"], f["default"]) for f in folders if f["kind"] == "event"] == [("Clients", True), ("Calendar", False)]


def test_u2_u6_set_says_all_mistakes_and_a_change_asks_for_complete_listings(lab: Lab) -> None:
    lab.add(1, "--go")
    wrong = lab.ask("users", "set", "REP1", "conflict=coin", "TSKADXDLT=perhaps", "window=soon", code=2)["error"]
    assert all(name in wrong["what"] for name in ("conflict", "TSKADXDLT", "window"))
    changed = lab.ask("users", "set", "rep1", "TSKADXDLT=no", "conflict=x3", "window=-10..20", "reminder_minutes=15")
    assert set(changed["changed"]) == {"TSKADXDLT", "conflict", "window", "reminder_minutes"}
    assert {"type": "", "why": "marked: full, settings"}.items() <= lab.ask("pending", "REP1")["pending"][0].items()
    assert lab.ask("sync", "REP1")["full"] is True
    assert lab.ask("users", "import", "REP1")["changed"] == {"TSKADXDLT": {"from": "no", "to": "yes"}}
    assert lab.ask("users", "set", "REP1", "private_lists=Nowhere", code=2)
    assert lab.ask("users", "set", "REP1", "private_lists=Tasks")["changed"]["private_lists"]["from"] == ""


def test_u6_folders_that_go_release_their_links_after_a_preview(lab: Lab) -> None:
    lab.add(1, "--go")
    lab.graph("POST", "users/rep1@contoso.example/todo/lists", {"displayName": "Work"})
    assert "released" in lab.ask("users", "set", "REP1", "--list", "Work", code=2)["error"]["what"]
    lab.ask("users", "set", "REP1", "--list", "Work", "--yes")
    counts = lab.ask("sync", "REP1")["counts"]["task"]
    assert counts["unlinked"] == 10
    assert counts["x3"]["deleted"] == counts["outlook"]["deleted"] == counts["outlook"]["created"] == 0


def test_r5_remove_takes_out_only_what_the_sync_made(lab: Lab) -> None:
    before = set(lab.tasks())
    lab.add(1, "--go")
    assert len(lab.tasks()) > len(before)
    preview = lab.ask("users", "remove", "REP1", "--take-out", "--dry-run")
    assert preview["removed"] is False
    assert lab.ask("users", "remove", "REP1", "--take-out", code=2)["error"]["mend"] == "Say --yes."
    lab.ask("users", "pause", "REP1")
    assert lab.ask("users", "remove", "REP1", "--take-out", "--yes")["removed"] is True
    assert set(lab.tasks()) == before
    assert lab.ask("users", "list")["users"] == []
    assert lab.emulators.control("GET", "stats")["attendee_mails"] == 0


# ------------------------------------------------------------------------------------------------- passes


def test_g4_g7_preview_hold_release_and_a_quiet_second_pass(lab: Lab) -> None:
    lab.add()
    sent = lab.writes()
    preview = lab.ask("sync", "REP1", "--dry-run")
    assert (preview["mode"], preview["writes"], lab.writes()) == ("dry-run", {"x3": 0, "outlook": 0}, sent)
    assert preview["counts"]["task"]["outlook"]["created"] > 0
    assert lab.ask("sync", "REP1")["held_as_a_whole"]
    (row,) = lab.ask("held", "list")["held"]
    assert (row["rule"], row["type"], row["x3_key"]) == ("G7", "", "")
    assert lab.ask("held", "reject", str(row["id"]), code=2)["error"]["mend"]
    (done,) = lab.ask("held", "release", str(row["id"]))["passes"]
    assert (done["cause"], done["writes"]["outlook"] > 0) == ("admin", True)
    assert lab.ask("held", "list", "--versions") == {"held": []}
    again = lab.ask("sync", "REP1")
    assert again["writes"] == {"x3": 0, "outlook": 0}
    assert lab.ask("report", "REP1") == again == lab.ask("report", again["pass"])
    code, text, _ = lab.say("report", done["pass"], "--csv")
    assert (code, text.splitlines()[0]) == (0, "type,x3_key,outlook_id,rule,action,on,why,outcome,message,log_code")
    assert lab.say("report")[1].startswith("x3sync report - user REP1")


def test_sync_all_goes_over_the_active_users_and_one_failure_stops_no_other(lab: Lab) -> None:
    for number in (1, 2, 3):
        lab.add(number)
    lab.ask("users", "pause", "REP3", "--why", "on leave")
    lab.emulators.control(
        "POST", "faults", {"match": {"mailbox": "rep1@contoso.example"}, "every": True, "action": "status", "status": 403}
    )
    told = lab.ask("sync", "--all", code=1)
    assert [report["user"] for report in told["passes"]] == ["REP2"]
    assert [failed["user"] for failed in told["failed"]] == ["REP1"]
    states = {u["x3_user"]: (u["state"], u["paused_why"]) for u in lab.ask("users", "list")["users"]}
    assert states["REP1"][0] == "paused"  # G5
    assert "permissions" in states["REP1"][1]
    assert states["REP3"] == ("paused", "on leave")
    assert "resume" in lab.ask("sync", "REP1", code=1)["error"]["mend"]
    lab.emulators.control("DELETE", "faults")
    assert lab.ask("sync", "REP1", "--dry-run")["mode"] == "dry-run"  # a preview of a paused user writes nothing
    assert lab.ask("users", "resume", "REP1")["user"]["state"] == "active"
    assert lab.ask("sync", "REP1", "--go")["writes"]["outlook"] > 0


def test_g5_a_stop_of_a_whole_side_pauses_nobody_and_is_shown_until_it_ends(lab: Lab) -> None:
    lab.add(1, "--go")
    lab.set(X3__PASSWORD="wrong")
    assert lab.ask("sync", "REP1", code=1)["error"]["mend"]
    told = lab.ask("users", "list")
    assert told["users"][0]["state"] == "active"
    assert [(one["side"], bool(one["mend"])) for one in told["stopped"]] == [("x3", True)]
    assert "x3 stands still for everybody" in lab.say("users", "list")[1]
    lab.set(X3__PASSWORD="x3sync")
    lab.ask("sync", "REP1")
    assert lab.ask("users", "list")["stopped"] == []


def test_a_dead_server_and_a_taken_lease_say_try_later(lab: Lab) -> None:
    lab.add()
    store = lab.store()
    with store.begin() as tx:
        user = users.get(tx, "REP1")
        assert user is not None
        assert leases.acquire(tx, user.id, "another", 60, monotonic=0.0)
    assert "Somebody works" in lab.ask("sync", "REP1", code=75)["error"]["what"]
    store.close()
    lab.set(X3__BASE_URL="http://127.0.0.1:9")
    assert lab.ask("pending", "REP1", code=75)["error"]["mend"]


def test_g6_a_foreign_database_is_claimed_by_hand_only(lab: Lab) -> None:
    lab.add(1, "--go")
    lab.set(PUBLIC_URL="https://moved.example")
    assert lab.ask("sync", "REP1", code=1)["error"]["mend"] == (
        "If this installation shall go on with this database, say `x3sync db claim`."
    )
    assert lab.ask("sync", "REP1", "--dry-run")["mode"] == "dry-run"
    assert lab.ask("db", "claim")["installation"]["public_url"] == "https://moved.example"
    assert lab.ask("sync", "REP1")["writes"] == {"x3": 0, "outlook": 0}


def test_f4_resync_looks_at_everything_and_writes_nothing_twice(lab: Lab) -> None:
    lab.add(1, "--go")
    forced = lab.ask("resync", "REP1", "--from", "both")
    assert (forced["cause"], forced["full"], forced["from"]) == ("forced", True, "both")
    assert {row["rule"] for row in forced["decisions"] if row["outcome"] == "done"} <= {"F1", "M4", "M5"}
    assert lab.ask("resync", "REP1", "--from", "both")["writes"] == {"x3": 0, "outlook": 0}
    assert lab.ask("sync", "REP1")["writes"] == {"x3": 0, "outlook": 0}
    assert lab.ask("resync", "REP1", "--from", "x3", "--dry-run")["mode"] == "dry-run"


def test_queue_marks_and_subscriptions_list(lab: Lab) -> None:
    lab.add()
    assert lab.ask("sync", "REP1", "--queue", "--full") == {"queued": ["REP1"], "sent": []}
    assert any(row["why"] == "marked: admin, cli, full" for row in lab.ask("pending")["pending"])
    assert lab.ask("subscriptions", "list") == {"subscriptions": []}
    assert lab.ask("subscriptions", "drop") == {"subscriptions": []}
    assert lab.ask("subscriptions", "renew") == {"subscriptions": [], "refused": []}
