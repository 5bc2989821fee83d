"""The `Prefer` header: a comma list whose names are case-insensitive (docs: outlook-immutable-id, event-list)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PART = re.compile(r'\s*([A-Za-z.\-]+)\s*=\s*("([^"]*)"|[^,;]*)')


@dataclass(frozen=True, slots=True)
class Prefer:
    """What the caller prefers; empty values mean Graph's defaults."""

    immutable: bool = False
    zone: str = ""
    body: str = "html"
    page_size: int = 0
    body_asked: bool = False

    def applied(self) -> str:
        """The Preference-Applied header, or ''."""
        parts: list[str] = []
        if self.zone:
            parts.append(f'outlook.timezone="{self.zone}"')
        if self.body_asked:
            parts.append(f'outlook.body-content-type="{self.body}"')
        if self.page_size:
            parts.append(f"odata.maxpagesize={self.page_size}")
        if self.immutable:
            parts.append('IdType="ImmutableId"')
        return ", ".join(parts)


def parse_prefer(header: str) -> Prefer:
    """Read the list in any order; unknown preferences are ignored as RFC 7240 says."""
    immutable, zone, body, asked, size = False, "", "html", False, 0
    for name, value, quoted in _PART.findall(header):
        text = (quoted or value).strip().strip('"')
        match name.lower():
            case "idtype":
                immutable = text.lower() == "immutableid"
            case "outlook.timezone":
                zone = text
            case "outlook.body-content-type":
                body, asked = ("text" if text.lower() == "text" else "html"), True
            case "odata.maxpagesize" if text.isdigit():
                size = int(text)
    return Prefer(immutable=immutable, zone=zone, body=body, page_size=size, body_asked=asked)
