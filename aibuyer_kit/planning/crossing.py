"""Groups that overlap: each has a price of its own on top of the tree's, found by the dual; then the split is mended.

A tree of groups is met exactly by one price each. Groups that share arms with others have no such order, so that their
prices are found together, by descending the dual (smooth where curves are concave). It bounds every plan at any prices.
What its split is off by, a linear program puts right with the least change.
"""

from dataclasses import dataclass, replace

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.feasible import some_split
from aibuyer_kit.planning.kernels import Rows, concave_around
from aibuyer_kit.planning.mixed import MOST_ARMS, side_by_side
from aibuyer_kit.planning.relaxation import Question, Relaxed, relaxed
from aibuyer_kit.planning.search import Found, best_split, not_below

# A gap of this share of the bound is worth a program in whole numbers.
_GAPES = 1e-6
_MOST_STEPS = 200
_POLISH = 12


@dataclass(frozen=True)
class Crossed:
    """The best split that is found, and by overlapping group the price of its limit: above 0 of its most."""

    found: Found
    prices: Floats


def split_of(question: Question) -> Crossed | None:
    """Return the best split of a question, whether its groups overlap or not; None where none was found."""
    if question.rows is None:
        found = best_split(question)
        return Crossed(found, np.zeros(0)) if found else None
    dual = _priced(question, question.rows)
    spend = _mended(question, dual.answer) if dual.answer else None
    if dual.answer is None or spend is None:
        return None
    worth, bound = question.worth(spend), dual.value
    if bound - worth > _GAPES * abs(bound) and len(spend) <= MOST_ARMS:
        spend, worth, bound = _closed(question, (spend, worth), bound)
    return Crossed(Found(spend, worth, not_below(bound, worth), dual.answer, 1), dual.prices)


def _closed(question: Question, found: tuple[Floats, float], bound: float) -> tuple[Floats, float, float]:
    """Return a better split and a lower bound where an arm may be on either side of its S."""
    mixed = side_by_side(question)
    best, worth = found
    if mixed.spend is not None and np.isfinite(question.worth(mixed.spend)):
        spend = _polished(question, mixed.spend)
        if (gain := question.worth(spend)) > worth:
            best, worth = spend, gain
    return best, worth, min(bound, mixed.bound)


def with_prices(question: Question, prices: Floats) -> Question:
    """Return the question at prices of overlapping groups: their arms pay more, or less."""
    if question.rows is None:
        return question
    return replace(question, arms=question.arms._replace(extra=prices @ question.rows.inside))


class _Dual:
    """The dual as a function of what overlapping groups' limits cost, with the lowest that was seen."""

    def __init__(self, question: Question, rows: Rows) -> None:
        self._question, self._rows = question, rows
        self._most = np.where(np.isfinite(rows.most), rows.most, 0.0)
        self.prices, self.value = np.zeros(len(rows.least)), np.inf
        self.answer: Relaxed | None = None

    def __call__(self, both: Floats) -> tuple[float, Floats]:
        """Return value and slope at prices of the most of each group, and then of the least of each."""
        question, rows, count = self._question, self._rows, len(self._rows.least)
        prices = (both[:count] - both[count:]) * question.guess
        at = relaxed(with_prices(question, prices), question.low, question.high, tight=False)
        if at is None:
            return np.inf, np.zeros(2 * count)
        inside = rows.inside @ at.spend
        value = at.bound + question.guess * float(both[:count] @ self._most - both[count:] @ rows.least)
        if value < self.value:
            self.prices, self.answer, self.value = prices, at, value
        return value, question.guess * np.concatenate([self._most - inside, inside - rows.least])


def _priced(question: Question, rows: Rows) -> _Dual:
    """Return the dual after the way down to where it is lowest."""
    from scipy.optimize import minimize

    dual = _Dual(question, rows)
    start = np.zeros(2 * len(rows.least))
    limits = [(0.0, None if np.isfinite(most) else 0.0) for most in rows.most]
    limits += [(0.0, None if least > 0.0 else 0.0) for least in rows.least]
    if dual(start)[0] < np.inf:
        options = {"maxiter": _MOST_STEPS, "ftol": 1e-15, "gtol": 1e-10}
        minimize(dual, start, jac=True, method="L-BFGS-B", bounds=limits, options=options)
    return dual


def _mended(question: Question, root: Relaxed) -> Floats | None:
    """Return the best split near one that overlapping groups may not allow."""
    start = some_split(question, near=root.spend)
    if start is None or not np.isfinite(question.worth(start)):
        return None
    return _polished(question, start)


def _polished(question: Question, spend: Floats) -> Floats:
    """Return a better split by linear programs within shrinking ranges, where curves are as good as straight."""
    low, high = concave_around(question.arms, spend, question.low, question.high)
    reach, worth = 0.2 * np.maximum(spend, spend.mean()), question.worth(spend)
    for _ in range(_POLISH):
        begin, stop = np.maximum(low, spend - reach), np.minimum(high, spend + reach)
        found = _straight(question, spend, begin, stop)
        if found is not None:
            shares = np.linspace(0.0, 1.0, 9)[1:]
            gains = [question.worth(spend + share * (found - spend)) for share in shares]
            best = int(np.argmax(gains))
            if gains[best] > worth:
                spend, worth = spend + shares[best] * (found - spend), gains[best]
                continue
        reach = reach / 4.0
    return spend


def _straight(question: Question, spend: Floats, low: Floats, high: Floats) -> Floats | None:
    from scipy.optimize import linprog

    from aibuyer_kit.planning.feasible import all_rows
    from aibuyer_kit.planning.kernels import value_of

    slopes = np.array([value_of(question.arms, arm, max(float(each), 1e-9))[1] for arm, each in enumerate(spend)])
    inside, least, most = all_rows(question)
    finite = np.isfinite(most)
    answer = linprog(
        question.cost - np.minimum(slopes, 1e6 * question.guess),
        A_ub=np.vstack([inside[finite], -inside]),
        b_ub=np.concatenate([most[finite], -least]),
        bounds=np.column_stack([low, high]),
    )
    return None if answer.x is None else np.asarray(answer.x)
