"""What a world is made of: campaigns and budgets, people and auctions, and what does not go together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aibuyer_kit.core.errors import SettingsError
from aibuyer_kit.sandbox.market.emergent.rules import Rules

FIRST_NOW = datetime(2026, 6, 1, 6, 30, tzinfo=UTC)
OBJECTIVES = ("OUTCOME_SALES", "OUTCOME_LEADS")
MIN_DAILY_BUDGET_MINOR = 100
# The platform keeps 37 months.
MAX_HISTORY_DAYS = 1123

# Lift tests have ended so long before the history does, so that their results are complete.
LIFT_TEST_AGO_DAYS = 28
# How the budgets of ad sets stand when a world begins: as they are written, or their sum split anew.
TODAY_SPLITS = ("as_is", "equal", "proportional_to_roas")
# Whether a daily budget is spent to the cent each day, or up to 1.75 times on one day and 7 times within a week.
DAILY_SPENDS = ("exact", "uneven")
# Kinds of audiences, and from how many to how many people they have unless a world says more exactly.
AUDIENCE_SIZES: Mapping[str, tuple[int, int]] = {
    "interest": (120_000, 300_000),
    "lookalike": (220_000, 550_000),
    "broad": (350_000, 800_000),
    "retargeting": (12_000, 30_000),
}
# What an ad spends and shows on a day fits into 32 bits, also on a day that takes twice its budget.
MOST_DAILY_BUDGET_MINOR = 10**9
_MOST_SHOWN_A_DAY = 2 * 10**9


@dataclass(frozen=True)
class AdSetPlan:
    """An ad set as a world begins with it; `paused_share` is the part of the history it was paused in, from-to in 0..1.

    Its first ad does not deliver on every `first_ad_idle_every`-th day; 0 for always on. A lifetime budget is spent
    within `lifetime_days` from the first day on. `audience_size` is drawn if it is 0, and without a budget it
    shares its campaign's. `audience` is one of AUDIENCE_SIZES, `ads` is how many it begins with.
    """

    name: str
    daily_budget_micros: int
    paused_share: tuple[float, float] | None = None
    first_ad_idle_every: int = 0
    lifetime_budget_micros: int = 0
    lifetime_days: int = 0
    audience_size: int = 0
    audience: str = "interest"
    ads: int = 2
    # The formula of its response, in a market that has formulas.
    response: str = "hill"


@dataclass(frozen=True)
class CampaignPlan:
    """A campaign as a world begins with it."""

    name: str
    objective: str
    adsets: tuple[AdSetPlan, ...]
    daily_budget_micros: int = 0
    lifetime_budget_micros: int = 0
    lifetime_days: int = 0


@dataclass(frozen=True)
class LearningRule:
    """When an ad set has learnt, and which change of its budget makes it learn anew.

    That 50 results end learning is documented; that a change by more than 20% resets it is practitioners' folklore.
    """

    results: int = 50
    days: int = 7
    budget_change_share: float = 0.2


@dataclass(frozen=True)
class World:
    """What a market is opened from; `history_days` full days are lived through before `now`.

    Raises SettingsError for keys that do not go together.
    """

    preset: str
    campaigns: tuple[CampaignPlan, ...]
    history_days: int = 60
    currency: str = "EUR"
    time_zone: str = "Europe/Kyiv"
    now: datetime = FIRST_NOW
    learning: LearningRule = LearningRule()
    today_split: str = "as_is"
    daily_spend: str = "exact"
    # Of a market of people and auctions; without them, response is the formula of this name.
    rules: Rules | None = None
    response: str = "hill"
    lift_tests: int = 0

    def __post_init__(self) -> None:
        adsets = [adset for campaign in self.campaigns for adset in campaign.adsets]
        if self.lift_tests and self.history_days < LIFT_TEST_AGO_DAYS:
            raise SettingsError(
                f"lift_tests is {self.lift_tests} and history_days is {self.history_days}: a test ends "
                f"{LIFT_TEST_AGO_DAYS} days before the history does. Give history_days of {LIFT_TEST_AGO_DAYS} or more."
            )
        if self.lift_tests > len(adsets):
            raise SettingsError(f"lift_tests is {self.lift_tests}, but there are {len(adsets)} ad sets: one test each.")
        if self.daily_spend != "exact" and self.rules is not None:
            raise SettingsError(
                f"daily_spend is {self.daily_spend!r}, which only a closed form has; where there are people and "
                "auctions, [pacing] says how a budget is spent."
            )
        if self.today_split != "as_is" and not any(adset.daily_budget_micros for adset in adsets):
            raise SettingsError(
                f"today_split is {self.today_split!r}, but no ad set has a daily_budget of its own to split."
            )
        most = max((adset.audience_size for adset in adsets), default=0)
        if self.rules is not None and most * self.rules.people.traffic > _MOST_SHOWN_A_DAY:
            raise SettingsError(
                f"audience_size is {most} and [people] traffic is {self.rules.people.traffic:g}: that is more than "
                f"{_MOST_SHOWN_A_DAY:,} auctions a day for one ad set."
            )


def with_response(world: World, response: str) -> World:
    """Return the world with one formula for the response of all its ad sets."""
    campaigns = tuple(
        replace(campaign, adsets=tuple(replace(adset, response=response) for adset in campaign.adsets))
        for campaign in world.campaigns
    )
    return replace(world, response=response, campaigns=campaigns)
