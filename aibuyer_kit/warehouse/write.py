"""The one writer of a client's warehouse."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import duckdb
import filelock

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import AibuyerError, NotFoundError, WarehouseBusyError, WarehouseError
from aibuyer_kit.core.unreadable import UnreadableRow
from aibuyer_kit.warehouse.compact import compact, remove_unfinished
from aibuyer_kit.warehouse.connection import check_blocks, cure, interruptible, is_damage, is_whole, open_to_read
from aibuyer_kit.warehouse.coverage import Coverage, Extent, scope_of
from aibuyer_kit.warehouse.digests import is_known_whole
from aibuyer_kit.warehouse.files import WarehouseFiles, publish_copy
from aibuyer_kit.warehouse.load import LoadResult, load_staged, set_aside_after, staged_rows, take_back
from aibuyer_kit.warehouse.load_days import note_load_days
from aibuyer_kit.warehouse.lost import let_go, let_go_of_damaged, lost_days, remove_orphans
from aibuyer_kit.warehouse.quarantine import note_try, stage_unreadable
from aibuyer_kit.warehouse.recover import Recovered, open_working, rebuild
from aibuyer_kit.warehouse.schema import WHOLE_READS, changes_rows, migrate, missing_migrations
from aibuyer_kit.warehouse.seal import rows_of, seal_month, settled_months, stays_sealed, touched, unseal
from aibuyer_kit.warehouse.sealed import DATED_TABLES, LostMonth, SealedFile, attach, detach, fault, sealed_files
from aibuyer_kit.warehouse.straight import receiving
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


def damaged_files(folder: Path) -> tuple[Path, ...]:
    """Read every block of every database file and return those that are damaged; the working file if nobody writes."""
    files = WarehouseFiles(folder)
    damaged = [path for _, path in files.snapshots() if not is_whole(path)]
    with contextlib.suppress(WarehouseBusyError), _only_writer(files):
        if files.working.exists() and not is_whole(files.working):
            damaged.append(files.working)
    return tuple(damaged)


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
        self._is_to_be_compacted = False
        self.recovered: Recovered | None = None
        self.losses: tuple[LostMonth, ...] = ()
        with self._failures():
            migrated = self._migrate()
            published = self._published_loads()
            if self._loads() < published:
                self._close()
                self.recovered = rebuild(files, "it was older than what is published")
                self._migrate()
            self._unpublished = bool(migrated) or bool(self.recovered) or self._loads() != published
            self.check_sealed(thorough=files.damage_seen.exists())
            files.damage_seen.unlink(missing_ok=True)
            remove_orphans(self._open(), files)
            remove_unfinished(files)

    def load(
        self,
        coverage: Coverage,
        tables: "Iterable[pa.Table]",
        *,
        known_at: Callable[[], datetime],
        extent: Extent = "complete",
        finished: Callable[[], date | None] = lambda: None,
        rejected: Sequence[UnreadableRow] = (),
        spares: bool = True,
        undoes: int | None = None,
    ) -> LoadResult:
        """Load one read; `known_at` tells the platform's time, and is asked when the read has ended.

        `rejected` may fill while the read goes on: rows that could not be read, which go into the quarantine. What they
        may be about stays open, unless it is known (not `spares`) that it is gone. `undoes` names the load of a file
        that this one takes back.
        If the read fails in mid-way, the days that `finished` says are over (up to that one) are kept as a complete
        load, what came of later ones as a broken load, and the error is raised again.
        Raises InconsistentReadError for a read that contradicts itself or what is known, and WarehouseError if the file
        cannot be written; a file that turns out to be damaged has been rebuilt by then.
        """
        with self._failures():
            connection = self._open()
            with receiving(connection, coverage) as arrival:
                try:
                    arrival.take(tables)
                except (AibuyerError, KeyboardInterrupt):
                    arrival.to_stage()
                    self._keep_what_came(connection, coverage, finished(), known_at, rejected)
                    raise
                if not rejected and arrival.is_plain():
                    self._unpublished = True
                    return arrival.keep(extent, known_at(), undoes)
                arrival.to_stage()
            return self._merge(coverage, extent, known_at(), rejected, spares=spares, undoes=undoes)

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
            self._merge(whole, "complete", known_at(), of_whole)
            take_back(connection)
        # Without a page there is nothing to keep, and asking the platform for the time could hang once more.
        if staged_rows(connection) or rejected:
            self._merge(coverage, "broken", known_at(), rejected)

    def reads(
        self, platform: str, account_id: str, level: Level = Level.AD, label: str = "insights"
    ) -> tuple[CompleteRead, ...]:
        """Return the last complete read of each range of days of an account's figures at a level, the oldest first.

        The `label` is that of their coverage: how they are broken down.
        """
        rows = self._rows(
            f"SELECT since, until, max(known_at_utc) FROM load WHERE extent IN {WHOLE_READS}"
            " AND facts = ? AND level = ? AND platform = ? AND account_id = ?"
            " GROUP BY since, until ORDER BY max(load_id)",
            [label, str(level), platform, account_id],
        )
        return tuple(CompleteRead(DateRange(since, until), known.replace(tzinfo=UTC)) for since, until, known in rows)

    def recent_reads(self, platform: str, account_id: str, after: datetime) -> tuple[RecentRead, ...]:
        """Return all complete reads of an account that ended at `after` or later, the oldest first."""
        rows = self._rows(
            f"SELECT facts, level, since, until, known_at_utc FROM load WHERE extent IN {WHOLE_READS}"
            " AND platform = ? AND account_id = ? AND known_at_utc >= ? ORDER BY load_id",
            [platform, account_id, after.astimezone(UTC).replace(tzinfo=None)],
        )
        return tuple(
            RecentRead(label, level, DateRange(since, until) if since else None, known.replace(tzinfo=UTC))
            for label, level, since, until, known in rows
        )

    def _rows(self, sql: str, parameters: list[object]) -> list[Any]:
        with self._failures():
            return list(self._open().execute(sql, parameters).fetchall())

    def thin(self, platform: str, account_id: str, zone: ZoneInfo, *, protected_loads: Collection[int] = ()) -> int:
        """Drop an account's versions that were replaced on the day on which they became known; return how many.

        Days are those of `zone`, the account's own. The last KEPT_WHOLE_DAYS days stay whole, and so does whatever a
        protected load has read.
        """
        with self._failures():
            keep_from = self._kept_whole_from(zone)
            if keep_from is None:
                return 0
            removed = thin(self._open(), platform, account_id, keep_from=keep_from, protected_loads=protected_loads)
        self._unpublished = self._unpublished or removed > 0
        return removed

    def seal(self, platform: str, account_id: str, zone: ZoneInfo, *, before: date) -> tuple[SealedFile, ...]:
        """Move the months of an account that ended before the day `before` into files of their own, and return these.

        The caller says that no read will cover those days again, unless there is a reason; a load that does brings the
        month back first. Months with versions that may still be thinned stay. Raises WarehouseError if a file cannot be
        written; the months that are not sealed by then stay where they are.
        """
        sealed: list[SealedFile] = []
        with self._failures():
            thinned_before = self._kept_whole_from(zone)
            if thinned_before is None:
                return ()
            for month in settled_months(
                self._open(),
                platform,
                account_id,
                before=before,
                thinned_before=thinned_before,
            ):
                sealed.append(seal_month(self._open(), self._files, month))
                self._unpublished = self._is_to_be_compacted = True
        return tuple(sealed)

    def check_sealed(self, *, thorough: bool = True) -> tuple[LostMonth, ...]:
        """Look at all sealed months, let go of those that are damaged or gone, and return these; see `losses`.

        A `thorough` check reads every byte. Raises WarehouseError if the whole folder is gone.
        """
        with self._failures():
            found = let_go_of_damaged(self._open(), self._files, thorough=thorough)
        self.losses += found
        self._unpublished = self._unpublished or bool(found)
        return found

    def lost_days(self, coverage: Coverage) -> tuple[date, ...]:
        """Return the days of lost months that reads of the coverage's kind have not covered since, the oldest first."""
        with self._failures():
            return lost_days(self._open(), coverage)

    def note_try(self, coverage: Coverage, on: date) -> None:
        """Count a read of the account's day `on` that was made for the sake of rows that could not be read."""
        with self._failures():
            note_try(self._open(), scope_of(coverage), on)
        self._unpublished = True

    def publish(self) -> Path | None:
        """Publish what is not published yet and return the new snapshot, or None if there was nothing new."""
        with self._failures():
            self._close()
            if not self._unpublished:
                return None
            if self._is_to_be_compacted:
                compact(self._files)
                self._is_to_be_compacted = False
            snapshot = publish_copy(self._files)
        self._unpublished = False
        return snapshot

    def _merge(
        self,
        coverage: Coverage,
        extent: Extent,
        known_at: datetime,
        rejected: Sequence[UnreadableRow],
        *,
        spares: bool = True,
        undoes: int | None = None,
    ) -> LoadResult:
        """Load what is staged; sealed months that it changes come back first, others are compared where they are."""
        connection, sealed = self._open(), self._files.sealed
        left: list[SealedFile] = []
        spare = spares and bool(stage_unreadable(connection, rejected)) if rejected else False
        try:
            for each in touched(connection, coverage):
                if reason := fault(sealed, each, thorough=True):
                    self.losses += (let_go(connection, self._files, each, reason),)
                    continue
                attach(connection, sealed, [each])
                left.append(each)
                if not stays_sealed(connection, each, coverage, extent, spare=spare):
                    detach(connection, left.pop())
                    unseal(connection, sealed, each)
            return load_staged(
                connection,
                coverage,
                extent=extent,
                known_at=known_at,
                rejected=rejected,
                spares=spares,
                undoes=undoes,
                beside=f"(FROM {' UNION ALL BY NAME FROM '.join(map(rows_of, left))})" if left else "",
            )
        finally:
            self._unpublished = True
            for each in left:
                # After some failures the connection is no more.
                with contextlib.suppress(duckdb.Error):
                    detach(connection, each)

    def _migrate(self) -> tuple[str, ...]:
        """Bring the schema up to date; what changes rows finds those of sealed months in the hot tables."""
        connection = self._open()
        if any(changes_rows(name, DATED_TABLES) for name in missing_migrations(connection)):
            self.losses += let_go_of_damaged(connection, self._files, thorough=True)
            for each in sealed_files(connection):
                unseal(connection, self._files.sealed, each)
        return migrate(connection)

    def _kept_whole_from(self, zone: ZoneInfo) -> date | None:
        """Note the day of `zone` on which each load became known, and return the first that stays whole."""
        last = note_load_days(self._open(), zone)
        return last and last - timedelta(days=KEPT_WHOLE_DAYS)

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: duckdb.Error) -> WarehouseError:
        """Let go of the file, rebuild it if it is damaged, and return the error that says so."""
        with contextlib.suppress(duckdb.Error):
            self._close()
        if not is_damage(error):
            return WarehouseError(
                f"{self._files.working} could not be written: {error}. Readers keep what is published. {cure(error)}"
            )
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
            connection, self._connection = self._connection, None
            connection.close()

    def _loads(self) -> int:
        return _last_load(self._open())

    def _published_loads(self) -> int:
        """Return the last load in the current snapshot, or -1 if there is none that is whole."""
        try:
            current = self._files.current()
            unchanged = is_known_whole(current)
            with open_to_read(current) as snapshot:
                if not unchanged:
                    check_blocks(snapshot)
                return _last_load(snapshot)
        except (duckdb.Error, OSError, NotFoundError, WarehouseError):
            return -1


def _last_load(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("SELECT coalesce(max(load_id), 0) FROM load").fetchone()
    return int(row[0]) if row else 0
