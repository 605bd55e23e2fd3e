"""What-ifs: the days to come under several budgets and several runs of luck at once, with and without advertising."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from aibuyer_kit.sandbox.market.arrays import Floats, Groups, Ints
from aibuyer_kit.sandbox.market.days import LocalDay
from aibuyer_kit.sandbox.market.emergent.conditions import Conditions
from aibuyer_kit.sandbox.market.emergent.course import Course, Ground, Now, later_results
from aibuyer_kit.sandbox.market.emergent.orders import ANY_COST, NO_END, Orders
from aibuyer_kit.sandbox.market.emergent.population import Population
from aibuyer_kit.sandbox.market.emergent.state import State, rested


@dataclass(frozen=True)
class Ahead:
    """Sums over the days to come: a column for each budget and each run of luck, lucks within a budget side by side.

    Money in currency units; `results` and `revenue` are those that there would not be without any advertising, less
    what is missing later because its buyers have bought already.
    """

    spend: Floats
    persuaded: Floats
    results: Floats
    revenue: Floats
    # Expected results with and without advertising, summed over all: what whole draws are made around.
    with_ads: Floats
    without_ads: Floats


def look_ahead(
    ground: Ground,
    now: Now,
    days: Sequence[LocalDay],
    asked_units: Floats,
    lucks: Sequence[str],
    *,
    apart: bool = False,
    quiet: "Sums | None" = None,
) -> Ahead:
    """Live through days from a moment on, once for each column of `asked_units` (ad sets, budgets) and each luck.

    The same luck names bring the same luck to all budgets. A name that ends with "-" brings the opposite of the name
    without it. A budget that jumps lets its ad set learn anew. With `apart`, no ad set meets another one's people, and
    sums are kept by ad set instead of added up. `quiet` are the same days without ads, where they are known.
    """
    quiet = quiet or without_ads(ground, now, days, lucks, apart=apart)
    start = _apart(now) if apart else now
    budgets, count = asked_units.shape[1], len(lucks)
    zone, since = ground.tree.account.zone, now.number
    asked = np.repeat(asked_units, count, axis=1)
    conditions = Conditions(ground.rules, ground.seed, zone, tuple(lucks) * budgets, since=since)
    busy = _lived(ground, start, days, asked, conditions, takes_orders=not apart)
    population = start.population
    missed = np.tile(quiet.organic, budgets) - busy.organic
    # Those who have bought are missing among the ones who would have bought later without an ad.
    missed += later_results(population, np.tile(quiet.pool, budgets) - busy.pool)
    results, revenue = busy.persuaded, busy.revenue
    if apart:
        owner = Groups(population.slots[0], len(population.adsets))
        lost = owner.sums(missed)
        return Ahead(
            busy.spend,
            busy.persuaded,
            results - lost,
            revenue - owner.sums(missed * population.value[:, None]),
            results,
            lost,
        )
    results_all = results.sum(axis=0) - missed.sum(axis=0)
    revenue_all = revenue.sum(axis=0) - (missed * population.value[:, None]).sum(axis=0)
    without = np.tile(quiet.organic.sum(axis=0) + later_results(population, quiet.pool).sum(axis=0), budgets)
    return Ahead(busy.spend, busy.persuaded, results_all, revenue_all, without + results_all, without)


@dataclass(frozen=True)
class Sums:
    """Sums over days by ad set, or by cell, and run; `pool` is who is in the market at their end."""

    spend: Floats
    persuaded: Floats
    revenue: Floats
    organic: Floats
    pool: Floats


def without_ads(
    ground: Ground, now: Now, days: Sequence[LocalDay], lucks: Sequence[str], *, apart: bool = False
) -> Sums:
    """Live through days without any ad, once for each luck: then all budgets are one."""
    start = _apart(now) if apart else now
    nothing = np.zeros((len(now.orders.adset_ids), 1))
    calm = Conditions(ground.rules, ground.seed, ground.tree.account.zone, tuple(lucks), since=now.number)
    return _lived(ground, start, days, nothing, calm, takes_orders=False)


def _lived(
    ground: Ground, start: Now, days: Sequence[LocalDay], asked: Floats, conditions: Conditions, *, takes_orders: bool
) -> Sums:
    """Live through days; what is in the log already, as the end of a budget, is taken with `takes_orders`."""
    course = Course(ground, conditions, asked, takes_orders=takes_orders)
    runs = len(conditions.runs)
    now = replace(start, state=start.state.in_runs(runs), aside={})
    course.edit(now)
    spend = persuaded = revenue = np.zeros((len(asked), runs))
    organic = np.zeros((len(start.population.people), runs))
    for bounds in days:
        lived = course.live_through(now, bounds, bounds.end_us)
        course.end_day(now, lived)
        spend = spend + lived.spend_of_adset
        persuaded = persuaded + lived.persuaded_of_adset
        adsets = Groups(now.orders.adset, len(asked))
        revenue = revenue + adsets.sums(lived.persuaded * now.worth[:, None])
        organic += lived.organic
    return Sums(spend, persuaded, revenue, organic, now.state.pool)


def _apart(now: Now) -> Now:
    """Return a market in which every ad set has all of its people for itself, with what they remember."""
    population, state = now.population, now.state
    shared = np.flatnonzero(population.slots[1] < len(population.adsets))
    cells = np.concatenate([np.arange(len(population.people)), shared])
    slots = population.slots[:, cells].copy()
    first = slice(0, len(population.people))
    slots[1, first] = len(population.adsets)
    slots[0, len(population.people) :] = population.slots[1, shared]
    slots[1, len(population.people) :] = len(population.adsets)
    whole = _with_cells(population, cells, len(population.people), slots)
    return replace(now, population=whole, state=_state_of_cells(state, cells, len(population.people)))


def in_parts(now: Now) -> tuple[Now, Ints]:
    """Return a market in which each part of an audience is an ad set's by itself, and whose each of these parts is.

    Whoever splits a budget by parts can do whatever an ad set does with one bid for all of its parts. So that none is
    worse off than in the market, each wears its creatives out alone, no bid is capped, and no week has begun.
    """
    apart = _apart(now)
    owner = apart.population.slots[0]
    parts = len(owner)
    slots = np.stack([np.arange(parts), np.full(parts, parts)])
    population = replace(
        apart.population,
        adsets=tuple(f"{now.orders.adset_ids[place]} part {number}" for number, place in enumerate(owner.tolist())),
        slots=slots,
        dearness=now.population.dearness[owner],
        audience=now.population.audience[owner],
    )
    # The ads of each ad set once for each of its parts.
    of_adset = [np.flatnonzero(now.orders.adset == place) for place in range(len(now.orders.adset_ids))]
    ads = np.concatenate([of_adset[place] for place in owner.tolist()])
    adset = np.repeat(np.arange(parts), [len(of_adset[place]) for place in owner.tolist()])
    orders = Orders(
        adset_ids=list(population.adsets),
        ad_ids=[f"{now.orders.ad_ids[place]} {number}" for number, place in enumerate(ads.tolist())],
        daily=now.orders.daily[owner],
        pool=np.full(parts, -1),
        cap=np.full(parts, ANY_COST),
        life=np.full(parts, NO_END),
        paced_from=np.zeros(parts, np.int64),
        adset=adset,
        shows=now.orders.shows[ads],
        creative=[now.orders.creative[place] for place in ads.tolist()],
    )
    fresh = rested(population, len(ads), apart.state.luck)
    state = replace(
        fresh,
        pool=apart.state.pool,
        seen=apart.state.seen,
        shown=apart.state.shown,
        shown_today=apart.state.shown_today,
        worn=now.state.worn[ads],
        learnt=now.state.learnt[owner],
    )
    return Now(now.number, orders, population, state, now.quality[ads], now.worth[ads]), owner


def _with_cells(population: Population, cells: Ints, own: int, slots: Ints) -> Population:
    """Return a population of some of the cells, `own` of them as the first slot's, the others as the second's."""
    names = ("people", "price", "inflow", "leave", "organic", "group", "value", "tolerance")
    columns: dict[str, Any] = {name: getattr(population, name)[cells] for name in names}
    columns |= {name: _by_slot(getattr(population, name), cells, own) for name in ("fit", "persuasion", "in_window")}
    found: Population = replace(population, slots=slots, **columns)
    return found


def _state_of_cells(state: State, cells: Ints, own: int) -> State:
    shown = {name: _by_slot(getattr(state, name), cells, own) for name in ("shown", "shown_today")}
    return replace(state, pool=state.pool[cells], seen=state.seen[cells], **shown)


def _by_slot(column: Floats, cells: Ints, own: int) -> Floats:
    found = column[:, cells].copy()
    found[0, own:] = column[1, cells[own:]]
    found[1] = 0.0
    return found
