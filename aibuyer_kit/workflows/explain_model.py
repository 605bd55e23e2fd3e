"""What moves a model's estimates, of all objects or of one, in words and as a chart; its parts add up to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.charts.fragment import style_tag
from aibuyer_kit.charts.influence import Influence, InfluenceChart, influence_svg
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import format_ratio, messages, t
from aibuyer_kit.core.text_table import as_table
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.trainable import Described, Explainable, Model, Trainable
from aibuyer_kit.registry.records import ModelRecord
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.champions import open_registry
from aibuyer_kit.workflows.past_panels import PastPanels
from aibuyer_kit.workflows.trainables import trainable_of

_MOST_SHOWN = 8


@dataclass(frozen=True)
class ModelExplanation:
    """Contributions by feature, the greatest first: of one object on the log scale, or their mean sizes over all.

    For one object `base` and the contributions add up to the log of `estimate`, a factor beside the average. `figures`
    are those of a model that is nothing but them.
    """

    said: tuple[str, ...]
    contributions: Mapping[str, float]
    base: float | None
    estimate: float | None
    locale: str
    figures: tuple[Mapping[str, Any], ...] = ()

    @property
    def is_of_one(self) -> bool:
        return self.estimate is not None

    def chart(self) -> InfluenceChart:
        """Return the greatest influences as a chart."""
        rows = [
            Influence(self._name(name), value, self._text(value))
            for name, value in list(self.contributions.items())[:_MOST_SHOWN]
            if value
        ]
        return InfluenceChart(self.said[0], self.locale, tuple(rows), signed=self.is_of_one)

    def sentence(self, most: int) -> str:
        """Return it in one line, with so many of the greatest influences."""
        rows = [f"{each.label} {each.text}" for each in self.chart().rows[:most]]
        return f"{' '.join(self.said)} {'; '.join(rows)}." if rows else " ".join(self.said)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values: contributions are logarithms."""
        return {
            "said": list(self.said),
            "contributions": dict(self.contributions),
            "base": self.base,
            "estimate": self.estimate,
            "figures": [dict(each) for each in self.figures],
        }

    def __repr__(self) -> str:
        rows = [f"  {each.text:>7}  {each.label}" for each in self.chart().rows]
        figures = [as_table(self.figures, decimals=lambda *_: 3)] if self.figures else []
        return "\n".join([*self.said, *rows, *figures])

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{for_html(each)}</p>" for each in self.said)
        drawn = influence_svg(self.chart()) if self.chart().rows else ""
        figures = f"<pre>{for_html(as_table(self.figures, decimals=lambda *_: 3))}</pre>" if self.figures else ""
        return f'{style_tag()}<div class="ab">{said}{drawn}{figures}</div>'

    def _name(self, feature: str) -> str:
        known = messages(self.locale).get(f"model_feature.{feature}")
        return known if isinstance(known, str) else feature

    def _text(self, value: float) -> str:
        """Return a log contribution as the factor that it is; a mean size as the factor that it mostly makes."""
        sign = "×" if self.is_of_one else "×/÷ "
        return sign + format_ratio(float(np.exp(value)), self.locale)


def explain_model(
    context: ClientContext, settings: Settings, name: str, which: str = "champion", object_id: str | None = None
) -> ModelExplanation:
    """Return what moves a version's estimates over the newest figures, of all objects or of one.

    Raises NotFoundError for a version or an object that is not there, InputError for a model that cannot tell.
    """
    trainable, registry = trainable_of(context, name), open_registry(context, settings)
    record = registry.find(name, which)
    model = trainable.load(registry.files(record))
    reader = Reader(context.warehouse)
    try:
        panel = PastPanels(context, reader, trainable.level, trainable.history_days).now
    finally:
        reader.close()
    return explanation(trainable, record, model, panel, object_id, context.settings.locale)


def explanation(
    trainable: Trainable, record: ModelRecord, model: Model, panel: DailyPanel, object_id: str | None, locale: str
) -> ModelExplanation:
    """Return what moves a model's estimates over a panel, of all objects or of one; see `explain_model`."""
    if isinstance(model, Described) and object_id is None:
        head = t(locale, "model_explained.described", model=record.title)
        return ModelExplanation((head,), {}, None, None, locale, tuple(model.described()))
    if not isinstance(model, Explainable):
        raise InputError(f"The model {record.name!r} says nothing of single objects. Leave the object out.")
    kind = "_ad" if trainable.level is Level.AD else ""
    places, found = model.contributions(panel)
    if object_id is None:
        head = t(locale, "model_explained.global", model=record.name, version=record.version, objects=len(places))
        return ModelExplanation((head,), found.importance(), None, None, locale)
    ids = {each.id: place for place, each in enumerate(panel.objects)}
    if object_id not in ids:
        raise NotFoundError(f"There is no {trainable.level} {object_id!r} in the newest figures. Check its id.")
    shown = panel.objects[ids[object_id]].name
    if ids[object_id] not in places:
        return ModelExplanation((t(locale, f"model_explained.unknown{kind}", name=shown),), {}, None, None, locale)
    row = places.index(ids[object_id])
    estimate, base = float(np.exp(found.raw_scores()[row])), float(found.base[row])
    said = (
        t(locale, f"model_explained.one{kind}", name=shown, factor=format_ratio(estimate, locale), model=record.title),
        t(locale, f"model_explained.from_own{kind}", factor=format_ratio(float(np.exp(base)), locale)),
    )
    return ModelExplanation(said, found.of(row), base, estimate, locale)
