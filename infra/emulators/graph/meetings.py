"""Mails to attendees, counted as A10 says, and the copies of a meeting in the attendees' own mailboxes."""

from __future__ import annotations

import copy

from infra.emulators.graph import series, zones
from infra.emulators.graph.errors import invalid
from infra.emulators.graph.model import CALENDARS, EVENT, Item, Mailbox
from infra.emulators.graph.store import Store

# What each participant has for himself; the organiser's updates leave it alone.
OWN = frozenset(
    ("categories", "isReminderOn", "reminderMinutesBeforeStart", "showAs", "responseStatus", "isOrganizer", "transactionId")
)
RESPONSES = {"accept": "accepted", "tentativelyAccept": "tentativelyAccepted", "decline": "declined"}
SHOWS = {"accepted": "busy", "tentativelyAccepted": "tentative", "declined": "free"}


def attendees(mailbox: Mailbox, item: Item) -> set[str]:
    """Addresses that would get mail: every attendee but the organiser himself."""
    found = {str(a["emailAddress"]["address"]).lower() for a in item.data["attendees"]}
    return found - {mailbox.address.lower()}


def organises(item: Item) -> bool:
    return bool(item.data["isOrganizer"])


def send(store: Store, mailbox: Mailbox, item: Item, to: set[str], kind: str) -> None:
    """Count one mail per attendee."""
    store.attendee_mails += len(to)
    for address in sorted(to):
        store.mails.append({"from": mailbox.address, "to": address, "kind": kind, "iCalUId": item.data["iCalUId"]})
        known = store.by_address.get(address)
        if known is not None:
            known.received.append({"from": mailbox.address, "kind": kind, "subject": item.data["subject"]})
    store.changed = True


def announce(store: Store, mailbox: Mailbox, item: Item, before: set[str], *, moved: bool = False) -> None:
    """After a write by the organiser: mails, then the copies of attendees who live in this tenant."""
    after = attendees(mailbox, item)
    if not organises(item) or not before | after:
        return
    item.data["isDraft"] = False
    send(store, mailbox, item, before | after, "request")
    master = item.master or item
    everyone = attendees(mailbox, master).union(*(attendees(mailbox, e) for e in master.exceptions.values()))
    for address in everyone & store.by_address.keys():
        deliver(store, master, store.by_address[address], moved=moved)
    for address in (before - everyone) & store.by_address.keys():
        withdraw(store, master, store.by_address[address])


def call_off(store: Store, mailbox: Mailbox, item: Item) -> None:
    """The organiser deletes or cancels: cancellations go out; copies stay, marked as cancelled."""
    to = attendees(mailbox, item)
    if not organises(item) or not to:
        return
    send(store, mailbox, item, to, "cancellation")
    for address in to & store.by_address.keys():
        if item.master is None:
            withdraw(store, item, store.by_address[address])
        else:
            deliver(store, item.master, store.by_address[address])


def copy_in(store: Store, mailbox: Mailbox, original: Item) -> Item | None:
    """The attendee's own copy of a meeting, by iCalUId."""
    found = mailbox.meetings.get(original.data["iCalUId"])
    return mailbox.index.get(found) if found else None


def deliver(store: Store, master: Item, to: Mailbox, *, moved: bool = False) -> Item:
    """Create or update an attendee's copy. Extended properties are not transmitted."""
    found = copy_in(store, to, master)
    shared = {k: copy.deepcopy(v) for k, v in master.data.items() if k not in OWN}
    response = {"response": "notResponded", "time": "0001-01-01T00:00:00Z"}
    if found is None:
        own = {
            "categories": [],
            "isReminderOn": True,
            "reminderMinutesBeforeStart": 15,
            "showAs": "tentative",
            "responseStatus": response,
            "isOrganizer": False,
        }
        found = store.new_item(to, EVENT, store.default(to, CALENDARS), {**shared, **own})
        found.cancelled = set(master.cancelled)
        _follow(found, master)
        store.insert(to, found)
        return found
    if moved or found.data["isCancelled"]:
        shared["responseStatus"], shared["showAs"] = response, "tentative"
    found.data.update(shared)
    if store.switches["cancelled_occurrence_stays"]:
        _show_cancelled(found, master)
    else:
        found.cancelled = set(master.cancelled)
    _follow(found, master)
    store.touch(to, found)
    return found


