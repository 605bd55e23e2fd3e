"""Forecasting a client's metric: from the panel as known at a moment, through the combination, to what people get."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange, parse_day
from aibuyer_kit.core.entities import Level, parse_level
from aibuyer_kit.core.errors import InputError, UnknownMetricError
from aibuyer_kit.core.i18n import format_share, t
from aibuyer_kit.core.metrics import Measure, Ratio, arrives_late, counts_results, metric
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.windows import Bools, Floats
from aibuyer_kit.forecasting.budgets import spend_level
from aibuyer_kit.forecasting.result import TOTAL, Forecast, ForecastObject, Span
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet
from aibuyer_kit.forecasting.weighing import SegmentWeights, Weights, model_name
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.champions import Champions
from aibuyer_kit.workflows.features import country_of
from aibuyer_kit.workflows.forecast_known import approved_budgets, assumed_budget, flags
from aibuyer_kit.workflows.forecast_shares import with_shares_so_far
from aibuyer_kit.workflows.no_results import leads_back, why_no_results
from aibuyer_kit.workflows.panel import read_panel
from aibuyer_kit.workflows.panel_besides import with_budgets
from aibuyer_kit.workflows.period import account_today, client_clock, on_account_clock

if TYPE_CHECKING:
    from aibuyer_kit.forecasting.forecaster import Forecaster
    from aibuyer_kit.forecasting.tree_forecast import TreeForecast
    from aibuyer_kit.forecasting.why import Explainer

LEARNT_FROM_DAYS = 420
SHOWN_DAYS = 56
# Of a day of which less is known, what is to come is a guess.
_LEAST_KNOWN = 1 / 3
# Days of which less is known are not learnt from: what is added to them is off by more than backtests show.
_SETTLED, _MOST_LATE_DAYS = 0.8, 7
_GAPS = 0.05
_SIDES = ("numerator", "denominator")
# An account is told of by name if none of so many last days is known.
_UNREAD_DAYS = 3
# A mean error beyond this, on so many of the earlier moments, is told in the first sentence.
_TOLD_BIAS, _SAME_SIDE, _LEAST_ORIGINS = 0.1, 0.75, 3


@leads_back
def client_forecast(
    context: ClientContext,
    reader: Reader,
    name: str,
    *,
    horizon_days: int = 28,
    level: str = "campaign",
    plan: Mapping[str, float] | None = None,
    promotions: Sequence[DateRange] = (),
    action_type: str = "",
    as_of: AsOf | None = None,
) -> Forecast:
    """Return what is expected of a metric in the `horizon_days` from today on, of each object of `level` and in all.

    `plan` gives daily budgets by object id, in currency units; 0 is a pause. Where it names none, what people have
    approved and nothing has carried out yet is taken. `promotions` are of the past and to come.
    Results of several kinds are never added up: of those counted here `action_type` is forecast, or the most frequent.
    Members are weighed as the model in force then says, if there is one for the measure and level. Raises InputError,
    UnknownMetricError, NotFoundError, MixedCurrencyError.
    """
    asked = metric(name)
    if isinstance(asked, Measure) and asked.additive != "everywhere" and name != "results":
        raise UnknownMetricError(f"{name!r} cannot be added up over days, so it is not forecast. Ask for impressions.")
    if not 1 <= horizon_days <= 180:
        raise InputError(f"horizon_days is {horizon_days}; give 1 to 180.")
    today = account_today(context, reader, as_of=as_of)
    first = reader.freshness(as_of=as_of).first_day or today - timedelta(days=1)
    since = max(first, today - timedelta(days=LEARNT_FROM_DAYS))
    past = DateRange(min(since, today - timedelta(days=1)), today - timedelta(days=1))
    panel = with_budgets(read_panel(context, reader, parse_level(level), past, as_of=as_of), reader)
    country = country_of(context, panel)
    others, said = 0, tuple[str, ...]()
    if counts_results(name):
        panel, others = of_one_kind(panel, action_type)
    _check_results(context, panel, name)
    if arrives_late(name):
        panel, said = with_shares_so_far(context, reader, panel)
    locale, moment = context.settings.locale, client_clock(context, reader, as_of=as_of).now()
    approved = approved_budgets(context, reader, panel, moment) if as_of is None else {}
    kept, notes = _weights_in_force(Champions(context), asked, parse_level(level), moment, locale)
    found = panel_forecast(
        panel, name, horizon_days, plan=plan, promotions=promotions, locale=locale, others=others, weights=kept,
        country=country, approved=approved,
    )  # fmt: skip
    return replace(found, notes=(*found.notes, *said, *notes))


def _check_results(context: ClientContext, panel: DailyPanel, name: str) -> None:
    """Raise InputError for what is of results where the client has none that count: `leads_back` says why."""
    if not arrives_late(name) or np.nansum(np.abs([panel.measure(each) for each in ("results", "revenue")])):
        return
    if why_no_results(context):
        raise InputError(f"No results have come so far, so nothing can be said of {name}.")


def _weights_in_force(
    champions: Champions, asked: Measure | Ratio, level: Level, moment: datetime, locale: str
) -> tuple[dict[str, SegmentWeights], tuple[str, ...]]:
    """Return the weights that were in force at a moment, by measure, and what is to be said of them."""
    names = (asked.numerator, asked.denominator) if isinstance(asked, Ratio) else (asked.name,)
    if level is not Level.CAMPAIGN:
        return {}, ()
    found, notes = dict[str, SegmentWeights](), []
    for name in names:
        each, note = champions.at(model_name(name), moment, locale)
        if each is not None and isinstance(each, Weights):
            found[name] = each.weights
        notes += [note] if note else []
    return found, tuple(notes)


def tree_of(
    panel: DailyPanel, name: str, horizon_days: int, forecaster: "Forecaster"
) -> "tuple[tuple[str, ...], TreeForecast]":
    """Return of which objects of a panel a measure is forecast, those of the usual kind of result, and the forecast."""
    if counts_results(name):
        panel, _ = of_one_kind(panel, "")
    request = _Request(panel, horizon_days, {}, (), "en")
    return tuple(each.id for each in panel.objects), _forecast(request, name, forecaster)


def series_of(panel: DailyPanel, name: str, promotions: Sequence[DateRange], country: str | None) -> SeriesSet:
    """Return a measure of a panel's objects with what is known of its days."""
    return _Request(panel, 1, {}, tuple(promotions), "en", country=country).series(name)


