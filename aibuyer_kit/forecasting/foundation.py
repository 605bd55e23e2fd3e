"""Where a foundation model (Chronos-2, TimesFM …) is plugged in, if its weights are at hand: nothing is downloaded.

`FoundationModel("mine", predictor)` takes any function from the pasts of many series to their futures.
`chronos(folder)` makes one of Chronos weights in a folder.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.forecasting.model import Paths
from aibuyer_kit.forecasting.series import SeriesSet

# From pasts (series, times; NaN is not known) and a number of steps to what is expected (series, steps).
Predictor = Callable[[Floats, int], Floats]
_CONTEXT_STEPS = 512


@dataclass(frozen=True)
class FoundationModel:
    """A model that needs no fitting: it is shown each past as far as it was known at an origin."""

    name: str
    predictor: Predictor

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def paths(self, series: SeriesSet, origins: Ints, horizon: int) -> Paths:
        found = np.empty((len(origins), horizon, series.count))
        for row, origin in enumerate(origins):
            past = series.values[max(0, int(origin) - _CONTEXT_STEPS) : int(origin)]
            told = np.asarray(self.predictor(np.ascontiguousarray(past.T), horizon), dtype=np.float64)
            if told.shape != (series.count, horizon):
                raise InputError(f"{self.name} said {told.shape}; {(series.count, horizon)} was asked for.")
            found[row] = told.T
        return {self.name: np.maximum(found, 0.0) if series.nonnegative else found}


def chronos(weights: Path | str) -> FoundationModel:
    """Return Chronos with the weights in a folder.

    Raises NotFoundError where the folder holds none, and InputError that says what to install.
    """
    folder = Path(weights)
    if not (folder / "config.json").is_file():
        raise NotFoundError(
            f"{folder} holds no weights (config.json). Put those of a Chronos model there; none are downloaded."
        )
    # Neither is a dependency: they come with the weights.
    try:
        pipelines, torch = import_module("chronos"), import_module("torch")
    except ImportError:
        raise InputError("Chronos is not installed. Install it beside this: pip install chronos-forecasting") from None
    pipeline = pipelines.BaseChronosPipeline.from_pretrained(str(folder), device_map="cpu", local_files_only=True)

    def predictor(pasts: Floats, horizon: int) -> Floats:
        _, mean = pipeline.predict_quantiles([torch.tensor(past) for past in pasts], horizon, [0.5])
        return np.asarray(mean, dtype=np.float64).reshape(len(pasts), horizon)

    return FoundationModel("Chronos", predictor)
