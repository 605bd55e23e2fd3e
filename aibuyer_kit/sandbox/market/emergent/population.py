"""Who can be reached: people in cells, each of which belongs to one ad set's audience or to two that overlap.

An audience is a union of whole cells, so that what one ad set does to the people of a cell is felt by the other and by
nobody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from aibuyer_kit.sandbox.market.account import BASKET_UNITS, AdSet
from aibuyer_kit.sandbox.market.arrays import Floats, Groups, Ints, as_floats, as_ints
from aibuyer_kit.sandbox.market.draws import between, log_between, uniform
from aibuyer_kit.sandbox.market.emergent.rules import Rules

# Cells share the day's luck of prices and demand by group.
GROUPS = 8


@dataclass(frozen=True)
class AudienceKind:
    """What people of one kind of audience have in common.

    `in_market` is the share that is in the market at rest, `organic` the share of
    those that buys without any ad; `persuasion`, `price` and `tolerance` are beside the world's usual ones. `in_window`
    is the share of results that falls into the windows of attribution.
    """

    in_market: float
    organic: float
    persuasion: float
    price: float
    in_window: float
    tolerance: float = 1.0


AUDIENCES: Mapping[str, AudienceKind] = {
    "broad": AudienceKind(0.0026, 0.1, 1.0, 0.85, 0.72, 0.8),
    "lookalike": AudienceKind(0.0034, 0.2, 1.0, 1.0, 0.8),
    "interest": AudienceKind(0.0032, 0.2, 1.0, 1.0, 0.8),
    # Those who were on the site or had a full cart: many would buy anyway.
    "retargeting": AudienceKind(0.015, 0.27, 0.35, 1.4, 0.98, 7.0),
}
# Neighbours of other campaigns overlap less than those of one.
_ACROSS_CAMPAIGNS = 0.4


@dataclass(frozen=True)
class Population:
    """Columns by cell, with the ad sets that reach it in two slots, the second of which may be empty.

    `slots` has the place of an ad set, or the number of ad sets for none. People are a number, `traffic` auctions a
    person and day, `price` the rivals' scale per impression in currency units; `inflow` (share of people a day who come
    into the market), `leave` and `organic` (a day, of those in it). `value` is what those buy whom no ad had to
    persuade, in currency units. `fit` is how well each slot's ad set fits.
    """

    adsets: tuple[str, ...]
    slots: Ints
    people: Floats
    price: Floats
    inflow: Floats
    leave: Floats
    organic: Floats
    group: Ints
    value: Floats
    fit: Floats
    persuasion: Floats
    in_window: Floats
    tolerance: Floats
    # By ad set: the rivals' price as a multiple of the usual one.
    dearness: Floats
    audience: Floats

    @cached_property
    def _by_adset(self) -> Groups:
        return Groups(self.slots.ravel(), len(self.adsets) + 1)

    def of_adsets(self, by_slot: Floats) -> Floats:
        """Return sums by ad set of figures by slot and cell; further axes stay."""
        return self._by_adset.sums(by_slot.reshape(-1, *by_slot.shape[2:]))[:-1]

    def to_slots(self, by_adset: Floats) -> Floats:
        """Return figures by ad set as figures by slot and cell; an empty slot gets 0."""
        padded = np.concatenate([by_adset, np.zeros((1, *by_adset.shape[1:]))])
        found: Floats = padded[self.slots]
        return found


@dataclass(frozen=True)
class _Cell:
    """One cell before it is a row: the ad sets' places, and the share of the smaller audience that it holds."""

    members: tuple[int, ...]
    people: float


def cells_of(population: Population) -> list[tuple[str, ...]]:
    """Return the ids of the ad sets that reach each cell: no two cells have the same."""
    names = (*population.adsets, "")
    return [tuple(names[place] for place in pair if names[place]) for pair in population.slots.T]


