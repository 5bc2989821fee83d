"""What X3 refuses, what does not fit: one line with X3's message and log code; all else goes on (A7, C6, R1, R4)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.system.outlook import day, stop
from tests.system.world import World, at, on, ymd


def test_a7_an_overlap_holds_back_that_item_alone(world: World) -> None:
    world.sage.new_appointment("First", ymd(1), "0900", "1000")
    world.sync()
    key = world.alice.new_event("Second", at(1, 9, 30))["id"]
    world.alice.new_event("Third", at(2))
    world.alice.new_task("Task")
    world.alice.new_contact("Rossi")
    world.sync()
    assert {row["FULOBJ"] for row in world.sage.all("ZBAP")} == {"First", "Third"}
    assert (len(world.sage.all("ZTSK")), len(world.sage.all("ZCOR"))) == (1, 1)
    line = world.problems()[0]
    assert (line["user"], line["type"], line["field"]) == ("REP1", "appointment", "")
    assert "is already taken by appointment" in line["message"]
    assert re.fullmatch(r"F\d+", line["log_code"])
    report = world.product.run("report", "REP1", "--text").out
    assert "Distant server message" in report or line["message"] in report
    # No probing: nothing is sent again until either side changes.
    saves = world.servers.control("GET", "stats", port="x3")["requests"]["by_method"]["save"]
    world.quiet()
    assert world.servers.control("GET", "stats", port="x3")["requests"]["by_method"]["save"] == saves
    world.later()
    world.alice.change_event(key, start=stop(at(1, 14)), end=stop(at(1, 15)))
    world.sync()
    assert {row["FULOBJ"] for row in world.sage.all("ZBAP")} == {"First", "Second", "Third"}
    assert world.problems() == []
    world.quiet()


def test_a7_d2_what_takes_the_place_of_a_deleted_one_comes_with_it(world: World) -> None:
    """Creates come before deletions (S8), so X3 refuses the new one at first."""
    key = world.alice.new_event("Old", at(1))["id"]
    world.sync()
    world.later()
    world.alice.delete_event(key)
    world.alice.new_event("New", at(1, 9, 30))
    world.sync()
    assert [row["FULOBJ"] for row in world.sage.all("ZBAP")] == ["New"]
    assert world.problems() == []
    world.quiet()


def test_a7_appointments_that_move_up_behind_each_other_all_move(world: World) -> None:
    keys = [world.alice.new_event(f"No. {hour}", at(1, hour))["id"] for hour in (9, 10, 11)]
    world.sync()
    world.later()
    for key, hour in zip(keys, (10, 11, 12), strict=True):
        world.alice.change_event(key, start=stop(at(1, hour)), end=stop(at(1, hour + 1)))
    world.sync()
    world.settle()
    found = {row["FULOBJ"]: row["APTHOU"] for row in world.sage.all("ZBAP")}
    assert found == {"No. 9": "1000", "No. 10": "1100", "No. 11": "1200"}
    assert world.problems() == []
    world.quiet()


def test_a7_what_was_refused_is_tried_again_once_x3_has_room(world: World) -> None:
    first = world.sage.new_appointment("First", ymd(1), "0900", "1000")
    world.sync()
    world.alice.new_event("Second", at(1, 9, 30))
    world.sync()
    assert [line["type"] for line in world.problems()] == ["appointment"]
    world.later()
    world.sage.modify("ZBAP", first["APTNUM"], APTHOU="1400", APTHOUEND="1500")
    world.sync()
    assert {row["FULOBJ"]: row["APTHOU"] for row in world.sage.all("ZBAP")} == {"First": "1400", "Second": "0930"}
    assert world.problems() == []
    world.quiet()


def test_a7_an_overlapping_change_is_refused_and_undone_nowhere(world: World) -> None:
    world.sage.new_appointment("First", ymd(1), "0900", "1000")
    key = world.alice.new_event("Second", at(2))["id"]
    world.sync()
    world.later()
    world.alice.change_event(key, start=stop(at(1, 9, 30)), end=stop(at(1, 10, 30)), subject="Moved")
    world.sync()
    assert len(world.problems(type="appointment")) == 1
    event = world.alice.event(key)
    assert event is not None
    assert (event["subject"], event["start"]["dateTime"][:10]) == ("Moved", str(on(1)))
    world.quiet()
    world.later()
    first = next(row for row in world.sage.all("ZBAP") if row["FULOBJ"] == "First")
    world.sage.delete("ZBAP", first["APTNUM"])
    world.product.run("problems", "retry", "--all")
    assert [(row["FULOBJ"], row["APTDAT"]) for row in world.sage.all("ZBAP")] == [("Moved", ymd(1))]
    assert world.problems() == []
    world.quiet()


def test_c6_a_field_that_x3_silently_leaves_as_it_was_is_one_line(world: World) -> None:
    """X3 says yes, and an entry point has set the field back."""
    key = world.alice.new_contact("Rossi", "Ada", department="Sales", mobilePhone="06")["id"]
    world.sync()
    world.sage.control("switches", {"kept_fields": ["SRV"]})
    world.later()
    world.alice.change_contact(key, department="Purchasing", mobilePhone="07")
    for _ in range(3):
        world.sync()
        world.later()
    record = world.sage.only("ZCOR")
    assert (record["SRV"], record["CPYMOB"]) == ("Sales", "07")
    contact = world.alice.contact(key)
    assert contact is not None
    assert (contact["department"], contact["mobilePhone"]) == ("Purchasing", "07")
    assert [(row["field"], row["x3"], row["outlook"]) for row in world.problems()] == [
        ("department", "Sales", "Purchasing")
    ]
    world.quiet()
    # Cured in X3.
    world.sage.control("switches", {"kept_fields": []})
    world.sage.modify("ZCOR", record["CORNUM"], SRV="Purchasing")
    world.sync()
    assert world.problems() == []
    world.quiet()


@pytest.mark.parametrize("first", ["sync", "resync"])
def test_f4_c6_a_field_that_x3_leaves_as_it_was_is_forced_once(world: World, first: str) -> None:
    key = world.alice.new_contact("Rossi", "Ada", department="Sales", mobilePhone="06")["id"]
    world.sync()
    world.sage.control("switches", {"kept_fields": ["SRV"]})
    world.later()
    world.alice.change_contact(key, department="Purchasing", mobilePhone="07")
    if first == "sync":
        world.sync()
    assert forced(world, "outlook") == {"x3": 1, "outlook": 0}
    assert forced(world, "outlook") == forced(world, "outlook") == {"x3": 0, "outlook": 0}
    world.quiet()
    (line,) = world.problems()
    assert (line["field"], line["x3"], line["outlook"]) == ("department", "Sales", "Purchasing")
    assert "when it was forced, too" in line["message"]
    # It is tried again when somebody asks for it, and when the field changes; another field is no reason.
    world.product.json("problems", "retry", str(line["id"]))
    assert forced(world, "outlook") == {"x3": 1, "outlook": 0}
    world.sage.control("switches", {"kept_fields": []})
    world.later()
    world.sage.modify("ZCOR", world.sage.only("ZCOR")["CORNUM"], CPYFAX="08")
    world.sync()
    assert forced(world, "outlook") == {"x3": 0, "outlook": 0}
    world.later()
    world.alice.change_contact(key, department="Buying")
    forced(world, "outlook")
    assert (world.sage.only("ZCOR")["SRV"], world.problems()) == ("Buying", [])


def forced(world: World, source: str) -> dict[str, int]:
    """The writes of a forced pass."""
    report = world.product.json("resync", "REP1", "--from", source)
    return {str(side): int(count) for side, count in report["writes"].items()}


@pytest.mark.parametrize("verb", ["modify", "delete"])
def test_what_x3_says_to_have_done_and_has_not_is_done_later(world: World, verb: str) -> None:
    """Status 1, no document, and the record is as it was: only reading it again tells."""
    record = world.sage.new_task("Start", ymd(3))["TSKNUM"]
    world.sync()
    world.later()
    task = world.alice.tasks()[0]["id"]
    if verb == "modify":
        world.alice.change_task(task, title="Edited")
    else:
        world.alice.delete_task(task)
    world.servers.fault("nil_result", {"operation": verb}, port="x3", status=1)
    world.sync(code=None)
    assert world.servers.fired() == 1
    assert world.sage.read("ZTSK", record) is not None
    world.servers.mend()
    world.settle()
    rows = [row["FULOBJ"] for row in world.sage.all("ZTSK")]
    titles = [row["title"] for row in world.alice.tasks()]
    assert rows == titles == (["Edited"] if verb == "modify" else [])
    world.quiet()


def test_c6_a_too_long_value_is_one_line_and_the_rest_is_written(world: World) -> None:
    key = world.alice.new_contact("Rossi", "Ada", jobTitle="x" * 90, mobilePhone="+33 6")["id"]
    world.alice.new_contact("Weiss", "Bob")
    world.sync()
    records = {row["LNA"]: row for row in world.sage.all("ZCOR")}
    assert set(records) == {"Rossi", "Weiss"}
    assert records["Rossi"]["CPYMOB"] == "+33 6"
    assert [(row["field"], row["outlook"]) for row in world.problems()] == [("function", "x" * 90)]
    contact = world.alice.contact(key)
    assert contact is not None
    assert contact["jobTitle"] == "x" * 90
    world.quiet()
    # A truncated copy never comes back over the longer original.
    world.later()
    world.sage.modify("ZCOR", records["Rossi"]["CORNUM"], SRV="Sales")
    world.sync()
    contact = world.alice.contact(key)
    assert contact is not None
    assert (contact["jobTitle"], contact["department"]) == ("x" * 90, "Sales")
    world.later()
    world.alice.change_contact(key, jobTitle="Buyer")
    world.sync()
    assert world.sage.read("ZCOR", records["Rossi"]["CORNUM"])["FNCLIB"] == "Buyer"  # type: ignore[index]
    assert world.problems() == []
    world.quiet()


def test_c6_a_subject_longer_than_outlooks_is_cut_there_and_stays_whole_in_x3(world: World) -> None:
    long = "é" * 300
    record = world.sage.new_task(long, ymd(1))["TSKNUM"]
    world.sync()
    row = world.alice.tasks()[0]
    assert row["title"] == "é" * 255
    assert [line["field"] for line in world.problems()] == ["subject"]
    world.later()
    world.alice.change_task(row["id"], importance="high")
    world.sync()
    assert world.sage.read("ZTSK", record)["FULOBJ"] == long  # type: ignore[index]
    world.quiet()


def test_c6_r4_a_title_x3_does_not_know_is_one_line_until_it_is_cured(world: World) -> None:
    key = world.alice.new_contact("Rossi", "Ada", title="Prof. Dr.")["id"]
    world.sync()
    assert world.sage.only("ZCOR")["TTL"] in ("", "0")
    assert [(row["field"], row["outlook"]) for row in world.problems()] == [("title", "Prof. Dr.")]
    world.later()
    world.alice.change_contact(key, title="Ms")
    world.sync()
    assert world.sage.only("ZCOR")["TTL"] == "3"
    assert world.problems() == []
    world.quiet()


def test_r4_a_line_is_corrected_in_place(world: World) -> None:
    world.alice.new_contact("Rossi", "Ada", jobTitle="x" * 90)
    world.sync()
    line = world.problems()[0]
    world.product.run("problems", "fix", str(line["id"]), "--value", "Buyer")
    world.sync()
    assert world.sage.only("ZCOR")["FNCLIB"] == "Buyer"
    assert world.alice.contacts()[0]["jobTitle"] == "Buyer"
    assert world.problems() == []
    world.quiet()


def test_g2_a_field_that_is_refused_again_and_again_is_given_up_until_the_item_changes(world: World) -> None:
    key = world.alice.new_contact("Rossi", "Ada", mobilePhone="06")["id"]
    world.sync()

    def modified() -> int:
        return int(world.servers.control("GET", "stats", port="x3")["requests"]["by_method"].get("modify", 0))

    def sent() -> int:
        """How often it is sent in one more pass."""
        before = modified()
        world.later()
        world.sync()
        return modified() - before

    refusal: dict[str, Any] = {"field": "CPYMOB", "message": "not this one", "every": True}
    world.servers.fault("refuse", {"operation": "modify", "object": "ZCOR"}, port="x3", **refusal)
    world.alice.change_contact(key, mobilePhone="07")
    assert [sent() for _ in range(7)] == [1, 1, 1, 1, 1, 0, 0]
    (line,) = world.problems()
    assert (line["field"], line["attempts"], line["quarantined"]) == ("mobile", 5, True)
    world.alice.change_contact(key, mobilePhone="08")
    assert sent() == 1
    world.servers.mend()
    assert sent() == 1  # not given up yet, for it changed
    assert (world.sage.only("ZCOR")["CPYMOB"], world.problems()) == ("08", [])
    world.quiet()


# The port, the fault, and how often a pass tries: what seems to have changed meanwhile is looked at again.
POISON: dict[str, tuple[str, dict[str, Any], int]] = {
    "X3 without a word": (
        "x3", {"action": "nil_result", "match": {"operation": "modify", "object": "ZTSK"}, "status": 0}, 1,
    ),
    "Outlook with 500": (
        "graph", {"action": "status", "match": {"method": "PATCH", "path": "/tasks"}, "status": 500}, 1,
    ),
    "Outlook as changed meanwhile": (
        "graph", {"action": "status", "match": {"method": "PATCH", "path": "/tasks"}, "status": 412}, 3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", POISON)
def test_g2_what_fails_without_a_refusal_is_not_sent_for_ever(world: World, how: str) -> None:
    record, (port, rule, tries) = world.sage.new_task("Start", ymd(3))["TSKNUM"], POISON[how]
    world.sync()
    key = world.alice.tasks()[0]["id"]
    world.servers.control("POST", "faults", {**rule, "every": True}, port=port)

    def change(words: str) -> None:
        world.later()
        if port == "x3":
            world.alice.change_task(key, title=words)
        else:
            world.sage.modify("ZTSK", record, FULOBJ=words)

    def sent() -> int:
        """How often it is sent in one more pass, which carries everything else."""
        before = world.servers.fired()
        world.later()
        world.sync()
        return world.servers.fired() - before

    change("Other")
    assert [sent() for _ in range(7)] == [tries] * 4 + [1, 0, 0]
    (line,) = world.problems()
    assert (line["x3_key"], line["field"], line["attempts"], line["quarantined"]) == (record, "", 5, True)
    assert "failed in 5 passes" in line["message"]
    # By hand once more, and when it changes.
    world.product.json("problems", "retry", str(line["id"]))
    assert world.servers.fired() == 4 * tries + 2
    assert (sent(), [row["quarantined"] for row in world.problems()]) == (0, [True])
    change("Another")
    assert (sent(), world.problems()) == (tries, [])
    world.servers.mend()
    world.settle()
    assert (world.sage.only("ZTSK")["FULOBJ"], world.alice.tasks()[0]["title"]) == ("Another", "Another")
    assert world.problems() == []
    world.quiet()


@pytest.mark.parametrize(("items", "seconds"), [(1, 20), (2, 600)], ids=["of minutes", "of all that is written"])
def test_g2_an_outage_quarantines_nothing(world: World, items: int, seconds: int) -> None:
    numbers = [world.sage.new_task(f"Start {n}", ymd(3))["TSKNUM"] for n in range(items)]
    world.sync()
    world.later()
    for n, number in enumerate(numbers):
        world.sage.modify("ZTSK", number, FULOBJ=f"Other {n}")
    world.servers.fault("status", {"method": "PATCH"}, status=500, every=True)
    for _ in range(7):
        world.later(seconds)
        world.sync()
    assert world.problems() == []
    world.servers.mend()
    world.sync()
    assert sorted(task["title"] for task in world.alice.tasks()) == [f"Other {n}" for n in range(items)]
    assert world.problems() == []
    world.quiet()


def test_g2_a_refusal_of_one_item_never_stops_a_pass(world: World) -> None:
    for n in range(5):
        world.alice.new_task(f"Task {n}", dueDateTime=day(on(n)))
    world.servers.fault("refuse", {"operation": "save", "object": "ZTSK"}, port="x3", nth=3, message="Refused by control")
    world.sync()
    assert len(world.sage.all("ZTSK")) == 4
    assert "Refused by control" in world.problems()[0]["message"]
    world.product.run("problems", "retry", "--all")
    assert len(world.sage.all("ZTSK")) == 5
    assert world.problems() == []
    world.quiet()


def test_a_record_that_is_locked_in_x3_is_written_later(world: World) -> None:
    key = world.alice.new_task("Start")["id"]
    world.sync()
    record = world.sage.only("ZTSK")["TSKNUM"]
    world.sage.control("user-actions", {"action": "lock", "object": "TSK", "key": record, "seconds": 120})
    world.later()
    world.alice.change_task(key, title="Edited")
    world.sync("REP1", code=None)
    assert world.sage.only("ZTSK")["FULOBJ"] == "Start"
    world.later(180)
    world.sync()
    assert world.sage.only("ZTSK")["FULOBJ"] == "Edited"
    world.quiet()
