"""What drives a series, as factors: weekday, year, promotions and holidays, and the planned spend.

A log-linear rate with a level that moves slowly is fitted to each series (quasi-Poisson, so that counts with many zeros
and large amounts are the same to it). Factors are pooled: what all series have in common is the prior of each one
(empirical Bayes), so that a short or sparse series borrows what it cannot tell. The level of the day is then the ratio
of what came to what the factors say, forgotten by half in `half_lives`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aibuyer_kit.features.windows import Bools, Floats, Ints
from aibuyer_kit.forecasting.model import Paths
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet, scales

_YEAR_DAYS = 365.25
# What a factor of one deviates by from 1, before anything is seen.
_USUAL = {"weekday": 0.4, "year": 0.15, "flag": 0.5, "budget": 0.25}
_ELASTICITY = 0.8
_KNOT_STEPS = 42
# A level may move by so much, as a share, from knot to knot.
_ROUGHNESS = 0.2**-2


@dataclass(frozen=True)
class Factors:
    """The drivers of all series: `x` (times, series, drivers), prior mean and deviation, and who is paused when.

    `usual` is the budget of each series against which others count.
    """

    x: Floats
    kinds: tuple[str, ...]
    paused: Bools
    usual: Floats | float = 1.0

    @property
    def prior_mean(self) -> Floats:
        return np.array([_ELASTICITY if kind == "budget" else 0.0 for kind in self.kinds])

    @property
    def prior_sd(self) -> Floats:
        return np.array([_USUAL[kind] for kind in self.kinds])


@dataclass(frozen=True)
class Drivers:
    """Factors times a level, one member for each half-life of the level, in steps."""

    half_lives: Sequence[int] = (4, 14, 45)
    # Also of budgets that never moved, by what is usual of them.
    knows_budgets: ClassVar[bool] = True

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"drivers, {half_life}" for half_life in self.half_lives)

    def paths(self, series: SeriesSet, origins: Ints, horizon: int) -> Paths:
        from aibuyer_kit.forecasting.kernels import ratio_levels

        learnt = int(origins[0])
        factors, coefficients = learnt_factors(series, learnt, int(origins[-1]) + horizon)
        expected = expected_by(factors, coefficients)
        still = idle_share(series.values[:learnt], factors.paused[:learnt])
        scale = scales(series.values[:learnt])
        known = np.where(factors.paused[: origins[-1]], np.nan, series.values[: origins[-1]]) / scale
        here = np.asarray(origins, dtype=np.int64)
        ahead = []
        for origin in here:
            then = (
                factors_of(series.seen_from(int(origin)), learnt, int(origin) + horizon) if series.assumed else factors
            )
            comes = expected_by(then, coefficients) * np.where(then.paused, still, 1.0)
            ahead.append(comes[origin : origin + horizon])
        found = {}
        for half_life in self.half_lives:
            path = np.empty((len(here), horizon, series.count))
            for place in range(series.count):
                level = ratio_levels(known[: here[-1], place], expected[:, place], 0.5 ** (1 / half_life), 0.5, here)
                for row in range(len(here)):
                    path[row, :, place] = level[row] * ahead[row][:, place]
            found[f"drivers, {half_life}"] = path * scale
        return found


def learnt_factors(series: SeriesSet, learnt: int, times: int) -> tuple[Factors, Floats]:
    """Return the drivers of all times up to `times`, and what the first `learnt` tell of each; worked out once."""
    key = ("factors", learnt, times)
    if key not in series.memo:
        factors = factors_of(series, learnt, times)
        series.memo[key] = (factors, fitted(series.values[:learnt], factors))
    found: tuple[Factors, Floats] = series.memo[key]
    return found


def factors_of(series: SeriesSet, learnt: int, times: int) -> Factors:
    """Return the drivers of all times up to `times`, the covariates of the future among them; `learnt` are the past."""
    columns: list[Floats] = []
    kinds: list[str] = []
    shape = (times, series.count)

    def add(column: Floats, kind: str) -> None:
        columns.append(np.broadcast_to(column[:, None] if column.ndim == 1 else column, shape))
        kinds.append(kind)

    weekday = series.calendar(times)
    if series.step_days == 1:
        # Against Sunday, so that all seven come to nothing and the level is told apart from them.
        for day in range(6):
            add((weekday == day).astype(np.float64) - (weekday == 6), "weekday")
    if learnt * series.step_days >= 0.8 * _YEAR_DAYS:
        angle = 2 * np.pi * np.arange(times) * series.step_days / _YEAR_DAYS
        for wave in range(1, 6 if series.step_days > 1 else 3):
            add(np.sin(wave * angle), "year")
            add(np.cos(wave * angle), "year")
    paused, usual = np.zeros(shape, dtype=np.bool_), np.ones(series.count)
    for name, values in series.known.items():
        if len(values) < times:
            continue
        if name == BUDGET:
            paused = values[:times] <= 0
            amount = np.where(paused, np.nan, values[:times])
            paid = amount[:learnt]
            usual = np.nanmedian(np.where(np.isfinite(paid).any(axis=0), paid, 1.0), axis=0)
            add(np.nan_to_num(np.log(amount / usual)), "budget")
        else:
            largest = np.abs(values).max()
            add(values[:times] / (largest or 1.0), "flag")
    x = np.stack(columns, axis=2) if columns else np.zeros((*shape, 0))
    return Factors(np.ascontiguousarray(x), tuple(kinds), paused, usual)


def expected_by(factors: Factors, coefficients: Floats) -> Floats:
    """Return by which factor (times, series) each time differs from a usual one, as the coefficients tell."""
    found: Floats = np.exp(np.clip(np.einsum("tsp,sp->ts", factors.x, coefficients), -8, 8))
    return found


def fitted(past: Floats, factors: Factors) -> Floats:
    """Return the coefficients (series, drivers) that the past tells, each series' shrunk to what all have in common."""
    from aibuyer_kit.forecasting.kernels import fit_log_rates

    times, count = past.shape
    size = len(factors.kinds)
    scale = scales(past)
    y = np.where(factors.paused[:times], np.nan, past) / scale
    begun = _begun(past)
    mean, sd = factors.prior_mean, factors.prior_sd
    first = np.tile(mean, (count, 1))
    variance = np.tile(sd**2, (count, 1))
    states: list[Floats | None] = [None] * count
    around, precision = mean, 1 / sd**2
    for rounds in (5, 3):
        for place in range(count):
            since = int(begun[place])
            length = times - since
            if length < 14 or not np.nansum(y[since:, place]):
                first[place], variance[place] = around, 1 / precision
                continue
            knots = max(1, length // _KNOT_STEPS)
            state = states[place]
            if state is None:
                state = np.concatenate([around, np.zeros(knots)])
            b, spread = fit_log_rates(
                np.ascontiguousarray(y[since:, place]), np.ascontiguousarray(factors.x[since:times, place]),
                around, precision, knots, _ROUGHNESS, rounds, state,
            )  # fmt: skip
            if np.isfinite(b).all():
                states[place], first[place], variance[place] = b, b[:size], np.maximum(spread, 1e-8)
        if count >= 4:
            around, precision = _common(first, variance, mean, sd)
    return np.clip(first, -3, 3)


def _common(found: Floats, variance: Floats, mean: Floats, sd: Floats) -> tuple[Floats, Floats]:
    """Return the mean of each factor over all series, and the precision of one series around it (DerSimonian-Laird).

    The first fit was shrunk to the prior already; that is taken out again.
    """
    own = 1 / np.maximum(1 / variance - 1 / sd**2, 1e-3)
    unshrunk = mean + (found - mean) * own / variance.clip(1e-8)
    weight = 1 / (own + 0.25 * sd**2)
    centre = (weight * unshrunk).sum(axis=0) / weight.sum(axis=0)
    between = (weight * ((unshrunk - centre) ** 2 - own)).sum(axis=0) / weight.sum(axis=0)
    spread = np.clip(between, (0.02) ** 2, sd**2)
    return centre, 1 / spread


def _begun(past: Floats) -> Ints:
    seen = np.nan_to_num(past) != 0
    return np.where(seen.any(axis=0), seen.argmax(axis=0), len(past)).astype(np.int64)


def idle_share(past: Floats, paused: Bools) -> float:
    """Return what still comes on days without a budget, as a share of what comes otherwise; of all series together."""
    off, on = paused & np.isfinite(past), ~paused & np.isfinite(past)
    if off.sum() < 5:
        return 0.0
    if not past[on].sum():
        return float(past[off].sum() != 0)
    return float(np.clip(past[off].mean() / max(past[on].mean(), 1e-12), 0.0, 1.0))
