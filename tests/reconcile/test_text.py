"""Canonical text and the details block (C7, C8)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.text import DETAILS_CLOSE, DETAILS_OPEN, canonical, fold, line, split_details, with_details
from tests.strategies import lines_of_one, reports

ANY_TEXT = st.text(max_size=200)
DETAILS = st.lists(
    lines_of_one(30, empty=False).filter(lambda text: text not in (DETAILS_OPEN, DETAILS_CLOSE)), min_size=1, max_size=5
)


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("", ""),
        ("a\r\nb\rc\n", "a\nb\nc"),
        ("a  \n b\t\n", "a\n b"),
        ("\n\n  a\n\n\nb\n\n", "  a\n\n\nb"),
        ("non\u00a0breaking\u00a0", "non breaking"),
        ("e\u0301te\u0301", "été"),
        ("👩🏽‍💻 ✅", "👩🏽‍💻 ✅"),
        (" \r\n\t\r\n", ""),
    ],
)
def test_canonical_text_c8(written: str, compared: str) -> None:
    assert canonical(written) == compared


@given(ANY_TEXT)
def test_canonical_of_canonical_is_itself_c8(text: str) -> None:
    """Otherwise a value read back would differ from the value written, for ever."""
    assert canonical(canonical(text)) == canonical(text)


@given(ANY_TEXT)
def test_line_ends_and_composition_never_make_a_difference_c8(text: str) -> None:
    plain = canonical(text)
    assert canonical(plain.replace("\n", "\r\n") + "\r\n") == plain
    assert canonical(unicodedata.normalize("NFD", plain)) == plain


@given(ANY_TEXT)
def test_a_line_is_one_line_and_stays_it_c8(text: str) -> None:
    once = line(text)
    assert "\n" not in once
    assert "\r" not in once
    assert once == once.strip()
    assert line(once) == once


@pytest.mark.parametrize(
    ("one", "other"),
    [("Zoë  MÜLLER", "zoe muller"), ("Straße", "STRASSE"), ("a\u00a0b", "a b"), (" Ane\u0301 ", "ané")],
)
def test_looking_up_ignores_case_accents_and_blanks_m4(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_looking_up_tells_names_apart_m4() -> None:
    assert fold("Meyer") != fold("Maier")


@given(DETAILS, reports())
def test_the_block_is_taken_off_as_it_was_put_on_c7(details: list[str], text: str) -> None:
    assert split_details(with_details(details, text)) == (True, text)


@given(DETAILS, DETAILS, reports())
def test_the_block_never_grows_c7(old: list[str], new: list[str], text: str) -> None:
    """Written again, it replaces itself."""
    body = with_details(old, text)
    for _ in range(3):
        body = with_details(new, split_details(body)[1])
    assert body == with_details(new, text)


@given(reports())
def test_a_text_without_a_block_is_left_alone_c7(text: str) -> None:
    assert split_details(text) == (False, text)


def test_what_a_person_wrote_above_the_block_stays_c7() -> None:
    body = "My note\n\n" + with_details(["Sage X3 TSK001"], "The report")
    assert split_details(body) == (True, "My note\n\nThe report")


def test_a_block_without_its_end_runs_to_the_next_blank_line_c7() -> None:
    assert split_details(f"{DETAILS_OPEN}\nTSK001\nACME\n\nThe report") == (True, "The report")


def test_a_block_through_an_html_client_is_still_recognised_c7() -> None:
    """Clients indent, add blanks and turn line ends around."""
    body = f"  {DETAILS_OPEN} \r\nTSK001\r\n\u00a0{DETAILS_CLOSE}\r\nThe report\r\n"
    assert split_details(body) == (True, "The report")


def test_a_detail_of_several_lines_becomes_one_c7() -> None:
    assert split_details(with_details(["ACME\n1 rue\n75002 Paris"], "R")) == (True, "R")
