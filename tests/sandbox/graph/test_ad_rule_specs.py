"""What the platform takes as an ad rule, and what it refuses, spec by spec and over a socket."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adrule import AdRule
from facebook_business.adobjects.adruleevaluationspec import AdRuleEvaluationSpec
from facebook_business.adobjects.adruleexecutionoptions import AdRuleExecutionOptions
from facebook_business.adobjects.adruleexecutionspec import AdRuleExecutionSpec
from facebook_business.adobjects.adrulefilters import AdRuleFilters
from facebook_business.adobjects.adrulehistory import AdRuleHistory
from facebook_business.adobjects.adruletrigger import AdRuleTrigger
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError

from aibuyer_kit.sandbox.graph.ad_rules import words
from aibuyer_kit.sandbox.serve import RunningSandbox, start
from tests.sandbox.conftest import NO_CERTIFICATES

Spec = dict[str, Any]
Ask = Callable[[Spec], httpx.Response]


def where(field: str, operator: str, value: object) -> Spec:
    return {"field": field, "operator": operator, "value": value}


ADSETS = where("entity_type", "EQUAL", "ADSET")
ADS = where("entity_type", "EQUAL", "AD")
WEEK = where("time_preset", "EQUAL", "LAST_7D")
EVER = where("time_preset", "EQUAL", "LIFETIME")
COSTLY = where("cost_per", "GREATER_THAN", 2500)


def scheduled(*filters: Spec, **others: object) -> Spec:
    """A rule that pauses by the hour what passes the filters."""
    rule: Spec = {
        "name": "Sample rule",
        "evaluation_spec": {"evaluation_type": "SCHEDULE", "filters": list(filters)},
        "execution_spec": {"execution_type": "PAUSE"},
        "schedule_spec": {"schedule_type": "HOURLY"},
    }
    return {name: spec for name, spec in (rule | others).items() if spec is not None}


def triggered(trigger: Spec, *filters: Spec, **others: object) -> Spec:
    evaluation = {"evaluation_type": "TRIGGER", "trigger": trigger, "filters": list(filters)}
    return scheduled(evaluation_spec=evaluation, schedule_spec=None, **others)


def doing(kind: str, *options: Spec, **others: object) -> Spec:
    return {"execution_type": kind, "execution_options": list(options), **others}


def change(**spec: object) -> Spec:
    return where("change_spec", "EQUAL", spec)


def at(*schedule: Spec) -> Spec:
    return {"schedule_type": "CUSTOM", "schedule": list(schedule)}


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningSandbox]:
    with start("hill", seed=7) as running:
        yield running


@pytest.fixture(scope="module")
def ask(shared: RunningSandbox) -> Iterator[Ask]:
    """Sends a rule to the account's library."""
    headers = {"Authorization": f"Bearer {shared.access_token}"}
    address = f"{shared.graph_url}/v26.0/{shared.account_id}/adrules_library"
    with httpx.Client(headers=headers, verify=NO_CERTIFICATES) as client:
        yield lambda rule: client.post(address, data={name: _form(spec) for name, spec in rule.items()})


def _form(spec: object) -> str:
    return spec if isinstance(spec, str) else json.dumps(spec)


TWENTY_MORE = change(amount=20, unit="PERCENTAGE", limit=50_000)

