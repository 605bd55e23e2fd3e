"""The money path as a person walks it: decide, look, approve, apply, take back, with its exit codes.

The commands run in this process, for a dozen interpreters would take longer than all that they do.
"""

import contextlib
import io
import json
import os
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest
from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.cli import main
from aibuyer_kit.sandbox.serve import RunningSandbox, start
from aibuyer_kit.settings.workspace_settings import MetaSection, SyncSection
from aibuyer_kit.workflows.connect import client_connectors
from aibuyer_kit.workflows.sync import sync_client
from aibuyer_kit.workflows.workspaces import init_workspace

WORLD = """
preset = "hill"
history_days = 6

[[campaign]]
name = "Sample spring"
objective = "OUTCOME_SALES"
  [[campaign.adset]]
  name = "Sample people"
  daily_budget = 120.0
  [[campaign.adset]]
  name = "Sample friends"
  daily_budget = 40.0
"""
THREE_DAYS = {"days": 3, "ends": "yesterday"}
RULES = {
    "pause-large": [{"action": "pause"}, {"expr": "spend", "window": THREE_DAYS, "op": ">", "value": 200}],
    "raise-small": [
        {"action": "raise_budget", "percent": 10},
        {"expr": "spend", "window": THREE_DAYS, "op": "<=", "value": 200},
    ],
}


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    returncode: object
    stdout: str
    stderr: str


@dataclass
class Desk:
    """A synced client of a practice platform, and `aibuyer` to be run for it."""

    platform: RunningSandbox
    context: ClientContext
    workspace: Path

    def run(self, *arguments: str, **environment: str) -> Done:
        """Run one command with nothing of ours in its environment but the token."""
        said, told = io.StringIO(), io.StringIO()
        clean = {key: value for key, value in os.environ.items() if not key.startswith("AIBUYER_")}
        ours = {"AIBUYER_WORKSPACE": str(self.workspace), self.context.token_variable: self.platform.access_token}
        code: object = 0
        with (
            mock.patch.dict(os.environ, clean | ours | environment, clear=True),
            mock.patch.object(sys, "argv", ["aibuyer", *arguments]),
            warnings.catch_warnings(),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(told),
        ):
            try:
                main()
            except SystemExit as end:
                code = end.code or 0
        return Done(code, said.getvalue(), told.getvalue())

    def settings(self) -> list[tuple[str, int]]:
        market = self.platform.market
        found = [market.setting(adset.id) for adset in market.account.adsets]
        return [(setting.status, setting.daily_budget_minor) for setting in found]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "world.toml").write_text(WORLD, encoding="utf-8")
    workspace = init_workspace(folder / "workspace")
    for path in (workspace / "rules").glob("*.json"):
        path.unlink()
    for rule_id, (action, when) in RULES.items():
        rule = {"id": rule_id, "name": rule_id, "level": "adset", "scope": {"status": ["ACTIVE"]}, "mode": "propose"}
        text = json.dumps(rule | {"when": when, "then": [action]})
        (workspace / "rules" / f"{rule_id}.json").write_text(text, encoding="utf-8")
    with start(folder / "world.toml", seed=7) as platform:
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        content = ClientFile(name="Sample", clock="platform", accounts=(account,))
        context = add_client(workspace, "shop", content)
        connectors = client_connectors(context, MetaSection(), access_token=SecretStr(platform.access_token))
        sync_client(context, connectors, SyncSection(backfill_days=5, breakdowns=[], hourly=False, reach=False))
        yield Desk(platform, context, workspace)


