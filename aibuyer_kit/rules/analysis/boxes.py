"""Between which bounds a condition keeps each figure, so that most rules that never meet are told apart at once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import Any

from aibuyer_kit.core.metrics import METRICS, Ratio
from aibuyer_kit.rules.analysis.space import Sum, entity_of, field_of, is_at_most
from aibuyer_kit.rules.conditions import Against, All, AnyOf, Condition, FieldLeaf, Leaf, Not, Ranked, Target
from aibuyer_kit.rules.expression import Computed, Figure, Named, Tree, names, parse_expression
from aibuyer_kit.rules.fields import NUMBERS, TEXTS
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.table import RIPENS
from aibuyer_kit.rules.windows import Window

OPPOSITE = {
    ">": "<=", ">=": "<", "<": ">=", "<=": ">", "=": "!=", "!=": "=",
    "in range": "not in range", "not in range": "in range", "in": "not in", "not in": "in",
}  # fmt: skip


@dataclass(frozen=True)
class Bounds:
    """From `low` to `high`; an end that is open does not belong to it. None is without end."""

    low: Fraction | None = None
    high: Fraction | None = None
    low_open: bool = False
    high_open: bool = False

    def both(self, other: "Bounds") -> "Bounds":
        low, low_open = _tighter(self.low, self.low_open, other.low, other.low_open, 1)
        high, high_open = _tighter(self.high, self.high_open, other.high, other.high_open, -1)
        return Bounds(low, high, low_open, high_open)

    def either(self, other: "Bounds") -> "Bounds":
        low = None if self.low is None or other.low is None else min(self.low, other.low)
        high = None if self.high is None or other.high is None else max(self.high, other.high)
        return Bounds(low, high)

    def scaled(self, factor: Fraction) -> "Bounds":
        """Return the bounds of so many times what lies in these."""
        low = None if self.low is None else self.low * factor
        high = None if self.high is None else self.high * factor
        return Bounds(low, high, self.low_open, self.high_open)

    @property
    def is_empty(self) -> bool:
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))


def _tighter(
    one: Fraction | None, one_open: bool, other: Fraction | None, other_open: bool, sign: int
) -> tuple[Fraction | None, bool]:
    if one is None or other is None:
        return (other, other_open) if one is None else (one, one_open)
    if one == other:
        return one, one_open or other_open
    return (one, one_open) if sign * one > sign * other else (other, other_open)


@dataclass(frozen=True)
class Figured:
    """A formula of an entity over a window, in units, in multiples of a target, or as far as it is above another."""

    entity: str
    tree: Tree
    window: Window | None
    matured: bool
    target: str | None = None
    against: "Figured | None" = None

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.entity, self.tree, self.window, self.matured, self.target, self.against))

    @cached_property
    def named(self) -> frozenset[str]:
        """The fields and metrics that it reads."""
        return frozenset(names(self.tree))

    @cached_property
    def flows(self) -> bool:
        """Whether delivery from now on comes to replace some of what it reads."""
        return any(name not in NUMBERS and Sum(self.entity, name, self.window).flows for name in self.named)

    @cached_property
    def sum(self) -> Sum | None:
        """The sum that it is, if it is one and no formula of several."""
        if not isinstance(self.tree, Named) or self.window is None or self.target or self.against:
            return None
        name = self.tree.name
        if isinstance(METRICS[name], Ratio):
            return None
        return Sum(self.entity, name, self.window, self.matured and name in RIPENS)

    def rounded(self, bounds: Bounds) -> Bounds:
        """Return the bounds of whole numbers within bounds, if it counts."""
        if self.sum is None or not self.sum.is_whole:
            return bounds
        low, high = bounds.low, bounds.high
        if low is not None:
            low = Fraction(floor(low) + 1 if bounds.low_open else ceil(low))
        if high is not None:
            high = Fraction(ceil(high) - 1 if bounds.high_open else floor(high))
        return Bounds(low, high)

    def scales_with(self, entity: str) -> bool:
        """Return whether it moves when all sums of an entity over windows that go on move in proportion."""
        if self.against is not None:
            # What is per result or per click stays as it is on both sides.
            return not (is_invariant(self.tree) and is_invariant(self.against.tree))
        if self.entity != entity:
            return False
        if isinstance(self.tree, Named) and isinstance(METRICS.get(self.tree.name), Ratio):
            return False
        return self.flows

    def reads(self, key: Sum) -> bool:
        if self.against is not None and self.against.reads(key):
            return True
        return self.entity == key.entity and key.name in self.named


def is_invariant(tree: Tree) -> bool:
    """Return whether a formula stays as it is when all sums that it reads move in proportion."""
    match tree:
        case Named(name):
            return isinstance(METRICS.get(name), Ratio)
        case Computed(op="*" | "/", parts=parts):
            return all(isinstance(part, Figure) or is_invariant(part) for part in parts)
    return False


Texts = frozenset[str]
Box = Mapping[Any, Bounds | Texts]


def box_of(rule: Rule) -> Box:
    """Return the bounds that hold wherever a rule fires."""
    found = dict(_condition(rule.when, rule, True))
    parts = [_condition(each, rule, True) for each in rule.scope.where or ()]
    if rule.scope.status is not None:
        parts.append({("is", rule.level, "status"): frozenset(rule.scope.status)})
    for each in parts:
        found = _meet(found, each)
    return found


def disjoint(one: Box, other: Box, without: "Iterable[Any]" = ()) -> bool:
    """Return whether no figure can lie in both, some left out."""
    small, large = (one, other) if len(one) <= len(other) else (other, one)
    left_out = set(without)
    if any(_empty(_cut(bounds, large[key])) for key, bounds in small.items() if key in large and key not in left_out):
        return True
    return _crossed(one, other, left_out) or _crossed(other, one, left_out)


def _crossed(one: Box, other: Box, left_out: set[Any]) -> bool:
    """Return whether one keeps a sum below what the other asks of a part of it."""
    most = [(key.sum, each.high) for key, each in _sums(one, left_out) if each.high is not None]
    least = [(key.sum, each.low) for key, each in _sums(other, left_out) if each.low is not None]
    return any(low > high and is_at_most(part, whole) for whole, high in most for part, low in least)


def _sums(box: Box, left_out: set[Any]) -> Iterator[tuple[Figured, Bounds]]:
    for key, bounds in box.items():
        if isinstance(key, Figured) and isinstance(bounds, Bounds) and key.sum is not None and key not in left_out:
            yield key, bounds


def needs_flow(box: Box, entity: str) -> Iterator[bool]:
    """Yield for each figure whether it keeps out an entity whose windows hold nothing."""
    for key, bounds in box.items():
        if not isinstance(key, Figured) or not isinstance(bounds, Bounds) or not isinstance(key.tree, Named):
            continue
        if key.against:
            continue
        if key.entity != entity or key.window is None or not Sum(entity, key.tree.name, key.window).flows:
            continue
        # A quotient by nothing is unknown, a sum of nothing is 0.
        yield isinstance(METRICS[key.tree.name], Ratio) or bounds.both(Bounds(Fraction(0), Fraction(0))).is_empty


def _empty(each: Bounds | Texts) -> bool:
    return each.is_empty if isinstance(each, Bounds) else not each


def _cut(one: Any, other: Any) -> Any:
    return one.both(other) if isinstance(one, Bounds) else one & other


def _meet(one: Box, other: Box) -> dict[Any, Any]:
    found = dict(one)
    for key, bounds in other.items():
        found[key] = _cut(found[key], bounds) if key in found else bounds
    return found


def _join(one: Box, other: Box) -> dict[Any, Any]:
    return {
        key: bounds.either(other[key]) if isinstance(bounds, Bounds) else bounds | other[key]  # type: ignore[arg-type, operator]
        for key, bounds in one.items()
        if key in other
    }


def _condition(condition: Condition, rule: Rule, is_true: bool) -> Box:
    match condition:
        case Not(not_=part):
            return _condition(part, rule, not is_true)
        case All(all=parts) | AnyOf(any=parts):
            boxes = [_condition(part, rule, is_true) for part in parts]
            combine = _meet if isinstance(condition, All) == is_true else _join
            found = boxes[0]
            for each in boxes[1:]:
                found = combine(found, each)
            return found
        case FieldLeaf():
            return _text(condition, rule, is_true)
        case Leaf():
            return _figure(condition, rule, is_true)


def _text(leaf: FieldLeaf, rule: Rule, is_true: bool) -> Box:
    owner = field_of(rule.level, leaf.field)
    if owner is None:
        return {}
    texts = frozenset((leaf.value,) if isinstance(leaf.value, str) else leaf.value)
    negated = leaf.op in ("!=", "not in", "not contains", "none")
    if TEXTS[leaf.field].kind == "text" and leaf.op in ("=", "in", "!=", "not in"):
        return {("is", *owner): texts} if negated != is_true else {}
    if len(texts) != 1:
        return {}
    return {("holds", *owner, *texts): frozenset({"no"} if negated == is_true else {"yes"})}


def _figure(leaf: Leaf, rule: Rule, is_true: bool) -> Box:
    if leaf.min_probability is not None or isinstance(leaf.value, Ranked):
        return {}
    if isinstance(leaf.value, Against):
        return _against(leaf, leaf.value, rule, is_true)
    goal = leaf.value.target if isinstance(leaf.value, Target) else None
    given = (
        leaf.value
        if isinstance(leaf.value, tuple)
        else (leaf.value.times if isinstance(leaf.value, Target) else leaf.value,)
    )
    bounds = _bounds(leaf.op if is_true else OPPOSITE[leaf.op], [Fraction(each) for each in given])
    tree = parse_expression(leaf.expr, rule.metrics)
    window = leaf.window if any(name not in NUMBERS for name in names(tree)) else None
    key = Figured(entity_of(rule.level, leaf.of), tree, window, leaf.matured, goal)
    known = _known(key)
    return known if bounds is None else _meet(known, {key: key.rounded(bounds)})


def _against(leaf: Leaf, other: Against, rule: Rule, is_true: bool) -> Box:
    """Return the bounds of how far a figure is above what it is compared with."""
    window, goal = other.window or leaf.window, parse_expression(other.expr, rule.metrics)
    tree = parse_expression(leaf.expr, rule.metrics)
    against = Figured(entity_of(rule.level, other.of), goal, window, other.matured)
    key = Figured(entity_of(rule.level, leaf.of), tree, leaf.window, leaf.matured, against=against)
    bounds = _bounds(leaf.op if is_true else OPPOSITE[leaf.op], [Fraction(0)])
    return {} if bounds is None else {key: bounds}


def _known(key: Figured) -> Box:
    """Return that a quotient which is known is not one by nothing."""
    found = METRICS.get(key.tree.name) if isinstance(key.tree, Named) else None
    if not isinstance(found, Ratio) or METRICS.get(found.denominator) is None:
        return {}
    bottom = Figured(key.entity, Named(found.denominator), key.window, key.matured and found.denominator in RIPENS)
    return {bottom: bottom.rounded(Bounds(low=Fraction(0), low_open=True))}


def _bounds(op: str, values: list[Fraction]) -> Bounds | None:
    low, high = min(values), max(values)
    match op:
        case ">" | ">=":
            return Bounds(low=low, low_open=op == ">")
        case "<" | "<=":
            return Bounds(high=high, high_open=op == "<")
        case "=" | "in" | "in range":
            return Bounds(low, high)
    return None
