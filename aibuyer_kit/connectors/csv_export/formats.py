"""A column tells by all of its values how it writes numbers or days; what stays open is an error with the choice."""

import re
from collections.abc import Iterable
from collections.abc import Mapping as ReadOnly
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache

from aibuyer_kit.connectors.csv_export.cells import NumberFormat
from aibuyer_kit.connectors.csv_export.days import ORDERS, DayFormat, Order, day_readings, pattern_of
from aibuyer_kit.connectors.csv_export.mapping import Mapping
from aibuyer_kit.connectors.csv_export.sheet import Sheet
from aibuyer_kit.connectors.csv_export.signs import PlainNumber, UnreadableNumberError, undressed, without_percent
from aibuyer_kit.core.errors import ImportFileError

# Decimal mark and mark between thousands, as countries pair them.
_MARKS = ((".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'"))
_NINES = str.maketrans("012345678", "999999999")
Marks = tuple[str, str]


@dataclass
class _Evidence:
    """Of every way to write a number that occurs in a column, one text, and the marks under which it is a number."""

    texts: dict[str, str] = field(default_factory=dict)
    marks: dict[str, set[Marks]] = field(default_factory=dict)


def number_format(sheet: Sheet, mapping: Mapping, column: str, *, is_count: bool) -> NumberFormat:
    """Return how a column writes numbers. Raises ImportFileError if its values leave that open or contradict."""
    allowed = [pair for pair in _MARKS if _agrees(mapping.decimal, pair[0]) and _agrees(mapping.thousands, pair[1])]
    texts = sheet.distinct(column)
    found = _evidence(texts, allowed)
    left = set(allowed).intersection(*found.marks.values())
    if not left:
        raise _contradiction(sheet, column, found)
    if is_count and _left_open(found, left):
        left = _whole(texts, left)
    if text := _left_open(found, left):
        raise _open_number(sheet, column, text, left)
    decimal, thousands = next(pair for pair in allowed if pair in left)
    return NumberFormat(decimal, thousands, mapping.currency, column in mapping.money_in_micros)


def day_formats(sheet: Sheet, mapping: Mapping, columns: Iterable[str]) -> dict[str, DayFormat]:
    """Return how each column writes days; one that leaves the order open follows the others of the same file.

    Raises ImportFileError if the values leave the order open, or contradict each other.
    """
    columns = list(dict.fromkeys(columns))
    if mapping.date_format:
        return {column: DayFormat(mapping.date_format) for column in columns}
    readings = {column: _day_readings(sheet, column) for column in columns}
    orders = {column: _orders(sheet, column, readings[column]) for column in columns}
    everywhere = set(ORDERS).intersection(*orders.values())
    return {
        column: DayFormat(order=_one_order(sheet, column, orders[column] & everywhere or orders[column], days))
        for column, days in readings.items()
    }


def _left_open(found: _Evidence, left: set[Marks]) -> str:
    return next((text for text in found.texts.values() if len(_values(text, left)) > 1), "")


def _agrees(stated: str | None, mark: str) -> bool:
    return stated is None or stated == mark


def _evidence(texts: Iterable[str], allowed: Iterable[Marks]) -> _Evidence:
    found = _Evidence()
    for text in texts:
        if text.isdigit() or isinstance(text, PlainNumber):
            continue
        plain = _plain(text)
        # The digits do not matter, but for a zero in front: no thousands begin with it.
        shape = f"{plain[:1] == '0'} {plain.translate(_NINES)}"
        if shape not in found.texts and (marks := {each for each in allowed if _shape(each).fullmatch(plain)}):
            found.texts[shape], found.marks[shape] = text, marks
    return found


@cache
def _shape(marks: Marks) -> re.Pattern[str]:
    return NumberFormat(*marks).shape


def _plain(text: str) -> str:
    # A foreign currency does not matter here: the row is rejected when it is read.
    with suppress(UnreadableNumberError):
        return undressed(without_percent(text)[0])[0].lstrip("+-")
    return ""


