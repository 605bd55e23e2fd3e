"""A figure against another one, and which direction is better."""

import pytest

from aibuyer_kit.charts.compare import compared, share_of


@pytest.mark.parametrize(
    ("name", "now", "before", "change", "verdict"),
    [
        ("cpa", 20.0, 25.0, -0.2, "better"),
        ("cpa", 30.0, 25.0, 0.2, "worse"),
        ("roas", 3.0, 2.0, 0.5, "better"),
        ("results", 5, 10, -0.5, "worse"),
        ("spend", 110.0, 100.0, 0.1, "neutral"),
        ("roas", 3.0004, 3.0, 0.0004 / 3, "same"),
        ("results", 0, 10, -1.0, "worse"),
    ],
)
def test_the_catalogue_says_which_direction_is_better(
    name: str, now: float, before: float, change: float, verdict: str
) -> None:
    """More is not better for a cost, and neither for spend."""
    result = compared(name, now, before)
    assert (result.change, result.verdict) == (pytest.approx(change), verdict)


@pytest.mark.parametrize(("now", "before"), [(None, 1.0), (1.0, None), (1.0, 0), (None, None)])
def test_a_comparison_with_nothing_is_unknown(now: float | None, before: float | None) -> None:
    """A change from zero or from the unknown has no figure."""
    assert compared("cpa", now, before).verdict == "unknown"


def test_a_share_of_nothing_is_unknown() -> None:
    """Zero spend has no shares."""
    assert (share_of(1.0, 4.0), share_of(1.0, 0), share_of(None, 4.0), share_of(0, 4.0)) == (0.25, None, None, 0.0)
