"""What is still to come of days that are over: conversions are reported for days after, and the past tells how.

Of each day a triangle holds what was known of it at each age. From the newest days of the past come the shares known
at each age (chain ladder; Mack 1993). What is to come of a day is then told by what is known of it (known / share) as
far as it is known, and by what its spend usually brings as far as it is not (Benktander 1976, between chain ladder and
Bornhuetter-Ferguson). Intervals hold because the same estimate is made at every earlier moment, from what was known
then, and its errors against the final figures are what the next one may be off by.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.maturity import Observation
from aibuyer_kit.features.windows import Floats

MATURE_DAYS = 28
_LEARNT_DAYS = 56
# A share that stays this near to 1 is final.
_FINAL_WITHIN = 0.003
_LEAST_MOMENTS = 8
_MOMENTS = 60
_TAIL = 1.2816


@dataclass(frozen=True)
class Triangle:
    """What was known of each day at each age: `known` (days, ages), NaN where it was not seen, from day `since` on.

    `newest_age` is the age of the last day now: 1 if it was yesterday. `exposure` (days,) is what results come from,
    such as spend; without it days are taken to be alike.
    """

    since: date
    known: Floats
    newest_age: int
    exposure: Floats | None = None

    def __post_init__(self) -> None:
        if self.known.ndim != 2 or (self.exposure is not None and len(self.exposure) != len(self.known)):
            raise InputError("A triangle is (days, ages), with one exposure a day.")

    @property
    def days(self) -> int:
        return len(self.known)


@dataclass(frozen=True)
class Expected:
    """What will be known in the end, with the interval that holds 80%, beside what is known now."""

    known: float
    expected: float
    low: float
    high: float


@dataclass(frozen=True)
class NowcastDay(Expected):
    day: date = date.min
    share_known: float = 1.0


@dataclass(frozen=True)
class Nowcast:
    """The last days as they will be once all has arrived, day by day and in all; `moments` is how many were tested."""

    days: tuple[NowcastDay, ...]
    total: Expected
    moments: int


def triangle_of(
    observations: Iterable[Observation], days: DateRange, today: date, spend: Sequence[float] | None = None
) -> Triangle:
    """Return the triangle of what was seen of `days`, the last of which is over."""
    known = np.full((len(days), MATURE_DAYS + 1), np.nan)
    for each in observations:
        if each.day in days and 0 <= each.age_days <= MATURE_DAYS:
            known[(each.day - days.since).days, each.age_days] = each.total
    exposure = None if spend is None else np.asarray(spend, dtype=np.float64)
    return Triangle(days.since, _carried(known, (today - days.until).days), (today - days.until).days, exposure)


def nowcast(triangle: Triangle, window_days: int = 7) -> Nowcast:
    """Return the last `window_days` of a triangle as they will be. Raises InputError where no growth was seen."""
    if not 1 <= window_days <= triangle.days:
        raise InputError(f"The window is {window_days} days; there are {triangle.days}.")
    now = triangle.days - 1
    shares = _shares(triangle, now)
    if shares is None:
        raise InputError(
            "How results grow as days age is not known yet: no day was seen at two ages. Sync for some days more."
        )
    final_age = _final_age(shares)
    expected, known = _estimates(triangle, now, window_days, shares)
    errors, sums = _past_errors(triangle, window_days, final_age)
    chance = _chance(triangle, now, shares)
    rows = []
    for back in range(window_days):
        at = window_days - 1 - back
        age = triangle.newest_age + at
        share = float(shares[min(age, len(shares) - 1)])
        off = errors[:, back] if len(errors) else np.empty(0)
        bounds = _bounds(float(expected[back]), off, (1 - share) * chance)
        day = triangle.since + timedelta(days=now - at)
        rows.append(NowcastDay(float(known[back]), float(expected[back]), *bounds, day, share))
    whole = float(expected.sum())
    unknown = max(0.0, 1 - float(known.sum()) / whole) if whole else 0.0
    return Nowcast(
        tuple(rows), Expected(float(known.sum()), whole, *_bounds(whole, sums, unknown * chance)), len(errors)
    )


def _shares(triangle: Triangle, moment: int) -> Floats | None:
    """Return the share known at each age, from the cells that were known when day `moment` was the newest."""
    ages = triangle.known.shape[1]
    shares = np.ones(ages)
    told = False
    # A day is of age `newest_age` when it is the newest one.
    for age in reversed(range(ages - 1)):
        last = moment - max(0, age + 1 - triangle.newest_age)
        first = max(0, last - _LEARNT_DAYS + 1)
        before, after = triangle.known[first : last + 1, age], triangle.known[first : last + 1, age + 1]
        both = np.isfinite(before) & np.isfinite(after)
        growth = after[both].sum() / before[both].sum() if before[both].sum() > 0 else np.nan
        told = told or bool(np.isfinite(growth))
        shares[age] = shares[age + 1] / growth if np.isfinite(growth) and growth > 0 else shares[age + 1]
    return np.clip(shares, 0.02, 2.0) if told else None


def _final_age(shares: Floats) -> int:
    off = np.abs(shares - 1) > _FINAL_WITHIN
    return int(np.flatnonzero(off).max() + 1) if off.any() else 0


def _estimates(triangle: Triangle, moment: int, window: int, shares: Floats) -> tuple[Floats, Floats]:
    """Return what the days up to `moment` will be, and what was known of them then."""
    since = max(0, moment - max(window, 28) + 1)
    places = np.arange(since, moment + 1)
    ages = np.minimum(triangle.newest_age + moment - places, triangle.known.shape[1] - 1)
    known, share = triangle.known[places, ages], shares[ages]
    exposure = np.ones(len(places)) if triangle.exposure is None else np.nan_to_num(triangle.exposure[places])
    seen = np.isfinite(known)
    # What a unit of exposure brings in the end, counting each day as far as it is known.
    under = (exposure * share)[seen].sum()
    rate = known[seen].sum() / under if under > 0 else 0.0
    ladder = np.where(seen, known, 0.0) / share
    expected_from_exposure = rate * exposure
    trust = np.where(seen, np.clip(share, 0.0, 1.0), 0.0)
    to_come = (1 - share) * (trust * ladder + (1 - trust) * expected_from_exposure)
    final = np.where(seen, known + to_come, expected_from_exposure)
    return np.maximum(final, 0.0)[-window:], np.nan_to_num(known)[-window:]


def _past_errors(triangle: Triangle, window: int, final_age: int) -> tuple[Floats, Floats]:
    """Return by day of the window (moments, window), and of its sum, how far off earlier estimates were, scaled."""
    settled = triangle.days - 1 - max(0, final_age - triangle.newest_age)
    by_day, sums = [], []
    for moment in range(max(window + 13, settled - _MOMENTS + 1), settled + 1):
        shares = _shares(triangle, moment)
        if shares is None:
            continue
        told, _ = _estimates(triangle, moment, window, shares)
        final = triangle.known[moment - window + 1 : moment + 1, final_age]
        if not np.isfinite(final).all():
            continue
        by_day.append((final - told) / np.sqrt(np.maximum(told, 1.0)))
        sums.append((final.sum() - told.sum()) / np.sqrt(max(told.sum(), 1.0)))
    return np.array(by_day).reshape(len(by_day), window), np.array(sums)


def _chance(triangle: Triangle, moment: int, shares: Floats) -> float:
    """Return by how much days vary around what their exposure brings, as a multiple of it; 1 is chance of counts."""
    told, _ = _estimates(triangle, moment, min(28, triangle.days), shares)
    exposure = np.ones(len(told)) if triangle.exposure is None else np.nan_to_num(triangle.exposure[-len(told) :])
    usual = exposure * told.sum() / exposure.sum() if exposure.sum() > 0 else np.full(len(told), told.mean())
    paid = usual > 0
    return float(max(((told - usual)[paid] ** 2 / usual[paid]).mean(), 1e-6)) if paid.any() else 1.0


def _bounds(expected: float, errors: Floats, unknown: float) -> tuple[float, float]:
    """Return the interval that holds 80%: from earlier errors, or by the chance of what is `unknown` without enough."""
    root = np.sqrt(max(expected, 1.0))
    if len(errors) < _LEAST_MOMENTS:
        half = _TAIL * root * np.sqrt(max(unknown, 0.0))
        return max(0.0, expected - half), expected + half
    level = min(1.0, 0.8 * (len(errors) + 1) / len(errors))
    half = float(np.quantile(np.abs(errors - np.median(errors) / 2), level)) * root
    centre = expected + float(np.median(errors)) / 2 * root
    return max(0.0, min(centre - half, expected)), max(centre + half, expected)


def _carried(known: Floats, newest_age: int) -> Floats:
    """Return the triangle with what was last seen of a day at ages at which it was not looked at."""
    filled = known.copy()
    days = len(known)
    for day in range(days):
        reached = min(newest_age + days - 1 - day, known.shape[1] - 1)
        for age in range(1, reached + 1):
            if np.isnan(filled[day, age]):
                filled[day, age] = filled[day, age - 1]
    return filled
