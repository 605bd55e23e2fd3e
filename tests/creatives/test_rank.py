"""Rankings: what is told of items, and that nothing is told which the figures do not hold."""

from dataclasses import replace

import numpy as np
import pytest

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.creatives.evidence import Daily, Evidence, Item, gathered
from aibuyer_kit.creatives.rank import Ranking, matched_shares, rank
from aibuyer_kit.creatives.told import Overlap, RankingTold

from .simulated import simulated

ITEMS = tuple(Item(f"k{place}", f"Creative {place}") for place in range(3))


def evidence(counts: list[float], exposures: list[float], metric: str = "cpa", **more: object) -> Evidence:
    """Return ads of one ad set; results are worth 30.00 each."""
    size = len(counts)
    told = {
        "metric": metric,
        "items": ITEMS[:size],
        "groups": (Item("s1", "Set"),),
        "item": np.arange(size),
        "group": np.zeros(size, dtype=np.int64),
        "count": np.array(counts, dtype=float),
        "exposure": np.array(exposures, dtype=float),
        "revenue": np.array(counts, dtype=float) * 30,
        "spend": np.array(exposures, dtype=float),
        "currency": "EUR",
    }
    return Evidence(**(told | more))  # type: ignore[arg-type]


def verdicts(found: Ranking) -> dict[str, str]:
    return {each.id: each.verdict for each in found.ranked}


def test_little_data_has_no_winner_and_much_has() -> None:
    """One result against three is luck; 100 against 300 is none."""
    assert set(verdicts(rank(evidence([1, 3], [50, 50]))).values()) == {"cannot_tell"}
    found = rank(evidence([100, 300], [5_000, 5_000]))
    assert verdicts(found) == {"k1": "best", "k0": "behind"}
    assert [each.id for each in found.winners] == ["k1"]
    best = found.ranked[0]
    assert best.seen == pytest.approx(5_000 / 300)
    assert best.expected == pytest.approx(5_000 / 300, rel=0.03)
    assert best.index_low < best.index < best.index_high


def test_probabilities_and_shares_add_up_and_nothing_is_starved() -> None:
    """In each pool; the floor is at most half of an equal share."""
    for within in ("all", "group"):
        found = rank(simulated(1, sets=6).evidence, within=within)  # type: ignore[arg-type]
        for pool in {each.pool for each in found.ranked}:
            own = [each for each in found.ranked if each.pool == pool]
            assert sum(each.probability_best for each in own) == pytest.approx(1)
            assert sum(each.share for each in own) == pytest.approx(1)
            assert min(each.share for each in own) >= min(0.05, 0.5 / len(own)) - 1e-12
    assert matched_shares(np.array([1.0])).tolist() == [1.0]


def test_people_of_whom_nothing_is_known_get_no_share() -> None:
    """Nobody can aim at them; the others share all of it, and one of them may be told to be the best."""
    told = evidence([400, 300, 100], [5_000, 5_000, 5_000])
    found = rank(replace(told, items=(replace(told.items[0], can_be_chosen=False), *told.items[1:])))
    by_id = {each.id: each for each in found.ranked}
    assert (by_id["k0"].share, by_id["k0"].probability_best, by_id["k0"].verdict) == (0.0, 0.0, "not_aimed")
    assert by_id["k1"].verdict == "best"
    assert sum(each.share for each in found.ranked) == pytest.approx(1)


def test_one_alone_is_compared_with_nothing() -> None:
    """It is no winner."""
    assert verdicts(rank(evidence([50], [100]))) == {"k0": "alone"}


def test_a_dear_ad_set_says_nothing_of_its_creatives() -> None:
    """The first two ads bring ten times as many results, because of whom they are shown to; each second is better."""
    four = (*ITEMS, Item("k3", "Creative 3"))
    found = rank(
        replace(
            evidence([0, 0], [1, 1]),
            items=four,
            groups=(Item("s1", "Warm"), Item("s2", "Cold")),
            item=np.arange(4),
            group=np.array([0, 0, 1, 1]),
            count=np.array([2000.0, 4000.0, 200.0, 400.0]),
            exposure=np.full(4, 10_000.0),
            revenue=np.zeros(4),
            spend=np.full(4, 10_000.0),
        )
    )
    index = {each.id: each.index for each in found.ranked}
    assert index["k1"] / index["k0"] == pytest.approx(2, rel=0.05)
    assert index["k3"] / index["k2"] == pytest.approx(2, rel=0.15)
    assert index["k3"] > index["k0"], "a third of the results, and the better creative"


