"""Policies that are lived through: what they may know, what they may do, and how they are compared."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, timedelta

import pytest

from aibuyer_kit.core.dates import DateRange, last_days
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.account import Ad, AdSet, Campaign
from aibuyer_kit.sandbox.market.replay import Change, Compared, Known, Policy, compare, hold, replay
from aibuyer_kit.sandbox.market.settings_log import PAUSED, REVIEW_US
from aibuyer_kit.sandbox.market.world import AdSetPlan, CampaignPlan, World

UNIT = 1_000_000


def a_market() -> Market:
    """Return one with a daily budget on ad sets, one on a campaign, and one for a lifetime."""
    own = (AdSetPlan("A", 100 * UNIT), AdSetPlan("B", 50 * UNIT))
    shared = (AdSetPlan("C", 0), AdSetPlan("D", 0))
    lasting = (AdSetPlan("E", 0, lifetime_budget_micros=3000 * UNIT, lifetime_days=30),)
    campaigns = (
        CampaignPlan("Own", "OUTCOME_SALES", own),
        CampaignPlan("Shared", "OUTCOME_SALES", shared, daily_budget_micros=80 * UNIT),
        CampaignPlan("Lasting", "OUTCOME_LEADS", lasting),
    )
    return Market(World("hill", campaigns, history_days=10), 5)


def always(changes: Mapping[str, Change]) -> Policy:
    return lambda _known: changes


def seen(policy: Policy, market: Market, days: int = 2) -> list[Known]:
    found: list[Known] = []

    def watching(known: Known) -> Mapping[str, Change]:
        found.append(known)
        return policy(known)

    replay(market, watching, days)
    return found


def test_a_policy_knows_what_a_buyer_sees() -> None:
    """Names, states and budgets of campaigns and ad sets, settings, and what the platform reports."""
    market = a_market()
    known = Known(market)
    first, lasting = known.adsets[0], known.adsets[-1]
    week = last_days(7, today=known.today)

    assert (first.name, first.campaign_name, first.objective, first.status) == ("A", "Own", "OUTCOME_SALES", "ACTIVE")
    assert (first.daily_budget_micros, first.lifetime_budget_micros) == (100 * UNIT, 0)
    assert lasting.lifetime_budget_micros == 3000 * UNIT
    assert [one.daily_budget_micros for one in known.campaigns] == [0, 80 * UNIT, 0]
    assert known.setting(first.ad_ids[0]).creative_id in {one.id for one in known.creatives}
    assert known.reported(first.id, week) == market.totals(market.account.adsets[0].ads, week)
    assert known.reported(market.account.id, week).spend_minor == 7 * (10_000 + 5_000 + 8_000 + 10_000)
    for ask in (known.setting, lambda object_id: known.reported(object_id, week)):
        with pytest.raises(NotFoundError, match="'1'"):
            ask("1")


def test_a_policy_cannot_reach_the_market_or_what_is_latent() -> None:
    """No attribute, however private, and no field of what is handed out leads to either."""
    known = Known(a_market())
    looked_at, todo = set[int](), list[object]([known])
    while todo:
        one = todo.pop()
        if id(one) in looked_at:
            continue
        looked_at.add(id(one))
        assert not isinstance(one, Market | AdSet | Ad | Campaign | AdSetPlan)
        if is_dataclass(one):
            todo += [getattr(one, each.name) for each in fields(one)]
        elif isinstance(one, tuple | list):
            todo += one
        elif hasattr(one, "__dict__") and not callable(one):
            todo += vars(one).values()

    assert len(looked_at) > 50


def test_what_was_known_stays_as_it_was() -> None:
    """A policy that keeps yesterday's view does not see today in it."""
    market = a_market()
    (first, second) = seen(hold, market)
    today = DateRange(first.today, first.today)
    adset = market.account.adsets[0]

    assert second.today == first.today + timedelta(days=1)
    assert first.reported(adset.id, today) == market.totals(adset.ads, today)
    assert second.reported(adset.id, today).spend_minor == 10_000 > first.reported(adset.id, today).spend_minor


def test_a_policy_does_what_rules_and_people_do() -> None:
    """Status of all three levels, both kinds of budgets on both levels, bid caps, creatives."""
    market = a_market()
    own, shared, _ = market.account.campaigns
    first, second = own.adsets
    lasting, ad = market.account.adsets[-1], first.ads[0]
    other = first.ads[1].first_creative_id
    changes = {
        first.id: Change(daily_budget_micros=70 * UNIT, bid_cap_micros=9 * UNIT),
        second.id: Change(status=PAUSED),
        shared.id: Change(daily_budget_micros=90 * UNIT),
        shared.adsets[0].ads[0].id: Change(status=PAUSED),
        lasting.id: Change(lifetime_budget_micros=4000 * UNIT),
        ad.id: Change(creative_id=other),
        market.account.campaigns[2].id: Change(status=PAUSED),
    }
    before, after = seen(always(changes), market)
    held = {each: after.setting(each) for each in changes}

    assert (held[first.id].daily_budget_minor, held[first.id].bid_amount_minor) == (7_000, 900)
    assert held[first.id].bid_strategy == "LOWEST_COST_WITH_BID_CAP"
    assert after.adsets[0].bid_cap_micros == 9 * UNIT
    assert held[second.id].status == held[shared.adsets[0].ads[0].id].status == PAUSED
    assert held[shared.id].daily_budget_minor == 9_000
    assert held[lasting.id].lifetime_budget_minor == 400_000
    assert held[market.account.campaigns[2].id].status == PAUSED
    # Another creative is reviewed before it is shown, as on the platform.
    assert (held[ad.id].creative_id, held[ad.id].reviewed_us) == (other, held[ad.id].since_us + REVIEW_US)
    assert before.adsets[0].daily_budget_micros == 100 * UNIT
    assert replay(market, always(changes), 3).changes == 8
    freed = seen(always({first.id: Change(bid_cap_micros=0)}), market)[1]
    assert freed.setting(first.id).bid_strategy == "LOWEST_COST_WITHOUT_CAP"


