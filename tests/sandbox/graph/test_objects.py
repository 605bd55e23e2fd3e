"""Objects and edges, read by the unmodified SDK and by plain HTTP."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adset import AdSet
from facebook_business.adobjects.campaign import Campaign
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError

from aibuyer_kit.sandbox.serve import RunningSandbox


def test_the_sdk_finds_the_account_of_its_token(sandbox: RunningSandbox, api: FacebookAdsApi) -> None:
    """me/adaccounts lists the one account."""
    accounts = list(User("me", api=api).get_ad_accounts(fields=["name", "account_id"]))

    assert [{"id": sandbox.account_id, "name": "Sample account", "account_id": sandbox.account_id[4:]}] == [
        one.export_all_data() for one in accounts
    ]


def test_the_account_node_has_the_platforms_types(account: AdAccount) -> None:
    """Status and least budget are numbers, amounts are texts of minor units."""
    node = account.api_get(
        fields=["account_status", "currency", "timezone_name", "amount_spent", "balance", "min_daily_budget", "name"]
    ).export_all_data()
    spent = node.pop("amount_spent")

    assert isinstance(spent, str)
    assert 60 * 1500 * 100 * 0.9 < int(spent) < 61 * 1700 * 100
    assert node == {
        "id": account["id"],
        "account_status": 1,
        "currency": "EUR",
        "timezone_name": "Europe/Kyiv",
        "balance": "0",
        "min_daily_budget": 100,
        "name": "Sample account",
    }


def test_the_sdk_reads_the_whole_tree(account: AdAccount) -> None:
    """Four campaigns, twenty ad sets, forty ads; every parent is there."""
    campaigns = list(account.get_campaigns(fields=["name", "objective"]))
    adsets = list(account.get_ad_sets(fields=["campaign_id"], params={"limit": 7}))
    ads = list(account.get_ads(fields=["adset_id", "campaign_id"]))

    assert (len(campaigns), len({one["id"] for one in adsets}), len({one["id"] for one in ads})) == (4, 20, 40)
    assert {one["campaign_id"] for one in adsets} == {one["id"] for one in campaigns}
    assert {one["adset_id"] for one in ads} == {one["id"] for one in adsets}
    assert 'Sample <b>Retargeting</b> & "friends"' in {one["name"] for one in campaigns}


def test_a_campaign_and_an_ad_set_list_what_is_theirs(account: AdAccount) -> None:
    """Edges below campaigns and ad sets hold their own children only."""
    campaign = next(iter(account.get_campaigns()))
    adsets = list(campaign.get_ad_sets(fields=["campaign_id"]))
    ads = list(adsets[0].get_ads(fields=["adset_id"]))

    assert {campaign["id"]} == {one["campaign_id"] for one in adsets}
    assert [adsets[0]["id"]] * 2 == [one["adset_id"] for one in ads]
    assert len(list(campaign.get_ads())) == 12


def test_an_ad_set_has_its_budget_as_text_and_a_campaign_has_none(account: AdAccount) -> None:
    """A campaign whose ad sets carry the budgets leaves the keys out."""
    adset = next(iter(account.get_ad_sets(fields=["daily_budget", "lifetime_budget", "budget_remaining"])))
    campaign = next(iter(account.get_campaigns(fields=["daily_budget", "lifetime_budget", "name"])))

    assert (adset["daily_budget"], adset["lifetime_budget"]) == ("12000", "0")
    # 9 h 30 min of a 24-hour day are over.
    assert str(12000 - 12000 * 19 // 48) == adset["budget_remaining"]
    assert {"id", "name"} == set(campaign.export_all_data())


def test_times_are_in_the_accounts_zone(account: AdAccount) -> None:
    """Created at the first local midnight of the history."""
    assert next(iter(account.get_ads(fields=["created_time"])))["created_time"] == "2026-04-02T00:00:00+0300"


def test_a_pause_shows_in_the_children_and_in_the_filter(account: AdAccount, api: FacebookAdsApi) -> None:
    """effective_status follows the parents, and edges filter by it."""
    campaign = next(iter(account.get_campaigns()))
    Campaign(campaign["id"], api=api).api_update(params={"status": "PAUSED"})
    active = list(account.get_ad_sets(params={"effective_status": ["ACTIVE"]}))
    paused = list(account.get_ads(fields=["status"], params={"effective_status": ["CAMPAIGN_PAUSED"]}))

    assert (len(active), len(paused)) == (14, 12)
    assert {"ACTIVE"} == {ad["status"] for ad in paused}


@pytest.mark.parametrize(
    "params",
    [
        {"effective_status[]": "PAUSED"},
        {"effective_status": "PAUSED,ARCHIVED"},
        {"effective_status": '["PAUSED"]'},
        {"filtering": '[{"field":"effective_status","operator":"IN","value":["PAUSED"]}]'},
    ],
    ids=["brackets", "comma", "json", "filtering"],
)
def test_a_list_may_come_in_any_of_the_platforms_forms(
    sandbox: RunningSandbox, graph: httpx.Client, params: dict[str, str]
) -> None:
    """One ad set is paused, and each way to write the list finds just that one."""
    adset_id = sandbox.market.account.adsets[3].id
    sandbox.market.set_status(adset_id, "PAUSED")

    assert [{"id": adset_id}] == graph.get(f"{sandbox.account_id}/adsets", params=params).json()["data"]


def test_a_page_has_the_platforms_shape(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """The first page has no `previous`, the last one no `next`, both have cursors; an empty edge has data only."""
    first = graph.get(f"{sandbox.account_id}/adsets", params={"limit": 12, "summary": "true"}).json()
    after = first["paging"]["cursors"]["after"]
    last = graph.get(f"{sandbox.account_id}/adsets", params={"limit": 12, "after": after}).json()
    empty = graph.get(f"{sandbox.account_id}/ads", params={"effective_status": "ARCHIVED"}).json()

    assert [len(page["data"]) for page in (first, last)] == [12, 8]
    assert first["summary"] == {"total_count": 20}
    assert {"cursors", "next"} == set(first["paging"])
    assert {"cursors", "previous"} == set(last["paging"])
    assert {"before", "after"} == set(last["paging"]["cursors"])
    assert empty == {"data": []}


def test_next_leads_to_the_following_page_by_itself(sandbox: RunningSandbox, http: httpx.Client) -> None:
    """The address holds all that is needed, the token too, as the platform's own does."""
    url = f"{sandbox.graph_url}/v26.0/{sandbox.account_id}/adsets?limit=6&access_token={sandbox.access_token}"
    pages = []
    while url:
        pages.append(http.get(url).json())
        url = pages[-1]["paging"].get("next", "")

    assert [len(page["data"]) for page in pages] == [6, 6, 6, 2]
    assert len({row["id"] for page in pages for row in page["data"]}) == 20


