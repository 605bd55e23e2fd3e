"""What the warehouse knows, in the form in which `graph` puts what was told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.warehouse.read import Reader

from .graph import WINDOWS, Key, Stream, Told, stream_of_load

_COLUMNS = {
    "insights": (
        "campaign_id",
        "adset_id",
        "spend_micros",
        "impressions",
        "clicks",
        "link_clicks",
        "reach",
        "actions",
        "action_values",
    ),
    "reach": ("campaign_id", "adset_id", "reach", "impressions"),
    "entities": (
        "campaign_id",
        "adset_id",
        "name",
        "status",
        "effective_status",
        "objective",
        "currency",
        "time_zone",
        "daily_budget_micros",
        "lifetime_budget_micros",
        "created_at_utc",
        "creative_id",
        "attributes",
    ),
    "creatives": (
        "name",
        "title",
        "body",
        "object_type",
        "call_to_action",
        "link_url",
        "image_url",
        "thumbnail_url",
        "video_id",
        "status",
        "attributes",
    ),
}
_WINDOW_COLUMNS = ("total", "click_1d", "click_7d", "click_28d", "view_1d")
assert len(_WINDOW_COLUMNS) == len(WINDOWS)


@dataclass(frozen=True)
class Load:
    """One load: what it says that it read, whether whole, and the platform's clock at its end.

    One that `may_close` has been read whole but for rows that nobody can read.
    """

    load_id: int
    stream: Stream
    since: date | None
    until: date | None
    is_complete: bool
    known_at: datetime
    may_close: bool = False

    def covers(self, key: Key) -> bool:
        if key.stream != self.stream:
            return False
        return key.day is None or (
            self.since is not None and self.until is not None and self.since <= key.day <= self.until
        )


class Known:
    """One client's newest snapshot, read row by row."""

    def __init__(self, warehouse: Path, account_id: str) -> None:
        self._reader, self._account_id = Reader(warehouse), account_id

    def close(self) -> None:
        self._reader.close()

    def fresh_at(self) -> datetime:
        return self._reader.freshness().known_at

    def loads(self, after: int) -> list[Load]:
        """Return the loads after a number; none before anything was published."""
        names = "load_id, facts, level, since, until, extent, known_at_utc"
        sql = f"SELECT {names} FROM load WHERE load_id > ? ORDER BY load_id"  # noqa: S608 # our own names
        try:
            rows = self._reader._cursor().execute(sql, [after]).fetchall()
        except NotFoundError:
            return []
        return [
            Load(
                load_id,
                stream_of_load(facts, level),
                since,
                until,
                extent == "complete",
                known_at.replace(tzinfo=UTC),
                may_close=extent == "doubtful",
            )
            for load_id, facts, level, since, until, extent, known_at in rows
        ]

    def rows(self, load: Load) -> dict[Key, Told]:
        """Return all that is known of a load's coverage, as of that load."""
        days = "" if load.since is None else f" AND {_day(load.stream)} BETWEEN $since AND $until"
        about = {} if load.since is None else {"since": load.since, "until": load.until}
        return self._found(load.stream, load.load_id, days, about)

    def now(self, stream: Stream, days: set[date]) -> dict[Key, Told]:
        """Return all that is known now of a stream, on these days if it has days."""
        found = self._found(stream, self._reader.freshness().load_id, "", {})
        return {key: told for key, told in found.items() if key.day is None or key.day in days}

    def as_of(self, key: Key, moment: datetime) -> Told:
        """Return what was known of one thing at a moment."""
        name, _ = _table(key.stream)
        entity_id = self._account_id if key.entity_id == "account" else key.entity_id
        condition, about = f" AND {name} = $entity_id", {"entity_id": entity_id}
        if key.day is not None:
            condition += f" AND {_day(key.stream)} = $day"
            about |= {"day": key.day}
        return self._found(key.stream, self.load_at(moment), condition, about).get(key)

    def load_at(self, moment: datetime) -> int:
        """Return the last load that was known at a moment: what `as_of` means everywhere."""
        try:
            return self._reader.freshness(as_of=moment).load_id
        except NotFoundError:
            return 0

    def _found(self, stream: Stream, load_id: int, condition: str, about: Mapping[str, Any]) -> dict[Key, Told]:
        name, macro = _table(stream)
        columns = _COLUMNS[stream.facts]
        keys = {"insights": ", date, breakdown", "reach": ", date_stop"}.get(stream.facts, "")
        level = "" if stream.facts == "creatives" else " AND level = $level"
        window = " AND window_days = $window_days" if stream.facts == "reach" else ""
        parts = ""
        if stream.facts == "insights":
            parts = " AND breakdown <> ''" if stream.names else " AND breakdown = ''"
        about = {
            **about,
            "load_id": load_id,
            **({"level": stream.level} if level else {}),
            **({"window_days": stream.window_days} if window else {}),
        }
        where = f"WHERE true{level}{window}{parts}{condition}"
        sql = f"SELECT {', '.join(columns)}, {name}{keys} FROM {macro}($load_id) {where}"  # noqa: S608 # our own names
        rows = self._reader._cursor().execute(sql, about).fetchall()
        found: dict[Key, Told] = {}
        for row in rows:
            key = self._key(stream, row[len(columns) :])
            if key.part == "" or tuple(sorted(json.loads(key.part))) == stream.names:
                assert key not in found, f"two rows of {key} as of load {load_id}"
                found[key] = tuple(_plain(name, value) for name, value in zip(columns, row, strict=False))
        return found

    def _key(self, stream: Stream, ids: Sequence[Any]) -> Key:
        entity_id, *rest = ids
        is_own = stream.facts in ("insights", "reach") and entity_id == self._account_id
        return Key(stream, "account" if is_own else entity_id, *rest)


def _table(stream: Stream) -> tuple[str, str]:
    return ("creative_id" if stream.facts == "creatives" else "entity_id"), f"{stream.facts}_as_of"


def _day(stream: Stream) -> str:
    return "date_stop" if stream.facts == "reach" else "date"


def _plain(name: str, value: Any) -> object:
    if name in ("actions", "action_values") and value is not None:
        return tuple((each["action_type"], *(each[window] for window in _WINDOW_COLUMNS)) for each in value)
    return value
