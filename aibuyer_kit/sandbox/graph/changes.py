"""Changes of an object: checked first, then applied all at once, or only checked."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from aibuyer_kit.core.errors import AibuyerError
from aibuyer_kit.core.money import micros_from_units, minor_from_micros
from aibuyer_kit.sandbox.graph import errors
from aibuyer_kit.sandbox.graph.budgets import checked_budgets, refuse_too_many_budget_changes
from aibuyer_kit.sandbox.graph.errors import invalid_parameter
from aibuyer_kit.sandbox.graph.messages import SECRET_NAMES, GraphRequest, Params
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node
from aibuyer_kit.sandbox.market.creatives import Creative
from aibuyer_kit.sandbox.market.days import MICROSECONDS_PER_SECOND, local_day, to_us
from aibuyer_kit.sandbox.market.settings_log import BID_STRATEGIES, DELETED, LOWEST_COST, REVIEW_US, STATUSES

_MOST_LIMIT_CHANGES_A_DAY = 10
_MOST_MINOR = 10**15

_BUDGETS = ("daily_budget", "lifetime_budget", "bid_strategy")
_CHANGEABLE: Mapping[type[Node | Creative], tuple[str, ...]] = {
    Campaign: ("status", "name", *_BUDGETS),
    AdSet: ("status", "name", *_BUDGETS, "bid_amount", "end_time", "targeting"),
    Ad: ("status", "name", "creative"),
    Creative: ("status", "name"),
}
# Clients that send an object back as they read it name it in the body too.
_BEYOND_CHANGES = ("id", "execution_options", "fields", "format", "locale", "method", "summary")


def change_node(view: View, node: Node | Creative, request: GraphRequest) -> bool:
    """Apply all that is asked for, or nothing, and return whether anything is different now. Raises GraphError."""
    params = request.params
    if isinstance(node, Account):
        return _change_account(view, node, params)
    refuse_unknown(params, _CHANGEABLE[type(node)])
    _refuse_what_is_gone(view, node)
    changes = checked_changes(view, node, params)
    if not changes:
        raise invalid_parameter("Nothing to change was given.")
    if only_validates(params):
        return False
    return view.market.change(node.id, **changes)


def _change_account(view: View, account: Account, params: Params) -> bool:
    """Set the account's spending limit, which is given in currency units; 0 for none. Raises GraphError."""
    refuse_unknown(params, ("spend_cap", "spend_cap_action"))
    if params.text("spend_cap_action") not in ("", "delete") or ("spend_cap" in params) == (
        "spend_cap_action" in params
    ):
        raise invalid_parameter("Give spend_cap, or spend_cap_action=delete.")
    try:
        micros = micros_from_units(Decimal(params.text("spend_cap", "0")))
        minor = minor_from_micros(micros, account.minor_per_unit)
    except (AibuyerError, InvalidOperation):
        raise invalid_parameter("Param spend_cap must be an amount in the account's currency.") from None
    if not 0 <= minor < _MOST_MINOR:
        raise invalid_parameter("Param spend_cap must be 0 or more.")
    if minor == view.market.setting(account.id).spend_cap_minor or only_validates(params):
        return False
    day_start_us = local_day(view.today, account.zone).start_us
    changes = view.market.log.changes(account.id, view.at_us)
    if sum(after.since_us >= day_start_us for _, after in changes) >= _MOST_LIMIT_CHANGES_A_DAY:
        raise errors.too_many_limit_changes()
    return view.market.change(account.id, spend_cap_minor=minor)


def delete_node(view: View, node: Node | Creative, request: GraphRequest) -> bool:
    """Mark an object as deleted; it can still be read. Raises GraphError."""
    if isinstance(node, Account):
        raise errors.no_such_object(node.id, request.method)
    return view.market.change(node.id, status=DELETED)


def checked_changes(view: View, node: Campaign | AdSet | Ad | Creative, params: Params) -> dict[str, Any]:
    """Return the fields of the setting that the params ask for. Raises GraphError."""
    changes: dict[str, Any] = {}
    if "status" in params:
        changes["status"] = asked_status(params)
    if "name" in params:
        changes["name"] = asked_name(params)
    if isinstance(node, Ad) and "creative" in params:
        changes |= _creative(view, node, params)
    if isinstance(node, Campaign | AdSet):
        if isinstance(node, AdSet) and "end_time" in params:
            changes["end_us"] = asked_end_us(view, params)
        if isinstance(node, AdSet) and "targeting" in params:
            changes["targeting"] = asked_targeting(params)
        changes |= checked_budgets(view, node, params, changes.get("end_us", view.setting(node).end_us))
        refuse_too_many_budget_changes(view, node, changes)
        changes |= asked_bid(params, view.setting(node).bid_strategy or LOWEST_COST)
    return changes


