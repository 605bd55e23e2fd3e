"""Panels drawn from curves that are known."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.features.panel import DailyPanel, PanelObject
from tests.market_panels import Floats

FIRST_DAY = date(2025, 3, 3)


def panel(
    spend: Floats,
    results: Floats,
    *,
    value: float | None = 50.0,
    margin: float | None = 0.5,
    known: Floats | None = None,
    objects: Sequence[Mapping[str, Any]] | None = None,
) -> DailyPanel:
    """Return a panel of ad sets in two campaigns; spend in units (days, arms)."""
    days, arms = spend.shape
    revenue = results * (value or 0.0) * 1e6
    places = objects or [{"campaign_id": f"c{arm % 2}"} for arm in range(arms)]
    return DailyPanel(
        level=Level.ADSET,
        days=DateRange(FIRST_DAY, FIRST_DAY + timedelta(days=days - 1)),
        objects=tuple(
            PanelObject(
                **{"id": f"a{arm}", "name": f"Arm {arm}", "account_id": "act_1", "result_type": "purchase", **more}
            )
            for arm, more in enumerate(places)
        ),
        measures={
            "spend": spend * 1e6,
            "impressions": spend * 100.0,
            "results": results,
            "revenue": revenue,
            "gross_profit": revenue * margin if margin else np.full_like(revenue, np.nan),
        },
        known_share=np.ones_like(spend) if known is None else known,
        currency="EUR",
        load_id=7,
        known_at=datetime(2026, 6, 1, tzinfo=UTC),
    )


def moving(days: int, arms: int, seed: int, *, usual: float = 100.0, spread: float = 0.45) -> Floats:
    """Return budgets that move every ten days."""
    rng = np.random.default_rng(seed)
    steps = np.exp(rng.normal(0, spread, (days // 10 + 1, arms)))
    return np.asarray(usual * np.repeat(steps, 10, axis=0)[:days])


def hill(spend: Floats, ceiling: float = 40.0, half: float = 100.0, slope: float = 1.0) -> Floats:
    return np.asarray(ceiling * spend**slope / (spend**slope + half**slope))


def drawn(mean: Floats, seed: int) -> Floats:
    return np.random.default_rng(seed).poisson(mean).astype(np.float64)
