"""What every endpoint must do, whichever side it is and whatever stands behind it (reconcile/port.py).

One suite for the memory endpoints and the adapters over the emulators: what the logic is tested against and what runs
in production are held to the same words.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest

from reconcile.actions import Delete, Update
from reconcile.model import Absent, ItemType, Present, Task, TaskDates, Where
from reconcile.port import Moved, Refused
from tests.contract.acting import but, caught_up, keys, look, make, marked, present, ref_to
from tests.contract.cases import TEXT_FIELD, UNKNOWN_KEYS, EndpointCase, sample

# ------------------------------------------------------------------------------------------------ listing


async def test_a_complete_listing_holds_every_item(case: EndpointCase, item_type: ItemType) -> None:
    made = {(await make(case, item_type, nth))[1].key for nth in range(3)}
    listing = await case.endpoint.changes(case.stream(item_type), None)
    assert listing.complete
    assert listing.answered
    assert listing.now.utcoffset() is not None
    assert made <= keys(listing)


async def test_after_a_complete_listing_the_delta_is_quiet(case: EndpointCase, item_type: ItemType) -> None:
    """Quiet: nothing unknown, and what is named again looks as it did. X3's cursor overlaps on purpose, and its queue names
    a record until it is acknowledged."""
    _, made = await make(case, item_type)
    case.time_passes()
    complete = await case.endpoint.changes(case.stream(item_type), None)
    delta = await case.endpoint.changes(case.stream(item_type), complete.cursor)
    assert delta.answered
    assert keys(delta) <= keys(complete)
    again = await case.endpoint.read([sighting.ref for sighting in delta.sightings])
    assert [look.content for look in again.values() if isinstance(look, Present)] == [made.content] * len(again)


async def test_the_version_of_a_sighting_is_the_version_read(case: EndpointCase, item_type: ItemType) -> None:
    """C1: the same version as last seen means that no look is needed."""
    _, made = await make(case, item_type)
    case.time_passes()
    listing = await case.endpoint.changes(case.stream(item_type), None)
    sighted = next(s for s in listing.sightings if s.ref.key == made.key)
    read = (await case.endpoint.read([sighted.ref]))[sighted.ref]
    assert isinstance(read, Present)
    assert sighted.version == read.version
    if isinstance(sighted.observation, Present):
        assert sighted.observation.content == read.content


async def test_a_users_change_is_sighted(case: EndpointCase, item_type: ItemType) -> None:
    """With another version, so that nobody takes it for what was seen before."""
    _, made = await make(case, item_type)
    cursor = await caught_up(case, case.stream(item_type))
    known = await present(case, item_type, made.key)
    await case.user_writes(item_type, made.key, "Changed by a user")
    case.time_passes()
    delta = await case.endpoint.changes(case.stream(item_type), cursor)
    sighted = next(s for s in delta.sightings if s.ref.key == made.key)
    assert sighted.version != known.version
    now = (await case.endpoint.read([sighted.ref]))[sighted.ref]
    assert isinstance(now, Present)
    assert now.version != known.version
    assert now.content == but(known.content, **{TEXT_FIELD[item_type]: "Changed by a user"})


async def test_a_users_deletion_is_found(case: EndpointCase, item_type: ItemType) -> None:
    """S8: the delta or the queue may tell of it, a complete listing always lacks it, and the read proves it."""
    _, made = await make(case, item_type)
    await case.user_deletes(item_type, made.key)
    complete = await case.endpoint.changes(case.stream(item_type), None)
    assert complete.complete
    assert made.key not in keys(complete)
    assert await look(case, item_type, made.key) == Absent(key=made.key)


# ---------------------------------------------------------------------------------------------------- read


async def test_reading_answers_each_ref_asked(case: EndpointCase, item_type: ItemType) -> None:
    made = [(await make(case, item_type, nth))[1] for nth in range(2)]
    refs = [ref_to(case, item_type, key) for key in (*(m.key for m in made), UNKNOWN_KEYS[case.side])]
    seen = await case.endpoint.read(refs)
    assert set(seen) == set(refs)
    assert [type(seen[ref]) for ref in refs] == [Present, Present, Absent]


async def test_reading_nothing_answers_nothing(case: EndpointCase) -> None:
    assert dict(await case.endpoint.read([])) == {}


async def test_a_later_read_is_equal(case: EndpointCase, item_type: ItemType) -> None:
    """Nothing in an observation depends on when it was made."""
    _, made = await make(case, item_type)
    case.time_passes()
    assert await look(case, item_type, made.key) == await look(case, item_type, made.key)


# -------------------------------------------------------------------------------------------------- create


async def test_a_create_answers_what_a_read_answers(case: EndpointCase, item_type: ItemType) -> None:
    step, made = await make(case, item_type)
    read = await present(case, item_type, made.key)
    assert made.content == read.content == step.content
    assert made.where is read.where is Where.HERE
    assert made.facts == read.facts


async def test_find_knows_a_create_whose_answer_was_lost(case: EndpointCase, item_type: ItemType) -> None:
    """M7: before a create is sent again it is looked for."""
    step, made = await make(case, item_type)
    found = await case.endpoint.find(step)
    assert isinstance(found, Present)
    assert (found.key, found.content) == (made.key, made.content)


async def test_find_knows_nothing_of_a_create_that_was_never_sent(case: EndpointCase, item_type: ItemType) -> None:
    await make(case, item_type)
    assert await case.endpoint.find(case.new(item_type, sample(item_type, case.side))) is None


async def test_find_knows_nothing_of_what_was_deleted(case: EndpointCase, item_type: ItemType) -> None:
    """A deleted item must not stand for a new attempt."""
    step, made = await make(case, item_type)
    await case.user_deletes(item_type, made.key)
    assert await case.endpoint.find(step) is None


# -------------------------------------------------------------------------------------------------- update


async def test_an_update_writes_only_its_fields(case: EndpointCase, item_type: ItemType) -> None:
    """C2: everything else stays, and the answer is the new look."""
    _, made = await make(case, item_type)
    change = marked(case, item_type)
    step = Update(side=case.side, type=item_type, target=made, changes=change)
    new = await case.endpoint.apply(step)
    assert new is not None
    assert new.content == but(made.content, **change)
    assert (await present(case, item_type, made.key)).content == new.content


async def test_an_update_leaves_another_users_field_alone(case: EndpointCase) -> None:
    """C2, C3: a user's edit of another field meanwhile is either refused as Moved or kept, never overwritten."""
    _, made = await make(case, ItemType.TASK)
    await case.user_writes(ItemType.TASK, made.key, "The user's own subject")
    step = Update(side=case.side, type=ItemType.TASK, target=made, changes={"report": "Ours"})
    with suppress(Moved):
        await case.endpoint.apply(step)
    content = (await present(case, ItemType.TASK, made.key)).content
    assert isinstance(content, Task)
    assert content.subject == "The user's own subject"


