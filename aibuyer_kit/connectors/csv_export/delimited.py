"""A CSV file as records: its separator and quotes, with the line on which every record begins."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from aibuyer_kit.connectors.csv_export.encodings import decoded
from aibuyer_kit.connectors.csv_export.table import Table
from aibuyer_kit.core.errors import ImportFileError

SEPARATORS = {",": '","', ";": '";"', "\t": 'a tab, written "\\t"', "|": '"|"'}
# The header is looked for in this much of the text, and a single cell may be as long.
_LOOKED_AT = 200_000


def read_delimited(path: Path, content: bytes, delimiter: str | None, encoding: str | None) -> Table:
    """Return a CSV file's records; without a delimiter it is taken from the header if that leaves no doubt.

    Raises ImportFileError for an unknown encoding, two possible separators or broken quotes.
    """
    text, encoding = decoded(path, content, encoding)
    delimiter = delimiter or _delimiter_of(path, text)
    records = list(_records(path, text, delimiter))
    return Table(records, f"CSV in {encoding.upper()}, separated by {SEPARATORS[delimiter]}")


def _delimiter_of(path: Path, text: str) -> str:
    found = [mark for mark in SEPARATORS if len(_first_record(text, mark)) > 1]
    if len(found) > 1:
        named = " or ".join(SEPARATORS[mark] for mark in found)
        raise ImportFileError(
            f'{path}: the header may be separated by {named}. State one: delimiter = ";" in a mapping, '
            'or --delimiter ";" on the command line.'
        )
    return found[0] if found else ","


def _first_record(text: str, delimiter: str) -> list[str]:
    try:
        lines = io.StringIO(text[:_LOOKED_AT], newline="")
        return next((cells for cells in csv.reader(lines, delimiter=delimiter) if any(cells)), [])
    except csv.Error:
        return []


def _records(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ImportFileError(
                f"{path}: the record that begins on line {line} cannot be read ({error}). "
                'A quote inside a quoted cell is written twice: "".'
            ) from None
        yield line, cells
