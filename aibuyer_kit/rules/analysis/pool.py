"""Many objects drawn around the thresholds of all rules at once: most of what can happen to two rules happens in one.

Arrays of samples answer most questions a thousand times faster than a solver; what no sample shows is asked of it.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.core.metrics import METRICS, Ratio
from aibuyer_kit.rules.analysis.meaning import Expr, Logic, Meaning, Place
from aibuyer_kit.rules.analysis.moves import moves_of
from aibuyer_kit.rules.analysis.space import Said, Sum, entity_of, is_at_most
from aibuyer_kit.rules.analysis.witness import STATUSES, Witness, joined
from aibuyer_kit.rules.conditions import Leaf
from aibuyer_kit.rules.expression import Computed, Figure, Tree, names, parse_expression
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.strict import Strict
from aibuyer_kit.rules.table import name_columns

SAMPLES = 4096
_SEED = 7
_TEXTS_EACH = 48
_USUAL = (0.0, 1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 300.0, 1000.0)
_VARIED = np.array([0.3, 0.8, 0.95, 1.0, 1.0, 1.0, 1.0, 1.05, 1.3, 3.0, 20.0])
# What is drawn first; quotients then bring the others near their thresholds.
_ORDER = ("impressions", "clicks", "link_clicks", "results", "spend", "revenue", "gross_profit")
Mask = NDArray[np.bool_]
Owner = tuple[str, str]


class Asked:
    """Facts that only note what is asked for."""

    def __init__(self) -> None:
        self.numbers: dict[Sum, None] = {}
        self.saids: dict[Said, None] = {}

    def number(self, each: Sum) -> Expr:
        self.numbers[each] = None
        return np.ones(1)

    def said(self, each: Said) -> Logic:
        self.saids[each] = None
        return np.ones(1, dtype=bool)

    def ranked(self, place: Place) -> Logic:  # noqa: ARG002
        return np.ones(1, dtype=bool)

    def chance(self, leaf: str, holds: Logic) -> Logic:  # noqa: ARG002
        return holds

    def exact(self, number: Fraction) -> Expr:
        return float(number)

    def where(self, condition: Logic, yes: Expr, no: Expr) -> Expr:
        return np.where(condition, yes, no)

    def once(self, key: Hashable, build: Callable[[], Any]) -> Any:  # noqa: ARG002
        return build()


class Samples:
    """Facts as arrays, one value a sample."""

    def __init__(self, numbers: Mapping[Sum, Any], texts: Mapping[Owner, tuple[list[Any], Any]], ranks: Any) -> None:
        self._numbers = numbers
        self._texts = texts
        self._ranks = ranks
        self._known: dict[Any, Any] = {}
        self._built: dict[Hashable, Any] = {}

    def number(self, each: Sum) -> Expr:
        return self._numbers[each]

    def said(self, each: Said) -> Logic:
        if each not in self._known:
            texts, which = self._texts[each.entity, each.field]
            self._known[each] = np.array([_says(text, each) for text in texts], dtype=bool)[which]
        return self._known[each]

    def ranked(self, place: Place) -> Logic:
        """Return who stands in a part: on a scale from first to last, parts of the same size overlap as they should."""
        part = min(0.45, (place.share if isinstance(place.share, int) else int(place.share[:-1]) + 3) / 110)
        return self._ranks < part if place.end == "top" else self._ranks > 1 - part

    def chance(self, leaf: str, holds: Logic) -> Logic:  # noqa: ARG002
        return holds

    def exact(self, number: Fraction) -> Expr:
        return float(number)

    def where(self, condition: Logic, yes: Expr, no: Expr) -> Expr:
        return np.where(condition, yes, no)

    def once(self, key: Hashable, build: Callable[[], Any]) -> Any:
        if key not in self._built:
            self._built[key] = build()
        return self._built[key]

    def __len__(self) -> int:
        return len(self._ranks)

    def seen(self, row: int, asked: "Asked") -> "Overlay":
        """Return what a rule that asked for these figures and texts sees in a sample."""
        owners = {(each.entity, each.field) for each in asked.saids}
        return Overlay(
            {each: float(self._numbers[each][row]) for each in asked.numbers},
            {owner: self._texts[owner][0][self._texts[owner][1][row]] for owner in owners},
        )

    def extended(self, more: Sequence[tuple[int, "Overlay"]]) -> "Samples":
        """Return these samples and copies of some of them with other figures and texts laid over."""
        rows = np.array([row for row, _ in more], dtype=np.int64)
        count = len(self)
        numbers = {each: np.concatenate([values, values[rows]]) for each, values in self._numbers.items()}
        texts = {
            owner: (list(said), np.concatenate([which, which[rows]])) for owner, (said, which) in self._texts.items()
        }
        laid = {each: np.zeros(count + len(more), dtype=bool) for each in numbers}
        for place, (_, overlay) in enumerate(more, start=count):
            for each, number in overlay.numbers.items():
                numbers[each][place] = number
                laid[each][place] = True
            for owner, text in overlay.texts.items():
                said, which = texts[owner]
                if text not in said:
                    said.append(text)
                which[place] = said.index(text)
        for less, more_than in permutations(numbers, 2):
            if is_at_most(less, more_than):
                held = laid[more_than] & ~laid[less]
                numbers[less][held] = np.minimum(numbers[less][held], numbers[more_than][held])
        keep_in_order(numbers)
        return Samples(numbers, texts, np.concatenate([self._ranks, self._ranks[rows]]))

    def only(self, rows: NDArray[np.int64]) -> "Samples":
        """Return some of the samples."""
        texts = {owner: (each, which[rows]) for owner, (each, which) in self._texts.items()}
        return Samples(_Rows(self._numbers, rows), texts, self._ranks[rows])

    def witness(self, row: int) -> Witness:
        numbers = {
            each: Fraction(round(float(values[row]) * 1_000_000), 1_000_000) for each, values in self._numbers.items()
        }
        texts: dict[Owner, str] = {}
        items: dict[Owner, tuple[str, ...]] = {}
        for owner, (each, which) in self._texts.items():
            said = each[which[row]]
            if isinstance(said, tuple):
                items[owner] = said
            else:
                texts[owner] = said
        return Witness(numbers, texts, items)


@dataclass(frozen=True)
class Overlay:
    """Figures and texts of one object that are known to make a rule fire."""

    numbers: Mapping[Sum, float]
    texts: Mapping[Owner, Any]

    def varied(self, draw: np.random.Generator) -> "Overlay":
        """Return it with each figure as it is, or somewhat or much smaller or larger."""
        times = draw.choice(_VARIED, len(self.numbers))
        numbers = {
            each: float(np.round(number * factor)) if each.is_whole else round(number * factor, 6)
            for (each, number), factor in zip(self.numbers.items(), times, strict=True)
        }
        return Overlay(numbers, self.texts)


class _Rows(Mapping[Sum, Any]):
    """Some rows of arrays, taken when they are asked for."""

    def __init__(self, numbers: Mapping[Sum, Any], rows: NDArray[np.int64]) -> None:
        self._numbers, self._rows = numbers, rows
        self._taken: dict[Sum, Any] = {}

    def __getitem__(self, each: Sum) -> Any:
        if each not in self._taken:
            self._taken[each] = self._numbers[each][self._rows]
        return self._taken[each]

    def __iter__(self) -> Iterator[Sum]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def samples_for(rules: Sequence[Rule]) -> Samples:
    """Return samples of every figure and text that rules read or change."""
    asked = Asked()
    for rule in rules:
        Meaning(rule, asked).fires()
        for move in moves_of(rule):
            asked.number(move.key) if move.field != "status" else asked.said(
                Said(move.entity, move.field, "is", STATUSES[0])
            )
    draw = np.random.default_rng(_SEED)
    near, quotients = _thresholds(rules)
    numbers = _numbers(list(asked.numbers), near, quotients, draw)
    by_owner: dict[Owner, list[Said]] = defaultdict(list)
    for said in asked.saids:
        by_owner[said.entity, said.field].append(said)
    texts = {owner: _drawn_texts(owner, said, draw) for owner, said in by_owner.items()}
    return Samples(numbers, texts, draw.random(SAMPLES))


def _says(text: Any, said: Said) -> bool:
    return said.text == text if said.how == "is" else said.text in text


def _drawn_texts(owner: Owner, saids: Sequence[Said], draw: np.random.Generator) -> tuple[list[Any], Any]:
    if owner[1] == "status":
        return list(STATUSES), draw.integers(0, 2, SAMPLES)
    wanted = [each.text for each in saids]
    if any(each.how == "item" for each in saids):
        found = [tuple(each for each in wanted if draw.random() < 0.5) for _ in range(_TEXTS_EACH)]
        return [(), tuple(wanted), *found], draw.integers(0, _TEXTS_EACH + 2, SAMPLES)
    whole = [each.text for each in saids if each.how == "is"]
    within = [each.text for each in saids if each.how == "holds"]
    texts: list[Any] = [*whole, joined([], within, whole)]
    if within:
        parts = [[each for each in within if draw.random() < 0.5] for _ in range(_TEXTS_EACH)]
        texts += [joined(each, [], whole) for each in [*parts, *([one] for one in within)]]
    return texts, draw.integers(0, len(texts), SAMPLES)


Near = Mapping[Sum, Sequence[float]]
Quotients = Mapping[tuple[Sum, Sum], Sequence[float]]


def _thresholds(rules: Iterable[Rule]) -> tuple[Near, Quotients]:
    """Return which values matter of each sum, and of each quotient of two."""
    near: dict[Sum, list[float]] = defaultdict(list)
    quotients: dict[tuple[Sum, Sum], list[float]] = defaultdict(list)
    for rule in rules:
        for leaf in rule.leaves():
            if isinstance(leaf, Leaf):
                _note(rule, leaf, near, quotients)
        for move in moves_of(rule):
            near[move.key] += [float(each) for each in (move.amount, move.floor, move.cap) if each is not None]
    return near, quotients


def _note(rule: Rule, leaf: Leaf, near: dict[Sum, list[float]], quotients: dict[tuple[Sum, Sum], list[float]]) -> None:
    tree = parse_expression(leaf.expr, rule.metrics)
    given = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    values = [float(each) for each in given if not isinstance(each, Strict)]
    values += _figures(tree)
    entity = entity_of(rule.level, leaf.of)
    for name in names(tree):
        sums = [
            Sum(entity, each.name, each.window, each.matured)
            for each in name_columns(name, leaf.window, "self", leaf.matured)
        ]
        if len(sums) == 1:
            near[sums[0]] += values
        else:
            found = METRICS[name]
            scale = found.scale if isinstance(found, Ratio) else 1
            quotients[sums[0], sums[1]] += [each / scale for each in values]


def _figures(tree: Tree) -> list[float]:
    match tree:
        case Figure(value):
            return [value]
        case Computed(parts=parts):
            return [each for part in parts for each in _figures(part)]
    return []


def _numbers(
    sums: list[Sum], near: Near, quotients: Quotients, draw: np.random.Generator
) -> dict[Sum, NDArray[np.float64]]:
    """Return values for each sum that keep to what is always so: parts of a sum are not above it."""
    found: dict[Sum, NDArray[np.float64]] = {}
    for each in sorted(sums, key=_rank):
        values = _drawn(each, near.get(each, ()), draw)
        for (top, bottom), levels in quotients.items():
            if top == each and bottom in found and levels:
                times = draw.choice(np.array(levels), SAMPLES) * draw.choice([0.5, 0.9, 1.0, 1.1, 2.0], SAMPLES)
                values = np.where(draw.random(SAMPLES) < 0.5, found[bottom] * times, values)
        found[each] = np.round(values) if each.is_whole else np.round(values, 6)
    keep_in_order(found)
    return found


def keep_in_order(found: dict[Sum, NDArray[np.float64]]) -> None:
    """Raise sums to what is part of them."""
    above = {each: [other for other in found if other != each and is_at_most(each, other)] for each in found}
    for each in sorted(found, key=lambda one: len(above[one]), reverse=True):
        for other in above[each]:
            np.maximum(found[other], found[each], out=found[other])
    for each, values in found.items():
        raw = Sum(each.entity, each.name, each.window)
        if each.matured and raw in found:
            values[found[raw] == 0] = 0
            np.maximum(values, found[raw], out=values)


def _rank(each: Sum) -> int:
    return _ORDER.index(each.name) if each.name in _ORDER else len(_ORDER)


def _drawn(each: Sum, near: Sequence[float], draw: np.random.Generator) -> Any:
    step = 1.0 if each.is_whole else 0.01
    values = np.array(sorted({*near, *_USUAL}))
    if near:
        close = np.array(sorted(set(near)))
        values = np.concatenate([values, close, close, close + step, close - step, close * 2, close / 2])
    found = draw.choice(values, SAMPLES)
    wide = draw.uniform(0, max(10.0, 2 * float(values.max())), SAMPLES)
    found = np.where(draw.random(SAMPLES) < 0.3, wide, found)
    if each.is_positive:
        return np.maximum(found, 1.0)
    return np.maximum(found, 0) if each.is_at_least_zero else found
