"""What conditions mean, written to be read: the reference that faster evaluators are compared with.

Three values: a missing, infinite or undefined figure is unknown, and so is what depends on it. `all` is false as soon
as one part is, else unknown if one part is; `any` is true as soon as one part is, else unknown if one part is; `not`
turns true and false around. A rule fires where its condition is true: unknown never fires.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.metrics import Measure, metric, ratio_of
from aibuyer_kit.rules.language import All, AnyOf, Condition, Leaf, Not, Operator
from aibuyer_kit.rules.trace import ConditionTrace, GroupTrace, Trace, Verdict

# Integer sums by measure over some days, money in micros; None, or no key, where a sum is not known.
Sums = Mapping[str, int | None]
SumsOf = Callable[[DateRange], Sums]

_MICROS = 1_000_000
_COMPARE: Mapping[Operator, Callable[[float, float], bool]] = {
    ">": lambda value, threshold: value > threshold,
    ">=": lambda value, threshold: value >= threshold,
    "<": lambda value, threshold: value < threshold,
    "<=": lambda value, threshold: value <= threshold,
    "=": lambda value, threshold: value == threshold,
    "!=": lambda value, threshold: value != threshold,
}


def evaluate(condition: Condition, sums_of: SumsOf, today: date) -> Trace:
    """Return the trace of a condition for one object, whose sums `sums_of` tells for any days; its verdict counts."""
    match condition:
        case All(all=parts):
            traces = tuple(evaluate(part, sums_of, today) for part in parts)
            return GroupTrace("all", traces, all_of(trace.verdict for trace in traces))
        case AnyOf(any=parts):
            traces = tuple(evaluate(part, sums_of, today) for part in parts)
            return GroupTrace("any", traces, any_of(trace.verdict for trace in traces))
        case Not(not_=part):
            trace = evaluate(part, sums_of, today)
            return GroupTrace("not", (trace,), not_of(trace.verdict))
        case Leaf():
            return _compared(condition, sums_of, today)


def value_of(name: str, sums: Sums) -> float | None:
    """Return a metric as float64, money in currency units: one division of integers; None where it is not known."""
    found = metric(name)
    if not isinstance(found, Measure):
        value = ratio_of(found, sums)
    else:
        total = sums.get(name)
        value = None if total is None else total / (_MICROS if found.unit == "money" else 1)
    return value if value is not None and math.isfinite(value) else None


def compared(op: Operator, value: float | None, threshold: float) -> Verdict:
    """Return whether a value stands in this relation to a threshold; None where one of them is not a finite number.

    >>> compared(">", 2.0, 1.5), compared("=", None, 0.0), compared("<", float("nan"), 1.0)
    (True, None, None)
    """
    if value is None or not math.isfinite(value) or not math.isfinite(threshold):
        return None
    return _COMPARE[op](value, threshold)


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the conjunction.

    >>> all_of([True, None]), all_of([False, None]), all_of([True, True])
    (None, False, True)
    """
    found = list(verdicts)
    return False if False in found else None if None in found else True


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the disjunction.

    >>> any_of([False, None]), any_of([True, None]), any_of([False, False])
    (None, True, False)
    """
    found = list(verdicts)
    return True if True in found else None if None in found else False


def not_of(verdict: Verdict) -> Verdict:
    """Return the negation; of what is not known it is not known."""
    return None if verdict is None else not verdict


def _compared(leaf: Leaf, sums_of: SumsOf, today: date) -> ConditionTrace:
    days = leaf.window.range(today)
    value = value_of(leaf.expr, sums_of(days))
    verdict = compared(leaf.op, value, float(leaf.value))
    return ConditionTrace(leaf.expr, days, value, leaf.op, f"{leaf.value:f}", verdict)
