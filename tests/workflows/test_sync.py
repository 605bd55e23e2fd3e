"""Syncing over HTTP through the official SDK: what was served each time is what was known each time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import httpx
import pytest
from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.access.result_sections import ResultSection
from aibuyer_kit.connectors.meta import MetaConnector
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import AuthorisationError
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.sandbox.serve import RunningSandbox, start
from aibuyer_kit.settings.workspace_settings import MetaSection, SyncSection
from aibuyer_kit.warehouse.files import WarehouseFiles
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import CompleteRead
from aibuyer_kit.workflows.cadence import Depth, days_to_read
from aibuyer_kit.workflows.connect import client_connectors
from aibuyer_kit.workflows.report import client_overview
from aibuyer_kit.workflows.status import service_rows, workspace_status
from aibuyer_kit.workflows.sync import SyncReport, sync_client

SETTINGS = SyncSection(backfill_days=35, breakdowns=[], hourly=False, reach=False)
PURCHASES = ResultSetting("purchase")


class PlatformClock:
    """The practice platform's own clock: waiting for it lets its time pass."""

    def __init__(self, platform: RunningSandbox) -> None:
        self._platform = platform
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._platform.market.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._platform.advance(seconds)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A client whose account is served by a practice platform, a connector to it, and a clock that waits at once."""
    with start("hill", seed=11) as platform:
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        context = add_client(tmp_path, "shop", ClientFile(name="Sample", clock="platform", accounts=(account,)))
        clock = PlatformClock(platform)
        (connector,) = client_connectors(
            context, MetaSection(page_rows=100), access_token=SecretStr(platform.access_token), clock=clock
        )
        yield SimpleNamespace(platform=platform, context=context, connector=connector, clock=clock)


def sync(shop: SimpleNamespace) -> SyncReport:
    return sync_client(shop.context, [shop.connector], SETTINGS)


def fault(platform: RunningSandbox, kind: str, count: int, **match: str) -> None:
    httpx.post(f"{platform.control_url}/faults", json={"kind": kind, "count": count, "match": match}).raise_for_status()


def ad_days(context: ClientContext, as_of: int | None = None) -> dict[tuple[str, date], tuple[object, ...]]:
    days = DateRange(date(2026, 1, 1), date(2026, 12, 31))
    rows = Reader(context.warehouse).insights(Level.AD, days, result=PURCHASES, as_of=as_of).rows()
    names = ("spend", "impressions", "clicks", "results", "revenue")
    return {(row["entity_id"], row["date"]): tuple(row[name] for name in names) for row in rows}


def served(connector: MetaConnector, days: DateRange) -> dict[tuple[str, date], tuple[object, ...]]:
    """Return the same figures as the platform serves them at this moment, read page by page without a warehouse."""
    from aibuyer_kit.connectors.base import InsightStream

    found = {}
    for page in connector.fetch(InsightStream(Level.AD, days)):
        for row in page.to_pylist():
            results, revenue = (
                sum(each["total"] for each in row[name] if each["action_type"] == "purchase")
                for name in ("actions", "action_values")
            )
            found[row["entity_id"], row["date"]] = (
                row["spend_micros"] / 1e6, row["impressions"], row["clicks"], results, revenue / 1e6
            )  # fmt: skip
    return found


def test_each_sync_is_remembered_as_it_was_served(shop: SimpleNamespace) -> None:
    """Three syncs on three days: the past reads as it was served then, although results have been restated since."""
    served_then = []
    for _ in range(3):
        report = sync(shop)
        assert report.failures == ()
        days = DateRange(
            min(load.coverage.days.since for load in report.loads if load.coverage.days), date(2026, 12, 31)
        )
        served_then.append((report.loads[-1].load_id, served(shop.connector, days)))
        shop.platform.advance(86_400)
    assert served_then[0][1] != {key: served_then[2][1].get(key) for key in served_then[0][1]}
    for load_id, expected in served_then:
        known = ad_days(shop.context, as_of=load_id)
        assert {key: known[key] for key in expected} == expected


def test_totals_equal_the_platforms_own(shop: SimpleNamespace) -> None:
    """The sum over ads and days in the warehouse is the account's own figure."""
    sync(shop)
    fresh = Reader(shop.context.warehouse).freshness()
    assert fresh.first_day
    assert fresh.last_day
    theirs = shop.connector.account_totals(DateRange(fresh.first_day, fresh.last_day))
    ours = [sum(column) for column in zip(*((row[:3]) for row in ad_days(shop.context).values()), strict=True)]
    assert [round(ours[0] * 1e6), *ours[1:]] == [theirs.spend_micros, theirs.impressions, theirs.clicks]


