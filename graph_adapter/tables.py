"""Tables between what people type in Outlook and canonical values: titles and countries. Defaults; a site may replace
them in its settings."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from graph_adapter import countries
from reconcile.text import fold, line

_TITLES = {
    "Mr": "mr mr. m m. monsieur herr hr hr. senor sr sr. signor sig sig. dhr dhr. de heer senhor",
    "Mrs": "mrs mrs. mme mme. madame frau fr fr. senora sra sra. signora sig.ra mevr mevr. mevrouw senhora",
    "Ms": "ms ms. miss mlle mlle. mademoiselle fraulein senorita srta srta. signorina mej mej.",
}


def default_titles() -> dict[str, str]:
    """Folded spelling -> canonical title."""
    known = {word: title for title, words in _TITLES.items() for word in words.split() if word not in ("de", "heer")}
    return {**known, "de heer": "Mr"}


def default_countries() -> dict[str, tuple[str, ...]]:
    """ISO 3166 alpha-2 code -> names, the one that is written first."""
    rows = (row.split("|") for row in countries.NAMES.splitlines())
    return {code: tuple(names) for code, *names in rows}


_MORE_COUNTRIES = {
    "usa": "US",
    "u.s.a.": "US",
    "u.s.": "US",
    "uk": "GB",
    "u.k.": "GB",
    "great britain": "GB",
    "england": "GB",
}


@dataclass(frozen=True)
class Tables:
    """Titles (folded spelling -> canonical) and countries (code -> names, the written one first).

    Every spelling of one value is the same value, so that `Monsieur` is never rewritten as `Mr`.
    """

    titles: Mapping[str, str] = field(default_factory=default_titles)
    countries: Mapping[str, tuple[str, ...]] = field(default_factory=default_countries)
    _codes: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        codes = {fold(name): code for code, names in self.countries.items() for name in names}
        known = {name: code for name, code in _MORE_COUNTRIES.items() if code in self.countries}
        object.__setattr__(self, "_codes", {**known, **codes, **{code.casefold(): code for code in self.countries}})

    def title(self, text: str | None) -> str:
        """The canonical title, or the text where no table knows it."""
        clean = line(text or "")
        return self.titles.get(fold(clean), clean)

    def country(self, text: str | None) -> str:
        """The ISO code, or the text where no table knows it."""
        clean = line(text or "")
        return self._codes.get(fold(clean), clean)

    def country_name(self, code: str) -> str:
        """What is written to Outlook for an ISO code; an unknown text as it is."""
        names = self.countries.get(code)
        return names[0] if names else code


@functools.cache
def usual() -> Tables:
    """The defaults, made once a process: every country's names are folded."""
    return Tables()
