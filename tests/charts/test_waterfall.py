"""The way from one figure to a later one, as a chart."""

import re

from aibuyer_kit.charts.waterfall import Step, Waterfall, waterfall_svg


def chart(*steps: Step, name: str = "Conversion rate") -> Waterfall:
    return Waterfall(
        title="From €10.00 to €14.00",
        metric="cpa",
        currency="EUR",
        locale="en",
        start=Step("Before", 10.0, "€10.00"),
        steps=(Step(name, 5.0, "+€5.00"), Step("Mix", -1.0, "−€1.00"), *steps),
        end=Step("After", 14.0, "€14.00"),
        higher_is_better=False,
    )


def test_it_is_told_in_words_and_drawn_the_same_each_time() -> None:
    """For those who do not see it, and for pages that are compared."""
    drawn = waterfall_svg(chart())
    assert "Cost per result: €10.00 before; Conversion rate: +€5.00; Mix: −€1.00; €14.00 after." in drawn
    assert drawn == waterfall_svg(chart())


def test_what_makes_it_worse_and_better_is_in_the_colours_of_the_page() -> None:
    """A rise of a cost is bad, a fall is good; no colour is its own."""
    drawn = waterfall_svg(chart())
    assert drawn.count("var(--ab-bad") == 1
    assert drawn.count("var(--ab-good") == 1
    assert re.findall(r"#[0-9a-f]{6}", re.sub(r"var\([^)]*\)", "", drawn)) == []


def test_a_name_is_text() -> None:
    """Whatever it holds."""
    drawn = waterfall_svg(chart(name="<script>$x$</script>"))
    assert "<script>" not in drawn
    assert "&lt;script&gt;$x$" in drawn


def test_nothing_that_moved_is_drawn_too() -> None:
    """Two equal figures without a step between them."""
    still = Waterfall("Still", "spend", "EUR", "en", Step("Before", 0.0, "€0.00"), (), Step("After", 0.0, "€0.00"))
    assert waterfall_svg(still).startswith("<svg")
