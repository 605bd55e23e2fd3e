"""Whether conditions can hold at once, asked of z3: with what is always so of sums, windows and names."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, permutations
from typing import Any, Literal

from aibuyer_kit.rules.analysis.meaning import Expr, Facts, Logic, Place
from aibuyer_kit.rules.analysis.space import Said, Sum, is_at_most
from aibuyer_kit.rules.analysis.witness import STATUSES, Witness, texts_of

Build = Callable[[Facts], Iterable[Logic]]
# What z3 may do for one question, in steps of its own: about half a second.
STEPS_EACH = 1_000_000


@dataclass(frozen=True)
class Answer:
    """Whether it can be; `unknown` where time ran out. A witness holds one way in which it can."""

    verdict: Literal["sat", "unsat", "unknown"]
    witness: Witness | None = None


@dataclass
class Seen:
    """The variables of a question, in the order in which they came up."""

    numbers: dict[Sum, None] = field(default_factory=dict)
    saids: dict[Said, None] = field(default_factory=dict)
    places: dict[Place, None] = field(default_factory=dict)
    # A comparison with a probability holds, most likely, where the comparison itself does.
    likely: dict[str, Any] = field(default_factory=dict)

    def add(self, other: "Seen") -> None:
        self.numbers |= other.numbers
        self.saids |= other.saids
        self.places |= other.places
        self.likely |= other.likely


class Formulas:
    """Facts as variables of z3, the same for all questions; `whole` has counts as whole numbers, else as any."""

    def __init__(self, whole: bool = True) -> None:
        import z3

        self._z3: Any = z3
        self._whole = whole
        self._numbers: dict[Sum, Any] = {}
        self._saids: dict[Said, Any] = {}
        self._places: dict[Place, Any] = {}
        self._chances: dict[str, Any] = {}
        self._exact: dict[Fraction, Any] = {}
        self._built: dict[Hashable, tuple[Any, Seen]] = {}
        self._always: dict[tuple[Any, Any], list[Any]] = {}
        self.seen = Seen()

    def ask(self, build: Build) -> list[Any] | None:
        """Return the parts of a new question; None if one of them cannot be."""
        self.seen = Seen()
        parts = [part for part in build(self) if part is not True]
        return None if any(part is False for part in parts) else parts

    def once(self, key: Hashable, build: Callable[[], Any]) -> Any:
        if key not in self._built:
            outer, self.seen = self.seen, Seen()
            built = build()
            self._built[key], self.seen = (built, self.seen), outer
        found, seen = self._built[key]
        self.seen.add(seen)
        return found

    def number(self, each: Sum) -> Expr:
        self.seen.numbers[each] = None
        if each not in self._numbers:
            name = f"n{len(self._numbers)}"
            whole = each.is_whole and self._whole
            self._numbers[each] = self._z3.ToReal(self._z3.Int(name)) if whole else self._z3.Real(name)
        return self._numbers[each]

    def said(self, each: Said) -> Logic:
        self.seen.saids[each] = None
        return self._made(self._saids, each, "s")

    def ranked(self, place: Place) -> Logic:
        self.seen.places[place] = None
        return self._made(self._places, place, "p")

    def chance(self, leaf: str, holds: Logic) -> Logic:
        """Return a condition of its own: it hangs on more than the sums."""
        found = self._made(self._chances, leaf, "c")
        self.seen.likely[leaf] = found == holds
        return found

    def _made(self, known: dict[Any, Any], each: Any, letter: str) -> Any:
        if each not in known:
            known[each] = self._z3.Bool(f"{letter}{len(known)}")
        return known[each]

    def exact(self, number: Fraction) -> Expr:
        if number not in self._exact:
            self._exact[number] = self._z3.RealVal(str(number))
        return self._exact[number]

    def where(self, condition: Logic, yes: Expr, no: Expr) -> Expr:
        if isinstance(condition, bool):
            return yes if condition else no
        return self._z3.If(condition, yes, no)

    @property
    def asked(self) -> tuple[Sum, ...]:
        """The figures of the question so far."""
        return tuple(self.seen.numbers)

    def always(self) -> Iterator[Any]:
        """Yield what holds of all that the question names."""
        for owner in {(each.entity, each.field): None for each in self.seen.saids if each.field == "status"}:
            said = [self.said(Said(*owner, "is", text)) for text in STATUSES]
            yield said[0] != said[1]
        for each in self.seen.numbers:
            if each.is_positive:
                yield self._numbers[each] > 0
            elif each.is_at_least_zero:
                yield self._numbers[each] >= 0
        texts: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for one in self.seen.saids:
            if one.how == "is":
                texts[one.entity, one.field].append(self._saids[one])
        yield from (self._z3.AtMost(*each, 1) for each in texts.values() if len(each) > 1)
        for one in self.seen.saids:
            if one.field == "status" and one.how == "is" and one.text not in STATUSES:
                yield self._z3.Not(self._saids[one])
        yield from self._of_pairs(permutations(self.seen.numbers, 2), self._of_numbers)
        yield from self._of_pairs(permutations(self.seen.saids, 2), self._of_texts)
        yield from self._of_pairs(combinations(self.seen.places, 2), self._of_places)

    def _of_pairs(self, pairs: Iterable[tuple[Any, Any]], of_two: Callable[[Any, Any], Iterator[Any]]) -> Iterator[Any]:
        for pair in pairs:
            if pair not in self._always:
                self._always[pair] = list(of_two(*pair))
            yield from self._always[pair]

    def _of_numbers(self, one: Sum, other: Sum) -> Iterator[Any]:
        left, right = self._numbers[one], self._numbers[other]
        if is_at_most(one, other):
            yield left <= right
        # What is divided by the share that has arrived is nothing only if nothing came.
        if one.matured and other == Sum(one.entity, one.name, one.window):
            yield (left == 0) == (right == 0)

    def _of_texts(self, one: Said, other: Said) -> Iterator[Any]:
        if (one.entity, one.field) != (other.entity, other.field):
            return
        first, second = self._saids[one], self._saids[other]
        if other.how == "holds" and one.how in ("is", "holds"):
            if other.text in one.text:
                yield self._z3.Implies(first, second)
            elif one.how == "is":
                yield self._z3.Implies(first, self._z3.Not(second))

    def _of_places(self, one: Place, other: Place) -> Iterator[Any]:
        if one.ranking != other.ranking:
            return
        first, second = self._places[one], self._places[other]
        if one.end != other.end:
            # Groups are taken to be so large that their top and their bottom do not meet.
            yield self._z3.Or(self._z3.Not(first), self._z3.Not(second))
        elif type(one.share) is type(other.share):
            less = _part(one.share) <= _part(other.share)
            yield self._z3.Implies(first, second) if less else self._z3.Implies(second, first)

    def witness(self, model: Any) -> Witness:
        def held(each: Any) -> bool:
            return bool(self._z3.is_true(model.eval(each, model_completion=True)))

        numbers = {
            each: _fraction(model.eval(self._numbers[each], model_completion=True)) for each in self.seen.numbers
        }
        saids = {each: held(self._saids[each]) for each in self.seen.saids}
        return Witness(numbers, *texts_of(saids))


def _part(share: int | str) -> int:
    return share if isinstance(share, int) else int(share[:-1])


def _fraction(value: Any) -> Fraction:
    if hasattr(value, "as_fraction"):
        found: Fraction = value.as_fraction()
        return found
    return Fraction(value.approx(12).as_fraction()) if hasattr(value, "approx") else Fraction(value.as_long())


class Solver:
    """One solver for many questions: what they have in common is translated once.

    What it may do for a question is counted in its own steps, not in time: answers do not hang on the machine's load.
    """

    def __init__(self, steps_each: int = STEPS_EACH) -> None:
        self._steps = steps_each
        self._facts: dict[bool, Formulas] = {}

    def solve(self, build: Build, likely: bool = False) -> Answer:
        """Return whether all parts of what is built can hold at once; `likely` takes probabilities as most probable."""
        answer = self._asked(build, likely, whole=True)
        if answer.verdict != "unknown":
            return answer
        # Among any numbers it is easier to tell that there are none; what is found there may not be whole.
        relaxed = self._asked(build, likely, whole=False)
        return Answer("unknown", relaxed.witness) if relaxed.verdict == "sat" else relaxed

    def _asked(self, build: Build, likely: bool, whole: bool) -> Answer:
        import z3

        facts = self._facts.setdefault(whole, Formulas(whole))
        parts = facts.ask(build)
        if parts is None:
            return Answer("unsat")
        solver = z3.SimpleSolver()
        solver.set("rlimit", self._steps)
        solver.add(*parts, *facts.always(), *(facts.seen.likely.values() if likely else ()))
        found = solver.check()
        if found == z3.sat:
            try:
                return Answer("sat", facts.witness(solver.model()))
            except ValueError:  # a number of more digits than Python reads: it can be, and no example is made of it
                return Answer("sat")
        return Answer("unsat" if found == z3.unsat else "unknown")
