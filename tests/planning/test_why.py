"""Why a plan moves what it moves."""

import pytest
from hypothesis import given, settings

from aibuyer_kit.core.errors import InputError, NotFoundError, PlanError
from aibuyer_kit.planning.make import make_plan
from aibuyer_kit.planning.request import PlanRequest
from tests.forecasting.test_why import ENGLISH
from tests.planning.questions import Asked, curves_of, questions


@given(asked=questions())
@settings(max_examples=25, deadline=None)
def test_arms_add_up_from_todays_profit_to_the_plans(asked: Asked) -> None:
    """Of any question that has an answer; each arm's own explanation adds up to the same."""
    try:
        plan = make_plan(asked.curves, asked.request)
    except PlanError:
        return
    found = plan.why()
    assert found.whole is not None
    assert found.whole.amount == pytest.approx(plan.expected.mean)
    assert sum(each.amount for each in found.parts) == pytest.approx(plan.gain.mean, abs=1e-6)
    for arm in plan.arms:
        one = plan.why(arm.id)
        assert one.part("value") + one.part("spend") == pytest.approx(found.part(arm.id), abs=1e-3)


def test_the_arm_that_earns_most_is_named_first_with_what_holds_it() -> None:
    """Money goes from what brings little to what brings much, as far as its most."""
    curves = curves_of([900.0, 400.0, 400.0], [80.0, 90.0, 90.0], 1.0, names=("Good", "Poor", "Poor too"))
    plan = make_plan(curves, PlanRequest(step=None, most={"a0": 150}))
    found = plan.why()
    assert found.parts[0].key == "a0"
    assert "At most €150.00 for Good" in found.parts[0].remark
    assert "The total of €300.00" in " ".join(found.said)
    assert "€100.00 → €150.00" in found.parts[0].remark
    one = plan.why("Good")
    assert "Why the plan gives Good €150.00 a day, and not €100.00" in repr(one)
    # 900 · (150/230 − 100/180) more for 50 more.
    assert one.part("value") == pytest.approx(86.96, abs=0.01)
    assert one.part("spend") == pytest.approx(-50)


def test_learning_anew_is_a_part_of_its_own() -> None:
    curves = curves_of([900.0, 100.0], [80.0, 60.0], 1.0)
    plan = make_plan(curves, PlanRequest(step=None, reset_loss=0.5))
    assert any(arm.resets for arm in plan.arms)
    assert plan.why().part("resets") == pytest.approx(-0.5 * sum(arm.resets for arm in plan.arms))


def test_results_are_counted_where_no_value_is_known() -> None:
    plan = make_plan(curves_of([90.0, 30.0], [80.0, 90.0], 1.0, value_of="results"), PlanRequest(step=None))
    assert plan.why().metric == "results"
    assert plan.why("a0").part("spend") == 0


def test_ukrainian_has_no_english_and_names_are_text() -> None:
    curves = curves_of([900.0, 300.0], [80.0, 90.0], 1.0, names=("<b>А</b>", "Б"))
    plan = make_plan(curves, PlanRequest(step=None))
    for text in (repr(plan.why(locale="uk")), repr(plan.why("a0", "uk"))):
        assert not ENGLISH.search(text.replace("EUR", "")), text
    assert "<b>А" not in plan.why().page()


def test_an_arm_that_is_not_there_or_that_two_are_called_is_refused() -> None:
    plan = make_plan(curves_of([900.0, 300.0], [80.0, 90.0], 1.0, names=("A", "A")), PlanRequest())
    with pytest.raises(NotFoundError, match=r"no arm 'x' in this plan\. Known: a0, a1"):
        plan.why("x")
    with pytest.raises(InputError, match="2 arms are called 'A'"):
        plan.why("A")
