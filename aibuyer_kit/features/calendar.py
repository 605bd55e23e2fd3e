"""The calendar: holidays of a country, days on which people shop, and smooth seasonal terms; all known in advance."""

import difflib
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError, LeftOutWarning
from aibuyer_kit.core.i18n import t
from aibuyer_kit.features.ukraine import FIRST_YEAR, ukrainian_holidays
from aibuyer_kit.features.windows import Floats

# Beyond so many days a holiday is far away, however far.
FAR_DAYS = 28
SHOPPING_KEYS = ("valentines_day", "mothers_day", "singles_day", "black_friday", "cyber_monday")
# Sines and cosines of the week, the month and the year: enough for any week, and for a season of about a month.
_WAVES = {"week": 3, "month": 2, "year": 4}
_DAYS_OF_A_YEAR = 365.2425
# What the library adds to a name where a day off moved or a date is not certain.
_REMARK = re.compile(r"\s*\((?:observed|estimated|substituted|in lieu)[^)]*\)", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Holiday:
    """A day that people keep; `key` is the same in all years, `name` is in the language asked for if there is one."""

    day: date
    key: str
    name: str
    is_shopping: bool = False


def known_country(code: str) -> str:
    """Return the two letters of a country whose holidays are known. Raises InputError that names the nearest."""
    codes = _countries()
    if code in codes:
        return code
    near = difflib.get_close_matches(code.upper(), codes, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise InputError(f"There are no holidays for the country {code!r}.{hint} Use its ISO code, such as 'UA' or 'DE'.")


def holidays_of(country: str, days: DateRange, locale: str = "en") -> tuple[Holiday, ...]:
    """Return the public holidays of a country within `days`, in their order.

    Warns with LeftOutWarning of years of which none is known. Raises InputError for a country that is not known.
    """
    known_country(country)
    years = range(days.since.year, days.until.year + 1)
    empty = [year for year in years if not _of_year(country, year, "en")]
    if empty:
        told = LeftOutWarning("no_holidays", country=country, first_year=empty[0], last_year=empty[-1])
        warnings.warn(told, stacklevel=2)
    return tuple(each for year in years for each in _of_year(country, year, locale) if each.day in days)


def shopping_days(days: DateRange, locale: str = "en") -> tuple[Holiday, ...]:
    """Return the days on which people shop, in any country, within `days`."""
    found = (
        Holiday(day, key, t(locale, f"holiday.{key}"), is_shopping=True)
        for year in range(days.since.year, days.until.year + 1)
        for day, key in _shopping(year)
    )
    return tuple(sorted(each for each in found if each.day in days))


def events_of(days: DateRange, country: str | None = None, locale: str = "en") -> tuple[Holiday, ...]:
    """Return holidays of a country, where one is given, and shopping days, in their order."""
    holidays = holidays_of(country, days, locale) if country else ()
    return tuple(sorted((*holidays, *shopping_days(days, locale)), key=lambda each: (each.day, each.key)))


def calendar_terms(days: DateRange, country: str | None = None) -> Mapping[str, Floats]:
    """Return what a calendar says of each day, as one array of floats per term, in the order of the days.

    `day_of_week` (0 is Monday), `day_of_month`, `week_of_year` (ISO) and `month` are plain numbers; `week_sin_1` … are
    the waves of week, month and year. `is_weekend`, `is_holiday`, `is_shopping_day` are 0 or 1; `days_to_…` and
    `days_since_…` count up to 28, which also stands for further away.
    """
    listed = list(days)
    around = DateRange(days.since - timedelta(days=FAR_DAYS), days.until + timedelta(days=FAR_DAYS))
    with warnings.catch_warnings():
        # Said once below, of the days that were asked for.
        warnings.simplefilter("ignore", LeftOutWarning)
        holidays = {each.day for each in holidays_of(country, around)} if country else set()
    if country:
        holidays_of(country, days)
    shopping = shopping_days(around)
    numbers = {
        "day_of_week": [day.weekday() for day in listed],
        "day_of_month": [day.day for day in listed],
        "week_of_year": [day.isocalendar().week for day in listed],
        "month": [day.month for day in listed],
        "is_weekend": [day.weekday() >= 5 for day in listed],
        "is_holiday": [day in holidays for day in listed],
        "is_shopping_day": [day in {each.day for each in shopping} for day in listed],
    }
    terms = {name: np.array(values, dtype=np.float64) for name, values in numbers.items()}
    for name, marked in (
        ("holiday", holidays),
        ("shopping_day", {each.day for each in shopping}),
        ("black_friday", {each.day for each in shopping if each.key == "black_friday"}),
    ):
        terms[f"days_to_{name}"] = _distance(days, marked, ahead=True)
        terms[f"days_since_{name}"] = _distance(days, marked, ahead=False)
    return terms | dict(_waves(listed))


def _waves(listed: list[date]) -> Iterator[tuple[str, Floats]]:
    """Yield sines and cosines; the end of a month is as near to the next one's first day as any two days are."""
    phases = {
        "week": [day.weekday() / 7 for day in listed],
        "month": [(day.day - 1) / _length_of_month(day) for day in listed],
        "year": [(day - date(2000, 1, 1)).days / _DAYS_OF_A_YEAR for day in listed],
    }
    for name, count in _WAVES.items():
        turns = 2 * np.pi * np.array(phases[name])
        for number in range(1, count + 1):
            yield f"{name}_sin_{number}", np.sin(number * turns)
            yield f"{name}_cos_{number}", np.cos(number * turns)


def _length_of_month(day: date) -> int:
    return ((day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day


def _distance(days: DateRange, marked: set[date], *, ahead: bool) -> Floats:
    """Return how many days it is to the next marked day, or since the last, at most FAR_DAYS; 0 on such a day."""
    since = days.since - timedelta(days=FAR_DAYS)
    flags = np.zeros(len(days) + 2 * FAR_DAYS, dtype=np.bool_)
    flags[[(day - since).days for day in marked]] = True
    flags = flags[::-1] if ahead else flags
    places = np.arange(len(flags))
    last = np.maximum.accumulate(np.where(flags, places, -FAR_DAYS))
    away = np.minimum(places - last, FAR_DAYS).astype(np.float64)
    away = away[::-1] if ahead else away
    return away[FAR_DAYS:-FAR_DAYS].copy()


def _shopping(year: int) -> Iterator[tuple[date, str]]:
    thanksgiving = _nth_weekday(year, 11, weekday=3, nth=4)
    yield date(year, 2, 14), "valentines_day"
    yield _nth_weekday(year, 5, weekday=6, nth=2), "mothers_day"
    yield date(year, 11, 11), "singles_day"
    yield thanksgiving + timedelta(days=1), "black_friday"
    yield thanksgiving + timedelta(days=4), "cyber_monday"


def _nth_weekday(year: int, month: int, *, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


@cache
def _of_year(country: str, year: int, locale: str) -> tuple[Holiday, ...]:
    if country == "UA" and year >= FIRST_YEAR:
        found = [Holiday(day, key, t(locale, f"holiday.{key}")) for day, key in ukrainian_holidays(year)]
        return tuple(sorted(found))
    english, told = _library(country, year, "en"), _library(country, year, locale)
    return tuple(Holiday(day, _key(english[day]), _REMARK.sub("", told[day])) for day in sorted(english))


def _key(name: str) -> str:
    """Return a name without what differs from year to year, in small letters.

    >>> _key("New Year's Day (observed)")
    "new_year's_day"
    """
    return "_".join(_REMARK.sub("", name).lower().split())


def _library(country: str, year: int, locale: str) -> Mapping[date, str]:
    import holidays

    spoken = holidays.list_localized_countries().get(country, [])
    language = next((each for each in (locale, "en_US", "en_GB") if each in spoken), None)
    return dict(holidays.country_holidays(country, years=year, language=language).items())


@cache
def _countries() -> frozenset[str]:
    import holidays

    return frozenset(code for code in holidays.list_supported_countries() if len(code) == 2)
