"""How deep a sync reads: all that may move once a day, three days each hour, today and yesterday in between."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import add_client
from aibuyer_kit.connectors.base import CreativeStream, InsightStream, ReachStream
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.sandbox.serve import start
from aibuyer_kit.settings.workspace_settings import MetaSection, SyncSection
from aibuyer_kit.warehouse.read import Reader, ResultSetting
from aibuyer_kit.warehouse.write import CompleteRead
from aibuyer_kit.workflows.cadence import Depth, due_depth, figure_streams
from aibuyer_kit.workflows.connect import client_connectors
from aibuyer_kit.workflows.sync import sync_client

KYIV = ZoneInfo("Europe/Kyiv")
SETTINGS = SyncSection()
DAYS = DateRange(date(2026, 5, 7), date(2026, 6, 4))
PURCHASES = ResultSetting("purchase")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read(since: str, until: str, known_at: str) -> CompleteRead:
    return CompleteRead(DateRange(date.fromisoformat(since), date.fromisoformat(until)), at(known_at))


NIGHT = read("2026-05-07", "2026-06-04", "2026-06-04T01:00")


@pytest.mark.parametrize(
    ("reads", "now", "expected"),
    [
        pytest.param([], "2026-06-04T01:00", Depth.NIGHTLY, id="the-first-sync"),
        pytest.param([NIGHT], "2026-06-04T01:15", Depth.QUICK, id="a-quarter-of-an-hour-later"),
        pytest.param([NIGHT], "2026-06-04T02:00", Depth.HOURLY, id="an-hour-later"),
        pytest.param(
            [NIGHT, read("2026-06-02", "2026-06-04", "2026-06-04T02:00")],
            "2026-06-04T02:45",
            Depth.QUICK,
            id="after-it",
        ),
        pytest.param([NIGHT], "2026-06-04T20:59", Depth.HOURLY, id="late-on-the-accounts-day"),
        pytest.param([NIGHT], "2026-06-04T21:00", Depth.NIGHTLY, id="the-accounts-next-day"),
    ],
)
def test_what_is_due(reads: list[CompleteRead], now: str, expected: Depth) -> None:
    """The account's day begins at 21:00 UTC in Kyiv's summer."""
    assert due_depth(reads, at(now), KYIV, SETTINGS) is expected


@pytest.mark.parametrize(("depth", "since"), [(Depth.QUICK, "2026-06-03"), (Depth.HOURLY, "2026-06-02")])
def test_in_between_only_the_newest_days_are_read(depth: Depth, since: str) -> None:
    """Ads, and the account's own sums to compare with."""
    days = DateRange(date.fromisoformat(since), DAYS.until)
    streams = list(figure_streams(depth, DAYS, SETTINGS))
    assert streams == [InsightStream(Level.ACCOUNT, days), InsightStream(Level.AD, days)]


def test_at_night_everything_is_read() -> None:
    """Creatives, 29 days whole and in three breakdowns, yesterday's hours, and reach of three windows."""
    streams = list(figure_streams(Depth.NIGHTLY, DAYS, SETTINGS))
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
