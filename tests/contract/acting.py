"""The few acts of which every test of the contract is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconcile.actions import Create
from reconcile.model import Content, ItemType, Observation, Present, Side
from reconcile.port import Listing, Ref, Stream
from tests.contract.cases import TEXT_FIELD, EndpointCase, sample


def ref_to(case: EndpointCase, item_type: ItemType, key: str) -> Ref:
    """How a pass names an item it knows."""
    if case.side is Side.X3:
        return Ref(key=key, type=item_type)
    return Ref(key=key, kind=item_type.kind, folder=case.stream(item_type).folder)


async def look(case: EndpointCase, item_type: ItemType, key: str) -> Observation:
    """One item read."""
    ref = ref_to(case, item_type, key)
    return (await case.endpoint.read([ref]))[ref]


async def present(case: EndpointCase, item_type: ItemType, key: str) -> Present:
    """One item read, that has to be there."""
    seen = await look(case, item_type, key)
    assert isinstance(seen, Present), seen
    return seen


async def make(case: EndpointCase, item_type: ItemType, nth: int = 0) -> tuple[Create, Present]:
    """An item made through the endpoint, and the step that made it."""
    step = case.new(item_type, sample(item_type, case.side, nth))
    made = await case.endpoint.apply(step)
    assert made is not None
    return step, made


async def caught_up(case: EndpointCase, stream: Stream) -> str:
    """A cursor after which our own writes are old news."""
    case.time_passes()
    complete = await case.endpoint.changes(stream, None)
    return (await case.endpoint.changes(stream, complete.cursor)).cursor


def keys(listing: Listing) -> set[str]:
    """The items a listing speaks of."""
    return {sighting.ref.key for sighting in listing.sightings}


def marked(case: EndpointCase, item_type: ItemType) -> dict[str, Any]:
    """A change of the type's text field, as an update holds it."""
    return {TEXT_FIELD[item_type]: f"Changed on {case.side} & éà"}


def but(content: Content, **changes: Any) -> Content:
    """A content with some merge fields changed."""
    altered: Content = replace(content, **changes)
    return altered
