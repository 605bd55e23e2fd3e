"""On which day of an account each load became known. DuckDB is told when days begin."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from aibuyer_kit.core.dates import DateRange, account_date, day_start
from aibuyer_kit.warehouse.schema import sql_text

if TYPE_CHECKING:
    import duckdb


def day_starts(first: datetime, last: datetime, zone: ZoneInfo) -> dict[str, object]:
    """Return the days of a zone from one moment to another, and when each begins, as parameters; moments are UTC."""
    days = DateRange(*(account_date(each.replace(tzinfo=UTC), zone) for each in (first, last)))
    return {"days": [*days], "day_starts": [day_start(day, zone).replace(tzinfo=None) for day in days]}


def note_load_days(connection: "duckdb.DuckDBPyConnection", zone: ZoneInfo) -> date | None:
    """Make the temporary table `load_day` of all loads, and return the last day; None if there is no load."""
    first, last = connection.execute("SELECT min(known_at_utc), max(known_at_utc) FROM load").fetchone() or (None, None)
    if first is None or last is None:
        return None
    connection.execute(sql_text("load_day"), day_starts(first, last, zone))
    return account_date(last.replace(tzinfo=UTC), zone)
