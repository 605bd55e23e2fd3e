"""One search over a set of rules: samples first, bounds next, the solver last; what is claimed was evaluated."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from aibuyer_kit.rules.analysis.boxes import Box, box_of
from aibuyer_kit.rules.analysis.meaning import Facts, Logic, Meaning
from aibuyer_kit.rules.analysis.moves import Move
from aibuyer_kit.rules.analysis.pool import SAMPLES, Asked, Mask, samples_for
from aibuyer_kit.rules.analysis.solver import Build, solve
from aibuyer_kit.rules.analysis.space import Sum
from aibuyer_kit.rules.analysis.witness import Witness, columns_at, table_of
from aibuyer_kit.rules.conditions import Leaf, Ranked
from aibuyer_kit.rules.evaluate import verdicts
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.table import Table

Open = Literal["open"]
OPEN: Open = "open"
_TRIES = 4


class Search:
    """Rules by their place, what each does on samples, and the reference's word on made-up objects."""

    def __init__(self, rules: Sequence[Rule], seconds_each: float) -> None:
        self.rules = rules
        self.samples = samples_for(rules)
        self._seconds = seconds_each
        self.boxes: list[Box] = [box_of(rule) for rule in rules]
        self._columns = {level: columns_at(level, rules) for level in {rule.level for rule in rules}}
        self._used = np.zeros(SAMPLES, dtype=bool)
        self._witnesses: dict[int, Witness] = {}
        self._tables: dict[tuple[int, str], Table] = {}
        self._changed: dict[Any, tuple[Witness, Witness]] = {}
        self._said: dict[tuple[int, int], bool] = {}

    @cached_property
    def fired(self) -> Mask:
        """Whether each rule fires on each sample."""
        return np.array([filled(Meaning(rule, self.samples).fires()) for rule in self.rules]).reshape(-1, SAMPLES)

    @cached_property
    def met(self) -> Mask:
        """Whether two rules fire on one sample."""
        return self._together(self.fired)

    @cached_property
    def apart(self) -> Mask:
        """Whether the first of two rules fires on a sample where the second does not."""
        return self._together(~self.fired)

    def _together(self, other: Mask) -> Mask:
        found: Mask = (self.fired.astype(np.float32) @ other.astype(np.float32).T) > 0
        return found

    @cached_property
    def is_certain(self) -> list[bool]:
        """Whether a rule asks nothing that hangs on other objects or on a probability."""
        return [
            not any(
                isinstance(leaf, Leaf) and (leaf.min_probability is not None or isinstance(leaf.value, Ranked))
                for leaf in rule.leaves()
            )
            for rule in self.rules
        ]

    @cached_property
    def reads(self) -> list[frozenset[Sum]]:
        """Which figures each rule reads."""
        found = []
        for rule in self.rules:
            asked = Asked()
            Meaning(rule, asked).fires()
            found.append(frozenset(asked.numbers))
        return found

    def fires(self, place: int, witness: Witness) -> bool:
        """Return whether the reference says that a rule fires on a made-up object."""
        key = id(witness), place
        if key not in self._said:
            self._said[key] = verdicts(self.rules[place], self._table(witness, self.rules[place].level))[0] is True
        return self._said[key]

    def _table(self, witness: Witness, level: str) -> Table:
        key = id(witness), level
        if key not in self._tables:
            self._witnesses.setdefault(-id(witness), witness)  # kept, so that its id is not given to another
            self._tables[key] = table_of(witness, level, self._columns[level])
        return self._tables[key]

    def find(
        self,
        mask: Mask | None,
        build: Build | None,
        check: Callable[[Witness], bool],
        certain: bool = True,
    ) -> Witness | Open | None:
        """Return an object on which a check holds: among samples, else the solver's; None where there is none.

        `open` means that it was not decided. Without `build` the solver is not asked. Where rules are not certain,
        what the reference does not confirm is not claimed.
        """
        for row in self._rows(mask):
            witness = self.witness(row)
            if check(witness):
                self._used[row] = True
                return witness
        if build is None:
            return None
        answer = solve(build, self._seconds, likely=True)
        if answer.verdict == "unsat":
            return None
        if answer.witness is not None and check(answer.witness):
            return answer.witness
        return OPEN if certain else None

    def none(self, build: Build) -> Literal["yes", "no", "open"]:
        """Return whether the solver proves that something cannot be."""
        verdict = solve(build, self._seconds).verdict
        return "yes" if verdict == "unsat" else "no" if verdict == "sat" else "open"

    def witness(self, row: int) -> Witness:
        if row not in self._witnesses:
            self._witnesses[row] = self.samples.witness(row)
        return self._witnesses[row]

    def changed(self, witness: Witness, move: Move, value: Fraction | None, factor: Fraction | None) -> Witness:
        """Return an object after a move, the same one each time."""
        key = id(witness), move, value, factor
        if key not in self._changed:
            self._changed[key] = witness, witness.changed(move, value, factor)
        return self._changed[key][1]

    def _rows(self, mask: Mask | None) -> Iterable[int]:
        if mask is None:
            return []
        again = np.flatnonzero(mask & self._used)[:2]
        return [int(each) for each in (*again, *np.flatnonzero(mask)[:_TRIES])]

    def fire(self, *places: int) -> Build:
        """Return how to ask for objects on which all of these rules fire."""
        return lambda facts: [Meaning(self.rules[place], facts).fires() for place in places]


def filled(logic: Logic) -> Mask:
    """Return one verdict for each sample."""
    return np.full(SAMPLES, logic) if isinstance(logic, bool) else logic


def filled_like(logic: Logic, count: int) -> Mask:
    return np.full(count, logic) if isinstance(logic, bool) else logic


def truth(rule: Rule, facts: Facts) -> Logic:
    return Meaning(rule, facts).fires()
