"""Rules over a synced account: what is proposed, with its trace; what is only told; what is held back, and why."""

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aibuyer_kit.access.clients import ClientContext, open_client
from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import RuleError
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Draft
from aibuyer_kit.settings.workspace_settings import GuardrailsSection, Settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.decide import Decision, decide
from aibuyer_kit.workflows.example import CLIENT_ID
from aibuyer_kit.workflows.period import resolve_period
from aibuyer_kit.workflows.proposals import approve, change_rows, proposal_text
from aibuyer_kit.workflows.totals import entity_totals
from aibuyer_kit.workspace import Client

SETTINGS = Settings()
LAST_WEEK = {"days": 7, "ends": "yesterday"}


@pytest.fixture
def context(example_workspace: Path, tmp_path: Path) -> ClientContext:
    """The sample account in a workspace of its own, without rules."""
    folder = tmp_path / "workspace"
    shutil.copytree(example_workspace, folder)
    for path in (folder / "rules").glob("*.json"):
        path.unlink()
    return open_client(folder, CLIENT_ID)


def put_rule(context: ClientContext, rule_id: str, when: Any, then: Any, **more: Any) -> None:
    document = {
        "id": rule_id,
        "name": f"Sample {rule_id}",
        "level": "adset",
        "scope": {"status": ["ACTIVE"]},
        "when": when,
        "then": [then],
        "mode": "propose",
    }
    (context.rules / f"{rule_id}.json").write_text(json.dumps(document | more), encoding="utf-8")


def leaf(expr: str, op: str, value: float, **window: Any) -> dict[str, Any]:
    return {"expr": expr, "window": LAST_WEEK | window, "op": op, "value": value}


def run(context: ClientContext, settings: Settings = SETTINGS) -> Decision:
    return decide(context, settings, environment={})


def targets(decision: Decision) -> dict[str, object]:
    assert decision.proposal
    return {each.draft.object_name: each.change.after for each in decision.proposal.changes}


def test_what_is_proposed_is_what_the_figures_say(context: ClientContext) -> None:
    """The same objects as by the totals that reports show, with rule, version, load and trace kept in the ledger."""
    put_rule(context, "costly", {"all": [leaf("spend", ">", 300), leaf("cpa", ">", 80)]}, {"action": "pause"})
    reader = Reader(context.warehouse)
    found = entity_totals(context, reader, Level.ADSET, resolve_period(context, reader, days=7))
    dear = {each.name for each in found if (each.values["spend"] or 0) > 300 and (each.values["cpa"] or 0) > 80}
    decision = run(context)
    assert dear
    assert targets(decision) == dict.fromkeys(dear, "PAUSED")
    plan = decision.proposal
    assert plan
    fresh = reader.freshness()
    reader.close()
    assert (plan.load_id, plan.data_known_at, plan.by_person) == (fresh.load_id, fresh.known_at, False)
    with Ledger(context.ledger) as ledger:
        kept = ledger.proposal(plan.proposal_id).changes[0].draft
    assert kept.rule_id == "costly"
    assert kept.trace
    assert [part["verdict"] for part in kept.trace["parts"]] == ["yes", "yes"]
    text = proposal_text(context, plan.proposal_id)
    assert f"{kept.object_name}" in text
    assert "yes     cpa > 80:" in text


def test_a_rule_that_notifies_proposes_nothing(context: ClientContext) -> None:
    """It is told, and nothing is written."""
    put_rule(context, "told", leaf("spend", ">", 300), {"action": "pause"}, mode="notify")
    decision = run(context)
    assert decision.proposal is None
    assert decision.notified
    assert "NOTICE told: adset" in decision.summary()
    assert change_rows(context) == []


def test_a_window_that_was_not_read_whole_is_unknown(context: ClientContext) -> None:
    """Nothing fires on a part of the days, nor on their absence; and it is said."""
    put_rule(context, "old", leaf("results", "<", 10**6, days=400), {"action": "pause"})
    put_rule(context, "none", {"not": leaf("spend", ">", 10**6, days=400)}, {"action": "pause"})
    decision = run(context)
    assert decision.proposal is None
    assert any("were not read whole" in each for each in decision.gaps)


