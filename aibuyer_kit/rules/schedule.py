"""When a rule is looked at: every so often, at half-hours of a weekly grid, by cron, or when something happens."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from aibuyer_kit.rules.strict import Duration, Strict, minutes_of

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
SLOT_MINUTES = 15
_GRID_MINUTES = 30
_DAY_MINUTES = 1440


def _minute(text: str) -> int:
    """Return the minute of the day of a half-hour, such as 09:30."""
    hours, _, minutes = text.partition(":")
    if len(text) != 5 or not (hours + minutes).isdigit() or minutes not in ("00", "30") or not 0 <= int(hours) <= 24:
        raise ValueError(f"{text!r} is not a half-hour, such as 09:00 or 17:30")
    found = int(hours) * 60 + int(minutes)
    if found > _DAY_MINUTES:
        raise ValueError(f"{text!r} lies after the end of the day")
    return found


def slots(text: str) -> tuple[int, int]:
    """Return the minutes of the day from which and before which `09:00-18:00` holds. Raises ValueError."""
    since, dash, until = text.partition("-")
    first, end = _minute(since), _minute(until) if dash else _minute(since) + _GRID_MINUTES
    if end <= first:
        raise ValueError(f"{text!r} ends before it begins")
    return first, end


class Schedule(Strict):
    """One of: `every` (from 15m), `cron` (five fields), `grid` (half-hours by weekday), `on` (an event).

    Times are those of the account.
    """

    every: Duration | None = None
    cron: Annotated[str, Field(max_length=100)] | None = None
    grid: Annotated[Mapping[Day, tuple[Annotated[str, Field(max_length=11)], ...]], Field(strict=False)] | None = None
    on: Literal["event"] | None = None

    @field_validator("grid", mode="before")
    @classmethod
    def _as_tuples(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {day: tuple(spans) if isinstance(spans, list) else spans for day, spans in value.items()}

    @model_validator(mode="after")
    def _is_one_way(self) -> "Schedule":
        ways = [name for name in ("every", "cron", "grid", "on") if getattr(self, name) is not None]
        if len(ways) != 1:
            raise ValueError("say one of every, cron, grid or on")
        if self.every and (minutes_of(self.every) < SLOT_MINUTES or minutes_of(self.every) % SLOT_MINUTES):
            raise ValueError("every is a multiple of 15 minutes, such as 15m, 1h or 1d")
        if self.cron is not None:
            _check_cron(self.cron)
        if self.grid is not None:
            if not any(self.grid.values()):
                raise ValueError("the grid holds no half-hour")
            for spans in self.grid.values():
                for text in spans:
                    slots(text)
        return self

    def slot(self, now: datetime) -> str | None:
        """Return the name of the appointment that a local time of the account falls into; None outside of all.

        Two times with the same name are one appointment: what was looked at in it is not looked at again. One that was
        missed is not made up for, though a run may come late: one of a grid or by cron holds for half an hour. An hour
        that a clock change repeats is two; a time of cron that it leaves out is met when it would have been.
        """
        if self.on is not None:
            return None
        if self.cron is not None:
            last = _last_cron(self.cron, now)
            passed = now.astimezone(UTC) - last.replace(tzinfo=now.tzinfo).astimezone(UTC)
            held = passed < timedelta(minutes=_GRID_MINUTES)
            return f"cron {last:%Y-%m-%d %H:%M}" if held else None
        minute = now.hour * 60 + now.minute
        if self.grid is not None:
            for text in self.grid.get(DAYS[now.weekday()], ()):
                first, end = slots(text)
                if first <= minute < end:
                    return f"grid {now:%Y-%m-%d} {minute // _GRID_MINUTES} {now.fold}"
            return None
        every = minutes_of(self.every or "1d")
        if every < _DAY_MINUTES:
            return f"every {now:%Y-%m-%d} {minute // every} {now.fold}"
        return f"every {(now.date().toordinal() * _DAY_MINUTES) // every}"


class Limits(Strict):
    """What a rule may do in one day of the account: changes over all of its objects, and runs that change anything."""

    changes_per_day: Annotated[int, Field(ge=1, le=10_000)] = 20
    runs_per_day: Annotated[int, Field(ge=1, le=96)] = 3


def _check_cron(text: str) -> None:
    from croniter import CroniterBadDateError, croniter

    if len(text.split()) != 5 or not croniter.is_valid(text):
        raise ValueError(f"{text!r} is not a cron expression of five fields, such as '0 9 * * 1-5'")
    try:
        _last_cron(text, datetime(2028, 12, 31, 23, 59))  # noqa: DTZ001 - a local time after a leap day
    except CroniterBadDateError:
        raise ValueError(f"{text!r} names a day that never comes") from None


def _last_cron(text: str, now: datetime) -> datetime:
    """Return the newest local time at or before `now` that the expression names."""
    from croniter import croniter

    found: datetime = croniter(text, now.replace(tzinfo=None) + timedelta(minutes=1)).get_prev(datetime)
    return found
