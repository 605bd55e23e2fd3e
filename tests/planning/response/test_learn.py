"""Response curves against curves that are known, and what they say where nothing can be known."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import ExperimentError, InputError, PlanError
from aibuyer_kit.features.panel import Split
from aibuyer_kit.planning.make import make_plan
from aibuyer_kit.planning.request import PlanRequest
from aibuyer_kit.planning.response.arms import by_budget
from aibuyer_kit.planning.response.experiments import Experiment
from aibuyer_kit.planning.response.learn import Learnt, learn_response
from tests.market_panels import Floats, lived, panel_of, steps, true_marginal
from tests.planning.response.panels import FIRST_DAY, drawn, hill, moving, panel

FORTNIGHT = DateRange(FIRST_DAY + timedelta(days=60), FIRST_DAY + timedelta(days=73))


def off(learnt: Learnt, truth: Floats, at: Floats) -> Floats:
    """Return by which share the median marginal return is off."""
    return np.asarray(np.abs(np.median(learnt.curves.marginal(at), axis=0) / truth - 1))


def test_the_marginal_return_of_a_known_curve_is_found() -> None:
    """``40 s / (s + 100)`` results a day of 25 each: at 100 the next unit brings ``40 * 100 / 200**2 * 25``."""
    spend = moving(400, 6, seed=1)
    learnt = learn_response(panel(spend, drawn(hill(spend), seed=2)))
    at = np.full(6, 100.0)
    assert off(learnt, np.full(6, 2.5), at).max() < 0.2
    low, high = np.quantile(learnt.curves.marginal(at), (0.05, 0.95), axis=0)
    assert ((low < 2.5) & (high > 2.5)).sum() >= 5
    assert learnt.curves.identified == ("yes",) * 6
    assert (learnt.curves.basis, learnt.curves.value_of) == ("reported", "gross_profit")


def test_a_market_of_curves_is_recovered_from_what_is_reported() -> None:
    """In the preset `hill` the median marginal return is within a tenth where budgets moved."""
    market, _ = lived("hill", 31, steps(31, 0.7), tests=0)
    learnt = learn_response(panel_of(market))
    budgets = learnt.curves.spend_now
    told = np.array([each == "yes" for each in learnt.curves.identified])
    assert 10 < told.sum() < 20
    assert np.median(off(learnt, true_marginal(market), budgets)[told]) < 0.1


def test_results_that_are_still_arriving_do_not_bend_the_curve() -> None:
    """The last days show a fifth of their results, and the panel knows it."""
    spend = moving(200, 6, seed=3)
    known = np.ones_like(spend)
    known[-28:] = np.linspace(0.95, 0.3, 28)[:, None]
    learnt = learn_response(panel(spend, drawn(hill(spend) * known, seed=4), known=known))
    assert off(learnt, np.full(6, 2.5), np.full(6, 100.0)).max() < 0.25


def test_season_is_not_taken_for_an_effect_of_spend() -> None:
    """Demand and half of the budgets swing by the year; the slope is still that of the curve."""
    spend = moving(400, 10, seed=5)
    year = 0.4 * np.sin(2 * np.pi * np.arange(400) / 365)[:, None]
    spend[:, :5] *= np.exp(0.5 * year)
    learnt = learn_response(panel(spend, drawn(hill(spend) * np.exp(year), seed=6)))
    elasticity = np.median(learnt.elasticity, axis=0)
    expected = 100 / (100 + learnt.curves.spend_now)
    assert np.abs(elasticity - expected).max() < 0.15


def test_what_carries_over_is_found() -> None:
    """Half of each day's effective spend stays for the next day, and budgets move daily."""
    rng = np.random.default_rng(7)
    spend = 100 * np.exp(rng.normal(0, 0.5, (300, 6)))
    felt = np.empty_like(spend)
    held = spend[0]
    for day in range(300):
        held = 0.5 * held + 0.5 * spend[day]
        felt[day] = held
    learnt = learn_response(panel(spend, drawn(hill(felt), seed=8)))
    assert learnt.fitted.carry == 0.5


