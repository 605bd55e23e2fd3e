"""Budgets of several days: each day its weight, whole minor units, and both days and arms add up exactly."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.planning.plan import PlannedDay
from aibuyer_kit.planning.rounding import largest_remainder


def planned_days(
    amounts: Ints, micros_per_unit: int, days: int, weights: Sequence[float], since: date | None
) -> tuple[PlannedDay, ...]:
    """Return the days of a plan whose daily amounts (in minor units) are the mean of its days.

    A day of twice the weight spends twice as much: where demand scales with its weight, the last unit is then worth the
    same on every day. What rounding leaves of an arm on one day, it gets on the next.
    """
    shares = np.asarray(weights or [1.0] * days, np.float64)
    shares = shares / shares.sum()
    whole = amounts * days
    totals = _totals(int(whole.sum()), shares)
    rows = _rows(whole, totals, shares)
    named = [since + timedelta(days=number) if since else number for number in range(days)]
    return tuple(
        PlannedDay(day, int(row.sum()) * micros_per_unit, tuple((row * micros_per_unit).tolist()))
        for day, row in zip(named, rows, strict=True)
    )


def _totals(whole: int, shares: Floats) -> Ints:
    days = len(shares)
    return largest_remainder(shares * whole, np.zeros(days, np.int64), np.full(days, whole), whole)


def _rows(whole: Ints, totals: Ints, shares: Floats) -> list[Ints]:
    given, found = np.zeros_like(whole), []
    past = np.cumsum(shares)
    for total, until in zip(totals.tolist(), past.tolist(), strict=True):
        row = largest_remainder(np.maximum(whole * until - given, 0.0), np.zeros_like(whole), whole - given, total)
        given = given + row
        found.append(row)
    return found
