"""The tables. Law of this file: unique keys state the rules (M1, M6, M7, U1, U3), so that a bad state cannot be stored.

Instants are aware and in UTC. Keys compare by their bytes on both databases: Outlook's ids differ by case alone. Content
is compact JSON text (`codec.py`), because PostgreSQL's own JSON types reorder and normalise it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Float, ForeignKey, Index, Integer, MetaData, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from worker.state.columns import KEY, Instant, Words


class Table(DeclarativeBase):
    """The registry of tables. Constraint names follow one pattern, so that migrations can name what they change."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def _user() -> Mapped[int]:
    return mapped_column(ForeignKey("sync_user.id", ondelete="CASCADE"))


def _key() -> Mapped[str]:
    return mapped_column(KEY, default="")


# People and other processes name rows by id: an id that comes again would let a "release 7" reach another change (G3).
NEVER_REUSED = {"sqlite_autoincrement": True}


class InstallationRow(Table):
    """The identity that also lives outside the database (G6). One row, id 1."""

    __tablename__ = "installation"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    installation_id: Mapped[str] = mapped_column(KEY)
    fp: Mapped[str] = mapped_column(KEY)
    public_url: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(Instant)


class UserRow(Table):
    """A user (U1). A removed user keeps his row, for the journal, and gives his mailbox free."""

    __tablename__ = "sync_user"
    id: Mapped[int] = mapped_column(primary_key=True)
    x3_user: Mapped[str] = mapped_column(KEY, unique=True)
    representative: Mapped[str] = mapped_column(KEY)
    mailbox: Mapped[str] = mapped_column(KEY)  # Entra object id
    address: Mapped[str] = mapped_column(Text)
    display: Mapped[str] = mapped_column(Words)
    state: Mapped[str] = mapped_column(String(16))
    paused_why: Mapped[str] = mapped_column(Words)
    settings: Mapped[str] = mapped_column(Text)
    first_pass_done: Mapped[bool] = mapped_column(Boolean)
    last_pass_at: Mapped[datetime | None] = mapped_column(Instant)
    last_full_at: Mapped[datetime | None] = mapped_column(Instant)
    x3_zone: Mapped[str] = _key()  # in which the links' X3 times were read (U6); blank: in none yet
    created: Mapped[datetime] = mapped_column(Instant)


# U1: a mailbox belongs to one user, as long as he is one.
_IN_USE = UserRow.state != "removed"
Index("uq_sync_user_mailbox", UserRow.mailbox, unique=True, sqlite_where=_IN_USE, postgresql_where=_IN_USE)


