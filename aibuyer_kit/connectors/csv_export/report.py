"""What an import did with every row: nothing is mended, and nothing is left out without being counted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.unreadable import UnreadableRow

# Of what can be as long as the file, a report keeps this many and counts the rest.
KEPT_AS_EXAMPLES = 100
_SHOWN_DAYS = 10
_SHOWN_LINES = 10


@dataclass(frozen=True)
class RejectedRow:
    """A row that was left out whole: the line on which it begins, why, and the row as the quarantine keeps it."""

    line: int
    reason: str
    kept: UnreadableRow | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class SecondFile:
    """A list of actions beside the export: its rows are counted apart from the export's."""

    name: str
    rows_read: int
    rows_kept: int
    rejected: tuple[RejectedRow, ...]


@dataclass(frozen=True)
class EntityChange:
    """An entity that is described in two ways in one file; the newest day's text is kept."""

    line: int
    level: Level
    entity_id: str
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class EmptyCells:
    """Kept rows of one period that leave values empty: how many, and which values at least one of them leaves out."""

    days: DateRange
    rows: int
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.days}: {self.rows} row{'s' * (self.rows != 1)} without {', '.join(self.values)}"


@dataclass(frozen=True)
class RatioDifference:
    """A ratio that the file states otherwise than its own counts give; only the counts are stored."""

    line: int
    column: str
    stated: str
    counted: str


@dataclass(frozen=True)
class ImportReport:
    """The account of one import: rows_read = rows_kept + totals_rows + empty_rows + rejected_count.

    `totals` sums the kept rows by value ("spend", "actions.purchase", ...): Decimal currency units or whole counts,
    None where no row had a value; reach is not there, since people are not summed. `rejected` and `entity_changes`
    hold the first of them, their counts hold all. `missing_days` are the gaps between the first and the last day,
    `empty_days` those whose row holds nothing but the day, and `empty_cells` the days on which some values are empty
    that other days have; columns that are empty from top to bottom are `empty_columns`. Rows with results whose kind is
    not told or is no action have unknown actions: `unknown_result_lines` holds the first lines, the count all.
    """

    rows_read: int
    rows_kept: int
    totals_rows: int
    empty_rows: int
    rows_without_values: int
    rejected: tuple[RejectedRow, ...]
    rejected_count: int
    entity_changes: tuple[EntityChange, ...]
    entity_change_count: int
    missing_days: tuple[DateRange, ...]
    empty_days: tuple[DateRange, ...]
    empty_cells: tuple[EmptyCells, ...]
    empty_columns: tuple[str, ...]
    ratio_differences: tuple[RatioDifference, ...]
    ratio_difference_count: int
    ratios_checked: int
    ratios_left_open: tuple[str, ...]
    rounded_amounts: int
    rounding_drift_units: Decimal
    totals: Mapping[str, Decimal | int | None]
    unused_columns: tuple[str, ...]
    second_files: tuple[SecondFile, ...] = ()
    unread_results: tuple[str, ...] = ()
    unknown_result_lines: tuple[int, ...] = ()
    unknown_result_count: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether no row was rejected: only then is a fact that is not in the file known to be gone."""
        return self.rejected_count == 0 and not any(file.rejected for file in self.second_files)

    @property
    def missing_day_count(self) -> int:
        return sum(map(len, self.missing_days))

    def __str__(self) -> str:
        return "\n".join([*self._rows_text(), *self._days_text(), *self._figures_text()])

    def _rows_text(self) -> Iterator[str]:
        left_out = (
            f"{self.totals_rows} totals, {self.empty_rows} empty and {self.rejected_count} rejected rows left out"
        )
        yield f"{self.rows_kept} of {self.rows_read} rows kept: {left_out}"
        yield from (f"line {row.line}: {row.reason}" for row in self.rejected)
        if self.unused_columns:
            yield f"columns that are not read: {', '.join(self.unused_columns)}"
        if self.unread_results:
            yield f"results of these kinds are not read, as they name no action: {', '.join(self.unread_results)}"
        if self.unknown_result_count:
            yield self._unknown_results_text()
        for file in self.second_files:
            yield f"{file.name}: {file.rows_kept} of {file.rows_read} rows kept"
            yield from (f"line {row.line}: {row.reason}" for row in file.rejected[:KEPT_AS_EXAMPLES])

    def _unknown_results_text(self) -> str:
        several = self.unknown_result_count > 1
        shown = ", ".join(map(str, self.unknown_result_lines[:_SHOWN_LINES]))
        more = ", …" if self.unknown_result_count > _SHOWN_LINES else ""
        return (
            f"{self.unknown_result_count} row{'s have' if several else ' has'} results whose kind is not told or not "
            f"read, so {'their' if several else 'its'} actions are unknown: line{'s' * several} {shown}{more}"
        )

    def _days_text(self) -> Iterator[str]:
        if self.missing_days:
            yield f"{self.missing_day_count} days without a row: {', '.join(map(str, self.missing_days))}"
        if self.empty_days:
            yield f"{len(self.empty_days)} rows with nothing but their day: {', '.join(map(str, self.empty_days))}"
        yield from (f"empty cells on {each}" for each in self.empty_cells[:_SHOWN_DAYS])
        if len(self.empty_cells) > _SHOWN_DAYS:
            yield f"empty cells on {len(self.empty_cells) - _SHOWN_DAYS} more days"
        if self.empty_columns:
            yield f"columns without a value: {', '.join(self.empty_columns)}"

    def _figures_text(self) -> Iterator[str]:
        if self.rounded_amounts:
            yield f"{self.rounded_amounts} amounts rounded to micros: {self.rounding_drift_units:+f} in all"
        if self.entity_change_count:
            yield f"{self.entity_change_count} changes of names or attributes: the newest is kept"
        if self.ratios_left_open:
            yield f"ratios not compared, as their numbers may be read in two ways: {', '.join(self.ratios_left_open)}"
        if self.ratio_differences:
            first = self.ratio_differences[0]
            yield (
                f"{self.ratio_difference_count} of {self.ratios_checked} stated ratios differ from the file's own "
                f"counts, which are kept; line {first.line}, {first.column!r}: {first.stated} stated, "
                f"{first.counted} counted"
            )