def _show_cancelled(found: Item, master: Item) -> None:
    """An occurrence that the organiser called off stays in the attendee's calendar until he removes it."""
    found.cancelled &= master.cancelled  # a changed pattern forgets them
    for day in master.cancelled - found.cancelled - found.exceptions.keys():
        series.make_exception(series.by_day(found, day))
    for day in master.cancelled & found.exceptions.keys():
        _mark_cancelled(found.exceptions[day])


def _mark_cancelled(item: Item) -> None:
    if not item.data["isCancelled"]:
        title = f"Canceled: {item.data['subject']}"
        item.data.update({"isCancelled": True, "showAs": "free", "subject": title, "isReminderOn": False})


def _follow(found: Item, master: Item) -> None:
    found.start, found.end = master.start, master.end
    for day in list(found.exceptions):
        if day not in master.exceptions and day not in master.cancelled:
            del found.exceptions[day]
    for day, theirs in master.exceptions.items():
        own = found.exceptions.get(day)
        kept = {k: v for k, v in (own or found).data.items() if k in OWN}
        found.exceptions[day] = Item(
            kind=EVENT,
            mailbox=found.mailbox,
            rest_id=found.rest_id,
            immutable_id=f"{found.immutable_id}#{day}",
            folder=found.folder,
            data={**copy.deepcopy(theirs.data), **kept},
            created=found.created,
            modified=theirs.modified,
            change_key=theirs.change_key[::-1],
            single=own.single if own else {},
            multi=own.multi if own else {},
            start=theirs.start,
            end=theirs.end,
            master=found,
            day=day,
        )


def withdraw(store: Store, original: Item, to: Mailbox) -> None:
    """Mark an attendee's copy as cancelled; it stays in his calendar until he removes it."""
    found = copy_in(store, to, original)
    if found is None or found.data["isCancelled"] or store.in_bin(to, found):
        return
    for one in (found, *found.exceptions.values()):
        _mark_cancelled(one)
    store.touch(to, found)


def respond(store: Store, mailbox: Mailbox, item: Item, verb: str, send_response: bool) -> None:
    """accept, tentativelyAccept or decline by an attendee; the organiser's copy learns of it when he lives here."""
    if organises(item):
        raise invalid("You can't respond to this meeting because you're the meeting organizer.", "ErrorInvalidRequest")
    if item.data["isCancelled"]:
        raise invalid("You can't respond to a cancelled meeting.", "ErrorInvalidRequest")
    answer = RESPONSES[verb]
    now = zones.stamp(store.clock.now())
    item.data["responseStatus"] = {"response": answer, "time": now}
    item.data["showAs"] = SHOWS[answer]
    store.touch(mailbox, item.master or item)
    if send_response:
        store.response_mails += 1
        organiser = store.by_address.get(str(item.data["organizer"]["emailAddress"]["address"]).lower())
        theirs = copy_in(store, organiser, item) if organiser else None
        if organiser and theirs is not None:
            for one in theirs.data["attendees"]:
                if one["emailAddress"]["address"].lower() == mailbox.address.lower():
                    one["status"] = {"response": answer, "time": now}
            store.touch(organiser, theirs)
    if item.master is not None:
        return
    if answer == "declined" and store.switches["decline_deletes"]:
        store.soft_delete(mailbox, item)
    elif answer != "declined" and store.switches["accept_recreates"]:
        _anew(store, mailbox, item)


def _anew(store: Store, mailbox: Mailbox, item: Item) -> None:
    """An accepted request replaces its placeholder: the old id is gone, the new one has the same iCalUId and carries no
    extended properties (ews-managed-api#255)."""
    store.purge(mailbox, item)
    made = store.new_item(mailbox, EVENT, mailbox.folders[item.folder], copy.deepcopy(item.data))
    _follow(made, item)
    store.insert(mailbox, made)
