"""One write that a person asked for (fix, restore): as ordinary as a person's edit on that side.

It happens under the user's lease, passes the same gate as every planned step (U2, A6), and is journalled with the cause
"admin"; the pass that follows carries it to the other side.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from reconcile import events, fields
from reconcile.actions import Assign, Create, Decision, Gate, Rule, Step, Update
from reconcile.content import Changes, Content
from reconcile.context import Context, Directory
from reconcile.gate import gate
from reconcile.model import UNREAD, Link, Observation, Pair, Present, Side
from reconcile.port import Endpoint, TryLater
from worker import identity, wall_times
from worker.bootstrap import Application
from worker.desk.passes import NotActive, Unfit, link_of
from worker.directory import DirectoryReader
from worker.items import refs_of_item
from worker.state import journal, leases, links
from worker.state.items import ItemKey
from worker.state.leases import Lease, LockBusy
from worker.state.users import User, UserState
from worker.sync import Busy
from worker.worlds import Worlds

LEASE_SECONDS = 300.0  # a by-hand write is a few requests; only taking a whole mailbox out may need to be said again
PASS_ID = "by-hand"  # noqa: S105 - the journal's pass of what no pass did


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """The right to write by hand for one user."""

    app: Application
    user: User
    worlds: Worlds
    lease: Lease

    def endpoint(self, side: Side) -> Endpoint:
        """One of the two sides."""
        return self.worlds.x3 if side is Side.X3 else self.worlds.outlook

    def link(self, item: ItemKey) -> Link | None:
        """The item's link."""
        return link_of(self.app, self.user.id, item)

    async def look(self, item: ItemKey) -> dict[Side, Observation]:
        """How both sides of an item look now; UNREAD for a half that has no key. Raises Unfit where the X3 key belongs to
        another record by now (M1), TryLater and Stop."""
        looks: dict[Side, Observation] = {Side.X3: UNREAD, Side.OUTLOOK: UNREAD}
        link = self.link(item)
        for ref in refs_of_item(item, link):
            side = Side.X3 if ref.kind is None else Side.OUTLOOK
            looks[side] = (await self.endpoint(side).read([ref])).get(ref, UNREAD)
        x3 = looks[Side.X3]
        if link is not None and link.auuid and isinstance(x3, Present) and x3.x3.auuid != link.auuid:
            raise Unfit(f"{link.x3_key} is another record in X3 now (M1).", mend="Look at both in X3 and Outlook.")
        return looks

    def save_link(self, link: Link) -> None:
        """Store a link under the lease."""
        with self.app.store.begin(self.lease) as tx:
            links.save(tx, self.user.id, link)

    async def update(
        self, side: Side, looks: Mapping[Side, Observation], changes: Changes, item: ItemKey, rule: Rule, why: str
    ) -> Present:
        """Change fields of an item that stands there on that side; raises what `write` does. Text in Outlook keeps its
        details block, brought up to date (C7)."""
        target = looks[side]
        assert isinstance(target, Present)
        lines = await self._details(item, looks[Side.X3], target) if side is Side.OUTLOOK else ()
        step = Update(side=side, type=item.type, target=target, changes=changes, details=lines)
        return await self.write(step, item, rule, why)

    async def _details(self, item: ItemKey, x3: Observation, outlook: Present) -> tuple[str, ...]:
        if not isinstance(x3, Present) or not outlook.outlook.details or events.attended(outlook):
            return ()
        reader = DirectoryReader(self.app.store, self.user.id, self.worlds.x3, self.worlds.representatives)
        directory = await reader.read([Pair(type=item.type, link=None, x3=x3, outlook=outlook)])
        return fields.details(item.type, x3.key, x3.content, self._context(directory))

    async def write(self, step: Step, item: ItemKey, rule: Rule, why: str) -> Present:
        """Carry out a step and journal it. Raises Unfit when a rule forbids it, Refused, TryLater, Moved, Stop."""
        self._allowed(step, rule, why)
        if not self.lease.outlives(self.worlds.request_seconds, self.app.clock.monotonic()):
            raise TryLater("The lease would end before the answer.")
        async with AsyncExitStack() as stack:
            if step.side is Side.X3 and not isinstance(step, Create):
                try:
                    await stack.enter_async_context(self._lock(step.target.key, step))
                except LockBusy as busy:
                    raise TryLater(f"Another pass writes this record: {busy}") from busy
            look = await self.endpoint(step.side).apply(step)
        assert look is not None  # only deletions answer nothing
        before: dict[Side, Content] = {} if isinstance(step, Create) else {step.side: step.target.content}
        line = journal.Entry(
            pass_id=PASS_ID,
            at=self.app.clock.now(),
            item=_named(item, step, look),
            rule=rule,
            why=why,
            action=type(step).__name__.lower(),
            side=step.side,
            cause="admin",
            before=before,
            after={step.side: look.content},
        )
        with self.app.store.begin(self.lease) as tx:
            journal.append(tx, self.user.id, [line])
        return look

    def _lock(self, key: str, step: Step) -> AbstractAsyncContextManager[None]:
        return leases.x3_lock(self.app.store.begin, step.type, key, seconds=2 * self.worlds.request_seconds)

    def _allowed(self, step: Step, rule: Rule, why: str) -> None:
        """U2 and A6 hold for a person's word too; an invitation is its organiser's (A4)."""
        target = step.target if isinstance(step, Update | Assign) else None
        if step.side is Side.OUTLOOK and target is not None and events.invited(target):
            raise Unfit("The event is an invitation, which only its organiser changes (A4).")
        x3 = target if step.side is Side.X3 and target is not None else UNREAD
        outlook = target if step.side is Side.OUTLOOK and target is not None else UNREAD
        pair = Pair(type=step.type, link=None, x3=x3, outlook=outlook)
        for part in gate(Decision(pair=pair, rule=rule, why=why, steps=(step,)), self._context()):
            if part.gate is not Gate.OPEN:
                mend = "Allow it with `x3sync users set`, or make the change on that side yourself."
                raise Unfit(f"It is not written: {part.gate_why}.", mend=mend)

    def _context(self, directory: Directory | None = None) -> Context:
        return Context(
            mailbox=self.user.mailbox,
            fp=self.worlds.fp,
            representative=self.user.representative,
            window=self.worlds.window,
            rules=self.worlds.rules,
            directory=directory or Directory(),
            links_url=self.worlds.links_url,
        )


