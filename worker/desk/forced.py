"""Forced synchronisations that workers carry out (F4): asked for, gone on with slice by slice, called off.

A request is a mark: it says to look, never what to write. So a message that is lost, a worker that is stopped or killed and
a pass that has the lease only delay it.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from worker.bootstrap import Application
from worker.desk.passes import Unfit
from worker.forced import LONG_AGO, BadRequest, Forced, parse
from worker.state import dirty
from worker.state.users import User


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The arguments of `resync` as they were typed, and what may not change between two slices: `last_pass`, the default
    of `since` when it was asked for. `begun`: a slice of it was carried out."""

    source: str
    since: str = ""
    types: str = ""
    keys: str = ""
    contacts: str = ""
    go: bool = False
    last_pass: datetime | None = None
    begun: bool = False


def forced_of(app: Application, user: User, request: Request) -> Forced:
    """What is asked for (F1-F3). Raises Unfit."""
    try:
        return parse(
            request.source,
            since=request.since,
            types=request.types,
            keys=request.keys,
            contacts=request.contacts,
            zone=app.zone_of(user),
            last_pass=request.last_pass or user.last_pass_at,
            goes_on=request.begun,
        )
    except BadRequest as wrong:
        raise Unfit(str(wrong), mend="`x3sync resync --help` shows the arguments.") from wrong


def ask_forced(app: Application, user: User, request: Request) -> None:
    """Hand it to the workers. Raises Unfit."""
    forced_of(app, user, request)
    asked = msgspec.structs.replace(request, last_pass=user.last_pass_at or LONG_AGO)
    with app.store.begin() as tx:
        dirty.mark(tx, [_mark(user.id, asked, app.clock.now())])


def next_forced(app: Application, user: User) -> dirty.Mark | None:
    """The user's oldest request that is not carried through yet."""
    with app.store.read() as tx:
        return next(iter(dirty.forced(tx, user.id)), None)


def request_of(mark: dirty.Mark) -> Request:
    """What a mark of `next_forced` asks for."""
    return msgspec.json.decode(mark.item, type=Request)


def is_asked(app: Application, mark: dirty.Mark) -> bool:
    """Whether nobody has called it off, or asked for it anew, meanwhile."""
    with app.store.read() as tx:
        return any(one.stamp == mark.stamp for one in dirty.forced(tx, mark.user_id))


def after_slice(app: Application, mark: dirty.Mark, *, finished: bool) -> None:
    """Forget what is carried through; of the rest remember that it has begun. What was called off, or asked for anew
    meanwhile, is left as it is."""
    begun = msgspec.structs.replace(request_of(mark), begun=True)
    with app.store.begin() as tx:
        standing = [one for one in dirty.forced(tx, mark.user_id) if one.stamp == mark.stamp]
        dirty.clear(tx, standing)
        if not finished:
            dirty.mark(tx, [_mark(one.user_id, begun, one.since) for one in standing])


def stop_forced(app: Application, user: User) -> int:
    """F4: call off what workers have not carried through; what is under way ends between two items. Answers how many
    requests there were."""
    with app.store.begin() as tx:
        asked = dirty.forced(tx, user.id)
        dirty.clear(tx, asked)
    return len(asked)


def _mark(user_id: int, request: Request, since: datetime) -> dirty.Mark:
    item = msgspec.json.encode(request, order="deterministic").decode()
    return dirty.Mark(user_id=user_id, since=since, stream=dirty.FORCED, item=item, causes=("forced",))
