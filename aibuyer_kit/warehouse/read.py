"""Reading facts from the newest published snapshot: what is known now, and what was known at any moment."""

import operator
import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import duckdb

from aibuyer_kit.core.dates import DateRange, account_date
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import LeftOutWarning, NotFoundError, PeriodError, WarehouseError
from aibuyer_kit.core.facts import WINDOWS
from aibuyer_kit.warehouse.connection import open_to_read
from aibuyer_kit.warehouse.files import WarehouseFiles
from aibuyer_kit.warehouse.rollup import left_out_sql, rollup_sql, windowed_sql
from aibuyer_kit.warehouse.schema import sql_text

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_TRIES_AT_THE_POINTER = 5

# A load number, or an aware moment: what had been loaded by then.
AsOf = int | datetime


@dataclass(frozen=True)
class ResultSetting:
    """Which action type is the client's one canonical result, and in which attribution window it counts."""

    action_type: str = "purchase"
    window: str = "total"

    def __post_init__(self) -> None:
        if self.window not in WINDOWS:
            raise WarehouseError(f"There is no attribution window {self.window!r}. Known: {', '.join(WINDOWS)}.")


@dataclass(frozen=True)
class Freshness:
    """What is known: the newest load's number, how fresh the insights are, and the days that they cover.

    `known_at` is the platform's clock at the end of the last whole read of insights, of the stalest account.
    """

    load_id: int
    known_at: datetime
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True)
class DayEnd:
    """An account's day and the moment at which it ended there, an aware datetime."""

    platform: str
    account_id: str
    day: date
    ended_at: datetime


@dataclass(frozen=True)
class Answer:
    """Rows of one reading, in the form that the caller can use; a CLI does without pandas and Arrow."""

    columns: tuple[str, ...]
    _cursor: duckdb.DuckDBPyConnection

    def rows(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self._cursor.fetchall()]

    def table(self) -> "pa.Table":
        return self._cursor.to_arrow_table()

    def frame(self) -> "pd.DataFrame":
        frame: pd.DataFrame = self._cursor.df()
        return frame


class Reader:
    """Reads one client's warehouse; each call looks for the newest snapshot first, and never blocks the writer."""

    def __init__(self, folder: Path) -> None:
        self._files = WarehouseFiles(folder)
        self._opened: tuple[Path, duckdb.DuckDBPyConnection] | None = None
        self._mutex = threading.Lock()

    @property
    def is_published(self) -> bool:
        """Whether there is a snapshot to read."""
        return self._files.pointer.exists()

    def insights(
        self,
        level: Level,
        days: DateRange,
        *,
        result: ResultSetting,
        as_of: AsOf | None = None,
        breakdown: tuple[str, ...] = (),
    ) -> Answer:
        """Return one row per entity of `level` and day, with all metrics of the catalogue; money in currency units.

        Warns with LeftOutWarning if facts in the period are too coarse or only partly inside it. Raises NotFoundError
        before the first load, WarehouseError if two attribution settings would be mixed.
        """
        cursor = self._cursor()
        parameters: dict[str, object] = {
            "level": str(level),
            "since": days.since,
            "until": days.until,
            "as_of_load": _load_number(cursor, as_of),
        }
        _check_left_out(cursor, breakdown, parameters)
        cursor.execute(
            rollup_sql(breakdown, result.window),
            {**parameters, "result_action": result.action_type},
        )
        return _answer(cursor)

    def entities(self, level: Level, *, as_of: AsOf | None = None) -> Answer:
        """Return one row per object of `level`, as known then; budgets in micros."""
        cursor = self._cursor()
        cursor.execute(
            "SELECT * FROM entities_as_of($as_of_load) WHERE level = $level ORDER BY ALL",
            {"as_of_load": _load_number(cursor, as_of), "level": str(level)},
        )
        return _answer(cursor)

    def reach(self, level: Level, window_days: int, ends: DateRange, *, as_of: AsOf | None = None) -> Answer:
        """Return one row per object of `level` and last day of a window: reach, impressions, frequency.

        People are not added up: each row is the platform's own count for that object and window.
        """
        cursor = self._cursor()
        cursor.execute(
            sql_text("read/reach"),
            {
                "level": str(level),
                "window_days": window_days,
                "since": ends.since,
                "until": ends.until,
                "as_of_load": _load_number(cursor, as_of),
            },
        )
        return _answer(cursor)

    def creatives(self, *, as_of: AsOf | None = None) -> Answer:
        """Return one row per creative, as known then."""
        cursor = self._cursor()
        cursor.execute("SELECT * FROM creatives_as_of(?) ORDER BY ALL", [_load_number(cursor, as_of)])
        return _answer(cursor)

    def development(
        self,
        account_id: str,
        zone: ZoneInfo,
        *,
        result: ResultSetting,
        as_of: AsOf | None = None,
        since: date = date.min,
    ) -> Answer:
        """Return one row per day from `since` on and age (days of `zone`): the account's results as known then."""
        cursor = self._cursor()
        last = _load_number(cursor, as_of)
        loads = cursor.execute("SELECT load_id, known_at_utc FROM load WHERE load_id <= ?", [last]).fetchall()
        cursor.execute(
            windowed_sql("development", result.window),
            {
                "load_ids": [load_id for load_id, _ in loads],
                "known_on": [account_date(known_at.replace(tzinfo=UTC), zone) for _, known_at in loads],
                "account_id": account_id,
                "since": since,
                "as_of_load": last,
                "result_action": result.action_type,
            },
        )
        return _answer(cursor)

    def disagreements(self, days: DateRange, *, result: ResultSetting, as_of: AsOf | None = None) -> Answer:
        """Return one row per account, day, level and measure whose sum is not the account's own figure."""
        cursor = self._cursor()
        cursor.execute(
            windowed_sql("reconciliation", result.window),
            {
                "since": days.since,
                "until": days.until,
                "as_of_load": _load_number(cursor, as_of),
                "result_action": result.action_type,
            },
        )
        return _answer(cursor)

    def levels_read(self, ends: Sequence[DayEnd], *, as_of: AsOf | None = None) -> Answer:
        """Return one row per account, day and level of which a complete read of insights began after the day's end."""
        cursor = self._cursor()
        columns: dict[str, object] = {
            "platforms": [each.platform for each in ends],
            "account_ids": [each.account_id for each in ends],
            "days": [each.day for each in ends],
            "ended_at": [each.ended_at.astimezone(UTC).replace(tzinfo=None) for each in ends],
        }
        cursor.execute(sql_text("read/levels_read"), {**columns, "as_of_load": _load_number(cursor, as_of)})
        return _answer(cursor)

    def quarantine(self, *, as_of: AsOf | None = None, resolved: bool = False) -> Answer:
        """Return one row per row that could not be read and was open then; with `resolved` also those that were not."""
        cursor = self._cursor()
        last = _load_number(cursor, as_of)
        if not cursor.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'quarantine'").fetchone():
            # A snapshot of before there was a quarantine, until the next sync publishes one.
            return _answer(cursor.execute("SELECT quarantine_id FROM (SELECT 0 AS quarantine_id) WHERE false"))
        cursor.execute(sql_text("read/quarantine"), {"as_of_load": last, "resolved": resolved})
        return _answer(cursor)

    def loads(self) -> Answer:
        """Return one row per load, in the order of knowledge."""
        return _answer(self._cursor().execute("SELECT * FROM load ORDER BY load_id"))

    def freshness(self, *, as_of: AsOf | None = None) -> Freshness:
        """Return the newest load that was known then. Raises NotFoundError if there was none yet."""
        cursor = self._cursor()
        row = cursor.execute(sql_text("read/freshness"), [_load_number(cursor, as_of)]).fetchone()
        if row is None or row[0] is None:
            raise NotFoundError(f"Nothing was known at {as_of}: the first load came later.")
        return Freshness(row[0], row[1].replace(tzinfo=UTC), row[2], row[3])

    def close(self) -> None:
        """Let go of the snapshot; the next call opens the newest one again."""
        with self._mutex:
            if self._opened:
                self._opened[1].close()
                self._opened = None

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._mutex:
            if self._opened is None or self._opened[0] != self._files.current():
                newest = _open_newest(self._files)
                if self._opened:
                    self._opened[1].close()
                self._opened = newest
            return self._opened[1].cursor()


