"""Rankings of creatives beside the truth of practice markets, over many seeds on which nothing was chosen.

`--junitxml` tells the figures as properties of each test.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.creatives.evidence import Daily, Evidence, Item, gathered
from aibuyer_kit.creatives.rank import rank
from aibuyer_kit.sandbox import Market

pytestmark = pytest.mark.prove

Record = Callable[[str, object], None]
SEEDS = range(200, 225)
SETS = (
    ("broad", 120),
    ("lookalike", 90),
    ("interest", 60),
    ("retargeting", 60),
    ("interest", 80),
    ("retargeting", 40),
    ("broad", 70),
    ("lookalike", 50),
)
SHOWN = ("title", "body", "object_type", "call_to_action", "link_url", "video_id")


@dataclass(frozen=True)
class Known:
    """What the platform reports of the ads of a market, and by ad what is true: its quality, and what it did."""

    evidence: Evidence
    quality: dict[str, float]
    brought: dict[str, float]


def world(folder: Path, preset: str, ads: int) -> Path:
    """Write a world of eight ad sets without events, each with as many ads."""
    lines = [f'preset = "{preset}"', "history_days = 45", "event = []", "[[campaign]]", 'name = "Sample"']
    for place, (audience, budget) in enumerate(SETS):
        named = [f'name = "Set {place}"', f'audience = "{audience}"', f"daily_budget = {budget}.0", f"ads = {ads}"]
        lines += ["[[campaign.adset]]", *named]
    path = folder / f"{preset}-{ads}.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def known(path: Path, seed: int, days: int) -> Known:
    """Read the last days without HTTP: what the platform says at this moment, and what is true besides."""
    market = Market.open(path, seed=seed)
    span = list(DateRange(market.today - timedelta(days=days), market.today - timedelta(days=1)))
    ads, sets = market.account.ads, {each.id: place for place, each in enumerate(market.account.adsets)}
    names = ("spend", "impressions", "clicks", "results", "revenue")
    figures = {name: np.zeros((len(span), len(ads))) for name in names}
    for column, ad in enumerate(ads):
        for row, day in enumerate(span):
            told = market.totals((ad,), (day,))
            results = told.actions.get("purchase", (0,))[0]
            for name, value in zip(
                names, (told.spend_minor / 100, told.impressions, told.clicks, results, 0), strict=True
            ):
                figures[name][row, column] = value
    group = np.array([sets[ad.adset_id] for ad in ads])
    shown = [market.tree.creatives[ad.first_creative_id] for ad in ads]
    items = tuple(Item(each.id, each.name, {name: getattr(each, name) for name in SHOWN}) for each in shown)
    groups = tuple(Item(each, each) for each in sets)
    # By now a day's results are known as far as its age tells; the ads of one day are all of the same age.
    daily = Daily(np.arange(len(ads)), group, figures, np.ones((len(span), len(ads))))
    numbers = [market._ledger.number_of(day) for day in span]
    did = [
        market._ledger.persuaded(market.places((ad,)), numbers, market.now_us)
        / max(figures["impressions"][:, place].sum(), 1)
        for place, ad in enumerate(ads)
    ]
    quality = market._ledger.ground.quality([each.id for each in shown]).tolist()
    ids = [each.id for each in items]
    return Known(
        gathered("cpa", daily, items, groups, "EUR", platform_chooses=True),
        dict(zip(ids, quality, strict=True)),
        dict(zip(ids, did, strict=True)),
    )


def lived(folder: Path, preset: str, ads: int, days: int) -> Iterator[tuple[int, Known]]:
    path = world(folder, preset, ads)
    for seed in SEEDS:
        yield seed, known(path, seed, days)


@pytest.mark.parametrize("preset", ["fatigue", "seasonal"])
def test_the_ranking_is_nearer_to_true_quality_than_rates_are(
    tmp_path: Path, record_property: Record, preset: str
) -> None:
    """Two weeks of five ads an ad set, of which most have brought a handful of results.

    Beside raw results per unit of spend, and beside those over their ad set's.
    """
    told: list[tuple[float, float, float]] = []
    for seed, each in lived(tmp_path, preset, 5, 14):
        index = {one.id: one.index for one in rank(each.evidence, seed=seed).ranked}
        seen = each.evidence
        raw = seen.count / seen.exposure
        usual = np.bincount(seen.group, seen.count) / np.bincount(seen.group, seen.exposure)
        beside = raw / np.maximum(usual, 1e-9)[seen.group]
        ids = [seen.items[place].id for place in seen.item]
        truth = [each.quality[one] for one in ids]
        told.append(tuple(spearmanr(truth, by)[0] for by in ([index[one] for one in ids], raw, beside)))  # type: ignore[arg-type]
    ours, rates, within = np.mean(told, axis=0)
    record_property("rank correlation with quality: ours, raw, within ad sets", np.round((ours, rates, within), 2))
    assert ours > max(rates, within) + 0.2
    assert np.mean([one[0] > max(one[1:]) for one in told]) >= 0.9


@pytest.mark.parametrize(("preset", "ads", "days"), [("fatigue", 2, 28), ("fatigue", 5, 14), ("seasonal", 3, 21)])
def test_probabilities_to_be_the_best_come_true_as_often_as_they_say(
    tmp_path: Path, record_property: Record, preset: str, ads: int, days: int
) -> None:
    """Within each ad set, beside what each ad truly did to those who saw it in these days; a winner mostly is one."""
    chances, came_true, winners = [], [], []
    for seed, each in lived(tmp_path, preset, ads, days):
        ranked = rank(each.evidence, within="group", seed=seed).ranked
        for pool in sorted({one.pool for one in ranked}):
            own = [one for one in ranked if one.pool == pool]
            best = max(own, key=lambda one: each.brought[one.id]).id
            chances += [one.probability_best for one in own]
            came_true += [one.id == best for one in own]
            winners += [one.id == best for one in own if one.verdict == "best"]
    said, was = np.array(chances), np.array(came_true, dtype=float)
    parts = np.digitize(said, (0.1, 0.25, 0.5, 0.75, 0.9))
    off = [abs(said[parts == part].mean() - was[parts == part].mean()) for part in np.unique(parts)]
    weights = [np.mean(parts == part) for part in np.unique(parts)]
    error = float(np.dot(off, weights))
    record_property("off by, winners, share right", (round(error, 3), len(winners), round(float(np.mean(winners)), 2)))
    assert error < 0.04
    assert np.mean(winners) >= 0.88


def test_three_days_are_too_few_to_tell(tmp_path: Path, record_property: Record) -> None:
    """Where an ad set has brought a few results in all, it is said that it cannot be told yet."""
    winners, right, pools = 0, 0, 0
    for seed, each in lived(tmp_path, "seasonal", 5, 3):
        ranked = rank(each.evidence, within="group", seed=seed).ranked
        pools += len({one.pool for one in ranked})
        for one in ranked:
            if one.verdict == "best":
                winners += 1
                rivals = [other.id for other in ranked if other.pool == one.pool]
                right += one.id == max(rivals, key=lambda other: each.brought[other])
    record_property("winners, right, ad sets", (winners, right, pools))
    assert winners <= 0.05 * pools
