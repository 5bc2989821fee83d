"""The tree of settings: names, defaults and what each is for.

A field's description completes the sentence "Set it to …"; `load.described` makes the README's list of them. What public
material does not settle about Graph or X3 ([?] in the specification) is a setting here too.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from reconcile.model import Priority
from worker.settings.kinds import LoopbackUrl, Names, Priorities, SecureUrl, Table, Url, Zone

PREFIX = "X3SYNC_"
NO_SECRET = SecretStr("")
Seconds = Annotated[float, Field(gt=0)]


class LogFormat(StrEnum):
    """How log lines look: for people, for machines, or for people exactly when a terminal is there."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class SignIn(StrEnum):
    """How people sign in to the console. Without, it answers this machine only."""

    NONE = "none"
    PASSWORD = "password"  # noqa: S105


class SilentProperties(StrEnum):
    """A10 [?]: which writes to an organised meeting mail nobody."""

    KNOWN = "known"  # categories, extended properties, reminder, showAs
    NONE = "none"


class Part(BaseModel):
    """A group of settings. Unknown names are reported by `load`, under their full names."""

    model_config = ConfigDict(frozen=True, extra="ignore")


# --------------------------------------------------------------------------------------------- the settings


class GraphSettings(Part):
    """Microsoft Graph, and what is not confirmed about it."""

    base_url: SecureUrl = Field(default="https://graph.microsoft.com/v1.0", description="Graph's address with its version")
    tenant_id: str = Field(default="", description="the Entra tenant (directory) id")
    client_id: str = Field(default="", description="the app registration's application (client) id")
    client_secret: SecretStr = Field(default=NO_SECRET, description="the app registration's client secret")
    secret_ends: date | None = Field(
        default=None, description="the day the client secret ends, as Entra shows it (2027-06-30): told 30 days before"
    )
    certificate_path: Path | None = Field(
        default=None, description="a PEM file with certificate and private key, instead of a secret"
    )
    managed_identity: bool = Field(default=False, description="true: the Azure machine's managed identity, no secret")
    authority: SecureUrl = Field(default="https://login.microsoftonline.com", description="where tokens come from")
    static_token: SecretStr = Field(default=NO_SECRET, description="a fixed bearer token for the emulator (loopback only)")
    timeout_seconds: Seconds = Field(default=60.0, description="seconds a request may take")
    ca_bundle: Path | None = Field(default=None, description="a PEM file of authorities to trust, instead of the system's")
    page_size: int = Field(default=200, ge=1, le=1000, description="items a page (odata.maxpagesize)")
    todo_not_found_codes: Names = Field(
        default=("ErrorItemNotFound", "ResourceNotFound", "itemNotFound"),
        description='[?] error codes of To Do that prove an item gone (S8), as JSON: ["ErrorItemNotFound"]',
    )
    todo_if_match: bool = Field(default=False, description="[?] To Do honours If-Match")
    contact_email_slots: bool = Field(default=True, description="[?] primaryEmailAddress and secondaryEmailAddress work")
    silent_properties: SilentProperties = Field(default=SilentProperties.KNOWN, description="[?] A10: known, or none")
    legacy_property: str = Field(
        default="String {00020329-0000-0000-C000-000000000046} Name AdxID",
        description="[?] the old add-in's property, counted as a marker (M2); blank to ignore it",
    )


class X3Objects(Part):
    """Names under which a site published the objects."""

    tsk: str = Field(default="ZTSK", description="publication of the tasks")
    cll: str = Field(default="ZCLL", description="publication of the calls")
    bap: str = Field(default="ZBAP", description="publication of the appointments")
    cor: str = Field(default="ZCOR", description="publication of the contacts")


class X3Programs(Part):
    """Names under which a site published the sub-programs (infra/x3)."""

    changes: str = Field(default="ZGSYNCHG", description="sub-program: what changed")
    ack: str = Field(default="ZGSYNACK", description="sub-program: queue rows that were read")
    users: str = Field(default="ZGSYNUSR", description="sub-program: users and settings")
    keys: str = Field(default="ZGSYNKEY", description="sub-program: proof of absence")


class X3Settings(Part):
    """Sage X3's SOAP web services."""

    base_url: Url = Field(default="", description="Syracuse's address, such as https://x3.example:8124")
    pool: str = Field(default="", description="the web service pool's alias (case matters)")
    folder: str = Field(default="", description="the X3 folder, such as SEED")
    user: str = Field(default="", description="the Syracuse user (Basic sign-in)")
    password: SecretStr = Field(default=NO_SECRET, description="the Syracuse user's password")
    jwt_client_id: str = Field(default="", description="a connected application's client id, instead of a user")
    jwt_secret: SecretStr = Field(default=NO_SECRET, description="the connected application's secret")
    jwt_subject: str = Field(default="", description="the Syracuse login the connected application allows")
    jwt_audience: str = Field(default="", description="the connected application's registered URL")
    jwt_seconds: int = Field(default=300, ge=30, le=3600, description="how long a token lives")
    ca_bundle: Path | None = Field(default=None, description="a PEM file of authorities to trust, instead of the system's")
    language: str = Field(default="ENG", description="X3's code of the language of its messages")
    objects: X3Objects = Field(default_factory=X3Objects)
    programs: X3Programs = Field(default_factory=X3Programs)
    timeout_seconds: Seconds = Field(default=120.0, description="seconds a call may take")
    execution_limit_seconds: Seconds = Field(
        default=300.0, description="[?] seconds after which X3 has certainly ended a call whose answer was lost (M7)"
    )
    pool_size: int = Field(default=4, ge=1, description="calls at once, over all workers")
    sync_id_field: str = Field(default="ZSYNCID", description="the column of M7")
    due_required: bool = Field(default=True, description="[?] the folder's task screen wants a due date")
    link_url: str = Field(default="", description="address of a record, with {type} and {key}; blank: no links")


