"""A record of the file becomes one fact, or is rejected whole with the reason."""

import re
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from aibuyer_kit.connectors.csv_export.cells import NumberFormat, RejectedCellError
from aibuyer_kit.connectors.csv_export.days import DayFormat
from aibuyer_kit.connectors.csv_export.signs import NO_RESULT, PlainNumber
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.facts import canonical_json

_SHORTENED_ID = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+", re.ASCII)
# A spreadsheet keeps this many digits of a number and makes zeros of the rest.
_DIGITS_KEPT = 15


class Identity(NamedTuple):
    """The column that tells which entity of a level a row belongs to: its id, or its name for want of an id."""

    place: int
    is_id: bool


class Day(NamedTuple):
    """A column with days and how it writes them."""

    place: int
    written: DayFormat


class Value(NamedTuple):
    """A column with figures and how it writes them; `name` is a measure, `actions.TYPE` or `action_values.TYPE`."""

    name: str
    place: int
    kind: Literal["count", "spend", "money"]
    written: NumberFormat
    # The column that says what the figure is, and the texts of the rows in which it is this one.
    told_by: tuple[int, frozenset[str]] | None = None


class Results(NamedTuple):
    """The columns of results and of what they are, and the texts of the latter that name an action."""

    number: int
    indicator: int
    read: frozenset[str]

    def are_unknown_in(self, cells: list[str]) -> bool:
        """Return whether the row has results of a kind that is not told, or that says nothing about actions."""
        if text := cells[self.indicator].strip():
            return text not in self.read
        return cells[self.number].strip() not in ("", "0")


class FactRow(NamedTuple):
    """One fact: ids from the account down, its days, and values in the order of the reader's; money is in micros.

    `has_unknown_results` is of a row whose results are not known to be actions, nor known to be none.
    """

    line: int
    cells: list[str]
    ids: dict[Level, str]
    since: date
    until: date
    breakdown: str
    values: list[int | None]
    drifts: list[Decimal]
    has_unknown_results: bool = False


@dataclass(frozen=True)
class RowReader:
    """Where everything stands in a record, and how its cells are read; `days` is a period or two columns."""

    header: tuple[str, ...]
    level: Level
    account_id: str
    identities: ReadOnly[Level, Identity]
    days: DateRange | tuple[Day, Day]
    breakdowns: tuple[tuple[str, int], ...]
    values: tuple[Value, ...]
    results: Results | None = None

    def fact(self, line: int, cells: list[str]) -> FactRow:
        """Return the record as a fact. Raises RejectedCellError that names the column and what is wrong."""
        self.check_width(cells)
        ids, since, until, breakdown = self.key(cells)
        values, drifts = self._figures(cells)
        unknown = self.results is not None and self.results.are_unknown_in(cells)
        return FactRow(line, cells, ids, since, until, breakdown, values, drifts, unknown)

    def check_width(self, cells: list[str]) -> None:
        """Raise RejectedCellError if the record has more or fewer cells than the header."""
        if len(cells) != len(self.header):
            raise RejectedCellError(f"the row has {len(cells)} cells, the header has {len(self.header)}")

    def key(self, cells: list[str]) -> tuple[dict[Level, str], date, date, str]:
        """Return the ids, days and breakdown of the record. Raises RejectedCellError that names the column."""
        since, until = self.days_of(cells)
        return self._ids(cells), since, until, self.breakdown_of(cells)

    def _ids(self, cells: list[str]) -> dict[Level, str]:
        return {Level.ACCOUNT: self.account_id} | {level: self._id(level, cells) for level in self.identities}

    def _id(self, level: Level, cells: list[str]) -> str:
        place, is_id = self.identities[level]
        text = cells[place]
        if not text or text.isspace():
            raise self._rejected(place, f"the {level} is empty")
        if text == NO_RESULT or (is_id and _is_shortened(text)):
            raise self._rejected(place, _why_no_id(text))
        return text

    def entity_of(self, cells: list[str]) -> str:
        """Return what the record is about. Raises RejectedCellError that names the column."""
        return self.account_id if self.level is Level.ACCOUNT else self._id(self.level, cells)

    def days_of(self, cells: list[str]) -> tuple[date, date]:
        """Return the first and the last day of the record. Raises RejectedCellError that names the column."""
        if isinstance(self.days, DateRange):
            return self.days.since, self.days.until
        start, stop = self.days
        since = self._day(start, cells)
        until = since if stop is start else self._day(stop, cells)
        if until < since:
            raise self._rejected(stop.place, f"the row ends ({until}) before it begins ({since})")
        return since, until

    def _day(self, day: Day, cells: list[str]) -> date:
        try:
            return day.written.day(cells[day.place])
        except RejectedCellError as error:
            raise self._rejected(day.place, str(error)) from None

    def breakdown_of(self, cells: list[str]) -> str:
        """Return the breakdown of the record, '' for none."""
        return _breakdown_text(tuple((name, cells[place]) for name, place in self.breakdowns))

    def _figures(self, cells: list[str]) -> tuple[list[int | None], list[Decimal]]:
        values: list[int | None] = []
        drifts: list[Decimal] = []
        for value in self.values:
            if value.told_by and cells[value.told_by[0]].strip() not in value.told_by[1]:
                values.append(None)
                continue
            try:
                figure, drift = value.written.figure(value.kind, cells[value.place])
            except RejectedCellError as error:
                raise self._rejected(value.place, str(error)) from None
            values.append(figure)
            if drift:
                drifts.append(drift)
        return values, drifts

    def _rejected(self, place: int, reason: str) -> RejectedCellError:
        return RejectedCellError(f"column {self.header[place]!r}: {reason}", self.header[place])


@lru_cache(maxsize=4096)
def _breakdown_text(pairs: tuple[tuple[str, str], ...]) -> str:
    return canonical_json(dict(pairs))


def _is_shortened(text: str) -> bool:
    text_is_number = isinstance(text, PlainNumber)
    return bool(_SHORTENED_ID.fullmatch(text.strip())) or (text_is_number and len(text) > _DIGITS_KEPT)


def _why_no_id(text: str) -> str:
    if text == NO_RESULT:
        return f"the cell holds {NO_RESULT}"
    if isinstance(text, PlainNumber):
        return (
            f"{text} is an id of more than {_DIGITS_KEPT} digits kept as a number; keep it as text, or import the CSV"
        )
    return f"{text!r} is an id that a spreadsheet shortened; import the export unopened"
