"""Rules of Meta's, part by part, and what each of them is here: written by hand from both sides' descriptions."""

from collections.abc import Mapping, Sequence
from typing import Any

LAST_7D = {"days": 7, "ends": "yesterday"}
TODAY = {"days": 1, "ends": "today"}
YESTERDAY = {"days": 1, "ends": "yesterday"}
LOOKED_AT = {"field": "effective_status", "op": "in", "value": ["ACTIVE", "PENDING_REVIEW"]}
STATUS_FILTER = {"field": "effective_status", "operator": "IN", "value": ["ACTIVE", "PENDING_REVIEW"]}
SPENT = {"field": "spent", "operator": "GREATER_THAN", "value": "8000"}
SPEND = {"expr": "spend", "window": LAST_7D, "op": ">", "value": 80}
PIXEL = "offsite_conversion.fb_pixel_purchase"
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def one(field: str, operator: str, value: object) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


def meta_rule(
    *filters: Mapping[str, Any],
    level: str = "ADSET",
    preset: str = "LAST_7D",
    does: str = "PAUSE",
    options: Mapping[str, Any] | None = None,
    schedule: Mapping[str, Any] | None = None,
    trigger: Mapping[str, Any] | None = None,
    name: str = "Sample",
) -> dict[str, Any]:
    """Return a rule as it is posted."""
    asked = [one("entity_type", "EQUAL", level), one("time_preset", "EQUAL", preset), *filters]
    evaluation = {"evaluation_type": "TRIGGER" if trigger else "SCHEDULE", "filters": asked}
    execution: dict[str, Any] = {"execution_type": does}
    if options:
        execution["execution_options"] = [one(field, "EQUAL", value) for field, value in options.items()]
    return {
        "name": name,
        "evaluation_spec": evaluation | ({"trigger": trigger} if trigger else {}),
        "execution_spec": execution,
        **({} if trigger else {"schedule_spec": schedule or {"schedule_type": "SEMI_HOURLY"}}),
    }


def ours(
    *when: Mapping[str, Any],
    where: Sequence[Mapping[str, Any]] = (LOOKED_AT,),
    level: str = "adset",
    then: Sequence[Mapping[str, Any]] = ({"action": "pause"},),
    schedule: Mapping[str, Any] | None = None,
    cooldown: str = "15m",
) -> dict[str, Any]:
    """Return what such a rule says here, without its id, name and notes."""
    return {
        "level": level,
        "scope": {"where": list(where)},
        "when": {"all": list(when)},
        "then": list(then),
        "schedule": schedule or {"every": "30m"},
        "cooldown": cooldown,
        "limits": {"changes_per_day": 10_000, "runs_per_day": 96},
        "mode": "notify",
        "tags": ["from-meta"],
    }


def _leaf(expr: str, op: str, value: object, window: object = LAST_7D, **more: object) -> dict[str, Any]:
    return {"expr": expr, **({"window": window} if window else {}), **more, "op": op, "value": value}


