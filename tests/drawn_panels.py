"""Panels drawn by a seed: ad sets with rates of their own that wander, weekdays, a slow season, and late results."""

from datetime import UTC, date, datetime, timedelta

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.features.panel import DailyPanel, PanelObject
from aibuyer_kit.features.windows import Floats

UNTIL = date(2026, 5, 31)
MICROS = 1_000_000


def drawn_panel(
    seed: int,
    *,
    days: int = 120,
    objects: int = 30,
    spread: float = 0.5,
    wander: float = 0.02,
    daily_spend: float = 60.0,
    cpa: float = 15.0,
    value: float = 40.0,
    noise: float = 0.08,
) -> DailyPanel:
    """Return a panel in EUR that ends on UNTIL; `wander` is how far rates move in a day."""
    rng = np.random.default_rng(seed)
    dates = DateRange(UNTIL - timedelta(days=days - 1), UNTIL)
    day = np.arange(days)[:, None]
    season = 1 + 0.15 * np.sin(2 * np.pi * (day + rng.integers(365)) / 365 + 1)
    weekday = 1 + 0.12 * np.cos(2 * np.pi * (day - 2) / 7)
    shock = np.exp(rng.normal(0, noise, (days, 1)))
    budget = daily_spend * rng.lognormal(0, 0.6, objects)
    spend = budget * rng.lognormal(0, 0.1, (days, objects)) * np.exp(rng.normal(0, noise / 2, (days, 1)))
    cpm = 8.0 * season * np.exp(rng.normal(0, 0.05, (days, 1))) * rng.lognormal(0, 0.2, objects)
    impressions = rng.poisson(spend / cpm * 1000)
    clicks = rng.binomial(impressions, np.clip(0.012 * weekday * rng.lognormal(0, 0.2, objects), 0, 1))
    log_rate = rng.normal(0, spread, objects) + np.cumsum(rng.normal(0, wander, (days, objects)), axis=0)
    results = rng.poisson(spend / cpa * np.exp(log_rate) * weekday * season * shock).astype(np.float64)
    revenue = results * value * np.exp(rng.normal(0, 0.05, (days, 1)))
    measures: dict[str, Floats] = {
        "spend": np.round(spend * MICROS),
        "impressions": impressions.astype(np.float64),
        "clicks": clicks.astype(np.float64),
        "link_clicks": clicks.astype(np.float64),
        "results": results,
        "revenue": np.round(revenue * MICROS),
    }
    return panel_of(dates, measures)


def panel_of(days: DateRange, measures: dict[str, Floats], known_share: Floats | None = None) -> DailyPanel:
    shape = measures["spend"].shape
    named = tuple(
        PanelObject(f"s{number:03}", f"Ad set {number}", "act_1", f"c{number % 5}", f"Campaign {number % 5}")
        for number in range(shape[1])
    )
    share = np.ones(shape) if known_share is None else known_share
    known_at = datetime.combine(days.until + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    return DailyPanel(Level.ADSET, days, named, measures, share, "EUR", 1, known_at)
