"""What moves a model's estimates, of all objects or of one, in words and as a chart; its parts add up to them."""

import math
from collections.abc import Mapping

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.charts.explanation import Explanation, Part, ranked
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.core.i18n import format_ratio, messages, t
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.trainable import Described, Explainable, Model, Trainable
from aibuyer_kit.registry.records import ModelRecord
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.champions import open_registry
from aibuyer_kit.workflows.past_panels import PastPanels
from aibuyer_kit.workflows.trainables import trainable_of


def explain_model(
    context: ClientContext, settings: Settings, name: str, which: str = "champion", object_id: str | None = None
) -> Explanation:
    """Return what moves a version's estimates over the newest figures, of all objects or of one.

    Of one object these are factors (logarithms that add up). Raises NotFoundError for a version or an object that is
    not there, InputError for a model that cannot tell.
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
) -> Explanation:
    """Return what moves a model's estimates over a panel, of all objects or of one; see `explain_model`."""
    if isinstance(model, Described) and object_id is None:
        head = t(locale, "model_explained.described", model=record.title)
        return Explanation(head, locale, (), figures=tuple(model.described()))
    if not isinstance(model, Explainable):
        raise InputError(f"The model {record.name!r} says nothing of single objects. Leave the object out.")
    kind = "_ad" if trainable.level is Level.AD else ""
    places, found = model.contributions(panel)
    if object_id is None:
        head = t(locale, "model_explained.global", model=record.name, version=record.version, objects=len(places))
        return Explanation(head, locale, _parts(found.importance(), locale), signed=False)
    ids = {each.id: place for place, each in enumerate(panel.objects)}
    if object_id not in ids:
        raise NotFoundError(f"There is no {trainable.level} {object_id!r} in the newest figures. Check its id.")
    shown = panel.objects[ids[object_id]].name
    if ids[object_id] not in places:
        return Explanation(t(locale, f"model_explained.unknown{kind}", name=shown), locale, ())
    row = places.index(ids[object_id])
    whole = float(found.raw_scores()[row])
    factor = format_ratio(math.exp(whole), locale)
    return Explanation(
        t(locale, f"model_explained.one{kind}", name=shown, factor=factor, model=record.title),
        locale,
        _parts(found.of(row), locale),
        Part("own", t(locale, f"model_explained.own{kind}"), float(found.base[row])),
        Part("estimate", t(locale, "model_explained.estimate"), whole),
        higher_is_better=True,
    )


def _parts(contributions: Mapping[str, float], locale: str) -> tuple[Part, ...]:
    return ranked([Part(key, _feature_name(key, locale), value) for key, value in contributions.items()])


def _feature_name(feature: str, locale: str) -> str:
    known = messages(locale).get(f"model_feature.{feature}")
    return known if isinstance(known, str) else feature
