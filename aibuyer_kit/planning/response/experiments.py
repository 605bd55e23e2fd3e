"""Lift tests: what ads brought beyond what would have come anyway, and what was reported of the same days."""

import math
from dataclasses import dataclass

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import ExperimentError


@dataclass(frozen=True)
class Experiment:
    """One test of one object: `results` beyond those without its ads over `days`, with the error of that figure.

    `spend` is in currency units over all days of the test. Raises ExperimentError for figures that cannot be.
    """

    object_id: str
    days: DateRange
    spend: float
    results: float
    standard_error: float

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


@dataclass(frozen=True)
class Tested:
    """An experiment beside the reports: its arm's place, and what the platform reported of its days when all was in."""

    place: int
    reported: float
    results: float
    error: float
