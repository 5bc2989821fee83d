"""Settings: the contract's names, all problems at once in plain words, and never a secret in a message."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconcile.model import Priority
from worker.settings import Settings, SettingsProblem, described, load

ENOUGH = {
    "TIMEZONE": "Europe/Paris",
    "X3__BASE_URL": "https://x3.example:8124/",
    "X3__POOL": "SYNC",
    "X3__USER": "x3sync",
    "X3__PASSWORD": "pass-w0rd",
    "GRAPH__TENANT_ID": "tenant",
    "GRAPH__CLIENT_ID": "client",
    "GRAPH__CLIENT_SECRET": "s3cret",
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("X3SYNC_"):
            monkeypatch.delenv(name)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with enough in it."""
    for name, value in ENOUGH.items():
        monkeypatch.setenv(f"X3SYNC_{name}", value)
    return monkeypatch


def problems_of(env_file: Path | None = None, *, complete: bool = True) -> dict[str, str]:
    with pytest.raises(SettingsProblem) as caught:
        load(env_file, complete=complete)
    return {problem.name.removeprefix("X3SYNC_"): str(problem) for problem in caught.value.problems}


def test_the_contracts_defaults(given: pytest.MonkeyPatch) -> None:
    settings = load(None)
    assert settings.database_url.get_secret_value() == "sqlite:///./var/x3sync.db"
    assert (settings.x3.objects.tsk, settings.x3.objects.cll, settings.x3.objects.bap, settings.x3.objects.cor) == (
        "ZTSK", "ZCLL", "ZBAP", "ZCOR",
    )  # fmt: skip
    programs = settings.x3.programs
    assert (programs.changes, programs.ack, programs.users, programs.keys) == (
        "ZGSYNCHG",
        "ZGSYNACK",
        "ZGSYNUSR",
        "ZGSYNKEY",
    )
    assert (settings.poll.x3_seconds, settings.poll.todo_seconds) == (15, 60)
    assert settings.x3.base_url == "https://x3.example:8124"
    assert settings.graph.base_url == "https://graph.microsoft.com/v1.0"


def test_every_name_of_the_contract_exists() -> None:
    contract = {
        "DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "TIMEZONE", "INSTALLATION", "CLOCK_URL", "FULL_PASS_CRON",
        "GRAPH__BASE_URL", "GRAPH__TENANT_ID", "GRAPH__CLIENT_ID", "GRAPH__CLIENT_SECRET", "GRAPH__CERTIFICATE_PATH",
        "GRAPH__AUTHORITY", "GRAPH__STATIC_TOKEN", "X3__BASE_URL", "X3__POOL", "X3__FOLDER", "X3__USER", "X3__PASSWORD",
        "X3__LANGUAGE", "X3__OBJECTS__TSK", "X3__OBJECTS__CLL", "X3__OBJECTS__BAP", "X3__OBJECTS__COR",
        "X3__PROGRAMS__CHANGES", "X3__PROGRAMS__ACK", "X3__PROGRAMS__USERS", "X3__PROGRAMS__KEYS",
        "POLL__X3_SECONDS", "POLL__TODO_SECONDS",
    }  # fmt: skip
    settings = described()
    assert contract <= {one.name.removeprefix("X3SYNC_") for one in settings}
    assert all(one.text for one in settings)
    assert {one.name.removeprefix("X3SYNC_") for one in settings if one.secret} == {
        "DATABASE_URL", "REDIS_URL", "GRAPH__CLIENT_SECRET", "GRAPH__STATIC_TOKEN", "X3__PASSWORD", "X3__JWT_SECRET",
        "CONSOLE__PASSWORD", "CONSOLE__SESSION_KEY",
    }  # fmt: skip


