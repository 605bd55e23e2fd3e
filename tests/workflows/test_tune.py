"""Tuning over the sample account: on older days, reported on newer ones, going on where it ended."""

import re
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from aibuyer_kit.access.clients import ClientContext, open_client
from aibuyer_kit.cli import app
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError, RegistryError
from aibuyer_kit.forecasting.rate import RateTrainable
from aibuyer_kit.measurement.tuning import Costs
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.explain_model import explain_model
from aibuyer_kit.workflows.past_panels import PastPanels
from aibuyer_kit.workflows.rule_files import named_rule
from aibuyer_kit.workflows.tune import HORIZON_DAYS, TunedModel, _study, _worth, tune_rule
from aibuyer_kit.workflows.upkeep_log import TunedParameters, UpkeepLog

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
    found = tune_rule(shop, rule, Costs(), days=24, trials=6)
    assert found.tuned_days[1] + timedelta(days=HORIZON_DAYS) <= found.reported_days[0]
    assert found.tuned[1].cost <= found.tuned[0].cost
    assert found.trials == 6
    assert set(found.importance) <= {"when.all.0.value", "when.all.1.any.0.value"}
    assert found.known_now > 0
    assert "6 trials were made" in found.sentence() or not found.changes
    again = tune_rule(shop, rule, Costs(), days=24, trials=2)
    assert again.trials == 8
    assert again.tuned[1].cost <= found.tuned[1].cost


def test_the_command_shows_it_and_changes_no_rule(shop: ClientContext) -> None:
    folder = shop.folder.parent.parent
    before = (folder / "rules" / f"{RULE}.json").read_bytes()
    words = ["tune", RULE, "--days", "20", "--trials", "1", "-w", str(folder)]
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
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.learn import learn, tune_parameters

    name, settings = "next-week-rate", read_settings(shop.folder.parent.parent)
    tuned = tune_parameters(shop, name, trials=2, seed=1)
    assert tuned.tuned[1] <= tuned.tuned[0]
    log, reader = UpkeepLog(shop.models), Reader(shop.warehouse)
    kept = log.tuned(name)
    assert (kept and kept.values) == (tuned.after if tuned.is_better else None)
    assert tuned.until == PastPanels(shop, reader, Level.ADSET, 60).last_day
    reader.close()
    # Whatever was found before is what the next tuning has to beat, and its first trial.
    log.put_tuned(name, TunedParameters({**RateTrainable().parameters, "num_leaves": 7}, tuned.until))
    again = tune_parameters(shop, name, trials=1, seed=1)
    assert again.before["num_leaves"] == 7
    assert again.trials == 3
    log.put_tuned(name, None)
    learn(shop, settings, [name])
    whole = explain_model(shop, settings, name, "1")
    assert whole.parts
    assert "20 objects" in repr(whole)
    assert "<svg" in whole._repr_html_()
    one = explain_model(shop, settings, name, "1", "126428200100001000")
    assert one.baseline is not None
    assert one.whole is not None
    assert one.whole.amount == pytest.approx(one.baseline.amount + sum(each.amount for each in one.parts))


def tuned_to(before: float, after: float) -> TunedModel:
    return TunedModel("m", 1, {"a": 1}, {"a": 2}, (1.0, 0.5), (before, after), {}, date(2026, 6, 2), "uk")


def test_parameters_that_are_better_by_next_to_nothing_are_not_kept() -> None:
    """By more than one part in a hundred on the newer weeks; and what is told is in the reader's language."""
    assert not tuned_to(1.0, 0.995).is_better
    assert tuned_to(1.0, 0.98).is_better
    assert "новіші" in repr(tuned_to(1.0, 0.98))
    assert "newer" not in repr(tuned_to(1.0, 0.98))


def test_a_study_that_goes_on_draws_what_was_not_drawn(shop: ClientContext) -> None:
    """Each run begins the sampler anew: with the same seed it would try the same thresholds again."""
    for _ in range(2):
        study = _study(shop, "drawn twice", 7)
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    assert len({trial.params["x"] for trial in study.trials}) == 4


def test_a_damaged_file_of_studies_is_one_line(shop: ClientContext, tmp_path: Path) -> None:
    damaged = replace(shop, folder=tmp_path)
    damaged.models.mkdir(parents=True)
    (damaged.models / "tuning.sqlite3").write_bytes(b"garbage" * 500)
    with pytest.raises(RegistryError, match=r"tuning.sqlite3 cannot be used .* Remove it"):
        _study(damaged, "any", 7)


def test_what_a_result_is_worth_is_not_learnt_from_the_days_that_are_reported_on(shop: ClientContext) -> None:
    """Without targets it is what one cost on average, which later results do not change."""
    aimless = replace(shop, settings=shop.settings.model_copy(update={"targets": {}, "results": {}}))
    reader = Reader(shop.warehouse)
    panel = PastPanels(shop, reader, Level.ADSET, 60).all_days
    reader.close()
    cut = len(panel.days) - 20
    results = panel.measure("results").copy()
    results[cut:] *= 5
    later = replace(panel, measures={**panel.measures, "results": results})
    until = panel.days.since + timedelta(days=cut - 1)
    before, after = (_worth(aimless, each, until)[:cut] for each in (panel, later))
    assert np.nansum(before) == pytest.approx(0, abs=1e-3 * np.nansum(np.abs(before)))
    assert np.array_equal(before, after, equal_nan=True)
