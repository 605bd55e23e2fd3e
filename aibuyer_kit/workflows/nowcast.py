"""Today and the last days as they will be once all conversions have arrived, from how earlier days have grown."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange, account_date
from aibuyer_kit.core.entities import Level, parse_level
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.core.i18n import t
from aibuyer_kit.core.metrics import Measure, Ratio, arrives_late, metric
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.core.results import ResultKind, ResultSetting
from aibuyer_kit.features.maturity import Observation
from aibuyer_kit.features.panel import DailyPanel, PanelObject
from aibuyer_kit.features.windows import Bools, Floats
from aibuyer_kit.forecasting.budgets import assumed_spend, spend_level
from aibuyer_kit.forecasting.nowcast import Expected, Nowcast, finals, nowcast, nowcast_parts
from aibuyer_kit.forecasting.nowcast_result import NowcastLine, NowcastResult
from aibuyer_kit.forecasting.nowcast_spread import together
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet
from aibuyer_kit.forecasting.triangle import MATURE_DAYS, Triangle, carried, triangle_of
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.shown import Shown
from aibuyer_kit.workflows.maturity import ResultMetric, developed_by_account
from aibuyer_kit.workflows.no_results import leads_back
from aibuyer_kit.workflows.panel import rate_of, read_panel
from aibuyer_kit.workflows.period import account_today, account_zones, on_account_clock
from aibuyer_kit.workflows.what_counts import result_settings, shown_in

LEARNT_FROM_DAYS = 180
# Objects are many and grow alike: they need no longer a past.
_PARTS_LEARN_DAYS = 90
# An object of which nothing was seen for so long is not told of.
_LATELY_DAYS = 35
# Less is shown as none, and nothing costs anything per none.
_LEAST_RESULTS = 0.5
_NOTHING = Nowcast((), Expected(0.0, 0.0, 0.0, 0.0), 0)
_AMOUNTS = ("results", "revenue_micros", "assumed_micros")


@leads_back
def client_nowcast(
    context: ClientContext,
    reader: Reader,
    name: str = "results",
    *,
    days: int = 7,
    level: str = "account",
    as_of: AsOf | None = None,
) -> NowcastResult:
    """Return the last `days` that are over, and today, as they will be in the end, over all accounts.

    `name` is results, revenue, or a ratio of one of them and what is known when a day is over, such as cpa. With a
    `level` below the account also the sum of the days of each of its objects. Raises InputError where it has not been
    seen yet how results grow, UnknownMetricError, NotFoundError, MixedCurrencyError.
    """
    late, side = late_parts(name)
    below = parse_level(level)
    if not 1 <= days <= 28:
        raise InputError(f"days is {days}; give 1 to 28.")
    freshness = reader.freshness(as_of=as_of)
    since = freshness.known_at.date() - timedelta(days=LEARNT_FROM_DAYS + 28)
    seen = _counted(context, reader, late, freshness.load_id, since)
    coming = [each for each in seen if each.has_come]
    if not coming:
        raise NotFoundError("No results are known, so nothing can be said of those to come.")
    today = account_today(context, reader, as_of=freshness.load_id)
    first = max(min(day for each in coming for day in each.newest), today - timedelta(days=LEARNT_FROM_DAYS))
    past = DateRange(min(first, today - timedelta(days=1)), today - timedelta(days=1))
    if len(past) < days:
        raise InputError(f"Only {len(past)} days are known; ask for as many at most.")
    request = _Request(context, reader, late, past, today, freshness.load_id)
    whole = _whole(request, coming, days)
    found = NowcastResult(
        metric=late,
        currency=request.panel.currency,
        locale=context.settings.locale,
        days=whole[0],
        total=whole[1],
        today=whole[2],
        moments=whole[3],
        known_at=on_account_clock(freshness.known_at, account_zones(reader, as_of=freshness.load_id)),
        load_id=freshness.load_id,
        level=below.value,
    )
    if below is not Level.ACCOUNT:
        found = replace(found, objects=_objects(request, seen, days, below))
    return found if side is None else _as_ratio(request, seen, found, name, side, days)


def late_parts(name: str) -> tuple[ResultMetric, str | None]:
    """Return what arrives late of a metric, and what it is divided by or divides. Raises InputError for any other."""
    asked = metric(name)
    sides = (asked.name,) if isinstance(asked, Measure) else (asked.numerator, asked.denominator)
    late = [each for each in sides if arrives_late(each)]
    if not late:
        raise InputError(f"{name!r} does not arrive late: a nowcast is of results, revenue, or of cpa, cvr and roas.")
    if len(late) > 1 or late[0] not in ("results", "revenue"):
        raise InputError(f"There is no nowcast of {name!r}: ask for results, revenue, cpa, cvr or roas.")
    others = [each for each in sides if each not in late]
    return ("results" if late[0] == "results" else "revenue"), (others[0] if others else None)


@dataclass(frozen=True)
class _Rates:
    """What a unit of an account's money is worth in the figures', on each day."""

    shown: Shown | None
    currency: str | None

    def on(self, day: date) -> float:
        return rate_of(self.shown, self.currency, day)

    def of(self, days: DateRange) -> Floats:
        return np.array([self.on(day) for day in days])


@dataclass(frozen=True)
class _Seen:
    """What was seen of the days of one account, of the objects that count one kind of result.

    `unit` is what one result is worth where an amount is asked for, None for counts; `rates` turns the account's money
    of a day into that of the figures.
    """

    account_id: str
    zone: ZoneInfo
    observations: Sequence[Observation]
    setting: ResultSetting
    unit: float | None
    rates: _Rates

    @property
    def has_come(self) -> bool:
        """Whether anything has; what was spent on nothing is spent all the same."""
        return any(each.total for each in self.observations)

    @property
    def newest(self) -> dict[date, int]:
        """What each day came to when it was seen last."""
        return {each.day: each.total for each in sorted(self.observations, key=lambda each: each.age_days)}


@dataclass(frozen=True)
class _Request:
    """What is asked of which days that are over."""

    context: ClientContext
    reader: Reader
    late: ResultMetric
    past: DateRange
    today: date
    load_id: int

    @property
    def scale(self) -> int:
        return MICROS_PER_UNIT if self.late == "revenue" else 1

    @property
    def panel(self) -> DailyPanel:
        return self.panel_at(Level.CAMPAIGN, self.past)

    def panel_at(self, level: Level, days: DateRange) -> DailyPanel:
        return read_panel(self.context, self.reader, level, days, as_of=self.load_id)

    def account_day(self, seen: _Seen) -> date:
        return account_date(self.reader.freshness(as_of=self.load_id).known_at, seen.zone)


def _whole(
    request: _Request, seen: Sequence[_Seen], days: int
) -> tuple[tuple[NowcastLine, ...], NowcastLine, NowcastLine, int]:
    """Return each day, their sum, today, and of how many earlier moments the fewest were tested."""
    panel, locale = request.panel, request.context.settings.locale
    spend = np.stack([_spend(panel, each) for each in seen], axis=1)
    triangles = [
        triangle_of(
            each.observations, request.past, request.account_day(each), _filled(spend)[:, at].tolist(),
            each.unit,
        )
        for at, each in enumerate(seen)
    ]  # fmt: skip
    told = [nowcast(triangle, days) for triangle in triangles]
    hang = together([each.path for each in told], days)
    scale, label = request.scale, t(locale, "period.last_days", count=days)
    known_today = sum(each.newest.get(request.today, 0) for each in seen) / scale
    by_day = tuple(
        _line([each.days[at] for each in told], scale, str(told[0].days[at].day), told[0].days[at].day, as_one=hang)
        for at in range(days)
    )
    today = _line([_today(triangles, spend, scale, known_today)], 1, t(locale, "forecast.today"), request.today)
    return (
        by_day,
        _line([each.total for each in told], scale, label, as_one=hang),
        today,
        min(each.moments for each in told),
    )


def _today(triangles: Sequence[Triangle], spend: Floats, scale: int, known: float) -> Expected:
    """Return today in all: forecast from the days that are over, of the same accounts and kinds, as they will be."""
    from aibuyer_kit.forecasting.forecaster import Forecaster
    from aibuyer_kit.forecasting.tree_forecast import forecast_tree

    ends = [finals(each) for each in triangles]
    assumed = assumed_spend(spend)
    series = SeriesSet(
        np.stack([each for each, _ in ends], axis=1) / scale,
        tuple(map(str, range(len(ends)))),
        triangles[0].since,
        known={BUDGET: np.concatenate([spend_level(spend), assumed[-1:]])},
        assumed={BUDGET: assumed},
        late=max(late for _, late in ends),
    )
    told = forecast_tree(series, [[] for _ in ends], 1, Forecaster())
    return Expected(known, *(max(known, float(each[0, -1])) for each in (told.expected, told.low, told.high)))


def _objects(request: _Request, seen: Sequence[_Seen], days: int, level: Level) -> tuple[NowcastLine, ...]:
    """Return the sum of the days of each object of a level, the largest first."""
    least = min(len(request.past), max(_PARTS_LEARN_DAYS, days))
    learnt = replace(request, past=DateRange(request.past.until - timedelta(days=least - 1), request.past.until))
    panel = learnt.panel_at(level, learnt.past)
    found: dict[str, list[Expected]] = {}
    for each in seen:
        for place, told in _told_below(learnt, each, panel, days, level).items():
            found.setdefault(panel.objects[place].id, []).append(told.total)
    names = {each.id: each.name for each in panel.objects}
    lines = [replace(_line(parts, request.scale, names[one]), id=one) for one, parts in found.items()]
    return tuple(sorted(lines, key=lambda line: (-line.expected, line.id)))


def _told_below(request: _Request, seen: _Seen, panel: DailyPanel, days: int, level: Level) -> Mapping[int, Nowcast]:
    """Return the nowcasts of one account's objects of which anything was seen of late, by their place in the panel."""
    whole = triangle_of(seen.observations, request.past, request.account_day(seen))
    places = [at for at, each in enumerate(panel.objects) if _belongs(each, seen)]
    known = _known_below(request, seen, [panel.objects[at].key for at in places], level)
    known = carried(np.where(_read(seen, request.past)[:, :, None], known, np.nan), whole.newest_age)
    spend = panel.measure("spend")[:, places] / MICROS_PER_UNIT
    lately = (np.nan_to_num(known[-_LATELY_DAYS:]).sum(axis=(0, 1)) > 0) | (
        np.nansum(spend[-_LATELY_DAYS:], axis=0) > 0
    )
    kept = np.flatnonzero(lately)
    if not len(kept):
        return {}
    if not seen.has_come:
        return {places[at]: _NOTHING for at in kept.tolist()}
    exposure = _filled(spend)
    parts = [replace(whole, known=known[:, :, at], exposure=exposure[:, at], unit=seen.unit) for at in kept.tolist()]
    return dict(zip((places[at] for at in kept.tolist()), nowcast_parts(parts, days), strict=True))


