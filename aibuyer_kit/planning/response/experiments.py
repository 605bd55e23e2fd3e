"""Lift tests: what ads brought beyond what would have come anyway, and what was reported of the same days."""

import math
from dataclasses import dataclass
from datetime import date

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import ExperimentError


@dataclass(frozen=True)
class Experiment:
    """One test of one object: `results` beyond those without its ads over `days`, with the error of that figure.

    `spend` is in currency units over all days of the test, 0 where it is not known; of an object that spent more on
    these days, the test is of that part. `known_on` is the day on which the result was known, at the earliest the
    last day of the test, which it is where it is not told. Raises ExperimentError for figures that cannot be.
    """

    object_id: str
    days: DateRange
    spend: float
    results: float
    standard_error: float
    known_on: date | None = None

    @property
    def known_from(self) -> date:
        """The day from which on its result is known."""
        return self.known_on or self.days.until

    def __post_init__(self) -> None:
        numbers = (self.spend, self.results, self.standard_error)
        if not all(math.isfinite(number) for number in numbers):
            raise ExperimentError(
                f"The experiment on {self.object_id!r} of {self.days} has a figure that is no number."
            )
        if self.spend < 0 or self.standard_error <= 0:
            raise ExperimentError(
                f"The experiment on {self.object_id!r} of {self.days} has a spend of {self.spend:g} and a standard "
                f"error of {self.standard_error:g}: spend is 0 or more, and an error above 0."
            )
        if self.known_from < self.days.until:
            raise ExperimentError(
                f"The experiment on {self.object_id!r} of {self.days} was known on {self.known_on}: before it ended."
            )


@dataclass(frozen=True)
class Tested:
    """An experiment beside the reports: its arm's place, and what was reported of its days and spend in the end."""

    place: int
    reported: float
    results: float
    error: float
