"""Truth of a market of people and auctions, measured in it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.sandbox.market.arrays import Floats, Groups, Ints, as_floats, as_ints
from aibuyer_kit.sandbox.market.days import LocalDay
from aibuyer_kit.sandbox.market.draws import counts, drawn, streams
from aibuyer_kit.sandbox.market.emergent.ahead import Ahead, Sums, in_parts, look_ahead, without_ads
from aibuyer_kit.sandbox.market.emergent.course import Ground, Now
from aibuyer_kit.sandbox.market.emergent.optimum import LookEach, Purse, climb, curves, scattered, split_of
from aibuyer_kit.sandbox.market.truth import Optimum, Truth

MOST_ADSETS = 100
# Lucks come in pairs of opposites; fewer are enough to look for a split than to tell what it brings.
_PAIRS, _PAIRS_TO_LOOK = 16, 1
# Columns that are lived through at once.
_AT_ONCE = 600
# So high, as a multiple of the rivals' price, that no bid is held back by it.
_FREE_BID = 1e6


class WhatIf:
    """The days after a moment: all budgets are compared under the same lucks."""

    def __init__(self, ground: Ground, now: Now, days: Sequence[LocalDay]) -> None:
        self._ground, self._now, self._days = ground, now, days
        self._look = _Looks(ground, now, days)

    def truth(self, budgets_micros: Mapping[str, float]) -> Truth:
        """Return what budgets bring; ad sets that are not named keep what they have."""
        asked = self._column(budgets_micros)
        return self._truth(self._look(asked[:, None], _lucks(_PAIRS)))

    def revenues(self, ids: Sequence[str], budgets_micros: Floats) -> Floats:
        """Return the mean revenue in micros that each row of budgets brings; other ad sets keep what they have."""
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
        today = as_floats([today_micros[adset_id] for adset_id in ids]) / MICROS_PER_UNIT

        def together(budgets: Floats) -> Floats:
            lucks = _lucks(_PAIRS_TO_LOOK)
            revenue = self._look(self._columns(ids, budgets), lucks).revenue
            found: Floats = revenue.reshape(budgets.shape[1], len(lucks)).mean(axis=1)
            return found

        lucks = _lucks(_PAIRS)
        promising, bound = self._apart(ids, total, lucks)
        at_total = today * (total / today.sum())
        some = scattered(promising, at_total, self._ground.learning.budget_change_share)
        best = climb(together, (promising + 1e-6, at_total, np.ones(len(ids)), *some), total)
        both = np.stack([best, at_total], axis=1)
        ahead = self._look(self._columns(ids, both), lucks)
        found, at_present = (self._truth(_part(ahead, place, len(lucks))) for place in range(2))
        budgets = {
            adset_id: math.floor(units * MICROS_PER_UNIT) for adset_id, units in zip(ids, best.tolist(), strict=True)
        }
        return Optimum(budgets, found, at_present, bound * MICROS_PER_UNIT)

    def _apart(self, ids: Sequence[str], total: float, lucks: Sequence[str]) -> tuple[Floats, float]:
        """Return a split that would be best if no audience met another, and a bound on what any split brings.

        For both, each part of an audience is by itself, with a bid of its own and nothing to learn. By a price for the
        last unit of each purse, what all parts bring is no less than any use of the money brings (Lagrange). Ad sets
        that are not among the `ids` go on with what they have, and count for the most that they can bring with it.
        """
        rules = self._ground.rules
        free = rules.auctions.model_copy(update={"most_bid": _FREE_BID})
        ground = replace(self._ground, rules=rules.model_copy(update={"learning_loss": 0.0, "auctions": free}))
        parts, owner = in_parts(self._now)
        purses = self._purses(ids, total, owner)
        looks = _Looks(ground, parts, self._days, apart=True)

        def each(some: Sequence[str]) -> LookEach:
            def look(budgets: Floats) -> Floats:
                revenue = looks(budgets, some).revenue
                found: Floats = revenue.reshape(*budgets.shape, len(some)).mean(axis=2)
                return found

            return look

        grid, brings = curves(each(_lucks(_PAIRS_TO_LOOK)), purses, len(owner))
        chosen = purses[0]
        of_parts = np.zeros(len(owner))
        of_parts[chosen.rows] = split_of(grid[chosen.rows], brings[chosen.rows], total)[0]
        promising = Groups(owner, len(self._now.orders.adset_ids)).sums(of_parts)[self._places(ids)]
        brings = each(lucks)(grid)
        bounds = (split_of(grid[purse.rows], brings[purse.rows], purse.money)[1] for purse in purses)
        return promising, sum(bounds)

    def _purses(self, ids: Sequence[str], total: float, owner: Ints) -> list[Purse]:
        """Return whose money goes to which parts: the total to those of the `ids`, first, and others' to their own."""
        orders, chosen = self._now.orders, set(self._places(ids).tolist())
        rows: dict[tuple[str, int], list[int]] = {("total", 0): []}
        for part, place in enumerate(owner.tolist()):
            pool = int(orders.pool[place])
            purse = ("total", 0) if place in chosen else ("campaign", pool) if pool >= 0 else ("ad set", place)
            rows.setdefault(purse, []).append(part)
        money = {purse: float(orders.daily[owner[some]].max()) for purse, some in rows.items()} | {("total", 0): total}
        return [Purse(as_ints(some), money[purse]) for purse, some in rows.items()]

    def _places(self, ids: Sequence[str]) -> Ints:
        places = {adset_id: place for place, adset_id in enumerate(self._now.orders.adset_ids)}
        return as_ints([places[adset_id] for adset_id in ids])

    def _column(self, budgets_micros: Mapping[str, float]) -> Floats:
        """Return what is asked of each ad set in currency units a day; NaN where nothing is."""
        asked = (budgets_micros.get(adset_id, float("nan")) for adset_id in self._now.orders.adset_ids)
        return as_floats(list(asked)) / MICROS_PER_UNIT

    def _columns(self, ids: Sequence[str], budgets: Floats) -> Floats:
        """Return budgets of some ad sets as columns of all; NaN for the others, which keep what they have."""
        found = np.full((len(self._now.orders.adset_ids), budgets.shape[1]), np.nan)
        found[self._places(ids)] = budgets
        return found

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


