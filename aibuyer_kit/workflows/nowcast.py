"""Today and the last days as they will be once all conversions have arrived, from how earlier days have grown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange, account_date
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.core.i18n import t
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.features.maturity import Observation
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.forecasting.budgets import assumed_spend, spend_level
from aibuyer_kit.forecasting.nowcast import Expected, NowcastDay, Triangle, finals, nowcast, triangle_of
from aibuyer_kit.forecasting.nowcast_result import NowcastLine, NowcastResult
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.maturity import ResultMetric, observed_by_account
from aibuyer_kit.workflows.panel import read_panel
from aibuyer_kit.workflows.period import account_today
from aibuyer_kit.workflows.what_counts import result_settings

LEARNT_FROM_DAYS = 120


def client_nowcast(
    context: ClientContext,
    reader: Reader,
    metric: ResultMetric = "results",
    *,
    days: int = 7,
    as_of: AsOf | None = None,
) -> NowcastResult:
    """Return the last `days` that are over, and today, as they will be in the end, over all accounts.

    Raises InputError where it has not been seen yet how results grow, NotFoundError, MixedCurrencyError.
    """
    late_metric(metric)
    if not 1 <= days <= 28:
        raise InputError(f"days is {days}; give 1 to 28.")
    freshness = reader.freshness(as_of=as_of)
    since = freshness.known_at.date() - timedelta(days=LEARNT_FROM_DAYS + 28)
    seen = _counted(context, reader, metric, freshness.load_id, since)
    if not seen:
        raise NotFoundError("No results are known, so nothing can be said of those to come. Run aibuyer sync first.")
    today = account_today(context, reader, as_of=freshness.load_id)
    first = max(min(day for each in seen for day in each.newest), today - timedelta(days=LEARNT_FROM_DAYS))
    past = DateRange(min(first, today - timedelta(days=1)), today - timedelta(days=1))
    if len(past) < days:
        raise InputError(f"Only {len(past)} days are known; ask for as many at most.")
    panel = read_panel(context, reader, Level.ACCOUNT, past, as_of=freshness.load_id)
    spend = np.stack([_spend(panel, each.account_id) for each in seen], axis=1)
    triangles = [
        triangle_of(
            each.observations, past, account_date(freshness.known_at, each.zone), _filled(spend)[:, at].tolist()
        )
        for at, each in enumerate(seen)
    ]
    told = [nowcast(triangle, days) for triangle in triangles]
    scale = MICROS_PER_UNIT if metric == "revenue" else 1
    label = t(context.settings.locale, "period.last_days", count=days)
    known_today = sum(each.newest.get(today, 0) for each in seen) / scale
    return NowcastResult(
        metric=metric,
        currency=panel.currency,
        locale=context.settings.locale,
        days=tuple(_day([each.days[at] for each in told], scale) for at in range(days)),
        total=_line([each.total for each in told], scale, label),
        today=_line(
            [_today(triangles, spend, scale, known_today)], 1, t(context.settings.locale, "forecast.today"), today
        ),
        moments=min(each.moments for each in told),
        known_at=freshness.known_at,
        load_id=freshness.load_id,
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


def _day(parts: Sequence[NowcastDay], scale: int) -> NowcastLine:
    return _line(parts, scale, str(parts[0].day), parts[0].day)


def _line(parts: Sequence[Expected], scale: int, label: str, day: date | None = None) -> NowcastLine:
    """Return the sum of parts, whose errors do not depend on each other."""
    expected = sum(each.expected for each in parts)
    below = math.sqrt(sum((each.expected - each.low) ** 2 for each in parts))
    above = math.sqrt(sum((each.high - each.expected) ** 2 for each in parts))
    known = sum(each.known for each in parts)
    low = max(0.0, expected - below)
    return NowcastLine(known / scale, expected / scale, low / scale, (expected + above) / scale, label, day)


def _spend(panel: DailyPanel, account_id: str) -> Floats:
    mine = [place for place, each in enumerate(panel.objects) if each.account_id == account_id]
    found: Floats = panel.measure("spend")[:, mine].sum(axis=1) / MICROS_PER_UNIT
    return found


def _filled(spend: Floats) -> Floats:
    """Return spend with what it was of late on days that are not known."""
    return np.where(np.isfinite(spend), spend, assumed_spend(spend)[:-1])


def late_metric(name: str) -> ResultMetric:
    """Return a metric that arrives late. Raises InputError for any other."""
    if name == "results":
        return "results"
    if name == "revenue":
        return "revenue"
    raise InputError(f"{name!r} does not arrive late: a nowcast is of results or revenue.")


def _counted(context: ClientContext, reader: Reader, metric: ResultMetric, as_of: AsOf, since: date) -> list["_Seen"]:
    """Return what was seen of each account, of the accounts that report a kind at all.

    Results are of one kind, the most frequent, as kinds are never added up. Revenue is of every action type, each in
    one window: two windows of one type would count the same money twice.
    """
    by_kind = {each.kind: _observed(reader, each, metric, as_of, since) for each in result_settings(context)}
    largest = sorted(by_kind, key=lambda kind: -sum(sum(each.newest.values()) for each in by_kind[kind]))
    if metric == "results":
        return by_kind[largest[0]]
    first = {kind.action_type: kind for kind in reversed(largest)}
    return [each for kind in first.values() for each in by_kind[kind]]


@dataclass(frozen=True)
class _Seen:
    """What was seen of the days of one account, of one kind of result."""

    account_id: str
    zone: ZoneInfo
    observations: Sequence[Observation]

    @property
    def newest(self) -> dict[date, int]:
        """What each day came to when it was seen last."""
        return {each.day: each.total for each in sorted(self.observations, key=lambda each: each.age_days)}


def _observed(reader: Reader, setting: ResultSetting, metric: ResultMetric, as_of: AsOf, since: date) -> list[_Seen]:
    found = observed_by_account(reader, setting, metric, as_of, since)
    return [_Seen(account, *both) for account, both in found.items() if any(each.total for each in both[1])]
