"""Response curves: `benchmarks/response.py` on worlds whose seeds nothing was chosen on, and a mix that is known."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aibuyer_kit.workflows.mix import mix_of_file

pytestmark = pytest.mark.prove
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def table() -> dict[str, dict[str, float]]:
    """What the benchmark prints, minutes later: 20 worlds of `hill` and 20 of people and auctions."""
    command = [sys.executable, "benchmarks/response.py", "--json"]
    told = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, check=True
    )
    found: dict[str, Any] = json.loads(told.stdout)["table"]
    return found


@pytest.mark.parametrize(("worlds", "most"), [("hill", 0.2), ("hill, reported", 0.2), ("foreign", 0.35)])
def test_the_marginal_return_is_found_where_spend_varied(
    table: dict[str, dict[str, float]], worlds: str, most: float
) -> None:
    """The median error by the truth; on `hill` reports are of what ads bring, so they do without tests as well."""
    assert table[worlds]["arms"] > 150
    assert table[worlds]["error"] <= most


@pytest.mark.parametrize("worlds", ["hill", "foreign"])
def test_intervals_hold_and_are_sharper_than_a_bootstrap(table: dict[str, dict[str, float]], worlds: str) -> None:
    """From 85 to 95% of the truths, in whole percents; a Winkler score at least a tenth better."""
    assert 0.85 <= round(table[worlds]["coverage"], 2) <= 0.95
    assert table[worlds]["winkler"] <= 0.9 * table[worlds]["naive winkler"]


@pytest.mark.parametrize("worlds", ["hill", "foreign"])
def test_arms_that_cannot_be_told_are_named(table: dict[str, dict[str, float]], worlds: str) -> None:
    """Nine in ten that stood are named, and nine in ten that are named stood."""
    assert table[worlds]["precision"] >= 0.9
    assert table[worlds]["recall"] >= 0.9


def test_the_known_mix_is_recovered() -> None:
    """PyMC-Marketing's example: adstock .4 and .2 over eight weeks, lambda 4 and 3, ceilings 3,000 and 2,000."""
    folder = os.environ.get("AIBUYER_DATA")
    assert folder, "AIBUYER_DATA names the folder of public data."
    mix = mix_of_file(Path(folder) / "pymc_marketing/mmm_example.csv")
    for place, (carry, steep, ceiling) in enumerate([(0.4, 4.0, 3000.0), (0.2, 3.0, 2000.0)]):
        weights = carry ** np.arange(8)
        felt = np.convolve(mix.table.spend[:, place], weights / weights.sum())[: len(mix.table.weeks)]
        brought = (ceiling * np.tanh(steep * felt / 2)).sum()
        for draws, truth in ((mix.carry, carry), (mix.contribution, brought)):
            low, high = np.quantile(draws[:, place], (0.05, 0.95))
            assert low <= truth <= high
