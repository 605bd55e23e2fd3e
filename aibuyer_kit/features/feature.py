"""What a feature is: a name, a sentence, a unit, a rule of what it may look at, and the function that makes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from aibuyer_kit.core.i18n import t
from aibuyer_kit.features.view import View
from aibuyer_kit.features.windows import Floats

Unit = Literal["money", "count", "share", "ratio", "days", "number", "code", "flag"]


class Leakage(StrEnum):
    """What a feature of a day may look at, so that no model sees what was not known.

    ADVANCE: nothing that happens, so that it is known for any day to come: the calendar, the day of creation.
    PLANNED: budgets up to and on the day itself: as they were set, and as they are planned for days to come.
    SET: what is set for an object at the panel's moment; of the past it tells what is set now.
    DAY_OVER: days before it; their figures are final when a day is over.
    RESTATED: days before it, whose results are restated for weeks: as known at the panel's moment, divided by the share
    of them that was known then.
    NOW: besides days before it, what is known so far of the day on which the panel was read.
    """

    ADVANCE = "advance"
    PLANNED = "planned"
    SET = "set"
    DAY_OVER = "day_over"
    RESTATED = "restated"
    NOW = "now"

    @property
    def is_known_ahead(self) -> bool:
        """Whether it can be told of any day to come."""
        return self in (Leakage.ADVANCE, Leakage.PLANNED, Leakage.SET)

    def sentence(self, locale: str) -> str:
        return t(locale, f"leakage.{self}")


@dataclass(frozen=True)
class Feature:
    """One feature; `make` gives an array of days by objects, or one that is repeated along either.

    `told` is the key of its sentence in the catalogue's section `feature`, with the names of metrics and numbers in it.
    """

    name: str
    unit: Unit
    leakage: Leakage
    make: Callable[[View], Floats] = field(repr=False)
    told: str = ""
    metric: str = ""
    values: Mapping[str, int | str] = field(default_factory=dict)

    def sentence(self, locale: str) -> str:
        """Return what it tells, in the reader's language."""
        values = dict(self.values) | ({"metric": t(locale, f"metric.{self.metric}")} if self.metric else {})
        return t(locale, f"feature.{self.told or self.name}", count=None, **values)
