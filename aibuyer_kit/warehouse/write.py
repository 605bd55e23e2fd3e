"""The one writer of a client's warehouse."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import duckdb
import filelock

from aibuyer_kit.core.dates import DateRange, account_date
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import AibuyerError, WarehouseBusyError, WarehouseError
from aibuyer_kit.core.unreadable import UnreadableRow
from aibuyer_kit.warehouse.connection import interruptible, is_damage, open_to_read
from aibuyer_kit.warehouse.files import WarehouseFiles, publish_copy
from aibuyer_kit.warehouse.load import (
    Coverage,
    Extent,
    LoadResult,
    load_staged,
    set_aside_after,
    stage,
    staged_rows,
    take_back,
)
from aibuyer_kit.warehouse.recover import Recovered, open_working, rebuild
from aibuyer_kit.warehouse.schema import migrate
from aibuyer_kit.warehouse.thin import thin

# A week of intraday history answers most questions about what was known when.
KEPT_WHOLE_DAYS = 7

if TYPE_CHECKING:
    import pyarrow as pa


@contextlib.contextmanager
def open_writer(folder: Path) -> "Iterator[Writer]":
    """Open the warehouse in `folder` for writing; what was loaded is published when the block ends, even by an error.

    Raises WarehouseBusyError at once if another process is writing, WarehouseError if the folder cannot be written.
    """
    files = WarehouseFiles(folder)
    with _only_writer(files), interruptible():
        writer = Writer(files)
        try:
            yield writer
        finally:
            writer.publish()


@contextlib.contextmanager
def _only_writer(files: WarehouseFiles) -> Iterator[None]:
    # DuckDB's own lock is released while the closed file is copied, so that writers need one that is held throughout.
    lock = filelock.FileLock(files.lock, blocking=False)
    try:
        files.folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout:
        raise WarehouseBusyError(
            f"Another process is writing to {files.folder} (a sync or an import). Try again when it has finished."
        ) from None
    except OSError as error:
        raise WarehouseError(
            f"{files.folder} cannot be written ({error.strerror}). Check its owner and mode."
        ) from None
    try:
        yield
    finally:
        lock.release()


@dataclass(frozen=True)
class CompleteRead:
    """Days that one read covered whole but for rows in the quarantine, and the platform's clock at its end."""

    days: DateRange
    known_at: datetime


@dataclass(frozen=True)
class RecentRead:
    """A complete read of any facts, under the label and level of its coverage; `days` is None where there are none."""

    label: str
    level: str
    days: DateRange | None
    known_at: datetime

    def is_of(self, coverage: Coverage) -> bool:
        return (self.label, self.level) == (coverage.label, str(coverage.level or ""))