TAKEN: dict[str, Spec] = {
    "level prefix": scheduled(ADS, WEEK, where("adset.spent", "GREATER_THAN", 1000)),
    "all prefixes": scheduled(ADS, where("campaign.7d_view_1d_click:last_14d_results", "LESS_THAN", 4)),
    "own period, no preset": scheduled(ADSETS, where("yesterday_spent", "IN_RANGE", [1, 900])),
    "numbers as texts": scheduled(ADSETS, WEEK, where("cpm", "GREATER_THAN", "1250.5")),
    "two of a metric": scheduled(ADSETS, WEEK, COSTLY, where("cost_per", "LESS_THAN", 9000)),
    "metric with dots": scheduled(ADSETS, WEEK, where("offsite_conversion.fb_pixel_purchase", "EQUAL", 0)),
    "metadata only": scheduled(
        ADSETS,
        where("campaign.id", "IN", [1, "2"]),
        where("budget_reset_period", "IN", ["DAY"]),
        where("hours_since_creation", "LESS_THAN", 72),
        where("effective_status", "NOT_IN", ["PAUSED", "ARCHIVED"]),
        where("placement.page_types", "NONE", ["DESKTOPFEED"]),
        where("name", "CONTAIN", "sale"),
        where("is_autobid", "IN", [True]),
    ),
    "window of attribution": scheduled(
        ADSETS,
        where("time_preset", "EQUAL", "LAST_ND_30_8"),
        where("attribution_window", "EQUAL", "7D_CLICK"),
        where("website_purchase_roas", "LESS_THAN", 1.25),
    ),
    "formula": scheduled(ADS, where("(today_spent / adset.daily_budget) * 100", "GREATER_THAN", 80)),
    "alias": scheduled(ADSETS, where("daily_ratio_spent", "GREATER_THAN", 0.8)),
    "aggregate": scheduled(
        ADSETS, WEEK, where("aggregation_id", "IN", [11, 12]), where("clicks / aggregate(clicks)", "LESS_THAN", 0.1)
    ),
    "unknown ids": scheduled(where("id", "IN", ["901", 902]), WEEK, COSTLY),
    "budget": scheduled(
        ADSETS,
        execution_spec=doing(
            "CHANGE_BUDGET",
            TWENTY_MORE,
            where("execution_count_limit", "EQUAL", 5),
            where("action_frequency", "EQUAL", "1440"),
            where("user_ids", "EQUAL", ["77", 78]),
            where("alert_preferences", "EQUAL", {"instant": {"trigger": "CHANGE"}}),
            is_once_off=False,
        ),
    ),
    "campaign's budget": scheduled(
        where("entity_type", "EQUAL", "CAMPAIGN"), execution_spec=doing("CHANGE_CAMPAIGN_BUDGET", TWENTY_MORE)
    ),
    "bid towards a target": scheduled(
        ADSETS,
        execution_spec=doing("CHANGE_BID", change(amount=0.8, limit=[200, 900], target_field="website_purchase_roas")),
    ),
    "rotation": scheduled(ADS, where("adset.id", "IN", [5]), execution_spec=doing("ROTATE")),
    "rebalanced": scheduled(
        ADSETS,
        execution_spec=doing(
            "REBALANCE_BUDGET",
            where("rebalance_spec", "EQUAL", {"type": "PROPORTIONAL", "target_field": "cpa", "is_inverse": True}),
        ),
    ),
    "not described": scheduled(
        ADSETS, execution_spec=doing("AUDIENCE_CONSOLIDATION", where("adset_ids", "EQUAL", [1, 2]))
    ),
    "two hours of Sundays": scheduled(ADSETS, schedule_spec=at({"start_minute": 0, "end_minute": 120, "days": [0]})),
    "once at ten, and all of Monday": scheduled(ADSETS, schedule_spec=at({"start_minute": 600}, {"days": [1]})),
    "creation": triggered({"type": "METADATA_CREATION"}, ADS, execution_spec=doing("PING_ENDPOINT")),
    "update": triggered({"type": "METADATA_UPDATE", "field": "daily_budget"}, ADSETS),
    "update to": triggered({"type": "METADATA_UPDATE", **where("daily_budget", "GREATER_THAN", 900)}, ADSETS),
    "change": triggered(
        {"type": "STATS_CHANGE", **where("cost_per_purchase_fb", "GREATER_THAN", 1500)},
        ADS,
        where("time_preset", "EQUAL", "LAST_3_DAYS"),
    ),
    "milestone": triggered({"type": "STATS_MILESTONE", **where("app_custom_event_other", "EQUAL", 1)}, ADS, EVER),
    "delivery": triggered({"type": "DELIVERY_INSIGHTS_CHANGE", **where("delivery", "EQUAL", "x")}, ADS),
}

