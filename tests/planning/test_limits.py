"""Limits: every one holds in the plan, in whole minor units, and those that cannot hold together are named."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from aibuyer_kit.core.errors import PlanError
from aibuyer_kit.planning.make import make_plan
from aibuyer_kit.planning.request import Group, PlanRequest
from tests.planning.questions import broken, curves_of, holds_together, questions, random_curves


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions())
def test_every_limit_holds_or_those_that_clash_are_named(asked):
    """Any question gets a plan that keeps every limit, or a set of limits that clash, none of them needless."""
    check(asked)


def check(asked):
    plan, refusal = planned(asked)
    if plan:
        assert broken(asked, plan) == []
    elif not refusal.clashing:
        assert "the nearest comes to" in str(refusal)
    elif all(limit.kind != "one_of" for limit in refusal.clashing):
        refused = refusal.clashing
        assert not holds_together(asked, refused)
        for place in range(len(refused)):
            assert holds_together(asked, [*refused[:place], *refused[place + 1 :]])


def planned(asked):
    try:
        return make_plan(asked.curves, asked.request), None
    except PlanError as error:
        return None, error


def clashing(curves, **asked):
    with pytest.raises(PlanError) as caught:
        make_plan(curves, PlanRequest(**asked))
    return [(limit.kind, limit.side, limit.of) for limit in caught.value.clashing]


def test_two_leasts_above_the_total_are_named_and_a_third_is_not():
    """60 and 50 do not fit 100; the 5 of a third arm would."""
    curves = random_curves(0, 5)
    found = clashing(curves, total_daily_budget=100, step=None, least={"a0": 60, "a1": 50, "a2": 5})
    assert found == [("total", "most", ""), ("least", "least", "a0"), ("least", "least", "a1")]


def test_an_arms_own_limits_may_clash():
    """At least 50 and at most 40."""
    curves = random_curves(0, 3)
    found = clashing(curves, total_daily_budget=100, step=None, least={"a1": 50}, most={"a1": 40})
    assert found == [("least", "least", "a1"), ("most", "most", "a1")]


def test_a_groups_least_beyond_what_its_arms_may_spend_names_them():
    """Two arms at most 10 each cannot make 30."""
    curves = random_curves(0, 4)
    found = clashing(
        curves, total_daily_budget=100, step=None, most={"a0": 10, "a1": 10}, groups=(Group("pair", ("a0", "a1"), 30),)
    )
    assert found == [("group", "least", "pair"), ("most", "most", "a0"), ("most", "most", "a1")]


def test_a_step_that_was_asked_for_does_not_give_way_to_the_total():
    """Twice the money cannot be spent within 20% of today's: the step of every arm is named."""
    curves = curves_of([500.0, 500.0], [100.0, 100.0], 1.0, now=[50.0, 50.0])
    found = clashing(curves, total_daily_budget=200, step=0.2)
    assert found == [("total", "least", ""), ("step", "most", "a0"), ("step", "most", "a1")]


def test_the_usual_step_reaches_to_what_was_asked_of_an_arm_by_name():
    """A least of nearly twice today's is met; the other arm stays within its step, or there is no plan."""
    curves = curves_of([500.0, 500.0], [100.0, 100.0], 1.0, now=[50.0, 50.0])
    plan = make_plan(curves, PlanRequest(140, least={"a0": 90}))
    assert plan.allocation == {"a0": 90_000_000, "a1": 50_000_000}
    found = clashing(curves, least={"a0": 90})
    assert found == [("total", "most", ""), ("least", "least", "a0"), ("usual_step", "least", "a1")]


