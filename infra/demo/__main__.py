"""`python -m infra.demo [--once]` (contract.md, "Two commands on a fresh machine")."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from infra.demo.crm import RefusedByX3
from infra.demo.show import Show
from infra.demo.stage import ROOT, Stage, StoryError
from infra.demo.story import STORY, Step

FOLDER = ROOT / "var" / "demo"


def main(arguments: list[str] | None = None) -> int:
    """Tell the story; 0 when every step did what it says."""
    parser = argparse.ArgumentParser(prog="python -m infra.demo", description="The product on two emulated worlds")
    parser.add_argument("--once", action="store_true", help="end after the story")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where database, logs and report go (emptied first)")
    chosen = parser.parse_args(arguments)
    # A terminated demo ends its processes as an interrupted one does.
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    show = Show()
    try:
        with Stage(chosen.folder.resolve()) as stage:
            return _run(stage, show, once=chosen.once)
    except KeyboardInterrupt:
        show.say("Ended.")
        return 130


def _run(stage: Stage, show: Show, *, once: bool) -> int:
    begun = time.monotonic()
    try:
        stage.start_worlds()
        stage.start_up()
    except StoryError as failed:
        show.end("start", time.monotonic() - begun, str(failed), ok=False)
        _write(stage, [_entry("start", False, time.monotonic() - begun, str(failed))])
        return 1
    show.end("emulated X3 and Microsoft 365, Valkey, worker, beat, web", time.monotonic() - begun, stage.web_url, ok=True)
    done = [_entry("start", True, time.monotonic() - begun, stage.web_url)]
    for step in STORY:
        done.append(_tell(step, stage, show))
        if step.needed and not done[-1]["ok"]:
            break
    ok = all(entry["ok"] for entry in done) and len(done) == len(STORY) + 1
    _write(stage, done)
    show.say(f"{sum(entry['ok'] for entry in done)} of {len(STORY) + 1} steps did what they say; "
             f"report: {stage.folder / 'report.json'}")  # fmt: skip
    if not once:
        _stay(stage, show)
    return 0 if ok else 1


def _tell(step: Step, stage: Stage, show: Show) -> dict[str, Any]:
    show.begin(step.name)
    begun = time.monotonic()
    try:
        detail, ok = step.tell(stage, show), True
    except (StoryError, RefusedByX3, httpx.HTTPError, LookupError, ValueError) as failed:
        detail, ok = str(failed) if isinstance(failed, StoryError | RefusedByX3) else repr(failed), False
        stage.clear_faults()
    seconds = time.monotonic() - begun
    show.end(step.name, seconds, detail, ok=ok)
    return _entry(step.name, ok, seconds, detail)


def _entry(name: str, ok: bool, seconds: float, detail: str) -> dict[str, Any]:
    return {"name": name, "ok": ok, "seconds": round(seconds, 2), "detail": detail}


def _write(stage: Stage, steps: list[dict[str, Any]]) -> None:
    ok = all(step["ok"] for step in steps) and len(steps) == len(STORY) + 1
    text = json.dumps({"ok": ok, "steps": steps}, ensure_ascii=False, indent=2)
    (stage.folder / "report.json").write_text(text + "\n", encoding="utf-8")


def _stay(stage: Stage, show: Show) -> None:
    show.say(f"\nStill running, until Ctrl-C:\n  x3sync            {stage.web_url}/\n"
             f"  Microsoft 365     {stage.graph_url}/_emulator/\n  Sage X3           {stage.x3_url}/_emulator/\n"
             f"  logs, database    {stage.folder}")  # fmt: skip
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        show.say("Ended.")  # what was asked for, so the story alone decides the exit code


if __name__ == "__main__":
    sys.exit(main())
