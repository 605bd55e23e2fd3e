"""A day on its way: what the platform aims at, and how what happens falls on the ads."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from aibuyer_kit.sandbox.market.arrays import Bools, Floats, Groups
from aibuyer_kit.sandbox.market.days import LocalDay
from aibuyer_kit.sandbox.market.emergent.conditions import Day
from aibuyer_kit.sandbox.market.emergent.hours import Aim
from aibuyer_kit.sandbox.market.emergent.orders import Orders
from aibuyer_kit.sandbox.market.emergent.population import Population
from aibuyer_kit.sandbox.market.emergent.rules import Rules
from aibuyer_kit.sandbox.market.emergent.state import State, Tally
from aibuyer_kit.sandbox.market.world import LearningRule

# Eagerness changes what is spent on a day by at most this.
_LEAST_TARGET, _MOST_TARGET = 0.7, 1.4
# Of what is left of a week, a day is meant to take at most this many times its part.
_EARLY = 1.25
_BY_AD = ("spend", "impressions", "attention", "persuaded", "claimed")
_BY_ADSET = ("spend_of_adset", "persuaded_of_adset")


@dataclass
class Lived:
    """What a day brought up to a moment: a column a run; money in currency units, people and results as expected.

    By ad: `attention` are impressions times the quality of what was shown; `persuaded` are results that the ad brought
    about, some of which would have come later without it; `claimed` are those that the platform will claim. Of these,
    those `of_adset`, and by cell the `organic` results that no ad brought about, are what truth is made of.
    `stretches` are from-until with each ad's spend.
    """

    spend: Floats
    impressions: Floats
    attention: Floats
    persuaded: Floats
    claimed: Floats
    spend_of_adset: Floats
    persuaded_of_adset: Floats
    organic: Floats
    stretches: list[tuple[int, int, Floats]] = field(default_factory=list)


class Today:
    """A day from its start up to the moment that it has come to."""

    aim: Aim
    tally: Tally

    def __init__(
        self, rules: Rules, learning: LearningRule, day: Day, population: Population, state: State, bounds: LocalDay
    ) -> None:
        self._rules, self._learning, self._day = rules, learning, day
        self._population, self._state = population, state
        self._week_before = state.spent_this_week.copy()
        self._since_us = bounds.start_us
        # The platform's weeks end on Saturday.
        self._days_left = 7 - bounds.day.isoweekday() % 7
        self._daily = np.full_like(state.bid, -1.0)
        self._was_active: Bools = np.zeros(state.bid.shape, np.bool_)
        ads, adsets, runs = len(state.worn), len(state.bid), state.bid.shape[1]
        self.lived = _nothing(ads, adsets, state.pool)
        self.tally = Tally.empty(population, runs)
        # Moments since the last closing, and what each ad set had spent since then.
        self._marks: list[tuple[int, Floats]] = []

    def make_room(self, population: Population, state: State, ads: int) -> None:
        """Have rows for what is new."""
        if population is self._population and ads == len(self.lived.spend):
            self._state = state
            return
        lived = _nothing(ads, len(state.bid), state.pool)
        for name in (*_BY_AD, *_BY_ADSET):
            before = getattr(self.lived, name)
            getattr(lived, name)[: len(before)] = before
        if population is self._population:
            lived.organic += self.lived.organic
        else:
            # Organic results are only ever added up over cells.
            lived.organic[0] = self.lived.organic.sum(axis=0)
        lived.stretches = [(since, until, _longer(spend, ads)) for since, until, spend in self.lived.stretches]
        self.lived = lived
        self._week_before = _longer(self._week_before, len(state.bid))
        self._daily = _longer(self._daily, len(state.bid))
        self._was_active = _longer(self._was_active.astype(float), len(state.bid)) > 0
        self._population, self._state = population, state
        self.tally = Tally.empty(population, state.bid.shape[1])

    def aim_at(self, orders: Orders, daily: Floats, quality: Floats, traffic_left: float) -> None:
        """Take orders: how impressions fall on ads, what is bid where, and how much is to be spent today."""
        state, population, rules = self._state, self._population, self._rules
        self._adsets = Groups(orders.adset, len(orders.adset_ids))
        self._split(orders, quality)
        strength = self._adsets.sums(self._shares * self._quality)
        learnt = np.minimum(1.0, state.learnt / self._learning.results)
        strength = strength * (1 - rules.learning_loss * (1 - learnt))
        by_slot = population.to_slots(strength) * population.fit[..., None]
        attention = 1 / (1 + state.seen / population.tolerance[:, None])
        persuasion = by_slot * population.persuasion[..., None] * attention
        active = (strength > 0) & (daily > 0)
        own = slice(0, len(strength))
        most_bid = rules.auctions.most_bid * population.price[own, None]
        expected = state.pool[own] * persuasion[0, own] / np.maximum(by_slot[0, own], 1e-12)
        most_bid = np.minimum(most_bid, np.where(np.isinf(orders.cap), 1e300, orders.cap)[:, None] * expected)
        holders = orders.holders
        budget = daily if holders is None else np.where(orders.pool[:, None] >= 0, orders.daily[:, None], daily)
        self._count_week(budget)
        self.aim = Aim(by_slot, persuasion, active.astype(float), most_bid, np.zeros_like(daily), holders)
        limit = rules.pacing
        left = np.maximum(limit.week_limit * budget - self.aim.of_budget(self._week_before), 0.0)
        of_life = self.aim.of_budget(state.spent_today) + orders.life[:, None] - self.aim.of_budget(state.spent_of_life)
        most_today = np.minimum(np.minimum(limit.day_limit * budget, left), np.maximum(of_life, 0.0))
        share = np.divide(daily, budget, out=np.ones_like(daily), where=budget > 0)
        wanted = share * np.minimum(most_today, _EARLY * left / self._days_left)
        self._set_targets(daily, active, wanted, traffic_left)
        self.aim = replace(self.aim, most_today=most_today)
        self._credit = _credit(state.shown, rules.claims.organic_credit)

    def _count_week(self, budget: Floats) -> None:
        """Count what the week has spent in budgets: whoever changes one has as many of the new as he had of the old."""
        state = self._state
        is_changed = (budget > 0) & (state.budget > 0) & (budget != state.budget)
        times = np.divide(budget, state.budget, out=np.ones_like(budget), where=is_changed)
        state.spent_this_week = state.spent_this_week * times
        self._week_before = self._week_before * times
        state.budget = np.where(budget > 0, budget, state.budget)

    def _split(self, orders: Orders, quality: Floats) -> None:
        """Show more of what works better, by the fourth power of its quality as it is worn."""
        attention = self._rules.attention
        floor = attention.wear_out_floor
        worn = floor + (1 - floor) * np.exp(-self._state.worn / attention.wear_out)
        self._quality = quality[:, None] * worn
        weights = orders.shows[:, None] * self._quality**4
        total = self._adsets.sums(weights)[orders.adset]
        self._shares = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)

    def _set_targets(self, daily: Floats, active: Bools, most_wanted: Floats, traffic_left: float) -> None:
        """Mean to spend more on a day that is cheap for the season; what begins within it gets what is left."""
        state, population = self._state, self._population
        own = population.group[: len(daily)]
        flexible = (self._day.price[own] / self._day.usual_price) ** -self._rules.pacing.eagerness
        wanted = np.minimum(daily * np.clip(flexible, _LEAST_TARGET, _MOST_TARGET), most_wanted)
        begins = active & ~self._was_active if traffic_left < 1 else np.zeros_like(active)
        wanted = np.where(begins, np.minimum(wanted, state.spent_today + wanted * traffic_left), wanted)
        is_set = (daily != self._daily) | begins
        state.target = np.where(is_set, wanted, state.target)
        self._daily, self._was_active = daily, active

    def mark(self, until_us: int) -> None:
        """Begin a new stretch: what is spent before a moment and after it is told apart."""
        self._marks.append((until_us, self.tally.spend.copy()))

    def close(self, until_us: int) -> None:
        """Let what has happened since the last time fall on the ads."""
        tally, lived, shares = self.tally, self.lived, self._shares
        of, weights = self._adsets.of, shares * self._quality
        total = self._adsets.sums(weights)[of]
        convincing = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
        claimed = tally.tracked + self._population.of_adsets(self._credit * tally.organic_tracked)
        spend = shares * tally.spend[of]
        lived.spend += spend
        impressions = shares * tally.impressions[of]
        lived.impressions += impressions
        lived.attention += impressions * self._quality
        lived.persuaded += convincing * tally.persuaded[of]
        lived.claimed += convincing * claimed[of]
        lived.spend_of_adset += tally.spend
        lived.persuaded_of_adset += tally.persuaded
        lived.organic += tally.organic
        self._keep_stretches(until_us)
        self.tally = Tally.empty(self._population, spend.shape[1])

    def _keep_stretches(self, until_us: int) -> None:
        before = np.zeros_like(self.tally.spend)
        for mark_us, spent in (*self._marks, (until_us, self.tally.spend)):
            if mark_us > self._since_us:
                spend = self._shares * (spent - before)[self._adsets.of]
                self.lived.stretches.append((self._since_us, mark_us, spend))
                self._since_us, before = mark_us, spent
        self._marks = []


def _nothing(ads: int, adsets: int, by_cell: Floats) -> Lived:
    runs = by_cell.shape[1]
    rows = dict.fromkeys(_BY_AD, ads) | dict.fromkeys(_BY_ADSET, adsets)
    columns: dict[str, Any] = {name: np.zeros((count, runs)) for name, count in rows.items()}
    return Lived(**columns, organic=np.zeros_like(by_cell))


def _longer(column: Floats, rows: int) -> Floats:
    found: Floats = np.concatenate([column, np.zeros((rows - len(column), *column.shape[1:]), column.dtype)])
    return found


def _credit(shown: Floats, organic_credit: float) -> Floats:
    """Return by slot the share of a cell's organic results that is claimed: of those who saw an ad of it this week.

    Each ad set claims by itself, but no result is claimed more than once in all.
    Impressions fall on people as an exponential mixture of Poisson counts, so a mean of x reaches x / (1 + x). Source:
    the negative binomial model of exposures, with shape 1.
    """
    saw = organic_credit * shown / (1 + shown)
    found: Floats = saw / np.maximum(1.0, saw.sum(axis=0))
    return found
