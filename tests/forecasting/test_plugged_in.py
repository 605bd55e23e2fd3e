"""Members that are not there by default: Prophet, foundation models; and series without their season."""

from pathlib import Path

import numpy as np
import pytest

from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.forecasting.floors import SeasonalNaive
from aibuyer_kit.forecasting.forecaster import Forecaster
from aibuyer_kit.forecasting.foundation import FoundationModel, chronos
from aibuyer_kit.forecasting.prophet_model import ProphetModel
from aibuyer_kit.forecasting.seasonal import seasonally_adjusted
from tests.forecasting.made import drawn, series_of, weekly_rate


def test_prophet_is_one_member_of_a_combination_and_explains_its_week() -> None:
    """Weekends bring half; the week's part is negative there, and positive on other days."""
    series = series_of(drawn(weekly_rate(300, 2, level=60.0)))
    fitted = Forecaster((SeasonalNaive(), ProphetModel())).fit(series, 14)
    assert fitted.weights["Prophet"].mean() > 0.5
    parts = ProphetModel().components(series, 0, 14)
    assert len(parts) == 314
    weekend = parts["ds"].dt.day_of_week >= 5
    assert (parts["weekly"][weekend] < 0).all()
    assert (parts["weekly"][~weekend] > 0).all()
    with pytest.raises(InputError, match="too few for a season"):
        ProphetModel().components(series_of(np.ones((5, 1))), 0, 7)


def test_a_foundation_model_is_any_function_of_pasts() -> None:
    """It sees no more than what was known at each origin; another shape than asked for is refused."""
    seen: list[int] = []

    def last_value(pasts: Floats, horizon: int) -> Floats:
        seen.append(pasts.shape[1])
        return np.repeat(pasts[:, -1:], horizon, axis=1)

    paths = FoundationModel("mine", last_value).paths(series_of(np.arange(30.0)[:, None]), np.array([20, 25]), 3)
    assert paths["mine"][:, :, 0].tolist() == [[19] * 3, [24] * 3]
    assert seen == [20, 25]
    with pytest.raises(InputError, match="was asked for"):
        FoundationModel("wrong", lambda pasts, _: pasts).paths(series_of(np.ones((9, 1))), np.array([9]), 3)


def test_weights_that_are_not_at_hand_are_an_error_with_its_cure(tmp_path: Path) -> None:
    """Nothing is ever downloaded."""
    with pytest.raises(NotFoundError, match="none are downloaded"):
        chronos(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="pip install chronos-forecasting"):
        chronos(tmp_path)


def test_a_seasonally_adjusted_series_has_no_week_left() -> None:
    """Weekends bring half, a promotion half as much again, and the level doubles half way: only that stays."""
    flag = np.zeros((168, 6))
    flag[20:160:35] = 1
    rate = weekly_rate(168, 6, level=80.0) * (1 + 0.5 * flag)
    rate[84:] *= 2
    found = seasonally_adjusted(series_of(drawn(rate), known={"promotion": flag}))
    weekend = np.arange(168) % 7 >= 5
    early, late = found.adjusted[:84], found.adjusted[84:]
    assert early[weekend[:84]].mean() == pytest.approx(early[~weekend[:84]].mean(), rel=0.06)
    assert found.adjusted[20:160:35].mean() == pytest.approx(found.adjusted.mean(), rel=0.12)
    assert late.mean() / early.mean() == pytest.approx(2, rel=0.06)
    assert found.factor.mean() == pytest.approx(1)
