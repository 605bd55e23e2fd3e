"""Over many seeds: no worse model is ever put in force, a clearly better one is; drift is told, and little else is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pytest

from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.trainable import Fold
from aibuyer_kit.forecasting.rate import RateModel, RateTrainable
from aibuyer_kit.measurement.backtest import backtest, paired
from aibuyer_kit.measurement.contest import Contest, contest
from aibuyer_kit.measurement.drift import drift
from tests.drawn_panels import UNTIL, drawn_panel

RATE = RateTrainable()
FOLDS = 10


@dataclass(frozen=True)
class Blurred(RateModel):
    """A model that is wrong about every object by a factor of its own."""

    blur: float = 0.0
    seed: int = 0

    def factors(self, known: DailyPanel) -> np.ndarray:
        noise = np.random.default_rng(self.seed).normal(0, self.blur, len(known.objects))
        return super().factors(known) * np.exp(noise)


def held(seed: int) -> tuple[Contest, Contest]:
    """Return what came of a worse model against a good one, and of the good one against the worse, on one drawing."""
    rng = np.random.default_rng(seed)
    panel = drawn_panel(
        seed, days=150, objects=int(rng.integers(10, 40)), wander=float(rng.uniform(0.02, 0.08)), daily_spend=150
    )
    origins = [UNTIL - timedelta(days=7 * back) for back in range(FOLDS, 0, -1)]
    folds = [Fold(panel.until(origin), panel) for origin in origins]
    good = RATE.fit(panel.until(origins[0]), RATE.parameters, seed)
    worse = Blurred(good.trees, good.dispersion, float(rng.uniform(0.02, 0.4)), seed)
    tables = [backtest([each] * FOLDS, folds) for each in (good, worse)]
    return contest(*paired(tables[0], tables[1])), contest(*paired(tables[1], tables[0]))


@pytest.mark.prove
def test_a_worse_model_never_wins_and_a_clearly_better_one_does() -> None:
    """200 seeds. Clearly better: a loss that is a third lower, over ten weeks."""
    found = [held(seed) for seed in range(50_000, 50_200)]
    better = [each for _, each in found if each.gain > 0.34]
    assert sum(worse.is_won for worse, _ in found) == 0
    assert len(better) >= 50
    assert np.mean([each.is_won for each in better]) >= 0.85


Change = Callable[[dict[str, np.ndarray]], None]


def times(**factors: float) -> Change:
    def change(measures: dict[str, np.ndarray]) -> None:
        for name, factor in factors.items():
            measures[name] *= factor

    return change


def no_rows(measures: dict[str, np.ndarray]) -> None:
    for values in measures.values():
        values[:, : values.shape[1] // 2] = 0


CHANGES: Mapping[str, Change] = {
    "spend in cents": times(spend=100.0),
    "another currency": times(spend=1.35, revenue=1.35),
    "half of the results": times(results=0.5, revenue=0.5),
    "results counted twice": times(results=2.0, revenue=2.0),
    "half the revenue": times(revenue=0.5),
    "prices a third up": times(impressions=0.75, clicks=0.75, results=0.75, revenue=0.75),
    "revenue not reported": times(revenue=np.nan),
    "half of the objects missing": no_rows,
}


@pytest.mark.prove
def test_drift_is_told_within_three_days_and_little_else_is() -> None:
    """60 accounts of seeds of their own, each watched for four weeks, then changed in eight ways."""
    false_alarms, told = 0, dict.fromkeys(CHANGES, 0)
    seeds = range(60_000, 60_060)
    for seed in seeds:
        rng = np.random.default_rng(seed)
        panel = drawn_panel(seed, days=150, objects=int(rng.integers(8, 40)), daily_spend=float(rng.uniform(60, 150)))
        false_alarms += any(drift(panel.until(UNTIL - timedelta(days=back))) for back in range(28))
        for name, change in CHANGES.items():
            told[name] += any(drift(each) for each in first_days(panel, change))
    assert false_alarms / len(seeds) <= 0.05
    assert min(told.values()) / len(seeds) >= 0.95, told


def first_days(panel: DailyPanel, change: Change) -> list[DailyPanel]:
    """Return the account on the first three evenings after figures have come to mean something else."""
    last = {name: values[-3:].copy() for name, values in panel.measures.items()}
    change(last)
    measures = {name: np.concatenate([values[:-3], last[name]]) for name, values in panel.measures.items()}
    changed = replace(panel, measures=measures)
    return [changed.until(UNTIL - timedelta(days=back)) for back in (2, 1, 0)]
