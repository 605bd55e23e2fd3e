"""A decision as the ledger keeps it: with the exact rules, targets and maturity curves that it rests on."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal

import numpy as np

from aibuyer_kit.core.changes import Change, canonical_json
from aibuyer_kit.core.results import ResultRules, ResultSetting
from aibuyer_kit.guardrails.picture import Limits, Stop
from aibuyer_kit.ledger.evaluation_records import Firing, KeptEffect, Kind, RuleFinding
from aibuyer_kit.rules.conditions import AS_SAID
from aibuyer_kit.rules.effects import Effect, Notice, OutgoingCall
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.table import Table
from aibuyer_kit.workflows.desk import Match, Sorted, Wish


@dataclass(frozen=True)
class Looked:
    """One rule over one account: how many objects of its scope were looked at, and those on which it is true."""

    rule: Rule
    platform: str
    account_id: str
    local_day: str
    slot: str | None
    evaluated: int
    latency_us: int
    matches: tuple[Match, ...]
    whole: bool


@dataclass(frozen=True)
class Standing:
    """What else a decision rests on: what counts as a result, limits of guardrails, and the kill switch.

    `in_force` are the revisions of all rules that had a say, by id; None where only those had one that were looked at.
    `ripens`: figures still arriving were held against what they were expected to come to; decisions of before did not.
    """

    results: ResultRules
    limits: Limits
    stop: Stop
    in_force: Mapping[str, str] | None = None
    ripens: bool | None = None

    def content(self) -> str:
        """Return it as a record keeps it."""
        return canonical_json({name: each for name, each in asdict(self).items() if each is not None})


def standing_of(kept: str) -> Standing:
    """Return what a record keeps."""
    told = json.loads(kept)
    results = told["results"]
    by_objective = {name: ResultSetting(**each) for name, each in results["by_objective"].items()}
    return Standing(
        ResultRules(ResultSetting(**results["default"]), by_objective),
        Limits(**told["limits"]),
        Stop(**told["stop"]),
        told.get("in_force"),
        told.get("ripens"),
    )


def rule_json(rule: Rule) -> str:
    """Return the whole of a rule as one JSON text that parses to the same rule: defaults and exact numbers included."""
    return _exact_json(rule.model_dump(by_alias=True, exclude_none=True, context=AS_SAID))


def targets_json(tables: Iterable[Table]) -> str:
    """Return the targets that tables hold, by metric, account and object; one that all objects share stands once."""
    found: dict[str, dict[str, object]] = {}
    for table in tables:
        for metric, values in sorted(table.targets.items()):
            told = {each.object_id: repr(float(value)) for each, value in zip(table.subjects, values, strict=True)}
            accounts = {each.account_id for each in table.subjects}
            shared = set(told.values())
            known: object = shared.pop() if len(shared) == 1 else told
            for account_id in accounts:
                found.setdefault(metric, {})[f"{account_id} {table.level}"] = known
    return canonical_json(found)


def finding_of(looked: Looked, done: Sorted) -> RuleFinding:
    """Return what one rule found in one account, with what came of each effect."""
    return RuleFinding(
        looked.rule.id,
        looked.rule.revision,
        looked.platform,
        looked.account_id,
        looked.rule.level,
        looked.local_day,
        looked.evaluated,
        looked.latency_us,
        tuple(_firing(match, done) for match in looked.matches),
        looked.slot,
        looked.whole,
    )


def _firing(match: Match, done: Sorted) -> Firing:
    effects = tuple(_kept(Wish(match, each), done) for each in match.effects)
    return Firing(match.subject.object_id, match.subject.name, match.trace.content(), effects)


def _kept(wish: Wish, done: Sorted) -> KeptEffect:
    kind, content = _content(wish.effect)
    held = done.held.get(wish)
    if held is None:
        return KeptEffect(kind, content, done.places.get(wish))
    return KeptEffect(kind, content, None, held.why, f"{held.by}: {held.reason}")


def _content(effect: Effect) -> tuple[Kind, str]:
    match effect.what:
        case Change() as change:
            return "change", change.canonical()
        case Notice(message=message):
            return "notice", canonical_json({"message": message})
        case OutgoingCall(url=url, body=body):
            return "call", canonical_json({"url": url, "body": body})
        case reason:
            return "nothing", canonical_json({"action": effect.action, "reason": reason})


def _exact_json(value: object) -> str:
    match value:
        case Mapping():
            return "{" + ",".join(f"{json.dumps(str(key))}:{_exact_json(value[key])}" for key in sorted(value)) + "}"
        case str() | bool() | None:
            return json.dumps(value)
        case Sequence():
            return "[" + ",".join(map(_exact_json, value)) + "]"
        case Decimal():
            return f"{value:f}"
        case date():
            return json.dumps(value.isoformat())
    return json.dumps(value, allow_nan=False)


def with_targets(table: Table, kept: str) -> Table:
    """Return a table with the targets that a record keeps."""
    accounts = {f"{each.account_id} {table.level}" for each in table.subjects}
    found = {
        metric: np.array([_target(by_account, each, table) for each in table.subjects], dtype=np.float64)
        for metric, by_account in json.loads(kept).items()
        if accounts & set(by_account)
    }
    return replace(table, targets=found)


def _target(by_account: Mapping[str, str | Mapping[str, str]], each: Subject, table: Table) -> float:
    told = by_account.get(f"{each.account_id} {table.level}")
    said = told.get(each.object_id) if isinstance(told, Mapping) else told
    return math.nan if said is None else float(said)
