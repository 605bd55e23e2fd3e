"""Effects of items (creatives, segments) and of the groups that they are seen in (ad sets), held back by what is usual.

Counts are Poisson around ``exposure * exp(expected + group + item)``, logarithms of mean values are normal around
``expected + group + item``. Groups and items are normal themselves, with spreads that are learnt from all of them
(empirical Bayes: a mixed model by Laplace's approximation; Breslow and Clayton 1993, Approximate inference in
generalized linear mixed models, JASA 88). Much evidence speaks for itself, little is drawn to what is expected.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse.csgraph import connected_components

from aibuyer_kit.features.windows import Floats, Ints

# What is believed of the spread of items before any are seen, and how many items that weighs: so that it does not
# come out as nothing where few are seen.
USUAL_SPREAD, USUAL_WEIGHS = 0.3, 3.0
# Of that spread, what is expected of items before explains a part; so much is left at least.
_LEFT_SPREAD = 0.1
_GROUP_SPREAD, _LEAST_SPREAD = 1.0, 0.02
_ROUNDS, _STEPS, _LONGEST_STEP, _ENOUGH = 40, 30, 2.0, 1e-6


@dataclass(frozen=True)
class Seen:
    """What was seen, one row per item in a group: the places of both, a count or a value, and what it weighs.

    Of counts, `weight` is their exposure; of logarithms of mean values their precision. `expected` is what is expected
    of the item before, as a logarithm.
    """

    group: Ints
    item: Ints
    value: Floats
    weight: Floats
    expected: Floats
    kind: Literal["count", "log"] = "count"

    @property
    def sizes(self) -> tuple[int, int]:
        return (int(self.group.max()) + 1, int(self.item.max()) + 1) if len(self.group) else (0, 0)


@dataclass(frozen=True)
class Effects:
    """The most probable effects, as logarithms: of groups around `level`, of items around 0.

    `curve` are the precisions that the rows add where the effects are most probable.
    """

    seen: Seen
    level: float
    group: Floats
    item: Floats
    group_spread: float
    item_spread: float
    curve: Floats

    def draws(self, count: int, seed: int) -> tuple[Floats, Floats]:
        """Return draws of the effects of groups and of items: (count, groups) and (count, items)."""
        random = np.random.default_rng(seed)
        system = _System(self.seen, self.curve, self.group_spread, self.item_spread)
        group, item = system.drawn(
            random.standard_normal((count, len(self.group))), random.standard_normal((count, len(self.item)))
        )
        return self.group + group, self.item + item


def fit_effects(seen: Seen) -> Effects:
    """Return the effects with the spreads under which what was seen is most probable (expectation maximisation)."""
    groups, items = seen.sizes
    found = _start(seen, groups, items)
    explained = np.var(np.bincount(seen.item, seen.expected, items) / np.bincount(seen.item, minlength=items))
    told = USUAL_WEIGHS * max(USUAL_SPREAD**2 - float(explained), _LEFT_SPREAD**2)
    for _ in range(_ROUNDS):
        found, group_variance, item_variance = _settled(found)
        spreads = found.group_spread, found.item_spread
        found = replace(
            found,
            level=float(np.mean(found.group)),
            group_spread=_spread(found.group - np.mean(found.group), group_variance, _GROUP_SPREAD**2, 1.0),
            item_spread=_spread(found.item, item_variance, told, USUAL_WEIGHS),
        )
        if np.allclose(spreads, (found.group_spread, found.item_spread), rtol=1e-3):
            break
    return _settled(found)[0]


def _spread(effects: Floats, variances: Floats, told: float, weighs: float) -> float:
    variance = (float(np.sum(effects**2 + variances)) + told) / (len(effects) + weighs)
    return max(float(np.sqrt(variance)), _LEAST_SPREAD)


def _start(seen: Seen, groups: int, items: int) -> Effects:
    if seen.kind == "count":
        total = float(np.sum(seen.weight * np.exp(seen.expected)))
        level = float(np.log((np.sum(seen.value) + 0.5) / max(total, 1e-300)))
    else:
        level = float(np.average(seen.value - seen.expected, weights=seen.weight))
    zeros = np.zeros(len(seen.value))
    return Effects(seen, level, np.full(groups, level), np.zeros(items), _GROUP_SPREAD, USUAL_SPREAD, zeros)


def _settled(found: Effects) -> tuple[Effects, Floats, Floats]:
    """Return the most probable effects at the spreads so far, by Newton's steps, and the variances of both kinds."""
    seen, group, item = found.seen, found.group, found.item
    for _ in range(_STEPS):
        pull, curve = _pull(seen, group, item)
        system = _System(seen, curve, found.group_spread, found.item_spread)
        of_group = np.bincount(seen.group, pull, len(group)) - (group - found.level) / found.group_spread**2
        of_item = np.bincount(seen.item, pull, len(item)) - item / found.item_spread**2
        group_step, item_step = system.solve(of_group, of_item)
        longest = max(float(np.abs(group_step).max(initial=0)), float(np.abs(item_step).max(initial=0)))
        part = min(1.0, _LONGEST_STEP / max(longest, 1e-12))
        group, item = group + part * group_step, item + part * item_step
        if longest < _ENOUGH:
            break
    curve = _pull(seen, group, item)[1]
    system = _System(seen, curve, found.group_spread, found.item_spread)
    group_variance, item_variance = system.variances()
    return replace(found, group=group, item=item, curve=curve), group_variance, item_variance


