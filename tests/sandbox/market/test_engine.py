"""The market: one function of seed, settings and virtual time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError, MoneyError, NotFoundError
from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.account import AdSet
from aibuyer_kit.sandbox.market.totals import Totals
from aibuyer_kit.sandbox.market.world import AdSetPlan, CampaignPlan, World

WEEKDAY_FACTORS = (1.06, 1.04, 1.02, 0.98, 0.94, 0.92, 1.04)
RESULT_TYPES = {"OUTCOME_SALES": "purchase", "OUTCOME_LEADS": "lead"}
MATURE = DateRange(date(2026, 4, 5), date(2026, 5, 3))


def small_world(
    *, budgets_units: tuple[int, ...] = (100, 50), now: datetime = datetime(2026, 6, 1, 6, 30, tzinfo=UTC)
) -> World:
    adsets = tuple(AdSetPlan(f"Set {n}", units * 1_000_000) for n, units in enumerate(budgets_units, start=1))
    return World("hill", (CampaignPlan("Sample", "OUTCOME_SALES", adsets),), history_days=10, now=now)


def every_ad_day(market: Market) -> list[Totals | None]:
    days = DateRange(market.first_day, market.today)
    return market.ad_days(market.account.ads, days)


def spend_minor(market: Market, adset: AdSet, day: date) -> int:
    return market.totals(adset.ads, (day,)).spend_minor


def results(market: Market, adset: AdSet, day: date) -> int:
    claim = market.totals(adset.ads, (day,)).actions.get(RESULT_TYPES[adset.objective])
    return claim[0] if claim else 0


def test_the_hill_account_has_the_promised_size(market: Market) -> None:
    """Four campaigns, twenty ad sets, forty ads, sixty full days."""
    account = market.account

    assert (len(account.campaigns), len(account.adsets), len(account.ads)) == (4, 20, 40)
    assert date(2026, 4, 2) == market.first_day
    assert date(2026, 6, 1) == market.today


def test_two_markets_of_one_seed_report_the_same() -> None:
    """Same world, seed and time: every number is equal."""
    assert every_ad_day(Market.open("hill", seed=3)) == every_ad_day(Market.open("hill", seed=3))


def test_another_seed_is_another_market() -> None:
    """The seed matters to ids and to numbers."""
    one, other = Market.open("hill", seed=3), Market.open("hill", seed=4)

    assert one.account.id != other.account.id
    assert every_ad_day(one) != every_ad_day(other)


def test_expected_results_follow_the_hill_equation(market: Market) -> None:
    """vmax * s^k / (s^k + half^k) times the weekday's factor, at the spend of the day."""
    for adset in market.account.adsets:
        for day in (date(2026, 5, 4), date(2026, 5, 9), market.today):
            spend = spend_minor(market, adset, day) / 100
            curve = adset.curve
            hill = curve.vmax * spend**curve.k / (spend**curve.k + curve.half_units**curve.k)

            assert hill * WEEKDAY_FACTORS[day.weekday()] == pytest.approx(market.expected_results(adset.id, day))


def test_half_of_the_most_results_come_at_half_units(market: Market) -> None:
    """The closed form answers for any spend, not only for today's."""
    adset, thursday = market.account.adsets[0], date(2026, 5, 7)
    at_half = market.response(adset.id, round(adset.curve.half_units * 1_000_000), thursday)

    assert adset.curve.vmax / 2 * 0.98 == pytest.approx(at_half)


def test_matured_results_are_within_one_per_ad_and_day_of_the_closed_form(market: Market) -> None:
    """Counts are whole numbers, and their rounding does not pile up over a month."""
    for adset in market.account.adsets:
        differences = [results(market, adset, day) - market.expected_results(adset.id, day) for day in MATURE]

        assert max(map(abs, differences)) < 2
        assert abs(sum(differences)) < 4


def test_a_full_day_spends_exactly_its_budget(market: Market) -> None:
    """Both ads of a set together spend the set's budget to the cent."""
    for adset in market.account.adsets:
        assert adset.plan.daily_budget_micros == spend_minor(market, adset, date(2026, 5, 20)) * 10_000


def test_people_are_counted_once() -> None:
    """Reach is at most the impressions, and less than the sum of the ads' and days' reaches."""
    market = Market.open("hill", seed=7)
    adset, days = market.account.adsets[2], DateRange(date(2026, 5, 1), date(2026, 5, 7))
    together = market.totals(adset.ads, days)
    alone = [market.totals((ad,), (day,)).reach for ad in adset.ads for day in days]

    assert max(alone) < together.reach < sum(alone)
    assert together.reach <= min(together.impressions, adset.audience)


