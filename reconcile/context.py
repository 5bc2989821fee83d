"""What a decision may know beside the pair itself: the user's rules, the directory, the state of the pass.

Values only, gathered by the shell before anything is decided, so that the same observations always give the same
decisions (G4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconcile.content import ItemType, Kind, Side
from reconcile.model import Absent, Observation, Pair, Present, Private, Window
from reconcile.port import Limits


class Conflict(StrEnum):
    """U4: who wins when both sides changed the same field."""

    NEWEST = "newest"
    X3 = "x3"
    OUTLOOK = "outlook"
    ASK = "ask"


class Verb(StrEnum):
    """What a switch of U2 allows."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


_APPLIED = {Side.OUTLOOK: "OTK", Side.X3: "ADX"}
_VERBS = {Verb.CREATE: "CRE", Verb.UPDATE: "UPD", Verb.DELETE: "DLT"}


def switch_name(item_type: ItemType, side: Side, verb: Verb) -> str:
    """X3's own name of a switch (U2): `TSKADXDLT` = tasks, applied in X3, delete."""
    return item_type.code + _APPLIED[side] + _VERBS[verb]


ALL_SWITCHES: tuple[str, ...] = tuple(
    switch_name(item_type, side, verb) for item_type in ItemType for side in (Side.OUTLOOK, Side.X3) for verb in Verb
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A user's choices, as far as they decide anything (U2, U4, U5, D2, A6, A10, C8).

    `switches` holds those that are on.
    """

    switches: frozenset[str] = frozenset(ALL_SWITCHES)
    conflict: Conflict = Conflict.NEWEST
    attendee_mail: bool = False
    series: bool = True  # U5: occurrences, or skip
    delete_done_keep: bool = False
    rich_body_replace: bool = False
    silent_properties: bool = True  # A10: categories, extended properties, reminder and showAs mail nobody
    appointment_category: int = 1  # CRMAPTTYP

    def allows(self, item_type: ItemType, side: Side, verb: Verb) -> bool:
        """Whether the switch is on."""
        return switch_name(item_type, side, verb) in self.switches


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactEntry:
    """A CORRESPOND of X3 as the K rules need it. `mine`: the user's representative has it; `representative`: it is itself a
    representative's card (CORTYP), no contact's."""

    cor: str
    name: str
    emails: tuple[str, ...] = ()
    company: str = ""  # BPRNUM
    mine: bool = True
    representative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RepresentativeEntry:
    """A SALESREP; `emails` are the mailbox addresses of the enabled user behind it."""

    code: str
    name: str
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Names and numbers X3 knows, as far as this pass needs them. `partners`: BPRNUM -> name."""

    contacts: Mapping[str, ContactEntry] = field(default_factory=dict)
    representatives: Mapping[str, RepresentativeEntry] = field(default_factory=dict)
    partners: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Force:
    """What is forced (F rules): it widens what is looked at, never what is allowed.

    `x3` are the records forced from X3, whatever their dates (F1, F5). Items of Outlook of these `types` that were modified
    after `since` are forced from there (F2), with `standing` every linked one; None: nothing is. `only`: the pass decides
    nothing else, and deletes nothing (F1-F3). In an ordinary pass single items are forced: records by X3's R rows (F5),
    records and items of `outlook` by a hold that a forced pass left (G3).
    """

    x3: frozenset[tuple[ItemType, str]] = frozenset()
    outlook: frozenset[tuple[ItemType, str]] = frozenset()
    since: datetime | None = None
    standing: bool = False
    types: frozenset[ItemType] = frozenset(ItemType)
    only: bool = False

    def side(self, item_type: ItemType, x3_key: str, outlook: Observation, *, linked: bool) -> Side | None:
        """The side from which an item is forced; X3 where it is from both (F3)."""
        if x3_key and (item_type, x3_key) in self.x3:
            return Side.X3
        if isinstance(outlook, Present) and (item_type, outlook.key) in self.outlook:
            return Side.OUTLOOK
        if self.since is None or item_type not in self.types or not isinstance(outlook, Present):
            return None
        late = outlook.modified_at is None or outlook.modified_at > self.since
        return Side.OUTLOOK if late or (linked and self.standing) else None

    def winner(self, pair: Pair) -> Side | None:
        """The side that wins where both sides of a pair look as last seen, but differ."""
        return self.side(pair.type, pair.key(Side.X3), pair.outlook, linked=pair.link is not None)

    def covers(self, pair: Pair) -> bool:
        """Whether the pass decides about the pair at all. F2 also speaks of linked items that went, or became private."""
        if not self.only or self.winner(pair) is not None:
            return True
        gone = isinstance(pair.outlook, Absent | Private) and pair.link is not None
        return gone and self.since is not None and pair.type in self.types


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything `decide` may know.

    `fp` names tenant, X3 server and folder (M2); `now` are the two servers' own clocks of this pass (C4), to be compared
    with their stamps; `complete` are the kinds whose every managed stream was read to its end in this pass (S8);
    `default_folders` the default folders that answered (S9); `links_url` a format with `{type}` and `{key}`, or blank,
    for the details block (C7); `force` is what a forced synchronisation widens (F rules); `unknown` are the records to
    which Outlook's persons or company were not carried whole, because X3 did not know them (K2, K5).
    """

    mailbox: str
    fp: str
    representative: str
    window: Window
    rules: Rules = Rules()
    directory: Directory = Directory()
    limits: Mapping[Side, Limits] = field(default_factory=dict)
    now: Mapping[Side, datetime] = field(default_factory=dict)
    complete: frozenset[Kind] = frozenset(Kind)
    default_folders: Mapping[Kind, str] = field(default_factory=dict)
    links_url: str = ""
    force: Force = Force()
    unknown: frozenset[tuple[ItemType, str]] = frozenset()
