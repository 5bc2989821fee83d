"""One table: what X3 says when it fails -> the five errors of the port (x3.md, section 5).

Success is decided by `status` alone, never by a message's type (clients disagree on what type means), and never by the
HTTP status, which is 200 for business failures too. Texts come in the call's language, so each known fault lists its texts;
a text that is not listed stays what X3 made of it: a refusal of this one item, shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reconcile.model import Side
from reconcile.port import Refused, Stop, TryLater

_LOG_CODE = re.compile(r"\bF\d+\b")
_BRACKETED = re.compile(r"\[([A-Z][A-Z0-9_]*)(?:\(\d+\))?\]")


class Then(StrEnum):
    """What the caller does next."""

    WAIT = "wait"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A known text. `mend` says how a person repairs it; `pause` is the back-off in seconds where the cause lasts."""

    texts: str
    then: Then
    mend: str = ""
    pause: float | None = None

    def fits(self, text: str) -> bool:
        """Whether X3 said this."""
        return re.search(self.texts, text, re.IGNORECASE) is not None


# Order is precedence. ENG | FRA | GER | SPA | POR where the text is translated. The lock's FRA text is documented, the
# others follow it; a folder with other words gets a problem line that its next change clears, never a lost one.
FAULTS: tuple[Fault, ...] = (
    Fault(
        texts=r"No classic web service pool match",
        then=Then.STOP,
        mend="Check X3SYNC_X3__POOL against Administration > Web services > Classic SOAP pools (case counts), and that the "
        "pool is started.",
    ),
    Fault(
        texts=r"Unknown web service|Service web inexistant|Unbekannter Webservice|Servicio web inexistente"
        r"|Serviço web inexistente",
        then=Then.STOP,
        mend="Publish it with GESAWE under this name (or set your name for it in X3SYNC_X3__OBJECTS/PROGRAMS), then "
        "restart the pool.",
    ),
    Fault(
        texts=r"Connection error - Incorrect user code or password",
        then=Then.STOP,
        mend="The pool cannot log on to the folder: correct the user of the classic SOAP pool.",
    ),
    Fault(texts=r"No web services accepted", then=Then.WAIT, pause=60.0),
    # The queue's time-out has no documented text: these are the words of the pool's own pages.
    Fault(texts=r"no client available|rejected after waiting|queue timeout", then=Then.WAIT, pause=10.0),
    Fault(texts=r"Change login error", then=Then.WAIT, pause=60.0),
    Fault(
        texts=r"being modified|en cours de modification|wird gerade .*bearbeitet|en curso de modificaci[oó]n"
        r"|em (curso de )?modificaç[aã]o",
        then=Then.WAIT,
        pause=15.0,
    ),
)

_AUTHENTICATION = (
    "Check X3SYNC_X3__USER and its password, or the connected application's client id, secret, audience and user; the user "
    "must be mapped to an X3 user on the pool's endpoint."
)
_ADDRESS = "Check X3SYNC_X3__BASE_URL: the SOAP service of Syracuse does not answer there."
NOT_ON_SCREEN = re.compile(r"Field \[(\w+)\] not found into X3 description")


def log_code(*texts: str) -> str:
    """The log code in X3's words: `F` and digits, else "" (R1)."""
    for text in texts:
        found = _LOG_CODE.search(text)
        if found:
            return found.group()
    return ""


def of_http(status: int, body: str, *, writes: bool, retry_after: float | None) -> Exception:
    """The error of an HTTP answer that is not a SOAP answer.

    `writes`: the request may have changed something before its answer was lost (M7). Faults X3 raises before it looks at
    the request (no client, no licence, no log-on) say that it was not carried out.
    """
    if status == 401:
        return Stop(f"X3 refuses the credentials: {_excerpt(body)}", mend=_AUTHENTICATION, side=Side.X3)
    if status in (403, 404, 405):
        return Stop(f"X3 answers {status}: {_excerpt(body)}", mend=_ADDRESS, side=Side.X3)
    known = next((fault for fault in FAULTS if fault.fits(body)), None)
    if known is not None:
        return _of_fault(known, _excerpt(body), "", retry_after)
    if status == 429:
        return TryLater("X3 asks to slow down (429)", retry_after=retry_after)
    return TryLater(f"X3 answers {status}: {_excerpt(body)}", retry_after=retry_after, sent=writes)


def of_reply(
    messages: Sequence[str],
    reports: Sequence[str],
    *,
    publication: str,
    writes: bool,
    names: Mapping[str, str] | None = None,
) -> Exception:
    """The error of a SOAP answer with status 0.

    `reports` are processReport and traceRequest; `names` maps X3's field names to merge fields, so that a refusal knows
    which field it is about.
    """
    if not any(messages):
        # A sub-program that does not load answers so; only the trace says why. What a save did is unknown then (M7).
        why = next((_excerpt(report) for report in reports if report), "no message, see the pool's trace")
        return TryLater(f"{publication}: X3 fails silently ({why})", sent=writes, at_item=True)
    said = " · ".join(message for message in messages if message)
    known = next((fault for fault in FAULTS if fault.fits(said)), None)
    if known is not None:
        return _of_fault(known, said, publication, None)
    return Refused(said, field=_field_in(said, names or {}), log_code=log_code(said, *reports))


def _of_fault(fault: Fault, said: str, publication: str, retry_after: float | None) -> Exception:
    about = f"{publication}: {said}" if publication else said
    if fault.then is Then.STOP:
        return Stop(about, mend=f"{publication}: {fault.mend}" if publication else fault.mend, side=Side.X3)
    return TryLater(about, retry_after=fault.pause if retry_after is None else retry_after)


def _field_in(said: str, names: Mapping[str, str]) -> str:
    for name in _BRACKETED.findall(said):
        if name in names:
            return names[name]
    return ""


def _excerpt(body: str) -> str:
    """A line of an answer that may be a page of HTML."""
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())[:200] or "no text"
