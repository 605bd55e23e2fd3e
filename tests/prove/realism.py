"""Figures that tell a real ad account from an invented one, taken in one way from public files and from markets."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.account import Ad
from aibuyer_kit.sandbox.market.arrays import Floats, Ints, as_floats, as_ints
from aibuyer_kit.sandbox.market.totals import Totals

# A ratio of clicks says little with fewer than these; and one account's day is no row of several arms.
_LEAST_CLICKS, _LEAST_ARMS, _LEAST_DAYS = 30, 5, 14
RESTATED_AFTER_DAYS = (1, 3, 7, 14, 28)


@dataclass(frozen=True)
class Panel:
    """What arms (ads, ad sets, campaigns) delivered: columns of (arms, days); totals without days have one of them.

    `weekdays` has 0 for Monday; money in units of whatever currency.
    """

    spend: Floats
    impressions: Floats
    clicks: Floats
    results: Floats
    weekdays: Ints

    def grouped(self, of: Ints) -> "Panel":
        """Return the panel with the arms of each group added up; `of` is the group of each arm."""
        columns = (self.spend, self.impressions, self.clicks, self.results)
        groups = [np.stack([each[of == group].sum(axis=0) for group in np.unique(of)]) for each in columns]
        return Panel(*groups, weekdays=self.weekdays)


Figures = dict[str, float]


def figures_of(arms: Panel, ads: Panel | None = None) -> Figures:
    """Return what the table has, as far as the panel has arms or days for it; concentration is that of `ads`, if given.

    - levels: ratios of sums
    - spreads between arms with at least 30 clicks: the factor of one standard deviation of logs
    - swings between days: the price's coefficient of variation, and that of results beyond what chance (Poisson) gives
    - the share that the top fifth of arms has; the share of arms' days without a result
    - the widest difference between two weekdays' means, as a share of the mean; the correlation of a day with the next
    """
    found = _levels(arms)
    if len(arms.spend) >= _LEAST_ARMS:
        found |= _spreads(arms) | _concentration(arms if ads is None else ads)
    found["zero_days"] = float((arms.results == 0).mean())
    if len(arms.weekdays) >= _LEAST_DAYS:
        found |= _days(arms)
    return found


def _levels(arms: Panel) -> Figures:
    spend, impressions, clicks, results = (
        float(each.sum()) for each in (arms.spend, arms.impressions, arms.clicks, arms.results)
    )
    return {
        "ctr": clicks / impressions,
        "cpc": spend / clicks,
        "cvr": results / clicks,
        "cpm": 1000 * spend / impressions,
    }


def _spreads(arms: Panel) -> Figures:
    sums = [each.sum(axis=1) for each in (arms.spend, arms.impressions, arms.clicks, arms.results)]
    spend, impressions, clicks, results = (each[sums[2] >= _LEAST_CLICKS] for each in sums)
    ratios = {"ctr": clicks / impressions, "cpc": spend / clicks, "cvr": results / clicks, "cpm": spend / impressions}
    return {f"spread_{name}": float(np.exp(np.log(each[each > 0]).std())) for name, each in ratios.items()}


def _concentration(arms: Panel) -> Figures:
    return {"top_spend": _top_fifth(arms.spend.sum(axis=1)), "top_results": _top_fifth(arms.results.sum(axis=1))}


def _top_fifth(sums: Floats) -> float:
    return float(np.sort(sums)[::-1][: max(1, round(len(sums) / 5))].sum() / sums.sum())


def _days(arms: Panel) -> Figures:
    results, price = arms.results.sum(axis=0), arms.spend.sum(axis=0) / arms.impressions.sum(axis=0)
    beyond_chance = max(0.0, float(results.var() - results.mean()))
    return {
        "swing_cpm": float(price.std() / price.mean()),
        "swing_results": beyond_chance**0.5 / float(results.mean()),
        "weekday_results": _between_weekdays(results, arms.weekdays),
        "weekday_cpm": _between_weekdays(price, arms.weekdays),
        "next_day": _with_the_next(results),
        "next_day_cpm": _with_the_next(price),
    }


def _between_weekdays(days: Floats, weekdays: Ints) -> float:
    means = as_floats([float(days[weekdays == weekday].mean()) for weekday in range(7)]) / days.mean()
    return float(means.max() - means.min())


def _with_the_next(days: Floats) -> float:
    around = days - days.mean()
    return float((around[1:] * around[:-1]).mean() / (around * around).mean())


def market_figures(market: Market) -> Figures:
    """Return the figures of a market as its platform reports them, of all days that are not restated any more."""
    account = market.account
    last = market.today - timedelta(days=RESTATED_AFTER_DAYS[-1] + 1)
    days = [market.first_day + timedelta(days=number) for number in range((last - market.first_day).days + 1)]
    ads = _reported(market, account.ads, days)
    names = [adset.id for adset in account.adsets]
    return (
        figures_of(ads.grouped(as_ints([names.index(ad.adset_id) for ad in account.ads])), ads)
        | _returns(market, days)
        | _restated(market, days[-28:])
    )


def _reported(market: Market, ads: Sequence[Ad], days: Sequence[date]) -> Panel:
    rows = market.ad_days(ads, days)
    per_unit = market.account.minor_per_unit
    taken: tuple[Callable[[Totals], float], ...] = (
        lambda row: row.spend_minor / per_unit,
        lambda row: row.impressions,
        lambda row: row.clicks,
        results_of,
    )
    columns = [as_floats([take(row) if row else 0.0 for row in rows]).reshape(len(ads), len(days)) for take in taken]
    return Panel(*columns, weekdays=as_ints([day.weekday() for day in days]))


def results_of(row: Totals) -> int:
    """Return what a campaign is for: purchases and leads, each seen once."""
    return sum(row.actions[kind][0] for kind in ("purchase", "lead") if kind in row.actions)


def _returns(market: Market, days: Sequence[date]) -> Figures:
    """Return claimed revenue per spend of those campaigns that sell, and how often a person saw an ad in 28 days."""
    found = {}
    for name, is_warm in (("prospecting", False), ("retargeting", True)):
        adsets = [one for one in market.account.adsets if (one.plan.audience == "retargeting") == is_warm]
        sold = market.totals([ad for one in adsets if one.objective == "OUTCOME_SALES" for ad in one.ads], days)
        found[f"roas_{name}"] = sold.action_values_minor["purchase"][0] / sold.spend_minor
        shown = [market.totals(one.ads, days[-28:]) for one in adsets]
        found[f"frequency_{name}"] = float(np.median([each.impressions / each.reach for each in shown]))
    return found


def _restated(market: Market, days: Sequence[date]) -> Figures:
    """Return the share of the results known at the end that was known some days after the day's start."""
    midnights = [datetime.combine(day, datetime.min.time(), market.zone) for day in days]

    def known(after_days: int) -> int:
        moments = [midnight + timedelta(days=after_days) for midnight in midnights]
        return sum(
            results_of(market.totals(market.account.ads, (day,), round(moment.timestamp() * 1_000_000)))
            for day, moment in zip(days, moments, strict=True)
        )

    final = known(RESTATED_AFTER_DAYS[-1] + 1)
    return {f"known_after_{days}": known(days) / final for days in RESTATED_AFTER_DAYS}


