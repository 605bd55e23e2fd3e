"""The one interface of all models: forecasts from several origins at once, each from what was known before it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.forecasting.series import SeriesSet

# By the name of the member: what is expected (origins, horizon, series); NaN where it cannot tell.
Paths = Mapping[str, Floats]


class Model(Protocol):
    """One or several members that can be asked for the expected values from several origins in one go.

    Nothing from an origin on may change what is forecast from it, but covariates, which are known ahead. Parameters may
    be learnt once, from what lies before the earliest origin: that makes a backtest as cheap as a forecast.
    """

    @property
    def names(self) -> Sequence[str]:
        """What its members are called."""
        ...

    def paths(self, series: SeriesSet, origins: Ints, horizon: int) -> Paths:
        """Return what is expected by each member, from origins that ascend."""
        ...