def measured(panel: DailyPanel, name: str) -> Floats:
    """Return a measure (days, objects) of a panel in currency units with what has yet to arrive."""
    return _Request(panel, 1, {}, (), "en").measured(name)


def panel_forecast(
    panel: DailyPanel,
    name: str,
    horizon_days: int,
    *,
    plan: Mapping[str, float] | None = None,
    promotions: Sequence[DateRange] = (),
    locale: str = "en",
    others: int = 0,
    weights: Mapping[str, SegmentWeights] | None = None,
    country: str | None = None,
    approved: Mapping[str, float] | None = None,
) -> Forecast:
    """Return what is expected after the days of a panel; `others` objects were left out of it.

    `weights` are those of members by measure, where they were learnt before. `country` is whose holidays count;
    `approved` budgets hold where the plan names none. Raises InputError.
    """
    mine = {each.id for each in panel.objects}
    held = {one: budget for one, budget in (approved or {}).items() if one in mine and one not in (plan or {})}
    request = _Request(
        panel, horizon_days, dict(plan or {}), tuple(promotions), locale, others, weights or {}, country, held
    )
    asked = metric(name)
    request.check()
    return _ratio(request, asked) if isinstance(asked, Ratio) else _measure(request, asked)


def of_one_kind(panel: DailyPanel, action_type: str) -> tuple[DailyPanel, int]:
    """Return the objects that count one kind of result, and how many count another or several."""
    totals: dict[str, float] = {}
    for place, each in enumerate(panel.objects):
        if each.result_type:
            came = float(np.nansum(panel.measure("results")[:, place]))
            totals[each.result_type] = totals.get(each.result_type, 0.0) + came
    if not totals and any(each.result_type is None for each in panel.objects):
        raise InputError("Every object counts several kinds of results here. Ask for --level campaign, or one below.")
    if action_type and action_type not in totals:
        raise InputError(f"No object counts {action_type!r} here. Known: {', '.join(sorted(totals)) or 'none'}.")
    kind = action_type or max(sorted(totals), key=totals.__getitem__, default="")
    kept = [place for place, each in enumerate(panel.objects) if each.result_type == kind]
    return panel.only(kept), len(panel.objects) - len(kept)


