"""What a world may set of a market of people and auctions; each key says what it means."""

import math
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Effect = Literal["price", "competitor", "tracking", "promotion", "stock_out"]
# What an event of each kind may multiply by.
FACTORS: Mapping[Effect, tuple[float, float]] = {
    "price": (0.01, 20),
    "competitor": (0.01, 20),
    "tracking": (0, 1),
    "promotion": (0, 20),
    "stock_out": (0, 1),
}
# At rest at most 1.5% of an audience are in the market: with so many times as many, all of them nearly are.
_MOST_DEMAND = 60


class Section(BaseModel):
    """One table of a world file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class People(Section):
    """Who there is to be reached."""

    overlap: float = Field(
        default=0.4,
        ge=0,
        le=0.8,
        description="share of an audience between two others of its size and campaign that these reach too",
    )
    traffic: float = Field(
        default=0.7, gt=0, le=50, description="auctions per person and day in which the account may bid"
    )
    interest_days: float = Field(
        default=7, gt=0.5, le=60, description="how long somebody stays in the market for the product"
    )
    in_market: float = Field(
        default=1.0, gt=0, le=10, description="people in the market, as a multiple of what the kind of audience has"
    )
    organic: float = Field(
        default=1.0,
        ge=0,
        le=1.3,
        description="those who buy without any ad, as a multiple of what the kind of audience has",
    )


class Auctions(Section):
    """What an impression costs."""

    cpm: float = Field(
        default=11.0, gt=0, le=1000, description="rivals' usual price of 1,000 impressions, in currency units"
    )
    spread: float = Field(
        default=1.5, ge=1, le=5, description="between audiences the price differs by up to this factor"
    )
    hourly: float = Field(default=0.25, ge=0, le=0.9, description="how far the price swings within a day")
    weekday: float = Field(default=0.07, ge=0, le=0.5, description="how far the price swings within a week")
    season: float = Field(
        default=0.0, ge=0, le=0.8, description="how far the price swings within a year, dearest in November"
    )
    holidays: float = Field(
        default=1.0, ge=0.2, le=5, description="the price in the six weeks before New Year, as a multiple"
    )
    noise: float = Field(default=0.1, ge=0, le=1, description="standard deviation of the daily log price")
    most_bid: float = Field(
        default=12.0, ge=1, le=100, description="the highest bid, as a multiple of the rivals' price"
    )


class Attention(Section):
    """What people make of what they are shown."""

    persuasion: float = Field(
        default=0.285, gt=0, le=1, description="chance that an impression persuades somebody in the market"
    )
    tolerance: float = Field(
        default=0.25,
        gt=0,
        le=1e6,
        description="impressions a person of the audience in memory at which an ad works half as well; 1e6: no fatigue",
    )
    memory_days: float = Field(default=5.0, gt=0.1, le=100, description="half-life of an impression in memory")
    wear_out: float = Field(
        default=3.0,
        gt=0,
        le=1e6,
        description="impressions a person after which a creative has lost most of what it can lose",
    )
    wear_out_floor: float = Field(default=0.5, ge=0, le=1, description="what a worn-out creative keeps of its quality")
    creative_spread: float = Field(
        default=0.3, ge=0, le=1.5, description="standard deviation of creatives' log quality"
    )
    attributes_share: float = Field(
        default=0.3, ge=0, le=1, description="share of that variance which a creative's visible attributes explain"
    )


class Demand(Section):
    """How many people come into the market."""

    weekday: float = Field(
        default=0.06, ge=0, le=0.5, description="how far demand swings within a week, strongest on Monday"
    )
    season: float = Field(
        default=0.0, ge=0, le=0.8, description="how far demand swings within a year, strongest in December"
    )
    trend: float = Field(default=0.0, ge=-0.9, le=5, description="growth of demand in a year, as a share")
    noise: float = Field(default=0.08, ge=0, le=1, description="standard deviation of the daily log demand")


class Claims(Section):
    """What the platform claims of what happened."""

    tracked: float = Field(
        default=0.85, gt=0, le=1, description="share of results that reach the platform or that it models"
    )
    organic_credit: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="chance that a buyer without need of the ad is claimed if he was shown it this week",
    )
    at_once: float = Field(
        default=0.5, gt=0, le=1, description="share of a day's results that is reported when the day begins"
    )
    modelled: float = Field(
        default=0.1,
        ge=0,
        le=0.9,
        description="by how much early reports of a day may be off, up or down, until modelling ends",
    )
    counts: Literal["drawn", "expected"] = Field(
        default="drawn",
        description="whether results and clicks are whole draws around what is expected, or expected to the unit",
    )


class Pacing(Section):
    """How a daily budget is spent."""

    day_limit: float = Field(default=1.75, ge=1, le=2, description="the most of a daily budget that a day may take")
    week_limit: float = Field(default=7.0, ge=1, le=7, description="the most daily budgets from Sunday to Saturday")
    eagerness: float = Field(
        default=0.8, ge=0, le=2, description="by how much more is spent on a cheaper day; 0 for evenly"
    )


class Shocks(Section):
    """What happens at random."""

    price_a_month: float = Field(
        default=0, ge=0, le=30, description="spells of dear auctions a month, of 2 to 8 hours each, in number"
    )
    tracking_a_month: float = Field(default=0, ge=0, le=30, description="outages of tracking a month, in number")


class Event(Section):
    """What happens at a known time and multiplies the rivals' price, what is tracked, demand, or what can be bought."""

    kind: Effect = Field(description="price, competitor (both on price), tracking, promotion (on demand), stock_out")
    day: int = Field(ge=0, description="the day of the world, 0 being the first of its history")
    hour: int = Field(default=0, ge=0, le=23, description="the hour it begins")
    hours: int = Field(default=24, ge=1, le=24 * 60, description="how long it lasts")
    factor: float = Field(
        ge=0,
        le=20,
        description="what it multiplies by; price and competitor from 0.01 on, tracking and stock_out up to 1",
    )

    @model_validator(mode="after")
    def _check_factor(self) -> Self:
        low, high = FACTORS[self.kind]
        if not low <= self.factor <= high:
            raise ValueError(f"a {self.kind} has a factor from {low:g} to {high:g}, not {self.factor:g}")
        return self

    @property
    def begins(self) -> int:
        """The hour of the world at which it begins."""
        return self.day * 24 + self.hour

    @property
    def ends(self) -> int:
        """The hour of the world at which it is over."""
        return self.begins + self.hours


