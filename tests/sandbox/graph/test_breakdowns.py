"""Insights by age, gender, country, placement and hour: the parts make the whole."""

import json
import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

import httpx
import pytest
from facebook_business.adobjects.adaccount import AdAccount

from aibuyer_kit.sandbox.market.people import HOUR_NAME
from aibuyer_kit.sandbox.serve import RunningSandbox, start

WINDOWS = ["1d_click", "7d_click", "28d_click", "1d_view"]
FIELDS = ["ad_id", "spend", "impressions", "clicks", "inline_link_clicks", "actions", "action_values"]
BREAKDOWNS = [
    ["age"],
    ["gender"],
    ["age", "gender"],
    ["country"],
    ["region"],
    ["device_platform"],
    ["impression_device"],
    ["publisher_platform"],
    ["publisher_platform", "platform_position"],
    [HOUR_NAME],
]
DAYS = {"since": "2026-05-30", "until": "2026-06-01"}


def rows(account: AdAccount, fields: list[str] = FIELDS, **params: object) -> list[dict[str, Any]]:
    given = {"time_range": DAYS, "level": "ad", "time_increment": 1, "limit": 500, **params}
    return [row.export_all_data() for row in account.get_insights(fields=fields, params=given)]


def sums(found: Iterable[dict[str, Any]]) -> dict[tuple[str, ...], int]:
    """Return every additive figure, in its smallest unit, by object, day and name."""
    total: dict[tuple[str, ...], int] = defaultdict(int)
    for row in found:
        key = (row["ad_id"], row["date_start"])
        for name in ("impressions", "clicks", "inline_link_clicks"):
            total[*key, name] += int(row[name])
        total[*key, "spend"] += round(float(row["spend"]) * 100)
        for name, scale in (("actions", 1), ("action_values", 100)):
            for action in row.get(name, ()):
                for window, text in action.items():
                    if window != "action_type":
                        total[*key, name, action["action_type"], window] += round(float(text) * scale)
    return {key: number for key, number in total.items() if number}


@pytest.mark.parametrize("names", BREAKDOWNS, ids="-".join)
def test_parts_add_up_to_the_unbroken_row(account: AdAccount, names: list[str]) -> None:
    """To the cent and the single action in every window, for finished days and for today."""
    whole = rows(account, action_attribution_windows=WINDOWS)
    parts = rows(account, action_attribution_windows=WINDOWS, breakdowns=names)

    assert len(parts) > 2 * len(whole)
    assert all(set(names) <= set(row) for row in parts)
    assert sums(parts) == sums(whole)


def test_parts_of_a_week_are_the_sums_of_their_days(account: AdAccount) -> None:
    """And in no part are there more clicks than impressions."""
    by_day = rows(account, breakdowns=["age", "gender"])
    at_once = rows(account, breakdowns=["age", "gender"], time_increment="all_days")

    def spend(found: list[dict[str, Any]]) -> dict[tuple[str, str, str], int]:
        total: dict[tuple[str, str, str], int] = defaultdict(int)
        for row in found:
            total[row["ad_id"], row["age"], row["gender"]] += round(float(row["spend"]) * 100)
        return {key: number for key, number in total.items() if number}

    assert spend(by_day) == spend(at_once)
    assert all(int(row["clicks"]) <= int(row["impressions"]) for row in by_day)


def test_rare_results_do_not_all_fall_into_one_part(account: AdAccount) -> None:
    """Where the rounding falls changes from day to day."""
    month = {"since": "2026-05-16", "until": "2026-05-31"}
    found = rows(account, ["ad_id", "actions"], breakdowns=["age", "gender"], time_range=month, limit=5000)
    purchases: dict[str, int] = defaultdict(int)
    for row in found:
        for action in row.get("actions", ()):
            if action["action_type"] == "purchase":
                purchases[row["age"]] += int(action["value"])

    assert set(purchases) == {"18-24", "25-34", "35-44", "45-54", "55-64", "65+"}
    assert purchases["25-34"] > 2 * purchases["65+"]


def test_pages_of_parts_join_without_gap(account: AdAccount) -> None:
    """A cursor may stand between two parts of one row."""
    fields = ["ad_id", "spend"]

    assert rows(account, fields, breakdowns=["age", "gender"], limit=41) == rows(
        account, fields, breakdowns=["age", "gender"]
    )


