"""Forecasts of panels made by hand and of accounts that walk at random, beside what came and what is not known."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from aibuyer_kit.charts.static import svg
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.features.panel import DailyPanel, PanelObject
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.forecast import client_forecast, panel_forecast
from tests.workflows.accounts import add_account, client, load_days

SINCE = date(2026, 1, 5)


def panel_of(spend: Floats, results: Floats | None = None, share: Floats | None = None) -> DailyPanel:
    """Return campaigns of two accounts, the first half of the one and the others of the other; spend in units."""
    days, count = spend.shape
    objects = tuple(
        PanelObject(str(at), f"c{at}", "AB"[2 * at // count], result_type="purchase") for at in range(count)
    )
    period = DateRange(SINCE, SINCE + timedelta(days=days - 1))
    measures = {"spend": spend * 1e6, "results": np.ones_like(spend) if results is None else results}
    known = np.ones_like(spend) if share is None else share
    return DailyPanel(Level.CAMPAIGN, period, objects, measures, known, "EUR", 1, datetime(2026, 5, 1, tzinfo=UTC))


def test_an_account_that_was_not_read_is_not_paused() -> None:
    """The last three days of one account are not known: it goes on as it was, and the notes name it."""
    spend = np.random.default_rng(1).gamma(25, 4, (90, 6))
    spend[-3:, 3:] = np.nan
    found = panel_forecast(panel_of(spend), "spend", 7)
    assert [span.expected for span in found.totals] == pytest.approx([700] * 6 + [4200], rel=0.15)
    assert found.totals[-1].low < 4200 < found.totals[-1].high
    assert any("account B" in note for note in found.notes)
    spend[-3:, 3:] = 0.0
    paused = panel_forecast(panel_of(spend), "spend", 7)
    assert [span.expected for span in paused.totals[3:6]] == [0, 0, 0]
    assert not any("account B" in note for note in paused.notes)


def test_results_that_are_still_arriving_are_shown_but_not_learnt_from() -> None:
    """Of the last three days a half is known, by chance three times what it should be: nothing moves."""
    draw = np.random.default_rng(2)
    spend, results = draw.gamma(25, 4, (90, 6)), draw.poisson(20.0, (90, 6)).astype(float)
    share = np.ones_like(spend)
    share[-3:] = 0.5
    told = []
    for factor in (0.5, 1.5):
        arrived = results.copy()
        arrived[-3:] *= factor
        told.append(panel_forecast(panel_of(spend, arrived, share), "results", 7))
    assert told[0].totals[-1].expected == told[1].totals[-1].expected
    assert told[1].history[-1] == pytest.approx(3 * told[0].history[-1])


def test_nothing_known_of_an_error_is_told_as_unknown() -> None:
    """A day of history, and nothing but zeros: pages and texts hold no NaN."""
    for spend in (np.full((1, 2), 5.0), np.zeros((90, 2))):
        found = panel_forecast(panel_of(spend), "spend", 7)
        assert "nan" not in f"{found._repr_html_()}{found}".lower().replace("finan", "")


def test_of_what_has_never_come_no_probability_is_claimed() -> None:
    """Nothing tells how sure nothing is; a cost per result names what is missing."""
    panel = panel_of(np.full((60, 2), 5.0), np.zeros((60, 2)))
    for name, expected in (("results", 0.0), ("cpa", None)):
        found = panel_forecast(panel, name, 7)
        assert "nothing has come so far (Results: 0)" in found.headline()
        assert "probability" not in found.headline()
        assert [(row["expected"], row["low"], row["high"]) for row in found.rows()] == [(expected, None, None)] * 3
        assert "nan" not in f"{found._repr_html_()}{found}".lower().replace("finan", "")


def test_the_chart_fills_the_interval_alone_and_begins_where_the_past_ends() -> None:
    """What lies between the interval and 0 is no second band."""
    found = panel_forecast(panel_of(np.random.default_rng(1).gamma(25, 4, (40, 2))), "spend", 7)
    been, to_come = found.chart().series
    assert (to_come.dates[0], to_come.values[0]) == (been.dates[-1], been.values[-1])
    drawn = svg(found.chart(), width=760, height=260)
    assert "fill-opacity: 0.14" in drawn
    assert not re.search(r"fill-opacity: 0\.1[^4]", drawn)


def test_a_cost_from_two_days_is_as_uncertain_as_its_parts() -> None:
    """Spend and results of two days could not be tested: neither can their ratio."""
    spend, results = np.full((2, 4), 100.0), np.full((2, 4), 20.0)
    total = panel_forecast(panel_of(spend, results), "cpa", 7).totals[-1]
    assert total.high / total.low > 1.5


def test_what_was_forecast_as_of_a_moment_holds_against_what_came(tmp_path: Path) -> None:
    """Five accounts whose spend walks at random: the error shown two weeks ago is about the error since."""
    shop = client(tmp_path)
    draw = np.random.default_rng(5)
    spends = 100 * np.exp(np.cumsum(draw.normal(0, 0.08, (134, 5)), axis=0) + draw.normal(0, 0.1, (134, 5)))
    days = [SINCE + timedelta(days=at) for at in range(134)]
    for place in range(5):
        add_account(shop, f"act_{place}", "UTC", "EUR", str(days[0]) + "T00:00+00:00")
    loads = []
    for first, last in ((0, 120), (120, 134)):
        known_at = f"{days[last - 1] + timedelta(days=1)}T06:00+00:00"
        for place in range(5):
            told = {str(day): float(spends[at, place]) for at, day in enumerate(days) if first <= at < last}
            load_days(shop, told, known_at=known_at, account_id=f"act_{place}")
        reader = Reader(shop.warehouse)
        loads.append(reader.freshness().load_id)
    found = client_forecast(shop, reader, "spend", horizon_days=14, level="account", as_of=loads[0])
    assert found.days.since == days[120]
    error = np.abs(found.expected[:, :-1] - spends[120:]).sum() / spends[120:].sum()
    shown = next(row.wape for row in found.backtest if row.name == "combination")
    assert 0.5 < error / shown < 2
    inside = (spends[120:] >= found.low[:, :-1]) & (spends[120:] <= found.high[:, :-1])
    assert inside.mean() > 0.6
