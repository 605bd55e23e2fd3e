"""The market: a world, a seed, a settings log and a virtual clock; every answer is a pure function of these."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.core.money import MICROS_PER_UNIT, micros_from_minor, minor_from_micros
from aibuyer_kit.sandbox.market import closed_forms
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
    roas_by_formula,
    split_anew,
)
from aibuyer_kit.sandbox.market.arrays import Floats, Ints, as_ints
from aibuyer_kit.sandbox.market.creatives import Creative, first_creatives
from aibuyer_kit.sandbox.market.days import (
    MICROSECONDS_PER_SECOND,
    age_days,
    day_at,
    from_us,
    local_day,
    to_us,
)
from aibuyer_kit.sandbox.market.emergent.course import Ground
from aibuyer_kit.sandbox.market.emergent.ledger import LivedLedger
from aibuyer_kit.sandbox.market.emergent.orders import OrderBook
from aibuyer_kit.sandbox.market.emergent.what_if import WhatIf
from aibuyer_kit.sandbox.market.history import lived_through
from aibuyer_kit.sandbox.market.ledger import Delivered, Deliveries, Ledger
from aibuyer_kit.sandbox.market.people import HOURLY, Family, Mixture, Mixtures, cumulative
from aibuyer_kit.sandbox.market.presets import PRESETS
from aibuyer_kit.sandbox.market.response import MATURE_DAYS, expected_results
from aibuyer_kit.sandbox.market.settings_log import ACTIVE, STATUSES, Setting, SettingsLog
from aibuyer_kit.sandbox.market.sums import Cells, Span, Sums, flat, summed
from aibuyer_kit.sandbox.market.totals import Totals, totals_of
from aibuyer_kit.sandbox.market.tree import Tree
from aibuyer_kit.sandbox.market.truth import Optimum, TrueSums, Truth
from aibuyer_kit.sandbox.market.world import MIN_DAILY_BUDGET_MINOR, AdSetPlan, CampaignPlan, World, load_world

_SECONDS_PER_DAY = 86_400
_MOST_DAYS_AHEAD = 366
_TRIAL_DAYS = 28


class Market:
    """One practice account; time stands still until `advance`, and money is in micros.

    Whoever reads several things that must fit together takes `now_us` once and passes it on: a change made meanwhile
    lies after that moment.
    """

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.seed = seed
        account = _opened(world, seed)
        self.tree = Tree(account, first_creatives(account, seed))
        self.learning = world.learning
        self.first_day: date = day_at(to_us(world.now), self.zone) - timedelta(days=world.history_days)
        self.history_end: date = day_at(to_us(world.now), self.zone)
        self.log: SettingsLog = lived_through(self.account, self.first_day, world.history_days)
        self._now_us = to_us(world.now)
        self._ledger: Deliveries = self._deliveries(world)
        # What objects spent before a day: days that are over never change again.
        self._spent_before: dict[str, tuple[date, int]] = {}
        self._final_results: dict[tuple[str, DateRange, int], int] = {}
        self._mixtures: dict[Family, Mixtures] = {}
        self._changing = threading.Lock()

    @classmethod
    def open(cls, world: str | Path, seed: int = 7) -> "Market":
        """Return the market of a preset or a world file. Raises SettingsError that names the key and the known ones."""
        return cls(load_world(world, PRESETS), seed)

    def _deliveries(self, world: World) -> Deliveries:
        if world.rules is None:
            return Ledger(self.tree, self.log, self.first_day)
        book = OrderBook(self.tree, self.log)
        minor_per_unit = self.account.minor_per_unit
        ground = Ground(book, self.log, self.tree, world.rules, self.learning, self.seed, minor_per_unit)
        return LivedLedger(ground, self.first_day)

    def fork(self) -> "Market":
        """Return a market with the same past and the same luck to come, whose settings and time go their own way."""
        with self._changing:
            tree, log = self.tree.copy(), self.log.copy()
            own: dict[str, Any] = {
                "tree": tree,
                "log": log,
                "_spent_before": dict(self._spent_before),
                "_final_results": dict(self._final_results),
                "_mixtures": dict(self._mixtures),
                "_changing": threading.Lock(),
                "_ledger": self._ledger.fork(tree, log),
            }
            twin = Market.__new__(Market)
            vars(twin).update(vars(self) | own)
            return twin

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

    def setting(self, object_id: str, at_us: int | None = None) -> Setting:
        """Return what holds for a campaign, an ad set or an ad, now or at a moment of its past."""
        return self.log.at(object_id, self._now_us if at_us is None else at_us) or self.log.first(object_id)

    def expected_results(self, adset_id: str, day: date) -> float:
        """Return the closed form: the final results of what the ad set has spent on `day` so far.

        Raises InputError for a market that has none.
        """
        self._check_closed_form()
        return float(self._delivered(self.tree.adset(adset_id).ads, (day,), self._now_us).final_results.sum())

    def response(self, adset_id: str, spend_micros: int, day: date) -> float:
        """Return the closed form for any spend of `day`: the final results that it would bring.

        Raises InputError for a market that has none.
        """
        self._check_closed_form()
        return expected_results(self.tree.adset(adset_id).curve, spend_micros / 1_000_000, day)

    def truth(self, budgets_micros: Mapping[str, float], days: int = 14) -> Truth:
        """Return what daily budgets (ad set id to micros) bring over the days after today, beyond no advertising.

        Ad sets that are not named keep what they have. Raises InputError for an ad set that is not there.
        """
        after = self._days_after_today(days)
        if (what_if := self._what_if(after)) is not None:
            return what_if.truth(budgets_micros)
        budgets = {adset.id: float(self._daily_micros(adset)) for adset in self.account.adsets}
        if strangers := [adset_id for adset_id in budgets_micros if adset_id not in budgets]:
            raise InputError(f"{strangers[0]!r} is no ad set of this market.")
        return closed_forms.truth(self.account.adsets, budgets | dict(budgets_micros), after)

    def optimum(self, *, total_micros: int, days: int = 14) -> Optimum:
        """Return the best split of a daily total over the ad sets that have a daily budget of their own now.

        Raises InputError if none has, or if there are more than 100 in a market of people and auctions.
        """
        chosen = [adset for adset in self.account.adsets if self._daily_micros(adset)]
        if not chosen or total_micros <= 0:
            raise InputError("An optimum needs a total above 0, and at least one active ad set with a daily budget.")
        after = self._days_after_today(days)
        if (what_if := self._what_if(after)) is not None:
            return what_if.optimum(total_micros, {adset.id: float(self._daily_micros(adset)) for adset in chosen})
        return closed_forms.optimum(chosen, total_micros, after)

    def revenues(self, adset_ids: Sequence[str], budgets_micros: Floats, days: int = 14) -> Floats:
        """Return the revenue in micros that each row of daily budgets (splits, ad sets) brings in truth.

        As `truth` has it, for many splits at once; ad sets that are not named have nothing. Raises InputError where
        response is a formula.
        """
        return self._luck(days).revenues(adset_ids, budgets_micros)

    def sample_results(self, budgets_micros: Mapping[str, float], days: int = 14, runs: int = 100) -> Floats:
        """Return what `truth` tells the mean of: the results of each of so many runs of luck, in whole people.

        Raises InputError in a market where response is a formula, for it has no luck.
        """
        return self._luck(days).samples(budgets_micros, runs)

    def _luck(self, days: int) -> WhatIf:
        what_if = self._what_if(self._days_after_today(days))
        if what_if is None:
            raise InputError(f"Response of the preset {self.world.preset!r} is a formula: it has no luck to look into.")
        return what_if

    def _what_if(self, days: Sequence[date]) -> WhatIf | None:
        if not isinstance(self._ledger, LivedLedger):
            return None
        now = self._ledger.after_today(self._now_us)
        return WhatIf(self._ledger.ground, now, [local_day(day, self.zone) for day in days])

    def true_sums(self, days: DateRange) -> TrueSums:
        """Return what days that are over brought beyond no advertising on them. Raises InputError for other days."""
        first, last = self._past_days(days)
        if isinstance(self._ledger, LivedLedger):
            busy, quiet = self._ledger.true_sums(first, last, lambda _adset_id: True)
            results = busy.results + busy.later_results - quiet.results - quiet.later_results
            revenue = busy.revenue + busy.later_revenue - quiet.revenue - quiet.later_revenue
            margin = self._ledger.ground.rules.margin
            return TrueSums(round(busy.spend * MICROS_PER_UNIT), results, revenue * MICROS_PER_UNIT, margin)
        delivered = self._delivered(self.account.ads, days, self._now_us)
        value_minor = self._ledger.roster.value_minor[delivered.places]
        micros_per_minor = MICROS_PER_UNIT // self.account.minor_per_unit
        return TrueSums(
            int(delivered.spend_minor.sum()) * micros_per_minor,
            float(delivered.final_results.sum()),
            float((delivered.final_results * value_minor).sum()) * micros_per_minor,
            closed_forms.MARGIN,
        )

    def true_lift(self, adset_id: str, days: DateRange) -> tuple[float, float]:
        """Return the results that an ad set brought on days that are over, and those that its people gave anyway.

        The luck is the market's own. Raises InputError for other days, NotFoundError.
        """
        adset = self.tree.adset(adset_id)
        made = day_at(self.log.first(adset_id).since_us, self.zone)
        if days.since < made:
            raise InputError(f"The ad set {adset_id} was made on {made}: there is nothing of it on {days.since}.")
        first, last = self._past_days(days)
        if isinstance(self._ledger, LivedLedger):
            busy, quiet = self._ledger.true_sums(first, last, lambda silent: silent == adset_id)
            lift = busy.results + busy.later_results - quiet.results - quiet.later_results
            return lift, self._ledger.organic_of(adset_id, first, last)
        return float(self._delivered(adset.ads, days, self._now_us).final_results.sum()), 0.0

    def persuaded(self, adset_id: str, days: DateRange) -> float:
        """Return the results that an ad set's ads brought about on days that are over, as expected.

        Some of those people would have bought later anyway. Raises InputError for other days, NotFoundError.
        """
        adset = self.tree.adset(adset_id)
        self._past_days(days)
        return self._ledger.persuaded(
            self.places(adset.ads), [self._ledger.number_of(day) for day in days], self._now_us
        )

    def _past_days(self, days: DateRange) -> tuple[int, int]:
        if not self.first_day <= days.since <= days.until < self.today:
            raise InputError(f"{days} is not within {self.first_day} to the day before {self.today}.")
        return self._ledger.number_of(days.since), self._ledger.number_of(days.until)

    def _days_after_today(self, days: int) -> list[date]:
        if not 1 <= days <= _MOST_DAYS_AHEAD:
            raise InputError(f"days is {days}; give 1 to {_MOST_DAYS_AHEAD}.")
        return [self.today + timedelta(days=number) for number in range(1, days + 1)]

    def _daily_micros(self, adset: AdSet) -> int:
        """Return the daily budget that an active ad set has now, 0 for others."""
        own, above = self.setting(adset.id), self.setting(adset.campaign_id)
        is_active = own.delivers_at(self._now_us) and above.delivers_at(self._now_us)
        return micros_from_minor(own.daily_budget_minor, self.account.minor_per_unit) if is_active else 0

    def _check_closed_form(self) -> None:
        if self.world.rules is not None:
            raise InputError(f"The preset {self.world.preset!r} has no closed form of response: ask for its truth.")

    def settle(self) -> None:
        """Work out all days that are over now, rather than when they are first asked for."""
        self._ledger.settle(self._now_us)

    def spend_minor(self, ads: Iterable[Ad], days: Iterable[date], at_us: int) -> int:
        """Return the spend of ads and days; without any, the platform has no row."""
        return int(self._delivered(ads, days, at_us).spend_minor.sum())

    def spent_ever_minor(self, node: Node, at_us: int) -> int:
        """Return all that an object has spent up to a moment."""
        ads = (node,) if isinstance(node, Ad) else node.ads
        today = day_at(at_us, self.zone)
        counted_to, spent_minor = self._spent_before.get(node.id, (self.first_day, 0))
        if counted_to > today:
            counted_to, spent_minor = self.first_day, 0
        if counted_to < today:
            days = self._ledger.number_of(counted_to), self._ledger.number_of(today)
            spent_minor += self._ledger.spent_minor(self.places(ads), *days)
            self._spent_before[node.id] = (today, spent_minor)
        return spent_minor + self.spend_minor(ads, (today,), at_us)

    def ad_day(self, ad_id: str, day: date, at_us: int | None = None) -> Totals | None:
        """Return one ad and day as reported now or at a moment; None if nothing was delivered."""
        ad = self.find(ad_id)
        if not isinstance(ad, Ad):
            raise NotFoundError(f"There is no ad {ad_id!r}.")
        (row,) = self.ad_days((ad,), (day,), at_us)
        return row

    def ad_days(self, ads: Iterable[Ad], days: Iterable[date], at_us: int | None = None) -> list[Totals | None]:
        """Return what `ad_day` does for all days of each ad."""
        numbers = [self._ledger.number_of(day) for day in days]
        spans = [Span(self.places((ad,)), number, number) for ad in ads for number in numbers]
        sums = self.sums(spans, self._now_us if at_us is None else at_us)
        rows = (totals_of(sums, row) for row in range(len(spans)))
        return [row if row.spend_minor else None for row in rows]

    def totals(self, ads: Iterable[Ad], days: Iterable[date], at_us: int | None = None) -> Totals:
        """Return the sum over ads and days as reported now or at a moment."""
        moment_us = self._now_us if at_us is None else at_us
        delivered = self._delivered(ads, days, moment_us)
        share = self._ledger.known_share(delivered.places, delivered.ordinals, moment_us)
        numbers = np.zeros(len(share), np.int64)
        return totals_of(summed(numbers, 1, delivered, self._ledger.roster, share))

    def span(self, places: Ints, days: DateRange, at_us: int) -> Span:
        """Return what a sum is over, without days of which nothing can be known."""
        last = min(self._ledger.number_of(days.until), self._ledger.number_of(day_at(at_us, self.zone)))
        return Span(places, max(0, self._ledger.number_of(days.since)), last)

    def sums(self, spans: Sequence[Span], at_us: int, cells: Cells | None = None, *, with_claims: bool = True) -> Sums:
        """Return the sum over each span, cut into cells; `with_claims` costs most of the time."""
        numbers, places, days = flat(spans)
        delivered = self._ledger.delivered(places, days, at_us)
        share = self._ledger.known_share(places, delivered.ordinals, at_us) if with_claims else None
        cut_by = (cells, partial(self._mixture, cells.family, at_us)) if cells else None
        return summed(numbers, len(spans), delivered, self._ledger.roster, share, cut_by)

    def results(self, adset: AdSet, days: DateRange, at_us: int) -> int:
        """Return the results reported for an ad set and days; those that are not restated any more are kept."""
        is_final = age_days(days.until, at_us, self.zone) >= MATURE_DAYS
        key = (adset.id, days, len(adset.ads))
        if not is_final or key not in self._final_results:
            actions = self.totals(adset.ads, days, at_us).actions
            results = actions.get("lead" if adset.objective == "OUTCOME_LEADS" else "purchase", (0,))[0]
            if not is_final:
                return results
            self._final_results[key] = results
        return self._final_results[key]

    def places(self, ads: Iterable[Ad]) -> Ints:
        """Return the ads' places, ad set by ad set."""
        self._ledger.roster.renew(self.account)
        places = self._ledger.roster.places(ads)
        return places[np.argsort(self._ledger.roster.adset[places], kind="stable")]

    def _delivered(self, ads: Iterable[Ad], days: Iterable[date], at_us: int) -> Delivered:
        places, numbers = self.places(ads), as_ints([self._ledger.number_of(day) for day in days])
        return self._ledger.delivered(np.repeat(places, len(numbers)), np.tile(numbers, len(places)), at_us)

    def _mixture(self, family: Family, at_us: int, places: Ints, ordinals: Ints) -> Mixture:
        """Return the shares of ads and days."""
        roster = self._ledger.roster
        if family is HOURLY:
            return self._hours(places, ordinals, at_us)
        if family not in self._mixtures:
            self._mixtures[family] = Mixtures(family, self.seed)
        adsets = roster.adset[places]
        return self._mixtures[family].of(adsets, lambda place: self.tree.adset(roster.adset_ids[place]))

    def _hours(self, places: Ints, ordinals: Ints, at_us: int) -> Mixture:
        """Return the shares of the account's hours: those of the ad's spend in each hour."""
        shares = cumulative(self._ledger.hours(places, ordinals, at_us))
        return Mixture(shares, shares, shares, shares, np.ones((len(places), 1), np.int64))


