"""Forecasts that add up, beside the matrices of the papers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibuyer_kit.forecasting.forecaster import Forecaster
from aibuyer_kit.forecasting.hierarchy import reconciled, tree_of
from aibuyer_kit.forecasting.tree_forecast import forecast_tree
from tests.forecasting.made import CHEAP, drawn, series_of, wandering, weekly_rate


@given(
    groups=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), min_size=1, max_size=8),
    seed=st.integers(0, 1000),
)
def test_reconciliation_is_weighted_least_squares(groups: list[tuple[str, str]], seed: int) -> None:
    """S (S'WS)⁻¹ S'W y of Wickramasuriya et al., without a matrix."""
    tree, names = tree_of(groups)
    draw = np.random.default_rng(seed)
    forecasts, variances = draw.normal(10, 3, (3, len(names))), draw.uniform(0.5, 4, len(names))
    sums = tree.summed(np.eye(len(groups))).T
    weights = np.diag(1 / variances)
    by_matrix = sums @ np.linalg.solve(sums.T @ weights @ sums, sums.T @ weights @ forecasts.T)
    found = reconciled(tree, forecasts, variances, nonnegative=False)
    np.testing.assert_allclose(found, by_matrix.T, rtol=1e-8, atol=1e-8)


def test_nothing_falls_below_zero_and_all_still_adds_up() -> None:
    """A parent that says far less than its children takes from those that have something."""
    tree, _ = tree_of([["a"], ["a"]])
    found = reconciled(tree, np.array([[1.0, 9.0, 2.0, 2.0]]), np.array([50.0, 1.0, 0.1, 0.1]), nonnegative=True)
    assert found.min() >= 0
    assert found[0, 2] == pytest.approx(found[0, :2].sum())
    assert found[0, 3] == pytest.approx(found[0, 2])


def test_a_tree_is_forecast_so_that_every_day_adds_up() -> None:
    """Leaves to campaigns to the total; futures of leaves and of the total are about what is expected."""
    series = series_of(drawn(weekly_rate(120, 5)))
    told = forecast_tree(series, [["a"], ["a"], ["b"], ["b"], ["b"]], 14, Forecaster(CHEAP))
    assert told.expected[:, 5] == pytest.approx(told.expected[:, :2].sum(axis=1))
    assert told.expected[:, -1] == pytest.approx(told.expected[:, :5].sum(axis=1))
    assert (told.low <= told.expected).all()
    assert (told.high >= told.expected).all()
    futures = told.futures(100)
    assert futures.shape == (100, 14, 6)
    assert futures.mean(axis=0)[:, -1] == pytest.approx(told.expected[:, -1], rel=0.02)


def test_a_total_is_never_less_sure_than_its_parts_together() -> None:
    """Three series that wander, told from little: every day at each node, and the sums of futures."""
    for seed in range(104, 108):
        series = series_of(wandering(132, 3, seed))
        told = forecast_tree(series, [["a"], ["a"], ["b"]], 28, Forecaster(CHEAP))
        for node, parts in ((3, [0, 1]), (4, [2]), (5, [3, 4])):
            assert (told.low[:, node] >= told.low[:, parts].sum(axis=1) - 1e-9).all()
            assert (told.high[:, node] <= told.high[:, parts].sum(axis=1) + 1e-9).all()
        low, high = np.quantile(told.futures().sum(axis=1), [0.1, 0.9], axis=0)
        assert low[:3].sum() <= low[3] + 1e-6 * abs(low[3])
        assert high[:3].sum() >= high[3] - 1e-6 * abs(high[3])
