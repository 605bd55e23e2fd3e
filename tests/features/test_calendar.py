"""The calendar beside published days: the law's, the churches' tables, and the library where it has any."""

import warnings
from datetime import date, timedelta

import numpy as np
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError, LeftOutWarning
from aibuyer_kit.core.i18n import messages
from aibuyer_kit.features.calendar import (
    FAR_DAYS,
    SHOPPING_KEYS,
    calendar_terms,
    events_of,
    holidays_of,
    known_country,
    shopping_days,
)
from aibuyer_kit.features.ukraine import UKRAINE_KEYS, orthodox_easter


def year(number: int) -> DateRange:
    return DateRange(date(number, 1, 1), date(number, 12, 31))


def days_of(number: int, country: str = "UA") -> dict[date, str]:
    return {each.day: each.key for each in holidays_of(country, year(number))}


MARKETS = [
    "UA",
    "PL",
    "DE",
    "FR",
    "ES",
    "IT",
    "GB",
    "US",
    "CA",
    "BR",
    "MX",
    "TR",
    "RO",
    "CZ",
    "NL",
    "SE",
    "KZ",
    "GE",
    "IL",
    "AE",
    "SA",
    "IN",
    "ID",
    "JP",
    "AU",
]


@pytest.mark.parametrize("country", MARKETS)
def test_no_year_of_a_market_is_empty(country: str) -> None:
    """The library has nothing for Ukraine from 2023 on; whatever it lacks elsewhere shows here as well."""
    assert [number for number in range(2015, 2036) if len(days_of(number, country)) < 5] == []


@pytest.mark.parametrize(
    ("number", "easter"),
    [
        (2015, (4, 12)), (2018, (4, 8)), (2019, (4, 28)), (2022, (4, 24)), (2023, (4, 16)), (2024, (5, 5)),
        (2025, (4, 20)), (2026, (4, 12)), (2027, (5, 2)), (2032, (5, 2)), (2035, (4, 29)),
    ],
)  # fmt: skip
def test_orthodox_easter_is_the_published_day(number: int, easter: tuple[int, int]) -> None:
    """Trinity is the seventh Sunday after it."""
    assert orthodox_easter(number) == date(number, *easter)
    assert days_of(number)[date(number, *easter) + timedelta(days=49)] == "trinity"


def test_ukrainian_holidays_agree_with_the_library_where_it_has_them() -> None:
    """Apart from the days off that replaced others."""
    import holidays

    told = holidays.country_holidays("UA", years=range(2015, 2022), language="en_US")
    expected = {day for day, name in told.items() if not name.startswith("Day off") and not is_moved(name)}
    assert {day for number in range(2015, 2022) for day in days_of(number)} == expected


def is_moved(names: str) -> bool:
    return all("(observed)" in name for name in names.split("; "))


@pytest.mark.parametrize(
    ("day", "before", "after", "first_year"),
    [
        ("christmas_julian", (1, 7), None, 2024),
        ("victory_day", (5, 9), None, 2024),
        ("remembrance_day", None, (5, 8), 2024),
        ("statehood_day", (7, 28), (7, 15), 2024),
        ("defenders_day", (10, 14), (10, 1), 2023),
        ("christmas", (12, 25), (12, 25), 2024),
    ],
)
def test_ukrainian_holidays_moved_when_the_law_moved_them(
    day: str, before: tuple[int, int] | None, after: tuple[int, int] | None, first_year: int
) -> None:
    """In the year of the law a holiday that had passed had been on its old day."""
    for number, expected in ((first_year - 1, before), (first_year, after)):
        found = [each for each, key in days_of(number).items() if key == day]
        assert found == ([date(number, *expected)] if expected else [])


def test_shopping_days_are_those_of_the_year() -> None:
    """Black Friday follows the fourth Thursday of November, Cyber Monday the weekend after it."""
    found = {each.key: each.day for each in shopping_days(year(2026))}
    assert found == {
        "valentines_day": date(2026, 2, 14),
        "mothers_day": date(2026, 5, 10),
        "singles_day": date(2026, 11, 11),
        "black_friday": date(2026, 11, 27),
        "cyber_monday": date(2026, 11, 30),
    }


def test_a_country_that_is_not_known_is_refused_with_the_nearest() -> None:
    """A code of three letters, or one of no country."""
    assert known_country("UA") == "UA"
    with pytest.raises(InputError, match="Did you mean 'UA'"):
        known_country("ua")
    with pytest.raises(InputError, match="no holidays for the country 'UKR'"):
        holidays_of("UKR", year(2026))


