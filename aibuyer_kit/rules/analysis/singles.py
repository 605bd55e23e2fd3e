"""Faults of one rule: never or always true, beyond what data showed, growing without a bound, judging too early."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import numpy as np

from aibuyer_kit.core.metrics import arrives_late
from aibuyer_kit.features.maturity import MaturityPoint
from aibuyer_kit.rules.analysis.boxes import OPPOSITE
from aibuyer_kit.rules.analysis.findings import Example, Finding, Kind
from aibuyer_kit.rules.analysis.meaning import Expr, Facts, Logic, Meaning, both, no
from aibuyer_kit.rules.analysis.moves import Changed, Move, moves_of
from aibuyer_kit.rules.analysis.pairs import Plain
from aibuyer_kit.rules.analysis.ranges import Reached
from aibuyer_kit.rules.analysis.rising import signed
from aibuyer_kit.rules.analysis.search import OPEN, Open, Search, filled, truth
from aibuyer_kit.rules.analysis.space import Sum, ages_of, entity_of
from aibuyer_kit.rules.analysis.witness import Witness
from aibuyer_kit.rules.conditions import Against, FieldLeaf, Leaf, Ranked, Target, told
from aibuyer_kit.rules.expression import names, parse_expression
from aibuyer_kit.rules.fields import NUMBERS
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.windows import Lifetime, Window

# Below this share of a window's results, a comparison judges by what has yet to arrive.
ENOUGH_ARRIVED = 0.75
# So far an amount is followed: up beyond every threshold that a person would write, down to a few micros.
_FAR, _NEAR = Fraction(10**9), Fraction(1, 10**5)
_USUAL_MOST = Fraction(10**7)
_ROWS = 512


class Singles:
    """What is wrong with single rules of a set."""

    def __init__(self, search: Search) -> None:
        self._search = search

    def _told(self, kind: Kind, found: Witness | Open | None, place: int, **about: str) -> Iterator[Finding]:
        rule = self._search.rules[place]
        if found == OPEN:
            yield Finding("undecided", (rule.id,), about={"open": kind})
        elif isinstance(found, Witness):
            yield Finding(kind, (rule.id,), Example((rule,), found), about)

    def never(self) -> Iterator[Finding]:
        """Yield rules whose scope and condition no figures can meet."""
        for place, is_proven in self._search.dead.items():
            if is_proven:
                yield Finding("never", (self._search.rules[place].id,))
            else:
                yield from self._told("never", OPEN, place)

    def always(self) -> Iterator[Finding]:
        """Yield rules that fire on every object of their scope whose figures are known."""
        for place, rule in enumerate(self._search.rules):
            search = self._search
            scope = filled(Meaning(rule, search.samples).in_scope(), len(search.samples))
            if (scope & ~search.fired[place]).any():
                continue
            verdict = search.none(lambda facts, rule=rule: list(_not_there(rule, facts)))  # type: ignore[misc]
            if verdict == "yes":
                yield from self._told("always", search.firing(place), place)
            elif verdict == "open":
                yield from self._told("always", OPEN, place)

    def compounding(self) -> Iterator[Finding]:
        """Yield rules that raise by percent without a cap, or lower without a floor, and go on however far it went."""
        for place, rule in enumerate(self._search.rules):
            for move in moves_of(rule):
                if (move.way == "up" and move.cap is None and move.percent is not None) or (
                    move.way == "down" and move.floor is None
                ):
                    field = "bid" if move.field == "bid" else "budget"
                    found = self._goes_on(place, rule, move)
                    bound = "cap" if move.way == "up" else "floor"
                    action = f"{'raise' if move.way == 'up' else 'lower'}_{field}"
                    yield from self._told("compounding", found, place, action=action, bound=bound)

    def _goes_on(self, place: int, rule: Rule, move: Move) -> Witness | Open | None:
        search = self._search

        def parts(facts: Facts) -> Iterator[Logic]:
            before = facts.number(move.key)
            once = move.unbounded(before, facts)
            yield truth(rule, facts)
            yield before <= facts.exact(_USUAL_MOST)
            yield before >= facts.exact(Fraction(1, 10))
            yield once > facts.exact(Fraction(0))
            yield truth(rule, Changed(facts, move, once))
            yield truth(rule, Changed(facts, move, _far(move, before, facts)))

        def bounded(facts: Facts) -> list[Logic]:
            found = list(parts(facts))
            return [*found, *_within(facts)]

        def check(witness: Witness) -> bool:
            plain = Plain(witness)
            before = plain.number(move.key)
            later = (before, move.unbounded(before, plain), _far(move, before, plain))
            small = all(number <= _USUAL_MOST for number in witness.numbers.values())
            return small and all(search.fires(place, search.changed(witness, move, amount, None)) for amount in later)

        rows = np.flatnonzero(search.fired[place])[:_ROWS]
        mask = np.zeros(search.fired.shape[1], dtype=bool)
        if len(rows):
            mask[rows[filled(both(*parts(search.samples.only(rows))), len(rows))]] = True
        return search.find(mask, bounded, check, search.is_certain[place])

    def no_results(self) -> Iterator[Finding]:
        """Yield rules that ask for a high cost per result, and say nothing of what brings none at all."""
        for place, rule in enumerate(self._search.rules):
            leaf = _cost_alone(rule)
            if leaf is None or leaf.window is None:
                continue
            results = Sum(entity_of(rule.level, leaf.of), "results", leaf.window, leaf.matured)
            spend = Sum(results.entity, "spend", leaf.window)
            wasted = (self._search.samples.number(results) == 0) & (self._search.samples.number(spend) > 0)
            if any((self._search.fired[other] & wasted).any() for other in self._helpers(place)):
                continue
            none = lambda facts, rule=rule, results=results: [  # noqa: E731
                truth(rule, facts), facts.number(results) == facts.exact(Fraction(0))
            ]  # fmt: skip
            verdict = self._search.none(none)
            scope = filled(Meaning(rule, self._search.samples).in_scope(), len(self._search.samples))
            rows = np.flatnonzero(wasted & scope)
            if verdict == "yes" and len(rows):
                limit = told(leaf.value)
                yield from self._told(
                    "no_results", self._search.witness(int(rows[0])), place, leaf=str(leaf), limit=limit
                )
            elif verdict == "open":
                yield from self._told("no_results", OPEN, place)

    def _helpers(self, place: int) -> list[int]:
        """Return the rule itself and those that do the same, or pause, on objects of its level."""
        rule = self._search.rules[place]
        mine = {action.action for action in rule.then} | {"pause"}
        return [
            other
            for other, each in enumerate(self._search.rules)
            if each.level == rule.level and (other == place or mine & {action.action for action in each.then})
        ]


def _not_there(rule: Rule, facts: Facts) -> Iterator[Logic]:
    meaning = Meaning(rule, facts)
    yield meaning.in_scope()
    yield no(meaning.truth(rule.when)[0])


def _far(move: Move, before: Expr, facts: Facts) -> Expr:
    if move.way == "up":
        return facts.exact(_FAR) * before
    return facts.exact(_NEAR)


def _within(facts: Facts) -> Iterator[Logic]:
    """Yield that no sum is beyond what is usual, so that a threshold which grows with a budget is met at last."""
    for each in list(getattr(facts, "asked", ())):
        yield facts.number(each) <= facts.exact(_USUAL_MOST)


def immature(rules: Sequence[Rule], delays: Sequence[MaturityPoint]) -> Iterator[Finding]:
    """Yield comparisons of results, not matured, over windows of which too little is expected to have arrived."""
    known = [point.share_known for point in sorted(delays, key=lambda each: each.age_days)]
    for rule in rules:
        told_of: set[str] = set()
        for leaf in rule.leaves():
            for expr, window, matured in _sides(leaf):
                share = None if window is None or matured or not _is_late(expr, rule) else arrived(window, known)
                if share is not None and share < ENOUGH_ARRIVED and str(leaf) not in told_of:
                    told_of.add(str(leaf))
                    yield Finding("immature", (rule.id,), about={"leaf": str(leaf), "share": f"{share:.0%}"})


def _sides(leaf: Leaf | FieldLeaf) -> Iterator[tuple[str, Window | None, bool]]:
    if isinstance(leaf, Leaf) and not _is_like_for_like(leaf):
        yield leaf.expr, leaf.window, leaf.matured
        if isinstance(leaf.value, Against):
            yield leaf.value.expr, leaf.value.window or leaf.window, leaf.value.matured


def _is_like_for_like(leaf: Leaf) -> bool:
    """Return whether the same formula is compared over the same window: as much is missing on either side."""
    other = leaf.value
    if not isinstance(other, Against):
        return False
    return other.expr == leaf.expr and other.window in (None, leaf.window) and other.matured == leaf.matured


def _is_late(expr: str, rule: Rule) -> bool:
    return any(name not in NUMBERS and arrives_late(name) for name in names(parse_expression(expr, rule.metrics)))


def arrived(window: Window, shares: Sequence[float | None]) -> float | None:
    """Return which share of a window's results is known on average, days spending alike; None where it is not known.

    `shares` are by age in days from 0; after the last one everything has arrived.
    """
    if isinstance(window, Lifetime):
        return None
    spans = ages_of(window)
    by_span = [_mean_share(newest, oldest, shares) for newest, oldest in set(spans)]
    known = [share for share in by_span if share is not None]
    return sum(known) / len(known) if known and len(known) == len(by_span) else None


def _mean_share(newest: int, oldest: int, shares: Sequence[float | None]) -> float | None:
    known = [shares[age] if age < len(shares) else 1.0 for age in range(newest, oldest + 1)]
    told_of = [share for share in known if share is not None]
    return sum(told_of) / len(told_of) if len(told_of) == len(known) else None


def unreached(rules: Sequence[Rule], ranges: Iterable[Reached]) -> Iterator[Finding]:
    """Yield comparisons with thresholds beyond all that this client's data ever showed."""
    seen = {(each.level, each.expr, each.window, each.matured): each for each in ranges}
    for rule in rules:
        for leaf, is_true in signed(rule.when):
            if not isinstance(leaf, Leaf) or leaf.min_probability is not None:
                continue
            fields_only = all(name in NUMBERS for name in names(parse_expression(leaf.expr, rule.metrics)))
            window = None if fields_only else leaf.window
            found = seen.get((entity_of(rule.level, leaf.of), leaf.expr, window, leaf.matured))
            if found is not None and _is_beyond(leaf, found, is_true):
                about = {"leaf": str(leaf), "lowest": f"{found.lowest:,.6g}", "highest": f"{found.highest:,.6g}"}
                yield Finding("unreached", (rule.id,), about=about)


