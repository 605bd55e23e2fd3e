"""Budgets of a group shared anew in proportion to a metric, their sum kept to the smallest unit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction

_PARTS = 10**12


@dataclass(frozen=True)
class Member:
    """One object of a group: its budget in smallest units, and its metric; one below 0 counts as 0."""

    object_id: str
    budget: int
    metric: float


def rebalanced(members: Sequence[Member], most_percent: Decimal, floor: int = 0) -> list[int] | None:
    """Return each member's new budget in smallest units; None where the metric is 0 for all of them.

    The sum is exactly what it was. No budget moves by more than `most_percent` of what it was, none is cut below
    `floor`, and within that each comes as close to its share of the metric as it can. Who has no share keeps what
    nobody else may take. What cannot be divided goes to the largest fractions, ties by id.

    >>> rebalanced([Member("a", 5_000, 3.0), Member("b", 5_000, 1.0)], Decimal(20))
    [6000, 4000]
    """
    most = max((each.metric for each in members), default=0.0)
    if most <= 0:
        return None
    weights = [int(max(each.metric, 0.0) / most * _PARTS) for each in members]
    share = most_percent / 100
    lows = [min(each.budget, max(floor, _whole(each.budget * (1 - share), ROUND_CEILING))) for each in members]
    highs = [_whole(each.budget * (1 + share), ROUND_FLOOR) for each in members]
    total = sum(each.budget for each in members)
    exact = [Fraction(low) for low in lows]
    with_share = [row for row, weight in enumerate(weights) if weight > 0]
    without = [row for row, weight in enumerate(weights) if weight == 0]
    for rows, by in ((with_share, weights), (without, [each.budget for each in members])):
        left = total - sum(exact) + sum(exact[row] for row in rows)
        found = _shared(left, *([whole[row] for row in rows] for whole in (by, lows, highs)))
        for row, amount in zip(rows, found, strict=True):
            exact[row] = amount
    return _in_whole_units(exact, total, [each.object_id for each in members])


def _shared(total: Fraction | int, weights: Sequence[int], lows: Sequence[int], highs: Sequence[int]) -> list[Fraction]:
    """Return amounts in proportion to weights, each within its bounds, that add up to `total` as nearly as they can."""

    def at(level: Fraction) -> list[Fraction]:
        return [min(max(level * weight, Fraction(low)), Fraction(high)) for weight, low, high in bounds]

    bounds = list(zip(weights, lows, highs, strict=True))
    levels = sorted({Fraction(bound, weight) for weight, low, high in bounds for bound in (low, high)})
    if not levels:
        return []
    last = _last_where(lambda place: sum(at(levels[place])) <= total, len(levels))
    if last is None:
        return at(levels[0])
    level = levels[last]
    free = [weight for weight, low, high in bounds if low <= level * weight < high]
    if free and last + 1 < len(levels):
        level += (total - sum(at(level))) / Fraction(sum(free))
    return at(level)


def _last_where(holds: Callable[[int], bool], count: int) -> int | None:
    """Return the last place for which a condition holds that holds for the first few only; None if for none."""
    first, end = 0, count
    while first < end:
        middle = (first + end) // 2
        if holds(middle):
            first = middle + 1
        else:
            end = middle
    return first - 1 if first else None


def _in_whole_units(exact: Sequence[Fraction], total: int, ids: Sequence[str]) -> list[int]:
    whole = [int(each) for each in exact]
    by_fraction = sorted(range(len(exact)), key=lambda row: (whole[row] - exact[row], ids[row]))
    for row in by_fraction[: total - sum(whole)]:
        whole[row] += 1
    return whole


def _whole(amount: Decimal, rounding: str) -> int:
    return int(amount.to_integral_value(rounding))
