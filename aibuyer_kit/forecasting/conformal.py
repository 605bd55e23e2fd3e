"""Intervals that hold: what a backtest was off by, in units that make series alike, tells what the next is off by.

An error is divided by how far off a forecast of that size usually is (chance as of counts, and a share of itself), and
by how predictable the series has been; the quantiles of what is left are taken per segment and week of the horizon
(split conformal, Vovk et al. 2005, normalised after Lei et al. 2018). An interval is then made wider or narrower until
it covers what it should on the backtest, which also holds where most values are 0.
"""

from dataclasses import dataclass

import numpy as np

from aibuyer_kit.features.windows import Floats, Ints

LEVEL = 0.8
_GRID = np.round(np.arange(0.01, 1.0, 0.01), 2)
# As many errors of all segments stand behind a segment's own, and as many steps of a segment behind a series' own.
_BEHIND_SEGMENT, _BEHIND_SERIES = 150.0, 60.0
# As many past futures that say that all is as a forecast says stand behind those that were seen.
_BEHIND_CENTRE = 20.0
# Errors of neighbouring days tell the same.
_ALIKE = 4.0
_SMALL = 1e-12
_LEAST_STRETCH, _MOST_STRETCH = 0.3, 4.0


@dataclass(frozen=True)
class Spread:
    """How far forecasts are off: by segment the parts (chance, share), by series a factor, by cell the quantiles.

    `quantiles` (segments, weeks, 99) and `means` (segments, weeks) are of scaled errors; `stretch` (segments, weeks) is
    what an interval of `LEVEL` is widened by; `doubt` is a share of itself that a forecast may be off beyond that (by
    series); `step_of` is the week of each step of the horizon.
    """

    parts: Floats
    factors: Floats
    segment_of: Ints
    step_of: Ints
    quantiles: Floats
    means: Floats
    stretch: Floats
    doubt: Floats | float = 0.0

    def size(self, forecast: Floats) -> Floats:
        """Return the usual error of forecasts (steps, series)."""
        chance, share = self.parts[self.segment_of].T
        size = np.abs(forecast)
        usual: Floats = np.sqrt((chance * size + (share * size) ** 2) * self.factors**2 + (self.doubt * size) ** 2)
        return np.maximum(usual, _SMALL)

    def quantile(self, forecast: Floats, level: float) -> Floats:
        """Return a quantile of what will come (steps, series), as far from the centre as `stretch` says."""
        at = np.clip(level * 100 - 1, 0, 98)
        low = int(np.floor(at))
        high = min(low + 1, 98)
        table = self.quantiles[:, :, low] * (1 - (at - low)) + self.quantiles[:, :, high] * (at - low)
        return forecast + self._by_cell(table * self.stretch) * self.size(forecast)

    def mean(self, forecast: Floats) -> Floats:
        return forecast + self._by_cell(self.means) * self.size(forecast)

    def mean_error(self) -> Floats:
        """Return the mean scaled error (steps, series)."""
        return self._by_cell(self.means)

    def _by_cell(self, table: Floats) -> Floats:
        found: Floats = table[self.segment_of][:, self.step_of].T
        return found