def _is_beyond(leaf: Leaf, seen: Reached, is_true: bool) -> bool:
    """Return whether no value from the lowest to the highest makes a comparison come out as the rule needs it."""
    if isinstance(leaf.value, Against | Target | Ranked):
        return False
    values = [float(each) for each in (leaf.value if isinstance(leaf.value, tuple) else (leaf.value,))]
    low, high = min(values), max(values)
    if leaf.op in ("=", "<=") and low == high == 0:
        # Nothing at all: a guard waits for what has not happened yet.
        return False
    some = {
        ">": seen.highest > low,
        ">=": seen.highest >= low,
        "<": seen.lowest < low,
        "<=": seen.lowest <= low,
        "=": seen.lowest <= low <= seen.highest,
        "!=": not seen.lowest == seen.highest == low,
        "in": any(seen.lowest <= each <= seen.highest for each in values),
        "not in": not (seen.lowest == seen.highest and seen.lowest in values),
        "in range": seen.lowest <= high and low <= seen.highest,
        "not in range": seen.lowest < low or seen.highest > high,
    }
    return not some[leaf.op if is_true else OPPOSITE[leaf.op]]


def _cost_alone(rule: Rule) -> Leaf | None:
    """Return the comparison that asks for a high cost per result, if results are named in no other one."""
    found = None
    for leaf, is_true in signed(rule.when):
        if not isinstance(leaf, Leaf):
            continue
        named = set(names(parse_expression(leaf.expr, rule.metrics)))
        if "results" in named:
            return None
        if leaf.expr == "cpa" and (leaf.op in (">", ">=") if is_true else leaf.op in ("<", "<=")):
            found = found or (None if isinstance(leaf.value, Ranked) else leaf)
    return found
