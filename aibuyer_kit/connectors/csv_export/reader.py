"""Reading one export: sheet, mapping, rows, checks, tables and report."""

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from aibuyer_kit.connectors.base import AccountFacts
from aibuyer_kit.connectors.csv_export.ads_manager import ads_manager_mapping
from aibuyer_kit.connectors.csv_export.checks import check_no_day_counts_twice, check_parents
from aibuyer_kit.connectors.csv_export.columns import row_reader
from aibuyer_kit.connectors.csv_export.entities import entities_of
from aibuyer_kit.connectors.csv_export.long_actions import LongList, facts_named_only_by, read_long_lists
from aibuyer_kit.connectors.csv_export.mapping import NO_CHOICES, Choices, Mapping, with_choices
from aibuyer_kit.connectors.csv_export.outcome import (
    SortedRecords,
    import_report,
    keep_listed,
    nothing_left,
    sort_records,
)
from aibuyer_kit.connectors.csv_export.preview import ImportPreview, preview_of
from aibuyer_kit.connectors.csv_export.report import ImportReport
from aibuyer_kit.connectors.csv_export.rows import FactRow
from aibuyer_kit.connectors.csv_export.sheet import Sheet, read_sheet
from aibuyer_kit.connectors.csv_export.tables import entity_table, insight_table
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import ImportFileError
from aibuyer_kit.core.unreadable import UnreadableRow

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class ImportedFile:
    """The facts of one file as Arrow tables of `core.facts`, the days they cover, and the report of the import.

    `preview` says how every column was understood, `rejected` are the rows that cannot be used.
    """

    account: AccountFacts
    facts: "pa.Table"
    entities: "pa.Table"
    coverage: DateRange
    report: ImportReport
    mapping: Mapping
    preview: ImportPreview
    rejected: tuple[UnreadableRow, ...] = ()


def read_export(path: str | Path, mapping: Mapping | None = None, choices: Choices = NO_CHOICES) -> ImportedFile:
    """Return the facts of a CSV or XLSX file; without a mapping it must be an export of Ads Manager.

    `choices` are what the command line states beside the mapping, and go before it. Raises ImportFileError if the file
    or a column cannot be read, if a format stays open, if no row can be used, or if two rows are about the same thing.
    A single row that cannot be used is left out and reported.
    """
    with _collection_paused():
        return _read(Path(path), mapping, choices)


def _read(path: Path, mapping: Mapping | None, choices: Choices) -> ImportedFile:
    sheet = _sheet(path, mapping, choices)
    mapping = with_choices(mapping or ads_manager_mapping(sheet), choices)
    reader = row_reader(sheet, mapping)
    found = sort_records(sheet, mapping, reader)
    lists = _take_lists(sheet, mapping, found)
    if not found.facts:
        raise ImportFileError(f"{sheet.path}: {nothing_left(found)}")
    check_no_day_counts_twice(sheet, mapping, found.facts)
    entities, changes = entities_of(sheet, mapping, found.facts)
    report = import_report(sheet, mapping, reader.values, found, changes, lists)
    return ImportedFile(
        account=_account(mapping),
        facts=insight_table(mapping, reader.values, found.facts, lists),
        entities=entity_table(mapping, entities),
        coverage=_coverage(found.facts),
        report=report,
        mapping=mapping,
        preview=preview_of(sheet, mapping, reader, found.facts, report),
        rejected=tuple(_rejected(found, lists)),
    )


def _rejected(found: SortedRecords, lists: Sequence[LongList]) -> Iterator[UnreadableRow]:
    """Yield the rows that cannot be used, of the export and of the lists beside it."""
    days = _coverage(found.facts)
    beside = (row for each in lists if each.actions.file for row in each.rejected)
    for row in (*found.rejected, *beside):
        if row.kept:
            yield replace(row.kept, asked=days)


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Let no cycles be looked for: a large file is millions of cells without one, and each look goes over all."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _sheet(path: Path, mapping: Mapping | None, choices: Choices) -> Sheet:
    if mapping is None:
        return read_sheet(path, choices.delimiter, sheet=choices.sheet)
    return read_sheet(
        path,
        choices.delimiter or mapping.delimiter,
        encoding=mapping.encoding,
        sheet=choices.sheet or mapping.sheet,
        header_row=mapping.header_row,
    )


def _take_lists(sheet: Sheet, mapping: Mapping, found: SortedRecords) -> list[LongList]:
    """Read the lists of actions, and make the facts one for each key; parents are checked before, on the rows."""
    check_parents(sheet, found.facts)
    lists = read_long_lists(sheet, mapping)
    if not lists:
        return []
    if any(each.actions.file is None for each in lists):
        keep_listed(found, lists, mapping.level)
    width = len(sheet.header)
    values = len(found.facts[0].values) if found.facts else 0
    found.facts.extend(list(facts_named_only_by(lists, found.facts, mapping.level, values, width)))
    return lists


def _account(mapping: Mapping) -> AccountFacts:
    name = mapping.account_name or mapping.account_id
    return AccountFacts(mapping.platform, mapping.account_id, name, mapping.currency, mapping.time_zone)


def _coverage(facts: Iterable[FactRow]) -> DateRange:
    return DateRange(min(fact.since for fact in facts), max(fact.until for fact in facts))
