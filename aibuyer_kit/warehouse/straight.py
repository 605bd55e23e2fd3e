"""Where nothing is known yet of what is read, its pages go straight into the table of versions: written only once.

All of it is one transaction, which begins with the read. Where the read breaks off or is not plain, what came moves to
the stage, and the load goes the usual way.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import duckdb

from aibuyer_kit.warehouse.connection import alone
from aibuyer_kit.warehouse.coverage import Coverage, Extent, within
from aibuyer_kit.warehouse.load import (
    LoadResult,
    checked_pages,
    empty_stage,
    key_that_came_twice,
    next_load_id,
    record,
    refuse_overlaps,
    refuse_strays,
    stage,
)
from aibuyer_kit.warehouse.quarantine import has_open_rows
from aibuyer_kit.warehouse.schema import OPEN
from aibuyer_kit.warehouse.seal import touched
from aibuyer_kit.warehouse.shapes import SHAPES, schema_of

if TYPE_CHECKING:
    import pyarrow as pa


class _Waiting:
    """The page that is taken next; registered once, for a transaction keeps all that was ever registered in it.

    DuckDB calls Arrow's own method: in a function of ours an interrupt would become an error of the database.
    """

    __arrow_c_stream__: "Callable[..., object]"

    def put(self, page: "pa.Table") -> None:
        self.__arrow_c_stream__ = page.__arrow_c_stream__


class Arrival:
    """Where the pages of one read go; use it through `receiving`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, coverage: Coverage, *, straight: bool) -> None:
        self._connection, self._coverage, self._shape = connection, coverage, SHAPES[coverage.facts]
        self._straight = straight
        self._load_id = next_load_id(connection)
        self._rows = 0

    def take(self, tables: "Iterable[pa.Table]") -> None:
        """Collect the pages. Memory stays flat with their number.

        Raises whatever the read raises; the pages before it stay.
        """
        with alone(self._connection):
            if self._straight:
                self._take_straight(tables)
            else:
                stage(self._connection, self._coverage, tables)

    def _take_straight(self, tables: "Iterable[pa.Table]") -> None:
        columns, nothing = self._shape.columns, schema_of(self._coverage.facts).empty_table()
        waiting = _Waiting()
        waiting.put(nothing)
        self._connection.register("page", waiting)
        for page in checked_pages(self._coverage, tables):
            waiting.put(page)
            self._connection.execute(
                f"INSERT INTO {self._shape.table} ({columns}, known_from, known_to) SELECT {columns}, ?, ? FROM page",
                [self._load_id, OPEN],
            )
            self._rows += len(page)
        waiting.put(nothing)

    def is_plain(self) -> bool:
        """Tell whether what came lies in the table of versions as it is to stay: no key came twice.

        Raises InconsistentReadError if a row lies outside what was asked for.
        """
        if not self._straight:
            return False
        refuse_strays(self._connection, self._coverage, self._came)
        return key_that_came_twice(self._connection, self._shape, self._came) is None

    def keep(self, extent: Extent, known_at: datetime, undoes: int | None) -> LoadResult:
        """Make a load of what came, which is plain, and return what it changed."""
        result = LoadResult(self._load_id, self._coverage, extent, self._rows, 0, 0, 0, repeated=0)
        if self._coverage.facts == "insights":
            refuse_overlaps(self._connection, self._load_id)
        record(self._connection, result, known_at, undoes)
        self._connection.execute("COMMIT")
        self._straight = False
        return result

    def to_stage(self) -> None:
        """Have what came in the stage, and none of it among the versions."""
        if self._straight:
            self._connection.execute(f"INSERT INTO stage SELECT {self._shape.columns} FROM {self._came}")
            self._connection.execute(f"DELETE FROM {self._shape.table} WHERE known_from = ?", [self._load_id])
            self._connection.execute("COMMIT")
            self._straight = False

    @property
    def _came(self) -> str:
        return f"(FROM {self._shape.table} WHERE known_from = {self._load_id})"


@contextlib.contextmanager
def receiving(connection: duckdb.DuckDBPyConnection, coverage: Coverage) -> Iterator[Arrival]:
    """Yield what takes the pages of a read, with the stage empty; what was neither kept nor staged is undone."""
    straight = _is_new(connection, coverage)
    arrival = Arrival(connection, coverage, straight=straight)
    # An interrupt may have left the rows of an earlier read in it, none of which is to be kept as this one's.
    empty_stage(connection, coverage)
    try:
        if straight:
            connection.execute("BEGIN")
        yield arrival
    finally:
        if straight:
            # Mostly the transaction has ended.
            with contextlib.suppress(duckdb.Error):
                connection.execute("ROLLBACK")


def _is_new(connection: duckdb.DuckDBPyConnection, coverage: Coverage) -> bool:
    """Tell whether nothing is known of the coverage: no open version, no sealed month, nothing in the quarantine."""
    if has_open_rows(connection) or touched(connection, coverage):
        return False
    condition, parameters = within(coverage)
    known = f"SELECT 1 FROM {SHAPES[coverage.facts].table} WHERE known_to = {OPEN} AND {condition} LIMIT 1"
    return connection.execute(known, parameters).fetchone() is None