def _read(seen: _Seen, past: DateRange) -> Bools:
    """Return (days, ages) at which ages the account's days were read."""
    found = np.zeros((len(past), MATURE_DAYS + 1), dtype=np.bool_)
    for each in seen.observations:
        if each.day in past and 0 <= each.age_days <= MATURE_DAYS:
            found[(each.day - past.since).days, each.age_days] = True
    return found


def _belongs(each: PanelObject, seen: _Seen) -> bool:
    """Return whether an object is one of the account, and counts this kind of result."""
    counts = ResultKind(each.result_type or "", each.result_window)
    return each.account_id == seen.account_id and counts == seen.setting.kind


def _known_below(request: _Request, seen: _Seen, ids: Sequence[str], level: Level) -> Floats:
    """Return what was known (days, ages, objects) of each day at each age; 0 where nothing was told of an object."""
    table = request.reader.development_below(
        seen.account_id, seen.zone, level, result=seen.setting, as_of=request.load_id, since=request.past.since,
        rules=request.context.settings.rules,
    )  # fmt: skip
    found = np.zeros((len(request.past), MATURE_DAYS + 1, len(ids)))
    coded = table["entity_id"].combine_chunks().dictionary_encode()
    places = {one: at for at, one in enumerate(ids)}
    place_of = np.array([places.get(one, -1) for one in coded.dictionary.to_pylist()], dtype=np.int64)
    place = place_of[coded.indices.to_numpy(zero_copy_only=False)] if table.num_rows else np.empty(0, dtype=np.int64)
    day = (table["date"].to_numpy().astype("datetime64[D]") - np.datetime64(request.past.since, "D")).astype(np.int64)
    age = table["age_days"].to_numpy().astype(np.int64)
    rates = seen.rates.of(request.past)
    inside = (place >= 0) & (day >= 0) & (day < len(request.past)) & (age <= MATURE_DAYS)
    columns = {name: table[name].to_numpy().astype(np.float64)[inside] for name in _AMOUNTS}
    if request.late == "results":
        amounts = columns["results"]
    else:
        amounts = columns["revenue_micros"] * rates[day[inside]] + columns["assumed_micros"]
    found[day[inside], age[inside], place[inside]] = amounts
    return found