class Rules(Section):
    """All that a world of people and auctions may set."""

    people: People = People()
    auctions: Auctions = Auctions()
    attention: Attention = Attention()
    demand: Demand = Demand()
    claims: Claims = Claims()
    pacing: Pacing = Pacing()
    shocks: Shocks = Shocks()
    event: tuple[Event, ...] = Field(default=(), strict=False)
    learning_loss: float = Field(
        default=0.12, ge=0, le=0.9, description="what delivery loses of its aim at the start of the learning phase"
    )
    lead_value: float = Field(
        default=45, ge=0, le=1e6, description="what a lead is worth, in currency units; no platform reports it"
    )
    margin: float = Field(default=0.6, gt=0, le=1, description="gross margin of what is sold")

    @model_validator(mode="after")
    def _check_demand(self) -> Self:
        """Nobody is in the market twice: the most that demand comes to, but for trend and luck, leaves room."""
        usual = self.people.in_market * (1 + self.demand.season) * (1 + self.demand.weekday)
        most = usual * max((self._promoted(one.begins) for one in self.event), default=1.0)
        if most > _MOST_DEMAND:
            raise ValueError(
                f"people.in_market, demand.season, demand.weekday and promotions at once come to {most:.0f} times the "
                f"usual people in the market, and there are not that many: at most {_MOST_DEMAND}"
            )
        return self

    def _promoted(self, hour: int) -> float:
        going_on = (one for one in self.event if one.kind == "promotion" and one.begins <= hour < one.ends)
        return max(1.0, math.prod(one.factor for one in going_on))
