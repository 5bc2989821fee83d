"""The fidelity pages: each fact names tests that are there, and every switch of either emulator stands on its page and is
turned by a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.emulators.graph.switches import DEFAULTS as GRAPH_SWITCHES
from infra.emulators.x3.service import SWITCHES as X3_SWITCHES
from tests.docs.generated import ROOT

PAGES = {
    ROOT / "infra/emulators/FIDELITY.md": (ROOT / "tests/emulators/graph",),
    ROOT / "infra/emulators/x3/FIDELITY_X3.md": (ROOT / "tests/emulators/x3", ROOT / "tests/x3_adapter"),
}


def tables(page: Path) -> list[tuple[str, str]]:
    """(fact, the cell of its tests) for each row of a table that has a column "test"."""
    rows: list[tuple[str, str]] = []
    column: int | None = None
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")] if line.startswith("|") else []
        if not cells:
            column = None
        elif column is None:
            column = cells.index("test") if "test" in cells else -1
        elif column >= 0 and not set(line) <= set("|-: "):
            rows.append((cells[0], cells[column]))
    return rows


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_fact_names_tests_that_are_there(page: Path) -> None:
    known = {path.stem for folder in PAGES[page] for path in folder.glob("test_*.py")}
    found = tables(page)
    assert len(found) > 30
    wrong = {fact: cell for fact, cell in found if not cell or not set(re.split(r",\s*", cell)) <= known}
    assert wrong == {}


@pytest.mark.parametrize(
    ("page", "switches"), [(page, list(known)) for page, known in zip(PAGES, (GRAPH_SWITCHES, X3_SWITCHES), strict=True)]
)
def test_every_switch_is_told_of(page: Path, switches: list[str]) -> None:
    text = page.read_text(encoding="utf-8")
    assert [name for name in switches if f"`{name}`" not in text] == []


@pytest.mark.parametrize(
    ("page", "switches"), [(page, list(known)) for page, known in zip(PAGES, (GRAPH_SWITCHES, X3_SWITCHES), strict=True)]
)
def test_every_switch_is_turned_by_a_test(page: Path, switches: list[str]) -> None:
    texts = [path.read_text(encoding="utf-8") for folder in PAGES[page] for path in folder.glob("test_*.py")]
    assert [name for name in switches if not any(name in text for text in texts)] == []
