"""Looks at a market from outside and inside: what nobody who buys advertising can see, beside what is reported.

Each returns rows of a name, or a day, and values by metric name; money in units of the account's currency.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.sandbox.market.account import Ad, AdSet
from aibuyer_kit.sandbox.market.days import local_day
from aibuyer_kit.sandbox.market.engine import Market
from aibuyer_kit.sandbox.market.response import MATURE_DAYS

Values = Mapping[str, float | None]
_RESULT_TYPES = ("purchase", "lead")


def final_days(market: Market, count: int) -> DateRange:
    """Return the last so many days whose results are final: these are over for 28 days."""
    until = market.today - timedelta(days=MATURE_DAYS + 1)
    return DateRange(until - timedelta(days=count - 1), until)


def by_budget(market: Market, adset: AdSet, *, times: Sequence[float], days: int = 14) -> list[tuple[str, Values]]:
    """Return what an ad set brings at several multiples of its daily budget, in rising order; all others keep theirs.

    `results` are beyond what there would be without this ad set; `cpa` is what each of those cost that the last step of
    the budget brought.
    """
    daily_micros = market.setting(adset.id).daily_budget_minor * MICROS_PER_UNIT / market.account.minor_per_unit
    before = market.truth({adset.id: 0.0}, days)
    without = before.results
    rows: list[tuple[str, Values]] = []
    for each in sorted(times):
        now = market.truth({adset.id: daily_micros * each}, days)
        more, paid = now.results - before.results, (now.spend_micros - before.spend_micros) / MICROS_PER_UNIT
        values = {
            "spend": now.spend_by_adset[adset.id] / MICROS_PER_UNIT,
            "results": now.results - without,
            "cpa": paid / more if more > 0 else None,
        }
        rows.append((f"{daily_micros * each / MICROS_PER_UNIT:,.0f} {market.account.currency}", values))
        before = now
    return rows


def by_week(market: Market, adset: AdSet) -> list[tuple[date, Values]]:
    """Return what each full week of an ad set's history was like, and what was true of it.

    `results` are those that its ads brought about, as expected; `cpa` is what one of them cost.
    """
    found: list[tuple[date, Values]] = []
    for number in range((market.today - market.first_day).days // 7):
        since = market.first_day + timedelta(days=7 * number)
        days = DateRange(since, since + timedelta(days=6))
        seen, results = market.totals(adset.ads, days), market.persuaded(adset.id, days)
        spend = seen.spend_minor / market.account.minor_per_unit
        values = {
            "spend": spend,
            "results": results,
            "cpa": spend / results if results else None,
            "impressions": float(seen.impressions),
        }
        found.append((since, values))
    return found


def as_restated(market: Market, day: date) -> list[tuple[date, Values]]:
    """Return the `results` that the platform reported of one day at the end of it and of each day after, until now."""
    last = min(MATURE_DAYS + 1, (market.today - day).days - 1)
    ends = [local_day(day + timedelta(days=age), market.zone).end_us for age in range(last + 1)]
    one_day = DateRange(day, day)
    return [
        (day + timedelta(days=age), {"results": _claimed(market, market.account.ads, one_day, end_us)})
        for age, end_us in enumerate(ends)
    ]


def claimed_and_true(market: Market, days: DateRange) -> list[tuple[str, Values]]:
    """Return two rows for the first ad set of each kind of audience: what is claimed of it now, and what it brought.

    What it brought is beyond what there would have been without it, under the luck that there was.
    """
    firsts: dict[str, AdSet] = {}
    for adset in market.account.adsets:
        firsts.setdefault(adset.plan.audience, adset)
    rows: list[tuple[str, Values]] = []
    for kind, adset in firsts.items():
        spend = market.totals(adset.ads, days).spend_minor / market.account.minor_per_unit
        claimed, true = _claimed(market, adset.ads, days), market.true_lift(adset.id, days)[0]
        for name, results in (("claimed", claimed), ("true", true)):
            cost = spend / results if results > 0 else None
            rows.append((f"{kind}, {name}", {"spend": spend, "results": results, "cpa": cost}))
    return rows


def _claimed(market: Market, ads: Sequence[Ad], days: DateRange, at_us: int | None = None) -> float:
    actions = market.totals(ads, days, at_us).actions
    return float(sum(actions[each][0] for each in _RESULT_TYPES if each in actions))
