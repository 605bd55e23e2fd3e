"""The best split that is found, and a bound on all: the concave question, mended, and split up where it gapes."""

import heapq
from dataclasses import dataclass
from itertools import count

import numpy as np

from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.planning.kernels import concave_around
from aibuyer_kit.planning.relaxation import Question, Relaxed, relaxed

# A gap by this share of what the plan brings is closed.
CLOSED = 1e-7
# How often the question is split up, by its size: what is large has next to no gap to begin with.
_WORK = 40_000
_MOST_PARTS = 400


@dataclass(frozen=True)
class Found:
    """The best split, in the tree's order; `bound` is on the objective of any, `root` is the concave question."""

    spend: Floats
    worth: float
    bound: float
    root: Relaxed
    parts: int


def not_below(bound: float, worth: float) -> float:
    """Return a bound, no lower than what was found where only rounding lies between them: beyond that it is none."""
    return worth if 0.0 < worth - bound <= CLOSED * max(abs(worth), 1.0) else bound


def best_split(question: Question) -> Found | None:
    """Return the best split of a question and a bound, or None where none was found."""
    root = relaxed(question, question.low, question.high, tight=False)
    if root is None:
        return None
    spend, worth = _best(question, root, question.low, question.high)
    bound, parts = root.bound, 1
    most = min(_MOST_PARTS, _WORK // max(1, len(question.low)))
    if _open(worth, bound):
        spend, worth, bound, parts = _split_up(question, root, (spend, worth), most)
    return None if spend is None else Found(spend, worth, not_below(bound, worth), root, parts)


def _open(worth: float, bound: float) -> bool:
    return not bound - worth <= CLOSED * max(abs(bound), 1e-12)


def _split_up(
    question: Question, root: Relaxed, best: tuple[Floats | None, float], most: int
) -> tuple[Floats | None, float, float, int]:
    """Halve the ranges of arms that gape, the part with the highest bound first (branch and bound)."""
    spend, worth = best
    number = count()
    waiting = [(-root.bound, next(number), root, question.low, question.high)]
    closed = -np.inf  # the highest bound of a part that cannot be split any more
    parts = 1
    while waiting and parts < most and _open(worth, max(-waiting[0][0], closed)):
        bound, _, at, low, high = heapq.heappop(waiting)
        arm = int(np.argmax(at.lost))
        if at.lost[arm] <= 0.0:
            closed = max(closed, -bound)
            continue
        for low_of, high_of in _halves(question, at, arm, low, high):
            parts += 1
            part = relaxed(question, low_of, high_of)
            if part is None or part.bound <= worth:
                continue
            found, gain = _best(question, part, low_of, high_of)
            if found is not None and gain > worth:
                spend, worth = found, gain
            # A part is no better than what it is a part of, whatever rounding says.
            heapq.heappush(waiting, (max(-part.bound, bound), next(number), part, low_of, high_of))
    return spend, worth, max([worth, closed, *(-part[0] for part in waiting[:1])]), parts


def _halves(question: Question, at: Relaxed, arm: int, low: Floats, high: Floats) -> list[tuple[Floats, Floats]]:
    """Return the two ranges left and right of where an arm lies; between two pieces nothing is lost."""
    arms, spend = question.arms, float(at.spend[arm])
    own = slice(int(arms.first[arm]), int(arms.first[arm + 1]))
    begin, stop = arms.piece_from[own], arms.piece_to[own]
    if not ((begin <= spend) & (spend <= stop)).any():
        left, right = float(stop[stop < spend].max()), float(begin[begin > spend].min())
    else:
        left = right = spend
    lower, upper = high.copy(), low.copy()
    lower[arm], upper[arm] = left, right
    return [(low, lower), (upper, high)]


def _best(question: Question, at: Relaxed, low: Floats, high: Floats) -> tuple[Floats | None, float]:
    """Return the best split near the answer to a concave question: arms between two spends go to either of them."""
    between = np.flatnonzero(at.lost > 0.0)
    if not len(between):
        return at.spend, question.worth(at.spend)
    best: Floats | None = None
    worth = -np.inf
    for chosen in _choices(at, between):
        begin, stop = concave_around(question.arms, chosen, low, high)
        mended = relaxed(question, begin, stop)
        for spend in [mended.spend] if mended else []:
            if (gain := question.worth(spend)) > worth:
                best, worth = spend, gain
    if (gain := question.worth(at.spend)) > worth:
        best, worth = at.spend, gain
    return best, worth


def _choices(at: Relaxed, between: Ints) -> list[Floats]:
    """Return splits in which arms between two spends take the lower, the upper, or the nearer one."""
    found = []
    nearer = np.where(2.0 * at.spend > at.less + at.more, at.more, at.less)
    for ends in (at.less, at.more, nearer):
        chosen = at.spend.copy()
        chosen[between] = ends[between]
        found.append(chosen)
    return found if len(between) > 1 else found[:2]
