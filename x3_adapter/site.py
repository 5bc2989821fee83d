"""What an installation knows and checks about X3: users, representatives, SYNCPAR, and whether everything is published."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from reconcile.context import ALL_SWITCHES
from reconcile.model import ItemType
from reconcile.port import Refused, Stop, TryLater
from x3_adapter import programs, stamps
from x3_adapter.discovery import Description, describe, read_description
from x3_adapter.mapping import FORMS, IDENTITY, STAMP
from x3_adapter.payload import Data
from x3_adapter.programs import YES
from x3_adapter.soap import X3

T = TypeVar("T")
FOLDER_SWITCHES = ("CRMSYNC", "CRMSYNCTSK", "CRMSYNCCLL", "CRMSYNCBAP", "CRMSYNCCOR")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteUser:
    """An X3 user. `function` is AUSCRMA, `parameter` AUSCRMF, `category` CRMAPTTYP (1 when it is blank, A1)."""

    code: str
    name: str
    enabled: bool
    function: str
    parameter: str
    category: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Representative:
    """A SALESREP and the X3 user behind it."""

    code: str
    name: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """ZGSYNUSR's answer. `switches`: the folder's CRMSYNC parameters; `settings`: X3 user -> the SYNCPAR switches that are
    on (U2)."""

    now: datetime
    switches: Mapping[str, bool]
    users: Mapping[str, SiteUser]
    representatives: Mapping[str, Representative]
    settings: Mapping[str, frozenset[str]]

    def representative_of(self, user: str) -> Representative:
        """U1: AUSCRMF, else the only SALESREP whose AUSNUM is the user.

        Raises Stop, saying what to mend, when the user is unknown, disabled, or has none or several.
        """
        known = self.users.get(user)
        if known is None:
            raise Stop(f"X3 has no user {user}", mend="Give the code of an X3 user (GESAUS).")
        if not known.enabled:
            raise Stop(f"X3 user {user} is not active", mend="Activate the user in GESAUS.")
        if known.parameter:
            found = self.representatives.get(known.parameter)
            if found is None:
                raise Stop(
                    f"AUSCRMF of user {user} names {known.parameter}, which is no representative",
                    mend="Correct AUSCRMF (user parameters, chapter CRM, group COL).",
                )
            return found
        behind = [one for one in self.representatives.values() if one.user == user]
        if len(behind) != 1:
            raise Stop(
                f"user {user} has no AUSCRMF, and {len(behind)} representatives name the user",
                mend="Fill AUSCRMF (user parameters, chapter CRM, group COL), or the user on exactly one representative.",
            )
        return behind[0]


async def read_site(x3: X3, user: str = "") -> Site:
    """Users, representatives and settings; of one X3 user only when `user` is given (all representatives all the same)."""
    return _site(await programs.users(x3, user))


def _site(data: Data) -> Site:
    now = stamps.parse(data.text("NOW"))
    assert now is not None  # programs.users has seen it
    users = [_user(line) for line in data.lines("GRP3") if line.get("USR")]
    representatives = [
        Representative(code=line["REPNUM"], name=line.get("REPNAM", ""), user=line.get("AUSNUM", ""))
        for line in data.lines("GRP4")
        if line.get("REPNUM")
    ]
    return Site(
        now=now,
        switches={name: data.text(name) == YES for name in FOLDER_SWITCHES},
        users={user.code: user for user in users},
        representatives={one.code: one for one in representatives},
        settings={
            line["SYPUSR"]: frozenset(name for name in ALL_SWITCHES if line.get(name) == YES)
            for line in data.lines("GRP5")
            if line.get("SYPUSR")
        },
    )


def _user(line: Mapping[str, str]) -> SiteUser:
    category = line.get("CRMAPTTYP", "")
    return SiteUser(
        code=line["USR"],
        name=line.get("NAM", ""),
        enabled=line.get("ENAFLG") == YES,
        function=line.get("AUSCRMA", ""),
        parameter=line.get("AUSCRMF", ""),
        category=int(category) if category.isdigit() else 1,
    )


# ------------------------------------------------------------------------------------------------- check


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A line of `check`: what is wrong (`why`) and how to mend it."""

    name: str
    ok: bool
    why: str = ""
    mend: str = ""


