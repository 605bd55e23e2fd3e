"""The panel that models learn from: objects of one level, day by day, as they were known at one moment.

Everything that a model sees comes from here, and a panel is read as of a load: what was not known then is not in it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError, UnknownMetricError
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.features.windows import Floats


@dataclass(frozen=True)
class PanelObject:
    """One object as known then; budgets in micros of its account's currency, None where it has none of its own."""

    id: str
    name: str
    account_id: str
    campaign_id: str | None = None
    campaign_name: str | None = None
    adset_id: str | None = None
    objective: str | None = None
    status: str | None = None
    created_on: date | None = None
    daily_budget_micros: int | None = None
    campaign_daily_budget_micros: int | None = None
    creative_id: str | None = None
    # What its results are, of `purchase` and the like; '' where nothing was counted, None where kinds are mixed.
    result_type: str | None = ""
    # In which attribution window they count.
    result_window: str = field(default="", repr=False)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    # Whose daily budget it spends: its own id, that of its ad set or campaign; '' where none is known.
    holder_id: str = ""
    holder_budget_micros: int | None = None
    time_zone: str = "UTC"
    # What the creative of an ad shows, by the warehouse's columns; empty where nothing is known of it.
    creative: Mapping[str, Any] = field(default_factory=dict)
    platform: str = ""
    # Of a panel that holds several levels, whose object it is; and its id there, where `id` has more to tell it apart.
    level: str = ""
    own_id: str = ""
    # What one unit of its account's currency is worth in the panel's, on the panel's last day.
    rate: float = 1.0
    # Whether it may spend: neither it nor what is above it is paused or gone, as far as is known.
    delivers: bool = True

    @property
    def key(self) -> str:
        """Its id as the platform knows it."""
        return self.own_id or self.id

    def units(self, micros: int | None) -> float:
        """Return an amount of its account in units of the panel's currency, NaN for none."""
        return float("nan") if micros is None else micros / MICROS_PER_UNIT * self.rate


@dataclass(frozen=True)
class Split:
    """Impressions of objects by part of a breakdown, such as ("25-34", "female"): an array (days, objects, parts)."""

    names: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]
    impressions: Floats


@dataclass(frozen=True)
class DailyPanel:
    """Measures of objects by day, as known after load `load_id`, whose figures were as of `known_at`.

    Each measure, by its name in `core.metrics`, is an array (days, objects) of float64; money is in micros of
    `currency`. A day on which its account was read and an object has no row counts 0; NaN is not known. `known_share`
    (days, objects) is which share of a day's final results was known then: 1 where they are final, NaN where the past
    does not tell. Spend, impressions and clicks are final when a day is over.

    What is read besides, where it is asked for: `budgets` (days, objects) are the daily budgets that objects spend
    from, in micros as they were set when each day ended; `reach` by window of days is how many people the window that
    ends on a day reached (NaN where it was not read); `splits` by breakdown are impressions by part.
    """

    level: Level
    days: DateRange
    objects: tuple[PanelObject, ...]
    measures: Mapping[str, Floats]
    known_share: Floats
    currency: str
    load_id: int
    known_at: datetime
    budgets: Floats | None = None
    reach: Mapping[int, Floats] = field(default_factory=dict)
    splits: Mapping[tuple[str, ...], Split] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = len(self.days), len(self.objects)
        budgets = () if self.budgets is None else (("budgets", self.budgets),)
        reach = ((f"reach of {days} days", values) for days, values in self.reach.items())
        splits = ((" by ".join(names), split.impressions) for names, split in self.splits.items())
        for name, values in (
            *self.measures.items(),
            ("known_share", self.known_share),
            *budgets,
            *reach,
            *splits,
        ):
            if values.shape[:2] != shape:
                raise InputError(f"{name} is of {values.shape}; a panel of {shape[0]} days and {shape[1]} objects is.")

    def measure(self, name: str) -> Floats:
        """Return one measure (days, objects). Raises UnknownMetricError with those there are."""
        try:
            return self.measures[name]
        except KeyError:
            raise UnknownMetricError(
                f"The panel has no measure {name!r}. It has: {', '.join(sorted(self.measures))}."
            ) from None

    def until(self, day: date) -> "DailyPanel":
        """Return the panel with its days up to `day`; it still tells them as they were known at its own moment."""
        days = DateRange(self.days.since, min(day, self.days.until))
        return self._with_days(days, slice(0, len(days)))

    def last(self, count: int) -> "DailyPanel":
        """Return the panel of its last `count` days, or of all where there are fewer."""
        kept = min(count, len(self.days))
        days = DateRange(list(self.days)[-kept], self.days.until)
        return self._with_days(days, slice(len(self.days) - kept, None))

    def only(self, places: Sequence[int]) -> "DailyPanel":
        """Return the panel of the objects at these places, in this order."""
        picked = np.asarray(places, dtype=np.int64)
        objects = tuple(self.objects[place] for place in places)
        return replace(self, objects=objects, **self._arrays((slice(None), picked)))

    def fingerprint(self) -> str:
        """Return a digest of every figure and object: models learnt from equal ones are the same model."""
        digest = hashlib.sha256(f"{self.level}|{self.days}|{self.currency}|{self.objects!r}".encode())
        for name, values in (*sorted(self.measures.items()), ("known_share", self.known_share)):
            digest.update(f"|{name}|{values.shape}|".encode())
            digest.update((np.ascontiguousarray(values, dtype="<f8") + 0.0).tobytes())  # -0.0 is 0.0
        return digest.hexdigest()

    def _with_days(self, days: DateRange, kept: slice) -> "DailyPanel":
        return replace(self, days=days, **self._arrays((kept,)))

    def _arrays(self, kept: tuple[Any, ...]) -> dict[str, Any]:
        """Return every array by its field, cut to what is kept of days and objects."""
        splits = {names: replace(split, impressions=split.impressions[kept]) for names, split in self.splits.items()}
        return {
            "measures": {name: values[kept] for name, values in self.measures.items()},
            "known_share": self.known_share[kept],
            "budgets": None if self.budgets is None else self.budgets[kept],
            "reach": {days: values[kept] for days, values in self.reach.items()},
            "splits": splits,
        }
