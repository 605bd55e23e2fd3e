"""Reading ad accounts into the warehouse: objects first, then daily insights, oldest days first."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.connectors.base import Connector, Stream
from aibuyer_kit.core.dates import account_date, time_zone
from aibuyer_kit.core.errors import (
    AibuyerError,
    AuthorisationError,
    InconsistentReadError,
    InputError,
    PlatformError,
    WarehouseError,
)
from aibuyer_kit.settings.workspace_settings import SyncSection
from aibuyer_kit.warehouse.load import LoadResult
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.recover import Recovered
from aibuyer_kit.warehouse.write import Writer, open_writer
from aibuyer_kit.workflows.cadence import OBJECT_STREAMS, Depth, coverage_of, days_to_read, due_depth, figure_streams
from aibuyer_kit.workflows.loading import load_stream
from aibuyer_kit.workflows.quarantine import open_figures, streams_to_read_again
from aibuyer_kit.workflows.reconcile import Disagreement, disagreements

# Told after each stream: what was read, how many streams are done, and how many there are.
Progress = Callable[[str, int, int], None]

# What ends one stream and not the others: the platform's answers, its settings, and figures that contradict each other.
_STREAM_ERRORS = (PlatformError, InputError, InconsistentReadError)


@dataclass(frozen=True)
class StreamFailure:
    """One stream that could not be read whole; the others went on."""

    stream: str
    error: AibuyerError


@dataclass(frozen=True)
class SyncReport:
    """What a sync did: one LoadResult per stream and read, failures, and a working file that had to be rebuilt."""

    client_id: str
    loads: tuple[LoadResult, ...]
    failures: tuple[StreamFailure, ...]
    recovered: Recovered | None
    snapshot: Path | None
    disagreements: tuple[Disagreement, ...] = ()
    notices: tuple[str, ...] = ()

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
        lines += [f"ALARM {each}" for each in self.disagreements]
        if rejected := self.total("rejected"):
            lines.append(f"QUARANTINE {rejected} rows could not be read and are set aside: aibuyer quarantine list")
        lines += [f"NOTE {each}" for each in self.notices]
        if self.recovered:
            source = self.recovered.restored_from or "nothing: there was no good snapshot"
            lines.append(
                f"The working file did not open ({self.recovered.reason}). It was set aside as"
                f" {self.recovered.set_aside} and rebuilt from {source}; the gap has been read again."
            )
        return "\n".join(lines)


def sync_client(
    context: ClientContext,
    connectors: Sequence[Connector],
    settings: SyncSection,
    *,
    depth: Depth | None = None,
    progress: Progress | None = None,
) -> SyncReport:
    """Read every account of a client, as deep as is due or as `depth` says, and publish one snapshot at the end.

    A stream that fails is reported and the others go on; an AuthorisationError ends the account it belongs to.
    An interrupt ends the sync, and what had been read is published. Raises WarehouseBusyError if another process is
    writing.
    """
    outcomes: list[LoadResult | StreamFailure] = []
    doubtful = _doubtful_days(context)
    with open_writer(context.warehouse) as writer:
        for connector in connectors:
            days = [day for account_id, day in doubtful if account_id == connector.account_id]
            unread = open_figures(context, connector)
            outcomes.extend(_sync_account(writer, connector, settings, depth, days, unread, progress or _silent))
        snapshot = writer.publish()
    loads = tuple(each for each in outcomes if isinstance(each, LoadResult))
    failures = tuple(each for each in outcomes if isinstance(each, StreamFailure))
    differing = tuple(disagreements(context, Reader(context.warehouse))) if loads else ()
    notices = tuple(notice for connector in connectors for notice in connector.notices)
    return SyncReport(context.id, loads, failures, writer.recovered, snapshot, differing, notices)


def _doubtful_days(context: ClientContext) -> set[tuple[str, date]]:
    """Return account and day of each known disagreement; a snapshot that does not open has none to tell."""
    try:
        return {(each.account_id, each.day) for each in disagreements(context, Reader(context.warehouse))}
    except WarehouseError:
        return set()


def _sync_account(
    writer: Writer,
    connector: Connector,
    settings: SyncSection,
    depth: Depth | None,
    doubtful: Sequence[date],
    unread: Sequence[Mapping[str, Any]],
    progress: Progress,
) -> Iterator[LoadResult | StreamFailure]:
    """Read the objects, and then the figures: the platform's answers tell by then which day it is there."""
    outcomes = list(_read(writer, connector, OBJECT_STREAMS, progress))
    yield from outcomes
    if any(isinstance(each, StreamFailure) and isinstance(each.error, AuthorisationError) for each in outcomes):
        return
    reads = writer.reads(connector.platform, connector.account_id)
    try:
        zone, now = time_zone(connector.account().time_zone), connector.platform_time()
    except _STREAM_ERRORS as error:
        yield StreamFailure(f"{connector.account_id} account", error)
        return
    chosen = depth or due_depth(reads, now, zone, settings)
    days = days_to_read(reads, account_date(now, zone), zone, settings, doubtful)
    again = streams_to_read_again(unread, days) if chosen is Depth.NIGHTLY else []
    yield from _read(writer, connector, [*figure_streams(chosen, days, settings), *again], progress)
    if chosen is Depth.NIGHTLY:
        writer.thin(zone)


def _read(
    writer: Writer, connector: Connector, streams: Sequence[Stream], progress: Progress
) -> Iterator[LoadResult | StreamFailure]:
    for done, stream in enumerate(streams, start=1):
        name = f"{connector.account_id} {coverage_of(connector, stream).title}"
        try:
            yield _read_twice_if_torn(writer, connector, stream)
        except _STREAM_ERRORS as error:
            yield StreamFailure(name, error)
            if isinstance(error, AuthorisationError):
                return
        progress(name, done, len(streams))


def _read_twice_if_torn(writer: Writer, connector: Connector, stream: Stream) -> LoadResult:
    """Load one stream; figures that moved between two of its pages are read once more."""
    try:
        return load_stream(writer, connector, stream)
    except InconsistentReadError:
        return load_stream(writer, connector, stream)


def _silent(what: str, done: int, total: int) -> None:
    """Show no progress."""
