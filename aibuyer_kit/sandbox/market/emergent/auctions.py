"""What passes within an hour, compiled: auctions of every cell, what they cost, and who leaves the market by them.

The same loops serve the market itself and thousands of what-ifs, which are columns beside each other. The law of it is
told by `hours.live`. All of it stands in one file, because numba keeps machine code as long as the file of a function
is the same.
"""

from typing import NamedTuple

import numpy as np

from aibuyer_kit.core.compiled import compiled
from aibuyer_kit.sandbox.market.arrays import Floats, Ints

_GAMMA = float(np.sqrt(np.pi))
TINY = 1e-12
# A bid moves by at most this within an hour.
SLOWEST, FASTEST = 0.7, 1.45


class Cells(NamedTuple):
    """People by cell, as `Population` has them; `in_window` by slot, too."""

    slots: Ints
    people: Floats
    price: Floats
    inflow: Floats
    leave: Floats
    organic: Floats
    group: Ints
    in_window: Floats


class Bidding(NamedTuple):
    """Whether ad sets are active, and what of a budget may be spent today, by ad set and run.

    By slot, cell and run: what multiplies a bid, and the chance to persuade. `holder` is the place of an ad set's
    budget.
    """

    active: Floats
    worth: Floats
    persuasion: Floats
    most_today: Floats
    holder: Ints


class Luck(NamedTuple):
    """What multiplies rivals' price and demand, by group and run for the day, and by run for the hour."""

    day_price: Floats
    day_demand: Floats
    price: Floats
    demand: Floats
    stock: Floats


class Passing(NamedTuple):
    """How much passes: auctions a person, the share of the day's traffic, and of a day."""

    traffic: float
    day_share: float
    days: float


class Memory(NamedTuple):
    """What the market remembers of it, as `State` has it; it is changed in place."""

    bid: Floats
    rate: Floats
    spent_today: Floats
    spent_this_week: Floats
    spent_of_life: Floats
    pool: Floats
    shown_today: Floats


class Count(NamedTuple):
    """What is counted of it, as `Tally` has it; it is added to in place. `tracking` is by run."""

    spend: Floats
    impressions: Floats
    persuaded: Floats
    tracked: Floats
    organic: Floats
    organic_tracked: Floats
    tracking: Floats


@compiled
def paced(
    bid: Floats, wanted: Floats, rate: Floats, first: Floats, bidding: Bidding, spent: Floats, most: Floats
) -> None:
    """Set bids of an hour in place: a new one is `first`; `wanted` is what is to go on all of a day's traffic."""
    adsets, runs = bid.shape
    room = _room(bidding, spent)
    for adset in range(adsets):
        for run in range(runs):
            if bidding.active[adset, run] > 0.0 and room[adset, run] > 0.0:
                if rate[adset, run] <= 0.0:
                    new = first[adset, run]
                else:
                    # Spending rises with the square of the bid as long as little is won.
                    change = np.sqrt(wanted[adset, run] / max(rate[adset, run], TINY))
                    new = bid[adset, run] * min(max(change, SLOWEST), FASTEST)
                bid[adset, run] = min(new, most[adset, run])


@compiled
def _room(bidding: Bidding, spent: Floats) -> Floats:
    """Return by ad set and run what is left of the budget that it spends."""
    adsets, runs = spent.shape
    total = np.zeros((adsets if adsets == 0 else bidding.holder.max() + 1, runs))
    for adset in range(adsets):
        for run in range(runs):
            total[bidding.holder[adset], run] += spent[adset, run]
    room = np.empty((adsets, runs))
    for adset in range(adsets):
        for run in range(runs):
            room[adset, run] = max(bidding.most_today[adset, run] - total[bidding.holder[adset], run], 0.0)
    return room