def parsed_plan(texts: Sequence[str]) -> dict[str, float]:
    """Return budgets by id, written as ID=BUDGET.

    >>> parsed_plan(["120=45.5"])
    {'120': 45.5}
    """
    found = {}
    for text in texts:
        name, _, amount = text.rpartition("=")
        try:
            found[name] = float(amount)
        except ValueError:
            found[name] = float("nan")
        if not name or not np.isfinite(found[name]):
            raise InputError(f"The budget {text!r} is not ID=DAILY_BUDGET, such as 120=45.5.")
    return found


def parsed_promotions(texts: Sequence[str]) -> tuple[DateRange, ...]:
    """Return days written as a day, or as FROM..TO. Raises PeriodError."""
    ends = [text.partition("..") for text in texts]
    return tuple(
        DateRange(parse_day(first, name="promotion"), parse_day(last or first, name="promotion"))
        for first, _, last in ends
    )


@dataclass(frozen=True)
class _Request:
    """A panel and what is asked of it."""

    panel: DailyPanel
    horizon_days: int
    plan: Mapping[str, float]
    promotions: tuple[DateRange, ...]
    locale: str
    others: int = 0
    weights: Mapping[str, SegmentWeights] = field(default_factory=dict)
    country: str | None = None
    approved: Mapping[str, float] = field(default_factory=dict)

    def check(self) -> None:
        known = {each.id for each in self.panel.objects}
        strange = sorted(set(self.plan) - known)
        if strange:
            raise InputError(f"The plan names {strange[0]!r}, which is no object of this level with figures of late.")
        negative = [each for each, budget in self.plan.items() if not (np.isfinite(budget) and budget >= 0)]
        if negative:
            raise InputError(f"The plan gives {negative[0]!r} a budget of {self.plan[negative[0]]}; give 0 or more.")

    @property
    def ahead(self) -> DateRange:
        first = self.panel.days.until + timedelta(days=1)
        return DateRange(first, first + timedelta(days=self.horizon_days - 1))

    def measured(self, name: str) -> Floats:
        """Return a measure (days, objects) in currency units with what has yet to arrive; NaN where that is a guess."""
        if name == "profit":
            return self.measured("gross_profit") - self.measured("spend")
        values = self.panel.measure(name)
        each = metric(name)
        if isinstance(each, Measure) and each.unit == "money":
            values = values / MICROS_PER_UNIT
        if not arrives_late(name):
            return values
        share = self.panel.known_share
        return np.where(share >= _LEAST_KNOWN, values / np.where(share > 0, share, 1.0), np.nan)

    @property
    def spend(self) -> Floats:
        return self.panel.measure("spend") / MICROS_PER_UNIT

    def budgets(self) -> Floats:
        """Return the spend a day as far as it was known, and that is planned or taken for granted (days + ahead)."""
        stays, planned = assumed_budget(self.panel)[-1], {**self.approved, **self.plan}
        for place, each in enumerate(self.panel.objects):
            if each.id in planned:
                stays[place] = planned[each.id] * self._delivered(place, float(stays[place]))
        return np.concatenate([spend_level(self.spend), np.tile(stays, (self.horizon_days, 1))])

    def late(self, name: str) -> int:
        """Return of how many of the newest days too little has arrived yet, of any object."""
        if not arrives_late(name):
            return 0
        settled = self.panel.known_share[-_MOST_LATE_DAYS:][::-1] >= _SETTLED
        found = np.where(settled.any(axis=0), settled.argmax(axis=0), len(settled))
        return int(min(found.max(initial=0), len(self.panel.days) - 1))

    def unread(self) -> list[str]:
        """Return the accounts of whose last days nothing is known."""
        gone = [bool(np.isnan(each).all()) for each in self.panel.measure("spend")[-_UNREAD_DAYS:].T]
        accounts = {each.account_id for each in self.panel.objects}
        return sorted(
            accounts - {each.account_id for each, gap in zip(self.panel.objects, gone, strict=True) if not gap}
        )

    def _delivered(self, place: int, late: float) -> float:
        """Return which share of its budget an object has spent of late; all of it where that cannot be told."""
        budget = self.panel.objects[place].daily_budget_micros
        return float(np.clip(late / (budget / MICROS_PER_UNIT), 0.5, 1.1)) if budget and late else 1.0

    def series(self, name: str) -> SeriesSet:
        marked = flags(self.panel.days, self.ahead, self.promotions, self.country)
        every = np.ones((1, len(self.panel.objects)))
        known = {BUDGET: self.budgets(), **{kind: flag[:, None] * every for kind, flag in marked.items()}}
        objects = self.panel.objects
        attributes = tuple(frozenset(filter(None, (each.objective, each.result_type))) for each in objects)
        ids = tuple(each.id for each in objects)
        return SeriesSet(
            self.measured(name), ids, self.panel.days.since, attributes=attributes, known=known,
            assumed={BUDGET: assumed_budget(self.panel)}, late=self.late(name), signed=name == "profit",
        )  # fmt: skip

    def groups(self) -> list[list[str]]:
        """Return what is above each object, from near to far; the total stands above all."""
        accounts = len({each.account_id for each in self.panel.objects}) > 1
        found = []
        for each in self.panel.objects:
            above = [each.adset_id or ""] if self.panel.level == Level.AD else []
            above += [each.campaign_id or ""] if self.panel.level in (Level.AD, Level.ADSET) else []
            found.append([*above, *([each.account_id] if accounts and self.panel.level != Level.ACCOUNT else [])])
        return found


