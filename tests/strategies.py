"""Hypothesis strategies for content values: canonical texts, UTC instants of whole minutes, all-day items, empty fields.

Values are in the shape of the side asked for (`model.py`), fit both sides' known limits unless said otherwise, and lie
around `WINDOW`. Whole minutes, because X3 keeps wall times as hours and minutes.
"""

from __future__ import annotations

import string
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from reconcile.model import (
    Address,
    Appointment,
    Call,
    Company,
    Contact,
    Content,
    Direction,
    ItemType,
    Person,
    PersonName,
    Place,
    PlaceKind,
    Priority,
    Relation,
    Side,
    Task,
    TaskDates,
    When,
    Window,
)
from reconcile.text import DETAILS_OPEN, canonical, line

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
WINDOW = Window(
    first=date(2026, 1, 31),
    last=date(2026, 8, 29),
    start=datetime(2026, 1, 31, tzinfo=UTC),
    end=datetime(2026, 8, 30, tzinfo=UTC),
)

# Letters of many scripts, characters XML and HTML treat specially, and emoji outside the basic plane (C8).
_LETTERS = string.ascii_letters + string.digits + " .,;:-_/()&<>\"'#|@%+" + "éèàçñüÖßøŁżΩЖ字" + "🚀👩🏽‍💻✅"
_ALPHABET = st.sampled_from(_LETTERS)
# What a short made-up text misses: decomposed accents, lines, the details block's own dashes, blanks in odd places.
_AWKWARD = st.sampled_from(["e\u0301te\u0301", "a  b", "-----", "<b>not bold</b>", "x &amp; y", "#C001#", "N/A", "0"])
_KEY = st.integers(min_value=1, max_value=40)


def lines_of_one(longest: int = 40, *, empty: bool = True) -> st.SearchStrategy[str]:
    """Canonical one-line texts of at most `longest` characters."""
    made = st.one_of(st.text(_ALPHABET, max_size=longest), _AWKWARD).map(lambda text: line(text)[:longest].strip())
    return made if empty else made.filter(bool)


