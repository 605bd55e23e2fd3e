"""The header among a table's first records: one line, or two where groups of columns have a merged name above them."""

from collections.abc import Sequence
from pathlib import Path

from aibuyer_kit.connectors.csv_export.table import Merge, Table
from aibuyer_kit.core.errors import ImportFileError

_Records = Sequence[tuple[int, list[str]]]


def split_header(path: Path, table: Table, header_row: int | None) -> tuple[tuple[str, ...], _Records]:
    """Return the trimmed names of the columns and the records below them.

    Under a cell that is merged over several columns, a column is called by both names: "Facebook Clicks". Raises
    ImportFileError if there is no header, or nothing below it.
    """
    at = _header_at(path, table, header_row)
    line, cells = table.records[at]
    names = _spread(cells, line, table.merges)
    rest = table.records[at + 1 :]
    if rest and _names_groups(line, table.merges):
        below, rest = rest[0][1], rest[1:]
        names = [f"{group} {name}".strip() for group, name in _pairs(names, below)]
    if not any(any(cells) for _, cells in rest):
        raise ImportFileError(f"{path}: the file has only a header. Export a period in which something happened.")
    return tuple(name.strip() for name in names), rest


def _header_at(path: Path, table: Table, header_row: int | None) -> int:
    records = table.records
    if header_row is not None:
        found = next((at for at, (line, cells) in enumerate(records) if line == header_row and any(cells)), None)
        if found is None:
            raise ImportFileError(f"{path}: header_row is {header_row}, and no header begins on that line.")
        return found
    titles = {merge.first_line for merge in table.merges if merge.last_place > merge.first_place}
    filled = ((at, line, sum(map(bool, cells))) for at, (line, cells) in enumerate(records) if any(cells))
    # A single name merged over several columns is a title, not a header.
    found = next((at for at, line, count in filled if count > 1 or line not in titles), None)
    if found is None:
        raise ImportFileError(f"{path}: the file is empty. Export it again with a header and at least one row.")
    return found


def _names_groups(line: int, merges: Sequence[Merge]) -> bool:
    """Whether a cell of the header is merged over columns and not down into the data."""
    return any(merge.first_line == merge.last_line == line and merge.last_place > merge.first_place for merge in merges)


def _spread(cells: list[str], line: int, merges: Sequence[Merge]) -> list[str]:
    names = list(cells)
    for merge in merges:
        if merge.first_line <= line <= merge.last_line and merge.first_place < len(names):
            places = range(merge.first_place, min(merge.last_place, len(names) - 1) + 1)
            for place in places:
                names[place] = names[merge.first_place]
    return names


def _pairs(groups: list[str], names: list[str]) -> list[tuple[str, str]]:
    width = max(len(groups), len(names))
    padded = (cells + [""] * (width - len(cells)) for cells in (groups, names))
    return list(zip(*padded, strict=True))
