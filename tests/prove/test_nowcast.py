"""Nowcasts: `benchmarks/nowcast.py` on worlds whose seeds nothing was chosen on."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.prove
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def table() -> dict[str, dict[str, float]]:
    """What the benchmark prints, minutes later."""
    command = [sys.executable, "benchmarks/nowcast.py", "--json"]
    told = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, check=True
    )
    found: dict[str, Any] = json.loads(told.stdout)["table"]
    return found


@pytest.mark.parametrize("world", ["seasonal", "shock"])
def test_seven_days_are_told_better_than_at_face_value(table: dict[str, dict[str, float]], world: str) -> None:
    """The error is at most half of that of taking them as they are, and at most a tenth beyond a chain ladder's."""
    for level in ("account", "campaign", "ad set"):
        assert table[f"{world}, {level}"]["error"] <= 0.5
    assert table[f"{world}, account"]["error"] <= 1.1 * table[f"{world}, account"]["ladder"]


@pytest.mark.parametrize(
    "name", ["seasonal, account", "shock, account", "all, account", "all, campaign", "all, ad set"]
)
def test_intervals_hold_as_often_as_they_say(table: dict[str, dict[str, float]], name: str) -> None:
    """Eight in ten, within four points."""
    assert 0.76 <= table[name]["coverage"] <= 0.84
