"""Sealed months: immutable files beside the hot one, and the manifest in the hot file that names them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from aibuyer_kit.core.errors import WarehouseError
from aibuyer_kit.warehouse.connection import quoted
from aibuyer_kit.warehouse.digests import digest

if TYPE_CHECKING:
    from aibuyer_kit.warehouse.cursor import Cursor

# The tables that are sealed, with the columns of a row's first and last day.
DATED_TABLES = {"insight_version": ("date", "date_stop"), "reach_version": ("date_stop", "date_stop")}
_TITLES = {"insight_version": "insights", "reach_version": "reach"}

# A name is put together into a path: whatever else the manifest may hold must not lead out of the folder.
_NAME = re.compile(r"[a-z_]+-\d{4}-\d{2}-\d+\.duckdb")


@dataclass(frozen=True)
class SealedFile:
    """One row of the manifest: the versions of one account and month in one table, as they were sealed."""

    file_name: str
    table_name: str
    platform: str
    account_id: str
    month: date
    row_count: int
    byte_count: int
    sha256: str

    @property
    def last_day(self) -> date:
        return (self.month + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    @property
    def title(self) -> str:
        """What the file holds, for a person: `insights of act_1 in 2024-03`."""
        return f"{_TITLES[self.table_name]} of {self.account_id} in {self.month:%Y-%m}"


@dataclass(frozen=True)
class LostMonth:
    """A sealed month whose file was damaged or gone; `set_aside` is the damaged file, None if there was none."""

    sealed: SealedFile
    reason: str
    set_aside: Path | None

    def __str__(self) -> str:
        kept = f" It was set aside as {self.set_aside}." if self.set_aside else ""
        return (
            f"{self.sealed.file_name} {self.reason}: the history of {self.sealed.title}"
            f" ({self.sealed.row_count:,} versions) is lost.{kept} Its days are read again as far as the platform keeps"
            " them; a copy of the workspace from before still holds it all."
        )


def sealed_files(connection: "duckdb.DuckDBPyConnection | Cursor", schema: str = "main") -> tuple[SealedFile, ...]:
    """Return the manifest of a warehouse, the oldest month first; a file from before there were any has none.

    Raises WarehouseError for a name that is none of ours.
    """
    try:
        rows = connection.execute(
            "SELECT file_name, table_name, platform, account_id, month, row_count, byte_count, sha256"
            f" FROM {schema}.sealed_file ORDER BY month, file_name"
        ).fetchall()
    except duckdb.CatalogException:
        return ()  # published before there were sealed months
    found = tuple(SealedFile(*row) for row in rows)
    for each in found:
        if not _NAME.fullmatch(each.file_name) or each.table_name not in DATED_TABLES:
            raise WarehouseError(f"The manifest names {each.file_name!r} with {each.table_name!r}: no sealed month.")
    return found


def lost_history(connection: "Cursor") -> tuple[str, ...]:
    """Return, for a person, what was lost with sealed months, in the order in which it was found."""
    try:
        rows = connection.execute(
            "SELECT table_name, account_id, month, lost_after_load FROM sealed_loss ORDER BY lost_after_load, file_name"
        ).fetchall()
    except duckdb.CatalogException:
        return ()
    return tuple(
        f"{_TITLES[table]} of {account_id} in {month:%Y-%m} as known before load {load_id + 1}"
        for table, account_id, month, load_id in rows
    )


def fault(folder: Path, sealed: SealedFile, *, thorough: bool = False) -> str | None:
    """Return what is wrong with a sealed file, or None; a `thorough` look reads all of it.

    Raises WarehouseError if it cannot be told, because the file may not be read.
    """
    path = folder / sealed.file_name
    try:
        size = path.stat().st_size
        if size != sealed.byte_count:
            return f"has {size:,} bytes instead of {sealed.byte_count:,}"
        if thorough and digest(path) != sealed.sha256:
            return "is damaged (its checksum is another one)"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        raise WarehouseError(f"{path} cannot be read ({error.strerror}). Check its owner and mode.") from None
    return None


def attached_name(sealed: SealedFile) -> str:
    """Return the quoted name under which a sealed file is attached."""
    return f'"{sealed.file_name.removesuffix(".duckdb")}"'


def detach(connection: duckdb.DuckDBPyConnection, sealed: SealedFile) -> None:
    """Detach a sealed file."""
    connection.execute(f"DETACH {attached_name(sealed)}")


def attach(connection: duckdb.DuckDBPyConnection, folder: Path, files: Iterable[SealedFile]) -> None:
    """Attach sealed files, to be read only. Raises duckdb.Error for a file that does not open."""
    for each in files:
        connection.execute(f"ATTACH {quoted(folder / each.file_name)} AS {attached_name(each)} (READ_ONLY)")
