"""The model of next week's results per money: what it finds, when it refuses, and that it is the same each time."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from aibuyer_kit.core.errors import ArtefactError, InputError
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.trainable import Fold
from aibuyer_kit.forecasting.rate import RateTrainable
from aibuyer_kit.measurement.backtest import backtest
from tests.drawn_panels import UNTIL, drawn_panel

RATE = RateTrainable()


def test_the_same_data_and_seed_give_the_same_bytes() -> None:
    """Of a model that was learnt twice; it reads back as itself, and a changed figure is another panel."""
    panel = drawn_panel(1, days=60, objects=12)
    one, again = (RATE.fit(panel, RATE.parameters, 3).files() for _ in range(2))
    assert one == again
    assert RATE.load(one).files() == one
    changed = {name: values.copy() for name, values in panel.measures.items()}
    changed["results"][5, 3] += 1
    assert replace(panel, measures=changed).fingerprint() != panel.fingerprint()
    assert replace(panel).fingerprint() == panel.fingerprint()


def test_it_finds_what_the_floor_cannot_see() -> None:
    """Rates that move fast: the floor is an average of 28 days, of which the last week tells more."""
    panel = drawn_panel(2, days=150, objects=40, wander=0.1, daily_spend=200)
    origins = [UNTIL - timedelta(days=7 * back) for back in (4, 3, 2, 1)]
    folds = [Fold(panel.until(origin), panel) for origin in origins]
    model = RATE.fit(panel.until(origins[0]), RATE.parameters, 1)
    found = backtest([model] * 4, folds).metrics()
    assert found["loss"] < 0.95 * found["floor_loss"]
    assert 0.7 < found["coverage"] < 0.95


@pytest.mark.parametrize("measure", ["spend", "results"])
@pytest.mark.parametrize("value", [0.0, np.nan, -5.0])
def test_figures_that_tell_nothing_are_refused(measure: str, value: float) -> None:
    """All zero, all unknown, all negative: a sentence, no model."""
    panel = drawn_panel(1, days=60, objects=12)
    empty = replace(panel, measures={**panel.measures, measure: np.full_like(panel.measures[measure], value)})
    with pytest.raises(InputError, match="a model is learnt from"):
        RATE.fit(empty, RATE.parameters, 1)


def test_too_few_days_are_refused_and_gaps_are_not() -> None:
    panel = drawn_panel(1, days=60, objects=12)
    with pytest.raises(InputError, match="a model is learnt from"):
        RATE.fit(panel.last(12), RATE.parameters, 1)
    with_gap = {name: values.copy() for name, values in panel.measures.items()}
    for values in with_gap.values():
        values[20:24] = np.nan
    factors = RATE.fit(replace(panel, measures=with_gap), RATE.parameters, 1).factors(panel)
    assert np.isfinite(factors).all()


def test_objects_without_spend_or_of_several_kinds_have_no_estimate() -> None:
    panel = drawn_panel(1, days=60, objects=12)
    model = RATE.fit(panel, RATE.parameters, 1)
    spend = panel.measures["spend"].copy()
    spend[-28:, 4] = 0
    objects = (replace(panel.objects[0], result_type=None), *panel.objects[1:])
    shown: DailyPanel = replace(panel, objects=objects, measures={**panel.measures, "spend": spend})
    assert np.flatnonzero(np.isnan(model.factors(shown))).tolist() == [0, 4]


def test_files_of_another_model_are_refused() -> None:
    panel = drawn_panel(1, days=60, objects=12)
    files = dict(RATE.fit(panel, RATE.parameters, 1).files())
    for name in files:
        with pytest.raises(ArtefactError):
            RATE.load({key: value for key, value in files.items() if key != name})
    with pytest.raises(ArtefactError):
        RATE.load({**files, "rate.json": b'{"dispersion": 1, "features": []}'})
    with pytest.raises(ArtefactError, match="LightGBM does not understand"):
        RATE.load({**files, "trees.txt": b"tree\nnonsense"}).factors(panel)
