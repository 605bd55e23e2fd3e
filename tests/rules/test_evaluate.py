"""What conditions mean: three values, windows, formulas, ranks, targets and what is above, and a trace of all of it."""

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from aibuyer_kit.core.changes import Change
from aibuyer_kit.rules.actions import MoveAmount, Pause, SetAmount
from aibuyer_kit.rules.conditions import FieldLeaf
from aibuyer_kit.rules.effects import proposed
from aibuyer_kit.rules.engine.program import compile_rules
from aibuyer_kit.rules.evaluate import evaluate, verdicts
from aibuyer_kit.rules.scope import Scope
from aibuyer_kit.rules.sentences import sentence
from aibuyer_kit.rules.subjects import compared_text, is_in
from aibuyer_kit.rules.trace_lines import lines_of
from tests.rules.worlds import NOW, Figures, leaf, rule, subject, table

SUMS: Figures = {"spend": 90_000_000, "results": 3, "clicks": 0, "revenue": None, "impressions": 1_000}
THREE = {True: "results", False: "spend", None: "revenue"}


def verdict(when: dict[str, Any], sums: Figures = SUMS, **more: Any) -> bool | None:
    one = rule(when, **more)
    return evaluate(one, table([one], [(subject(), sums)], {"cpa": [20.0]}), 0).verdict


def of(value: bool | None) -> dict[str, Any]:
    """Return a condition that is true, false or unknown of the sample's sums."""
    return leaf(THREE[value], ">" if value is not False else "<", 1)


@pytest.mark.parametrize(
    ("expr", "op", "value", "expected"),
    [
        ("spend", ">", "89.99", True),
        ("spend", ">", "90", False),
        ("spend", ">=", "90", True),
        ("spend", "<", "90", False),
        ("spend", "<=", "90", True),
        ("spend", "=", "90", True),
        ("spend", "!=", "90", False),
        ("cpa", "=", "30", True),
        ("cpm", "=", "90", True),
        ("cpc", ">", "0", None),
        ("revenue", "=", "0", None),
        ("roas", "<", "9", None),
        ("link_clicks", "=", "0", None),
        ("revenue", "!=", "5", None),
    ],
)
def test_a_comparison_is_true_false_or_unknown(expr: str, op: str, value: str, expected: bool | None) -> None:
    """Money is in units; what is missing or divides by zero is unknown, whatever it is compared with."""
    assert verdict(leaf(expr, op, value)) is expected


@pytest.mark.parametrize(("left", "right"), [*itertools.product([True, False, None], repeat=2)])
def test_groups_follow_kleenes_tables(left: bool | None, right: bool | None) -> None:
    """Unknown spreads only where the other side does not settle it."""
    both = {"all": [of(left), of(right)]}
    either = {"any": [of(left), of(right)]}
    assert verdict(both) is (False if False in (left, right) else None if None in (left, right) else True)
    assert verdict(either) is (True if True in (left, right) else None if None in (left, right) else False)
    assert verdict({"not": of(left)}) is (None if left is None else not left)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_unknown(bad: float) -> None:
    """Even where somebody handed it in as a sum."""
    assert verdict(leaf("results", ">", 0), {"results": bad}) is None


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"days": 1, "ends": "today"}, "2026-06-10"),
        ({"days": 7, "ends": "yesterday"}, "2026-06-03 to 2026-06-09"),
        ({"days": 3, "ends": 5}, "2026-06-03 to 2026-06-05"),
        ({"hours": 3, "ends": "now"}, "2026-06-10 12:00 to 2026-06-10 14:59"),
        ({"hours": 3, "ends": "last_hour"}, "2026-06-10 11:00 to 2026-06-10 13:59"),
        ({"calendar": "this_month", "ends": "yesterday"}, "2026-06-01 to 2026-06-09"),
        ({"calendar": "last_month"}, "2026-05-01 to 2026-05-31"),
        ({"calendar": "this_week", "ends": "today"}, "2026-06-08 to 2026-06-10"),
        ({"calendar": "last_week"}, "2026-06-01 to 2026-06-07"),
        ({"lifetime": True, "ends": "today"}, "2023-05-15 to 2026-06-10"),
    ],
)
def test_a_window_is_full_days_or_hours_that_end_when_it_says(window: dict[str, Any], expected: str) -> None:
    """Today is in it only where that is said; the tenth of June 2026 is a Wednesday."""
    one = rule({"expr": "spend", "window": window, "op": ">", "value": 1})
    (condition,) = one.leaves()
    assert str(condition.window.span(NOW)) == expected  # type: ignore[union-attr]