def _opened(world: World, seed: int) -> Account:
    """Return the account that a world begins with, its budgets split as the world wants them."""
    account = build_account(world, seed)
    if world.today_split == "equal":
        return split_anew(account, dict.fromkeys((adset.id for adset in account.adsets), 1.0))
    if world.today_split == "proportional_to_roas":
        return split_anew(account, roas_by_formula(account) if world.rules is None else _roas_reported(world, seed))
    return account


def _roas_reported(world: World, seed: int) -> dict[str, float]:
    """Return the ROAS that the platform reports of four weeks with the budgets as they are written.

    Where results have no value, as leads have none, an ad set is given that of the whole.
    """
    trial = Market(replace(world, today_split="as_is", history_days=_TRIAL_DAYS), seed)
    days = DateRange(trial.first_day, trial.today - timedelta(days=1))
    said = {adset.id: trial.totals(adset.ads, days) for adset in trial.account.adsets}
    worth = {adset_id: one.action_values_minor.get("purchase", (0,))[0] for adset_id, one in said.items()}
    spent = sum(one.spend_minor for adset_id, one in said.items() if worth[adset_id])
    usual = sum(worth.values()) / max(1, spent) or 1.0
    return {
        adset_id: worth[adset_id] / max(1, one.spend_minor) if worth[adset_id] else usual
        for adset_id, one in said.items()
    }
