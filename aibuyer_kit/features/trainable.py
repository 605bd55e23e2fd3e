"""What every model that is kept says of itself: how it is learnt from a panel, kept as files, read back, and judged.

A model is kept as files in open formats only (LightGBM's text, JSON, Arrow): nothing of it is ever run when it is read.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, runtime_checkable

import numpy as np

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ArtefactError, InputError
from aibuyer_kit.features.contributions import Contributions
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.windows import Floats

Value = str | int | float | bool
Parameters = Mapping[str, Value]
Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Fold:
    """One moment of a backtest: what was known at the end of its `origin`, and what is known of the days after it."""

    known: DailyPanel
    later: DailyPanel

    def __post_init__(self) -> None:
        if self.later.days.until <= self.known.days.until:
            raise InputError(f"Nothing is known after {self.known.days.until}: a fold tells of no later day.")

    @property
    def origin(self) -> date:
        return self.known.days.until


@dataclass(frozen=True)
class Judged:
    """How a model did on one fold, by object: arrays of one length, NaN where it cannot be told.

    `loss` and `floor` (the floor's, of the same outcome) are losses, less is better, with additive means; `covered` is
    the share of outcomes that lay within the model's 80% interval: of one outcome 1 or 0.
    """

    ids: tuple[str, ...]
    loss: Floats
    floor: Floats
    covered: Floats

    def __post_init__(self) -> None:
        if any(len(each) != len(self.ids) for each in (self.loss, self.floor, self.covered)):
            raise InputError("A model is judged by one loss for each object.")


class Model(Protocol):
    """One that was learnt, or read back from its files."""

    def files(self) -> Files:
        """Return the files that hold all of it, by name."""
        ...

    def judge(self, fold: Fold) -> Judged:
        """Return how it did, asked at the fold's origin with what was known then."""
        ...

    def features(self, known: DailyPanel) -> tuple[tuple[str, ...], Floats]:
        """Return the names and the figures (rows, features) of what it looks at; without rows where it has none."""
        ...


@runtime_checkable
class Explainable(Protocol):
    """A model that says what adds up to its estimates."""

    def contributions(self, known: DailyPanel) -> tuple[tuple[int, ...], Contributions]:
        """Return the places of the objects that it has an estimate of, and what each feature adds to its log."""
        ...


@runtime_checkable
class Scoring(Protocol):
    """A model that says one number of each object, which rules may compare: more is better, 1 is usual."""

    def scores(self, known: DailyPanel) -> Floats:
        """Return a number for each object of the panel; NaN where there is none."""
        ...


@runtime_checkable
class Described(Protocol):
    """A model that is a few figures, which can be read."""

    def described(self) -> Sequence[Mapping[str, Any]]:
        """Return its figures as rows of one table."""
        ...


class Trainable(Protocol):
    """How models of one kind are learnt. The same panel, parameters and seed give the same files, byte for byte.

    `revision` changes when its code gives another model of the same data; `history_days` is how much it wants to see,
    `horizon_days` how many days after an origin tell its outcome, `folds` on how many origins it is judged.
    """

    @property
    def name(self) -> str: ...
    @property
    def revision(self) -> int: ...
    @property
    def level(self) -> Level: ...
    @property
    def history_days(self) -> int: ...
    @property
    def horizon_days(self) -> int: ...
    @property
    def folds(self) -> int: ...
    @property
    def parameters(self) -> Parameters:
        """The parameters that it is learnt with unless others are given."""
        ...

    @property
    def space(self) -> Mapping[str, tuple[float, float]]:
        """Between which bounds parameters may be tuned; those that are not named stay as they are."""
        ...

    def fit(self, known: DailyPanel, parameters: Parameters, seed: int) -> Model:
        """Return a model. Raises InputError that says why it cannot be learnt from this."""
        ...

    def load(self, files: Files) -> Model:
        """Return the model that these files hold. Raises ArtefactError."""
        ...


@dataclass(frozen=True)
class Trained:
    """A model as it is handed over to be kept: its files, and all that it takes to make it again."""

    name: str
    revision: int
    parameters: Parameters
    seed: int
    since: date
    until: date
    load_id: int
    fingerprint: str
    files: Files
    metrics: Mapping[str, float] = field(default_factory=dict)


def trained(
    trainable: Trainable, model: Model, known: DailyPanel, parameters: Parameters, seed: int, **metrics: float
) -> Trained:
    """Return a model with what it was learnt from."""
    return Trained(
        trainable.name,
        trainable.revision,
        dict(parameters),
        seed,
        known.days.since,
        known.days.until,
        known.load_id,
        known.fingerprint(),
        dict(model.files()),
        {name: value for name, value in metrics.items() if np.isfinite(value)},
    )


def json_file(content: Any) -> bytes:
    """Return the bytes of a JSON file, the same for the same content; numbers keep all their digits."""
    return json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False).encode()


def json_content(files: Files, name: str, keys: Sequence[str] = ()) -> dict[str, Any]:
    """Return what a JSON file of a model holds. Raises ArtefactError where it is missing, or is no such object."""
    try:
        content = json.loads(files[name])
    except KeyError:
        raise ArtefactError(f"The model has no file {name!r}. It has: {', '.join(sorted(files)) or 'none'}.") from None
    except (ValueError, RecursionError):
        raise ArtefactError(f"The model's file {name!r} is not JSON.") from None
    if not isinstance(content, dict) or not set(keys) <= set(content):
        raise ArtefactError(f"The model's file {name!r} does not hold {', '.join(keys)}.")
    return content
