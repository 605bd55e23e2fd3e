"""What each feature adds to what a LightGBM model says: TreeSHAP, exact, whose values add up to the prediction.

Values are on the scale on which trees are added: logs for counts and rates, log-odds for chances.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.windows import Floats

if TYPE_CHECKING:
    import lightgbm


@dataclass(frozen=True)
class Contributions:
    """Contributions of features (rows, features); with `base` (rows,) they add up to the model's raw score."""

    names: tuple[str, ...]
    values: Floats
    base: Floats

    def raw_scores(self) -> Floats:
        """Return what the model says, before its link."""
        found: Floats = self.values.sum(axis=1) + self.base
        return found

    def importance(self) -> dict[str, float]:
        """Return each feature's mean absolute contribution, the greatest first."""
        sizes = np.abs(self.values).mean(axis=0) if len(self.values) else np.zeros(len(self.names))
        order = np.argsort(-sizes, kind="stable")
        return {self.names[place]: float(sizes[place]) for place in order}

    def of(self, row: int) -> dict[str, float]:
        """Return one row's contributions, the greatest in size first."""
        order = np.argsort(-np.abs(self.values[row]), kind="stable")
        return {self.names[place]: float(self.values[row, place]) for place in order}


def contributions(booster: "lightgbm.Booster", features: Floats, offset: Floats | None = None) -> Contributions:
    """Return what each feature adds to a model's raw score; `offset` is what the trees began from, by row.

    Raises InputError for another number of features than the model has, and for a model of several classes.
    """
    names = tuple(booster.feature_name())
    if features.ndim != 2 or features.shape[1] != len(names):
        raise InputError(f"The model has {len(names)} features ({', '.join(names)}); these are of {features.shape}.")
    if booster.num_model_per_iteration() != 1:
        raise InputError("Contributions are of models that say one number; this one has several classes.")
    if not len(features):
        return Contributions(names, np.zeros((0, len(names))), np.zeros(0))
    found = np.asarray(booster.predict(features, pred_contrib=True, num_threads=1), dtype=np.float64)
    return Contributions(names, found[:, :-1], found[:, -1] + (0.0 if offset is None else offset))
