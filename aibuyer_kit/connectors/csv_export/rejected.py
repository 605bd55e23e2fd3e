"""A row of a file that cannot be used, as the quarantine keeps it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from aibuyer_kit.connectors.csv_export.cells import RejectedCellError
from aibuyer_kit.connectors.csv_export.report import RejectedRow
from aibuyer_kit.connectors.csv_export.rows import RowReader
from aibuyer_kit.connectors.csv_export.sheet import Sheet
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.unreadable import UnreadableRow, raw_json

Told = TypeVar("Told")


def rejected_row(
    sheet: Sheet, reader: RowReader, line: int, cells: Sequence[str], error: RejectedCellError
) -> RejectedRow:
    """Return the row with its line, the reason, and its key as far as it can be told."""
    listed = list(cells)
    days = _told(lambda: reader.days_of(listed))
    row = UnreadableRow(
        field=error.column,
        reason=f"{sheet.path.name}, line {line}: {error}",
        raw=raw_json(dict(zip(sheet.header, cells, strict=False))),
        entity_id=_told(lambda: reader.entity_of(listed)),
        days=DateRange(*days) if days else None,
        breakdown=_told(lambda: reader.breakdown_of(listed)),
    )
    return RejectedRow(line, str(error), row)


def _told(tell: Callable[[], Told]) -> Told | None:
    try:
        return tell()
    except (RejectedCellError, IndexError):
        return None