def _open_newest(files: WarehouseFiles) -> tuple[Path, duckdb.DuckDBPyConnection]:
    current = files.current()
    for _ in range(_TRIES_AT_THE_POINTER):
        try:
            return current, open_to_read(current)
        except duckdb.IOException:
            if current.exists():
                raise WarehouseError(
                    f"{current} cannot be opened. Run `aibuyer sync`: it publishes a new one."
                ) from None
            current = files.current()  # Publications went on between reading the pointer and opening the file.
    raise WarehouseError(f"{current}, which the pointer names, is missing. Run `aibuyer sync`: it publishes a new one.")


def _load_number(cursor: duckdb.DuckDBPyConnection, as_of: AsOf | None) -> int:
    """Return the last load that was known at `as_of`: one before the first that became known later.

    Raises PeriodError for a load that there is not, and for a moment without its zone.
    """
    if isinstance(as_of, datetime):
        return _load_at(cursor, as_of)
    row = cursor.execute("SELECT coalesce(max(load_id), 0) FROM load").fetchone()
    last = int(row[0]) if row else 0
    if as_of is None:
        return last
    number = operator.index(as_of)
    if not 0 <= number <= last:
        raise PeriodError(f"There is no load {number}; the last one is {last}. Loads are numbered from 1.")
    return number


def _load_at(cursor: duckdb.DuckDBPyConnection, moment: datetime) -> int:
    if moment.tzinfo is None:
        raise PeriodError(f"as_of is {moment} without a time zone; give an aware moment, such as …T09:00+03:00.")
    row = cursor.execute(
        "SELECT coalesce(min(load_id) FILTER (known_at_utc > $moment) - 1, max(load_id), 0) FROM load",
        {"moment": moment.astimezone(UTC).replace(tzinfo=None)},
    ).fetchone()
    return int(row[0]) if row else 0


def _check_left_out(
    cursor: duckdb.DuckDBPyConnection, breakdown: tuple[str, ...], parameters: Mapping[str, object]
) -> None:
    row = cursor.execute(left_out_sql(breakdown), dict(parameters)).fetchone()
    partly, coarser, mixed_account, attributions = row or (0, 0, None, [])
    if mixed_account:
        raise WarehouseError(
            f"{mixed_account} is reported under several attribution settings in this period:"
            f" {', '.join(attributions)}. They must not be added up."
        )
    since, until, level = (parameters[name] for name in ("since", "until", "level"))
    if partly:
        warnings.warn(LeftOutWarning("partly", count=partly, since=since, until=until), stacklevel=3)
    if coarser:
        warnings.warn(LeftOutWarning("coarser", count=coarser, level=level), stacklevel=3)


def _answer(cursor: duckdb.DuckDBPyConnection) -> Answer:
    return Answer(tuple(column[0] for column in cursor.description or ()), cursor)
