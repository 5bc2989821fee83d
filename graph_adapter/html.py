"""Bodies: HTML to canonical text, and whose formatting it is (C8).

Exchange keeps every event body as HTML, also one that was sent as text. PLAIN is text and Exchange's wrapping of text;
RICH is what a person formatted; ONLINE carries the join block of a meeting.
"""

from __future__ import annotations

import re

import lxml.html
from lxml import etree

from reconcile.model import Body
from reconcile.text import canonical

_BLOCKS_NAMES = """
    address article aside blockquote body center dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 header
    hr html li main nav ol p pre section table tbody td tfoot th thead tr ul
    """
_BLOCKS = frozenset(_BLOCKS_NAMES.split())
_SILENT = frozenset({"head", "script", "style", "title", "meta", "link", "base", "xml"})
_WRAPPING_NAMES = """
    html head meta title style base link body div p br span font pre o:p center
    """
_WRAPPING = frozenset(_WRAPPING_NAMES.split())
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_JOIN = re.compile(
    r"teams\.microsoft\.com/(?:l/meetup-join|meet)/|teams\.live\.com/meet/|\bzoom\.us/[jw]/|meet\.google\.com/[a-z]|"
    r"\bwebex\.com/(?:meet|join|[\w.-]+/j\.php)|join\.skype\.com/|meet\.lync\.com/|gotomeeting\.com/join",
    re.IGNORECASE,
)
_STYLE = re.compile(r"\s*([a-z-]+)\s*:\s*([^;]+)", re.IGNORECASE)
_BLACK = frozenset({"black", "#000", "#000000", "rgb(0,0,0)", "windowtext", "inherit", "initial", "auto"})
_NO_BACKGROUND = frozenset({"white", "#fff", "#ffffff", "rgb(255,255,255)", "transparent", "inherit", "initial", "none"})
_PARSER_ENCODING = "utf-8"


def to_text(content: str) -> str:
    """The text of an HTML body, canonical: blocks and line breaks end lines, blanks fold, nbsp is a blank."""
    root = _parse(content)
    if root is None:
        return ""
    writer = _Writer()
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            writer.start(element)
        else:
            writer.end(element)
    return canonical("".join(writer.parts))


def classify(content: str, *, html: bool, online: bool = False) -> Body:
    """Whose formatting a body has. `online`: the event says itself that it is an online meeting."""
    if online or _JOIN.search(content):
        return Body.ONLINE
    root = _parse(content) if html else None
    if root is None:
        return Body.PLAIN
    return Body.RICH if any(_formatted(element) for element in root.iter(etree.Element)) else Body.PLAIN


def _parse(content: str) -> lxml.html.HtmlElement | None:
    if not content.strip():
        return None
    parser = lxml.html.HTMLParser(encoding=_PARSER_ENCODING, remove_comments=True, remove_pis=True)
    try:
        return lxml.html.document_fromstring(content.replace("\x00", "").encode(errors="replace"), parser=parser)
    except etree.ParserError:  # nothing in it but comments
        return None


class _Writer:
    """Collects text while a tree is walked, knowing whether it stands at the start of a line."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._fresh = True  # nothing on this line yet
        self._silent = 0
        self._verbatim = 0

    def start(self, element: etree._Element) -> None:
        tag = _tag(element)
        if tag in _SILENT:
            self._silent += 1
        if tag in ("td", "th") and element.getprevious() is not None:
            self._write("\t")
        elif tag in _BLOCKS:
            self._break()
        if tag == "br":
            self._newline()
        if tag == "li":
            self._write("- ")
        if tag == "pre":
            self._verbatim += 1
        self._text(element.text)

    def end(self, element: etree._Element) -> None:
        tag = _tag(element)
        if tag in _SILENT:
            self._silent -= 1
        if tag == "pre":
            self._verbatim -= 1
        if tag in _BLOCKS and tag not in ("td", "th"):
            self._break()
        self._text(element.tail)

    def _text(self, text: str | None) -> None:
        if not text or self._silent:
            return
        if self._verbatim:
            self._write(text)
            return
        folded = _BLANKS.sub(" ", text)
        folded = folded.lstrip(" ") if self._fresh else folded
        if folded:
            self._write(folded)

    def _write(self, text: str) -> None:
        self.parts.append(text)
        self._fresh = text.endswith("\n")

    def _newline(self) -> None:
        self.parts.append("\n")
        self._fresh = True

    def _break(self) -> None:
        if not self._fresh:
            self._newline()


def _tag(element: etree._Element) -> str:
    return element.tag.lower() if isinstance(element.tag, str) else ""


def _formatted(element: etree._Element) -> bool:
    tag = _tag(element)
    if tag == "a":
        # Exchange makes links of the addresses in plain text; those show exactly where they lead.
        href = (element.get("href") or "").rstrip("/")
        shown = "".join(str(part) for part in element.itertext()).strip().rstrip("/")
        return bool(href) and shown not in (href, href.removeprefix("mailto:"))
    if tag not in _WRAPPING:
        return True
    colour = (element.get("color") or "").lower()
    return (bool(colour) and colour not in _BLACK) or _styled(element.get("style") or "")


def _styled(style: str) -> bool:
    for name, raw in _STYLE.findall(style):
        value = raw.strip().lower().replace(" ", "").removesuffix("!important")
        match name.lower():
            case "color" if value not in _BLACK:
                return True
            case "background" | "background-color" if value not in _NO_BACKGROUND:
                return True
            case "font-weight" if value not in ("normal", "400", "inherit"):
                return True
            case "font-style" if value not in ("normal", "inherit"):
                return True
            case "text-decoration" | "text-decoration-line" if value not in ("none", "inherit"):
                return True
            case _:
                continue
    return False
