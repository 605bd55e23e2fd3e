"""New objects, what is deleted and archived, and creatives, through the unmodified SDK."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from facebook_business.adobjects.ad import Ad
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adcreative import AdCreative
from facebook_business.adobjects.adset import AdSet
from facebook_business.adobjects.campaign import Campaign
from facebook_business.api import FacebookAdsApi

from aibuyer_kit.sandbox.serve import RunningSandbox
from tests.sandbox.graph.test_budgets import refusal


def create_ad(account: AdAccount, adset_id: str, **params: Any) -> Ad:
    creative = next(iter(account.get_ad_creatives()))
    given = {"name": "Sample new ad", "adset_id": adset_id, "creative": {"creative_id": creative["id"]}}
    return account.create_ad(params={**given, **params})


def test_a_repeated_create_makes_another_one(account: AdAccount, control: httpx.Client) -> None:
    """There are no idempotency keys."""
    params = {"name": "Sample", "objective": "OUTCOME_LEADS", "special_ad_categories": [], "status": "PAUSED"}
    ids = {account.create_campaign(params=params)["id"] for _ in range(2)}
    named = [one for one in account.get_campaigns(fields=["name"]) if one["name"] == "Sample"]

    assert ids == {one["id"] for one in named}
    assert len(ids) == 2
    assert [call["changed"] for call in control.get("/calls").json()["calls"]][:2] == [True, True]


def test_a_new_ad_delivers_once_it_is_reviewed(
    sandbox: RunningSandbox, account: AdAccount, api: FacebookAdsApi
) -> None:
    """It takes its part of the ad set's budget from then on; what was before stays as it was."""
    adset = sandbox.market.account.adsets[1]
    week = {"date_preset": "last_7d"}
    before = AdSet(adset.id, api=api).get_insights(fields=["spend", "actions"], params=week)[0].export_all_data()
    ad = Ad(create_ad(account, adset.id)["id"], api=api)
    first = ad.api_get(fields=["effective_status"])["effective_status"]
    sandbox.advance(600)
    early = list(ad.get_insights(params={"date_preset": "today"}))
    sandbox.advance(2 * 3600)
    (row,) = ad.get_insights(fields=["spend"], params={"date_preset": "today"})
    after = AdSet(adset.id, api=api).get_insights(fields=["spend", "actions"], params=week)[0].export_all_data()

    assert (first, early) == ("PENDING_REVIEW", [])
    assert ad.api_get(fields=["effective_status"])["effective_status"] == "ACTIVE"
    assert 1 < float(row["spend"]) < 7
    assert before == after


def test_what_is_deleted_can_be_read_and_not_changed(
    sandbox: RunningSandbox, account: AdAccount, api: FacebookAdsApi
) -> None:
    """It leaves the edges, spends nothing, keeps its figures, and refuses changes with 1487056."""
    adset = sandbox.market.account.adsets[0]
    node = AdSet(adset.id, api=api)
    node.api_delete()
    listed = {one["id"] for one in account.get_ad_sets()}
    deleted = list(account.get_ad_sets(params={"effective_status": ["DELETED"]}))
    ad = Ad(adset.ads[0].id, api=api).api_get(fields=["status", "effective_status"])
    sandbox.advance(3600)
    (row,) = node.get_insights(fields=["spend"], params={"date_preset": "today"})

    assert node.api_get(fields=["status"])["status"] == "DELETED"
    assert (len(listed), [one["id"] for one in deleted]) == (19, [adset.id])
    assert (ad["status"], ad["effective_status"]) == ("ACTIVE", "DELETED")
    assert row["spend"] == "47.50"
    assert refusal(lambda: node.api_update(params={"status": "ACTIVE"}))[:2] == (100, 1487056)
    assert refusal(lambda: create_ad(account, adset.id))[:2] == (100, 1487056)


def test_what_is_archived_leaves_the_edges_and_may_come_back(
    sandbox: RunningSandbox, account: AdAccount, api: FacebookAdsApi
) -> None:
    """With all that lies below it."""
    campaign = Campaign(sandbox.market.account.campaigns[0].id, api=api)
    campaign.api_update(params={"status": "ARCHIVED"})
    archived = (len(account.get_ads(params={"limit": 100})), len(account.get_campaigns()))
    campaign.api_update(params={"status": "ACTIVE"})

    assert archived == (28, 3)
    assert len(account.get_ads(params={"limit": 100})) == 40


def test_every_ad_shows_a_creative_of_the_account(account: AdAccount) -> None:
    """The edge of the account lists them all with their fields."""
    fields = ["name", "title", "body", "object_type", "call_to_action_type", "image_url", "video_id", "thumbnail_url"]
    creatives = {one["id"]: one for one in account.get_ad_creatives(fields=[*fields, "status"], params={"limit": 15})}
    shown = {ad["creative"]["id"] for ad in account.get_ads(fields=["creative"])}
    kinds = {one["object_type"]: one for one in creatives.values()}

    assert shown == set(creatives)
    assert "video_id" in kinds["VIDEO"]
    assert kinds["SHARE"]["image_url"].startswith("https://cdn.example/")
    assert {"ACTIVE"} == {one["status"] for one in creatives.values()}


