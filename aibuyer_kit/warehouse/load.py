"""Turning what a read returned into versions: new, restated, closed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InconsistentReadError
from aibuyer_kit.core.unreadable import UnreadableRow
from aibuyer_kit.warehouse.connection import transaction
from aibuyer_kit.warehouse.coverage import WHOLE, Coverage, Extent, scope_of, within
from aibuyer_kit.warehouse.quarantine import has_open_rows, may_be_unreadable, record_unreadable, stage_unreadable
from aibuyer_kit.warehouse.schema import OPEN, sql_text
from aibuyer_kit.warehouse.shapes import SHAPES, Shape, schema_of

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(frozen=True)
class LoadResult:
    """What one load changed, in rows; `repeated` rows were returned more than once, each time the same.

    `rejected` rows could not be read and are in the quarantine; a complete read is `doubtful` then: whole for all other
    keys, but none of its days is settled by it that a bad row may be about.
    """

    load_id: int
    coverage: Coverage
    extent: Extent
    inserted: int
    restated: int
    closed: int
    unchanged: int
    repeated: int
    rejected: int = 0


def empty_stage(connection: "duckdb.DuckDBPyConnection", coverage: Coverage) -> None:
    """Have a temporary table for the rows of one read, with nothing in it."""
    shape = SHAPES[coverage.facts]
    connection.execute(f"CREATE OR REPLACE TEMP TABLE stage AS SELECT {shape.columns} FROM {shape.table} LIMIT 0")


def stage(connection: "duckdb.DuckDBPyConnection", coverage: Coverage, tables: "Iterable[pa.Table]") -> None:
    """Collect the pages of a read in the empty stage. Memory stays flat with the number of pages.

    Raises whatever the read raises; the pages before it stay staged.
    """
    shape = SHAPES[coverage.facts]
    for page in checked_pages(coverage, tables):
        connection.register("page", page)
        connection.execute(f"INSERT INTO stage SELECT {shape.columns} FROM page")
        connection.unregister("page")


def next_load_id(connection: "duckdb.DuckDBPyConnection") -> int:
    """Return the number of the next load."""
    return _count(connection, "SELECT coalesce(max(load_id), 0) + 1 FROM load")


def staged_rows(connection: "duckdb.DuckDBPyConnection") -> int:
    """Return how many rows are staged."""
    return _count(connection, "SELECT count(*) FROM stage")


def set_aside_after(connection: "duckdb.DuckDBPyConnection", day: date) -> None:
    """Take the staged rows of later days than `day` aside, until `take_back`."""
    connection.execute("CREATE OR REPLACE TEMP TABLE stage_aside AS SELECT * FROM stage WHERE date_stop > ?", [day])
    connection.execute("DELETE FROM stage WHERE date_stop > ?", [day])


def take_back(connection: "duckdb.DuckDBPyConnection") -> None:
    """Stage again what was set aside."""
    connection.execute("CREATE OR REPLACE TEMP TABLE stage AS SELECT * FROM stage_aside")
    connection.execute("DROP TABLE stage_aside")


def checked_pages(coverage: Coverage, tables: "Iterable[pa.Table]") -> "Iterator[pa.Table]":
    """Yield the pages. Raises InconsistentReadError for one with other columns than the coverage's facts have."""
    schema = schema_of(coverage.facts)
    for page in tables:
        if not page.schema.equals(schema):
            raise InconsistentReadError(
                f"A page of {coverage.platform} has the columns {page.schema.names}, not {schema.names}."
            )
        yield page


def load_staged(
    connection: "duckdb.DuckDBPyConnection",
    coverage: Coverage,
    *,
    extent: Extent,
    known_at: datetime,
    rejected: Sequence[UnreadableRow] = (),
    spares: bool = True,
    undoes: int | None = None,
    beside: str = "",
) -> LoadResult:
    """Merge the staged rows in one transaction and return what changed.

    `beside` is a relation with further stored rows, which are compared and of which the load changes nothing.
    A key in the coverage that a complete read, or a file that replaces it, did not return is closed, unless a row that
    could not be read may be about it (and `spares` it); any other read closes nothing.
    `undoes` is the load of an imported file that this one takes back.
    Raises InconsistentReadError, changing nothing, if one key was returned with two different contents.
    """
    shape = SHAPES[coverage.facts]
    with transaction(connection):
        concerned = bool(rejected) or has_open_rows(connection)
        set_aside = stage_unreadable(connection, rejected) if concerned else 0
        merged = _merge(connection, shape, coverage, extent, spare=spares and set_aside > 0, beside=beside)
        result = replace(merged, rejected=set_aside)
        if set_aside and extent == "complete":
            result = replace(result, extent="doubtful")
        record(connection, result, known_at, undoes)
        if concerned:
            about = {"load_id": result.load_id, **scope_of(coverage)}
            record_unreadable(connection, shape.key, about, is_complete=extent in WHOLE)
        connection.execute("DROP TABLE stage")
    return result


