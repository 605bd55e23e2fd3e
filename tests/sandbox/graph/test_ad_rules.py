"""Ad rules are kept and checked; what was set is told as activities; other edges of the account."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adrule import AdRule
from facebook_business.adobjects.adset import AdSet
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError

from aibuyer_kit.sandbox.serve import RunningSandbox

CHANGE = {"field": "change_spec", "value": {"amount": -20, "unit": "PERCENTAGE"}, "operator": "EQUAL"}
RULE: dict[str, Any] = {
    "name": "Sample: spend less on what costs much",
    "evaluation_spec": {
        "evaluation_type": "SCHEDULE",
        "filters": [
            {"field": "spent", "value": 5000, "operator": "GREATER_THAN"},
            {"field": "entity_type", "value": "ADSET", "operator": "EQUAL"},
            {"field": "time_preset", "value": "LAST_7_DAYS", "operator": "EQUAL"},
        ],
    },
    "execution_spec": {"execution_type": "CHANGE_BUDGET", "execution_options": [CHANGE]},
    "schedule_spec": {"schedule_type": "SEMI_HOURLY"},
}


def test_a_rule_is_made_read_changed_and_deleted(account: AdAccount, api: FacebookAdsApi) -> None:
    """The specs come back as they were given; a deleted rule leaves the list and can be read."""
    made = account.create_ad_rules_library(params=RULE)
    rule = AdRule(made["id"], api=api)
    fields = ["name", "status", "evaluation_spec", "execution_spec", "schedule_spec"]
    read = rule.api_get(fields=fields).export_all_data()
    rule.api_update(params={"status": "DISABLED", "schedule_spec": {"schedule_type": "DAILY"}})
    listed = [one.export_all_data() for one in account.get_ad_rules_library(fields=["status", "schedule_spec"])]
    rule.api_delete()

    assert read == {"id": made["id"], "status": "ENABLED", **RULE}
    assert listed == [{"id": made["id"], "status": "DISABLED", "schedule_spec": {"schedule_type": "DAILY"}}]
    assert list(account.get_ad_rules_library()) == []
    assert AdRule(made["id"], api=api).api_get(fields=["status"])["status"] == "DELETED"


@pytest.mark.parametrize("missing", ["name", "evaluation_spec", "execution_spec", "schedule_spec"])
def test_a_rule_that_lacks_something_is_refused_and_not_kept(
    sandbox: RunningSandbox, graph: httpx.Client, missing: str
) -> None:
    """With code 100."""
    answer = graph.post(
        f"{sandbox.account_id}/adrules_library", json={name: spec for name, spec in RULE.items() if name != missing}
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)
    assert graph.get(f"{sandbox.account_id}/adrules_library").json() == {"data": []}


def test_parts_of_a_rule_may_be_asked_for(account: AdAccount, graph: httpx.Client) -> None:
    """By braces; the times are the account's, and a rule made by the API has no error of its own."""
    made = account.create_ad_rules_library(params=RULE)
    asked = "account_id,created_by{name},evaluation_spec{evaluation_type},created_time,disable_error_code"
    found = graph.get(made["id"], params={"fields": asked}).json()

    assert found == {
        "id": made["id"],
        "account_id": account["id"].removeprefix("act_"),
        "created_by": {"name": "Sample person"},
        "evaluation_spec": {"evaluation_type": "SCHEDULE"},
        "created_time": "2026-06-01T09:30:00+0300",
    }
    assert graph.get(made["id"], params={"fields": "evaluation"}).json()["error"]["code"] == 100


def test_rules_are_told_page_by_page(sandbox: RunningSandbox, account: AdAccount, graph: httpx.Client) -> None:
    """In the order in which they were made, with the platform's cursors; at most 250 of them."""
    made = [account.create_ad_rules_library(params=RULE | {"name": f"Rule {place}"})["id"] for place in range(3)]
    first = graph.get(f"{sandbox.account_id}/adrules_library", params={"limit": 2}).json()
    second = graph.get(first["paging"]["next"]).json()
    for _ in range(247):
        graph.post(f"{sandbox.account_id}/adrules_library", json=RULE)
    one_more = graph.post(f"{sandbox.account_id}/adrules_library", json=RULE)

    assert [[one["id"] for one in page["data"]] for page in (first, second)] == [made[:2], made[2:]]
    assert "at most 250 rules" in one_more.json()["error"]["message"]