class _Looks:
    """Looks ahead from a moment; what the days are without ads is found once for the same lucks."""

    def __init__(self, ground: Ground, now: Now, days: Sequence[LocalDay], *, apart: bool = False) -> None:
        self._ground, self._now, self._days, self._apart = ground, now, days, apart
        self._quiet: dict[tuple[str, ...], Sums] = {}

    def __call__(self, asked: Floats, lucks: Sequence[str]) -> Ahead:
        """Look ahead under some columns of budgets at a time."""
        key = tuple(lucks)
        if key not in self._quiet:
            self._quiet[key] = without_ads(self._ground, self._now, self._days, lucks, apart=self._apart)
        step = max(1, _AT_ONCE // len(lucks))
        parts = [
            look_ahead(
                self._ground, self._now, self._days, asked[:, first : first + step], lucks,
                apart=self._apart, quiet=self._quiet[key],
            )
            for first in range(0, asked.shape[1], step)
        ]  # fmt: skip
        columns = zip(*(vars(part).values() for part in parts), strict=True)
        return Ahead(*(np.concatenate(each, axis=-1) for each in columns))


def _lucks(pairs: int) -> tuple[str, ...]:
    return tuple(f"luck {number}{sign}" for number in range(pairs) for sign in ("", "-"))


def _part(ahead: Ahead, place: int, count: int) -> Ahead:
    return Ahead(*(each[..., place * count : (place + 1) * count] for each in vars(ahead).values()))
