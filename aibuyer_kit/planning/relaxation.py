"""The concave question above a plan: prices of money, the split that they give, and a bound that no plan goes beyond.

Each arm's curve is replaced by the lowest concave one above it. Where curves are concave themselves, nothing is lost
and the split is the best there is. Otherwise an arm may come to lie between two spends of the same worth, on a straight
line that its own curve does not reach; of these there is at most one for each limit that binds (Shapley and Folkman).
"""

from dataclasses import dataclass

import numpy as np

from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.planning.kernels import Arms, Rows, Tree, ends_of, priced, taken, tightened, values_at

_ROUNDS = 3
_ABSURD = 1e6


@dataclass(frozen=True)
class Question:
    """Maximise what arms bring less `cost` for each unit of spend, within ranges and groups, in the tree's order."""

    arms: Arms
    tree: Tree
    low: Floats
    high: Floats
    cost: float
    guess: float = 1.0
    rows: Rows | None = None

    def worth(self, spend: Floats) -> float:
        """Return the objective of a split; -inf where an arm spends what it may not."""
        return float(values_at(self.arms, spend).sum() - self.cost * spend.sum())


@dataclass(frozen=True)
class Relaxed:
    """The answer to the concave question, in the tree's order; `bound` is on the objective of every plan."""

    spend: Floats
    bound: float
    prices: Floats  # by node: what the last unit of money is worth there
    sets: Ints  # the node whose limit sets the price of a node, -1 where it is the cost
    less: Floats  # by arm, the ends of the line that it lies on
    more: Floats
    lost: Floats  # by arm, how far its own curve lies below the line
    limits: Floats  # by node: the limit of its sum that is met, where it sets a price


def relaxed(question: Question, low: Floats, high: Floats, *, tight: bool = True) -> Relaxed | None:
    """Return the answer with arms within `low` and `high`, or None where limits leave nothing.

    `tight` first leaves out what other arms and groups leave of each range. The bound gets better; but what an arm then
    has to take for the sake of the total counts as a limit of its own, and the total has no price of its own.
    """
    narrow, wide = low.copy(), high.copy()
    for _ in range(_ROUNDS):
        if not ends_of(question.arms, narrow, wide) or not tightened(question.tree, narrow, wide)[0]:
            return None
    if not ends_of(question.arms, narrow, wide):
        return None
    if not tight:
        low, high = low.copy(), high.copy()
        ends_of(question.arms, low, high)
        found = _answer(question, low, high)
        # Where limits leave one split only, no price is too high for it.
        if np.isfinite(found.bound) and np.abs(found.prices).max() < _ABSURD * question.guess:
            return found
    return _answer(question, narrow, wide)


def _answer(question: Question, low: Floats, high: Floats) -> Relaxed:
    tree = question.tree
    prices, sets, is_most = priced(question.arms, tree, low, high, question.cost, question.guess)
    limits = np.where(is_most, tree.most, tree.least)
    less, less_value, more, more_value = taken(question.arms, tree, low, high, prices)
    spend = _filled(tree, sets, limits, less, more, high)
    share = np.divide(spend - less, more - less, out=np.zeros_like(less), where=more > less)
    line = less_value + np.clip(share, 0.0, 1.0) * (more_value - less_value)
    between = np.flatnonzero((share > 1e-9) & (share < 1.0 - 1e-9) & (more - less > 1e-9 * more))
    lost = np.zeros_like(spend)
    if len(between):
        lost[between] = np.maximum(line[between] - values_at(question.arms, spend)[between], 0.0)
    price = np.ascontiguousarray(prices[:, 1])
    bound = dual_value(question, price, sets, limits, less, less_value)
    return Relaxed(spend, bound, price, sets, less, more, lost, limits)


def dual_value(question: Question, prices: Floats, sets: Ints, limits: Floats, spend: Floats, value: Floats) -> float:
    """Return the dual's value: what arms make of these prices, and what the limits are worth at them."""
    tree = question.tree
    total = float((value - (prices[tree.node_of] + question.arms.extra) * spend).sum())
    for node in np.flatnonzero(sets == np.arange(len(sets))).tolist():
        above = prices[tree.parent[node]] if node else question.cost
        total += float((prices[node] - above) * limits[node])
    return total


def _filled(tree: Tree, sets: Ints, limits: Floats, less: Floats, more: Floats, high: Floats) -> Floats:
    """Return the split in which every limit that sets a price is met: arms between two spends take what is left."""
    spend = less.copy()
    for node in range(len(sets) - 1, -1, -1):
        if sets[node] != node:
            continue
        inside = np.arange(int(tree.arm_first[node]), int(tree.arm_end[tree.end[node] - 1]))
        own = inside[sets[tree.node_of[inside]] == node]
        if not len(own):  # groups below it take all of it
            continue
        missing = limits[node] - float(spend[inside].sum())
        room = more[own] - less[own]
        before = np.concatenate([[0.0], np.cumsum(room)[:-1]])
        spend[own] += np.clip(missing - before, 0.0, room)
        # What rounding has left over goes where there is most room for it.
        rest = limits[node] - float(spend[inside].sum())
        place = own[int(np.argmax(high[own] - spend[own] if rest > 0.0 else spend[own]))]
        spend[place] = min(max(spend[place] + rest, 0.0), high[place])
    return spend