def learn_spread(
    forecast: Floats, actual: Floats, segment_of: Ints, segments: int, week: int, nonnegative: bool, horizon: int
) -> Spread:
    """Return the spread that backtests (origins, steps, series) show, for `horizon` steps in weeks of `week`.

    Steps beyond those that a backtest has seen are taken for its last week.
    """
    if not np.isfinite(forecast - actual).any():
        return _untested(segment_of, segments, horizon)
    seen = forecast.shape[1]
    weeks = max(1, -(-seen // week))
    step_of = np.minimum(np.arange(horizon) // week, weeks - 1)
    error = np.where(np.isfinite(actual) & np.isfinite(forecast), actual - forecast, np.nan)
    parts = np.stack(
        [_parts(error[:, :, segment_of == each], forecast[:, :, segment_of == each]) for each in range(segments)]
    )
    plain = Spread(
        parts, np.ones(len(segment_of)), segment_of, step_of[:seen], np.zeros((segments, weeks, 99)),
        np.zeros((segments, weeks)), np.ones((segments, weeks)),
    )  # fmt: skip
    size = np.stack([plain.size(each) for each in forecast])
    factors = _factors(error / size)
    size = size * factors
    quantiles, means = _tables(error / size, size, segment_of, segments, step_of[:seen], weeks)
    spread = Spread(parts, factors, segment_of, step_of[:seen], quantiles, means, np.ones((segments, weeks)))
    stretch = _stretch(spread, forecast, actual, segments, weeks, nonnegative)
    return Spread(parts, factors, segment_of, step_of, quantiles, means, stretch)


def _untested(segment_of: Ints, segments: int, horizon: int) -> Spread:
    """Return a rule of thumb where nothing could be tested: as counts are off by chance, and by half of themselves."""
    quantiles = np.tile(_normal(), (segments, 1, 1))
    means, ones = np.zeros((segments, 1)), np.ones((segments, 1))
    parts = np.tile([1.0, 0.5], (segments, 1))
    return Spread(parts, np.ones(len(segment_of)), segment_of, np.zeros(horizon, np.int64), quantiles, means, ones)


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


def _factors(scaled: Floats) -> Floats:
    """Return how much less predictable each series has been than the others, shrunk to 1."""
    bounded = np.minimum(scaled**2, 16.0)
    known = np.isfinite(bounded)
    rows = known.sum(axis=(0, 1)) / _ALIKE
    whole = bounded[known].mean() if known.any() else 1.0
    own = np.nansum(bounded, axis=(0, 1)) / _ALIKE
    ratio = (
        (own + _BEHIND_SERIES / _ALIKE * whole) / np.maximum(rows + _BEHIND_SERIES / _ALIKE, 1e-9) / max(whole, _SMALL)
    )
    found: Floats = np.sqrt(np.clip(ratio, 0.05, 10.0))
    return found


def _tables(
    scaled: Floats, size: Floats, segment_of: Ints, segments: int, step_of: Ints, weeks: int
) -> tuple[Floats, Floats]:
    quantiles, means = np.zeros((segments, weeks, 99)), np.zeros((segments, weeks))
    every = scaled[np.isfinite(scaled)]
    whole = np.quantile(every, _GRID) if len(every) else _normal()
    # Windows overlap by half: so many past futures were seen that tell of a shift of the centre.
    futures = scaled.shape[2] * len(scaled) / 2
    for week in range(weeks):
        of_week = scaled[:, step_of == week]
        everywhere = of_week[np.isfinite(of_week)]
        seen = futures / (futures + _BEHIND_CENTRE)
        common = seen * np.quantile(everywhere, _GRID) + (1 - seen) * (whole - whole[49]) if len(everywhere) else whole
        common_mean = seen * _mean(of_week, size[:, step_of == week])
        for segment in range(segments):
            inside = segment_of == segment
            own = of_week[:, :, inside]
            mine_mean = _mean(own, size[:, step_of == week][:, :, inside]) if np.isfinite(own).any() else common_mean
            own = own[np.isfinite(own)]
            share = min(seen, len(own) / (len(own) + _BEHIND_SEGMENT))
            mine = np.quantile(own, _GRID) if len(own) else common
            quantiles[segment, week] = share * mine + (1 - share) * common
            means[segment, week] = share * mine_mean + (1 - share) * common_mean
    return quantiles, means


def _mean(scaled: Floats, size: Floats) -> float:
    """Return the mean error over the mean size, so that forecasts of next to nothing count for next to nothing."""
    known = np.isfinite(scaled)
    if not known.any():
        return 0.0
    size = size[known]
    most = 6 * np.maximum(size, size.mean())
    return float(np.clip(scaled[known] * size, -most, most).sum() / size.sum())


def _normal() -> Floats:
    from scipy.special import ndtri

    found: Floats = ndtri(_GRID)
    return found


def _stretch(spread: Spread, forecast: Floats, actual: Floats, segments: int, weeks: int, nonnegative: bool) -> Floats:
    """Return by how much intervals are widened so that they cover `LEVEL` of the backtest, zeros and all."""
    stretch = np.ones((segments, weeks))
    low = np.stack([spread.quantile(each, (1 - LEVEL) / 2) for each in forecast]) - forecast
    high = np.stack([spread.quantile(each, (1 + LEVEL) / 2) for each in forecast]) - forecast
    for segment in range(segments):
        for week in range(weeks):
            cell = np.ix_(np.arange(len(forecast)), spread.step_of == week, spread.segment_of == segment)
            known = np.isfinite(actual[cell]) & np.isfinite(forecast[cell])
            if known.sum() < 40:
                continue
            f, y, down, up = (each[cell][known] for each in (forecast, actual, low, high))

            def covers(times: float, f: Floats = f, y: Floats = y, down: Floats = down, up: Floats = up) -> float:
                floor = np.maximum(f + times * down, 0.0) if nonnegative else f + times * down
                return float(((y >= floor) & (y <= f + times * up)).mean())

            least, most = _LEAST_STRETCH, _MOST_STRETCH
            if covers(least) >= LEVEL:
                continue  # nearly all of it is 0: no interval holds less
            for _ in range(24):
                middle = (least + most) / 2
                least, most = (middle, most) if covers(middle) < LEVEL else (least, middle)
            rows = known.sum() / _ALIKE
            stretch[segment, week] = (rows * most + 20) / (rows + 20)
    return stretch
