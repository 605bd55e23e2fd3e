"""What a rule of Meta's does (`execution_spec`) and what ours does, as far as each has words for the other's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aibuyer_kit.rules import actions as forms
from aibuyer_kit.rules.actions import Action
from aibuyer_kit.rules.expression import Computed, Figure, parse_expression
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.meta.carried import (
    Lost,
    NotCarriedError,
    Surroundings,
    by,
    entries,
    json_number,
    known,
    mapping,
    number_of,
    shown,
    times,
)
from aibuyer_kit.rules.meta.figures import metric_name, prefixed, term_of
from aibuyer_kit.rules.meta.schedules import least_minutes

WHERE = "execution_spec"
_PLAIN = {"PAUSE": "pause", "UNPAUSE": "start", "NOTIFICATION": "notify"}
_BY_ACTION = {ours: theirs for theirs, ours in _PLAIN.items()}
_CHANGES = {"CHANGE_BUDGET": "adset", "CHANGE_CAMPAIGN_BUDGET": "campaign", "CHANGE_BID": "adset"}
_FOR_PEOPLE = ("user_ids", "alert_preferences")
_KEYS = ("execution_type", "execution_options", "is_once_off", "id")
_REBALANCE_KEYS = ("type", "target_field", "target_count", "is_cross_campaign", "is_inverse")
_TOWARD = ("cpa", "cpc", "cpm")
# Meta's moves toward a target, and its shares of a budget, have no bound of their own; this is our widest.
MOST_PERCENT = Decimal("99.99")
_HAS_DAILY = {"expr": "daily_budget", "op": ">", "value": Decimal(0)}
_LONGEST_WAIT_MINUTES = 366 * 1440


@dataclass
class Execution:
    """What came of an `execution_spec`: our actions, what else has to hold, the cooldown in minutes, what was lost."""

    actions: Sequence[Mapping[str, Any]] = ()
    when: Sequence[Mapping[str, Any]] = ()
    cooldown_minutes: int = 0
    lost: list[Lost] = field(default_factory=list)


@dataclass(frozen=True)
class About:
    """What an action needs to know of the rest of its rule."""

    level: str
    preset: str
    attribution: str
    has_daily_budget: bool
    has_lifetime_budget: bool

    @property
    def budgets(self) -> tuple[str, ...]:
        """Which budgets the objects may have."""
        if self.has_daily_budget:
            return ("daily",)
        return ("lifetime",) if self.has_lifetime_budget else ("daily", "lifetime")


def execution_of(spec: Mapping[str, Any], about: About, around: Surroundings) -> Execution:
    """Return what a rule of Meta's does, in our actions. Raises NotCarriedError."""
    said, found = known(spec, _KEYS).get("execution_type"), Execution()
    kind = said if isinstance(said, str) else ""
    options = _options(spec, found.lost)
    if spec.get("is_once_off"):
        raise NotCarriedError("no rule here ends after its first run.", "oftener")
    frequency = options.pop("action_frequency", None)
    found.cooldown_minutes = 0 if frequency is None else _minutes(frequency)
    if "execution_count_limit" in options:
        raise NotCarriedError("no rule here counts how often it has changed an object.", "oftener")
    if kind in _PLAIN:
        found.actions = ({"action": _PLAIN[kind]},)
    elif kind == "PING_ENDPOINT":
        found.actions = (_call(around),)
    elif kind in _CHANGES:
        spec = known(options.pop("change_spec", None), ("amount", "unit", "limit", "target_field"))
        found.actions = _change(kind, spec, about, around, found.lost)
        if "target_field" in spec and kind != "CHANGE_BID" and not about.has_daily_budget:
            found.when = (_HAS_DAILY,)
    elif kind == "REBALANCE_BUDGET":
        shares = known(options.pop("rebalance_spec", None), _REBALANCE_KEYS)
        found.actions = (_rebalance(shares, about, around, found.lost),)
    else:
        raise NotCarriedError("there is no such action here.", "other")
    if options:
        raise NotCarriedError(f"the option {shown(next(iter(options)))} is not known.", "other")
    return found


