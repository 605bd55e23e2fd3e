"""One object made up so that rules fire on it: its sums, fields and texts, and the tables in which rules see it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cached_property
from math import floor

import numpy as np

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.rules.analysis.moves import LABELS, NO_LABELS, STATUS, Labels, Move
from aibuyer_kit.rules.analysis.space import CHAIN, Said, Sum, created, field_of, is_at_most, sum_of, target_name
from aibuyer_kit.rules.fields import NUMBERS, TEXTS
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.subjects import Subject, Text
from aibuyer_kit.rules.table import ARRIVED, Column, Table, columns_of

STATUSES = ("ACTIVE", "PAUSED")
_NOW = datetime(2026, 6, 10, 14, tzinfo=UTC)
_FRESH = ("Sample", "Other", "#1", "§", "¤", "†")
_APART = "|·§¤†‡※"
_IDS = {"campaign": "901", "adset": "902", "ad": "903"}
_LONG_AGO = date(2020, 1, 1)

Texts = Mapping[tuple[str, str], str]
Items = Mapping[tuple[str, str], tuple[str, ...]]


@dataclass(frozen=True)
class Witness:
    """Figures in units, and texts, by whose they are; what is not named has no say in it."""

    numbers: Mapping[Sum, Fraction]
    texts: Texts = field(default_factory=dict)
    items: Items = field(default_factory=dict)
    before: "Witness | None" = None

    def number(self, each: Sum) -> Fraction:
        if each.name == "profit":
            gross = Sum(each.entity, "gross_profit", each.window, each.matured)
            return self.number(gross) - self.number(Sum(each.entity, "spend", each.window))
        found = self.numbers.get(each)
        return self._unasked(each) if found is None else found

    def _unasked(self, each: Sum) -> Fraction:
        """Return a figure that only a probability reads: all has arrived, and a whole is as much as its parts."""
        if each.window is None or each.name == ARRIVED:
            return Fraction(1 if each.is_positive else 0)
        parts = [number for other, number in self.numbers.items() if is_at_most(other, each)]
        if (ripe := replace(each, matured=True)) != each and ripe in self.numbers:
            parts.append(self.numbers[ripe])
        below = CHAIN[CHAIN.index(each.entity) + 1 :]
        parts += [self.number(replace(each, entity=entity)) for entity in below if entity in self._entities]
        most = max(parts, default=Fraction(0))
        return Fraction(floor(most)) if each.is_whole else most

    @cached_property
    def _entities(self) -> frozenset[str]:
        return frozenset(each.entity for each in self.numbers)

    @cached_property
    def targets(self) -> Mapping[str, float]:
        """The client's own, in units."""
        if self.before is not None:
            return self.before.targets
        return {name: float(number) for each, number in self.numbers.items() if (name := target_name(each))}

    def text(self, level: str, name: str) -> Text:
        owner = field_of(level, name)
        if owner is None:
            return None
        if TEXTS[name].kind == "list":
            return self.items.get(owner, ())
        return self.texts.get(
            owner, _IDS[owner[0]] if owner[1] == "id" else STATUSES[0] if name == STATUS else "Sample"
        )

    def changed(
        self, move: Move, value: Fraction | None, factor: Fraction | None, labels: Labels = NO_LABELS
    ) -> "Witness":
        """Return it after a move, with the sums of windows that go on scaled by a factor."""
        texts = dict(self.texts)
        if move.field == STATUS:
            held = STATUSES[move.way == "pause"]
            texts |= {(move.entity, STATUS): held, (move.entity, "effective_status"): held}
        items = dict(self.items)
        if labels.known:
            owner = move.entity, LABELS
            items[owner] = tuple(sorted({*items.get(owner, ())} - labels.removed | labels.added))
        return replace(self, numbers=_Moved(self.numbers, move, value, factor), texts=texts, items=items, before=self)


@dataclass(frozen=True)
class _Moved(Mapping[Sum, Fraction]):
    """Figures after a move, worked out when they are asked for."""

    before: Mapping[Sum, Fraction]
    move: Move
    value: Fraction | None
    factor: Fraction | None

    def __getitem__(self, each: Sum) -> Fraction:
        if self.value is not None and each == self.move.key:
            return self.value
        number = self.before[each]
        if self.factor is None or each.entity != self.move.entity or not each.flows:
            return number
        return number * self.factor

    def __iter__(self) -> Iterator[Sum]:
        return iter(self.before)

    def __len__(self) -> int:
        return len(self.before)


