"""Every error of x3.md's catalogue (section 5, and 3a for the wire) can be had from the emulator, in the form it has there.

What X3 does by itself is provoked; what only its pool or the network does is a switch or a fault.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from .client import Soap, envelope, fld, keys, lst, param, parse
from .conftest import Server

TASK = {"TSKREP": "R001", "FULOBJ": "Call", "TSKDAT": "20260320"}
SAVE = envelope("save", "ZTSK", param(fld(**TASK)))
How = Callable[[Soap, Server], Awaitable[httpx.Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """A documented error: `says` stands in the message, or in the text of an answer that is no SOAP."""

    name: str
    how: How
    says: str = ""
    http: int = 200
    result: bool = False
    status: int = 0
    type: str = "3"


def save(body: str = SAVE, **more: Any) -> How:
    return lambda x3, server: x3.raw(body, **more)


def garbled_token(request: httpx.Request) -> httpx.Request:
    request.headers["Authorization"] = "Bearer garbage"
    return request


def switched(**switches: Any) -> How:
    async def provoke(x3: Soap, server: Server) -> httpx.Response:
        await x3.control("switches", switches)
        return await x3.raw(SAVE)

    return provoke


def fault(action: str, **more: Any) -> How:
    async def provoke(x3: Soap, server: Server) -> httpx.Response:
        server.faults.add({"match": {"operation": "save"}, "action": action, **more}, "x3")
        return await x3.raw(SAVE)

    return provoke


async def exhausted(x3: Soap, server: Server) -> httpx.Response:
    await x3.control("switches", {"pool_exhausted_http": True})
    return await fault("pool_exhausted")(x3, server)


def locked(language: str) -> How:
    async def provoke(x3: Soap, server: Server) -> httpx.Response:
        key = (await x3.save("ZTSK", **TASK)).fields["TSKNUM"]
        held = {"action": "lock", "object": "TSK", "key": key, "seconds": 60, "user": "REP2"}
        await x3.control("user-actions", held)
        return await x3.raw(envelope("modify", "ZTSK", keys(TSKNUM=key) + param(fld(FULOBJ="x")), lang=language))

    return provoke


async def overlapping(x3: Soap, server: Server) -> httpx.Response:
    meeting = {"APTDAT": "20260320", "APTHOU": "0900", "APTDATEND": "20260320", "APTHOUEND": "1000"}
    values = fld(ATPREPMNA="R001", APTOBJ="Visit", **meeting)
    assert (await x3.save("ZBAP", values)).status == 1
    return await x3.raw(envelope("save", "ZBAP", param(values)))


async def twice(x3: Soap, server: Server) -> httpx.Response:
    values = param(fld(**TASK, ZSYNCID="same"))
    assert (await x3.call("save", "ZTSK", values)).status == 1
    return await x3.raw(envelope("save", "ZTSK", values))


ERRORS = (
    Error(name="no child process", how=exhausted, http=500, says="No web services accepted"),
    Error(
        name="wrong alias",
        how=save(envelope("save", "ZTSK", param(fld(**TASK)), pool="X")),
        says="No classic web service pool match to 'X'",
    ),
    Error(name="password", how=save(auth=("x3sync", "no")), http=401, says="Authentication failed..."),
    Error(
        name="token",
        how=save(auth=garbled_token),
        http=401,
        says="Error 30: Invalid token",
    ),
    Error(name="unpublished", how=save(envelope("save", "ZNONE", param(""))), says="Unknown web service (0)"),
    Error(
        name="unpublished, French",
        how=save(envelope("save", "ZNONE", param(""), lang="FRA")),
        says="Service web inexistant",
    ),
    Error(name="change of user", how=switched(pool_trouble="Change login error"), says="Change login error"),
    Error(
        name="pool's user",
        how=switched(pool_trouble="Connection error - Incorrect user code or password"),
        says="Connection error - Incorrect user code or password",
    ),
    Error(
        name="unknown field",
        how=save(envelope("save", "ZTSK", param(fld(NOSUCH="1")))),
        says="Cannot add field [FLD] under root node. Field [NOSUCH] not found into X3 description.",
    ),
    Error(
        name="group without id",
        how=save(envelope("save", "ZTSK", param(f"<GRP>{fld(FULOBJ='x')}</GRP>"))),
        says="No attribute ID found into GRP tag.",
    ),
    Error(
        name="table as a group",
        how=save(envelope("save", "ZCOR", param(f'<GRP ID="COP1_1">{fld(COPREP="R001")}</GRP>'))),
        says="has a dimension greater than 1. You have to use TAB Xml tag.",
    ),
    Error(name="lock", how=locked("ENG"), says="being modified"),
    Error(name="lock, French", how=locked("FRA"), says="en cours de modification"),
    Error(name="silence", how=fault("nil_result", status=0)),
    Error(name="cold client", how=fault("nil_result", status=1), status=1),
    Error(name="overlap", how=overlapping, says="already taken by appointment"),
    Error(name="duplicate", how=twice, says="already exists"),
    Error(
        name="mandatory field",
        how=save(envelope("save", "ZTSK", param(fld(TSKREP="R001")))),
        says="Mandatory field",
    ),
    Error(
        name="past due date",
        how=save(envelope("save", "ZTSK", param(fld(**{**TASK, "TSKDAT": "20200101"})))),
        says="in the past",
        status=1,
        result=True,
        type="2",
    ),
    Error(
        name="too long a list",
        how=save(envelope("save", "ZBAP", param(lst("APTCOR", *("x" for _ in range(11)))))),
        says="APTCOR",
    ),
    Error(name="too many calls", how=fault("status", status=429, retry_after=5), http=429),
    Error(name="gateway", how=fault("html_502"), http=502, says="502"),
)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.name)
async def test_every_documented_error_is_reachable(x3: Soap, server: Server, error: Error) -> None:
    answer = await error.how(x3, server)
    assert answer.status_code == error.http, answer.text
    if error.http != 200:
        assert error.says in answer.text
        return
    said = parse(answer.text)
    assert (said.status, said.result is not None) == (error.status, error.result)
    if error.says:
        assert [kind for kind, text in said.messages if error.says in text] == [error.type], said.messages
    else:
        assert said.messages == []


async def test_an_answer_lost_leaves_the_outcome_unknown(x3: Soap, server: Server) -> None:
    with pytest.raises(httpx.TransportError):
        await fault("drop_after_commit")(x3, server)
    found = await x3.call("query", "ZTSK", f"{keys(TSKNUM='*')}<listSize>10</listSize>")
    assert found.result
    assert found.result.count("<LIN") == 1
