"""What is proposed must hold of what figures that are still arriving are expected to come to."""

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aibuyer_kit.access.clients import ClientContext, open_client
from aibuyer_kit.core.clock import ManualClock
from aibuyer_kit.guardrails.picture import Stop
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.decide import decide, write_down
from aibuyer_kit.workflows.evaluation import Checks, Moment, evaluated
from aibuyer_kit.workflows.evidence import Evidence
from aibuyer_kit.workflows.example import CLIENT_ID
from aibuyer_kit.workflows.pictures import Pictures, limits_of
from aibuyer_kit.workflows.proposals import proposal_text
from aibuyer_kit.workflows.replay import replay
from aibuyer_kit.workflows.replay_verified import Verified, verified
from aibuyer_kit.workflows.rule_files import read_rules
from aibuyer_kit.workflows.rule_tools import Look, preview

WEEK = {"days": 7, "ends": "yesterday"}
SETTINGS = Settings()
ALL_SPEND = {"expr": "spend", "window": WEEK, "op": ">", "value": 300}


@pytest.fixture(scope="module")
def shop(example_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> ClientContext:
    """The sample account in a workspace of its own, with one rule that pauses what looks dear today."""
    folder = tmp_path_factory.mktemp("ripening") / "workspace"
    shutil.copytree(example_workspace, folder)
    for path in (folder / "rules").glob("*.json"):
        path.unlink()
    put(folder, "dear")
    return open_client(folder, CLIENT_ID)


def put(
    folder: Path, rule_id: str, *, mode: str = "propose", matured: bool | None = None, schedule: Any = None
) -> None:
    dear: dict[str, Any] = {"expr": "cpa", "window": WEEK, "op": ">", "value": 80}
    if matured is not None:
        dear["matured"] = matured
    rule = {
        "id": rule_id,
        "name": "Dear",
        "level": "adset",
        "scope": {"status": ["ACTIVE"]},
        "when": {"all": [ALL_SPEND, dear]},
        "then": [{"action": "pause"}],
        "mode": mode,
        **({"schedule": schedule} if schedule else {}),
    }
    (folder / "rules" / f"{rule_id}.json").write_text(json.dumps(rule), encoding="utf-8")


def lower(folder: Path, rule_id: str, percent: int, cpa: int) -> None:
    """Lower budgets by what matured figures say."""
    dear: dict[str, Any] = {"expr": "cpa", "window": WEEK, "op": ">", "value": cpa, "matured": True}
    rule = {
        "id": rule_id,
        "name": "Less",
        "level": "adset",
        "scope": {"status": ["ACTIVE"]},
        "when": {"all": [ALL_SPEND, dear]},
        "then": [{"action": "lower_budget", "percent": percent}],
        "mode": "propose",
    }
    (folder / "rules" / f"{rule_id}.json").write_text(json.dumps(rule), encoding="utf-8")


def looks(context: ClientContext) -> list[Look]:
    rules = read_rules(context.rules, context.settings.metrics)
    return [each for each in preview(context, SETTINGS, rules, rules) if each.verdict == "fires"]


def cost(look: Look) -> dict[str, Any]:
    found: dict[str, Any] = look.trace.content()["parts"][1]
    return found


def test_what_would_no_longer_be_dear_is_not_paused(shop: ClientContext) -> None:
    """The decision holds it back and says by which figures; what stays dear is proposed, with what is expected."""
    found = looks(shop)
    passing = {each.subject.name for each in found if cost(each)["expected"] <= 80}
    staying = {each.subject.name for each in found if cost(each)["expected"] > 80}
    assert passing
    assert staying
    decision = decide(shop, SETTINGS, environment={})
    assert decision.proposal
    assert {each.draft.object_name for each in decision.proposal.changes} == staying
    assert {each.match.subject.name for each in decision.held} == passing
    assert {(each.why, each.by) for each in decision.held} == {("maturity", "maturity")}
    assert all("cpa > 80 is true of " in each.reason for each in decision.held)
    assert "still arriving, expected: " in proposal_text(shop, decision.proposal.proposal_id)


def test_a_preview_says_so_in_both_languages(shop: ClientContext) -> None:
    """Beside the figure stands what it is expected to come to, and that nothing is changed."""
    one = next(each for each in looks(shop) if cost(each)["expected"] <= 80)
    assert one.is_unripe
    row = one.preview_row("en")
    assert f"results are still arriving: {cost(one)['expected']:,.2f}".rstrip("0") in row["why"]
    assert "At what is expected it does not fire" in row["why"]
    assert "За очікуваних значень воно не спрацьовує" in one.why("uk")
    assert row["held_back"]


def test_a_rule_that_only_tells_tells_what_is_expected(shop: ClientContext, tmp_path: Path) -> None:
    """A notice of what will not last carries the remark."""
    folder = tmp_path / "workspace"
    shutil.copytree(shop.folder.parents[1], folder)
    put(folder, "dear", mode="notify")
    told = decide(open_client(folder, CLIENT_ID), SETTINGS, environment={}).notified
    assert any("at what is expected of them the rule does not fire" in each for each in told)
    assert not all("at what is expected" in each for each in told)


def test_a_rule_that_asks_for_matured_figures_finds_the_same_ones(shop: ClientContext, tmp_path: Path) -> None:
    """Held back by the one, not looked at by the other."""
    staying = {each.subject.name for each in looks(shop) if not each.is_unripe}
    folder = tmp_path / "workspace"
    shutil.copytree(shop.folder.parents[1], folder)
    put(folder, "dear", matured=True)
    assert {each.subject.name for each in looks(open_client(folder, CLIENT_ID))} == staying


def test_a_wish_that_will_not_last_has_no_say_in_disagreements(shop: ClientContext, tmp_path: Path) -> None:
    """A pause that is held back as unripe leaves the cut to the rule that is right on matured figures."""
    passing = {each.subject.name for each in looks(shop) if each.is_unripe}
    folder = tmp_path / "workspace"
    shutil.copytree(shop.folder.parents[1], folder)
    lower(folder, "less", 15, 50)
    decision = decide(open_client(folder, CLIENT_ID), SETTINGS, environment={})
    assert decision.proposal
    found = {each.draft.object_name: each.draft for each in decision.proposal.changes}
    cut = passing & found.keys()
    assert cut
    assert {(found[name].rule_id, found[name].change.field) for name in cut} == {("less", "daily_budget")}
    against = [each for each in decision.held if each.why == "conflict"]
    assert against
    assert not passing & {each.match.subject.name for each in against}


def test_a_word_that_will_not_last_holds_nothing_back_later(shop: ClientContext, tmp_path: Path) -> None:
    """Neither while the rule that said it is not due."""
    folder = tmp_path / "workspace"
    shutil.copytree(shop.folder.parents[1], folder, ignore=shutil.ignore_patterns("ledger"))
    context = open_client(folder, CLIENT_ID)
    put(folder, "dear", schedule={"every": "1d"})
    reader = Reader(context.warehouse)
    clock = ManualClock(reader.freshness().known_at + timedelta(minutes=1))
    reader.close()
    decision = decide(context, SETTINGS, environment={}, clock=clock, scheduled=True)
    passing = {each.match.subject.name for each in decision.held if each.why == "maturity"}
    assert passing
    lower(folder, "less", 15, 50)
    clock.advance(900)
    later = decide(context, SETTINGS, environment={}, clock=clock, scheduled=True)
    assert later.proposal
    assert {each.match.rule.id for each in later.held} <= {"less"}
    assert passing & {each.draft.object_name for each in later.proposal.changes}
    assert not passing & {each.match.subject.name for each in later.held if each.why == "conflict"}


def test_a_rule_that_means_figures_as_they_stand_is_held_by_nothing(shop: ClientContext, tmp_path: Path) -> None:
    """It is proposed, and what is expected is told beside it."""
    passing = {each.subject.name for each in looks(shop) if each.is_unripe}
    folder = tmp_path / "workspace"
    shutil.copytree(shop.folder.parents[1], folder, ignore=shutil.ignore_patterns("ledger"))
    put(folder, "dear", matured=False)
    context = open_client(folder, CLIENT_ID)
    decision = decide(context, SETTINGS, environment={})
    assert decision.proposal
    assert passing <= {each.draft.object_name for each in decision.proposal.changes}
    assert "still arriving, expected: " in proposal_text(context, decision.proposal.proposal_id)


def test_a_decision_of_before_is_replayed_as_it_was_then(shop: ClientContext, tmp_path: Path) -> None:
    """When figures still arriving held nothing back; and the comparison says so."""
    folder = tmp_path / "workspace"
    shutil.copytree(shop.folder.parents[1], folder, ignore=shutil.ignore_patterns("ledger"))
    context = open_client(folder, CLIENT_ID)
    rules = read_rules(context.rules, context.settings.metrics)
    reader = Reader(context.warehouse)
    fresh = reader.freshness()
    moment = Moment(fresh.known_at + timedelta(minutes=1), fresh.load_id, ripens=False)
    evidence = Evidence(context, reader, moment.at, moment.load_id)
    with Ledger(context.ledger) as ledger:
        pictures = Pictures(context, ledger, stop=Stop(False))
        checks = Checks(pictures, limits_of(SETTINGS.guardrails))
        run = evaluated(rules, evidence, ledger, checks, moment, in_force=rules)
        pictures.close()
        write_down(ledger, run, SETTINGS)
    reader.close()
    assert "ripens" not in run.record.settings
    assert not any(each.why == "maturity" for each in run.held)
    found = verified(context, replay(context, SETTINGS, rules, at="decisions"))
    assert found == Verified(1, (), 1)
    assert "1 of them as rules were read then" in str(found)
    decide(context, SETTINGS, environment={})
    assert verified(context, replay(context, SETTINGS, rules, at="decisions")) == Verified(2, (), 1)


@pytest.mark.parametrize(("ends", "is_young"), [("today", True), (40, False)])
def test_a_zero_on_young_days_is_told_to_be_still_arriving(
    shop: ClientContext, tmp_path: Path, ends: Any, is_young: bool
) -> None:
    """It is no final figure, though nothing times what is to come is nothing; on ripe days it is."""
    folder = tmp_path / "workspace"
    shutil.copytree(shop.folder.parents[1], folder, ignore=shutil.ignore_patterns("ledger"))
    put(folder, "dear")
    path = folder / "rules" / "dear.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["when"] = {"expr": "results", "window": {"days": 1, "ends": ends}, "op": "=", "value": 0}
    path.write_text(json.dumps(content), encoding="utf-8")
    found = [each for each in looks(open_client(folder, CLIENT_ID)) if not each.is_unripe]
    assert found
    assert any("may still be arriving" in each.why("en") for each in found) is is_young
