"""The same response for channels: a marketing mix over weeks, where one outcome is the sum of what channels bring.

```
outcome(t) = base + trend + season + controls(t) + sum over channels of ceiling * hill(carried spend(t)) + noise
```

with the adstock and the Hill curve of `covariates.py` and `planning/curves.py`. What is linear besides the ceilings is
integrated out under flat priors; the rest is drawn by an ensemble of walkers (Goodman and Weare 2010, CAMCoS 5; the
stretch move), begun at the mode.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.i18n import t
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.curves import ResponseCurves
from aibuyer_kit.planning.response.series import Bools

if TYPE_CHECKING:
    import pandas as pd

_LEAST_WEEKS = 30
_MOST_CHANNELS = 20
_DAYS_A_WEEK = 7.0
# Priors, normal in these: logit of what carries over, log half by the mean spend, log slope, log ceiling by the
# spread of the outcome.
_CARRY, _HALF, _SLOPE, _CEILING = (-0.85, 1.2), (0.0, 0.9), (0.1, 0.3), (0.0, 1.5)
_PRIOR = np.array([_CARRY, _HALF, _SLOPE, _CEILING])
_PARTS = 4
_STRETCH = 2.0
_LATE_WEEKS = 8
_YEAR_DAYS = 300
# A channel whose spend moved by less than this beside season and controls says nothing of its response.
_STILL, _LITTLE = 0.05, 0.2


@dataclass(frozen=True)
class MixTable:
    """Weeks in order: an outcome, spend by channel (weeks, channels), and other columns that move the outcome."""

    weeks: tuple[date, ...]
    outcome: Floats
    channels: tuple[str, ...]
    spend: Floats
    controls: Mapping[str, Floats]

    def __post_init__(self) -> None:
        _check_shape(self)
        _check_figures(self)


def _check_shape(table: MixTable) -> None:
    count, channels = len(table.weeks), len(table.channels)
    if count < _LEAST_WEEKS:
        raise InputError(f"There are {count} weeks; a marketing mix takes {_LEAST_WEEKS} or more.")
    if not 1 <= channels <= _MOST_CHANNELS:
        raise InputError(f"There are {channels} channels with spend; give 1 to {_MOST_CHANNELS}.")
    if any(later <= earlier for earlier, later in pairwise(table.weeks)):
        raise InputError("The weeks are not in order, or one stands twice.")
    of_weeks = (table.outcome, *table.controls.values())
    if table.spend.shape != (count, channels) or any(values.shape != (count,) for values in of_weeks):
        raise InputError("A column is not of as many weeks and channels as there are.")


def _check_figures(table: MixTable) -> None:
    columns = (table.outcome, table.spend, *table.controls.values())
    if not all(np.isfinite(values).all() for values in columns):
        raise InputError("A figure is not known in some week. Leave the week out, or fill it in.")
    if (table.spend < 0).any():
        raise InputError("A spend is negative in some week: a response has no such figure.")
    if not np.ptp(table.outcome) > 0:
        raise InputError("The outcome is the same in all weeks: nothing can be learnt of what moves it.")
    if still := [name for name, values in zip(table.channels, table.spend.T, strict=True) if not values.any()]:
        raise InputError(f"Nothing was spent on {', '.join(still)}: leave it out.")


@dataclass(frozen=True, repr=False)
class Mix:
    """What each channel brought: draws (draws, channels) of its `carry`, `half` and `slope` and of its `ceiling`.

    `contribution` (draws, channels) is what it brought over all weeks, `explained` the share of the outcome's variance
    that the mean of the draws explains. `half` is in units of spend a week, `ceiling` in units of the outcome a week.
    """

    table: MixTable
    carry: Floats
    half: Floats
    slope: Floats
    ceiling: Floats
    contribution: Floats
    explained: float
    identified: tuple[str, ...]
    locale: str = "en"

    @property
    def spent(self) -> Floats:
        """What was spent on each channel over all weeks."""
        return np.asarray(self.table.spend.sum(axis=0))

    def rows(self) -> list[dict[str, object]]:
        """Return one row for each channel: medians, with the ends of their 90% intervals."""
        share = self.contribution / self.table.outcome.sum()
        at = self.table.spend[-_LATE_WEEKS:].mean(axis=0) / _DAYS_A_WEEK
        figures = {
            "carry": self.carry,
            "contribution": self.contribution,
            "share": share,
            "return": self.contribution / self.spent,
            "marginal": self.curves().marginal(np.where(at > 0, at, self.spent / len(self.table.weeks) / _DAYS_A_WEEK)),
        }
        found = []
        for place, channel in enumerate(self.table.channels):
            row: dict[str, object] = {"channel": channel, "spent": float(self.spent[place])}
            for name, values in figures.items():
                low, middle, high = np.quantile(values[:, place], (0.05, 0.5, 0.95)).tolist()
                row |= {name: middle, f"{name}_low": low, f"{name}_high": high}
            found.append(row | {"identified": self.identified[place]})
        return found

    def to_frame(self) -> "pd.DataFrame":
        """Return `rows` as a frame."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def __repr__(self) -> str:
        from aibuyer_kit.planning.response.mix_page import mix_text

        return mix_text(self, self.locale)

    def _repr_html_(self) -> str:
        from aibuyer_kit.planning.response.mix_page import mix_html

        return mix_html(self, self.locale)

    def curves(self, *, currency: str = "EUR") -> ResponseCurves:
        """Return the curves a day, as plans take them, by the outcome as it is reported."""
        table = self.table
        return ResponseCurves(
            arms=table.channels,
            names=table.channels,
            ceiling=self.ceiling / _DAYS_A_WEEK,
            half=self.half / _DAYS_A_WEEK,
            slope=self.slope,
            spend_now=table.spend[-_LATE_WEEKS:].mean(axis=0) / _DAYS_A_WEEK,
            identified=self.identified,
            warnings={
                name: t(self.locale, f"mix.warn_{each}")
                for name, each in zip(table.channels, self.identified, strict=True)
                if each != "yes"
            },
            basis="reported",
            value_of="revenue",
            currency=currency,
        )


