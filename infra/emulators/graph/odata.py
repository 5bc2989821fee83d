"""Query options: $select, $expand, $orderby, $top, $skip and $count over rendered items."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from infra.emulators.graph.calls import Answer, Call
from infra.emulators.graph.errors import GraphError
from infra.emulators.graph.filters import compile_filter, property_ids

T = TypeVar("T")
DEFAULT_TOP = 10
MAX_TOP = 1000


@dataclass(frozen=True, slots=True)
class Shape:
    """Which members of an item the caller wants."""

    select: frozenset[str] = frozenset()
    single: tuple[str, ...] = ()
    multi: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    nested: frozenset[str] = field(default_factory=frozenset)

    @property
    def plain(self) -> bool:
        """Everything, nothing expanded: such items can be served from the cache."""
        return not (self.select or self.single or self.multi or self.extensions or self.nested)


def _split(text: str) -> list[str]:
    parts, depth, start, quoted = [], 0, 0, False
    for i, char in enumerate(text):
        if char == "'":
            quoted = not quoted
        elif not quoted and char == "(":
            depth += 1
        elif not quoted and char == ")":
            depth -= 1
        elif not quoted and char == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [p.strip() for p in [*parts, text[start:]] if p.strip()]


def option(call: Call, name: str) -> str:
    """A query option by its name, with or without `$`, in any case."""
    for key, value in call.query.items():
        if key.lower().lstrip("$") == name:
            return value
    return ""


def shape(call: Call, *, use_select: bool = True, use_expand: bool = True) -> Shape:
    """$select and $expand of a request. Unknown navigation names are 400."""
    select = (
        frozenset(s for s in (p.strip() for p in option(call, "select").split(",")) if s) if use_select else frozenset()
    )
    single: tuple[str, ...] = ()
    multi: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    nested: set[str] = set()
    for part in _split(option(call, "expand")) if use_expand else ():
        name, _, inside = part.partition("(")
        match name.strip().lower():
            case "singlevalueextendedproperties":
                single += tuple(property_ids(inside))
            case "multivalueextendedproperties":
                multi += tuple(property_ids(inside))
            case "extensions":
                extensions += tuple(re.findall(r"\bid\s+eq\s+'((?:[^']|'')*)'", inside)) or ("*",)
            case "linkedresources" | "checklistitems" | "calendar" | "exceptionoccurrences" | "instances":
                nested.add(name.strip().lower())
            case "attachments":
                nested.add("attachments")
            case _:
                raise GraphError(
                    400, "BadRequest", f"Parsing OData Select and Expand failed: Could not find a property named '{name}'."
                )
    return Shape(select, single, multi, extensions, frozenset(nested))


def project(row: dict[str, Any], wanted: Shape) -> dict[str, Any]:
    """Keep what $select names; id, annotations and expanded members always stay."""
    if not wanted.select:
        return row
    keep = {name.split("/")[0].lower() for name in wanted.select} | {"id"}
    expanded = {"singlevalueextendedproperties", "multivalueextendedproperties", "extensions"} | wanted.nested
    return {k: v for k, v in row.items() if k.startswith("@") or k.lower() in keep or k.lower() in expanded}


def paging(call: Call) -> tuple[int, int]:
    """($top or Prefer odata.maxpagesize, $skip). $top outside 1..1000 is 400."""
    raw_top, raw_skip = option(call, "top"), option(call, "skip") or option(call, "skiptoken")
    if raw_top and (not raw_top.isdigit() or not 1 <= int(raw_top) <= MAX_TOP):
        raise GraphError(
            400,
            "ErrorInvalidUrlQuery",
            f"The limit of '{MAX_TOP}' for Top query has been exceeded or is invalid: '{raw_top}'.",
        )
    top = int(raw_top) if raw_top else min(call.prefer.page_size or DEFAULT_TOP, MAX_TOP)
    return top, int(raw_skip) if raw_skip.isdigit() else 0


def ordered(call: Call, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """$orderby over rendered rows (path with optional asc/desc, several by comma)."""
    for part in reversed([p.strip() for p in option(call, "orderby").split(",") if p.strip()]):
        path, _, direction = part.partition(" ")

        def key(row: dict[str, Any], path: str = path) -> tuple[bool, str]:
            value: Any = row
            for step in path.split("/"):
                value = value.get(step) if isinstance(value, dict) else None
            return value is None, str(value).casefold()

        rows = sorted(rows, key=key, reverse=direction.strip().lower() == "desc")
    return rows


def listing(
    call: Call,
    context: str,
    items: Sequence[T],
    full: Callable[[T], dict[str, Any]],
    row: Callable[[T], Any],
) -> Answer:
    """A collection page. `full` renders what $filter and $orderby look at, `row` what is answered."""
    text = option(call, "filter")
    chosen: list[T] = [] if call.empty else list(items)
    if text:
        test = compile_filter(text)
        chosen = [i for i in chosen if test(full(i))]
    if option(call, "orderby"):
        chosen = [f["@item"] for f in ordered(call, [{**full(i), "@item": i} for i in chosen])]
    top, skip = paging(call)
    page = chosen[skip : skip + top]
    body: dict[str, Any] = {"@odata.context": f"{call.base}/$metadata#{context}"}
    if option(call, "count").lower() == "true":
        body["@odata.count"] = len(chosen)
    body["value"] = [row(i) for i in page]
    if skip + top < len(chosen):
        body["@odata.nextLink"] = call.link(**{"$skip": str(skip + top)})
    return Answer(200, body)
