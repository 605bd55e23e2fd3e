"""What is too young to be told from itself: its siblings say what a unit of budget brings, or what a sibling brings."""

from dataclasses import dataclass

import numpy as np

from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet

# With fewer steps since its first value, a series borrows from its siblings.
YOUNG_STEPS = 14
# As many steps of its own count as much as all its siblings say.
_BEHIND_STEPS = 5.0


@dataclass(frozen=True)
class Borrowed:
    """Forecasts (steps, series) with what young ones borrowed, by how much siblings differ, and from how many."""

    base: Floats
    doubt: Floats
    siblings: dict[int, int]


def borrow(series: SeriesSet, base: Floats) -> Borrowed:
    """Return forecasts in which young series are moved to what their siblings tell, the fewer days the further.

    Siblings are of the same parent, or else of the same segment, or else all that are old enough; one that shares more
    attributes counts for more.
    """
    horizon = len(base)
    ages = series.times - series.firsts()
    young = ages < YOUNG_STEPS
    old = np.flatnonzero(~young & np.isfinite(base).all(axis=0))
    found, doubt, siblings = base.copy(), np.zeros(series.count), {}
    budget = series.known.get(BUDGET)
    ahead = None if budget is None else budget[series.times : series.times + horizon]
    for place in np.flatnonzero(young):
        if not _may_come(series, int(place), ahead) or not len(old):
            continue
        near, weight = _siblings(series, int(place), old)
        per_unit = (
            base[:, near] if ahead is None else base[:, near] / np.where(ahead[:, near] > 0, ahead[:, near], np.nan)
        )
        if ahead is not None and not np.isfinite(per_unit).any():
            continue
        rates = np.nanmean(per_unit, axis=0)
        known = np.isfinite(rates)
        if not known.any():
            continue
        rate = float((weight[known] * rates[known]).sum() / weight[known].sum())
        told = np.full(horizon, rate) if ahead is None else rate * ahead[:, place]
        own_share = max(int(ages[place]), 0) / (max(int(ages[place]), 0) + _BEHIND_STEPS)
        own = base[:, place]
        found[:, place] = np.where(np.isfinite(own), own_share * own, 0.0) + (1 - own_share * np.isfinite(own)) * told
        spread = float(np.std(rates[known])) / max(abs(rate), 1e-12) if known.sum() > 2 else 0.5
        doubt[place] = (1 - own_share) * min(max(spread, 0.2), 2.0)
        siblings[int(place)] = int(known.sum())
    return Borrowed(found, doubt, siblings)


def _may_come(series: SeriesSet, place: int, ahead: Floats | None) -> bool:
    """Return whether anything may come of a series: it has begun, or is planned to."""
    begun = series.firsts()[place] < series.times
    return bool(begun or (ahead is not None and ahead[:, place].sum() > 0))


def _siblings(series: SeriesSet, place: int, old: Ints) -> tuple[Ints, Floats]:
    near = old
    for groups in (series.parents, series.segments):
        same = [other for other in old if groups and groups[other] == groups[place]]
        if same:
            near = np.array(same)
            break
    if not series.attributes:
        return near, np.ones(len(near))
    own = series.attributes[place]
    return near, np.array([1.0 + 3 * len(own & series.attributes[other]) for other in near])
