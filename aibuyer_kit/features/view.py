"""What features look at: a panel, and for each day only the days before it, summed over windows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.windows import Floats, Ints

MICROS_PER_UNIT = 1_000_000
# Of a window at least so much must be known, or the figure of the window is not.
LEAST_KNOWN = 0.5
# A day of which less is known says too little of its own final results.
LEAST_SHARE = 0.2


@dataclass(frozen=True)
class View:
    """The days of a panel and `ahead` days after it, for each of which features may be made.

    The first day after the panel is the moment of a decision: all of the panel lies before it. Of the days behind it
    only that is told which is known in advance. `plan` are planned daily budgets (ahead, objects) in micros; where
    there is none (NaN), what is set last goes on. `country` is whose holidays count.
    """

    panel: DailyPanel
    ahead: int = 1
    country: str | None = None
    plan: Floats | None = None
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.ahead < 0:
            raise InputError(f"ahead is {self.ahead}; it is a number of days after the panel, from 0 on.")
        if self.plan is not None and self.plan.shape != (self.ahead, len(self.panel.objects)):
            raise InputError(
                f"The plan is of {self.plan.shape}; one of {self.ahead} days and {len(self.panel.objects)} objects is."
            )

    @property
    def days(self) -> DateRange:
        return DateRange(self.panel.days.since, self.panel.days.until + timedelta(days=self.ahead))

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.days), len(self.panel.objects)

    def kept(self, key: object, make: Callable[[], Any]) -> Any:
        """Return what `make` gives, made once."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def padded(self, values: Floats) -> Floats:
        """Return values of the panel's days with unknown days behind them."""
        return np.concatenate([values, np.full((self.ahead, *values.shape[1:]), np.nan)])

    def day_values(self, name: str) -> Floats:
        """Return a measure by day, or what is made of one.

        `results.final` and `revenue.final` are what a day will have come to; `results.known` is what is known where it
        is known which share that is, and `share`, `clicks.arrived` and `spend.arrived` are what to divide it by.
        """
        found: Floats = self.kept(("day", name), lambda: self._day_values(name))
        return found

    def _day_values(self, name: str) -> Floats:
        share = self.panel.known_share
        measure, _, made = name.partition(".")
        if name == "share":
            return np.where(np.isnan(self.panel.measure("results")), np.nan, share)
        values = self.panel.measure(measure)
        if made == "final":
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where(share >= LEAST_SHARE, values / share, np.nan)
        if made == "arrived":
            return values * self.day_values("share")
        return np.where(np.isnan(share), np.nan, values) if made == "known" else values

    def before(self, values: Floats, lag: int = 1) -> Floats:
        """Return for each day the value of `lag` days before it; NaN outside of the panel and behind the decision."""
        found = np.full(self.shape, np.nan)
        last = len(self.panel.days) + min(self.ahead, 1)
        found[lag:last] = values[: max(last - lag, 0)]
        return found

    def until_decision(self, values: Floats) -> Floats:
        """Return values of all days without those of days behind the decision: what lies between is not known."""
        found = values.copy()
        found[len(self.panel.days) + 1 :] = np.nan
        return found

    def sums(self, name: str, length: int, lag: int = 0) -> Floats:
        """Return sums over the `length` days that end `lag` + 1 days before each day; NaN where too little is known.

        A day of the window that is not known counts as nothing: divide by a sum over the same days.
        """
        found: Floats = self.kept(("sum", name, length, lag), lambda: self.sums_of(self._running(name), length, lag))
        return found

    def means(self, name: str, length: int, lag: int = 0) -> Floats:
        """Return the same per known day."""
        running = self._running(name)
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.sums(name, length, lag) / _differences(running[1], self._bounds(length, lag))

    def sums_of(self, running: tuple[Floats, Floats], length: int, lag: int = 0) -> Floats:
        bounds = self._bounds(length, lag)
        known = _differences(running[1], bounds)
        return self.until_decision(np.where(known >= length * LEAST_KNOWN, _differences(running[0], bounds), np.nan))

    def _running(self, name: str) -> tuple[Floats, Floats]:
        found: tuple[Floats, Floats] = self.kept(("running", name), lambda: running(self.day_values(name)))
        return found

    def _bounds(self, length: int, lag: int) -> tuple[Ints, Ints]:
        ends = np.arange(self.shape[0]) - lag
        last = len(self.panel.days)
        return np.clip(ends - length, 0, last), np.clip(ends, 0, last)

    def groups(self, of: Callable[[Any], str]) -> tuple[Ints, int]:
        """Return the place of each object's group, and how many groups there are; each without a name is its own."""
        names = [of(each) or f"\0{place}" for place, each in enumerate(self.panel.objects)]
        known, places = np.unique(names, return_inverse=True)
        return places, len(known)

    def grouped(self, values: Floats, of: Callable[[Any], str]) -> Floats:
        """Return for each object the sum over its group; what is not known of one counts as nothing."""
        places, count = self.groups(of)
        sums = np.zeros((len(values), count))
        np.add.at(sums.T, places, np.nan_to_num(values).T)
        return sums[:, places]


def running(values: Floats) -> tuple[Floats, Floats]:
    """Return sums of all days before each and before the end, and how many of them are known."""
    known = ~np.isnan(values)
    sums = np.zeros((len(values) + 1, *values.shape[1:]))
    np.cumsum(np.where(known, values, 0.0), axis=0, out=sums[1:])
    counts = np.zeros(sums.shape)
    np.cumsum(known, axis=0, out=counts[1:])
    return sums, counts


def _differences(running: Floats, bounds: tuple[Ints, Ints]) -> Floats:
    found: Floats = running[bounds[1]] - running[bounds[0]]
    return found


def ratio(above: Floats, below: Floats) -> Floats:
    """Return a ratio, unknown where it has nothing to be of."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / below, np.nan)


def latest(values: Floats, within: int | None = None) -> Floats:
    """Return for each day the last known value up to it, at most `within` days old."""
    places = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, places), axis=0)
    found = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    is_stale = last < 0 if within is None else (last < 0) | (places - last > within)
    return np.where(is_stale, np.nan, found)


def decayed(values: Floats, half_life_days: float) -> Floats:
    """Return for each day what is left of all up to it, when half of it is left after so many days."""
    kept, found = 0.5 ** (1 / half_life_days), np.nan_to_num(values)
    for day in range(1, len(found)):
        found[day] += kept * found[day - 1]
    return found


def as_columns(values: Sequence[float]) -> Floats:
    """Return one value per object as one row, to be repeated for all days."""
    return np.asarray(values, dtype=np.float64)[None, :]