@pytest.mark.parametrize("kind", ["http_500", "throttle", "cut_json"])
def test_a_sync_survives_each_fault(shop: SimpleNamespace, kind: str) -> None:
    """A faulty answer to insights is waited out, and the facts are those of a faultless read."""
    fault(shop.platform, kind, 1, path="insights")
    report = sync(shop)
    assert report.failures == ()
    assert shop.clock.slept
    clean = served(shop.connector, DateRange(date(2026, 4, 1), date(2026, 12, 31)))
    known = ad_days(shop.context)
    since = min(day for _, day in known)
    assert known == {key: figures for key, figures in clean.items() if key[1] >= since}
    assert len(known) > 500


def test_a_stream_that_stays_broken_is_named_and_closes_nothing(shop: SimpleNamespace) -> None:
    """The objects are read, the insights keep what they had, and the next sync fills the gap."""
    sync(shop)
    before = ad_days(shop.context)
    shop.platform.advance(86_400)
    fault(shop.platform, "http_500", 1000, path="insights")
    broken = sync(shop)
    assert [failure.stream.split(" ", 1)[1].split(" insights")[0] for failure in broken.failures] == [
        *("ad", "account") * 3,  # today and yesterday, the day before, and all that a night reads
        *("adset", "campaign"),
    ]
    assert ad_days(shop.context) == before
    httpx.delete(f"{shop.platform.control_url}/faults").raise_for_status()
    assert sync(shop).failures == ()
    assert len(ad_days(shop.context)) > len(before)


def test_a_day_that_the_platform_served_in_part_raises_an_alarm_until_it_is_whole(shop: SimpleNamespace) -> None:
    """The page looks whole; only the account's own figures tell that ads of one day are missing."""
    fault(shop.platform, "partial_day", 1, path="insights", query="2026-05-04")
    alarmed = sync(shop)
    assert alarmed.failures == ()
    days = {each.day for each in alarmed.disagreements}
    assert len(days) == 1
    assert "ALARM" in alarmed.summary()
    healed = sync_client(shop.context, [shop.connector], SETTINGS, depth=Depth.NIGHTLY)
    assert healed.disagreements == ()


def test_a_sync_mends_a_snapshot_that_does_not_open(shop: SimpleNamespace) -> None:
    """The cure that the reader names must not stumble over the same file."""
    sync(shop)
    before = ad_days(shop.context)
    WarehouseFiles(shop.context.warehouse).current().write_bytes(b"not a database" * 1000)
    assert sync(shop).failures == ()
    assert ad_days(shop.context).keys() == before.keys()


def test_what_a_deleted_ad_has_spent_stays(shop: SimpleNamespace) -> None:
    """Insights leave deleted ads out unless their status is asked for; their spend must not vanish from the past."""
    sync(shop)
    before = ad_days(shop.context)
    gone = min(before)[0]
    deleted = httpx.delete(
        f"{shop.platform.graph_url}/v26.0/{gone}", params={"access_token": shop.platform.access_token}
    )
    deleted.raise_for_status()
    shop.platform.advance(86_400)
    report = sync(shop)
    assert (report.failures, report.disagreements) == ((), ())
    assert {key for key in before if key[0] == gone} <= set(ad_days(shop.context))


def test_a_wrong_token_ends_the_account_with_an_authorisation_error(shop: SimpleNamespace) -> None:
    """Nothing is retried with a token that the platform refuses, and the token is not in the message."""
    (stranger,) = client_connectors(shop.context, MetaSection(), access_token=SecretStr("canary"), clock=shop.clock)
    report = sync_client(shop.context, [stranger], SETTINGS)
    assert [type(failure.error) for failure in report.failures] == [AuthorisationError]
    assert "canary" not in report.summary()
    assert shop.clock.slept == []


