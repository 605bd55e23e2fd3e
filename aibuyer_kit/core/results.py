"""What counts as a result: one action type and attribution window for each objective, with its worth to the client.

Results of two kinds are never added up. Money is in micros, a margin in millionths, so that sums stay exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aibuyer_kit.core.errors import WarehouseError
from aibuyer_kit.core.facts import WINDOWS

MILLIONTHS = 1_000_000


@dataclass(frozen=True, order=True)
class ResultKind:
    """What is counted; two kinds cannot be added up, not even two windows of one action type."""

    action_type: str
    window: str


@dataclass(frozen=True)
class ResultSetting:
    """Which action type is the one canonical result, and in which attribution window it counts.

    `value_per_result_micros` stands in where the platform reports no value for a result; `gross_margin_millionths` is
    the share of revenue that is left after the cost of what is sold. Both are None where they are not known.
    """

    action_type: str = "purchase"
    window: str = "total"
    value_per_result_micros: int | None = None
    gross_margin_millionths: int | None = None

    def __post_init__(self) -> None:
        if self.window not in WINDOWS:
            raise WarehouseError(f"There is no attribution window {self.window!r}. Known: {', '.join(WINDOWS)}.")

    @property
    def kind(self) -> ResultKind:
        return ResultKind(self.action_type, self.window)


@dataclass(frozen=True)
class ResultRules:
    """The client's result, and those of objectives that have one of their own, by the platform's name of the objective.

    An objective without an entry, and a row whose objective is not known, count the client's result.
    """

    default: ResultSetting = ResultSetting()
    by_objective: Mapping[str, ResultSetting] = field(default_factory=dict)

    def of(self, objective: str | None) -> ResultSetting:
        return self.by_objective.get(objective or "", self.default)

    def settings(self) -> tuple[ResultSetting, ...]:
        """Return all settings, the default first, then in the order of the objectives."""
        return (self.default, *self.by_objective.values())
