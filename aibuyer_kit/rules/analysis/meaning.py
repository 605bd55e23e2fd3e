"""A rule's condition over variables, for any kind of figures: formulas of a solver, or arrays of many samples.

Figures are taken as known (what is missing never makes a rule fire); a quotient by zero is unknown. Each condition is
two conditions: that it is true, and that it is false. Quotients are compared by products: `cpa > 5` stays linear.
"""

import operator
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any, Protocol

from aibuyer_kit.core.metrics import METRICS, Ratio
from aibuyer_kit.rules.analysis.space import Said, Sum, created, day_number, entity_of, field_of, target
from aibuyer_kit.rules.conditions import Against, All, AnyOf, Condition, FieldLeaf, Leaf, Not, Ranked, Target
from aibuyer_kit.rules.expression import Computed, Figure, Named, Tree, parse_expression
from aibuyer_kit.rules.fields import NUMBERS, TEXTS
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.table import RIPENS

# A formula of a solver, an array of samples, or a plain True, False or fraction.
Expr = Any
Logic = Any
ONE = Fraction(1)


class Facts(Protocol):
    """Where the values come from."""

    def number(self, each: Sum) -> Expr: ...
    def said(self, each: Said) -> Logic: ...
    def ranked(self, place: "Place") -> Logic: ...
    def chance(self, leaf: str, holds: Logic) -> Logic: ...
    def exact(self, number: Fraction) -> Expr: ...
    def where(self, condition: Logic, yes: Expr, no: Expr) -> Expr: ...
    def once(self, key: Hashable, build: Callable[[], Any]) -> Any:
        """Return what is built, kept under a key where that saves work."""
        ...


@dataclass(frozen=True)
class Place:
    """Among which objects, by what, and in which part of them: the same for all rules that say the same."""

    ranking: str
    end: str
    share: int | str


@dataclass(frozen=True)
class Value:
    """A quotient whose denominator is above zero where `known` holds; `signed` where it may be below zero."""

    top: Expr
    bottom: Expr = ONE
    known: Logic = True
    signed: bool = True


def both(*parts: Logic) -> Logic:
    """Return the conjunction; plain True and False are left out."""
    if any(part is False for part in parts):
        return False
    rest = [part for part in parts if part is not True]
    return reduce(operator.and_, rest) if rest else True


def either(*parts: Logic) -> Logic:
    """Return the disjunction; plain True and False are left out."""
    if any(part is True for part in parts):
        return True
    rest = [part for part in parts if part is not False]
    return reduce(operator.or_, rest) if rest else False


def no(part: Logic) -> Logic:
    return (not part) if isinstance(part, bool) else ~part