def _by(filter_: Mapping[str, Any], *when: Mapping[str, Any], **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    level = more.pop("level", "ADSET")
    return meta_rule(filter_, level=level, **more), ours(*when, level=level.lower())


def _where(filter_: Mapping[str, Any], leaf: Mapping[str, Any], level: str = "ADSET") -> Any:
    where = [leaf] if leaf["field"] == "effective_status" else [leaf, LOOKED_AT]
    return meta_rule(SPENT, filter_, level=level), ours(SPEND, where=where, level=level.lower())


def _does(
    does: str, options: Mapping[str, Any] | None, *then: Mapping[str, Any], level: str = "ADSET", **more: Any
) -> Any:
    return meta_rule(SPENT, level=level, does=does, options=options), ours(
        SPEND, then=then, level=level.lower(), **more
    )


def _at(schedule: Mapping[str, Any], here: Mapping[str, Any]) -> Any:
    return meta_rule(SPENT, schedule=schedule), ours(SPEND, schedule=here)


def _custom(*entries: Mapping[str, Any]) -> dict[str, Any]:
    return {"schedule_type": "CUSTOM", "schedule": list(entries)}


def _days(preset: str, window: Mapping[str, Any]) -> Any:
    return meta_rule(SPENT, preset=preset), ours({**SPEND, "window": window})


def _moved(verb: str, **how: object) -> tuple[dict[str, Any], ...]:
    return tuple({"action": f"{verb}_budget", "budget": budget, **how} for budget in ("daily", "lifetime"))


TOWARD = {"metric": "cpc", "window": LAST_7D, "most_percent": 99.99}
DAILY = one("daily_budget", "GREATER_THAN", 10_000)
HAS_DAILY = {"expr": "daily_budget", "op": ">", "value": 100}

# What both sides have: Meta's rule, and ours. The currency has 100 minor units; the client counts pixel purchases.
BOTH: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # Operators.
    "GREATER_THAN": _by(SPENT, SPEND),
    "LESS_THAN": _by(one("clicks", "LESS_THAN", 5), _leaf("clicks", "<", 5)),
    "EQUAL": _by(one("impressions", "EQUAL", 0), _leaf("impressions", "=", 0)),
    "NOT_EQUAL": _by(one("impressions", "NOT_EQUAL", 0), _leaf("impressions", "!=", 0)),
    "IN_RANGE": _by(one("cpc", "IN_RANGE", [50, 125.5]), _leaf("cpc", "in range", [0.5, 1.255])),
    "NOT_IN_RANGE": _by(one("ctr", "NOT_IN_RANGE", ["0.5", 2]), _leaf("ctr", "not in range", [0.005, 0.02])),
    "IN": _where(one("id", "IN", ["11", 12]), {"field": "id", "op": "in", "value": ["11", "12"]}),
    "NOT_IN": _where(
        one("objective", "NOT_IN", ["OUTCOME_LEADS"]),
        {"field": "objective", "op": "not in", "value": ["OUTCOME_LEADS"]},
    ),
    "text EQUAL": _where(one("name", "EQUAL", "Sample"), {"field": "name", "op": "=", "value": "Sample"}),
    "CONTAIN": _where(one("name", "CONTAIN", "[day]"), {"field": "name", "op": "contains", "value": "[day]"}),
    "NOT_CONTAIN": _where(
        one("campaign.name", "NOT_CONTAIN", "Brand"), {"field": "campaign.name", "op": "not contains", "value": "Brand"}
    ),
    "statuses": _where(
        one("effective_status", "NOT_IN", ["DELETED", "PAUSED"]),
        {"field": "effective_status", "op": "not in", "value": ["DELETED", "PAUSED"]},
    ),
    "goal": _where(
        one("adset.optimization_goal", "IN", ["REACH"]), {"field": "optimization_goal", "op": "in", "value": ["REACH"]}
    ),
    "ad set of an ad": _where(one("adset.id", "IN", ["13"]), {"field": "adset.id", "op": "in", "value": ["13"]}, "AD"),
    # Figures and units.
    "cpm": _by(one("cpm", "GREATER_THAN", 1250), _leaf("cpm", ">", 12.5)),
    "link clicks": _by(one("link_click", "LESS_THAN", 3), _leaf("link_clicks", "<", 3)),
    "link ctr": _by(one("link_ctr", "LESS_THAN", 1), _leaf("link_clicks / impressions", "<", 0.01)),
    "cost per link click": _by(one("cost_per_link_click", "GREATER_THAN", 99), _leaf("spend / link_clicks", ">", 0.99)),
    "purchases": _by(one(PIXEL, "LESS_THAN", 2), _leaf("results", "<", 2, matured=False)),
    "cost per purchase": _by(one("cost_per_purchase_fb", "GREATER_THAN", 2500), _leaf("cpa", ">", 25, matured=False)),
    "roas": _by(one("website_purchase_roas", "LESS_THAN", 1.5), _leaf("roas", "<", 1.5, matured=False)),
    "budget": _by(one("daily_budget", "LESS_THAN", 5000), _leaf("daily_budget", "<", 50, None)),
    "bid of an ad's set": _by(
        one("adset.bid_amount", "GREATER_THAN", 250), _leaf("bid", ">", 2.5, None, of="parent"), level="AD"
    ),
    "age": _by(one("hours_since_creation", "GREATER_THAN", 48), _leaf("24 * age_days", ">", 48, None)),
    "age of the campaign": _by(
        one("campaign.hours_since_creation", "LESS_THAN", 7), _leaf("24 * age_days", "<", 7, None, of="campaign")
    ),
    "campaign's figures": _by(one("campaign.spent", "GREATER_THAN", 100), _leaf("spend", ">", 1, of="campaign")),
    "a window of its own": (
        meta_rule(SPENT, one("today_spent", "GREATER_THAN", 100), level="AD"),
        ours(SPEND, _leaf("spend", ">", 1, TODAY), level="ad"),
    ),
    "attribution of the account": _by(
        one(f"account_default:{PIXEL}", "LESS_THAN", 2), _leaf("results", "<", 2, matured=False)
    ),
    # Formulas.
    "daily_ratio_spent": _by(
        one("daily_ratio_spent", "GREATER_THAN", 0.5), _leaf("spend / daily_budget", ">", 0.5, TODAY)
    ),
    "lifetime_ratio_spent": _by(
        one("lifetime_ratio_spent", "GREATER_THAN", "0.9"),
        _leaf("spend / lifetime_budget", ">", 0.9, {"lifetime": True, "ends": "today"}),
    ),
    "a formula": _by(
        one("( spent + 500 ) / impressions", "GREATER_THAN", 0.25), _leaf("(spend + 5) / impressions", ">", 0.0025)
    ),
    "two windows": _by(
        one("yesterday_spent - ( 2 * last_3d_spent )", "GREATER_THAN", 0),
        _leaf(
            "spend",
            ">",
            {"expr": "2 * spend", "window": {"days": 3, "ends": "yesterday"}},
            {"days": 1, "ends": "yesterday"},
        ),
    ),
    # Days.
    "TODAY": _days("TODAY", TODAY),
    "YESTERDAY": _days("YESTERDAY", YESTERDAY),
    "LAST_7_DAYS": _days("LAST_7_DAYS", {"days": 7, "ends": "today"}),
    "LAST_30D": _days("LAST_30D", {"days": 30, "ends": "yesterday"}),
    "THIS_MONTH": _days("THIS_MONTH", {"calendar": "this_month", "ends": "today"}),
    "THIS_WEEK_MON_TODAY": _days("THIS_WEEK_MON_TODAY", {"calendar": "this_week", "ends": "today"}),
    "LIFETIME": _days("LIFETIME", {"lifetime": True, "ends": "today"}),
    "LAST_ND_14_8": _days("LAST_ND_14_8", {"days": 7, "ends": 8}),
    "LAST_ND_60_29": _days("LAST_ND_60_29", {"days": 32, "ends": 29}),
    "LAST_ND_LIFETIME_8": _days("LAST_ND_LIFETIME_8", {"lifetime": True, "ends": 8}),
    # Actions.
    "UNPAUSE": (
        meta_rule(SPENT, does="UNPAUSE"),
        ours(
            SPEND,
            then=[{"action": "start"}],
            where=[{"field": "effective_status", "op": "not in", "value": ["DELETED", "ARCHIVED"]}],
        ),
    ),
    "NOTIFICATION": _does("NOTIFICATION", None, {"action": "notify"}, level="CAMPAIGN"),
    "CHANGE_BUDGET by percent": _does(
        "CHANGE_BUDGET",
        {"change_spec": {"amount": 20, "unit": "PERCENTAGE", "limit": 50_000}},
        *_moved("raise", percent=20, cap=500),
    ),
    "CHANGE_BUDGET by amount": _does(
        "CHANGE_BUDGET",
        {"change_spec": {"amount": "-1050", "unit": "ACCOUNT_CURRENCY", "limit": 2000}, "action_frequency": 720},
        *_moved("lower", amount=10.5, floor=20),
        cooldown="12h",
    ),
    "CHANGE_CAMPAIGN_BUDGET": _does(
        "CHANGE_CAMPAIGN_BUDGET",
        {"change_spec": {"amount": 5, "unit": "PERCENTAGE"}},
        *_moved("raise", percent=5),
        level="CAMPAIGN",
    ),
    "CHANGE_BUDGET of days": (
        meta_rule(DAILY, does="CHANGE_BUDGET", options={"change_spec": {"amount": 5, "unit": "PERCENTAGE"}}),
        ours(HAS_DAILY, then=_moved("raise", percent=5)[:1]),
    ),
    "CHANGE_BID": _does(
        "CHANGE_BID",
        {"change_spec": {"amount": -12.5, "unit": "PERCENTAGE"}, "action_frequency": 2880},
        {"action": "lower_bid", "percent": 12.5},
        cooldown="2d",
    ),
    "CHANGE_BID toward a target": _does(
        "CHANGE_BID",
        {"change_spec": {"amount": 60, "target_field": "cpc", "limit": [10, 900]}},
        {"action": "bid_toward", **TOWARD, "to": 0.6, "floor": 0.1, "cap": 9},
    ),
    "CHANGE_BUDGET toward a target": (
        meta_rule(SPENT, DAILY, does="CHANGE_BUDGET", options={"change_spec": {"amount": 60, "target_field": "cpc"}}),
        ours(SPEND, HAS_DAILY, then=[{"action": "budget_toward", **TOWARD, "to": 0.6}]),
    ),
    "REBALANCE_BUDGET": _does(
        "REBALANCE_BUDGET",
        {
            "rebalance_spec": {
                "type": "MATCHED_ONLY_PROPORTIONAL",
                "target_field": "cost_per_purchase_fb",
                "is_inverse": True,
                "is_cross_campaign": True,
            }
        },
        {"action": "rebalance", "within": "account", "by": "1 / cpa", "window": LAST_7D, "most_percent": 99.99},
    ),
    # Schedules.
    "DAILY": _at({"schedule_type": "DAILY"}, {"every": "1d"}),
    "HOURLY": _at({"schedule_type": "HOURLY"}, {"every": "1h"}),
    "CUSTOM range on days": _at(
        _custom({"start_minute": 540, "end_minute": 1080, "days": [1, 5]}),
        {"grid": {"mon": ["09:00-18:00"], "fri": ["09:00-18:00"]}},
    ),
    "CUSTOM time": _at(_custom({"start_minute": 1410}), {"grid": {day: ["23:30"] for day in EVERY_DAY}}),
    "CUSTOM Sunday and Saturday": _at(
        _custom({"days": [0]}, {"start_minute": 0, "end_minute": 0, "days": [6]}),
        {"grid": {"sat": ["00:00"], "sun": ["00:00-24:00"]}},
    ),
    "TRIGGER": (
        meta_rule(
            one("impressions", "GREATER_THAN", 1000),
            preset="TODAY",
            trigger={"type": "STATS_CHANGE", **one("cpc", "GREATER_THAN", 300)},
        ),
        ours(_leaf("cpc", ">", 3, TODAY), _leaf("impressions", ">", 1000, TODAY), schedule={"on": "event"}),
    ),
}