def test_what_the_platform_shows_more_of_is_believed_as_far_as_it_was_right() -> None:
    """Shown by the fourth power of its effect, an ad with little counted is known by its delivery; else it is not."""
    gains = []
    for chosen_by in (4.0, 0.0):
        told, by_delivery = [], []
        for seed in range(2):
            made = simulated(seed, sets=30, results_each=5, chosen_by=chosen_by)
            noise = np.random.default_rng(seed).normal(0, 0.5, len(made.truth))
            delivery = made.evidence.delivery if chosen_by else noise
            found = rank(replace(made.evidence, delivery=delivery), draws=200)
            (part,) = found.parts
            effect = {item.id: part.expected[n] + part.effects.item[n] for n, item in enumerate(made.evidence.items)}
            told.append(np.corrcoef(list(effect.values()), made.truth)[0, 1])
            by_delivery.append(np.abs(part.delivery).mean())
        gains.append((np.mean(told), np.mean(by_delivery)))
    assert gains[0][0] > 0.75
    assert gains[1][1] < 0.1, "where delivery says nothing, nothing is made of it"


def test_visible_attributes_help_where_little_was_counted() -> None:
    """A call to action that works: creatives of which hardly anything was seen are told apart by it."""
    with_model, without = [], []
    for seed in range(2):
        made = simulated(seed, sets=40, ads=4, results_each=6, spread=0.15, of_call=0.6)
        bare = tuple(Item(each.id, each.name) for each in made.evidence.items)
        for items, told in ((made.evidence.items, with_model), (bare, without)):
            (part,) = rank(replace(made.evidence, items=items), draws=100).parts
            told.append(np.corrcoef(part.expected + part.effects.item, made.truth)[0, 1])
    assert np.mean(with_model) > np.mean(without) + 0.05


def test_why_adds_up() -> None:
    """Attributes and delivery add up to what is expected, and with what was seen to the index."""
    made = simulated(2, sets=30, ads=4, results_each=6, of_call=0.6)
    found = rank(replace(made.evidence, delivery=made.truth * 0.5))
    first = found.ranked[0]
    (told,) = found.why(first.id).values()
    parts = sum(value for name, value in told.items() if name not in ("expected", "seen"))
    assert parts == pytest.approx(told["expected"], abs=1e-9)
    assert np.exp(told["expected"] + told["seen"]) == pytest.approx(first.index, rel=0.05)
    with pytest.raises(InputError, match="no item 'x'"):
        found.why("x")


def test_return_counts_what_results_are_worth() -> None:
    """As many results from both, twice as dear from the second: it has twice the return."""
    found = rank(evidence([400, 400], [5_000, 5_000], "roas", revenue=np.array([12_000.0, 24_000.0])))
    assert [part.name for part in found.parts] == ["rate", "value"]
    assert found.ranked[0].id == "k1"
    assert found.ranked[0].expected == pytest.approx(4.8, rel=0.05)
    assert found.ranked[0].seen == 4.8


# Evidence.


def daily(results: list[list[float]], *, share: list[list[float]] | None = None, spend: float = 10.0) -> Daily:
    counts = np.array(results, dtype=float)
    measures = {
        "spend": np.full(counts.shape, spend),
        "impressions": np.full(counts.shape, 1000.0),
        "clicks": np.full(counts.shape, 20.0),
        "results": counts,
        "revenue": counts * 30,
    }
    known = np.ones(counts.shape) if share is None else np.array(share, dtype=float)
    columns = counts.shape[1]
    return Daily(np.arange(columns), np.zeros(columns, dtype=np.int64), measures, known)


def told(days: Daily, metric: str = "cpa") -> Evidence:
    return gathered(metric, days, ITEMS[: days.known_share.shape[1]], (Item("s", "Set"),))


def test_young_days_weigh_as_much_as_has_arrived_of_them() -> None:
    """Half of the second day is known, too little of the third: 10 + 5 of the spend counts, 4 + 2 results."""
    found = told(daily([[4], [2], [1]], share=[[1.0], [0.5], [0.1]]))
    assert (found.exposure.tolist(), found.count.tolist(), found.spend.tolist()) == ([15.0], [6.0], [30.0])
    clicks = told(daily([[4], [2], [1]], share=[[1.0], [0.5], [0.1]]), "ctr")
    assert (clicks.exposure.tolist(), clicks.count.tolist()) == ([3000.0], [60.0]), "clicks do not arrive late"


