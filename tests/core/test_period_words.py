"""Periods in words, seen from Wednesday, 3 June 2026."""

from datetime import date

import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import PeriodError
from aibuyer_kit.core.period_words import against_of, period_of

TODAY = date(2026, 6, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yesterday", "2026-06-02"),
        ("Вчора", "2026-06-02"),
        ("the day before yesterday", "2026-06-01"),
        ("today", "2026-06-03"),
        ("last week", "2026-05-25 to 2026-05-31"),
        ("  the  LAST week ", "2026-05-25 to 2026-05-31"),
        ("минулого тижня", "2026-05-25 to 2026-05-31"),
        ("this week", "2026-06-01 to 2026-06-02"),
        ("last month", "2026-05-01 to 2026-05-31"),
        ("минулий місяць", "2026-05-01 to 2026-05-31"),
        ("this month", "2026-06-01 to 2026-06-02"),
        ("last 7 days", "2026-05-27 to 2026-06-02"),
        ("останні 14 днів", "2026-05-20 to 2026-06-02"),
        ("2026-02", "2026-02-01 to 2026-02-28"),
        ("2026-W21", "2026-05-18 to 2026-05-24"),
        ("2026-05-07", "2026-05-07"),
        ("2026-05-01..2026-05-07", "2026-05-01 to 2026-05-07"),
        ("2026-05-01 to 2026-05-07", "2026-05-01 to 2026-05-07"),
    ],
)
def test_words_mean_days(text: str, expected: str) -> None:
    """In both languages, whatever the case and the spaces."""
    assert str(period_of(text, today=TODAY)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the period before", "2026-05-18 to 2026-05-24"),
        ("the week before", "2026-05-18 to 2026-05-24"),
        ("тиждень до того", "2026-05-18 to 2026-05-24"),
        ("the day before", "2026-05-24"),
        ("the month before", "2026-04-01 to 2026-04-30"),
        ("a year before", "2025-05-25 to 2025-05-31"),
        ("the same days a week before", "2026-05-18 to 2026-05-24"),
        ("2026-04", "2026-04-01 to 2026-04-30"),
    ],
)
def test_words_beside_a_period_go_by_it(text: str, expected: str) -> None:
    """Beside the week from 25 May to 31 May."""
    week = DateRange(date(2026, 5, 25), date(2026, 5, 31))
    assert str(against_of(text, week, today=TODAY)) == expected


def test_a_leap_day_has_a_year_before() -> None:
    """29 February is set beside 28 February."""
    leap = DateRange(date(2028, 2, 29), date(2028, 2, 29))
    assert str(against_of("the year before", leap, today=TODAY)) == "2027-02-28"


@pytest.mark.parametrize(
    "text", ["", "soon", "last 0 days", "2026-13", "2026-02-30", "2026-W54", "2026-05-07..2026-05-01", "0000-01"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    """With what is understood, or with what is wrong about it."""
    with pytest.raises(PeriodError):
        period_of(text, today=TODAY)


def test_a_week_that_begins_today_has_no_days_yet() -> None:
    """On a Monday."""
    with pytest.raises(PeriodError, match="no day of it is over"):
        period_of("this week", today=date(2026, 6, 1))
