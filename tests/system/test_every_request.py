"""Each kind of request of a pass failing in each way, again and again, while something of every sort waits to be carried:
afterwards both sides are as they would have been. Takes an hour: `make thorough`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.outlook import day
from tests.system.world import World, at, on, ymd

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
State = tuple[Any, ...]
GRAPH = (
    *(("GET", path) for path in ("/users/", "/calendars", "/contactFolders", "/todo/lists?", "/mailFolders/")),
    *(("GET", path) for path in ("/calendarView/delta", "/contacts/delta", "/tasks/delta")),
    *(("GET", path) for path in ("/events?", "/contacts?", "/tasks?", "/events/", "/contacts/", "/tasks/", "/calendar?")),
    ("POST", "$batch"),
    *((method, path) for path in ("/events", "/contacts", "/tasks") for method in ("POST", "PATCH", "DELETE")),
    *((method, "/linkedResources") for method in ("GET", "POST", "DELETE")),
)
GRAPH_FAULTS: tuple[dict[str, Any], ...] = (
    {"action": "status", "status": 503},
    {"action": "status", "status": 429, "retry_after": 0, "code": "ApplicationThrottled"},
    {"action": "status", "status": 500, "commit": True},
    {"action": "status", "status": 403, "code": "ErrorAccessDenied"},
    {"action": "status", "status": 404, "code": "ErrorFolderNotFound"},  # ErrorItemNotFound would be S8's proof
    {"action": "status", "status": 412, "code": "ErrorIrresolvableConflict"},
    {"action": "status", "status": 400, "code": "ErrorInvalidRequest"},
    {"action": "html_502", "commit": True},
    {"action": "drop_after_commit"},
    {"action": "empty_listing"},
)
X3 = (
    *((verb, name) for verb in ("read", "save", "modify", "delete") for name in ("ZTSK", "ZCLL", "ZBAP", "ZCOR")),
    ("deleteLines", "ZCOR"),
    *(("run", name) for name in ("ZGSYNCHG", "ZGSYNKEY", "ZGSYNACK", "ZGSYNUSR")),
    ("getDescription", ""),
)
X3_FAULTS: tuple[dict[str, Any], ...] = (
    {"action": "status", "status": 503},
    {"action": "status", "status": 504, "commit": True},
    {"action": "nil_result", "status": 1},
    {"action": "nil_result", "status": 0},
    {"action": "pool_exhausted"},
    {"action": "lock_record"},
    {"action": "refuse"},
    {"action": "drop_after_commit"},
)
CASES = [
    *(
        ("graph", {"method": m, "path": p}, f)
        for m, p in GRAPH
        for f in GRAPH_FAULTS
        if m == "GET" or f["action"] != "empty_listing"
    ),
    *(("x3", {"operation": verb, **({"object": name} if name else {})}, f) for verb, name in X3 for f in X3_FAULTS),
]


def begun(world: World) -> None:
    """Four linked items of each type, and what then waits: an edit, a deletion and a new item of each on each side."""
    sage, alice = world.sage, world.alice
    made: dict[tuple[str, str], str] = {}
    for number, sort in enumerate(("edit X", "edit O", "gone X", "gone O")):
        hour = f"{10 + number}00"
        made[sort, "ZTSK"] = sage.new_task(f"T {sort}", ymd(1))["TSKNUM"]
        made[sort, "ZCLL"] = sage.new_call(f"L {sort}", ymd(2), hour)["CLLNUM"]
        made[sort, "ZBAP"] = sage.new_appointment(f"A {sort}", ymd(3), hour, f"{10 + number}30")["APTNUM"]
        made[sort, "ZCOR"] = sage.new_contact(f"P {sort}")["CORNUM"]
    world.settle()
    world.later(120)
    for name in ("ZTSK", "ZCLL", "ZBAP"):
        sage.modify(name, made["edit X", name], FULRPO="New")
    sage.modify("ZCOR", made["edit X", "ZCOR"], SRV="New")
    for name in ("ZTSK", "ZCLL", "ZBAP", "ZCOR"):
        sage.delete(name, made["gone X", name])
    tasks = {row["title"]: row["id"] for row in alice.tasks()}
    events = {row["subject"]: row["id"] for row in alice.events()}
    contacts = {row["surname"]: row["id"] for row in alice.contacts()}
    alice.change_task(tasks["T edit O"], importance="high")
    for name in ("L edit O", "A edit O"):
        alice.change_event(events[name], location={"displayName": "Here"})
    alice.change_contact(contacts["P edit O"], department="New")
    alice.delete_task(tasks["T gone O"])
    for name in ("L gone O", "A gone O"):
        alice.delete_event(events[name])
    alice.delete_contact(contacts["P gone O"])
    sage.new_task("T new X", ymd(1))
    sage.new_call("L new X", ymd(2), "1500")
    sage.new_appointment("A new X", ymd(3), "1500", "1530")
    sage.new_contact("P new X")
    alice.new_task("T new O", dueDateTime=day(on(1)))
    alice.new_event("L new O", at(2, 16), categories=["X3 Call"])
    alice.new_event("A new O", at(3, 16))
    alice.new_contact("P new O")


def state(world: World) -> State:
    """What both sides say."""
    sage, alice = world.sage, world.alice
    return (
        sorted((row["FULOBJ"], row["FULRPO"], row["TSKPIOLEV"]) for row in sage.all("ZTSK")),
        sorted((row["FULOBJ"], row["FULRPO"]) for row in sage.all("ZCLL")),
        sorted((row["FULOBJ"], row["FULRPO"], row["ATPADDCMT"]) for row in sage.all("ZBAP")),
        sorted((row["LNA"], row["SRV"], *row["COPREP_LINES"]) for row in sage.all("ZCOR")),
        sorted((row["title"], row["importance"]) for row in alice.tasks()),
        sorted((row["subject"], (row.get("location") or {}).get("displayName", "")) for row in alice.events()),
        sorted((row["surname"], row.get("department") or "") for row in alice.contacts()),
    )


WANTED: State = (
    [("T edit O", "", "1"), ("T edit X", "New", ""), ("T new O", "", ""), ("T new X", "", "")],
    [("L edit O", ""), ("L edit X", "New"), ("L new O", ""), ("L new X", "")],
    [("A edit O", "", "Here"), ("A edit X", "New", ""), ("A new O", "", ""), ("A new X", "", "")],
    [
        ("P edit O", "New", "R001"),
        ("P edit X", "New", "R001"),
        ("P gone O", ""),
        ("P new O", "", "R001"),
        ("P new X", "", "R001"),
    ],
    [("T edit O", "high"), ("T edit X", "normal"), ("T new O", "normal"), ("T new X", "normal")],
    [
        *(("A edit O", "Here"), ("A edit X", ""), ("A new O", ""), ("A new X", "")),
        *(("L edit O", "Here"), ("L edit X", ""), ("L new O", ""), ("L new X", "")),
    ],
    [("P edit O", "New"), ("P edit X", "New"), ("P new O", ""), ("P new X", "")],
)


def rested(world: World) -> None:
    """A person lets the user go on and has what was refused tried again."""
    if world.product.json("users", "list")["users"][0]["state"] != "active":
        world.product.run("users", "resume", "REP1")
    for _ in range(2):
        world.settle()
        lines = [str(row["id"]) for row in world.problems() if not row["field"]]
        if lines:
            world.product.run("problems", "retry", *lines, code=None)
    world.sync("REP1", "--full")


def test_without_a_fault(world: World) -> None:
    begun(world)
    rested(world)
    assert state(world) == WANTED
    world.quiet()


@pytest.mark.parametrize(("port", "match", "fault"), CASES, ids=[f"{p}-{m}-{f}" for p, m, f in CASES])
def test_m7_s8_s9_c1_it_ends_as_it_would_have(
    world: World, port: str, match: dict[str, str], fault: dict[str, Any]
) -> None:
    begun(world)
    world.servers.fault(match=match, port=port, every=True, **fault)
    for _ in range(3):
        world.sync("REP1", code=None)
        world.later(100)
    world.servers.mend()
    rested(world)
    assert state(world) == WANTED
    world.quiet()
