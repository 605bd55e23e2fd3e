"""One hour, or the part of one in which nothing is set: ad sets bid, people see ads, some of them buy."""

from dataclasses import dataclass

import numpy as np

from aibuyer_kit.sandbox.market.arrays import Floats, Groups, Ints
from aibuyer_kit.sandbox.market.emergent.auctions import (
    TINY,
    Bidding,
    Cells,
    Count,
    Luck,
    Memory,
    Passing,
    paced,
    passed,
)
from aibuyer_kit.sandbox.market.emergent.conditions import Day, Hour
from aibuyer_kit.sandbox.market.emergent.population import GAMMA, Population
from aibuyer_kit.sandbox.market.emergent.rules import Rules
from aibuyer_kit.sandbox.market.emergent.state import State, Tally

_HOUR_US = 3_600_000_000
_HOURS_A_DAY = 24


@dataclass(frozen=True)
class Aim:
    """What holds while nothing is set within a day, by ad set or by slot and cell.

    A bid is multiplied by `worth`, for the platform bids more where it expects more. `persuasion` is the chance that an
    impression persuades somebody who is in the market. Money in currency units; `most_today` is the limit of the budget
    that an ad set spends of, which it may have in common with others: `holders` groups them, None if nobody shares one.
    """

    worth: Floats
    persuasion: Floats
    active: Floats
    most_bid: Floats
    most_today: Floats
    holders: Groups | None

    def of_budget(self, by_adset: Floats) -> Floats:
        """Return for each ad set the sum over all that spend of the same budget."""
        return by_adset if self.holders is None else self.holders.sums(by_adset)[self.holders.of]


def pace(state: State, population: Population, rules: Rules, day: Day, traffic_left: float, aim: Aim) -> None:
    """Set the bids of an hour: so that what is left of a day's target would go on what is left of its traffic.

    An ad set that has not spent yet begins with the bid that would do so if it won little. One that may not spend any
    more today keeps its bid for when it may.
    """
    wanted = np.maximum(state.target - state.spent_today, 0.0) / max(traffic_left, TINY)
    first = wanted
    if ((state.rate <= 0) & (aim.active > 0)).any():
        price = population.price[:, None] * day.price[population.group]
        gain = population.people[:, None] * (GAMMA / 2 * rules.people.traffic) / price * aim.worth**2
        first = np.sqrt(wanted / np.maximum(population.of_adsets(gain), TINY))
    paced(state.bid, wanted, state.rate, first, _bidding(aim), state.spent_today, aim.most_bid)


def live(
    state: State, tally: Tally, population: Population, rules: Rules, day: Day, hour: Hour, span_us: int, aim: Aim
) -> None:
    """Let `span_us` of an hour pass.

    Bids of the account and of its rivals are Frechet variables with shape 2 around their scales, the highest wins and
    pays the highest bid of a rival. So an ad set with scale `a` wins ``a**2 / (total + b**2)`` of the auctions, where
    `total` are the squared scales of the account and `b` is the rivals', and pays
    ``sqrt(pi) * b / (1 + sqrt(b**2 / (total + b**2)))``. Ad sets of one account do not drive up each other's price: the
    platform lets only the best of them bid. Source: the distribution of the maximum of Frechet variables, and Meta's
    description of its auction.

    Those in the market leave it persuaded, buying without need of an ad, or not at all, each at a constant rate within
    the hour, so the shares follow from the linear differential equation of the pool, solved exactly.
    """
    part = _share_of(hour, span_us)
    runs = state.bid.shape[1]
    cells = Cells(
        population.slots, population.people, population.price, population.inflow, population.leave,
        population.organic, population.group, population.in_window,
    )  # fmt: skip
    price, demand, stock, tracking = (
        _of_runs(each, runs) for each in (hour.price, hour.demand, hour.stock, rules.claims.tracked * hour.tracking)
    )
    memory = Memory(
        state.bid, state.rate, state.spent_today, state.spent_this_week, state.spent_of_life, state.pool,
        state.shown_today,
    )  # fmt: skip
    counted = Count(
        tally.spend, tally.impressions, tally.persuaded, tally.tracked, tally.organic, tally.organic_tracked, tracking
    )
    passing = Passing(
        rules.people.traffic * hour.traffic * part, hour.traffic * part, span_us / _HOUR_US / _HOURS_A_DAY
    )
    luck = Luck(day.price, day.demand, price, demand, stock)
    passed(cells, _bidding(aim), luck, passing, memory, counted)


def _bidding(aim: Aim) -> Bidding:
    return Bidding(aim.active, aim.worth, aim.persuasion, aim.most_today, _holder(aim))


def _holder(aim: Aim) -> Ints:
    """Return by ad set the number of the budget that it spends."""
    return np.arange(len(aim.active)) if aim.holders is None else aim.holders.of


def _of_runs(factor: Floats, runs: int) -> Floats:
    """Return what holds for all runs, or for each, by run."""
    return factor if len(factor) == runs else np.repeat(factor, runs)


def _share_of(hour: Hour, span_us: int) -> float:
    return span_us / (hour.end_us - hour.start_us)