REFUSED: dict[str, tuple[Spec, str]] = {
    "unknown field": (scheduled(ADSETS, WEEK, where("spend", "GREATER_THAN", 1)), "Did you mean 'spent'?"),
    "unknown operator": (scheduled(ADSETS, WEEK, where("spent", "ABOVE", 1)), "operator must be one of"),
    "operator of others": (scheduled(ADSETS, where("name", "GREATER_THAN", 1)), "EQUAL, CONTAIN, NOT_CONTAIN"),
    "operator on metric": (scheduled(ADSETS, WEEK, where("spent", "IN", [1])), "does not support the operator IN"),
    "list for one": (scheduled(ADSETS, WEEK, where("spent", "GREATER_THAN", [1])), "does not fit"),
    "true is no number": (scheduled(ADSETS, WEEK, where("spent", "GREATER_THAN", True)), "does not fit"),
    "range of three": (scheduled(ADSETS, WEEK, where("spent", "IN_RANGE", [1, 2, 3])), "two numbers"),
    "empty list": (scheduled(ADSETS, where("campaign.id", "IN", [])), "does not fit"),
    "unknown preset": (scheduled(ADSETS, COSTLY, where("time_preset", "EQUAL", "LAST_90D")), "does not fit"),
    "unknown status": (scheduled(ADSETS, where("effective_status", "IN", ["LIVE"])), "does not fit"),
    "two presets": (scheduled(ADSETS, WEEK, EVER, COSTLY), "more than one by time_preset"),
    "no preset": (scheduled(ADSETS, COSTLY), "need one by time_preset"),
    "no level": (scheduled(WEEK, COSTLY), "entity_type or by id"),
    "level by parents only": (scheduled(where("campaign.id", "IN", [1]), WEEK, COSTLY), "entity_type or by id"),
    "another key": (scheduled(ADSETS | {"unit": "EUR"}), 'Unexpected key "unit"'),
    "no value": (scheduled({"field": "entity_type", "operator": "EQUAL"}), "value is required"),
    "prefix below": (scheduled(ADSETS, WEEK, where("ad.spent", "GREATER_THAN", 1)), "not valid on ADSET"),
    "prefix of others": (scheduled(ADS, where("ad.daily_budget", "GREATER_THAN", 1)), "no prefix 'ad'"),
    "prefixes in disorder": (scheduled(ADS, WEEK, where("lifetime_campaign.spent", "GREATER_THAN", 1)), "supported"),
    "two periods": (scheduled(ADS, WEEK, where("lifetime_today_spent", "GREATER_THAN", 1)), "not supported"),
    "period of metadata": (scheduled(ADSETS, where("yesterday_daily_budget", "GREATER_THAN", 1)), "not supported"),
    "unknown window": (scheduled(ADS, WEEK, where("3d_click:spent", "GREATER_THAN", 1)), "not supported"),
    "formula without spaces": (scheduled(ADS, WEEK, where("spent/clicks", "GREATER_THAN", 1)), "not supported"),
    "formula cut off": (scheduled(ADS, WEEK, where("spent / ", "GREATER_THAN", 1)), "with spaces"),
    "formula unbalanced": (scheduled(ADS, WEEK, where("(spent / clicks", "GREATER_THAN", 1)), "with spaces"),
    "formula inside out": (scheduled(ADS, WEEK, where("spent ) + ( clicks", "GREATER_THAN", 1)), "with spaces"),
    "formula of seven": (scheduled(ADS, WEEK, where(" + ".join(["spent"] * 7), "GREATER_THAN", 1)), "1 to 6 fields"),
    "formula of names": (scheduled(ADS, WEEK, where("spent / id", "GREATER_THAN", 1)), "not 'id'"),
    "sum of budgets": (
        scheduled(ADS, where("aggregate(daily_budget)", "GREATER_THAN", 1), where("aggregation_id", "IN", [1])),
        "aggregate() takes",
    ),
    "sum of what": (scheduled(ADS, WEEK, where("aggregate(reach)", "GREATER_THAN", 1)), "aggregation_id"),
    "beside a schedule": (
        scheduled(evaluation_spec={"evaluation_type": "SCHEDULE", "filters": [ADS], "trigger": {}}),
        "belongs to evaluation_type TRIGGER",
    ),
    "unknown action": (scheduled(ADS, execution_spec=doing("EXPLODE")), "execution_type must be one of"),
    "action of a level": (scheduled(ADS, execution_spec=doing("CHANGE_BUDGET", TWENTY_MORE)), "applies to ADSET"),
    "no change": (scheduled(ADSETS, execution_spec=doing("CHANGE_BUDGET")), "needs the option change_spec"),
    "unknown option": (
        scheduled(ADSETS, execution_spec=doing("PAUSE", where("cpa", "EQUAL", 5))),
        "'cpa' is not supported with PAUSE",
    ),
    "option of others": (scheduled(ADSETS, execution_spec=doing("PAUSE", TWENTY_MORE)), "not supported with PAUSE"),
    "option twice": (
        scheduled(ADSETS, execution_spec=doing("CHANGE_BID", TWENTY_MORE, TWENTY_MORE)),
        "more than once",
    ),
    "operator of options": (
        scheduled(ADSETS, execution_spec=doing("PAUSE", where("user_ids", "CONTAIN", [1]))),
        "EQUAL, IN",
    ),
    "no amount": (
        scheduled(ADSETS, execution_spec=doing("CHANGE_BID", change(unit="PERCENTAGE"))),
        "amount must be a number",
    ),
    "unit": (
        scheduled(ADSETS, execution_spec=doing("CHANGE_BID", change(amount=1, unit="EUR"))),
        "ACCOUNT_CURRENCY, PERCENTAGE",
    ),
    "range without target": (
        scheduled(ADSETS, execution_spec=doing("CHANGE_BID", change(amount=1, unit="PERCENTAGE", limit=[1, 2]))),
        "limit must be a number",
    ),
    "target": (
        scheduled(ADSETS, execution_spec=doing("CHANGE_BID", change(amount=1, target_field="name"))),
        "must be a metric",
    ),
    "not infinite": (
        scheduled(
            ADSETS,
            execution_spec='{"execution_type":"DCO","execution_options":[{"field":"x","operator":"EQUAL",'
            '"value":NaN}]}',
        ),
        "finite",
    ),
    "not deep": (
        scheduled(ADSETS, execution_spec=doing("DCO", where("x", "EQUAL", [[[[[[1]]]]]]))),
        "not deep",
    ),
    "ranking by nothing": (
        scheduled(ADSETS, execution_spec=doing("REBALANCE_BUDGET", where("rebalance_spec", "EQUAL", {"type": "X"}))),
        "type must be one of",
    ),
    "rotation of nothing": (scheduled(ADS, execution_spec=doing("ROTATE")), "ROTATE needs"),
    "ping by schedule": (scheduled(ADS, execution_spec=doing("PING_ENDPOINT")), "not supported with evaluation_type"),
    "no schedule": (scheduled(ADS, schedule_spec=None), "schedule_spec must be an object"),
    "unknown schedule": (scheduled(ADS, schedule_spec={"schedule_type": "WEEKLY"}), "schedule_type must be one of"),
    "off the grid": (scheduled(ADS, schedule_spec=at({"start_minute": 615})), "multiple of 30"),
    "beyond the day": (scheduled(ADS, schedule_spec=at({"start_minute": 1470})), "up to 1440"),
    "backwards": (scheduled(ADS, schedule_spec=at({"start_minute": 60, "end_minute": 30})), "before start_minute"),
    "end alone": (scheduled(ADS, schedule_spec=at({"end_minute": 60, "days": [1]})), "nor stand without it"),
    "an eighth day": (scheduled(ADS, schedule_spec=at({"days": [7]})), "from 0 (Sunday)"),
    "no time at all": (scheduled(ADS, schedule_spec=at({})), "start_minute or days"),
    "trigger with schedule": (
        triggered({"type": "METADATA_CREATION"}, ADS) | {"schedule_spec": {"schedule_type": "DAILY"}},
        "not supported with evaluation_type TRIGGER",
    ),
    "without trigger": (
        scheduled(evaluation_spec={"evaluation_type": "TRIGGER", "filters": [ADS]}, schedule_spec=None),
        "evaluation_spec[trigger] must be an object",
    ),
    "trigger without today": (
        triggered({"type": "STATS_CHANGE", **where("cpc", "LESS_THAN", 1)}, ADS, WEEK),
        "must include TODAY",
    ),
    "trigger by schedule's field": (
        triggered({"type": "METADATA_CREATION"}, ADS, where("hours_since_creation", "LESS_THAN", 1)),
        "only supported with evaluation_type SCHEDULE",
    ),
    "trigger and formula": (
        triggered({"type": "METADATA_CREATION"}, ADS, EVER, where("spent / clicks", "LESS_THAN", 1)),
        "a formula is only supported",
    ),
    "trigger by return": (
        triggered({"type": "STATS_CHANGE", **where("website_purchase_roas", "LESS_THAN", 1)}, ADS, EVER),
        "can be a trigger",
    ),
    "small step": (
        triggered({"type": "STATS_MILESTONE", **where("impressions", "EQUAL", 999)}, ADS, EVER),
        "at least 1000",
    ),
    "budget by trigger": (
        triggered({"type": "METADATA_CREATION"}, ADSETS, execution_spec=doing("CHANGE_BUDGET", TWENTY_MORE)),
        "not supported with evaluation_type TRIGGER",
    ),
    "dry run": (scheduled(ADS, execution_options='["validate_only"]'), "within their execution_spec only"),
    "another param": (scheduled(ADS, budget="5"), "not budget"),
}


