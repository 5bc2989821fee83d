"""The story of contract.md, told in steps. Each step asserts through the emulators' own REST and SOAP; what x3sync says
about itself is shown beside it, and never believed alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from infra.demo.outlook import is_private
from infra.demo.show import Show
from infra.demo.stage import Stage, StoryError

REPS = (1, 2, 3)
TYPES = ("contact", "task", "call", "appointment")
ZONE = "Europe/Paris"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step: its name, what it does (answering a sentence of what was seen), and whether the rest needs it."""

    name: str
    tell: Callable[[Stage, Show], str]
    needed: bool = False


def claim(fact: object, otherwise: str) -> None:
    """Raises StoryError unless it is so."""
    if not fact:
        raise StoryError(otherwise)


def settled(stage: Stage) -> dict[str, int]:
    """Wait until neither side has been written for three seconds (a poll and its pass fit in); the count of writes."""
    seen, since, deadline = stage.writes(), time.monotonic(), time.monotonic() + 90
    while time.monotonic() - since < 3.0:
        time.sleep(0.3)
        now = stage.writes()
        if now != seen:
            seen, since = now, time.monotonic()
        claim(time.monotonic() < deadline, "the two sides keep being written")
    return seen


# ------------------------------------------------------------------------------------------------ beginning


def connection(stage: Stage, show: Show) -> str:
    """The connection test."""
    findings = stage.x3sync("check")["findings"]
    bad = [finding["name"] for finding in findings if not finding["ok"]]
    claim(findings and not bad, f"the check fails at: {', '.join(bad)}")
    return f"{len(findings)} findings, all well"


def preview(stage: Stage, show: Show) -> str:
    """Enable three users and show what their first pass would do; nothing is written."""
    before = stage.writes()
    rows = []
    for n in REPS:
        stage.x3sync("users", "add", "--x3-user", f"REP{n}", "--mailbox", f"rep{n}@contoso.example")
        report = stage.x3sync("sync", f"REP{n}", "--dry-run")
        rows.append((f"REP{n}", report["counts"], report["would_mail"]))
    claim(stage.writes() == before, "the preview wrote something")
    show.counts("It would create", rows)
    planned = sum(_created(counts, side) for _, counts, _ in rows for side in ("x3", "outlook"))
    claim(planned > 0, "the preview plans nothing")
    return f"{planned} creations planned for three users, 0 writes on either side"


def _created(counts: Row, side: str) -> int:
    return sum(int(counts[name][side]["created"]) for name in TYPES)


def first_sync(stage: Stage, show: Show) -> str:
    """The first pass of each user, released: all four types, both directions."""
    rows = []
    for n in REPS:
        report = stage.x3sync("sync", f"REP{n}", "--go")
        rows.append((f"REP{n}", report["counts"], report["would_mail"]))
    settled(stage)
    show.counts("Created", rows)
    for side in ("x3", "outlook"):
        claim(sum(_created(counts, side) for _, counts, _ in rows), f"nothing was created in {side}")
    checks = [(f"REP{n}", _both_sides(stage, n)) for n in REPS]
    show.table("What stands on the two sides now (their own answers)", ("user", *TYPES), [
        (who, *(f"{x3} = {outlook}" for x3, outlook in pairs)) for who, pairs in checks
    ])  # fmt: skip
    for who, pairs in checks:
        for name, (x3, outlook) in zip(TYPES, pairs, strict=True):
            claim(x3 and x3 == outlook, f"{who}: {x3} {name}s in X3, {outlook} in Outlook")
    mails = stage.stats("graph")["attendee_mails"]
    claim(mails == 0, f"{mails} mails went to attendees")
    return "every representative has the same contacts, tasks, calls and appointments on both sides; 0 mails to attendees"


