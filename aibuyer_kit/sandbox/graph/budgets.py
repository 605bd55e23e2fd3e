"""What a budget may be: on the campaign or on its ad sets, daily or for a lifetime, not too low, not too often."""

from collections.abc import Mapping
from typing import Any

from aibuyer_kit.sandbox.graph import errors
from aibuyer_kit.sandbox.graph.errors import invalid_parameter
from aibuyer_kit.sandbox.graph.messages import Params
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.graph.wire import money_text
from aibuyer_kit.sandbox.market.account import AdSet, Campaign
from aibuyer_kit.sandbox.market.settings_log import DELETED
from aibuyer_kit.sandbox.market.world import MIN_DAILY_BUDGET_MINOR, MOST_DAILY_BUDGET_MINOR

_HOUR_US = 3_600_000_000
_MOST_CHANGES_AN_HOUR = 4


def checked_budgets(view: View, node: Campaign | AdSet, params: Params, end_us: int) -> dict[str, int]:
    """Return an object's new budget in the setting's fields; empty if none is asked for. Raises GraphError."""
    budgets = asked_budgets(view, params, end_us, on_campaign=isinstance(node, Campaign))
    if not budgets:
        return {}
    own = view.setting(node)
    if not own.has_budget:
        if isinstance(node, AdSet) or _adsets_have_budgets(view, node):
            raise errors.budget_on_both_levels()
    elif ("daily_budget_minor" in budgets) != bool(own.daily_budget_minor):
        raise invalid_parameter("A daily budget cannot become a lifetime budget, nor the other way round.")
    return budgets


def asked_budgets(view: View, params: Params, end_us: int, *, on_campaign: bool) -> dict[str, int]:
    """Return the one budget that the params name. Raises GraphError for two, too little, too much or no end."""
    asked = [kind for kind in ("daily_budget", "lifetime_budget") if kind in params]
    if not asked:
        return {}
    if len(asked) == 2:
        raise invalid_parameter("Give daily_budget or lifetime_budget, not both.")
    minor = params.whole(asked[0], 0)
    days = 1
    if asked == ["lifetime_budget"]:
        if not end_us:
            raise invalid_parameter("A lifetime_budget needs an end_time.")
        days = max(1, -(-(end_us - view.at_us) // (24 * _HOUR_US)))
    if minor < MIN_DAILY_BUDGET_MINOR * days:
        least = money_text(MIN_DAILY_BUDGET_MINOR * days, view.account.minor_per_unit)
        raise errors.budget_too_low(f"{least} {view.account.currency}", asked[0], on_campaign=on_campaign)
    if minor > MOST_DAILY_BUDGET_MINOR * days:
        raise invalid_parameter(f"Param {asked[0]} must be at most {MOST_DAILY_BUDGET_MINOR * days}.")
    return {f"{asked[0]}_minor": minor}


def refuse_too_many_budget_changes(view: View, node: Campaign | AdSet, changes: Mapping[str, Any]) -> None:
    """Raise GraphError for one more change of an ad set's budget than the platform takes within an hour."""
    new = {name: changes[name] for name in ("daily_budget_minor", "lifetime_budget_minor") if name in changes}
    setting = view.setting(node)
    if not isinstance(node, AdSet) or all(getattr(setting, name) == minor for name, minor in new.items()):
        return
    recent = [
        after.since_us
        for before, after in view.market.log.changes(node.id, view.at_us)
        if before.budgets_minor != after.budgets_minor and after.since_us > view.at_us - _HOUR_US
    ]
    if len(recent) >= _MOST_CHANGES_AN_HOUR:
        raise errors.too_many_budget_changes()


def _adsets_have_budgets(view: View, campaign: Campaign) -> bool:
    settings = [view.setting(adset) for adset in campaign.adsets]
    return any(setting.has_budget and setting.status != DELETED for setting in settings)
