"""The combination: weights, intervals, and what it makes of series that are bad."""

from collections.abc import Callable

import numpy as np
import pytest

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.forecasting.backtest import inner_origins, relevance
from aibuyer_kit.forecasting.conformal import learn_spread, restlessness
from aibuyer_kit.forecasting.forecaster import Forecaster
from aibuyer_kit.forecasting.model import Paths
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet
from aibuyer_kit.forecasting.weights import best_weights, segment_weights
from tests.forecasting.made import CHEAP, drawn, series_of, weekly_rate

FORECASTER = Forecaster(CHEAP)


class Always:
    """A model of a user that always says the same."""

    def __init__(self, value: float) -> None:
        self.value = value
        self.names = (f"always {value}",)

    def paths(self, series: SeriesSet, origins: Ints, horizon: int) -> Paths:
        return {self.names[0]: np.full((len(origins), horizon, series.count), self.value)}


def test_weights_are_those_of_the_mixture_that_made_the_values() -> None:
    """Three quarters of one member and a quarter of another, and nothing of a third."""
    draw = np.random.default_rng(1)
    members = draw.lognormal(0, 1, (3, 500))
    found = best_weights(members, 0.75 * members[0] + 0.25 * members[1], np.ones(500))
    assert found == pytest.approx([0.75, 0.25, 0], abs=0.02)


def test_a_model_of_ones_own_is_weighed_like_any_other() -> None:
    """Values are 20 with noise: who always says 20 counts for more than who always says 35."""
    values = drawn(np.full((150, 6), 20.0))
    fitted = Forecaster((Always(20.0), Always(35.0))).fit(series_of(values), 14)
    assert fitted.weights["always 20.0"].min() > 0.9
    assert fitted.predict().mean.mean() == pytest.approx(20, abs=1.5)


def test_segments_have_weights_of_their_own() -> None:
    """One half of the series is at 20, the other at 35."""
    values = drawn(np.repeat([[20.0, 35.0]], 4, axis=1).repeat(150, axis=0))
    series = series_of(values, segments=("low",) * 4 + ("high",) * 4)
    fitted = Forecaster((Always(20.0), Always(35.0))).fit(series, 14)
    assert fitted.weights["always 20.0"][:4].min() > 0.85
    assert fitted.weights["always 35.0"][4:].min() > 0.85


def test_intervals_hold_what_they_say_on_days_that_were_not_seen() -> None:
    """80% of the days of 60 series after three origins, by week of the horizon and by segment."""
    draw = np.random.default_rng(5)
    level = np.repeat([4.0, 60.0], 30)
    values = drawn(weekly_rate(260, 60, 1.0) * level * np.exp(draw.normal(0, 0.15, (260, 60))))
    series = series_of(values, segments=("small",) * 30 + ("large",) * 30)
    inside = []
    for origin in (204, 218, 232):
        told = FORECASTER.fit(series.until(origin), 28).predict()
        came = values[origin : origin + 28]
        inside.append((came >= told.low) & (came <= told.high))
    hit = np.array(inside)
    assert hit.mean() == pytest.approx(0.8, abs=0.03)
    assert hit[:, :, :30].mean() == pytest.approx(0.8, abs=0.04)
    assert [hit[:, week : week + 7].mean() for week in (0, 7, 14, 21)] == pytest.approx([0.8] * 4, abs=0.045)


def test_quantiles_are_in_order_and_nothing_is_below_zero() -> None:
    """Of sparse and of large series."""
    values = drawn(np.tile([0.05, 0.6, 30.0], (120, 1)))
    told = FORECASTER.fit(series_of(values), 14).predict((0.1, 0.25, 0.5, 0.75, 0.9))
    levels = np.stack(list(told.quantiles.values()))
    assert (np.diff(levels, axis=0) >= 0).all()
    assert levels.min() >= 0


def test_the_interval_is_that_of_the_quantiles() -> None:
    """The bounds of 80% are the quantiles .1 and .9, and no rarer quantile lies between them."""
    told = FORECASTER.fit(series_of(drawn(np.full((160, 8), 0.5))), 14).predict((0.05, 0.1, 0.9, 0.95))
    np.testing.assert_allclose(told.quantiles[0.1], told.low)
    np.testing.assert_allclose(told.quantiles[0.9], told.high)
    assert (told.quantiles[0.05] <= told.low).all()
    assert (told.quantiles[0.95] >= told.high).all()


def test_one_early_result_and_then_nothing_before_the_backtest_is_no_crash() -> None:
    """Trees find only zeros to learn from: they say nothing, and the others forecast."""
    values = np.zeros((120, 4))
    values[0] = 1.0
    values[-20::5] = 2.0
    told = Forecaster().fit(series_of(values), 7).predict()
    assert np.isfinite(told.mean).all()