def test_a_week_that_begins_today_has_no_day_to_yesterday() -> None:
    """So nothing is known of it."""
    monday = NOW.replace(day=8)
    one = rule({"expr": "spend", "window": {"calendar": "this_week", "ends": "yesterday"}, "op": ">", "value": 1})
    (condition,) = one.leaves()
    assert condition.window.span(monday) is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (leaf("spend > 2 * daily_budget", "", 0) | {}, None),
        (leaf("spend / results", "=", 30), True),
        (leaf("spend - 3 * results * 10", "=", 0), True),
        (leaf("max(results, 5)", "=", 5), True),
        (leaf("abs(results - 5)", "=", 2), True),
        (leaf("spend / clicks", ">", 0), None),
        (leaf("spend / (results - 3)", ">", 0), None),
        (leaf("cpa", "in range", [Decimal(30), Decimal(40)]), True),
        (leaf("cpa", "not in range", [Decimal(31), Decimal(40)]), True),
        (leaf("results", "in", [Decimal(1), Decimal(3)]), True),
        (leaf("results", "not in", [Decimal(1), Decimal(3)]), False),
        (leaf("revenue", "not in", [Decimal(1)]), None),
        (leaf("cpa", ">", {"target": "cpa"}), True),
        (leaf("cpa", ">", {"target": "cpa", "times": Decimal("1.5")}), False),
        (leaf("cpa", ">", {"target": "roas"}), None),
        (leaf("cpa", ">", {"expr": "spend / 10"}), True),
    ],
)
def test_formulas_lists_and_targets(when: dict[str, Any], expected: bool | None) -> None:
    """Spend is 90, results are 3, the target of the cost per result is 20."""
    if not when["op"]:
        when = {"expr": when["expr"], "window": when["window"]}
        assert verdict(when) is False  # 90 is not above twice the budget of 50
        return
    assert verdict(when) is expected


def test_windows_and_levels_are_compared_with_each_other() -> None:
    """Three days with a week, and an ad set with its campaign."""
    week = {"expr": "cpa", "window": {"days": 7, "ends": "yesterday"}}
    figures: Figures = {
        "spend": 90e6,
        "results": 3,
        "spend over 7 days to yesterday": 100e6,
        "results over 7 days to yesterday": 5,
        "spend of the parent over 3 days to yesterday": 200e6,
        "results of the parent over 3 days to yesterday": 4,
    }
    assert verdict(leaf("cpa", ">", week), figures) is True
    assert verdict(leaf("cpa", ">", {**week, "expr": "1.5 * cpa"}), figures) is False
    assert verdict(leaf("cpa", "<", {"expr": "cpa", "of": "parent"}), figures) is True
    assert verdict(leaf("cpa", "=", 50, of="parent"), figures) is True
    assert verdict(leaf("cpa", "<", {"expr": "cpa", "of": "account"}), figures) is None


RETURNS = [4.0, 3.0, 3.0, 1.0, 0.0, None]


@pytest.mark.parametrize(
    ("ranked", "expected"),
    [
        ({"top": 1, "zeros": "in"}, [True, False, False, False, False, None]),
        ({"top": 2, "zeros": "in"}, [True, True, True, False, False, None]),
        ({"top": "40%", "zeros": "in"}, [True, True, True, False, False, None]),
        ({"bottom": 1, "zeros": "in"}, [False, False, False, False, True, None]),
        ({"bottom": 1, "zeros": "out"}, [False, False, False, True, False, None]),
        ({"bottom": "10%", "zeros": "out"}, [False, False, False, True, False, None]),
    ],
)
def test_ranks_share_places_and_leave_out_what_is_not_known(
    ranked: dict[str, Any], expected: list[bool | None]
) -> None:
    """Five of six returns are known; equal ones share a place."""
    one = rule(leaf("results", "in", {**ranked, "within": "account"}))
    rows = [(subject(number), {"results": value}) for number, value in enumerate(RETURNS)]
    assert verdicts(one, table([one], rows)) == expected
    other = rule(leaf("results", "not in", {**ranked, "within": "account"}))
    assert verdicts(other, table([other], rows)) == [None if each is None else not each for each in expected]


