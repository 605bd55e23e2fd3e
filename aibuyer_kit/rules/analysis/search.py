"""One search over a set of rules: samples first, bounds next, the solver last; what is claimed was evaluated."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import permutations, product
from typing import Any, Literal

import numpy as np

from aibuyer_kit.rules.analysis.boxes import Box, box_of, disjoint
from aibuyer_kit.rules.analysis.meaning import Facts, Logic, Meaning
from aibuyer_kit.rules.analysis.moves import NO_LABELS, STATUS, Labels, Move, clash, moves_of
from aibuyer_kit.rules.analysis.pool import Asked, Mask, Overlay, Owner, Samples, samples_for
from aibuyer_kit.rules.analysis.solver import Build, Solver
from aibuyer_kit.rules.analysis.space import CHAIN, Sum
from aibuyer_kit.rules.analysis.witness import Witness, subject_of, table_of
from aibuyer_kit.rules.conditions import Leaf, Ranked
from aibuyer_kit.rules.evaluate import verdicts
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.table import Column, columns_of

Open = Literal["open"]
OPEN: Open = "open"
_TRIES = 4
_COPIES = 40
_RARE = 60
_MOST_MORE = 12_288
_SEED = 11


class Search:
    """Rules by their place, what each does on samples, and the reference's word on made-up objects."""

    def __init__(self, rules: Sequence[Rule], steps_each: int) -> None:
        self.rules = rules
        self._solver = Solver(steps_each)
        self.boxes: list[Box] = [box_of(rule) for rule in rules]
        self.asked = [_asked(rule) for rule in rules]
        self.samples = samples_for(rules)
        self.samples = self._focused()
        self._columns: list[tuple[Column, ...]] = [columns_of([rule]) for rule in rules]
        self._witnesses: dict[int, Witness] = {}
        self._firing: dict[int, Witness | Open | None] = {}
        self._subjects: dict[tuple[int, str], Subject] = {}
        self._changed: dict[Any, tuple[Witness, Witness]] = {}
        self._said: dict[tuple[int, int], bool] = {}

    @cached_property
    def fired(self) -> Mask:
        """Whether each rule fires on each sample."""
        return self._on(self.samples)

    def _on(self, samples: Samples) -> Mask:
        return np.array([filled(truth(rule, samples), len(samples)) for rule in self.rules])

    def _focused(self) -> Samples:
        """Return samples in which rare rules fire too, and meet the rules that they have not met yet."""
        fired = self._on(self.samples)
        first: dict[int, int] = {place: int(row.argmax()) for place, row in enumerate(fired) if row.any()}
        seen = {place: self.samples.seen(row, self.asked[place]) for place, row in first.items()}
        more: list[tuple[int, Overlay]] = []
        draw = np.random.default_rng(_SEED)
        for place, row in enumerate(fired):
            if place not in seen:
                witness = self._solver.solve(self.fire(place), likely=True).witness
                if witness is not None:
                    seen[place] = overlay_of(witness, self.asked[place])
            if place in seen and row.sum() < _RARE:
                sources = draw.integers(0, len(self.samples), _COPIES)
                more.append((0, seen[place]))
                more += [(int(source), seen[place].varied(draw)) for source in sources]
        met = _together(fired, fired)
        for one, other in permutations(range(len(self.rules)), 2):
            if one not in seen or other not in first or met[one, other]:
                continue
            if self._may_matter(one, other) and not disjoint(self.boxes[one], self.boxes[other], self._statuses):
                more.append((first[other], seen[one]))
        return self.samples.extended(more[:_MOST_MORE]) if more else self.samples

    @cached_property
    def _popular(self) -> Any:
        return self.fired.sum(axis=0)

    @cached_property
    def _statuses(self) -> list[Any]:
        return [("is", level, STATUS) for level in CHAIN]

    def _may_matter(self, one: int, other: int) -> bool:
        """Return whether it matters that both fire: they change the same object, or budgets on two levels."""
        mine, theirs = self.rules[one], self.rules[other]
        if mine.level != theirs.level:
            return mine.level != "ad" and theirs.level != "ad"
        return any(clash(*moves) for moves in product(self.moves[one], self.moves[other]))

    @cached_property
    def moves(self) -> list[tuple[Move, ...]]:
        return [moves_of(rule) for rule in self.rules]

    @cached_property
    def dead(self) -> Mapping[int, bool]:
        """Rules that fire on no sample: whether the solver proved that they never do, or left it open."""
        silent = [place for place, row in enumerate(self.fired) if not row.any()]
        found = {place: self.none(self.fire(place)) for place in silent}
        return {place: verdict == "yes" for place, verdict in found.items() if verdict != "no"}

    @cached_property
    def met(self) -> Mask:
        """Whether two rules fire on one sample."""
        return _together(self.fired, self.fired)

    @cached_property
    def apart(self) -> Mask:
        """Whether the first of two rules fires on a sample where the second does not."""
        return _together(self.fired, ~self.fired)

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
        return [frozenset(asked.numbers) for asked in self.asked]

    def fires(self, place: int, witness: Witness) -> bool:
        """Return whether the reference says that a rule fires on a made-up object."""
        key = id(witness), place
        if key not in self._said:
            rule, subject = self.rules[place], self._subject(witness, self.rules[place].level)
            table = table_of(witness, rule.level, self._columns[place], subject)
            self._said[key] = verdicts(rule, table)[0] is True
        return self._said[key]

    def _subject(self, witness: Witness, level: str) -> Subject:
        key = id(witness), level
        if key not in self._subjects:
            self._witnesses.setdefault(-id(witness), witness)  # kept, so that its id is not given to another
            self._subjects[key] = subject_of(witness, level)
        return self._subjects[key]

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
                return witness
        if build is None:
            return None
        answer = self._solver.solve(build, likely=True)
        if answer.verdict == "unsat":
            return None
        if answer.witness is not None and check(answer.witness):
            return answer.witness
        return OPEN if certain else None

    def firing(self, place: int) -> Witness | Open | None:
        """Return an object on which a rule fires, the same one each time."""
        if place not in self._firing:
            self._firing[place] = self.find(
                self.fired[place], self.fire(place), lambda each: self.fires(place, each), self.is_certain[place]
            )
        return self._firing[place]

    def none(self, build: Build) -> Literal["yes", "no", "open"]:
        """Return whether the solver proves that something cannot be."""
        verdict = self._solver.solve(build).verdict
        return "yes" if verdict == "unsat" else "no" if verdict == "sat" else "open"

    def witness(self, row: int) -> Witness:
        if row not in self._witnesses:
            self._witnesses[row] = self.samples.witness(row)
        return self._witnesses[row]

    def changed(
        self,
        witness: Witness,
        move: Move,
        value: Fraction | None,
        factor: Fraction | None,
        labels: Labels = NO_LABELS,
    ) -> Witness:
        """Return an object after a move, the same one each time."""
        key = id(witness), move, value, factor, labels
        if key not in self._changed:
            self._changed[key] = witness, witness.changed(move, value, factor, labels)
        return self._changed[key][1]

    def _rows(self, mask: Mask | None) -> Iterable[int]:
        if mask is None:
            return []
        rows = np.flatnonzero(mask)
        # Objects on which many rules fire serve many findings.
        common = rows[np.argsort(-self._popular[rows], kind="stable")[: _TRIES // 2]]
        return [int(each) for each in dict.fromkeys((*common, *rows[:_TRIES]))]

    def fire(self, *places: int) -> Build:
        """Return how to ask for objects on which all of these rules fire."""
        return lambda facts: [truth(self.rules[place], facts) for place in places]


def _asked(rule: Rule) -> Asked:
    asked = Asked()
    Meaning(rule, asked).fires()
    return asked


def _together(one: Mask, other: Mask) -> Mask:
    """Return which rows of one have a column in common with which rows of the other."""
    found: Mask = (one.astype(np.float32) @ other.astype(np.float32).T) > 0
    return found


def overlay_of(witness: Witness, asked: Asked) -> Overlay:
    """Return what a rule that asked for these figures and texts sees in a made-up object."""
    texts: dict[Owner, Any] = {**witness.texts, **witness.items}
    return Overlay(
        {each: float(witness.number(each)) for each in asked.numbers},
        {owner: texts[owner] for owner in {(each.entity, each.field) for each in asked.saids} if owner in texts},
    )


def filled(logic: Logic, count: int) -> Mask:
    return np.full(count, logic) if isinstance(logic, bool) else logic


def truth(rule: Rule, facts: Facts) -> Logic:
    """Return when a rule of the set fires."""
    return facts.once(id(rule), lambda: Meaning(rule, facts).fires())