def test_the_environment_stands_over_the_file(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(
        "X3SYNC_TIMEZONE=Asia/Tokyo\nx3sync_x3__folder=SEED\nUNRELATED=1\nX3SYNC_X3__LANGUAGE=\n", encoding="utf-8"
    )
    settings = load(env_file)
    assert (settings.timezone, settings.x3.folder, settings.x3.language) == ("Europe/Paris", "SEED", "ENG")
    assert load(tmp_path / "missing").timezone == "Europe/Paris"


def test_nothing_is_read_but_by_load(given: pytest.MonkeyPatch) -> None:
    assert Settings().timezone == ""


def test_secrets_come_from_files_too(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from file\n", encoding="utf-8")
    given.delenv("X3SYNC_X3__PASSWORD")
    given.setenv("X3SYNC_X3__PASSWORD_FILE", str(secret))
    given.setenv("X3SYNC_DATABASE_URL_FILE", str(secret))
    settings = load(None)
    assert settings.x3.password.get_secret_value() == "from file"
    assert settings.database_url.get_secret_value() == "from file"
    given.setenv("X3SYNC_X3__PASSWORD", "twice")
    given.setenv("X3SYNC_REDIS_URL_FILE", str(tmp_path / "missing"))
    given.setenv("X3SYNC_TIMEZONE_FILE", str(secret))
    found = problems_of()
    assert found.keys() == {"X3__PASSWORD_FILE", "REDIS_URL_FILE", "TIMEZONE_FILE"}
    assert "given twice" in found["X3__PASSWORD_FILE"]
    assert "cannot be read" in found["REDIS_URL_FILE"]


def test_all_problems_come_at_once_with_their_names(given: pytest.MonkeyPatch) -> None:
    wrong = {
        "TIMEZONE": "Mars/Base",
        "PUBLIC_URL": "http://x3sync.example",
        "CLOCK_URL": "http://clock.example",
        "POLL__X3_SECONDS": "often",
        "POLL__TODO_SECONDS": "0",
        "TABLES__TITLES": "{broken",
        "TABLES__PRIORITIES": '{"1": "urgent"}',
        "CONSOLE__SIGN_IN": "fingerprint",
        "LOG_LEVEL": "LOUD",
        "FULL_PASS_CRON": "daily",
        "GRAPH__BASE_URL": "ftp://graph",
        "X3__PASWORD": "typed wrong",
        "CONSOLE__HOST": "0.0.0.0",
    }
    for name, value in wrong.items():
        given.setenv(f"X3SYNC_{name}", value)
    given.delenv("X3SYNC_X3__POOL")
    found = problems_of()
    # The console's host is wrong only as long as nobody signs in.
    assert found.keys() == {*wrong.keys() - {"CONSOLE__HOST"}, "X3__POOL"}
    assert "IANA" in found["TIMEZONE"]
    assert "Did you mean X3SYNC_X3__PASSWORD?" in found["X3__PASWORD"]
    assert "not JSON" in found["TABLES__TITLES"]
    assert found["X3__POOL"] == "X3SYNC_X3__POOL: it is missing. Set it: the web service pool's alias (case matters)."


def test_no_value_is_ever_repeated(given: pytest.MonkeyPatch) -> None:
    names = [one.name for one in described()]
    for name in names:
        given.setenv(name, "zebra-quince")
    given.setenv("X3SYNC_ZEBRA", "zebra-quince")
    given.setenv("X3SYNC_X3__PASSWORD_FILE", "zebra-quince")
    with pytest.raises(SettingsProblem) as caught:
        load(None)
    assert "zebra-quince" not in str(caught.value)
    assert len(caught.value.problems) > 20


def test_secrets_do_not_show_in_the_settings_text(given: pytest.MonkeyPatch) -> None:
    settings = load(None)
    assert "pass-w0rd" not in f"{settings!r} {settings.x3} {settings.model_dump()}"
    assert "s3cret" not in f"{settings!r}"


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8801/v1.0", "http://localhost:8801/v1.0", "http://[::1]:1/v1.0"])
def test_a_fixed_token_is_for_this_machine(given: pytest.MonkeyPatch, base_url: str) -> None:
    given.delenv("X3SYNC_GRAPH__CLIENT_SECRET")
    given.setenv("X3SYNC_GRAPH__STATIC_TOKEN", "emulator")
    given.setenv("X3SYNC_GRAPH__BASE_URL", base_url)
    assert load(None).graph.base_url == base_url


@pytest.mark.parametrize("base_url", [None, "https://graph.microsoft.com/v1.0", "https://127.0.0.1.example/v1.0"])
def test_a_fixed_token_is_refused_elsewhere(given: pytest.MonkeyPatch, base_url: str | None) -> None:
    given.setenv("X3SYNC_GRAPH__STATIC_TOKEN", "emulator")
    if base_url:
        given.setenv("X3SYNC_GRAPH__BASE_URL", base_url)
    assert problems_of().keys() == {"GRAPH__STATIC_TOKEN"}


def test_ways_to_sign_in(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given.setenv("X3SYNC_GRAPH__MANAGED_IDENTITY", "true")
    assert problems_of().keys() == {"GRAPH__CLIENT_SECRET"}
    for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET"):
        given.delenv(f"X3SYNC_GRAPH__{name}")
    assert load(None).graph.managed_identity
    given.setenv("X3SYNC_GRAPH__MANAGED_IDENTITY", "false")
    assert problems_of().keys() == {"GRAPH__TENANT_ID", "GRAPH__CLIENT_ID", "GRAPH__CLIENT_SECRET"}
    given.setenv("X3SYNC_GRAPH__CERTIFICATE_PATH", str(tmp_path / "missing.pem"))
    assert problems_of().keys() == {"GRAPH__TENANT_ID", "GRAPH__CLIENT_ID", "GRAPH__CERTIFICATE_PATH"}
    given.setenv("X3SYNC_X3__JWT_CLIENT_ID", "app")
    assert {"X3__JWT_SECRET", "X3__JWT_SUBJECT", "X3__JWT_AUDIENCE"} <= problems_of().keys()


def test_the_console_is_never_open_to_the_network(given: pytest.MonkeyPatch) -> None:
    given.setenv("X3SYNC_CONSOLE__HOST", "0.0.0.0")
    assert problems_of().keys() == {"CONSOLE__SIGN_IN"}
    given.setenv("X3SYNC_CONSOLE__SIGN_IN", "password")
    assert problems_of().keys() == {"CONSOLE__PASSWORD", "CONSOLE__SESSION_KEY"}
    given.setenv("X3SYNC_CONSOLE__PASSWORD", "a")
    given.setenv("X3SYNC_CONSOLE__SESSION_KEY", "k" * 32)
    assert load(None).console.host == "0.0.0.0"


def test_a_lease_outlasts_every_request(given: pytest.MonkeyPatch) -> None:
    """Otherwise nothing would ever be written, and nobody told."""
    given.setenv("X3SYNC_X3__TIMEOUT_SECONDS", "151")
    assert problems_of().keys() == {"LEASE_SECONDS"}
    given.setenv("X3SYNC_X3__TIMEOUT_SECONDS", "150")
    assert load(None).lease_seconds == 300.0
    given.setenv("X3SYNC_LEASE_SECONDS", "299")
    assert "at least 300" in problems_of()["LEASE_SECONDS"]


def test_tables_are_json(given: pytest.MonkeyPatch) -> None:
    given.setenv("X3SYNC_TABLES__TITLES", '{"1": "Herr", "2": "Frau"}')
    given.setenv("X3SYNC_TABLES__PRIORITIES", '{"A": "high", "": "normal"}')
    given.setenv("X3SYNC_GRAPH__TODO_NOT_FOUND_CODES", '["gone"]')
    settings = load(None)
    assert settings.tables.titles == {"1": "Herr", "2": "Frau"}
    assert settings.tables.priorities == {"A": Priority.HIGH, "": Priority.NORMAL}
    assert settings.graph.todo_not_found_codes == ("gone",)


def test_the_database_commands_need_no_sides() -> None:
    assert load(None, complete=False).timezone == ""
    assert {"TIMEZONE", "X3__BASE_URL", "GRAPH__TENANT_ID"} <= problems_of().keys()
