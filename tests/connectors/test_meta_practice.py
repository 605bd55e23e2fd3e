"""The connector against the practice platform: every row, the platform's own sums, and its faults survived."""

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pydantic import SecretStr

from aibuyer_kit.connectors.base import CreativeStream, EntityStream, InsightStream, ReachStream
from aibuyer_kit.connectors.http import RetryPolicy
from aibuyer_kit.connectors.meta import AccountTotals, MetaConnector, MetaCredentials
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import AuthorisationError, PlatformError, RateLimitError
from aibuyer_kit.sandbox.serve import RunningSandbox, start

# Older than 28 days at the start, so that no figure is restated any more while the clock moves.
WEEK = DateRange(date(2026, 4, 13), date(2026, 4, 19))


@dataclass
class PlatformClock:
    """The practice platform's own time: waiting moves it."""

    platform: RunningSandbox

    def now(self) -> datetime:
        return self.platform.advance(0)

    def sleep(self, seconds: float) -> None:
        self.platform.advance(seconds)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with start("hill", seed=7) as platform:
        yield platform


@pytest.fixture
def platform(running: RunningSandbox) -> Iterator[RunningSandbox]:
    yield running
    control(running, "DELETE", "/faults")


def control(platform: RunningSandbox, method: str, path: str, content: object = None) -> dict[str, Any]:
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(platform.control_url + path, body, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310
        found: dict[str, Any] = json.load(reply)
    return found


def connect(platform: RunningSandbox, *, page_size: int = 50, token: str = "", **policy: float) -> MetaConnector:
    secret = SecretStr(platform.app_secret)
    return MetaConnector(
        platform.account_id,
        MetaCredentials(SecretStr(token or platform.access_token), platform.app_id, None if token else secret),
        graph_url=platform.graph_url,
        clock=PlatformClock(platform),
        page_size=page_size,
        policy=RetryPolicy(**policy),
    )


def week(connector: MetaConnector) -> pa.Table:
    table = pa.concat_tables(connector.fetch(InsightStream(Level.AD, WEEK)))
    return table.sort_by([("entity_id", "ascending"), ("date", "ascending")])


def sums(table: pa.Table) -> AccountTotals:
    return AccountTotals(*(pc.sum(table[name]).as_py() for name in ("spend_micros", "impressions", "clicks")))


def test_the_sum_of_all_ads_is_the_platforms_own_total(platform: RunningSandbox) -> None:
    """Over several pages, with each ad once a day."""
    connector = connect(platform)
    table = week(connector)
    assert sums(table) == connector.account_totals(WEEK)
    assert table.num_rows > 2 * 50
    assert len(set(zip(table["entity_id"].to_pylist(), table["date"].to_pylist(), strict=True))) == table.num_rows


@pytest.mark.parametrize(
    "stream",
    [
        InsightStream(Level.AD, WEEK, ("age", "gender")),
        InsightStream(Level.AD, WEEK, ("country",)),
        InsightStream(Level.AD, WEEK, ("publisher_platform", "platform_position")),
        InsightStream(Level.AD, WEEK, hourly=True),
    ],
    ids=["age and gender", "country", "placement", "hours"],
)
def test_every_breakdown_adds_up_to_the_whole(platform: RunningSandbox, stream: InsightStream) -> None:
    """And each of its rows has a key of its own."""
    connector = connect(platform, page_size=500)
    table = pa.concat_tables(connector.fetch(stream))
    assert sums(table) == connector.account_totals(WEEK)
    assert (
        table.select(["entity_id", "date", "breakdown"])
        .group_by(["entity_id", "date", "breakdown"])
        .aggregate([])
        .num_rows
        == table.num_rows
    )
    assert connector.notices == []


def test_ranges_read_beside_each_other_give_the_same_rows(platform: RunningSandbox) -> None:
    """In the order of their days, whichever was ready first."""
    month = DateRange(WEEK.since, date(2026, 4, 30))
    together, alone = connect(platform), connect(platform)
    together.slow_call_seconds, alone.in_flight = 0.0, 1
    stream = InsightStream(Level.AD, month)
    read = [pa.concat_tables(each.fetch(stream)) for each in (together, alone)]
    order = [("date", "ascending"), ("entity_id", "ascending")]
    assert read[0].sort_by(order).equals(read[1].sort_by(order))
    days = read[0]["date"].to_pylist()
    assert [day // 7 for day in ((day - month.since).days for day in days)] == sorted(
        (day - month.since).days // 7 for day in days
    )


def test_a_report_gives_the_same_rows_as_a_direct_read(platform: RunningSandbox) -> None:
    """Started, looked after and read on the platform's clock."""
    reporting = connect(platform)
    reporting.report_days = 0
    assert week(reporting).equals(week(connect(platform)))


def test_the_reach_of_a_week_is_less_than_the_sum_of_its_days(platform: RunningSandbox) -> None:
    """People who came back are counted once."""
    connector, end = connect(platform), DateRange(WEEK.until, WEEK.until)
    (of_week,) = pa.concat_tables(connector.fetch(ReachStream(Level.ACCOUNT, 7, end))).to_pylist()
    of_days = pa.concat_tables(connector.fetch(ReachStream(Level.ACCOUNT, 1, WEEK))).to_pylist()
    assert len(of_days) == 7
    assert 0 < of_week["reach"] < sum(day["reach"] for day in of_days)
    assert of_week["impressions"] == sum(day["impressions"] for day in of_days)


def test_every_ad_points_to_a_creative_that_was_read(platform: RunningSandbox) -> None:
    """And creatives say something."""
    connector = connect(platform, page_size=15)
    creatives = pa.concat_tables(connector.fetch(CreativeStream())).to_pylist()
    ads = pa.concat_tables(connector.fetch(EntityStream(Level.AD)))["creative_id"].to_pylist()
    assert set(ads) <= {each["creative_id"] for each in creatives}
    assert all(each["title"] or each["body"] for each in creatives)


PASSING = (
    "temporary",
    "html_502",
    "cut_json",
    "unavailable_503",
    "connection_lost",
    "response_lost",
    "repeated_cursor",
)
CUTTING = (
    "reduce_data",
    "too_much_data",
    "sync_timeout",
    "empty_page",
    "cursor_loop",
    "high_usage",
    "unknown_insights",
)


@pytest.mark.parametrize("kind", [*PASSING, *CUTTING])
@pytest.mark.parametrize("count", [1, 50])
def test_no_fault_gives_a_wrong_read_that_looks_whole(platform: RunningSandbox, kind: str, count: int) -> None:
    """Once: row for row the truth. For good: the truth, or an error that says it is incomplete."""
    quiet = week(connect(platform))
    control(platform, "POST", "/faults", {"kind": kind, "count": count, "match": {"path": "insights"}})
    try:
        found = week(connect(platform))
    except PlatformError:
        found = None
    assert found.equals(quiet) if found is not None else count > 1


@pytest.mark.parametrize("kind", ["token_revoked", "scope_lost", "token_expired", "permission"])
def test_a_lost_permission_ends_a_read_with_one_error(kind: str) -> None:
    """Without a second try; what is lost stays lost, so the platform is this test's own."""
    with start("hill", seed=7) as own:
        control(own, "POST", "/faults", {"kind": kind, "count": 1, "match": {"path": "insights"}})
        connector = connect(own)
        with pytest.raises(AuthorisationError):
            week(connector)
        assert connector.counts.retries == 0


@pytest.mark.parametrize("kind", ["http_500", "cut_json"])
def test_faults_in_mid_page_change_no_figure(platform: RunningSandbox, kind: str) -> None:
    """Row for row what a quiet day gives."""
    quiet = week(connect(platform))
    control(platform, "POST", "/faults", {"kind": kind, "count": 3, "match": {"path": "insights"}})
    connector = connect(platform)
    assert week(connector).equals(quiet)
    (report,) = control(platform, "GET", "/faults")["faults"]
    assert report["remaining"] == 0
    assert connector.counts.retries == 3


@pytest.mark.parametrize("code", [80000, 80004, 17])
def test_a_throttle_is_waited_out_without_one_early_call(platform: RunningSandbox, code: int) -> None:
    """On the platform's clock, for as long as its header says."""
    quiet = week(connect(platform))
    control(platform, "POST", "/faults", {"kind": "throttle", "options": {"minutes": 5, "code": code}})
    before = platform.advance(0)
    connector = connect(platform)
    assert week(connector).equals(quiet)
    (report,) = control(platform, "GET", "/faults")["faults"]
    assert (report["remaining"], report["early_calls"]) == (0, 0)
    assert (platform.advance(0) - before).total_seconds() >= 300


def test_a_throttle_longer_than_the_patience_is_handed_back(platform: RunningSandbox) -> None:
    """With the time to wait, and still no early call when somebody tries again."""
    control(platform, "POST", "/faults", {"kind": "throttle", "options": {"minutes": 30}})
    connector = connect(platform, longest_wait_seconds=60.0)
    for _ in range(2):
        with pytest.raises(RateLimitError) as caught:
            connector.account()
        assert caught.value.wait_seconds == pytest.approx(1800, abs=60)
    (report,) = control(platform, "GET", "/faults")["faults"]
    assert report["early_calls"] == 0


def test_objects_nest_as_they_do_on_the_platform(platform: RunningSandbox) -> None:
    """Every ad belongs to an ad set that was read, and every ad set to a campaign."""
    connector = connect(platform, page_size=15)
    read = {level: pa.concat_tables(connector.fetch(EntityStream(level))) for level in Level}
    ids = {level: set(table["entity_id"].to_pylist()) for level, table in read.items()}
    assert ids[Level.ACCOUNT] == {platform.account_id}
    assert len(ids[Level.AD]) == read[Level.AD].num_rows > len(ids[Level.ADSET]) > len(ids[Level.CAMPAIGN]) > 0
    assert set(read[Level.AD]["adset_id"].to_pylist()) == ids[Level.ADSET]
    assert set(read[Level.ADSET]["campaign_id"].to_pylist()) == ids[Level.CAMPAIGN]


def test_a_budget_changed_through_the_sdk_is_read_back_as_it_was_set(platform: RunningSandbox) -> None:
    """Minor units go out, micros come in."""
    from facebook_business.adobjects.adset import AdSet

    connector = connect(platform)
    (adset_id, *_) = pa.concat_tables(connector.fetch(EntityStream(Level.ADSET)))["entity_id"].to_pylist()
    AdSet(adset_id, api=connector.api.sdk).api_update(params={"daily_budget": 12_345})
    rows = pa.concat_tables(connector.fetch(EntityStream(Level.ADSET))).to_pylist()
    assert {row["daily_budget_micros"] for row in rows if row["entity_id"] == adset_id} == {123_450_000}


def test_the_age_of_the_data_is_the_platforms_virtual_time(platform: RunningSandbox) -> None:
    """Not this machine's."""
    connector = connect(platform)
    connector.account()
    assert abs((connector.platform_time() - platform.advance(0)).total_seconds()) < 2


def test_a_wrong_token_is_an_authorisation_error(platform: RunningSandbox) -> None:
    """Without a second try, and without the token in its message."""
    connector = connect(platform, token="EAAcanary0000")
    with pytest.raises(AuthorisationError, match="fresh token") as caught:
        connector.account()
    assert "canary" not in str(caught.value)
    assert connector.counts.calls == 1