def test_hours_follow_a_pause(sandbox: RunningSandbox, account: AdAccount) -> None:
    """Nothing is spent in hours in which the ad set was paused; hours count no people."""
    adset = sandbox.market.account.adsets[0]
    sandbox.market.set_status(adset.id, "PAUSED")
    sandbox.advance(3 * 3600)
    sandbox.market.set_status(adset.id, "ACTIVE")
    sandbox.advance(2 * 3600)
    found = rows(
        account,
        ["adset_id", "spend", "reach"],
        level="adset",
        breakdowns=[HOUR_NAME],
        filtering=[{"field": "adset.id", "operator": "EQUAL", "value": adset.id}],
        time_range={"since": "2026-06-01", "until": "2026-06-01"},
    )
    hours = [int(row[HOUR_NAME][:2]) for row in found]

    assert hours == [*range(10), 12, 13, 14]
    assert found[0][HOUR_NAME] == "00:00:00 - 00:59:59"
    assert all(abs(float(row["spend"]) - 5) < 0.02 for row in found if row[HOUR_NAME][:2] not in ("09", "12", "14"))
    assert not any("reach" in row for row in found)


def test_people_of_a_range_are_counted_once(account: AdAccount) -> None:
    """Reach of a week lies between its best day and the sum of its days; frequency is its own quotient."""
    week = {"since": "2026-05-20", "until": "2026-05-26"}
    fields = ["ad_id", "reach", "impressions", "frequency"]
    by_day, at_once = (
        rows(account, fields, time_range=week, time_increment=increment) for increment in (1, "all_days")
    )
    days: dict[str, list[int]] = defaultdict(list)
    for row in by_day:
        days[row["ad_id"]].append(int(row["reach"]))

    for row in at_once:
        reach = int(row["reach"])
        assert max(days[row["ad_id"]]) <= reach < sum(days[row["ad_id"]])
        assert float(row["frequency"]) == pytest.approx(int(row["impressions"]) / reach, abs=6e-7)


def test_people_by_breakdown_are_left_out_beyond_13_months(http: httpx.Client, tmp_path: Any) -> None:
    """The rows are there without reach; unbroken they still have it."""
    world = tmp_path / "world.toml"
    world.write_text('history_days = 500\npreset = "hill"', encoding="utf-8")
    with start(world) as sandbox:

        def first(**params: str) -> dict[str, Any]:
            params |= {"access_token": sandbox.access_token, "fields": "reach,frequency,spend"}
            page = http.get(f"{sandbox.graph_url}/v26.0/{sandbox.account_id}/insights", params=params).json()
            return dict(page["data"][0])

        old = json.dumps({"since": "2025-04-01", "until": "2025-04-02"})
        recent = json.dumps({"since": "2025-06-01", "until": "2025-06-02"})

        assert "reach" not in first(time_range=old, breakdowns="age")
        assert {"reach", "frequency"} <= set(first(time_range=old))
        assert {"reach", "frequency"} <= set(first(time_range=recent, breakdowns="age"))


def test_ranges_may_overlap(account: AdAccount) -> None:
    """`time_ranges` gives a row for each, in their order."""
    ranges = [{"since": "2026-05-01", "until": "2026-05-07"}, {"since": "2026-05-05", "until": "2026-05-05"}]
    params = {"time_ranges": ranges, "level": "account"}
    found = [row.export_all_data() for row in account.get_insights(fields=["spend"], params=params)]

    assert [(row["date_start"], row["date_stop"]) for row in found] == [
        ("2026-05-01", "2026-05-07"),
        ("2026-05-05", "2026-05-05"),
    ]


def test_a_period_may_be_cut_by_months(account: AdAccount) -> None:
    """Calendar months, the first and the last of them cut short."""
    days = {"since": "2026-04-20", "until": "2026-06-01"}
    found = rows(account, ["spend", "impressions"], level="account", time_range=days, time_increment="monthly")

    assert [(row["date_start"], row["date_stop"]) for row in found] == [
        ("2026-04-20", "2026-04-30"),
        ("2026-05-01", "2026-05-31"),
        ("2026-06-01", "2026-06-01"),
    ]


