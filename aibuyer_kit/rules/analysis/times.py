"""Whether two rules are ever looked at in the same half-hour, and whether one is whenever the other is."""

from datetime import datetime, timedelta
from functools import lru_cache

from aibuyer_kit.rules.schedule import DAYS, Schedule, slots
from aibuyer_kit.rules.strict import minutes_of

# A leap day aside, a year holds every time that a cron expression names.
_FROM, _DAYS = datetime(2026, 6, 1), 366  # noqa: DTZ001 # a local time of an account
_MOST_TIMES = 20_000


def may_meet(one: Schedule | None, other: Schedule | None) -> bool:
    """Return whether both may be looked at at one time."""
    first, second = _halves(one), _halves(other)
    if first is not None and second is not None:
        return bool(first & second)
    mine, theirs = _times(one), _times(other)
    if mine is not None and theirs is not None:
        return bool(mine & theirs)
    for times, grid in ((mine, second), (theirs, first)):
        if times is not None and grid is not None:
            return any(_half(each) in grid for each in times)
    return True


def covers(wide: Schedule | None, narrow: Schedule | None) -> bool:
    """Return whether one is looked at at least whenever the other is; without a schedule it always is."""
    if wide is None or wide == narrow:
        return True
    if narrow is None:
        return False
    if wide.every is not None and narrow.every is not None:
        return minutes_of(narrow.every) % minutes_of(wide.every) == 0
    first, second = _halves(wide), _halves(narrow)
    return first is not None and second is not None and second <= first


def _halves(schedule: Schedule | None) -> frozenset[int] | None:
    """Return the half-hours of the week of a grid."""
    if schedule is None or schedule.grid is None:
        return None
    found = set()
    for number, day in enumerate(DAYS):
        for text in schedule.grid.get(day, ()):
            first, end = slots(text)
            found |= {number * 48 + minute // 30 for minute in range(first, end, 30)}
    return frozenset(found)


def _half(moment: datetime) -> int:
    return moment.weekday() * 48 + (moment.hour * 60 + moment.minute) // 30


def _times(schedule: Schedule | None) -> frozenset[datetime] | None:
    """Return the times of a cron expression in a year; None where it has none, or too many to tell apart."""
    return None if schedule is None or schedule.cron is None else _cron_times(schedule.cron)


@lru_cache(maxsize=256)
def _cron_times(cron: str) -> frozenset[datetime] | None:
    from croniter import croniter

    times, end = croniter(cron, _FROM - timedelta(minutes=1)), _FROM + timedelta(days=_DAYS)
    found: set[datetime] = set()
    while (each := times.get_next(datetime)) < end:
        found.add(each)
        if len(found) > _MOST_TIMES:
            return None
    return frozenset(found)