class PollSettings(Part):
    """How often X3 and To Do are asked. Both adapt: a quiet X3, and the To Do of a quiet user, are asked more seldom, up
    to the longest interval."""

    x3_seconds: Seconds = Field(default=15.0, description="seconds between two looks at X3 while it is busy")
    x3_longest_seconds: Seconds = Field(default=120.0, description="the same while nothing happens")
    todo_seconds: Seconds = Field(default=60.0, description="seconds between two looks at the To Do of a user at work")
    todo_longest_seconds: Seconds = Field(default=600.0, description="the same of a user for whom nothing happens")
    subscriptions_seconds: Seconds = Field(
        default=60.0, description="seconds between two looks at which Graph subscriptions are missing or end soon"
    )


class TableSettings(Part):
    """Tables of values, X3's code first, as JSON."""

    titles: Table = Field(default={"1": "Mr", "2": "Mrs", "3": "Ms"}, description='local menu 941, as JSON: {"1": "Mr"}')
    countries: Table = Field(default={}, description='X3 country codes that are no ISO 3166 codes, as JSON: {"UK": "GB"}')
    priorities: Priorities = Field(
        default={"": Priority.NORMAL, "1": Priority.HIGH, "2": Priority.NORMAL, "3": Priority.LOW},
        description='miscellaneous table 405, as JSON: {"1": "high", "2": "normal", "3": "low"}',
    )
    call_category: str = Field(default="X3 Call", description="the category of events that are X3 calls")
    done_category: str = Field(default="Done", description="the category of events that are carried out")


class ConsoleSettings(Part):
    """The web console and the address at which the web process listens."""

    host: str = Field(default="127.0.0.1", description="the address to listen at")
    port: int = Field(default=8800, ge=0, le=65535, description="the port to listen at")
    sign_in: SignIn = Field(default=SignIn.NONE, description="none (this machine only) or password")
    username: str = Field(default="admin", description="the console's user name")
    password: SecretStr = Field(default=NO_SECRET, description="the console's password")
    session_key: SecretStr = Field(default=NO_SECRET, description="32 random characters that sign the session cookies")


class GuardSettings(Part):
    """The brakes' figures (G1, G7)."""

    deletions_least: int = Field(default=5, ge=0, description="so many deletions in 24 hours never brake (G1)")
    deletions_percent: float = Field(default=10.0, ge=0, le=100, description="more than this part of the links does (G1)")
    creations_most: int = Field(default=200, ge=0, description="a pass that creates more on a side is held (G7)")


class KeepSettings(Part):
    """How long things are kept."""

    journal_days: int = Field(default=400, ge=1, description="days the journal and its versions are kept")
    reports_days: int = Field(default=90, ge=1, description="days pass reports are kept")
    removed_users: bool = Field(
        default=True,
        description="keep journal, versions and reports of a removed user for their days; false: erased with his removal",
    )


class Settings(BaseSettings):
    """All settings. Build it with `load`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True, extra="ignore", frozen=True
    )

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` hands over: it has read the environment, `.env` and the files of secrets already."""
        return (init_settings,)

    @property
    def request_seconds(self) -> float:
        """How long a request may take on either side."""
        return max(self.graph.timeout_seconds, self.x3.timeout_seconds)

    database_url: SecretStr = Field(
        default=SecretStr("sqlite:///./var/x3sync.db"), description="sqlite:///… or postgresql://user:password@host/name"
    )
    redis_url: SecretStr = Field(default=NO_SECRET, description="redis://…; blank for the embedded Valkey of `x3sync up`")
    public_url: SecureUrl = Field(default="", description="where Graph reaches us (https://…); blank for polling alone")
    timezone: Zone = Field(default="", description="the IANA zone of X3's wall times, such as Europe/Paris")
    installation: str = Field(default="", description="this installation's id (G6); blank to keep it in INSTALLATION_PATH")
    installation_path: Path = Field(default=Path("var/installation"), description="file that keeps the id (G6)")
    clock_url: LoopbackUrl = Field(default="", description="an emulator whose clock to follow (tests)")
    full_pass_cron: str = Field(default="17 2 * * *", pattern=r"^\S+( \S+){4}$", description="when full passes run (cron)")
    lease_seconds: Seconds = Field(
        default=300.0, description="seconds until a killed worker's user is free again; twice any request's at least"
    )
    slice_seconds: Seconds = Field(
        default=600.0, description="seconds after which a worker's pass makes room for others and goes on later"
    )
    log_format: LogFormat = Field(default=LogFormat.AUTO, description="auto, console or json")
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR"
    )
    graph: GraphSettings = Field(default_factory=GraphSettings)
    x3: X3Settings = Field(default_factory=X3Settings)
    poll: PollSettings = Field(default_factory=PollSettings)
    tables: TableSettings = Field(default_factory=TableSettings)
    console: ConsoleSettings = Field(default_factory=ConsoleSettings)
    guards: GuardSettings = Field(default_factory=GuardSettings)
    keep: KeepSettings = Field(default_factory=KeepSettings)