def test_a_sync_that_failed_is_told_until_one_goes_well(shop: SimpleNamespace) -> None:
    """Status names what could not be read, the week of the practice account's own time goes on, and a sync heals."""
    sync(shop)
    known = sum(row["reads"] for row in service_rows(shop.context) if row["period"] == "last 7 days")
    shop.platform.advance(86_400)
    (stranger,) = client_connectors(shop.context, MetaSection(), access_token=SecretStr("canary"))
    sync_client(shop.context, [stranger], SETTINGS)
    (row,) = workspace_status(shop.context.folder.parent.parent)
    assert f"the last sync could not read {shop.platform.account_id} account entities: Meta GET" in row["problem"]
    assert "Connect the account again with a fresh token" in row["problem"]
    assert [each["reads"] for each in row["service"]] == [1, known + 1]
    sync(shop)
    (row,) = workspace_status(shop.context.folder.parent.parent)
    assert row["problem"] is None


def test_the_overview_adds_up_to_the_days_that_it_names(shop: SimpleNamespace) -> None:
    """Headline, campaigns and days are three views of one sum."""
    sync(shop)
    overview = client_overview(shop.context, Reader(shop.context.warehouse), days=7)
    assert len(overview.daily) == 7
    for name in ("spend", "results", "revenue"):
        total = overview.totals[name]
        assert total == pytest.approx(sum(row.values[name] or 0 for row in overview.campaigns))
        assert total == pytest.approx(sum(values[name] or 0 for _, values in overview.daily))
    by_hand = sum(figures[0] for (_, day), figures in ad_days(shop.context).items() if day in overview.period)
    assert overview.totals["spend"] == pytest.approx(by_hand)


def read(since: str, until: str, known_on: str) -> CompleteRead:
    known_at = datetime.fromisoformat(f"{known_on}T12:00+00:00")
    return CompleteRead(DateRange(date.fromisoformat(since), date.fromisoformat(until)), known_at)


@pytest.mark.parametrize(
    ("reads", "today", "expected"),
    [
        pytest.param([], "2026-03-06", "2026-01-31 to 2026-03-06", id="the-first-sync-reads-the-backfill"),
        pytest.param(
            [read("2026-01-30", "2026-03-05", "2026-03-05")], "2026-03-06", "2026-02-06 to 2026-03-06", id="next-day"
        ),
        pytest.param(
            [read("2026-01-31", "2026-03-06", "2026-03-06")], "2026-03-06", "2026-02-06 to 2026-03-06", id="same-day"
        ),
        pytest.param(
            [read("2026-01-31", "2026-02-01", "2026-03-05"), read("2026-02-20", "2026-03-05", "2026-03-05")],
            "2026-03-06",
            "2026-02-02 to 2026-03-06",
            id="a-hole",
        ),
        pytest.param(
            [read("2025-12-28", "2026-01-31", "2026-01-31")],
            "2026-03-12",
            "2026-01-04 to 2026-03-12",
            id="after-a-pause-what-was-still-open-is-read-again",
        ),
        pytest.param(
            [read("2025-12-28", "2026-01-31", "2026-01-31")],
            "2026-06-20",
            "2026-01-04 to 2026-06-20",
            id="a-pause-longer-than-the-backfill-leaves-no-hole",
        ),
    ],
)
def test_a_sync_reads_from_the_first_day_that_is_not_settled(
    reads: list[CompleteRead], today: str, expected: str
) -> None:
    """35 days of backfill, 28 days restated: a day is settled by a whole read at 28 days of age, before today."""
    assert str(days_to_read(reads, date.fromisoformat(today), ZoneInfo("UTC"), SETTINGS)) == expected


def test_the_day_of_a_read_is_the_accounts_own() -> None:
    """At 23:30 in London it is tomorrow in Kyiv: the day that is 28 days old there is settled already."""
    at_night = CompleteRead(DateRange(date(2026, 1, 1), date(2026, 2, 28)), datetime(2026, 2, 27, 23, 30, tzinfo=UTC))
    days = [
        days_to_read([at_night], date(2026, 3, 1), ZoneInfo(zone), SyncSection(backfill_days=59)).since
        for zone in ("UTC", "Europe/Kyiv")
    ]
    assert days == [date(2026, 1, 31), date(2026, 2, 1)]


def test_the_first_sync_says_what_never_comes_and_later_ones_do_not(shop: SimpleNamespace) -> None:
    """As doctor says it: leads count, and the campaigns sell."""
    counted = shop.context.settings.model_copy(update={"result": ResultSection(action_type="lead")})
    context = replace(shop.context, settings=counted)
    first, second = (sync_client(context, [shop.connector], SETTINGS) for _ in range(2))
    (hint,) = first.notices
    assert hint.startswith("client.toml, [result]: OUTCOME_SALES never reports 'lead'. It reports ")
    assert f"NOTE {hint}" in first.summary()
    assert second.notices == ()
