"""Truth of a market of people and auctions, measured in it."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.sandbox.market.arrays import Floats, as_floats
from aibuyer_kit.sandbox.market.days import LocalDay
from aibuyer_kit.sandbox.market.draws import counts, drawn, streams
from aibuyer_kit.sandbox.market.emergent.ahead import Ahead, look_ahead
from aibuyer_kit.sandbox.market.emergent.course import Ground, Now
from aibuyer_kit.sandbox.market.emergent.optimum import alone, climb, split_of
from aibuyer_kit.sandbox.market.truth import Optimum, Truth

MOST_ADSETS = 100
# Lucks come in pairs of opposites; fewer are enough to look for a split than to tell what it brings.
_PAIRS, _PAIRS_TO_LOOK = 16, 3
# Columns that are lived through at once.
_AT_ONCE = 1500


class WhatIf:
    """The days after a moment: all budgets are compared under the same lucks."""

    def __init__(self, ground: Ground, now: Now, days: Sequence[LocalDay]) -> None:
        self._ground, self._now, self._days = ground, now, days

    def truth(self, budgets_micros: Mapping[str, float]) -> Truth:
        """Return what budgets bring; ad sets that are not named keep what they have."""
        asked = self._column(budgets_micros)
        return self._truth(self._look(asked[:, None], _lucks(_PAIRS)))

    def revenues(self, ids: Sequence[str], budgets_micros: Floats) -> Floats:
        """Return the mean revenue in micros that each row of budgets brings; ad sets without one have nothing."""
        lucks = _lucks(_PAIRS)
        revenue = self._look(self._columns(ids, budgets_micros.T / MICROS_PER_UNIT), lucks).revenue
        found: Floats = revenue.reshape(-1, len(lucks)).mean(axis=1) * MICROS_PER_UNIT
        return found

    def samples(self, budgets_micros: Mapping[str, float], runs: int) -> Floats:
        """Return the results beyond no advertising in so many runs of luck, in each of which whole people buy.

        Those with and those without advertising are drawn by themselves, so that a run can have less with than without.
        """
        names = tuple(f"run {number}" for number in range(runs))
        asked = self._column(budgets_micros)[:, None]
        step, found = _AT_ONCE, list[Floats]()
        for first in range(0, runs, step):
            some = names[first : first + step]
            ahead = look_ahead(self._ground, self._now, self._days, asked, some)
            of = streams(self._ground.seed, [(name, "buyers") for name in some])
            found.append(
                (counts(ahead.with_ads, drawn(of, 0)) - counts(ahead.without_ads, drawn(of, 1))).astype(np.float64)
            )
        return np.concatenate(found)

    def optimum(self, total_micros: int, today_micros: Mapping[str, float]) -> Optimum:
        """Return the best split of a total over the ad sets that have something today.

        Raises InputError for more than 100 of them.
        """
        if len(today_micros) > MOST_ADSETS:
            raise InputError(f"An optimum is looked for over at most {MOST_ADSETS} ad sets, not {len(today_micros)}.")
        ids = list(today_micros)
        total = total_micros / MICROS_PER_UNIT
        few = _lucks(_PAIRS_TO_LOOK)

        def look(budgets: Floats, apart: bool) -> Ahead:
            return self._look(self._columns(ids, budgets), few, apart=apart)

        # Alone, each ad set may have every budget at once: they do not meet.
        places = [self._now.orders.adset_ids.index(adset_id) for adset_id in ids]

        def look_alone(budgets: Floats, apart: bool) -> Ahead:
            ahead = look(budgets, apart)
            return Ahead(*(each[places] if each.ndim == 2 else each for each in vars(ahead).values()))

        grid, brings = alone(look_alone, total, len(ids), len(few))
        today = as_floats([today_micros[adset_id] for adset_id in ids]) / MICROS_PER_UNIT
        starts = (split_of(grid, brings, total)[0] + 1e-6, today, np.ones(len(ids)))
        best = climb(look, starts, total, len(few))
        lucks = _lucks(_PAIRS)
        bound = self._bound(ids, grid, total, lucks)
        both = np.stack([best, today * (total / today.sum())], axis=1)
        ahead = self._look(self._columns(ids, both), lucks)
        found, at_present = (self._truth(_part(ahead, place, len(lucks))) for place in range(2))
        budgets = {
            adset_id: math.floor(units * MICROS_PER_UNIT) for adset_id, units in zip(ids, best.tolist(), strict=True)
        }
        return Optimum(budgets, found, at_present, bound * MICROS_PER_UNIT)

    def _bound(self, ids: Sequence[str], grid: Floats, total: float, lucks: Sequence[str]) -> float:
        places = [self._now.orders.adset_ids.index(adset_id) for adset_id in ids]
        revenue = self._look(self._columns(ids, grid), lucks, apart=True).revenue[places]
        brings = revenue.reshape(len(ids), grid.shape[1], len(lucks)).mean(axis=2)
        return split_of(grid, brings, total)[1]

    def _column(self, budgets_micros: Mapping[str, float]) -> Floats:
        """Return what is asked of each ad set in currency units a day; NaN where nothing is."""
        known = self._now.orders.adset_ids
        if strangers := [adset_id for adset_id in budgets_micros if adset_id not in known]:
            raise InputError(f"{strangers[0]!r} is no ad set of this market. Known: {', '.join(known[:5])}, …")
        if bad := {key: micros for key, micros in budgets_micros.items() if not 0 <= micros < float("inf")}:
            raise InputError(f"A budget in micros a day is 0 or more; given: {bad}.")
        asked = (budgets_micros.get(adset_id, float("nan")) for adset_id in known)
        return as_floats(list(asked)) / MICROS_PER_UNIT

    def _columns(self, ids: Sequence[str], budgets: Floats) -> Floats:
        """Return budgets of some ad sets as columns of all; the others have nothing."""
        found = np.zeros((len(self._now.orders.adset_ids), budgets.shape[1]))
        found[[self._now.orders.adset_ids.index(adset_id) for adset_id in ids]] = budgets
        return found

    def _look(self, asked_units: Floats, lucks: Sequence[str], *, apart: bool = False) -> Ahead:
        step = max(1, _AT_ONCE // len(lucks))
        parts = [
            look_ahead(self._ground, self._now, self._days, asked_units[:, first : first + step], lucks, apart=apart)
            for first in range(0, asked_units.shape[1], step)
        ]
        return Ahead(
            *(
                np.concatenate(columns, axis=-1)
                for columns in zip(*(vars(part).values() for part in parts), strict=True)
            )
        )

    def _truth(self, ahead: Ahead) -> Truth:
        """Return means over lucks; opposites count as one, for they are not independent."""
        names = self._now.orders.adset_ids
        pairs = {name: getattr(ahead, name).reshape(-1, 2).mean(axis=1) for name in ("results", "revenue")}
        errors = {name: float(each.std(ddof=1) / np.sqrt(len(each))) for name, each in pairs.items()}
        spend, persuaded = ahead.spend.mean(axis=1), ahead.persuaded.mean(axis=1)
        return Truth(
            days=len(self._days),
            runs=ahead.spend.shape[1],
            spend_micros=float(spend.sum()) * MICROS_PER_UNIT,
            results=float(pairs["results"].mean()),
            revenue_micros=float(pairs["revenue"].mean()) * MICROS_PER_UNIT,
            margin=self._ground.rules.margin,
            results_error=errors["results"],
            revenue_error_micros=errors["revenue"] * MICROS_PER_UNIT,
            spend_by_adset=dict(zip(names, (spend * MICROS_PER_UNIT).tolist(), strict=True)),
            persuaded=dict(zip(names, persuaded.tolist(), strict=True)),
        )


def _lucks(pairs: int) -> tuple[str, ...]:
    return tuple(f"luck {number}{sign}" for number in range(pairs) for sign in ("", "-"))


def _part(ahead: Ahead, place: int, count: int) -> Ahead:
    return Ahead(*(each[..., place * count : (place + 1) * count] for each in vars(ahead).values()))