def test_nothing_is_ever_carried_out(
    sandbox: RunningSandbox, account: AdAccount, api: FacebookAdsApi, graph: httpx.Client
) -> None:
    """Days after a rule on all that spends: budgets are as before, histories empty; odd questions are refused."""

    def budgets() -> list[str]:
        found = account.get_ad_sets(fields=["daily_budget"], params={"limit": 100})
        return [adset["daily_budget"] for adset in found]

    before = budgets()
    rule = AdRule(account.create_ad_rules_library(params=RULE)["id"], api=api)
    sandbox.advance(3 * 86_400)
    asked = {"action": "CHANGED_BUDGET", "hide_no_changes": True, "object_id": "5"}

    assert budgets() == before
    assert list(rule.get_history(fields=["timestamp", "results"], params=asked)) == []
    assert list(account.get_ad_rules_history(fields=["rule_id"], params={"evaluation_type": "TRIGGER"})) == []
    odd = [("action", "EXPLODED"), ("hide_no_changes", "perhaps"), ("fields", "rule")]
    answers = [graph.get(f"{rule['id']}/history", params={name: word}) for name, word in odd]
    assert [answer.json()["error"]["code"] for answer in answers] == [100, 100, 100]


@pytest.mark.parametrize("call", [AdRule.create_preview, AdRule.create_execute], ids=["preview", "execute"])
def test_a_rule_cannot_be_tried_or_run(
    account: AdAccount, api: FacebookAdsApi, call: Callable[[AdRule], object]
) -> None:
    """Said plainly, instead of an answer that is made up."""
    made = account.create_ad_rules_library(params=RULE)

    with pytest.raises(FacebookRequestError, match="is not imitated"):
        call(AdRule(made["id"], api=api))


def test_an_object_tells_the_rules_that_govern_it(
    sandbox: RunningSandbox, account: AdAccount, api: FacebookAdsApi
) -> None:
    """Those on all of its level and those that name it; not those of other levels, nor deleted ones."""
    one, other = sandbox.market.account.adsets[:2]

    def made(*filters: dict[str, Any]) -> str:
        evaluation = {"evaluation_type": "SCHEDULE", "filters": list(filters)}
        rule = RULE | {"evaluation_spec": evaluation, "execution_spec": {"execution_type": "PAUSE"}}
        return str(account.create_ad_rules_library(params=rule)["id"])

    level = {"field": "entity_type", "operator": "EQUAL", "value": "ADSET"}
    of_level = made(level)
    named = made({"field": "id", "operator": "IN", "value": [one.id]})
    all_but = made(level, {"field": "id", "operator": "NOT_IN", "value": [one.id]})
    made({"field": "entity_type", "operator": "EQUAL", "value": "AD"})
    AdRule(made(level), api=api).api_delete()
    found = [[rule["id"] for rule in AdSet(each.id, api=api).get_ad_rules_governed()] for each in (one, other)]

    assert found == [[of_level, named], [of_level, all_but]]
    with pytest.raises(FacebookRequestError, match="pass_evaluation is not imitated"):
        AdSet(one.id, api=api).get_ad_rules_governed(params={"pass_evaluation": True})


def test_what_was_set_is_told_as_activities(sandbox: RunningSandbox, account: AdAccount, api: FacebookAdsApi) -> None:
    """Newest first, with the old and the new value; only of the days asked for."""
    adset = sandbox.market.account.adsets[0]
    AdSet(adset.id, api=api).api_update(params={"daily_budget": 5000})
    sandbox.advance(3600)
    AdSet(adset.id, api=api).api_update(params={"status": "PAUSED"})
    fields = ["event_type", "object_id", "extra_data", "event_time"]
    told = [one.export_all_data() for one in account.get_activities(fields=fields)]
    earlier = list(account.get_activities(params={"since": "2026-05-01", "until": "2026-05-02"}))

    assert [(one["event_type"], one["object_id"]) for one in told] == [
        ("update_ad_set_run_status", adset.id),
        ("update_ad_set_budget", adset.id),
    ]
    assert json.loads(told[1]["extra_data"]) == {"old_value": 12000, "new_value": 5000}
    assert told[0]["event_time"] == "2026-06-01T10:30:00+0300"
    assert [one["event_type"] for one in earlier] == ["update_ad_set_run_status"]


def test_an_account_has_a_pixel_and_none_of_many_other_things(account: AdAccount) -> None:
    """An empty list, as the platform has it, not an error."""
    assert [one["name"] for one in account.get_ads_pixels(fields=["name"])] == ["Sample pixel"]
    assert list(account.get_custom_audiences()) == []
    assert list(account.get_custom_conversions()) == []