@pytest.mark.parametrize("seed", [11, 12])
def test_arms_that_cannot_be_told_are_named_and_the_others_are_not(seed: int) -> None:
    """Three arms whose spend stood still, three that moved with the season, four that moved."""
    rng = np.random.default_rng(seed)
    spend = moving(390, 10, seed=seed)
    season = 1 + 0.35 * np.sin(2 * np.pi * np.arange(390) / 365.25)
    spend[:, :3] = 90.0 * np.exp(rng.normal(0, 0.02, (390, 3)))
    spend[:, 3:6] = 90.0 * season[:, None] * np.exp(rng.normal(0, 0.02, (390, 3)))
    learnt = learn_response(panel(spend, drawn(hill(spend) * season[:, None], seed=seed)))
    assert learnt.curves.identified == ("no",) * 6 + ("yes",) * 4
    assert learnt.reasons == ("still",) * 3 + ("season",) * 3 + ("",) * 4


def test_an_arm_that_never_moved_leans_on_its_like_and_is_less_sure() -> None:
    """Its elasticity is about that of the others, and its interval is wider than any of theirs."""
    spend = moving(400, 8, seed=21)
    spend[:, 0] = 100.0
    learnt = learn_response(panel(spend, drawn(hill(spend), seed=22)))
    spread = learnt.elasticity.std(axis=0)
    assert spread[0] > 1.3 * spread[1:].max()
    assert abs(np.median(learnt.elasticity[:, 0]) - 0.5) < 0.2


def test_lift_tests_calibrate_reports_to_what_ads_bring() -> None:
    """Half of what is reported would have come anyway; eight tests with a tenth of error say so."""
    spend = moving(300, 8, seed=41)
    results = drawn(hill(spend), seed=42)
    days = list(DateRange(FIRST_DAY, FIRST_DAY + timedelta(days=299)))
    rows = [row for row, day in enumerate(days) if day in FORTNIGHT]
    brought = results[rows].sum(axis=0)
    tests = [
        Experiment(f"a{arm}", FORTNIGHT, float(spend[rows, arm].sum()), 0.5 * count, 0.1 * count)
        for arm, count in enumerate(brought.tolist())
    ]
    learnt = learn_response(panel(spend, results), tests)
    assert learnt.curves.basis == "incremental"
    assert np.abs(np.median(learnt.share, axis=0) - 0.5).max() < 0.08
    reported = learn_response(panel(spend, results))
    at = learnt.curves.spend_now
    ratio = np.median(learnt.curves.value(at), axis=0) / np.median(reported.curves.value(at), axis=0)
    assert np.abs(ratio - 0.5).max() < 0.1


@pytest.mark.parametrize(("results", "error"), [(900.0, 1e-200), (-400.0, 1.0), (0.0, 1e9)])
def test_an_odd_lift_leaves_curves_that_are_numbers(results: float, error: float) -> None:
    """Surer than can be, far below zero, or of no use: every value is finite, and nothing is below zero."""
    spend = moving(100, 4, seed=53)
    tests = [Experiment("a0", FORTNIGHT, 0.0, results, error)]
    curves = learn_response(panel(spend, drawn(hill(spend), seed=54)), tests).curves
    assert np.isfinite(curves.value(curves.spend_now)).all()
    assert (curves.ceiling >= 0).all()


def test_a_lift_out_of_all_proportion_is_refused() -> None:
    """A figure typed in wrongly would calibrate everything."""
    spend = moving(100, 4, seed=53)
    tests = [Experiment("a0", FORTNIGHT, 100.0, 1e9, 5.0)]
    with pytest.raises(ExperimentError, match="1e\\+09 results, where the platform reported"):
        learn_response(panel(spend, drawn(hill(spend), seed=54)), tests)


def test_an_experiment_on_something_else_does_not_count() -> None:
    """Neither another object nor days beyond the panel make reports incremental."""
    spend = moving(100, 4, seed=51)
    other = Experiment("zz", FORTNIGHT, 100.0, 10.0, 2.0)
    later = Experiment("a0", DateRange(FIRST_DAY + timedelta(days=95), FIRST_DAY + timedelta(days=110)), 1.0, 1.0, 1.0)
    learnt = learn_response(panel(spend, drawn(hill(spend), seed=52)), [other, later])
    assert (learnt.tests, learnt.curves.basis) == ((), "reported")


