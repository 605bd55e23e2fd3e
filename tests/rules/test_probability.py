"""The probability that a comparison holds: against the model by other ways, figures by hand, edges, and what must rise.

The other ways are integration over the density and drawing from the stated model; neither uses the closed forms.
"""

import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, special, stats

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.metrics import METRICS
from aibuyer_kit.rules.posterior import SCORE_ERROR, Beliefs, Mean, Product, Rate, mean_of, rate_of
from aibuyer_kit.rules.probability import OPERATORS, believe, has_model, measures_of, probability

MICROS = 1_000_000
OWN = {
    "spend": 200 * MICROS,
    "clicks": 150,
    "impressions": 12_000,
    "results": 5,
    "revenue": 300 * MICROS,
    "gross_profit": 180 * MICROS,
}
GROUP = {
    "spend": 900 * MICROS,
    "clicks": 700,
    "impressions": 60_000,
    "results": 32,
    "revenue": 2_100 * MICROS,
    "gross_profit": 1_260 * MICROS,
}
# A threshold near which nothing is certain, for each metric that has a model.
NEAR = {
    "results": 6,
    "cpa": 35,
    "cvr": 0.04,
    "ctr": 0.012,
    "cpc": 1.3,
    "value_per_result": 62,
    "roas": 1.8,
    "revenue": 350,
    "poas": 1.0,
    "gross_profit": 200,
    "profit": 10,
}
# Days alike, values alike in spread, and siblings that are as good as unknown: what Jeffreys would say.
NO_PARENT = Beliefs(day_cv=0.0)


def chance(metric: str, op: str, threshold: float, **given: Any) -> float:
    """Return the probability of one object; figures that are not given are those on top."""
    own, group = given.pop("own", {}), given.pop("group", {})
    parents = None if group is None else GROUP | group
    found = probability(metric, op, threshold, OWN | own, parents, **({"days": 7} | given))
    return float(found[0])


def column(*numbers: float) -> NDArray[np.float64]:
    return np.array(numbers, dtype=np.float64)


def test_every_metric_with_a_model_is_in_the_catalogue_and_near_its_threshold_uncertain() -> None:
    """The table of thresholds in this file is the documented list."""
    assert {name for name in METRICS if has_model(name)} == set(NEAR)
    assert all(0.05 < chance(metric, ">", threshold) < 0.95 for metric, threshold in NEAR.items())


def test_without_a_parent_the_probability_is_the_one_of_published_tables() -> None:
    """With Jeffreys' prior twice the rate times the exposure is chi-squared with 2n + 1 degrees of freedom.

    Its 95% point is 19.675 for 11 degrees and 3.841 for one (any table): so of 5 results in 200 the rate is below
    19.675 / 400 with 95%, and of none in 100 below 3.841 / 200.
    """
    apart = {"group": None, "beliefs": NO_PARENT}

    assert chance("cpa", ">", 400 / 19.675, **apart) == pytest.approx(0.95, abs=1e-5)
    assert chance("results", "<", 19.675 / 2, **apart) == pytest.approx(0.95, abs=1e-5)
    assert chance("cpa", ">", 200 / 3.841, own={"spend": 100 * MICROS, "results": 0}, **apart) == pytest.approx(
        0.95, abs=1e-4
    )


def test_the_parent_counts_as_so_many_events_worked_out_by_hand() -> None:
    """A rest of 27.5 results (with Jeffreys' half) in 700, and a strength of 2.

    Its own uncertainty is 1 / 27.5, so it weighs 1 / ((1 + 1 / 27.5) / 2 + 1 / 27.5) = 1.80328 events; a typical
    sibling being 1.3 times as good, in an exposure of 1.80328 x 700 / 27.5 / 1.3 = 35.3089. With 5 in 200 that is a
    Gamma of 6.80328 in 235.3089.
    """
    expected = stats.gamma.cdf(1 / 35, 6.80328, scale=1 / 235.3089)

    assert chance("cpa", ">", 35, beliefs=Beliefs(strength=2.0, day_cv=0.0)) == pytest.approx(expected, abs=1e-5)


def test_days_that_differ_by_more_than_chance_make_many_events_say_less() -> None:
    """By hand, without a parent: 4,000 results in 100,000 over 7 days are worth 4,000 / (1 + .09 / 7 x 4,000.5)."""
    own = {"spend": 100_000 * MICROS, "results": 4_000}
    dispersion = 1 + 0.09 / 7 * 4_000.5
    expected = stats.gamma.cdf(1 / 26, 0.5 + 4_000 / dispersion, scale=dispersion / 100_000)

    assert chance("cpa", ">", 26, own=own, group=None) == pytest.approx(expected, abs=1e-9)
    assert 0 < chance("cpa", ">", 26, own=own, group=None, days=70) < expected < 0.5


