"""What forecasts are made of, from panels made by hand."""

import numpy as np
import pytest

from aibuyer_kit.workflows.forecast import _Request
from tests.planning.response.panels import panel


@pytest.mark.parametrize(("metric", "is_nonnegative"), [("revenue", True), ("results", True), ("profit", False)])
def test_only_a_profit_may_be_forecast_below_zero(metric: str, is_nonnegative: bool) -> None:
    """One refund does not unbound a revenue, and a profit that was never below zero yet may be."""
    spend, results = np.full((40, 2), 10.0), np.full((40, 2), 3.0)
    results[20, 1] = -1.0 if is_nonnegative else 3.0
    request = _Request(panel(spend, results), 7, {}, (), "en")
    assert request.series(metric).nonnegative == is_nonnegative
