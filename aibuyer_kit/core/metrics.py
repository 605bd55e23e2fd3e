"""The metric catalogue: every metric's name, unit and additivity stands here once.

A measure is stored as an integer and may be summed where `additive` says so. A ratio is one division of two sums and
is never summed or averaged.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from aibuyer_kit.core.action_types import ACTION_EVENTS, family_of
from aibuyer_kit.core.errors import UnknownMetricError

Unit = Literal["money", "count", "share", "ratio"]


@dataclass(frozen=True)
class Measure:
    """A fact as it is stored: `column` of the insights table, in micros where the unit is money.

    `additive` is `everywhere`, or `nowhere` for people (reach), who are not new again on the next day or ad.
    """

    name: str
    unit: Unit
    column: str
    additive: Literal["everywhere", "nowhere"]
    meaning: str
    higher_is_better: bool | None = None


@dataclass(frozen=True)
class Ratio:
    """`numerator / denominator` of summed measures, times `scale`; unknown where the denominator is zero or unknown."""

    name: str
    unit: Unit
    numerator: str
    denominator: str
    meaning: str
    scale: int = 1
    higher_is_better: bool | None = None


MEASURES: tuple[Measure, ...] = (
    Measure("spend", "money", "spend_micros", "everywhere", "Amount spent."),
    Measure("impressions", "count", "impressions", "everywhere", "Times the ads were shown."),
    Measure("clicks", "count", "clicks", "everywhere", "All clicks on the ads."),
    Measure("link_clicks", "count", "link_clicks", "everywhere", "Clicks on links to the destination."),
    Measure("reach", "count", "reach", "nowhere", "People who saw the ads at least once.", True),
    Measure(
        "results",
        "count",
        "results",
        "everywhere",
        "Events of the one canonical result of the campaign's objective; unknown in a sum over two kinds of result.",
        True,
    ),
    Measure("revenue", "money", "revenue_micros", "everywhere", "Value of the canonical results.", True),
    Measure(
        "revenue_assumed",
        "money",
        "revenue_assumed_micros",
        "everywhere",
        "The part of revenue that is results times the client's own value_per_result: no value was reported for them.",
    ),
    Measure(
        "gross_profit",
        "money",
        "gross_profit_micros",
        "everywhere",
        "Revenue times the client's gross margin; unknown without a margin.",
        True,
    ),
    Measure("profit", "money", "profit_micros", "everywhere", "Gross profit less the amount spent.", True),
)

RATIOS: tuple[Ratio, ...] = (
    Ratio("ctr", "share", "clicks", "impressions", "Click-through rate: clicks per impression.", 1, True),
    Ratio("cpc", "money", "spend", "clicks", "Cost per click.", 1, False),
    Ratio("cpm", "money", "spend", "impressions", "Cost per 1,000 impressions.", 1000, False),
    Ratio("cvr", "share", "results", "clicks", "Conversion rate: results per click.", 1, True),
    Ratio("cpa", "money", "spend", "results", "Cost per result.", 1, False),
    Ratio("roas", "ratio", "revenue", "spend", "Return on ad spend: revenue per unit of spend.", 1, True),
    Ratio("value_per_result", "money", "revenue", "results", "Revenue per result.", 1, True),
    Ratio("poas", "ratio", "gross_profit", "spend", "Profit on ad spend: gross profit per unit of spend.", 1, True),
)

METRICS: dict[str, Measure | Ratio] = {each.name: each for each in MEASURES} | {each.name: each for each in RATIOS}


def metric(name: str) -> Measure | Ratio:
    """Return the metric called `name`.

    Raises UnknownMetricError with the nearest name and all names there are.
    """
    try:
        return METRICS[name]
    except KeyError:
        if family_of(name) != name or name in ACTION_EVENTS:
            raise UnknownMetricError(
                f"{name!r} is an action type, not a metric. Several action types tell of the same event, so only the"
                " canonical one counts, as 'results': choose it in client.toml, and list them with `aibuyer actions`."
            ) from None
        near = difflib.get_close_matches(name, METRICS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownMetricError(f"There is no metric {name!r}.{hint} Known: {', '.join(sorted(METRICS))}.") from None


# Reported for days on end after the ads were shown.
_LATE = frozenset({"results", "revenue", "revenue_assumed", "gross_profit", "profit"})


def arrives_late(name: str) -> bool:
    """Return whether a metric still changes while the results of its days are being reported.

    >>> [name for name in ("spend", "results", "cpa", "poas", "ctr") if arrives_late(name)]
    ['results', 'cpa', 'poas']
    """
    each = metric(name)
    return bool(_LATE & ({each.name} if isinstance(each, Measure) else {each.numerator, each.denominator}))


def counts_results(name: str) -> bool:
    """Return whether a metric counts results, so that it is unknown over several kinds of them.

    >>> counts_results("cpa"), counts_results("roas")
    (True, False)
    """
    each = metric(name)
    return "results" in ((each.name,) if isinstance(each, Measure) else (each.numerator, each.denominator))


# What a measure is made of: the client's own value per result stands in for revenue that is not reported.
_RESTS_ON: Mapping[str, frozenset[str]] = {
    "link_clicks": frozenset({"clicks"}),
    "revenue": frozenset({"revenue", "results"}),
    "revenue_assumed": frozenset({"results"}),
    "gross_profit": frozenset({"revenue", "results"}),
    "profit": frozenset({"revenue", "results", "spend"}),
}


def rests_on(name: str) -> frozenset[str]:
    """Return the measures without which a metric would be another: those that the platform's own totals tell as well.

    >>> sorted(rests_on("poas")), sorted(rests_on("ctr"))
    (['results', 'revenue', 'spend'], ['clicks', 'impressions'])
    """
    each = metric(name)
    sides = (each.name,) if isinstance(each, Measure) else (each.numerator, each.denominator)
    return frozenset().union(*(_RESTS_ON.get(side, frozenset({side})) for side in sides))


def multipliers(ratio: Ratio) -> tuple[int, int]:
    """Return the integers by which numerator and denominator are multiplied so that one division gives the ratio.

    Money is in micros on both sides; what does not cancel is divided out, so the ratio is in currency units.

    >>> multipliers(METRICS["cpm"]), multipliers(METRICS["roas"])
    ((1000, 1000000), (1, 1))
    """
    top_is_money, bottom_is_money = (METRICS[name].unit == "money" for name in (ratio.numerator, ratio.denominator))
    micros = 1 if top_is_money == bottom_is_money else 1_000_000
    return ratio.scale * (micros if bottom_is_money else 1), micros if top_is_money else 1


def ratio_of(ratio: Ratio, sums: Mapping[str, int | None]) -> float | None:
    """Return the ratio of integer sums (money in micros); None (unknown) where a sum is missing or divides by zero.

    >>> ratio_of(METRICS["cpa"], {"spend": 50_000_000, "results": 4})
    12.5
    """
    top, bottom = sums.get(ratio.numerator), sums.get(ratio.denominator)
    if top is None or not bottom:
        return None
    top_times, bottom_times = multipliers(ratio)
    return (top * top_times) / (bottom * bottom_times)