def test_ranks_are_counted_within_a_partition_and_a_scope() -> None:
    """Of two campaigns each has its best; what is paused takes part only where that is said."""
    rows = [
        (subject(1), {"results": 5.0}),
        (subject(2, campaign_id="2"), {"results": 1.0}),
        (subject(3, campaign_id="2", status="PAUSED"), {"results": 9.0}),
    ]
    mine = rule(leaf("results", "in", {"top": 1, "within": "campaign", "zeros": "in"}))
    everyone = rule(leaf("results", "in", {"top": 1, "within": "campaign", "among": "all", "zeros": "in"}))
    assert verdicts(mine, table([mine], rows)) == [True, True, False]
    assert verdicts(everyone, table([everyone], rows)) == [True, False, False]


def test_an_object_whose_campaign_is_not_known_has_no_rank_in_it() -> None:
    """It is neither first nor last: of what is not known nothing fires, by the compiled program neither."""
    one = rule(leaf("results", "in", {"bottom": 1, "within": "parent", "zeros": "in"}))
    rows = [
        (subject(1, campaign_id=None), {"results": 5.0}),
        (subject(2, campaign_id=None), {"results": 9.0}),
        (subject(3), {"results": 7.0}),
        (subject(4), {"results": 8.0}),
    ]
    looked = table([one], rows)
    assert verdicts(one, looked) == [None, None, True, False]
    assert compile_rules([one]).run(looked).of(0) == [None, None, True, False]


def test_the_trace_shows_every_condition_also_as_it_is_kept() -> None:
    """With value, threshold and verdict, from plain JSON."""
    name = {"field": "name", "op": "contains", "value": "shoes"}
    one = rule({"all": [leaf("cpa", ">", {"target": "cpa"}), {"not": leaf("roas", ">", 1)}, name]})
    trace = evaluate(one, table([one], [(subject(), SUMS)], {"cpa": [20.0]}), 0)
    assert list(lines_of(trace.content())) == [
        "unknown all of",
        "  yes     cpa > 1 x the target of cpa: 30 against 20 (3 days to yesterday: 2026-06-07 to 2026-06-09)",
        "  unknown not of",
        "    unknown roas > 1: unknown (3 days to yesterday: 2026-06-07 to 2026-06-09)",
        "  yes     name contains shoes: Spring shoes",
    ]


def move(action: str, **more: str) -> MoveAmount:
    numbers = {name: Decimal(value) for name, value in more.items()}
    return MoveAmount.model_validate({"action": action, **numbers})


@pytest.mark.parametrize(
    ("action", "minor", "expected"),
    [
        pytest.param(move("raise_budget", percent="15"), 100, 57_500_000, id="up-by-percent"),
        pytest.param(
            move("raise_budget", percent="0.333"), 100, 50_160_000, id="a-cent-is-rounded-toward-where-it-was"
        ),
        pytest.param(move("raise_budget", percent="0.333"), 1, None, id="rounded-to-a-unit-is-no-change"),
        pytest.param(move("raise_budget", percent="50", cap="60"), 100, 60_000_000, id="capped"),
        pytest.param(move("raise_budget", percent="50", cap="60.005"), 100, 60_000_000, id="cap-is-not-passed"),
        pytest.param(move("raise_budget", amount="5", cap="40"), 100, None, id="a-raise-never-lowers"),
        pytest.param(move("lower_budget", amount="20"), 100, 30_000_000, id="down-by-an-amount"),
        pytest.param(move("lower_budget", percent="90", floor="10"), 100, 10_000_000, id="floored"),
        pytest.param(move("lower_budget", amount="50"), 100, None, id="never-to-nothing"),
        pytest.param(move("lower_budget", percent="10", floor="55"), 100, None, id="a-cut-never-raises"),
        pytest.param(SetAmount(action="set_budget", amount=Decimal("12.345")), 100, 12_350_000, id="set"),
        pytest.param(SetAmount(action="set_budget", amount=Decimal(50)), 100, None, id="set-already"),
    ],
)
def test_budgets_move_exactly(action: MoveAmount | SetAmount, minor: int, expected: int | None) -> None:
    """In whole smallest units, within floor and cap, and only in the direction that was asked for."""
    found = proposed(action, subject(minor=minor))
    assert (found.after if isinstance(found, Change) else None) == expected


