"""How rows of insights are broken down: what is asked of Meta, and the text that stands for it in a key."""

import re
from collections.abc import Sequence

from aibuyer_kit.connectors.base import HOUR, InsightStream
from aibuyer_kit.core.facts import canonical_json

HOURLY_FIELD = "hourly_stats_aggregated_by_advertiser_time_zone"
# Meta leaves the key out of some rows. They are kept under this value, so that sums stay whole.
NOT_TOLD = ""
_HOUR = re.compile(r"([01][0-9]|2[0-3]):00:00 - \1:59:59")


def breakdown_fields(stream: InsightStream) -> tuple[str, ...]:
    """Return what is asked of Meta for the stream's breakdowns, and stands in its rows."""
    return (HOURLY_FIELD,) if stream.hourly else stream.breakdowns


def breakdown_text(fields: Sequence[str], values: Sequence[str | None]) -> str:
    """Return the key's text for one row's breakdown values. Raises ValueError for an hour that is not one.

    >>> breakdown_text(("gender", "age"), ("male", "25-34"))
    '{"age":"25-34","gender":"male"}'
    >>> breakdown_text((HOURLY_FIELD,), ("07:00:00 - 07:59:59",))
    '{"hour":"07"}'
    """
    return canonical_json(dict(_pair(field, value) for field, value in zip(fields, values, strict=True)))


def _pair(field: str, value: str | None) -> tuple[str, str]:
    if field != HOURLY_FIELD:
        return field, NOT_TOLD if value is None else value
    if value is None:
        return HOUR, NOT_TOLD
    found = _HOUR.fullmatch(value)
    if not found:
        raise ValueError(f"is {value!r}, not an hour such as '07:00:00 - 07:59:59'")
    return HOUR, found[1]
