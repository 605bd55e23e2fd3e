"""Effects of items and groups, beside what a dense computation says and what was drawn."""

import numpy as np
import pytest

from aibuyer_kit.creatives.effects import Effects, Seen, fit_effects

from .simulated import simulated


def seen_of(seed: int, **more: float) -> tuple[Seen, np.ndarray]:
    made = simulated(seed, **more)  # type: ignore[arg-type]
    each = made.evidence
    return Seen(each.group, each.item, each.count, each.exposure, np.zeros(len(each.count))), made.truth


def crossed(seed: int, groups: int, items: int, kind: str = "count") -> Seen:
    """Every item is seen in some groups; items fewer than groups, or more."""
    draw = np.random.default_rng(seed)
    group, item = (each.ravel() for each in np.meshgrid(np.arange(groups), np.arange(items), indexing="ij"))
    kept = draw.random(len(group)) < 0.6
    kept[:: groups - 1] = True
    group, item = group[kept], item[kept]
    effect = draw.normal(0, 0.5, groups)[group] + draw.normal(0, 0.3, items)[item]
    weight = draw.gamma(2, 10, len(group))
    value = draw.poisson(weight * np.exp(effect)).astype(float) if kind == "count" else effect + draw.normal(0, 0.1)
    return Seen(group, item, value, weight, np.zeros(len(group)), kind)  # type: ignore[arg-type]


def dense(found: Effects) -> tuple[np.ndarray, np.ndarray]:
    """Return the slope of the log posterior at the effects, and the inverse of its curvature, worked out plainly."""
    seen = found.seen
    groups, items = seen.sizes
    design = np.zeros((len(seen.value), groups + items))
    design[np.arange(len(seen.value)), seen.group] = 1
    design[np.arange(len(seen.value)), groups + seen.item] = 1
    told = seen.expected + design @ np.concatenate([found.group, found.item])
    mean = seen.weight * np.exp(told)
    pull, curve = (
        (seen.value - mean, mean) if seen.kind == "count" else (seen.weight * (seen.value - told), seen.weight)
    )
    precision = np.concatenate([np.full(groups, found.group_spread**-2), np.full(items, found.item_spread**-2)])
    slope = design.T @ pull - precision * np.concatenate([found.group - found.level, found.item])
    return slope, np.linalg.inv(design.T @ (curve[:, None] * design) + np.diag(precision))


@pytest.mark.parametrize(("groups", "items", "kind"), [(12, 5, "count"), (5, 12, "count"), (6, 6, "log")])
def test_effects_are_the_most_probable_and_draws_have_their_covariance(groups: int, items: int, kind: str) -> None:
    """Whichever side is solved for first: no slope is left, and 40,000 draws spread as the curvature says."""
    found = fit_effects(crossed(1, groups, items, kind))
    slope, covariance = dense(found)
    assert np.abs(slope).max() < 1e-3 * np.abs(found.seen.weight).max()
    drawn = np.concatenate(found.draws(40_000, 0), axis=1)
    assert np.allclose(drawn.mean(axis=0), np.concatenate([found.group, found.item]), atol=0.01)
    assert np.abs(np.cov(drawn.T) - covariance).max() < 0.05 * covariance.max()


def test_little_evidence_is_drawn_to_what_is_usual_and_much_speaks_for_itself() -> None:
    """One result and three of equal spend are hardly a difference; 1,000 and 3,000 are all of it."""
    gaps = []
    for scale in (1, 1000):
        few = Seen(np.zeros(2, int), np.arange(2), np.array([1.0, 3.0]) * scale, np.full(2, 1.0) * scale, np.zeros(2))
        found = fit_effects(few)
        gaps.append(float(found.item[1] - found.item[0]))
    assert gaps[0] < 0.35
    assert gaps[1] == pytest.approx(np.log(3), abs=0.02)


def test_the_spread_of_items_is_learnt() -> None:
    """Where all work alike it comes out small, where they differ it comes out as it was drawn."""
    alike, _ = seen_of(3, sets=60, results_each=100, spread=0.0)
    apart, _ = seen_of(3, sets=60, results_each=100, spread=0.4)
    assert fit_effects(alike).item_spread < 0.1
    assert fit_effects(apart).item_spread == pytest.approx(0.4, abs=0.08)


def test_eight_of_ten_true_effects_lie_within_their_eighty_percent() -> None:
    """Over twelve accounts with four results an ad, where logarithms of counts are far from normal."""
    inside = []
    for seed in range(12):
        seen, truth = seen_of(seed, results_each=4)
        low, high = np.quantile(fit_effects(seen).draws(2_000, seed)[1], (0.1, 0.9), axis=0)
        inside.append((truth > low) & (truth < high))
    assert np.mean(inside) == pytest.approx(0.8, abs=0.04)


def test_no_result_at_all_tells_nothing_apart() -> None:
    """Nothing breaks, and nothing is made of it."""
    found = fit_effects(Seen(np.array([0, 0, 1]), np.arange(3), np.zeros(3), np.ones(3), np.zeros(3)))
    assert np.isfinite(found.item).all()
    assert np.ptp(found.item) < 0.05
