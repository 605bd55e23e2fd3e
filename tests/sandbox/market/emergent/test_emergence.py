"""What nobody drew: diminishing returns, cannibalisation, fatigue and learning appear, and go with their causes."""

from datetime import timedelta

import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.emergent.rules import Rules
from aibuyer_kit.sandbox.market.world import LearningRule

from .worlds import CALM, ENDLESS, UNIT, arm, market, with_section


def results(of: Market, **units: float) -> float:
    """Return what daily budgets by the names of ad sets bring in 14 days."""
    ids = {adset.name: adset.id for adset in of.account.adsets}
    return of.truth({ids[name]: amount * UNIT for name, amount in units.items()}, days=14).results


def gain_of_doubling(rules: Rules) -> float:
    one = market(arm("A"), rules=rules)
    return results(one, A=240) / results(one, A=120)


def test_twice_the_budget_brings_less_than_twice_the_results() -> None:
    """Auctions become dearer, people tire, and those who would buy have bought."""
    assert 1.1 < gain_of_doubling(CALM) < 1.75


def test_where_nothing_runs_out_twice_the_budget_brings_twice_the_results() -> None:
    """Endless auctions and patience, and a market full of buyers."""
    assert gain_of_doubling(ENDLESS) == pytest.approx(2, rel=0.02)


def lost_together(overlap: float) -> float:
    """Return the share of their results that two ad sets lose by running at once."""
    rules = with_section(CALM, "people", overlap=overlap)
    both = market(arm("A", people=60_000), arm("B", people=60_000), rules=rules)
    each = results(both, A=150, B=0) + results(both, A=0, B=150)
    return 1 - results(both, A=150, B=150) / each


def test_ad_sets_whose_audiences_overlap_take_results_from_each_other() -> None:
    """And those whose audiences do not, do not."""
    assert lost_together(0.8) > 0.05
    assert lost_together(0.8) > 1.5 * lost_together(0.4) > 0
    assert lost_together(0.0) == pytest.approx(0, abs=1e-9)


def cost_of_a_result(of: Market, first: int, last: int) -> float:
    days = DateRange(of.first_day + timedelta(days=first), of.first_day + timedelta(days=last))
    brought = of.true_sums(days)
    return brought.spend_micros / brought.results


def test_ads_tire_their_audience() -> None:
    """A small audience that is shown the same ads for two months costs more and more a result."""
    learnt = LearningRule(results=1)
    tired = market(arm("A", 100, people=30_000), days=60, learning=learnt)
    # Nor do buyers run out there: others come at once.
    patient = with_section(with_section(CALM, "attention", tolerance=1e6, wear_out=1e6), "people", interest_days=0.6)
    fresh = market(arm("A", 100, people=30_000), rules=patient, days=60, learning=learnt)

    assert cost_of_a_result(tired, 40, 59) > 1.5 * cost_of_a_result(tired, 1, 3)
    assert cost_of_a_result(fresh, 40, 59) < 1.2 * cost_of_a_result(fresh, 1, 3)


def drop_after_an_edit(loss: float) -> float:
    """Return by which share the results of the next three days fall when the targeting is changed."""
    rules = CALM.model_copy(update={"learning_loss": loss})
    kept = market(arm("A", people=900_000), rules=rules, days=60)
    edited = kept.fork()
    edited.change(edited.account.adsets[0].id, targeting='{"age_min": 30}')
    days = DateRange(kept.today, kept.today + timedelta(days=2))
    for one in (kept, edited):
        one.advance(days=4)
    return 1 - edited.true_sums(days).results / kept.true_sums(days).results


def test_a_significant_edit_costs_results_until_it_has_learnt_again() -> None:
    """And where nothing has to be learnt, an edit costs nothing."""
    assert drop_after_an_edit(0.4) > 0.2
    assert drop_after_an_edit(0.0) == pytest.approx(0, abs=1e-9)


def test_retargeting_claims_more_than_it_brings_and_prospecting_less_so() -> None:
    """Most of those who were on the site would have bought anyway, and the platform claims them."""
    both = market(arm("Cold", 100, 400_000), arm("Warm", 30, 20_000, audience="retargeting"), days=60)
    over = {}
    days = DateRange(both.first_day + timedelta(days=10), both.first_day + timedelta(days=25))
    for adset in both.account.adsets:
        claimed = both.totals(adset.ads, days).actions["purchase"][0]
        over[adset.name] = claimed / both.true_lift(adset.id, days)[0]

    assert over["Warm"] > 2
    assert over["Cold"] < 0.7 * over["Warm"]