@pytest.mark.parametrize("rule", TAKEN.values(), ids=TAKEN)
def test_what_makes_sense_is_taken(ask: Ask, rule: Spec) -> None:
    """And gets an id."""
    answer = ask(rule)

    assert (answer.status_code, list(answer.json())) == (200, ["id"]), answer.text


@pytest.mark.parametrize(("rule", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused_with_its_reason(ask: Ask, rule: Spec, reason: str) -> None:
    """In the platform's envelope, with code 100."""
    answer = ask(rule)
    error = answer.json()["error"]

    assert (answer.status_code, error["code"], error["type"]) == (400, 100, "OAuthException")
    assert reason in error["message"]


def test_objects_of_the_account_tell_their_level(ask: Ask, shared: RunningSandbox) -> None:
    """Ids of ads do not fit an action on ad sets, nor do they mix with other levels."""
    ad, adset = shared.market.account.ads[0].id, shared.market.account.adsets[0].id
    budget = doing("CHANGE_BUDGET", TWENTY_MORE)
    answers = [
        ask(scheduled(where("id", "IN", [adset]), execution_spec=budget)),
        ask(scheduled(where("id", "IN", [ad]), execution_spec=budget)),
        ask(scheduled(where("id", "IN", [ad, adset]))),
        ask(scheduled(ADS, where("id", "IN", [adset]))),
        ask(scheduled(ADS, where("id", "IN", [adset]), execution_spec=doing("ROTATE"))),
    ]

    assert [answer.status_code for answer in answers] == [200, 400, 400, 400, 200]


def test_a_new_spec_has_to_fit_the_rule(account: AdAccount, api: FacebookAdsApi) -> None:
    """A spec replaces the one before; a trigger ends the schedule, and nothing is kept of what is refused."""
    made = account.create_ad_rules_library(params=scheduled(ADSETS, execution_spec=doing("CHANGE_BUDGET", TWENTY_MORE)))
    rule = AdRule(made["id"], api=api)
    fields = ["name", "evaluation_spec", "schedule_spec"]
    with pytest.raises(FacebookRequestError, match="applies to ADSET"):
        rule.api_update(params={"name": "Other", "evaluation_spec": scheduled(ADS)["evaluation_spec"]})
    kept = AdRule(made["id"], api=api).api_get(fields=fields).export_all_data()
    creation = triggered({"type": "METADATA_CREATION"}, ADSETS)
    rule.api_update(params={name: creation[name] for name in ("evaluation_spec", "execution_spec")})
    new = AdRule(made["id"], api=api).api_get(fields=fields).export_all_data()

    assert kept == {"id": made["id"], **{name: scheduled(ADSETS)[name] for name in fields}}
    assert new == {"id": made["id"], "name": "Sample rule", "evaluation_spec": creation["evaluation_spec"]}


@pytest.mark.parametrize(
    ("own", "sdk"),
    [
        (words.STATUSES, AdRule.Status),
        (words.EVALUATIONS, AdRuleEvaluationSpec.EvaluationType),
        (words.OPERATORS, AdRuleFilters.Operator),
        (words.TRIGGERS, AdRuleTrigger.Type),
        (words.EXECUTIONS, AdRuleExecutionSpec.ExecutionType),
        (words.OPTION_OPERATORS, AdRuleExecutionOptions.Operator),
        (words.ACTIONS_DONE, AdRuleHistory.Action),
    ],
    ids=["statuses", "evaluations", "operators", "triggers", "executions", "option operators", "actions done"],
)
def test_the_words_are_those_of_the_sdk(own: tuple[str, ...], sdk: type) -> None:
    """No more and no less."""
    assert set(own) == {word for name, word in vars(sdk).items() if not name.startswith("_")}
