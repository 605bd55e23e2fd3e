"""Over many seeds: no worse model is ever put in force, a clearly better one is; drift is told, and little else is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.trainable import Fold
from aibuyer_kit.forecasting.rate import RateModel, RateTrainable
from aibuyer_kit.measurement.backtest import backtest, paired
from aibuyer_kit.measurement.contest import Contest, contest
from aibuyer_kit.measurement.drift import drift
from aibuyer_kit.sandbox import Market
from aibuyer_kit.sandbox.market.presets import PRESETS
from tests.drawn_panels import drawn_panel
from tests.market_panels import panel_of

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


PRESETS_SEEN = ("steady", "seasonal", "shock", "low_volume")


def drawn_account(seed: int) -> DailyPanel:
    rng = np.random.default_rng(seed)
    return drawn_panel(
        seed, days=150, objects=int(rng.integers(10, 40)), wander=float(rng.uniform(0.02, 0.08)), daily_spend=150
    )


@cache
def market_account(preset: str, seed: int, days: int = 150) -> DailyPanel:
    """Return what a platform reports of a market whose budgets stand as the preset has them."""
    return panel_of(Market(replace(PRESETS[preset], history_days=days), seed))


def held(seed: int, panel: DailyPanel) -> tuple[Contest, Contest]:
    """Return what came of a worse model against a good one, and of the good one against the worse, on one account."""
    rng = np.random.default_rng([seed, 1])
    origins = [panel.days.until - timedelta(days=7 * back) for back in range(FOLDS, 0, -1)]
    folds = [Fold(panel.until(origin), panel) for origin in origins]
    good = RATE.fit(panel.until(origins[0]), RATE.parameters, seed)
    worse = Blurred(good.trees, good.dispersion, float(rng.uniform(0.02, 0.4)), seed)
    tables = [backtest([each] * FOLDS, folds) for each in (good, worse)]
    return contest(*paired(tables[0], tables[1])), contest(*paired(tables[1], tables[0]))


@pytest.mark.prove
@pytest.mark.parametrize("source", ["drawn", "market"])
def test_a_worse_model_never_wins_and_a_clearly_better_one_does(source: str) -> None:
    """200 trials, on seeds that nothing was chosen on; of markets ten models each over 20 worlds of four presets.

    Clearly better is a loss that is a third lower, over ten weeks.
    """
    if source == "drawn":
        found = [held(seed, drawn_account(seed)) for seed in range(70_000, 70_200)]
    else:
        worlds = [(preset, seed) for preset in PRESETS_SEEN for seed in range(700, 705)]
        found = [held(70_200 + trial, market_account(*worlds[trial // 10])) for trial in range(200)]
    wins = {
        (low, high): [each.is_won for _, each in found if low < each.gain <= high]
        for low, high in ((0.05, 0.2), (0.2, 0.34), (0.34, 1.0))
    }
    shares = {span: (len(won), round(float(np.mean(won)), 3) if won else None) for span, won in wins.items()}
    assert sum(worse.is_won for worse, _ in found) == 0, shares
    better = wins[0.34, 1.0]
    assert len(better) >= 20, shares
    assert np.mean(better) >= 0.9, shares


SOURCES = ("drawn", "market")
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


def watched(source: str) -> Iterator[tuple[DailyPanel, str]]:
    """Yield accounts whose figures mean the same all along, of markets with their presets.

    Seeds 710 to 729 of markets have shown what a week's budget that is spent before its end does to its last day.
    """
    if source == "drawn":
        for seed in range(71_000, 71_060):
            rng = np.random.default_rng(seed)
            objects, spend = int(rng.integers(8, 40)), float(rng.uniform(60, 150))
            yield drawn_panel(seed, days=150, objects=objects, daily_spend=spend), ""
    else:
        for seed in range(740, 760):
            for preset in ("steady", "seasonal"):
                yield market_account(preset, seed), preset


def quiet(panel: DailyPanel, preset: str) -> list[date]:
    """Return the last 28 days but those on which something happened in the market, or within three days of it."""
    days = list(panel.days)[-28:]
    events = PRESETS[preset].rules.event if preset and PRESETS[preset].rules else ()
    for each in events:
        first = panel.days.since + timedelta(days=each.day)
        held = DateRange(first, first + timedelta(hours=each.hours, days=5))
        days = [day for day in days if day not in held]
    return days


@pytest.mark.prove
def test_drift_is_told_within_three_days_and_little_else_is() -> None:
    """60 drawn accounts and 40 of markets, each watched for four weeks, then changed in eight ways.

    In markets a price that is a third up may be the auction's own: prices differ by a tenth from day to day there, and
    stay so for days. Whether that is told is no part of the proof.
    """
    alarms, count = dict.fromkeys(SOURCES, 0), dict.fromkeys(SOURCES, 0)
    told = {source: dict.fromkeys(CHANGES, 0) for source in SOURCES}
    for source in SOURCES:
        for panel, preset in watched(source):
            count[source] += 1
            alarms[source] += any(drift(panel.until(day)) for day in quiet(panel, preset))
            for name, change in CHANGES.items():
                told[source][name] += any(drift(each) for each in first_days(panel, change))
    said = f"false alarms {alarms} of {count}, told {told}"
    assert alarms["drawn"] / count["drawn"] <= 0.05, said
    assert sum(alarms.values()) / sum(count.values()) <= 0.05, said
    del told["market"]["prices a third up"]
    for source in SOURCES:
        assert min(told[source].values()) / count[source] >= 0.95, said


def first_days(panel: DailyPanel, change: Change) -> list[DailyPanel]:
    """Return the account on the first three evenings after figures have come to mean something else."""
    last = {name: values[-3:].copy() for name, values in panel.measures.items()}
    change(last)
    measures = {name: np.concatenate([values[:-3], last[name]]) for name, values in panel.measures.items()}
    changed = replace(panel, measures=measures)
    return [changed.until(panel.days.until - timedelta(days=back)) for back in (2, 1, 0)]