def test_value_is_the_first_of_profit_revenue_and_results_that_is_known() -> None:
    """Without a margin it is revenue, without revenue results; an arm alone without value is left out and named."""
    spend = moving(120, 4, seed=61)
    results = drawn(hill(spend), seed=62)
    assert learn_response(panel(spend, results, margin=None)).curves.value_of == "revenue"
    assert learn_response(panel(spend, results, value=None)).curves.value_of == "results"
    some = panel(spend, results)
    for name in ("revenue", "gross_profit"):
        some.measures[name][:, 2] = 0.0
    learnt = learn_response(some)
    assert (learnt.left_out, learnt.curves.arms) == (("Arm 2",), ("a0", "a1", "a3"))


@pytest.mark.parametrize(
    ("spend", "results", "told"),
    [
        (np.zeros((50, 2)), np.ones((50, 2)), "Nothing was spent"),
        (np.full((50, 2), -5.0), np.ones((50, 2)), "Nothing was spent"),
        (np.full((50, 2), 5.0), np.zeros((50, 2)), "There is no results"),
        (np.full((50, 2), 5.0), np.full((50, 2), -1.0), "There is no results"),
        (np.array([[5.0, -5.0], [5.0, 9.0]]), np.ones((2, 2)), "negative"),
        (np.full((50, 2), np.nan), np.full((50, 2), np.nan), "Nothing was spent"),
    ],
    ids=["no spend", "negative spend", "no results", "negative results", "some negative", "unknown"],
)
def test_what_cannot_be_is_refused(spend: Floats, results: Floats, told: str) -> None:
    """Nothing is learnt of nothing, and no figure is mended."""
    with pytest.raises(InputError, match=told):
        learn_response(panel(spend, results))


@pytest.mark.parametrize("days", [1, 5, 20])
def test_a_short_past_gives_wide_curves_and_says_so(days: int) -> None:
    """Curves of a few days are those of its like; every number is finite."""
    spend = np.full((days, 3), 50.0)
    learnt = learn_response(panel(spend, drawn(hill(spend), seed=days) + 1))
    assert set(learnt.curves.identified) == {"no"}
    assert np.isfinite(learnt.curves.value(np.full(3, 500.0))).all()
    low, high = np.quantile(learnt.elasticity, (0.05, 0.95), axis=0)
    assert (high - low).min() > 0.3


def test_days_that_are_not_known_are_left_out() -> None:
    """A gap of weeks, a pause and results that are not known leave the curve where it was."""
    spend = moving(400, 6, seed=71)
    results = drawn(hill(spend), seed=72)
    spend[50:80, 0], results[50:80, 0] = np.nan, np.nan
    spend[100:160, 1], results[100:160, 1] = 0.0, 0.0
    results[200:230, 2] = np.nan
    learnt = learn_response(panel(spend, results))
    assert off(learnt, np.full(6, 2.5), np.full(6, 100.0)).max() < 0.2


def test_the_same_panel_and_seed_give_the_same_curves() -> None:
    """To the last bit; another seed draws others."""
    spend = moving(100, 3, seed=81)
    one = panel(spend, drawn(hill(spend), seed=82))
    first, second = (learn_response(one, seed=5).curves.ceiling for _ in range(2))
    assert (first == second).all()
    assert (first != learn_response(one, seed=6).curves.ceiling).any()


def test_ad_sets_that_share_a_campaigns_budget_are_one_arm() -> None:
    """Their spend is added up, the budget is the campaign's, and an ad set with its own budget stays."""
    shared = {"campaign_id": "c9", "campaign_name": "Shared", "campaign_daily_budget_micros": 80_000_000}
    objects = [shared, {"campaign_id": "c1", "daily_budget_micros": 20_000_000}, shared]
    spend = np.array([[10.0, 20.0, 30.0]])
    merged = by_budget(panel(spend, np.array([[1.0, 2.0, 4.0]]), objects=objects))
    assert [(each.id, each.daily_budget_micros) for each in merged.objects] == [("c9", 80_000_000), ("a1", 20_000_000)]
    assert merged.measure("spend").tolist() == [[40e6, 20e6]]
    assert merged.measure("results").tolist() == [[5.0, 2.0]]


