"""Rule sets over a few figures that take a few values, and a judge that looks at every object there can be.

The judge knows nothing of the analysis: it evaluates rules with the reference over all combinations of figures, and
carries their changes out with `effects.proposed`. Money is in steps that are finer than all thresholds and their
products with the steps of budgets, so that what can happen at all happens in one of the combinations.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations, product
from typing import Any

import numpy as np

from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.entities import Level
from aibuyer_kit.rules.conditions import FieldLeaf
from aibuyer_kit.rules.effects import proposed
from aibuyer_kit.rules.evaluate import verdicts
from aibuyer_kit.rules.language import Rule, rule_of
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.table import Column, Table, columns_of
from aibuyer_kit.rules.windows import Rolling
from tests.rules.worlds import KNOWN_AT, NOW

WEEK, DAY = {"days": 7, "ends": "yesterday"}, {"days": 3, "ends": "yesterday"}
UNIT = 1_000_000
Fault = tuple[str, frozenset[str]]


@dataclass(frozen=True)
class State:
    """One object: sums of seven and three days (money in micros), its budget in units, status and name."""

    spend: float = 0
    spend_3: float = 0
    results: float = 0
    budget: float = 50
    status: str = "ACTIVE"
    name: str = "Sample"


def _comparison(draw: random.Random, theme: str) -> dict[str, Any]:  # noqa: C901 # one case each
    order = draw.choice((">", ">=", "<", "<="))
    choices = {
        "figures": ("spend", "spend", "results", "cpa", "cost", "name", "status", "range"),
        "windows": ("spend", "spend_3", "spend_3", "spend", "name", "against"),
        "budgets": ("budget", "budget", "budget", "spend", "rate"),
    }
    match draw.choice(choices[theme]):
        case "spend":
            return {"expr": "spend", "window": WEEK, "op": order, "value": draw.randint(0, 4)}
        case "spend_3":
            return {"expr": "spend", "window": DAY, "op": order, "value": draw.randint(0, 4)}
        case "results":
            return {
                "expr": "results",
                "window": WEEK,
                "op": draw.choice((order, "=", "!=")),
                "value": draw.randint(0, 3),
            }
        case "cpa":
            return {"expr": "cpa", "window": WEEK, "op": order, "value": draw.choice((1, 2))}
        case "cost":
            return {"expr": f"spend {order} 2 * results", "window": WEEK}
        case "range":
            op = draw.choice(("in range", "not in range"))
            return {"expr": "spend", "window": WEEK, "op": op, "value": [draw.randint(0, 2), draw.randint(2, 4)]}
        case "against":
            return {"expr": "spend", "window": DAY, "op": order, "value": {"expr": "spend", "window": WEEK}}
        case "name":
            op = draw.choice(("contains", "not contains", "=", "!="))
            return {"field": "name", "op": op, "value": draw.choice(("UA", "Sale"))}
        case "status":
            return {"field": "status", "op": draw.choice(("=", "!=")), "value": draw.choice(("ACTIVE", "PAUSED"))}
        case "rate":
            return {"expr": "spend / daily_budget", "window": WEEK, "op": order, "value": draw.choice((1, 2))}
        case _:
            return {"expr": "daily_budget", "op": order, "value": draw.choice((40, 50, 60, 80))}


def _condition(draw: random.Random, theme: str, depth: int = 2) -> dict[str, Any]:
    kind = draw.choice(("leaf", "leaf", "all", "all", "any", "not")) if depth else "leaf"
    if kind == "leaf":
        return _comparison(draw, theme)
    if kind == "not":
        return {"not": _condition(draw, theme, depth - 1)}
    return {kind: [_condition(draw, theme, depth - 1) for _ in range(draw.randint(2, 3))]}


def _action(draw: random.Random, theme: str) -> dict[str, Any]:
    kinds = (
        ("raise", "lower", "set", "raise", "lower")
        if theme == "budgets"
        else ("pause", "start", "raise", "lower", "set")
    )
    match draw.choice(kinds):
        case "raise":
            cap = {"cap": draw.choice((60, 90))} if draw.random() < 0.5 else {}
            return {"action": "raise_budget", "percent": draw.choice((20, 50)), **cap}
        case "lower":
            floor = {"floor": draw.choice((30, 45))} if draw.random() < 0.5 else {}
            return {"action": "lower_budget", "percent": draw.choice((20, 50)), **floor}
        case "set":
            return {"action": "set_budget", "amount": draw.choice((40, 70))}
        case kind:
            return {"action": kind}


def drawn_set(seed: int) -> tuple[str, list[Rule]]:
    """Return a theme, and three or four rules of it."""
    draw = random.Random(seed)  # noqa: S311 # a sample
    theme = draw.choice(("figures", "figures", "windows", "budgets"))
    scopes = ({"status": ["ACTIVE"]}, {"status": ["PAUSED"]}, {"status": ["ACTIVE", "PAUSED"]})
    found: list[dict[str, Any]] = []
    for number in range(draw.randint(3, 4)):
        content = {
            "id": f"rule-{number}",
            "name": "Sample",
            "level": "adset",
            "scope": draw.choice(scopes if theme != "budgets" else scopes[:1]),
            "when": _condition(draw, theme),
            "then": [_action(draw, theme)],
        }
        if found and draw.random() < 0.25:
            content |= {name: found[-1][name] for name in ("then", "scope")}
        found.append(content)
    return theme, [rule_of(content) for content in found]


def states(theme: str, rules: Sequence[Rule]) -> list[State]:
    """Return every object of a theme, as far as the rules can tell them apart."""
    said = str([rule.when for rule in rules])
    statuses = ("ACTIVE", "PAUSED")
    names = ("Sample", "UA", "Sale", "UA Sale") if "name" in said else ("Sample",)
    counts = range(5) if "results" in said or "cpa" in said else (0,)
    tenth = [step * UNIT // 10 for step in (*range(62), 65, 70, 75, 80, 85, 90, 120)]
    if theme == "budgets":
        if "spend" not in said:
            return [State(budget=amount) for amount in (*range(5, 150), 200, 10_000)]
        spends = [step * UNIT // 10 for step in (*range(52), 300, 390, 450, 550, 700, 900, 1300, 100_000)]
        amounts = [0.4, 0.5, 0.7, *range(1, 10), *range(10, 150, 1 if "daily_budget" in said else 10), 200, 10_000]
        return [State(spend=spend, budget=amount) for spend, amount in product(spends, amounts)]
    if theme == "windows":
        half = [step * UNIT // 2 for step in range(10)]
        return [
            State(spend=spend, spend_3=less, status=status, name=name)
            for spend, less, status, name in product(half, half, statuses, names)
            if less <= spend
        ]
    return [
        State(spend=spend, results=results, status=status, name=name)
        for spend, results, status, name in product(tenth, counts, statuses, names)
    ]


class Judge:
    """What is wrong with a set, by looking at all there can be."""

    def __init__(self, theme: str, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self.all = states(theme, rules)
        self._reads = {rule.id: (columns_of([rule]), _reads_names(rule)) for rule in rules}
        self._fired: dict[str, dict[tuple[Any, ...], bool]] = {}

    def fires(self, rule: Rule, objects: Sequence[State]) -> Any:
        """Return on which objects a rule fires; those that are alike in what it reads are looked at once."""
        seen = self._fired.setdefault(rule.id, {})
        columns, named = self._reads[rule.id]
        keys = [
            (*(_number(column, each) for column in columns), each.status, each.name if named else "")
            for each in objects
        ]
        new = {key: each for key, each in zip(keys, objects, strict=True) if key not in seen}
        seen |= zip(new, _fires(rule, list(new.values())), strict=True)
        return np.array([seen[key] for key in keys], dtype=bool)

    def faults(self) -> Iterator[Fault]:
        for rule in self.rules:
            yield from self._of_one(rule)
        for one, other in combinations(self.rules, 2):
            yield from self._of_two(one, other)

    def _of_one(self, rule: Rule) -> Iterator[Fault]:
        mine, fired = frozenset({rule.id}), self.fires(rule, self.all)
        scope = np.array([each.status in (rule.scope.status or ()) for each in self.all])
        if not fired.any():
            yield "never", mine
        elif fired[scope].all():
            yield "always", mine
        if fired.any() and self._compounds(rule, fired):
            yield "compounding", mine

    def _compounds(self, rule: Rule, fired: Any) -> bool:
        action = rule.then[0]
        up, down = action.action == "raise_budget", action.action == "lower_budget"
        if not (up and action.cap is None) and not (down and action.floor is None):  # type: ignore[union-attr]
            return False
        going = [each for each, is_so in zip(self.all, fired, strict=True) if is_so]
        factor = 1 + float(action.percent) / 100 * (1 if up else -1)  # type: ignore[union-attr, arg-type]
        for times in (*range(1, 9), 30, 60):
            # Followed in fractions of a unit, so that rounding to cents does not end it.
            moved = [replace(each, budget=each.budget * factor**times) for each in going]  # type: ignore[arg-type]
            held = self.fires(rule, moved)
            going = [each for each, is_so in zip(going, held, strict=True) if is_so]
            if not going:
                return False
        return True

    def _of_two(self, one: Rule, other: Rule) -> Iterator[Fault]:
        mine, first, second = frozenset({one.id, other.id}), self.fires(one, self.all), self.fires(other, self.all)
        together = [each for each, is_so in zip(self.all, first & second, strict=True) if is_so]
        if together and any(_contradict(one, other, each) for each in together):
            yield "contradiction", mine
        if any(self._undoes(*pair) for pair in permutations((one, other))):
            yield "oscillation", mine
        for narrow, wide, less, more in ((one, other, first, second), (other, one, second, first)):
            if narrow.then == wide.then and less.any() and not (less & ~more).any():
                yield "subsumed", mine
                break

    def _undoes(self, one: Rule, other: Rule) -> bool:
        """Return whether the second rule, idle before, takes back what the first did, which then does it again."""
        fired = self.fires(one, self.all)
        switches = one.then[0].action in ("pause", "start")
        begun = [(each, _done(one, each)) for each, is_so in zip(self.all, fired, strict=True) if is_so]
        for follows in (False, True):
            found = [(each, after) for each, after in begun if after is not None]
            moved = [_carried(each, after, one, follows) for each, after in found]
            if not moved:
                continue
            before, later = self.fires(other, [each for each, _ in found]), self.fires(other, moved)
            back = []
            for (each, after), now, idle, fires in zip(found, moved, before, later, strict=True):
                taken = (
                    _done(other, now)
                    if fires and not (idle and not (switches and _done(other, each) is None))
                    else None
                )
                if (
                    taken is not None
                    and _opposite(each, after, taken)
                    and (not follows or _free(one, other, each, now))
                ):
                    back.append(each if switches else _carried(now, taken, other, follows))
            if back and self.fires(one, back).any():
                return True
        return False


def _reads_names(rule: Rule) -> bool:
    return any(isinstance(leaf, FieldLeaf) and leaf.field == "name" for leaf in rule.leaves())


def _fires(rule: Rule, objects: Sequence[State]) -> Any:
    if not objects:
        return np.zeros(0, dtype=bool)
    table = table_of(columns_of([rule]), objects)
    return np.array([verdict is True for verdict in verdicts(rule, table)])


def table_of(columns: Sequence[Column], objects: Sequence[State]) -> Table:
    subjects = [_subject(number, each) for number, each in enumerate(objects)]
    numbers = {column: np.array([_number(column, each) for each in objects], dtype=np.float64) for column in columns}
    return Table(Level.ADSET, NOW, KNOWN_AT, subjects, numbers)


def _number(column: Column, each: State) -> float:
    if column.name == "daily_budget":
        return each.budget * UNIT
    assert isinstance(column.window, Rolling)
    return {"results": each.results, "spend": each.spend if column.window.days == 7 else each.spend_3}[column.name]


def _subject(number: int, each: State) -> Subject:
    budget = round(each.budget * UNIT)
    return Subject("meta", "act_1", Level.ADSET, str(number), each.name, "C", each.status, budget, 100, "1")


def _done(rule: Rule, each: State) -> str | float | None:
    """Return what a rule makes of the field that it changes; None where it changes nothing."""
    found = proposed(rule.then[0], _subject(0, each))
    if not isinstance(found, Change):
        return None
    return found.after if isinstance(found.after, str) else found.after / UNIT


def _carried(each: State, after: str | float | None, rule: Rule, follows: bool) -> State:
    if isinstance(after, str):
        drained: Mapping[str, float] = {"spend": 0, "spend_3": 0, "results": 0} if follows and after == "PAUSED" else {}
        return replace(each, status=after, **drained)  # type: ignore[arg-type]
    assert after is not None
    times = after / each.budget if follows else 1
    return replace(
        each,
        budget=after,
        spend=each.spend * times,
        spend_3=each.spend_3 * times,
        results=each.results * times,  # type: ignore[arg-type]
    )


def _opposite(each: State, after: str | float, taken: str | float) -> bool:
    if isinstance(after, str) or isinstance(taken, str):
        return isinstance(after, str) and isinstance(taken, str) and after != taken
    return (after > each.budget) != (taken > after)


def _free(one: Rule, other: Rule, each: State, now: State) -> bool:
    """Return whether both steps are the whole percentages that were asked for: figures follow only those."""
    if one.then[0].action in ("pause", "start"):
        return one.then[0].action == "pause"
    return _whole_step(one, each) and _whole_step(other, now)


def _whole_step(rule: Rule, each: State) -> bool:
    action: Any = rule.then[0]
    if action.action not in ("raise_budget", "lower_budget"):
        return False
    wanted = each.budget * (1 + float(action.percent) / 100 * (1 if action.action == "raise_budget" else -1))
    bounds = (action.cap is None or wanted <= action.cap, action.floor is None or wanted >= action.floor)
    return all(bounds)


def _contradict(one: Rule, other: Rule, each: State) -> bool:
    kinds = {one.then[0].action, other.then[0].action}
    if kinds in ({"pause", "start"}, {"pause", "raise_budget"}):
        return True
    if kinds & {"pause", "start"}:
        return False
    if kinds == {"set_budget"}:
        return one.then[0].amount != other.then[0].amount  # type: ignore[union-attr]
    first, second = _done(one, each), _done(other, each)
    if first is None or second is None or isinstance(first, str) or isinstance(second, str):
        return False
    return (first > each.budget) != (second > each.budget)
