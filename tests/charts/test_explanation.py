"""What a prediction is made of, whatever the model."""

import json
import math

import pytest

from aibuyer_kit.charts.explanation import Explanation, Part, ranked
from aibuyer_kit.charts.waterfall import Waterfall
from aibuyer_kit.core.errors import InputError


def explained(*parts: Part, whole: float, title: str = "Why") -> Explanation:
    ends = Part("b", "Before", 100.0), Part("w", "After", whole)
    return Explanation(title, "en", ranked(parts), *ends, "revenue", "EUR", higher_is_better=True)


def test_it_reads_from_the_baseline_to_the_whole_the_largest_part_first() -> None:
    """The same rows as text, as a frame, as JSON and in the words of the chart."""
    found = explained(Part("a", "Small", 1.0), Part("c", "Large", -21.0, "said so"), whole=80.0)
    lines = [line.split("  ") for line in repr(found).splitlines() if line.startswith("  ")]
    assert [line[1].strip() for line in lines] == ["Before", "Large", "Small", "After"]
    assert "−€21.00  said so" in repr(found)
    assert "+€1.00" in repr(found)
    assert found.to_frame()["amount"].tolist() == [100.0, -21.0, 1.0, 80.0]
    assert json.loads(json.dumps(found.to_dict()))["parts"][0]["key"] == "c"
    assert found.plot().text == "Why. Before: €100.00; Large: −€21.00; Small: +€1.00; After: €80.00."
    assert found.part("c") == -21.0
    assert found.part("none") == 0


def test_parts_that_do_not_add_up_explain_nothing() -> None:
    with pytest.raises(InputError, match="do not add up"):
        explained(Part("a", "Small", 1.0), whole=102.0)
    with pytest.raises(InputError, match="not a number"):
        explained(Part("a", "Small", math.nan), whole=101.0)


def test_factors_are_shown_as_factors() -> None:
    """Logarithms that add up are factors that multiply."""
    ends = Part("b", "Before", math.log(0.5)), Part("w", "After", math.log(1.5))
    found = Explanation("Why", "en", (Part("a", "Thrice", math.log(3.0)),), *ends)
    assert [line.split()[-1] for line in repr(found).splitlines()[2:]] == ["×0.50", "×3.00", "×1.50"]
    sizes = Explanation("What moves", "en", (Part("a", "Any", math.log(1.2)),), signed=False)
    assert "×/÷ 1.20" in repr(sizes)
    assert "<svg" in sizes._repr_html_()


def test_many_parts_are_drawn_as_the_largest_and_the_others() -> None:
    """All of them are in the text; none that is nothing in the digits shown is in either."""
    parts = [Part(str(place), f"Part {place}", 10.0 - place) for place in range(10)]
    chart = explained(*parts, Part("tiny", "Next to nothing", 0.001), whole=155.001).chart()
    assert isinstance(chart, Waterfall)
    assert [step.label for step in chart.steps][-2:] == ["Part 7", "2 more"]
    assert sum(step.amount for step in chart.steps) == pytest.approx(55.0)
    assert "Next to nothing" not in repr(explained(*parts, Part("tiny", "Next to nothing", 0.001), whole=155.001))


def test_labels_are_text() -> None:
    """In pages, in charts and in terminals."""
    found = explained(Part("a", "<img src=x>\x1b[31m$x$", 1.0, "<b>r</b>"), whole=101.0, title="<i>")
    assert "<img" not in found.page()
    assert "<b>r" not in found.page()
    assert "\x1b" not in repr(found)


def test_shares_change_by_points_and_few_results_keep_their_digits() -> None:
    rate = Explanation("Why", "en", (Part("a", "Up", 0.002),), Part("b", "B", 0.01), Part("w", "W", 0.012), "ctr")
    assert "+0.20 points" in repr(rate)
    few = Explanation("Why", "en", (Part("a", "Up", 0.25),), Part("b", "B", 3.0), Part("w", "W", 3.25), "results")
    assert "+0.25" in repr(few)
