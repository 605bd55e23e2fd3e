"""What arms are believed to bring at a steady daily spend: draws of Hill curves, which plans are made on.

An arm is what has a budget of its own: an ad set, or a campaign that shares its budget among its ad sets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.money import known_currency
from aibuyer_kit.features.windows import Floats

Basis = Literal["incremental", "reported"]
ValueOf = Literal["gross_profit", "revenue", "results"]
IDENTIFIED = ("yes", "partly", "no")
_WEEK, _RARE = 7, 0.03


@dataclass(frozen=True)
class ResponseCurves:
    """Draws of what a steady daily spend brings, one Hill curve an arm and draw, of the days that a plan is for.

    `value(s) = ceiling * s**slope / (s**slope + half**slope)`; value and spend are in units of `currency` a day. Value
    is gross profit before spend where a margin is known (`value_of` says what it is), of incremental or of reported
    results (`basis`). Adstock is in it: it is what a steady spend brings once it has carried over. Raises InputError
    where shapes differ or a number makes no sense.
    """

    arms: tuple[str, ...]  # ids
    names: tuple[str, ...]
    ceiling: Floats  # (draws, arms), value a day, >= 0
    half: Floats  # (draws, arms), the spend a day that brings half of the ceiling, > 0
    slope: Floats  # (draws, arms), <= 1 concave, > 1 S-shaped
    spend_now: Floats  # (arms,), spend a day of late
    identified: tuple[str, ...]  # by arm: "yes", "partly", "no", the reason in `warnings`
    warnings: Mapping[str, str]  # sentences by id of the arm
    basis: Basis
    value_of: ValueOf
    currency: str
    # By arm, how much revenue and how many results come with one unit of value; None where that is not known.
    revenue_by_value: Floats | None = None
    results_by_value: Floats | None = None
    # (2, arms): between which spends a day, week by week, the past lies; None where it is not known.
    seen: Floats | None = None
    # (arms,), the daily budget of each in `currency`, NaN where it has none. What spends by it has it as `spend_now`.
    budget_now: Floats | None = None
    # Names and spend a day of what spends, too, and has no curve.
    left_out: tuple[tuple[str, float], ...] = ()
    # Platform, account, level and id of each arm; None where it is known by its id alone.
    keys: tuple[tuple[str, str, str, str], ...] | None = None

    def __post_init__(self) -> None:
        _check_arms(self)
        _check_numbers(self)
        known_currency(self.currency)
        for name, value, known in (("basis", self.basis, Basis), ("value_of", self.value_of, ValueOf)):
            if value not in get_args(known):
                raise InputError(f"The {name} of curves is {value!r}; it is one of {', '.join(get_args(known))}.")

    @property
    def goes_by_budget(self) -> tuple[bool, ...]:
        """By arm whether its spend follows its budget; what has none, as far as is known, is taken to."""
        if self.budget_now is None:
            return (True,) * len(self.arms)
        follows = np.isnan(self.budget_now) | (np.abs(self.budget_now - self.spend_now) <= 1e-9 * self.budget_now)
        return tuple(bool(each) for each in follows)

    @property
    def draws(self) -> int:
        return int(self.ceiling.shape[0])

    def value(self, spend: Floats) -> Floats:
        """Return the value a day (draws, arms) of a steady daily spend by arm.

        >>> one = curve_of("a", ceiling=100.0, half=50.0, slope=1.0)
        >>> one.value(np.array([50.0])).tolist(), one.marginal(np.array([50.0])).tolist()
        ([[50.0]], [[0.5]])
        """
        return np.asarray(self.ceiling / (1.0 + self._odds(spend)))

    def marginal(self, spend: Floats) -> Floats:
        """Return what the next unit of spend brings (draws, arms): at no spend infinitely much if the slope is < 1."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            odds = self._odds(spend)
            # Both shares on their own: a difference from 1 would lose its digits far from half.
            share, rest = 1.0 / (1.0 + odds), 1.0 / (1.0 + 1.0 / odds)
            found = self.ceiling * self.slope * share * rest / np.asarray(spend, np.float64)
        at_none = np.where(self.slope < 1.0, np.inf, np.where(self.slope == 1.0, 1.0 / self.half, 0.0))
        start = np.where(self.ceiling > 0.0, self.ceiling * at_none, 0.0)
        return np.where(np.asarray(spend) > 0.0, found, start)

    def only(self, places: Sequence[int]) -> "ResponseCurves":
        """Return the curves of the arms at these places, in this order."""
        picked = np.asarray(places, dtype=np.int64)
        arms = tuple(self.arms[place] for place in places)
        return replace(
            self,
            arms=arms,
            names=tuple(self.names[place] for place in places),
            ceiling=self.ceiling[:, picked],
            half=self.half[:, picked],
            slope=self.slope[:, picked],
            spend_now=self.spend_now[picked],
            identified=tuple(self.identified[place] for place in places),
            warnings={arm: self.warnings[arm] for arm in arms if arm in self.warnings},
            revenue_by_value=None if self.revenue_by_value is None else self.revenue_by_value[picked],
            results_by_value=None if self.results_by_value is None else self.results_by_value[picked],
            seen=None if self.seen is None else self.seen[:, picked],
            budget_now=None if self.budget_now is None else self.budget_now[picked],
            keys=None if self.keys is None else tuple(self.keys[place] for place in places),
        )

    def _odds(self, spend: Floats) -> Floats:
        """Return what is left to the ceiling by what is reached of it (draws, arms), infinite at no spend."""
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray((self.half / np.asarray(spend, np.float64)) ** self.slope)


