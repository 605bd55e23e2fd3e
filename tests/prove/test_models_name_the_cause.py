"""Of planted causes in LightGBM models at least 95% are named first, and what is named adds up to the prediction."""

from datetime import timedelta

import lightgbm
import numpy as np
import pytest

from aibuyer_kit.creatives.kept import CreativeTrainable
from aibuyer_kit.features.contributions import contributions
from tests.creatives.drawn_ads import PLANTED, UNTIL, drawn_ads

pytestmark = pytest.mark.prove
SEEDS = range(900, 1000)
FEATURES, ROWS = 8, 2_000
SETTINGS = {
    "objective": "poisson", "num_leaves": 15, "learning_rate": 0.05, "min_data_in_leaf": 20, "verbosity": -1,
    "num_threads": 1, "deterministic": True, "force_row_wise": True,
}  # fmt: skip


def planted(seed: int) -> tuple[bool, bool, float]:
    """Return whether the cause is named first of all predictions, and of one, and how far parts miss the prediction.

    Counts hang on one of eight features that go together, and half as much on another one. In the prediction asked
    about the cause lies far off, and all else is as it is in some row.
    """
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 1, (ROWS, 1))
    table = 0.5 * shared + np.sqrt(0.75) * rng.normal(0, 1, (ROWS, FEATURES))
    cause, other = rng.permutation(FEATURES)[:2]
    counts = rng.poisson(np.exp(1.0 + 0.5 * table[:, cause] + 0.25 * table[:, other]))
    names = [f"f{place}" for place in range(FEATURES)]
    booster = lightgbm.train({**SETTINGS, "seed": seed}, lightgbm.Dataset(table, counts, feature_name=names), 80)
    asked = table[[int(rng.integers(ROWS))]]
    asked[0, cause] = 2.5 * rng.choice([-1, 1])
    found = contributions(booster, np.concatenate([asked, table]))
    gap = np.abs(found.raw_scores() - booster.predict(np.concatenate([asked, table]), raw_score=True)).max()
    return next(iter(found.importance())) == names[cause], next(iter(found.of(0))) == names[cause], float(gap)


def test_a_planted_driver_of_a_model_is_named_first_and_parts_add_up() -> None:
    """100 models; of all predictions, and of one."""
    found = [planted(seed) for seed in SEEDS]
    whole, one, gaps = (np.array([each[place] for each in found]) for place in range(3))
    told = f"of all {whole.mean():.1%}, of one {one.mean():.1%}, off by {gaps.max():.1e}"
    assert whole.mean() >= 0.95, told
    assert one.mean() >= 0.95, told
    assert gaps.max() < 1e-9, told


def test_what_works_in_a_creative_is_named_first_of_its_score() -> None:
    """100 accounts of 60 ads: a call to action that is clicked 1.5 times as often, in an ad of its own days."""
    kind, hits = CreativeTrainable("creative-clicks", "ctr"), []
    for seed in SEEDS:
        panel = drawn_ads(seed, effect=0.4).until(UNTIL - timedelta(days=14))
        model = kind.fit(panel, {}, seed)
        places, found = model.contributions(panel)
        assert np.exp(found.raw_scores()) == pytest.approx(model.scores(panel)[list(places)])
        offers = [row for row, at in enumerate(places) if panel.objects[at].creative["call_to_action"] == "GET_OFFER"]
        hits.append(next(iter(found.of(offers[seed % len(offers)]))) == PLANTED)
    assert np.mean(hits) >= 0.95, f"{np.mean(hits):.1%}"
