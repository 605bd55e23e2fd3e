"""What a rule does and when: its `execution_spec` and its `schedule_spec`."""

from collections.abc import Callable, Mapping
from typing import Any

from aibuyer_kit.sandbox.graph.ad_rules.evaluation import Evaluation
from aibuyer_kit.sandbox.graph.ad_rules.fields import read_field
from aibuyer_kit.sandbox.graph.ad_rules.shapes import as_list, as_object, is_id, is_number, is_open, is_whole, word
from aibuyer_kit.sandbox.graph.ad_rules.words import (
    EXECUTIONS,
    OPTION_OPERATORS,
    OPTIONS_OF_ALL,
    REBALANCES,
    SCHEDULES,
    UNITS,
    Execution,
)
from aibuyer_kit.sandbox.graph.errors import invalid_parameter

_WHERE = "execution_spec"
_OPTION_KEYS = ("field", "operator", "value")
# The grid of a schedule of one's own.
_GRID_MINUTES = 30
_DAY_MINUTES = 24 * 60
_SATURDAY = 6


def check_execution(content: object, evaluation: Evaluation) -> None:
    """Raise GraphError for an action that makes no sense, or does not fit what the rule looks at."""
    spec = as_object(content, _WHERE, ("execution_type", "execution_options", "is_once_off", "id"))
    kind = word(spec, "execution_type", EXECUTIONS, _WHERE)
    execution = EXECUTIONS[kind]
    if evaluation.kind not in execution.evaluations:
        raise invalid_parameter(f"{_WHERE}: {kind} is not supported with evaluation_type {evaluation.kind}.")
    if execution.level and evaluation.level not in ("", execution.level):
        raise invalid_parameter(f"{_WHERE}: {kind} applies to {execution.level}, not to {evaluation.level}.")
    # Only ROTATE lists ad sets in order to be about their ads.
    if kind != "ROTATE" and evaluation.listed_level not in ("", evaluation.level):
        raise invalid_parameter(f"evaluation_spec: the ids are of {evaluation.listed_level}, not {evaluation.level}.")
    if kind == "ROTATE" and not (evaluation.has("id") and evaluation.value("entity_type")):
        raise invalid_parameter(f"{_WHERE}: ROTATE needs a filter by id of ad sets, and the entity_type AD.")
    if not isinstance(spec.get("is_once_off", False), bool):
        raise invalid_parameter(f"{_WHERE}: is_once_off must be true or false.")
    _check_options(spec.get("execution_options", []), kind, execution)


def _check_options(content: object, kind: str, execution: Execution) -> None:
    entries = content if content == [] else as_list(content, f"{_WHERE}[execution_options]")
    found = [_option(one, f"{_WHERE}[execution_options][{place}]") for place, one in enumerate(entries)]
    names = [option["field"] for option in found]
    for place, option in enumerate(found):
        where, name = f"{_WHERE}[execution_options][{place}]", option["field"]
        if execution.options is not None and name not in (*OPTIONS_OF_ALL, *execution.options):
            raise invalid_parameter(f"{where}: the option {name!r} is not supported with {kind}.")
        if names.count(name) > 1:
            raise invalid_parameter(f"{where}: the option {name!r} is there more than once.")
        _OPTIONS.get(name, _check_open)(option["value"], f"{where}[{name}]")
    if execution.needs and execution.needs not in names:
        raise invalid_parameter(f"{_WHERE}: {kind} needs the option {execution.needs}.")


def _option(content: object, where: str) -> Mapping[str, Any]:
    option = as_object(content, where, _OPTION_KEYS)
    word(option, "operator", OPTION_OPERATORS, where)
    if not isinstance(option.get("field"), str) or "value" not in option:
        raise invalid_parameter(f"{where}: field and value are required.")
    return option


def _check_open(value: object, where: str) -> None:
    if not is_open(value):
        raise invalid_parameter(f"{where}: the value must be finite, and not deep.")


def _check_users(value: object, where: str) -> None:
    if not isinstance(value, list) or not all(map(is_id, value)):
        raise invalid_parameter(f"{where} must be an array of ids.")


