"""A target that a client does not have: named with the place to set it, wherever a rule that needs it is looked at."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aibuyer_kit.core.entities import Level
from aibuyer_kit.workflows.decide import decide
from aibuyer_kit.workflows.missing_targets import missing_targets, nowhere_set
from aibuyer_kit.workflows.rule_check import check
from aibuyer_kit.workflows.rule_files import read_rules
from aibuyer_kit.workflows.rule_tools import explain, preview
from tests.workflows.looked_at import NOW, World
from tests.workflows.test_decide import SETTINGS, put_rule

CLIENT = """
[targets]
roas = 2.0
poas = 1.5

[results.OUTCOME_LEADS]
action_type = "lead"
targets = { cpa = 9.0, roas = 1.0 }
"""
WEEK = {"days": 7, "ends": "yesterday"}
DEAR = {"expr": "cpa", "window": WEEK, "op": ">", "value": {"target": "cpa", "times": 2}}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """One campaign for leads, which have a target of cpa of their own, and one for sales, which have none."""
    made = World(tmp_path, CLIENT)
    for path in made.context.rules.glob("*.json"):
        path.unlink()
    made.account()
    aims = {"c-1": "OUTCOME_LEADS", "c-2": "OUTCOME_SALES"}
    made.objects(Level.CAMPAIGN, {each: {"objective": aim} for each, aim in aims.items()})
    made.objects(Level.ADSET, {"s-1": {"campaign_id": "c-1"}, "s-2": {"campaign_id": "c-2"}})
    made.days([{"day": "2026-06-09", "adset_id": "s-1"}], "2026-06-01", "2026-06-10")
    yield made
    made.reader.close()


def told(found: Any) -> list[tuple[str, str, str]]:
    return [(each.rule_id, each.metric, each.section) for each in found]


def test_each_tool_names_the_target_and_where_to_set_it(world: World) -> None:
    """Of objects in scope only: the leads have theirs; nothing fails, and nothing else of the tools changes."""
    context = world.context
    put_rule(context, "dear", DEAR, {"action": "pause"})
    put_rule(context, "poor", {**DEAR, "expr": "roas", "value": {"target": "roas"}}, {"action": "pause"})
    file = context.folder / "client.toml"
    place = f"set it under [targets] in {file}"
    rules = read_rules(context.rules)
    assert nowhere_set(context, rules) == ()
    assert [each.rule_id for each in decide(context, SETTINGS, environment={}).missing_targets] == ["dear"]
    summary = decide(context, SETTINGS, environment={}).summary()
    assert f"MISSING TARGET dear: The client has no target of cpa: {place}." in summary
    by_object = {(each.rule.id, each.subject.object_id): each for each in preview(context, SETTINGS, rules, rules)}
    assert place in by_object["dear", "s-2"].why("en")
    assert "Клієнт не має цілі для cpa" in by_object["dear", "s-2"].why("uk")
    assert not by_object["dear", "s-1"].missing
    assert not by_object["poor", "s-2"].missing
    assert place in explain(context, rules[:1], "s-2")[0].why("en")
    found = [each for each in check(context, rules, days=1) if each.kind == "missing_target"]
    assert [(each.rules, each.cure()) for each in found] == [(("dear",), f"Set cpa under [targets] in {file}.")]


def test_a_target_that_an_action_goes_toward_counts_too(world: World) -> None:
    """And a section with targets of its own does not have the client's."""
    toward = {"action": "budget_toward", "metric": "poas", "window": WEEK, "to": {"target": "poas"}, "most_percent": 10}
    put_rule(world.context, "toward", DEAR | {"expr": "spend", "value": 1}, toward)
    put_rule(
        world.context,
        "nowhere",
        {**DEAR, "value": {"target": "cpm"}},
        {"action": "pause"},
        scope={"status": ["PAUSED"]},
    )
    rules = read_rules(world.context.rules)
    tables = world.evidence(world.reader.freshness().load_id, at=NOW).tables(Level.ADSET, [])
    assert told(missing_targets(world.context, rules, tables)) == [("toward", "poas", "results.OUTCOME_LEADS.targets")]
    assert told(nowhere_set(world.context, rules)) == [("nowhere", "cpm", "targets")]
    assert json.loads((world.context.rules / "nowhere.json").read_text())["id"] == "nowhere"
