"""What the histories are there to find: one safeguard taken away at a time, in this process only.

`python -m tests.soak --mutate lease|marker|proof|c1` must find failures; a soak that does not is asleep. The histories are
bent, so that they do more often what the safeguard is there for; with `--intact` they are bent alike, and nothing is taken
away: what fails then, too, tells nothing of the safeguard.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graph_adapter.errors import Gone
from graph_adapter.mailbox import Mailbox
from graph_adapter.reading import Found, Reader
from reconcile import merge, plan
from reconcile.matching import Work
from reconcile.model import Absent, field_names
from tests.soak import faults, history, people
from worker.gather import Gatherer
from worker.observed import Gathered
from worker.state import leases


def _lease() -> None:
    """Everybody who asks for a lease gets it, and nobody has to prove it."""

    def acquire(_tx: Any, user_id: int, owner: str, seconds: float, *, monotonic: float) -> leases.Lease:
        return leases.Lease(user_id=user_id, owner=owner, deadline=monotonic + seconds)

    def nothing(_tx: Any, lease: leases.Lease, *_: Any, **__: Any) -> leases.Lease:
        return lease

    _put(leases, acquire=acquire, prove=nothing, release=nothing, renew=nothing)


def _marker() -> None:
    """M2, M7: nothing in Outlook is known again by its marker."""

    async def find(_self: Mailbox, _step: Any) -> None:
        return None

    _put(Mailbox, find=find)
    _put(Work, own_marker=lambda _work, _item: None)


def _proof() -> None:
    """S8: what is not listed, or answers any 404, is gone, and no search that shows it is believed."""
    missing, judge = Gatherer._missing, Reader._judge

    async def gone(self: Gatherer, seen: Any, stream: Any, listing: Any) -> Any:
        asked = await missing(self, seen, stream, listing)
        if stream.kind is None:
            return asked
        seen.outlook.update({(ref.kind, ref.key): Absent(key=ref.key) for ref in asked})
        return set()

    async def judged(self: Reader, ref: Any, part: Any, *rest: Any) -> Found:
        return Found(Absent(key=ref.key)) if isinstance(part.error, Gone) else await judge(self, ref, part, *rest)

    def unheard(self: Gathered, kind: Any, item: Any) -> None:
        self.outlook.setdefault((kind, item.key), item)

    _put(Gathered, found=unheard)
    _put(Gatherer, _missing=gone)
    _put(Reader, _judge=judged)


def _c1() -> None:
    """C1: every field of an item that is looked at counts as changed, whatever was last seen."""

    def changed(pair: Any, _side: Any) -> tuple[str, ...]:
        return field_names(pair.type)

    _put(merge, changed=changed)
    _put(plan, changed=changed)
    _put(Gatherer, _echo=lambda _self, _link, _observed, _side: False)


def _empty_listings() -> None:
    """Cursors that are lost, and then some of the complete listings that follow show nothing."""

    def draw(rng: random.Random) -> list[dict[str, Any]]:
        empty = {"action": "empty_listing", "match": {"method": "GET"}, "every": True, "times": rng.randint(1, 8)}
        return [
            {"action": "expire_cursors", "match": {}, "port": "graph"},
            {**empty, "nth": rng.randint(1, 4), "port": "graph"},
        ]

    _put(faults, draw=draw)


def _deletions() -> None:
    _put(people, _DEEDS=(("delete", 60), ("edit", 20)))


def _nothing() -> None:
    return


def _put(where: Any, **names: Any) -> None:
    for name, value in names.items():
        assert hasattr(where, name), f"{where} has no {name} any more"
        setattr(where, name, value)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A safeguard to take away, and how histories are bent towards it: what people or servers do, and how often a step."""

    take: Callable[[], None]
    often: dict[str, int]
    world: Callable[[], None] = _nothing

    def apply(self, *, intact: bool) -> None:
        """Bend the histories; take the safeguard away unless it stays `intact`."""
        _put(history, _STEPS=tuple((dict(history._STEPS) | self.often).items()))
        self.world()
        if not intact:
            self.take()


MUTANTS = {
    "lease": Mutant(_lease, {"twice": 60}),
    "marker": Mutant(_marker, {"kill": 60}),
    "proof": Mutant(_proof, {"faulty": 60}, _empty_listings),
    "c1": Mutant(_c1, {"plain": 60}, _deletions),
}
