"""Weights of a forecast as they are kept: what is kept is used, and says how far off it was."""

from datetime import timedelta

import numpy as np
import pytest

from aibuyer_kit.core.errors import ArtefactError, TooLittleError
from aibuyer_kit.features.trainable import Fold, json_file
from aibuyer_kit.forecasting.forecaster import Forecaster
from aibuyer_kit.forecasting.weighing import Weights, WeightsTrainable
from aibuyer_kit.workflows.forecast import measured, panel_forecast, tree_of
from tests.drawn_panels import UNTIL, drawn_panel

RESULTS = WeightsTrainable("results", tree_of, measured)
PANEL = drawn_panel(3, days=110, objects=5)


@pytest.fixture(scope="module")
def weights() -> Weights:
    return RESULTS.fit(PANEL.until(UNTIL - timedelta(days=14)), {"origins": 4}, 7)


def test_weights_come_back_from_their_files(weights: Weights) -> None:
    """Shares of members that add up to 1 for each kind of series; what is damaged or of another measure is refused."""
    again = RESULTS.load(weights.files())
    assert again.files() == weights.files()
    assert all(sum(each.values()) == pytest.approx(1, abs=1e-4) for each in again.weights.values())
    assert {"member", *again.weights} == set(again.described()[0])
    for content in (
        {},
        {"measure": "results", "weights": {"leaf": {"Theta": 2}}},
        {"measure": "results", "weights": 1},
    ):
        with pytest.raises(ArtefactError):
            RESULTS.load({"weights.json": json_file(content)})
    with pytest.raises(ArtefactError, match="revenue"):
        WeightsTrainable("revenue", tree_of, measured).load(weights.files())


def test_they_are_judged_by_what_came_beside_the_last_season_again(weights: Weights) -> None:
    """Absolute errors of the days after the origin, by hand for the floor: two weeks like the last one."""
    fold = Fold(PANEL.until(UNTIL - timedelta(days=14)), PANEL)
    judged = weights.judge(fold)
    results = PANEL.measure("results")
    assert judged.floor == pytest.approx(np.abs(results[-14:] - np.tile(results[-21:-14], (2, 1))).sum(axis=0))
    assert np.nansum(judged.loss) < np.nansum(judged.floor)
    assert ((judged.covered >= 0) & (judged.covered <= 1)).all()


def test_a_forecast_is_made_with_the_weights_that_are_kept() -> None:
    """A member that counts alone counts for more, as a series' own past leaves it; other kinds are weighed anew."""
    kinds = {kind: {"seasonal naive": 1.0} for kind in ("leaf, large", "leaf, small", "1 above", "5 above")}
    _, told = tree_of(PANEL, "results", 7, Forecaster(weights=kinds))
    _, fresh = tree_of(PANEL, "results", 7, Forecaster())
    assert told.fitted.weights["seasonal naive"].mean() > fresh.fitted.weights["seasonal naive"].mean() + 0.1
    given, other = (panel_forecast(PANEL, "results", 7, weights={"results": each}) for each in (kinds, {"none": {}}))
    assert not np.array_equal(given.expected, other.expected)
    assert np.array_equal(panel_forecast(PANEL, "results", 7).expected, other.expected)


def test_a_past_that_is_too_short_to_test_members_has_no_weights() -> None:
    with pytest.raises(TooLittleError, match="too few days"):
        RESULTS.fit(PANEL.until(PANEL.days.since + timedelta(days=8)), {}, 7)
