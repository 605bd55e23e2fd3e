"""Account, campaigns, ad sets and ads as the platform writes them, field by field."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.graph.errors import invalid_parameter
from aibuyer_kit.sandbox.graph.wire import time_text
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node
from aibuyer_kit.sandbox.market.days import age_days, day_at, local_day
from aibuyer_kit.sandbox.market.engine import Market
from aibuyer_kit.sandbox.market.settings_log import ACTIVE, Setting
from aibuyer_kit.sandbox.market.world import MIN_DAILY_BUDGET_MINOR


@dataclass(frozen=True)
class View:
    """The market at one moment."""

    market: Market
    at_us: int

    @property
    def account(self) -> Account:
        return self.market.account

    @property
    def today(self) -> date:
        return day_at(self.at_us, self.account.zone)

    def setting(self, node: Campaign | AdSet | Ad) -> Setting:
        return self.market.setting(node.id, self.at_us)

    def effective_status(self, node: Campaign | AdSet | Ad) -> str:
        """Return the node's own status unless it is active and something above it is not."""
        if (own := self.setting(node).status) != ACTIVE:
            return own
        for word, parent in (("ADSET_PAUSED", "adset_id"), ("CAMPAIGN_PAUSED", "campaign_id")):
            parent_id = getattr(node, parent, None)
            if parent_id and self.market.setting(parent_id, self.at_us).status != ACTIVE:
                return word
        return own

    def created(self, node: Campaign | AdSet | Ad) -> str:
        return self.time(self.market.log.first(node.id).since_us)

    def updated(self, node: Campaign | AdSet | Ad) -> str:
        return self.time(self.setting(node).since_us)

    def time(self, moment_us: int) -> str:
        return time_text(moment_us, self.account.zone)

    def history_start_us(self) -> int:
        return local_day(self.market.first_day, self.account.zone).start_us

    def amount_spent_minor(self) -> int:
        lived = DateRange(self.market.first_day, self.today)
        return self.market.spend_minor(self.account.ads, lived, self.at_us)

    def budget_left_minor(self, adset: AdSet) -> int:
        spent_minor = self.market.spend_minor(adset.ads, (self.today,), self.at_us)
        return max(0, self.setting(adset).daily_budget_minor - spent_minor)


# A table of fields serves one kind of node, which the type does not say.
Field = Callable[[View, Any], object]


def _always(value: object) -> Field:
    return lambda _view, _node: value


# For a field that the platform has and this object has no value for.
_ABSENT = _always(None)


_SHARED: Mapping[str, Field] = {
    "id": lambda _view, node: node.id,
    "account_id": lambda view, _node: view.account.number,
    "name": lambda _view, node: node.name,
    "status": lambda view, node: view.setting(node).status,
    "configured_status": lambda view, node: view.setting(node).status,
    "effective_status": lambda view, node: view.effective_status(node),
    "created_time": lambda view, node: view.created(node),
    "updated_time": lambda view, node: view.updated(node),
    "issues_info": _ABSENT,
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
    "amount_spent": lambda view, _node: str(view.amount_spent_minor()),
    "balance": _always("0"),
    "spend_cap": _always("0"),
    "min_daily_budget": _always(MIN_DAILY_BUDGET_MINOR),
    "created_time": lambda view, _node: view.time(view.history_start_us()),
}

_CAMPAIGN: Mapping[str, Field] = {
    **_SHARED,
    "objective": lambda _view, node: node.objective,
    "buying_type": _always("AUCTION"),
    "start_time": lambda view, node: view.created(node),
    "special_ad_categories": _always([]),
    # A campaign whose ad sets carry the budgets has none of these.
    **dict.fromkeys(
        ("daily_budget", "lifetime_budget", "budget_remaining", "bid_strategy", "spend_cap", "stop_time"), _ABSENT
    ),
}

_ADSET: Mapping[str, Field] = {
    **_SHARED,
    "campaign_id": lambda _view, node: node.campaign_id,
    "daily_budget": lambda view, node: str(view.setting(node).daily_budget_minor),
    "lifetime_budget": _always("0"),
    "budget_remaining": lambda view, node: str(view.budget_left_minor(node)),
    "bid_strategy": _always("LOWEST_COST_WITHOUT_CAP"),
    "billing_event": _always("IMPRESSIONS"),
    "optimization_goal": lambda _view, node: (
        "LEAD_GENERATION" if node.objective == "OUTCOME_LEADS" else "OFFSITE_CONVERSIONS"
    ),
    "attribution_spec": _always(
        [
            {"event_type": "CLICK_THROUGH", "window_days": 7},
            {"event_type": "VIEW_THROUGH", "window_days": 1},
        ]
    ),
    "start_time": lambda view, node: view.created(node),
    **dict.fromkeys(("end_time", "bid_amount"), _ABSENT),
}

_AD: Mapping[str, Field] = {
    **_SHARED,
    "campaign_id": lambda _view, node: node.campaign_id,
    "adset_id": lambda _view, node: node.adset_id,
    "bid_amount": _ABSENT,
}

_FIELDS: Mapping[type[Node], Mapping[str, Field]] = {Account: _ACCOUNT, Campaign: _CAMPAIGN, AdSet: _ADSET, Ad: _AD}


def render_node(view: View, node: Node, fields: Sequence[str]) -> dict[str, object]:
    """Return the fields asked for, and always the id; one without a value is left out. Raises GraphError."""
    known = _FIELDS[type(node)]
    check_fields(fields, known, type(node).__name__)
    values = {name: known[name](view, node) for name in ("id", *fields)}
    return {name: value for name, value in values.items() if value is not None}


def check_fields(fields: Sequence[str], known: Mapping[str, object], kind: str) -> None:
    """Raise GraphError for the first field that there is not."""
    for name in fields:
        if name not in known:
            raise invalid_parameter(
                f"Tried accessing nonexisting field ({name}) on node type ({kind}). Imitated: {', '.join(known)}"
            )
