"""Thinning: of versions that became known and were replaced within one day, only the last of the day is kept."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import TYPE_CHECKING

from aibuyer_kit.warehouse.connection import transaction
from aibuyer_kit.warehouse.schema import sql_text
from aibuyer_kit.warehouse.shapes import SHAPES

if TYPE_CHECKING:
    import duckdb


def thin(
    connection: "duckdb.DuckDBPyConnection",
    platform: str,
    account_id: str,
    *,
    keep_from: date,
    protected_loads: Collection[int] = (),
) -> int:
    """Remove an account's intraday versions of days before `keep_from` and return how many.

    The temporary table `load_day` has the account's day of each load. What a protected load read stays exactly as it
    was, and so does the last load of every day.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE protected AS SELECT unnest(?::BIGINT[]) AS load_id", [[*protected_loads]]
    )
    with transaction(connection):
        asked = {"platform": platform, "account_id": account_id, "keep_from": keep_from}
        return sum(_thin(connection, shape.table, shape.key, asked) for shape in SHAPES.values())


def _thin(
    connection: "duckdb.DuckDBPyConnection", table: str, key: tuple[str, ...], asked: Mapping[str, object]
) -> int:
    connection.execute(sql_text("thin").replace("{table}", table).replace("{key}", ", ".join(key)), asked)
    connection.execute(
        f"UPDATE {table} AS version SET known_to = known_until FROM thinned"
        " WHERE thinned.id = version.rowid AND known_until IS NOT NULL"
    )
    (removed,) = connection.execute(
        f"DELETE FROM {table} WHERE rowid IN (SELECT id FROM thinned WHERE known_until IS NULL)"
    ).fetchone() or (0,)
    connection.execute("DROP TABLE thinned")
    return int(removed)
