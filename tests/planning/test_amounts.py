"""Whole minor units: largest remainders, days that add up, currencies without cents."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aibuyer_kit.planning.days import planned_days
from aibuyer_kit.planning.make import make_plan
from aibuyer_kit.planning.request import PlanRequest
from aibuyer_kit.planning.rounding import largest_remainder
from tests.planning.questions import curves_of, random_curves


def test_the_largest_remainder_gets_the_unit():
    """1.5 + 1.4 + 7.1 is 10: the half is rounded up, the others down."""
    found = largest_remainder(np.array([1.5, 1.4, 7.1]), np.zeros(3, int), np.full(3, 10), 10)
    assert found.tolist() == [2, 1, 7]


def test_limits_come_before_remainders():
    """What may not grow does not, whatever its remainder."""
    found = largest_remainder(np.array([1.9, 1.4, 7.7]), np.zeros(3, int), np.array([1, 10, 10]), 11)
    assert found.tolist() == [1, 2, 8]


def test_yen_have_no_cents():
    """Amounts are whole yen and add up."""
    plan = make_plan(random_curves(1, 5).only([0, 1, 2, 3, 4]), PlanRequest(total_daily_budget=1000, step=None))
    yen = make_plan(curves_of([400.0, 100.0], [100.0, 100.0], 1.0, currency="JPY"), PlanRequest(step=None))
    assert all(arm.planned_micros % 1_000_000 == 0 for arm in yen.arms)
    assert plan.total_micros == 1_000_000_000


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=6),
    st.lists(st.floats(0.0, 5.0), min_size=1, max_size=9).filter(any),
)
def test_days_add_up_by_day_and_by_arm(amounts, weights):
    """Whatever the weights, every cent of the period is on one day and with one arm."""
    days = planned_days(np.array(amounts), 10_000, len(weights), weights, None)
    by_arm = np.array([day.micros for day in days]).sum(axis=0)
    assert by_arm.tolist() == [amount * len(weights) * 10_000 for amount in amounts]
    assert all(sum(day.micros) == day.total_micros and min(day.micros) >= 0 for day in days)


def test_a_day_of_half_the_weight_spends_half():
    """Six weekdays and a Sunday of half the weight; 650 a day on average are 700 and 350."""
    plan = make_plan(
        curves_of([4000.0, 1000.0], [1000.0, 1000.0], 1.0),
        PlanRequest(total_daily_budget=650, step=None, days=7, day_weights=(1, 1, 1, 1, 1, 1, 0.5)),
        since=date(2026, 11, 23),
    )
    assert [day.total_micros / 1e6 for day in plan.days] == [700.0] * 6 + [350.0]
    assert plan.days[-1].day == date(2026, 11, 29)


def test_equal_days_are_the_plan_itself():
    """Without weights every day is the same."""
    plan = make_plan(random_curves(3, 4), PlanRequest(days=3))
    assert {day.micros for day in plan.days} == {tuple(plan.allocation.values())}


def test_one_minor_unit_off_is_next_to_nothing_of_the_profit():
    """Rounding costs less than a hundred-thousandth."""
    plan = make_plan(random_curves(6, 40), PlanRequest(step=None))
    assert plan.reached == pytest.approx(1.0, abs=1e-5)