def refuse_unknown(params: Params, known: tuple[str, ...]) -> None:
    """Raise GraphError for a param that is not imitated: ignored, it would be a change that was not made."""
    given = (name.removesuffix("[]") for name in params.values)
    if unknown := [name for name in given if name not in (*known, *_BEYOND_CHANGES, *SECRET_NAMES)]:
        raise invalid_parameter(f"Of changes here, {', '.join(known)} are imitated, not {', '.join(unknown)}.")


def only_validates(params: Params) -> bool:
    """Return whether this is a dry run. Raises GraphError for an option there is not."""
    options = params.texts("execution_options")
    if unknown := set(options) - {"validate_only", "include_recommendations", "synchronous_ad_review"}:
        raise invalid_parameter(f"execution_options: {', '.join(sorted(unknown))} is not imitated.")
    return "validate_only" in options


def asked_status(params: Params, default: str = "") -> str:
    status = params.text("status", default)
    if status not in STATUSES:
        raise invalid_parameter(f"Param status must be one of {{{', '.join(STATUSES)}}}.")
    return status


def asked_name(params: Params) -> str:
    name = params.text("name").strip()
    if not name or len(name) > 400:
        raise invalid_parameter("Param name must be a text of 1 to 400 letters.")
    return name


def asked_end_us(view: View, params: Params) -> int:
    """Return the end, given as seconds since 1970 or as ISO text; 0 for no end. Raises GraphError."""
    text = params.text("end_time").strip()
    if text == "0":
        return 0
    try:
        seconds = float(text) if text.isdigit() else datetime.fromisoformat(text).timestamp()
        end_us = int(seconds * MICROSECONDS_PER_SECOND) if text.isdigit() else to_us(datetime.fromisoformat(text))
    except (ValueError, TypeError, OverflowError):
        raise invalid_parameter("Param end_time must be a time with its zone.") from None
    if end_us <= view.at_us:
        raise errors.end_in_the_past()
    return end_us


def asked_targeting(params: Params) -> str:
    """Return the targeting as JSON. Raises GraphError for one without a place."""
    targeting = params.json("targeting")
    match targeting:
        case {"geo_locations": {}} | {"custom_audiences": [_, *_]}:
            return json.dumps(targeting, separators=(",", ":"))
    raise invalid_parameter("Param targeting must be an object with geo_locations or custom_audiences.")


def asked_bid(params: Params, strategy: str) -> dict[str, Any]:
    """Return the bid's fields. Raises GraphError where amount and strategy do not fit."""
    changes: dict[str, Any] = {}
    if "bid_strategy" in params:
        strategy = changes["bid_strategy"] = params.text("bid_strategy")
        if strategy not in BID_STRATEGIES:
            raise invalid_parameter(f"Param bid_strategy must be one of {{{', '.join(BID_STRATEGIES)}}}.")
        if strategy == LOWEST_COST and "bid_amount" not in params:
            changes["bid_amount_minor"] = 0
    if "bid_amount" in params:
        changes["bid_amount_minor"] = params.whole("bid_amount", 0)
        if strategy == LOWEST_COST:
            raise invalid_parameter(f"bid_amount: not with {LOWEST_COST}; give a bid_strategy with a cap.")
        if not changes["bid_amount_minor"]:
            raise invalid_parameter("Param bid_amount must be at least 1.")
    return changes


def asked_creative_id(view: View, params: Params) -> str:
    """Return the id of an own creative that is there. Raises GraphError."""
    match params.json("creative"):
        case {"creative_id": str() | int() as given} | {"id": str() | int() as given}:
            creative = view.market.tree.creatives.get(str(given))
            if creative and view.setting(creative).status != DELETED:
                return creative.id
            raise errors.no_such_object(str(given), "POST")
    raise invalid_parameter('Param creative must be {"creative_id":"..."}.')


def _creative(view: View, ad: Ad, params: Params) -> dict[str, Any]:
    creative_id = asked_creative_id(view, params)
    if creative_id == view.setting(ad).creative_id:
        return {"creative_id": creative_id}
    return {"creative_id": creative_id, "reviewed_us": view.at_us + REVIEW_US, "verdict": "", "issue": None}


def _refuse_what_is_gone(view: View, node: Campaign | AdSet | Ad | Creative) -> None:
    if isinstance(node, Creative):
        gone = view.setting(node).status == DELETED
    else:
        gone = view.effective_status(node) == DELETED
    if gone:
        raise errors.deleted_object()