class FolderRow(Table):
    """A managed, or once managed, folder of a mailbox (U3)."""

    __tablename__ = "folder"
    __table_args__ = (UniqueConstraint("user_id", "kind", "folder_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = _user()
    kind: Mapped[str] = mapped_column(String(16))
    folder_id: Mapped[str] = mapped_column(KEY)
    name: Mapped[str] = mapped_column(Words)
    is_default: Mapped[bool] = mapped_column(Boolean)
    managed: Mapped[bool] = mapped_column(Boolean)
    last_answered: Mapped[datetime | None] = mapped_column(Instant)
    alert: Mapped[str] = mapped_column(Words)


# U3: one default folder per kind.
_DEFAULT = text("is_default")
Index("uq_folder_default", FolderRow.user_id, FolderRow.kind, unique=True, sqlite_where=_DEFAULT, postgresql_where=_DEFAULT)


class LinkRow(Table):
    """A link with what each side last looked like (C1), and the columns by which items are sought."""

    __tablename__ = "link"
    __table_args__ = (
        UniqueConstraint("user_id", "type", "x3_key", "auuid"),  # M1, one way
        Index("ix_link_ical", "ical_uid", "user_id"),  # of one user (S8), and of all of them (M6)
        Index("ix_link_series", "user_id", "series_id"),
        NEVER_REUSED,
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = _user()
    type: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    x3_key: Mapped[str] = _key()
    auuid: Mapped[str] = _key()
    outlook_key: Mapped[str] = _key()
    folder: Mapped[str] = _key()
    born: Mapped[str] = mapped_column(String(16))
    made: Mapped[bool] = mapped_column(Boolean)
    x3_content: Mapped[str | None] = mapped_column(Text)
    x3_version: Mapped[str] = _key()
    x3_written_at: Mapped[datetime | None] = mapped_column(Instant)
    outlook_content: Mapped[str | None] = mapped_column(Text)
    outlook_version: Mapped[str] = _key()
    outlook_written_at: Mapped[datetime | None] = mapped_column(Instant)
    # Events (A8, M6, S8): `original_start` is the ISO instant, blank for what is no occurrence.
    ical_uid: Mapped[str] = _key()
    original_start: Mapped[str] = _key()
    series_id: Mapped[str] = _key()
    organized_by: Mapped[str] = _key()  # a digest, never an address (A8, S4); blank: the user
    owner: Mapped[str] = _key()  # the record's first representative when it was last read (A2)
    invited: Mapped[bool] = mapped_column(Boolean, default=False)  # somebody else's meeting (A4, D7)
    # Contacts (K rules): full name, case-folded addresses separated by blanks, BPRNUM.
    name: Mapped[str] = mapped_column(Words, default="")
    emails: Mapped[str] = mapped_column(Words, default="")
    partner: Mapped[str] = _key()


# M1, the other way. A link whose Outlook half was taken off has a blank key, and there may be many of those.
_LIVING = LinkRow.outlook_key != ""
Index(
    "uq_link_outlook", LinkRow.user_id, LinkRow.kind, LinkRow.outlook_key,
    unique=True, sqlite_where=_LIVING, postgresql_where=_LIVING,
)  # fmt: skip


class CursorRow(Table):
    """Where a stream goes on. `user_id` 0 is the installation itself (the common X3 poll), hence no foreign key."""

    __tablename__ = "cursor"
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stream: Mapped[str] = mapped_column(KEY, primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    updated: Mapped[datetime] = mapped_column(Instant)


class DirtyRow(Table):
    """Somebody says: look here. A blank stream is all of them, a blank item the whole stream. Each mark gets a new `stamp`,
    so a pass takes away only the marks it has read."""

    __tablename__ = "dirty"
    __table_args__ = (UniqueConstraint("user_id", "stream", "item"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = _user()
    stream: Mapped[str] = _key()
    item: Mapped[str] = _key()
    since: Mapped[datetime] = mapped_column(Instant, index=True)
    causes: Mapped[str] = mapped_column(Text)
    stamp: Mapped[str] = mapped_column(KEY)


class AttemptRow(Table):
    """A create that was sent, or is about to be, and whose answer is not yet known (M7). Closing removes it."""

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("user_id", "side", "type", "source_key"), NEVER_REUSED)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = _user()
    type: Mapped[str] = mapped_column(String(16))
    side: Mapped[str] = mapped_column(String(16))
    source_key: Mapped[str] = _key()
    token: Mapped[str] = _key()
    sync_id: Mapped[str] = _key()
    marker: Mapped[str] = _key()
    folder: Mapped[str] = _key()
    invited: Mapped[bool] = mapped_column(Boolean, default=False)
    sent_at: Mapped[datetime] = mapped_column(Instant)


class ClaimRow(Table):
    """Whose mailbox makes the X3 record of a meeting (M6); NULL once he has left it (D7). `original_start` is blank for a
    single event."""

    __tablename__ = "claim"
    __table_args__ = (UniqueConstraint("fp", "ical_uid", "original_start"), Index("ix_claim_x3_key", "fp", "x3_key"))
    id: Mapped[int] = mapped_column(primary_key=True)
    fp: Mapped[str] = mapped_column(KEY)
    ical_uid: Mapped[str] = mapped_column(KEY)
    original_start: Mapped[str] = _key()
    type: Mapped[str] = mapped_column(String(16))
    x3_key: Mapped[str] = _key()
    user_id: Mapped[int | None] = mapped_column(ForeignKey("sync_user.id", ondelete="CASCADE"))
    taken: Mapped[datetime] = mapped_column(Instant)


class JournalRow(Table):
    """What was decided and done, with both versions before and after (R2). Altered by nothing but S4's erasure."""

    __tablename__ = "journal"
    __table_args__ = (
        Index("ix_journal_item", "user_id", "type", "x3_key"),
        Index("ix_journal_outlook", "user_id", "outlook_key"),
        Index("ix_journal_ledger", "side", "action", "at"),
        NEVER_REUSED,
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = _user()
    pass_id: Mapped[str] = mapped_column(KEY, index=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    type: Mapped[str] = mapped_column(String(16))
    x3_key: Mapped[str] = _key()
    outlook_key: Mapped[str] = _key()
    series_id: Mapped[str] = _key()
    rule: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(16))
    side: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str] = mapped_column(String(16))
    cause: Mapped[str] = mapped_column(String(32))
    why: Mapped[str] = mapped_column(Words)
    x3_before: Mapped[str | None] = mapped_column(Text)
    x3_after: Mapped[str | None] = mapped_column(Text)
    outlook_before: Mapped[str | None] = mapped_column(Text)
    outlook_after: Mapped[str | None] = mapped_column(Text)


class ProblemRow(Table):
    """A field (blank: the whole item) that was not carried (R4)."""

    __tablename__ = "problem"
    __table_args__ = (
        UniqueConstraint("user_id", "type", "x3_key", "outlook_key", "field"),
        Index("ix_problem_outlook", "user_id", "outlook_key"),
        NEVER_REUSED,
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = _user()
    type: Mapped[str] = mapped_column(String(16))
    x3_key: Mapped[str] = _key()
    outlook_key: Mapped[str] = _key()
    field: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(Words)
    x3: Mapped[str] = mapped_column(Words)
    outlook: Mapped[str] = mapped_column(Words)
    log_code: Mapped[str] = mapped_column(Words)
    kept: Mapped[bool] = mapped_column(Boolean)
    since: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(Integer)
    fingerprint: Mapped[str] = _key()


class HeldRow(Table):
    """A change that waits for a person (G3): the pair, the rule and both versions' fingerprints, never the write."""

    __tablename__ = "held"
    __table_args__ = (
        UniqueConstraint("user_id", "type", "x3_key", "outlook_key"),
        Index("ix_held_outlook", "user_id", "outlook_key"),
        NEVER_REUSED,
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = _user()
    type: Mapped[str] = mapped_column(String(16))
    x3_key: Mapped[str] = _key()
    outlook_key: Mapped[str] = _key()
    rule: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(16))
    side: Mapped[str] = mapped_column(String(16))
    why: Mapped[str] = mapped_column(Words)
    would_mail: Mapped[int] = mapped_column(Integer)
    x3_fingerprint: Mapped[str] = _key()
    outlook_fingerprint: Mapped[str] = _key()
    forced: Mapped[str] = mapped_column(String(16), default="")
    versions: Mapped[str] = _key()
    state: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime] = mapped_column(Instant)


class PassRow(Table):
    """A pass and its report (R1)."""

    __tablename__ = "pass_run"
    __table_args__ = (Index("ix_pass_run_user", "user_id", "started"),)
    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    user_id: Mapped[int] = _user()
    cause: Mapped[str] = mapped_column(String(32))
    mode: Mapped[str] = mapped_column(String(16))
    full: Mapped[bool] = mapped_column(Boolean)
    started: Mapped[datetime] = mapped_column(Instant)
    seconds: Mapped[float] = mapped_column(Float)
    report: Mapped[str] = mapped_column(Text)


class LeaseRow(Table):
    """Who works on a user. `until` is in seconds of the database's own clock: machines' clocks differ, it is one."""

    __tablename__ = "lease"
    user_id: Mapped[int] = mapped_column(
        ForeignKey("sync_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    owner: Mapped[str] = mapped_column(KEY)
    until: Mapped[float] = mapped_column(Float(53))


class X3LockRow(Table):
    """Who writes an X3 record; two users' passes may touch the same one. `until` as in LeaseRow."""

    __tablename__ = "x3_lock"
    type: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[str] = mapped_column(KEY, primary_key=True)
    owner: Mapped[str] = mapped_column(KEY)
    until: Mapped[float] = mapped_column(Float(53))


class SubscriptionRow(Table):
    """A Graph subscription. `client_state` is a digest of the secret, never the secret itself."""

    __tablename__ = "subscription"
    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    user_id: Mapped[int] = _user()
    resource: Mapped[str] = mapped_column(KEY)
    expires: Mapped[datetime] = mapped_column(Instant, index=True)
    client_state: Mapped[str] = mapped_column(KEY)
