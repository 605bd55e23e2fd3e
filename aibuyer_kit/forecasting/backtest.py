"""Rolling origins: what each member would have said, and how far off it was; the floor is always in the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aibuyer_kit.features.windows import Bools, Floats, Ints

FLOOR = "seasonal naive"
# An origin counts for half as much as the one so many after it.
_HALF_LIFE_ORIGINS = 10.0


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


def recency(count: int) -> Floats:
    """Return how much each of so many origins counts, the newest 1: what a series was like changes."""
    found: Floats = 0.5 ** (np.arange(count)[::-1] / _HALF_LIFE_ORIGINS)
    return found


def seen_futures(count: int, series: int) -> float:
    """Return how many futures so many origins of series have shown: windows overlap by half."""
    return float(recency(count).sum()) * series / 2
