"""What rules are compiled to: figures, comparisons and steps, each once over all rules."""

from collections.abc import Iterable
from dataclasses import dataclass

from aibuyer_kit.rules.conditions import FieldLeaf, Of, Ranked
from aibuyer_kit.rules.engine import kernels as do
from aibuyer_kit.rules.expression import Tree
from aibuyer_kit.rules.scope import Scope
from aibuyer_kit.rules.table import Column
from aibuyer_kit.rules.windows import Window


@dataclass(frozen=True)
class Value:
    """A formula over a window: what is computed once, however many rules name it."""

    tree: Tree
    window: Window | None
    of: Of
    matured: bool


@dataclass(frozen=True)
class Goal:
    """A client's targets of one metric, in units: a column, and a figure as it is."""

    name: str


@dataclass(frozen=True)
class Ranking:
    """One comparison of a figure with its peers': `scope` is that of the rule where peers are those in it."""

    value: Value
    ranked: Ranked
    scope: Scope | None
    is_in: bool


@dataclass(frozen=True)
class Chance:
    """One comparison that asks for a probability: with a number, or with so many times a figure."""

    metric: str
    window: Window | None
    matured: bool
    op: str
    min_probability: float
    times: float
    threshold: Value | Goal | None


Fixed = Scope | FieldLeaf | None


@dataclass(frozen=True)
class Code:
    """Rules as steps. Slots of verdicts: first `fixed`, by what objects are, then `rankings`, then `chances`, then what
    steps fill.

    `values` are the figures that are kept. `whole_steps` make those that rankings and chances need as whole columns.
    """

    columns: tuple[Column | Goal, ...]
    fixed: tuple[Fixed, ...]
    rankings: tuple[Ranking, ...]
    chances: tuple[Chance, ...]
    values: tuple[Value | Goal, ...]
    slots: int
    whole_steps: do.Steps
    steps: do.Steps
    constants: do.Floats
    thresholds: do.Floats
    lists: do.Floats
    logic: do.Steps
    depth: int
    height: int


def whole_columns(rankings: Iterable[Ranking], chances: Iterable[Chance]) -> tuple[Value | Goal, ...]:
    """Return the figures that are needed of all rows before any rule is looked at, each once."""
    ranked: list[Value | Goal] = [each.value for each in rankings]
    return tuple(dict.fromkeys([*ranked, *(each.threshold for each in chances if each.threshold)]))