def test_what_is_read_besides_is_of_arms_too() -> None:
    """The budget is the shared one, impressions by part add up, and the reach of several together is not known."""
    shared = {"campaign_id": "c9", "campaign_daily_budget_micros": 80_000_000}
    objects = [shared, {"campaign_id": "c1", "daily_budget_micros": 20_000_000}, shared]
    plain = panel(np.array([[10.0, 20.0, 30.0]]), np.array([[1.0, 2.0, 4.0]]), objects=objects)
    parts = Split(("age",), (("18-24",), ("25-34",)), np.array([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]]))
    besides = replace(
        plain,
        budgets=np.array([[80e6, 20e6, 80e6]]),
        reach={7: np.array([[100.0, 200.0, 300.0]])},
        splits={("age",): parts},
    )
    merged = by_budget(besides)
    assert merged.budgets is not None
    assert merged.budgets.tolist() == [[80e6, 20e6]]
    assert merged.splits["age",].impressions.tolist() == [[[6.0, 8.0], [3.0, 4.0]]]
    np.testing.assert_equal(merged.reach[7], [[np.nan, 200.0]])


def test_a_test_of_a_part_of_the_spend_is_beside_that_part_of_the_reports() -> None:
    """Half of the spend was tested; what was spent 140 times over was something else."""
    spend = moving(100, 4, seed=53)
    paid = float(spend[60:74, 0].sum())
    whole, half, unknown = (
        learn_response(panel(spend, drawn(hill(spend), seed=54)), [Experiment("a0", FORTNIGHT, cost, 50.0, 10.0)]).tests
        for cost in (paid, paid / 2, 0.0)
    )
    assert half[0].reported == pytest.approx(whole[0].reported / 2)
    assert unknown == whole
    with pytest.raises(ExperimentError, match="the object, the days or the currency"):
        learn_response(panel(spend, hill(spend)), [Experiment("a0", FORTNIGHT, 140 * paid, 50.0, 10.0)])


def test_an_experiment_is_known_on_its_last_day_or_later() -> None:
    """A result that was known before the test ended is none."""
    assert Experiment("a", FORTNIGHT, 10.0, 5.0, 1.0).known_from == FORTNIGHT.until
    later = FORTNIGHT.until + timedelta(days=9)
    assert Experiment("a", FORTNIGHT, 10.0, 5.0, 1.0, later).known_from == later
    with pytest.raises(ExperimentError, match="before it ended"):
        Experiment("a", FORTNIGHT, 10.0, 5.0, 1.0, FORTNIGHT.since)


def test_an_experiment_without_an_error_is_refused() -> None:
    """What has no error cannot be weighed."""
    with pytest.raises(ExperimentError, match="standard error of 0"):
        Experiment("a", FORTNIGHT, 10.0, 5.0, 0.0)


def test_days_that_were_not_read_are_not_days_without_spend() -> None:
    """Three days behind, an arm spends what it did before; a week behind, it says that nobody read it."""
    spend = np.full((60, 3), 100.0)
    spend[-3:, 0] = np.nan
    spend[-9:, 1] = np.nan
    learnt = learn_response(panel(spend, np.where(np.isnan(spend), np.nan, 8.0)))
    assert learnt.curves.spend_now == pytest.approx([100.0, 100.0, 100.0])
    assert np.isfinite(learnt.series.spend).all()
    assert (learnt.series.spend[-9:] == 100.0).all()
    assert learnt.reasons[1] == "unread"
    assert learnt.curves.seen is not None
    assert learnt.curves.seen[0] == pytest.approx([100.0] * 3)


def test_spend_goes_by_the_budget_in_the_currency_shown() -> None:
    """A budget of 5,000 of which one is worth .02 is 100; what spends 60 of 200 does not go by its budget."""
    spend = np.tile([100.0, 60.0, 0.0], (60, 1))
    spend[:-4, 2] = 50.0
    objects = [
        {"campaign_id": "c0", "daily_budget_micros": 5_000_000_000, "rate": 0.02},
        {"campaign_id": "c0", "daily_budget_micros": 10_000_000_000, "rate": 0.02},
        {"campaign_id": "c0", "daily_budget_micros": 2_500_000_000, "rate": 0.02, "delivers": False},
    ]
    curves = learn_response(panel(spend, spend / 10, objects=objects)).curves
    assert curves.spend_now == pytest.approx([100.0, 60.0, 0.0])
    assert curves.budget_now == pytest.approx([100.0, 200.0, 50.0])
    assert curves.goes_by_budget == (True, False, False)


