"""Recursions over one series, compiled: exponential smoothing with its parameters searched, and smoothed ratios.

Exponential smoothing: Hyndman, Koehler, Ord, Snyder, "Forecasting with Exponential Smoothing" (2008), ETS(A,Ad,A) and
what is in it. Parameters are searched on a grid and around its best point; a season has one value a step.
"""

from typing import Any

import numpy as np
from numba import njit

_LEVELS = np.array([0.02, 0.05, 0.1, 0.2, 0.35, 0.55, 0.8, 0.99])
_TRENDS = np.array([0.0, 0.03, 0.1, 0.25])
_SEASONS = np.array([0.0, 0.03, 0.1, 0.25])
_DAMPING = np.array([0.98, 0.9, 0.8])


@njit(cache=True)  # type: ignore[misc]
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


@njit(cache=True)  # type: ignore[misc]
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


@njit(cache=True)  # type: ignore[misc]
def _search(y: Any, season: Any, start: float, with_trend: bool) -> Any:
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
        better = False
        for which in range(4):
            if (which in (1, 3) and best_p[1] == 0) or (which == 2 and best_p[2] == 0):
                continue
            for factor in (step, 1 / step):
                p = best_p.copy()
                if which == 3:
                    p[3] = 1 - min(max((1 - p[3]) * factor, 0.01), 0.3)
                else:
                    p[which] *= factor
                p[0] = min(p[0], 0.999)
                p[1] = min(p[1], p[0])
                p[2] = min(p[2], 1 - p[0])
                error = _smooth(y, season, start, p, none, 1, nowhere)
                if error < best - 1e-12:
                    best, best_p, better = error, p, True
        if not better:
            step = step**0.5
    return best_p


@njit(cache=True)  # type: ignore[misc]
def smoothed(y: Any, learnt: int, period: int, with_trend: bool, origins: Any, horizon: int) -> Any:
    """Return forecasts (origins, horizon) of one series with parameters searched on its first `learnt` values."""
    out = np.zeros((len(origins), horizon))
    start, season = _begin(y[:learnt], period)
    _smooth(y, season, start, _search(y[:learnt], season, start, with_trend), origins, horizon, out)
    return out


@njit(cache=True)  # type: ignore[misc]
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


@njit(cache=True)  # type: ignore[misc]
def fit_log_rates(y: Any, x: Any, around: Any, precision: Any, knots: int, rough: float, rounds: int, begin: Any) -> Any:
    """Return coefficients, their variances and the dispersion of a log-linear rate with a level that moves slowly.

    `x` (times, drivers) is sparse; `around` and `precision` are the prior of its coefficients. Behind them stand `knots`
    heights of a broken line of the level, whose steps are penalised by `rough`. Quasi-Poisson by iterated weighted
    least squares; a time whose y is NaN is left out.
    """
    times, drivers = x.shape
    size = drivers + knots
    b = begin.copy()
    dispersion = 1.0
    inverse = np.zeros((size, size))
    places, weights = np.empty(size, np.int64), np.empty(size)
    span = max(times - 1, 1) / max(knots - 1, 1)
    for turn in range(rounds):
        a, r = np.zeros((size, size)), np.zeros(size)
        chi, counted = 0.0, 0.0
        for i in range(times):
            if np.isnan(y[i]):
                continue
            filled = 0
            for j in range(drivers):
                if x[i, j] != 0.0:
                    places[filled], weights[filled] = j, x[i, j]
                    filled += 1
            left = min(int(i / span), max(knots - 2, 0))
            part = i / span - left
            places[filled], weights[filled] = drivers + left, (1 - part if knots > 1 else 1.0)
            filled += 1
            if knots > 1:
                places[filled], weights[filled] = drivers + left + 1, part
                filled += 1
            eta = 0.0
            for j in range(filled):
                eta += b[places[j]] * weights[j]
            mu = np.exp(min(max(eta, -12.0), 30.0))
            # A far outlier moves the line no further than four of its own deviations.
            rest = y[i] - mu
            most = 4.0 * np.sqrt(dispersion * mu + 0.05 * mu * mu) + 1e-9
            rest = min(max(rest, -most), most)
            chi += rest * rest / max(mu, 1e-9)
            counted += 1.0
            z = eta + rest / max(mu, 1e-9)
            for j in range(filled):
                wj = mu * weights[j]
                r[places[j]] += wj * z
                for k in range(j + 1):
                    a[places[j], places[k]] += wj * weights[k]
        for j in range(size):
            for k in range(j):
                both = a[j, k] + a[k, j]
                a[j, k] = both
                a[k, j] = both
        dispersion = max(chi / max(counted - drivers / 2, 1.0), 1e-7)
        for j in range(drivers):
            a[j, j] += precision[j] * dispersion
            r[j] += precision[j] * dispersion * around[j]
        for j in range(knots - 1):
            step = rough * dispersion
            a[drivers + j, drivers + j] += step
            a[drivers + j + 1, drivers + j + 1] += step
            a[drivers + j, drivers + j + 1] -= step
            a[drivers + j + 1, drivers + j] -= step
        for j in range(size):
            a[j, j] += 1e-6
        b = 0.5 * b + 0.5 * np.linalg.solve(a, r) if turn == 0 else np.linalg.solve(a, r)
        if turn == rounds - 1:
            inverse = np.linalg.inv(a)
    return b, np.diag(inverse)[:drivers] * dispersion, dispersion
