"""Confidence in a comparison: how probable it is that it holds of what lies behind an object's figures.

Figures are one draw of luck; what a rule is about is the rate that would show if the same went on for long. The README
tells the model in words, `posterior.py` has its mathematics. Everything is arrays of one number an object.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.metrics import METRICS
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.rules.posterior import USUAL, Belief, Beliefs, Floats, Mean, Product, mean_of, rate_of

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


def probability(
    metric: str,
    op: str,
    threshold: ArrayLike,
    own: Sums,
    group: Sums | None,
    *,
    days: ArrayLike,
    arrived: ArrayLike = 1.0,
    group_arrived: ArrayLike | None = None,
    beliefs: Beliefs = USUAL,
) -> Floats:
    """Return how probable it is that ``metric op threshold`` holds of each object; NaN where it is unknown.

    `threshold` is in units of the metric as a rule states it (money in currency units, shares as shares). `own` has the
    sums of the objects, `group` those of their parents, own ones included, over the same window of `days` days; None
    is for objects without a parent. `arrived` is the share of the window's results that has arrived by now, by which
    counts are held against a smaller exposure; `group_arrived` that of the parents, the same if it is not given. All
    broadcast together.

    Unknown is what is missing, infinite or below zero, a parent that has less than its object, an exposure of zero, and
    the value of results of which none has one. Raises InputError for a metric without a model, for operators other than
    OPERATORS, and for a measure that is not given.
    """
    model = _model(metric)
    if op not in OPERATORS:
        raise InputError(f"{op!r} has no probability, since a rate is never exactly a number. Known: {OPERATORS}.")
    sums = [_column(own, name) for name in model.measures]
    sums += [_column(own if group is None else group, name) for name in model.measures]
    shares = (arrived, arrived if group_arrived is None else group_arrived)
    others = [np.asarray(each, np.float64) for each in (threshold, days, *shares)]
    columns = np.broadcast_arrays(*others, *sums)
    found = np.full(columns[0].shape, np.nan)
    with np.errstate(all="ignore"):
        is_known = _is_known(columns, len(model.measures))
        if is_known.any():
            found[is_known] = _probability(model, op, [each[is_known] for each in columns], beliefs)
    return found


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
    _, days, arrived, group_arrived, *sums = columns
    is_known: NDArray[np.bool_] = np.logical_and.reduce([np.isfinite(each) for each in columns])
    is_known &= (days > 0) & (arrived > 0) & (group_arrived > 0)
    for own, group in zip(sums[:measures], sums[measures:], strict=True):
        is_known &= (own >= 0) & (group >= own)
    return is_known


def _probability(model: _Model, op: str, columns: list[Floats], beliefs: Beliefs) -> Floats:
    threshold, days, arrived, group_arrived, *sums = columns
    names = model.measures
    own = dict(zip(names, sums[: len(names)], strict=True))
    rest = {name: group - own[name] for name, group in zip(names, sums[len(names) :], strict=True)}
    belief = _belief(model, own, rest, (arrived, group_arrived), days, beliefs)
    limit = _limit(model, threshold, own)
    found = belief.above(limit) if op.startswith(">") != model.inverse else belief.below(limit)
    return np.where(_can_be_said(model, own, belief), found, np.nan)


def _belief(
    model: _Model, own: _Columns, rest: _Columns, arrived: tuple[Floats, Floats], days: Floats, beliefs: Beliefs
) -> Belief:
    counts = own[model.count], rest[model.count]
    mean = mean_of(*counts, own[model.worth], rest[model.worth], beliefs) if model.worth else None
    if mean and not model.exposure:
        return mean
    # Held against the part of the exposure whose results are in, a count keeps its own uncertainty.
    shares = arrived if model.count == "results" else (np.ones(1), np.ones(1))
    seen = own[model.exposure] * shares[0], rest[model.exposure] * shares[1]
    rate = rate_of(*counts, *seen, days, beliefs)
    return Product(rate, mean) if mean else rate


def _limit(model: _Model, threshold: Floats, own: _Columns) -> Floats:
    """Return what the rate, the mean or their product is held against; none of them is ever below 0."""
    limit = threshold
    if model.less_spend:
        limit = limit + own["spend"]
    if model.of_window:
        limit = limit / own["spend"]
    limit = np.maximum(limit, 0.0)
    return 1 / limit if model.inverse else limit


def _can_be_said(model: _Model, own: _Columns, belief: Belief) -> NDArray[np.bool_]:
    said = own[model.exposure] > 0 if model.exposure else np.ones(len(own[model.count]), np.bool_)
    mean = belief.mean if isinstance(belief, Product) else belief
    return said & (mean.scale > 0) if isinstance(mean, Mean) else said
