"""What rules mean, written to be read: the reference that faster evaluators are compared with.

Every figure is float64 over whole sums: a measure is its sum (money divided by a million), a ratio is one product on
each side and one division, a formula is done part by part as it is written. What is missing, infinite or divided by
zero is unknown, and so is what hangs on it. A rule fires on an object of its scope where its condition is true.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from aibuyer_kit.core.metrics import METRICS, Measure, multipliers
from aibuyer_kit.rules.conditions import Against, All, AnyOf, Condition, FieldLeaf, Leaf, Not, Of, Ranked, Target, told
from aibuyer_kit.rules.confidence import confidence_of
from aibuyer_kit.rules.expression import names, parse_expression, value_of
from aibuyer_kit.rules.fields import NUMBERS
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.logic import Verdict, all_of, any_of, not_of
from aibuyer_kit.rules.subjects import holds, is_in
from aibuyer_kit.rules.table import Codes, Table, name_columns
from aibuyer_kit.rules.trace import ConditionTrace, FieldTrace, GroupTrace, Place, Trace
from aibuyer_kit.rules.windows import Window

# By comparison: the group of each row, and the values that are ranked in each group.
Peers = dict[int, tuple[Codes, dict[int, list[float]]]]
_MICROS = 1_000_000
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": lambda value, threshold: value > threshold,
    ">=": lambda value, threshold: value >= threshold,
    "<": lambda value, threshold: value < threshold,
    "<=": lambda value, threshold: value <= threshold,
    "=": lambda value, threshold: value == threshold,
    "!=": lambda value, threshold: value != threshold,
}


def verdicts(rule: Rule, table: Table) -> list[Verdict]:
    """Return whether a rule fires on each object; of those outside its scope it is false."""
    named = [row for row, subject in enumerate(table.subjects) if is_in(rule.scope, subject)]
    found = dict(zip(named, traces(rule, table, named), strict=True))
    return [found[row].verdict if row in found else False for row in range(len(table))]


def evaluate(rule: Rule, table: Table, row: int) -> Trace:
    """Return the trace of a rule's condition for one object, whether the scope names it or not."""
    return traces(rule, table, [row])[0]


def traces(rule: Rule, table: Table, rows: Sequence[int]) -> list[Trace]:
    """Return the trace of a rule's condition for each of some objects."""
    peers: Peers = {}
    return [_Look(rule, table, row, peers).at(rule.when) for row in rows]


