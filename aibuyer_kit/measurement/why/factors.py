"""What each object's figure is a product of, in both periods: how much of each measure one of the one before brings."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aibuyer_kit.features.windows import Bools, Floats
from aibuyer_kit.measurement.why.arrays import divided
from aibuyer_kit.measurement.why.chain import Chain, driver_of


@dataclass(frozen=True)
class PeriodSums:
    """Sums of one period by object, money in micros, NaN where one is not known.

    `known_share` is which share of the final results of each object was known. Where one of two periods does not tell
    (NaN), nothing is said of what has yet to arrive.
    """

    measures: Mapping[str, Floats]
    known_share: Floats
    days: int = 1


@dataclass(frozen=True)
class Factors:
    """Factors of each object: `values` is (2 periods, factors, objects), one row for each of `drivers`.

    `base` is (2, objects). The product of base and factors, and `outside`, which came in a period without any of the
    base, add up to the target. `spread` is the variance of each factor that counts of chance events would have anyway.
    `merged` are the measures that an object's chain goes without, (links, objects).
    """

    drivers: tuple[str, ...]
    values: Floats
    base: Floats
    outside: Floats
    spread: Floats
    merged: Bools


def factors_of(chain: Chain, before: PeriodSums, after: PeriodSums) -> Factors:
    """Return the factors of every object.

    A rate that a period does not tell (nothing was spent, nobody clicked) is that of the other period, so that the
    change stands where it came from. A measure that is not known, or is zero though more came of it, is left out of
    the object's chain, and the next rate is per unit of the one before.
    """
    pair = before, after
    base = np.nan_to_num(_both(pair, chain.base))
    rooted = base != 0
    target = _both(pair, chain.target) if chain.links else base
    links = [np.where(rooted, _both(pair, link), 0.0) for link in chain.links]
    used = _usable(links)
    shares = np.stack([each.known_share for each in pair])
    shares = np.where(np.isfinite(shares).all(axis=0), shares, 1.0)
    drivers: list[str] = []
    values, spread, last = [], [], base
    for place, link in enumerate(chain.links):
        amount = np.where(used[place], links[place], last)
        share = np.where(used[place], shares, 1.0) if link == "results" else np.ones_like(base)
        rate = _told_by_either(divided(amount, last * share))
        drivers.append(driver_of(link))
        values.append(np.where(used[place], rate, 1.0))
        spread.append(_spread(link, amount, last * share, rate) * used[place])
        if link == "results":
            drivers.append("maturity")
            values.append(share)
            spread.append(np.zeros_like(base))
        last = amount
    shape = (2, 0, base.shape[1])
    return Factors(
        drivers=tuple(drivers),
        values=np.stack(values, axis=1) if values else np.empty(shape),
        base=base,
        outside=np.where(rooted, 0.0, target) if chain.links else np.zeros_like(base),
        spread=np.stack(spread, axis=1) if spread else np.empty(shape),
        merged=~used,
    )


def _both(pair: tuple[PeriodSums, PeriodSums], name: str) -> Floats:
    return np.stack([each.measures[name] for each in pair]).astype(np.float64)


def _usable(links: list[Floats]) -> Bools:
    """Return which links an object's chain goes through: known in both periods, and not zero where more came of it."""
    used = np.ones((len(links), links[0].shape[1] if links else 0), dtype=np.bool_)
    if not links:
        return used
    later = links[-1] != 0
    for place in range(len(links) - 2, -1, -1):
        amount = links[place]
        used[place] = (np.isfinite(amount) & ~((amount == 0) & later)).all(axis=0)
        later = later | ((amount != 0) & used[place])
    return used


def _told_by_either(rate: Floats) -> Floats:
    """Return rates of both periods: one that a period does not tell is that of the other, or 1 where none does."""
    other = np.where(np.isnan(rate), rate[::-1], rate)
    return np.where(np.isnan(other), 1.0, other)


def _spread(link: str, amount: Floats, of: Floats, rate: Floats) -> Floats:
    """Return the variance of a rate by chance alone: of events that are counted, and of the values of few results.

    Counts vary as Poisson's do; values of single results as much as their mean, which is more than most do.
    """
    if link in ("clicks", "link_clicks", "results"):
        return np.nan_to_num(divided(np.abs(amount) + 1.0, of**2))
    if link in ("revenue", "revenue_assumed"):
        return rate**2 / (np.abs(of) + 1.0)
    return np.zeros_like(amount)
