"""Small panels made by hand or by a seed, with everything in them that features look at."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.features.panel import DailyPanel, PanelObject, Split
from aibuyer_kit.features.windows import Floats

SINCE = date(2026, 3, 1)
NAMES = ("spend", "impressions", "clicks", "link_clicks", "results", "revenue")


def panel(
    measures: Mapping[str, Any], *, objects: tuple[PanelObject, ...] = (), since: date = SINCE, **more: Any
) -> DailyPanel:
    """Return a panel of what is given, one column per object; what is not given is 0, and all days are final."""
    arrays = {name: np.array(values, dtype=np.float64) for name, values in measures.items()}
    shape = next(iter(arrays.values())).shape
    days = DateRange(since, since + timedelta(days=shape[0] - 1))
    objects = objects or tuple(PanelObject(f"s{place}", f"Set {place}", "act_1") for place in range(shape[1]))
    filled = {name: np.zeros(shape) for name in NAMES} | arrays
    known_at = datetime.combine(days.until + timedelta(days=1), datetime.min.time(), UTC)
    told: dict[str, Any] = {"known_share": np.ones(shape), "currency": "EUR", "load_id": 1, "known_at": known_at}
    return DailyPanel(Level.ADSET, days, objects, filled, **(told | more))


def drawn_panel(seed: int = 0, *, days: int = 60, objects: int = 5) -> DailyPanel:
    """Return a panel with all that there can be, restated within the last four weeks, unknown on some days."""
    draw = np.random.default_rng(seed)
    shape = days, objects
    impressions = draw.poisson(800, shape).astype(np.float64)
    clicks = draw.binomial(impressions.astype(np.int64), 0.05).astype(np.float64)
    results = draw.binomial(clicks.astype(np.int64), 0.2).astype(np.float64)
    measures = {
        "spend": impressions * 10_000,
        "impressions": impressions,
        "clicks": clicks,
        "link_clicks": clicks,
        "results": results,
        "revenue": results * 30_000_000,
    }
    for values in measures.values():
        values[11:12] = np.nan
    shares = np.ones(shape)
    shares[-28:] = np.linspace(1, 0.5, 28)[-days:, None]
    people = {length: np.where(draw.random(shape) < 0.6, 4.0 * length * 100, np.nan) for length in (7, 28)}
    return panel(
        measures,
        objects=tuple(drawn_object(place) for place in range(objects)),
        known_share=shares,
        budgets=np.round(8e6 * np.exp(np.cumsum(draw.normal(0, 0.15, shape), axis=0)), -4),
        reach=people,
        splits={
            ("age", "gender"): split(draw, shape, ("age", "gender"), AGES),
            PLACEMENT: split(draw, shape, PLACEMENT, PLACES),
        },
        known_at=datetime(2026, 4, 29, 12, tzinfo=UTC),
    )


PLACEMENT = ("publisher_platform", "platform_position")
AGES = (("25-34", "female"), ("25-34", "male"), ("65+", "female"), ("Unknown", "male"))
PLACES = (
    ("facebook", "feed"),
    ("instagram", "story"),
    ("audience_network", "classic"),
    ("messenger", "messenger_inbox"),
)


def split(
    draw: np.random.Generator, shape: tuple[int, int], names: tuple[str, ...], parts: tuple[tuple[str, ...], ...]
) -> Split:
    values: Floats = draw.poisson(200, (*shape, len(parts))).astype(np.float64)
    return Split(names, parts, values)


def drawn_object(place: int) -> PanelObject:
    return PanelObject(
        id=f"s{place}",
        name=f"Set {place}",
        account_id=f"act_{place // 3}",
        campaign_id=f"c{place // 2}",
        objective="OUTCOME_SALES",
        created_on=SINCE + timedelta(days=place - 2),
        creative_id=f"k{place // 2}",
        creative={
            "title": "Sale 20%! 🙂",
            "body": "Лише сьогодні? BUY",
            "object_type": "SHARE",
            "call_to_action": "SHOP_NOW",
            "link_url": "https://shop.example",
        },
        holder_id=f"c{place // 2}" if place < 2 else f"s{place}",
        holder_budget_micros=8_000_000,
        time_zone="Europe/Kyiv",
    )
