"""The figures behind rules: one level's whole sums by day or hour as known after one load, and which days were read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from aibuyer_kit.core.dates import DateRange, account_date, day_start
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import WarehouseError
from aibuyer_kit.features.windows import Days, Floats, Ints, Sums
from aibuyer_kit.rules.windows import HourRange

if TYPE_CHECKING:
    import pyarrow as pa

Key = tuple[str, str, str]
AccountKey = tuple[str, str]
HOURS = 24
# From this age on all results of a day count as known; see features/maturity.py.
RIPE_DAYS = 28


class Reads:
    """When whole reads have last covered each day of each account, and so which days and hours are known."""

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        self._read: dict[tuple[AccountKey, str], dict[Level, dict[date, datetime]]] = {}
        self.add(rows)

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take what more was read; rows are those of Reader.coverages."""
        for row in rows:
            kind = (row["platform"], row["account_id"]), row["facts"]
            by_day = self._read.setdefault(kind, {}).setdefault(Level(row["level"]), {})
            known_at = row["known_at_utc"].replace(tzinfo=UTC)
            for day in DateRange(row["since"], row["until"]):
                if day not in by_day or by_day[day] < known_at:
                    by_day[day] = known_at

    def has_any(self, account: AccountKey) -> bool:
        """Return whether the account was ever read: one of which only files tell never was."""
        return (account, "insights") in self._read

    def of_day(self, account: AccountKey, level: Level, day: date) -> datetime | None:
        """Return when a day was last read at the finest level at which it ever was; None if `level` is finer."""
        levels = self._read.get((account, "insights"), {})
        finest = max((each for each, days in levels.items() if day in days), key=lambda each: each.depth, default=None)
        return None if finest is None or finest.depth < level.depth else levels[finest][day]

    def of_hours(self, account: AccountKey, day: date) -> datetime | None:
        """Return when the hours of a day were last read."""
        levels = self._read.get((account, "insights by hour"), {})
        return max((days[day] for days in levels.values() if day in days), default=None)

    def open_days(self, account: AccountKey, level: Level, days: DateRange, today: date, zone: ZoneInfo) -> list[date]:
        """Return the days that no read has covered after they had ended; today none after it had begun."""
        if not self.has_any(account):
            return []
        return [day for day in days if self._is_open(account, level, day, today, zone)]

    def last_open_day(self, account: AccountKey, level: Level, until: date, zone: ZoneInfo) -> date | None:
        """Return the newest day to `until`, which is over, that no read has covered after it had ended.

        None where the account was never read.
        """
        if not self.has_any(account):
            return None
        day, over = until, until + timedelta(days=1)
        while not self._is_open(account, level, day, over, zone):
            day -= timedelta(days=1)
        return day

    def _is_open(self, account: AccountKey, level: Level, day: date, today: date, zone: ZoneInfo) -> bool:
        read_at = self.of_day(account, level, day)
        return read_at is None or read_at < day_start(day if day >= today else day + timedelta(days=1), zone)

    def open_hours(self, account: AccountKey, hours: HourRange, now: datetime) -> list[datetime]:
        """Return the clock hours that no read covered after they had ended; the one that runs: after it had begun."""
        zone = now.tzinfo
        running = now.replace(minute=0, second=0, microsecond=0, tzinfo=None, fold=0)
        found, hour = [], hours.since
        while hour <= hours.until:
            ended = (hour if hour >= running else hour + timedelta(hours=1)).replace(tzinfo=zone).astimezone(UTC)
            read_at = self.of_hours(account, hour.date())
            if read_at is None or read_at < ended:
                found.append(hour)
            hour += timedelta(hours=1)
        return found


