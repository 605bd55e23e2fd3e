"""Days of figures kept from one load to the next: only those of which something was learnt since are read again."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.results import ResultRules
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.evidence_days import Figures, Lanes, Rows, figures_of


class DayBlocks:
    """One level's days as known after one load, which may be moved to a later one."""

    def __init__(self, reader: Reader, level: Level, rules: ResultRules) -> None:
        self._reader, self._level, self._rules = reader, level, rules
        self._load_id = 0
        self._forget(())

    def _forget(self, measures: Sequence[str]) -> None:
        self._measures = tuple(measures)
        self._lanes = Lanes()
        self._blocks: dict[date, Rows] = {}
        self._told: dict[date, list[Mapping[str, Any]]] = {}

    def figures(self, days: DateRange, measures: Sequence[str], load_id: int) -> Figures:
        """Return the figures of some days as known after a load."""
        if not set(measures) <= set(self._measures) or load_id < self._load_id:
            self._forget([*dict.fromkeys([*self._measures, *measures])])
        elif load_id > self._load_id and self._blocks:
            held = DateRange(min(self._blocks), max(self._blocks))
            changed = self._reader.changed_days(held, as_of=load_id, after_load=self._load_id)
            if changed is None:
                self._forget(self._measures)
            for day in changed or ():
                self._blocks.pop(day, None)
        self._load_id = load_id
        for run in _runs([day for day in days if day not in self._blocks]):
            if not self._read(run):
                return self._at_once(days)
        blocks = [self._blocks[day] for day in days]
        told = [row for day in days for row in self._told[day]]
        for day in [day for day in self._blocks if day < days.since]:
            del self._blocks[day], self._told[day]
        return figures_of(self._level, days, self._lanes, _joined(blocks, self._measures), told)

    def _read(self, days: DateRange) -> bool:
        """Read some days; False where periods are stated that are no days, which are not told apart."""
        told = self._reader.days_told(days, as_of=self._load_id)
        if any(row["date"] != row["date_stop"] for row in told):
            return False
        rows = self._rows(days)
        for day in days:
            self._blocks[day] = rows.on(day.toordinal())
            self._told[day] = [row for row in told if row["date"] == day]
        return True

    def _at_once(self, days: DateRange) -> Figures:
        """Return the figures of days of which some are only told together; nothing of it is kept."""
        self._forget(self._measures)
        told = self._reader.days_told(days, as_of=self._load_id)
        found = figures_of(self._level, days, self._lanes, self._rows(days), told)
        self._forget(self._measures)
        return found

    def _rows(self, days: DateRange) -> Rows:
        table = self._reader.sums(self._level, days, self._measures, result=self._rules, as_of=self._load_id)
        return self._lanes.rows(table, self._measures)


def _joined(blocks: Sequence[Rows], measures: Sequence[str]) -> Rows:
    values = {}
    for name in measures:
        parts = [block.values[name] for block in blocks]
        known = None
        if any(sure is not None for _, sure in parts):
            known = np.concatenate([np.ones(len(amounts), bool) if sure is None else sure for amounts, sure in parts])
        values[name] = (np.concatenate([amounts for amounts, _ in parts]), known)
    lanes = np.concatenate([block.lane_of for block in blocks])
    return Rows(lanes, np.concatenate([block.days for block in blocks]), values)


def _runs(days: Sequence[date]) -> list[DateRange]:
    """Return days as ranges without a gap."""
    found: list[DateRange] = []
    for day in days:
        if found and found[-1].until == day - timedelta(days=1):
            found[-1] = DateRange(found[-1].since, day)
        else:
            found.append(DateRange(day, day))
    return found
