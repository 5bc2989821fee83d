"""Users: enabling, folders, off-boarding (U1, U3, U6, R5). Their switches and choices are in `choices.py`.

The command line and the console call these. Whatever changes a user marks him dirty, so that the next pass acts on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from graph_adapter.directory import Directory, FolderInfo
from graph_adapter.subscriptions import Subscriptions
from reconcile import events
from reconcile.actions import Delete, Rule
from reconcile.model import Born, Kind, Link, LinkState, Observation, Present, Side
from reconcile.port import Moved, Ref, Refused, Stop, TryLater
from reconcile.text import fold
from worker import identity
from worker.bootstrap import Application
from worker.choices import described
from worker.desk.byhand import PASS_ID, Hand, by_hand
from worker.desk.passes import Unfit, mark_dirty
from worker.items import mark_of
from worker.state import dirty, journal, links, passes, users
from worker.state.items import ItemKey
from worker.state.users import Folder, Taken, User, UserSettings, UserState
from worker.worlds import Worlds

OWN_FOLDER = "Sage X3"
_WORDS = {Kind.EVENT: "calendar", Kind.CONTACT: "contact folder", Kind.TASK: "list"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderChoice:
    """What `--calendar`, `--contacts`, `--list` (names or ids, the first is the default) and `--create-folders` say."""

    calendars: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    create: bool = False

    def of(self, kind: Kind) -> tuple[str, ...]:
        """The chosen folders of a kind; none: the mailbox's own default."""
        return {Kind.EVENT: self.calendars, Kind.CONTACT: self.contacts, Kind.TASK: self.lists}[kind]


# --------------------------------------------------------------------------------------------------- list


def document(app: Application, user: User) -> dict[str, Any]:
    """A user as `users list` shows him."""
    with app.store.read() as tx:
        folders = users.folders(tx, user.id)
    return {
        "x3_user": user.x3_user,
        "representative": user.representative,
        "mailbox": user.address,
        "state": user.state.value,
        "mailbox_id": user.mailbox,
        "name": user.display,
        "paused_why": user.paused_why,
        "first_pass_done": user.first_pass_done,
        "last_pass_at": user.last_pass_at.isoformat() if user.last_pass_at else None,
        "settings": described(user.settings),
        "folders": [
            {"kind": f.kind.value, "id": f.folder_id, "name": f.name, "default": f.is_default, "alert": f.alert}
            for f in folders
        ],
    }


# ---------------------------------------------------------------------------------------------------- add


async def add(app: Application, x3_user: str, address: str, choice: FolderChoice) -> User:
    """Enable a user: representative by U1, mailbox by its Entra object id, folders by U3, switches and appointment
    category as X3 has them.

    Raises Stop where X3 gives no representative, Unfit for an unknown mailbox or folder, users.Taken (U1), TryLater and
    identity.NotOurs (G6).
    """
    identity.prove(app.settings, app.store, app.clock, app.fp)
    site = await app.site().site()
    code = x3_user if x3_user in site.users else x3_user.upper()
    representative = site.representative_of(code)
    directory = Directory(app.graph())
    mailbox = await directory.user(address)
    if mailbox is None:
        raise Unfit(f"Entra knows no user {address}.", mend="Give the mailbox's address, or the user's object id.")
    _free(app, code, mailbox.id)
    chosen = await _managed(directory, mailbox.id, choice)
    settings = UserSettings(appointment_category=site.users[code].category)
    if code in site.settings:
        settings = UserSettings(appointment_category=site.users[code].category, switches=site.settings[code])
    now = app.clock.now()
    with app.store.begin() as tx:
        user = users.add(
            tx,
            x3_user=code,
            representative=representative.code,
            mailbox=mailbox.id,
            address=mailbox.address or address,
            display=mailbox.name or representative.name,
            settings=settings,
            now=now,
        )
        for kind in Kind:
            users.set_folders(tx, user.id, kind, _rows(chosen[kind]))
        dirty.mark(tx, [dirty.Mark(user_id=user.id, since=now, causes=("admin",))])
    return user


async def _managed(directory: Directory, mailbox: str, choice: FolderChoice) -> dict[Kind, list[FolderInfo]]:
    """The folders to manage. Every kind is looked at before anything is created, so that a wrong name leaves nothing
    behind."""
    found = {kind: await directory.folders(mailbox, kind) for kind in Kind}
    chosen = {kind: choose(kind, found[kind], choice.of(kind)) for kind in Kind}
    for kind in Kind if choice.create else ():
        if not choice.of(kind):
            own = await directory.create_folder(mailbox, kind, OWN_FOLDER)
            chosen[kind] = [own, *(folder for folder in chosen[kind] if folder.id != own.id)]
    return chosen