def test_results_of_a_day_are_restated_until_the_28th_day(market: Market) -> None:
    """The same ad and day has other numbers later, never smaller ones, and then no others."""
    yesterday = market.today - timedelta(days=1)
    seen = []
    for _ in range(40):
        seen.append(market.ad_days(market.account.ads, (yesterday,)))
        market.advance(days=1)
    purchases = [sum(row.actions.get("purchase", (0,))[0] for row in rows if row) for rows in seen]

    assert purchases == sorted(purchases)
    assert 0.45 < purchases[0] / purchases[-1] < 0.65
    assert seen[5] != seen[15]
    assert all(rows == seen[27] for rows in seen[28:])


def test_the_past_can_be_asked_as_it_was_reported_then(market: Market) -> None:
    """A moment of the past gives the answer that was given at that moment."""
    ad, day, moment_us = market.account.ads[0], market.today, market.now_us
    before = market.ad_day(ad.id, day)
    market.advance(days=3)

    assert before == market.ad_day(ad.id, day, moment_us) != market.ad_day(ad.id, day)


def test_an_action_that_did_not_happen_is_absent(market: Market) -> None:
    """No purchases yet today: there is no purchase of value 0."""
    rows = [row for row in market.ad_days(market.account.ads, (market.today,)) if row]
    without = [row for row in rows if "purchase" not in row.actions]

    assert without
    assert all(claim[0] > 0 for row in rows for claim in row.actions.values())
    assert all("purchase" not in row.action_values_minor for row in without)


def test_windows_nest_and_the_default_is_7_day_click_plus_1_day_view(market: Market) -> None:
    """1d_click <= 7d_click <= 28d_click, and value = 7d_click + 1d_view; one purchase is seen three ways."""
    for row in filter(None, every_ad_day(market)):
        for total, click_1d, click_7d, click_28d, view_1d in row.actions.values():
            assert 0 <= click_1d <= click_7d <= click_28d
            assert total == click_7d + view_1d
        same = {row.actions.get(f) for f in ("purchase", "omni_purchase", "offsite_conversion.fb_pixel_purchase")}
        assert len(same) == 1


def test_lead_campaigns_bring_leads_and_no_purchases(market: Market) -> None:
    """The objective decides which action a result is."""
    leads = market.account.campaigns[3]
    totals = market.totals(leads.ads, MATURE)

    assert {"lead", "link_click"} == set(totals.actions)
    assert not totals.action_values_minor


def test_one_ad_set_was_paused_for_a_part_of_the_past(market: Market) -> None:
    """From noon to noon: half a day's spend on the edges, no rows between."""
    adset = next(one for one in market.account.adsets if one.plan.paused_share)
    spends = [spend_minor(market, adset, date(2026, 4, 21) + timedelta(days=n)) for n in range(13)]

    assert [7000, 3500, *[0] * 9, 3500, 7000] == spends
    assert market.ad_day(adset.ads[0].id, date(2026, 4, 25)) is None


def test_one_ad_does_not_deliver_on_some_days(market: Market) -> None:
    """Every fifth day has no row of that ad, and its sibling spends the whole budget."""
    adset = next(one for one in market.account.adsets if one.plan.first_ad_idle_every)
    days = DateRange(date(2026, 5, 1), date(2026, 5, 20))
    idle = [day for day in days if market.ad_day(adset.ads[0].id, day) is None]

    assert len(idle) == 4
    for day in idle:
        sibling = market.ad_day(adset.ads[1].id, day)
        assert sibling
        assert sibling.spend_minor == 4000


def test_a_change_to_one_arm_leaves_the_others_alone() -> None:
    """Another budget of one set, and a set more, change no number and no id of the first."""
    plain = Market(small_world(budgets_units=(100, 50)), seed=1)
    changed = Market(small_world(budgets_units=(100, 80, 30)), seed=1)
    first, second = plain.account.adsets

    assert first == changed.account.adsets[0]
    assert [plain.ad_day(ad.id, date(2026, 5, 28)) for ad in first.ads] == [
        changed.ad_day(ad.id, date(2026, 5, 28)) for ad in first.ads
    ]
    assert second.curve == changed.account.adsets[1].curve


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 5, 29), 24), (date(2026, 10, 25), 25)], ids=str
)
def test_a_budget_is_spread_over_the_true_length_of_the_day(day: date, hours: int) -> None:
    """An hour before midnight (1/hours) of the budget is left, and the whole day spends it all."""
    midnight = datetime(day.year, day.month, day.day, 21, tzinfo=UTC) + timedelta(hours=1 if hours == 25 else 0)
    market = Market(small_world(budgets_units=(115,), now=midnight - timedelta(hours=1)), seed=1)
    adset = market.account.adsets[0]

    assert market.today == day
    assert 11500 * (hours - 1) // hours == spend_minor(market, adset, day)
    market.advance(seconds=3600)
    assert spend_minor(market, adset, day) == 11500
    assert market.today == day + timedelta(days=1)


