"""A policy lived through: what is known each day decides what is changed, and the end tells what it brought."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.market.account import AdSet
from aibuyer_kit.sandbox.market.days import local_day
from aibuyer_kit.sandbox.market.engine import Market
from aibuyer_kit.sandbox.market.settings_log import Setting
from aibuyer_kit.sandbox.market.totals import Totals


class Known:
    """What a buyer knows at a moment: what the platform reports by then, and what he has set."""

    def __init__(self, market: Market) -> None:
        self._market = market

    @property
    def today(self) -> date:
        return self._market.today

    @property
    def adsets(self) -> tuple[AdSet, ...]:
        return self._market.account.adsets

    def setting(self, object_id: str) -> Setting:
        """Return what is set for a campaign, an ad set or an ad."""
        return self._market.setting(object_id)

    def reported(self, adset_id: str, days: DateRange) -> Totals:
        """Return what the platform says of an ad set and days so far. Raises NotFoundError."""
        return self._market.totals(self._market.tree.adset(adset_id).ads, days)


@dataclass(frozen=True)
class Change:
    """What a policy does to one ad set: a status, or a daily budget in micros, or both."""

    status: str | None = None
    daily_budget_micros: int | None = None


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

    @property
    def profit_micros(self) -> float:
        """Gross margin of the revenue, less what was spent."""
        return self.margin * self.revenue_micros - self.spend_micros


def replay(market: Market, policy: Policy, days: int = 90) -> Replay:
    """Let a policy act once a day, at the market's time of day, beginning now, and tell what it brought.

    The market itself stays as it is: another policy can be lived through from the same moment. Raises what
    `Market.set_status` and `Market.set_daily_budget` raise of a change that cannot be.
    """
    future = market.fork()
    whole = DateRange(future.today, future.today + timedelta(days=days - 1))
    since_midnight_us = future.now_us - local_day(future.today, future.zone).start_us
    changes = 0
    for day in whole:
        bounds = local_day(day, future.zone)
        _advance_to(future, min(bounds.start_us + since_midnight_us, bounds.end_us - 1))
        changes += _apply(future, policy(Known(future)).items())
    _advance_to(future, local_day(whole.until, future.zone).end_us)
    true = future.true_sums(whole)
    return Replay(whole, changes, true.spend_micros, true.results, true.revenue_micros, true.margin)


def _advance_to(market: Market, moment_us: int) -> None:
    market.advance(seconds=max(0, moment_us - market.now_us) / 1_000_000)


def _apply(market: Market, changes: Iterable[tuple[str, Change]]) -> int:
    done = 0
    for adset_id, change in changes:
        if change.status is not None:
            done += market.set_status(adset_id, change.status)
        if change.daily_budget_micros is not None:
            done += market.set_daily_budget(adset_id, change.daily_budget_micros)
    return done
