"""Sealed months that are damaged or gone, and sealed files that nothing names any more."""

import contextlib
from datetime import date
from pathlib import Path

import duckdb

from aibuyer_kit.core.errors import WarehouseError
from aibuyer_kit.warehouse.connection import transaction
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.files import WarehouseFiles
from aibuyer_kit.warehouse.schema import sql_text
from aibuyer_kit.warehouse.seal import strike
from aibuyer_kit.warehouse.sealed import LostMonth, SealedFile, attach, detach, fault, sealed_files
from aibuyer_kit.warehouse.shapes import SHAPES

_BROKEN = "broken-"


def let_go_of_damaged(
    connection: duckdb.DuckDBPyConnection, files: WarehouseFiles, *, thorough: bool
) -> tuple[LostMonth, ...]:
    """Set damaged sealed months aside, take them out of the manifest, and return them; `thorough` reads all bytes.

    Raises WarehouseError, changing nothing, if the whole folder is gone: it was moved or left out of a copy.
    """
    months = sealed_files(connection)
    if months and not files.sealed.is_dir():
        raise WarehouseError(
            f"{files.sealed} is gone, and with it {len(months)} sealed months of history. Put the folder back; to go on"
            " without that history, make an empty folder of this name."
        )
    found = (
        (each, fault(files.sealed, each, thorough=thorough) or _fault_at_opening(connection, files, each))
        for each in months
    )
    return tuple(let_go(connection, files, each, reason) for each, reason in found if reason)


def let_go(connection: duckdb.DuckDBPyConnection, files: WarehouseFiles, sealed: SealedFile, reason: str) -> LostMonth:
    """Set one damaged month aside and record the loss."""
    aside = None
    with contextlib.suppress(FileNotFoundError):
        aside = (files.sealed / sealed.file_name).replace(files.sealed / f"{_BROKEN}{sealed.file_name}")
    with transaction(connection):
        connection.execute(
            "INSERT INTO sealed_loss SELECT ?, ?, ?, ?, ?, ?, ?, coalesce(max(load_id), 0) FROM load",
            [
                sealed.file_name,
                sealed.table_name,
                sealed.platform,
                sealed.account_id,
                sealed.month,
                sealed.row_count,
                reason,
            ],
        )
        strike(connection, sealed)
    return LostMonth(sealed, reason, aside)


def lost_days(connection: duckdb.DuckDBPyConnection, coverage: Coverage) -> tuple[date, ...]:
    """Return the days of an account's lost months that no whole read of the coverage's kind has covered since, sorted.

    The days of the coverage itself do not matter.
    """
    about = {"platform": coverage.platform, "account_id": coverage.account_id}
    kind = {"table_name": SHAPES[coverage.facts].table, "facts": coverage.label, "level": str(coverage.level or "")}
    return tuple(day for (day,) in connection.execute(sql_text("lost_days"), about | kind).fetchall())


def remove_orphans(connection: duckdb.DuckDBPyConnection, files: WarehouseFiles) -> None:
    """Remove files that neither the working file nor a snapshot names, and what was never finished.

    While a snapshot does not open, nothing that it could name is removed.
    """
    there = {path.name for path in files.sealed.glob("*") if not path.name.startswith(_BROKEN)}
    named = {each.file_name for each in sealed_files(connection)}
    if there <= named:
        return
    try:
        for _, path in files.snapshots():
            with duckdb.connect(str(path), read_only=True) as snapshot:
                named.update(each.file_name for each in sealed_files(snapshot))
    except duckdb.Error:
        named = {name for name in there if name.endswith(".duckdb")}
    for name in there - named:
        _remove(files.sealed / name)


def _fault_at_opening(connection: duckdb.DuckDBPyConnection, files: WarehouseFiles, sealed: SealedFile) -> str | None:
    try:
        attach(connection, files.sealed, [sealed])
    except duckdb.Error:
        return "does not open"
    detach(connection, sealed)
    return None


def _remove(path: Path) -> None:
    try:
        path.chmod(0o644)  # Windows removes no file that is read-only.
        path.unlink()
    except (PermissionError, FileNotFoundError):
        return  # Windows refuses while a reader has it open; the next publication tries again.
