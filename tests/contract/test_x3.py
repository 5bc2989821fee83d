"""What only an X3 endpoint must do: sync ids, AUUIDs, representatives."""

from __future__ import annotations

import re
from dataclasses import replace

from reconcile.actions import Assign, Create, Join, Unassign, Withdraw
from reconcile.model import Appointment, ItemType, Present, Private, Where
from reconcile.port import Refused
from tests.contract.acting import but, make, present
from tests.contract.cases import EndpointCase, sample


async def test_a_create_keeps_sync_id_and_representative(x3_case: EndpointCase, item_type: ItemType) -> None:
    """M1, M7, S1."""
    step, made = await make(x3_case, item_type)
    assert made.x3.sync_id == step.sync_id
    assert made.x3.representatives == (step.representative,)
    assert re.fullmatch("[0-9a-f]{32}", made.x3.auuid)


async def test_two_records_have_two_auuids(x3_case: EndpointCase, item_type: ItemType) -> None:
    """M1: the AUUID tells a record from another one under the same number."""
    made = [(await make(x3_case, item_type, nth))[1] for nth in range(2)]
    assert made[0].x3.auuid != made[1].x3.auuid
    assert made[0].key != made[1].key


async def test_a_create_sent_twice_makes_one_record(x3_case: EndpointCase, item_type: ItemType) -> None:
    """M7: X3 itself refuses a second record with the same ZSYNCID."""
    step, made = await make(x3_case, item_type)
    try:
        again: Present | Private | None = await x3_case.endpoint.apply(step)
    except Refused:
        again = await x3_case.endpoint.find(step)
    assert again is not None
    assert again.key == made.key


async def test_unassigning_takes_only_the_assignment(x3_case: EndpointCase) -> None:
    """D3: the X3 contact stays; assigning brings it back (M4)."""
    step, made = await make(x3_case, ItemType.CONTACT)
    await x3_case.endpoint.apply(Unassign(target=made, representative=step.representative))
    away = await present(x3_case, ItemType.CONTACT, made.key)
    assert away.where is Where.ELSEWHERE
    assert away.x3.representatives == ()
    assert away.content == made.content
    await x3_case.endpoint.apply(Assign(target=away, representative=step.representative))
    back = await present(x3_case, ItemType.CONTACT, made.key)
    assert back.where is Where.HERE
    assert back.x3.representatives == (step.representative,)


async def spread(x3_case: EndpointCase) -> tuple[Appointment, Create, Present]:
    """An appointment of three representatives: as a sample, as it was asked for, as it was made."""
    content = sample(ItemType.APPOINTMENT, x3_case.side)
    assert isinstance(content, Appointment)
    step = x3_case.new(ItemType.APPOINTMENT, replace(content, participants=("R002", "R003")))
    made = await x3_case.endpoint.apply(step)
    assert made is not None
    return content, step, made


async def test_withdrawing_takes_one_participant(x3_case: EndpointCase) -> None:
    """D7: only his participation leaves the appointment."""
    content, _, made = await spread(x3_case)
    await x3_case.endpoint.apply(Withdraw(target=made, representative="R002"))
    left = await present(x3_case, ItemType.APPOINTMENT, made.key)
    assert left.content == but(content, participants=("R003",))
    assert left.x3.representatives[1:] == ("R003",)


async def test_withdrawing_the_organiser_hands_the_appointment_over(x3_case: EndpointCase) -> None:
    """D7, A4: the first participant has it then."""
    content, step, made = await spread(x3_case)
    await x3_case.endpoint.apply(Withdraw(target=made, representative=step.representative))
    left = await present(x3_case, ItemType.APPOINTMENT, made.key)
    assert left.content == but(content, participants=("R003",))
    assert left.x3.representatives == ("R002", "R003")


async def test_joining_adds_one_participant(x3_case: EndpointCase) -> None:
    """M6: beside his participation nothing changes."""
    content = sample(ItemType.APPOINTMENT, x3_case.side)
    step = x3_case.new(ItemType.APPOINTMENT, content)
    made = await x3_case.endpoint.apply(step)
    assert made is not None
    await x3_case.endpoint.apply(Join(target=made, representative="R002"))
    joined = await present(x3_case, ItemType.APPOINTMENT, made.key)
    assert joined.content == but(made.content, participants=("R002",))
    assert joined.x3.representatives == (step.representative, "R002")
