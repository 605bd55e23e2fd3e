"""Forecasts that add up: of a tree of sums, each node's own forecast counts by how far off it was in the backtest.

Weighted least squares reconciliation with a diagonal of variances (Hyndman, Lee, Wang 2016; Wickramasuriya et al. 2019
call it WLS). On a tree it needs no matrix: what children add up to and what a node says itself are averaged by their
precision on the way up, and what is left over is shared out by variance on the way down.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aibuyer_kit.features.windows import Floats, Ints

ROOT = -1


@dataclass(frozen=True)
class Tree:
    """The parent of each node, `ROOT` for the top; children stand before their parents."""

    parents: tuple[int, ...]

    @property
    def leaves(self) -> Ints:
        above = set(self.parents)
        return np.array([node for node in range(len(self.parents)) if node not in above], dtype=np.int64)

    def summed(self, leaves: Floats) -> Floats:
        """Return the values of all nodes (…, nodes) from those of the leaves (…, leaves); unknown in, unknown out."""
        found = np.zeros((*leaves.shape[:-1], len(self.parents)))
        found[..., self.leaves] = leaves
        for node, parent in enumerate(self.parents):
            if parent != ROOT:
                found[..., parent] += found[..., node]
        return found


def reconciled(tree: Tree, forecasts: Floats, variances: Floats, *, nonnegative: bool) -> Floats:
    """Return forecasts (steps, nodes) that add up, nearest to what each node says, far-off nodes counting less.

    `variances` (nodes,) are of the backtest. A leaf that would fall below zero is 0, and its parents are what leaves
    then add up to.
    """
    count = len(tree.parents)
    spread = np.maximum(variances, 1e-12 * max(float(np.nanmax(variances)), 1e-300))
    children: list[list[int]] = [[] for _ in range(count)]
    for node, parent in enumerate(tree.parents):
        if parent != ROOT:
            children[parent].append(node)
    # On the way up: the best guess of each node from its own forecast and everything below it.
    guess, doubt = forecasts.copy(), spread.copy()
    below, below_doubt = forecasts.copy(), spread.copy()
    for node in range(count):
        if children[node]:
            below[:, node] = guess[:, children[node]].sum(axis=1)
            below_doubt[node] = doubt[children[node]].sum()
            share = below_doubt[node] / (below_doubt[node] + spread[node])
            guess[:, node] = share * forecasts[:, node] + (1 - share) * below[:, node]
            doubt[node] = (1 - share) * below_doubt[node]
    found = guess.copy()
    for node in reversed(range(count)):
        if children[node]:
            shares = doubt[children[node]] / max(below_doubt[node], 1e-300)
            found[:, children[node]] = guess[:, children[node]] + np.outer(found[:, node] - below[:, node], shares)
    leaves = found[:, tree.leaves]
    return tree.summed(_lifted(leaves) if nonnegative else leaves)


def _lifted(leaves: Floats) -> Floats:
    """Return leaves at or above zero with the same sum a step, where that is above zero."""
    total = leaves.sum(axis=1, keepdims=True)
    lifted = np.maximum(leaves, 0.0)
    after = lifted.sum(axis=1, keepdims=True)
    return np.where(after > 0, lifted * np.maximum(total, 0.0) / np.where(after > 0, after, 1.0), 0.0)


def tree_of(groups: Sequence[Sequence[str]]) -> tuple[Tree, tuple[tuple[str, ...], ...]]:
    """Return the tree of leaves with their groups from near to far (campaign, account), and what each node is called.

    Leaves come first, then the groups of each floor in the order in which they are first seen, then the sum of all.

    >>> tree, names = tree_of([["c1"], ["c1"], ["c2"]])
    >>> tree.parents, names[3:]
    ((3, 3, 4, 5, 5, -1), (('c1',), ('c2',), ()))
    """
    paths = [tuple(group) for group in groups]
    floors = len(paths[0]) if paths else 0
    names: list[tuple[str, ...]] = [(str(place), *path) for place, path in enumerate(paths)]
    parents: list[int] = [ROOT] * len(paths)
    below = list(range(len(paths)))
    for floor in range(floors + 1):
        seen: dict[tuple[str, ...], int] = {}
        for node in below:
            key = names[node][1:]
            if key not in seen:
                seen[key] = len(names)
                names.append(key)
                parents.append(ROOT)
            parents[node] = seen[key]
        below = list(seen.values())
        if floor == floors:
            break
    return Tree(tuple(parents)), tuple(names)
