"""A trend that bends, the year, the week and known days, fitted to years of a series; what it is off by of late fades.

The regression that Prophet is (Taylor, Letham, "Forecasting at Scale", 2018), solved directly: hinges of the trend
whose bends are penalised in sum (as by a Laplace prior, here by reweighted least squares), waves of the year, the
season. It costs a hundredth of Prophet, so that it is fitted anew at every origin. A regression forgets where a series
stands; members differ in how they carry on what it was off by of late.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aibuyer_kit.features.windows import Bools, Floats, Ints
from aibuyer_kit.forecasting.model import Paths
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet

_YEAR_DAYS = 365.25
# Without so many years of it, a year cannot be told from a trend.
_LEAST_YEARS = 1.8
_HINGES = 24
# A year of few years is told coarsely.
_MOST_WAVES, _WAVES_A_YEAR = 10, 2
# No bend in the last tenth of the past: it would be told from too little.
_BEND_UNTIL = 0.9
# The first solution of a series takes so many rounds; an origin goes on from the bends of the one before it.
_FIRST_ROUNDS, _MORE_ROUNDS = 4, 1
# Prior deviations of coefficients, as shares of the deviation of the series.
_PRIOR = {"level": 1_000.0, "slope": 5.0, "bend": 0.5, "year": 1.0, "season": 1.0, "flag": 1.0}
_BEND_SCALE = 0.15
_LATE_STEPS = 200


@dataclass(frozen=True)
class Structure:
    """One member for each way to carry on the late error: (half-life of its average, half-life ahead), in steps.

    Tells nothing of series with budgets, which forecasting/drivers.py is for, or shorter than two years.
    """

    carries: Sequence[tuple[float, float] | None] = (None, (6.6, 34.0), (2.0, 14.0))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple("structure" if each is None else f"structure, {each[0]:.0f}" for each in self.carries)

    def paths(self, series: SeriesSet, origins: Ints, horizon: int) -> Paths:
        here = np.asarray(origins, dtype=np.int64)
        found = np.full((len(self.carries), len(here), horizon, series.count), np.nan)
        if BUDGET not in series.known:
            least = _LEAST_YEARS * _YEAR_DAYS / series.step_days
            shared, kinds = _columns(series, int(here[0]), int(here[-1]) + horizon)
            for place in np.flatnonzero(here[0] - series.firsts() >= least).tolist():
                x = _with_flags(shared, series, place)
                found[:, :, :, place] = self._of_one(series.values[:, place], x, kinds, here, horizon)
        found = np.maximum(found, 0.0) if series.nonnegative else found
        return dict(zip(self.names, found, strict=True))

    def _of_one(self, values: Floats, x: Floats, kinds: Sequence[str], here: Ints, horizon: int) -> Floats:
        """Return what is expected (carries, origins, steps) of one series, on logarithms where all is above zero."""
        seen, first = values[: here[-1]], values[: here[0]]
        least = float(np.nanmin(first, initial=np.inf))
        on_logs = least > 0
        y = np.log(np.maximum(seen, least / 2)) if on_logs else seen
        found = np.empty((len(self.carries), len(here), horizon))
        for row, (origin, told) in enumerate(zip(here.tolist(), _regressions(y, x, kinds, here), strict=True)):
            line = x[: origin + horizon] @ told
            rest = (y[:origin] - line[:origin])[-_LATE_STEPS:]
            for at, carry in enumerate(self.carries):
                found[at, row] = line[origin:] + _carried(rest, carry, horizon)
        return np.exp(np.clip(found, -50, 50)) if on_logs else found


def _columns(series: SeriesSet, learnt: int, times: int) -> tuple[Floats, list[str]]:
    """Return what all series share, (times, columns), and of which kind each column and a flag behind it is."""
    at = np.arange(times, dtype=np.float64)
    columns, kinds = [np.ones(times), at / learnt], ["level", "slope"]
    for hinge in np.arange(1, times * _HINGES // learnt) / _HINGES * learnt:
        columns.append(np.maximum(at - hinge, 0.0) / learnt)
        kinds.append("bend")
    years = learnt * series.step_days / _YEAR_DAYS
    waves = min(_MOST_WAVES, round(_WAVES_A_YEAR * years), int(_YEAR_DAYS / series.step_days / 4))
    for wave in range(1, waves + 1):
        angle = 2 * np.pi * wave * at * series.step_days / _YEAR_DAYS
        columns += [np.sin(angle), np.cos(angle)]
        kinds += ["year", "year"]
    if series.step_days == 1:
        weekday = series.calendar(times)
        for day in range(6):
            columns.append((weekday == day).astype(np.float64) - (weekday == 6))
            kinds.append("season")
    kinds += ["flag"] * sum(len(values) >= times for values in series.known.values())
    return np.stack(columns, axis=1), kinds


def _with_flags(shared: Floats, series: SeriesSet, place: int) -> Floats:
    flags = [values[: len(shared), place] for values in series.known.values() if len(values) >= len(shared)]
    largest = [float(np.abs(each).max()) or 1.0 for each in flags]
    return np.column_stack([shared, *(each / most for each, most in zip(flags, largest, strict=True))])


def _regressions(y: Floats, x: Floats, kinds: Sequence[str], here: Ints) -> list[Floats]:
    """Return the coefficients that the past of each origin tells; sums are carried on from origin to origin."""
    kind = np.array(kinds)
    bends: Bools = kind == "bend"
    hinges = np.where(bends, (x > 0).argmax(axis=0), 0)
    deviation = np.array([_PRIOR[each] for each in kinds])
    gram, reach = np.zeros((x.shape[1], x.shape[1])), np.zeros(x.shape[1])
    found, before, told = [], 0, None
    for origin in here.tolist():
        known = before + np.flatnonzero(np.isfinite(y[before:origin]))
        gram += x[known].T @ x[known]
        reach += x[known].T @ y[known]
        before = origin
        seen = y[:origin][np.isfinite(y[:origin])]
        size = float(seen.std()) or 1.0
        able = ~bends | (hinges <= _BEND_UNTIL * origin)
        told = _solved(_Sums(gram, reach, float(seen @ seen), len(seen)), able, bends, deviation * size, size, told)
        found.append(told)
    return found


@dataclass(frozen=True)
class _Sums:
    """What a past adds up to: products of columns, of columns and values, of values; and how many there are."""

    gram: Floats
    reach: Floats
    squares: float
    count: int


def _solved(sums: _Sums, able: Bools, bends: Bools, deviation: Floats, size: float, last: Floats | None) -> Floats:
    """Return the coefficients with the least penalised squares; those that are not `able` are nothing."""
    from scipy.linalg.lapack import dposv

    a, r, bend = sums.gram[np.ix_(able, able)], sums.reach[able], bends[able]
    precision, noise = 1 / deviation[able] ** 2, (0.5 * size) ** 2
    told = np.zeros(len(r)) if last is None else last[able]
    for turn in range(_FIRST_ROUNDS if last is None else _MORE_ROUNDS + 1):
        if turn or last is not None:
            noise = max((sums.squares + float(told @ (a @ told - 2 * r))) / sums.count, (1e-3 * size) ** 2)
            precision[bend] = 1 / (np.maximum(np.abs(told[bend]), 1e-3 * size) * _BEND_SCALE * size)
        left = a / noise
        left[np.diag_indices_from(left)] += precision
        _, told, _ = dposv(left, r / noise, overwrite_a=True)
    found = np.zeros(len(able))
    found[able] = told
    return found


def _carried(rest: Floats, carry: tuple[float, float] | None, horizon: int) -> Floats:
    """Return what is added to each step ahead for what the regression was off by of late."""
    if carry is None:
        return np.zeros(horizon)
    known = np.isfinite(rest)
    back = np.arange(len(rest))[::-1]
    weight = np.where(known, 0.5 ** (back / carry[0]), 0.0)
    # What stands before the first of them is 0: the regression is right as long as nothing else was seen.
    late = float((weight * np.nan_to_num(rest)).sum() * (1 - 0.5 ** (1 / carry[0])))
    found: Floats = late * 0.5 ** (np.arange(1, horizon + 1) / carry[1])
    return found
