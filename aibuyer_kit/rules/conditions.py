"""When a rule fires: a tree of `all`, `any` and `not` over comparisons, each with a window and a lag of its own."""

import difflib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_serializer,
    model_validator,
)

from aibuyer_kit.core.metrics import METRICS
from aibuyer_kit.rules.expression import LONGEST_EXPRESSION, Tree, constant, names, parse_expression, split_comparison
from aibuyer_kit.rules.fields import NUMBERS, TEXTS
from aibuyer_kit.rules.strict import Name, Number, Strict
from aibuyer_kit.rules.windows import Window

# Whose figures: the object's own, those of what is right above it, of its campaign, or of its account.
Of = Literal["self", "parent", "campaign", "account"]
Order = Literal[">", ">=", "<", "<="]
Numeric = Literal[">", ">=", "<", "<=", "=", "!=", "in range", "not in range", "in", "not in"]
Textual = Literal["=", "!=", "in", "not in", "contains", "not contains", "any", "all", "none"]
Partition = Literal["account", "campaign", "parent"]

MOST_VALUES = 500


def _metrics(info: ValidationInfo) -> dict[str, str]:
    """Return the formulas of the metrics that a rule, or its client, has defined."""
    found: dict[str, str] = (info.context or {}).get("metrics", {})
    return found


def _formula(text: str, info: ValidationInfo) -> str:
    parse_expression(text, _metrics(info))
    return text


def _needs_a_window(tree: Tree) -> bool:
    return any(name not in NUMBERS for name in names(tree))


Expression = Annotated[str, Field(min_length=1, max_length=LONGEST_EXPRESSION)]


# What a text is written for that has to parse to the same rule.
AS_SAID = "as said"


class Ripening(Strict):
    """What has figures that may still be arriving: `matured` takes them as they will be.

    An explicit `false` means them as they stand: what is expected is told, and holds nothing back.
    """

    matured: bool = False

    @property
    def as_it_stands(self) -> bool:
        """Whether it says in so many words that figures are meant as they are now."""
        return not self.matured and "matured" in self.model_fields_set

    @model_serializer(mode="wrap")
    def _as_said(self, write: SerializerFunctionWrapHandler, asked: SerializationInfo) -> dict[str, Any]:
        """Keep an explicit `false`, which means something else than nothing said, wherever defaults are left out.

        With the context `AS_SAID` nothing said is left out where defaults are kept, so that the text means the same.
        """
        content: dict[str, Any] = write(self)
        if self.as_it_stands:
            return {**content, "matured": False}
        if asked.context == AS_SAID and not self.matured:
            content.pop("matured", None)
        return content


class Against(Ripening):
    """Another formula, over the comparison's own window unless another is said; also of what is above the object."""

    expr: Expression
    window: Window | None = None
    of: Of = "self"

    @field_validator("expr")
    @classmethod
    def _is_a_formula(cls, text: str, info: ValidationInfo) -> str:
        return _formula(text, info)

    def __str__(self) -> str:
        whose = "" if self.of == "self" else f" of the {self.of}"
        return f"{self.expr}{whose}{f' over {self.window}' if self.window else ''}"


class Target(Strict):
    """So many times what the client has set as the target of a metric."""

    target: Name
    times: Annotated[Number, Field(gt=0)] = Decimal(1)

    @field_validator("target")
    @classmethod
    def _is_a_metric(cls, name: str) -> str:
        if name not in METRICS:
            near = difflib.get_close_matches(name, METRICS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"no client has a target of {name!r}.{hint} Known: {', '.join(METRICS)}")
        return name

    def __str__(self) -> str:
        return f"{self.times:f} x the target of {self.target}"


def _share(value: object) -> object:
    """Return a number of objects, or a percentage as text."""
    if isinstance(value, str):
        number = value.removesuffix("%")
        if value.endswith("%") and number.isascii() and number.isdigit() and 1 <= int(number) <= 100:
            return value
    elif isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100_000:
        return value
    raise ValueError('say how many, such as 3, or which part, such as "20%"')


Share = Annotated[
    int | str,
    BeforeValidator(_share),
    WithJsonSchema(
        {"oneOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^([1-9][0-9]?|100)%$"}]}
    ),
]


