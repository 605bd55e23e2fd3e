"""Where what rules ask for becomes a proposal, or is held back with the reason.

The order: figures that are still arriving; rules that disagree; what is proposed already; cooldowns; guardrails;
limits. What holds of figures as they stand only has no say in anything, unless it is proposed already. A rule in its
cooldown still takes part in a disagreement: while one rule wants an object paused, none raises its budget. Limits are
handed out by priority, the highest first, then by rule and object. The order of rules and rows makes no difference.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

from aibuyer_kit.core.changes import AMOUNTS, BY_HAND, Change
from aibuyer_kit.core.escape import for_terminal
from aibuyer_kit.guardrails.check import refusals
from aibuyer_kit.guardrails.picture import Limits
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Draft
from aibuyer_kit.rules.effects import Effect, OutgoingCall
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.trace import Trace
from aibuyer_kit.workflows.pictures import Pictures
from aibuyer_kit.workflows.rule_memory import RuleMemory

Why = Literal["nothing to do", "notify", "conflict", "open proposal", "cooldown", "maturity", "guardrail", "limit"]
Target = tuple[str, str, str, str]


@dataclass(frozen=True, eq=False)
class Match:
    """One rule that is true of one object, and what its actions make of it.

    `unripe` tells why it is not true of what its figures are expected to come to; empty where it is, or nobody knows.
    """

    rule: Rule
    subject: Subject
    trace: Trace
    effects: tuple[Effect, ...]
    unripe: str = ""

    def sentence(self, effect: Effect) -> str:
        """Return one line for a terminal."""
        return f"{self.rule.id}: {effect.sentence(self.subject)} ({for_terminal(self.subject.name)})"

    def notice(self, effect: Effect) -> str:
        """Return one line for a terminal, with what speaks against it."""
        return f"{self.sentence(effect)}{f'; {self.unripe}' if self.unripe else ''}"


@dataclass(frozen=True)
class Wish:
    """One effect of one match: what is decided on, one by one."""

    match: Match
    effect: Effect

    @property
    def rule(self) -> Rule:
        return self.match.rule

    @cached_property
    def order(self) -> tuple[object, ...]:
        """Its place where limits cut: by priority, then by rule and object."""
        return -self.rule.priority, self.rule.id, self.match.subject.key, self.match.effects.index(self.effect)

    def sentence(self) -> str:
        """Return one line for a terminal."""
        return self.match.sentence(self.effect)


@dataclass(frozen=True)
class Held:
    """What a rule would do and what is not done: why, by what in particular, and the reason in words."""

    wish: Wish
    why: Why
    by: str
    reason: str

    @property
    def match(self) -> Match:
        return self.wish.match

    def content(self) -> dict[str, str]:
        """Return it as the ledger keeps it."""
        return {"change": self.wish.sentence(), "by": self.by, "reason": self.reason}


@dataclass
class Sorted:
    """What came of all wishes: each is in a draft, held back, told, or to be called."""

    drafts: list[Draft] = field(default_factory=list)
    places: dict[Wish, int] = field(default_factory=dict)
    held: dict[Wish, Held] = field(default_factory=dict)


@dataclass(frozen=True)
class Word:
    """What a rule that is not looked at now last asked for; `is_proposed`: a proposal that was open had it already.

    Nothing comes of it now; but what goes against it is held back.
    """

    rule_id: str
    change: Change
    when: str
    is_bundled: bool = False
    is_proposed: bool = False

    @property
    def whose(self) -> str:
        return f"{self.rule_id} ({self.when})"


@dataclass
class Desk:
    """One decision's desk. `now` is the client's clock, `known_at` the platform's at the newest figures."""

    ledger: Ledger
    pictures: Pictures
    limits: Limits
    memory: RuleMemory
    now: datetime
    known_at: datetime
    words: Sequence[Word] = ()

    def sorted_out(self, matches: Sequence[Match]) -> Sorted:
        """Return the changes to propose and all that is held back."""
        self._held: dict[Wish, Held] = {}
        wishes = sorted(
            (Wish(match, effect) for match in matches for effect in match.effects), key=lambda each: each.order
        )
        changes = [(wish, what) for wish in wishes if (what := self._change_of(wish)) is not None]
        self._open, self._refused = self._open_changes(), dict[Target, list[tuple[str, str]]]()
        self._hold_unripe(changes)
        self._hold_disagreements([(wish, change) for wish, change in changes if wish not in self._held])
        return self._sorted(self._taken(changes))

    def _hold(self, wish: Wish, why: Why, by: str, reason: str) -> None:
        self._held.setdefault(wish, Held(wish, why, by, reason))

    def _change_of(self, wish: Wish) -> Change | None:
        """Return the change that a wish is for; None where it is for none, or only tells."""
        what = wish.effect.what
        if isinstance(what, str):
            self._hold(wish, "nothing to do", "rule", what)
        elif isinstance(what, Change) and wish.rule.mode == "notify":
            self._hold(wish, "notify", "mode", "the rule only tells of it")
        elif isinstance(what, Change):
            return what
        elif isinstance(what, OutgoingCall):
            self._check_call(wish)
        return None

    def _check_call(self, wish: Wish) -> None:
        """Hold a call that is not to be made now; else count it."""
        stop = self.pictures.stop
        if wish.rule.mode == "notify":
            self._hold(wish, "notify", "mode", "the rule only tells of it, and calls nobody")
        elif stop.is_on is not False:
            self._hold(wish, "guardrail", "kill switch", f"stopped: {stop.reason or 'the switch is on'}")
        elif reason := self.memory.call_cooldown(wish.rule, wish.match.subject.key):
            self._hold(wish, "cooldown", "cooldown", reason)
        elif reason := self.memory.call_limit(wish.rule):
            self._hold(wish, "limit", "limit", reason)
        else:
            self.memory.take_call(wish.rule)

    def _hold_unripe(self, changes: Sequence[tuple[Wish, Change]]) -> None:
        """Hold what is true of figures as they stand only, and the rest of its bundle.

        By what is expected it is wrong, so no other rule waits for it. What is proposed already is no new wish.
        """
        for together in _bundled(changes):
            for wish, change in together:
                if wish.match.unripe and change.target not in self._open:
                    self._hold(wish, "maturity", "maturity", wish.match.unripe)
            self._hold_the_rest(together)

    def _hold_disagreements(self, changes: Sequence[tuple[Wish, Change]]) -> None:
        """A pause goes before amounts; rules that want different values of one field are all held back.

        Who of them is right is for a person to say. A rule that is not looked at now has its last word in it.
        """
        words = self._standing_words(changes)
        by_target: dict[Target, list[tuple[Wish, Change]]] = defaultdict(list)
        for wish, change in changes:
            by_target[change.target].append((wish, change))
        pausers = {target[:3]: each.whose for target, found in words.items() for each in found if each.change.pauses}
        pausers |= {change.target[:3]: wish.rule.id for wish, change in reversed(changes) if change.pauses}
        for wish, change in changes:
            if change.field in AMOUNTS and (whose := pausers.get(change.target[:3])):
                self._hold(wish, "conflict", "rules", f"{whose} pauses it")
        for target, asked in by_target.items():
            self._hold_different(target, asked, words[target])

    def _hold_different(self, target: Target, asked: Sequence[tuple[Wish, Change]], words: Sequence[Word]) -> None:
        """Hold what is asked for of one field, if not all want the same."""
        bundles = {wish.effect.bundle for wish, _ in asked} - {""} | {each.rule_id for each in words if each.is_bundled}
        values = {change.after for _, change in asked} | {each.change.after for each in words}
        if len(values) > 1 or len(bundles) > 1:
            names = ", ".join(sorted({wish.rule.id for wish, _ in asked} | {each.whose for each in words}))
            said = "budgets" if target[3].endswith("budget") else f"values of its {target[3]}"
            for wish, _ in asked:
                self._hold(wish, "conflict", "rules", f"{names} want different {said} of it")

    def _standing_words(self, changes: Sequence[tuple[Wish, Change]]) -> dict[Target, list[Word]]:
        """Return the last words that still hold, by what they would change: it is as it was when they were said.

        What a proposal had already is as good as that proposal.
        """
        now_is: dict[Target, object] = {}
        for wish, change in changes:
            now_is[*change.target[:3], "status"] = wish.match.subject.status
            now_is[change.target] = change.before
        found: dict[Target, list[Word]] = defaultdict(list)
        for each in self.words:
            target = each.change.target
            if now_is.get(target) == each.change.before and (not each.is_proposed or target in self._open):
                found[target].append(each)
        return found

    def _taken(self, changes: Sequence[tuple[Wish, Change]]) -> dict[Target, list[tuple[Wish, Change]]]:
        """Return the wishes that go through, by what they change, the first of the order first.

        A bundle stands where its first wish stands, and goes through as a whole, or takes nothing of any limit.
        """
        found: dict[Target, list[tuple[Wish, Change]]] = {}
        for together in _bundled(changes):
            rule = together[0][0].rule
            for wish, change in together:
                self._check(wish, change)
            if not any(wish in self._held for wish, _ in together):
                by_hand = together[0][1].field in BY_HAND
                if reason := self.memory.limit(rule, len(together), by_hand=by_hand):
                    for wish, _ in together:
                        self._hold(wish, "limit", "limit", reason)
                else:
                    self.memory.take(rule, len(together), by_hand=by_hand)
                    for wish, change in together:
                        found.setdefault(change.target, []).append((wish, change))
            self._hold_the_rest(together)
        return found

    def _check(self, wish: Wish, change: Change) -> None:
        """Hold a wish that something speaks against: a proposal that is open, a cooldown, a guardrail."""
        if wish in self._held:
            return
        if number := self._open.get(change.target):
            self._hold(wish, "open proposal", "ledger", f"it is proposed already, in {number}")
        elif reason := self.memory.cooldown(wish.rule, change):
            self._hold(wish, "cooldown", "cooldown", reason)
        else:
            if change.target not in self._refused:
                self._refused[change.target] = self._refusals(change)
            if found_against := self._refused[change.target]:
                (by, reason), *more = found_against
                told = "; ".join([reason, *(f"{name}: {also}" for name, also in more)])
                self._hold(wish, "guardrail", by, told)

    def _hold_the_rest(self, together: Sequence[tuple[Wish, Change]]) -> None:
        """Where one of a bundle is held back, hold the others, too."""
        held = next((self._held[wish] for wish, _ in together if wish in self._held), None)
        if held:
            for wish, _ in together:
                self._hold(wish, held.why, held.by, f"the rest of its rebalance is held back: {held.reason}")

    def _open_changes(self) -> dict[Target, int]:
        return {
            each.change.target: plan.proposal_id
            for plan in self.ledger.unfinished(self.now)
            for each in plan.changes
            if plan.state_of(each, self.now) in ("pending", "approved", "waiting", "doubt")
        }

    def _refusals(self, change: Change) -> list[tuple[str, str]]:
        picture = self.pictures.of(change, now=self.now, current=change.before, data_known_at=self.known_at)
        return [(each.guardrail, each.reason) for each in refusals(change, picture, self.limits)]

    def _sorted(self, found: dict[Target, list[tuple[Wish, Change]]]) -> Sorted:
        """Return the drafts, what lowers spend before what raises it."""
        done = Sorted(held=self._held)
        for asked in sorted(found.values(), key=lambda each: each[0][1].raises_spend):
            done.places |= dict.fromkeys((wish for wish, _ in asked), len(done.drafts))
            done.drafts.append(_draft([wish for wish, _ in asked], asked[0][1]))
        return done


def _bundled(changes: Sequence[tuple[Wish, Change]]) -> list[list[tuple[Wish, Change]]]:
    """Return wishes by their bundle, each that belongs to none by itself, in the order of the first ones."""
    found: dict[object, list[tuple[Wish, Change]]] = {}
    for wish, change in changes:
        found.setdefault(wish.effect.bundle or wish, []).append((wish, change))
    return list(found.values())


def _draft(wishes: Sequence[Wish], change: Change) -> Draft:
    """Return the change that wishes agree on, by the first of them; what disagrees never comes here."""
    rule, match = wishes[0].rule, wishes[0].match
    also = f" (also: {', '.join(each.rule.id for each in wishes[1:])})" if wishes[1:] else ""
    return Draft(
        change,
        f"{rule.name}{also}",
        match.subject.name,
        rule.id,
        rule.revision,
        match.trace.content(),
        bundle=next((each.effect.bundle for each in wishes if each.effect.bundle), ""),
    )