def test_a_refund_does_not_unbound_what_cannot_be_below_zero() -> None:
    """One day of -30 among small sums of money that come now and then."""
    values = drawn(np.full((120, 5), 0.7))
    values[60, 2] = -30.0
    told = FORECASTER.fit(series_of(values, signed=False), 14).predict((0.05,))
    assert min(told.low.min(), told.quantiles[0.05].min(), told.mean.min()) >= 0.0
    assert FORECASTER.fit(series_of(values - 20.0, signed=True), 14).predict().mean.max() < 0.0


def test_what_comes_once_in_a_while_is_expected_once_in_a_while() -> None:
    """The median of one in ten is nothing; the mean is a tenth, and sums rest on it."""
    values = (np.random.default_rng(2).random((280, 20)) < 0.1).astype(np.float64)
    told = FORECASTER.fit(series_of(values), 14).predict()
    assert told.mean.mean() == pytest.approx(0.1, abs=0.025)


def test_what_is_shown_was_weighed_on_other_days() -> None:
    """Values move from 20 to 35 in the newer half of the backtest: each half goes by what the other one tells."""
    values = drawn(np.where(np.arange(150) < 115, 20.0, 35.0)[:, None].repeat(6, axis=1))
    fitted = Forecaster((Always(20.0), Always(35.0))).fit(series_of(values), 14)
    origins = fitted.backtest.origins
    older, newer = origins < np.median(origins), origins > np.median(origins)
    assert fitted.combined[newer].mean() < 30
    assert fitted.combined[older].mean() > 25
    assert {row.name: row.wape for row in fitted.backtest.scores()}["combination"] > 0.25


def test_nothing_is_learnt_from_days_that_are_still_arriving_at_any_origin() -> None:
    """Two newest days are too young: whatever they hold, the forecast is the same, and each origin leaves two out."""
    values = drawn(weekly_rate(120, 3))
    young = np.concatenate([values[:-2], np.full((2, 3), 900.0)])
    told, other = (FORECASTER.fit(series_of(each, late=2), 14) for each in (values, young))
    np.testing.assert_array_equal(told.predict().mean, other.predict().mean)
    asked = []

    class Asked(Always):
        def paths(self, series: SeriesSet, origins: Ints, horizon: int) -> Paths:
            asked.append((series.times, origins.tolist(), horizon))
            return super().paths(series, origins, horizon)

    fitted = Forecaster((Asked(20.0),)).fit(series_of(values, late=2), 14)
    assert asked == [(118, (fitted.backtest.origins - 2).tolist(), 16), (118, [118], 16)]
    assert fitted.combined.shape[1] == 14
    assert np.isnan(fitted.backtest.actual[-1, -2:]).all()


def test_an_accident_is_not_learnt_from_but_counts_in_the_error_that_is_shown() -> None:
    """A value of 1e9 among values of 20 is most of the error."""
    values = drawn(weekly_rate(90, 4))
    values[70, 0] = 1e9
    fitted = FORECASTER.fit(series_of(values), 14)
    assert fitted.predict().mean.max() < 100
    assert {row.name: row.wape for row in fitted.backtest.scores()}["combination"] > 0.9


def test_series_that_begin_with_nothing_are_told() -> None:
    """Nothing at all before the first origin of the backtest, with all models."""
    values = drawn(np.repeat([0.0, 0.5], [50, 30])[:, None].repeat(4, axis=1))
    values[:50] = 0
    assert np.isfinite(Forecaster().fit(series_of(values), 14).predict().mean).all()


def test_two_measures_that_were_never_tested_do_not_err_together() -> None:
    """Two days of each: their ratio is as uncertain as both."""
    few, many = (FORECASTER.fit(series_of(drawn(np.full((2, 3), each))), 7).draws(2000) for each in (20.0, 400.0))
    assert abs(np.corrcoef(few[:, 0, 0], many[:, 0, 0])[0, 1]) < 0.1


def test_cross_validation_forecasts_each_origin_from_what_was_known() -> None:
    """The same as cutting the series by hand."""
    values = drawn(weekly_rate(160, 3))
    by_hand = FORECASTER.fit(series_of(values[:130]), 7).predict((0.1, 0.5, 0.9))
    told, _ = FORECASTER.cross_validate(series_of(values), 7, [130, 144])
    np.testing.assert_allclose(told.mean, by_hand.mean)
    np.testing.assert_allclose(told.quantiles[0.9], by_hand.quantiles[0.9])


def test_the_floor_is_in_every_table() -> None:
    """Beside all members and the combination, each with its weight."""
    fitted = FORECASTER.fit(series_of(drawn(weekly_rate(120, 3))), 14)
    names = [row.name for row in fitted.backtest.scores()]
    assert {"seasonal naive", "combination", "Theta"} <= set(names)
    assert [row.wape for row in fitted.backtest.scores()] == sorted(row.wape for row in fitted.backtest.scores())


