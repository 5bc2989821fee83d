"""What the adapter does in folders that publish less, or while others write at the same moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconcile.actions import Assign, Delete, Join, Unassign, Withdraw
from reconcile.model import ItemType, Person, Present, Side
from reconcile.port import Endpoint, Moved, Ref, Refused, TryLater
from tests.x3_adapter.conftest import Lab
from tests.x3_adapter.samples import APPOINTMENT, CONTACT, TASK, create, update
from x3_adapter import X3, Crm


def hide(x3: X3, publication: str, *names: str) -> None:
    """The screen as a site publishes it that left these fields out."""
    screen = x3.descriptions[publication]
    places = {name: place for name, place in screen.places.items() if name not in names}
    x3.descriptions[publication] = replace(screen, places=places)


def test_crm_is_an_endpoint(crm: Crm) -> None:
    endpoint: Endpoint = crm
    assert endpoint.side is Side.X3


async def test_without_audit_fields_the_key_set_tells_stamp_and_auuid(lab: Lab, x3: X3) -> None:
    await lab.crm(x3).prepare()
    hide(x3, "ZTSK", "AUUID", "UPDDATTIM")
    crm = lab.crm(x3)
    before = x3.counters.requests
    present = await crm.apply(create(TASK))
    assert present is not None
    assert len(present.x3.auuid) == 32
    assert present.modified_at is not None
    assert x3.counters.requests - before == 2
    ref = Ref(key=present.key, type=ItemType.TASK)
    seen = (await crm.read([ref]))[ref]
    assert isinstance(seen, Present)
    assert seen.x3 == present.x3
    changed = await crm.apply(update(seen, subject="other"))
    assert changed is not None
    assert await crm.apply(Delete(side=Side.X3, type=ItemType.TASK, target=changed)) is None
    assert type((await crm.read([ref]))[ref]).__name__ == "Absent"


async def test_without_its_lines_a_contact_is_not_created(lab: Lab, x3: X3) -> None:
    await lab.crm(x3).prepare()
    hide(x3, "ZCOR", "COPREP")
    with pytest.raises(Refused, match="COPREP"):
        await lab.crm(x3).apply(create(CONTACT))


async def test_steps_on_records_that_are_gone(crm: Crm) -> None:
    contact, appointment = await crm.apply(create(CONTACT)), await crm.apply(create(APPOINTMENT))
    assert contact is not None
    assert appointment is not None
    for gone in (contact, appointment):
        await crm.apply(Delete(side=Side.X3, type=gone.x3.type, target=gone))
    assert await crm.apply(Unassign(target=contact, representative="R001")) is None
    assert await crm.apply(Withdraw(target=appointment, representative="R002")) is None
    for step in (Assign(target=contact, representative="R002"), Join(target=appointment, representative="R002")):
        with pytest.raises(Moved):
            await crm.apply(step)


async def test_d5_a_delete_that_another_was_quicker_with_is_done(crm: Crm, lab: Lab) -> None:
    present = await crm.apply(create(TASK))
    assert present is not None
    late = lab.crm(lab.connect(limit=lab.before(6, action="sql_delete", table="TASK", key=present.key)))
    await late.prepare()  # four calls; then the record is read, and before it is deleted it goes
    assert await late.apply(Delete(side=Side.X3, type=ItemType.TASK, target=present)) is None


async def test_a_refused_delete_of_a_contact_in_use_stays_refused(crm: Crm) -> None:
    contact = await crm.apply(create(CONTACT))
    assert contact is not None
    named = replace(TASK.relation, people=(Person(cor=contact.key),))
    await crm.apply(create(replace(TASK, relation=named)))
    with pytest.raises(Refused):
        await crm.apply(Delete(side=Side.X3, type=ItemType.CONTACT, target=contact))


async def test_a_save_that_shows_nothing_and_left_nothing_stays_open(crm: Crm, lab: Lab) -> None:
    lab.fault("nil_result", "save", "ZTSK", times=1, status=1, commit=False)
    with pytest.raises(TryLater) as wait:
        await crm.apply(create(TASK))
    assert wait.value.sent


async def test_a_modify_without_a_result_is_read_back(crm: Crm, lab: Lab) -> None:
    present = await crm.apply(create(TASK))
    assert present is not None
    lab.fault("nil_result", "modify", "ZTSK", times=1, status=1, commit=True)
    changed = await crm.apply(update(present, subject="other"))
    assert changed is not None
    assert changed.content == replace(TASK, subject="other")


async def test_without_an_id_a_refused_create_is_not_looked_for(crm: Crm, lab: Lab, x3: X3) -> None:
    lab.fault("refuse", "save", times=1, message="no")
    await crm.prepare()
    before = x3.counters.requests
    with pytest.raises(Refused):
        await crm.apply(create(TASK, sync_id=""))
    assert x3.counters.requests - before == 1
    assert await crm.find(create(TASK, sync_id="")) is None
