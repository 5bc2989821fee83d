"""The table of failures: what each answer makes the shell do."""

from __future__ import annotations

import pytest

from graph_adapter.errors import Asked, Duplicate, Failure, Gone, of_body, port_error, retry_after, server_time
from reconcile.model import Side
from reconcile.port import CursorExpired, Moved, Refused, Stop, TryLater

GET, WRITE, TOKEN = Asked(), Asked(write=True), Asked(token=True)


@pytest.mark.parametrize(
    ("status", "code", "asked", "expected"),
    [
        (410, "", TOKEN, CursorExpired),
        (410, "SyncStateNotFound", TOKEN, CursorExpired),
        (410, "fullSyncRequired", TOKEN, CursorExpired),
        (404, "syncStateNotFound", TOKEN, CursorExpired),
        (400, "ErrorInvalidSyncStateData", TOKEN, CursorExpired),
        (400, "resyncRequired", TOKEN, CursorExpired),
        (410, "", GET, Gone),
        (404, "ErrorItemNotFound", TOKEN, Gone),
        (404, "MailboxNotEnabledForRESTAPI", GET, Stop),
        (404, "ErrorInvalidUser", TOKEN, Stop),
        (401, "InvalidAuthenticationToken", GET, Stop),
        (403, "ErrorAccessDenied", WRITE, Stop),
        (429, "ApplicationThrottled", GET, TryLater),
        (500, "ErrorInternalServerTransientError", GET, TryLater),
        (502, "", GET, TryLater),
        (503, "", GET, TryLater),
        (504, "", WRITE, TryLater),
        (509, "", GET, TryLater),
        (412, "ErrorIrresolvableConflict", WRITE, Moved),
        (400, "ErrorDuplicateTransactionId", WRITE, Duplicate),
        (409, "ErrorDuplicateTransactionId", WRITE, Duplicate),
        (400, "ErrorPropertyValidationFailure", WRITE, Refused),
        (409, "", WRITE, Refused),
        (418, "Teapot", GET, Refused),
    ],
)
def test_the_table(status: int, code: str, asked: Asked, expected: type[Exception]) -> None:
    assert type(port_error(Failure(status=status, code=code, message="m"), asked)) is expected


@pytest.mark.parametrize(
    ("failure", "sent"),
    [
        (Failure(status=429), False),
        (Failure(status=503, retry_after=2), False),
        (Failure(status=503, code="ErrorServerBusy"), False),
        (Failure(status=503), True),
        (Failure(status=502), True),
        (Failure(status=504, retry_after=2), True),
    ],
)
def test_m7_whether_a_write_may_have_been_done(failure: Failure, sent: bool) -> None:
    error = port_error(failure, WRITE)
    assert isinstance(error, TryLater)
    assert error.sent is sent
    read = port_error(failure, GET)
    assert isinstance(read, TryLater)
    assert not read.sent


def test_unknown_codes_keep_their_raw_text() -> None:
    error = port_error(Failure(status=418, code="Teapot", message="short and stout"), GET)
    assert isinstance(error, Refused)
    assert str(error) == "418 Teapot: short and stout"


def test_only_a_wrong_credential_concerns_every_user() -> None:
    failures = [Failure(status=401), Failure(status=401, code="UnknownError"), Failure(status=403)]
    errors = [port_error(failure, GET) for failure in failures]
    assert [isinstance(e, Stop) and e.side for e in errors] == [Side.OUTLOOK, None, None]
    assert all(isinstance(e, Stop) and e.mend for e in errors)


def test_retry_after_in_seconds_and_as_a_date() -> None:
    assert retry_after({"retry-after": "7"}) == 7
    dated = {"retry-after": "Mon, 02 Mar 2026 08:00:09 GMT", "date": "Mon, 02 Mar 2026 08:00:00 GMT"}
    assert retry_after(dated) == 9
    assert retry_after({}) is None
    assert retry_after({"retry-after": "soon"}) is None
    assert server_time({"date": "never"}) is None


def test_a_page_of_html_keeps_its_status() -> None:
    assert of_body(502, {}, b"<html>") == Failure(status=502)
    body = b'{"error":{"code":"X","message":"m","@event.existingEventId":"E"}}'
    assert of_body(400, {}, body) == Failure(status=400, code="X", message="m", existing="E")
