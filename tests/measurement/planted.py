"""Changes with a known cause: figures of the practice market as a buyer sees them, one thing done to the last week.

Nothing but the cause is put in: luck, weekdays, auctions and attention are the market's own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.measurement.why.causes import causes_of, usual_swing
from aibuyer_kit.measurement.why.decompose import decompose
from aibuyer_kit.measurement.why.factors import PeriodSums
from aibuyer_kit.sandbox import Market
from aibuyer_kit.sandbox.market.replay import Known

WEEKS, WEEK = 11, 7
MARGIN = 0.4
Figures = dict[str, Floats]
# The share of a day's results that is known when it is 7, 6 … 1 days old.
ARRIVED = np.array([0.93, 0.9, 0.85, 0.78, 0.7, 0.58, 0.4])


@cache
def seen(world: str, seed: int, level: str = "campaign") -> tuple[tuple[str, ...], Mapping[str, Floats]]:
    """Return the names of what counts purchases, and measures (days, objects) of whole weeks that are final.

    `world` is a preset, or the path of a world file; the last of these days is the last of its history.
    """
    market = Market.open(world, seed=seed)
    last = market.today - timedelta(days=1)
    market.advance(days=30)
    known = Known(market)
    every = known.campaigns if level == "campaign" else known.adsets
    objects = [each for each in every if each.objective == "OUTCOME_SALES"]
    days = DateRange(last - timedelta(days=WEEKS * WEEK - 1), last)
    totals = [[known.reported(each.id, DateRange(day, day)) for each in objects] for day in days]
    found = {
        "spend": [[each.spend_minor * 10_000 for each in row] for row in totals],
        "impressions": [[each.impressions for each in row] for row in totals],
        "clicks": [[each.clicks for each in row] for row in totals],
        "results": [[each.actions.get("purchase", (0,))[0] for each in row] for row in totals],
        "revenue": [[each.action_values_minor.get("purchase", (0,))[0] * 10_000 for each in row] for row in totals],
    }
    return tuple(each.name for each in objects), {name: np.array(rows, dtype=float) for name, rows in found.items()}


def thinned(
    figures: Figures, at: tuple[slice, object], share: float, names: tuple[str, ...], rng: np.random.Generator
) -> None:
    """Keep each event with a probability; revenue falls as results do."""
    for name in names:
        if name == "revenue":
            continue
        before = figures[name][at]
        after = rng.binomial(before.astype(int), share).astype(float)
        if name == "results" and "revenue" in names:
            ratio = np.divide(after, before, out=np.ones_like(before), where=before > 0)
            figures["revenue"][at] = np.rint(figures["revenue"][at] * ratio)
        figures[name][at] = after


LAST = slice(-WEEK, None)
BELOW = {
    "impressions": ("impressions", "clicks", "results", "revenue"),
    "clicks": ("clicks", "results", "revenue"),
    "results": ("results", "revenue"),
}


def dearer(figures: Figures, place: int, rng: np.random.Generator) -> None:
    thinned(figures, (LAST, place), 1 / 1.4, BELOW["impressions"], rng)


def fewer_clicks(figures: Figures, place: int, rng: np.random.Generator) -> None:
    thinned(figures, (LAST, place), 0.6, BELOW["clicks"], rng)


def fewer_results(figures: Figures, place: int, rng: np.random.Generator) -> None:
    thinned(figures, (LAST, place), 0.5, BELOW["results"], rng)


def tracking_lost(figures: Figures, place: int, rng: np.random.Generator) -> None:
    thinned(figures, (slice(-4, None), slice(None)), 0.1, BELOW["results"], rng)


def worth_less(figures: Figures, place: int, rng: np.random.Generator) -> None:
    figures["revenue"][LAST, place] = np.rint(figures["revenue"][LAST, place] * 0.5)


def spent_twice(figures: Figures, place: int, rng: np.random.Generator) -> None:
    for values in figures.values():
        values[LAST, place] *= 2


def best_and_worst(figures: Figures) -> tuple[int, int]:
    yields = figures["results"].sum(axis=0) / figures["spend"].sum(axis=0)
    return int(yields.argmax()), int(yields.argmin())


def budget_moved(figures: Figures, place: int, rng: np.random.Generator) -> None:
    good, bad = best_and_worst(figures)
    moved = 0.6 * figures["spend"][LAST, good]
    more = 1 + moved / figures["spend"][LAST, bad]
    for values in figures.values():
        values[LAST, bad] = np.rint(values[LAST, bad] * more)
        values[LAST, good] = np.rint(values[LAST, good] * 0.4)


def not_arrived(figures: Figures, place: int, rng: np.random.Generator) -> None:
    for day in range(WEEK):
        thinned(figures, (day - WEEK, slice(None)), ARRIVED[day], BELOW["results"], rng)


@dataclass(frozen=True)
class Plant:
    """One cause: what is done, for which metrics, and what has to be named first; `object` says whose place, if any."""

    name: str
    apply: Callable[[Figures, int, np.random.Generator], None]
    driver: str
    metrics: tuple[str, ...]
    of_object: str = "planted"


PLANTS = (
    Plant("dearer", dearer, "cpm", ("cpa", "roas", "cpm", "cpc", "profit", "impressions")),
    Plant("fewer clicks", fewer_clicks, "ctr", ("cpa", "roas", "ctr", "cpc", "clicks")),
    Plant("fewer results", fewer_results, "cvr", ("cpa", "roas", "results", "cvr")),
    Plant("tracking lost", tracking_lost, "cvr", ("cpa", "roas", "profit", "revenue"), ""),
    Plant("worth less", worth_less, "value_per_result", ("roas", "profit", "value_per_result", "poas")),
    Plant("spent twice", spent_twice, "spend", ("spend", "results", "revenue", "impressions")),
    Plant("budget moved", budget_moved, "mix", ("cpa", "roas", "results"), "either"),
    Plant("not arrived", not_arrived, "maturity", ("cpa", "roas", "profit"), ""),
)


def sums(figures: Mapping[str, Floats], days: slice, shares: Floats | None = None) -> PeriodSums:
    measures = {name: values[days].sum(axis=0) for name, values in figures.items()}
    measures["gross_profit"] = np.rint(measures["revenue"] * MARGIN)
    measures["profit"] = measures["gross_profit"] - measures["spend"]
    known = (
        np.ones(len(measures["spend"]))
        if shares is None
        else ((figures["clicks"][days] * shares[:, None]).sum(axis=0) / figures["clicks"][days].sum(axis=0))
    )
    return PeriodSums(measures, known, WEEK)


@dataclass(frozen=True)
class Named:
    """What was named first: driver, object, and both together; and whether the change was called usual."""

    driver: str
    object: int
    part: tuple[str, int]


def first_driver(figures: Mapping[str, Floats], metric: str) -> str | None:
    """Return the driver that is named first for the change of the last week, beside the nine weeks before."""
    found = decompose(metric, sums(figures, slice(-2 * WEEK, -WEEK)), sums(figures, LAST))
    starts = range(0, (WEEKS - 2) * WEEK, WEEK)
    usual = usual_swing(found, [sums(figures, slice(start, start + WEEK)) for start in starts])
    return causes_of(found, usual).drivers[0].driver


def moved_by_itself(figures: Mapping[str, Floats], metric: str) -> frozenset[str | None]:
    """Return the drivers that moved beyond their usual swing in the last week, as it was lived."""
    found = decompose(metric, sums(figures, slice(-2 * WEEK, -WEEK)), sums(figures, LAST))
    starts = range(0, (WEEKS - 2) * WEEK, WEEK)
    usual = usual_swing(found, [sums(figures, slice(start, start + WEEK)) for start in starts])
    return frozenset(each.driver for each in causes_of(found, usual).drivers if each.beyond > 0)


def named(
    plant: Plant, metric: str, preset: str, seed: int, place: int, *, history: bool = True, level: str = "campaign"
) -> tuple[Named, frozenset[int]]:
    """Plant a cause in the last week of one account and return what is named first, and the objects that would do."""
    _, figures = seen(preset, seed, level)
    own = {name: values.copy() for name, values in figures.items()}
    rng = np.random.default_rng([seed, place])
    right = frozenset({place})
    if plant.of_object == "either":
        right = frozenset(best_and_worst(own))
    plant.apply(own, place, rng)
    late = ARRIVED if plant.driver == "maturity" else None
    after, before = sums(own, LAST, late), sums(own, slice(-2 * WEEK, -WEEK))
    found = decompose(metric, before, after)
    starts = range(0, (WEEKS - 2) * WEEK, WEEK)
    earlier = [sums(own, slice(start, start + WEEK)) for start in starts] if history else []
    usual = usual_swing(found, earlier)
    causes = causes_of(found, usual)
    first = causes.parts[0]
    return (
        Named(causes.drivers[0].driver or "", causes.objects[0].place or 0, (first.driver or "", first.place or 0)),
        right,
    )


def large_place(preset: str, seed: int) -> int:
    """Return one of the campaigns with at least a quarter of the spend of the week before the last, by the seed."""
    spend = seen(preset, seed)[1]["spend"][-2 * WEEK : -WEEK].sum(axis=0)
    large = np.flatnonzero(spend >= spend.sum() / 4)
    return int(large[seed % len(large)])
