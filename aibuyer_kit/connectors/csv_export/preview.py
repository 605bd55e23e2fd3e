"""How every column of a file was understood, for a person to check before anything is loaded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aibuyer_kit.connectors.csv_export.mapping import ENTITY_LEVELS, Mapping
from aibuyer_kit.connectors.csv_export.report import ImportReport
from aibuyer_kit.connectors.csv_export.rows import Day, FactRow, RowReader, Value
from aibuyer_kit.connectors.csv_export.sheet import Sheet
from aibuyer_kit.core.money import units_from_micros
from aibuyer_kit.core.text_table import as_table

_LONGEST_EXAMPLE = 32
_SPACE = {" ": "a space", "'": "an apostrophe"}


@dataclass(frozen=True)
class ColumnPreview:
    """One column: its name, what it is taken for, how its cells are read, and a cell with what was read from it."""

    column: str
    taken_as: str
    written: str = ""
    cell: str = ""
    read_as: str = ""


@dataclass(frozen=True)
class ImportPreview:
    """How a file was read: its source, what all rows share, and one entry a column in the order of the file."""

    source: str
    about: str
    columns: tuple[ColumnPreview, ...]

    def __str__(self) -> str:
        rows = [
            {
                "column": each.column,
                "taken as": each.taken_as,
                "written": each.written,
                "cell": _short(each.cell),
                "read as": _short(each.read_as),
            }
            for each in self.columns
        ]
        return f"{self.source}\n{self.about}\n\n{as_table(rows)}"


def preview_of(
    sheet: Sheet, mapping: Mapping, reader: RowReader, facts: Sequence[FactRow], report: ImportReport
) -> ImportPreview:
    """Return how the sheet's columns were understood, each with the first kept cell that holds anything."""
    known = {each.column: each for each in _columns(sheet, mapping, reader, facts)}
    unused = {name: ColumnPreview(name, "not read", cell=_first_cell(sheet, name, facts)) for name in sheet.header}
    about = (
        f"{mapping.level} rows of account {mapping.account_id} ({mapping.platform}), {mapping.currency}, days of "
        f"{mapping.time_zone}; {report.rows_kept} of {report.rows_read} rows would be kept"
    )
    return ImportPreview(sheet.source, about, tuple((unused | known)[name] for name in dict.fromkeys(sheet.header)))


def _columns(sheet: Sheet, mapping: Mapping, reader: RowReader, facts: Sequence[FactRow]) -> Iterator[ColumnPreview]:
    texts = [
        *((name, column) for name, column in mapping.columns if column and name.endswith(("_id", "_name"))),
        *((f"attribute {name}", column) for name, column in mapping.attributes.items()),
        *((f"breakdown {name}", column) for name, column in mapping.breakdowns.items()),
    ]
    identities = {level: mapping.columns.identity(level) for level in ENTITY_LEVELS}
    for name, column in texts:
        level = next((level for level, identity in identities.items() if identity == column), None)
        taken_as = f"{name}, the {level}'s id" if level and name.endswith("_name") else name
        cell = _first_cell(sheet, column, facts)
        yield ColumnPreview(column, taken_as, "text", cell, cell)
    if isinstance(reader.days, tuple):
        for name, day in zip(("first day", "last day"), reader.days, strict=True):
            yield _day(sheet, "day" if reader.days[0] is reader.days[1] else name, day, facts)
    for order, value in enumerate(reader.values):
        yield _figure(sheet, mapping, value, order, facts)
    if mapping.results:
        yield from _results(sheet, mapping, reader, facts)
    for check in mapping.ratios:
        cell = _first_cell(sheet, check.column, facts)
        yield ColumnPreview(check.column, f"checked against {check.of} / {check.per}, not stored", cell=cell)
    for actions in (each for each in mapping.long_actions if each.file is None):
        yield ColumnPreview(actions.action_type, "action type", "text")
        for window, column in actions.windows().items():
            yield ColumnPreview(column, f"{actions.kind}, {window}")


def _results(sheet: Sheet, mapping: Mapping, reader: RowReader, facts: Sequence[FactRow]) -> Iterator[ColumnPreview]:
    """Yield the column of results, as all that its rows are, and the one that says which."""
    read = [each.name for each in reader.values if each.told_by]
    if told := mapping.results:
        cell = _first_cell(sheet, told.count, facts)
        taken_as = f"{', '.join(read)}, as {told.indicator!r} says" if read else "not read"
        yield ColumnPreview(told.count, taken_as, "a count" if read else "", cell, cell if read else "")
        indicator = _first_cell(sheet, told.indicator, facts)
        yield ColumnPreview(told.indicator, "which result a row has", "text", indicator, indicator)


def _day(sheet: Sheet, name: str, day: Day, facts: Sequence[FactRow]) -> ColumnPreview:
    cell = facts[0].cells[day.place]
    read = facts[0].until if name == "last day" else facts[0].since
    order = "/".join(day.written.order) if day.written.order else ""
    written = day.written.pattern or ("a day" if cell[:4].isdigit() else f"a day, {order}")
    return ColumnPreview(sheet.header[day.place], name, written, cell, str(read) if cell else "")


def _figure(sheet: Sheet, mapping: Mapping, value: Value, order: int, facts: Sequence[FactRow]) -> ColumnPreview:
    first = next((fact for fact in facts if fact.values[order] is not None), None)
    read = first.values[order] if first else None
    is_count = value.kind == "count"
    unit = f"micros of {mapping.currency}" if value.written.in_micros else mapping.currency
    kind = "a count" if is_count else f"money in {unit}"
    shown = "" if read is None else str(read if is_count else f"{units_from_micros(read):f}")
    cell = first.cells[value.place] if first else ""
    return ColumnPreview(sheet.header[value.place], value.name, f"{kind}{_marks(value)}", cell, shown)


def _marks(value: Value) -> str:
    between = value.written.thousands
    named = f", thousands {_SPACE.get(between, between)}" if between else ""
    return f"; decimal {value.written.decimal}{named}" if value.kind != "count" else ""


def _first_cell(sheet: Sheet, column: str, facts: Sequence[FactRow]) -> str:
    place = sheet.places[column]
    return next((fact.cells[place] for fact in facts if fact.cells[place].strip()), "")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_EXAMPLE else f"{text[: _LONGEST_EXAMPLE - 1]}…"