def _both_sides(stage: Stage, n: int) -> list[tuple[int, int]]:
    """(records of the representative in X3, items in his mailbox that are not private) for each type. A series counts by
    its occurrences, as X3 knows them."""
    mailbox, crm, rep = stage.mailbox(n), stage.crm, f"R00{n}"
    events = mailbox.occurrences()
    shared = [event for event in events if event["sensitivity"] == "normal"]
    calls = [event for event in shared if "X3 Call" in event["categories"]]
    contacts = [row for row in mailbox.contacts() if not is_private(row)]
    outlook = (len(contacts), len(mailbox.tasks()), len(calls), len(shared) - len(calls))
    return [
        (len(crm.records_of(code, rep)), count) for code, count in zip(("COR", "TSK", "CLL", "BAP"), outlook, strict=True)
    ]


def second_pass(stage: Stage, show: Show) -> str:
    """A second pass writes nothing."""
    before = settled(stage)
    for n in REPS:
        report = stage.x3sync("sync", f"REP{n}")
        claim(report["writes"] == {"x3": 0, "outlook": 0}, f"REP{n}: the second pass wrote {report['writes']}")
    claim(stage.writes() == before, "something was written")
    return "three passes, 0 writes by the counts of both sides"


# --------------------------------------------------------------------------------------------------- edits


def _linked_task(stage: Stage, n: int) -> tuple[str, Row]:
    """A task of X3 that stands in the mailbox too: its number and the Outlook item."""
    titles = {task["title"]: task for task in stage.mailbox(n).tasks()}
    for record in stage.crm.records_of("TSK", f"R00{n}"):
        title = stage.crm.read("ZTSK", TSKNUM=record["KEY"])["FULOBJ"]
        if title in titles and titles[title]["status"] != "completed":
            return record["KEY"], titles[title]
    raise StoryError("no task stands on both sides")


def _task(stage: Stage, n: int, task: str) -> Row | None:
    return next((row for row in stage.mailbox(n).tasks() if row["id"] == task), None)


def edits(stage: Stage, show: Show) -> str:
    """An edit on each side arrives on the other, while the workers run: an event by Graph's notification to the web
    service, a task by the poll of To Do, which notifies no application, and X3's edit by the poll of X3."""
    stage.until("the subscriptions", lambda: stage.stats("graph")["subscriptions"] == 2 * len(REPS))
    day = (datetime.now(UTC) + timedelta(days=60)).date()
    event = stage.mailbox(1).add_event("Fair in Lyon", f"{day}T09:00:00", f"{day}T10:00:00", ZONE)
    number = stage.until("the event in X3", lambda: _appointment(stage, "Fair in Lyon"))
    rows = [_notified_edit(stage, event["id"], number), _x3_edit(stage, event["id"], number), _todo_edit(stage)]
    show.table("How an edit came", ("edit", "seconds", "by"), [(what, f"{took:.1f}", way) for what, took, way in rows])
    return "; ".join(f"{what} {took:.1f} s, by {way}" for what, took, way in rows)


def _notified_edit(stage: Stage, event: str, number: str) -> tuple[str, float, str]:
    """A poll may happen to come first; then it is edited once more."""
    for n in range(1, 6):
        before, begun = settled(stage), time.monotonic()
        stage.mailbox(1).change_event(event, subject=f"Edited in Outlook, {n} ✏")
        stage.until("the Outlook edit in X3", partial(_appointment, stage, f"Edited in Outlook, {n}"))
        took = time.monotonic() - begun
        way = _way(stage, number, "x3")
        if "notification" in way:
            claim(stage.stats("graph")["notifications"]["sent"], "Graph sent no notification")
            claim(settled(stage)["x3"] == before["x3"] + 1, "X3 was written more than once")
            return "Outlook → X3 (event)", took, "notification"
    raise StoryError("five edits, and a poll was always faster than the notification")


def _x3_edit(stage: Stage, event: str, number: str) -> tuple[str, float, str]:
    settled(stage)
    begun = time.monotonic()
    stage.crm.modify("ZBAP", {"APTNUM": number}, FULOBJ="Edited in X3")
    stage.until("the X3 edit in Outlook", lambda: stage.mailbox(1).event(event)["subject"] == "Edited in X3")
    took = time.monotonic() - begun
    return "X3 → Outlook", took, _way(stage, number, "outlook")