def _forecast(request: _Request, name: str, forecaster: "Forecaster | None" = None) -> "TreeForecast":
    from aibuyer_kit.forecasting.forecaster import Forecaster
    from aibuyer_kit.forecasting.tree_forecast import forecast_tree

    usual = forecaster or Forecaster(weights=request.weights.get(name, {}))
    return forecast_tree(request.series(name), request.groups(), request.horizon_days, usual)


def _measure(request: _Request, asked: Measure) -> Forecast:
    told = _forecast(request, asked.name)
    kept = [*told.tree.leaves.tolist(), told.expected.shape[1] - 1]
    futures = told.futures().sum(axis=1)
    spans = _spans(told.expected[:, kept].sum(axis=0), np.quantile(futures, [0.1, 0.9], axis=0))
    history = request.measured(asked.name).sum(axis=1)
    values = told.expected[:, kept], told.low[:, kept], told.high[:, kept]
    return _result(request, asked.name, (told,), told, values, spans, history, told_bias((told,)))


def _ratio(request: _Request, asked: Ratio) -> Forecast:
    """Return a ratio of two forecasts that add up, with intervals from futures of both that belong together."""
    top, bottom = (_forecast(request, name) for name in (asked.numerator, asked.denominator))
    kept = [*top.tree.leaves.tolist(), top.expected.shape[1] - 1]
    top_futures, bottom_futures = top.futures(), bottom.futures()
    # Money is in currency units on both sides already.
    scale = asked.scale
    expected = _divided(top.expected[:, kept], bottom.expected[:, kept], scale)
    low, high = np.nanquantile(_bounded(_divided(top_futures, bottom_futures, scale)), [0.1, 0.9], axis=0)
    sums = _divided(top_futures.sum(axis=1), bottom_futures.sum(axis=1), scale)
    spans = _spans(
        _divided(top.expected[:, kept].sum(axis=0), bottom.expected[:, kept].sum(axis=0), scale),
        np.nanquantile(_bounded(sums), [0.1, 0.9], axis=0),
    )
    been = [request.measured(each).sum(axis=1) for each in (asked.numerator, asked.denominator)]
    history = _divided(been[0], been[1], scale)
    unknown = np.isnan(expected)
    low, high = (np.where(unknown, np.nan, each) for each in (np.fmin(low, expected), np.fmax(high, expected)))
    # The backtest that is shown is that of the side that is harder to tell: what arrives late, rather than spend.
    harder = top if arrives_late(asked.numerator) or not arrives_late(asked.denominator) else bottom
    return _result(
        request, asked.name, (top, bottom), harder, (expected, low, high), spans, history, told_bias((top, bottom))
    )


