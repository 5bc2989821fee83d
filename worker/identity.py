"""Whose database this is (G6): the installation's id stands in the database and outside it. A copied database, or another
public address, refuses all writes until `x3sync db claim`.

An embedded database and the file of its id lie in one folder, and are copied together. So the second line of the file says
where it was made: in which folder, and on which machine where that has an id of its own.
"""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

from worker.clock import Clock
from worker.settings import Settings
from worker.state import passes
from worker.state.passes import Installation
from worker.state.store import Store

MACHINE = Path("/etc/machine-id")
MEND = "If this installation shall go on with this database, say `x3sync db claim`."


class NotOurs(Exception):
    """The database belongs to another installation: nothing is written."""


def outside(settings: Settings) -> str:
    """The id that lives outside the database: the setting, else the file; blank where there is none yet."""
    return settings.installation or _kept(settings)[0]


def _kept(settings: Settings) -> tuple[str, str]:
    """The id of the file and where it was made, blank where it does not say."""
    path = settings.installation_path
    lines = path.read_text().split("\n") if path.exists() else []
    own, place, *_ = *lines, "", ""
    return own.strip(), place.strip()


def _here(settings: Settings) -> str:
    """This place, as the file names it. A database that is shared is in no folder: its workers may copy the file."""
    if settings.installation or not settings.database_url.get_secret_value().startswith("sqlite"):
        return ""
    machine = MACHINE.read_text().strip() if MACHINE.exists() else ""
    return hashlib.sha256(f"{machine} {settings.installation_path.parent.resolve()}".encode()).hexdigest()[:32]


def _was_copied(settings: Settings) -> bool:
    here, made = _here(settings), _kept(settings)[1]
    return bool(here and made) and here != made


def prove(settings: Settings, store: Store, clock: Clock, fp: str) -> None:
    """A new database is claimed for this installation; a known one must be its own. Raises NotOurs."""
    with store.read() as tx:
        known = passes.installation(tx)
    if known is None:
        claim(settings, store, clock, fp)
        return
    if known.installation_id != outside(settings):
        raise NotOurs(f"the database was made by another installation. {MEND}")
    if _was_copied(settings):
        raise NotOurs(f"the folder {settings.installation_path.parent} was made elsewhere: it is a copy, or moved. {MEND}")
    if known.public_url != settings.public_url:
        raise NotOurs(f"the database was made for the public address {known.public_url or '(none)'}. {MEND}")
    if known.fp != fp:
        raise NotOurs(f"the database was made for another tenant, X3 server or X3 folder. {MEND}")


def claim(settings: Settings, store: Store, clock: Clock, fp: str) -> Installation:
    """`x3sync db claim`: from now on the database is this installation's."""
    own = uuid.uuid4().hex if _was_copied(settings) else outside(settings) or uuid.uuid4().hex
    kept = own, _here(settings)
    if not settings.installation and kept != _kept(settings):
        settings.installation_path.parent.mkdir(parents=True, exist_ok=True)
        settings.installation_path.write_text("\n".join((*filter(None, kept), "")))
    identity = Installation(installation_id=own, fp=fp, public_url=settings.public_url, created=clock.now())
    with store.begin() as tx:
        known = passes.installation(tx)
        if known is not None and (known.installation_id, known.fp) != (own, fp):
            # They may still be the subscriptions of the installation the database was copied from, which needs them.
            passes.forget_subscriptions(tx)
        passes.claim_installation(tx, identity)
    return identity
