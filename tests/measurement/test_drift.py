"""Drift of figures: what is told of which change, on drawn panels that nothing else is wrong with."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.measurement.drift import LEAST_DAYS, drift
from tests.drawn_panels import UNTIL, drawn_panel

Change = Callable[[dict[str, np.ndarray]], None]
LAST = slice(-3, None)


def changed(panel: DailyPanel, change: Change, days: slice = LAST) -> DailyPanel:
    last = {name: values[days].copy() for name, values in panel.measures.items()}
    change(last)
    kept = {name: values.copy() for name, values in panel.measures.items()}
    for name, values in kept.items():
        values[days] = last[name]
    return replace(panel, measures=kept)


def scaled(**factors: float) -> Change:
    def change(measures: dict[str, np.ndarray]) -> None:
        for name, factor in factors.items():
            measures[name] *= factor

    return change


def first_half_without_rows(measures: dict[str, np.ndarray]) -> None:
    for values in measures.values():
        values[:, :10] = 0


def half_up_half_down(measures: dict[str, np.ndarray]) -> None:
    measures["spend"] *= np.where(np.arange(20) % 2, 1.5, 1 / 1.5)


def test_figures_with_weekdays_and_seasons_are_no_drift() -> None:
    """Every third day of four weeks, of three accounts."""
    for seed in (11, 12, 13):
        panel = drawn_panel(seed, objects=20)
        for back in range(0, 28, 3):
            assert drift(panel.until(UNTIL - timedelta(days=back))) == ()


@pytest.mark.parametrize(
    ("signal", "change"),
    [
        ("cpm", scaled(spend=100.0)),
        ("cpm", scaled(spend=1.4, revenue=1.4)),
        ("cvr", scaled(results=0.5, revenue=0.5)),
        ("value_per_result", scaled(revenue=0.5)),
        ("ctr", scaled(clicks=1.6)),
        ("volume", scaled(spend=2.0, impressions=2.0, clicks=2.0, results=2.0, revenue=2.0)),
        ("missing", first_half_without_rows),
        ("untold", scaled(revenue=np.nan)),
        ("scatter", half_up_half_down),
    ],
)
def test_a_change_is_told_within_three_days_by_its_name(signal: str, change: Change) -> None:
    """With the account, and since when."""
    found = drift(changed(drawn_panel(14, objects=20), change))
    shift = next(each for each in found if each.signal == signal)
    assert shift.account_id == "act_1"
    assert UNTIL - timedelta(days=3) < shift.since <= UNTIL
    assert str(shift).startswith("act_1: since ")


def ending(panel: DailyPanel, until: date) -> DailyPanel:
    """Return a drawn panel as one of other days, of which the weekdays are the same or nearly so."""
    return replace(panel, days=DateRange(until - timedelta(days=len(panel.days) - 1), until))


BLACK_FRIDAY = date(2026, 11, 27)
SALE = {"spend": 1.6, "impressions": 1.2, "clicks": 1.2, "results": 2.1, "revenue": 2.4}


def test_the_first_black_friday_is_no_drift_nor_are_the_days_after_it() -> None:
    """Dearer impressions, more results of more worth: for its week, and then again as before."""
    for seed in (21, 22, 23):
        panel = drawn_panel(seed, objects=20)
        for back in (0, 3, 6, 12):
            until = BLACK_FRIDAY + timedelta(days=back)
            since, last = len(panel.days) - back - 4, len(panel.days) - max(0, back - 4)
            found = drift(ending(changed(panel, scaled(**SALE), slice(since, last)), until))
            assert found == (), (seed, until)
    assert drift(ending(changed(panel, scaled(**SALE)), BLACK_FRIDAY - timedelta(days=21)))


def test_what_breaks_on_black_friday_is_told() -> None:
    """Another unit, half of the objects, and a measure that is not reported; what is smaller, once the week is over."""
    panel = drawn_panel(24, objects=20)
    for signal, change in (
        ("cpm", scaled(spend=100.0)),
        ("missing", first_half_without_rows),
        ("untold", scaled(revenue=np.nan)),
    ):
        found = drift(ending(changed(panel, change), BLACK_FRIDAY))
        assert signal in {each.signal for each in found}
    half = changed(panel, scaled(results=0.5, revenue=0.5), slice(-8, None))
    assert drift(ending(half, BLACK_FRIDAY)) == ()
    assert "cvr" in {each.signal for each in drift(ending(half, BLACK_FRIDAY + timedelta(days=7)))}


def test_results_that_still_arrive_are_no_drift() -> None:
    """A third of yesterday's results and two thirds of the day before are known, and known to be so."""
    panel = drawn_panel(15, objects=20)
    share = np.ones_like(panel.known_share)
    share[-1], share[-2] = 0.33, 0.66
    measures = {name: values.copy() for name, values in panel.measures.items()}
    for name in ("results", "revenue"):
        measures[name][-2:] = np.round(measures[name][-2:] * share[-2:])
    assert drift(replace(panel, measures=measures, known_share=share)) == ()
    assert [each.signal for each in drift(replace(panel, measures=measures))] == ["cvr"]


def test_one_account_of_two_is_named() -> None:
    panel = drawn_panel(16, objects=20)
    objects = tuple(
        replace(each, account_id="act_2") if place >= 10 else each for place, each in enumerate(panel.objects)
    )

    def in_cents(measures: dict[str, np.ndarray]) -> None:
        measures["spend"][:, 10:] *= 100

    found = drift(changed(replace(panel, objects=objects), in_cents))
    assert {each.account_id for each in found} == {"act_2"}


def test_a_paused_account_and_nothing_at_all_are_no_drift() -> None:
    """Objects that are said to be paused may have no figures; all zero and all unknown say nothing."""
    panel = drawn_panel(17, objects=20)
    paused = tuple(replace(each, status="PAUSED") for each in panel.objects[:10]) + panel.objects[10:]
    assert "missing" not in {
        each.signal for each in drift(changed(replace(panel, objects=paused), first_half_without_rows))
    }
    for value in (0.0, np.nan):
        nothing = {name: np.full_like(values, value) for name, values in panel.measures.items()}
        assert drift(replace(panel, measures=nothing)) == ()


def test_too_few_days_are_refused() -> None:
    with pytest.raises(InputError, match=f"from {LEAST_DAYS} days"):
        drift(drawn_panel(1, days=30, objects=5))
