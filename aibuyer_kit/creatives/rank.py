"""Ranking: how good each item is beside the others that the same people saw, how sure that is, and what share to give.

Each item's effect is what its model expects of it, moved by what was seen of it. All is drawn many times: how often an
item is the best of its pool is the probability that it is, and a share in proportion to that (probability matching,
Thompson 1933) spends on finding out what may be the best. A floor keeps every item seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.creatives.effects import USUAL_SPREAD, Effects, Seen, fit_effects
from aibuyer_kit.creatives.evidence import Evidence
from aibuyer_kit.creatives.model import CreativeModel, fit_model
from aibuyer_kit.features.windows import Bools, Floats, Ints

DRAWS = 4_000
# Of very many items fewer draws are made: so many numbers are held in memory, and so many draws at least.
_MOST_DRAWN, _LEAST_DRAWS = 8_000_000, 500
LIKELY_BEST, LIKELY_BEHIND = 0.9, 0.95
MOST_FLOOR = 0.05
# Single values differ by so much of their mean; the evidence of rules rests on the same figure.
VALUE_CV = 0.6
_USUAL_SLOPE, _STEPS = 0.3, 20
Within = Literal["all", "group"]
Part = Literal["rate", "value"]
Verdict = Literal["best", "behind", "cannot_tell", "alone", "not_aimed"]


@dataclass(frozen=True)
class Ranked:
    """One item in its pool: what was seen, what is believed, and what follows.

    `index` is how well it works beside a usual one for the same people (1 is usual; of costs, too, more is better),
    with the 80% interval; `expected` is the metric that it has in its groups, `seen` is what the figures say.
    """

    id: str
    name: str
    pool: str
    count: float
    spend: float
    seen: float | None
    expected: float
    index: float
    index_low: float
    index_high: float
    probability_best: float
    share: float
    verdict: Verdict


@dataclass(frozen=True)
class Learnt:
    """One part of a metric, such as its rate or the value of a result: what is expected, and the effects found.

    By item: `expected` is what its attributes and its `delivery` add up to, the effects are what its figures add to it.
    """

    name: str
    model: CreativeModel
    folds: Ints
    expected: Floats
    effects: Effects
    delivery: Floats


@dataclass(frozen=True)
class Ranking:
    """Items from the best to the last in each pool, and the models behind them."""

    evidence: Evidence
    within: Within
    ranked: tuple[Ranked, ...]
    parts: tuple[Learnt, ...]

    @property
    def winners(self) -> tuple[Ranked, ...]:
        """Those of which it can be told that they are the best of their pool."""
        return tuple(each for each in self.ranked if each.verdict == "best")

    def why(self, item_id: str) -> dict[str, dict[str, float]]:
        """Return by part of the metric what each attribute of an item adds to what is expected of it, as a logarithm.

        `expected` is the sum of all attributes and of what its delivery says; `seen` is what its figures moved it by.
        Raises InputError for an item that is not there.
        """
        places = [place for place, each in enumerate(self.evidence.items) if each.id == item_id]
        if not places:
            raise InputError(f"There is no item {item_id!r} in this ranking.")
        (place,), found = places[:1], {}
        for part in self.parts:
            told = part.model.contributions([self.evidence.items[place].shown], part.folds[[place]])[0]
            names = (*part.model.columns.names, "usual")
            found[part.name] = dict(zip(names, told.tolist(), strict=True)) | {
                "delivery": float(part.delivery[place]),
                "expected": float(part.expected[place]),
                "seen": float(part.effects.item[place]),
            }
        return found


# By part of a metric, a model of what items show that was learnt before, and which of its folds has not seen each item.
Known = Mapping[str, tuple[CreativeModel, Ints]]


def rank(
    evidence: Evidence, *, within: Within = "all", draws: int = DRAWS, seed: int = 0, known: Known | None = None
) -> Ranking:
    """Return the items of the evidence, ranked among all or within each group that they are seen in.

    What is not `known` before of what items show is learnt from the evidence.
    """
    names: tuple[Part, ...] = ("rate", "value") if evidence.counted.has_worth else ("rate",)
    seen_by = {name: seen for name in names if (seen := seen_of(evidence, name)) is not None}
    parts = [_learnt(name, evidence, seen, seed, (known or {}).get(name)) for name, seen in seen_by.items()]
    draws = min(draws, max(_MOST_DRAWN // len(evidence.items), _LEAST_DRAWS))
    drawn = [part.effects.draws(draws, seed + number) for number, part in enumerate(parts)]
    groups = np.sum([of_groups for of_groups, _ in drawn], axis=0)
    index = np.sum([part.expected + of_items for part, (_, of_items) in zip(parts, drawn, strict=True)], axis=0)
    ranked = [each for name, rows in _pools(evidence, within) for each in _of_pool(evidence, name, rows, index, groups)]
    return Ranking(evidence, within, tuple(ranked), tuple(parts))


def seen_of(evidence: Evidence, part: Part) -> Seen | None:
    """Return what was seen of a part of a metric; None where it was nothing."""
    return _of_counts(evidence) if part == "rate" else _of_values(evidence)


def _of_counts(evidence: Evidence) -> Seen:
    # Counts that differ from day to day more than by chance tell as much as fewer that do not.
    scale = 1 / evidence.spread_of_days
    zeros = np.zeros(len(evidence.count))
    return Seen(evidence.group, evidence.item, evidence.count * scale, evidence.exposure * scale, zeros)


def _of_values(evidence: Evidence) -> Seen | None:
    """Return mean values of a result, as logarithms; None where no result has one."""
    told = (evidence.count > 0) & (evidence.revenue > 0)
    if not told.any():
        return None
    # Rows without a value keep their place, and weigh nothing.
    values = np.zeros(len(told))
    values[told] = np.log(evidence.revenue[told] / evidence.count[told])
    weights = np.where(told, evidence.count / VALUE_CV**2, 0.0)
    return Seen(evidence.group, evidence.item, values, weights, np.zeros(len(told)), "log")


def by_attributes(evidence: Evidence, seen: Seen, seed: int) -> tuple[CreativeModel, Ints]:
    """Return a model of what comes of what items show, and by item which of its folds has not seen it."""
    first = fit_effects(replace(seen, expected=_by_delivery(evidence, seen)[seen.item]))
    return fit_model([each.shown for each in evidence.items], *_alone(first, len(evidence.items)), seed)


def _learnt(
    name: str, evidence: Evidence, seen: Seen, seed: int, known: tuple[CreativeModel, Ints] | None = None
) -> Learnt:
    """Return what is expected of each item by its delivery and its attributes, and its effect beyond that."""
    items = [each.shown for each in evidence.items]
    delivery = _by_delivery(evidence, seen)
    first = fit_effects(replace(seen, expected=delivery[seen.item]))
    model, folds = known or fit_model(items, *_alone(first, len(items)), seed)
    expected = delivery + model.expected(items, folds)
    effects = fit_effects(replace(seen, expected=expected[seen.item])) if model.has_learnt else first
    return Learnt(name, model, folds, expected, effects, delivery)


def _by_delivery(evidence: Evidence, seen: Seen) -> Floats:
    """Return what each item's delivery says of it: what the platform shows more of has worked better, by as much.

    How much is learnt from how the counts of each group are split (a conditional Poisson regression; Newton's steps,
    with a normal distribution around nothing for what is believed before).
    """
    if evidence.delivery is None or seen.kind != "count":
        return np.zeros(len(evidence.items))
    told, slope = evidence.delivery, 0.0
    totals = np.bincount(seen.group, seen.value)
    for _ in range(_STEPS):
        weights = seen.weight * np.exp(slope * told)
        parts = weights / np.bincount(seen.group, weights)[seen.group]
        middle = np.bincount(seen.group, parts * told)
        # Items differ by themselves as well: counts beyond some dozens tell no more of the slope.
        kept = 1 / (1 + parts * totals[seen.group] * USUAL_SPREAD**2)
        pull = np.sum(kept * (seen.value - parts * totals[seen.group]) * (told - middle[seen.group]))
        curve = np.sum(kept * parts * totals[seen.group] * (told - middle[seen.group]) ** 2)
        step = (pull - slope / _USUAL_SLOPE**2) / (curve + 1 / _USUAL_SLOPE**2)
        slope += float(np.clip(step, -0.5, 0.5))
    shares = seen.weight / np.maximum(np.bincount(seen.item, seen.weight)[seen.item], 1e-300)
    found: Floats = slope * np.bincount(seen.item, shares * told, len(evidence.items)).astype(np.float64)
    return found


def _alone(found: Effects, items: int) -> tuple[Floats, Floats]:
    """Return each item's effect by its own figures, beside the groups that it is in, and how much that can tell."""
    seen = found.seen
    if seen.kind == "count":
        usual = np.bincount(seen.item, seen.weight * np.exp(seen.expected + found.group[seen.group]), items)
        count = np.bincount(seen.item, seen.value, items)
        effects, variance = np.log((count + 0.5) / (usual + 0.5)), 1 / (usual + 0.5)
    else:
        precision = np.bincount(seen.item, seen.weight, items)
        apart = np.bincount(seen.item, seen.weight * (seen.value - seen.expected - found.group[seen.group]), items)
        effects, variance = apart / np.maximum(precision, 1e-9), 1 / np.maximum(precision, 1e-9)
    return effects, 1 / (found.item_spread**2 + variance)


