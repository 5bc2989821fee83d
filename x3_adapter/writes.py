"""The steps that change X3. X3 offers no compare-and-set over SOAP, so each one reads, compares, writes and reads back
(house.md, "Runtime"); two passes on one record are kept apart by the shell's lock row."""

from __future__ import annotations

from reconcile.actions import Assign, Create, Delete, Identify, Join, Unassign, Update, Withdraw
from reconcile.model import ItemType, Present
from reconcile.port import Moved, Refused, TryLater
from x3_adapter import programs
from x3_adapter.mapping import FORMS, Form, appointments, changed_fields, contacts, created_fields
from x3_adapter.mapping.values import Fields, needed
from x3_adapter.payload import Lines
from x3_adapter.records import Records, Seen


async def create(records: Records, step: Create) -> Present:
    """A new record (M5), carrying `step.sync_id` (M7): when X3 refuses it because that id is taken, the record that an
    earlier attempt made is the answer.

    Raises TryLater(sent=True) when X3 says yes and shows nothing, and nothing is found or could be asked for either.
    """
    await records.prepare()
    form, screen = FORMS[step.type], records.screens[step.type]
    written = created_fields(step.content, form, records.terms(step.type))
    if step.sync_id:
        _known_or_refuse(records, step.type, records.x3.connection.sync_id)
        written[records.x3.connection.sync_id] = step.sync_id
    lines: dict[str, Lines] = {}
    if form.owner:
        written[form.owner] = step.representative
    else:
        lines[records.lines_group()] = Lines(rows=[{contacts.LINES_FIELD: step.representative}])
    try:
        data = await records.x3.save(records.publication(step.type), screen.param(written, lines), form.names)
    except Refused as refusal:
        found = await find(records, step) if step.sync_id and not refusal.field else None
        if found is None:
            raise
        return found
    try:
        seen = await records.after_write(step.type, data) if data is not None else None
        found = seen.present if seen is not None else await find(records, step)
    except TryLater as later:
        raise TryLater(str(later), retry_after=later.retry_after, sent=True) from later
    if found is None:
        raise TryLater(f"{screen.publication}: X3 saved a record and did not show it", sent=True)
    return found


async def find(records: Records, step: Create) -> Present | None:
    """The record that carries `step.sync_id`; of several (the index was published without its uniqueness) the first."""
    await records.prepare()
    if not step.sync_id:
        return None
    rows = (await programs.by_sync_id(records.x3, step.type, step.sync_id)).rows
    if not rows:
        return None
    seen = await records.one(step.type, min(row.key for row in rows))
    return seen.present if seen is not None else None


async def update(records: Records, step: Update) -> Present:
    """Write the fields of `step.changes` that really differ (C2). Raises TryLater when X3 says yes and changed nothing."""
    seen = await _as_observed(records, step.target)
    if seen is None:
        raise Moved(f"{step.type.code} {step.target.key} is gone")
    form = FORMS[step.type]
    return await _modify(records, form, seen, changed_fields(step.changes, form, seen.data, records.terms(step.type)))


async def delete(records: Records, step: Delete) -> None:
    """Delete the record (D2); one that is gone already is done (D5)."""
    seen = await _as_observed(records, step.target)
    if seen is None:
        return
    failed: Exception = TryLater(f"{step.type.code} {step.target.key}: X3 deleted it and still shows it", sent=True)
    try:
        await records.x3.delete(records.publication(step.type), {FORMS[step.type].key: step.target.key})
    except Refused as refusal:
        failed = refusal
    if await records.one(step.type, step.target.key) is not None:
        raise failed


async def withdraw(records: Records, step: Withdraw) -> Present | None:
    """Take the representative out of the appointment (D7); None when it is gone."""
    seen = await _as_observed(records, step.target)
    if seen is None:
        return None
    if step.representative not in appointments.representatives(seen.data):
        return seen.present
    return await _modify(records, FORMS[step.type], seen, appointments.without(seen.data, step.representative))


async def join(records: Records, step: Join) -> Present:
    """Put the representative among the appointment's participants (M6)."""
    seen = await _as_observed(records, step.target)
    if seen is None:
        raise Moved(f"BAP {step.target.key} is gone")
    if step.representative in appointments.representatives(seen.data):
        return seen.present
    return await _modify(records, FORMS[step.type], seen, appointments.joined(seen.data, step.representative))


async def assign(records: Records, step: Assign) -> Present:
    """Add the representative's line to the contact (M4)."""
    seen = await _same_record(records, step.target)
    if seen is None:
        raise Moved(f"COR {step.target.key} is gone")
    held = records.lines(seen.data)
    return seen.present if step.representative in held else (await _add_line(records, seen, step.representative)).present


