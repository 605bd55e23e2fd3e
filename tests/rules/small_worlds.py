"""Rule sets over a few figures that take a few values, and a judge that looks at every object there can be.

The judge knows nothing of the analysis: its own few lines say what a comparison means and what an action does, over an
array with one axis for each figure. An axis holds every value at which a comparison can turn, before or after the
steps of budgets, and one between each two: what can happen at all happens in one of the combinations. All is in whole
numbers of a unit that every step divides. `test_analysis` holds the judge's meaning against the reference.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from itertools import combinations, pairwise, permutations, product
from operator import and_, eq, ge, gt, le, lt, ne, or_
from typing import Any

import numpy as np

from aibuyer_kit.core.entities import Level
from aibuyer_kit.rules.conditions import Against, All, AnyOf, FieldLeaf, Not
from aibuyer_kit.rules.language import Rule, rule_of
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.table import Column, Table, columns_of
from aibuyer_kit.rules.windows import Rolling
from tests.rules.worlds import KNOWN_AT, NOW

WEEK, DAY = {"days": 7, "ends": "yesterday"}, {"days": 3, "ends": "yesterday"}
UNIT = 1_000_000
Fault = tuple[str, frozenset[str]]


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


def drawn_set(seed: int) -> list[Rule]:
    """Return three or four rules of one theme."""
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
    return [rule_of(content) for content in found]


# A cent of a cent, as many to a unit of money (or to one result) as leaves nothing over at any step of a budget.
PARTS = 2**8 * 3**4 * 5**4
AXES = ("spend", "spend_3", "results", "budget", "status", "name")
STATUSES = ("ACTIVE", "PAUSED")
NAMES = ("Sample", "UA", "Sale", "UA Sale", "UA Shop", "On Sale")
World = Mapping[str, Any]


def world_of(rules: Sequence[Rule]) -> World:
    """Return an axis for each figure, over every object that the rules can tell apart."""
    said = str([rule.when for rule in rules])
    steps = {factor for rule in rules if (factor := _factor(rule)) is not None}
    factors = {Fraction(1), *steps, *(one * other for one, other in product(steps, steps))}
    amounts = {Fraction(each) for rule in rules for each in _bounds(rule)}
    amounts |= {Fraction(40), Fraction(50), Fraction(60), Fraction(80)} if "daily_budget" in said else {Fraction(50)}
    spends = {Fraction(each) for each in range(5)}
    if "2 * results" in said or "cpa" in said:
        spends |= {Fraction(each) for each in range(5, 9)}
    if "spend / daily_budget" in said:
        amounts |= {each / times for each in spends for times in (1, 2) if each}
        spends |= {times * amount for amount in amounts for times in (1, 2)}
    values = {
        "spend": _around(spends, factors) if "spend" in said or "cpa" in said else [0],
        "spend_3": _around({Fraction(each) for each in range(5)}, factors) if "days=3" in said else [0],
        "results": [each * PARTS for each in range(14)] if "results" in said or "cpa" in said else [0],
        "budget": _around(amounts, factors)[1:],
    }
    world: dict[str, Any] = {name: _along(name, np.array(each, dtype=np.int64)) for name, each in values.items()}
    world["status"] = _along("status", np.array(STATUSES))
    world["name"] = _along("name", np.array(NAMES if "name" in said else NAMES[:1]))
    return world


def _along(axis: str, values: Any) -> Any:
    return values.reshape([-1 if each == axis else 1 for each in AXES])


def _around(values: set[Fraction], factors: set[Fraction]) -> list[int]:
    """Return 0, each value before every step, one between each two, and two above all."""
    turns = sorted({0, *(each / factor for each in values for factor in factors)})
    between = [(one + other) / 2 for one, other in pairwise(turns)]
    return sorted(int(each * PARTS) for each in (*turns, *between, turns[-1] * 2 + 1, turns[-1] * 5 + 2))


def _bounds(rule: Rule) -> Iterator[Any]:
    for name in ("amount", "cap", "floor"):
        if (found := getattr(rule.then[0], name, None)) is not None:
            yield found


def _factor(rule: Rule) -> Fraction | None:
    """Return by what a rule multiplies a budget."""
    action: Any = rule.then[0]
    way = {"raise_budget": 1, "lower_budget": -1}.get(action.action)
    return None if way is None else 1 + way * Fraction(action.percent) / 100


def fires(rule: Rule, world: World) -> Any:
    """Return on which objects of a world a rule fires."""
    return in_scope(rule, world) & _truth(rule.when, world)[0]


def in_scope(rule: Rule, world: World) -> Any:
    return np.isin(world["status"], rule.scope.status or ())


def _truth(condition: Any, world: World) -> tuple[Any, Any]:
    """Return where a condition is true, and where it is false."""
    match condition:
        case All(all=parts):
            pairs = [_truth(part, world) for part in parts]
            return reduce(and_, [yes for yes, _ in pairs]), reduce(or_, [no for _, no in pairs])
        case AnyOf(any=parts):
            pairs = [_truth(part, world) for part in parts]
            return reduce(or_, [yes for yes, _ in pairs]), reduce(and_, [no for _, no in pairs])
        case Not(not_=part):
            return _truth(part, world)[::-1]
        case FieldLeaf(field=field, op=op, value=text):
            texts = world[field]
            found = texts == text if op in ("=", "!=") else np.char.find(texts, text) >= 0
            return (~found, found) if op in ("!=", "not contains") else (found, ~found)
    top, bottom = _figure(condition.expr, condition.window, world)
    known = True if bottom is None else bottom > 0
    holds = _holds(condition, top, PARTS if bottom is None else bottom, world)
    return known & holds, known & ~holds


def _figure(expr: str, window: Any, world: World) -> tuple[Any, Any]:
    """Return a figure, or the two that it is a quotient of."""
    spend = world["spend_3" if window is not None and window.days == 3 else "spend"]
    return {
        "spend": (spend, None),
        "results": (world["results"], None),
        "2 * results": (2 * world["results"], None),
        "daily_budget": (world["budget"], None),
        "cpa": (spend, world["results"]),
        "spend / daily_budget": (spend, world["budget"]),
    }[expr]


def _holds(leaf: Any, top: Any, bottom: Any, world: World) -> Any:
    if isinstance(leaf.value, tuple):
        low, high = (int(each) * bottom for each in leaf.value)
        inside = (top >= low) & (top <= high)
        return inside if leaf.op == "in range" else ~inside
    if isinstance(leaf.value, Against):
        other, _ = _figure(leaf.value.expr, leaf.value.window or leaf.window, world)
    else:
        other = int(leaf.value) * bottom
    return _ORDERS[leaf.op](top, other)


_ORDERS = {">": gt, ">=": ge, "<": lt, "<=": le, "=": eq, "!=": ne}


def done(rule: Rule, world: World) -> tuple[str, Any, Any]:
    """Return which axis a rule changes, what it makes of it, and where that is another value."""
    action: Any = rule.then[0]
    if action.action in ("pause", "start"):
        after: Any = "PAUSED" if action.action == "pause" else "ACTIVE"
        return "status", after, world["status"] != after
    before = world["budget"]
    if action.action == "set_budget":
        after = int(action.amount) * PARTS + 0 * before
    elif action.action == "raise_budget":
        after = np.maximum(before, np.minimum(_scaled(before, _factor(rule)), _or(action.cap, _FAR)))
    else:
        after = np.minimum(before, np.maximum(_scaled(before, _factor(rule)), _or(action.floor, 0)))
    return "budget", after, after != before


_FAR = 10**7


def _or(bound: Any, otherwise: int) -> int:
    return PARTS * (otherwise if bound is None else int(bound))


def _scaled(values: Any, factor: Any) -> Any:
    return values * factor.numerator // factor.denominator


class Judge:
    """What is wrong with a set, by looking at all there can be."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self.world = world_of(rules)
        self._can_be = self.world["spend_3"] <= self.world["spend"]

    def faults(self) -> Iterator[Fault]:
        for rule in self.rules:
            yield from self._of_one(rule)
        for one, other in combinations(self.rules, 2):
            yield from self._of_two(one, other)

    def _of_one(self, rule: Rule) -> Iterator[Fault]:
        mine, fired = frozenset({rule.id}), self._can_be & fires(rule, self.world)
        if not fired.any():
            yield "never", mine
        elif not (self._can_be & in_scope(rule, self.world) & ~fired).any():
            yield "always", mine
        if self._compounds(rule, fired):
            yield "compounding", mine

    def _compounds(self, rule: Rule, fired: Any) -> bool:
        """Return whether a step without a bound goes on, for as long as anyone would look."""
        action: Any = rule.then[0]
        bound = {"raise_budget": "cap", "lower_budget": "floor"}.get(action.action)
        factor = _factor(rule)
        if bound is None or factor is None or getattr(action, bound) is not None:
            return False
        going = fired & (self.world["budget"] > PARTS // 10)
        for times in (*range(1, 9), 30, 60):
            moved = {**self.world, "budget": self.world["budget"] * float(factor) ** times}
            going = going & fires(rule, moved)
        return bool(going.any())

    def _of_two(self, one: Rule, other: Rule) -> Iterator[Fault]:
        mine = frozenset({one.id, other.id})
        first, second = (self._can_be & fires(rule, self.world) for rule in (one, other))
        if (first & second & self._contradict(one, other)).any():
            yield "contradiction", mine
        if any(self._undoes(*pair, follows) for pair in permutations((one, other)) for follows in (False, True)):
            yield "oscillation", mine
        for narrow, wide, less, more in ((one, other, first, second), (other, one, second, first)):
            if narrow.then == wide.then and less.any() and not (less & ~more).any():
                yield "subsumed", mine
                break

    def _contradict(self, one: Rule, other: Rule) -> Any:
        kinds = {one.then[0].action: one.priority, other.then[0].action: other.priority}
        if {*kinds} == {"pause", "start"}:
            return np.True_
        if {*kinds} == {"pause", "raise_budget"}:
            return np.bool_(kinds["pause"] <= kinds["raise_budget"])
        if {*kinds} & {"pause", "start"}:
            return np.False_
        if {*kinds} == {"set_budget"}:
            return np.bool_(one.then[0].amount != other.then[0].amount)  # type: ignore[union-attr]
        before, first, second = self.world["budget"], done(one, self.world)[1], done(other, self.world)[1]
        return ((first > before) & (second < before)) | ((first < before) & (second > before))

    def _undoes(self, one: Rule, other: Rule, follows: bool) -> bool:
        """Return whether the second rule, idle before, takes back what the first did, which then does it again."""
        world = self.world
        axis, after, acts = done(one, world)
        if done(other, world)[0] != axis or (follows and not _follows(one, other)):
            return False
        # What is paused comes to nothing.
        moved = _carried(world, axis, after, (_factor(one) or Fraction(0)) if follows else None)
        _, taken, acts_too = done(other, moved)
        idle = ~fires(other, world)
        if axis == "status":
            if after == taken:
                return False
            idle, back = idle | ~done(other, world)[2], world
            free: Any = np.True_
        else:
            back = _carried(moved, axis, taken, _factor(other) if follows else None)
            free = (after > world["budget"]) != (taken > after)
            if follows:
                free = free & (after == _scaled(world["budget"], _factor(one)))
                free = free & (taken == _scaled(after, _factor(other)))
        begun = self._can_be & fires(one, world) & acts
        return bool((begun & idle & free & fires(other, moved) & acts_too & fires(one, back)).any())


def _follows(one: Rule, other: Rule) -> bool:
    """Return whether figures follow: what is paused has none, and steps by percent move them in proportion."""
    return one.then[0].action == "pause" or (_factor(one) is not None and _factor(other) is not None)


def _carried(world: World, axis: str, after: Any, factor: Fraction | None) -> World:
    found = {**world, axis: np.array(after)}
    sums = ("spend", "spend_3", "results")
    if factor is not None:
        found |= {name: _scaled(world[name], factor) for name in sums}
    return found


def sampled(world: World, count: int, draw: random.Random) -> list[World]:
    """Return some of the objects of a world, each with one value on every axis."""
    flat = {name: world[name].ravel() for name in AXES}
    found = [{name: _along(name, flat[name][[draw.randrange(len(flat[name]))]]) for name in AXES} for _ in range(count)]
    return [each for each in found if (each["spend_3"] <= each["spend"]).all()]


def table_of(rule: Rule, objects: Sequence[World]) -> Table:
    """Return objects as the reference sees them, money in micros."""
    subjects = [_subject(number, each) for number, each in enumerate(objects)]
    numbers = {
        column: np.array([_number(column, each) for each in objects], dtype=np.float64) for column in columns_of([rule])
    }
    return Table(Level.ADSET, NOW, KNOWN_AT, subjects, numbers)


def _number(column: Column, each: World) -> float:
    if column.name == "daily_budget":
        return float(each["budget"].item()) * UNIT / PARTS
    if column.name == "results":
        return float(each["results"].item()) / PARTS
    assert isinstance(column.window, Rolling)
    return float(each["spend" if column.window.days == 7 else "spend_3"].item()) * UNIT / PARTS


def _subject(number: int, each: World) -> Subject:
    budget = round(each["budget"].item() * UNIT / PARTS)
    name, status = each["name"].item(), each["status"].item()
    return Subject("meta", "act_1", Level.ADSET, str(number), name, "C", status, budget, 100, "1")
