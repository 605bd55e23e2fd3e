"""What a day and its hours are like: traffic, the rivals' price, demand, tracking; for several runs of luck at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np

from aibuyer_kit.sandbox.market.arrays import Floats, as_floats, as_ints
from aibuyer_kit.sandbox.market.days import LocalDay, from_us
from aibuyer_kit.sandbox.market.draws import Streams, between, drawn, normal, streams
from aibuyer_kit.sandbox.market.emergent.population import GROUPS
from aibuyer_kit.sandbox.market.emergent.rules import Effect, Event, Rules

HOUR_US = 3_600_000_000
# When people look, from midnight on; only the proportions matter.
_TRAFFIC = (22, 14, 9, 7, 7, 10, 20, 34, 43, 47, 49, 51, 54, 53, 51, 50, 52, 56, 62, 70, 77, 76, 63, 41)
# The account's hours at which an impression is cheapest and dearest.
_FEWEST_RIVALS, _MOST_RIVALS = 4, 20
# From day to day luck stays by this share.
_PERSISTENCE = 0.7
# The name of the luck that the market itself has.
MARKETS_OWN = ""
# Of the variance of luck, the part that all groups have in common.
_COMMON = 0.5


@dataclass(frozen=True)
class Hour:
    """One hour of the account's clock, or what the day has of it; `traffic` is its share of the day's.

    What multiplies price, tracking, demand and what can be bought is one number, or one for each run of luck.
    """

    start_us: int
    end_us: int
    traffic: float
    price: Floats
    tracking: Floats
    demand: Floats
    stock: Floats


@dataclass(frozen=True)
class Day:
    """One day: its hours, and by group and run of luck what multiplies the rivals' price and the demand.

    `usual_price` multiplies the price all over this time of the year.
    """

    number: int
    hours: tuple[Hour, ...]
    price: Floats
    usual_price: float
    demand: Floats


class Conditions:
    """The same for the same rules and seed, whatever the account does."""

    def __init__(
        self, rules: Rules, seed: int, zone: ZoneInfo, runs: tuple[str, ...] = (MARKETS_OWN,), *, since: int = 0
    ) -> None:
        """Each of `runs` names a luck of its own, beginning on the day `since`; before it all have the market's own.

        A name that ends with "-" is the opposite of the name without it, which makes means over both more exact; what
        happens by chance is the same for both.
        """
        self._rules = rules
        self._zone = zone
        self._seed = seed
        self.runs = runs
        self._since = since
        some = list(dict.fromkeys(run.removesuffix("-") for run in runs))
        names = [(what, str(group), run) for what in ("price", "demand") for group in range(GROUPS + 1) for run in some]
        self._streams: Streams = streams(seed, names).reshape(2, GROUPS + 1, len(some))
        self._some = some
        self._column = as_ints([some.index(run.removesuffix("-")) for run in runs])
        self._sign = as_floats([-1.0 if run.endswith("-") else 1.0 for run in runs])

    def at_rest(self) -> Floats:
        """Return the luck before the first day: price and demand by group, the last one common to all, and run."""
        return np.zeros((2, GROUPS + 1, len(self.runs)))

    def next_luck(self, before: Floats, number: int) -> Floats:
        """Return a day's luck after that of the day before."""
        fresh = normal(drawn(self._streams, number))[..., self._column] * self._sign
        found: Floats = _PERSISTENCE * before + math.sqrt(1 - _PERSISTENCE**2) * fresh
        return found

    def day(self, bounds: LocalDay, number: int, luck: Floats) -> Day:
        """Return what a day of the account is like."""
        rules = self._rules
        usual_price = _price_of_year(rules, bounds.day)
        price = usual_price * _price_of_week(rules, bounds.day) * _factor(luck[0], rules.auctions.noise)
        demand = _seasonal_demand(rules, bounds.day, number) * _factor(luck[1], rules.demand.noise)
        return Day(number, self._hours(bounds, number), price, usual_price, demand)

    def _hours(self, bounds: LocalDay, number: int) -> tuple[Hour, ...]:
        starts = range(bounds.start_us, bounds.end_us, HOUR_US)
        clocks = [from_us(start_us).astimezone(self._zone).hour for start_us in starts]
        weights = as_floats([_TRAFFIC[clock] for clock in clocks])
        shares, swing = (weights / weights.sum()).tolist(), self._rules.auctions.hourly
        planned = [_planned(event) for event in self._rules.event]
        chance = self._chances(number)
        found = []
        for start_us, clock, share in zip(starts, clocks, shares, strict=True):
            price = 1 + swing * _rivals_at(clock)
            hour, end_us = number * 24 + clock, min(start_us + HOUR_US, bounds.end_us)
            factors = [self._factor(kinds, hour, planned, chance) for kinds in _KINDS]
            found.append(Hour(start_us, end_us, share, price * factors[0], *factors[1:]))
        return tuple(found)

    def _factor(
        self, kinds: Sequence[Effect], hour: int, planned: Sequence["_Happening"], chance: Sequence[list["_Happening"]]
    ) -> Floats:
        """Return what multiplies by all that is going on in an hour of the world: one number, or one a run."""

        def of(some: Sequence[_Happening]) -> float:
            return math.prod(one.factor for one in some if one.kind in kinds and one.begins <= hour < one.ends)

        by_luck = as_floats([of(some) for some in chance])[self._column] if any(chance) else np.ones(1)
        found: Floats = of(planned) * by_luck
        return found

    def _chances(self, number: int) -> list[list["_Happening"]]:
        """Return, for each luck, what happens by chance on a day or has begun on the day before."""
        if not (self._rules.shocks.price_a_month or self._rules.shocks.tracking_a_month):
            return []
        days = range(max(0, number - 1), number + 1)
        return [
            [one for day in days for one in self._by_chance(day, luck if day >= self._since else MARKETS_OWN)]
            for luck in self._some
        ]

    def _by_chance(self, number: int, luck: str) -> list["_Happening"]:
        def draw(low: float, high: float, *names: str) -> float:
            return between(low, high, self._seed, "shock", str(number), *names, *filter(None, [luck]))

        found = []
        shocks = self._rules.shocks
        if draw(0, 30, "price") < shocks.price_a_month:
            begins = number * 24 + int(draw(0, 24, "hour"))
            found.append(_Happening("price", begins, begins + int(draw(2, 9, "hours")), draw(3, 5, "factor")))
        if draw(0, 30, "tracking") < shocks.tracking_a_month:
            begins = number * 24 + int(draw(0, 24, "outage"))
            found.append(_Happening("tracking", begins, begins + int(draw(3, 24, "length")), 0.15))
        return found


