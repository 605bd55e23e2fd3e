"""What a panel holds besides its figures: budgets as they were set, people reached, impressions by part, creatives."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange, account_date, time_zone
from aibuyer_kit.core.entities import Level
from aibuyer_kit.features.panel import DailyPanel, Split
from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.evidence_days import Key

if TYPE_CHECKING:
    import pyarrow as pa

REACH_DAYS = (7, 28)
AGE_GENDER, COUNTRY, PLACEMENT = ("age", "gender"), ("country",), ("publisher_platform", "platform_position")
_BROKEN_DOWN = "insights by "


def with_besides(panel: DailyPanel, context: ClientContext, reader: Reader, keys: Sequence[Key]) -> DailyPanel:
    """Return the panel with what is known besides of its objects, whose keys are in their order, after its load."""
    creatives = creatives_shown(reader, panel.load_id) if panel.level is Level.AD else {}
    objects = tuple(
        replace(each, creative=creatives.get((*key[:2], each.creative_id or ""), {}))
        for each, key in zip(panel.objects, keys, strict=True)
    )
    loaded = breakdowns_loaded(reader, panel.load_id)
    return replace(
        panel,
        objects=objects,
        budgets=_budgets(panel, reader, keys),
        reach={days: found for days in REACH_DAYS if (found := _reach(panel, reader, keys, days)) is not None},
        splits={
            names: _split(panel, context, reader, keys, names) for names in (AGE_GENDER, PLACEMENT) if names in loaded
        },
    )


def with_creatives(panel: DailyPanel, reader: Reader) -> DailyPanel:
    """Return a panel of ads with what their creatives show, as known after its load."""
    shown = creatives_shown(reader, panel.load_id)
    objects = tuple(
        replace(each, creative=shown.get((each.platform, each.account_id, each.creative_id or ""), {}))
        for each in panel.objects
    )
    return replace(panel, objects=objects)


def with_budgets(panel: DailyPanel, reader: Reader) -> DailyPanel:
    """Return the panel with the daily budgets that its objects spent from, as far as they were seen."""
    keys = [(each.platform, each.account_id, each.key) for each in panel.objects]
    return replace(panel, budgets=_budgets(panel, reader, keys))


def creatives_shown(reader: Reader, load_id: int) -> dict[Key, Mapping[str, Any]]:
    """Return what each creative shows, by platform, account and id."""
    rows = reader.creatives(as_of=load_id).rows()
    return {(row["platform"], row["account_id"], row["creative_id"]): row for row in rows}


def breakdowns_loaded(reader: Reader, load_id: int) -> frozenset[tuple[str, ...]]:
    """Return the breakdowns by which any figures were loaded by then, their names as our own lists have them."""
    found = set()
    for row in reader.loads(_BROKEN_DOWN).rows():
        names = tuple(row["facts"].removeprefix(_BROKEN_DOWN).split(", "))
        known = next((own for own in (AGE_GENDER, PLACEMENT) if set(own) == set(names)), names)
        if row["load_id"] <= load_id:
            found.add(known)
    return frozenset(found)


def coded(facts: "pa.Table", names: Sequence[str]) -> tuple[list[Key], Ints]:
    """Return the distinct keys, sorted, and the place of each row's key among them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    joined = pc.binary_join_element_wise(*(facts[name].cast(pa.string()) for name in names), "\0").combine_chunks()
    coded = joined.dictionary_encode()
    texts = coded.dictionary.to_pylist()
    order = sorted(range(len(texts)), key=texts.__getitem__)
    rank = np.empty(len(texts), dtype=np.int64)
    rank[order] = np.arange(len(texts))
    keys = [tuple(texts[place].split("\0")) for place in order]
    return keys, rank[coded.indices.to_numpy(zero_copy_only=False)]


def days_of(facts: "pa.Table", days: DateRange) -> Ints:
    since = np.datetime64(days.since, "D")
    stops = facts["date_stop"].to_numpy().astype("datetime64[D]")
    found: Ints = (stops - since).astype(np.int64)
    return found


def _budgets(panel: DailyPanel, reader: Reader, keys: Sequence[Key]) -> Floats:
    """Return what was set when each day ended: known from the read on that first told it, and not before."""
    zones = {each.account_id: time_zone(each.time_zone) for each in panel.objects}
    columns: dict[Key, list[int]] = {}
    for place, (each, key) in enumerate(zip(panel.objects, keys, strict=True)):
        columns.setdefault((*key[:2], each.holder_id), []).append(place)
    found = np.full((len(panel.days), len(keys)), np.nan)
    for row in reader.budgets_set(as_of=panel.load_id).to_pylist():
        places = columns.get((row["platform"], row["account_id"], row["entity_id"]))
        if places is None:
            continue
        day = account_date(row["known_at_utc"].replace(tzinfo=UTC), zones[row["account_id"]])
        if day <= panel.days.until:
            first = max((day - panel.days.since).days, 0)
            found[first:, places] = np.nan if row["daily_budget_micros"] is None else row["daily_budget_micros"]
    return found


def _reach(panel: DailyPanel, reader: Reader, keys: Sequence[Key], window_days: int) -> Floats | None:
    rows = reader.reach(panel.level, window_days, panel.days, as_of=panel.load_id).rows()
    if not rows:
        return None
    places = {key: place for place, key in enumerate(keys)}
    found = np.full((len(panel.days), len(keys)), np.nan)
    for row in rows:
        place = places.get((row["platform"], row["account_id"], row["entity_id"]))
        if place is not None and row["reach"] is not None:
            found[(row["date_stop"] - panel.days.since).days, place] = row["reach"]
    return found


def _split(
    panel: DailyPanel, context: ClientContext, reader: Reader, keys: Sequence[Key], names: tuple[str, ...]
) -> Split:
    """Return impressions by part; NaN on days on which nothing of an account was broken down so."""
    facts = reader.sums(
        panel.level, panel.days, ("impressions",), result=context.settings.rules, as_of=panel.load_id, breakdown=names
    )
    if not facts.num_rows:
        return Split(names, (), np.zeros((len(panel.days), len(keys), 0)))
    known, own = coded(facts, ("platform", "account_id", "entity_id"))
    parts, part_of = coded(facts, names)
    places = {key: place for place, key in enumerate(keys)}
    place_of = np.array([places.get(key, -1) for key in known])[own]
    inside, day_of = place_of >= 0, days_of(facts, panel.days)
    found = np.zeros((len(panel.days), len(keys), len(parts)))
    impressions = np.nan_to_num(facts["impressions"].to_numpy().astype(np.float64))
    np.add.at(found, (day_of[inside], place_of[inside], part_of[inside]), impressions[inside])
    accounts = np.unique([key[1] for key in keys], return_inverse=True)[1]
    covered = np.zeros((len(panel.days), int(accounts.max()) + 1), dtype=np.bool_)
    covered[day_of[inside], accounts[place_of[inside]]] = True
    found[~covered[:, accounts]] = np.nan
    return Split(names, tuple(parts), found)