def _pools(evidence: Evidence, within: Within) -> list[tuple[str, Ints]]:
    """Return the rows of each pool, by the name of its group."""
    if within == "all":
        return [("", np.arange(len(evidence.item)))]
    return [
        (evidence.groups[group].name, np.flatnonzero(evidence.group == group)) for group in np.unique(evidence.group)
    ]


def _of_pool(evidence: Evidence, pool: str, rows: Ints, index: Floats, groups: Floats) -> list[Ranked]:
    items = np.unique(evidence.item[rows])
    own = index[:, items]
    best, shares = _best_and_shares(own, np.array([evidence.items[item].can_be_chosen for item in items]))
    behind = _behind(own)
    low, middle, high = np.quantile(np.exp(own), (0.1, 0.5, 0.9), axis=0)
    found = []
    order = rows[np.argsort(evidence.item[rows], kind="stable")]
    ends = np.searchsorted(evidence.item[order], items, side="right")
    for place, (item, mine) in enumerate(zip(items.tolist(), np.split(order, ends[:-1]), strict=True)):
        figures = evidence.exposure[mine]
        rate = np.average(np.exp(groups[:, evidence.group[mine]] + index[:, [item]]), axis=1, weights=figures)
        found.append(
            Ranked(
                id=evidence.items[item].id,
                name=evidence.items[item].name,
                pool=pool,
                count=float(evidence.count[mine].sum()),
                spend=float(evidence.spend[mine].sum()),
                seen=_as_seen(evidence, mine),
                expected=_as_metric(evidence, float(np.median(rate))),
                index=float(middle[place]),
                index_low=float(low[place]),
                index_high=float(high[place]),
                probability_best=float(best[place]),
                share=float(shares[place]),
                verdict=_verdict(len(items), float(best[place]), float(behind[place]))
                if evidence.items[item].can_be_chosen
                else "not_aimed",
            )
        )
    return sorted(found, key=lambda each: (-each.probability_best, -each.index, each.id))


