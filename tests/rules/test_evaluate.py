"""What conditions mean: three values, windows in full days, ratios of sums, and a trace that shows all of it."""

import itertools
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.rules.actions import proposed
from aibuyer_kit.rules.evaluate import Sums, evaluate, value_of
from aibuyer_kit.rules.language import Filter, MoveBudget, Pause, Rule, Scope, SetBudget
from aibuyer_kit.rules.subjects import Subject, is_in
from aibuyer_kit.rules.trace import lines_of

TODAY = date(2026, 6, 10)
SUMS: Sums = {"spend": 90_000_000, "results": 3, "clicks": 0, "revenue": None, "impressions": 1_000}
THREE = {True: "results", False: "spend", None: "revenue"}


def leaf(expr: str, op: str, value: int | str, **window: Any) -> dict[str, Any]:
    shape = {"days": 3, "ends": "yesterday"} | window
    return {"expr": expr, "window": shape, "op": op, "value": Decimal(value)}


def rule(when: Mapping[str, Any]) -> Rule:
    return Rule.model_validate(
        {
            "id": "sample",
            "name": "Sample",
            "level": "adset",
            "scope": {"status": ["ACTIVE"]},
            "when": when,
            "then": [{"action": "pause"}],
        }
    )


def verdict(when: Mapping[str, Any], sums: Sums = SUMS) -> bool | None:
    return evaluate(rule(when).when, lambda _: sums, TODAY).verdict


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
    assert value_of("spend", {"spend": bad}) is None  # type: ignore[dict-item]
    assert verdict(leaf("results", ">", 0), {"results": bad}) is None  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"days": 1, "ends": "today"}, ("2026-06-10", "2026-06-10")),
        ({"days": 7, "ends": "yesterday"}, ("2026-06-03", "2026-06-09")),
        ({"days": 3, "ends": 5}, ("2026-06-03", "2026-06-05")),
    ],
)
def test_a_window_is_full_days_that_end_when_it_says(window: dict[str, Any], expected: tuple[str, str]) -> None:
    """Today is in it only where that is said."""
    asked: list[DateRange] = []

    def sums_of(days: DateRange) -> Sums:
        asked.append(days)
        return SUMS

    evaluate(rule(leaf("spend", ">", 1, **window)).when, sums_of, TODAY)
    assert [(str(days.since), str(days.until)) for days in asked] == [expected]


def test_the_trace_shows_every_condition_also_as_it_is_kept() -> None:
    """With value, threshold and verdict; and from plain JSON it reads the same."""
    trace = evaluate(rule({"all": [leaf("cpa", ">", 25), {"not": leaf("roas", ">", 1)}]}).when, lambda _: SUMS, TODAY)
    lines = list(trace.lines())
    assert lines == [
        "unknown all of",
        "  yes     cpa > 25: 30 (2026-06-07 to 2026-06-09)",
        "  unknown not of",
        "    unknown roas > 1: unknown (2026-06-07 to 2026-06-09)",
    ]
    assert list(lines_of(trace.content())) == lines


def subject(budget: int | None = 50_000_000, *, minor: int = 100, status: str = "ACTIVE") -> Subject:
    return Subject("meta", "act_1", Level.ADSET, "7", "Spring shoes", "Prospecting UA", status, budget, minor)


def move(action: str, **more: str) -> MoveBudget:
    numbers = {name: Decimal(value) for name, value in more.items()}
    return MoveBudget.model_validate({"action": action, **numbers})


@pytest.mark.parametrize(
    ("action", "minor", "expected"),
    [
        pytest.param(move("raise_budget", percent="15"), 100, 57_500_000, id="up-by-percent"),
        pytest.param(move("raise_budget", percent="0.333"), 100, 50_170_000, id="rounded-half-up-to-a-cent"),
        pytest.param(move("raise_budget", percent="0.333"), 1, None, id="rounded-to-a-unit-is-no-change"),
        pytest.param(move("raise_budget", percent="50", cap="60"), 100, 60_000_000, id="capped"),
        pytest.param(move("raise_budget", percent="50", cap="60.005"), 100, 60_000_000, id="cap-is-not-passed"),
        pytest.param(move("raise_budget", amount="5", cap="40"), 100, None, id="a-raise-never-lowers"),
        pytest.param(move("lower_budget", amount="20"), 100, 30_000_000, id="down-by-an-amount"),
        pytest.param(move("lower_budget", percent="90", floor="10"), 100, 10_000_000, id="floored"),
        pytest.param(move("lower_budget", amount="50"), 100, None, id="never-to-nothing"),
        pytest.param(move("lower_budget", percent="10", floor="55"), 100, None, id="a-cut-never-raises"),
        pytest.param(SetBudget(action="set_budget", amount=Decimal("12.345")), 100, 12_350_000, id="set"),
        pytest.param(SetBudget(action="set_budget", amount=Decimal(50)), 100, None, id="set-already"),
    ],
)
def test_budgets_move_exactly(action: MoveBudget | SetBudget, minor: int, expected: int | None) -> None:
    """In whole smallest units, within floor and cap, and only in the direction that was asked for."""
    found = proposed(action, subject(minor=minor))
    assert (found.after if isinstance(found, Change) else None) == expected


def test_what_cannot_be_changed_says_why() -> None:
    """An object without a budget of its own, or one that does not run."""
    assert "no daily budget" in str(proposed(move("raise_budget", percent="10"), subject(None)))
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
    where = (Filter(field=field, op=op, value=value),)
    assert is_in(Scope(status=("ACTIVE",), where=where), subject()) is expected
    assert not is_in(Scope(status=("PAUSED",), where=where), subject())
