"""What can be decided: steps on a side, what becomes of the link, the rule that took the decision and a sentence.

A decision is data. Nothing here acts; `worker/sync.py` applies steps through the endpoints of `port.py`. Every decision,
also "do nothing", names its rule (rules.md) and says why, because `report` and `why` show exactly that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconcile.content import Changes, Content, ItemType, Side
from reconcile.model import LinkState, Marker, Pair, Present


class Rule(StrEnum):
    """The ids of `rules.md`, as reports, journal and tests spell them."""

    IN_STEP = "in step"
    U1 = "U1"
    U2 = "U2"
    U3 = "U3"
    U4 = "U4"
    U5 = "U5"
    U6 = "U6"
    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"
    S5 = "S5"
    S6 = "S6"
    S7 = "S7"
    S8 = "S8"
    S9 = "S9"
    M1 = "M1"
    M2 = "M2"
    M3 = "M3"
    M4 = "M4"
    M5 = "M5"
    M6 = "M6"
    M7 = "M7"
    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"
    C5 = "C5"
    C6 = "C6"
    C7 = "C7"
    C8 = "C8"
    K1 = "K1"
    K2 = "K2"
    K3 = "K3"
    K4 = "K4"
    K5 = "K5"
    D1 = "D1"
    D2 = "D2"
    D3 = "D3"
    D4 = "D4"
    D5 = "D5"
    D6 = "D6"
    D7 = "D7"
    D8 = "D8"
    A1 = "A1"
    A2 = "A2"
    A3 = "A3"
    A4 = "A4"
    A5 = "A5"
    A6 = "A6"
    A7 = "A7"
    A8 = "A8"
    A9 = "A9"
    A10 = "A10"
    A11 = "A11"
    F1 = "F1"
    F2 = "F2"
    F3 = "F3"
    F4 = "F4"
    F5 = "F5"
    G1 = "G1"
    G2 = "G2"
    G3 = "G3"
    G4 = "G4"
    G5 = "G5"
    G6 = "G6"
    G7 = "G7"
    R1 = "R1"
    R2 = "R2"
    R3 = "R3"
    R4 = "R4"
    R5 = "R5"


# ------------------------------------------------------------------------------------------------- steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Create an item on `side`.

    `content` is in that side's shape. On Outlook: `marker` goes into the same request, `details` are the lines of the
    block above the body (C7), `folder` is the default folder. On X3: `sync_id` fills ZSYNCID (M7), the record is assigned
    to `representative`. `token` is the shell's attempt token, events' transactionId (M7). `sought`: the item may be there
    unseen, because it lies where no listing looks (F1) or is another user's (D4), so it is looked for first.
    """

    side: Side
    type: ItemType
    content: Content
    marker: Marker | None = None
    details: tuple[str, ...] = ()
    folder: str = ""
    sync_id: str = ""
    representative: str = ""
    token: str = ""
    sought: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Write `changes` (only those fields, C2) to `target`, conditional on what was observed there.

    On Outlook `details` replaces the details block, if one stands there and the body is ours to write (C7); a `marker`
    goes along in the same request where the item carries extended properties.
    """

    side: Side
    type: ItemType
    target: Present
    changes: Changes
    details: tuple[str, ...] = ()
    marker: Marker | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Delete `target`: Outlook moves it to Deleted Items (D1), X3 deletes the record (D2)."""

    side: Side
    type: ItemType
    target: Present


@dataclass(frozen=True, slots=True, kw_only=True)
class Unassign:
    """Take the representative's CORREP row off an X3 contact (D3)."""

    target: Present
    representative: str
    side: Side = Side.X3
    type: ItemType = ItemType.CONTACT


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """Add the representative's CORREP row to an X3 contact (M4)."""

    target: Present
    representative: str
    side: Side = Side.X3
    type: ItemType = ItemType.CONTACT


@dataclass(frozen=True, slots=True, kw_only=True)
class Identify:
    """Say on an X3 contact which CRM contact it is: its number, and its partner where the contact has none (F1)."""

    target: Present
    person: str
    partner: str
    side: Side = Side.X3
    type: ItemType = ItemType.CONTACT


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Take the representative out of an appointment (D7). Where it is his, the first of its participants has it then (A4);
    it must have one."""

    target: Present
    representative: str
    side: Side = Side.X3
    type: ItemType = ItemType.APPOINTMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Put the representative among an appointment's participants (M6)."""

    target: Present
    representative: str
    side: Side = Side.X3
    type: ItemType = ItemType.APPOINTMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Write the marker on an Outlook item that had none, or another's copy (M2, M3). Silent towards attendees (A10)."""

    type: ItemType
    target: Present
    marker: Marker
    side: Side = Side.OUTLOOK


Step = Create | Update | Delete | Unassign | Assign | Identify | Withdraw | Join | Mark

# --------------------------------------------------------------------------------------------- decisions


class Drop(StrEnum):
    """The link goes."""

    LINK = "drop"


class Gate(StrEnum):
    """What stands between a decision and its execution."""

    OPEN = "open"
    HELD = "held"  # a guard's brake, waits for release (G rules, A6, U4 ask)
    SKIPPED = "skipped"  # a switch forbids it, or it waits for a condition (U2, S9, M6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One line of problem management (R4): a field (or, blank, the whole item) that was not carried. `said_by`: the side
    whose server refused it; None for what the sync itself says."""

    field: str
    message: str
    x3: str = ""
    outlook: str = ""
    log_code: str = ""
    kept: bool = False  # only a value kept for reading; cured by the next change of either side
    said_by: Side | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is done for one pair, by which rule and why.

    `after` is the state the link has once all steps are done: a LinkState, Drop.LINK, or None for "no link, or as it is".
    `remember` says that both sides' present looks become the new "last seen" (C1) even without a step. `lost` are losing
    versions to keep (C4, D4). `mails` is how many people a write would mail (A6). `erase` asks for S4's erasure.
    `unsettled` names fields whose change on a side could not be carried yet: they stay "changed" there. `blank` is a side
    whose last look is forgotten: the link no longer waits for anything there.
    """

    pair: Pair
    rule: Rule
    why: str
    steps: tuple[Step, ...] = ()
    after: LinkState | Drop | None = None
    remember: bool = False
    problems: tuple[Problem, ...] = ()
    lost: tuple[tuple[Side, Content], ...] = ()
    gate: Gate = Gate.OPEN
    gate_rule: Rule | None = None
    gate_why: str = ""
    mails: int = 0
    erase: bool = False
    unsettled: Mapping[Side, frozenset[str]] = field(default_factory=dict)
    blank: Side | None = None

    @property
    def verb(self) -> str:
        """One word for reports: what the first step does, else what becomes of the link."""
        if self.steps:
            return type(self.steps[0]).__name__.lower()
        if self.after is None:
            return "none"
        return "unlink" if self.after in (Drop.LINK, LinkState.RELEASED) else "link"

    @property
    def deletes_on(self) -> Side | None:
        """The side on which it deletes or unassigns, if it does (G1)."""
        for step in self.steps:
            if isinstance(step, Delete | Unassign | Withdraw):
                return step.side
        return None

    @property
    def creates_on(self) -> Side | None:
        """The side on which it creates, if it does (G7)."""
        for step in self.steps:
            if isinstance(step, Create):
                return step.side
        return None
