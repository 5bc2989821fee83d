"""The one composition root: from settings to running parts. Nothing is built on import.

An `Application` belongs to one process and one event loop; Celery tasks, the command line and the web service all use it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from threading import Event
from zoneinfo import ZoneInfo

from graph_adapter.client import Graph
from graph_adapter.connection import GraphConnection
from graph_adapter.mailbox import Mailbox
from graph_adapter.mapping import keep_slots, retype
from graph_adapter.scope import MailboxScope
from reconcile.model import Contact, Kind, Link, Present, Window
from worker import identity
from worker.clock import Clock
from worker.forced import Forced
from worker.limits import Limits
from worker.log import logger
from worker.metrics import Metrics
from worker.report import Report
from worker.settings import Settings, SilentProperties
from worker.state import users
from worker.state.store import Store
from worker.state.users import User
from worker.sync import Pass, Progress
from worker.worlds import Watch, Worlds, fingerprint_of
from x3_adapter.crm import Crm
from x3_adapter.mapping import Tables as X3Tables
from x3_adapter.records import CrmScope
from x3_adapter.site import Site, read_site
from x3_adapter.soap import X3, X3Connection
from x3_adapter.token import Jwt

SITE_FRESH = timedelta(minutes=10)


def graph_connection(settings: Settings) -> GraphConnection:
    """Where Graph is, from the settings."""
    graph = settings.graph
    return GraphConnection(
        base_url=graph.base_url,
        authority=graph.authority,
        tenant_id=graph.tenant_id,
        client_id=graph.client_id,
        client_secret=graph.client_secret.get_secret_value(),
        certificate_path=str(graph.certificate_path or ""),
        managed_identity=graph.managed_identity,
        static_token=graph.static_token.get_secret_value(),
        timeout=graph.timeout_seconds,
        verify=str(graph.ca_bundle) if graph.ca_bundle else None,
    )


def x3_connection(settings: Settings) -> X3Connection:
    """Where X3 is, from the settings."""
    x3 = settings.x3
    jwt = None
    if x3.jwt_client_id:
        jwt = Jwt(
            client_id=x3.jwt_client_id,
            secret=x3.jwt_secret.get_secret_value(),
            subject=x3.jwt_subject,
            audience=x3.jwt_audience,
            seconds=x3.jwt_seconds,
        )
    return X3Connection(
        base_url=x3.base_url,
        pool=x3.pool,
        folder=x3.folder,
        user=x3.user,
        password=x3.password.get_secret_value(),
        jwt=jwt,
        language=x3.language,
        timeout=x3.timeout_seconds,
        pool_size=x3.pool_size,
        objects={"TSK": x3.objects.tsk, "CLL": x3.objects.cll, "BAP": x3.objects.bap, "COR": x3.objects.cor},
        programs={
            "CHANGES": x3.programs.changes,
            "ACK": x3.programs.ack,
            "USERS": x3.programs.users,
            "KEYS": x3.programs.keys,
        },
        sync_id=x3.sync_id_field,
        verify=str(x3.ca_bundle) if x3.ca_bundle else None,
    )


def window_of(today: date, zone: ZoneInfo, days_back: int, days_ahead: int) -> Window:
    """U5: today - days_back ... today + days_ahead, whole days in the user's zone."""
    first, last = today - timedelta(days=days_back), today + timedelta(days=days_ahead)
    start = datetime.combine(first, time(), tzinfo=zone).astimezone(UTC)
    end = datetime.combine(last + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)
    return Window(first=first, last=last, start=start, end=end)


@dataclass(slots=True)
class SiteCache:
    """The folder's users and representatives, read again every ten minutes."""

    x3: X3
    clock: Clock
    _site: Site | None = None
    _read_at: datetime | None = None

    async def site(self) -> Site:
        """The site as it was read last. Raises TryLater and Stop."""
        now = self.clock.now()
        if self._site is None or self._read_at is None or now - self._read_at > SITE_FRESH:
            self._site, self._read_at = await read_site(self.x3), now
        return self._site

    async def representatives(self) -> Mapping[str, str]:
        """SALESREP: code -> name."""
        return {code: one.name for code, one in (await self.site()).representatives.items()}


