"""The closed form of the preset `hill`: how spend becomes results, and when they become known."""

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


def expected_results(curve: HillCurve, spend_units: float, day: date) -> float:
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
