"""Days: of the account's zone, both ends included, across daylight saving."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from aibuyer_kit.core.dates import DateRange, account_date, last_days, parse_day, time_zone
from aibuyer_kit.core.errors import PeriodError, SettingsError

KYIV = ZoneInfo("Europe/Kyiv")


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param(datetime(2026, 3, 28, 22, 30, tzinfo=UTC), date(2026, 3, 29), id="before-the-23-hour-day"),
        pytest.param(datetime(2026, 3, 29, 20, 59, tzinfo=UTC), date(2026, 3, 29), id="end-of-the-23-hour-day"),
        pytest.param(datetime(2026, 3, 29, 21, 0, tzinfo=UTC), date(2026, 3, 30), id="after-the-23-hour-day"),
        pytest.param(datetime(2026, 10, 25, 21, 59, tzinfo=UTC), date(2026, 10, 25), id="end-of-the-25-hour-day"),
        pytest.param(datetime(2026, 10, 25, 22, 0, tzinfo=UTC), date(2026, 10, 26), id="after-the-25-hour-day"),
    ],
)
def test_the_day_is_the_accounts_own(moment: datetime, expected: date) -> None:
    """Kyiv changes its clocks on 29 March and 25 October 2026."""
    assert account_date(moment, KYIV) == expected


def test_the_last_days_end_yesterday() -> None:
    """Today is incomplete and never slips in."""
    assert last_days(1, today=date(2026, 3, 1)) == DateRange(date(2026, 2, 28), date(2026, 2, 28))


def test_the_period_before_has_the_same_length_and_touches() -> None:
    """Seven days are compared with the seven days before them."""
    assert str(DateRange(date(2026, 3, 8), date(2026, 3, 14)).before()) == "2026-03-01 to 2026-03-07"


@pytest.mark.parametrize("count", [0, -1, 100_000_000])
def test_no_days_are_no_period(count: int) -> None:
    """Asking for nothing is a mistake, not an empty answer."""
    with pytest.raises(PeriodError, match="at least 1"):
        last_days(count, today=date(2026, 3, 1))


def test_a_period_that_ends_before_it_begins_says_so() -> None:
    """The usual mistake is a swap."""
    with pytest.raises(PeriodError, match="Swap"):
        DateRange(date(2026, 3, 2), date(2026, 3, 1))


@pytest.mark.parametrize("text", ["3/1/2026", "yesterday", "", "2026-02-30"])
def test_only_iso_days_are_taken(text: str) -> None:
    """1/2/2026 is two different days, depending on who reads it."""
    with pytest.raises(PeriodError, match="since is"):
        parse_day(text, name="since")


@pytest.mark.parametrize("name", ["Mars/Base", "", "../etc/passwd", "Europe/"])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    """Also one that looks like a path."""
    with pytest.raises(SettingsError, match="time zone"):
        time_zone(name)
