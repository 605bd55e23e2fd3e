"""Replays of rules: what was decided is found again, nothing is known before its time, changes are carried forward."""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client, open_client
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.sandbox.serve import RunningSandbox, start
from aibuyer_kit.settings.workspace_settings import GuardrailsSection, MetaSection, Settings, SyncSection
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.connect import client_connectors
from aibuyer_kit.workflows.decide import Decision, decide
from aibuyer_kit.workflows.replay import At, Mode, Replay, replay
from aibuyer_kit.workflows.replay_verified import Verified, verified
from aibuyer_kit.workflows.rule_files import read_rules
from aibuyer_kit.workflows.sync import sync_client

DAY = 86_400
# The practice platform's accounts have figures of the day; what is decided on is not older than that.
SETTINGS = Settings()
WORLD = """
preset = "hill"
history_days = 12

[[campaign]]
name = "Sample spring"
objective = "OUTCOME_SALES"
  [[campaign.adset]]
  name = "Sample people"
  daily_budget = 120.0
  [[campaign.adset]]
  name = "Sample friends"
  daily_budget = 60.0
  [[campaign.adset]]
  name = "Sample others"
  daily_budget = 20.0
"""


def leaf(expr: str, op: str, value: Any, days: int = 3, ends: Any = "yesterday", **more: Any) -> dict[str, Any]:
    return {"expr": expr, "window": {"days": days, "ends": ends}, "op": op, "value": value, **more}


RULES: dict[str, dict[str, Any]] = {
    "pause-costly": {
        "when": {"all": [leaf("spend", ">", 60), leaf("cpa", ">", 20, 7)]},
        "then": [{"action": "pause"}],
    },
    "raise-cheap": {
        "when": leaf("cpa", "<", {"expr": "cpa", "of": "parent"}, 7, matured=True),
        "then": [{"action": "raise_budget", "percent": 10}],
        "schedule": {"every": "1d"},
        "cooldown": "2d",
    },
    "tell-of-today": {
        "when": leaf("spend", ">", {"expr": "0.1 * daily_budget"}, 1, "today"),
        "then": [{"action": "notify"}],
        "mode": "notify",
    },
    "lower-last": {
        "when": leaf("roas", "in", {"bottom": 1, "within": "account", "zeros": "in"}, 5),
        "then": [{"action": "lower_budget", "percent": 5, "floor": 5}],
        "cooldown": "1d",
    },
}


RAISE_ON = {
    "when": {"expr": "daily_budget", "op": "<", "value": 1_000},
    "then": [{"action": "raise_budget", "percent": 15}],
    "schedule": {"every": "1d"},
    "cooldown": "15m",
}

ONLY_TOLD = {
    "tell": {
        "mode": "notify",
        "when": leaf("results", ">", 0, 7),
        "then": [{"action": "notify"}],
        "schedule": {"every": "1d"},
    },
}


def put_rules(context: ClientContext, chosen: dict[str, dict[str, Any]]) -> None:
    context.rules.mkdir(exist_ok=True)
    for rule_id, content in chosen.items():
        common = {"id": rule_id, "name": f"Sample {rule_id}", "level": "adset", "scope": {"status": ["ACTIVE"]}}
        document = {**common, "mode": "propose", **content}
        (context.rules / f"{rule_id}.json").write_text(json.dumps(document), encoding="utf-8")


class Shop:
    """A client of a practice platform, whose days go by."""

    def __init__(self, folder: Path, platform: RunningSandbox) -> None:
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        client = ClientFile(name="Sample", clock="platform", accounts=(account,), targets={"cpa": 20.0})
        self.platform = platform
        self.context = add_client(folder, "shop", client)
        self._connectors = client_connectors(self.context, MetaSection(), access_token=SecretStr(platform.access_token))

    def day(self, *, scheduled: bool = True) -> None:
        """Let a day go by, read what the platform tells, and decide on it."""
        self.sync_after(DAY)
        decide(self.context, SETTINGS, environment={}, scheduled=scheduled)

    def sync_after(self, seconds: int) -> None:
        self.platform.advance(seconds)
        sync = SyncSection(backfill_days=10, restated_days=8, breakdowns=[], hourly=False, reach=False)
        sync_client(self.context, self._connectors, sync)

    def tick(self, hours: int, **environment: str) -> Decision:
        """Let hours go by, read what the platform tells, and decide on what is due."""
        self.sync_after(hours * 3600)
        return decide(self.context, SETTINGS, environment=environment, scheduled=True)

    def verified(self, days: int, settings: Settings = SETTINGS) -> Verified:
        rules = read_rules(self.context.rules)
        return verified(self.context, replay(self.context, settings, rules, days=days, at="decisions"))

    def replay(self, days: int, mode: Mode = "observed", at: At = "figures", *rule_ids: str) -> Replay:
        rules: list[Rule] = [each for each in read_rules(self.context.rules) if not rule_ids or each.id in rule_ids]
        return replay(self.context, SETTINGS, rules, days=days, mode=mode, at=at)


@pytest.fixture
def shop(tmp_path: Path) -> Any:
    world = tmp_path / "world.toml"
    world.write_text(WORLD, encoding="utf-8")
    with start(str(world), seed=5) as platform:
        made = Shop(tmp_path, platform)
        put_rules(made.context, RULES)
        yield made