def _values(text: str, marks: Iterable[Marks]) -> dict[Decimal, Marks]:
    """Return the different numbers that `text` may be, each with marks under which it is that."""
    plain = _plain(text)
    values: dict[Decimal, Marks] = {}
    for each in sorted(marks, key=_MARKS.index):
        if _shape(each).fullmatch(plain):
            values.setdefault(Decimal(plain.replace(each[1], "").replace(each[0], ".")), each)
    return values


def _whole(texts: Iterable[str], left: set[Marks]) -> set[Marks]:
    """Return the marks under which no count has a fraction, unless it has one under all of them."""
    for text in texts:
        whole = {marks for value, marks in _values(text, left).items() if value == value.to_integral_value()}
        if whole and not text.isdigit():
            left = {marks for marks in left if set(_values(text, [marks])) & {*_values(text, whole)}}
    return left


def _contradiction(sheet: Sheet, column: str, found: _Evidence) -> ImportFileError:
    first, *others = found.texts
    other = next((shape for shape in others if not found.marks[shape] & found.marks[first]), others[-1])
    one, two = found.texts[first], found.texts[other]
    return ImportFileError(
        f"{sheet.path}: column {column!r} writes numbers in two ways: {one!r} on line {sheet.line_of(column, one)} and "
        f"{two!r} on line {sheet.line_of(column, two)}. State which one holds, and rows with the other are left out: "
        f'decimal = "." or decimal = "," in a mapping, or --decimal on the command line.'
    )


def _open_number(sheet: Sheet, column: str, text: str, left: Iterable[Marks]) -> ImportFileError:
    meanings = " or ".join(
        f'{value:f} (decimal = "{decimal}", --decimal "{decimal}")'
        for value, (decimal, _) in _values(text, left).items()
    )
    return ImportFileError(
        f"{_place(sheet, column, text)}: {text.strip()!r} may mean {meanings}, and "
        f"no other value of the column tells which. State decimal in a mapping or on the command line."
    )


def _day_readings(sheet: Sheet, column: str) -> dict[str, dict[Order, date]]:
    return {text: readings for text in sheet.distinct(column) if (readings := day_readings(text))}


def _orders(sheet: Sheet, column: str, days: ReadOnly[str, dict[Order, date]]) -> set[Order]:
    """Return the orders under which every value of the column that is a day at all is one."""
    left, told_by = set(ORDERS), ""
    for text, readings in days.items():
        if not left & readings.keys():
            raise _contradicting_days(sheet, column, told_by, text, pattern_of(text, next(iter(readings))))
        if left - readings.keys():
            left, told_by = left & readings.keys(), text
    return left


def _contradicting_days(sheet: Sheet, column: str, one: str, two: str, pattern: str) -> ImportFileError:
    return ImportFileError(
        f"{sheet.path}: column {column!r} writes days in two ways: {one!r} on line {sheet.line_of(column, one)} and "
        f"{two!r} on line {sheet.line_of(column, two)}. State which one holds, and rows with the other are left out: "
        f'date_format = "{pattern}" in a mapping, or --date-format "{pattern}" on the command line.'
    )


def _one_order(sheet: Sheet, column: str, left: set[Order], days: ReadOnly[str, dict[Order, date]]) -> Order | None:
    for text, readings in days.items():
        meant = {readings[order]: order for order in ORDERS if order in left}
        if len(meant) > 1:
            raise _open_day(sheet, column, text, meant)
    return next((order for order in ORDERS if order in left), None)


def _open_day(sheet: Sheet, column: str, text: str, meant: ReadOnly[date, Order]) -> ImportFileError:
    choices = [(day, pattern_of(text, order)) for day, order in meant.items()]
    meanings = " or ".join(f'{day} (date_format = "{pattern}")' for day, pattern in choices)
    return ImportFileError(
        f"{_place(sheet, column, text)}: {text.strip()!r} may mean {meanings}, and "
        f"no other day of the column tells which. State the date_format in a mapping, or --date-format "
        f'"{choices[0][1]}" on the command line.'
    )


def _place(sheet: Sheet, column: str, text: str) -> str:
    return f"{sheet.path}: line {sheet.line_of(column, text)}, column {column!r}"
