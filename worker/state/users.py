"""Users (U1) with their settings (U2, U4, U5), and their managed folders (U3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import and_, delete, exists, not_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from reconcile.context import ALL_SWITCHES, Conflict, Rules
from reconcile.model import Kind
from worker.state.tables import (
    AttemptRow,
    CursorRow,
    DirtyRow,
    FolderRow,
    HeldRow,
    JournalRow,
    LinkRow,
    PassRow,
    ProblemRow,
    SubscriptionRow,
    UserRow,
)  # fmt: skip


class Taken(Exception):
    """U1: the X3 user or the mailbox is another user's already. The transaction is lost."""


class UserState(StrEnum):
    """What is done for a user."""

    ACTIVE = "active"
    PAUSED = "paused"  # G5, U3's master switch, or an operator
    REMOVED = "removed"  # R5; his journal stays


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSettings:
    """A user's choices. `zone` blank means the installation's; `reminder_minutes` None means no reminder (A11)."""

    switches: frozenset[str] = frozenset(ALL_SWITCHES)
    conflict: Conflict = Conflict.NEWEST
    days_back: int = 30
    days_ahead: int = 180
    series: bool = True
    attendee_mail: bool = False
    zone: str = ""
    private_lists: tuple[str, ...] = ()
    private_categories: tuple[str, ...] = ("Private", "Privé", "Privat", "Privado", "Privato")
    reminder_minutes: int | None = None
    delete_done_keep: bool = False
    rich_body_replace: bool = False
    appointment_category: int = 1  # CRMAPTTYP

    def rules(self, *, silent_properties: bool = True) -> Rules:
        """What of them decides anything; `silent_properties` is the installation's (A10)."""
        return Rules(
            switches=self.switches,
            conflict=self.conflict,
            attendee_mail=self.attendee_mail,
            series=self.series,
            delete_done_keep=self.delete_done_keep,
            rich_body_replace=self.rich_body_replace,
            silent_properties=silent_properties,
            appointment_category=self.appointment_category,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An X3 user, his representative, his mailbox (by Entra object id; `address` is what people read)."""

    id: int
    x3_user: str
    representative: str
    mailbox: str
    address: str
    display: str
    state: UserState
    paused_why: str
    settings: UserSettings
    first_pass_done: bool  # G7
    last_pass_at: datetime | None  # when the last pass that ended well began to look, by Outlook's clock (F2)
    last_full_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of a mailbox. `alert` is what was said about its silence, blank while it answers (S9)."""

    kind: Kind
    folder_id: str
    name: str
    is_default: bool = False
    managed: bool = True
    last_answered: datetime | None = None
    alert: str = ""


def _user(row: UserRow) -> User:
    return User(
        id=row.id,
        x3_user=row.x3_user,
        representative=row.representative,
        mailbox=row.mailbox,
        address=row.address,
        display=row.display,
        state=UserState(row.state),
        paused_why=row.paused_why,
        settings=msgspec.json.decode(row.settings, type=UserSettings),
        first_pass_done=row.first_pass_done,
        last_pass_at=row.last_pass_at,
        last_full_at=row.last_full_at,
    )


def _encoded(settings: UserSettings) -> str:
    return msgspec.json.encode(settings, order="deterministic").decode()


def add(
    tx: Session, *, x3_user: str, representative: str, mailbox: str, address: str, now: datetime, display: str = "",
    settings: UserSettings | None = None,
) -> User:  # fmt: skip
    """Enable a user, also one who was removed before. Raises Taken (U1)."""
    row = tx.scalar(select(UserRow).where(UserRow.x3_user == x3_user))
    if row is not None and row.state != UserState.REMOVED:
        raise Taken(f"X3 user {x3_user} is enabled already")
    if row is None:
        row = UserRow(x3_user=x3_user, created=now)
        tx.add(row)
    row.representative, row.mailbox, row.address, row.display = representative, mailbox, address, display
    row.state, row.paused_why, row.settings = UserState.ACTIVE.value, "", _encoded(settings or UserSettings())
    row.first_pass_done, row.last_pass_at, row.last_full_at, row.x3_zone = False, None, None, ""
    try:
        tx.flush()
    except IntegrityError as conflict:
        raise Taken(f"the mailbox {address} belongs to another user") from conflict
    return _user(row)


def get(tx: Session, who: str) -> User | None:
    """A user by X3 user code (in any case), mailbox address or mailbox object id; the removed only by their code."""
    for user in everyone(tx, removed=True):
        if user.x3_user.casefold() == who.casefold():
            return user
        if user.state is not UserState.REMOVED and who.casefold() in (user.address.casefold(), user.mailbox.casefold()):
            return user
    return None


def by_id(tx: Session, user_id: int) -> User | None:
    """A user by his row."""
    row = tx.get(UserRow, user_id)
    return _user(row) if row else None


def everyone(tx: Session, *, removed: bool = False) -> list[User]:
    """All users by X3 code, the removed only on demand."""
    chosen = select(UserRow).order_by(UserRow.x3_user)
    if not removed:
        chosen = chosen.where(UserRow.state != UserState.REMOVED.value)
    return [_user(row) for row in tx.scalars(chosen)]


def change(tx: Session, user: User) -> User:
    """Store the user's representative, address, display and settings."""
    _update(
        tx, user.id, representative=user.representative, address=user.address, display=user.display,
        settings=_encoded(user.settings),
    )  # fmt: skip
    return user


def pause(tx: Session, user_id: int, why: str) -> bool:
    """G5: nothing more is done for him until `resume`. False when he is paused already (then nobody is told again)."""
    paused = (
        update(UserRow)
        .where(UserRow.id == user_id, UserRow.state == UserState.ACTIVE.value)
        .values(state=UserState.PAUSED.value, paused_why=why)
    )
    return tx.execute(paused.returning(UserRow.id)).first() is not None


def resume(tx: Session, user_id: int) -> None:
    """Work on from the old cursors (G5)."""
    _update(tx, user_id, state=UserState.ACTIVE.value, paused_why="")


def passed(tx: Session, user_id: int, begun: datetime, *, full: bool, first_pass_done: bool = True) -> None:
    """A pass was carried through that began to look at `begun`."""
    values: dict[str, Any] = {"last_pass_at": begun}
    if full:
        values["last_full_at"] = begun
    if first_pass_done:
        values["first_pass_done"] = True
    _update(tx, user_id, **values)


def x3_zone(tx: Session, user_id: int) -> str:
    """The zone in which X3's wall times were last read for him (U6); blank before his first pass."""
    return tx.scalar(select(UserRow.x3_zone).where(UserRow.id == user_id)) or ""


def x3_read_in(tx: Session, user_id: int, zone: str) -> None:
    """X3's wall times are read in this zone from now on."""
    _update(tx, user_id, x3_zone=zone)


def remove(tx: Session, user_id: int) -> None:
    """R5: forget everything about the user but his journal and reports. Touches neither side."""
    for table in (LinkRow, CursorRow, DirtyRow, HeldRow, ProblemRow, AttemptRow, SubscriptionRow, FolderRow):
        tx.execute(delete(table).where(table.user_id == user_id))
    _update(tx, user_id, state=UserState.REMOVED.value, paused_why="")


def erase(tx: Session, user_id: int) -> None:
    """Personal data: of a removed user only his codes stay, which other rows name him by. Journal, versions and reports
    go for good."""
    for table in (JournalRow, PassRow):
        tx.execute(delete(table).where(table.user_id == user_id))
    _update(tx, user_id, address="", display="", settings="{}")


def forget_removed(tx: Session, *, at_once: bool) -> int:
    """Erase the removed users of whom no journal and no report is kept any more, or `at_once` all of them; answers how
    many."""
    gone = select(UserRow.id).where(UserRow.state == UserState.REMOVED.value)
    kept = [exists().where(table.user_id == UserRow.id) for table in (JournalRow, PassRow)]
    named = or_(UserRow.address != "", UserRow.display != "")
    chosen = list(tx.scalars(gone.where(or_(named, *kept) if at_once else and_(named, *(not_(one) for one in kept)))))
    for user_id in chosen:
        erase(tx, user_id)
    return len(chosen)


def _update(tx: Session, user_id: int, **values: Any) -> None:
    tx.execute(update(UserRow).where(UserRow.id == user_id).values(**values))


# ---------------------------------------------------------------------------------------------- folders


def folders(tx: Session, user_id: int, *, managed_only: bool = True) -> list[Folder]:
    """The user's folders, the default of each kind first."""
    chosen = select(FolderRow).where(FolderRow.user_id == user_id)
    if managed_only:
        chosen = chosen.where(FolderRow.managed)
    ordered = chosen.order_by(FolderRow.kind, FolderRow.is_default.desc(), FolderRow.id)
    return [
        Folder(
            kind=Kind(row.kind),
            folder_id=row.folder_id,
            name=row.name,
            is_default=row.is_default,
            managed=row.managed,
            last_answered=row.last_answered,
            alert=row.alert,
        )
        for row in tx.scalars(ordered)
    ]


def set_folders(tx: Session, user_id: int, kind: Kind, chosen: Sequence[Folder]) -> list[Folder]:
    """Make these the managed folders of a kind, and answer those that are managed no longer (U6).

    Raises ValueError unless exactly one of them is the default (U3).
    """
    if [folder.is_default for folder in chosen].count(True) != 1 or any(folder.kind is not kind for folder in chosen):
        raise ValueError(f"exactly one default folder of the kind {kind.value}")
    before = {f.folder_id: f for f in folders(tx, user_id, managed_only=False) if f.kind is kind}
    of_kind = (FolderRow.user_id == user_id, FolderRow.kind == kind.value)
    tx.execute(update(FolderRow).where(*of_kind).values(managed=False, is_default=False))
    for folder in chosen:
        values = {"name": folder.name, "is_default": folder.is_default, "managed": True}
        if folder.folder_id in before:
            tx.execute(update(FolderRow).where(*of_kind, FolderRow.folder_id == folder.folder_id).values(**values))
        else:
            tx.add(FolderRow(user_id=user_id, kind=kind.value, folder_id=folder.folder_id, alert="", **values))
            tx.flush()
    kept = {folder.folder_id for folder in chosen}
    return [replace(f, managed=False, is_default=False) for f in before.values() if f.managed and f.folder_id not in kept]


def folder_answered(tx: Session, user_id: int, folder_ids: Sequence[str], now: datetime) -> None:
    """These folders answered; what was said about their silence goes."""
    answered = update(FolderRow).where(FolderRow.user_id == user_id, FolderRow.folder_id.in_(folder_ids))
    tx.execute(answered.values(last_answered=now, alert=""))


def folder_silent(tx: Session, user_id: int, folder_id: str, alert: str) -> bool:
    """S9: this folder does not answer. True the first time, so that it is said once."""
    silent = update(FolderRow).where(FolderRow.user_id == user_id, FolderRow.folder_id == folder_id, FolderRow.alert == "")
    return tx.execute(silent.values(alert=alert).returning(FolderRow.id)).first() is not None
