"""Reading ad accounts into the warehouse: what is most urgent first, as far as the platform's limits go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.connectors.base import Connector
from aibuyer_kit.connectors.service import Service
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import NotFoundError, WarehouseError
from aibuyer_kit.settings.workspace_settings import SyncSection
from aibuyer_kit.warehouse.connection import interruptible
from aibuyer_kit.warehouse.load import LoadResult
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.recover import Recovered
from aibuyer_kit.warehouse.sealed import LostMonth
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.cadence import Depth
from aibuyer_kit.workflows.counting_health import never_reported
from aibuyer_kit.workflows.quarantine import open_figures, quarantined, rows_set_aside
from aibuyer_kit.workflows.reconcile import Disagreement, alarm_lines, disagreements
from aibuyer_kit.workflows.round import Progress, Round, StreamFailure
from aibuyer_kit.workflows.sync_log import SyncLine, SyncLog


@dataclass(frozen=True)
class SyncReport:
    """What a sync did: one LoadResult per stream and read, failures, and a working file that had to be rebuilt.

    `notices` tell what was left out or put off, `service` how the platform answered, `losses` which sealed months
    were found damaged or gone, and `newly_set_aside` how many rows went into the quarantine and are still there.
    `set_aside` is the number of rows in the quarantine that may be about an account's day, where a day differs.
    """

    client_id: str
    loads: tuple[LoadResult, ...]
    failures: tuple[StreamFailure, ...]
    recovered: Recovered | None
    snapshot: Path | None
    disagreements: tuple[Disagreement, ...] = ()
    notices: tuple[str, ...] = ()
    service: Service = field(default_factory=Service)
    losses: tuple[LostMonth, ...] = ()
    newly_set_aside: int = 0
    set_aside: Mapping[tuple[str, date], int] = field(default_factory=dict)

    @property
    def needs_a_look(self) -> bool:
        """Whether what was read may be wrong or less than it was; a row that is met again is no news."""
        return bool(self.disagreements or self.losses or self.newly_set_aside)

    def total(self, count: str) -> int:
        """Return the sum of one count (`inserted`, `restated`, `closed`, `unchanged`, `rejected`) over all loads."""
        return sum(getattr(load, count) for load in self.loads)

    def summary(self) -> str:
        """Return a few lines for a terminal."""
        counts = ", ".join(
            f"{self.total(count)} {said}"
            for count, said in (
                ("inserted", "new"),
                ("restated", "restated"),
                ("closed", "gone"),
                ("unchanged", "unchanged"),
            )
        )
        lines = [f"{self.client_id}: {len(self.loads)} reads; rows: {counts}"]
        lines += [f"FAILED {each.stream}: {each.error}" for each in self.failures]
        lines += [f"ALARM {each}" for each in alarm_lines(self.disagreements, self.set_aside)]
        if rejected := self.total("rejected"):
            new = f"{self.newly_set_aside} of them new" if self.newly_set_aside else "all known before"
            lines.append(f"QUARANTINE {rejected} rows could not be read ({new}): aibuyer quarantine list")
        lines += [f"LOST {each}" for each in self.losses]
        lines += [f"NOTE {each}" for each in self.notices]
        lines.append(f"service: {self.service.sentence()}")
        if self.recovered:
            source = self.recovered.restored_from or "nothing: there was no good snapshot"
            lines.append(
                f"The working file did not open ({self.recovered.reason}). It was set aside as"
                f" {self.recovered.set_aside} and rebuilt from {source}; the gap has been read again."
            )
        return "\n".join(lines)


@interruptible()
def sync_client(
    context: ClientContext,
    connectors: Sequence[Connector],
    settings: SyncSection,
    *,
    depth: Depth | None = None,
    progress: Progress | None = None,
) -> SyncReport:
    """Read every account of a client, as deep as is due or as `depth` says, and publish one snapshot at the end.

    A stream that fails is reported and the others go on; an AuthorisationError ends the account it belongs to. What
    does not fit the platform's limits is put off to a later sync, and told.
    An interrupt ends the sync, and what had been read is published. Raises WarehouseBusyError if another process is
    writing.
    """
    log, differing_days, is_first = SyncLog(context.sync_log), _differing_days(context), _knows_nothing(context)
    with open_writer(context.warehouse) as writer:
        unread = {connector.account_id: open_figures(context, connector) for connector in connectors}
        reading = Round(
            writer,
            log,
            settings,
            depth=depth,
            differing=differing_days,
            unread=unread,
            decided=partial(_decided_loads, context),
            progress=progress,
        )
        try:
            reading.read(connectors)
        finally:
            reading.notices += log.add(_on_the_clients_clock(context, log, reading))
        snapshot = writer.publish()
    differing = tuple(disagreements(context, Reader(context.warehouse))) if reading.loads else ()
    notices = tuple(notice for connector in connectors for notice in connector.notices)
    hints = _hints(context) if is_first else ()
    return SyncReport(
        context.id,
        tuple(reading.loads),
        tuple(reading.failures),
        writer.recovered,
        snapshot,
        differing,
        (*notices, *reading.notices, *hints),
        reading.service,
        writer.losses,
        _newly_set_aside(context, reading.loads),
        rows_set_aside(context) if differing else {},
    )


def _knows_nothing(context: ClientContext) -> bool:
    """Return whether no figures are known yet; a snapshot that does not open is no first sync."""
    try:
        Reader(context.warehouse).freshness()
    except NotFoundError:
        return True
    except WarehouseError:
        return False
    return False


def _decided_loads(context: ClientContext) -> tuple[int, ...]:
    """Return the loads that stored decisions have read: a replay is to find them as they were. Raises LedgerError."""
    if not context.ledger.exists():
        return ()
    from aibuyer_kit.ledger.ledger import Ledger

    with Ledger(context.ledger) as ledger:
        return ledger.loads_read()


def _hints(context: ClientContext) -> tuple[str, ...]:
    """Return what a person should set after a first sync: campaigns that never report what counts for them."""
    reader = Reader(context.warehouse)
    try:
        fresh = reader.freshness()
    except NotFoundError:
        return ()
    days = DateRange(fresh.first_day, fresh.last_day) if fresh.first_day and fresh.last_day else None
    return tuple(f"client.toml, {each}" for each in never_reported(context, reader, days)) if days else ()


def _newly_set_aside(context: ClientContext, loads: Sequence[LoadResult]) -> int:
    """Return how many rows are in the quarantine since these loads."""
    if not any(load.rejected for load in loads):
        return 0
    own = {load.load_id for load in loads}
    return sum(row["load_id"] in own for row in quarantined(context))


def _on_the_clients_clock(context: ClientContext, log: SyncLog, reading: Round) -> SyncLine:
    """Return the line of a round; where time is the platform's and it told none, time stands at the sync before."""
    line = reading.line()
    if context.settings.clock == "platform" and not reading.loads and log.lines:
        return replace(line, ended_at=log.lines[-1].ended_at)
    return line


def _differing_days(context: ClientContext) -> set[tuple[str, date]]:
    """Return account and day of each known disagreement; a snapshot that does not open has none to tell."""
    try:
        return {(each.account_id, each.day) for each in disagreements(context, Reader(context.warehouse))}
    except WarehouseError:
        return set()
