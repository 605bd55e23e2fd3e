"""Models asked at moments of the past, each with what was known then, and judged by what came after."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aibuyer_kit.features.trainable import Fold, Judged, Model
from aibuyer_kit.features.windows import Floats


@dataclass(frozen=True)
class Backtest:
    """Losses of one model by fold and object (folds, objects), NaN where it was not judged; `ids` are all objects'."""

    ids: tuple[str, ...]
    loss: Floats
    floor: Floats
    covered: Floats

    def metrics(self) -> dict[str, float]:
        """Return the mean loss, that of the floor, and the share of outcomes within the 80% interval.

        What cannot be told is left out.
        """
        judged = np.isfinite(self.loss)
        found = {
            "loss": _mean(self.loss),
            "floor_loss": _mean(np.where(judged, self.floor, np.nan)),
            "coverage": _mean(self.covered),
            "judged": float(judged.sum()),
        }
        return {name: value for name, value in found.items() if np.isfinite(value)}


def backtest(models: Sequence[Model], folds: Sequence[Fold]) -> Backtest:
    """Return how models did: each on the fold of its place, so that one may be learnt anew for every fold."""
    return of_judged([model.judge(fold) for model, fold in zip(models, folds, strict=True)])


def of_judged(judged: Sequence[Judged]) -> Backtest:
    """Return several judgements as one table, over the objects of all of them."""
    ids = tuple(sorted({object_id for each in judged for object_id in each.ids}))
    places = {object_id: place for place, object_id in enumerate(ids)}
    tables = {name: np.full((len(judged), len(ids)), np.nan) for name in ("loss", "floor", "covered")}
    for row, each in enumerate(judged):
        columns = [places[object_id] for object_id in each.ids]
        for name, table in tables.items():
            table[row, columns] = getattr(each, name)
    return Backtest(ids, **tables)


def paired(one: Backtest, other: Backtest) -> tuple[Floats, Floats]:
    """Return the losses of both over the same objects, in one order; NaN in both where either was not judged."""
    ids = sorted(set(one.ids) & set(other.ids))
    tables = []
    for each in (one, other):
        places = {object_id: place for place, object_id in enumerate(each.ids)}
        tables.append(each.loss[:, [places[object_id] for object_id in ids]])
    unknown = ~(np.isfinite(tables[0]) & np.isfinite(tables[1]))
    return np.where(unknown, np.nan, tables[0]), np.where(unknown, np.nan, tables[1])


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
