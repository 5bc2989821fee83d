"""A9: zones by Windows and IANA names, dates that stay where they are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from tzlocal.windows_tz import win_tz

from graph_adapter.tables import Tables
from graph_adapter.zones import UnknownZone, birthday, day, instant, stamp, wall, zone


def test_every_windows_zone_is_known() -> None:
    assert len(win_tz) > 130
    assert all(zone(name) for name in win_tz)


@pytest.mark.parametrize("name", ["Romance Standard Time", "romance standard time", "Europe/Paris"])
def test_nine_in_paris_stays_nine_across_the_clock_change(name: str) -> None:
    before, after = instant("2026-03-28T09:00:00.0000000", name), instant("2026-03-30T09:00:00.0000000", name)
    assert (before.hour, after.hour) == (8, 7)
    assert wall(before, "Europe/Paris") == ("2026-03-28T09:00:00", "Romance Standard Time")
    assert wall(after, "Europe/Paris") == ("2026-03-30T09:00:00", "Romance Standard Time")


def test_an_ambiguous_wall_time_is_written_in_utc() -> None:
    for moment in (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)):
        text, name = wall(moment, "Europe/Paris")
        assert name == "UTC"
        assert instant(text, name) == moment


def test_a9_a_wall_time_and_its_windows_name_are_the_same_instant_in_every_zone() -> None:
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours) for hours in range(0, 365 * 24, 331)]
    assert len(available_timezones()) > 400
    for name in sorted(available_timezones()):
        for moment in moments:
            assert instant(*wall(moment, name)) == moment, name
    assert wall(moments[0], "America/Scoresbysund") == ("2026-01-01T00:00:00", "UTC")


@pytest.mark.parametrize("name", ["tzone://Microsoft/Custom", "Nowhere/Land", "../etc/passwd", "Custom (+01)"])
def test_an_unknown_zone_is_told(name: str) -> None:
    with pytest.raises(UnknownZone):
        instant("2026-03-28T09:00:00", name)


def test_blank_and_utc_are_utc() -> None:
    assert zone("") == zone("UTC") == zone("tzone://Microsoft/Utc") == ZoneInfo("UTC")


def test_a_to_do_date_is_the_users_date() -> None:
    assert day("2026-11-30T00:00:00.0000000", "UTC", "Europe/Paris") == date(2026, 11, 30)
    assert day("2026-11-29T23:00:00.0000000", "UTC", "Europe/Paris") == date(2026, 11, 30)
    assert day("2026-11-30T05:00:00.0000000", "UTC", "America/New_York") == date(2026, 11, 30)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1974-07-22T11:59:00Z", date(1974, 7, 22)),
        ("1974-07-22T00:00:00Z", date(1974, 7, 22)),
        ("1974-07-21T23:00:00Z", date(1974, 7, 22)),
        ("1604-07-22T00:00:00Z", None),
        ("", None),
        ("soon", None),
    ],
)
def test_birthdays(text: str, found: date | None) -> None:
    assert birthday(text) == found


def test_stamps_are_utc() -> None:
    assert stamp("2026-03-02T08:00:00.1234567Z") == datetime(2026, 3, 2, 8, 0, 0, 123456, tzinfo=UTC)
    assert stamp(None) is None


@pytest.mark.parametrize("text", ["M.", "Monsieur", "Mr", "MR.", "Herr"])
def test_every_spelling_of_a_title_is_the_same(text: str) -> None:
    assert Tables().title(text) == "Mr"


def test_titles_and_countries_nobody_knows_stay() -> None:
    tables = Tables()
    assert tables.title("Dr.") == "Dr."
    assert tables.country("Atlantis") == "Atlantis"
    assert tables.country_name("Atlantis") == "Atlantis"


@pytest.mark.parametrize("text", ["France", "FRANCE", "Frankreich", "fr", "Francia"])
def test_every_name_of_a_country_is_its_code(text: str) -> None:
    tables = Tables()
    assert tables.country(text) == "FR"
    assert tables.country_name("FR") == "France"


def test_names_of_countries_are_unambiguous() -> None:
    tables = Tables()
    for code, names in tables.countries.items():
        assert tables.country(names[0]) == code
