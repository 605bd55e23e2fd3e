"""The account's ad rules (`adrules_library`): checked and kept as the platform does; none is ever carried out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aibuyer_kit.sandbox.graph.ad_rules.evaluation import Evaluation, read_evaluation
from aibuyer_kit.sandbox.graph.ad_rules.execution import check_execution, check_schedule
from aibuyer_kit.sandbox.graph.ad_rules.words import STATUSES
from aibuyer_kit.sandbox.graph.changes import refuse_unknown
from aibuyer_kit.sandbox.graph.errors import invalid_parameter, no_such_object
from aibuyer_kit.sandbox.graph.messages import GraphRequest, Params, split_fields
from aibuyer_kit.sandbox.graph.nodes import check_fields
from aibuyer_kit.sandbox.graph.paging import page
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.market.account import Ad, AdSet, Campaign
from aibuyer_kit.sandbox.market.engine import Market

_SPECS = ("evaluation_spec", "execution_spec", "schedule_spec")
_CHANGED = ("name", "status", *_SPECS)
_FIELDS = (
    *("id", "account_id", "name", "status", *_SPECS, "created_by", "created_time", "updated_time"),
    *("disable_error_code", "recommended_rule_key", "ui_creation_source"),
)
_NESTED = re.compile(r"(\w+)\{([\w,\s]*)\}")
_LEVELS: Mapping[type[object], str] = {Campaign: "CAMPAIGN", AdSet: "ADSET", Ad: "AD"}
_MOST_RULES = 250


@dataclass(frozen=True)
class AdRule:
    """One rule: its specs as they were given, and what its evaluation means."""

    id: str
    name: str
    status: str
    specs: Mapping[str, Any]
    evaluation: Evaluation
    created_us: int
    updated_us: int

    def governs(self, node: Campaign | AdSet | Ad) -> bool:
        """Return whether it names an object, or all of its level."""
        named = [one for one in self.evaluation.filters if one.field.name == "id" and not one.field.level]
        for one in named:
            values = one.value if isinstance(one.value, list) else [one.value]
            if (node.id in map(str, values)) == (one.operator == "NOT_IN"):
                return False
        return self.evaluation.level == _LEVELS[type(node)]


class AdRules:
    """The rules made so far; a deleted one can still be read."""

    def __init__(self, market: Market, user_id: str) -> None:
        self._market = market
        self._user_id = user_id
        self._rules: dict[str, AdRule] = {}

    def find(self, rule_id: str) -> AdRule | None:
        return self._rules.get(rule_id)

    def create(self, params: Params, at_us: int) -> dict[str, object]:
        """Raises GraphError for a rule that makes no sense."""
        _refuse_others(params, (*_CHANGED, "account_id", "recommended_rule_key", "ui_creation_source"))
        for name in ("name", "evaluation_spec", "execution_spec"):
            if name not in params:
                raise invalid_parameter(f"The parameter {name} is required")
        specs = _asked_specs(params)
        if sum(rule.status != "DELETED" for rule in self._rules.values()) >= _MOST_RULES:
            raise invalid_parameter(f"An account has at most {_MOST_RULES} rules.")
        rule_id = f"23{self._market.account.number[:6]}9{len(self._rules) + 1:08d}"
        rule = AdRule(rule_id, _asked_name(params), _asked_status(params), specs, self._checked(specs), at_us, at_us)
        self._rules[rule_id] = rule
        return {"id": rule_id}

    def change(self, rule: AdRule, params: Params, at_us: int) -> bool:
        """Return whether anything is different now; a spec replaces the one before. Raises GraphError."""
        _refuse_others(params, _CHANGED)
        if rule.status == "DELETED":
            raise no_such_object(rule.id, "POST")
        name = _asked_name(params) if "name" in params else rule.name
        asked = _asked_specs(params)
        specs = {**rule.specs, **asked}
        if asked and "schedule_spec" not in asked and _is_triggered(specs):
            specs.pop("schedule_spec", None)
        evaluation = self._checked(specs) if asked else rule.evaluation
        status = _asked_status(params, rule.status)
        new = replace(rule, name=name, status=status, specs=specs, evaluation=evaluation)
        if new == rule:
            return False
        self._rules[rule.id] = replace(new, updated_us=at_us)
        return True

    def delete(self, rule: AdRule, at_us: int) -> bool:
        self._rules[rule.id] = replace(rule, status="DELETED", updated_us=at_us)
        return rule.status != "DELETED"

    def listed(self, view: View, request: GraphRequest, node: Campaign | AdSet | Ad | None = None) -> dict[str, object]:
        """Return a page of the rules that are not deleted; only those that govern `node`, if it is given.

        Raises GraphError.
        """
        if "pass_evaluation" in request.params:
            raise invalid_parameter("pass_evaluation is not imitated: rules are not evaluated here.")
        rules = [rule for rule in self._rules.values() if rule.status != "DELETED"]
        found = [rule for rule in rules if node is None or rule.governs(node)]
        return page(request, found, lambda rule: (rule.id,), lambda rule: self.render(view, rule, request))

    def render(self, view: View, rule: AdRule, request: GraphRequest) -> dict[str, object]:
        """Return the fields asked for, parts of them by braces. Raises GraphError for one that there is not."""
        fields = request.params.texts("fields")
        nested = {found[1]: split_fields(found[2]) for found in map(_NESTED.fullmatch, fields) if found}
        names = [name if _NESTED.fullmatch(name) is None else name.partition("{")[0] for name in fields]
        check_fields(names, dict.fromkeys(_FIELDS), "AdRule")
        values = {
            "id": rule.id,
            "account_id": view.account.number,
            "name": rule.name,
            "status": rule.status,
            "created_by": {"id": self._user_id, "name": "Sample person"},
            "created_time": view.time(rule.created_us),
            "updated_time": view.time(rule.updated_us),
            **rule.specs,
        }
        return {name: _part(values[name], nested.get(name)) for name in ("id", *names) if name in values}

    def _checked(self, specs: Mapping[str, Any]) -> Evaluation:
        """Return what the evaluation means. Raises GraphError unless all specs make sense together."""
        evaluation = read_evaluation(specs["evaluation_spec"], self._level_of)
        check_execution(specs["execution_spec"], evaluation)
        check_schedule(specs.get("schedule_spec"), evaluation)
        return evaluation

    def _level_of(self, object_id: str) -> str | None:
        return _LEVELS.get(type(self._market.find(object_id)))


def _part(value: object, names: tuple[str, ...] | None) -> object:
    if names is None or not isinstance(value, dict):
        return value
    return {name: value[name] for name in names if name in value}


def _is_triggered(specs: Mapping[str, Any]) -> bool:
    evaluation = specs["evaluation_spec"]
    return isinstance(evaluation, dict) and evaluation.get("evaluation_type") == "TRIGGER"


def _refuse_others(params: Params, known: tuple[str, ...]) -> None:
    """Raise GraphError for params that rules do not have; a dry run is among them."""
    refuse_unknown(params, known)
    if "execution_options" in params:
        raise invalid_parameter("execution_options: rules have them within their execution_spec only.")


def _asked_name(params: Params) -> str:
    name = params.text("name").strip()
    if not name:
        raise invalid_parameter("Param name must be a text.")
    return name


def _asked_status(params: Params, default: str = "ENABLED") -> str:
    status = params.text("status", default)
    if status not in STATUSES:
        raise invalid_parameter(f"Param status must be one of {{{', '.join(STATUSES)}}}.")
    return status


def _asked_specs(params: Params) -> dict[str, Any]:
    return {name: params.json(name) for name in _SPECS if name in params}
