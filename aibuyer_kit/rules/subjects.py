"""The objects that rules are about, and which of them a scope names."""

from dataclasses import dataclass

from aibuyer_kit.core.entities import Level
from aibuyer_kit.rules.language import Filter, Scope


@dataclass(frozen=True)
class Subject:
    """One object as the warehouse knows it; a budget is missing where it is set elsewhere. Names are untrusted text."""

    platform: str
    account_id: str
    level: Level
    object_id: str
    name: str
    campaign_name: str
    status: str | None
    daily_budget_micros: int | None
    minor_per_unit: int


def is_in(scope: Scope, subject: Subject) -> bool:
    """Return whether a scope names this object."""
    if scope.status is not None and subject.status not in scope.status:
        return False
    return all(_fits(each, subject) for each in scope.where or ())


def _fits(each: Filter, subject: Subject) -> bool:
    name = subject.name if each.field == "name" else subject.campaign_name
    match each.op:
        case "=":
            return name == each.value
        case "!=":
            return name != each.value
        case "contains":
            return each.value in name
        case "not contains":
            return each.value not in name
