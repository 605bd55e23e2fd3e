"""How deep a sync reads: all that may move once a day, three days each hour, today and yesterday in between."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import add_client
from aibuyer_kit.connectors.base import CreativeStream, EntityStream, InsightStream, ReachStream, Stream
from aibuyer_kit.connectors.meta import MetaConnector, MetaCredentials
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.sandbox.serve import start
from aibuyer_kit.settings.workspace_settings import MetaSection, SyncSection
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import RecentRead
from aibuyer_kit.workflows.cadence import Depth, due_streams, streams_of
from aibuyer_kit.workflows.connect import client_connectors
from aibuyer_kit.workflows.sync import sync_client

KYIV = ZoneInfo("Europe/Kyiv")
SETTINGS = SyncSection()
DAYS = DateRange(date(2026, 5, 7), date(2026, 6, 4))
PURCHASES = ResultSetting("purchase")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


EVERY = {Level.AD: DAYS, Level.ACCOUNT: DAYS}
CONNECTOR = MetaConnector("act_1", MetaCredentials(SecretStr("never sent")))


def read(since: str, until: str, known_at: str, *, level: str = "ad", label: str = "insights") -> RecentRead:
    return RecentRead(label, level, DateRange(date.fromisoformat(since), date.fromisoformat(until)), at(known_at))


def due(now: str, *reads: RecentRead) -> list[tuple[Depth, Stream]]:
    return [
        each for each in due_streams(CONNECTOR, reads, EVERY, at(now), KYIV, SETTINGS) if each[0] is not Depth.QUICK
    ]


def daily(reads: list[tuple[Depth, Stream]], level: Level = Level.AD) -> list[str]:
    """Return depth and days of what is due of one level's figures, not broken down."""
    return [
        f"{depth} {stream.days}"
        for depth, stream in reads
        if isinstance(stream, InsightStream) and stream.level is level and not stream.breakdown_names
    ]


NIGHT = read("2026-05-07", "2026-06-01", "2026-06-04T01:00")
THIRD_DAY = read("2026-06-02", "2026-06-02", "2026-06-04T01:00")


@pytest.mark.parametrize(
    ("reads", "now", "expected"),
    [
        pytest.param(
            [], "2026-06-04T01:00", ["hourly 2026-06-02", "nightly 2026-05-07 to 2026-06-01"], id="the-first-sync"
        ),
        pytest.param([NIGHT, THIRD_DAY], "2026-06-04T01:15", [], id="a-quarter-of-an-hour-later"),
        pytest.param([NIGHT, THIRD_DAY], "2026-06-04T02:00", ["hourly 2026-06-02"], id="an-hour-later"),
        pytest.param(
            [NIGHT, read("2026-06-02", "2026-06-02", "2026-06-04T02:00")], "2026-06-04T02:45", [], id="after-it"
        ),
        pytest.param([NIGHT], "2026-06-04T20:59", ["hourly 2026-06-02"], id="late-on-the-accounts-day"),
        pytest.param(
            [read("2026-05-07", "2026-06-01", "2026-06-03T20:59"), THIRD_DAY],
            "2026-06-04T01:15",
            ["nightly 2026-05-07 to 2026-06-01"],
            id="read-on-the-accounts-day-before",
        ),
        pytest.param(
            [
                read("2026-05-07", "2026-05-12", "2026-06-04T01:00"),
                read("2026-05-20", "2026-05-21", "2026-06-04T01:00"),
            ],
            "2026-06-04T01:15",
            ["hourly 2026-06-02", "nightly 2026-05-13 to 2026-05-19", "nightly 2026-05-22 to 2026-06-01"],
            id="a-night-that-broke-off-goes-on-with-what-is-left",
        ),
        pytest.param(
            [read("2026-05-07", "2026-06-02", "2026-06-04T01:00", label="insights by country")],
            "2026-06-04T01:15",
            ["hourly 2026-06-02", "nightly 2026-05-07 to 2026-06-01"],
            id="a-breakdown-is-not-the-whole",
        ),
    ],
)
def test_what_is_due(reads: list[RecentRead], now: str, expected: list[str]) -> None:
    """The account's day begins at 21:00 UTC in Kyiv's summer."""
    assert daily(due(now, *reads)) == expected


def test_every_sync_reads_objects_and_the_newest_days() -> None:
    """Whatever was read before: ads, and the account's own sums to compare with."""
    streams = list(streams_of(Depth.QUICK, EVERY, SETTINGS))
    newest = DateRange(date(2026, 6, 3), DAYS.until)
    assert streams[:3] == [EntityStream(level) for level in (Level.CAMPAIGN, Level.ADSET, Level.AD)]
    assert streams[3:] == [InsightStream(Level.AD, newest), InsightStream(Level.ACCOUNT, newest)]


def test_each_level_is_read_as_far_back_as_it_is_open() -> None:
    """The account's own sums may have been read when the ads' had failed."""
    days = {Level.AD: DAYS, Level.ACCOUNT: DateRange(date(2026, 5, 25), DAYS.until)}
    streams = [(Depth.NIGHTLY, each) for each in streams_of(Depth.NIGHTLY, days, SETTINGS)]
    assert daily(streams, Level.AD) == ["nightly 2026-05-07 to 2026-06-01"]
    assert daily(streams, Level.ACCOUNT) == ["nightly 2026-05-25 to 2026-06-01"]


