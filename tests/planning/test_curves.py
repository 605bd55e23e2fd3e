"""Curves as given: values by hand, ends without overflow, and what makes no sense."""

from dataclasses import replace

import numpy as np
import pytest

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.planning.curves import curve_of, seen_range
from tests.planning.questions import curves_of, random_curves


def test_half_of_the_ceiling_is_reached_at_half():
    """And the marginal there is c k / (4 h)."""
    curves = curve_of("a", ceiling=100.0, half=50.0, slope=2.0)
    assert curves.value(np.array([50.0])).item() == 50.0
    assert curves.marginal(np.array([50.0])).item() == pytest.approx(100 * 2 / (4 * 50))


@pytest.mark.parametrize(("slope", "marginal"), [(0.5, np.inf), (1.0, 2.0), (2.0, 0.0)])
def test_the_first_unit_by_slope(slope, marginal):
    """At no spend: infinite, c / h, nothing."""
    assert curve_of("a", ceiling=100.0, half=50.0, slope=slope).marginal(np.array([0.0])).item() == marginal


@pytest.mark.parametrize("spend", [1e-300, 1e-9, 1e9, 1e300])
def test_no_spend_overflows(spend):
    """Values stay between 0 and the ceiling, marginals finite and not negative."""
    curves = curves_of([100.0, 100.0], [1e-3, 1e6], [0.3, 8.0])
    value, marginal = curves.value(np.full(2, spend)), curves.marginal(np.full(2, spend))
    assert ((value >= 0) & (value <= 100)).all()
    assert (np.isfinite(marginal) & (marginal >= 0)).all()


def test_what_an_arm_has_shown_is_of_weeks_in_which_it_was_on():
    """Weeks at whose edge it was paused tell no lower spend; one that is never on for long tells its own days."""
    on_and_off = np.where(np.arange(60) % 20 < 12, 70.0, 0.0)
    rarely = np.where(np.arange(60) % 7 < 2, 50.0, 0.0)
    never = np.zeros(60)
    found = seen_range(np.column_stack([on_and_off, rarely, never]))
    assert found[:, 0].tolist() == [40.0, 70.0]
    assert found[:, 1].tolist() == [50.0, 50.0]
    assert found[:, 2].tolist() == [0.0, 0.0]


def test_marginal_is_the_slope_of_value():
    """Central differences agree."""
    curves = random_curves(5, 9, draws=4, shaped=True)
    spend, step = curves.spend_now, 1e-5 * curves.spend_now
    slope = (curves.value(spend + step) - curves.value(spend - step)) / (2 * step)
    assert curves.marginal(spend) == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("half", np.zeros((1, 3))),
        ("slope", np.full((1, 3), np.nan)),
        ("ceiling", np.full((1, 3), -1.0)),
        ("ceiling", np.ones((1, 2))),
        ("ceiling", np.ones(3)),
        ("spend_now", np.array([1.0, np.inf, 1.0])),
        ("arms", ("a", "a", "b")),
        ("names", ("a",)),
        ("identified", ("yes", "no", "perhaps")),
        ("warnings", {"zz": "who?"}),
        ("basis", "believed"),
        ("value_of", "clicks"),
        ("currency", "XXX"),
        ("revenue_by_value", np.ones(2)),
        ("results_by_value", -np.ones(3)),
    ],
)
def test_curves_that_make_no_sense_are_refused(name, value):
    """The message names what is wrong."""
    with pytest.raises(InputError):
        replace(random_curves(0, 3), **{name: value})