class Writer:
    """Loads reads into the working file and publishes snapshots; use it through `open_writer`."""

    def __init__(self, files: WarehouseFiles) -> None:
        self._files = files
        self._connection: duckdb.DuckDBPyConnection | None = None
        self.recovered: Recovered | None = None
        migrated = migrate(self._open())
        self._unpublished = bool(migrated) or bool(self.recovered) or self._loads() != self._published_loads()

    def load(
        self,
        coverage: Coverage,
        tables: "Iterable[pa.Table]",
        *,
        known_at: Callable[[], datetime],
        extent: Extent = "complete",
        finished: Callable[[], date | None] = lambda: None,
        rejected: Sequence[UnreadableRow] = (),
    ) -> LoadResult:
        """Load one read; `known_at` tells the platform's time, and is asked when the read has ended.

        `rejected` may fill while the read goes on: rows that could not be read, which go into the quarantine.
        If the read fails in mid-way, the days that `finished` says are over (up to that one) are kept as a complete
        load, what came of later ones as a broken load, and the error is raised again.
        Raises InconsistentReadError for a read that contradicts itself or what is known, and WarehouseError if the file
        cannot be written; a file that turns out to be damaged has been rebuilt by then.
        """
        try:
            connection = self._open()
            try:
                stage(connection, coverage, tables)
            except (AibuyerError, KeyboardInterrupt):
                self._keep_what_came(connection, coverage, finished(), known_at, rejected)
                raise
            result = load_staged(connection, coverage, extent=extent, known_at=known_at(), rejected=rejected)
        except duckdb.Error as error:
            raise self._failed(error) from error
        self._unpublished = True
        return result

    def _keep_what_came(
        self,
        connection: duckdb.DuckDBPyConnection,
        coverage: Coverage,
        finished: date | None,
        known_at: Callable[[], datetime],
        rejected: Sequence[UnreadableRow],
    ) -> None:
        if finished is not None and coverage.days is not None and coverage.days.since <= finished < coverage.days.until:
            whole = replace(coverage, days=DateRange(coverage.days.since, finished))
            coverage = replace(coverage, days=DateRange(finished + timedelta(days=1), coverage.days.until))
            set_aside_after(connection, finished)
            # A row that does not tell its day may be about any of those that were asked for.
            of_whole = [row for row in rejected if row.may_be_of and row.may_be_of.since <= finished]
            rejected = [row for row in rejected if not row.may_be_of or row.may_be_of.until > finished]
            load_staged(connection, whole, extent="complete", known_at=known_at(), rejected=of_whole)
            take_back(connection)
            self._unpublished = True
        # Without a page there is nothing to keep, and asking the platform for the time could hang once more.
        if staged_rows(connection) or rejected:
            load_staged(connection, coverage, extent="broken", known_at=known_at(), rejected=rejected)
            self._unpublished = True

    def reads(self, platform: str, account_id: str, level: Level = Level.AD) -> tuple[CompleteRead, ...]:
        """Return the complete reads of an account's insights at a level, the oldest first."""
        rows = (
            self._open()
            .execute(
                "SELECT since, until, known_at_utc FROM load WHERE extent IN ('complete', 'doubtful')"
                " AND facts = 'insights' AND level = ? AND platform = ? AND account_id = ? ORDER BY load_id",
                [str(level), platform, account_id],
            )
            .fetchall()
        )
        return tuple(CompleteRead(DateRange(since, until), known.replace(tzinfo=UTC)) for since, until, known in rows)

    def recent_reads(self, platform: str, account_id: str, after: datetime) -> tuple[RecentRead, ...]:
        """Return all complete reads of an account that ended at `after` or later, the oldest first."""
        rows = (
            self._open()
            .execute(
                "SELECT facts, level, since, until, known_at_utc FROM load WHERE extent IN ('complete', 'doubtful')"
                " AND platform = ? AND account_id = ? AND known_at_utc >= ? ORDER BY load_id",
                [platform, account_id, after.astimezone(UTC).replace(tzinfo=None)],
            )
            .fetchall()
        )
        return tuple(
            RecentRead(label, level, DateRange(since, until) if since else None, known.replace(tzinfo=UTC))
            for label, level, since, until, known in rows
        )

    def thin(self, zone: ZoneInfo, *, protected_loads: Collection[int] = ()) -> int:
        """Drop versions that were replaced on the day of `zone` on which they became known, and return how many.

        The last KEPT_WHOLE_DAYS days stay whole, and so does whatever a protected load has read.
        """
        rows = self._open().execute("SELECT load_id, known_at_utc FROM load").fetchall()
        if not rows:
            return 0
        known_on = {load_id: account_date(known.replace(tzinfo=UTC), zone) for load_id, known in rows}
        keep_from = max(known_on.values()) - timedelta(days=KEPT_WHOLE_DAYS)
        removed = thin(self._open(), known_on=known_on, keep_from=keep_from, protected_loads=protected_loads)
        self._unpublished = self._unpublished or removed > 0
        return removed

    def publish(self) -> Path | None:
        """Publish what is not published yet and return the new snapshot, or None if there was nothing new."""
        if not self._unpublished:
            self._close()
            return None
        self._close()
        snapshot = publish_copy(self._files)
        self._unpublished = False
        return snapshot

    def _failed(self, error: duckdb.Error) -> WarehouseError:
        """Let go of the file, rebuild it if it is damaged, and return the error that says so."""
        self._close()
        if not is_damage(error):
            return WarehouseError(f"{self._files.working} could not be written: {error}")
        self.recovered = rebuild(self._files, str(error))
        self._unpublished = True
        return WarehouseError(
            f"{self._files.working} was damaged and has been rebuilt from {self.recovered.restored_from or 'nothing'}."
            " Run the same command again: it reads the gap."
        )

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection, recovered = open_working(self._files)
            self.recovered = recovered or self.recovered
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _loads(self) -> int:
        return _last_load(self._open())

    def _published_loads(self) -> int:
        """Return the last load in the current snapshot, or -1 if there is none that can be read."""
        if not self._files.pointer.exists():
            return -1
        try:
            with open_to_read(self._files.current()) as snapshot:
                return _last_load(snapshot)
        except duckdb.Error:
            return -1


def _last_load(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("SELECT coalesce(max(load_id), 0) FROM load").fetchone()
    return int(row[0]) if row else 0
