"""Contributions of features to what LightGBM models say."""

import warnings

import lightgbm
import numpy as np
import pytest

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.contributions import contributions
from aibuyer_kit.forecasting.rate import RateTrainable
from tests.drawn_panels import drawn_panel


@pytest.mark.parametrize("objective", ["regression", "poisson", "binary", "quantile"])
def test_they_add_up_to_the_prediction_and_name_the_planted_cause_first(objective: str) -> None:
    """Also with missing figures, and as another implementation (shap) has them."""
    rng = np.random.default_rng(1)
    features = rng.normal(size=(400, 5))
    features[rng.random(features.shape) < 0.05] = np.nan
    mean = np.exp(1.2 * np.nan_to_num(features[:, 3]) + 0.2 * np.nan_to_num(features[:, 0]))
    label = (mean > 1).astype(float) if objective == "binary" else rng.poisson(mean).astype(float)
    data = lightgbm.Dataset(features, label, feature_name=[f"f{place}" for place in range(5)])
    booster = lightgbm.train({"objective": objective, "num_threads": 1, "verbosity": -1, "num_leaves": 8}, data, 20)
    found = contributions(booster, features)
    np.testing.assert_allclose(found.raw_scores(), booster.predict(features, raw_score=True), atol=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it sets in matplotlib, and of what it gives for two classes
        import shap

        theirs = shap.TreeExplainer(booster).shap_values(features)
    np.testing.assert_allclose(found.values, theirs, atol=1e-9)
    assert next(iter(found.importance())) == "f3"
    assert list(found.of(0).values()) == sorted(found.of(0).values(), key=abs, reverse=True)


def test_the_rate_model_adds_up_to_its_own_estimate() -> None:
    panel = drawn_panel(5, days=80, objects=15)
    model = RateTrainable().fit(panel, RateTrainable().parameters, 1)
    places, found = model.contributions(panel)
    np.testing.assert_allclose(np.exp(found.raw_scores()), model.factors(panel)[list(places)], rtol=1e-12)


def test_other_features_than_the_models_are_refused() -> None:
    rng = np.random.default_rng(1)
    data = lightgbm.Dataset(rng.normal(size=(60, 2)), rng.normal(size=60))
    booster = lightgbm.train({"num_threads": 1, "verbosity": -1}, data, 2)
    with pytest.raises(InputError, match="The model has 2 features"):
        contributions(booster, np.zeros((3, 4)))
    assert contributions(booster, np.zeros((0, 2))).importance() == {"Column_0": 0.0, "Column_1": 0.0}
