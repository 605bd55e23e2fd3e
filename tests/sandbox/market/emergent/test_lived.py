"""What is foretold is what is lived through: a look ahead and days that pass bring the same where there is no luck."""

from datetime import timedelta

import numpy as np
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.emergent.rules import Rules
from aibuyer_kit.sandbox.market.settings_log import PAUSED
from aibuyer_kit.sandbox.market.world import CampaignPlan, World

from .worlds import CALM, UNIT, arm, market, with_section

DAYS = 7
DAY_US = 86_400_000_000


def at_midnight(*arms: object, rules: Rules = CALM) -> Market:
    """Return a market whose clock stands at the very end of a day, so that what is set holds from the next one on."""
    of = market(*arms, rules=rules)
    ends_us = of._ledger.bounds(of._ledger.number_of(of.today)).end_us
    of.advance(seconds=(ends_us - of.now_us) / 1e6 - 1)
    return of


def lived(of: Market, budgets: dict[str, int]) -> tuple[float, float]:
    """Return the results and the revenue of seven days on which somebody had set budgets at midnight."""
    future = of.fork()
    first = future.today + timedelta(days=1)
    future.advance(seconds=1)
    for adset_id, micros in budgets.items():
        if micros:
            future.set_daily_budget(adset_id, micros)
        else:
            future.set_status(adset_id, PAUSED)
    future.advance(days=DAYS)
    true = future.true_sums(DateRange(first, first + timedelta(days=DAYS - 1)))
    return true.results, true.revenue_micros


@pytest.mark.parametrize("times", [(1, 1, 1), (2, 1, 1), (3, 0.5, 0), (1.15, 0.9, 1), (0, 0, 4)])
def test_truth_of_any_budgets_is_what_setting_them_brings(times: tuple[float, ...]) -> None:
    """What an ad set has to learn anew after a jump is part of it."""
    of = at_midnight(arm("A", 60, 300_000), arm("B", 90, 120_000), arm("C", 30, audience="retargeting"))
    budgets = {
        adset.id: round(of.setting(adset.id).daily_budget_minor * by) * 10_000
        for adset, by in zip(of.account.adsets, times, strict=True)
    }
    truth = of.truth(budgets, days=DAYS)

    assert (truth.results, truth.revenue_micros) == pytest.approx(lived(of, budgets), rel=1e-6)


def test_a_jump_costs_what_is_learnt_and_a_small_step_does_not() -> None:
    """Without a learning phase twice the budget brings more than with one; a step of 10% brings the same."""
    found = {}
    for loss in (0.0, 0.4):
        of = at_midnight(arm("A", 60, 300_000), rules=CALM.model_copy(update={"learning_loss": loss}))
        (adset,) = of.account.adsets
        base = of.truth({}, days=DAYS).results
        found[loss] = [of.truth({adset.id: round(60 * by) * UNIT}, days=DAYS).results / base for by in (1.1, 2)]

    assert found[0.4][0] == pytest.approx(found[0.0][0], rel=0.02)
    assert found[0.4][1] < 0.9 * found[0.0][1]


def test_truth_ends_where_a_lifetime_budget_ends() -> None:
    """Two days of fourteen: what comes after them spends nothing."""
    of = at_midnight(arm("A", 100, 600_000))
    of.advance(seconds=1)
    (adset,) = of.account.adsets
    whole_minor = of.spent_ever_minor(adset, of.now_us) + 30_000
    of.change(adset.id, daily_budget_minor=0, lifetime_budget_minor=whole_minor, end_us=of.now_us + 3 * DAY_US)

    assert 0 < of.truth({}, days=14).spend_micros <= 300 * UNIT


def test_truth_of_the_best_split_is_the_truth_that_the_optimum_tells() -> None:
    """Ad sets of a campaign's budget go on beside those whose budgets are split."""
    shared = CampaignPlan(
        "Shared", "OUTCOME_SALES", (arm("S", 0, 50_000), arm("T", 0, 50_000)), daily_budget_micros=80 * UNIT
    )
    own = CampaignPlan("Own", "OUTCOME_SALES", (arm("A", 60), arm("B", 60, audience="retargeting")))
    of = Market(World("steady", (own, shared), history_days=30, rules=CALM), 7)
    best = of.optimum(total_micros=120 * UNIT, days=3)

    assert of.truth(best.budgets, days=3).results == pytest.approx(best.truth.results, rel=1e-4)
    assert best.truth.revenue_micros <= best.bound_micros


