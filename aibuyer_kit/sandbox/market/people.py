"""Who sees an ad and where: the ways in which the platform breaks its figures down, and each ad set's own mixture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, product

from aibuyer_kit.sandbox.market.account import AdSet
from aibuyer_kit.sandbox.market.draws import log_between

# Shares are whole parts of ONE, so that cutting a number is exact.
ONE_BITS = 20
ONE = 1 << ONE_BITS

# Rising parts of ONE, the last of which is ONE.
Cumulative = tuple[int, ...]


@dataclass(frozen=True)
class Family:
    """Cells that together hold everything; where they are `apart`, each person is in one cell only."""

    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    weights: tuple[float, ...]
    apart: bool = True


@dataclass(frozen=True)
class Mixture:
    """An ad set's shares of a family's cells, by what is counted; `audience` is the people of each cell."""

    spend: Cumulative
    views: Cumulative
    clicks: Cumulative
    results: Cumulative
    audience: tuple[int, ...]


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
    ("publisher_platform",): PLACEMENT,
    ("publisher_platform", "platform_position"): PLACEMENT,
    (HOUR_NAME,): HOURLY,
}


def mixture(adset: AdSet, family: Family, seed: int) -> Mixture:
    """Return an ad set's own shares: the common ones, tilted by draws that differ by what is counted."""
    people = _tilted(family.weights, adset, family, seed, "people", 1.6)
    views = _tilted(people, adset, family, seed, "views", 1.25)
    return Mixture(
        spend=cumulative(_tilted(views, adset, family, seed, "price", 1.2)),
        views=cumulative(views),
        clicks=cumulative(_tilted(views, adset, family, seed, "clicks", 1.3)),
        results=cumulative(_tilted(views, adset, family, seed, "results", 1.5)),
        audience=tuple(max(1, int(adset.audience * share / sum(people))) for share in people),
    )


def cumulative(weights: Sequence[float]) -> Cumulative:
    """Return the running sums of weights as parts of ONE.

    >>> cumulative([1, 1, 2]) == (ONE // 4, ONE // 2, ONE)
    True
    """
    total = sum(weights)
    return (*(int(running * ONE / total) for running in list(accumulate(weights))[:-1]), ONE)


def cut(number: int, shares: Cumulative, phase: int) -> list[int]:
    """Return whole numbers that add up to `number`, each less than 1 from its share.

    `phase`, from 0 to ONE - 1, says where the rounding falls: without it, a lone result would always go to the last.

    >>> cut(10, cumulative([1, 1, 2]), 0), cut(1, cumulative([1, 1]), ONE // 2)
    ([2, 3, 5], [1, 0])
    """
    bounds = [(number * share + phase) >> ONE_BITS for share in shares]
    return [bound - before for bound, before in zip(bounds, [0, *bounds[:-1]], strict=True)]


def _tilted(
    weights: Sequence[float], adset: AdSet, family: Family, seed: int, what: str, most: float
) -> tuple[float, ...]:
    return tuple(
        weight * log_between(1 / most, most, seed, adset.id, adset.name, what, *cell)
        for weight, cell in zip(weights, family.cells, strict=True)
    )
