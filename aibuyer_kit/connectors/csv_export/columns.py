"""The mapping meets the header: every stated column is found once, and how it is written is decided."""

import difflib
import re
from collections.abc import Iterator
from typing import Literal

from aibuyer_kit.connectors.csv_export.days import DayFormat
from aibuyer_kit.connectors.csv_export.formats import day_formats, number_format
from aibuyer_kit.connectors.csv_export.mapping import ENTITY_LEVELS, MEASURES, Mapping
from aibuyer_kit.connectors.csv_export.rows import Day, Identity, Results, RowReader, Value
from aibuyer_kit.connectors.csv_export.sheet import Sheet
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ImportFileError

# What an indicator names is an action where it says so; "reach" is none. Events of one's own have names in any case.
_INDICATOR = re.compile(r"(?:actions|conversions):([A-Za-z0-9_.]+)")


def row_reader(sheet: Sheet, mapping: Mapping) -> RowReader:
    """Return what reads this sheet's records under the mapping.

    Raises ImportFileError if a stated column is missing or occurs twice, or if days or numbers need a stated format.
    """
    check_columns(sheet, mapping)
    places = sheet.places
    return RowReader(
        header=sheet.header,
        level=mapping.level,
        account_id=mapping.account_id,
        identities=dict(_identities(sheet, mapping)),
        days=_days(sheet, mapping),
        breakdowns=tuple((name, places[column]) for name, column in mapping.breakdowns.items()),
        values=tuple(_values(sheet, mapping)),
        results=_results(sheet, mapping),
    )


def check_columns(sheet: Sheet, mapping: Mapping) -> None:
    """Raise ImportFileError unless every column that the mapping states stands in the header, once."""
    for key, column in _stated(mapping):
        check_column(sheet, key, column)


def unused_columns(sheet: Sheet, mapping: Mapping) -> tuple[str, ...]:
    """Return the named columns of the sheet that the mapping does not read."""
    used = {column for _, column in _stated(mapping)}
    return tuple(name for name in sheet.header if name and name not in used)


def _stated(mapping: Mapping) -> Iterator[tuple[str, str]]:
    if mapping.totals_row:
        yield "totals_row.column", mapping.totals_row.column
    for table in ("columns", "actions", "action_values", "attributes", "breakdowns"):
        stated = getattr(mapping, table)
        for name, column in dict(stated).items():
            if column is not None:
                yield f"{table}.{name}", column
    if mapping.results:
        yield "results.count", mapping.results.count
        yield "results.indicator", mapping.results.indicator
    for check in mapping.ratios:
        yield "ratios.column", check.column
    for actions in mapping.long_actions:
        if actions.file is None:
            yield "long_actions.action_type", actions.action_type
            yield from ((f"long_actions.{window}", column) for window, column in actions.windows().items())


def result_types(sheet: Sheet, mapping: Mapping) -> dict[str, str | None]:
    """Return the action type that each text of the column of indicators names; None for one that names no action.

    Two texts may name one type: a row has one of them, so that nothing is counted twice.
    """
    if mapping.results is None:
        return {}
    texts = sorted({each.strip() for each in sheet.distinct(mapping.results.indicator)} - {""})
    return {text: named[1] if (named := _INDICATOR.fullmatch(text)) else None for text in texts}


def check_column(sheet: Sheet, key: str, column: str) -> None:
    """Raise ImportFileError unless the header holds the column, once; `key` says where the mapping states it."""
    if sheet.header.count(column) > 1:
        raise ImportFileError(
            f"{sheet.path}: the mapping's {key} is the column {column!r}, which the header holds "
            f"{sheet.header.count(column)} times. Give the columns different names."
        )
    if column not in sheet.header:
        near = difflib.get_close_matches(column, sheet.header, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ImportFileError(
            f"{sheet.path}: the mapping's {key} is the column {column!r}, which the header does not hold.{hint} "
            f"Columns: {', '.join(sheet.header)}."
        )


def _identities(sheet: Sheet, mapping: Mapping) -> Iterator[tuple[Level, Identity]]:
    for level in ENTITY_LEVELS:
        if column := mapping.columns.identity(level):
            yield level, Identity(sheet.places[column], bool(mapping.columns.of(f"{level}_id")))


def _days(sheet: Sheet, mapping: Mapping) -> DateRange | tuple[Day, Day]:
    if mapping.period:
        return mapping.period.days
    start = str(mapping.columns.date)
    stop = mapping.columns.date_stop or start
    formats: dict[str, DayFormat] = day_formats(sheet, mapping, (start, stop))
    first = Day(sheet.places[start], formats[start])
    return first, first if stop == start else Day(sheet.places[stop], formats[stop])


def _results(sheet: Sheet, mapping: Mapping) -> Results | None:
    if mapping.results is None:
        return None
    read = frozenset(text for text, named in result_types(sheet, mapping).items() if named is not None)
    return Results(sheet.places[mapping.results.count], sheet.places[mapping.results.indicator], read)


def _values(sheet: Sheet, mapping: Mapping) -> Iterator[Value]:
    for name in MEASURES:
        if column := mapping.columns.of(name):
            yield _value(sheet, mapping, name, column, "spend" if name == "spend" else "count")
    for action_type, column in mapping.actions.items():
        yield _value(sheet, mapping, f"actions.{action_type}", column, "count")
    if mapping.results:
        place, types = sheet.places[mapping.results.indicator], result_types(sheet, mapping)
        for named in dict.fromkeys(types.values()):
            if named is not None and named not in mapping.actions:
                value = _value(sheet, mapping, f"actions.{named}", mapping.results.count, "count")
                yield value._replace(told_by=(place, frozenset(text for text in types if types[text] == named)))
    for action_type, column in mapping.action_values.items():
        yield _value(sheet, mapping, f"action_values.{action_type}", column, "money")


def _value(sheet: Sheet, mapping: Mapping, name: str, column: str, kind: Literal["count", "spend", "money"]) -> Value:
    written = number_format(sheet, mapping, column, is_count=kind == "count")
    return Value(name, sheet.places[column], kind, written)
