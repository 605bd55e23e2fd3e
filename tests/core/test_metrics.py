"""The metric catalogue: ratios by hand, unknowns, and names that help."""

import pytest

from aibuyer_kit.core.errors import UnknownMetricError
from aibuyer_kit.core.metrics import METRICS, RATIOS, Ratio, metric, ratio_of

SUMS = {"spend": 50_000_000, "impressions": 20_000, "clicks": 100, "results": 4, "revenue": 125_000_000}
SUMS |= {"gross_profit": 52_500_000}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ctr", 0.005),
        ("cpc", 0.5),
        ("cpm", 2.5),
        ("cvr", 0.04),
        ("cpa", 12.5),
        ("roas", 2.5),
        ("value_per_result", 31.25),
        ("poas", 1.05),
    ],
)
def test_every_ratio_by_hand(name: str, expected: float) -> None:
    """50.00 spent on 20,000 impressions, 100 clicks, 4 results worth 125.00 at a margin of 42%."""
    ratio = METRICS[name]
    assert isinstance(ratio, Ratio)
    assert ratio_of(ratio, SUMS) == expected


def test_every_ratio_has_a_hand_worked_case() -> None:
    """A ratio added to the catalogue needs its line in the test above."""
    assert {ratio.name for ratio in RATIOS} == {"ctr", "cpc", "cpm", "cvr", "cpa", "roas", "value_per_result", "poas"}


@pytest.mark.parametrize("changed", [{"results": 0}, {"results": None}, {"spend": None}])
def test_a_missing_side_or_a_zero_denominator_is_unknown(changed: dict[str, int | None]) -> None:
    """Unknown is None: neither infinite nor zero."""
    ratio = METRICS["cpa"]
    assert isinstance(ratio, Ratio)
    assert ratio_of(ratio, SUMS | changed) is None


def test_a_mistyped_metric_is_told_the_nearest_and_all_others() -> None:
    """As the style asks: what, and what there is."""
    with pytest.raises(UnknownMetricError, match=r"'cpaa'. Did you mean 'cpa'\? Known: clicks, cpa"):
        metric("cpaa")
