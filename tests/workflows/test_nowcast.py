"""A nowcast of accounts in two time zones, written by hand, one of which counts a type in two windows."""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import pytest

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.access.result_sections import ObjectiveSection
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.forecasting.nowcast_result import NowcastResult
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.nowcast import client_nowcast
from tests.warehouse.rows import action, insight, insight_page
from tests.workflows.accounts import add_account, client

SYNCS = 16
LAST = date(2026, 3, 25)
KNOWN = [0.1, 0.5, 0.8, 1.0]
FINAL = 40
# At noon in UTC it is still that day in Los Angeles, and the next one on Kiritimati already.
ZONES = {"act_1": ("America/Los_Angeles", 0), "act_2": ("Pacific/Kiritimati", 1)}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> ClientContext:
    """Read each day at noon for two weeks: 40 purchases a day come in the end, of 30.00 each."""
    results = {"OUTCOME_LEADS": ObjectiveSection(action_type="purchase", window="click_7d")}
    context = client(tmp_path_factory.mktemp("shop"), results=results)
    for account, (zone, _) in ZONES.items():
        add_account(context, account, zone, "EUR", "2026-02-01T00:00+00:00")
    with open_writer(context.warehouse) as writer:
        for back in reversed(range(SYNCS)):
            now = datetime.combine(LAST - timedelta(days=back), time(12), UTC)
            for account, (_, ahead) in ZONES.items():
                days = [now.date() + timedelta(days=ahead - age) for age in range(4)]
                page = insight_page([_row(account, day, round(FINAL * KNOWN[age])) for age, day in enumerate(days)])
                period = DateRange(days[-1], days[0])
                coverage = Coverage("insights", "meta", account, Level.AD, days=period, attribution="default")
                writer.load(coverage, [page], known_at=partial(datetime.fromisoformat, str(now)))
    return context


def _row(account: str, day: date, came: int) -> dict[str, object]:
    counted = [action("purchase", came, click_7d=came)]
    worth = [action("purchase", came * 30_000_000, click_7d=came * 30_000_000)]
    return insight(day=day, account_id=account, spend_micros=10**8, actions=counted, action_values=worth)


def test_each_account_is_as_old_as_its_own_day(shop: ClientContext) -> None:
    """Yesterday in Los Angeles is the day before yesterday on Kiritimati: a half and four fifths of it are known."""
    found = client_nowcast(shop, Reader(shop.warehouse), "results", days=7)
    assert found.today.day == LAST
    assert found.days[-1].day == LAST - timedelta(days=1)
    assert [line.known for line in found.days] == pytest.approx([80] * 5 + [32 + 40, 20 + 32])
    assert [line.expected for line in found.days] == pytest.approx([80] * 7, rel=0.02)
    assert found.today.known == 4 + 20
    assert found.today.expected == pytest.approx(80, rel=0.1)


def test_revenue_and_results_are_of_the_same_purchases(shop: ClientContext) -> None:
    """A purchase brings 30.00, on days that are over and today, though it counts in two windows."""
    results, revenue = (nowcast_of(shop, metric) for metric in ("results", "revenue"))
    for few, much in zip(results.lines, revenue.lines, strict=True):
        assert much.known == pytest.approx(30 * few.known)
        assert much.expected == pytest.approx(30 * few.expected, rel=0.02)


def nowcast_of(shop: ClientContext, metric: str) -> NowcastResult:
    return client_nowcast(shop, Reader(shop.warehouse), metric, days=7)  # type: ignore[arg-type]
