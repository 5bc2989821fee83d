"""The tenant: mailboxes, their items, the change log of each folder, and the counted attendee mails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from infra.emulators.clock import Clock
from infra.emulators.graph.errors import GraphError, not_found
from infra.emulators.graph.ids import Ids, occurrence_id
from infra.emulators.graph.model import (
    CALENDARS,
    CONTACT,
    CONTACTS,
    EVENT,
    LISTS,
    MAIL,
    TASK,
    Change,
    Folder,
    Item,
    Mailbox,
)
from infra.emulators.graph.switches import Switches

Listener = Callable[[Mailbox, Item, str], None]
DELETED, RECOVERABLE = "deleteditems", "recoverableitemsdeletions"


class Store:
    """All state of the emulated tenant; everything in it survives a restart with --state-dir."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self.clock = clock
        self.switches = switches
        self.listeners: list[Listener] = []
        self.clear("empty")

    def clear(self, seed: str) -> None:
        """An empty tenant, with ids that depend on the seed's name only."""
        self.ids = Ids(seed)
        self.mailboxes: dict[str, Mailbox] = {}
        self.by_address: dict[str, Mailbox] = {}
        self.attendee_mails = 0
        self.response_mails = 0
        self.mails: list[dict[str, str]] = []
        self.changed = True

    # -- people -------------------------------------------------------------------------------------------------

    def add_mailbox(self, mailbox: Mailbox) -> Mailbox:
        """Register a mailbox with the folders every mailbox has."""
        self.mailboxes[mailbox.id.lower()] = mailbox
        self.by_address[mailbox.address.lower()] = mailbox
        for known, name in (
            ("msgfolderroot", "Top of Information Store"),
            ("inbox", "Inbox"),
            (DELETED, "Deleted Items"),
            (RECOVERABLE, "Deletions"),
        ):
            self.add_folder(mailbox, MAIL, name, known)
        root = mailbox.known("msgfolderroot").id
        for folder in mailbox.of_kind(MAIL):
            folder.parent = "" if folder.well_known == "msgfolderroot" else root
        return mailbox

    def mailbox(self, user: str) -> Mailbox:
        """By object id or address; 404 for an unknown user and for a user without mailbox."""
        found = self.mailboxes.get(user.lower()) or self.by_address.get(user.lower())
        if found is None:
            raise GraphError(404, "ErrorInvalidUser", f"The requested user '{user}' is invalid.")
        if not found.licensed:
            raise not_found("MailboxNotEnabledForRESTAPI")
        return found

    # -- folders ------------------------------------------------------------------------------------------------

    def add_folder(self, mailbox: Mailbox, kind: str, name: str, well_known: str = "", *, can_edit: bool = True) -> Folder:
        """Make a container. Its id never changes."""
        folder = Folder(
            kind=kind,
            id=self.ids.folder(),
            name=name,
            well_known=well_known,
            can_edit=can_edit,
            change_key=self.ids.change_key(),
        )
        if kind == CONTACTS:
            folder.parent = mailbox.known("msgfolderroot").id
        mailbox.folders[folder.id] = folder
        self._log_folder(mailbox, folder)
        return folder

    def _log_folder(self, mailbox: Mailbox, folder: Folder, gone: bool = False) -> None:
        mailbox.seq += 1
        mailbox.folder_log.append(Change(mailbox.seq, folder.id, folder.kind if gone else ""))
        self.changed = True

    def touch_folder(self, mailbox: Mailbox, folder: Folder) -> None:
        """A new change key after a change of the folder itself."""
        folder.change_key = self.ids.change_key()
        self._log_folder(mailbox, folder)

    def folder(self, mailbox: Mailbox, kind: str, folder_id: str) -> Folder:
        """By id or well-known name; 404 ErrorItemNotFound when it is gone."""
        found = mailbox.folders.get(folder_id)
        if found is None:
            found = next(
                (f for f in mailbox.of_kind(kind) if f.well_known and f.well_known.lower() == folder_id.lower()), None
            )
        if found is None or found.kind != kind:
            raise not_found()
        return found

    def default(self, mailbox: Mailbox, kind: str) -> Folder:
        """The default calendar, contact folder or list."""
        return mailbox.known({CALENDARS: "calendar", CONTACTS: "contacts", LISTS: "defaultList"}[kind])

    def delete_folder(self, mailbox: Mailbox, folder: Folder) -> None:
        """Delete a container with all it holds (people can bring neither back through Graph)."""
        for item in list(folder.items.values()):
            self._unindex(mailbox, item)
        mailbox.folders.pop(folder.id, None)
        self._log_folder(mailbox, folder, gone=True)

    # -- items --------------------------------------------------------------------------------------------------

    def new_item(self, mailbox: Mailbox, kind: str, folder: Folder, data: dict[str, Any]) -> Item:
        """An item with fresh ids, not yet in the mailbox."""
        now = self.clock.now()
        return Item(
            kind=kind,
            mailbox=mailbox.id,
            rest_id=self.ids.rest(),
            immutable_id=self.ids.immutable(),
            folder=folder.id,
            data=data,
            created=now,
            modified=now,
            change_key=self.ids.change_key(),
        )

    def insert(self, mailbox: Mailbox, item: Item, *, quiet: bool = False) -> None:
        """Put a new item into its folder."""
        mailbox.folders[item.folder].items[item.immutable_id] = item
        mailbox.index[item.rest_id] = mailbox.index[item.immutable_id] = item
        if item.kind == EVENT:
            mailbox.meetings[item.data["iCalUId"]] = item.immutable_id
        self._log(mailbox, item)
        if not quiet:
            self._tell(mailbox, item, "created")

    def touch(self, mailbox: Mailbox, item: Item, *, quiet: bool = False) -> None:
        """A write: new change key and modification time, a line in the folder's log, a notification."""
        item.change_key = self.ids.change_key()
        item.modified = self.clock.now()
        item.version += 1
        item.cache.clear()
        self._log(mailbox, item)
        if not quiet:
            self._tell(mailbox, item, "updated")

    def bump(self, mailbox: Mailbox, item: Item) -> None:
        """Exchange's own second write after a caller's (vdirsyncer-graph README): the key just answered is stale."""
        if self.switches["bump_after_write"] and item.immutable_id in mailbox.index:
            self.touch(mailbox, item, quiet=True)
            item.modified += timedelta(milliseconds=30)

    def move(self, mailbox: Mailbox, item: Item, target: Folder) -> None:
        """To another folder: the REST id changes, the immutable id stays; both folders' logs say so."""
        source = mailbox.folders[item.folder]
        source.items.pop(item.immutable_id, None)
        source.left.add(item.immutable_id)
        mailbox.seq += 1
        source.log.append(Change(mailbox.seq, item.immutable_id, item.rest_id))
        mailbox.index.pop(item.rest_id, None)
        if target.well_known in (DELETED, RECOVERABLE) and source.kind != MAIL:
            item.came_from = source.id
        item.rest_id, item.folder = self.ids.rest(), target.id
        for one in item.exceptions.values():
            one.rest_id, one.folder = item.rest_id, item.folder
        mailbox.index[item.rest_id] = item
        target.items[item.immutable_id] = item
        if item.immutable_id in target.left:
            target.returned.add(item.immutable_id)
        self.touch(mailbox, item, quiet=True)
        self._tell(mailbox, item, "deleted" if target.kind == MAIL else "updated")

    def soft_delete(self, mailbox: Mailbox, item: Item) -> None:
        """What DELETE does: to Deleted Items, from there to Recoverable Items, from there away. Tasks go at once."""
        where = mailbox.folders[item.folder].well_known
        if item.kind == TASK or where == RECOVERABLE:
            self.purge(mailbox, item)
        else:
            self.move(mailbox, item, mailbox.known(RECOVERABLE if where == DELETED else DELETED))

    def purge(self, mailbox: Mailbox, item: Item) -> None:
        """Gone for good."""
        folder = mailbox.folders[item.folder]
        folder.items.pop(item.immutable_id, None)
        mailbox.seq += 1
        folder.log.append(Change(mailbox.seq, item.immutable_id, item.rest_id, purged=True))
        self._unindex(mailbox, item)
        self._tell(mailbox, item, "deleted")
        self.changed = True

    def in_bin(self, mailbox: Mailbox, item: Item) -> bool:
        """Whether the item lies in Deleted Items or Recoverable Items."""
        return mailbox.folders[item.folder].kind == MAIL

    def find(self, mailbox: Mailbox, kind: str, item_id: str) -> Item:
        """By either id, case-sensitive; 404 when there is none, or it is in the bin and the bin does not answer."""
        item = mailbox.index.get(item_id)
        if item is None or item.kind != kind:
            if len(item_id) < 16:
                raise GraphError(400, "ErrorInvalidIdMalformed")
            raise not_found(self.switches["todo_not_found_code"] if kind == TASK else "ErrorItemNotFound")
        where = mailbox.folders[item.folder].well_known
        hidden = not self.switches["bin_answers_200"]
        if (where == DELETED and hidden) or (
            where == RECOVERABLE and (hidden or not self.switches["recoverable_answers_200"])
        ):
            raise not_found()
        return item

    def id_of(self, item: Item, immutable: bool) -> str:
        """The id to show; occurrences derive theirs from the master's and the date, To Do knows one form only
        (switch)."""
        if item.master is not None:
            return occurrence_id(self.id_of(item.master, immutable), item.day)
        known = item.kind != TASK or self.switches["todo_immutable_ids"]
        return item.immutable_id if immutable and known else item.rest_id

    def _unindex(self, mailbox: Mailbox, item: Item) -> None:
        mailbox.index.pop(item.rest_id, None)
        mailbox.index.pop(item.immutable_id, None)
        if item.kind == EVENT and mailbox.meetings.get(item.data["iCalUId"]) == item.immutable_id:
            del mailbox.meetings[item.data["iCalUId"]]

    def _log(self, mailbox: Mailbox, item: Item) -> None:
        mailbox.seq += 1
        folder = mailbox.folders.get(item.folder)
        if folder is not None:
            folder.log.append(Change(mailbox.seq, item.immutable_id))
        self.changed = True

    def _tell(self, mailbox: Mailbox, item: Item, change: str) -> None:
        for listener in self.listeners:
            listener(mailbox, item, change)

    def count(self) -> dict[str, int]:
        """Items per kind over all mailboxes, the bin left out."""
        totals = dict.fromkeys((EVENT, CONTACT, TASK), 0)
        for mailbox in self.mailboxes.values():
            for item in {id(i): i for i in mailbox.index.values()}.values():
                if not self.in_bin(mailbox, item):
                    totals[item.kind] += 1
        return totals
