"""Why a forecast is what it is: parts that add up to it, the planted cause first, in both languages."""

import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.forecasting.boosted import Boosted
from aibuyer_kit.forecasting.drivers import Drivers
from aibuyer_kit.forecasting.floors import SeasonalNaive, WindowMean
from aibuyer_kit.forecasting.forecaster import Forecaster
from aibuyer_kit.forecasting.parts import LATELY, PAUSED, SIBLINGS, WEEKDAY, forecast_parts
from aibuyer_kit.forecasting.result import TOTAL, ForecastObject
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet
from aibuyer_kit.forecasting.tree_forecast import TreeForecast, forecast_tree
from aibuyer_kit.forecasting.why import Explainer
from tests.forecasting.made import START, drawn, series_of, weekly_rate

DAYS, AHEAD = 140, 14
FORECASTER = Forecaster((SeasonalNaive(), WindowMean(), Drivers(), Boosted(least_rows=600, trees=20)), origins=3)
ENGLISH = re.compile(r"[A-Za-z]{3,}")


def made(series: SeriesSet, ahead: int = AHEAD) -> TreeForecast:
    return forecast_tree(series, [["c"]] * series.count, ahead, FORECASTER)


def explainer(
    told: TreeForecast, below: TreeForecast | None = None, *, metric: str = "revenue", locale: str = "en"
) -> Explainer:
    """Return what explains a forecast, or with one below it their ratio."""
    leaves = len(told.tree.leaves)
    objects = [ForecastObject(f"s{place}", f"«{place}»", "campaign") for place in range(leaves)]
    first = START + timedelta(days=DAYS)
    days = DateRange(first, first + timedelta(days=len(told.expected) - 1))
    objects.append(ForecastObject(TOTAL, "Total", TOTAL))
    sides = (told,) if below is None else (told, below)
    return Explainer(metric, "EUR", locale, days, objects, sides, FORECASTER)