class Meaning:
    """One rule over one kind of facts."""

    def __init__(self, rule: Rule, facts: Facts) -> None:
        self._rule = rule
        self._facts = facts

    def fires(self) -> Logic:
        """Return when it fires: in its scope, and its condition true."""
        return both(self.in_scope(), self.truth(self._rule.when)[0])

    def in_scope(self) -> Logic:
        scope, level = self._rule.scope, self._rule.level
        parts = [self.truth(each)[0] for each in scope.where or ()]
        if scope.status is not None:
            parts.append(self._is_one_of(level, "status", scope.status))
        if scope.include is not None:
            parts.append(self._has_id(scope.include))
        if scope.exclude is not None:
            parts.append(no(self._has_id(scope.exclude)))
        if scope.created_before is not None:
            day = self._facts.exact(Fraction(day_number(scope.created_before)))
            parts.append(self._facts.number(created(level)) < day)
        return both(*parts)

    def _has_id(self, ids: Iterable[str]) -> Logic:
        found = (field_of(self._rule.level, name) for name in ("id", "campaign.id", "adset.id"))
        owners = sorted({owner for owner in found if owner is not None})
        return either(*(self._is_one_of(*owner, ids) for owner in owners))

    def _is_one_of(self, entity: str, field: str, texts: Iterable[str]) -> Logic:
        return either(*(self._facts.said(Said(entity, field, "is", text)) for text in texts))

    def truth(self, condition: Condition) -> tuple[Logic, Logic]:
        """Return when a condition is true, and when it is false; at all other times it is unknown."""
        match condition:
            case All(all=parts):
                pairs = [self.truth(part) for part in parts]
                return both(*(yes for yes, _ in pairs)), either(*(false for _, false in pairs))
            case AnyOf(any=parts):
                pairs = [self.truth(part) for part in parts]
                return either(*(yes for yes, _ in pairs)), both(*(false for _, false in pairs))
            case Not(not_=part):
                yes, false = self.truth(part)
                return false, yes
            case FieldLeaf():
                return self._text(condition)
            case Leaf():
                return self._compared(condition)

    def _text(self, leaf: FieldLeaf) -> tuple[Logic, Logic]:
        owner = field_of(self._rule.level, leaf.field)
        if owner is None:
            return False, False
        wanted = (leaf.value,) if isinstance(leaf.value, str) else leaf.value
        how = "item" if TEXTS[leaf.field].kind == "list" else "holds" if "contains" in leaf.op else "is"
        parts = [self._facts.said(Said(*owner, how, text)) for text in wanted]
        found = both(*parts) if leaf.op in ("all", "contains", "not contains") else either(*parts)
        return (no(found), found) if leaf.op in ("none", "not contains", "not in", "!=") else (found, no(found))

    def _compared(self, leaf: Leaf) -> tuple[Logic, Logic]:
        value = self._value(leaf)
        if isinstance(leaf.value, Ranked):
            return self._placed(leaf, leaf.value, value)
        if isinstance(leaf.value, tuple):
            holds, known = self._listed(leaf.op, value, leaf.value), value.known
        else:
            other = self._other(leaf)
            holds, known = self._order(leaf.op, value, other), both(value.known, other.known)
        if leaf.min_probability is not None:
            holds = self._facts.chance(f"{self._rule.level}: {leaf}", holds)
        return both(known, holds), both(known, no(holds))

    def _placed(self, leaf: Leaf, ranked: Ranked, value: Value) -> tuple[Logic, Logic]:
        peers = "" if ranked.among == "all" else self._rule.scope.model_dump_json()
        tree = parse_expression(leaf.expr, self._rule.metrics)
        by = f"{self._rule.level} {leaf.of} {tree} {leaf.window} {leaf.matured}"
        place = Place(
            f"{by} {ranked.within} {ranked.zeros} {peers}", "top" if ranked.top is not None else "bottom", ranked.share
        )
        inside = self._facts.ranked(place)
        if ranked.zeros == "out":
            inside = both(inside, self._order("!=", value, Value(Fraction(0))))
        yes, false = both(value.known, inside), both(value.known, no(inside))
        return (yes, false) if leaf.op == "in" else (false, yes)

    def _listed(self, op: str, value: Value, numbers: tuple[Any, ...]) -> Logic:
        figures = [Value(Fraction(each)) for each in numbers]
        if op.endswith("range"):
            inside = both(self._order(">=", value, figures[0]), self._order("<=", value, figures[1]))
        else:
            inside = either(*(self._order("=", value, each) for each in figures))
        return inside if op in ("in", "in range") else no(inside)

    def _other(self, leaf: Leaf) -> Value:
        match leaf.value:
            case Against(expr=expr, window=window, of=of, matured=matured):
                return self._formula(expr, entity_of(self._rule.level, of), window or leaf.window, matured)
            case Target(target=name, times=times):
                goal = self._facts.number(target(name))
                return Value(self._times(Fraction(times), goal), signed=False)
            case number:
                return Value(Fraction(number))  # type: ignore[arg-type]

    def _value(self, leaf: Leaf) -> Value:
        return self._formula(leaf.expr, entity_of(self._rule.level, leaf.of), leaf.window, leaf.matured)

    def _formula(self, text: str, entity: str, window: Any, matured: bool) -> Value:
        return self._tree(parse_expression(text, self._rule.metrics), entity, window, matured)

    def _tree(self, tree: Tree, entity: str, window: Any, matured: bool) -> Value:
        match tree:
            case Figure(value):
                number = Fraction(str(value))
                return Value(number, signed=number < 0)
            case Named(name):
                return self._named(name, entity, window, matured)
            case Computed(op, parts):
                values = [self._tree(part, entity, window, matured) for part in parts]
                return self._computed(op, values)

    def _named(self, name: str, entity: str, window: Any, matured: bool) -> Value:
        if name in NUMBERS:
            key = Sum(entity, name)
            return Value(self._facts.number(key), signed=not key.is_at_least_zero)
        found = METRICS[name]
        if isinstance(found, Ratio):
            top, bottom = (
                self._measure(each, entity, window, matured) for each in (found.numerator, found.denominator)
            )
            scaled = self._times(Fraction(found.scale), top)
            return Value(scaled, bottom, bottom > self._facts.exact(Fraction(0)), signed=False)
        return Value(self._measure(name, entity, window, matured), signed=name == "profit")

    def _measure(self, name: str, entity: str, window: Any, matured: bool) -> Expr:
        if name == "profit":
            return self._measure("gross_profit", entity, window, matured) - self._measure(
                "spend", entity, window, matured
            )
        return self._facts.number(Sum(entity, name, window, matured and name in RIPENS))

    def _computed(self, op: str, values: list[Value]) -> Value:
        if op == "neg":
            return self._scaled(Fraction(-1), values[0])
        if op == "abs":
            return self._absolute(values[0])
        if op in ("min", "max"):
            return reduce(lambda one, other: self._chosen(op, one, other), values)
        arithmetic: Mapping[str, Callable[[Value, Value], Value]] = {
            "+": self._add,
            "-": self._subtract,
            "*": self._multiply,
            "/": self._divide,
        }
        return arithmetic[op](*values)

    def _scaled(self, factor: Fraction, value: Value) -> Value:
        return Value(self._times(factor, value.top), value.bottom, value.known, value.signed or factor < 0)

    def _absolute(self, value: Value) -> Value:
        if not value.signed:
            return value
        if isinstance(value.top, Fraction):
            return Value(abs(value.top), value.bottom, value.known, signed=False)
        below = value.top < self._facts.exact(Fraction(0))
        top = self._facts.where(below, self._times(Fraction(-1), value.top), value.top)
        return Value(top, value.bottom, value.known, signed=False)

    def _chosen(self, op: str, one: Value, other: Value) -> Value:
        first = self._order("<=" if op == "min" else ">=", one, other)
        if isinstance(first, bool):
            return one if first else other
        top = self._facts.where(first, self._lifted(one.top), self._lifted(other.top))
        same = one.bottom is other.bottom
        bottom = one.bottom if same else self._facts.where(first, self._lifted(one.bottom), self._lifted(other.bottom))
        return Value(top, bottom, both(one.known, other.known), one.signed or other.signed)

    def _add(self, one: Value, other: Value) -> Value:
        known, signed = both(one.known, other.known), one.signed or other.signed
        if one.bottom is other.bottom:
            return Value(self._plus(one.top, other.top), one.bottom, known, signed)
        top = self._plus(self._times(one.top, other.bottom), self._times(other.top, one.bottom))
        return Value(top, self._times(one.bottom, other.bottom), known, signed)

    def _subtract(self, one: Value, other: Value) -> Value:
        found = self._add(one, self._scaled(Fraction(-1), other))
        return Value(found.top, found.bottom, found.known)

    def _multiply(self, one: Value, other: Value) -> Value:
        top, bottom = self._times(one.top, other.top), self._times(one.bottom, other.bottom)
        return Value(top, bottom, both(one.known, other.known), one.signed or other.signed)

    def _divide(self, one: Value, other: Value) -> Value:
        if isinstance(other.top, Fraction):
            if other.top == 0:
                return Value(Fraction(0), known=False)
            return self._multiply(one, Value(self._times(ONE / other.top, other.bottom), known=other.known))
        zero = self._facts.exact(Fraction(0))
        known = both(one.known, other.known, other.top != zero)
        top, bottom = self._times(one.top, other.bottom), self._times(one.bottom, other.top)
        if other.signed:
            below = other.top < zero
            top = self._facts.where(below, self._times(Fraction(-1), top), self._lifted(top))
            bottom = self._facts.where(below, self._times(Fraction(-1), bottom), bottom)
        return Value(top, bottom, known, one.signed or other.signed)

    def _lifted(self, each: Expr) -> Expr:
        return self._facts.exact(each) if isinstance(each, Fraction) else each

    def _plus(self, one: Expr, other: Expr) -> Expr:
        if isinstance(one, Fraction) and isinstance(other, Fraction):
            return one + other
        return self._lifted(one) + self._lifted(other)

    def _times(self, one: Expr, other: Expr) -> Expr:
        if isinstance(one, Fraction) and isinstance(other, Fraction):
            return one * other
        if one is ONE or (isinstance(one, Fraction) and one == 1):
            return other
        if isinstance(other, Fraction) and other == 1:
            return one
        return self._lifted(one) * self._lifted(other)

    def _order(self, op: str, one: Value, other: Value) -> Logic:
        """Return the comparison of two quotients whose denominators are above zero."""
        left, right = self._times(one.top, other.bottom), self._times(other.top, one.bottom)
        if not (isinstance(left, Fraction) and isinstance(right, Fraction)):
            left, right = self._lifted(left), self._lifted(right)
        return _COMPARE[op](left, right)


_COMPARE: Mapping[str, Callable[[Expr, Expr], Logic]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}
