"""The words of ad rules, as Meta's pages about the rules engine and its SDK list them (September 2026)."""

from collections.abc import Mapping
from dataclasses import dataclass

STATUSES = ("ENABLED", "DISABLED", "DELETED", "HAS_ISSUES")
EVALUATIONS = ("SCHEDULE", "TRIGGER")
TRIGGERS = ("METADATA_CREATION", "METADATA_UPDATE", "STATS_CHANGE", "STATS_MILESTONE", "DELIVERY_INSIGHTS_CHANGE")
SCHEDULES = ("DAILY", "HOURLY", "SEMI_HOURLY", "CUSTOM")
LEVELS = ("AD", "ADSET", "CAMPAIGN")
OPERATORS = (
    *("GREATER_THAN", "LESS_THAN", "EQUAL", "NOT_EQUAL", "IN_RANGE", "NOT_IN_RANGE"),
    *("IN", "NOT_IN", "CONTAIN", "NOT_CONTAIN", "ANY", "ALL", "NONE"),
)
RANGE_OPERATORS = ("IN_RANGE", "NOT_IN_RANGE")
LIST_OPERATORS = ("IN", "NOT_IN", "ANY", "ALL", "NONE")
METRIC_OPERATORS = OPERATORS[:6]

# Meta's table has LIFETIME; its answers have been seen with MAXIMUM.
PRESETS_WITH_TODAY = (
    *("LIFETIME", "MAXIMUM", "TODAY"),
    *(f"LAST_{days}_DAYS" for days in (2, 3, 7, 14, 28, 30)),
    *("THIS_MONTH", "THIS_WEEK_MON_TODAY", "THIS_WEEK_SUN_TODAY"),
)
PRESETS = (
    *PRESETS_WITH_TODAY,
    "YESTERDAY",
    *(f"LAST_{days}D" for days in (2, 3, 7, 14, 28, 30)),
    *(f"LAST_ND_{days}_8" for days in (14, 30, 60, 120, 180, "LIFETIME")),
    *(f"LAST_ND_{days}_29" for days in (60, 120, 180, "LIFETIME")),
)
WINDOWS = (
    *("account_default", "default", "inline"),
    *("1d_view", "7d_view", "28d_view", "1d_click", "7d_click", "28d_click"),
    *("1d_view_1d_click", "7d_view_1d_click", "28d_view_1d_click"),
    *("1d_view_7d_click", "7d_view_7d_click", "28d_view_7d_click"),
    *("7d_view_28d_click", "28d_view_28d_click"),
)

_APP_EVENTS = (
    *("achievement_unlocked", "activate_app", "add_payment_info", "add_to_cart", "add_to_wishlist"),
    *("complete_registration", "content_view", "initiated_checkout", "level_achieved", "purchase", "rate", "search"),
    *("spent_credits", "tutorial_completion"),
)
_SITE_EVENTS = (
    *("add_payment_info", "add_to_cart", "add_to_wishlist", "complete_registration", "initiate_checkout", "lead"),
    *("purchase", "search", "view_content"),
)
# Counts of one thing that people did.
_DEEDS = (
    *("leadgen", "like", "link_click", "mobile_app_install", "offsite_engagement", "post", "post_comment"),
    *("post_engagement", "post_like", "post_reaction", "view_content", "video_play", "video_view", "vote"),
    *("app_custom_event", "app_custom_event.other", *(f"app_custom_event.fb_mobile_{one}" for one in _APP_EVENTS)),
    *("offsite_conversion", "offsite_conversion.fb_pixel_other"),
    *(f"offsite_conversion.fb_pixel_{one}" for one in _SITE_EVENTS),
)
# Metrics that a rule with a trigger may look at.
TRIGGER_METRICS = (
    *("impressions", "unique_impressions", "clicks", "unique_clicks", "spent", "results", "cost_per", "cpc", "cpm"),
    *("ctr", "cpa", "cpp", "reach", "frequency", "link_ctr", "cost_per_unique_click", "result_rate"),
    *("cost_per_mobile_app_install", "cost_per_link_click", *_DEEDS),
    *(f"cost_per_mobile_{one}" for one in _APP_EVENTS),
    *(f"cost_per_{one}_fb" for one in _SITE_EVENTS),
)
# Not on Meta's pages, but seen in rules that were read from it.
SEEN_METRICS = (
    *("cost_per_video_view", "onsite_conversion.messaging_first_reply", "cost_per_messaging_first_reply"),
    *("onsite_conversion.messaging_reply", "cost_per_messaging_reply"),
)
METRICS = frozenset(
    (
        *TRIGGER_METRICS,
        *SEEN_METRICS,
        *("mobile_app_purchase_roas", "website_purchase_roas", "cost_per_post_engagement"),
        *("offline_conversion", "offline_conversion.other", "cost_per_offline_conversion", "cost_per_offline_other"),
        *(f"offline_conversion.{one}" for one in _SITE_EVENTS),
    )
)
# Formulas that have a name of their own.
ALIASES = ("daily_ratio_spent", "lifetime_ratio_spent")
AGGREGATED = (
    *("clicks", "cpc", "cpm", "cpp", "ctr", "frequency", "impressions", "mobile_app_purchase_roas", "reach"),
    *("result_rate", "spent", "unique_clicks", "unique_impressions", "website_purchase_roas", "cost_per_unique_click"),
)

