"""The XML inside the SOAP envelope: `<PARAM>` going in, `<RESULT>` coming out, to and from plain values.

Every value is text, as X3 writes it; what it means is the mapping's business. A local menu's value is its number: MENULAB
is kept aside, because one screen field (FNC) has nothing else to show. Secure by construction: no entity is resolved, no
document type is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

Value = str | list[str]
Line = Mapping[str, str]
_HUGE = 8_000_000  # lxml refuses a text node above 10 MB unless told; only then are its safeguards loosened
# XML 1.0 has no place for these; a pasted control character must not stop an item.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """A parsed `<RESULT>`.

    `fields`: name -> text, or list of texts for an array, over all groups. `tables`: TAB id -> its lines, in order; the
    bare lines of a `query` stand under "". `labels`: name -> MENULAB.
    """

    fields: dict[str, Value] = field(default_factory=dict)
    tables: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A field's text; of an array its first; "" when it is not there."""
        value = self.fields.get(name, "")
        return value if isinstance(value, str) else next(iter(value), "")

    def texts(self, name: str) -> list[str]:
        """An array's texts; a scalar is an array of one."""
        value = self.fields.get(name, [])
        return [value] if isinstance(value, str) else value

    def lines(self, table: str) -> list[dict[str, str]]:
        """A table's lines."""
        return self.tables.get(table, [])


def parse_xml(raw: bytes) -> etree._Element:
    """The root of a document.

    Raises ValueError for what is not XML or brings a document type (the only way to entities).
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=len(raw) > _HUGE)
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"not XML: {error}") from error
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("not an answer of X3: a document type")
    return root


def parse(text: str) -> Data:
    """The values of a `<RESULT>`. Raises ValueError when it is not XML."""
    data = Data()
    root = parse_xml(text.strip().encode())
    for node in root:
        match node.tag:
            case "GRP":
                _read_group(node, data)
            case "TAB":
                data.tables[node.get("ID", "")] = [_read_line(line) for line in node.findall("LIN")]
            case "LIN":
                data.tables.setdefault("", []).append(_read_line(node))
            case "FLD" | "LST":
                _read_field(node, data)
            case _:
                pass  # comments, and elements later releases may add
    return data


def _read_group(group: etree._Element, data: Data) -> None:
    for node in group:
        if node.tag in ("FLD", "LST"):
            _read_field(node, data)


def _read_field(node: etree._Element, data: Data) -> None:
    name = node.get("NAME") or node.get("NAM") or ""
    if node.tag == "LST":
        data.fields.setdefault(name, [item.text or "" for item in node.findall("ITM")])
        return
    data.fields.setdefault(name, node.text or "")
    label = node.get("MENULAB")
    if label:
        data.labels.setdefault(name, label)


def _read_line(line: etree._Element) -> dict[str, str]:
    return {node.get("NAME", ""): node.text or "" for node in line.findall("FLD")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Lines for one TAB: the first is numbered `first`, the others follow."""

    rows: Sequence[Line]
    first: int = 1


def render(groups: Mapping[str, Mapping[str, Value]], tables: Mapping[str, Lines] | None = None) -> str:
    """A `<PARAM>` with the fields of each group and the lines of each table."""
    root = etree.Element("PARAM")
    for group, fields in groups.items():
        node = etree.SubElement(root, "GRP", ID=group)
        for name, value in fields.items():
            _write_field(node, name, value)
    for table, lines in (tables or {}).items():
        node = etree.SubElement(root, "TAB", ID=table)
        for number, row in enumerate(lines.rows, start=lines.first):
            line = etree.SubElement(node, "LIN", NUM=str(number))
            for name, text in row.items():
                _write_field(line, name, text)
    return etree.tostring(root, encoding="unicode")


def _write_field(parent: etree._Element, name: str, value: Value) -> None:
    if isinstance(value, str):
        etree.SubElement(parent, "FLD", NAME=name).text = clean(value)
        return
    node = etree.SubElement(parent, "LST", NAME=name, SIZE=str(len(value)))
    for item in value:
        etree.SubElement(node, "ITM").text = clean(item)


def clean(text: str) -> str:
    """`text` without the characters XML cannot carry."""
    return _FORBIDDEN.sub("", text)
