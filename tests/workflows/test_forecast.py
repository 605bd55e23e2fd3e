"""Forecasts of the sample account: from the warehouse to what people get."""

import json
from pathlib import Path

import numpy as np
import pytest

from aibuyer_kit.core.errors import InputError, UnknownMetricError
from aibuyer_kit.forecasting.result import Forecast
from aibuyer_kit.workspace import Client, open_workspace
from tests.aibuyer import aibuyer


@pytest.fixture(scope="module")
def shop(example_workspace: Path) -> Client:
    return open_workspace(example_workspace).client("sample-shop")


@pytest.fixture(scope="module")
def revenue(shop: Client) -> Forecast:
    return shop.forecast("revenue", 14, level="adset")


def test_a_forecast_adds_up_and_begins_today(shop: Client, revenue: Forecast) -> None:
    """Objects to the total on each day, days to the period; the interval stands around what is expected."""
    frame = revenue.to_frame()
    parts = frame[frame["level"] == "adset"].groupby("date")["expected"].sum()
    total = frame[frame["level"] == "total"].set_index("date")["expected"]
    assert parts.to_numpy() == pytest.approx(total.to_numpy())
    assert len(total) == 14
    assert total.index[0].date() == shop.freshness().known_at.date()
    assert revenue.totals[-1].expected == pytest.approx(total.sum())
    assert (frame["low"] <= frame["expected"]).all()
    assert (frame["expected"] <= frame["high"]).all()
    late = shop.insights("account", days=28)["revenue"].astype(float).mean()
    assert total.mean() == pytest.approx(late, rel=0.5)


def test_the_backtest_shows_the_floor(revenue: Forecast) -> None:
    """Whatever the combination is made of."""
    table = revenue.backtest_frame().set_index("model")
    assert {"seasonal naive", "combination"} <= set(table.index)
    assert table.loc["combination", "wape"] <= table.loc["seasonal naive", "wape"]


def test_a_ratio_is_made_of_sums(shop: Client) -> None:
    """The return of the period is revenue by spend of it, and lies within its interval."""
    revenue, spend, roas = (shop.forecast(name, 7) for name in ("revenue", "spend", "roas"))
    for at in range(len(roas.objects)):
        assert roas.totals[at].expected == pytest.approx(revenue.totals[at].expected / spend.totals[at].expected)
        assert roas.totals[at].low <= roas.totals[at].expected <= roas.totals[at].high


def test_a_pause_in_the_plan_brings_nothing(shop: Client, revenue: Forecast) -> None:
    """The others stay near what they were."""
    largest = max(range(len(revenue.objects) - 1), key=lambda at: revenue.totals[at].expected)
    paused = shop.forecast("revenue", 14, level="adset", plan={revenue.objects[largest].id: 0.0})
    assert paused.totals[largest].expected == 0
    assert paused.totals[-1].expected < revenue.totals[-1].expected
    assert "plan" in paused.notes[0]


def test_what_was_known_then_is_forecast_from(shop: Client, revenue: Forecast) -> None:
    """An earlier load gives an earlier forecast, the same each time."""
    loads = shop.loads()
    first = shop.forecast("spend", 7, as_of=int(loads["load_id"].iloc[-1]))
    again = shop.forecast("spend", 7, as_of=int(loads["load_id"].iloc[-1]))
    np.testing.assert_array_equal(first.expected, again.expected)
    assert first.load_id == int(loads["load_id"].iloc[-1])


def test_it_reads_as_text_and_as_a_page_in_both_languages(revenue: Forecast) -> None:
    """Names are hostile; the fan is in the page, and in words for those who do not see it."""
    page, text = revenue._repr_html_(), str(revenue)
    assert "<svg" in page
    assert "<b>Retargeting" not in page
    assert "with a probability of 80%" in text
    assert "Last week again" in text
    assert "Data as of" in text
    assert "Revenue" in str(revenue.plot())


def test_what_cannot_be_forecast_is_refused(shop: Client) -> None:
    """With what to ask for instead."""
    with pytest.raises(UnknownMetricError, match="cannot be added up"):
        shop.forecast("reach")
    with pytest.raises(InputError, match="give 1 to 180"):
        shop.forecast("spend", 0)
    with pytest.raises(InputError, match="no object of this level"):
        shop.forecast("spend", plan={"nowhere": 5.0})


def test_the_command_prints_the_same(example_workspace: Path) -> None:
    """One row per object as JSON, the total last; a bad budget is refused with an example."""
    command = ["forecast", "spend", "--horizon-days", "7", "-w", str(example_workspace)]
    done = aibuyer(*command, "--json")
    rows = json.loads(done.stdout)
    assert rows[-1]["level"] == "total"
    assert rows[-1]["expected"] == pytest.approx(sum(row["expected"] for row in rows[:-1]))
    refused = aibuyer(*command, "--budget", "many")
    assert refused.returncode == 2
    assert "ID=DAILY_BUDGET" in refused.stderr


def test_a_nowcast_adds_to_what_is_known(shop: Client) -> None:
    """The days before yesterday are known better; the week is their sum, today stands apart."""
    found = shop.nowcast()
    assert len(found.days) == 7
    assert all(day.known <= day.expected <= day.high for day in found.days)
    shares = [day.known / day.expected for day in found.days]
    assert shares[-1] < shares[0]
    assert found.total.expected == pytest.approx(sum(day.expected for day in found.days))
    assert found.today.known <= found.today.expected
    assert "expected in the end" in str(found)
    assert "<table " in found._repr_html_()
    with pytest.raises(InputError, match="does not arrive late"):
        shop.nowcast("spend")


def test_kinds_of_results_are_never_added_up(shop: Client) -> None:
    """Purchases are forecast unless leads are asked for by who calls the workflow; the note tells what was left out."""
    found = shop.forecast("results", 7)
    assert len(found.objects) - 1 < len(shop.totals("campaign", since="2026-05-01", until="2026-05-31"))
    assert any("kinds are not added up" in note for note in found.notes)