def test_what_is_true_does_not_hang_on_who_looked_when() -> None:
    """An ad set that was made a day before its ad brings what it brings, whether somebody looked in between or not."""
    found = []
    for looks in (False, True):
        of = market(arm("A"))
        adset = of.create_adset(of.account.campaigns[0].id, "New", daily_budget_minor=9000)
        of.advance(days=1)
        if looks:
            of.settle()
            of.truth({}, days=2)
        of.create_ad(adset.id, "New ad", creative_id=of.account.ads[0].first_creative_id)
        of.advance(days=6)
        true = of.true_sums(DateRange(of.today - timedelta(days=6), of.today - timedelta(days=1)))
        found.append((true.spend_micros, true.results, true.revenue_micros))

    assert found[0] == found[1]


def test_a_creative_that_comes_back_is_as_worn_as_it_was() -> None:
    """To swap it away for a second each day refreshes nothing."""
    rules = with_section(CALM, "attention", wear_out=1.0, wear_out_floor=0.2)
    results = {}
    for swaps in (False, True):
        of = market(arm("A", 200, 40_000, ads=1), rules=rules.model_copy(update={"learning_loss": 0.0}), days=10)
        (ad,) = of.account.ads
        other = of.create_creative(of.tree.creatives[ad.first_creative_id])
        start = of.today
        for _ in range(13):
            if swaps:
                of.change(ad.id, creative_id=other.id)
                of.advance(seconds=1)
                of.change(ad.id, creative_id=ad.first_creative_id)
                of.advance(seconds=-1 + 86_400)
            else:
                of.advance(days=1)
        results[swaps] = of.true_sums(DateRange(start, of.today - timedelta(days=1))).results

    assert results[True] == pytest.approx(results[False], rel=0.01)


def test_a_result_is_worth_what_the_ad_sells_that_brought_it() -> None:
    """Of two ads the one with the smaller baskets is paused: true revenue a result rises as the reported one does."""
    of = market(arm("A", 80, 300_000, ads=2), rules=with_section(CALM, "people", organic=0))
    cheap, dear = sorted(of.account.ads, key=lambda ad: ad.value_minor)
    whole = of.truth({}, days=DAYS)
    of.set_status(cheap.id, PAUSED)
    alone = of.truth({}, days=DAYS)

    assert cheap.value_minor / 100 < whole.revenue_micros / whole.results / UNIT < dear.value_minor / 100
    assert alone.revenue_micros / alone.results == pytest.approx(dear.value_minor * 10_000)


def test_a_lead_is_worth_what_the_world_says() -> None:
    """No platform tells it, so it is one number for all."""
    plan = CampaignPlan("Leads", "OUTCOME_LEADS", (arm("A", 80, 300_000),))
    rules = with_section(CALM, "people", organic=0).model_copy(update={"lead_value": 12.5})
    truth = Market(World("steady", (plan,), history_days=30, rules=rules), 7).truth({}, days=DAYS)

    assert truth.revenue_micros / truth.results == pytest.approx(12.5 * UNIT)


@pytest.mark.parametrize("seed", range(6))
def test_no_split_of_small_markets_is_above_the_bound(seed: int) -> None:
    """Whatever was spent before: budgets cut tenfold or raised, audiences that overlap, and all kinds of tiredness."""
    draw = np.random.default_rng(seed)
    rules = with_section(
        with_section(Rules(), "people", overlap=float(draw.uniform(0, 0.8))),
        "attention",
        wear_out=float(draw.uniform(0.3, 3)),
        tolerance=float(draw.uniform(0.05, 0.5)),
    )
    arms = [arm(f"A{n}", float(draw.choice([40, 400, 1000])), int(draw.integers(20_000, 90_000))) for n in range(3)]
    of = market(*arms, rules=rules, seed=seed)
    best = of.optimum(total_micros=120 * UNIT, days=3)
    ids = list(best.budgets)
    splits = np.concatenate([draw.dirichlet(np.full(3, shape), 100) for shape in (0.2, 1.0, 5.0)])

    assert best.truth.revenue_micros <= best.bound_micros
    assert of.revenues(ids, splits * 120 * UNIT, days=3).max() <= best.bound_micros
