"""Reads the settings and says everything that is wrong with them at once, without ever repeating a value."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from worker.settings.kinds import is_loopback
from worker.settings.tree import PREFIX, Settings, SignIn

_FILE = "_FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingProblem:
    """One thing that is wrong with a setting."""

    name: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.name}: {self.what}. {self.mend}"


class SettingsProblem(Exception):
    """All that is wrong with the settings, to be shown to the person who starts x3sync (exit code 2)."""

    def __init__(self, problems: list[SettingProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A setting for the README: its variable, its default as text and what it is for."""

    name: str
    default: str
    text: str
    secret: bool


def load(env_file: Path | None = Path(".env"), *, complete: bool = True) -> Settings:
    """The settings from the environment, over those of `env_file` where it exists.

    With `complete`, what a sync needs must be there; without it (`version`, `db`) only what is there must be right.
    Raises SettingsProblem with all problems.
    """
    given = _given(env_file)
    fields = dict(_fields(Settings))
    problems = _unknown(given, fields)
    given |= _from_files(given, fields, problems)
    try:
        settings = _build(given)
    except ValidationError as invalid:
        wrong = _invalid(invalid, fields)
        problems += wrong.values()
        # The rest may still contradict itself, and that too is to be said now.
        settings = _build({name: value for name, value in given.items() if name not in wrong})
    if complete:
        problems += _missing(given, fields)
    problems += _contradictions(settings)
    if problems:
        raise SettingsProblem(sorted(problems, key=lambda problem: problem.name))
    return settings


def _build(given: Mapping[str, str]) -> Settings:
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): value for name, value in given.items()}
    return Settings(**source())


def described() -> list[Described]:
    """All settings in the order of the tree; docs are made from this."""
    found = []
    for name, field in _fields(Settings):
        default = field.get_default(call_default_factory=True)
        secret = field.annotation is SecretStr
        shown = default.get_secret_value() if isinstance(default, SecretStr) else default
        found.append(Described(name=name, default=_shown(shown), text=field.description or "", secret=secret))
    return found


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | dict):
        return "(a table)" if isinstance(value, dict) and len(value) > 3 else str(value).replace("'", '"')
    return f"{value:g}" if isinstance(value, float) else str(value)