def _todo_edit(stage: Stage) -> tuple[str, float, str]:
    settled(stage)
    number, task = _linked_task(stage, 1)
    begun = time.monotonic()
    stage.mailbox(1).change_task(task["id"], title="Edited in To Do")
    stage.until("the To Do edit in X3", lambda: stage.crm.read("ZTSK", TSKNUM=number)["FULOBJ"] == "Edited in To Do")
    took = time.monotonic() - begun
    return "Outlook → X3 (task)", took, _way(stage, number, "x3")


def _appointment(stage: Stage, subject: str) -> str:
    """The number of the appointment whose subject begins so; blank where there is none."""
    return next((row["APTNUM"] for row in stage.crm.listed("ZBAP") if row["APTOBJ"].startswith(subject)), "")


def _way(stage: Stage, number: str, side: str) -> str:
    """What made the pass that last wrote the item on a side look: the causes in x3sync's own history of the item (R2)."""
    settled(stage)
    told = [one for one in stage.x3sync("why", number)["decisions"] if one["on"] == side and one["outcome"] == "done"]
    claim(told, f"x3sync knows nothing of a change of {number} in {side}")
    return str(max(told, key=lambda one: str(one["at"]))["cause"]).replace(",", " and ")


def private_event(stage: Stage, show: Show) -> str:
    """A private event stays out: of X3, of the database, of the logs."""
    day = (datetime.now(UTC) + timedelta(days=90)).date()
    private = "Visit to the cardiologist"
    mailbox = stage.mailbox(1)
    mailbox.add_event(private, f"{day}T08:00:00", f"{day}T09:00:00", ZONE, sensitivity="private", body=_body("Ward 7"))
    mailbox.add_event("Site visit", f"{day}T10:00:00", f"{day}T11:00:00", ZONE)
    stage.until("the ordinary event in X3", lambda: any(row["APTOBJ"] == "Site visit" for row in stage.crm.listed("ZBAP")))
    settled(stage)
    subjects = [row["APTOBJ"] for row in stage.crm.listed("ZBAP")]
    claim(not any("cardio" in subject for subject in subjects), "the private event is in X3")
    told = [path.name for path in stage.folder.rglob("*") if path.is_file() and _says(path.read_bytes())]
    claim(not told, f"the private text stands in {', '.join(told)}")
    return "its ordinary neighbour crossed; of the private one no word is in X3, the database or the logs"


def _body(text: str) -> Row:
    return {"contentType": "text", "content": text}


def _says(content: bytes) -> bool:
    return b"cardiologist" in content or b"Ward 7" in content


def one_contact(stage: Stage, show: Show) -> str:
    """X3 takes the first contact of the list; what X3 says then becomes the whole list (K1, K3)."""
    cards = [stage.crm.read("ZCOR", CORNUM=row["KEY"]) for row in stage.crm.records_of("COR", "R001")]
    first, second = [card for card in cards if card["BPRNUM"] and card["CNTNUM"]][:2]
    names = [f"{card['FNA']} {card['LNA']}".strip() for card in (first, second)]
    due = (datetime.now(UTC) + timedelta(days=10)).date()
    task = stage.mailbox(1).add_task(
        "Two contacts",
        dueDateTime={"dateTime": f"{due}T00:00:00", "timeZone": "UTC"},
        linkedResources=[{"applicationName": "Contact", "displayName": name} for name in names],
    )
    number = stage.until("the task in X3", lambda: _numbers(stage, "Two contacts"))[0]
    card = stage.crm.read("ZTSK", TSKNUM=number)["TSKCOR"]
    claim(card == first["CORNUM"], f"X3 took {card or 'no contact'}, not the first, {first['CORNUM']}")
    settled(stage)
    stage.crm.modify("ZTSK", {"TSKNUM": number}, TSKCOR=second["CORNUM"], TSKCCN=second["CNTNUM"], TSKCMP=second["BPRNUM"])
    stage.until("X3's contact in Outlook", lambda: _contacts_of(stage, task["id"]) == [names[1]])
    return f"[{', '.join(names)}] → X3: {names[0]}; X3: {names[1]} → Outlook: [{names[1]}]"


