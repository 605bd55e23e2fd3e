"""Account, campaigns, ad sets, ads and creatives as the platform writes them, field by field."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from aibuyer_kit.sandbox.graph.errors import invalid_parameter
from aibuyer_kit.sandbox.graph.messages import split_fields
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node
from aibuyer_kit.sandbox.market.creatives import Creative
from aibuyer_kit.sandbox.market.days import MICROSECONDS_PER_SECOND, age_days
from aibuyer_kit.sandbox.market.learning import learning_stage
from aibuyer_kit.sandbox.market.world import MIN_DAILY_BUDGET_MINOR

# A table of fields serves one kind of node, which the type does not say.
Field = Callable[[View, Any], object]


def _always(value: object) -> Field:
    return lambda _view, _node: value


# For a field that the platform has and this object has no value for.
_ABSENT = _always(None)


_TARGETING = '{"age_min":18,"age_max":65,"geo_locations":{"countries":["UA","PL","DE","CZ"]}}'

_SHARED: Mapping[str, Field] = {
    "id": lambda _view, node: node.id,
    "account_id": lambda view, _node: view.account.number,
    "name": lambda view, node: view.name(node),
    "status": lambda view, node: view.setting(node).status,
    "configured_status": lambda view, node: view.setting(node).status,
    "effective_status": lambda view, node: view.effective_status(node),
    "created_time": lambda view, node: view.created(node),
    "updated_time": lambda view, node: view.updated(node),
    "issues_info": lambda view, node: _issues(view, node),
}

_BUDGETS: Mapping[str, Field] = {
    "daily_budget": lambda view, node: _budget(view, node, "daily_budget_minor"),
    "lifetime_budget": lambda view, node: _budget(view, node, "lifetime_budget_minor"),
    "budget_remaining": lambda view, node: _text(view.budget_left_minor(node)),
    "bid_strategy": lambda view, node: view.setting(node).bid_strategy or None,
    "start_time": lambda view, node: view.time(view.created_us(node)),
}

_ACCOUNT: Mapping[str, Field] = {
    "id": lambda _view, node: node.id,
    "account_id": lambda _view, node: node.number,
    "name": lambda _view, node: node.name,
    "account_status": _always(1),
    "disable_reason": _always(0),
    "age": lambda view, node: round(age_days(view.market.first_day, view.at_us, node.zone), 6),
    "currency": lambda _view, node: node.currency,
    "timezone_name": lambda _view, node: node.zone.key,
    "amount_spent": lambda view, node: str(view.spent_minor(node)),
    "balance": _always("0"),
    "spend_cap": lambda view, node: str(view.market.setting(node.id, view.at_us).spend_cap_minor),
    "min_daily_budget": _always(MIN_DAILY_BUDGET_MINOR),
    "created_time": lambda view, node: view.created(node),
    "timezone_id": _always(137),
    "timezone_offset_hours_utc": lambda view, node: _utc_offset_hours(view, node),
    "business": lambda view, _node: {"id": business_id(view), "name": "Sample business"},
    "owner": lambda view, _node: business_id(view),
    "user_tasks": _always(["ADVERTISE", "ANALYZE", "MANAGE"]),
    "funding_source": _ABSENT,
}

_CAMPAIGN: Mapping[str, Field] = {
    **_SHARED,
    **_BUDGETS,
    "objective": lambda _view, node: node.objective,
    "buying_type": _always("AUCTION"),
    "special_ad_categories": _always([]),
    "stop_time": lambda view, node: _end(view, node),
    "spend_cap": _ABSENT,
}

_ADSET: Mapping[str, Field] = {
    **_SHARED,
    **_BUDGETS,
    "campaign_id": lambda _view, node: node.campaign_id,
    "bid_amount": lambda view, node: view.setting(node).bid_amount_minor or None,
    "billing_event": _always("IMPRESSIONS"),
    "optimization_goal": lambda _view, node: optimization_goal(node),
    "attribution_spec": _always(
        [
            {"event_type": "CLICK_THROUGH", "window_days": 7},
            {"event_type": "VIEW_THROUGH", "window_days": 1},
        ]
    ),
    "end_time": lambda view, node: _end(view, node),
    "learning_stage_info": lambda view, node: _learning(view, node),
    "targeting": lambda view, node: json.loads(view.setting(node).targeting or _TARGETING),
    "promoted_object": _ABSENT,
}

_AD: Mapping[str, Field] = {
    **_SHARED,
    "campaign_id": lambda _view, node: node.campaign_id,
    "adset_id": lambda _view, node: node.adset_id,
    "bid_amount": _ABSENT,
    "creative": lambda view, node: {"id": view.setting(node).creative_id},
    "ad_review_feedback": _ABSENT,
}

_CREATIVE: Mapping[str, Field] = {
    "id": lambda _view, node: node.id,
    "account_id": lambda view, _node: view.account.number,
    "name": lambda view, node: view.name(node),
    "status": lambda view, node: view.setting(node).status,
    "title": lambda _view, node: node.title or None,
    "body": lambda _view, node: node.body or None,
    "object_type": lambda _view, node: node.object_type,
    "call_to_action_type": lambda _view, node: node.call_to_action,
    "link_url": lambda _view, node: node.link_url or None,
    "object_url": lambda _view, node: node.link_url or None,
    "image_url": lambda _view, node: node.image_url or None,
    "image_hash": _ABSENT,
    "thumbnail_url": lambda _view, node: node.thumbnail_url,
    "video_id": lambda _view, node: node.video_id or None,
    "object_story_spec": lambda _view, node: node.story_spec or None,
    "effective_object_story_id": lambda view, node: f"{view.account.number}_{node.id}",
    "object_story_id": _ABSENT,
    "asset_feed_spec": _ABSENT,
    "url_tags": _ABSENT,
    "template_url": _ABSENT,
}

_FIELDS: Mapping[type[Node | Creative], Mapping[str, Field]] = {
    Account: _ACCOUNT,
    Campaign: _CAMPAIGN,
    AdSet: _ADSET,
    Ad: _AD,
    Creative: _CREATIVE,
}
_NESTED = re.compile(r"(\w+)\{(.*)\}", re.DOTALL)


def business_id(view: View) -> str:
    """Return the id of the business that owns the account."""
    return f"9{view.account.number[1:]}"


def optimization_goal(adset: AdSet) -> str:
    return "LEAD_GENERATION" if adset.objective == "OUTCOME_LEADS" else "OFFSITE_CONVERSIONS"


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _budget(view: View, node: Campaign | AdSet, kind: str) -> str | None:
    """Return minor units as text; "0" for the kind that is not used, None for an object without any budget."""
    setting = view.setting(node)
    return str(getattr(setting, kind)) if setting.has_budget else None


def _end(view: View, node: Campaign | AdSet) -> str | None:
    end_us = view.setting(node).end_us
    return view.time(end_us) if end_us else None


def _utc_offset_hours(view: View, account: Account) -> float:
    offset = view.market.now.astimezone(account.zone).utcoffset()
    return offset.total_seconds() / 3600 if offset else 0.0


def _issues(view: View, node: Campaign | AdSet | Ad) -> list[dict[str, object]] | None:
    issue = view.setting(node).issue
    if issue is None:
        return None
    level = {Campaign: "CAMPAIGN", AdSet: "AD_SET", Ad: "AD"}[type(node)]
    return [
        {
            "level": level,
            "error_code": issue.code,
            "error_summary": issue.summary,
            "error_message": issue.message,
            "error_type": "HARD_ERROR",
        }
    ]


def _learning(view: View, adset: AdSet) -> dict[str, object]:
    stage = learning_stage(view.market, adset, view.at_us)
    return {
        "status": stage.status,
        "conversions": stage.results,
        "last_sig_edit_ts": stage.last_edit_us // MICROSECONDS_PER_SECOND,
        "attribution_windows": ["1d_view", "7d_click"],
    }


def render_node(view: View, node: Node | Creative, fields: Sequence[str]) -> dict[str, object]:
    """Return the fields asked for, and always the id; one without a value is left out. Raises GraphError.

    A field with braces, such as ``creative{title}``, is an object by itself.
    """
    known = _FIELDS[type(node)]
    inner = {match[1]: match[2] for match in map(_NESTED.fullmatch, fields) if match}
    plain = [name for name in fields if not _NESTED.fullmatch(name)]
    check_fields(plain, known, type(node).__name__)
    values = {name: known.get(name, _ABSENT)(view, node) for name in ("id", *plain)}
    for name, text in inner.items():
        values[name] = render_node(view, _joined(view, node, name), split_fields(text))
    return {name: value for name, value in values.items() if value is not None}


def _joined(view: View, node: Node | Creative, name: str) -> Node | Creative:
    """Return the object that a field leads to. Raises GraphError."""
    if isinstance(node, Ad) and name == "creative":
        return view.market.tree.creatives[view.setting(node).creative_id]
    kind = {"campaign": Campaign, "adset": AdSet}.get(name)
    if kind and isinstance(node, AdSet | Ad) and (parent := view.within(node, kind)) and parent is not node:
        return parent
    raise invalid_parameter(f"Tried accessing nonexisting field ({name}) on node type ({type(node).__name__})")


def check_fields(fields: Sequence[str], known: Mapping[str, object], kind: str) -> None:
    """Raise GraphError for the first field that there is not; one that is only not imitated is left out of answers."""
    for name in fields:
        if name not in known and name not in platform_fields().get(kind, ()):
            raise invalid_parameter(
                f"Tried accessing nonexisting field ({name}) on node type ({kind}). Imitated: {', '.join(known)}"
            )


@cache
def platform_fields() -> Mapping[str, frozenset[str]]:
    """Return the names of all fields that the platform has had since its version 19, by kind of node."""
    found: dict[str, set[str]] = {}
    for line in Path(__file__).with_name("field_names.txt").read_text(encoding="utf-8").splitlines():
        if line.endswith(":"):
            own = found.setdefault(line[:-1], set())
        else:
            own.update(line.split())
    return {kind: frozenset(names) for kind, names in found.items()}
