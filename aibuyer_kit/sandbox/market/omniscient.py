"""What is true of a market, whoever reports it: what budgets bring, what is best, what ads brought about."""

import math
import numbers
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.money import MICROS_PER_UNIT, micros_from_minor
from aibuyer_kit.sandbox.market import closed_forms
from aibuyer_kit.sandbox.market.account import AdSet
from aibuyer_kit.sandbox.market.arrays import Floats
from aibuyer_kit.sandbox.market.days import day_at, local_day
from aibuyer_kit.sandbox.market.emergent.ledger import LivedLedger
from aibuyer_kit.sandbox.market.emergent.what_if import WhatIf
from aibuyer_kit.sandbox.market.reported import Reported
from aibuyer_kit.sandbox.market.response import expected_results
from aibuyer_kit.sandbox.market.truth import Optimum, TrueSums, Truth

_MOST_DAYS_AHEAD = 366


class Omniscient(Reported):
    """An account of which the truth can be asked; nothing of it is to be shown to those who are judged by it."""

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

        Ad sets that are not named keep what they have. Raises InputError for an ad set that is not there, and for a
        budget that is none.
        """
        self._check_budgets(budgets_micros)
        after = self._days_after_today(days)
        if (what_if := self._what_if(after)) is not None:
            return what_if.truth(budgets_micros)
        shown = [self._as_shown(adset) for adset in self.account.adsets]
        return closed_forms.truth(shown, {**self._held_micros(shown), **budgets_micros}, after)

    def optimum(self, *, total_micros: int, days: int = 14) -> Optimum:
        """Return the best split of a daily total over the ad sets that have a daily budget of their own now.

        Raises InputError if none has, or if there are more than 100 in a market of people and auctions.
        """
        shown = [self._as_shown(adset) for adset in self.account.adsets]
        today = {adset.id: float(micros) for adset in shown if (micros := self._daily_micros(adset))}
        if not today or not _is_amount(total_micros) or total_micros == 0:
            raise InputError(
                "An optimum needs a total above 0, and at least one active ad set with a daily budget; "
                f"the total is {total_micros!r}, and {len(today)} ad sets have one."
            )
        after = self._days_after_today(days)
        if (what_if := self._what_if(after)) is not None:
            return what_if.optimum(total_micros, today)
        return closed_forms.optimum(shown, self._held_micros(shown), today, total_micros, after)

    def revenues(self, adset_ids: Sequence[str], budgets_micros: Floats, days: int = 14) -> Floats:
        """Return the revenue in micros that each row of daily budgets (splits, ad sets) brings in truth.

        As `truth` has it, for many splits at once; ad sets that are not named keep what they have. Raises InputError as
        `truth` does, and where response is a formula.
        """
        if (
            budgets_micros.ndim != 2
            or budgets_micros.shape[1] != len(adset_ids)
            or len(set(adset_ids)) < len(adset_ids)
        ):
            raise InputError(
                f"Budgets are rows of one for each ad set: there are {len(set(adset_ids))} different ad sets for an "
                f"array of {budgets_micros.shape}."
            )
        worst = [(column.min(), column.max()) for column in budgets_micros.T if len(column)]
        for ends in zip(*worst, strict=True):
            self._check_budgets(dict(zip(adset_ids, ends, strict=True)))
        return self._luck(days).revenues(adset_ids, budgets_micros)

    def sample_results(self, budgets_micros: Mapping[str, float], days: int = 14, runs: int = 100) -> Floats:
        """Return what `truth` tells the mean of: the results of each of so many runs of luck, in whole people.

        Raises InputError as `truth` does, for less than one run, and in a market where response is a formula, for it
        has no luck.
        """
        self._check_budgets(budgets_micros)
        if runs < 1:
            raise InputError(f"runs is {runs}; give 1 or more.")
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
        lift = float(self._delivered(adset.ads, days, self._now_us).final_results.sum())
        return lift, closed_forms.bought_anyway(adset, len(days))

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
        """Return an ad set's own daily budget when the day at hand is over; 0 if it is not shown then."""
        minor = self.setting(adset.id).daily_budget_minor if self._is_shown(adset) else 0
        return micros_from_minor(minor, self.account.minor_per_unit)

    def _held_micros(self, shown: Sequence[AdSet]) -> dict[str, float]:
        """Return what each ad set may spend a day from tomorrow on: its own budget, or its part of its campaign's."""
        until_us = local_day(self.today, self.zone).end_us
        active = [adset for adset in shown if self._is_shown(adset)]
        sharers = Counter(adset.campaign_id for adset in active)
        found = dict.fromkeys((adset.id for adset in shown), 0.0)
        for adset in active:
            own = self.setting(adset.id)
            holder, parts = (
                (own, 1) if own.has_budget else (self.setting(adset.campaign_id), sharers[adset.campaign_id])
            )
            minor = holder.daily_minor_at(until_us) / parts
            found[adset.id] = minor * MICROS_PER_UNIT / self.account.minor_per_unit
        return found

    def _is_shown(self, adset: AdSet) -> bool:
        """Return whether an ad set, its campaign and one of its ads will be shown when the day at hand is over."""
        until_us = local_day(self.today, self.zone).end_us
        own, above = self.setting(adset.id), self.setting(adset.campaign_id)
        delivers = own.delivers_at(until_us) and above.delivers_at(until_us) and not 0 < own.end_us <= until_us
        return delivers and bool(self._as_shown(adset).ads)

    def _as_shown(self, adset: AdSet) -> AdSet:
        """Return an ad set with those of its ads that will be shown when the day at hand is over."""
        until_us = local_day(self.today, self.zone).end_us
        return replace(adset, ads=tuple(ad for ad in adset.ads if self.setting(ad.id).delivers_at(until_us)))

    def _check_budgets(self, budgets_micros: Mapping[str, float]) -> None:
        for adset_id, micros in budgets_micros.items():
            if not isinstance(self.find(adset_id), AdSet):
                raise InputError(f"{adset_id!r} is no ad set of this market.")
            if not _is_amount(micros):
                raise InputError(f"The budget of the ad set {adset_id!r} is {micros!r}; give micros a day, 0 or more.")

    def _check_closed_form(self) -> None:
        if self.world.rules is not None:
            raise InputError(f"The preset {self.world.preset!r} has no closed form of response: ask for its truth.")


def _is_amount(micros: Any) -> bool:
    """Return whether this is a finite number from 0 on."""
    is_number = isinstance(micros, numbers.Real) and not isinstance(micros, bool)
    return is_number and bool(0 <= micros < math.inf)
