"""What is done by hand through the command line: why, restore, problems fix and retry (R2, R4, G2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.worker.test_cli import Lab, bare, emulators, lab

__all__ = ["bare", "emulators", "lab"]  # fixtures


@pytest.fixture
def conflict(lab: Lab) -> Callable[[], tuple[str, dict[str, Any]]]:
    """A task whose subject both sides changed, Outlook's version having lost (C4)."""
    lab.add(1, "--go")
    lab.emulators.control("POST", "clock", {"advance_seconds": 60})

    def make() -> tuple[str, dict[str, Any]]:
        lab.ask("users", "set", "REP1", "conflict=outlook")
        task = next(iter(lab.tasks().values()))
        lab.graph("PATCH", task["path"], {"title": "First words"})
        lab.ask("sync", "REP1")
        (key,) = [d["x3_key"] for d in lab.ask("report", "REP1")["decisions"] if d["type"] == "task"]
        return key, task

    return make


def test_r2_why_and_restore_put_a_kept_version_back_on_both_sides(
    lab: Lab, conflict: Callable[[], tuple[str, dict[str, Any]]]
) -> None:
    key, task = conflict()
    told = lab.ask("why", key)
    assert {"user": "REP1", "type": "task", "x3_key": key, "state": "linked"}.items() <= told["item"].items()
    subjects = {version["n"]: (version["side"], version["content"]["subject"]) for version in told["versions"]}
    number = next(n for n, (side, subject) in subjects.items() if side == "x3" and subject != "First words")
    assert lab.ask("restore", key, "--version", str(number))["passes"][0]["cause"] == "admin"
    assert task["title"] in lab.tasks()
    assert "First words" not in lab.tasks()
    assert next(d["rule"] for d in lab.ask("why", key)["decisions"] if d["cause"] == "admin") == "R2"
    assert lab.ask("restore", key, "--version", str(number), code=2)["error"]["what"].endswith("already.")
    assert "kept are" in lab.ask("restore", key, "--version", "99", code=2)["error"]["what"]
    assert lab.ask("sync", "REP1")["writes"] == {"x3": 0, "outlook": 0}


def test_r2_an_item_gone_on_both_sides_is_restored_on_both(
    lab: Lab, conflict: Callable[[], tuple[str, dict[str, Any]]]
) -> None:
    key, task = conflict()
    lab.graph("DELETE", task["path"])
    assert lab.ask("sync", "REP1")["counts"]["task"]["x3"]["deleted"] == 1
    number = [v["n"] for v in lab.ask("why", key)["versions"] if v["side"] == "x3"][-1]
    (report,) = lab.ask("restore", key, "--version", str(number))["passes"]
    assert report["counts"]["task"]["outlook"]["created"] == 1
    assert "First words" in lab.tasks()
    assert lab.ask("sync", "REP1")["writes"] == {"x3": 0, "outlook": 0}


def test_r4_a_problem_is_fixed_by_a_side_or_a_typed_value_and_vanishes(lab: Lab) -> None:
    lab.add(1, "--go")
    lab.ask("users", "set", "REP1", "conflict=x3")
    task = next(iter(lab.tasks().values()))
    key = lab.ask("why", task["id"])["item"]["x3_key"]

    def line(words: str) -> str:
        """Both sides change the subject; X3 wins, Outlook's words are kept in a problem line (C4)."""
        lab.graph("PATCH", task["path"], {"title": words})
        lab.edit_in_x3(key, "X3 words")
        lab.ask("sync", "REP1")
        assert "X3 words" in lab.tasks()
        (row,) = [row for row in lab.ask("problems", "list")["problems"] if row["field"] == "subject"]
        assert (row["x3_key"], row["outlook"]) == (key, words)
        return str(row["id"])

    def subjects() -> tuple[str, bool]:
        assert not [row for row in lab.ask("problems", "list")["problems"] if row["field"] == "subject"]
        assert lab.ask("sync", "REP1")["writes"] == {"x3": 0, "outlook": 0}
        last = [v for v in lab.ask("why", key)["versions"] if v["side"] == "x3"][-1]["content"]["subject"]
        return last, last in lab.tasks()

    number = line("Outlook words")
    lab.ask("problems", "fix", number, "outlook")
    assert subjects() == ("Outlook words", True)
    lab.ask("problems", "fix", line("Other words"), "--value", "Typed words")
    assert subjects() == ("Typed words", True)
    lab.ask("problems", "fix", line("More words"), "x3")
    assert subjects() == ("X3 words", True)
    assert [d["rule"] for d in lab.ask("why", key)["decisions"]].count("R4") == 2  # what was written by hand


def test_g2_retry_tries_again_what_was_refused(lab: Lab) -> None:
    lab.add(1, "--go")
    task = next(iter(lab.tasks().values()))
    lab.graph("PATCH", task["path"], {"title": "Refused once"})
    refuse = {"match": {"operation": "modify", "object": "ZTSK"}, "action": "refuse", "message": "No, F12345"}
    lab.emulators.control("POST", "faults", refuse, port="x3")
    lab.ask("sync", "REP1")
    (row,) = [row for row in lab.ask("problems", "list")["problems"] if row["type"] == "task"]
    assert "No, F12345" in row["message"]
    assert lab.ask("sync", "REP1")["writes"]["x3"] == 0  # neither side changed since
    (report,) = lab.ask("problems", "retry", str(row["id"]))["passes"]
    assert report["writes"]["x3"] == 1
    assert not [row for row in lab.ask("problems", "list")["problems"] if row["type"] == "task"]
