"""What is known of the days ahead: holidays, promotions, and the budgets that were set, approved or asked for."""

import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.changes import PAUSED, Change
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import LeftOutWarning
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.features.calendar import events_of
from aibuyer_kit.features.panel import DailyPanel, PanelObject
from aibuyer_kit.features.windows import Bools, Floats
from aibuyer_kit.forecasting.budgets import assumed_spend
from aibuyer_kit.ledger.database import FILE_NAME
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.warehouse.read import Reader

# A day is taken for one of a promotion by those who plan it.
PROMOTION, HOLIDAY, SHOPPING_DAY = "promotion", "holiday", "shopping day"
# What so few days of the past were tells nothing of days to come.
_LEAST_DAYS = 2
_TO_COME = ("approved", "waiting")
_LATE_DAYS, _MOST_TIMES = 7, 5.0


def flags(
    days: DateRange, ahead: DateRange, promotions: Sequence[DateRange], country: str | None
) -> Mapping[str, Floats]:
    """Return a flag by day (days and those ahead) for each kind of day that differs, and has been seen before."""
    whole = DateRange(days.since, ahead.until)
    with warnings.catch_warnings():
        # Of years in which no holiday is known none is told.
        warnings.simplefilter("ignore", LeftOutWarning)
        events = events_of(whole, country)
    marked = {
        HOLIDAY: {each.day for each in events if not each.is_shopping},
        SHOPPING_DAY: {each.day for each in events if each.is_shopping},
    }
    found = {name: np.array([float(day in those) for day in whole]) for name, those in marked.items()}
    kept = {name: flag for name, flag in found.items() if flag[: len(days)].sum() >= _LEAST_DAYS}
    if promotions:
        kept[PROMOTION] = np.array([float(any(day in each for each in promotions)) for day in whole])
    return kept


def assumed_budget(panel: DailyPanel) -> Floats:
    """Return (days + 1, objects) the spend that was taken for granted from each day on, in currency units.

    It is as it was of late, times what was done to the daily budget since, where that was known by then. What cannot
    deliver now spends nothing.
    """
    spend = panel.measure("spend") / MICROS_PER_UNIT
    found = assumed_spend(spend)
    if panel.budgets is not None:
        now = np.array([each.holder_budget_micros or np.nan for each in panel.objects], dtype=np.float64)
        last = np.where(np.isfinite(now) & np.isfinite(panel.budgets[-1:]), now, panel.budgets[-1:])
        set_last = np.concatenate([panel.budgets[:-1], last])
        paid = (np.nan_to_num(spend) > 0) & np.isfinite(panel.budgets)
        usual = _of_late(panel.budgets, paid, np.isfinite(spend))
        times = np.clip(set_last / np.where(usual > 0, usual, np.nan), 1 / _MOST_TIMES, _MOST_TIMES)
        found[1:] *= np.where(np.isfinite(times), times, 1.0)
    found[-1] = np.where([each.delivers for each in panel.objects], found[-1], 0.0)
    return found


def _of_late(budgets: Floats, paid: Bools, known: Bools) -> Floats:
    """Return (days, objects) the mean budget over those of the last known days up to each that paid; NaN for none."""
    found = np.full_like(budgets, np.nan)
    for place in range(budgets.shape[1]):
        at = np.flatnonzero(known[:, place])
        pays = paid[at, place]
        sums, counts = (
            np.concatenate([[0.0], np.cumsum(each)]) for each in (np.where(pays, budgets[at, place], 0.0), pays)
        )
        last = np.searchsorted(at, np.arange(len(budgets)), side="right")
        first = np.maximum(last - _LATE_DAYS, 0)
        days = counts[last] - counts[first]
        found[:, place] = np.where(days > 0, (sums[last] - sums[first]) / np.maximum(days, 1), np.nan)
    return found


def approved_budgets(context: ClientContext, reader: Reader, panel: DailyPanel, now: datetime) -> Mapping[str, float]:
    """Return what people have approved and nothing has carried out yet: daily budgets by object of the panel, in its
    currency; 0 is a pause. What is done to objects below adds to what is spent of late, what is above shares it out."""
    if not (context.ledger / FILE_NAME).exists():
        return {}
    with Ledger(context.ledger) as ledger:
        waiting = ledger.to_apply()
    changes = [
        each.change
        for proposal in waiting
        for each in proposal.changes
        if each.change.field in ("daily_budget", "status")
        and (
            (state := proposal.state_of(each, now)) in _TO_COME
            # What may have been carried out is in what was spent already: only a target of the level itself holds.
            or (state == "doubt" and each.change.level is panel.level)
        )
    ]
    if not changes:
        return {}
    late = assumed_budget(panel)[-1].tolist()
    holders = _Holders(reader, panel.load_id)
    found: dict[str, float] = {}
    for change in changes:
        for place, each in enumerate(panel.objects):
            if each.account_id != change.account_id:
                continue
            then = _after(change, each, panel.level, found.get(each.id, late[place]), holders)
            if then is not None:
                found[each.id] = max(then, 0.0)
    return found


class _Holders:
    """The entities of a warehouse as known after a load, by level, account and id; each level is read once."""

    def __init__(self, reader: Reader, load_id: int) -> None:
        self._reader, self._load_id = reader, load_id
        self._levels: dict[Level, dict[tuple[str, str], dict[str, Any]]] = {}

    def find(self, change: Change) -> dict[str, Any] | None:
        """Return the row of the object of a change, None where it is not known."""
        if change.level not in self._levels:
            rows = self._reader.entities(change.level, as_of=self._load_id).rows()
            self._levels[change.level] = {(row["account_id"], row["entity_id"]): row for row in rows}
        return self._levels[change.level].get((change.account_id, change.object_id))


def _after(change: Change, each: PanelObject, level: Level, spends: float, holders: _Holders) -> float | None:
    """Return what an object may spend a day after a change, None where it is not touched by it."""
    before, after = _amounts(change)
    if change.level is level:
        return None if change.object_id != each.key or after is None else each.units(after)
    if change.level.depth < level.depth:
        mine = change.object_id in (each.campaign_id, each.adset_id)
        return (
            spends * after / before if mine and after is not None and before else (0.0 if mine and after == 0 else None)
        )
    changed = holders.find(change)
    if changed is None or after is None or (level is Level.CAMPAIGN and changed["campaign_id"] != each.key):
        return None
    held = before if before is not None else changed["daily_budget_micros"]
    return None if held is None else spends + each.units(after) - each.units(held)


def _amounts(change: Change) -> tuple[int | None, int | None]:
    """Return the daily budget before and after a change, in micros; None where it does not tell."""
    if change.field == "status":
        return None, 0 if change.after == PAUSED else None
    return (
        (change.before, change.after)
        if isinstance(change.before, int) and isinstance(change.after, int)
        else (None, None)
    )
