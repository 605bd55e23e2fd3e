"""What is forecast: many series over one calendar, with what is known of their future."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.windows import Bools, Floats, Ints

# The one covariate with a meaning of its own: a planned spend a day; 0 is paused. All others are flags or amounts.
BUDGET = "budget"


@dataclass(frozen=True)
class SeriesSet:
    """Series side by side: `values` (times, series), NaN where nothing is known; time t is `start + t * step_days`.

    `known` holds covariates (times + future, series) that are known ahead, such as `budget` (planned spend) and flags
    of promotions and holidays. Of one that was not known ahead, `assumed` (times + 1, series) holds what was taken at
    each time for all steps from it on. The newest `late` values are not known well enough to learn from, now and at any
    earlier origin. Series of one `segment` share weights and intervals; a young one borrows from those
    that are below the same of `parents`, most from those that share its `attributes`. `season` is how many steps a
    season has: 7 for days, 52 for weeks. `signed` says whether values may be below zero by what they are, as a profit
    may; unsaid, it is told by whether any is.
    """

    values: Floats
    names: tuple[str, ...]
    start: date
    step_days: int = 1
    season: int = 7
    segments: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    attributes: tuple[frozenset[str], ...] = ()
    known: Mapping[str, Floats] = field(default_factory=dict)
    assumed: Mapping[str, Floats] = field(default_factory=dict)
    late: int = 0
    signed: bool | None = None
    # What models that see the same series would otherwise work out twice; a changed set begins anew.
    memo: dict[tuple[str, int, int], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names):
            raise InputError(f"values are of {self.values.shape}; {len(self.names)} names want (times, series).")
        if np.isinf(self.values).any():
            raise InputError("A value is infinite. Leave what is not known as NaN.")
        for name in ("segments", "parents", "attributes"):
            if getattr(self, name) and len(getattr(self, name)) != len(self.names):
                raise InputError(f"There are {len(getattr(self, name))} {name} for {len(self.names)} series.")
        for name, values in self.known.items():
            if values.ndim != 2 or values.shape[1] != len(self.names) or values.shape[0] < self.times:
                raise InputError(f"The covariate {name!r} is of {values.shape}; give at least {self.values.shape}.")
            if not np.isfinite(values).all():
                raise InputError(f"The covariate {name!r} has values that are not known; leave it out, or fill them.")
        for name, values in self.assumed.items():
            if name not in self.known or values.shape != (self.times + 1, len(self.names)):
                raise InputError(
                    f"What was assumed of {name!r} is of {values.shape}; give one row more than values have."
                )

    @property
    def times(self) -> int:
        return int(self.values.shape[0])

    @property
    def count(self) -> int:
        return int(self.values.shape[1])

    @property
    def future(self) -> int:
        """How many steps ahead all covariates are known; without covariates as many as are asked for."""
        return min((len(each) for each in self.known.values()), default=10**6) - self.times

    @property
    def nonnegative(self) -> bool:
        """Whether no forecast may be below zero: one refund does not unbound a revenue."""
        if self.signed is not None:
            return not self.signed
        return not bool(np.nanmin(self.values, initial=0.0) < 0)

    def day(self, time: int) -> date:
        return self.start + timedelta(days=time * self.step_days)

    def days(self, first: int, count: int) -> Sequence[date]:
        return [self.day(first + step) for step in range(count)]

    def until(self, origin: int) -> "SeriesSet":
        """Return what was known at `origin`: values before it, and covariates as they were known or assumed then."""
        assumed = {name: values[: origin + 1] for name, values in self.assumed.items()}
        return replace(self, values=self.values[:origin], known=self.seen_from(origin).known, assumed=assumed)

    def seen_from(self, origin: int) -> "SeriesSet":
        """Return the series with covariates from `origin` on as they were assumed then."""
        if origin >= self.times or not self.assumed:
            return self
        known = dict(self.known)
        for name, values in self.assumed.items():
            known[name] = np.concatenate(
                [known[name][:origin], np.tile(values[origin], (len(known[name]) - origin, 1))]
            )
        return replace(self, known=known)

    def settled(self) -> "SeriesSet":
        """Return the series without the newest `late` values; what is assumed at a time is what was known by then."""
        if not self.late:
            return self
        kept = max(self.times - self.late, 0)
        assumed = {name: values[self.times - kept :] for name, values in self.assumed.items()}
        return replace(self, values=self.values[:kept], assumed=assumed, late=0)

    def latest(self, most: int) -> "SeriesSet":
        """Return the last `most` times, or a few less: a season stays where it is."""
        cut = max(0, self.times - most)
        cut += -cut % self.season
        if cut <= 0 or cut >= self.times:
            return self
        known = {name: values[cut:] for name, values in self.known.items()}
        assumed = {name: values[cut:] for name, values in self.assumed.items()}
        return replace(self, values=self.values[cut:], start=self.day(cut), known=known, assumed=assumed)

    def only(self, places: Sequence[int] | Ints) -> "SeriesSet":
        """Return the series at these places, in this order."""
        picked = np.asarray(places, dtype=np.int64)
        return replace(
            self,
            values=self.values[:, picked],
            names=tuple(self.names[place] for place in picked),
            segments=tuple(self.segments[place] for place in picked) if self.segments else (),
            parents=tuple(self.parents[place] for place in picked) if self.parents else (),
            attributes=tuple(self.attributes[place] for place in picked) if self.attributes else (),
            known={name: values[:, picked] for name, values in self.known.items()},
            assumed={name: values[:, picked] for name, values in self.assumed.items()},
        )

    def calendar(self, times: int) -> Ints:
        """Return the weekday (Monday is 0) of each time; steps of other lengths than a day have none: all 0."""
        if self.step_days != 1:
            return np.zeros(times, dtype=np.int64)
        return (np.arange(times) + self.start.weekday()) % 7

    def firsts(self) -> Ints:
        """Return the time of each series' first value that is known and not 0; the number of times where there is none.

        Before it, an object that spends from then on was not there.
        """
        begun: Bools = np.nan_to_num(self.values) != 0
        return np.where(begun.any(axis=0), begun.argmax(axis=0), self.times)


def scales(values: Floats) -> Floats:
    """Return how large each series usually is: its mean absolute value where known; 1 where that is 0 or unknown."""
    counted = np.maximum(np.isfinite(values).sum(axis=0), 1)
    mean = np.nansum(np.abs(values), axis=0) / counted
    return np.where(mean > 0, mean, 1.0)
