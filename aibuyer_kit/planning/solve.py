"""One question of a split at one total, from curves and limits to the best spend of every arm."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from aibuyer_kit.core.errors import PlanError
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.clashes import clashing, clashing_crossing, refuse
from aibuyer_kit.planning.crossing import Crossed, split_of, with_prices
from aibuyer_kit.planning.curves import ResponseCurves
from aibuyer_kit.planning.feasible import some_split
from aibuyer_kit.planning.groups import rows_of
from aibuyer_kit.planning.kernels import concave_around
from aibuyer_kit.planning.limits import SOFT, Bounds, Limit, bounds_of
from aibuyer_kit.planning.pieces import pieces_of
from aibuyer_kit.planning.relaxation import Question, relaxed
from aibuyer_kit.planning.request import PlanRequest, units
from aibuyer_kit.planning.search import Found, not_below
from aibuyer_kit.planning.tables import arms_of


@dataclass(frozen=True)
class Solved:
    """The best split: spend by arm in the curves' order, and all that it was found with, in the tree's order."""

    spend: Floats
    bounds: Bounds
    question: Question
    found: Found
    crossing: Floats  # by overlapping group the price of its limit, above 0 of its most
    scale: Floats | float = 1.0  # by arm, in the tree's order: what one unit of its value counts in the question


def solve(
    curves: ResponseCurves, asked: PlanRequest, total: float | None, *, cost: float = 0.0, weights: Floats | None = None
) -> Solved:
    """Return the split of a total that is worth most. Raises PlanError that names the limits which clash."""
    bounds = possible(curves, asked, total)
    question = question_of(curves, asked, bounds, cost=cost, weights=weights)
    crossed = split_of(question) or Crossed(_from_some(question, bounds, curves), _no_prices(bounds))
    spend = np.empty(len(curves.arms))
    spend[bounds.grove.order] = crossed.found.spend
    return Solved(spend, bounds, with_prices(question, crossed.prices), crossed.found, crossed.prices)


def question_of(
    curves: ResponseCurves, asked: PlanRequest, bounds: Bounds, *, cost: float, weights: Floats | None = None
) -> Question:
    """Return the question in numbers, in the order of its tree."""
    order = bounds.grove.order
    low, high = bounds.box.low[order], bounds.box.high[order]
    free = bounds.free[0][order], bounds.free[1][order]
    high = np.maximum(high, low)
    pieces = pieces_of(low, high, bounds.may_stop[order], free, reset_loss(asked))
    ordered = curves if np.array_equal(order, np.arange(len(order))) else curves.only(order.tolist())
    least = np.where(bounds.may_stop[order] > 0.0, 0.0, low)
    arms = arms_of(ordered, pieces, low, high, weights)
    rows = rows_of(bounds.grove, curves.arms)
    return Question(arms, bounds.grove.tree, least, high, cost, _usual_price(curves), rows)


def _no_prices(bounds: Bounds) -> Floats:
    return np.zeros(len(bounds.grove.crossing))


def reset_loss(asked: PlanRequest) -> float:
    """Return what learning anew costs a day, spread over the days of the plan."""
    return float(units(asked.reset_loss, "reset_loss")) / asked.days if asked.reset_loss is not None else 0.0


def _usual_price(curves: ResponseCurves) -> float:
    """Return a price of money of the right order, from which the search for the right one begins."""
    return max(float(np.median(curves.ceiling / curves.half)) / 4.0, 1e-9)


def possible(curves: ResponseCurves, asked: PlanRequest, total: float | None) -> Bounds:
    """Return limits that can hold together. Raises PlanError that names those which clash, and what lets go of ours."""
    bounds = bounds_of(curves, asked, total)
    clash = _clash(bounds, curves)
    if not clash:
        return bounds
    cure = ""
    if any(limit.kind in SOFT for limit in clash):
        for said, request in _released(asked):
            rest = _clash(bounds_of(curves, request, total), curves)
            if not rest:
                cure = said
                break
        else:
            clash = rest  # what was asked for clashes by itself
    raise refuse(clash, dict(zip(curves.arms, curves.names, strict=True)), _left(bounds, clash) + cure)


def _clash(bounds: Bounds, curves: ResponseCurves) -> Sequence[Limit]:
    return clashing(bounds, curves.arms) or clashing_crossing(bounds, curves.arms)


def _released(asked: PlanRequest) -> Iterator[tuple[str, PlanRequest]]:
    """Yield the question without some limits of ours, and how to ask so."""
    step = None if asked.step == "usual" else asked.step
    further = "Budgets move as far as it pays with step=None (--step any)"
    unknown = 'with unidentified="free" (--move-unidentified) arms move whose response the past does not tell'
    yield f" {further}.", replace(asked, step=step)
    yield f" {unknown.capitalize()}.", replace(asked, unidentified="free")
    yield f" {further}; {unknown}.", replace(asked, step=step, unidentified="free")


def _left(bounds: Bounds, clash: Sequence[Limit]) -> str:
    """Return what arms can spend together, where it is the total that they clash with."""
    if all(limit.kind != "total" for limit in clash) or bounds.grove.crossing or len(bounds.grove.names) > 1:
        return ""
    if any(limit.kind == "total" and limit.side == "least" for limit in clash):
        return f" Without the total, the limits of arms leave at most {float(bounds.box.high.sum()):,.2f} a day."
    least = float((bounds.box.low * (1.0 - bounds.may_stop)).sum())
    return f" Without the total, the limits of arms leave at least {least:,.2f} a day; with may_stop arms may go to 0."


def _from_some(question: Question, bounds: Bounds, curves: ResponseCurves) -> Found:
    """Return the best split near any that the limits allow, where pieces of spend leave few."""
    root = relaxed(question, question.low, question.high, tight=False)
    some = some_split(question)
    if root is None or some is None:
        arms = curves.arms
        stops = [arm for arm, may in zip(arms, bounds.may_stop, strict=True) if may]
        limits = [Limit("one_of", "least", arm, bounds.box.low[arms.index(arm)]) for arm in stops]
        whole = [] if bounds.total is None else [Limit("total", "most", "", bounds.total)]
        raise refuse([*whole, *limits], dict(zip(arms, curves.names, strict=True)))
    begin, stop = concave_around(question.arms, some, question.low, question.high)
    mended = relaxed(question, begin, stop)
    spends = [some, *([mended.spend] if mended else [])]
    best = max(spends, key=question.worth)
    if not np.isfinite(question.worth(best)):
        raise PlanError("No split was found that keeps all limits.")
    return Found(best, question.worth(best), not_below(root.bound, question.worth(best)), root, 1)
