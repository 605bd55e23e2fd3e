"""A file as text cells with the line of every record: CSV in any dress, or one sheet of a workbook."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from aibuyer_kit.connectors.csv_export.delimited import read_delimited
from aibuyer_kit.connectors.csv_export.header import split_header
from aibuyer_kit.connectors.csv_export.workbook import is_workbook, read_workbook
from aibuyer_kit.core.errors import ImportFileError

LARGEST_FILE_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True)
class Sheet:
    """A header and its records, each with its line in the file; cells are untouched text, header names are trimmed.

    `source` tells how the file was read, for people.
    """

    path: Path
    header: tuple[str, ...]
    records: Sequence[tuple[int, list[str]]]
    source: str = "CSV"

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each column stands; of a name that occurs twice, the first place."""
        return {name: place for place, name in reversed(list(enumerate(self.header)))}

    def column(self, name: str) -> Iterator[str]:
        """Return the cells of a column from top to bottom; records that are too short have none."""
        place = self.places[name]
        return (cells[place] for _, cells in self.records if place < len(cells))

    def distinct(self, name: str) -> list[str]:
        """Return the different cells of a column in the order in which they occur."""
        return list(dict.fromkeys(self.column(name)))

    def line_of(self, name: str, text: str) -> int:
        """Return the first line that holds `text` in a column."""
        place = self.places[name]
        return next(line for line, cells in self.records if place < len(cells) and cells[place] == text)


def read_sheet(
    path: Path,
    delimiter: str | None = None,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
) -> Sheet:
    """Return a file's cells; what is not stated is taken from the file if that leaves no doubt.

    Raises ImportFileError if the file cannot be read, is too large or empty, or if a doubt remains.
    """
    content = _content(path)
    if is_workbook(content):
        table = read_workbook(path, content, sheet)
    elif sheet:
        raise ImportFileError(f"{path}: this is no workbook, and only a workbook has a sheet {sheet!r}. Leave it out.")
    else:
        table = read_delimited(path, content, delimiter, encoding)
    header, records = split_header(path, table, header_row)
    return Sheet(path, header, records, table.source)


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise ImportFileError(
                f"{path}: the file has {path.stat().st_size:,} bytes; at most {LARGEST_FILE_BYTES:,} are read. "
                "Export a shorter period at a time."
            )
        return path.read_bytes()
    except OSError as error:
        raise ImportFileError(f"{path}: the file cannot be read ({error.strerror}).") from None
