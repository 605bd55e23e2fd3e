"""Meta's metrics and numeric fields, and the formulas that are the same here, with the units between them.

A number of Meta's is `scale` times ours: money in minor units, shares in percent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from aibuyer_kit.rules.expression import Tree, parse_expression
from aibuyer_kit.rules.meta.carried import Counting, NotCarriedError, Surroundings, shown
from aibuyer_kit.rules.meta.presets import Days, preset_of, split_preset, window_of

LEVELS = ("ad", "adset", "campaign")
_ATTRIBUTION = re.compile(r"account_default|default|inline|(?:[0-9]+d_(?:view|click)_?){1,2}")
_OF_THE_ACCOUNT = ("account_default", "default")

_PLAIN: Mapping[str, tuple[str, str]] = {
    "impressions": ("impressions", "count"),
    "clicks": ("clicks", "count"),
    "link_click": ("link_clicks", "count"),
    "spent": ("spend", "money"),
    "cpc": ("cpc", "money"),
    "cpm": ("cpm", "money"),
    "cost_per_link_click": ("spend / link_clicks", "money"),
    "ctr": ("ctr", "percent"),
    "link_ctr": ("link_clicks / impressions", "percent"),
}
_RESULTS: Mapping[str, tuple[str, str]] = {
    "results": ("results", "count"),
    "cost_per": ("cpa", "money"),
    "cpa": ("cpa", "money"),
    "result_rate": ("results / impressions", "percent"),
}
_COSTS = {
    "mobile_app_install": "cost_per_mobile_app_install",
    "offline_conversion": "cost_per_offline_conversion",
    "post_engagement": "cost_per_post_engagement",
    "video_view": "cost_per_video_view",
}
_RETURNS = {
    "offsite_conversion.fb_pixel_purchase": "website_purchase_roas",
    "app_custom_event.fb_mobile_purchase": "mobile_app_purchase_roas",
}
_COUNTED = re.compile(
    r"offsite_conversion(\.fb_pixel_\w+)?|app_custom_event(\.\w+)*|offline_conversion(\.\w+)?|leadgen|like|post"
    r"|mobile_app_install|offsite_engagement|post_(comment|engagement|like|reaction)|view_content|video_(play|view)|vote"
)
# Of these Meta's page says that they are the ad set's, or each object's own.
_BUDGETS = {"daily_budget": "daily_budget", "lifetime_budget": "lifetime_budget", "bid_amount": "bid"}
_AGE = "hours_since_creation"
_ALIASES = {"daily_ratio_spent": ("daily_budget", "TODAY"), "lifetime_ratio_spent": ("lifetime_budget", "LIFETIME")}


@dataclass(frozen=True)
class Term:
    """One figure of a filter as it is here: its formula, whose it is, its window (None: a field), and its scale."""

    expr: str
    of: str
    window: Days | None
    scale: Decimal


def term_of(text: str, level: str, around: Surroundings, preset: str, attribution: str) -> Term:
    """Return what a metric or a numeric field with its prefixes stands for, in a rule about a level.

    `preset` and `attribution` are the rule's own, '' without one. Raises NotCarriedError.
    """
    head, dot, rest = text.partition(".")
    prefix, rest = (head, rest) if dot and head in LEVELS else ("", text)
    if rest in _ALIASES and not prefix:
        return _alias(rest, level)
    if rest in _BUDGETS:
        return Term(_BUDGETS[rest], _owner(rest, prefix, level), None, Decimal(around.minor_per_unit))
    if rest == _AGE:
        return Term("24 * age_days", _whose(prefix, level), None, Decimal(1))
    before, colon, name = rest.rpartition(":")
    asked, name = split_preset(name)
    found = metrics(around.counting).get(name)
    if found is None or (colon and not _ATTRIBUTION.fullmatch(before)):
        raise NotCarriedError(_why_unknown(name))
    expr, kind = found
    if name not in _PLAIN:
        _check_attribution(before or attribution, around.counting)
    return Term(expr, _whose(prefix, level), window_of(asked or preset), scale_of(kind, around))


def metrics(counting: Counting) -> dict[str, tuple[str, str]]:
    """Return Meta's metrics that there are here, with their formula and unit, given what counts as a result."""
    event = counting.action_type
    found = dict(_RESULTS) if counting.platform_results else {}
    if _COUNTED.fullmatch(event):
        found[event] = _RESULTS["results"]
        if cost := _cost_of(event):
            found[cost] = _RESULTS["cpa"]
        if event in _RETURNS and not counting.own_value:
            found[_RETURNS[event]] = ("roas", "ratio")
    return {**found, **_PLAIN}