# The least step of a milestone; Meta writes the names with dots among filters, and without among milestones.
_LEAST_STEPS = {
    **dict.fromkeys(("impressions", "unique_impressions", "reach", "spent"), 1000),
    **dict.fromkeys(("clicks", "unique_clicks"), 10),
    "results": 5,
    **dict.fromkeys((*_DEEDS, "offsite_conversion_add_to_cart", "offsite_conversion_checkout"), 1),
}
LEAST_STEPS = _LEAST_STEPS | {name.replace(".", "_"): step for name, step in _LEAST_STEPS.items()}


@dataclass(frozen=True)
class Execution:
    """What an action may be about; an empty level is any, and `options` of None are those of an undescribed one."""

    level: str = ""
    evaluations: tuple[str, ...] = EVALUATIONS
    options: tuple[str, ...] | None = ()
    needs: str = ""


_ON_SCHEDULE = ("SCHEDULE",)
_CHANGE = ("change_spec", "execution_count_limit", "action_frequency")
EXECUTIONS: Mapping[str, Execution] = {
    "NOTIFICATION": Execution(),
    "PAUSE": Execution(),
    "UNPAUSE": Execution(),
    "CHANGE_BUDGET": Execution("ADSET", _ON_SCHEDULE, _CHANGE, "change_spec"),
    "CHANGE_CAMPAIGN_BUDGET": Execution("CAMPAIGN", _ON_SCHEDULE, _CHANGE, "change_spec"),
    "CHANGE_BID": Execution("ADSET", _ON_SCHEDULE, _CHANGE, "change_spec"),
    "ROTATE": Execution("AD", _ON_SCHEDULE),
    "REBALANCE_BUDGET": Execution("ADSET", _ON_SCHEDULE, ("rebalance_spec",), "rebalance_spec"),
    "PING_ENDPOINT": Execution("", ("TRIGGER",)),
    **dict.fromkeys(
        (
            *("DCO", "ADD_INTEREST_RELAXATION", "ADD_QUESTIONNAIRE_INTERESTS", "INCREASE_RADIUS", "UPDATE_CREATIVE"),
            *("UPDATE_LAX_BUDGET", "UPDATE_LAX_DURATION", "AUDIENCE_CONSOLIDATION"),
            *("AUDIENCE_CONSOLIDATION_ASK_FIRST", "AD_RECOMMENDATION_APPLY"),
        ),
        Execution(options=None),
    ),
}
# Meta's page does not have alert_preferences; rules read from it do.
OPTIONS_OF_ALL = ("user_ids", "alert_preferences")
OPTION_OPERATORS = ("EQUAL", "IN")
UNITS = ("ACCOUNT_CURRENCY", "PERCENTAGE")
# The last one is in Meta's example, not in its list.
REBALANCES = ("EVEN", "PROPORTIONAL", "NO_PAUSE_PROPORTIONAL", "MATCHED_ONLY_PROPORTIONAL", "INVERSE_PROPORTIONAL")
ACTIONS_DONE = (
    *("BUDGET_NOT_REDISTRIBUTED", "CHANGED_BID", "CHANGED_BUDGET", "CONSOLIDATE_ASC_FRAGMENTATION"),
    *("CONSOLIDATE_FRAGMENTATION", "CONVERT_ASC_CP_SINGLE_INSTANCE", "EMAIL", "ENABLE_ADVANTAGE_CAMPAIGN_BUDGET"),
    *("ENABLE_ADVANTAGE_PLUS_AUDIENCE", "ENABLE_ADVANTAGE_PLUS_CREATIVE", "ENABLE_ADVANTAGE_PLUS_PLACEMENTS"),
    *("ENABLE_AUTOFLOW", "ENABLE_GEN_UNCROP", "ENABLE_LANDING_PAGE_VIEWS", "ENABLE_MUSIC"),
    *("ENABLE_PIXELLESS_LPV_OPTIMIZATION_GOAL", "ENABLE_PRODUCT_SET_BOOSTING", "ENABLE_REELS_PLACEMENTS"),
    *("ENABLE_SEMANTIC_BASED_AUDIENCE_EXPANSION", "ENABLE_SHOPS_ADS", "ENABLE_SHOPS_ADS_SAOFF"),
    *("ENABLE_WTWA_UPSELL_IN_DUPLICATION", "ENDPOINT_PINGED", "ERROR", "FACEBOOK_NOTIFICATION_SENT"),
    *("MESSAGE_SENT", "NOT_CHANGED", "PAUSED", "UNPAUSED"),
)
