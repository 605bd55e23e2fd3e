"""The exact additive decomposition of a metric's change between two periods, by driver and object.

Every metric is a sum over objects of a product: spend, times what each of the following brings of the next one. The
change of a product is split by Shapley's value (`shapley`), so that no order of the drivers is preferred and swapping
the periods only turns the signs. In a sum, spend that came or went on the whole is `spend`, at the yield of the objects
that it came to; what went from some objects to others is `mix`: it counts as far as their yields are not the average.
In a ratio there is only the mix, of the shares that objects have of the base. A cost per something is the inverse of a
yield: each part of the yield's change moves it by one factor, minus the product of both costs.
"""

from dataclasses import dataclass

import numpy as np

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.metrics import METRICS, Measure, Ratio, multipliers, ratio_of
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.measurement.why.chain import Chain, chain_of
from aibuyer_kit.measurement.why.factors import Factors, PeriodSums, factors_of
from aibuyer_kit.measurement.why.grid import on_grid
from aibuyer_kit.measurement.why.shapley import factor_yields


@dataclass(frozen=True)
class Decomposition:
    """What a metric was, what it became, and what each driver of each object did; money in currency units.

    `parts` is (objects, drivers), and adds up to `change` bit for bit in any order (`grid`). `chance` is by how much
    each part would be off, as a standard deviation, if nothing but luck had moved what is counted.
    """

    metric: str
    before: float
    after: float
    drivers: tuple[str, ...]
    parts: Floats
    chance: Floats
    factors: Factors

    @property
    def change(self) -> float:
        return self.after - self.before


def decompose(name: str, before: PeriodSums, after: PeriodSums) -> Decomposition:
    """Return the change of a metric between two periods by driver and object.

    Raises InputError where the metric is not known in one of them, or cannot be split; UnknownMetricError.
    """
    chain = chain_of(name)
    values = value_of(name, before), value_of(name, after)
    for value, when in zip(values, ("earlier", "later"), strict=True):
        if value is None or not np.isfinite(value):
            raise InputError(f"{name!r} is not known in the {when} period, so its change cannot be explained.")
    known = (float(values[0] or 0.0), float(values[1] or 0.0))
    factors = factors_of(chain, before, after)
    if chain.form != "sum" and not factors.base.sum(axis=1).all():
        raise InputError(f"{name!r} cannot be explained: there is no {chain.base} in one of the periods.")
    split = _split_sum(chain, factors, (before.days, after.days)) if chain.form == "sum" else _split_yield(factors)
    columns, chance = split
    scale = _scale(chain, known)
    drivers = chain.drivers
    parts = np.stack([columns.get(driver, np.zeros(factors.base.shape[1])) for driver in drivers], axis=1) * scale
    swing = np.stack([chance.get(driver, np.zeros(factors.base.shape[1])) for driver in drivers], axis=1) * abs(scale)
    first, last, exact = on_grid(*known, parts)
    return Decomposition(name, first, last, drivers, exact, swing, factors)


def value_of(name: str, sums: PeriodSums) -> float | None:
    """Return a metric over all objects, as pages tell it; None where it is not known."""
    each = METRICS[name]
    if isinstance(each, Ratio):
        return ratio_of(each, {side: _total(sums.measures[side]) for side in (each.numerator, each.denominator)})
    total = _total(sums.measures[name])
    return None if total is None else total / MICROS_PER_UNIT if each.unit == "money" else float(total)


def _total(values: Floats) -> int | None:
    total = float(values.sum())
    return round(total) if np.isfinite(total) else None


_Columns = tuple[dict[str, Floats], dict[str, Floats]]


def _split_sum(chain: Chain, factors: Factors, days: tuple[int, int]) -> _Columns:
    """Split a sum over the base: days, spend, mix and rates."""
    length = np.array(days, dtype=np.float64)
    daily = factors.base / length[:, None]
    head = np.stack([np.broadcast_to(length[:, None], daily.shape), daily], axis=1)
    values = np.concatenate([head, factors.values], axis=1)
    yields = factor_yields(values[0], values[1])
    if chain.less_base:
        yields[:2] -= factor_yields(head[0], head[1])
    moved = values[1] - values[0]
    columns, chance = _by_driver(factors, yields[2:])
    columns["days"] = moved[0] * yields[0]
    net = _net_moves(moved[1])
    columns["spend"] = net * yields[1]
    columns["mix"] = (moved[1] - net) * (yields[1] - _average(daily.mean(axis=0), yields[1]))
    if not chain.links:
        columns["spend"] = moved[1] * yields[1]
    columns["outside"] = factors.outside[1] - factors.outside[0]
    return columns, chance


def _split_yield(factors: Factors) -> _Columns:
    """Split what one unit of the base brings: mix and rates."""
    whole = factors.base.sum(axis=1)
    weights = factors.base / whole[:, None]
    values = np.concatenate([weights[:, None, :], factors.values], axis=1)
    yields = factor_yields(values[0], values[1])
    columns, chance = _by_driver(factors, yields[1:])
    average = _average(weights.mean(axis=0), yields[0])
    columns["mix"] = (weights[1] - weights[0]) * (yields[0] - average)
    outside = factors.outside / whole[:, None]
    columns["outside"] = outside[1] - outside[0]
    return columns, chance


def _by_driver(factors: Factors, yields: Floats) -> _Columns:
    moved = (factors.values[1] - factors.values[0]) * yields
    swing = np.sqrt(factors.spread.sum(axis=0)) * np.abs(yields)
    return (
        dict(zip(factors.drivers, moved, strict=True)),
        dict(zip(factors.drivers, swing, strict=True)),
    )


def _average(weights: Floats, yields: Floats) -> float:
    whole = float(weights.sum())
    return float((weights * yields).sum() / whole) if whole else 0.0


def _net_moves(moved: Floats) -> Floats:
    """Return how much of the change of the whole is each object's: that of those that moved its way.

    >>> _net_moves(np.array([30.0, -10.0, 10.0])).tolist(), _net_moves(np.array([5.0, -5.0])).tolist()
    ([22.5, 0.0, 7.5], [0.0, 0.0])
    """
    net = float(moved.sum())
    same_way = np.where(np.sign(moved) == np.sign(net), moved, 0.0)
    whole = float(same_way.sum())
    return same_way * (net / whole) if whole else np.zeros_like(moved)


def _scale(chain: Chain, values: tuple[float, float]) -> float:
    """Return by what the split of raw sums is multiplied to be in the metric's own unit."""
    each = METRICS[chain.metric]
    if isinstance(each, Measure):
        return 1.0 / MICROS_PER_UNIT if each.unit == "money" else 1.0
    top, bottom = multipliers(each)
    return top / bottom if chain.form == "per_base" else -values[0] * values[1] * bottom / top
