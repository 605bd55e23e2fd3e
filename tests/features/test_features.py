"""Single features, worked out by hand."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from aibuyer_kit.features.catalogue import make_features
from aibuyer_kit.features.creative import CALLS, creative_numbers
from aibuyer_kit.features.panel import DailyPanel, PanelObject, Split
from aibuyer_kit.features.view import View, decayed, latest
from aibuyer_kit.features.windows import Floats

from .panels import SINCE, panel


def value(name: str, of: DailyPanel, **more: object) -> list[float | None]:
    """Return a feature at the decision, by object; None where it is not known."""
    row = make_features(View(of, **more), [name])[name][len(of.days)]  # type: ignore[arg-type]
    return [None if np.isnan(each) else round(float(each), 6) for each in row]


def column(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)[:, None]


def test_lags_and_windows_count_back_from_the_day() -> None:
    """Days of 1.00 to 8.00: the day before had 8.00, the week before 7 of them, 35 / 7 a day."""
    days = panel({"spend": column(*(1e6 * day for day in range(1, 9)))})
    assert value("spend_lag_1", days) == [8.0]
    assert value("spend_lag_7", days) == [2.0]
    assert value("spend_mean_7", days) == [5.0]
    assert value("spend_lag_14", days) == [None]


def test_a_window_of_which_less_than_half_is_known_is_unknown() -> None:
    """Three of seven days say nothing of a week; four do, by what is known of them."""
    nan = np.nan
    assert value("clicks_mean_7", panel({"clicks": column(nan, nan, nan, nan, 2, 4, 6)})) == [None]
    assert value("clicks_mean_7", panel({"clicks": column(nan, nan, nan, 8, 2, 4, 6)})) == [5.0]


def test_results_are_divided_by_what_is_known_of_them() -> None:
    """10 of a whole day and 3 of half of one: 13 / 1.5 a day, and 6 yesterday; a tenth says too little."""
    days = panel({"results": column(10, 3), "clicks": column(100, 60)}, known_share=column(1.0, 0.5))
    assert value("results_mean_3", days) == [round(13 / 1.5, 6)]
    assert value("results_lag_1", days) == [6.0]
    week = panel({"results": column(*[1] * 7), "clicks": column(*[10] * 7)}, known_share=column(*[1.0] * 6, 0.5))
    assert value("cvr_7", week) == [round(7 / 65, 6)]
    assert value("results_lag_1", panel({"results": column(1)}, known_share=column(0.1))) == [None]
    assert value("results_lag_1", panel({"results": column(1)}, known_share=column(np.nan))) == [None]


def test_rates_are_of_sums() -> None:
    """One click of 10 and nine of 990: 1%, and not the mean of 10% and .9%."""
    days = panel({"clicks": column(*[1, 9] * 4), "impressions": column(*[10, 990] * 4), "spend": column(*[4e6, 0] * 4)})
    assert value("ctr_28", days) == [None], "eight days are no four weeks"
    assert value("ctr_7", days) == [round((9 * 4 + 3) / (990 * 4 + 30), 6)]
    assert value("cpm_7", days) == [round(12 / (990 * 4 + 30) * 1000, 6)]
    assert value("ctr_7", panel({"clicks": np.zeros((7, 1))})) == [None], "nothing was shown"


def test_prices_are_beside_those_of_the_own_account() -> None:
    """Of act_1 the first pays 20, the second 10, so that both pay 15; another account is none of theirs."""
    objects = tuple(
        PanelObject(str(n), str(n), account, campaign)
        for n, account, campaign in ((1, "act_1", "a"), (2, "act_1", "a"), (3, "act_2", "b"))
    )
    days = panel(
        {"spend": [[20e6, 10e6, 99e6]] * 7, "impressions": [[1000, 1000, 1000]] * 7, "clicks": [[1, 1, 1]] * 7},
        objects=objects,
    )
    assert value("account_cpm_7", days) == [15.0, 15.0, 99.0]
    assert value("cpm_against_account_7", days) == [round(20 / 15, 6), round(10 / 15, 6), 1.0]
    assert value("spend_share_7", days) == [round(2 / 3, 6), round(1 / 3, 6), 1.0]
    assert value("campaign_rivals", days) == [1.0, 1.0, 0.0]


def ad(number: int, **more: object) -> PanelObject:
    return PanelObject(f"s{number}", f"Set {number}", "act_1", "c1", **more)  # type: ignore[arg-type]


def test_a_shared_budget_counts_once() -> None:
    """Two ad sets spend from their campaign's 30.00, a third has 10.00 of its own."""
    objects = (
        ad(1, holder_id="c1", holder_budget_micros=30_000_000),
        ad(2, holder_id="c1", holder_budget_micros=30_000_000),
        ad(3, holder_id="s3", holder_budget_micros=10_000_000),
    )
    budgets = np.full((3, 3), 30e6)
    budgets[:, 2] = 10e6
    days = panel({"spend": [[12e6, 3e6, 5e6]] * 3}, objects=objects, budgets=budgets)
    assert value("budget_share", days) == [0.75, 0.75, 0.25]
    assert value("budget_spent_1", days) == [0.5, 0.5, 0.5]
    assert value("month_pace", days) == [0.5, 0.5, 0.5]