def test_an_ad_may_be_read_with_its_creative_and_its_parents(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """Fields within braces."""
    ad = sandbox.market.account.ads[0]
    found = graph.get(ad.id, params={"fields": "name,creative{id,title},adset{name,campaign_id},campaign{name}"}).json()

    assert found["creative"]["id"] == ad.first_creative_id
    assert found["adset"] == {"id": ad.adset_id, "name": "Sample Lookalike 1pct", "campaign_id": ad.campaign_id}
    assert found["campaign"]["name"] == "Sample Prospecting"
    assert graph.get(ad.id, params={"fields": "page{name}"}).json()["error"]["code"] == 100


def test_an_ad_can_show_another_creative(sandbox: RunningSandbox, account: AdAccount, api: FacebookAdsApi) -> None:
    """It is reviewed again, its ad set learns anew, and the old creative stays in the account."""
    ad = Ad(sandbox.market.account.ads[0].id, api=api)
    new = account.create_ad_creative(params={"name": "Sample new", "title": "T", "body": "B", "link_url": "https://a"})
    ad.api_update(params={"creative": {"creative_id": new["id"]}})
    adset = AdSet(sandbox.market.account.adsets[0].id, api=api)
    read = AdCreative(new["id"], api=api).api_get(fields=["name", "title", "body", "link_url"])

    assert [one["id"] for one in ad.get_ad_creatives()] == [new["id"]]
    assert ad.api_get(fields=["effective_status"])["effective_status"] == "PENDING_REVIEW"
    assert adset.api_get(fields=["learning_stage_info"])["learning_stage_info"]["status"] == "LEARNING"
    assert (read["title"], read["body"], read["link_url"]) == ("T", "B", "https://a")
    assert len(account.get_ad_creatives(params={"limit": 100})) == 41
    assert refusal(lambda: ad.api_update(params={"creative": {"creative_id": "55"}}))[:2] == (100, 33)


def test_a_creative_can_be_renamed_and_deleted(account: AdAccount, api: FacebookAdsApi) -> None:
    """A name changes at once; a deleted creative leaves the list and stays readable."""
    creative = AdCreative(next(iter(account.get_ad_creatives()))["id"], api=api)
    creative.api_update(params={"name": "Sample other"})
    creative.api_delete()
    read = creative.api_get(fields=["name", "status"])

    assert (read["name"], read["status"]) == ("Sample other", "DELETED")
    assert creative["id"] not in {one["id"] for one in account.get_ad_creatives(params={"limit": 100})}


@pytest.mark.parametrize("edge", ["campaigns", "adsets", "ads", "adcreatives"])
def test_a_create_without_what_it_needs_is_refused(sandbox: RunningSandbox, graph: httpx.Client, edge: str) -> None:
    """Code 100, and nothing is made."""
    before = len(sandbox.market.account.below)

    assert graph.post(f"{sandbox.account_id}/{edge}", data={"status": "PAUSED"}).json()["error"]["code"] == 100
    assert before == len(sandbox.market.account.below)


def test_a_dry_create_makes_nothing(sandbox: RunningSandbox, account: AdAccount, graph: httpx.Client) -> None:
    """validate_only answers with success and without an id."""
    params = {"name": "S", "objective": "OUTCOME_SALES", "special_ad_categories": "[]"}
    dry = {**params, "execution_options": '["validate_only"]'}

    assert graph.post(f"{account['id']}/campaigns", data=dry).json() == {"success": True}
    assert len(sandbox.market.account.campaigns) == 4


def test_an_issue_is_seen_on_the_object(sandbox: RunningSandbox, api: FacebookAdsApi, control: httpx.Client) -> None:
    """The platform's verdict: effective status, reasons, and no more spend."""
    ad = Ad(sandbox.market.account.ads[0].id, api=api)
    order = {"id": ad["id"], "verdict": "DISAPPROVED", "code": 1487, "summary": "Sample", "message": "Mend it"}
    control.post("/verdicts", json=order)
    spent = [row["spend"] for row in ad.get_insights(fields=["spend"], params={"date_preset": "today"})]
    sandbox.advance(3600)
    read = ad.api_get(fields=["effective_status", "issues_info", "status"])

    assert (read["status"], read["effective_status"]) == ("ACTIVE", "DISAPPROVED")
    assert (read["issues_info"][0]["error_code"], read["issues_info"][0]["level"]) == (1487, "AD")
    assert spent == [row["spend"] for row in ad.get_insights(fields=["spend"], params={"date_preset": "today"})]
    control.post("/verdicts", json={"id": ad["id"], "verdict": ""})
    assert ad.api_get(fields=["effective_status"])["effective_status"] == "ACTIVE"


def test_another_creative_has_another_appeal(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """From the day after the change on, for the same impressions; what was reported before stays."""
    market = sandbox.market
    ad, other = market.account.ads[0], market.account.ads[5]
    before = market.ad_day(ad.id, market.today)
    graph.post(ad.id, json={"creative": {"creative_id": other.first_creative_id}})
    assert market.ad_day(ad.id, market.today) == before
    sandbox.advance(9 * 86_400)
    week_ago, yesterday = (market.ad_day(ad.id, market.today - timedelta(days=days)) for days in (15, 1))
    assert week_ago
    assert yesterday

    assert yesterday.clicks / yesterday.impressions != pytest.approx(week_ago.clicks / week_ago.impressions, rel=0.01)
