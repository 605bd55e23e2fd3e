"""How days follow each other: what was ordered, what the platform makes of it, and what the market remembers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from aibuyer_kit.sandbox.market.arrays import Floats, Groups, as_floats
from aibuyer_kit.sandbox.market.days import LocalDay
from aibuyer_kit.sandbox.market.emergent.conditions import Conditions, Day
from aibuyer_kit.sandbox.market.emergent.creatives import quality_of
from aibuyer_kit.sandbox.market.emergent.hours import live, pace
from aibuyer_kit.sandbox.market.emergent.orders import OrderBook, Orders
from aibuyer_kit.sandbox.market.emergent.population import Population, populate
from aibuyer_kit.sandbox.market.emergent.rules import Rules
from aibuyer_kit.sandbox.market.emergent.state import State, grown, rested
from aibuyer_kit.sandbox.market.emergent.today import Lived, Today
from aibuyer_kit.sandbox.market.settings_log import SettingsLog, is_significant
from aibuyer_kit.sandbox.market.tree import Tree
from aibuyer_kit.sandbox.market.world import LearningRule

# Impressions stay within the windows of attribution, and a creative is fresh again, with these time constants.
_CREDIT_DAYS, _FRESH_AGAIN_DAYS = 7.0, 120.0
_SUNDAY = 7


@dataclass
class Now:
    """Everything that the future depends on at the start of a day of the world; `number` is that day's."""

    number: int
    orders: Orders
    population: Population
    state: State
    # By ad: what its creative is worth showing, and a result of it in currency units.
    quality: Floats
    worth: Floats
    # How worn creatives were that an ad showed before, by its place, and the day on which it left off.
    aside: dict[tuple[int, str], tuple[Floats, int]] = field(default_factory=dict)

    def copy(self) -> "Now":
        """Return one whose state can go another way."""
        return replace(self, state=self.state.copy(), aside=dict(self.aside))


@dataclass(frozen=True)
class Ground:
    """What a market stands on: it is the same for the market itself and for every what-if."""

    book: OrderBook
    log: SettingsLog
    tree: Tree
    rules: Rules
    learning: LearningRule
    seed: int
    minor_per_unit: int

    def population(self, adset_ids: Sequence[str]) -> Population:
        """Return the people whom ad sets reach."""
        adsets = [self.tree.adset(adset_id) for adset_id in adset_ids]
        return populate(adsets, self.rules, self.seed)

    def quality(self, creative_ids: Sequence[str]) -> Floats:
        """Return the latent quality of creatives."""
        creatives = [self.tree.creatives[creative_id] for creative_id in creative_ids]
        return quality_of(creatives, self.rules.attention, self.seed)

    def worth(self, ad_ids: Sequence[str]) -> Floats:
        """Return what a result of each ad is worth: that of a lead is the world's, for no platform tells it."""
        ads = [self.tree.ad(ad_id) for ad_id in ad_ids]
        leads = {ad.adset_id: self.tree.adset(ad.adset_id).brings_leads for ad in ads}
        return as_floats(
            [self.rules.lead_value if leads[ad.adset_id] else ad.value_minor / self.minor_per_unit for ad in ads]
        )


