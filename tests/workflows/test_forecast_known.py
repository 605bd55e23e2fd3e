"""What is known of days ahead: holidays, budgets as they were set, and those that people have approved."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.panel import DailyPanel, PanelObject
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Draft
from aibuyer_kit.warehouse.load import Coverage
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.forecast import client_forecast, panel_forecast
from aibuyer_kit.workflows.forecast_known import HOLIDAY, SHOPPING_DAY, approved_budgets, assumed_budget, flags
from aibuyer_kit.workflows.panel import read_panel
from aibuyer_kit.workflows.seasonal import panel_seasonal
from tests.warehouse.rows import entity_page
from tests.workflows.accounts import add_account, client, load_days

UNTIL = date(2026, 4, 29)


def panel_of(results: Floats, spend: Floats | None = None, budgets: Floats | None = None) -> DailyPanel:
    """Return campaigns of an account in Kyiv up to the day before the last of April; money in units."""
    days, count = results.shape
    objects = tuple(
        PanelObject(str(at), f"c{at}", "A", result_type="purchase", time_zone="Europe/Kyiv") for at in range(count)
    )
    period = DateRange(UNTIL - timedelta(days=days - 1), UNTIL)
    spent = np.full_like(results, 100.0) if spend is None else spend
    measures = {"results": results, "spend": spent * 1e6, "revenue": results * 30e6}
    known = datetime(2026, 4, 30, 6, tzinfo=UTC)
    set_then = None if budgets is None else budgets * 1e6
    return DailyPanel(Level.CAMPAIGN, period, objects, measures, np.ones_like(results), "EUR", 1, known, set_then)


def test_a_holiday_ahead_brings_what_holidays_have_brought() -> None:
    """Ukraine's holidays have doubled results; the first of May is one, and lies three days ahead."""
    days = 460
    period = DateRange(UNTIL - timedelta(days=days - 1), UNTIL)
    ahead = DateRange(UNTIL + timedelta(days=1), UNTIL + timedelta(days=7))
    marked = flags(period, ahead, (), "UA")
    assert marked[HOLIDAY][days + 1] == 1  # the first of May
    mean = 40.0 * np.where(marked[HOLIDAY][:days] > 0, 2.0, 1.0)
    panel = panel_of(np.random.default_rng(1).poisson(mean[:, None], (days, 4)).astype(float))
    by_day = [panel_forecast(panel, "results", 7, country=country).expected[:, -1] for country in ("UA", None)]
    others = np.delete(by_day[0], 1)
    assert by_day[0][1] / others.mean() > 1.3
    assert by_day[0][1] > by_day[1][1] * 1.2


def test_days_that_were_never_seen_are_no_drivers() -> None:
    """Two months hold no Black Friday: nothing could be learnt of one."""
    past, ahead = (
        DateRange(UNTIL - timedelta(days=20), UNTIL - timedelta(days=1)),
        DateRange(UNTIL, UNTIL + timedelta(days=300)),
    )
    assert SHOPPING_DAY not in flags(past, ahead, (), "UA")


def test_what_was_done_to_a_budget_is_taken_for_granted_from_then_on() -> None:
    """Twice the budget was set on the last day but two: before, nobody knew of it."""
    spend, budgets = np.full((20, 2), 100.0), np.full((20, 2), 110.0)
    budgets[-1:, 0] = 220.0
    panel = panel_of(np.ones((20, 2)), spend, budgets)
    told = assumed_budget(panel)
    assert told[19] == pytest.approx([100, 100])
    assert told[20] == pytest.approx([100 * 220 / ((6 * 110 + 220) / 7), 100])
    paused = replace(panel, objects=(panel.objects[0], replace(panel.objects[1], delivers=False)))
    assert assumed_budget(paused)[20, 1] == 0


def test_a_forecast_that_was_always_too_high_says_so() -> None:
    """After 52 days four tenths of what is left are lost time and again; with nothing but chance, nothing is said."""
    draw = np.random.default_rng(2)
    level = 400 * 0.6 ** np.searchsorted([52, 63, 80, 88, 101], np.arange(112), side="right")
    falling = draw.poisson(level[:, None] * np.ones((1, 3))).astype(float)
    steady = draw.poisson(60.0, (112, 3)).astype(float)
    told, quiet = (panel_forecast(panel_of(each), "results", 14) for each in (falling, steady))
    assert told.bias is not None
    assert told.bias > 0.1
    assert "too high by" in told.headline()
    assert quiet.bias is None


def test_a_ratio_says_what_it_is_made_of_and_when_it_is() -> None:
    """The backtest of a cost is that of the results, which are harder to tell; the clock is that of the account."""
    draw = np.random.default_rng(3)
    panel = panel_of(draw.poisson(30.0, (90, 3)).astype(float), draw.gamma(100, 1, (90, 3)))
    cost, results = (panel_forecast(panel, name, 7, locale="uk") for name in ("cpa", "results"))
    assert [row.wape for row in cost.backtest] == [row.wape for row in results.backtest]
    assert any("поділений" in note for note in cost.notes)
    text = str(cost)
    assert "GMT+03:00" in text
    assert "Щонайменше" in text
    assert "Знову минулий тиждень" in text
    assert not {"expected", "weight", "seasonal naive"} & set(text.split())


