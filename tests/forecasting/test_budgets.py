"""What is taken for the spend ahead at each moment, and that nothing of later days is in it."""

import numpy as np
import pytest

from aibuyer_kit.forecasting.boosted import Boosted
from aibuyer_kit.forecasting.budgets import assumed_spend, spend_level
from aibuyer_kit.forecasting.drivers import Drivers
from aibuyer_kit.forecasting.forecaster import Forecaster
from aibuyer_kit.forecasting.model import Model
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet
from tests.forecasting.made import CHEAP, drawn, series_of, weekly_rate

NAN = float("nan")


def with_spend(values: np.ndarray, spend: np.ndarray, horizon: int = 14) -> SeriesSet:
    """Return series with the budgets that a client's are given: spend as far as it was known."""
    assumed = assumed_spend(spend)
    budget = np.concatenate([spend_level(spend), np.tile(assumed[-1], (horizon, 1))])
    return series_of(values, known={BUDGET: budget}, assumed={BUDGET: assumed})


def test_spend_goes_on_as_the_last_known_week_until_three_known_days_are_without() -> None:
    """By hand: unknown days are no pause, however many; days without spend are, from the third on."""
    spend = np.array([[10.0], [20.0], [0.0], [0.0], [NAN], [NAN], [NAN], [NAN], [0.0], [30.0]])
    assert assumed_spend(spend)[:, 0].tolist() == [0, 10, 15, 15, 15, 15, 15, 15, 15, 0, 20]
    assert spend_level(spend)[:, 0].tolist() == [10, 15, 0, 0, 15, 15, 15, 15, 0, 20]
    assert assumed_spend(np.full((3, 1), NAN)).tolist() == [[0.0]] * 4


def test_an_earlier_moment_knows_what_was_assumed_then() -> None:
    """Cut at a time, or seen from it: rows from then on are those of that time, and a plan stays where it was given."""
    spend = np.arange(1.0, 31.0)[:, None]
    series = with_spend(spend, spend, 5)
    for seen in (series.until(20), series.seen_from(20)):
        assert seen.known[BUDGET][20:, 0] == pytest.approx(np.full(15, np.mean(np.arange(14, 21))))
    assert series.seen_from(30) is series
    late = SeriesSet(spend, ("a",), series.start, known=series.known, assumed=series.assumed, late=3).settled()
    assert late.times == 27
    assert late.seen_from(20).known[BUDGET][20, 0] == pytest.approx(np.mean(np.arange(17, 24)))


@pytest.mark.parametrize("model", [Drivers(), Boosted()], ids=lambda model: model.names[0])
def test_spend_from_an_origin_on_changes_nothing_of_its_forecast(model: Model) -> None:
    """Neither its level nor its pauses, also of the earlier of two origins."""
    spend = drawn(weekly_rate(160, 4, 50.0)) + 1
    other = spend.copy()
    other[120:, :2], other[120:, 2:] = 1000.0, 0.0
    origins = np.array([100, 120])
    before, after = (model.paths(with_spend(each, each), origins, 14) for each in (spend, other))
    for name in model.names:
        np.testing.assert_array_equal(before[name], after[name])
        assert np.isfinite(before[name]).all()


def test_the_error_and_the_interval_that_are_shown_are_those_of_days_that_come() -> None:
    """Spends that walk at random, six worlds: nobody knows the level of the next two weeks, nor does the backtest."""
    shown, came, inside = [], [], []
    for seed in range(6):
        draw = np.random.default_rng(seed)
        steps = np.cumsum(draw.normal(0, 0.08, (214, 8)), axis=0) + draw.normal(0, 0.1, (214, 8))
        spend = 100 * np.exp(steps)
        fitted = Forecaster(CHEAP).fit(with_spend(spend[:200], spend[:200]), 14)
        told, actual = fitted.predict(), spend[200:]
        shown.append(next(row.wape for row in fitted.backtest.scores() if row.name == "combination"))
        came.append(float(np.abs(told.mean - actual).sum() / actual.sum()))
        inside.append(((actual >= told.low) & (actual <= told.high)).mean())
    assert np.mean(shown) == pytest.approx(np.mean(came), rel=0.25)
    assert np.mean(inside) == pytest.approx(0.8, abs=0.1)
