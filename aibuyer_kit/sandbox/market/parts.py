"""Ads and days cut into the cells of a family; the parts add up to the whole, number by number."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from aibuyer_kit.sandbox.market.arrays import Floats, Ints, as_floats
from aibuyer_kit.sandbox.market.days import LocalDay, from_us
from aibuyer_kit.sandbox.market.delivery import Stretch
from aibuyer_kit.sandbox.market.people import HOURLY, ONE, Mixture, cut

_HOUR_US = 3_600_000_000
# Irrational steps, so that over the days each kind of rounding falls evenly on all cells.
_STEPS = {
    "spend": 0.6180339887,
    "views": 0.4142135624,
    "clicks": 0.7320508076,
    "links": 0.2360679775,
    "results": 0.6457,
}


@dataclass(frozen=True)
class Cutter:
    """How some ads and days are cut: a row each of shares, and where the rounding falls."""

    shares: Mixture
    phase: Floats
    ordinals: Ints

    def take(self, rows: Ints) -> "Cutter":
        """Return it for some of the rows."""
        return Cutter(self.shares.take(rows), self.phase[rows], self.ordinals[rows])

    def spend(self, spend_minor: Ints) -> Ints:
        return cut(spend_minor, self.shares.spend, self._rounding("spend"))

    def seen(self, impressions: Ints, clicks: Ints, link_clicks: Ints) -> tuple[Ints, Ints, Ints]:
        """Return impressions, clicks, link clicks: in each cell the later are at most the earlier."""
        links = cut(link_clicks, self.shares.clicks, self._rounding("links"))
        all_clicks = links + cut(clicks - link_clicks, self.shares.clicks, self._rounding("clicks"))
        return all_clicks + cut(impressions - clicks, self.shares.views, self._rounding("views")), all_clicks, links

    def steps(self, steps: Sequence[Ints]) -> list[Ints]:
        """Return the steps of claims by row and cell: the windows of each cell nest as those of the whole do."""
        phase = self._rounding("results")
        # Each step has a phase of its own, else small numbers would all fall into one cell.
        return [
            cut(number, self.shares.results, (phase + place * ONE // 4) % ONE) for place, number in enumerate(steps)
        ]

    def _rounding(self, kind: str) -> Ints:
        return ((self.phase + self.ordinals * _STEPS[kind]) % 1.0 * ONE).astype(np.int64)


@lru_cache(maxsize=4096)
def even_hours(day: LocalDay, zone: ZoneInfo) -> Floats:
    """Return how long each of the account's 24 hours is on a day, in hours; one that comes twice is one cell."""
    return hours_of_spend([(day.start_us, day.end_us, (day.end_us - day.start_us) / _HOUR_US)], day, zone)


def spent_hours(place: int, spent: Sequence[Stretch], day: LocalDay, zone: ZoneInfo) -> Floats:
    """Return what the ad at a place in its ad set spent in each of the account's 24 hours."""
    return hours_of_spend([(one.start_us, one.end_us, float(one.exact_minor[place])) for one in spent], day, zone)


def hours_of_spend(spent: Sequence[tuple[int, int, float]], day: LocalDay, zone: ZoneInfo) -> Floats:
    """Return amounts spent evenly from-until, by the account's hour."""
    by_hour = [0.0] * len(HOURLY.cells)
    for start_us in range(day.start_us, day.end_us, _HOUR_US):
        hour = from_us(start_us).astimezone(zone).hour
        for since_us, until_us, amount in spent:
            overlap_us = min(until_us, start_us + _HOUR_US) - max(since_us, start_us)
            if overlap_us > 0:
                by_hour[hour] += amount * overlap_us / (until_us - since_us)
    return as_floats(by_hour)