@pytest.mark.parametrize("share", [0.0, 2.0, 5.0, 1e9])
def test_a_total_that_the_usual_step_cannot_meet_is_refused_with_a_cure(share):
    """Never a budget that grows further than is said: the step has to be released, and the message says how."""
    curves = random_curves(2, 4)
    today = float(curves.spend_now.sum())
    total = round(share * today, 2)
    with pytest.raises(PlanError, match=r"step=None \(--step any\)") as caught:
        make_plan(curves, PlanRequest(total_daily_budget=total))
    assert {limit.kind for limit in caught.value.clashing} == {"total", "usual_step"}
    assert ("leave at least 0.04 a day" if share == 0.0 else f"leave at most {1.3 * today:,.1f}"[:-1]) in str(
        caught.value
    )
    assert make_plan(curves, PlanRequest(total_daily_budget=total, step=None)).total_micros == round(total * 1e6)


def test_a_total_of_nothing_is_planned_where_everything_may_stop():
    """Otherwise each arm keeps the smallest amount that there is."""
    curves = random_curves(2, 4)
    assert make_plan(curves, PlanRequest(0, may_stop=curves.arms)).total_micros == 0
    assert set(make_plan(curves, PlanRequest("0.04")).allocation.values()) == {10_000}


@pytest.mark.parametrize(("total", "of_today"), [(75, 0.5), (120, 0.8), (165, 1.1), (180, 1.2)])
def test_what_is_not_identified_stays_near_its_part_of_the_total_that_is_asked_for(total, of_today):
    """Within 10% of today's times total / today's, up to 25% beyond what the past has shown, and that is said."""
    seen = np.array([[45.0, 45.0, 45.0], [50.0, 50.0, 50.0]])
    curves = curves_of([900.0, 500.0, 100.0], [100.0] * 3, 1.0, now=[50.0] * 3, identified=("no",) * 3, seen=seen)
    plan = make_plan(curves, PlanRequest(total))
    assert plan.total_micros == total * 1_000_000
    spends = [arm.planned_micros / 1e6 for arm in plan.arms]
    assert max(spends) == pytest.approx(min(50 * of_today * 1.1, 62.5), abs=0.011)
    assert min(spends) == pytest.approx(50 * of_today * 0.9, abs=0.011 if of_today < 1.15 else 3.0)
    notes = dict(plan.notes)
    assert notes["unidentified_near_part"]["of_today"] == pytest.approx(of_today)
    assert ("seen_less" if total < 150 else "seen") in notes
    assert f"together {of_today:.0%} of today's budgets" in plan.text("en")
    assert f"разом {of_today:.0%}" in plan.text("uk").replace("\u00a0", "")


def test_identified_arms_fall_as_far_as_the_total_needs_and_that_is_said():
    """At half the total each may fall to 30% below its half, and grows by no more than 30%."""
    curves = curves_of([900.0, 100.0], [100.0] * 2, 1.0, now=[50.0, 50.0])
    plan = make_plan(curves, PlanRequest(50))
    assert plan.allocation == {"a0": 32_500_000, "a1": 17_500_000}
    assert ("usual_step_less", {"share": 0.3}) in plan.notes
    assert "usual_step" in dict(make_plan(curves, PlanRequest(100)).notes)


def test_what_is_stopped_or_limited_leaves_the_total_that_nobody_asked_for():
    """50 stopped and 20 of another's 50 taken out: 80 is left; the total that is asked for is spent."""
    curves = curves_of([500.0] * 3, [100.0] * 3, 1.0, now=[50.0] * 3, identified=("no",) * 3)
    asked = {"stopped": ("a0",), "most": {"a1": 30}}
    plan = make_plan(curves, PlanRequest(**asked))
    assert plan.allocation == {"a0": 0, "a1": 30_000_000, "a2": 50_000_000}
    assert ("taken_out", {"money": 70.0}) in plan.notes
    assert make_plan(curves, PlanRequest(90, **asked)).allocation["a2"] == 60_000_000
    group = make_plan(curves, PlanRequest(groups=(Group("two", ("a0", "a1"), most=60),)))
    assert group.total_micros == 110_000_000
    assert all(27 <= group.allocation[arm] / 1e6 <= 33 for arm in ("a0", "a1"))


