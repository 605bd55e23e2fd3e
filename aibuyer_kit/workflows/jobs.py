"""What a sync has to read of an account: streams with their turn and about how many calls they take."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from aibuyer_kit.connectors.base import Connector, InsightStream, Stream
from aibuyer_kit.connectors.budget import PlannedRead
from aibuyer_kit.core.dates import DateRange, account_date, time_zone
from aibuyer_kit.core.entities import Level
from aibuyer_kit.settings.workspace_settings import SyncSection
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.write import CompleteRead, Writer
from aibuyer_kit.workflows.cadence import (
    FIGURE_LEVELS,
    Depth,
    coverage_of,
    days_to_read,
    due_streams,
    lost_streams,
    restated_days,
    streams_of,
    unsettled_streams,
)
from aibuyer_kit.workflows.quarantine import streams_to_read_again
from aibuyer_kit.workflows.sync_log import SyncLog

_DAYS_PER_CALL = 7  # as long as it is not known how many calls a kind of read takes


@dataclass(frozen=True)
class Job:
    """One stream of one account that is to be read; `calls` is an estimate.

    A `retry` is made for rows that could not be read, of days that a night would not read again.
    """

    connector: Connector
    stream: Stream
    depth: Depth
    calls: int
    retry: bool = False

    @property
    def coverage(self) -> Coverage:
        return coverage_of(self.connector, self.stream)

    @property
    def name(self) -> str:
        return f"{self.connector.account_id} {self.coverage.title}"

    @property
    def kind(self) -> str:
        return _kind(self.connector, self.coverage, self.depth)

    @property
    def question(self) -> str:
        """What a refusal is about: a kind of read, or some of the days whose figures must not be missing."""
        return self.name if self.coverage.label == "insights" else self.kind

    @property
    def planned(self) -> PlannedRead:
        return PlannedRead(self.connector.account_id, self.name, self.calls, list(Depth).index(self.depth) + 1)


def account_jobs(
    writer: Writer,
    connector: Connector,
    settings: SyncSection,
    log: SyncLog,
    *,
    depth: Depth | None = None,
    differing: Sequence[date] = (),
    unread: Sequence[Mapping[str, Any]] = (),
) -> Iterator[Job]:
    """Yield what is due of an account, or all that `depth` reads. Raises PlatformError in its kinds.

    `unread` rows are in the quarantine, and a night reads their days again, however old they are.
    What the platform has refused today for good is due again tomorrow, but for what every sync reads.
    """
    account = (connector.platform, connector.account_id)
    zone, now = time_zone(connector.account().time_zone), connector.platform_time()
    today = account_date(now, zone)
    days = _days_to_read(writer, connector, settings, differing)
    between = dict.fromkeys((Level.CAMPAIGN, Level.ADSET), restated_days(days[Level.AD], settings))
    again = streams_to_read_again(unread, days | between)
    if depth is not None:
        upto = list(Depth)[: list(Depth).index(depth) + 1]
        due = [(each, stream) for each in upto for stream in streams_of(each, days, settings, again)]
    else:
        reads = writer.recent_reads(*account, min(now, datetime.combine(today, time(), zone)) - timedelta(hours=1))
        due = list(due_streams(connector, reads, days, now, zone, settings, again))
    if depth in (None, Depth.NIGHTLY):
        lost = lost_streams(connector, writer.lost_days, today, settings)
        reads_of = partial(_reads_of, writer)
        unsettled = unsettled_streams(connector, reads_of, days[Level.AD], zone, settings)
        due += [(Depth.NIGHTLY, stream) for stream in (*lost, *unsettled)]
    refused = {} if depth else log.given_up_since(datetime.combine(today, time(), zone))
    taken = log.calls_taken()
    for each, stream in due:
        retry = _is_retry(stream, days | between)
        job = Job(connector, stream, each, _estimate(taken, connector, stream, each), retry)
        if each is not Depth.NIGHTLY or job.question not in refused:
            yield job


def _reads_of(writer: Writer, coverage: Coverage) -> Sequence[CompleteRead]:
    return writer.reads(coverage.platform, coverage.account_id, coverage.level or Level.AD, coverage.label)


def _is_retry(stream: Stream, days: Mapping[Level, DateRange]) -> bool:
    return (
        isinstance(stream, InsightStream)
        and not stream.breakdown_names
        and stream.days.until < days[stream.level].since
    )


def first_open_day(writer: Writer, connector: Connector, settings: SyncSection, differing: Sequence[date]) -> date:
    """Return the first day of an account that a night still reads; the months before it can be sealed."""
    return min(days.since for days in _days_to_read(writer, connector, settings, differing).values())


def _days_to_read(
    writer: Writer, connector: Connector, settings: SyncSection, differing: Sequence[date]
) -> dict[Level, DateRange]:
    zone = time_zone(connector.account().time_zone)
    today, account = account_date(connector.platform_time(), zone), (connector.platform, connector.account_id)
    return {
        level: days_to_read(writer.reads(*account, level), today, zone, settings, differing) for level in FIGURE_LEVELS
    }


def _estimate(taken: Mapping[str, int], connector: Connector, stream: Stream, depth: Depth) -> int:
    """Return about how many calls a stream takes: as many as the last time, or a page a week."""
    coverage = coverage_of(connector, stream)
    days = len(coverage.days) if coverage.days else 1
    return taken.get(_kind(connector, coverage, depth)) or math.ceil(days / _DAYS_PER_CALL)


def _kind(connector: Connector, coverage: Coverage, depth: Depth) -> str:
    """Return what reads of one account have in common that take about as many calls, whatever their days."""
    return " ".join((connector.account_id, depth, str(coverage.level or ""), coverage.label))
