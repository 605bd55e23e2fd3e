"""Truth and optimum where response is a formula: for checks of arithmetic."""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.sandbox.market.account import AdSet
from aibuyer_kit.sandbox.market.response import RESULTS_BY_WEEKDAY
from aibuyer_kit.sandbox.market.truth import Optimum, Truth

# Of what is sold, this is left when it is paid for.
MARGIN = 0.6
# Of the people whom an ad set reaches, this share buys on a day without any ad.
_BUY_ANYWAY = 2e-5
# Halvings: the last one is beyond what a float can tell apart.
_STEPS = 70


def truth(adsets: Sequence[AdSet], budgets_micros: Mapping[str, float], days: Sequence[date]) -> Truth:
    """Return what the budgets bring: ``curve.results(budget)`` by the factor of the weekday, added up over days.

    An ad set's `ads` are those that are shown; without any it spends nothing.
    """
    factor = sum(RESULTS_BY_WEEKDAY[day.weekday()] for day in days)
    paid = {one.id: budgets_micros[one.id] if one.ads else 0.0 for one in adsets}
    results = {one.id: one.curve.results(paid[one.id] / MICROS_PER_UNIT) * factor for one in adsets}
    spend = {key: micros * len(days) for key, micros in paid.items()}
    revenue = sum(results[one.id] * value_units(one) for one in adsets) * MICROS_PER_UNIT
    return Truth(len(days), 1, sum(spend.values()), sum(results.values()), revenue, MARGIN, 0.0, 0.0, spend, results)


def bought_anyway(adset: AdSet, days: int) -> float:
    """Return the results that the people of an ad set give on some days without any ad: a level, the same each day.

    Nothing but lift tests sees it: reports and truth of a formula are of what ads bring.
    """
    return adset.audience * _BUY_ANYWAY * days


def value_units(adset: AdSet) -> float:
    """Return what a result of an ad set is worth: results fall on its ads by weight and pull; 0 without ads."""
    if not adset.ads:
        return 0.0
    parts = [ad.weight * ad.pull for ad in adset.ads]
    total = sum(part * ad.value_minor for part, ad in zip(parts, adset.ads, strict=True))
    return total / sum(parts) / adset.minor_per_unit


def optimum(
    adsets: Sequence[AdSet],
    held_micros: Mapping[str, float],
    chosen: Collection[str],
    total_micros: int,
    days: Sequence[date],
) -> Optimum:
    """Return the best split by the price at which the last unit sells, and the bound that this price gives.

    `held_micros` are the daily budgets that hold; those that are not `chosen` keep theirs beside the total.

    By Lagrange: at a price `p` every ad set takes the budget at which its revenue less ``p`` times the budget is
    highest, and the bound is the sum of these plus ``p`` times the total. With concave curves both meet. Where a curve
    is convex at first, at most one ad set is between nothing and its best, and the best split of that kind is taken.
    """
    total = total_micros / MICROS_PER_UNIT
    split = [one for one in adsets if one.id in chosen]
    beside = truth([one for one in adsets if one.id not in chosen], held_micros, days).revenue_micros
    curves = [_Curve(one, value_units(one)) for one in split]
    low, high = 0.0, max(curve.steepest(total) for curve in curves)
    for _ in range(_STEPS):
        price = (low + high) / 2
        low, high = (price, high) if sum(curve.best(price, total) for curve in curves) > total else (low, price)
    factor = sum(RESULTS_BY_WEEKDAY[day.weekday()] for day in days) * MICROS_PER_UNIT
    bound = sum(curve.revenue(curve.best(high, total)) - high * curve.best(high, total) for curve in curves)
    found = _filled(curves, [curve.best(high, total) for curve in curves], total)
    budgets = {one.id: math.floor(units * MICROS_PER_UNIT) for one, units in zip(split, found, strict=True)}
    scale = total_micros / sum(held_micros[adset_id] for adset_id in chosen)
    today = {adset_id: held_micros[adset_id] * scale for adset_id in chosen}
    best, at_present = (truth(adsets, {**held_micros, **each}, days) for each in (budgets, today))
    return Optimum(budgets, best, at_present, (bound + high * total) * factor + beside)


class _Curve:
    """The revenue of one ad set by its daily budget in currency units."""

    def __init__(self, adset: AdSet, value_units: float) -> None:
        self._curve = adset.curve
        self._value = value_units

    def revenue(self, units: float) -> float:
        return self._value * self._curve.results(units)

    def slope(self, units: float) -> float:
        return self._value * self._curve.slope(units)

    def steepest(self, most: float) -> float:
        """Return the most that a unit brings anywhere, looked for on a grid."""
        return 2 * max(self.slope(most * (step / 1000) ** 2) for step in range(1, 1001))

    def best(self, price: float, most: float) -> float:
        """Return the budget up to `most` at which revenue less its price is highest: nothing, all, or where the slope
        falls to the price."""
        units = self.falling(price, most)
        return units if self.revenue(units) > price * units else 0.0

    def falling(self, price: float, most: float) -> float:
        """Return the budget at which the slope, falling behind its inflection, comes down to the price."""
        low, high = min(most, self._curve.inflection_units), most
        if self.slope(high) >= price:
            return high
        for _ in range(_STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.slope(middle) > price else (low, middle)
        return high


def _filled(curves: Sequence[_Curve], budgets: list[float], total: float) -> list[float]:
    """Give what is left to those who have something, or to them and one more, whichever brings most."""
    some = [place for place, units in enumerate(budgets) if units > 0]
    others = [place for place in range(len(curves)) if place not in some]
    ways = [_levelled(curves, places, total) for places in (some, *([*some, one] for one in others)) if places]
    return max(ways, key=lambda way: sum(curve.revenue(units) for curve, units in zip(curves, way, strict=True)))


def _levelled(curves: Sequence[_Curve], places: Sequence[int], total: float) -> list[float]:
    """Return the split among some ad sets at which, beyond their inflections, the last unit brings the same."""

    def split(price: float) -> list[float]:
        return [curve.falling(price, total) if place in places else 0.0 for place, curve in enumerate(curves)]

    low, high = 0.0, max(curves[place].steepest(total) for place in places)
    for _ in range(_STEPS):
        price = (low + high) / 2
        low, high = (price, high) if sum(split(price)) > total else (low, price)
    found = split(high)
    # Too many for the total: those stay at their inflections, and nothing is won by them.
    factor = total / sum(found) if sum(found) else 0.0
    return [units * factor for units in found]
