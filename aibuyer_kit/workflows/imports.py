"""Loading an exported file into the warehouse."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.clock import SystemClock
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ImportFileError, NotFoundError
from aibuyer_kit.warehouse.load import Coverage, Extent, LoadResult
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.period import client_clock

if TYPE_CHECKING:
    import pyarrow as pa

    from aibuyer_kit.connectors.csv_export import Choices, ImportedFile, ImportReport


@dataclass(frozen=True)
class ImportDone:
    """What the file held and what the warehouse took of it."""

    report: "ImportReport"
    facts: LoadResult
    totals: str

    def summary(self) -> str:
        """Return a few lines for a terminal."""
        load = self.facts
        set_aside = f", {load.rejected} set aside (aibuyer quarantine list)" if load.rejected else ""
        return (
            f"{self.report}\n{load.coverage.days}: {load.inserted} new rows, {load.restated} restated,"
            f" {load.closed} gone, {load.unchanged} unchanged{set_aside}\n{self.totals}"
        )


def read_file(file: Path, mapping: Path | None, stated: "Choices | None" = None) -> "ImportedFile":
    """Return what a CSV or XLSX export holds and how it was understood; nothing is loaded.

    Raises ImportFileError that names line, column and cure.
    """
    from aibuyer_kit.connectors.csv_export import Choices, read_export, read_mapping

    return read_export(file, read_mapping(mapping) if mapping else None, stated or Choices())


def preview_text(found: "ImportedFile") -> str:
    """Return for a terminal how every column was understood, and what an import would keep and leave out."""
    return f"{found.preview}\n\n{found.report}\n{_totals(found)}\nNothing was loaded."


def import_export(
    context: ClientContext,
    file: Path,
    mapping: Path | None,
    *,
    replace_days: bool = False,
    quarantine: bool = False,
    stated: "Choices | None" = None,
) -> ImportDone:
    """Load a CSV or XLSX export and publish it; `stated` says how the file is written, and goes before the mapping.

    What the file does not name is left as it is: it may hold a few campaigns only. With `replace_days` the file is all
    that there is for its account and days, and what it does not hold is gone. Rows that cannot be used go into the
    quarantine; a file with such rows replaces its days only with `quarantine`, and what they may be about stays.
    Raises ImportFileError that names line, column and cure, InconsistentReadError if a day would count twice; nothing
    is loaded then.
    """
    found = read_file(file, mapping, stated)
    if replace_days and not quarantine and not found.report.is_complete:
        raise ImportFileError(
            f"{file} has rows that cannot be used, so it cannot replace its days:\n{found.report}\n"
            "Mend them, or set them aside with --quarantine: what they may be about is left as it was."
        )
    known_at = _known_at(context)
    with open_writer(context.warehouse) as writer:
        # Facts first: they may be refused, and then nothing else is loaded either.
        extent: Extent = "complete" if replace_days else "partial"
        facts = writer.load(_coverage(found), [found.facts], known_at=known_at, extent=extent, rejected=found.rejected)
        for level, entities in _by_level(found.entities):
            coverage = Coverage("entities", found.account.platform, found.account.account_id, level)
            writer.load(coverage, [entities], known_at=known_at, extent="partial")
    return ImportDone(found.report, facts, _totals(found))


def _coverage(found: "ImportedFile") -> Coverage:
    mapping = found.mapping
    return Coverage(
        "insights",
        found.account.platform,
        found.account.account_id,
        mapping.level,
        days=found.coverage,
        breakdowns=tuple(mapping.breakdowns),
        attribution=mapping.attribution,
    )


def _by_level(entities: "pa.Table") -> "Iterator[tuple[Level, pa.Table]]":
    import pyarrow.compute as pc

    for level in Level:
        of_level = entities.filter(pc.equal(entities["level"], str(level)))
        if of_level.num_rows:
            yield level, of_level


def _known_at(context: ClientContext) -> Callable[[], datetime]:
    try:
        return client_clock(context, Reader(context.warehouse)).now
    except NotFoundError:
        return SystemClock().now


def _totals(found: "ImportedFile") -> str:
    shown = [f"{name} {total:,}" for name, total in found.report.totals.items() if total is not None]
    return f"totals of the file ({found.account.currency}): " + ", ".join(shown)
