"""Sums of a period from the daily panel: of the days that tell a metric, as pages add them up."""

from dataclasses import dataclass, replace

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.metrics import METRICS, Measure
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.windows import Bools, Floats, Ints
from aibuyer_kit.measurement.why.arrays import divided
from aibuyer_kit.measurement.why.chain import chain_of
from aibuyer_kit.measurement.why.factors import PeriodSums


def period_sums(panel: DailyPanel, days: DateRange, name: str) -> PeriodSums:
    """Return sums by object over the days of a period on which the metric is known of it.

    A day of an object on which a side of the metric is not known is left out, with all its measures, so that neither
    side is short. Shares of results that are known are means over days, weighed by what results come from.
    """
    rows = _rows(panel, days)
    told = _told(panel, rows, name)
    measures = {each: np.where(told, values[rows], 0.0).sum(axis=0) for each, values in panel.measures.items()}
    return PeriodSums(measures, _known_share(panel, rows, told), len(days))


def needed(name: str) -> tuple[str, ...]:
    """Return the measures that explaining a metric looks at."""
    chain, each = chain_of(name), METRICS[name]
    sides = (name,) if isinstance(each, Measure) else (each.numerator, each.denominator)
    return tuple(dict.fromkeys(("spend", "impressions", "clicks", chain.base, *chain.links, *sides)))


def grouped(sums: PeriodSums, groups: Ints) -> PeriodSums:
    """Return the sums of groups of objects; `groups` is the number of each object's group, from 0 on."""
    count = int(groups.max(initial=-1)) + 1

    def added(values: Floats) -> Floats:
        found: Floats = np.bincount(groups, weights=values, minlength=count).astype(np.float64)
        return found

    weights = np.nan_to_num(sums.measures["clicks"]) + 1.0
    shares = divided(added(weights * sums.known_share), added(weights))
    return PeriodSums({name: added(values) for name, values in sums.measures.items()}, shares, sums.days)


@dataclass(frozen=True)
class LeftOut:
    """What a period does not tell: micros spent on days of objects of which the metric is not known, days of whose
    results nobody can say how many are still to come, and whether there is any figure at all.
    """

    spend_micros: float
    days_of_unknown_share: int
    is_empty: bool


def left_out(panel: DailyPanel, days: DateRange, name: str) -> LeftOut:
    """Return what a period does not tell about a metric."""
    rows = _rows(panel, days)
    told = _told(panel, rows, name)
    spend = np.nan_to_num(panel.measure("spend")[rows])
    untold = np.isnan(panel.known_share[rows]) & told & (spend > 0)
    return LeftOut(float(spend[~told].sum()), int(untold.any(axis=1).sum()), not told.any())


def has_figures(panel: DailyPanel, days: DateRange) -> Bools:
    """Return which objects have a figure above zero in a period."""
    rows = _rows(panel, days)
    found: Bools = np.logical_or.reduce([np.nan_to_num(values[rows]).any(axis=0) for values in panel.measures.values()])
    return found


def with_unsplit(panel: DailyPanel, accounts: DailyPanel) -> DailyPanel:
    """Return the panel with each account beside its objects, on the days of which only the account is known."""
    spend = np.isfinite(panel.measure("spend"))
    for place, account in enumerate(accounts.objects):
        own = [at for at, each in enumerate(panel.objects) if each.account_id == account.account_id]
        split: Bools = np.logical_or.reduce(spend[:, own], axis=1)
        unsplit: Bools = np.logical_not(split) & np.isfinite(accounts.measure("spend")[:, place])
        if unsplit.any():
            panel = _with_account(panel, accounts, place, unsplit, split)
    return panel


def _with_account(panel: DailyPanel, accounts: DailyPanel, place: int, unsplit: Bools, split: Bools) -> DailyPanel:
    def joined(values: Floats, of_account: Floats, elsewhere: float) -> Floats:
        column = np.where(unsplit, of_account[:, place], np.where(split, elsewhere, np.nan))
        return np.concatenate([values, column[:, None]], axis=1)

    return replace(
        panel,
        objects=(*panel.objects, accounts.objects[place]),
        measures={name: joined(each, accounts.measure(name), 0.0) for name, each in panel.measures.items()},
        known_share=joined(panel.known_share, accounts.known_share, 1.0),
    )


def _rows(panel: DailyPanel, days: DateRange) -> slice:
    first = (days.since - panel.days.since).days
    return slice(max(first, 0), max(first + len(days), 0))


def _told(panel: DailyPanel, rows: slice, name: str) -> Bools:
    each = METRICS[name]
    sides = (name,) if isinstance(each, Measure) else (each.numerator, each.denominator)
    told: Bools = np.logical_and.reduce([np.isfinite(panel.measure(side)[rows]) for side in sides])
    return told


def _known_share(panel: DailyPanel, rows: slice, told: Bools) -> Floats:
    """Return the share of each object's results that is known: NaN where the past does not tell."""
    shares = panel.known_share[rows]
    found = np.full(shares.shape[1], np.nan)
    for source in ("clicks", "impressions", "spend"):
        weights = np.where(told, np.nan_to_num(panel.measure(source)[rows]), 0.0).clip(min=0.0)
        whole = weights.sum(axis=0)
        known = np.where(weights > 0, weights * shares, 0.0).sum(axis=0)
        found = np.where(np.isnan(found), divided(known, whole), found)
    found[~(found > 0)] = np.nan
    return found