def test_a_total_that_need_not_be_spent_moves_nothing_unidentified_up_with_it():
    """Of a thousand at most, 10% more than today's is spent."""
    curves = curves_of([5000.0] * 2, [100.0] * 2, 1.0, now=[50.0, 50.0], identified=("no", "no"))
    assert make_plan(curves, PlanRequest(1000, spend_all=False)).total_micros == 110_000_000


def test_a_budget_beyond_the_usual_range_is_counted_where_a_person_named_it():
    """No sentence says that none goes further without the one that does."""
    curves = curves_of([500.0, 500.0], [100.0, 100.0], 1.0, now=[50.0, 50.0])
    assert ("beyond_as_asked", {"count": 1}) in make_plan(curves, PlanRequest(140, least={"a0": 90})).notes
    assert "beyond_as_asked" not in dict(make_plan(curves, PlanRequest(120)).notes)


def test_of_two_limits_of_ours_the_one_that_has_to_be_released_is_named():
    """Beyond 30% the step has to go, and an unidentified arm to be free to move; with no step the latter alone."""
    curves = curves_of([500.0] * 2, [100.0] * 2, 1.0, now=[50.0, 50.0], identified=("no", "no"))
    with pytest.raises(PlanError, match=r"--step any.*--move-unidentified"):
        make_plan(curves, PlanRequest(140))
    with pytest.raises(PlanError, match=r"a day\. With unidentified=.*--move-unidentified"):
        make_plan(curves, PlanRequest(140, step=None))
    assert make_plan(curves, PlanRequest(140, unidentified="free", step=None)).total_micros == 140_000_000


def test_a_step_is_not_blamed_for_limits_that_clash_without_it():
    """Of a person's own limits only those are named."""
    curves = curves_of([500.0, 500.0], [100.0, 100.0], 1.0, now=[50.0, 50.0])
    asked = {"total_daily_budget": 300, "groups": (Group("all", ("a0", "a1"), most=200),)}
    assert clashing(curves, **asked) == [("total", "least", ""), ("group", "most", "all")]


def test_what_is_not_identified_stays_near_today_unless_asked_otherwise():
    """An arm whose curve nobody knows moves by 10% at most, or not at all, or freely."""
    curves = curves_of([900.0, 100.0], [100.0, 100.0], 1.0, identified=("no", "yes"), warnings={"a0": "never moved"})
    spend = {
        how: make_plan(curves, PlanRequest(step=None, unidentified=how)).arms[0].planned_micros / 1e6
        for how in ("near", "held", "free")
    }
    assert spend["near"] == 110.0
    assert spend["held"] == 100.0
    assert spend["free"] > 150.0
    assert ("unidentified_near", {"count": 1}) in make_plan(curves, PlanRequest()).notes


def test_stopped_and_held_arms_are():
    """0 and today's."""
    curves = random_curves(4, 4)
    plan = make_plan(curves, PlanRequest(step=None, held=("a1",), stopped=("a2",)))
    assert plan.allocation["a2"] == 0
    assert plan.allocation["a1"] == pytest.approx(curves.spend_now[1] * 1e6, abs=5000)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"total_daily_budget": -5}, "0 or more"),
        ({"total_daily_budget": "lots"}, "not an amount"),
        ({"total_daily_budget": float("nan")}, "finite"),
        ({"total_daily_budget": "10.001"}, "finer than the smallest unit"),
        ({"total_daily_budget": 10, "target_roas": 3}, "one of"),
        ({"target_roas": 0}, "above 0"),
        ({"target_cpa": 3}, "how much results"),
        ({"target_roas": 3}, "how much revenue"),
        ({"least": {"zz": 3}}, "no curve"),
        ({"groups": (Group("g", ()),)}, "no arms"),
        ({"groups": (Group("g", ("a0",)), Group("g", ("a1",)))}, "Two groups"),
        ({"step": -0.1}, "share"),
        ({"risk": 1.5}, "quantile"),
        ({"days": 0}, "1 to"),
        ({"days": 3, "day_weights": (1.0,)}, "1 weights"),
        ({"days": 1, "day_weights": (0.0,)}, "not all"),
        ({"unidentified": "guess"}, "near, held or free"),
        ({"reset_loss": -1}, "0 or more"),
        ({"held": ("a1",), "may_stop": ("a1",)}, "'a1' is named in held and in may_stop"),
        ({"held": ("a1",), "stopped": ("a0", "a1")}, "'a1' is named in held and in stopped"),
    ],
)
def test_what_makes_no_sense_is_refused(asked, says):
    """The message names what was asked and what it should be."""
    with pytest.raises(PlanError, match=says):
        make_plan(random_curves(0, 3), PlanRequest(**asked))


