"""Why a metric changed between two periods: what was known is read here, split by `measurement`, and told as known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange, time_zone
from aibuyer_kit.core.entities import Level, parse_level
from aibuyer_kit.core.errors import InputError, NotFoundError, PeriodError
from aibuyer_kit.core.i18n import UNKNOWN, action_name, format_money, format_period, t
from aibuyer_kit.core.metrics import arrives_late, counts_results
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.core.period_words import against_of, period_of
from aibuyer_kit.core.results import ResultKind
from aibuyer_kit.features.panel import DailyPanel, PanelObject
from aibuyer_kit.features.windows import Ints
from aibuyer_kit.measurement.why.causes import LEAST_CHANGES, Cause, causes_of, usual_swing
from aibuyer_kit.measurement.why.chain import chain_of
from aibuyer_kit.measurement.why.decompose import Decomposition, decompose
from aibuyer_kit.measurement.why.explanation import Line, Why
from aibuyer_kit.measurement.why.levels import levels
from aibuyer_kit.measurement.why.periods import grouped, has_figures, left_out, needed, period_sums, with_unsplit
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.panel import read_panel
from aibuyer_kit.workflows.period import account_today, account_zones, open_days, parse_as_of
from aibuyer_kit.workflows.quality import day_notes, period_quality

Period = str | DateRange
# How many earlier periods tell what is usual, more where they are short, and how far back they may lie.
_EARLIER, _EARLIER_OF_DAYS, _EARLIER_DAYS = 9, 28, 130
# From here on one weekday more or less weighs little.
_MANY_DAYS = 28


def client_why(
    context: ClientContext,
    name: str,
    period: Period = "last week",
    *,
    against: Period = "the period before",
    level: str = "campaign",
    as_of: str = "",
) -> Why:
    """Return why a metric of a client changed, as `explain_change` does; `as_of` as people write it."""
    reader = Reader(context.warehouse)
    return explain_change(context, reader, name, period, against=against, level=level, as_of=parse_as_of(as_of))


def explain_change(
    context: ClientContext,
    reader: Reader,
    name: str,
    period: Period = "last week",
    *,
    against: Period = "the period before",
    level: str = "campaign",
    as_of: AsOf | None = None,
) -> Why:
    """Return why a metric changed, by the objects of `level`; without words for it, last week against the one before.

    Raises UnknownMetricError, PeriodError, NotFoundError where a period is not held, InputError where the metric is
    not known in one of them, MixedCurrencyError, RateError.
    """
    chain_of(name)
    fresh = reader.freshness(as_of=as_of)
    today = account_today(context, reader, as_of=as_of)
    days = period if isinstance(period, DateRange) else period_of(period, today=today)
    before = against if isinstance(against, DateRange) else against_of(against, days, today=today)
    if days == before:
        raise PeriodError(f"Both periods are {days}. Say with `against` what it is to be set beside.")
    for each in (days, before):
        _check_held(each, fresh.first_day, fresh.last_day)
    asked = _Asked(context, reader, name, days, before, fresh.load_id)
    return asked.at(parse_level(level))


def _check_held(days: DateRange, first: date | None, last: date | None) -> None:
    if first is None or last is None:
        raise NotFoundError("No days are held yet. Run `aibuyer sync` or `aibuyer import` for this client.")
    if days.since < first or days.until > last:
        raise PeriodError(f"{days} is not held; what is held is {DateRange(first, last)}.")


@dataclass(frozen=True)
class _Asked:
    """What was asked, and of which load: so that every level is told as known at the same moment."""

    context: ClientContext
    reader: Reader
    metric: str
    period: DateRange
    against: DateRange
    load_id: int

    def at(self, level: Level) -> Why:
        """Return the change by the objects of a level."""
        fresh = self.reader.freshness(as_of=self.load_id)
        history = earlier_periods(self.period, self.against, fresh.first_day)
        panel = self._panel(max(level, Level.CAMPAIGN, key=lambda each: each.depth), history)
        zone = time_zone(account_zones(self.reader, as_of=self.load_id)[0])
        whole = Why(
            client_name=self.context.settings.name,
            locale=self._locale,
            currency=panel.currency,
            metric=self.metric,
            level=level,
            period=self.period,
            against=self.against,
            data_as_of=panel.known_at.astimezone(zone),
            load_id=self.load_id,
            notes=(*self._left_out(panel), *self._doubts()),
            _at_level=self.at,
        )
        kinds = self._kinds(panel)
        mixed = counts_results(self.metric) and len(set(kinds) - {None}) > 1
        told = self._accounts(panel, kinds) if level is Level.ACCOUNT else _Told(panel.objects)
        if mixed:
            return self._by_kind(whole, panel, history, told, kinds)
        found = _explained(whole, panel, history, told)
        return replace(found, notes=(*found.notes, *self._of_chance(found)))

    def _of_chance(self, *told: Why) -> list[str]:
        """Return that the past is too short to tell what is usual, if it is."""
        return [t(self._locale, "why.chance_only")] if min(each.usual_changes for each in told) < LEAST_CHANGES else []

    @property
    def _locale(self) -> str:
        return self.context.settings.locale

    def _panel(self, level: Level, history: Sequence[DateRange]) -> DailyPanel:
        """Return the objects of a level, and the accounts on days that are told no finer."""
        since = min(days.since for days in (self.period, self.against, *history))
        span = DateRange(since, max(self.period.until, self.against.until))
        panel = read_panel(self.context, self.reader, level, span, as_of=self.load_id, measures=needed(self.metric))
        if np.isfinite(panel.measure("spend")).all():
            return panel
        accounts = read_panel(
            self.context, self.reader, Level.ACCOUNT, span, as_of=self.load_id, measures=needed(self.metric)
        )
        return with_unsplit(panel, accounts)

    def _kinds(self, panel: DailyPanel) -> list[ResultKind | None]:
        """Return what each object counts; None where it counts several kinds, or has no figure in either period."""
        shown = has_figures(panel, self.period) | has_figures(panel, self.against)
        rules = self.context.settings.rules
        return [
            rules.of(each.objective).kind if each.result_type is not None and figures else None
            for each, figures in zip(panel.objects, shown.tolist(), strict=True)
        ]

    def _accounts(self, panel: DailyPanel, kinds: Sequence[ResultKind | None]) -> "_Told":
        """Return the accounts that the campaigns belong to, apart by what they count: rates of both are no rate."""
        rows = self.reader.entities(Level.ACCOUNT, as_of=self.load_id).rows()
        names = {row["account_id"]: row["name"] or row["account_id"] for row in rows}
        keys = [(each.account_id, kind) for each, kind in zip(panel.objects, kinds, strict=True)]
        order = {key: place for place, key in enumerate(dict.fromkeys(keys))}
        several = {account for account, _ in order if sum(account == other for other, _ in order) > 1}
        return _Told(
            tuple(
                PanelObject(account, self._account_name(names.get(account, account), kind, account in several), account)
                for account, kind in order
            ),
            np.array([order[key] for key in keys], dtype=np.int64),
        )

    def _account_name(self, name: str, kind: ResultKind | None, tell_kind: bool) -> str:
        if not tell_kind:
            return name
        counted = action_name(kind.action_type, self._locale) if kind else UNKNOWN
        return t(self._locale, "result.with_more", kind=name, more=counted)

    def _by_kind(
        self,
        whole: Why,
        panel: DailyPanel,
        history: Sequence[DateRange],
        told: "_Told",
        kinds: Sequence[ResultKind | None],
    ) -> Why:
        """Return one explanation for each kind of result, the largest spend first."""
        spend = np.nan_to_num(panel.measure("spend")).sum(axis=0)
        places: dict[ResultKind, list[int]] = {}
        for place, kind in enumerate(kinds):
            if kind is not None:
                places.setdefault(kind, []).append(place)
        ordered = sorted(places, key=lambda kind: -float(spend[places[kind]].sum()))
        names = [action_name(kind.action_type, self._locale) for kind in ordered]
        notes = [t(self._locale, "note.mixed_results", kinds=", ".join(names))]
        found = []
        for kind, kind_name in zip(ordered, names, strict=True):
            own, part = panel.only(places[kind]), replace(whole, notes=(), kind_name=kind_name)
            try:
                found.append(_explained(part, own, history, told.only(places[kind])))
            except InputError:
                notes.append(t(self._locale, "why.kind_unknown", kind=kind_name))
        if not found:
            raise InputError(f"{self.metric!r} is not known in both periods for any of: {', '.join(names)}.")
        return replace(whole, kinds=tuple(found), notes=(*notes, *whole.notes, *self._of_chance(*found)))

    def _left_out(self, panel: DailyPanel) -> list[str]:
        """Return what the figures do not hold."""
        notes = []
        for days in (self.against, self.period):
            gaps, when = left_out(panel, days, self.metric), format_period(days, self._locale)
            if gaps.spend_micros:
                amount = format_money(gaps.spend_micros / MICROS_PER_UNIT, panel.currency, self._locale)
                notes.append(t(self._locale, "why.left_out", amount=amount, period=when))
            # Of the later days `_doubts` tells it.
            if days == self.against and arrives_late(self.metric) and gaps.days_of_unknown_share:
                count = gaps.days_of_unknown_share
                notes.append(t(self._locale, "why.maturity_unknown", count=count, period=when))
        if not have_same_weekdays(self.period, self.against):
            notes.append(t(self._locale, "why.other_weekdays"))
        return notes

    def _doubts(self) -> list[str]:
        """Return what is in doubt about the days of either period, and what of the later one is not final."""
        found: list[str] = []
        for days in (self.against, self.period):
            not_over = open_days(self.reader, days, as_of=self.load_id)
            found += day_notes("open_days", not_over, self._locale)
            # How final results are is told of the later days alone.
            metrics = (self.metric,) if days == self.period else ()
            found += period_quality(self.context, self.reader, days, as_of=self.load_id, metrics=metrics).lines(
                self._locale
            )
        return list(dict.fromkeys(found))


def earlier_periods(period: DateRange, against: DateRange, first_day: date | None) -> tuple[DateRange, ...]:
    """Return periods of the same length, one behind the other, that end before both periods begin, oldest first.

    Beside a period of long ago they are those before the newer one.
    """
    length = timedelta(days=len(period))
    near = abs(period.since - against.since) <= timedelta(days=_EARLIER_DAYS)
    most = max(_EARLIER, _EARLIER_OF_DAYS // len(period))
    found: list[DateRange] = []
    until = (min(period.since, against.since) if near else period.since) - timedelta(days=1)
    oldest = max(first_day or date.max, until - timedelta(days=_EARLIER_DAYS))
    while len(found) < most and until - length >= oldest - timedelta(days=1):
        found.append(DateRange(until - length + timedelta(days=1), until))
        until -= length
    return tuple(reversed(found)) if len(found) > LEAST_CHANGES else ()


def have_same_weekdays(period: DateRange, against: DateRange) -> bool:
    """Return whether both periods hold each day of the week equally often; of long ones nobody asks."""
    if min(len(period), len(against)) >= _MANY_DAYS:
        return True
    counts = [sorted(day.weekday() for day in days) for days in (period, against)]
    return counts[0] == counts[1]


@dataclass(frozen=True)
class _Told:
    """The objects that are told; by `groups` each object of the panel belongs to the one at that place."""

    objects: Sequence[PanelObject]
    groups: Ints | None = None

    def only(self, places: Sequence[int]) -> "_Told":
        """Return those that some objects of the panel belong to."""
        if self.groups is None:
            return _Told(tuple(self.objects[place] for place in places))
        kept, groups = np.unique(self.groups[list(places)], return_inverse=True)
        return _Told(tuple(self.objects[place] for place in kept), groups)


def _explained(whole: Why, panel: DailyPanel, history: Sequence[DateRange], told: _Told) -> Why:
    """Return one explanation: of all objects, or of those that count one kind of result."""
    for days in (whole.against, whole.period):
        if left_out(panel, days, whole.metric).is_empty:
            raise InputError(f"{whole.metric!r} is not known on any day of {days}, so its change cannot be explained.")
    sums = [period_sums(panel, days, whole.metric) for days in (whole.against, whole.period, *history)]
    before, after, *earlier = sums if told.groups is None else [grouped(each, told.groups) for each in sums]
    found = decompose(whole.metric, before, after)
    usual = usual_swing(found, earlier)
    causes, lines = causes_of(found, usual), _Lines(told.objects, found)
    return replace(
        whole,
        before=found.before,
        after=found.after,
        usual=usual.whole,
        usual_changes=usual.changes,
        drivers=lines.of(causes.drivers),
        objects=lines.of(causes.objects),
        parts=lines.of(causes.parts),
    )


class _Lines:
    """Lines with the names of objects and the measures of drivers."""

    def __init__(self, objects: Sequence[PanelObject], found: Decomposition) -> None:
        self._objects, self._found, self._levels = objects, found, levels(found)

    def of(self, causes: Sequence[Cause]) -> tuple[Line, ...]:
        return tuple(self._line(each) for each in causes)

    def _line(self, cause: Cause) -> Line:
        place = cause.place
        named = self._objects[place] if place is not None else None
        was = became = None
        if place is not None and cause.driver is not None:
            pair = self._levels[:, place, self._found.drivers.index(cause.driver)]
            was, became = (None if np.isnan(each) else float(each) for each in pair)
        return Line(
            driver=cause.driver or "",
            object_id=named.id if named else "",
            name=named.name if named else "",
            part=cause.value,
            usual=cause.usual,
            beyond=cause.beyond,
            was=was,
            became=became,
        )
