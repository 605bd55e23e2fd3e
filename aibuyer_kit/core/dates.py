"""Days are days of the ad account's time zone; a range includes both of its ends."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aibuyer_kit.core.errors import PeriodError, SettingsError

_LONGEST_DAYS = 36_500
# Ad platforms tell of the last 37 months, which are at least so many days.
MOST_DAYS_BACK = 1_123


@dataclass(frozen=True, order=True)
class DateRange:
    """The days from `since` to `until`, both included.

    Raises PeriodError if `until` lies before `since`.

    >>> len(DateRange(date(2026, 2, 27), date(2026, 3, 1)))
    3
    """

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.until < self.since:
            raise PeriodError(f"The period ends ({self.until}) before it begins ({self.since}). Swap the two days.")

    def __len__(self) -> int:
        return (self.until - self.since).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.since + timedelta(days=offset) for offset in range(len(self)))

    def __contains__(self, day: date) -> bool:
        return self.since <= day <= self.until

    def __str__(self) -> str:
        return str(self.since) if self.since == self.until else f"{self.since} to {self.until}"

    def before(self) -> "DateRange":
        """Return the range of the same length that ends on the day before this one begins."""
        return DateRange(self.since - timedelta(days=len(self)), self.since - timedelta(days=1))


def time_zone(name: str) -> ZoneInfo:
    """Return the IANA time zone called `name`. Raises SettingsError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"There is no time zone {name!r}. Use an IANA name such as 'Europe/Kyiv'.") from None


def account_date(moment: datetime, zone: ZoneInfo) -> date:
    """Return the account's local day at an aware `moment`.

    >>> from datetime import UTC
    >>> account_date(datetime(2026, 3, 31, 22, 30, tzinfo=UTC), ZoneInfo("Europe/Kyiv"))
    datetime.date(2026, 4, 1)
    """
    return moment.astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment, in UTC, at which a day begins in a zone; where there is no midnight, the first that is.

    >>> day_start(date(2026, 3, 30), ZoneInfo("Europe/Kyiv")).isoformat()
    '2026-03-29T21:00:00+00:00'
    """
    return datetime.combine(day, time(), zone).astimezone(UTC)


def last_days(count: int, *, today: date) -> DateRange:
    """Return the `count` full days that end yesterday: today is still incomplete and is left out.

    Raises PeriodError if `count` is not positive.

    >>> str(last_days(7, today=date(2026, 4, 1)))
    '2026-03-25 to 2026-03-31'
    """
    if not 1 <= count <= _LONGEST_DAYS:
        raise PeriodError(f"days is {count}; it must be at least 1 and at most {_LONGEST_DAYS}.")
    return DateRange(today - timedelta(days=count), today - timedelta(days=1))


def parse_day(text: str, *, name: str = "date") -> date:
    """Return the ISO day written in `text`. Raises PeriodError that names the parameter."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PeriodError(f"{name} is {text!r}; write the day as YYYY-MM-DD, for example 2026-03-31.") from None
