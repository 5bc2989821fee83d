"""A whole side that stands still (G5): a dead credential, a pool that is not there. It is said once, and once when it ends.

Meanwhile the workers run no pass but one trial a minute; nobody is paused and no cursor moves, so that everybody goes on
from where he was as soon as a trial succeeds. What a person asks for by hand is always tried.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from reconcile.content import Side
from reconcile.port import Stop
from worker.bootstrap import Application
from worker.log import logger
from worker.state import dirty

TRIAL = timedelta(minutes=1)
_NAME = "stopped:"  # among the installation's own cursors


class Stopped(msgspec.Struct, kw_only=True, frozen=True):
    """Why a side stands still, how to mend it, since when (aware, UTC), and when it was last tried."""

    why: str
    mend: str
    since: datetime
    tried: datetime


def stopped(app: Application) -> dict[Side, Stopped]:
    """The sides that stand still."""
    with app.store.read() as tx:
        known = dirty.cursors(tx, dirty.INSTALLATION)
    return {
        side: msgspec.json.decode(known[_NAME + side.value], type=Stopped) for side in Side if _NAME + side.value in known
    }


def note(app: Application, stop: Stop) -> None:
    """A side refused everybody."""
    if stop.side is None:
        return
    now, known = app.clock.now(), stopped(app).get(stop.side)
    if known is None:
        logger().error("side_stopped", side=stop.side.value, why=str(stop), mend=stop.mend)
    _save(app, stop.side, Stopped(why=str(stop), mend=stop.mend, since=known.since if known else now, tried=now))


def answered(app: Application, sides: Iterable[Side] = tuple(Side)) -> None:
    """These sides answered with the credential they have now."""
    ended = [side for side in stopped(app) if side in set(sides)]
    if not ended:
        return
    with app.store.begin() as tx:
        dirty.forget_cursors(tx, dirty.INSTALLATION, [_NAME + side.value for side in ended])
    for side in ended:
        logger().warning("side_answers_again", side=side.value)


def may_try(app: Application) -> bool:
    """Whether a worker may run a pass now: always, unless a side stands still; then once a minute, as a trial."""
    now, known = app.clock.now(), stopped(app)
    if any(timedelta() <= now - one.tried < TRIAL for one in known.values()):
        return False
    for side, one in known.items():
        _save(app, side, msgspec.structs.replace(one, tried=now))
    return True


def _save(app: Application, side: Side, value: Stopped) -> None:
    with app.store.begin() as tx:
        encoded = msgspec.json.encode(value).decode()
        dirty.put_cursors(tx, dirty.INSTALLATION, {_NAME + side.value: encoded}, app.clock.now())
