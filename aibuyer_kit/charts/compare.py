"""A figure against the period before and against its target, with the direction that is better."""

from dataclasses import dataclass
from typing import Literal

from aibuyer_kit.core.metrics import metric

Figure = float | int | None
Verdict = Literal["better", "worse", "same", "neutral", "unknown"]

# Changes below half of the last digit shown (0.1%) read as none.
_SAME_BELOW = 0.0005


@dataclass(frozen=True)
class Comparison:
    """A relative difference (0.1 is 10% more) and whether it is good; `change` is None where it is unknown."""

    change: float | None
    verdict: Verdict


def compared(name: str, now: Figure, before: Figure) -> Comparison:
    """Compare a metric with an earlier value or a target; unknown where either is missing or the base is zero.

    Raises UnknownMetricError.

    >>> compared("cpa", 20.0, 25.0)
    Comparison(change=-0.2, verdict='better')
    """
    higher_is_better = metric(name).higher_is_better
    if now is None or not before:
        return Comparison(None, "unknown")
    change = float(now) / float(before) - 1.0
    change = round(change, 12)
    if abs(change) < _SAME_BELOW:
        return Comparison(change, "same")
    if higher_is_better is None:
        return Comparison(change, "neutral")
    return Comparison(change, "better" if (change > 0) == higher_is_better else "worse")


def share_of(part: Figure, whole: Figure) -> float | None:
    """Return part / whole; None where either is missing or the whole is zero."""
    return None if part is None or not whole else float(part) / float(whole)
