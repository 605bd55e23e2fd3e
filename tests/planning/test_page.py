"""What people read of a plan: both languages, hostile names, JSON."""

import json
from dataclasses import replace

import pytest

from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.entities import Level
from aibuyer_kit.planning.make import make_plan
from aibuyer_kit.planning.request import Group, PlanRequest
from tests.planning.questions import curves_of, random_curves

HOSTILE = '<img src=x onerror="alert(1)">\x1b[31m$\\frac$'


@pytest.fixture
def plan():
    curves = curves_of(
        [[900.0, 500.0, 300.0], [800.0, 520.0, 320.0]],
        [80.0, 60.0, 90.0],
        1.0,
        names=(HOSTILE, "Сорочки", "Hats"),
        identified=("yes", "no", "yes"),
        warnings={"a1": "never moved"},
        basis="reported",
    )
    return make_plan(curves, PlanRequest(groups=(Group(HOSTILE, ("a0", "a2"), most=190),), days=7, reset_loss=3))


@pytest.mark.parametrize(("locale", "words"), [("en", "Expected profit"), ("uk", "Очікуваний прибуток")])
def test_a_plan_reads_as_text_and_as_a_page(plan, locale, words):
    """Both hold what it brings, every arm, and what one must know."""
    assert words in plan.text(locale)
    assert words in plan.html(locale)
    for name in ("Сорочки", "Hats"):
        assert name in plan.text(locale)
        assert name in plan.html(locale)


def test_names_are_never_markup(plan):
    """Tags are escaped in pages, escapes of terminals in text."""
    assert "<img" not in plan._repr_html_()
    assert "&lt;img" in plan._repr_html_()
    assert "\x1b" not in repr(plan)


@pytest.mark.parametrize("locale", ["en", "uk"])
def test_every_limit_and_note_has_its_words(locale):
    """No kind of limit or note lacks a sentence."""
    curves = curves_of([900.0, 500.0, 300.0, 200.0], [80.0] * 4, 1.0, identified=("yes", "no", "yes", "yes"))
    asked = [
        PlanRequest(step=0.1, held=("a2",)),
        PlanRequest(step=None, unidentified="free", least={"a3": 90}, most={"a0": 110}, stopped=("a2",)),
        PlanRequest(groups=(Group("g", ("a0", "a1"), most=185),), reset_loss=100),
        PlanRequest(groups=(Group("g", ("a2", "a3"), least=210),), unidentified="held"),
        PlanRequest(risk=0.2, unidentified="free", spend_all=False),
        PlanRequest(step=None, reset_loss=0.001),
    ]
    for each in asked:
        assert make_plan(curves, each).text(locale)
    revenue = replace(curves, value_of="revenue")
    assert make_plan(revenue, PlanRequest(target_roas=2.0, step=None)).text(locale)
    results = replace(curves, value_of="results")
    assert make_plan(results, PlanRequest(target_cpa=0.7, step=None)).text(locale)


def test_a_plan_that_moves_nothing_says_so_instead_of_a_gain_of_nothing():
    """In both languages; no share of draws, no amount."""
    plan = make_plan(curves_of([900.0, 500.0], [80.0, 60.0], 1.0), PlanRequest(step=0.0))
    assert not plan.moving
    assert "That is today's split: nothing moves." in plan.text("en")
    assert "Це сьогоднішній розподіл: нічого не рухається." in plan.text("uk")
    assert "0%" not in plan.text("en").split("\n")[2]


def test_a_warning_that_many_arms_share_is_told_once():
    """With the first names and how many more there are."""
    warnings = {f"a{place}": "its spend never moved" for place in range(5)}
    curves = curves_of([900.0] * 6, [80.0] * 6, 1.0, identified=("no",) * 5 + ("yes",), warnings=warnings)
    told = [line for line in make_plan(curves, PlanRequest()).text("en").splitlines() if "never moved" in line]
    assert len(told) == 1
    assert "and 2 more arms: its spend never moved" in told[0]


def test_the_page_of_a_plan_fits_a_phone(plan, tmp_path, visit):
    """It asks for the width of the device, and its table becomes cards that name each figure."""
    page = tmp_path / "plan.html"
    page.write_text(plan.page("uk"), encoding="utf-8")
    seen = visit(page.as_uri(), width=420)
    assert not seen.is_wider_than_the_window()
    assert seen.page.locator("tbody td").first.get_attribute("data-label") == "Сьогодні"
    assert 'name="viewport"' in plan.page()


def test_json_holds_the_plan_and_its_changes(plan):
    """Programs get whole micros, limits with their worth, and changes as data."""
    change = Change("meta", "act_1", Level.ADSET, "a0", "daily_budget", 100_000_000, 120_000_000)
    told = json.loads(replace(plan, changes=(change,)).to_json())
    assert sum(arm["planned_micros"] for arm in told["arms"]) == told["total_micros"]
    assert told["changes"][0]["after"] == 120_000_000
    assert {"kind", "side", "of", "amount"} == set(told["binding"][0]["limit"])


def test_a_plan_is_a_frame():
    """One row per arm."""
    frame = make_plan(random_curves(0, 4)).to_frame()
    assert list(frame["id"]) == ["a0", "a1", "a2", "a3"]
    assert frame["planned"].sum() == pytest.approx(frame["now"].sum(), abs=0.02)


def test_a_move_is_explained_by_what_money_brings_there_and_elsewhere():
    """An arm that gets more brought more than the price of money; what its move is worth is never negative."""
    plan = make_plan(random_curves(8, 6), PlanRequest(step=None))
    for arm in plan.arms:
        assert (arm.planned_micros > arm.now_micros) == (arm.marginal_now > arm.price)
        assert arm.moved >= -1e-4