def _options(spec: Mapping[str, Any], lost: list[Lost]) -> dict[str, Any]:
    """Return the options that say what is done; who gets a mail is only told."""
    found: dict[str, Any] = {}
    for place, option in enumerate(map(mapping, entries(spec.get("execution_options")))):
        name, value = str(option.get("field")), option.get("value")
        if name in _FOR_PEOPLE:
            reason = "who is told of it is said in the workspace's settings."
            lost.append(Lost(f"{WHERE}.execution_options[{place}]", shown(name), reason, "same"))
        else:
            found[name] = value
    return found


def _minutes(content: object) -> int:
    number = number_of(content)
    if number != number.to_integral_value() or not 1 <= number <= _LONGEST_WAIT_MINUTES:
        raise NotCarriedError("a wait here is 1 minute to a year.", "oftener")
    return int(number)


def _call(around: Surroundings) -> Mapping[str, Any]:
    if not around.endpoint:
        raise NotCarriedError("the address of the app's webhooks stands elsewhere; give it.", "other")
    return {"action": "call", "url": around.endpoint}


def _change(
    kind: str, spec: Mapping[str, Any], about: About, around: Surroundings, lost: list[Lost]
) -> Sequence[Mapping[str, Any]]:
    if about.level != _CHANGES[kind]:
        raise NotCarriedError(f"{kind} is about a {_CHANGES[kind]}.", "other")
    is_bid = kind == "CHANGE_BID"
    if "target_field" in spec:
        return (_toward(spec, is_bid=is_bid, about=about, around=around, lost=lost),)
    amount, unit = number_of(spec.get("amount")), spec.get("unit")
    if not amount or unit not in ("PERCENTAGE", "ACCOUNT_CURRENCY"):
        raise NotCarriedError("by how much it changes cannot be read.", "other")
    much = {"percent": abs(amount)} if unit == "PERCENTAGE" else {"amount": by(abs(amount), _minor(around))}
    verb, bound = ("raise", "cap") if amount > 0 else ("lower", "floor")
    bounds = {bound: by(number_of(spec["limit"]), _minor(around))} if _has_limit(spec) else {}
    action = {"action": f"{verb}_{'bid' if is_bid else 'budget'}", **much, **bounds}
    if is_bid:
        return (action,)
    # Meta changes the budget that an object has; ours name one, and an object has one of the two.
    return tuple({**action, "budget": each} for each in about.budgets)


def _has_limit(spec: Mapping[str, Any]) -> bool:
    return spec.get("limit") is not None


def _toward(
    spec: Mapping[str, Any], *, is_bid: bool, about: About, around: Surroundings, lost: list[Lost]
) -> Mapping[str, Any]:
    term = _target(spec, about, around)
    if term.expr not in _TOWARD:
        raise NotCarriedError("only costs are moved toward a target by the same proportion here.", "other")
    bounds: dict[str, Decimal] = {}
    if _has_limit(spec):
        limits = [by(number_of(each), _minor(around)) for each in entries(spec["limit"])]
        if len(limits) != 2:
            raise NotCarriedError("one limit of a move in either direction may be the highest or the lowest.", "other")
        bounds = dict(zip(("floor", "cap"), limits, strict=True))
    reason = f"a move here is by less than 100%; one that would be more comes to {MOST_PERCENT}%."
    lost.append(Lost(f"{WHERE}.change_spec", "a move without a bound", reason, "narrower"))
    if not is_bid:
        lost.append(_only_daily())
    to = by(number_of(spec.get("amount")), term.scale)
    action = "bid_toward" if is_bid else "budget_toward"
    return {
        "action": action,
        "metric": term.expr,
        "window": term.window,
        "to": to,
        "most_percent": MOST_PERCENT,
        **bounds,
    }