def _numbers(stage: Stage, subject: str) -> list[str]:
    return [row["TSKNUM"] for row in stage.crm.listed("ZTSK") if row["TSKDES"] == subject[:30]]


def _contacts_of(stage: Stage, task: str) -> list[str]:
    row = _task(stage, 1, task) or {}
    return [one["displayName"] for one in row.get("linkedResources", []) if one["applicationName"] == "Contact"]


# ----------------------------------------------------------------------------------------------- deletions


def x3_deletion(stage: Stage, show: Show) -> str:
    """Deleted in X3, deleted in Outlook (D1)."""
    number, task = _linked_task(stage, 1)
    stage.crm.delete("ZTSK", TSKNUM=number)
    stage.until("the deletion in Outlook", lambda: _task(stage, 1, task["id"]) is None)
    return f"task {number} is gone from To Do"


def outlook_deletion(stage: Stage, show: Show) -> str:
    """Deleted in Outlook, deleted in X3 (D2)."""
    events = {row["subject"]: row for row in stage.mailbox(1).events() if row["type"] == "singleInstance"}
    own = [row["KEY"] for row in stage.crm.records_of("BAP", "R001") if row["REPS"] == "R001"]
    subjects = {key: stage.crm.read("ZBAP", APTNUM=key)["FULOBJ"] for key in own}
    number = next((key for key, subject in subjects.items() if subject in events), "")
    claim(number, "no appointment stands on both sides")
    stage.mailbox(1).delete_event(events[subjects[number]]["id"])
    stage.until("the deletion in X3", lambda: stage.crm.state_of("BAP", number)["STATE"] == "gone")
    return f"appointment {number} is gone from X3"


def contact_deletion(stage: Stage, show: Show) -> str:
    """A contact deleted in Outlook loses only the assignment in X3 (D3)."""
    shared = next((row for row in stage.crm.records_of("COR", "R001") if "R002" in row["REPS"].split()), None)
    claim(shared, "no contact is shared by two representatives")
    assert shared is not None
    card = stage.crm.read("ZCOR", CORNUM=shared["KEY"])
    name = (card["FNA"], card["LNA"])
    mine, theirs = (_named(stage, n, name) for n in (1, 2))
    claim(mine and theirs, f"{name} is not in both mailboxes")
    stage.mailbox(1).delete_contact(mine[0]["id"])
    stage.until("the assignment gone", lambda: "R001" not in stage.crm.state_of("COR", shared["KEY"])["REPS"].split())
    settled(stage)
    state = stage.crm.state_of("COR", shared["KEY"])
    claim(state["STATE"] == "present", "the X3 contact itself was deleted")
    claim(state["REPS"].split() == ["R002"], f"the representatives are {state['REPS']}")
    claim(_named(stage, 2, name), "the colleague lost the contact too")
    claim(not _named(stage, 1, name), "it came back")
    return f"{shared['KEY']} stays in X3 and with the colleague; only R001's assignment is gone"


def _named(stage: Stage, n: int, name: tuple[str, str]) -> list[Row]:
    return [row for row in stage.mailbox(n).contacts() if (row["givenName"], row["surname"]) == name]


# -------------------------------------------------------------------------------------------- lost answers


