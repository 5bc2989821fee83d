"""Graph's error bodies: `{"error":{"code","message","innerError":{"request-id","date"}}}` (docs: resources/errors)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

MESSAGES = {
    "ErrorItemNotFound": "The specified object was not found in the store.",
    "ErrorInvalidIdMalformed": "Id is malformed.",
    "ErrorIrresolvableConflict": "The send or update operation could not be performed because the change key passed "
    "in the request does not match the current change key for the item.",
    "ErrorPropertyValidationFailure": "At least one property failed validation.",
    "ErrorDuplicateTransactionId": "Your request can't be completed. The TransactionId specified in the request has "
    "already been used to create a different event.",
    "ErrorOccurrenceCrossingBoundary": "Modified occurrence is crossing or overlapping adjacent occurrence.",
    "InvalidAuthenticationToken": "CompactToken parsing failed with error code: 80049217",
    "MailboxNotEnabledForRESTAPI": "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
    "SyncStateNotFound": "The sync state generation is not found.",
    "ApplicationThrottled": "Application is over its MailboxConcurrency limit.",
    "ErrorAccessDenied": "Access is denied. Check credentials and try again.",
    "InternalServerError": "Value cannot be null.\r\nParameter name: type",
}


class GraphError(Exception):
    """A refusal on its way to the caller; `extra` becomes further members of `error`, `inner` the inner error's code."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str = "",
        *,
        headers: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
        inner: str = "",
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.message = message or MESSAGES.get(code, code)
        self.headers = headers or {}
        self.extra = extra or {}
        self.inner = {"code": inner} if inner else {}

    def body(self, now: datetime) -> dict[str, Any]:
        """The JSON Graph sends."""
        request_id = str(uuid4())
        inner = {
            **self.inner,
            "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": request_id,
            "client-request-id": request_id,
        }
        return {"error": {"code": self.code, "message": self.message, **self.extra, "innerError": inner}}


def not_found(code: str = "ErrorItemNotFound") -> GraphError:
    """404 for an item, a folder or a mailbox."""
    return GraphError(404, code)


def invalid(message: str, code: str = "ErrorPropertyValidationFailure") -> GraphError:
    """400 for a value Exchange refuses."""
    return GraphError(400, code, message)


class ConnectionCutError(Exception):
    """The request was carried out and its answer is lost: the server closes the connection."""
