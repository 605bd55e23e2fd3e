"""Sums of a tree, forecast together: every node by itself, then made to add up, with intervals and futures that fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.forecasting.conformal import LEVEL
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
        leaves, total = around[:, :, self.tree.leaves], around[:, :, -1]
        return np.concatenate([leaves, _no_wider(total, leaves)[:, :, None]], axis=2)


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
    low, high = _within_parts(tree, low, high)
    return TreeForecast(tree, expected, np.minimum(low, expected), np.maximum(high, expected), fitted)


def _within_parts(tree: Tree, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return intervals no wider than those of the parts together: at worst all are off to one side at once."""
    low, high = low.copy(), high.copy()
    for node in range(len(tree.parents)):
        parts = [part for part, parent in enumerate(tree.parents) if parent == node]
        if parts:
            low[:, node] = np.maximum(low[:, node], low[:, parts].sum(axis=1))
            high[:, node] = np.minimum(high[:, node], high[:, parts].sum(axis=1))
    return low, high


def _no_wider(total: Floats, leaves: Floats) -> Floats:
    """Return futures of the total (draws, steps) whose sums lie no further out than those of the leaves together."""
    centre = total.mean(axis=0)
    sums = total.sum(axis=1)
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    mine = np.abs(np.quantile(sums, tails) - sums.mean())
    parts = leaves.sum(axis=1)
    most = np.abs((np.quantile(parts, tails, axis=0) - parts.mean(axis=0)).sum(axis=1))
    share = float(np.min(np.where(mine > 0, most / np.where(mine > 0, mine, 1.0), 1.0)))
    found: Floats = centre + (total - centre) * min(share, 1.0)
    return found


def _spread(tree: Tree, values: Floats) -> Floats:
    """Return a flag of each node as the mean of its leaves'."""
    return tree.summed(values) / np.maximum(tree.summed(np.ones((1, values.shape[1]))), 1)