def populate(adsets: Sequence[AdSet], rules: Rules, seed: int) -> Population:
    """Return the people whom ad sets can reach: the same for an ad set and its neighbours whoever comes behind."""
    sizes = as_floats([adset.audience for adset in adsets])
    shared = _shared(adsets, sizes, rules.people.overlap)
    own = sizes.copy()
    for cell in shared:
        own[list(cell.members)] -= cell.people
    cells = [_Cell((place,), float(people)) for place, people in enumerate(own)] + shared
    draws = [_Drawn(adset, rules, seed) for adset in adsets]
    return _as_columns(adsets, sizes, cells, draws, rules)


def _shared(adsets: Sequence[AdSet], sizes: Floats, overlap: float) -> list[_Cell]:
    """Return the cells that neighbours share: each gives at most half of `overlap` of its people to either side.

    The warm overlap with the warm, the others with the others.
    """
    found = []
    for are_warm in (False, True):
        places = [place for place, adset in enumerate(adsets) if (adset.plan.audience == "retargeting") == are_warm]
        for one, other in pairwise(places):
            kinship = 1.0 if adsets[one].campaign_id == adsets[other].campaign_id else _ACROSS_CAMPAIGNS
            people = float(int(overlap / 2 * kinship * min(sizes[one], sizes[other])))
            if people:
                found.append(_Cell((one, other), people))
    return found


class _Drawn:
    """What is drawn of one ad set's people, by its own names."""

    def __init__(self, adset: AdSet, rules: Rules, seed: int) -> None:
        kind, spread = AUDIENCES[adset.plan.audience], rules.auctions.spread
        self.in_market = rules.people.in_market * kind.in_market * log_between(0.75, 1.33, seed, adset.id, "in market")
        self.organic = min(0.95, rules.people.organic * kind.organic * between(0.8, 1.2, seed, adset.id, "organic"))
        self.dearness = kind.price * log_between(1 / spread, spread, seed, adset.id, "price")
        self.price = rules.auctions.cpm / 1000 * self.dearness
        self.fit = log_between(0.9, 1.12, seed, adset.id, "fit")
        self.persuasion = rules.attention.persuasion * kind.persuasion * log_between(0.72, 1.39, seed, adset.id, "aim")
        self.in_window = kind.in_window
        self.tolerance = rules.attention.tolerance * kind.tolerance
        basket = between(*BASKET_UNITS, seed, adset.id, "basket")
        self.value = rules.lead_value if adset.brings_leads else basket
        self.group = int(GROUPS * uniform(seed, adset.id, "group"))


def _as_columns(
    adsets: Sequence[AdSet], sizes: Floats, cells: Sequence[_Cell], draws: Sequence[_Drawn], rules: Rules
) -> Population:
    nobody = len(adsets)
    slots = as_ints([[cell.members[0] for cell in cells], [(*cell.members, nobody)[1] for cell in cells]])

    def mean(name: str) -> Floats:
        return as_floats([sum(getattr(draws[one], name) for one in cell.members) / len(cell.members) for cell in cells])

    def by_slot(name: str) -> Floats:
        return as_floats([*(getattr(one, name) for one in draws), 0.0])[slots]

    leave = 1 / rules.people.interest_days
    return Population(
        adsets=tuple(adset.id for adset in adsets),
        slots=slots,
        people=np.maximum(1.0, as_floats([cell.people for cell in cells])),
        # A little win costs GAMMA / 2 of the rivals' scale: so that this is the price that the rules speak of.
        price=mean("price") / (GAMMA / 2),
        inflow=mean("in_market") * leave,
        leave=np.full(len(cells), leave),
        organic=mean("organic") * leave,
        group=as_ints([draws[cell.members[0]].group for cell in cells]),
        value=mean("value"),
        fit=by_slot("fit"),
        persuasion=by_slot("persuasion"),
        in_window=by_slot("in_window"),
        tolerance=mean("tolerance"),
        dearness=as_floats([one.dearness for one in draws]),
        audience=sizes,
    )


# The mean of a Frechet distribution with shape 2 and scale 1: the square root of pi.
GAMMA = float(np.sqrt(np.pi))
