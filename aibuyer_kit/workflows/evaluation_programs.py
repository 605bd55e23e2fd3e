"""Which rules fire on which rows: by the reference, or by the compiled program where there are many."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.rules.evaluate import verdicts
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.scope import Scope
from aibuyer_kit.rules.subjects import Subject, is_in
from aibuyer_kit.rules.table import Column, Table, columns_of
from aibuyer_kit.workflows.evaluation_record import rule_json

if TYPE_CHECKING:
    from aibuyer_kit.rules.engine.program import Program, Standing

Masks = Mapping[Scope, NDArray[np.bool_]]
# Verdicts from which on compiling pays; and loading what compiles, where this process has not done so yet.
MANY_LOADED, MANY = 500, 10_000
_COMPILES = "aibuyer_kit.rules.engine.program"
_MOST_KEPT = 16


class Programs:
    """Sets of rules, each compiled once, with what does not hang on figures for the objects that they saw last."""

    def __init__(self, many: int | None = None) -> None:
        self._many = many
        self._programs: list[Program] = []
        self._standing: dict[int, tuple[Sequence[Subject], Standing]] = {}
        self._columns: dict[int, tuple[Rule, tuple[Column, ...]]] = {}
        self._texts: dict[int, tuple[Rule, str]] = {}

    def columns(self, rule: Rule) -> tuple[Column, ...]:
        """Return the columns that a rule needs."""
        if id(rule) not in self._columns:
            self._columns[id(rule)] = rule, columns_of([rule])
        return self._columns[id(rule)][1]

    def all_columns(self, rules: Sequence[Rule]) -> tuple[Column, ...]:
        """Return the columns that rules need, each once, in the order in which they are named first."""
        return tuple(dict.fromkeys(column for rule in rules for column in self.columns(rule)))

    def text(self, rule: Rule) -> str:
        """Return the whole of a rule as the record keeps it."""
        if id(rule) not in self._texts:
            self._texts[id(rule)] = rule, rule_json(rule)
        return self._texts[id(rule)][1]

    def looked(self, rules: Sequence[Rule], table: Table) -> tuple[list[list[int]], Masks]:
        """Return the rows on which each rule fires, and which rows each scope names."""
        if len(rules) * len(table) < self._at_least():
            fired = [[row for row, verdict in enumerate(verdicts(rule, table)) if verdict] for rule in rules]
            return fired, {scope: _named(scope, table) for scope in {rule.scope for rule in rules}}
        program = self._compiled(rules)
        standing = self._standing_of(program, table)
        found: list[list[int]] = [[] for _ in rules]
        for rule, row in zip(*program.fired(table, standing), strict=True):
            found[int(rule)].append(int(row))
        return found, _masks(program, standing)

    def _at_least(self) -> int:
        if self._many is not None:
            return self._many
        return MANY_LOADED if _COMPILES in sys.modules else MANY

    def _compiled(self, rules: Sequence[Rule]) -> "Program":
        from aibuyer_kit.rules.engine.program import compile_rules

        for each in self._programs:
            if len(each.rules) == len(rules) and all(map(_is, each.rules, rules)):
                return each
        if len(self._programs) == _MOST_KEPT:
            self._standing.pop(id(self._programs.pop(0)), None)
        self._programs.append(compile_rules(rules))
        return self._programs[-1]

    def _standing_of(self, program: "Program", table: Table) -> "Standing":
        kept = self._standing.get(id(program))
        if kept is None or kept[0] is not table.subjects:
            kept = self._standing[id(program)] = table.subjects, program.standing(table)
        return kept[1]


def _is(one: object, other: object) -> bool:
    return one is other


def _named(scope: Scope, table: Table) -> NDArray[np.bool_]:
    return np.array([is_in(scope, subject) for subject in table.subjects], dtype=np.bool_)


def _masks(program: "Program", standing: "Standing") -> Masks:
    from aibuyer_kit.rules.engine.kernels import TRUE

    return {
        scope: standing.fixed[place] == TRUE
        for place, scope in enumerate(program.code.fixed)
        if isinstance(scope, Scope)
    }
