"""Ranking a client's creatives and audiences by what was known at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.core.metrics import arrives_late
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.creatives.evidence import Daily, Evidence, Item, gathered, known_metric
from aibuyer_kit.creatives.kept import NAMES, KeptCreatives, creatives_of, units_of
from aibuyer_kit.creatives.model import CreativeModel
from aibuyer_kit.creatives.rank import Within, rank
from aibuyer_kit.creatives.told import Overlap, RankingTold
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.windows import Bools, Floats, Ints
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.champions import Champions
from aibuyer_kit.workflows.no_results import leads_back
from aibuyer_kit.workflows.panel import read_panel
from aibuyer_kit.workflows.panel_besides import (
    AGE_GENDER,
    COUNTRY,
    PLACEMENT,
    breakdowns_loaded,
    coded,
    days_of,
    with_creatives,
)
from aibuyer_kit.workflows.period import Day, client_clock, end_of, parse_as_of, resolve_period
from aibuyer_kit.workflows.what_counts import shown_in

if TYPE_CHECKING:
    import pyarrow as pa

# By which audiences can be told apart; `adset` takes the people whom each ad set reaches.
AUDIENCES: dict[str, tuple[str, ...]] = {
    "adset": (),
    "age_gender": AGE_GENDER,
    "country": COUNTRY,
    "placement": PLACEMENT,
}
# By metric and part of it, the model that says what comes of what creatives show.
CREATIVE_MODELS: Mapping[str, Mapping[str, str]] = {
    "ctr": {"rate": "creative-clicks"},
    "cpa": {"rate": "creative-results"},
    "roas": {"rate": "creative-results", "value": "creative-value"},
}
_REACH_DAYS = 28
# What platforms say of people of whom they do not know what they are.
_UNKNOWN = "unknown"
# Of two that share fewer of their people nobody needs to be told.
_LEAST_OVERLAP = 0.05


@leads_back
def rank_creatives(
    context: ClientContext,
    metric: str = "",
    *,
    within: Within = "all",
    days: int | None = None,
    since: Day | None = None,
    until: Day | None = None,
    as_of: AsOf | str | None = None,
) -> RankingTold:
    """Return the creatives of ads that were shown, ranked by what they do to the same people as others.

    Without a metric by return on ad spend where values are reported, and else by cost per result. What creatives show
    counts as the models in force then say, or else as these figures tell. Raises NotFoundError
    and InputError where there is nothing to go by, and otherwise as `read_panel`.
    """
    reader = Reader(context.warehouse)
    panel, notes = _panel(context, reader, Level.AD, metric, days, since, until, as_of)
    panel = with_creatives(panel, reader)
    items, item = creatives_of(panel)
    groups, group = _groups(reader, panel, Level.ADSET, [each.adset_id or "" for each in panel.objects])
    daily = Daily(item, group, units_of(panel), panel.known_share)
    evidence = _evidence(metric, daily, items, groups, panel.currency, notes, platform_chooses=True)
    moment = client_clock(context, reader, as_of=parse_as_of(as_of) if isinstance(as_of, str) else as_of).now()
    known, said = _in_force(Champions(context), evidence, moment, context.settings.locale)
    return RankingTold(rank(evidence, within=within, known=known), "creatives", context.settings.locale, models=said)


def _in_force(
    champions: Champions, evidence: Evidence, moment: datetime, locale: str
) -> tuple[dict[str, tuple[CreativeModel, Ints]], tuple[str, ...]]:
    """Return the models of what creatives show that were in force at a moment, by part, and what is to be said."""
    found, said = dict[str, tuple[CreativeModel, Ints]](), []
    for part, name in CREATIVE_MODELS.get(evidence.metric, {}).items():
        model, note = champions.at(name, moment, locale)
        if isinstance(model, KeptCreatives):
            found[part] = model.model, model.folds_of(evidence.items)
        said += [note] if note else []
    return found, tuple(said)


@leads_back
def rank_audiences(
    context: ClientContext,
    by: str = "adset",
    metric: str = "",
    *,
    within: Within = "all",
    days: int | None = None,
    since: Day | None = None,
    until: Day | None = None,
    as_of: AsOf | str | None = None,
) -> RankingTold:
    """Return audiences, ranked by what each does beside the others: ad sets within campaigns, or parts of ad sets.

    `by` is adset, age_gender, country or placement. Ad sets of a campaign that reach the same people are told, with how
    many: what one of them brings is partly what another would have brought. Raises as `rank_creatives`, and
    NotFoundError where no figures were loaded by these parts.
    """
    if by not in AUDIENCES:
        raise InputError(f"Audiences are not told apart by {by!r}. Known: {', '.join(AUDIENCES)}.")
    reader = Reader(context.warehouse)
    panel, notes = _panel(context, reader, Level.ADSET, metric, days, since, until, as_of)
    names, overlaps = AUDIENCES[by], tuple[Overlap, ...]()
    if names and names not in breakdowns_loaded(reader, panel.load_id):
        raise NotFoundError(
            f"No figures are loaded by {', '.join(names)}. A sync reads what the setting sync.breakdowns names."
        )
    if names:
        daily, items = _parts(context, reader, panel, names)
        groups = tuple(Item(each.id, each.name) for each in panel.objects)
        notes = (*notes, "places_share_people") if names == PLACEMENT else notes
    else:
        groups, group = _groups(reader, panel, Level.CAMPAIGN, [each.campaign_id or "" for each in panel.objects])
        daily = Daily(np.arange(len(panel.objects)), group, units_of(panel), panel.known_share)
        items = tuple(Item(each.id, each.name) for each in panel.objects)
        overlaps = _overlaps(reader, panel, groups, group)
    evidence = _evidence(metric, daily, items, groups, panel.currency, notes)
    told = rank(evidence, within=within)
    return RankingTold(told, "audiences", context.settings.locale, overlaps)


def _panel(
    context: ClientContext,
    reader: Reader,
    level: Level,
    metric: str,
    days: int | None,
    since: Day | None,
    until: Day | None,
    as_of: AsOf | str | None,
) -> tuple[DailyPanel, tuple[str, ...]]:
    moment = parse_as_of(as_of)
    until = end_of(context, reader, since, until, as_of=moment)
    period = resolve_period(context, reader, days=days, since=since, until=until, as_of=moment)
    return _of_one_kind(read_panel(context, reader, level, period, as_of=moment, measures=NAMES), metric)


def _evidence(
    metric: str,
    daily: Daily,
    items: tuple[Item, ...],
    groups: tuple[Item, ...],
    currency: str,
    notes: Sequence[str],
    *,
    platform_chooses: bool = False,
) -> Evidence:
    has_value = np.nansum(daily.measures["revenue"]) > 0
    chosen = known_metric(metric) if metric else "roas" if has_value else "cpa"
    found = gathered(chosen, daily, items, groups, currency, platform_chooses=platform_chooses)
    return replace(found, notes=(*found.notes, *notes))


def _of_one_kind(panel: DailyPanel, metric: str) -> tuple[DailyPanel, tuple[str, ...]]:
    """Return the objects whose results are of the kind on which most was spent; a click is a click everywhere."""
    if metric and not arrives_late(known_metric(metric)):
        return panel, ()
    kinds = [each.result_type for each in panel.objects]
    spend = np.nansum(panel.measure("spend"), axis=0)
    spent = {kind: float(spend[[own == kind for own in kinds]].sum()) for kind in kinds if kind}
    if not spent:
        raise InputError("No results are known of what was shown in these days: choose the metric ctr, or other days.")
    most = max(sorted(spent), key=lambda kind: spent[kind])
    # What has counted nothing yet may count the same: its silence is evidence.
    places = [place for place, kind in enumerate(kinds) if kind in (most, "")]
    return panel.only(places), ("other_kinds",) if len(places) < len(kinds) else ()


def _groups(reader: Reader, panel: DailyPanel, level: Level, ids: Sequence[str]) -> tuple[tuple[Item, ...], Ints]:
    """Return what is above each object, named; what is above none is a group of its own."""
    rows = reader.objects(level, as_of=panel.load_id).to_pylist()
    names = {row["entity_id"]: row["name"] or row["entity_id"] for row in rows}
    own = [found or f"\0{place}" for place, found in enumerate(ids)]
    distinct, group = np.unique(own, return_inverse=True)
    return tuple(Item(each, names.get(each, each.lstrip("\0"))) for each in distinct.tolist()), group


def _parts(
    context: ClientContext, reader: Reader, panel: DailyPanel, names: tuple[str, ...]
) -> tuple[Daily, tuple[Item, ...]]:
    """Return daily figures of each part of each ad set; every part is an item, every ad set a group."""
    facts = reader.sums(
        Level.ADSET,
        panel.days,
        NAMES,
        result=context.settings.rules,
        as_of=panel.load_id,
        breakdown=names,
        shown=shown_in(context),
    )
    places = {each.id: place for place, each in enumerate(panel.objects)}
    own = np.array([places.get(each, -1) for each in facts["entity_id"].to_pylist()], dtype=np.int64)
    if not (own >= 0).any():
        raise NotFoundError(f"Nothing of {panel.days} is known by {', '.join(names)}.")
    parts, part = coded(facts, names)
    inside = own >= 0
    rows, row = np.unique(own[inside] * len(parts) + part[inside], return_inverse=True)
    group, item = rows // len(parts), rows % len(parts)
    day = days_of(facts, panel.days)[inside]
    measures = {name: _dense(facts, name, inside, day, row, (len(panel.days), len(rows))) for name in NAMES}
    return (
        Daily(item, group, measures, panel.known_share[:, group]),
        tuple(
            Item(" ".join(each), ", ".join(text.replace("_", " ") for text in each), can_be_chosen=_UNKNOWN not in each)
            for each in parts
        ),
    )


def _dense(facts: "pa.Table", name: str, inside: Bools, day: Ints, row: Ints, shape: tuple[int, int]) -> Floats:
    scale = MICROS_PER_UNIT if name in ("spend", "revenue") else 1
    found = np.zeros(shape)
    np.add.at(found, (day, row), facts[name].to_numpy().astype(np.float64)[inside] / scale)
    return found


def _overlaps(reader: Reader, panel: DailyPanel, groups: tuple[Item, ...], group: Ints) -> tuple[Overlap, ...]:
    """Return how many people the ad sets of each campaign share, by the newest count of all of them on one day."""
    whole = _people(reader, Level.CAMPAIGN, panel)
    own = _people(reader, Level.ADSET, panel)
    found = []
    for number, each in enumerate(groups):
        members = [panel.objects[place].id for place in np.flatnonzero(group == number)]
        told = [own[member] for member in members if member in own]
        if len(told) > 1 and each.id in whole:
            overlap = Overlap(each.name, _REACH_DAYS, whole[each.id], sum(told))
            found += [overlap] if overlap.share >= _LEAST_OVERLAP else []
    return tuple(found)


def _people(reader: Reader, level: Level, panel: DailyPanel) -> dict[str, float]:
    """Return whom each object reached in four weeks, as counted on the last day on which that was done."""
    rows = reader.reach(level, _REACH_DAYS, panel.days, as_of=panel.load_id).rows()
    newest = max((row["date_stop"] for row in rows), default=None)
    return {row["entity_id"]: float(row["reach"]) for row in rows if row["date_stop"] == newest and row["reach"]}
