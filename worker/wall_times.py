"""X3's wall times in another zone (U6).

A link remembers X3's times as instants, as they were read in the user's zone. In another zone the same wall times are other
instants, so what the links remember is read again in it before anything is compared: then a changed setting by itself is
no change of a side (C1), and each item keeps its times until it is edited or a resync says which side is right.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import ZoneInfo

from reconcile.model import ItemType, Kind, Link
from worker.log import logger
from worker.state import links, users
from worker.state.leases import Lease
from worker.state.store import Store
from worker.state.users import User
from x3_adapter.mapping import read_again


def retold(found: Iterable[Link], before: str, now: str) -> list[Link]:
    """Links that remember X3 as read in the zone `before`, as if it had been `now`; a blank `before` is no other zone."""
    if before in ("", now):
        return list(found)
    zones = ZoneInfo(before), ZoneInfo(now)
    return [
        link if link.x3.content is None else replace(link, x3=replace(link.x3, content=read_again(link.x3.content, *zones)))
        for link in found
    ]


def adopt(store: Store, user: User, lease: Lease, zone: str) -> None:
    """From now on the user's links, in whatever state, remember X3 as read in `zone`. Raises leases.LeaseLost."""
    with store.read() as tx:
        before = users.x3_zone(tx, user.id)
    if before == zone:
        return
    with store.begin(lease) as tx:
        users.x3_read_in(tx, user.id, zone)
        if not before:
            return
        events = [link for one in ItemType if one.kind is Kind.EVENT for link in links.of_user(tx, user.id, one)]
        links.save_many(tx, user.id, [(link, None) for link in retold(events, before, zone)])
    logger().info("zone_changed", user=user.x3_user, before=before, after=zone, links=len(events))
