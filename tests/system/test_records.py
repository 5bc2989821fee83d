"""What is kept and told: reports, history, the pending queue, problem lines, off-boarding (R1-R5)."""

from __future__ import annotations

import csv
import io
import re

import pytest

from tests.system.outlook import attendee, day
from tests.system.world import World, at, mailbox, on, ymd


def queue(world: World) -> list[tuple[str, str]]:
    """X3's own queue: (user, action)."""
    rows = world.servers.control("GET", "dump", port="x3")["SYNCDATA"]
    return sorted((row["SYDUSR"], row["SYDATTTYP"]) for row in rows)


def test_r1_a_report_says_each_rule_each_class_and_what_the_server_said(pair: World) -> None:
    pair.sage.new_appointment("Taken", ymd(1), "0900", "1000")
    pair.sync("REP1")
    pair.alice.new_event("Overlaps", at(1, 9, 30))
    pair.alice.new_event("Alone", at(2))
    pair.benoit.new_event("Asked", at(3), attendees=[attendee(mailbox(1))])
    report = pair.sync("REP1")
    assert (report["outlook_classes"]["managed"], report["outlook_classes"]["request"]) == (2, 1)
    assert {one["rule"] for one in report["decisions"]} >= {"M5", "A5"}
    assert all(one["why"] for one in report["decisions"])
    assert pair.product.json("report", report["pass"]) == report
    text = pair.product.run("report", "REP1", "--text").out
    assert re.search(r"^Distant server message: .*already taken", text, re.MULTILINE)
    assert re.search(r"^- - - Log code on distant server: F\d+ - - -$", text, re.MULTILINE)
    assert "meeting request 1" in text
    rows = list(csv.DictReader(io.StringIO(pair.product.run("report", "REP1", "--csv").out)))
    assert [row["rule"] for row in rows] == [one["rule"] for one in report["decisions"]]
    assert {row["outcome"] for row in rows} >= {"done", "problem"}


def test_r2_the_history_of_an_item_is_told_and_an_old_version_comes_back(world: World) -> None:
    key = world.sage.new_task("First", ymd(3))["TSKNUM"]
    world.sync()
    for words in ("Second", "Third"):
        world.later()
        world.alice.change_task(world.alice.tasks()[0]["id"], title=words)
        world.sync()
    told = world.product.json("why", key)
    assert [one["rule"] for one in told["decisions"]][:1] == ["M5"]
    assert {one["cause"] for one in told["decisions"]} == {"cli"}
    first = next(v for v in told["versions"] if v["side"] == "x3" and v["content"]["subject"] == "First")
    world.later()
    world.product.json("restore", key, "--version", str(first["n"]))
    assert (world.sage.only("ZTSK")["FULOBJ"], world.alice.tasks()[0]["title"]) == ("First", "First")
    world.quiet()


def test_r2_each_version_is_kept_once_and_what_x3_won_over_comes_back(world: World) -> None:
    """At a first meeting that writes to both sides and marks the item: three steps, and two versions before and after."""
    world.sage.new_contact("Rossi", "Ada", CPYEML="ada@north.example", CPYMOB="+33111")
    address = [{"address": "ada@north.example", "name": "Ada"}]
    world.alice.new_contact("Rossi", "Ada", emailAddresses=address, mobilePhone="+33999", jobTitle="Buyer")
    world.sync()
    key = world.sage.only("ZCOR")["CORNUM"]
    told = world.product.json("why", key)
    assert [one["action"] for one in told["decisions"]] == ["update", "update", "mark"]
    kept = [(one["side"], one["content"]["mobile"]) for one in told["versions"]]
    assert kept == [("outlook", "+33999"), ("x3", "+33111"), ("outlook", "+33111")]
    world.later()
    world.product.json("restore", key, "--version", "1")
    assert (world.sage.only("ZCOR")["CPYMOB"], world.alice.contacts()[0]["mobilePhone"]) == ("+33999", "+33999")
    world.quiet()


def test_r3_x3s_queue_is_shown_with_its_codes_and_answered_once_it_was_seen(world: World) -> None:
    made = world.sage.new_task("Made", ymd(3))["TSKNUM"]
    changed = world.sage.new_task("Changed", ymd(3))["TSKNUM"]
    gone = world.sage.new_task("Deleted", ymd(3))["TSKNUM"]
    moved = world.sage.new_task("Moved", ymd(3))["TSKNUM"]
    world.sync()
    assert queue(world) == []
    world.later()
    world.sage.modify("ZTSK", changed, FULOBJ="Changed again")
    world.sage.delete("ZTSK", gone)
    world.sage.modify("ZTSK", moved, TSKREP="R002")
    new = world.sage.new_task("New", ymd(3))["TSKNUM"]
    world.servers.control("POST", "user-actions", {"action": "force", "user": "REP1", "types": ["TSK"]}, port="x3")
    waits = {(row["x3_key"], row["action"]) for row in world.product.json("pending", "REP1")["pending"]}
    assert {(new, "C"), (changed, "M"), (gone, "A"), (moved, "P"), (made, "R")} <= waits
    foreign = [row for row in queue(world) if row[0] == "REP2"]
    world.sync()
    # Only rows of enabled users are answered: REP2's wait for him.
    assert queue(world) == foreign
    assert {task["title"] for task in world.alice.tasks()} == {"Made", "Changed again", "New"}
    assert world.product.json("pending", "REP1")["pending"] == []


