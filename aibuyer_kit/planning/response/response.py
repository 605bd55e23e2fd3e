"""Response as a notebook holds it: each arm's marginal return, how sure it is, and what would make it surer."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.core.i18n import format_money, format_ratio, t
from aibuyer_kit.planning.curves import ResponseCurves
from aibuyer_kit.planning.response.learn import Learnt
from aibuyer_kit.planning.response.suggest import Trial, cheapest_trial

if TYPE_CHECKING:
    import pandas as pd

    from aibuyer_kit.charts.fragment import Fragment

_LOW, _HIGH = 0.05, 0.95


REASONS = ("unread", "short", "still", "season", "little", "sparse")


@dataclass(frozen=True)
class ArmResponse:
    """One arm; money in units of the currency, intervals hold with 90%.

    Figures are what is expected: the means over the draws, as plans have them, and medians of shares and elasticities.
    `marginal` is the value that the next unit of spend brings at `spend_now`, `elasticity` by how many per cent value
    grows with a per cent of spend, `saturation` the share of the ceiling that is reached. `incremental_share` is what
    ads bring by what is reported, None without lift tests. `spend_moved` is the standard deviation of log spend after
    the season.
    """

    id: str
    name: str
    spend_now: float
    value_now: float
    marginal: float
    marginal_low: float
    marginal_high: float
    elasticity: float
    saturation: float
    incremental_share: float | None
    identified: str
    spend_moved: float
    reason: str
    warning: str
    trial: Trial | None


@dataclass(frozen=True, repr=False)
class Response:
    """What was learnt of how results follow spend, as of load `load_id`; `curves` is what plans are made on.

    `model_note` names the model that says what is usual of arms, where one does.
    """

    client_name: str
    locale: str
    days: DateRange
    load_id: int
    learnt: Learnt
    unused_tests: int = 0
    model_note: str = ""

    @cached_property
    def curves(self) -> ResponseCurves:
        warnings = {
            arm: t(self.locale, f"curves.warn_{reason}")
            for arm, reason in zip(self.learnt.curves.arms, self.learnt.reasons, strict=True)
            if reason
        }
        return replace(self.learnt.curves, warnings=warnings)

    @cached_property
    def arms(self) -> tuple[ArmResponse, ...]:
        """Every arm, the largest spend first."""
        order = np.argsort(-self.curves.spend_now, kind="stable").tolist()
        return tuple(self._arm(place) for place in order)

    def _arm(self, place: int) -> ArmResponse:
        curves, learnt = self.curves, self.learnt
        arm, at = curves.arms[place], self._at[place]
        marginal = self._marginal[:, place]
        low, high = (float(each) for each in np.quantile(marginal, (_LOW, _HIGH)))
        reached = self._value[:, place] / np.maximum(curves.ceiling[:, place], 1e-300)
        is_calibrated = curves.basis == "incremental"
        return ArmResponse(
            id=arm,
            name=curves.names[place],
            spend_now=float(curves.spend_now[place]),
            value_now=float(self._value[:, place].mean()) if curves.spend_now[place] > 0 else 0.0,
            marginal=float(marginal.mean()),
            marginal_low=low,
            marginal_high=high,
            elasticity=float(np.median(learnt.elasticity[:, place])),
            saturation=float(np.median(reached)) if at > 0 else 0.0,
            incremental_share=float(np.median(learnt.share[:, place])) if is_calibrated else None,
            identified=curves.identified[place],
            spend_moved=float(learnt.moves.by_day[place]),
            reason=learnt.reasons[place],
            warning=curves.warnings.get(arm, ""),
            trial=None if curves.identified[place] == "yes" else cheapest_trial(learnt, place),
        )

    @cached_property
    def _at(self) -> Any:
        # What is paused is told at the spend that it had.
        spend = self.curves.spend_now
        return np.where(spend > 0, spend, self.learnt.series.centre)

    @cached_property
    def _marginal(self) -> Any:
        return self.curves.marginal(self._at)

    @cached_property
    def _value(self) -> Any:
        return self.curves.value(self._at)

    @property
    def suggestions(self) -> tuple[Trial, ...]:
        """The cheapest experiments that would resolve what the past does not tell, those that resolve it first."""
        found = [each.trial for each in self.arms if each.trial]
        return tuple(sorted(found, key=lambda one: (not one.resolves, one.cost)))

    def notes(self, locale: str | None = None) -> tuple[str, ...]:
        """Return what a reader must know of these curves."""
        words, curves, learnt = locale or self.locale, self.curves, self.learnt
        found = [t(words, f"curves.basis_{curves.basis}", count=max(1, len(learnt.tests)))]
        found.append(t(words, f"curves.value_{curves.value_of}"))
        unknown = sum(each != "yes" for each in curves.identified)
        if unknown:
            found.append(t(words, "curves.not_identified", count=unknown, arms=len(curves.arms)))
        if self.unused_tests:
            found.append(t(words, "curves.unused_tests", count=self.unused_tests))
        if learnt.left_out:
            found.append(t(words, "curves.left_out", count=len(learnt.left_out), names=", ".join(learnt.left_out[:5])))
        return (*found, self.model_note) if self.model_note else tuple(found)

    def advice(self, locale: str | None = None, most: int = 5) -> tuple[str, ...]:
        """Return what stands behind the reasons in the table, and the cheapest experiments, each in a sentence."""
        words = locale or self.locale
        reasons = [reason for reason in REASONS if reason in self.learnt.reasons]
        found = [f"{t(words, f'curves.reason_{each}')}: {t(words, f'curves.warn_{each}')}" for each in reasons]
        names = dict(zip(self.curves.arms, self.curves.names, strict=True))
        trials = [f"{names[one.arm]}: {self.trial_words(one, words)}" for one in self.suggestions[:most]]
        return (*found, *([t(words, "curves.trials")] if trials else []), *trials)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row for each arm as plain values."""
        for each in self.arms:
            row = vars(each) | {"trial": "", "trial_cost": None, "trial_days": None}
            if each.trial:
                row["trial"] = self.trial_words(each.trial, self.locale)
                row["trial_cost"], row["trial_days"] = each.trial.cost, each.trial.days
            yield row

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        curves = self.curves
        return {
            "client": self.client_name,
            "load_id": self.load_id,
            "since": str(self.days.since),
            "until": str(self.days.until),
            "basis": curves.basis,
            "value_of": curves.value_of,
            "currency": curves.currency,
            "lift_tests": len(self.learnt.tests),
            "carry": self.learnt.fitted.carry,
            "notes": list(self.notes()),
            "arms": list(self.rows()),
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2, allow_nan=False, default=vars)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row for each arm, the largest spend first; `.attrs["notes"]` holds what one must know of it."""
        import pandas as pd

        columns = [*ArmResponse.__dataclass_fields__, "trial_cost", "trial_days"]
        frame = pd.DataFrame(list(self.rows()), columns=columns)
        frame.attrs["notes"] = list(self.notes())
        return frame

    def plot(self, *arms: str, locale: str | None = None) -> "Fragment":
        """Return the curves of these arms (by id or name), or of the six that spend most, as charts.

        Raises NotFoundError for an arm that is not there.
        """
        from aibuyer_kit.planning.response.page import plot_fragment

        places = [self._place(arm) for arm in arms] or [self._place(each.id) for each in self.arms[:6]]
        return plot_fragment(self, places, locale or self.locale)

    def _place(self, arm: str) -> int:
        curves = self.curves
        for known in (curves.arms, curves.names):
            if arm in known:
                return known.index(arm)
        raise NotFoundError(f"There is no curve of {arm!r}. There are: {', '.join(curves.names[:20])}.")

    def trial_words(self, trial: Trial, locale: str) -> str:
        currency = self.curves.currency
        is_money = self.curves.value_of != "results"
        return t(
            locale,
            "curves.trial" if trial.resolves else "curves.trial_not_enough",
            low=format_money(round(trial.low, 2), currency, locale),
            high=format_money(round(trial.high, 2), currency, locale),
            days=t(locale, "period.days", count=trial.days),
            cost=format_money(trial.cost, currency, locale) if is_money else format_ratio(trial.cost, locale),
        )

    def __repr__(self) -> str:
        from aibuyer_kit.planning.response.page import response_text

        return response_text(self, self.locale)

    def _repr_html_(self) -> str:
        from aibuyer_kit.planning.response.page import response_html

        return response_html(self, self.locale)
