"""Rules that are not due keep their say: a disagreement lasts until both rules were looked at again."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aibuyer_kit.access.clients import ClientContext, open_client
from aibuyer_kit.core.clock import ManualClock
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.settings.workspace_settings import ApplySection, GuardrailsSection, Settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.decide import Decision, decide
from aibuyer_kit.workflows.example import CLIENT_ID
from aibuyer_kit.workflows.proposals import reject
from aibuyer_kit.workflows.rule_files import read_rules
from aibuyer_kit.workflows.rule_tools import preview
from aibuyer_kit.workspace import open_workspace
from tests.workflows.test_decide import done, leaf, put_rule

SETTINGS = Settings(guardrails=GuardrailsSection(data_age_hours=168))
RAISE, LOWER, PAUSE = (
    {"action": "raise_budget", "percent": 10},
    {"action": "lower_budget", "percent": 10},
    {"action": "pause"},
)
DAILY, OFTEN, ON_EVENT = {"every": "1d"}, {"every": "15m"}, {"on": "event"}


@pytest.fixture
def context(example_workspace: Path, tmp_path: Path) -> ClientContext:
    """The sample account in a workspace of its own, without rules, of which nothing was ever decided."""
    folder = tmp_path / "workspace"
    shutil.copytree(example_workspace, folder, ignore=shutil.ignore_patterns("ledger"))
    for path in (folder / "rules").glob("*.json"):
        path.unlink()
    return open_client(folder, CLIENT_ID)


def rule(context: ClientContext, rule_id: str, then: Any, schedule: Any, **more: Any) -> None:
    put_rule(context, rule_id, leaf("spend", ">", more.pop("over", 0)), then, schedule=schedule, cooldown="15m", **more)


def run(context: ClientContext, minutes: int = 0, settings: Settings = SETTINGS, **more: Any) -> Decision:
    reader = Reader(context.warehouse)
    clock = ManualClock(reader.freshness().known_at + timedelta(minutes=1 + minutes))
    reader.close()
    return decide(context, settings, environment={}, clock=clock, **({"scheduled": True} | more))


def told(decision: Decision) -> tuple[int, int, set[str]]:
    """Return how many rules were looked at, how much is proposed, and the reasons of conflicts."""
    proposed = len(decision.proposal.changes) if decision.proposal else 0
    return decision.rules, proposed, {each.reason.split(" (")[0] for each in decision.held if each.why == "conflict"}


def test_a_disagreement_lasts_until_both_rules_were_looked_at_again(context: ClientContext) -> None:
    """Not only for the quarter of an hour in which both were due; and the reason says of when the word is."""
    rule(context, "down", LOWER, DAILY)
    rule(context, "up", RAISE, OFTEN)
    assert told(run(context)) == (2, 0, {"down, up want different budgets of it"})
    later = run(context, 15)
    assert told(later) == (1, 0, {"down"})
    assert {each.reason for each in later.held if each.why == "conflict"} == {
        f"down (as of {run_at(context)}), up want different budgets of it"
    }


def run_at(context: ClientContext) -> str:
    with Ledger(context.ledger) as ledger:
        return f"{ledger.evaluations.evaluation(1).evaluated_at:%Y-%m-%d %H:%M} UTC"


def test_a_pause_that_waits_for_a_person_keeps_budgets_as_they_are(context: ClientContext) -> None:
    """Until it is rejected: then a person has said who is right."""
    rule(context, "stop", PAUSE, DAILY)
    rule(context, "up", RAISE, OFTEN)
    first = run(context)
    assert first.proposal
    assert {each.change.after for each in first.proposal.changes} == {"PAUSED"}
    assert told(run(context, 15)) == (1, 0, {"stop"})
    assert told(run(context, 30))[1] == 0
    reject(context, first.proposal.proposal_id, rejected_by="ann")
    assert told(run(context, 45)) == (1, len(first.proposal.changes), set())


def test_a_word_ends_with_what_it_asked_for(context: ClientContext) -> None:
    """Done, it says nothing more: not even where somebody has taken it back since."""
    rule(context, "stop", PAUSE, DAILY)
    done(context, run(context))
    rule(context, "up", RAISE, OFTEN)
    assert told(run(context, 15))[1:] == (len(changes_of(context)), set())


def changes_of(context: ClientContext) -> tuple[Any, ...]:
    with Ledger(context.ledger) as ledger:
        return ledger.proposal(1).changes


def test_what_expired_before_anything_was_sent_ends_a_word_though_it_was_approved(context: ClientContext) -> None:
    """Nothing sends it any more; what was begun and has no end may have taken effect, and still counts."""
    rule(context, "stop", PAUSE, DAILY)
    first = run(context, settings=SETTINGS.model_copy(update={"apply": ApplySection(expires_hours=2)})).proposal
    rule(context, "up", RAISE, OFTEN)
    assert first
    with Ledger(context.ledger) as ledger:
        ledger.approve(first.proposal_id, approved_by="ann", now=first.made_at)
        ledger.begin(first.changes[0].change_id, now=first.made_at)
    on = int((first.expires_at - first.made_at) / timedelta(minutes=1))
    assert told(run(context, on - 15))[1] == 0
    assert told(run(context, on + 15))[1] == len(first.changes) - 1


@pytest.mark.parametrize("change", [{"over": 10**6}, {"mode": "notify"}, None], ids=str)
def test_a_word_ends_with_the_revision_that_gave_it(context: ClientContext, change: dict[str, Any] | None) -> None:
    """Another threshold, a rule that only tells by now, and one that is gone have not been heard yet."""
    rule(context, "up", RAISE, OFTEN)
    rule(context, "down", LOWER, DAILY)
    assert told(run(context))[1] == 0
    (context.rules / "down.json").unlink()
    if change:
        rule(context, "down", LOWER, ON_EVENT, **change)
    assert told(run(context, 15))[1] > 0


def test_rules_that_wait_for_events_have_a_say_among_those_on_a_schedule(context: ClientContext) -> None:
    """And the other way round."""
    rule(context, "down", LOWER, ON_EVENT)
    rule(context, "up", RAISE, OFTEN)
    assert told(run(context, scheduled=False, on_event=True))[1] > 0
    assert told(run(context, 15)) == (1, 0, {"down"})


def test_a_preview_tells_what_would_be_held_back_and_why(context: ClientContext) -> None:
    """By another rule in force, also where only one rule is asked for; of one that only tells: what if it proposed."""
    rule(context, "down", LOWER, DAILY)
    rule(context, "up", RAISE, OFTEN)
    rule(context, "told", LOWER | {"percent": 5}, DAILY, mode="notify")
    in_force = read_rules(context.rules)
    [up] = [each for each in in_force if each.id == "up"]
    held = {each.held_back for each in preview(context, SETTINGS, [up], in_force) if each.verdict == "fires"}
    assert held == {"rules: down, up want different budgets of it"}
    everything = preview(context, SETTINGS, in_force, in_force)
    assert {each.held_back for each in everything if each.rule.id == "told" and each.verdict == "fires"} == {
        "if it proposed: rules: down, told, up want different budgets of it"
    }
    (context.rules / "down.json").unlink()
    alone = preview(context, SETTINGS, [up], read_rules(context.rules))
    assert {each.held_back for each in alone if each.verdict == "fires"} == {""}
    assert not (context.ledger / "ledger.sqlite3").exists()
    frame = open_workspace(context.folder.parents[1]).client(context.id).rules.preview()
    assert set(frame.loc[frame["rule"] == "up", "held_back"]) == {""}
