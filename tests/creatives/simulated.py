"""Creatives whose true effects are drawn by a seed, seen in ad sets with levels of their own."""

from dataclasses import dataclass

import numpy as np

from aibuyer_kit.creatives.evidence import Evidence, Item
from aibuyer_kit.features.windows import Floats

CALLS = ("SHOP_NOW", "LEARN_MORE", "SIGN_UP")


@dataclass(frozen=True)
class Simulated:
    """What was seen, and the logarithm of each item's true effect."""

    evidence: Evidence
    truth: Floats


def simulated(
    seed: int,
    *,
    sets: int = 20,
    ads: int = 3,
    results_each: float = 20,
    spread: float = 0.3,
    of_call: float = 0.0,
    metric: str = "cpa",
    chosen_by: float = 0.0,
) -> Simulated:
    """Return ads that spend about as much each; `chosen_by` is by which power of its effect an ad is shown more."""
    draw = np.random.default_rng(seed)
    count = sets * ads
    group = np.repeat(np.arange(sets), ads)
    call = draw.integers(0, len(CALLS), count)
    truth = draw.normal(0, spread, count) + of_call * (call == 0)
    level = np.exp(draw.normal(0, 0.7, sets))[group]
    delivery = chosen_by * truth + draw.normal(0, 0.2, count)
    spend = 100 * np.exp(delivery)
    expected = results_each * level * np.exp(truth) * spend / spend.mean()
    results = draw.poisson(expected).astype(np.float64)
    items = tuple(
        Item(f"k{place}", f"Creative {place}", {"call_to_action": CALLS[call[place]], "title": f"Title {place}"})
        for place in range(count)
    )
    mean = np.bincount(group, delivery) / ads
    return Simulated(
        Evidence(
            metric=metric,
            items=items,
            groups=tuple(Item(f"s{place}", f"Set {place}") for place in range(sets)),
            item=np.arange(count),
            group=group,
            count=results,
            exposure=spend,
            revenue=results * 30.0,
            spend=spend,
            delivery=delivery - mean[group] if chosen_by else None,
            currency="EUR",
        ),
        truth,
    )