def test_curves_know_how_much_revenue_and_how_many_results_go_with_their_value() -> None:
    """A result of 50.00 with a margin of a half is 25.00 of profit: twice as much revenue, a 25th of a result."""
    spend = moving(120, 2, seed=3)
    results = drawn(hill(spend), seed=4)
    curves = learn_response(panel(spend, results)).curves
    assert curves.value_of == "gross_profit"
    assert curves.revenue_by_value == pytest.approx([2.0, 2.0])
    assert curves.results_by_value == pytest.approx([0.04, 0.04])
    returned = (curves.value(curves.spend_now).mean(axis=0) * 2).sum() / curves.spend_now.sum()
    plan = make_plan(curves, PlanRequest(target_roas=round(0.9 * returned, 2)))
    assert plan.total_micros > 0
    cheap = make_plan(curves, PlanRequest(target_cpa=round(50 / (0.9 * returned), 2)))
    assert cheap.total_micros == pytest.approx(plan.total_micros, rel=0.05)
    unknown = learn_response(panel(spend, results, value=None)).curves
    with pytest.raises(PlanError, match="--value-of revenue"):
        make_plan(unknown, PlanRequest(target_roas=2.0))


def test_arms_whose_results_have_no_value_are_told_with_what_they_spend() -> None:
    """They have no curve, and go on spending."""
    spend = np.full((60, 3), 100.0)
    known = panel(spend, np.full((60, 3), 8.0))
    profit = known.measures["gross_profit"].copy()
    profit[:, 2] = 0.0
    learnt = learn_response(replace(known, measures={**known.measures, "gross_profit": profit}))
    assert learnt.left_out == ("Arm 2",)
    assert learnt.curves.left_out == (("Arm 2", 100.0),)


def test_equal_ids_of_two_accounts_or_levels_are_arms_of_their_own() -> None:
    """An ad set of each of two accounts, and a campaign with a shared budget, all with the id 7."""
    shared = {"campaign_daily_budget_micros": 10**8}
    objects = [
        {"id": "7", "account_id": "act_1", "platform": "meta", "campaign_id": "c", "daily_budget_micros": 10**8},
        {"id": "7", "account_id": "act_2", "platform": "meta", "campaign_id": "c", "daily_budget_micros": 10**8},
        {"id": "8", "account_id": "act_1", "platform": "meta", "campaign_id": "7", **shared},
        {"id": "9", "account_id": "act_1", "platform": "meta", "campaign_id": "7", **shared},
    ]  # fmt: skip
    spend = np.tile([100.0, 70.0, 30.0, 20.0], (60, 1))
    curves = learn_response(by_budget(panel(spend, spend / 10, objects=objects))).curves
    assert curves.arms == ("meta:act_1:adset:7", "meta:act_2:adset:7", "meta:act_1:campaign:7")
    assert curves.keys is not None
    assert curves.keys[2] == ("meta", "act_1", "campaign", "7")
    assert curves.spend_now == pytest.approx([100.0, 100.0, 50.0])


def test_an_arm_of_three_days_brings_about_what_its_spend_brings_elsewhere() -> None:
    """Its results are still to arrive: it has the others' results per spend, and no invented profit."""
    spend = moving(120, 5, 1)
    spend[:-3, 4], spend[-3:, 4] = 0.0, 10.0
    results = drawn(hill(spend), 2)
    known = np.ones_like(spend)
    known[-10:] = np.nan
    curves = learn_response(panel(spend, results, known=known)).curves
    brought = curves.value(curves.spend_now).mean(axis=0)
    of_others = brought[:4].sum() / curves.spend_now[:4].sum()
    assert curves.identified[4] == "no"
    assert 0.4 * of_others < brought[4] / curves.spend_now[4] < 2.5 * of_others


def test_a_past_of_which_nothing_has_arrived_is_refused() -> None:
    """What is not known yet is no response of zero."""
    spend = np.full((3, 2), 50.0)
    with pytest.raises(InputError, match="still arriving"):
        learn_response(panel(spend, np.ones_like(spend), known=np.full_like(spend, np.nan)))
