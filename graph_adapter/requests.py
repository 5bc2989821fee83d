"""The requests of one mailbox, built by the SDK's request builders; nothing here is sent.

Every request asks for immutable ids, also where the link of a page is followed (graph.md, 3.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from kiota_abstractions.request_information import RequestInformation

from graph_adapter.client import Graph
from graph_adapter.mapping.contacts import contact_expand
from graph_adapter.mapping.events import event_expand
from graph_adapter.mapping.tasks import task_expand
from graph_adapter.scope import MailboxScope
from reconcile.model import Kind

_IMMUTABLE = 'IdType="ImmutableId"'
_UTC = 'outlook.timezone="UTC"'
_JSON = "application/json"
_COLLECTIONS = {Kind.EVENT: "events", Kind.CONTACT: "contacts", Kind.TASK: "tasks"}


def moment(value: datetime) -> str:
    """An instant as the parameters of a calendar view take it."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def with_query(info: RequestInformation, **options: Any) -> RequestInformation:
    """Add OData options by their names without `$`."""
    for name, value in options.items():
        info.query_parameters[f"%24{name}"] = value
    return info


class Requests:
    """Builders and requests for one mailbox."""

    def __init__(self, graph: Graph, scope: MailboxScope) -> None:
        self._graph = graph
        self._scope = scope
        self._user = graph.users.by_user_id(scope.mailbox)

    # -- builders -----------------------------------------------------------------------------------------

    def folder_builder(self, kind: Kind, folder: str) -> Any:
        """The container itself."""
        match kind:
            case Kind.EVENT:
                return self._user.calendars.by_calendar_id(folder)
            case Kind.CONTACT:
                return self._user.contact_folders.by_contact_folder_id(folder)
            case Kind.TASK:
                return self._user.todo.lists.by_todo_task_list_id(folder)

    def items_builder(self, kind: Kind, folder: str) -> Any:
        """The collection of items in a folder."""
        return getattr(self.folder_builder(kind, folder), _COLLECTIONS[kind])

    def listing_builder(self, kind: Kind, folder: str) -> Any:
        """What a complete listing walks: events by window, so that series come as their occurrences."""
        if kind is Kind.EVENT:
            return self.folder_builder(kind, folder).calendar_view
        return self.items_builder(kind, folder)

    def item_builder(self, kind: Kind, key: str, folder: str) -> Any:
        """One item; only To Do needs the folder."""
        match kind:
            case Kind.EVENT:
                return self._user.events.by_event_id(key)
            case Kind.CONTACT:
                return self._user.contacts.by_contact_id(key)
            case Kind.TASK:
                return self.items_builder(kind, folder).by_todo_task_id(key)

    # -- reading ------------------------------------------------------------------------------------------

    def expand(self, kind: Kind) -> list[str]:
        """What must be expanded to know an item of this kind."""
        match kind:
            case Kind.EVENT:
                return event_expand(self._scope)
            case Kind.CONTACT:
                return contact_expand(self._scope)
            case Kind.TASK:
                return task_expand()

    def item(self, kind: Kind, key: str, folder: str) -> RequestInformation:
        """One item with everything needed to know it."""
        info = self.item_builder(kind, key, folder).to_get_request_information()
        return self._preferring(with_query(info, expand=self.expand(kind)), kind)

    def listing(self, kind: Kind, folder: str, window: tuple[datetime, datetime] | None) -> RequestInformation:
        """A plain listing with everything needed to know the items; `window` for events."""
        info = self.listing_builder(kind, folder).to_get_request_information()
        if window is not None:
            info.query_parameters.update(startDateTime=moment(window[0]), endDateTime=moment(window[1]))
        with_query(info, expand=self.expand(kind), top=self._scope.page_size)
        return self._preferring(info, kind)

    def delta(self, kind: Kind, folder: str, window: tuple[datetime, datetime] | None) -> RequestInformation:
        """The first request of a delta stream. No `$select`: it would narrow what counts as a change."""
        info = self.listing_builder(kind, folder).delta.to_get_request_information()
        if window is not None:
            info.query_parameters.update(startDateTime=moment(window[0]), endDateTime=moment(window[1]))
        return self._preferring(info, kind, paged=True)

    def follow(self, kind: Kind, builder: Any, link: str) -> RequestInformation:
        """The next page, or the changes since a delta link. Preferences have to be sent again."""
        info = builder.with_url(self._graph.own(link)).to_get_request_information()
        return self._preferring(info, kind, paged=True)

    def search(self, kind: Kind, folder: str, test: str) -> RequestInformation:
        """The items of a folder that pass `$filter`."""
        info = self.items_builder(kind, folder).to_get_request_information()
        return self._preferring(with_query(info, filter=test, expand=self.expand(kind)), kind)

    def modified(self, folder: str, since: datetime) -> RequestInformation:
        """The events of a calendar, whatever their dates, that were changed at `since` or later: singles and series
        masters. An instant stands without quotes."""
        test = f"lastModifiedDateTime ge {moment(since)}"
        return with_query(self.search(Kind.EVENT, folder, test), top=self._scope.page_size)

    def master(self, key: str) -> RequestInformation:
        """What occurrences take from their series: sensitivity and the marker they seem to have."""
        info = self.item_builder(Kind.EVENT, key, "").to_get_request_information()
        return self._preferring(
            with_query(info, select=["id", "sensitivity"], expand=event_expand(self._scope)), Kind.EVENT
        )

    def cancellations(self, key: str) -> RequestInformation:
        """Which occurrences were taken out of a series one by one; sent only where it is selected (graph.md, 1.4)."""
        info = self.item_builder(Kind.EVENT, key, "").to_get_request_information()
        wanted = ["id", "isAllDay", "originalStartTimeZone", "cancelledOccurrences"]
        return self._preferring(with_query(info, select=wanted), Kind.EVENT)

    def instances_builder(self, key: str) -> Any:
        """The occurrences of a series."""
        return self.item_builder(Kind.EVENT, key, "").instances

    def instances(self, key: str, window: tuple[datetime, datetime]) -> RequestInformation:
        """The occurrences of a series that touch the window."""
        info = self.instances_builder(key).to_get_request_information()
        info.query_parameters.update(startDateTime=moment(window[0]), endDateTime=moment(window[1]))
        with_query(info, expand=self.expand(Kind.EVENT), top=self._scope.page_size)
        return self._preferring(info, Kind.EVENT)

    def calendar_of(self, key: str) -> RequestInformation:
        """The calendar an event stands in; the event itself does not say (S6)."""
        info = self.item_builder(Kind.EVENT, key, "").calendar.to_get_request_information()
        return self._preferring(with_query(info, select=["id"]), Kind.EVENT)

    def folder(self, kind: Kind, folder: str) -> RequestInformation:
        """Whether a folder answers."""
        info = self.folder_builder(kind, folder).to_get_request_information()
        if kind is not Kind.TASK:
            with_query(info, select=["id"])
        return info

    def mail_folder(self, name: str) -> RequestInformation:
        """A mail folder by its well-known name."""
        return with_query(self._user.mail_folders.by_mail_folder_id(name).to_get_request_information(), select=["id"])

    def folders(self, kind: Kind) -> tuple[Any, RequestInformation]:
        """(builder, request) of all folders of a kind."""
        match kind:
            case Kind.EVENT:
                builder = self._user.calendars
            case Kind.CONTACT:
                builder = self._user.contact_folders
            case Kind.TASK:
                builder = self._user.todo.lists
        return builder, with_query(builder.to_get_request_information(), top=100)

    # -- writing ------------------------------------------------------------------------------------------

    def create(self, kind: Kind, folder: str, model: Any) -> RequestInformation:
        """A new item in a folder."""
        return self._preferring(self.items_builder(kind, folder).to_post_request_information(model), kind)

    def change(self, kind: Kind, key: str, folder: str, model: Any, tag: str) -> RequestInformation:
        """A conditional PATCH; unconditional with a blank `tag`."""
        info = self.item_builder(kind, key, folder).to_patch_request_information(model)
        if tag:
            info.headers.try_add("If-Match", tag)
        return self._preferring(info, kind)

    def delete(self, kind: Kind, key: str, folder: str, tag: str) -> RequestInformation:
        """A conditional DELETE; unconditional with a blank `tag`."""
        info = self.item_builder(kind, key, folder).to_delete_request_information()
        if tag:
            info.headers.try_add("If-Match", tag)
        return self._preferring(info, kind)

    def links_builder(self, key: str, folder: str) -> Any:
        """The linkedResources of a task."""
        return self.item_builder(Kind.TASK, key, folder).linked_resources

    def _preferring(self, info: RequestInformation, kind: Kind, *, paged: bool = False) -> RequestInformation:
        wishes: Sequence[str] = [_IMMUTABLE, _UTC] if kind is Kind.EVENT else [_IMMUTABLE]
        for wish in [*wishes, f"odata.maxpagesize={self._scope.page_size}"] if paged else wishes:
            info.headers.add("Prefer", wish)
        info.headers.try_add("Accept", _JSON)
        return info