def _check_count(value: object, where: str) -> None:
    if not is_number(value) or float(str(value)) < 1 or float(str(value)) % 1:
        raise invalid_parameter(f"{where} must be a whole number of at least 1.")


def _check_change(value: object, where: str) -> None:
    """Raise GraphError for a change that is not by an amount in a unit, or towards a target."""
    change = as_object(value, where, ("amount", "limit", "unit", "target_field"))
    if not is_number(change.get("amount")):
        raise invalid_parameter(f"{where}: amount must be a number.")
    has_target = "target_field" in change
    if has_target:
        _check_target(change["target_field"], where)
    if "unit" in change or not has_target:
        word(change, "unit", UNITS, where)
    limit = change.get("limit", 0)
    limits = limit if has_target and isinstance(limit, list) and len(limit) == 2 else [limit]
    if not all(map(is_number, limits)):
        raise invalid_parameter(f"{where}: limit must be a number, or with a target_field a range of two.")


def _check_rebalance(value: object, where: str) -> None:
    spec = as_object(value, where, ("type", "target_field", "target_count", "is_cross_campaign", "is_inverse"))
    kind = word(spec, "type", REBALANCES, where)
    if "target_field" in spec:
        _check_target(spec["target_field"], where)
    elif kind != "EVEN" or "target_count" in spec:
        raise invalid_parameter(f"{where}: target_field is required, unless the type is EVEN without a target_count.")
    if not is_whole(spec.get("target_count", 1), 1):
        raise invalid_parameter(f"{where}: target_count must be a whole number of at least 1.")
    for name in ("is_cross_campaign", "is_inverse"):
        if not isinstance(spec.get(name, False), bool):
            raise invalid_parameter(f"{where}: {name} must be true or false.")


def _check_target(text: object, where: str) -> None:
    if not (read_field(text, where).is_metric):
        raise invalid_parameter(f"{where}: target_field must be a metric.")


_OPTIONS: Mapping[str, Callable[[object, str], None]] = {
    "user_ids": _check_users,
    "change_spec": _check_change,
    "rebalance_spec": _check_rebalance,
    "execution_count_limit": _check_count,
    "action_frequency": _check_count,
}


def check_schedule(content: object, evaluation: Evaluation) -> None:
    """Raise GraphError for a `schedule_spec` off the grid, a missing one, or one beside a trigger."""
    if evaluation.kind == "TRIGGER":
        if content is not None:
            raise invalid_parameter("schedule_spec is not supported with evaluation_type TRIGGER.")
        return
    spec = as_object(content, "schedule_spec", ("schedule_type", "schedule"))
    if word(spec, "schedule_type", SCHEDULES, "schedule_spec") == "CUSTOM":
        for place, entry in enumerate(as_list(spec.get("schedule"), "schedule_spec[schedule]")):
            _check_times(entry, f"schedule_spec[schedule][{place}]")
    elif spec.get("schedule"):
        raise invalid_parameter("schedule_spec: a schedule belongs to schedule_type CUSTOM.")


def _check_times(content: object, where: str) -> None:
    entry = as_object(content, where, ("start_minute", "end_minute", "days"))
    if not {"start_minute", "days"} & set(entry):
        raise invalid_parameter(f"{where}: start_minute or days is required.")
    for name in {"start_minute", "end_minute"} & set(entry):
        minute = entry[name]
        if not is_whole(minute) or minute % _GRID_MINUTES or minute > _DAY_MINUTES:
            raise invalid_parameter(f"{where}: {name} must be a multiple of {_GRID_MINUTES}, up to {_DAY_MINUTES}.")
    if "end_minute" in entry and entry["end_minute"] < entry.get("start_minute", _DAY_MINUTES + 1):
        raise invalid_parameter(f"{where}: end_minute must not lie before start_minute, nor stand without it.")
    if "days" in entry:
        days = as_list(entry["days"], f"{where}[days]")
        if not all(is_whole(day) and day <= _SATURDAY for day in days):
            raise invalid_parameter(f"{where}: days are numbers from 0 (Sunday) to 6 (Saturday).")
