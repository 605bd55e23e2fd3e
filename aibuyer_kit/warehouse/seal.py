"""Sealing months that no longer change, and bringing one back into the hot tables when a load touches it.

A sealed file is written under another name, closed, compared, flushed and renamed before one transaction of the working
file takes its rows out and puts it into the manifest: at every moment each row is in exactly one place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import WarehouseError
from aibuyer_kit.warehouse.compact import discard
from aibuyer_kit.warehouse.connection import quoted, transaction
from aibuyer_kit.warehouse.coverage import Coverage, Extent
from aibuyer_kit.warehouse.digests import digest
from aibuyer_kit.warehouse.files import WarehouseFiles, flush
from aibuyer_kit.warehouse.load import would_change
from aibuyer_kit.warehouse.schema import OPEN, sql_text
from aibuyer_kit.warehouse.sealed import DATED_TABLES, SealedFile, attach, attached_name, detach, sealed_files
from aibuyer_kit.warehouse.shapes import SHAPES

# Small months in small blocks: with DuckDB's own 256 KB each column of a small table costs that much.
_BLOCK_BYTES, _SMALL_BLOCK_BYTES, _SMALL_ROWS = 262_144, 16_384, 50_000
_PARTIAL = "sealing"
# What is asked for together lies together: figures that add up, one level, what holds at the end, one day. Besides, the
# files are half as large as in the order of days.
_ORDERS = {
    "insight_version": "breakdown <> '', level, known_to < {open}, date_stop, known_from, breakdown, entity_id",
    "reach_version": "window_days, level, known_to < {open}, date_stop, known_from, entity_id",
}


@dataclass(frozen=True)
class Month:
    """The versions of one account and month in one table."""

    table_name: str
    platform: str
    account_id: str
    first_day: date

    @property
    def days(self) -> DateRange:
        following = (self.first_day + timedelta(days=31)).replace(day=1)
        return DateRange(self.first_day, following - timedelta(days=1))

    @property
    def rows(self) -> str:
        """The condition of its rows: those that begin and end in the month."""
        first, last = DATED_TABLES[self.table_name]
        return f"platform = $platform AND account_id = $account_id AND {first} >= $since AND {last} <= $until"

    @property
    def parameters(self) -> dict[str, object]:
        return {
            "platform": self.platform,
            "account_id": self.account_id,
            "since": self.days.since,
            "until": self.days.until,
        }


def settled_months(
    connection: duckdb.DuckDBPyConnection,
    platform: str,
    account_id: str,
    *,
    before: date,
    thinned_before: date,
) -> tuple[Month, ...]:
    """Return the hot months of an account that ended before the day `before` and have been thinned whole.

    Versions of days from `thinned_before` on may still be thinned. The table `load_day` tells the day of each load.
    """
    found = []
    for table, (first, last) in DATED_TABLES.items():
        rows = connection.execute(
            sql_text("settled").replace("{table}", table).replace("{first}", first).replace("{last}", last),
            {
                "platform": platform,
                "account_id": account_id,
                "before": before,
                "thinned_before": thinned_before,
            },
        ).fetchall()
        found += [Month(table, platform, account_id, first_day) for (first_day,) in rows]
    return tuple(found)


def seal_month(connection: duckdb.DuckDBPyConnection, files: WarehouseFiles, month: Month) -> SealedFile:
    """Move a month out of the hot tables into a file of its own, and return it.

    Raises WarehouseError if the file cannot be written, or is not what was written; the month stays hot then.
    """
    try:
        files.sealed.mkdir(exist_ok=True)
        flush(files.folder)
        path = _new_path(connection, files, month)
        partial = path.with_suffix(".partial")
        discard(partial)
        row_count = _write(connection, partial, month)
        flush(partial)
        partial.chmod(0o444)
        partial.replace(path)
        flush(files.sealed)
        sealed = SealedFile(
            path.name,
            month.table_name,
            month.platform,
            month.account_id,
            month.first_day,
            row_count,
            path.stat().st_size,
            digest(path),
        )
    except OSError as error:
        raise WarehouseError(f"{files.sealed} cannot be written ({error.strerror}). Nothing was sealed.") from None
    with transaction(connection):
        _enter(connection, sealed)
        deleted = connection.execute(f"DELETE FROM {month.table_name} WHERE {month.rows}", month.parameters).fetchone()
        if deleted != (row_count,):
            raise WarehouseError(f"{deleted} rows would leave for {row_count} in {path}. Nothing was sealed.")
    return sealed


def touched(connection: duckdb.DuckDBPyConnection, coverage: Coverage) -> tuple[SealedFile, ...]:
    """Return the sealed files with days that a load of `coverage` may change."""
    table, days = SHAPES[coverage.facts].table, coverage.days
    if table not in DATED_TABLES or days is None:
        return ()
    return tuple(
        each
        for each in sealed_files(connection)
        if each.table_name == table
        and (each.platform, each.account_id) == (coverage.platform, coverage.account_id)
        and days.since.replace(day=1) <= each.month <= days.until
    )


def stays_sealed(
    connection: duckdb.DuckDBPyConnection, sealed: SealedFile, coverage: Coverage, extent: Extent, *, spare: bool
) -> bool:
    """Tell whether loading the staged rows would change nothing of a sealed month, whose file is attached.

    With `spare`, rows that could not be read are staged as well, and what they may be about stays as it is.
    """
    first, last = DATED_TABLES[sealed.table_name]
    days = Month(sealed.table_name, sealed.platform, sealed.account_id, sealed.month).days
    about = f"{last} >= DATE '{days.since}' AND {first} <= DATE '{days.until}'"
    return not would_change(connection, coverage, extent, rows_of(sealed), about, spare=spare)


def rows_of(sealed: SealedFile) -> str:
    """Return an attached sealed file as a relation with all columns of its table, also those that came after it."""
    table = sealed.table_name
    return f"(SELECT * FROM {table} WHERE false UNION ALL BY NAME SELECT * FROM {attached_name(sealed)}.{table})"


def unseal(connection: duckdb.DuckDBPyConnection, folder: Path, sealed: SealedFile) -> None:
    """Bring a sealed month, whose file is good, back into the hot tables; the file stays for snapshots that name it."""
    attach(connection, folder, [sealed])
    try:
        with transaction(connection):
            connection.execute(
                f"INSERT INTO {sealed.table_name} BY NAME FROM {attached_name(sealed)}.{sealed.table_name}"
            )
            strike(connection, sealed)
    finally:
        detach(connection, sealed)


def strike(connection: duckdb.DuckDBPyConnection, sealed: SealedFile) -> None:
    """Take a file out of the manifest."""
    connection.execute("DELETE FROM sealed_file WHERE file_name = ?", [sealed.file_name])


def _new_path(connection: duckdb.DuckDBPyConnection, files: WarehouseFiles, month: Month) -> Path:
    """Return a name that no file has, and none has had that a snapshot could still name."""
    told = connection.execute(
        "SELECT file_name FROM sealed_file UNION ALL SELECT file_name FROM sealed_loss"
    ).fetchall()
    names = [path.name for path in files.sealed.iterdir()] + [name for (name,) in told]
    numbers = [int(text) for name in names if (text := name.partition(".")[0].rpartition("-")[2]).isdigit()]
    return files.sealed / f"{month.table_name}-{month.first_day:%Y-%m}-{max(numbers, default=0) + 1}.duckdb"


def _write(connection: duckdb.DuckDBPyConnection, path: Path, month: Month) -> int:
    """Write the month's rows into a new file, compare them, and return how many there are."""
    table = month.table_name
    hot = _sum_of(connection, f"{table} WHERE {month.rows}", month.parameters)
    block = _SMALL_BLOCK_BYTES if hot[0] < _SMALL_ROWS else _BLOCK_BYTES
    connection.execute(f"ATTACH {quoted(path)} AS {_PARTIAL} (BLOCK_SIZE {block})")
    try:
        order = _ORDERS[table].format(open=OPEN)
        connection.execute(
            f"CREATE TABLE {_PARTIAL}.{table} AS FROM {table} WHERE {month.rows} ORDER BY {order}", month.parameters
        )
        connection.execute(f"CHECKPOINT {_PARTIAL}")
    finally:
        connection.execute(f"DETACH {_PARTIAL}")
    connection.execute(f"ATTACH {quoted(path)} AS {_PARTIAL} (READ_ONLY)")
    try:
        written = _sum_of(connection, f"{_PARTIAL}.{table}", {})
    finally:
        connection.execute(f"DETACH {_PARTIAL}")
    if written != hot or Path(f"{path}.wal").exists():
        raise WarehouseError(f"{path} does not hold what was written to it. Check the disk; nothing was sealed.")
    return hot[0]


def _sum_of(connection: duckdb.DuckDBPyConnection, rows: str, parameters: Mapping[str, object]) -> tuple[int, int]:
    """Return how many rows there are and one number over all of their content, whatever their order."""
    found = connection.execute(
        f"SELECT count(*), sum(hash(each))::HUGEINT FROM (FROM {rows}) AS each", parameters
    ).fetchone()
    return (int(found[0]), int(found[1] or 0)) if found else (0, 0)


def _enter(connection: duckdb.DuckDBPyConnection, sealed: SealedFile) -> None:
    connection.execute(
        "INSERT INTO sealed_file SELECT ?, ?, ?, ?, ?, ?, ?, ?, coalesce(max(load_id), 0) FROM load",
        [
            sealed.file_name,
            sealed.table_name,
            sealed.platform,
            sealed.account_id,
            sealed.month,
            sealed.row_count,
            sealed.byte_count,
            sealed.sha256,
        ],
    )
