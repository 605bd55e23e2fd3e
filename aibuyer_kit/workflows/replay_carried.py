"""Changes that a replay has made and the history has not: what objects then are, and which figures nobody can know.

Where an object goes on otherwise than it did, its figures since, and those of what is above and below it, tell of
another history. Objects beside it are taken to have gone on as they did.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from aibuyer_kit.core.changes import Change, Value, labels_value
from aibuyer_kit.core.entities import Level
from aibuyer_kit.rules.conditions import Of
from aibuyer_kit.rules.fields import NUMBERS
from aibuyer_kit.rules.subjects import Subject, Text
from aibuyer_kit.rules.table import Column, Floats, Table
from aibuyer_kit.rules.windows import HourRange

Key = tuple[str, str, str]
# Fields that a change moves, nobody knows whereto; and so for all that is above and below what was changed.
_MOVED = ("hours_since_edit", "days_without_delivery", "score")
# What the platform makes of a change, of the object and all below it; what holds follows from statuses and creatives.
_ITS_WORD = ("learning_stage", "issues")
_HOLDS, _WHAT_RUNS = "effective_status", ("status", "creative")
_LAST_OF_HOUR = timedelta(hours=1) - timedelta(microseconds=1)


@dataclass
class _Path:
    """How one object goes on otherwise than it did: its fields, what the history has in their place, and since when."""

    above: tuple[str | None, ...]
    since: datetime
    is_new: bool = True
    values: dict[str, Value] = field(default_factory=dict)
    history: dict[str, Value | None] = field(default_factory=dict)


class Carried:
    """All that a replay has changed so far."""

    def __init__(self) -> None:
        self._paths: dict[Key, _Path] = {}
        self._above: dict[Key, tuple[str | None, ...]] = {}
        # What a field held from each moment on, the oldest first; None from where the history tells again.
        self._held: dict[tuple[Key, str], list[tuple[datetime, Value | None]]] = {}

    def change(self, change: Change, at: datetime) -> None:
        """Carry a change forward, from this moment."""
        key = (change.platform, change.account_id, change.object_id)
        path = self._paths.setdefault(key, _Path(self._above.get(key, ()), at))
        path.values[change.field] = change.after
        path.history.setdefault(change.field, change.before)
        self._hold(key, change.field, at, change.after)

    def value_at(self, change: Change, moment: datetime) -> Value | None:
        """Return what the field of a change held at a moment; None where it is as the history tells."""
        key = (change.platform, change.account_id, change.object_id)
        held = self._held.get((key, change.field), ())
        return next((value for at, value in reversed(held) if at <= moment), None)

    def _hold(self, key: Key, name: str, at: datetime, value: Value | None) -> None:
        self._held.setdefault((key, name), []).append((at, value))

    def seen(self, table: Table) -> Table:
        """Return a table as it would be: with the carried fields, and unknown where the history tells nothing of it.

        A field that the history itself changes later is as the history then has it. Where the history made the very
        same change before it is looked at again, the object is on its path.
        """
        self._above |= {each.key: (each.adset_id, each.campaign_id, each.account_id) for each in table.subjects}
        for each in table.subjects:
            self._meet(each, table.now)
        if not self._paths:
            return table
        numbers = {column: self._known(column, values, table) for column, values in table.numbers.items()}
        return replace(table, subjects=[self._shown(each) for each in table.subjects], numbers=numbers)

    def _meet(self, each: Subject, now: datetime) -> None:
        """Follow what the history did to a changed object since it was last looked at."""
        path = self._paths.get(each.key)
        if path is None:
            return
        if path.is_new and all(_value(each, name) == value for name, value in path.values.items()):
            del self._paths[each.key]
            for name in path.values:
                self._hold(each.key, name, now, None)
            return
        path.is_new = False
        for name in path.values:
            real = _value(each, name)
            if real is not None and real != path.history[name]:
                path.history[name] = path.values[name] = real
                self._hold(each.key, name, now, real)

    def _shown(self, each: Subject) -> Subject:
        """Return an object with the carried fields of its own and of what is above it, as far as anybody knows them."""
        texts = self._texts(each)
        campaign = self._values(each, each.campaign_id).get("name", each.campaign_name)
        if texts or campaign != each.campaign_name:
            each = replace(each, campaign_name=str(campaign), texts={**each.texts, **texts})
        for name, value in self._values(each, each.object_id).items():
            if name == "status":
                each = replace(each, status=str(value))
            elif name == "daily_budget":
                each = replace(each, daily_budget_micros=int(value))
            elif name == "name":
                each = replace(each, name=str(value))
            elif name in NUMBERS:
                each = replace(each, numbers={**each.numbers, name: float(value)})
        return each

    def _texts(self, each: Subject) -> dict[str, Text]:
        """Return those texts of an object that are not as the history has them."""
        own, adset = self._values(each, each.object_id), self._values(each, each.adset_id)
        found: dict[str, Text] = {}
        if "creative" in own:
            found["creative.id"] = str(own["creative"])
        if "labels" in own:
            found["labels"] = tuple(json.loads(str(own["labels"])))
        if "name" in adset:
            found["adset.name"] = str(adset["name"])
        changed = set(own).union(adset, self._values(each, each.campaign_id), self._values(each, each.account_id))
        unknown = (*(_ITS_WORD if changed else ()), *((_HOLDS,) if changed.intersection(_WHAT_RUNS) else ()))
        return found | dict.fromkeys(unknown)

    def _values(self, each: Subject, object_id: str | None) -> dict[str, Value]:
        """Return the carried fields of an object, or of one above it."""
        path = self._paths.get((each.platform, each.account_id, object_id or ""))
        return path.values if path else {}

    def _known(self, column: Column, values: Floats, table: Table) -> Floats:
        """Return a column with the carried fields, and NaN where its window holds a time that went otherwise."""
        if column.window is None:
            return self._fields(column, values, table)
        span = table.span(column.window)
        if span is None:
            return values
        hours = isinstance(span, HourRange)
        until = span.until + _LAST_OF_HOUR if hours else datetime.combine(span.until, datetime.max.time())
        since = self._since(column.of, table)
        gone = np.array([moment is not None and moment <= until for moment in since], dtype=np.bool_)
        return np.where(gone, np.nan, values)

    def _fields(self, column: Column, values: Floats, table: Table) -> Floats:
        """Return a field of each object, or of what is above it, as it is carried."""
        if column.name in _MOVED:
            return np.where([moment is not None for moment in self._since(column.of, table)], np.nan, values)
        shown = values.copy()
        for row, each in enumerate(table.subjects):
            carried = self._values(each, _id_of(each, column.of))
            if column.name in carried:
                shown[row] = float(carried[column.name])
        return shown

    def _since(self, of: Of, table: Table) -> list[datetime | None]:
        """Return for each row since when its figures tell of another history: local time, without its zone."""
        own, below = self._changes(table)
        found = []
        for each in table.subjects:
            above = [each.adset_id, each.campaign_id, each.account_id]
            asked = _id_of(each, of)
            higher = above[above.index(asked) + 1 :] if asked in above else above
            moments = [below.get((each.account_id, asked)), *(own.get((each.account_id, one)) for one in higher)]
            found.append(min((moment for moment in moments if moment is not None), default=None))
        return found

    def _changes(
        self, table: Table
    ) -> tuple[dict[tuple[str, str | None], datetime], dict[tuple[str, str | None], datetime]]:
        """Return the first change of each object itself, and of each object or anything below it."""
        own: dict[tuple[str, str | None], datetime] = {}
        below: dict[tuple[str, str | None], datetime] = {}
        for (_, account_id, object_id), path in self._paths.items():
            moment = path.since.astimezone(table.now.tzinfo).replace(tzinfo=None)
            own[account_id, object_id] = moment
            for one in {object_id, *path.above}:
                below[account_id, one] = min(moment, below.get((account_id, one), moment))
        return own, below


def _id_of(each: Subject, of: Of) -> str | None:
    """Return the id of the object whose figures are asked for."""
    parents = {Level.CAMPAIGN: each.account_id, Level.ADSET: each.campaign_id, Level.AD: each.adset_id}
    return {
        "self": each.object_id,
        "parent": parents[each.level],
        "campaign": each.campaign_id,
        "account": each.account_id,
    }[of]


def _value(each: Subject, name: str) -> Value | None:
    """Return a field of an object as a change has it."""
    if name in ("status", "name", "labels", "creative"):
        said = each.text("creative.id" if name == "creative" else name)
        return labels_value(said) if isinstance(said, tuple) else said
    told = each.number(name)
    return None if told is None else int(told)
