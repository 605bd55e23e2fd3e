"""Confidence in a comparison: how probable it is that it holds of what lies behind an object's figures.

Figures are one draw of luck; what a rule is about is the rate that would show if the same went on for long. The README
tells the model in words, `posterior.py` has its mathematics. Everything is arrays of one number an object.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.metrics import METRICS
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.rules.posterior import SCORE_ERROR, USUAL, Belief, Beliefs, Floats, Product, mean_of, rate_of

OPERATORS = (">", ">=", "<", "<=")
# The sums over a window by measure, one number an object: money in micros; NaN is unknown.
Sums = Mapping[str, ArrayLike]
_Columns = Mapping[str, Floats]


@dataclass(frozen=True)
class _Model:
    """A metric as `count` per `exposure`, times the mean `worth` of a count where it has one.

    `inverse` is exposure per count. `of_window` is what is expected over all of the window's spend, and `less_spend`
    takes that spend off. Without an exposure it is the mean worth alone.
    """

    count: str
    exposure: str
    worth: str = ""
    inverse: bool = False
    of_window: bool = False
    less_spend: bool = False

    @property
    def measures(self) -> tuple[str, ...]:
        return tuple(name for name in (self.exposure, self.count, self.worth) if name)


_MODELS: Mapping[str, _Model] = {
    "results": _Model("results", "spend", of_window=True),
    "cpa": _Model("results", "spend", inverse=True),
    "cvr": _Model("results", "clicks"),
    "ctr": _Model("clicks", "impressions"),
    "cpc": _Model("clicks", "spend", inverse=True),
    "value_per_result": _Model("results", "", "revenue"),
    "roas": _Model("results", "spend", "revenue"),
    "revenue": _Model("results", "spend", "revenue", of_window=True),
    "poas": _Model("results", "spend", "gross_profit"),
    "gross_profit": _Model("results", "spend", "gross_profit", of_window=True),
    "profit": _Model("results", "spend", "gross_profit", of_window=True, less_spend=True),
}
# All that have one.
MODELLED = tuple(_MODELS)


def has_model(metric: str) -> bool:
    """Return whether comparisons of a metric have a probability.

    >>> [name for name in METRICS if not has_model(name)]
    ['spend', 'impressions', 'clicks', 'link_clicks', 'reach', 'revenue_assumed', 'cpm']
    """
    return metric in _MODELS


def measures_of(metric: str) -> tuple[str, ...]:
    """Return the measures whose sums the probability of a metric takes. Raises InputError for one without a model.

    >>> measures_of("poas")
    ('spend', 'results', 'gross_profit')
    """
    return _model(metric).measures


@dataclass(frozen=True)
class Confidence:
    """What is believed of one metric of many objects over one window: made once, it answers for any threshold.

    Operators are OPERATORS, others raise InputError; a threshold is in units of the metric as a rule states it (money
    in currency units, shares as shares), one for all objects or one for each.
    """

    metric: str
    belief: Belief
    spend: Floats

    def probability(self, op: str, threshold: ArrayLike) -> Floats:
        """Return how probable it is that ``metric op threshold`` holds of each object; NaN where it is unknown."""
        is_below = self._is_below(op)
        with np.errstate(all="ignore"):
            limit = self._limit(threshold)
            found: Floats = self.belief.below(limit) if is_below else self.belief.above(limit)
        return found

    def reaches(self, op: str, threshold: ArrayLike, min_probability: float) -> Floats:
        """Return 1 where `probability` is at least `min_probability`, 0 where it is less, NaN where it is unknown.

        It is what comparing gives, many times faster: only objects whose score leaves it open are looked at closely.
        """
        is_below = self._is_below(op)
        with np.errstate(all="ignore"):
            limit = self._limit(threshold)
            score = self.belief.score(limit) if is_below else -self.belief.score(limit)
            can_be_told = self.belief.least_shape >= 1
            is_sure = can_be_told & (score > special.ndtri(min(1.0, min_probability + SCORE_ERROR)))
            is_out = can_be_told & (score < special.ndtri(max(0.0, min_probability - SCORE_ERROR)))
            found: Floats = is_sure.astype(np.float64)
            rows = np.flatnonzero(~(is_sure | is_out))
            near = self.belief.take(rows)
            limits = np.broadcast_to(limit, found.shape)[rows]
            chance = near.below(limits) if is_below else near.above(limits)
            found[rows] = np.where(np.isnan(chance), np.nan, chance >= min_probability)
        return found

    def _is_below(self, op: str) -> bool:
        """Return whether the comparison is about the belief being below its limit."""
        if op not in OPERATORS:
            raise InputError(f"{op!r} has no probability, since a rate is never exactly a number. Known: {OPERATORS}.")
        return op.startswith("<") != _model(self.metric).inverse

    def _limit(self, threshold: ArrayLike) -> Floats:
        """Return what the rate, the mean or their product is held against; none of them is ever below 0."""
        model = _model(self.metric)
        limit = np.asarray(threshold, np.float64)
        limit = np.where(np.isfinite(limit), limit, np.nan)
        if model.less_spend:
            limit = limit + self.spend
        if model.of_window:
            limit = limit / self.spend
        limit = np.maximum(limit, 0.0)
        return np.divide(1.0, limit) if model.inverse else limit


def believe(
    metric: str,
    own: Sums,
    group: Sums | None,
    *,
    days: ArrayLike,
    arrived: ArrayLike = 1.0,
    group_arrived: ArrayLike | None = None,
    beliefs: Beliefs = USUAL,
) -> Confidence:
    """Return what is believed of a metric of objects, one row each.

    `own` has the sums of the objects, `group` those of their parents, own ones included, over the same window of `days`
    days; None is for objects without a parent. `arrived` is the share of the window's results that has arrived by now:
    counts are held against a smaller exposure by it; `group_arrived` is that of the parents, the same if it is not
    given. All broadcast together.

    Unknown is what rests on a figure that is missing (NaN), infinite or below zero, on a parent that has less than its
    object, on an exposure of zero, or on the value of results of which none has one. Raises InputError for a metric
    without a model, and for a measure that is not given.
    """
    model = _model(metric)
    sums = [_column(own, name) for name in model.measures]
    sums += [_column(own if group is None else group, name) for name in model.measures]
    shares = (arrived, arrived if group_arrived is None else group_arrived)
    others = [np.atleast_1d(np.asarray(each, np.float64)) for each in (days, *shares)]
    columns = np.broadcast_arrays(*others, *sums)
    names = model.measures
    with np.errstate(all="ignore"):
        is_known = _is_known(columns, len(names))
        own_sums = {name: np.where(is_known, each, np.nan) for name, each in zip(names, columns[3:], strict=False)}
        rest = {name: each - own_sums[name] for name, each in zip(names, columns[3 + len(names) :], strict=True)}
        belief = _belief(model, own_sums, rest, columns, beliefs)
    return Confidence(metric, belief, own_sums.get("spend", columns[0]))


def probability(metric: str, op: str, threshold: ArrayLike, own: Sums, group: Sums | None, **given: Any) -> Floats:
    """Return the probability of one comparison; everything is as `believe` and `Confidence.probability` take it.

    >>> own, group = {"spend": 120_000_000, "results": 0}, {"spend": 900_000_000, "results": 30}
    >>> probability("cpa", ">", 40, own, group, days=7).round(3)
    array([0.858])
    """
    return believe(metric, own, group, **given).probability(op, threshold)


def _model(metric: str) -> _Model:
    try:
        return _MODELS[metric]
    except KeyError:
        raise InputError(
            f"There is no probability of {metric!r}. Metrics that have one: {', '.join(sorted(_MODELS))}."
        ) from None


def _column(sums: Sums, name: str) -> Floats:
    try:
        column = np.asarray(sums[name], np.float64)
    except KeyError:
        raise InputError(f"The sums of {name!r} are not given; there are those of {', '.join(sums)}.") from None
    return column / MICROS_PER_UNIT if METRICS[name].unit == "money" else column


def _is_known(columns: tuple[Floats, ...], measures: int) -> NDArray[np.bool_]:
    days, arrived, group_arrived, *sums = columns
    is_known: NDArray[np.bool_] = np.logical_and.reduce([np.isfinite(each) for each in columns])
    is_known &= (days > 0) & (arrived > 0) & (group_arrived > 0)
    for own, group in zip(sums[:measures], sums[measures:], strict=True):
        is_known &= (own >= 0) & (group >= own)
    return is_known


def _belief(model: _Model, own: _Columns, rest: _Columns, columns: tuple[Floats, ...], beliefs: Beliefs) -> Belief:
    days, arrived, group_arrived, *_ = columns
    counts = own[model.count], rest[model.count]
    mean = mean_of(*counts, own[model.worth], rest[model.worth], beliefs) if model.worth else None
    if mean and not model.exposure:
        return mean
    seen = own[model.exposure], rest[model.exposure]
    if model.count == "results":
        # Held against the part of the exposure whose results are in, a count keeps its own uncertainty.
        seen = seen[0] * arrived, seen[1] * group_arrived
    rate = rate_of(*counts, *seen, days, beliefs)
    return Product(rate, mean) if mean else rate
