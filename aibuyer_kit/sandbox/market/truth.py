"""What budgets bring in truth, and which budgets bring most: nobody who buys advertising ever gets to see this."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Truth:
    """What daily budgets bring over some days, beyond what there would be without any advertising.

    Money in micros of the account's currency. Figures are means over runs of luck; the errors are standard errors of
    those means, 0 where nothing is left to luck. `persuaded` are, by ad set, the results that its ads brought about;
    some of those people would have bought later anyway, so that `results` is less than their sum.
    """

    days: int
    runs: int
    spend_micros: float
    results: float
    revenue_micros: float
    margin: float
    results_error: float
    revenue_error_micros: float
    spend_by_adset: Mapping[str, float]
    persuaded: Mapping[str, float]

    @cached_property
    def profit_micros(self) -> float:
        """Gross margin of the revenue, less what was spent."""
        return self.margin * self.revenue_micros - self.spend_micros

    @property
    def profit_error_micros(self) -> float:
        return self.margin * self.revenue_error_micros


@dataclass(frozen=True)
class Optimum:
    """The best split of a total that was found, and a bound that no split of it exceeds.

    `bound_micros` is on the revenue, under the lucks that `truth` was taken under. `truth` is of `budgets`, `today` of
    the budgets as they are, brought to the same total.
    """

    budgets: Mapping[str, int]
    truth: Truth
    today: Truth
    bound_micros: float

    @property
    def headroom(self) -> float:
        """Return by which share the best split found brings more revenue than today's."""
        return self.truth.revenue_micros / self.today.revenue_micros - 1 if self.today.revenue_micros > 0 else 0.0

    @property
    def gap(self) -> float:
        """Return by which share the bound lies above what was found."""
        return self.bound_micros / self.truth.revenue_micros - 1


@dataclass(frozen=True)
class TrueSums:
    """What whole days of a market brought in truth, beyond no advertising over these days; money in micros."""

    spend_micros: int
    results: float
    revenue_micros: float
    margin: float