async def identify(records: Records, step: Identify) -> Present:
    """Name the contact's CRM contact, and its partner if it has none (F1). Raises Moved when it is another one's by now."""
    seen = await _same_record(records, step.target)
    if seen is None or seen.present.x3.person not in ("", step.person):
        raise Moved(f"COR {step.target.key} is gone, or another CRM contact's")
    form = FORMS[ItemType.CONTACT]
    wanted = {contacts.CRM_CONTACT: step.person, contacts.PARTNER: seen.data.text(contacts.PARTNER) or step.partner}
    written: Fields = {name: value for name, value in wanted.items() if value != seen.data.text(name)}
    return await _modify(records, form, seen, needed(records.screens[form.type], written, form.names))


async def unassign(records: Records, step: Unassign) -> Present | None:
    """Take the representative's line off the contact (D3); None when the contact is gone.

    A line goes by its number, which may have moved since it was read: what is left is compared, and another
    representative's line that went instead is put back. Raises Moved when the line still stands then.
    """
    seen = await _same_record(records, step.target)
    if seen is None:
        return None
    held = records.lines(seen.data)
    if step.representative not in held:
        return seen.present
    number = str(held.index(step.representative) + 1)
    keys = {contacts.KEY: step.target.key}
    await records.x3.delete_lines(records.publication(ItemType.CONTACT), keys, contacts.LINES_BLOCK, [number])
    after = await records.one(ItemType.CONTACT, step.target.key)
    if after is None:
        return None
    left = records.lines(after.data)
    for lost in held:
        if lost not in left and lost != step.representative:
            after = await _add_line(records, after, lost)
    if step.representative in records.lines(after.data):
        raise Moved(f"COR {step.target.key}: another line went, it was put back")
    return after.present


# ------------------------------------------------------------------------------------------------ pieces


async def _as_observed(records: Records, target: Present) -> Seen | None:
    """The target as it is now; None when it is gone. Raises Moved when it is another record or looks different (C1)."""
    seen = await _same_record(records, target)
    if seen is not None and seen.present.content != target.content:
        raise Moved(f"{target.x3.type.code} {target.key} changed since it was read")
    return seen


async def _same_record(records: Records, target: Present) -> Seen | None:
    seen = await records.one(target.x3.type, target.key)
    if seen is not None and seen.present.x3.auuid != target.x3.auuid:
        raise Moved(f"{target.x3.type.code} {target.key} is another record now (M1)")
    return seen


async def _modify(
    records: Records, form: Form, seen: Seen, written: Fields, lines: dict[str, Lines] | None = None
) -> Present:
    """Write and answer what X3 shows then."""
    if not written and not lines:
        return seen.present
    return (await _written(records, form, seen, written, lines)).present


async def _written(records: Records, form: Form, seen: Seen, written: Fields, lines: dict[str, Lines] | None) -> Seen:
    key = seen.present.key
    param = records.screens[form.type].param(written, lines)
    data = await records.x3.modify(records.publication(form.type), {form.key: key}, param, form.names)
    after = await records.after_write(form.type, data) if data is not None else await records.one(form.type, key)
    if after is None:
        raise Moved(f"{form.type.code} {key} went while it was written")
    if data is None and (after.present.version, after.data) == (seen.present.version, seen.data):
        raise TryLater(f"{form.type.code} {key}: X3 wrote it and shows it as it was", sent=True)
    return after


async def _add_line(records: Records, seen: Seen, representative: str) -> Seen:
    """A line whose number is not in use is a new one (CONTRACT.md)."""
    lines = Lines(rows=[{contacts.LINES_FIELD: representative}], first=len(records.lines(seen.data)) + 1)
    form = FORMS[ItemType.CONTACT]
    await _written(records, form, seen, {}, {records.lines_group(): lines})
    # The line has a stamp of its own that the screen does not show: only a fresh reading tells the contact's stamp.
    after = await records.one(ItemType.CONTACT, seen.present.key)
    if after is None:
        raise Moved(f"COR {seen.present.key} went while it was written")
    if representative not in records.lines(after.data):
        raise Refused(f"X3 did not take representative {representative} on contact {seen.present.key}")
    return after


def _known_or_refuse(records: Records, item_type: ItemType, name: str) -> None:
    """Without its column a repeated create could not be told from a new one (M7)."""
    if not records.screens[item_type].has(name):
        raise Refused(
            f"{name} is not on the screen of {records.publication(item_type)}: records are not created without it"
        )
