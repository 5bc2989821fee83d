"""Carrying out one step on an Outlook item: conditional, one item at a time, read back (house.md, "Runtime").

Events and contacts: If-Match with the observed etag. A 412 whose content still equals what was observed is sent once more
with the new tag, because Exchange bumps the change key by itself after a write. To Do does not promise If-Match, so a task
is read and compared before it is written. Attendees are never written (A6).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from graph_adapter import wire
from graph_adapter.answered import answer_of, as_answered
from graph_adapter.client import Graph
from graph_adapter.errors import Duplicate, Gone
from graph_adapter.mapping import (
    contact_body,
    event_body,
    link_models,
    marker_link,
    retype,
    task_body,
)
from graph_adapter.mapping.contacts import READS_FIRST, fresh_contact_changes, slotted
from graph_adapter.mapping.events import event_changes, new_event_body
from graph_adapter.mapping.tasks import fresh_task_changes, marker_links, stale_links
from graph_adapter.reading import Found, Reader
from graph_adapter.requests import Requests
from graph_adapter.scope import MailboxScope
from graph_adapter.searching import Searcher
from reconcile.actions import Create, Delete, Mark, Update
from reconcile.model import (
    Absent,
    Appointment,
    Body,
    Call,
    Changes,
    Contact,
    ItemType,
    Kind,
    Marker,
    Present,
    Private,
    Task,
)
from reconcile.port import Moved, Ref, Refused, Stop, TryLater

_Build = Callable[[wire.Item | None], Any]


class Writer:
    """Writes items of one mailbox."""

    def __init__(self, graph: Graph, scope: MailboxScope, requests: Requests, reader: Reader, searcher: Searcher) -> None:
        self._graph = graph
        self._scope = scope
        self._requests = requests
        self._reader = reader
        self._searcher = searcher

    # -- create ---------------------------------------------------------------------------------------------

    async def create(self, step: Create) -> Present:
        """POST once, never twice; a used transactionId leads to the event that an earlier attempt made (M7).

        Raises TryLater(sent=True) when the item is made and could not be looked at or completed afterwards.
        """
        kind = step.type.kind
        info = self._requests.create(kind, step.folder, self._new(step))
        try:
            reply = await self._graph.send(info, self._scope.mailbox)
        except Duplicate as error:
            return await self._earlier(step, error.existing)
        except Gone as error:
            raise Refused("The folder for new items does not answer.", log_code=error.code) from error
        ref = Ref(key=reply.decode(wire.Item).id, kind=kind, type=step.type, folder=step.folder)
        try:
            return await self._completed(step, ref, answer_of(kind, reply))
        except TryLater as error:
            raise TryLater(str(error), retry_after=error.retry_after, sent=True) from error
        except Moved as error:
            raise TryLater(f"The new item was not seen: {error}", sent=True) from error

    def _new(self, step: Create) -> Any:
        match step.content:
            case Contact():
                changes = fresh_contact_changes(step.content)
                return contact_body(changes, self._scope, current=None, marker=step.marker)
            case Task():
                links = [marker_link(step.marker, self._scope)] if step.marker else []
                links += link_models(step.content.relation)
                changes = fresh_task_changes(step.content, step.details)
                return task_body(changes, self._scope, done_now=False, details=step.details, links_too=links)
            case Appointment() | Call():
                return new_event_body(
                    step.content,
                    self._scope,
                    details=step.details,
                    marker=step.marker,
                    token=step.token,
                    now=self._graph.now,
                )

    async def _earlier(self, step: Create, existing: str) -> Present:
        ref = Ref(key=existing, kind=step.type.kind, type=step.type, folder=step.folder)
        found = (await self._reader.look(ref)).observed if existing else await self._searcher.find(step)
        if isinstance(found, Present):
            return found
        if isinstance(found, Private):
            raise TryLater("What an earlier attempt made is private now.", sent=True)
        raise Refused(
            "The attempt token was used for an event that cannot be found.", log_code="ErrorDuplicateTransactionId"
        )

    async def _completed(self, step: Create, ref: Ref, answer: wire.Item | None) -> Present:
        """Look at the new item and make good what the server did not take in one request: an inline marker of a task, an
        e-mail slot."""
        found = await self._left(ref, answer)
        if isinstance(found.raw, wire.Task) and step.marker and not marker_links(found.raw):
            await self._post_link(ref, marker_link(step.marker, self._scope))
            found = await self._left(ref, answer)
        if isinstance(found.raw, wire.Contact) and isinstance(found.observed, Present):
            assert isinstance(step.content, Contact)
            found = replace(found, observed=_in_slots(found, step.content))
            assert isinstance(found.observed, Present)
            wanted = {"work_email": step.content.work_email, "home_email": step.content.home_email}
            have = found.observed.content
            assert isinstance(have, Contact)
            if (have.work_email, have.home_email) == (step.content.home_email, "") != (step.content.work_email, ""):
                model = contact_body(wanted, self._scope, current=_contact(found.raw))
                found = await self._left(ref, await self._send_change(ref, model, found.observed.version))
        return _present(found)

    # -- update ---------------------------------------------------------------------------------------------

    async def update(self, step: Update) -> Present:
        """Write only the changed fields (C2). Raises Moved when the item no longer looks as observed."""
        changes, details = self._with_body(step)
        card = _card(step.target)
        if not changes and step.marker is None:
            return _in_slots(await self._reader.look(_ref(step.target, step.type)), card)
        match step.type.kind:
            case Kind.TASK:
                answer = await self._update_task(step, changes, details)
            case Kind.CONTACT:
                answer = await self._conditional(
                    step,
                    lambda raw: contact_body(changes, self._scope, current=_contact(raw), seen=card, marker=step.marker),
                    reads_first=bool(READS_FIRST & changes.keys()),
                )
            case Kind.EVENT:
                answer = await self._conditional(
                    step,
                    lambda raw: event_body(
                        changes,
                        self._scope,
                        categories=(raw.categories or []) if raw else [],
                        details=details,
                        marker=step.marker,
                    ),
                    reads_first="done" in changes,
                )
        found = await self._left(_ref(step.target, step.type), answer)
        return _in_slots(found, replace(card, **_emails(changes)) if card else None)

    async def _left(self, ref: Ref, answer: wire.Item | None) -> Found:
        """How the item looks after a write, as far as it is our own writing (C1)."""
        assert ref.type is not None
        return as_answered(await self._reader.look(ref), answer, ref.type, self._scope)

    def _with_body(self, step: Update) -> tuple[Changes, tuple[str, ...]]:
        """C7: the block is renewed only along with another write, only where one stands and the body is ours."""
        facts, changes = step.target.outlook, dict(step.changes)
        if isinstance(step.target.content, Appointment | Call):
            changes = event_changes(changes, step.target.content)
        if "report" in changes and facts.body is Body.ONLINE:
            raise Refused("The body carries an online meeting and is never written.", field="report")
        stands = facts.details and facts.body is Body.PLAIN
        if changes and stands and step.details and "report" not in changes and hasattr(step.target.content, "report"):
            changes["report"] = step.target.content.report
        return changes, step.details if facts.details else ()

    async def _conditional(self, step: Update | Mark, build: _Build, *, reads_first: bool) -> wire.Item | None:
        target = step.target
        ref, tag = _ref(target, step.type), target.version
        raw: wire.Item | None = None
        if reads_first:
            raw, tag = await self._unchanged(step)
        try:
            return await self._send_change(ref, build(raw), tag)
        except Moved:
            raw, tag = await self._unchanged(step)
            return await self._send_change(ref, build(raw), tag)

    async def _unchanged(self, step: Update | Mark | Delete) -> tuple[wire.Item, str]:
        """The item as it is now with its tag, if its content is still what was observed. Raises Moved otherwise."""
        return _same(await self._reader.look(_ref(step.target, step.type)), step)

    async def _send_change(self, ref: Ref, model: Any, tag: str) -> wire.Item | None:
        """PATCH; answers the item as Graph's answer shows it."""
        assert ref.kind is not None
        info = self._requests.change(ref.kind, ref.key, ref.folder, model, tag)
        try:
            return answer_of(ref.kind, await self._graph.send(info, self._scope.mailbox))
        except Gone as error:
            raise Moved("The item is no longer there.") from error

    async def _update_task(self, step: Update, changes: Changes, details: tuple[str, ...]) -> wire.Item | None:
        answer: wire.Item | None = None
        raw, tag = await self._unchanged(step)
        assert isinstance(raw, wire.Task)
        ref = _ref(step.target, step.type)
        if changes.keys() - {"relation"}:
            model = task_body(changes, self._scope, done_now=raw.status == "completed", details=details)
            answer = await self._send_change(ref, model, tag if self._scope.task_if_match else "")
        if "relation" in changes:
            await self._write_links(ref, raw, link_models(changes["relation"]))
        if step.marker is not None:
            await self._mark_task(ref, raw, step.marker)
        return answer

    async def _write_links(self, ref: Ref, raw: wire.Task, wanted: list[Any]) -> None:
        """K3: the list becomes exactly the wanted one; only links of contacts and company are touched."""
        stale = stale_links(raw, wanted)
        if stale is None:
            return
        for link in stale:
            await self._delete_link(ref, link)
        for model in wanted:
            await self._post_link(ref, model)

    async def _post_link(self, ref: Ref, model: Any) -> None:
        builder = self._requests.links_builder(ref.key, ref.folder)
        await self._link(builder.to_post_request_information(model))

    async def _delete_link(self, ref: Ref, link: wire.LinkedResource) -> None:
        builder = self._requests.links_builder(ref.key, ref.folder).by_linked_resource_id(link.id)
        try:
            await self._graph.send(builder.to_delete_request_information(), self._scope.mailbox)
        except Gone:
            return

    async def _link(self, info: Any) -> None:
        try:
            await self._graph.send(info, self._scope.mailbox)
        except Gone as error:
            raise Moved("The item is no longer there.") from error

    # -- mark, delete ---------------------------------------------------------------------------------------

    async def mark(self, step: Mark) -> Present:
        """Write the marker and nothing else: silent towards attendees (A10)."""
        ref = _ref(step.target, step.type)
        if step.type.kind is Kind.TASK:
            found = await self._reader.look(ref)
            if not isinstance(found.raw, wire.Task):
                raise Moved("The item is no longer there.")
            await self._mark_task(ref, found.raw, step.marker)
        else:
            model = self._marker_only(step)
            await self._conditional(step, lambda _: model, reads_first=False)
        return _in_slots(await self._reader.look(ref), _card(step.target))

    def _marker_only(self, step: Mark) -> Any:
        if step.type.kind is Kind.CONTACT:
            return contact_body({}, self._scope, current=None, marker=step.marker)
        return event_body({}, self._scope, categories=(), details=(), marker=step.marker)

    async def _mark_task(self, ref: Ref, raw: wire.Task, marker: Marker) -> None:
        """One marker of ours; those of another installation stay (M2)."""
        parsed = [(link, Marker.parse(link.external_id or "")) for link in marker_links(raw)]
        ours = [link for link, found in parsed if found is None or found.fp == marker.fp]
        if any(link.external_id == marker.encode() for link in ours) and len(ours) == 1:
            return
        for link in ours:
            await self._delete_link(ref, link)
        await self._post_link(ref, marker_link(marker, self._scope))

    async def delete(self, step: Delete) -> None:
        """To Deleted Items; an item already gone is done (D5). Raises Moved when it no longer looks as observed."""
        ref, tag = _ref(step.target, step.type), step.target.version
        assert ref.kind is not None
        if ref.kind is Kind.TASK:
            found = await self._reader.look(ref)
            if isinstance(found.observed, Absent):
                return
            _, now = _same(found, step)
            tag = now if self._scope.task_if_match else ""
        for last in (False, True):
            try:
                await self._graph.send(self._requests.delete(ref.kind, ref.key, ref.folder, tag), self._scope.mailbox)
            except Gone:
                return
            except (Moved, Stop) as error:
                # In the bin the change key is another one, and a cancelled event answers 403: done if it proves to be
                # gone, lost rights or a change otherwise.
                found = await self._reader.look(ref)
                if isinstance(found.observed, Absent):
                    return
                if last or isinstance(error, Stop):
                    raise
                _, tag = _same(found, step)
            else:
                return


