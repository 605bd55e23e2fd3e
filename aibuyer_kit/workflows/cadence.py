"""What a sync reads, and how far back: quick every 15 minutes, more each hour, all that may still move each night."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from aibuyer_kit.connectors.base import (
    Connector,
    CreativeStream,
    EntityStream,
    InsightStream,
    ReachStream,
    Stream,
)
from aibuyer_kit.core.dates import DateRange, account_date
from aibuyer_kit.core.entities import Level
from aibuyer_kit.settings.workspace_settings import SyncSection
from aibuyer_kit.warehouse.load import Coverage
from aibuyer_kit.warehouse.write import CompleteRead

# Long enough to keep requests few, short enough for a failure to cost little.
_DAYS_PER_READ = 30
_HOURLY_DAYS = 3
_QUICK_DAYS = 2
_REACH_WINDOWS_DAYS = (1, 7, 28)


OBJECT_STREAMS: tuple[Stream, ...] = tuple(EntityStream(level) for level in Level)


class Depth(StrEnum):
    """How much a sync reads again."""

    QUICK = "quick"  # today and yesterday
    HOURLY = "hourly"  # three days
    NIGHTLY = "nightly"  # whatever is not settled, broken down too, and reach


def due_depth(reads: Sequence[CompleteRead], now: datetime, zone: ZoneInfo, settings: SyncSection) -> Depth:
    """Return what is due: nightly once a day of the account, hourly once an hour, quick in between."""
    today = account_date(now, zone)
    nightly_from = today - timedelta(days=min(settings.restated_days, settings.backfill_days - 1))
    if not any(account_date(read.known_at, zone) == today and read.days.since <= nightly_from for read in reads):
        return Depth.NIGHTLY
    wide = [read.known_at for read in reads if len(read.days) >= _HOURLY_DAYS]
    return Depth.HOURLY if now - max(wide) >= timedelta(hours=1) else Depth.QUICK


def days_to_read(
    reads: Sequence[CompleteRead],
    today: date,
    zone: ZoneInfo,
    settings: SyncSection,
    doubtful: Sequence[date] = (),
) -> DateRange:
    """Return the days from the first that is not settled to today.

    A day is settled when it was read whole after the platform had stopped restating it; until then each night reads it
    again. The first sync of an account goes back `backfill_days`; later ones go back as far as anything is open. A
    `doubtful` day, on which levels disagree, is not settled either, within the backfill.
    """
    backfill = today - timedelta(days=settings.backfill_days - 1)
    first = min([backfill, *(read.days.since for read in reads)])
    settled: set[date] = set()
    for read in reads:
        last = account_date(read.known_at, zone) - timedelta(days=settings.restated_days)
        if last >= read.days.since:
            settled.update(DateRange(read.days.since, min(read.days.until, last)))
    settled.difference_update(day for day in doubtful if day >= backfill)
    return DateRange(next(day for day in DateRange(first, today) if day not in settled or day == today), today)


def figure_streams(depth: Depth, days: DateRange, settings: SyncSection) -> Iterator[Stream]:
    """Yield the streams after the objects, oldest days first; `days` are those that a night reads, and end today."""
    today = days.until
    if depth is not Depth.NIGHTLY:
        count = _QUICK_DAYS if depth is Depth.QUICK else _HOURLY_DAYS
        yield from _daily(DateRange(max(days.since, today - timedelta(days=count - 1)), today))
        return
    yield CreativeStream()  # they change seldom
    yield from _daily(days)
    restated = DateRange(max(days.since, today - timedelta(days=settings.restated_days)), today)
    for level in (Level.ADSET, Level.CAMPAIGN):  # read only to be compared with the ads and the account
        yield from (InsightStream(level, part) for part in _parts(restated))
    for breakdowns in settings.breakdowns:
        names = tuple(name.strip() for name in breakdowns.split(","))
        yield from (InsightStream(Level.AD, part, names) for part in _parts(restated))
    yesterday = DateRange(today - timedelta(days=1), today - timedelta(days=1))
    if settings.hourly:
        yield InsightStream(Level.AD, yesterday, hourly=True)
    if settings.reach:
        yield from (ReachStream(level, window, yesterday) for level in Level for window in _REACH_WINDOWS_DAYS)


def coverage_of(connector: Connector, stream: Stream) -> Coverage:
    """Return what a complete read of a stream covers in the warehouse."""
    account = (connector.platform, connector.account_id)
    if isinstance(stream, EntityStream):
        return Coverage("entities", *account, stream.level)
    if isinstance(stream, CreativeStream):
        return Coverage("creatives", *account)
    if isinstance(stream, ReachStream):
        return Coverage(
            "reach",
            *account,
            stream.level,
            days=stream.ends,
            attribution=connector.attribution,
            window_days=stream.window_days,
        )
    return Coverage(
        "insights",
        *account,
        stream.level,
        days=stream.days,
        breakdowns=stream.breakdown_names,
        attribution=connector.attribution,
    )


def _daily(days: DateRange) -> Iterator[InsightStream]:
    for part in _parts(days):
        yield InsightStream(Level.AD, part)
        # The platform's own sums, one row a day: what the ads are reconciled with.
        yield InsightStream(Level.ACCOUNT, part)


def _parts(days: DateRange) -> Iterator[DateRange]:
    first = days.since
    while first <= days.until:
        last = min(first + timedelta(days=_DAYS_PER_READ - 1), days.until)
        yield DateRange(first, last)
        first = last + timedelta(days=1)
