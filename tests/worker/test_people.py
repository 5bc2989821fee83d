"""Choosing folders (U3, S2) and reading choices (U2, U4, U5): the parts that need no server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_adapter.directory import FolderInfo
from reconcile.context import ALL_SWITCHES, Conflict
from reconcile.model import Kind
from worker import choices, people
from worker.desk import Unfit
from worker.state.users import UserSettings

FOLDERS = (
    FolderInfo(kind=Kind.EVENT, id="A", name="Calendar", default=True),
    FolderInfo(kind=Kind.EVENT, id="B", name="Clients"),
    FolderInfo(kind=Kind.EVENT, id="C", name="Twins"),
    FolderInfo(kind=Kind.EVENT, id="D", name="twins"),
    FolderInfo(kind=Kind.EVENT, id="E", name="Birthdays", refused="a birthday or holiday calendar"),
)


def ids(*names: str) -> list[str]:
    return [folder.id for folder in people.choose(Kind.EVENT, FOLDERS, names)]


def test_u3_without_names_the_mailboxs_own_default() -> None:
    assert ids() == ["A"]
    with pytest.raises(Unfit, match="no default calendar"):
        people.choose(Kind.EVENT, FOLDERS[1:], ())


def test_u3_names_in_any_case_or_ids_in_their_order_and_once() -> None:
    assert ids("CLIENTS", "A", "B") == ["B", "A"]
    assert ids("D") == ["D"]


@pytest.mark.parametrize(
    ("name", "said"), [("Nowhere", "0 calendars"), ("Twins", "2 calendars"), ("E", "birthday"), ("Birthdays", "birthday")]
)
def test_u3_unknown_ambiguous_and_refused_folders_are_named(name: str, said: str) -> None:
    with pytest.raises(Unfit, match=said):
        ids(name)


def test_every_choice_is_shown_as_it_is_read() -> None:
    """What `users list` shows can be given to `users set`."""
    wanted = UserSettings(
        switches=frozenset(ALL_SWITCHES[::2]),
        conflict=Conflict.ASK,
        days_back=3,
        days_ahead=400,
        series=False,
        attendee_mail=True,
        zone="Europe/Paris",
        private_lists=("id1", "id2"),
        private_categories=("Privé",),
        reminder_minutes=15,
        delete_done_keep=True,
        rich_body_replace=True,
        appointment_category=3,
    )
    pairs = [f"{name}={word}" for name, word in choices.described(wanted).items()]
    assert choices.read(UserSettings(), pairs) == wanted


@given(st.sets(st.sampled_from(ALL_SWITCHES)))
def test_u2_any_switches_survive_being_shown_and_read(on: set[str]) -> None:
    shown = choices.described(UserSettings(switches=frozenset(on)))
    assert choices.read(UserSettings(), [f"{name}={shown[name]}" for name in ALL_SWITCHES]).switches == on


@pytest.mark.parametrize(
    "pair",
    [
        "TSKADXDLT=maybe",
        "TSKADX=no",
        "conflict=oldest",
        "window=30",
        "window=-30..x",
        "series=none",
        "zone=Mars/Olympus",
        "reminder_minutes=soon",
        "appointment_category=0",
        "conflict",
    ],
)
def test_a_wrong_word_is_refused_with_what_would_fit(pair: str) -> None:
    with pytest.raises(Unfit, match="expected"):
        choices.read(UserSettings(), [pair])


def test_all_wrong_words_are_said_at_once() -> None:
    with pytest.raises(Unfit) as refused:
        choices.read(UserSettings(), ["conflict=oldest", "window=30", "TSKADXDLT=no"])
    assert str(refused.value).count("expected") == 2
