"""The quarantine of a client: rows that could not be read, the days they leave in doubt, and what became of them."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.connectors.base import Connector, InsightStream
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level, parse_level
from aibuyer_kit.core.errors import NotFoundError, WarehouseError
from aibuyer_kit.warehouse.read import AsOf, Reader

# Daily figures as a whole; what is broken down adds nothing to totals.
_FIGURES = "insights"
# A night reads no more than so many days or ranges besides.
MOST_READ_AGAIN = 30
_LISTED = ("quarantine_id", "facts", "account_id", "level", "entity_id", "date", "field", "reason", "met_at_utc")


def quarantined(context: ClientContext, *, resolved: bool = False) -> list[dict[str, Any]]:
    """Return the rows that could not be read and are still open, with `resolved` all; none before the first load."""
    try:
        return Reader(context.warehouse).quarantine(resolved=resolved).rows()
    except NotFoundError:
        return []


def quarantine_list(context: ClientContext, *, resolved: bool = False) -> list[dict[str, Any]]:
    """Return one short row per row that could not be read."""
    columns = (*_LISTED, "resolved_at_utc") if resolved else _LISTED
    return [{name: row[name] for name in columns} for row in quarantined(context, resolved=resolved)]


def quarantine_row(context: ClientContext, quarantine_id: int) -> dict[str, Any]:
    """Return all that is known of one row, resolved or not. Raises NotFoundError."""
    for row in quarantined(context, resolved=True):
        if row["quarantine_id"] == quarantine_id:
            return row
    raise NotFoundError(f"There is no row {quarantine_id} in the quarantine. See: aibuyer quarantine list --resolved")


def unreadable_days(reader: Reader, *, as_of: AsOf | None = None) -> set[date]:
    """Return the days whose totals may lack a row that could not be read."""
    return {day for row in _of_figures(reader, as_of) if row["in_totals"] for day in _days(row)}


def streams_to_read_again(rows: Iterable[Mapping[str, Any]], days: Mapping[Level, DateRange]) -> list[InsightStream]:
    """Return the reads, newest first, that may resolve rows from before the `days` that a night reads of a level."""
    unread = set()
    for row in rows:
        level, doubted = parse_level(row["level"]), _days(row)
        before = days[level].since - timedelta(days=1)
        if doubted.since <= before:
            unread.add((DateRange(doubted.since, min(doubted.until, before)), level))
    return [InsightStream(level, each) for each, level in sorted(unread, reverse=True)[:MOST_READ_AGAIN]]


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