def test_the_pace_of_a_month_begins_on_its_first_day() -> None:
    """From February 26 on: on March 3 the first two days of March count, 6.00 of 20.00."""
    days = panel(
        {"spend": column(9e6, 9e6, 9e6, 2e6, 4e6)},
        objects=(ad(1, holder_id="s1"),),
        budgets=np.full((5, 1), 10e6),
        since=date(2026, 2, 26),
    )
    assert value("month_pace", days) == [0.3]
    assert value("month_pace", days.until(date(2026, 2, 28))) == [None], "nothing of March is over"


def test_what_is_planned_goes_before_what_is_set_last() -> None:
    """The plan names 12.00 for the second day ahead; of the first it says nothing, so that 10.00 go on."""
    days = panel(
        {"spend": column(1, 1)},
        objects=(ad(1, holder_id="s1", holder_budget_micros=10_000_000),),
        budgets=np.full((2, 1), 8e6),
    )
    rows = make_features(View(days, 2, plan=column(np.nan, 12e6)), ["daily_budget", "daily_budget_change"])
    assert rows["daily_budget"][:, 0].tolist() == [8, 8, 10, 12]
    assert rows["daily_budget_change"][2:, 0].tolist() == [1.25, pytest.approx(12 / (26 / 3))]


def test_a_change_by_more_than_a_fifth_begins_learning_anew() -> None:
    """From 10.00 to 12.00 it learns on; to 14.50 it begins anew, on the fourth day, with 20 results since."""
    set_then = column(10e6, 12e6, 12e6, 14.5e6, 14.5e6)
    days = panel(
        {"results": column(10, 10, 10, 10, 10)},
        objects=(ad(1, holder_id="s1", created_on=SINCE),),
        budgets=set_then,
    )
    assert value("days_since_budget_change", days) == [2.0]
    assert value("days_since_reset", days) == [2.0]
    assert value("learning_progress", days) == [0.4]
    before = days.until(SINCE + timedelta(days=2))
    assert value("days_since_budget_change", before) == [28.0]
    assert value("days_since_reset", before) == [3.0], "it was made on the first day"
    assert value("learning_progress", before) == [0.6]
    assert value("learning_progress", panel({"results": column(40, 40)}, objects=(ad(1),))) == [1.0]


def test_today_is_on_pace_when_spend_keeps_up_with_the_clock() -> None:
    """At 12:00 in Kyiv, 10:00 in Greenwich, half of the day has passed and 3.00 of 10.00 are spent."""
    days = panel(
        {"spend": column(10e6, 3e6)},
        objects=(ad(1, holder_id="s1", time_zone="Europe/Kyiv"),),
        budgets=np.full((2, 1), 10e6),
        known_at=datetime(2026, 3, 2, 10, tzinfo=UTC),
    )
    assert make_features(View(days), ["today_pace"])["today_pace"][:, 0].tolist() == pytest.approx(
        [np.nan, 0.6, np.nan], nan_ok=True
    )


def test_frequency_is_the_platforms_own_count_of_people() -> None:
    """700 impressions and 350 people of a week are 2 each; a week later nobody knows."""
    reach = np.full((14, 1), np.nan)
    reach[6] = 350
    days = panel({"impressions": np.full((14, 1), 100.0)}, reach={7: reach})
    rows = make_features(View(days), ["frequency_7"])["frequency_7"][:, 0]
    assert np.isnan(rows[:7]).all()
    assert rows[7:].tolist() == [2.0] * 8
    later = panel({"impressions": np.full((16, 1), 100.0)}, reach={7: np.concatenate([reach, reach[:2]])})
    assert value("frequency_7", later) == [None]


