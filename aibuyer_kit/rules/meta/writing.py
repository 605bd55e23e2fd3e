"""From a rule of ours to Meta's specs, with what Meta has no words for.

Conditions and actions that Meta cannot express leave no spec; limits and waits that it does not have are named. The
spec is switched off: a person looks at it before it runs beside the rule that it came from.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from aibuyer_kit.rules.actions import Rebalance, Toward
from aibuyer_kit.rules.conditions import Against, All, Condition, FieldLeaf, Leaf
from aibuyer_kit.rules.expression import Computed, Figure, Named, Tree, names, parse_expression
from aibuyer_kit.rules.fields import NUMBERS
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.meta.carried import (
    CarriedOut,
    Counting,
    Lost,
    NotCarriedError,
    Surroundings,
    json_number,
    shown,
    times,
)
from aibuyer_kit.rules.meta.executions import execution_spec
from aibuyer_kit.rules.meta.figures import LEVELS, owner_prefix
from aibuyer_kit.rules.meta.filters import SIZES, TEXTS
from aibuyer_kit.rules.meta.formulas import Writer, filter_field
from aibuyer_kit.rules.meta.presets import has_today, preset_of, split_preset
from aibuyer_kit.rules.meta.reading import NO_LIMITS
from aibuyer_kit.rules.meta.schedules import is_rarer, spec_of
from aibuyer_kit.rules.windows import Window

Filter = Mapping[str, Any]
_OPERATORS = {ours: theirs for theirs, ours in SIZES.items()}
_TEXT_OPERATORS = {ours: theirs for theirs, ours in TEXTS.items()}
_NEVER_LOOKED_AT = ("DELETED", "ARCHIVED")
_WHOLE = ("impressions", "clicks", "link_clicks", "results")
_NOT_IN_TRIGGERS = ("effective_status", "hours_since_creation")
_CHANGES = ("GREATER_THAN", "LESS_THAN", "IN_RANGE", "NOT_IN_RANGE")
_AGES: Mapping[Tree, int] = {
    Named("age_days"): 24,
    Computed("*", (Figure(24.0), Named("age_days"))): 1,
    Computed("*", (Named("age_days"), Figure(24.0))): 1,
}


def to_meta(
    rule: Rule,
    *,
    minor_per_unit: int,
    counting: Counting | None = None,
    levels: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    endpoint: str = "",
) -> CarriedOut:
    """Return a rule as what POST `adrules_library` takes, DISABLED; the arguments are those of `from_meta`."""
    around = Surroundings(minor_per_unit, counting or Counting(), levels or {}, labels or {}, endpoint)
    return _Writing(rule, around).write()


class _Writing:
    """One writing of one rule: its filters so far, and what was lost."""

    def __init__(self, rule: Rule, around: Surroundings) -> None:
        self._rule = rule
        self._around = around
        self._lost: list[Lost] = []
        self._failed = False
        self._preset = ""

    def write(self) -> CarriedOut:
        rule, triggered = self._rule, bool(self._rule.schedule and self._rule.schedule.on)
        self._preset = self._part("when", "", self._own_preset) or ""
        scope = self._part("scope", "", self._scope) or []
        when = self._when(rule.when, "when")
        acts = self._part("then", ", ".join(each.action for each in rule.then), self._execution)
        schedule = None if triggered else self._part("schedule", "", lambda: spec_of(rule.schedule))
        if acts is None or self._failed:
            return CarriedOut(None, tuple(self._lost))
        execution, more = acts
        filters = _each_once([*scope, *when, *(each for each in more if not _is_said(each, when))])
        evaluation = self._part("schedule", "on", lambda: self._evaluation(filters, triggered=triggered))
        self._tell_limits()
        if evaluation is None:
            return CarriedOut(None, tuple(self._lost))
        spec = {
            "name": rule.name,
            "status": "DISABLED",
            "evaluation_spec": evaluation,
            "execution_spec": execution,
            **({} if triggered else {"schedule_spec": schedule}),
        }
        return CarriedOut(spec, tuple(self._lost))

    def _part(self, place: str, what: str, written: Any) -> Any:
        """Return a part as Meta has it; None, with the reason kept, where it has nothing like it."""
        try:
            return written()
        except NotCarriedError as error:
            self._failed = True
            self._lost.append(Lost(place, shown(what), str(error), error.without_it))
        return None

    def _execution(self) -> Any:
        return execution_spec(self._rule, self._preset or "TODAY", self._around, self._lost)

    def _own_preset(self) -> str:
        """Return the preset of the first figure over days: that of the whole rule."""
        windows = [window for leaf in self._rule.leaves() if isinstance(leaf, Leaf) for window in _windows(leaf)]
        windows += [each.window for each in self._rule.then if isinstance(each, Toward | Rebalance)]
        return preset_of(windows[0]) if windows else ""

    def _when(self, condition: Condition, place: str) -> list[Filter]:
        """Return the filters of a condition that is one comparison, or several that all have to hold."""
        match condition:
            case All(all=parts):
                each = [self._when(part, f"{place}.all[{number}]") for number, part in enumerate(parts)]
                return [one for found in each for one in found]
            case Leaf():
                found = self._part(place, str(condition), lambda: self._compared(condition))
            case FieldLeaf():
                found = self._part(place, str(condition), lambda: self._text(condition))
            case _:
                found = self._part(place, "any or not", _refuse_tree)
        return [found] if found else []

    def _compared(self, leaf: Leaf) -> Filter:
        if leaf.matured or leaf.min_probability is not None:
            raise NotCarriedError("Meta's rules know neither maturity nor probability.")
        tree = parse_expression(leaf.expr, self._rule.metrics)
        if isinstance(leaf.value, Against):
            return self._difference(leaf, tree, leaf.value)
        if hours := _AGES.get(tree):
            name = f"{owner_prefix(leaf.of, self._rule.level)}hours_since_creation"
            return _sized(name, leaf, Decimal(hours))
        field, scale = self._writer.text(tree, leaf.of, leaf.window)
        op, value = (leaf.op, leaf.value) if leaf.op not in (">=", "<=") else _strictly(tree, leaf)
        return _sized(filter_field(field), leaf.model_copy(update={"op": op, "value": value}), scale)

    def _difference(self, leaf: Leaf, tree: Tree, other: Against) -> Filter:
        """Return `a > b` as `a - b > 0`."""
        if other.matured:
            raise NotCarriedError("Meta's rules know no maturity.")
        left = self._writer.text(tree, leaf.of, leaf.window)
        right = self._writer.text(
            parse_expression(other.expr, self._rule.metrics), other.of, other.window or leaf.window
        )
        field = self._writer.difference(left, right)
        return _sized(filter_field(field), leaf.model_copy(update={"value": Decimal(0)}), Decimal(1))

    @property
    def _writer(self) -> Writer:
        return Writer(self._rule.level, self._preset, self._around)

    def _text(self, leaf: FieldLeaf) -> Filter:
        head, dot, rest = leaf.field.partition(".")
        name, owner = (rest, head) if dot else (leaf.field, self._rule.level)
        prefix = "" if owner == self._rule.level else f"{owner}."
        op, values = leaf.op, leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
        if name == "labels":
            ids = {label: number for number, label in self._around.labels.items()}
            if unknown := [each for each in values if each not in ids]:
                raise NotCarriedError(f"Meta knows labels by id, and that of {shown(unknown[0])} is not known.")
            words = {"contains": "ANY", "not contains": "NONE"}
            return _filter("adlabel_ids", words.get(op) or _TEXT_OPERATORS[op], [ids[each] for each in values])
        if name == "name":
            if op == "in" and len(values) == 1:
                op = "="
            if op not in ("=", "contains", "not contains"):
                raise NotCarriedError("Meta compares names by EQUAL, CONTAIN and NOT_CONTAIN.")
            return _filter(f"{prefix}name", _TEXT_OPERATORS[op], values[0])
        if name not in ("id", "effective_status", "objective", "optimization_goal") or (
            name == "optimization_goal" and owner != "adset"
        ):
            raise NotCarriedError(f"Meta's rules know no {leaf.field}.")
        listed = {"=": "IN", "in": "IN", "!=": "NOT_IN", "not in": "NOT_IN"}.get(op)
        if listed is None:
            raise NotCarriedError(f"Meta compares {name} with lists only.")
        return _filter(f"{prefix}{name}", listed, list(values))

    def _scope(self) -> list[Filter]:
        scope, found = self._rule.scope, list[Filter]()
        if scope.created_before is not None:
            raise NotCarriedError("Meta has the second of creation, not the day of the account.")
        for operator, ids in (("IN", scope.include), ("NOT_IN", scope.exclude)):
            if ids:
                found.append(_filter(f"{self._level_of(ids)}id", operator, list(ids)))
        found += [self._text(each) for each in scope.where or ()]
        return [*found, *self._statuses(scope.status, found)]

    def _level_of(self, ids: Sequence[str]) -> str:
        """Return the prefix of the level that all ids have."""
        rule = self._rule
        levels = {"campaign"} if rule.level == "campaign" else {self._around.levels.get(each, "") for each in ids}
        level = levels.pop() if len(levels) == 1 else ""
        if not level:
            raise NotCarriedError("of which level the ids of include and exclude are is not known, or not the same.")
        return "" if level == rule.level else f"{level}."

    def _statuses(self, asked: tuple[str, ...] | None, found: Sequence[Filter]) -> list[Filter]:
        """Return the filter by status that makes Meta look at what ours looks at; without one it has its own."""
        leaves = [each for each in self._rule.leaves() if isinstance(each, FieldLeaf)]
        runs = ("ACTIVE", ("ACTIVE",))
        if asked == ("ACTIVE",) and any(each.field == "effective_status" and each.value in runs for each in leaves):
            return []
        if asked and len(set(asked)) == 1:
            statuses = ["ACTIVE", "PENDING_REVIEW"] if asked[0] == "ACTIVE" else ["PAUSED"]
            reason = f"Meta knows the effective status only: the rule looks at {' and '.join(statuses)}."
            self._lost.append(Lost("scope.status", asked[0], reason, "narrower"))
            return [_filter("effective_status", "IN", statuses)]
        if any(each["field"] == "effective_status" for each in found) or any(
            each.field == "effective_status" for each in leaves
        ):
            return []
        return [_filter("effective_status", "NOT_IN", list(_NEVER_LOOKED_AT))]

    def _evaluation(self, filters: list[Filter], *, triggered: bool) -> Mapping[str, Any]:
        settings = [_filter("entity_type", "EQUAL", self._rule.level.upper())]
        if self._preset:
            settings.append(_filter("time_preset", "EQUAL", self._preset))
        if not triggered:
            return {"evaluation_type": "SCHEDULE", "filters": [*settings, *filters]}
        if not self._preset or not has_today(self._preset):
            raise NotCarriedError("with an event, Meta's figures are those of days up to today.")
        looked_at = _filter("effective_status", "IN", ["ACTIVE", "PENDING_REVIEW"])
        kept = [each for each in filters if each != looked_at]
        trigger = next((each for each in kept if each["operator"] in _CHANGES and _is_metric(each["field"])), None)
        wrong = [each["field"] for each in kept if not _is_for_triggers(each)]
        if trigger is None or wrong:
            raise NotCarriedError(f"with an event, Meta cannot look at {shown(wrong[0]) if wrong else 'no figure'}.")
        rest = [each for each in kept if each is not trigger]
        return {
            "evaluation_type": "TRIGGER",
            "filters": [*settings, *rest],
            "trigger": {"type": "STATS_CHANGE", **trigger},
        }

    def _tell_limits(self) -> None:
        rule = self._rule
        for name, most in NO_LIMITS.items():
            if (own := getattr(rule.limits, name)) < most:
                self._lost.append(Lost(f"limits.{name}", str(own), "Meta has no such limit.", "oftener"))
        if is_rarer(rule.schedule):
            self._lost.append(Lost("schedule", "", "Meta looks each half-hour at most.", "narrower"))


def _refuse_tree() -> None:
    raise NotCarriedError("all filters of a rule of Meta's have to hold: there is no any and no not.")


def _windows(leaf: Leaf) -> list[Window]:
    other = leaf.value.window if isinstance(leaf.value, Against) else None
    return [each for each in (leaf.window if _counts(leaf.expr) else None, other) if each is not None]


def _counts(expr: str) -> bool:
    try:
        return any(name not in NUMBERS for name in names(parse_expression(expr)))
    except ValueError:
        return True  # it names a metric of the client's own


def _strictly(tree: Tree, leaf: Leaf) -> tuple[str, Decimal]:
    """Return `>= 10` as `> 9`, where only whole numbers are compared. Raises NotCarriedError for others."""
    value, counted = leaf.value, isinstance(tree, Named) and tree.name in _WHOLE
    if counted and isinstance(value, Decimal) and value == value.to_integral_value():
        return leaf.op[0], value + (1 if leaf.op == "<=" else -1)
    raise NotCarriedError(f"Meta has > and <, not {leaf.op}.")


def _sized(field: str, leaf: Leaf, scale: Decimal) -> Filter:
    """Return a comparison with a number, or with a range, in Meta's units."""
    operator, value = _OPERATORS.get(leaf.op), leaf.value
    if leaf.op == "in" and isinstance(value, tuple) and len(value) == 1:
        operator, value = "EQUAL", value[0]
    if operator is None or not isinstance(value, Decimal | tuple):
        raise NotCarriedError("Meta compares with a number or a range, not with a rank, a target or a list.")
    if isinstance(value, tuple):
        return _filter(field, operator, [json_number(times(each, scale)) for each in value])
    return _filter(field, operator, json_number(times(value, scale)))


def _filter(field: str, operator: str, value: object) -> Filter:
    return {"field": field, "operator": operator, "value": value}


def _is_said(above_zero: Filter, filters: Sequence[Filter]) -> bool:
    """Return whether other filters let only values above zero through already."""
    return any(
        each["field"] == above_zero["field"]
        and (
            (each["operator"] == "GREATER_THAN" and each["value"] >= 0)
            or (each["operator"] == "IN_RANGE" and each["value"][0] > 0)
        )
        for each in filters
    )


def _is_for_triggers(one: Filter) -> bool:
    field = str(one["field"])
    is_text = isinstance(one["value"], str) or one["operator"] in ("IN", "NOT_IN", "ANY", "ALL", "NONE")
    if " " in field or ":" in field or field.endswith((*_NOT_IN_TRIGGERS, "roas")):
        return False
    return is_text or (field.partition(".")[0] not in LEVELS and not split_preset(field)[0])


def _is_metric(field: str) -> bool:
    return field not in ("daily_budget", "lifetime_budget", "bid_amount", "hours_since_creation") and " " not in field


def _each_once(filters: Sequence[Filter]) -> list[Filter]:
    found: list[Filter] = []
    for each in filters:
        if each not in found:
            found.append(each)
    return found
