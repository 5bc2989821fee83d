"""Journal, problems, held changes, and the erasure of what became private (R2, R4, G1, G2, G3, S4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from reconcile.actions import Problem, Rule
from reconcile.model import Contact, Content, ItemType, Link, LinkState, PersonName, Seen, Side, Task
from tests.worker.conftest import NOW, add_user
from worker.state import held, journal, links, passes, problems
from worker.state.held import Held, HeldState
from worker.state.items import ItemKey
from worker.state.journal import Entry
from worker.state.passes import PassRun
from worker.state.store import Store
from worker.state.tables import Table
from worker.state.users import User

ITEM = ItemKey(ItemType.TASK, "T1", "AAMk1")


def entry(item: ItemKey = ITEM, **changes: object) -> Entry:
    line = Entry(pass_id="p1", at=NOW, item=item, rule=Rule.C2, why="one side changed", action="update", side=Side.X3)
    return replace(line, **changes)  # type: ignore[arg-type]


def look(side: Side, subject: str) -> dict[Side, Content]:
    return {side: Task(subject=subject)}


# ---------------------------------------------------------------------------------------------- journal


def test_r2_a_line_comes_back_as_it_was_written(store: Store, user: User) -> None:
    line = entry(
        before=look(Side.X3, "a"), after={**look(Side.X3, "b"), **look(Side.OUTLOOK, "b")}, cause="poll", series_id="s"
    )
    alone = entry(ItemKey(ItemType.TASK, "", "AAMk2"), side=None, action="", rule=Rule.S3, outcome="skipped")
    with store.begin() as tx:
        journal.append(tx, user.id, [])
        journal.append(tx, user.id, [line, alone])
    with store.read() as tx:
        first, second = journal.for_pass(tx, "p1")
        assert (replace(first, id=0), replace(second, id=0)) == (line, alone)
        assert journal.for_item(tx, user.id, ItemKey(ItemType.TASK, "T1")) == [first]
        assert journal.for_item(tx, user.id, ItemKey(ItemType.CALL, "T1")) == []
        assert journal.for_item(tx, user.id + 1, ITEM) == []


def test_r2_an_item_is_found_by_either_key(store: Store, user: User) -> None:
    other = add_user(store, "REP2")
    with store.begin() as tx:
        journal.append(tx, user.id, [entry(), entry()])
        journal.append(tx, other.id, [entry(ItemKey(ItemType.TASK, "T1", "AAMk9"))])
    with store.read() as tx:
        assert journal.for_key(tx, "T1") == [(other.id, ItemKey(ItemType.TASK, "T1", "AAMk9")), (user.id, ITEM)]
        assert journal.for_key(tx, "AAMk1") == [(user.id, ITEM)]
        assert journal.for_key(tx, "T1", user.id) == [(user.id, ITEM)]
        assert journal.for_key(tx, "aamk1") == []


def test_r2_versions_are_numbered_where_they_differ(store: Store, user: User) -> None:
    with store.begin() as tx:
        journal.append(
            tx,
            user.id,
            [
                entry(before={**look(Side.X3, "a"), **look(Side.OUTLOOK, "a")}, after=look(Side.X3, "b")),
                entry(before=look(Side.X3, "b")),
                entry(after={**look(Side.X3, "a"), **look(Side.OUTLOOK, "a")}),
            ],
        )
    with store.read() as tx:
        kept = journal.versions(tx, user.id, ITEM)
    assert [(v.n, v.side, v.content) for v in kept] == [
        (1, Side.X3, Task(subject="a")),
        (2, Side.OUTLOOK, Task(subject="a")),
        (3, Side.X3, Task(subject="b")),
        (4, Side.X3, Task(subject="a")),
    ]


def test_g1_deletions_are_counted_over_users_and_a_series_once(store: Store, user: User) -> None:
    other = add_user(store, "REP2")
    deleted = entry(action="delete", rule=Rule.D2)
    call = ItemKey(ItemType.CALL, "C1", "AAMk3")
    with store.begin() as tx:
        journal.append(tx, user.id, [deleted, entry(), replace(deleted, action="unassign", item=call)])
        journal.append(tx, user.id, [replace(deleted, series_id="master")] * 3)
        journal.append(tx, user.id, [replace(deleted, outcome="held"), replace(deleted, side=Side.OUTLOOK)])
        journal.append(tx, user.id, [replace(deleted, at=NOW - timedelta(hours=25))])
        journal.append(tx, other.id, [deleted])
    since = NOW - timedelta(hours=24)
    with store.read() as tx:
        own, of_all = journal.deletions_since(tx, since, user.id)
        assert own == {
            (ItemType.TASK, Side.X3): 2, (ItemType.CALL, Side.X3): 1, (ItemType.TASK, Side.OUTLOOK): 1,
        }  # fmt: skip
        assert of_all == {Side.X3: 4, Side.OUTLOOK: 1}
        assert journal.deletions_since(tx, since, other.id) == ({(ItemType.TASK, Side.X3): 1}, of_all)
        assert journal.deletions_since(tx, NOW + timedelta(seconds=1), user.id) == ({}, {})


def test_old_lines_are_forgotten(store: Store, user: User) -> None:
    with store.begin() as tx:
        journal.append(tx, user.id, [entry(), entry(at=NOW + timedelta(days=1))])
        assert journal.prune(tx, NOW + timedelta(hours=1)) == 1
        assert len(journal.for_item(tx, user.id, ITEM)) == 1


# --------------------------------------------------------------------------------------------- problems


def test_r4_lines_stay_while_they_last_and_vanish_when_cured(store: Store, user: User) -> None:
    title, due = Problem(field="subject", message="too long", outlook="…"), Problem(field="dates", message="no", kept=True)
    with store.begin() as tx:
        problems.put(tx, user.id, ITEM, [title, due], "f1", NOW)
        before = {line.problem.field: line for line in problems.of_item(tx, user.id, ITEM)}
    with store.begin() as tx:
        changed = replace(title, message="still too long")
        problems.put(tx, user.id, ITEM, [changed], "f1", NOW + timedelta(hours=1))
    with store.begin() as tx:
        [line] = problems.of_user(tx, user.id)
        assert line == replace(before["subject"], problem=changed, attempts=2)
        assert problems.get(tx, line.id) == line
        problems.put(tx, user.id, ITEM, [], "f1", NOW)
        assert problems.of_user(tx) == []
        assert problems.get(tx, line.id) is None


def test_g2_what_only_tells_is_no_failure(store: Store, user: User) -> None:
    unknown, refused = Problem(field="relation", message="nobody knows him"), Problem(field="mobile", message="refused")

    def put(fingerprint: str, *told: str) -> dict[str, int]:
        with store.begin() as tx:
            problems.put(tx, user.id, ITEM, [unknown, refused], fingerprint, NOW, told=told)
            return {line.problem.field: line.attempts for line in problems.of_item(tx, user.id, ITEM)}

    assert put("f1", "relation") == {"relation": 0, "mobile": 1}
    assert put("f1", "relation") == {"relation": 0, "mobile": 2}
    assert put("f1", "relation", "mobile") == {"relation": 0, "mobile": 2}
    assert put("f2", "relation", "mobile") == {"relation": 0, "mobile": 1}


def test_g2_an_item_is_quarantined_until_it_changes_or_by_hand(store: Store, user: User) -> None:
    def fail(fingerprint: str) -> problems.ProblemLine:
        with store.begin() as tx:
            problems.put(tx, user.id, ITEM, [Problem(field="", message="refused")], fingerprint, NOW)
            return problems.of_item(tx, user.id, ITEM)[0]

    assert [fail("f1").quarantined for _ in range(5)] == [False, False, False, False, True]
    assert fail("f2").attempts == 1
    for _ in range(4):
        line = fail("f2")
    assert line.quarantined
    with store.begin() as tx:
        problems.retry(tx, [line.id])
        assert not problems.of_item(tx, user.id, ITEM)[0].quarantined


def test_a_line_written_before_the_item_was_linked_is_the_items(store: Store, user: User) -> None:
    unlinked = ItemKey(ItemType.TASK, "", "AAMk1")
    with store.begin() as tx:
        problems.put(tx, user.id, unlinked, [Problem(field="", message="refused")], "f", NOW)
        problems.put(tx, user.id, ItemKey(ItemType.TASK, "T2", "AAMk2"), [Problem(field="", message="other")], "f", NOW)
        problems.put(tx, user.id, ITEM, [Problem(field="", message="refused"), Problem(field="a", message="b")], "f", NOW)
        assert {line.item for line in problems.of_item(tx, user.id, ITEM)} == {ITEM}
        problems.cure(tx, user.id, [ITEM, ItemKey(ItemType.TASK)])
        assert [line.problem.message for line in problems.of_user(tx)] == ["other"]


def test_a_message_may_hold_what_postgresql_refuses(store: Store, user: User) -> None:
    with store.begin() as tx:
        problems.put(tx, user.id, ITEM, [Problem(field="", message="nul \x00, half a pair \ud83d")], "f", NOW)
    with store.read() as tx:
        assert problems.of_user(tx)[0].problem.message == "nul , half a pair ?"


# ------------------------------------------------------------------------------------------------- held


def hold(number: int = 1, x3: str = "x1") -> Held:
    item = ItemKey(ItemType.TASK, f"T{number}", f"AAMk{number}")
    return Held(
        item=item, rule=Rule.G1, why="too many", action="delete", side=Side.X3, x3_fingerprint=x3, outlook_fingerprint="o"
    )


def test_g3_a_word_holds_for_exactly_what_was_shown(store: Store, user: User) -> None:
    with store.begin() as tx:
        one, two, three = held.put(tx, user.id, [hold(1), hold(2), hold(3)], NOW)
        assert held.release(tx, [one.id, three.id]) == 2
        assert held.reject(tx, [two.id, 10**6]) == 1
    later = NOW + timedelta(hours=1)
    with store.begin() as tx:
        again = held.put(tx, user.id, [hold(1), hold(2), hold(3, x3="changed")], later)
    assert again[0] == replace(one, state=HeldState.RELEASED)
    assert again[1] == replace(two, state=HeldState.REJECTED)
    assert (again[2].state, again[2].since, again[2].id != three.id) == (HeldState.WAITING, later, True)
    with store.begin() as tx:
        assert {h.item for h in held.of_user(tx, user.id)} == {one.item, two.item, three.item}
        assert held.of_user(tx, state=HeldState.RELEASED) == [again[0]]
        assert held.get(tx, two.id) == again[1]
        held.drop(tx, user.id, [one.item])
        held.drop_ids(tx, [two.id])
        assert [h.item for h in held.of_user(tx)] == [three.item]


def test_g3_more_mails_than_were_shown_need_another_word(store: Store, user: User) -> None:
    with store.begin() as tx:
        [one] = held.put(tx, user.id, [hold()], NOW)
        held.release(tx, [one.id])
        [again] = held.put(tx, user.id, [replace(hold(), would_mail=3)], NOW)
    assert again.state is HeldState.WAITING


def test_g7_a_whole_first_pass_is_held_and_released(store: Store, user: User) -> None:
    with store.begin() as tx:
        rows = held.put(tx, user.id, [hold(n) for n in range(3000)], NOW)
    with store.begin() as tx:
        assert held.release(tx, [row.id for row in rows]) == 3000
        assert len(held.of_user(tx, user.id, state=HeldState.RELEASED)) == 3000


# ---------------------------------------------------------------------------------------------- erasure

SECRET = "Zebra-quince"


@pytest.fixture
def known_item(store: Store, user: User) -> Link:
    """A linked contact with its secret in every place that can hold one, and a neighbour."""
    secret = Contact(name=PersonName(surname=SECRET), work_email=f"{SECRET}@x.example")
    item = ItemKey(ItemType.CONTACT, "C1", "AAMkC1")
    neighbour = ItemKey(ItemType.CONTACT, "C2", "AAMkC2")
    both = Seen(content=secret, version="v", written_at=NOW)
    decision = {
        "type": "contact",
        "x3_key": "C1",
        "outlook_id": "AAMkC1",
        "rule": "C2",
        "why": SECRET,
        "more": {"x": SECRET},
    }
    report = {
        "counts": {"contact": {}},
        "decisions": [decision, {"type": "contact", "x3_key": "C2", "outlook_id": "AAMkC2", "why": "neighbour"}],
        "server": [{"outlook_id": "AAMkC1", "message": SECRET}],
    }
    with store.begin() as tx:
        link = links.save(
            tx,
            user.id,
            Link(
                type=ItemType.CONTACT,
                state=LinkState.LINKED,
                x3_key="C1",
                auuid="a",
                outlook_key="AAMkC1",
                organized_by=SECRET,
                x3=both,
                outlook=both,
            ),
        )
        journal.append(tx, user.id, [entry(item, why=SECRET, before={Side.X3: secret}, after={Side.OUTLOOK: secret})])
        journal.append(tx, user.id, [entry(neighbour, why="neighbour")])
        problems.put(tx, user.id, item, [Problem(field="name", message=SECRET, x3=SECRET, outlook=SECRET)], "f", NOW)
        problems.put(tx, user.id, ItemKey(ItemType.CONTACT, "", "AAMkC1"), [Problem(field="", message=SECRET)], "f", NOW)
        problems.put(tx, user.id, neighbour, [Problem(field="name", message="neighbour")], "f", NOW)
        held.put(tx, user.id, [replace(hold(), item=item, why=SECRET), replace(hold(), item=neighbour)], NOW)
        passes.save(tx, PassRun(id="p1", user_id=user.id, cause="poll", mode="apply", started=NOW, report=report))
        # A dry run of which the journal knows nothing.
        passes.save(tx, PassRun(id="p2", user_id=user.id, cause="cli", mode="dry-run", started=NOW, report=report))
    return link


def everything(store: Store) -> str:
    with store.read() as tx:
        return "\n".join(str(row) for table in Table.metadata.sorted_tables for row in tx.execute(table.select()))


def test_s4_nothing_of_an_item_that_became_private_is_left(store: Store, user: User, known_item: Link) -> None:
    assert SECRET in everything(store)
    item = ItemKey(ItemType.CONTACT, "C1", "AAMkC1")
    with store.begin() as tx:
        links.save(tx, user.id, replace(known_item, state=LinkState.DETACHED))
        journal.erase_outlook_content(tx, user.id, item, pass_id="p3", at=NOW, cause="notification")
    left = everything(store)
    assert SECRET not in left
    assert SECRET.casefold() not in left.casefold()
    with store.read() as tx:
        [link] = links.of_user(tx, user.id)
        assert (link.state, link.x3.content, link.outlook) == (LinkState.DETACHED, None, Seen())
        [line] = journal.for_item(tx, user.id, item)
        assert (line.rule, line.action, line.why, line.before, line.after) == (Rule.S4, "erase", "private", {}, {})
        assert [p.problem.message for p in problems.of_user(tx)] == ["neighbour"]
        assert [h.item.x3_key for h in held.of_user(tx)] == ["C2"]
        assert journal.versions(tx, user.id, item) == []
        for pass_id in ("p1", "p2"):
            run = passes.get(tx, pass_id)
            assert run is not None
            assert run.report["decisions"] == [
                {"type": "contact", "x3_key": "C1", "outlook_id": "AAMkC1", "rule": "C2", "why": "private"},
                {"type": "contact", "x3_key": "C2", "outlook_id": "AAMkC2", "why": "neighbour"},
            ]
            assert run.report["server"] == [{"outlook_id": "AAMkC1", "why": "private"}]


@pytest.mark.parametrize("backend", ["sqlite"])
def test_s4_the_file_itself_holds_it_no_more(store: Store, user: User, known_item: Link, tmp_path: Path) -> None:
    def in_files() -> bool:
        found = [
            SECRET.encode() in path.read_bytes() for path in (tmp_path / "state").iterdir() if path.suffix != ".db-shm"
        ]
        return any(found)

    assert in_files()
    with store.begin() as tx:
        links.save(tx, user.id, replace(known_item, state=LinkState.DETACHED))
        item = ItemKey(ItemType.CONTACT, "C1", "AAMkC1")
        journal.erase_outlook_content(tx, user.id, item, pass_id="p3", at=NOW)
    assert not in_files()
    with store.read() as tx:
        assert tx.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def test_s4_an_erasure_that_fails_erases_nothing(store: Store, user: User, known_item: Link) -> None:
    def erase_and_fail() -> None:
        with store.begin() as tx:
            item = ItemKey(ItemType.CONTACT, "C1", "AAMkC1")
            journal.erase_outlook_content(tx, user.id, item, pass_id="p3", at=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        erase_and_fail()
    with store.read() as tx:
        assert links.of_user(tx, user.id) == [known_item]
