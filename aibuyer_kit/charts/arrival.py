"""What is still arriving of a figure, and whether that can turn what is said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from aibuyer_kit.charts.compare import Figure, compared
from aibuyer_kit.charts.quality import ImmatureLike
from aibuyer_kit.core.metrics import Ratio, arrives_late, counts_results, metric


@dataclass(frozen=True)
class Arrival:
    """By how much the results of a period will still be multiplied, at least and at most; None: nobody can tell."""

    least: float | None = 1.0
    most: float | None = 1.0

    def concerns(self, name: str) -> bool:
        """Whether a metric waits for results that are still reported."""
        return arrives_late(name) and (self.least, self.most) != (1.0, 1.0)

    def settles(self, name: str, value: Figure, aim: Figure) -> bool:
        """Whether a metric will stand on the same side of `aim` whatever still arrives.

        >>> Arrival(1.0, 1.25).settles("cpa", 20.0, 25.0), Arrival(1.0, 1.25).settles("cpa", 30.0, 25.0)
        (True, False)
        """
        if value is None or not self.concerns(name):
            return True
        if self.least is None or self.most is None:
            return False
        grows = _grows_with_results(name)
        if grows is None:
            return False
        finals = [value * factor if grows else value / factor for factor in (self.least, self.most)]
        return len({compared(name, final, aim).verdict for final in (value, *finals)}) == 1


SETTLED = Arrival()


def arrival_of(
    name: str, daily: Sequence[tuple[date, Mapping[str, Figure]]], immature: Sequence[ImmatureLike]
) -> Arrival:
    """Return what a metric over days still waits for, from the share of each day's results that is known."""
    shares = {each.day: each for each in immature}
    if not shares:
        return SETTLED
    sums = [0.0, 0.0, 0.0]
    for day, values in daily:
        value, share = values.get("results" if counts_results(name) else "revenue"), shares.get(day)
        if share is None or (value is None and values.get("spend") is None):
            sums = [total + float(value or 0) for total in sums]
        elif value is None or share.least is None or share.most is None:
            return Arrival(None, None)
        else:
            finals = (value, value / share.most, value / share.least)
            sums = [total + final for total, final in zip(sums, finals, strict=True)]
    known, least, most = sums
    return Arrival(least / known, most / known) if known else Arrival(None, None)


def widest_arrival(immature: Sequence[ImmatureLike]) -> Arrival:
    """Return what may still arrive of something whose days are not told apart: all of it may be of the youngest day."""
    known = [(each.least, each.most) for each in immature if each.least is not None and each.most is not None]
    if len(known) < len(immature):
        return Arrival(None, None)
    factors = [1.0, *(1 / share for ends in known for share in ends)]
    return Arrival(min(factors), max(factors))


def _grows_with_results(name: str) -> bool | None:
    """Whether a metric is multiplied by what results are multiplied by, or divided; None where it is neither."""
    each = metric(name)
    if not isinstance(each, Ratio):
        return None if name == "profit" else True
    top, bottom = arrives_late(each.numerator), arrives_late(each.denominator)
    return None if top == bottom else top