def test_every_answer_tells_the_virtual_time_and_the_use_of_limits(
    sandbox: RunningSandbox, graph: httpx.Client
) -> None:
    """The Date header is the market's clock; insights have one header more."""
    sandbox.advance(3600)
    plain = graph.get(sandbox.account_id)
    insights = graph.get(f"{sandbox.account_id}/insights")

    assert datetime(2026, 6, 1, 7, 30, tzinfo=UTC) == parsedate_to_datetime(plain.headers["Date"])
    assert {"X-App-Usage", "X-Business-Use-Case-Usage", "X-Ad-Account-Usage"} <= {
        name.title().replace("X-Fb", "X-FB") for name in plain.headers
    }
    assert '"type":"ads_insights"' in insights.headers["X-Business-Use-Case-Usage"]
    assert "X-FB-Ads-Insights-Throttle" in insights.headers
    assert "X-FB-Ads-Insights-Throttle" not in plain.headers


@pytest.mark.parametrize(
    ("path", "params", "code", "subcode"),
    [
        ("55/", {}, 100, 33),
        ("act_1/campaigns", {}, 100, 33),
        ("{account}/", {"fields": "name,secret"}, 100, None),
        ("{account}/ads", {"fields": "objective"}, 100, None),
        ("{account}/fans", {}, 2500, None),
        ("{adset}/campaigns", {}, 2500, None),
        ("{account}/ads", {"limit": "0"}, 100, None),
        ("{account}/ads", {"limit": "many"}, 100, None),
        ("{account}/ads", {"limit": "9999"}, 100, 1487534),
        ("{account}/ads", {"after": "%%%"}, 100, None),
        ("{account}/ads", {"before": "abc"}, 100, None),
        ("{account}/ads", {"effective_status": "SLEEPING"}, 100, None),
        ("{account}/ads", {"filtering": '[{"field":"spend","operator":"GREATER_THAN","value":"1"}]'}, 100, None),
        ("{account}/ads", {"filtering": '[{"field":"id","operator":"IN","value":"1"}]'}, 100, None),
        ("{account}/ads", {"fields": "[1]"}, 100, None),
        ("{account}/ads", {"fields": "["}, 100, None),
        ("", {}, 100, None),
    ],
)
def test_a_wrong_request_is_refused_in_the_platforms_envelope(
    sandbox: RunningSandbox,
    graph: httpx.Client,
    path: str,
    params: dict[str, str],
    code: int,
    subcode: int | None,
) -> None:
    """HTTP 400 with code and subcode, and never a page of HTML."""
    there = path.format(account=sandbox.account_id, adset=sandbox.market.account.adsets[0].id)
    answer = graph.get(there, params=params)
    error = answer.json()["error"]

    assert (400, code, subcode) == (answer.status_code, error["code"], error.get("error_subcode"))
    assert {"message", "type", "fbtrace_id"} <= set(error)