def table_of(witness: Witness, level: str, columns: Iterable[Column], subject: Subject | None = None) -> Table:
    """Return a table of these columns with this one object at a level."""
    numbers = {column: np.array([_stored(witness, sum_of(level, column))]) for column in columns}
    targets = {name: np.array([number]) for name, number in witness.targets.items()}
    return Table(Level(level), _NOW, _NOW, [subject or subject_of(witness, level)], numbers, targets)


def columns_at(level: str, rules: Iterable[Rule]) -> tuple[Column, ...]:
    """Return the columns that rules of a level read."""
    return columns_of(rule for rule in rules if rule.level == level)


def _stored(witness: Witness, each: Sum) -> float:
    if each.name == ARRIVED:
        return 1.0
    number = witness.number(each)
    return float(round(number * MICROS_PER_UNIT)) if each.is_money else float(number)


def subject_of(witness: Witness, level: str) -> Subject:
    """Return what is known of it besides its sums."""

    def said(name: str) -> str | None:
        found = witness.text(level, name)
        return found if isinstance(found, str) else None

    numbers: dict[str, float | None] = {
        name: _stored(witness, key) for name in NUMBERS if (key := Sum(level, name)) in witness.numbers
    }
    budget = numbers.pop("daily_budget", None)
    made = witness.numbers.get(created(level))
    return Subject(
        "meta",
        "act_1",
        Level(level),
        said("id") or "",
        said("name") or "",
        said("campaign.name") or "",
        said(STATUS),
        None if budget is None else round(budget),
        100,
        said("campaign.id"),
        said("adset.id"),
        _LONG_AGO if made is None else date.fromordinal(max(1, int(made))),
        {name: witness.text(level, name) for name in TEXTS},
        numbers,
    )


def texts_of(saids: Mapping[Said, bool]) -> tuple[Texts, Items]:
    """Return texts and lists of which exactly this is true."""
    texts: dict[tuple[str, str], str] = {}
    items: dict[tuple[str, str], tuple[str, ...]] = {}
    for owner in {(each.entity, each.field) for each in saids}:
        mine = {each: held for each, held in saids.items() if (each.entity, each.field) == owner}
        if any(each.how == "item" for each in mine):
            items[owner] = tuple(sorted(each.text for each, held in mine.items() if held))
        else:
            texts[owner] = _text(owner, mine)
    return texts, items


def _text(owner: tuple[str, str], saids: Mapping[Said, bool]) -> str:
    if owner[1] == STATUS:
        return next((each.text for each, held in saids.items() if held and each.how == "is"), STATUSES[0])
    for each, held in saids.items():
        if held and each.how == "is":
            return each.text
    taken = {each.text for each in saids if each.how == "is"}
    parts = sorted(each.text for each, held in saids.items() if held)
    absent = [each.text for each in saids if each.how == "holds" and each.text not in parts]
    return joined(parts, absent, taken, (_IDS[owner[0]], *_FRESH) if owner[1] == "id" else _FRESH)


def joined(parts: Sequence[str], absent: Sequence[str], taken: Iterable[str], fresh: Sequence[str] = _FRESH) -> str:
    """Return a text that holds all parts and none of what is to be absent, and is none of those taken."""
    apart = next((each for each in _APART if not any(each in text for text in (*parts, *absent))), "\u2063")
    starts = fresh if not parts else ("", apart)
    for times in range(1, 9):
        for start in starts:
            text = apart.join([start * times, *parts]) if parts else start * times
            if text not in set(taken) and not any(each in text for each in absent):
                return text
    return "\u2063"


def level_order(levels: Iterable[str]) -> list[str]:
    return sorted(set(levels), key=CHAIN.index)


def shown(witness: Witness, rule: Rule) -> dict[str, float]:
    """Return the figures that a rule reads of a witness, in units, by how the columns read."""
    return {str(column): float(witness.number(sum_of(rule.level, column))) for column in _plain(rule)}


def _plain(rule: Rule) -> list[Column]:
    return [column for column in columns_of([rule]) if column.name != ARRIVED]
