"""getDescription -> where each field of a published object lives.

Group ids of the CRM screens differ from folder to folder (and are nowhere published), so nothing here assumes one: a field
is found by its name, and written into the group in which the description shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lxml import etree

from reconcile.model import Side
from reconcile.port import Stop
from x3_adapter.payload import Lines, Value, parse_xml, render
from x3_adapter.soap import X3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a field lives: its group, whether that is a table, how many values it holds, and its longest text (0: not
    known, or no text)."""

    group: str
    table: bool
    size: int
    kind: str
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The screen of a published object."""

    publication: str
    places: Mapping[str, Place] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether the field is on the screen."""
        return name in self.places

    def missing(self, names: Iterable[str]) -> list[str]:
        """Which of `names` are not on the screen."""
        return [name for name in names if name not in self.places]

    def length(self, name: str) -> int:
        """The longest text of a field, in characters; 0 when it has no known limit."""
        place = self.places.get(name)
        return place.length if place is not None and place.kind in _TEXTS else 0

    def param(self, fields: Mapping[str, Value], lines: Mapping[str, Lines] | None = None) -> str:
        """A `<PARAM>` with each field in its group.

        Raises KeyError for a field that is not on the screen: the mapping asks `has` first.
        """
        groups: dict[str, dict[str, Value]] = {}
        for name, value in fields.items():
            groups.setdefault(self.places[name].group, {})[name] = value
        return render(groups, lines)


_TEXTS = frozenset({"Char", "Clob"})


async def describe(x3: X3, publication: str) -> Description:
    """The description of a published object, asked once for a connection.

    Raises Stop when it is not published, or X3 describes nothing.
    """
    known = x3.descriptions.get(publication)
    if known is None:
        known = x3.descriptions[publication] = read_description(publication, await x3.describe(publication))
    return known


def read_description(publication: str, text: str) -> Description:
    """The fields of a getDescription answer.

    Attribute names are read in both spellings (`NAM`/`NAME`/`ID`, `TYP`/`TYPE`): the documented sample and the answers of
    other operations differ. Raises Stop when it describes no field.
    """
    places: dict[str, Place] = {}
    try:
        root = parse_xml(text.strip().encode())
    except ValueError:
        root = None
    for group in root.iter("GRP", "TAB") if root is not None else ():
        identity = _attribute(group, "ID", "NAM", "NAME")
        dimension = _number(group, "DIM")
        for node in group.iter("FLD", "LST"):
            name = _attribute(node, "NAM", "NAME", "ID")
            places.setdefault(
                name,
                Place(
                    group=identity,
                    table=dimension > 1 or group.tag == "TAB",
                    size=max(_number(node, "DIM"), _number(node, "SIZE"), 1),
                    kind=_attribute(node, "TYP", "TYPE") or "Char",
                    length=_number(node, "LEN"),
                ),
            )
    if not places:
        raise Stop(
            f"{publication}: X3 describes no field",
            mend=f"Publish the object again with GESAWE as {publication}, then restart the pool.",
            side=Side.X3,
        )
    return Description(publication=publication, places=places)


def _attribute(node: etree._Element, *names: str) -> str:
    return next((text for name in names if (text := node.get(name))), "")


def _number(node: etree._Element, name: str) -> int:
    text = (node.get(name) or "0").partition(".")[0]
    return int(text) if text.isdigit() else 0
