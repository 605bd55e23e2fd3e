"""What a rule looks at: the filters and the trigger of its `evaluation_spec`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aibuyer_kit.sandbox.graph.ad_rules.fields import Field, read_field
from aibuyer_kit.sandbox.graph.ad_rules.shapes import as_list, as_object, is_number, is_open, word
from aibuyer_kit.sandbox.graph.ad_rules.words import (
    EVALUATIONS,
    LEAST_STEPS,
    LEVELS,
    LIST_OPERATORS,
    OPERATORS,
    PRESETS_WITH_TODAY,
    RANGE_OPERATORS,
    TRIGGERS,
)
from aibuyer_kit.sandbox.graph.errors import invalid_parameter

_WHERE = "evaluation_spec"
_KEYS = ("field", "operator", "value")
# Of which a rule has one at most.
_SINGLE = ("entity_type", "time_preset", "attribution_window", "aggregation_id")
_CHANGES = ("GREATER_THAN", "LESS_THAN", "IN_RANGE", "NOT_IN_RANGE")

# The level of an object by its id: one of LEVELS, or None for an object of somewhere else.
LevelOf = Callable[[str], str | None]


@dataclass(frozen=True)
class Filter:
    """One condition that has been checked."""

    field: Field
    operator: str
    value: Any


@dataclass(frozen=True)
class Evaluation:
    """An `evaluation_spec` that makes sense.

    `level` is that of the objects it is about, `listed_level` that of those it lists; both may be empty, for ids that
    are not known.
    """

    kind: str
    level: str
    listed_level: str
    filters: tuple[Filter, ...]

    def value(self, name: str) -> Any:
        """Return the value of the rule's own filter `name`, without a prefix; None without one."""
        return next((one.value for one in self.filters if one.field.name == name and not one.field.level), None)

    def has(self, name: str) -> bool:
        return any(one.field.name == name for one in self.filters)


def read_evaluation(content: object, level_of: LevelOf) -> Evaluation:
    """Return what a spec means. Raises GraphError for one that makes no sense."""
    spec = as_object(content, _WHERE, ("evaluation_type", "filters", "trigger", "id"))
    kind = word(spec, "evaluation_type", EVALUATIONS, _WHERE)
    entries = as_list(spec.get("filters"), f"{_WHERE}[filters]")
    filters = tuple(_read_filter(one, f"{_WHERE}[filters][{place}]") for place, one in enumerate(entries))
    listed_level = _listed_level(filters, level_of)
    entity_type = next((str(one.value) for one in filters if one.field.name == "entity_type"), "")
    found = Evaluation(kind, entity_type or listed_level, listed_level, filters)
    _check_together(found)
    if kind == "TRIGGER":
        _check_triggered(found)
        _check_trigger(spec.get("trigger"), found)
    elif "trigger" in spec:
        raise invalid_parameter(f"{_WHERE}: a trigger belongs to evaluation_type TRIGGER.")
    return found


def check_value(field: Field, entry: Mapping[str, Any], where: str) -> None:
    """Raise GraphError if the operator is none of the field's, or the value does not fit the two."""
    operator, value = word(entry, "operator", OPERATORS, where), entry.get("value")
    if operator not in field.operators:
        raise invalid_parameter(
            f"{where}: the field {entry['field']!r} does not support the operator {operator}. "
            f"Supported: {', '.join(field.operators)}."
        )
    if operator in RANGE_OPERATORS and (not isinstance(value, list) or len(value) != 2):
        raise invalid_parameter(f"{where}: the value of {operator} must be two numbers.")
    values = value if operator in (*LIST_OPERATORS, *RANGE_OPERATORS) else [value]
    if not isinstance(values, list) or not values or not all(map(field.admits, values)):
        raise invalid_parameter(f"{where}: the value does not fit the field {entry['field']!r} and {operator}.")


def _read_filter(content: object, where: str) -> Filter:
    entry = as_object(content, where, _KEYS)
    if missing := [key for key in _KEYS if key not in entry]:
        raise invalid_parameter(f"{where}: {', '.join(missing)} is required.")
    field = read_field(entry["field"], where)
    check_value(field, entry, where)
    return Filter(field, entry["operator"], entry["value"])


