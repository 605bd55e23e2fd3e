"""Practice markets in which budgets moved, and the panel that a buyer has of them: what is reported, without HTTP.

A history begins as the preset has it and goes on under a schedule of budgets; lift tests are of its last weeks but
four, as a world of that history would supply them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.features.panel import DailyPanel, PanelObject
from aibuyer_kit.sandbox import Market
from aibuyer_kit.sandbox.market.closed_forms import value_units
from aibuyer_kit.sandbox.market.lift_tests import LiftTest, lift_tests
from aibuyer_kit.sandbox.market.presets import PRESETS
from aibuyer_kit.sandbox.market.response import known_share
from aibuyer_kit.sandbox.market.sums import Span

Floats = NDArray[np.float64]
MARGIN = 0.6
LEAD_VALUE = 45.0
# From a number of the day and the budgets that the world began with (in units) to budgets of that day.
Schedule = Callable[[int, Floats], Floats]


def steps(
    seed: int, moving: float = 1.0, *, spread: float = 0.45, least_days: int = 7, most_days: int = 28
) -> Schedule:
    """Return budgets that stand for weeks and then move, of a share `moving` of the ad sets; the others stay."""
    rng = np.random.default_rng([seed, 17])
    held: dict[str, Any] = {}

    def budgets(day: int, base: Floats) -> Floats:
        if not held:
            held.update(until=np.zeros(len(base)), now=base.copy(), moves=rng.random(len(base)) < moving)
        due = held["moves"] & (day >= held["until"])
        count = int(due.sum())
        held["now"][due] = base[due] * np.exp(np.clip(rng.normal(0, spread, count), -1.0, 0.9))
        held["until"][due] = day + rng.integers(least_days, most_days + 1, count)
        return np.asarray(held["now"], dtype=np.float64)

    return budgets


def lived(
    preset: str, seed: int, schedule: Schedule, *, days: int = 330, tests: int = 10
) -> tuple[Market, list[LiftTest]]:
    """Return a market after its first 60 days and `days` more under a schedule, and the tests of its last weeks."""
    market = Market(replace(PRESETS[preset], history_days=60), seed)
    ids = [adset.id for adset in market.account.adsets]
    base = np.array([market.setting(one).daily_budget_minor / 100 for one in ids])
    for day in range(days):
        wanted = np.maximum(1.0, np.round(schedule(day, base), 2))
        for one, units in zip(ids, wanted.tolist(), strict=True):
            market.set_daily_budget(one, round(units * 100) * 10_000)
        market.advance(days=1)
    found = []
    if tests:
        market.true_sums(DateRange(market.first_day, market.first_day))  # what is lived through once, forks share
        told = market.fork()
        told.history_end, told.world = told.today, replace(told.world, lift_tests=min(tests, len(ids)))
        found = list(lift_tests(told))
    return market, found


def panel_of(market: Market, *, knows_leads: bool = True, margin: float | None = MARGIN) -> DailyPanel:
    """Return what the platform reports by now of the ad sets' days that are over.

    No platform reports what a lead is worth: here the client knows, unless `knows_leads` is false.
    """
    days = DateRange(market.first_day, market.today - timedelta(days=1))
    adsets = market.account.adsets
    spans = [Span(market.places(adset.ads), number, number) for adset in adsets for number in range(len(days))]
    sums = market.sums(spans, market.now_us)
    shape = (len(adsets), len(days))
    leads = np.array([adset.brings_leads for adset in adsets])[:, None]

    def by_day(column: Any) -> Floats:
        return np.asarray(column, dtype=np.float64).reshape(shape)

    worth = np.array([[_lead_value(market, adset) * knows_leads] for adset in adsets])
    purchases, brought = by_day(sums.purchases[:, 0, 0]), by_day(sums.leads[:, 0, 0])
    results = np.where(leads, brought, purchases)
    revenue = np.where(leads, results * worth * 1e6, by_day(sums.purchase_values_minor[:, 0, 0]) * 1e4)
    measures: Mapping[str, Floats] = {
        "spend": by_day(sums.spend_minor[:, 0]) * 1e4,
        "impressions": by_day(sums.impressions[:, 0]),
        "clicks": by_day(sums.clicks[:, 0]),
        "link_clicks": by_day(sums.link_clicks[:, 0]),
        "results": results,
        "revenue": revenue,
        "gross_profit": revenue * margin if margin is not None else np.full(shape, np.nan),
    }
    ages = np.array([(market.today - day).days for day in days])
    shares = np.array([known_share(age + 0.4) for age in ages])
    return DailyPanel(
        level=Level.ADSET,
        days=days,
        objects=tuple(_object(market, adset) for adset in adsets),
        measures={name: np.ascontiguousarray(values.T) for name, values in measures.items()},
        known_share=np.repeat(shares[:, None], len(adsets), axis=1),
        currency=market.account.currency,
        load_id=1,
        known_at=market.now.astimezone(UTC),
    )


def _lead_value(market: Market, adset: Any) -> float:
    return value_units(adset) if market.world.rules is None else LEAD_VALUE


def _object(market: Market, adset: Any) -> PanelObject:
    campaign = market.tree.campaign(adset.campaign_id)
    setting = market.setting(adset.id)
    return PanelObject(
        id=adset.id,
        name=adset.name,
        account_id=market.account.id,
        campaign_id=campaign.id,
        campaign_name=campaign.name,
        adset_id=adset.id,
        objective=campaign.objective,
        status=setting.status,
        daily_budget_micros=setting.daily_budget_minor * 10_000 or None,
        result_type="lead" if adset.brings_leads else "purchase",
    )


def budgets_of(market: Market) -> Floats:
    """Return the daily budgets that hold, in units of the currency."""
    return np.array([market.setting(adset.id).daily_budget_minor / 100 for adset in market.account.adsets])


def true_marginal(market: Market, *, days: int = 14, step: float = 0.1) -> Floats:
    """Return the gross profit that the next unit of each ad set's budget truly brings."""
    adsets, budgets = market.account.adsets, budgets_of(market)
    if market.world.rules is None:
        return _of_formula(market, budgets)
    ids = [adset.id for adset in adsets]
    rows = np.concatenate([budgets * (1 + sign * step * np.eye(len(ids))) for sign in (1, -1)])
    revenue = market.revenues(ids, rows * 1e6, days=days) / 1e6
    up, down = revenue[: len(ids)], revenue[len(ids) :]
    return np.asarray((up - down) / (2 * step * budgets * days) * market.world.rules.margin)


def _of_formula(market: Market, budgets: Floats) -> Floats:
    return np.array(
        [
            adset.curve.slope(units) * value_units(adset) * MARGIN
            for adset, units in zip(market.account.adsets, budgets.tolist(), strict=True)
        ]
    )


def varied(panel: DailyPanel, budgets: Sequence[Floats] = ()) -> Floats:
    """Return by how much each object's spend moved: the standard deviation of its logarithm, days without none."""
    spend = np.where(panel.measure("spend") > 0, panel.measure("spend"), np.nan)
    return np.asarray(np.nanstd(np.log(spend), axis=0))
