"""The combination: members weighted by a rolling-origin backtest per segment, with intervals from its errors."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from aibuyer_kit.core.errors import InputError, TooLittleError
from aibuyer_kit.features.windows import Bools, Floats, Ints
from aibuyer_kit.forecasting.backtest import FLOOR, Backtest, actual_of, inner_origins, relevance
from aibuyer_kit.forecasting.boosted import Boosted
from aibuyer_kit.forecasting.cold import borrow
from aibuyer_kit.forecasting.conformal import LEVEL, Spread, learn_spread, restlessness
from aibuyer_kit.forecasting.drivers import Drivers, idle_share
from aibuyer_kit.forecasting.floors import SeasonalNaive, Smoothing, Theta, WindowMean
from aibuyer_kit.forecasting.model import Model, Paths
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet
from aibuyer_kit.forecasting.structure import Structure
from aibuyer_kit.forecasting.weighing import SegmentWeights
from aibuyer_kit.forecasting.weights import labels, segment_weights, series_weights

# A member that counts for less is left out, and not run again.
_LEAST_WEIGHT = 0.04
# How far weights of one series may leave those of its segment: (rows behind, sharpness); the first not at all.
_TILTS = ((0.0, 0.0), (150.0, 4.0), (60.0, 10.0), (60.0, 20.0))
_LEAST_STEPS = 7
_UNAWARE = 0.1
_MOST_ORIGINS, _FUTURES = 52, 120
# What is taken where nothing could be tested.
_UNTESTED = ("window mean", "drivers, 14")
# Where less than this share of the usual comes on paused days, nothing is expected of them.
_LEAST_IDLE = 0.05
# What lies further back tells little of what comes, and costs time: many series are cut to the least, few to the most.
_LEAST_PAST, _MOST_PAST, _VALUES = 600, 3_000, 30_000
# Beyond so many times its own 95th percentile, a value (of a series with so many) is an accident.
_FAR_OUT, _LEAST_TO_TAME = 8.0, 20
# The deviations within which a normal quantity lies with a probability of `LEVEL`.
_TAIL = 1.2816
# A forecast beyond so many times the largest value ever seen is no forecast.
_MOST_TIMES = 10.0


def default_models() -> tuple[Model, ...]:
    """Return the members that are cheap enough to be run on every series; the floor is the first."""
    return (
        SeasonalNaive(), WindowMean(), Smoothing(), Smoothing(seasonal=False, name="smoothing without season"), Theta(),
        Drivers(), Structure(), Boosted(),
    )  # fmt: skip


@dataclass(frozen=True)
class Prediction:
    """What is expected of each series, step by step: all arrays are (steps, series)."""

    mean: Floats
    median: Floats
    low: Floats
    high: Floats
    quantiles: Mapping[float, Floats]


@dataclass(frozen=True)
class Fitted:
    """A combination that has seen its series: `base` (steps, series) is what members say, `spread` how far off.

    `combined` (origins, steps, series) is what it would have said; `borrowed` tells from how many siblings a young
    series borrowed, `capped` how many values were too far out to learn from as they are.
    """

    series: SeriesSet
    horizon: int
    base: Floats
    spread: Spread
    backtest: Backtest
    combined: Floats
    weights: Mapping[str, Floats]
    borrowed: Mapping[int, int]
    capped: int = 0

    def predict(self, quantiles: Sequence[float] = ()) -> Prediction:
        """Return what is expected, the interval that covers 80%, and any quantiles."""
        tail = (1 - LEVEL) / 2
        low, high = (self._bounded(self.spread.quantile(self.base, level)) for level in (tail, 1 - tail))
        found = {level: self._bounded(self.spread.quantile(self.base, level)) for level in quantiles}
        median = self._bounded(self.spread.quantile(self.base, 0.5))
        return Prediction(self._bounded(self.spread.mean(self.base)), median, low, np.maximum(low, high), found)

    def draws(self, count: int, seed: int = 7) -> Floats:
        """Return futures (draws, steps, series) that go together as the errors of the backtest did.

        Each is a random mixture of the errors of all origins, so that series and days that were off together are off
        together. Two fits of the same origins and seed give draws that belong together; nothing is known of that where
        nothing could be tested.
        """
        centre = self._bounded(self.spread.mean(self.base))
        if not len(self.combined):
            own = zlib.crc32(np.ascontiguousarray(self.series.values).tobytes())
            alone = np.random.default_rng([seed, own]).standard_normal((count, 1, self.series.count))
            return self._bounded(centre + alone * self.spread.size(self.base))
        error = self.backtest.actual - self.combined
        size = self.spread.sizes(self.combined)
        scaled = np.nan_to_num(np.clip(error / size, -6, 6) - self.spread.mean_error()[: error.shape[1]])
        origins = len(scaled)
        at = np.minimum(np.arange(self.horizon), scaled.shape[1] - 1)
        mixed = np.random.default_rng(seed).standard_normal((count, origins)) / np.sqrt(origins)
        drawn = _widening(scaled * size) * np.einsum("do,ohs->dhs", mixed, scaled[:, at])
        return self._bounded(centre + drawn * self.spread.size(self.base))

    def _bounded(self, values: Floats) -> Floats:
        values = np.where(self.idle, 0.0, values)
        return np.maximum(values, 0.0) if self.series.nonnegative else values

    @property
    def idle(self) -> Bools:
        """Where nothing at all is expected: paused, or never anything but 0."""
        found: Bools = self.base == 0
        return found


@dataclass(frozen=True)
class Forecaster:
    """Models behind one interface: `fit` and `predict`, or `cross_validate`.

    With one model there is nothing to weigh: it gets intervals from its own backtest. `weights` by segment and member
    that were learnt before take the place of those that the backtest tells; intervals are always its own.
    """

    models: Sequence[Model] = field(default_factory=default_models)
    origins: int = 6
    name: str = "combination"
    weights: SegmentWeights = field(default_factory=dict)

    def fit(self, series: SeriesSet, horizon: int) -> Fitted:
        """Return the combination, its weights and intervals learnt from the past. Raises InputError."""
        from threadpoolctl import threadpool_limits

        _check(series, horizon)
        with threadpool_limits(1):  # matrices are small: threads would wait for each other, and cost more than they do
            return self._fit(series, horizon)

    def _fit(self, series: SeriesSet, horizon: int) -> Fitted:
        series = series.latest(max(_LEAST_PAST, min(_MOST_PAST, _VALUES // series.count)))
        tame, capped = _tamed(series.settled())
        here = np.array([tame.times], dtype=np.int64)
        least = 2 * _LEAST_STEPS + series.late
        origins, steps = inner_origins(series.times, horizon, self._count(series, horizon), least=least)
        of, names = labels(series.segments or segments_of(series.settled()))
        told = self._told(tame, origins - series.late, steps, series.late) if len(origins) else {}
        begun = _had_begun(tame, origins - series.late)[:, None, :]
        came, actual = (
            np.where(begun, actual_of(each.values, origins, steps), np.nan) for each in (series.settled(), tame)
        )
        relevant = relevance(origins, series.times, series.step_days)
        doubts = self._doubts(told, BUDGET in series.known)
        weighed = self._weights(told, actual, of, names, relevant, doubts) if told else None
        weights = None if weighed is None else weighed[0]
        counts = None if weights is None else {name: bool((weights[:, at] > 0).any()) for at, name in enumerate(told)}
        final = self._final(tame, here, horizon, series.late, counts)
        members = list(told) or list(final)
        if weights is None:
            safe = np.array([name in _UNTESTED for name in members], dtype=np.float64)
            weights = np.tile(safe / safe.sum() if safe.any() else 1 / len(members), (series.count, 1))
        base = _mixed(weights, np.stack([final.get(name, _nothing(horizon, series.count)) for name in members]))
        combined = np.empty((0, steps, series.count))
        if weighed is not None:
            paths = np.stack(list(told.values()))
            combined = np.stack([_mixed(weighed[1][row], paths[:, row]) for row in range(len(origins))])
        week = 7 if series.step_days == 1 else max(1, round(28 / series.step_days))
        unrest = restlessness(tame.values, np.append(origins - series.late, here), series.season)
        spread = learn_spread(combined, actual, of, len(names), week, series.nonnegative, horizon, unrest, relevant)
        borrowed = borrow(series, base)
        base, spread = np.nan_to_num(borrowed.base), replace(spread, doubt=borrowed.doubt)
        backtest = Backtest(origins, came, {**told, self.name: combined})
        shown = dict(zip(members, weights.T, strict=True))
        return Fitted(series, horizon, base, spread, backtest, combined, shown, borrowed.siblings, capped)

    def cross_validate(self, series: SeriesSet, horizon: int, origins: Sequence[int] | Ints) -> list[Prediction]:
        """Return what would have been predicted from each origin, each time fitted anew on what was known before."""
        return [self.fit(series.until(int(origin)), horizon).predict((0.1, 0.5, 0.9)) for origin in origins]

    def _count(self, series: SeriesSet, horizon: int) -> int:
        """Return from how many origins to test: from more where there are few series, which tell little alone.

        They are of the newer half of the past, so that as much is left to learn from.
        """
        able = series.times // horizon  # they are half a horizon apart
        return max(self.origins, min(_MOST_ORIGINS, _FUTURES // series.count, able))

    def _told(self, series: SeriesSet, origins: Ints, steps: int, late: int) -> dict[str, Floats]:
        """Return what members that can tell anything say of `steps`, the first `late` steps after each origin."""
        told: dict[str, Floats] = {}
        for model in self.models:
            sane = _sane(series, model.paths(series, origins, steps + late), origins)
            told.update({name: paths[:, late:] for name, paths in sane.items() if np.isfinite(paths).any()})
        return told

    def _weights(
        self,
        told: Mapping[str, Floats],
        actual: Floats,
        of: Ints,
        segments: Sequence[str],
        relevant: Floats,
        doubts: Floats,
    ) -> tuple[Floats, Sequence[Floats]]:
        """Return the weights (series, members), and for each origin those that the other half of the origins tell.

        The tilt is the one that did best on the newer half of the backtest.
        """
        paths = np.stack(list(told.values()))
        if len(paths) == 1:
            return np.ones((actual.shape[2], 1)), [np.ones((actual.shape[2], 1))] * len(actual)
        tells: Bools = np.asarray(np.isfinite(paths).any(axis=(1, 2)).T)
        paths = _whole(paths)
        half = len(actual) // 2
        tilt = _TILTS[0]
        crossed = [_kept(np.ones((actual.shape[2], len(paths))), tells)] * len(actual)
        if half:
            old, new = paths[:, :half], paths[:, half:]
            then, now = relevant[:half], relevant[half:]
            base, behind = (
                self._given(
                    segments,
                    list(told),
                    _of_segments(paths[:, part], actual[part], of, len(segments), relevant[part], doubts),
                )
                for part in (slice(half), slice(half, None))
            )
            losses = [
                np.nansum(
                    np.abs(
                        np.einsum("sm,mohs->ohs", _tilted(old, actual[:half], base, of, then, each), new)
                        - actual[half:]
                    )
                )
                for each in (_TILTS if actual.shape[2] > 1 else _TILTS[:1])  # one series has weights of its own
            ]
            tilt = _TILTS[int(np.argmin(losses))]
            of_old = _kept(_tilted(old, actual[:half], base, of, then, tilt), tells)
            of_new = _kept(_tilted(new, actual[half:], behind, of, now, tilt), tells)
            crossed = [of_new] * half + [of_old] * (len(actual) - half)
        of_all = self._given(segments, list(told), _of_segments(paths, actual, of, len(segments), relevant, doubts))
        whole = _tilted(paths, actual, of_all, of, relevant, tilt)
        return _kept(whole, tells), crossed

    def _doubts(self, told: Mapping[str, Floats], budgets: bool) -> Floats:
        """Return by member how much what its error says counts where little was seen.

        A past whose budgets stood still does not tell who knows what a budget that moves will bring.
        """
        aware = {name for model in self.models if getattr(model, "knows_budgets", False) for name in model.names}
        return np.array([_UNAWARE if budgets and name not in aware else 1.0 for name in told])

    def _given(self, segments: Sequence[str], members: Sequence[str], fresh: Floats) -> Floats:
        """Return the weights (segments, members) that were learnt before, and fresh ones of segments without."""
        given = np.array([[self.weights.get(each, {}).get(name, 0.0) for name in members] for each in segments])
        total = given.sum(axis=1, keepdims=True)
        return np.where(total > 0, given / np.where(total > 0, total, 1.0), fresh)

    def _final(
        self, series: SeriesSet, here: Ints, horizon: int, late: int, counts: Mapping[str, bool] | None
    ) -> dict[str, Floats]:
        """Return the forecasts of the models of which a member counts for any series; None: all do."""
        final: dict[str, Floats] = {}
        for model in self.models:
            if counts is None or any(counts.get(name, False) for name in model.names):
                told = _sane(series, model.paths(series, here, horizon + late), here)
                final.update({name: paths[0, late:] for name, paths in told.items()})
        return final


def learnt_weights(fitted: Fitted) -> dict[str, dict[str, float]]:
    """Return the mean weights of the members by segment; nothing where nothing could be tested."""
    if not len(fitted.combined):
        return {}
    of, names = labels(fitted.series.segments or segments_of(fitted.series.settled()))
    table = np.stack(list(fitted.weights.values()), axis=1)
    means = [table[of == place].mean(axis=0).tolist() for place in range(len(names))]
    return {name: dict(zip(fitted.weights, mean, strict=True)) for name, mean in zip(names, means, strict=True)}


def segments_of(series: SeriesSet) -> tuple[str, ...]:
    """Return a segment for each series by what it is like: sparse (nothing on most of its steps), large or small."""
    firsts = series.firsts()
    pasts = [series.values[int(first) :, place] for place, first in enumerate(firsts)]
    sizes = np.array([float(np.nan_to_num(np.abs(past)).mean()) if len(past) else 0.0 for past in pasts])
    typical = float(np.median(sizes[sizes > 0])) if (sizes > 0).any() else 0.0
    return tuple(
        "sparse" if len(past) and np.mean(np.nan_to_num(past) != 0) < 0.5 else "large" if size >= typical else "small"
        for past, size in zip(pasts, sizes, strict=True)
    )


def _widening(errors: Floats) -> float:
    """Return by how much sums over the horizon are off beyond what the errors of the other origins tell of them.

    `errors` (origins, steps, series). A few origins, half of whose days are the same, tell too little of their sums.
    """
    sums = errors.sum(axis=1)
    found = []
    for row in range(len(sums)):
        others = [other for other in range(len(sums)) if abs(other - row) > 1]
        if others:
            usual = np.sqrt((sums[others] ** 2).mean(axis=0))
            found.append(np.abs(sums[row])[usual > 0] / usual[usual > 0])
    together = np.concatenate(found) if found else np.empty(0)
    if not len(together):
        return 1.0
    return float(np.clip(np.quantile(together, LEVEL) / _TAIL, 1.0, 3.0))


def _check(series: SeriesSet, horizon: int) -> None:
    if not 1 <= horizon <= 366:
        raise InputError(f"The horizon is {horizon} steps; give 1 to 366.")
    if horizon > series.future:
        raise InputError(f"Covariates are known for {series.future} steps ahead, less than the horizon of {horizon}.")
    if not series.count or not np.isfinite(series.settled().values).any():
        raise TooLittleError("no_values")


def _tamed(series: SeriesSet) -> tuple[SeriesSet, int]:
    """Return series whose values end at a multiple of what is large for each of them, and how many that changed."""
    sizes = np.abs(series.values)
    there = np.where(np.nan_to_num(sizes) > 0, sizes, np.nan)
    enough = np.isfinite(there).sum(axis=0) >= _LEAST_TO_TAME
    large = np.nanquantile(np.where(enough, there, 1.0), 0.95, axis=0) * _FAR_OUT
    most = np.where(enough, large, np.inf)
    far = np.nan_to_num(sizes) > most
    if not far.any():
        return series, 0
    values = np.where(far, np.sign(series.values) * most, series.values)
    return replace(series, values=values), int(far.sum())


def _had_begun(series: SeriesSet, origins: Ints) -> Bools:
    """Return (origins, series) whether a series had been seen for a week before an origin."""
    found: Bools = origins[:, None] >= series.firsts()[None, :] + _LEAST_STEPS
    return found


def _sane(series: SeriesSet, told: Paths, origins: Ints) -> dict[str, Floats]:
    """Return forecasts within what can be: nothing of what is paused, no less than 0 where no value was, no giants."""
    known = np.nan_to_num(np.abs(series.values))
    largest = known.max(axis=0) * _MOST_TIMES
    least = 0.0 if series.nonnegative else -largest
    budget = series.known.get(BUDGET)
    found = {}
    for name, paths in told.items():
        bounded = np.clip(paths, least, largest)
        if budget is not None and idle_share(series.values, budget[: series.times] <= 0) < _LEAST_IDLE:
            ahead = [series.seen_from(at).known[BUDGET][at : at + paths.shape[1]] for at in origins.tolist()]
            bounded = np.where(np.stack(ahead) <= 0, 0.0, bounded)
        found[name] = bounded
    return found


def _kept(weights: Floats, tells: Bools) -> Floats:
    """Return weights that sum to 1, without members that count for little, or that can tell nothing of a series."""
    weights = np.where((weights < _LEAST_WEIGHT) | ~tells, 0.0, weights)
    weights = np.where(weights.sum(axis=1, keepdims=True) > 0, weights, 1.0)
    found: Floats = weights / weights.sum(axis=1, keepdims=True)
    return found


def _whole(paths: Floats) -> Floats:
    """Return members' forecasts with the mean of the others where one cannot tell."""
    counted = np.maximum(np.isfinite(paths).sum(axis=0), 1)
    mean = np.nansum(paths, axis=0) / counted
    return np.where(np.isfinite(paths), paths, mean)


