"""Changes through the unmodified SDK, and what they do from then on."""

import httpx
import pytest
from facebook_business.adobjects.ad import Ad
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adset import AdSet
from facebook_business.adobjects.campaign import Campaign
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError

from aibuyer_kit.sandbox.serve import RunningSandbox


def spend_today(adset: AdSet) -> str:
    (row,) = adset.get_insights(fields=["spend"], params={"date_preset": "today"})
    return str(row["spend"])


@pytest.fixture
def adset(sandbox: RunningSandbox, api: FacebookAdsApi) -> AdSet:
    """The first ad set: 120.00 a day, 9 h 30 min of the day gone."""
    return AdSet(sandbox.market.account.adsets[0].id, api=api)


def test_a_pause_is_seen_when_read_again_and_in_the_spend(sandbox: RunningSandbox, adset: AdSet) -> None:
    """From that moment on nothing is spent."""
    adset.api_update(params={"status": "PAUSED"})
    again = adset.api_get(fields=["status", "effective_status", "configured_status", "updated_time"])
    sandbox.advance(3 * 3600)

    assert {"PAUSED"} == {again[name] for name in ("status", "effective_status", "configured_status")}
    assert again["updated_time"] == "2026-06-01T09:30:00+0300"
    assert spend_today(adset) == "47.50"


def test_a_budget_is_seen_when_read_again_and_in_the_spend(sandbox: RunningSandbox, adset: AdSet) -> None:
    """240.00 a day for three hours are 30.00 more."""
    adset.api_update(params={"daily_budget": 24000})
    again = adset.api_get(fields=["daily_budget"])
    sandbox.advance(3 * 3600)

    assert again["daily_budget"] == "24000"
    assert spend_today(adset) == "77.50"


def test_campaigns_and_ads_can_be_paused(sandbox: RunningSandbox, api: FacebookAdsApi, account: AdAccount) -> None:
    """Their status is their own; what lies below follows in effect."""
    campaign = sandbox.market.account.campaigns[0]
    Campaign(campaign.id, api=api).api_update(params={"status": "PAUSED"})
    Ad(campaign.ads[0].id, api=api).api_update(params={"status": "PAUSED"})
    ads = {ad["id"]: ad["effective_status"] for ad in account.get_ads(fields=["effective_status"])}

    assert (ads[campaign.ads[0].id], ads[campaign.ads[1].id]) == ("PAUSED", "CAMPAIGN_PAUSED")


def test_a_budget_that_is_too_low_is_refused_with_words_for_a_person(adset: AdSet) -> None:
    """Code 100/1885272, and the budget stays."""
    with pytest.raises(FacebookRequestError) as caught:
        adset.api_update(params={"daily_budget": 99})
    error = caught.value.body()["error"]

    assert (error["code"], error["error_subcode"]) == (100, 1885272)
    assert "1.00 EUR" in error["error_user_msg"]
    assert adset.api_get(fields=["daily_budget"])["daily_budget"] == "12000"


@pytest.mark.parametrize(
    ("level", "body", "code", "subcode"),
    [
        ("adset", {"daily_budget": "lots"}, 100, None),
        ("adset", {"daily_budget": "-500"}, 100, None),
        ("adset", {"daily_budget": "500.5"}, 100, None),
        ("adset", {"status": "STOPPED"}, 100, None),
        ("adset", {"status": "PAUSED", "daily_budget": "1"}, 100, 1885272),
        ("adset", {"status": "PAUSED", "execution_options": '["dance"]'}, 100, None),
        ("adset", {"name": " "}, 100, None),
        ("adset", {"targeting": "{}"}, 100, None),
        ("campaign", {"daily_budget": "5000"}, 100, 1885621),
        ("ad", {"daily_budget": "5000"}, 100, None),
        ("account", {"status": "PAUSED"}, 100, None),
        ("account", {"spend_cap": "-1"}, 100, None),
        ("account", {"spend_cap": "12.345"}, 100, None),
        ("account", {"spend_cap": "NaN"}, 100, None),
        ("nothing", {"status": "PAUSED"}, 100, 33),
    ],
)
def test_a_bad_change_is_refused_and_changes_nothing(
    sandbox: RunningSandbox,
    graph: httpx.Client,
    control: httpx.Client,
    level: str,
    body: dict[str, str],
    code: int,
    subcode: int | None,
) -> None:
    """All of a request is applied, or nothing of it."""
    account = sandbox.market.account
    ids = {
        "account": account.id,
        "campaign": account.campaigns[0].id,
        "adset": account.adsets[0].id,
        "ad": account.ads[0].id,
        "nothing": "55",
    }
    before = [sandbox.market.setting(node.id) for node in account.below]
    error = graph.post(f"{ids[level]}/", data=body).json()["error"]

    assert (code, subcode) == (error["code"], error.get("error_subcode"))
    assert before == [sandbox.market.setting(node.id) for node in account.below]
    assert [call["changed"] for call in control.get("/calls").json()["calls"]] == [False]


def test_a_change_may_come_as_json(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """Other clients send a JSON body; it must not count as an empty form."""
    adset = sandbox.market.account.adsets[0]
    answer = graph.post(f"{adset.id}", json={"status": "PAUSED", "daily_budget": 5000})
    setting = sandbox.market.setting(adset.id)

    assert answer.json() == {"success": True}
    assert (setting.status, setting.daily_budget_minor) == ("PAUSED", 5000)


def test_the_spending_limit_can_be_changed_ten_times_a_day(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """It is given in currency units and read in minor ones; the eleventh change waits for tomorrow."""
    answers = [graph.post(sandbox.account_id, data={"spend_cap": f"{100 + n}.50"}) for n in range(11)]
    read = graph.get(sandbox.account_id, params={"fields": "spend_cap"}).json()["spend_cap"]
    error = answers[10].json()["error"]
    sandbox.advance(86_400)

    assert [answer.status_code for answer in answers] == [200] * 10 + [400]
    assert (error["code"], error["error_subcode"]) == (17, 1885172)
    assert read == "10950"
    assert graph.post(sandbox.account_id, data={"spend_cap_action": "delete"}).json() == {"success": True}
    assert graph.get(sandbox.account_id, params={"fields": "spend_cap"}).json()["spend_cap"] == "0"
