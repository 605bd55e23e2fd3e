"""What the practice market says of its own truth, with as many runs and splits as it takes."""

import math
import sys

import numpy as np
import pytest

from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.presets import PRESETS
from aibuyer_kit.sandbox.market.response import HillCurve

pytestmark = pytest.mark.prove
EMERGENT = ("steady", "seasonal", "fatigue", "low_volume", "shock")
UNIT = 1_000_000


@pytest.mark.parametrize("preset", EMERGENT)
def test_the_mean_of_2000_noisy_runs_is_the_truth_within_its_error(preset: str) -> None:
    """The error is that of both means; beyond four of it the odds are one in fifteen thousand."""
    market = Market.open(preset, seed=11)
    told, runs = market.truth({}, days=7), market.sample_results({}, days=7, runs=2000)
    error = math.hypot(told.results_error, float(runs.std(ddof=1)) / math.sqrt(len(runs)))

    assert abs(float(runs.mean()) - told.results) < 4 * error
    assert told.results_error < 0.02 * told.results


@pytest.mark.parametrize("preset", ["low_volume", "steady"])
def test_10000_random_splits_stay_below_the_bound(preset: str) -> None:
    """Even ones, lopsided ones, and ones near the best; none of them is better than what was found by a thousandth."""
    market = Market.open(preset, seed=3)
    total = sum(market.setting(adset.id).daily_budget_minor for adset in market.account.adsets) * UNIT // 100
    found = market.optimum(total_micros=total, days=3)
    ids, draw = list(found.budgets), np.random.default_rng(5)
    best = np.array([found.budgets[adset_id] for adset_id in ids]) / total
    shares = np.concatenate(
        [
            draw.dirichlet(np.full(len(ids), 1.0), 4000),
            draw.dirichlet(np.full(len(ids), 0.2), 3000),
            np.array([draw.dirichlet(60 * best + 0.05) for _ in range(3000)]),
        ]
    )
    revenues = market.revenues(ids, shares * total, days=3)

    assert len(revenues) == 10_000
    assert revenues.max() <= found.bound_micros
    assert found.truth.revenue_micros >= 0.999 * revenues.max()


@pytest.mark.parametrize("preset", EMERGENT)
def test_a_hill_curve_does_not_fit_what_emerges(preset: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Fitted to the true response of each ad set at twelve budgets, it misses: that is what the market is for."""
    market = Market.open(preset, seed=3)
    misfits = []
    for adset in market.account.adsets[:6]:
        own = market.setting(adset.id).daily_budget_minor / 100
        budgets = own * np.geomspace(0.1, 10, 12)
        zero = market.truth({adset.id: 0}, days=7).results
        true = np.array([market.truth({adset.id: units * UNIT}, days=7).results - zero for units in budgets])
        misfits.append(np.abs(best_hill(budgets, true) / true - 1).max())
    with capsys.disabled():
        sys.stderr.write(
            f"\n{preset}: largest misfit of a Hill curve by ad set: {', '.join(f'{each:.1%}' for each in misfits)}\n"
        )

    assert np.median(misfits) > 0.01


def best_hill(budgets: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the Hill curve with the least squared relative error, by search over its shape; its height is solved."""
    best = (math.inf, true)
    for half in budgets.mean() * np.geomspace(0.02, 200, 160):
        for power in np.linspace(0.5, 1.8, 53):
            shape = np.array([HillCurve(1.0, float(half), float(power)).results(float(each)) for each in budgets])
            height = (shape / true).sum() / ((shape / true) ** 2).sum()
            error = float(((height * shape / true - 1) ** 2).sum())
            if error < best[0]:
                best = (error, height * shape)
    return best[1]


def test_every_preset_but_the_large_one_is_quick_to_open() -> None:
    """All names that are told are there."""
    assert set(PRESETS) == {*EMERGENT, "large", "hill", "logistic"}