def _divided(top: Floats, bottom: Floats, scale: int) -> Floats:
    return np.where(bottom > 0, top * scale / np.where(bottom > 0, bottom, 1.0), np.nan)


def _bounded(values: Floats) -> Floats:
    """Return futures of ratios with 0 for those that cannot be told, where others can."""
    missing: Bools = np.isnan(values)
    return np.where(missing & missing.all(axis=0, keepdims=True), 0.0, values)


def _spans(expected: Floats, bounds: Floats) -> tuple[Span, ...]:
    return tuple(
        Span(float(value), float(np.minimum(low, value)), float(np.maximum(high, value)))
        for value, low, high in zip(expected, bounds[0], bounds[1], strict=True)
    )


def _result(
    request: _Request, name: str, made_of: "tuple[TreeForecast, ...]", told: "TreeForecast",
    values: tuple[Floats, Floats, Floats], spans: tuple[Span, ...], history: Floats, bias: float | None,
) -> Forecast:  # fmt: skip
    panel = request.panel
    objects = [ForecastObject(each.id, each.name, panel.level.value, each.campaign_id) for each in panel.objects]
    objects.append(ForecastObject(TOTAL, t(request.locale, "word.total"), TOTAL))
    weights = {member: float(share.mean()) for member, share in told.fitted.weights.items()}
    shown = min(SHOWN_DAYS, len(history))
    asked, never = metric(name), [never_came(each) for each in made_of]
    if any(never):  # how sure nothing is cannot be told of nothing
        values = values[0], np.full_like(values[1], np.nan), np.full_like(values[2], np.nan)
        spans = tuple(Span(each.expected, np.nan, np.nan) for each in spans)
    sides = (asked.numerator, asked.denominator) if isinstance(asked, Ratio) else (name,)
    days = list(panel.days)[-shown:]
    return Forecast(
        metric=name,
        currency=panel.currency,
        locale=request.locale,
        days=request.ahead,
        objects=tuple(objects),
        expected=values[0],
        low=values[1],
        high=values[2],
        totals=spans,
        history_days=tuple(days),
        history=history[-shown:],
        backtest=told.fitted.backtest.scores(weights),
        backtest_origins=len(told.fitted.backtest.origins),
        known_at=on_account_clock(panel.known_at, (each.time_zone for each in panel.objects)),
        load_id=panel.load_id,
        notes=_notes(request, name, told),
        bias=bias,
        never=next((side for side, none in zip(sides, never, strict=True) if none), ""),
        explainer=lambda of, by: _explainer(request, name, objects, made_of)(of, by),
    )


def _explainer(
    request: _Request, name: str, objects: Sequence[ForecastObject], made_of: "tuple[TreeForecast, ...]"
) -> "Explainer":
    from aibuyer_kit.forecasting.forecaster import Forecaster
    from aibuyer_kit.forecasting.why import Explainer

    return Explainer(name, request.panel.currency, request.locale, request.ahead, objects, made_of, Forecaster())


