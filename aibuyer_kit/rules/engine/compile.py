"""From rules to steps: every figure, every verdict and every threshold once over all rules."""

import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np

from aibuyer_kit.core.metrics import METRICS, Measure, multipliers
from aibuyer_kit.rules.conditions import Against, All, AnyOf, Condition, FieldLeaf, Leaf, Not, Of, Ranked, Target
from aibuyer_kit.rules.engine import kernels as do
from aibuyer_kit.rules.engine.code import Chance, Code, Fixed, Goal, Ranking, Value, whole_columns
from aibuyer_kit.rules.expression import Computed, Figure, Named, Tree, constant, parse_expression
from aibuyer_kit.rules.fields import NUMBERS
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.scope import Scope
from aibuyer_kit.rules.table import Column, chance_columns, name_columns
from aibuyer_kit.rules.windows import Window

_ORDERS = {">": do.GREATER, ">=": do.AT_LEAST, "<": do.LESS, "<=": do.AT_MOST, "=": do.EQUAL, "!=": do.UNEQUAL}
_OPS = {"+": do.ADD, "-": do.SUBTRACT, "*": do.MULTIPLY, "/": do.DIVIDE, "min": do.LEAST, "max": do.GREATEST}
_HIGHEST_CODE = 255
Key = TypeVar("Key", bound=Hashable)


def code_of(rules: Sequence[Rule]) -> Code:
    """Return the steps that rules come to."""
    return _Compiler(rules).code()


class _Numbered(dict[Key, int]):
    """Things by the number that each got when it was first named."""

    def __missing__(self, key: Key) -> int:
        return self.setdefault(key, len(self))


@dataclass
class _Thresholds:
    """Sets of thresholds of one value, each small enough for its codes to fit a byte."""

    sets: list[set[float]] = field(default_factory=lambda: [set()])

    def place(self, wanted: set[float]) -> int:
        """Return the set that holds these thresholds, after putting them there."""
        for number, known in enumerate(self.sets):
            if len(known | wanted) <= do.MOST_THRESHOLDS:
                known.update(wanted)
                return number
        self.sets.append(set(wanted))
        return len(self.sets) - 1


@dataclass(frozen=True)
class _Within:
    """A comparison with numbers: `which` set of the thresholds of a value, the bounds, and the operator."""

    value: Value
    which: int
    low: float
    high: float
    op: str


@dataclass(frozen=True)
class _Compared:
    left: Value
    op: str
    times: float
    right: Value | Goal


@dataclass(frozen=True)
class _Listed:
    value: Value
    numbers: tuple[float, ...]


# What a comparison comes to: where its verdict comes from, and whether it is turned round.
_Source = tuple[_Within | _Compared | _Listed | Ranking | Chance | Fixed, bool]


