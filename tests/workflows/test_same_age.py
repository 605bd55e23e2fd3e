"""Periods of an account whose results arrive late, beside the period before as it was known at the same age."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.report import Overview, client_overview
from tests.warehouse.rows import action, insight, insight_page

from .accounts import add_account, client

JUNE_15 = date(2026, 6, 15)


def known(age_days: int) -> int:
    """Each day has 10 purchases: none on the day itself, 5 on the next, all from the second on."""
    return 0 if age_days < 1 else 5 if age_days == 1 else 10


def read_on(shop: ClientContext, day: date, *, account_id: str = "act_1", until: date | None = None) -> None:
    """Load the days from 5 June to the day before, or `until`, as the platform tells them at nine in the morning."""
    days = DateRange(date(2026, 6, 5), until or day - timedelta(days=1))
    rows = [
        insight(day=each, account_id=account_id, actions=[action("purchase", known((day - each).days))])
        for each in days
    ]
    coverage = Coverage("insights", "meta", account_id, Level.AD, days=days, attribution="default")
    moment = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    with open_writer(shop.warehouse) as writer:
        writer.load(coverage, [insight_page(rows)], known_at=lambda: moment)


@pytest.fixture
def shop(tmp_path: Path) -> ClientContext:
    made = client(tmp_path, targets={"cpa": 15.0})
    add_account(made, "act_1", "UTC", "EUR", "2026-06-11T22:00+00:00")
    return made


def overview(shop: ClientContext) -> Overview:
    return client_overview(shop, Reader(shop.warehouse), days=3)


def test_a_steady_account_did_not_get_worse(shop: ClientContext) -> None:
    """25 of 30 purchases are known, as 25 were of the period before when it was three days younger; 30 are by now."""
    for day in (12, 13, 14, 15):
        read_on(shop, date(2026, 6, day))
    found = overview(shop)
    assert [each.day.day for each in found.immature] == [12, 13, 14]
    assert (found.totals["results"], found.previous_totals["results"]) == (25, 25)
    assert (found.totals["cpa"], found.previous_totals["cpa"], found.previous_totals["spend"]) == (1.2, 1.2, 30.0)
    assert found.by_result[0].previous_totals["results"] == 25
    assert "no change" in found._repr_html_()


def test_a_period_at_whose_age_nobody_looked_is_not_compared(shop: ClientContext) -> None:
    """The account was connected yesterday: what arrives late is unknown, spend is compared."""
    for day in (14, 15):
        read_on(shop, date(2026, 6, day))
    found = overview(shop)
    assert found.totals["results"] == 25
    assert [found.previous_totals[name] for name in ("results", "cpa", "revenue", "roas")] == [None] * 4
    assert (found.previous_totals["spend"], found.previous_totals["ctr"]) == (30.0, 0.02)


def test_a_read_that_came_a_day_later_is_no_read_at_the_same_age(shop: ClientContext) -> None:
    """Nobody read on the 12th; on the 13th the last day before was known whole, as the 14th is not yet."""
    for day in (13, 14, 15):
        read_on(shop, date(2026, 6, day))
    assert overview(shop).previous_totals["results"] is None


def test_a_read_that_came_before_a_day_had_ended_is_no_read_at_the_same_age(shop: ClientContext) -> None:
    """At nine in the morning of the 11th that day had brought a third of its results."""
    for day in (11, 14, 15):
        read_on(shop, date(2026, 6, day), until=date(2026, 6, day))
    assert overview(shop).previous_totals["results"] is None


def test_every_account_has_to_have_been_read_then(shop: ClientContext) -> None:
    """One that joined since would make the period before look small."""
    add_account(shop, "act_2", "UTC", "EUR", "2026-06-11T22:00+00:00")
    for day in (12, 13, 14, 15):
        read_on(shop, date(2026, 6, day))
    read_on(shop, JUNE_15, account_id="act_2")
    assert overview(shop).previous_totals["results"] is None


def test_a_period_that_has_arrived_is_compared_as_it_stands(shop: ClientContext) -> None:
    """Once results are final, so is the comparison."""
    for day in (date(2026, 6, 12), JUNE_15, JUNE_15 + timedelta(days=28)):
        read_on(shop, day)
    found = client_overview(shop, Reader(shop.warehouse), since=date(2026, 6, 12), until=date(2026, 6, 14))
    assert (found.immature, found.previous_totals["results"]) == ((), 30)


def test_a_period_that_is_not_over_is_not_compared(shop: ClientContext) -> None:
    """Half of a day beside a whole one would show less spend, too."""
    for day in (12, 13, 14, 15):
        read_on(shop, date(2026, 6, day))
    found = client_overview(shop, Reader(shop.warehouse), since=date(2026, 6, 14), until=JUNE_15)
    assert set(found.previous_totals.values()) == {None}
    assert any("are not over" in note for note in found.warnings)
