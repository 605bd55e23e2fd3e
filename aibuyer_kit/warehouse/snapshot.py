"""The newest published snapshot, kept open between readings until the pointer names another one."""

import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from aibuyer_kit.core.errors import WarehouseError
from aibuyer_kit.warehouse.cursor import Cursor, damage_told
from aibuyer_kit.warehouse.files import WarehouseFiles
from aibuyer_kit.warehouse.sealed import SealedFile, sealed_files
from aibuyer_kit.warehouse.whole import open_whole

_TRIES_AT_THE_POINTER = 5


class NewestSnapshot:
    """Gives cursors on the newest snapshot; threads may share it."""

    def __init__(self, files: WarehouseFiles) -> None:
        self._files = files
        self._opened: _Opened | None = None
        self._mutex = threading.Lock()

    def cursor(self) -> Cursor:
        """Return a cursor on what the pointer names now. Raises WarehouseError, NotFoundError if there is nothing."""
        with self._mutex:
            if self._opened is None or self._opened.path != self._files.current():
                newest = _open_newest(self._files)
                if self._opened:
                    self._opened.connection.close()
                self._opened = newest
            path, months, last = self._opened.path, self._opened.months, self._opened.last_load
            roomier = partial(self._open_roomier, path)
            return Cursor(self._opened.connection.cursor(), path, months, last_load=last, roomier=roomier)

    def close(self) -> None:
        """Let go of the snapshot; the next cursor opens the newest one again."""
        with self._mutex:
            if self._opened:
                self._opened.connection.close()
                self._opened = None

    def _open_roomier(self, path: Path) -> duckdb.DuckDBPyConnection:
        """Open the snapshot once more, for one reading that needs much memory."""
        try:
            return open_whole(self._files, path, memory=None)
        except duckdb.IOException:
            raise WarehouseError(f"{path} was replaced while much was read from it. Ask again.") from None


@dataclass(frozen=True)
class _Opened:
    """A snapshot that is open, the sealed months that it names, and its last load."""

    path: Path
    connection: duckdb.DuckDBPyConnection
    months: tuple[SealedFile, ...]
    last_load: int


def _open_newest(files: WarehouseFiles) -> _Opened:
    current = files.current()
    for _ in range(_TRIES_AT_THE_POINTER):
        try:
            with damage_told(current):
                connection = open_whole(files, current)
                row = connection.execute("SELECT coalesce(max(load_id), 0) FROM load").fetchone()
                return _Opened(current, connection, sealed_files(connection), int(row[0]) if row else 0)
        except WarehouseError:
            # A sealed file that the newest snapshot does not name is removed, and this may not be the newest any more.
            if files.current() == current:
                raise
            current = files.current()
        except duckdb.IOException:
            if current.exists():
                raise WarehouseError(
                    f"{current} cannot be opened. Run `aibuyer sync`: it publishes a new one."
                ) from None
            current = files.current()  # Publications went on between reading the pointer and opening the file.
    raise WarehouseError(f"{current}, which the pointer names, is missing. Run `aibuyer sync`: it publishes a new one.")
