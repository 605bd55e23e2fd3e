"""Bad rows of a practice account, from the platform's answer to the page that names the days in doubt."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import add_client
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.i18n import format_day
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.sandbox.serve import start
from aibuyer_kit.settings.workspace_settings import MetaSection, SyncSection
from aibuyer_kit.warehouse.connection import open_to_read
from aibuyer_kit.warehouse.files import WarehouseFiles
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.cadence import Depth
from aibuyer_kit.workflows.connect import client_connectors
from aibuyer_kit.workflows.quarantine import quarantined
from aibuyer_kit.workflows.reconcile import reconciliation
from aibuyer_kit.workflows.report import client_overview
from aibuyer_kit.workflows.status import client_status
from aibuyer_kit.workflows.sync import SyncReport, sync_client

PURCHASES = ResultSetting("purchase")
YEAR = DateRange(date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A client of a practice account of whose answers single rows can be spoilt; a day is settled after two days."""
    with start("hill", seed=5) as platform:
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        context = add_client(tmp_path, "shop", ClientFile(name="Sample", clock="platform", accounts=(account,)))
        connectors = client_connectors(context, MetaSection(), access_token=SecretStr(platform.access_token))
        yield SimpleNamespace(platform=platform, context=context, connectors=connectors)


def sync(shop: SimpleNamespace, depth: Depth | None = Depth.NIGHTLY) -> SyncReport:
    settings = SyncSection(backfill_days=10, restated_days=2, breakdowns=[], hourly=False, reach=False)
    return sync_client(shop.context, shop.connectors, settings, depth=depth)


def spoil(shop: SimpleNamespace, *, count: int = 1, path: str = "insights", query: str = "", **options: Any) -> None:
    asked = {"kind": "bad_row", "count": count, "match": {"path": path, "query": query}, "options": options}
    httpx.post(f"{shop.platform.control_url}/faults", json=asked).raise_for_status()


def ad_days(shop: SimpleNamespace, level: Level = Level.AD) -> dict[tuple[str, date], tuple[object, ...]]:
    rows = Reader(shop.context.warehouse).insights(level, YEAR, result=PURCHASES).rows()
    return {(row["entity_id"], row["date"]): (row["spend"], row["clicks"], row["results"]) for row in rows}


def test_a_bad_row_is_set_aside_its_day_is_read_again_and_a_good_row_resolves_it(shop: SimpleNamespace) -> None:
    """A count below zero, on a day that is settled by now: its earlier figures stay, and one day is read besides."""
    sync(shop)
    before = ad_days(shop)
    shop.platform.advance(86_400)
    oldest = min(day for _, day in before)
    again = SyncSection(backfill_days=10, restated_days=10, breakdowns=[], hourly=False, reach=False)
    spoil(shop, query=f"(?=.*level=ad&).*since[^,]*{oldest}", field="clicks", value="-1")
    report = sync_client(shop.context, shop.connectors, again, depth=Depth.NIGHTLY)
    assert report.failures == ()
    assert report.total("rejected") == 1
    shop.platform.advance(86_400)
    assert "QUARANTINE 1 row" in report.summary()
    (entry,) = quarantined(shop.context)
    assert (entry["field"], entry["level"], entry["date"]) == ("clicks", "ad", oldest)
    key = (entry["entity_id"], entry["date"])
    assert ad_days(shop)[key] == before[key]

    healed = sync(shop)
    read = [str(load.coverage.days) for load in healed.loads if load.coverage.level == "ad" and load.coverage.days]
    assert read == ["2026-06-02 to 2026-06-03", "2026-06-01", str(oldest)]
    assert quarantined(shop.context) == []
    (entry,) = quarantined(shop.context, resolved=True)
    assert entry["resolved_by"] in {load.load_id for load in healed.loads}


def test_a_row_without_its_id_leaves_its_whole_day_as_it_was(shop: SimpleNamespace) -> None:
    """Nobody can tell which ad it was about, so none of that day is gone; the figures heal with the next read."""
    sync(shop)
    before = ad_days(shop)
    spoil(shop, query="level=ad&", field="ad_id", value="")
    assert sync(shop).total("closed") == 0
    assert ad_days(shop) == before
    assert [row["entity_id"] for row in quarantined(shop.context)] == [None]
    sync(shop)
    assert quarantined(shop.context) == []


def test_a_bad_object_does_not_stop_the_objects(shop: SimpleNamespace) -> None:
    """One campaign's budget cannot be read: the others are known, and so are all figures."""
    spoil(shop, path="/campaigns", field="daily_budget", value="12.5.1")
    assert sync(shop).failures == ()
    (entry,) = quarantined(shop.context)
    campaigns = {row["entity_id"] for row in Reader(shop.context.warehouse).entities(Level.CAMPAIGN).rows()}
    assert (entry["facts"], entry["level"]) == ("entities", "campaign")
    assert campaigns
    assert entry["entity_id"] not in campaigns
    sync(shop)
    assert quarantined(shop.context) == []


def test_a_page_of_another_form_fails_its_stream_and_sets_nothing_aside(shop: SimpleNamespace) -> None:
    """Every row changed: the format has, and the read is not complete."""
    drift = {"kind": "schema_drift", "count": 1, "match": {"path": "insights", "query": "level=ad&"}}
    httpx.post(f"{shop.platform.control_url}/faults", json=drift).raise_for_status()
    report = sync(shop)
    assert ["ad insights" in failure.stream for failure in report.failures] == [True]
    assert quarantined(shop.context) == []
    assert sync(shop).failures == ()


def test_the_page_names_the_days_whose_totals_lack_a_row(shop: SimpleNamespace) -> None:
    """In the client's language; a row of a level that is only compared with the ads touches no total."""
    spoil(shop, query="level=ad&", field="spend", value="abc")
    spoil(shop, query="level=campaign&", field="spend", value="abc", row=5)
    sync(shop)
    of_ads, of_campaigns = quarantined(shop.context)
    assert (of_ads["level"], of_campaigns["level"]) == ("ad", "campaign")
    day = format_day(of_ads["date"], "en")
    overview = client_overview(shop.context, Reader(shop.context.warehouse), days=10)
    assert [note for note in overview.warnings if "could not be read" in note] == [
        f"Rows of 1 day could not be read and are set aside ({day}): its figures may be wrong."
    ]
    assert client_status(shop.context)["quarantined"] == 2


def test_a_night_compares_all_four_levels(shop: SimpleNamespace) -> None:
    """Ads, ad sets and campaigns, each by reads of their own, equal the account's own figures to the micro."""
    sync(shop)
    reader = Reader(shop.context.warehouse)
    fresh = reader.freshness()
    found = reconciliation(shop.context, reader, DateRange(fresh.known_at.date() - timedelta(2), date(2026, 5, 31)))
    assert (found.state, found.levels, found.through) == ("reconciled", tuple(Level), date(2026, 5, 31))
    for level in (Level.ADSET, Level.CAMPAIGN, Level.ACCOUNT):
        own = sums(shop, level)
        assert own
        assert own.items() <= sums(shop, Level.AD).items()


def sums(shop: SimpleNamespace, level: Level) -> dict[date, tuple[int, int]]:
    """Return micros and clicks by day of the rows that were read of one level itself, unlike the reader's roll-up."""
    with open_to_read(WarehouseFiles(shop.context.warehouse).current()) as snapshot:
        rows = snapshot.execute(
            "SELECT date, sum(spend_micros), sum(clicks) FROM insights WHERE level = ? GROUP BY date",
            [str(level)],
        ).fetchall()
    return {day: (spend, clicks) for day, spend, clicks in rows}
