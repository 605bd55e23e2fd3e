"""Looks at a market: rows in the order in which they are shown, true figures beside reported ones."""

from datetime import date, timedelta

import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.experiments import (
    as_restated,
    by_budget,
    by_week,
    claimed_and_true,
    final_days,
)


@pytest.fixture(scope="module")
def market() -> Market:
    return Market.open("low_volume", seed=7)


def test_each_step_of_a_budget_is_set_against_the_one_before(market: Market) -> None:
    """By hand, from the truth of both."""
    adset = market.account.adsets[1]
    rows = by_budget(market, adset, times=(2, 1), days=4)
    micros = market.setting(adset.id).daily_budget_minor * 10_000.0
    none, once, twice = (market.truth({adset.id: micros * each}, days=4) for each in (0, 1, 2))

    assert [label for label, _ in rows] == [f"{micros / 1e6:.0f} EUR", f"{2 * micros / 1e6:.0f} EUR"]
    (_, first), (_, second) = rows
    assert first["results"] == pytest.approx(once.results - none.results)
    assert second["results"] == pytest.approx(twice.results - none.results)
    step = (twice.spend_micros - once.spend_micros) / 1e6 / (twice.results - once.results)
    assert second["cpa"] == pytest.approx(step)


def test_weeks_are_whole_and_add_up_to_the_history(market: Market) -> None:
    """The days after the last whole week are left out."""
    adset = market.account.adsets[0]
    rows = by_week(market, adset)
    days = DateRange(market.first_day, market.first_day + timedelta(days=7 * len(rows) - 1))

    assert len(rows) == 17
    assert [day for day, _ in rows[:2]] == [market.first_day, market.first_day + timedelta(days=7)]
    assert sum(values["spend"] or 0 for _, values in rows) * 100 == pytest.approx(
        market.totals(adset.ads, days).spend_minor
    )
    assert sum(values["results"] or 0 for _, values in rows) == pytest.approx(market.persuaded(adset.id, days))


def test_a_day_is_told_as_it_was_known_at_the_end_of_each_later_day() -> None:
    """The last figure is today's, and a young day has few."""
    seasonal = Market.open("seasonal", seed=7)
    old, young = (as_restated(seasonal, seasonal.today - timedelta(days=ago)) for ago in (40, 3))
    results = [values["results"] or 0 for _, values in old]
    totals = seasonal.totals(seasonal.account.ads, (old[0][0],)).actions

    assert (old[0][0], old[-1][0]) == (date(2026, 4, 22), date(2026, 5, 21))
    assert [day for day, _ in young] == [date(2026, 5, 29), date(2026, 5, 30), date(2026, 5, 31)]
    assert results[-1] == results[-2] == totals["purchase"][0] + totals["lead"][0]
    assert 0.4 < results[0] / results[-1] < 0.8


def test_what_is_claimed_of_retargeting_is_more_than_it_brought(market: Market) -> None:
    """Two rows for each kind of audience that the world has."""
    days = final_days(market, 50)
    rows = dict(claimed_and_true(market, days))
    claimed, true = (rows[f"retargeting, {what}"] for what in ("claimed", "true"))

    assert (len(days), days.until) == (50, date(2026, 5, 3))
    assert {label.split(",")[0] for label in rows} == {"interest", "lookalike", "retargeting"}
    assert (claimed["results"] or 0) > 1.5 * (true["results"] or 0)
