"""The golden decision table is complete, is what the code decides, and says everything a reader needs."""

from __future__ import annotations

from difflib import unified_diff

import pytest

from reconcile.actions import Rule
from reconcile.model import LinkState
from tests.reconcile.golden import FILE, REGENERATE, Case, OutlookState, Row, X3State, render, rows


@pytest.fixture(scope="module")
def table() -> list[Row]:
    return list(rows())


def test_the_table_is_what_the_code_decides() -> None:
    agreed = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    difference = "\n".join(
        unified_diff(agreed.splitlines(), render().splitlines(), "agreed", "decided now", lineterm="", n=0)
    )
    assert not difference, f"decisions changed; if that is wanted, run {REGENERATE} and review it:\n{difference}"


def test_every_situation_of_a_link_is_in_it(table: list[Row]) -> None:
    found = {(row.state, row.x3, row.outlook, row.case) for row in table}
    for state in LinkState:
        for x3 in X3State:
            for outlook in OutlookState:
                for case in Case:
                    window = case is Case.CONTACT and (x3 is X3State.OUT or outlook is OutlookState.OUT)
                    conflict = outlook is OutlookState.SAME_FIELD and x3 is not X3State.CHANGED
                    assert window or conflict or (state, x3, outlook, case) in found


def test_every_row_names_a_rule_and_a_reason(table: list[Row]) -> None:
    known = {str(rule) for rule in Rule}
    for row in table:
        assert set(row.outcome.rule.split(" / ")) <= known
        assert row.outcome.why, row


def test_S8_nothing_is_deleted_on_a_side_that_was_not_read(table: list[Row]) -> None:
    for row in table:
        if X3State.UNREAD is row.x3 or OutlookState.UNREAD is row.outlook:
            assert "delete" not in row.outcome.done
            assert "unassign" not in row.outcome.done


def test_S3_of_a_private_item_nothing_is_written_anywhere(table: list[Row]) -> None:
    for row in table:
        if row.outlook is OutlookState.PRIVATE:
            assert row.outcome.done.split(",")[0] in ("nothing", "forget what came from Outlook")
