"""The way to Graph: the SDK builds and sends every request, we decode the bytes that come back (ADR 0001).

One `Graph` is one pass's view of a shared connection: its own counts, pace and read-only switch over one HTTP pool, one
credential and one set of lanes. The SDK's retry handler is off, because it resends POSTs; single idempotent calls are
tried again here (tenacity), everything else is the shell's business.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import httpx
import msgspec
from kiota_abstractions.api_error import APIError
from kiota_abstractions.request_information import RequestInformation
from kiota_http.kiota_client_factory import KiotaClientFactory
from kiota_http.middleware.options import HeadersInspectionHandlerOption, RetryHandlerOption
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.graph_request_adapter import options as sdk_options
from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]  # it publishes none
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from graph_adapter import errors
from graph_adapter.connection import Bearer, GraphConnection
from graph_adapter.gate import Counts, Gate, Pass
from graph_adapter.lanes import Lanes
from reconcile.model import Side
from reconcile.port import Moved, Refused, Stop, TryLater

T = TypeVar("T")
Pace = Callable[[str, int], Awaitable[None]]
_TRIES = 3
_LONGEST_WAIT = 5.0  # seconds; what takes longer is given back to the shell
_HTTP_CONNECTIONS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A success: the body's bytes and the server's own clock at it (None when it sent no Date)."""

    body: bytes
    now: datetime | None

    def decode(self, shape: type[T]) -> T:
        """The body as a Struct. Raises TryLater when it is not what Graph sends, such as a proxy's page with status 200."""
        try:
            return msgspec.json.decode(self.body, type=shape)
        except msgspec.DecodeError as error:
            raise TryLater(f"Unreadable answer from Microsoft Graph: {type(error).__name__}") from error


@functools.cache
def _authorities(bundle: str | None) -> ssl.SSLContext:
    """Whom to trust, read once a process: it takes longer than many a command's whole work."""
    return httpx.create_ssl_context(verify=bundle or True)


class _Connection:
    """What all views share."""

    def __init__(self, connection: GraphConnection) -> None:
        self.settings = connection
        self.bearer = Bearer(connection)
        self.lanes = Lanes()
        # A server on this machine is never behind the environment's proxy.
        client = httpx.AsyncClient(
            timeout=httpx.Timeout(connection.timeout, connect=min(connection.timeout, 30.0)),
            limits=httpx.Limits(max_connections=_HTTP_CONNECTIONS, max_keepalive_connections=_HTTP_CONNECTIONS),
            verify=_authorities(connection.verify),
            trust_env=not connection.loopback,
            http2=True,
        )
        options = {**sdk_options, RetryHandlerOption.get_key(): RetryHandlerOption(max_retries=0)}
        middleware = [
            *KiotaClientFactory.get_default_middleware(options),
            GraphClientFactory._get_telemetry_handler(options),
            Gate(),
        ]
        self.http = GraphClientFactory.create_with_custom_middleware(middleware, client=client)
        self.adapter = GraphRequestAdapter(self.bearer, self.http)
        self.adapter.base_url = connection.root
        self.service = GraphServiceClient(request_adapter=self.adapter)


