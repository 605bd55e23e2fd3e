"""Opening the working file, and rebuilding it from the newest good snapshot when it is damaged or gone."""

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from aibuyer_kit.core.errors import WarehouseBusyError, WarehouseError
from aibuyer_kit.warehouse.connection import (
    TruncatedFileError,
    check_blocks,
    cure,
    is_damage,
    is_held_elsewhere,
    open_to_read,
    open_to_write,
)
from aibuyer_kit.warehouse.digests import is_known_whole
from aibuyer_kit.warehouse.files import WarehouseFiles, flush


@dataclass(frozen=True)
class Recovered:
    """A working file was rebuilt: what it knew beyond `restored_from` must be read again.

    `set_aside` is the damaged file, None if it was gone; `restored_from` is None if nothing had ever been published.
    """

    set_aside: Path | None
    restored_from: Path | None
    reason: str


def open_working(files: WarehouseFiles) -> tuple[duckdb.DuckDBPyConnection, Recovered | None]:
    """Open the working file for writing, rebuilding it if it is damaged or gone.

    If it is another one than at the last publication, every block of it has been read.

    Raises WarehouseBusyError if another program holds it, WarehouseError if the folder cannot be written, if the file
    cannot be opened for another reason than damage, or if snapshots are there and none of them is whole.
    """
    _check_writable(files)
    if not files.working.exists() and files.snapshots():
        # DuckDB would make an empty file, and publishing that would hide all that was known.
        recovered = rebuild(files, "it was gone")
        return _open_whole(files), recovered
    try:
        return _open_whole(files), None
    except (duckdb.Error, TruncatedFileError) as error:
        if is_held_elsewhere(error):
            raise WarehouseBusyError(f"{files.working} is open in another program. Close it and try again.") from None
        if not is_damage(error):
            raise WarehouseError(f"{files.working} cannot be opened: {error}. {cure(error)}") from error
        recovered = rebuild(files, str(error))
    return _open_whole(files), recovered


def _open_whole(files: WarehouseFiles) -> duckdb.DuckDBPyConnection:
    # Asked while it is closed: a second handle would drop DuckDB's lock. A new file holds nothing yet.
    unchanged = not files.working.exists() or is_known_whole(files.working)
    connection = open_to_write(files.working)
    try:
        if not unchanged:
            check_blocks(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def rebuild(files: WarehouseFiles, reason: str) -> Recovered:
    """Set the closed working file aside and put a copy of the newest good snapshot in its place, whole or not at all.

    Raises WarehouseError, changing nothing, if there are snapshots and none of them is whole, or no room for a copy.
    """
    source = _newest_good(files)
    partial = files.working.with_suffix(".partial")
    try:
        if source:
            shutil.copyfile(source, partial)
            flush(partial)
        aside = _set_aside(files) if files.working.exists() else None
        if source:
            partial.replace(files.working)
            flush(files.folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise WarehouseError(
            f"{files.working} is damaged ({reason}) and could not be rebuilt from {source} ({error.strerror}). Readers"
            f" keep what is published. {cure(error)}"
        ) from None
    return Recovered(aside, source, reason)


def _newest_good(files: WarehouseFiles) -> Path | None:
    snapshots = [path for _, path in files.snapshots()]
    for snapshot in snapshots:
        try:
            with open_to_read(snapshot) as opened:
                check_blocks(opened)
        except duckdb.Error:
            continue
        return snapshot
    if snapshots:
        raise WarehouseError(
            f"Neither the working file nor a snapshot in {files.folder} is whole. Restore the folder from a backup,"
            " or move it away to start anew."
        )
    return None


def _check_writable(files: WarehouseFiles) -> None:
    try:
        files.folder.mkdir(parents=True, exist_ok=True)
        if files.working.exists():
            # No connection of this process is open yet, so that closing this handle drops no lock of DuckDB's.
            files.working.open("r+b").close()
    except OSError as error:
        why = error.strerror
        raise WarehouseError(f"{files.folder} cannot be written ({why}). Check its owner and mode.") from None


def _set_aside(files: WarehouseFiles) -> Path:
    number = 1
    while (aside := files.folder / f"broken-{number}.duckdb").exists():
        number += 1
    log = files.working.with_suffix(".duckdb.wal")
    if log.exists():
        log.replace(aside.with_suffix(".duckdb.wal"))
    files.working.replace(aside)
    return aside