async def check(x3: X3) -> list[Finding]:
    """Connection, pool, sub-programs, publications, fields, folder parameters; nothing is written.

    Raises nothing foreseen: what the port's errors say becomes a finding. Without a connection the rest is not asked.
    """
    users, failure = await _tried("X3 sub-program " + x3.connection.programs["USERS"], _users(x3))
    if failure is not None and not _published_somewhere(failure):
        return [Finding(name="X3 connection", ok=False, why=failure.why, mend=failure.mend)]
    findings = [Finding(name="X3 connection", ok=True)]
    findings.append(failure or Finding(name="X3 sub-program " + x3.connection.programs["USERS"], ok=True))
    if users is not None:
        findings += _folder(users)
    findings += [await _program(x3, name) for name in ("CHANGES", "KEYS", "ACK")]
    for item_type in ItemType:
        findings += await _object(x3, item_type)
    return findings


def _published_somewhere(failure: Finding) -> bool:
    """Whether X3 was reached and the failure is this sub-program's own."""
    return "GESAWE" in failure.mend or "silently" in failure.why


async def _users(x3: X3) -> Site:
    # A code that cannot exist (X3's have five characters): representatives come anyway, users and settings stay away.
    return await read_site(x3, "-CHECK-")


async def _program(x3: X3, name: str) -> Finding:
    title = "X3 sub-program " + x3.connection.programs[name]
    match name:
        case "CHANGES":
            _, failure = await _tried(title, programs.changes(x3, "", "", since=""))
        case "KEYS":
            _, failure = await _tried(title, programs.known(x3, ItemType.TASK, []))
        case _:  # ACK removes rows, so only its description is asked for
            _, failure = await _tried(title, _described(x3, x3.connection.programs[name]))
    return failure or Finding(name=title, ok=True)


async def _described(x3: X3, publication: str) -> Description:
    return read_description(publication, await x3.describe(publication))


async def _object(x3: X3, item_type: ItemType) -> list[Finding]:
    publication = x3.connection.objects[item_type.code]
    x3.descriptions.pop(publication, None)  # a check looks at what is published now
    screen, failure = await _tried(f"X3 object {publication}", describe(x3, publication))
    if failure is not None or screen is None:
        return [failure] if failure is not None else []
    findings = [Finding(name=f"X3 object {publication}", ok=True)]
    sync_id = x3.connection.sync_id
    has_id = screen.has(sync_id)
    findings.append(
        Finding(
            name=f"X3 field {sync_id} on {publication}",
            ok=has_id,
            why="" if has_id else "the column that makes a repeated create harmless is not on the screen (M7)",
            mend=""
            if has_id
            else f"Add {sync_id} to the table and the screen, with its unique index (infra/x3), and publish "
            "again; until then the create switches of this type are refused.",
        )
    )
    absent = [name for name in FORMS[item_type].needs(screen, sync_id) if name != sync_id]
    findings.append(
        Finding(
            name=f"X3 fields on {publication}",
            ok=not absent,
            why="" if not absent else "not on the published screen: " + ", ".join(absent),
            mend="" if not absent else "Put them on the screen and publish the object again with GESAWE.",
        )
    )
    slow = screen.missing((STAMP, IDENTITY))
    if slow:
        findings.append(
            Finding(
                name=f"X3 audit fields on {publication}",
                ok=True,
                why=f"{', '.join(slow)} not on the screen: a call to the key set is added to each write",
            )
        )
    return findings


def _folder(site: Site) -> list[Finding]:
    off = [name for name, on in site.switches.items() if not on]
    return [
        Finding(
            name="X3 folder parameters",
            ok=not off,
            why=""
            if not off
            else f"off: {', '.join(off)}; X3 feeds no SYNCDATA for these, so deletions show in full passes",
            mend="" if not off else "Set them to yes (folder parameters, chapter CRM, group SYN).",
        )
    ]


async def _tried(title: str, call: Awaitable[T]) -> tuple[T | None, Finding | None]:
    try:
        return await call, None
    except Stop as error:
        return None, Finding(name=title, ok=False, why=str(error), mend=error.mend)
    except Refused as error:
        return None, Finding(name=title, ok=False, why=str(error), mend="Compare it with infra/x3/CONTRACT.md.")
    except TryLater as error:
        return None, Finding(name=title, ok=False, why=str(error), mend="Look at the pool and its trace, then check again.")
