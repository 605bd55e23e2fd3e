"""Truth and optimum of the presets whose response is a formula."""

import itertools

import pytest

from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.response import HillCurve, LogisticCurve

from .test_engine import small_world

UNIT = 1_000_000


def test_the_truth_of_a_hill_is_its_formula() -> None:
    """One Monday: ``vmax * s**k / (s**k + half**k) * 1.06``."""
    market = Market(small_world(budgets_units=(100,)), 3)
    adset = market.account.adsets[0]
    market.advance(days=6)
    curve = adset.curve
    assert isinstance(curve, HillCurve)
    by_hand = curve.vmax * 80**curve.k / (80**curve.k + curve.half_units**curve.k) * 1.06

    assert market.truth({adset.id: 80 * UNIT}, days=1).results == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize("preset", ["hill", "logistic"])
@pytest.mark.parametrize("seed", range(3))
def test_the_optimum_meets_its_bound(preset: str, seed: int) -> None:
    """Where the curves are concave at the optimum nothing lies between; elsewhere the bound says how little."""
    market = Market.open(preset, seed=seed)
    found = market.optimum(total_micros=1600 * UNIT, days=14)

    assert found.truth.revenue_micros <= found.bound_micros * (1 + 1e-12)
    assert found.gap < (1e-6 if preset == "hill" else 0.02)
    assert found.headroom > 0.03


def test_no_exchange_between_two_ad_sets_improves_the_optimum_of_a_hill() -> None:
    """To the millionth part: the last unit brings the same everywhere."""
    market = Market(small_world(budgets_units=(100, 50, 70)), 5)
    best = market.optimum(total_micros=220 * UNIT, days=7)
    for one, other in itertools.permutations(best.budgets, 2):
        moved = best.budgets | {one: best.budgets[one] - UNIT, other: best.budgets[other] + UNIT}
        assert market.truth(moved, days=7).revenue_micros < best.truth.revenue_micros


@pytest.mark.parametrize("curve", [HillCurve(10, 50, 1.3), HillCurve(10, 50, 0.8), LogisticCurve(10, 50, 12)])
@pytest.mark.parametrize("units", [5.0, 40.0, 120.0])
def test_a_slope_is_what_the_next_unit_brings(curve: HillCurve | LogisticCurve, units: float) -> None:
    """By differences."""
    by_difference = (curve.results(units + 1e-4) - curve.results(units - 1e-4)) / 2e-4
    assert curve.slope(units) == pytest.approx(by_difference, rel=1e-6)


@pytest.mark.parametrize("curve", [HillCurve(10, 50, 1.3), LogisticCurve(10, 50, 12)])
def test_a_slope_is_steepest_at_the_inflection(curve: HillCurve | LogisticCurve) -> None:
    """A little before and a little behind it are less steep."""
    there = curve.inflection_units
    assert curve.slope(there) > max(curve.slope(there * 0.97), curve.slope(there * 1.03))