def test_what_was_decided_is_found_again_and_changes_are_carried_forward(shop: Shop) -> None:
    """Days of decisions on figures that were restated since: the same matches, traces and changes, to the last byte."""
    for number in range(5):
        shop.day(scheduled=number != 2)
    found = shop.replay(30, "observed", "decisions")
    assert verified(shop.context, found) == Verified(5, ())
    assert {row["rule"] for row in found.rows()} >= {"pause-costly", "lower-last", "tell-of-today"}
    again = [row for row in found.rows() if row["rule"] == "pause-costly"]
    assert len(again) > len({row["object_id"] for row in again})

    carried = shop.replay(30, "carried")
    paused = [row for row in carried.rows() if row["rule"] == "pause-costly" and row["held_by"] is None]
    assert {row["object_id"] for row in paused} == {row["object_id"] for row in again}
    assert len(paused) == len({row["object_id"] for row in paused})
    assert carried.carried >= len(paused)

    reader = Reader(shop.context.warehouse)
    try:
        told = {row["load_id"]: row["known_at_utc"] for row in reader.loads().rows()}
    finally:
        reader.close()
    for run in found.evaluations:
        assert told[run.load_id] <= run.evaluated_at.replace(tzinfo=None)

    put_rules(shop.context, {"raise-on": RAISE_ON})
    raised = [row for row in shop.replay(30, "carried", "figures", "raise-on").rows() if row["held_by"] is None]
    by_object = Counter(row["object_id"] for row in raised)
    assert set(by_object.values()) == {3}, "every other day: a fifth in 24 hours is the most"
    assert {"120 -> 138", "138 -> 158.70", "158.70 -> 182.50"} <= {
        row["would"].partition("budget ")[2] for row in raised
    }


def test_what_was_decided_in_normal_use_is_found_again(shop: Shop) -> None:
    """Ticks at which nothing was due, a stop, other results and limits since, a window that begins in the middle."""
    put_rules(shop.context, {"raise-on": {**RAISE_ON, "cooldown": "3d"}, **ONLY_TOLD})
    for rule_id in RULES:
        (shop.context.rules / f"{rule_id}.json").unlink()
    shop.sync_after(DAY)
    assert str(shop.verified(30)) == "nothing was decided in this time: nothing was compared"
    assert not shop.verified(30).is_same
    shop.day()
    idle = shop.tick(1)
    assert (idle.rules, idle.evaluation_id) == (0, None)
    stopped = shop.tick(24, AIBUYER_STOP="1")
    assert {each.by for each in stopped.held} >= {"kill switch"}
    shop.tick(24)
    with Ledger(shop.context.ledger) as ledger:
        assert len(ledger.loads_read()) == 3, "a tick without a rule reads nothing"
    path = shop.context.folder / "client.toml"
    path.write_text(path.read_text().replace('action_type = "purchase"', 'action_type = "link_click"'))
    shop.context = open_client(shop.context.folder.parents[1], "shop")
    assert shop.context.settings.result.action_type == "link_click"
    wide = Settings(guardrails=GuardrailsSection(most_increase_24h=0.01))
    for days, compared in ((30, 3), (1, 2)):
        assert shop.verified(days, wide) == Verified(compared, ())
    (shop.context.rules / "raise-on.json").unlink()
    assert "evaluation 3 of" in str(shop.verified(1))
    put_rules(shop.context, {"tell": {**ONLY_TOLD["tell"], "when": leaf("spend", ">", 1)}})
    assert any("findings differ" in each for each in shop.verified(30).differences)
    figures = replay(shop.context, SETTINGS, read_rules(shop.context.rules), days=30)
    assert all(
        "is of no decision" in each or "was not replayed" in each
        for each in verified(shop.context, figures).differences
    )


def test_what_rules_said_before_is_found_again(shop: Shop) -> None:
    """A daily rule keeps its say over the hours at which only another one was due: then, and in the replay."""
    for rule_id in RULES:
        (shop.context.rules / f"{rule_id}.json").unlink()
    often = {**RAISE_ON, "schedule": {"every": "15m"}}
    lower = {**RAISE_ON, "then": [{"action": "lower_budget", "percent": 5}]}
    put_rules(shop.context, {"often": often, "daily": lower})
    shop.day()
    held = [shop.tick(1).held for _ in range(2)]
    assert all(len(each) == 3 and "daily (as of" in one.reason for each in held for one in each)
    assert shop.verified(30) == Verified(3, ())
    replayed = shop.replay(30).rows()
    assert all(row["held_by"] == "conflict" for row in replayed if row["would"].endswith("138"))
    (shop.context.rules / "daily.json").unlink()
    assert any("settings differ" in each for each in shop.verified(30).differences)


def test_a_replay_refuses_what_there_is_not(shop: Shop) -> None:
    """Days without number, and a mode without name."""
    for days, mode in ((0, "observed"), (5_000, "observed"), (7, "imagined")):
        with pytest.raises(InputError, match=r"A replay is of 1 to 1,123 days"):
            replay(shop.context, SETTINGS, [], days=days, mode=mode)  # type: ignore[arg-type]


@pytest.mark.prove
@pytest.mark.parametrize("seed", [7])
def test_sixty_days_of_decisions_are_found_again(tmp_path: Path, seed: int) -> None:
    """Live equals replay: sixty days of scheduled evaluation, with restatement and nothing applied; traces included."""
    world = tmp_path / "world.toml"
    world.write_text(WORLD.replace('"hill"', '"seasonal"').replace("= 12", "= 40"), encoding="utf-8")
    with start(str(world), seed=seed) as platform:
        shop = Shop(tmp_path, platform)
        put_rules(shop.context, RULES)
        for _ in range(60):
            shop.day()
        found = shop.replay(90, "observed", "decisions")
        assert verified(shop.context, found) == Verified(60, ())
        assert found.evaluations[-1].evaluated_at - found.evaluations[0].evaluated_at >= timedelta(days=58)
        assert sum(row["held_by"] is None for row in found.rows()) > 30
