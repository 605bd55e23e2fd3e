"""Budgets, bids, dry runs and the limits of changing them, through the unmodified SDK."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adset import AdSet
from facebook_business.adobjects.campaign import Campaign
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError

from aibuyer_kit.sandbox.serve import RunningSandbox

ADSET = {
    "name": "Sample new",
    "billing_event": "IMPRESSIONS",
    "optimization_goal": "OFFSITE_CONVERSIONS",
    "targeting": {"geo_locations": {"countries": ["UA"]}},
    "status": "ACTIVE",
}


def refusal(work: Callable[[], object]) -> tuple[int, int | None, str]:
    with pytest.raises(FacebookRequestError) as caught:
        work()
    error = caught.value.body()["error"]
    return error["code"], error.get("error_subcode"), error.get("error_user_msg", "")


def campaign(account: AdAccount, **params: Any) -> Campaign:
    given = {"name": "Sample new", "objective": "OUTCOME_SALES", "special_ad_categories": [], "status": "ACTIVE"}
    return account.create_campaign(params={**given, **params})


def with_ad(account: AdAccount, adset_id: str) -> None:
    creative = next(iter(account.get_ad_creatives()))
    account.create_ad(params={"name": "Ad", "adset_id": adset_id, "creative": {"creative_id": creative["id"]}})


def spend(node: AdSet | Campaign) -> str:
    found = list(node.get_insights(fields=["spend"], params={"date_preset": "maximum"}))
    return str(found[0]["spend"]) if found else "0"


@pytest.fixture
def adset(sandbox: RunningSandbox, api: FacebookAdsApi) -> AdSet:
    return AdSet(sandbox.market.account.adsets[0].id, api=api)


def test_a_dry_run_changes_nothing_and_finds_errors(sandbox: RunningSandbox, adset: AdSet) -> None:
    """validate_only says what the change would say."""
    dry = {"execution_options": ["validate_only"]}
    before = sandbox.market.setting(adset["id"])
    adset.api_update(params={"daily_budget": 5000, **dry})

    assert refusal(lambda: adset.api_update(params={"daily_budget": 5, **dry}))[1] == 1885272
    assert before == sandbox.market.setting(adset["id"])


def test_a_budget_can_be_changed_four_times_an_hour(sandbox: RunningSandbox, adset: AdSet) -> None:
    """The fifth is 613/1487632; setting what holds is no change; an hour after the first there is room again."""
    for minor in (10_000, 11_000, 11_000, 12_500, 13_000):
        adset.api_update(params={"daily_budget": minor})
        sandbox.advance(60)
    refused = refusal(lambda: adset.api_update(params={"daily_budget": 14_000}))
    adset.api_update(params={"status": "PAUSED"})
    sandbox.advance(3600 - 4 * 60)
    adset.api_update(params={"daily_budget": 14_000})

    assert refused[:2] == (613, 1487632)
    assert adset.api_get(fields=["daily_budget"])["daily_budget"] == "14000"


def test_a_budget_is_on_one_level_only(account: AdAccount, adset: AdSet, api: FacebookAdsApi) -> None:
    """1885621, whichever level comes second."""
    above = Campaign(adset.api_get(fields=["campaign_id"])["campaign_id"], api=api)
    shared = campaign(account, daily_budget=20_000)

    assert refusal(lambda: above.api_update(params={"daily_budget": 50_000}))[:2] == (100, 1885621)
    with_budget = {**ADSET, "campaign_id": shared["id"], "daily_budget": 5000}
    assert refusal(lambda: account.create_ad_set(params=with_budget))[:2] == (100, 1885621)
    below = account.create_ad_set(params={**ADSET, "campaign_id": shared["id"]})
    assert refusal(lambda: AdSet(below["id"], api=api).api_update(params={"daily_budget": 5000}))[1] == 1885621


def test_a_campaigns_budget_is_shared_by_its_ad_sets(
    sandbox: RunningSandbox, account: AdAccount, api: FacebookAdsApi
) -> None:
    """Evenly by those that deliver; what one leaves, the others take."""
    shared = Campaign(campaign(account, daily_budget=24_000)["id"], api=api)
    adsets = [account.create_ad_set(params={**ADSET, "campaign_id": shared["id"], "name": name}) for name in "ab"]
    for one in adsets:
        with_ad(account, one["id"])
    first, second = (AdSet(one["id"], api=api) for one in adsets)
    sandbox.advance(900 + 3600)
    both = (spend(first), spend(second))
    second.api_update(params={"status": "PAUSED"})
    sandbox.advance(3600)

    assert both == ("5.00", "5.00")
    assert (spend(first), spend(second), spend(shared)) == ("15.00", "5.00", "20.00")
    assert first.api_get(fields=["daily_budget", "lifetime_budget"]).export_all_data() == {"id": first["id"]}
    shared.api_update(params={"daily_budget": 48_000})
    sandbox.advance(3600)
    assert spend(first) == "35.00"
    assert shared.api_get(fields=["daily_budget", "budget_remaining"])["budget_remaining"] == "44000"


def test_a_lifetime_budget_is_spent_until_its_end(
    sandbox: RunningSandbox, account: AdAccount, api: FacebookAdsApi
) -> None:
    """Evenly; a change spreads what is left, and after the end nothing is spent."""
    params = {**ADSET, "campaign_id": campaign(account)["id"], "lifetime_budget": 10_000}
    end = "2026-06-03T06:30:00+0000"
    adset = AdSet(account.create_ad_set(params={**params, "end_time": end})["id"], api=api)
    with_ad(account, adset["id"])
    sandbox.advance(900 + 86_400 - 900)
    half = spend(adset)
    adset.api_update(params={"lifetime_budget": 20_000})
    sandbox.advance(10 * 86_400)
    fields = ["daily_budget", "lifetime_budget", "budget_remaining", "end_time"]

    assert 48 < float(half) < 50
    assert 199.5 < float(spend(adset)) <= 200
    read = adset.api_get(fields=fields).export_all_data()
    assert (read["daily_budget"], read["lifetime_budget"]) == ("0", "20000")
    assert read["end_time"] == "2026-06-03T09:30:00+0300"


@pytest.mark.parametrize(
    ("params", "subcode"),
    [
        ({"daily_budget": 99}, 1885272),
        ({"lifetime_budget": 199, "end_time": "2026-06-03T06:30:00+0000"}, 1487901),
        ({"lifetime_budget": 5000, "end_time": "2026-05-03T06:30:00+0000"}, 1487033),
        ({"lifetime_budget": 5000}, None),
        ({"daily_budget": 500, "lifetime_budget": 5000}, None),
        ({}, None),
        ({"daily_budget": 500, "bid_strategy": "COST_CAP", "bid_amount": 0}, None),
        ({"daily_budget": 500, "bid_amount": 100}, None),
        ({"daily_budget": 500, "colour": "red"}, None),
    ],
)
def test_an_ad_set_that_makes_no_sense_is_not_made(
    sandbox: RunningSandbox, account: AdAccount, params: dict[str, Any], subcode: int | None
) -> None:
    """The codes that the platform has for it, with words for a person."""
    given = {**ADSET, "campaign_id": sandbox.market.account.campaigns[0].id, **params}
    code, found, words = refusal(lambda: account.create_ad_set(params=given))

    assert (code, found) == (100, subcode)
    assert bool(words) is (subcode is not None)
    assert len(sandbox.market.account.adsets) == 20


def test_a_campaigns_budget_has_its_own_code_for_too_little(account: AdAccount) -> None:
    """1885650."""
    assert refusal(lambda: campaign(account, daily_budget=5))[1] == 1885650


def test_a_bid_needs_a_strategy_with_a_cap(adset: AdSet, api: FacebookAdsApi) -> None:
    """Amount and strategy are read back, and the cap goes with its strategy."""
    assert refusal(lambda: adset.api_update(params={"bid_amount": 300}))[0] == 100
    adset.api_update(params={"bid_strategy": "COST_CAP", "bid_amount": 300})
    capped = adset.api_get(fields=["bid_amount", "bid_strategy"]).export_all_data()
    adset.api_update(params={"bid_strategy": "LOWEST_COST_WITHOUT_CAP"})

    assert (capped["bid_amount"], capped["bid_strategy"]) == (300, "COST_CAP")
    assert "bid_amount" not in AdSet(adset["id"], api=api).api_get(fields=["bid_amount"])


def test_learning_begins_anew_after_a_significant_edit(sandbox: RunningSandbox, adset: AdSet) -> None:
    """A budget changed by more than a fifth, a bid; not a smaller change, not a name."""

    def stage() -> tuple[str, int]:
        info = adset.api_get(fields=["learning_stage_info"])["learning_stage_info"]
        return info["status"], info["last_sig_edit_ts"]

    begun = stage()
    adset.api_update(params={"daily_budget": 14_400, "name": "Other"})
    small = stage()
    adset.api_update(params={"daily_budget": 18_000})
    large = stage()
    sandbox.advance(9 * 86_400)

    assert begun == small
    assert begun[0] in ("SUCCESS", "FAIL")
    assert large == ("LEARNING", 1780295400)
    assert stage() == (begun[0], 1780295400)


def test_the_least_budgets_are_told(account: AdAccount) -> None:
    """act_N/minimum_budgets, in minor units."""
    (least,) = account.get_minimum_budgets()

    assert (least["currency"], least["min_daily_budget_imp"]) == ("EUR", 100)


def test_a_low_cap_holds_spending_back(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """A result of this ad set costs many times the cap, so only a part of the budget is spent."""
    adset = sandbox.market.account.adsets[0]
    graph.post(adset.id, data={"bid_strategy": "COST_CAP", "bid_amount": "300"})
    sandbox.advance(2 * 86_400)
    day = sandbox.market.today - timedelta(days=1)
    spent = sandbox.market.spend_minor(adset.ads, (day,), sandbox.market.now_us)

    assert 0 < spent < 12000 / 2
    graph.post(adset.id, data={"bid_amount": "9000"})
    sandbox.advance(2 * 86_400)
    assert sandbox.market.spend_minor(adset.ads, (day + timedelta(days=2),), sandbox.market.now_us) == 12000


def test_another_targeting_is_read_back_and_begins_learning_anew(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """As it was given."""
    adset = sandbox.market.account.adsets[0]
    targeting = {"geo_locations": {"countries": ["PL"]}, "age_min": 25}
    before = graph.get(adset.id, params={"fields": "targeting,learning_stage_info"}).json()
    graph.post(adset.id, json={"targeting": targeting})
    after = graph.get(adset.id, params={"fields": "targeting,learning_stage_info"}).json()

    stages = [read["learning_stage_info"] for read in (before, after)]

    assert [stage["status"] == "LEARNING" for stage in stages] == [False, True]
    assert stages[0]["last_sig_edit_ts"] < stages[1]["last_sig_edit_ts"]
    assert after["targeting"] == targeting != before["targeting"]
