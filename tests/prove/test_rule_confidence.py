"""Confidence and maturity earn their place in rules: `benchmarks/rule_confidence.py` on 60 worlds of its own seeds."""

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
def outcome() -> dict[str, Any]:
    """What the benchmark prints, minutes later."""
    command = [sys.executable, "benchmarks/rule_confidence.py", "--json"]
    told = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, check=True
    )
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def test_confidence_pauses_at_least_30_percent_fewer_good_ad_sets_at_equal_waste(outcome: dict[str, Any]) -> None:
    """Than `spend > m and cpa > target`, at its best minimum for each share of the money wasted on bad ones."""
    assert outcome["conditions"]["good"] > 100
    assert outcome["conditions"]["bad"] > 100
    assert outcome["ratios"]["fewer than minimum spend"] >= 0.3
    assert min(outcome["by_level"]["minimum spend"]) > 0


def test_confidence_is_no_worse_than_a_threshold_that_was_chosen_by_the_truth(outcome: dict[str, Any]) -> None:
    """One that is set as far above the target as was best on these very worlds, which no buyer can do."""
    assert outcome["ratios"]["fewer than threshold in hindsight"] > -0.1


def test_stated_probabilities_hold(outcome: dict[str, Any]) -> None:
    """On average within .06, in no well-filled bin more than .12 off; without maturity they are far off."""
    told = outcome["ours"]["calibration"]
    for name in ("cpa", "poas"):
        assert told[name]["error"] < 0.06
        bins = zip(told[name]["stated"], told[name]["held"], told[name]["count"], strict=True)
        assert max(abs(stated - held) for stated, held, count in bins if count > 200) < 0.12
    assert told["cpa, not matured"]["error"] > 2 * told["cpa"]["error"]


def test_examples_of_the_benchmark_hold() -> None:
    subprocess.run([sys.executable, "-m", "doctest", "benchmarks/rule_confidence.py"], cwd=ROOT, check=True)
