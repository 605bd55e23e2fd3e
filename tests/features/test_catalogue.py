"""The catalogue of features: nothing in it looks at what its leakage rule does not allow."""

from dataclasses import replace

import numpy as np
import pytest

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.i18n import LOCALES
from aibuyer_kit.features.catalogue import CATALOGUE, FAMILIES, feature, feature_rows, make_features
from aibuyer_kit.features.feature import Feature, Leakage
from aibuyer_kit.features.panel import DailyPanel, Split
from aibuyer_kit.features.view import View
from aibuyer_kit.features.windows import Floats

from .panels import drawn_panel

MOMENT = 45
PANEL = drawn_panel()
ALL = list(CATALOGUE.values())
EVENTS = ("spend", "impressions", "clicks", "link_clicks")
LATE = ("results", "revenue")


def made(each: Feature, panel: DailyPanel, ahead: int = 3) -> Floats:
    return np.array(make_features(View(panel, ahead, "UA"), [each.name])[each.name])


def with_events(panel: DailyPanel, day: int, days: int | None = None) -> DailyPanel:
    """Return the panel with other deliveries from `day` on, in all that tells of them."""
    span = slice(day, None if days is None else day + days)
    return replace(
        panel,
        measures=panel.measures | {name: changed(panel.measures[name], span) for name in EVENTS},
        reach={length: changed(values, span) for length, values in panel.reach.items()},
        splits={
            names: Split(names, each.parts, changed(each.impressions, span, uneven=True))
            for names, each in panel.splits.items()
        },
    )


def restated(panel: DailyPanel, day: int, days: int | None = None) -> DailyPanel:
    """Return the panel with other results, and another share of them known, from `day` on."""
    span = slice(day, None if days is None else day + days)
    shares = panel.known_share.copy()
    shares[span] *= 0.8
    late = {name: changed(panel.measures[name], span) for name in LATE}
    return replace(panel, measures=panel.measures | late, known_share=shares)


def budgeted(panel: DailyPanel, day: int) -> DailyPanel:
    """Return the panel with other budgets from `day` on, of one object above all."""
    assert panel.budgets is not None
    budgets = panel.budgets.copy()
    budgets[day:] *= np.linspace(2, 3, budgets.shape[1])
    return replace(panel, budgets=budgets)


def changed(values: Floats, span: slice, *, uneven: bool = False) -> Floats:
    found = values.copy()
    found[span] = found[span] * 3 + 7
    if uneven:
        found[span, :, 0] *= 5
    # Each object by another factor, so that no share stays what it was.
    shape = (1, values.shape[1]) + (1,) * (values.ndim - 2)
    found[span] *= np.linspace(1, 2, values.shape[1]).reshape(shape)
    return found


def same(one: Floats, other: Floats) -> bool:
    return bool(np.array_equal(one, other, equal_nan=True))


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_what_happens_later_moves_nothing_of_before(each: Feature) -> None:
    """Deliveries, results, people, breakdowns and budgets after the moment are all different, and nothing is seen."""
    later = budgeted(restated(with_events(PANEL, MOMENT), MOMENT), MOMENT)
    # What is planned for the day itself, and what is known of it so far, may be seen on the day.
    last = MOMENT if each.leakage in (Leakage.PLANNED, Leakage.NOW) else MOMENT + 1
    assert same(made(each, PANEL)[:last], made(each, later)[:last])


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_a_restatement_moves_only_what_says_so(each: Feature) -> None:
    """Results of one day are restated: what is of deliveries, plans or the calendar stays as it is, on all days."""
    before, after = made(each, PANEL), made(each, restated(PANEL, 25, 1))
    assert same(before[:26], after[:26])
    assert same(before, after) == (each.leakage is not Leakage.RESTATED)


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_what_is_known_ahead_does_not_see_deliveries_and_what_is_not_does(each: Feature) -> None:
    """Else a feature that always says the same would pass, or a plan would learn from what was spent."""
    day = (PANEL.known_at.date() - PANEL.days.since).days if each.leakage is Leakage.NOW else 30
    others = restated(with_events(PANEL, day, 20), day, 20)
    if each.leakage is Leakage.DAY_OVER:
        others = with_events(PANEL, day, 20)
    if each.name == "campaign_rivals":
        others = replace(PANEL, measures=PANEL.measures | {"impressions": np.zeros((60, 5))})
    if each.name == "days_since_first_impression":
        others = replace(PANEL, measures=PANEL.measures | {"impressions": PANEL.measures["impressions"] * MORNING})
    assert same(made(each, PANEL), made(each, others)) == each.leakage.is_known_ahead


