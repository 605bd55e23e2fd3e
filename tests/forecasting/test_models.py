"""Members: what they say of series whose future is known by hand."""

import numpy as np
import pytest

from aibuyer_kit.forecasting.boosted import Boosted
from aibuyer_kit.forecasting.drivers import Drivers
from aibuyer_kit.forecasting.floors import SeasonalNaive, Smoothing, Theta, WindowMean
from aibuyer_kit.forecasting.model import Model
from aibuyer_kit.forecasting.series import BUDGET
from tests.forecasting.made import drawn, series_of, weekly_rate

MODELS: list[Model] = [SeasonalNaive(), WindowMean(), Smoothing(), Theta(), Drivers(), Boosted()]


def test_the_floor_is_last_week_again() -> None:
    """Written down by hand, over more than one week."""
    series = series_of(np.arange(14.0)[:, None])
    (paths,) = SeasonalNaive().paths(series, np.array([14]), 9).values()
    assert paths[0, :, 0].tolist() == [7, 8, 9, 10, 11, 12, 13, 7, 8]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.names[0])
def test_nothing_from_an_origin_on_changes_its_forecast(model: Model) -> None:
    """The same, whatever comes afterwards, also of the earlier of two origins."""
    values = drawn(weekly_rate(150, 3))
    other = values.copy()
    other[120:] = 1000
    origins = np.array([100, 120])
    before, after = (model.paths(series_of(each), origins, 14) for each in (values, other))
    for name in model.names:
        np.testing.assert_array_equal(before[name], after[name])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.names[0])
def test_a_week_that_comes_again_is_forecast(model: Model) -> None:
    """Weekends bring half; every member finds that, near enough, in twenty weeks of counts."""
    series = series_of(drawn(weekly_rate(140, 8, level=60.0)))
    for paths in model.paths(series, np.array([140]), 14).values():
        weekend = np.arange(140, 154) % 7 >= 5
        means = [float(np.mean(paths[0, days])) for days in (weekend, ~weekend)]
        assert means == pytest.approx([30, 60], rel=0.12)


def test_smoothing_follows_a_level_and_a_damped_trend() -> None:
    """A straight line without noise goes on; a level stays."""
    line = Smoothing(seasonal=False).paths(series_of(100 + np.arange(60.0)[:, None]), np.array([60]), 5)
    assert line["exponential smoothing"][0, :, 0] == pytest.approx([160, 161, 162, 163, 164], abs=1.5)
    flat = Smoothing(seasonal=False).paths(series_of(np.full((60, 1), 7.0)), np.array([60]), 3)
    assert flat["exponential smoothing"][0, :, 0] == pytest.approx([7, 7, 7])


def test_theta_adds_half_of_the_slope() -> None:
    """On a straight line the drift is half of it (Hyndman and Billah 2003)."""
    told = Theta().paths(series_of(-500 + 2 * np.arange(70.0)[:, None]), np.array([70]), 4)["Theta"][0, :, 0]
    assert np.diff(told) == pytest.approx([1, 1, 1])


def test_a_planned_budget_moves_the_forecast_by_what_budgets_brought() -> None:
    """Results grow with the square root of spend: four times the budget brings twice as much, none brings none."""
    draw = np.random.default_rng(3)
    budget = np.repeat(draw.choice([25.0, 50.0, 100.0, 200.0], (30, 12)), 8, axis=0)
    budget[212:] = 50.0
    budget[226:, 0], budget[226:, 1] = 200.0, 0.0
    values = drawn(30 * np.sqrt(budget / 50))[:226]
    told = Drivers().paths(series_of(values, known={BUDGET: budget}), np.array([226]), 14)["drivers, 14"][0]
    assert told[:, 0].mean() == pytest.approx(60, rel=0.1)
    assert told[:, 1].tolist() == [0.0] * 14
    assert told[:, 2:].mean() == pytest.approx(30, rel=0.1)


def test_a_promotion_known_ahead_lifts_its_days_also_of_a_series_that_never_had_one() -> None:
    """What promotions bring is pooled over all series."""
    flag = np.zeros((240, 10))
    for begin in range(10, 230, 30):
        flag[begin : begin + 4, 1:] = 1
    flag[222:226, 0] = 1
    values = drawn(40 * (1 + 0.5 * flag))[:220]
    told = Drivers().paths(series_of(values, known={"promotion": flag}), np.array([220]), 14)["drivers, 14"][0, :, 0]
    assert told[2:6].mean() / np.delete(told, range(2, 6)).mean() == pytest.approx(1.5, abs=0.12)


def test_lightgbm_says_the_same_each_time() -> None:
    """Rows are drawn by a fixed seed, and one thread adds up."""
    series = series_of(drawn(weekly_rate(120, 6)))
    first, second = (Boosted().paths(series, np.array([120]), 7)["pooled LightGBM"] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_models_that_see_the_same_series_work_its_drivers_out_once() -> None:
    """What one has learnt the next one finds; a series that was changed has to be learnt anew."""
    series = series_of(drawn(weekly_rate(150, 3)))
    origins = np.array([120])
    told = Drivers().paths(series, origins, 14)
    kept = dict(series.memo)
    Boosted().paths(series, origins, 14)
    assert len(kept) == 1
    assert list(series.memo) == list(kept)
    again = Drivers().paths(series, origins, 14)
    np.testing.assert_array_equal(again["drivers, 4"], told["drivers, 4"])
    assert not series.until(140).memo
