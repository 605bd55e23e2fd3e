"""What is true of a market, whoever reports it: what budgets bring, what is best, what ads brought about."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.money import MICROS_PER_UNIT, micros_from_minor
from aibuyer_kit.sandbox.market import closed_forms
from aibuyer_kit.sandbox.market.account import (
    AdSet,
)
from aibuyer_kit.sandbox.market.arrays import Floats
from aibuyer_kit.sandbox.market.days import (
    day_at,
    local_day,
)
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
