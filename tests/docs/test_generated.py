"""The generated documents say what the sources say; and the reading of rules finds what it should."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.docs import rules, settings
from tests.docs.generated import ROOT

SOURCE = """
@pytest.mark.rule("R5")
def test_a_contact_d3_goes(): "S3-S5 hold, X3 and v1 are no rules, D9 neither."
"""


def test_the_settings_are_those_of_the_product() -> None:
    wrong = settings.DOCUMENT.differences(settings.page())
    assert not wrong, wrong


def test_the_rules_table_is_that_of_the_tests() -> None:
    wrong = rules.DOCUMENT.differences(rules.fresh())
    assert not wrong, wrong


def test_the_readme_tells_every_rule() -> None:
    told = rules.sentences((ROOT / "README.md").read_text(encoding="utf-8"))
    assert not set(rules.RULES) - told.keys()


def test_rules_are_read_from_name_docstring_and_decorator() -> None:
    test = next(node for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.FunctionDef))
    assert rules.rules_of(test) == {"D3", "S3", "S4", "S5", "R5"}


def test_a_rule_without_a_scenario_fails_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "system").mkdir()
    names = [f"def test_{rule.lower()}_holds(): ..." for rule in rules.RULES if rule != "D7"]
    (tmp_path / "system" / "test_x.py").write_text("\n".join(names) + "\n")
    assert rules.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "Not shown by a scenario in tests/system: D7"


def test_a_rule_no_scenario_names_is_listed_first(tmp_path: Path) -> None:
    for room, rule in (("system", "m7"), ("emulators", "m6"), ("worker", "u1")):
        (tmp_path / room).mkdir()
        (tmp_path / room / "test_x.py").write_text(f"def test_{rule}(): ...\n")
    shown = rules.scan(tmp_path)
    assert [one.layer for one in shown["M7"]] == ["system"]
    assert {"M6", "U1"} <= set(rules.missing(shown))
    assert "M7" not in rules.missing(shown)
    page = rules.page(shown, dict.fromkeys(rules.RULES, "told"))
    assert page.index("- **M6** told") < page.index("## M7")
