"""Training over the sample account: what is due, what replaces what, and what is told of it."""

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest

from aibuyer_kit.access.clients import ClientContext, open_client
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import NotFoundError, RegistryError
from aibuyer_kit.forecasting.rate import FEATURES, RateTrainable
from aibuyer_kit.registry.registry import Registry
from aibuyer_kit.rules.parse import parse_rule
from aibuyer_kit.rules.table import columns_of
from aibuyer_kit.settings.workspace_settings import Settings, read_settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.champions import Champions, open_registry
from aibuyer_kit.workflows.doctor import examine
from aibuyer_kit.workflows.evidence import Evidence
from aibuyer_kit.workflows.learn import beside_floor, compare, learn, promote
from aibuyer_kit.workflows.past_panels import PastPanels
from aibuyer_kit.workflows.rule_tools import explain
from aibuyer_kit.workflows.status import client_status
from aibuyer_kit.workflows.upkeep_log import TunedParameters, UpkeepLog

NAME = "next-week-rate"
FEW = 12


@pytest.fixture(scope="module")
def shop(example_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> ClientContext:
    """A copy of the sample account whose model was trained once, with few trees: they are what takes time."""
    folder = tmp_path_factory.mktemp("learn") / "workspace"
    shutil.copytree(example_workspace, folder)
    context = open_client(folder, "sample-shop")
    log = UpkeepLog(context.models)
    log.put_tuned(NAME, TunedParameters({"trees": FEW}, date(2026, 1, 1)))
    learn(context, read_settings(folder), [NAME])
    log.put_tuned(NAME, None)
    return context


@pytest.fixture
def settings(shop: ClientContext) -> Settings:
    return read_settings(shop.folder.parent.parent)


def test_a_first_model_is_learnt_from_what_is_known_and_then_none_is_due(
    shop: ClientContext, settings: Settings
) -> None:
    """Its record says from what: the window, the load, the fingerprint of the very panel."""
    record = open_registry(shop, settings).find(NAME, "1")
    reader = Reader(shop.warehouse)
    past = PastPanels(shop, reader, Level.ADSET, RateTrainable().history_days)
    assert (record.since, record.until) == (past.now.days.since, date(2026, 6, 2))
    assert record.fingerprint == past.now.fingerprint()
    assert record.load_id == past.now.load_id
    reader.close()
    assert record.metrics["loss"] > 0
    assert [each.state for each in learn(shop, settings, [NAME]).lessons] == ["not_due"]


def test_what_was_learnt_again_from_the_same_is_the_same_and_replaces_nothing(
    shop: ClientContext, settings: Settings
) -> None:
    """Byte for byte; and a model that is as good as the one in force is not better."""
    registry = open_registry(shop, settings)
    promote(shop, settings, NAME, "1", by="Olena")
    lesson = learn(shop, settings, [NAME], force=True).lessons[0]
    assert lesson.record is not None
    assert lesson.state == "kept"
    assert registry.files(lesson.record) == registry.files(registry.find(NAME, "1"))
    assert registry.find(NAME).version == 1
    assert registry.find(NAME, "challenger").version == lesson.record.version
    assert compare(shop, settings, NAME, "1", str(lesson.record.version)).reason == "no_better"


BAD = {"trees": 20, "learning_rate": 1.5, "lambda_l2": 0.0, "min_data_in_leaf": 2}


def test_parameters_that_were_tuned_make_a_new_model_due(shop: ClientContext, settings: Settings) -> None:
    """One that does not learn at all is seen as the worse one; then its parameters are forgotten."""
    promote(shop, settings, NAME, "1", by="Olena")
    log = UpkeepLog(shop.models)
    log.put_tuned(NAME, TunedParameters(BAD, date(2026, 1, 1)))
    lesson = learn(shop, settings, [NAME]).lessons[0]
    assert (lesson.state, lesson.why) == ("kept", "changed")
    assert lesson.contest is not None
    assert lesson.contest.reason == "worse"
    assert log.tuned(NAME) is None


def test_tuned_parameters_compete_on_weeks_alone_that_had_no_part_in_finding_them(
    shop: ClientContext, settings: Settings
) -> None:
    """Until there are six, they wait, and the model is learnt with those in force; then no older week counts."""
    promote(shop, settings, NAME, "1", by="Olena")
    log, last = UpkeepLog(shop.models), date(2026, 6, 2)
    log.put_tuned(NAME, TunedParameters(BAD, last - timedelta(days=41)))
    forced = learn(shop, settings, [NAME], force=True).lessons[0]
    assert forced.record is not None
    assert forced.contest is not None
    assert forced.record.parameters == {**RateTrainable().parameters, "trees": FEW}
    assert forced.contest.folds > 6
    waiting = learn(shop, settings, [NAME]).lessons[0]
    assert waiting.state == "not_due"
    assert f"compete from {last + timedelta(days=1)}" in waiting.note
    log.put_tuned(NAME, TunedParameters({**BAD, "trees": 21}, last - timedelta(days=42)))
    lesson = learn(shop, settings, [NAME]).lessons[0]
    assert lesson.contest is not None
    assert (lesson.why, lesson.contest.folds) == ("changed", 6)
    log.put_tuned(NAME, None)


def test_a_model_in_force_whose_file_is_damaged_is_replaced(shop: ClientContext, settings: Settings) -> None:
    """By one that beats the floor; the others are learnt all the same, and until then `status` tells of it."""
    registry = open_registry(shop, settings)
    first = promote(shop, settings, NAME, "1", by="Olena")
    path = shop.models / "artefacts" / first.run_id / "artifacts" / "trees.txt"
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    try:
        lesson = learn(shop, settings, [NAME]).lessons[0]
        assert lesson.record is not None
        assert lesson.why == "damaged"
        healed = lesson.record.metrics["loss"] < lesson.record.metrics["floor_loss"]
        assert lesson.state == ("promoted" if healed else "below_floor")
        assert registry.find(NAME).version == (lesson.record.version if healed else 1)
        assert ("cannot be used" in client_status(shop)["models"]) is not healed
    finally:
        path.write_bytes(whole)


def test_what_is_overdue_or_failing_is_told(shop: ClientContext, settings: Settings) -> None:
    """By `status` and `doctor`, without a look at the store of models."""
    log = UpkeepLog(shop.models)
    kept = log.of(NAME)
    learnt_until = date(2026, 4, 1)
    log.put(NAME, replace(kept, until=learnt_until, due_on=learnt_until + timedelta(days=28), findings=("cpm moved",)))
    assert client_status(shop)["models"] == f"{NAME}: overdue since 2026-04-29; cpm moved"
    found = {each.check: each for each in examine(shop.folder.parent.parent)}["sample-shop: models"]
    assert (found.state, "aibuyer learn" in found.detail) == ("warning", True)
    log.put(NAME, replace(kept, findings=()))
    assert client_status(shop)["models"] == "well"
    whole = log.path.read_bytes()
    log.path.write_bytes(whole[:-3])
    status = client_status(shop)
    log.path.write_bytes(whole)
    assert "is damaged. Remove it" in str(status["models"])


def test_folds_know_only_what_was_known(shop: ClientContext) -> None:
    """A day before the last sync is told as that morning knew it, with fewer results than today tells of it."""
    reader = Reader(shop.warehouse)
    past = PastPanels(shop, reader, Level.ADSET, 60)
    then, now = past.known_on(date(2026, 6, 1)), past.all_days
    assert then.load_id < now.load_id
    assert then.days.until == date(2026, 6, 1)
    known_then = np.nansum(then.measure("results")[-5:])
    known_now = np.nansum(now.until(date(2026, 6, 1)).measure("results")[-5:])
    assert known_then < known_now
    reader.close()


def test_only_one_process_trains_for_a_client(shop: ClientContext, settings: Settings) -> None:
    """Nor puts anybody a version in force meanwhile, which the training would not know of."""
    with filelock.FileLock(shop.models / "learn.lock"):
        with pytest.raises(RegistryError, match="Another process"):
            learn(shop, settings)
        with pytest.raises(RegistryError, match="Another process"):
            promote(shop, settings, NAME, "1", by="Olena")


def test_what_is_not_there_is_named(shop: ClientContext, settings: Settings) -> None:
    with pytest.raises(NotFoundError, match=f"Models: .*{NAME}"):
        learn(shop, settings, ["next-week"])
    with pytest.raises(NotFoundError, match="versions: "):
        promote(shop, settings, NAME, "99", by="Olena")
    with pytest.raises(NotFoundError, match="There is no model"):
        Registry("other", shop.models).find(NAME)


def test_the_commands_show_what_is_kept(shop: ClientContext) -> None:
    """`models list`, `show` and `promote`, as a person would ask."""
    from typer.testing import CliRunner

    from aibuyer_kit.cli import app

    def run(*words: str) -> Any:
        done = CliRunner().invoke(app, [*words, "-w", str(shop.folder.parent.parent)])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "sample buyer" in run("models", "promote", NAME, "1", "--by", "sample buyer")
    rows = json.loads(run("models", "list", "--json"))
    assert [row["version"] for row in rows if row["stages"] == "champion"] == [1]
    assert "fingerprint" in run("models", "show", NAME)
    assert json.loads(run("learn", NAME, "--json"))[0]["model"] == NAME
    assert "GMT+03:00" in run("models", "list")
    parts = json.loads(run("models", "explain", NAME, "--json"))["parts"]
    assert {each["key"] for each in parts} <= set(FEATURES)
    assert "both lose the same" in run("models", "compare", NAME, "1", "1")


def test_a_first_model_that_hardly_beats_its_floor_is_told_so() -> None:
    """In words, in the reader's language: the figures alone do not say whether it is worth anything."""
    assert "hardly better" in beside_floor({"loss": 0.97, "floor_loss": 1.0}, 11, "en")
    assert "hardly" not in beside_floor({"loss": 0.8, "floor_loss": 1.0}, 11, "en")
    assert "20" in beside_floor({"loss": 0.8, "floor_loss": 1.0}, 11, "uk")
    assert "or the same" in beside_floor({"loss": 1.0, "floor_loss": 1.0}, 11, "en")
    assert "after 3 at least" in beside_floor({"loss": 0.5, "floor_loss": 1.0}, 2, "en")


RULE = {
    "id": "by-model",
    "name": "Tell of what little is expected of",
    "level": "adset",
    "scope": {"status": ["ACTIVE"]},
    "when": {"expr": "score", "op": "<", "value": 0.8},
    "then": [{"action": "notify"}],
}


def test_rules_compare_what_the_model_in_force_says_and_tell_what_drove_it(shop: ClientContext) -> None:
    """Of each ad set it is the model's own estimate; of an ad, for which no model is in force, it is unknown."""
    rule = parse_rule(json.dumps(RULE).encode(), "by-model.json")
    reader = Reader(shop.warehouse)
    fresh = reader.freshness()
    evidence = Evidence(shop, reader, fresh.known_at, fresh.load_id)
    (table,) = evidence.tables(Level.ADSET, columns_of([rule]))
    record = Champions(shop).record_at(NAME, fresh.known_at)
    assert record is not None
    model = RateTrainable().load(open_registry(shop, read_settings(shop.folder.parent.parent)).files(record))
    panel = PastPanels(shop, reader, Level.ADSET, RateTrainable().history_days).now
    said = dict(zip((each.id for each in panel.objects), model.factors(panel).tolist(), strict=True))
    scores = table.numbers[columns_of([rule])[0]]
    assert [said[each.object_id] for each in table.subjects] == scores.tolist()
    look = explain(shop, [rule], table.subjects[0].object_id)[0]
    assert f"({NAME} {record.version})" in look.why("en")
    (ads,) = evidence.tables(Level.AD, columns_of([rule]))
    assert np.isnan(ads.numbers[columns_of([rule])[0]]).all()
    assert "no version of creative-results was in force" in " ".join(evidence.gaps)
    reader.close()


def test_a_replay_sees_no_model_of_later_days(shop: ClientContext) -> None:
    """A day before the first model was put in force nothing is said."""
    rule = parse_rule(json.dumps(RULE).encode(), "by-model.json")
    reader = Reader(shop.warehouse)
    fresh = reader.freshness()
    before = Evidence(shop, reader, fresh.known_at - timedelta(days=1), fresh.load_id)
    (table,) = before.tables(Level.ADSET, columns_of([rule]))
    assert np.isnan(table.numbers[columns_of([rule])[0]]).all()
    reader.close()
