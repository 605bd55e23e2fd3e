"""A CSV file as text cells: encoding, separator and quotes, with the line on which every record begins."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from aibuyer_kit.core.errors import ImportFileError

SEPARATORS = {",": '","', ";": '";"', "\t": 'a tab, written "\\t"', "|": '"|"'}
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONVERT = "Save it as 'CSV UTF-8', or convert it: iconv -f {encoding} -t UTF-8 old.csv > new.csv"


@dataclass(frozen=True)
class Sheet:
    """A header and its records, each with its line in the file; cells are untouched text, header names are trimmed."""

    path: Path
    header: tuple[str, ...]
    records: Sequence[tuple[int, list[str]]]

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each column stands; of a name that occurs twice, the first place."""
        return {name: place for place, name in reversed(list(enumerate(self.header)))}


def read_sheet(path: Path, delimiter: str | None = None) -> Sheet:
    """Return the file's cells; without a delimiter it is taken from the header if that leaves no doubt.

    Raises ImportFileError if the file cannot be read, is empty, is not UTF-8, or has broken quotes.
    """
    text = _decoded(path, _content(path))
    records = _records(path, text, delimiter or _delimiter_of(path, text))
    header_line, header = next((record for record in records if any(record[1])), (0, []))
    if not header_line:
        raise ImportFileError(f"{path}: the file is empty. Export it again with a header and at least one row.")
    rows = list(records)
    if not any(any(cells) for _, cells in rows):
        raise ImportFileError(f"{path}: the file has only a header. Export a period in which something happened.")
    return Sheet(path, tuple(name.strip() for name in header), rows)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImportFileError(f"{path}: the file cannot be read ({error.strerror}).") from None


def _decoded(path: Path, content: bytes) -> str:
    if content.startswith(_UTF16_MARKS) or b"\0" in (content[0:1], content[1:2]):
        raise ImportFileError(f"{path}: the file is not UTF-8 but UTF-16. {_CONVERT.format(encoding='UTF-16')}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ImportFileError(
            f"{path}: line {line} is not UTF-8 (byte 0x{content[error.start]:02x} at {error.start}). "
            f"{_CONVERT.format(encoding='CP1251')} (in place of CP1251, the encoding that it has)."
        ) from None


def _delimiter_of(path: Path, text: str) -> str:
    found = [mark for mark in SEPARATORS if len(_first_record(text, mark)) > 1]
    if len(found) > 1:
        named = " or ".join(SEPARATORS[mark] for mark in found)
        raise ImportFileError(
            f'{path}: the header may be separated by {named}. State one in a mapping, as in delimiter = ";".'
        )
    return found[0] if found else ","


def _first_record(text: str, delimiter: str) -> list[str]:
    try:
        return next(
            (cells for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(cells)), []
        )
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
