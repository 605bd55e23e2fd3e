"""What a viewer has chosen: plain values without widgets, checked when they are made."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from aibuyer_kit.core.entities import Level, parse_level
from aibuyer_kit.core.errors import PeriodError
from aibuyer_kit.core.metrics import METRICS, Measure, metric

PERIOD_DAYS = (7, 14, 28, 90)
# In place of a number of days: from one day to another.
OWN_PERIOD = 0
# In place of a load number: what is known now.
NEWEST = 0
LEVELS = (Level.CAMPAIGN, Level.ADSET, Level.AD)
# People cannot be added up over days, so that a period has no figure for them.
CHOOSABLE_METRICS = tuple(
    name for name, each in METRICS.items() if not (isinstance(each, Measure) and each.additive == "nowhere")
)


@dataclass(frozen=True)
class ViewState:
    """One choice of client, level, metric and period; `as_of` is a load number or NEWEST.

    The period is `days` full days, or `since` to `until` where both are given. Raises UnknownMetricError, InputError,
    PeriodError.
    """

    client_id: str
    level: str = "campaign"
    metric: str = "spend"
    days: int = 28
    since: date | None = None
    until: date | None = None
    as_of: int = NEWEST
    search: str = ""

    def __post_init__(self) -> None:
        parse_level(self.level)
        metric(self.metric)
        if self.days < 1:
            raise PeriodError(f"days is {self.days}; it must be at least 1.")
        if (self.since is None) != (self.until is None):
            raise PeriodError("Give both ends of the period: since and until.")

    def period(self) -> dict[str, Any]:
        """Return the period and `as_of` as the arguments of Client.overview and Client.insights."""
        chosen = {"days": self.days} if self.since is None else {"since": self.since, "until": self.until}
        return {**chosen, "as_of": self.as_of or None}

    @property
    def period_choice(self) -> int:
        """The number of days that is chosen, or OWN_PERIOD."""
        return self.days if self.since is None else OWN_PERIOD

    def changed(self, **choices: Any) -> "ViewState":
        """Return the state after a choice; a number of days takes the place of an own period.

        Another client starts at its newest data, because loads are its own.
        """
        if choices.get("client_id", self.client_id) != self.client_id:
            choices = {"as_of": NEWEST, "since": None, "until": None} | choices
        if "days" in choices:
            choices = {"since": None, "until": None} | choices
        return replace(self, **choices)