def _of_ratio(request: _Request, name: str) -> list[tuple[object, str, dict[str, Any]]]:
    """Return what a ratio is made of, and of which side the backtest is."""
    asked = metric(name)
    if not isinstance(asked, Ratio):
        return []
    sides = {side: t(request.locale, f"metric.{each}") for side, each in vars(asked).items() if side in _SIDES}
    late = arrives_late(asked.numerator) or not arrives_late(asked.denominator)
    return [(True, "ratio_of_sums", {**sides, "shown": sides["numerator" if late else "denominator"]})]


def told_bias(told: Sequence["TreeForecast"]) -> float | None:
    """Return by how much a total (or the ratio of two) was told too high, or below zero too low; None if unclear.

    It is clear where it is large, and was on the same side at nearly all earlier moments.
    """
    sums = [
        (np.nansum(np.where(np.isfinite(came), paths, np.nan), axis=1), np.nansum(came, axis=1))
        for came, paths in (
            (each.fitted.backtest.actual[:, :, -1], each.fitted.combined[:, :, -1])
            for each in told
            if len(each.fitted.combined) >= _LEAST_ORIGINS
        )
    ]
    if len(sums) < len(told) or any(len(came) != len(sums[0][1]) for _, came in sums):
        return None
    said, came = sums[0] if len(sums) == 1 else (_by(sums[0][at], sums[1][at]) for at in (0, 1))
    known: Bools = np.isfinite(said) & np.isfinite(came) & (came != 0)
    if known.sum() < _LEAST_ORIGINS:
        return None
    errors = said[known] - came[known]
    bias = float(errors.sum() / np.abs(came[known]).sum())
    agreeing = float((np.sign(errors) == np.sign(bias)).mean())
    return bias if abs(bias) >= _TOLD_BIAS and agreeing >= _SAME_SIDE else None


def never_came(told: "TreeForecast") -> bool:
    """Return whether the past is known, and nothing but nothing."""
    past = told.fitted.series.values[:, told.tree.leaves]
    return bool(np.isfinite(past).any()) and not np.nansum(np.abs(past))


def _by(top: Floats, bottom: Floats) -> Floats:
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)


def _notes(request: _Request, asked: str, told: "TreeForecast") -> tuple[str, ...]:
    """Return what a reader must know of the past that was learnt from, and of what was assumed."""
    past, fitted = told.fitted.series.values[:, told.tree.leaves], told.fitted
    known: Bools = np.isfinite(past)
    days, missing = int(known.any(axis=1).sum()), float(1 - known.mean())
    young = sum(place < len(told.tree.leaves) for place in fitted.borrowed)
    tested = fitted.backtest.actual.shape[1] if len(fitted.backtest.origins) else 0
    unread = request.unread()
    below = int((past < 0).sum()) if asked != "profit" else 0
    never = never_came(told)
    still = known.any() and not never and bool(np.nanmax(past) == np.nanmin(past))
    said: tuple[tuple[object, str, dict[str, Any]], ...] = (
        (bool(request.plan), "as_planned", {"objects": len(request.plan)}),
        (bool(request.approved), "as_approved", {"count": len(request.approved)}),
        (not request.plan and not request.approved, "as_budgets_are", {}),
        *_of_ratio(request, asked),
        (arrives_late(asked), "still_arriving", {}),
        (young, "young", {"count": young}),
        (not tested, "no_backtest", {"days": days}),
        (0 < tested < request.horizon_days, "short", {"days": days}),
        (never, "all_zero", {}),
        (still, "constant", {}),
        (missing > _GAPS, "gaps", {"share": format_share(missing, request.locale, 0)}),
        (fitted.capped, "capped", {"count": fitted.capped}),
        (below, "negative", {"count": below}),
        (bool(unread), "unread", {"count": len(unread), "accounts": ", ".join(unread), "days": _UNREAD_DAYS}),
        (request.others, "mixed", {"count": request.others}),
    )
    return tuple(t(request.locale, f"forecast.{key}", **values) for holds, key, values in said if holds)
