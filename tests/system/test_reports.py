"""The processing report tells its own pass: what the servers said in it, and why it ended early (R1)."""

from __future__ import annotations

import csv
import io

from tests.system.outlook import day
from tests.system.product import Json
from tests.system.test_records import both_edited
from tests.system.world import World, decided, on

SAID = "Distant server message: Not today, F12345"
CODE = "- - - Log code on distant server: F12345 - - -"


def text(world: World, report: Json) -> list[str]:
    return world.product.run("report", report["pass"], "--text").out.splitlines()


def test_r1_a_report_keeps_what_the_server_said_in_that_pass_alone(world: World) -> None:
    before = world.sync()
    world.servers.fault("refuse", {"operation": "save", "object": "ZTSK"}, port="x3", message="Not today, F12345")
    world.alice.new_task("Refused", dueDateTime=day(on(3)))
    refused = world.sync()
    assert [(one["message"], one["log_code"]) for one in refused["decisions"]] == [("Not today, F12345", "F12345")]
    (line,) = world.problems()
    (cured,) = world.product.json("problems", "retry", str(line["id"]))["passes"]
    assert world.problems() == []
    assert world.product.json("report", refused["pass"]) == refused
    lines = text(world, refused)
    assert lines[lines.index(SAID) + 1] == CODE
    (row,) = csv.DictReader(io.StringIO(world.product.run("report", refused["pass"], "--csv").out))
    assert (row["message"], row["log_code"]) == ("Not today, F12345", "F12345")
    for other in (before, cured):
        assert not [said for said in text(world, other) if "F12345" in said]


def test_r1_c6_a_refused_field_is_told_with_the_write_that_it_was_refused_in(world: World) -> None:
    key = world.alice.new_contact("Rossi", "Ada", mobilePhone="06")["id"]
    world.sync()
    world.later()
    fault = {"operation": "modify", "object": "ZCOR"}
    world.servers.fault("refuse", fault, port="x3", field="CPYMOB", message="Not this number, F99")
    world.alice.change_contact(key, mobilePhone="07", department="Sales")
    report = world.sync()
    assert [(one["on"], one["outcome"], one["message"], one["log_code"]) for one in report["decisions"]] == [
        ("x3", "done", "Field [CPYMOB]: Not this number, F99", "F99")
    ]


def test_r1_what_no_server_said_is_not_told_as_a_servers_word(world: World) -> None:
    both_edited(world)
    report = world.sync()
    assert world.problems(field="subject")
    assert decided(report, "C4")[0]["message"] == ""
    assert "Distant server message" not in "\n".join(text(world, report))


def test_r1_a_pass_that_got_no_answer_leaves_a_report(world: World) -> None:
    world.later()
    world.servers.fault("status", {"path": "/users/"}, status=503, every=True)
    failed = world.sync("REP1", code=75)
    world.servers.mend()
    report = world.product.json("report", "REP1")
    assert report["ended"] == failed["error"]["what"] != ""
    assert f"ENDED EARLY: {report['ended']}" in text(world, report)


def test_r1_g5_a_pass_that_was_stopped_tells_what_it_had_done(world: World) -> None:
    world.alice.new_contact("Rossi", "Ada")
    world.alice.new_task("Task")
    world.servers.fault("status", {"operation": "save", "object": "ZTSK"}, port="x3", status=401, every=True)
    world.sync("REP1", code=1)
    report = world.product.json("report", "REP1")
    assert (report["counts"]["contact"]["x3"]["created"], report["counts"]["task"]["x3"]["created"]) == (1, 0)
    assert report["ended"]