def _rebalance(spec: Mapping[str, Any], about: About, around: Surroundings, lost: list[Lost]) -> Mapping[str, Any]:
    if spec.get("type") != "MATCHED_ONLY_PROPORTIONAL":
        raise NotCarriedError("budgets are shared here among the objects that match, in proportion.", "other")
    if "target_count" in spec:
        raise NotCarriedError("budgets are shared here among all that match, not the first few.", "other")
    term = _target(spec, about, around)
    if term.window is None:
        raise NotCarriedError("budgets are shared by a figure over days.", "other")
    inverse = f"1 / {f'({term.expr})' if ' ' in term.expr else term.expr}"
    reason = f"a share here moves by less than 100%; one that would move more comes to {MOST_PERCENT}%."
    lost += [Lost(f"{WHERE}.rebalance_spec", "shares without a bound", reason, "narrower"), _only_daily()]
    return {
        "action": "rebalance",
        "within": "account" if spec.get("is_cross_campaign") else "campaign",
        "by": inverse if spec.get("is_inverse") else term.expr,
        "window": term.window,
        "most_percent": MOST_PERCENT,
    }


def _target(spec: Mapping[str, Any], about: About, around: Surroundings) -> Any:
    found = term_of(str(spec.get("target_field")), about.level, around, about.preset, about.attribution)
    if found.of != "self":
        raise NotCarriedError("a target is a figure of the object itself here.", "other")
    return found


def _only_daily() -> Lost:
    return Lost(WHERE, "lifetime budgets", "only daily budgets are moved so here.", "narrower")


def _minor(around: Surroundings) -> Decimal:
    return Decimal(around.minor_per_unit)


def execution_spec(
    rule: Rule, preset: str, around: Surroundings, lost: list[Lost]
) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    """Return the actions of ours as an `execution_spec`, and filters that keep to the budgets meant.

    Raises NotCarriedError where Meta has no such action, or has it for other objects.
    """
    kind, options, filters = _written(rule, preset, around, lost)
    wait = rule.cooldown_minutes
    if wait > least_minutes(rule.schedule):
        if kind in _CHANGES:
            options = {**options, "action_frequency": wait}
        else:
            reason = "Meta has a least time between two actions for budgets and bids only."
            lost.append(Lost("cooldown", rule.cooldown, reason, "oftener"))
    spec: dict[str, Any] = {"execution_type": kind}
    if options:
        spec["execution_options"] = [_option(name, value) for name, value in options.items()]
    return spec, filters


def _option(name: str, value: object) -> Mapping[str, Any]:
    return {"field": name, "value": value, "operator": "EQUAL"}


_Written = tuple[str, Mapping[str, Any], Sequence[Mapping[str, Any]]]


def _written(rule: Rule, preset: str, around: Surroundings, lost: list[Lost]) -> _Written:
    first, *more = rule.then
    if isinstance(first, forms.MoveAmount):
        return _change_spec(rule, first, more, around)
    if more:
        raise NotCarriedError("a rule of Meta's does one thing.")
    match first:
        case forms.Pause() | forms.Start():
            return _BY_ACTION[first.action], {}, ()
        case forms.Notify():
            if first.message:
                lost.append(Lost("then[0].message", shown(first.message), "Meta writes its own.", "same"))
            return _BY_ACTION[first.action], {}, ()
        case forms.Call():
            if first.url != around.endpoint:
                raise NotCarriedError("Meta tells the address of the app's webhooks only.")
            return "PING_ENDPOINT", {}, ()
        case forms.Toward():
            return _target_spec(rule, first, preset, around, lost)
        case forms.Rebalance():
            return "REBALANCE_BUDGET", {"rebalance_spec": _rebalance_spec(rule, first, preset, around, lost)}, ()
    raise NotCarriedError(f"Meta's rules do not {first.action.replace('_', ' ')}.")


def _change_spec(rule: Rule, action: forms.MoveAmount, more: Sequence[Action], around: Surroundings) -> _Written:
    raises, is_bid = action.action.startswith("raise"), action.action.endswith("bid")
    limit, other = (action.cap, action.floor) if raises else (action.floor, action.cap)
    if action.round_to is not None or other is not None:
        raise NotCarriedError("Meta has one limit for a change, and does not round it.")
    minor, sign = _minor(around), 1 if raises else -1
    if action.percent is not None:
        spec: dict[str, Any] = {"amount": json_number(sign * action.percent), "unit": "PERCENTAGE"}
    else:
        much = times(sign * (action.amount or Decimal(0)), minor)
        spec = {"amount": json_number(much), "unit": "ACCOUNT_CURRENCY"}
    if limit is not None:
        spec["limit"] = json_number(times(limit, minor))
    filters = () if is_bid else _budget_filters(rule, action, more)
    if is_bid and more:
        raise NotCarriedError("a rule of Meta's does one thing.")
    return _kind(rule, is_bid=is_bid), {"change_spec": spec}, filters


