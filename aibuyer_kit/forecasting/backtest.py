"""Rolling origins: what each member would have said, and how far off it was; the floor is always in the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aibuyer_kit.features.windows import Bools, Floats, Ints

FLOOR = "seasonal naive"
# An origin counts for half as much as the one so many after it, but a year ago was a like season, give or take.
_HALF_LIFE_ORIGINS = 7.0
_YEAR_DAYS, _LIKE_DAYS = 365.25, 30.0


@dataclass(frozen=True)
class Scores:
    """How far off a member was: sum of |error| over sum of |actual|, and its bias as a share of the actual."""

    name: str
    wape: float
    bias: float
    weight: float | None = None


@dataclass(frozen=True)
class Backtest:
    """Forecasts by member (origins, steps, series) beside what came; NaN where nothing is known."""

    origins: Ints
    actual: Floats
    members: Mapping[str, Floats]

    def scores(self, weights: Mapping[str, float] | None = None) -> tuple[Scores, ...]:
        """Return a row per member, the best first, over what all could tell that could tell most of it."""
        asked: Bools = np.isfinite(self.actual)
        known = asked
        for each in self.members.values():
            told: Bools = np.isfinite(each) & asked
            if 2 * told.sum() > asked.sum():
                known = np.logical_and(known, told)
        total = float(np.abs(self.actual[known]).sum())
        rows = []
        for name, paths in self.members.items():
            error = paths[known] - self.actual[known]  # NaN for those that could not
            wape = float(np.abs(error).sum() / total) if total else float("nan")
            bias = float(error.sum() / total) if total else float("nan")
            rows.append(Scores(name, wape, bias, (weights or {}).get(name)))
        return tuple(sorted(rows, key=lambda row: (np.isnan(row.wape), row.wape)))


def inner_origins(times: int, horizon: int, count: int, least: int) -> tuple[Ints, int]:
    """Return up to `count` origins that leave a horizon behind them and `least` steps before, and that horizon.

    In a short past the horizon is shortened, to a third of it at most; origins are half a horizon apart.
    """
    steps = max(1, min(horizon, (times - least) // 2, times // 3))
    apart = max(1, -(-steps // 2))
    found = [times - steps - apart * back for back in range(count)]
    found = [origin for origin in found if origin >= least]
    return np.array(sorted(found), dtype=np.int64), steps


def actual_of(values: Floats, origins: Sequence[int] | Ints, steps: int) -> Floats:
    """Return what came (origins, steps, series) after each origin; NaN behind the last time."""
    times, count = values.shape
    at = np.asarray(origins)[:, None] + np.arange(steps)[None, :]
    found = np.where((at < times)[:, :, None], values[np.minimum(at, times - 1)], np.nan)
    return found.reshape(len(at), steps, count)


def relevance(origins: Ints, now: int, step_days: int) -> Floats:
    """Return how much each origin counts, up to 1: what a series was like changes, and comes back with the season."""
    newer = 0.5 ** (np.arange(len(origins))[::-1] / _HALF_LIFE_ORIGINS)
    days = (now - np.asarray(origins)) * step_days
    years = np.round(days / _YEAR_DAYS)
    apart = np.abs(days - years * _YEAR_DAYS)
    alike = np.where(years >= 1, 0.5 ** (years - 1) * np.exp(-((apart / _LIKE_DAYS) ** 2)), 0.0)
    found: Floats = np.maximum(newer, alike)
    return found
