"""The quarantine of a client: rows that could not be read, the days they leave in doubt, and what became of them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.connectors.base import Connector, InsightStream
from aibuyer_kit.connectors.meta.fields import ATTRIBUTION
from aibuyer_kit.core.dates import MOST_DAYS_BACK, DateRange
from aibuyer_kit.core.entities import Level, parse_level
from aibuyer_kit.core.errors import NotFoundError, WarehouseError
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader

# Daily figures as a whole; what is broken down adds nothing to totals.
_FIGURES = "insights"
_OBJECTS = {"entities": "the next sync", "creatives": "the next night"}
# A night reads no more than so many days or ranges besides.
MOST_READ_AGAIN = 30
# A row that stays as it is costs a read less and less often: after 1, 2, 4 … nights, and then every four weeks.
_LONGEST_PAUSE_DAYS = 28
_LISTED = ("quarantine_id", "facts", "account_id", "level", "entity_id", "date", "field", "reason", "met_at_utc")


def quarantined(context: ClientContext, *, resolved: bool = False) -> list[dict[str, Any]]:
    """Return the rows that could not be read and are still open, with `resolved` all; none before the first load."""
    try:
        return Reader(context.warehouse).quarantine(resolved=resolved).rows()
    except NotFoundError:
        return []


def quarantine_list(context: ClientContext, *, resolved: bool = False) -> list[dict[str, Any]]:
    """Return one short row per row that could not be read, with what will try to read it next."""
    columns = (*_LISTED, "resolved_at_utc") if resolved else _LISTED
    rows = quarantined(context, resolved=resolved)
    today = Reader(context.warehouse).freshness().known_at.date() if rows else date.min
    return [{name: row[name] for name in columns} | {"next_try": _next_try(context, row, today)} for row in rows]


def _next_try(context: ClientContext, row: Mapping[str, Any], today: date) -> str:
    """Return what reads the row next, in words or as a day; empty once it has been read."""
    if row["resolved_by"] is not None:
        return ""
    synced = {account.id for account in context.settings.accounts}
    if (row["platform"], row["attribution"] or ATTRIBUTION) != ("meta", ATTRIBUTION) or row["account_id"] not in synced:
        return _cure_of_a_file(row)
    if row["facts"] in _OBJECTS:
        return _OBJECTS[row["facts"]]
    if row["facts"] != _FIGURES:
        return "with its day, as long as nights read that"
    if _days(row).until < today - timedelta(days=MOST_DAYS_BACK - 1):
        return "none: the platform no longer tells of that day"
    due = _due_on(row)
    return str(due) if due and due > today else "the next night"


def _cure_of_a_file(row: Mapping[str, Any]) -> str:
    undo = f"aibuyer import-undo {row['last_load_id']}"
    if row["date"] is None or row["entity_id"] is None or row["breakdown"] is None:
        return f"none: its days stay in doubt until a file replaces them (--replace-days), or {undo}"
    return f"none: a file with a good row of it (aibuyer import), or {undo}"


def quarantine_row(context: ClientContext, quarantine_id: int) -> dict[str, Any]:
    """Return all that is known of one row, resolved or not. Raises NotFoundError."""
    for row in quarantined(context, resolved=True):
        if row["quarantine_id"] == quarantine_id:
            return row
    raise NotFoundError(f"There is no row {quarantine_id} in the quarantine. See: aibuyer quarantine list --resolved")


def unreadable_days(reader: Reader, *, as_of: AsOf | None = None) -> set[date]:
    """Return the days whose totals may lack a row that could not be read."""
    return {day for row in _of_figures(reader, as_of) if row["in_totals"] for day in _days(row)}


def rows_set_aside(context: ClientContext) -> dict[tuple[str, date], int]:
    """Return how many rows of the figures are in the quarantine that may be about an account's day, by both."""
    days = ((row["account_id"], day) for row in _of_figures(Reader(context.warehouse), None) for day in _days(row))
    return dict(Counter(days))


def streams_to_read_again(rows: Iterable[Mapping[str, Any]], days: Mapping[Level, DateRange]) -> list[InsightStream]:
    """Return the reads that may resolve rows from before the `days` that a night reads of a level, and are due today.

    Those that have waited longest come first, so that no row keeps another one from its turn; then the newest days.
    """
    waiting: dict[tuple[Level, DateRange], date] = {}
    for row in rows:
        level, doubted = parse_level(row["level"]), _days(row)
        today, before = days[level].until, days[level].since - timedelta(days=1)
        first = max(doubted.since, today - timedelta(days=MOST_DAYS_BACK - 1))
        due = _due_on(row)
        if first <= min(doubted.until, before) and (due is None or due <= today):
            read = level, DateRange(first, min(doubted.until, before))
            waiting[read] = min(waiting.get(read, date.max), _asked_on(row))
    turns = sorted(waiting, key=lambda read: (waiting[read], -read[1].until.toordinal(), read[0].depth))
    return [InsightStream(*read) for read in turns[:MOST_READ_AGAIN]]


def _due_on(row: Mapping[str, Any]) -> date | None:
    """Return the day from which a row is tried again, None if it has not been tried yet."""
    if not row["tries"]:
        return None
    due: date = row["tried_on"] + timedelta(days=min(2 ** (row["tries"] - 1), _LONGEST_PAUSE_DAYS))
    return due


def _asked_on(row: Mapping[str, Any]) -> date:
    """Return the day on which the platform was last asked for a row."""
    asked: date = row["tried_on"] or row["last_met_at_utc"].date()
    return asked


def open_figures(context: ClientContext, connector: Connector) -> list[dict[str, Any]]:
    """Return the open rows of daily figures that a connector read; a snapshot that does not open has none to tell."""
    try:
        rows = _of_figures(Reader(context.warehouse), None)
    except (NotFoundError, WarehouseError):
        return []
    own = (connector.platform, connector.account_id, connector.attribution)
    return [row for row in rows if (row["platform"], row["account_id"], row["attribution"]) == own]


def _of_figures(reader: Reader, as_of: AsOf | None) -> list[dict[str, Any]]:
    return [row for row in reader.quarantine(as_of=as_of).rows() if row["facts"] == _FIGURES]


def _days(row: Mapping[str, Any]) -> DateRange:
    return DateRange(row["date"] or row["since"], row["date_stop"] or row["until"])
