"""The market: a world, a seed, a settings log and a virtual clock; every answer is a pure function of these."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.core.money import minor_from_micros
from aibuyer_kit.sandbox.market.account import (
    CREATIVE_PREFIX,
    Account,
    Ad,
    AdSet,
    Campaign,
    Node,
    build_account,
    new_ad,
    new_adset,
    new_campaign,
)
from aibuyer_kit.sandbox.market.claims import claimed_values, claims
from aibuyer_kit.sandbox.market.creatives import Creative, first_creatives
from aibuyer_kit.sandbox.market.days import (
    MICROSECONDS_PER_SECOND,
    LocalDay,
    age_days,
    day_at,
    from_us,
    local_day,
    to_us,
)
from aibuyer_kit.sandbox.market.delivery import Delivery, Stretch, deliver, stretches
from aibuyer_kit.sandbox.market.history import lived_through
from aibuyer_kit.sandbox.market.parts import cut_day, hourly_shares
from aibuyer_kit.sandbox.market.people import HOURLY, Family, Mixture, mixture
from aibuyer_kit.sandbox.market.presets import PRESETS
from aibuyer_kit.sandbox.market.response import expected_results, known_share
from aibuyer_kit.sandbox.market.settings_log import ACTIVE, STATUSES, Setting, SettingsLog
from aibuyer_kit.sandbox.market.totals import AdDay, Totals
from aibuyer_kit.sandbox.market.tree import Tree
from aibuyer_kit.sandbox.market.world import MIN_DAILY_BUDGET_MINOR, AdSetPlan, CampaignPlan, World, load_world

_SECONDS_PER_DAY = 86_400


class Market:
    """One practice account; time stands still until `advance`, and money is in micros.

    Whoever reads several things that must fit together takes `now_us` once and passes it on: a change made meanwhile
    lies after that moment.
    """

    def __init__(self, world: World, seed: int) -> None:
        self.seed = seed
        account = build_account(world, seed)
        self.tree = Tree(account, first_creatives(account, seed))
        self.learning = world.learning
        self.first_day: date = day_at(to_us(world.now), self.zone) - timedelta(days=world.history_days)
        self.log: SettingsLog = lived_through(self.account, self.first_day, world.history_days)
        self._now_us = to_us(world.now)
        self._complete_days: dict[tuple[str, date], tuple[Delivery, ...]] = {}
        # What objects spent before a day: days that are over never change again.
        self._spent_before: dict[str, tuple[date, int]] = {}
        self._mixtures: dict[tuple[str, Family], Mixture] = {}
        self._changing = threading.Lock()

    @classmethod
    def open(cls, world: str | Path, seed: int = 7) -> "Market":
        """Return the market of a preset or a world file. Raises SettingsError that names the key and the known ones."""
        return cls(load_world(world, PRESETS), seed)

    @property
    def account(self) -> Account:
        """The account with all that is below it now."""
        return self.tree.account

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
        return self.tree.find(object_id)

    def change(self, object_id: str, **changes: Any) -> bool:
        """Set fields of a `Setting` from now on, all at once, and return whether anything is different.

        A lifetime budget or its end paces anew what is left.
        """
        with self._changing:
            held = self.setting(object_id)
            new = {name: value for name, value in changes.items() if getattr(held, name) != value}
            if {"lifetime_budget_minor", "end_us"} & set(new):
                new |= self._paced(object_id, new)
            return self.log.change(object_id, self._now_us, **new)

    def set_status(self, object_id: str, status: str) -> bool:
        """Set a status from now on, and return whether that is a change. Raises InputError, NotFoundError."""
        if status not in STATUSES:
            raise InputError(f"status is {status!r}. Known: {', '.join(STATUSES)}.")
        if not isinstance(self.find(object_id), Campaign | AdSet | Ad):
            raise NotFoundError(f"There is no campaign, ad set or ad {object_id!r}.")
        return self.change(object_id, status=status)

    def set_daily_budget(self, adset_id: str, micros: int) -> bool:
        """Set an ad set's budget from now on, and return whether that is a change. Raises InputError, NotFoundError."""
        self.tree.adset(adset_id)
        minor = minor_from_micros(micros, self.account.minor_per_unit)
        if minor < MIN_DAILY_BUDGET_MINOR:
            raise InputError(f"A daily budget is at least {MIN_DAILY_BUDGET_MINOR} minor units, not {minor}.")
        return self.change(adset_id, daily_budget_minor=minor)

    def create_campaign(self, name: str, objective: str, **setting: Any) -> Campaign:
        """Add a campaign without ad sets. Raises InputError if there is no room."""
        with self._changing:
            (place,) = self.tree.place(self.account)
            campaign = new_campaign(CampaignPlan(name, objective, ()), place, self.seed)
            self._begin(campaign, setting)
            return campaign

    def create_adset(self, campaign_id: str, name: str, **setting: Any) -> AdSet:
        """Add an ad set without ads. Raises InputError if there is no room, NotFoundError."""
        with self._changing:
            campaign = self.tree.campaign(campaign_id)
            place, number = self.tree.place(campaign)
            plan = CampaignPlan(campaign.name, campaign.objective, ())
            adset = new_adset(AdSetPlan(name, 0), plan, (place, number), self.seed)
            self._begin(adset, setting)
            return adset

    def create_ad(self, adset_id: str, name: str, **setting: Any) -> Ad:
        """Add an ad. Raises InputError if there is no room, NotFoundError."""
        with self._changing:
            adset = self.tree.adset(adset_id)
            place, number, last = self.tree.place(adset)
            names = (self.tree.campaign(adset.campaign_id).name, adset.name, name)
            ad = new_ad(names, (place, number, last), self.seed, self.account.minor_per_unit)
            self._begin(ad, setting)
            # The days before hold deliveries of fewer ads.
            for key in [key for key in self._complete_days if key[0] == adset.id]:
                del self._complete_days[key]
            return ad

    def create_creative(self, creative: Creative) -> Creative:
        """Add a creative under an id of its own."""
        with self._changing:
            number = len(self.tree.creatives) + 1
            # The places of ads end below 999, so that no ad's own first creative has this id.
            new = replace(creative, id=f"{CREATIVE_PREFIX}{self.account.number[:5]}999{number:08d}")
            self.tree.creatives[new.id] = new
            self.log.begin(new.id, Setting(self._now_us, ACTIVE))
            return new

    def _begin(self, node: Campaign | AdSet | Ad, setting: dict[str, Any]) -> None:
        self.log.begin(node.id, Setting(self._now_us, **{"status": ACTIVE, **setting}))
        self.tree.put(node)
        if setting.get("lifetime_budget_minor"):
            paced = {"left_minor": setting["lifetime_budget_minor"], "paced_from_us": self._now_us}
            self.log.begin(node.id, replace(self.log.first(node.id), **paced))

    def _paced(self, object_id: str, changes: dict[str, Any]) -> dict[str, int]:
        budget_minor = changes.get("lifetime_budget_minor", self.setting(object_id).lifetime_budget_minor)
        node = self.find(object_id)
        if not budget_minor or not isinstance(node, Campaign | AdSet):
            return {}
        spent_minor = self.spent_ever_minor(node, self._now_us)
        return {"left_minor": max(0, budget_minor - spent_minor), "paced_from_us": self._now_us}

    def setting(self, object_id: str, at_us: int | None = None) -> Setting:
        """Return what holds for a campaign, an ad set or an ad, now or at a moment of its past."""
        return self.log.at(object_id, self._now_us if at_us is None else at_us) or self.log.first(object_id)

    def expected_results(self, adset_id: str, day: date) -> float:
        """Return the closed form: the final results of what the ad set has spent on `day` so far."""
        return sum(
            delivery.final_results for delivery in self._deliveries(self.tree.adset(adset_id), day, self._now_us)
        )

    def response(self, adset_id: str, spend_micros: int, day: date) -> float:
        """Return the closed form for any spend of `day`: the final results that it would bring."""
        return expected_results(self.tree.adset(adset_id).curve, spend_micros / 1_000_000, day)

    def spend_minor(self, ads: Iterable[Ad], days: Iterable[date], at_us: int) -> int:
        """Return the spend of ads and days; without any, the platform has no row."""
        all_days = tuple(days)
        return sum(self._delivery(ad, day, at_us).spend_minor for ad in ads for day in all_days)

    def spent_ever_minor(self, node: Node, at_us: int) -> int:
        """Return all that an object has spent up to a moment."""
        ads = (node,) if isinstance(node, Ad) else node.ads
        today = day_at(at_us, self.zone)
        counted_to, spent_minor = self._spent_before.get(node.id, (self.first_day, 0))
        if counted_to > today:
            counted_to, spent_minor = self.first_day, 0
        if counted_to < today:
            spent_minor += self.spend_minor(ads, DateRange(counted_to, today - timedelta(days=1)), at_us)
            self._spent_before[node.id] = (today, spent_minor)
        return spent_minor + self.spend_minor(ads, (today,), at_us)

    def ad_day(self, ad_id: str, day: date, at_us: int | None = None) -> AdDay | None:
        """Return one ad and day as reported now or at a moment; None if nothing was delivered."""
        ad = self.find(ad_id)
        if not isinstance(ad, Ad):
            raise NotFoundError(f"There is no ad {ad_id!r}.")
        return self._reported(ad, day, self._now_us if at_us is None else at_us)

    def totals(
        self, ads: Iterable[Ad], days: Iterable[date], at_us: int | None = None, *, with_claims: bool = True
    ) -> Totals:
        """Return the sum over ads and days as reported now or at a moment; `with_claims` costs most of the time."""
        totals = Totals()
        moment_us = self._now_us if at_us is None else at_us
        for adset, _, _, ad_day in self._reports(ads, days, moment_us, with_claims=with_claims):
            totals.add(adset, ad_day)
        return totals

    def parts(
        self, ads: Iterable[Ad], days: Iterable[date], family: Family, at_us: int, *, with_claims: bool = True
    ) -> dict[tuple[str, ...], Totals]:
        """Return the same sum cut into the cells of a family, those without anything left out."""
        by_cell = {cell: Totals() for cell in family.cells}
        for adset, ad, day, ad_day in self._reports(ads, days, at_us, with_claims=with_claims):
            shares = self._mixture(adset, ad, day, family, at_us)
            cut = zip(by_cell.items(), cut_day(ad, day, ad_day, shares), shares.audience, strict=True)
            for (cell, totals), part, audience in cut:
                if part.impressions or part.spend_minor or part.actions:
                    totals.add(adset, part, ("|".join((adset.id, *cell)), audience) if family.apart else None)
        return {cell: totals for cell, totals in by_cell.items() if not totals.is_empty}

    def _reports(
        self, ads: Iterable[Ad], days: Iterable[date], at_us: int, *, with_claims: bool
    ) -> Iterator[tuple[AdSet, Ad, date, AdDay]]:
        all_days = tuple(days)
        for ad in ads:
            adset = self.tree.adset(ad.adset_id)
            for day in all_days:
                if ad_day := self._reported(ad, day, at_us, with_claims=with_claims):
                    yield adset, ad, day, ad_day

    def _mixture(self, adset: AdSet, ad: Ad, day: date, family: Family, at_us: int) -> Mixture:
        if family is HOURLY:
            spent = self._stretches(adset, day, at_us)
            return hourly_shares(adset.ads.index(ad), spent, local_day(day, self.zone), self.zone)
        key = (adset.id, family)
        if key not in self._mixtures:
            self._mixtures[key] = mixture(adset, family, self.seed)
        return self._mixtures[key]

    def _stretches(self, adset: AdSet, day: date, at_us: int) -> list[Stretch]:
        siblings = self.tree.campaign(adset.campaign_id).adsets
        return list(stretches(adset, siblings, self.log, local_day(day, self.zone), at_us))

    def _reported(self, ad: Ad, day: date, at_us: int, *, with_claims: bool = True) -> AdDay | None:
        delivery = self._delivery(ad, day, at_us)
        if not delivery.spend_minor:
            return None
        if not with_claims:
            return AdDay(delivery.spend_minor, delivery.impressions, delivery.clicks, delivery.link_clicks, {}, {})
        share_known = known_share(age_days(day, at_us, self.zone))
        actions = claims(self.tree.adset(ad.adset_id), ad, delivery, day, share_known)
        return AdDay(
            spend_minor=delivery.spend_minor,
            impressions=delivery.impressions,
            clicks=delivery.clicks,
            link_clicks=delivery.link_clicks,
            actions=actions,
            action_values_minor=claimed_values(ad, actions),
        )

    def _delivery(self, ad: Ad, day: date, at_us: int) -> Delivery:
        adset = self.tree.adset(ad.adset_id)
        return self._deliveries(adset, day, at_us)[adset.ads.index(ad)]

    def _deliveries(self, adset: AdSet, day: date, at_us: int) -> tuple[Delivery, ...]:
        bounds = local_day(day, self.zone)
        if at_us < bounds.end_us:
            return self._delivered(adset, bounds, at_us)
        # Settings are only made at the present moment, so a day that is over never changes again.
        key = (adset.id, day)
        if key not in self._complete_days:
            self._complete_days[key] = self._delivered(adset, bounds, at_us)
        return self._complete_days[key]

    def _delivered(self, adset: AdSet, day: LocalDay, at_us: int) -> tuple[Delivery, ...]:
        siblings = self.tree.campaign(adset.campaign_id).adsets
        return deliver(adset, siblings, self.log, day, at_us, self.account.minor_per_unit)
