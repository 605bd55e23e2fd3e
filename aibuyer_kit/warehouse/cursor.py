"""A cursor on a snapshot that tells damage, which DuckDB finds when it reads a block, with its cure."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from aibuyer_kit.core.errors import WarehouseError
from aibuyer_kit.warehouse.connection import is_damage

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Cursor:
    """What the readings need of a DuckDB cursor; each method raises WarehouseError if the snapshot is damaged."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._cursor, self._path = cursor, path

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(column[0] for column in self._cursor.description or ())

    def execute(self, sql: str, parameters: object = None) -> "Cursor":
        with damage_told(self._path):
            self._cursor.execute(sql, parameters)
        return self

    def fetchone(self) -> Any:
        with damage_told(self._path):
            return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        with damage_told(self._path):
            return list(self._cursor.fetchall())

    def table_of(self, sql: str, parameters: dict[str, object]) -> "pa.Table":
        with damage_told(self._path):
            return self._cursor.sql(sql, params=parameters).to_arrow_table()

    def df(self) -> "pd.DataFrame":
        with damage_told(self._path):
            frame: pd.DataFrame = self._cursor.df()
            return frame


@contextlib.contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Raise WarehouseError, with the cure, where DuckDB says that the snapshot at `path` is damaged."""
    try:
        yield
    except duckdb.Error as error:
        if not is_damage(error):
            raise
        raise WarehouseError(
            f"{path}, or a sealed month that it names, is damaged, and nothing is read from it. Run `aibuyer sync`, or"
            " import a file again: either publishes a new one from what is whole. A damaged month is named by `aibuyer"
            " doctor`: put it back from a backup before you sync, which goes on without it and reads its days again."
        ) from None
