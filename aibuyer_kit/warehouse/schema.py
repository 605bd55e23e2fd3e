"""The warehouse's schema: numbered migrations, each applied once, in one transaction; of a new file all in the same."""

import re
from collections.abc import Iterable
from importlib.resources import files
from typing import TYPE_CHECKING

from aibuyer_kit.core.errors import WarehouseError
from aibuyer_kit.warehouse.connection import transaction

if TYPE_CHECKING:
    import duckdb

# The `known_to` of a version that still holds.
OPEN = 9223372036854775807

# Views and macros, up to the semicolon that ends a line.
_DERIVED = re.compile(r"^CREATE (?:OR REPLACE )?(?:VIEW|MACRO) .*?;$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"--[^\n]*")
# A table or view that is made, and a column that is added: where a sealed month has none, it is null.
_LEAVES_ROWS = re.compile(r"CREATE |ALTER TABLE \w+ ADD COLUMN \w+ [A-Z]+(?:\[\])?$")
_SQL = files("aibuyer_kit.warehouse") / "sql"
# The extents of loads that read all of their coverage; of a doubtful one some rows are in the quarantine.
WHOLE_READS = ("complete", "doubtful")


def sql_text(name: str) -> str:
    """Return the text of one file below `sql/`, such as `read/insights`, with the mark {whole_reads} filled."""
    text = (_SQL / f"{name}.sql").read_text(encoding="utf-8")
    return text.replace("{whole_reads}", str(WHOLE_READS))


def migrations() -> tuple[str, ...]:
    """Return the names of all migrations in the order in which they apply."""
    folder = _SQL / "migrations"
    return tuple(sorted(each.name.removesuffix(".sql") for each in folder.iterdir() if each.name.endswith(".sql")))


def migrate(connection: "duckdb.DuckDBPyConnection") -> tuple[str, ...]:
    """Bring the schema up to date and return the names of the migrations that were applied.

    Raises WarehouseError if the file was written by a newer version of the package.
    """
    missing = missing_migrations(connection)
    for together in [missing] if missing == migrations() else [(name,) for name in missing]:
        _apply(connection, together)
    return missing


def missing_migrations(connection: "duckdb.DuckDBPyConnection") -> tuple[str, ...]:
    """Return the names of the migrations that are still to be applied, in their order.

    Raises WarehouseError if the file was written by a newer version of the package.
    """
    connection.execute("CREATE TABLE IF NOT EXISTS schema_migration (name VARCHAR NOT NULL)")
    applied = {name for (name,) in connection.execute("SELECT name FROM schema_migration").fetchall()}
    known = migrations()
    newer = sorted(applied.difference(known))
    if newer:
        raise WarehouseError(
            f"The warehouse was written by a newer version (it has {', '.join(newer)}). Upgrade aibuyer-kit."
        )
    return tuple(name for name in known if name not in applied)


def changes_rows(name: str, tables: Iterable[str]) -> bool:
    """Tell whether a migration may change what is stored in one of the tables; whatever is not plainly harmless may."""
    about = re.compile(rf"\b(?:{'|'.join(tables)})\b")
    statements = (each.strip() for each in _COMMENT.sub("", sql_text(f"migrations/{name}")).split(";"))
    return any(about.search(each) and not _LEAVES_ROWS.match(each) for each in statements)


def derived_sql(applied: Iterable[str]) -> tuple[str, ...]:
    """Return the statements that define the views and macros of the migrations named, in their order.

    DuckDB could tell them too, but it lists all of its three thousand functions for that, which takes 10 ms.
    """
    known = set(applied)
    texts = (sql_text(f"migrations/{name}") for name in migrations() if name in known)
    return tuple(statement for text in texts for statement in _DERIVED.findall(text))


def _apply(connection: "duckdb.DuckDBPyConnection", together: Iterable[str]) -> None:
    with transaction(connection):
        for name in together:
            connection.execute(sql_text(f"migrations/{name}"))
            connection.execute("INSERT INTO schema_migration VALUES (?)", [name])
