"""What was known of each day at each age, which share of the end that is, and what days will therefore come to.

From the newest days of the past come the shares known at each age (chain ladder; Mack 1993). What is to come of a day
is then told by what is known of it (known / share), the more the larger the share, and else by what its spend usually
brings (between chain ladder and Bornhuetter-Ferguson, as Benktander 1976; by the root of the share, which erred least).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.maturity import Observation
from aibuyer_kit.features.windows import Bools, Floats, Ints

MATURE_DAYS = 28
_LEARNT_DAYS = 56
# A reading further from the usual hour of its age tells nothing of how days grow from age to age.
_USUAL_HOUR_WITHIN = 0.1


@dataclass(frozen=True)
class Triangle:
    """What was known of each day at each age: `known` (days, ages), NaN where it was not seen, from day `since` on.

    `newest_age` is the age of the last day now: 1 if it was yesterday. `exposure` (days,) is what results come from,
    such as spend; without it days are taken to be alike. `aged` (days, ages) is how old days were when they were read,
    to the hour; without it, reads were at the end of days. `unit` is what one result is worth where an amount is
    counted, None for counts.
    """

    since: date
    known: Floats
    newest_age: int
    exposure: Floats | None = None
    aged: Floats | None = None
    unit: float | None = None

    def __post_init__(self) -> None:
        if self.known.ndim != 2 or (self.exposure is not None and len(self.exposure) != len(self.known)):
            raise InputError("A triangle is (days, ages), with one exposure a day.")

    @property
    def days(self) -> int:
        return len(self.known)


def triangle_of(
    observations: Iterable[Observation],
    days: DateRange,
    today: date,
    spend: Sequence[float] | None = None,
    unit: float | None = None,
) -> Triangle:
    """Return the triangle of what was seen of `days`, the last of which is over."""
    shape = len(days), MATURE_DAYS + 1
    known, aged = np.full(shape, np.nan), np.full(shape, np.nan)
    for each in observations:
        if each.day in days and 0 <= each.age_days <= MATURE_DAYS:
            at = (each.day - days.since).days, each.age_days
            known[at] = each.total
            aged[at] = each.age_days + 1.0 if each.aged_days is None else each.aged_days
    exposure = None if spend is None else np.asarray(spend, dtype=np.float64)
    newest_age = (today - days.until).days
    known, aged = (carried(each, newest_age) for each in (known, aged))
    return Triangle(days.since, known, newest_age, exposure, aged, unit)


@dataclass(frozen=True)
class Block:
    """Triangles of objects that are read together: `known` (days, ages, objects), `exposure` (days, objects).

    `hour` (ages,) is how old days usually are when they are read last at each age.
    """

    known: Floats
    exposure: Floats
    aged: Floats
    hour: Floats
    newest_age: int
    unit: float | None

    @property
    def days(self) -> int:
        return len(self.known)

    def ages(self, days: Ints, moment: int) -> Ints:
        """Return the ages of days when day `moment` was the newest that was over."""
        found: Ints = np.minimum(self.newest_age + moment - days, self.known.shape[1] - 1)
        return found

    def shares(self, moment: int) -> Floats | None:
        """Return the share known at each age, from the cells that were known at a moment; None where none tell."""
        whole = self.known.sum(axis=2)
        found = self._grown(np.where(self._off_hour(moment), np.nan, whole), moment)
        return self._grown(whole, moment) if found is None else found

    def share_of(self, days: Ints, moment: int, shares: Floats) -> Floats:
        """Return the share known of days at a moment, at the very age at which each was read."""
        at = self.aged[days, self.ages(days, moment)]
        hours, known = np.append(0.0, self.hour), np.append(0.0, shares)
        return np.asarray(np.interp(np.nan_to_num(at), hours, known))

    def _off_hour(self, moment: int) -> Bools:
        """Return (days, ages) which newest readings were at an hour at which that age is not usually read last."""
        days = np.arange(moment + 1)
        ages = self.ages(days, moment)
        found = np.zeros(self.aged.shape, dtype=np.bool_)
        found[days, ages] = np.abs(self.aged[days, ages] - self.hour[ages]) > _USUAL_HOUR_WITHIN
        found[:, -1] = False
        return found

    def _grown(self, whole: Floats, moment: int) -> Floats | None:
        shares, told = np.ones(whole.shape[1]), False
        for age in reversed(range(len(shares) - 1)):
            # A day is of age `newest_age` when it is the newest one.
            last = moment - max(0, age + 1 - self.newest_age)
            first = max(0, last - _LEARNT_DAYS + 1)
            before, after = whole[first : last + 1, age], whole[first : last + 1, age + 1]
            both = np.isfinite(before) & np.isfinite(after)
            base = before[both].sum()
            growth = after[both].sum() / base if base > 0 else np.nan
            told = told or bool(np.isfinite(growth))
            shares[age] = shares[age + 1] / growth if np.isfinite(growth) and growth > 0 else shares[age + 1]
        return np.clip(shares, 0.02, 2.0) if told else None


@dataclass(frozen=True)
class Estimate:
    """Of a window of days at a moment, what was known and what was still to come (days, objects), and which share was
    known of each day (days,); NaN was known of as 0."""

    days: Ints
    known: Floats
    to_come: Floats
    share: Floats


def block_of(parts: Sequence[Triangle]) -> Block:
    """Return triangles of the same days side by side."""
    known = np.stack([each.known for each in parts], axis=2)
    days, ages = known.shape[:2]
    exposure = np.stack(
        [np.ones(days) if each.exposure is None else np.nan_to_num(each.exposure) for each in parts], axis=1
    )
    aged = parts[0].aged
    if aged is None:
        aged = np.where(np.isfinite(known).any(axis=2), np.arange(ages) + 1.0, np.nan)
    return Block(known, exposure, aged, _hours(aged), parts[0].newest_age, parts[0].unit)


def estimated(block: Block, moment: int, window: int, shares: Floats) -> Estimate:
    """Return what was to be said of the last `window` days when day `moment` was the newest."""
    since = max(0, moment - max(window, MATURE_DAYS) + 1)
    days = np.arange(since, moment + 1)
    known = block.known[days, block.ages(days, moment)]
    share = block.share_of(days, moment, shares)
    exposure, seen = block.exposure[days], np.isfinite(known)
    ladder = np.where(seen, known, 0.0)
    by_exposure = _rate(ladder, np.where(seen, exposure * share[:, None], 0.0)) * exposure
    least = np.maximum(share, 0.02)[:, None]
    trust = np.where(seen, np.sqrt(np.clip(share, 0.0, 1.0))[:, None], 0.0)
    to_come = (1 - share[:, None]) * (trust * ladder / least + (1 - trust) * by_exposure)
    to_come = np.maximum(np.where(seen, to_come, by_exposure), -ladder)
    share = np.where(seen.any(axis=1), share, 0.0)
    return Estimate(days[-window:], ladder[-window:], to_come[-window:], share[-window:])


def _rate(known: Floats, under: Floats) -> Floats:
    """Return what a unit of exposure of each object brings, counting each day as far as it is known.

    One of several objects has seen one result more, of them all together: so few tell little.
    """
    came, spent = known.sum(axis=0), under.sum(axis=0)
    if len(came) > 1 and spent.sum() > 0 and came.sum() > 0:
        usual = came.sum() / spent.sum()
        one = min(1.0, came.mean())
        came, spent = came + one, spent + one / usual
    return np.where(spent > 0, came / np.where(spent > 0, spent, 1.0), 0.0)


def _hours(aged: Floats) -> Floats:
    """Return how old days usually are when they are read last at each age; where none was, as at other ages."""
    seen = np.isfinite(aged).any(axis=0)
    ages = np.arange(aged.shape[1])
    past_age = np.full(len(ages), np.nan)
    past_age[seen] = np.nanmedian(aged[:, seen], axis=0) - ages[seen]
    usual = float(np.nanmedian(past_age)) if seen.any() else 1.0
    found: Floats = np.maximum.accumulate(ages + np.where(seen, past_age, usual))
    return found + np.arange(len(ages)) * 1e-9


def carried(values: Floats, newest_age: int) -> Floats:
    """Return (days, ages, …) what was last seen of a day at ages at which it was not looked at, up to its own."""
    filled = values.copy()
    reached = newest_age + np.arange(len(values))[::-1]
    for age in range(1, values.shape[1]):
        missing = np.isnan(filled[:, age]) & (reached >= age).reshape(-1, *(1,) * (values.ndim - 2))
        filled[:, age] = np.where(missing, filled[:, age - 1], filled[:, age])
    return filled
