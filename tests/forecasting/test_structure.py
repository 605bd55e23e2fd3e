"""A trend, a year and a week of long series, told by one regression."""

import numpy as np
import pytest

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.forecasting.series import BUDGET
from aibuyer_kit.forecasting.structure import Structure
from tests.forecasting.made import series_of

DAYS = 1_300


def years(days: int, noise: float = 0.03) -> Floats:
    """Return (days, 1) a line that bends after 600 days, a year of 30%, weekends at half, on logarithms, with noise."""
    at = np.arange(days)
    line = 4 + 0.0005 * at - 0.0008 * np.maximum(at - 600, 0)
    week = np.where(at % 7 >= 5, np.log(0.5), 0.0)
    year = 0.3 * np.sin(2 * np.pi * at / 365.25)
    found: Floats = np.exp(line + week + year + np.random.default_rng(3).normal(0, noise, days))[:, None]
    return found


def test_trend_year_and_week_go_on() -> None:
    """Eight weeks ahead within two percent of what came, from two origins; the last week alone is far off."""
    whole, origins = years(DAYS + 56), np.array([DAYS - 100, DAYS])
    for paths in Structure().paths(series_of(whole[:DAYS]), origins, 56).values():
        for row, origin in enumerate(origins):
            came = whole[origin : origin + 56, 0]
            assert np.abs(paths[row, :, 0] / came - 1).mean() < 0.04
            assert np.abs(paths[row, :, 0].sum() / came.sum() - 1) < 0.025


def test_what_it_is_off_by_of_late_fades() -> None:
    """A jump by a fifth in the last 20 days: the first carries on none of it, others some, and half after a while."""
    values = years(DAYS, noise=0.01)
    values[-20:] *= 1.2
    told = {name: paths[0, :, 0] for name, paths in Structure().paths(series_of(values), np.array([DAYS]), 56).items()}
    above = {name: told[name] / told["structure"] for name in ("structure, 7", "structure, 2")}
    for name, half in (("structure, 7", 34), ("structure, 2", 14)):
        assert 1.05 < above[name][0] < 1.2
        assert np.log(above[name][half]) == pytest.approx(np.log(above[name][0]) / 2, rel=0.02)


def test_nothing_from_an_origin_on_changes_what_is_told_of_it() -> None:
    """Also not a value of nothing, which has no logarithm."""
    values, origins = years(DAYS), np.array([DAYS - 200, DAYS])
    other = values.copy()
    other[DAYS - 200 :] *= np.random.default_rng(1).random((200, 1)) * 9
    other[DAYS - 30] = 0.0
    before, after = (Structure().paths(series_of(each), origins, 28) for each in (values, other))
    for name in before:
        np.testing.assert_array_equal(before[name][0], after[name][0])
        assert np.isfinite(after[name]).all()


def test_flags_known_ahead_are_told_and_gaps_are_not_zero() -> None:
    """A promotion doubles its days; a month without figures changes little."""
    values, flag = years(DAYS, noise=0.01), np.zeros((DAYS + 28, 1))
    flag[::40] = 1
    values *= 1 + flag[:DAYS]
    values[500:530] = np.nan
    paths = Structure().paths(series_of(values, known={"promotion": flag}), np.array([DAYS]), 28)["structure"]
    plain = Structure().paths(series_of(values, known={"promotion": 0 * flag}), np.array([DAYS]), 28)["structure"]
    there = int(np.flatnonzero(flag[DAYS:, 0])[0])
    assert paths[0, there, 0] / plain[0, there, 0] == pytest.approx(2, rel=0.08)


def test_short_series_and_budgets_are_left_to_others() -> None:
    """Under two years a year is no season; what budgets do is told by the drivers."""
    assert np.isnan(Structure().paths(series_of(years(600)), np.array([600]), 7)["structure"]).all()
    budgets = series_of(years(DAYS), known={BUDGET: np.ones((DAYS + 7, 1))})
    assert np.isnan(Structure().paths(budgets, np.array([DAYS]), 7)["structure"]).all()


def test_a_constant_and_an_empty_series_are_no_crash() -> None:
    """A constant goes on; nothing is told of what never was."""
    values = np.column_stack([np.full(DAYS, 7.0), np.full(DAYS, np.nan), np.zeros(DAYS)])
    paths = Structure().paths(series_of(values), np.array([DAYS]), 14)["structure"][0]
    assert paths[:, 0] == pytest.approx(7, rel=1e-3)
    assert np.isnan(paths[:, 1:]).all()
