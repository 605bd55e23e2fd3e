"""Sums over windows of days: whole numbers by day and object in memory, any window of days in one subtraction.

Arrays in, sums out, nothing else: `Days.of_rows` takes columns as a table has them (100,000 objects over 30 days are
3,000,000 rows), `Days.sums` any window of them. A day without a row counts as nothing; a value that is missing in a row
makes every sum over its day unknown. Sums are exact: integers of 64 bits throughout.

>>> days = Days.of_rows([0, 0, 1], [0, 2, 1], {"spend": ([5, 7, 9], None)}, objects=2, days=3)
>>> days.sums("spend", 0, 1).values.tolist(), days.sums("spend", 1, 2).values.tolist()
([5, 9], [7, 9])
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
# The values of a measure, and which of them are known; None: all are.
Values = tuple[ArrayLike, ArrayLike | None]


@dataclass(frozen=True)
class Sums:
    """One sum per object; where it is not `known` its value says nothing. `known` is None where all are."""

    values: Ints
    known: Bools | None = None

    def floats(self) -> Floats:
        """Return the sums as rules read them: NaN where one is not known."""
        found = self.values.astype(np.float64)
        if self.known is not None:
            found[~self.known] = np.nan
        return found

    def grouped(self, groups: Ints, count: int) -> "Sums":
        """Return the sums of groups of objects, such as campaigns; of one with an unknown part nothing is known.

        Objects whose group is negative belong to none.
        """
        inside = groups >= 0
        values = np.zeros(count, dtype=np.int64)
        np.add.at(values, groups[inside], self.values[inside])
        if self.known is None:
            return Sums(values)
        unknown = np.bincount(groups[inside & ~self.known], minlength=count)
        return Sums(values, unknown == 0)


class _Measure:
    """One measure by day and object, with its running sums, which are made when they are asked for."""

    def __init__(self, values: Ints, unknown: Bools | None) -> None:
        self.values, self.unknown = values, unknown

    def sums(self, first: int, last: int) -> Sums:
        values = self._running[last + 1] - self._running[first]
        if self.unknown is None:
            return Sums(values)
        return Sums(values, self._running_unknown[last + 1] == self._running_unknown[first])

    @cached_property
    def _running(self) -> Ints:
        """The sums of all days before each, and before the end."""
        return _running(self.values, np.zeros((len(self.values) + 1, self.values.shape[1]), dtype=np.int64))

    @cached_property
    def _running_unknown(self) -> NDArray[np.int32]:
        """On how many of these days the value is missing."""
        missing = np.zeros(self.values.shape, np.bool_) if self.unknown is None else self.unknown
        return _running(missing, np.zeros((len(missing) + 1, missing.shape[1]), dtype=np.int32))


def _running(values: NDArray[Any], out: NDArray[Any]) -> NDArray[Any]:
    np.cumsum(values, axis=0, dtype=out.dtype, out=out[1:])
    return out


class Days:
    """Measures by day (0 is the first) and object (0 to `objects` - 1)."""

    def __init__(self, measures: Mapping[str, _Measure], has_row: Bools) -> None:
        self._measures = measures
        self._has_row = has_row
        self._rows: _Measure | None = None

    @classmethod
    def of_rows(
        cls, objects_of: ArrayLike, days_of: ArrayLike, measures: Mapping[str, Values], *, objects: int, days: int
    ) -> "Days":
        """Return the measures of rows, each about one object and day; several about the same are added up."""
        place = np.asarray(days_of, dtype=np.int64) * objects + np.asarray(objects_of, dtype=np.int64)
        has_row = np.zeros(days * objects, dtype=np.bool_)
        has_row[place] = True
        is_unique = len(place) <= has_row.size and int(np.count_nonzero(has_row)) == len(place)
        found = {
            name: _measure(place, *values, shape=(days, objects), is_unique=is_unique)
            for name, values in measures.items()
        }
        return cls(found, has_row.reshape(days, objects))

    @property
    def objects(self) -> int:
        return int(self._has_row.shape[1])

    @property
    def slots(self) -> int:
        """The number of days."""
        return int(self._has_row.shape[0])

    def sums(self, name: str, first: int, last: int) -> Sums:
        """Return the sums of a measure from day `first` to day `last`, both included; of no days they are zero."""
        return self._measures[name].sums(first, last) if last >= first else Sums(np.zeros(self.objects, np.int64))

    def rows(self, first: int, last: int) -> Ints:
        """Return on how many of these days each object has a row."""
        if last < first:
            return np.zeros(self.objects, np.int64)
        if self._rows is None:
            self._rows = _Measure(self._has_row.astype(np.int64), None)
        return self._rows.sums(first, last).values

    def ripe(self, name: str, first: int, last: int, shares: Floats, groups: Ints) -> Floats:
        """Return sums of what each day will have come to: its value divided by the share that is known of it by now.

        `shares` has one row a day and one column a group; each object's group is in `groups`. A share that is NaN makes
        every sum over such a row unknown. Days are added one by one, in their order.
        """
        return self._day_by_day(name, first, last, shares, groups, np.divide)

    def weighed(self, name: str, first: int, last: int, shares: Floats, groups: Ints) -> Floats:
        """Return sums of each day's value times its share; unknown as in `ripe`."""
        return self._day_by_day(name, first, last, shares, groups, np.multiply)

    def _day_by_day(self, name: str, first: int, last: int, shares: Floats, groups: Ints, how: np.ufunc) -> Floats:
        measure, total = self._measures[name], np.zeros(self.objects)
        for day in range(first, last + 1):
            part = how(measure.values[day], shares[day][groups])
            if measure.unknown is not None:
                part[measure.unknown[day]] = np.nan
            total += np.where(self._has_row[day], part, 0.0)
        return total


def _measure(
    place: Ints, values: ArrayLike, known: ArrayLike | None, *, shape: tuple[int, int], is_unique: bool
) -> _Measure:
    found = np.zeros(shape[0] * shape[1], dtype=np.int64)
    numbers = np.asarray(values, dtype=np.int64)
    missing = None if known is None else ~np.asarray(known, dtype=np.bool_)
    if missing is not None and not missing.any():
        missing = None
    if missing is not None:
        numbers = np.where(missing, 0, numbers)
    if is_unique:
        found[place] = numbers
    else:
        np.add.at(found, place, numbers)
    if missing is None:
        return _Measure(found.reshape(shape), None)
    unknown = np.zeros(len(found), dtype=np.bool_)
    unknown[place[missing]] = True
    return _Measure(found.reshape(shape), unknown.reshape(shape))
