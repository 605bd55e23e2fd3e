"""The page about the practice platform: its tables are complete, and every test that it names is there."""

import re
from pathlib import Path

import aibuyer_kit.sandbox
from aibuyer_kit.sandbox.control.fault_kinds import FAULT_KINDS

README = (Path(aibuyer_kit.sandbox.__file__).parent / "README.md").read_text(encoding="utf-8")
HERE = Path(__file__).parent


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
