"""What the market remembers at a moment, and what has happened since a day began."""

from dataclasses import dataclass, fields

import numpy as np

from aibuyer_kit.sandbox.market.arrays import Floats, as_ints
from aibuyer_kit.sandbox.market.emergent.population import Population, cells_of


@dataclass
class State:
    """Columns with a row for each cell, ad set or ad, and a column for each run of luck or of orders.

    By cell: `pool` is the share of people in the market, `seen` the impressions a person in memory. By slot and cell:
    `shown` are impressions a person within the windows of attribution, `shown_today` those of today alone. By ad:
    `worn` are impressions a person of its creative. By ad set, in currency units: `bid` is for an impression, `rate` is
    what it would spend on all of a day's traffic at that bid, `spent_of_life` what it has spent of a lifetime budget
    since that was paced, `target` what it means to spend today, `budget` what it
    was last given a day; `learnt` are its results since it was last changed. `luck` is that of `conditions`.
    """

    pool: Floats
    seen: Floats
    shown: Floats
    shown_today: Floats
    worn: Floats
    bid: Floats
    rate: Floats
    target: Floats
    budget: Floats
    spent_today: Floats
    spent_this_week: Floats
    spent_of_life: Floats
    learnt: Floats
    luck: Floats

    def copy(self) -> "State":
        return State(*(getattr(self, each.name).copy() for each in fields(self)))

    def in_runs(self, runs: int) -> "State":
        """Return the state of one run, `runs` times side by side."""
        return State(*(np.repeat(getattr(self, each.name), runs, axis=-1) for each in fields(self)))


@dataclass
class Tally:
    """What has happened on a day so far: money in currency units; people and results as expected, not yet whole.

    `tracked` are the results among those `persuaded` that the platform hears of, and so with those of the organic ones
    whom no ad had to persuade.
    """

    spend: Floats
    impressions: Floats
    persuaded: Floats
    tracked: Floats
    organic: Floats
    organic_tracked: Floats

    @classmethod
    def empty(cls, population: Population, runs: int) -> "Tally":
        adsets, cells = len(population.adsets), len(population.people)
        by_adset = [np.zeros((adsets, runs)) for _ in range(4)]
        by_cell = [np.zeros((cells, runs)) for _ in range(2)]
        return cls(*by_adset, *by_cell)


def rested(population: Population, ads: int, luck: Floats) -> State:
    """Return the state of a market in which nobody has advertised yet."""
    runs = luck.shape[-1]
    nothing = np.zeros((len(population.adsets), runs))
    pool = np.repeat((population.inflow / population.leave)[:, None], runs, axis=1)
    shown = np.zeros((2, *pool.shape))
    return State(
        pool=pool,
        seen=np.zeros_like(pool),
        shown=shown,
        shown_today=shown.copy(),
        worn=np.zeros((ads, runs)),
        bid=nothing,
        rate=nothing.copy(),
        target=nothing.copy(),
        budget=nothing.copy(),
        spent_today=nothing.copy(),
        spent_this_week=nothing.copy(),
        spent_of_life=nothing.copy(),
        learnt=nothing.copy(),
        luck=luck,
    )


def grown(state: State, before: Population, after: Population, ads: int) -> State:
    """Return the state with rows for new ad sets, ads and cells.

    People who are shared from now on come from the older ad set's own, and bring along what they remember.
    """
    places = {members: place for place, members in enumerate(cells_of(before))}
    cells = cells_of(after)
    origin = as_ints([places.get(members, places.get(members[:1], -1)) for members in cells])
    fresh = rested(after, ads, state.luck)
    kept = np.flatnonzero(origin >= 0)
    for name in ("pool", "seen"):
        getattr(fresh, name)[kept] = getattr(state, name)[origin[kept]]
    for name in ("shown", "shown_today"):
        getattr(fresh, name)[0, kept] = getattr(state, name)[0, origin[kept]]
        same = as_ints([place for place in kept.tolist() if cells[place] in places])
        getattr(fresh, name)[1, same] = getattr(state, name)[1, origin[same]]
    by_adset = ("bid", "rate", "target", "budget", "spent_today", "spent_this_week", "spent_of_life", "learnt")
    for name in ("worn", *by_adset):
        column = getattr(state, name)
        getattr(fresh, name)[: len(column)] = column
    return fresh
