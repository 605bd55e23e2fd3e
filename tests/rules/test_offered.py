"""What buyers have elsewhere, row by row: one rule for each, and what it does on figures that are written down here.

The rows are those that people compare such tools by: operators, logic, windows, comparisons, ranks, levels, actions,
schedules, cooldown and limits, the log of conditions, and the learning phase.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.entities import Level
from aibuyer_kit.rules.actions import ACTION_FORMS
from aibuyer_kit.rules.effects import Notice, OutgoingCall, effects
from aibuyer_kit.rules.engine.program import compile_rules
from aibuyer_kit.rules.evaluate import evaluate, verdicts
from aibuyer_kit.rules.schedule import Schedule
from tests.rules.worlds import NOW, Figures, leaf, rule, subject, table

SUMS: Figures = {"spend": 90e6, "impressions": 9_000, "clicks": 90, "results": 3, "revenue": 180e6, "link_clicks": 40}
KYIV = ZoneInfo("Europe/Kyiv")
TEXTS: Any = {
    "labels": ("summer", "test"),
    "learning_stage": "LEARNING",
    "effective_status": "ACTIVE",
    "creative.id": "11",
}
EXACTLY = {"all": [leaf("spend", "=", 90), leaf("cpa", "=", 30), leaf("roas", "=", 2), leaf("ctr", "=", 0.01)]}


def fires(when: dict[str, Any], figures: Figures = SUMS, **more: Any) -> bool | None:
    """Return what a rule says of one ad set, by the reference and by the compiled program alike."""
    one = rule(when, **more)
    looked = table([one], [(subject(texts=TEXTS), figures)], {"cpa": [20.0]})
    by_reference = verdicts(one, looked)
    assert compile_rules([one]).run(looked).of(0) == by_reference
    return by_reference[0]


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("greater", leaf("spend", ">", 89), leaf("spend", ">", 90)),
        ("less", leaf("spend", "<", 91), leaf("spend", "<", 90)),
        ("equal", leaf("results", "=", 3), leaf("results", "=", 4)),
        ("not equal", leaf("results", "!=", 4), leaf("results", "!=", 3)),
        ("in range", leaf("cpa", "in range", [30, 40]), leaf("cpa", "in range", [31, 40])),
        ("not in range", leaf("cpa", "not in range", [31, 40]), leaf("cpa", "not in range", [20, 30])),
        ("in", leaf("results", "in", [1, 3]), leaf("results", "in", [1, 2])),
        ("not in", leaf("results", "not in", [1, 2]), leaf("results", "not in", [3])),
        ("contain", ("name", "contains", "shoes"), ("name", "contains", "boots")),
        ("not contain", ("name", "not contains", "boots"), ("name", "not contains", "shoes")),
        ("any", ("labels", "any", ["test", "winter"]), ("labels", "any", ["winter"])),
        ("all", ("labels", "all", ["test", "summer"]), ("labels", "all", ["test", "winter"])),
        ("none", ("labels", "none", ["winter"]), ("labels", "none", ["test"])),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_operators(name: str, yes: Any, no: Any) -> None:
    """All thirteen of Meta's."""
    as_rules = [
        dict(zip(("field", "op", "value"), each, strict=True)) if isinstance(each, tuple) else each
        for each in (yes, no)
    ]
    assert [fires(each) for each in as_rules] == [True, False], name


def test_logic() -> None:
    """Any tree, also with not."""
    inner = {"any": [leaf("spend", ">", 100), {"all": [leaf("results", ">=", 3), {"not": leaf("cpa", ">", 30)}]}]}
    assert fires({"all": [EXACTLY, inner]}) is True
    assert fires({"not": {"all": [EXACTLY, inner]}}) is False


def test_windows_of_each_condition() -> None:
    """One over 35 to 6 days ago beside one over today."""
    offset, today = leaf("spend", ">", 900, days=30, ends=6), leaf("spend", "<", 10, days=1, ends="today")
    one = rule({"all": [offset, today]})
    spans = [str(each.window.span(NOW)) for each in one.leaves()]  # type: ignore[union-attr]
    assert spans == ["2026-05-06 to 2026-06-04", "2026-06-10"]
    figures = {"spend over 30 days to 6 days ago": 901e6, "spend over 1 day to today": 9e6}
    assert fires({"all": [offset, today]}, figures) is True
    assert fires({"all": [offset, today]}, {**figures, "spend over 1 day to today": 11e6}) is False


