"""What an import did with every row: nothing is mended, and nothing is left out without being counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level

# Of what can be as long as the file, a report keeps this many and counts the rest.
KEPT_AS_EXAMPLES = 100


@dataclass(frozen=True)
class RejectedRow:
    """A row that was left out whole: the line on which it begins, and why."""

    line: int
    reason: str


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
class ImportReport:
    """The account of one import: rows_read = rows_kept + totals_rows + empty_rows + rejected_count.

    `totals` sums the kept rows by value ("spend", "actions.purchase", ...): Decimal currency units or whole counts,
    None where no row had a value; reach is not there, since people are not summed. `rejected` and `entity_changes`
    hold the first of them, their counts hold all. `missing_days` are the gaps between the first and the last day.
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
    rounded_amounts: int
    rounding_drift_units: Decimal
    totals: Mapping[str, Decimal | int | None]
    unused_columns: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether no row was rejected: only then is a fact that is not in the file known to be gone."""
        return self.rejected_count == 0

    @property
    def missing_day_count(self) -> int:
        return sum(map(len, self.missing_days))

    def __str__(self) -> str:
        kept = f"{self.rows_kept} of {self.rows_read} rows kept"
        left_out = (
            f"{self.totals_rows} totals, {self.empty_rows} empty and {self.rejected_count} rejected rows left out"
        )
        lines = [f"{kept}: {left_out}", *(f"line {row.line}: {row.reason}" for row in self.rejected)]
        if self.missing_days:
            lines.append(f"{self.missing_day_count} days without a row: {', '.join(map(str, self.missing_days))}")
        if self.rounded_amounts:
            lines.append(f"{self.rounded_amounts} amounts rounded to micros: {self.rounding_drift_units:+f} in all")
        if self.entity_change_count:
            lines.append(f"{self.entity_change_count} changes of names or attributes: the newest is kept")
        return "\n".join(lines)
