"""The spends that an arm may take, as pieces: nothing or enough, and changes that cost a reset of learning."""

from typing import NamedTuple

import numpy as np

from aibuyer_kit.features.windows import Floats, Ints


class Pieces(NamedTuple):
    """Pieces of spend by arm: those of arm `i` are `first[i]` to `first[i + 1]`, each with a fixed cost a day."""

    first: Ints
    begin: Floats
    stop: Floats
    cost: Floats


def pieces_of(low: Floats, high: Floats, may_stop: Floats, free: tuple[Floats, Floats], cost: float) -> Pieces:
    """Return what arms may take: low to high, or 0 where they may stop; outside `free` it costs `cost` a day."""
    count = len(low)
    if cost <= 0.0:
        parts = [_part(np.arange(count), low, high, 0.0)]
    else:
        begin, stop = (np.clip(each, low, high) for each in free)
        parts = [_part(np.arange(count), low, begin, cost), _part(np.arange(count), stop, high, cost)]
        is_free = (free[0] <= high) & (free[1] >= low)
        parts.append(_part(np.flatnonzero(is_free), begin[is_free], stop[is_free], 0.0))
    stops = np.flatnonzero(may_stop.astype(bool) & (low > 0.0))
    nothing = np.zeros(len(stops))
    parts.append(_part(stops, nothing, nothing, np.where(free[0][stops] > 0.0, cost, 0.0)))
    arm, begin, stop, costs = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.lexsort((begin, arm))
    first = np.searchsorted(arm[order], np.arange(count + 1))
    return Pieces(first.astype(np.int64), begin[order], stop[order], costs[order])


def _part(arm: Ints, begin: Floats, stop: Floats, cost: Floats | float) -> tuple[Ints, Floats, Floats, Floats]:
    return arm, begin, stop, np.broadcast_to(np.asarray(cost, np.float64), begin.shape).copy()
