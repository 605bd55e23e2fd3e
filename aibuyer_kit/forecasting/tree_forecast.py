"""Sums of a tree, forecast together: every node by itself, then made to add up, with intervals and futures that fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.forecasting.forecaster import Fitted, Forecaster, segments_of
from aibuyer_kit.forecasting.hierarchy import Tree, reconciled, tree_of
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet

DRAWS = 400


@dataclass(frozen=True)
class TreeForecast:
    """The forecasts of all nodes (steps, nodes), leaves first and the sum of all last, which add up."""

    tree: Tree
    expected: Floats
    low: Floats
    high: Floats
    fitted: Fitted

    def futures(self, count: int = DRAWS, seed: int = 7) -> Floats:
        """Return futures of the leaves and of the total (draws, steps, leaves + 1) around what is expected."""
        drawn = self.fitted.draws(count, seed)
        centre = drawn.mean(axis=0)
        around = self.expected[None] + (drawn - centre[None])
        if self.fitted.series.nonnegative:
            around = np.maximum(around, 0.0)
        return np.concatenate([around[:, :, self.tree.leaves], around[:, :, -1:]], axis=2)


def forecast_tree(
    leaves: SeriesSet, groups: Sequence[Sequence[str]], horizon: int, forecaster: Forecaster
) -> TreeForecast:
    """Return the forecasts of leaves, of their groups from near to far, and of all together, which add up.

    Raises InputError.
    """
    tree, names = tree_of(groups)
    known, assumed = (
        {name: tree.summed(values) if name == BUDGET else _spread(tree, values) for name, values in each.items()}
        for each in (leaves.known, leaves.assumed)
    )
    kinds = segments_of(leaves.settled())
    floors = [
        f"leaf, {kinds[place]}" if place < leaves.count else f"{len(names[place])} above" for place in range(len(names))
    ]
    parents = [name[-1] if len(name) > 1 else "" for name in names]
    attributes = [
        leaves.attributes[place] if leaves.attributes and place < leaves.count else frozenset()
        for place in range(len(names))
    ]
    whole = replace(
        leaves, values=tree.summed(leaves.values), names=tuple(map(str, range(len(names)))), segments=tuple(floors),
        parents=tuple(parents), attributes=tuple(attributes), known=known, assumed=assumed,
    )  # fmt: skip
    fitted = forecaster.fit(whole, horizon)
    told = fitted.predict()
    error = fitted.backtest.actual - fitted.combined
    with np.errstate(invalid="ignore"):
        variance = np.nansum(error**2, axis=(0, 1)) / np.maximum(np.isfinite(error).sum(axis=(0, 1)), 1)
    # A node that was never tested is as uncertain as it is large.
    size = fitted.spread.size(told.mean).max(axis=0) ** 2
    variance = np.where(variance > 0, variance, np.maximum(size, 1e-12))
    expected = reconciled(tree, told.mean, variance, nonnegative=whole.nonnegative)
    # What is idle stays idle.
    expected = tree.summed(np.where(fitted.idle[:, tree.leaves], 0.0, expected[:, tree.leaves]))
    moved = expected - told.mean
    low, high = told.low + moved, told.high + moved
    if whole.nonnegative:
        low, high = np.maximum(low, 0.0), np.maximum(high, 0.0)
    return TreeForecast(tree, expected, np.minimum(low, expected), np.maximum(high, expected), fitted)


def _spread(tree: Tree, values: Floats) -> Floats:
    """Return a flag of each node as the mean of its leaves'."""
    return tree.summed(values) / np.maximum(tree.summed(np.ones((1, values.shape[1]))), 1)