def test_nothing_spent_today_and_no_total_is_refused():
    """There is no money to split."""
    with pytest.raises(PlanError, match="say how much"):
        make_plan(curves_of([100.0], [10.0], 1.0, now=[0.0]), PlanRequest())


def test_a_target_out_of_reach_tells_how_near_one_gets():
    """The return of the first unit is 4 (400 / 100): 5 is beyond it."""
    curves = curves_of([400.0], [100.0], 1.0, value_of="revenue", now=[100.0])
    with pytest.raises(PlanError, match="the nearest comes to"):
        make_plan(curves, PlanRequest(target_roas=5.0, least={"a0": 1}, step=None))


def test_a_cautious_plan_of_a_single_cent_is_no_warning():
    """An arm that gets a cent or nothing, by a quantile."""
    curves = random_curves(1, 6, draws=3)
    asked = PlanRequest("0.01", spend_all=False, step=None, least={"a0": "0.01"}, may_stop=("a0",), risk=0.2)
    assert make_plan(curves, asked).total_micros <= 10_000


def test_a_target_that_nothing_or_enough_leaves_no_split_for_says_what_clashes():
    """An arm that spends nothing or 20 at least cannot spend a cent, whatever return is asked for."""
    curves = curves_of([100.0, 200.0], [60.0, 50.0], [0.4, 0.4], now=[40.0, 40.0], value_of="revenue")
    a_cent = Group("g", ("a0",), least=0.01, most=0.01)
    refused = clashing(curves, step=0.5, groups=(a_cent,), may_stop=("a0",), target_roas=1.0)
    assert {(kind, of) for kind, _, of in refused} == {("group", "g"), ("one_of", "a0")}


def test_groups_that_overlap_and_limit_nothing_change_nothing():
    """Without a total, a step or an amount there is nothing that could clash."""
    curves = curves_of([500.0, 400.0, 80.0], [60.0, 50.0, 85.0], [0.4, 0.9, 0.9], value_of="revenue")
    groups = (Group("g", ("a0", "a1")), Group("h", ("a0", "a2")))
    alone, grouped = (make_plan(curves, PlanRequest(step=None, target_roas=1.0, groups=each)) for each in ((), groups))
    assert grouped.expected.mean == pytest.approx(alone.expected.mean, rel=1e-4)


def test_a_budget_that_is_held_between_two_cents_is_within_its_bound():
    """8.6313 a day is planned as 8.64 or 8.63: the bound holds of what is planned."""
    ceiling = [[213.45639116, 23.34175841, 243.96586388], [210.20225678, 22.73621035, 233.66375045],
               [241.26310598, 18.84091267, 279.88067183]]  # fmt: skip
    half = [[32.51854002, 26.99468311, 48.21802138], [42.00482159, 37.79676584, 34.11693932],
            [30.95317117, 40.22049727, 61.84695152]]  # fmt: skip
    now = [30.94967936, 15.21863494, 8.6313321]
    curves = curves_of(ceiling, half, [[2.92517624, 2.28495893, 2.46227945]] * 3, now=now)
    seen = np.array([[0.7], [1.2]]) * now
    curves = replace(curves, value_of="gross_profit", seen=seen, identified=("yes", "no", "yes"))
    plan = make_plan(curves, PlanRequest(spend_all=False, held=("a2",)))
    assert plan.worth <= plan.bound + 1e-9 * abs(plan.bound)
