"""What arms bring on average over their draws, as the compiled loops read it: one curve, or a table of many."""

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.curves import ResponseCurves
from aibuyer_kit.planning.kernels import Arms, mean_of_draws
from aibuyer_kit.planning.pieces import Pieces

# A table begins at this share of its end: what is below is next to nothing, and is carried on as a power of spend.
_NEXT_TO_NOTHING = 1e-4
_POINTS = ((3.0, 17), (10.0, 33), (1e3, 97), (np.inf, 161))
NO_TABLE = np.zeros((0, 0))


def arms_of(curves: ResponseCurves, pieces: Pieces, low: Floats, high: Floats, weights: Floats | None = None) -> Arms:
    """Return the mean of arms' curves over draws (by `weights`, which sum to 1) for spends within low and high."""
    log_half = np.log(curves.half)
    if curves.draws == 1:
        top, half, slope = (np.ascontiguousarray(each[0]) for each in (curves.ceiling, log_half, curves.slope))
        extra, hint = np.zeros(len(top)), np.full(len(top), np.nan)
        return Arms(top, half, slope, NO_TABLE, NO_TABLE, NO_TABLE, *pieces, extra, hint)
    if weights is None:
        weights = np.full(curves.draws, 1.0 / curves.draws)
    grid = grid_of(low, high)
    value, marginal = mean_of_draws(curves.ceiling, log_half, curves.slope, weights, grid)
    nothing = np.zeros(0)
    return Arms(nothing, nothing, nothing, grid, value, marginal, *pieces, np.zeros(len(grid)), nothing)


def grid_of(low: Floats, high: Floats) -> Floats:
    """Return rising spends (arms, points) from low to high, evenly in logs, from next to nothing where low is 0.

    Points are so close that a cubic between two of them is off by about 1e-8 of the value, 3e-7 at its worst.
    """
    end = np.where(high > 0.0, high, 1e-6)
    start = np.maximum(low, _NEXT_TO_NOTHING * end)
    end = np.maximum(end, 1.01 * start)
    widest = float((end / start).max())
    points = next(count for ratio, count in _POINTS if widest <= ratio)
    at = np.linspace(0.0, 1.0, points)
    grid = start[:, None] * (end / start)[:, None] ** at
    grid[:, 0], grid[:, -1] = start, end
    return np.ascontiguousarray(grid)