def _free(app: Application, x3_user: str, mailbox: str) -> None:
    """U1, before anything is created in the mailbox; the database proves it again."""
    with app.store.read() as tx:
        for user in users.everyone(tx):
            if x3_user == user.x3_user:
                raise Taken(f"X3 user {x3_user} is enabled already")
            if mailbox == user.mailbox:
                raise Taken(f"the mailbox belongs to {user.x3_user}")


def choose(kind: Kind, found: Sequence[FolderInfo], names: Sequence[str]) -> list[FolderInfo]:
    """The folders that names or ids mean, in their order; without names the mailbox's default one.

    Raises Unfit for an unknown, ambiguous or refused folder (U3, S2).
    """
    word = _WORDS[kind]
    if not names:
        own = [folder for folder in found if folder.default and not folder.refused]
        if not own:
            raise Unfit(f"The mailbox has no default {word}.", mend="Choose one by its name or id.")
        return own[:1]
    chosen: list[FolderInfo] = []
    for name in names:
        fits = [folder for folder in found if folder.id == name] or [f for f in found if fold(f.name) == fold(name)]
        if len(fits) != 1:
            there = ", ".join(folder.name for folder in found if not folder.refused)
            raise Unfit(f"{len(fits)} {word}s are called {name}.", mend=f"There are: {there}. Ids are accepted too.")
        if fits[0].refused:
            raise Unfit(f"The {word} {name} cannot be managed: {fits[0].refused}.", mend=f"Choose another {word}.")
        if fits[0] not in chosen:
            chosen.append(fits[0])
    return chosen


def _rows(chosen: Sequence[FolderInfo]) -> list[Folder]:
    return [
        Folder(kind=folder.kind, folder_id=folder.id, name=folder.name, is_default=position == 0)
        for position, folder in enumerate(chosen)
    ]


# ------------------------------------------------------------------------------------------- folders, U6


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderChange:
    """What other folders would mean: the new rows by kind, and the links of folders that go (they are released, S6)."""

    rows: dict[Kind, list[Folder]]
    released: tuple[Link, ...]


async def plan_folders(app: Application, user: User, choice: FolderChoice) -> FolderChange:
    """The preview of other managed folders (U6). Raises Unfit, TryLater, Stop."""
    directory, rows = Directory(app.graph()), dict[Kind, list[Folder]]()
    for kind in Kind:
        if choice.of(kind):
            rows[kind] = _rows(choose(kind, await directory.folders(user.mailbox, kind), choice.of(kind)))
    with app.store.read() as tx:
        kept = {(kind, row.folder_id) for kind, new in rows.items() for row in new}
        going = [f for f in users.folders(tx, user.id) if f.kind in rows and (f.kind, f.folder_id) not in kept]
        released = [link for folder in going for link in links.of_user(tx, user.id, folder=folder.folder_id)]
    return FolderChange(rows=rows, released=tuple(link for link in released if link.state is not LinkState.RELEASED))


def change_folders(app: Application, user: User, change: FolderChange) -> None:
    """Carry the preview out: the next pass releases the links of folders that went, for it reads where their items are."""
    now = app.clock.now()
    with app.store.begin() as tx:
        for kind, rows in change.rows.items():
            users.set_folders(tx, user.id, kind, rows)
        marks = [dirty.Mark(user_id=user.id, since=now, causes=("full", "settings"))]
        for link in change.released:
            ref = Ref(kind=link.type.kind, key=link.outlook_key, folder=link.folder)
            marks.append(mark_of(ref, user.id, now, "settings"))
        dirty.mark(tx, marks)


# ----------------------------------------------------------------------------------------- pause, resume


def pause(app: Application, user: User, why: str) -> bool:
    """Nothing more is done for the user until `resume`; False when he is paused already."""
    with app.store.begin() as tx:
        return users.pause(tx, user.id, why)


def resume(app: Application, user: User) -> None:
    """Go on from the old cursors (G5)."""
    with app.store.begin() as tx:
        users.resume(tx, user.id)
    mark_dirty(app, [user], "admin")


# ------------------------------------------------------------------------------------------- removing, R5


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOut:
    """One item of the mailbox that the sync made. `stays` says why it is left, blank when it is taken out."""

    type: str
    x3_key: str
    outlook_id: str
    stays: str = ""

    def document(self) -> dict[str, str]:
        """As JSON."""
        return asdict(self)


