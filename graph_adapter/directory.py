"""Users, their folders, and the connection test (U1, U3, S2)."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from msgraph.generated.models.calendar import Calendar
from msgraph.generated.models.contact_folder import ContactFolder
from msgraph.generated.models.todo_task_list import TodoTaskList

from graph_adapter import wire
from graph_adapter.client import Graph
from graph_adapter.errors import Gone
from graph_adapter.requests import with_query
from reconcile.model import Kind
from reconcile.port import Moved, Refused, Stop, TryLater
from reconcile.text import fold

# Exchange marks neither the birthday nor the holiday calendars; their names in the languages it gives them.
_BIRTHDAYS = ["birthdays", "anniversaires", "geburtstage", "cumpleanos", "compleanni", "verjaardagen", "aniversarios"]
_HOLIDAYS = ("holidays", "jours feries", "feiertage", "dias festivos", "festivita", "feestdagen", "feriados")
DIRECTORY_LANE = ""  # requests that concern no mailbox share one lane


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A directory user; `id` is the Entra object id that is stored (U1)."""

    id: str
    address: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderInfo:
    """A folder that may be managed. `refused` says why not (U3, S2), blank when it may."""

    kind: Kind
    id: str
    name: str
    default: bool = False
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the connection test: what, whether it is well, and else why and how to mend it."""

    name: str
    ok: bool
    why: str = ""
    mend: str = ""


class Directory:
    """Look-ups beside the passes. Raises the port's errors."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def user(self, address_or_id: str) -> User | None:
        """The user of a mail address, principal name or object id; None when there is none."""
        info = self._graph.users.by_user_id(address_or_id).to_get_request_information()
        with_query(info, select=["id", "displayName", "mail", "userPrincipalName"])
        try:
            found = (await self._graph.send(info, DIRECTORY_LANE)).decode(wire.User)
        except Gone:
            return None
        except Stop as error:
            # The directory's own 404 carries the code that elsewhere means "this mailbox does not exist".
            if "Request_ResourceNotFound" in str(error) or "ErrorInvalidUser" in str(error):
                return None
            raise
        return User(id=found.id, address=found.mail or found.principal or "", name=found.display_name or "")

    async def folders(self, mailbox: str, kind: Kind) -> tuple[FolderInfo, ...]:
        """All folders of a kind, the default one first; read-only and generated ones say why they are refused."""
        match kind:
            case Kind.EVENT:
                rows = await self._all(mailbox, self._graph.users.by_user_id(mailbox).calendars)
                found = [_calendar(row) for row in rows]
            case Kind.TASK:
                rows = await self._all(mailbox, self._graph.users.by_user_id(mailbox).todo.lists)
                found = [_list(row) for row in rows]
            case Kind.CONTACT:
                found = await self._contact_folders(mailbox)
        return tuple(sorted(found, key=lambda folder: not folder.default))

    async def _contact_folders(self, mailbox: str) -> list[FolderInfo]:
        """The default folder is not in the listing: it is asked for by its well-known name."""
        builder = self._graph.users.by_user_id(mailbox).contact_folders
        info = builder.by_contact_folder_id("contacts").to_get_request_information()
        default = (await self._graph.send(info, mailbox)).decode(wire.Folder)
        rows = {row.id: row for row in await self._all(mailbox, builder)}
        for row in await self._all(mailbox, builder.by_contact_folder_id(default.id).child_folders):
            rows.setdefault(row.id, row)
        rows.pop(default.id, None)
        others = [FolderInfo(kind=Kind.CONTACT, id=row.id, name=row.display_name or "") for row in rows.values()]
        return [FolderInfo(kind=Kind.CONTACT, id=default.id, name=default.display_name or "", default=True), *others]

    async def create_folder(self, mailbox: str, kind: Kind, name: str) -> FolderInfo:
        """A folder of that name; the existing one when there is one already."""
        for folder in await self.folders(mailbox, kind):
            if fold(folder.name) == fold(name) and not folder.refused:
                return folder
        user = self._graph.users.by_user_id(mailbox)
        match kind:
            case Kind.EVENT:
                info = user.calendars.to_post_request_information(Calendar(name=name))
            case Kind.CONTACT:
                info = user.contact_folders.to_post_request_information(ContactFolder(display_name=name))
            case Kind.TASK:
                info = user.todo.lists.to_post_request_information(TodoTaskList(display_name=name))
        made = (await self._graph.send(info, mailbox)).decode(wire.Folder)
        return FolderInfo(kind=kind, id=made.id, name=made.name or made.display_name or name)

    async def _all(self, mailbox: str, builder: Any) -> list[wire.Folder]:
        info = with_query(builder.to_get_request_information(), top=100)
        rows: list[wire.Folder] = []
        while True:
            page = (await self._graph.send(info, mailbox)).decode(wire.Page[wire.Folder])
            rows += page.value
            if not page.next_link:
                return rows
            info = builder.with_url(self._graph.own(page.next_link)).to_get_request_information()

    # -- the connection test ----------------------------------------------------------------------------------

    async def check_token(self) -> Finding:
        """Whether Entra gives a token."""
        return await _finding("Entra token", self._graph.check_token())

    async def check_mailbox(self, mailbox: str) -> tuple[Finding, ...]:
        """Whether each kind answers in a mailbox: one cheap GET each, which also shows a missing permission."""
        return (
            await _finding("Calendars", self.folders(mailbox, Kind.EVENT)),
            await _finding("Contacts", self.folders(mailbox, Kind.CONTACT)),
            await _finding("To Do", self.folders(mailbox, Kind.TASK)),
        )

    async def check_folder(self, mailbox: str, kind: Kind, folder: str) -> Finding:
        """Whether a managed folder is there and may be written."""
        name = f"{kind.value} folder"
        try:
            found = next((f for f in await self.folders(mailbox, kind) if f.id == folder), None)
        except (Stop, TryLater, Refused, Moved, Gone) as error:
            return _failed(name, error)
        if found is None:
            return Finding(name=name, ok=False, why="The folder is not there.", mend="Choose another folder for the user.")
        mend = "Choose another folder for the user." if found.refused else ""
        return Finding(name=f"{name} {found.name}", ok=not found.refused, why=found.refused, mend=mend)


def _calendar(row: wire.Folder) -> FolderInfo:
    name = row.name or ""
    folded = fold(name)
    refused = "" if row.can_edit else "read-only"
    if not row.is_default and (folded in _BIRTHDAYS or any(word in folded for word in _HOLIDAYS)):
        refused = "a birthday or holiday calendar"
    return FolderInfo(kind=Kind.EVENT, id=row.id, name=name, default=row.is_default, refused=refused)


def _list(row: wire.Folder) -> FolderInfo:
    refused = "the list of flagged e-mails" if row.wellknown == "flaggedEmails" else "" if row.is_owner else "read-only"
    default = row.wellknown == "defaultList"
    return FolderInfo(kind=Kind.TASK, id=row.id, name=row.display_name or "", default=default, refused=refused)


async def _finding(name: str, attempt: Awaitable[object]) -> Finding:
    try:
        await attempt
    except (Stop, TryLater, Refused, Moved, Gone) as error:
        return _failed(name, error)
    return Finding(name=name, ok=True)


def _failed(name: str, error: Exception) -> Finding:
    mend = error.mend if isinstance(error, Stop) else "Try again; then look at the service health of Microsoft 365."
    return Finding(name=name, ok=False, why=str(error), mend=mend)