def test_where_nobody_knows_what_has_arrived_it_is_said() -> None:
    """Figures are taken as they are."""
    found = told(daily([[4], [2]], share=[[np.nan], [np.nan]]))
    assert (found.exposure.tolist(), found.notes) == ([20.0], ("arrival_unknown",))


def test_negative_figures_and_nothing_at_all_are_refused() -> None:
    """With what is wrong."""
    with pytest.raises(InputError, match="results is below zero"):
        told(daily([[-1.0]]))
    with pytest.raises(InputError, match="nothing to rank"):
        told(daily([[0.0]], spend=0.0))
    worthless = daily([[1.0]])
    worthless.measures["revenue"][:] = np.nan
    with pytest.raises(InputError, match="No value is known of any result: rank by cpa"):
        told(worthless, "roas")
    with pytest.raises(InputError, match=r"cannot be ranked by 'reach'\. Known: ctr"):
        told(daily([[1.0]]), "reach")


def test_days_that_jump_make_figures_worth_less_and_days_of_the_whole_group_do_not() -> None:
    """One ad's good days are its own noise; a weekend that lifts both alike is none."""
    draw = np.random.default_rng(0)
    days = np.exp(draw.normal(0, 0.8, (60, 1)))
    together = draw.poisson(np.repeat(30 * days, 2, axis=1)).astype(float)
    apart = draw.poisson(30 * np.exp(draw.normal(0, 0.8, (60, 2)))).astype(float)
    assert told(daily(together.tolist())).spread_of_days < 1.3
    assert told(daily(apart.tolist())).spread_of_days > 5


# In words.


def test_names_are_escaped_and_both_languages_tell_the_same() -> None:
    """A name with a tag in it is text; every verdict and note has its words."""
    hostile = '<img src=x onerror="alert(1)">'
    items = (Item("k0", hostile), ITEMS[1], ITEMS[2])
    found = rank(replace(evidence([100, 300, 0], [5_000, 5_000, 10]), items=items, notes=("other_kinds",)))
    overlap = Overlap(hostile, 28, 800, 1000)
    for locale, best in (("en", "the best"), ("uk", "найкращий")):
        told = RankingTold(found, "creatives", locale, (overlap,))
        assert "<img" not in told._repr_html_()
        assert "&lt;img" in told._repr_html_()
        assert best in repr(told)
        assert "20" in told.notes[1]
    frame = RankingTold(found, "creatives").to_frame()
    assert frame["id"].iloc[0] == "k1"
    assert frame["cpa_seen"].isna().sum() == 1, "what brought nothing has no cost per result"


def test_audiences_that_share_people_are_told() -> None:
    """800 people in all, 1,000 in the sum: a fifth were counted before."""
    assert Overlap("x", 28, 800, 1000).share == pytest.approx(0.2)
    assert Overlap("x", 28, 1200, 1000).share == 0
    assert Overlap("x", 28, 0, 0).share == 0


def test_what_was_not_shown_takes_no_part() -> None:
    """The second ad was never shown: two are ranked, and each keeps its own name."""
    days = daily([[4, 0, 9]] * 10)
    days.measures["spend"][:, 1] = 0
    found = rank(told(days))
    assert sorted(each.name for each in found.ranked) == ["Creative 0", "Creative 2"]
    assert found.ranked[0].name == "Creative 2"


def test_one_creative_in_two_ad_sets_is_one_item() -> None:
    """What both say of it is put together; its cost is that of both."""
    found = rank(
        replace(
            evidence([0, 0], [1, 1]),
            groups=(Item("s1", "One"), Item("s2", "Other")),
            item=np.array([0, 1, 0]),
            group=np.array([0, 0, 1]),
            count=np.array([500.0, 250.0, 500.0]),
            exposure=np.array([5_000.0, 5_000.0, 5_000.0]),
            revenue=np.zeros(3),
            spend=np.array([5_000.0, 5_000.0, 5_000.0]),
        )
    )
    first = found.ranked[0]
    assert (first.id, first.count, first.spend, first.seen) == ("k0", 1000, 10_000, 10)
    assert first.expected == pytest.approx(10, rel=0.03)
