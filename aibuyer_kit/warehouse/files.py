"""The files of one client's warehouse: the writer's working file, published snapshots, the pointer to the newest, and
sealed months, which working file and snapshots name in their manifest.

Readers never open the working file: while one process holds a DuckDB file for writing no other can open it at all.
Snapshots have new names each time, because a second open of a replaced file in one process returns the old database.
"""

import contextlib
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb

from aibuyer_kit.core.errors import NotFoundError, WarehouseError
from aibuyer_kit.warehouse.connection import check_blocks, cure, open_to_read
from aibuyer_kit.warehouse.digests import digest, note_whole

# The newest snapshot, and the one before it for a reader that has just read the pointer.
SNAPSHOTS_KEPT = 2
_SNAPSHOT = re.compile(rb"snapshot-(\d+)\.duckdb\s*")


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

    @property
    def damage_seen(self) -> Path:
        """A note of a reader that met damage: the next writer looks at every byte of the sealed months."""
        return self.folder / "damage.seen"

    def note_damage(self) -> None:
        """Leave the note; where a reader may not write, the nightly look finds what it met."""
        with contextlib.suppress(OSError):
            self.damage_seen.touch()

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
        """Return the newest published snapshot.

        Raises NotFoundError if nothing has been published, WarehouseError if the pointer is damaged.
        """
        try:
            said = self.pointer.read_bytes()
        except FileNotFoundError:
            raise NotFoundError(
                f"There is no data yet in {self.folder}. Run `aibuyer sync` or `aibuyer import` for this client."
            ) from None
        except OSError as error:
            raise WarehouseError(
                f"{self.pointer} cannot be read ({error.strerror}). Check its owner and mode."
            ) from None
        named = _SNAPSHOT.fullmatch(said)
        if not named:
            raise WarehouseError(
                f"{self.pointer} is damaged and names no snapshot. Run `aibuyer sync`, or import a file again: either"
                " writes it anew."
            )
        # One flipped bit makes the name of an older snapshot; any that has its name is whole.
        return self.snapshot(max(int(named[1]), *(number for number, _ in self.snapshots()), 0))


def publish_copy(files: WarehouseFiles) -> Path:
    """Copy the closed working file to a new snapshot, point to it, and return its path.

    The caller has closed every connection to the working file: copying an open one inside the writer's process drops
    the lock that DuckDB holds on it. Each step is durable before the next, so that the pointer never leads to half a
    file. Raises WarehouseError if the working file still has a write-ahead log, or if there is no room for the copy,
    and duckdb.Error if the copy is damaged: the working file is then, too.
    """
    if files.working.with_suffix(".duckdb.wal").exists():
        # DuckDB is silent where it cannot write its log into the tables, be it for the disk or for a damaged block.
        with open_to_read(files.working) as left_open:
            check_blocks(left_open)
        raise WarehouseError(
            f"{files.working} could not be written out whole, as happens on a full disk. What was read is kept in its"
            " log, and readers keep what is published. Free some space, and run the same command again."
        )
    newest = files.snapshots()
    target = files.snapshot(newest[0][0] + 1 if newest else 1)
    partial = target.with_suffix(".partial")
    try:
        shutil.copyfile(files.working, partial)
        known = _made_sure_of(partial)
        partial.replace(target)
        flush(files.folder)
        _point_to(files, target)
        note_whole(known, files.working, target)
    except OSError as error:
        for unfinished in (partial, files.pointer.with_suffix(".partial")):
            _drop(unfinished)
        if not _points_to(files, target):
            _drop(target)
        raise WarehouseError(
            f"The snapshot {target} could not be published ({error.strerror}). Readers keep the one before it, and what"
            f" was read is kept in {files.working}. {cure(error)}"
        ) from None
    except duckdb.Error:
        _drop(partial)
        raise
    _remove_old(files)
    return target


def _made_sure_of(copy: Path) -> str:
    """Flush the copy and read every block of it, both at once, and return its digest; one waits where the other works.

    Raises OSError if it cannot be flushed, duckdb.Error if it is damaged.
    """
    with ThreadPoolExecutor(2) as beside:
        flushed, known = beside.submit(flush, copy), beside.submit(digest, copy)
        if os.name == "nt":
            flushed.result()  # Windows opens no file for DuckDB while it is open for writing.
        with open_to_read(copy) as opened:
            check_blocks(opened)
        flushed.result()
        return known.result()


def _drop(unfinished: Path) -> None:
    with contextlib.suppress(OSError):
        unfinished.unlink()


def _point_to(files: WarehouseFiles, snapshot: Path) -> None:
    partial = files.pointer.with_suffix(".partial")
    partial.write_text(snapshot.name + "\n", encoding="utf-8")
    flush(partial)
    partial.replace(files.pointer)
    flush(files.folder)


def _points_to(files: WarehouseFiles, snapshot: Path) -> bool:
    with contextlib.suppress(OSError):
        return files.pointer.read_bytes().strip() == snapshot.name.encode()
    return False


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