@pytest.mark.parametrize("limit", [0.2, 0.9, 1.4, 3.0])
def test_a_product_is_what_integration_over_both_densities_gives(limit: float) -> None:
    """For each rate, the share of means that bring the product below the limit, summed over the density of rates."""
    shape, exposure, mean_shape, scale = 4.3, 210.0, 8.7, 430.0
    rates, means = stats.gamma(shape, scale=1 / exposure), stats.invgamma(mean_shape, scale=scale)
    expected, _ = integrate.quad(lambda rate: rates.pdf(rate) * means.cdf(limit / rate), 0, 1, epsabs=1e-12)
    product = Product(Rate(column(shape), column(exposure)), Mean(column(mean_shape), column(scale)))

    assert float(product.below(column(limit))[0]) == pytest.approx(expected, abs=1e-8)
    assert float(product.above(column(limit))[0]) == pytest.approx(1 - expected, abs=1e-8)


def test_what_is_drawn_from_the_stated_model_has_the_stated_share() -> None:
    """Objects drawn from the belief about siblings, with results and values as stated; kept are those seen as (4, 250).

    Of these the share above the limits is what the closed forms say of 4 results in 100, worth 250, four standard
    errors being 0.02.
    """
    draw = np.random.default_rng(7)
    beliefs = Beliefs(strength=3.0, typical_gain=1.0, value_strength=8.0, day_cv=0.0, value_cv=0.5)
    # So many events of the rest that its own uncertainty is nothing: rates around .03, mean values around 70.
    rest = (column(3e9), column(1e11), column(2.1e11))
    rates = draw.gamma(3.0, 0.03 / 3.0, 3_000_000)
    rates = rates[draw.poisson(100 * rates) == 4]
    means = 70 * 9 / draw.gamma(10.0, 1.0, 400_000)
    # A sum of four Gamma values with a shape of 4 each.
    sums = draw.gamma(16.0, means / 4)
    means = means[np.abs(sums - 250) < 5]
    products = rates[:100_000] * draw.choice(means, 100_000)
    rate = rate_of(column(4), rest[0], column(100), rest[1], column(7), beliefs)
    mean = mean_of(column(4), rest[0], column(250), rest[2], beliefs)

    assert len(rates) > 100_000
    assert float(rate.above(column(0.035))[0]) == pytest.approx((rates > 0.035).mean(), abs=0.008)
    assert float(mean.above(column(66))[0]) == pytest.approx((means > 66).mean(), abs=0.02)
    assert float(Product(rate, mean).above(column(2.2))[0]) == pytest.approx((products > 2.2).mean(), abs=0.02)


def test_metrics_of_one_belief_agree_with_each_other() -> None:
    """The same statement in other words has the same probability."""
    assert chance("cpa", ">", 40) == pytest.approx(chance("results", "<", 200 / 40), abs=1e-12)
    assert chance("roas", "<", 1.7) == pytest.approx(chance("revenue", "<", 340), abs=1e-12)
    assert chance("poas", "<", 1) == pytest.approx(chance("profit", "<", 0), abs=1e-12)
    assert chance("poas", ">", 0.9) == pytest.approx(chance("gross_profit", ">", 180), abs=1e-12)
    assert chance("poas", ">", 0.6 * 1.7) == pytest.approx(chance("roas", ">", 1.7), abs=1e-12)


def test_what_has_not_arrived_widens_the_belief_instead_of_multiplying_the_count() -> None:
    """5 results of which half have arrived are 5 in half the money: as probable, less sure than 10 in all."""
    half = chance("cpa", ">", 35, group=None, arrived=0.5)

    assert half == pytest.approx(chance("cpa", ">", 35, own={"spend": 100 * MICROS}, group=None), abs=1e-12)
    assert chance("cpa", ">", 35, own={"results": 10}, group=None) < half < chance("cpa", ">", 35, group=None)
    assert chance("ctr", ">", 0.012, arrived=0.5) == chance("ctr", ">", 0.012)
    assert chance("value_per_result", ">", 60, arrived=0.5) == chance("value_per_result", ">", 60)


def test_expected_results_are_those_of_the_whole_window() -> None:
    """Of 5 results of which half have arrived, about 10 are to be expected: chi-squared with 11 degrees."""
    expected = stats.chi2.sf(15, 11)

    assert chance("results", ">", 15, group=None, arrived=0.5, beliefs=NO_PARENT) == pytest.approx(expected, abs=1e-12)
    assert chance("results", ">", 5, group=None, arrived=0.5) > 0.9


def test_the_parents_share_is_its_own_where_it_is_given() -> None:
    """A parent of which less has arrived is better than it looks, and so is its object."""
    assert chance("cpa", ">", 35, arrived=0.9, group_arrived=0.4) < chance("cpa", ">", 35, arrived=0.9)