def test_a_year_without_any_holiday_is_said() -> None:
    """The library has no dates of Sri Lanka from 2027 on; nothing is made up."""
    with pytest.warns(LeftOutWarning, match="LK is known in 2027 to 2028"):
        assert holidays_of("LK", DateRange(date(2027, 1, 1), date(2028, 1, 1))) == ()
    with pytest.warns(LeftOutWarning, match="LK"):
        assert calendar_terms(DateRange(date(2027, 6, 1), date(2027, 6, 3)), "LK")["is_holiday"].tolist() == [0, 0, 0]


def test_days_that_are_known_do_not_warn_of_years_beyond_them() -> None:
    """A look past the end of the year is our own business."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        calendar_terms(DateRange(date(2026, 12, 20), date(2026, 12, 31)), "LK")


def test_every_holiday_has_its_name_in_both_languages() -> None:
    """So that a chart of seasons can be read by either."""
    for locale in ("en", "uk"):
        assert {key for key in UKRAINE_KEYS | set(SHOPPING_KEYS) if f"holiday.{key}" not in messages(locale)} == set()
    assert [each.name for each in events_of(year(2026), "UA", "uk")][:2] == ["Новий рік", "День святого Валентина"]
    assert "Новий рік" in {each.name for each in holidays_of("DE", year(2026), "uk")}
    assert "Neujahr" not in {each.name for each in holidays_of("DE", year(2026))}


def test_keys_are_the_same_in_all_years() -> None:
    """A holiday that was observed on another day is the same holiday."""
    assert days_of(2022, "GB")[date(2022, 1, 3)] == days_of(2022, "GB")[date(2022, 1, 1)] == "new_year's_day"


def test_distances_count_days_to_and_since() -> None:
    """Christmas 2026 lies between; a holiday further away than four weeks is far, and on the day both are 0."""
    terms = calendar_terms(DateRange(date(2026, 12, 23), date(2026, 12, 27)), "UA")
    assert terms["days_to_holiday"].tolist() == [2, 1, 0, 6, 5]
    assert terms["days_since_holiday"].tolist() == [FAR_DAYS, FAR_DAYS, 0, 1, 2]
    assert terms["is_holiday"].tolist() == [0, 0, 1, 0, 0]
    assert terms["days_since_black_friday"].tolist() == [26, 27, 28, 28, 28]
    assert terms["days_to_black_friday"].tolist() == [28] * 5


def test_plain_numbers_are_those_of_the_calendar() -> None:
    """The last days of 2026 lie in week 53, and so do the first of 2027."""
    terms = calendar_terms(DateRange(date(2026, 12, 31), date(2027, 1, 2)))
    assert terms["day_of_week"].tolist() == [3, 4, 5]
    assert terms["is_weekend"].tolist() == [0, 0, 1]
    assert terms["week_of_year"].tolist() == [53, 53, 53]
    assert terms["month"].tolist() == [12, 1, 1]
    assert terms["day_of_month"].tolist() == [31, 1, 2]


def test_without_a_country_no_day_is_a_holiday() -> None:
    """Shopping days are there all the same."""
    terms = calendar_terms(year(2026))
    assert terms["is_holiday"].sum() == 0
    assert terms["is_shopping_day"].sum() == 5


@pytest.mark.parametrize(("wave", "last"), [("week", "2026-03-08"), ("month", "2026-02-28"), ("year", "2026-12-31")])
def test_waves_go_on_without_a_jump(wave: str, last: str) -> None:
    """From Sunday to Monday, into the next month and the next year they move no more than between any two days."""
    around = calendar_terms(DateRange(date(2026, 1, 1), date(2027, 2, 28)))
    place = (date.fromisoformat(last) - date(2026, 1, 1)).days
    for name, values in around.items():
        if name.startswith(f"{wave}_"):
            assert abs(values[place + 1] - values[place]) <= np.abs(np.diff(values[:59])).max() * 1.15 + 1e-9, name


def test_the_same_week_wave_returns_after_seven_days() -> None:
    """Exactly, so that a model of weeks does not drift."""
    terms = calendar_terms(DateRange(date(2026, 1, 1), date(2026, 2, 28)))
    assert all((terms[name][7:] == terms[name][:-7]).all() for name in terms if name.startswith("week_s"))
