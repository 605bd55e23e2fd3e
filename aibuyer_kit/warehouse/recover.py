"""Opening the working file, and rebuilding it from the newest good snapshot when it does not open."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from aibuyer_kit.core.errors import WarehouseBusyError, WarehouseError
from aibuyer_kit.warehouse.files import WarehouseFiles


@dataclass(frozen=True)
class Recovered:
    """A working file that did not open was set aside; what it knew beyond `restored_from` must be read again."""

    set_aside: Path
    restored_from: Path | None
    reason: str


def open_working(files: WarehouseFiles) -> tuple[duckdb.DuckDBPyConnection, Recovered | None]:
    """Open the working file for writing, rebuilding it if it is broken.

    Raises WarehouseBusyError if another program holds it, WarehouseError if the folder cannot be written.
    """
    _check_writable(files)
    try:
        return _connect(files.working), None
    except duckdb.Error as error:
        if _is_held_by_another(error):
            raise WarehouseBusyError(f"{files.working} is open in another program. Close it and try again.") from None
        recovered = _rebuild(files, str(error))
    return _connect(files.working), recovered


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(path))
    connection.execute("SET enable_progress_bar = false")
    return connection


def _check_writable(files: WarehouseFiles) -> None:
    try:
        files.folder.mkdir(parents=True, exist_ok=True)
        if files.working.exists():
            # No connection of this process is open yet, so that closing this handle drops no lock of DuckDB's.
            files.working.open("r+b").close()
    except OSError as error:
        raise WarehouseError(
            f"{files.folder} cannot be written ({error.strerror}). Check its owner and mode."
        ) from None


def _is_held_by_another(error: duckdb.Error) -> bool:
    return "lock" in str(error).lower() or "being used by another process" in str(error)


def _rebuild(files: WarehouseFiles, reason: str) -> Recovered:
    aside = _set_aside(files)
    for _, snapshot in files.snapshots():
        if _opens(snapshot):
            shutil.copyfile(snapshot, files.working)
            return Recovered(aside, snapshot, reason)
    return Recovered(aside, None, reason)


def _set_aside(files: WarehouseFiles) -> Path:
    number = 1
    while (aside := files.folder / f"broken-{number}.duckdb").exists():
        number += 1
    files.working.replace(aside)
    log = files.working.with_suffix(".duckdb.wal")
    if log.exists():
        log.replace(aside.with_suffix(".duckdb.wal"))
    return aside


def _opens(snapshot: Path) -> bool:
    try:
        duckdb.connect(str(snapshot), read_only=True).close()
    except duckdb.Error:
        return False
    return True
