"""Charts as plain values."""

import pytest

from aibuyer_kit.charts.spec import metric_bars, share_bars, trend_chart
from aibuyer_kit.core.errors import UnknownMetricError

from .samples import HOSTILE, overview


def test_a_trend_keeps_every_day_and_leaves_the_unknown_one_empty() -> None:
    """Unknown is not zero, and no day is left out."""
    chart = trend_chart(overview().daily, "spend", currency="EUR", locale="en")
    assert chart.series[0].values == (100.0, 101.0, 102.0, None, 104.0, 105.0, 106.0)


def test_a_trend_is_told_in_words() -> None:
    """Who does not see the line hears its ends, its gap and its target."""
    chart = trend_chart(overview().daily, "spend", currency="EUR", locale="en", target=90.0)
    assert chart.describe() == (
        "Spend per day, May 4, 2026 – May 10, 2026. Lowest €100.00 on May 4, 2026, highest €106.00 on May 10, 2026. "
        "1 day is unknown. Target €90.00."
    )


def test_a_trend_without_a_known_day_says_so() -> None:
    """An empty chart is told as empty."""
    days = tuple((day, {"spend": None}) for day, _ in overview().daily)
    assert trend_chart(days, "spend", currency="EUR", locale="uk").describe() == "За ці дні даних немає"


def test_shares_are_of_all_campaigns_though_only_some_are_drawn() -> None:
    """The bars that do not fit still count in the whole."""
    rows = [(row.name, row.values) for row in overview().campaigns]
    chart = share_bars(rows, currency="EUR", locale="en", most=1)
    assert [(bar.label, bar.length, bar.text) for bar in chart.bars] == [("Sample Prospecting", 0.75, "75.0%")]


def test_bars_of_a_metric_keep_unknown_values_unknown() -> None:
    """No results means no cost per result, not a free one."""
    rows = [(HOSTILE, {"cpa": None}), ("Sample", {"cpa": 20.0})]
    chart = metric_bars(rows, "cpa", currency="EUR", locale="en", target=25.0)
    assert [(bar.length, bar.text) for bar in chart.bars] == [(None, "–"), (20.0, "€20.00")]
    assert chart.higher_is_better is False


def test_a_chart_of_an_unknown_metric_is_refused() -> None:
    """The error comes before anything is drawn."""
    with pytest.raises(UnknownMetricError):
        trend_chart(overview().daily, "cpaa", currency="EUR", locale="en")
