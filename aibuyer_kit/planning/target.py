"""Plans that have a target instead of a total: the most value that still returns enough, or costs little enough."""

from dataclasses import dataclass, replace

import numpy as np

from aibuyer_kit.core.errors import PlanError
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.crossing import Crossed, split_of, with_prices
from aibuyer_kit.planning.curves import ResponseCurves
from aibuyer_kit.planning.feasible import some_split
from aibuyer_kit.planning.kernels import value_of
from aibuyer_kit.planning.relaxation import Question
from aibuyer_kit.planning.request import PlanRequest
from aibuyer_kit.planning.search import not_below
from aibuyer_kit.planning.solve import Solved, not_at_once, possible, question_of

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
    """Return the split of most value that meets a target, and what loosening it by one unit is worth.

    That is a return lower by one, or a result that may cost one unit of money more.

    With a weight `x` from 0 to 1, of `(1 - x) value + x (what the target counts - target * spend)` the best split meets
    the target the better the higher x is; the lowest x that does gives the plan, and by weak duality its bound.
    Raises PlanError where no split meets it.
    """
    bounds = possible(curves, replace(asked, spend_all=False), None)
    question = question_of(curves, asked, bounds, cost=0.0)
    by_value = target.by_value[bounds.grove.order]
    if some_split(question) is None:
        raise not_at_once(bounds, curves)
    weight, best = _least_weight(question, target, by_value)
    spend = np.empty(len(curves.arms))
    spend[bounds.grove.order] = best.found.spend
    value = question.worth(best.found.spend)
    # At the weight 1 value does not count, and nothing bounds it.
    bound = best.found.bound / (1.0 - weight) if weight < 1.0 else np.inf
    worth = weight / (1.0 - weight) * float(spend.sum()) if weight < 1.0 else 0.0
    if target.name == "target_cpa":
        # The target is 1 / cpa results for each unit of spend: d (1 / cpa) / d cpa = -(1 / cpa)^2.
        worth *= target.least**2
    found = replace(best.found, worth=value, bound=not_below(bound, value))
    weighted = with_prices(_question(question, target.least, by_value, weight), best.prices)
    return Solved(spend, bounds, weighted, found, best.prices, _scale(by_value, weight)), worth


def _least_weight(question: Question, target: Target, by_value: Floats) -> tuple[float, Crossed]:
    low, high = 0.0, 1.0
    best = _weighted(question, target.least, by_value, high)
    if best is None or _slack(question, best, target.least, by_value) < 0.0:
        raise _out_of_reach(question, best, target, by_value)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        found = _weighted(question, target.least, by_value, middle)
        if found is None or _slack(question, found, target.least, by_value) < 0.0:
            low = middle
        else:
            best, high = found, middle
    return high, best


def _weighted(question: Question, least: float, by_value: Floats, weight: float) -> Crossed | None:
    return split_of(_question(question, least, by_value, weight))


def _question(question: Question, least: float, by_value: Floats, weight: float) -> Question:
    scale, arms = _scale(by_value, weight), question.arms
    if arms.grid.shape[0]:
        arms = arms._replace(grid_value=arms.grid_value * scale[:, None], grid_slope=arms.grid_slope * scale[:, None])
    else:
        arms = arms._replace(ceiling=arms.ceiling * scale)
    # Learning anew is paid in value, and counts as value does.
    arms = arms._replace(piece_cost=(1.0 - weight) * arms.piece_cost)
    return replace(question, arms=arms, cost=weight * least)


def _scale(by_value: Floats, weight: float) -> Floats:
    return np.asarray((1.0 - weight) + weight * by_value)


def _values(question: Question, spend: Floats) -> Floats:
    return np.array([value_of(question.arms, arm, float(each))[0] for arm, each in enumerate(spend)])


def _slack(question: Question, best: Crossed, least: float, by_value: Floats) -> float:
    """Return by how much a split brings more than the target asks for."""
    spend = best.found.spend
    slack = float((by_value * _values(question, spend)).sum() - least * spend.sum())
    return 0.0 if abs(slack) <= 1e-12 * least * max(float(spend.sum()), 1.0) else slack


def _out_of_reach(question: Question, best: Crossed | None, target: Target, by_value: Floats) -> PlanError:
    if best is None:
        return PlanError("No split was found that keeps all limits.")
    spend = best.found.spend
    brings = float((by_value * _values(question, spend)).sum()) / max(float(spend.sum()), 1e-12)
    is_roas = target.name == "target_roas"
    asked, reached = (target.least, brings) if is_roas else (1.0 / target.least, 1.0 / max(brings, 1e-12))
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
        f"These curves are of {curves.value_of.replace('_', ' ')}; how much {name} goes with it is not known. "
        f"Plan on {name} themselves with value_of (--value-of {name}), where the account reports them."
    )
