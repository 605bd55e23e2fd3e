"""Plans of the sample account, from its warehouse to the command, and the changes that would carry them out."""

import json
from pathlib import Path

import pytest

from aibuyer_kit.core.errors import PlanError
from aibuyer_kit.planning.curves import ResponseCurves
from aibuyer_kit.planning.request import Group
from aibuyer_kit.workspace import Client, open_workspace
from tests.aibuyer import aibuyer


@pytest.fixture
def shop(example_workspace: Path) -> Client:
    return open_workspace(example_workspace).client("sample-shop")


@pytest.fixture(scope="module")
def curves(example_workspace: Path) -> ResponseCurves:
    """Learnt once for all plans."""
    return open_workspace(example_workspace).client("sample-shop").curves(days=60).curves


def test_a_plan_spends_todays_total_and_tells_its_changes(shop: Client, curves: ResponseCurves) -> None:
    """Each change is an absolute budget with the one it was decided on; together they come to the plan's move."""
    plan = shop.plan(curves=curves)
    assert plan.total_micros == sum(plan.allocation.values()) == plan.today_micros
    assert {change.field for change in plan.changes} == {"daily_budget"}
    assert all(change.after == plan.allocation[change.object_id] for change in plan.changes)
    assert sum(change.after - change.before for change in plan.changes) == 0
    assert plan.days[0].day >= shop.freshness().last_day
    assert shop.proposals.to_frame().empty


def test_arms_are_named_by_name_or_id_and_campaigns_have_limits(shop: Client, curves: ResponseCurves) -> None:
    """A least of one ad set by its name, and a most of all ad sets of a campaign."""
    sale = next(arm for arm, name in zip(curves.arms, curves.names, strict=True) if name == "Sample Sale")
    plan = shop.plan(curves=curves, least={"Sample Sale": 220}, campaigns={"Sample Prospecting": (None, 1000)})
    assert plan.allocation[sale] >= 220_000_000
    two = Group("two", ("Sample Sale", "Sample Shoes"), most=300)
    capped = shop.plan(curves=curves, groups=(two,))
    both = [arm.planned_micros for arm in capped.arms if arm.name in ("Sample Sale", "Sample Shoes")]
    assert sum(both) <= 300_000_000
    with pytest.raises(PlanError, match="No arm is of the campaign"):
        shop.plan(curves=curves, campaigns={"Nothing": (1, None)})


def test_a_name_that_nobody_bears_is_refused_with_the_nearest_one(shop: Client, curves: ResponseCurves) -> None:
    """By name, not by ids; without curves at hand, before any is learnt."""
    with pytest.raises(PlanError, match=r"no campaign and no ad set 'Sample Sal'\. Did you mean 'Sample Sale'"):
        shop.plan(least={"Sample Sal": 5})
    with pytest.raises(PlanError, match=r"no curve of an arm 'Sample Sal'\. Did you mean 'Sample Sale'"):
        shop.plan(curves=curves, held=("Sample Sal",))


def test_an_arm_that_may_stop_is_paused(shop: Client, curves: ResponseCurves) -> None:
    """A plan of nothing for it is the status, not a budget of 0, which platforms refuse."""
    worst = min(zip(curves.arms, curves.value(curves.spend_now).mean(axis=0) / curves.spend_now, strict=True),
                key=lambda pair: pair[1])[0]  # fmt: skip
    plan = shop.plan(curves=curves, stopped=(worst,))
    (change,) = [each for each in plan.changes if each.object_id == worst]
    assert (change.field, change.after) == ("status", "PAUSED")


def test_curves_and_plans_tell_one_figure_of_the_next_unit(shop: Client) -> None:
    """Of the same arm at the same spend, and of what it brings."""
    response = shop.curves(days=60)
    plan = shop.plan(curves=response.curves)
    for figure, planned in (("marginal", "marginal_now"), ("value_now", "value_now")):
        told = {arm.id: getattr(arm, figure) for arm in response.arms}
        assert {arm.id: getattr(arm, planned) for arm in plan.arms} == pytest.approx(told)


@pytest.mark.parametrize("share", [0.5, 0.8, 1.2])
def test_a_total_that_differs_by_a_half_or_a_fifth_is_planned(
    shop: Client, curves: ResponseCurves, share: float
) -> None:
    """Of arms that the past does not tell each stays near its part, or what it has spent and a quarter."""
    total = round(share * float(curves.spend_now.sum()), 2)
    plan = shop.plan(curves=curves, total_daily_budget=total)
    assert plan.total_micros == round(total * 1e6)
    unsure = [arm for arm in plan.arms if arm.identified == "no"]
    assert all(share * 0.9 - 0.03 <= 1 + arm.change <= share * 1.1 + 0.01 for arm in unsure)
    assert "unidentified_near_part" in dict(plan.notes)


@pytest.mark.parametrize("share", [0.0, 2.0, 5.0])
def test_a_total_beyond_what_the_past_has_shown_is_refused(shop: Client, curves: ResponseCurves, share: float) -> None:
    """With the flag that lets go; nothing at all, too."""
    with pytest.raises(PlanError, match="--step any"):
        shop.plan(curves=curves, total_daily_budget=round(share * float(curves.spend_now.sum()), 2))


def test_the_command_prints_the_plan_and_refuses_limits_that_clash(example_workspace: Path, tmp_path: Path) -> None:
    """A table, JSON, and a page; limits that cannot hold together are wrong input, named."""
    command = ["plan", "-w", str(example_workspace)]
    page = tmp_path / "plan.html"
    table, told, wrong = (
        aibuyer(*command, *more)
        for more in (
            ["--total", "2000", "--html", str(page), "--campaign", "Sample Prospecting=..900"],
            ["--json", "--days", "7"],
            ["--total", "100", "--least", "Sample Sale=80", "--least", "Sample Shoes=30", "--step", "any"],
        )
    )
    assert table.returncode == told.returncode == 0, table.stderr + told.stderr
    assert "Sample Broad 18 34" in table.stdout
    assert "<svg" in page.read_text(encoding="utf-8")
    assert len(json.loads(told.stdout)["days"]) == 7
    assert wrong.returncode == 2
    assert "cannot hold together" in wrong.stderr
