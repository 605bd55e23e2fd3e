"""S-shaped arms in groups that overlap: near the bound, beside brute force, and the bound of the program itself."""

from itertools import product

import numpy as np
import pytest

from aibuyer_kit.planning.make import make_plan
from aibuyer_kit.planning.mixed import segments_of
from aibuyer_kit.planning.request import Group, PlanRequest
from aibuyer_kit.planning.solve import solve
from tests.planning.questions import curves_of, random_curves


def halves(curves, seed, total):
    """Three groups of about half of the arms each, which overlap, with most of 55% of the total."""
    draw = np.random.default_rng([seed, len(curves.arms)])
    picked = [np.flatnonzero(draw.random(len(curves.arms)) < 0.5).tolist() or [0] for _ in range(3)]
    return tuple(
        Group(f"g{place}", tuple(curves.arms[arm] for arm in arms), most=round(0.55 * total, 2))
        for place, arms in enumerate(picked)
    )


@pytest.mark.parametrize(("count", "draws", "seed"), [(7, 1, 0), (7, 8, 1), (7, 8, 4), (20, 1, 2), (20, 8, 3)])
def test_s_shaped_arms_in_groups_that_overlap_come_to_their_bound(count, draws, seed):
    """Prices alone leave up to 7% here."""
    curves = random_curves(seed, count, draws=draws, shaped=True)
    total = round(0.6 * float(np.median(curves.half)) * count, 2)
    found = solve(curves, PlanRequest(step=None, groups=halves(curves, seed, total)), total).found
    assert found.worth >= (1 - 2e-4) * found.bound


@pytest.mark.parametrize("seed", range(3))
def test_no_point_of_a_grid_beats_it(seed):
    """Three S-shaped arms, of which two pairs have limits: brute force in steps of 1%."""
    curves = random_curves(seed, 3, shaped=True)
    groups = (Group("left", ("a0", "a1"), most=70), Group("right", ("a1", "a2"), least=20, most=60))
    plan = make_plan(curves, PlanRequest(total_daily_budget=100, step=None, groups=groups))
    grid = np.linspace(0.0, 100.0, 101)
    worths = [
        float(curves.value(np.array([one, two, 100.0 - one - two])).sum()) - 100.0
        for one, two in product(grid, grid)
        if one + two <= 70.0 and 20.0 <= 100.0 - one <= 60.0
    ]
    assert max(worths) - 1e-2 <= plan.worth <= plan.bound
    assert max(worths) <= plan.bound


def test_an_arm_is_cut_where_its_curve_turns():
    """With slope 3 and half 100 the marginal is steepest at 100 (2 / 4)^(1/3)."""
    curves = curves_of([500.0, 500.0], [100.0, 100.0], [3.0, 0.8], now=[80.0, 80.0])
    solved = solve(curves, PlanRequest(step=None), 200.0)
    segments = segments_of(solved.question)
    assert segments.arm.tolist() == [0, 0, 1]
    assert segments.is_concave == (False, True, True)
    assert segments.begin[1] == segments.stop[0] == pytest.approx(100 * 0.5 ** (1 / 3))
