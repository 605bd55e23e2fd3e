"""Rules as a program over a table: compiled once, run over all objects at once."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aibuyer_kit.core.errors import RuleError
from aibuyer_kit.rules.confidence import confidence_of
from aibuyer_kit.rules.engine import kernels as do
from aibuyer_kit.rules.engine.code import Chance, Code, Goal, Ranking, whole_columns
from aibuyer_kit.rules.engine.compile import code_of
from aibuyer_kit.rules.engine.fixed import Texts
from aibuyer_kit.rules.engine.ranks import Groups, groups_of, place_all
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.logic import Verdict
from aibuyer_kit.rules.probability import Confidence
from aibuyer_kit.rules.table import Codes, Column, Floats, Table
from aibuyer_kit.rules.windows import Span, Window

# Rows that are looked at together, so that what is worked out of them stays in the processor's nearest memory: fewer
# where many figures are kept.
TILE = 1024
_SMALLEST_TILE = 64
_FIGURES_IN_REACH = 1 << 17
_ROWS_WORTH_A_THREAD = 8_192
_THREADS = 2
_BITS = 8


@dataclass(frozen=True)
class Verdicts:
    """What each rule says of each row: planes of bits, eight rows a byte with the first one lowest.

    A rule fires where `true` is set; where `unknown` is, that cannot be told; of objects outside its scope it is false.
    """

    true: do.Bytes
    unknown: do.Bytes
    rows: int

    def of(self, rule: int) -> list[Verdict]:
        """Return the verdicts of one rule, as the reference's `verdicts` gives them."""
        found: list[Verdict] = [False, None, True]
        return [found[each] for each in self.numbers(rule)]

    def numbers(self, rule: int) -> do.Bytes:
        """Return the verdicts of one rule as numbers: 0 is false, 1 unknown, 2 true."""
        true, unknown = (
            np.unpackbits(plane[rule], bitorder="little", count=self.rows) for plane in (self.true, self.unknown)
        )
        return true * np.uint8(2) + unknown

    def fired(self) -> tuple[Codes, Codes]:
        """Return rule and row of each verdict that is true, rules in their order and rows in theirs."""
        rules, places = np.nonzero(self.true)
        bits = np.unpackbits(self.true[rules, places][:, None], axis=1, bitorder="little")
        which, bit = np.nonzero(bits)
        return rules[which].astype(np.int64), (places[which] * _BITS + bit).astype(np.int64)


@dataclass(frozen=True)
class Standing:
    """What does not hang on figures: verdicts of scopes and texts, and groups by partition. One for many moments."""

    fixed: do.Bytes
    groups: dict[str, Groups]