def test_no_results_say_more_the_more_was_spent() -> None:
    """This is where thresholds on the cost of a result are unknown."""
    own = {"spend": np.array([10, 50, 150]) * MICROS, "results": 0, "revenue": 0}
    found = probability("cpa", ">", 40, OWN | own, GROUP, days=7)

    assert (np.diff(found) > 0.05).all()
    assert found[2] > 0.9
    assert chance("roas", "<", 1.5, own={"results": 0, "revenue": 0}) > 0.9


def test_an_only_child_is_judged_by_itself() -> None:
    """Its parent has nothing beyond it: the same as having none."""
    for metric, threshold in NEAR.items():
        assert chance(metric, ">", threshold, group=OWN) == chance(metric, ">", threshold, group=None)


def test_a_parent_without_results_is_no_division_by_zero() -> None:
    """It says that results are rare, and of their value nothing."""
    bare = {"results": 5, "revenue": OWN["revenue"], "gross_profit": OWN["gross_profit"]}

    assert chance("cpa", ">", 35, group=bare) > chance("cpa", ">", 35)
    assert chance("value_per_result", ">", 55, group=bare) == chance("value_per_result", ">", 55, group=None)


@pytest.mark.parametrize("metric", NEAR)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
def test_what_is_unknown_infinite_or_negative_makes_the_probability_unknown(metric: str, bad: float) -> None:
    """In any measure, of the object or its parent, in the days and in the shares; a threshold may be negative."""
    for measure in measures_of(metric):
        assert math.isnan(chance(metric, ">", NEAR[metric], own={measure: bad}))
        assert math.isnan(chance(metric, ">", NEAR[metric], group={measure: bad}))
    for name in ("days", "arrived", "group_arrived"):
        assert math.isnan(chance(metric, ">", NEAR[metric], **{name: bad}))
        assert math.isnan(chance(metric, ">", NEAR[metric], **{name: 0.0}))
    assert math.isnan(chance(metric, ">", bad)) == (bad != -1.0)


def test_nothing_spent_no_value_and_a_parent_with_less_than_its_object_are_unknown() -> None:
    assert math.isnan(chance("cpa", ">", 35, own={"spend": 0, "results": 0}))
    assert math.isnan(chance("cvr", ">", 0.1, own={"clicks": 0}))
    assert math.isnan(chance("roas", ">", 1, own={"revenue": 0}, group={"revenue": 0}))
    assert math.isnan(chance("value_per_result", ">", 1, own={"results": 0, "revenue": 0}, group=None))
    assert math.isnan(chance("cpa", ">", 35, group={"results": 4}))


def test_thresholds_that_nothing_can_reach_are_certain() -> None:
    """A cost and a rate are above zero whatever was seen; a loss cannot exceed what was spent."""
    for metric in NEAR:
        assert chance(metric, ">", -1000.0) == 1.0
        assert chance(metric, "<=", -1000.0) == 0.0
        assert chance(metric, ">", 1e300) == 0.0
    assert chance("cpa", ">=", 0) == 1.0


