"""The kinds of fact that connectors deliver and the warehouse keeps, as Arrow schemas.

Insights: one row per key of INSIGHT_KEY. `date` to `date_stop` is one day, or the stated period of a total that has
no days. `breakdown` is '' or a JSON object with sorted keys, and `attribution` names the setting under which the
platform counted. `actions` is null where results were not reported at all, and empty where they were asked for and
none came: absent is not zero.

Entities: one row per key of ENTITY_KEY; `attributes` is a JSON object of text with sorted keys.

Creatives: one row per key of CREATIVE_KEY; ads point to them by `creative_id`.

Reach: one row per key of REACH_KEY, the people reached in the `window_days` days that end on `date_stop`. People are
counted once, so rows are never summed; frequency is impressions divided by reach.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aibuyer_kit.core.metrics import MEASURES, METRICS

if TYPE_CHECKING:
    import pyarrow as pa

# Attribution windows as columns; `total` is the platform's count under the row's attribution setting.
WINDOWS = ("total", "click_1d", "click_7d", "click_28d", "view_1d")

INSIGHT_KEY = ("platform", "account_id", "level", "entity_id", "date", "date_stop", "breakdown", "attribution")
INSIGHT_VALUES = (
    "campaign_id",
    "adset_id",
    "currency",
    "spend_micros",
    "impressions",
    "clicks",
    "link_clicks",
    "reach",
    "actions",
    "action_values",
)
ENTITY_KEY = ("platform", "account_id", "level", "entity_id")
ENTITY_VALUES = (
    "campaign_id",
    "adset_id",
    "name",
    "status",
    "effective_status",
    "objective",
    "currency",
    "time_zone",
    "daily_budget_micros",
    "lifetime_budget_micros",
    "created_at_utc",
    "creative_id",
    "attributes",
)
CREATIVE_KEY = ("platform", "account_id", "creative_id")
CREATIVE_VALUES = (
    "name",
    "title",
    "body",
    "object_type",
    "call_to_action",
    "link_url",
    "image_url",
    "thumbnail_url",
    "video_id",
    "status",
    "attributes",
)
REACH_KEY = ("platform", "account_id", "level", "entity_id", "window_days", "date_stop", "attribution")
REACH_VALUES = ("campaign_id", "adset_id", "reach", "impressions")
# Parts of a key that a row shares with all others of its read.
SHARED_KEY = frozenset({"platform", "account_id", "level", "attribution", "window_days"})
# What a reading of insights calls its own columns besides the metrics; no breakdown or dimension may be called so.
READING_LABELS = (
    "date",
    "date_stop",
    "platform",
    "account_id",
    "entity_id",
    "name",
    "currency",
    "objective",
    "result_type",
    "result_window",
)
RESERVED_COLUMNS = frozenset(
    {*READING_LABELS, *INSIGHT_KEY, *INSIGHT_VALUES, *METRICS, *(each.column for each in MEASURES), "level", "depth"}
)


def insight_schema() -> "pa.Schema":
    """Return the Arrow schema of insights: text, days, BIGINT, and lists of {action_type, one BIGINT per window}."""
    import pyarrow as pa

    action = pa.struct([("action_type", pa.string()), *((window, pa.int64()) for window in WINDOWS)])
    types = {
        "date": pa.date32(),
        "date_stop": pa.date32(),
        "actions": pa.list_(action),
        "action_values": pa.list_(action),
    }
    numbers = {"spend_micros", "impressions", "clicks", "link_clicks", "reach"}
    return pa.schema(
        (name, types.get(name, pa.int64() if name in numbers else pa.string()))
        for name in (*INSIGHT_KEY, *INSIGHT_VALUES)
    )


def entity_schema() -> "pa.Schema":
    """Return the Arrow schema of entities: text, `created_at_utc` without a zone, budgets in micros."""
    import pyarrow as pa

    types = {
        "daily_budget_micros": pa.int64(),
        "lifetime_budget_micros": pa.int64(),
        "created_at_utc": pa.timestamp("us"),
    }
    return pa.schema((name, types.get(name, pa.string())) for name in (*ENTITY_KEY, *ENTITY_VALUES))


def creative_schema() -> "pa.Schema":
    """Return the Arrow schema of creatives: text throughout."""
    import pyarrow as pa

    return pa.schema((name, pa.string()) for name in (*CREATIVE_KEY, *CREATIVE_VALUES))


def reach_schema() -> "pa.Schema":
    """Return the Arrow schema of reach: text, the window's length in days and its last day, counts of people."""
    import pyarrow as pa

    types = {"window_days": pa.int32(), "date_stop": pa.date32(), "reach": pa.int64(), "impressions": pa.int64()}
    return pa.schema((name, types.get(name, pa.string())) for name in (*REACH_KEY, *REACH_VALUES))


def canonical_json(pairs: Mapping[str, str]) -> str:
    """Return pairs as the one text that stands for them in a key; '' for none.

    >>> canonical_json({"gender": "male", "age": "25-34"})
    '{"age":"25-34","gender":"male"}'
    """
    return json.dumps(dict(pairs), sort_keys=True, separators=(",", ":"), ensure_ascii=False) if pairs else ""
