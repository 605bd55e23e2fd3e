"""Lift tests that a world supplies: what ad sets truly brought in the past, as far as held-out people tell it."""

import math
from dataclasses import dataclass
from datetime import timedelta

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.market.account import AdSet
from aibuyer_kit.sandbox.market.arrays import as_floats
from aibuyer_kit.sandbox.market.days import local_day
from aibuyer_kit.sandbox.market.draws import drawn, normal, streams, uniform
from aibuyer_kit.sandbox.market.engine import Market

# A test lasts this long and has ended this long ago, so that its results are complete.
_DAYS, _AGO_DAYS = 14, 28


@dataclass(frozen=True)
class LiftTest:
    """One test: the results that an ad set brought beyond those that would have come without it, with its error.

    Of half the audience the ads are held back, and what both halves buy is counted: `results` is twice the difference,
    `standard_error` the square root of its variance.
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
    last = market.history_end - timedelta(days=_AGO_DAYS)
    first = max(market.first_day, last - timedelta(days=_DAYS - 1))
    count = market.world.lift_tests
    if not count or last < first:
        return ()
    # Ad sets that clients made later were never tested, and do not change which were.
    start_us = local_day(market.first_day, market.zone).start_us
    known = [adset for adset in market.account.adsets if market.log.first(adset.id).since_us <= start_us]
    chosen = sorted(known, key=lambda adset: uniform(market.seed, adset.id, "lift test"))[:count]
    return tuple(_test(market, adset, DateRange(first, last)) for adset in chosen)


def _test(market: Market, adset: AdSet, days: DateRange) -> LiftTest:
    spend_minor = market.totals(adset.ads, days).spend_minor
    lift, bought_anyway = market.true_lift(adset.id, days)
    # Both halves are counted, and each count has its mean as its variance.
    error = math.sqrt(2 * (2 * bought_anyway + max(0.0, lift)))
    luck = float(normal(drawn(streams(market.seed, [(adset.id, "lift")]), 0) + as_floats([0.0]))[0])
    spend_micros = spend_minor * 1_000_000 // market.account.minor_per_unit
    return LiftTest(adset.id, days, spend_micros, lift + error * luck, error)
