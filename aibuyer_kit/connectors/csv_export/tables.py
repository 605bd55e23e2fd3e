"""Rows become Arrow tables of the schemas in `core.facts`."""

from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aibuyer_kit.connectors.csv_export.entities import Entity
from aibuyer_kit.connectors.csv_export.long_actions import LongList, key_of
from aibuyer_kit.connectors.csv_export.mapping import MEASURES, Mapping
from aibuyer_kit.connectors.csv_export.rows import FactRow, Value
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.facts import WINDOWS, canonical_json, entity_schema, insight_schema

if TYPE_CHECKING:
    import pyarrow as pa

_Actions = list[dict[str, Any]]
_OTHER_WINDOWS = dict.fromkeys(WINDOWS[1:])


def insight_table(
    mapping: Mapping, values: Sequence[Value], facts: Sequence[FactRow], lists: Sequence[LongList] = ()
) -> "pa.Table":
    """Return insights, one row per fact; actions as the mapping's `empty_actions` has it."""
    import pyarrow as pa

    columns: dict[str, Any] = _same(mapping, len(facts)) | {
        "level": [str(mapping.level)] * len(facts),
        "entity_id": [fact.ids[mapping.level] for fact in facts],
        "date": [fact.since for fact in facts],
        "date_stop": [fact.until for fact in facts],
        "breakdown": [fact.breakdown for fact in facts],
        "attribution": [mapping.attribution] * len(facts),
        "campaign_id": _parents(Level.CAMPAIGN, mapping.level, facts),
        "adset_id": _parents(Level.ADSET, mapping.level, facts),
        "currency": [mapping.currency] * len(facts),
        "actions": _lists("actions.", mapping, values, facts),
        "action_values": _lists("action_values.", mapping, values, facts),
    }
    for each in lists:
        columns[each.actions.kind] = _listed(each, mapping, facts)
    for name in MEASURES:
        columns["spend_micros" if name == "spend" else name] = _figures(name, values, facts)
    return pa.table(columns, schema=insight_schema())


def entity_table(mapping: Mapping, entities: Sequence[Entity]) -> "pa.Table":
    """Return entities, one row per account, campaign, ad set and ad; what a file cannot tell is null."""
    import pyarrow as pa

    schema = entity_schema()
    rows = [dict.fromkeys(schema.names) | _entity(mapping, entity) for entity in entities]
    return pa.Table.from_pylist(rows, schema=schema)


def _same(mapping: Mapping, count: int) -> dict[str, list[str]]:
    return {"platform": [mapping.platform] * count, "account_id": [mapping.account_id] * count}


def _parents(parent: Level, level: Level, facts: Sequence[FactRow]) -> list[str | None]:
    if parent.depth >= level.depth:
        return [None] * len(facts)
    return [fact.ids.get(parent) for fact in facts]


def _parent(parent: Level, level: Level, ids: ReadOnly[Level, str]) -> str | None:
    return ids.get(parent) if parent.depth < level.depth else None


def _figures(name: str, values: Sequence[Value], facts: Sequence[FactRow]) -> list[int | None]:
    order = next((order for order, value in enumerate(values) if value.name == name), None)
    return [None] * len(facts) if order is None else [fact.values[order] for fact in facts]


def _lists(prefix: str, mapping: Mapping, values: Sequence[Value], facts: Sequence[FactRow]) -> list[_Actions | None]:
    wanted = [(order, value) for order, value in enumerate(values) if value.name.startswith(prefix)]
    if not wanted:
        return [None] * len(facts)
    own = [(order, value) for order, value in wanted if not value.told_by]
    untold = [_action(value.name.removeprefix(prefix), None) for _, value in wanted if value.told_by]
    listed = _none_came if mapping.empty_actions == "none" else _unknown

    def of(fact: FactRow, columns: Sequence[tuple[int, Value]]) -> _Actions | None:
        return listed([(value.name.removeprefix(prefix), fact.values[order]) for order, value in columns])

    def of_columns_alone(fact: FactRow) -> _Actions | None:
        known = of(fact, own) if own else None
        return None if known is None else [*known, *untold]

    return [of_columns_alone(fact) if untold and fact.has_unknown_results else of(fact, wanted) for fact in facts]


def _listed(found: LongList, mapping: Mapping, facts: Sequence[FactRow]) -> list[_Actions | None]:
    unnamed: _Actions | None = [] if mapping.empty_actions == "none" else None
    lists = (found.listed(key_of(fact, mapping.level)) for fact in facts)
    return [unnamed if each is None else each for each in lists]


def _none_came(found: list[tuple[str, int | None]]) -> _Actions | None:
    return [_action(action_type, total) for action_type, total in found if total is not None]


def _unknown(found: list[tuple[str, int | None]]) -> _Actions | None:
    """Return null if nothing is known; else every action, without a total where its own cell was empty."""
    if all(total is None for _, total in found):
        return None
    return [_action(action_type, total) for action_type, total in found]


def _action(action_type: str, total: int | None) -> dict[str, Any]:
    return {"action_type": action_type, "total": total, **_OTHER_WINDOWS}


def _entity(mapping: Mapping, entity: Entity) -> dict[str, Any]:
    attributes = {
        name.removeprefix("attributes."): text for name, text in entity.texts.items() if name.startswith("attributes.")
    }
    return {
        "platform": mapping.platform,
        "account_id": mapping.account_id,
        "level": str(entity.level),
        "entity_id": entity.ids[entity.level],
        "campaign_id": _parent(Level.CAMPAIGN, entity.level, entity.ids),
        "adset_id": _parent(Level.ADSET, entity.level, entity.ids),
        "name": entity.texts.get("name"),
        "currency": mapping.currency,
        "time_zone": mapping.time_zone if entity.level is Level.ACCOUNT else None,
        "attributes": canonical_json(attributes),
    }
