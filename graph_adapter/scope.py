"""What one mailbox's adapter has to know of its user and installation; values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from graph_adapter.tables import Tables, usual
from reconcile.model import Kind, Window

LEGACY_PROPERTY = "String {00020329-0000-0000-C000-000000000046} Name AdxID"
PRIVATE_CATEGORIES = frozenset({"Private", "Privé", "Privat", "Privado", "Privato"})
# What To Do answers for a task that is not there; its code is not settled by public material (S8).
NOT_FOUND_CODES = frozenset({"ErrorItemNotFound", "ItemNotFound", "ResourceNotFound", "NotFound"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxScope:
    """One mailbox in one pass.

    `mailbox` is the Entra object id, `fp` the installation's fingerprint (M2), `folders` the ids of the managed folders,
    `zone` the user's IANA zone. The delta token's window is `delta_before` and `delta_after` wider than `window` (A9) and
    is renewed when the user's has moved on by more than `delta_days`, or is covered no more. `links_url` is a format with
    `{type}` and `{key}` for the link of a task's marker, or blank. `reminder_minutes` None: no reminder (A11).
    """

    mailbox: str
    fp: str
    folders: Mapping[Kind, tuple[str, ...]]
    window: Window
    zone: str = "UTC"
    done_category: str = "Done"
    call_category: str = "X3 Call"
    private_lists: frozenset[str] = frozenset()
    private_categories: frozenset[str] = PRIVATE_CATEGORIES
    tables: Tables = field(default_factory=usual)
    legacy_property: str = LEGACY_PROPERTY
    task_if_match: bool = False
    not_found_codes: frozenset[str] = NOT_FOUND_CODES
    reminder_minutes: int | None = None
    delta_before: timedelta = timedelta(days=10)
    delta_after: timedelta = timedelta(days=40)
    delta_days: timedelta = timedelta(days=7)
    links_url: str = ""
    page_size: int = 500

    def manages(self, kind: Kind, folder: str) -> bool:
        """Whether the folder is a managed one (S2)."""
        return folder in self.folders.get(kind, ())

    def delta_window(self) -> tuple[datetime, datetime]:
        """The window to make a delta token for, [start, end) in UTC."""
        return self.window.start - self.delta_before, self.window.end + self.delta_after

    def covered_by(self, start: datetime, end: datetime) -> bool:
        """Whether a token made for [start, end) still serves the user's window."""
        moved = self.window.start - self.delta_before - start
        return start <= self.window.start and self.window.end <= end and moved <= self.delta_days