@pytest.mark.parametrize("approved", [True, False])
def test_a_budget_that_is_approved_is_known_ahead(tmp_path: Path, approved: bool) -> None:
    """Twice the budget of a campaign is proposed: what is not approved may never come; a plan stands above both."""
    shop = client(tmp_path)
    add_account(shop, "act_1", "UTC", "EUR", "2026-01-01T00:00+00:00")
    days = [date(2026, 1, 5) + timedelta(days=at) for at in range(60)]
    known_at = f"{days[-1] + timedelta(days=1)}T06:00+00:00"
    load_days(shop, {str(day): 100.0 for day in days}, known_at=known_at)
    change = Change("meta", "act_1", Level.CAMPAIGN, "c-1", "daily_budget", 100_000_000, 200_000_000)
    now = datetime.fromisoformat(known_at)
    with Ledger(shop.ledger) as ledger:
        made = ledger.propose(
            [Draft(change, "a test", "Sample")], proposed_by="rules", by_person=False, made_at=now,
            expires_at=now + timedelta(days=1),
        )  # fmt: skip
        if approved:
            ledger.approve(made.proposal_id, approved_by="ann", now=now)
    reader = Reader(shop.warehouse)
    found = client_forecast(shop, reader, "spend", horizon_days=7)
    same = client_forecast(shop, reader, "spend", horizon_days=7, plan={"c-1": 200.0 if approved else 100.0})
    assert found.totals[-1].expected == pytest.approx(same.totals[-1].expected, rel=0.01)
    assert (found.totals[-1].expected > 750) is approved
    assert any("approved" in note for note in found.notes) is approved
    asked = client_forecast(shop, reader, "spend", horizon_days=7, plan={"c-1": 100.0})
    assert asked.totals[-1].expected == pytest.approx(700, rel=0.05)


def test_approved_budgets_of_ad_sets_add_to_their_campaign(tmp_path: Path) -> None:
    """One of its ad sets gets 30.00 more a day, another one is paused that had 20.00: 110.00 instead of 100.00."""
    shop = client(tmp_path)
    add_account(shop, "act_1", "UTC", "EUR", "2026-01-01T00:00+00:00")
    days = [date(2026, 1, 5) + timedelta(days=at) for at in range(10)]
    known_at = f"{days[-1] + timedelta(days=1)}T06:00+00:00"
    add_objects(shop, Level.ADSET, [("s-1", 50_000_000), ("s-2", 20_000_000)], known_at)
    load_days(shop, {str(day): 100.0 for day in days}, known_at=known_at)
    now = datetime.fromisoformat(known_at)
    changes = [
        Change("meta", "act_1", Level.ADSET, "s-1", "daily_budget", 50_000_000, 80_000_000),
        Change("meta", "act_1", Level.ADSET, "s-2", "status", "ACTIVE", "PAUSED"),
    ]
    with Ledger(shop.ledger) as ledger:
        made = ledger.propose(
            [Draft(each, "a test", "Sample") for each in changes], proposed_by="rules", by_person=False, made_at=now,
            expires_at=now + timedelta(days=1),
        )  # fmt: skip
        ledger.approve(made.proposal_id, approved_by="ann", now=now)
    reader = Reader(shop.warehouse)
    for level in (Level.CAMPAIGN, Level.ACCOUNT):
        panel = read_panel(shop, reader, level, DateRange(days[0], days[-1]))
        assert list(approved_budgets(shop, reader, panel, now).values()) == pytest.approx([110.0])


def add_objects(shop: ClientContext, level: Level, budgets: Sequence[tuple[str, int]], known_at: str) -> None:
    row = {"platform": "meta", "account_id": "act_1", "level": level.value, "campaign_id": "c-1", "currency": "EUR"}
    page = entity_page([row | {"entity_id": one, "daily_budget_micros": budget} for one, budget in budgets])
    with open_writer(shop.warehouse) as writer:
        writer.load(
            Coverage("entities", "meta", "act_1", level), [page], known_at=lambda: datetime.fromisoformat(known_at)
        )


def test_without_the_calendar_a_week_is_flat() -> None:
    """At weekends half as much comes; what is left is what the level does, and a ratio is of adjusted sums."""
    draw = np.random.default_rng(4)
    weekend = np.array([(UNTIL - timedelta(days=back)).weekday() >= 5 for back in reversed(range(112))])
    mean = np.where(weekend, 60.0, 120.0)
    panel = panel_of(draw.poisson(mean[:, None], (112, 3)).astype(float))
    found = panel_seasonal(panel, "results", locale="uk")
    total, adjusted = found.values[:, -1], found.adjusted[:, -1]
    assert total[weekend].mean() / total[~weekend].mean() == pytest.approx(0.5, rel=0.05)
    assert adjusted[weekend].mean() / adjusted[~weekend].mean() == pytest.approx(1, rel=0.05)
    assert found.to_frame().groupby("name")["adjusted"].count().tolist() == [112] * 4
    assert "неділя" in str(found)
    assert "<svg" in found._repr_html_()
    cost = panel_seasonal(panel, "cpa")
    assert cost.adjusted[:, -1] == pytest.approx(300 / adjusted, rel=0.1)


def test_a_ratio_of_a_week_is_that_of_its_sums() -> None:
    """100.00 a day for one result in the week cost 700.00; it is not a cost a day."""
    results = np.ones((42, 1))
    results[-7:-1] = 0.0
    found = panel_seasonal(panel_of(results), "cpa").headline()
    assert "As it came: €700.00." in found
    assert "a day" not in found


def test_too_few_days_have_no_season() -> None:
    """Of three weeks nothing can be said of weekdays."""
    with pytest.raises(InputError, match="Only 21 days"):
        panel_seasonal(panel_of(np.ones((21, 1))), "results")