class Ranked(Strict):
    """The first or last few of a partition, among the objects of the rule's scope or `all` of its level there.

    Equal values share a rank: an object is among the top n if fewer than n are better. `zeros` says whether objects
    with the value 0 take part; those whose value is not known never do.
    """

    top: Share | None = None
    bottom: Share | None = None
    within: Partition
    among: Literal["scope", "all"] = "scope"
    zeros: Literal["in", "out"]

    @model_validator(mode="after")
    def _is_one_end(self) -> "Ranked":
        if (self.top is None) == (self.bottom is None):
            raise ValueError("say either top or bottom")
        return self

    @property
    def share(self) -> int | str:
        return self.top if self.top is not None else self.bottom  # type: ignore[return-value]

    def places(self, ranked: int) -> int:
        """Return how many places there are among so many objects: a part is rounded down, to at least one.

        >>> Ranked(top="20%", within="account", zeros="in").places(14)
        2
        """
        if isinstance(self.share, int):
            return self.share
        return max(1, ranked * int(self.share[:-1]) // 100)

    def __str__(self) -> str:
        end = "top" if self.top is not None else "bottom"
        zeros = "" if self.zeros == "in" else ", without zeros"
        among = "" if self.among == "scope" else ", in the scope or not"
        return f"{end} {self.share} of the {self.within}{among}{zeros}"


def _value_kind(value: object) -> str:
    if isinstance(value, dict):
        for key, tag in (("expr", "<formula>"), ("target", "<target>"), ("top", "<rank>"), ("bottom", "<rank>")):
            if key in value:
                return tag
        return "<formula>"
    forms: dict[type, str] = {Against: "<formula>", Target: "<target>", Ranked: "<rank>"}
    return forms.get(type(value), "<list>" if isinstance(value, list | tuple) else "<number>")


Numbers = Annotated[tuple[Number, ...], Field(min_length=1, max_length=MOST_VALUES, strict=False)]
Value = Annotated[
    Annotated[Number, Tag("<number>")]
    | Annotated[Numbers, Tag("<list>")]
    | Annotated[Against, Tag("<formula>")]
    | Annotated[Target, Tag("<target>")]
    | Annotated[Ranked, Tag("<rank>")],
    Discriminator(_value_kind),
]


class Leaf(Ripening):
    """One comparison of a formula over a window with a value; money in units of the account's currency."""

    expr: Expression
    window: Window | None = None
    of: Of = "self"
    op: Numeric
    value: Value
    min_probability: Annotated[Number, Field(gt=0, lt=1)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _whole_comparison(cls, content: Any) -> Any:
        """Read `{"expr": "spend > 2 * daily_budget"}` as its two sides and its operator."""
        if (
            isinstance(content, dict)
            and isinstance(text := content.get("expr"), str)
            and len(text) <= LONGEST_EXPRESSION
        ):
            sides = split_comparison(text)
            if sides and not {"op", "value"} & set(content):
                return {**content, "expr": sides[0], "op": sides[1], "value": {"expr": sides[2]}}
        return content

    @field_validator("expr")
    @classmethod
    def _is_a_formula(cls, text: str, info: ValidationInfo) -> str:
        return _formula(text, info)

    @model_validator(mode="after")
    def _makes_sense(self, info: ValidationInfo) -> "Leaf":
        own = parse_expression(self.expr, _metrics(info))
        if self.window is None and _needs_a_window(own):
            raise ValueError(
                f'{self.expr!r} is summed over days: say "window", such as {{"days": 7, "ends": "yesterday"}}'
            )
        if constant(own) is not None or not list(names(own)):
            raise ValueError(f"{self.expr!r} names no metric and no field")
        if self.window is None and isinstance(self.value, Against):
            _check_window(self.value, _metrics(info))
        _check_value(self.op, self.value)
        if self.min_probability is not None:
            _check_probability(self)
        return self

    def __str__(self) -> str:
        whose = "" if self.of == "self" else f" of the {self.of}"
        window = f" over {self.window}" if self.window else ""
        matured = ", matured" if self.matured else ""
        chance = f" with probability {self.min_probability:f}" if self.min_probability is not None else ""
        return f"{self.expr}{whose}{window}{matured} {self.op} {told(self.value)}{chance}"


def told(value: Any) -> str:
    """Return the right side of a comparison as it reads."""
    if isinstance(value, tuple):
        return f"[{', '.join(told(each) for each in value)}]"
    return value if isinstance(value, str) else str(value) if isinstance(value, Strict) else f"{value:f}"


def _check_window(value: Against, metrics: Mapping[str, str]) -> None:
    if value.window is None and _needs_a_window(parse_expression(value.expr, metrics)):
        raise ValueError(f'{value.expr!r} is summed over days: say "window"')


def _check_value(op: str, value: Any) -> None:
    if isinstance(value, Ranked):
        if op not in ("in", "not in"):
            raise ValueError(f'an object is "in" a rank or "not in" it, not {op!r}')
    elif op in ("in range", "not in range"):
        if not isinstance(value, tuple) or len(value) != 2 or value[0] > value[1]:
            raise ValueError("a range is two numbers, the lower one first; both belong to it")
    elif op in ("in", "not in"):
        if not isinstance(value, tuple):
            raise ValueError(f"{op!r} wants a list of numbers, or a rank")
    elif isinstance(value, tuple):
        raise ValueError(f"{op!r} wants one value, not a list")


def _check_probability(leaf: Leaf) -> None:
    if leaf.op not in (">", ">=", "<", "<=") or isinstance(leaf.value, Ranked | tuple):
        raise ValueError("a probability is asked of >, >=, < or <= with one value")
    if leaf.of != "self" or leaf.expr not in PROBABLE:
        raise ValueError(f"a probability is known of an object's own {', '.join(PROBABLE)}, not of {leaf.expr!r}")


# The metrics that there is a model for; see probability.py.
PROBABLE = ("results", "cpa", "cvr", "ctr", "cpc", "roas", "revenue", "value_per_result")


class FieldLeaf(Strict):
    """One comparison of what an object is: a text, or a list of texts; letters count as they are written."""

    field: str
    op: Textual
    value: Name | Annotated[tuple[Name, ...], Field(min_length=1, max_length=MOST_VALUES, strict=False)]

    @model_validator(mode="after")
    def _fits(self) -> "FieldLeaf":
        if self.field not in TEXTS:
            hint = f'; it is a number: write {{"expr": "{self.field}", …}}' if self.field in NUMBERS else ""
            raise ValueError(f"there is no text field {self.field!r}{hint}. Known: {', '.join(TEXTS)}")
        is_list, wants_list = TEXTS[self.field].kind == "list", self.op in ("in", "not in", "any", "all", "none")
        if self.op in ("any", "all", "none") and not is_list:
            raise ValueError(f"{self.op!r} is asked of lists, such as labels; of {self.field} ask in or not in")
        if is_list and self.op not in ("any", "all", "none", "contains", "not contains"):
            raise ValueError(f"{self.field} is a list: ask any, all, none, contains or not contains")
        if wants_list != isinstance(self.value, tuple):
            raise ValueError(f"{self.op!r} wants {'a list of texts' if wants_list else 'one text'}")
        return self

    def __str__(self) -> str:
        return f"{self.field} {self.op} {told(self.value)}"


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
        return next((tag for tag, form in CONDITION_FORMS.items() if type(value) is form), "<leaf>")
    return next((f"<{name}>" for name in ("all", "any", "not", "field") if name in value), "<leaf>")


Condition = Annotated[
    Annotated[All, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[Not, Tag("<not>")]
    | Annotated[FieldLeaf, Tag("<field>")]
    | Annotated[Leaf, Tag("<leaf>")],
    Discriminator(_kind),
]
CONDITION_FORMS: dict[str, type[Strict]] = {
    "<all>": All,
    "<any>": AnyOf,
    "<not>": Not,
    "<field>": FieldLeaf,
    "<leaf>": Leaf,
}


def leaves(condition: Condition) -> Iterator[Leaf | FieldLeaf]:
    """Yield every comparison, in the order in which they are written."""
    waiting: list[Any] = [condition]
    while waiting:
        match waiting.pop():
            case Leaf() | FieldLeaf() as leaf:
                yield leaf
            case All(all=parts) | AnyOf(any=parts):
                waiting += reversed(parts)
            case Not(not_=part):
                waiting.append(part)