def test_r3_a_row_is_not_answered_before_what_it_speaks_of_is_stored(world: World) -> None:
    """As long as the record cannot be read its row stays; once it is read, what could not be written waits here."""
    world.sage.new_task("Waits", ymd(3))
    world.servers.fault("status", {"operation": "read", "object": "ZTSK"}, port="x3", status=503, every=True)
    world.sync(code=None)
    assert queue(world) == [("REP1", "C")]
    world.servers.mend()
    world.servers.fault("status", {"method": "POST", "path": "/tasks"}, status=503, every=True, retry_after=400)
    world.later(600)
    world.sync(code=None)
    assert (queue(world), world.alice.tasks()) == ([], [])
    waits = world.product.json("pending", "REP1")["pending"]
    assert [(row["type"], row["action"]) for row in waits] == [("task", "C")]
    world.servers.mend()
    world.later(600)
    world.sync()
    assert [task["title"] for task in world.alice.tasks()] == ["Waits"]
    assert world.product.json("pending", "REP1")["pending"] == []


def differing(world: World) -> tuple[str, str, int]:
    """A contact whose function X3 cannot take: X3's key, Outlook's id, the problem's number."""
    key = world.alice.new_contact("Rossi", "Ada", jobTitle="x" * 90)["id"]
    world.sync()
    (line,) = world.problems()
    assert (line["field"], line["outlook"]) == ("function", "x" * 90)
    return world.sage.only("ZCOR")["CORNUM"], key, line["id"]


def both_edited(world: World) -> None:
    """A task whose subject was changed in Outlook and later in X3."""
    record = world.sage.new_task("Start", ymd(3))["TSKNUM"]
    world.sync()
    world.later(3600)
    world.alice.change_task(world.alice.tasks()[0]["id"], title="From Outlook")
    world.later()
    world.sage.modify("ZTSK", record, FULOBJ="From X3")


def function(world: World, key: str) -> tuple[str, str]:
    """The function on both sides."""
    contact = world.alice.contact(key)
    assert contact is not None
    return world.sage.only("ZCOR")["FNCLIB"], contact["jobTitle"]


@pytest.mark.parametrize("side", ["x3", "outlook"])
def test_r4_a_line_vanishes_when_either_side_is_cured(world: World, side: str) -> None:
    record, key, _ = differing(world)
    world.later()
    if side == "x3":
        world.sage.modify("ZCOR", record, FNCLIB="Buyer")
    else:
        world.alice.change_contact(key, jobTitle="Buyer")
    world.sync()
    assert world.problems() == []
    assert function(world, key) == ("Buyer", "Buyer")
    world.quiet()


@pytest.mark.parametrize(
    ("words", "both"), [(("x3",), ""), (("--value", "Buyer"), "Buyer")], ids=["X3's value", "a typed value"]
)
def test_r4_a_line_is_settled_by_hand_and_goes(world: World, words: tuple[str, ...], both: str) -> None:
    _, key, number = differing(world)
    world.later()
    world.product.json("problems", "fix", str(number), *words)
    assert (function(world, key), world.problems()) == ((both, both), [])
    world.quiet()


def test_r4_the_loser_of_a_conflict_can_be_chosen_afterwards(world: World) -> None:
    both_edited(world)
    world.sync()
    (line,) = world.problems(field="subject")
    assert world.alice.tasks()[0]["title"] == "From X3"
    world.later()
    world.product.json("problems", "fix", str(line["id"]), "outlook")
    assert (world.sage.only("ZTSK")["FULOBJ"], world.alice.tasks()[0]["title"]) == ("From Outlook", "From Outlook")
    assert world.problems() == []
    world.quiet()


def test_r4_retry_tries_what_was_refused_once_the_cause_is_gone(world: World) -> None:
    world.servers.fault("refuse", {"operation": "save", "object": "ZTSK"}, port="x3", message="Not today.")
    world.alice.new_task("Refused", dueDateTime=day(on(3)))
    world.sync()
    (line,) = world.problems()
    assert line["message"] == "Not today."
    assert world.sage.all("ZTSK") == []
    world.product.json("problems", "retry", str(line["id"]))
    assert (len(world.sage.all("ZTSK")), world.problems()) == (1, [])
    world.quiet()


def test_r5_a_removed_user_leaves_both_sides_as_they_are(world: World) -> None:
    world.sage.new_task("From X3", ymd(3))
    world.alice.new_task("From Outlook", dueDateTime=day(on(3)))
    world.sync()
    before = world.written
    world.product.json("users", "remove", "REP1", "--yes")
    assert world.written == before
    assert (len(world.alice.tasks()), len(world.sage.all("ZTSK"))) == (2, 2)
    # Enabled again, his items are known by their markers: none is made a second time.
    world.users.clear()
    world.enable(1)
    assert (len(world.alice.tasks()), len(world.sage.all("ZTSK"))) == (2, 2)
    world.quiet()


def test_r5_only_what_the_sync_made_is_taken_out_and_nobody_is_mailed(world: World) -> None:
    world.sage.new_task("From X3", ymd(3))
    world.sage.new_appointment("Visit", ymd(2))
    world.alice.new_task("From Outlook", dueDateTime=day(on(3)))
    own = world.alice.new_event("Own", at(4))["id"]
    world.sync()
    shared = next(event for event in world.alice.events() if event["subject"] == "Visit")
    world.alice.change_event(shared["id"], attendees=[attendee("buyer@elsewhere.example")])
    mails = world.servers.mails()
    preview = world.product.json("users", "remove", "REP1", "--take-out", "--dry-run")
    assert preview["removed"] is False
    stays = {row["type"]: row["stays"] for row in preview["take_out"]}
    assert stays == {"task": "", "appointment": "it has attendees, who would get a mail"}
    assert len(world.alice.tasks()) == 2
    world.product.json("users", "remove", "REP1", "--take-out", "--yes")
    assert [task["title"] for task in world.alice.tasks()] == ["From Outlook"]
    assert {event["id"] for event in world.alice.events()} == {own, shared["id"]}
    assert len(world.sage.all("ZTSK")) == 2
    assert world.servers.mails() == mails