def _merge(
    connection: "duckdb.DuckDBPyConnection",
    shape: Shape,
    coverage: Coverage,
    extent: Extent,
    *,
    spare: bool,
    beside: str,
) -> LoadResult:
    """Merge what is staged; `spare` leaves keys open that a row which could not be read may be about."""
    load_id = next_load_id(connection)
    returned = staged_rows(connection)
    refuse_strays(connection, coverage)
    distinct = _keep_distinct(connection, shape)
    inserted, restated = _find_changes(connection, shape, coverage, beside)
    _close(connection, shape, "rowid IN (SELECT replaced FROM changed WHERE replaced IS NOT NULL)", {}, load_id)
    unchanged, closed = distinct - inserted - restated, 0
    if extent in WHOLE:
        # What was restated is closed by now, so that as many open versions as unchanged rows means that none is absent.
        returned_of_table = None if beside else unchanged
        closed = _close_absent(connection, shape, coverage, load_id, returned=returned_of_table, spare=spare)
    connection.execute(
        f"INSERT INTO {shape.table} ({shape.columns}, known_from, known_to)"
        f" SELECT {shape.columns}, ?, ? FROM stage WHERE rowid IN (SELECT staged FROM changed)",
        [load_id, OPEN],
    )
    connection.execute("DROP TABLE changed")
    if coverage.facts == "insights":
        refuse_overlaps(connection, load_id)
    return LoadResult(load_id, coverage, extent, inserted, restated, closed, unchanged, repeated=returned - distinct)


def _keep_distinct(connection: "duckdb.DuckDBPyConnection", shape: Shape) -> int:
    """Drop rows that repeat another one exactly and return how many are left."""
    # Comparing whole rows takes as long as staging them, and hardly ever is there a key that came twice.
    if key_that_came_twice(connection, shape):
        connection.execute("CREATE OR REPLACE TEMP TABLE stage AS SELECT DISTINCT * FROM stage")
        if clash := key_that_came_twice(connection, shape):
            where = ", ".join(f"{name}={value}" for name, value in zip(shape.key, clash, strict=True) if value != "")
            raise InconsistentReadError(
                f"One read returned two different rows for the same key ({where}). Nothing was loaded; read again."
            )
    return _count(connection, "SELECT count(*) FROM stage")


def key_that_came_twice(
    connection: "duckdb.DuckDBPyConnection", shape: Shape, came: str = "stage"
) -> tuple[object, ...] | None:
    """Return the first key that more than one of the rows has which came, or None."""
    own = ", ".join(shape.own_key)
    found: tuple[object, ...] | None = connection.execute(
        f"SELECT {', '.join(shape.key)} FROM {came}"
        f" SEMI JOIN (SELECT {own} FROM {came} GROUP BY {own} HAVING count(*) > 1) USING ({own})"
        " ORDER BY ALL LIMIT 1"
    ).fetchone()
    return found


def refuse_strays(connection: "duckdb.DuckDBPyConnection", coverage: Coverage, came: str = "stage") -> None:
    """Raise InconsistentReadError if a row that came lies outside what was asked for: closing could not be trusted."""
    condition, parameters = within(coverage)
    stray = connection.execute(
        f"SELECT {', '.join(SHAPES[coverage.facts].key)} FROM {came} WHERE NOT ({condition}) ORDER BY ALL LIMIT 1",
        parameters,
    ).fetchone()
    if stray:
        raise InconsistentReadError(
            f"The read of {coverage.title} returned a row outside of it: {stray}. Nothing was loaded."
        )


def refuse_overlaps(connection: "duckdb.DuckDBPyConnection", load_id: int) -> None:
    """Raise InconsistentReadError if what was loaded covers days that other rows of the same thing cover differently.

    A total of a month beside a day of it, or two totals that overlap, would count the shared days twice.
    """
    # Platforms report days; looking for totals of periods costs a scan, comparing with them a join of all rows.
    if not _count(connection, "SELECT 1 FROM insight_version WHERE known_to = ? AND date_stop > date LIMIT 1", [OPEN]):
        return
    clash = connection.execute(sql_text("overlaps"), {"load_id": load_id, "open": OPEN}).fetchone()
    if clash:
        entity_id, since, until, other_id, other_since, other_until = clash
        raise InconsistentReadError(
            f"{entity_id} is reported for {DateRange(since, until)}, and {other_id} is known for"
            f" {DateRange(other_since, other_until)}: the days that both cover would count twice. Nothing was loaded."
            " Load one or the other, or let the new one replace its days."
        )