def reports(longest: int = 400) -> st.SearchStrategy[str]:
    """Canonical texts of several lines, now and then a long one. No line opens a details block (C7)."""
    short = st.lists(lines_of_one(60).filter(lambda text: text.strip() != DETAILS_OPEN), max_size=5).map("\n".join)
    long = st.integers(min_value=1, max_value=max(1, longest // 10)).map(lambda times: "Ärger 🚧 \n" * times)
    return st.one_of(st.just(""), short, long).map(lambda text: canonical(text[:longest]))


def days(first: date = WINDOW.first, last: date = WINDOW.last) -> st.SearchStrategy[date]:
    """Calendar days, the window's own unless said."""
    return st.dates(min_value=first, max_value=last)


def instants() -> st.SearchStrategy[datetime]:
    """Aware UTC instants of whole minutes in the window, with the hours around both clock changes of 2026 in favour."""
    minutes = int((WINDOW.end - WINDOW.start) / timedelta(minutes=1)) - 1
    anywhere = st.integers(min_value=0, max_value=minutes).map(lambda n: WINDOW.start + timedelta(minutes=n))
    at_change = st.integers(min_value=-180, max_value=180).map(
        lambda n: datetime(2026, 3, 29, 1, tzinfo=UTC) + timedelta(minutes=n)
    )
    return st.one_of(anywhere, at_change)


def timed() -> st.SearchStrategy[When]:
    """From nothing to ten hours long."""
    return st.builds(
        lambda start, minutes: When(start=start, end=start + timedelta(minutes=minutes)),
        instants(),
        st.integers(min_value=0, max_value=600),
    )


def all_day() -> st.SearchStrategy[When]:
    """One to five calendar days."""
    return st.builds(
        lambda first, more: When(first=first, last=first + timedelta(days=more)),
        days(),
        st.integers(min_value=0, max_value=4),
    )


def relations(side: Side, most: int) -> st.SearchStrategy[Relation]:
    """X3's hold numbers (as in the emulators' shape `C001`), Outlook's hold names."""
    if side is Side.X3:
        company = st.one_of(st.just(Company()), _KEY.map(lambda n: Company(number=f"C{n:03}")))
        person = _KEY.map(lambda n: Person(cor=f"COR{n:06}"))
    else:
        company = st.one_of(st.just(Company()), _KEY.map(lambda n: Company(number=f"C{n:03}", name=f"Customer {n}")))
        person = lines_of_one(30, empty=False).map(lambda name: Person(name=name))
    people = st.lists(person, max_size=most, unique=True).map(tuple)
    return st.builds(Relation, company=company, people=people)


def addresses() -> st.SearchStrategy[Address]:
    """Empty, or with one to three lines of street and a country the default table knows."""
    street = st.lists(lines_of_one(30, empty=False), min_size=1, max_size=3).map("\n".join)
    full = st.builds(
        Address,
        street=street,
        postal_code=st.integers(min_value=0, max_value=99999).map(lambda n: f"{n:05}"),
        city=lines_of_one(25),
        state=st.just(""),
        country=st.sampled_from(["", "FR", "DE", "GB", "US"]),
    )
    return st.one_of(st.just(Address()), full)


def phones() -> st.SearchStrategy[str]:
    """Empty, or in international form."""
    return st.one_of(st.just(""), st.integers(min_value=10**8, max_value=10**9 - 1).map(lambda n: f"+33 {n}"))


def emails() -> st.SearchStrategy[str]:
    """Empty, or an address of a domain that exists nowhere."""
    local = st.text(st.sampled_from(string.ascii_lowercase + string.digits), min_size=1, max_size=12)
    return st.one_of(st.just(""), local.map(lambda name: f"{name}@client.example"))


def contacts() -> st.SearchStrategy[Contact]:
    """The same shape on both sides; at least a surname, which X3 demands."""
    return st.builds(
        Contact,
        name=st.builds(PersonName, surname=lines_of_one(20, empty=False), given=lines_of_one(20)),
        title=st.sampled_from(["", "Mr", "Mrs", "Ms"]),
        function=lines_of_one(30),
        department=lines_of_one(20),
        company=lines_of_one(30),
        work_address=addresses(),
        work_phone=phones(),
        work_fax=phones(),
        mobile=phones(),
        work_email=emails(),
        home_address=addresses(),
        home_phone=phones(),
        home_email=emails(),
        birthday=st.one_of(st.none(), st.dates(min_value=date(1930, 1, 1), max_value=date(2010, 12, 31))),
    )


def task_dates() -> st.SearchStrategy[TaskDates]:
    """None, due only, or start and due in order."""
    both = st.tuples(days(), days()).map(lambda pair: TaskDates(start=min(pair), due=max(pair)))
    return st.one_of(st.just(TaskDates()), days().map(lambda due: TaskDates(due=due)), both)


def tasks(side: Side) -> st.SearchStrategy[Task]:
    """With a subject, which both sides demand."""
    return st.builds(
        Task,
        subject=lines_of_one(60, empty=False),
        report=reports(),
        dates=task_dates(),
        done=st.booleans(),
        priority=st.sampled_from(Priority),
        relation=relations(side, 1),
    )


def calls(side: Side) -> st.SearchStrategy[Call]:
    """Timed only: X3 keeps a start and a length."""
    x3_only: dict[str, Any] = (
        {"direction": st.sampled_from(Direction), "phone": phones()} if side is Side.X3 else {"direction": st.none()}
    )
    return st.builds(
        Call,
        when=timed(),
        subject=lines_of_one(60, empty=False),
        report=reports(),
        done=st.booleans(),
        relation=relations(side, 1),
        **x3_only,
    )


def appointments(side: Side) -> st.SearchStrategy[Appointment]:
    """Without attendees on Outlook (category None); on X3 of either category, with no or some participants."""
    text = lines_of_one(40)
    if side is Side.X3:
        x3_only: dict[str, Any] = {
            "place": text.map(lambda where: Place(text=where, kind=PlaceKind.OTHER if where else None)),
            "category": st.sampled_from([1, 2]),
            "participants": st.lists(st.sampled_from(["R002", "R003"]), unique=True, max_size=2).map(tuple),
        }
    else:
        x3_only = {"place": text.map(lambda where: Place(text=where))}
    return st.builds(
        Appointment,
        when=st.one_of(timed(), all_day()),
        subject=lines_of_one(60, empty=False),
        report=reports(),
        done=st.booleans(),
        relation=relations(side, 10),
        **x3_only,
    )


def contents(item_type: ItemType, side: Side) -> st.SearchStrategy[Content]:
    """Values of a type in a side's shape."""
    match item_type:
        case ItemType.CONTACT:
            return contacts()
        case ItemType.TASK:
            return tasks(side)
        case ItemType.CALL:
            return calls(side)
        case ItemType.APPOINTMENT:
            return appointments(side)
