"""Prophet as a member, for its explained seasonality: a trend, a week, a year, and known days, each with its part.

It costs tens of milliseconds a series, so it is none of the default members: `Forecaster((*default_models(),
ProphetModel()))` tests it in the same backtest, fitted once a series, and runs it again only if it counts for any.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aibuyer_kit.features.windows import Ints
from aibuyer_kit.forecasting.model import Paths
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet

if TYPE_CHECKING:
    import pandas as pd

_LEAST_VALUES = 14


@dataclass(frozen=True)
class ProphetModel:
    """One Prophet a series, fitted to what lies before the earliest origin, with flags known ahead as regressors."""

    name: str = "Prophet"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def paths(self, series: SeriesSet, origins: Ints, horizon: int) -> Paths:
        found = np.full((len(origins), horizon, series.count), np.nan)
        for place in range(series.count):
            model = _fitted(series, place, int(origins[0]))
            if model is None:
                continue
            whole = _frame(series, place, 0, int(origins[-1]) + horizon)
            told = np.full(len(whole), np.nan)
            ahead = whole.iloc[int(origins[0]) :]
            with _quiet():
                told[int(origins[0]) :] = model.predict(ahead)["yhat"].to_numpy()
            for row, origin in enumerate(origins):
                found[row, :, place] = told[int(origin) : int(origin) + horizon]
        return {self.name: np.maximum(found, 0.0) if series.nonnegative else found}

    def components(self, series: SeriesSet, place: int, horizon: int, *, name: str = "") -> "pd.DataFrame":
        """Return one row per time of the past and ahead with what trend, week, year and each known day add.

        Raises InputError that names the series, or what it is called otherwise, if its past is too short.
        """
        from aibuyer_kit.core.errors import InputError

        model = _fitted(series, place, series.times)
        if model is None:
            called = name or series.names[place]
            raise InputError(f"{called} has fewer than {_LEAST_VALUES} values: too few for a season.")
        with _quiet():
            told = model.predict(_frame(series, place, 0, series.times + horizon))
        parts = [name for name in ("trend", "weekly", "yearly", *_flags(series)) if name in told]
        found: pd.DataFrame = told[["ds", *parts, "yhat"]]
        return found


def _flags(series: SeriesSet) -> list[str]:
    return [name for name in series.known if name != BUDGET]


def _frame(series: SeriesSet, place: int, first: int, last: int) -> "pd.DataFrame":
    import pandas as pd

    values = np.full(last, np.nan)
    known = min(last, series.times)
    values[:known] = series.values[:known, place]
    frame = pd.DataFrame({"ds": pd.to_datetime(series.days(0, last)), "y": values})
    for name in _flags(series):
        frame[name] = series.known[name][:last, place]
    return frame.iloc[first:]


def _fitted(series: SeriesSet, place: int, learnt: int) -> Any:
    """Return a fitted Prophet; None where there is too little to fit."""
    first = int(series.firsts()[place])
    past = series.values[first:learnt, place]
    if np.isfinite(past).sum() < _LEAST_VALUES:
        return None
    with _quiet():
        from prophet import Prophet

        model = Prophet(uncertainty_samples=0)
        for name in _flags(series):
            model.add_regressor(name)
        return model.fit(_frame(series, place, first, learnt), seed=7)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep quiet two lines a fit, and that Prophet 1.3 asks pandas for what is to go."""
    logging.getLogger("cmdstanpy").disabled = True
    logging.getLogger("prophet").setLevel(logging.CRITICAL)  # it misses plotly, which is not used here
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
