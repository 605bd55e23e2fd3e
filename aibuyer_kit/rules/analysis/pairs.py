"""Faults of two rules: they contradict each other, undo each other, say the same, or move budgets on two levels."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations, permutations
from typing import Any

from aibuyer_kit.rules.actions import Action, Rebalance, Rename, RotateCreative, SwapCreative, TagWith, Toward
from aibuyer_kit.rules.analysis.boxes import Bounds, Box, Figured, disjoint, needs_flow
from aibuyer_kit.rules.analysis.findings import Example, Finding, Kind
from aibuyer_kit.rules.analysis.meaning import Expr, Facts, Logic, both, no
from aibuyer_kit.rules.analysis.moves import (
    STATUS,
    Changed,
    Labels,
    Move,
    acts,
    at_odds,
    clash,
    is_free,
    labels_of,
    opposed,
)
from aibuyer_kit.rules.analysis.pool import Mask
from aibuyer_kit.rules.analysis.rising import can_come_true
from aibuyer_kit.rules.analysis.search import OPEN, Open, Search, filled, truth
from aibuyer_kit.rules.analysis.solver import Build
from aibuyer_kit.rules.analysis.times import covers, may_meet
from aibuyer_kit.rules.analysis.witness import Witness
from aibuyer_kit.rules.expression import Named
from aibuyer_kit.rules.language import Rule

_MODES = ("notify", "propose", "auto")


class Pairs:
    """What two rules of a set do to each other."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._rules = search.rules

    @cached_property
    def _alive(self) -> list[int]:
        return [place for place in range(len(self._rules)) if not self._search.dead.get(place)]

    @property
    def _moves(self) -> list[tuple[Move, ...]]:
        return self._search.moves

    def _meet_at_once(self, one: int, other: int) -> bool:
        return may_meet(self._rules[one].schedule, self._rules[other].schedule)

    def _certain(self, *places: int) -> bool:
        return all(self._search.is_certain[place] for place in places)

    def _told(self, kind: Kind, found: Witness | Open | None, *places: int, **about: str) -> Iterator[Finding]:
        ids = tuple(self._rules[place].id for place in places)
        if found == OPEN:
            yield Finding("undecided", ids, about={"open": kind})
        elif isinstance(found, Witness):
            yield Finding(kind, ids, Example(tuple(self._rules[place] for place in places), found), about)

    def contradictions(self) -> Iterator[Finding]:
        """Yield rules that want what cannot both be done of one object at one time."""
        for one, other in combinations(self._alive, 2):
            if self._rules[one].level != self._rules[other].level:
                continue
            clashing = self._clashing(one, other)
            if clashing is None or not self._meet_at_once(one, other):
                continue
            found = self._both_fire(one, other, clashing[2])
            yield from self._told("contradiction", found, one, other, first=clashing[0], second=clashing[1])

    def _clashing(self, one: int, other: int) -> tuple[str, str, tuple[Move, Move] | None] | None:
        """Return the names of two actions that clash, and their moves if they move anything."""
        for first in self._moves[one]:
            for second in self._moves[other]:
                if clash(first, second) and not _settled(self._rules[one], first, self._rules[other], second):
                    return _name(first), _name(second), (first, second)
        for mine in self._rules[one].then:
            for theirs in self._rules[other].then:
                if _at_odds(mine, theirs):
                    return mine.action, theirs.action, None
        return None

    def _both_fire(self, one: int, other: int, moves: tuple[Move, Move] | None) -> Witness | Open | None:
        search = self._search
        mask = search.fired[one] & search.fired[other] if search.met[one, other] else None
        if moves is not None and mask is not None:
            mask = mask & filled(_odds(*moves, search.samples), len(search.samples))
        if (mask is None or not mask.any()) and disjoint(search.boxes[one], search.boxes[other]):
            return None

        def build(facts: Facts) -> list[Logic]:
            more = [_odds(*moves, facts)] if moves is not None else []
            return [truth(self._rules[one], facts), truth(self._rules[other], facts), *more]

        return search.find(
            mask, build, lambda each: search.fires(one, each) and search.fires(other, each), self._certain(one, other)
        )

    def levels(self) -> Iterator[Finding]:
        """Yield rules that move budgets of a campaign and of an ad set in it at one time."""
        moving = [place for place in self._alive if any(_moves_budgets(each) for each in self._rules[place].then)]
        above = [place for place in moving if self._rules[place].level == "campaign"]
        for one in above:
            for other in moving:
                if self._rules[other].level == "adset" and self._meet_at_once(one, other):
                    yield from self._told("levels", self._both_fire(one, other, None), one, other)

    def subsumed(self) -> Iterator[Finding]:
        """Yield rules whose objects all belong to another one that does the same at least as often."""
        reported: set[tuple[int, int]] = set()
        for one, other in permutations(self._alive, 2):
            if self._search.apart[one, other] or (other, one) in reported or not self._adds_nothing(one, other):
                continue
            search, rules = self._search, self._rules
            found = search.firing(one)
            if found is None or (
                isinstance(found, Witness) and not search.fires(other, found) and self._certain(one, other)
            ):
                continue
            verdict = search.none(_only_first(rules[one], rules[other]))
            if verdict != "no":
                reported.add((one, other))
                yield from self._told("subsumed", found if verdict == "yes" else OPEN, one, other)

    def _adds_nothing(self, one: int, other: int) -> bool:
        mine, theirs = self._rules[one], self._rules[other]
        return (
            mine.level == theirs.level
            and all(action in theirs.then for action in mine.then)
            and _MODES.index(mine.mode) <= _MODES.index(theirs.mode)
            and covers(theirs.schedule, mine.schedule)
        )

    def oscillations(self) -> Iterator[Finding]:
        """Yield rules of which the first makes the second undo it, so that the first fires again."""
        reported: set[frozenset[int]] = set()
        moving = [place for place in self._alive if self._moves[place]]
        for one, other in permutations(moving, 2):
            if self._rules[one].level != self._rules[other].level or frozenset((one, other)) in reported:
                continue
            # Two that take turns by the clock are meant to: parts of the day.
            if not self._meet_at_once(one, other):
                continue
            for mine in self._moves[one]:
                for theirs in self._moves[other]:
                    if opposed(mine, theirs) and not (self._is_mirrored(mine, one, other) and one > other):
                        found = self._cycle(one, other, mine, theirs)
                        if found is not None:
                            reported.add(frozenset((one, other)))
                        yield from self._told("oscillation", found, one, other, first=_name(mine), second=_name(theirs))

    def _is_mirrored(self, mine: Move, *places: int) -> bool:
        """Return whether it makes no difference which of two rules begins: a start after a pause is one before it."""
        return (
            mine.field == STATUS
            and mine.way == "start"
            and not any(labels_of(self._rules[each]).known for each in places)
        )

    def _cycle(self, one: int, other: int, mine: Move, theirs: Move) -> Witness | Open | None:
        open_one = None
        for follows in (False, True):
            turn = Turn(one, other, mine, theirs, follows)
            if not turn.is_possible or not self._can_turn(turn):
                continue
            found = self._turned(turn)
            if isinstance(found, Witness):
                return found
            open_one = open_one or found
        return open_one

    def _can_turn(self, turn: "Turn") -> bool:
        """Return whether the second rule can tell the change, and figures that it does not touch suit both rules."""
        search = self._search
        mine, theirs = search.boxes[turn.one], search.boxes[turn.other]
        if turn.mine.field != STATUS:
            read = search.reads[turn.other]
            follow = turn.follows and any(each.entity == turn.mine.entity and each.flows for each in read)
            if turn.mine.key not in read and not follow:
                return False
            if not can_come_true(self._rules[turn.other], turn.mine, turn.follows):
                return False
            if turn.follows and turn.leaves_no_room(mine, theirs):
                return False
        if turn.mine.field == STATUS and turn.follows and any(needs_flow(theirs, turn.mine.entity)):
            return False
        touched = [key for key in (*mine, *theirs) if turn.touches(key)]
        return not disjoint(mine, theirs, touched)

    def _turned(self, turn: "Turn") -> Witness | Open | None:
        search, rules = self._search, self._rules
        first, second = rules[turn.one], rules[turn.other]

        def build(facts: Facts) -> list[Logic]:
            return list(turn.parts(first, second, facts))

        def check(witness: Witness) -> bool:
            return self._confirmed(turn, witness)

        mask = self._sampled(turn)
        return search.find(mask, build, check, self._certain(turn.one, turn.other))

    def _sampled(self, turn: "Turn") -> Mask | None:
        """Return on which samples it happens."""
        search = self._search
        mask: Mask = search.fired[turn.one].copy()
        for part in turn.parts(self._rules[turn.one], self._rules[turn.other], search.samples):
            mask &= part
            if not mask.any():
                return None
        return mask

    def _confirmed(self, turn: "Turn", witness: Witness) -> bool:
        """Return whether the reference agrees, step by step."""
        search, facts = self._search, Plain(witness)
        after, again = turn.amounts(facts)
        follow, back = turn.factors
        given, taken, given_again = turn.labels(self._rules[turn.one], self._rules[turn.other])
        once = search.changed(witness, turn.mine, after, follow, given)
        twice = search.changed(witness, turn.theirs, again, back, taken)
        before = turn.was_able(facts) and search.fires(turn.other, witness)
        return (
            search.fires(turn.one, witness)
            and not before
            and search.fires(turn.other, once)
            and search.fires(turn.one, twice)
            and (
                not given_again.known
                or search.fires(turn.other, search.changed(witness, turn.mine, after, follow, given_again))
            )
        )


