"""Users and their folders (U1, U3, U6, G5, R5, S9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconcile.context import Conflict
from reconcile.model import Kind
from tests.worker.conftest import NOW
from worker.state import dirty, users
from worker.state.store import Store
from worker.state.users import Folder, Taken, User, UserSettings, UserState


def folder(folder_id: str, *, default: bool = False, kind: Kind = Kind.TASK) -> Folder:
    return Folder(kind=kind, folder_id=folder_id, name=f"The {folder_id}", is_default=default)


def test_u1_a_user_is_found_by_code_address_and_mailbox(store: Store, user: User) -> None:
    with store.read() as tx:
        for who in ("REP1", "rep1", "REP1@contoso.example", "oid-REP1"):
            assert users.get(tx, who) == user
        assert users.get(tx, "REP2") is None
        assert users.by_id(tx, user.id) == user
    assert user.settings == UserSettings()
    assert len(user.settings.switches) == 24


def test_u1_an_x3_user_and_a_mailbox_belong_to_one_user(store: Store, user: User) -> None:
    def add(x3_user: str, mailbox: str) -> User:
        with store.begin() as tx:
            return users.add(tx, x3_user=x3_user, representative="R", mailbox=mailbox, address="a@b", now=NOW)

    with pytest.raises(Taken, match="REP1"):
        add("REP1", "another")
    with pytest.raises(Taken, match="mailbox"):
        add("REP2", user.mailbox)
    with store.begin() as tx:
        users.remove(tx, user.id)
    assert add("REP2", user.mailbox).mailbox == user.mailbox  # the removed gave it free
    again = add("REP1", "another")
    assert (again.id, again.state, again.first_pass_done) == (user.id, UserState.ACTIVE, False)


def test_r5_a_removed_user_is_no_user(store: Store, user: User) -> None:
    with store.begin() as tx:
        users.set_folders(tx, user.id, Kind.TASK, [folder("list", default=True)])
        dirty.put_cursors(tx, user.id, {"s": "1"}, NOW)
        dirty.mark(tx, [dirty.Mark(user_id=user.id, since=NOW)])
        users.remove(tx, user.id)
    with store.read() as tx:
        assert users.everyone(tx) == []
        assert [u.state for u in users.everyone(tx, removed=True)] == [UserState.REMOVED]
        assert users.get(tx, user.address) is None
        assert (users.folders(tx, user.id), dirty.cursors(tx, user.id), dirty.waiting(tx)) == ([], {}, [])


def test_u2_u4_u5_settings_are_kept(store: Store, user: User) -> None:
    wanted = UserSettings(
        switches=frozenset({"TSKADXCRE"}), conflict=Conflict.ASK, days_back=1, days_ahead=2, series=False,
        attendee_mail=True, zone="Asia/Tokyo", private_lists=("l",), private_categories=(), reminder_minutes=15,
        delete_done_keep=True, rich_body_replace=True, appointment_category=2,
    )  # fmt: skip
    with store.begin() as tx:
        changed = users.change(tx, replace(user, settings=wanted, address="new@contoso.example"))
    with store.read() as tx:
        assert users.by_id(tx, user.id) == changed
    rules = wanted.rules(silent_properties=False)
    assert (rules.switches, rules.conflict, rules.silent_properties) == (wanted.switches, Conflict.ASK, False)


def test_g5_pausing_is_said_once(store: Store, user: User) -> None:
    with store.begin() as tx:
        assert users.pause(tx, user.id, "the secret ended")
        assert not users.pause(tx, user.id, "the secret ended")
    with store.begin() as tx:
        paused = users.by_id(tx, user.id)
        users.resume(tx, user.id)
        resumed = users.by_id(tx, user.id)
    assert paused == replace(user, state=UserState.PAUSED, paused_why="the secret ended")
    assert resumed == user


def test_g7_a_pass_is_remembered(store: Store, user: User) -> None:
    with store.begin() as tx:
        users.passed(tx, user.id, NOW, full=False, first_pass_done=False)
        assert users.by_id(tx, user.id) == replace(user, last_pass_at=NOW)
    with store.begin() as tx:
        users.passed(tx, user.id, NOW, full=True)
    with store.read() as tx:
        assert users.by_id(tx, user.id) == replace(user, last_pass_at=NOW, last_full_at=NOW, first_pass_done=True)


def test_u3_there_is_exactly_one_default_folder_of_a_kind(store: Store, user: User) -> None:
    with store.begin() as tx:
        for wrong in ([], [folder("a")], [folder("a", default=True), folder("b", default=True)]):
            with pytest.raises(ValueError, match="default"):
                users.set_folders(tx, user.id, Kind.TASK, wrong)
        with pytest.raises(ValueError, match="kind"):
            users.set_folders(tx, user.id, Kind.EVENT, [folder("a", default=True)])


def test_u6_folders_come_go_and_change_places(store: Store, user: User) -> None:
    a, b, c = folder("a", default=True), folder("B"), folder("c")
    calendar = folder("a", default=True, kind=Kind.EVENT)
    with store.begin() as tx:
        assert users.set_folders(tx, user.id, Kind.TASK, [a, b]) == []
        assert users.set_folders(tx, user.id, Kind.EVENT, [calendar]) == []
    with store.begin() as tx:
        left = users.set_folders(tx, user.id, Kind.TASK, [replace(b, is_default=True), c])
    assert [f.folder_id for f in left] == ["a"]
    with store.read() as tx:
        assert users.folders(tx, user.id) == [calendar, replace(b, is_default=True), c]
        assert len(users.folders(tx, user.id, managed_only=False)) == 4
    with store.begin() as tx:
        assert [f.folder_id for f in users.set_folders(tx, user.id, Kind.TASK, [a])] == ["B", "c"]


def test_s9_a_silent_folder_is_said_once_until_it_answers(store: Store, user: User) -> None:
    with store.begin() as tx:
        users.set_folders(tx, user.id, Kind.TASK, [folder("a", default=True), folder("b")])
        assert users.folder_silent(tx, user.id, "a", "404")
        assert not users.folder_silent(tx, user.id, "a", "404")
        users.folder_answered(tx, user.id, ["b"], NOW)
    with store.begin() as tx:
        assert [(f.alert, f.last_answered) for f in users.folders(tx, user.id)] == [("404", None), ("", NOW)]
        users.folder_answered(tx, user.id, ["a", "b"], NOW)
        assert users.folder_silent(tx, user.id, "a", "404")
