"""The calls that are left: shared by accounts, held back before the platform refuses, planned fairly."""

from datetime import UTC, datetime, timedelta

import pytest

from aibuyer_kit.connectors.budget import CallBudget, PlannedRead, Usage

NOW = datetime(2026, 6, 1, 6, 30, tzinfo=UTC)


def noted(percent: float, *, reset_seconds: float = 0.0, shared: bool = False) -> CallBudget:
    budget = CallBudget()
    budget.note("act_1", {"calls": Usage(percent, reset_seconds, shared)}, NOW)
    return budget


@pytest.mark.parametrize(
    ("percent", "starting_waits", "going_on_waits"),
    [(89.9, 0.0, 0.0), (90.0, 60.0, 0.0), (94.9, 60.0, 0.0), (95.0, 60.0, 60.0), (100.0, 60.0, 60.0)],
)
def test_new_reads_are_held_back_before_running_ones(
    percent: float, starting_waits: float, going_on_waits: float
) -> None:
    """At 90% nothing is started, at 95% everything pauses."""
    budget = noted(percent)
    assert budget.wait_seconds("act_1", NOW, starts=True) == starting_waits
    assert budget.wait_seconds("act_1", NOW, starts=False) == going_on_waits


def test_a_pause_lasts_until_the_stated_reset() -> None:
    """And is over then, so that one call can look again."""
    budget = noted(97, reset_seconds=240)
    assert budget.wait_seconds("act_1", NOW + timedelta(seconds=100), starts=False) == 140
    assert budget.wait_seconds("act_1", NOW + timedelta(seconds=240), starts=False) == 0


def test_an_answer_with_less_usage_ends_the_pause() -> None:
    """The latest word counts."""
    budget = noted(97)
    budget.note("act_1", {"calls": Usage(20)}, NOW)
    assert budget.wait_seconds("act_1", NOW, starts=True) == 0


def test_an_accounts_limit_holds_back_only_that_account() -> None:
    """The app's limit holds back all."""
    assert noted(97).wait_seconds("act_2", NOW, starts=True) == 0
    assert noted(97, shared=True).wait_seconds("act_2", NOW, starts=True) == 60


def names(reads: tuple[PlannedRead, ...]) -> list[str]:
    return [read.name for read in reads]


def test_what_calls_cost_is_learned_and_the_plan_keeps_to_what_is_left() -> None:
    """Ten calls moved the app from 50% to 70%, so ten more reach 90%."""
    budget = noted(50, shared=True)
    for call in range(1, 11):
        budget.note("act_1", {"calls": Usage(50 + 2 * call, shared=True)}, NOW)
    reads = [PlannedRead("act_1", "days", 6), PlannedRead("act_1", "hours", 9), PlannedRead("act_1", "objects", 4)]
    plan = budget.plan(reads, NOW)
    assert (names(plan.now), names(plan.later)) == (["days", "objects"], ["hours"])


def test_accounts_take_turns_within_a_turn() -> None:
    """A large account does not starve a small one; what is more urgent comes first all the same."""
    reads = [PlannedRead("act_1", f"a{number}", 1) for number in range(3)]
    reads += [PlannedRead("act_2", "b0", 1), PlannedRead("act_2", "urgent", 1, turn=0)]
    assert names(CallBudget().plan(reads, NOW).now) == ["urgent", "a0", "b0", "a1", "a2"]


def test_nothing_is_planned_while_a_limit_is_used_up() -> None:
    """It waits for a later plan."""
    plan = noted(92).plan([PlannedRead("act_1", "days", 1), PlannedRead("act_2", "other", 1)], NOW)
    assert (names(plan.now), names(plan.later)) == (["other"], ["days"])


@pytest.mark.parametrize(("percent", "fits"), [(40, True), (50, False)])
def test_a_read_that_never_fits_starts_while_half_of_the_limit_is_left(percent: int, fits: bool) -> None:
    """A call moves the limit by one percent, so that 90 are all there are: a read of 200 would wait for ever."""
    budget = noted(20)
    for used in range(21, percent + 1):
        budget.note("act_1", {"calls": Usage(used)}, NOW)
    plan = budget.plan([PlannedRead("act_1", "large", 200)], NOW)
    assert (names(plan.now), names(plan.later)) == (["large"], []) if fits else ([], ["large"])