def _named(item: ItemKey, step: Step, look: Present) -> ItemKey:
    """The item the line is about: what was created is an item of its own from now on."""
    if not isinstance(step, Create):
        return item
    return ItemKey(item.type, look.key, "") if step.side is Side.X3 else ItemKey(item.type, "", look.key)


@asynccontextmanager
async def by_hand(app: Application, user: User, *, also_paused: bool = False) -> AsyncIterator[Hand]:
    """Write for a user by hand. Raises NotActive, Busy while a pass has his lease, and identity.NotOurs (G6)."""
    if user.state is not UserState.ACTIVE and not also_paused:
        raise NotActive(f"{user.x3_user} is {user.state.value}: {user.paused_why or '-'}")
    identity.prove(app.settings, app.store, app.clock, app.fp)
    owner, monotonic = f"hand-{user.id}-{app.clock.now().timestamp()}", app.clock.monotonic()
    with app.store.begin() as tx:
        lease = leases.acquire(tx, user.id, owner, app.settings.lease_seconds, monotonic=monotonic)
    if lease is None:
        raise Busy(f"a pass for {user.x3_user} is under way")
    try:
        wall_times.adopt(app.store, user, lease, app.zone_of(user))
        worlds = app.worlds(user)
        worlds.watch.outlives = lambda seconds: lease.outlives(seconds, app.clock.monotonic())
        yield Hand(app=app, user=user, worlds=worlds, lease=lease)
    finally:
        with app.store.begin() as tx:
            leases.release(tx, lease)
