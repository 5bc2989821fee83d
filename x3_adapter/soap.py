"""The connection to X3: one HTTP pool, the operations of CAdxWebServiceXmlCC, and who may call how often.

Here and nowhere else requests to X3 are sent, counted, limited to the pool's size (a fuller pool only queues them inside
X3), repeated when that is harmless, and refused when the pass may not write (G4).
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from reconcile.model import Side
from reconcile.port import Stop, TryLater
from x3_adapter import envelope, errors
from x3_adapter.envelope import Argument, Reply
from x3_adapter.payload import Data, parse
from x3_adapter.token import Jwt

if TYPE_CHECKING:
    from x3_adapter.discovery import Description

ENDPOINT = "/soap-generic/syracuse/collaboration/syracuse/CAdxWebServiceXmlCC"
_WRITING = frozenset({"save", "modify", "delete", "deleteLines"})
_TRIES = 3
_LONGEST_WAIT = 5.0  # seconds between two tries inside a pass; what needs longer is the pass's own back-off
_AFTER_TIMEOUT = 30.0  # seconds until a pass that timed out is worth trying again

Limiter = Callable[[], AbstractAsyncContextManager[object]]


def _objects() -> dict[str, str]:
    return {"TSK": "ZTSK", "CLL": "ZCLL", "BAP": "ZBAP", "COR": "ZCOR"}


def _programs() -> dict[str, str]:
    return {"CHANGES": "ZGSYNCHG", "ACK": "ZGSYNACK", "USERS": "ZGSYNUSR", "KEYS": "ZGSYNKEY"}


@dataclass(frozen=True, slots=True, kw_only=True)
class X3Connection:
    """Where X3 is and how it lets us in: Basic (`user`, `password`), or `jwt` for a connected application.

    `timeout` in seconds (a save was seen to take 17); `pool_size` is how many calls one process may have in flight;
    `page` how many rows a sub-program gives in one call (at most 1000); `sync_id` the column of M7;
    `verify` is the path of a CA bundle, None for the system's.
    """

    base_url: str
    pool: str
    folder: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    jwt: Jwt | None = None
    language: str = "ENG"
    timeout: float = 120.0
    pool_size: int = 4
    page: int = 1000
    objects: Mapping[str, str] = field(default_factory=_objects)
    programs: Mapping[str, str] = field(default_factory=_programs)
    sync_id: str = "ZSYNCID"
    verify: str | None = None


@functools.cache
def _authorities(bundle: str | None) -> ssl.SSLContext:
    """Whom to trust, read once a process: it takes longer than many a command's whole work."""
    return httpx.create_ssl_context(verify=bundle or True)


@dataclass(slots=True)
class Counters:
    """What was asked of X3; `sent` and `received` in bytes, because X3's licence counts volume."""

    requests: int = 0
    writes: int = 0
    sent: int = 0
    received: int = 0