@pytest.mark.parametrize(
    ("metric", "op", "message"),
    [("cpa", "=", "'=' has no probability"), ("cpm", ">", "no probability of 'cpm'"), ("spend", "<", "'spend'")],
)
def test_what_has_no_probability_is_refused(metric: str, op: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        probability(metric, op, 1.0, OWN, GROUP, days=7)


@pytest.mark.parametrize("metric", NEAR)
@pytest.mark.parametrize("least", [0.0, 0.01, 0.5, 0.8, 0.95, 0.999, 1.0])
def test_reaching_a_probability_is_what_comparing_says(metric: str, least: float) -> None:
    """Of objects with and without figures, parents and results; unknown stays unknown."""
    draw = np.random.default_rng(5)
    size = 4_000
    own = {name: np.floor(amount * draw.gamma(0.7, 2.0, size)) for name, amount in OWN.items()}
    own["results"] = draw.poisson(own["spend"] / MICROS / draw.uniform(20, 90, size)).astype(float)
    own["spend"][::50] = np.nan
    rest = {name: np.floor(amount * draw.gamma(0.3, 2.0, size)) for name, amount in GROUP.items()}
    rest = {name: np.where(draw.random(size) < 0.1, 0, each) for name, each in rest.items()}
    belief = believe(metric, own, {name: own[name] + rest[name] for name in own}, days=draw.uniform(0.2, 90, size))
    for op in OPERATORS:
        chance = belief.probability(op, NEAR[metric])
        expected = np.where(np.isnan(chance), np.nan, chance >= least)

        np.testing.assert_array_equal(belief.reaches(op, NEAR[metric], least), expected)
        assert (np.isfinite(chance)).mean() > 0.8


def test_the_score_is_as_near_as_it_is_taken_to_be() -> None:
    """On a grid of shapes from 1 to 10 million, and of probabilities to either side of each."""
    shapes, shares = np.geomspace(1, 1e7, 60), np.linspace(1e-6, 1 - 1e-6, 401)
    shape, share = (each.ravel() for each in np.meshgrid(shapes, shares))
    rate = Rate(shape, np.ones_like(shape))
    for belief in (rate, Mean(shape, np.ones_like(shape))):
        drawn = special.gammaincinv(shape, share if belief is rate else 1 - share)
        value = drawn if belief is rate else 1 / drawn

        assert np.abs(special.ndtr(belief.score(value)) - belief.below(value)).max() < SCORE_ERROR
    shape, other, share = (each.ravel() for each in np.meshgrid(shapes[::6], shapes[::6], shares[::4]))
    product = Product(Rate(shape, np.ones_like(shape)), Mean(other, np.ones_like(shape)))
    part = special.betaincinv(shape, other, share)
    value = (part / (1 - part))[is_inside := (part > 0) & (part < 1)]
    product = product.take(np.flatnonzero(is_inside))

    assert is_inside.mean() > 0.9
    assert np.abs(special.ndtr(product.score(value)) - product.below(value)).max() < SCORE_ERROR


def test_a_measure_that_is_not_given_is_named() -> None:
    with pytest.raises(InputError, match="'gross_profit' are not given"):
        probability("poas", ">", 1.0, {"spend": 1, "results": 1}, GROUP, days=7)


def test_objects_are_judged_one_by_one() -> None:
    """In arrays each has what it has alone, whatever stands beside it; nothing warns."""
    draw = np.random.default_rng(3)
    own = {name: draw.integers(0, 2 * amount, 300).astype(float) for name, amount in OWN.items()}
    own["spend"][::7], own["results"][::11] = np.nan, 0
    group = {name: own[name] + draw.integers(0, amount, 300) for name, amount in GROUP.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for metric, threshold in NEAR.items():
            found = probability(metric, "<", threshold, own, group, days=7)
            alone = [
                probability(
                    metric, "<", threshold, *({k: v[i] for k, v in each.items()} for each in (own, group)), days=7
                )
                for i in range(0, 300, 9)
            ]
            np.testing.assert_array_equal(found[::9], np.concatenate(alone))


counts = st.integers(0, 10_000)
money = st.integers(0, 10**12)


@st.composite
def sums_of_both(draw: st.DrawFn) -> tuple[dict[str, int], dict[str, int]]:
    """Draw the sums of an object and of its parent."""
    count, rest = draw(counts), draw(counts)
    own = {"spend": draw(money), "clicks": 3 * count, "impressions": 90 * count, "results": count}
    more = {"spend": draw(money), "clicks": 2 * rest, "impressions": 99 * rest, "results": rest}
    for sums in (own, more):
        sums["revenue"] = draw(money)
        sums["gross_profit"] = sums["revenue"] // 2
    return own, {name: amount + more[name] for name, amount in own.items()}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(NEAR)), sums_of_both(), st.floats(0.01, 100), st.floats(0.1, 400), st.floats(0.05, 1))
def test_probabilities_are_probabilities_and_rise_with_the_threshold(
    metric: str, sums: tuple[dict[str, int], dict[str, int]], times: float, days: float, arrived: float
) -> None:
    """Both sides of a comparison add up to one, and a higher threshold is never exceeded more easily."""
    own, group = sums
    limits = NEAR[metric] * times * np.array([0.5, 1.0, 1.1, 4.0])
    found = {op: probability(metric, op, limits, own, group, days=days, arrived=arrived) for op in OPERATORS}
    is_known = np.isfinite(found[">"])

    assert is_known.all() or not is_known.any()
    np.testing.assert_array_equal(found[">"], found[">="])
    np.testing.assert_array_equal(found["<"], found["<="])
    assert ((found[">"] >= 0) & (found[">"] <= 1))[is_known].all()
    np.testing.assert_allclose((found[">"] + found["<="])[is_known], 1.0, atol=1e-12)
    assert (np.diff(found[">"][is_known]) <= 1e-12).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(1, 500), st.floats(5, 200))
def test_each_further_result_makes_it_cheaper(results: int, spend: int, target: float) -> None:
    """More results for the same money never make a high cost more probable, whatever the parent is like."""
    columns = {"results": np.arange(results, results + 8), "spend": spend * MICROS}
    parents = {"results": columns["results"] + 27, "spend": spend * MICROS + 700 * MICROS}
    found = probability("cpa", ">", target, columns, parents, days=7)

    assert (np.diff(found) <= 1e-12).all()
