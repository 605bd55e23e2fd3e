"""Rows become Arrow tables of the schemas in `core.facts`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aibuyer_kit.connectors.csv_export.entities import Entity
from aibuyer_kit.connectors.csv_export.mapping import MEASURES, Mapping
from aibuyer_kit.connectors.csv_export.rows import FactRow, Value
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.facts import WINDOWS, canonical_json, entity_schema, insight_schema

if TYPE_CHECKING:
    import pyarrow as pa

_OTHER_WINDOWS = dict.fromkeys(WINDOWS[1:])


def insight_table(mapping: Mapping, values: Sequence[Value], facts: Sequence[FactRow]) -> "pa.Table":
    """Return insights, one row per fact; actions are null where the file says nothing of any of them."""
    import pyarrow as pa

    columns: dict[str, Any] = _same(mapping, len(facts)) | {
        "level": [str(mapping.level)] * len(facts),
        "entity_id": [fact.ids[mapping.level] for fact in facts],
        "date": [fact.since for fact in facts],
        "date_stop": [fact.until for fact in facts],
        "breakdown": [fact.breakdown for fact in facts],
        "attribution": [mapping.attribution] * len(facts),
        "campaign_id": [fact.ids.get(Level.CAMPAIGN) for fact in facts],
        "adset_id": [fact.ids.get(Level.ADSET) for fact in facts],
        "currency": [mapping.currency] * len(facts),
        "actions": _lists("actions.", values, facts),
        "action_values": _lists("action_values.", values, facts),
    }
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


def _figures(name: str, values: Sequence[Value], facts: Sequence[FactRow]) -> list[int | None]:
    order = next((order for order, value in enumerate(values) if value.name == name), None)
    return [None] * len(facts) if order is None else [fact.values[order] for fact in facts]


def _lists(prefix: str, values: Sequence[Value], facts: Sequence[FactRow]) -> list[list[dict[str, Any]] | None]:
    wanted = [
        (order, value.name.removeprefix(prefix)) for order, value in enumerate(values) if value.name.startswith(prefix)
    ]
    return [
        [
            {"action_type": action_type, "total": fact.values[order], **_OTHER_WINDOWS}
            for order, action_type in wanted
            if fact.values[order] is not None
        ]
        or None
        for fact in facts
    ]


def _entity(mapping: Mapping, entity: Entity) -> dict[str, Any]:
    attributes = {
        name.removeprefix("attributes."): text for name, text in entity.texts.items() if name.startswith("attributes.")
    }
    is_account = entity.level is Level.ACCOUNT
    return {
        "platform": mapping.platform,
        "account_id": mapping.account_id,
        "level": str(entity.level),
        "entity_id": entity.ids[entity.level],
        "campaign_id": entity.ids.get(Level.CAMPAIGN),
        "adset_id": entity.ids.get(Level.ADSET),
        "name": entity.texts.get("name"),
        "currency": mapping.currency if is_account else None,
        "time_zone": mapping.time_zone if is_account else None,
        "attributes": canonical_json(attributes) or None,
    }