def _ref(target: Present, item_type: ItemType) -> Ref:
    return Ref(key=target.key, kind=item_type.kind, type=item_type, folder=target.outlook.folder)


def _same(found: Found, step: Update | Mark | Delete) -> tuple[wire.Item, str]:
    if not isinstance(found.observed, Present) or found.raw is None:
        raise Moved("The item is no longer there, or became private.")
    seen = retype(_in_slots(found, _card(step.target)), step.type)
    if not isinstance(seen, Present) or seen.content != step.target.content or _invited(seen) != _invited(step.target):
        raise Moved("The item changed since it was read.")
    return found.raw, found.observed.version


def _invited(item: Present) -> int:
    """A6: whom a write would mail; the second one of a colleague, or a room, does not show in the content."""
    return item.outlook.event.attendees if item.outlook.event is not None else 0


def _present(found: Found) -> Present:
    if not isinstance(found.observed, Present):
        raise Moved("The item changed right after it was written.")
    return found.observed


def _in_slots(found: Found, seen: Contact | None) -> Present:
    """What was read, a contact's addresses in the slots where `seen` has them."""
    present = _present(found)
    if seen is None or not isinstance(found.raw, wire.Contact) or not isinstance(present.content, Contact):
        return present
    return replace(present, content=slotted(found.raw, present.content, seen))


def _card(target: Present) -> Contact | None:
    return target.content if isinstance(target.content, Contact) else None


def _emails(changes: Changes) -> dict[str, Any]:
    return {name: changes[name] for name in ("work_email", "home_email") if name in changes}


def _contact(raw: wire.Item | None) -> wire.Contact | None:
    assert raw is None or isinstance(raw, wire.Contact)
    return raw
