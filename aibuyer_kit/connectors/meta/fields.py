"""What is asked of Meta, level by level, and how its attribution windows are called."""

from aibuyer_kit.core.entities import Level

# Under these names the windows stand in an action, in the order of core.facts.WINDOWS.
WINDOW_FIELDS = ("value", "1d_click", "7d_click", "28d_click", "1d_view")
WINDOWS_ASKED = WINDOW_FIELDS[1:]
# Withdrawn in January 2026; an older API version may still send them, and nobody asked for them.
LEGACY_WINDOWS = ("7d_view", "28d_view")
# `total` is what Meta counts when no attribution setting is asked for: the one of each ad set.
ATTRIBUTION = "account_default"
AD_RULE_FIELDS = ("id", "name", "status", "evaluation_spec", "execution_spec", "schedule_spec")

ATTRIBUTES = {
    Level.ACCOUNT: ("account_status",),
    Level.CAMPAIGN: ("bid_strategy", "buying_type"),
    Level.ADSET: ("bid_strategy", "billing_event", "optimization_goal"),
    Level.AD: (),
}
# What rules ask of objects; what of it is kept, and under which name, stands in attributes.py.
_RULED = ("updated_time", "adlabels", "issues_info")
RULED = {
    Level.ACCOUNT: (),
    Level.CAMPAIGN: _RULED,
    Level.ADSET: (*_RULED, "bid_amount", "learning_stage_info"),
    Level.AD: (*_RULED, "bid_amount"),
}
_STATUS = ("id", "name", "status", "effective_status", "created_time")
_BUDGETS = ("daily_budget", "lifetime_budget")
ENTITY_FIELDS = {
    Level.ACCOUNT: ("id", "name", "currency", "timezone_name", "created_time", *ATTRIBUTES[Level.ACCOUNT]),
    Level.CAMPAIGN: (*_STATUS, "objective", *_BUDGETS, *ATTRIBUTES[Level.CAMPAIGN], *RULED[Level.CAMPAIGN]),
    Level.ADSET: (*_STATUS, "campaign_id", *_BUDGETS, *ATTRIBUTES[Level.ADSET], *RULED[Level.ADSET]),
    Level.AD: (*_STATUS, "campaign_id", "adset_id", "creative", *ATTRIBUTES[Level.AD], *RULED[Level.AD]),
}
EDGES = {Level.CAMPAIGN: "campaigns", Level.ADSET: "adsets", Level.AD: "ads"}
# Asked for one by one: without them an edge leaves out what is archived or deleted, and with it names and parents, and
# insights leave out what a deleted object spent.
_OWN_STATUSES = ("ACTIVE", "PAUSED", "ARCHIVED", "DELETED", "IN_PROCESS", "WITH_ISSUES")
STATUSES = {
    Level.CAMPAIGN: _OWN_STATUSES,
    Level.ADSET: (*_OWN_STATUSES, "CAMPAIGN_PAUSED"),
    Level.AD: (
        *_OWN_STATUSES,
        "CAMPAIGN_PAUSED",
        "ADSET_PAUSED",
        "DISAPPROVED",
        "PENDING_REVIEW",
        "PENDING_BILLING_INFO",
        "PREAPPROVED",
    ),
}
CREATIVE_FIELDS = (
    "id",
    "name",
    "title",
    "body",
    "object_type",
    "call_to_action_type",
    "link_url",
    "image_url",
    "thumbnail_url",
    "video_id",
    "status",
    "object_story_spec",
)

INSIGHT_IDS = {
    Level.ACCOUNT: (),
    Level.CAMPAIGN: ("campaign_id",),
    Level.ADSET: ("campaign_id", "adset_id"),
    Level.AD: ("campaign_id", "adset_id", "ad_id"),
}
INSIGHT_METRICS = (
    "account_currency",
    "spend",
    "impressions",
    "clicks",
    "inline_link_clicks",
    "reach",
    "actions",
    "action_values",
)
COUNT_FIELDS = {
    "impressions": "impressions",
    "clicks": "clicks",
    "link_clicks": "inline_link_clicks",
    "reach": "reach",
}
# People are counted for an object and its days; a piece of them has no reach that Meta would tell in every case.
HOURLY_METRICS = tuple(name for name in INSIGHT_METRICS if name != "reach")
REACH_METRICS = ("reach", "impressions")
# What may be left out, with a notice, if Meta refuses it. Without the others a row would say something else.
OPTIONAL_METRICS = frozenset({"account_currency", "inline_link_clicks", "reach", "actions", "action_values"})
OPTIONAL_ENTITY_FIELDS = frozenset(
    {
        "created_time",
        "objective",
        "creative",
        *(name for names in (*ATTRIBUTES.values(), *RULED.values()) for name in names),
    }
)
OPTIONAL_CREATIVE_FIELDS = frozenset(CREATIVE_FIELDS) - {"id"}
TOTAL_METRICS = ("spend", "impressions", "clicks")
