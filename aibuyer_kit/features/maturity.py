"""Maturity: which share of a day's final results is known at each age.

Platforms restate results for weeks. From how the results of earlier days grew as they aged, the chain-ladder
estimate tells what share of the final figure is known at age a (Mack 1993, "Distribution-free calculation of the
standard error of chain ladder reserve estimates", ASTIN Bulletin 23). Days that are still growing count as well, as far
as they have been seen.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Observation:
    """The sum of one day's results as it was known when the day was `age_days` old (whole account days).

    `aged_days` is how old it was to the hour, where that is known.
    """

    day: date
    age_days: int
    total: int
    aged_days: float | None = None


@dataclass(frozen=True)
class MaturityPoint:
    """At `age_days`, `share_known` of the final total is known (None: it cannot be told).

    `days_compared` is the number of days that were seen both at this age and at the next.
    """

    age_days: int
    share_known: float | None
    days_compared: int


def maturity_curve(observations: Iterable[Observation], *, mature_days: int = 28) -> tuple[MaturityPoint, ...]:
    """Return one point for each age from 0 to `mature_days`, at which everything counts as known.

    A gap in what was observed, or days without any result, leave the ages before it unknown rather than guessed.

    >>> day = date(2026, 3, 1)
    >>> seen = [Observation(day, 0, 50), Observation(day, 1, 80), Observation(day, 2, 100)]
    >>> [point.share_known for point in maturity_curve(seen, mature_days=2)]
    [0.5, 0.8, 1.0]
    """
    by_day: dict[date, dict[int, int]] = defaultdict(dict)
    for each in observations:
        by_day[each.day][each.age_days] = each.total
    points = [MaturityPoint(mature_days, 1.0, 0)]
    for age in reversed(range(mature_days)):
        growth, compared = _growth(by_day.values(), age)
        later = points[-1].share_known
        points.append(MaturityPoint(age, None if growth is None or later is None else later / growth, compared))
    return tuple(reversed(points))


def _growth(days: Iterable[Mapping[int, int]], age: int) -> tuple[float | None, int]:
    """Return by which factor totals grew from `age` to the next, over the days seen at both, and how many those are."""
    both = [(seen[age], seen[age + 1]) for seen in days if age in seen and age + 1 in seen]
    before, after = sum(pair[0] for pair in both), sum(pair[1] for pair in both)
    return (after / before if before > 0 and after > 0 else None), len(both)