def public_figures(folder: Path) -> dict[str, Figures]:
    """Return the figures of each public file, by a short name of it."""
    kag = _rows(folder / "kag_conversion" / "KAG_conversion_data.csv")
    year = _rows(folder / "fb_vs_adwords_daily" / "marketing_campaign.csv")
    seeds = _rows(folder / "fivetran_seeds" / "dbt_facebook_ads" / "facebook_ads_basic_ad_data.csv")
    found = {
        "kag enquiries": figures_of(_totals(kag, ("Spent", "Impressions", "Clicks", "Total_Conversion"))),
        "kag purchases": figures_of(_totals(kag, ("Spent", "Impressions", "Clicks", "Approved_Conversion"))),
        "multichannel": figures_of(_multichannel(folder)),
        "seeds": _of_seeds(_totals(seeds, ("spend", "impressions", "inline_link_clicks", "inline_link_clicks"))),
        "ipinyou": _of_auctions(folder / "ipinyou_theta" / "2997.test.theta.txt"),
    }
    for name, word in (("facebook year", "Facebook"), ("adwords year", "AdWords")):
        columns = (f"Cost per {word} Ad", *(f"{word} Ad {what}" for what in ("Views", "Clicks", "Conversions")))
        found[name] = figures_of(_daily(year, columns, "Date", "%m/%d/%Y"))
    for group in ("control", "test"):
        rows = _rows(folder / "fb_ab_control_test" / f"{group}_group.csv")
        columns = ("Spend [USD]", "# of Impressions", "# of Website Clicks", "# of Purchase")
        whole = [row for row in rows if row["# of Impressions"]]
        found[f"A/B {group}"] = figures_of(_daily(whole, columns, "Date", "%d.%m.%Y"))
    return found


def _of_seeds(panel: Panel) -> Figures:
    """Return the levels of the seeds, which have no results and too few rows for more."""
    return {name: each for name, each in _levels(panel).items() if name != "cvr"}


def _of_auctions(file: Path) -> Figures:
    """Return how the mean price of 1,000 auctions in a row differs from one such row to the next."""
    prices = np.loadtxt(file, usecols=1)
    means = prices[: len(prices) // 1000 * 1000].reshape(-1, 1000).mean(axis=1)
    return {"swing_cpm": float(means.std() / means.mean())}


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def _number(text: str) -> float:
    return float(text.strip("$%").replace(",", ""))


def _totals(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> Panel:
    return Panel(*(as_floats([[_number(row[name])] for row in rows]) for name in columns), weekdays=as_ints([0]))


def _daily(rows: Sequence[Mapping[str, str]], columns: Sequence[str], day: str, form: str) -> Panel:
    # Only the day counts, whatever the zone.
    weekdays = as_ints([datetime.strptime(f"{row[day]} +0000", f"{form} %z").weekday() for row in rows])
    return Panel(*(as_floats([[_number(row[name]) for row in rows]]) for name in columns), weekdays=weekdays)


def _multichannel(folder: Path) -> Panel:
    rows = _rows(folder / "multichannel_daily" / "Marketing.csv")
    by_day = sorted(rows, key=lambda row: (row["campaign_name"], row["campaign_id"], int(row["c_date"].split("/")[0])))
    days = 28
    columns = [
        as_floats([float(row[name]) for row in by_day]).reshape(-1, days)
        for name in ("mark_spent", "impressions", "clicks", "orders")
    ]
    return Panel(*columns, weekdays=as_ints([date(2021, 2, 1 + number).weekday() for number in range(days)]))
