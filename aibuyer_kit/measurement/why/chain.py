"""The chain that every metric hangs on: spend buys impressions, these bring clicks, results, revenue, gross profit."""

from dataclasses import dataclass
from typing import Literal

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.metrics import METRICS, Measure, metric

Form = Literal["sum", "per_base", "base_per"]

# What brings what, and which driver says how much of it one unit of the measure before brings.
_CHAIN = ("spend", "impressions", "clicks", "results", "revenue", "gross_profit")
_DRIVER = {
    "impressions": "cpm",
    "clicks": "ctr",
    "link_clicks": "ctr",
    "results": "cvr",
    "revenue": "value_per_result",
    "revenue_assumed": "value_per_result",
    "gross_profit": "margin",
}
# Measures beside the chain stand in the place of these.
_STANDS_FOR = {"link_clicks": "clicks", "revenue_assumed": "revenue"}

# Every driver there is, in the order of cause and effect; `outside` is what came without any of the base.
DRIVERS = ("days", "spend", "mix", "cpm", "ctr", "cvr", "maturity", "value_per_result", "margin", "outside")


@dataclass(frozen=True)
class Chain:
    """How a metric comes from its base: a sum over it, something per unit of it, or its cost per unit of something.

    `links` are measures, each brought by the one before it; `target` is the last of them, or the base itself.
    """

    metric: str
    base: str
    links: tuple[str, ...]
    form: Form
    less_base: bool = False

    @property
    def target(self) -> str:
        return self.links[-1] if self.links else self.base

    @property
    def drivers(self) -> tuple[str, ...]:
        """The drivers that can move the metric, in the order of cause and effect."""
        moved = {driver_of(link) for link in self.links} | {"outside"}
        if "results" in self.links:
            moved.add("maturity")
        moved |= {"days", "spend"} if self.form == "sum" else set()
        moved |= {"mix"} if self.links else set()
        return tuple(name for name in DRIVERS if name in moved)


def driver_of(link: str) -> str:
    """Return the driver that says how much of a measure one unit of the one before it brings."""
    return _DRIVER[link]


def chain_of(name: str) -> Chain:
    """Return the chain of a metric. Raises UnknownMetricError, InputError for one that cannot be added up.

    >>> chain_of("cpa").links, chain_of("cvr").base
    (('impressions', 'clicks', 'results'), 'clicks')
    """
    each = metric(name)
    if isinstance(each, Measure):
        if name == "profit":
            return Chain(name, "spend", _between("spend", "gross_profit"), "sum", less_base=True)
        if _place(name) is None:
            raise _not_additive(name)
        return Chain(name, "spend", _between("spend", name), "sum")
    first, last = _place(each.denominator), _place(each.numerator)
    if first is None or last is None:
        raise _not_additive(name)
    if first < last:
        return Chain(name, each.denominator, _between(each.denominator, each.numerator), "per_base")
    return Chain(name, each.numerator, _between(each.numerator, each.denominator), "base_per")


def explained() -> tuple[str, ...]:
    """Return the names of all metrics that can be explained."""
    return tuple(name for name in METRICS if name != "reach")


def _place(name: str) -> int | None:
    stands_for = _STANDS_FOR.get(name, name)
    return _CHAIN.index(stands_for) if stands_for in _CHAIN else None


def _between(first: str, last: str) -> tuple[str, ...]:
    """Return the links behind `first` up to `last`."""
    start, end = _place(first), _place(last)
    between = _CHAIN[(start or 0) + 1 : end or 0]
    return (*between, last) if first != last else ()


def _not_additive(name: str) -> InputError:
    return InputError(
        f"{name!r} cannot be split into causes: people are not added up over days or campaigns."
        f" What can be: {', '.join(explained())}."
    )