@dataclass(slots=True, kw_only=True)
class Application:
    """The parts of one process."""

    settings: Settings
    store: Store
    clock: Clock
    metrics: Metrics = field(default_factory=Metrics)
    ending: Event = field(default_factory=Event)  # set when the process is told to stop: passes end between two items
    _graph: Graph | None = None
    _x3: X3 | None = None
    _site: SiteCache | None = None
    _limits: Limits | None = None

    @classmethod
    def open(cls, settings: Settings) -> Application:
        """Open the state and the clock; the two sides are connected when they are first needed."""
        store = Store.open(settings.database_url.get_secret_value())
        return cls(settings=settings, store=store, clock=Clock.chosen(settings.clock_url))

    async def aclose(self) -> None:
        """Close connections and the database."""
        if self._graph is not None:
            await self._graph.aclose()
        if self._x3 is not None:
            await self._x3.aclose()
        if self._limits is not None:
            await self._limits.aclose()
        self.store.close()

    @property
    def fp(self) -> str:
        """M2's fingerprint of tenant, X3 server and X3 folder."""
        return fingerprint_of(self.settings.graph.tenant_id, self.settings.x3.base_url, self.settings.x3.folder)

    def graph(self) -> Graph:
        """Microsoft Graph, connected once. Raises Stop."""
        if self._graph is None:
            self._graph = Graph.connect(graph_connection(self.settings))
        return self._graph

    def x3(self) -> X3:
        """Sage X3, connected once. Raises Stop."""
        if self._x3 is None:
            self._x3 = X3.connect(x3_connection(self.settings), limit=self.limits().x3_call, clock=self.clock.now)
        return self._x3

    def limits(self) -> Limits:
        """What all processes together may ask of the two sides."""
        if self._limits is None:
            self._limits = Limits.connect(
                self.settings.redis_url.get_secret_value(),
                scope=self.fp,
                x3_calls=self.settings.x3.pool_size,
                call_seconds=self.settings.x3.timeout_seconds,
                monotonic=self.clock.monotonic,
            )
        return self._limits

    def site(self) -> SiteCache:
        """Users and representatives of X3."""
        if self._site is None:
            self._site = SiteCache(self.x3(), self.clock)
        return self._site

    # --------------------------------------------------------------------------------------------- passes

    def zone_of(self, user: User) -> str:
        """The IANA zone of the user's X3 wall times (U5)."""
        return user.settings.zone or self.settings.timezone

    def worlds(self, user: User, *, read_only: bool = False) -> Worlds:
        """The two sides as this user's pass sees them; `read_only` refuses writes in both transports (G4)."""
        watch, request_seconds = Watch(), self.settings.request_seconds

        async def pace(mailbox: str, parts: int) -> None:
            waited = await self.limits().pace(mailbox, parts)
            watch.prove(request_seconds if waited else 0.0)

        @asynccontextmanager
        async def call() -> AsyncIterator[None]:
            async with self.limits().x3_call():
                watch.prove(request_seconds)
                yield

        graph = self.graph().view(read_only=read_only, pace=pace)
        x3 = self.x3().view(read_only=read_only, limit=call)
        zone = self.zone_of(user)
        today = self.clock.now().astimezone(ZoneInfo(zone)).date()
        window = window_of(today, ZoneInfo(zone), user.settings.days_back, user.settings.days_ahead)
        silent = self.settings.graph.silent_properties is SilentProperties.KNOWN

        def counted() -> Mapping[str, int]:
            sent = graph.counts()
            return {"graph": sent.requests, "graph_parts": sent.parts, "x3": x3.counters.requests}

        return Worlds(
            x3=Crm(
                x3,
                CrmScope(
                    user=user.x3_user,
                    representative=user.representative,
                    zone=zone,
                    window=window,
                    tables=self._x3_tables(),
                ),
            ),
            outlook=Mailbox(graph, self._mailbox_scope(user, zone, window)),
            as_linked=self._as_linked,
            representatives=self.site(),
            fp=self.fp,
            window=window,
            zone=zone,
            rules=user.settings.rules(silent_properties=silent),
            requests=counted,
            links_url=self.settings.x3.link_url,
            request_seconds=request_seconds,
            watch=watch,
            x3_limit=timedelta(seconds=self.settings.x3.execution_limit_seconds),
        )

    def _as_linked(self, item: Present, link: Link) -> Present:
        """An item as its link knows it: of its type, and with its addresses in the slots where they were (C, contacts)."""
        shown = retype(item, link.type)
        assert isinstance(shown, Present)
        seen = link.outlook.content
        if (
            self.settings.graph.contact_email_slots
            or not isinstance(shown.content, Contact)
            or not isinstance(seen, Contact)
        ):
            return shown
        return replace(shown, content=keep_slots(shown.content, seen))

    def _mailbox_scope(self, user: User, zone: str, window: Window) -> MailboxScope:
        with self.store.read() as tx:
            managed = users.folders(tx, user.id)
        graph, tables = self.settings.graph, self.settings.tables
        return MailboxScope(
            mailbox=user.mailbox,
            fp=self.fp,
            folders={kind: tuple(f.folder_id for f in managed if f.kind is kind) for kind in Kind},
            window=window,
            zone=zone,
            done_category=tables.done_category,
            call_category=tables.call_category,
            private_lists=frozenset(user.settings.private_lists),
            private_categories=frozenset(user.settings.private_categories),
            legacy_property=graph.legacy_property,
            task_if_match=graph.todo_if_match,
            not_found_codes=frozenset(graph.todo_not_found_codes),
            reminder_minutes=user.settings.reminder_minutes,
            links_url=self.settings.x3.link_url,
            page_size=graph.page_size,
        )

    def _x3_tables(self) -> X3Tables:
        tables = self.settings.tables
        return X3Tables(
            titles=tables.titles,
            countries=tables.countries,
            priorities=tables.priorities,
            due_required=self.settings.x3.due_required,
        )

    async def run_pass(
        self,
        user: User,
        *,
        cause: str,
        full: bool = False,
        dry_run: bool = False,
        go: bool = False,
        progress: Progress | None = None,
        forced: Forced | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Report:
        """One pass for a user, a forced one with `forced` (F rules).

        Raises Busy, TryLater, Stop, and identity.NotOurs where nothing may be written (G6).
        """
        if not dry_run:
            identity.prove(self.settings, self.store, self.clock, self.fp)
        one = Pass(
            store=self.store,
            clock=self.clock,
            user=user,
            worlds=self.worlds(user, read_only=dry_run),
            cause=cause,
            full=full,
            dry_run=dry_run,
            go=go,
            forced=forced,
            stopped=stopped,
            on_alert=lambda name, why: logger().warning(name, user=user.x3_user, why=why),
            guards=self.settings.guards,
            lease_seconds=self.settings.lease_seconds,
        )
        if progress is not None:
            one = replace(one, progress=progress)
        return await one.run()
