"""Periods in the words of people: "last week", "the week before", "2026-05", in English and Ukrainian.

Weeks begin on Monday. "Last 7 days" end yesterday; "last week" and "last month" are whole ones of the calendar.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from aibuyer_kit.core.dates import DateRange, last_days
from aibuyer_kit.core.errors import PeriodError

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)

UNDERSTOOD = (
    "yesterday, today, this week, last week, this month, last month, last 7 days, 2026-05, 2026-W21, 2026-05-01,"
    " 2026-05-01..2026-05-07"
)
UNDERSTOOD_AGAINST = (
    "the period before, the day before, the week before, the month before, the year before, the same days a week before"
)


def period_of(text: str, *, today: date, name: str = "period") -> DateRange:
    """Return the days that `text` means, seen from `today`. Raises PeriodError that lists what is understood.

    >>> str(period_of("last week", today=date(2026, 6, 3)))
    '2026-05-25 to 2026-05-31'
    """
    words = _plain(text)
    found = _WORDS.get(words)
    if found is not None:
        return found(today)
    for pattern, meant in _PATTERNS:
        match = pattern.fullmatch(words)
        if match:
            return _checked(text, name, lambda: meant(match, today))  # noqa: B023 - called at once
    raise PeriodError(f"{name} is {text!r}, which is no period that is understood. Understood: {UNDERSTOOD}.")


def against_of(text: str, period: DateRange, *, today: date) -> DateRange:
    """Return the days that `text` means beside a period: relative to it, or by words of their own. Raises PeriodError.

    >>> against_of("the week before", DateRange(date(2026, 5, 25), date(2026, 5, 31)), today=date(2026, 6, 3)).since
    datetime.date(2026, 5, 18)
    """
    relative = _RELATIVE.get(_plain(text))
    if relative is not None:
        return relative(period)
    try:
        return period_of(text, today=today, name="against")
    except PeriodError as error:
        raise PeriodError(f"{error} And relative to the period: {UNDERSTOOD_AGAINST}.") from None


def _plain(text: str) -> str:
    words = " ".join(text.casefold().replace("’", "'").split())
    return words.removeprefix("the ").removeprefix("в ").removeprefix("у ").removeprefix("за ")


def _checked(text: str, name: str, meant: Callable[[], DateRange]) -> DateRange:
    try:
        return meant()
    except (ValueError, OverflowError):
        raise PeriodError(f"{name} is {text!r}, and there is no such day. Understood: {UNDERSTOOD}.") from None


def _day(day: date) -> DateRange:
    return DateRange(day, day)


def _month(year: int, month: int) -> DateRange:
    return DateRange(date(year, month, 1), date(year, month, monthrange(year, month)[1]))


def _month_before(day: date) -> DateRange:
    last = day.replace(day=1) - _DAY
    return _month(last.year, last.month)


def _until_yesterday(first: date, today: date) -> DateRange:
    if first == today:
        raise PeriodError("It begins today, and no day of it is over yet. Ask for the one before it.")
    return DateRange(first, today - _DAY)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


_Absolute = Callable[[date], DateRange]
_WORDS: dict[str, _Absolute] = {
    words: meant
    for meaning, meant in {
        "today|сьогодні": lambda today: _day(today),
        "yesterday|вчора|вчорашній день": lambda today: _day(today - _DAY),
        "day before yesterday|позавчора": lambda today: _day(today - 2 * _DAY),
        "this week|цей тиждень|цього тижня": lambda today: _until_yesterday(_monday(today), today),
        "last week|previous week|минулий тиждень|минулого тижня": lambda today: DateRange(
            _monday(today) - _WEEK, _monday(today) - _DAY
        ),
        "this month|цей місяць|цього місяця": lambda today: _until_yesterday(today.replace(day=1), today),
        "last month|previous month|минулий місяць|минулого місяця": _month_before,
    }.items()
    for words in meaning.split("|")
}
_Match = Callable[[re.Match[str], date], DateRange]
_ISO = r"(\d{4}-\d{2}-\d{2})"
_PATTERNS: tuple[tuple[re.Pattern[str], _Match], ...] = (
    (
        re.compile(r"(?:last|past|останні|останніх|останній) (\d{1,5}) (?:days?|дні|днів|день)"),
        lambda match, today: last_days(int(match[1]), today=today),
    ),
    (re.compile(r"(\d{4})-(\d{2})"), lambda match, _: _month(int(match[1]), int(match[2]))),
    (
        re.compile(r"(\d{4})-w(\d{2})"),
        lambda match, _: DateRange(*(date.fromisocalendar(int(match[1]), int(match[2]), day) for day in (1, 7))),
    ),
    (re.compile(_ISO), lambda match, _: _day(date.fromisoformat(match[1]))),
    (
        re.compile(rf"{_ISO} ?(?:\.\.|to|–|—|до|по) ?{_ISO}"),
        lambda match, _: DateRange(date.fromisoformat(match[1]), date.fromisoformat(match[2])),
    ),
)
_RELATIVE: dict[str, Callable[[DateRange], DateRange]] = {
    words: meant
    for meaning, meant in {
        "period before|before|previous period|попередній період|період до того": lambda period: period.before(),
        "day before|день до того|попередній день": lambda period: _day(period.since - _DAY),
        "week before|тиждень до того|попередній тиждень": lambda period: DateRange(
            period.since - _WEEK, period.since - _DAY
        ),
        "month before|місяць до того|попередній місяць": lambda period: _month_before(period.since),
        "year before|a year before|рік до того|рік тому": lambda period: DateRange(
            _year_before(period.since), _year_before(period.until)
        ),
        "same days a week before|same day a week before|ті самі дні тиждень тому": lambda period: DateRange(
            period.since - _WEEK, period.until - _WEEK
        ),
    }.items()
    for words in meaning.split("|")
}
