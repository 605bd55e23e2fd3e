"""Ratios that a file states are compared with its own counts; they are reported where they differ, and never stored."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from aibuyer_kit.connectors.csv_export.cells import NumberFormat, RejectedCellError
from aibuyer_kit.connectors.csv_export.formats import number_format
from aibuyer_kit.connectors.csv_export.mapping import Mapping, RatioCheck
from aibuyer_kit.connectors.csv_export.report import RatioDifference
from aibuyer_kit.connectors.csv_export.rows import FactRow, Value
from aibuyer_kit.connectors.csv_export.sheet import Sheet
from aibuyer_kit.connectors.csv_export.signs import without_percent
from aibuyer_kit.core.errors import ImportFileError
from aibuyer_kit.core.money import MICROS_PER_UNIT


class StatedRatio(NamedTuple):
    """A ratio as a cell states it, and the smallest step that it is written in."""

    value: Decimal
    step: Decimal
    is_percent: bool


class RatioFindings(NamedTuple):
    """How many ratios were compared, which are a step of their last digit or more off, and columns left uncompared."""

    compared: int
    different: list[RatioDifference]
    left_open: list[str]


def ratio_differences(
    sheet: Sheet, mapping: Mapping, values: Sequence[Value], facts: Sequence[FactRow]
) -> RatioFindings:
    """Return what a comparison of the stated ratios with the file's own counts found."""
    compared, different, left_open = 0, [], []
    for check in mapping.ratios:
        try:
            written = number_format(sheet, mapping, check.column, is_count=False)
        except ImportFileError:
            # Nothing of this column is stored, so a doubt about it stops no import.
            left_open.append(check.column)
            continue
        for fact, stated, counted in _pairs(sheet, check, written, values, facts):
            compared += 1
            # A platform may round the last digit or cut what follows; either moves it by less than one step.
            if abs(stated.value - counted) >= stated.step:
                different.append(_difference(check, fact, sheet, stated, counted))
    return RatioFindings(compared, different, left_open)


def _pairs(
    sheet: Sheet, check: RatioCheck, written: NumberFormat, values: Sequence[Value], facts: Sequence[FactRow]
) -> Iterator[tuple[FactRow, StatedRatio, Decimal]]:
    order = {value.name: place for place, value in enumerate(values)}
    of, per, place = order[check.of], order[check.per], sheet.places[check.column]
    scale = Decimal(_unit(values[per])) / _unit(values[of])
    for fact in facts:
        above, below = fact.values[of], fact.values[per]
        stated = _stated(fact.cells[place], written)
        if stated and above is not None and below:
            yield fact, stated, scale * above / below * (100 if stated.is_percent else check.times)


def _stated(text: str, written: NumberFormat) -> StatedRatio | None:
    bare, is_percent = without_percent(text)
    try:
        value = written.number(bare, money=True)
    except RejectedCellError:
        return None
    exponent = value.as_tuple().exponent
    return StatedRatio(value, Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0), is_percent)


def _unit(value: Value) -> int:
    return 1 if value.kind == "count" else MICROS_PER_UNIT


def _difference(
    check: RatioCheck, fact: FactRow, sheet: Sheet, stated: StatedRatio, counted: Decimal
) -> RatioDifference:
    shown = f"{counted.quantize(stated.step, ROUND_HALF_UP):f}{'%' * stated.is_percent}"
    return RatioDifference(fact.line, check.column, fact.cells[sheet.places[check.column]].strip(), shown)
