"""What is said of figures that are still arriving: in tiles, targets, tables, bars and sentences."""

import re
from dataclasses import replace
from datetime import date

import pytest

from aibuyer_kit.charts.arrival import Arrival, arrival_of
from aibuyer_kit.charts.overview import campaign_charts, campaigns, headline, summary_sentences, targets
from aibuyer_kit.charts.static import svg

from .samples import Immature, SampleOverview, mixed_overview, overview, values

MAY_9, MAY_10 = date(2026, 5, 9), date(2026, 5, 10)
NEWEST = (Immature(MAY_9, 0.8, 0.8), Immature(MAY_10, 0.5, 0.5))
UNTOLD = (Immature(MAY_10, None, None),)


def tile(found: SampleOverview, name: str, locale: str = "en") -> str:
    """Return the words of one tile, and the classes of what is marked in it."""
    (card,) = re.findall(rf'<div class="ab-card" data-metric="{name}">(.*?)</div></div>', headline(found, locale).html)
    return (
        re.sub(r"<[^>]*?(?:class=\"(ab-better|ab-worse)\"[^>]*)?>", r" \1 ", card)
        .replace("&nbsp;", " ")
        .replace("\xa0", " ")
    )


def test_a_figure_that_is_still_arriving_is_not_set_beside_one_that_has_arrived() -> None:
    """Nobody looked at the period before at this age: no arrow, no percentage, no colour, and the tile says why."""
    unseen = {**values(500.0, None, None), "ctr": 0.03}
    found = overview(immature=NEWEST, previous_totals=unseen)
    for name in ("results", "cpa", "revenue", "roas"):
        words = tile(found, name)
        assert "still arriving" in words
        assert not re.search(r"[▲▼%]|ab-better|ab-worse", words.split("Target")[0])
    assert "too early to compare with the period before" in tile(found, "results")
    assert "▲ +40.0%" in tile(found, "spend")
    assert "ab-worse ▼ −33.3%" in tile(found, "ctr")
    assert "still arriving" not in tile(found, "spend") + tile(found, "ctr")
    assert "порівнювати з попереднім періодом зарано" in tile(found, "results", "uk")


def test_what_was_known_at_the_same_age_is_compared_and_named_so() -> None:
    """Like with like may be coloured; the tile and the note below say what it was compared with."""
    found = overview(immature=NEWEST)
    assert "still arriving ab-better ▲ +40.0% against the period before at the same age" in re.sub(
        r"\s+", " ", tile(found, "results")
    )
    assert "compared with what was known of that period at the same age" in headline(found).html
    assert "same age" not in headline(overview()).html


@pytest.mark.parametrize(
    ("cpa", "immature", "verdict"),
    [
        (20.0, NEWEST, "better"),  # will only get cheaper
        (25.5, NEWEST, None),  # at most a quarter more results: 20.4 or so
        (40.0, NEWEST, "worse"),  # no arrival can bring it to 25
        (40.0, UNTOLD, None),
        (25.5, (), "worse"),
    ],
)
def test_a_target_is_judged_once_nothing_that_arrives_can_turn_the_verdict(
    cpa: float, immature: tuple[Immature, ...], verdict: str | None
) -> None:
    """Tile, bar and sentence agree; before that they say "so far"."""
    found = overview(immature=immature, totals={**values(700.0, 35, 2_100.0), "cpa": cpa}, targets={"cpa": 25.0})
    words, sentence = tile(found, "cpa"), summary_sentences(found)[1]
    assert re.findall(r"ab-(better|worse)", words.split("Target")[1]) == ([verdict] if verdict else [])
    assert ("so far" in words) is (verdict is None)
    assert ("is still open" in sentence) is (verdict is None)
    bar = targets(found).html
    assert re.findall(r'<i class="(.*?)"', bar) == [{"better": "ab-good", "worse": "ab-bad", None: ""}[verdict]]


def test_a_campaign_is_judged_as_if_it_had_shown_only_on_the_youngest_day() -> None:
    """Its days are not told apart: 35.00 a result could become 17.50, and has no colour in table and bars."""
    found = overview(immature=NEWEST, targets={"cpa": 25.0})
    assert re.findall(r'ab-(better|worse)" title="[^"]*">(€[\d.]+)', campaigns(found, columns=("cpa",)).html) == [
        ("better", "€17.50")
    ]
    assert "--ab-bad" in campaign_charts(overview(targets={"cpa": 25.0})).html
    assert "--ab-bad" not in campaign_charts(found).html


def test_each_kind_of_result_waits_for_its_own_days() -> None:
    """Leads of old days have arrived, purchases have not."""
    mixed = mixed_overview(immature=NEWEST)
    sold, asked = mixed.by_result
    old = tuple((day, part if day < MAY_9 else values(None, None, None)) for day, part in asked.daily)
    html = headline(replace(mixed, by_result=(sold, replace(asked, daily=old)))).html
    cards = re.findall(r'data-metric="results"><div class="ab-label">(\w+).*?(?=<div class="ab-card"|$)', html)
    assert cards == ["Purchases", "Leads"]
    assert [("still arriving" in card) for card in re.split('<div class="ab-card"', html)[2:6]] == [
        True,
        True,
        False,
        False,
    ]


def test_what_arrives_follows_from_each_days_own_share() -> None:
    """10 that have arrived, 8 of 10 and 5 of 10: 23 become 30."""
    daily = [(date(2026, 5, 8), {"results": 10}), (MAY_9, {"results": 8}), (MAY_10, {"results": 5})]
    found = arrival_of("results", daily, NEWEST)
    assert found == Arrival(pytest.approx(30 / 23), pytest.approx(30 / 23))
    assert arrival_of("results", daily[:1], NEWEST) == Arrival()
    assert arrival_of("results", [(MAY_10, {"results": None, "spend": 5.0})], NEWEST) == Arrival(None, None)


def test_days_whose_share_nobody_knows_are_hatched_all_the_same() -> None:
    """In a client's first weeks too."""
    from aibuyer_kit.charts.overview import overview_trends

    assert "<pattern" in svg(overview_trends(overview(immature=UNTOLD), ["results"])[0])
