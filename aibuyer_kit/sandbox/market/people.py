"""Who sees an ad and where: the ways in which the platform breaks its figures down, and each ad set's own mixture."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from aibuyer_kit.sandbox.market.account import AdSet
from aibuyer_kit.sandbox.market.arrays import Floats, Ints, as_floats, as_ints
from aibuyer_kit.sandbox.market.draws import uniforms

# Shares are whole parts of ONE, so that cutting a number is exact.
ONE_BITS = 20
ONE = 1 << ONE_BITS

# Rows of rising parts of ONE, the last of which is ONE.
Cumulative = Ints


@dataclass(frozen=True)
class Family:
    """Cells that together hold everything; where they are `apart`, each person is in one cell only."""

    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    weights: tuple[float, ...]
    apart: bool = True


@dataclass(frozen=True)
class Mixture:
    """Shares of a family's cells, by what is counted: one row for each ad set, or for each ad and day.

    `audience` is the people of each cell.
    """

    spend: Cumulative
    views: Cumulative
    clicks: Cumulative
    results: Cumulative
    audience: Ints

    def take(self, rows: Ints) -> "Mixture":
        """Return the mixtures of some rows."""
        spend, views, clicks, results = (one[rows] for one in (self.spend, self.views, self.clicks, self.results))
        return Mixture(spend, views, clicks, results, self.audience[rows])

    def with_rows(self, other: "Mixture") -> "Mixture":
        """Return these rows and, behind them, others."""
        own, more = ((one.spend, one.views, one.clicks, one.results, one.audience) for one in (self, other))
        return Mixture(*(np.concatenate(pair) for pair in zip(own, more, strict=True)))


def _family(names: tuple[str, ...], weights: Mapping[tuple[str, ...], float], *, apart: bool = True) -> Family:
    return Family(names, tuple(weights), tuple(weights.values()), apart)


_AGES = {"18-24": 0.16, "25-34": 0.27, "35-44": 0.24, "45-54": 0.16, "55-64": 0.1, "65+": 0.07}
_GENDERS = {"female": 0.52, "male": 0.45, "unknown": 0.03}
_PLACES: Mapping[tuple[str, ...], float] = {
    ("facebook", "feed"): 0.3,
    ("facebook", "facebook_reels"): 0.12,
    ("facebook", "facebook_stories"): 0.06,
    ("facebook", "marketplace"): 0.05,
    ("instagram", "feed"): 0.19,
    ("instagram", "instagram_reels"): 0.13,
    ("instagram", "instagram_stories"): 0.09,
    ("audience_network", "an_classic"): 0.04,
    ("messenger", "messenger_stories"): 0.02,
}

AGE_GENDER = _family(
    ("age", "gender"), {(age, gender): _AGES[age] * _GENDERS[gender] for age, gender in product(_AGES, _GENDERS)}
)
COUNTRY = _family(("country",), {("UA",): 0.7, ("PL",): 0.16, ("DE",): 0.09, ("CZ",): 0.05})
PLACEMENT = _family(("publisher_platform", "platform_position"), _PLACES, apart=False)
_REGIONS = {
    "Kyiv": 0.3,
    "Lviv Oblast": 0.18,
    "Odesa Oblast": 0.16,
    "Masovian Voivodeship": 0.16,
    "Berlin": 0.12,
    "Prague": 0.08,
}
REGION = _family(("region",), {(name,): weight for name, weight in _REGIONS.items()})
# The device that an ad was seen on, and the kind of surface that this is.
DEVICE = _family(
    ("device_platform", "impression_device"),
    {
        ("mobile_app", "android_smartphone"): 0.44,
        ("mobile_app", "iphone"): 0.33,
        ("mobile_web", "android_smartphone"): 0.05,
        ("mobile_web", "iphone"): 0.03,
        ("mobile_app", "ipad"): 0.03,
        ("desktop", "desktop"): 0.12,
    },
    apart=False,
)
HOUR_NAME = "hourly_stats_aggregated_by_advertiser_time_zone"
HOURLY = Family(
    (HOUR_NAME,), tuple((f"{hour:02d}:00:00 - {hour:02d}:59:59",) for hour in range(24)), (1.0,) * 24, apart=False
)

# What may be asked for together, and the family that answers.
BREAKDOWNS: Mapping[tuple[str, ...], Family] = {
    ("age",): AGE_GENDER,
    ("gender",): AGE_GENDER,
    ("age", "gender"): AGE_GENDER,
    ("country",): COUNTRY,
    ("region",): REGION,
    ("device_platform",): DEVICE,
    ("impression_device",): DEVICE,
    ("publisher_platform",): PLACEMENT,
    ("publisher_platform", "platform_position"): PLACEMENT,
    (HOUR_NAME,): HOURLY,
}


def mixtures(adsets: Sequence[AdSet], family: Family, seed: int) -> Mixture:
    """Return each ad set's own shares, a row each: the common ones, tilted by draws that differ by what is counted."""
    people = _tilted(as_floats(family.weights), adsets, family, seed, "people", 1.6)
    views = _tilted(people, adsets, family, seed, "views", 1.25)
    audience = as_floats([adset.audience for adset in adsets])[:, None] * people / people.sum(axis=1, keepdims=True)
    return Mixture(
        spend=cumulative(_tilted(views, adsets, family, seed, "price", 1.2)),
        views=cumulative(views),
        clicks=cumulative(_tilted(views, adsets, family, seed, "clicks", 1.3)),
        results=cumulative(_tilted(views, adsets, family, seed, "results", 1.5)),
        audience=np.maximum(1, audience.astype(np.int64)),
    )


