"""One value of a Graph row at a time: strict text in, a typed value out, ValueError with the reason otherwise."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from aibuyer_kit.core.money import micros_from_minor, micros_from_units

Told = TypeVar("Told")

LONGEST_COUNT = 18  # digits that fit a BIGINT
_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]+)?")
_WHOLE_WITH_ZEROS = re.compile(r"[0-9]{1,18}\.0+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def whole_count(value: object) -> int:
    """Return a count that came as text.

    >>> whole_count("12"), whole_count("3.0")
    (12, 3)
    """
    if isinstance(value, str):
        if value.isascii() and value.isdigit() and len(value) <= LONGEST_COUNT:
            return int(value)
        if _WHOLE_WITH_ZEROS.fullmatch(value):
            return int(value.partition(".")[0])
    raise ValueError("is not a whole number written as text")


def amount_micros(value: object) -> int:
    """Return the micros of an amount in currency units that came as text.

    >>> amount_micros("12.34")
    12340000
    """
    if isinstance(value, str) and _AMOUNT.fullmatch(value):
        return micros_from_units(value)
    raise ValueError("is not an amount of currency units written as text")


def budget_micros(value: object, minor_per_unit: int) -> int | None:
    """Return the micros of a budget in minor units; None for "0", which means that there is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        return micros_from_minor(value, minor_per_unit) or None
    raise ValueError("is not a budget in whole minor units written as text")


def some_text(value: object) -> str:
    """Return text that is not empty: an id, a state."""
    if isinstance(value, str) and value:
        return value
    raise ValueError("is not text with at least one character")


def any_text(value: object) -> str:
    """Return text, which may be empty: a name that a stranger wrote."""
    if isinstance(value, str):
        return value
    raise ValueError("is not text")


def iso_day(value: object) -> date:
    """Return a day written as YYYY-MM-DD."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        return date.fromisoformat(value)
    raise ValueError("is not a day written as YYYY-MM-DD")


def moment(value: object) -> datetime | None:
    """Return a time with its offset, in UTC; None for "unset", which is written as a time about 1970.

    >>> moment("2017-08-25T17:11:47-0700")
    datetime.datetime(2017, 8, 26, 0, 11, 47, tzinfo=datetime.timezone.utc)
    """
    if not isinstance(value, str):
        raise ValueError("is not a time written as text")
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError("is a time without its offset")
    in_utc = instant.astimezone(UTC)
    return in_utc if in_utc.year > 1970 else None


def creative_id(value: object) -> str:
    """Return the id in an ad's pointer to its creative."""
    if isinstance(value, dict):
        return some_text(value.get("id"))
    raise ValueError("is not an object with the id of a creative")


def plain_text(value: object) -> str:
    """Return any JSON value as one text: text as it is, everything else as JSON with sorted keys."""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def told_by(parse: Callable[[Any], Told], value: object) -> Told | None:
    """Return what a value says, or None where it cannot be read."""
    try:
        return parse(value)
    except (ValueError, TypeError):
        return None
