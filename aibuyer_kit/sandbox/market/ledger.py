"""What every ad delivered on every day: days that are over are worked out once and kept, the day at hand is not.

Between two changes of its settings an ad set delivers the same on all days of one kind (weekday, length, idle ads), so
a year is a few dozen deliveries and, for each ad and day, the number of one of them.
"""

import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Protocol

import numpy as np

from aibuyer_kit.sandbox.market.account import AdSet
from aibuyer_kit.sandbox.market.arrays import Bools, Floats, Ints, as_floats, as_ints
from aibuyer_kit.sandbox.market.days import LocalDay, age_days, day_at, local_day
from aibuyer_kit.sandbox.market.delivery import Delivery, deliver, is_idle, scope_of, stretches, week_turn
from aibuyer_kit.sandbox.market.parts import even_hours, spent_hours
from aibuyer_kit.sandbox.market.people import HOURLY
from aibuyer_kit.sandbox.market.response import known_share
from aibuyer_kit.sandbox.market.roster import Roster
from aibuyer_kit.sandbox.market.settings_log import SettingsLog
from aibuyer_kit.sandbox.market.tree import Tree


@dataclass(frozen=True)
class Delivered:
    """Columns of deliveries, one number for each ad and day asked for; `ordinals` are the days'."""

    places: Ints
    ordinals: Ints
    spend_minor: Ints
    impressions: Ints
    clicks: Ints
    link_clicks: Ints
    final_results: Floats

    def take(self, rows: Ints) -> "Delivered":
        """Return some of them."""
        counts = (self.spend_minor, self.impressions, self.clicks, self.link_clicks)
        spend, impressions, clicks, link_clicks = (each[rows] for each in counts)
        places, ordinals = self.places[rows], self.ordinals[rows]
        return Delivered(places, ordinals, spend, impressions, clicks, link_clicks, self.final_results[rows])


class Deliveries(Protocol):
    """What the platform's reports are made of, of whatever kind the market is."""

    roster: Roster

    def fork(self, tree: Tree, log: SettingsLog) -> "Deliveries":
        """Return one with the same past, of a tree and a log that go their own way."""

    def number_of(self, day: date) -> int:
        """Return the place of a day; negative before the first."""

    def settle(self, at_us: int) -> None:
        """Work out all days that are over."""

    def delivered(self, places: Ints, days: Ints, at_us: int) -> Delivered:
        """Return the deliveries of ads (by place) and days (by number), as they were at a moment."""

    def persuaded(self, places: Ints, days: Sequence[int], at_us: int) -> float:
        """Return the results, as expected, that ads brought about on days by number that are over."""

    def spent_minor(self, places: Ints, since: int, until: int) -> int:
        """Return the spend of ads on days by number, from `since` up to and without `until`, all of which are over."""

    def known_share(self, places: Ints, ordinals: Ints, at_us: int) -> Floats:
        """Return the share of final results that is reported of ads and days at a moment."""

    def hours(self, places: Ints, ordinals: Ints, at_us: int) -> Floats:
        """Return what ads spent in each of the account's 24 hours of days; an hour that comes twice is one."""