_TRIGGERED = {"preset": "TODAY", "does": "NOTIFICATION"}
# What there is nothing for here: Meta's rule, where the loss is told, and what the rule would be without it.
REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "reach": (meta_rule(SPENT, one("reach", "GREATER_THAN", 9)), "evaluation_spec.filters[3]", "wider"),
    "frequency": (meta_rule(one("frequency", "GREATER_THAN", 3)), "evaluation_spec.filters[2]", "wider"),
    "label": (meta_rule(SPENT, one("adlabel_ids", "ANY", ["5"])), "evaluation_spec.filters[3]", "wider"),
    "other event": (meta_rule(one("leadgen", "LESS_THAN", 1)), "evaluation_spec.filters[2]", "wider"),
    "results": (meta_rule(one("results", "LESS_THAN", 1)), "evaluation_spec.filters[2]", "wider"),
    "attribution": (meta_rule(one(f"28d_click:{PIXEL}", "LESS_THAN", 1)), "evaluation_spec.filters[2]", "wider"),
    "spend_cap": (meta_rule(SPENT, one("spend_cap", "LESS_THAN", 1)), "evaluation_spec.filters[3]", "wider"),
    "autobid": (meta_rule(SPENT, one("is_autobid", "IN", ["true"])), "evaluation_spec.filters[3]", "wider"),
    "Sunday": (meta_rule(SPENT, preset="THIS_WEEK_SUN_TODAY"), "evaluation_spec.filters[2]", "wider"),
    "aggregate": (
        meta_rule(one("aggregate(spent)", "GREATER_THAN", 5), one("aggregation_id", "IN", ["3"])),
        "evaluation_spec.filters[2]",
        "wider",
    ),
    "long name": (meta_rule(SPENT, one("name", "CONTAIN", "x" * 300)), "evaluation_spec.filters[3]", "wider"),
    "once": (
        {**meta_rule(SPENT), "execution_spec": {"execution_type": "PAUSE", "is_once_off": True}},
        "execution_spec",
        "oftener",
    ),
    "count limit": (
        meta_rule(
            SPENT,
            does="CHANGE_BID",
            options={"change_spec": {"amount": 1, "unit": "PERCENTAGE"}, "execution_count_limit": 3},
        ),
        "execution_spec",
        "oftener",
    ),
    "ROTATE": (meta_rule(one("id", "IN", ["13"]), level="AD", does="ROTATE"), "execution_spec", "other"),
    "EVEN": (
        meta_rule(SPENT, does="REBALANCE_BUDGET", options={"rebalance_spec": {"type": "EVEN"}}),
        "execution_spec",
        "other",
    ),
    "PING_ENDPOINT": (
        meta_rule(
            preset="TODAY", does="PING_ENDPOINT", trigger={"type": "STATS_CHANGE", **one("spent", "GREATER_THAN", 1)}
        ),
        "execution_spec",
        "other",
    ),
    "creation": (meta_rule(**_TRIGGERED, trigger={"type": "METADATA_CREATION"}), "evaluation_spec.trigger", "other"),
    "told for ever": (
        meta_rule(
            preset="LIFETIME", does="NOTIFICATION", trigger={"type": "STATS_CHANGE", **one("spent", "GREATER_THAN", 1)}
        ),
        "evaluation_spec.trigger",
        "oftener",
    ),
}