def _as_ratio(
    request: _Request, seen: Sequence[_Seen], told: NowcastResult, name: str, side: str, days: int
) -> NowcastResult:
    """Return what a ratio will be once what arrives late has arrived; the other side is known when a day is over."""
    level = Level(told.level) if told.level != "account" else Level.CAMPAIGN
    last = DateRange(request.past.until - timedelta(days=max(days, 8) - 1), request.today)
    panel = request.panel_at(level, last)
    mine = [at for at, each in enumerate(panel.objects) if any(_belongs(each, one) for one in seen)]
    unit = MICROS_PER_UNIT if isinstance(each := metric(side), Measure) and each.unit == "money" else 1
    values = panel.measure(side)[:, mine] / unit
    whole, objects = np.nansum(values, axis=1), np.nansum(values[-days - 1 : -1], axis=0)
    by_id: dict[str, float] = defaultdict(float)
    for place, at in enumerate(mine):
        by_id[panel.objects[at].id] += float(objects[place])
    asked, so_far = metric(name), float(whole[-1])
    usual = float(assumed_spend(whole[:-1, None])[-1, 0])
    if not isinstance(asked, Ratio):
        raise InputError(f"{name!r} is no ratio.")
    return replace(
        told,
        metric=name,
        days=tuple(
            divided(asked, line, float(whole[at - days - 1]), float(whole[at - days - 1]))
            for at, line in enumerate(told.days)
        ),
        total=divided(asked, told.total, float(whole[-days - 1 : -1].sum()), float(whole[-days - 1 : -1].sum())),
        today=divided(asked, told.today, so_far, max(so_far, usual)),
        objects=tuple(divided(asked, line, by_id.get(line.id, 0.0), by_id.get(line.id, 0.0)) for line in told.objects),
    )