def _find_changes(
    connection: "duckdb.DuckDBPyConnection", shape: Shape, coverage: Coverage, beside: str
) -> tuple[int, int]:
    """Note which staged rows are new or differ from the open version that they replace, and return how many are."""
    condition, parameters = within(coverage)
    is_open = f"known_to = $open AND {condition}"
    stored = f"SELECT rowid AS id, * FROM {shape.table} WHERE {is_open}"
    if beside:
        stored += f" UNION ALL BY NAME SELECT -1 AS id, * FROM {beside} WHERE {is_open}"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE changed AS
        SELECT stage.rowid AS staged, stored.id AS replaced
        FROM stage LEFT JOIN ({stored}) AS stored ON {shape.same_key}
        WHERE stored.id IS NULL OR NOT ({shape.same_values})""",
        {**parameters, "open": OPEN},
    )
    restated = _count(connection, "SELECT count(replaced) FROM changed")
    return _count(connection, "SELECT count(*) FROM changed") - restated, restated


def _close_absent(
    connection: "duckdb.DuckDBPyConnection",
    shape: Shape,
    coverage: Coverage,
    load_id: int,
    *,
    returned: int | None,
    spare: bool,
) -> int:
    """Close the open versions that were not returned; `returned` is how many of them were, None where nobody knows."""
    condition, parameters = within(coverage)
    if returned is not None:
        is_open = f"known_to = {OPEN} AND {condition}"
        if _count(connection, f"SELECT count(*) FROM {shape.table} WHERE {is_open}", parameters) == returned:
            return 0
    return _close(connection, shape, _absent(shape, condition, spare=spare), parameters, load_id)


def _close(
    connection: "duckdb.DuckDBPyConnection",
    shape: Shape,
    condition: str,
    parameters: dict[str, object],
    load_id: int,
) -> int:
    return _count(
        connection,
        f"UPDATE {shape.table} AS stored SET known_to = $load_id WHERE known_to = $open AND {condition}",
        {**parameters, "load_id": load_id, "open": OPEN},
    )


def would_change(
    connection: "duckdb.DuckDBPyConnection",
    coverage: Coverage,
    extent: Extent,
    stored: str,
    about: str,
    *,
    spare: bool,
) -> bool:
    """Tell whether loading the staged rows would change anything of a relation like the stored table.

    It holds all stored rows for which the condition `about` can be true. With `spare`, bad rows are staged, too.
    """
    shape = SHAPES[coverage.facts]
    differs = f"""SELECT 1 FROM stage WHERE ({about}) AND NOT EXISTS (
        SELECT 1 FROM {stored} AS stored WHERE known_to = $open AND {shape.same_key} AND {shape.same_values}
    ) LIMIT 1"""
    if connection.execute(differs, {"open": OPEN}).fetchone():
        return True
    if extent not in WHOLE:
        return False
    condition, parameters = within(coverage)
    absent = _absent(shape, condition, spare=spare)
    gone = f"SELECT 1 FROM {stored} AS stored WHERE known_to = $open AND {absent} LIMIT 1"
    return connection.execute(gone, {**parameters, "open": OPEN}).fetchone() is not None


def _absent(shape: Shape, condition: str, *, spare: bool) -> str:
    """Return the condition that a stored row of the coverage was not returned, and is not spared."""
    absent = f"{condition} AND NOT EXISTS (SELECT 1 FROM stage WHERE {shape.same_key})"
    return f"{absent} AND NOT {may_be_unreadable(shape.key)}" if spare else absent


def record(connection: "duckdb.DuckDBPyConnection", result: LoadResult, known_at: datetime, undoes: int | None) -> None:
    """Write down a load and what it changed."""
    coverage, days = result.coverage, result.coverage.days
    connection.execute(
        "INSERT INTO load VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            result.load_id,
            known_at.astimezone(UTC).replace(tzinfo=None),
            coverage.label,
            coverage.platform,
            coverage.account_id,
            str(coverage.level or ""),
            days.since if days else None,
            days.until if days else None,
            result.extent,
            result.inserted,
            result.restated,
            result.closed,
            result.unchanged,
            result.repeated,
            result.rejected,
            undoes,
        ],
    )


def _count(connection: "duckdb.DuckDBPyConnection", sql: str, parameters: object = None) -> int:
    row = connection.execute(sql, parameters).fetchone()
    return int(row[0]) if row else 0