def lost_in_x3(stage: Stage, show: Show) -> str:
    """X3 creates and the answer is lost: found again by ZSYNCID, no duplicate (M7)."""
    stage.fault(match={"operation": "save", "object": "ZTSK"}, action="drop_after_commit")
    due = (datetime.now(UTC) + timedelta(days=12)).date()
    task = stage.mailbox(1).add_task("Answer lost by X3", dueDateTime={"dateTime": f"{due}T00:00:00", "timeZone": "UTC"})
    stage.until("the lost answer", stage.faults_fired)
    stage.clear_faults()
    stage.until("the marker in To Do", lambda: _marked(stage, task["id"]))
    settled(stage)
    found = _numbers(stage, "Answer lost by X3")
    claim(len(found) == 1, f"X3 has {len(found)} of them")
    stage.mailbox(1).change_task(task["id"], title="Answer lost, link kept")
    stage.until("a later edit", lambda: stage.crm.read("ZTSK", TSKNUM=found[0])["FULOBJ"] == "Answer lost, link kept")
    return f"one record, {found[0]}, linked: a later edit arrives in it"


def _marked(stage: Stage, task: str) -> bool:
    row = _task(stage, 1, task) or {}
    return any(one["applicationName"] == "Sage X3" for one in row.get("linkedResources", []))


def lost_in_outlook(stage: Stage, show: Show) -> str:
    """Outlook creates and the answer is lost: found again by its marker, no duplicate (M7)."""
    address = stage.mailbox(1).address
    stage.fault(match={"method": "POST", "path": "/tasks", "mailbox": address}, action="drop_after_commit")
    due = f"{datetime.now(UTC) + timedelta(days=14):%Y%m%d}"
    made = stage.crm.save("ZTSK", TSKREP="R001", FULOBJ="Answer lost by Outlook", TSKSTR=due, TSKDAT=due)
    stage.until("the lost answer", stage.faults_fired)
    stage.clear_faults()
    stage.until("the task", lambda: _titled(stage, "Answer lost by Outlook"))
    stage.crm.modify("ZTSK", {"TSKNUM": made["TSKNUM"]}, FULOBJ="Answer lost by Outlook, link kept")
    stage.until("a later edit", lambda: _titled(stage, "Answer lost by Outlook, link kept"))
    settled(stage)
    found = [row for row in stage.mailbox(1).tasks() if row["title"].startswith("Answer lost by Outlook")]
    claim(len(found) == 1, f"To Do has {len(found)} of them")
    return "one task, linked: a later edit arrives in it"


def _titled(stage: Stage, title: str) -> list[Row]:
    return [row for row in stage.mailbox(1).tasks() if row["title"] == title]


def forced(stage: Stage, show: Show) -> str:
    """A forced synchronisation brings what lies outside the window and the contacts of the user's customers (F1); a second
    one writes nothing and makes no duplicate (F4)."""
    settled(stage)
    report = stage.x3sync("resync", "REP1", "--from", "both")
    claim(report["full"] and report["cause"] == "forced", "it was no forced pass")
    writes = settled(stage)
    before = _both_sides(stage, 1)
    again = stage.x3sync("resync", "REP1", "--from", "both")
    claim(again["writes"] == {"x3": 0, "outlook": 0} and stage.writes() == writes, "the second run wrote")
    claim(_both_sides(stage, 1) == before, "the number of items changed")
    looked = sum(count["in_step"] for count in again["counts"].values())
    return f"{looked} pairs looked at in {again['seconds']:.1f} s, the second run wrote nothing"


STORY: tuple[Step, ...] = (
    Step(name="connection check", tell=connection, needed=True),
    Step(name="preview of the first sync, nothing written", tell=preview, needed=True),
    Step(name="first sync of three representatives", tell=first_sync, needed=True),
    Step(name="second pass writes nothing", tell=second_pass),
    Step(name="an edit on each side arrives on the other", tell=edits),
    Step(name="a private event stays out", tell=private_event),
    Step(name="one-contact rule", tell=one_contact),
    Step(name="deletion in X3", tell=x3_deletion),
    Step(name="deletion in Outlook", tell=outlook_deletion),
    Step(name="contact deletion: the assignment only", tell=contact_deletion),
    Step(name="an answer of X3 lost after a create", tell=lost_in_x3),
    Step(name="an answer of Outlook lost after a create", tell=lost_in_outlook),
    Step(name="forced resync of a user", tell=forced),
)