async def test_an_update_can_empty_fields(case: EndpointCase) -> None:
    """An emptied field is a change like any other. The due date stays: X3 may keep no task without one."""
    _, made = await make(case, ItemType.TASK)
    changes = {"report": "", "dates": TaskDates(due=date(2026, 3, 11))}
    new = await case.endpoint.apply(Update(side=case.side, type=ItemType.TASK, target=made, changes=changes))
    assert new is not None
    assert new.content == but(made.content, **changes)


@pytest.mark.parametrize("doable", [ItemType.TASK, ItemType.CALL, ItemType.APPOINTMENT])
async def test_done_goes_there_and_back(case: EndpointCase, doable: ItemType) -> None:
    """TSKDON, CLLDON, APTDON; a To Do status, or the category "Done" of an event."""
    _, made = await make(case, doable)
    for done in (True, False):
        new = await case.endpoint.apply(Update(side=case.side, type=doable, target=made, changes={"done": done}))
        assert new is not None
        assert new.content == but(made.content, done=done)
        made = new


async def test_a_write_on_the_answer_of_a_write_is_not_stale(case: EndpointCase, item_type: ItemType) -> None:
    """Exchange bumps the version after our own write; the same content is not Moved (house.md, "Runtime")."""
    _, made = await make(case, item_type)
    for text in ("Once", "Twice"):
        change = {TEXT_FIELD[item_type]: text}
        new = await case.endpoint.apply(Update(side=case.side, type=item_type, target=made, changes=change))
        assert new is not None
        made = new
    assert made.content == but(made.content, **{TEXT_FIELD[item_type]: "Twice"})