@compiled
def _kept(bidding: Bidding, room: Floats, spend: Floats) -> tuple[Floats, bool]:
    """Return by ad set and run the part of the time that its budget lasts for what it spends, and if any is short."""
    adsets, runs = spend.shape
    total = np.zeros((adsets if adsets == 0 else bidding.holder.max() + 1, runs))
    for adset in range(adsets):
        for run in range(runs):
            total[bidding.holder[adset], run] += spend[adset, run]
    kept, is_short = np.ones((adsets, runs)), False
    for adset in range(adsets):
        for run in range(runs):
            share = room[adset, run] / max(total[bidding.holder[adset], run], TINY)
            if share < 1.0 and spend[adset, run] > 0.0:
                kept[adset, run], is_short = share, True
    return kept, is_short


@compiled
def _held(cells: Cells, squared: Floats, price: Floats, traffic: float) -> tuple[Floats, Floats]:
    """Return impressions a person and what they cost, by slot, cell and run, of ad sets that bid all the time."""
    _, count, runs = squared.shape
    shown, cost = np.empty((2, count, runs)), np.empty((2, count, runs))
    for cell in range(count):
        people = _GAMMA * cells.people[cell]
        for run in range(runs):
            rivals = price[cell, run] * price[cell, run]
            both = squared[0, cell, run] + squared[1, cell, run] + rivals
            a_time = people * price[cell, run] / (1.0 + np.sqrt(rivals / both))
            for slot in range(2):
                shown[slot, cell, run] = squared[slot, cell, run] * (traffic / both)
                cost[slot, cell, run] = shown[slot, cell, run] * a_time
    return shown, cost


@compiled
def _held_in_part(cells: Cells, squared: Floats, price: Floats, traffic: float, parts: Floats) -> tuple[Floats, Floats]:
    """Return the same of ad sets that bid for a part of the time, from its start: then others have those auctions."""
    _, count, runs = squared.shape
    adsets = len(parts)
    shown, cost = np.empty((2, count, runs)), np.empty((2, count, runs))
    for cell in range(count):
        people = _GAMMA * cells.people[cell]
        first, second = cells.slots[0, cell], cells.slots[1, cell]
        for run in range(runs):
            rivals = price[cell, run] * price[cell, run]
            both = squared[0, cell, run] + squared[1, cell, run] + rivals
            part_first = parts[first, run] if first < adsets else 0.0
            part_second = parts[second, run] if second < adsets else 0.0
            together = min(part_first, part_second)
            a_time = people * price[cell, run]
            with_other = 1.0 / (1.0 + np.sqrt(rivals / both))
            for slot in range(2):
                own = squared[slot, cell, run]
                alone = own + rivals
                of_both = own * (traffic / both) * together
                of_one = own * (traffic / alone) * ((part_first if slot == 0 else part_second) - together)
                shown[slot, cell, run] = of_both + of_one
                cost[slot, cell, run] = a_time * (of_both * with_other + of_one / (1.0 + np.sqrt(rivals / alone)))
    return shown, cost


@compiled
def _sums(cells: Cells, shown: Floats, cost: Floats, adsets: int) -> tuple[Floats, Floats]:
    """Return spend and impressions by ad set and run."""
    _, count, runs = shown.shape
    spend, impressions = np.zeros((adsets, runs)), np.zeros((adsets, runs))
    for slot in range(2):
        for cell in range(count):
            adset, people = cells.slots[slot, cell], cells.people[cell]
            if adset < adsets:
                for run in range(runs):
                    spend[adset, run] += cost[slot, cell, run]
                    impressions[adset, run] += shown[slot, cell, run] * people
    return spend, impressions


@compiled
def _squared(cells: Cells, bidding: Bidding, memory: Memory, room: Floats) -> Floats:
    """Return squared bids by slot, cell and run; who may spend no more bids nothing."""
    adsets, runs = memory.bid.shape
    found = np.zeros((2, len(cells.people), runs))
    for slot in range(2):
        for cell in range(len(cells.people)):
            adset = cells.slots[slot, cell]
            if adset < adsets:
                for run in range(runs):
                    if room[adset, run] > 0.0:
                        bid = memory.bid[adset, run] * bidding.active[adset, run] * bidding.worth[slot, cell, run]
                        found[slot, cell, run] = bid * bid
    return found


