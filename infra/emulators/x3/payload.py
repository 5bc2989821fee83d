"""The XML and JSON inside a SOAP argument or answer: groups of fields and tables of lines, in and out."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from infra.emulators.x3.layout import Group
from infra.emulators.x3.messages import menu
from infra.emulators.x3.tables import Field, Row

TECH = "ADXTEC"
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # no XML can carry these


class PayloadError(Exception):
    """The argument does not fit the description; X3 answers with this (untranslated) text as a message of type 3."""


@dataclass(slots=True)
class Line:
    num: int | None
    fields: dict[str, str]


@dataclass(slots=True)
class Payload:
    fields: dict[str, str | dict[int, str]] = field(default_factory=dict)  # an array field: position from 1 → value
    lines: dict[str, list[Line]] = field(default_factory=dict)


@dataclass(slots=True)
class Block:
    """One group of an answer: `rows` has one row for a GRP, any number for a TAB."""

    group: Group
    rows: list[Row]


# -- in ---------------------------------------------------------------------------------------------------------------


def parse(text: str, groups: tuple[Group, ...]) -> Payload:
    """Read an argument as the real server does, forgiving missing attributes. Raises PayloadError."""
    if text.lstrip().startswith("{"):
        return _parse_json(text, groups)
    body = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    if not body.strip():
        return Payload()
    try:
        root = etree.fromstring(body.encode(), etree.XMLParser(resolve_entities=False, huge_tree=True))
    except etree.XMLSyntaxError as error:
        raise PayloadError(f"XML parsing error: {error.msg}") from error
    payload, known = Payload(), {group.id: group for group in groups}
    for element in root.iterchildren(etree.Element):
        tag = etree.QName(element).localname
        gid = element.get("ID")
        if tag in ("FLD", "LST"):
            _take_field(element, _home(groups, element.get("NAME") or ""), payload)
        elif tag in ("GRP", "TAB"):
            if not gid:
                raise PayloadError(f"No attribute ID found into {tag} tag.")
            if gid == TECH:
                continue
            group = known.get(gid)
            if group is None:
                raise PayloadError(f"Group [{gid}] not found into X3 description.")
            _take_group(element, group, payload)
    return payload


def _home(groups: Iterable[Group], name: str) -> Group:
    for group in groups:
        if name in group.fields:
            return group
    raise PayloadError(f"Cannot add field [FLD] under root node. Field [{name}] not found into X3 description.")


def _take_group(element: Any, group: Group, payload: Payload) -> None:
    if not group.table:
        for child in element.iter("FLD", "LST"):
            _take_field(child, group, payload)
        return
    if etree.QName(element).localname == "GRP":
        raise PayloadError(f"Group [{group.id}] has a dimension greater than 1. You have to use TAB Xml tag.")
    lines = payload.lines.setdefault(group.id, [])
    for line in element.iterchildren("LIN"):
        number = (line.get("NUM") or "").strip()
        values = {child.get("NAME") or "": "".join(child.itertext()) for child in line.iterchildren("FLD")}
        lines.append(_line(group, number, values))


def _line(group: Group, number: str, values: dict[str, str]) -> Line:
    for name in values:
        if name not in group.fields:
            raise PayloadError(
                f"Cannot add field [FLD] under group [{group.id}]. Field [{name}] not found into X3 description."
            )
    return Line(int(number) if number.isdigit() else None, values)


def _take_field(element: Any, group: Group, payload: Payload) -> None:
    name = element.get("NAME") or ""
    known = group.fields.get(name)
    if known is None:
        raise PayloadError(
            f"Cannot add field [FLD] under group [{group.id}]. Field [{name}] not found into X3 description."
        )
    if group.table:
        raise PayloadError(f"Group [{group.id}] has a dimension greater than 1. You have to use TAB Xml tag.")
    if etree.QName(element).localname == "LST":
        _take_list(known, ["".join(item.itertext()) for item in element.iterchildren("ITM")], payload)
    elif known.dim > 1:
        _take_list(known, ["".join(element.itertext())], payload)
    else:
        payload.fields[name] = "".join(element.itertext())


def _take_list(known: Field, items: list[str], payload: Payload) -> None:
    if len(items) > known.dim:
        raise PayloadError(f"List [{known.name}] has a size greater than {known.dim}.")
    if known.dim == 1:
        payload.fields[known.name] = items[0] if items else ""
    else:
        payload.fields[known.name] = dict(enumerate(items, start=1))


def _parse_json(text: str, groups: tuple[Group, ...]) -> Payload:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise PayloadError(f"JSON parsing error: {error}") from error
    payload, known = Payload(), {group.id: group for group in groups}
    for gid, content in document.items():
        if gid == TECH:
            continue
        group = known.get(gid)
        if group is None:
            group = _home(groups, gid)  # a field given directly
            content = {gid: content}
        if group.table:
            rows = content if isinstance(content, list) else [content]
            payload.lines.setdefault(gid, []).extend(
                _line(group, str(row.pop("NUM", "")), {name: str(value) for name, value in row.items()})
                for row in map(dict, rows)
            )
            continue
        for name, value in content.items():
            if name.endswith("_LBL"):
                continue
            if name not in group.fields:
                raise PayloadError(
                    f"Cannot add field [FLD] under group [{gid}]. Field [{name}] not found into X3 description."
                )
            items = value if isinstance(value, list) else [value]
            _take_list(group.fields[name], ["" if item is None else str(item) for item in items], payload)
    return payload


# -- out --------------------------------------------------------------------------------------------------------------


def _shown(known: Field, value: Any) -> str:
    if value in ("", None) or (known.menu and value == 0):
        return ""
    return str(value)


def _label(known: Field, value: Any, lang: str) -> str:
    labels = menu(known.menu, lang)
    return labels[int(value) - 1] if value and 0 < int(value) <= len(labels) else ""


def _cell(known: Field, value: Any, lang: str) -> str:
    if known.dim > 1:
        items = "".join(f"<ITM>{_text(_shown(known, one))}</ITM>" if one != "" else "<ITM/>" for one in value)
        return f'<LST NAME="{known.name}" SIZE="{known.dim}" TYPE="{known.type}">{items}</LST>'
    shown = _text(_shown(known, value))
    label = f'MENULAB={quoteattr(_label(known, value, lang))} MENULOCAL="{known.menu}" ' if known.menu else ""
    head = f'<FLD {label}NAME="{known.name}" TYPE="{known.type}"'
    return f"{head}>{shown}</FLD>" if shown else f"{head}/>"


def _text(value: str) -> str:
    return escape(_UNSPEAKABLE.sub("", value)).replace("\r", "&#13;")


def render_xml(blocks: list[Block], lang: str, beautify: bool = False) -> str:
    """The answer's document; an empty value is a self-closing element."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n<RESULT>']
    for block in blocks:
        gid = block.group.id
        if not block.group.table:
            cells = "".join(_cell(known, block.rows[0].get(name, ""), lang) for name, known in block.group.fields.items())
            parts.append(f'<GRP ID="{gid}">{cells}</GRP>')
            continue
        parts.append(f'<TAB DIM="{block.group.dim}" ID="{gid}" SIZE="{len(block.rows)}">')
        for n, row in enumerate(block.rows, start=1):
            cells = "".join(_cell(known, row.get(name, ""), lang) for name, known in block.group.fields.items())
            parts.append(f'<LIN NUM="{n}">{cells}</LIN>')
        parts.append("</TAB>")
    parts.append("</RESULT>")
    if beautify:
        parts = [re.sub(r"(?<=>)(?=<(GRP|TAB|LIN|/RESULT))", "\n", "".join(parts))]
    return "".join(parts)


def render_json(blocks: list[Block], lang: str) -> str:
    """The same answer with adxwss.optreturn=JSON."""

    def record(group: Group, row: Row) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for name, known in group.fields.items():
            value = row.get(name, "")
            shown[name] = [_shown(known, one) for one in value] if known.dim > 1 else _shown(known, value)
            if known.menu:
                shown[f"{name}_LBL"] = _label(known, value, lang)
        return shown

    return json.dumps(
        {
            block.group.id: [record(block.group, row) for row in block.rows]
            if block.group.table
            else record(block.group, block.rows[0])
            for block in blocks
        },
        ensure_ascii=False,
    )
