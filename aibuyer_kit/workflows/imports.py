"""Loading an exported file into the warehouse."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.clock import SystemClock
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ImportFileError, NotFoundError
from aibuyer_kit.warehouse.coverage import Coverage, Extent
from aibuyer_kit.warehouse.load import LoadResult
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.import_checks import (
    Form,
    other_forms,
    own_form,
    refuse_contradictions,
    refuse_odd_days,
    refuse_synced_account,
)
from aibuyer_kit.workflows.no_results import why_no_results
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
    replaced: tuple[LoadResult, ...] = ()
    no_results: str = ""

    def summary(self) -> str:
        """Return a few lines for a terminal."""
        load, gone = self.facts, sum(each.closed for each in (self.facts, *self.replaced))
        set_aside = f", {load.rejected} set aside (aibuyer quarantine list)" if load.rejected else ""
        return (
            f"{self.report}\n{load.coverage.days}: {load.inserted} new rows, {load.restated} restated,"
            f" {gone} gone, {load.unchanged} unchanged{set_aside}\n{self.totals}\n"
            f"{self.no_results and self.no_results + chr(10)}"
            f"load {load.load_id}; to take it back: aibuyer import-undo {load.load_id}"
        )


def read_file(file: Path, mapping: Path | None, stated: "Choices | None" = None) -> "ImportedFile":
    """Return what a CSV or XLSX export holds and how it was understood; nothing is loaded.

    Raises ImportFileError that names line, column and cure, also for days that cannot be.
    """
    from aibuyer_kit.connectors.csv_export import Choices, read_export, read_mapping

    found = read_export(file, read_mapping(mapping) if mapping else None, stated or Choices())
    # A copy may be younger than the export; a file from an archive may bear any date.
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    refuse_odd_days(found, max(written, SystemClock().now()).date())
    return found


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
    beside_synced: bool = False,
    stated: "Choices | None" = None,
) -> ImportDone:
    """Load a CSV or XLSX export and publish it; `stated` says how the file is written, and goes before the mapping.

    What the file does not name is left as it is: it may hold a few campaigns only. With `replace_days` the file is all
    that there is for its account and days, and what it does not hold is gone, on every level. Rows that cannot be used
    go into the quarantine; a file with such rows replaces its days only with `quarantine`, and what they may be about
    stays. With `beside_synced` an account that is synced may get days that no sync has read.
    Raises ImportFileError that names line, column and cure, also if the rows would add to what is known or change it
    otherwise than by restating it; InconsistentReadError if a day would count twice. Nothing is loaded then.
    """
    found = read_file(file, mapping, stated)
    if replace_days and not quarantine and not found.report.is_complete:
        raise ImportFileError(
            f"{file} has rows that cannot be used, so it cannot replace its days:\n{found.report}\n"
            "Mend them, or set them aside with --quarantine: what they may be about is left as it was."
        )
    refuse_synced_account(context, _reader(context), found, beside_synced=beside_synced)
    known_at = import_time(context)
    with open_writer(context.warehouse) as writer:
        writer.publish()  # what the reader sees is then all there is
        reader = Reader(context.warehouse)
        refuse_contradictions(reader, found, replace_days=replace_days)
        others = other_forms(reader, found) if replace_days else set()
        # Facts first: they may be refused, and then nothing else is loaded either.
        extent: Extent = "replacing" if replace_days else "partial"
        facts = writer.load(_coverage(found), [found.facts], known_at=known_at, extent=extent, rejected=found.rejected)
        for level, entities in _by_level(found.entities):
            coverage = Coverage("entities", found.account.platform, found.account.account_id, level)
            writer.load(coverage, [entities], known_at=known_at, extent="partial")
        replaced = tuple(
            writer.load(_coverage(found, form), [], known_at=known_at, extent=extent) for form in sorted(others)
        )
    return ImportDone(found.report, facts, _totals(found), replaced, why_no_results(context))


def _reader(context: ClientContext) -> Reader | None:
    """Return a reader if anything was ever loaded."""
    reader = Reader(context.warehouse)
    try:
        reader.freshness()
    except NotFoundError:
        return None
    return reader


def _coverage(found: "ImportedFile", form: Form | None = None) -> Coverage:
    """Return the days of the file in a form in which they may be known, its own unless said."""
    level, breakdown, attribution = form or own_form(found)
    return Coverage(
        "insights",
        found.account.platform,
        found.account.account_id,
        Level(level),
        days=found.coverage,
        breakdowns=tuple(breakdown.split(", ")) if breakdown else (),
        attribution=attribution,
    )


def _by_level(entities: "pa.Table") -> "Iterator[tuple[Level, pa.Table]]":
    import pyarrow.compute as pc

    for level in Level:
        of_level = entities.filter(pc.equal(entities["level"], str(level)))
        if of_level.num_rows:
            yield level, of_level


def import_time(context: ClientContext) -> Callable[[], datetime]:
    """Return the clock by which an import becomes known: the client's, or the machine's before the first load."""
    try:
        return client_clock(context, Reader(context.warehouse)).now
    except NotFoundError:
        return SystemClock().now


def _totals(found: "ImportedFile") -> str:
    shown = [f"{name} {total:,}" for name, total in found.report.totals.items() if total is not None]
    return f"totals of the file ({found.account.currency}): " + ", ".join(shown)
