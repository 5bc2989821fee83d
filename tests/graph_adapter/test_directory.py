"""Users, folders (U3, S2), the connection test."""

from __future__ import annotations

import pytest

from graph_adapter.directory import Directory, User
from reconcile.model import Kind
from tests.graph_adapter.conftest import ADDRESS, Box


async def test_u1_a_user_is_known_by_his_object_id(box: Box) -> None:
    directory = Directory(box.graph)
    user = await directory.user(ADDRESS)
    assert isinstance(user, User)
    assert user.id == box.scope.mailbox
    assert user.address == ADDRESS
    assert await directory.user(user.id) == user
    assert await directory.user("nobody@contoso.example") is None


@pytest.mark.parametrize("kind", list(Kind))
async def test_u3_the_default_folder_comes_first(box: Box, kind: Kind) -> None:
    folders = await Directory(box.graph).folders(box.scope.mailbox, kind)
    assert folders[0].default
    assert folders[0].id == box.folders[kind]
    assert not folders[0].refused
    assert [f.default for f in folders[1:]] == [False] * (len(folders) - 1)


@pytest.mark.parametrize("kind", list(Kind))
async def test_u3_a_folder_is_created_once(box: Box, kind: Kind) -> None:
    directory = Directory(box.graph)
    made = await directory.create_folder(box.scope.mailbox, kind, "Sage X3")
    again = await directory.create_folder(box.scope.mailbox, kind, "sage x3")
    assert made.id == again.id
    assert (await box.scoped(folders={kind: (made.id,)}).changes(box.stream(kind), None)).answered


async def test_s2_generated_and_read_only_folders_are_refused(box: Box) -> None:
    await box.owner("POST", "calendars", {"name": "Jours fériés - France"})
    locked = (await box.owner("POST", "calendars", {"name": "Shared"}))["id"]
    await box.act("set_read_only", locked)
    found = {f.name: f.refused for f in await Directory(box.graph).folders(box.scope.mailbox, Kind.EVENT)}
    assert found["Shared"] == "read-only"
    assert found["Birthdays"]
    assert found["Jours fériés - France"]
    lists = await Directory(box.graph).folders(box.scope.mailbox, Kind.TASK)
    assert [f.refused for f in lists if f.name.startswith("Flagged")] == ["the list of flagged e-mails"]


async def test_the_connection_test_says_what_is_wrong_and_how_to_mend_it(box: Box) -> None:
    directory = Directory(box.graph)
    assert (await directory.check_token()).ok
    assert all(f.ok for f in await directory.check_mailbox(box.scope.mailbox))
    assert (await directory.check_folder(box.scope.mailbox, Kind.EVENT, box.folders[Kind.EVENT])).ok
    assert not (await directory.check_folder(box.scope.mailbox, Kind.EVENT, "AAMkGone=")).ok
    await box.fault("status", path="todo/lists", status=403, code="ErrorAccessDenied")
    findings = await directory.check_mailbox(box.scope.mailbox)
    assert [f.ok for f in findings] == [True, True, False]
    assert "Tasks.ReadWrite.All" in findings[2].mend
