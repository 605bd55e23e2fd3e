"""The floor under every table, and cheap members: seasonal naive, window means, exponential smoothing, Theta."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.forecasting.model import Paths
from aibuyer_kit.forecasting.series import SeriesSet

# A season is learnt where it has been seen so many times.
SEASONS_SEEN = 2.5


@dataclass(frozen=True)
class SeasonalNaive:
    """The last season again; where it is not known, the last value that is."""

    name: str = "seasonal naive"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def paths(self, series: SeriesSet, origins: Ints, horizon: int) -> Paths:
        period = series.season
        found = np.empty((len(origins), horizon, series.count))
        for row, origin in enumerate(origins):
            past = _filled(series.values[:origin])
            if origin >= period:
                found[row] = past[origin - period + np.arange(horizon) % period]
            else:
                found[row] = past[-1]
        return {self.name: found}


@dataclass(frozen=True)
class WindowMean:
    """The mean of the last `steps`, shaped by the season of the last four of it, for days."""

    steps: int = 28
    name: str = "window mean"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def paths(self, series: SeriesSet, origins: Ints, horizon: int) -> Paths:
        found = np.empty((len(origins), horizon, series.count))
        weekday = series.calendar(series.times + horizon)
        for row, origin in enumerate(origins):
            past = series.values[max(0, origin - self.steps) : origin]
            level = _mean(past)
            found[row] = level
            if series.step_days == 1 and origin >= 14:
                long = series.values[max(0, origin - 56) : origin]
                days = weekday[max(0, origin - 56) : origin]
                usual = _mean(long)
                shares = np.stack(
                    [(np.nansum(long[days == d], axis=0) + 0.5 * usual) / ((days == d).sum() + 0.5) for d in range(7)]
                ) / np.where(usual > 0, usual, 1.0)
                found[row] = level * shares[weekday[origin : origin + horizon]]
        return {self.name: found}


@dataclass(frozen=True)
class Smoothing:
    """Exponential smoothing, each series with its own parameters; on logarithms where all is above zero.

    `seasonal` has a value a step of the season where the season was seen often enough, and is without one otherwise.
    """

    seasonal: bool = True
    trend: bool = True
    name: str = "exponential smoothing"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def paths(self, series: SeriesSet, origins: Ints, horizon: int) -> Paths:
        from aibuyer_kit.forecasting.kernels import smoothed

        def of_one(y: Floats, here: Ints) -> Floats:
            seen = self.seasonal and here[0] >= SEASONS_SEEN * series.season
            found: Floats = smoothed(y, int(here[0]), series.season if seen else 1, self.trend, here, horizon)
            return found

        return {self.name: each_series(series, origins, horizon, of_one)}


@dataclass(frozen=True)
class Theta:
    """Simple smoothing of what is left without the season, with half of the slope of the whole past as drift.

    Assimakopoulos, Nikolopoulos, "The theta model" (International Journal of Forecasting 16, 2000), as Hyndman and
    Billah (2003) have shown what it comes to.
    """

    name: str = "Theta"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def paths(self, series: SeriesSet, origins: Ints, horizon: int) -> Paths:
        from aibuyer_kit.forecasting.kernels import smoothed

        ahead = np.arange(1, horizon + 1)

        def of_one(y: Floats, here: Ints) -> Floats:
            learnt = int(here[0])
            shape = _season(y[:learnt], series.season)
            flat = y - shape[np.arange(len(y)) % series.season]
            found: Floats = smoothed(flat, learnt, 1, False, here, horizon)
            for row, origin in enumerate(here):
                found[row] += _slope(flat[:origin]) / 2 * ahead + shape[(origin + ahead - 1) % series.season]
            return found

        return {self.name: each_series(series, origins, horizon, of_one)}


def each_series(series: SeriesSet, origins: Ints, horizon: int, of_one: Callable[[Floats, Ints], Floats]) -> Floats:
    """Return the forecasts of a recursion, begun where each series begins, on logarithms where all is above zero.

    What begins after the earliest origin can be told from none.
    """
    found = np.full((len(origins), horizon, series.count), np.nan)
    firsts, here = series.firsts(), np.asarray(origins, dtype=np.int64)
    for place in range(series.count):
        # The season keeps its place in the calendar.
        begun = int(firsts[place]) // series.season * series.season
        y = np.ascontiguousarray(series.values[begun : int(here[-1]), place])
        learnt = y[: max(0, int(here[0]) - begun)]
        if not np.isfinite(learnt).any():
            continue
        on_logs = bool(np.nanmin(learnt) > 0 and np.nanmin(y) > 0)
        paths = of_one(np.log(y) if on_logs else y, here - begun)
        found[:, :, place] = np.exp(np.clip(paths, -50, 50)) if on_logs else paths
    return np.maximum(found, 0.0) if series.nonnegative else found


def _season(y: Floats, period: int) -> Floats:
    """Return what each step of the season is above the mean; nothing where the season was not seen often enough."""
    shape = np.zeros(period)
    if len(y) < SEASONS_SEEN * period or period == 1:
        return shape
    known = np.isfinite(y)
    around = y - y[known].mean() - _slope(y) * (np.arange(len(y)) - np.flatnonzero(known).mean())
    sums, counted = np.zeros(period), np.zeros(period)
    np.add.at(sums, np.arange(len(y))[known] % period, around[known])
    np.add.at(counted, np.arange(len(y))[known] % period, 1)
    return sums / np.maximum(counted, 1)


def _slope(y: Floats) -> float:
    known = np.isfinite(y)
    if known.sum() < 3:
        return 0.0
    at = np.arange(len(y), dtype=np.float64)[known]
    at -= at.mean()
    return float((at * y[known]).sum() / (at * at).sum())


def _filled(past: Floats) -> Floats:
    """Return the past with the last known value where one is missing; 0 before the first."""
    known = np.isfinite(past)
    last = np.maximum.accumulate(np.where(known, np.arange(len(past))[:, None], -1), axis=0)
    found = np.take_along_axis(past, np.maximum(last, 0), axis=0)
    return np.where(last >= 0, found, 0.0)


def _mean(past: Floats) -> Floats:
    known = np.isfinite(past).sum(axis=0)
    return np.where(known > 0, np.nansum(past, axis=0) / np.maximum(known, 1), np.nan)
