"""Series for tests: made by hand, or drawn from a rate that is known."""

from datetime import date

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.forecasting.drivers import Drivers
from aibuyer_kit.forecasting.floors import SeasonalNaive, Smoothing, Theta, WindowMean
from aibuyer_kit.forecasting.model import Model
from aibuyer_kit.forecasting.series import SeriesSet

START = date(2026, 1, 5)  # a Monday
CHEAP: tuple[Model, ...] = (SeasonalNaive(), WindowMean(), Smoothing(), Theta(), Drivers())


def series_of(values: Floats, **more: object) -> SeriesSet:
    return SeriesSet(values, tuple(f"s{place}" for place in range(values.shape[1])), START, **more)  # type: ignore[arg-type]


def weekly_rate(days: int, count: int, level: float = 20.0) -> Floats:
    """Return a rate with half as much on Saturdays and Sundays."""
    weekend = np.arange(days) % 7 >= 5
    return np.tile(np.where(weekend, level / 2, level)[:, None], (1, count))


def drawn(rate: Floats, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).poisson(rate).astype(np.float64)


def wandering(days: int, count: int, seed: int, step: float = 0.06) -> Floats:
    """Return counts around levels that go their own ways day by day, with a weekend and more noise than chance."""
    draw = np.random.default_rng(seed)
    level = np.cumsum(draw.normal(0, step, (days, count)), axis=0)
    rate = (
        weekly_rate(days, count, 1.0) * draw.choice([5.0, 20.0, 60.0], count) * np.exp(level - level[min(60, days - 1)])
    )
    return draw.poisson(rate * np.exp(draw.normal(0, 0.12, (days, count)))).astype(np.float64)
