"""Meta's schedules and ours. Its days begin with Sunday as 0; a start without an end is one half-hour."""

from collections.abc import Mapping
from typing import Any

from aibuyer_kit.rules.meta.carried import NotCarriedError, entries, known, mapping
from aibuyer_kit.rules.schedule import DAYS, Schedule, slots
from aibuyer_kit.rules.strict import minutes_of

_EVERY = {"SEMI_HOURLY": "30m", "HOURLY": "1h", "DAILY": "1d"}
_BY_MINUTES = {minutes_of(every): name for name, every in _EVERY.items()}
_STEP, _DAY = 30, 1440
_SUNDAY_FIRST = (DAYS[-1], *DAYS[:-1])


def schedule_of(spec: object) -> Mapping[str, Any]:
    """Return a `schedule_spec` as ours. Raises NotCarriedError."""
    kind = known(spec, ("schedule_type", "schedule")).get("schedule_type")
    if isinstance(kind, str) and kind in _EVERY:
        return {"every": _EVERY[kind]}
    if kind != "CUSTOM":
        raise NotCarriedError("there is no such schedule.", "other")
    times: dict[str, set[int]] = {day: set() for day in DAYS}
    for entry in entries(mapping(spec).get("schedule")):
        times_of = known(entry, ("start_minute", "end_minute", "days"))
        minutes = _half_hours(times_of)
        for day in _days(times_of.get("days")):
            times[day] |= minutes
    if not any(times.values()):
        raise NotCarriedError("the schedule holds no half-hour.", "other")
    return {"grid": {day: _spans(minutes) for day, minutes in times.items() if minutes}}


def spec_of(schedule: Schedule | None) -> Mapping[str, Any]:
    """Return our schedule as a `schedule_spec`. Raises NotCarriedError."""
    if schedule is None:
        return {"schedule_type": "SEMI_HOURLY"}
    if schedule.grid is not None:
        return {"schedule_type": "CUSTOM", "schedule": _grid_entries(schedule.grid)}
    if schedule.every is None:
        raise NotCarriedError("Meta has no cron.")
    minutes = minutes_of(schedule.every)
    if minutes in _BY_MINUTES:
        return {"schedule_type": _BY_MINUTES[minutes]}
    if minutes < _STEP:
        return {"schedule_type": "SEMI_HOURLY"}
    if minutes % _STEP or minutes > _DAY:
        raise NotCarriedError(f"Meta has no schedule of every {schedule.every}.")
    return {"schedule_type": "CUSTOM", "schedule": [{"start_minute": each} for each in range(0, _DAY, minutes)]}


def is_rarer(schedule: Schedule | None) -> bool:
    """Return whether Meta looks less often than a schedule of ours says."""
    return schedule is None or (schedule.every is not None and minutes_of(schedule.every) < _STEP)


def least_minutes(schedule: Schedule | None) -> int:
    """Return how long there is at least between two looks at an object on Meta's side."""
    return max(_STEP, minutes_of(schedule.every)) if schedule and schedule.every else _STEP


def _half_hours(entry: Mapping[str, Any]) -> set[int]:
    start, end = entry.get("start_minute"), entry.get("end_minute")
    if start is None and end is None and "days" in entry:
        return set(range(0, _DAY, _STEP))
    end = start if end is None else end
    since, until = _minute(start), _minute(end)
    if until < since:
        raise NotCarriedError("a time is not on the half-hour.", "other")
    if since == _DAY:
        raise NotCarriedError("a day here ends before minute 1440.", "other")
    return {since} if until == since else set(range(since, until, _STEP))


def _minute(content: object) -> int:
    if isinstance(content, bool) or not isinstance(content, int) or content % _STEP or not 0 <= content <= _DAY:
        raise NotCarriedError("a time is not on the half-hour.", "other")
    return content


def _days(content: object) -> list[str]:
    if content is None:
        return list(DAYS)
    numbers = entries(content)
    if not numbers or not all(type(each) is int and 0 <= each < len(DAYS) for each in numbers):
        raise NotCarriedError("days are numbers from 0 (Sunday) to 6.", "other")
    return [_SUNDAY_FIRST[each] for each in numbers]


def _spans(minutes: set[int]) -> list[str]:
    """Return half-hours as spans: neighbours together, one alone by its beginning."""
    begins = sorted(each for each in minutes if each - _STEP not in minutes)
    ends = sorted(each + _STEP for each in minutes if each + _STEP not in minutes)
    pairs = zip(begins, ends, strict=True)
    return [_clock(since) if until - since == _STEP else f"{_clock(since)}-{_clock(until)}" for since, until in pairs]


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _grid_entries(grid: Mapping[Any, tuple[str, ...]]) -> list[Mapping[str, Any]]:
    """Return one entry for each span, with the days that have it."""
    found: dict[tuple[int, int], list[int]] = {}
    for number, day in enumerate(_SUNDAY_FIRST):
        for text in grid.get(day, ()):
            found.setdefault(slots(text), []).append(number)
    return [_entry(since, until, days) for (since, until), days in sorted(found.items())]


def _entry(since: int, until: int, days: list[int]) -> Mapping[str, Any]:
    which = {} if len(days) == len(DAYS) else {"days": days}
    if (since, until) == (0, _DAY):
        return {"days": days}
    end = {} if until - since == _STEP else {"end_minute": until}
    return {"start_minute": since, **end, **which}
