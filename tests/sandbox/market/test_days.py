"""Days of an account's zone on a line of microseconds."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from aibuyer_kit.sandbox.market.days import age_days, from_us, local_day, to_us

KYIV = ZoneInfo("Europe/Kyiv")


def test_a_moment_survives_the_way_there_and_back() -> None:
    """To the microsecond."""
    moment = datetime(2026, 6, 1, 6, 30, 0, 123457, tzinfo=UTC)

    assert moment == from_us(to_us(moment))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Kyiv", date(2026, 3, 29), 23),
        ("Europe/Kyiv", date(2026, 10, 25), 25),
        # There is no midnight on this day: clocks go from 23:59:59 to 01:00.
        ("America/Santiago", date(2026, 9, 6), 23),
        ("Asia/Tokyo", date(2026, 3, 29), 24),
    ],
)
def test_a_day_is_as_long_as_its_zone_makes_it(zone: str, day: date, hours: int) -> None:
    """23, 24 or 25 hours."""
    assert hours * 3_600_000_000 == local_day(day, ZoneInfo(zone)).length_us


def test_age_counts_local_days() -> None:
    """A day is 28 days old at the local midnight 28 days later, with a change of the clock between."""
    midnight_us = local_day(date(2026, 4, 12), KYIV).start_us

    assert age_days(date(2026, 3, 15), midnight_us, KYIV) == 28
    assert 27.9 < age_days(date(2026, 3, 15), midnight_us - 1_000_000, KYIV) < 28
