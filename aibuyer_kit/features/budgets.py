"""Budgets as they were set and planned, how they are being spent, and the learning that a change begins anew."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np

from aibuyer_kit.core.dates import account_date, day_start
from aibuyer_kit.features.calendar import FAR_DAYS
from aibuyer_kit.features.feature import Feature, Leakage
from aibuyer_kit.features.panel import PanelObject
from aibuyer_kit.features.view import MICROS_PER_UNIT, View, as_columns, latest, ratio
from aibuyer_kit.features.windows import Bools, Floats

# Meta: a change by more begins the learning phase anew, and so many results end it.
RESET_SHARE = 0.2
LEARNT_RESULTS = 50


def pace(spent: Floats, budget: Floats, share_of_time: Floats | float) -> Floats:
    """Return the share of a budget that is spent over the share of its time that has passed; 1 is on pace.

    >>> pace(np.array([30.0]), np.array([120.0]), 0.5).tolist()
    [0.5]
    """
    return ratio(spent, budget * share_of_time)


def budget_features() -> Iterator[Feature]:
    """Yield features of plans, pacing and learning."""
    planned, over = Leakage.PLANNED, Leakage.DAY_OVER
    yield Feature("daily_budget", "money", planned, lambda view: budgets(view) / MICROS_PER_UNIT)
    yield Feature("daily_budget_change", "ratio", planned, _budget_change)
    yield Feature("budget_share", "share", planned, _budget_share)
    yield Feature("days_since_budget_change", "days", planned, _days_since_change)
    yield Feature("days_since_reset", "days", planned, _days_since_reset)
    yield Feature("learning_progress", "share", Leakage.RESTATED, _learning_progress)
    for days in (1, 7):
        make = partial(_budget_spent, days)
        yield Feature(f"budget_spent_{days}", "share", over, make, "budget_spent", values={"days": days})
    yield Feature("month_pace", "ratio", over, _month_pace)
    yield Feature("today_pace", "ratio", Leakage.NOW, _today_pace)


def budgets(view: View) -> Floats:
    """Return the daily budget that each object spends from, in micros: as set on each day, and then as planned.

    Where nothing is planned, what is set last goes on.
    """
    found: Floats = view.kept("budgets", lambda: _budgets(view))
    return found


def _budgets(view: View) -> Floats:
    panel, count = view.panel, len(view.panel.days)
    set_then = panel.budgets if panel.budgets is not None else np.full((count, len(panel.objects)), np.nan)
    found = view.padded(set_then)
    told = as_columns([each.holder_budget_micros or np.nan for each in panel.objects])[0]
    found[count:] = np.where(np.isnan(told), set_then[-1], told)
    if view.plan is not None:
        found[count:] = np.where(np.isnan(view.plan), found[count:], view.plan)
    return found


def _holder(each: PanelObject) -> str:
    return each.holder_id


def _budget_change(view: View) -> Floats:
    """Return each day's budget over the mean of the week before it."""
    values = budgets(view)
    weeks = np.stack([_moved(values, days) for days in range(1, 8)])
    known = ~np.isnan(weeks)
    return ratio(values, ratio(np.where(known, weeks, 0.0).sum(axis=0), known.sum(axis=0)))


def _moved(values: Floats, days: int) -> Floats:
    """Return the values of so many days before, the future's too: budgets are planned."""
    found = np.full(values.shape, np.nan)
    found[days:] = values[:-days]
    return found


def _budget_share(view: View) -> Floats:
    """Return which share of all budgets of its account an object spends from; a shared one counts once."""
    values = budgets(view)
    shared = view.grouped(np.ones(values.shape), _holder)
    return ratio(values, view.grouped(values / shared, lambda each: each.account_id))


def _resets(view: View) -> Bools:
    """Return on which days a budget changed by more than what begins learning anew."""
    values = budgets(view)
    before = latest(_moved(values, 1))
    with np.errstate(invalid="ignore"):
        found: Bools = np.abs(values - before) > RESET_SHARE * before
    return found


def _days_since_change(view: View) -> Floats:
    found: Floats = view.kept("since change", lambda: _days_since(_resets(view)))
    return np.where(np.isnan(budgets(view)), np.nan, np.minimum(found, FAR_DAYS))


