"""The cheapest experiment that would tell what the past does not: budgets up and down by turns."""

from dataclasses import dataclass

import numpy as np

from aibuyer_kit.planning.response.learn import Learnt

# Steps within a fifth do not begin the learning phase anew.
_STEPS = (0.2, 0.35, 0.5)
_WEEKS = (2, 4, 6, 8)
# An elasticity known as well as that is known well enough to move money by.
_KNOWN_WELL = 0.15
_STILL_WANTED = 0.8


@dataclass(frozen=True)
class Trial:
    """Two weeks by turns at `low` and at `high` a day, `days` in all, so that the mean spend stays as it is.

    `cost` is the value that is expected to be lost by it. `error_now` and `error_after` are standard deviations of the
    elasticity; `resolves` whether the latter is good enough.
    """

    arm: str
    low: float
    high: float
    days: int
    cost: float
    error_now: float
    error_after: float

    @property
    def resolves(self) -> bool:
        return self.error_after <= _KNOWN_WELL


def cheapest_trial(learnt: Learnt, place: int) -> Trial | None:
    """Return the cheapest experiment after which an arm's elasticity is known well; None where nothing is spent.

    Where none of those looked at does that, it is the one that tells most.
    """
    curves = learnt.curves
    spend = float(curves.spend_now[place])
    if spend <= 0:
        return None
    now = float(learnt.elasticity[:, place].std())
    tried = [_tried(learnt, place, spend, now, step, weeks * 7) for step in _STEPS for weeks in _WEEKS]
    good = [one for one in tried if one.resolves and one.error_after < _STILL_WANTED * now]
    return min(good, key=lambda one: one.cost) if good else min(tried, key=lambda one: one.error_after)


def _tried(learnt: Learnt, place: int, spend: float, now: float, step: float, days: int) -> Trial:
    at = np.array([spend * (1 - step), spend, spend * (1 + step)])
    one = learnt.curves.only([place])
    low, held, high = (float(np.mean(one.value(each[None])[:, 0])) for each in at)
    cost = max(0.0, held - (low + high) / 2) * days
    worth = max(1e-9, float(learnt.value_per_result[place]) * float(np.median(learnt.share[:, place])))
    results = np.array([max(low, 1e-6), max(high, 1e-6)]) / worth * days / 2
    # Of a difference of logarithms: by the results of both halves, and by how far the level drifts between them.
    turns = max(1.0, days / 28)
    variance = float(learnt.fitted.noise[place] * (1 / results).sum()) + 2 * learnt.fitted.usual.drift**2 / turns
    told = variance / np.log((1 + step) / (1 - step)) ** 2
    after = float((now**-2 + 1 / told) ** -0.5) if now > 0 else 0.0
    return Trial(learnt.curves.arms[place], at[0], at[2], days, cost, now, after)
