"""C8: HTML bodies as text, and whose formatting they have."""

from __future__ import annotations

import pytest

from graph_adapter.html import classify, to_text
from reconcile.model import Body

EXCHANGE = (
    '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">\r\n<!-- converted from text -->'
    '<style><!-- .EmailQuote {{ margin-left: 1pt; }} --></style></head>\r\n<body>\r\n<font size="2">'
    '<span style="font-size:11pt;"><div class="PlainText">{}</div></span></font>\r\n</body>\r\n</html>\r\n'
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<!-- nothing -->", ""),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("<div>one<br></div><div>two</div>", "one\ntwo"),
        ("<p>one</p><p>&nbsp;</p><p>two</p>", "one\n\ntwo"),
        ("a<br>b<br/><br>c", "a\nb\n\nc"),
        ("caf&eacute; &amp; th&#233; &lt;b&gt;", "café & thé <b>"),
        ("  lots \n of   blanks ", "lots of blanks"),
        ("a&nbsp;&nbsp;b", "a  b"),
        ("<pre>x\n  y</pre>", "x\n  y"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a\tb\nc"),
        ("<head><title>no</title></head><body>yes<script>no()</script></body>", "yes"),
        ("before<!-- c -->after", "beforeafter"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><p>é</p>', "é"),
        ("e\u0301", "é"),
        ("<p>emoji 👩🏽‍💻</p>", "emoji 👩🏽‍💻"),
        (EXCHANGE.format("first<br>\r\n<br>\r\nthird &lt;x&gt;"), "first\n\nthird <x>"),
    ],
)
def test_html_becomes_canonical_text(html: str, text: str) -> None:
    assert to_text(html) == text


def test_deep_nesting_does_not_break() -> None:
    assert to_text("<div>" * 5000 + "x" + "</div>" * 5000).strip() in ("x", "")


@pytest.mark.parametrize(
    "html",
    [
        EXCHANGE.format("first<br>\r\nsecond"),
        "<div>plain</div>",
        '<p class="MsoNormal"><span lang="FR" style="font-family:Calibri;color:windowtext">x</span></p>',
        '<div style="color: rgb(0, 0, 0); background-color: rgb(255, 255, 255)">x</div>',
        'see <a href="https://x3.example/rec/1">https://x3.example/rec/1</a>',
        'see <a href="mailto:a@b.example">a@b.example</a>',
    ],
)
def test_exchanges_own_wrapping_is_plain(html: str) -> None:
    assert classify(html, html=True) is Body.PLAIN


@pytest.mark.parametrize(
    "html",
    [
        "<b>x</b>",
        "<p><i>x</i></p>",
        "<u>x</u>",
        "<ul><li>x</li></ul>",
        "<table><tr><td>x</td></tr></table>",
        '<img src="cid:1">',
        '<a href="https://elsewhere.example">here</a>',
        '<span style="color:red">x</span>',
        '<span style="font-weight:bold">x</span>',
        '<font color="#ff0000">x</font>',
        '<span style="text-decoration: underline">x</span>',
        "<h1>x</h1>",
    ],
)
def test_a_persons_formatting_is_rich(html: str) -> None:
    assert classify(html, html=True) is Body.RICH


@pytest.mark.parametrize(
    "link",
    [
        "https://teams.microsoft.com/l/meetup-join/19%3ameeting",
        "https://us02web.zoom.us/j/123",
        "https://meet.google.com/abc-defg-hij",
    ],
)
def test_a_join_block_is_recognised(link: str) -> None:
    assert classify(f'<p><a href="{link}">Join</a></p>', html=True) is Body.ONLINE
    assert classify(f"Join: {link}", html=False) is Body.ONLINE


def test_text_that_looks_like_html_is_plain() -> None:
    assert classify("<b>not bold</b>", html=False) is Body.PLAIN
    assert classify("anything", html=False, online=True) is Body.ONLINE
