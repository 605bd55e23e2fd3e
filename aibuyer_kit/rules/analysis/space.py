"""What conditions speak of, as variables that rules of all levels share, and what always holds between them.

The own figures of a campaign are the campaign's figures of its ad sets: both are one variable. Money is in units.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.core.metrics import METRICS
from aibuyer_kit.rules.fields import NUMBERS
from aibuyer_kit.rules.table import ARRIVED, Column
from aibuyer_kit.rules.windows import HourRange, Lifetime, Window

CHAIN = ("account", "campaign", "adset", "ad")
_PARENT = {"campaign": "account", "adset": "campaign", "ad": "adset"}
_CREATED = "created_on"
_TARGET = "target of "
# Of each of these there is at most as much as of the next.
_AT_MOST = (("link_clicks", "clicks", "impressions"), ("revenue_assumed", "revenue"))
_WHOLE = ("days_without_delivery", _CREATED)
_ABOVE_ZERO = ("daily_budget", "lifetime_budget", "bid")
_ANY_SIGN = ("profit", "score", _CREATED)


@dataclass(frozen=True)
class Sum:
    """A measure of an entity over a window, one of its numeric fields, or a target of the client."""

    entity: str
    name: str
    window: Window | None = None
    matured: bool = False

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.entity, self.name, self.window, self.matured))

    @property
    def is_whole(self) -> bool:
        """Counts are whole numbers, unless they were divided by the share that has arrived."""
        if self.name in _WHOLE:
            return True
        return self.window is not None and not self.matured and METRICS[self.name].unit == "count"

    @property
    def is_positive(self) -> bool:
        return self.name in _ABOVE_ZERO or self.name.startswith(_TARGET)

    @property
    def is_at_least_zero(self) -> bool:
        return self.name not in _ANY_SIGN

    @property
    def is_money(self) -> bool:
        found = NUMBERS[self.name].kind if self.window is None and self.name in NUMBERS else None
        return found == "money" or (self.window is not None and METRICS[self.name].unit == "money")

    @cached_property
    def flows(self) -> bool:
        """Whether delivery from now on comes to replace what it holds."""
        return self.window is not None and not isinstance(self.window, Lifetime)


@dataclass(frozen=True)
class Said:
    """What a text field may say: that it `is` a text, `holds` it within, or has it as an `item` of its list."""

    entity: str
    field: str
    how: str
    text: str


@cache
def entity_of(level: str, of: str) -> str:
    """Return whose figure is meant.

    >>> entity_of("adset", "parent"), entity_of("campaign", "campaign")
    ('campaign', 'campaign')
    """
    return {"self": level, "parent": _PARENT[level]}.get(of, of)


@cache
def field_of(level: str, field: str) -> tuple[str, str] | None:
    """Return whose text field is meant, and which; None where an object of this level has none."""
    owner, _, name = field.rpartition(".")
    if field == "objective":
        return "campaign", field
    if owner == "creative":
        return (level, field) if level == "ad" else None
    if not owner:
        return level, field
    return (owner, name) if CHAIN.index(owner) <= CHAIN.index(level) else None


@cache
def sum_of(level: str, column: Column) -> Sum:
    """Return the variable that a column of a table holds."""
    return Sum(entity_of(level, column.of), column.name, column.window, column.matured)


def created(entity: str) -> Sum:
    return Sum(entity, _CREATED)


def target(metric: str) -> Sum:
    return Sum("client", f"{_TARGET}{metric}")


def target_name(each: Sum) -> str | None:
    return each.name.removeprefix(_TARGET) if each.name.startswith(_TARGET) else None


@cache
def is_at_most(less: Sum, more: Sum) -> bool:
    """Return whether one sum can never be above another: a part of its days, of its entity, or of what it counts."""
    if less == more or less.window is None or more.window is None or less.matured != more.matured:
        return False
    if "profit" in (less.name, more.name) or ARRIVED in (less.name, more.name):
        return False
    return (
        _is_part(less.name, more.name)
        and CHAIN.index(less.entity) >= CHAIN.index(more.entity)
        and lies_in(less.window, more.window)
    )


def _is_part(less: str, more: str) -> bool:
    return less == more or any(
        less in chain and more in chain and chain.index(less) <= chain.index(more) for chain in _AT_MOST
    )


# A leap year and the turn of it, at the first and the last hour of each day: ends of months, weeks and years all occur.
_MOMENTS = [
    datetime(2024, 1, 1) + timedelta(days=day, hours=hour)  # noqa: DTZ001 # local times of an account
    for day, hour in product(range(400), (0, 23))
]
_NONE = -1


@cache
def hours_of(window: Window) -> NDArray[np.int64]:
    """Return its first hour and the one after its last, at each of the moments; -1 where none of its days is over.

    Hours that have not come yet hold nothing, so that a window ends at the moment at the latest.
    """
    found = [_hours(window, now) for now in _MOMENTS]
    return np.array(found, dtype=np.int64).T


def _hours(window: Window, now: datetime) -> tuple[int, int]:
    span = window.span(now)
    if span is None:
        return _NONE, _NONE
    if isinstance(span, HourRange):
        return _hour(span.since), _hour(span.until) + 1
    return span.since.toordinal() * 24, min((span.until.toordinal() + 1) * 24, _hour(now) + 1)


def _hour(moment: datetime) -> int:
    return moment.date().toordinal() * 24 + moment.hour


@cache
def lies_in(inner: Window, outer: Window) -> bool:
    """Return whether the days or hours of one window belong to the other at every moment."""
    if inner == outer:
        return True
    (since, until), (first, last) = hours_of(inner), hours_of(outer)
    both = (since != _NONE) & (first != _NONE)
    return bool(both.any()) and bool(((since >= first) & (until <= last))[both].all())


@cache
def ages_of(window: Window) -> tuple[tuple[int, int], ...]:
    """Return the ages in days of the newest and the oldest day of a window, at each moment at which it has any."""
    found = []
    for now in _MOMENTS[::2]:
        span = window.span(now)
        if span is not None:
            since, until = (each.date() if isinstance(each, datetime) else each for each in (span.since, span.until))
            found.append(((now.date() - until).days, (now.date() - since).days))
    return tuple(found)


def day_number(day: date) -> int:
    return day.toordinal()
