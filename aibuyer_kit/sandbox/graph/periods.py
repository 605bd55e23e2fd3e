"""The days that insights are asked for, and the pieces that `time_increment` cuts them into."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import PeriodError
from aibuyer_kit.sandbox.graph.errors import GraphError, invalid_parameter
from aibuyer_kit.sandbox.graph.messages import Params

_MAX_INCREMENT_DAYS = 90
# 37 months at their longest.
_KEPT_DAYS = 1127
_MAX_DAYS_AHEAD = 366
_DEFAULT_PRESET = "last_30d"


def _days_back(count: int) -> Callable[[date, date], DateRange]:
    """Return the `count` full days before today."""
    return lambda today, _first_day: DateRange(today - timedelta(days=count), today - timedelta(days=1))


def _week_of(day: date) -> DateRange:
    monday = day - timedelta(days=day.weekday())
    return DateRange(monday, monday + timedelta(days=6))


def _month_of(day: date) -> DateRange:
    first = day.replace(day=1)
    return DateRange(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def _quarter_of(day: date) -> DateRange:
    first = date(day.year, day.month - (day.month - 1) % 3, 1)
    return DateRange(first, _month_of(first + timedelta(days=62)).until)


_PRESETS: Mapping[str, Callable[[date, date], DateRange]] = {
    "today": lambda today, _first_day: DateRange(today, today),
    "yesterday": _days_back(1),
    **{f"last_{count}d": _days_back(count) for count in (3, 7, 14, 28, 30, 90)},
    "this_week_mon_today": lambda today, _first_day: DateRange(today - timedelta(days=today.weekday()), today),
    "last_week_mon_sun": lambda today, _first_day: _week_of(today - timedelta(days=7)),
    "last_month": lambda today, _first_day: _month_of(today.replace(day=1) - timedelta(days=1)),
    "this_month": lambda today, _first_day: DateRange(today.replace(day=1), today),
    "this_quarter": lambda today, _first_day: DateRange(_quarter_of(today).since, today),
    "last_quarter": lambda today, _first_day: _quarter_of(_quarter_of(today).since - timedelta(days=1)),
    "this_year": lambda today, _first_day: DateRange(date(today.year, 1, 1), today),
    "last_year": lambda today, _first_day: DateRange(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    "this_week_sun_today": lambda today, _first_day: DateRange(today - timedelta(days=today.isoweekday() % 7), today),
    "last_week_sun_sat": lambda today, _first_day: _days_back(7)(today - timedelta(days=today.isoweekday() % 7), today),
    "data_maximum": lambda today, first_day: DateRange(first_day, today),
    "maximum": lambda today, first_day: DateRange(first_day, today),
}


def asked_pieces(params: Params, today: date, first_day: date) -> list[tuple[str, DateRange]]:
    """Return the ranges that get a row each, with a key in whose order they come. Raises GraphError."""
    if params.text("time_ranges"):
        ranges = params.json("time_ranges")
        if not isinstance(ranges, list) or not ranges:
            raise invalid_parameter("Param time_ranges must be a list of ranges.")
        return [(f"{place:04d}", _kept(_range(entry), today)) for place, entry in enumerate(ranges)]
    return [(piece.since.isoformat(), piece) for piece in _cut(params, _asked_days(params, today, first_day))]


def _asked_days(params: Params, today: date, first_day: date) -> DateRange:
    """Return the days of `time_range`, or of `date_preset`."""
    if "time_range" in params:
        return _kept(_range(params.json("time_range")), today)
    preset = params.text("date_preset", _DEFAULT_PRESET)
    if preset not in _PRESETS:
        raise invalid_parameter(f"date_preset {preset!r} is not imitated. Imitated: {', '.join(_PRESETS)}.")
    return _PRESETS[preset](today, first_day)


def _cut(params: Params, days: DateRange) -> list[DateRange]:
    """Return the whole, its calendar months, or runs of `time_increment` days."""
    increment = params.text("time_increment", "all_days")
    if increment == "all_days":
        return [days]
    if increment == "monthly":
        return _months(days)
    step_days = params.whole("time_increment", 1)
    if not 1 <= step_days <= _MAX_INCREMENT_DAYS:
        raise invalid_parameter(f"time_increment must be monthly, all_days or 1 to {_MAX_INCREMENT_DAYS}.")
    starts = list(days)[::step_days]
    return [DateRange(start, min(start + timedelta(days=step_days - 1), days.until)) for start in starts]


def _months(days: DateRange) -> list[DateRange]:
    firsts = [days.since, *(day for day in days if day.day == 1 and day != days.since)]
    return [DateRange(first, min(_month_of(first).until, days.until)) for first in firsts]


def _kept(days: DateRange, today: date) -> DateRange:
    """Return the days if the platform still has them. Raises GraphError beyond 37 months, and for a far future."""
    if (today - days.since).days > _KEPT_DAYS:
        message = "The start date of the time range cannot be beyond 37 months from the current date"
        raise GraphError(3018, f"(#3018) {message}")
    if (days.until - today).days > _MAX_DAYS_AHEAD:
        raise invalid_parameter(f"time_range: until lies more than {_MAX_DAYS_AHEAD} days ahead.")
    return days


def _range(content: object) -> DateRange:
    match content:
        case {"since": str(since), "until": str(until)}:
            try:
                return DateRange(date.fromisoformat(since), date.fromisoformat(until))
            except (ValueError, PeriodError):
                raise invalid_parameter("time_range: since must be a day before or equal to until.") from None
    raise invalid_parameter('A time range must be {"since":"YYYY-MM-DD","until":"YYYY-MM-DD"}.')