def test_what_cannot_be_changed_says_why() -> None:
    """An object without a budget of its own, or one that does not run."""
    assert "no daily budget" in str(proposed(move("raise_budget", percent="10"), subject(budget=None)))
    assert "nothing to pause" in str(proposed(Pause(action="pause"), subject(status="PAUSED")))


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("name", "contains", "shoes", True),
        ("name", "contains", "Shoes", False),
        ("campaign.name", "=", "Prospecting UA", True),
        ("campaign.name", "!=", "Prospecting UA", False),
        ("name", "not contains", "shoes", False),
    ],
)
def test_a_scope_names_objects_by_status_and_name(field: Any, op: Any, value: str, expected: bool) -> None:
    """All that it says must fit."""
    where = (FieldLeaf(field=field, op=op, value=value),)
    assert is_in(Scope(status=("ACTIVE",), where=where), subject()) is expected
    assert not is_in(Scope(status=("PAUSED",), where=where), subject())


@pytest.mark.parametrize(
    ("op", "said", "wanted", "expected"),
    [
        ("in", "b", ("a", "b"), True),
        ("not in", "b", ("a", "b"), False),
        ("any", ("a",), ("a", "b"), True),
        ("any", (), ("a", "b"), False),
        ("all", ("a",), ("a", "b"), False),
        ("all", ("a", "b", "c"), ("a", "b"), True),
        ("none", ("c",), ("a", "b"), True),
        ("none", ("a",), ("a", "b"), False),
        ("none", None, ("a", "b"), None),
        ("contains", ("a", "b"), "a", True),
        ("=", None, "a", None),
    ],
)
def test_texts_and_lists_are_compared(op: str, said: Any, wanted: Any, expected: bool | None) -> None:
    """With one text, a list of them, or a list with a list; what is not known stays unknown."""
    assert compared_text(op, said, wanted) is expected


def test_a_scope_includes_leaves_out_and_ends_with_a_day() -> None:
    """By ids of the object and of what is above it; nobody knows of an object without a day when it was made."""
    one, old = subject(), subject(created_on=date(2026, 1, 1))
    assert is_in(Scope(include=("1",)), one)
    assert not is_in(Scope(include=("2",)), one)
    assert not is_in(Scope(status=("ACTIVE",), exclude=("7",)), one)
    assert is_in(Scope(status=("ACTIVE",), created_before=date(2026, 2, 1)), old)
    assert not is_in(Scope(status=("ACTIVE",), created_before=date(2026, 2, 1)), one)


@pytest.mark.parametrize(
    ("when", "english", "ukrainian"),
    [
        (
            {"all": [leaf("cpa", ">", 25), {"expr": "daily_budget", "op": "<=", "value": 50}]},
            "It fires: CPA (2026-06-07 to 2026-06-09) is 30, above 25; daily_budget is 50, at most 50.",
            "Спрацьовує: CPA (2026-06-07 – 2026-06-09) – 30, більше ніж 25; daily_budget – 50, не більше ніж 50.",
        ),
        (
            {"any": [leaf("roas", ">", 1), leaf("cpa", ">", {"target": "cpa", "times": Decimal(2)})]},
            "It cannot be told: ROAS (2026-06-07 to 2026-06-09) is not known.",
            "Сказати не можна: ROAS (2026-06-07 – 2026-06-09) – невідомо.",
        ),
        (
            {"not": leaf("spend", ">", Decimal("80.5"))},
            "It does not fire: Spend (2026-06-07 to 2026-06-09) is 90, above 80.5.",
            "Не спрацьовує: Витрати (2026-06-07 – 2026-06-09) – 90, більше ніж 80,5.",
        ),
        (
            {"field": "name", "op": "contains", "value": "boots"},
            'It does not fire: name is "Spring shoes", but should be: which contains "boots".',
            "Не спрацьовує: name – «Spring shoes», а треба: містить «boots».",
        ),
    ],
)
def test_a_trace_is_told_in_a_sentence(when: dict[str, Any], english: str, ukrainian: str) -> None:
    """It names what settled the verdict, and leaves out what did not."""
    one = rule(when)
    content = evaluate(one, table([one], [(subject(), SUMS)], {"cpa": [20.0]}), 0).content()
    assert sentence(content, "en") == english
    assert sentence(content, "uk") == ukrainian
