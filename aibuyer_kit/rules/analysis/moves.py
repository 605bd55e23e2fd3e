"""What actions do to an object, as far as one rule can meet another: its status, its budgets, its bid.

Rounding to the currency's smallest unit is left out. After a change figures either stay as they are, or follow: sums
over windows that go on move in proportion to a budget, and come to nothing while an object is paused.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

from aibuyer_kit.rules.actions import Action, MoveAmount, Pause, SetAmount, Start, TagWith
from aibuyer_kit.rules.analysis.meaning import Expr, Facts, Logic, Place, both
from aibuyer_kit.rules.analysis.space import Said, Sum
from aibuyer_kit.rules.language import Rule

Way = Literal["up", "down", "set", "pause", "start"]
STATUS, LABELS = "status", "labels"
_STATUSES = (STATUS, "effective_status")
_SET_TO = {"pause": "PAUSED", "start": "ACTIVE"}


@dataclass(frozen=True)
class Move:
    """A change of one field of an object."""

    entity: str
    field: str
    way: Way
    percent: Fraction | None = None
    amount: Fraction | None = None
    floor: Fraction | None = None
    cap: Fraction | None = None

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.entity, self.field, self.way, self.percent, self.amount, self.floor, self.cap))

    @cached_property
    def key(self) -> Sum:
        return Sum(self.entity, self.field)

    @property
    def factor(self) -> Fraction | None:
        """By what it multiplies, unless a bound holds it; None where that depends on the amount before."""
        if self.percent is None:
            return None
        return 1 + self.percent / 100 if self.way == "up" else 1 - self.percent / 100

    @property
    def is_plain(self) -> bool:
        """Whether it moves any amount there is."""
        return self.percent is not None and self.floor is None and self.cap is None

    def after(self, before: Expr, facts: Facts) -> Expr:
        """Return the amount after it; a raise never lowers, a cut never raises."""
        if self.way == "set":
            return facts.exact(self.amount or Fraction())
        found = self.unbounded(before, facts)
        for bound, is_floor in ((self.floor, True), (self.cap, False)):
            if bound is not None:
                limit = facts.exact(bound)
                found = facts.where(found < limit if is_floor else found > limit, limit, found)
        gone_on = found > before if self.way == "up" else (found < before) & (found > facts.exact(Fraction(0)))
        return facts.where(gone_on, found, before)

    def unbounded(self, before: Expr, facts: Facts) -> Expr:
        if (factor := self.factor) is not None:
            return facts.exact(factor) * before
        step = facts.exact(self.amount or Fraction())
        return before + step if self.way == "up" else before - step


def moves_of(rule: Rule) -> tuple[Move, ...]:
    """Return what a rule changes of the status, budgets and bid of an object by a known amount."""
    found = (_move(rule.level, action) for action in rule.then)
    return tuple(each for each in found if each is not None)


def _move(entity: str, action: Action) -> Move | None:
    match action:
        case Pause():
            return Move(entity, STATUS, "pause")
        case Start():
            return Move(entity, STATUS, "start")
        case SetAmount():
            return Move(entity, _field(action), "set", amount=Fraction(action.amount))
        case MoveAmount():
            bounds = [None if each is None else Fraction(each) for each in (action.floor, action.cap)]
            step = [None if each is None else Fraction(each) for each in (action.percent, action.amount)]
            return Move(entity, _field(action), "up" if action.action.startswith("raise") else "down", *step, *bounds)
    return None


def _field(action: SetAmount | MoveAmount) -> str:
    return "bid" if action.action.endswith("bid") else f"{action.budget}_budget"


def acts(move: Move, facts: Facts) -> Logic:
    """Return when a move changes anything."""
    if move.field == STATUS:
        return facts.said(Said(move.entity, STATUS, "is", "ACTIVE" if move.way == "pause" else "PAUSED"))
    before = facts.number(move.key)
    if move.is_plain:
        return True
    return move.after(before, facts) != before


@dataclass(frozen=True)
class Labels:
    """Labels that an object was given, and those that it lost."""

    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()

    @property
    def known(self) -> frozenset[str]:
        return self.added | self.removed

    def then(self, later: "Labels") -> "Labels":
        return Labels((self.added - later.removed) | later.added, (self.removed - later.added) | later.removed)


NO_LABELS = Labels()


def labels_of(rule: Rule) -> Labels:
    """Return what a rule does to the labels of an object."""
    tags = [each for each in rule.then if isinstance(each, TagWith)]
    added, removed = ([text for each in tags for text in getattr(each, name)] for name in ("add", "remove"))
    return Labels(frozenset(added), frozenset(removed))


@dataclass(frozen=True)
class Changed:
    """Facts after an object was changed: its field holds another value, its sums over windows that go on are scaled.

    `state` names what has happened, if anything is to be kept of what is built on it.
    """

    facts: Facts
    move: Move
    value: Expr = None
    factor: Fraction | None = None
    labels: Labels = NO_LABELS
    state: Hashable = None

    def number(self, each: Sum) -> Expr:
        if each == self.move.key and self.value is not None:
            return self.value
        found = self.facts.number(each)
        if self.factor is not None and each.entity == self.move.entity and each.flows:
            return self.facts.exact(self.factor) * found
        return found

    def said(self, each: Said) -> Logic:
        if self.move.field == STATUS and each.entity == self.move.entity and each.field in _STATUSES:
            held = _SET_TO[self.move.way]
            return each.text in held if each.how == "holds" else each.text == held
        if each.field == LABELS and each.entity == self.move.entity and each.text in self.labels.known:
            return each.text in self.labels.added
        return self.facts.said(each)

    def ranked(self, place: Place) -> Logic:
        return self.facts.ranked(place)

    def chance(self, leaf: str, holds: Logic) -> Logic:
        return self.facts.chance(leaf, holds)

    def exact(self, number: Fraction) -> Expr:
        return self.facts.exact(number)

    def where(self, condition: Logic, yes: Expr, no: Expr) -> Expr:
        if isinstance(condition, bool):
            return yes if condition else no
        return self.facts.where(condition, yes, no)

    def once(self, key: Hashable, build: Callable[[], Any]) -> Any:
        return build() if self.state is None else self.facts.once((self.state, key), build)


def opposed(one: Move, other: Move) -> bool:
    """Return whether two moves of one field can undo each other."""
    if (one.entity, one.field) != (other.entity, other.field):
        return False
    if one.field == STATUS:
        return one.way != other.way
    return one.way != other.way or (one.way == "set" and one.amount != other.amount)


def clash(one: Move, other: Move) -> bool:
    """Return whether both cannot be wanted of one object: opposed moves, and spending more on what is paused."""
    pauses = {one.way, other.way} == {"pause", "up"} and one.entity == other.entity
    return pauses or opposed(one, other)


def at_odds(one: Move, other: Move, facts: Facts) -> Logic:
    """Return when two moves that clash do so: an amount that is set clashes with a step in the other direction."""
    if one.field == STATUS or other.field == STATUS or (one.way == other.way == "set"):
        return True
    before = facts.number(one.key)
    first, second = one.after(before, facts), other.after(before, facts)
    if not any((one.floor, one.cap, other.floor, other.cap)) and "set" not in (one.way, other.way):
        return True
    return ((first > before) & (second < before)) | ((first < before) & (second > before))


def is_free(move: Move, facts: Facts) -> Logic:
    """Return when no bound holds a step back."""
    before = facts.number(move.key)
    wanted = move.unbounded(before, facts)
    parts = [wanted >= facts.exact(move.floor)] if move.floor is not None else []
    parts += [wanted <= facts.exact(move.cap)] if move.cap is not None else []
    return both(*parts)
