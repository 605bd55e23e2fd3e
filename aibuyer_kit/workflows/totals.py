"""Totals of entities and days from insights rows: sums of what is known, ratios of sums that know both sides."""

import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import LeftOutWarning
from aibuyer_kit.core.metrics import MEASURES, RATIOS, ratio_of
from aibuyer_kit.warehouse.read import AsOf, Reader, ResultSetting

Values = Mapping[str, float | int | None]
# One entity and day as the warehouse gives it, but with money in micros.
Row = dict[str, Any]

_MICROS = 1_000_000
_SUMMED = tuple(each for each in MEASURES if each.additive == "everywhere")


@dataclass(frozen=True)
class EntityTotals:
    """One entity in a period; money in currency units, unknown values are None."""

    entity_id: str
    name: str
    values: Values


def result_setting(context: ClientContext) -> ResultSetting:
    """Return the client's canonical result as the reader takes it."""
    return ResultSetting(context.settings.result.action_type, context.settings.result.window)


def entity_totals(
    context: ClientContext, reader: Reader, level: Level, days: DateRange, *, as_of: AsOf | None = None
) -> tuple[EntityTotals, ...]:
    """Return the totals of every entity of `level`, the largest spend first."""
    rows, _ = read_rows(context, reader, level, days, as_of)
    return by_entity(rows)


def read_rows(
    context: ClientContext, reader: Reader, level: Level, days: DateRange, as_of: AsOf | None
) -> tuple[list[Row], tuple[LeftOutWarning, ...]]:
    """Return one row per entity and day with money in micros, and what the reading warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LeftOutWarning)
        rows = reader.insights(level, days, result=result_setting(context), as_of=as_of).rows()
    for row in rows:
        for measure in _SUMMED:
            if measure.unit == "money" and row[measure.name] is not None:
                row[measure.name] = round(row[measure.name] * _MICROS)
    return rows, tuple(each.message for each in caught if isinstance(each.message, LeftOutWarning))


def values_of(rows: Iterable[Row]) -> Values:
    """Return sums and ratios over rows.

    A sum adds what is known; a ratio uses only the rows that know both of its sides, so that neither side is short.
    """
    rows = list(rows)
    values: dict[str, float | int | None] = {}
    for measure in _SUMMED:
        total = _sum(rows, measure.name)
        values[measure.name] = total / _MICROS if measure.unit == "money" and total is not None else total
    for ratio in RATIOS:
        both = [row for row in rows if row[ratio.numerator] is not None and row[ratio.denominator] is not None]
        values[ratio.name] = ratio_of(ratio, {name: _sum(both, name) for name in (ratio.numerator, ratio.denominator)})
    return values


def by_entity(rows: Iterable[Row]) -> tuple[EntityTotals, ...]:
    """Return one total per entity under its newest name, the largest spend first."""
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["platform"], row["account_id"], row["entity_id"]].append(row)
    found = [EntityTotals(key[2], group[-1]["name"], values_of(group)) for key, group in groups.items()]
    return tuple(sorted(found, key=lambda each: (-(each.values["spend"] or 0), each.name)))


def by_day(rows: Iterable[Row], days: DateRange) -> tuple[tuple[date, Values], ...]:
    """Return one total per day; nothing where all rows are totals of a period that has no days."""
    rows = list(rows)
    groups: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        if row["date"] == row["date_stop"]:
            groups[row["date"]].append(row)
    if rows and not groups:
        return ()
    return tuple((day, values_of(groups[day])) for day in days)


def _sum(rows: Iterable[Row], name: str) -> int | None:
    known = [row[name] for row in rows if row[name] is not None]
    return sum(known) if known else None
