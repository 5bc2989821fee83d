"""The L4G sources and the emulator declare the same parameters, in the same order, by value or by variable."""

import re
from pathlib import Path

import pytest

from infra.emulators.x3.layout import PROGRAMS

SOURCES = Path(__file__).parents[3] / "infra" / "x3"


def code(name: str) -> str:
    """The source without comments, continuation lines joined."""
    text = re.sub(r"^#.*$", "", (SOURCES / f"{name}.src").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return re.sub(r"\n&\s*", "", text)


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_the_signature_is_the_contracts(name: str) -> None:
    text = code(name)
    found = re.search(rf"^Subprog {name}\(([^)]*)\)", text, re.MULTILINE)
    assert found
    parameters = found.group(1).split(",")
    wanted = [(known, group.mode, group.dim) for group in PROGRAMS[name] for known in group.fields]
    published = [(p[1:] if p not in dict.fromkeys(w for w, _, _ in wanted) else p) for p in parameters]
    assert published == [known for known, _, _ in wanted]
    declared = dict(re.findall(r"^(?:Value|Variable) \w+ (\w+)(.*)$", text, re.MULTILINE))
    for parameter, (_, mode, dim) in zip(parameters, wanted, strict=True):
        word = {"Val": "Value", "Var": "Variable"}[mode]
        assert re.search(rf"^{word} (Char|Integer|Date) {parameter}\b", text, re.MULTILINE), parameter
        assert (f"(0..{dim - 1})" in declared[parameter]) == (dim > 1), parameter


@pytest.mark.parametrize("name", ["ZGSYN", *PROGRAMS])
def test_blocks_are_closed(name: str) -> None:
    """Every If, For, While and Case has its end; strings are left out of the count."""
    words = re.findall(r"[A-Za-z]+\$?", re.sub(r'"[^"]*"', "", code(name)))
    count = {word: words.count(word) for word in ("If", "Endif", "For", "Next", "While", "Wend", "Case", "Endcase")}
    assert count["If"] == count["Endif"]
    assert count["For"] == count["Next"]
    assert count["While"] == count["Wend"]
    assert count["Case"] == count["Endcase"]


@pytest.mark.parametrize("name", ["ZGSYN", *PROGRAMS])
def test_only_the_acknowledgement_writes(name: str) -> None:
    writing = re.findall(r"\b(Write|Rewrite|Delete|Trbegin|Execsql)\b", code(name))
    assert bool(writing) == (name == "ZGSYNACK")
