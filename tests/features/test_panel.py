"""The panel itself: its form is checked, and cuts of it hold everything that it holds."""

from datetime import timedelta

import numpy as np
import pytest

from aibuyer_kit.core.errors import InputError, UnknownMetricError

from .panels import SINCE, drawn_panel, panel


def test_arrays_of_another_form_are_refused() -> None:
    """Whatever it is that does not fit is named."""
    with pytest.raises(InputError, match=r"clicks is of \(3, 2\); a panel of 2 days"):
        panel({"spend": np.zeros((2, 2)), "clicks": np.zeros((3, 2))})
    with pytest.raises(InputError, match="known_share is of"):
        panel({"spend": np.zeros((2, 2))}, known_share=np.ones((2, 1)))
    with pytest.raises(InputError, match="reach of 7 days is of"):
        panel({"spend": np.zeros((2, 2))}, reach={7: np.zeros((1, 2))})
    with pytest.raises(InputError, match="budgets is of"):
        panel({"spend": np.zeros((2, 2))}, budgets=np.zeros((2, 3)))


def test_a_measure_that_is_not_there_is_named() -> None:
    """With those there are."""
    with pytest.raises(UnknownMetricError, match=r"no measure 'reach'\. It has: clicks, "):
        panel({"spend": np.zeros((2, 2))}).measure("reach")


def test_cuts_hold_all_that_a_panel_holds() -> None:
    """Days and objects are cut everywhere: measures, shares, budgets, people, breakdowns."""
    whole = drawn_panel(days=20, objects=4)
    assert whole.budgets is not None
    cut = whole.until(SINCE + timedelta(days=14)).last(10).only([2, 0])
    assert cut.budgets is not None
    assert (cut.days.since, cut.days.until) == (SINCE + timedelta(days=5), SINCE + timedelta(days=14))
    assert [each.id for each in cut.objects] == ["s2", "s0"]
    for name in ("spend", "results"):
        assert np.array_equal(cut.measure(name), whole.measure(name)[5:15][:, [2, 0]], equal_nan=True)
    assert np.array_equal(cut.known_share, whole.known_share[5:15][:, [2, 0]])
    assert np.array_equal(cut.budgets, whole.budgets[5:15][:, [2, 0]])
    assert np.array_equal(cut.reach[7], whole.reach[7][5:15][:, [2, 0]], equal_nan=True)
    names = ("age", "gender")
    assert np.array_equal(cut.splits[names].impressions, whole.splits[names].impressions[5:15][:, [2, 0]])


def test_cuts_beyond_its_ends_are_the_panel_itself() -> None:
    """More days than there are, and a day after the last."""
    whole = drawn_panel(days=5)
    assert whole.last(99).days == whole.days
    assert whole.until(SINCE + timedelta(days=99)).days == whole.days
