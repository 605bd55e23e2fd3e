"""What-ifs: the days to come under several budgets and several runs of luck at once, with and without advertising."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from aibuyer_kit.sandbox.market.arrays import Floats
from aibuyer_kit.sandbox.market.days import LocalDay
from aibuyer_kit.sandbox.market.emergent.conditions import Conditions
from aibuyer_kit.sandbox.market.emergent.course import Course, Ground, Now, later_results
from aibuyer_kit.sandbox.market.emergent.population import Population
from aibuyer_kit.sandbox.market.emergent.state import State


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
) -> Ahead:
    """Live through days from a moment on, once for each column of `asked_units` (ad sets, budgets) and each luck.

    The same luck names bring the same luck to all budgets. A name that ends with "-" brings the opposite of the name
    without it. With `apart`, no ad set meets another one's people, and sums are kept by ad set instead of added up.
    """
    start = _apart(now) if apart else now
    budgets, count = asked_units.shape[1], len(lucks)
    nothing = np.zeros((len(asked_units), 1))
    zone = ground.tree.account.zone
    # Without ads all budgets are one.
    quiet = _lived(ground, start, days, nothing, Conditions(ground.rules, ground.seed, zone, tuple(lucks)))
    asked = np.repeat(asked_units, count, axis=1)
    conditions = Conditions(ground.rules, ground.seed, zone, tuple(lucks) * budgets)
    busy = _lived(ground, start, days, asked, conditions)
    population = start.population
    missed = np.tile(quiet.organic, budgets) - busy.organic
    # Those who have bought are missing among the ones who would have bought later without an ad.
    missed += later_results(population, np.tile(quiet.pool, budgets) - busy.pool)
    own = population.slots[0]
    values = population.value_of_adset[:, None]
    results, revenue = busy.persuaded, busy.persuaded * values
    if apart:
        by_cell = np.zeros((len(values), missed.shape[1]))
        np.add.at(by_cell, own, missed)
        worth = np.zeros_like(by_cell)
        np.add.at(worth, own, missed * population.value[:, None])
        return Ahead(busy.spend, busy.persuaded, results - by_cell, revenue - worth, results, by_cell)
    results_all = results.sum(axis=0) - missed.sum(axis=0)
    revenue_all = revenue.sum(axis=0) - (missed * population.value[:, None]).sum(axis=0)
    without = np.tile(quiet.organic.sum(axis=0) + later_results(population, quiet.pool).sum(axis=0), budgets)
    return Ahead(busy.spend, busy.persuaded, results_all, revenue_all, without + results_all, without)


@dataclass(frozen=True)
class _Sums:
    spend: Floats
    persuaded: Floats
    organic: Floats
    pool: Floats


def _lived(ground: Ground, start: Now, days: Sequence[LocalDay], asked: Floats, conditions: Conditions) -> _Sums:
    course = Course(ground, conditions, asked, takes_orders=False)
    runs = len(conditions.runs)
    now = Now(start.number, start.orders, start.population, start.state.in_runs(runs), start.quality)
    # Orders may be less than runs: then every run has the same ones.
    spend = persuaded = np.zeros((len(asked), runs))
    organic = np.zeros((len(start.population.people), runs))
    for bounds in days:
        lived = course.live_through(now, bounds, bounds.end_us)
        course.end_day(now, lived)
        spend = spend + lived.spend_of_adset
        persuaded = persuaded + lived.persuaded_of_adset
        organic += lived.organic
    return _Sums(spend, persuaded, organic, now.state.pool)


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

    def by_slot(column: Floats) -> Floats:
        found = column[:, cells].copy()
        found[0, len(population.people) :] = column[1, shared]
        found[1] = 0.0
        return found

    names = ("people", "price", "inflow", "leave", "organic", "group", "value", "tolerance")
    columns: dict[str, Any] = {name: getattr(population, name)[cells] for name in names}
    columns |= {name: by_slot(getattr(population, name)) for name in ("fit", "persuasion", "in_window")}
    whole: Population = replace(population, slots=slots, **columns)
    apart: State = replace(
        state,
        pool=state.pool[cells],
        seen=state.seen[cells],
        shown=by_slot(state.shown),
        shown_today=by_slot(state.shown_today),
    )
    return Now(now.number, now.orders, whole, apart, now.quality)
