"""What a sync reads, and how far back: quick every 15 minutes, more each hour, all that may still move each night."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from zoneinfo import ZoneInfo

from aibuyer_kit.connectors.base import (
    REACH_WINDOWS_DAYS,
    Connector,
    CreativeStream,
    EntityStream,
    InsightStream,
    ReachStream,
    Stream,
)
from aibuyer_kit.core.dates import MOST_DAYS_BACK, DateRange, account_date
from aibuyer_kit.core.entities import Level
from aibuyer_kit.settings.workspace_settings import SyncSection
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.write import CompleteRead, RecentRead

# Long enough to keep requests few, short enough for a failure to cost little.
_DAYS_PER_READ = 30
_HOURLY_DAYS = 3
_QUICK_DAYS = 2
# A little less, so that a sync that took some minutes an hour ago does not put the next one off by a quarter.
_AN_HOUR = timedelta(minutes=55)
# The account's own sums, one row a day, are what the ads' are reconciled with.
FIGURE_LEVELS = (Level.AD, Level.ACCOUNT)


class Depth(StrEnum):
    """How often a stream is read, the most urgent first; a sync as deep as one reads those before it, too."""

    QUICK = "quick"  # by every sync: objects, today and yesterday
    HOURLY = "hourly"  # the day before
    NIGHTLY = "nightly"  # whatever else is not settled, broken down too, and reach


def due_streams(
    connector: Connector,
    reads: Sequence[RecentRead],
    days: Mapping[Level, DateRange],
    now: datetime,
    zone: ZoneInfo,
    settings: SyncSection,
    again: Sequence[InsightStream] = (),
) -> Iterator[tuple[Depth, Stream]]:
    """Yield what is due: nightly streams once a day of the account, hourly ones once an hour.

    What complete reads have covered since then is left out, day by day, so that a round that broke off goes on where
    it stopped. `days` are those that a night reads of each level, and end today.
    """
    midnight = datetime.combine(days[Level.AD].until, time(), zone)
    since = {Depth.HOURLY: now - _AN_HOUR, Depth.NIGHTLY: midnight}
    for depth in Depth:
        for stream in streams_of(depth, days, settings, again):
            if depth is Depth.QUICK:
                yield depth, stream
                continue
            coverage = coverage_of(connector, stream)
            done = [read for read in reads if read.known_at >= since[depth] and read.is_of(coverage)]
            yield from ((depth, left) for left in _left_of(stream, coverage.days, done))


def days_to_read(
    reads: Sequence[CompleteRead],
    today: date,
    zone: ZoneInfo,
    settings: SyncSection,
    differing: Sequence[date] = (),
) -> DateRange:
    """Return the days from the first that is not settled to today.

    A day is settled when it was read whole after the platform had stopped restating it; until then each night reads it
    again. The first sync of an account goes back `backfill_days`; later ones go back as far as anything is open. A
    `differing` day, on which levels disagree, is not settled either, within the backfill. What today's reads settle is
    so from tomorrow on: a night that broke off between the kinds of read goes on with the same days.
    """
    backfill = today - timedelta(days=settings.backfill_days - 1)
    first = min([backfill, *(read.days.since for read in reads)])
    settled = _settled(reads, today, zone, settings)
    settled.difference_update(day for day in differing if day >= backfill)
    return DateRange(next(day for day in DateRange(first, today) if day not in settled or day == today), today)


def _settled(reads: Sequence[CompleteRead], today: date, zone: ZoneInfo, settings: SyncSection) -> set[date]:
    """Return the days that were read whole after the platform had stopped restating them."""
    settled: set[date] = set()
    for read in reads:
        known_on = account_date(read.known_at, zone)
        last = known_on - timedelta(days=settings.restated_days + (known_on == today))
        if last >= read.days.since:
            settled.update(DateRange(read.days.since, min(read.days.until, last)))
    return settled


def streams_of(
    depth: Depth, days: Mapping[Level, DateRange], settings: SyncSection, again: Sequence[InsightStream] = ()
) -> Iterator[Stream]:
    """Yield the streams of one depth alone, oldest days first; `days` are those that a night reads of each level.

    `again` is what a night reads besides.

    The account's own object is not among them: it is read before anything else, to know its zone and its day.
    """
    today = days[Level.AD].until
    newest = today - timedelta(days=_QUICK_DAYS - 1)
    if depth is Depth.QUICK:
        yield from (EntityStream(level) for level in Level if level is not Level.ACCOUNT)
        yield from _daily(days, newest, today)
    elif depth is Depth.HOURLY:
        yield from _daily(days, today - timedelta(days=_HOURLY_DAYS - 1), newest - timedelta(days=1))
    else:
        yield CreativeStream()  # they change seldom
        yield from _daily(days, date.min, today - timedelta(days=_HOURLY_DAYS))
        yield from _nightly(days[Level.AD], settings)
        yield from again


def _nightly(days: DateRange, settings: SyncSection) -> Iterator[Stream]:
    today, restated = days.until, restated_days(days, settings)
    for kind in _kinds_of_a_night(restated, settings):
        yield from (replace(kind, days=part) for part in _parts(restated))
    if settings.reach:
        yesterday = DateRange(today - timedelta(days=1), today - timedelta(days=1))
        yield from (ReachStream(level, window, yesterday) for level in Level for window in REACH_WINDOWS_DAYS)


def restated_days(days: DateRange, settings: SyncSection) -> DateRange:
    """Return those of the days that a night reads which the platform may still restate."""
    return DateRange(max(days.since, days.until - timedelta(days=settings.restated_days)), days.until)


def lost_streams(
    connector: Connector, lost: Callable[[Coverage], Sequence[date]], today: date, settings: SyncSection
) -> Iterator[Stream]:
    """Yield what is left to be read of lost sealed months, broken down too, as far back as the backfill goes.

    Windows of reach that had been read are read again as far back as the platform tells of them. `lost` returns the
    days that reads of a coverage's kind have not covered since.
    """
    backfill = DateRange(today - timedelta(days=settings.backfill_days - 1), today)
    whole = [InsightStream(level, backfill) for level in FIGURE_LEVELS]
    for kind in (*whole, *_kinds_broken_down(backfill, settings)):
        for first, last in _runs([day for day in lost(coverage_of(connector, kind)) if day in backfill]):
            yield from (replace(kind, days=part) for part in _parts(DateRange(first, last)))
    for window in _windows(today) if settings.reach else ():
        told = [day for day in lost(coverage_of(connector, window)) if day in window.ends]
        for first, last in _runs(told):
            yield from (replace(window, ends=part) for part in _parts(DateRange(first, last)))


def unsettled_streams(
    connector: Connector,
    reads_of: Callable[[Coverage], Sequence[CompleteRead]],
    days: DateRange,
    zone: ZoneInfo,
    settings: SyncSection,
) -> Iterator[InsightStream]:
    """Yield what nights have read of older days and never after these were settled, as far back as the backfill goes.

    That is so where a night broke off and none came before the next day, on which its oldest day is nobody's any more.
    `days` are those that a night reads of the ads; `reads_of` returns all complete reads of a coverage's kind.
    """
    today, first = days.until, restated_days(days, settings).since
    backfill = today - timedelta(days=settings.backfill_days - 1)
    for kind in _kinds_of_a_night(days, settings):
        reads = reads_of(coverage_of(connector, kind))
        known = {day for read in reads for day in read.days if backfill <= day < first}
        for since, until in _runs(sorted(known - _settled(reads, today, zone, settings))):
            yield from (replace(kind, days=part) for part in _parts(DateRange(since, until)))


def _windows(today: date) -> Iterator[ReachStream]:
    """Yield the kinds of reach, each with all windows that have ended and of which the platform still tells."""
    oldest, yesterday = today - timedelta(days=MOST_DAYS_BACK - 1), today - timedelta(days=1)
    for level in Level:
        for length in REACH_WINDOWS_DAYS:
            yield ReachStream(level, length, DateRange(oldest + timedelta(days=length - 1), yesterday))


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


def _daily(days: Mapping[Level, DateRange], since: date, until: date) -> Iterator[InsightStream]:
    """Yield the daily figures from `since` to `until`, as far as each level is read at all, oldest days first."""
    found = list[InsightStream]()
    for level, wanted in days.items():
        first, last = max(since, wanted.since), min(until, wanted.until)
        if first <= last:
            found += [InsightStream(level, part) for part in _parts(DateRange(first, last))]
    yield from sorted(found, key=lambda stream: stream.days.since)


def _left_of(stream: Stream, days: DateRange | None, done: Sequence[RecentRead]) -> Iterator[Stream]:
    """Yield what is left of a stream when the days that were `done` are taken out of it."""
    if days is None:
        if not done:
            yield stream
        return
    covered = {day for read in done if read.days for day in read.days}
    for first, last in _runs([day for day in days if day not in covered]):
        if isinstance(stream, ReachStream):
            yield replace(stream, ends=DateRange(first, last))
        elif isinstance(stream, InsightStream):
            yield replace(stream, days=DateRange(first, last))


def _runs(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of each run of days without a gap."""
    for _, run in groupby(enumerate(days), key=lambda each: each[1].toordinal() - each[0]):
        found = [day for _, day in run]
        yield found[0], found[-1]


def _kinds_of_a_night(days: DateRange, settings: SyncSection) -> Iterator[InsightStream]:
    """Yield the kinds of figures that nights alone read, over all `days`."""
    for level in (Level.ADSET, Level.CAMPAIGN):  # read only to be compared with the ads and the account
        yield InsightStream(level, days)
    yield from _kinds_broken_down(days, settings)
    if settings.hourly:
        yield InsightStream(Level.AD, days, hourly=True)


def _kinds_broken_down(days: DateRange, settings: SyncSection) -> Iterator[InsightStream]:
    for breakdowns in settings.breakdowns:
        yield InsightStream(Level.AD, days, tuple(name.strip() for name in breakdowns.split(",")))


def _parts(days: DateRange) -> Iterator[DateRange]:
    first = days.since
    while first <= days.until:
        last = min(first + timedelta(days=_DAYS_PER_READ - 1), days.until)
        yield DateRange(first, last)
        first = last + timedelta(days=1)