_ON_PRICE: tuple[Effect, ...] = ("price", "competitor")
_OTHERS: tuple[tuple[Effect, ...], ...] = (("tracking",), ("promotion",), ("stock_out",))
_KINDS = (_ON_PRICE, *_OTHERS)


@dataclass(frozen=True)
class _Happening:
    """Something that multiplies by `factor` from one hour of the world up to another."""

    kind: Effect
    begins: int
    ends: int
    factor: float


def _planned(event: Event) -> _Happening:
    return _Happening(event.kind, event.begins, event.ends, event.factor)


def _factor(luck: Floats, deviation: float) -> Floats:
    """Return factors with mean 1 by group and run."""
    own, common = luck[:-1], luck[-1:]
    mixed = math.sqrt(1 - _COMMON) * own + math.sqrt(_COMMON) * common
    found: Floats = np.exp(deviation * mixed - deviation**2 / 2)
    return found


def _price_of_year(rules: Rules, day: date) -> float:
    """Return what is dearest in the middle of November, and has a level of its own in the weeks before New Year."""
    auctions = rules.auctions
    year = 1 + auctions.season * math.cos((day.timetuple().tm_yday - 319) / 365.25 * math.tau)
    is_before_new_year = (day.month, day.day) >= (11, 20)
    return year * (auctions.holidays if is_before_new_year else 1.0)


def _price_of_week(rules: Rules, day: date) -> float:
    """Return what is dearer at the end of the week than at its start."""
    return 1 + rules.auctions.weekday * math.cos((day.weekday() - 5) / 7 * math.tau)


def _rivals_at(clock: int) -> float:
    """Return how many rivals there are beside the mean: -1 when they are fewest, 1 when they are most."""
    since = (clock - _FEWEST_RIVALS) % 24
    rising = _MOST_RIVALS - _FEWEST_RIVALS
    turn = since / rising if since <= rising else 1 + (since - rising) / (24 - rising)
    return -math.cos(math.pi * turn)


def _seasonal_demand(rules: Rules, day: date, number: int) -> float:
    demand = rules.demand
    year = 1 + demand.season * math.cos((day.timetuple().tm_yday - 344) / 365.25 * math.tau)
    week = 1 + demand.weekday * math.cos(day.weekday() / 7 * math.tau)
    return year * week * math.exp(math.log1p(demand.trend) * number / 365.25)
