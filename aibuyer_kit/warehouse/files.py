"""The files of one client's warehouse: the writer's working file, published snapshots, the pointer to the newest, and
sealed months, which working file and snapshots name in their manifest.

Readers never open the working file: while one process holds a DuckDB file for writing no other can open it at all.
Snapshots have new names each time, because a second open of a replaced file in one process returns the old database.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from aibuyer_kit.core.errors import NotFoundError, WarehouseError

# The newest snapshot, and the one before it for a reader that has just read the pointer.
SNAPSHOTS_KEPT = 2


@dataclass(frozen=True)
class WarehouseFiles:
    """Where the parts of a warehouse lie below its folder."""

    folder: Path

    @property
    def working(self) -> Path:
        return self.folder / "working.duckdb"

    @property
    def lock(self) -> Path:
        return self.folder / "writer.lock"

    @property
    def pointer(self) -> Path:
        return self.folder / "current"

    @property
    def sealed(self) -> Path:
        return self.folder / "sealed"

    def snapshot(self, number: int) -> Path:
        return self.folder / f"snapshot-{number}.duckdb"

    def snapshots(self) -> list[tuple[int, Path]]:
        """Return all snapshots there are, the newest first."""
        found = []
        for path in self.folder.glob("snapshot-*.duckdb"):
            number = path.stem.removeprefix("snapshot-")
            if number.isdigit():
                found.append((int(number), path))
        return sorted(found, reverse=True)

    def current(self) -> Path:
        """Return the newest published snapshot. Raises NotFoundError if nothing has been published."""
        try:
            name = self.pointer.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            raise NotFoundError(
                f"There is no data yet in {self.folder}. Run `aibuyer sync` or `aibuyer import` for this client."
            ) from None
        return self.folder / name


def publish_copy(files: WarehouseFiles) -> Path:
    """Copy the closed working file to a new snapshot, point to it, and return its path.

    The caller has closed every connection to the working file: copying an open one inside the writer's process drops
    the lock that DuckDB holds on it. Each step is durable before the next, so that the pointer never leads to half a
    file. Raises WarehouseError if the working file still has a write-ahead log.
    """
    if files.working.with_suffix(".duckdb.wal").exists():
        raise WarehouseError(
            f"{files.working} was not closed cleanly; open it for writing once more and publish again."
        )
    newest = files.snapshots()
    target = files.snapshot(newest[0][0] + 1 if newest else 1)
    partial = target.with_suffix(".partial")
    try:
        shutil.copyfile(files.working, partial)
        flush(partial)
        partial.replace(target)
        flush(files.folder)
        _point_to(files, target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise WarehouseError(
            f"The snapshot {target} could not be published ({error.strerror}). Readers keep the one before it."
        ) from None
    _remove_old(files)
    return target


def _point_to(files: WarehouseFiles, snapshot: Path) -> None:
    partial = files.pointer.with_suffix(".partial")
    partial.write_text(snapshot.name + "\n", encoding="utf-8")
    flush(partial)
    partial.replace(files.pointer)
    flush(files.folder)


def _remove_old(files: WarehouseFiles) -> None:
    for _, path in files.snapshots()[SNAPSHOTS_KEPT:]:
        try:
            path.unlink()
        except PermissionError:
            continue  # Windows refuses while a reader has it open; the next publication tries again.


def flush(path: Path) -> None:
    """Make a file's content, or a folder's names, survive a power cut."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot flush a folder.
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
