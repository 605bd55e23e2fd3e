"""Today and the last days as they will be once all conversions have arrived, from how earlier days have grown."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange, account_date
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.core.i18n import t
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.core.results import ResultKind, ResultSetting
from aibuyer_kit.features.maturity import Observation
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.forecasting.nowcast import Expected, NowcastDay, nowcast, triangle_of
from aibuyer_kit.forecasting.nowcast_result import NowcastLine, NowcastResult
from aibuyer_kit.warehouse.read import AsOf, Reader
from aibuyer_kit.workflows.forecast import client_forecast
from aibuyer_kit.workflows.maturity import ResultMetric, observed_by_account
from aibuyer_kit.workflows.panel import read_panel

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
    kinds = sorted({each.kind for each in context.settings.rules.settings()})
    by_kind = {kind: _observed(reader, kind, metric, as_of, since) for kind in kinds}
    if metric == "results":  # kinds are never added up: the most frequent one
        most = max(kinds, key=lambda kind: sum(each.total for _, _, found in by_kind[kind] for each in found))
        by_kind = {most: by_kind[most]}
    seen = [each for found in by_kind.values() for each in found]
    if not seen:
        raise NotFoundError("No results are known, so nothing can be said of those to come. Run aibuyer sync first.")
    today = max(account_date(freshness.known_at, zone) for _, zone, _ in seen)
    first = max(min(each.day for _, _, found in seen for each in found), today - timedelta(days=LEARNT_FROM_DAYS))
    past = DateRange(first, today - timedelta(days=1))
    if len(past) < days:
        raise InputError(f"Only {len(past)} days are known; ask for as many at most.")
    panel = read_panel(context, reader, Level.ACCOUNT, past, as_of=as_of)
    told = [nowcast(triangle_of(found, past, today, _spend(panel, account)), days) for account, _, found in seen]
    scale = MICROS_PER_UNIT if metric == "revenue" else 1
    label = t(context.settings.locale, "period.last_days", count=days)
    counted = next(iter(by_kind)).action_type if metric == "results" else ""
    known_today = _known_today(context, reader, metric, today, as_of, counted) / scale
    ahead = client_forecast(context, reader, metric, horizon_days=1, action_type=counted, as_of=as_of)
    today_in_all = Expected(
        known_today, *(max(known_today, float(each[0, -1])) for each in (ahead.expected, ahead.low, ahead.high))
    )
    return NowcastResult(
        metric=metric,
        currency=panel.currency,
        locale=context.settings.locale,
        days=tuple(_day([each.days[at] for each in told], scale) for at in range(days)),
        total=_line([each.total for each in told], scale, label),
        today=_line([today_in_all], 1, t(context.settings.locale, "forecast.today"), today),
        moments=min(each.moments for each in told),
        known_at=freshness.known_at,
        load_id=freshness.load_id,
    )


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


def _spend(panel: DailyPanel, account_id: str) -> list[float]:
    mine = [place for place, each in enumerate(panel.objects) if each.account_id == account_id]
    found: list[float] = np.nan_to_num(panel.measure("spend")[:, mine]).sum(axis=1).tolist()
    return found


def late_metric(name: str) -> ResultMetric:
    """Return a metric that arrives late. Raises InputError for any other."""
    if name == "results":
        return "results"
    if name == "revenue":
        return "revenue"
    raise InputError(f"{name!r} does not arrive late: a nowcast is of results or revenue.")


def _observed(
    reader: Reader, kind: ResultKind, metric: ResultMetric, as_of: AsOf | None, since: date
) -> list[tuple[str, ZoneInfo, list[Observation]]]:
    """Return what was seen of each account's days, of the accounts that report this kind at all."""
    setting = ResultSetting(kind.action_type, kind.window)
    found = observed_by_account(reader, setting, metric, as_of, since)
    return [(account, *both) for account, both in found.items() if any(each.total for each in both[1])]


def _known_today(
    context: ClientContext, reader: Reader, metric: ResultMetric, today: date, as_of: AsOf | None, counted: str
) -> float:
    try:
        panel = read_panel(context, reader, Level.CAMPAIGN, DateRange(today, today), as_of=as_of)
    except NotFoundError:  # nothing of today has been read yet
        return 0.0
    mine = [place for place, each in enumerate(panel.objects) if not counted or each.result_type == counted]
    return float(np.nansum(panel.measure(metric)[:, mine]))
