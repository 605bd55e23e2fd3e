"""One warehouse out of a snapshot and its sealed months: every table and view under its own name, whole."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import WarehouseError
from aibuyer_kit.warehouse.connection import READER_MEMORY, open_to_combine, quoted, shut
from aibuyer_kit.warehouse.files import WarehouseFiles
from aibuyer_kit.warehouse.schema import derived_sql
from aibuyer_kit.warehouse.sealed import SealedFile, attach, attached_name, fault, sealed_files

_HOT = "hot"


def open_whole(
    files: WarehouseFiles, snapshot: Path, *, memory: str | None = READER_MEMORY
) -> duckdb.DuckDBPyConnection:
    """Open a snapshot with the sealed months that it names: read-only, and without the file system afterwards.

    `memory` is what readings may hold, as DuckDB writes it; None for four fifths of the machine's.
    Raises duckdb.IOException if the snapshot does not open, WarehouseError if a sealed month is damaged or missing.
    """
    connection = open_to_combine(snapshot)
    try:
        connection.execute(f"ATTACH {quoted(snapshot)} AS {_HOT} (READ_ONLY)")
        months = sealed_files(connection, _HOT)
        _attach_months(connection, files.sealed, months)
        _name_all(connection, months)
        if memory:
            connection.execute("SET memory_limit = ?", [memory])
        shut(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _attach_months(connection: duckdb.DuckDBPyConnection, folder: Path, months: Sequence[SealedFile]) -> None:
    for each in months:
        if found := fault(folder, each):
            raise _damaged(folder, each, found)
        try:
            attach(connection, folder, [each])
        except duckdb.Error:
            raise _damaged(folder, each, "does not open") from None


def _damaged(folder: Path, sealed: SealedFile, found: str) -> WarehouseError:
    return WarehouseError(
        f"{folder / sealed.file_name}, which holds the {sealed.title}, {found}. Put it back from a backup, or run"
        " `aibuyer sync`: it goes on without the history of that month and reads its days again."
    )


def _name_all(connection: duckdb.DuckDBPyConnection, months: Sequence[SealedFile]) -> None:
    """Give every table of the snapshot its name over all files, and define its views and macros over these."""
    tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [_HOT]).fetchall()
    for (table,) in tables:
        connection.execute(f"CREATE VIEW {table} AS {_rows(table, months)}")
    applied = connection.execute("SELECT name FROM schema_migration").fetchall()
    for sql in derived_sql(name for (name,) in applied):
        connection.execute(sql)


def insight_versions(months: Sequence[SealedFile], days: DateRange) -> str:
    """Return the query of the versions that touch some days: planning it over years takes longer than reading them.

    The sealed `months` are those of the snapshot; rows of other days may be among the versions.
    """
    touched = [each for each in months if each.month <= days.until and days.since <= each.last_day]
    return f"({_rows('insight_version', touched)})"


def insights_as_of(months: Sequence[SealedFile], days: DateRange) -> str:
    """Return the query of insights known at $as_of_load that touch some days, as the macro of this name does."""
    known = "known_from <= $as_of_load AND known_to > $as_of_load"
    return f"(SELECT * EXCLUDE (known_from, known_to) FROM {insight_versions(months, days)} WHERE {known})"


def _rows(table: str, months: Sequence[SealedFile]) -> str:
    # By name: a month that was sealed before a column came has none of it.
    parts = [_HOT, *(attached_name(each) for each in months if each.table_name == table)]
    return " UNION ALL BY NAME ".join(f"SELECT * FROM {part}.{table}" for part in parts)
