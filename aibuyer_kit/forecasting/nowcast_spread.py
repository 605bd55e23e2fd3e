"""How far off nowcasts are: the same estimates at earlier moments, from what was known then, against what came since.

Errors are of roots (Anscombe 1948), so that those of small and large days and objects are alike. They are measured
against what is known by now of what was to come by now: a moment need not be long ago to tell. Counts are whole, and a
bound may lie anywhere: a count is taken for anything within a half of it. Where the own past tells little, an interval
leans on that of single days, and that on the chance of counts; and it is wider by how little that is (Student 1908).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.forecasting.triangle import Block, Estimate, estimated

_TAIL = 1.2816
LEVEL = 0.8
_MOMENTS, _FIRST_DAYS, _GAP_DAYS = 120, 14, 7
# By how many errors that do not depend on each other a prior counts: of single days, and of the chance of counts.
_DAYS_COUNT, _CHANCE_COUNTS = 3.0, 0.5
_WITHIN = (np.arange(5) + 0.5) / 5 - 0.5
_SMALL = 3 / 8


@dataclass(frozen=True)
class Spread:
    """Half the width of intervals of roots: of days by how far back they lie (window,), and of their sum.

    `moments` is how many earlier ones tell; `restated` whether less was ever known later. `path` is by how much more
    came of the sum of all objects at each earlier moment, as roots.
    """

    days: Floats
    total: float
    moments: int
    restated: bool
    path: Mapping[int, float] = field(default_factory=dict)


def spread_of(block: Block, window: int, shares: Floats) -> Spread:
    """Return how far off estimates of a window were before the last day of a block, of all its objects together.

    `shares` are those that are known now. Windows of moments that lie apart by less than one hang together.
    """
    now = block.days - 1
    by_day, sums, open_days, restated, path = [], [], [], False, {}
    first = max(window, _FIRST_DAYS) - 1
    for moment in range(max(first, now - _GAP_DAYS - _MOMENTS + 1), now - _GAP_DAYS + 1):
        known_then = block.shares(moment)
        if known_then is None:
            continue
        told = estimated(block, moment, window, known_then)
        came, expected = _since(block, told, now, shares)
        if not np.isfinite(came).all():
            continue
        restated = restated or bool((came < -_SMALL).any())
        by_day.append(_errors(came, expected, block.unit))
        open_days.append(expected >= (block.unit or 1.0))
        unit = block.unit or 1.0
        path[moment] = float(_root(came.sum() / unit) - _root(expected.sum() / unit))
        sums.append(_errors(came.sum(axis=0), expected.sum(axis=0), block.unit))
    moments, objects = len(sums), block.known.shape[2]
    days = np.stack(by_day) if moments else np.empty((0, window, objects, 1))
    telling = days[np.stack(open_days)] if moments else days  # where something was to come; nothing is told exactly
    chance = _blended(telling if len(telling) else days, telling.size / days.shape[-1], _TAIL, _CHANCE_COUNTS)
    each = [_interval(days[:, at], moments * objects, chance) for at in range(window)]
    total = _interval(np.stack(sums) if moments else days[:, 0], moments * objects / window, chance)
    return Spread(np.array(each), total, moments, restated, path)


def together(paths: Sequence[Mapping[int, float]], window: int) -> Floats:
    """Return how errors of sums of several blocks hang together (blocks, blocks): 1 is as one.

    What makes one late makes others late, too: as far as earlier moments do not tell, they are taken to be as one.
    """
    found = np.ones((len(paths), len(paths)))
    for one, other in combinations(range(len(paths)), 2):
        both = sorted(paths[one].keys() & paths[other].keys())
        a, b = (np.array([paths[at][moment] for moment in both]) for at in (one, other))
        size, count = float(np.sqrt((a**2).sum() * (b**2).sum())), len(both) / window
        own = float((a * b).sum()) / size if size > 0 else 1.0
        found[one, other] = found[other, one] = np.clip((count * own + _DAYS_COUNT) / (count + _DAYS_COUNT), 0.0, 1.0)
    return found


def bounds(to_come: Floats, half: Floats | float, unit: float | None) -> tuple[Floats, Floats]:
    """Return between what what is to come lies with a probability of 80%, around what is expected of it."""
    root = _root(to_come / (unit or 1.0))
    low, high = (_amount(root + sign * half) * (unit or 1.0) for sign in (-1, 1))
    return low, high


def _since(block: Block, told: Estimate, now: int, shares: Floats) -> tuple[Floats, Floats]:
    """Return what has come since a moment (days, objects), and how much of it was expected by now."""
    by_now = block.known[told.days, block.ages(told.days, now)] - told.known
    open_then = 1 - told.share
    closed = np.where(np.abs(open_then) > 1e-9, open_then, 1.0)
    part = np.clip((block.share_of(told.days, now, shares) - told.share) / closed, 0.0, 1.0)
    return by_now, told.to_come * part[:, None]


def _errors(came: Floats, expected: Floats, unit: float | None) -> Floats:
    """Return how far roots were off (…, copies): a count is as likely at any place within a half of it."""
    within = _WITHIN if unit is None else np.zeros(1)
    came, expected = (each[..., None] / (unit or 1.0) for each in (came, expected))
    found: Floats = np.abs(_root(came + within) - _root(expected))
    return found


def _blended(errors: Floats, count: float, prior: float, prior_count: float) -> float:
    """Return the error below which so many of `LEVEL` lie, blended with a prior."""
    own = float(np.quantile(errors, LEVEL)) if errors.size else 0.0
    return float(np.sqrt((count * own**2 + prior_count * prior**2) / (count + prior_count)))


def _interval(errors: Floats, count: float, prior: float) -> float:
    return _blended(errors, count, prior, _DAYS_COUNT) * _student(count + _DAYS_COUNT + 1) / _TAIL


def _student(freedom: float) -> float:
    """Return the 90th percentile of Student's distribution (Cornish and Fisher 1938), which few errors ask for."""
    z = _TAIL
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def _root(amounts: Floats) -> Floats:
    found: Floats = 2 * np.sign(amounts) * (np.sqrt(np.abs(amounts) + _SMALL) - np.sqrt(_SMALL))
    return found


def _amount(roots: Floats) -> Floats:
    found: Floats = np.sign(roots) * ((np.abs(roots) / 2 + np.sqrt(_SMALL)) ** 2 - _SMALL)
    return found