@compiled
def _cut(cells: Cells, shown: Floats, parts: Floats) -> None:
    """Multiply what is shown by parts of ad sets, in place."""
    _, count, runs = shown.shape
    for slot in range(2):
        for cell in range(count):
            adset = cells.slots[slot, cell]
            if adset < len(parts):
                for run in range(runs):
                    shown[slot, cell, run] *= parts[adset, run]


@compiled
def _price(cells: Cells, luck: Luck) -> Floats:
    """Return the rivals' price by cell and run."""
    count, runs = len(cells.people), len(luck.price)
    found = np.empty((count, runs))
    for cell in range(count):
        for run in range(runs):
            found[cell, run] = cells.price[cell] * (luck.day_price[cells.group[cell], run] * luck.price[run])
    return found


@compiled
def passed(cells: Cells, bidding: Bidding, luck: Luck, passing: Passing, memory: Memory, counted: Count) -> None:
    """Let it pass: memory moves on, and what comes of it is counted."""
    adsets, runs = memory.bid.shape
    room = _room(bidding, memory.spent_today)
    squared, price = _squared(cells, bidding, memory, room), _price(cells, luck)
    shown, cost = _held(cells, squared, price, passing.traffic)
    spend, impressions = _sums(cells, shown, cost, adsets)
    for adset in range(adsets):
        for run in range(runs):
            if bidding.active[adset, run] * room[adset, run] > 0.0:
                memory.rate[adset, run] = spend[adset, run] / passing.day_share
    # What the limit leaves of it: from the moment on at which it is reached, others have those auctions.
    kept, is_short = _kept(bidding, room, spend)
    if is_short:
        shown, cost = _held_in_part(cells, squared, price, passing.traffic, kept)
        spend, impressions = _sums(cells, shown, cost, adsets)
        over, _ = _kept(bidding, room, spend)
        spend, impressions = spend * over, impressions * over
        _cut(cells, shown, over)
    for adset in range(adsets):
        for run in range(runs):
            memory.spent_today[adset, run] += spend[adset, run]
            memory.spent_this_week[adset, run] += spend[adset, run]
            memory.spent_of_life[adset, run] += spend[adset, run]
            counted.spend[adset, run] += spend[adset, run]
            counted.impressions[adset, run] += impressions[adset, run]
    _leave(cells, bidding, luck, passing.days, shown, memory, counted)


@compiled
def _leave(
    cells: Cells, bidding: Bidding, luck: Luck, days: float, shown: Floats, memory: Memory, counted: Count
) -> None:
    """Let people come into the market and leave it: persuaded, buying anyway, or not at all."""
    _, count, runs = shown.shape
    adsets = len(memory.bid)
    for cell in range(count):
        first, second, group = cells.slots[0, cell], cells.slots[1, cell], cells.group[cell]
        for run in range(runs):
            own = shown[0, cell, run] * bidding.persuasion[0, cell, run] * luck.stock[run]
            other = shown[1, cell, run] * bidding.persuasion[1, cell, run] * luck.stock[run]
            rate = own + other + cells.leave[cell] * days
            # Nobody is in the market twice: no more come in than would fill it.
            wanting = cells.inflow[cell] * (luck.day_demand[group, run] * luck.demand[run])
            coming = min(wanting, cells.leave[cell]) * days
            at_rest, before = coming / rate, memory.pool[cell, run]
            after = at_rest + (before - at_rest) * np.exp(-rate)
            leaving = (before + coming - after) * cells.people[cell] / rate
            memory.pool[cell, run] = after
            organic = leaving * (cells.organic[cell] * (days * luck.stock[run]))
            counted.organic[cell, run] += organic
            counted.organic_tracked[cell, run] += organic * counted.tracking[run]
            if first < adsets:
                counted.persuaded[first, run] += own * leaving
                counted.tracked[first, run] += own * leaving * cells.in_window[0, cell] * counted.tracking[run]
                memory.shown_today[0, cell, run] += shown[0, cell, run]
            if second < adsets:
                counted.persuaded[second, run] += other * leaving
                counted.tracked[second, run] += other * leaving * cells.in_window[1, cell] * counted.tracking[run]
                memory.shown_today[1, cell, run] += shown[1, cell, run]
