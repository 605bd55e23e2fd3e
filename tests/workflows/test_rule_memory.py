"""Cooldowns and limits, whatever the clocks do: by hand, and drawn over days on which the clocks change."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.entities import Level
from aibuyer_kit.ledger.evaluation_records import PastChange
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.workflows.rule_memory import MOST_CALLS, RuleMemory
from tests.rules import worlds

KYIV = ZoneInfo("Europe/Kyiv")
MARCH = datetime(2026, 3, 27, tzinfo=UTC)  # two days before the clocks go forward
NOW = datetime(2026, 6, 10, 9, tzinfo=UTC)
UP = Change("meta", "act_1", Level.ADSET, "7", "daily_budget", 50_000_000, 55_000_000)


def rule(rule_id: str = "sample", **more: Any) -> Rule:
    return worlds.rule(worlds.leaf("spend", ">", 1), **more).model_copy(update={"id": rule_id})


def past(at: datetime, **more: Any) -> PastChange:
    known = {
        "rule_id": "sample",
        "evaluation_id": 1,
        "object_id": "7",
        "field": "daily_budget",
        "local_day": "2026-06-10",
    }
    values = {"before": "50000000", "after": "55000000"}
    return PastChange(**{**known, **values, "account_id": "act_1", "at": at, **more})


def memory(*known: PastChange, now: datetime = NOW, today: str = "2026-06-10", **calls: Any) -> RuleMemory:
    return RuleMemory(known, calls.get("calls", {}), now=now, today={"act_1": today})


def test_a_cooldown_ends_on_its_minute() -> None:
    """Six hours after the last touch, not a second before; other objects and other rules are free."""
    lately = past(NOW - timedelta(hours=6) + timedelta(seconds=1))
    assert (
        memory(lately).cooldown(rule(), UP) == "it changed it lately; the cooldown of 6h ends at 2026-06-10 09:00 UTC"
    )
    assert memory(past(NOW - timedelta(hours=6))).cooldown(rule(), UP) is None
    assert memory(lately).cooldown(rule("other"), UP) is None
    assert memory(past(lately.at, object_id="8")).cooldown(rule(), UP) is None


def test_another_rule_may_go_on_but_not_back() -> None:
    """Of the same field, within its own cooldown: amounts by their direction, others by the value from before."""
    lately, other = past(NOW - timedelta(hours=1)), rule("other", cooldown="2h")
    assert "sample moved it the other way" in (memory(lately).cooldown(other, UP.reversed()) or "")
    assert memory(lately).cooldown(rule("other", cooldown="1h"), UP.reversed()) is None
    paused = past(lately.at, field="status", before="ACTIVE", after="PAUSED")
    start = Change("meta", "act_1", Level.ADSET, "7", "status", "PAUSED", "ACTIVE")
    assert memory(paused).cooldown(other, start)
    assert memory(paused).cooldown(other, UP.reversed()) is None


@given(
    touched=st.integers(0, 220 * 86_400).map(lambda seconds: MARCH + timedelta(seconds=seconds)),
    minutes=st.integers(1, 60 * 24 * 3),
    passed=st.integers(-(10**5), 60 * 24 * 4),
    jump=st.integers(-(10**5), 10**5),
)
def test_no_jump_of_the_clock_and_no_clock_change_shortens_a_cooldown(
    touched: datetime, minutes: int, passed: int, jump: int
) -> None:
    """The platform's time and this machine's are both told; the earlier one counts, in whatever zone it is written."""
    platform = touched + timedelta(minutes=passed)
    machine = platform + timedelta(minutes=jump)
    now = min(machine, platform).astimezone(KYIV)
    held = memory(past(touched), now=now).cooldown(rule(cooldown=f"{minutes}m"), UP)
    assert (held is not None) == (passed + min(jump, 0) < minutes)
    if passed < minutes:
        assert held


def test_limits_count_what_was_done_today_and_in_this_run() -> None:
    """Each change once, whatever the number of rows; those of tomorrow too, for the clock was set back since."""
    one = rule(limits={"changes_per_day": 3, "runs_per_day": 2})
    before = [past(NOW, object_id=each, local_day=day) for each, day in (("7", "2026-06-10"), ("8", "2026-06-11"))]
    found = memory(*before, past(NOW, object_id="9", local_day="2026-06-09"))
    assert found.limit(one) is None
    found.take(one)
    assert found.limit(one) == "it has had its 3 changes of the day"
    runs = memory(past(NOW), past(NOW, evaluation_id=2))
    assert runs.limit(one) == "it has had its 2 runs of the day that changed anything"
    assert memory(past(NOW), past(NOW, evaluation_id=2), today="2026-06-11").limit(one) is None


def test_what_is_made_by_hand_takes_nothing_from_what_can_be_applied() -> None:
    """It has a count of its own, over the day and within the run."""
    one = rule(limits={"changes_per_day": 2, "runs_per_day": 1})
    found = memory(past(NOW, field="labels", before='["a"]', after='["b"]'))
    assert "runs of the day" in (found.limit(one, by_hand=True) or "")
    assert found.limit(one) is None
    fresh = memory()
    fresh.take(one, 2, by_hand=True)
    assert fresh.limit(one, by_hand=True) == "it has had its 2 changes of the day"
    assert fresh.limit(one) is None


def test_calls_of_one_run_have_an_end() -> None:
    """For each rule, and for all of them together."""
    found, few = memory(), rule(limits={"changes_per_day": 2})
    for _ in range(2):
        assert found.call_limit(few) is None
        found.take_call(few)
    assert found.call_limit(few) == "it has had its 2 calls of this run"
    many = rule("other", limits={"changes_per_day": 1_000})
    for _ in range(MOST_CALLS - 2):
        assert found.call_limit(many) is None
        found.take_call(many)
    assert found.call_limit(many) == f"this run has had its {MOST_CALLS} calls"


def test_an_endpoint_is_left_alone_as_long() -> None:
    """By rule and object."""
    calls = {("sample", "meta", "act_1", "7"): NOW - timedelta(hours=5)}
    found = memory(calls=calls)
    assert "it called lately" in (found.call_cooldown(rule(), ("meta", "act_1", "7")) or "")
    assert found.call_cooldown(rule(), ("meta", "act_1", "8")) is None
    assert found.call_cooldown(rule("other"), ("meta", "act_1", "7")) is None
