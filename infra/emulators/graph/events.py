"""Calendars and events: routes and what a write does (docs: resources/event, api/user-post-events, event-update)."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from infra.emulators.graph import eventdata, meetings, series
from infra.emulators.graph.calls import Answer, Call, Router
from infra.emulators.graph.errors import GraphError, invalid, not_found
from infra.emulators.graph.ids import split_occurrence
from infra.emulators.graph.model import CALENDARS, EVENT, Folder, Item, Mailbox
from infra.emulators.graph.odata import listing, option, shape
from infra.emulators.graph.tenant import Tenant


class Events:
    """Handlers below /users/{user}/events, /calendar, /calendars and /calendarView."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.store = tenant.store
        self.render = tenant.render

    def mount(self, router: Router) -> None:
        user = "users/{user}"
        for prefix in (user, f"{user}/calendar", f"{user}/calendars/{{folder}}"):
            router.add("GET", f"{prefix}/events", self.collection)
            router.add("POST", f"{prefix}/events", self.create)
            router.add("GET", f"{prefix}/calendarView", self.view)
        for prefix in (f"{user}/events", f"{user}/calendar/events", f"{user}/calendars/{{folder}}/events"):
            router.add("GET", f"{prefix}/{{event}}", self.get)
            router.add("PATCH", f"{prefix}/{{event}}", self.change)
            router.add("DELETE", f"{prefix}/{{event}}", self.delete)
            router.add("GET", f"{prefix}/{{event}}/calendar", self.calendar_of)
            router.add("GET", f"{prefix}/{{event}}/instances", self.instances)
            for verb in ("accept", "tentativelyAccept", "decline"):
                router.add("POST", f"{prefix}/{{event}}/{verb}", self.respond)
            router.add("POST", f"{prefix}/{{event}}/cancel", self.cancel)
            self.tenant.extensions.mount(router, f"{prefix}/{{event}}", lambda u, ids: self.find(u, ids["event"]))

    # -- looking ------------------------------------------------------------------------------------------------

    def find(self, mailbox: Mailbox, event: str, folder: str = "") -> Item:
        """An event or occurrence by either id. A calendar named in the path must hold it."""
        master_id, day = split_occurrence(event)
        item = mailbox.index.get(event) or mailbox.index.get(master_id)
        if event in mailbox.index or not day or item is None:
            item = self.store.find(mailbox, EVENT, event)
        else:
            item = series.by_day(self.store.find(mailbox, EVENT, master_id), day)
        if folder and self.folder(mailbox, folder).id != item.folder:
            raise not_found()
        return item

    def folder(self, mailbox: Mailbox, folder: str) -> Folder:
        return self.store.folder(mailbox, CALENDARS, folder) if folder else self.store.default(mailbox, CALENDARS)

    def collection(self, call: Call, user: str, folder: str = "") -> Answer:
        mailbox = self.store.mailbox(user)
        items = list(self.folder(mailbox, folder).items.values())
        if not folder and self.store.switches["events_whole_mailbox"]:
            items = [i for f in mailbox.of_kind(CALENDARS) for i in f.items.values()]
        return self._page(call, mailbox, items, "events")

    def _page(self, call: Call, mailbox: Mailbox, items: list[Item], name: str) -> Answer:
        wanted = shape(call)
        return listing(
            call,
            f"users('{mailbox.id}')/{name}",
            items,
            lambda i: self.render.filterable(i, call.prefer),
            lambda i: self.render.raw(i, call.prefer, wanted),
        )

    def view(self, call: Call, user: str, folder: str = "") -> Answer:
        """Singles, occurrences and exceptions of the window; never masters."""
        mailbox = self.store.mailbox(user)
        since, until = window(call)
        found: list[Item] = []
        for item in self.folder(mailbox, folder).items.values():
            if item.is_series:
                found.extend(series.instances(item, since, until))
            elif series.overlaps(item, since, until):
                found.append(item)
        found.sort(key=lambda i: i.start or i.created)
        return self._page(call, mailbox, found, "calendarView")

    def instances(self, call: Call, user: str, event: str, folder: str = "") -> Answer:
        mailbox = self.store.mailbox(user)
        item = self.find(mailbox, event, folder)
        since, until = window(call)
        return self._page(call, mailbox, series.instances(item, since, until) if item.is_series else [], "instances")

    def get(self, call: Call, user: str, event: str, folder: str = "") -> Answer:
        mailbox = self.store.mailbox(user)
        return self.tenant.one(call, mailbox, self.find(mailbox, event, folder), "events")

    def calendar_of(self, call: Call, user: str, event: str, folder: str = "") -> Answer:
        """The event's calendar; an event in the bin has none (switch bin_calendar_404)."""
        mailbox = self.store.mailbox(user)
        item = self.find(mailbox, event, folder)
        if self.store.in_bin(mailbox, item):
            if self.store.switches["bin_calendar_404"]:
                raise not_found()
            home = mailbox.folders[item.folder]
        else:
            home = mailbox.folders[item.folder]
        body = {"@odata.context": f"{call.base}/$metadata#users('{mailbox.id}')/calendars/$entity"}
        return Answer(200, {**body, **self.render.calendar(mailbox, home)})

    # -- writing ------------------------------------------------------------------------------------------------

    def create(self, call: Call, user: str, folder: str = "") -> Answer:
        mailbox = self.store.mailbox(user)
        home = self.folder(mailbox, folder)
        if not home.can_edit:
            raise GraphError(403, "ErrorAccessDenied")
        body = call.json_object()
        transaction = body.get("transactionId")
        if transaction and transaction in mailbox.transactions:
            existing = mailbox.index.get(mailbox.transactions[transaction])
            if existing and self.store.switches["transaction_retry_answers"]:
                return self.tenant.written(call, mailbox, existing, "events", 201)
            extra = {"@event.existingEventId": self.store.id_of(existing, call.prefer.immutable)} if existing else {}
            raise GraphError(
                self.store.switches["transaction_duplicate_status"], "ErrorDuplicateTransactionId", extra=extra
            )
        item = self.store.new_item(mailbox, EVENT, home, eventdata.defaults(mailbox, self.store.ids.ical()))
        eventdata.apply(item, body, creating=True)
        self.tenant.extensions.inline(item, body)
        self.store.insert(mailbox, item)
        if transaction:
            mailbox.transactions[str(transaction)] = item.immutable_id
        meetings.announce(self.store, mailbox, item, set())
        if self.store.switches["notify_created_twice"]:
            self.tenant.tell_updated(mailbox, item)
        return self.tenant.written(call, mailbox, item, "events", 201)

    def change(self, call: Call, user: str, event: str, folder: str = "") -> Answer:
        mailbox = self.store.mailbox(user)
        item = self.find(mailbox, event, folder)
        body = call.json_object()
        self.tenant.check_match(call, item)
        before, times = meetings.attendees(mailbox, item), (item.start, item.end)
        kept = (copy.deepcopy(item.data), dict(item.single), dict(item.multi), dict(item.exceptions), set(item.cancelled))
        if item.master is not None:
            item.data = copy.deepcopy(item.data)
        try:
            eventdata.apply(item, body, creating=False)
        except GraphError:
            item.data, item.single, item.multi, item.exceptions, item.cancelled = kept
            item.start, item.end = times
            raise
        if item.master is not None:
            series.make_exception(item)
        self.tenant.touch(mailbox, item)
        if {k for k in body if "@" not in k} - eventdata.SILENT:
            meetings.announce(self.store, mailbox, item, before, moved=times != (item.start, item.end))
        return self.tenant.written(call, mailbox, item, "events", 200)

    def delete(self, call: Call, user: str, event: str, folder: str = "") -> Answer:
        mailbox = self.store.mailbox(user)
        item = self.find(mailbox, event, folder)
        self.tenant.check_match(call, item)
        refused = self.store.switches["cancelled_delete_status"]
        if item.data["isCancelled"] and refused != 204:
            raise GraphError(refused, "ErrorAccessDenied" if refused == 403 else "ErrorItemNotFound")
        self.remove(mailbox, item)
        return Answer(204)

    def remove(self, mailbox: Mailbox, item: Item) -> None:
        """To the bin, or one occurrence out of its series; cancellations go out when the organiser does it."""
        if not self.store.in_bin(mailbox, item):
            meetings_over = item.data["isCancelled"]
            if item.master is not None:
                item.master.cancelled.add(item.day)
                item.master.exceptions.pop(item.day, None)
                self.store.touch(mailbox, item.master)
            if not meetings_over:
                meetings.call_off(self.store, mailbox, item)
        if item.master is None:
            self.store.soft_delete(mailbox, item)

    def cancel(self, call: Call, user: str, event: str, folder: str = "") -> Answer:
        mailbox = self.store.mailbox(user)
        item = self.find(mailbox, event, folder)
        if not meetings.organises(item):
            raise invalid(
                "Your request can't be completed. You need to be an organizer to cancel a meeting.", "ErrorInvalidRequest"
            )
        self.remove(mailbox, item)
        return Answer(202)

    def respond(self, call: Call, user: str, event: str, folder: str = "") -> Answer:
        mailbox = self.store.mailbox(user)
        item = self.find(mailbox, event, folder)
        body: dict[str, Any] = call.body if isinstance(call.body, dict) else {}
        wanted = {k.lower(): v for k, v in body.items()}
        if item.master is not None:
            series.make_exception(item)
        verb = next(v for v in meetings.RESPONSES if v.lower() == call.segments[-1].lower())
        meetings.respond(self.store, mailbox, item, verb, bool(wanted.get("sendresponse", True)))
        return Answer(202)


def window(call: Call) -> tuple[datetime, datetime]:
    """startDateTime and endDateTime; values without offset are UTC. 400 when one is missing or unreadable."""
    found: list[datetime] = []
    for name in ("startdatetime", "enddatetime"):
        raw = option(call, name)
        if not raw:
            raise invalid(
                "This request requires a time window specified by the query string parameters StartDateTime and "
                "EndDateTime.",
                "ErrorInvalidParameter",
            )
        found.append(instant(raw))
    if found[1] < found[0]:
        raise invalid("The end of the window is before its start.", "ErrorInvalidParameter")
    return found[0], found[1]


def instant(raw: str) -> datetime:
    """An ISO date-time with or without offset (a '+' lost to form decoding is put back)."""
    text = raw.strip().replace(" ", "+").replace("Z", "+00:00")
    head, dot, tail = text.partition(".")
    if dot:
        digits = tail[: next((i for i, c in enumerate(tail) if not c.isdigit()), len(tail))]
        text = f"{head}.{digits[:6].ljust(6, '0')}{tail[len(digits) :]}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"The value '{raw}' of a parameter is invalid.", "ErrorInvalidParameter") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
