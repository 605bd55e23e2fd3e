"""Small reads to load: one row per ad and day of one account."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import pyarrow as pa

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.facts import WINDOWS, entity_schema, insight_schema
from aibuyer_kit.warehouse.coverage import Coverage

DAYS = DateRange(date(2026, 3, 1), date(2026, 3, 3))
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def at_noon() -> datetime:
    return NOON


def coverage(days: DateRange = DAYS, *, level: Level = Level.AD, account_id: str = "act_1") -> Coverage:
    return Coverage("insights", "meta", account_id, level, days=days, attribution="default")


def action(action_type: str, total: int | None, **windows: int) -> Mapping[str, object]:
    return {"action_type": action_type, **dict.fromkeys(WINDOWS), "total": total, **windows}


def insight(entity_id: str = "ad-1", day: date = DAYS.since, **values: object) -> dict[str, object]:
    return {
        "platform": "meta",
        "account_id": "act_1",
        "level": "ad",
        "entity_id": entity_id,
        "date": day,
        "date_stop": day,
        "breakdown": "",
        "attribution": "default",
        "campaign_id": "c-1",
        "adset_id": "s-1",
        "currency": "EUR",
        "spend_micros": 10_000_000,
        "impressions": 1000,
        "clicks": 20,
        "link_clicks": 15,
        "reach": 800,
        "actions": [],
        "action_values": [],
    } | values


def insight_page(rows: Sequence[Mapping[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=insight_schema())


def entity_page(rows: Sequence[Mapping[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=entity_schema())