def _fields(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        here = (*path, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _fields(field.annotation, here)
        else:
            yield _name(here), field


def _name(path: tuple[str | int, ...]) -> str:
    return PREFIX + "__".join(str(part) for part in path).upper()


def _given(env_file: Path | None) -> dict[str, str]:
    """The variables of ours that are set and not blank, by their names in upper case."""
    merged: dict[str, str | None] = {}
    for source in (dotenv_values(env_file, encoding="utf-8") if env_file else {}, os.environ):
        merged |= {name.upper(): value for name, value in source.items()}
    return {name: value for name, value in merged.items() if name.startswith(PREFIX) and value}


def _unknown(given: Mapping[str, str], fields: Mapping[str, FieldInfo]) -> list[SettingProblem]:
    known = {*fields, *(name + _FILE for name, field in fields.items() if field.annotation is SecretStr)}
    problems = []
    for name in given.keys() - known:
        like = difflib.get_close_matches(name, known, n=1)
        mend = f"Did you mean {like[0]}?" if like else "Remove it; the README lists the names."
        problems.append(SettingProblem(name=name, what="there is no such setting", mend=mend))
    return problems


def _from_files(
    given: Mapping[str, str], fields: Mapping[str, FieldInfo], problems: list[SettingProblem]
) -> dict[str, str]:
    """What stands in the files that *_FILE variables name."""
    found: dict[str, str] = {}
    for name, field in fields.items():
        file = given.get(name + _FILE)
        if file is None or field.annotation is not SecretStr:
            continue
        if name in given:
            mend = f"Keep one of {name} and {name}{_FILE}."
            problems.append(SettingProblem(name=name + _FILE, what="the secret is given twice", mend=mend))
            continue
        try:
            found[name] = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as unreadable:
            what = f"the file cannot be read ({type(unreadable).__name__})"
            problems.append(SettingProblem(name=name + _FILE, what=what, mend="Check its path and its rights."))
    return found


def _invalid(invalid: ValidationError, fields: Mapping[str, FieldInfo]) -> dict[str, SettingProblem]:
    problems: dict[str, SettingProblem] = {}
    for error in invalid.errors(include_input=False, include_url=False):
        path = error["loc"]
        # A table's error names the entry too.
        while path and _name(path) not in fields:
            path = path[:-1]
        name = _name(path or error["loc"])
        # A pattern's own words help nobody; the mending sentence lists what fits.
        what = error["msg"].removeprefix("Value error, ")
        if error["type"] in ("string_pattern_mismatch", "enum"):
            what = "it is none of the allowed values"
        problems[name] = SettingProblem(name=name, what=what[:1].lower() + what[1:], mend=_set_it(name, fields))
    return problems


def _set_it(name: str, fields: Mapping[str, FieldInfo]) -> str:
    text = fields[name].description if name in fields else ""
    return f"Expected: {text}." if text else "Correct it."


def _missing(given: Mapping[str, str], fields: Mapping[str, FieldInfo]) -> list[SettingProblem]:
    def lacks(name: str, unless: str = "") -> None:
        if not has(name):
            mend = f"Set it: {fields[PREFIX + name].description}{unless}."
            problems.append(SettingProblem(name=PREFIX + name, what="it is missing", mend=mend))

    def has(*names: str) -> bool:
        return any(PREFIX + name in given or PREFIX + name + _FILE in given for name in names)

    problems: list[SettingProblem] = []
    for name in ("TIMEZONE", "X3__BASE_URL", "X3__POOL"):
        lacks(name)
    if has("X3__JWT_CLIENT_ID", "X3__JWT_SECRET", "X3__JWT_SUBJECT", "X3__JWT_AUDIENCE"):
        for name in ("X3__JWT_CLIENT_ID", "X3__JWT_SECRET", "X3__JWT_SUBJECT", "X3__JWT_AUDIENCE"):
            lacks(name)
    else:
        lacks("X3__USER", " (or set the X3__JWT_* settings)")
        lacks("X3__PASSWORD", " (or set the X3__JWT_* settings)")
    identity = given.get(PREFIX + "GRAPH__MANAGED_IDENTITY", "").lower() in ("true", "1", "yes", "on", "t", "y")
    if not has("GRAPH__STATIC_TOKEN") and not identity:
        lacks("GRAPH__TENANT_ID")
        lacks("GRAPH__CLIENT_ID")
        if not has("GRAPH__CERTIFICATE_PATH"):
            lacks("GRAPH__CLIENT_SECRET", " (or GRAPH__CERTIFICATE_PATH, or GRAPH__MANAGED_IDENTITY=true)")
    return problems


def _contradictions(settings: Settings) -> list[SettingProblem]:
    """What is right by itself and wrong together."""
    graph, console, problems = settings.graph, settings.console, list[SettingProblem]()

    def wrong(name: str, what: str, mend: str) -> None:
        problems.append(SettingProblem(name=PREFIX + name, what=what, mend=mend))

    if graph.static_token.get_secret_value() and not is_loopback(graph.base_url):
        wrong(
            "GRAPH__STATIC_TOKEN",
            "a fixed token is for the emulator alone, and GRAPH__BASE_URL is not on this machine",
            "Remove it and set GRAPH__TENANT_ID, GRAPH__CLIENT_ID and a secret or certificate.",
        )
    ways = (graph.client_secret.get_secret_value(), graph.certificate_path, graph.managed_identity)
    if sum(bool(way) for way in ways) > 1:
        wrong(
            "GRAPH__CLIENT_SECRET",
            "there are several ways to sign in to Graph",
            "Keep one of secret, certificate, identity.",
        )
    files = {
        "GRAPH__CERTIFICATE_PATH": graph.certificate_path,
        "GRAPH__CA_BUNDLE": graph.ca_bundle,
        "X3__CA_BUNDLE": settings.x3.ca_bundle,
    }
    for name, path in files.items():
        if path is not None and not path.is_file():
            wrong(name, "there is no such file", "Check the path and its rights.")
    longest = settings.request_seconds
    # A lease is renewed after each third of it; what would outlast it is never sent.
    if settings.lease_seconds < 2 * longest:
        wrong(
            "LEASE_SECONDS",
            f"a request may take {longest:g} seconds, and one that may outlast its lease is never sent",
            f"Set it to at least {2 * longest:g}, or lower GRAPH__TIMEOUT_SECONDS and X3__TIMEOUT_SECONDS.",
        )
    if console.sign_in is SignIn.NONE and not is_loopback(f"http://{console.host}"):
        wrong("CONSOLE__SIGN_IN", "the console would be open to the network", "Set it to password.")
    if console.sign_in is SignIn.PASSWORD and not console.password.get_secret_value():
        wrong("CONSOLE__PASSWORD", "it is missing", "Set it, or CONSOLE__PASSWORD_FILE.")
    if console.sign_in is not SignIn.NONE and len(console.session_key.get_secret_value()) < 32:
        wrong("CONSOLE__SESSION_KEY", "it is missing or too short", "Set it to at least 32 random characters.")
    return problems
