"""What a rule asks for where it fires, as it is written; effects.py says what comes of it."""

import re
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from aibuyer_kit.rules.conditions import Expression, Target
from aibuyer_kit.rules.expression import parse_expression
from aibuyer_kit.rules.strict import LONGEST_NAME, Amount, Name, Number, Strict
from aibuyer_kit.rules.windows import Window

# What a new name may be made of.
PLACEHOLDERS = ("name", "id", "date", "campaign.name")
_HOST = re.compile(r"https://[a-z0-9.-]{1,253}(:[0-9]{1,5})?(/[\x21-\x7e]{0,500})?", re.ASCII)


class Pause(Strict):
    """Stop an object from being delivered."""

    action: Literal["pause"]


class Start(Strict):
    """Let an object be delivered again."""

    action: Literal["start"]


class _Bounded(Strict):
    cap: Amount | None = None
    floor: Amount | None = None
    round_to: Amount | None = None

    @model_validator(mode="after")
    def _floor_below_cap(self) -> Any:
        if self.cap is not None and self.floor is not None and self.cap < self.floor:
            raise ValueError("the cap lies below the floor")
        return self


class SetAmount(_Bounded):
    """Set a budget or a bid to an amount."""

    action: Literal["set_budget", "set_bid"]
    budget: Literal["daily", "lifetime"] = "daily"
    amount: Amount


class MoveAmount(_Bounded):
    """Raise or lower a budget or a bid by a percentage or an amount, not above `cap` and not below `floor`.

    With `round_to` the outcome is a multiple of it, rounded toward where it was: never further than asked for.
    """

    action: Literal["raise_budget", "lower_budget", "raise_bid", "lower_bid"]
    budget: Literal["daily", "lifetime"] = "daily"
    percent: Annotated[Number, Field(gt=0, le=1000)] | None = None
    amount: Amount | None = None

    @model_validator(mode="after")
    def _by_one_of_two(self) -> "MoveAmount":
        if (self.percent is None) == (self.amount is None):
            raise ValueError("say by how much: either percent or amount")
        if self.action.startswith("lower") and self.percent is not None and self.percent >= 100:
            raise ValueError("lowered by 100 percent or more there is nothing left: pause instead")
        return self


class Toward(_Bounded):
    """Move a budget or a bid so that a metric would come to a target if it followed in proportion.

    A cost above its target lowers it, a return above its target raises it, by at most `most_percent`.
    """

    action: Literal["budget_toward", "bid_toward"]
    metric: Literal["cpa", "cpc", "cpm", "roas", "poas"]
    window: Window
    to: Amount | Target
    most_percent: Annotated[Number, Field(gt=0, lt=100)]


class Rebalance(Strict):
    """Share the daily budgets of the objects that match anew, in each group by a metric; their sum stays as it was."""

    action: Literal["rebalance"]
    within: Literal["account", "campaign"]
    by: Expression
    window: Window
    most_percent: Annotated[Number, Field(gt=0, lt=100)]
    floor: Amount | None = None

    @field_validator("by")
    @classmethod
    def _is_a_formula(cls, text: str, info: ValidationInfo) -> str:
        parse_expression(text, (info.context or {}).get("metrics", {}))
        return text


class Duplicate(Strict):
    """Make a paused copy beside an object, under a name of its own."""

    action: Literal["duplicate"]
    name: Name = "{name} (copy)"
    daily_budget: Amount | None = None

    @field_validator("name")
    @classmethod
    def _is_a_template(cls, text: str) -> str:
        return check_template(text)


class SwapCreative(Strict):
    """Show another creative with an ad."""

    action: Literal["swap_creative"]
    creative_id: Annotated[str, Field(pattern=r"^[0-9]{1,32}$")]


class RotateCreative(Strict):
    """Show the next creative of a list with an ad; after the last comes the first."""

    action: Literal["rotate_creative"]
    creative_ids: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[0-9]{1,32}$")], ...], Field(min_length=2, max_length=50, strict=False)
    ]


class Rename(Strict):
    """Give an object another name, made from {name}, {id}, {date}, {campaign.name} and text."""

    action: Literal["rename"]
    name: Name

    @field_validator("name")
    @classmethod
    def _is_a_template(cls, text: str) -> str:
        return check_template(text)


class TagWith(Strict):
    """Add labels to an object, or take them away."""

    action: Literal["tag"]
    add: Annotated[tuple[Name, ...], Field(max_length=20, strict=False)] = ()
    remove: Annotated[tuple[Name, ...], Field(max_length=20, strict=False)] = ()

    @model_validator(mode="after")
    def _says_something(self) -> "TagWith":
        if (not self.add and not self.remove) or set(self.add) & set(self.remove):
            raise ValueError("say which labels to add or to remove, each once")
        return self


class Notify(Strict):
    """Tell of it, and change nothing."""

    action: Literal["notify"]
    message: Annotated[str, Field(max_length=500)] = ""


class Call(Strict):
    """Tell an address of yours; only hosts that the settings allow are ever called, and no private addresses."""

    action: Literal["call"]
    url: Annotated[str, Field(max_length=800)]

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if not _HOST.fullmatch(url):
            raise ValueError(f"{url[:60]!r} is not an https address of a host name, without user or password")
        return url


def check_template(text: str) -> str:
    """Return the text if it names only what a new name may be made of. Raises ValueError."""
    for found in re.findall(r"\{[^{}]*\}?|\}", text):
        if found[1:-1] not in PLACEHOLDERS or not found.endswith("}"):
            raise ValueError(f"{found!r} is not one of {', '.join('{' + each + '}' for each in PLACEHOLDERS)}")
    if len(text) > LONGEST_NAME:
        raise ValueError(f"a name has at most {LONGEST_NAME} characters")
    return text


ACTION_FORMS: dict[str, type[Strict]] = {
    "pause": Pause,
    "start": Start,
    "set_budget": SetAmount,
    "set_bid": SetAmount,
    "raise_budget": MoveAmount,
    "lower_budget": MoveAmount,
    "raise_bid": MoveAmount,
    "lower_bid": MoveAmount,
    "budget_toward": Toward,
    "bid_toward": Toward,
    "rebalance": Rebalance,
    "duplicate": Duplicate,
    "swap_creative": SwapCreative,
    "rotate_creative": RotateCreative,
    "rename": Rename,
    "tag": TagWith,
    "notify": Notify,
    "call": Call,
}


def _tag(value: object) -> str | None:
    name = str(value.get("action") if isinstance(value, dict) else getattr(value, "action", None))
    return f"<{ACTION_FORMS[name].__name__}>" if name in ACTION_FORMS else None


Action = Annotated[
    Annotated[Pause, Tag("<Pause>")]
    | Annotated[Start, Tag("<Start>")]
    | Annotated[SetAmount, Tag("<SetAmount>")]
    | Annotated[MoveAmount, Tag("<MoveAmount>")]
    | Annotated[Toward, Tag("<Toward>")]
    | Annotated[Rebalance, Tag("<Rebalance>")]
    | Annotated[Duplicate, Tag("<Duplicate>")]
    | Annotated[SwapCreative, Tag("<SwapCreative>")]
    | Annotated[RotateCreative, Tag("<RotateCreative>")]
    | Annotated[Rename, Tag("<Rename>")]
    | Annotated[TagWith, Tag("<TagWith>")]
    | Annotated[Notify, Tag("<Notify>")]
    | Annotated[Call, Tag("<Call>")],
    Discriminator(
        _tag,
        custom_error_type="action",
        custom_error_message=f'say what to do, such as {{"action": "pause"}}: {", ".join(ACTION_FORMS)}',
    ),
]
