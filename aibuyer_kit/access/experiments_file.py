"""`experiments.csv` in a client's folder: lift tests, one a row, by which reports are calibrated.

```
object_id,since,until,spend,results,standard_error
120210,2026-03-01,2026-03-14,840.00,62,17.8
```

`object_id` is that of an ad set or a campaign, `spend` is in units of the currency that figures are shown in, over all
days of the test (0 where it is not known), and `results` are those beyond what would have come without its ads. A
column `known_on` may tell the day on which the result was known; without it, or where it is empty, that is the last
day of the test.
"""

import csv
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange, parse_day
from aibuyer_kit.core.errors import ExperimentError, PeriodError

FILE = "experiments.csv"
COLUMNS = ("object_id", "since", "until", "spend", "results", "standard_error")
OPTIONAL = ("known_on",)
_MOST_BYTES = 20_000_000


@dataclass(frozen=True)
class ExperimentRow:
    """One test as it is written down."""

    object_id: str
    days: DateRange
    spend: float
    results: float
    standard_error: float
    known_on: date | None = None


def client_experiments(context: ClientContext) -> tuple[ExperimentRow, ...]:
    """Return the client's lift tests, none where there is no file.

    Raises ExperimentError that names the file, the line and the cure.
    """
    path = context.folder / FILE
    if not path.exists() and not path.is_symlink():
        return ()
    if not os.path.realpath(path).startswith(os.path.realpath(context.folder) + os.sep):
        raise ExperimentError(f"{path} is a link that leads out of the client's folder. Use a real file.")
    return tuple(_rows(path, _text(path)))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ExperimentError(f"{path} is larger than {_MOST_BYTES:,} bytes. Leave out what is not needed.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ExperimentError(f"{path}, the file of lift tests, cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise ExperimentError(f"{path} is not a text in UTF-8. Save it as CSV in UTF-8.") from None


def _rows(path: Path, text: str) -> Iterator[ExperimentRow]:
    reader = csv.reader(text.splitlines())
    header = [name.strip() for name in next(reader, [])]
    if sorted(set(header) - set(OPTIONAL)) != sorted(COLUMNS) or len(set(header)) < len(header):
        raise ExperimentError(f"{path}: its first line is {','.join(header)!r}; it has to name {','.join(COLUMNS)}.")
    seen: dict[tuple[str, DateRange], int] = {}
    for cells in reader:
        place = f"{path}, line {reader.line_num}"
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise ExperimentError(f"{place}: it has {len(cells)} values; there are {len(header)} columns.")
        row = _row(place, dict(zip(header, (cell.strip() for cell in cells), strict=True)))
        key = (row.object_id, row.days)
        if key in seen:
            raise ExperimentError(f"{place}: the same object and days stand on line {seen[key]} already. Keep one.")
        seen[key] = reader.line_num
        yield row


def _row(place: str, cells: dict[str, str]) -> ExperimentRow:
    if not cells["object_id"]:
        raise ExperimentError(f"{place}: object_id is empty; write the id of an ad set or a campaign.")
    try:
        days = DateRange(parse_day(cells["since"], name="since"), parse_day(cells["until"], name="until"))
        known_on = parse_day(cells["known_on"], name="known_on") if cells.get("known_on") else None
    except PeriodError as error:
        raise ExperimentError(f"{place}: {error}") from None
    spend, results, spread = (_number(place, name, cells[name]) for name in ("spend", "results", "standard_error"))
    if spend < 0:
        raise ExperimentError(f"{place}: spend is {cells['spend']!r}; it is 0 or more.")
    if spread <= 0:
        raise ExperimentError(
            f"{place}: standard_error is {cells['standard_error']!r}; it is above 0. A test without an error cannot be "
            "weighed: for counts of two equal halves it is twice the square root of their sum."
        )
    if known_on and known_on < days.until:
        raise ExperimentError(f"{place}: known_on is {known_on}, before the test ended on {days.until}.")
    return ExperimentRow(cells["object_id"], days, spend, results, spread, known_on)


def _number(place: str, name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ExperimentError(f"{place}: {name} is {text!r}; write a number, with a point before its decimals.")
    return number
