"""The product through its command line: the entry point `x3sync`, in this process for speed, or as a process of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.system.servers import ROOT, Servers

Json = dict[str, Any]
COMMAND = Path(sys.executable).parent / "x3sync"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Json:
        """The one JSON document on stdout."""
        try:
            found: Json = json.loads(self.out)
        except ValueError:
            raise AssertionError(f"no JSON document: exit {self.code}\n{self.out}\n{self.err}") from None
        return found


def environment(servers: Servers, home: Path, database: str = "") -> dict[str, str]:
    """The settings of an installation whose state lives in `home`."""
    return {
        "X3SYNC_DATABASE_URL": database or f"sqlite:///{home}/x3sync.db",
        "X3SYNC_INSTALLATION_PATH": str(home / "installation"),
        "X3SYNC_TIMEZONE": "Europe/Paris",
        "X3SYNC_CLOCK_URL": servers.graph,
        "X3SYNC_GRAPH__BASE_URL": f"{servers.graph}/v1.0",
        "X3SYNC_GRAPH__TENANT_ID": "contoso",
        "X3SYNC_GRAPH__CLIENT_ID": "x3sync",
        "X3SYNC_GRAPH__STATIC_TOKEN": "emulator",
        "X3SYNC_X3__BASE_URL": servers.x3,
        "X3SYNC_X3__POOL": "SYNC",
        "X3SYNC_X3__FOLDER": "SEED",
        "X3SYNC_X3__USER": "x3sync",
        "X3SYNC_X3__PASSWORD": "x3sync",
    }


@dataclass(slots=True)
class Product:
    """One installation. `said` is everything it ever printed or logged. `mails` counts the mails that attendees have got;
    unless the test asked for some, no command may cause one (A6)."""

    home: Path
    settings: dict[str, str]
    mails: Callable[[], int]
    said: list[str] = field(default_factory=list)
    may_mail: bool = False

    def run(self, *arguments: str, code: int | None = 0) -> Answer:
        """Run the entry point in this process; the exit code must be `code` unless that is None."""
        from worker.cli import main  # only here: the SDK's import costs a second, and not every test needs it

        before = self.mails()
        out, err = io.StringIO(), io.StringIO()
        status: Any = 0
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._there())
            stack.enter_context(patch.object(sys, "argv", ["x3sync", *arguments]))
            stack.enter_context(contextlib.redirect_stdout(out))
            stack.enter_context(contextlib.redirect_stderr(err))
            try:
                main()
            except SystemExit as end:
                status = end.code
        self._mailed_nobody(arguments, before)
        return self._heard(arguments, code, Answer(int(status or 0), out.getvalue(), err.getvalue()))

    def _mailed_nobody(self, arguments: tuple[str, ...], before: int) -> None:
        assert self.may_mail or self.mails() == before, f"x3sync {' '.join(arguments)} mailed attendees"

    @contextlib.contextmanager
    def start(self, *arguments: str, stderr: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
        """The real command as a process of its own, for as long as the block lasts. `stderr` may be a file, such as a
        terminal. What happens in the block may mail nobody either."""
        before = self.mails()
        with subprocess.Popen(
            [*_command(), *arguments],
            cwd=self.home,
            env=_clean(os.environ) | {"TERM": "xterm"} | self.settings,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process:
            try:
                yield process
            except BaseException:
                process.kill()
                raise
        self._mailed_nobody(arguments, before)

    def together(self, *commands: tuple[str, ...]) -> list[Answer]:
        """Real commands at the same time; each must succeed."""
        with contextlib.ExitStack() as stack:
            working = [stack.enter_context(self.start(*arguments)) for arguments in commands]
            said = [process.communicate(timeout=120) for process in working]
        answers = [Answer(process.returncode, *texts) for process, texts in zip(working, said, strict=True)]
        return [self._heard(words, 0, answer) for words, answer in zip(commands, answers, strict=True)]

    def spawn(self, *arguments: str, code: int | None = 0) -> Answer:
        """The same as `run`, in a process of its own."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=120)
        return self._heard(arguments, code, Answer(process.returncode, out, err))

    def json(self, *arguments: str, code: int | None = 0) -> Json:
        """Run with --json; the document."""
        return self.run(*arguments, "--json", code=code).document

    def bytes(self) -> bytes:
        """Everything the installation has on disk."""
        return b"".join(path.read_bytes() for path in sorted(self.home.rglob("*")) if path.is_file())

    def _heard(self, arguments: tuple[str, ...], code: int | None, answer: Answer) -> Answer:
        self.said += [answer.out, answer.err]
        told = f"x3sync {' '.join(arguments)}: exit {answer.code}\n{answer.out}\n{answer.err}"
        assert code is None or answer.code == code, told
        return answer

    @contextlib.contextmanager
    def _there(self) -> Iterator[None]:
        before = Path.cwd()
        with patch.dict(os.environ, _clean(os.environ) | self.settings, clear=True):
            os.chdir(self.home)
            try:
                yield
            finally:
                os.chdir(before)


def _command() -> list[str]:
    """The installed command, or the entry point behind it where the project is not installed."""
    return [str(COMMAND)] if COMMAND.exists() else [sys.executable, "-c", "from worker.cli import main; main()"]


def _clean(given: Any) -> dict[str, str]:
    kept = {name: value for name, value in given.items() if not name.startswith("X3SYNC_")}
    return {**kept, "PYTHONPATH": str(ROOT)}