def test_a_budget_change_counts_from_its_moment_on() -> None:
    """12 hours at 100, then 12 hours at 40."""
    market = Market(small_world(now=datetime(2026, 6, 1, 9, tzinfo=UTC)), seed=1)
    adset = market.account.adsets[0]

    assert market.set_daily_budget(adset.id, 40_000_000)
    assert spend_minor(market, adset, date(2026, 6, 1)) == 5000
    market.advance(days=2)
    assert [spend_minor(market, adset, date(2026, 6, day)) for day in (1, 2)] == [7000, 4000]


@pytest.mark.parametrize("level", ["campaign", "adset"])
def test_a_pause_above_the_ads_stops_spending_at_once(level: str) -> None:
    """Nothing is spent while the ad set or its campaign is paused, and spending goes on afterwards."""
    market = Market(small_world(now=datetime(2026, 6, 1, 9, tzinfo=UTC)), seed=1)
    adset = market.account.adsets[0]
    target_id = adset.campaign_id if level == "campaign" else adset.id

    assert market.set_status(target_id, "PAUSED")
    market.advance(seconds=6 * 3600)
    assert spend_minor(market, adset, date(2026, 6, 1)) == 5000
    market.set_status(target_id, "ACTIVE")
    market.advance(seconds=6 * 3600)
    assert spend_minor(market, adset, date(2026, 6, 1)) == 7500


def test_a_paused_ad_leaves_the_budget_to_its_sibling() -> None:
    """The set spends as before; the paused ad has no row."""
    market = Market(small_world(), seed=1)
    one, other = market.account.adsets[0].ads
    market.set_status(one.id, "PAUSED")
    market.advance(days=2)
    row = market.ad_day(other.id, date(2026, 6, 2))

    assert market.ad_day(one.id, date(2026, 6, 2)) is None
    assert row
    assert row.spend_minor == 10_000


def test_setting_what_already_holds_changes_nothing(market: Market) -> None:
    """A change that is none says so."""
    adset = market.account.adsets[0]

    assert not market.set_status(adset.id, "ACTIVE")
    assert not market.set_daily_budget(adset.id, adset.plan.daily_budget_micros)


def test_a_currency_without_minor_units_is_spent_in_whole_units() -> None:
    """120 yen are 120, not 12,000."""
    world = World("hill", (CampaignPlan("S", "OUTCOME_SALES", (AdSetPlan("A", 120_000_000),)),), currency="JPY")
    market = Market(world, seed=1)

    assert spend_minor(market, market.account.adsets[0], date(2026, 5, 20)) == 120


@pytest.mark.parametrize("step_seconds", [-1, float("nan"), float("inf")])
def test_the_clock_goes_only_forward(market: Market, step_seconds: float) -> None:
    """A step that is negative or no number is refused, and the time stays."""
    before = market.now
    with pytest.raises(InputError, match="cannot move"):
        market.advance(seconds=step_seconds)

    assert before == market.now


def test_what_cannot_be_set_is_refused_with_a_reason(market: Market) -> None:
    """Wrong words, wrong objects, wrong amounts."""
    adset = market.account.adsets[0]
    with pytest.raises(InputError, match="Known: ACTIVE, PAUSED"):
        market.set_status(adset.id, "active")
    with pytest.raises(NotFoundError, match="'1'"):
        market.set_status("1", "PAUSED")
    with pytest.raises(NotFoundError, match="ad set"):
        market.set_daily_budget(adset.ads[0].id, 50_000_000)
    with pytest.raises(MoneyError, match="smallest unit"):
        market.set_daily_budget(adset.id, 50_000_001)
    with pytest.raises(InputError, match="at least 100"):
        market.set_daily_budget(adset.id, 990_000)


def test_all_that_was_ever_spent_grows_with_the_days(market: Market) -> None:
    """It is the sum over every day, at any moment, asked for in any order."""

    def every_day(at_us: int) -> int:
        return market.spend_minor(market.account.ads, DateRange(market.first_day, date(2026, 6, 9)), at_us)

    moments = []
    for _ in range(3):
        market.advance(days=1.3)
        moments.append(market.now_us)
        market.create_ad(market.account.adsets[0].id, "Another", creative_id="1")
    asked = [moments[place] for place in (1, 2, 0, 2)]

    assert [market.spent_ever_minor(market.account, at_us) for at_us in asked] == [every_day(at_us) for at_us in asked]
