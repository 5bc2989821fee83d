"""What the written documents name is there: commands with their options, settings, files, decisions."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.generated import ROOT
from worker.cli.tree import command
from worker.settings import described

OURS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "infra")
PAGES = sorted(p for name in OURS for p in ([ROOT / name] if name.endswith(".md") else (ROOT / name).rglob("*.md")))
_CODE = re.compile(r"```.*?```|`[^`\n]+(?:\n[^`\n]+)?`", re.DOTALL)
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
_SETTING = re.compile(r"`(X3SYNC_[A-Z0-9_]+)`")
_TYPED = re.compile(r"^\s*(?:\.venv/bin/)?x3sync\s+([^#]+)")


def commands(page: Path) -> Iterator[str]:
    """What follows `x3sync` where a page shows something to type: lines of blocks, and code within a sentence."""
    for code in _CODE.findall(page.read_text(encoding="utf-8")):
        lines = code.splitlines()[1:-1] if code.startswith("```") else [" ".join(code.strip("`").split())]
        yield from (found[1].partition(";")[0].strip() for line in lines if (found := _TYPED.match(line)))


def resolved(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the first words name, and the words left over. Raises KeyError for a name that is none."""
    found: Any = command()
    while hasattr(found, "commands") and words and not words[0].startswith("-"):
        found, words = found.commands[words[0]], words[1:]
    return found, words


ALL = [(page.relative_to(ROOT).as_posix(), words) for page in PAGES for words in dict.fromkeys(commands(page))]


def test_commands_are_found() -> None:
    """Otherwise a slip in the reading would pass every page."""
    assert ("docs/operations.md", "db claim") in ALL
    assert len(ALL) > 40


@pytest.mark.parametrize(("page", "words"), ALL)
def test_every_command_and_option_exists(page: str, words: str) -> None:
    command, rest = resolved(shlex.split(words.replace("…", "").replace("'", "")))
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word.partition("=")[0] for word in rest if word.startswith("-")} <= {*known, "--help"}
    takes = hasattr(command, "commands") or any(p.param_type_name == "argument" for p in command.params)
    assert not rest or rest[0].startswith("-") or takes, "it takes no argument"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_and_setting_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    names = {row.name for row in described()}
    for link in _LINK.findall(text):
        assert link.startswith("http") or (page.parent / link).exists(), link
    for name in _SETTING.findall(text):
        whole = name in names or name.removesuffix("_FILE") in names
        assert whole or (name.endswith("_") and any(known.startswith(name) for known in names)), name


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(_LINK.findall((folder / "README.md").read_text(encoding="utf-8")))
    assert listed == {page.name for page in folder.glob("0*.md")}
