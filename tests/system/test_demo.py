"""`make demo ONCE=1`: the whole story, told by real processes (contract.md)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(600)
def test_every_step_of_the_story_does_what_it_says(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    command = [sys.executable, "-m", "infra.demo", "--once", "--folder", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=580)
    report = json.loads((folder / "report.json").read_text())
    failed = [step for step in report["steps"] if not step["ok"]]
    logs = "".join(path.read_text()[-3000:] for path in folder.glob("*.log")) if failed else ""
    assert not failed, f"{failed}\n{logs}"
    assert report["ok"] is True
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(report["steps"]) == 14
    assert all({"name", "ok", "seconds", "detail"} <= step.keys() for step in report["steps"])
