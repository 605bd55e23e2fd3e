"""A nowcast of accounts in two time zones, written by hand, one of which counts a type in two windows."""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.access.result_sections import ObjectiveSection
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.metrics import Ratio, metric
from aibuyer_kit.forecasting.nowcast_result import NowcastLine, NowcastResult
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.nowcast import client_nowcast, divided
from aibuyer_kit.workflows.panel import share_of_several
from tests.warehouse.rows import action, entity_page, insight, insight_page
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
    return client_nowcast(shop, Reader(shop.warehouse), metric, days=7)


def test_of_one_id_in_two_accounts_both_are_paid_for(shop: ClientContext) -> None:
    """Each spends 100.00 a day on it for 40 results."""
    found = client_nowcast(shop, Reader(shop.warehouse), "cpa", days=7, level="campaign")
    assert [each.expected for each in found.objects] == pytest.approx([2.5], rel=0.02)


def test_a_cost_per_result_is_told_as_it_will_be(shop: ClientContext) -> None:
    """Two accounts spend 100.00 a day each for 40 results in the end: 2.50, though yesterday's look dearer now."""
    found = nowcast_of(shop, "cpa")
    assert [line.expected for line in found.days] == pytest.approx([2.5] * 7, rel=0.02)
    assert [line.known for line in found.days] == pytest.approx([2.5] * 5 + [200 / 72, 200 / 52])
    assert all(line.low <= line.expected <= line.high for line in found.lines)
    assert found.total.expected == pytest.approx(2.5, rel=0.02)
    assert "by what is known now" in found.headline()
    assert "roughly between" in found.headline()


def test_objects_are_told_and_add_up(shop: ClientContext) -> None:
    """The week of each campaign; of the same id in two accounts, both together."""
    found = client_nowcast(shop, Reader(shop.warehouse), "results", days=7, level="campaign")
    assert sum(line.expected for line in found.objects) == pytest.approx(found.total.expected, rel=0.02)
    assert sum(line.known for line in found.objects) == pytest.approx(found.total.known)
    assert found.rows()[-1]["id"] == found.objects[-1].id


def test_the_clock_is_the_clients(shop: ClientContext) -> None:
    """The load was at noon in UTC."""
    found = nowcast_of(shop, "results")
    assert found.known_at == datetime(2026, 3, 25, 12, tzinfo=UTC)
    assert found.known_at.utcoffset() == timedelta(hours=-7)


@pytest.mark.parametrize(("name", "says"), [("spend", "does not arrive late"), ("poas", "There is no nowcast")])
def test_what_has_no_nowcast_is_refused(shop: ClientContext, name: str, says: str) -> None:
    """With what to ask for instead."""
    with pytest.raises(InputError, match=says):
        nowcast_of(shop, name)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> ClientContext:
    """Three campaigns of one account, 100.00 a day each: sales with 40 purchases of 30.00, traffic that brings half as
    many purchases besides its views, and leads, 10 a day, of which each is worth 45.00 to the client."""
    results = {
        "OUTCOME_SALES": ObjectiveSection(action_type="purchase", window="click_7d"),
        "OUTCOME_TRAFFIC": ObjectiveSection(action_type="landing_page_view", window="click_7d"),
        "OUTCOME_LEADS": ObjectiveSection(action_type="lead", window="click_7d", value_per_result=45.0),
    }
    context = client(tmp_path_factory.mktemp("mixed"), results=results)
    add_account(context, "act_1", "UTC", "EUR", "2026-02-01T00:00+00:00")
    named = {"platform": "meta", "account_id": "act_1", "level": "campaign", "status": "ACTIVE"}
    page = entity_page(
        [named | {"entity_id": each, "campaign_id": each, "name": each, "objective": each} for each in results]
    )
    with open_writer(context.warehouse) as writer:
        writer.load(Coverage("entities", "meta", "act_1", Level.CAMPAIGN), [page], known_at=partial(at, LAST, -20))
        for back in reversed(range(SYNCS)):
            days = [LAST - timedelta(days=back + age) for age in range(4)]
            rows = [row for age, day in enumerate(days) for row in _mixed_rows(day, KNOWN[age])]
            coverage = Coverage(
                "insights", "meta", "act_1", Level.AD, days=DateRange(days[-1], days[0]), attribution="default"
            )
            writer.load(coverage, [insight_page(rows)], known_at=partial(at, LAST, -back))
    return context


def at(day: date, days: int) -> datetime:
    return datetime.combine(day + timedelta(days=days), time(12), UTC)


def _mixed_rows(day: date, share: float) -> list[dict[str, object]]:
    """Purchases have a value, wherever they are reported; leads have none."""
    counts = {"OUTCOME_SALES": {"purchase": 40}, "OUTCOME_LEADS": {"lead": 10},
              "OUTCOME_TRAFFIC": {"purchase": 20, "landing_page_view": 30}}  # fmt: skip
    rows = []
    for campaign, finals in counts.items():
        came = {kind: round(final * share) for kind, final in finals.items()}
        paid = came.get("purchase", 0) * 30_000_000
        rows.append(
            insight(
                f"ad-{campaign}", day, spend_micros=10**8, campaign_id=campaign, adset_id=f"set-{campaign}",
                actions=[action(kind, count, click_7d=count) for kind, count in came.items()],
                action_values=[action("purchase", paid, click_7d=paid)] if paid else [],
            )
        )  # fmt: skip
    return rows


