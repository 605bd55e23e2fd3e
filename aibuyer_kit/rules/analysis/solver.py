"""Whether conditions can hold at once, asked of z3: with what is always so of sums, windows and names."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations
from typing import Any, Literal

from aibuyer_kit.rules.analysis.meaning import Expr, Facts, Logic, Place
from aibuyer_kit.rules.analysis.space import Said, Sum, is_at_most
from aibuyer_kit.rules.analysis.witness import STATUSES, Witness, texts_of

Build = Callable[[Facts], Iterable[Logic]]


@dataclass(frozen=True)
class Answer:
    """Whether it can be; `unknown` where time ran out. A witness holds one way in which it can."""

    verdict: Literal["sat", "unsat", "unknown"]
    witness: Witness | None = None


class Formulas:
    """Facts as variables of z3; `whole` has counts as whole numbers, else as any."""

    def __init__(self, whole: bool = True) -> None:
        import z3

        self._z3: Any = z3
        self._whole = whole
        self._numbers: dict[Sum, Any] = {}
        self._saids: dict[Said, Any] = {}
        self._places: dict[Place, Any] = {}
        self._chances: dict[str, Any] = {}
        # A comparison with a probability holds, most likely, where the comparison itself does.
        self.likely: list[Any] = []

    def number(self, each: Sum) -> Expr:
        if each not in self._numbers:
            name = f"n{len(self._numbers)}"
            whole = each.is_whole and self._whole
            self._numbers[each] = self._z3.ToReal(self._z3.Int(name)) if whole else self._z3.Real(name)
        return self._numbers[each]

    def said(self, each: Said) -> Logic:
        return self._made(self._saids, each, "s")

    def ranked(self, place: Place) -> Logic:
        return self._made(self._places, place, "p")

    def chance(self, leaf: str, holds: Logic) -> Logic:
        """Return a condition of its own: it hangs on more than the sums."""
        found = self._made(self._chances, leaf, "c")
        self.likely.append(found == holds)
        return found

    def _made(self, known: dict[Any, Any], each: Any, letter: str) -> Any:
        if each not in known:
            known[each] = self._z3.Bool(f"{letter}{len(known)}")
        return known[each]

    def exact(self, number: Fraction) -> Expr:
        return self._z3.RealVal(str(number))

    def where(self, condition: Logic, yes: Expr, no: Expr) -> Expr:
        if isinstance(condition, bool):
            return yes if condition else no
        return self._z3.If(condition, yes, no)

    @property
    def asked(self) -> tuple[Sum, ...]:
        """The figures that were asked for so far."""
        return tuple(self._numbers)

    def always(self) -> Iterator[Any]:
        """Yield what holds of all that was asked for."""
        yield from self._of_numbers()
        yield from self._of_texts()
        yield from self._of_places()

    def _of_numbers(self) -> Iterator[Any]:
        for each, variable in self._numbers.items():
            if each.is_positive:
                yield variable > 0
            elif each.is_at_least_zero:
                yield variable >= 0
        for (one, left), (other, right) in permutations(self._numbers.items(), 2):
            if is_at_most(one, other):
                yield left <= right
            # What is divided by the share that has arrived is nothing only if nothing came.
            if one.matured and other == Sum(one.entity, one.name, one.window):
                yield (left == 0) == (right == 0)

    def _of_texts(self) -> Iterator[Any]:
        for one, variable in self._saids.items():
            if one.field == "status" and one.how == "is" and one.text not in STATUSES:
                yield self._z3.Not(variable)
        for owner in {(each.entity, each.field) for each in self._saids if each.field == "status"}:
            said = [self.said(Said(*owner, "is", text)) for text in STATUSES]
            yield said[0] != said[1]
        for one, other in permutations(self._saids, 2):
            if (one.entity, one.field) == (other.entity, other.field):
                yield from self._of_two(one, other)

    def _of_two(self, one: Said, other: Said) -> Iterator[Any]:
        first, second = self._saids[one], self._saids[other]
        if one.how == "is" and other.how == "is":
            yield self._z3.Or(self._z3.Not(first), self._z3.Not(second))
        elif other.how == "holds" and one.how in ("is", "holds"):
            if other.text in one.text:
                yield self._z3.Implies(first, second)
            elif one.how == "is":
                yield self._z3.Implies(first, self._z3.Not(second))

    def _of_places(self) -> Iterator[Any]:
        for one, other in combinations(self._places, 2):
            if one.ranking != other.ranking:
                continue
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
            each: _fraction(model.eval(variable, model_completion=True)) for each, variable in self._numbers.items()
        }
        saids = {each: held(variable) for each, variable in self._saids.items()}
        return Witness(numbers, *texts_of(saids))


def _part(share: int | str) -> int:
    return share if isinstance(share, int) else int(share[:-1])


def _fraction(value: Any) -> Fraction:
    if hasattr(value, "as_fraction"):
        found: Fraction = value.as_fraction()
        return found
    return Fraction(value.approx(12).as_fraction()) if hasattr(value, "approx") else Fraction(value.as_long())


def solve(build: Build, seconds: float, likely: bool = False) -> Answer:
    """Return whether all parts of what is built can hold at once; `likely` takes probabilities as most probable."""
    answer = _asked(build, seconds, likely, whole=True)
    if answer.verdict != "unknown":
        return answer
    # Among any numbers it is easier to tell that there are none; what is found there may not be whole.
    relaxed = _asked(build, seconds, likely, whole=False)
    return Answer("unknown", relaxed.witness) if relaxed.verdict == "sat" else relaxed


def _asked(build: Build, seconds: float, likely: bool, whole: bool) -> Answer:
    import z3

    facts = Formulas(whole)
    parts = [part for part in build(facts) if part is not True]
    if any(part is False for part in parts):
        return Answer("unsat")
    solver = z3.SimpleSolver()
    solver.set("timeout", max(1, round(seconds * 1000)))
    solver.add(*parts, *facts.always(), *(facts.likely if likely else ()))
    found = solver.check()
    if found == z3.sat:
        return Answer("sat", facts.witness(solver.model()))
    return Answer("unsat" if found == z3.unsat else "unknown")
