"""The mapping meets the header: every stated column is found once, and days can be read without a guess."""

import difflib
from collections.abc import Iterator
from contextlib import suppress
from datetime import date

from aibuyer_kit.connectors.csv_export.cells import DayFormat, NumberFormat, RejectedCellError, is_iso_day
from aibuyer_kit.connectors.csv_export.mapping import ENTITY_LEVELS, MEASURES, Mapping
from aibuyer_kit.connectors.csv_export.rows import Identity, RowReader, Value
from aibuyer_kit.connectors.csv_export.sheet import Sheet
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ImportFileError

# Ways to write a day that are met in exports; they are offered in an error, never tried on facts.
_KNOWN_PATTERNS = (
    *(f"{first}{mark}{second}{mark}%Y" for mark in "/.-" for first, second in (("%d", "%m"), ("%m", "%d"))),
    *("%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%b %d, %Y", "%d %b %Y"),
    *("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"),
)


def row_reader(sheet: Sheet, mapping: Mapping) -> RowReader:
    """Return what reads this sheet's records under the mapping.

    Raises ImportFileError if a stated column is missing or occurs twice, or if the days need a stated format.
    """
    for key, column in _stated(mapping):
        _check_column(sheet, key, column)
    _check_days_are_plain(sheet, mapping)
    places = sheet.places
    return RowReader(
        header=sheet.header,
        level=mapping.level,
        account_id=mapping.account_id,
        identities=dict(_identities(sheet, mapping)),
        days=_days(sheet, mapping),
        breakdowns=tuple((name, places[column]) for name, column in mapping.breakdowns.items()),
        values=tuple(_values(sheet, mapping)),
        number_format=NumberFormat(mapping.decimal, mapping.thousands),
        day_format=DayFormat(mapping.date_format),
    )


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


def _check_column(sheet: Sheet, key: str, column: str) -> None:
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


def _days(sheet: Sheet, mapping: Mapping) -> DateRange | tuple[int, int]:
    if mapping.period:
        return mapping.period.days
    start = sheet.places[str(mapping.columns.date)]
    return start, sheet.places[mapping.columns.date_stop] if mapping.columns.date_stop else start


def _values(sheet: Sheet, mapping: Mapping) -> Iterator[Value]:
    for name in MEASURES:
        if column := mapping.columns.of(name):
            yield Value(name, sheet.places[column], "spend" if name == "spend" else "count")
    for action_type, column in mapping.actions.items():
        yield Value(f"actions.{action_type}", sheet.places[column], "count")
    for action_type, column in mapping.action_values.items():
        yield Value(f"action_values.{action_type}", sheet.places[column], "money")


def _check_days_are_plain(sheet: Sheet, mapping: Mapping) -> None:
    if mapping.period or mapping.date_format:
        return
    for column in filter(None, (mapping.columns.date, mapping.columns.date_stop)):
        place = sheet.places[column]
        for line, cells in sheet.records:
            text = cells[place].strip() if place < len(cells) else ""
            if text and not is_iso_day(text) and (readings := _readings(text)):
                raise ImportFileError(f"{sheet.path}: line {line}, column {column!r}: {_choice(text, readings)}")


def _readings(text: str) -> dict[str, date]:
    readings = {}
    for pattern in _KNOWN_PATTERNS:
        with suppress(RejectedCellError):
            readings[pattern] = DayFormat(pattern).day(text)
    return readings


def _choice(text: str, readings: dict[str, date]) -> str:
    meanings = " or ".join(f'{day} (date_format = "{pattern}")' for pattern, day in readings.items())
    return f"{text!r} may mean {meanings}. State the date_format in a mapping."
