"""Rows and frames written as CSV or XLSX that no spreadsheet runs: every text passes `core.escape.for_sheet`."""

import contextlib
import csv
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.escape import for_sheet

if TYPE_CHECKING:
    import pandas as pd

Rows = Sequence[Mapping[str, object]]

# A file with commas is torn apart at these where they separate a reader's lists; what follows would stand alone.
_FOREIGN_BREAK = re.compile(r"([;\t\r\n] *)(?=[=+\-@])")
# A workbook cannot hold these; what cannot be shown is shown as such.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LONGEST_CELL = 32_767
_MOST_ROWS = 1_048_575


def write_csv(path: str | Path, table: "Rows | pd.DataFrame") -> int:
    """Write rows, or a frame's columns without its index, as CSV in UTF-8 with its mark; return how many there were.

    Numbers are exact and unknown values are empty. The file appears whole or not at all. Raises InputError if it
    cannot be written.
    """

    def write(unfinished: Path) -> int:
        with unfinished.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_MINIMAL)
            writer.writerows([_csv_cell(cell) for cell in line] for line in (head, *lines))
        return len(lines)

    head, lines = _head_and_lines(table)
    return _written(Path(path), write)


def write_xlsx(path: str | Path, table: "Rows | pd.DataFrame", *, sheet: str = "Data") -> int:
    """Write rows, or a frame's columns without its index, as one sheet of a workbook, and return how many there were.

    Numbers are numbers and days are days; a moment with a zone and a whole number of over 15 digits, which a
    spreadsheet would cut, are text. Raises InputError if the table or a text is too long, or if the file cannot be
    written.
    """
    from openpyxl import Workbook

    def write(unfinished: Path) -> int:
        book = Workbook(write_only=True)
        page = book.create_sheet(sheet)
        for line in cells:
            page.append(line)
        book.save(unfinished)
        return len(lines)

    head, lines = _head_and_lines(table)
    if len(lines) > _MOST_ROWS:
        raise InputError(f"{path}: {len(lines):,} rows are more than the {_MOST_ROWS:,} of a sheet. Write CSV instead.")
    cells = [[_xlsx_cell(cell) for cell in line] for line in (head, *lines)]
    return _written(Path(path), write)


def _head_and_lines(table: "Rows | pd.DataFrame") -> tuple[list[object], list[list[object]]]:
    if isinstance(table, Sequence):
        names = list(dict.fromkeys(name for row in table for name in row))
        return [*names], [[row.get(name) for name in names] for row in table]
    known = table.astype(object).where(table.notna(), None)
    return [*map(str, table.columns)], [list(line) for line in known.itertuples(index=False, name=None)]


def _plain(cell: Any) -> object:
    """Return a Python value: None for everything unknown, numbers of numpy as Python's, text for the rest."""
    # NaN is the one value that differs from itself.
    if cell is None or cell != cell:
        return None
    if hasattr(cell, "item"):
        cell = cell.item()
    if isinstance(cell, bool | int | float | Decimal | datetime | date | time):
        return cell
    return str(cell)


def _csv_cell(cell: object) -> object:
    plain = _plain(cell)
    if isinstance(plain, str):
        return _FOREIGN_BREAK.sub(r"\1'", str(for_sheet(plain)))
    return plain.isoformat() if isinstance(plain, date | time) else plain


def _xlsx_cell(cell: object) -> object:
    plain = _plain(cell)
    if isinstance(plain, int | Decimal) and not isinstance(plain, bool) and len(Decimal(plain).as_tuple().digits) > 15:
        plain = str(plain)
    if isinstance(plain, datetime) and plain.tzinfo:
        plain = plain.isoformat()
    if isinstance(plain, float) and plain in (float("inf"), float("-inf")):
        plain = str(plain)
    if not isinstance(plain, str):
        return plain
    text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(for_sheet(plain)))
    if len(text) > _LONGEST_CELL:
        raise InputError(f"A text of {len(text):,} characters is longer than a cell of a workbook. Write CSV instead.")
    return text


def _written(path: Path, write: Callable[[Path], int]) -> int:
    if not path.parent.is_dir():
        raise InputError(f"{path}: the file cannot be written: there is no folder {path.parent}.")
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        count = write(unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise InputError(
            f"{path}: the file cannot be written ({error.strerror}). Free some space, or check the folder's owner and"
            " mode."
        ) from None
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return count
