"""Tuning over the sample account: on older days, reported on newer ones, going on where it ended."""

import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aibuyer_kit.access.clients import ClientContext, open_client
from aibuyer_kit.cli import app
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.measurement.tuning import Costs
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.workflows.explain_model import explain_model
from aibuyer_kit.workflows.rule_files import named_rule
from aibuyer_kit.workflows.tune import HORIZON_DAYS, tune_rule

RULES = Path(__file__).parents[2] / "rules"
RULE = "pause-costly-adsets"


@pytest.fixture(scope="module")
def shop(example_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> ClientContext:
    folder = tmp_path_factory.mktemp("tune") / "workspace"
    shutil.copytree(example_workspace, folder)
    return open_client(folder, "sample-shop")


@pytest.fixture
def rule() -> Rule:
    return named_rule(RULES, str(RULES / f"{RULE}.json"))


def test_thresholds_are_tuned_on_older_days_and_reported_on_newer_ones(shop: ClientContext, rule: Rule) -> None:
    """No day of an outcome is shared; what is found costs no more on the older days; a second run goes on."""
    found = tune_rule(shop, rule, Costs(), days=30, trials=9)
    assert found.tuned_days[1] + timedelta(days=HORIZON_DAYS) <= found.reported_days[0]
    assert found.tuned[1].cost <= found.tuned[0].cost
    assert found.trials == 9
    assert set(found.importance) <= {"when.all.0.value", "when.all.1.any.0.value"}
    assert found.known_now > 0
    assert "only today's knowledge" in found.sentence() or not found.changes
    again = tune_rule(shop, rule, Costs(), days=30, trials=2)
    assert again.trials == 11
    assert again.tuned[1].cost <= found.tuned[1].cost


def test_the_command_shows_it_and_changes_no_rule(shop: ClientContext) -> None:
    folder = shop.folder.parent.parent
    before = (folder / "rules" / f"{RULE}.json").read_bytes()
    words = ["tune", RULE, "--days", "30", "--trials", "1", "-w", str(folder)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert re.search(r"newer: \d{4}-\d\d-\d\d to .* best found", done.stdout)
    assert (folder / "rules" / f"{RULE}.json").read_bytes() == before
    assert CliRunner().invoke(app, [*words, "--least-right", "2"]).exit_code != 0


def test_too_few_days_are_refused(shop: ClientContext, rule: Rule) -> None:
    with pytest.raises(InputError, match="too few"):
        tune_rule(shop, rule, Costs(), days=2, trials=1)


def test_parameters_of_a_model_are_tuned_and_its_estimates_explained(shop: ClientContext) -> None:
    """Better parameters are kept for the next `learn`; what one estimate is made of multiplies to it."""
    import numpy as np

    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.learn import learn, tune_parameters
    from aibuyer_kit.workflows.upkeep_log import UpkeepLog

    name, settings = "next-week-rate", read_settings(shop.folder.parent.parent)
    tuned = tune_parameters(shop, name, trials=2, seed=1)
    assert tuned.tuned[1] <= tuned.tuned[0]
    kept = UpkeepLog(shop.models).parameters_of(name)
    assert dict(kept) == (dict(tuned.after) if tuned.is_better else {})
    learn(shop, settings)
    whole = explain_model(shop, settings, name, "1")
    assert len(whole.contributions) == 11
    assert "20 objects" in repr(whole)
    assert "<svg" in whole._repr_html_()
    one = explain_model(shop, settings, name, "1", "126428200100001000")
    assert one.base is not None
    assert one.estimate == pytest.approx(np.exp(one.base + sum(one.contributions.values())))
