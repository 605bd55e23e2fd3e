"""Actions in long form: a row for each action type of an entity and day, with a column per attribution window."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from aibuyer_kit.connectors.csv_export.cells import NumberFormat, RejectedCellError
from aibuyer_kit.connectors.csv_export.columns import check_column, row_reader
from aibuyer_kit.connectors.csv_export.formats import number_format
from aibuyer_kit.connectors.csv_export.mapping import Columns, LongActions, Mapping
from aibuyer_kit.connectors.csv_export.rejected import rejected_row
from aibuyer_kit.connectors.csv_export.report import RejectedRow, SecondFile
from aibuyer_kit.connectors.csv_export.rows import FactRow, RowReader
from aibuyer_kit.connectors.csv_export.sheet import Sheet, read_sheet
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ImportFileError
from aibuyer_kit.core.facts import WINDOWS

# The entity, its days and its breakdown: what the rows of one fact share.
Key = tuple[str, date, date, str]


@dataclass
class LongList:
    """One list of actions: by fact and action type a value per window (counts, or micros), and what was left out."""

    actions: LongActions
    sheet: Sheet
    values: dict[Key, dict[str, dict[str, int | None]]] = field(default_factory=dict)
    ids: dict[Key, dict[Level, str]] = field(default_factory=dict)
    first_lines: dict[Key, int] = field(default_factory=dict)
    rejected: list[RejectedRow] = field(default_factory=list)
    rows: int = 0

    def second_file(self) -> SecondFile:
        name = self.sheet.path.name
        rejected = tuple(RejectedRow(row.line, f"{name}: {row.reason}") for row in self.rejected)
        return SecondFile(name, self.rows + len(rejected), self.rows, rejected)

    def listed(self, key: Key) -> list[dict[str, Any]] | None:
        """Return the actions of a fact as `core.facts` has them; None if the list does not name it."""
        types = self.values.get(key)
        blank = dict.fromkeys(WINDOWS)
        return None if types is None else [{"action_type": each, **blank, **found} for each, found in types.items()]

    def totals(self) -> dict[str, int | None]:
        """Return the sum of every action type under the platform's own setting."""
        sums: dict[str, int | None] = {}
        for types in self.values.values():
            for action_type, found in types.items():
                before, value = sums.get(action_type), found["total"]
                sums[action_type] = before if value is None else (before or 0) + value
        return sums


class _Window(NamedTuple):
    name: str
    place: int
    written: NumberFormat


def read_long_lists(sheet: Sheet, mapping: Mapping) -> list[LongList]:
    """Return every list of actions that the mapping names, in this sheet or in files beside it.

    Raises ImportFileError if a file or column is not there, or if one list names an action of a fact twice.
    """
    return [_read(_sheet_of(sheet, mapping, actions), mapping, actions) for actions in mapping.long_actions]


def key_of(fact: FactRow, level: Level) -> Key:
    return fact.ids[level], fact.since, fact.until, fact.breakdown


def facts_named_only_by(
    lists: Iterable[LongList], known: Sequence[FactRow], level: Level, values: int, width: int
) -> Iterator[FactRow]:
    """Yield a fact without figures for every key that a list names and no row of the export has."""
    seen = {key_of(fact, level) for fact in known}
    for each in lists:
        for key in each.values:
            if key not in seen:
                seen.add(key)
                blank: list[int | None] = [None] * values
                line = each.first_lines[key]
                yield FactRow(line, [""] * width, each.ids[key], key[1], key[2], key[3], blank, [])


def _sheet_of(sheet: Sheet, mapping: Mapping, actions: LongActions) -> Sheet:
    if actions.file is None:
        return sheet
    return read_sheet(_beside(sheet.path, actions.file), mapping.delimiter, encoding=mapping.encoding)


def _beside(path: Path, name: str) -> Path:
    if Path(name).name != name:
        raise ImportFileError(f"{path}: long_actions.file is {name!r}; give the name of a file in the same folder.")
    return path.with_name(name)


def _read(sheet: Sheet, mapping: Mapping, actions: LongActions) -> LongList:
    for key, column in (("action_type", actions.action_type), *actions.windows().items()):
        check_column(sheet, f"long_actions.{key}", column)
    reader = row_reader(sheet, _keys_only(mapping))
    windows = list(_windows(sheet, mapping, actions))
    found = LongList(actions, sheet)
    for line, cells in sheet.records:
        if any(map(str.strip, cells)):
            try:
                _take(found, reader, windows, line, cells)
            except RejectedCellError as error:
                found.rejected.append(rejected_row(sheet, reader, line, cells, error))
    return found


def _windows(sheet: Sheet, mapping: Mapping, actions: LongActions) -> Iterator[_Window]:
    for name, column in actions.windows().items():
        written = number_format(sheet, mapping, column, is_count=actions.kind == "actions")
        yield _Window(name, sheet.places[column], written)


def _take(found: LongList, reader: RowReader, windows: Sequence[_Window], line: int, cells: list[str]) -> None:
    reader.check_width(cells)
    ids, since, until, breakdown = reader.key(cells)
    action_type = cells[found.sheet.places[found.actions.action_type]].strip()
    if not action_type:
        raise RejectedCellError(
            f"column {found.actions.action_type!r}: the action type is empty", found.actions.action_type
        )
    key = (ids[reader.level], since, until, breakdown)
    values = {window.name: _value(found, window, cells) for window in windows}
    if found.values.setdefault(key, {}).setdefault(action_type, values) is not values:
        raise ImportFileError(
            f"{found.sheet.path}: line {line} names the action {action_type!r} of the {reader.level} {key[0]!r} on "
            f"{since} a second time, and a sum would count it twice. Leave one of them out, or map what tells them "
            "apart under [breakdowns]."
        )
    found.ids.setdefault(key, ids)
    found.first_lines.setdefault(key, line)
    found.rows += 1


def _value(found: LongList, window: _Window, cells: list[str]) -> int | None:
    try:
        if found.actions.kind == "actions":
            return window.written.count(cells[window.place])
        return window.written.money(cells[window.place])[0]
    except RejectedCellError as error:
        column = found.sheet.header[window.place]
        raise RejectedCellError(f"column {column!r}: {error}", column) from None


def _keys_only(mapping: Mapping) -> Mapping:
    """Return the mapping of nothing but days, the identity of the row's entity, and breakdowns."""
    identity = {} if mapping.level is Level.ACCOUNT else _identity(mapping.columns, mapping.level)
    columns = Columns(date=mapping.columns.date, date_stop=mapping.columns.date_stop, **identity)
    none: dict[str, Any] = {"actions": {}, "action_values": {}, "attributes": {}, "ratios": [], "long_actions": []}
    return mapping.model_copy(update={"columns": columns, "totals_row": None, **none})


def _identity(columns: Columns, level: Level) -> dict[str, str]:
    by_id = columns.of(f"{level}_id")
    return {f"{level}_id": by_id} if by_id else {f"{level}_name": str(columns.of(f"{level}_name"))}
