"""Rules on events: figures kept up with what happens, and rules asked again of the objects that an event moved."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.rules.conditions import Of
from aibuyer_kit.rules.engine.fixed import fixed_verdict
from aibuyer_kit.rules.engine.kernels import Bytes, single
from aibuyer_kit.rules.engine.program import Program, Verdicts
from aibuyer_kit.rules.engine.ranks import Groups, groups_of, place_all
from aibuyer_kit.rules.fields import FIELDS, NUMBERS
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.table import ARRIVED, Codes, Column, Floats, Table
from aibuyer_kit.rules.windows import Span, Window

Key = tuple[str, str, str]
# What a column of matured figures, or of the share that has arrived, comes to anew for one row.
Resum = Callable[[Column, int], float]
_OWN_IDS = ("id", "campaign.id", "adset.id")
_ATTRIBUTES = {"name": "name", "campaign.name": "campaign_name", "status": "status"}


@dataclass(frozen=True)
class Event:
    """What happened to an object: what its measures grew by on a day or in an hour, or fields that changed.

    `at` is a day of the account, or an hour of it as a naive local time. `added` names every stored measure that moved,
    money in micros; profit follows from gross profit and spend. `fields` are those of the object, or of what is above
    it if `of` says so; money in micros.
    """

    key: Key
    at: date | datetime | None = None
    added: Mapping[str, int] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    of: Of = "self"


class Live:
    """A table that events are applied to. It holds for as long as its windows cover the same days and hours.

    A figure that is not known stays unknown, whatever is added to it. Matured figures do not follow from what is added:
    `resum` gives them, and without it they are unknown from the first event in their window on. So are sums over hours
    after an event that names a day alone.
    """

    def __init__(self, program: Program, table: Table, resum: Resum | None = None) -> None:
        self._program = program
        self._table = table
        self._resum = resum
        self._subjects = list(table.subjects)
        self._rows = {subject.key: row for row, subject in enumerate(self._subjects)}
        self._columns = np.array(program.columns_in(table), dtype=np.float64).reshape(-1, len(table)).T.copy()
        self._places = {
            column: place for place, column in enumerate(program.code.columns) if isinstance(column, Column)
        }
        self._spans = {window: table.span(window) for column in self._places if (window := column.window)}
        needed = {column.of for column in self._places if column.of != "self"}
        needed |= {each.ranked.within for each in program.code.rankings}
        self._groups: dict[str, Groups] = {
            each: groups_of(table.groups(each), table.ungrouped(each)) for each in sorted(needed)
        }
        self._verdicts = np.vstack(program.verdicts_in(table)).T.copy()
        self._values = program.whole_values(list(self._columns.T), len(table))
        code = program.code
        self._row_stack, self._row_kept = np.zeros(code.height + 1), np.zeros(len(code.values))
        self._row_slots, self._row_verdicts = (np.zeros(size, dtype=np.uint8) for size in (code.slots, code.depth + 1))

    def holds(self, now: datetime) -> bool:
        """Return whether every window still covers the same days and hours at a local time of the account."""
        return all(window.span(now) == span for window, span in self._spans.items())

    def row(self, key: Key) -> int:
        """Return the row of an object. Raises InputError for one that the table does not hold."""
        if key not in self._rows:
            raise InputError(f"There is no object {key} in this table of {len(self._subjects)}.")
        return self._rows[key]

    def table(self) -> Table:
        """Return a table of what is known now."""
        numbers = {column: self._columns[:, place].copy() for column, place in self._places.items()}
        return replace(self._table, subjects=tuple(self._subjects), numbers=numbers)

    def verdicts(self, row: int) -> Bytes:
        """Return what each rule says of one row: 0 is false, 1 unknown, 2 true."""
        code = self._program.code
        answers = np.empty(len(self._program.rules), dtype=np.uint8)
        self._row_slots[: self._verdicts.shape[1]] = self._verdicts[row]
        single(
            code.steps,
            code.logic,
            code.constants,
            code.thresholds,
            code.lists,
            self._columns[row],
            self._row_stack,
            self._row_kept,
            self._row_slots,
            self._row_verdicts,
            answers,
        )
        return answers

    def look(self, rows: Codes) -> Verdicts:
        """Return what each rule says of many rows, in their order."""
        return self._program.answers(list(self._columns[rows].T), self._verdicts[rows].T)

    def apply(self, event: Event) -> Codes:
        """Bring the table up to date, and return the rows whose figures, texts or ranks it moved, in order.

        Raises InputError for an object or a field that is not known, and for ids, which tell where an object stands.
        """
        row = self.row(event.key)
        self._check(event)
        moved = np.zeros(len(self._subjects), dtype=np.bool_)
        moved[row] = True
        windows: set[Window | None] = set()
        for column, place, added in self._additions(event):
            windows.add(column.window)
            rows = self._of(column.of, row)
            self._columns[rows, place] = (
                self._again(column, row) if added is None else self._columns[rows, place] + added
            )
            moved[rows] = True
        peers_changed = self._change(event, self._of(event.of, row), moved)
        self._renew(np.flatnonzero(moved), windows, peers_changed, moved)
        return np.flatnonzero(moved)

    def _check(self, event: Event) -> None:
        for name in event.fields:
            if name not in FIELDS or name in _OWN_IDS:
                raise InputError(f"{name!r} is no field that an event changes: read the table anew.")

    def _of(self, of: Of, row: int) -> Codes:
        """Return the rows that share what is above a row; of its own there is one."""
        if of == "self":
            return np.array([row])
        groups = self._groups.get(of)
        if groups is None:
            groups = self._groups[of] = groups_of(self._table.groups(of), self._table.ungrouped(of))
        return groups.rows(int(groups.codes[row]))

    # Figures

    def _additions(self, event: Event) -> Iterator[tuple[Column, int, float | None]]:
        """Yield the columns that an event moves, and what is added to them; None where that does not follow."""
        if event.at is None or not event.added:
            return
        added = dict(event.added)
        if "profit" not in added and {"gross_profit", "spend"} & set(added):
            added["profit"] = added.get("gross_profit", 0) - added.get("spend", 0)
        for column, place in self._places.items():
            window = column.window
            if window is None or not (column.name in added or column.name == ARRIVED):
                continue
            inside = _covers(self._spans[window], event.at)
            if inside is not False:
                follows = inside and not column.matured and column.name != ARRIVED
                yield column, place, float(added[column.name]) if follows else None

    def _again(self, column: Column, row: int) -> float:
        return math.nan if self._resum is None else self._resum(column, row)

    # Fields

    def _change(self, event: Event, rows: Codes, moved: NDArray[np.bool_]) -> Sequence[int]:
        """Set changed fields, and return the slots of the verdicts of scopes and texts that became others."""
        if not event.fields:
            return ()
        moved[rows] = True
        for name in NUMBERS.keys() & event.fields.keys():
            value = event.fields[name]
            if (place := self._places.get(Column(name, None, event.of))) is not None:
                self._columns[rows, place] = math.nan if value is None else float(value)
        changed: set[int] = set()
        for row in rows:
            self._subjects[row] = subject = _changed(self._subjects[row], event)
            for slot, condition in enumerate(self._program.code.fixed):
                verdict = fixed_verdict(condition, subject)
                if self._verdicts[row, slot] != verdict:
                    self._verdicts[row, slot] = verdict
                    changed.add(slot)
        return sorted(changed)

    # Ranks and probabilities

    def _renew(
        self, rows: Codes, windows: Set[Window | None], peers_changed: Sequence[int], moved: NDArray[np.bool_]
    ) -> None:
        """Bring ranks and probabilities up to date with rows whose figures, or whose peers, became others."""
        columns = list(self._columns[rows].T)
        values = self._program.whole_values(columns, len(rows))
        is_other = ~((values == self._values[:, rows]) | (np.isnan(values) & np.isnan(self._values[:, rows])))
        self._values[:, rows] = values
        self._rank(rows, is_other, peers_changed, moved)
        self._weigh(rows, windows, is_other, columns)

    def _rank(
        self, rows: Codes, is_other: NDArray[np.bool_], peers_changed: Sequence[int], moved: NDArray[np.bool_]
    ) -> None:
        """Place anew the groups of rows with another figure, or other peers, and mark whoever that moved."""
        program = self._program
        first = len(program.code.fixed)
        for number, ranking in enumerate(program.code.rankings):
            which, peers = program.whole.index(ranking.value), program.peers_at(ranking)
            groups = self._groups[ranking.ranked.within]
            others = rows if peers in peers_changed else rows[is_other[which]]
            for group in np.unique(groups.codes[others]):
                members = groups.rows(int(group))
                placed = np.empty(len(members), dtype=np.uint8)
                who = None if peers is None else self._verdicts[members, peers]
                alone = groups_of(np.zeros(len(members), dtype=np.int64), groups.unknown[members])
                place_all(ranking.ranked, ranking.is_in, self._values[which, members], who, alone, placed)
                moved[members[placed != self._verdicts[members, first + number]]] = True
                self._verdicts[members, first + number] = placed

    def _weigh(
        self, rows: Codes, windows: Set[Window | None], is_other: NDArray[np.bool_], columns: Sequence[Floats]
    ) -> None:
        """Ask anew for the probabilities over windows that moved, or of thresholds that became others."""
        program = self._program
        first = len(program.code.fixed) + len(program.code.rankings)
        which = [
            number
            for number, each in enumerate(program.code.chances)
            if each.window in windows or (each.threshold and is_other[program.whole.index(each.threshold)].any())
        ]
        if which:
            found = np.empty((len(which), len(rows)), dtype=np.uint8)
            program.weigh(which, columns, self._values[:, rows], self._spans, found)
            self._verdicts[rows[:, None], first + np.array(which)] = found.T


def _covers(span: Span | None, at: date | datetime) -> bool | None:
    """Return whether a day or an hour is within a span; None for a day of which only hours count."""
    if span is None:
        return False
    day = at.date() if isinstance(at, datetime) else at
    if isinstance(span, DateRange):
        return span.since <= day <= span.until
    if isinstance(at, datetime):
        return span.since <= at.replace(minute=0, second=0, microsecond=0, tzinfo=None, fold=0) <= span.until
    return None if span.since.date() <= day <= span.until.date() else False


def _changed(subject: Subject, event: Event) -> Subject:
    """Return an object with the fields that an event changed; of what is above it, with those that it repeats."""
    fields = event.fields
    if event.of != "self":
        fields = {name: value for name, value in fields.items() if name == "campaign.name"}
    attributes: dict[str, Any] = {_ATTRIBUTES[name]: fields[name] for name in _ATTRIBUTES if name in fields}
    if "daily_budget" in fields:
        attributes["daily_budget_micros"] = fields["daily_budget"]
    others = {name: value for name, value in fields.items() if name not in _ATTRIBUTES and name != "daily_budget"}
    numbers = {name: value for name, value in others.items() if name in NUMBERS}
    texts = {name: value for name, value in others.items() if name not in NUMBERS}
    return replace(subject, **attributes, numbers={**subject.numbers, **numbers}, texts={**subject.texts, **texts})
