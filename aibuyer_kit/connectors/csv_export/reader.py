"""Reading one export: sheet, mapping, rows, checks, tables and report."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aibuyer_kit.connectors.base import AccountFacts
from aibuyer_kit.connectors.csv_export.ads_manager import ads_manager_mapping
from aibuyer_kit.connectors.csv_export.checks import check_no_day_counts_twice, check_parents
from aibuyer_kit.connectors.csv_export.columns import row_reader
from aibuyer_kit.connectors.csv_export.entities import entities_of
from aibuyer_kit.connectors.csv_export.mapping import Mapping
from aibuyer_kit.connectors.csv_export.outcome import import_report, nothing_left, sort_records
from aibuyer_kit.connectors.csv_export.report import ImportReport
from aibuyer_kit.connectors.csv_export.rows import FactRow
from aibuyer_kit.connectors.csv_export.sheet import read_sheet
from aibuyer_kit.connectors.csv_export.tables import entity_table, insight_table
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import ImportFileError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class ImportedFile:
    """The facts of one file as Arrow tables of `core.facts`, the days they cover, and the report of the import."""

    account: AccountFacts
    facts: "pa.Table"
    entities: "pa.Table"
    coverage: DateRange
    report: ImportReport
    mapping: Mapping


def read_export(path: str | Path, mapping: Mapping | None = None) -> ImportedFile:
    """Return the facts of a CSV file; without a mapping it must be an English export of Ads Manager.

    Raises ImportFileError if the file or a column cannot be read, if no row can be used, or if two rows are about the
    same thing. A single row that cannot be used is left out and reported.
    """
    sheet = read_sheet(Path(path), mapping.delimiter if mapping else None)
    mapping = mapping or ads_manager_mapping(sheet)
    reader = row_reader(sheet, mapping)
    found = sort_records(sheet, mapping, reader)
    if not found.facts:
        raise ImportFileError(f"{sheet.path}: {nothing_left(found)}")
    check_parents(sheet, found.facts)
    check_no_day_counts_twice(sheet, mapping, found.facts)
    entities, changes = entities_of(sheet, mapping, found.facts)
    return ImportedFile(
        account=_account(mapping),
        facts=insight_table(mapping, reader.values, found.facts),
        entities=entity_table(mapping, entities),
        coverage=_coverage(found.facts),
        report=import_report(sheet, mapping, reader.values, found, changes),
        mapping=mapping,
    )


def _account(mapping: Mapping) -> AccountFacts:
    name = mapping.account_name or mapping.account_id
    return AccountFacts(mapping.platform, mapping.account_id, name, mapping.currency, mapping.time_zone)


def _coverage(facts: Iterable[FactRow]) -> DateRange:
    return DateRange(min(fact.since for fact in facts), max(fact.until for fact in facts))
