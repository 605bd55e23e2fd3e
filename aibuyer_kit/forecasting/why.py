"""Why a forecast is what it is, in words: its drivers, its members with their weights, and the trees behind them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from aibuyer_kit.charts.explanation import Explanation, Part, ranked
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.i18n import format_metric, format_period, format_ratio, format_share, messages, t
from aibuyer_kit.core.metrics import METRICS, Ratio
from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.forecasting.boosted import TreesSay
from aibuyer_kit.forecasting.forecaster import Forecaster
from aibuyer_kit.forecasting.parts import CORRECTION, SIBLINGS, TOGETHER, ForecastParts, forecast_parts
from aibuyer_kit.forecasting.result import TOTAL, ForecastObject, check_way, place_of
from aibuyer_kit.forecasting.tree_forecast import TreeForecast
from aibuyer_kit.forecasting.words import model_name

_AFTERWARDS = (SIBLINGS, CORRECTION, TOGETHER)
_NO_WEIGHT = 1e-6


@dataclass(frozen=True)
class Explainer:
    """What tells why a forecast is what it is, once asked; `told` are the forecasts that its metric is made of.

    These are one, or numerator and denominator of a ratio.
    """

    metric: str
    currency: str
    locale: str
    days: DateRange
    objects: Sequence[ForecastObject]
    told: tuple[TreeForecast, ...]
    forecaster: Forecaster

    def __call__(self, of: str = TOTAL, by: str = "drivers") -> Explanation:
        """Return what the forecast of an object, by id or name, or of the total is made of.

        Raises NotFoundError for an object that is not there, InputError for another way than drivers or prophet, and
        where there is nothing to explain.
        """
        check_way(by)
        place = place_of(self.objects, of)
        if by == "prophet":
            from aibuyer_kit.forecasting.prophet_why import prophet_explained

            return prophet_explained(self, place)
        asked = METRICS[self.metric]
        if isinstance(asked, Ratio):
            return self._of_ratio(asked, place)
        return self._of_sum(self.metric, self._parts[0], place)

    @cached_property
    def _parts(self) -> tuple[ForecastParts, ...]:
        return tuple(forecast_parts(each, self.forecaster) for each in self.told)

    def name(self, place: int) -> str:
        return self.objects[place].name

    def columns(self, place: int) -> Ints:
        """Return the leaves that an object, or the total, is the sum of."""
        leaves = self.told[0].tree.leaves
        return leaves if self.objects[place].id == TOTAL else leaves[[place]]

    def _of_sum(self, metric: str, parts: ForecastParts, place: int) -> Explanation:
        recent, amounts, expected = self._sums(parts, place)
        baseline = Part("recent", self._say("recent", count=parts.recent_steps), recent)
        found = ranked([Part(key, self.part_name(key), amount) for key, amount in amounts.items()])
        whole = Part("expected", t(self.locale, "forecast.expected"), expected)
        return Explanation(
            self._title(metric, place), self.locale, found, baseline, whole, metric, self.currency,
            METRICS[metric].higher_is_better, said=self._sentences(metric, baseline, found, whole),
            more=(self._members(metric, parts, place), *self._trees(metric, parts, place)),
        )  # fmt: skip

    def _sums(self, parts: ForecastParts, place: int) -> tuple[float, dict[str, float], float]:
        """Return the pace so far, the parts and what is expected, over all days of the object's leaves."""
        own = self.columns(place)
        amounts = {key: float(values[:, own].sum()) for key, values in parts.parts.items()}
        return float(parts.recent[:, own].sum()), amounts, float(parts.expected[:, own].sum())

    def _of_ratio(self, asked: Ratio, place: int) -> Explanation:
        """Return the change of a ratio by the parts of both sides, each counted at the mean of the other side."""
        (top0, top_parts, top), (low0, low_parts, low) = (self._sums(parts, place) for parts in self._parts)
        if low0 <= 0 or low <= 0:
            name = t("en", f"metric.{asked.denominator}")
            raise InputError(f"{self.name(place)}: there is no {name} that this could be divided by, so far or ahead.")
        of_top, of_low = (1 / low + 1 / low0) / 2, -(top + top0) / 2 / (low * low0)
        keys = dict.fromkeys([*top_parts, *low_parts])
        amounts = {
            key: asked.scale * (top_parts.get(key, 0.0) * of_top + low_parts.get(key, 0.0) * of_low) for key in keys
        }
        baseline = Part(
            "recent", self._say("recent_ratio", count=self._parts[0].recent_steps), asked.scale * top0 / low0
        )
        found = ranked([Part(key, self.part_name(key), amount) for key, amount in amounts.items()])
        whole = Part("expected", t(self.locale, "forecast.expected"), asked.scale * top / low)
        names = (asked.numerator, asked.denominator)
        sides = tuple(self._of_sum(name, parts, place) for name, parts in zip(names, self._parts, strict=True))
        return Explanation(
            self._title(self.metric, place), self.locale, found, baseline, whole, self.metric, self.currency,
            asked.higher_is_better, said=self._sentences(self.metric, baseline, found, whole), more=sides,
        )  # fmt: skip

    def _members(self, metric: str, parts: ForecastParts, place: int) -> Explanation:
        """Return what each member of the combination adds to it: what it says, times its weight."""
        own = self.columns(place)
        found = []
        for name, path in parts.members.items():
            counts = np.where(np.isfinite(path), parts.weights[name] * np.nan_to_num(path), 0.0)[:, own]
            says, weight = np.nansum(path[:, own]), float(parts.weights[name][:, own].mean())
            if weight > _NO_WEIGHT:
                remark = self._say(
                    "member_says",
                    weight=format_share(weight, self.locale, decimals=0),
                    says=format_metric(metric, float(says), self.currency, self.locale),
                )
                found.append(Part(name, model_name(name, self.locale), float(counts.sum()), remark))
        expected = float(parts.expected[:, own].sum())
        # What no member can tell comes from siblings and corrections.
        left = expected - sum(each.amount for each in found)
        found.append(Part("afterwards", self._say("afterwards"), left))
        whole = Part("expected", t(self.locale, "forecast.expected"), expected)
        title = self._say("members_title")
        return Explanation(title, self.locale, ranked(found), None, whole, metric, self.currency)

    def _trees(self, metric: str, parts: ForecastParts, place: int) -> tuple[Explanation, ...]:
        """Return what moves the pooled trees that count: sizes over all objects for the total, else of the object."""
        own = self.columns(place)
        found = [
            (name, say)
            for name, say in parts.trees.items()
            if parts.weights[name][:, own].max() > _NO_WEIGHT and say.pays[:, own].any()
        ]
        return tuple(self._of_trees(metric, name, say, place) for name, say in found)

    def _of_trees(self, metric: str, name: str, say: TreesSay, place: int) -> Explanation:
        """Return logarithms of the mean member, which multiplies; of the median, which adds, amounts of the metric."""
        own, shape = self.columns(place), say.level.shape
        pays = say.pays[:, own]
        values = say.told.values.reshape(*shape, -1)[:, own][pays]
        base, level = say.told.base.reshape(shape)[:, own][pays], say.level[:, own][pays]
        title = self._say("trees_title", member=model_name(name, self.locale))
        unit = ("", "") if say.on_logs else (metric, self.currency)
        if self.objects[place].id == TOTAL:
            sizes = np.abs(values if say.on_logs else values * level[:, None]).mean(axis=0)
            parts, all_said = self._features(say, sizes), (self._say("trees_all"),)
            return Explanation(title, self.locale, parts, None, None, *unit, signed=False, said=all_said)
        shares = 1 / len(values) if say.on_logs else level
        amounts, first = (values.T * shares).sum(axis=1), float((base * shares).sum())
        start = Part("usual", self._say("trees_usual"), first)
        whole = Part("says", self._say("trees_whole"), first + float(amounts.sum()))
        better = True if say.on_logs else METRICS[metric].higher_is_better
        said: tuple[str, ...] = ()
        if say.on_logs:
            said = (self._say("trees_one", factor=format_ratio(float(np.exp(whole.amount)), self.locale)),)
        return Explanation(title, self.locale, self._features(say, amounts), start, whole, *unit, better, said=said)

    def _features(self, say: TreesSay, amounts: Floats) -> tuple[Part, ...]:
        pairs = zip(say.told.names, amounts.tolist(), strict=True)
        return ranked([Part(key, self.feature_name(key), amount) for key, amount in pairs])

    def _title(self, metric: str, place: int) -> str:
        name = t(self.locale, "word.total") if self.objects[place].id == TOTAL else self.name(place)
        return self._say(
            "title", metric=t(self.locale, f"metric.{metric}"), name=name, period=format_period(self.days, self.locale)
        )

    def _sentences(self, metric: str, baseline: Part, parts: Sequence[Part], whole: Part) -> tuple[str, ...]:
        """Return how far the forecast is from the pace so far, and what moves it most."""

        def figure(amount: float) -> str:
            return format_metric(metric, amount, self.currency, self.locale)

        said = [self._say("said", expected=figure(whole.amount), recent=figure(baseline.amount))]
        causes = [each for each in parts if (each.amount > 0) == (whole.amount > baseline.amount)]
        if causes and figure(abs(causes[0].amount)) != figure(0.0):
            said.append(self._say("most", part=causes[0].label, amount=_signed(figure, causes[0].amount)))
        return tuple(said)

    def part_name(self, key: str) -> str:
        return _known(f"forecast_part.{key}", self.locale) or key

    def feature_name(self, key: str) -> str:
        """Return what a feature of the trees is called; a flag goes by its own name."""
        if known := _known(f"forecast_feature.{key}", self.locale):
            return known
        kind, _, steps = key.partition("_")
        if kind in ("mean", "lag", "season") and steps.isdigit():
            return t(self.locale, f"forecast_feature.{kind}", count=int(steps))
        flag = key.removesuffix(" of late")
        return (
            self.part_name(flag)
            if flag == key
            else t(self.locale, "forecast_feature.of_late", name=self.part_name(flag))
        )

    def _say(self, key: str, *, count: int | None = None, **values: object) -> str:
        return t(self.locale, f"forecast_why.{key}", count=count, **values)


def _known(key: str, locale: str) -> str:
    found: Mapping[str, object] = messages(locale)
    return str(found[key]) if isinstance(found.get(key), str) else ""


def _signed(figure: Callable[[float], str], amount: float) -> str:
    return ("+" if amount > 0 else "−") + figure(abs(amount))