@pytest.mark.parametrize(
    "value",
    [
        {"expr": "1.2 * cpa", "window": {"days": 7, "ends": "yesterday"}},
        {"expr": "spend / 4"},
        {"target": "cpa", "times": 1.4},
        {"expr": "cpa", "of": "parent"},
        {"expr": "daily_budget / 2"},
    ],
    ids=["window", "metric", "target", "parent", "budget"],
)
def test_windows_metrics_targets_and_parents_are_compared(value: dict[str, Any]) -> None:
    """30 a result with 1.2 times 20 in a week, 22.5, 1.4 times the target of 20, 25 of the campaign, half of 50."""
    figures = {
        **SUMS,
        "spend over 7 days to yesterday": 200e6,
        "results over 7 days to yesterday": 10,
        "spend of the parent over 3 days to yesterday": 250e6,
        "results of the parent over 3 days to yesterday": 10,
    }
    assert fires(leaf("cpa", ">", value), figures) is True
    assert fires(leaf("cpa", "<=", value), figures) is False


@pytest.mark.parametrize(
    ("rank", "expected"),
    [
        ({"top": 1, "within": "account"}, [True, False, False, False]),
        ({"top": "50%", "within": "account"}, [True, True, False, False]),
        ({"bottom": 1, "within": "parent"}, [False, True, False, True]),
        ({"top": 1, "within": "campaign"}, [True, False, True, False]),
    ],
    ids=str,
)
def test_ranking(rank: dict[str, Any], expected: list[bool]) -> None:
    """So many or a part, within the account or what is above."""
    one = rule(leaf("roas", "in", {**rank, "zeros": "in"}))
    rows = [
        (subject(number, campaign_id=str(number // 2)), {"spend": 1e6, "revenue": value * 1e6})
        for number, value in enumerate((9, 7, 5, 3))
    ]
    looked = table([one], rows)
    assert verdicts(one, looked) == expected
    assert compile_rules([one]).run(looked).of(0) == expected


def test_several_levels_in_one_rule() -> None:
    """An ad set is paused for what it, its campaign and its account did."""
    when = {"all": [leaf("cpa", ">", 20), leaf("spend", ">", 500, of="campaign"), leaf("roas", "<", 3, of="account")]}
    figures = {
        **SUMS,
        "spend of the campaign over 3 days to yesterday": 501e6,
        "revenue of the account over 3 days to yesterday": 2_900e6,
        "spend of the account over 3 days to yesterday": 1_000e6,
    }
    assert fires(when, figures) is True
    assert fires(when, {**figures, "spend of the campaign over 3 days to yesterday": 499e6}) is False


ACTIONS: dict[str, tuple[dict[str, Any], object]] = {
    "pause": ({}, ("status", "ACTIVE", "PAUSED")),
    "start": ({}, ("status", "PAUSED", "ACTIVE")),
    "set_budget": ({"amount": 70}, ("daily_budget", 50_000_000, 70_000_000)),
    "raise_budget": ({"percent": 50, "cap": 60}, ("daily_budget", 50_000_000, 60_000_000)),
    "lower_budget": ({"amount": 45, "floor": 10}, ("daily_budget", 50_000_000, 10_000_000)),
    "set_bid": ({"amount": 3}, ("bid", 2_000_000, 3_000_000)),
    "raise_bid": ({"percent": 10}, ("bid", 2_000_000, 2_200_000)),
    "lower_bid": ({"amount": 0.5}, ("bid", 2_000_000, 1_500_000)),
    "budget_toward": (
        {"metric": "cpa", "window": {"days": 3, "ends": "yesterday"}, "to": 27, "most_percent": 20},
        ("daily_budget", 50_000_000, 45_000_000),
    ),
    "bid_toward": (
        {"metric": "roas", "window": {"days": 3, "ends": "yesterday"}, "to": 1, "most_percent": 25},
        ("bid", 2_000_000, 2_500_000),
    ),
    "duplicate": ({"name": "{name} again"}, "copy"),
    "rename": ({"name": "{name} (tired)"}, ("name", "Spring shoes", "Spring shoes (tired)")),
    "tag": ({"add": ["tired"], "remove": ["test"]}, ("labels", '["summer","test"]', '["summer","tired"]')),
    "notify": ({"message": "Look at it."}, Notice),
    "call": ({"url": "https://hooks.example.com/spend"}, OutgoingCall),
    "swap_creative": ({"creative_id": "12"}, ("creative", "11", "12")),
    "rotate_creative": ({"creative_ids": ["10", "11", "13"]}, ("creative", "11", "13")),
    "rebalance": (
        {"within": "account", "by": "roas", "window": {"days": 3, "ends": "yesterday"}, "most_percent": 50},
        ("daily_budget", 50_000_000, 75_000_000),
    ),
}


@pytest.mark.parametrize("action", sorted(ACTION_FORMS))
def test_actions(action: str) -> None:
    """Each of them yields data: a change with the value from before, a notice, a call."""
    content, expected = ACTIONS[action]
    level = "ad" if "creative" in action else "adset"
    one = rule(EXACTLY, level=level, then=[{"action": action, **content}], scope={"status": ["ACTIVE", "PAUSED"]})
    status = "PAUSED" if action == "start" else "ACTIVE"
    told = {"status": status, "texts": TEXTS, "numbers": {"bid": 2_000_000}}
    known = [replace(subject(number, **told), level=Level(level)) for number in (1, 2)]
    # The other one returns a third as much.
    rows = [(known[0], SUMS), (known[1], {**SUMS, "revenue": 60e6})]
    (made,) = effects(one, table([one], rows), [0, 1])[0]
    if isinstance(expected, tuple):
        assert isinstance(made.what, Change)
        assert (made.what.field, made.what.before, made.what.after) == expected
    elif expected == "copy":
        assert isinstance(made.what, Change)
        assert "Spring shoes again" in str(made.what.after)
    else:
        assert isinstance(made.what, expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("schedule", "at", "expected"),
    [
        ({"every": "15m"}, ["09:00", "09:14", "09:15"], [1, 1, 2]),
        ({"every": "1h"}, ["09:00", "09:59", "10:00"], [1, 1, 2]),
        ({"grid": {"wed": ["09:00-10:00", "17:30"]}}, ["08:59", "09:00", "09:30", "10:00", "17:45"], [0, 1, 2, 0, 3]),
        ({"grid": {"thu": ["09:00-10:00"]}}, ["09:00", "09:30"], [0, 0]),
        ({"cron": "0 9 * * 1-5"}, ["08:59", "09:00", "09:29", "09:30", "23:00"], [0, 1, 1, 0, 0]),
        ({"cron": "0 9 * * 1"}, ["09:00"], [0]),
        ({"on": "event"}, ["09:00", "23:00"], [0, 0]),
    ],
)
def test_schedules(schedule: dict[str, Any], at: list[str], expected: list[int]) -> None:
    """Appointments of a Wednesday in the account's zone: which times share one, and which have none."""
    known: dict[str, int] = {}
    found = []
    for text in at:
        hour, minute = map(int, text.split(":"))
        slot = Schedule.model_validate(schedule).slot(datetime(2026, 6, 10, hour, minute, tzinfo=KYIV))
        found.append(0 if slot is None else known.setdefault(slot, len(known) + 1))
    assert found == expected


def test_a_clock_change_gives_no_daily_appointment_twice() -> None:
    """The hour that an autumn night repeats is two hours, the day is one; in spring no hour is made up for."""
    daily, hourly = Schedule(every="1d"), Schedule(every="1h")
    night = [datetime(2026, 10, 25, 3, 30, tzinfo=KYIV, fold=fold) for fold in (0, 1)]
    assert len({daily.slot(each) for each in night}) == 1
    assert len({hourly.slot(each) for each in night}) == 2
    cron = Schedule(cron="30 3 * * *")
    spring = [datetime(2026, 3, 29, 4, minute, tzinfo=KYIV) for minute in (0, 30, 59)]
    assert {cron.slot(each) for each in spring} == {"cron 2026-03-29 03:30"}
    assert [cron.slot(each) is None for each in (*night, datetime(2026, 10, 25, 4, 0, tzinfo=KYIV))] == [
        False,
        True,
        True,
    ]


def test_cooldown_and_limits_have_the_usual_defaults() -> None:
    """Six hours for an object, three runs and twenty changes a day."""
    one = rule(EXACTLY)
    assert (one.cooldown_minutes, one.limits.runs_per_day, one.limits.changes_per_day) == (360, 3, 20)


def test_the_log_is_a_truth_table() -> None:
    """Each condition with its window, value, threshold and verdict, also where a rule does not fire."""
    one = rule({"all": [leaf("cpa", ">", 25), leaf("roas", ">", {"target": "roas"}), {"not": leaf("clicks", "<", 9)}]})
    parts = evaluate(one, table([one], [(subject(), SUMS)]), 0).content()["parts"]
    assert [each["verdict"] for each in parts] == ["yes", "unknown", "yes"]
    assert (parts[0]["value"], parts[0]["threshold_value"], parts[0]["span"]) == (30, 25, "2026-06-07 to 2026-06-09")
    assert (parts[1]["value"], parts[1]["threshold_value"]) == (2, None)


def test_the_learning_phase_is_a_condition() -> None:
    """What is still learning is left alone."""
    learning = {"field": "learning_stage", "op": "=", "value": "LEARNING"}
    assert fires({"all": [EXACTLY, {"not": learning}]}) is False
    assert fires({"all": [EXACTLY, learning]}) is True