def _listed_level(filters: tuple[Filter, ...], level_of: LevelOf) -> str:
    """Return the level of the objects that a rule lists. Raises GraphError if it lists none and says no level."""
    listed = [one.value for one in filters if one.field.name == "id" and not one.field.level]
    if not listed and not any(one.field.name == "entity_type" for one in filters):
        raise invalid_parameter(f"{_WHERE}: filters need one by entity_type or by id.")
    ids = [object_id for value in listed for object_id in (value if isinstance(value, list) else [value])]
    levels = sorted({level for level in map(level_of, map(str, ids)) if level})
    if len(levels) > 1:
        raise invalid_parameter(f"{_WHERE}: a rule is about objects of one level, not {' and '.join(levels)}.")
    return levels[0] if levels else ""


def _check_together(found: Evaluation) -> None:
    names = [one.field.name for one in found.filters]
    if twice := [name for name in _SINGLE if names.count(name) > 1]:
        raise invalid_parameter(f"{_WHERE}: filters have more than one by {twice[0]}.")
    if any(one.field.needs_preset for one in found.filters) and not found.has("time_preset"):
        raise invalid_parameter(f"{_WHERE}: filters by metrics need one by time_preset.")
    if any(one.field.is_aggregate for one in found.filters) and not found.has("aggregation_id"):
        raise invalid_parameter(f"{_WHERE}: aggregate() needs a filter by aggregation_id.")
    for one in found.filters:
        level = one.field.level.upper()
        if level and found.level and LEVELS.index(level) < LEVELS.index(found.level):
            raise invalid_parameter(f"{_WHERE}: the prefix {one.field.level!r} is not valid on {found.level}.")


def _check_triggered(found: Evaluation) -> None:
    """Raise GraphError for a filter that is only for rules on a schedule."""
    if wrong := [one for one in found.filters if not one.field.in_triggers]:
        named = wrong[0].field.name or "a formula"
        raise invalid_parameter(f"{_WHERE}: {named} is only supported with evaluation_type SCHEDULE.")
    preset = found.value("time_preset")
    if preset and preset not in PRESETS_WITH_TODAY:
        raise invalid_parameter(f"{_WHERE}: with a trigger, time_preset must include TODAY; {preset} does not.")


def _check_trigger(content: object, found: Evaluation) -> None:
    where = f"{_WHERE}[trigger]"
    trigger = as_object(content, where, ("type", *_KEYS))
    kind = word(trigger, "type", TRIGGERS, where)
    if not is_open(trigger.get("value")):
        raise invalid_parameter(f"{where}: the value must be finite, and not deep.")
    if kind in ("STATS_CHANGE", "STATS_MILESTONE") and not found.has("time_preset"):
        raise invalid_parameter(f"{_WHERE}: {kind} needs a filter by time_preset.")
    match kind:
        case "METADATA_UPDATE":
            _check_field(trigger, where, is_metric=False)
        case "STATS_CHANGE":
            word(trigger, "operator", _CHANGES, where)
            _check_field(trigger, where, is_metric=True)
        case "STATS_MILESTONE":
            _check_milestone(trigger, found, where)
        case "DELIVERY_INSIGHTS_CHANGE":
            # A beta whose fields nobody describes.
            if not isinstance(trigger.get("field"), str):
                raise invalid_parameter(f"{where}: field must be a text.")


def _check_field(trigger: Mapping[str, Any], where: str, *, is_metric: bool) -> None:
    field = read_field(trigger.get("field"), where)
    if not field.in_triggers or field.level or field.is_metric != is_metric or field.name == "time_preset":
        kind = "metric" if is_metric else "field of metadata"
        raise invalid_parameter(f"{where}: {trigger['field']!r} is no {kind} that can be a trigger.")
    if is_metric or "operator" in trigger or "value" in trigger:
        check_value(field, trigger, where)


def _check_milestone(trigger: Mapping[str, Any], found: Evaluation, where: str) -> None:
    least = word(trigger, "field", LEAST_STEPS, where)
    word(trigger, "operator", ("EQUAL",), where)
    step = trigger.get("value")
    if not is_number(step) or float(str(step)) < LEAST_STEPS[least]:
        raise invalid_parameter(f"{where}: the value of {least} must be at least {LEAST_STEPS[least]}.")
    if found.value("time_preset") not in ("LIFETIME", "MAXIMUM"):
        raise invalid_parameter(f"{where}: STATS_MILESTONE needs the time_preset LIFETIME.")