def test_the_longest_backfill_leaves_no_day_out() -> None:
    """37 months, in reads of at most 30 days, each day once."""
    months = DateRange(date(2023, 5, 9), date(2026, 6, 4))
    asked = [
        stream
        for depth in Depth
        for stream in streams_of(depth, {Level.AD: months, Level.ACCOUNT: months}, SETTINGS)
        if isinstance(stream, InsightStream) and stream.level is Level.AD and not stream.breakdown_names
    ]
    assert len(months) == 1123
    assert sorted(day for stream in asked for day in stream.days) == list(months)
    assert max(len(stream.days) for stream in asked) <= 30


def test_at_night_everything_is_read() -> None:
    """Creatives, 29 days in three breakdowns and by the hour, and reach of three windows."""
    streams = list(streams_of(Depth.NIGHTLY, EVERY, SETTINGS))
    assert [each.days for each in streams if isinstance(each, InsightStream) and each.hourly] == [DAYS]
    assert CreativeStream() in streams
    broken_down = {
        each.breakdowns: each.days for each in streams if isinstance(each, InsightStream) and each.breakdowns
    }
    assert set(broken_down.values()) == {DAYS}
    assert len(broken_down) == 3
    reach = {(each.level, each.window_days) for each in streams if isinstance(each, ReachStream)}
    assert reach == {(level, days) for level in Level for days in (1, 7, 28)}


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """One night's read of a practice account."""
    folder: Path = tmp_path_factory.mktemp("night")
    with start("hill", seed=11) as platform:
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        shop = add_client(folder, "shop", ClientFile(name="Sample", clock="platform", accounts=(account,)))
        connectors = client_connectors(shop, MetaSection(), access_token=SecretStr(platform.access_token))
        report = sync_client(shop, connectors, SyncSection(backfill_days=8, restated_days=7))
        assert report.failures == ()
        assert report.disagreements == ()
    return Reader(shop.warehouse)


@pytest.mark.parametrize("names", [("age", "gender"), ("country",), ("platform_position", "publisher_platform")])
def test_the_parts_of_a_breakdown_make_the_whole(synced: Reader, names: tuple[str, ...]) -> None:
    """Spend, impressions and clicks by age, country or placement add up to the ads' own."""
    days = DateRange(date(2026, 5, 25), date(2026, 5, 31))
    whole, parts = (
        synced.insights(Level.ACCOUNT, days, result=PURCHASES, breakdown=each).rows() for each in ((), names)
    )
    for measure in ("spend", "impressions", "clicks"):
        assert sum(row[measure] for row in parts) == pytest.approx(sum(row[measure] for row in whole))
    assert len(parts) > len(whole)


def test_the_hours_of_yesterday_make_the_day(synced: Reader) -> None:
    """24 hours of an ordinary day."""
    yesterday = DateRange(date(2026, 5, 31), date(2026, 5, 31))
    (day,) = synced.insights(Level.ACCOUNT, yesterday, result=PURCHASES).rows()
    hours = synced.insights(Level.ACCOUNT, yesterday, result=PURCHASES, breakdown=("hour",)).rows()
    assert sorted(row["hour"] for row in hours) == [f"{hour:02d}" for hour in range(24)]
    assert sum(row["impressions"] for row in hours) == day["impressions"]


def test_an_hour_gets_the_results_that_come_later(tmp_path: Path) -> None:
    """Four days on, the hours of a day still add up to its results, which have grown meanwhile."""
    day = DateRange(date(2026, 5, 31), date(2026, 5, 31))
    totals = []
    with start("hill", seed=11) as platform:
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        shop = add_client(tmp_path, "shop", ClientFile(name="Sample", clock="platform", accounts=(account,)))
        settings = SyncSection(backfill_days=2, restated_days=7, breakdowns=[], reach=False)
        for _ in range(2):
            sync_client(
                shop, client_connectors(shop, MetaSection(), access_token=SecretStr(platform.access_token)), settings
            )
            rows = (
                Reader(shop.warehouse).insights(Level.ACCOUNT, day, result=PURCHASES, breakdown=each).rows()
                for each in ((), ("hour",))
            )
            totals.append([sum(row["results"] for row in each) for each in rows])
            platform.advance(4 * 86_400)
    (first, first_of_hours), (later, later_of_hours) = totals
    assert (first_of_hours, later_of_hours) == (first, later)
    assert first < later


def test_reach_belongs_to_its_window(synced: Reader) -> None:
    """More people in a week than in a day, and fewer than seven days added up; impressions over people is frequency."""
    yesterday = DateRange(date(2026, 5, 31), date(2026, 5, 31))
    day, week = (synced.reach(Level.ACCOUNT, window, yesterday).rows()[0] for window in (1, 7))
    assert day["reach"] < week["reach"] < 7 * day["reach"]
    assert week["frequency"] == week["impressions"] / week["reach"]


def test_ads_point_to_the_creatives_that_were_read(synced: Reader) -> None:
    """Every ad's creative is there, with its words."""
    creatives = {row["creative_id"]: row for row in synced.creatives().rows()}
    shown = {row["creative_id"] for row in synced.entities(Level.AD).rows()}
    assert shown <= set(creatives)
    assert all(creatives[creative_id]["title"] for creative_id in shown)