def test_a_pause_goes_before_budgets_and_rules_that_disagree_are_held_back(context: ClientContext) -> None:
    """Whatever the files are called."""
    up, more = {"action": "raise_budget", "percent": 10}, {"action": "raise_budget", "percent": 15}
    put_rule(context, "a-up", leaf("spend", ">", 0), up)
    put_rule(context, "b-more", leaf("spend", "<", 300), more)
    put_rule(context, "c-pause", leaf("spend", ">", 1_000), {"action": "pause"})
    decision = run(context)
    found = targets(decision)
    assert {after for after in found.values() if isinstance(after, str)} == {"PAUSED"}
    assert len(found) + len({each.match.subject.object_id for each in decision.held}) >= decision.objects
    reasons = {each.reason for each in decision.held}
    assert reasons == {"c-pause pauses it", "a-up, b-more want different budgets of it"}


def test_what_is_proposed_already_is_not_proposed_again(context: ClientContext) -> None:
    """Until it has come to its end, or has expired."""
    put_rule(context, "costly", leaf("spend", ">", 1_000), {"action": "pause"})
    first, second = run(context), run(context)
    assert first.proposal
    assert second.proposal is None
    assert {each.reason for each in second.held} == {"it is proposed already, in 1"}


def test_guardrails_hold_back_with_their_reason(context: ClientContext) -> None:
    """Too large a step, the switch, and figures that are too old."""
    put_rule(context, "leap", leaf("spend", ">", 1_000), {"action": "raise_budget", "percent": 50})
    assert {each.by for each in run(context).held} == {"net change in 24 hours"}
    context.stop_file.touch()
    assert "kill switch" in {each.by for each in run(context).held}
    context.stop_file.unlink()
    wide = Settings(guardrails=GuardrailsSection(most_increase_24h=1.0, data_age_hours=1.0))
    made = run(context, wide)
    assert made.proposal
    with Ledger(context.ledger) as ledger:
        assert ledger.unfinished(made.proposal.made_at + timedelta(days=2)) == []


def test_a_bad_rule_file_stops_the_decision_and_names_itself(context: ClientContext) -> None:
    """A rule that is not understood could be the one that should have paused something."""
    put_rule(context, "fine", leaf("spend", ">", 1_000), {"action": "pause"})
    (context.rules / "bad.json").write_text('{"id": "bad"', encoding="utf-8")
    with pytest.raises(RuleError, match=r"^rules/bad\.json:1:13: "):
        run(context)
    (context.rules / "bad.json").write_text((context.rules / "fine.json").read_text(), encoding="utf-8")
    with pytest.raises(RuleError, match=r"rules/fine\.json: the id 'fine' is that of rules/bad\.json already"):
        run(context)


def test_a_hostile_name_draws_nothing_in_a_terminal(context: ClientContext) -> None:
    """Line breaks and escape codes of a name are shown as what they are not."""
    change = Change("meta", "act_1", Level.ADSET, "7", "status", "ACTIVE", "PAUSED")
    said = Draft(change, "a test", "x\n\x1b[2J\u202eADSET 8: done").sentence()
    assert said == "adset 7: status ACTIVE -> PAUSED (x��[2J�ADSET 8: done)"


def test_a_notebook_reads_proposals_as_frames(context: ClientContext) -> None:
    """All of them, those that are open, and one as text."""
    client = Client(context, SETTINGS)
    assert client.proposals.to_frame().empty
    put_rule(context, "costly", leaf("spend", ">", 1_000), {"action": "pause"})
    made = run(context).proposal
    assert made
    approve(context, SETTINGS, made.proposal_id, approved_by="ann")
    frame = client.proposals.to_frame()
    assert set(frame["state"]) == {"approved"}
    assert len(client.proposals.pending()) == len(frame) == len(made.changes)
    assert client.proposals.show(1).startswith("proposal 1: ")
    assert "approved" in repr(client.proposals)
    assert "approved" in client.proposals._repr_html_()
