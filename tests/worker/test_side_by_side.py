"""Passes of several users at once, in one process, on what they share."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from tests.system.servers import Servers
from tests.worker.fleet import app, broker, enable, servers, settings, valkey
from worker import desk
from worker.bootstrap import Application

__all__ = ["app", "broker", "servers", "settings", "valkey"]


def person(servers: Servers, mailbox: int) -> None:
    """The same person in a mailbox."""
    body = {"surname": "Twin", "givenName": "Ada", "emailAddresses": [{"address": "ada@north.example", "name": "Ada"}]}
    address = f"{servers.graph}/v1.0/users/rep{mailbox}@contoso.example/contacts"
    answer = httpx.post(address, json=body, headers={"Authorization": "Bearer emulator"}, verify=False)
    assert answer.status_code == 201


def rows(servers: Servers, table: str) -> list[dict[str, Any]]:
    """A table of X3."""
    found: list[dict[str, Any]] = servers.control("GET", "dump", port="x3")[table]
    return found


async def test_m4_a_person_in_two_mailboxes_is_created_once(app: Application, servers: Servers) -> None:
    people = [await enable(app, number) for number in (1, 2)]
    for number in (1, 2):
        person(servers, number)
    # Both passes have looked for the person in X3 before either of them creates him.
    servers.fault("delay", {"operation": "save", "object": "ZCOR"}, port="x3", seconds=0.5, every=True)
    await asyncio.gather(*(desk.pass_or_pause(app, user, cause="test") for user in people))
    assert len(rows(servers, "CORRESPOND")) == 1
    assert sorted(row["COPREP"] for row in rows(servers, "CORREP")) == ["R001", "R002"]
    for user in people:
        assert not any((await desk.pass_or_pause(app, user, cause="test", full=True)).writes.values())
