"""The market: a world, a seed, a settings log and a virtual clock; every answer is a pure function of these."""

import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.core.money import minor_from_micros
from aibuyer_kit.sandbox.market.account import (
    CREATIVE_PREFIX,
    Ad,
    AdSet,
    Campaign,
    new_ad,
    new_adset,
    new_campaign,
)
from aibuyer_kit.sandbox.market.creatives import Creative
from aibuyer_kit.sandbox.market.days import MICROSECONDS_PER_SECOND
from aibuyer_kit.sandbox.market.omniscient import Omniscient
from aibuyer_kit.sandbox.market.presets import PRESETS
from aibuyer_kit.sandbox.market.settings_log import ACTIVE, BID_CAP, LOWEST_COST, REVIEW_US, STATUSES, Setting
from aibuyer_kit.sandbox.market.world import (
    MIN_DAILY_BUDGET_MINOR,
    MOST_DAILY_BUDGET_MINOR,
    AdSetPlan,
    CampaignPlan,
    World,
)
from aibuyer_kit.sandbox.market.world_file import load_world

_SECONDS_PER_DAY = 86_400


class Market(Omniscient):
    """One practice account in which things can be changed; time stands still until `advance`."""

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(world, seed)
        self._changing = threading.Lock()

    @classmethod
    def open(cls, world: str | Path, seed: int = 7) -> "Market":
        """Return the market of a preset or a world file. Raises SettingsError that names the key and the known ones."""
        return cls(load_world(world, PRESETS), seed)

    def fork(self) -> "Market":
        """Return a market with the same past and the same luck to come, whose settings and time go their own way."""
        with self._changing:
            tree, log = self.tree.copy(), self.log.copy()
            own: dict[str, Any] = {
                "tree": tree,
                "log": log,
                "_spent_before": dict(self._spent_before),
                "_final_results": dict(self._final_results),
                "_mixtures": {},
                "_changing": threading.Lock(),
                "_ledger": self._ledger.fork(tree, log),
            }
            twin = Market.__new__(Market)
            vars(twin).update(vars(self) | own)
            return twin

    def advance(self, *, days: float = 0, seconds: float = 0) -> datetime:
        """Move the virtual clock forward, a day being 24 hours; return the new time. Raises InputError backwards."""
        step_seconds = days * _SECONDS_PER_DAY + seconds
        if not 0 <= step_seconds <= 10_000 * _SECONDS_PER_DAY:
            raise InputError(f"The clock cannot move by {step_seconds} seconds; give 0 or more, at most 10,000 days.")
        with self._changing:
            self._now_us += round(step_seconds * MICROSECONDS_PER_SECOND)
            return self.now

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

    def set_daily_budget(self, object_id: str, micros: int) -> bool:
        """Set the daily budget of an ad set or a campaign from now on, and return whether that is a change.

        Raises InputError for an amount that cannot be, and for an object whose money is held on the other level or for
        a lifetime; NotFoundError.
        """
        self._check_budget_is_held(object_id, "daily_budget_minor")
        return self.change(object_id, daily_budget_minor=self._budget_minor(micros, 1))

    def set_lifetime_budget(self, object_id: str, micros: int) -> bool:
        """Set the lifetime budget of an ad set or a campaign that has one; raises as `set_daily_budget` does."""
        self._check_budget_is_held(object_id, "lifetime_budget_minor")
        left_us = self.setting(object_id).end_us - self._now_us
        days = max(1, -(-left_us // (_SECONDS_PER_DAY * MICROSECONDS_PER_SECOND)))
        return self.change(object_id, lifetime_budget_minor=self._budget_minor(micros, days))

    def set_bid_cap(self, adset_id: str, micros: int) -> bool:
        """Set what a result of an ad set may cost, 0 for whatever it costs, and return whether that is a change.

        Raises InputError, NotFoundError.
        """
        self.tree.adset(adset_id)
        minor = minor_from_micros(micros, self.account.minor_per_unit)
        if minor < 0:
            raise InputError(f"A bid cap is 0 or more, not {minor} minor units.")
        strategy = BID_CAP if minor else LOWEST_COST
        return self.change(adset_id, bid_amount_minor=minor, bid_strategy=strategy)

    def set_creative(self, ad_id: str, creative_id: str) -> bool:
        """Show another creative in an ad once it is reviewed, and return whether that is a change.

        Raises NotFoundError.
        """
        self.tree.ad(ad_id)
        if creative_id not in self.tree.creatives:
            raise NotFoundError(f"There is no creative {creative_id!r}.")
        if creative_id == self.setting(ad_id).creative_id:
            return False
        reviewed_us = self._now_us + REVIEW_US
        return self.change(ad_id, creative_id=creative_id, reviewed_us=reviewed_us, verdict="", issue=None)

    def _check_budget_is_held(self, object_id: str, kind: str) -> None:
        node = self.find(object_id)
        if not isinstance(node, Campaign | AdSet):
            raise NotFoundError(f"There is no campaign or ad set {object_id!r}.")
        own = self.setting(object_id)
        if getattr(own, kind):
            return
        if own.has_budget:
            raise InputError(f"{object_id}: a daily budget cannot become a lifetime budget, nor the other way round.")
        others = (node.campaign_id,) if isinstance(node, AdSet) else tuple(one.id for one in node.adsets)
        if kind == "lifetime_budget_minor" or any(self.setting(each).has_budget for each in others):
            raise InputError(f"{object_id} has no budget of its own; where there is one on another level, change that.")

    def _budget_minor(self, micros: int, days: int) -> int:
        minor = minor_from_micros(micros, self.account.minor_per_unit)
        least, most = MIN_DAILY_BUDGET_MINOR * days, MOST_DAILY_BUDGET_MINOR * days
        if not least <= minor <= most:
            span = "A daily budget" if days == 1 else f"A budget of {days} days"
            raise InputError(f"{span} is at least {least} and at most {most} minor units, not {minor}.")
        return minor

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
            adset = new_adset(
                AdSetPlan(name, 0, response=self.world.response),
                plan,
                (place, number),
                self.seed,
                self.account.minor_per_unit,
            )
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