def _budget_filters(rule: Rule, action: forms.MoveAmount, more: Sequence[Action]) -> Sequence[Mapping[str, Any]]:
    """Return a filter that keeps Meta from changing the other budget, unless ours changes both alike."""
    both = {"daily", "lifetime"} - {action.budget}
    if more:
        if len(more) == 1 and more[0] == action.model_copy(update={"budget": both.pop()}):
            return ()
        raise NotCarriedError("a rule of Meta's does one thing.")
    if rule.level != "adset":
        raise NotCarriedError("Meta changes a campaign's daily or lifetime budget, whichever it has; say both.")
    return ({"field": f"{action.budget}_budget", "operator": "GREATER_THAN", "value": 0},)


def _kind(rule: Rule, *, is_bid: bool) -> str:
    if is_bid and rule.level != "adset":
        raise NotCarriedError("Meta's rules change bids of ad sets only.")
    return "CHANGE_BID" if is_bid else "CHANGE_BUDGET" if rule.level == "adset" else "CHANGE_CAMPAIGN_BUDGET"


def _target_spec(rule: Rule, action: forms.Toward, preset: str, around: Surroundings, lost: list[Lost]) -> _Written:
    is_bid = action.action == "bid_toward"
    if action.metric not in _TOWARD or not isinstance(action.to, Decimal):
        raise NotCarriedError("Meta moves toward a cost that is a number.")
    if action.round_to is not None or (action.floor is None) != (action.cap is None):
        raise NotCarriedError("Meta has both limits of such a move, or none, and does not round it.")
    field_, scale = _metric(action.metric, action.window, rule, preset, around)
    spec: dict[str, Any] = {"amount": json_number(times(action.to, scale)), "target_field": field_}
    if action.floor is not None and action.cap is not None:
        spec["limit"] = [json_number(times(each, _minor(around))) for each in (action.floor, action.cap)]
    _check_bound(action.most_percent, lost)
    if is_bid:
        return _kind(rule, is_bid=True), {"change_spec": spec}, ()
    if rule.level != "adset":
        raise NotCarriedError("Meta changes a campaign's daily or lifetime budget, whichever it has.")
    daily = {"field": "daily_budget", "operator": "GREATER_THAN", "value": 0}
    return _kind(rule, is_bid=False), {"change_spec": spec}, (daily,)


def _rebalance_spec(
    rule: Rule, action: forms.Rebalance, preset: str, around: Surroundings, lost: list[Lost]
) -> Mapping[str, Any]:
    if rule.level != "adset" or action.floor is not None:
        raise NotCarriedError("Meta shares budgets of ad sets, without a floor.")
    _check_bound(action.most_percent, lost)
    tree, inverse = parse_expression(action.by, rule.metrics), False
    if isinstance(tree, Computed) and tree.op == "/" and tree.parts[0] == Figure(1.0):
        tree, inverse = tree.parts[1], True
    found = metric_name(tree, around)
    if found is None:
        raise NotCarriedError(f"Meta's rules know no figure {action.by}.")
    field_ = prefixed(found[0], "self", rule.level, action.window, preset, around.counting)
    return {
        "type": "MATCHED_ONLY_PROPORTIONAL",
        "target_field": field_,
        "is_cross_campaign": action.within == "account",
        "is_inverse": inverse,
    }


def _metric(metric: str, window: object, rule: Rule, preset: str, around: Surroundings) -> tuple[str, Decimal]:
    found = metric_name(parse_expression(metric), around)
    if found is None:
        raise NotCarriedError(f"Meta's rules know no {metric}, or not as this client counts it.")
    return prefixed(found[0], "self", rule.level, window, preset, around.counting), found[1]


def _check_bound(most_percent: Decimal, lost: list[Lost]) -> None:
    if most_percent < MOST_PERCENT:
        raise NotCarriedError(f"Meta has no bound such as most_percent {most_percent:f}.")
    lost.append(Lost("then[0].most_percent", f"{most_percent:f}", "Meta has no such bound.", "wider"))