def _of_segments(paths: Floats, actual: Floats, of: Ints, segments: int, relevant: Floats, doubts: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        scale = np.nansum(np.abs(actual), axis=(0, 1)) / np.maximum(np.isfinite(actual).sum(axis=(0, 1)), 1)
    usual = float(scale[scale > 0].mean()) if (scale > 0).any() else 1.0
    even = np.sqrt(np.maximum(scale, 0.01 * usual) * usual)
    return segment_weights(paths, actual, even, of, segments, relevant, doubts)


def _tilted(
    paths: Floats, actual: Floats, base: Floats, of: Ints, relevant: Floats, tilt: tuple[float, float]
) -> Floats:
    behind, sharpness = tilt
    return series_weights(paths, actual, base, of, relevant, behind, sharpness) if sharpness else base[of]


def _mixed(weights: Floats, members: Floats) -> Floats:
    """Return the weighted mean (steps, series) of members (members, steps, series) over those that can tell."""
    known = np.isfinite(members)
    heavy = np.where(known, weights.T[:, None, :] + 1e-9, 0.0)
    total = heavy.sum(axis=0)
    return np.where(
        total > 0, np.nansum(np.where(known, members, 0.0) * heavy, axis=0) / np.maximum(total, 1e-300), np.nan
    )


def _nothing(horizon: int, count: int) -> Floats:
    return np.full((horizon, count), np.nan)


__all__ = ["FLOOR", "Fitted", "Forecaster", "Prediction", "default_models"]
