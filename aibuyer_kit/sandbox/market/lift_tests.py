"""Lift tests that a world supplies: what ad sets truly brought in the past, as far as held-out people tell it."""

import math
from dataclasses import dataclass
from datetime import timedelta

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.market.account import AdSet
from aibuyer_kit.sandbox.market.arrays import as_floats
from aibuyer_kit.sandbox.market.days import local_day
from aibuyer_kit.sandbox.market.draws import counts, drawn, streams, uniform
from aibuyer_kit.sandbox.market.engine import Market
from aibuyer_kit.sandbox.market.world import LIFT_TEST_AGO_DAYS

# A test lasts this long, or as long as the history was old enough.
_DAYS = 14


@dataclass(frozen=True)
class LiftTest:
    """One test: the results that an ad set brought beyond those that would have come without it, with its error.

    Of half the audience the ads are held back, and what both halves buy is counted: `results` is twice the difference
    of the two counts, and `standard_error` is estimated from them, as whoever runs such a test has to.
    """

    adset_id: str
    days: DateRange
    spend_micros: int
    results: float
    standard_error: float

    def report(self) -> dict[str, object]:
        """Return the test as JSON has it."""
        return {
            "adset_id": self.adset_id,
            "since": self.days.since.isoformat(),
            "until": self.days.until.isoformat(),
            "spend_micros": self.spend_micros,
            "results": self.results,
            "standard_error": self.standard_error,
        }


def lift_tests(market: Market) -> tuple[LiftTest, ...]:
    """Return the tests that the market's world supplies, of as many different ad sets as it says."""
    count = market.world.lift_tests
    if not count:
        return ()
    last = market.history_end - timedelta(days=LIFT_TEST_AGO_DAYS)
    first = max(market.first_day, last - timedelta(days=_DAYS - 1))
    # Ad sets that clients made later were never tested, and do not change which were.
    start_us = local_day(market.first_day, market.zone).start_us
    known = [adset for adset in market.account.adsets if market.log.first(adset.id).since_us <= start_us]
    chosen = sorted(known, key=lambda adset: uniform(market.seed, *_names(market, adset), "lift test"))[:count]
    return tuple(_test(market, adset, DateRange(first, last)) for adset in chosen)


def _test(market: Market, adset: AdSet, days: DateRange) -> LiftTest:
    spend_minor = market.totals(adset.ads, days).spend_minor
    lift, bought_anyway = market.true_lift(adset.id, days)
    shown, held_back = _halves(market, adset, max(0.0, bought_anyway + lift) / 2, bought_anyway / 2)
    spend_micros = spend_minor * 1_000_000 // market.account.minor_per_unit
    # A count has its mean as its variance. Where nobody bought, one buyer more or less is what cannot be told.
    error = 2 * math.sqrt(max(1, shown + held_back))
    return LiftTest(adset.id, days, spend_micros, 2.0 * (shown - held_back), error)


def _halves(market: Market, adset: AdSet, shown: float, held_back: float) -> tuple[int, int]:
    """Return how many people bought in the half that was shown the ads, and in the other one, of those expected."""
    of = streams(market.seed, [(*_names(market, adset), "lift", half) for half in ("shown", "held back")])
    bought = counts(as_floats([shown, held_back]), drawn(of, 0)).tolist()
    return bought[0], bought[1]


def _names(market: Market, adset: AdSet) -> tuple[str, str]:
    return market.tree.campaign(adset.campaign_id).name, adset.name
