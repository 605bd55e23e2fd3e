"""Forecasts at length: what is said of days to come holds on days that came."""

import numpy as np
import pytest

from aibuyer_kit.forecasting.forecaster import Forecaster
from aibuyer_kit.forecasting.tree_forecast import forecast_tree
from tests.forecasting.made import series_of, wandering

pytestmark = pytest.mark.prove
HORIZON = 28


def test_what_wanders_lies_within_its_interval_on_days_that_come() -> None:
    """Forty trees of nine series whose levels are random walks: days and sums, of objects and of totals."""
    days, totals, sums, sums_of_totals = [], [], [], []
    for seed in range(500, 540):
        values = wandering(160, 9, seed)
        groups = [[f"c{place // 3}"] for place in range(9)]
        told = forecast_tree(series_of(values[:-HORIZON]), groups, HORIZON, Forecaster())
        came = told.tree.summed(values[-HORIZON:])
        inside = (came >= told.low) & (came <= told.high)
        days.append(inside[:, :9].mean())
        totals.append(inside[:, -1].mean())
        low, high = np.quantile(told.futures().sum(axis=1), [0.1, 0.9], axis=0)
        whole = np.append(came[:, :9].sum(axis=0), came[:, -1].sum())
        sums.append(((whole >= low) & (whole <= high))[:9].mean())
        sums_of_totals.append((whole[-1] >= low[-1]) & (whole[-1] <= high[-1]))
    assert np.mean(days) == pytest.approx(0.8, abs=0.04)
    assert np.mean(totals) == pytest.approx(0.8, abs=0.09)
    assert np.mean(sums) == pytest.approx(0.8, abs=0.06)
    assert np.mean(sums_of_totals) == pytest.approx(0.8, abs=0.14)


def test_years_of_one_series_are_told_better_than_by_its_last_week_or_a_level() -> None:
    """Ten series of a bent trend, a year, a week and noise that lasts: a tenth less off than any simple member."""
    errors: dict[str, list[float]] = {}
    for seed in range(300, 310):
        draw = np.random.default_rng(seed)
        at = np.arange(1_500)
        rest = np.zeros(len(at))
        for day in at[1:]:
            rest[day] = 0.7 * rest[day - 1] + draw.normal(0, 0.08)
        year = draw.uniform(0.4, 0.8) * np.sin(2 * np.pi * (at / 365.25 + draw.random()))
        bend = draw.normal(0, 0.0004) * np.maximum(at - draw.integers(300, 1_200), 0)
        values = np.exp(5 + year + bend + draw.normal(0, 0.2, 7)[at % 7] + rest)[:, None]
        origin = len(values) - HORIZON
        told = Forecaster().fit(series_of(values[:origin]), HORIZON)
        came = values[origin:]
        errors.setdefault("combination", []).append(float(np.abs(told.predict().median - came).sum() / came.sum()))
        for model in Forecaster().models[:5]:
            for name, paths in model.paths(told.series, np.array([origin]), HORIZON).items():
                errors.setdefault(name, []).append(float(np.abs(paths[0] - came).sum() / came.sum()))
    means = {name: float(np.mean(each)) for name, each in errors.items()}
    ours = means.pop("combination")
    assert ours < 0.9 * min(means.values()), (ours, means)
