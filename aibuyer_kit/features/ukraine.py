"""Holidays of Ukraine from 2015 on: those of the Labour Code (article 73) and the days on which they are kept.

The `holidays` library tells of days off, and under martial law there are none: it has nothing from 2023 on. People keep
the days all the same, and buy around them. Days off that replace a holiday on a weekend are not holidays.
"""

from collections.abc import Iterator
from datetime import date, timedelta

FIRST_YEAR = 2015
_LAST = 9999

# Key, month, day, first and last year. By the laws 211-VIII (2015), 2211-VIII (2017), 2293-IX (2022), 3107-IX and
# 3258-IX (2023).
_FIXED = (
    ("new_year", 1, 1, FIRST_YEAR, _LAST),
    ("christmas_julian", 1, 7, FIRST_YEAR, 2023),
    ("womens_day", 3, 8, FIRST_YEAR, _LAST),
    ("labour_day", 5, 1, FIRST_YEAR, _LAST),
    ("labour_day", 5, 2, FIRST_YEAR, 2017),
    ("victory_day", 5, 9, FIRST_YEAR, 2023),
    ("remembrance_day", 5, 8, 2024, _LAST),
    ("constitution_day", 6, 28, FIRST_YEAR, _LAST),
    ("statehood_day", 7, 28, 2022, 2023),
    ("statehood_day", 7, 15, 2024, _LAST),
    ("independence_day", 8, 24, FIRST_YEAR, _LAST),
    ("defenders_day", 10, 14, FIRST_YEAR, 2022),
    ("defenders_day", 10, 1, 2023, _LAST),
    ("christmas", 12, 25, 2017, _LAST),
)
UKRAINE_KEYS = frozenset({each[0] for each in _FIXED} | {"easter_orthodox", "trinity"})


def orthodox_easter(year: int) -> date:
    """Return the Easter Sunday of the Julian computation, as a day of our calendar (Meeus 1991, chapter 8).

    >>> orthodox_easter(2026)
    datetime.date(2026, 4, 12)
    """
    golden = (19 * (year % 19) + 15) % 30
    weekday = (2 * (year % 4) + 4 * (year % 7) - golden + 34) % 7
    months = golden + weekday + 114
    julian_day = date(year, months // 31, months % 31 + 1)
    return julian_day + timedelta(days=year // 100 - year // 400 - 2)


def ukrainian_holidays(year: int) -> Iterator[tuple[date, str]]:
    """Yield the holidays of a year from 2015 on, with their keys in the catalogue's section `holiday`."""
    for key, month, day, first, last in _FIXED:
        if first <= year <= last:
            yield date(year, month, day), key
    easter = orthodox_easter(year)
    yield easter, "easter_orthodox"
    yield easter + timedelta(days=49), "trinity"
