"""The limits: scores that decay, calls an hour, and the headers that tell of them."""

import json
from typing import Any

import httpx
import pytest

from aibuyer_kit.sandbox.serve import RunningSandbox


@pytest.fixture
def developer(control: httpx.Client) -> None:
    """An app in the lower tier."""
    control.post("/settings", json={"tier": "development_access"})


def account_usage(answer: httpx.Response) -> dict[str, Any]:
    return dict(json.loads(answer.headers["X-Ad-Account-Usage"]))


def business_usage(sandbox: RunningSandbox, answer: httpx.Response) -> dict[str, Any]:
    return dict(json.loads(answer.headers["X-Business-Use-Case-Usage"])[sandbox.account_id[4:]][0])


@pytest.mark.usefixtures("developer")
def test_reading_costs_one_point_and_changing_three(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """Of 60; they decay over 300 seconds of the virtual clock."""
    read = account_usage(graph.get("me"))
    changed = account_usage(graph.post(sandbox.market.account.adsets[0].id, data={"status": "PAUSED"}))
    sandbox.advance(10)
    later = account_usage(graph.get("me"))

    assert read == {"acc_id_util_pct": 1.67, "reset_time_duration": 0, "ads_api_access_tier": "development_access"}
    assert changed["acc_id_util_pct"] == 6.67
    assert later["acc_id_util_pct"] == 5.0


@pytest.mark.usefixtures("developer")
def test_too_high_a_score_blocks_for_five_minutes(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """17/2446079 with the seconds to wait, until they have passed."""
    answers = [graph.get("me") for _ in range(62)]
    sandbox.advance(299)
    still = graph.get("me")
    sandbox.advance(1)

    assert [answer.status_code for answer in answers] == [200] * 60 + [400] * 2
    assert answers[-1].json()["error"]["error_subcode"] == 2446079
    assert (account_usage(answers[-1])["acc_id_util_pct"], account_usage(answers[-1])["reset_time_duration"]) == (
        100,
        300,
    )
    assert (still.status_code, account_usage(still)["reset_time_duration"]) == (400, 1)
    assert graph.get("me").status_code == 200


@pytest.mark.usefixtures("developer")
def test_calls_an_hour_are_counted_by_use_case(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """Management: 300 and 40 for each ad, 1900 in all; insights are counted apart and cost no points."""
    for _ in range(19):
        sandbox.advance(1)
        management = graph.get("me")
    for _ in range(170):
        insights = graph.get(f"{sandbox.account_id}/insights", params={"date_preset": "today"})

    assert business_usage(sandbox, management)["type"] == "ads_management"
    assert business_usage(sandbox, management)["call_count"] == 1
    # 170 of 600 and 400 for each of 40 ads.
    assert business_usage(sandbox, insights)["type"] == "ads_insights"
    assert business_usage(sandbox, insights)["call_count"] == 1
    assert json.loads(insights.headers["X-FB-Ads-Insights-Throttle"])["acc_id_util_pct"] == 1
    assert account_usage(insights)["acc_id_util_pct"] < 40


def test_items_of_a_batch_count_one_each(sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client) -> None:
    """Fifty and eleven are one too many for the lower tier."""
    control.post("/settings", json={"tier": "development_access"})
    item = {"method": "GET", "relative_url": "me"}
    graph.post("", json={"batch": [item] * 50})
    answers = graph.post("", json={"batch": [item] * 11}).json()

    assert [answer["code"] for answer in answers] == [200] * 10 + [400]


def test_the_hourly_limit_throttles_with_minutes(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """80004 with the minutes until the first call is an hour old."""
    from aibuyer_kit.sandbox.graph.errors import GraphError
    from aibuyer_kit.sandbox.graph.usage import DEVELOPMENT, UsageMeter

    meter = UsageMeter("1", ads=0)
    meter.set_tier(DEVELOPMENT)
    for call in range(300):
        meter.count("ads_management", call * 6_000_000, writes=False)
    with pytest.raises(GraphError) as caught:
        meter.count("ads_management", 1_800_000_000, writes=False)
    usage = json.loads(meter.headers("ads_management", 1_800_000_000)["X-Business-Use-Case-Usage"])["1"][0]

    assert caught.value.code == 80004
    assert (usage["call_count"], usage["estimated_time_to_regain_access"]) == (100, 30)
    meter.count("ads_management", 3_600_000_000, writes=False)
