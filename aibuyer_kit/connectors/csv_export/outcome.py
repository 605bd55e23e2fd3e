"""Every record goes to one place (kept, totals, empty, rejected), and the report is drawn from there."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType

from aibuyer_kit.connectors.csv_export.cells import RejectedCellError
from aibuyer_kit.connectors.csv_export.columns import result_types, unused_columns
from aibuyer_kit.connectors.csv_export.long_actions import Key, LongList, key_of
from aibuyer_kit.connectors.csv_export.mapping import Mapping
from aibuyer_kit.connectors.csv_export.ratios import ratio_differences
from aibuyer_kit.connectors.csv_export.rejected import rejected_row
from aibuyer_kit.connectors.csv_export.report import (
    KEPT_AS_EXAMPLES,
    EmptyCells,
    EntityChange,
    ImportReport,
    RejectedRow,
)
from aibuyer_kit.connectors.csv_export.rows import FactRow, RowReader, Value
from aibuyer_kit.connectors.csv_export.sheet import Sheet
from aibuyer_kit.connectors.csv_export.totals import TotalsRule
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.money import units_from_micros


@dataclass
class SortedRecords:
    """The records of a sheet, each in the one place where it belongs."""

    facts: list[FactRow] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    totals: int = 0
    empty: int = 0
    kept: int = 0
    empty_days: list[DateRange] = field(default_factory=list)


def sort_records(sheet: Sheet, mapping: Mapping, reader: RowReader) -> SortedRecords:
    """Return the records sorted. Raises ImportFileError where a row may be a total or a name."""
    found = SortedRecords()
    totals = TotalsRule(sheet, mapping, reader)
    for line, cells in sheet.records:
        if not any(cells) or not any(map(str.strip, cells)):
            found.empty += 1
        elif totals.is_total(line, cells):
            found.totals += 1
        elif (days := _only_days(reader, cells)) is not None:
            found.empty += 1
            found.empty_days.append(days)
        else:
            try:
                found.facts.append(reader.fact(line, cells))
            except RejectedCellError as error:
                found.rejected.append(rejected_row(sheet, reader, line, cells, error))
    found.kept = len(found.facts)
    return found


def keep_listed(found: SortedRecords, lists: Sequence[LongList], level: Level) -> None:
    """Make one fact of all rows of a key, where the export itself is the list; rows without their action go."""
    refused = {row.line: row for each in lists for row in each.rejected}
    first: dict[Key, FactRow] = {}
    for fact in found.facts:
        if fact.line not in refused:
            first.setdefault(key_of(fact, level), fact)
    known = {row.line for row in found.rejected}
    found.kept = sum(fact.line not in refused for fact in found.facts)
    lost = [fact.line for fact in found.facts if fact.line in refused and fact.line not in known]
    found.rejected.extend(refused[line] for line in lost)
    found.facts = list(first.values())


def _only_days(reader: RowReader, cells: list[str]) -> DateRange | None:
    """Return the days of a record that holds nothing else."""
    if not isinstance(reader.days, tuple) or len(cells) != len(reader.header):
        return None
    places = {day.place for day in reader.days}
    if any(cell for place, cell in enumerate(cells) if place not in places):
        return None
    with suppress(RejectedCellError):
        return DateRange(*reader.days_of(cells))
    return None


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
    sheet: Sheet,
    mapping: Mapping,
    values: Sequence[Value],
    found: SortedRecords,
    changes: list[EntityChange],
    lists: Sequence[LongList] = (),
) -> ImportReport:
    """Return the account of an import; totals and the checks of ratios are over the rows that were kept."""
    ratios = ratio_differences(sheet, mapping, values, found.facts)
    # A fact that only a second file names has no row here, and so no empty cells.
    rows = [fact for fact in found.facts if any(fact.cells)]
    empty_columns = _empty_columns(values, rows)
    drifts = [drift for fact in found.facts for drift in fact.drifts]
    unknown = [fact.line for fact in rows if fact.has_unknown_results]
    return ImportReport(
        rows_read=len(sheet.records),
        rows_kept=found.kept,
        totals_rows=found.totals,
        empty_rows=found.empty,
        rows_without_values=sum(all(figure is None for figure in fact.values) for fact in rows),
        rejected=tuple(found.rejected[:KEPT_AS_EXAMPLES]),
        rejected_count=len(found.rejected),
        entity_changes=tuple(changes[:KEPT_AS_EXAMPLES]),
        entity_change_count=len(changes),
        missing_days=tuple(_gaps(found.facts)),
        empty_days=tuple(sorted(found.empty_days)),
        empty_cells=tuple(_empty_cells(mapping, values, rows, empty_columns)),
        empty_columns=tuple(empty_columns),
        ratio_differences=tuple(ratios.different[:KEPT_AS_EXAMPLES]),
        ratio_difference_count=len(ratios.different),
        ratios_checked=ratios.compared,
        ratios_left_open=tuple(ratios.left_open),
        rounded_amounts=len(drifts),
        rounding_drift_units=sum(drifts, Decimal(0)),
        totals=MappingProxyType(_totals(values, found.facts) | _long_totals(lists)),
        unused_columns=unused_columns(sheet, mapping),
        unread_results=_unread_results(sheet, mapping),
        unknown_result_lines=tuple(unknown[:KEPT_AS_EXAMPLES]),
        unknown_result_count=len(unknown),
        second_files=tuple(each.second_file() for each in lists if each.actions.file),
    )


def _unread_results(sheet: Sheet, mapping: Mapping) -> tuple[str, ...]:
    """Return the indicators of results that are no actions, and so are not read."""
    return tuple(text for text, action_type in result_types(sheet, mapping).items() if action_type is None)


def _totals(values: Sequence[Value], facts: Sequence[FactRow]) -> dict[str, Decimal | int | None]:
    return {value.name: _sum(order, value, facts) for order, value in enumerate(values) if value.name != "reach"}


def _long_totals(lists: Sequence[LongList]) -> dict[str, Decimal | int | None]:
    totals: dict[str, Decimal | int | None] = {}
    for each in lists:
        for action_type, total in each.totals().items():
            is_money = each.actions.kind == "action_values" and total is not None
            totals[f"{each.actions.kind}.{action_type}"] = units_from_micros(total or 0) if is_money else total
    return totals


def _sum(order: int, value: Value, facts: Sequence[FactRow]) -> Decimal | int | None:
    known = [figure for fact in facts if (figure := fact.values[order]) is not None]
    if not known:
        return None
    return sum(known) if value.kind == "count" else units_from_micros(sum(known))


def _empty_columns(values: Sequence[Value], facts: Sequence[FactRow]) -> list[str]:
    return [
        value.name for order, value in enumerate(values) if not any(fact.values[order] is not None for fact in facts)
    ]


def _empty_cells(
    mapping: Mapping, values: Sequence[Value], facts: Sequence[FactRow], empty_columns: Sequence[str]
) -> Iterator[EmptyCells]:
    """Yield the days on which values are empty that others have; an action that is known to be none is not empty."""
    wanted = [
        (order, value.name)
        for order, value in enumerate(values)
        if value.name not in empty_columns and not (mapping.empty_actions == "none" and "." in value.name)
    ]
    missing: defaultdict[tuple[date, date], list[list[str]]] = defaultdict(list)
    for fact in facts:
        if None in fact.values and (names := [name for order, name in wanted if fact.values[order] is None]):
            missing[fact.since, fact.until].append(names)
    for days, rows in sorted(missing.items()):
        left_out = {name for names in rows for name in names}
        yield EmptyCells(DateRange(*days), len(rows), tuple(name for _, name in wanted if name in left_out))


def _gaps(facts: Sequence[FactRow]) -> Iterator[DateRange]:
    spans = sorted({(fact.since, fact.until) for fact in facts})
    reached = spans[0][1]
    for since, until in spans:
        if (since - reached).days > 1:
            yield DateRange(reached + timedelta(days=1), since - timedelta(days=1))
        reached = max(reached, until)
