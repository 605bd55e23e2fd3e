"""What every ad delivered on every day of a market of people and auctions, in whole figures that can be reported.

Days are lived through once, in their order; the market's state at the start of each is kept, so that the hours of any
of them, or a part of one, can be lived through again.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.sandbox.market.arrays import Floats, Ints, as_floats, as_ints
from aibuyer_kit.sandbox.market.days import LocalDay, age_days, day_at, from_us, local_day
from aibuyer_kit.sandbox.market.draws import Streams, counts, drawn, streams
from aibuyer_kit.sandbox.market.emergent.conditions import Conditions
from aibuyer_kit.sandbox.market.emergent.course import Course, Ground, Now, TrueDay, summed, true_day
from aibuyer_kit.sandbox.market.emergent.orders import OrderBook
from aibuyer_kit.sandbox.market.emergent.population import Population, cells_of
from aibuyer_kit.sandbox.market.emergent.today import Lived
from aibuyer_kit.sandbox.market.ledger import Delivered
from aibuyer_kit.sandbox.market.response import MATURE_DAYS
from aibuyer_kit.sandbox.market.roster import Roster
from aibuyer_kit.sandbox.market.settings_log import SettingsLog
from aibuyer_kit.sandbox.market.tree import Tree

_HOURS = 24
# Moments of days on their way that are remembered.
_KEPT = 40
# Draws of modelling errors lie behind those of results.
_DRIFT = 1_000_000
_COLUMNS = ("_spend_minor", "_impressions", "_clicks", "_link_clicks", "_results", "_persuaded")

# Numbers of whatever kind.
Column = NDArray[Any]


@dataclass(frozen=True)
class _Figures:
    """Whole figures by ad, in the order of their creation, and what is true of them."""

    spend_minor: Ints
    impressions: Ints
    clicks: Ints
    link_clicks: Ints
    final_results: Floats
    persuaded: Floats

    @property
    def columns(self) -> "tuple[Column, ...]":
        whole = (self.spend_minor, self.impressions, self.clicks, self.link_clicks)
        return (*whole, self.final_results, self.persuaded)


class LivedLedger:
    """The deliveries of one market of people and auctions; day 0 is its first day."""

    def __init__(self, ground: Ground, first_day: date) -> None:
        zone = ground.tree.account.zone
        self._tree, self.ground, self._first_day, self._zone = ground.tree, ground, first_day, zone
        self.course = Course(ground, Conditions(ground.rules, ground.seed, zone))
        self.roster = Roster()
        self.starts: list[Now] = [self.course.begin(local_day(first_day, zone).start_us)]
        # By day and ad.
        self._spend_minor, self._impressions, self._clicks, self._link_clicks = (
            np.zeros((0, 0), np.int32) for _ in range(4)
        )
        self._results, self._persuaded = (np.zeros((0, 0), np.float32) for _ in range(2))
        self._true_days: list[TrueDay] = []
        # By ad: where its ad set's draws are, its clicks per impression and link clicks per click.
        self._clicks_of: Streams = streams(ground.seed, [])
        self._results_of: Streams = streams(ground.seed, [])
        self._rates: Floats = np.zeros((0, 2))
        self._rows: dict[str, int] = {}
        self._row_of_place: Ints = as_ints([])
        self._rows_known = (0, 0)
        self._at_hand: dict[tuple[int, bool], tuple[Lived, _Figures]] = {}
        self._told: Population | None = None
        self._working = threading.RLock()

    def fork(self, tree: Tree, log: SettingsLog) -> "LivedLedger":
        """Return one with the same past, of a tree and a log that go their own way."""
        with self._working:
            ground = replace(self.ground, book=OrderBook(tree, log), log=log, tree=tree)
            twin = LivedLedger.__new__(LivedLedger)
            # What was lived through is never changed, but for columns and lists, which days are added to.
            columns = {name: getattr(self, name).copy() for name in _COLUMNS}
            own: dict[str, Any] = {
                "ground": ground,
                "course": Course(ground, self.course.conditions),
                "roster": Roster(),
                "starts": list(self.starts),
                "_tree": tree,
                "_true_days": list(self._true_days),
                "_rows": dict(self._rows),
                "_rows_known": (0, 0),
                "_told": None,
                "_at_hand": dict(self._at_hand),
                "_working": threading.RLock(),
            }
            vars(twin).update(vars(self) | columns | own)
            return twin

    def number_of(self, day: date) -> int:
        """Return the place of a day; negative before the first."""
        return (day - self._first_day).days

    def bounds(self, number: int) -> LocalDay:
        return local_day(self._first_day + timedelta(days=number), self._zone)

    def settle(self, at_us: int) -> None:
        """Live through all days that are over."""
        with self._working:
            until = self.number_of(day_at(at_us, self._zone))
            while len(self.starts) <= until:
                number = len(self.starts) - 1
                now, bounds = self.starts[-1].copy(), self.bounds(number)
                lived = self.course.live_through(now, bounds, bounds.end_us)
                self._keep(number, self._figures(now, lived, number))
                self._true_days.append(true_day(now, lived))
                self.course.end_day(now, lived)
                self.starts.append(now)

    def delivered(self, places: Ints, days: Ints, at_us: int) -> Delivered:
        """Return the deliveries of ads (by place) and days (by number), as they were at a moment."""
        with self._working:
            self.settle(at_us)
            self._tell_neighbours()
            today = self.number_of(day_at(at_us, self._zone))
            figures = self._today(today, at_us) if (days == today).any() else None
            rows = self._rows_of(places)
            columns = self._past(rows, days, today)
            if figures is not None:
                at_hand = np.flatnonzero((days == today) & (rows >= 0) & (rows < len(figures.spend_minor)))
                for column, fresh in zip(columns, figures.columns, strict=True):
                    column[at_hand] = fresh[rows[at_hand]]
        spend, impressions, clicks, link_clicks, results, _ = columns
        ordinals = days + self._first_day.toordinal()
        return Delivered(places, ordinals, spend, impressions, clicks, link_clicks, results)

    def _tell_neighbours(self) -> None:
        """Let the roster know who is reached by two ad sets: they are counted once in sums over both."""
        population = self.starts[-1].population
        if population is not self._told:
            self.roster.renew(self._tree.account)
            shared = zip(cells_of(population), population.people.tolist(), strict=True)
            self.roster.share((*members, people) for members, people in shared if len(members) > 1)
            self._told = population

    def persuaded(self, places: Ints, days: Sequence[int], at_us: int) -> float:
        """Return the results, as expected, that ads brought about on days by number that are over."""
        with self._working:
            self.settle(at_us)
            rows = self._rows_of(places)
            rows = rows[(rows >= 0) & (rows < self._persuaded.shape[1])]
            return float(self._persuaded[np.ix_(as_ints(days), rows)].sum(dtype=np.float64))

    def spent_minor(self, places: Ints, since: int, until: int) -> int:
        """Return the spend of ads on days by number, from `since` up to and without `until`, all of which are over."""
        with self._working:
            self.settle(self.bounds(until).start_us)
            rows = self._rows_of(places)
            rows = rows[(rows >= 0) & (rows < self._spend_minor.shape[1])]
            return int(self._spend_minor[max(0, since) : until, rows].sum())

    def known_share(self, places: Ints, ordinals: Ints, at_us: int) -> Floats:
        """Return the share of final results that is reported of ads and days at a moment.

        What is late comes in by the third power of the time that is left, and modelling errs less and less: both end
        on day 28.
        """
        if not len(ordinals):
            return as_floats([])
        claims, first = self.ground.rules.claims, int(ordinals.min())
        days = (date.fromordinal(day) for day in range(first, int(ordinals.max()) + 1))
        ages = as_floats([age_days(day, at_us, self._zone) for day in days])[ordinals - first]
        left = np.clip(1 - ages / MATURE_DAYS, 0.0, 1.0)
        rows = np.maximum(self._rows_of(places), 0)
        drift = 2 * drawn(self._results_of[rows], _DRIFT + ordinals) - 1
        found: Floats = (1 - (1 - claims.at_once) * left**3) * (1 + claims.modelled * drift * left)
        return found

    def hours(self, places: Ints, ordinals: Ints, at_us: int) -> Floats:
        """Return what ads spent in each of the account's 24 hours of days; an hour that comes twice is one."""
        with self._working:
            self.settle(at_us)
            found = np.zeros((len(places), _HOURS))
            numbers = ordinals - self._first_day.toordinal()
            for number in np.unique(numbers).tolist():
                if 0 <= number < len(self.starts):
                    by_hour = self._by_hour(number, at_us)
                    rows = self._rows_of(places)
                    asked = np.flatnonzero((numbers == number) & (rows >= 0) & (rows < by_hour.shape[1]))
                    found[asked] = by_hour[:, rows[asked]].T
        return found

    def after_today(self, at_us: int) -> Now:
        """Return the market as it will be when the day at hand is over if nothing more is ordered."""
        with self._working:
            self.settle(at_us)
            number = self.number_of(day_at(at_us, self._zone))
            now, bounds = self.starts[number].copy(), self.bounds(number)
            self.course.end_day(now, self.course.live_through(now, bounds, bounds.end_us))
        return now

    def true_sums(self, since: int, until: int, is_silent: Callable[[str], bool]) -> tuple[TrueDay, TrueDay]:
        """Return what days by number, `until` included, brought, and what they would have brought with silent ad sets.

        All of these days are over. The luck is the market's own.
        """
        with self._working:
            self.settle(self.bounds(until).end_us)
            now, found = self.starts[since].copy(), list[TrueDay]()
            course = Course(self.ground, self.course.conditions, is_silent=is_silent)
            for number in range(since, until + 1):
                bounds = self.bounds(number)
                lived = course.live_through(now, bounds, bounds.end_us)
                found.append(true_day(now, lived))
                course.end_day(now, lived)
            return summed(self._true_days[since : until + 1]), summed(found)

    def organic_of(self, adset_id: str, since: int, until: int) -> float:
        """Return the results that the people of an ad set give on days by number without any ad to persuade them."""
        population = self.starts[since].population
        is_reached = (population.slots == population.adsets.index(adset_id)).any(axis=0)
        rates = population.people * population.organic * is_reached
        pools = (self.starts[number].state.pool[: len(rates), 0] for number in range(since, until + 1))
        return sum(float((rates * pool).sum()) for pool in pools)

    def _by_hour(self, number: int, at_us: int) -> Floats:
        bounds = self.bounds(number)
        until_us = min(bounds.end_us, at_us)
        key = (until_us, True)
        if key not in self._at_hand:
            now = self.starts[number].copy()
            self._remember(key, self.course.live_through(now, bounds, until_us, by_hour=True), now, number)
        lived = self._at_hand[key][0]
        found = np.zeros((_HOURS, len(lived.spend)))
        for since_us, _, spend in lived.stretches:
            found[from_us(since_us).astimezone(self._zone).hour] += spend[:, 0]
        return found

    def _today(self, number: int, at_us: int) -> _Figures:
        key = (at_us, False)
        if key not in self._at_hand:
            now = self.starts[number].copy()
            self._remember(key, self.course.live_through(now, self.bounds(number), at_us), now, number)
        return self._at_hand[key][1]

    def _remember(self, key: tuple[int, bool], lived: Lived, now: Now, number: int) -> None:
        while len(self._at_hand) >= _KEPT:
            del self._at_hand[next(iter(self._at_hand))]
        self._at_hand[key] = (lived, self._figures(now, lived, number))

    def _figures(self, now: Now, lived: Lived, number: int) -> _Figures:
        """Return money and impressions rounded down, and clicks and results drawn around what is expected."""
        self._take_in(now)
        ads = len(lived.spend)
        minor = lived.spend[:, 0] * self.ground.minor_per_unit
        # Sums of parts may fall short of a whole by the last bit.
        spend_minor = np.floor(minor + 1e-6).astype(np.int64)
        impressions = np.where(spend_minor > 0, np.floor(lived.impressions[:, 0] + 1e-6), 0).astype(np.int64)
        expected = lived.attention[:, 0] * self._rates[:ads, 0]
        claimed = np.where(spend_minor > 0, lived.claimed[:, 0], 0.0)
        if self.ground.rules.claims.counts == "drawn":
            clicks = counts(expected, drawn(self._clicks_of[:ads], number))
            results = counts(claimed, drawn(self._results_of[:ads], number)).astype(np.float64)
        else:
            clicks, results = expected.astype(np.int64), claimed
        clicks = np.minimum(clicks, impressions)
        links = np.floor(clicks * self._rates[:ads, 1] + 0.5).astype(np.int64)
        return _Figures(spend_minor, impressions, clicks, links, results, lived.persuaded[:, 0])

    def _keep(self, number: int, figures: _Figures) -> None:
        for name, fresh in zip(_COLUMNS, figures.columns, strict=True):
            column = _with_room(getattr(self, name), number + 1, len(fresh))
            column[number, : len(fresh)] = fresh
            setattr(self, name, column)

    def _past(self, rows: Ints, days: Ints, today: int) -> list[Column]:
        known = np.flatnonzero((days >= 0) & (days < today) & (rows >= 0) & (rows < self._spend_minor.shape[1]))
        found = []
        for name in _COLUMNS:
            column: Column = getattr(self, name)
            taken: Column = np.zeros(len(rows), np.float64 if column.dtype == np.float32 else np.int64)
            taken[known] = column[days[known], rows[known]]
            found.append(taken)
        return found

    def _rows_of(self, places: Ints) -> Ints:
        """Return the rows of ads by their places on the roster; -1 for one that no day has seen yet."""
        self.roster.renew(self._tree.account)
        known = (len(self.roster.ads), len(self._rows))
        if known != self._rows_known:
            self._row_of_place = as_ints([self._rows.get(ad.id, -1) for ad in self.roster.ads])
            self._rows_known = known
        return self._row_of_place[places]

    def _take_in(self, now: Now) -> None:
        """Have draws and rates for ads, which only ever come behind those that are known.

        Rivals pay more for people who click more, so that clicks cost much the same everywhere.
        """
        since = len(self._rows)
        new = [self._tree.ad(ad_id) for ad_id in now.orders.ad_ids[since:]]
        if not new:
            return
        self._rows |= {ad.id: len(self._rows) + place for place, ad in enumerate(new)}
        names = [(ad.id, "clicks") for ad in new], [(ad.id, "results") for ad in new]
        seed = self.ground.seed
        self._clicks_of, self._results_of = (
            np.concatenate([old, streams(seed, some)])
            for old, some in zip((self._clicks_of, self._results_of), names, strict=True)
        )
        rates = as_floats([(ad.clicks_per_impression, ad.link_clicks_per_click) for ad in new])
        rates[:, 0] *= now.population.dearness[now.orders.adset[since:]]
        self._rates = np.concatenate([self._rates, rates])


def _with_room(column: Column, days: int, ads: int) -> Column:
    """Return a column with room for days and ads, and for more days at once than one."""
    held_days, held_ads = column.shape
    if held_days >= days and held_ads >= ads:
        return column
    new: Column = np.zeros((max(days + days // 2, held_days), max(ads, held_ads)), column.dtype)
    new[:held_days, :held_ads] = column
    return new
