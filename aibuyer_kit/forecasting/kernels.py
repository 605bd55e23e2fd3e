"""Recursions over one series, compiled: exponential smoothing with its parameters searched, and smoothed ratios.

Exponential smoothing: Hyndman, Koehler, Ord, Snyder, "Forecasting with Exponential Smoothing" (2008), ETS(A,Ad,A) and
what is in it. Parameters are searched on a grid and around its best point; a season has one value a step.
"""

from typing import Any

import numpy as np

from aibuyer_kit.core.compiled import compiled

_LEVELS = np.array([0.02, 0.05, 0.1, 0.2, 0.35, 0.55, 0.8, 0.99])
_TRENDS = np.array([0.0, 0.03, 0.1, 0.25])
_SEASONS = np.array([0.0, 0.03, 0.1, 0.25])
_DAMPING = np.array([0.98, 0.9, 0.8])


@compiled
def _smooth(y: Any, season: Any, start: float, p: Any, origins: Any, horizon: int, out: Any) -> float:
    """Run through a series, write the forecasts that each origin would have made, and return the mean squared error.

    `p` is level, trend, season, damping; origins ascend.
    """
    steps, period = len(y), len(season)
    level, trend, s = start, 0.0, season.copy()
    squares, counted, k = 0.0, 0, 0
    for i in range(steps + 1):
        while k < len(origins) and origins[k] == i:
            damped, power = 0.0, 1.0
            for j in range(horizon):
                power *= p[3]
                damped += power
                out[k, j] = level + damped * trend + (s[(i + j) % period] if period > 1 else 0.0)
            k += 1
        if i == steps:
            break
        before = level + p[3] * trend
        if np.isnan(y[i]):
            level, trend = before, p[3] * trend
            continue
        seasonal = s[i % period] if period > 1 else 0.0
        error = y[i] - before - seasonal
        if i >= period and i > 3:
            squares += error * error
            counted += 1
        level = before + p[0] * error
        trend = p[3] * trend + p[1] * error
        if period > 1:
            s[i % period] = seasonal + p[2] * error
    return squares / max(counted, 1)


@compiled
def _begin(y: Any, period: int) -> Any:
    """Return the level and the season of the first four seasons, or of the first values."""
    season = np.zeros(period)
    width = min(len(y), period * 4 if period > 1 else 4)
    total, counted = 0.0, 0
    for i in range(width):
        if not np.isnan(y[i]):
            total += y[i]
            counted += 1
    level = total / max(counted, 1)
    if period > 1:
        seen = np.zeros(period)
        for i in range(width):
            if not np.isnan(y[i]):
                season[i % period] += y[i] - level
                seen[i % period] += 1
        for j in range(period):
            if seen[j] > 0:
                season[j] /= seen[j]
    return level, season


