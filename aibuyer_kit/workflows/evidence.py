"""What rules look at: the objects of a client, and their figures over any days, whole or unknown."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.changes import ACTIVE, PAUSED
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import RuleError
from aibuyer_kit.core.metrics import MEASURES
from aibuyer_kit.core.money import meta_minor_per_unit
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.table import Column, Floats, Table
from aibuyer_kit.rules.windows import Hours
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.period import open_days
from aibuyer_kit.workflows.totals import Row, kinds_of, read_rows

_SUMMED = tuple(each.name for each in MEASURES if each.additive == "everywhere")
Key = tuple[str, str, str]
# Integer sums by measure over some days, money in micros; None, or no key, where a sum is not known.
Sums = Mapping[str, int | None]


class Evidence:
    """One reading of a client's warehouse for one decision: every window is read once, whatever rules ask for it."""

    def __init__(self, context: ClientContext, reader: Reader, now: datetime, known_at: datetime, load_id: int) -> None:
        self._context = context
        self._reader = reader
        self._now, self._known_at = now, known_at
        self.today = now.date()
        self._load_id = load_id
        self._subjects: dict[Level, list[Subject]] = {}
        self._windows: dict[tuple[Level, DateRange], dict[Key, Sums]] = {}
        self.gaps: list[str] = []

    def subjects(self, level: Level) -> list[Subject]:
        """Return every object of a level as known now that runs or could run.

        One of an account whose currency is not known is left out.
        """
        if level not in self._subjects:
            self._subjects[level] = self._known_subjects(level)
        return self._subjects[level]

    def _known_subjects(self, level: Level) -> list[Subject]:
        rows = {each: self._entities(each) for each in {Level.ACCOUNT, Level.CAMPAIGN, level}}
        currencies = {(row["platform"], row["account_id"]): row["currency"] for row in rows[Level.ACCOUNT]}
        names = {(row["account_id"], row["entity_id"]): row["name"] or "" for row in rows[Level.CAMPAIGN]}
        found = []
        for row in rows[level]:
            currency = currencies.get((row["platform"], row["account_id"]))
            if currency is None or row["platform"] != "meta" or row["status"] not in (ACTIVE, PAUSED):
                continue
            campaign_id = row["entity_id"] if level is Level.CAMPAIGN else row["campaign_id"]
            found.append(
                Subject(
                    row["platform"],
                    row["account_id"],
                    level,
                    row["entity_id"],
                    row["name"] or "",
                    names.get((row["account_id"], campaign_id), ""),
                    row["status"],
                    row["daily_budget_micros"],
                    meta_minor_per_unit(currency),
                )
            )
        return found

    def tables(self, level: Level, columns: Sequence[Column]) -> list[Table]:
        """Return every object of a level with the figures asked for. Raises RuleError for one that cannot be read."""
        subjects = self.subjects(level)
        numbers = {each: self._column(each, level, subjects) for each in columns}
        return [Table(level, self._now, self._known_at, subjects, numbers)]

    def _column(self, column: Column, level: Level, subjects: Sequence[Subject]) -> Floats:
        if column.matured or column.of != "self" or isinstance(column.window, Hours):
            raise RuleError(f"{column} cannot be read yet.")
        if column.window is None:
            return _floats(each.number(column.name) for each in subjects)
        days = column.window.span(self._now)
        sums = self._window(level, days) if isinstance(days, DateRange) else {}
        return _floats(sums.get(each.key, {}).get(column.name) for each in subjects)

    def _entities(self, level: Level) -> list[Row]:
        return self._reader.entities(level, as_of=self._load_id).rows()

    def _window(self, level: Level, days: DateRange) -> dict[Key, Sums]:
        if (level, days) not in self._windows:
            self._windows[level, days] = self._read(level, days)
        return self._windows[level, days]

    def _read(self, level: Level, days: DateRange) -> dict[Key, Sums]:
        """Return the sums of each object; nothing at all where a day is not known whole, for a part would mislead."""
        missing = [day for day in open_days(self._reader, days, as_of=self._load_id) if day < self.today]
        if missing:
            self.gaps.append(f"{days}: {len(missing)} days were not read whole, the first {missing[0]}")
            return {}
        rows, left_out = read_rows(self._context, self._reader, level, days, self._load_id, in_account_currency=True)
        if left_out:
            self.gaps += [f"{days}: {each}" for each in left_out]
            return {}
        groups: dict[Key, list[Row]] = defaultdict(list)
        for row in rows:
            groups[row["platform"], row["account_id"], row["entity_id"]].append(row)
        return {key: _sums(group) for key, group in groups.items()}


def _sums(rows: list[Row]) -> Sums:
    """Return the sums of one object; of a measure that is missing on one day, or of several kinds, none is known."""
    several = len(kinds_of(rows)) > 1
    found: dict[str, int | None] = {}
    for name in _SUMMED:
        values = [row.get(name) for row in rows]
        known = [value for value in values if value is not None]
        whole = len(known) == len(rows) and not (several and name == "results")
        found[name] = sum(known) if whole else None
    return found


def _floats(values: Iterable[float | int | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
