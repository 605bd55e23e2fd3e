"""The split of a total: hand-computed, by its conditions, by brute force, and against its bound."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from aibuyer_kit.core.errors import PlanError
from aibuyer_kit.planning.make import make_plan
from aibuyer_kit.planning.request import Group, PlanRequest
from aibuyer_kit.planning.search import not_below
from aibuyer_kit.planning.solve import solve
from aibuyer_kit.planning.target import solve_target, target_of
from tests.planning.questions import curves_of, random_curves


def spends(plan):
    return [round(arm.planned_micros / 1e6, 2) for arm in plan.arms]


def test_two_concave_arms_get_what_algebra_says():
    """With slope 1 the marginal is c h / (s + h)^2: four times the ceiling means twice s + h."""
    curves = curves_of([400.0, 100.0], [100.0, 100.0], 1.0)
    plan = make_plan(curves, PlanRequest(total_daily_budget=200, step=None))
    assert spends(plan) == [166.67, 33.33]
    assert [arm.marginal for arm in plan.arms] == pytest.approx([40_000 / 266.667**2] * 2, rel=1e-4)
    assert plan.reached == pytest.approx(1.0, abs=1e-9)


def test_the_last_unit_is_worth_its_marginal_less_itself():
    """Money whose last unit brings .5625 loses .4375 by being spent."""
    curves = curves_of([400.0, 100.0], [100.0, 100.0], 1.0)
    plan = make_plan(curves, PlanRequest(total_daily_budget=200, step=None))
    (total,) = plan.binding
    assert (total.limit.kind, total.limit.side) == ("total", "least")
    assert total.worth == pytest.approx(1 - 0.5625, rel=1e-6)


def test_with_at_most_no_unit_is_spent_that_brings_less_than_itself():
    """s + 100 = sqrt(c h) makes the marginal 1: 100 of the first arm, nothing of the second."""
    curves = curves_of([400.0, 100.0], [100.0, 100.0], 1.0)
    plan = make_plan(curves, PlanRequest(total_daily_budget=200, spend_all=False, step=None))
    assert spends(plan) == [100.0, 0.0]


def test_an_s_shaped_arm_that_cannot_reach_its_rise_gets_nothing():
    """Of two equal S-curves and money for one, one gets all; an equal split would bring a fifth as much."""
    curves = curves_of([1000.0, 1000.0], [100.0, 100.0], 4.0)
    plan = make_plan(curves, PlanRequest(total_daily_budget=100, step=None))
    assert sorted(spends(plan)) == [0.0, 100.0]
    assert plan.expected.mean == pytest.approx(500.0 - 100.0)
    assert plan.worth <= plan.bound <= plan.worth * 1.000001


@pytest.mark.parametrize("seed", range(8))
def test_no_point_of_a_grid_beats_an_s_shaped_plan(seed):
    """Brute force over three arms, in hundredths of the total, comes to no more than the plan, whose bound holds."""
    curves = random_curves(seed, 3, shaped=True)
    total = round(float(curves.half.mean()), 2)
    solved = solve(curves, PlanRequest(step=None), total)
    grid = np.linspace(0.0, total, 101)
    best = max(
        float(curves.value(np.array([one, other, max(total - one - other, 0.0)])).sum())
        for one, other in product(grid, grid)
        if one + other <= total + 1e-9
    )
    assert solved.found.worth >= best - 1e-9
    assert solved.found.bound >= best * (1 - 1e-12)
    assert solved.found.bound <= solved.found.worth * (1 + 1e-5)


@pytest.mark.parametrize("draws", [1, 5])
@pytest.mark.parametrize("seed", range(5))
def test_a_concave_plan_meets_the_conditions_of_an_optimum(seed, draws):
    """Kuhn and Tucker: inside limits all marginals are the price; above it only at the most, below it at the least."""
    curves = random_curves(seed, 12, draws=draws)
    low, high = 0.3 * curves.spend_now, 1.8 * curves.spend_now
    request = PlanRequest(
        step=None,
        least=dict(zip(curves.arms, np.round(low, 2).tolist(), strict=True)),
        most=dict(zip(curves.arms, np.round(high, 2).tolist(), strict=True)),
    )
    solved = solve(curves, request, round(float(curves.spend_now.sum()) * 1.1, 2))
    marginal = curves.marginal(solved.spend).mean(axis=0)
    price = solved.found.root.prices[0]
    at_low = solved.spend <= solved.bounds.box.low + 1e-9
    at_high = solved.spend >= solved.bounds.box.high - 1e-9
    inside = ~(at_low | at_high)
    assert inside.any()
    assert marginal[inside] == pytest.approx([price] * int(inside.sum()), rel=1e-5)
    assert (marginal[at_high] >= price * (1 - 1e-6)).all()
    assert (marginal[at_low] <= price * (1 + 1e-6)).all()
    assert solved.spend.sum() == pytest.approx(solved.bounds.total, rel=1e-12)


def test_prices_of_limits_are_what_relaxing_them_brings():
    """One unit more of a group's cap, of an arm's cap and of the total bring what their prices say."""
    curves = curves_of([900.0, 500.0, 300.0, 300.0], [80.0, 60.0, 90.0, 40.0], 1.0, now=[50.0] * 4)
    request = PlanRequest(
        total_daily_budget=200, step=None, most={"a2": 20}, groups=(Group("first", ("a0", "a1"), most=100),)
    )
    base = make_plan(curves, request)
    worth = {(each.limit.kind, each.limit.of): each.worth for each in base.binding}
    wider = {
        ("group", "first"): replace(request, groups=(Group("first", ("a0", "a1"), most=101),)),
        ("most", "a2"): replace(request, most={"a2": 21}),
    }
    assert worth.keys() == {("total", ""), *wider}
    for key, relaxed in wider.items():
        gained = make_plan(curves, relaxed).expected.mean - base.expected.mean
        assert gained == pytest.approx(worth[key], rel=0.03)
    less, more = (make_plan(curves, replace(request, total_daily_budget=total)).expected.mean for total in (199, 201))
    assert (less - more) / 2 == pytest.approx(worth["total", ""], rel=0.01)


def test_groups_within_groups_are_met_and_the_split_is_the_best_that_meets_them():
    """Nested limits against a general solver (SLSQP from many starts)."""
    from scipy.optimize import minimize

    curves = random_curves(3, 6)
    groups = (
        Group("outer", ("a0", "a1", "a2", "a3"), most=120),
        Group("inner", ("a0", "a1"), least=70),
        Group("beside", ("a4",), least=15, most=30),
    )
    solved = solve(curves, PlanRequest(step=None, groups=groups), 200.0)
    spend = solved.spend
    assert spend[:4].sum() <= 120 + 1e-9
    assert spend[:2].sum() >= 70 - 1e-9
    assert 15 - 1e-9 <= spend[4] <= 30 + 1e-9

    def loses(at):
        return -float(curves.value(at).sum())

    limits = [
        {"type": "eq", "fun": lambda at: at.sum() - 200.0},
        {"type": "ineq", "fun": lambda at: 120.0 - at[:4].sum()},
        {"type": "ineq", "fun": lambda at: at[:2].sum() - 70.0},
        {"type": "ineq", "fun": lambda at: at[4] - 15.0},
        {"type": "ineq", "fun": lambda at: 30.0 - at[4]},
    ]
    start = np.array([40.0, 40.0, 20.0, 20.0, 20.0, 60.0])
    other = minimize(loses, start, constraints=limits, bounds=[(1e-6, 200.0)] * 6, method="SLSQP")
    assert solved.found.worth >= -other.fun - 1e-6
    assert solved.found.worth == pytest.approx(-other.fun, rel=1e-4)
    assert solved.found.bound == pytest.approx(solved.found.worth, rel=1e-9)


def test_a_reset_of_learning_is_paid_only_where_the_move_is_worth_it():
    """The gain of moving 50 of 100 is known by hand: a dearer reset stops at 20%, a cheaper one does not."""
    curves = curves_of([400.0, 100.0], [100.0, 100.0], 1.0)
    free = make_plan(curves, PlanRequest(total_daily_budget=200, step=None))
    kept = make_plan(curves, PlanRequest(total_daily_budget=200, step=None, reset_loss=30))
    paid = make_plan(curves, PlanRequest(total_daily_budget=200, step=None, reset_loss=0.5))
    assert spends(free) == spends(paid) == [166.67, 33.33]
    assert spends(kept) == [120.0, 80.0]
    assert not any(arm.resets for arm in kept.arms)
    assert all(arm.resets for arm in paid.arms)
    assert kept.bound - kept.worth < 1e-6 * kept.bound
    assert paid.expected.mean == pytest.approx(free.expected.mean - 2 * 0.5, abs=1e-6)


def test_an_arm_that_may_stop_gets_nothing_or_its_least():
    """With 30 at least or nothing, and money elsewhere worth more, it gets nothing."""
    curves = curves_of([400.0, 400.0, 20.0], [100.0, 100.0, 100.0], 1.0)
    request = PlanRequest(total_daily_budget=200, step=None, least={"a2": 30})
    assert spends(make_plan(curves, request))[2] == 30.0
    assert spends(make_plan(curves, replace(request, may_stop=("a2",)))) == [100.0, 100.0, 0.0]


def test_draws_with_a_bend_of_their_own_are_planned_by_their_mean():
    """Two arms, of which one is good in every other draw only: the mean decides, the interval tells the spread."""
    curves = curves_of([[300.0, 500.0], [300.0, 0.0]], [100.0, 100.0], 1.0)
    solved = solve(curves, PlanRequest(step=None), 100.0)
    grid = np.linspace(0.0, 100.0, 1001)
    best = max(float(curves.value(np.array([one, 100.0 - one])).sum(axis=1).mean()) for one in grid)
    assert solved.found.worth == pytest.approx(best, rel=1e-6)
    plan = make_plan(curves, PlanRequest(total_daily_budget=100, step=None))
    assert plan.expected.low < plan.expected.mean < plan.expected.high


def test_a_cautious_plan_raises_the_low_quantile_and_names_a_bound():
    """An arm that is worth more on average but nothing in a third of the draws gets less by the 10% quantile."""
    luck = np.repeat([[0.0], [1.5], [1.8]], 20, axis=0)
    curves = curves_of(np.hstack([300.0 * luck, np.full((60, 1), 280.0)]), [100.0, 100.0], 1.0)
    mean = make_plan(curves, PlanRequest(total_daily_budget=150, step=None))
    cautious = make_plan(curves, PlanRequest(total_daily_budget=150, step=None, risk=0.1))
    assert cautious.arms[0].planned_micros < mean.arms[0].planned_micros
    assert cautious.expected.low > mean.expected.low
    assert cautious.worth <= cautious.bound
    assert cautious.expected.mean <= mean.expected.mean + 1e-9


@pytest.mark.parametrize("now", [0.9, 1.3])
def test_a_target_spends_the_most_that_meets_it(now):
    """ROAS of slope 1 at spend s is c / (s + h): for a target of 2 with c = 400, h = 100 that is s = 100."""
    curves = curves_of([400.0], [100.0], 1.0, now=[100.0 * now], value_of="revenue")
    plan = make_plan(curves, PlanRequest(target_roas=2.0, step=None))
    assert spends(plan) == [pytest.approx(100.0, abs=0.011)]
    assert curves.value(np.array(spends(plan))).sum() >= 2.0 * sum(spends(plan)) - 1e-9
    assert plan.reached == pytest.approx(1.0, abs=1e-4)


def test_a_target_of_cost_counts_results():
    """Of 400 s / (s + 100) results each may cost 0.5: again s = 100."""
    curves = curves_of([400.0], [100.0], 1.0, value_of="results")
    assert spends(make_plan(curves, PlanRequest(target_cpa=0.5, step=None))) == [pytest.approx(100.0, abs=0.011)]


def splits_of(total, *, whole=True):
    """Return every split over two arms on a grid, and with `whole=False` those that leave money over."""
    grid = np.linspace(0.0, total, 201)
    if whole:
        return [np.array([one, total - one]) for one in grid]
    return [np.array(pair) for pair in product(grid, grid) if sum(pair) <= total]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("reset_loss", [None, 3])
def test_no_split_that_meets_a_target_is_beyond_its_bound(seed, reset_loss):
    """Brute force over what two arms may spend, less what learning anew costs."""
    curves = replace(random_curves(seed, 2, shaped=seed % 2 == 1), value_of="revenue")
    least = 0.8 * float(curves.value(curves.spend_now).sum() / curves.spend_now.sum())
    asked = PlanRequest(target_roas=least, step=None, reset_loss=reset_loss)
    plan = make_plan(curves, asked)

    def lost(spend):
        return (reset_loss or 0) * int((np.abs(spend / curves.spend_now - 1.0) > 0.2 + 1e-3).sum())

    worths = [
        value - lost(spend)
        for spend in splits_of(4.0 * float(curves.spend_now.sum()), whole=False)
        if (value := float(curves.value(spend).sum())) >= least * spend.sum()
    ]
    assert max(worths) <= plan.bound * (1 + 1e-9)
    assert plan.worth <= plan.bound * (1 + 1e-6)
    assert plan.worth >= max(worths) - 0.2 * abs(max(worths))


@pytest.mark.parametrize("risk", [0.1, 0.5])
def test_no_split_has_a_quantile_beyond_the_bound_of_a_cautious_plan(risk):
    """Brute force over what two arms may spend."""
    curves = random_curves(5, 2, draws=20)
    plan = make_plan(curves, PlanRequest(total_daily_budget=100, step=None, risk=risk))
    best = max(float(np.quantile(curves.value(each).sum(axis=1), risk)) for each in splits_of(100.0)) - 100.0
    assert best <= plan.bound
    assert plan.worth <= plan.bound


@pytest.mark.parametrize("seed", range(4))
def test_no_split_that_pays_for_learning_is_beyond_the_bound(seed):
    """Brute force over what two arms may spend."""
    curves = random_curves(seed, 2, shaped=seed % 2 == 1)
    total = round(float(curves.spend_now.sum()), 2)
    plan = make_plan(curves, PlanRequest(total_daily_budget=total, step=None, reset_loss=5))
    moved = [5.0 * int((np.abs(each / curves.spend_now - 1.0) > 0.2 + 1e-3).sum()) for each in splits_of(total)]
    worths = [
        float(curves.value(each).sum()) - total - lost for each, lost in zip(splits_of(total), moved, strict=True)
    ]
    assert max(worths) <= plan.bound + 1e-9 * abs(plan.bound)


@pytest.mark.parametrize("seed", range(4))
def test_no_split_within_groups_that_overlap_is_beyond_the_bound(seed):
    """And where curves are concave, none is better than the plan."""
    curves = random_curves(seed, 3, shaped=seed % 2 == 1)
    groups = (Group("left", ("a0", "a1"), most=70), Group("right", ("a1", "a2"), least=20, most=60))
    plan = make_plan(curves, PlanRequest(total_daily_budget=100, step=None, groups=groups))
    grid = np.linspace(0.0, 100.0, 101)
    worths = [
        float(curves.value(np.array([one, two, 100.0 - one - two])).sum()) - 100.0
        for one, two in product(grid, grid)
        if one + two <= 70.0 and 20.0 <= 100.0 - one <= 60.0
    ]
    assert max(worths) <= plan.bound + 1e-9 * abs(plan.bound)
    if (curves.slope <= 1.0).all():
        assert plan.worth >= max(worths) - 1e-2


def test_a_bound_below_what_was_found_is_not_hidden():
    """Rounding is put right, anything else stays visible."""
    assert not_below(100.0 - 1e-9, 100.0) == 100.0
    assert not_below(99.0, 100.0) == 99.0


def test_many_equal_s_shaped_arms_are_no_trap():
    """Fifty equal arms and money for about seven: some get all, most get nothing, within a thousandth of the bound."""
    curves = curves_of([1000.0] * 50, [100.0] * 50, 3.0)
    solved = solve(curves, PlanRequest(step=None), 1000.0)
    assert solved.found.worth >= 0.999 * solved.found.bound
    assert solved.spend.sum() == pytest.approx(1000.0, rel=1e-12)


def test_a_thousand_arms_of_two_hundred_draws_come_to_their_bound():
    """Large questions are solved as exactly as small ones."""
    solved = solve(random_curves(1, 1000, draws=50), PlanRequest(step=None), 20_000.0)
    assert solved.found.bound - solved.found.worth <= 1e-9 * solved.found.bound
    assert solved.spend.sum() == pytest.approx(20_000.0, rel=1e-12)


@pytest.mark.parametrize(("name", "amount", "step"), [("target_cpa", 0.5, 1e-4), ("target_roas", 2.0, -1e-4)])
def test_the_worth_of_a_looser_target_is_what_loosening_it_brings(name, amount, step):
    """A cost that may be higher, and a return that may be lower: beside the difference of two plans."""
    kind = "results" if name == "target_cpa" else "revenue"
    curves = curves_of([400.0, 300.0], [100.0, 80.0], [1.0, 0.8], value_of=kind)
    plan, looser = (make_plan(curves, PlanRequest(step=None, **{name: each})) for each in (amount, amount + step))
    exact = [solve_target(curves, *_target(curves, name, each))[0].found.worth for each in (amount, amount + step)]
    (binding,) = [each for each in plan.binding if each.limit.kind == "target"]
    assert binding.worth == pytest.approx((exact[1] - exact[0]) / abs(step), rel=0.01)
    assert looser.worth >= plan.worth
    side = "higher" if name == "target_cpa" else "lower"
    assert f"a target {side} by one unit" in plan.text("en")


def _target(curves, name, amount):
    asked = PlanRequest(step=None, **{name: amount})
    return asked, target_of(curves, asked)


def test_a_total_that_whole_amounts_cannot_come_to_is_refused_or_given_exactly():
    """Within .51 and 1.51 each, two arms come to 3.02 at most: 3.03 would only be met by half cents."""
    curves = curves_of([10.0, 10.0], [5.0, 5.0], 1.0, now=[1.01, 1.01])
    plan = make_plan(curves, PlanRequest(total_daily_budget="3.02", step=0.5))
    assert plan.total_micros == 3_020_000
    with pytest.raises(PlanError, match="cannot hold together"):
        make_plan(curves, PlanRequest(total_daily_budget="3.03", step=0.5))


def test_what_has_no_curve_is_told_and_taken_off_a_total_that_was_asked_for():
    """It spends 40 a day whatever the plan says: of 200, 160 are left for the others."""
    curves = curves_of([400.0, 100.0], [100.0, 100.0], 1.0, now=[60.0, 40.0], left_out=(("Others", 40.0),))
    asked = make_plan(curves, PlanRequest(total_daily_budget=200, step=None))
    assert asked.total_micros == 160_000_000
    assert "Others" in asked.text("en")
    assert "taken off the total" in asked.text("en")
    assert make_plan(curves, PlanRequest(step=None)).total_micros == 100_000_000
    with pytest.raises(PlanError, match="Others"):
        make_plan(curves, PlanRequest(total_daily_budget=40))


def test_the_sentence_of_the_step_tells_how_far_budgets_really_go():
    """30%, at another total, too."""
    curves = curves_of([400.0, 100.0], [100.0, 100.0], 1.0)
    for total in (200, 240):
        plan = make_plan(curves, PlanRequest(total))
        assert ("usual_step", {"share": 0.3}) in plan.notes
        assert max(abs(arm.change) for arm in plan.arms) <= 0.3 + 1e-9


def test_a_gain_between_arms_that_the_past_does_not_tell_has_no_certainty():
    """Where some that move are told, their part of the gain is."""
    curves = curves_of([400.0, 100.0], [100.0, 100.0], 1.0)
    sure, unsure, half = (
        make_plan(replace(curves, identified=known), PlanRequest(unidentified="free"))
        for known in (("yes", "yes"), ("no", "no"), ("yes", "no"))
    )
    assert (sure.better, unsure.better, half.better) == (1.0, None, 1.0)
    assert "100% of what the curves hold" in sure.text("en")
    assert "the past does not prove it" in unsure.text("en")
    assert "Arms whose response the past tells bring about" in half.text("en")
