"""Explanations of predictions name a planted cause first, in at least 95 of 100 trials."""

import numpy as np
import pytest

from aibuyer_kit.creatives.rank import rank
from aibuyer_kit.creatives.told import RankingTold
from aibuyer_kit.forecasting.parts import LATELY, PAUSED
from aibuyer_kit.forecasting.series import BUDGET
from tests.creatives.simulated import simulated
from tests.forecasting.made import drawn, series_of, weekly_rate
from tests.forecasting.test_why import DAYS, budgeted, explainer, made, promoted

pytestmark = pytest.mark.prove
TRIALS = 100


def forecast_named(seed: int) -> tuple[str, str]:
    """Return the planted cause of a forecast, and the one that is named first."""
    draw = np.random.default_rng(seed)
    cause = ("promotion", BUDGET, PAUSED, LATELY)[seed % 4]
    if cause == "promotion":
        return cause, explainer(made(promoted(draw.uniform(1.6, 3.0), seed)))().parts[0].key
    if cause == LATELY:
        rate = weekly_rate(DAYS, 5, 60.0)
        rate[-21:] *= np.linspace(1.0, draw.choice([0.3, 3.0]), 21)[:, None]
        return cause, explainer(made(series_of(drawn(rate, seed))))().parts[0].key
    ahead = np.ones(5)
    ahead[2] = draw.choice([0.4, 2.5]) if cause == BUDGET else 0.0
    return cause, explainer(made(budgeted(ahead, seed)))("s2").parts[0].key


def test_of_forecasts() -> None:
    """Promotions, budgets and pauses of one object of five, and a level that has been moving."""
    found = [forecast_named(seed) for seed in range(1_000, 1_000 + TRIALS)]
    wrong = [(cause, named) for cause, named in found if cause != named]
    assert len(wrong) <= TRIALS // 20, wrong


def test_of_creatives() -> None:
    """A button that makes results 1.6 times as frequent, among creatives that differ by themselves."""
    named = []
    for seed in range(2_000, 2_000 + TRIALS):
        made = simulated(seed, sets=30, ads=4, results_each=15, spread=0.15, of_call=0.5).evidence
        parts = RankingTold(rank(made, draws=50), "creatives").why().parts
        named.append(parts[0].key if parts else "nothing")
    assert named.count("call_to_action: SHOP_NOW") >= 0.95 * TRIALS, named