def test_from_rules_to_the_platform_and_back(desk: Desk) -> None:
    """One pause and one budget; each command tells the next one."""
    assert desk.settings() == [("ACTIVE", 12_000), ("ACTIVE", 4_000)]
    decided = desk.run("decide")
    assert (decided.returncode, "aibuyer approve 1" in decided.stderr) == (0, True), decided.stderr
    assert "status ACTIVE -> PAUSED (Sample people), by pause-large" in decided.stdout
    assert "daily budget 40 -> 44 (Sample friends), by raise-small" in decided.stdout
    assert desk.settings() == [("ACTIVE", 12_000), ("ACTIVE", 4_000)]

    nothing = desk.run("apply")
    assert (nothing.returncode, nothing.stdout) == (0, "shop: 0 of 0 approved changes done\n")
    assert desk.run("approve", "1", "--by", "ann").returncode == 0
    applied = desk.run("apply")
    assert (applied.returncode, "2 of 2 approved changes done" in applied.stdout) == (0, True), applied.stderr
    assert desk.settings() == [("PAUSED", 12_000), ("ACTIVE", 4_400)]

    assert desk.run("undo", "1", "--by", "ann").returncode == 0
    own = desk.run("approve", "2", "--by", "ann")
    assert (own.returncode, "may not approve it too" in own.stderr) == (2, True)
    assert desk.run("approve", "2", "--by", "bob").returncode == 0
    stopped = desk.run("apply", AIBUYER_STOP="1")
    assert (stopped.returncode, stopped.stdout.count("BLOCKED")) == (3, 2)
    assert desk.run("apply").returncode == 0
    assert desk.settings() == [("ACTIVE", 12_000), ("ACTIVE", 4_000)]

    shown = desk.run("proposals", "show", "1").stdout
    assert "yes     spend > 200:" in shown
    assert "done at" in shown
    rows = json.loads(desk.run("proposals", "list", "--json").stdout)
    assert [(row["proposal"], row["state"], row["after"]) for row in rows] == [
        (2, "done", 40_000_000),
        (2, "done", "ACTIVE"),
        (1, "done", "PAUSED"),
        (1, "done", 44_000_000),
    ]


def test_a_rejected_proposal_is_turned_down_for_good(desk: Desk) -> None:
    """It can no more be approved; what was told and called is told, and each rule's past can be looked at."""
    every = {"expr": "spend", "window": {"days": 5, "ends": "today"}, "op": ">", "value": 0}
    rule = {"id": "rename", "name": "Rename", "level": "adset", "scope": {"status": ["ACTIVE"]}, "when": every}
    does = [{"action": "rename", "name": "{name} *"}, {"action": "call", "url": "https://hooks.example.org/in"}]
    path = desk.workspace / "rules" / "rename.json"
    path.write_text(json.dumps(rule | {"then": does, "mode": "propose"}), encoding="utf-8")
    try:
        decided = desk.run("decide", "--scheduled")
        number = re.search(r"^proposal (\d+)", decided.stdout, re.MULTILINE)
        assert number, decided.stdout
        assert "CALL REFUSED https://hooks.example.org/in: hooks.example.org is not allowed" in decided.stdout
        early = desk.run("apply", number[1])
        assert (early.returncode, "is not approved" in early.stderr) == (2, True)
        assert desk.run("reject", number[1], "--by", "bob", "--reason", "not now").returncode == 0
        again = desk.run("approve", number[1], "--by", "ann")
        assert (again.returncode, "was rejected by bob" in again.stderr) == (2, True)
        assert "rejected by bob" in desk.run("proposals", "show", number[1]).stdout
        assert desk.run("apply", "--all").stdout == "shop: 0 of 0 approved changes done\n"
        both = desk.run("apply", number[1], "--all")
        assert (both.returncode, "either the number" in both.stderr) == (2, True)
        rows = {row["rule"]: row for row in json.loads(desk.run("rules", "stats", "--json").stdout)}
        assert (rows["rename"]["evaluations"], rows["rename"]["matches"], rows["rename"]["proposed"]) == (1, 2, 2)
    finally:
        path.unlink()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["approve", "99"], 1, "There is no proposal 99", id="unknown-proposal"),
        pytest.param(["reject", "99"], 1, "There is no proposal 99", id="unknown-rejection"),
        pytest.param(["undo", "99"], 1, "There is no proposal 99", id="unknown-undo"),
        pytest.param(["resume"], 2, "Nothing is stopped", id="nothing-stopped"),
    ],
)
def test_a_mistake_is_one_clear_line(desk: Desk, arguments: list[str], code: int, said: str) -> None:
    """With the exit code of its kind, and nothing on stdout."""
    done = desk.run(*arguments)
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (code, "", False)
    assert said in done.stderr
