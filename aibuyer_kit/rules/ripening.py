"""Figures that are still arriving: a rule as it reads once they have, and whether what it found holds then, too.

Platforms report results for days on end, so the cost of a result looks higher at first than it will turn out. What a
rule changes because of such a figure must hold of what the figure is expected to come to as well.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from aibuyer_kit.rules.conditions import Against, All, AnyOf, Condition, Leaf, Not
from aibuyer_kit.rules.expression import names, parse_expression
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.table import ARRIVED, RIPENS, Column, Table, name_columns
from aibuyer_kit.rules.trace import ConditionTrace, GroupTrace, Trace

# Closer to what it is expected to come to than this, a figure counts as final.
_FINAL_WITHIN = 0.005
# Whose figures over which windows are still arriving, as traces name both.
Young = frozenset[tuple[str, str | None]]


def ripened(rule: Rule, *, only_open: bool = False) -> Rule | None:
    """Return a rule with every figure as it will be once all has arrived; None where it asks for that already.

    With `only_open`, figures that it means as they stand, in so many words, stay as they are.
    """
    when = _ripened(rule.when, rule, only_open)
    return None if when is rule.when else rule.model_copy(update={"when": when})


def ripens(expr: str, rule: Rule) -> bool:
    """Return whether results, or what is counted from them, are in a formula."""
    found = names(parse_expression(expr, rule.metrics))
    return any(column.name in RIPENS for name in found for column in name_columns(name, None, "self", False))


def _ripened(condition: Condition, rule: Rule, only_open: bool) -> Any:
    """Return a condition over figures that have arrived; itself where nothing of it changes."""
    match condition:
        case All(all=parts):
            found = tuple(_ripened(part, rule, only_open) for part in parts)
            return condition if _same(found, parts) else condition.model_copy(update={"all": found})
        case AnyOf(any=parts):
            found = tuple(_ripened(part, rule, only_open) for part in parts)
            return condition if _same(found, parts) else condition.model_copy(update={"any": found})
        case Not(not_=part):
            inner = _ripened(part, rule, only_open)
            return condition if inner is part else condition.model_copy(update={"not_": inner})
        case Leaf() as leaf:
            return _ripened_leaf(leaf, rule, only_open)
    return condition


def _ripened_leaf(leaf: Leaf, rule: Rule, only_open: bool) -> Leaf:
    """Return a comparison of ripe figures; one that means them as they stand means what it compares with so, too."""
    if only_open and leaf.as_it_stands:
        return leaf
    changed: dict[str, Any] = {}
    if not leaf.matured and ripens(leaf.expr, rule):
        changed["matured"] = True
    if (
        isinstance(other := leaf.value, Against)
        and not other.matured
        and not (only_open and other.as_it_stands)
        and ripens(other.expr, rule)
    ):
        changed["value"] = other.model_copy(update={"matured": True})
    return leaf.model_copy(update=changed) if changed else leaf


def _same(found: tuple[Any, ...], parts: tuple[Any, ...]) -> bool:
    return all(one is other for one, other in zip(found, parts, strict=True))


def with_expected(trace: Trace, ripe: Trace, young: Young = frozenset()) -> Trace:
    """Return a trace with what its figures are expected to come to, from the trace of the rule `ripened`.

    In `young` windows more may arrive: nothing times what is to come is nothing, and yet not final.
    """
    if isinstance(trace, GroupTrace) and isinstance(ripe, GroupTrace):
        parts = tuple(with_expected(one, other, young) for one, other in zip(trace.parts, ripe.parts, strict=True))
        return GroupTrace(trace.kind, parts, trace.verdict)
    if isinstance(trace, ConditionTrace) and isinstance(ripe, ConditionTrace) and ripe.matured and not trace.matured:
        if trace.value == 0 and ripe.value == 0 and (trace.of, trace.window) in young:
            return trace.expecting(None, is_final=False)
        is_final = _is_final(trace.value, ripe.value)
        return trace.expecting(None if is_final else ripe.value, is_final=is_final)
    return trace


def share_columns(rule: Rule) -> tuple[Column, ...]:
    """Return the columns that tell of which windows figures are still arriving: what has arrived, and what is spent."""
    leaves = (leaf for leaf in rule.leaves() if isinstance(leaf, Leaf) and ripens(leaf.expr, rule))
    sides = dict.fromkeys((leaf.of, leaf.window) for leaf in leaves)
    return tuple(Column(name, window, of) for of, window in sides if window for name in (ARRIVED, "spend"))


def young(rule: Rule, table: Table, row: int) -> Young:
    """Return the windows of an object in which more may arrive; nothing follows where nothing was spent."""
    asked = [each for each in share_columns(rule) if each.name == ARRIVED]
    return frozenset((each.of, str(each.window)) for each in asked if _is_young(each, table, row))


def _is_young(arrived: Column, table: Table, row: int) -> bool:
    share, spend = table.number(arrived, row), table.number(replace(arrived, name="spend"), row)
    return spend != 0 if share is None else share < 1 - _FINAL_WITHIN


def _is_final(value: float | None, expected: float | None) -> bool:
    """Return whether a figure is known to change no more; what has none has nothing to become."""
    if value is None:
        return True
    return expected is not None and abs(expected - value) <= _FINAL_WITHIN * abs(value)


def turned(trace: Trace, ripe: Trace) -> Iterator[tuple[ConditionTrace, ConditionTrace]]:
    """Yield the comparisons of figures whose verdict is another one once all has arrived: as it is now, and then."""
    if isinstance(trace, GroupTrace) and isinstance(ripe, GroupTrace):
        for one, other in zip(trace.parts, ripe.parts, strict=True):
            yield from turned(one, other)
    elif isinstance(trace, ConditionTrace) and isinstance(ripe, ConditionTrace) and trace.verdict is not ripe.verdict:
        yield trace, ripe
