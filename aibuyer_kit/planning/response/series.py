"""What curves are fitted on: spend and results of each arm by day, as far as they say something."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.windows import Floats

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

# Of a day of which less is known, what is known says little.
_LEAST_KNOWN = 0.3
# A day with less than this share of an arm's usual spend is one on which it was hardly shown.
_LEAST_SHARE_OF_USUAL = 0.1
LEAST_DAYS = 14
_LATE_DAYS = 7
# Spend goes by a budget of which it takes more than this.
_BY_BUDGET = 0.6


@dataclass(frozen=True)
class Series:
    """Arms by day: `spend` in currency units, `results` as reported, `known` the share of them that was in by then.

    `used` (days, arms) are the days that say something. `centre` (arms,) is the spend around which a curve is told, the
    geometric mean of the days used; `spend_now` is a day's spend of late, `budget_now` the daily budget, NaN where
    there is none. `price` (days, arms) is by which share a thousand impressions cost more than the arm's spend and the
    day explain, as a logarithm.
    """

    spend: Floats
    results: Floats
    known: Floats
    used: Bools
    price: Floats
    weekday: Ints
    centre: Floats
    spend_now: Floats
    budget_now: Floats
    is_unread: Bools  # by arm, whether none of its last days was read

    @property
    def days(self) -> int:
        return int(self.spend.shape[0])

    @property
    def arms(self) -> int:
        return int(self.spend.shape[1])

    def only(self, places: Ints) -> "Series":
        """Return the series of the arms at these places."""
        return replace(
            self,
            **{name: getattr(self, name)[:, places] for name in ("spend", "results", "known", "used", "price")},
            centre=self.centre[places],
            spend_now=self.spend_now[places],
            budget_now=self.budget_now[places],
            is_unread=self.is_unread[places],
        )

    @cached_property
    def is_fitted(self) -> Bools:
        """Which arms have a history that a curve can be fitted on; the others have what is usual of their like."""
        enough: Bools = (self.used.sum(axis=0) >= LEAST_DAYS) & ((self.results * self.used).sum(axis=0) > 0)
        return enough


def series_of(panel: DailyPanel) -> Series:
    """Return the series of a panel. Raises InputError where nothing was spent, or money or counts are negative."""
    spend = panel.measure("spend") / MICROS_PER_UNIT
    results = panel.measure("results")
    _check(spend, "spend")
    _check(results, "results")
    if not np.nansum(spend) > 0:
        raise InputError(f"Nothing was spent in {panel.days}: there is nothing to learn a response from.")
    known = panel.known_share
    usual = _usual(spend)
    with np.errstate(invalid="ignore"):
        used = (spend > _LEAST_SHARE_OF_USUAL * usual) & np.isfinite(results) & (known >= _LEAST_KNOWN)
    used &= spend > 0
    weekday = np.array([day.weekday() for day in panel.days])
    logs = np.log(np.where(used, spend, 1.0))
    count = np.maximum(1, used.sum(axis=0))
    centre = np.where(used.any(axis=0), np.exp((logs * used).sum(axis=0) / count), np.maximum(usual, 1.0))
    budget = np.array([each.units(each.daily_budget_micros) for each in panel.objects])
    return Series(
        spend=_filled(spend),
        results=np.where(used, results, 0.0),
        known=np.where(used, known, 1.0),
        used=used,
        price=_price(panel, spend, used),
        weekday=weekday,
        centre=centre,
        spend_now=spend_of_late(panel),
        budget_now=np.where(budget > 0, budget, np.nan),
        is_unread=np.asarray(~np.isfinite(spend[-_LATE_DAYS:]).any(axis=0)),
    )


def _check(values: Floats, name: str) -> None:
    if np.isinf(values).any() or (values[np.isfinite(values)] < 0).any():
        raise InputError(f"The panel's {name} is negative or infinite on some day: a response has no such figure.")


def _usual(spend: Floats) -> Floats:
    """Return each arm's median spend of the days on which it spent; 0 where it never did."""
    some = np.where(spend > 0, spend, np.nan)
    found = np.zeros(spend.shape[1])
    has = np.isfinite(some).any(axis=0)
    found[has] = np.nanmedian(some[:, has], axis=0)
    return found


def spend_of_late(panel: DailyPanel) -> Floats:
    """Return the spend a day of late: the budget where the last days went by it, otherwise the mean of a week.

    Days that were not read are not known: those before them count. What is paused spends nothing, and what spent more
    than its budget has had it cut.
    """
    spend = panel.measure("spend") / MICROS_PER_UNIT
    week, last = _mean_of_last(spend, _LATE_DAYS), _mean_of_last(spend, 2)
    budget = np.array([each.units(each.daily_budget_micros or 0) for each in panel.objects])
    by_budget = (budget > 0) & (last > _BY_BUDGET * budget)
    delivers = np.array([each.delivers for each in panel.objects])
    return np.where(delivers, np.where(by_budget, budget, week), 0.0)


def _mean_of_last(spend: Floats, days: int) -> Floats:
    """Return the mean of the last days that are known, 0 where none is."""
    known = np.isfinite(spend)
    late = known & (np.cumsum(known[::-1], axis=0)[::-1] <= days)
    return np.asarray(np.where(late, spend, 0.0).sum(axis=0) / np.maximum(1, late.sum(axis=0)))


def _filled(spend: Floats) -> Floats:
    """Return spend with that of the day before where a day was not read, 0 before the first that was."""
    rows = np.where(np.isfinite(spend), np.arange(len(spend))[:, None], -1)
    before = np.maximum.accumulate(rows, axis=0)
    return np.where(before >= 0, np.take_along_axis(spend, np.maximum(before, 0), axis=0), 0.0)


def _price(panel: DailyPanel, spend: Floats, used: Bools) -> Floats:
    """Return what impressions cost beyond what is usual of the arm, of the day and of its spend, in logarithms."""
    impressions = panel.measures.get("impressions")
    if impressions is None:
        return np.zeros(spend.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = used & (impressions >= 1)
        cpm = np.log(np.where(seen, spend / np.where(seen, impressions, 1.0), 1.0))
    logs = np.log(np.where(seen, spend, 1.0))
    cpm, logs = _apart(cpm, seen), _apart(logs, seen)
    weight = (logs**2 * seen).sum(axis=0)
    # Where spend hardly moved, its slope is what is usual of auctions.
    slope = ((cpm * logs * seen).sum(axis=0) + 1.5 * 0.1) / (weight + 1.5)
    left = np.where(seen, cpm - slope * logs, 0.0)
    return np.asarray(np.clip(left, -1.0, 1.0))


def _apart(values: Floats, seen: Bools) -> Floats:
    """Return values less what is usual of their arm and of their day."""
    found = np.where(seen, values, 0.0)
    for _ in range(3):
        for axis in (0, 1):
            mean = (found * seen).sum(axis=axis, keepdims=True) / np.maximum(1, seen.sum(axis=axis, keepdims=True))
            found = np.where(seen, found - mean, 0.0)
    return found
