"""Which days or hours a figure is summed over: rolling, calendar, lifetime, hours; today in or out is always said."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from aibuyer_kit.core.dates import MOST_DAYS_BACK, DateRange
from aibuyer_kit.rules.strict import Strict

MOST_HOURS = 72
_NAMED_ENDS = ("today", "yesterday")
Ends = Literal["today", "yesterday"] | Annotated[int, Field(ge=0, le=MOST_DAYS_BACK)]


@dataclass(frozen=True, order=True)
class HourRange:
    """Clock hours of the account from `since` to `until`, both included: naive local times at full hours."""

    since: datetime
    until: datetime

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d %H:00} to {self.until:%Y-%m-%d %H:59}"


Span = DateRange | HourRange


class _Ending(Strict):
    @field_validator("ends", mode="before", check_fields=False)
    @classmethod
    def _is_an_end(cls, value: object) -> object:
        if value not in _NAMED_ENDS and (isinstance(value, bool) or not isinstance(value, int)):
            raise ValueError('say "today", "yesterday", or how many days ago')
        return value


def _last_day(ends: Ends, today: date) -> date:
    return today - timedelta(days=ends if isinstance(ends, int) else _NAMED_ENDS.index(ends))


def _ends_told(ends: Ends) -> str:
    return f"{ends} days ago" if isinstance(ends, int) else ends


class Rolling(_Ending):
    """So many full days of the account that end today, yesterday, or so many days ago."""

    days: Annotated[int, Field(ge=1, le=MOST_DAYS_BACK)]
    ends: Ends

    def span(self, now: datetime) -> DateRange:
        """Return its days at a local time of the account."""
        last = _last_day(self.ends, now.date())
        return DateRange(last - timedelta(days=self.days - 1), last)

    def __str__(self) -> str:
        return f"{self.days} {'day' if self.days == 1 else 'days'} to {_ends_told(self.ends)}"


class Hours(Strict):
    """So many clock hours of the account that end with the hour that runs (`now`) or the one before (`last_hour`)."""

    hours: Annotated[int, Field(ge=1, le=MOST_HOURS)]
    ends: Literal["now", "last_hour"]

    def span(self, now: datetime) -> HourRange:
        """Return its hours at a local time of the account."""
        hour = now.replace(minute=0, second=0, microsecond=0, tzinfo=None, fold=0)
        last = hour if self.ends == "now" else hour - timedelta(hours=1)
        return HourRange(last - timedelta(hours=self.hours - 1), last)

    def __str__(self) -> str:
        return f"{self.hours} {'hour' if self.hours == 1 else 'hours'} to {self.ends.replace('_', ' ')}"


class Calendar(_Ending):
    """A calendar week (from Monday) or month: the one that runs, up to `ends`, or the last whole one."""

    calendar: Literal["this_week", "last_week", "this_month", "last_month"]
    ends: Ends | None = None

    @model_validator(mode="after")
    def _says_whether_today_counts(self) -> "Calendar":
        if (self.ends is None) == self.calendar.startswith("this"):
            raise ValueError(
                f'{self.calendar} runs until now: say "ends": "today" or "yesterday"'
                if self.ends is None
                else f"{self.calendar} is over: it has no other end"
            )
        return self

    def span(self, now: datetime) -> DateRange | None:
        """Return its days at a local time of the account; None where none of them is over yet."""
        today = now.date()
        week = self.calendar.endswith("week")
        begins = today - timedelta(days=today.weekday()) if week else today.replace(day=1)
        if self.ends is None:
            last = begins - timedelta(days=1)
            return DateRange(last - timedelta(days=6) if week else last.replace(day=1), last)
        last = _last_day(self.ends, today)
        return DateRange(begins, last) if last >= begins else None

    def __str__(self) -> str:
        ends = "" if self.ends is None else f" to {_ends_told(self.ends)}"
        return f"{self.calendar.replace('_', ' ')}{ends}"


class Lifetime(_Ending):
    """All days since the object was made, as far back as platforms tell."""

    lifetime: Literal[True]
    ends: Ends

    def span(self, now: datetime) -> DateRange:
        """Return its days at a local time of the account."""
        last = _last_day(self.ends, now.date())
        return DateRange(last - timedelta(days=MOST_DAYS_BACK - 1), last)

    def __str__(self) -> str:
        return f"lifetime to {_ends_told(self.ends)}"


def _kind(value: object) -> str:
    kinds = {"hours": Hours, "calendar": Calendar, "lifetime": Lifetime}
    if isinstance(value, dict):
        return next((f"<{name}>" for name in kinds if name in value), "<days>")
    return next((f"<{name}>" for name, form in kinds.items() if isinstance(value, form)), "<days>")


Window = Annotated[
    Annotated[Rolling, Tag("<days>")]
    | Annotated[Hours, Tag("<hours>")]
    | Annotated[Calendar, Tag("<calendar>")]
    | Annotated[Lifetime, Tag("<lifetime>")],
    Discriminator(_kind),
]
WINDOW_FORMS: dict[str, type[Strict]] = {
    "<days>": Rolling,
    "<hours>": Hours,
    "<calendar>": Calendar,
    "<lifetime>": Lifetime,
}
