"""An account and what is reported of it: its objects, their settings, the clock, and every figure as of a moment."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.sandbox.market.account import (
    Account,
    Ad,
    AdSet,
    Node,
    build_account,
    roas_by_formula,
    split_anew,
)
from aibuyer_kit.sandbox.market.arrays import Ints, as_ints
from aibuyer_kit.sandbox.market.creatives import first_creatives
from aibuyer_kit.sandbox.market.days import (
    age_days,
    day_at,
    from_us,
    to_us,
)
from aibuyer_kit.sandbox.market.emergent.course import Ground
from aibuyer_kit.sandbox.market.emergent.ledger import LivedLedger
from aibuyer_kit.sandbox.market.emergent.orders import OrderBook
from aibuyer_kit.sandbox.market.history import lived_through
from aibuyer_kit.sandbox.market.ledger import Delivered, Deliveries, Ledger
from aibuyer_kit.sandbox.market.people import HOURLY, Family, Mixture, Mixtures, cumulative
from aibuyer_kit.sandbox.market.response import MATURE_DAYS
from aibuyer_kit.sandbox.market.settings_log import Setting, SettingsLog
from aibuyer_kit.sandbox.market.sums import Cells, Span, Sums, flat, summed
from aibuyer_kit.sandbox.market.totals import Totals, totals_of
from aibuyer_kit.sandbox.market.tree import Tree
from aibuyer_kit.sandbox.market.world import World

_TRIAL_DAYS = 28


class Reported:
    """One account with its past; money is in micros, or in minor units where the name says so.

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

    def _deliveries(self, world: World) -> Deliveries:
        if world.rules is None:
            return Ledger(self.tree, self.log, self.first_day)
        book = OrderBook(self.tree, self.log)
        minor_per_unit = self.account.minor_per_unit
        ground = Ground(book, self.log, self.tree, world.rules, self.learning, self.seed, minor_per_unit)
        return LivedLedger(ground, self.first_day)

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

    def find(self, object_id: str) -> Node | None:
        """Return the account, campaign, ad set or ad of an id."""
        return self.tree.find(object_id)

    def setting(self, object_id: str, at_us: int | None = None) -> Setting:
        """Return what holds for a campaign, an ad set or an ad, now or at a moment of its past."""
        return self.log.at(object_id, self._now_us if at_us is None else at_us) or self.log.first(object_id)

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
            results = actions.get("lead" if adset.brings_leads else "purchase", (0,))[0]
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
        return self._mixtures[family].of(roster.adset[places], roster.adset_ids, self.tree.adset)

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
    trial = Reported(replace(world, today_split="as_is", history_days=_TRIAL_DAYS), seed)
    days = DateRange(trial.first_day, trial.today - timedelta(days=1))
    said = {adset.id: trial.totals(adset.ads, days) for adset in trial.account.adsets}
    worth = {adset_id: one.action_values_minor.get("purchase", (0,))[0] for adset_id, one in said.items()}
    spent = sum(one.spend_minor for adset_id, one in said.items() if worth[adset_id])
    usual = sum(worth.values()) / max(1, spent) or 1.0
    return {
        adset_id: worth[adset_id] / max(1, one.spend_minor) if worth[adset_id] else usual
        for adset_id, one in said.items()
    }
