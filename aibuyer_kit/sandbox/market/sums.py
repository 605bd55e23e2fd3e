"""Sums over ads and days, many at once, each cut into the cells of a family; people are counted once, not added up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from aibuyer_kit.sandbox.market.arrays import Floats, Ints, as_ints, starts_of_runs
from aibuyer_kit.sandbox.market.claims import CLAIM_KEYS, claimed_steps, from_steps
from aibuyer_kit.sandbox.market.ledger import Delivered
from aibuyer_kit.sandbox.market.parts import Cutter
from aibuyer_kit.sandbox.market.people import Family, Mixture
from aibuyer_kit.sandbox.market.response import people_reached
from aibuyer_kit.sandbox.market.roster import Roster


@dataclass(frozen=True)
class Span:
    """What one sum is over: ads by their places, ad set by ad set, and days by number, the last included."""

    places: Ints
    first: int
    last: int


@dataclass(frozen=True)
class Sums:
    """One row a span, one column a cell; claims have CLAIM_KEYS as a third axis, and are empty unless asked for."""

    spend_minor: Ints
    impressions: Ints
    clicks: Ints
    link_clicks: Ints
    reach: Ints
    leads: Ints
    purchases: Ints
    carts: Ints
    purchase_values_minor: Ints

    def take(self, rows: Ints, columns: Ints) -> "Sums":
        """Return some sums, each as a row with one column."""
        return Sums(*(each[rows, columns][:, None] for each in self.columns))

    def figures(self, row: int, column: int) -> dict[str, int]:
        """Return the plain metrics of one sum; spend in minor units."""
        columns = {
            "spend": self.spend_minor,
            "impressions": self.impressions,
            "clicks": self.clicks,
            "reach": self.reach,
        }
        return {name: int(each[row, column]) for name, each in columns.items()}

    @property
    def columns(self) -> tuple[Ints, ...]:
        plain = (self.spend_minor, self.impressions, self.clicks, self.link_clicks, self.reach)
        return (*plain, self.leads, self.purchases, self.carts, self.purchase_values_minor)


def joined(parts: Sequence[Sums]) -> Sums:
    """Return the rows of one after those of the other."""
    if len(parts) == 1:
        return parts[0]
    return Sums(*(np.concatenate(columns) for columns in zip(*(part.columns for part in parts), strict=True)))


@dataclass(frozen=True)
class Cells:
    """The columns of a sum: each is made of some cells of a family; `of` is the column of each cell."""

    family: Family
    of: Ints
    count: int


def flat(spans: Sequence[Span]) -> tuple[Ints, Ints, Ints]:
    """Return the number of the span, the ad's place and the day of every ad and day; span by span, ad by ad."""
    ads = as_ints([len(span.places) for span in spans])
    days = as_ints([max(0, span.last - span.first + 1) for span in spans])
    sizes = ads * days
    numbers = np.repeat(np.arange(len(spans)), sizes)
    within = np.arange(int(sizes.sum())) - np.repeat(sizes.cumsum() - sizes, sizes)
    all_places = np.concatenate([span.places for span in spans]) if spans else as_ints([])
    places = all_places[(ads.cumsum() - ads)[numbers] + within // days[numbers]]
    return numbers, places, as_ints([span.first for span in spans])[numbers] + within % days[numbers]


# Gives the shares of ads (by place) and days (as ordinals).
MixtureOf = Callable[[Ints, Ints], Mixture]


def summed(
    numbers: Ints,
    count: int,
    delivered: Delivered,
    roster: Roster,
    known_share: Floats | None,
    cut_by: tuple[Cells, MixtureOf] | None = None,
) -> Sums:
    """Return `count` sums over ads and days that lie sum by sum; without `known_share`, without claims."""
    kept = np.flatnonzero(delivered.spend_minor)
    some = delivered.take(kept)
    cells = cut_by[0] if cut_by else None
    cutter = Cutter(cut_by[1](some.places, some.ordinals), roster.phase[some.places], some.ordinals) if cut_by else None
    add = _Adder(count, numbers[kept], roster.adset[some.places], cells, roster)
    plain = _plain(add, some, roster, cutter)
    if known_share is None:
        return Sums(*plain, *[np.zeros((count, add.columns, len(CLAIM_KEYS)), np.int64)] * 4)
    known = some.final_results * known_share[kept]
    return Sums(*plain, *_claims(add, some, known, roster, cutter))


def _plain(add: "_Adder", some: Delivered, roster: Roster, cutter: Cutter | None) -> list[Ints]:
    """Return spend, impressions, clicks, link clicks and the people reached."""
    if cutter is None:
        figures = (some.spend_minor, some.impressions, some.clicks, some.link_clicks)
        spend, seen, clicks, links = (each[:, None] for each in figures)
        people = add.people(seen, roster.audience[roster.adset[some.places]][:, None])
    else:
        spend = cutter.spend(some.spend_minor)
        seen, clicks, links = cutter.seen(some.impressions, some.clicks, some.link_clicks)
        people = add.people(seen, cutter.shares.audience)
    return [*(add.up(each) for each in (spend, seen, clicks, links)), people]


def _claims(add: "_Adder", some: Delivered, known: Floats, roster: Roster, cutter: Cutter | None) -> list[Ints]:
    """Return leads, purchases, carts and the purchases' values; an ad brings either leads or purchases."""

    def steps(rows: Ints, exact: Floats, kind: str) -> list[Ints]:
        places, ordinals = some.places[rows], some.ordinals[rows]
        found = claimed_steps(exact, kind, roster.view_share[places], roster.phase[places], ordinals)
        return cutter.take(rows).steps(found) if cutter else [each[:, None] for each in found]

    brings_leads = roster.brings_leads[some.places]
    of_leads, of_sales = np.flatnonzero(brings_leads), np.flatnonzero(~brings_leads)
    add_leads, add_sales = add.only(of_leads), add.only(of_sales)
    purchases = steps(of_sales, known[of_sales], "result")
    value_minor = roster.value_minor[some.places[of_sales]][:, None]
    carts = steps(of_sales, known[of_sales] * roster.carts_per_result[some.places[of_sales]], "cart")
    return [
        from_steps([add_leads.up(each) for each in steps(of_leads, known[of_leads], "result")]),
        from_steps([add_sales.up(each) for each in purchases]),
        from_steps([add_sales.up(each) for each in carts]),
        from_steps([add_sales.up(each * value_minor) for each in purchases]),
    ]


class _Adder:
    """Adds rows that lie sum by sum, and within one ad set by ad set, and cells that lie in one column."""

    def __init__(self, count: int, numbers: Ints, adsets: Ints, cells: Cells | None, roster: Roster) -> None:
        self.count = count
        self._roster = roster
        self.columns = cells.count if cells else 1
        self._cells = cells
        self._keys = (numbers, adsets)
        self._starts = starts_of_runs(numbers)
        self._numbers = numbers[self._starts]
        self._audience_starts = starts_of_runs(numbers, adsets)
        self._audience_numbers = numbers[self._audience_starts]

    def only(self, rows: Ints) -> "_Adder":
        """Return one for some of the rows."""
        numbers, adsets = self._keys
        return _Adder(self.count, numbers[rows], adsets[rows], self._cells, self._roster)

    def up(self, rows: Ints) -> Ints:
        """Return the sums of rows of cells."""
        total: Ints = np.zeros((self.count, self.columns, *rows.shape[2:]), np.int64)
        if len(rows):
            total[self._numbers] = self._merged(np.add.reduceat(rows, self._starts, axis=0))
        return total

    def people(self, seen: Ints, cell_audience: Ints) -> Ints:
        """Return the people who saw something, each counted once in a sum, and in each cell where these lie apart."""
        total: Ints = np.zeros((self.count, self.columns), np.int64)
        if not len(seen):
            return total
        starts = self._audience_starts
        adsets = self._keys[1][starts]
        audience = self._roster.audience[adsets][:, None]
        shown = np.add.reduceat(seen, starts, axis=0)
        lies_apart = self._cells is None or self._cells.family.apart
        there, shown = (cell_audience[starts], shown) if lies_apart else (audience, self._merged(shown))
        reached = people_reached(there, shown)
        reached_once = reached - self._seen_by_both(adsets, reached, there, audience)
        if lies_apart:
            reached_once = self._merged(reached_once)
        first = starts_of_runs(self._audience_numbers)
        total[self._audience_numbers[first]] = np.add.reduceat(reached_once, first, axis=0)
        return total

    def _seen_by_both(self, adsets: Ints, reached: Ints, there: Ints, audience: Ints) -> Ints:
        """Return, of those whom an ad set reached, whom its neighbour in the same sum reached too.

        Who of the people of both saw the one is independent of who saw the other.
        """
        neighbour, found = self._roster.neighbour[adsets], np.zeros_like(reached)
        places = len(self._roster.adset_ids)
        keys = self._audience_numbers * places + adsets
        rows = np.flatnonzero(neighbour >= 0)
        others = np.minimum(
            np.searchsorted(keys, self._audience_numbers[rows] * places + neighbour[rows]), len(keys) - 1
        )
        both = keys[others] == self._audience_numbers[rows] * places + neighbour[rows]
        rows, others = rows[both], others[both]
        share = reached / np.maximum(there, 1)
        people = self._roster.shared[adsets[rows]][:, None] * (there[rows] / audience[rows])
        found[rows] = np.floor(people * share[rows] * share[others]).astype(np.int64)
        return found

    def _merged(self, rows: Ints) -> Ints:
        """Return rows by column instead of by cell."""
        if self._cells is None or self.columns == rows.shape[1]:
            return rows
        return np.stack([rows[:, self._cells.of == column].sum(axis=1) for column in range(self.columns)], axis=1)