def _days_since(flags: Bools) -> Floats:
    """Return how many days ago the last flag was; infinite where there was none."""
    places = np.arange(len(flags))[:, None]
    last = np.maximum.accumulate(np.where(flags, places, -1), axis=0)
    return np.where(last < 0, np.inf, places - last).astype(np.float64)


def ages(view: View) -> Floats:
    """Return how many days ago each object was made; NaN where that is not known, and before it."""
    made = [each.created_on for each in view.panel.objects]
    offsets = as_columns([np.nan if day is None else (day - view.days.since).days for day in made])
    found = np.arange(len(view.days))[:, None] - offsets
    return np.where(found >= 0, found, np.nan)


def _days_since_reset(view: View) -> Floats:
    """Return how long ago learning began: when it was made, or when its budget last changed by much."""
    since = _days_since(_resets(view))
    return np.minimum(np.fmin(ages(view), np.where(np.isinf(since), np.nan, since)), 2 * FAR_DAYS)


def _learning_progress(view: View) -> Floats:
    """Return which share of the results that end learning have come since it began; at most 1.

    A change on the day itself is not seen yet. Where it is not known when learning began, results count from the first
    day of the panel on; a day that is not known counts as one without results.
    """
    finals = np.nan_to_num(view.day_values("results.final"))
    so_far = np.zeros(view.shape)
    last = min(len(so_far), len(finals) + 1)
    so_far[1:last] = np.cumsum(finals, axis=0)[: last - 1]
    resets = np.concatenate([np.zeros((1, view.shape[1]), np.bool_), _resets(view)[:-1]])
    # A reset is told one day later than it was, hence one day more.
    told = _days_since(resets)
    days = np.fmin(ages(view), np.where(np.isinf(told), np.nan, told + 1))
    began = np.arange(len(so_far))[:, None] - np.nan_to_num(days, nan=np.inf)
    at_begin = np.take_along_axis(so_far, np.maximum(began, 0).astype(np.int64), axis=0)
    return view.until_decision(np.clip((so_far - at_begin) / LEARNT_RESULTS, 0.0, 1.0))


def _spent(view: View, length: int) -> Floats:
    """Return what all objects that spend from the same budget spent in the days before; of nobody's, unknown."""
    known = as_columns([0.0 if each.holder_id else np.nan for each in view.panel.objects])
    sums = view.sums("spend", length)
    return np.where(np.isnan(sums), np.nan, view.grouped(sums, _holder)) + known


def _budget_spent(days: int, view: View) -> Floats:
    values = budgets(view)
    over = sum(_moved(values, back) for back in range(1, days + 1))
    return view.until_decision(ratio(_spent(view, days), np.asarray(over)))


def _month_pace(view: View) -> Floats:
    """Return what was spent since the first of the month over what budgets came to; unknown on the first."""
    spend = view.until_decision(view.grouped(view.before(view.day_values("spend")), _holder))
    set_before = _moved(budgets(view), 1)
    months = np.array([day.year * 12 + day.month for day in view.days])
    # What is of the day before counts to this month when that day does.
    same = np.array([(day - timedelta(days=1)).month == day.month for day in view.days])[:, None]
    return ratio(
        _since_changes(np.where(same, spend, 0.0), months), _since_changes(np.where(same, set_before, 0.0), months)
    )


def _since_changes(values: Floats, labels: Floats) -> Floats:
    """Return running sums that begin anew where the label changes; unknown from the first unknown on."""
    found = values.copy()
    for day in range(1, len(found)):
        if labels[day] == labels[day - 1]:
            found[day] += found[day - 1]
    return found


def _today_pace(view: View) -> Floats:
    """Return how far the day is spent on which the panel was read; only that day has a value."""
    panel, found = view.panel, np.full(view.shape, np.nan)
    spend = view.grouped(panel.measure("spend"), _holder)
    for zone_name in sorted({each.time_zone for each in panel.objects}):
        zone = ZoneInfo(zone_name)
        today = account_date(panel.known_at, zone)
        if today in panel.days:
            row = (today - panel.days.since).days
            places = [place for place, each in enumerate(panel.objects) if each.time_zone == zone_name]
            share = _share_of_day(panel.known_at, zone)
            if share > 0:
                found[row, places] = pace(spend[row, places], budgets(view)[row, places], share)
    return found


def _share_of_day(moment: datetime, zone: ZoneInfo) -> float:
    today = account_date(moment, zone)
    start, end = day_start(today, zone), day_start(today + timedelta(days=1), zone)
    return (moment - start) / (end - start)
