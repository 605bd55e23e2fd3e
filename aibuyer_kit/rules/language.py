"""A rule as a buyer writes it: strict JSON, where whatever is not understood is an error that names its place.

Conditions are a tree of `all`, `any` and `not`; each leaf compares a metric over a window of its own with a number.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from aibuyer_kit.core.changes import canonical_json, sha256
from aibuyer_kit.core.dates import MOST_DAYS_BACK, DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import AibuyerError
from aibuyer_kit.core.metrics import METRICS, Measure, metric
from aibuyer_kit.core.money import MAX_UNITS

LONGEST_NAME = 200
_FINEST_EXPONENT = -12
Operator = Literal[">", ">=", "<", "<=", "=", "!="]


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def _exact(value: object) -> object:
    """Return a number as it is written, within what money and counts can be."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"{value!r} is not a number")
    number = Decimal(value)
    if not number.is_finite() or abs(number) > MAX_UNITS or (number and number.adjusted() < _FINEST_EXPONENT):
        raise ValueError(f"a number between 1e{_FINEST_EXPONENT} and {MAX_UNITS:,}, or 0, is wanted")
    return number.normalize()


Number = Annotated[Decimal, BeforeValidator(_exact)]
Amount = Annotated[Number, Field(gt=0)]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class Window(Strict):
    """Full days of the account that end today, yesterday, or so many days ago; today is never in it unless said."""

    days: Annotated[int, Field(ge=1, le=MOST_DAYS_BACK)]
    ends: Literal["today", "yesterday"] | Annotated[int, Field(ge=0, le=MOST_DAYS_BACK)]

    @field_validator("ends", mode="before")
    @classmethod
    def _is_an_end(cls, value: object) -> object:
        if value not in ("today", "yesterday") and (isinstance(value, bool) or not isinstance(value, int)):
            raise ValueError('say "today", "yesterday", or how many days ago')
        return value

    def range(self, today: date) -> DateRange:
        """Return its days, as of an account's today."""
        ago = self.ends if isinstance(self.ends, int) else ("today", "yesterday").index(self.ends)
        last = today - timedelta(days=ago)
        return DateRange(last - timedelta(days=self.days - 1), last)

    def __str__(self) -> str:
        ends = f"{self.ends} days ago" if isinstance(self.ends, int) else self.ends
        return f"{self.days} {'day' if self.days == 1 else 'days'} to {ends}"


class Leaf(Strict):
    """One comparison: a metric over a window, with a number; money in units of the account's currency."""

    expr: Annotated[str, Field(max_length=LONGEST_NAME)]
    window: Window
    op: Operator
    value: Number

    @field_validator("expr")
    @classmethod
    def _is_a_metric(cls, name: str) -> str:
        try:
            found = metric(name)
        except AibuyerError as error:
            raise ValueError(str(error).rstrip(".")) from None
        if isinstance(found, Measure) and found.additive != "everywhere":
            known = ", ".join(sorted(each for each in METRICS if each != name))
            raise ValueError(f"{name!r} is not added up over days, so no rule compares it. Known: {known}")
        return name

    def __str__(self) -> str:
        return f"{self.expr} over {self.window} {self.op} {self.value:f}"


class All(Strict):
    """True if every part is; of no parts there is nothing to say, so there is at least one."""

    all: Annotated[tuple["Condition", ...], Field(min_length=1, strict=False)]


class AnyOf(Strict):
    """True if one part is."""

    any: Annotated[tuple["Condition", ...], Field(min_length=1, strict=False)]


class Not(Strict):
    """True if its part is false; what is not known stays unknown."""

    not_: Annotated["Condition", Field(alias="not")]


def _kind(value: object) -> str:
    """Return which form of condition is meant, by the key that only this one has."""
    if not isinstance(value, dict):
        return next((tag for tag, form in KNOWN_AT.items() if type(value) is form), "<leaf>")
    return next((f"<{name}>" for name in ("all", "any", "not") if name in value), "<leaf>")


