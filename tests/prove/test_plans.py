"""Plans at length: ten thousand random questions, sizes and their bounds, and what they win in practice markets."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from aibuyer_kit.planning.request import PlanRequest
from aibuyer_kit.planning.solve import solve
from tests.planning.questions import questions, random_curves
from tests.planning.test_limits import check

pytestmark = pytest.mark.prove
ROOT = Path(__file__).parents[2]


@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions())
def test_every_limit_holds_in_ten_thousand_questions(asked):
    """Or those that clash are named, none of them needless."""
    check(asked)


@pytest.mark.parametrize("count", [10, 100, 1_000, 10_000])
def test_concave_plans_reach_the_bound_and_s_shaped_ones_nearly(count):
    """Regret of at most 1e-8, and at least 99.7% of the reported bound."""
    for seed in range(5):
        for shaped, least in ((False, 1 - 1e-8), (True, 0.997)):
            curves = random_curves(seed, count, shaped=shaped)
            found = solve(curves, PlanRequest(step=None), round(0.6 * float(np.median(curves.half)) * count, 2)).found
            assert found.worth >= least * found.bound


@pytest.mark.parametrize(("preset", "captured"), [("hill", 0.6), ("logistic", 0.4), ("low_volume", 0.4)])
def test_plans_win_most_of_what_the_optimum_does_and_hardly_ever_lose(preset, captured):
    """End to end on reports and lift tests; worlds whose optima take minutes are in `benchmarks/market_plan.py`."""
    command = [sys.executable, "benchmarks/market_plan.py", "--json", "--presets", preset, "--first-seed", "301"]
    told = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    ours = told["ours"][preset]
    assert ours["captured_median"] >= captured
    assert ours["worse"] <= 0.05
    assert ours["loss_99"] <= 0.02
