"""Formulas over metrics and fields, from text to a tree, through an allow-list: what is not on it is refused.

Numbers, names, `+ - * /`, parentheses and `min`, `max`, `abs` are all there is; no text of a formula goes any further.
"""

import difflib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from aibuyer_kit.core.errors import AibuyerError
from aibuyer_kit.core.metrics import METRICS, Measure, metric
from aibuyer_kit.rules.fields import NUMBERS

LONGEST_EXPRESSION = 400
MOST_PARTS = 60
MOST_NESTED = 20
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_CHARACTERS = re.compile(r"[A-Za-z0-9_.,+\-*/()<>=! ]*", re.ASCII)

Comparison = Literal[">", ">=", "<", "<=", "=", "!="]
# Words that SQL keeps for aggregates are read as plain functions.
_RENAMED = {"min": "lowest_of", "max": "highest_of"}
_FUNCTIONS = ("min", "max", "abs")
_ALLOWED = "names, numbers, + - * /, min, max and abs"


@dataclass(frozen=True)
class Figure:
    """A number that stands in the formula."""

    value: float


@dataclass(frozen=True)
class Named:
    """A metric or a field of an object."""

    name: str


@dataclass(frozen=True)
class Computed:
    """An operation over parts, done in the order in which it is written: `+ - * /`, `min`, `max`, `abs`, `neg`."""

    op: str
    parts: "tuple[Tree, ...]"


Tree = Figure | Named | Computed


def parse_expression(text: str, metrics: Mapping[str, str] | None = None) -> Tree:
    """Return the tree of a formula whose own metrics (name to formula) stand in it as what they are.

    Raises ValueError, which names what is not understood.

    >>> parse_expression("2 * cpa")
    Computed(op='*', parts=(Figure(value=2.0), Named(name='cpa')))
    """
    return _parsed(text, tuple(sorted((metrics or {}).items())))


def split_comparison(text: str) -> tuple[str, Comparison, str] | None:
    """Return both sides and the operator of `spend > 2 * daily_budget`; None where nothing is compared."""
    found = re.split(r"(>=|<=|!=|==|=|>|<)", text)
    if len(found) != 3:
        return None
    op: Any = "=" if found[1] == "==" else found[1]
    return found[0].strip(), op, found[2].strip()


def names(tree: Tree) -> Iterator[str]:
    """Yield every metric and field that a tree names, in the order in which they stand, repeated ones too."""
    match tree:
        case Named(name):
            yield name
        case Computed(parts=parts):
            for part in parts:
                yield from names(part)


def constant(tree: Tree) -> float | None:
    """Return what a tree of numbers alone comes to; None where it names anything."""
    if next(names(tree), None) is not None:
        return None
    return value_of(tree, {})


def value_of(tree: Tree, values: Mapping[str, float | None]) -> float | None:
    """Return what a tree comes to, in float64, part by part as written; None where a part of it is not known.

    What is not finite, and what is divided by zero, is not known.
    """
    match tree:
        case Figure(value):
            return value
        case Named(name):
            return values.get(name)
        case Computed(op, parts):
            known = [value_of(part, values) for part in parts]
            return None if None in known else _applied(op, [each for each in known if each is not None])


def _applied(op: str, values: list[float]) -> float | None:
    try:
        found = _DO[op](*values)
    except (ZeroDivisionError, OverflowError):
        return None
    return found if math.isfinite(found) else None


_DO: Mapping[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "neg": lambda a: -a,
    "abs": abs,
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
}


@lru_cache(maxsize=4096)
def _parsed(text: str, metrics: tuple[tuple[str, str], ...]) -> Tree:
    if not isinstance(text, str) or len(text) > LONGEST_EXPRESSION:
        raise ValueError(f"a formula has at most {LONGEST_EXPRESSION} characters")
    return _Reading(dict(metrics)).tree(text)