def curve_of(arm: str, *, ceiling: float, half: float, slope: float, spend_now: float = 0.0) -> ResponseCurves:
    """Return one arm whose curve is known, in euros of gross profit: for examples."""
    return ResponseCurves(
        arms=(arm,),
        names=(arm,),
        ceiling=np.array([[ceiling]]),
        half=np.array([[half]]),
        slope=np.array([[slope]]),
        spend_now=np.array([spend_now]),
        identified=("yes",),
        warnings={},
        basis="incremental",
        value_of="gross_profit",
        currency="EUR",
    )


def seen_range(spend: Floats) -> Floats:
    """Return the least and the most that arms spent a day over a week (2, arms), of spend by day (days, arms).

    Weeks without spend do not count, nor do the 3% least and most of the others: a day's whim is nobody's range.

    >>> seen_range(np.full((30, 1), 50.0)).tolist()
    [[50.0], [50.0]]
    """
    width = min(_WEEK, len(spend))
    past = np.cumsum(np.vstack([np.zeros((1, spend.shape[1])), np.nan_to_num(spend)]), axis=0)
    weeks = (past[width:] - past[:-width]) / width
    ranked = np.sort(np.where(weeks > 1e-9, weeks, np.nan), axis=0)
    known = np.isfinite(ranked).sum(axis=0)
    arms = np.arange(spend.shape[1])
    least = np.floor(_RARE * np.maximum(known - 1, 0)).astype(np.int64)
    found = np.stack([ranked[least, arms], ranked[np.maximum(known - 1 - least, 0), arms]])
    return np.asarray(np.nan_to_num(found))


def _check_arms(curves: ResponseCurves) -> None:
    count = len(curves.arms)
    if not count:
        raise InputError("Curves are of no arm: there is nothing to plan.")
    if len(set(curves.arms)) != count:
        raise InputError("Two curves are of the same arm.")
    for name, given in (("names", curves.names), ("identified", curves.identified), ("keys", curves.keys)):
        if given is not None and len(given) != count:
            raise InputError(f"{name} are of {len(given)} arms, the curves of {count}.")
    if unknown := sorted(set(curves.identified) - set(IDENTIFIED)):
        raise InputError(f"`identified` is {unknown[0]!r}; it is one of {', '.join(IDENTIFIED)}.")
    if stray := sorted(set(curves.warnings) - set(curves.arms)):
        raise InputError(f"A warning is of {stray[0]!r}, of which there is no curve.")


def _check_numbers(curves: ResponseCurves) -> None:
    seen = curves.seen
    if seen is not None and not (
        seen.shape == (2, len(curves.arms)) and (seen >= 0.0).all() and (seen[0] <= seen[1]).all()
    ):
        raise InputError("`seen` is the least and the most that every arm spent, (2, arms).")
    for name, by_value in (("revenue", curves.revenue_by_value), ("results", curves.results_by_value)):
        if by_value is not None and not (by_value.shape == (len(curves.arms),) and (by_value >= 0.0).all()):
            raise InputError(f"`{name}_by_value` is of every arm, and a number from 0 on.")
    if curves.budget_now is not None and curves.budget_now.shape != (len(curves.arms),):
        raise InputError("`budget_now` is of every arm, NaN where it has no daily budget.")
    shape = curves.ceiling.shape
    if len(shape) != 2 or shape[1] != len(curves.arms) or not shape[0]:
        raise InputError(f"`ceiling` is of {shape}; of {len(curves.arms)} arms it is (draws, {len(curves.arms)}).")
    for name, values, wanted in (
        ("half", curves.half, shape),
        ("slope", curves.slope, shape),
        ("spend_now", curves.spend_now, shape[1:]),
    ):
        if values.shape != wanted:
            raise InputError(f"`{name}` is of {values.shape}, beside curves of {wanted}.")
    for name, values, least in (
        ("ceiling", curves.ceiling, 0.0),
        ("half", curves.half, np.nextafter(0.0, 1.0)),
        ("slope", curves.slope, np.nextafter(0.0, 1.0)),
        ("spend_now", curves.spend_now, 0.0),
    ):
        if wrong := np.argwhere(~(np.isfinite(values) & (values >= least))).tolist():
            arm = curves.arms[wrong[0][-1]]
            raise InputError(f"`{name}` of {arm!r} is {values[tuple(wrong[0])]}; it is a number from {least:g} on.")