def test_a_creative_gathers_what_all_its_ads_showed() -> None:
    """Two ads of one creative, the older made 10 days before; a third shows another."""
    objects = (
        ad(1, creative_id="k1", created_on=SINCE - timedelta(days=8)),
        ad(2, creative_id="k1", created_on=SINCE),
        ad(3, creative_id="k2", created_on=SINCE),
    )
    days = panel({"impressions": [[100, 0, 7], [100, 50, 7]]}, objects=objects)
    assert value("creative_impressions_so_far", days) == [250, 250, 14]
    assert value("impressions_so_far", days) == [200, 50, 14]
    assert value("creative_age_days", days) == [10, 10, 2]
    assert value("age_days", days) == [10, 2, 2]
    assert value("days_since_first_impression", days) == [2, 1, 2]


def test_half_of_what_was_seen_is_forgotten_in_a_week() -> None:
    """100 impressions seven days before the last day are 50 on it."""
    assert decayed(column(100, 0, 0, 0, 0, 0, 0, 0), 7)[-1, 0] == pytest.approx(50)


def test_the_last_known_value_goes_stale() -> None:
    """A value is carried on for as long as it may be, and then it is not known."""
    assert latest(column(np.nan, 5, np.nan, np.nan), 1)[:, 0].tolist() == pytest.approx(
        [np.nan, 5, 5, np.nan], nan_ok=True
    )


def test_shares_of_an_audience_are_of_its_impressions() -> None:
    """Three quarters women, ages 29.5 and 70 half and half where told; .375² + .25² + .375² all in few."""
    parts = (("25-34", "female"), ("65+", "male"), ("unknown", "female"))
    split = Split(("age", "gender"), parts, np.tile([[[30.0, 20.0, 30.0]]], (28, 1, 1)))
    days = panel({"impressions": np.full((28, 1), 80.0)}, splits={("age", "gender"): split})
    assert value("women_share_28", days) == [0.75]
    assert value("mean_age_28", days) == [round((30 * 29.5 + 20 * 70) / 50, 6)]
    assert value("age_gender_concentration_28", days) == [round(0.375**2 * 2 + 0.25**2, 6)]
    assert value("age_gender_shift_7", days) == [0.0]


def test_publishers_are_told_apart_and_a_move_between_them_shows() -> None:
    """Three weeks on Facebook, one on Instagram: a quarter of four weeks, and three quarters have moved."""
    impressions = np.zeros((28, 1, 2))
    impressions[:21, 0, 0] = impressions[21:, 0, 1] = 10
    names = ("publisher_platform", "platform_position")
    split = Split(names, (("facebook", "feed"), ("instagram", "story")), impressions)
    days = panel({"impressions": np.full((28, 1), 10.0)}, splits={names: split})
    assert value("instagram_share_28", days) == [0.25]
    assert value("messenger_share_28", days) == [0.0]
    assert value("placement_shift_7", days) == [0.75]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (
            {"title": "Sale −20%! 🙂", "body": "Buy now?", "object_type": "VIDEO", "call_to_action": "SHOP_NOW"},
            {"is_video": 1, "emoji_count": 1, "has_offer": 1, "has_question": 1, "has_urgency": 1, "creative_call": 0},
        ),
        (
            {"title": "Нова колекція", "body": "", "call_to_action": "NEW_KIND"},
            {"is_video": 0, "has_offer": 0, "cyrillic_share": 1.0, "text_words": 2, "creative_call": None},
        ),
        (
            {"title": None, "body": None, "object_type": None},
            {"title_characters": 0, "uppercase_share": None, "creative_format": None, "has_link": 0},
        ),
        (
            {"title": "Знижки до 50 грн", "body": "OK"},
            {"has_offer": 1, "has_number": 1, "cyrillic_share": round(11 / 13, 6)},
        ),
    ],
)
def test_a_creative_is_read_for_what_it_says(shown: dict[str, object], expected: dict[str, float | None]) -> None:
    """Whatever is missing or of a new kind is not known, and nothing breaks."""
    found = {name: creative_numbers()[name][1](shown) for name in expected}
    assert {name: None if np.isnan(told) else round(told, 6) for name, told in found.items()} == expected


def test_codes_of_calls_stay_what_they_are() -> None:
    """A model that was trained before keeps its meaning."""
    assert CALLS[:4] == ("SHOP_NOW", "LEARN_MORE", "SIGN_UP", "GET_OFFER")
