"""The market: a world, a seed, a settings log and a virtual clock; every answer is a pure function of these."""

import threading
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.core.money import minor_from_micros
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node, build_account
from aibuyer_kit.sandbox.market.claims import claimed_values, claims
from aibuyer_kit.sandbox.market.days import MICROSECONDS_PER_SECOND, age_days, day_at, from_us, local_day, to_us
from aibuyer_kit.sandbox.market.delivery import Delivery, deliver
from aibuyer_kit.sandbox.market.history import lived_through
from aibuyer_kit.sandbox.market.presets import PRESETS
from aibuyer_kit.sandbox.market.response import expected_results, known_share
from aibuyer_kit.sandbox.market.settings_log import STATUSES, Setting, SettingsLog
from aibuyer_kit.sandbox.market.totals import AdDay, Totals
from aibuyer_kit.sandbox.market.world import MIN_DAILY_BUDGET_MINOR, World, load_world

_SECONDS_PER_DAY = 86_400


class Market:
    """One practice account; time stands still until `advance`, and money is in micros.

    Whoever reads several things that must fit together takes `now_us` once and passes it on: a change made meanwhile
    lies after that moment.
    """

    def __init__(self, world: World, seed: int) -> None:
        self.seed = seed
        self.account: Account = build_account(world, seed)
        self.first_day: date = day_at(to_us(world.now), self.zone) - timedelta(days=world.history_days)
        self.log: SettingsLog = lived_through(self.account, self.first_day, world.history_days)
        self._now_us = to_us(world.now)
        self._nodes: dict[str, Node] = {node.id: node for node in (self.account, *self.account.below)}
        self._complete_days: dict[tuple[str, date], tuple[Delivery, ...]] = {}
        self._changing = threading.Lock()

    @classmethod
    def open(cls, world: str | Path, seed: int = 7) -> "Market":
        """Return the market of a preset or a world file. Raises SettingsError that names the key and the known ones."""
        return cls(load_world(world, PRESETS), seed)

    @property
    def now(self) -> datetime:
        """The virtual time, in UTC."""
        return from_us(self._now_us)

    @property
    def now_us(self) -> int:
        return self._now_us

    @property
    def zone(self) -> ZoneInfo:
        return self.account.zone

    @property
    def today(self) -> date:
        """The account's day at the virtual time."""
        return day_at(self._now_us, self.zone)

    def advance(self, *, days: float = 0, seconds: float = 0) -> datetime:
        """Move the virtual clock forward, a day being 24 hours; return the new time. Raises InputError backwards."""
        step_seconds = days * _SECONDS_PER_DAY + seconds
        if not 0 <= step_seconds <= 10_000 * _SECONDS_PER_DAY:
            raise InputError(f"The clock cannot move by {step_seconds} seconds; give 0 or more, at most 10,000 days.")
        with self._changing:
            self._now_us += round(step_seconds * MICROSECONDS_PER_SECOND)
            return self.now

    def find(self, object_id: str) -> Node | None:
        """Return the account, campaign, ad set or ad of an id."""
        return self._nodes.get(object_id)

    def set_status(self, object_id: str, status: str) -> bool:
        """Set ACTIVE or PAUSED from now on, and return whether that is a change. Raises InputError, NotFoundError."""
        if status not in STATUSES:
            raise InputError(f"status is {status!r}. Known: {', '.join(STATUSES)}.")
        if not isinstance(self.find(object_id), Campaign | AdSet | Ad):
            raise NotFoundError(f"There is no campaign, ad set or ad {object_id!r}.")
        with self._changing:
            return self.log.change(object_id, self._now_us, status=status)

    def set_daily_budget(self, adset_id: str, micros: int) -> bool:
        """Set an ad set's budget from now on, and return whether that is a change. Raises InputError, NotFoundError."""
        self._adset(adset_id)
        minor = minor_from_micros(micros, self.account.minor_per_unit)
        if minor < MIN_DAILY_BUDGET_MINOR:
            raise InputError(f"A daily budget is at least {MIN_DAILY_BUDGET_MINOR} minor units, not {minor}.")
        with self._changing:
            return self.log.change(adset_id, self._now_us, daily_budget_minor=minor)

    def setting(self, object_id: str, at_us: int | None = None) -> Setting:
        """Return what holds for a campaign, an ad set or an ad, now or at a moment of its past."""
        return self.log.at(object_id, self._now_us if at_us is None else at_us) or self.log.first(object_id)

    def expected_results(self, adset_id: str, day: date) -> float:
        """Return the closed form: the final results of what the ad set has spent on `day` so far."""
        return sum(delivery.final_results for delivery in self._deliveries(self._adset(adset_id), day, self._now_us))

    def response(self, adset_id: str, spend_micros: int, day: date) -> float:
        """Return the closed form for any spend of `day`: the final results that it would bring."""
        return expected_results(self._adset(adset_id).curve, spend_micros / 1_000_000, day)

    def spend_minor(self, ads: Iterable[Ad], days: Iterable[date], at_us: int) -> int:
        """Return the spend of ads and days; without any, the platform has no row."""
        all_days = tuple(days)
        return sum(self._delivery(ad, day, at_us).spend_minor for ad in ads for day in all_days)

    def ad_day(self, ad_id: str, day: date, at_us: int | None = None) -> AdDay | None:
        """Return one ad and day as reported now or at a moment; None if nothing was delivered."""
        ad = self.find(ad_id)
        if not isinstance(ad, Ad):
            raise NotFoundError(f"There is no ad {ad_id!r}.")
        return self._reported(ad, day, self._now_us if at_us is None else at_us)

    def totals(self, ads: Iterable[Ad], days: Iterable[date], at_us: int | None = None) -> Totals:
        """Return the sum over ads and days as reported now or at a moment."""
        moment_us = self._now_us if at_us is None else at_us
        totals, all_days = Totals(), tuple(days)
        for ad in ads:
            adset = self._adset(ad.adset_id)
            for ad_day in (self._reported(ad, day, moment_us) for day in all_days):
                if ad_day:
                    totals.add(adset, ad_day)
        return totals

    def _reported(self, ad: Ad, day: date, at_us: int) -> AdDay | None:
        delivery = self._delivery(ad, day, at_us)
        if not delivery.spend_minor:
            return None
        share_known = known_share(age_days(day, at_us, self.zone))
        actions = claims(self._adset(ad.adset_id), ad, delivery, day, share_known)
        return AdDay(
            spend_minor=delivery.spend_minor,
            impressions=delivery.impressions,
            clicks=delivery.clicks,
            link_clicks=delivery.link_clicks,
            actions=actions,
            action_values_minor=claimed_values(ad, actions),
        )

    def _delivery(self, ad: Ad, day: date, at_us: int) -> Delivery:
        adset = self._adset(ad.adset_id)
        return self._deliveries(adset, day, at_us)[adset.ads.index(ad)]

    def _deliveries(self, adset: AdSet, day: date, at_us: int) -> tuple[Delivery, ...]:
        bounds = local_day(day, self.zone)
        if at_us < bounds.end_us:
            return deliver(adset, self.log, bounds, at_us, self.account.minor_per_unit)
        # Settings are only made at the present moment, so a day that is over never changes again.
        key = (adset.id, day)
        if key not in self._complete_days:
            self._complete_days[key] = deliver(adset, self.log, bounds, at_us, self.account.minor_per_unit)
        return self._complete_days[key]

    def _adset(self, adset_id: str) -> AdSet:
        adset = self.find(adset_id)
        if not isinstance(adset, AdSet):
            raise NotFoundError(f"There is no ad set {adset_id!r}.")
        return adset
