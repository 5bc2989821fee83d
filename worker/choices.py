"""A user's choices (U2, U4, U5, C8, D2, A6, A11) as words: `users set REP1 TSKADXDLT=no conflict=x3 window=-30..180`.

One table says for each name how its word is read and shown, so what `users list` shows can be given to `users set`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graph_adapter.directory import Directory
from reconcile.context import ALL_SWITCHES, Conflict
from reconcile.model import Kind
from reconcile.text import fold
from worker.bootstrap import Application
from worker.desk.passes import Unfit, mark_dirty
from worker.settings.kinds import zones
from worker.state import users
from worker.state.users import User, UserSettings

_YES, _NO = ("yes", "on", "true"), ("no", "off", "false")
_WINDOW = re.compile(r"-?(\d{1,4})\.\.\+?(\d{1,4})")


class _Wrong(ValueError):
    """The word does not fit; the message says what would."""


@dataclass(frozen=True, slots=True)
class _Choice:
    read: Callable[[str], dict[str, Any]]
    show: Callable[[UserSettings], str]


def _flag(field: str, on: str, off: str) -> _Choice:
    def read(word: str) -> dict[str, Any]:
        if word not in (on, off):
            raise _Wrong(f"{on} or {off}")
        return {field: word == on}

    return _Choice(read, lambda settings: on if getattr(settings, field) else off)


def _conflict(word: str) -> dict[str, Any]:
    if word not in set(Conflict):
        raise _Wrong(" or ".join(Conflict))
    return {"conflict": Conflict(word)}


def _window(word: str) -> dict[str, Any]:
    found = _WINDOW.fullmatch(word)
    if found is None:
        raise _Wrong("days back and ahead, such as -30..180")
    return {"days_back": int(found[1]), "days_ahead": int(found[2])}


def _zone(word: str) -> dict[str, Any]:
    if word and word not in zones():
        raise _Wrong("an IANA time zone such as Europe/Paris, or nothing for the installation's")
    return {"zone": word}


def _minutes(word: str) -> dict[str, Any]:
    if word != "none" and not (word.isdigit() and int(word) <= 40320):
        raise _Wrong("minutes before the start (up to 40320), or none")
    return {"reminder_minutes": None if word == "none" else int(word)}


def _category(word: str) -> dict[str, Any]:
    if not word.isdigit() or not 1 <= int(word) <= 255:
        raise _Wrong("the number of an appointment category (1 appointment, 2 meeting)")
    return {"appointment_category": int(word)}


def _listed(word: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in word.split(",") if part.strip())


_CHOICES: Mapping[str, _Choice] = {
    "conflict": _Choice(_conflict, lambda s: s.conflict.value),
    "window": _Choice(_window, lambda s: f"-{s.days_back}..{s.days_ahead}"),
    "series": _flag("series", "occurrences", "skip"),
    "attendee_mail": _flag("attendee_mail", "allow", "never"),
    "zone": _Choice(_zone, lambda s: s.zone),
    "private_lists": _Choice(lambda word: {"private_lists": _listed(word)}, lambda s: ",".join(s.private_lists)),
    "private_categories": _Choice(
        lambda word: {"private_categories": _listed(word)}, lambda s: ",".join(s.private_categories)
    ),
    "reminder_minutes": _Choice(_minutes, lambda s: "none" if s.reminder_minutes is None else str(s.reminder_minutes)),
    "delete_done": _flag("delete_done_keep", "keep", "delete"),
    "rich_body": _flag("rich_body_replace", "replace", "keep"),
    "appointment_category": _Choice(_category, lambda s: str(s.appointment_category)),
}


def described(settings: UserSettings) -> dict[str, str]:
    """All choices as words: the switches of U2 first."""
    switches = {name: "yes" if name in settings.switches else "no" for name in ALL_SWITCHES}
    return switches | {name: choice.show(settings) for name, choice in _CHOICES.items()}


def read(settings: UserSettings, pairs: Sequence[str]) -> UserSettings:
    """The settings after `NAME=WORD` pairs. Raises Unfit with everything that is wrong with any of them."""
    wrong, changes, switches = list[str](), dict[str, Any](), set(settings.switches)
    for pair in pairs:
        name, equals, word = pair.partition("=")
        word = word.strip()
        try:
            if not equals:
                raise _Wrong("NAME=VALUE")
            if name.upper() in ALL_SWITCHES:
                (switches.add if _is_yes(word) else switches.discard)(name.upper())
            elif name in _CHOICES:
                changes |= _CHOICES[name].read(word)
            else:
                raise _Wrong("a known name: a switch such as TSKADXDLT, or " + ", ".join(_CHOICES))
        except _Wrong as expected:
            wrong.append(f"{pair}: expected {expected}")
    if wrong:
        raise Unfit("; ".join(wrong) + ".", mend="`x3sync users list --json` shows every name with its present value.")
    return replace(settings, switches=frozenset(switches), **changes)


def _is_yes(word: str) -> bool:
    if word.lower() not in (*_YES, *_NO):
        raise _Wrong("yes or no")
    return word.lower() in _YES


async def change(app: Application, user: User, pairs: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Store changed choices, and answer them: name -> (before, after).

    What was skipped until now has to be found again, so any change asks for complete listings (U2, U6). Raises Unfit, and
    what Graph raises where private lists have to be looked up by their names (S3).
    """
    wanted = read(user.settings, pairs)
    if wanted.private_lists != user.settings.private_lists:
        wanted = replace(wanted, private_lists=await _list_ids(app, user, wanted.private_lists))
    return store(app, user, wanted)


def store(app: Application, user: User, wanted: UserSettings) -> dict[str, tuple[str, str]]:
    """Store settings, and answer what changed. An unchanged user is not marked."""
    before, after = described(user.settings), described(wanted)
    changed = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
    if changed:
        with app.store.begin() as tx:
            users.change(tx, replace(user, settings=wanted))
        mark_dirty(app, [user], "full", "settings")
    return changed


async def import_switches(app: Application, user: User) -> dict[str, tuple[str, str]]:
    """Take the 24 switches from X3's SYNCPAR (U2). Raises Unfit when X3 has no row of the user, TryLater, Stop."""
    site = await app.site().site()
    switches = site.settings.get(user.x3_user)
    if switches is None:
        mend = "Fill the user's synchronization parameters in X3, or use `x3sync users set`."
        raise Unfit(f"X3 has no synchronization parameters (SYNCPAR) of {user.x3_user}.", mend=mend)
    return store(app, user, replace(user.settings, switches=switches))


async def _list_ids(app: Application, user: User, names: Sequence[str]) -> tuple[str, ...]:
    """Private lists are kept by their ids: renaming one must not make it public (S3)."""
    found = await Directory(app.graph()).folders(user.mailbox, Kind.TASK) if names else ()
    ids = []
    for name in names:
        fits = [one.id for one in found if one.id == name] or [one.id for one in found if fold(one.name) == fold(name)]
        if len(fits) != 1:
            there = ", ".join(one.name for one in found)
            raise Unfit(f"{len(fits)} To Do lists are called {name}.", mend=f"There are: {there}. Ids are accepted too.")
        ids.append(fits[0])
    return tuple(ids)
