"""The worlds that come with the package."""

from collections.abc import Mapping

from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.sandbox.market.world import AdSetPlan, CampaignPlan, World


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

PRESETS: Mapping[str, World] = {_HILL.preset: _HILL}
