"""Until which load a reading may know: named by its number, or by a moment."""

import operator
from datetime import UTC, datetime

from aibuyer_kit.core.errors import PeriodError
from aibuyer_kit.warehouse.cursor import Cursor

# A load number, or an aware moment: what had been loaded by then.
AsOf = int | datetime


def load_number(cursor: Cursor, as_of: AsOf | None) -> int:
    """Return the last load that was known at `as_of`: one before the first that became known later.

    Raises PeriodError for a load that there is not, and for a moment without its zone.
    """
    if isinstance(as_of, datetime):
        return _load_at(cursor, as_of)
    last = cursor.last_load
    if as_of is None:
        return last
    number = operator.index(as_of)
    if not 0 <= number <= last:
        raise PeriodError(f"There is no load {number}; the last one is {last}. Loads are numbered from 1.")
    return number


def first_load(cursor: Cursor) -> str:
    """Return in words when the first load came, in UTC."""
    found: tuple[datetime | None] = cursor.execute("SELECT min(known_at_utc) FROM load").fetchone()
    if found[0] is None:
        return "there is no load yet"
    moment = found[0].replace(tzinfo=UTC).isoformat(timespec="minutes")
    return f"the first load came later, at {moment}. Ask for that moment or a later one"


def _load_at(cursor: Cursor, moment: datetime) -> int:
    if moment.tzinfo is None:
        raise PeriodError(f"as_of is {moment} without a time zone; give an aware moment, such as …T09:00+03:00.")
    row = cursor.execute(
        "SELECT coalesce(min(load_id) FILTER (known_at_utc > $moment) - 1, max(load_id), 0) FROM load",
        {"moment": moment.astimezone(UTC).replace(tzinfo=None)},
    ).fetchone()
    return int(row[0]) if row else 0
