"""Intervals that hold: what a backtest was off by, in units that make series alike, tells what the next is off by.

An error is divided by how far off a forecast of that size usually is (chance as of counts, and a share of itself), by
how restless its series was at that origin, and by how predictable the series has been; the quantiles of what is left
are taken per segment and week of the horizon (split conformal, Vovk et al. 2005, normalised after Lei et al. 2018),
newer origins counting more (Barber et al. 2023). An interval is then made wider or narrower until it covers what it
should on the backtest, which also holds where most values are 0.
"""

from dataclasses import dataclass, replace

import numpy as np

from aibuyer_kit.features.windows import Floats, Ints

LEVEL = 0.8
_GRID = np.round(np.arange(0.01, 1.0, 0.01), 2)
# As many errors of all segments stand behind a segment's own, and as many steps of a segment behind a series' own.
_BEHIND_SEGMENT, _BEHIND_SERIES = 150.0, 60.0
# As many past futures that say that all is as a forecast says stand behind those that were seen.
_BEHIND_CENTRE = 25.0
# Restlessness counts as the backtest shows, but by its root at most: the rest are errors of each series' own. As many
# errors stand behind what was seen.
_USUAL_POWER, _BEHIND_POWER, _MOST_POWER, _MOST_RESTLESS = 0.3, 20.0, 0.5, 8.0
# How many seasons back tell how restless a series is.
_RESTLESS_SEASONS, _LEAST_RESTLESS_STEPS, _LEAST_MOVES = 4, 56, 2
# Errors of neighbouring days tell the same.
_ALIKE = 4.0
_SMALL = 1e-12
_LEAST_STRETCH, _MOST_STRETCH = 0.3, 4.0


@dataclass(frozen=True)
class Spread:
    """How far forecasts are off: by segment the parts (chance, share), by series a factor, by cell the quantiles.

    `quantiles` (segments, weeks, 99) and `means` (segments, weeks) are of scaled errors; `stretch` (segments, weeks) is
    what an interval of `LEVEL` is widened by; `doubt` is a share of itself that a forecast may be off beyond that (by
    series); `step_of` is the week of each step of the horizon. `unrest` (origins + 1, series; NaN is unknown) is how
    much each series moved before each origin, and before now; it counts to the power of `power` against `usual`.
    """

    parts: Floats
    factors: Floats
    segment_of: Ints
    step_of: Ints
    quantiles: Floats
    means: Floats
    stretch: Floats
    unrest: Floats
    power: float = 0.0
    usual: float = 1.0
    doubt: Floats | float = 0.0

    def size(self, forecast: Floats, origin: int = -1) -> Floats:
        """Return the usual error of forecasts (steps, series), from one of the origins or from now."""
        plain = self._plain(forecast)
        own = self.factors * self._restlessness(plain, origin)
        usual: Floats = np.sqrt((plain * own) ** 2 + (self.doubt * np.abs(forecast)) ** 2)
        return np.maximum(usual, _SMALL)

    def sizes(self, forecasts: Floats) -> Floats:
        """Return the usual errors of what was forecast from each origin (origins, steps, series)."""
        return np.stack([self.size(each, origin) for origin, each in enumerate(forecasts)])

    def _plain(self, forecast: Floats) -> Floats:
        chance, share = self.parts[self.segment_of].T
        size = np.abs(forecast)
        found: Floats = np.maximum(np.sqrt(chance * size + (share * size) ** 2), _SMALL)
        return found

    def _restlessness(self, plain: Floats, origin: int) -> Floats:
        """Return by series how much wider its errors are than usual for their size, as it moved before an origin."""
        rest = _relative(self.unrest[origin], plain) / self.usual
        rest = np.clip(np.nan_to_num(rest, nan=1.0), 1 / _MOST_RESTLESS, _MOST_RESTLESS)
        found: Floats = rest**self.power
        return found

    def quantile(self, forecast: Floats, level: float, origin: int = -1) -> Floats:
        """Return a quantile of what will come (steps, series), as far from the centre as `stretch` says."""
        at = np.clip(level * 100 - 1, 0, 98)
        low = int(np.floor(at))
        high = min(low + 1, 98)
        table = self.quantiles[:, :, low] * (1 - (at - low)) + self.quantiles[:, :, high] * (at - low)
        return forecast + self._by_cell(table * self.stretch) * self.size(forecast, origin)

    def mean(self, forecast: Floats) -> Floats:
        return forecast + self._by_cell(self.means) * self.size(forecast)

    def mean_error(self) -> Floats:
        """Return the mean scaled error (steps, series)."""
        return self._by_cell(self.means)

    def _by_cell(self, table: Floats) -> Floats:
        found: Floats = table[self.segment_of][:, self.step_of].T
        return found


