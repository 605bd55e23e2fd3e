"""Results of several kinds: each is judged by how it grows itself, and compared with the account's own figure."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.access.result_sections import ObjectiveSection
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.maturity import ImmatureDay, immature_days
from aibuyer_kit.workflows.reconcile import reconciliation
from tests.warehouse.rows import action, entity_page, insight, insight_page

from .accounts import add_account

FIRST, LAST = date(2026, 3, 1), date(2026, 4, 5)
NEWEST = DateRange(LAST - timedelta(days=3), LAST - timedelta(days=1))
# Of ten leads five are reported on the day after, all of them from then on.
FULL_AFTER_DAYS, LEADS, PURCHASES = 2, 10, 6


@pytest.fixture
def shop(tmp_path: Path) -> ClientContext:
    """A client that sells and collects leads, read every morning for 35 days."""
    results = {"OUTCOME_LEADS": ObjectiveSection(action_type="lead")}
    context = add_client(tmp_path, "shop", ClientFile(name="Sample shop", clock="platform", results=results))
    add_account(context, "act_1", "UTC", "EUR", "2026-03-01T06:00+00:00")
    with open_writer(context.warehouse) as writer:
        rows = [
            {"platform": "meta", "account_id": "act_1", "level": "campaign", "entity_id": f"c-{objective}"}
            | {"objective": f"OUTCOME_{objective}", "name": objective}
            for objective in ("SALES", "LEADS")
        ]
        morning = datetime(2026, 3, 1, 7, tzinfo=UTC)
        writer.load(
            Coverage("entities", "meta", "act_1", Level.CAMPAIGN), [entity_page(rows)], known_at=lambda: morning
        )
        for age in range(1, (LAST - FIRST).days + 1):
            until = FIRST + timedelta(days=age - 1)
            at = morning + timedelta(days=age)
            days = DateRange(FIRST, until)
            for level in (Level.AD, Level.ACCOUNT):
                page = insight_page([row for day in days for row in _rows(level, day, (at.date() - day).days)])
                coverage = Coverage("insights", "meta", "act_1", level, days=days, attribution="default")
                writer.load(coverage, [page], known_at=lambda at=at: at)
    return context


def _rows(level: Level, day: date, age: int, lost_leads: int = 0) -> list[dict[str, object]]:
    leads = action("lead", (LEADS if age >= FULL_AFTER_DAYS else LEADS // 2) - lost_leads)
    purchases = action("purchase", PURCHASES)
    if level is Level.ACCOUNT:
        about = {"level": "account", "campaign_id": None, "adset_id": None, "spend_micros": 20_000_000}
        counts = {"impressions": 2000, "clicks": 40, "link_clicks": 30}
        return [insight("act_1", day, **about, **counts, actions=[leads, purchases])]
    return [
        insight("ad-1", day, campaign_id="c-SALES", actions=[purchases]),
        insight("ad-2", day, campaign_id="c-LEADS", actions=[leads]),
    ]


def test_days_are_not_final_while_any_kind_of_result_still_grows(shop: ClientContext) -> None:
    """Purchases are all there at once; of yesterday's leads a half is known."""
    found = immature_days(shop, Reader(shop.warehouse), NEWEST)
    assert found == (ImmatureDay(NEWEST.until, 0.5, 1.0),)


def test_every_kind_of_result_is_compared_with_the_accounts_own(shop: ClientContext) -> None:
    """One lead is missing among the ads of a day; what was spent agrees."""
    day = NEWEST.since
    with open_writer(shop.warehouse) as writer:
        coverage = Coverage("insights", "meta", "act_1", Level.AD, days=DateRange(day, day), attribution="default")
        page = insight_page(_rows(Level.AD, day, FULL_AFTER_DAYS, lost_leads=1))
        writer.load(coverage, [page], known_at=lambda: datetime(2026, 4, 5, 9, tzinfo=UTC))
    (found,) = reconciliation(shop, Reader(shop.warehouse), NEWEST).differences
    assert (found.day, found.measure, found.account_total, found.level_total) == (day, "results", LEADS, LEADS - 1)
