"""The fault catalogue of x3.md, section 5, row by row."""

from __future__ import annotations

import pytest

from reconcile.model import Side
from reconcile.port import Refused, Stop, TryLater
from x3_adapter import errors
from x3_adapter.mapping import FORMS

NAMES = {name: merge_field for form in FORMS.values() for name, merge_field in form.names.items()}


def reply(*messages: str, reports: tuple[str, ...] = ("", ""), writes: bool = True) -> Exception:
    return errors.of_reply(messages, reports, publication="ZTSK", writes=writes, names=NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "No classic web service pool match to 'X'",
        "Unknown web service (0)",
        "Service web inexistant (0)",
        "Connection error - Incorrect user code or password",
    ],
)
def test_configuration_stops_the_side_and_says_how_to_mend_it(text: str) -> None:
    error = reply(text)
    assert isinstance(error, Stop)
    assert error.side is Side.X3
    assert "ZTSK" in error.mend


@pytest.mark.parametrize(
    "text",
    [
        "Fiche TSK1 en cours de modification par l'utilisateur ADMIN",
        "Record TSK1 being modified by user ADMIN",
        "Datensatz TSK1 wird gerade von Benutzer ADMIN bearbeitet",
        "Ficha TSK1 en curso de modificación por el usuario ADMIN",
        "Ficha TSK1 em modificação pelo utilizador ADMIN",
        "Change login error",
    ],
)
def test_what_passes_by_itself_was_not_carried_out(text: str) -> None:
    error = reply(text)
    assert isinstance(error, TryLater)
    assert not error.sent
    assert error.retry_after is not None


def test_an_unknown_text_is_a_refusal_as_it_is() -> None:
    error = reply("Zapis w trakcie modyfikacji", "second")
    assert isinstance(error, Refused)
    assert str(error) == "Zapis w trakcie modyfikacji · second"
    assert (error.field, error.log_code) == ("", "")


@pytest.mark.parametrize(
    ("text", "merge_field"),
    [
        ("Field [TSKDAT]: Mandatory field", "dates"),
        ("Zone [CPYADD(1)] : Longueur incorrecte (50)", "work_address"),
        ("Field [XYZ] and [APTTYP]: incorrect", "category"),
        ("Field [XYZ]: incorrect", ""),
        ("Representative R001 is already taken", ""),
    ],
)
def test_the_field_in_brackets_becomes_a_merge_field(text: str, merge_field: str) -> None:
    error = reply(text)
    assert isinstance(error, Refused)
    assert error.field == merge_field


@pytest.mark.parametrize(
    ("message", "reports", "code"),
    [
        ("refused, see F364232", ("F1", ""), "F364232"),
        ("refused", ("Log code on distant server: F364232", ""), "F364232"),
        ("refused", ("", "trace F99 end"), "F99"),
        ("refused in Folder F and F12X", ("", ""), ""),
    ],
)
def test_r1_log_code(message: str, reports: tuple[str, str], code: str) -> None:
    error = reply(message, reports=reports)
    assert isinstance(error, Refused)
    assert error.log_code == code


@pytest.mark.parametrize("writes", [True, False])
def test_silence_leaves_a_write_open(writes: bool) -> None:
    error = reply(reports=("", "[F:TSK]ZSYNCID: non-existent variable"), writes=writes)
    assert isinstance(error, TryLater)
    assert error.sent is writes
    assert "non-existent variable" in str(error)


@pytest.mark.parametrize(
    ("status", "body", "kind", "sent"),
    [
        (401, "Error 30: Invalid token", Stop, None),
        (403, "", Stop, None),
        (404, "", Stop, None),
        (500, "No web services accepted", TryLater, False),
        (500, "<html>oops</html>", TryLater, True),
        (429, "", TryLater, False),
        (502, "<html>Bad Gateway</html>", TryLater, True),
        (503, "", TryLater, True),
        (504, "", TryLater, True),
    ],
)
def test_http(status: int, body: str, kind: type[Exception], sent: bool | None) -> None:
    error = errors.of_http(status, body, writes=True, retry_after=None)
    assert isinstance(error, kind)
    if isinstance(error, TryLater):
        assert error.sent is sent
        assert not errors.of_http(status, body, writes=False, retry_after=None).sent  # type: ignore[attr-defined]
        assert "<html>" not in str(error)
