"""Fields of filters: metadata and metrics with their prefixes, aggregates and formulas."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from aibuyer_kit.sandbox.graph.ad_rules.shapes import is_flag, is_id, is_number, is_text, unknown_field
from aibuyer_kit.sandbox.graph.ad_rules.words import (
    AGGREGATED,
    ALIASES,
    LEVELS,
    METRIC_OPERATORS,
    METRICS,
    PRESETS,
    TRIGGER_METRICS,
    WINDOWS,
)
from aibuyer_kit.sandbox.graph.errors import GraphError, invalid_parameter
from aibuyer_kit.sandbox.graph.filters import EFFECTIVE_STATUSES

_SIZES = ("GREATER_THAN", "LESS_THAN", "IN_RANGE", "NOT_IN_RANGE")
_LISTED = ("IN", "NOT_IN")
_SETS = ("ANY", "ALL", "NONE")
_TEXTS = ("EQUAL", "CONTAIN", "NOT_CONTAIN")
_PREFIXES = ("ad", "adset", "campaign")
_MOST_FIELDS = 6
_MOST_LETTERS = 1000
_SIGNS = ("+", "-", "*", "/")
_PIECE = re.compile(r"aggregate\([^()\s]*\)|[()]|[^()\s]+")
_CONSTANT = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_AGGREGATE = re.compile(r"aggregate\(([^()\s]*)\)")


@dataclass(frozen=True)
class Field:
    """What a filter may be about: its operators, its values, and where it may stand.

    `levels` are the prefixes it may carry, `level` the one it does; `needs_preset` says that its days come from the
    rule's time_preset.
    """

    operators: tuple[str, ...]
    admits: Callable[[object], bool]
    levels: tuple[str, ...] = ()
    in_triggers: bool = True
    name: str = ""
    level: str = ""
    is_metric: bool = False
    needs_preset: bool = False
    is_aggregate: bool = False


def _one_of(words: Collection[str]) -> Callable[[object], bool]:
    return lambda content: isinstance(content, str) and content in words


METADATA: Mapping[str, Field] = {
    "id": Field(("EQUAL", *_LISTED), is_id, _PREFIXES),
    "entity_type": Field(("EQUAL",), _one_of(LEVELS)),
    "name": Field(_TEXTS, is_text, _PREFIXES),
    "adlabel_ids": Field(_SETS, is_id, _PREFIXES),
    # EQUAL is in Meta's example, not in its table.
    "objective": Field((*_LISTED, "EQUAL"), is_text, ("campaign",)),
    "start_time": Field(_SIZES, is_number, ("adset", "campaign")),
    "stop_time": Field(("GREATER_THAN", "LESS_THAN"), is_number, ("adset", "campaign")),
    "buying_type": Field(_LISTED, is_text, ("campaign",)),
    "billing_event": Field(_LISTED, is_text, ("adset",)),
    "optimization_goal": Field(_LISTED, is_text, ("adset",)),
    "is_autobid": Field(_LISTED, is_flag, ("adset",)),
    "daily_budget": Field(_SIZES, is_number, ("adset",)),
    "lifetime_budget": Field(_SIZES, is_number, ("adset",)),
    "spend_cap": Field(_SIZES, is_number, ("campaign",)),
    "bid_amount": Field(_SIZES, is_number, ("ad", "adset")),
    "created_time": Field(_SIZES, is_number, _PREFIXES),
    "updated_time": Field(_SIZES, is_number, _PREFIXES),
    "effective_status": Field(_LISTED, _one_of(EFFECTIVE_STATUSES), _PREFIXES, in_triggers=False),
    "placement.page_types": Field(_SETS, is_text, ("adset",), in_triggers=False),
    "budget_reset_period": Field(_LISTED, _one_of(("DAY", "LIFETIME")), ("adset",), in_triggers=False),
    "hours_since_creation": Field(_SIZES, is_number, _PREFIXES, in_triggers=False),
    "estimated_budget_spending_percentage": Field(_SIZES, is_number, ("adset",), in_triggers=False),
    "audience_reached_percentage": Field(_SIZES, is_number, ("adset",), in_triggers=False),
    "active_time": Field(_SIZES, is_number, _PREFIXES, in_triggers=False),
    "current_time": Field(_SIZES, is_number, in_triggers=False),
    "time_preset": Field(("EQUAL",), _one_of(PRESETS)),
    "attribution_window": Field(("EQUAL",), _one_of([one.upper() for one in WINDOWS]), in_triggers=False),
    "aggregation_id": Field(("IN",), is_id, in_triggers=False),
}
_IN_FORMULAS = ("bid_amount", "daily_budget", "lifetime_budget", "spend_cap")
_METRIC = Field(METRIC_OPERATORS, is_number, _PREFIXES, is_metric=True, needs_preset=True)
_ADVANCED = replace(_METRIC, in_triggers=False)
_ALIAS = replace(_ADVANCED, levels=(), needs_preset=False)
_KNOWN = (*METADATA, *sorted(METRICS), *ALIASES)


def read_field(text: object, where: str) -> Field:
    """Return what a field stands for. Raises GraphError for one that there is not."""
    if not isinstance(text, str) or not 1 <= len(text) <= _MOST_LETTERS:
        raise invalid_parameter(f"{where}: field must be a text of 1 to {_MOST_LETTERS} letters.")
    if " " in text or text.startswith("("):
        return _formula(text, where)
    if aggregate := _AGGREGATE.fullmatch(text):
        return _aggregate(aggregate[1], where)
    return _term(text, where)


def _term(text: str, where: str) -> Field:
    """Return a field with its prefixes, which stand in the order level, window, preset."""
    head, dot, rest = text.partition(".")
    level, rest = (head, rest) if dot and head in _PREFIXES else ("", text)
    if known := _ALIAS if rest in ALIASES else METADATA.get(rest):
        if level and level not in known.levels:
            raise invalid_parameter(f"{where}: {rest!r} has no prefix {level!r}.")
        return replace(known, name=rest, level=level)
    window, colon, name = rest.rpartition(":")
    preset = next((one for one in PRESETS if _of_preset(name, one)), "")
    name = name.removeprefix(f"{preset.lower()}_") if preset else name
    if name not in METRICS or (colon and window not in WINDOWS):
        raise unknown_field(text, where, _KNOWN)
    plain = not (level or window or preset) and name in TRIGGER_METRICS
    return replace(_METRIC, name=name, level=level, needs_preset=not preset, in_triggers=plain)


def _of_preset(name: str, preset: str) -> bool:
    prefix = f"{preset.lower()}_"
    return name.startswith(prefix) and name.removeprefix(prefix) in METRICS


def _aggregate(text: str, where: str) -> Field:
    inner = _term(text, where)
    if inner.name not in AGGREGATED or inner.level:
        raise invalid_parameter(f"{where}: aggregate() takes {', '.join(AGGREGATED)}.")
    return replace(inner, is_aggregate=True, in_triggers=False)


def _formula(text: str, where: str) -> Field:
    """Return what a formula needs; its terms stand apart, and at most six of them are fields."""
    parts = [_operand(one, where) for one in _operands(text, where) if not _CONSTANT.fullmatch(one)]
    if not 1 <= len(parts) <= _MOST_FIELDS:
        raise invalid_parameter(f"{where}: a formula has 1 to {_MOST_FIELDS} fields.")
    # The lowest level that it looks at bounds the objects it fits.
    levels = [one.level for one in parts if one.level]
    return replace(
        _ADVANCED,
        level=min(levels, key=_PREFIXES.index, default=""),
        needs_preset=any(one.needs_preset for one in parts),
        is_aggregate=any(one.is_aggregate for one in parts),
    )


def _operands(text: str, where: str) -> list[str]:
    """Return fields and constants of a formula. Raises GraphError if operators and parentheses do not stand right."""
    found, depth, waits = [], 0, True
    for piece in _PIECE.findall(text):
        depth += (piece == "(") - (piece == ")")
        begins_a_term = piece not in (")", *_SIGNS)
        if begins_a_term != waits or depth < 0:
            raise _bad_formula(text, where)
        waits = piece in ("(", *_SIGNS)
        if begins_a_term and not waits:
            found.append(piece)
    if waits or depth:
        raise _bad_formula(text, where)
    return found


def _bad_formula(text: str, where: str) -> GraphError:
    return invalid_parameter(f"{where}: the formula {text!r} needs fields or constants between + - * /, with spaces.")


def _operand(text: str, where: str) -> Field:
    if aggregate := _AGGREGATE.fullmatch(text):
        return _aggregate(aggregate[1], where)
    found = _term(text, where)
    if not found.is_metric and found.name not in _IN_FORMULAS:
        raise invalid_parameter(f"{where}: a formula takes metrics and {', '.join(_IN_FORMULAS)}, not {text!r}.")
    return found
