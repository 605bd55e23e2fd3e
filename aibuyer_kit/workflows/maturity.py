"""How much of a client's results is known at each age, learnt from how its own results have grown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange, account_date, time_zone
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.results import ResultKind, ResultRules, ResultSetting
from aibuyer_kit.features.maturity import MaturityPoint, Observation, maturity_curve
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.reconcile import DiffersByKind
from aibuyer_kit.workflows.what_counts import result_settings

ResultMetric = Literal["results", "revenue"]
# A page learns from the newest days: how an account counts changes, and reading years of versions takes seconds.
LEARNT_FROM_DAYS = 90
# Closer to the final figure than this counts as final.
FINAL_WITHIN = 0.05
# The age at which the days of an attribution window have passed; the platform's own may be any up to 28.
ARRIVED_AT_AGE_DAYS: Mapping[str, int] = {"total": 28, "click_1d": 2, "view_1d": 2, "click_7d": 8, "click_28d": 28}
_COLUMNS: Mapping[ResultMetric, str] = {"results": "results", "revenue": "revenue_micros"}


def client_maturity(
    context: ClientContext,
    reader: Reader,
    metric: ResultMetric = "results",
    *,
    action_type: str = "",
    window: str = "",
    days: int | None = LEARNT_FROM_DAYS,
    as_of: AsOf | None = None,
) -> dict[str, tuple[MaturityPoint, ...]]:
    """Return one curve per ad account, for one kind of result (the client's own unless said), as known then.

    It is learnt from the last `days`, as on pages; None for all that are known, which takes long after years.
    """
    setting = _kind_asked(context, action_type, window)
    known_at = reader.freshness(as_of=as_of).known_at
    since = date.min if days is None else known_at.date() - timedelta(days=days)
    seen = observed_by_account(reader, setting, metric, as_of, since)
    return {account_id: maturity_curve(observations) for account_id, (_, observations) in seen.items()}


def _kind_asked(context: ClientContext, action_type: str, window: str) -> ResultSetting:
    """Return the kind of result asked for; without a window in the one in which the client counts the type."""
    settings = result_settings(context)
    own = next((each for each in settings if each.action_type == action_type), settings[0])
    return ResultSetting(action_type or own.action_type, window or own.window)


def observed_by_account(
    reader: Reader,
    setting: ResultSetting,
    metric: ResultMetric,
    as_of: AsOf | None,
    since: date,
    differs: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, tuple[ZoneInfo, list[Observation]]]:
    """Return the zone of each account and what was seen of its days; nothing where only files tell of it."""
    return {
        account: (
            zone,
            [Observation(row["date"], row["age_days"], row[_COLUMNS[metric]], row["aged_days"]) for row in rows],
        )
        for account, (zone, rows) in developed_by_account(reader, setting, as_of, since, differs).items()
    }


def developed_by_account(
    reader: Reader,
    setting: ResultSetting,
    as_of: AsOf | None,
    since: date,
    differs: Sequence[Mapping[str, Any]] | None = None,
    rules: ResultRules | None = None,
) -> dict[str, tuple[ZoneInfo, list[dict[str, Any]]]]:
    """Return the zone of each account and the rows of `Reader.development`, by `rules` where they are given.

    Days that differ from the account's own figures are left out: what is missing there did not mature.
    """
    if differs is None:
        last_day = reader.freshness(as_of=as_of).known_at.date() + timedelta(days=1)
        differs = reader.disagreements(DateRange(since, last_day), result=setting, as_of=as_of).rows()
    differing = {(row["account_id"], row["date"]) for row in differs}
    found = {}
    for account in reader.entities(Level.ACCOUNT, as_of=as_of).rows():
        zone = time_zone(account["time_zone"] or "UTC")
        told = reader.development(account["account_id"], zone, result=setting, as_of=as_of, since=since, rules=rules)
        rows = [row for row in told.rows() if (account["account_id"], row["date"]) not in differing]
        found[account["account_id"]] = zone, rows
    return found


def known_shares(reader: Reader, kind: ResultKind, *, as_of: AsOf) -> dict[str, tuple[float | None, ...]]:
    """Return for each account which share of a day's results is known at each age, as pages learn it.

    It rests on nothing but what the ads were as of a load, so that it is the same whenever it is asked: what the levels
    between ads and account were may have been thinned since.
    """
    setting = ResultSetting(kind.action_type, kind.window)
    days = learnt_from(reader.freshness(as_of=as_of).known_at)
    rows = reader.disagreements(days, result=setting, as_of=as_of).rows()
    differs = [row for row in rows if row["level"] == Level.AD]
    seen = observed_by_account(reader, setting, "results", as_of, days.since, differs)
    return {
        account_id: tuple(point.share_known for point in maturity_curve(observations))
        for account_id, (_, observations) in seen.items()
    }


@dataclass(frozen=True)
class ImmatureDay:
    """A day whose results are not final: the least and the largest share known of any kind in any account.

    Both are None where the account's own past does not tell yet.
    """

    day: date
    least: float | None
    most: float | None


def immature_days(
    context: ClientContext,
    reader: Reader,
    days: DateRange,
    *,
    as_of: AsOf | None = None,
    by_kind: DiffersByKind | None = None,
) -> tuple[ImmatureDay, ...]:
    """Return the days of a period whose results are not final yet, as known then, the oldest first.

    `by_kind` is what differs on `learnt_from` (and maybe on other days), if it was asked before.

    As long as no account's own past tells how results grow, days count as not final for their attribution window.
    """
    known_at = reader.freshness(as_of=as_of).known_at
    shares: dict[date, list[float | None]] = {day: [] for day in days}
    for window, zone, seen in _of_each_kind(context, reader, as_of, learnt_from(known_at).since, by_kind):
        by_age = {point.age_days: point.share_known for point in maturity_curve(seen)} if seen else {}
        for day in days:
            age_days = (account_date(known_at, zone) - day).days
            share = by_age.get(age_days, 1.0)
            shares[day].append(1.0 if share is None and age_days >= ARRIVED_AT_AGE_DAYS[window] else share)
    found = []
    for day, known in shares.items():
        told = [share for share in known if share is not None]
        if len(told) < len(known):
            found.append(ImmatureDay(day, None, None))
        elif max((abs(share - 1) for share in told), default=0.0) > FINAL_WITHIN:
            found.append(ImmatureDay(day, min(told), max(told)))
    return tuple(found)


def learnt_from(known_at: datetime) -> DateRange:
    """Return the days from which pages learn how results grow."""
    day = known_at.date()
    return DateRange(day - timedelta(days=LEARNT_FROM_DAYS), day + timedelta(days=1))


def _of_each_kind(
    context: ClientContext, reader: Reader, as_of: AsOf | None, since: date, by_kind: DiffersByKind | None
) -> Iterator[tuple[str, ZoneInfo, list[Observation]]]:
    """Yield the window of each kind of result in each account, and what was seen of it.

    Kinds that an account never reports have nothing to wait for. An account without results of any kind has not shown
    how they grow.
    """
    settings = result_settings(context)
    found = [
        observed_by_account(reader, setting, "results", as_of, since, by_kind[setting.kind] if by_kind else None)
        for setting in settings
    ]
    for account_id in found[0]:
        kinds = [(setting.window, *seen[account_id]) for setting, seen in zip(settings, found, strict=True)]
        yield from [kind for kind in kinds if any(each.total for each in kind[2])] or kinds[:1]
