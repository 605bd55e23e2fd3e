"""Meta's formulas (`today_spent / adset.daily_budget`): read into comparisons of ours, and written from our trees.

Each part carries the scale between Meta's number and ours, so that minor units and percents come out exactly.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aibuyer_kit.core.metrics import METRICS, Ratio
from aibuyer_kit.rules.expression import Computed, Figure, Named, Tree, constant
from aibuyer_kit.rules.meta.carried import NotCarriedError, Surroundings, by, times
from aibuyer_kit.rules.meta.figures import Term, field_name, metric_name, prefixed

_PIECE = re.compile(r"aggregate\([^()\s]*\)|[()]|[^()\s]+")
_CONSTANT = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?")
_MOST_PIECES = 60
_MOST_FIELDS = 6
_ONE = Decimal(1)
_SUMS, _PRODUCTS = ("+", "-"), ("*", "/")


@dataclass(frozen=True)
class Part:
    """A part of a formula: a term, a constant, or an operation on two parts."""

    op: str
    term: Term | None = None
    number: Decimal | None = None
    parts: "tuple[Part, ...]" = ()

    def terms(self) -> list[Term]:
        return [self.term] if self.term else [term for part in self.parts for term in part.terms()]

    def constant(self) -> Decimal | None:
        """Return what a part without terms comes to; None for any other. Raises NotCarriedError."""
        if self.number is not None or self.term:
            return self.number
        left, right = (part.constant() for part in self.parts)
        if left is None or right is None:
            return None
        return _worked_out(self.op, left, right)


@dataclass(frozen=True)
class Side:
    """One side of a comparison of ours: a formula over one window, of one owner."""

    expr: str
    of: str
    window: Any
    scale: Decimal


def read_formula(text: str, term: Callable[[str], Term]) -> Part:
    """Return the parts of a formula of Meta's. Raises NotCarriedError, also for a term that is not known here."""
    pieces = _PIECE.findall(text)
    if len(pieces) > _MOST_PIECES:
        raise NotCarriedError("the formula is too long.")
    part = _sum(pieces, term)
    if pieces:
        raise NotCarriedError("the formula cannot be read.")
    return part


def is_formula(text: str) -> bool:
    return " " in text or text.startswith("(")


def side_of(part: Part) -> Side | None:
    """Return a part as one formula; None where its figures are of several windows or owners."""
    terms = part.terms()
    windows = [each.window for each in terms if each.window is not None]
    owners = {each.of for each in terms}
    if len(owners) != 1 or any(each != windows[0] for each in windows):
        return None
    text, scale = _ours(part)
    expr = text.removeprefix("(").removesuffix(")") if _is_wrapped(text) else text
    return Side(expr, terms[0].of, _first(windows), scale)


def _first(windows: list[Any]) -> Any:
    return windows[0] if windows else None