@pytest.mark.parametrize("level", ["campaign", "adset", "ad"])
def test_what_is_told_of_all_is_of_the_objects_that_count_it(mixed: ClientContext, level: str) -> None:
    """Purchases of the campaign for traffic are no results of it, and what it spends buys none."""
    reader = Reader(mixed.warehouse)
    results, cpa = (client_nowcast(mixed, reader, name, days=7, level=level) for name in ("results", "cpa"))
    assert len(results.objects) == 1
    assert results.total.expected == pytest.approx(280, rel=0.02)
    assert sum(each.expected for each in results.objects) == pytest.approx(results.total.expected, rel=0.01)
    assert sum(each.known for each in results.objects) == pytest.approx(results.total.known)
    assert cpa.total.expected == pytest.approx(700 / results.total.expected)
    assert cpa.objects[0].expected == pytest.approx(cpa.total.expected, rel=0.01)


def test_revenue_holds_what_results_without_a_value_are_worth_to_the_client(mixed: ClientContext) -> None:
    """40 purchases of 30.00 and 10 leads of 45.00 a day, which 200.00 paid for; known as the insights have it."""
    reader = Reader(mixed.warehouse)
    revenue, roas = (client_nowcast(mixed, reader, name, days=7, level="campaign") for name in ("revenue", "roas"))
    assert revenue.total.expected == pytest.approx(7 * 1650, rel=0.02)
    assert {each.id: round(each.expected / 7, -1) for each in revenue.objects} == {
        "OUTCOME_SALES": 1200, "OUTCOME_LEADS": 450,
    }  # fmt: skip
    assert sum(each.known for each in revenue.objects) == pytest.approx(revenue.total.known)
    assert roas.total.expected == pytest.approx(revenue.total.expected / 1400)
    assert roas.total.known == pytest.approx(revenue.total.known / 1400)


def test_revenue_of_several_kinds_is_no_surer_than_the_results_that_bring_it(mixed: ClientContext) -> None:
    """An interval in money is as wide, beside what is to come, as that of counts: some purchases of 30.00."""
    results, revenue = (nowcast_of(mixed, name) for name in ("results", "revenue"))
    for few, much in zip((*results.days[-2:], results.total), (*revenue.days[-2:], revenue.total), strict=True):
        assert much.high - much.low > 0.8 * 30 * (few.high - few.low)


def test_what_has_arrived_of_several_kinds_is_told_of_their_revenue() -> None:
    """300 and 50 are known, halves of 600 and a tenth of 500: 350 of 1,100. Where nothing came, it is the mean one."""
    found = share_of_several(np.array([[300.0, 50.0], [0.0, 0.0], [300.0, 0.0]]), np.array([[0.5, 0.1]] * 3))
    assert found == pytest.approx([350 / 1100, 0.3, 0.5])


def test_what_was_spent_on_nothing_is_spent_all_the_same(tmp_path: Path) -> None:
    """Two accounts spend 100.00 a day for 40 purchases and for none: 5.00 each; nothing is no cost per result."""
    context = client(tmp_path)
    for account in ("act_1", "act_2"):
        add_account(context, account, "UTC", "EUR", "2026-02-01T00:00+00:00")
    with open_writer(context.warehouse) as writer:
        for back in reversed(range(SYNCS)):
            for account, final in (("act_1", FINAL), ("act_2", 0)):
                days = [LAST - timedelta(days=back + age) for age in range(4)]
                rows = [
                    _row(account, day, round(final * KNOWN[age])) | {"campaign_id": f"of {account}"}
                    for age, day in enumerate(days)
                ]
                coverage = Coverage(
                    "insights", "meta", account, Level.AD, days=DateRange(days[-1], days[0]), attribution="default"
                )
                writer.load(coverage, [insight_page(rows)], known_at=partial(at, LAST, -back))
    cpa, roas = (
        client_nowcast(context, Reader(context.warehouse), name, days=7, level="campaign") for name in ("cpa", "roas")
    )
    assert cpa.total.expected == pytest.approx(5.0, rel=0.02)
    assert roas.total.expected == pytest.approx(6.0, rel=0.02)
    told = {each.id: each.expected for each in cpa.objects}
    assert told == pytest.approx({"of act_1": 2.5, "of act_2": np.nan}, rel=0.02, nan_ok=True)


def test_next_to_no_result_has_no_expected_cost() -> None:
    """A hundredth of a result is expected of 700.00, 1.5 at most: at least 466.67 each, and no 70,000.00."""
    cpa = metric("cpa")
    assert isinstance(cpa, Ratio)
    found = divided(cpa, NowcastLine(0, 0.01, 0, 1.5), 700, 700)
    assert found.low == pytest.approx(700 / 1.5)
    assert np.isnan([found.known, found.expected, found.high]).all()
