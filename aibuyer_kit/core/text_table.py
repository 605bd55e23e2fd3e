"""Rows as plain text for a terminal, or as JSON for another program."""

import json
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import date, datetime

from aibuyer_kit.core.escape import for_terminal
from aibuyer_kit.core.i18n import messages

Row = Mapping[str, object]
# How many decimals a column of a row has; None where it has no number of its own.
Decimals = Callable[[Row, str], int | None]


def as_table(
    rows: Sequence[Row],
    *,
    empty: str = "Nothing to show.",
    decimals: Decimals | None = None,
    right: Container[str] = (),
) -> str:
    """Return aligned columns, numbers and columns named in `right` to the right; unknown values are a dash.

    >>> print(as_table([{"name": "a", "spend": 1.5}, {"name": "b", "spend": None}]))
    name  spend
    a      1.50
    b         –
    """
    if not rows:
        return empty
    names = list(rows[0])
    cells = [[_cell(row[name], decimals and decimals(row, name)) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[at]) for line in cells)) for at, name in enumerate(names)]
    to_right = [name in right or any(isinstance(row[name], int | float) for row in rows) for name in names]
    lines = [_line(names, widths, to_right), *(_line(line, widths, to_right) for line in cells)]
    return "\n".join(lines)


def headed(rows: Iterable[Row], locale: str) -> list[dict[str, object]]:
    """Return rows with their columns named in the reader's language; a column without a word keeps its name."""
    words = messages(locale)
    return [{str(words.get(f"head.{name}", name)): value for name, value in row.items()} for row in rows]


def as_json(rows: Iterable[Row]) -> str:
    """Return rows as a JSON array; days and moments in ISO form, unknown values as null."""
    return _json([dict(row) for row in rows])


def as_json_object(row: Row) -> str:
    """Return one row, which may hold others, as a JSON object."""
    return _json(dict(row))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False, default=_plain)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _cell(value: object, decimals: int | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if decimals is not None:
            return f"{value:,.{decimals}f}"
        # A click-through rate of 0.0186 must not read 0.02.
        return f"{value:,.2f}" if abs(value) >= 1 or value == 0 else f"{value:,.4f}"
    return for_terminal(value)


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)