def divided(asked: Ratio, late: NowcastLine, known: float, in_the_end: float) -> NowcastLine:
    """Return a ratio of what arrives late and of what is known; NaN where it would be divided by nothing."""
    over = arrives_late(asked.numerator)

    def of(amount: float, other: float) -> float:
        top, bottom = (amount, other) if over else (other, amount)
        return top * asked.scale / bottom if bottom > 0 else float("nan")

    expected, low, high = (of(each, in_the_end) for each in (late.expected, late.low, late.high))
    low, high = (low, high) if over else (high, low)
    if not over and asked.denominator == "results" and late.expected < _LEAST_RESULTS:
        expected = high = float("nan")
    return replace(late, known=of(late.known, known), expected=expected, low=low, high=high)


def _line(
    parts: Sequence[Expected], scale: int, label: str, day: date | None = None, *, as_one: Floats | None = None
) -> NowcastLine:
    """Return the sum of parts whose errors hang together so (parts, parts); without it, as one."""
    hang = np.ones((len(parts), len(parts))) if as_one is None else as_one
    expected = sum(each.expected for each in parts)
    widths = np.array([[each.expected - each.low, each.high - each.expected] for each in parts])
    below, above = np.sqrt(np.einsum("is,ij,js->s", widths, hang, widths)).tolist()
    known = sum(each.known for each in parts)
    low = max(0.0, expected - below)
    return NowcastLine(known / scale, expected / scale, low / scale, (expected + above) / scale, label, day)


