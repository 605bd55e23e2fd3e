"""What creatives show, and what comes of it, as models that are kept: clicks, results by money, and values of results.

A ranking draws each creative to what such a model expects of it. A model that is kept also tells of the ads that rules
look at, and has to show on later days that what it found holds.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ArtefactError, InputError, TooLittleError
from aibuyer_kit.core.metrics import arrives_late
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.creatives.evidence import Daily, Evidence, Item, gathered, known_metric
from aibuyer_kit.creatives.model import LEAST_ITEMS, CreativeModel
from aibuyer_kit.creatives.rank import by_attributes, seen_of
from aibuyer_kit.features.contributions import Contributions
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.trainable import Files, Fold, Judged, Parameters, json_content, json_file
from aibuyer_kit.features.windows import Floats, Ints

HORIZON_DAYS = 14
NAMES = ("spend", "impressions", "clicks", "results", "revenue")
Part = Literal["rate", "value"]


@dataclass(frozen=True)
class CreativeTrainable:
    """The kind of model: of the `part` of a metric of ads that a ranking expects by what creatives show."""

    name: str
    metric: str
    part: Part = "rate"
    level: Level = Level.AD
    revision: int = 1
    history_days: int = 90
    horizon_days: int = HORIZON_DAYS
    folds: int = 8

    @property
    def parameters(self) -> Parameters:
        return {}

    @property
    def space(self) -> Mapping[str, tuple[float, float]]:
        return {}

    def fit(self, known: DailyPanel, parameters: Parameters, seed: int) -> "KeptCreatives":  # noqa: ARG002 - there are none
        """Return a model of what was shown. Raises InputError where too little was, or nothing is known of it."""
        evidence = self.evidence(known)
        seen = seen_of(evidence, self.part)
        shown = sum(bool(each.shown) for each in evidence.items)
        if shown < LEAST_ITEMS or seen is None:
            raise TooLittleError("creatives", shown=shown, least=LEAST_ITEMS)
        model, folds = by_attributes(evidence, seen, seed)
        ids = [each.id for each in evidence.items]
        return KeptCreatives(self, model, dict(zip(ids, folds.tolist(), strict=True)))

    def load(self, files: Files) -> "KeptCreatives":
        """Return the model that was kept. Raises ArtefactError."""
        content = json_content(files, "creatives.json", ("name", "model", "folds"))
        try:
            model = CreativeModel.from_text(json.dumps(content["model"]))
            folds = {str(each): int(fold) for each, fold in content["folds"].items()}
        except (InputError, ValueError, TypeError, AttributeError):
            raise ArtefactError("These files hold no model of creatives that this version understands.") from None
        if content["name"] != self.name:
            raise ArtefactError(f"These files hold the model {content['name']!r}, not {self.name!r}.")
        return KeptCreatives(self, model, folds)

    def evidence(self, panel: DailyPanel) -> Evidence:
        """Return what was seen of the creatives of a panel. Raises InputError."""
        panel, _ = of_main_kind(panel, self.metric)
        items, item = creatives_of(panel)
        adsets, group = np.unique([f"{each.account_id} {each.adset_id}" for each in panel.objects], return_inverse=True)
        groups = tuple(Item(each, each) for each in adsets.tolist())
        daily = Daily(item, group, units_of(panel), panel.known_share)
        return gathered(self.metric, daily, items, groups, panel.currency)


@dataclass(frozen=True)
class KeptCreatives:
    """A model of creatives, and by creative which of its parts has not seen it."""

    of: CreativeTrainable
    model: CreativeModel
    folds: Mapping[str, int]

    def files(self) -> Files:
        content = {"name": self.of.name, "model": json.loads(self.model.to_text()), "folds": dict(self.folds)}
        return {"creatives.json": json_file(content)}

    def folds_of(self, items: tuple[Item, ...]) -> Ints:
        """Return the part that has not seen each item, -1 for one that none has."""
        return np.array([self.folds.get(each.id, -1) for each in items], dtype=np.int64)

    def expected(self, items: tuple[Item, ...]) -> Floats:
        """Return what is expected of each item by what it shows, as a logarithm."""
        return self.model.expected([each.shown for each in items], self.folds_of(items))

    def judge(self, fold: Fold) -> Judged:
        """Return how far off the shares are that creatives of one ad set have in its clicks, results or values.

        The floor expects the same of all of them. What an ad set as a whole brings takes no part.
        """
        first = (fold.origin - fold.later.days.since).days + 1
        later = fold.later.until(list(fold.later.days)[first + self.of.horizon_days - 1]).last(self.of.horizon_days)
        try:
            evidence = self.of.evidence(later)
            seen = seen_of(evidence, self.of.part)
        except TooLittleError:
            seen = None
        if seen is None:
            # Days in which no result has a value tell nothing of the model.
            ids = tuple(each.id for each in creatives_of(later)[0])
            return Judged(ids, *(np.full(len(ids), np.nan) for _ in range(3)))
        told = self.expected(evidence.items)[seen.item]
        losses = []
        for effect in (told, np.zeros(len(told))):
            if seen.kind == "count":
                weight = seen.weight * np.exp(effect)
                whole, own = (
                    np.bincount(seen.group, weight)[seen.group],
                    np.bincount(seen.group, seen.value)[seen.group],
                )
                mean = own * weight / np.maximum(whole, 1e-300)
                with np.errstate(divide="ignore", invalid="ignore"):
                    logs = np.where(seen.value > 0, seen.value * np.log(seen.value / mean), 0.0)
                losses.append(2.0 * (logs - seen.value + mean))
            else:
                left = seen.value - effect
                heavy = np.maximum(np.bincount(seen.group, seen.weight), 1e-300)
                middle = np.bincount(seen.group, seen.weight * left) / heavy
                losses.append(seen.weight * (left - middle[seen.group]) ** 2)
        several = np.bincount(seen.group, seen.weight > 0)[seen.group] > 1
        count = len(evidence.items)
        judged = np.bincount(seen.item, several, count) > 0
        loss, floor = (
            np.where(judged, np.bincount(seen.item, np.where(several, each, 0.0), count), np.nan) for each in losses
        )
        return Judged(tuple(each.id for each in evidence.items), loss, floor, np.full(count, np.nan))

    def features(self, known: DailyPanel) -> tuple[tuple[str, ...], Floats]:
        items, _ = creatives_of(known)
        return self.model.columns.names, self.model.columns.table([each.shown for each in items])

    def contributions(self, known: DailyPanel) -> tuple[tuple[int, ...], Contributions]:
        """Return the places of the ads of which it is known what they show, and what adds up to their log effect."""
        items, item = creatives_of(known)
        found = self.model.contributions([each.shown for each in items], self.folds_of(items))
        places = tuple(place for place, each in enumerate(item.tolist()) if items[each].shown)
        rows = found[item[list(places)]]
        return places, Contributions(self.model.columns.names, rows[:, :-1], rows[:, -1])

    def scores(self, known: DailyPanel) -> Floats:
        """Return by ad how well its creative is expected to work beside a usual one, by what it shows."""
        items, item = creatives_of(known)
        told = np.array([bool(each.shown) and self.model.has_learnt for each in items])
        found: Floats = np.where(told, np.exp(self.expected(items)), np.nan)[item]
        return found


def creatives_of(panel: DailyPanel) -> tuple[tuple[Item, ...], Ints]:
    """Return the creatives of a panel of ads, and the place of each ad's; an ad without one stands for itself."""
    keys = [(each.account_id, each.creative_id or f"ad {each.id}") for each in panel.objects]
    _, first, item = np.unique([" ".join(key) for key in keys], return_index=True, return_inverse=True)
    shown = {}
    for key, each in zip(keys, panel.objects, strict=True):
        if each.creative:
            shown[key] = each.creative
    names = {key: each.name for key, each in zip(reversed(keys), reversed(panel.objects), strict=True)}
    items = tuple(
        Item(key[1], str(shown.get(key, {}).get("name") or names[key]), shown.get(key, {}))
        for key in (keys[place] for place in first)
    )
    return items, item.astype(np.int64)


def of_main_kind(panel: DailyPanel, metric: str) -> tuple[DailyPanel, bool]:
    """Return the objects whose results are of the kind on which most was spent, and whether that leaves some out.

    A click is a click everywhere. Raises TooLittleError where no result is known.
    """
    if metric and not arrives_late(known_metric(metric)):
        return panel, False
    kinds = [each.result_type for each in panel.objects]
    spend = np.nansum(panel.measure("spend"), axis=0)
    spent = {kind: float(spend[[own == kind for own in kinds]].sum()) for kind in kinds if kind}
    if not spent:
        raise TooLittleError("no_results")
    most = max(sorted(spent), key=lambda kind: spent[kind])
    # What has counted nothing yet may count the same: its silence is evidence.
    places = [place for place, kind in enumerate(kinds) if kind in (most, "")]
    return panel.only(places), len(places) < len(kinds)


def units_of(panel: DailyPanel) -> dict[str, Floats]:
    """Return the measures that rankings look at, money in units of the currency."""
    return {
        name: panel.measure(name) / MICROS_PER_UNIT if name in ("spend", "revenue") else panel.measure(name)
        for name in NAMES
    }
