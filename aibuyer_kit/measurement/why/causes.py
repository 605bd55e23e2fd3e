"""What moved a metric as lines that people read: drivers, objects, drivers of objects, the likeliest cause first.

A line ranks by how far it is beyond what such a line usually moves. Large parts that are noise are the rule where
results are few: ranked by size alone they would stand above what really happened. A driver, and an object, stands as
high as the surest of its parts: the noise of all the others does not hide it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.windows import Bools, Floats
from aibuyer_kit.measurement.why.decompose import Decomposition, decompose
from aibuyer_kit.measurement.why.factors import PeriodSums

# With fewer earlier changes nobody can say what is usual; chance alone is told then.
LEAST_CHANGES = 3
# What lies within this many standard deviations may be nothing but noise: nineteen of twenty changes do.
_WITHIN = 2.0
# What is smaller beside the largest line is no cause, however unusual it is.
_WORTH_RANKING = 0.05


@dataclass(frozen=True)
class Usual:
    """Within what a metric and its parts moved between earlier periods of the same length, most of the time.

    Each is two standard deviations. `changes` is how many such changes there were; with fewer than `LEAST_CHANGES` only
    chance is in it.
    """

    changes: int
    whole: float
    drivers: Floats
    objects: Floats
    parts: Floats


@dataclass(frozen=True)
class Cause:
    """A line of an explanation: what a driver did over all objects, all drivers of an object, or one of one.

    `driver` or `place` (the object's number) is None where the line is over all of them. `usual` is within what such a
    line usually moves, and `beyond` what is left of `value`, or of one of the parts that it is the sum of, without it:
    lines rank by that.
    """

    driver: str | None
    place: int | None
    value: float
    usual: float
    beyond: float


@dataclass(frozen=True)
class Causes:
    """All lines of an explanation that moved anything; of each kind the first cause first."""

    drivers: tuple[Cause, ...]
    objects: tuple[Cause, ...]
    parts: tuple[Cause, ...]


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
        by_chance: Floats = _WITHIN * np.sqrt(chance.sum(axis=by))
        if not enough:
            return by_chance
        summed = moved.sum(axis=tuple(axis + 1 for axis in by))
        swing: Floats = np.maximum(by_chance, _WITHIN * np.sqrt((summed**2).mean(axis=0)))
        return swing

    return Usual(len(changes), float(usual((0, 1))), usual((0,)), usual((1,)), usual(()))


def causes_of(found: Decomposition, usual: Usual) -> Causes:
    """Return what moved the metric: by driver, by object, and by driver of each object."""
    parts, drivers, objects = found.parts, found.parts.sum(axis=0), found.parts.sum(axis=1)
    sure = _beyond(parts, usual.parts)
    of_drivers = _or_its_surest(_beyond(drivers, usual.drivers), drivers, parts, sure)
    of_objects = _or_its_surest(_beyond(objects, usual.objects), objects, parts.T, sure.T)
    return Causes(
        _ranked(
            Cause(driver, None, *map(float, figures))
            for driver, *figures in zip(found.drivers, drivers, usual.drivers, of_drivers, strict=True)
        ),
        _ranked(
            Cause(None, place, *map(float, figures))
            for place, figures in enumerate(zip(objects, usual.objects, of_objects, strict=True))
        ),
        _ranked(
            Cause(found.drivers[at[1]], int(at[0]), float(parts[at]), float(usual.parts[at]), float(sure[at]))
            for at in zip(*np.nonzero(parts), strict=True)
        ),
    )


def _beyond(values: Floats, usual: Floats) -> Floats:
    """Return what is left of each value without its usual swing; nothing of those that are small beside the others."""
    left = np.sqrt(np.clip(values**2 - usual**2, 0.0, None))
    return np.where(_is_worth_ranking(values), left, 0.0)


def _or_its_surest(beyond: Floats, sums: Floats, parts: Floats, sure: Floats) -> Floats:
    """Return of each sum what is left of it, or of the surest of its parts that go its way, (parts, sums)."""
    of_parts = np.where(np.sign(parts) == np.sign(sums), sure, 0.0).max(axis=0, initial=0.0)
    return np.where(_is_worth_ranking(sums), np.maximum(beyond, of_parts), 0.0)


def _is_worth_ranking(values: Floats) -> Bools:
    sizes = np.abs(values)
    found: Bools = sizes >= _WORTH_RANKING * sizes.max(initial=0.0)
    return found


def _ranked(lines: Iterable[Cause]) -> tuple[Cause, ...]:
    moved = [line for line in lines if line.value]
    return tuple(sorted(moved, key=lambda line: (-line.beyond, -abs(line.value), line.driver or "", line.place or 0)))