def _best_and_shares(draws: Floats, can_be_chosen: Bools) -> tuple[Floats, Floats]:
    """Return how probable it is that each is the best of those that can be chosen, and its share; 0 for the others."""
    best, shares = np.zeros(len(can_be_chosen)), np.zeros(len(can_be_chosen))
    if can_be_chosen.any():
        places = np.flatnonzero(can_be_chosen)
        best[places] = np.bincount(draws[:, places].argmax(axis=1), minlength=len(places)) / len(draws)
        shares[places] = matched_shares(best[places])
    return best, shares


def _verdict(count: int, best: float, behind: float) -> Verdict:
    if count == 1:
        return "alone"
    return "best" if best >= LIKELY_BEST else "behind" if behind >= LIKELY_BEHIND else "cannot_tell"


def _behind(draws: Floats) -> Floats:
    """Return how probable it is that each is worse than the mean of the others."""
    if draws.shape[1] < 2:
        return np.zeros(draws.shape[1])
    others = (draws.sum(axis=1, keepdims=True) - draws) / (draws.shape[1] - 1)
    behind: Floats = (draws < others).mean(axis=0)
    return behind


def matched_shares(probabilities: Floats) -> Floats:
    """Return shares in proportion to the probability to be the best, none below a floor; they add up to 1.

    >>> matched_shares(np.array([0.5, 0.5, 0.0])).round(3).tolist()
    [0.475, 0.475, 0.05]
    """
    floor = min(MOST_FLOOR, 0.5 / max(len(probabilities), 1))
    shares: Floats = floor + (1 - len(probabilities) * floor) * probabilities
    return shares


def _as_seen(evidence: Evidence, rows: Ints) -> float | None:
    count, exposure = evidence.count[rows].sum(), evidence.exposure[rows].sum()
    gained = evidence.revenue[rows].sum() if evidence.counted.has_worth else count
    if evidence.counted.is_cost:
        return float(exposure / count) if count > 0 else None
    return float(gained / exposure) if exposure > 0 else None


def _as_metric(evidence: Evidence, rate: float) -> float:
    return 1 / rate if evidence.counted.is_cost else rate