class _Reading:
    """One reading of one formula; `metrics` are the formulas of names that are not of the catalogue."""

    def __init__(self, metrics: Mapping[str, str]) -> None:
        self._metrics = metrics
        self._open: list[str] = []
        self._parts = 0

    def _count(self) -> None:
        """Count one part, before it is built: metrics that stand for others could else grow beyond all bounds."""
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise ValueError(f"a formula has at most {MOST_PARTS} parts, those of the metrics in it included")

    def tree(self, text: str) -> Tree:
        if _NAME.fullmatch(text):
            return self._named(text)
        if not _CHARACTERS.fullmatch(text) or not text.strip():
            raise ValueError("a formula is made of names, numbers, + - * / and parentheses")
        if any(name in text for name in _RENAMED.values()):
            raise ValueError("min and max are called min and max")
        if "--" in text or "/*" in text or text.count("(") > MOST_NESTED:
            raise ValueError("it is nested too deeply, or holds a comment")
        return self._tree(_syntax(text))

    def _tree(self, node: Any) -> Tree:
        """Return the tree of a syntax node, if it is on the list of what a formula may hold."""
        from sqlglot import expressions as sql

        kind = type(node)
        if kind is sql.Paren:
            return self._tree(node.this)
        if kind is not sql.Column:
            self._count()
        if kind is sql.Literal and not node.is_string:
            return _literal(node.this)
        if kind is sql.Column and all(value is None for key, value in node.args.items() if key != "this"):
            return self._identifier(node.this)
        if op := {sql.Neg: "neg", sql.Abs: "abs"}.get(kind):
            return Computed(op, (self._tree(node.this),))
        if op := {sql.Add: "+", sql.Sub: "-", sql.Mul: "*", sql.Div: "/"}.get(kind):
            left, right = self._tree(node.this), self._tree(node.expression)
            if op == "/" and constant(right) == 0:
                raise ValueError("it divides by zero")
            return Computed(op, (left, right))
        if kind is sql.Anonymous and node.name in _RENAMED.values():
            parts = tuple(self._tree(each) for each in node.expressions)
            if len(parts) < 2:
                raise ValueError("min and max compare at least two values")
            return Computed("min" if node.name == _RENAMED["min"] else "max", parts)
        raise ValueError(
            f"{node.sql()[:40]!r} has no place in a formula: names, numbers, + - * /, min, max and abs have"
        )

    def _identifier(self, identifier: Any) -> Tree:
        if identifier.args.get("quoted"):
            raise ValueError("names stand without quotes")
        return self._named(identifier.this)

    def _named(self, name: str) -> Tree:
        if name in self._metrics:
            if len(self._open) > MOST_NESTED:
                raise ValueError("metrics stand for each other too often")
            if name in self._open:
                raise ValueError(f"{name!r} stands for itself: {' -> '.join([*self._open, name])}")
            self._open.append(name)
            tree = self.tree(self._metrics[name])
            self._open.pop()
            return tree
        check_name(name, self._metrics)
        self._count()
        return Named(name)


def check_own_name(name: str) -> None:
    """Raise ValueError unless a metric of one's own may be called so."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a metric: small letters, digits and _ make one")
    if name in METRICS or name in NUMBERS or name in _FUNCTIONS:
        raise ValueError(f"{name!r} is known already: choose another name")


def check_name(name: str, own: Mapping[str, str] | None = None) -> None:
    """Raise ValueError unless `name` is a metric that adds up over days, a ratio of two, or a numeric field."""
    if name in NUMBERS:
        return
    known = {
        each for each, found in METRICS.items() if not isinstance(found, Measure) or found.additive == "everywhere"
    }
    if name in known:
        return
    if name in METRICS:
        usable = ", ".join(sorted(known | set(NUMBERS)))
        raise ValueError(f"{name!r} is not added up over days, so no rule compares it. Known: {usable}")
    try:
        metric(name)
    except AibuyerError as error:
        everything = sorted(known | set(NUMBERS) | set(own or {}))
        near = difflib.get_close_matches(name, everything, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        if "action type" in str(error):
            raise ValueError(str(error).rstrip(".")) from None
        raise ValueError(f"there is no metric or field {name!r}.{hint} Known: {', '.join(everything)}") from None


def _syntax(text: str) -> Any:
    """Return the syntax tree of a text: nothing is looked up or run for it."""
    from sqlglot import ErrorLevel, parse_one
    from sqlglot.errors import SqlglotError

    renamed = text
    for name, plain in _RENAMED.items():
        renamed = re.sub(rf"\b{name}\s*\(", f"{plain}(", renamed)
    try:
        return parse_one(renamed, dialect="duckdb", error_level=ErrorLevel.IMMEDIATE)
    except (SqlglotError, RecursionError, ValueError, AttributeError, TypeError, KeyError, IndexError):
        raise ValueError(f"{text[:60]!r} is no formula: {_ALLOWED} make one") from None


def _literal(text: str) -> Figure:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not math.isfinite(value) or abs(value) > 1e15:
        raise ValueError(f"{text[:40]!r} is beyond all bounds")
    return Figure(value)