@dataclass(frozen=True)
class Figures:
    """One level's sums, by slots of time from `first_day` on: days, or hours of days.

    Lanes are objects by the kind of result that they count. Days before `first_day` are added to it if there are any.
    """

    level: Level
    first_day: date
    by_hour: bool
    index: Mapping[Key, int]
    lanes: Days
    lane_object: Ints
    lane_kind: Ints
    lane_account: Sequence[AccountKey]
    periods: Mapping[AccountKey, Sequence[tuple[date, date]]]
    coarser: Mapping[AccountKey, frozenset[date]]
    _found: dict[tuple[str, int, int], Sums] = field(default_factory=dict)

    def slots(self, span: DateRange | HourRange) -> tuple[int, int]:
        """Return the first and the last slot of some days or hours."""
        if isinstance(span, HourRange):
            return self._hour(span.since), self._hour(span.until)
        return max(0, (span.since - self.first_day).days), (span.until - self.first_day).days

    def _hour(self, hour: datetime) -> int:
        return (hour.date() - self.first_day).days * HOURS + hour.hour

    def sums(self, name: str, span: DateRange | HourRange) -> Sums:
        """Return one sum per object of `index`; results of several kinds are not added up."""
        first, last = self.slots(span)
        if (name, first, last) not in self._found:
            found = self.by_object(self.lanes.sums(name, first, last))
            if name == "results" and len(self.lane_object) > len(self.index):
                is_one = self.kinds(first, last) <= 1
                found = Sums(found.values, is_one if found.known is None else is_one & found.known)
            self._found[name, first, last] = found
        return self._found[name, first, last]

    def lane_groups(self) -> list[tuple[AccountKey, int]]:
        """Return the account and the kind of result of each lane."""
        return list(zip(self.lane_account, self.lane_kind.tolist(), strict=True))

    def groups(self) -> list[tuple[AccountKey, int]]:
        """Return each account and kind of result that there is, sorted."""
        return sorted(set(self.lane_groups()))

    def kinds(self, first: int, last: int) -> Ints:
        """Return how many kinds of result each object has rows of."""
        has = self.lanes.rows(first, last) > 0
        return np.bincount(self.lane_object[has], minlength=len(self.index))

    def rows(self, span: DateRange | HourRange) -> Ints:
        """Return on how many days or hours each object has rows, by kind of result."""
        return self.by_object(Sums(self.lanes.rows(*self.slots(span)))).values

    def by_object(self, sums: Sums) -> Sums:
        """Return sums of lanes as sums of objects."""
        return sums if len(self.lane_object) == len(self.index) else sums.grouped(self.lane_object, len(self.index))

    def untold(self, account: AccountKey, span: DateRange | HourRange) -> str | None:
        """Return why an account's figures do not tell these days, if they do not."""
        since, until = (span.since, span.until) if isinstance(span, DateRange) else _dates(span)
        if coarse := [day for day in sorted(self.coarser.get(account, ())) if since <= day <= until]:
            return f"{len(coarse)} days are known of what is above the {self.level} only, the first {coarse[0]}"
        partly = [
            (first, last)
            for first, last in self.periods.get(account, ())
            if first <= until and last >= since and not (since <= first and last <= until)
        ]
        return f"{len(partly)} totals of periods lie only partly inside" if partly else None


def _dates(hours: HourRange) -> tuple[date, date]:
    return hours.since.date(), hours.until.date()


@dataclass(frozen=True)
class Rows:
    """Rows of Reader.sums as numbers: the lane of each, the ordinal of its day, its values; lanes are of a Lanes."""

    lane_of: Ints
    days: Ints
    values: Mapping[str, tuple[Ints, Any]]

    def on(self, ordinal: int) -> "Rows":
        """Return the rows of one day."""
        here = np.flatnonzero(self.days == ordinal)
        values = {
            name: (amounts[here], None if known is None else known[here])
            for name, (amounts, known) in self.values.items()
        }
        return Rows(self.lane_of[here], self.days[here], values)


