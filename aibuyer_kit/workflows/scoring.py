"""What models that are kept say of the objects that rules look at: the field `score`.

The model is the one that was in force at the moment at which rules are looked at, asked with what was known after their
load: a replay sees what was said then, and no model of today's.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError, NotFoundError, RegistryError
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.trainable import Explainable, Model, Scoring
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.registry.records import ModelRecord
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.champions import Champions
from aibuyer_kit.workflows.explain_model import explanation
from aibuyer_kit.workflows.past_panels import PastPanels
from aibuyer_kit.workflows.trainables import SCORES, trainable_of

_SAID = 3  # of so many features it is told what they add


class ModelScorer:
    """Scores of one client's objects; each model and panel is read once."""

    def __init__(self, context: ClientContext, reader: Reader) -> None:
        self._context, self._reader = context, reader
        self._champions = Champions(context)
        self._panels: dict[tuple[Level, int], DailyPanel] = {}
        self._failed: dict[tuple[Level, datetime], str] = {}
        self._scores: dict[tuple[str, int, int], dict[tuple[str, str], float]] = {}

    def scores(self, level: Level, subjects: Sequence[Subject], now: datetime, load_id: int) -> Floats:
        """Return one score per object as known after a load; NaN where there is none."""
        try:
            found = self._in_force(level, now)
            if found is None:
                return np.full(len(subjects), np.nan)
            record, model = found
            key = record.name, record.version, load_id
            if key not in self._scores:
                panel = self._panel(level, load_id)
                values = model.scores(panel) if isinstance(model, Scoring) else np.full(len(panel.objects), np.nan)
                ids = ((each.account_id, each.id) for each in panel.objects)
                self._scores = {key: dict(zip(ids, values.tolist(), strict=True))}
            said = self._scores[key]
        except (RegistryError, InputError, NotFoundError) as error:
            self._failed[level, now] = str(error)
            return np.full(len(subjects), np.nan)
        return np.array([said.get((each.account_id, each.object_id), np.nan) for each in subjects], dtype=np.float64)

    def missing(self, level: Level, now: datetime) -> str:
        """Return why nothing is said of the objects of a level; empty where a model says something."""
        if level not in SCORES:
            return f"score: no model says anything of {level}s"
        try:
            found = self._in_force(level, now)
        except RegistryError as error:
            return f"score: {SCORES[level]} cannot be used: {error}"
        if found and (level, now) in self._failed:
            return f"score: {SCORES[level]} says nothing: {self._failed[level, now]}"
        return "" if found else f"score: no version of {SCORES[level]} was in force"

    def told(self, subject: Subject, now: datetime, load_id: int, locale: str) -> str:
        """Return what drove an object's score, in the reader's language; empty where there is none."""
        try:
            found = self._in_force(subject.level, now)
            if found is None or not isinstance(found[1], Explainable):
                return ""
            trainable = trainable_of(self._context, found[0].name)
            panel = self._panel(subject.level, load_id)
            return explanation(trainable, *found, panel, subject.object_id, locale).sentence(_SAID)
        except (RegistryError, InputError, NotFoundError):
            return ""

    def _in_force(self, level: Level, now: datetime) -> tuple[ModelRecord, Model] | None:
        record = self._champions.record_at(SCORES[level], now) if level in SCORES else None
        return None if record is None else (record, self._champions.model(record))

    def _panel(self, level: Level, load_id: int) -> DailyPanel:
        key = level, load_id
        if key not in self._panels:
            trainable = trainable_of(self._context, SCORES[level])
            past = PastPanels(self._context, self._reader, level, trainable.history_days, as_of=load_id)
            self._panels = {key: past.now}
        return self._panels[key]
