"""The connection test (the seed's button): what is wrong and how to mend it, a line each. Nothing is written.

One dead part does not hide the others: each is asked by itself, and what cannot be asked because another part is missing
is not mentioned twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from urllib.error import URLError

import redis
from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from graph_adapter.directory import Directory, Finding
from reconcile.port import Stop, TryLater
from worker import credentials, identity
from worker.bootstrap import Application, x3_connection
from worker.desk.passes import everyone, find_user
from worker.settings import Settings, SettingsProblem, load
from worker.state import passes, revision, users
from worker.state.users import User, UserState
from x3_adapter import site as x3_site
from x3_adapter.site import Site
from x3_adapter.soap import X3

__all__ = ["Finding", "check"]

BROKER_SECONDS = 5.0
_UPGRADE = "Run `x3sync db upgrade`."


async def check(who: str = "", *, env_file: Path | None = Path(".env")) -> list[Finding]:
    """All findings: settings, clock, database, broker, Entra, X3, and each user's mailbox and folders (or those of `who`).

    Raises desk.Unfit for an unknown user only; everything else is a finding.
    """
    try:
        settings = load(env_file)
    except SettingsProblem as problem:
        return [Finding(name=one.name, ok=False, why=one.what, mend=one.mend) for one in problem.problems]
    findings = [Finding(name="settings", ok=True)]
    app, missing = _open(settings)
    try:
        database = [missing] if missing is not None else await asyncio.to_thread(_database, app)
        findings += [_clock(app), *database, await asyncio.to_thread(_broker, settings)]
        chosen: list[User] = []
        if all(finding.ok for finding in database):
            chosen = [find_user(app, who)] if who else everyone(app)
        return [*findings, *await _worlds(app, chosen)]
    finally:
        await app.aclose()


def _open(settings: Settings) -> tuple[Application, Finding | None]:
    """The application; where its database cannot be opened without making one, an empty one in memory and a finding."""
    spare = settings.model_copy(update={"database_url": SecretStr("sqlite://")})
    try:
        url = make_url(settings.database_url.get_secret_value())
        file = url.database if url.get_backend_name() == "sqlite" else None
        if file and file != ":memory:" and not Path(file).exists():
            return Application.open(spare), Finding(name="database", ok=False, why="there is none yet", mend=_UPGRADE)
        return Application.open(settings), None
    except (ArgumentError, ValueError, OSError) as wrong:
        why = str(wrong) if isinstance(wrong, ValueError) else f"it cannot be opened ({type(wrong).__name__})"
        return Application.open(spare), Finding(name="database", ok=False, why=why, mend="Correct X3SYNC_DATABASE_URL.")


# ------------------------------------------------------------------------------------------ this machine


def _clock(app: Application) -> Finding:
    try:
        app.clock.now()
    except (URLError, OSError, ValueError) as wrong:
        return Finding(name="clock", ok=False, why=str(wrong), mend="Remove X3SYNC_CLOCK_URL; it is for tests.")
    return Finding(name="clock", ok=True)


def _database(app: Application) -> list[Finding]:
    try:
        found = revision.current(app.store.engine)
    except SQLAlchemyError as dead:
        why = f"it does not answer ({type(dead).__name__})"
        return [Finding(name="database", ok=False, why=why, mend="Check X3SYNC_DATABASE_URL, the server and its rights.")]
    if found != revision.NEWEST:
        why = "it has no tables yet" if found is None else f"its tables are those of revision {found}"
        return [Finding(name="database", ok=False, why=why, mend=_UPGRADE)]
    return [Finding(name="database", ok=True), _installation(app)]


def _installation(app: Application) -> Finding:
    """G6, without claiming a new database."""
    name = "database identity"
    with app.store.read() as tx:
        known = passes.installation(tx)
    if known is None:
        return Finding(name=name, ok=True, why="new: it becomes this installation's with the first write")
    try:
        identity.prove(app.settings, app.store, app.clock, app.fp)
    except identity.NotOurs as foreign:
        return Finding(name=name, ok=False, why=str(foreign), mend=identity.MEND)
    return Finding(name=name, ok=True)


def _broker(settings: Settings) -> Finding:
    url = settings.redis_url.get_secret_value()
    if not url:
        return Finding(name="broker", ok=True, why="none set: `x3sync up` brings an embedded Valkey")
    try:
        client = redis.Redis.from_url(url, socket_timeout=BROKER_SECONDS, socket_connect_timeout=BROKER_SECONDS)
        client.ping()
        client.close()
    except (redis.RedisError, ValueError, OSError) as dead:
        why = f"it does not answer ({type(dead).__name__})"
        return Finding(name="broker", ok=False, why=why, mend="Start the server, or correct X3SYNC_REDIS_URL.")
    return Finding(name="broker", ok=True)


# -------------------------------------------------------------------------------------------- both sides


async def _worlds(app: Application, chosen: Iterable[User]) -> list[Finding]:
    """Both sides at once; then the users, as far as their sides answer."""
    (entra, directory), (x3, site) = await asyncio.gather(_entra(app), _x3(app))
    findings = [*entra, *x3]
    for user in chosen:
        findings += await _user(app, user, directory, site)
    return findings


async def _entra(app: Application) -> tuple[list[Finding], Directory | None]:
    try:
        directory = Directory(app.graph().view(read_only=True))
    except Stop as stop:
        return [Finding(name="Entra token", ok=False, why=str(stop), mend=stop.mend)], None
    token = await directory.check_token()
    return [token, *_credential(app)], directory if token.ok else None


def _credential(app: Application) -> list[Finding]:
    """When the credential ends, as far as it says so. One that still works is well: it only has to be told."""
    try:
        end, words = credentials.ends(app.settings), credentials.told(app.settings, app.clock.now())
    except (ValueError, OSError) as wrong:
        mend = "Correct X3SYNC_GRAPH__CERTIFICATE_PATH."
        return [Finding(name="Entra credential", ok=False, why=f"it cannot be read: {wrong}", mend=mend)]
    if end is None:
        return []
    ok = end > app.clock.now()
    why = words or f"it ends on {end:%Y-%m-%d}"
    return [Finding(name="Entra credential", ok=ok, why=why, mend=credentials.MEND if words else "")]


async def _x3(app: Application) -> tuple[list[Finding], Site | None]:
    try:
        x3 = X3.connect(x3_connection(app.settings), read_only=True, clock=app.clock.now)
    except Stop as stop:
        return [Finding(name="X3 connection", ok=False, why=str(stop), mend=stop.mend)], None
    try:
        lines = await x3_site.check(x3)
        found = [Finding(name=line.name, ok=line.ok, why=line.why, mend=line.mend) for line in lines]
        try:
            return found, await x3_site.read_site(x3)
        except (TryLater, Stop):
            return found, None  # `check` has named it
    finally:
        await x3.aclose()


async def _user(app: Application, user: User, directory: Directory | None, site: Site | None) -> list[Finding]:
    code = user.x3_user
    if user.state is UserState.PAUSED:
        mend = f"Mend it, then `x3sync users resume {code}`."
        findings = [Finding(name=f"{code}", ok=False, why=f"paused: {user.paused_why}", mend=mend)]
    else:
        findings = []
    if site is not None:
        findings.append(_representative(user, site))
    if directory is None:
        return findings
    lines = await directory.check_mailbox(user.mailbox)
    findings += [Finding(name=f"{code} {line.name}", ok=line.ok, why=line.why, mend=line.mend) for line in lines]
    if not all(line.ok for line in lines):
        return findings
    with app.store.read() as tx:
        folders = users.folders(tx, user.id)
    for folder in folders:
        line = await directory.check_folder(user.mailbox, folder.kind, folder.folder_id)
        name = f"{code} {folder.kind.value} folder {folder.name}"
        findings.append(Finding(name=name, ok=line.ok, why=line.why, mend=line.mend))
    return findings


def _representative(user: User, site: Site) -> Finding:
    """U1: X3 still says what it said when the user was enabled."""
    name = f"{user.x3_user} representative"
    try:
        found = site.representative_of(user.x3_user)
    except Stop as stop:
        return Finding(name=name, ok=False, why=str(stop), mend=stop.mend)
    if found.code != user.representative:
        why = f"X3 now says {found.code}, the user was enabled with {user.representative}"
        return Finding(name=name, ok=False, why=why, mend="Remove the user and add him again, or correct AUSCRMF in X3.")
    return Finding(name=name, ok=True)
