"""What only an Outlook endpoint must do: markers, details blocks, transactionId, folders that are gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconcile.actions import Mark, Update
from reconcile.model import Born, ItemType, Present, Private
from reconcile.port import Refused, Stream
from tests.contract.acting import but, caught_up, make, present
from tests.contract.cases import EndpointCase, sample

BODIED = [ItemType.TASK, ItemType.CALL, ItemType.APPOINTMENT]
EVENTS = [ItemType.CALL, ItemType.APPOINTMENT]


async def test_a_stream_that_is_not_there_does_not_answer(outlook_case: EndpointCase, item_type: ItemType) -> None:
    """S9: no folder, no word about its items."""
    listing = await outlook_case.endpoint.changes(Stream(kind=item_type.kind, folder="AAMkNoSuchFolder="), None)
    assert not listing.answered
    assert not listing.complete
    assert listing.sightings == ()


async def test_a_delta_tells_each_thing_once(outlook_case: EndpointCase, item_type: ItemType) -> None:
    """A pass over an unchanged user costs one delta request a stream and nothing else (house.md, "Runtime")."""
    await make(outlook_case, item_type)
    stream = outlook_case.stream(item_type)
    cursor = await caught_up(outlook_case, stream)
    assert (await outlook_case.endpoint.changes(stream, cursor)).sightings == ()


async def test_a_create_carries_its_marker(outlook_case: EndpointCase, item_type: ItemType) -> None:
    """M2, M7: in the same request, so that no item of ours is ever without one."""
    step, made = await make(outlook_case, item_type)
    assert made.outlook.marker == step.marker
    assert made.outlook.folder == step.folder
    assert made.outlook.kind is item_type.kind


@pytest.mark.parametrize("event_type", EVENTS)
async def test_an_event_sent_twice_is_one(outlook_case: EndpointCase, event_type: ItemType) -> None:
    """M7: its transactionId is used up. Contacts and tasks have nothing of the kind (graph.md 3.3)."""
    step, made = await make(outlook_case, event_type)
    try:
        again: Present | Private | None = await outlook_case.endpoint.apply(step)
    except Refused:
        again = await outlook_case.endpoint.find(step)
    assert again is not None
    assert again.key == made.key


async def test_a_marker_is_rewritten_silently(outlook_case: EndpointCase, item_type: ItemType) -> None:
    """M2, M3: the marker changes and nothing else."""
    step, made = await make(outlook_case, item_type)
    assert step.marker is not None
    marker = replace(step.marker, x3_key="LINKED01", born=Born.LINKED)
    new = await outlook_case.endpoint.apply(Mark(type=item_type, target=made, marker=marker))
    assert new is not None
    assert new.outlook.marker == marker
    assert new.content == made.content
    assert (await present(outlook_case, item_type, made.key)).outlook.marker == marker


@pytest.mark.parametrize("bodied", BODIED)
async def test_details_are_shown_and_never_come_back(outlook_case: EndpointCase, bodied: ItemType) -> None:
    """C7: the block above the body is not part of the report, and never grows."""
    plain = outlook_case.new(bodied, sample(bodied, outlook_case.side))
    made = await outlook_case.endpoint.apply(replace(plain, details=("Sage X3 TSK001", "Company: ACME & Sons")))
    assert made is not None
    assert made.outlook.details
    assert made.content == plain.content
    change = {"report": "Another report"}
    step = Update(side=outlook_case.side, type=bodied, target=made, changes=change, details=("Sage X3 TSK001",))
    new = await outlook_case.endpoint.apply(step)
    assert new is not None
    assert new.outlook.details
    assert new.content == but(made.content, **change)