async def preview_take_out(app: Application, user: User) -> list[TakeOut]:
    """What `users remove --take-out` would take out of Outlook: only what carries our marker of state c. Writes nothing;
    raises TryLater and Stop."""
    worlds = app.worlds(user, read_only=True)
    return [_take_out(app, user, link, look) for link, look in await _made(app, user, worlds)]


async def _made(app: Application, user: User, worlds: Worlds) -> list[tuple[Link, Observation]]:
    with app.store.read() as tx:
        made = [link for link in links.of_user(tx, user.id) if link.made and link.outlook_key]
    named = {Ref(kind=link.type.kind, key=link.outlook_key, folder=link.folder): link for link in made}
    looks = await worlds.outlook.read(list(named))
    return [(link, looks[ref]) for ref, link in named.items() if ref in looks]


def _take_out(app: Application, user: User, link: Link, look: Observation) -> TakeOut:
    return TakeOut(
        type=link.type.value, x3_key=link.x3_key, outlook_id=link.outlook_key, stays=_stays(app, user, link, look)
    )


def _stays(app: Application, user: User, link: Link, look: Observation) -> str:
    if not isinstance(look, Present):
        return "it is private, gone, or does not answer"
    marker, event = look.outlook.marker, look.outlook.event
    if marker is None or marker.born is not Born.CREATED:
        return "it does not carry the mark of what the sync created"
    if (marker.fp, marker.mailbox, marker.x3_key) != (app.fp, user.mailbox, link.x3_key):
        return "its mark is another's"
    if events.invited(look) or (event is not None and event.attendees):
        return "it has attendees, who would get a mail"
    return ""


async def remove(app: Application, user: User, *, take_out: bool, erase: bool = False) -> list[TakeOut]:
    """Off-board (R5): forget links, cursors and settings; X3 is not touched. The journal stays for its days, unless `erase`
    or the setting KEEP__REMOVED_USERS says otherwise. With `take_out`, what carries marker state c goes to Deleted Items
    first, and nobody is mailed.

    Answers what was looked at in Outlook; an item that changed meanwhile stays and says so. Raises Busy, TryLater,
    Stop, identity.NotOurs: then the user is still there, and the same call goes on.
    """
    rows: list[TakeOut] = []
    # Under the lease also without taking out: a pass that still ran would store links of a removed user.
    async with by_hand(app, user, also_paused=True) as hand:
        for link, look in await _made(app, user, hand.worlds) if take_out else []:
            row = _take_out(app, user, link, look)
            if not row.stays and isinstance(look, Present):
                row = await _delete(hand, link, look)
            rows.append(row)
        await _unsubscribe(app, user)
        with app.store.begin(hand.lease) as tx:
            users.remove(tx, user.id)
            if erase or not app.settings.keep.removed_users:
                users.erase(tx, user.id)
    return rows


def removed(app: Application, x3_user: str) -> User | None:
    """The removed user of that code, of whom journal and reports may still be kept."""
    with app.store.read() as tx:
        user = users.get(tx, x3_user)
    return user if user is not None and user.state is UserState.REMOVED else None


def erase_removed(app: Application, user: User) -> None:
    """Erase what is kept of a removed user, for good."""
    with app.store.begin() as tx:
        users.erase(tx, user.id)


async def _delete(hand: Hand, link: Link, look: Present) -> TakeOut:
    row = TakeOut(type=link.type.value, x3_key=link.x3_key, outlook_id=link.outlook_key)
    if not hand.lease.outlives(hand.worlds.request_seconds, hand.app.clock.monotonic()):
        raise TryLater("There is more than can be taken out at once: say it again.")
    try:
        await hand.worlds.outlook.apply(Delete(side=Side.OUTLOOK, type=link.type, target=look))
    except (Moved, Refused) as left:
        return replace(row, stays=str(left))
    entry = journal.Entry(
        pass_id=PASS_ID,
        at=hand.app.clock.now(),
        item=ItemKey(link.type, link.x3_key, link.outlook_key),
        rule=Rule.R5,
        why="the user is removed; the sync made this item",
        action="take_out",  # not "delete": G1 counts what a synchronisation deletes
        side=Side.OUTLOOK,
        cause="admin",
        before={Side.OUTLOOK: look.content},
    )
    with hand.app.store.begin(hand.lease) as tx:
        journal.append(tx, hand.user.id, [entry])
    return row


async def _unsubscribe(app: Application, user: User) -> None:
    """End the user's subscriptions; where Graph does not answer they end by themselves within a week."""
    with app.store.read() as tx:
        rows = passes.subscriptions(tx, user.id)
    with suppress(TryLater, Stop, Refused):
        for row in rows:
            await Subscriptions(app.graph()).delete(row.id)
