"""Policies lived through: what is known each day decides what is changed, and the end tells what it brought."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.sandbox.market.account import Account, AdSet, Campaign
from aibuyer_kit.sandbox.market.creatives import Creative
from aibuyer_kit.sandbox.market.days import local_day
from aibuyer_kit.sandbox.market.engine import Market
from aibuyer_kit.sandbox.market.settings_log import Setting
from aibuyer_kit.sandbox.market.totals import Totals

Value = TypeVar("Value", str, int)
# A sum of budgets may be above its limit by what rounding each of them to minor units adds.
_ROUNDING_MINOR = 1


@dataclass(frozen=True)
class KnownCampaign:
    """A campaign as a buyer sees it; a budget that it does not have is 0."""

    id: str
    name: str
    objective: str
    status: str
    daily_budget_micros: int
    lifetime_budget_micros: int


@dataclass(frozen=True)
class KnownAdSet:
    """An ad set as a buyer sees it; a budget that it does not have is 0."""

    id: str
    name: str
    campaign_id: str
    campaign_name: str
    objective: str
    status: str
    daily_budget_micros: int
    lifetime_budget_micros: int
    bid_cap_micros: int
    ad_ids: tuple[str, ...]


class Known:
    """What a buyer knows at a moment: what the platform reports by then, what he has set, and nothing else.

    It stays as it is when the market goes on.
    """

    def __init__(self, market: Market) -> None:
        # Closed over: whoever decides by what is known cannot come from here to the market, and ask it for the truth.
        at_us = market.now_us

        def setting(object_id: str) -> Setting:
            if not market.find(object_id):
                raise NotFoundError(f"There is no object {object_id!r}.")
            return market.setting(object_id, at_us)

        def reported(object_id: str, days: DateRange) -> Totals:
            node = market.find(object_id)
            if node is None:
                raise NotFoundError(f"There is no object {object_id!r}.")
            return market.totals(node.ads if isinstance(node, Account | Campaign | AdSet) else (node,), days, at_us)

        self.today: date = market.today
        self.campaigns: tuple[KnownCampaign, ...] = tuple(_campaign(market, one) for one in market.account.campaigns)
        self.adsets: tuple[KnownAdSet, ...] = tuple(_adset(market, one) for one in market.account.adsets)
        self.creatives: tuple[Creative, ...] = tuple(market.tree.creatives.values())
        self._setting, self._reported = setting, reported

    def setting(self, object_id: str) -> Setting:
        """Return what is set for a campaign, an ad set or an ad. Raises NotFoundError."""
        return self._setting(object_id)

    def reported(self, object_id: str, days: DateRange) -> Totals:
        """Return what the platform says of the account, a campaign, an ad set or an ad. Raises NotFoundError."""
        return self._reported(object_id, days)


@dataclass(frozen=True)
class Change:
    """What a policy does to one object; what is None stays.

    A `status` is that of a campaign, an ad set or an ad, a budget that of a campaign or an ad set which has one of its
    kind. `bid_cap_micros` is what a result of an ad set may cost, 0 for any price; `creative_id` is what an ad shows.
    """

    status: str | None = None
    daily_budget_micros: int | None = None
    lifetime_budget_micros: int | None = None
    bid_cap_micros: int | None = None
    creative_id: str | None = None


# By the id of what is changed.
Policy = Callable[[Known], Mapping[str, Change]]


def hold(_known: Known) -> Mapping[str, Change]:
    """The policy that changes nothing, for comparison."""
    return {}


@dataclass(frozen=True)
class Replay:
    """What a policy brought over whole days, under the luck that the market will have; money in micros.

    `results` and `revenue_micros` are beyond what there would be without any advertising over these days.
    """

    days: DateRange
    changes: int
    spend_micros: int
    results: float
    revenue_micros: float
    margin: float
    spend_by_day: Mapping[date, int]

    @property
    def profit_micros(self) -> float:
        """Gross margin of the revenue, less what was spent."""
        return self.margin * self.revenue_micros - self.spend_micros

    @property
    def revenue_per_unit(self) -> float | None:
        """What a unit of money brought on average; None where nothing was spent."""
        return self.revenue_micros / self.spend_micros if self.spend_micros else None


@dataclass(frozen=True)
class Compared:
    """One row of a comparison: what a policy brought, and how much more than the first one at equal spend.

    `scale` is the first policy's spend as a multiple of this one's, and `more_revenue_micros` is this one's revenue
    times `scale`, less the first one's revenue; both None where nothing was spent. Scaling goes by the average return,
    and the last unit brings less than the average: it flatters whoever spent less, the more the further `scale` is
    from 1.
    """

    policy: str
    replay: Replay
    scale: float | None
    more_revenue_micros: float | None


def compare(
    market: Market, policies: Mapping[str, Policy], days: int = 90, *, most_daily_micros: int | None = None
) -> tuple[Compared, ...]:
    """Live policies through from the same moment and under the same luck; each is compared with the first of them.

    Raises as `replay` does, and InputError without any policy.
    """
    if not policies:
        raise InputError("There is nothing to compare: give at least one policy.")
    lived = {
        name: replay(market, policy, days, most_daily_micros=most_daily_micros) for name, policy in policies.items()
    }
    first = next(iter(lived.values()))
    return tuple(_compared(name, one, first) for name, one in lived.items())


def replay(market: Market, policy: Policy, days: int = 90, *, most_daily_micros: int | None = None) -> Replay:
    """Let a policy act once a day, at the market's time of day, beginning now, and tell what it brought.

    The market itself stays as it is: another policy can be lived through from the same moment. With
    `most_daily_micros`, policies are held to the same money: InputError is raised on a day after whose changes the
    budgets of all that is active come to more a day. Raises what the setters of `Market` raise of a change that cannot
    be.
    """
    if days < 1:
        raise InputError(f"days is {days}; give 1 or more.")
    future = market.fork()
    whole = DateRange(future.today, future.today + timedelta(days=days - 1))
    since_midnight_us = future.now_us - local_day(future.today, future.zone).start_us
    changes = 0
    for day in whole:
        bounds = local_day(day, future.zone)
        _advance_to(future, min(bounds.start_us + since_midnight_us, bounds.end_us - 1))
        changes += _apply(future, policy(Known(future)).items())
        if most_daily_micros is not None:
            _check_budgets(future, most_daily_micros)
    _advance_to(future, local_day(whole.until, future.zone).end_us)
    true = future.true_sums(whole)
    micros_per_minor = MICROS_PER_UNIT // future.account.minor_per_unit
    ads = future.account.ads
    by_day = {day: future.spend_minor(ads, (day,), future.now_us) * micros_per_minor for day in whole}
    return Replay(whole, changes, true.spend_micros, true.results, true.revenue_micros, true.margin, by_day)


def _compared(name: str, one: Replay, first: Replay) -> Compared:
    if not one.spend_micros:
        return Compared(name, one, None, None)
    scale = first.spend_micros / one.spend_micros
    return Compared(name, one, scale, one.revenue_micros * scale - first.revenue_micros)


def _advance_to(market: Market, moment_us: int) -> None:
    market.advance(seconds=max(0, moment_us - market.now_us) / 1_000_000)


def _apply(market: Market, changes: Iterable[tuple[str, Change]]) -> int:
    done = 0
    for object_id, change in changes:
        done += _set(market.set_status, object_id, change.status)
        done += _set(market.set_daily_budget, object_id, change.daily_budget_micros)
        done += _set(market.set_lifetime_budget, object_id, change.lifetime_budget_micros)
        done += _set(market.set_bid_cap, object_id, change.bid_cap_micros)
        done += _set(market.set_creative, object_id, change.creative_id)
    return done


def _set(setter: Callable[[str, Value], bool], object_id: str, value: Value | None) -> bool:
    return value is not None and setter(object_id, value)


def _check_budgets(market: Market, most_daily_micros: int) -> None:
    minor, holders = 0.0, 0
    for campaign in market.account.campaigns:
        above = market.setting(campaign.id)
        active = [one for one in campaign.adsets if _is_on(market, above) and _is_on(market, market.setting(one.id))]
        own = [setting for one in active if (setting := market.setting(one.id)).has_budget]
        shared = [above] if above.has_budget and len(own) < len(active) else []
        minor += sum(setting.daily_minor_at(market.now_us) for setting in (*own, *shared))
        holders += len(own) + len(shared)
    micros = minor * MICROS_PER_UNIT / market.account.minor_per_unit
    if minor > most_daily_micros * market.account.minor_per_unit / MICROS_PER_UNIT + _ROUNDING_MINOR * holders:
        raise InputError(
            f"On {market.today} the budgets come to {micros:.0f} micros a day, more than the {most_daily_micros} that "
            "policies are compared at: take from one ad set what another one gets."
        )


def _is_on(market: Market, setting: Setting) -> bool:
    return setting.delivers_at(market.now_us) and not 0 < setting.end_us <= market.now_us


def _campaign(market: Market, campaign: Campaign) -> KnownCampaign:
    held = market.setting(campaign.id)
    daily, lifetime, _ = _micros(market, held)
    return KnownCampaign(campaign.id, held.name or campaign.name, campaign.objective, held.status, daily, lifetime)


def _adset(market: Market, adset: AdSet) -> KnownAdSet:
    held, above = market.setting(adset.id), market.tree.campaign(adset.campaign_id)
    return KnownAdSet(
        adset.id,
        held.name or adset.name,
        above.id,
        market.setting(above.id).name or above.name,
        adset.objective,
        held.status,
        *_micros(market, held),
        tuple(ad.id for ad in adset.ads),
    )


def _micros(market: Market, held: Setting) -> tuple[int, int, int]:
    """Return the daily budget, the lifetime budget and the bid cap."""
    micros_per_minor = MICROS_PER_UNIT // market.account.minor_per_unit
    daily, lifetime, cap = held.daily_budget_minor, held.lifetime_budget_minor, held.bid_amount_minor
    return daily * micros_per_minor, lifetime * micros_per_minor, cap * micros_per_minor
