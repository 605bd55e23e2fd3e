"""A cursor on a snapshot that tells damage, which DuckDB finds when it reads a block, with its cure."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from aibuyer_kit.core.errors import WarehouseError
from aibuyer_kit.warehouse.connection import is_damage
from aibuyer_kit.warehouse.files import WarehouseFiles
from aibuyer_kit.warehouse.sealed import SealedFile

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Cursor:
    """What the readings need of a DuckDB cursor.

    What does not fit a reader's memory is read once more on what `roomier` opens: readers cannot go to the disk. Each
    method raises WarehouseError if the snapshot is damaged, or if that does not hold the reading either.
    """

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        path: Path,
        months: tuple[SealedFile, ...] = (),
        *,
        last_load: int = 0,
        roomier: Callable[[], duckdb.DuckDBPyConnection] | None = None,
    ) -> None:
        self._cursor, self._path, self._roomier = cursor, path, roomier
        self._asked: tuple[str, object] = ("", None)
        # What lies beside the snapshot, so that a reading can leave out what it does not need.
        self.months = months
        self.last_load = last_load

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(column[0] for column in self._cursor.description or ())

    def execute(self, sql: str, parameters: object = None) -> "Cursor":
        self._asked = (sql, parameters)
        with damage_told(self._path):
            self._with_room(lambda: self._cursor.execute(sql, parameters))
        return self

    def fetchone(self) -> Any:
        return self._fetched(lambda: self._cursor.fetchone())

    def fetchall(self) -> list[Any]:
        return list(self._fetched(lambda: self._cursor.fetchall()))

    def table_of(self, sql: str, parameters: dict[str, object]) -> "pa.Table":
        with damage_told(self._path):
            return self._with_room(lambda: self._cursor.sql(sql, params=parameters).to_arrow_table())

    def df(self) -> "pd.DataFrame":
        frame: pd.DataFrame = self._fetched(lambda: self._cursor.df())
        return frame

    def _fetched(self, fetch: Callable[[], Any]) -> Any:
        with damage_told(self._path):
            return self._with_room(fetch, before=lambda: self._cursor.execute(*self._asked))

    def _with_room(self, read: Callable[[], Any], before: Callable[[], object] = lambda: None) -> Any:
        """Read, and if the memory does not hold it, once more on the roomier connection, which is prepared `before`."""
        try:
            return read()
        except duckdb.OutOfMemoryException:
            if self._roomier is None:
                raise _too_large() from None
        self._cursor, self._roomier = self._roomier(), None
        try:
            before()
            return read()
        except duckdb.OutOfMemoryException:
            raise _too_large() from None


def _too_large() -> WarehouseError:
    return WarehouseError(
        "This reading does not fit the memory of this machine. Ask for fewer days, for a higher level (campaigns"
        " instead of ads), or without a breakdown; what needs them all can be read part by part."
    )


@contextlib.contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Raise WarehouseError, with the cure, where DuckDB says that the snapshot at `path` is damaged."""
    try:
        yield
    except duckdb.Error as error:
        if not is_damage(error):
            raise
        WarehouseFiles(path.parent).note_damage()
        raise WarehouseError(
            f"{path}, or a sealed month that it names, is damaged, and nothing is read from it. Run `aibuyer sync`, or"
            " import a file again: either publishes a new one from what is whole. A damaged month is named by `aibuyer"
            " doctor`: put it back from a backup before you sync, which goes on without it and reads its days again."
        ) from None
