"""Two people, X3, and the product between them: what every scenario starts from."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.system.outlook import Outlook
from tests.system.product import Json, Product
from tests.system.servers import Servers
from tests.system.x3 import X3

# A Monday morning far from both clock changes; no scenario depends on the day on which it runs.
NOW = datetime(2026, 6, 8, 7, 30, tzinfo=UTC)
X3_LIMIT = 301.0  # seconds: a little more than X3's execution limit (M7)


def ymd(days: int) -> str:
    """X3's date, so many days from the scenario's today."""
    return f"{on(days):%Y%m%d}"


def on(days: int) -> date:
    """The date so many days from the scenario's today."""
    return (NOW + timedelta(days=days)).date()


def at(days: int, hour: int = 9, minute: int = 0) -> str:
    """A wall time as Outlook takes it."""
    return f"{on(days)}T{hour:02}:{minute:02}"


def mailbox(number: int) -> str:
    """The address of REP1, REP2, REP3."""
    return f"rep{number}@contoso.example"


@dataclass(slots=True)
class World:
    """`alice` is REP1's mailbox (R001), `benoit` REP2's (R002); `sage` is X3."""

    servers: Servers
    product: Product
    alice: Outlook
    benoit: Outlook
    sage: X3
    users: list[str] = field(default_factory=list)

    @classmethod
    def fresh(cls, servers: Servers, home: Path, settings: dict[str, str], template: Path | None) -> World:
        """Both sides empty, a database of its own, nobody enabled yet."""
        servers.reset(NOW)
        if template is not None:
            shutil.copyfile(template, home / "x3sync.db")
        return cls._of(servers, home, settings)

    @classmethod
    def _of(cls, servers: Servers, home: Path, settings: dict[str, str]) -> World:
        product = Product(home, dict(settings), servers.mails)
        return cls(servers, product, Outlook(servers, mailbox(1)), Outlook(servers, mailbox(2)), X3(servers))

    def remember(self) -> None:
        """Keep all of it for `again`."""
        self.servers.remember(str(self.product.home))

    def again(self, home: Path, settings: dict[str, str]) -> World:
        """A world of its own that is as this one was when it was remembered, its state in `home`."""
        kept = self.product.home
        self.servers.bring_back(str(kept))
        with (
            contextlib.closing(sqlite3.connect(kept / "x3sync.db")) as old,
            contextlib.closing(sqlite3.connect(home / "x3sync.db")) as new,
        ):
            old.backup(new)
        # Without the place where it was made: this is another one (G6).
        (home / "installation").write_text((kept / "installation").read_text().split("\n")[0] + "\n")
        fresh = World._of(self.servers, home, settings)
        fresh.users = list(self.users)
        return fresh

    # ------------------------------------------------------------------------------------------- the product

    def enable(self, number: int = 1, *options: str, go: bool = True) -> Json:
        """`x3sync users add` for REP1, REP2 or REP3."""
        user = f"REP{number}"
        more = ("--go",) if go else ()
        self.users.append(user)
        return self.product.json("users", "add", "--x3-user", user, "--mailbox", mailbox(number), *options, *more)

    def sync(self, user: str = "REP1", *options: str, code: int | None = 0) -> Json:
        """One pass; its report."""
        return self.product.json("sync", user, *options, code=code)

    def later(self, seconds: float = 60) -> None:
        """Let time pass, so that the next edit is clearly later than all that was."""
        self.servers.advance(seconds)

    def settle(self, user: str = "REP1", passes: int = 2) -> list[Json]:
        """A few passes a little later, for what the first could not finish."""
        reports = []
        for _ in range(passes):
            self.later(X3_LIMIT)
            reports.append(self.sync(user))
        return reports

    def quiet(self, *users: str) -> None:
        """C1: a further pass for each user writes nothing on either side."""
        for user in users or tuple(self.users):
            before = self.written
            report = self.sync(user)
            assert self.written == before, report["decisions"]
            assert report["writes"] == {"x3": 0, "outlook": 0}, report["decisions"]

    @property
    def written(self) -> tuple[int, int]:
        """Writes so far (X3, Graph), whoever made them."""
        return self.servers.writes("x3"), self.servers.writes("graph")

    def set(self, user: str, *changes: str) -> None:
        """`x3sync users set`."""
        self.product.json("users", "set", user, *changes)

    def age_leases(self) -> None:
        """Let the leases of a killed worker run out: they are measured by the database's own clock, which no test moves."""
        with contextlib.closing(sqlite3.connect(self.product.home / "x3sync.db")) as database, database:
            for table in ("lease", "x3_lock"):
                database.execute(f"UPDATE {table} SET until = 0")

    # -------------------------------------------------------------------------------------------- documents

    def problems(self, **wanted: Any) -> list[Json]:
        """`x3sync problems list`, those that match."""
        return _matching(self.product.json("problems", "list")["problems"], wanted)

    def held(self, **wanted: Any) -> list[Json]:
        """`x3sync held list`, those that match."""
        return _matching(self.product.json("held", "list")["held"], wanted)

    def release(self, *ids: Any, code: int | None = 0) -> Json:
        """`x3sync held release`."""
        return self.product.json("held", "release", *(str(one) for one in ids), code=code)

    def reject(self, *ids: Any) -> Json:
        """`x3sync held reject`."""
        return self.product.json("held", "reject", *(str(one) for one in ids))

    def leaks(self, *secrets: str) -> list[str]:
        """Which of the texts stand in the database, the logs, the reports or anywhere in X3 (S3, S4)."""
        said = "\n".join(self.product.said)
        kept = self.product.bytes()
        x3 = str(self.servers.control("GET", "dump", port="x3"))
        found = []
        for secret in secrets:
            places = {"said": secret in said, "kept": secret.encode() in kept, "X3": secret in x3}
            found += [f"{secret} in {place}" for place, there in places.items() if there]
        return found


def _matching(rows: list[Json], wanted: dict[str, Any]) -> list[Json]:
    return [row for row in rows if all(row.get(name) == value for name, value in wanted.items())]


def decided(report: Json, rule: str) -> list[Json]:
    """The decisions of a report that name the rule."""
    return [one for one in report["decisions"] if one["rule"] == rule]
