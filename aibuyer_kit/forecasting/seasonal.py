"""Any series without its weekdays, its time of the year and its known days (holidays, promotions)."""

from dataclasses import dataclass

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.forecasting.drivers import Factors, factors_of, fitted
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet


@dataclass(frozen=True)
class SeasonallyAdjusted:
    """`adjusted` is values / `factor` (times, series); a factor of 1.2 is a day that usually brings a fifth more."""

    adjusted: Floats
    factor: Floats


def seasonally_adjusted(series: SeriesSet) -> SeasonallyAdjusted:
    """Return series without what weekdays, the year and known days do; what budgets and the level do stays.

    Factors are of the drivers (forecasting/drivers.py), and come to 1 on average over the days that are known.
    """
    factors = factors_of(series, series.times, series.times)
    kept = [at for at, kind in enumerate(factors.kinds) if kind != "budget"]
    coefficients = fitted(series.values, factors)
    seasonal = Factors(factors.x[:, :, kept], tuple(factors.kinds[at] for at in kept), factors.paused)
    factor = np.exp(np.einsum("tsp,sp->ts", seasonal.x, coefficients[:, kept]))
    known = np.isfinite(series.values)
    if BUDGET in series.known:
        known &= ~factors.paused
    counted = np.maximum(known.sum(axis=0), 1)
    usual = np.where(known, factor, 0.0).sum(axis=0) / counted
    factor = factor / np.where(usual > 0, usual, 1.0)
    return SeasonallyAdjusted(series.values / factor, factor)
