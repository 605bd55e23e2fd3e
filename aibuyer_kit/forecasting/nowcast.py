"""What is still to come of days that are over: conversions are reported for days after, and the past tells how.

`triangle.py` tells what days will come to, `nowcast_spread.py` how far off that has been.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.windows import Bools, Floats
from aibuyer_kit.forecasting.nowcast_spread import Spread, bounds, spread_of
from aibuyer_kit.forecasting.triangle import Block, Estimate, Triangle, block_of, estimated, triangle_of

# Of a day of which less is known, what is to come is mostly told by its spend, which forecasts know already.
_SETTLED, _MOST_LATE_DAYS = 0.6, 7
# Objects share what is still to come of them all; what they say themselves is not taken to be off by more.
_MOST_TIMES = 3.0
__all__ = ["Expected", "Nowcast", "NowcastDay", "Triangle", "finals", "nowcast", "nowcast_parts", "triangle_of"]


@dataclass(frozen=True)
class Expected:
    """What will be known in the end, with the interval that holds 80%, beside what is known now.

    Counts are whole, and the ends of their interval need not be: a count is taken for anything within a half of it.
    """

    known: float
    expected: float
    low: float
    high: float


@dataclass(frozen=True)
class NowcastDay(Expected):
    day: date = date.min
    share_known: float = 1.0


@dataclass(frozen=True)
class Nowcast:
    """The last days as they will be once all has arrived, day by day and in all; `moments` is how many were tested.

    `path` is how far off the sum was at each of them, as `nowcast_spread.together` reads it.
    """

    days: tuple[NowcastDay, ...]
    total: Expected
    moments: int
    path: Mapping[int, float] = field(default_factory=dict)


def nowcast(triangle: Triangle, window_days: int = 7) -> Nowcast:
    """Return the last `window_days` of a triangle as they will be. Raises InputError where no growth was seen."""
    return nowcast_parts((triangle,), window_days)[0]


def nowcast_parts(parts: Sequence[Triangle], window_days: int = 7) -> tuple[Nowcast, ...]:
    """Return the last days of objects that are read together as they will be: they grow alike, and err alike.

    Raises InputError where no growth was seen.
    """
    block = block_of(parts)
    if not 1 <= window_days <= block.days:
        raise InputError(f"The window is {window_days} days; there are {block.days}.")
    shares = _shares(block)
    told = estimated(block, block.days - 1, window_days, shares)
    if len(parts) > 1:
        told = _adding_up(told, block, shares, window_days)
    spread = spread_of(block, window_days, shares)
    return tuple(_nowcast(block, told, spread, parts[place].since, place) for place in range(len(parts)))


def finals(triangle: Triangle) -> tuple[Floats, int]:
    """Return all days as they will be in the end, and of how many of the newest too little is known to learn from."""
    block = block_of((triangle,))
    now, shares = block.days - 1, _shares(block)
    told = estimated(block, now, block.days, shares)
    settled: Bools = told.share[::-1] >= _SETTLED
    late = int(settled.argmax()) if settled.any() else 0
    return (told.known + told.to_come)[:, 0], min(late, _MOST_LATE_DAYS, now)


def _shares(block: Block) -> Floats:
    shares = block.shares(block.days - 1)
    if shares is None:
        raise InputError(
            "How results grow as days age is not known yet: no day was seen at two ages. Sync for some days more."
        )
    return shares


def _adding_up(told: Estimate, block: Block, shares: Floats, window: int) -> Estimate:
    """Return estimates of which each day's come to what is expected of all objects together."""
    whole = Block(
        block.known.sum(axis=2, keepdims=True), block.exposure.sum(axis=1, keepdims=True),
        block.aged, block.hour, block.newest_age, block.unit,
    )  # fmt: skip
    together = estimated(whole, block.days - 1, window, shares).to_come[:, 0]
    theirs = told.to_come.sum(axis=1)
    times = np.divide(together, theirs, out=np.ones_like(theirs), where=theirs > 0)
    scaled = told.to_come * np.clip(times, 1 / _MOST_TIMES, _MOST_TIMES)[:, None]
    return Estimate(told.days, told.known, scaled, told.share)


def _nowcast(block: Block, told: Estimate, spread: Spread, since: date, place: int) -> Nowcast:
    known, to_come = told.known[:, place], told.to_come[:, place]
    low, high = _ends(known, to_come, spread.days, spread.restated, block.unit)
    days = tuple(
        NowcastDay(
            float(known[at]), float(known[at] + to_come[at]), float(low[at]), float(high[at]),
            since + timedelta(days=int(day)), float(told.share[at]),
        )
        for at, day in enumerate(told.days)
    )  # fmt: skip
    ends = _ends(known.sum(), to_come.sum(), spread.total, spread.restated, block.unit)
    total = Expected(float(known.sum()), float(known.sum() + to_come.sum()), *map(float, ends))
    return Nowcast(days, total, spread.moments, spread.path)


def _ends(
    known: Floats, to_come: Floats, half: Floats | float, restated: bool, unit: float | None
) -> tuple[Floats, Floats]:
    """Return the interval of what will be known: less than is known now only where that has happened before.

    A count is anything within a half of it.
    """
    low, high = bounds(to_come, half, unit)
    expected, least_known = known + to_come, known - (0.5 if unit is None else 0.0)
    least = np.maximum(0.0 if restated else np.minimum(least_known, expected), 0.0)
    return np.minimum(np.maximum(known + low, least), expected), np.maximum(known + high, expected)
