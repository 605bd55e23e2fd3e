"""The changes that the platform accepts: a status, and an ad set's daily budget."""

from collections.abc import Mapping

from aibuyer_kit.sandbox.graph.errors import (
    budget_on_both_levels,
    budget_too_low,
    invalid_parameter,
    no_such_object,
)
from aibuyer_kit.sandbox.graph.messages import SECRET_NAMES, GraphRequest, Params
from aibuyer_kit.sandbox.graph.wire import money_text
from aibuyer_kit.sandbox.market.account import Account, AdSet, Node
from aibuyer_kit.sandbox.market.engine import Market
from aibuyer_kit.sandbox.market.settings_log import STATUSES
from aibuyer_kit.sandbox.market.world import MIN_DAILY_BUDGET_MINOR

_MICROS_PER_UNIT = 1_000_000
_KNOWN = ("status", "daily_budget")


def change_node(market: Market, node: Node, request: GraphRequest) -> bool:
    """Apply all that is asked for, or nothing, and return whether anything is different now. Raises GraphError."""
    if isinstance(node, Account):
        raise no_such_object(node.id, request.method)
    changes = _checked(market, node, request.params)
    changed = False
    if "status" in changes:
        changed |= market.set_status(node.id, str(changes["status"]))
    if "daily_budget" in changes:
        micros_per_minor = _MICROS_PER_UNIT // market.account.minor_per_unit
        changed |= market.set_daily_budget(node.id, int(changes["daily_budget"]) * micros_per_minor)
    return changed


def _checked(market: Market, node: Node, params: Params) -> Mapping[str, str | int]:
    asked = [name for name in params.values if name not in SECRET_NAMES]
    if unknown := [name for name in asked if name not in _KNOWN]:
        # Not ignored: validate_only, for one, would then change what it only wants to check.
        raise invalid_parameter(f"Of changes, only {' and '.join(_KNOWN)} are imitated yet, not {', '.join(unknown)}.")
    changes: dict[str, str | int] = {}
    if "status" in asked:
        changes["status"] = _status(params)
    if "daily_budget" in asked:
        changes["daily_budget"] = _daily_budget_minor(market, node, params)
    return changes


def _status(params: Params) -> str:
    status = params.text("status")
    if status not in STATUSES:
        raise invalid_parameter(f"Param status must be one of {{{', '.join(STATUSES)}}}.")
    return status


def _daily_budget_minor(market: Market, node: Node, params: Params) -> int:
    minor = params.whole("daily_budget", 0)
    if not isinstance(node, AdSet):
        raise budget_on_both_levels() if hasattr(node, "adsets") else invalid_parameter("An ad has no daily_budget.")
    if minor < MIN_DAILY_BUDGET_MINOR:
        least = money_text(MIN_DAILY_BUDGET_MINOR, market.account.minor_per_unit)
        raise budget_too_low(f"{least} {market.account.currency}")
    return minor
