"""A record of the file becomes one fact, or is rejected whole with the reason."""

import re
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from aibuyer_kit.connectors.csv_export.cells import DayFormat, NumberFormat, RejectedCellError
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.facts import canonical_json

_SHORTENED_ID = re.compile(r"\d[.,]\d+[eE]\+\d+")


class Identity(NamedTuple):
    """The column that tells which entity of a level a row belongs to: its id, or its name for want of an id."""

    place: int
    is_id: bool


class Value(NamedTuple):
    """A column with figures; `name` is a measure, `actions.TYPE` or `action_values.TYPE`."""

    name: str
    place: int
    kind: Literal["count", "spend", "money"]


class FactRow(NamedTuple):
    """One fact: ids from the account down, its days, and values in the order of the reader's; money is in micros."""

    line: int
    cells: list[str]
    ids: dict[Level, str]
    since: date
    until: date
    breakdown: str
    values: list[int | None]
    drifts: list[Decimal]


@dataclass(frozen=True)
class RowReader:
    """Where everything stands in a record, and how its cells are read; `days` is a period or two places."""

    header: tuple[str, ...]
    level: Level
    account_id: str
    identities: ReadOnly[Level, Identity]
    days: DateRange | tuple[int, int]
    breakdowns: tuple[tuple[str, int], ...]
    values: tuple[Value, ...]
    number_format: NumberFormat
    day_format: DayFormat

    def fact(self, line: int, cells: list[str]) -> FactRow:
        """Return the record as a fact. Raises RejectedCellError that names the column and what is wrong."""
        if len(cells) != len(self.header):
            raise RejectedCellError(f"the row has {len(cells)} cells, the header has {len(self.header)}")
        ids = self._ids(cells)
        since, until = self._days(cells)
        values, drifts = self._figures(cells)
        return FactRow(line, cells, ids, since, until, self._breakdown(cells), values, drifts)

    def _ids(self, cells: list[str]) -> dict[Level, str]:
        ids = {Level.ACCOUNT: self.account_id}
        for level, (place, is_id) in self.identities.items():
            ids[level] = cells[place]
            if not cells[place].strip():
                raise self._rejected(place, f"the {level} is empty")
            if is_id and _SHORTENED_ID.fullmatch(cells[place].strip()):
                raise self._rejected(
                    place, f"{cells[place]!r} is an id that a spreadsheet shortened; import the export unopened"
                )
        return ids

    def _days(self, cells: list[str]) -> tuple[date, date]:
        if isinstance(self.days, DateRange):
            return self.days.since, self.days.until
        since, until = (self._day(place, cells) for place in self.days)
        if until < since:
            raise self._rejected(self.days[1], f"the row ends ({until}) before it begins ({since})")
        return since, until

    def _day(self, place: int, cells: list[str]) -> date:
        try:
            return self.day_format.day(cells[place])
        except RejectedCellError as error:
            raise self._rejected(place, str(error)) from None

    def _breakdown(self, cells: list[str]) -> str:
        return _breakdown_text(tuple((name, cells[place]) for name, place in self.breakdowns))

    def _figures(self, cells: list[str]) -> tuple[list[int | None], list[Decimal]]:
        values: list[int | None] = []
        drifts: list[Decimal] = []
        for value in self.values:
            try:
                figure, drift = self.number_format.figure(value.kind, cells[value.place])
            except RejectedCellError as error:
                raise self._rejected(value.place, str(error)) from None
            values.append(figure)
            if drift:
                drifts.append(drift)
        return values, drifts

    def _rejected(self, place: int, reason: str) -> RejectedCellError:
        return RejectedCellError(f"column {self.header[place]!r}: {reason}")


@lru_cache(maxsize=4096)
def _breakdown_text(pairs: tuple[tuple[str, str], ...]) -> str:
    return canonical_json(dict(pairs))
