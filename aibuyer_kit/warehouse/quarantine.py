"""The quarantine: rows that could not be read, from the load that met them to the one that resolved them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from aibuyer_kit.core.facts import SHARED_KEY
from aibuyer_kit.core.unreadable import UnreadableRow
from aibuyer_kit.warehouse.schema import sql_text

if TYPE_CHECKING:
    import duckdb

# The column of the quarantine in which a part of a key stands, where the names differ.
_TOLD_IN = {"creative_id": "entity_id"}


def stage_unreadable(connection: "duckdb.DuckDBPyConnection", rows: Sequence[UnreadableRow]) -> int:
    """Collect what a read could not take in the temporary table `unreadable`, and return how many rows that is."""
    found = {row.identity: row for row in rows}
    columns = {
        "entity_id": [row.entity_id for row in found.values()],
        "date": [row.days.since if row.days else None for row in found.values()],
        "date_stop": [row.days.until if row.days else None for row in found.values()],
        "breakdown": [row.breakdown for row in found.values()],
        "has_whole_key": [row.has_whole_key for row in found.values()],
        "since": [row.asked.since if row.asked else None for row in found.values()],
        "until": [row.asked.until if row.asked else None for row in found.values()],
        "field": [row.field for row in found.values()],
        "reason": [row.reason for row in found.values()],
        "raw": [row.raw for row in found.values()],
        "identity": list(found),
    }
    names = ", ".join(columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE unreadable AS SELECT {names} FROM quarantine LIMIT 0")
    if found:
        listed = ", ".join(f"unnest(${name})" for name in columns)
        connection.execute(f"INSERT INTO unreadable SELECT {listed}", columns)
    return len(found)


def has_open_rows(connection: "duckdb.DuckDBPyConnection") -> bool:
    """Tell whether any row waits to be resolved."""
    return connection.execute("SELECT 1 FROM quarantine WHERE resolved_by IS NULL LIMIT 1").fetchone() is not None


def may_be_unreadable(key: Sequence[str]) -> str:
    """Return the condition that an unreadable row may be about the key of `stored`."""
    same = (
        f"(unreadable.{_TOLD_IN.get(name, name)} IS NULL OR unreadable.{_TOLD_IN.get(name, name)} = stored.{name})"
        for name in _own_parts(key)
    )
    return f"EXISTS (SELECT 1 FROM unreadable WHERE {' AND '.join(same)})"


def record_unreadable(
    connection: "duckdb.DuckDBPyConnection", key: Sequence[str], scope: dict[str, object], *, is_complete: bool
) -> None:
    """Keep what a load could not read, and resolve what it could, or what a complete read no longer returned.

    `scope` names facts, platform, account_id, level, attribution, since, until and load_id of the load.
    """
    same_key = " AND ".join(f"stage.{name} = quarantine.{_TOLD_IN.get(name, name)}" for name in _own_parts(key))
    for statement in sql_text("quarantine").replace("{same_key}", same_key).split(";\n"):
        asked = {
            name: value for name, value in {**scope, "is_complete": is_complete}.items() if f"${name}" in statement
        }
        if statement.strip():
            connection.execute(statement, asked)


def note_try(connection: "duckdb.DuckDBPyConnection", scope: Mapping[str, object], on: date) -> None:
    """Count a read that was made on the account's day `on` for the sake of the open rows that its days may hold.

    `scope` names facts, platform, account_id, level, attribution, since and until of the read.
    """
    connection.execute(
        "UPDATE quarantine SET tries = tries + 1, tried_on = $on WHERE resolved_by IS NULL AND facts = $facts"
        " AND platform = $platform AND account_id = $account_id AND level = $level AND attribution = $attribution"
        " AND coalesce(date, since) <= $until AND coalesce(date_stop, until) >= $since",
        {**scope, "on": on},
    )


def _own_parts(key: Sequence[str]) -> list[str]:
    return [name for name in key if name not in SHARED_KEY]
