"""What was set in the account and when (`activities`), newest first, read out of the settings log."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from aibuyer_kit.sandbox.graph.errors import invalid_parameter
from aibuyer_kit.sandbox.graph.messages import GraphRequest, Params
from aibuyer_kit.sandbox.graph.nodes import check_fields
from aibuyer_kit.sandbox.graph.paging import page
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node
from aibuyer_kit.sandbox.market.days import MICROSECONDS_PER_SECOND, local_day

_FIELDS = (
    "event_type",
    "event_time",
    "object_id",
    "object_name",
    "object_type",
    "extra_data",
    "translated_event_type",
    "actor_id",
    "actor_name",
    "application_id",
    "application_name",
    "date_time_in_timezone",
)
_DEFAULT_FIELDS = ("event_time", "event_type")
_KINDS = {Campaign: ("campaign", "CAMPAIGN_GROUP"), AdSet: ("ad_set", "CAMPAIGN"), Ad: ("ad", "ADGROUP")}
_EVENTS = {
    "status": "update_{kind}_run_status",
    "daily_budget_minor": "update_{kind}_budget",
    "lifetime_budget_minor": "update_{kind}_budget",
    "bid_amount_minor": "update_{kind}_bidding",
    "bid_strategy": "update_{kind}_bid_strategy",
    "name": "update_{kind}_name",
    "end_us": "update_{kind}_duration",
    "creative_id": "update_ad_creative",
}
_DAYS = 7
_SECOND = MICROSECONDS_PER_SECOND


@dataclass(frozen=True)
class Activity:
    """One thing that someone set."""

    at_us: int
    place: int
    node: Campaign | AdSet | Ad
    event: str
    old: object = ""
    new: object = ""

    @property
    def key(self) -> tuple[str, ...]:
        """Newer ones come first."""
        return f"{10**17 - self.at_us:018d}", f"{self.place:06d}"


def activities_edge(view: View, node: Node, actor_id: str, request: GraphRequest) -> dict[str, object]:
    """Return a page of what was set in an account or an ad set; the last 7 days by default. Raises GraphError."""
    fields = request.params.texts("fields") or _DEFAULT_FIELDS
    check_fields(fields, dict.fromkeys(_FIELDS), "AdActivity")
    since_us, until_us = _period(view, request.params)
    found = [one for one in _activities(view, node) if since_us <= one.at_us < until_us]
    found.sort(key=lambda one: one.key)
    return page(request, found, lambda one: one.key, lambda one: _rendered(view, one, actor_id, fields))


def _activities(view: View, node: Node) -> Iterator[Activity]:
    nodes = node.below if isinstance(node, Account) else [node]
    for place, one in enumerate(nodes):
        first = view.market.log.first(one.id)
        kind, _ = _KINDS[type(one)]
        if first.since_us <= view.at_us:
            yield Activity(first.since_us, place, one, f"create_{kind}")
        for before, after in view.market.log.changes(one.id, view.at_us):
            for name, event in _EVENTS.items():
                old, new = getattr(before, name), getattr(after, name)
                if old != new:
                    yield Activity(after.since_us, place, one, event.format(kind=kind), old, new)


def _rendered(view: View, one: Activity, actor_id: str, fields: tuple[str, ...]) -> dict[str, object]:
    values = {
        "event_type": one.event,
        "event_time": view.time(one.at_us),
        "date_time_in_timezone": view.time(one.at_us),
        "object_id": one.node.id,
        "object_name": view.name(one.node),
        "object_type": _KINDS[type(one.node)][1],
        "extra_data": json.dumps({"old_value": one.old, "new_value": one.new}),
        "translated_event_type": one.event.replace("_", " ").capitalize(),
        "actor_id": actor_id,
        "actor_name": "Sample person",
        "application_name": "Sample app",
    }
    return {name: values[name] for name in fields if name in values}


def _period(view: View, params: Params) -> tuple[int, int]:
    """Return from when until when, by `since` and `until`: seconds since 1970, or days of the account."""
    since_us = _moment(view, params, "since", local_day(view.today - timedelta(days=_DAYS), view.account.zone).start_us)
    return since_us, _moment(view, params, "until", view.at_us + 1, whole_day=True)


def _moment(view: View, params: Params, name: str, default_us: int, *, whole_day: bool = False) -> int:
    text = params.text(name).strip()
    if not text:
        return default_us
    if text.isascii() and text.isdigit() and len(text) <= 11:
        return int(text) * _SECOND
    try:
        bounds = local_day(date.fromisoformat(text), view.account.zone)
    except (ValueError, OverflowError):
        raise invalid_parameter(f"Param {name} must be a day, or seconds since 1970.") from None
    return bounds.end_us if whole_day else bounds.start_us
