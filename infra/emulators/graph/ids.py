"""Opaque Outlook ids: long, base64url, case-sensitive (docs: outlook-immutable-id).

About every fifth id differs from the one before it only by the case of one letter, so that a case-blind store shows.
"""

from __future__ import annotations

import random
import re

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"
_OCCURRENCE = re.compile(r"^(.+)_o(\d{8})$")


class Ids:
    """A seedable source of ids and change keys."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._last: dict[str, str] = {}

    def _text(self, length: int) -> str:
        return "".join(self._random.choices(_ALPHABET, k=length))

    def _next(self, prefix: str, length: int) -> str:
        last = self._last.get(prefix, "")
        letters = [i for i in range(len(prefix), len(last)) if last[i].isalpha()]
        if letters and self._random.random() < 0.2:
            at = self._random.choice(letters)
            made = last[:at] + last[at].swapcase() + last[at + 1 :]
            self._last[prefix] = ""
            return made
        made = prefix + self._text(length)
        self._last[prefix] = made
        return made

    def rest(self) -> str:
        """The default id, which changes when the item changes folder."""
        return self._next("AAMkADExMzJmYWE3LTBhNzgt", 64)

    def immutable(self) -> str:
        """The id under Prefer: IdType="ImmutableId"."""
        return self._next("AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A", 44)

    def folder(self) -> str:
        """A calendar, contact folder, mail folder or To Do list (containers have constant ids)."""
        return self._next("AQMkADAwATM0MDAAMS0y", 72)

    def change_key(self) -> str:
        return self._text(22) + "=="

    def guid(self) -> str:
        digits = f"{self._random.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def ical(self) -> str:
        """An iCalUId as Exchange makes them: the clean global object id in hex."""
        return "040000008200E00074C5B7101A82E008" + f"{self._random.getrandbits(320):080X}"


def occurrence_id(master: str, day: str) -> str:
    """The id of the occurrence of `day` (YYYYMMDD): derived from the date, as dankcalendar#95 saw."""
    return f"{master}_o{day}"


def split_occurrence(item_id: str) -> tuple[str, str]:
    """(master id, YYYYMMDD), the day empty for an id that is no occurrence's."""
    found = _OCCURRENCE.match(item_id)
    return (found[1], found[2]) if found else (item_id, "")
