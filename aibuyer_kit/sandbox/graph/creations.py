"""New campaigns, ad sets, ads and creatives. There are no idempotency keys: a repeated call makes another one."""

from collections.abc import Mapping

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.sandbox.graph import errors
from aibuyer_kit.sandbox.graph.budgets import asked_budgets
from aibuyer_kit.sandbox.graph.changes import (
    asked_bid,
    asked_creative_id,
    asked_end_us,
    asked_name,
    asked_status,
    asked_targeting,
    only_validates,
    refuse_unknown,
)
from aibuyer_kit.sandbox.graph.errors import invalid_parameter
from aibuyer_kit.sandbox.graph.messages import Params
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.market.account import AdSet, Campaign
from aibuyer_kit.sandbox.market.creatives import Creative
from aibuyer_kit.sandbox.market.settings_log import ACTIVE, DELETED, LOWEST_COST, PAUSED, REVIEW_US
from aibuyer_kit.sandbox.market.world import OBJECTIVES

_BUDGET_PARAMS = ("daily_budget", "lifetime_budget", "bid_strategy")
# Taken without effect: this market has no audiences to choose from.
_WITHOUT_EFFECT = (
    "billing_event",
    "optimization_goal",
    "targeting",
    "promoted_object",
    "start_time",
    "special_ad_categories",
    "buying_type",
    "destination_type",
    "tracking_specs",
    "is_adset_budget_sharing_enabled",
    "attribution_spec",
    "pacing_type",
    "conversion_domain",
    "is_dynamic_creative",
    "dsa_beneficiary",
    "dsa_payor",
)


def create_object(view: View, edge: str, params: Params) -> dict[str, object]:
    """Add an object and return its id; on a dry run only check. Raises GraphError."""
    make = {"campaigns": _campaign, "adsets": _adset, "ads": _ad, "adcreatives": _creative}[edge]
    try:
        object_id = make(view, params)
    except InputError as error:
        raise invalid_parameter(str(error)) from None
    return {"id": object_id} if object_id else {"success": True}


def _campaign(view: View, params: Params) -> str:
    refuse_unknown(params, ("name", "objective", "status", "end_time", "stop_time", *_BUDGET_PARAMS, *_WITHOUT_EFFECT))
    _require(params, "name", "objective", "special_ad_categories")
    objective = params.text("objective")
    if objective not in OBJECTIVES:
        raise invalid_parameter(f"Of objective, only {' and '.join(OBJECTIVES)} are imitated.")
    end_us = asked_end_us(view, params) if "end_time" in params else 0
    budgets = asked_budgets(view, params, end_us, on_campaign=True)
    bid = asked_bid(params, LOWEST_COST) or ({"bid_strategy": LOWEST_COST} if budgets else {})
    name, status = asked_name(params), asked_status(params, PAUSED)
    if only_validates(params):
        return ""
    return view.market.create_campaign(name, objective, status=status, end_us=end_us, **budgets, **bid).id


def _adset(view: View, params: Params) -> str:
    known = ("name", "campaign_id", "status", "end_time", "bid_amount", *_BUDGET_PARAMS, *_WITHOUT_EFFECT)
    refuse_unknown(params, known)
    _require(params, "name", "campaign_id", "billing_event", "optimization_goal", "targeting")
    campaign = view.market.find(params.text("campaign_id"))
    if not isinstance(campaign, Campaign):
        raise errors.no_such_object(params.text("campaign_id"), "POST")
    if view.effective_status(campaign) == DELETED:
        raise errors.deleted_object()
    end_us = asked_end_us(view, params) if "end_time" in params else 0
    budgets = asked_budgets(view, params, end_us, on_campaign=False)
    if bool(budgets) == view.setting(campaign).has_budget:
        raise errors.budget_on_both_levels() if budgets else invalid_parameter("Give the ad set a budget.")
    bid = {"bid_strategy": LOWEST_COST, **asked_bid(params, LOWEST_COST)}
    name, status, targeting = asked_name(params), asked_status(params, ACTIVE), asked_targeting(params)
    if only_validates(params):
        return ""
    setting = {"status": status, "end_us": end_us, "targeting": targeting, **budgets, **bid}
    return view.market.create_adset(campaign.id, name, **setting).id


def _ad(view: View, params: Params) -> str:
    refuse_unknown(params, ("name", "adset_id", "creative", "status", *_WITHOUT_EFFECT))
    _require(params, "name", "adset_id", "creative")
    adset = view.market.find(params.text("adset_id"))
    if not isinstance(adset, AdSet):
        raise errors.no_such_object(params.text("adset_id"), "POST")
    if view.effective_status(adset) == DELETED:
        raise errors.deleted_object()
    creative_id = asked_creative_id(view, params)
    name, status = asked_name(params), asked_status(params, ACTIVE)
    if only_validates(params):
        return ""
    reviewed_us = view.at_us + REVIEW_US
    return view.market.create_ad(adset.id, name, status=status, creative_id=creative_id, reviewed_us=reviewed_us).id


def _creative(view: View, params: Params) -> str:
    texts = ("name", "title", "body", "link_url", "object_url", "image_url", "video_id", "call_to_action_type")
    refuse_unknown(params, (*texts, "object_story_spec", "object_type", "url_tags", "degrees_of_freedom_spec"))
    _require(params, "name")
    if only_validates(params):
        return ""
    story = params.json("object_story_spec") if "object_story_spec" in params else {}
    if not isinstance(story, Mapping):
        raise invalid_parameter("Param object_story_spec must be an object.")
    creative = Creative(
        id="",
        name=asked_name(params),
        title=params.text("title"),
        body=params.text("body"),
        object_type=params.text("object_type") or ("VIDEO" if "video_id" in params else "SHARE"),
        call_to_action=params.text("call_to_action_type", "LEARN_MORE"),
        link_url=params.text("link_url") or params.text("object_url"),
        image_url=params.text("image_url"),
        video_id=params.text("video_id"),
        story_spec=story,
    )
    return view.market.create_creative(creative).id


def _require(params: Params, *names: str) -> None:
    for name in names:
        if name not in params and f"{name}[]" not in params:
            raise invalid_parameter(f"The parameter {name} is required")
