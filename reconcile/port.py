"""The port: what a side offers to a pass, and the five ways in which it can fail.

Both adapters and the tests' memory endpoint implement `Endpoint`; one contract suite (`tests/contract`) holds for all of
them. The five errors are named for what the caller does next (house.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reconcile.actions import Create, Step
from reconcile.content import ItemType, Kind, Side
from reconcile.model import Observation, Present, Private

# ------------------------------------------------------------------------------------------------ errors


class TryLater(Exception):
    """The side is busy or away: back off. `retry_after` in seconds, None when the side did not say.

    `sent` says that a write may have been carried out although its answer was lost (M7); `at_item` that the side is there
    and failed over this one item, which a longer wait may not cure (G2).
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, sent: bool = False, at_item: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.sent = sent
        self.at_item = at_item


class Moved(Exception):
    """The item changed since it was read (412, or another content before a write): mark it dirty and observe again."""


class CursorExpired(Exception):
    """The cursor is no longer known: take a complete listing."""


class Refused(Exception):
    """The side refuses this one item: problem line, go on. `field` is a merge field or "", `log_code` X3's (R1)."""

    def __init__(self, message: str, *, field: str = "", log_code: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.log_code = log_code


class Stop(Exception):
    """Credentials, rights or configuration: pause this user or side and tell a person. `mend` says how to repair it;
    `side` which side is concerned for every user, None where it is only this mailbox or user."""

    def __init__(self, message: str, *, mend: str = "", side: Side | None = None) -> None:
        super().__init__(message)
        self.mend = mend
        self.side = side


# ------------------------------------------------------------------------------------------------ values


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One change stream. Outlook: one managed folder of one kind. X3: everything of one representative (`kind` None)."""

    kind: Kind | None
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """Names an item to read. Outlook: `kind`, `key`, and the folder it was last in (To Do needs it). X3: `type`, `key`."""

    key: str
    kind: Kind | None = None
    type: ItemType | None = None
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A listing's word about one item. `observation` is None when the listing only says "look at it"; then `version`, if
    not blank, tells whether a look is needed: the same version as last seen is the same item (C1 decides after a look). A
    version that ends in `~` was taken while its stamp could still be given again: it is never the same.
    """

    ref: Ref
    version: str = ""
    observation: Present | Private | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A row of X3's own queue SYNCDATA (R3): acknowledged by number once what it points at was observed and stored."""

    number: int
    type: ItemType
    key: str
    action: str  # C M A P R


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a stream said. `cursor` is where to go on; `complete` that every living item of the stream is in `sightings`
    (so that a linked one that is missing must be asked for); `answered` False that the folder itself did not answer
    (S9: nothing of it may be decided); `now` is the side's own clock at the call."""

    sightings: tuple[Sighting, ...]
    cursor: str
    complete: bool
    now: datetime
    answered: bool = True
    hints: tuple[Hint, ...] = ()


Limits = Mapping[tuple[ItemType, str], int]  # (type, merge field) -> longest text, in characters


class Endpoint(Protocol):
    """One side, for one user. All methods raise the five errors above and nothing else for foreseen failures."""

    @property
    def side(self) -> Side:
        """Which side this is."""
        ...

    @property
    def limits(self) -> Limits:
        """Known limits of texts (C6)."""
        ...

    async def changes(self, stream: Stream, cursor: str | None) -> Listing:
        """What changed in `stream` since `cursor`; everything when it is None. Raises CursorExpired."""
        ...

    async def read(self, refs: Sequence[Ref]) -> Mapping[Ref, Observation]:
        """The present look of each. Absent only with S8's proof, Private without content, Unread where nothing could be
        said (the folder did not answer)."""
        ...

    async def apply(self, step: Step) -> Present | None:
        """Carry out one step and answer how the item looks now, read back from the side; None after a deletion (also of
        an item that was gone already, D5). Raises Moved when the target no longer looks as observed."""
        ...

    async def find(self, step: Create) -> Present | Private | None:
        """The item an earlier, unanswered attempt at `step` may have made (M7); Private when it became so since (S5)."""
        ...
