"""What results go by beside the spend of the day: spend carried over, weariness, and how much an arm has learnt."""

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.response.series import Series

SLOW_HALF_LIFE_DAYS = 14.0
# A move of the mean spend of some days by more than this, in logarithms, begins the learning phase anew; so many
# results end it.
_EDIT, _LEARNT_RESULTS = 0.25, 50.0
_LEAST_SHARE = 0.02


def carried_spend(spend: Floats, carry: float) -> Floats:
    """Return spend with what carries over (days, arms): ``x(t) = carry * x(t-1) + (1 - carry) * spend(t)``.

    The weights add up to 1, so that a steady spend stays what it is. Source: the geometric adstock of Broadbent (1979).

    >>> carried_spend(np.array([[10.0], [0.0], [0.0]]), 0.5).ravel().tolist()
    [10.0, 5.0, 2.5]
    """
    if carry <= 0:
        return spend
    found = np.empty_like(spend)
    held = spend[0]
    for day in range(len(spend)):
        held = carry * held + (1 - carry) * spend[day]
        found[day] = held
    return found


def slow_spend(series: Series) -> Floats:
    """Return the spend that people remember: an exponential mean of the days before, as a multiple of the centre."""
    keep = 0.5 ** (1 / SLOW_HALF_LIFE_DAYS)
    found = np.empty_like(series.spend)
    first = series.spend[:14].mean(axis=0)
    held = np.where(first > 0, first, series.centre)
    for day in range(series.days):
        found[day] = held
        held = keep * held + (1 - keep) * series.spend[day]
    return np.asarray(np.maximum(found, _LEAST_SHARE * series.centre) / series.centre)


def unlearnt(series: Series) -> Floats:
    """Return how little an arm had learnt by each day: 1 just after its spend moved, 0 once it had learnt.

    Edits are seen by the spend only: the mean of two days against that of the three before them.
    """
    days, arms = series.spend.shape
    none = np.zeros((1, arms))
    sums = np.concatenate([none, np.cumsum(np.log(np.where(series.used, series.spend, 1.0)), axis=0)])
    counts = np.concatenate([none, np.cumsum(series.used, axis=0)])
    arrived = series.results / series.known
    found = np.zeros((days, arms))
    since = np.full(arms, np.inf)
    for day in range(3, days):
        last = min(days, day + 2)
        before = (sums[day] - sums[day - 3]) / np.maximum(1, counts[day] - counts[day - 3])
        after = (sums[last] - sums[day]) / np.maximum(1, counts[last] - counts[day])
        seen = (counts[day] > counts[day - 3]) & (counts[last] > counts[day])
        since = np.where(seen & (np.abs(after - before) > _EDIT), 0.0, since)
        found[day] = np.maximum(0.0, 1 - since / _LEARNT_RESULTS)
        since = since + arrived[day]
    return found
