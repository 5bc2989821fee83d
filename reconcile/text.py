"""Canonical text, and the details block (rules C7, C8).

Pure string work that both worlds agree on: what counts as the same text, and how the block that the sync puts above a
body is written and taken off again, so that it never grows and never reaches X3.
"""

from __future__ import annotations

import unicodedata

# Zero-width marks would be lost by some clients; a plain rule of dashes survives every one of them.
DETAILS_OPEN = "----- Sage X3 -----"
DETAILS_CLOSE = "----- / Sage X3 -----"


def canonical(text: str) -> str:
    """Text as it is compared (C8): NFC, LF, no trailing blanks on lines or at the end, no leading blank lines."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.replace("\u00a0", " ").rstrip() for line in lines).strip("\n")


def line(text: str) -> str:
    """A one-line text in canonical form: line ends become blanks, blanks at both ends go."""
    return " ".join(canonical(text).split("\n")).strip()


def fold(text: str) -> str:
    """Text for look-ups without regard to case, accents and runs of blanks (M4, K)."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def with_details(details: list[str], text: str) -> str:
    """`text` below the marked block of `details` lines (C7)."""
    shown = [entry for detail in details if (entry := line(detail))]
    block = "\n".join((DETAILS_OPEN, *shown, DETAILS_CLOSE))
    return f"{block}\n{text}" if text else block


def split_details(text: str) -> tuple[bool, str]:
    """(whether the block stands there, the text without it). Text a person wrote above the block stays.

    A block whose end was removed runs to its last consecutive non-blank line.
    """
    lines = canonical(text).split("\n")
    kept: list[str] = []
    found = inside = False
    for current in lines:
        if current.strip() == DETAILS_OPEN:
            found = inside = True
        elif (inside and current.strip() == DETAILS_CLOSE) or (inside and not current.strip()):
            inside = False
        elif not inside:
            kept.append(current)
    return found, canonical("\n".join(kept))
