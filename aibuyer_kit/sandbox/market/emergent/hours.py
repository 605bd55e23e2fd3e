"""One hour, or the part of one in which nothing is set: ad sets bid, people see ads, some of them buy."""

from dataclasses import dataclass

import numpy as np

from aibuyer_kit.sandbox.market.arrays import Floats, Groups
from aibuyer_kit.sandbox.market.emergent.conditions import Day, Hour
from aibuyer_kit.sandbox.market.emergent.population import GAMMA, Population
from aibuyer_kit.sandbox.market.emergent.rules import Rules
from aibuyer_kit.sandbox.market.emergent.state import State, Tally

_HOUR_US = 3_600_000_000
_HOURS_A_DAY = 24
# A bid moves by at most this within an hour.
_SLOWEST, _FASTEST = 0.7, 1.45
_TINY = 1e-12


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
    wanted = np.maximum(state.target - state.spent_today, 0.0) / max(traffic_left, _TINY)
    # Spending rises with the square of the bid as long as little is won.
    change = np.sqrt(wanted / np.maximum(state.rate, _TINY))
    bid = state.bid * np.clip(change, _SLOWEST, _FASTEST)
    is_new = (state.rate <= 0) & (aim.active > 0)
    if is_new.any():
        price = population.price[:, None] * day.price[population.group]
        gain = population.people[:, None] * (GAMMA / 2 * rules.people.traffic) / price * aim.worth**2
        first = np.sqrt(wanted / np.maximum(population.of_adsets(gain), _TINY))
        bid = np.where(is_new, first, bid)
    may_spend = (aim.active > 0) & (aim.of_budget(state.spent_today) < aim.most_today)
    state.bid = np.where(may_spend, np.minimum(bid, aim.most_bid), state.bid)


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
    people = population.people[:, None]
    part = span_us / _HOUR_US
    # What is bid, won and paid; who may spend no more bids nothing.
    room = np.maximum(aim.most_today - aim.of_budget(state.spent_today), 0.0)
    bids = population.to_slots(state.bid * aim.active * (room > 0)) * aim.worth
    squared = bids * bids
    price = population.price[:, None] * (day.price[population.group] * hour.price)
    rivals = price * price
    traffic = rules.people.traffic * hour.traffic * _share_of(hour, span_us)
    auctions = _Auctions(population, squared, rivals, people, price)
    spend, impressions, shown = auctions.held(traffic)
    day_share = hour.traffic * _share_of(hour, span_us)
    state.rate = np.where(aim.active * (room > 0) > 0, spend / day_share, state.rate)
    # What the limit leaves of it: from the moment on at which it is reached, others have those auctions.
    kept = np.minimum(1.0, room / np.maximum(aim.of_budget(spend), _TINY))
    if (kept < 1).any():
        spend, impressions, shown = auctions.held(traffic, np.where(spend > 0, kept, 1.0))
        over = np.minimum(1.0, room / np.maximum(aim.of_budget(spend), _TINY))
        spend, impressions, shown = spend * over, impressions * over, shown * population.to_slots(over)
    # Who is persuaded, and who leaves the market otherwise.
    days = part / _HOURS_A_DAY
    persuading = shown * aim.persuasion * hour.stock
    persuading_all = persuading[0] + persuading[1]
    leaving_rate = persuading_all + population.leave[:, None] * days
    # Nobody is in the market twice: no more come in than would fill it.
    wanting = population.inflow[:, None] * (day.demand[population.group] * hour.demand)
    coming = np.minimum(wanting, population.leave[:, None]) * days
    at_rest = coming / leaving_rate
    after = at_rest + (state.pool - at_rest) * np.exp(-leaving_rate)
    leaving = (state.pool + coming - after) * people / leaving_rate
    persuaded = population.of_adsets(persuading * leaving)
    in_window = population.of_adsets(persuading * leaving * population.in_window[..., None])
    organic = leaving * (population.organic[:, None] * (days * hour.stock))
    state.pool = after
    state.spent_today += spend
    state.spent_this_week += spend
    state.spent_of_life += spend
    tally.spend += spend
    tally.impressions += impressions
    tally.persuaded += persuaded
    tally.tracked += in_window * (rules.claims.tracked * hour.tracking)
    tally.organic += organic
    tally.organic_tracked += organic * (rules.claims.tracked * hour.tracking)
    state.shown_today += shown


class _Auctions:
    """The auctions of an hour: squared bids by slot and cell, and the rivals'."""

    def __init__(self, population: Population, squared: Floats, rivals: Floats, people: Floats, price: Floats) -> None:
        self._population, self._squared, self._rivals = population, squared, rivals
        self._people, self._price = people, price

    def held(self, traffic: float, parts: Floats | None = None) -> tuple[Floats, Floats, Floats]:
        """Return spend and impressions by ad set, and impressions a person by slot and cell.

        `parts` are those of the time that each ad set takes part in, from its start; all of it without them.
        """
        squared, rivals = self._squared, self._rivals
        both = squared[0] + squared[1] + rivals
        if parts is None:
            shown = squared * (traffic / both)
            cost = shown * (GAMMA * self._people * self._price / (1 + np.sqrt(rivals / both)))
        else:
            of_slot = self._population.to_slots(parts)
            together = np.minimum(of_slot[0], of_slot[1])
            alone = squared + rivals
            shown_both = squared * (traffic / both) * together
            shown_alone = squared * (traffic / alone) * (of_slot - together)
            shown = shown_both + shown_alone
            cost = (GAMMA * self._people * self._price) * (
                shown_both / (1 + np.sqrt(rivals / both)) + shown_alone / (1 + np.sqrt(rivals / alone))
            )
        sums = self._population.of_adsets(np.stack([cost, shown * self._people], axis=2))
        return sums[:, 0], sums[:, 1], shown


def _share_of(hour: Hour, span_us: int) -> float:
    return span_us / (hour.end_us - hour.start_us)
