"""One LightGBM for all series and all steps ahead: what comes as a multiple of what came of late.

Each row is a series, a moment and a step ahead, drawn by a fixed seed from what lies before the earliest origin. It
sees lags 1, 7, 14, 28, window means, the weekday, what is known of the day that is forecast (its planned spend against
that of late, its promotions and holidays), and how far the drivers of forecasting/drivers.py expect that day to differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from aibuyer_kit.features.contributions import Contributions, contributions
from aibuyer_kit.features.windows import Bools, Floats, Ints
from aibuyer_kit.forecasting.drivers import expected_by, learnt_factors
from aibuyer_kit.forecasting.model import Paths
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet

if TYPE_CHECKING:
    import lightgbm

_WINDOWS = (7, 14, 28, 56)
_LAGS = (1, 7, 14, 28)
_PARAMETERS: dict[str, Any] = {
    "num_leaves": 12,
    "learning_rate": 0.08,
    "min_data_in_leaf": 80,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "num_threads": 1,  # the default spins on a busy machine
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
    "seed": 7,
}
_OBJECTIVES: tuple[dict[str, Any], ...] = ({"objective": "poisson"}, {"objective": "quantile", "alpha": 0.5})


@dataclass(frozen=True)
class Boosted:
    """Pooled LightGBM, direct, of the mean and of the median, which differ where a few days bring most.

    `rows` at most are learnt from, `rows_a_series` of each series, but at least `least_rows`.
    """

    rows: int = 10_000
    rows_a_series: int = 140
    least_rows: int = 2_500
    trees: int = 60
    name: str = "pooled LightGBM"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, f"{self.name}, median")

    def paths(self, series: SeriesSet, origins: Ints, horizon: int) -> Paths:
        here = np.asarray(origins, dtype=np.int64)
        found = {name: np.full((len(here), horizon, series.count), np.nan) for name in self.names}
        learnt = int(here[0])
        trained = self._trained(series, learnt, int(here[-1]) + horizon, horizon)
        if trained is None:
            return found
        features, boosters = trained
        steps, whose = _ahead(horizon, series.count)
        ahead_rows = [features.rows(np.full(len(steps), origin), whose, steps) for origin in here]
        begun = np.isfinite(series.values[:learnt]).any(axis=0)
        for name, booster in boosters.items():
            for row, origin in enumerate(here):
                at = np.full(len(steps), origin)
                told = booster.predict(ahead_rows[row], num_threads=1) * features.level(at, whose)
                told = np.where(features.pays(at, whose, steps), told, 0.0).reshape(horizon, series.count)
                found[name][row] = np.where(begun, told, np.nan)
        return found

    def explained(self, series: SeriesSet, horizon: int) -> "Mapping[str, TreesSay]":
        """Return by member what adds up to what its trees say of each step after the last time, and of each series."""
        trained = self._trained(series, series.times, series.times + horizon, horizon)
        if trained is None:
            return {}
        features, boosters = trained
        steps, whose = _ahead(horizon, series.count)
        at = np.full(len(steps), series.times)
        rows, level, shape = features.rows(at, whose, steps), features.level(at, whose), (horizon, series.count)
        pays = np.asarray(features.pays(at, whose, steps), dtype=np.bool_).reshape(shape)
        found = {}
        for (name, booster), objective in zip(boosters.items(), _OBJECTIVES, strict=True):
            told = replace(contributions(booster, rows), names=features.names)
            on_logs = objective["objective"] == "poisson"
            found[name] = TreesSay(told, level.reshape(shape), on_logs, rows, pays)
        return found

    def _trained(
        self, series: SeriesSet, learnt: int, times: int, horizon: int
    ) -> "tuple[_Features, Mapping[str, lightgbm.Booster]] | None":
        """Return the features up to `times` and the trees by member; None where the past is too short."""
        import lightgbm as lgb

        features = _Features(series, learnt, times)
        drawn = self._drawn(series, learnt, horizon)
        if drawn is None:
            return None
        moments, places, ahead = drawn
        level = features.level(moments, places)
        target = series.values[moments + ahead - 1, places] / level
        kept = np.isfinite(target) & (target >= 0) & features.pays(moments, places, ahead)
        if kept.sum() < 200 or not target[kept].sum():
            return None
        x = features.rows(moments, places, ahead)
        weight = _bounded(np.sqrt(level[kept]))
        data = lgb.Dataset(x[kept], np.minimum(target[kept], 50.0), weight=weight, params=_PARAMETERS).construct()
        return features, {
            name: lgb.train({**_PARAMETERS, **objective}, data, self.trees)
            for name, objective in zip(self.names, _OBJECTIVES, strict=True)
        }

    def _drawn(self, series: SeriesSet, learnt: int, horizon: int) -> tuple[Ints, Ints, Ints] | None:
        """Return moments, series and steps ahead to learn from; None where the past is too short."""
        least = min(28, learnt // 3)
        firsts = np.minimum(series.until(learnt).firsts(), learnt)
        room = learnt - 1 - (firsts + least)
        able = np.flatnonzero(room > horizon // 2)
        if not len(able):
            return None
        draw = np.random.default_rng(7)
        wanted = min(self.rows, max(self.least_rows, self.rows_a_series * len(able)))
        places = able[draw.integers(0, len(able), wanted)]
        moments = firsts[places] + least + np.floor(draw.random(wanted) * room[places]).astype(np.int64)
        ahead = 1 + np.floor(draw.random(wanted) * np.minimum(horizon, learnt - moments)).astype(np.int64)
        return moments, places, ahead


@dataclass(frozen=True)
class TreesSay:
    """What adds up to what trees say, a row per step ahead and series, as multiples of `level` (steps, series).

    They are logarithms of the multiple where `on_logs`; `rows` are the features, in the order of the names. Where a
    series does not have a budget (`pays`, steps by series), what trees say does not count.
    """

    told: Contributions
    level: Floats
    on_logs: bool
    rows: Floats
    pays: Bools


def _ahead(horizon: int, count: int) -> tuple[Ints, Ints]:
    """Return steps ahead and places of series, a row for each pair."""
    return np.repeat(np.arange(1, horizon + 1), count), np.tile(np.arange(count), horizon)


def _bounded(weight: Floats) -> Floats:
    usual = float(np.median(weight)) or 1.0
    return np.clip(weight / usual, 0.05, 20.0)


class _Features:
    """Columns of a row, worked out by running sums; a moment sees the values before it."""

    def __init__(self, series: SeriesSet, learnt: int, times: int) -> None:
        self._series, self._times = series, times
        known = np.isfinite(series.values)
        zeros = np.zeros((1, series.count))
        self._sums = np.concatenate([zeros, np.cumsum(np.where(known, series.values, 0.0), axis=0)])
        self._counts = np.concatenate([zeros, np.cumsum(known, axis=0)])
        self._weekday = series.calendar(times)
        self._known = {name: values[:times] for name, values in series.known.items() if len(values) >= times}
        self._known_sums = {
            name: np.concatenate([zeros, np.cumsum(values, axis=0)]) for name, values in self._known.items()
        }
        factors, coefficients = learnt_factors(series, learnt, times)
        expected = expected_by(factors, coefficients)
        self._assumed = series.assumed.get(BUDGET) if BUDGET in self._known else None
        if self._assumed is not None:
            column = factors.kinds.index("budget")
            amount = np.where(self._assumed > 0, self._assumed, np.nan)
            self._as_assumed = np.nan_to_num(np.log(amount / factors.usual)) * coefficients[:, column]
            self._as_was = factors.x[:, :, column] * coefficients[:, column]
        self._expected, self._expected_sums = expected, np.concatenate([zeros, np.cumsum(expected, axis=0)])

    def _mean(self, moments: Ints, places: Ints, window: int) -> Floats:
        since = np.maximum(moments - window, 0)
        seen = self._counts[moments, places] - self._counts[since, places]
        total = self._sums[moments, places] - self._sums[since, places]
        return np.where(seen > 0, total / np.maximum(seen, 1), np.nan)

    def level(self, moments: Ints, places: Ints) -> Floats:
        """Return what rows are multiples of: the mean of the last 28 steps, and a little where that is nothing."""
        mean = self._mean(moments, places, 28)
        found: Floats = np.nan_to_num(np.abs(mean)) + self._own_floor(moments, places)
        return found

    def _own_floor(self, moments: Ints, places: Ints) -> Floats:
        """Return a twentieth of what the series usually was before each moment."""
        seen = np.maximum(self._counts[moments, places], 1)
        found: Floats = 0.05 * np.maximum(np.abs(self._sums[moments, places]) / seen, 1e-9)
        return found

    def pays(self, moments: Ints, places: Ints, ahead: Ints) -> Any:
        """Return where a series was planned not to be paused."""
        if BUDGET not in self._known:
            return np.ones(len(moments), dtype=np.bool_)
        return self._planned(BUDGET, moments, places, ahead) > 0

    def _planned(self, name: str, moments: Ints, places: Ints, ahead: Ints) -> Floats:
        """Return a covariate of the times that are forecast as it was known, or assumed, at each moment."""
        known: Floats = self._known[name][moments + ahead - 1, places]
        if name != BUDGET or self._assumed is None:
            return known
        past = moments < self._series.times
        return np.where(past, self._assumed[np.minimum(moments, self._series.times), places], known)

    def _comes(self, moments: Ints, places: Ints, ahead: Ints) -> Floats:
        """Return what the drivers expected of the times that are forecast, for budgets as assumed at each moment."""
        when = moments + ahead - 1
        known: Floats = self._expected[when, places]
        if self._assumed is None:
            return known
        past = moments < self._series.times
        moved = self._as_assumed[np.minimum(moments, self._series.times), places] - self._as_was[when, places]
        found: Floats = known * np.exp(np.clip(np.where(past, moved, 0.0), -8, 8))
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns of `rows` are, in their order."""
        found = ["steps_ahead", "log_level", "weekday", *(f"mean_{window}" for window in _WINDOWS)]
        found += (
            [f"lag_{lag}" for lag in _LAGS] + [f"season_{again + 1}" for again in range(self._seasons)] + ["drivers"]
        )
        for name in self._known:
            found += [BUDGET] if name == BUDGET else [name, f"{name} of late"]
        return tuple(found)

    @property
    def _seasons(self) -> int:
        return 4 if self._series.season <= 14 else 2

    def rows(self, moments: Ints, places: Ints, ahead: Ints) -> Floats:
        level = self.level(moments, places)
        values, when = self._series.values, moments + ahead - 1
        columns = [ahead.astype(np.float64), np.log(level), self._weekday[when].astype(np.float64)]
        columns += [self._mean(moments, places, window) / level for window in _WINDOWS]
        for lag in _LAGS:
            columns.append(np.where(moments >= lag, values[np.maximum(moments - lag, 0), places], np.nan) / level)
        # The same step of the season, as often as it was seen of late.
        period = self._series.season
        back = ((ahead - 1) // period + 1) * period
        for again in range(self._seasons):
            at = when - back - again * period
            value = np.where((at >= 0) & (at < moments), values[np.clip(at, 0, len(values) - 1), places], np.nan)
            columns.append(value / level)
        since = np.maximum(moments - 28, 0)
        late = (self._expected_sums[moments, places] - self._expected_sums[since, places]) / (moments - since)
        columns.append(np.log(self._comes(moments, places, ahead) / late))
        for name in self._known:
            late = (
                self._known_sums[name][moments, places] - self._known_sums[name][np.maximum(moments - 28, 0), places]
            ) / 28
            planned = self._planned(name, moments, places, ahead)
            columns += [np.log((planned + 1e-9) / (late + 1e-9))] if name == BUDGET else [planned, late]
        return np.stack(columns, axis=1)
