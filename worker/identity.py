"""Whose database this is (G6): the installation's id stands in the database and outside it. A copied database, or another
public address, refuses all writes until `x3sync db claim`."""

from __future__ import annotations

import uuid

from worker.clock import Clock
from worker.settings import Settings
from worker.state import passes
from worker.state.passes import Installation
from worker.state.store import Store

MEND = "If this installation shall go on with this database, say `x3sync db claim`."


class NotOurs(Exception):
    """The database belongs to another installation: nothing is written."""


def outside(settings: Settings) -> str:
    """The id that lives outside the database: the setting, else the file; blank where there is none yet."""
    if settings.installation:
        return settings.installation
    path = settings.installation_path
    return path.read_text().strip() if path.exists() else ""


def prove(settings: Settings, store: Store, clock: Clock, fp: str) -> None:
    """A new database is claimed for this installation; a known one must be its own. Raises NotOurs."""
    with store.read() as tx:
        known = passes.installation(tx)
    if known is None:
        claim(settings, store, clock, fp)
        return
    if known.installation_id != outside(settings):
        raise NotOurs(f"the database was made by another installation. {MEND}")
    if known.public_url != settings.public_url:
        raise NotOurs(f"the database was made for the public address {known.public_url or '(none)'}. {MEND}")
    if known.fp != fp:
        raise NotOurs(f"the database was made for another tenant, X3 server or X3 folder. {MEND}")


def claim(settings: Settings, store: Store, clock: Clock, fp: str) -> Installation:
    """`x3sync db claim`: from now on the database is this installation's."""
    own = outside(settings)
    if not own:
        own = uuid.uuid4().hex
        settings.installation_path.parent.mkdir(parents=True, exist_ok=True)
        settings.installation_path.write_text(own + "\n")
    identity = Installation(installation_id=own, fp=fp, public_url=settings.public_url, created=clock.now())
    with store.begin() as tx:
        known = passes.installation(tx)
        if known is not None and (known.installation_id, known.fp) != (own, fp):
            # They may still be the subscriptions of the installation the database was copied from, which needs them.
            passes.forget_subscriptions(tx)
        passes.claim_installation(tx, identity)
    return identity
