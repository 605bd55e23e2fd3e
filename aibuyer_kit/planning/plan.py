"""A plan as a value: who gets what, what it is expected to bring, which limits bind, and what lies beyond it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date
from math import isfinite
from typing import TYPE_CHECKING, Any

from aibuyer_kit.core.changes import Change
from aibuyer_kit.planning.curves import Basis, ValueOf
from aibuyer_kit.planning.limits import Limit

if TYPE_CHECKING:
    from aibuyer_kit.charts.explanation import Explanation

# The interval that is told around an expectation.
INTERVAL = 0.9
_WHOLE_MICROS = 10_000


@dataclass(frozen=True, repr=False)
class Expected:
    """A figure a day: its mean, and the range within which 90% of the draws lie.

    >>> Expected(1265.331, -122.457, 729.5)
    1,265.33 (−122.46 to 729.50)
    """

    mean: float
    low: float
    high: float

    def __repr__(self) -> str:
        mean, low, high = (f"{each:,.2f}".replace("-", "−") for each in (self.mean, self.low, self.high))
        return f"{mean} ({low} to {high})"


@dataclass(frozen=True)
class Binding:
    """A limit that holds the plan back, and what one more unit of money a day of it is worth.

    `worth` counts in units of value a day: for the total it is what the last unit brings, less itself where profit is
    planned; for an arm's most it is what a unit brings there beyond what it brings elsewhere. It is never negative:
    of a least, it is what one unit less is worth.
    """

    limit: Limit
    worth: float


@dataclass(frozen=True)
class PlannedArm:
    """One arm: what it spends and gets, what the next unit brings, and what stops it; money a day.

    `marginal_now` and `marginal` are the mean over draws of what one more unit brings at today's spend and at the
    plan's. `moved` is what the move is worth: the value that it brings, less what the same money is worth elsewhere.
    """

    id: str
    name: str
    now_micros: int
    planned_micros: int
    value_now: float
    value: float
    marginal_now: float
    marginal: float
    price: float
    moved: float
    binding: Binding | None
    identified: str
    warning: str
    resets: bool

    @property
    def change(self) -> float | None:
        """The change as a share of today's spend, None where there is none."""
        return self.planned_micros / self.now_micros - 1.0 if self.now_micros else None


@dataclass(frozen=True)
class PlannedDay:
    """One day of a plan: its total, and its amounts by arm in the plan's order."""

    day: date | int  # the number of the day, from 0 on, where no date is known
    total_micros: int
    micros: tuple[int, ...]


@dataclass(frozen=True, repr=False)
class Plan:
    """The split of a total that is worth most by the curves, in whole minor units that add up to the total exactly.

    `expected` and `today` are the profit a day (or the value, `is_profit`) of the plan and of today's split, `gain`
    their difference draw by draw, `better` the share of draws in which the plan brings more: None where nothing that
    moves has a response that the past tells, for then it would only say what is usual of arms. No split within the
    limits brings more than `bound` by the same curves; `reached` says how near the plan comes. `notes` are keys of
    sentences, with their values.
    """

    arms: tuple[PlannedArm, ...]
    total_micros: int
    today_micros: int
    currency: str
    basis: Basis
    value_of: ValueOf
    is_profit: bool
    expected: Expected
    today: Expected
    gain: Expected
    better: float | None
    worth: float
    bound: float
    binding: tuple[Binding, ...]
    days: tuple[PlannedDay, ...]
    notes: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    locale: str = "en"
    changes: tuple[Change, ...] = ()

    @property
    def reached(self) -> float:
        """What the plan brings as a share of the bound: 1 is the best there is."""
        return 1.0 if self.bound <= 0.0 or self.worth >= self.bound else self.worth / self.bound

    @property
    def moving(self) -> tuple[PlannedArm, ...]:
        """The arms whose spend the plan changes by more than it takes to be a whole amount."""
        return tuple(arm for arm in self.arms if abs(arm.planned_micros - arm.now_micros) > _WHOLE_MICROS)

    @property
    def is_told(self) -> bool:
        """Whether the past tells the response of every arm that moves."""
        return all(arm.identified == "yes" for arm in self.moving)

    @property
    def allocation(self) -> dict[str, int]:
        """Micros a day by arm."""
        return {arm.id: arm.planned_micros for arm in self.arms}

    def to_frame(self) -> Any:
        """Return one row per arm; money in currency units a day."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def rows(self) -> list[dict[str, object]]:
        """Return one dictionary per arm, money in currency units a day, for tables and programs."""
        return [
            {
                "id": arm.id,
                "name": arm.name,
                "now": arm.now_micros / 1e6,
                "planned": arm.planned_micros / 1e6,
                "change": arm.change,
                "value_now": arm.value_now,
                "value": arm.value,
                "marginal_now": arm.marginal_now,
                "marginal": arm.marginal,
                "moved": arm.moved,
                "held_by": arm.binding.limit.kind if arm.binding else "",
                "identified": arm.identified,
            }
            for arm in self.arms
        ]

    def why(self, arm: str | None = None, locale: str | None = None) -> "Explanation":
        """Return the way from today's profit a day to the plan's by arm, or why one arm (id or name) moves as it does.

        Raises NotFoundError for an arm that is not in the plan.
        """
        from aibuyer_kit.planning.why import plan_explained

        return plan_explained(self, arm, locale or self.locale)

    def text(self, locale: str | None = None) -> str:
        """Return the plan on a page of plain text."""
        from aibuyer_kit.planning.page import plan_text

        return plan_text(self, locale or self.locale)

    def html(self, locale: str | None = None) -> str:
        """Return the plan as a piece of a page, with charts; names are escaped."""
        from aibuyer_kit.planning.page import plan_html

        return plan_html(self, locale or self.locale)

    def page(self, locale: str | None = None) -> str:
        """Return the plan as a whole HTML page of its own."""
        from aibuyer_kit.charts.fragment import whole_page
        from aibuyer_kit.planning.page import plan_title

        locale = locale or self.locale
        return whole_page(self.html(locale), title=plan_title(self, locale), locale=locale)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain JSON values; money by arm in micros a day."""
        found = {name: value for name, value in vars(self).items() if name not in ("arms", "changes", "days", "notes")}
        return {
            **{name: _plain(value) for name, value in found.items()},
            "reached": self.reached,
            "arms": [_plain(arm) for arm in self.arms],
            "days": [
                {"day": str(each.day), "total_micros": each.total_micros, "micros": each.micros} for each in self.days
            ],
            "notes": [{"note": key, **values} for key, values in self.notes],
            "changes": [_plain(change) for change in self.changes],
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2, allow_nan=False)

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        from aibuyer_kit.charts.fragment import style_tag

        return f'{style_tag()}<div class="ab">{self.html()}</div>'


def _plain(value: object) -> Any:
    """Return values of values as lists and dictionaries."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value
