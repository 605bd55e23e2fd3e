"""How budgets are spent: evenly over the day's traffic, within every limit, and without standing in another's way."""

from datetime import timedelta

import numpy as np
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.arrays import as_ints
from aibuyer_kit.sandbox.market.emergent.conditions import _TRAFFIC
from aibuyer_kit.sandbox.market.settings_log import ACTIVE, PAUSED
from aibuyer_kit.sandbox.market.world import AdSetPlan, CampaignPlan, World

from .worlds import CALM, UNIT, arm, market, with_section

DAY_US = 86_400_000_000


def past(of: Market, days: int) -> DateRange:
    return DateRange(of.today - timedelta(days=days), of.today - timedelta(days=1))


def spent(of: Market, place: int, days: DateRange) -> float:
    """Return what an ad set spent, in currency units."""
    return of.totals(of.account.adsets[place].ads, days).spend_minor / 100


@pytest.mark.parametrize("traffic", [0.1, 0.7, 5, 20])
def test_a_budget_goes_evenly_on_the_days_traffic_however_much_there_is(traffic: float) -> None:
    """Where nothing moves, each hour spends its share of the traffic, and the day all that it may."""
    of = market(arm("A", 100, 400_000), rules=with_section(CALM, "people", traffic=traffic), days=20)
    day = of.today - timedelta(days=1)
    places = of.places(of.account.ads)
    hours = of._ledger.hours(places, as_ints([day.toordinal()] * len(places)), of.now_us).sum(axis=0)
    shares = np.array(_TRAFFIC) / sum(_TRAFFIC)

    assert hours.sum() == pytest.approx(100, rel=0.01)
    assert hours / 100 == pytest.approx(shares, rel=0.03)


def test_who_may_spend_no_more_leaves_its_people_to_the_neighbour() -> None:
    """A crumb of a budget is soon spent: from then on it is as if the ad set were paused."""
    rules = with_section(CALM, "people", overlap=0.8)
    shown = {}
    for name, change in (("paused", {"status": PAUSED}), ("crumb", {"daily_budget_minor": 100})):
        of = market(arm("A", 60, 60_000), arm("B", 1000, 60_000), rules=rules)
        one, other = of.account.adsets
        of.change(other.id, **change)
        today = of.today
        of.advance(days=2)
        shown[name] = of.totals(one.ads, (today + timedelta(days=1),)).impressions
        assert spent(of, 1, DateRange(today + timedelta(days=1), today + timedelta(days=1))) <= 1.75

    assert shown["crumb"] == pytest.approx(shown["paused"], rel=0.005)


def with_campaign_budget(daily: float, **rules: float) -> Market:
    """Two ad sets that share the budget of their campaign, and one of another campaign."""
    plans = (AdSetPlan("A", 0, audience_size=80_000), AdSetPlan("B", 0, audience_size=80_000))
    shared = CampaignPlan("Shared", "OUTCOME_SALES", plans, daily_budget_micros=round(daily * UNIT))
    other = CampaignPlan("Other", "OUTCOME_SALES", (arm("C"),))
    calm = with_section(with_section(CALM, "people", overlap=0), "pacing", **rules) if rules else CALM
    return Market(World("steady", (shared, other), history_days=24, rules=calm), 7)


@pytest.mark.parametrize("seed", range(3))
def test_a_week_takes_no_more_than_seven_budgets_of_a_campaign_either(seed: int) -> None:
    """Even if one of its ad sets is paused for a part of it."""
    plans = (AdSetPlan("A", 0, audience_size=80_000), AdSetPlan("B", 0, audience_size=80_000))
    world = World(
        "steady",
        (CampaignPlan("Shared", "OUTCOME_SALES", plans, daily_budget_micros=100 * UNIT),),
        history_days=24,
        rules=with_section(with_section(CALM, "pacing", eagerness=2), "auctions", noise=0.4),
    )
    of = Market(world, seed)
    for _ in range(21):
        of.change(of.account.adsets[0].id, status=PAUSED if 2 <= of.today.isoweekday() % 7 <= 4 else ACTIVE)
        of.advance(days=1)
    weeks: dict[int, float] = {}
    for day in past(of, 45):
        weeks[day.toordinal() // 7] = weeks.get(day.toordinal() // 7, 0.0) + sum(
            spent(of, place, DateRange(day, day)) for place in range(2) if of.first_day <= day
        )

    assert max(weeks.values()) <= 700.01


def test_a_campaigns_budget_goes_to_those_of_its_ad_sets_that_have_an_ad_to_show() -> None:
    """An ad set whose ads are all paused takes nothing from the others."""
    of = with_campaign_budget(100)
    before = spent(of, 0, past(of, 7)) + spent(of, 1, past(of, 7))
    for ad in of.account.adsets[0].ads:
        of.set_status(ad.id, PAUSED)
    of.advance(days=8)

    assert spent(of, 0, past(of, 7)) == 0
    assert spent(of, 1, past(of, 7)) == pytest.approx(before, rel=0.05)


def test_what_is_set_elsewhere_does_not_move_a_campaigns_split() -> None:
    """Renaming another campaign's ad set in mid-day changes nothing."""
    one, other = with_campaign_budget(100), with_campaign_budget(100)
    one.advance(seconds=7 * 3600)
    other.advance(seconds=7 * 3600)
    one.change(one.account.adsets[2].id, name="Renamed")
    for of in (one, other):
        of.advance(days=3)

    assert [spent(one, place, past(one, 4)) for place in range(3)] == [
        spent(other, place, past(other, 4)) for place in range(3)
    ]


@pytest.mark.parametrize("days", [5, 10])
def test_a_lifetime_budget_is_never_exceeded_and_ends(days: int) -> None:
    """On cheap days more is spent than the even part, and in the end all of it and no more."""
    rules = with_section(with_section(CALM, "pacing", eagerness=2), "auctions", noise=0.4)
    of = market(arm("A", 100, 600_000), rules=rules)
    (adset,) = of.account.adsets
    before = of.spent_ever_minor(adset, of.now_us)
    of.change(adset.id, daily_budget_minor=0, lifetime_budget_minor=before + 100_000, end_us=of.now_us + days * DAY_US)
    of.advance(days=days + 3)
    whole = of.spent_ever_minor(adset, of.now_us) - before

    assert 85_000 < whole <= 100_001
    assert spent(of, 0, DateRange(of.today - timedelta(days=2), of.today)) == 0
