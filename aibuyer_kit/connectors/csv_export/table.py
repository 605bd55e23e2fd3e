"""What a reader of files hands on: records with their lines, and which cells of a workbook are merged."""

from collections.abc import Sequence
from typing import NamedTuple


class Merge(NamedTuple):
    """Cells shown as one, from the first to the last line and place (from 0); only the first of them holds text."""

    first_line: int
    last_line: int
    first_place: int
    last_place: int


class Table(NamedTuple):
    """All records of a file, header and titles among them; `source` says for people how they were read."""

    records: Sequence[tuple[int, list[str]]]
    source: str
    merges: Sequence[Merge] = ()