class _Compiler:
    """Two passes over rules: first all that they name, which then has its place; then the steps."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._columns: _Numbered[Column | Goal] = _Numbered()
        self._constants: _Numbered[float | tuple[float, float]] = _Numbered()
        self._fixed: _Numbered[Fixed] = _Numbered()
        self._rankings: _Numbered[Ranking] = _Numbered()
        self._chances: _Numbered[Chance] = _Numbered()
        self._values: _Numbered[Value | Goal] = _Numbered()
        self._thresholds: dict[Value, _Thresholds] = {}
        self._made: _Numbered[_Compared | _Listed] = _Numbered()
        self._codes: dict[tuple[Value, int], int] = {}
        self._numbers: list[float] = []
        self._depth = self._height = 1

    def code(self) -> Code:
        sources = [[self._source(rule, leaf) for leaf in rule.leaves()] for rule in self._rules]
        for rule in self._rules:
            _ = self._fixed[rule.scope]
        self._first_code = len(self._fixed) + len(self._rankings) + len(self._chances)
        sets = [(value, which) for value, known in self._thresholds.items() for which in range(len(known.sets))]
        self._codes = {key: self._first_code + number for number, key in enumerate(sets)}
        self._first_made = self._first_code + len(sets)
        steps = {value: list(self._kept(value)) for value in self._values}
        whole = whole_columns(self._rankings, self._chances)
        logic = [step for number, rule in enumerate(self._rules) for step in self._answered(number, rule, sources)]
        return Code(
            columns=tuple(self._columns),
            fixed=tuple(self._fixed),
            rankings=tuple(self._rankings),
            chances=tuple(self._chances),
            values=tuple(self._values),
            slots=self._first_made + len(self._made),
            whole_steps=_steps([step for value in whole for step in steps[value]], 6),
            steps=_steps([*(step for each in steps.values() for step in each), *self._coded(), *self._compared()], 6),
            constants=np.array(list(_flat(self._constants)), dtype=np.float64),
            thresholds=self._sets(sets),
            lists=np.array(self._numbers, dtype=np.float64),
            logic=_steps(logic, 7),
            depth=self._depth,
            height=self._height,
        )

    # What is compared with what

    def _source(self, rule: Rule, leaf: Leaf | FieldLeaf) -> _Source:
        if isinstance(leaf, FieldLeaf):
            _ = self._fixed[leaf]
            return leaf, False
        if leaf.min_probability is not None:
            return self._chance(rule, leaf, float(leaf.min_probability)), False
        value = _value(rule, leaf.expr, leaf.window, leaf.of, leaf.matured)
        match leaf.value:
            case Ranked() as ranked:
                return self._ranking(value, ranked, rule.scope if ranked.among == "scope" else None, leaf.op)
            case Against() as other:
                return self._against(value, leaf.op, _other(rule, leaf, other)), False
            case Target(target=name, times=times):
                return self._compare(_Compared(value, leaf.op, float(times), Goal(name))), False
            case tuple(numbers) if leaf.op.endswith("range"):
                return self._within(value, leaf.op, float(numbers[0]), float(numbers[1])), False
            case tuple(numbers):
                listed = _Listed(value, tuple(sorted({float(each) for each in numbers})))
                _ = self._made[listed], self._values[value]
                return listed, leaf.op == "not in"
        assert isinstance(leaf.value, Decimal)  # noqa: S101 # nothing else is left
        return self._within(value, leaf.op, float(leaf.value), float(leaf.value)), False

    def _ranking(self, value: Value, ranked: Ranked, scope: Scope | None, op: str) -> _Source:
        ranking = Ranking(value, ranked, scope, op == "in")
        _ = self._values[value]
        if scope:
            _ = self._fixed[scope]
        _ = self._rankings[ranking]
        return ranking, False

    def _against(self, value: Value, op: str, right: Value) -> _Compared | _Within | None:
        """Compare with a formula: if it is one of numbers alone, with what it comes to, which may be unknown."""
        if _is_number(right.tree):
            number = constant(right.tree)
            if number is not None:
                return self._within(value, op, number, number)
            self._never_known()
            return None
        return self._compare(_Compared(value, op, *_times(right)))

    def _chance(self, rule: Rule, leaf: Leaf, least: float) -> Chance | None:
        times = 1.0
        threshold: Value | Goal | None = None
        match leaf.value:
            case Against() as other:
                right = _other(rule, leaf, other)
                if not _is_number(right.tree):
                    times, threshold = _times(right)
                elif (number := constant(right.tree)) is not None:
                    times = number
                else:
                    self._never_known()
                    return None
            case Target(target=name, times=share):
                times, threshold = float(share), Goal(name)
            case plain:
                times = float(plain)  # type: ignore[arg-type]
        chance = Chance(leaf.expr, leaf.window, leaf.matured, leaf.op, least, times, threshold)
        _ = self._chances[chance]
        if threshold:
            _ = self._values[threshold]
        for column in chance_columns(leaf):
            _ = self._columns[column]
        return chance

    def _never_known(self) -> None:
        _ = self._fixed[None]

    def _compare(self, compared: _Compared) -> _Compared:
        _ = self._values[compared.left], self._values[compared.right], self._made[compared]
        return compared

    def _within(self, value: Value, op: str, low: float, high: float) -> _Within:
        _ = self._values[value]
        which = self._thresholds.setdefault(value, _Thresholds()).place({low, high})
        return _Within(value, which, low, high, op)

    # Steps of figures

    def _coded(self) -> Iterator[tuple[int, ...]]:
        for value, known in self._thresholds.items():
            for which, numbers in enumerate(known.sets):
                slot = self._codes[value, which]
                begin = 1 << (len(numbers).bit_length() - 1)
                yield do.CODE, slot - self._first_code, self._values[value], begin, slot

    def _compared(self) -> Iterator[tuple[int, ...]]:
        for made, number in self._made.items():
            slot = self._first_made + number
            if isinstance(made, _Listed):
                begins = len(self._numbers)
                self._numbers += made.numbers
                yield do.LISTED, begins, len(self._numbers), self._values[made.value], slot
            else:
                left, right, times = self._values[made.left], self._values[made.right], self._constant(made.times)
                yield do.COMPARE, _ORDERS[made.op], left, right, times, slot

    def _kept(self, value: Value | Goal) -> Iterator[tuple[int, ...]]:
        if isinstance(value, Goal):
            yield do.PUSH, self._columns[value]
        else:
            yield from self._tree(value.tree, value, 0)
        yield do.KEEP, self._values[value]

    def _tree(self, tree: Tree, value: Value, height: int) -> Iterator[tuple[int, ...]]:
        self._height = max(self._height, height + 1)
        match tree:
            case Figure(number):
                yield do.CONSTANT, self._constant(number)
            case Named(name):
                yield from self._named(name, value)
            case Computed("abs" | "neg" as op, (part,)):
                yield from self._tree(part, value, height)
                yield (do.ABSOLUTE if op == "abs" else do.NEGATE,)
            case Computed() if found := _scaled(tree):
                yield from self._tree(found[1], value, height)
                yield do.TIMES, self._constant(found[0])
            case Computed(op, (first, *others)):
                yield from self._tree(first, value, height)
                for part in others:
                    yield from self._tree(part, value, height + 1)
                    yield (_OPS[op],)

    def _named(self, name: str, value: Value) -> Iterator[tuple[int, ...]]:
        columns = [self._columns[each] for each in name_columns(name, value.window, value.of, value.matured)]
        if len(columns) == 2:
            yield do.RATIO, *columns, self._constant(tuple(float(each) for each in multipliers(METRICS[name])))  # type: ignore[arg-type]
            return
        found = NUMBERS.get(name) or METRICS[name]
        is_money = (found.unit if isinstance(found, Measure) else found.kind) == "money"  # type: ignore[union-attr]
        yield do.MONEY if is_money else do.PUSH, columns[0]

    def _constant(self, number: Any) -> int:
        """Return where a number stands; every constant has two places, the second for ratios."""
        return 2 * self._constants[number]

    def _sets(self, sets: Sequence[tuple[Value, int]]) -> do.Floats:
        table = np.full((len(sets), do.WIDTH_OF_SET), math.inf)
        for number, (value, which) in enumerate(sets):
            known = sorted(self._thresholds[value].sets[which])
            table[number, : len(known)] = known
        return table

    # Steps of logic

    def _answered(self, number: int, rule: Rule, sources: Sequence[Sequence[_Source]]) -> Iterator[tuple[int, ...]]:
        yield do.TAKEN, do.SET, 0, self._fixed[rule.scope]
        yield from self._condition(rule.when, do.AND, 0, iter(sources[number]))
        yield do.ANSWER, 0, 0, number

    def _condition(
        self, condition: Condition, how: int, depth: int, sources: Iterator[_Source]
    ) -> Iterator[tuple[int, ...]]:
        """Yield the steps that put a condition on what is at `depth`; what is nested is made one place deeper."""
        self._depth = max(self._depth, depth + 1)
        match condition:
            case All(all=parts):
                yield from self._group(parts, do.AND, how, depth, sources)
            case AnyOf(any=parts):
                yield from self._group(parts, do.OR, how, depth, sources)
            case Not(not_=part):
                inner = depth if how == do.SET else depth + 1
                yield from self._condition(part, do.SET, inner, sources)
                self._depth = max(self._depth, inner + 1)
                yield do.INVERT, 0, inner
                if inner != depth:
                    yield do.NESTED, how, depth
            case _:
                yield from self._leaf(next(sources), how, depth)

    def _group(
        self, parts: Sequence[Condition], kind: int, how: int, depth: int, sources: Iterator[_Source]
    ) -> Iterator[tuple[int, ...]]:
        if how == kind:  # all within all: they are put on the same place
            for part in parts:
                yield from self._condition(part, kind, depth, sources)
            return
        inner = depth if how == do.SET else depth + 1
        for number, part in enumerate(parts):
            yield from self._condition(part, kind if number else do.SET, inner, sources)
        if inner != depth:
            yield do.NESTED, how, depth

    def _leaf(self, source: _Source, how: int, depth: int) -> Iterator[tuple[int, ...]]:
        found, turned = source
        if isinstance(found, _Within):
            slot = self._codes[found.value, found.which]
            low, high, outside = self._bounds(found)
            yield do.WITHIN, how, depth, slot, low, high - low, do.TRUE * outside
            return
        if isinstance(found, Ranking):
            slot = len(self._fixed) + self._rankings[found]
        elif isinstance(found, Chance):
            slot = len(self._fixed) + len(self._rankings) + self._chances[found]
        elif isinstance(found, _Compared | _Listed):
            slot = self._first_made + self._made[found]
        else:
            slot = self._fixed[found]
        if not turned:
            yield do.TAKEN, how, depth, slot
            return
        yield do.TAKEN, do.SET, depth + 1, slot
        self._depth = max(self._depth, depth + 2)
        yield do.INVERT, 0, depth + 1
        yield do.NESTED, how, depth

    def _bounds(self, found: _Within) -> tuple[int, int, bool]:
        """Return the codes between which a value is for the comparison to be true, or false where it is turned."""
        known = sorted(self._thresholds[found.value].sets[found.which])
        low, high = (2 * known.index(each) + 2 for each in (found.low, found.high))
        match found.op:
            case ">":
                return high + 1, _HIGHEST_CODE, False
            case ">=":
                return high, _HIGHEST_CODE, False
            case "<":
                return 1, low - 1, False
            case "<=":
                return 1, low, False
        return low, high, found.op in ("!=", "not in range")


def _other(rule: Rule, leaf: Leaf, other: Against) -> Value:
    return _value(rule, other.expr, other.window or leaf.window, other.of, other.matured)


def _times(value: Value) -> tuple[float, Value]:
    """Return a value as so many times another; once itself where its formula is not that."""
    found = _scaled(value.tree) if isinstance(value.tree, Computed) else None
    return (found[0], replace(value, tree=found[1])) if found else (1.0, value)


def _value(rule: Rule, text: str, window: Window | None, of: Of, matured: bool) -> Value:
    return Value(parse_expression(text, rule.metrics), window, of, matured)


def _scaled(tree: Computed) -> tuple[float, Tree] | None:
    """Return a number and what it multiplies, if that is what a formula is."""
    match tree:
        case Computed("*", (Figure(times), part) | (part, Figure(times))):
            return times, part
    return None


def _is_number(tree: Tree) -> bool:
    return isinstance(tree, Figure) or (isinstance(tree, Computed) and all(_is_number(part) for part in tree.parts))


def _flat(constants: Iterable[float | tuple[float, float]]) -> Iterator[float]:
    for each in constants:
        yield from each if isinstance(each, tuple) else (each, 0.0)


def _steps(steps: Iterable[tuple[int, ...]], width: int) -> do.Steps:
    rows = [(*step, *(0,) * (width - len(step))) for step in steps]
    return np.array(rows, dtype=np.int32).reshape(-1, width)
