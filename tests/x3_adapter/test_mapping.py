"""X3's fields and the sync's values, without a server: clocks (A9), places, odd data, what is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reconcile.model import Address, Appointment, Call, Contact, ItemType, Place, PlaceKind, Priority, Task, When
from reconcile.port import Refused
from tests.x3_adapter.samples import APPOINTMENT, CALL, CONTACT, TASK
from x3_adapter import stamps
from x3_adapter.discovery import Description
from x3_adapter.discovery import Place as Spot
from x3_adapter.mapping import FORMS, Tables, Terms, changed_fields, created_fields, read_again
from x3_adapter.mapping.values import instant, read_date, wall
from x3_adapter.payload import Data, Value

PARIS = ZoneInfo("Europe/Paris")


def screen(*without: str, **lengths: int) -> Description:
    names = {name for form in FORMS.values() for name in (form.key, *form.names)} - set(without)
    spot = Spot(group="G", table=False, size=1, kind="Char", length=0)
    return Description(publication="ZX", places={name: replace(spot, length=lengths.get(name, 0)) for name in names})


def terms(tables: Tables | None = None, zone: ZoneInfo = PARIS, shown: Description | None = None) -> Terms:
    return Terms(zone=zone, tables=tables or Tables(), screen=shown or screen(), today=date(2026, 3, 1))


def appointment(**fields: Value) -> Appointment:
    content = FORMS[ItemType.APPOINTMENT].read(Data(fields={"APTDAT": "20260328", **fields}), terms())
    assert isinstance(content, Appointment)
    return content


# ------------------------------------------------------------------------------------------------- clocks


@pytest.mark.parametrize(
    ("day", "clock", "utc"),
    [
        (date(2026, 3, 28), "0900", "2026-03-28T08:00"),  # the day before the change: winter time
        (date(2026, 3, 30), "0900", "2026-03-30T07:00"),  # the day after: 09:00 stays 09:00
        (date(2026, 3, 29), "0230", "2026-03-29T01:30"),  # does not occur: 03:30 summer time
        (date(2026, 10, 25), "0230", "2026-10-25T00:30"),  # occurs twice: the first
        (date(2026, 10, 25), "0330", "2026-10-25T02:30"),
        (date(2026, 1, 1), "2400", "2026-01-01T23:00"),
        (date(2026, 1, 1), "", "2025-12-31T23:00"),
        (date(2026, 1, 1), "9:05", "2026-01-01T08:05"),
        (date(2026, 1, 1), "??", "2025-12-31T23:00"),
    ],
)
def test_a9_wall_times(day: date, clock: str, utc: str) -> None:
    assert instant(day, clock, PARIS) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"])
def test_a9_every_quarter_of_a_year_survives_but_the_repeated_ones(zone: str) -> None:
    where, moment, lost = ZoneInfo(zone), datetime(2026, 1, 1, tzinfo=UTC), 0
    while moment.year == 2026:
        day, clock = wall(moment, where)
        back = instant(date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}"), clock, where)
        lost += back != moment
        moment += timedelta(minutes=15)
    assert lost <= 4  # the one hour (or half hour) that clocks show twice


def test_a9_all_day_keeps_its_dates_in_every_zone() -> None:
    fields: dict[str, Value] = {"FULDAY": "2", "APTDAT": "20260328", "APTDATEND": "20260330"}
    for zone in ("Europe/Paris", "Pacific/Auckland", "America/Los_Angeles"):
        content = FORMS[ItemType.APPOINTMENT].read(Data(fields=fields), terms(zone=ZoneInfo(zone)))
        assert isinstance(content, Appointment)
        assert content.when == When(first=date(2026, 3, 28), last=date(2026, 3, 30))


@pytest.mark.parametrize("now", ["Europe/London", "America/New_York", "Pacific/Auckland", "Asia/Kolkata"])
@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ("20260615", "0900", "1000"),
        ("20260328", "2330", "2400"),
        ("20261025", "0130", "0330"),  # over the hour that comes twice in Paris
        ("20261025", "0230", "0245"),  # within it
        ("20260329", "0130", "0145"),  # never comes in London
        ("20261101", "0130", "0145"),  # comes twice in New York
        ("20260615", "1000", "0900"),  # ends before it starts
    ],
)
def test_u6_a_record_is_read_again_in_another_zone_as_if_it_had_been_read_there(
    day: str, start: str, end: str, now: str
) -> None:
    fields: dict[str, Value] = {"APTDAT": day, "APTHOU": start, "APTDATEND": day, "APTHOUEND": end}
    called: dict[str, Value] = {"CLLDAT": day, "CLLHOU": start, "CLLDUR": "75"}
    for item_type, data in ((ItemType.APPOINTMENT, Data(fields=fields)), (ItemType.CALL, Data(fields=called))):
        before = FORMS[item_type].read(data, terms())
        assert before is not None
        there = FORMS[item_type].read(data, terms(zone=ZoneInfo(now)))
        assert read_again(before, PARIS, ZoneInfo(now)) == there


def test_u6_a_wall_time_that_was_skipped_is_known_as_the_one_after() -> None:
    seen = appointment(APTDAT="20260329", APTHOU="0230", APTHOUEND="0345")
    assert read_again(seen, PARIS, ZoneInfo("UTC")) == appointment(APTDAT="20260329", APTHOU="0530", APTHOUEND="0545")


def test_u6_what_has_no_wall_time_is_the_same_in_every_zone() -> None:
    for content in (appointment(FULDAY="2"), TASK, CONTACT):
        assert read_again(content, PARIS, ZoneInfo("Pacific/Auckland")) == content


def test_an_end_in_the_repeated_hour_is_not_before_its_start() -> None:
    start = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)  # 02:50, first time
    step = {"when": When(start=start, end=start + timedelta(minutes=20))}  # 02:10, second time
    written = changed_fields(step, FORMS[ItemType.APPOINTMENT], Data(), terms())
    assert (written["APTHOU"], written["APTHOUEND"]) == ("0250", "0250")


def test_odd_data_is_read_without_failing() -> None:
    assert appointment(APTHOU="1000", APTHOUEND="0900").when.start == datetime(2026, 3, 28, 9, tzinfo=UTC)
    assert appointment(APTHOU="1000").when.end == datetime(2026, 3, 28, 9, tzinfo=UTC)
    assert appointment(FULDAY="2", APTDATEND="20200101").when.last == date(2026, 3, 28)
    assert appointment(APTTYP="VIS").category is None
    for nothing in ("", "0", "00000000", "15991231", "17530101", "20261341"):
        assert read_date(nothing) is None
        assert FORMS[ItemType.CALL].read(Data(fields={"CLLDAT": nothing}), terms()) is None
        assert FORMS[ItemType.APPOINTMENT].read(Data(fields={"APTDAT": nothing}), terms()) is None
    assert FORMS[ItemType.TASK].read(Data(), terms()) == Task()
    assert FORMS[ItemType.CONTACT].read(Data(), terms()) == Contact()


# ------------------------------------------------------------------------------------------------- fields


def test_places_are_composed() -> None:
    address: dict[str, Value] = {"APTADD": ["10 Quay", "", "Gate B"], "APTZIP": "44000", "APTCTY": "NANTES", "APTCRY": "FR"}
    assert appointment(APTPLC="1", ATPADDCMT="left door", **address).place == Place(
        text="10 Quay, Gate B, 44000 NANTES, FR", kind=PlaceKind.CUSTOMER
    )
    assert appointment(APTPLC="3", ATPADDCMT="left door", **address).place.text == "left door"
    assert appointment(APTPLC="3", **address).place.text == "10 Quay, Gate B, 44000 NANTES, FR"
    assert appointment(APTPLC="1", APTCRY="FR").place.text == ""
    assert appointment(ATPADDCMT="x").place == Place(text="x", kind=None)


def test_participants_leave_the_organiser_out_and_keep_their_order() -> None:
    content = appointment(ATPREPMNA="R001", APTREPNUM=["R003", "R001", "R002", "R003", ""])
    assert content.participants == ("R003", "R002")
    data = Data(fields={"ATPREPMNA": "R001", "APTREPNUM": ["R003", "R001", *[""] * 8]})
    written = changed_fields({"participants": ("R002",)}, FORMS[ItemType.APPOINTMENT], data, terms())
    assert written == {"APTREPNUM": ["R001", "R002", *[""] * 8]}
    with pytest.raises(Refused) as refusal:
        changed_fields({"participants": tuple(f"R{n}" for n in range(11))}, FORMS[ItemType.APPOINTMENT], data, terms())
    assert refusal.value.field == "participants"


def test_contact_fields() -> None:
    form = FORMS[ItemType.CONTACT]
    data = Data(fields={"FNC": "2", "BPRLIB": "Linked Ltd", "CPYADD": ["a", "", "c"]}, labels={"FNC": "Sales"})
    content = form.read(data, terms())
    assert isinstance(content, Contact)
    assert (content.function, content.company, content.work_address.street) == ("Sales", "Linked Ltd", "a\n\nc")
    assert changed_fields({"function": ""}, form, data, terms()) == {"FNC": "0", "FNCLIB": ""}
    assert changed_fields({"company": "Blue & Co   #BLUE#"}, form, data, terms()) == {
        "CPYBPADES": "Blue & Co",
        "BPRNUM": "BLUE",
    }
    assert changed_fields({"company": "C# Ltd"}, form, data, terms()) == {"CPYBPADES": "C# Ltd"}
    street = changed_fields({"work_address": Address(street="1\n2\n3\n4")}, form, data, terms())
    assert street["CPYADD"] == ["1", "2", "3, 4"]
    table = Tables(countries={"UK": "GB"}, titles={"1": "Mr", "4": "Dr"})
    assert changed_fields({"home_address": Address(country="GB")}, form, data, terms(table))["HOMCRY"] == "UK"
    assert changed_fields({"title": "Dr"}, form, data, terms(table)) == {"TTL": "4"}


def test_priorities_keep_a_folders_finer_codes() -> None:
    form = FORMS[ItemType.TASK]
    table = terms(Tables(priorities={"A": Priority.HIGH, "B": Priority.HIGH, "N": Priority.NORMAL}))
    data = Data(fields={"TSKPIOLEV": "B"})
    assert changed_fields({"priority": Priority.HIGH}, form, data, table) == {}
    assert changed_fields({"priority": Priority.NORMAL}, form, data, table) == {"TSKPIOLEV": "N"}
    assert changed_fields({"priority": Priority.LOW}, form, data, table) == {"TSKPIOLEV": ""}


def test_calls() -> None:
    form = FORMS[ItemType.CALL]
    data = Data(fields={"CLLDAT": "20260328", "CLLHOU": "0900", "CLLDUR": "90", "CLLTYP": "1", "CLLETS": "1"})
    content = form.read(data, terms())
    assert isinstance(content, Call)
    assert content.when.end == datetime(2026, 3, 28, 9, 30, tzinfo=UTC)
    assert changed_fields({"direction": None, "phone": None}, form, data, terms()) == {}
    days = {"when": When(first=date(2026, 3, 28), last=date(2026, 3, 29))}
    assert changed_fields(days, form, data, terms()) == {"CLLHOU": "0000", "CLLDUR": "2880"}
    with pytest.raises(Refused):
        changed_fields({"when": When(first=date(2026, 3, 1), last=date(2026, 3, 29))}, form, data, terms())


def test_c6_short_columns_stand_in_where_the_long_text_is_not_published() -> None:
    shown = screen("FULOBJ", "FULRPO", TSKDES=10)
    written = created_fields(replace(TASK, subject="short"), FORMS[ItemType.TASK], terms(shown=shown))
    assert (written["TSKDES"], written["TSKRPO"]) == ("short", TASK.report)
    assert FORMS[ItemType.TASK].needs(shown, "TSKNUM") == ["TSKREP"]
    with pytest.raises(Refused) as refusal:
        created_fields(TASK, FORMS[ItemType.TASK], terms(shown=shown))
    assert refusal.value.field == "subject"


def test_a_field_that_is_not_published_is_named() -> None:
    with pytest.raises(Refused, match="ATPADDCMT") as refusal:
        created_fields(APPOINTMENT, FORMS[ItemType.APPOINTMENT], terms(shown=screen("ATPADDCMT")))
    assert refusal.value.field == "place"
    for content, form in ((CONTACT, FORMS[ItemType.CONTACT]), (CALL, FORMS[ItemType.CALL])):
        assert created_fields(content, form, terms())


# ------------------------------------------------------------------------------------------------- stamps


def test_stamps_and_versions() -> None:
    now = datetime(2026, 3, 28, 10, 0, 2, tzinfo=UTC)
    assert stamps.parse("20260328100000") == now - timedelta(seconds=2)
    assert stamps.parse("2026-03-28T10:00:00Z") == now - timedelta(seconds=2)
    assert stamps.parse("") is None
    assert stamps.parse("20261399100000") is None
    assert stamps.render(now) == "20260328100002"
    assert stamps.version("20260328100000", now) == "20260328100000"
    assert stamps.version("20260328100001", now) == "20260328100001~"
    assert stamps.version("20260328100000", None) == "20260328100000~"
    assert stamps.version("", now) == "~"