async def test_a_stale_update_is_moved(case: EndpointCase, item_type: ItemType) -> None:
    """Never a blind overwrite: the pass observes again."""
    _, made = await make(case, item_type)
    await case.user_writes(item_type, made.key, "Changed by a user")
    step = Update(side=case.side, type=item_type, target=made, changes=marked(case, item_type))
    with pytest.raises(Moved):
        await case.endpoint.apply(step)
    content = (await present(case, item_type, made.key)).content
    assert content == but(made.content, **{TEXT_FIELD[item_type]: "Changed by a user"})


async def test_an_update_of_what_is_gone_is_moved(case: EndpointCase, item_type: ItemType) -> None:
    """Nothing is created by an update; the pass observes again and decides by D4."""
    _, made = await make(case, item_type)
    await case.user_deletes(item_type, made.key)
    with pytest.raises(Moved):
        await case.endpoint.apply(Update(side=case.side, type=item_type, target=made, changes=marked(case, item_type)))


async def test_our_own_echo_changes_no_content(case: EndpointCase, item_type: ItemType) -> None:
    """C1: the echo may have another version, but never another content than the write answered."""
    before = await case.endpoint.changes(case.stream(item_type), None)
    _, made = await make(case, item_type)
    new = await case.endpoint.apply(Update(side=case.side, type=item_type, target=made, changes=marked(case, item_type)))
    assert new is not None
    echo = await case.endpoint.changes(case.stream(item_type), before.cursor)
    sighted = next(s for s in echo.sightings if s.ref.key == made.key)
    read = (await case.endpoint.read([sighted.ref]))[sighted.ref]
    assert isinstance(read, Present)
    assert read.content == new.content


# -------------------------------------------------------------------------------------------------- delete


async def test_a_deleted_item_is_absent(case: EndpointCase, item_type: ItemType) -> None:
    """D1, D2."""
    _, made = await make(case, item_type)
    assert await case.endpoint.apply(Delete(side=case.side, type=item_type, target=made)) is None
    assert await look(case, item_type, made.key) == Absent(key=made.key)


async def test_deleting_twice_is_done(case: EndpointCase, item_type: ItemType) -> None:
    """D5: already gone when the delete is sent."""
    _, made = await make(case, item_type)
    step = Delete(side=case.side, type=item_type, target=made)
    assert await case.endpoint.apply(step) is None
    assert await case.endpoint.apply(step) is None


async def test_deleting_what_a_user_changed_is_moved(case: EndpointCase, item_type: ItemType) -> None:
    """D4: the edit has to be seen before anything is deleted."""
    _, made = await make(case, item_type)
    await case.user_writes(item_type, made.key, "Changed by a user")
    with pytest.raises(Moved):
        await case.endpoint.apply(Delete(side=case.side, type=item_type, target=made))
    await present(case, item_type, made.key)


# ------------------------------------------------------------------------------------------------- limits


async def test_the_limits_named_are_the_limits_there(case: EndpointCase) -> None:
    """C6: a text of exactly the limit fits, a longer one is refused and changes nothing."""
    await case.endpoint.changes(case.stream(ItemType.TASK), None)  # limits may have to be asked for first
    limits = case.endpoint.limits
    limited = [item_type for item_type in ItemType if (item_type, TEXT_FIELD[item_type]) in limits]
    assert limited
    for item_type in limited:
        name = TEXT_FIELD[item_type]
        longest = limits[item_type, name]
        _, made = await make(case, item_type)
        fits = await case.endpoint.apply(Update(side=case.side, type=item_type, target=made, changes={name: "x" * longest}))
        assert fits is not None
        assert fits.content == but(made.content, **{name: "x" * longest})
        with pytest.raises(Refused) as refusal:
            await case.endpoint.apply(
                Update(side=case.side, type=item_type, target=fits, changes={name: "x" * (longest + 1)})
            )
        assert refusal.value.field in (name, "")
        assert (await present(case, item_type, made.key)).content == fits.content
