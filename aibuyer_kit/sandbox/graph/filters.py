"""The param `filtering`: by effective status, ids, names and times of objects, and by metrics of a row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aibuyer_kit.sandbox.graph.errors import invalid_parameter
from aibuyer_kit.sandbox.graph.messages import Params
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node
from aibuyer_kit.sandbox.market.days import MICROSECONDS_PER_SECOND

EFFECTIVE_STATUSES = frozenset(
    [
        "ACTIVE",
        "PAUSED",
        "DELETED",
        "ARCHIVED",
        "IN_PROCESS",
        "WITH_ISSUES",
        "CAMPAIGN_PAUSED",
        "ADSET_PAUSED",
        "DISAPPROVED",
        "PENDING_REVIEW",
        "PENDING_BILLING_INFO",
        "PREAPPROVED",
    ]
)

METRICS = ("impressions", "clicks", "spend", "reach")
_ATTRIBUTES: Mapping[str, Callable[[View, Any], object]] = {
    "effective_status": lambda view, node: view.effective_status(node),
    "id": lambda _view, node: node.id,
    "name": lambda view, node: view.name(node),
    "status": lambda view, node: view.setting(node).status,
    "objective": lambda view, node: getattr(view.within(node, Campaign), "objective", ""),
    "created_time": lambda view, node: view.created_us(node) // MICROSECONDS_PER_SECOND,
    "updated_time": lambda view, node: view.setting(node).since_us // MICROSECONDS_PER_SECOND,
}
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQUAL": lambda found, value: found == value,
    "NOT_EQUAL": lambda found, value: found != value,
    "GREATER_THAN": lambda found, value: found > value,
    "GREATER_THAN_OR_EQUAL": lambda found, value: found >= value,
    "LESS_THAN": lambda found, value: found < value,
    "LESS_THAN_OR_EQUAL": lambda found, value: found <= value,
    "IN_RANGE": lambda found, value: value[0] <= found <= value[1],
    "NOT_IN_RANGE": lambda found, value: not value[0] <= found <= value[1],
    "IN": lambda found, value: found in value,
    "NOT_IN": lambda found, value: found not in value,
    "CONTAIN": lambda found, value: str(value).casefold() in str(found).casefold(),
    "NOT_CONTAIN": lambda found, value: str(value).casefold() not in str(found).casefold(),
}
_LISTS = ("IN", "NOT_IN", "IN_RANGE", "NOT_IN_RANGE")
_KINDS: Mapping[str, type[Node]] = {"campaign": Campaign, "adset": AdSet, "ad": Ad}


@dataclass(frozen=True)
class Filter:
    """One condition; `kind` is the object it is about, empty for the one at hand."""

    kind: str
    name: str
    operator: str
    value: object

    @property
    def is_metric(self) -> bool:
        return self.name in METRICS

    def admits(self, view: View, node: Campaign | AdSet | Ad) -> bool:
        """Return whether an object passes; one that does not lie in an object of the kind passes."""
        target = view.within(node, _KINDS[self.kind]) if self.kind else node
        return target is None or _OPERATORS[self.operator](_ATTRIBUTES[self.name](view, target), self.value)

    def admits_row(self, figures: Mapping[str, int], minor_per_unit: int) -> bool:
        """Return whether a row passes, by one of its metrics; spend is compared in currency units."""
        found = figures[self.name]
        return _OPERATORS[self.operator](found / minor_per_unit if self.name == "spend" else found, self.value)


def asked_filters(params: Params, *, metrics: bool) -> tuple[Filter, ...]:
    """Return the conditions of `effective_status` and `filtering`, which all have to hold. Raises GraphError."""
    found = [_filter(entry, metrics=metrics) for entry in _entries(params)]
    if words := params.texts("effective_status"):
        found.append(_checked(Filter("", "effective_status", "IN", list(words))))
    return tuple(found)


def _entries(params: Params) -> Sequence[object]:
    if not params.text("filtering"):
        return ()
    entries = params.json("filtering")
    if not isinstance(entries, list):
        raise invalid_parameter("Param filtering must be an array.")
    return entries


def _filter(entry: object, *, metrics: bool) -> Filter:
    match entry:
        case {"field": str(field), "operator": str(operator), "value": value}:
            kind, _, name = field.rpartition(".")
            known = (*_ATTRIBUTES, *(METRICS if metrics else ()))
            if name not in known or kind not in ("", *_KINDS):
                raise invalid_parameter(f"filtering by {field!r} is not imitated. Imitated: {', '.join(known)}.")
            return _checked(Filter(kind, name, operator, value))
    raise invalid_parameter('Each entry of filtering must be {"field":..., "operator":..., "value":...}.')


def _checked(one: Filter) -> Filter:
    if one.operator not in _OPERATORS:
        raise invalid_parameter(f"filtering: operator must be one of {', '.join(_OPERATORS)}.")
    if one.operator in _LISTS and not isinstance(one.value, list):
        raise invalid_parameter(f"filtering: the value of {one.operator} must be an array.")
    values = one.value if isinstance(one.value, list) else [one.value]
    if "RANGE" in one.operator and len(values) != 2:
        raise invalid_parameter(f"filtering: the value of {one.operator} must hold two numbers.")
    if one.name == "effective_status" and (unknown := set(map(str, values)) - EFFECTIVE_STATUSES):
        raise invalid_parameter(f"effective_status must be one of {sorted(EFFECTIVE_STATUSES)}, not {sorted(unknown)}.")
    numbers = one.is_metric or one.name.endswith("_time")
    kept = [_number(value) if numbers else str(value) for value in values]
    return Filter(one.kind, one.name, one.operator, kept if one.operator in _LISTS else kept[0])


def _number(value: object) -> float:
    """Return a number, or the seconds since 1970 of a time. Raises GraphError."""
    try:
        return float(str(value))
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        raise invalid_parameter(f"filtering: {value!r} is no number.") from None


def passes(view: View, filters: Sequence[Filter], node: Node) -> bool:
    """Return whether an object meets all conditions on objects; the account always does."""
    return isinstance(node, Account) or all(one.admits(view, node) for one in filters if not one.is_metric)