class Course:
    """The days of a market under one or several runs of luck.

    `asked_units` has, by ad set and run, what may be spent a day instead of what was ordered; NaN for no difference.
    Ad sets that are silent show nothing. Without `takes_orders` all stays as it is at the start.
    """

    def __init__(
        self,
        ground: Ground,
        conditions: Conditions,
        asked_units: Floats | None = None,
        *,
        is_silent: Callable[[str], bool] | None = None,
        takes_orders: bool = True,
    ) -> None:
        self._ground = ground
        self.conditions = conditions
        self._is_silent = is_silent
        self._asked_units = asked_units
        self._takes_orders = takes_orders

    def begin(self, start_us: int) -> Now:
        """Return the market at the start of its first day, with all that was there by then."""
        orders = Orders()
        for touched in self._ground.log.touched_within(-1, start_us).values():
            self._ground.book.renew(orders, touched, start_us)
        population = self._ground.population(orders.adset_ids)
        state = rested(population, len(orders.ad_ids), self.conditions.at_rest())
        ground = self._ground
        return Now(0, orders, population, state, ground.quality(orders.creative), ground.worth(orders.ad_ids))

    def edit(self, now: Now) -> None:
        """Let ad sets learn anew whose budget jumps to what is asked, as a change of the setting does."""
        if self._asked_units is None:
            return
        ordered, share = now.orders.daily[:, None], self._ground.learning.budget_change_share
        with np.errstate(invalid="ignore"):
            jumps = np.abs(self._asked_units - ordered) > share * ordered
        now.state.learnt = np.where(jumps, 0.0, now.state.learnt)

    def live_through(self, now: Now, bounds: LocalDay, until_us: int, *, by_hour: bool = False) -> Lived:
        """Let a day pass up to a moment, which moves `now` there; at its end, `end_day` has to follow."""
        ground, log = self._ground, self._ground.log
        day = self._wake(now, bounds)
        touched = log.touched_within(bounds.start_us - 1, until_us - 1) if self._takes_orders else {}
        self._take_orders(now, touched.pop(bounds.start_us, set()), bounds.start_us)
        today = Today(ground.rules, ground.learning, day, now.population, now.state, bounds)
        # What a campaign's ad sets get of its budget is settled at dawn; who comes within the day is weighed then.
        promise = _promise(now)
        today.aim_at(now.orders, self._daily_units(now, promise), now.quality, 1.0)
        traffic_left = 1.0
        for hour in day.hours:
            if hour.start_us >= until_us:
                break
            end_us, at_us = min(hour.end_us, until_us), hour.start_us
            is_first = True
            for stop_us in (*sorted(each for each in touched if at_us <= each < end_us), end_us):
                live_us = stop_us - at_us
                if is_first and live_us:
                    pace(now.state, now.population, ground.rules, day, traffic_left, today.aim)
                    is_first = False
                if live_us:
                    live(now.state, today.tally, now.population, ground.rules, day, hour, live_us, today.aim)
                if stop_us in touched and stop_us < end_us:
                    today.close(stop_us)
                    self._take_orders(now, touched[stop_us], stop_us)
                    passed = hour.traffic * (stop_us - hour.start_us) / (hour.end_us - hour.start_us)
                    today.make_room(now.population, now.state, len(now.orders.ad_ids))
                    promise = np.concatenate([promise, _promise(now)[len(promise) :]])
                    today.aim_at(now.orders, self._daily_units(now, promise), now.quality, traffic_left - passed)
                at_us = stop_us
            if end_us >= until_us:
                today.close(end_us)
            elif by_hour:
                today.mark(end_us)
            traffic_left -= hour.traffic
        return today.lived

    def end_day(self, now: Now, lived: Lived) -> None:
        """Sleep over it: memories fade, creatives wear out, and what was learnt counts."""
        state, orders = now.state, now.orders
        state.seen = (state.seen + state.shown_today.sum(axis=0)) * 0.5 ** (
            1 / self._ground.rules.attention.memory_days
        )
        state.shown = (state.shown + state.shown_today) * np.exp(-1 / _CREDIT_DAYS)
        state.shown_today = np.zeros_like(state.shown)
        audience = now.population.audience[orders.adset][:, None]
        state.worn = (state.worn + lived.impressions / audience) * np.exp(-1 / _FRESH_AGAIN_DAYS)
        state.learnt = state.learnt + Groups(orders.adset, len(orders.adset_ids)).sums(lived.claimed)
        now.number += 1

    def _wake(self, now: Now, bounds: LocalDay) -> Day:
        """Begin a day: take its luck, and forget what was spent the day before."""
        state = now.state
        state.luck = self.conditions.next_luck(state.luck, now.number)
        state.spent_today = np.zeros_like(state.spent_today)
        if bounds.day.isoweekday() == _SUNDAY:
            state.spent_this_week = np.zeros_like(state.spent_this_week)
        return self.conditions.day(bounds, now.number, state.luck)

    def _take_orders(self, now: Now, touched: set[str], moment_us: int) -> None:
        """Bring the orders to a moment, make room for what is new, and let begin anew what was changed."""
        if not touched:
            return
        # Those of the past are kept as they were.
        before, orders = now.orders, now.orders.copy()
        now.orders = orders
        creatives = list(orders.creative)
        adsets = len(orders.adset_ids)
        self._ground.book.renew(orders, touched, moment_us)
        population = self._ground.population(orders.adset_ids) if len(orders.adset_ids) > adsets else now.population
        if population is not now.population or len(orders.ad_ids) > len(creatives):
            now.state = grown(now.state, now.population, population, len(orders.ad_ids))
            now.population = population
        if orders.creative != creatives:
            now.quality = self._ground.quality(orders.creative)
            now.worth = self._ground.worth(orders.ad_ids)
            for place, creative in enumerate(orders.creative):
                if place >= len(creatives) or creatives[place] != creative:
                    _show(now, place, creatives[place] if place < len(creatives) else "", creative)
                    now.state.learnt[orders.adset[place]] = 0.0
        repaced = orders.paced_from[:adsets] != before.paced_from
        now.state.spent_of_life[:adsets][repaced] = 0.0
        for adset_id in touched & set(orders.adset_ids):
            if self._is_edited(adset_id, moment_us):
                now.state.learnt[orders.adset_ids.index(adset_id)] = 0.0

    def _is_edited(self, adset_id: str, moment_us: int) -> bool:
        share = self._ground.learning.budget_change_share
        changes = self._ground.log.changes_at(adset_id, moment_us)
        return any(is_significant(old, new, share) for old, new in changes)

    def _daily_units(self, now: Now, promise: Floats) -> Floats:
        """Return what each ad set may spend a day: a budget of its own, or its part of that of its campaign."""
        orders = now.orders
        daily = np.repeat(orders.daily[:, None], now.state.bid.shape[1], axis=1)
        if (orders.pool >= 0).any():
            daily = np.where(orders.pool[:, None] >= 0, _shared_out(orders, daily, promise), daily)
        if self._asked_units is not None:
            daily = np.where(np.isnan(self._asked_units), daily, self._asked_units)
        if self._is_silent is not None:
            daily[[self._is_silent(adset_id) for adset_id in orders.adset_ids]] = 0.0
        return daily


