"""Truth and optimum of the presets whose response is a formula."""

import itertools
import re
from datetime import timedelta

import numpy as np
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.response import HillCurve, LogisticCurve
from aibuyer_kit.sandbox.market.settings_log import PAUSED
from aibuyer_kit.sandbox.market.world import MIN_DAILY_BUDGET_MINOR, AdSetPlan, CampaignPlan, World

from .test_engine import small_world

UNIT = 1_000_000


def test_the_truth_of_a_hill_is_its_formula() -> None:
    """One Monday: ``vmax * s**k / (s**k + half**k) * 1.06``."""
    market = Market(small_world(budgets_units=(100,)), 3)
    adset = market.account.adsets[0]
    market.advance(days=6)
    curve = adset.curve
    assert isinstance(curve, HillCurve)
    by_hand = curve.vmax * 80**curve.k / (80**curve.k + curve.half_units**curve.k) * 1.06

    assert market.truth({adset.id: 80 * UNIT}, days=1).results == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize("preset", ["hill", "logistic"])
@pytest.mark.parametrize("seed", range(3))
def test_the_optimum_meets_its_bound(preset: str, seed: int) -> None:
    """Where the curves are concave at the optimum nothing lies between; elsewhere the bound says how little."""
    market = Market.open(preset, seed=seed)
    found = market.optimum(total_micros=1600 * UNIT, days=14)

    assert found.truth.revenue_micros <= found.bound_micros * (1 + 1e-12)
    assert found.gap < (1e-6 if preset == "hill" else 0.02)
    assert found.headroom > 0.03


@pytest.mark.parametrize("preset", ["hill", "logistic"])
def test_where_the_optimum_is_set_there_is_no_headroom(preset: str) -> None:
    """Today is what is set now, with pauses, changes and ad sets that were made since."""
    market = Market.open(preset, seed=3)
    new = market.create_adset(market.account.campaigns[0].id, "New", daily_budget_minor=5_000)
    market.create_ad(new.id, "New ad", creative_id=market.account.ads[0].first_creative_id)
    empty = market.create_adset(market.account.campaigns[0].id, "Without ads", daily_budget_minor=5_000)
    asleep = market.create_adset(market.account.campaigns[0].id, "All ads paused", daily_budget_minor=5_000)
    market.create_ad(asleep.id, "Paused ad", creative_id=market.account.ads[0].first_creative_id, status=PAUSED)
    market.set_status(market.account.adsets[4].id, PAUSED)
    total = 1600 * UNIT
    before = market.optimum(total_micros=total)
    for adset_id, micros in before.budgets.items():
        minor = round(micros / 10_000)
        if minor < MIN_DAILY_BUDGET_MINOR:
            market.set_status(adset_id, PAUSED)
        else:
            market.set_daily_budget(adset_id, minor * 10_000)
    after = market.optimum(total_micros=total)

    assert new.id in before.budgets
    assert not {empty.id, asleep.id, market.account.adsets[4].id} & set(before.budgets)
    assert before.headroom > 0.01
    assert -1e-3 < after.headroom < 1e-3
    assert market.truth({}).revenue_micros == pytest.approx(after.today.revenue_micros, rel=1e-4)


def test_what_is_not_split_goes_on_beside_the_optimum() -> None:
    """A campaign's budget and one for a lifetime bring what they bring, today as at the best split."""
    own = (AdSetPlan("A", 100 * UNIT), AdSetPlan("B", 50 * UNIT))
    campaigns = (
        CampaignPlan("Own", "OUTCOME_SALES", own),
        CampaignPlan("Shared", "OUTCOME_SALES", (AdSetPlan("C", 0), AdSetPlan("D", 0)), daily_budget_micros=80 * UNIT),
        CampaignPlan(
            "Lasting", "OUTCOME_SALES", (AdSetPlan("E", 0, lifetime_budget_micros=3000 * UNIT, lifetime_days=30),)
        ),
    )
    market = Market(World("hill", campaigns, history_days=10), 5)
    first, second, *others = (adset.id for adset in market.account.adsets)
    now, best = market.truth({}, days=7), market.optimum(total_micros=150 * UNIT, days=7)
    alone = market.truth({first: 0, second: 0}, days=7)

    assert set(best.budgets) == {first, second}
    assert [now.spend_by_adset[each] for each in others] == pytest.approx([7 * units * UNIT for units in (40, 40, 100)])
    assert best.today.revenue_micros == pytest.approx(now.revenue_micros)
    assert best.truth == market.truth(best.budgets, days=7)
    assert 0 <= best.gap < 1e-6
    assert alone.revenue_micros > 0
    market.advance(days=2)
    lived = DateRange(market.today - timedelta(days=1), market.today - timedelta(days=1))
    assert market.truth({}, days=7).spend_micros / 7 == pytest.approx(market.true_sums(lived).spend_micros, rel=1e-6)


