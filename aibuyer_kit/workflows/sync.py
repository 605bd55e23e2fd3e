"""Reading ad accounts into the warehouse: objects first, then daily insights, oldest days first."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.connectors.base import Connector, EntityStream, InsightStream, Stream
from aibuyer_kit.core.dates import DateRange, account_date, time_zone
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import AibuyerError, AuthorisationError, InconsistentReadError, InputError, PlatformError
from aibuyer_kit.settings.workspace_settings import SyncSection
from aibuyer_kit.warehouse.load import Coverage, LoadResult
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.recover import Recovered
from aibuyer_kit.warehouse.write import CompleteRead, Writer, open_writer
from aibuyer_kit.workflows.reconcile import Disagreement, disagreements

# Told after each stream: what was read, how many streams are done, and how many there are.
Progress = Callable[[str, int, int], None]

# What ends one stream and not the others: the platform's answers, its settings, and figures that contradict each other.
_STREAM_ERRORS = (PlatformError, InputError, InconsistentReadError)

# Long enough to keep requests few, short enough for a failure to cost little.
_DAYS_PER_READ = 30


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

    def total(self, count: str) -> int:
        """Return the sum of one count (`inserted`, `restated`, `closed`, `unchanged`) over all loads."""
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
        if self.recovered:
            source = self.recovered.restored_from or "nothing: there was no good snapshot"
            lines.append(
                f"The working file did not open ({self.recovered.reason}). It was set aside as"
                f" {self.recovered.set_aside} and rebuilt from {source}; the gap has been read again."
            )
        return "\n".join(lines)


def sync_client(
    context: ClientContext, connectors: Sequence[Connector], settings: SyncSection, *, progress: Progress | None = None
) -> SyncReport:
    """Read every account of a client and publish one snapshot at the end, even when interrupted.

    A stream that fails is reported and the others go on; an AuthorisationError ends the account it belongs to.
    Raises WarehouseBusyError if another process is writing.
    """
    outcomes: list[LoadResult | StreamFailure] = []
    with open_writer(context.warehouse) as writer:
        for connector in connectors:
            outcomes.extend(_sync_account(writer, connector, settings, progress or _silent))
        snapshot = writer.publish()
    loads = tuple(each for each in outcomes if isinstance(each, LoadResult))
    failures = tuple(each for each in outcomes if isinstance(each, StreamFailure))
    differing = tuple(disagreements(context, Reader(context.warehouse))) if loads else ()
    return SyncReport(context.id, loads, failures, writer.recovered, snapshot, differing)


def _sync_account(
    writer: Writer, connector: Connector, settings: SyncSection, progress: Progress
) -> Iterator[LoadResult | StreamFailure]:
    """Read the objects, and then the insights: the platform's answers tell which day it is there by then."""
    objects: list[Stream] = [EntityStream(level) for level in Level]
    outcomes = list(_read(writer, connector, objects, progress))
    yield from outcomes
    if any(isinstance(each, StreamFailure) and isinstance(each.error, AuthorisationError) for each in outcomes):
        return
    try:
        zone = time_zone(connector.account().time_zone)
        today = account_date(connector.platform_time(), zone)
    except _STREAM_ERRORS as error:
        yield StreamFailure(f"{connector.account_id} account", error)
        return
    days = days_to_read(writer.reads(connector.platform, connector.account_id), today, zone, settings)
    yield from _read(writer, connector, list(_insight_streams(days)), progress)


def _read(
    writer: Writer, connector: Connector, streams: Sequence[Stream], progress: Progress
) -> Iterator[LoadResult | StreamFailure]:
    for done, stream in enumerate(streams, start=1):
        name = f"{connector.account_id} {_name(stream)}"
        try:
            yield _read_twice_if_torn(writer, connector, stream)
        except _STREAM_ERRORS as error:
            yield StreamFailure(name, error)
            if isinstance(error, AuthorisationError):
                return
        progress(name, done, len(streams))


def _read_twice_if_torn(writer: Writer, connector: Connector, stream: Stream) -> LoadResult:
    """Load one stream; figures that moved between two of its pages are read once more."""
    coverage = _coverage(connector, stream)
    try:
        return writer.load(coverage, connector.fetch(stream), known_at=connector.platform_time)
    except InconsistentReadError:
        return writer.load(coverage, connector.fetch(stream), known_at=connector.platform_time)


def days_to_read(reads: Sequence[CompleteRead], today: date, zone: ZoneInfo, settings: SyncSection) -> DateRange:
    """Return the days from the first that is not settled to today.

    A day is settled when it was read whole after the platform had stopped restating it; until then each sync reads it
    again. The first sync of an account goes back `backfill_days`; later ones go back as far as anything is open.
    """
    backfill = today - timedelta(days=settings.backfill_days - 1)
    first = min([backfill, *(read.days.since for read in reads)])
    settled: set[date] = set()
    for read in reads:
        last = account_date(read.known_at, zone) - timedelta(days=settings.restated_days)
        if last >= read.days.since:
            settled.update(DateRange(read.days.since, min(read.days.until, last)))
    return DateRange(next(day for day in DateRange(first, today) if day not in settled or day == today), today)


def _insight_streams(days: DateRange) -> Iterator[InsightStream]:
    first = days.since
    while first <= days.until:
        last = min(first + timedelta(days=_DAYS_PER_READ - 1), days.until)
        yield InsightStream(Level.AD, DateRange(first, last))
        # The platform's own sums, one row a day: what the ads are reconciled with.
        yield InsightStream(Level.ACCOUNT, DateRange(first, last))
        first = last + timedelta(days=1)


def _coverage(connector: Connector, stream: Stream) -> Coverage:
    if isinstance(stream, EntityStream):
        return Coverage("entities", connector.platform, connector.account_id, stream.level)
    return Coverage(
        "insights",
        connector.platform,
        connector.account_id,
        stream.level,
        days=stream.days,
        attribution=connector.attribution,
    )


def _name(stream: Stream) -> str:
    return f"{stream.level} insights {stream.days}" if isinstance(stream, InsightStream) else f"{stream.level} objects"


def _silent(what: str, done: int, total: int) -> None:
    """Show no progress."""
