"""Panels of ads drawn by a seed, whose creatives show things of which one works: it is clicked more often."""

from datetime import UTC, date, datetime, timedelta

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.features.panel import DailyPanel, PanelObject

UNTIL = date(2026, 5, 31)
CALLS = ("SHOP_NOW", "LEARN_MORE", "SIGN_UP", "GET_OFFER")
PLANTED = "call_to_action: GET_OFFER"


def drawn_ads(seed: int, *, effect: float = 0.5, ads: int = 60, adsets: int = 12, days: int = 84) -> DailyPanel:
    """Return a panel of ads in EUR; the click rate of ads that offer something is `effect` higher, as a logarithm."""
    rng = np.random.default_rng(seed)
    dates = DateRange(UNTIL - timedelta(days=days - 1), UNTIL)
    adset = np.arange(ads) % adsets
    calls = rng.choice(CALLS, ads)
    words = rng.integers(2, 40, ads)
    own = 0.012 * np.exp(rng.normal(0, 0.4, adsets)[adset] + effect * (calls == "GET_OFFER") + rng.normal(0, 0.1, ads))
    shown = rng.poisson(rng.lognormal(7.2, 0.5, ads), (days, ads)).astype(float)
    clicks = rng.binomial(shown.astype(int), np.clip(own, 0, 1)).astype(float)
    results = rng.binomial(clicks.astype(int), 0.05).astype(float)
    measures = {
        "spend": np.round(shown * 8_000.0),
        "impressions": shown,
        "clicks": clicks,
        "results": results,
        "revenue": results * 40e6,
    }
    objects = tuple(
        PanelObject(
            f"a{place:03}", f"Ad {place}", "act_1", f"c{adset[place] % 3}", "Sample", f"s{adset[place]}",
            creative_id=f"k{place:03}", result_type="purchase",
            creative={
                "name": f"Creative {place}", "object_type": "SHARE" if place % 2 else "VIDEO",
                "call_to_action": str(calls[place]), "title": "Sample", "body": "word " * int(words[place]),
            },
        )
        for place in range(ads)
    )  # fmt: skip
    known_at = datetime.combine(UNTIL + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    return DailyPanel(Level.AD, dates, objects, measures, np.ones((days, ads)), "EUR", 1, known_at)
