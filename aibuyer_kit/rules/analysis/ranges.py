"""What the figures of rules came to in a client's data: the lowest and the highest of each that is compared."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np

from aibuyer_kit.core.metrics import METRICS, Measure, multipliers
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.rules.analysis.space import entity_of
from aibuyer_kit.rules.conditions import Leaf, Of
from aibuyer_kit.rules.expression import Computed, Figure, Named, Tree, names, parse_expression
from aibuyer_kit.rules.fields import NUMBERS
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.strict import Strict
from aibuyer_kit.rules.table import Column, Floats, Table, formula_columns, name_columns
from aibuyer_kit.rules.windows import Window

# What every object comes to with time: that none is new or idle just now says nothing of a rule that waits for it.
_WITH_TIME = ("age_days", "hours_since_edit", "days_without_delivery")


@dataclass(frozen=True)
class Reached:
    """The lowest and the highest value that a formula ever had over a window, at a level of this client's account."""

    level: str
    expr: str
    window: Window | None
    lowest: float
    highest: float
    matured: bool = False


def reached(rules: Sequence[Rule], tables: Iterable[Table]) -> tuple[Reached, ...]:
    """Return what each comparison's figure came to in any of the tables; nothing of those that were never known."""
    return widest(
        each for table in tables for rule in rules if rule.of_level is table.level for each in _ends(rule, table)
    )


def widest(ranges: Iterable[Reached]) -> tuple[Reached, ...]:
    """Return one range for each figure, from the lowest of all to the highest."""
    found: dict[tuple[Any, ...], Reached] = {}
    for each in ranges:
        key = each.level, each.expr, each.window, each.matured
        known = found.get(key, each)
        found[key] = replace(known, lowest=min(known.lowest, each.lowest), highest=max(known.highest, each.highest))
    return tuple(found.values())


def columns_reached(rules: Iterable[Rule]) -> tuple[Column, ...]:
    """Return the columns that a table must hold to tell what figures of rules come to."""
    found = (
        column
        for rule in rules
        for leaf in _with_numbers(rule)
        for column in formula_columns(leaf.expr, leaf.window, leaf.of, leaf.matured, rule.metrics)
    )
    return tuple(dict.fromkeys(found))


def _with_numbers(rule: Rule) -> Iterator[Leaf]:
    """Yield the comparisons with a number that stands in the rule."""
    for leaf in rule.leaves():
        if not isinstance(leaf, Leaf) or leaf.min_probability is not None or isinstance(leaf.value, Strict):
            continue
        if not any(name in _WITH_TIME for name in names(parse_expression(leaf.expr, rule.metrics))):
            yield leaf


def _ends(rule: Rule, table: Table) -> Iterator[Reached]:
    for leaf in _with_numbers(rule):
        tree = parse_expression(leaf.expr, rule.metrics)
        known = {name: _named(name, leaf.window, leaf.of, leaf.matured, table) for name in names(tree)}
        with np.errstate(all="ignore"):
            values = _value(tree, known) + np.zeros(len(table))
        values = values[np.isfinite(values)]
        if len(values):
            window = None if all(name in NUMBERS for name in names(tree)) else leaf.window
            level = entity_of(rule.level, leaf.of)
            yield Reached(level, leaf.expr, window, float(values.min()), float(values.max()), leaf.matured)


def _named(name: str, window: Window | None, of: Of, matured: bool, table: Table) -> Floats:
    """Return a metric or field of all rows in units; NaN where it is not known."""
    sums = [np.asarray(table.numbers[column]) for column in name_columns(name, window, of, matured)]
    if name in NUMBERS:
        return sums[0] / MICROS_PER_UNIT if NUMBERS[name].kind == "money" else sums[0]
    found = METRICS[name]
    if isinstance(found, Measure):
        return sums[0] / MICROS_PER_UNIT if found.unit == "money" else sums[0]
    top_times, bottom_times = multipliers(found)
    with np.errstate(all="ignore"):
        ratio: Floats = (sums[0] * top_times) / np.where(sums[1] == 0, np.nan, sums[1] * bottom_times)
    return ratio


def _value(tree: Tree, known: Mapping[str, Floats]) -> Any:
    match tree:
        case Figure(value):
            return np.float64(value)
        case Named(name):
            return known[name]
        case Computed(op, parts):
            return (
                reduce(_DO[op], [_value(part, known) for part in parts])
                if len(parts) > 1
                else _ALONE[op](_value(parts[0], known))
            )


_DO: Mapping[str, Any] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "min": np.minimum, "max": np.maximum,
}  # fmt: skip
_ALONE: Mapping[str, Any] = {"neg": np.negative, "abs": np.abs, "min": np.positive, "max": np.positive}