def promoted(factor: float, seed: int = 1, count: int = 5) -> SeriesSet:
    """Return series that come by so much more in weeks of promotion, of which the week ahead is one."""
    flags = (np.arange(DAYS + AHEAD) // 7 % 5 == 0).astype(np.float64)
    flags[DAYS - 7 :] = 0.0
    flags[DAYS + 3 : DAYS + 10] = 1.0
    rate = weekly_rate(DAYS, count, 60.0) * np.where(flags[:DAYS] > 0, factor, 1.0)[:, None]
    return series_of(drawn(rate, seed), known={"promotion": np.tile(flags[:, None], (1, count))})


def budgeted(ahead: Floats, seed: int = 1) -> SeriesSet:
    """Return series that come in proportion to their budget, which moved in the past and is `ahead` (series,) then."""
    rng = np.random.default_rng(seed)
    count = len(ahead)
    steps = np.repeat(rng.choice([0.5, 1.0, 2.0], (DAYS // 10, count)), 10, axis=0)
    steps[-30:] = 1.0
    budget = np.concatenate([100.0 * steps, np.tile(100.0 * ahead, (AHEAD, 1))])
    return series_of(drawn(weekly_rate(DAYS, count, 50.0) * steps, seed), known={BUDGET: budget})


@pytest.fixture(scope="module")
def promotion() -> TreeForecast:
    return made(promoted(2.5))


def test_parts_add_up_to_the_forecast_of_every_object_and_day(promotion: TreeForecast) -> None:
    """Of leaves, groups and the total; and objects' parts to those of the total."""
    parts = forecast_parts(promotion, FORECASTER)
    whole = parts.recent + sum(parts.parts.values())
    np.testing.assert_allclose(whole, promotion.expected, rtol=1e-9, atol=1e-9)
    ask = explainer(promotion)
    total = ask()
    assert total.whole is not None
    assert total.whole.amount == pytest.approx(promotion.expected[:, -1].sum())
    own = [ask(f"s{place}") for place in range(5)]
    for key in ("promotion", LATELY, WEEKDAY):
        assert total.part(key) == pytest.approx(sum(each.part(key) for each in own))


def test_members_are_taken_apart_as_they_are(promotion: TreeForecast) -> None:
    """What they say, by their weights, is what the combination said before it was corrected: nothing is left over."""
    parts = forecast_parts(promotion, FORECASTER)
    mixed = sum(np.nan_to_num(parts.members[name]) * parts.weights[name] for name in parts.members)
    np.testing.assert_allclose(mixed, promotion.fitted.base, rtol=1e-6)
    before = {key: values for key, values in parts.parts.items() if key not in ("correction", "together")}
    np.testing.assert_allclose(parts.recent + sum(before.values()), promotion.fitted.base, rtol=1e-6)
    assert not parts.parts[SIBLINGS].any()


def test_shap_values_of_the_pooled_trees_add_up_to_what_they_say() -> None:
    """Of the mean on logarithms, of the median as it is."""
    series, model = promoted(2.5), Boosted(least_rows=600, trees=20)
    paths = model.paths(series, np.array([DAYS]), AHEAD)
    for name, say in model.explained(series, AHEAD).items():
        score = say.told.raw_scores().reshape(say.level.shape)
        np.testing.assert_allclose((np.exp(score) if say.on_logs else score) * say.level, paths[name][0], rtol=1e-9)
        assert len(say.told.names) == say.rows.shape[1]


def test_what_drives_the_trees_is_told_where_they_count() -> None:
    """Alone in the combination: of one object its parts add up to what they say, of all there are sizes."""
    alone = Forecaster((Boosted(least_rows=600, trees=20),), origins=3)
    told = forecast_tree(promoted(2.5), [["c"]] * 5, AHEAD, alone)
    ask = replace(explainer(told), forecaster=alone)
    parts = forecast_parts(told, alone)
    for name, found in zip(parts.trees, ask("s1").more[1:], strict=True):
        assert found.whole is not None
        path = parts.members[name][:, 1]
        level = parts.trees[name].level[:, 1]
        says = np.log(path / level).mean() if parts.trees[name].on_logs else path.sum()
        assert found.whole.amount == pytest.approx(says)
    first = {each.key for each in ask().more[1].parts[:2]}
    assert first & {"promotion", "drivers"}, "the planted cause, or what drivers make of it"
    assert "SHAP" in ask().more[1].title


def test_a_planted_promotion_is_named_first(promotion: TreeForecast) -> None:
    found = explainer(promotion)()
    assert found.parts[0].key == "promotion"
    assert "Promotions" in found.said[1]
    # 7 of 14 days come by 2.5 times as much.
    assert found.part("promotion") == pytest.approx(0.75 * found.baseline.amount, rel=0.25)  # type: ignore[union-attr]


def test_a_larger_budget_is_named_first_and_a_pause_takes_all() -> None:
    told = made(budgeted(np.array([1.0, 2.0, 0.0, 1.0, 1.0])))
    ask = explainer(told)
    assert ask("s1").parts[0].key == BUDGET
    assert ask("s1").parts[0].amount > 0
    paused = ask("s2")
    assert paused.parts[0].key == PAUSED
    assert paused.whole is not None
    assert paused.whole.amount == 0


def test_what_rises_of_late_is_named_first() -> None:
    """A level that has been rising from week to week, and no driver that explains it."""
    rate = weekly_rate(DAYS, 4, 50.0)
    rate[-21:] *= np.linspace(1.0, 3.0, 21)[:, None]
    assert explainer(made(series_of(drawn(rate))))().parts[0].key == LATELY


def test_the_pace_is_of_days_that_are_known() -> None:
    """Where the last 40 days were not read, the pace is that of the days before, and not nothing."""
    series = promoted(1.0)
    values = series.values.copy()
    values[-40:, 1] = np.nan
    found = forecast_parts(made(replace(series, values=values)), FORECASTER)
    before = values[-68:-40, 1].mean()
    assert found.recent[0, 1] == pytest.approx(before, rel=0.05)


def test_what_moves_nothing_is_not_named_as_the_cause() -> None:
    """Of a series of nothing no part is said to move it most."""
    series = promoted(1.0)
    told = explainer(made(replace(series, values=np.zeros_like(series.values))))("s0")
    assert len(told.said) == 1


def test_young_objects_borrow_and_that_is_a_part() -> None:
    values = drawn(weekly_rate(DAYS, 4, 40.0))
    values[:-3, 3] = 0.0
    told = made(series_of(values))
    parts = forecast_parts(told, FORECASTER)
    assert parts.parts[SIBLINGS][:, 3].any()
    np.testing.assert_allclose(parts.recent + sum(parts.parts.values()), told.expected, atol=1e-9)


def test_a_ratio_is_taken_apart_by_both_of_its_sides() -> None:
    """Revenue rises by a promotion, spend does not: the return rises by it, exactly by what is left."""
    revenue, spend = made(promoted(2.5)), made(promoted(1.0, seed=2))
    found = explainer(revenue, spend, metric="roas")()
    assert found.parts[0].key == "promotion"
    assert found.whole is not None
    assert found.whole.amount == pytest.approx(revenue.expected[:, -1].sum() / spend.expected[:, -1].sum())
    assert [each.metric for each in found.more] == ["revenue", "spend"]
    nothing = made(series_of(np.zeros((DAYS, 5))))
    with pytest.raises(InputError, match="divided"):
        explainer(revenue, nothing, metric="roas")()


@pytest.mark.parametrize("signed", [False, True])
def test_any_past_can_be_explained(signed: bool) -> None:
    """Nothing at all, a constant, gaps, values below zero, a few days: parts are numbers, and add up."""
    draw = np.random.default_rng(3)
    values = np.stack([np.zeros(DAYS), np.full(DAYS, 7.0), drawn(weekly_rate(DAYS, 1))[:, 0], np.zeros(DAYS)], axis=1)
    values[draw.random(DAYS) < 0.3, 2] = np.nan
    values[-1, 3] = 5.0
    if signed:
        values = np.column_stack([values, draw.normal(0, 10, DAYS), -np.full(DAYS, 4.0)])
    for days in (DAYS, 20, 3):
        told = made(series_of(values[-days:], signed=signed, late=1 if days > 3 else 0), ahead=5)
        found = [explainer(told)(f"s{place}") for place in range(values.shape[1])]
        assert all(each.whole is not None for each in found)


def test_ukrainian_has_no_english_and_names_are_hostile() -> None:
    told = made(promoted(2.5))
    ask = explainer(told, locale="uk")
    ask = replace(ask, objects=[replace(ask.objects[0], name="<b>x</b>"), *ask.objects[1:]])
    for text in (repr(ask()), repr(ask("s1")), *[each.describe() for each in ask("s1", "prophet").charts]):
        left = ENGLISH.sub(lambda each: "" if each[0] in ("EUR", "LightGBM", "SHAP", "Theta") else each[0], text)
        assert not ENGLISH.search(left), left
    assert "<b>x" not in ask("s0")._repr_html_()
    assert "&lt;b&gt;x" in ask("<b>x</b>")._repr_html_()


def test_what_is_not_there_is_refused(promotion: TreeForecast) -> None:
    with pytest.raises(NotFoundError, match=r"no 'nobody' in this forecast\. Known: s0, s1"):
        explainer(promotion)("nobody")
    with pytest.raises(InputError, match="Known: drivers, prophet"):
        explainer(promotion)(TOTAL, "magic")
    with pytest.raises(InputError, match="Prophet is fitted to sums"):
        explainer(promotion, metric="roas")(TOTAL, "prophet")


def test_prophets_components_add_up_to_what_it_says(promotion: TreeForecast) -> None:
    """A weekend of half as much and a promotion that is known are found; the shape of the week is drawn."""
    found = explainer(promotion)("s0", "prophet")
    assert found.part("promotion") > 0
    assert found.parts[0].key == "promotion"
    week = next(chart for chart in found.charts if "weekday" in chart.title)
    assert [row.label for row in week.rows][5:] == ["Saturday", "Sunday"]  # type: ignore[union-attr]
    assert min(row.amount for row in week.rows[:5]) > max(row.amount for row in week.rows[5:])  # type: ignore[union-attr]
    assert found._repr_html_().count("<svg") == 1 + len(found.charts)
