"""Small tables of figures that rules look at, written down by hand."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from aibuyer_kit.core.entities import Level
from aibuyer_kit.rules.language import Rule, rule_of
from aibuyer_kit.rules.strict import exact_numbers
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.table import Column, Table, columns_of

NOW = datetime(2026, 6, 10, 14, 20, tzinfo=ZoneInfo("Europe/Kyiv"))
KNOWN_AT = datetime(2026, 6, 10, 11, 20, tzinfo=UTC)
Figures = Mapping[str, float | None]


def leaf(expr: str, op: str, value: Any, **more: Any) -> dict[str, Any]:
    """Return a comparison over three days to yesterday, or `days` and `ends`."""
    window = {"days": more.pop("days", 3), "ends": more.pop("ends", "yesterday")}
    number = Decimal(value) if isinstance(value, int | float | str) else value
    return {"expr": expr, "window": window, "op": op, "value": number, **more}


def rule(when: Mapping[str, Any], **more: Any) -> Rule:
    """Return a rule over active ad sets that pauses."""
    content = {"level": "adset", "scope": {"status": ["ACTIVE"]}, "then": [{"action": "pause"}], **more}
    return rule_of(exact_numbers({"id": "sample", "name": "Sample", "when": when, **content}))


def subject(number: int = 7, *, budget: int | None = 50_000_000, minor: int = 100, **more: Any) -> Subject:
    known = {"name": "Spring shoes", "campaign_name": "Prospecting UA", "status": "ACTIVE", "campaign_id": "1", **more}
    return Subject(
        "meta",
        "act_1",
        Level.ADSET,
        str(number),
        known.pop("name"),
        known.pop("campaign_name"),
        known.pop("status"),
        budget,
        minor,
        **known,
    )


def table(
    rules: Sequence[Rule],
    rows: Sequence[tuple[Subject, Figures]],
    targets: Mapping[str, Sequence[float]] | None = None,
    now: datetime = NOW,
) -> Table:
    """Return a table in which every window holds the same figures, by name, or by the column's own text."""
    numbers = {column: _values(column, rows) for column in columns_of(rules)}
    goals = {name: np.array(values, dtype=np.float64) for name, values in (targets or {}).items()}
    return Table(Level.ADSET, now, KNOWN_AT, [each for each, _ in rows], numbers, goals)


def _values(column: Column, rows: Sequence[tuple[Subject, Figures]]) -> Any:
    found = [
        figures.get(str(column), figures.get(column.name) if column.of == "self" else None)
        if column.window
        else each.number(column.name)
        for each, figures in rows
    ]
    return np.array([np.nan if value is None else value for value in found], dtype=np.float64)