Condition = Annotated[
    Annotated[All, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[Not, Tag("<not>")]
    | Annotated[Leaf, Tag("<leaf>")],
    Discriminator(_kind),
]


class Filter(Strict):
    """One condition on a name; letters count as they are written."""

    field: Literal["name", "campaign.name"]
    op: Literal["=", "!=", "contains", "not contains"]
    value: Name


class Scope(Strict):
    """Which objects a rule is about: all that match everything said here. A scope that says nothing is an error."""

    status: Annotated[tuple[Literal["ACTIVE", "PAUSED"], ...], Field(min_length=1, strict=False)] | None = None
    where: Annotated[tuple[Filter, ...], Field(min_length=1, strict=False)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Scope":
        if self.status is None and self.where is None:
            raise ValueError('it is empty, and would be everything. Say which, such as {"status": ["ACTIVE"]}')
        return self


class Pause(Strict):
    """Stop an object from being delivered."""

    action: Literal["pause"]


class SetBudget(Strict):
    """Set the daily budget to an amount."""

    action: Literal["set_budget"]
    amount: Amount


class MoveBudget(Strict):
    """Raise or lower the daily budget by a percentage or an amount, not above `cap` and not below `floor`."""

    action: Literal["raise_budget", "lower_budget"]
    percent: Annotated[Number, Field(gt=0, le=1000)] | None = None
    amount: Amount | None = None
    cap: Amount | None = None
    floor: Amount | None = None

    @model_validator(mode="after")
    def _by_one_of_two(self) -> "MoveBudget":
        if (self.percent is None) == (self.amount is None):
            raise ValueError("say by how much: either percent or amount")
        if self.action == "lower_budget" and self.percent is not None and self.percent >= 100:
            raise ValueError("a budget lowered by 100 percent or more is none: pause instead")
        if self.cap is not None and self.floor is not None and self.cap < self.floor:
            raise ValueError("the cap lies below the floor")
        return self


def _action(value: object) -> str | None:
    name = value.get("action") if isinstance(value, dict) else getattr(value, "action", None)
    return {"pause": "<pause>", "set_budget": "<set>", "raise_budget": "<move>", "lower_budget": "<move>"}.get(
        str(name)
    )


Action = Annotated[
    Annotated[Pause, Tag("<pause>")] | Annotated[SetBudget, Tag("<set>")] | Annotated[MoveBudget, Tag("<move>")],
    Discriminator(
        _action,
        custom_error_type="action",
        custom_error_message='say what to do: {"action": "pause"}, or set_budget, raise_budget or lower_budget',
    ),
]


class Rule(Strict):
    """One rule; `notify` only tells of matches, `propose` puts the changes into a proposal for a person to approve."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    name: Name
    level: Annotated[Literal["campaign", "adset", "ad"], Field()]
    scope: Scope
    when: Condition
    then: Annotated[tuple[Action, ...], Field(min_length=1, max_length=1, strict=False)]
    mode: Literal["notify", "propose"] = "notify"
    notes: Annotated[str, Field(max_length=2_000)] = ""

    @model_validator(mode="after")
    def _budgets_are_where_there_are_any(self) -> "Rule":
        if self.level == "ad" and not isinstance(self.then[0], Pause):
            raise ValueError("an ad has no budget of its own: use the level adset or campaign")
        return self

    @property
    def of_level(self) -> Level:
        return Level(self.level)

    @property
    def version(self) -> str:
        """What the rule says, as a short hash: notes and name do not change it."""
        content = self.model_dump(mode="json", by_alias=True, exclude={"name", "notes"})
        return sha256(canonical_json(content))[:12]

    def leaves(self) -> Iterator[Leaf]:
        """Yield every comparison, in the order in which they are written."""
        waiting: list[Any] = [self.when]
        while waiting:
            match waiting.pop():
                case Leaf() as leaf:
                    yield leaf
                case All(all=parts) | AnyOf(any=parts):
                    waiting += reversed(parts)
                case Not(not_=part):
                    waiting.append(part)


# By the last part of a place, the fields that are known there.
KNOWN_AT: dict[str, type[BaseModel]] = {
    "<all>": All,
    "<any>": AnyOf,
    "<not>": Not,
    "<leaf>": Leaf,
    "<pause>": Pause,
    "<set>": SetBudget,
    "<move>": MoveBudget,
    "window": Window,
    "scope": Scope,
    "where": Filter,
}
