"""Ad rules are kept and checked; what was set is told as activities; other edges of the account."""

import json
from typing import Any

import httpx
import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adrule import AdRule
from facebook_business.adobjects.adset import AdSet
from facebook_business.api import FacebookAdsApi

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


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"evaluation_spec": None},
        {"evaluation_spec": "spent > 5"},
        {"evaluation_spec": {"evaluation_type": "SOMETIMES", "filters": RULE["evaluation_spec"]["filters"]}},
        {"evaluation_spec": {"evaluation_type": "SCHEDULE", "filters": []}},
        {"evaluation_spec": {"evaluation_type": "SCHEDULE", "filters": [{"field": "spent", "operator": "ABOVE"}]}},
        {
            "evaluation_spec": {
                "evaluation_type": "SCHEDULE",
                "filters": [{"field": "spent", "operator": "IN_RANGE", "value": [1]}],
            }
        },
        {"evaluation_spec": {"evaluation_type": "TRIGGER", "filters": []}},
        {"execution_spec": {"execution_type": "CHANGE_BUDGET", "execution_options": []}},
        {"execution_spec": {"execution_type": "EXPLODE"}},
        {
            "execution_spec": {
                "execution_type": "CHANGE_BID",
                "execution_options": [{**CHANGE, "value": {"unit": "EUR"}}],
            }
        },
        {"schedule_spec": None},
        {"schedule_spec": {"schedule_type": "CUSTOM", "schedule": [{"start_minute": 17}]}},
    ],
    ids=lambda wrong: json.dumps(wrong)[:60],
)
def test_a_rule_that_makes_no_sense_is_refused(
    sandbox: RunningSandbox, graph: httpx.Client, wrong: dict[str, Any]
) -> None:
    """With code 100, and nothing is kept."""
    rule = {name: spec for name, spec in {**RULE, **wrong}.items() if spec is not None}
    answer = graph.post(f"{sandbox.account_id}/adrules_library", json=rule)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)
    assert graph.get(f"{sandbox.account_id}/adrules_library").json() == {"data": []}


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
