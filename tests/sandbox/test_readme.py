"""The page about the practice platform: its tables are complete, and every test that it names is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import aibuyer_kit.sandbox
from aibuyer_kit.sandbox.control.fault_kinds import FAULT_KINDS
from aibuyer_kit.sandbox.graph.ad_rules import words
from aibuyer_kit.sandbox.graph.ad_rules.fields import METADATA
from aibuyer_kit.sandbox.market import world_file
from aibuyer_kit.sandbox.market.emergent.rules import Rules
from aibuyer_kit.sandbox.market.presets import MEANINGS, PRESETS

README = (Path(aibuyer_kit.sandbox.__file__).parent / "README.md").read_text(encoding="utf-8")
HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def test_every_row_of_the_table_of_calls_names_a_test_that_exists() -> None:
    """By file and function."""
    table = README.split("## What the SDK calls")[1].split("##")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    named = [re.findall(r"`([\w/]+\.py)::(test_\w+)`", row) for row in rows]

    assert len(rows) > 40
    assert all(named)
    for path, function in [pair for pairs in named for pair in pairs]:
        assert f"def {function}(" in (HERE / path).read_text(encoding="utf-8"), function


def test_every_kind_of_fault_is_on_the_page() -> None:
    """Under its own name."""
    listed = set(re.findall(r"`(\w+)`", README.split("## Faults")[1].split("##")[0]))

    assert set(FAULT_KINDS) <= listed


def test_every_word_of_ad_rules_is_on_the_page() -> None:
    """Fields, metrics, presets, windows, actions and their options; and no field or metric that there is not."""
    section = README.split("## Ad rules")[1].split("\n## ")[0]
    told = set(re.findall(r"[\w.]+", section))
    options = {option for one in words.EXECUTIONS.values() for option in one.options or ()}
    known = {*METADATA, *words.METRICS, *words.ALIASES, *words.AGGREGATED, *words.PRESETS, *words.WINDOWS}
    metrics = section.split("| Metric |")[1].split("\n\n")[0]
    named = {name for row in metrics.splitlines() for name in re.findall(r"`([\w.]+)`", row.split("|")[1])}

    assert {*known, *words.EXECUTIONS, *options, *words.OPTIONS_OF_ALL, *words.REBALANCES, *words.TRIGGERS} <= told
    assert {*words.OPERATORS, *words.SCHEDULES, *words.STATUSES, *words.UNITS} <= told
    assert named == {*words.METRICS, *words.ALIASES}


def test_the_tables_of_worlds_are_current() -> None:
    """Presets and the keys of people and auctions are what the package says today."""
    command = [sys.executable, str(ROOT / "scripts" / "world_keys.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert list(MEANINGS) == list(PRESETS)


@pytest.mark.parametrize(
    "keys",
    [
        world_file._WORLD_KEYS,
        world_file._LEARNING_KEYS,
        world_file._CAMPAIGN_KEYS,
        world_file._ADSET_KEYS,
        tuple(Rules.model_fields),
    ],
    ids=["world", "learning", "campaign", "adset", "rules"],
)
def test_every_key_of_a_world_file_is_on_the_page(keys: tuple[str, ...]) -> None:
    """As the first word of a row, or as the name of a table."""
    rows = [line.split(" | ")[0] for line in README.split("## A world")[1].split("\n## ")[0].splitlines()]
    told = {name for row in rows for name in re.findall(r"`\[*(?:campaign\.)?(\w+)\]*`", row)}

    assert set(keys) <= told


def test_the_example_of_a_world_file_is_understood(tmp_path: Path) -> None:
    """It is written as a file, and opened."""
    (text,) = re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL)
    path = tmp_path / "world.toml"
    path.write_text(text, encoding="utf-8")
    found = world_file.load_world(path, PRESETS)

    assert found.rules is not None
    assert (found.lift_tests, found.rules.auctions.cpm, len(found.rules.event)) == (1, 9.5, 1)


def test_the_example_about_truth_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each figure that it prints is one."""
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    printed: list[tuple[object, ...]] = []
    exec(code, {"print": lambda *values: printed.append(values)})  # noqa: S102 - the page's own code

    truth, best, difference, past, *tests = printed
    assert float(str(truth[0])) > float(str(truth[1])) > 0
    assert len(best) == 4
    assert len(difference) == len(past) == 1
    assert len(tests) == 2