def scale_of(kind: str, around: Surroundings) -> Decimal:
    return Decimal({"money": around.minor_per_unit, "percent": 100}.get(kind, 1))


def metric_name(tree: Tree, around: Surroundings) -> tuple[str, Decimal] | None:
    """Return Meta's name of what a formula of ours comes to, with its scale; None if it has none of its own."""
    for name, (expr, kind) in metrics(around.counting).items():
        if parse_expression(expr) == tree:
            # What counts results is named by its event, before the word that means any event.
            return name if name not in _RESULTS else _by_event(expr, around.counting) or name, scale_of(kind, around)
    return None


def prefixed(name: str, of: str, level: str, window: object, preset: str, counting: Counting) -> str:
    """Return a metric with whose it is, its attribution and its preset, where they are not the rule's own.

    Raises NotCarriedError.
    """
    own = preset_of(window)
    days = "" if own == preset else f"{own.lower()}_"
    counted = "" if name in _PLAIN or counting.window == "total" else f"{counting.window}:"
    return f"{owner_prefix(of, level)}{counted}{days}{name}"


def field_name(name: str, of: str, level: str) -> str | None:
    """Return Meta's name of a numeric field that formulas may hold; None if it has none. Raises NotCarriedError."""
    found = next((each for each, ours in _BUDGETS.items() if ours == name), None)
    if found is None:
        return None
    if _level_of(of, level) != "adset" and (found, _level_of(of, level)) != ("bid_amount", "ad"):
        raise NotCarriedError(f"Meta's rules know no {name} of a {_level_of(of, level)}.")
    return f"{owner_prefix(of, level)}{found}"


def owner_prefix(of: str, level: str) -> str:
    """Return the prefix of what is above an object. Raises NotCarriedError for the account."""
    owner = _level_of(of, level)
    return "" if owner == level else f"{owner}."


def _by_event(expr: str, counting: Counting) -> str | None:
    named = (name for name, (other, _) in metrics(counting).items() if other == expr and name not in _RESULTS)
    return next(named, None)


def _level_of(of: str, level: str) -> str:
    if of == "self" or (of == "campaign" and level == "campaign"):
        return level
    if of == "campaign":
        return "campaign"
    if of == "account" or level == "campaign":
        raise NotCarriedError("Meta's rules know no figures of the account.")
    return LEVELS[LEVELS.index(level) + 1]


def _alias(name: str, level: str) -> Term:
    if level != "adset":
        raise NotCarriedError("it is a figure of ad sets.")
    budget, preset = _ALIASES[name]
    return Term(f"spend / {budget}", "self", window_of(preset), Decimal(1))


def _owner(name: str, prefix: str, level: str) -> str:
    """Return whose budget or bid is meant: without a prefix a budget is that of the ad set."""
    if level == "campaign" or prefix == "campaign" or (prefix == "ad" and name != "bid_amount"):
        raise NotCarriedError("it is a field of ad sets.")
    return _whose(prefix or ("ad" if name == "bid_amount" and level == "ad" else "adset"), level)


def _whose(prefix: str, level: str) -> str:
    if prefix in ("", level):
        return "self"
    if prefix not in LEVELS or LEVELS.index(prefix) < LEVELS.index(level):
        raise NotCarriedError(f"a rule about a {level} cannot look at a {prefix}.")
    return "campaign" if prefix == "campaign" else "parent"


def _check_attribution(text: str, counting: Counting) -> None:
    asked = text.lower()
    if ("total" if asked in ("", *_OF_THE_ACCOUNT) else asked) != counting.window:
        raise NotCarriedError(f"it counts by {asked or 'the default'}, and the client's results by {counting.window}.")


def _cost_of(event: str) -> str | None:
    if event.startswith("offsite_conversion.fb_pixel_"):
        return f"cost_per_{event.removeprefix('offsite_conversion.fb_pixel_')}_fb"
    if event.startswith("app_custom_event.fb_mobile_"):
        return f"cost_per_mobile_{event.removeprefix('app_custom_event.fb_mobile_')}"
    return _COSTS.get(event)


def _why_unknown(name: str) -> str:
    if name in ("reach", "frequency", "unique_clicks", "unique_impressions", "cpp", "cost_per_unique_click"):
        return "people are not added up over days, so no rule here compares them."
    if name in _RESULTS:
        return "Meta's result is that of each ad set; say that it is what the client counts, if it is."
    if name in _RETURNS.values() or _COUNTED.fullmatch(name) or name.startswith("cost_per_"):
        return "it is not what the client counts as a result, or is paid for it."
    return f"there is no figure {shown(name)} here."
