"""What was seen of items in groups: what counts for a metric, how much of it has arrived, how far days differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aibuyer_kit.core.errors import InputError, TooLittleError
from aibuyer_kit.core.metrics import arrives_late
from aibuyer_kit.features.windows import Floats, Ints


@dataclass(frozen=True)
class Counted:
    """What a metric counts, on what, and whether a count has a worth of its own; a cost is better when it is lower."""

    count: str
    exposure: str
    has_worth: bool = False
    is_cost: bool = False


METRICS: Mapping[str, Counted] = {
    "ctr": Counted("clicks", "impressions"),
    "cvr": Counted("results", "clicks"),
    "cpa": Counted("results", "spend", is_cost=True),
    "roas": Counted("results", "spend", has_worth=True),
}
_LEAST_SHARE = 0.2
# A logarithm: what is shown twenty times less is not told apart from what is shown less still.
MOST_DELIVERY = 3.0


@dataclass(frozen=True)
class Item:
    """A creative, or a segment of people or places; `shown` is what a creative shows.

    `can_be_chosen` is not so of people of whom the platform does not know what they are: nobody can aim at them.
    """

    id: str
    name: str
    shown: Mapping[str, Any] = field(default_factory=dict)
    can_be_chosen: bool = True


@dataclass(frozen=True)
class Evidence:
    """Rows of items within groups, such as creatives within ad sets, summed over days; money in currency units.

    `exposure` is that which goes with what has arrived. `spread_of_days` is by how much counts of single days differ
    more than by chance: 1 where they do not. `delivery` is the logarithm of a row's impressions a day over what is
    usual in its group, where the platform decides what it shows more of: it shows what it expects to work.
    """

    metric: str
    items: tuple[Item, ...]
    groups: tuple[Item, ...]
    item: Ints
    group: Ints
    count: Floats
    exposure: Floats
    revenue: Floats
    spend: Floats
    delivery: Floats | None = None
    spread_of_days: float = 1.0
    currency: str = ""
    notes: tuple[str, ...] = ()

    @property
    def counted(self) -> Counted:
        return METRICS[self.metric]


def known_metric(name: str) -> str:
    """Return a metric by which items can be ranked. Raises InputError with those there are."""
    if name not in METRICS:
        raise InputError(f"Items cannot be ranked by {name!r}. Known: {', '.join(METRICS)}.")
    return name


@dataclass(frozen=True)
class Daily:
    """Figures by day and row; each row is an item in a group. Money in currency units, NaN unknown."""

    item: Ints
    group: Ints
    measures: Mapping[str, Floats]
    known_share: Floats


def gathered(
    metric: str,
    daily: Daily,
    items: tuple[Item, ...],
    groups: tuple[Item, ...],
    currency: str = "",
    *,
    platform_chooses: bool = False,
) -> Evidence:
    """Return the evidence of daily figures: results of days of which too little is known are left out.

    Where for most of what was spent it is not known which share has arrived, figures are taken as they are, and a note
    says so. Raises InputError where nothing was shown, or figures are negative.
    """
    counted = METRICS[known_metric(metric)]
    measures, share, notes = daily.measures, daily.known_share, []
    for name in {counted.count, counted.exposure, *(["revenue"] if counted.has_worth else [])}:
        if (measures[name] < 0).any():
            raise InputError(f"{name} is below zero on some days: that is no count to learn from.")
    if counted.has_worth and not np.nansum(measures["revenue"]) > 0:
        raise TooLittleError("values")
    if not arrives_late(metric):
        share = np.ones(share.shape)
    elif 2 * np.isnan(share[measures["spend"] > 0]).sum() > (measures["spend"] > 0).sum():
        share = np.ones(share.shape)
        notes.append("arrival_unknown")
    known = share >= _LEAST_SHARE
    for name in (counted.count, counted.exposure, *(["revenue"] if counted.has_worth else [])):
        known = known & ~np.isnan(measures[name])
    arrived = np.where(known, measures[counted.exposure] * np.where(known, share, 0.0), 0.0)
    count = np.where(known, measures[counted.count], 0.0)
    rows = arrived.sum(axis=0) > 0
    if not rows.any():
        raise InputError("Nothing was shown in these days of which results are known: there is nothing to rank.")
    revenue = np.where(known, measures["revenue"], 0.0) if counted.has_worth else np.zeros(count.shape)
    kept_items, item = np.unique(daily.item[rows], return_inverse=True)
    kept_groups, group = np.unique(daily.group[rows], return_inverse=True)
    return Evidence(
        metric=metric,
        items=tuple(items[place] for place in kept_items),
        groups=tuple(groups[place] for place in kept_groups),
        item=item,
        group=group,
        count=count.sum(axis=0)[rows],
        exposure=arrived.sum(axis=0)[rows],
        revenue=revenue.sum(axis=0)[rows],
        spend=np.nansum(measures["spend"], axis=0)[rows],
        delivery=_delivery(daily)[rows] if platform_chooses else None,
        spread_of_days=_spread_of_days(count, arrived, daily.group),
        currency=currency,
        notes=tuple(notes),
    )


def _delivery(daily: Daily) -> Floats:
    shown = np.nan_to_num(daily.measures["impressions"])
    a_day = shown.sum(axis=0) / np.maximum((shown > 0).sum(axis=0), 1)
    told = np.log(np.maximum(a_day, 1.0))
    means = np.bincount(daily.group, told) / np.maximum(np.bincount(daily.group), 1)
    found: Floats = np.clip(told - means[daily.group], -MOST_DELIVERY, MOST_DELIVERY)
    return found


def _spread_of_days(count: Floats, exposure: Floats, group: Ints) -> float:
    """Return Pearson's statistic by degree of freedom, of counts of days beside those of the same group and day.

    What moves a whole group on a day, such as a weekend, is no reason to doubt its items.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        usual = np.where(exposure.sum(axis=0) > 0, count.sum(axis=0) / exposure.sum(axis=0), 0.0)
    alone = exposure * usual
    groups = int(group.max()) + 1
    both, seen = np.zeros((len(count), groups)), np.zeros((len(count), groups))
    np.add.at(both.T, group, alone.T)
    np.add.at(seen.T, group, count.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(both[:, group] > 0, alone * seen[:, group] / both[:, group], 0.0)
        inside = expected >= 1
        score = np.where(inside, (count - expected) ** 2 / expected, 0.0)
    taking_part = np.zeros((len(count), groups))
    np.add.at(taking_part.T, group, inside.T.astype(np.float64))
    freedom = float(np.maximum(taking_part - 1, 0).sum()) - len(np.unique(group))
    fair = score * (taking_part[:, group] > 1)
    return max(float(fair.sum()) / freedom, 1.0) if freedom > 20 else 1.0
