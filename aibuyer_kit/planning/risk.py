"""Plans that make the most of a quantile of profit: what is left when the curves turn out worse than they seem.

A quantile of a sum is no sum, so that there is no exact answer. Draws in which a split does badly are given more
weight, the split of these weights is the best of its kind, and of all that come up the one with the highest quantile is
taken, along with what lies between it and the others. The bound: knowing each draw beforehand one could do no better
than its own optimum, so that no split's quantile is above the quantile of these.
"""

from dataclasses import replace

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.curves import ResponseCurves
from aibuyer_kit.planning.kernels import Arms, taken, values_at
from aibuyer_kit.planning.relaxation import Question, dual_value
from aibuyer_kit.planning.request import PlanRequest
from aibuyer_kit.planning.search import not_below
from aibuyer_kit.planning.solve import Solved, solve
from aibuyer_kit.planning.tables import NO_TABLE

_TILTS = (0.5, 1.0, 2.0, 4.0)
_ROUNDS = 3
_BETWEEN = np.linspace(0.0, 1.0, 9)[1:-1]


def solve_risk(curves: ResponseCurves, asked: PlanRequest, total: float, *, cost: float, risk: float) -> Solved:
    """Return the split with the highest quantile `risk` of what it brings, over the draws, and a bound on it."""
    mean = solve(curves, asked, total, cost=cost)
    order = mean.bounds.grove.order
    ordered = curves.only(order.tolist())
    best, worth = mean, _quantile(ordered, mean, mean.found.spend, risk)
    for tilt in _TILTS:
        at = mean
        for _ in range(_ROUNDS):
            weights = _weights(_brings(ordered, at, at.found.spend), tilt, risk)
            at = solve(curves, asked, total, cost=cost, weights=weights)
            if (gain := _quantile(ordered, at, at.found.spend, risk)) > worth:
                best, worth = at, gain
    spend, worth = _between(ordered, mean, best, risk, worth)
    bound = not_below(_bound(ordered, best, risk), worth)
    by_arm = np.empty(len(order))
    by_arm[order] = spend
    return replace(best, spend=by_arm, found=replace(best.found, spend=spend, worth=worth, bound=bound))


def _weights(brings: Floats, tilt: float, risk: float) -> Floats:
    """Return more weight for draws that bring little; above the median, for those that bring much."""
    # A split of next to no money may lie, by rounding, where it must not: it says nothing of the draws.
    spread = float(brings.std()) if np.isfinite(brings).all() else 0.0
    if spread <= 0.0:
        return np.full(len(brings), 1.0 / len(brings))
    weights = np.exp((tilt if risk > 0.5 else -tilt) * (brings - brings.mean()) / spread)
    return np.asarray(weights / weights.sum())


def _brings(curves: ResponseCurves, solved: Solved, spend: Floats) -> Floats:
    """Return what a split (in the tree's order) brings by draw, less what it costs; -inf where it may not be."""
    fixed = _fixed_costs(solved.question, spend)
    return np.asarray(curves.value(spend).sum(axis=1) - solved.question.cost * spend.sum() - fixed)


def _fixed_costs(question: Question, spend: Floats) -> float:
    nothing = question.arms._replace(
        ceiling=np.zeros(len(spend)), log_half=np.zeros(len(spend)), slope=np.ones(len(spend)), grid=NO_TABLE
    )
    return -float(values_at(nothing, spend).sum())


def _quantile(curves: ResponseCurves, solved: Solved, spend: Floats, risk: float) -> float:
    brings = _brings(curves, solved, spend)
    # Between two splits an arm may come to lie where it must not.
    return float(np.quantile(brings, risk)) if np.isfinite(brings).all() else -np.inf


def _between(curves: ResponseCurves, one: Solved, other: Solved, risk: float, worth: float) -> tuple[Floats, float]:
    """Return the best split on the way from one to the other: limits of sums hold there too."""
    best = other.found.spend
    for share in _BETWEEN.tolist():
        spend = (1.0 - share) * one.found.spend + share * other.found.spend
        if (gain := _quantile(curves, other, spend, risk)) > worth:
            best, worth = spend, gain
    return best, worth


def _bound(curves: ResponseCurves, solved: Solved, risk: float) -> float:
    """Return the quantile of what each draw's own best split could bring at most, at the plan's prices."""
    question, root = solved.question, solved.found.root
    prices = np.column_stack([root.prices, root.prices])
    bounds = []
    for draw in range(curves.draws):
        arms: Arms = question.arms._replace(
            ceiling=np.ascontiguousarray(curves.ceiling[draw]),
            log_half=np.log(curves.half[draw]),
            slope=np.ascontiguousarray(curves.slope[draw]),
            grid=NO_TABLE,
            grid_value=NO_TABLE,
            grid_slope=NO_TABLE,
            hint=np.full(len(curves.arms), np.nan),
        )
        own = replace(question, arms=arms)
        spend, value, _, _ = taken(arms, question.tree, question.low, question.high, prices)
        bounds.append(dual_value(own, root.prices, root.sets, root.limits, spend, value))
    return float(np.quantile(bounds, risk))
