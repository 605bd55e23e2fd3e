"""What moved a metric as lines that people read: drivers, objects, drivers of objects, the likeliest cause first.

A line ranks by how far it is beyond what such a line usually moves. Large parts that are noise are the rule where
results are few: ranked by size alone they would stand above what really happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.measurement.factors import PeriodSums
from aibuyer_kit.measurement.why import Decomposition, decompose

# With fewer earlier changes nobody can say what is usual; chance alone is told then.
LEAST_CHANGES = 3
# What lies within this many times its usual swing may be nothing else.
BEYOND = 1.5
# What is smaller beside the largest line is no cause, however unusual it is.
_WORTH_RANKING = 0.05
# Times the median of absolute values, the standard deviation of a normal distribution.
_OF_MEDIAN = 1.4826


@dataclass(frozen=True)
class Usual:
    """By how much a metric and its parts moved between earlier periods of the same length, as standard deviations.

    `changes` is how many such changes there were; with fewer than `LEAST_CHANGES` only chance is in it.
    """

    changes: int
    whole: float
    drivers: Floats
    objects: Floats
    parts: Floats


@dataclass(frozen=True)
class Cause:
    """A line of an explanation: what a driver did over all objects, all drivers of an object, or one of one.

    `driver` or `place` (the object's number) is None where the line is over all of them. `beyond` is what is left of
    `value` when its usual swing is taken off, by which lines are ranked.
    """

    driver: str | None
    place: int | None
    value: float
    usual: float
    beyond: float


def usual_swing(found: Decomposition, earlier: Sequence[PeriodSums]) -> Usual:
    """Return what usually moves: the larger of chance and of what moved between `earlier` periods, oldest first.

    What is still to arrive is no movement, and is not counted as one.
    """
    changes = []
    for before, after in pairwise(earlier):
        try:
            changes.append(decompose(found.metric, before, after).parts)
        except InputError:
            continue
    arriving = np.array([driver == "maturity" for driver in found.drivers])
    moved = np.array([np.where(arriving, 0.0, parts) for parts in changes]).reshape(-1, *found.parts.shape)
    enough = len(changes) >= LEAST_CHANGES
    chance = found.chance**2

    def usual(by: tuple[int, ...]) -> Floats:
        by_chance: Floats = np.sqrt(chance.sum(axis=by))
        if not enough:
            return by_chance
        summed = moved.sum(axis=tuple(axis + 1 for axis in by))
        found: Floats = np.maximum(by_chance, _OF_MEDIAN * np.median(np.abs(summed), axis=0))
        return found

    return Usual(len(changes), float(usual((0, 1))), usual((0,)), usual((1,)), usual(()))


def by_driver(found: Decomposition, usual: Usual) -> tuple[Cause, ...]:
    """Return one line per driver that moved anything, the first cause first."""
    values = found.parts.sum(axis=0)
    lines = [_cause(driver, None, values[i], usual.drivers[i]) for i, driver in enumerate(found.drivers)]
    return _ranked(lines)


def by_object(found: Decomposition, usual: Usual) -> tuple[Cause, ...]:
    """Return one line per object that moved anything, the first cause first."""
    values = found.parts.sum(axis=1)
    return _ranked([_cause(None, place, value, usual.objects[place]) for place, value in enumerate(values)])


def by_part(found: Decomposition, usual: Usual) -> tuple[Cause, ...]:
    """Return one line per driver of an object that moved anything, the first cause first."""
    lines = [
        _cause(found.drivers[column], int(place), found.parts[place, column], usual.parts[place, column])
        for place, column in zip(*np.nonzero(found.parts), strict=True)
    ]
    return _ranked(lines)


def _cause(driver: str | None, place: int | None, value: float, usual: float) -> Cause:
    beyond = float(np.sqrt(max(0.0, value**2 - (BEYOND * usual) ** 2)))
    return Cause(driver, place, float(value), float(usual), beyond)


def _ranked(lines: Sequence[Cause]) -> tuple[Cause, ...]:
    largest = max((abs(line.value) for line in lines), default=0.0)
    moved = [
        line if abs(line.value) >= _WORTH_RANKING * largest else replace(line, beyond=0.0)
        for line in lines
        if line.value
    ]
    return tuple(sorted(moved, key=lambda line: (-line.beyond, -abs(line.value), line.driver or "", line.place or 0)))