@pytest.mark.parametrize(
    ("place", "change", "message"),
    [
        ((1, 0), Change(daily_budget_micros=50 * UNIT), "no budget of its own; where there is one on another level"),
        ((2, 0), Change(daily_budget_micros=50 * UNIT), "a daily budget cannot become a lifetime budget"),
        ((0, 0), Change(lifetime_budget_micros=5000 * UNIT), "a daily budget cannot become a lifetime budget"),
        ((1, 0), Change(lifetime_budget_micros=5000 * UNIT), "no budget of its own"),
        ((0,), Change(daily_budget_micros=50 * UNIT), "no budget of its own; where there is one on another level"),
        ((0, 0), Change(daily_budget_micros=990_000), "at least 100"),
        ((0, 0), Change(daily_budget_micros=10_000_001 * UNIT), "at most 1000000000"),
        ((2, 0), Change(lifetime_budget_micros=19 * UNIT), "A budget of 20 days is at least 2000"),
        ((0, 0), Change(bid_cap_micros=-UNIT), "A bid cap is 0 or more"),
        ((0, 0), Change(creative_id="1"), "no ad"),
        ((0, 0, 0), Change(creative_id="1"), "no creative '1'"),
        ((0, 0, 0), Change(daily_budget_micros=50 * UNIT), "no campaign or ad set"),
        ((0,), Change(bid_cap_micros=UNIT), "no ad set"),
    ],
)
def test_a_change_that_cannot_be_is_refused(place: tuple[int, ...], change: Change, message: str) -> None:
    """Money that another level holds cannot be set a second time."""
    market = a_market()
    node: Campaign | AdSet | Ad = market.account.campaigns[place[0]]
    for number in place[1:]:
        node = node.adsets[number] if isinstance(node, Campaign) else node.ads[number]  # type: ignore[union-attr]
    with pytest.raises((InputError, NotFoundError), match=message):
        replay(market, always({node.id: change}), days=1)


def test_a_campaign_of_a_budget_spends_no_more_than_it() -> None:
    """Its ad sets cannot be given money beside it."""
    market = a_market()
    shared = market.account.campaigns[1]
    with pytest.raises(InputError):
        market.set_daily_budget(shared.adsets[0].id, 100 * UNIT)
    market.advance(days=2)
    (day,) = DateRange(market.today - timedelta(days=1), market.today - timedelta(days=1))

    assert market.spend_minor(shared.ads, (day,), market.now_us) == 8_000


def test_a_limit_holds_policies_to_the_same_money() -> None:
    """All that is active counts: daily budgets of ad sets and campaigns, and a lifetime's part of a day."""
    market = a_market()
    first, second = market.account.adsets[:2]
    total = (100 + 50 + 80 + 100) * UNIT

    def give(units: int, *, paused: bool = False) -> Policy:
        more = {first.id: Change(daily_budget_micros=units * UNIT)}
        return always(more | ({second.id: Change(status=PAUSED)} if paused else {}))

    assert replay(market, hold, 2, most_daily_micros=total).changes == 0
    assert replay(market, give(150, paused=True), 2, most_daily_micros=total).changes == 2
    with pytest.raises(
        InputError, match=r"On 2026-06-01 the budgets come to 331000000 micros a day, more than the 330"
    ):
        replay(market, give(101), 2, most_daily_micros=total)
    with pytest.raises(InputError, match="come to 330000000 micros"):
        replay(market, hold, 2, most_daily_micros=total - UNIT)


def test_a_replay_tells_spend_by_day_and_what_a_unit_brought() -> None:
    """The days add up to the whole."""
    lived = replay(a_market(), hold, 3)

    assert lived.spend_by_day == {date(2026, 6, day): 330 * UNIT for day in (1, 2, 3)}
    assert sum(lived.spend_by_day.values()) == lived.spend_micros
    assert lived.revenue_per_unit == lived.revenue_micros / lived.spend_micros


def test_policies_are_compared_at_equal_spend() -> None:
    """Each with the first: more money alone is no gain."""
    market = a_market()
    of = [one.id for one in market.account.adsets[:2]]
    more = {each: Change(daily_budget_micros=400 * UNIT) for each in of}
    nothing = {one.id: Change(status=PAUSED) for one in market.account.campaigns}
    rows = compare(market, {"hold": hold, "more": always(more), "again": hold, "none": always(nothing)}, days=4)
    held, spent, again, none = rows

    assert [row.policy for row in rows] == ["hold", "more", "again", "none"]
    assert (held.scale, held.more_revenue_micros) == (again.scale, again.more_revenue_micros) == (1, 0)
    assert spent.replay.revenue_micros > held.replay.revenue_micros
    assert spent.scale == held.replay.spend_micros / spent.replay.spend_micros
    assert spent.more_revenue_micros == pytest.approx(
        spent.replay.revenue_micros * spent.scale - held.replay.revenue_micros
    )
    assert spent.more_revenue_micros < 0
    # What was spent this morning was spent before the policy acted.
    assert none.replay.spend_micros < held.replay.spend_micros / 4
    assert isinstance(none, Compared)
    with pytest.raises(InputError, match="nothing to compare"):
        compare(market, {})
    with pytest.raises(InputError, match="days is 0"):
        compare(market, {"hold": hold}, days=0)