def with_gaps(values: Floats) -> Floats:
    return np.where(np.random.default_rng(1).random(values.shape) < 0.4, np.nan, values)


def changed(rows: slice, column: slice, value: float) -> Callable[[Floats], Floats]:
    """Return a change that sets a part of the values."""

    def change(values: Floats) -> Floats:
        values[rows, column] = value
        return values

    return change


ALL = slice(None)
BAD: dict[str, Callable[[Floats], Floats]] = {
    "constant": changed(ALL, ALL, 5.0),
    "all zero": changed(ALL, ALL, 0.0),
    "gaps": with_gaps,
    "nothing known of one": changed(ALL, slice(0, 1), np.nan),
    "nothing known of late": changed(slice(-20, None), ALL, np.nan),
    "below zero": lambda values: values - 25,
    "an outlier": changed(slice(70, 71), slice(0, 1), 1e9),
    "micros": lambda values: values * 1e12,
    "stopped": changed(slice(40, None), slice(1, 2), 0.0),
    "one day": lambda values: values[:1],
    "five days": lambda values: values[:5],
    "fifteen days": lambda values: values[:15],
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_series_get_a_forecast_within_reason(name: str) -> None:
    """All finite, the interval around the mean, and never far beyond what was."""
    values = BAD[name](drawn(weekly_rate(90, 4)))
    fitted = FORECASTER.fit(series_of(values), 28)
    told = fitted.predict()
    every = np.stack([told.mean, told.median, told.low, told.high])
    assert np.isfinite(every).all()
    assert np.isfinite(fitted.draws(20)).all()
    assert (told.low <= told.high).all()
    typical = np.nanmedian(np.abs(values))
    assert np.median(np.abs(told.mean)) <= 2 * typical
    if name in ("constant", "all zero"):
        assert told.mean == pytest.approx(np.full((28, 4), values[0, 0]))


def test_what_cannot_be_is_refused() -> None:
    """With the place and the cure."""
    values = drawn(weekly_rate(60, 2))
    with pytest.raises(InputError, match="no value to learn from"):
        FORECASTER.fit(series_of(np.full((50, 2), np.nan)), 7)
    with pytest.raises(InputError, match="give 1 to 366"):
        FORECASTER.fit(series_of(values), 0)
    with pytest.raises(InputError, match="known for 3 steps ahead"):
        FORECASTER.fit(series_of(values, known={BUDGET: np.ones((63, 2))}), 7)
    with pytest.raises(InputError, match="infinite"):
        series_of(np.full((5, 1), np.inf))


def test_a_young_series_borrows_from_its_parent_by_its_budget() -> None:
    """Three days old: siblings bring 2 a unit of budget, so 10 units bring about 20, and the interval is wide."""
    budget = np.full((148, 6), 20.0)
    budget[:, 5] = 10.0
    values = drawn(np.full((120, 6), 40.0))
    values[:, 5], budget[:117, 5] = 0.0, 0.0
    values[117:, 5] = [3.0, 2.0, 4.0]
    fitted = FORECASTER.fit(series_of(values, parents=("c",) * 6, known={BUDGET: budget}), 28)
    told = fitted.predict()
    assert fitted.borrowed == {5: 5}
    assert 8 < told.mean[:, 5].mean() < 22
    width = (told.high - told.low).mean(axis=0) / told.mean.mean(axis=0)
    assert width[5] > 1.2 * width[:5].max()


def test_futures_spread_as_sums_do() -> None:
    """Sums over the horizon lie within 80% of futures about as often as that."""
    values = drawn(weekly_rate(230, 40) * np.exp(np.random.default_rng(4).normal(0, 0.1, (230, 40))))
    inside = []
    for origin in (188, 202):
        futures = FORECASTER.fit(series_of(values[:origin]), 28).draws(300).sum(axis=1)
        low, high = np.quantile(futures, [0.1, 0.9], axis=0)
        came = values[origin : origin + 28].sum(axis=0)
        inside.append((came >= low) & (came <= high))
    assert np.mean(inside) == pytest.approx(0.8, abs=0.13)


def test_a_short_past_is_tested_on_a_shorter_horizon() -> None:
    """A third of it at most; in a long one the whole horizon, from six starting points."""
    origins, steps = inner_origins(400, 28, 6, least=14)
    assert (origins.tolist(), steps) == ([302, 316, 330, 344, 358, 372], 28)
    origins, steps = inner_origins(30, 28, 6, least=14)
    assert steps == 8
    assert origins.min() >= 14
    assert origins.max() == 22
    assert not len(inner_origins(10, 28, 6, least=14)[0])


def test_few_series_are_told_from_more_of_the_past_and_tested_on_more_of_it() -> None:
    """One series of 1,300 days: all of it, from 46 origins of its newer half; sixty of them: 600 days, six origins."""
    one, many = np.full((1_300, 1), 5.0), np.full((1_300, 60), 5.0)
    alone, together = (Forecaster((Always(5.0), Always(6.0))).fit(series_of(each), 28) for each in (one, many))
    assert (alone.series.times, len(alone.backtest.origins)) == (1_300, 46)
    assert alone.backtest.origins[0] > 1_300 / 2 - 28
    assert together.series.times <= 606
    assert len(together.backtest.origins) == 6


def test_little_that_was_seen_is_not_taken_for_certain() -> None:
    """A member that was off by 3% more in six futures of one series still counts; in those of sixty hardly."""
    draw = np.random.default_rng(2)
    found = {}
    for count in (1, 60):
        actual, off = draw.normal(10, 1, (6, 28, count)), draw.normal(0, 1, (6, 28, count))
        members = np.stack([actual + off, actual + 1.03 * off])
        found[count] = segment_weights(members, actual, np.ones(count), np.zeros(count, np.int64), 1, np.ones(6))[0]
    assert found[1].sum() == pytest.approx(1)
    assert found[1][1] > 0.2
    assert found[60][1] < 0.05


def test_an_interval_is_as_wide_as_errors_were_of_late() -> None:
    """Errors of a series grew fivefold a while ago, thirteen origins of 26: it is nearer to those that came after."""
    draw = np.random.default_rng(8)
    size = np.repeat([1.0, 5.0], 13)[:, None, None]
    errors = draw.normal(0, 1, (26, 14, 1)) * size
    forecast, of = np.full((26, 14, 1), 100.0), np.zeros(1, np.int64)
    unknown, origins = np.full((27, 1), np.nan), np.arange(318, 500, 7)
    widths = []
    for turned in (errors, errors[::-1]):
        spread = learn_spread(forecast, forecast + turned, of, 1, 7, True, 14, unknown, relevance(origins, 500, 1))
        widths.append(np.mean(spread.quantile(forecast[0], 0.9) - spread.quantile(forecast[0], 0.1)))
    assert widths[0] > 1.5 * widths[1]


def test_what_moved_more_has_a_wider_interval_before_its_own_errors_tell() -> None:
    """Forty series, the odd ones four times as restless, tested from two origins only."""
    draw = np.random.default_rng(9)
    wide = np.where(np.arange(40) % 2, 4.0, 1.0)
    values = 100 + draw.normal(0, 1, (200, 40)) * wide
    origins = np.array([172, 186, 200])
    unrest = restlessness(values, origins, 7)
    assert (unrest[:, 1::2].mean() / unrest[:, ::2].mean()) == pytest.approx(4, rel=0.1)
    forecast = np.full((2, 14, 40), 100.0)
    actual = np.stack([values[at : at + 14] for at in origins[:2]])
    told, untold = (
        learn_spread(forecast, actual, np.zeros(40, np.int64), 1, 7, True, 14, each, np.ones(2))
        for each in (unrest, np.full_like(unrest, np.nan))
    )
    ratios = [
        np.mean(each.size(forecast[0])[:, 1::2]) / np.mean(each.size(forecast[0])[:, ::2]) for each in (told, untold)
    ]
    assert told.power == 0.5
    assert 2 < ratios[0] < 5
    assert ratios[0] > 1.15 * ratios[1]


def test_restlessness_is_not_told_of_what_has_just_begun() -> None:
    """Nothing before the first value counts, nor does a fortnight tell."""
    values = np.zeros((60, 2))
    values[50:, 0] = values[10:, 1] = 9.0
    assert np.isnan(restlessness(values, np.array([60]), 7)[0]).tolist() == [True, False]


def test_newer_origins_count_more_and_those_of_the_same_season_again() -> None:
    """Two years of fortnights: half after seven, next to nothing in half a year, and all of it a year ago."""
    found = relevance(np.arange(0, 728, 14), 728, 1)
    assert found[-1] == 1
    assert found[-8] == pytest.approx(0.5)
    assert found[-15:-12] == pytest.approx(0.5 ** (np.arange(14, 11, -1) / 7), rel=1e-6)
    assert found[26] > 0.99
    assert found[13] < 0.1


def test_a_past_in_which_no_budget_moved_does_not_speak_against_those_who_know_of_budgets() -> None:
    """Always 100 at a budget of 100: with twice as much ahead, a good part more is expected."""
    budget = np.full((67, 1), 100.0)
    budget[60:] = 200.0
    told = Forecaster().fit(series_of(np.full((60, 1), 100.0), known={BUDGET: budget}), 7).predict()
    assert told.mean.mean() > 120