class Graph:
    """Sends requests for one pass. Made by `connect`, or by `view` from another one."""

    def __init__(self, shared: _Connection, *, read_only: bool, pace: Pace | None) -> None:
        self._shared = shared
        self._pass = Pass(read_only=read_only)
        self._pace = pace
        self.now: datetime | None = None  # the server's clock at its last answer, aware, UTC

    @classmethod
    def connect(cls, connection: GraphConnection, *, read_only: bool = False, pace: Pace | None = None) -> Graph:
        """Open a connection; nothing is sent yet. `pace(mailbox, parts)` is awaited before anything is sent.

        Raises Stop when the credential is incomplete, or static and the server is not on this machine.
        """
        return cls(_Connection(connection), read_only=read_only, pace=pace)

    def view(self, *, read_only: bool = False, pace: Pace | None = None) -> Graph:
        """Another pass over the same connection, with its own counts. Only the connected one is closed."""
        return Graph(self._shared, read_only=read_only, pace=pace)

    async def aclose(self) -> None:
        """Close the HTTP pool and the credential."""
        await self._shared.http.aclose()
        self._shared.bearer.close()

    @property
    def users(self) -> Any:
        """The SDK's request builders below /users."""
        return self._shared.service.users

    @property
    def service(self) -> Any:
        """The SDK's request builders."""
        return self._shared.service

    @property
    def adapter(self) -> Any:
        """The SDK's request adapter: request builders need it for their serialiser."""
        return self._shared.adapter

    @property
    def root(self) -> str:
        """The base URL, without a slash at its end."""
        return self._shared.settings.root

    @property
    def read_only(self) -> bool:
        """Whether every write is refused (G4)."""
        return self._pass.read_only

    def counts(self) -> Counts:
        """What was sent since the start or the last reset."""
        return replace(self._pass.counts)

    def reset_counts(self) -> Counts:
        """The counts, which start again at nothing."""
        counted, self._pass.counts = self._pass.counts, Counts()
        return counted

    async def check_token(self) -> None:
        """Get a token. Raises Stop when the credential is refused, TryLater when Entra does not answer."""
        await self._shared.bearer.token()

    async def send(self, info: RequestInformation, mailbox: str, *, token: bool = False) -> Reply:
        """Send one request. `token`: it carries a delta token.

        GET is tried up to three times; DELETE and a conditional PATCH only after an answer that says that nothing was
        done; POST never. Raises the port's five errors, and `Gone` and `Duplicate` of errors.py.
        """
        method = _method(info)
        asked = errors.Asked(write=method != "GET", token=token, create=method == "POST")
        conditional = method == "DELETE" or (method == "PATCH" and bool(info.headers.get("If-Match")))

        def again(error: BaseException) -> bool:
            if not isinstance(error, TryLater) or (error.retry_after or 0.0) > _LONGEST_WAIT:
                return False
            return method == "GET" or (conditional and not error.sent)

        return await _trying(again)(self._once, info, mailbox, asked, 1)

    async def send_batch(self, info: RequestInformation, mailbox: str, *, parts: int, reads: bool) -> Reply:
        """Send a `$batch` of that many parts; tried again only when all of them only read (`reads`).

        Raises Stop and TryLater: what an answer to the batch itself says, such as 404, proves nothing about a part (S8).
        """

        def again(error: BaseException) -> bool:
            return reads and isinstance(error, TryLater) and (error.retry_after or 0.0) <= _LONGEST_WAIT

        try:
            return await _trying(again)(self._once, info, mailbox, errors.Asked(write=not reads), parts)
        except (errors.Gone, Moved, Refused) as error:
            raise TryLater(f"The batch was not taken: {error}", sent=not reads) from error

    async def _once(self, info: RequestInformation, mailbox: str, asked: errors.Asked, parts: int) -> Reply:
        if self._pace is not None:
            await self._pace(mailbox, parts)
        inspect = HeadersInspectionHandlerOption(inspect_request_headers=False)
        info.add_request_options([inspect, self._pass])
        async with self._shared.lanes.of(mailbox).hold(parts):
            try:
                body = await self._shared.adapter.send_primitive_async(info, "bytes", {"XXX": ODataError})
            except APIError as error:
                failure = errors.of_api_error(error)
                self.now = failure.now or self.now
                if failure.status == 401:
                    self._shared.bearer.forget()
                raise errors.port_error(failure, asked) from error
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    why = f"The certificate of Microsoft Graph, or of a proxy before it, is not trusted: {error}"
                    mend = "Set X3SYNC_GRAPH__CA_BUNDLE to a PEM file with the authority that signed it."
                    raise Stop(why, mend=mend, side=Side.OUTLOOK) from error
                # The connection was never made, so nothing can have been done.
                raise TryLater(f"Microsoft Graph cannot be reached: {type(error).__name__}") from error
            except httpx.HTTPError as error:
                raise errors.lost(asked, type(error).__name__) from error
        now = errors.server_time(_flat(inspect.response_headers.get_all()))
        self.now = now or self.now
        return Reply(body=body or b"", now=now)

    def prepare(self, info: RequestInformation) -> RequestInformation:
        """Give a request built by the SDK the base URL, so that its address can be read before it is sent."""
        self._shared.adapter.set_base_url_for_request_information(info)
        return info

    def own(self, url: str) -> str:
        """A next or delta link, made sure to lead to this server. Raises Stop otherwise: our token would go astray."""
        if not url.startswith(self.root + "/"):
            raise Stop(
                "Microsoft Graph sent a link to another host.",
                mend="Check GRAPH__BASE_URL; a proxy that rewrites hosts must rewrite the links in bodies too.",
                side=Side.OUTLOOK,
            )
        return url


def _trying(again: Callable[[BaseException], bool]) -> AsyncRetrying:
    return AsyncRetrying(stop=stop_after_attempt(_TRIES), retry=retry_if_exception(again), wait=_wait, reraise=True)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, TryLater) else None
    return asked if asked is not None else 0.2 * 2.0**state.attempt_number


def _method(info: RequestInformation) -> str:
    return str(info.http_method.value)


def _flat(headers: Mapping[str, set[str]]) -> dict[str, str]:
    return {name: next(iter(values)) for name, values in headers.items() if values}
