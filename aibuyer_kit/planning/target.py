"""Plans that have a target instead of a total: the most value that still returns enough, or costs little enough."""

from dataclasses import dataclass, replace

import numpy as np

from aibuyer_kit.core.errors import PlanError
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.curves import ResponseCurves
from aibuyer_kit.planning.kernels import value_of
from aibuyer_kit.planning.limits import Bounds
from aibuyer_kit.planning.relaxation import Question
from aibuyer_kit.planning.request import PlanRequest
from aibuyer_kit.planning.search import Found, best_split
from aibuyer_kit.planning.solve import Solved, possible, question_of

_HALVINGS = 45


@dataclass(frozen=True)
class Target:
    """At least `least` of something for each unit of spend, of which arms bring `by_value` for each unit of value."""

    name: str
    least: float
    by_value: Floats


def target_of(curves: ResponseCurves, asked: PlanRequest) -> Target | None:
    """Return the target of a question, if it has one. Raises PlanError if curves do not tell what it is about."""
    if asked.target_roas is not None:
        return Target("target_roas", asked.target_roas, _by_value(curves, "revenue", curves.revenue_by_value))
    if asked.target_cpa is not None:
        return Target("target_cpa", 1.0 / asked.target_cpa, _by_value(curves, "results", curves.results_by_value))
    return None


def solve_target(curves: ResponseCurves, asked: PlanRequest, target: Target) -> tuple[Solved, float]:
    """Return the split of most value that meets a target, and what one unit less of the target is worth.

    With a weight `x` from 0 to 1, of `(1 - x) value + x (what the target counts - target * spend)` the best split meets
    the target the better the higher x is; the lowest x that does gives the plan, and by weak duality its bound.
    Raises PlanError where no split meets it.
    """
    asked = replace(asked, spend_all=False)
    bounds = possible(curves, asked, None)
    question = question_of(curves, asked, bounds, cost=0.0)
    by_value = target.by_value[bounds.grove.order]
    low, high = 0.0, 1.0
    best = _weighted(question, target.least, by_value, high)
    if best is None or (slack := _slack(question, best, target.least, by_value)) < 0.0:
        raise _out_of_reach(question, bounds, best, target, by_value)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        found = _weighted(question, target.least, by_value, middle)
        slack = -1.0 if found is None else _slack(question, found, target.least, by_value)
        if found is None or slack < 0.0:
            low = middle
        else:
            best, high = found, middle
    scale = (1.0 - high) + high * by_value
    value = _value(question, best.spend)
    bound = best.bound / (1.0 - high) if high < 1.0 else np.inf
    spend = np.empty(len(curves.arms))
    spend[bounds.grove.order] = best.spend
    found = replace(best, worth=value, bound=max(bound, value))
    worth = high / (1.0 - high) * float(spend.sum()) if high < 1.0 else 0.0
    weighted = _question(question, target.least, by_value, high)
    return Solved(spend, bounds, weighted, found, scale), worth


def _weighted(question: Question, least: float, by_value: Floats, weight: float) -> Found | None:
    return best_split(_question(question, least, by_value, weight))


def _question(question: Question, least: float, by_value: Floats, weight: float) -> Question:
    scale = (1.0 - weight) + weight * by_value
    arms = question.arms
    if arms.grid.shape[0]:
        arms = arms._replace(grid_value=arms.grid_value * scale[:, None], grid_slope=arms.grid_slope * scale[:, None])
    else:
        arms = arms._replace(ceiling=arms.ceiling * scale)
    return replace(question, arms=arms, cost=weight * least)


def _value(question: Question, spend: Floats) -> float:
    return float(_values(question, spend).sum())


def _values(question: Question, spend: Floats) -> Floats:
    return np.array([value_of(question.arms, arm, float(each))[0] for arm, each in enumerate(spend)])


def _slack(question: Question, found: Found, least: float, by_value: Floats) -> float:
    """Return by how much a split brings more than the target asks for."""
    spend = found.spend
    slack = float((by_value * _values(question, spend)).sum() - least * spend.sum())
    return 0.0 if abs(slack) <= 1e-12 * least * max(float(spend.sum()), 1.0) else slack


def _out_of_reach(
    question: Question, bounds: Bounds, best: Found | None, target: Target, by_value: Floats
) -> PlanError:
    del bounds
    if best is None:
        return PlanError("No split keeps all limits.")
    brings = float((by_value * _values(question, best.spend)).sum()) / max(float(best.spend.sum()), 1e-12)
    asked, reached = (target.least, brings) if target.name == "target_roas" else (1.0 / target.least, 1.0 / brings)
    return PlanError(
        f"No split within these limits meets {target.name}={asked:g}; the nearest comes to {reached:.4g}. "
        "Loosen the target, or let budgets fall further (step, may_stop)."
    )


def _by_value(curves: ResponseCurves, name: str, by_value: Floats | None) -> Floats:
    if by_value is not None:
        return by_value
    if curves.value_of == name:
        return np.ones(len(curves.arms))
    raise PlanError(
        f"These curves are of {curves.value_of.replace('_', ' ')}; how much {name} goes with it is not known."
    )
