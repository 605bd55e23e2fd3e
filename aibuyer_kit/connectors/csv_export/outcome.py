"""Every record goes to one place (kept, totals, empty, rejected), and the report is drawn from there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType

from aibuyer_kit.connectors.csv_export.cells import RejectedCellError
from aibuyer_kit.connectors.csv_export.columns import unused_columns
from aibuyer_kit.connectors.csv_export.mapping import Mapping
from aibuyer_kit.connectors.csv_export.report import KEPT_AS_EXAMPLES, EntityChange, ImportReport, RejectedRow
from aibuyer_kit.connectors.csv_export.rows import FactRow, RowReader, Value
from aibuyer_kit.connectors.csv_export.sheet import Sheet
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.money import units_from_micros


@dataclass
class SortedRecords:
    """The records of a sheet, each in the one place where it belongs."""

    facts: list[FactRow] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    totals: int = 0
    empty: int = 0


def sort_records(sheet: Sheet, mapping: Mapping, reader: RowReader) -> SortedRecords:
    found = SortedRecords()
    for line, cells in sheet.records:
        if not any(map(str.strip, cells)):
            found.empty += 1
        elif _is_total(sheet, mapping, cells):
            found.totals += 1
        else:
            try:
                found.facts.append(reader.fact(line, cells))
            except RejectedCellError as error:
                found.rejected.append(RejectedRow(line, str(error)))
    return found


def _is_total(sheet: Sheet, mapping: Mapping, cells: list[str]) -> bool:
    rule = mapping.totals_row
    if rule is None or len(cells) != len(sheet.header):
        return False
    return cells[sheet.places[rule.column]].strip() == rule.equals.strip()


def nothing_left(found: SortedRecords) -> str:
    if found.rejected:
        first = found.rejected[0]
        return (
            f"none of the rows can be used: {len(found.rejected)} rejected, the first on line {first.line}: "
            f"{first.reason}. Check the mapping."
        )
    return (
        f"there are only totals rows ({found.totals}) and empty rows ({found.empty}). Check the mapping's totals_row."
    )


def import_report(
    sheet: Sheet, mapping: Mapping, values: Sequence[Value], found: SortedRecords, changes: list[EntityChange]
) -> ImportReport:
    drifts = [drift for fact in found.facts for drift in fact.drifts]
    return ImportReport(
        rows_read=len(sheet.records),
        rows_kept=len(found.facts),
        totals_rows=found.totals,
        empty_rows=found.empty,
        rows_without_values=sum(all(figure is None for figure in fact.values) for fact in found.facts),
        rejected=tuple(found.rejected[:KEPT_AS_EXAMPLES]),
        rejected_count=len(found.rejected),
        entity_changes=tuple(changes[:KEPT_AS_EXAMPLES]),
        entity_change_count=len(changes),
        missing_days=tuple(_gaps(found.facts)),
        rounded_amounts=len(drifts),
        rounding_drift_units=sum(drifts, Decimal(0)),
        totals=MappingProxyType(_totals(values, found.facts)),
        unused_columns=unused_columns(sheet, mapping),
    )


def _totals(values: Sequence[Value], facts: Sequence[FactRow]) -> dict[str, Decimal | int | None]:
    return {value.name: _sum(order, value, facts) for order, value in enumerate(values) if value.name != "reach"}


def _sum(order: int, value: Value, facts: Sequence[FactRow]) -> Decimal | int | None:
    known = [figure for fact in facts if (figure := fact.values[order]) is not None]
    if not known:
        return None
    return sum(known) if value.kind == "count" else units_from_micros(sum(known))


def _gaps(facts: Sequence[FactRow]) -> Iterator[DateRange]:
    spans = sorted({(fact.since, fact.until) for fact in facts})
    reached = spans[0][1]
    for since, until in spans:
        if (since - reached).days > 1:
            yield DateRange(reached + timedelta(days=1), since - timedelta(days=1))
        reached = max(reached, until)
