"""What can be expected of a creative from what it shows: LightGBM on the effects of those that were seen.

Each creative is told by a model that did not see it, so that what it did is not counted twice when it is added as
evidence. New ones are told by the mean of all models.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aibuyer_kit.core.errors import ArtefactError, InputError
from aibuyer_kit.creatives.shown import Columns, Shown, columns_of
from aibuyer_kit.features.windows import Floats, Ints

FOLDS, LEAST_ITEMS, MOST_ROUNDS = 5, 15, 150
_FORMAT = "aibuyer creative model 1"
_SETTINGS: Mapping[str, Any] = {
    "objective": "regression",
    "metric": "l2",
    "learning_rate": 0.05,
    "num_leaves": 6,
    "min_data_in_leaf": 4,
    "min_sum_hessian_in_leaf": 0,
    "lambda_l2": 3.0,
    "feature_fraction": 0.7,
    "boost_from_average": False,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True)
class CreativeModel:
    """Boosted trees by fold, of which `rounds` are used, and the columns that they read; none: nothing was learnt."""

    columns: Columns
    rounds: int
    texts: tuple[str, ...]
    gain: float = 0.0
    _boosters: list[Any] = field(default_factory=list, repr=False, compare=False)

    @property
    def has_learnt(self) -> bool:
        return bool(self.rounds and self.texts)

    def expected(self, several: Sequence[Shown], folds: Ints | None = None) -> Floats:
        """Return the expected effect of each, as a logarithm; `folds` names the model of each, -1 the mean of all."""
        found: Floats = self.contributions(several, folds).sum(axis=1)
        return found

    def contributions(self, several: Sequence[Shown], folds: Ints | None = None) -> Floats:
        """Return what each column adds to the expected effect of each (SHAP), and in the last column what is usual.

        They add up to `expected`.
        """
        table = self.columns.table(several)
        if not self.has_learnt or not len(table):
            return np.zeros((len(table), len(self.columns.names) + 1))
        told = np.stack(
            [np.asarray(each.predict(table, num_iteration=self.rounds, pred_contrib=True)) for each in self._loaded()]
        )
        found: Floats = told.mean(axis=0)
        if folds is not None:
            own = folds >= 0
            found[own] = told[folds[own], np.flatnonzero(own)]
        return found

    def _loaded(self) -> list[Any]:
        if not self._boosters:
            import lightgbm

            try:
                self._boosters.extend([lightgbm.Booster(model_str=text) for text in self.texts])
            except lightgbm.basic.LightGBMError as error:
                raise ArtefactError(f"LightGBM does not understand this model: {error}") from None
        return self._boosters

    def to_text(self) -> str:
        """Return the model as JSON around LightGBM's own text form: no pickles."""
        return json.dumps(
            {
                "format": _FORMAT,
                "numbers": self.columns.numbers,
                "shared": self.columns.shared,
                "rounds": self.rounds,
                "gain": self.gain,
                "boosters": self.texts,
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_text(cls, text: str) -> "CreativeModel":
        """Return the model that `to_text` wrote. Raises InputError for anything else."""
        try:
            told = json.loads(text)
            if told["format"] != _FORMAT:
                raise ValueError(told["format"])
            columns = Columns(tuple(told["numbers"]), tuple((one, other) for one, other in told["shared"]))
            return cls(columns, int(told["rounds"]), tuple(map(str, told["boosters"])), float(told["gain"]))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"This is no model of creatives that this version can read ({error}).") from None


def fold_of(count: int, seed: int) -> Ints:
    """Return in which fold each of `count` items is."""
    found: Ints = np.random.default_rng(seed).permutation(count) % FOLDS
    return found.astype(np.int64)


def fit_model(several: Sequence[Shown], effects: Floats, weights: Floats, seed: int = 0) -> tuple[CreativeModel, Ints]:
    """Return a model of effects (logarithms, known to the `weights`), and the fold of each item.

    It learns for as many rounds as serve what it has not seen; where none does, or few were seen, it expects the same
    of all. `gain` is by which share it lowers the squared error on those that had no part in it, the
    choice of rounds included: below 0 where what it found does not hold.
    """
    columns, folds = columns_of(several), fold_of(len(several), seed)
    if len(several) < LEAST_ITEMS or not columns.names:
        return CreativeModel(columns, 0, ()), folds
    import lightgbm

    table, scale = columns.table(several), weights / weights.mean()
    texts, errors = [], np.zeros((FOLDS, MOST_ROUNDS + 1))
    for fold in range(FOLDS):
        seen, own = folds != fold, folds == fold
        data = lightgbm.Dataset(table[seen], effects[seen], weight=scale[seen])
        left_out = lightgbm.Dataset(table[own], effects[own], weight=scale[own], reference=data)
        told: dict[str, dict[str, list[float]]] = {}
        booster = lightgbm.train(
            {**_SETTINGS, "seed": seed},
            data,
            num_boost_round=MOST_ROUNDS,
            valid_sets=[left_out],
            valid_names=["left out"],
            callbacks=[lightgbm.record_evaluation(told)],
        )
        texts.append(booster.model_to_string())
        errors[fold] = _errors(told["left out"]["l2"], effects[own], scale[own])
    rounds = int(errors.sum(axis=0).argmin())
    return CreativeModel(columns, rounds, tuple(texts), _gain(errors)), folds


def _gain(errors: Floats) -> float:
    """Return by which share the error (folds, rounds) falls; each fold's rounds are chosen on the others."""
    whole = errors.sum(axis=0)
    chosen = (whole - errors).argmin(axis=1)
    left = float(errors[np.arange(len(errors)), chosen].sum())
    return 1 - left / float(whole[0]) if whole[0] > 0 else 0.0


def _errors(told: Sequence[float], effects: Floats, weights: Floats) -> Floats:
    """Return the weighted squared error after each number of rounds, from none on."""
    found = np.full(MOST_ROUNDS + 1, float(np.sum(weights * effects**2)))
    if told:
        found[1:] = float(weights.sum()) * told[-1]
        found[1 : len(told) + 1] = float(weights.sum()) * np.asarray(told)
    return found
