"""Figures of many ads and days at once: columns of whole numbers, and of floats where the market's truth is exact."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def as_ints(numbers: object) -> Ints:
    return np.asarray(numbers, dtype=np.int64)


def as_floats(numbers: object) -> Floats:
    return np.asarray(numbers, dtype=np.float64)


def starts_of_runs(*keys: Ints) -> Ints:
    """Return where a new combination of keys begins; equal ones lie together.

    >>> starts_of_runs(as_ints([4, 4, 7, 7, 7]), as_ints([1, 1, 1, 2, 2])).tolist()
    [0, 2, 3]
    """
    changes = np.zeros(max(0, len(keys[0]) - 1), dtype=np.bool_)
    for key in keys:
        changes |= key[1:] != key[:-1]
    first = as_ints([0] if len(keys[0]) else [])
    return np.concatenate([first, np.flatnonzero(changes) + 1])


class Groups:
    """Rows that belong to one of `count` groups each; a group may have none."""

    def __init__(self, of: Ints, count: int) -> None:
        self.of = of
        self.count = count

    @cached_property
    def _order(self) -> Ints:
        return np.argsort(self.of, kind="stable")

    @cached_property
    def _present(self) -> Ints:
        return np.flatnonzero(np.bincount(self.of, minlength=self.count))

    @cached_property
    def _starts(self) -> Ints:
        return np.searchsorted(self.of[self._order], self._present)

    def sums(self, rows: Floats) -> Floats:
        """Return the sum of each group's rows; further axes stay.

        >>> Groups(as_ints([2, 0, 2]), 3).sums(as_floats([1, 2, 4])).tolist()
        [2.0, 0.0, 5.0]
        """
        total: Floats = np.zeros((self.count, *rows.shape[1:]))
        if len(rows):
            total[self._present] = np.add.reduceat(rows[self._order], self._starts, axis=0)
        return total
