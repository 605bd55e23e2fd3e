"""A marketing mix from a weekly table: as Robyn, Meridian and PyMC-Marketing have theirs, or with named columns."""

import csv
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from aibuyer_kit.core.dates import parse_day
from aibuyer_kit.core.errors import InputError, PeriodError
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.response.mix import Mix, MixTable, learn_mix

_MOST_BYTES = 100_000_000
_DAYS = ("date_week", "date", "week", "time", "wk_strt_dt")
_OUTCOMES = ("y", "revenue", "sales")
_GEO = "geo"
# How the tables call what was spent, and what else moves the outcome.
_SPEND = (r".+_spend", r".+_S", r"mdsp_.+", r"x\d+")
_CONTROLS = (r".+_control", r".+_B", r"event_\d+", r"events", r"hldy_.+", r"promo", r"newsletter")
_NOTHING = {"", "na", "none", "nan"}


@dataclass(frozen=True)
class _Sheet:
    path: Path
    names: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]

    def column(self, name: str) -> list[str]:
        if name not in self.names:
            raise InputError(f"{self.path}: there is no column {name!r}. There are: {', '.join(self.names)}.")
        return [row[name].strip() for row in self.rows]

    def numbers(self, name: str) -> Floats:
        found = []
        for line, text in enumerate(self.column(name), start=2):
            try:
                found.append(float(text))
            except ValueError:
                found.append(math.nan)
            if not math.isfinite(found[-1]):
                raise InputError(f"{self.path}, line {line}: {name} is {text!r}; write a number.")
        return np.array(found)

    def like(self, patterns: Sequence[str]) -> list[str]:
        return [name for name in self.names if any(re.fullmatch(each, name, re.IGNORECASE) for each in patterns)]


def mix_of_file(
    path: Path,
    *,
    outcome: str = "",
    spend: Sequence[str] = (),
    controls: Sequence[str] | None = None,
    locale: str = "en",
    seed: int = 0,
) -> Mix:
    """Return the marketing mix of a CSV file with a row for each week, or for each week and place (`geo`).

    Columns that are not named are found by the names that Robyn, Meridian and PyMC-Marketing give theirs; places are
    added up. Raises InputError that names the file, the line and the column.
    """
    return learn_mix(read_mix_table(path, outcome=outcome, spend=spend, controls=controls), locale=locale, seed=seed)


def read_mix_table(
    path: Path, *, outcome: str = "", spend: Sequence[str] = (), controls: Sequence[str] | None = None
) -> MixTable:
    """Return the table of a file; see `mix_of_file`."""
    sheet = _read(path)
    days = _days(sheet)
    weeks, place = np.unique(np.array(days, dtype="datetime64[D]"), return_inverse=True)
    geos = len(set(sheet.column(_GEO))) if _GEO in sheet.names else 1
    if len(days) != len(weeks) * geos:
        raise InputError(f"{path}: {len(days)} rows are not one for each of {len(weeks)} weeks and {geos} places.")

    def summed(values: Floats) -> Floats:
        return np.asarray(np.bincount(place, values, len(weeks)), dtype=np.float64)

    channels = list(spend) or _channels(sheet)
    others = _controls(sheet, channels) if controls is None else list(controls)
    table = [summed(sheet.numbers(name)) for name in channels]
    return MixTable(
        weeks=tuple(date.fromisoformat(str(each)) for each in weeks),
        outcome=summed(_outcome(sheet, outcome)),
        channels=tuple(_short(name) for name in channels),
        spend=np.stack(table, axis=1),
        controls={name: values / geos for each in others for name, values in _control(sheet, each, summed).items()},
    )


def _read(path: Path) -> _Sheet:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} is larger than {_MOST_BYTES:,} bytes. A weekly table is smaller.")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a text in UTF-8. Save it as CSV in UTF-8.") from None
    rows = [row for row in csv.reader(lines) if row]
    if len(rows) < 2:
        raise InputError(f"{path} has no rows.")
    names = [name.strip() for name in rows[0]]
    if len(set(names)) < len(names):
        raise InputError(f"{path}: a column stands twice in the first line.")
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(names):
            raise InputError(f"{path}, line {line}: it has {len(row)} values; there are {len(names)} columns.")
    return _Sheet(path, tuple(names), tuple(dict(zip(names, row, strict=True)) for row in rows[1:]))


def _days(sheet: _Sheet) -> list[date]:
    named = [name for name in sheet.names if name.lower() in _DAYS]
    if not named:
        raise InputError(f"{sheet.path}: there is no column of days; call it one of {', '.join(_DAYS)}.")
    found = []
    for line, text in enumerate(sheet.column(named[0]), start=2):
        try:
            found.append(parse_day(text[:10], name=named[0]))
        except PeriodError as error:
            raise InputError(f"{sheet.path}, line {line}: {error}") from None
    return found


def _outcome(sheet: _Sheet, outcome: str) -> Floats:
    if outcome:
        return sheet.numbers(outcome)
    if {"conversions", "revenue_per_conversion"} <= set(sheet.names):
        return sheet.numbers("conversions") * sheet.numbers("revenue_per_conversion")
    named = [name for name in _OUTCOMES if name in sheet.names]
    if not named:
        raise InputError(f"{sheet.path}: which column is the outcome? Name it; there are: {', '.join(sheet.names)}.")
    return sheet.numbers(named[0])


def _channels(sheet: _Sheet) -> list[str]:
    for pattern in _SPEND:
        # The case tells Robyn's spend (_S) from a word that ends so.
        found = [name for name in sheet.names if re.fullmatch(pattern, name)]
        if found:
            return found
    raise InputError(f"{sheet.path}: which columns are spend? Name them; there are: {', '.join(sheet.names)}.")


def _controls(sheet: _Sheet, channels: Sequence[str]) -> list[str]:
    return [name for name in sheet.like(_CONTROLS) if name not in channels]


def _control(sheet: _Sheet, name: str, summed: Callable[[Floats], Floats]) -> dict[str, Floats]:
    """Return a column as numbers, or one column for each word that stands in it."""
    texts = sheet.column(name)
    try:
        return {name: summed(np.array([float(text) for text in texts]))}
    except ValueError:
        words = sorted({text for text in texts if text.lower() not in _NOTHING})
        return {f"{name}: {word}": summed(np.array([float(text == word) for text in texts])) for word in words}


def _short(name: str) -> str:
    return re.sub(r"(_spend|_S)$|^mdsp_", "", name)
