"""Finding the rows of insights from any place on, in blocks that are summed at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.sandbox.graph.filters import passes
from aibuyer_kit.sandbox.graph.insight_rows import Group, Rows
from aibuyer_kit.sandbox.graph.paging import Key, Place
from aibuyer_kit.sandbox.graph.question import Question
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.market.account import Account, Ad, Node
from aibuyer_kit.sandbox.market.arrays import Bools, Ints, as_ints
from aibuyer_kit.sandbox.market.people import HOURLY
from aibuyer_kit.sandbox.market.settings_log import DELETED
from aibuyer_kit.sandbox.market.sums import Cells, Span, Sums, joined

# So many ads and days are summed at once at most: a few megabytes.
_MOST_AD_DAYS = 100_000
# 13 months at their longest: the platform counts no people by breakdown for what began before.
_PEOPLE_BY_BREAKDOWN_DAYS = 396


@dataclass(frozen=True)
class Found:
    """One row that has something in it: where it lies in the sums of its block."""

    group: Group
    sums: Sums
    row: int
    column: int


@dataclass(frozen=True)
class _Piece:
    """An object and some days, with the key that they begin with."""

    key: Key
    node: Node
    days: DateRange
    span: Span


class Search:
    """Finds the rows that answer a question at a moment."""

    def __init__(self, view: View, question: Question) -> None:
        self._view = view
        self._question = question
        self._values, self._cells = _columns(question)
        self._metrics = [one for one in question.filters if one.is_metric]
        self._oldest_with_people = view.today.toordinal() - _PEOPLE_BY_BREAKDOWN_DAYS

    def find(self, place: Place, count: int) -> list[tuple[Key, Found]]:
        """Return up to `count` rows from a place on, in the order in which they are met."""
        if self._question.sort:
            return self._find_ranked(*self._question.sort, place, count)
        found: list[tuple[Key, Found]] = []
        for block in self._blocks(place, count):
            for key, one in self._in_block(block, place.backwards):
                if place.admits(key):
                    found.append((key, one))
            if len(found) >= count:
                break
        return found[:count]

    def rows(self, found: Sequence[Found]) -> Rows:
        """Return what the fields of rows are read from."""
        groups = [one.group for one in found]
        blocks = [
            (sums, [one for one in found if one.sums is sums])
            for sums in {id(one.sums): one.sums for one in found}.values()
        ]
        taken = [
            sums.take(as_ints([one.row for one in own]), as_ints([one.column for one in own])) for sums, own in blocks
        ]
        return Rows(self._view, groups, joined(taken), self._question.windows, self._question.action_breakdowns)

    def _find_ranked(self, metric: str, descending: bool, place: Place, count: int) -> list[tuple[Key, Found]]:
        """Return rows by their rank in the order asked for; a rank is their key."""
        everything = [one for _, one in self.find_all()]
        everything.sort(key=lambda one: one.sums.figures(one.row, one.column)[metric], reverse=descending)
        ranked: list[tuple[Key, Found]] = [((f"{rank:09d}",), one) for rank, one in enumerate(everything)]
        ordered = reversed(ranked) if place.backwards else ranked
        return [pair for pair in ordered if place.admits(pair[0])][:count]

    def find_all(self) -> Iterator[tuple[Key, Found]]:
        """Yield every row."""
        for block in self._blocks(Place(), len(self._values) * _MOST_AD_DAYS):
            yield from self._in_block(block, backwards=False)

    def _in_block(self, block: Sequence[_Piece], backwards: bool) -> Iterator[tuple[Key, Found]]:
        with_claims = self._question.with_claims
        spans = [piece.span for piece in block]
        sums = self._view.market.sums(spans, self._view.at_us, self._cells, with_claims=with_claims)
        filled = np.argwhere(self._filled(sums)).tolist()
        if backwards:
            # The pieces of the block are in reverse already.
            filled.sort(key=lambda place: (place[0], -place[1]))
        for row, column in filled:
            if self._admits(sums, row, column):
                values, piece = self._values[column], block[row]
                yield (*piece.key, *values), Found(self._group(piece, values), sums, row, column)

    def _filled(self, sums: Sums) -> Bools:
        filled = (sums.spend_minor > 0) | (sums.impressions > 0)
        for claims in (sums.leads, sums.purchases, sums.carts):
            filled |= claims.any(axis=2)
        return filled

    def _admits(self, sums: Sums, row: int, column: int) -> bool:
        if not self._metrics:
            return True
        figures = sums.figures(row, column)
        return all(one.admits_row(figures, self._view.account.minor_per_unit) for one in self._metrics)

    def _group(self, piece: _Piece, values: Sequence[str]) -> Group:
        breakdowns = dict(zip(self._question.breakdowns, values, strict=True))
        counted = not breakdowns or (
            self._question.family is not HOURLY and piece.days.since.toordinal() >= self._oldest_with_people
        )
        return Group(piece.node, piece.days, breakdowns, counted)

    def _blocks(self, place: Place, count: int) -> Iterator[list[_Piece]]:
        """Yield blocks of pieces from a place on: enough for the rows asked for, unless that is too much at once."""
        wanted = count // len(self._values) + 1
        block: list[_Piece] = []
        size = 0
        for piece in self._pieces(place):
            block.append(piece)
            size += len(piece.span.places) * max(1, piece.span.last - piece.span.first + 1)
            if len(block) >= wanted or size * len(self._values) >= _MOST_AD_DAYS * 8:
                yield block
                block, size = [], 0
        if block:
            yield block

    def _pieces(self, place: Place) -> Iterator[_Piece]:
        """Yield objects and days whose rows may lie behind a place, or, backwards, before it."""
        at_us, market, turn = self._view.at_us, self._view.market, reversed if place.backwards else iter
        for node, ads in turn(self._by_level()):
            if not _may_hold(place, (node.id,)) or self._is_left_out(node):
                continue
            places = market.places(ads)
            for name, days in turn(self._question.pieces):
                key = (node.id, name)
                if _may_hold(place, key):
                    yield _Piece(key, node, days, market.span(places, days, at_us))

    def _by_level(self) -> list[tuple[Node, tuple[Ad, ...]]]:
        """Return the objects of the level asked for, in the order of their ids, with the ads that they are about."""
        node, market = self._question.node, self._view.market
        ads: Sequence[Ad] = (node,) if isinstance(node, Ad) else node.ads
        if self._question.filters:
            ads = [ad for ad in ads if passes(self._view, self._question.filters, ad)]
        match self._question.level:
            case Level.ACCOUNT:
                return [(self._view.account, tuple(ads))] if ads else []
            case Level.AD:
                return [(ad, (ad,)) for ad in ads]
            case level:
                own_id = attrgetter("campaign_id" if level == Level.CAMPAIGN else "adset_id")
                grouped = [(market.find(object_id), tuple(own)) for object_id, own in groupby(ads, own_id)]
        return [(each, own) for each, own in grouped if each]

    def _is_left_out(self, node: Node) -> bool:
        """Whether insights of a wider object leave this one out: deleted ones, unless a status is asked for."""
        if isinstance(node, Account) or node.id == self._question.node.id:
            return False
        by_status = any(one.name == "effective_status" for one in self._question.filters)
        return not by_status and self._view.is_gone(node, DELETED)


def _may_hold(place: Place, key: Key) -> bool:
    """Whether rows whose keys begin with `key` may be admitted."""
    start = place.key[: len(key)]
    return key <= start if place.backwards else key >= start


def _columns(question: Question) -> tuple[Sequence[tuple[str, ...]], Cells | None]:
    """Return the values of the breakdowns asked for, a column each, and which cells they are made of."""
    family = question.family
    if family is None:
        return [()], None
    places = [family.names.index(name) for name in question.breakdowns]
    of_cell = [tuple(cell[place] for place in places) for cell in family.cells]
    values = sorted(set(of_cell))
    number: Mapping[tuple[str, ...], int] = {value: column for column, value in enumerate(values)}
    of: Ints = as_ints([number[value] for value in of_cell])
    return values, Cells(family, of, len(values))
