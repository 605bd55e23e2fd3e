"""The worlds that come with the package."""

from collections.abc import Mapping
from dataclasses import replace

from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.sandbox.market.emergent.rules import Attention, Auctions, Demand, Event, Rules, Shocks
from aibuyer_kit.sandbox.market.world import AdSetPlan, CampaignPlan, World, with_response


def _adsets(**budgets_units: int) -> tuple[AdSetPlan, ...]:
    return tuple(
        AdSetPlan(f"Sample {name.replace('_', ' ')}", units * MICROS_PER_UNIT) for name, units in budgets_units.items()
    )


_HILL = World(
    preset="hill",
    campaigns=(
        CampaignPlan(
            "Sample Prospecting",
            "OUTCOME_SALES",
            (
                *_adsets(Lookalike_1pct=120, Lookalike_3pct=90, Broad_18_34=150, Broad_35_54=110, Interests_sport=60),
                # Paused for a part of the past, from a noon to a noon.
                AdSetPlan("Sample Interests home", 70 * MICROS_PER_UNIT, paused_share=(1 / 3, 1 / 2)),
            ),
        ),
        CampaignPlan(
            # A harmless but nasty name, so that every way out has to escape it.
            'Sample <b>Retargeting</b> & "friends"',
            "OUTCOME_SALES",
            (
                *_adsets(Visitors_7d=80, Visitors_30d=60, Cart_7d=45),
                AdSetPlan("Sample Buyers 180d", 40 * MICROS_PER_UNIT, first_ad_idle_every=5),
            ),
        ),
        CampaignPlan(
            "Sample Catalogue",
            "OUTCOME_SALES",
            _adsets(Shoes=130, Bags=100, Coats=75, Gifts=55, Sale=140, Київ_18_34=65),
        ),
        CampaignPlan(
            "Sample Lead forms", "OUTCOME_LEADS", _adsets(Newsletter=50, Consultation=85, Webinar=35, Callback=45)
        ),
    ),
)


def _audiences(kind: str, people: int = 0, **budgets_units: int) -> tuple[AdSetPlan, ...]:
    return tuple(
        AdSetPlan(f"Sample {name.replace('_', ' ')}", units * MICROS_PER_UNIT, audience=kind, audience_size=people)
        for name, units in budgets_units.items()
    )


# The biggest budgets have the biggest audiences; the others are drawn.
_SHOP = (
    CampaignPlan(
        "Sample Prospecting",
        "OUTCOME_SALES",
        (
            *_audiences("broad", 650_000, Broad_18_34=270),
            *_audiences("broad", Broad_35_54=120),
            *_audiences("lookalike", 480_000, Lookalike_1pct=240),
            *_audiences("lookalike", Lookalike_3pct=80),
            *_audiences("interest", Interests_sport=50, Interests_home=60),
        ),
    ),
    CampaignPlan(
        # A harmless but nasty name, so that every way out has to escape it.
        'Sample <b>Retargeting</b> & "friends"',
        "OUTCOME_SALES",
        _audiences("retargeting", Visitors_7d=75, Visitors_30d=55, Cart_7d=50, Buyers_180d=40),
    ),
    CampaignPlan(
        "Sample Catalogue",
        "OUTCOME_SALES",
        (
            *_audiences("interest", 340_000, Shoes=200),
            *_audiences("interest", Bags=90, Coats=60, Gifts=35),
            *_audiences("broad", 600_000, Sale=210),
            *_audiences("broad", Київ_18_34=50),
        ),
    ),
    CampaignPlan(
        "Sample Lead forms",
        "OUTCOME_LEADS",
        (
            *_audiences("lookalike", Newsletter=40, Consultation=90),
            *_audiences("interest", Webinar=30, Callback=35),
        ),
    ),
)

_STEADY = World(
    "steady",
    _SHOP,
    history_days=90,
    rules=Rules(auctions=Auctions(weekday=0), demand=Demand(weekday=0, noise=0.04)),
)
_SEASONAL = replace(
    _STEADY,
    preset="seasonal",
    history_days=180,
    rules=Rules(
        auctions=Auctions(season=0.11, holidays=1.12),
        demand=Demand(season=0.3, trend=0.1),
        event=(
            Event(kind="promotion", day=60, hours=96, factor=1.5),
            Event(kind="competitor", day=95, hours=240, factor=1.3),
            Event(kind="stock_out", day=130, hour=14, hours=20, factor=0.4),
            Event(kind="promotion", day=155, hours=72, factor=1.6),
        ),
    ),
)
_FATIGUE = replace(
    _STEADY,
    preset="fatigue",
    rules=Rules(
        attention=Attention(
            persuasion=0.4, tolerance=0.16, memory_days=8, wear_out=1.2, wear_out_floor=0.35, creative_spread=0.3
        )
    ),
)
_LOW_VOLUME = World(
    "low_volume",
    (
        CampaignPlan(
            "Sample Local",
            "OUTCOME_SALES",
            (
                *_audiences("interest", 25_000, Evening_course=14, Weekend_course=8, Summer_camp=4),
                *_audiences("lookalike", 40_000, Parents=18),
                *_audiences("retargeting", 1_500, Visitors=5),
            ),
        ),
        CampaignPlan("Sample Enquiries", "OUTCOME_LEADS", _audiences("interest", 25_000, Call_back=8, Trial_lesson=4)),
    ),
    history_days=120,
    rules=Rules(auctions=Auctions(cpm=13, spread=2.0)),
)
_SHOCK = replace(
    _SEASONAL,
    preset="shock",
    history_days=90,
    rules=Rules(
        auctions=Auctions(noise=0.18),
        demand=Demand(noise=0.15),
        shocks=Shocks(price_a_month=4, tracking_a_month=2),
        event=(Event(kind="competitor", day=50, hours=336, factor=1.6),),
    ),
)
_MOST_ADSETS_A_CAMPAIGN = 100
_KINDS = ("interest", "lookalike", "interest", "broad", "interest", "retargeting")


def _many(adsets: int) -> tuple[CampaignPlan, ...]:
    """Return campaigns with a hundred ad sets each."""
    return tuple(
        CampaignPlan(
            f"Sample campaign {first // _MOST_ADSETS_A_CAMPAIGN + 1}",
            "OUTCOME_SALES",
            tuple(
                AdSetPlan(
                    f"Sample ad set {number + 1}",
                    (20 + 7 * (number % 23)) * MICROS_PER_UNIT,
                    audience=_KINDS[number % len(_KINDS)],
                    ads=3,
                )
                for number in range(first, min(first + _MOST_ADSETS_A_CAMPAIGN, adsets))
            ),
        )
        for first in range(0, adsets, _MOST_ADSETS_A_CAMPAIGN)
    )


_LARGE = replace(_SEASONAL, preset="large", campaigns=_many(10_000), history_days=400)
_LOGISTIC = with_response(replace(_HILL, preset="logistic"), "logistic")

_ALL = (_STEADY, _SEASONAL, _FATIGUE, _LOW_VOLUME, _SHOCK, _LARGE, _HILL, _LOGISTIC)
PRESETS: Mapping[str, World] = {world.preset: world for world in _ALL}