def _is_wrapped(text: str) -> bool:
    """Return whether a text stands in one pair of parentheses."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return place == len(text) - 1 and text.startswith("(")
    return False


def _sum(pieces: list[str], term: Callable[[str], Term]) -> Part:
    return _chain(pieces, _SUMS, lambda: _chain(pieces, _PRODUCTS, lambda: _operand(pieces, term)))


def _chain(pieces: list[str], ops: tuple[str, ...], operand: Callable[[], Part]) -> Part:
    found = operand()
    while pieces and pieces[0] in ops:
        found = Part(pieces.pop(0), parts=(found, operand()))
    return found


def _operand(pieces: list[str], term: Callable[[str], Term]) -> Part:
    piece = pieces.pop(0) if pieces else ")"
    if piece == "(":
        found = _sum(pieces, term)
        if not pieces or pieces.pop(0) != ")":
            raise NotCarriedError("the formula cannot be read.")
        return found
    if piece in (")", *_SUMS, *_PRODUCTS):
        raise NotCarriedError("the formula cannot be read.")
    if _CONSTANT.fullmatch(piece):
        return Part("number", number=Decimal(piece))
    return Part("term", term=term(piece))


def _worked_out(op: str, left: Decimal, right: Decimal) -> Decimal:
    if op == "/":
        if not right:
            raise NotCarriedError("the formula divides by zero.", "other")
        found = left / right
        if found * right != left:
            raise NotCarriedError("the formula has a constant without an end.", "other")
        return found
    return {"+": left + right, "-": left - right, "*": left * right}[op]


def _ours(part: Part) -> tuple[str, Decimal]:
    """Return a part as our formula, in parentheses if it is an operation, and its scale."""
    if part.term:
        return (f"({part.term.expr})" if " " in part.term.expr else part.term.expr), part.term.scale
    if (number := part.constant()) is not None:
        return _written(number), _ONE
    (left, right), constants = part.parts, [each.constant() for each in part.parts]
    if part.op in _PRODUCTS:
        (one, scale), (other, other_scale) = _ours(left), _ours(right)
        together = times(scale, other_scale) if part.op == "*" else by(scale, other_scale)
        return f"({one} {part.op} {other})", together
    if constants[0] is not None:
        text, scale = _ours(right)
        return f"({_written(by(constants[0], scale))} {part.op} {text})", scale
    if constants[1] is not None:
        text, scale = _ours(left)
        return f"({text} {part.op} {_written(by(constants[1], scale))})", scale
    (one, scale), (other, other_scale) = _ours(left), _ours(right)
    if scale == other_scale:
        return f"({one} {part.op} {other})", scale
    return f"({_scaled(one, scale)} {part.op} {_scaled(other, other_scale)})", _ONE


def _scaled(text: str, factor: Decimal) -> str:
    return text if factor == _ONE else f"({_written(factor)} * {text})"


def _written(number: Decimal) -> str:
    return f"({number:f})" if number < 0 else f"{number:f}"


@dataclass
class Writer:
    """Writes trees of ours as Meta's formulas, for a rule about a level with a time preset."""

    level: str
    preset: str
    around: Surroundings

    def text(self, tree: Tree, of: str, window: Any) -> tuple[str, Decimal]:
        """Return a formula of Meta's, or the name of one figure, and its scale. Raises NotCarriedError."""
        if (number := constant(tree)) is not None:
            return f"{_exact(number):f}", _ONE
        if found := metric_name(tree, self.around):
            name, scale = found
            return prefixed(name, of, self.level, window, self.preset, self.around.counting), scale
        match tree:
            case Named(name):
                return self._named(name, of, window)
            case Computed("neg", (part,)):
                return self.text(Computed("*", (Figure(-1.0), part)), of, window)
            case Computed(op, (left, right)) if op in (*_SUMS, *_PRODUCTS):
                return self._operation(op, self._operand(left, of, window), self._operand(right, of, window))
        raise NotCarriedError("Meta's formulas have + - * / only.")

    def difference(self, left: tuple[str, Decimal], right: tuple[str, Decimal]) -> str:
        """Return what is above, equal to or below zero as one side is to the other."""
        found = self._operation("-", (*left, None), (*right, None))[0]
        return found.removeprefix("( ").removesuffix(" )")

    def _named(self, name: str, of: str, window: Any) -> tuple[str, Decimal]:
        if found := field_name(name, of, self.level):
            return found, Decimal(self.around.minor_per_unit)
        ratio = METRICS.get(name)
        if isinstance(ratio, Ratio):
            parts: Tree = Computed("/", (Named(ratio.numerator), Named(ratio.denominator)))
            return self.text(parts if ratio.scale == 1 else Computed("*", (Figure(ratio.scale), parts)), of, window)
        raise NotCarriedError(f"Meta's rules know no {name}, or not as this client counts it.")

    def _operand(self, tree: Tree, of: str, window: Any) -> tuple[str, Decimal, Decimal | None]:
        text, scale = self.text(tree, of, window)
        number = constant(tree)
        return text, scale, None if number is None else _exact(number)

    def _operation(
        self, op: str, left: tuple[str, Decimal, Decimal | None], right: tuple[str, Decimal, Decimal | None]
    ) -> tuple[str, Decimal]:
        (one, scale, number), (other, other_scale, other_number) = left, right
        if op in _PRODUCTS:
            together = times(scale, other_scale) if op == "*" else by(scale, other_scale)
            return f"( {one} {op} {other} )", together
        if number is not None:
            return f"( {times(number, other_scale):f} {op} {other} )", other_scale
        if other_number is not None:
            return f"( {one} {op} {times(other_number, scale):f} )", scale
        if scale != other_scale:
            # Both in Meta's units of the left side.
            other = f"( {by(scale, other_scale):f} * {other} )"
        return f"( {one} {op} {other} )", scale


def _exact(number: float) -> Decimal:
    """Return a float as it is written, without noughts at its end."""
    return times(Decimal(repr(number)), _ONE)


def filter_field(text: str) -> str:
    """Return a formula as a filter has it: without the outermost parentheses. Raises NotCarriedError if too long."""
    others = ("(", ")", *_SUMS, *_PRODUCTS)
    if sum(each not in others and not _CONSTANT.fullmatch(each) for each in _PIECE.findall(text)) > _MOST_FIELDS:
        raise NotCarriedError(f"Meta's formulas have at most {_MOST_FIELDS} fields.")
    bare = text.removeprefix("( ").removesuffix(" )")
    return bare if _is_wrapped(text) else text
