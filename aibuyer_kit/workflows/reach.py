"""Reach and frequency, which belong to a window of days: read at the windows that are held, and never added up."""

from typing import Any

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import PeriodError
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader

# What a window tells besides the people themselves; all else is told by day.
WINDOW_METRICS = ("reach", "frequency", "impressions")
_LABEL = ("reach of ", " days")


def needs_window(names: tuple[str, ...]) -> bool:
    """Return whether one of the metrics is told by window."""
    return bool({"reach", "frequency"} & set(names))


def check_window_metrics(names: tuple[str, ...]) -> None:
    """Raise PeriodError if metrics of a window are asked for beside metrics of days."""
    others = [name for name in names if name not in WINDOW_METRICS]
    if others:
        raise PeriodError(
            f"Reach and frequency belong to a whole window of days, {', '.join(others)} to single days."
            f" Ask for {', '.join(WINDOW_METRICS)} on their own."
        )


def read_window(reader: Reader, level: Level, period: DateRange, *, as_of: AsOf | None = None) -> list[dict[str, Any]]:
    """Return one row per object of `level`: what the platform counted for exactly this period.

    Raises PeriodError that names the windows that are held if this is none of them.
    """
    rows = reader.reach(level, len(period), DateRange(period.until, period.until), as_of=as_of).rows()
    if not rows:
        raise PeriodError(f"{_refusal(reader, level, period)} People are not added up over days.")
    return rows


def _refusal(reader: Reader, level: Level, period: DateRange) -> str:
    held = _held_ends(reader, level)
    if not held:
        return f"No reach is held for the level {level}. A sync reads it once a day (setting sync.reach)."
    if len(period) not in held:
        *some, last = (str(days) for days in sorted(held))
        windows = f"{', '.join(some)} or {last}" if some else last
        return f"Reach is held for windows of {windows} days, and {period} has {len(period)}: ask for --days {windows}."
    missing = f"No reach of the {len(period)} days that end on {period.until} is held for the level {level}"
    return f"{missing}; such windows are held that end on {held[len(period)]}."


def _held_ends(reader: Reader, level: Level) -> dict[int, DateRange]:
    """Return the first and the last day on which a window of each length ends."""
    found: dict[int, DateRange] = {}
    for load in reader.loads(_LABEL[0]).rows():
        name: str = load["facts"]
        if load["level"] == str(level) and load["since"]:
            days = int(name.removeprefix(_LABEL[0]).removesuffix(_LABEL[1]))
            known = found.get(days, DateRange(load["since"], load["until"]))
            found[days] = DateRange(min(known.since, load["since"]), max(known.until, load["until"]))
    return found