def test_the_sdk_raises_for_an_unknown_object(api: FacebookAdsApi) -> None:
    """The envelope is one that the SDK understands."""
    with pytest.raises(FacebookRequestError) as caught:
        AdSet("55", api=api).api_get(fields=["name"])

    assert (caught.value.api_error_code(), caught.value.api_error_subcode()) == (100, 33)


@pytest.mark.parametrize("token", ["", "EAAwrong", "ключ"])
def test_a_wrong_token_is_refused_with_190(sandbox: RunningSandbox, http: httpx.Client, token: str) -> None:
    """Missing, wrong, or no ASCII at all."""
    answer = http.get(f"{sandbox.graph_url}/v26.0/{sandbox.account_id}", params={"access_token": token})

    assert answer.json()["error"]["code"] == 190


def test_a_token_may_come_in_the_header(sandbox: RunningSandbox, http: httpx.Client) -> None:
    """Other clients send it so."""
    headers = {"Authorization": f"Bearer {sandbox.access_token}"}

    assert http.get(f"{sandbox.graph_url}/v26.0/me", headers=headers).status_code == 200


def test_a_wrong_proof_is_refused(graph: httpx.Client) -> None:
    """appsecret_proof is checked when it is given."""
    error = graph.get("me", params={"appsecret_proof": "0" * 64}).json()["error"]

    assert (error["code"], error["type"]) == (100, "GraphMethodException")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS"])
def test_a_method_that_there_is_not_is_refused_in_the_envelope(graph: httpx.Client, method: str) -> None:
    """Not by a page of HTML."""
    error = graph.request(method, "me").json()["error"]

    assert (error["code"], error["type"]) == (100, "GraphMethodException")


def test_a_body_that_cannot_be_read_is_refused_in_the_envelope(graph: httpx.Client) -> None:
    """A form without its boundary."""
    answer = graph.post("me", content=b"--x", headers={"Content-Type": "multipart/form-data"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


def test_an_answer_tells_the_version_that_was_asked_for(graph: httpx.Client, sandbox: RunningSandbox) -> None:
    """Old clients read it from there."""
    old = graph.get(f"{sandbox.graph_url}/v19.0/me")

    assert old.headers["facebook-api-version"] == "v19.0"
    assert graph.get("me").headers["facebook-api-version"] == "v26.0"
