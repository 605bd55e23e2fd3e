"""From a rule of Meta's to a document of ours, with what was lost.

A part that cannot be carried is left out only if the rule does less without it, or the same. Else there is no document:
a filter that is dropped makes a rule about more objects than its author meant.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from aibuyer_kit.rules.language import rule_of
from aibuyer_kit.rules.meta.carried import (
    Carried,
    Counting,
    Lost,
    NotCarriedError,
    Surroundings,
    entries,
    known,
    mapping,
    shown,
)
from aibuyer_kit.rules.meta.executions import About, Execution, execution_of
from aibuyer_kit.rules.meta.figures import LEVELS
from aibuyer_kit.rules.meta.filters import SETTINGS, Filters, filter_entries, setting_of
from aibuyer_kit.rules.meta.schedules import schedule_of
from aibuyer_kit.rules.strict import LONGEST_NAME

FILTERS = "evaluation_spec.filters"
_DAY_MINUTES = 1440
# Shorter than any two looks at an object, so that it never holds a rule back.
_NO_WAIT = "15m"
# As many as the language takes: Meta has no such limits.
NO_LIMITS: Mapping[str, int] = {"changes_per_day": 10_000, "runs_per_day": 96}
_LONGEST_SLUG = 40
_SWITCHED_ON = "ENABLED"
_LOOKED_AT: Mapping[str, Any] = {"field": "effective_status", "op": "in", "value": ("ACTIVE", "PENDING_REVIEW")}
_LOOKED_AT_TO_START: Mapping[str, Any] = {
    "field": "effective_status",
    "op": "not in",
    "value": ("DELETED", "ARCHIVED"),
}


def from_meta(
    spec: Mapping[str, Any],
    *,
    minor_per_unit: int,
    counting: Counting | None = None,
    levels: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    endpoint: str = "",
) -> Carried:
    """Return a rule as it is read from `adrules_library` as a document that `rule_of` takes, in the mode `notify`.

    `minor_per_unit` is that of the account's currency, `counting` what the client counts as a result, `levels` the
    level of objects by id (`adset`), `labels` the names of labels by id, `endpoint` where the app's webhooks go to.
    """
    around = Surroundings(minor_per_unit, counting or Counting(), levels or {}, labels or {}, endpoint)
    return _Reading(spec, around).read()


class _Reading:
    """One reading of one rule: what it comes to so far, and what was lost."""

    def __init__(self, spec: Mapping[str, Any], around: Surroundings) -> None:
        self._spec = spec
        self._around = around
        self._lost: list[Lost] = []
        self._evaluation = mapping(spec.get("evaluation_spec"))
        self._execution = mapping(spec.get("execution_spec"))
        self._filters = filter_entries(self._evaluation)

    def read(self) -> Carried:
        is_enabled = self._spec.get("status", _SWITCHED_ON) == _SWITCHED_ON
        level = self._level()
        document = self._document(level) if level else None
        if document and all(each.is_harmless for each in self._lost):
            document = self._checked({**document, "notes": self._notes()})
        else:
            document = None
        return Carried(document, tuple(self._lost), is_enabled)

    def _lose(self, place: str, what: object, error: NotCarriedError) -> None:
        self._lost.append(Lost(place, shown(what), str(error), error.without_it))

    def _level(self) -> str:
        """Return the level of the objects that the rule is about; '' if it is not known."""
        said = setting_of(self._filters, "entity_type").lower()
        if said:
            found = {said}
        else:
            listed = [each.get("value") for each in self._filters if each.get("field") == "id"]
            ids = [str(one) for value in listed for one in (entries(value) or [value])]
            found = {self._around.levels.get(each, "") for each in ids}
        level = found.pop() if len(found) == 1 else ""
        if level not in LEVELS:
            error = NotCarriedError("it names ids, and of which level they are is not known.", "other")
            self._lose(FILTERS, "entity_type", error)
            return ""
        return level

    def _document(self, level: str) -> dict[str, Any]:
        preset = setting_of(self._filters, "time_preset")
        filters = Filters(level, preset, setting_of(self._filters, "attribution_window"), self._around)
        schedule = self._schedule(filters)
        self._filter(filters)
        self._check_keys()
        execution = self._executed(filters)
        self._add_what_is_looked_at(filters)
        cooldown = self._cooldown(execution, preset)
        return {
            "id": rule_id(self._spec),
            "name": self._name(),
            "level": level,
            "scope": {"where": _each_once(filters.where)},
            "when": {"all": _each_once([*filters.when, *execution.when]) or [filters.where[0]]},
            "then": list(execution.actions),
            "schedule": schedule,
            "cooldown": cooldown,
            "limits": dict(NO_LIMITS),
            "mode": "notify",
            "tags": ["from-meta"],
        }

    def _filter(self, filters: Filters) -> None:
        for place, entry in enumerate(self._filters):
            if entry.get("field") in SETTINGS:
                continue
            try:
                filters.add(entry)
            except NotCarriedError as error:
                # Whatever is wrong with it: a filter that is dropped leaves more objects.
                what = f"{entry.get('field')} {entry.get('operator')} {entry.get('value')}"
                self._lost.append(Lost(f"{FILTERS}[{place}]", shown(what), str(error), "wider"))

    def _check_keys(self) -> None:
        try:
            known(self._evaluation, ("evaluation_type", "filters", "trigger", "id"))
        except NotCarriedError as error:
            self._lose("evaluation_spec", "", error)

    def _executed(self, filters: Filters) -> Execution:
        has = {each["expr"] for each in filters.when if not each.get("of") and _is_above_zero(each)}
        about = About(
            filters.level, filters.preset, filters.attribution, "daily_budget" in has, "lifetime_budget" in has
        )
        found = Execution()
        try:
            found = execution_of(self._execution, about, self._around)
        except NotCarriedError as error:
            without = error.without_it if error.without_it == "oftener" else "other"
            self._lost.append(Lost("execution_spec", shown(self._execution.get("execution_type")), str(error), without))
        self._lost += found.lost
        return found

    def _add_what_is_looked_at(self, filters: Filters) -> None:
        """Say of which status objects are, where Meta takes it for granted."""
        if not any(each["field"] == "effective_status" for each in filters.where):
            starts = self._execution.get("execution_type") == "UNPAUSE"
            filters.where.append(_LOOKED_AT_TO_START if starts else _LOOKED_AT)

    def _schedule(self, filters: Filters) -> Mapping[str, Any]:
        try:
            if self._is_triggered:
                self._add_trigger(filters)
                return {"on": "event"}
            return schedule_of(self._spec.get("schedule_spec"))
        except NotCarriedError as error:
            place = "evaluation_spec.trigger" if self._is_triggered else "schedule_spec"
            what = mapping(self._evaluation.get("trigger")).get("type") if self._is_triggered else ""
            self._lose(place, what or self._spec.get("schedule_spec", ""), error)
            return {}

    @property
    def _is_triggered(self) -> bool:
        return self._evaluation.get("evaluation_type") == "TRIGGER"

    def _add_trigger(self, filters: Filters) -> None:
        """Take the change of a figure as one more condition. Raises NotCarriedError for any other event."""
        trigger = dict(mapping(self._evaluation.get("trigger")))
        if trigger.pop("type", None) != "STATS_CHANGE":
            raise NotCarriedError("only figures that change are an event here.", "other")
        kind = self._execution.get("execution_type")
        if kind not in ("PAUSE", "UNPAUSE") and filters.preset != "TODAY":
            raise NotCarriedError("what stays true over days would be told again each day.", "oftener")
        filters.add(trigger)

    def _cooldown(self, execution: Execution, preset: str) -> str:
        only_tells = any(each["action"] in ("notify", "call") for each in execution.actions)
        if self._is_triggered and only_tells and preset == "TODAY":
            reason = "an event tells of an object once a day here."
            self._lost.append(Lost("evaluation_spec.trigger", "each time that it turns true", reason, "narrower"))
            return "1d"
        minutes = execution.cooldown_minutes
        return duration(minutes) if minutes else _NO_WAIT

    def _name(self) -> str:
        whole = self._spec.get("name")
        name = plain_text(whole)[:LONGEST_NAME].strip() or f"Meta's rule {shown(self._spec.get('id', ''))}".strip()
        if name != whole:
            self._lost.append(Lost("name", shown(whole), "a name here is one line of 200 letters.", "same"))
        return name

    def _notes(self) -> str:
        number = self._spec.get("id")
        lines = [f"From Meta's rule {shown(number)}." if number else "From a rule of Meta's.", *map(str, self._lost)]
        return " ".join(lines)[:2_000]

    def _checked(self, document: dict[str, Any]) -> dict[str, Any] | None:
        """Return the document if it is a rule; None, with the reason, if it is not."""
        try:
            rule_of(document)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            place = ".".join(str(each) for each in first["loc"] if not str(each).startswith("<"))
            reason = f"{first['msg'].removeprefix('Value error, ').rstrip('.')}."
            self._lost.append(Lost(place or "rule", shown(document["name"]), reason, "other"))
            return None
        return document


def rule_id(spec: Mapping[str, Any]) -> str:
    """Return an id of ours: what of the name can stand in one, and the number of Meta's rule.

    >>> rule_id({"id": "23", "name": "../Pause: dear ones"})
    'pause-dear-ones-23'
    """
    name = unicodedata.normalize("NFKD", plain_text(spec.get("name"))[:500])
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST_SLUG].strip("-")
    number = str(spec.get("id", ""))
    digits = number if re.fullmatch(r"[0-9]{1,20}", number, re.ASCII) else ""
    return "-".join(part for part in (slug, digits) if part) or "meta-rule"


def duration(minutes: int) -> str:
    """Return minutes as a duration, in the largest unit that fits.

    >>> duration(720), duration(1440), duration(45)
    ('12h', '1d', '45m')
    """
    for unit, length in (("d", _DAY_MINUTES), ("h", 60)):
        if minutes % length == 0:
            return f"{minutes // length}{unit}"
    return f"{minutes}m"


def plain_text(content: object) -> str:
    """Return a text without what cannot be seen: control characters, and those that turn the direction."""
    text = content if isinstance(content, str) else ""
    return "".join(each if each.isprintable() else " " for each in text).strip()


def _is_above_zero(leaf: Mapping[str, Any]) -> bool:
    """Return whether a comparison holds of numbers above zero only: at Meta a budget that is not there may be 0."""
    value = leaf["value"]
    if leaf["op"] == "in range":
        return bool(value[0] > 0)
    return leaf["op"] == ">" and isinstance(value, Decimal) and value >= 0


def _each_once(documents: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for each in documents:
        if each not in found:
            found.append(each)
    return found