def _show(now: Now, place: int, before: str, creative: str) -> None:
    """Let an ad show a creative: a new one is fresh, one that it has shown before has rested since then."""
    worn = now.state.worn
    if before:
        now.aside[place, before] = (worn[place].copy(), now.number)
    left, number = now.aside.get((place, creative), (np.zeros_like(worn[place]), now.number))
    worn[place] = left * np.exp(-(now.number - number) / _FRESH_AGAIN_DAYS)


def _promise(now: Now) -> Floats:
    """Return what ad sets promise at a moment: the results that their people may give, for the price."""
    population = now.population
    promise = population.people[:, None] * now.state.pool / population.price[:, None]
    return population.of_adsets(promise * population.persuasion[..., None])


def _shared_out(orders: Orders, daily: Floats, promise: Floats) -> Floats:
    """Split campaigns' budgets over those of their ad sets that have an ad to show, by what they promise."""
    shows = Groups(orders.adset, len(orders.adset_ids)).sums(orders.shows)[:, None] > 0
    promised = promise * (daily > 0) * shows
    pool = orders.pool
    total = Groups(pool + 1, int(pool.max()) + 2).sums(promised)[pool + 1]
    found: Floats = daily * np.divide(promised, total, out=np.zeros_like(promised), where=total > 0)
    return found


@dataclass(frozen=True)
class TrueDay:
    """What a day brought: results, whatever brought them, and what they were worth, in currency units.

    `later` ones are still to come from those who are in the market at the day's end, without any ad.
    """

    spend: float
    results: float
    revenue: float
    later_results: float
    later_revenue: float


def true_day(now: Now, lived: Lived) -> TrueDay:
    """Return what a day brought that has just been lived through."""
    population, persuaded = now.population, lived.persuaded_of_adset[:, 0]
    organic, later = lived.organic[:, 0], later_results(population, now.state.pool)[:, 0]
    return TrueDay(
        float(lived.spend_of_adset.sum()),
        float(persuaded.sum() + organic.sum()),
        # Sums of numpy, not products of BLAS, which are not the same with more threads.
        float((lived.persuaded[:, 0] * now.worth).sum() + (organic * population.value).sum()),
        float(later.sum()),
        float((later * population.value).sum()),
    )


def later_results(population: Population, pool: Floats) -> Floats:
    """Return by cell the results that those in the market give later without any ad."""
    return (population.people * population.organic / population.leave)[:, None] * pool


def summed(days: Sequence[TrueDay]) -> TrueDay:
    """Return the sum of days that follow each other; what is still to come is that of the last one."""
    spend, results, revenue = (sum(getattr(day, name) for day in days) for name in ("spend", "results", "revenue"))
    return TrueDay(spend, results, revenue, days[-1].later_results, days[-1].later_revenue)
