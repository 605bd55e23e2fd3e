"""The account's ad rules (`adrules_library`): checked and kept as the platform does; none is ever carried out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aibuyer_kit.sandbox.graph.errors import GraphError, invalid_parameter, no_such_object
from aibuyer_kit.sandbox.graph.messages import GraphRequest, Params
from aibuyer_kit.sandbox.graph.nodes import check_fields
from aibuyer_kit.sandbox.graph.paging import page
from aibuyer_kit.sandbox.graph.view import View

STATUSES = ("ENABLED", "DISABLED", "DELETED", "HAS_ISSUES")
OPERATORS = (
    "GREATER_THAN",
    "LESS_THAN",
    "EQUAL",
    "NOT_EQUAL",
    "IN_RANGE",
    "NOT_IN_RANGE",
    "IN",
    "NOT_IN",
    "CONTAIN",
    "NOT_CONTAIN",
    "ANY",
    "ALL",
    "NONE",
)
EXECUTIONS = (
    "NOTIFICATION",
    "PAUSE",
    "UNPAUSE",
    "CHANGE_BUDGET",
    "CHANGE_CAMPAIGN_BUDGET",
    "CHANGE_BID",
    "ROTATE",
    "REBALANCE_BUDGET",
    "PING_ENDPOINT",
)
SCHEDULES = ("DAILY", "HOURLY", "SEMI_HOURLY", "CUSTOM")
TRIGGERS = ("METADATA_CREATION", "METADATA_UPDATE", "STATS_CHANGE", "STATS_MILESTONE", "DELIVERY_INSIGHTS_CHANGE")
_NEED_CHANGE = ("CHANGE_BUDGET", "CHANGE_CAMPAIGN_BUDGET", "CHANGE_BID")
_UNITS = ("ACCOUNT_CURRENCY", "PERCENTAGE")
_LISTS = ("IN_RANGE", "NOT_IN_RANGE", "IN", "NOT_IN", "ANY", "ALL", "NONE")
_SPECS = ("evaluation_spec", "execution_spec", "schedule_spec")
_FIELDS = ("id", "account_id", "name", "status", *_SPECS, "created_by", "created_time", "updated_time")
_MOST_RULES = 250
# Half an hour is the grid of a schedule of one's own.
_GRID_MINUTES = 30
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class AdRule:
    """One rule as it was given."""

    id: str
    name: str
    status: str
    specs: Mapping[str, Any]
    created_us: int
    updated_us: int


class AdRules:
    """The rules made so far; a deleted one can still be read."""

    def __init__(self, account_number: str, user_id: str) -> None:
        self._account_number = account_number
        self._user_id = user_id
        self._rules: dict[str, AdRule] = {}

    def find(self, rule_id: str) -> AdRule | None:
        return self._rules.get(rule_id)

    def create(self, params: Params, at_us: int) -> dict[str, object]:
        """Raises GraphError for a rule that makes no sense."""
        for name in ("name", "evaluation_spec", "execution_spec"):
            if name not in params:
                raise invalid_parameter(f"The parameter {name} is required")
        specs = _asked_specs(params)
        if specs["evaluation_spec"]["evaluation_type"] == "SCHEDULE" and "schedule_spec" not in specs:
            raise invalid_parameter("A rule of evaluation_type SCHEDULE needs a schedule_spec.")
        if sum(rule.status != "DELETED" for rule in self._rules.values()) >= _MOST_RULES:
            raise invalid_parameter(f"An account has at most {_MOST_RULES} rules.")
        rule_id = f"23{self._account_number[:6]}9{len(self._rules) + 1:08d}"
        name, status = _asked_name(params), _asked_status(params)
        self._rules[rule_id] = AdRule(rule_id, name, status, specs, at_us, at_us)
        return {"id": rule_id}

    def change(self, rule: AdRule, params: Params, at_us: int) -> bool:
        """Return whether anything is different now. Raises GraphError."""
        if rule.status == "DELETED":
            raise no_such_object(rule.id, "POST")
        name = _asked_name(params) if "name" in params else rule.name
        specs = {**rule.specs, **_asked_specs(params)}
        new = replace(rule, name=name, status=_asked_status(params, rule.status), specs=specs)
        if new == rule:
            return False
        self._rules[rule.id] = replace(new, updated_us=at_us)
        return True

    def delete(self, rule: AdRule, at_us: int) -> bool:
        self._rules[rule.id] = replace(rule, status="DELETED", updated_us=at_us)
        return rule.status != "DELETED"

    def listed(self, view: View, request: GraphRequest) -> dict[str, object]:
        """Return a page of the rules that are not deleted. Raises GraphError."""
        rules = [rule for rule in self._rules.values() if rule.status != "DELETED"]
        return page(request, rules, lambda rule: (rule.id,), lambda rule: self.render(view, rule, request))

    def render(self, view: View, rule: AdRule, request: GraphRequest) -> dict[str, object]:
        """Return the fields asked for. Raises GraphError for one that there is not."""
        fields = request.params.texts("fields")
        check_fields(fields, dict.fromkeys(_FIELDS), "AdRule")
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
        return {name: values[name] for name in ("id", *fields) if name in values}


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
    checks = dict(zip(_SPECS, (_check_evaluation, _check_execution, _check_schedule), strict=True))
    specs: dict[str, Any] = {}
    for name, check in checks.items():
        if name in params:
            specs[name] = params.json(name)
            check(_object(specs[name], name))
    return specs


def _check_evaluation(spec: Mapping[str, Any]) -> None:
    kind = _word(spec, "evaluation_type", ("SCHEDULE", "TRIGGER"), "evaluation_spec")
    filters = spec.get("filters", [])
    if not isinstance(filters, list) or (kind == "SCHEDULE" and not filters):
        raise invalid_parameter("evaluation_spec: filters must be an array that is not empty.")
    for entry in filters:
        _check_filter(_object(entry, "evaluation_spec.filters"))
    if kind == "TRIGGER":
        _word(_object(spec.get("trigger"), "evaluation_spec.trigger"), "type", TRIGGERS, "trigger")


def _check_filter(entry: Mapping[str, Any]) -> None:
    operator = _word(entry, "operator", OPERATORS, "filters")
    if not isinstance(entry.get("field"), str) or "value" not in entry:
        raise invalid_parameter('Each filter must be {"field":..., "operator":..., "value":...}.')
    value = entry["value"]
    if (operator in _LISTS) != isinstance(value, list) or ("RANGE" in operator and len(value) != 2):
        raise invalid_parameter(f"filters: {json.dumps(value)} does not fit the operator {operator}.")


def _check_execution(spec: Mapping[str, Any]) -> None:
    kind = _word(spec, "execution_type", EXECUTIONS, "execution_spec")
    options = spec.get("execution_options", [])
    if not isinstance(options, list):
        raise invalid_parameter("execution_spec: execution_options must be an array.")
    changes = [each["value"] for each in map(_option, options) if each.get("field") == "change_spec"]
    if kind in _NEED_CHANGE and len(changes) != 1:
        raise invalid_parameter(f"execution_spec: {kind} needs one change_spec among its execution_options.")
    for each in changes:
        change = _object(each, "change_spec")
        _word(change, "unit", _UNITS, "change_spec")
        if isinstance(change.get("amount"), bool) or not isinstance(change.get("amount"), int | float):
            raise invalid_parameter("change_spec: amount must be a number.")


def _option(entry: object) -> Mapping[str, Any]:
    option = _object(entry, "execution_options")
    if not isinstance(option.get("field"), str) or "value" not in option:
        raise invalid_parameter('Each of execution_options must be {"field":..., "value":..., "operator":...}.')
    return option


def _check_schedule(spec: Mapping[str, Any]) -> None:
    if _word(spec, "schedule_type", SCHEDULES, "schedule_spec") != "CUSTOM":
        return
    schedule = spec.get("schedule")
    if not isinstance(schedule, list) or not schedule:
        raise invalid_parameter("schedule_spec: a CUSTOM one needs a schedule.")
    for entry in schedule:
        for name in ("start_minute", "end_minute"):
            minute = _object(entry, "schedule").get(name, 0)
            if not isinstance(minute, int) or minute % _GRID_MINUTES or not 0 <= minute <= _DAY_MINUTES:
                raise invalid_parameter(f"schedule: {name} must lie on the grid of {_GRID_MINUTES} minutes.")


def _object(content: object, where: str) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise invalid_parameter(f"{where} must be an object.")
    return content


def _word(spec: Mapping[str, Any], name: str, known: tuple[str, ...], where: str) -> str:
    word = spec.get(name)
    if word not in known:
        raise GraphError(100, f"(#100) {where}: {name} must be one of {', '.join(known)}.")
    return str(word)