def test_an_ad_set_without_ads_brings_nothing() -> None:
    """And spends nothing, whatever it is given."""
    market = Market.open("hill", seed=3)
    empty = market.create_adset(market.account.campaigns[0].id, "Without ads", daily_budget_minor=5_000)
    before, given = market.truth({}), market.truth({empty.id: 500 * UNIT})

    assert (given.spend_micros, given.revenue_micros) == (before.spend_micros, before.revenue_micros)


@pytest.mark.parametrize("world", ["hill", "low_volume"])
@pytest.mark.parametrize(
    "micros",
    [-1, -5e6, float("nan"), float("inf"), True, "5", None],
    ids=["-1", "-5e6", "nan", "inf", "yes", "5", "no"],
)
def test_a_budget_that_is_none_is_refused_by_name(world: str, micros: float) -> None:
    """Wherever budgets are asked about, in every kind of market."""
    market = Market.open(world, seed=1)
    one, other = (adset.id for adset in market.account.adsets[:2])
    named = re.escape(f"The budget of the ad set {other!r} is ")
    with pytest.raises(InputError, match=named):
        market.truth({one: 5 * UNIT, other: micros})
    with pytest.raises(InputError, match=named):
        market.sample_results({one: 5 * UNIT, other: micros})
    with pytest.raises(InputError, match="An optimum needs a total above 0"):
        market.optimum(total_micros=micros)
    if isinstance(micros, float):
        with pytest.raises(InputError, match=named):
            market.revenues([one, other], np.array([[UNIT, UNIT], [UNIT, micros]]))


@pytest.mark.parametrize("world", ["hill", "low_volume"])
def test_an_ad_set_that_is_not_there_is_refused_by_name(world: str) -> None:
    """Campaigns and ads are no ad sets either; rows of budgets have one for each ad set."""
    market = Market.open(world, seed=1)
    one = market.account.adsets[0].id
    for stranger in ("1", market.account.campaigns[0].id, market.account.ads[0].id):
        for ask in (market.truth, market.sample_results):
            with pytest.raises(InputError, match=f"'{stranger}' is no ad set of this market"):
                ask({one: 5 * UNIT, stranger: 5 * UNIT})
        with pytest.raises(InputError, match=f"'{stranger}' is no ad set of this market"):
            market.revenues([one, stranger], np.full((3, 2), 1e6))
    for ids, shape in (([one], (3, 2)), ([one, one], (3, 2)), ([one], (3,))):
        with pytest.raises(InputError, match="rows of one for each ad set"):
            market.revenues(ids, np.full(shape, 1e6))
    with pytest.raises(InputError, match="runs is 0"):
        market.sample_results({}, runs=0)


def test_no_exchange_between_two_ad_sets_improves_the_optimum_of_a_hill() -> None:
    """To the millionth part: the last unit brings the same everywhere."""
    market = Market(small_world(budgets_units=(100, 50, 70)), 5)
    best = market.optimum(total_micros=220 * UNIT, days=7)
    for one, other in itertools.permutations(best.budgets, 2):
        moved = best.budgets | {one: best.budgets[one] - UNIT, other: best.budgets[other] + UNIT}
        assert market.truth(moved, days=7).revenue_micros < best.truth.revenue_micros


@pytest.mark.parametrize("curve", [HillCurve(10, 50, 1.3), HillCurve(10, 50, 0.8), LogisticCurve(10, 50, 12)])
@pytest.mark.parametrize("units", [5.0, 40.0, 120.0])
def test_a_slope_is_what_the_next_unit_brings(curve: HillCurve | LogisticCurve, units: float) -> None:
    """By differences."""
    by_difference = (curve.results(units + 1e-4) - curve.results(units - 1e-4)) / 2e-4
    assert curve.slope(units) == pytest.approx(by_difference, rel=1e-6)


@pytest.mark.parametrize("curve", [HillCurve(10, 50, 1.3), LogisticCurve(10, 50, 12)])
def test_a_slope_is_steepest_at_the_inflection(curve: HillCurve | LogisticCurve) -> None:
    """A little before and a little behind it are less steep."""
    there = curve.inflection_units
    assert curve.slope(there) > max(curve.slope(there * 0.97), curve.slope(there * 1.03))