def test_rows_can_be_filtered_by_objects_and_by_figures(sandbox: RunningSandbox, account: AdAccount) -> None:
    """By effective status, by id, and by a metric of the row itself."""
    ad, other = sandbox.market.account.ads[:2]
    sandbox.market.set_status(ad.id, "PAUSED")

    def ids(**one: object) -> set[str]:
        return {row["ad_id"] for row in rows(account, ["ad_id", "impressions"], filtering=[one])}

    assert ids(field="ad.effective_status", operator="IN", value=["PAUSED"]) == {ad.id}
    assert ids(field="ad.id", operator="IN", value=[ad.id, other.id]) == {ad.id, other.id}
    assert ids(field="campaign.name", operator="CONTAIN", value="catalogue") == {
        one.id for one in sandbox.market.account.campaigns[2].ads
    }
    assert len(ids(field="impressions", operator="GREATER_THAN", value=0)) == 40
    assert 0 < len(ids(field="spend", operator="GREATER_THAN", value=60)) < 40


@pytest.mark.parametrize("names", [["age", "gender"], ["publisher_platform", "platform_position"], [HOUR_NAME]])
def test_a_heavy_page_of_500_rows_is_quick(sandbox: RunningSandbox, graph: httpx.Client, names: list[str]) -> None:
    """The best of three pages, with all actions and windows; the limit leaves room for a busy machine."""
    params = {
        "level": "ad",
        "time_increment": "1",
        "limit": "500",
        "breakdowns": ",".join(names),
        "fields": ",".join([*FIELDS, "reach"]),
        "action_attribution_windows": ",".join(WINDOWS),
    }
    took_seconds = []
    for _ in range(3):
        before = time.process_time()
        page = graph.get(f"{sandbox.account_id}/insights", params=params).json()
        took_seconds.append(time.process_time() - before)

    assert len(page["data"]) == 500
    assert min(took_seconds) < 0.15


def test_the_day_without_an_hour_has_23_hours(http: httpx.Client, tmp_path: Any) -> None:
    """In Kyiv, 2026-03-29 has no hour from 3 to 4."""
    world = tmp_path / "world.toml"
    world.write_text('history_days = 80\npreset = "hill"', encoding="utf-8")
    with start(world) as sandbox:
        day = date(2026, 3, 29).isoformat()
        params = {
            "access_token": sandbox.access_token,
            "time_range": json.dumps({"since": day, "until": day}),
            "breakdowns": HOUR_NAME,
        }
        url = f"{sandbox.graph_url}/v26.0/{sandbox.account_id}/insights"
        hours = [row[HOUR_NAME][:2] for row in http.get(url, params=params).json()["data"]]

    assert hours == [f"{hour:02d}" for hour in range(24) if hour != 3]


def test_actions_can_be_broken_down_by_device(account: AdAccount) -> None:
    """Each type once a device, and the devices add up to the type."""
    asked = {"level": "account", "time_range": DAYS, "time_increment": "all_days"}
    (whole,) = rows(account, ["actions"], **asked)
    (parts,) = rows(account, ["actions"], **asked, action_breakdowns=["action_type", "action_device"])
    added: dict[str, int] = defaultdict(int)
    for action in parts["actions"]:
        added[action["action_type"]] += int(action["value"])

    assert {"iphone", "desktop", "android_smartphone"} == {action["action_device"] for action in parts["actions"]}
    assert added == {action["action_type"]: int(action["value"]) for action in whole["actions"]}


@pytest.mark.parametrize("names", [[], *BREAKDOWNS], ids=lambda names: "-".join(names) or "none")
@pytest.mark.parametrize("day", ["2026-01-01", "2026-06-02"], ids=["before the first", "tomorrow"])
def test_a_day_of_nothing_is_an_empty_page(graph: httpx.Client, account: AdAccount, names: list[str], day: str) -> None:
    """However it is broken down."""
    asked = {"breakdowns": ",".join(names), "time_range": json.dumps({"since": day, "until": day}), "level": "ad"}

    assert graph.get(f"{account['id']}/insights", params=asked).json() == {"data": []}