@dataclass(frozen=True)
class Turn:
    """One rule moves an object, the other moves it back; figures stay, or they follow."""

    one: int
    other: int
    mine: Move
    theirs: Move
    follows: bool

    @property
    def is_possible(self) -> bool:
        if self.mine.field == STATUS:
            return not self.follows or self.mine.way == "pause"
        return not self.follows or (self.mine.factor is not None and self.theirs.factor is not None)

    def touches(self, key: Any) -> bool:
        """Return whether the change touches what a bound is about."""
        if not isinstance(key, Figured):
            return self.mine.field == STATUS and key[1] == self.mine.entity and "status" in key[2]
        return key.reads(self.mine.key) or (
            self.follows and (self.mine.field == STATUS or key.scales_with(self.mine.entity))
        )

    def leaves_no_room(self, mine: Box, theirs: Box) -> bool:
        """Return whether a figure that is scaled cannot lie within the bounds of both rules, each at its turn."""
        follow, back = self.factors
        if follow is None or back is None:
            return False
        for key, bounds in mine.items():
            if isinstance(key, Figured) and isinstance(bounds, Bounds) and self._is_scaled(key):
                later = theirs.get(key, Bounds())
                both_turns = bounds.both(bounds.scaled(1 / back))
                if isinstance(later, Bounds) and both_turns.both(later.scaled(1 / follow)).is_empty:
                    return True
        return False

    def _is_scaled(self, key: Figured) -> bool:
        return isinstance(key.tree, Named) and (key.scales_with(self.mine.entity) or key.reads(self.mine.key))

    @property
    def factors(self) -> tuple[Fraction | None, Fraction | None]:
        """By what sums are scaled after the first move, and after both."""
        if not self.follows:
            return None, None
        if self.mine.field == STATUS:
            return Fraction(0), None
        first, second = self.mine.factor, self.theirs.factor
        return (first, first * second) if first is not None and second is not None else (None, None)

    def amounts(self, facts: Facts) -> tuple[Expr, Expr]:
        """Return the field after the first move, and after both; None for a status."""
        mine, theirs = self.mine, self.theirs
        if mine.field == STATUS:
            return None, None
        after = facts.once(("after", mine), lambda: mine.after(facts.number(mine.key), facts))
        return after, facts.once(("again", mine, theirs), lambda: theirs.after(after, facts))

    def labels(self, first: Rule, second: Rule) -> tuple[Labels, Labels, Labels]:
        """Return an object's labels after the first rule, after both, and after the first again."""
        given, taken = labels_of(first), labels_of(second)
        return given, given.then(taken), given.then(taken).then(given)

    def was_able(self, facts: Facts) -> Logic:
        """Return whether the second rule had anything to do before: nothing is started that was not paused."""
        return self.mine.field != STATUS or acts(self.theirs, facts)

    def parts(self, first: Rule, second: Rule, facts: Facts) -> Iterator[Logic]:
        """Yield what must hold: the first fires, the second only after it and against it, then the first again."""
        after, again = self.amounts(facts)
        follow, back = self.factors
        given, taken, given_again = self.labels(first, second)
        once = (self.mine, None, self.follows)
        moved = Changed(facts, self.mine, after, follow, given, (once, given))
        yield truth(first, facts)
        yield facts.once(("acts", self.mine), lambda: acts(self.mine, facts))
        yield truth(second, moved)
        yield no(both(truth(second, facts), self.was_able(facts)))
        yield moved.once(("acts", self.theirs), lambda: acts(self.theirs, moved))
        yield truth(
            first, Changed(facts, self.theirs, again, back, taken, (self.theirs, self.mine, self.follows, taken))
        )
        if given_again.known:
            yield truth(second, Changed(facts, self.mine, after, follow, given_again, (once, given_again)))
        if self.mine.field != STATUS:
            yield facts.once(
                ("turns", self.mine, self.theirs), lambda: _turns(facts.number(self.mine.key), after, again)
            )
            if self.follows:
                yield facts.once(("free", self.mine), lambda: is_free(self.mine, facts))
                yield moved.once(("free", self.theirs), lambda: is_free(self.theirs, moved))


