"""The closed forms of the presets `hill` and `logistic`: how spend becomes results, and when they become known."""

import math
from dataclasses import dataclass
from datetime import date

import numpy as np

from aibuyer_kit.sandbox.market.arrays import Ints

MATURE_DAYS = 28
KNOWN_AT_ONCE = 0.5

# By weekday, Monday first; the mean is 1.
RESULTS_BY_WEEKDAY = (1.06, 1.04, 1.02, 0.98, 0.94, 0.92, 1.04)
PRICE_BY_WEEKDAY = (0.97, 0.96, 0.98, 1.0, 1.04, 1.05, 1.0)


@dataclass(frozen=True)
class HillCurve:
    """Final results a day that a day's spend brings, before the factor of the weekday.

    ``results(s) = vmax * s**k / (s**k + half**k)`` with `s` and `half_units` in currency units a day: at `half_units`
    half of `vmax` is reached. Source: Hill (1910), as used for ad saturation in Jin et al. (2017).
    """

    vmax: float
    half_units: float
    k: float

    def results(self, spend_units: float) -> float:
        if spend_units <= 0:
            return 0.0
        powered = math.pow(spend_units, self.k)
        return self.vmax * powered / (powered + math.pow(self.half_units, self.k))

    def slope(self, spend_units: float) -> float:
        """Return the results that the next unit of spend brings; infinite at 0 where `k` is below 1."""
        if spend_units <= 0:
            return math.inf if self.k < 1 else self.vmax / self.half_units if self.k == 1 else 0.0
        share = self.results(spend_units) / self.vmax
        return self.vmax * self.k * share * (1 - share) / spend_units

    @property
    def inflection_units(self) -> float:
        """The spend from which on each unit brings less than the one before."""
        return self.half_units * ((self.k - 1) / (self.k + 1)) ** (1 / self.k) if self.k > 1 else 0.0


@dataclass(frozen=True)
class LogisticCurve:
    """Final results a day that a day's spend brings, before the factor of the weekday: little, much, and little again.

    ``results(s) = vmax * (f(s) - f(0)) / (1 - f(0))`` with ``f(s) = 1 / (1 + exp(-(s - middle) / scale))``, all spend
    in currency units a day. Source: Verhulst (1845), as used for ad response in Little (1979).
    """

    vmax: float
    middle_units: float
    scale_units: float

    def results(self, spend_units: float) -> float:
        if spend_units <= 0:
            return 0.0
        start = self._at(0.0)
        return self.vmax * (self._at(spend_units) - start) / (1 - start)

    def slope(self, spend_units: float) -> float:
        """Return the results that the next unit of spend brings."""
        share = self._at(max(0.0, spend_units))
        return self.vmax * share * (1 - share) / self.scale_units / (1 - self._at(0.0))

    @property
    def inflection_units(self) -> float:
        """The spend from which on each unit brings less than the one before."""
        return self.middle_units

    def _at(self, spend_units: float) -> float:
        return 1 / (1 + math.exp(-(spend_units - self.middle_units) / self.scale_units))


Curve = HillCurve | LogisticCurve


def expected_results(curve: Curve, spend_units: float, day: date) -> float:
    """Return the final results of one ad set and day: ``curve.results(spend) * RESULTS_BY_WEEKDAY[weekday]``."""
    return curve.results(spend_units) * RESULTS_BY_WEEKDAY[day.weekday()]


def known_share(age_days: float) -> float:
    """Return the share of a day's final results that is reported `age_days` after the day began.

    ``1 - (1 - KNOWN_AT_ONCE) * (1 - age / 28)**3``, and exactly 1 from 28 days on.

    >>> known_share(0), round(known_share(7), 3), known_share(28)
    (0.5, 0.789, 1.0)
    """
    if age_days >= MATURE_DAYS:
        return 1.0
    return 1.0 - (1.0 - KNOWN_AT_ONCE) * (1.0 - max(0.0, age_days) / MATURE_DAYS) ** 3


def people_reached(audience: Ints, impressions: Ints) -> Ints:
    """Return the people who saw at least one of `impressions` that fall evenly on an audience.

    ``audience * (1 - exp(-impressions / audience))``: never above the impressions nor the audience.
    """
    reached: Ints = np.ceil(audience * -np.expm1(-impressions / audience)).astype(np.int64)
    return np.minimum(impressions, reached)
