"""The split of a change: by hand, in random cases against a reference in fractions, and where figures are missing."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise, permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aibuyer_kit.core.errors import InputError, UnknownMetricError
from aibuyer_kit.measurement.why.chain import chain_of
from aibuyer_kit.measurement.why.decompose import Decomposition, decompose
from aibuyer_kit.measurement.why.factors import PeriodSums

from .random_cases import cases_told

UNIT = 1_000_000


def sums(
    rows: list[Mapping[str, float]], *, margin: float = 0.5, known: list[float] | None = None, days: int = 7
) -> PeriodSums:
    """Return a period of objects; spend and revenue in units, a measure that is left out is 0."""
    names = ("spend", "impressions", "clicks", "results", "revenue")
    measures = {name: np.array([float(row.get(name, 0)) for row in rows]) for name in names}
    for name in ("spend", "revenue"):
        measures[name] *= UNIT
    measures["link_clicks"], measures["revenue_assumed"] = measures["clicks"], measures["revenue"] * 0
    measures["gross_profit"] = measures["revenue"] * margin
    measures["profit"] = measures["gross_profit"] - measures["spend"]
    return PeriodSums(measures, np.array(known or [1.0] * len(rows)), days)


def part(found: Decomposition, driver: str, place: int = 0) -> float:
    return float(found.parts[place, found.drivers.index(driver)])


def row(spend: float, impressions: float, clicks: float, results: float, revenue: float) -> dict[str, float]:
    return {"spend": spend, "impressions": impressions, "clicks": clicks, "results": results, "revenue": revenue}


STEADY = row(100, 10_000, 100, 10, 500)


@pytest.mark.parametrize(
    ("metric", "after", "driver", "change"),
    [
        ("cpa", row(100, 5_000, 50, 5, 250), "cpm", 10.0),
        ("cpa", row(100, 10_000, 50, 5, 250), "ctr", 10.0),
        ("cpa", row(100, 10_000, 100, 5, 250), "cvr", 10.0),
        ("roas", row(100, 10_000, 100, 10, 250), "value_per_result", -2.5),
        ("profit", row(200, 20_000, 200, 20, 1_000), "spend", 150.0),
        ("revenue", row(100, 10_000, 100, 20, 1_000), "cvr", 500.0),
        ("cpm", row(100, 5_000, 50, 5, 250), "cpm", 10.0),
        ("spend", row(70, 7_000, 70, 7, 350), "spend", -30.0),
    ],
)
def test_one_cause_is_the_whole_change(metric: str, after: dict[str, float], driver: str, change: float) -> None:
    """One thing halves or doubles, and everything behind it follows."""
    found = decompose(metric, sums([STEADY]), sums([after]))
    assert found.change == pytest.approx(change)
    assert part(found, driver) == found.change
    assert np.count_nonzero(found.parts) == 1


def test_two_causes_share_what_they_do_together() -> None:
    """CTR and conversion rate both double: clicks 100 to 200, results 10 to 40. Alone each would bring 10 more, and
    together 30 more, so that each did 15.
    """
    found = decompose("results", sums([STEADY]), sums([row(100, 10_000, 200, 40, 2_000)]))
    assert (found.before, found.after) == (10.0, 40.0)
    assert (part(found, "ctr"), part(found, "cvr")) == (pytest.approx(15.0), pytest.approx(15.0))


def test_a_share_that_moves_to_a_worse_campaign_is_mix() -> None:
    """The good one has 10 results for 100.00, the bad one 2; 50.00 move from one to the other, at the same rates.

    CPA was 200 / 12; it becomes 200 / (5 + 3).
    """
    good, bad = row(100, 10_000, 100, 10, 500), row(100, 10_000, 100, 2, 100)
    after = [row(50, 5_000, 50, 5, 250), row(150, 15_000, 150, 3, 150)]
    found = decompose("cpa", sums([good, bad]), sums(after))
    assert found.change == pytest.approx(200 / 8 - 200 / 12)
    assert part(found, "mix", 0) + part(found, "mix", 1) == found.change
    assert part(found, "mix", 0) > 0
    assert part(found, "mix", 1) > 0
    moved = decompose("results", sums([good, bad]), sums(after))
    assert part(moved, "mix", 0) + part(moved, "mix", 1) == moved.change == pytest.approx(-4.0)


def test_spend_that_came_to_one_campaign_is_its_own() -> None:
    """One campaign doubles at its own yield of 10 per 100.00; the other, with 2 per 100.00, is as it was."""
    good, bad = row(100, 10_000, 100, 10, 500), row(100, 10_000, 100, 2, 100)
    found = decompose("results", sums([good, bad]), sums([row(200, 20_000, 200, 20, 1_000), bad]))
    assert part(found, "spend", 0) == found.change == 10.0
    assert np.count_nonzero(found.parts) == 1


@pytest.mark.parametrize(("before", "after"), [([STEADY, {}], [STEADY, STEADY]), ([STEADY, STEADY], [STEADY, {}])])
def test_a_campaign_that_starts_or_stops_is_spend_and_mix(
    before: list[dict[str, float]], after: list[dict[str, float]]
) -> None:
    """Of the rates of a campaign that did not run, nothing is said."""
    found = decompose("revenue", sums(before), sums(after))
    assert part(found, "spend", 1) == found.change == pytest.approx(500.0 if after[1] else -500.0)
    ratio = decompose("cpa", sums(before), sums(after))
    assert not ratio.parts.any()


def test_what_has_not_arrived_yet_is_maturity() -> None:
    """Half of the newer results are known: final conversion rates are alike."""
    found = decompose("cpa", sums([STEADY]), sums([row(100, 10_000, 100, 5, 250)], known=[0.5]))
    assert part(found, "maturity") == found.change == pytest.approx(10.0)


def test_where_nobody_knows_what_has_arrived_nothing_is_said_of_it() -> None:
    """An unknown share in one period is no reason to correct the other one."""
    found = decompose("cpa", sums([STEADY], known=[0.9]), sums([row(100, 10_000, 100, 5, 250)], known=[np.nan]))
    assert part(found, "maturity") == 0.0
    assert part(found, "cvr") == found.change


def test_a_longer_period_is_told_apart_from_more_spend_a_day() -> None:
    """Twice the days at the same spend a day, and at the same rates."""
    after = {name: 2 * value for name, value in STEADY.items()}
    found = decompose("profit", sums([STEADY]), sums([after], days=14))
    assert part(found, "days") == found.change == pytest.approx(150.0)


def test_a_chain_goes_around_what_is_not_known() -> None:
    """Without clicks, results per impression are told, as the conversion rate."""
    before, after = sums([STEADY]), sums([row(100, 10_000, 100, 5, 250)])
    before.measures["clicks"][:] = np.nan
    found = decompose("cpa", before, after)
    assert part(found, "cvr") == found.change
    assert part(found, "ctr") == 0.0


def test_what_came_without_spend_stands_apart() -> None:
    """A campaign that had ended still reports 5 results."""
    found = decompose("results", sums([STEADY, {}]), sums([STEADY, {"results": 5, "revenue": 250}]))
    assert part(found, "outside", 1) == found.change == 5.0


def test_results_without_clicks_are_no_division_by_zero() -> None:
    """Two purchases after views: per impression, which is the next that is there."""
    found = decompose("cpa", sums([row(100, 10_000, 0, 4, 10)]), sums([row(100, 10_000, 50, 5, 10)]))
    assert part(found, "cvr") == found.change == pytest.approx(-5.0)


@pytest.mark.parametrize(
    ("metric", "before", "after", "words"),
    [
        ("cpa", STEADY, row(100, 10_000, 100, 0, 0), "'cpa' is not known in the later period"),
        ("roas", {}, STEADY, "'roas' is not known in the earlier period"),
        ("cpa", {"results": 4}, STEADY, "there is no spend in one of the periods"),
        ("reach", STEADY, STEADY, "people are not added up"),
    ],
)
def test_what_cannot_be_explained_is_refused(
    metric: str, before: dict[str, float], after: dict[str, float], words: str
) -> None:
    """Nothing is invented where a side is missing."""
    with pytest.raises(InputError, match=words):
        decompose(metric, sums([before]), sums([after]))


def test_an_unknown_metric_names_its_neighbour() -> None:
    """As everywhere."""
    with pytest.raises(UnknownMetricError, match="Did you mean 'cpa'"):
        decompose("cpaa", sums([STEADY]), sums([STEADY]))


def test_swapping_the_periods_turns_the_signs() -> None:
    """No period is preferred."""
    one, other = sums([STEADY, STEADY]), sums([row(80, 5_000, 90, 7, 300), row(130, 9_000, 80, 9, 700)])
    for metric in ("cpa", "roas", "profit", "ctr"):
        there, back = decompose(metric, one, other), decompose(metric, other, one)
        assert np.allclose(there.parts, -back.parts)


def test_the_parts_add_up_to_the_change_exactly() -> None:
    """1,000 random cases of every metric; tests/prove has 10,000."""
    assert cases_told(1_000, seed=20_260_501) > 500


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**32), st.sampled_from(["results", "revenue", "gross_profit", "cpa", "roas", "poas", "cpc", "cvr"])
)
def test_the_parts_are_shapleys_in_fractions(seed: int, metric: str) -> None:
    """A reference that changes the drivers one after another in each of their orders, in exact fractions."""
    rng = np.random.default_rng(seed)
    before, after = _whole(rng), _whole(rng)
    found = decompose(metric, before, after)
    chain = chain_of(metric)
    expected = reference(chain.base, chain.links, before, after, per_base=chain.form != "sum")
    if chain.form == "base_per":
        expected = {
            driver: -value * Fraction(found.before) * Fraction(found.after) for driver, value in expected.items()
        }
    drivers = found.parts.sum(axis=0)
    got = {name: float(drivers[found.drivers.index(name)]) for name in found.drivers}
    moved = got["mix"] + got.get("spend", 0.0)
    scale = 1e-9 * (float(np.abs(found.parts).sum()) + 1e-12)
    assert moved == pytest.approx(float(expected.pop("base")), abs=scale)
    for driver, value in expected.items():
        assert got[driver] == pytest.approx(float(value), abs=scale)


def _whole(rng: np.random.Generator) -> PeriodSums:
    """Return a period of three campaigns in which everything is there, in whole units."""
    rows = []
    for _ in range(3):
        results = int(rng.integers(1, 50))
        clicks, spend = int(results * rng.integers(2, 50)), int(rng.integers(50, 5_000))
        rows.append(
            row(spend, int(clicks * rng.integers(20, 200)), clicks, results, int(results * rng.integers(5, 90)))
        )
    return sums(rows)


def reference(
    base: str, links: tuple[str, ...], before: PeriodSums, after: PeriodSums, *, per_base: bool
) -> dict[str, Fraction]:
    """Return what each driver did, summed over objects: the mean over all orders in which they could have changed."""
    names = {
        "impressions": "cpm",
        "clicks": "ctr",
        "results": "cvr",
        "revenue": "value_per_result",
        "gross_profit": "margin",
    }
    drivers = ["base", *(names[link] for link in links)]
    found = dict.fromkeys(drivers, Fraction(0))
    money = {"spend", "revenue", "gross_profit"}
    for place in range(len(before.measures[base])):
        values: list[dict[str, Fraction]] = []
        for period in (before, after):
            amounts = [
                Fraction(int(period.measures[name][place])) / (UNIT if name in money else 1) for name in (base, *links)
            ]
            whole = Fraction(int(period.measures[base].sum())) / (UNIT if base in money else 1)
            rates = [later / earlier for earlier, later in pairwise(amounts)]
            first = amounts[0] / whole if per_base else amounts[0]
            values.append(dict(zip(drivers, [first, *rates], strict=True)))
        for order in permutations(drivers):
            now = dict(values[0])
            for driver in order:
                was = _product(now)
                now[driver] = values[1][driver]
                found[driver] += (_product(now) - was) / factorial(len(drivers))
    return found


def _product(values: Mapping[str, Fraction]) -> Fraction:
    product = Fraction(1)
    for value in values.values():
        product *= value
    return product