def _turns(before: Expr, after: Expr, again: Expr) -> Logic:
    return ((after > before) & (again < after)) | ((after < before) & (again > after))


class Plain:
    """Facts of one made-up object, in exact fractions."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    def number(self, each: Any) -> Fraction:
        return self._witness.number(each)

    def said(self, each: Any) -> bool:
        found = self._witness.texts.get((each.entity, each.field), "ACTIVE" if each.field == STATUS else "")
        return bool(found == each.text)

    def ranked(self, place: Any) -> bool:  # noqa: ARG002
        return True

    def chance(self, leaf: str, holds: Logic) -> Logic:  # noqa: ARG002
        return holds

    def exact(self, number: Fraction) -> Fraction:
        return number

    def where(self, condition: bool, yes: Expr, no: Expr) -> Expr:
        return yes if condition else no

    def once(self, key: Hashable, build: Callable[[], Any]) -> Any:  # noqa: ARG002
        return build()


def _settled(one: Rule, mine: Move, other: Rule, theirs: Move) -> bool:
    """Return whether a pause of a higher priority goes before a raise: the authors have said so."""
    ways = {mine.way: one.priority, theirs.way: other.priority}
    return {*ways} == {"pause", "up"} and ways["pause"] > ways["up"]


def _odds(one: Move, other: Move, facts: Facts) -> Logic:
    return facts.once(("odds", one, other), lambda: at_odds(one, other, facts))


def _only_first(one: Rule, other: Rule) -> Build:
    return lambda facts: [truth(one, facts), no(truth(other, facts))]


def _name(move: Move) -> str:
    if move.field == STATUS:
        return move.way
    verb = {"up": "raise", "down": "lower", "set": "set"}[move.way]
    return f"{verb}_{'bid' if move.field == 'bid' else 'budget'}"


def _moves_budgets(action: Action) -> bool:
    if isinstance(action, Toward):
        return action.action == "budget_toward"
    return isinstance(action, Rebalance) or action.action in ("set_budget", "raise_budget", "lower_budget")


def _at_odds(one: Action, other: Action) -> bool:
    """Return whether two actions on labels, creatives or names want different things."""
    match one, other:
        case TagWith(), TagWith():
            return bool(set(one.add) & set(other.remove) or set(one.remove) & set(other.add))
        case SwapCreative(), SwapCreative():
            return one.creative_id != other.creative_id
        case (SwapCreative(), RotateCreative()) | (RotateCreative(), SwapCreative()):
            return True
        case RotateCreative(), RotateCreative():
            return one.creative_ids != other.creative_ids
        case Rename(), Rename():
            return one.name != other.name
    return False