def restlessness(values: Floats, origins: Ints, season: int) -> Floats:
    """Return (origins, series) how much each series moved before each origin: its mean change over a week of late.

    A long season counts by its eighth. NaN where too little is known since it began.
    """
    apart = season if season <= 14 else max(1, season // 8)
    span = max(_RESTLESS_SEASONS * season, _LEAST_RESTLESS_STEPS)
    found = np.full((len(origins), values.shape[1]), np.nan)
    begun = np.where(np.cumsum(np.nan_to_num(values) != 0, axis=0) > 0, values, np.nan)
    for row, origin in enumerate(origins.tolist()):
        past = begun[max(0, origin - span) : origin]
        if len(past) > apart:
            moved = np.abs(past[apart:] - past[:-apart])
            known = np.isfinite(moved).sum(axis=0)
            found[row] = np.where(
                known >= _LEAST_MOVES * apart, np.nansum(moved, axis=0) / np.maximum(known, 1), np.nan
            )
    return found


def learn_spread(
    forecast: Floats,
    actual: Floats,
    segment_of: Ints,
    segments: int,
    week: int,
    nonnegative: bool,
    horizon: int,
    unrest: Floats,
    counts: Floats,
) -> Spread:
    """Return the spread that backtests (origins, steps, series) show, for `horizon` steps in weeks of `week`.

    Steps beyond those that a backtest has seen are taken for its last week. `unrest` is as in `Spread`,
    `counts` how much each origin counts.
    """  # fmt: skip
    if not np.isfinite(forecast - actual).any():
        return _untested(segment_of, segments, horizon, unrest)
    seen = forecast.shape[1]
    weeks = max(1, -(-seen // week))
    step_of = np.minimum(np.arange(horizon) // week, weeks - 1)
    error = np.where(np.isfinite(actual) & np.isfinite(forecast), actual - forecast, np.nan)
    parts = np.stack(
        [_parts(error[:, :, segment_of == each], forecast[:, :, segment_of == each]) for each in range(segments)]
    )
    plain = Spread(
        parts, np.ones(len(segment_of)), segment_of, step_of[:seen], np.zeros((segments, weeks, 99)),
        np.zeros((segments, weeks)), np.ones((segments, weeks)), unrest,
    )  # fmt: skip
    power, usual = _power(error, plain, forecast, counts)
    restless = replace(plain, power=power, usual=usual)
    factors = _factors(error / restless.sizes(forecast), counts)
    scaled = replace(restless, factors=factors)
    size = scaled.sizes(forecast)
    quantiles, means = _tables(error / size, size, segment_of, segments, step_of[:seen], weeks, counts)
    spread = replace(scaled, quantiles=quantiles, means=means)
    stretch = _stretch(spread, forecast, actual, segments, weeks, nonnegative, counts)
    stretch = (
        stretch * _untold(np.bincount(segment_of, minlength=segments).astype(np.float64) * float(counts.sum()))[:, None]
    )
    return replace(spread, stretch=stretch, step_of=step_of)


def _untold(seen: Floats) -> Floats:
    """Return by how much wider an interval is of which only so many futures were seen, as Student's t is."""
    from scipy.special import ndtri, stdtrit

    found: Floats = stdtrit(np.maximum(seen, 1.0), (1 + LEVEL) / 2) / ndtri((1 + LEVEL) / 2)
    return found


def _relative(unrest: Floats, plain: Floats) -> Floats:
    """Return how much a series moves against the usual error of what is forecast of it; NaN where it is unknown."""
    with np.errstate(invalid="ignore"):
        size = np.nansum(plain, axis=-2) / np.maximum(np.isfinite(plain).sum(axis=-2), 1)
        found: Floats = np.where((unrest > 0) & (size > _SMALL), unrest / np.maximum(size, _SMALL), np.nan)
    return found


def _power(error: Floats, plain: Spread, forecast: Floats, counts: Floats) -> tuple[float, float]:
    """Return to which power restlessness tells the size of errors, and what is usual of it: a line through logarithms.

    One row is a series and an origin; errors of one series tell much the same, so that each counts for a part.
    """
    size = plain.sizes(forecast)
    rest = _relative(plain.unrest[:-1], size)
    with np.errstate(invalid="ignore", divide="ignore"):
        known = np.isfinite(error)
        off = np.log(np.nansum(np.abs(error / size), axis=1) / np.maximum(known.sum(axis=1), 1))
        moved = np.log(rest)
    weight = np.where(np.isfinite(off) & np.isfinite(moved), counts[:, None] / _ALIKE, 0.0)
    if not weight.sum():
        return 0.0, 1.0
    off, moved = np.nan_to_num(off, neginf=0.0), np.nan_to_num(moved)
    usual = float((weight * moved).sum() / weight.sum())
    x, y = moved - usual, off - float((weight * off).sum() / weight.sum())
    behind = _BEHIND_POWER * float((weight * x * x).sum() / weight.sum())
    slope = (float((weight * x * y).sum()) + behind * _USUAL_POWER) / max(
        float((weight * x * x).sum()) + behind, _SMALL
    )
    return float(np.clip(slope, 0.0, _MOST_POWER)), float(np.exp(usual))


def _untested(segment_of: Ints, segments: int, horizon: int, unrest: Floats) -> Spread:
    """Return a rule of thumb where nothing could be tested: as counts are off by chance, and by half of themselves."""
    quantiles = np.tile(_normal(), (segments, 1, 1))
    means, ones = np.zeros((segments, 1)), np.ones((segments, 1))
    parts = np.tile([1.0, 0.5], (segments, 1))
    steps = np.zeros(horizon, np.int64)
    return Spread(parts, np.ones(len(segment_of)), segment_of, steps, quantiles, means, ones, unrest)


def _parts(error: Floats, forecast: Floats) -> Floats:
    """Return chance and share: error² ≈ chance · forecast + share² · forecast², each row in its own size."""
    known = np.isfinite(error)
    size, square = np.abs(forecast[known]), error[known] ** 2
    if not len(size) or not square.sum():
        return np.array([1.0, 0.1])
    from scipy.optimize import nnls

    floor = max(float(np.quantile(size, 0.2)), float(size.mean()) * 0.02, _SMALL)
    weight = 1 / np.maximum(size, floor) ** 1.5
    cap = np.quantile(square * weight, 0.99)
    target = np.minimum(square * weight, cap)
    (chance, share), _ = nnls(np.stack([size * weight, size**2 * weight], axis=1), target)
    if chance + share <= 0:
        return np.array([float(target.mean()), 0.1])
    least = 0.02 * float(square.mean()) / max(float(size.mean()), _SMALL)
    return np.array([max(chance, least), np.sqrt(share)])


def _factors(scaled: Floats, counts: Floats) -> Floats:
    """Return how much less predictable each series has been than the others, shrunk to 1."""
    bounded = np.minimum(scaled**2, 16.0)
    weight = np.where(np.isfinite(bounded), counts[:, None, None], 0.0)
    rows = weight.sum(axis=(0, 1)) / _ALIKE
    own = (np.nan_to_num(bounded) * weight).sum(axis=(0, 1)) / _ALIKE
    whole = float(own.sum() / rows.sum()) if rows.sum() else 1.0
    ratio = (
        (own + _BEHIND_SERIES / _ALIKE * whole) / np.maximum(rows + _BEHIND_SERIES / _ALIKE, 1e-9) / max(whole, _SMALL)
    )
    found: Floats = np.sqrt(np.clip(ratio, 0.05, 10.0))
    return found


def _tables(
    scaled: Floats, size: Floats, segment_of: Ints, segments: int, step_of: Ints, weeks: int, counts: Floats
) -> tuple[Floats, Floats]:
    quantiles, means = np.zeros((segments, weeks, 99)), np.zeros((segments, weeks))
    weight = np.where(np.isfinite(scaled), counts[:, None, None], 0.0)
    whole = _quantiles(scaled, weight) if weight.sum() else _normal()
    # So many past futures were seen that tell of a shift of the centre: windows overlap by half.
    futures = float(counts.sum()) * scaled.shape[2] / 2
    for week in range(weeks):
        here = step_of == week
        of_week, sizes, weights = scaled[:, here], size[:, here], weight[:, here]
        seen = futures**2 / (futures**2 + _BEHIND_CENTRE**2)
        known = bool(weights.sum())
        common = seen * _quantiles(of_week, weights) + (1 - seen) * (whole - whole[49]) if known else whole
        common_mean = seen * _mean(of_week, sizes, weights)
        for segment in range(segments):
            inside = np.ix_(np.arange(len(scaled)), np.arange(here.sum()), segment_of == segment)
            own, rows = of_week[inside], weights[inside]
            if not rows.sum():
                quantiles[segment, week], means[segment, week] = common, common_mean
                continue
            share = min(seen, rows.sum() / (rows.sum() + _BEHIND_SEGMENT))
            quantiles[segment, week] = share * _quantiles(own, rows) + (1 - share) * common
            means[segment, week] = share * _mean(own, sizes[inside], rows) + (1 - share) * common_mean
    return quantiles, means


def _quantiles(scaled: Floats, weight: Floats) -> Floats:
    """Return the weighted quantiles of the grid."""
    kept = weight > 0
    values, weights = scaled[kept], weight[kept]
    order = np.argsort(values)
    heights = np.cumsum(weights[order])
    found: Floats = np.interp(_GRID, (heights - weights[order] / 2) / heights[-1], values[order])
    return found


def _mean(scaled: Floats, size: Floats, weight: Floats) -> float:
    """Return the mean error over the mean size, so that forecasts of next to nothing count for next to nothing."""
    known = weight > 0
    if not known.any():
        return 0.0
    size, weight = size[known], weight[known]
    most = 6 * np.maximum(size, size.mean())
    return float((weight * np.clip(scaled[known] * size, -most, most)).sum() / (weight * size).sum())


def _normal() -> Floats:
    from scipy.special import ndtri

    found: Floats = ndtri(_GRID)
    return found


def _stretch(
    spread: Spread, forecast: Floats, actual: Floats, segments: int, weeks: int, nonnegative: bool, counts: Floats
) -> Floats:
    """Return by how much intervals are widened so that they cover `LEVEL` of the backtest, zeros and all."""
    stretch = np.ones((segments, weeks))
    low, high = (
        np.stack([spread.quantile(each, level, origin) for origin, each in enumerate(forecast)]) - forecast
        for level in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    )
    weights = np.broadcast_to(counts[:, None, None], forecast.shape)
    for segment in range(segments):
        for week in range(weeks):
            cell = np.ix_(np.arange(len(forecast)), spread.step_of == week, spread.segment_of == segment)
            known = np.isfinite(actual[cell]) & np.isfinite(forecast[cell])
            if known.sum() < 40:
                continue
            f, y, down, up, weight = (each[cell][known] for each in (forecast, actual, low, high, weights))
            inside = _Covering(f, y, down, up, weight, nonnegative)

            least, most = _LEAST_STRETCH, _MOST_STRETCH
            if inside.share(least) >= LEVEL:
                continue  # nearly all of it is 0: no interval holds less
            for _ in range(24):
                middle = (least + most) / 2
                least, most = (middle, most) if inside.share(middle) < LEVEL else (least, middle)
            rows = weight.sum() / _ALIKE
            stretch[segment, week] = (rows * most + 20) / (rows + 20)
    return stretch


@dataclass(frozen=True)
class _Covering:
    """Forecasts of one cell with how far below and above them an interval reaches, and what came."""

    forecast: Floats
    actual: Floats
    down: Floats
    up: Floats
    weight: Floats
    nonnegative: bool

    def share(self, times: float) -> float:
        """Return which share of what came lies within intervals that are so many times as wide."""
        low, high = self.forecast + times * self.down, self.forecast + times * self.up
        low = np.maximum(low, 0.0) if self.nonnegative else low
        return float(np.average((self.actual >= low) & (self.actual <= high), weights=self.weight))
