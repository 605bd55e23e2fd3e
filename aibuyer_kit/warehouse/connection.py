"""Opening DuckDB files: one way to read and one way to write, and what an error of DuckDB means."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import duckdb

# What DuckDB says of a file that is damaged; anything else (a newer format, a permission) is no reason to rebuild.
_DAMAGE = (
    "not a valid DuckDB database",
    "Corrupt database file",
    "computed checksum",
    "Could not read enough bytes",
    "Failed to deserialize",
    "Failure while replaying WAL",
    "database has been invalidated",
)
_HELD = ("Could not set lock on file", "being used by another process", "is already attached by")
# A full disk, a quota that is used up, and a limit on the size of one file.
_FULL = ("No space left", "quota exceeded", "File too large")
# Two copies of the header and the block that they lie in stand before the first block of data.
_HEADER_BYTES = 3 * 4096
# What does not fit goes to disk beside the file, so that memory stays flat however much is read.
WRITER_MEMORY = "256MB"
# A quarter of DuckDB's own: what comes in a load is compressed in pieces, most of it before the load is committed.
_ROW_GROUP_ROWS = 30_720
# Under this name a writer has the working file.
WORKING = "working"
# Of a reader, which has no disk to go to; most of it holds blocks that were read. A reading that needs more gets more.
READER_MEMORY = "512MB"


class TruncatedFileError(Exception):
    """A database file is shorter than its own header says."""


def open_to_read(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a snapshot: read-only, without the file system. All readers of one process share one configuration."""
    return duckdb.connect(
        str(path),
        read_only=True,
        config={"enable_external_access": False, "autoload_known_extensions": False, "lock_configuration": True},
    )


def open_to_combine(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a database in memory to which files can be attached; what does not fit goes to disk beside `path`."""
    connection = duckdb.connect(config={"autoload_known_extensions": False})
    connection.execute("SET temp_directory = ?", [f"{path}.tmp"])
    return connection


def quoted(path: Path) -> str:
    """Return a path as a string of SQL, for statements that take no parameters."""
    return "'" + str(path).replace("'", "''") + "'"


def shut(connection: duckdb.DuckDBPyConnection) -> None:
    """Take the file system away from a connection for good: what is attached stays, and no setting can be changed.

    Without external access alone DuckDB still lets a COPY overwrite the very files that are attached.
    """
    connection.execute("SET enable_external_access = false")
    connection.execute("SET disabled_filesystems = 'LocalFileSystem'")
    connection.execute("SET lock_configuration = true")


def open_to_write(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a working file, or make it. Raises duckdb.Error, or TruncatedFileError for a file that has lost its end.

    It is attached to a database in memory that stays empty: the one that is connected to takes no size of row groups.
    """
    connection = duckdb.connect()
    try:
        connection.execute("SET temp_directory = ?", [f"{path}.tmp"])
        connection.execute(f"ATTACH {quoted(path)} AS {WORKING} (ROW_GROUP_SIZE {_ROW_GROUP_ROWS})")
        connection.execute(f"USE {WORKING}")
        # A row group is written as soon as it is full, while more rows come, and not when all of them are there.
        connection.execute("SET write_buffer_row_group_count = 1")
        connection.execute("SET enable_progress_bar = false")
        # A name that is no table is an error, not a Python variable of that name.
        connection.execute("SET python_enable_replacements = false")
        connection.execute(f"SET memory_limit = '{WRITER_MEMORY}'")
        _check_length(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def check_blocks(connection: duckdb.DuckDBPyConnection) -> None:
    """Read every column of every table: DuckDB checks a block's checksum only when it reads the block.

    Raises duckdb.Error (`is_damage`) for a block that has changed since it was written.
    """
    for (table,) in connection.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary").fetchall():
        # One value of each is kept, but all are decoded; a hash of them all would take three times as long.
        connection.execute(f'SELECT any_value(COLUMNS(*)) FROM "{table}"').fetchone()


def is_whole(path: Path) -> bool:
    """Whether every block of a database file is as it was written. Raises duckdb.Error if that cannot be told."""
    try:
        with open_to_read(path) as connection:
            check_blocks(connection)
    except duckdb.Error as error:
        if is_damage(error):
            return False
        raise
    return True


@contextlib.contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit when the block ends, undo when it fails; the first error is the one that is raised."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # After some failures (a full disk) DuckDB has ended the transaction already.
        with contextlib.suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def alone(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let one thread do what is asked in the block: pages come one by one, and to share one costs half as much again.

    With several threads DuckDB collects each INSERT on its own, and then moves it to the table.
    """
    connection.execute("SET threads = 1")
    try:
        yield
    finally:
        # After some failures the connection is no more.
        with contextlib.suppress(duckdb.Error):
            connection.execute("RESET threads")


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C be a KeyboardInterrupt in the block: while a query runs, DuckDB makes a RuntimeError of it."""
    try:
        yield
    except RuntimeError as error:
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from None


def is_damage(error: Exception) -> bool:
    """Whether an error says that the file itself is damaged."""
    return isinstance(error, TruncatedFileError) or any(sign in str(error) for sign in _DAMAGE)


def is_held_elsewhere(error: Exception) -> bool:
    """Whether an error says that another program has the file open."""
    return any(sign in str(error) for sign in _HELD)


def cure(error: Exception) -> str:
    """Return what a person can do about an error of the disk."""
    if any(sign in str(error) for sign in _FULL):
        return "The disk is full: free some space, and run the same command again; it goes on from there."
    return "Check the owner and the mode of the folder and of the files in it, and run the same command again."


def _check_length(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    row = connection.execute(
        "SELECT block_size, used_blocks FROM pragma_database_size() WHERE database_name = ?", [WORKING]
    ).fetchone()
    # DuckDB cuts free blocks off the end of a file by itself, so that only those in use must be there.
    block_bytes, blocks = row or (0, 0)
    if blocks and path.stat().st_size < _HEADER_BYTES + block_bytes * blocks:
        raise TruncatedFileError(f"{path} is shorter than its {blocks} blocks")
