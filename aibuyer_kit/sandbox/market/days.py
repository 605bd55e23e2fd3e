"""Virtual moments are whole microseconds since 1970 in UTC; a day is a day of the account, 23 to 25 hours long."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
MICROSECONDS_PER_SECOND = 1_000_000


@dataclass(frozen=True)
class LocalDay:
    """One day of the account: from `start_us` up to, and without, `end_us`."""

    day: date
    start_us: int
    end_us: int

    @property
    def length_us(self) -> int:
        return self.end_us - self.start_us


def to_us(moment: datetime) -> int:
    """Return the microseconds since 1970 of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(moment_us: int) -> datetime:
    """Return the aware datetime in UTC."""
    return _EPOCH + moment_us * _MICROSECOND


@lru_cache(maxsize=8192)
def local_day(day: date, zone: ZoneInfo) -> LocalDay:
    """Return the bounds of `day` in `zone`.

    >>> local_day(date(2026, 3, 29), ZoneInfo("Europe/Kyiv")).length_us // 3_600_000_000
    23
    """
    return LocalDay(day, _midnight_us(day, zone), _midnight_us(day + timedelta(days=1), zone))


def day_at(moment_us: int, zone: ZoneInfo) -> date:
    """Return the account's day at a moment."""
    return from_us(moment_us).astimezone(zone).date()


def age_days(day: date, moment_us: int, zone: ZoneInfo) -> float:
    """Return how many days of the account have passed since `day` began; negative before it.

    The unfinished day counts by the share of it that has passed, so that days of 23 or 25 hours count as one.
    """
    today = local_day(day_at(moment_us, zone), zone)
    return (today.day - day).days + (moment_us - today.start_us) / today.length_us


def _midnight_us(day: date, zone: ZoneInfo) -> int:
    return to_us(datetime(day.year, day.month, day.day, tzinfo=zone))