@compiled
def _search(y: Any, season: Any, start: float, with_trend: bool) -> Any:
    """Return level, trend, season, damping with the least squared error: the best of a grid, and then nearby."""
    none, nowhere = np.empty(0, np.int64), np.empty((0, 1))
    best, best_p = np.inf, np.zeros(4)
    for level in _LEVELS:
        for b in range(4 if with_trend else 1):
            for d in range(3 if b > 0 else 1):
                for g in range(4 if len(season) > 1 else 1):
                    p = np.array([level, _TRENDS[b] * level, _SEASONS[g] * (1 - level), _DAMPING[d]])
                    error = _smooth(y, season, start, p, none, 1, nowhere)
                    if error < best:
                        best, best_p = error, p
    step = 1.5
    for _ in range(6):
        before = best
        for move in range(8):
            p = _moved(best_p, move // 2, step if move % 2 else 1 / step)
            error = _smooth(y, season, start, p, none, 1, nowhere)
            if error < best - 1e-12:
                best, best_p = error, p
        if best == before:
            step = step**0.5
    return best_p


@compiled
def _moved(p: Any, which: int, factor: float) -> Any:
    """Return parameters with one of them changed, within their bounds; what is 0 stays 0."""
    moved = p.copy()
    if which == 3:
        moved[3] = 1 - min(max((1 - p[3]) * factor, 0.01), 0.3)
    else:
        moved[which] *= factor
    moved[0] = min(moved[0], 0.999)
    moved[1] = min(moved[1], moved[0])
    moved[2] = min(moved[2], 1 - moved[0])
    return moved


@compiled
def smoothed(y: Any, learnt: int, period: int, with_trend: bool, origins: Any, horizon: int) -> Any:
    """Return forecasts (origins, horizon) of one series with parameters searched on its first `learnt` values."""
    out = np.zeros((len(origins), horizon))
    start, season = _begin(y[:learnt], period)
    _smooth(y, season, start, _search(y[:learnt], season, start, with_trend), origins, horizon, out)
    return out


@compiled
def ratio_levels(y: Any, expected: Any, keep: float, prior: float, origins: Any) -> Any:
    """Return at each origin the sum of values over the sum of what was expected, both forgotten by `keep` a step.

    `prior` values of the ratio that holds over the whole past stand in for what is not there yet.
    """
    found = np.zeros(len(origins))
    top, bottom, whole_top, whole_bottom, k = 0.0, 0.0, 0.0, 0.0, 0
    for i in range(len(y) + 1):
        while k < len(origins) and origins[k] == i:
            usual = whole_top / whole_bottom if whole_bottom > 0 else 0.0
            found[k] = (top + prior * usual) / (bottom + prior) if bottom + prior > 0 else 0.0
            k += 1
        if i == len(y):
            break
        if not np.isnan(y[i]) and expected[i] > 0:
            top, bottom = top * keep + y[i], bottom * keep + expected[i]
            whole_top, whole_bottom = whole_top * 0.99 + y[i], whole_bottom * 0.99 + expected[i]
    return found


@compiled
def _row(x: Any, knots: int, at: float, places: Any, weights: Any) -> int:
    """Write which coefficients one time has, with their weights, and return how many: its drivers, and two heights."""
    filled = 0
    for j in range(len(x)):
        if x[j] != 0.0:
            places[filled], weights[filled] = j, x[j]
            filled += 1
    left = min(int(at), max(knots - 2, 0))
    part = at - left if knots > 1 else 0.0
    places[filled], weights[filled] = len(x) + left, 1 - part
    filled += 1
    if knots > 1:
        places[filled], weights[filled] = len(x) + left + 1, part
        filled += 1
    return filled


@compiled
def _equations(y: Any, x: Any, knots: int, b: Any, dispersion: float, a: Any, r: Any) -> float:
    """Add up the normal equations of one round into `a` and `r`, and return the dispersion that is left."""
    times, drivers = x.shape
    places, weights = np.empty(drivers + knots, np.int64), np.empty(drivers + knots)
    span = max(times - 1, 1) / max(knots - 1, 1)
    chi, counted = 0.0, 0.0
    for i in range(times):
        if np.isnan(y[i]):
            continue
        filled = _row(x[i], knots, i / span, places, weights)
        eta = 0.0
        for j in range(filled):
            eta += b[places[j]] * weights[j]
        mu = np.exp(min(max(eta, -12.0), 30.0))
        # A far outlier moves the line no further than four of its own deviations.
        most = 4.0 * np.sqrt(dispersion * mu + 0.05 * mu * mu) + 1e-9
        rest = min(max(y[i] - mu, -most), most)
        chi += rest * rest / max(mu, 1e-9)
        counted += 1.0
        z = eta + rest / max(mu, 1e-9)
        for j in range(filled):
            r[places[j]] += mu * weights[j] * z
            for k in range(filled):
                a[places[j], places[k]] += mu * weights[j] * weights[k]
    return float(max(chi / max(counted - drivers / 2, 1.0), 1e-7))


@compiled
def fit_log_rates(
    y: Any, x: Any, around: Any, precision: Any, knots: int, rough: float, rounds: int, begin: Any
) -> Any:
    """Return coefficients and their variances of a log-linear rate with a level that moves slowly.

    `x` (times, drivers) is sparse; `around` and `precision` are the prior of its coefficients. Behind them stand the
    heights of a broken line of the level at `knots`, whose steps are penalised by `rough`. Quasi-Poisson by iterated
    weighted least squares; a time whose y is NaN is left out.
    """
    drivers = x.shape[1]
    size = drivers + knots
    b, dispersion = begin.copy(), 1.0
    a = np.zeros((size, size))
    for turn in range(rounds):
        a, r = np.zeros((size, size)), np.zeros(size)
        dispersion = _equations(y, x, knots, b, dispersion, a, r)
        for j in range(drivers):
            a[j, j] += precision[j] * dispersion
            r[j] += precision[j] * dispersion * around[j]
        for j in range(drivers, size - 1):
            step = rough * dispersion
            a[j, j] += step
            a[j + 1, j + 1] += step
            a[j, j + 1] -= step
            a[j + 1, j] -= step
        for j in range(size):
            a[j, j] += 1e-6
        b = 0.5 * b + 0.5 * np.linalg.solve(a, r) if turn == 0 else np.linalg.solve(a, r)
    return b, np.diag(np.linalg.inv(a))[:drivers] * dispersion