def learn_mix(table: MixTable, *, draws: int = 1000, locale: str = "en", seed: int = 0) -> Mix:
    """Return what channels brought, with its uncertainty. Raises InputError for fewer than 100 draws."""
    if draws < 100:
        raise InputError(f"draws is {draws}; give 100 or more.")
    problem = _Problem(table)
    walkers = problem.draw(draws, np.random.default_rng(seed))
    carry, half, slope, ceiling = problem.parameters(walkers)
    brought = problem.brought(walkers)
    mean = problem.fitted(brought.mean(axis=0))
    left = float(((table.outcome - mean) ** 2).sum() / ((table.outcome - table.outcome.mean()) ** 2).sum())
    return Mix(
        table,
        carry,
        half * problem.scale,
        slope,
        ceiling * problem.unit,
        brought.sum(axis=1) * problem.unit,
        1 - left,
        problem.identified(),
        locale,
    )


class _Problem:
    def __init__(self, table: MixTable) -> None:
        self.table = table
        self._channels = len(table.channels)
        self.scale: Floats = np.array([values[values > 0].mean() for values in table.spend.T])
        self._spend: Floats = table.spend / self.scale
        self.unit = float(table.outcome.std())
        base = _base(table)
        self._axes: Floats = np.linalg.qr(base)[0]
        outcome = table.outcome / self.unit
        self._left: Floats = outcome - self._axes @ (self._axes.T @ outcome)
        self._free = len(outcome) - self._axes.shape[1]

    def parameters(self, walkers: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return what carries over, half, slope and ceiling (walkers, channels), by the scales of the table."""
        values = walkers.reshape(len(walkers), self._channels, _PARTS)
        carry = 0.5 * (1 + np.tanh(0.5 * values[..., 0]))
        return carry, np.exp(values[..., 1]), np.exp(values[..., 2]), np.exp(values[..., 3])

    def brought(self, walkers: Floats) -> Floats:
        """Return what each channel brought in each week (walkers, weeks, channels)."""
        carry, half, slope, ceiling = (each[:, None, :] for each in self.parameters(walkers))
        felt = np.empty((len(walkers), *self._spend.shape))
        held = np.zeros((len(walkers), self._channels))
        for week in range(self._spend.shape[0]):
            held = carry[:, 0] * held + (1 - carry[:, 0]) * self._spend[week]
            felt[:, week] = held
        powered = np.maximum(felt, 1e-12) ** slope
        return np.asarray(ceiling * powered / (powered + half**slope))

    def fitted(self, brought: Floats) -> Floats:
        """Return the outcome that is fitted, from what channels brought (weeks, channels)."""
        whole = self.table.outcome / self.unit
        media = brought.sum(axis=1)
        return np.asarray((media + self._axes @ (self._axes.T @ (whole - media))) * self.unit)

    def log_posterior(self, walkers: Floats) -> Floats:
        """Return it for each walker: the base and the noise are integrated out under flat priors."""
        values = walkers.reshape(len(walkers), self._channels, _PARTS)
        prior = -0.5 * (((values - _PRIOR[:, 0]) / _PRIOR[:, 1]) ** 2).sum(axis=(1, 2))
        media = self.brought(np.clip(walkers, -12, 12)).sum(axis=2)
        media -= (media @ self._axes) @ self._axes.T
        squares = ((self._left - media) ** 2).sum(axis=1)
        return np.asarray(prior - 0.5 * self._free * np.log(np.maximum(squares, 1e-12)))

    def draw(self, draws: int, rng: np.random.Generator) -> Floats:
        """Return draws (draws, parameters) by an ensemble of walkers around the best of many starts."""
        size = self._channels * _PARTS
        count = 2 * max(16, size + 1)
        start = np.tile(_PRIOR[:, 0], self._channels)
        spread = np.tile(_PRIOR[:, 1], self._channels)
        walkers = start + spread * rng.standard_normal((20 * count, size)) * 0.7
        height = self.log_posterior(walkers)
        best = np.argsort(-height)[:count]
        walkers, height = walkers[best], height[best]
        warm, kept = 300 + 50 * size, -(-draws // count)
        thin = max(10, size)
        found = []
        for number in range(warm + kept * thin):
            walkers, height = self._stretch(walkers, height, rng)
            if number >= warm and (number - warm) % thin == 0:
                found.append(walkers.copy())
        return np.concatenate(found)[:draws]

    def _stretch(self, walkers: Floats, height: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        half = len(walkers) // 2
        walkers, height = walkers.copy(), height.copy()
        first, second = slice(0, half), slice(half, None)
        for some, others in ((first, second), (second, first)):
            count = walkers[some].shape[0]
            factor = ((_STRETCH - 1) * rng.random(size=(count,)) + 1) ** 2 / _STRETCH
            partner = walkers[others][rng.integers(0, walkers[others].shape[0], count)]
            tried = partner + factor[:, None] * (walkers[some] - partner)
            value = self.log_posterior(tried)
            log_ratio = (walkers.shape[1] - 1) * np.log(factor) + value - height[some]
            taken: Bools = np.asarray(np.log(rng.random(size=(count,))) < log_ratio)
            walkers[some] = np.where(taken[:, None], tried, walkers[some])
            height[some] = np.where(taken, value, height[some])
        return walkers, height

    def identified(self) -> tuple[str, ...]:
        """Return for each channel whether its spend moved beside season, trend and controls."""
        left = self._spend - self._axes @ (self._axes.T @ self._spend)
        moved = left.std(axis=0) / self._spend.mean(axis=0)
        return tuple("no" if each < _STILL else "partly" if each < _LITTLE else "yes" for each in moved.tolist())


def _base(table: MixTable) -> Floats:
    """Return the columns of what moves the outcome without any channel: level, trend, the year, and the controls."""
    days = np.array([(week - table.weeks[0]).days for week in table.weeks], dtype=np.float64)
    along = days / max(1.0, days[-1])
    columns = [np.ones_like(along), along, np.sqrt(along)]
    if days[-1] >= _YEAR_DAYS:
        place = 2 * np.pi * np.array([week.timetuple().tm_yday for week in table.weeks], dtype=np.float64) / 365.25
        columns += [turn(number * place) for number in (1, 2) for turn in (np.sin, np.cos)]
    columns += [(values - values.mean()) / values.std() for values in table.controls.values() if values.std() > 0]
    return np.stack(columns, axis=1)
