"""Giving back the space that sealed rows have left in the working file: DuckDB keeps the blocks of its files."""

import contextlib
from pathlib import Path

import duckdb

from aibuyer_kit.warehouse.connection import WRITER_MEMORY, open_to_combine, quoted
from aibuyer_kit.warehouse.files import WarehouseFiles, flush

_UNFINISHED = "compact.partial"


def compact(files: WarehouseFiles) -> bool:
    """Replace the closed working file by a copy without free blocks; returns whether it was.

    Without room on the disk for the copy everything stays as it is: only space is lost.
    """
    partial = files.folder / _UNFINISHED
    discard(partial)
    try:
        _rewrite(files.working, partial)
        flush(partial)
        partial.replace(files.working)
        flush(files.folder)
    except (OSError, duckdb.Error):
        with contextlib.suppress(OSError):
            discard(partial)
        return False
    return True


def remove_unfinished(files: WarehouseFiles) -> None:
    """Remove the copy of a compaction that was broken off; where it cannot be removed, it costs only space."""
    with contextlib.suppress(OSError):
        discard(files.folder / _UNFINISHED)


def discard(path: Path) -> None:
    """Remove a database file that was not finished, with its log."""
    for each in (path, Path(f"{path}.wal")):
        each.unlink(missing_ok=True)


def _rewrite(source: Path, target: Path) -> None:
    """Copy everything that the closed database `source` holds into a new file."""
    with open_to_combine(source) as connection:
        connection.execute(f"SET memory_limit = '{WRITER_MEMORY}'")
        connection.execute(f"ATTACH {quoted(source)} AS source (READ_ONLY)")
        connection.execute(f"ATTACH {quoted(target)} AS target")
        connection.execute("COPY FROM DATABASE source TO target")
        connection.execute("CHECKPOINT target")
        connection.execute("DETACH target")
        connection.execute("DETACH source")