class _Look:
    """One rule looking at one object."""

    def __init__(self, rule: Rule, table: Table, row: int, peers: Peers) -> None:
        self._rule = rule
        self._table = table
        self._row = row
        self._peers = peers

    def at(self, condition: Condition) -> Trace:
        match condition:
            case All(all=parts):
                traces = tuple(self.at(part) for part in parts)
                return GroupTrace("all", traces, all_of(trace.verdict for trace in traces))
            case AnyOf(any=parts):
                traces = tuple(self.at(part) for part in parts)
                return GroupTrace("any", traces, any_of(trace.verdict for trace in traces))
            case Not(not_=part):
                trace = self.at(part)
                return GroupTrace("not", (trace,), not_of(trace.verdict))
            case FieldLeaf():
                subject = self._table.subjects[self._row]
                said, verdict = subject.text(condition.field), holds(condition, subject)
                return FieldTrace(condition.field, said, condition.op, told(condition.value), verdict)
            case Leaf():
                return self._compared(condition)

    def _compared(self, leaf: Leaf) -> ConditionTrace:
        value = self._value(leaf.expr, leaf.window, leaf.of, leaf.matured, self._row)
        place = chance = threshold = None
        if isinstance(leaf.value, Ranked):
            place, verdict = self._ranked(leaf, leaf.value, value)
        elif isinstance(leaf.value, tuple):
            verdict = compared_with_list(leaf.op, value, [float(each) for each in leaf.value])
        else:
            threshold = self._threshold(leaf)
            verdict = compared(leaf.op, value, threshold)
            if leaf.min_probability is not None:
                chance = self._probability(leaf, threshold)
                verdict = None if chance is None else chance >= float(leaf.min_probability)
        # What a field says is of now, whatever window stands beside it.
        window = leaf.window if set(names(parse_expression(leaf.expr, self._rule.metrics))) - set(NUMBERS) else None
        span = self._table.span(window) if window else None
        return ConditionTrace(
            expr=leaf.expr,
            of=leaf.of,
            window=str(window) if window else None,
            span=None if span is None else str(span),
            matured=leaf.matured,
            value=value,
            op=leaf.op,
            threshold=told(leaf.value),
            threshold_value=threshold,
            place=place,
            probability=chance,
            min_probability=None if leaf.min_probability is None else float(leaf.min_probability),
            verdict=verdict,
        )

    def _threshold(self, leaf: Leaf) -> float | None:
        match leaf.value:
            case Against(expr=expr, window=window, of=of, matured=matured):
                return self._value(expr, window or leaf.window, of, matured, self._row)
            case Target(target=name, times=times):
                targets = self._table.targets.get(name)
                target = None if targets is None else float(targets[self._row])
                return None if target is None or not math.isfinite(target) else float(times) * target
            case number:
                return float(number)  # type: ignore[arg-type]

    def _probability(self, leaf: Leaf, threshold: float | None) -> float | None:
        """Return how probable it is that a comparison holds; that can be known where the figure itself is not."""
        if threshold is None:
            return None
        table, row = self._table, slice(self._row, self._row + 1)
        span = table.span(leaf.window) if leaf.window else None
        known = confidence_of(leaf.expr, leaf.window, leaf.matured, span, lambda column: table.numbers[column][row])
        chance = float(known.probability(leaf.op, threshold)[0])
        return chance if math.isfinite(chance) else None

    def _ranked(self, leaf: Leaf, ranked: Ranked, value: float | None) -> tuple[Place | None, Verdict]:
        """Return an object's place among its peers, the best first, and whether it is among the first few."""
        if value is None or (ranked.among == "scope" and not is_in(self._rule.scope, self._table.subjects[self._row])):
            return None, None
        peers = self._peers_of(leaf, ranked)
        if peers is None:
            return None, None
        takes_part = ranked.zeros == "in" or value != 0
        better = sum(1 for peer in peers if (peer > value if ranked.top is not None else peer < value))
        inside = takes_part and better < ranked.places(len(peers))
        place = Place(better + 1, len(peers), ranked.places(len(peers))) if takes_part else None
        return place, inside if leaf.op == "in" else not inside

    def _peers_of(self, leaf: Leaf, ranked: Ranked) -> list[float] | None:
        """Return the values of all that are ranked in this object's group; None where nobody knows its group.

        Each comparison collects them once.
        """
        if id(leaf) not in self._peers:
            groups = np.where(self._table.ungrouped(ranked.within), -1, self._table.groups(ranked.within))
            found: dict[int, list[float]] = {group: [] for group in set(groups.tolist())}
            for row, subject in enumerate(self._table.subjects):
                if ranked.among == "all" or is_in(self._rule.scope, subject):
                    value = self._value(leaf.expr, leaf.window, leaf.of, leaf.matured, row)
                    if value is not None and (ranked.zeros == "in" or value != 0):
                        found[int(groups[row])].append(value)
            self._peers[id(leaf)] = groups, found
        groups, found = self._peers[id(leaf)]
        return found[int(groups[self._row])] if groups[self._row] >= 0 else None

    def _value(self, text: str, window: Window | None, of: Of, matured: bool, row: int) -> float | None:
        tree = parse_expression(text, self._rule.metrics)
        known = {name: self._named(name, window, of, matured, row) for name in names(tree)}
        return value_of(tree, known)

    def _named(self, name: str, window: Window | None, of: Of, matured: bool, row: int) -> float | None:
        sums = [self._table.number(column, row) for column in name_columns(name, window, of, matured)]
        return metric_of(name, sums)


def metric_of(name: str, sums: "list[float | None]") -> float | None:
    """Return a metric or field in units, of its sum, or of the two sums of a ratio; None where it is not known.

    >>> metric_of("cpa", [90_000_000.0, 3.0]), metric_of("spend", [90_000_000.0]), metric_of("cpa", [1.0, 0.0])
    (30.0, 90.0, None)
    """
    if None in sums:
        return None
    known: Any = sums
    if name in NUMBERS:
        value = known[0] / _MICROS if NUMBERS[name].kind == "money" else known[0]
    elif isinstance(found := METRICS[name], Measure):
        value = known[0] / _MICROS if found.unit == "money" else known[0]
    else:
        top_times, bottom_times = multipliers(found)
        if known[1] == 0:
            return None
        value = (known[0] * top_times) / (known[1] * bottom_times)
    return value if math.isfinite(value) else None


def compared(op: str, value: float | None, threshold: float | None) -> Verdict:
    """Return whether a value stands in this relation to a threshold; None where one of them is not a finite number.

    >>> compared(">", 2.0, 1.5), compared("=", None, 0.0), compared("<", float("nan"), 1.0)
    (True, None, None)
    """
    if value is None or threshold is None or not math.isfinite(value) or not math.isfinite(threshold):
        return None
    return _COMPARE[op](value, threshold)


def compared_with_list(op: str, value: float | None, numbers: list[float]) -> Verdict:
    """Return whether a value is in a list or between two numbers, both of which belong to the range.

    >>> compared_with_list("in range", 2.0, [2.0, 3.0]), compared_with_list("not in", 2.0, [1.0, 2.0])
    (True, False)
    """
    if value is None or not math.isfinite(value):
        return None
    inside = numbers[0] <= value <= numbers[1] if op.endswith("range") else value in numbers
    return inside if op in ("in", "in range") else not inside