def _pull(seen: Seen, group: Floats, item: Floats) -> tuple[Floats, Floats]:
    """Return by how much each row pulls at its effects, and how much harder if they move away."""
    told = seen.expected + group[seen.group] + item[seen.item]
    if seen.kind == "log":
        return seen.weight * (seen.value - told), seen.weight
    mean = seen.weight * np.exp(np.minimum(told, 700.0))
    return seen.value - mean, mean


class _System:
    """The precisions of all effects: diagonal among groups and among items, and one entry between them per row.

    The side with fewer effects is solved for first, with the other one following it.
    """

    def __init__(self, seen: Seen, curve: Floats, group_spread: float, item_spread: float) -> None:
        groups, items = seen.sizes
        of_groups = np.bincount(seen.group, curve, groups) + group_spread**-2
        of_items = np.bincount(seen.item, curve, items) + item_spread**-2
        between = sparse.csr_matrix((curve, (seen.group, seen.item)), shape=(groups, items))
        self._swapped = items < groups
        self._first, self._then = (of_items, of_groups) if self._swapped else (of_groups, of_items)
        self._between = between.T.tocsr() if self._swapped else between
        self._following = self._between @ sparse.diags(1 / self._then)
        self._parts = _parts((sparse.diags(self._first) - self._following @ self._between.T).tocsr())

    def solve(self, of_group: Floats, of_item: Floats) -> tuple[Floats, Floats]:
        first, then = self._turned(of_group, of_item)
        right = first - self._following @ then
        found = np.zeros_like(right)
        for places, root in self._parts:
            found[places] = right[places] / root**2 if root.ndim == 1 else linalg.cho_solve((root, True), right[places])
        return self._turned(found, (then - self._between.T @ found) / self._then)

    def drawn(self, of_groups: Floats, of_items: Floats) -> tuple[Floats, Floats]:
        """Return normal numbers, a row per draw, turned into differences from what is most probable."""
        first, then = self._turned(of_groups, of_items)
        found = np.zeros_like(first)
        for places, root in self._parts:
            own = first[:, places]
            found[:, places] = own / root if root.ndim == 1 else linalg.solve_triangular(root.T, own.T).T
        return self._turned(found, then / np.sqrt(self._then) - (self._following.T @ found.T).T)

    def variances(self) -> tuple[Floats, Floats]:
        first, more = np.zeros(len(self._first)), np.zeros(len(self._then))
        for places, root in self._parts:
            following = self._following[places]
            if root.ndim == 1:
                first[places] = root**-2
                more += following.power(2).T @ first[places]
            else:
                half = linalg.solve_triangular(root, np.eye(len(places)), lower=True)
                first[places] = np.square(half).sum(axis=0)
                more += np.square(half @ following).sum(axis=0)
        return self._turned(first, 1 / self._then + more)

    def _turned(self, one: Floats, other: Floats) -> tuple[Floats, Floats]:
        return (other, one) if self._swapped else (one, other)


def _parts(left: sparse.csr_matrix) -> list[tuple[Ints, Floats]]:
    """Return the roots of parts that nothing connects: of single effects at once, of others one by one."""
    _, labels = connected_components(left, directed=False)
    sizes = np.bincount(labels)
    single: NDArray[np.int64] = np.flatnonzero(sizes[labels] == 1)
    parts = [(single, np.sqrt(left.diagonal()[single]))]
    for label in np.flatnonzero(sizes > 1):
        places = np.flatnonzero(labels == label)
        parts.append((places, linalg.cholesky(left[places][:, places].toarray(), lower=True)))
    return parts