class Lanes:
    """Objects and the kinds of result that they count, numbered as they are met."""

    def __init__(self) -> None:
        self.index: dict[Key, int] = {}
        self._lanes: dict[tuple[int, int], int] = {}
        self._accounts: list[AccountKey] = []

    def rows(self, table: "pa.Table", measures: Iterable[str]) -> Rows:
        """Return a table's rows as numbers."""
        keys, objects = _coded([table.column(name) for name in ("platform", "account_id", "entity_id")])
        kinds = np.asarray(table.column("kind").to_numpy(), dtype=np.int64)
        most = int(kinds.max(initial=0)) + 1
        lanes, lane_of = np.unique(objects * most + kinds, return_inverse=True)
        numbers = np.array([self._number(keys[lane // most], lane % most) for lane in lanes.tolist()], dtype=np.int64)
        values = {name: _numbers(table.column(name)) for name in measures}
        return Rows(numbers[lane_of], _days(table.column("date_stop")), values)

    def _number(self, key: Key, kind: int) -> int:
        place = self.index.setdefault(key, len(self.index))
        if (place, kind) not in self._lanes:
            self._lanes[place, kind] = len(self._lanes)
            self._accounts.append(key[:2])
        return self._lanes[place, kind]

    def columns(self) -> tuple[Ints, Ints, list[AccountKey]]:
        """Return the object, the kind and the account of each lane."""
        pairs = np.array(list(self._lanes), dtype=np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1], list(self._accounts)


def figures_of(
    level: Level,
    days: DateRange,
    lanes: Lanes,
    rows: Rows,
    told: Sequence[Mapping[str, Any]],
    *,
    hours: Sequence[str] | None = None,
) -> Figures:
    """Return the figures of rows and of what Reader.days_told says of their days; `hours` are those of the rows.

    Raises WarehouseError if two attribution settings would be added up.
    """
    _check_attribution(told)
    lane_object, lane_kind, lane_account = lanes.columns()
    slots = np.maximum(rows.days - days.since.toordinal(), 0)
    lane_of, values, count = rows.lane_of, rows.values, len(days)
    if hours is not None:
        lane_of, slots, values = _in_hours(hours, lane_of, slots, values)
        count *= HOURS
    return Figures(
        level,
        days.since,
        hours is not None,
        dict(lanes.index),
        Days.of_rows(lane_of, slots, values, objects=len(lane_object), days=count),
        lane_object,
        lane_kind,
        lane_account,
        _periods(told),
        _coarser(told, level),
    )


def _coded(columns: Sequence[Any]) -> tuple[list[Key], Ints]:
    """Return the different keys of rows and the number of each row's, without a look at each row's text.

    What is not known is ''.
    """
    codes, names = np.zeros(len(columns[0]), dtype=np.int64), list[list[str]]()
    for column in columns:
        encoded = column.combine_chunks().dictionary_encode()
        if hasattr(encoded, "combine_chunks"):
            encoded = encoded.combine_chunks()
        names.append([*encoded.dictionary.to_pylist(), ""])
        places = encoded.indices.fill_null(len(names[-1]) - 1)
        codes = codes * len(names[-1]) + np.asarray(places.to_numpy(zero_copy_only=False), np.int64)
    found, inverse = np.unique(codes, return_inverse=True)
    keys = []
    for code in found.tolist():
        above, entity = divmod(code, len(names[2]))
        platform, account = divmod(above, len(names[1]))
        keys.append((names[0][platform], names[1][account], names[2][entity]))
    return keys, inverse.astype(np.int64)


def _days(column: Any) -> Ints:
    """Return the ordinals of days."""
    since_1970: Ints = column.to_numpy().astype("datetime64[D]").astype(np.int64)
    return since_1970 + date(1970, 1, 1).toordinal()


def _numbers(column: Any) -> tuple[Ints, Any]:
    if not column.null_count:
        return np.asarray(column.to_numpy(), dtype=np.int64), None
    return np.asarray(column.fill_null(0).to_numpy(), dtype=np.int64), column.is_valid().to_numpy()


def _in_hours(hours: Sequence[str], lane_of: Ints, slots: Ints, values: Mapping[str, tuple[Ints, Any]]) -> Any:
    """Return rows by hour; one whose hour is not told makes its whole day unknown."""
    told = np.array([hour.isdigit() for hour in hours], dtype=bool)
    number = np.array([int(hour) if hour.isdigit() else 0 for hour in hours], dtype=np.int64)
    lost = np.flatnonzero(~told)
    at = np.concatenate([slots[told] * HOURS + number[told], (slots[lost, None] * HOURS + np.arange(HOURS)).ravel()])
    lanes = np.concatenate([lane_of[told], np.repeat(lane_of[lost], HOURS)])
    made = {}
    for name, (amounts, known) in values.items():
        sure = np.ones(len(amounts), dtype=bool) if known is None else known
        nothing = np.zeros(len(lost) * HOURS, dtype=np.int64)
        made[name] = (np.concatenate([amounts[told], nothing]), np.concatenate([sure[told], nothing > 0]))
    return lanes, at, made


def _check_attribution(told: Iterable[Mapping[str, Any]]) -> None:
    seen: dict[tuple[str, str, str], set[str]] = {}
    for row in told:
        seen.setdefault((row["platform"], row["account_id"], row["level"]), set()).add(row["attribution"])
    for (_, account_id, _), found in sorted(seen.items()):
        if len(found) > 1:
            raise WarehouseError(
                f"{account_id} is reported under several attribution settings in this period:"
                f" {', '.join(sorted(found))}. They must not be added up."
            )


def _periods(told: Iterable[Mapping[str, Any]]) -> dict[AccountKey, list[tuple[date, date]]]:
    found: dict[AccountKey, list[tuple[date, date]]] = {}
    for row in told:
        if row["date"] != row["date_stop"]:
            found.setdefault((row["platform"], row["account_id"]), []).append((row["date"], row["date_stop"]))
    return found


def _coarser(told: Iterable[Mapping[str, Any]], level: Level) -> dict[AccountKey, frozenset[date]]:
    found: dict[AccountKey, set[date]] = {}
    for row in told:
        if Level(row["level"]).depth < level.depth:
            days = DateRange(row["date"], row["date_stop"])
            found.setdefault((row["platform"], row["account_id"]), set()).update(days)
    return {account: frozenset(days) for account, days in found.items()}


def shares_by_day(
    figures: Figures,
    reads: Reads,
    zones: Mapping[AccountKey, ZoneInfo],
    curve_of: Mapping[tuple[AccountKey, int], Sequence[float | None]],
) -> tuple[Floats, Ints]:
    """Return which share of each slot's results is known, a column for each account and kind, and each lane's column.

    The age of a day is that at which it was last read. What lies before the first day is known whole by now, or else
    nobody can tell.
    """
    slots = figures.lanes.slots
    groups = sorted(
        {(account, int(kind)) for account, kind in zip(figures.lane_account, figures.lane_kind, strict=True)}
    )
    place = {group: number for number, group in enumerate(groups)}
    lane_group = np.array(
        [place[account, int(kind)] for account, kind in zip(figures.lane_account, figures.lane_kind, strict=True)],
        dtype=np.int64,
    )
    found = np.full((slots, len(groups)), np.nan)
    for number, (account, kind) in enumerate(groups):
        curve = curve_of.get((account, kind), ())
        for slot in range(slots):
            day = figures.first_day + timedelta(days=slot // HOURS if figures.by_hour else slot)
            read_at = reads.of_hours(account, day) if figures.by_hour else reads.of_day(account, figures.level, day)
            if read_at is None:
                continue
            age = (account_date(read_at, zones[account]) - day).days
            share = 1.0 if age >= RIPE_DAYS else curve[age] if 0 <= age < len(curve) else None
            found[slot, number] = np.nan if share is None or share <= 0 else share
    return found, lane_group
