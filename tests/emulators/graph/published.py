"""Graph's published v1.0 schema (CSDL) and list of routes, where a checkout of the reference data lies beside ours."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

DATA = Path(__file__).parents[4] / "shared" / "data"
CSDL = DATA / "graph-v1.0.csdl"
ROUTES = DATA / "graph-v1.0-routes.txt"
_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_COLLECTION = re.compile(r"^Collection\((.*)\)$")
# The schema calls many types open; what may really be there under any name is this. (A notification's resourceData names
# its type as "#Microsoft.Graph.Event", in another case than the schema's.)
_OPEN = ("openTypeExtension", "resourceData")
_PRIMITIVES: dict[str, type | tuple[type, ...]] = {
    "Edm.String": str,
    "Edm.Boolean": bool,
    "Edm.Int16": int,
    "Edm.Int32": int,
    "Edm.Int64": int,
    "Edm.Double": (int, float),
    "Edm.DateTimeOffset": str,
    "Edm.Date": str,
    "Edm.TimeOfDay": str,
    "Edm.Guid": str,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A property: its type's name and whether null is allowed."""

    type: str
    nullable: bool


@dataclass(slots=True, kw_only=True)
class Kind:
    """An entity or complex type with its inherited members, or an enumeration."""

    members: dict[str, Member] = field(default_factory=dict)
    values: frozenset[str] = frozenset()


@functools.cache
def _elements() -> dict[str, ElementTree.Element]:
    """The types of namespace microsoft.graph by name. The file is ours, fetched from Microsoft."""
    root = ElementTree.parse(CSDL).getroot()
    schema = next(s for s in root.iter(f"{_EDM}Schema") if s.get("Namespace") == "microsoft.graph")
    return {name: element for element in schema if (name := element.get("Name"))}


@functools.cache
def kind(name: str) -> Kind:
    """A type by its name without namespace. Raises KeyError for one that is not published."""
    element = _elements()[name]
    if element.tag == f"{_EDM}EnumType":
        return Kind(values=frozenset(str(member.get("Name")) for member in element.iter(f"{_EDM}Member")))
    base = element.get("BaseType")
    found = kind(_plain(base)) if base else Kind()
    members = dict(found.members)
    for child in element:
        if child.tag in (f"{_EDM}Property", f"{_EDM}NavigationProperty"):
            nullable = child.get("Nullable") != "false"
            members[str(child.get("Name"))] = Member(type=str(child.get("Type")), nullable=nullable)
    return Kind(members=members)


def _plain(name: str) -> str:
    return name.removeprefix("#").removeprefix("microsoft.graph.").removeprefix("graph.")


def deviations(value: Any, name: str) -> list[str]:
    """Where a JSON value differs from the published type of that name, a line each."""
    found: list[str] = []
    _compare(value, Member(type=name, nullable=True), name, found)
    return found


def _compare(value: Any, member: Member, where: str, found: list[str]) -> None:
    if value is None:
        if not member.nullable:
            found.append(f"{where}: null, which the schema does not allow")
        return
    if several := _COLLECTION.match(member.type):
        if not isinstance(value, list):
            found.append(f"{where}: {value!r} is no collection")
            return
        for item in value:
            _compare(item, Member(type=several[1], nullable=member.nullable), f"{where}[]", found)
        return
    if member.type in _PRIMITIVES:
        right = isinstance(value, _PRIMITIVES[member.type]) and isinstance(value, bool) is (member.type == "Edm.Boolean")
        if not right:
            found.append(f"{where}: {value!r} is no {member.type}")
        return
    _object(value, member, where, found)


def _object(value: Any, member: Member, where: str, found: list[str]) -> None:
    name_of_kind = _plain(member.type)
    expected = kind(name_of_kind)
    if expected.values:
        if value not in expected.values:
            found.append(f"{where}: {value!r} is no member of {name_of_kind}")
        return
    if not isinstance(value, dict):
        found.append(f"{where}: {value!r} is no object")
        return
    named = value.get("@odata.type")
    if named and name_of_kind not in _OPEN:
        name_of_kind = _plain(named)
        expected = kind(name_of_kind)
    for name, inner in value.items():
        if name in expected.members:
            _compare(inner, expected.members[name], f"{where}.{name}", found)
        elif "@" not in name and name_of_kind not in _OPEN:
            found.append(f"{where}: {name_of_kind} has no member {name!r}")


def routes() -> frozenset[str]:
    """The published paths below /users, with every parameter as {}."""
    lines = ROUTES.read_text(encoding="utf-8").splitlines()
    return frozenset(re.sub(r"\{[^}]*\}", "{}", line) for line in lines if line.startswith("/"))
