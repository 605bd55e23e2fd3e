"""Splits in whole minor units that add up exactly: the largest remainders get the next unit, within every limit."""

import numpy as np

from aibuyer_kit.core.errors import PlanError
from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.planning.feasible import all_rows
from aibuyer_kit.planning.groups import sums_by_node
from aibuyer_kit.planning.kernels import Tree
from aibuyer_kit.planning.relaxation import Question

_ROUNDING = 1e-6
_SECONDS = 10.0


def whole_split(tree: Tree, ideal: Floats, low: Floats, high: Floats, total: int | None = None) -> Ints:
    """Return whole amounts by arm, in the tree's order, next to `ideal` and within low and high (all in minor units).

    They add up to `total`, or to the rounded sum within the limits of the whole; groups keep theirs. An arm between
    whose limits no whole amount lies, such as one held at a third of a cent, gets the nearest one.
    """
    least, most = _whole_range(low, high, ideal)
    nodes = len(tree.parent)
    floor, cap = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
    np.add.at(floor, tree.node_of, least)
    np.add.at(cap, tree.node_of, most)
    for node in range(nodes - 1, -1, -1):
        own_floor, own_cap = _whole_limits(float(tree.least[node]), float(tree.most[node]))
        floor[node], cap[node] = max(floor[node], min(own_floor, cap[node])), min(cap[node], max(own_cap, floor[node]))
        if node:
            floor[tree.parent[node]] += floor[node]
            cap[tree.parent[node]] += cap[node]
    sums = sums_by_node(tree, ideal)
    amounts = np.zeros(len(ideal), np.int64)
    given = np.zeros(nodes, np.int64)
    given[0] = round(float(sums[0])) if total is None else total
    given[0] = min(max(int(given[0]), int(floor[0])), int(cap[0]))
    for node in range(nodes):
        arms = np.arange(int(tree.arm_first[node]), int(tree.arm_end[node]))
        below = np.array([child for child in range(node + 1, int(tree.end[node])) if tree.parent[child] == node], int)
        wanted = np.concatenate([ideal[arms], sums[below]])
        parts = largest_remainder(
            wanted,
            np.concatenate([least[arms], floor[below]]),
            np.concatenate([most[arms], cap[below]]),
            int(given[node]),
        )
        amounts[arms], given[below] = parts[: len(arms)], parts[len(arms) :]
    return amounts


def within_rows(question: Question, amounts: Ints, ideal: Floats, within: tuple[Floats, Floats], per_unit: int) -> Ints:
    """Return whole amounts next to `ideal` that keep limits of overlapping groups, too, where these do not."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    inside, least, most = all_rows(question)
    floor, cap = np.ceil(least * per_unit - _ROUNDING), np.floor(most * per_unit + _ROUNDING)
    sums = inside @ amounts
    if ((sums >= floor) & (sums <= cap)).all():
        return amounts
    low, high = _whole_range(within[0] * per_unit, within[1] * per_unit, ideal)
    count = len(ideal)
    own = np.eye(count)
    answer = milp(
        np.concatenate([np.zeros(count), np.ones(2 * count)]),
        constraints=[
            LinearConstraint(np.hstack([inside, np.zeros((len(inside), 2 * count))]), floor, cap),
            LinearConstraint(np.hstack([own, -own, own]), ideal, ideal),
        ],
        integrality=np.concatenate([np.ones(count), np.zeros(2 * count)]),
        bounds=Bounds(np.concatenate([low, np.zeros(2 * count)]), np.concatenate([high, np.full(2 * count, np.inf)])),
        options={"time_limit": _SECONDS},
    )
    if answer.x is None:
        raise PlanError("No split in whole minor units keeps the limits of groups that overlap: they leave no room.")
    return np.asarray(np.rint(answer.x[:count]), np.int64)


def largest_remainder(wanted: Floats, least: Ints, most: Ints, total: int) -> Ints:
    """Return whole parts next to `wanted` that add up to `total`, as far as least and most allow.

    >>> largest_remainder(np.array([1.5, 1.4, 7.1]), np.zeros(3, int), np.full(3, 10), 10).tolist()
    [2, 1, 7]
    """
    parts = np.clip(np.floor(wanted + _ROUNDING).astype(np.int64), least, most)
    while (missing := total - int(parts.sum())) != 0:
        step = 1 if missing > 0 else -1
        can = np.flatnonzero(parts < most) if step > 0 else np.flatnonzero(parts > least)
        if not len(can):
            break
        order = can[np.argsort(-step * (wanted[can] - parts[can]), kind="stable")]
        # Who is furthest behind what was wanted comes first; nobody gets a second unit before all had one.
        parts[order[: abs(missing)]] += step
    return parts


def _whole_range(low: Floats, high: Floats, ideal: Floats) -> tuple[Ints, Ints]:
    least, most = np.ceil(low - _ROUNDING), np.floor(high + _ROUNDING)
    nearest = np.rint(ideal)
    none = least > most
    return np.where(none, nearest, least).astype(np.int64), np.where(none, nearest, most).astype(np.int64)


def _whole_limits(least: float, most: float) -> tuple[int, int]:
    return int(np.ceil(least - _ROUNDING)), int(np.floor(most + _ROUNDING)) if most < np.inf else np.iinfo(np.int64).max