class Program:
    """Rules, compiled. `columns` is what a table must hold for them."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self.code: Code = code_of(self.rules)
        self.columns = tuple(each for each in self.code.columns if isinstance(each, Column))
        self.whole = whole_columns(self.code.rankings, self.code.chances)
        fitting = _FIGURES_IN_REACH // max(1, len(self.code.values)) // _SMALLEST_TILE * _SMALLEST_TILE
        self._tile = min(TILE, max(_SMALLEST_TILE, fitting))

    def standing(self, table: Table) -> Standing:
        """Return what does not hang on a table's figures, for further tables of the same objects."""
        texts = Texts(table.subjects)
        fixed = np.empty((len(self.code.fixed), len(table)), dtype=np.uint8)
        for number, condition in enumerate(self.code.fixed):
            fixed[number] = texts.verdicts(condition)
        within = {each.ranked.within for each in self.code.rankings}
        return Standing(fixed, {each: groups_of(table.groups(each), table.ungrouped(each)) for each in sorted(within)})

    def run(self, table: Table, standing: Standing | None = None) -> Verdicts:
        """Return what every rule says of every row. Raises RuleError where a column is missing."""
        return self.answers(self.columns_in(table), np.vstack(self.verdicts_in(table, standing)))

    def verdicts_in(self, table: Table, standing: Standing | None = None) -> tuple[do.Bytes, do.Bytes, do.Bytes]:
        """Return the verdicts that steps do not make: those of scopes and texts, of ranks, and of probabilities."""
        known, columns = standing or self.standing(table), self.columns_in(table)
        values = self.whole_values(columns, len(table))
        ranked = np.empty((len(self.code.rankings), len(table)), dtype=np.uint8)
        for number, ranking in enumerate(self.code.rankings):
            peers, figures = self.peers_at(ranking), values[self.whole.index(ranking.value)]
            who = None if peers is None else known.fixed[peers]
            place_all(ranking.ranked, ranking.is_in, figures, who, known.groups[ranking.ranked.within], ranked[number])
        spans = {each.window: table.span(each.window) for each in self.code.chances if each.window}
        chances = np.empty((len(self.code.chances), len(table)), dtype=np.uint8)
        self.weigh(range(len(self.code.chances)), columns, values, spans, chances)
        return known.fixed, ranked, chances

    def weigh(
        self,
        which: Iterable[int],
        columns: Sequence[Floats],
        values: Floats,
        spans: Mapping[Window, Span | None],
        out: do.Bytes,
    ) -> None:
        """Write the verdicts of some comparisons by probability to `out`, one after the other."""
        places = {column: place for place, column in enumerate(self.code.columns)}
        known: dict[tuple[str, Window | None, bool], Confidence] = {}
        for at, number in enumerate(which):
            chance = self.code.chances[number]
            key = chance.metric, chance.window, chance.matured
            if key not in known:
                span = spans[chance.window] if chance.window else None
                known[key] = confidence_of(*key, span, lambda column: columns[places[column]])
            with np.errstate(over="ignore"):
                threshold = chance.times * self._threshold(chance, values)
            found = known[key].reaches(chance.op, threshold, chance.min_probability)
            out[at] = np.where(np.isnan(found), do.UNKNOWN, np.where(found == 1, do.TRUE, do.FALSE))

    def _threshold(self, chance: Chance, values: Floats) -> Floats | float:
        return 1.0 if chance.threshold is None else values[self.whole.index(chance.threshold)]

    def answers(self, columns: Sequence[Floats], verdicts: do.Bytes) -> Verdicts:
        """Return what every rule says of rows, of their columns and of the verdicts of scopes, texts and ranks."""
        rows = verdicts.shape[1]
        width = -(-rows // self._tile) * (self._tile // _BITS)
        planes = [np.empty((len(self.rules), width), dtype=np.uint8) for _ in range(2)]
        starts = range(0, rows, self._tile)
        _in_threads(lambda part: self._tiles(part, columns, verdicts, *planes), starts)
        used = -(-rows // _BITS)
        return Verdicts(planes[0][:, :used], planes[1][:, :used], rows)

    def fired(self, table: Table, standing: Standing | None = None) -> tuple[Codes, Codes]:
        """Return rule and row of each verdict that is true."""
        return self.run(table, standing).fired()

    def columns_in(self, table: Table) -> list[Floats]:
        """Return the columns of the program in a table; targets that are not set are unknown."""
        nothing = np.full(len(table), np.nan)
        found = []
        for each in self.code.columns:
            if isinstance(each, Column) and each not in table.numbers:
                raise RuleError(f"The table has no column {each}. Known: {', '.join(map(str, table.numbers))}.")
            found.append(table.targets.get(each.name, nothing) if isinstance(each, Goal) else table.numbers[each])
        return found

    def workspace(self, width: int) -> "Workspace":
        """Return room for a tile of `width` rows, a multiple of eight."""
        code = self.code
        verdicts = np.zeros((code.depth, width), dtype=np.uint8)
        return Workspace(
            columns=np.zeros((len(code.columns), width)),
            stack=np.zeros((code.height, width)),
            places=np.zeros(width, dtype=np.int64),
            slots=np.zeros((code.slots, width), dtype=np.uint8),
            kept=np.zeros((len(code.values), width)),
            verdicts=verdicts,
            words=verdicts[0].view(np.uint64),
        )

    def whole_values(self, columns: Sequence[Floats], rows: int) -> Floats:
        """Return the figures that ranks and probabilities need of all rows, one row a figure."""
        values = np.empty((len(self.whole), rows))
        if self.whole:
            at = [self.code.values.index(value) for value in self.whole]
            room = self.workspace(self._tile)
            for start in range(0, rows, self._tile):
                width = room.take(columns, None, start, rows)
                room.figures(self.code, self.code.whole_steps, width)
                values[:, start : start + width] = room.kept[at, :width]
        return values

    def peers_at(self, ranking: Ranking) -> int | None:
        """Return the slot of the verdict that says who is a peer in a ranking; None where all are."""
        return None if ranking.scope is None else self.code.fixed.index(ranking.scope)

    def _tiles(
        self, starts: Iterable[int], columns: Sequence[Floats], verdicts: do.Bytes, true: do.Bytes, unknown: do.Bytes
    ) -> None:
        room = self.workspace(self._tile)
        for start in starts:
            width = room.take(columns, verdicts, start, verdicts.shape[1])
            room.answer(self.code, -(-width // _BITS) * _BITS, true, unknown, start // _BITS)


@dataclass(frozen=True)
class Workspace:
    """Room for one tile of rows."""

    columns: Floats
    stack: Floats
    places: do.Places
    slots: do.Bytes
    kept: Floats
    verdicts: do.Bytes
    words: do.Words

    def take(self, columns: Sequence[Floats], verdicts: do.Bytes | None, start: int, rows: int) -> int:
        """Copy a tile of columns and of given verdicts here, and return how many rows that are."""
        width: int = min(self.columns.shape[1], rows - start)
        for number, column in enumerate(columns):
            self.columns[number, :width] = column[start : start + width]
        if verdicts is not None:
            self.slots[: len(verdicts), :width] = verdicts[:, start : start + width]
            self.slots[: len(verdicts), width:] = do.FALSE
        return width

    def figures(self, code: Code, steps: do.Steps, width: int) -> None:
        """Do steps of figures over the first `width` rows."""
        do.figures(
            steps,
            code.constants,
            code.thresholds,
            code.lists,
            self.columns,
            width,
            self.stack,
            self.places,
            self.slots,
            self.kept,
        )

    def answer(self, code: Code, width: int, true: do.Bytes, unknown: do.Bytes, first: int) -> None:
        """Do all steps over the first `width` rows, and write the answers from byte `first` of the planes on."""
        self.figures(code, code.steps, width)
        do.logic(code.logic, self.slots, width, self.verdicts, self.words, true, unknown, first)


def compile_rules(rules: Iterable[Rule]) -> Program:
    """Return rules as a program."""
    return Program(list(rules))


def _in_threads(work: Any, starts: range) -> None:
    """Do work on parts of a table: half of it in a thread of its own where that is worth it."""
    if len(starts) * starts.step < _ROWS_WORTH_A_THREAD * _THREADS:
        work(starts)
        return
    middle = len(starts) // 2
    failed: list[BaseException] = []

    def second() -> None:
        try:
            work(starts[middle:])
        except BaseException as error:  # noqa: BLE001 # it is raised again by the one who waits
            failed.append(error)

    other = threading.Thread(target=second)
    other.start()
    try:
        work(starts[:middle])
    finally:
        other.join()
    if failed:
        raise failed[0]