MORNING = (np.arange(60) > 20)[:, None] * 1.0


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_a_row_of_the_past_is_what_was_made_on_its_day(each: Feature) -> None:
    """A model learns from rows like those that it is asked with: a panel that ends before the day gives the same."""
    assert PANEL.budgets is not None
    whole = made(each, PANEL)[MOMENT]
    earlier = PANEL.until(list(PANEL.days)[MOMENT - 1])
    view = View(earlier, 1, "UA", plan=PANEL.budgets[MOMENT : MOMENT + 1])
    if each.leakage is not Leakage.NOW:
        assert same(whole, make_features(view, [each.name])[each.name][-1])


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_days_behind_the_decision_have_only_what_is_known_ahead(each: Feature) -> None:
    """The panel ends; what lies between its end and a later day is not known, whatever window reaches back beyond."""
    behind = made(each, PANEL)[len(PANEL.days) + 1 :]
    if each.leakage.is_known_ahead:
        assert np.isfinite(behind).all()
    else:
        assert np.isnan(behind).all()


def test_what_is_read_least_makes_no_trouble() -> None:
    """A panel without budgets, reach, breakdowns, creatives: their features are unknown, all others are there."""
    bare = drawn_panel(days=40)
    objects = tuple(replace(each, creative={}, creative_id=None, created_on=None) for each in bare.objects)
    bare = replace(bare, objects=objects, budgets=None, reach={}, splits={})
    found = make_features(View(bare, ahead=0))
    unknown = {name for name, values in found.items() if np.isnan(values).all()}
    assert {"frequency_7", "women_share_28", "creative_call", "age_days", "daily_budget"} <= unknown
    kinds = {CATALOGUE[name].leakage for name in unknown}
    assert kinds <= {Leakage.PLANNED, Leakage.SET, Leakage.DAY_OVER, Leakage.NOW, Leakage.ADVANCE}
    assert np.isfinite(found["spend_mean_7"][-1]).all()


def test_one_day_and_one_object_are_enough() -> None:
    """Nothing is known before the first day, and nothing breaks."""
    found = make_features(View(drawn_panel(days=1, objects=1)))
    assert all(values.shape == (2, 1) for values in found.values())
    assert np.isnan(found["spend_lag_1"][0]).all()
    assert np.isfinite(found["spend_lag_1"][1]).all()


@pytest.mark.parametrize("locale", LOCALES)
def test_every_feature_says_what_it_is(locale: str) -> None:
    """A sentence, a unit and a rule of each, in both languages; no two say the same."""
    rows = feature_rows(locale)
    assert [row["name"] for row in rows] == list(CATALOGUE)
    assert all(str(row["meaning"]).endswith(".") and str(row["rule"]).endswith(".") for row in rows)
    told = [row["meaning"] for row in rows if not str(row["name"]).startswith(("week_", "month_", "year_"))]
    assert len(set(told)) == len(told)


def test_names_are_told_once() -> None:
    """Two features of one name would hide one of them."""
    assert len(CATALOGUE) == sum(map(len, FAMILIES.values()))


def test_a_feature_that_there_is_not_is_refused_with_the_nearest() -> None:
    """So is a plan of another form, and days that lie behind."""
    with pytest.raises(InputError, match="Did you mean 'spend_lag_7'"):
        feature("spend_lag7")
    with pytest.raises(InputError, match="The plan is of"):
        View(PANEL, 2, plan=np.zeros((1, 5)))
    with pytest.raises(InputError, match="ahead is -1"):
        View(PANEL, -1)
