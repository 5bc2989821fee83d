"""One table: what Graph answered -> which of the five errors of the port the shell acts on.

The order of the table is precedence. Mapping is by status and code, never by message; codes nobody knows keep their raw
text. Messages of the server are handed on, contents of items never are (S4).
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from kiota_abstractions.api_error import APIError

from graph_adapter.wire import ErrorBody
from reconcile.model import Side
from reconcile.port import CursorExpired, Moved, Refused, Stop, TryLater

_TOKEN_CODES = re.compile(r"syncstate|resyncrequired|fullsyncrequired|InvalidSyncState", re.IGNORECASE)
_MAILBOX_CODES = re.compile(
    r"MailboxNotEnabledForRESTAPI|MailboxNotSupportedForRESTAPI|ErrorInvalidUser|Request_ResourceNotFound|"
    r"ErrorNonExistentMailbox|ErrorMailboxMoveInProgress",
    re.IGNORECASE,
)
# A 503 with one of these, or with a Retry-After, comes from Exchange before it did anything; a bare one may come from a
# proxy that had already passed the request on.
_UNPROCESSED = re.compile(
    r"throttl|serviceNotAvailable|ServiceUnavailable|StoreUnavailable|ServerBusy|TooManyRequests|activityLimit",
    re.IGNORECASE,
)
_BUSY = frozenset({408, 429, 500, 502, 503, 504, 509})
DUPLICATE = "ErrorDuplicateTransactionId"


class Gone(Exception):
    """404 or 410 of what the request named: an item, or the folder it was looked for in (S8 needs more to be proof)."""

    def __init__(self, code: str, *, now: datetime | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.now = now


class Duplicate(Exception):
    """The event's transactionId was used before; `existing` is that event's id when the server says so (M7)."""

    def __init__(self, existing: str) -> None:
        super().__init__(DUPLICATE)
        self.existing = existing


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An answer that is no success. `retry_after` in seconds; `now` the server's Date, aware, UTC."""

    status: int
    code: str = ""
    message: str = ""
    retry_after: float | None = None
    existing: str = ""
    now: datetime | None = None

    @property
    def text(self) -> str:
        """What a person reads."""
        return f"{self.status} {self.code}: {self.message}" if self.code else f"{self.status} {self.message}".strip()

    @property
    def unprocessed(self) -> bool:
        """Whether the answer says that the request was not carried out, so that a write may be sent again."""
        says_so = self.retry_after is not None or bool(_UNPROCESSED.search(self.code))
        return self.status in (429, 509) or (self.status == 503 and says_so)


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """The Date header as an aware UTC instant; None when it is absent or unreadable."""
    raw = headers.get("date") or headers.get("Date")
    if not raw:
        return None
    try:
        return email.utils.parsedate_to_datetime(raw).astimezone(UTC)
    except ValueError:
        return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds, given as a number or as a date (relative to the answer's own Date)."""
    raw = (headers.get("retry-after") or headers.get("Retry-After") or "").strip()
    if not raw:
        return None
    try:
        return max(0.0, float(raw))
    except ValueError:
        pass
    try:
        until = email.utils.parsedate_to_datetime(raw).astimezone(UTC)
    except ValueError:
        return None
    now = server_time(headers)
    return max(0.0, (until - now).total_seconds()) if now else None


def of_body(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The failure in one part of a `$batch`. A body that is no Graph error keeps only its status."""
    try:
        error = msgspec.json.decode(body, type=ErrorBody).error
    except msgspec.DecodeError:
        return Failure(status=status, retry_after=retry_after(headers), now=server_time(headers))
    return Failure(
        status=status,
        code=error.code,
        message=error.message,
        retry_after=retry_after(headers),
        existing=error.existing,
        now=server_time(headers),
    )


def of_api_error(error: APIError) -> Failure:
    """The failure behind the SDK's exception. ODataError is a child of APIError; a proxy's HTML page arrives as a bare
    APIError, whose status is all there is."""
    headers: Mapping[str, str] = error.response_headers or {}
    detail: Any = getattr(error, "error", None)
    extra: Mapping[str, Any] = getattr(detail, "additional_data", None) or {}
    return Failure(
        status=int(error.response_status_code or 0),
        code=str(getattr(detail, "code", None) or ""),
        message=str(getattr(detail, "message", None) or error.message or ""),
        retry_after=retry_after(headers),
        existing=str(extra.get("@event.existingEventId") or ""),
        now=server_time(headers),
    )


def _stop_credential(failure: Failure) -> Stop:
    return Stop(
        f"Microsoft Graph refuses the credential: {failure.text}",
        mend="Check tenant, client id and the secret or certificate of the app registration; a secret may have expired.",
        side=Side.OUTLOOK,
    )


def _stop_rights(failure: Failure) -> Stop:
    return Stop(
        f"Microsoft Graph refuses access: {failure.text}",
        mend="Grant the application permissions Calendars.ReadWrite, Contacts.ReadWrite and Tasks.ReadWrite.All with admin "
        "consent, and see that no access policy or RBAC scope excludes this mailbox.",
    )


def _stop_mailbox(failure: Failure) -> Stop:
    return Stop(
        f"The mailbox does not answer: {failure.text}",
        mend="See that the user exists, has an Exchange Online licence and that the mailbox is not on-premises.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked, as far as the meaning of a failure depends on it."""

    write: bool = False
    token: bool = False  # the request carried a delta token
    create: bool = False


_Test = Callable[[Failure, Asked], bool]
_Make = Callable[[Failure, Asked], Exception]

# Order is precedence. A lost sync state comes before everything else that a 404 or 410 could mean; the mailbox's own
# 404 before an item's; throttling before refusals, because some of its codes come with a 403 or 400.
_TABLE: tuple[tuple[_Test, _Make], ...] = (
    (
        lambda f, a: a.token and (f.status == 410 or (400 <= f.status < 500 and bool(_TOKEN_CODES.search(f.code)))),
        lambda f, a: CursorExpired(f.text),
    ),
    (lambda f, a: f.code == DUPLICATE, lambda f, a: Duplicate(f.existing)),
    (lambda f, a: bool(_MAILBOX_CODES.search(f.code)), lambda f, a: _stop_mailbox(f)),
    # To Do says so to an app that lacks its permission; the credential itself is good (G5: one user, not the side).
    (lambda f, a: f.status == 401 and f.code == "UnknownError", lambda f, a: _stop_rights(f)),
    (lambda f, a: f.status == 401, lambda f, a: _stop_credential(f)),
    (
        lambda f, a: f.status in _BUSY,
        lambda f, a: TryLater(
            f"Microsoft Graph is busy: {f.text}",
            retry_after=f.retry_after,
            sent=a.write and not f.unprocessed,
            at_item=f.status == 500,
        ),
    ),
    (lambda f, a: f.status == 403, lambda f, a: _stop_rights(f)),
    (lambda f, a: f.status == 412, lambda f, a: Moved(f.text)),
    (lambda f, a: f.status in (404, 410), lambda f, a: Gone(f.code, now=f.now)),
    (lambda f, a: f.status >= 500, lambda f, a: TryLater(f.text, retry_after=f.retry_after, sent=a.write)),
)


def port_error(failure: Failure, asked: Asked) -> Exception:
    """The exception to raise: one of the five errors, or Gone, or Duplicate."""
    for test, make in _TABLE:
        if test(failure, asked):
            return make(failure, asked)
    return Refused(failure.text, log_code=failure.code)


def lost(asked: Asked, reason: str) -> TryLater:
    """No answer came: a write may have been carried out all the same (M7)."""
    return TryLater(f"No answer from Microsoft Graph: {reason}", sent=asked.write)