class X3:
    """One connection for a process; every user's endpoint shares it. Must be closed.

    All operations raise the errors of `reconcile.port`.
    """

    def __init__(
        self,
        connection: X3Connection,
        client: httpx.AsyncClient,
        *,
        read_only: bool,
        limit: Limiter | None,
        clock: Callable[[], datetime] | None,
    ) -> None:
        self.connection = connection
        self.read_only = read_only
        self.counters = Counters()
        self.descriptions: dict[str, Description] = {}
        self._client = client
        self._slots = asyncio.Semaphore(connection.pool_size)
        self._limit: Limiter = limit or nullcontext
        self._clock = clock
        self._token: tuple[str, datetime] | None = None
        self._server_now: tuple[datetime, float] | None = None

    @classmethod
    def connect(
        cls,
        connection: X3Connection,
        *,
        read_only: bool = False,
        limit: Limiter | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> X3:
        """A connection; nothing is sent yet.

        `limit` is taken around every request (the limit shared by all processes); `clock` is needed for tokens only.
        Raises Stop when a token is asked for without a clock, or no credentials are given.
        """
        if connection.jwt is not None and clock is None:
            raise Stop("a connected application's token needs a clock", side=Side.X3)
        if connection.jwt is None and not connection.user:
            raise Stop("no credentials for X3", mend="Set X3SYNC_X3__USER or X3SYNC_X3__JWT_*.", side=Side.X3)
        client = httpx.AsyncClient(
            base_url=connection.base_url.rstrip("/"),
            auth=None if connection.jwt else httpx.BasicAuth(connection.user, connection.password),
            timeout=httpx.Timeout(connection.timeout, connect=min(10.0, connection.timeout)),
            limits=httpx.Limits(max_connections=connection.pool_size, max_keepalive_connections=connection.pool_size),
            verify=_authorities(connection.verify),
        )
        return cls(connection, client, read_only=read_only, limit=limit, clock=clock)

    def view(self, *, read_only: bool = False, limit: Limiter | None = None) -> X3:
        """Another pass over the same connection, with its own counters; `limit` takes the place of the connection's. Only
        the connected one is closed."""
        seen = X3(self.connection, self._client, read_only=read_only, limit=limit or self._limit, clock=self._clock)
        seen.descriptions, seen._slots, seen._token = self.descriptions, self._slots, self._token
        return seen

    async def aclose(self) -> None:
        """Close the HTTP pool."""
        await self._client.aclose()

    # ------------------------------------------------------------------------------------------- operations

    async def read(self, publication: str, keys: Mapping[str, str]) -> Data:
        """One record."""
        return await self._asked("read", publication, {"objectKeys": keys})

    async def query(self, publication: str, keys: Mapping[str, str], size: int) -> Data:
        """At most `size` lines of the object's list; X3 has no paging here."""
        return await self._asked("query", publication, {"objectKeys": keys, "listSize": size})

    async def describe(self, publication: str) -> str:
        """The raw answer of getDescription; `discovery` reads it."""
        reply = await self._repeated("getDescription", publication, {}, {})
        return reply.result or ""

    async def run(self, program: str, param: str, *, writes: bool = False) -> Data:
        """A published sub-program. `writes` for ACK, the only one that changes anything; it is refused in a dry run, and
        may be repeated all the same, since acknowledging twice is acknowledging."""
        if writes:
            self._may_write("run", program)
        return await self._asked("run", program, {"inputXml": param})

    async def save(self, publication: str, param: str, names: Mapping[str, str] | None = None) -> Data | None:
        """Create a record: how it looks now, or None when X3 answers success without a result.

        `names` maps X3's field names to merge fields, for refusals.
        """
        return await self._written("save", publication, {"objectXml": param}, names)

    async def modify(
        self, publication: str, keys: Mapping[str, str], param: str, names: Mapping[str, str] | None = None
    ) -> Data | None:
        """Change the given fields of a record; the answer as for `save`."""
        return await self._written("modify", publication, {"objectKeys": keys, "objectXml": param}, names)

    async def delete(self, publication: str, keys: Mapping[str, str]) -> None:
        """Delete a record."""
        await self._written("delete", publication, {"objectKeys": keys}, None)

    async def delete_lines(
        self, publication: str, keys: Mapping[str, str], block: str, lines: Sequence[str]
    ) -> Data | None:
        """Delete lines of a record's table, by their numbers from 1."""
        return await self._written(
            "deleteLines", publication, {"objectKeys": keys, "blocKey": block, "lineKeys": lines}, None
        )

    # ------------------------------------------------------------------------------------------- X3's clock

    def observed(self, now: datetime) -> None:
        """Remember what X3 said its time was (`NOW` of a sub-program)."""
        self._server_now = (now, asyncio.get_running_loop().time())

    def not_before(self) -> datetime | None:
        """An instant X3's clock has reached for certain: its last `NOW` and the time passed here since."""
        if self._server_now is None:
            return None
        now, heard = self._server_now
        return now + timedelta(seconds=asyncio.get_running_loop().time() - heard)

    # --------------------------------------------------------------------------------------------- requests

    async def _asked(self, operation: str, publication: str, arguments: Mapping[str, Argument]) -> Data:
        reply = await self._repeated(operation, publication, arguments, {})
        if reply.result is None:  # _repeated has asked again already: a cold client (x3.md, section 5)
            raise TryLater(f"{publication}: X3 answers without a result")
        return _parsed(reply.result, publication, writes=False)

    async def _written(
        self, operation: str, publication: str, arguments: Mapping[str, Argument], names: Mapping[str, str] | None
    ) -> Data | None:
        self._may_write(operation, publication)
        reply = await self._once(operation, publication, arguments, names or {})
        return _parsed(reply.result, publication, writes=True) if reply.result is not None else None

    def _may_write(self, operation: str, publication: str) -> None:
        if self.read_only:
            raise Stop(f"a dry run does not write: {operation} {publication} (G4)")

    async def _repeated(
        self, operation: str, publication: str, arguments: Mapping[str, Argument], names: Mapping[str, str]
    ) -> Reply:
        """A harmless call: three tries, and at once a second one when a cold client answers nothing."""
        async for attempt in AsyncRetrying(
            stop=stop_after_attempt(_TRIES), wait=_pause, retry=retry_if_exception(_soon), reraise=True
        ):
            with attempt:
                reply = await self._once(operation, publication, arguments, names)
                if reply.result is None:
                    reply = await self._once(operation, publication, arguments, names)
                return reply
        raise AssertionError("tenacity either returns or raises")

    async def _once(
        self, operation: str, publication: str, arguments: Mapping[str, Argument], names: Mapping[str, str]
    ) -> Reply:
        writes = operation in _WRITING
        content = envelope.request(
            operation,
            language=self.connection.language,
            pool=self.connection.pool,
            arguments={"publicName": publication, **arguments},
        )
        response = await self._post(content, writes=writes)
        if response.status_code == 401 and self._token is not None:
            self._token = None  # it may have run out on X3's clock: one new one, then it is a matter for a person
            response = await self._post(content, writes=writes)
        if response.status_code != 200:
            raise self._http_error(response, writes=writes)
        try:
            reply = envelope.parse(response.content, operation)
        except ValueError as error:
            raise TryLater(f"{publication}: {error}", sent=writes) from error
        if reply.status != 1:
            self._forget_description(publication, reply)
            raise errors.of_reply(
                reply.messages, (reply.process_report, reply.trace), publication=publication, writes=writes, names=names
            )
        return reply

    def _forget_description(self, publication: str, reply: Reply) -> None:
        """A field that is not where it was: the object was published anew, so its description is asked for again."""
        if any(errors.NOT_ON_SCREEN.search(message) for message in reply.messages):
            self.descriptions.pop(publication, None)

    async def _post(self, content: bytes, *, writes: bool) -> httpx.Response:
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'} | self._bearer()
        async with self._slots, self._limit():
            self.counters.requests += 1
            self.counters.writes += writes
            self.counters.sent += len(content)
            try:
                response = await self._client.post(ENDPOINT, content=content, headers=headers)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    why = f"X3's certificate is not trusted: {error}"
                    mend = "Set X3SYNC_X3__CA_BUNDLE to a PEM file with the authority that signed it."
                    raise Stop(why, mend=mend, side=Side.X3) from error
                raise TryLater(f"X3 cannot be reached: {type(error).__name__}") from error
            except httpx.UnsupportedProtocol as error:
                raise Stop(f"not an address: {error}", mend="Check X3SYNC_X3__BASE_URL.", side=Side.X3) from error
            except httpx.ReadTimeout as error:
                # Waiting as long again for a harmless call helps nobody: that is the pass's own back-off.
                raise TryLater("X3 does not answer in time", retry_after=_AFTER_TIMEOUT, sent=writes) from error
            except httpx.RequestError as error:
                raise TryLater(f"the connection to X3 broke: {type(error).__name__}", sent=writes) from error
            self.counters.received += len(response.content)
            return response

    def _bearer(self) -> dict[str, str]:
        jwt = self.connection.jwt
        if jwt is None or self._clock is None:
            return {}
        now = self._clock()
        if self._token is None or now >= self._token[1]:
            self._token = (jwt.sign(now), now + timedelta(seconds=jwt.seconds * 0.8))
        return {"Authorization": f"Bearer {self._token[0]}"}

    def _http_error(self, response: httpx.Response, *, writes: bool) -> Exception:
        pause = _retry_after(response)
        return errors.of_http(response.status_code, response.text, writes=writes, retry_after=pause)


def _parsed(result: str, publication: str, *, writes: bool) -> Data:
    try:
        return parse(result)
    except ValueError as error:
        raise TryLater(f"{publication}: {error}", sent=writes) from error


def _pause(state: RetryCallState) -> float:
    """Seconds to wait: what X3 asked for, else doubling from a quarter."""
    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.retry_after if isinstance(error, TryLater) else None
    doubling: float = 0.25 * 2.0 ** (state.attempt_number - 1)
    return doubling if asked is None else asked


def _soon(error: BaseException) -> bool:
    """Whether trying again may help within this pass."""
    return isinstance(error, TryLater) and (error.retry_after or 0.0) <= _LONGEST_WAIT


def _retry_after(response: httpx.Response) -> float | None:
    """Retry-After in seconds; a date is measured against the same answer's Date."""
    asked = response.headers.get("Retry-After", "")
    if asked.isdigit():
        return float(asked)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - parsedate_to_datetime(response.headers["Date"])).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None
