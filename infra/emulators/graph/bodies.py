"""Bodies as Exchange keeps them: text sent is stored as HTML and HTML is wrapped; text is made on the way out."""

from __future__ import annotations

import html
import re

_META = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
_TAGS = re.compile(r"<[^>]*>")
_HEAD = re.compile(r"<(head|style|script)\b.*?</\1>", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SOFT = re.compile(r"[ \t]*[\r\n]+[ \t]*")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_PARAGRAPH = re.compile(r"</(p|h[1-6]|table|ul|ol)>", re.IGNORECASE)
_LINE = re.compile(r"</(div|li|tr)>", re.IGNORECASE)


def from_text(text: str) -> str:
    """A text body in the HTML Exchange stores for it ('' stays '')."""
    if not text:
        return ""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    escaped = "<br>\r\n".join(html.escape(line, quote=False) for line in lines)
    return (
        f"<html><head>\r\n{_META}\r\n"
        '<meta name="Generator" content="Microsoft Exchange Server">\r\n<!-- converted from text -->\r\n'
        "<style><!-- .EmailQuote { margin-left: 1pt; padding-left: 4pt; border-left: #800000 2px solid; } --></style>"
        '</head>\r\n<body>\r\n<font size="2"><span style="font-size:11pt;"><div class="PlainText">'
        f"{escaped}</div></span></font>\r\n</body>\r\n</html>\r\n"
    )


def from_html(fragment: str) -> str:
    """HTML with the head Exchange adds; scripts are taken out, a whole document keeps its body."""
    if not fragment:
        return ""
    cleaned = re.sub(r"<script\b.*?</script>", "", fragment, flags=re.IGNORECASE | re.DOTALL)
    if re.search(r"<meta[^>]+charset", cleaned, re.IGNORECASE):
        return cleaned
    if re.search(r"<head\b[^>]*>", cleaned, re.IGNORECASE):
        return re.sub(r"(<head\b[^>]*>)", rf"\1\r\n{_META}", cleaned, count=1, flags=re.IGNORECASE)
    if re.search(r"<html\b[^>]*>", cleaned, re.IGNORECASE):
        return re.sub(r"(<html\b[^>]*>)", rf"\1<head>\r\n{_META}</head>", cleaned, count=1, flags=re.IGNORECASE)
    return f"<html><head>\r\n{_META}</head><body>{cleaned}</body></html>"


def to_text(stored: str) -> str:
    """The text form, with CRLF line ends."""
    if not stored:
        return ""
    text = _COMMENT.sub("", _HEAD.sub("", stored))
    text = _SOFT.sub(" ", text)
    text = _BREAK.sub("\n", text)
    text = _PARAGRAPH.sub("\n\n", text)
    text = _LINE.sub("\n", text)
    text = html.unescape(_TAGS.sub("", text)).replace("\xa0", " ")
    lines = [line.strip() for line in text.split("\n")]
    return "\r\n".join(lines).strip()


def preview(stored: str) -> str:
    """bodyPreview: the first 255 characters of the text."""
    return to_text(stored)[:255]