class Mixtures:
    """The mixtures of one family, drawn for an ad set when it is first asked for."""

    def __init__(self, family: Family, seed: int) -> None:
        self._family = family
        self._seed = seed
        self._rows: dict[str, int] = {}
        self._kept = mixtures((), family, seed)

    def of(self, places: Ints, adset_ids: Sequence[str], adset_of: Callable[[str], AdSet]) -> Mixture:
        """Return a row for each of `places`, at which `adset_ids` has the ad sets."""
        asked, where = np.unique(places, return_inverse=True)
        ids = [adset_ids[place] for place in asked.tolist()]
        if new := [adset_id for adset_id in ids if adset_id not in self._rows]:
            self._rows |= {adset_id: len(self._rows) + number for number, adset_id in enumerate(new)}
            self._kept = self._kept.with_rows(mixtures([adset_of(each) for each in new], self._family, self._seed))
        return self._kept.take(as_ints([self._rows[adset_id] for adset_id in ids])[where])


def cumulative(weights: Floats) -> Cumulative:
    """Return the running sums of rows of weights as parts of ONE.

    >>> (cumulative(as_floats([[1, 1, 2]])) == [[ONE // 4, ONE // 2, ONE]]).all()
    np.True_
    """
    running = weights.cumsum(axis=-1)
    shares: Ints = (running * ONE / running[..., -1:]).astype(np.int64)
    shares[..., -1] = ONE
    return shares


def cut(numbers: Ints, shares: Cumulative, phase: Ints) -> Ints:
    """Return each number as a row of whole numbers that add up to it, each less than 1 from its share.

    `phase`, from 0 to ONE - 1, says where the rounding falls: without it, a lone result would always go to the last.

    >>> cut(as_ints([10, 1]), cumulative(as_floats([[1, 1, 2], [1, 1, 0]])), as_ints([0, ONE // 2])).tolist()
    [[2, 3, 5], [1, 0, 0]]
    """
    bounds = (numbers[:, None] * shares + phase[:, None]) >> ONE_BITS
    bounds[:, 1:] -= bounds[:, :-1].copy()
    return bounds


def _tilted(weights: Floats, adsets: Sequence[AdSet], family: Family, seed: int, what: str, most: float) -> Floats:
    names = [(adset.id, adset.name, *family.names, what) for adset in adsets]
    draws = uniforms(len(family.cells), seed, names)
    return weights * np.exp((2 * draws - 1) * math.log(most))