class Ledger:
    """The deliveries of one market; day 0 is its first day."""

    def __init__(self, tree: Tree, log: SettingsLog, first_day: date) -> None:
        self._tree = tree
        self._log = log
        self._first_day = first_day
        self._zone = tree.account.zone
        self.roster = Roster()
        self._calendar: list[LocalDay] = []
        self._kinds: Ints = as_ints([])
        # One row a delivery: spend, impressions, clicks, link clicks; number 0 is that of nothing.
        self._counts: Ints = np.zeros((1, 4), np.int64)
        self._results: Floats = np.zeros(1)
        self._new: list[Delivery] = []
        # By ad and day the number of a delivery; by ad set and day whether nothing was set in its course.
        self._numbers: Ints = np.zeros((0, 0), np.int64)
        self._quiet: Bools = np.zeros((0, 0), np.bool_)
        self._settled_days: Ints = as_ints([])
        # The latest moment at which a day was at hand, and by ad what it had delivered by then.
        self._at_hand: tuple[int, dict[int, Delivery]] = (0, {})
        self._working = threading.RLock()

    def fork(self, tree: Tree, log: SettingsLog) -> "Ledger":
        """Return one with the same past, of a tree and a log that go their own way."""
        return Ledger(tree, log, self._first_day)

    def number_of(self, day: date) -> int:
        """Return the place of a day; negative before the first."""
        return (day - self._first_day).days

    def settle(self, at_us: int) -> None:
        """Work out all days that are over."""
        with self._working:
            self._make_room()
            self._settle(np.arange(len(self.roster.adset_ids)), self.number_of(day_at(at_us, self._zone)))

    def delivered(self, places: Ints, days: Ints, at_us: int) -> Delivered:
        """Return the deliveries of ads (by place) and days (by number), as they were at a moment."""
        with self._working:
            self._make_room()
            today = self.number_of(day_at(at_us, self._zone))
            is_over = (days >= 0) & (days < today)
            if is_over.any():
                self._settle(_distinct(self.roster.adset[places[is_over]]), int(days[is_over].max()) + 1)
            numbers = np.zeros(len(places), np.int64)
            numbers[is_over] = self._numbers[places[is_over], days[is_over]]
            counts, results = self._counts[numbers], self._results[numbers]
            at_hand = np.flatnonzero(days == today)
            if len(at_hand):
                found = self._partly_delivered(places[at_hand], at_us)
                counts[at_hand] = [counts_of(one) for one in found]
                results[at_hand] = [one.final_results for one in found]
        ordinals = days + self._first_day.toordinal()
        return Delivered(places, ordinals, counts[:, 0], counts[:, 1], counts[:, 2], counts[:, 3], results)

    def persuaded(self, places: Ints, days: Sequence[int], at_us: int) -> float:
        """Return the results, as expected, that ads brought about on days by number that are over."""
        numbers = as_ints(days)
        delivered = self.delivered(np.repeat(places, len(numbers)), np.tile(numbers, len(places)), at_us)
        return float(delivered.final_results.sum())

    def spent_minor(self, places: Ints, since: int, until: int) -> int:
        """Return the spend of ads on days by number, from `since` up to and without `until`, all of which are over."""
        with self._working:
            self._make_room()
            self._settle(_distinct(self.roster.adset[places]), until)
            return int(self._counts[self._numbers[places, max(0, since) : until], 0].sum())

    def known_share(self, places: Ints, ordinals: Ints, at_us: int) -> Floats:  # noqa: ARG002 # one for all ads
        """Return the share of final results that is reported of ads and days at a moment."""
        if not len(ordinals):
            return as_floats([])
        first = int(ordinals.min())
        days = (date.fromordinal(day) for day in range(first, int(ordinals.max()) + 1))
        return as_floats([known_share(age_days(day, at_us, self._zone)) for day in days])[ordinals - first]

    def hours(self, places: Ints, ordinals: Ints, at_us: int) -> Floats:
        """Return what ads spent in each of the account's 24 hours of days; an hour that comes twice is one."""
        found = [self._hours(*each, at_us) for each in zip(places, ordinals, strict=True)]
        return as_floats(found).reshape(len(found), len(HOURLY.cells))

    def _hours(self, place: int, ordinal: int, at_us: int) -> Floats:
        day, ad = date.fromordinal(int(ordinal)), self.roster.ads[place]
        bounds, number = local_day(day, self._zone), self.number_of(day)
        if self._is_quiet(int(self.roster.adset[place]), number, at_us):
            return even_hours(bounds, self._zone)
        adset = self._tree.adset(ad.adset_id)
        spent = list(stretches(adset, self._siblings(adset), self._log, bounds, at_us))
        return spent_hours(adset.ads.index(ad), spent, bounds, self._zone)

    def _is_quiet(self, adset_place: int, day: int, at_us: int) -> bool:
        """Return whether an ad set's day is over and nothing that it spends by was set in its course."""
        if not 0 <= day < self.number_of(day_at(at_us, self._zone)):
            return False
        with self._working:
            self._make_room()
            self._settle(as_ints([adset_place]), day + 1)
            return bool(self._quiet[adset_place, day])

    def _siblings(self, adset: AdSet) -> Sequence[AdSet]:
        return self._tree.campaign(adset.campaign_id).adsets

    def _make_room(self) -> None:
        """Have a row for every ad and ad set; an ad that came later delivered nothing on the days settled before."""
        self.roster.renew(self._tree.account)
        ads, adsets, days = len(self.roster.ads), len(self.roster.adset_ids), self._numbers.shape[1]
        if more := ads - len(self._numbers):
            self._numbers = np.concatenate([self._numbers, np.zeros((more, days), np.int64)])
        if more := adsets - len(self._quiet):
            self._quiet = np.concatenate([self._quiet, np.zeros((more, days), np.bool_)])
            self._settled_days = np.concatenate([self._settled_days, np.zeros(more, np.int64)])

    def _settle(self, adset_places: Ints, days: int) -> None:
        """Work out the days before number `days` of some ad sets."""
        if days > len(self._calendar):
            self._extend_calendar(days)
        if (more := days - self._numbers.shape[1]) > 0:
            more = max(more, self._numbers.shape[1] // 2)
            self._numbers = np.pad(self._numbers, ((0, 0), (0, more)))
            self._quiet = np.pad(self._quiet, ((0, 0), (0, more)))
        for place in adset_places[self._settled_days[adset_places] < days].tolist():
            self._settle_adset(place, int(self._settled_days[place]), days)
            self._settled_days[place] = days
        self._keep_new()

    def _settle_adset(self, place: int, since: int, until: int) -> None:
        adset = self._tree.adset(self.roster.adset_ids[place])
        ads = self.roster.places(adset.ads)
        bounds, kinds = self._calendar[since:until], self._kinds_of_days(adset, since, until)
        for start, stop, is_quiet in self._runs(adset, bounds):
            self._quiet[place, since + start : since + stop] = is_quiet
            for kind in set(kinds[start:stop].tolist()):
                same = start + np.flatnonzero(kinds[start:stop] == kind)
                numbers = self._note(self._deliver(adset, bounds[same[0]], bounds[same[0]].end_us))
                self._numbers[ads[:, None], since + same] = as_ints(numbers)[:, None]

    def _runs(self, adset: AdSet, days: Sequence[LocalDay]) -> list[tuple[int, int, bool]]:
        """Return runs of days, from-until: single ones in which something is set, and the quiet ones between."""
        starts = [day.start_us for day in days]
        cuts, busy = {0, len(days)}, set()
        for object_id in scope_of(adset, self._siblings(adset), self._log):
            for moment in self._log.moments_within(object_id, starts[0] - 1, days[-1].end_us):
                place = bisect_right(starts, moment) - 1
                cuts.add(place)
                if moment > starts[place]:
                    busy.add(place)
                    cuts.add(place + 1)
        return [(start, stop, start not in busy) for start, stop in pairwise(sorted(cuts))]

    def _kinds_of_days(self, adset: AdSet, since: int, until: int) -> Ints:
        """Return numbers that are equal for days on which, without a change, the same is delivered."""
        kinds = self._kinds[since:until]
        for ad in (ad for one in self._siblings(adset) for ad in one.ads if ad.idle_every):
            kinds = 2 * kinds + as_ints([is_idle(ad, day.day) for day in self._calendar[since:until]])
        if adset.is_uneven:
            kinds = 7 * kinds + as_ints([week_turn(adset.campaign_id, day.day) for day in self._calendar[since:until]])
        return kinds

    def _extend_calendar(self, days: int) -> None:
        later = [self._first_day + timedelta(days=number) for number in range(len(self._calendar), days)]
        self._calendar += [local_day(day, self._zone) for day in later]
        self._kinds = as_ints([7 * day.length_us + day.day.weekday() for day in self._calendar])

    def _note(self, deliveries: Sequence[Delivery]) -> list[int]:
        """Return the numbers of deliveries, which `_keep_new` puts into the columns."""
        numbers = []
        for one in deliveries:
            if one.spend_minor:
                self._new.append(one)
            numbers.append(len(self._results) + len(self._new) - 1 if one.spend_minor else 0)
        return numbers

    def _keep_new(self) -> None:
        if self._new:
            self._counts = np.concatenate([self._counts, as_ints([counts_of(one) for one in self._new])])
            self._results = np.concatenate([self._results, as_floats([one.final_results for one in self._new])])
            self._new.clear()

    def _deliver(self, adset: AdSet, day: LocalDay, at_us: int) -> tuple[Delivery, ...]:
        minor_per_unit = self._tree.account.minor_per_unit
        return deliver(adset, self._siblings(adset), self._log, day, at_us, minor_per_unit)

    def _partly_delivered(self, places: Ints, at_us: int) -> list[Delivery]:
        """Return what ads have delivered by a moment of its day; the latest moment's are remembered."""
        if self._at_hand[0] != at_us:
            self._at_hand = (at_us, {})
        known, day = self._at_hand[1], local_day(day_at(at_us, self._zone), self._zone)
        for adset_place in _distinct(self.roster.adset[places]).tolist():
            adset = self._tree.adset(self.roster.adset_ids[adset_place])
            ad_places = self.roster.places(adset.ads).tolist()
            if not all(place in known for place in ad_places):
                known.update(zip(ad_places, self._deliver(adset, day, at_us), strict=True))
        return [known[place] for place in places.tolist()]


def _distinct(places: Ints) -> Ints:
    return np.flatnonzero(np.bincount(places))


def counts_of(one: Delivery) -> tuple[int, int, int, int]:
    return one.spend_minor, one.impressions, one.clicks, one.link_clicks