def _spend(panel: DailyPanel, seen: _Seen) -> Floats:
    mine = [place for place, each in enumerate(panel.objects) if _belongs(each, seen)]
    found: Floats = panel.measure("spend")[:, mine].sum(axis=1) / MICROS_PER_UNIT
    return found


def _filled(spend: Floats) -> Floats:
    """Return spend with what it was of late on days that are not known."""
    return np.where(np.isfinite(spend), spend, assumed_spend(spend)[:-1])


def _counted(context: ClientContext, reader: Reader, late: ResultMetric, as_of: AsOf, since: date) -> list[_Seen]:
    """Return what was seen of each account, of the accounts that report a kind at all.

    Results are of one kind, the most frequent, as kinds are never added up. Revenue is of every kind: each object
    counts one, so that nothing counts twice, and what is told of all is the sum of what is told of objects.
    """
    by_kind = {each.kind: _observed(context, reader, each, late, as_of, since) for each in result_settings(context)}
    largest = sorted(by_kind, key=lambda kind: -sum(sum(each.newest.values()) for each in by_kind[kind]))
    return by_kind[largest[0]] if late == "results" else [each for kind in largest for each in by_kind[kind]]


def _observed(
    context: ClientContext, reader: Reader, setting: ResultSetting, late: ResultMetric, as_of: AsOf, since: date
) -> list[_Seen]:
    rules, found = context.settings.rules, []
    currencies = {row["account_id"]: row["currency"] for row in reader.entities(Level.ACCOUNT, as_of=as_of).rows()}
    for account, (zone, rows) in developed_by_account(reader, setting, as_of, since, rules=rules).items():
        rates = _Rates(shown_in(context), currencies.get(account))
        told = [row for row in rows if late == "results" or np.isfinite(rates.on(row["date"]))]
        observations = [_observation(row, late, rates) for row in told]
        valued = (
            late == "results" or any(each.total for each in observations) or not any(row["results"] for row in told)
        )
        if observations and valued:  # results of which nobody knows what they are worth are left out, with their spend
            unit = _unit(observations, told) if late == "revenue" else None
            found.append(_Seen(account, zone, observations, setting, unit, rates))
    return found


def _observation(row: Mapping[str, Any], late: ResultMetric, rates: _Rates) -> Observation:
    """Return what a row tells; what results are worth to the client is in the currency of the figures already."""
    total = row["results"]
    if late == "revenue":
        total = round(row["revenue_micros"] * rates.on(row["date"])) + row["assumed_micros"]
    return Observation(row["date"], row["age_days"], total, row["aged_days"])


def _unit(observations: Sequence[Observation], rows: Sequence[Mapping[str, Any]]) -> float:
    """Return what one result is worth; where nothing tells of results, what comes on a day is taken to be of one."""
    last = {each.day: (each.total, row["results"]) for each, row in zip(observations, rows, strict=True)}
    amounts, results = np.abs(np.array(list(last.values()), dtype=np.float64)).T
    return float(amounts.sum() / (results.sum() or np.count_nonzero(amounts) or 1)) or 1.0
