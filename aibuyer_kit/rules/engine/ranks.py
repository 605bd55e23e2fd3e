"""Ranks of a whole column at once: who is among the first few of each group, as a verdict for each row."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.core.compiled import compiled
from aibuyer_kit.rules.conditions import Ranked
from aibuyer_kit.rules.engine.kernels import FALSE, TRUE, UNKNOWN, Bytes, Floats
from aibuyer_kit.rules.table import Codes


@dataclass(frozen=True)
class Groups:
    """Rows by group: `order` has the rows of each group together, from `starts[g]` to `starts[g + 1]`.

    `unknown` are rows of which nobody knows the group; each is alone in one.
    """

    codes: Codes
    order: Codes
    starts: Codes
    unknown: NDArray[np.bool_]

    def rows(self, group: int) -> Codes:
        """Return the rows of one group."""
        return self.order[self.starts[group] : self.starts[group + 1]]


def groups_of(codes: Codes, unknown: NDArray[np.bool_]) -> Groups:
    """Return rows by the number of their group."""
    order = np.argsort(codes, kind="stable").astype(np.int64)
    count = int(codes.max()) + 1 if len(codes) else 0
    return Groups(codes, order, np.searchsorted(codes[order], np.arange(count + 1)).astype(np.int64), unknown)


def place_all(ranked: Ranked, is_in: bool, values: Floats, in_scope: Bytes | None, groups: Groups, out: Bytes) -> None:
    """Write the verdict of every row of `groups` to `out`; `in_scope` tells who are peers, None that all are."""
    takes_part = np.isfinite(values) & ~groups.unknown
    if in_scope is not None:
        takes_part &= in_scope == TRUE
    share = ranked.share
    percent = 0 if isinstance(share, int) else int(share[:-1])
    places = share if isinstance(share, int) else 0
    signed = values if ranked.top is not None else -values
    zeros_take_part = ranked.zeros == "in"
    told = (TRUE, FALSE, UNKNOWN) if is_in else (FALSE, TRUE, UNKNOWN)
    _place(groups.order, groups.starts, signed, takes_part, zeros_take_part, places, percent, told, out)


@compiled
def _place(
    order: Codes,
    starts: Codes,
    values: Floats,
    takes_part: NDArray[np.bool_],
    zeros_take_part: bool,
    places: int,
    percent: int,
    told: tuple[int, int, int],
    out: Bytes,
) -> None:
    """Find the last value of each group that has a place; whoever is not below it is inside.

    `told` are the verdicts inside, outside, and where it is not known.
    """
    for group in range(len(starts) - 1):
        rows = order[starts[group] : starts[group + 1]]
        peers = np.empty(len(rows), dtype=np.float64)
        count = 0
        for row in rows:
            if takes_part[row] and (zeros_take_part or values[row] != 0):
                peers[count] = values[row]
                count += 1
        counted = places if percent == 0 else max(1, count * percent // 100)
        last = -np.inf
        if counted < count:
            last = _smallest(peers, count, count - counted)
        for row in rows:
            value = values[row]
            inside = (zeros_take_part or value != 0) and value >= last
            out[row] = told[2] if not takes_part[row] else (told[0] if inside else told[1])


@compiled
def _smallest(values: Floats, count: int, place: int) -> float:
    """Return the value that would stand at `place` if the first `count` were sorted (Hoare's selection)."""
    low, high = 0, count - 1
    while low < high:
        pivot = values[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while pivot < values[right]:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if place <= right:
            high = right
        elif place >= left:
            low = left
        else:
            return float(values[place])
    return float(values[place])
