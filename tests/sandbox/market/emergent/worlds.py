"""Small worlds of people and auctions, and what is measured in them."""

from dataclasses import replace
from typing import Any

from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.emergent.rules import Attention, Auctions, Claims, Demand, Pacing, People, Rules
from aibuyer_kit.sandbox.market.world import AdSetPlan, CampaignPlan, LearningRule, World

UNIT = 1_000_000
# No luck, no seasons, nothing that happens by itself: what differs is what was changed.
CALM = Rules(
    auctions=Auctions(noise=0, weekday=0, hourly=0, season=0, spread=1),
    demand=Demand(noise=0, weekday=0),
    attention=Attention(creative_spread=0),
    claims=Claims(counts="expected", modelled=0),
    pacing=Pacing(eagerness=0),
)
# As many auctions and as much patience as one could wish: nothing runs out.
ENDLESS = CALM.model_copy(
    update={
        "people": People(traffic=50, interest_days=0.6),
        "attention": Attention(creative_spread=0, tolerance=1e6, wear_out=1e6, persuasion=0.01),
        "learning_loss": 0.0,
    }
)


def arm(name: str, daily_units: float = 60, people: int = 100_000, **plan: Any) -> AdSetPlan:
    return AdSetPlan(name, round(daily_units * 100) * UNIT // 100, audience_size=people, **plan)


def market(
    *arms: AdSetPlan, rules: Rules = CALM, seed: int = 7, days: int = 30, learning: LearningRule | None = None
) -> Market:
    """Return a market of one campaign."""
    world = World("steady", (CampaignPlan("Sample", "OUTCOME_SALES", arms),), history_days=days, rules=rules)
    return Market(replace(world, learning=learning) if learning else world, seed)


def with_section(rules: Rules, name: str, **changes: Any) -> Rules:
    return rules.model_copy(update={name: getattr(rules, name).model_copy(update=changes)})
