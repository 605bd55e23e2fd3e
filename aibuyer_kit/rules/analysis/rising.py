"""Whether a change in one direction can make a condition true that was not: most budget rules are told apart by it."""

from collections.abc import Iterator

from aibuyer_kit.core.metrics import METRICS, Ratio
from aibuyer_kit.rules.analysis.moves import Move
from aibuyer_kit.rules.analysis.space import Sum, entity_of
from aibuyer_kit.rules.conditions import Against, All, AnyOf, Condition, FieldLeaf, Leaf, Not, Ranked
from aibuyer_kit.rules.expression import Computed, Named, Tree, names, parse_expression
from aibuyer_kit.rules.fields import NUMBERS
from aibuyer_kit.rules.language import Rule

_UP, _DOWN = (">", ">="), ("<", "<=")


def signed(condition: Condition, is_true: bool = True) -> Iterator[tuple[Leaf | FieldLeaf, bool]]:
    """Yield every comparison, and whether the rule needs it true or false."""
    match condition:
        case All(all=parts) | AnyOf(any=parts):
            for part in parts:
                yield from signed(part, is_true)
        case Not(not_=part):
            yield from signed(part, not is_true)
        case Leaf() | FieldLeaf():
            yield condition, is_true


def can_come_true(rule: Rule, move: Move, follows: bool) -> bool:
    """Return whether a raise or a cut of a field, with the sums that follow it, can turn a rule's condition true."""
    way = 1 if move.way == "up" else -1 if move.way == "down" else 0
    return way == 0 or any(_gains(leaf, is_true, rule, move, follows, way) for leaf, is_true in signed(rule.when))


def _gains(leaf: Leaf | FieldLeaf, is_true: bool, rule: Rule, move: Move, follows: bool, way: int) -> bool:
    if isinstance(leaf, FieldLeaf):
        return False
    if isinstance(leaf.value, Against):
        return True
    trend = _trend(parse_expression(leaf.expr, rule.metrics), leaf, rule, move, follows)
    if trend == 0:
        return False
    if trend is None or isinstance(leaf.value, Ranked) or leaf.op not in (*_UP, *_DOWN):
        return True
    wants_more = (leaf.op in _UP) == is_true
    return (trend * way > 0) == wants_more


def _trend(tree: Tree, leaf: Leaf, rule: Rule, move: Move, follows: bool) -> int | None:
    """Return 1 if a figure moves with the field, -1 if against it, 0 if not at all, None where that is not known."""
    entity = entity_of(rule.level, leaf.of)
    match tree:
        case Named(name):
            return _named(name, entity, leaf, move, follows)
        case Computed("/", (Named(top), Named(bottom))):
            sides = _named(top, entity, leaf, move, follows), _named(bottom, entity, leaf, move, follows)
            if sides == (1, 1) and (move.is_plain or follows):
                return 0
            return {(0, 0): 0, (1, 0): 1, (0, 1): -1}.get(sides) if "profit" not in (top, bottom) else None  # type: ignore[arg-type]
    parts = {_named(name, entity, leaf, move, follows) for name in names(tree)}
    return 0 if parts <= {0} else None


def _named(name: str, entity: str, leaf: Leaf, move: Move, follows: bool) -> int | None:
    if entity != move.entity:
        return 0
    if name in NUMBERS:
        return 1 if name == move.field else 0
    found = METRICS[name]
    if not follows or isinstance(found, Ratio) or not Sum(entity, name, leaf.window).flows:
        return 0
    return None if name == "profit" else 1
