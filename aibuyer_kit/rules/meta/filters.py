"""The filters of an `evaluation_spec`: what a rule of Meta's looks at, as our scope and comparisons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aibuyer_kit.rules.expression import names, parse_expression
from aibuyer_kit.rules.meta.carried import (
    NotCarriedError,
    Surroundings,
    by,
    entries,
    known,
    mapping,
    number_of,
    shown,
    times,
)
from aibuyer_kit.rules.meta.figures import LEVELS, term_of
from aibuyer_kit.rules.meta.formulas import Part, Side, is_formula, read_formula, side_of
from aibuyer_kit.rules.strict import LONGEST_NAME
from aibuyer_kit.rules.table import RIPENS, name_columns

SIZES = {
    "GREATER_THAN": ">",
    "LESS_THAN": "<",
    "EQUAL": "=",
    "NOT_EQUAL": "!=",
    "IN_RANGE": "in range",
    "NOT_IN_RANGE": "not in range",
}
TEXTS = {
    "EQUAL": "=",
    "IN": "in",
    "NOT_IN": "not in",
    "CONTAIN": "contains",
    "NOT_CONTAIN": "not contains",
    "ANY": "any",
    "ALL": "all",
    "NONE": "none",
}
# Meta's fields of texts, and the levels whose own field there is here.
_TEXT_FIELDS = ("id", "name", "effective_status", "objective", "optimization_goal", "adlabel_ids")
# Said once for the whole rule.
SETTINGS = ("entity_type", "time_preset", "attribution_window")
Document = Mapping[str, Any]


@dataclass
class Filters:
    """What filters come to: `where` of the scope, and comparisons that all have to hold."""

    level: str
    preset: str
    attribution: str
    around: Surroundings
    where: list[Document] = field(default_factory=list)
    when: list[Document] = field(default_factory=list)

    def add(self, entry: Mapping[str, Any]) -> None:
        """Take one filter in. Raises NotCarriedError."""
        known(entry, ("field", "operator", "value"))
        name, operator, value = entry.get("field"), entry.get("operator"), entry.get("value")
        if not isinstance(name, str) or not isinstance(operator, str):
            raise NotCarriedError("a filter has a field, an operator and a value.")
        if "aggregate(" in name:
            raise NotCarriedError("there are no sums over a list of objects here.")
        prefix, bare = _split(name)
        if bare in _TEXT_FIELDS:
            self.where.append(self._text(bare, prefix, operator, value))
        elif is_formula(name):
            self.when += self._comparisons(read_formula(name, self._term), operator, value)
        else:
            self.when += self._comparisons(Part("term", term=self._term(name)), operator, value)

    def _term(self, text: str) -> Any:
        return term_of(text, self.level, self.around, self.preset, self.attribution)

    def _text(self, name: str, prefix: str, operator: str, value: object) -> Document:
        op = TEXTS.get(operator)
        if op is None:
            raise NotCarriedError(f"{shown(operator)} is not asked of texts here.")
        values = entries(value) if op in ("in", "not in", "any", "all", "none") else [value]
        said = tuple(self._said(name, each) for each in values)
        if not said:
            raise NotCarriedError("it has no value.")
        found = said if op in ("in", "not in", "any", "all", "none") else said[0]
        return {"field": self._text_field(name, prefix), "op": op, "value": found}

    def _said(self, name: str, value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise NotCarriedError(f"{shown(value)} is no text.")
        text = str(value)
        if name == "adlabel_ids":
            if text not in self.around.labels:
                raise NotCarriedError(f"labels have names here, and that of {shown(text)} is not known.")
            text = self.around.labels[text]
        if not 1 <= len(text) <= LONGEST_NAME:
            raise NotCarriedError(f"a text here has 1 to {LONGEST_NAME} letters.")
        return text

    def _text_field(self, name: str, prefix: str) -> str:
        ours = "labels" if name == "adlabel_ids" else name
        if name == "objective" and prefix in ("", "campaign"):
            return ours
        if name == "optimization_goal":
            if self.level == "adset" and prefix in ("", "adset"):
                return ours
        elif prefix in ("", self.level):
            return ours
        elif name in ("id", "name") and LEVELS.index(prefix) > LEVELS.index(self.level):
            return f"{prefix}.{ours}"
        raise NotCarriedError(f"what is above or below a {self.level} has no {ours} here.")

    def _comparisons(self, part: Part, operator: str, value: object) -> list[Document]:
        """Return what a filter by figures comes to: one comparison, or two where it divides by other days."""
        op = SIZES.get(operator)
        if op is None:
            raise NotCarriedError(f"{shown(operator)} is not asked of numbers.")
        number = [number_of(each) for each in entries(value)] if op.endswith("range") else [number_of(value)]
        if op.endswith("range") and (len(number) != 2 or number[0] > number[1]):
            raise NotCarriedError("a range is two numbers, the lower one first.")
        if (
            part.op == "-"
            and number == [0]
            and all(each.terms() for each in part.parts)
            and (found := _between(part, op))
        ):
            return found
        if side := side_of(part):
            values = tuple(by(each, side.scale) for each in number)
            return [_leaf(side, op, values if op.endswith("range") else values[0])]
        return self._of_several_days(part, op, number)

    def _of_several_days(self, part: Part, op: str, number: list[Decimal]) -> list[Document]:
        """Return `a / b > n` over different days as `b > 0` and `a > n * b`. Raises NotCarriedError for other forms."""
        if part.op == "/" and op in (">", "<") and part.parts[1].term:
            above, below = (side_of(each) for each in part.parts)
            if above and below:
                factor = by(times(number[0], below.scale), above.scale)
                return [_leaf(below, ">", Decimal(0)), _leaf(above, op, _against(below, factor, above))]
        raise NotCarriedError("a formula here is over one window, of one object.")


def filter_entries(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [mapping(each) for each in entries(spec.get("filters"))]


def setting_of(filters: list[Mapping[str, Any]], name: str) -> str:
    """Return the value of one of the settings; '' where it is not said."""
    found = next((each.get("value") for each in filters if each.get("field") == name), "")
    return found if isinstance(found, str) else ""


def _split(name: str) -> tuple[str, str]:
    head, dot, rest = name.partition(".")
    return (head, rest) if dot and head in LEVELS else ("", name)


def _between(part: Part, op: str) -> list[Document] | None:
    """Return `a - b > 0` as `a > b`; None where a side is over several windows."""
    left, right = (side_of(each) for each in part.parts)
    if not left or not right:
        return None
    return [_leaf(left, op, _against(right, by(right.scale, left.scale), left))]


def _against(side: Side, factor: Decimal, other: Side) -> Document:
    """Return a formula as the right side of a comparison, so many times."""
    bare = side.expr if factor == 1 else f"{factor:f} * {_grouped(side.expr)}"
    window = {} if side.window in (None, other.window) else {"window": side.window}
    return {"expr": bare, **window, **({} if side.of == "self" else {"of": side.of}), **_as_it_stands(side.expr)}


def _grouped(expr: str) -> str:
    return f"({expr})" if " " in expr else expr


def _leaf(side: Side, op: str, value: object) -> Document:
    window = {} if side.window is None else {"window": side.window}
    whose = {} if side.of == "self" else {"of": side.of}
    return {"expr": side.expr, **window, **whose, **_as_it_stands(side.expr), "op": op, "value": value}


def _as_it_stands(expr: str) -> Document:
    """Return that figures which may still be arriving are meant as they stand: the platform knows nothing else."""
    try:
        tree = parse_expression(expr)
    except ValueError:  # whoever reads the rule refuses it, with the reason
        return {}
    found = (column for name in names(tree) for column in name_columns(name, None, "self", False))
    return {"matured": False} if any(column.name in RIPENS for column in found) else {}
