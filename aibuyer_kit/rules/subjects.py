"""The objects that rules are about, and which of them a scope names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from aibuyer_kit.core.entities import Level
from aibuyer_kit.rules.conditions import FieldLeaf
from aibuyer_kit.rules.logic import Verdict, all_of
from aibuyer_kit.rules.scope import Scope

# What a field says of an object: a text, the texts of a list; None where it is not known.
Text = str | tuple[str, ...] | None


@dataclass(frozen=True)
class Subject:
    """One object as the warehouse knows it; a budget is missing where it is set elsewhere. Names are untrusted text.

    `texts` and `numbers` hold what else is known of it, by the names in fields.py; money in micros.
    """

    platform: str
    account_id: str
    level: Level
    object_id: str
    name: str
    campaign_name: str
    status: str | None
    daily_budget_micros: int | None
    minor_per_unit: int
    campaign_id: str | None = None
    adset_id: str | None = None
    created_on: date | None = None
    texts: Mapping[str, Text] = field(default_factory=dict)
    numbers: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        return self.platform, self.account_id, self.object_id

    def text(self, name: str) -> Text:
        """Return a text field; None where it is not known."""
        match name:
            case "id":
                return self.object_id
            case "name":
                return self.name
            case "campaign.name":
                return self.campaign_name
            case "campaign.id":
                return self.campaign_id
            case "adset.id":
                return self.adset_id
            case "status":
                return self.status
        return self.texts.get(name)

    def number(self, name: str) -> float | None:
        """Return a numeric field, money in micros; None where it is not known."""
        if name == "daily_budget":
            return self.daily_budget_micros
        return self.numbers.get(name)


def is_in(scope: Scope, subject: Subject) -> bool:
    """Return whether a scope names this object; where that cannot be told, it does not."""
    ids = {subject.object_id, subject.campaign_id, subject.adset_id}
    if scope.status is not None and subject.status not in scope.status:
        return False
    if scope.include is not None and not ids & set(scope.include):
        return False
    if scope.exclude is not None and ids & set(scope.exclude):
        return False
    if scope.created_before is not None and not (subject.created_on and subject.created_on < scope.created_before):
        return False
    return all_of(holds(each, subject) for each in scope.where or ()) is True


def holds(leaf: FieldLeaf, subject: Subject) -> Verdict:
    """Return whether a comparison of a text field holds of an object; None where the field is not known."""
    return compared_text(leaf.op, subject.text(leaf.field), leaf.value)


def compared_text(op: str, said: Text, wanted: str | tuple[str, ...]) -> Verdict:
    """Return whether a text, or a list of texts, stands in this relation to what is wanted.

    >>> compared_text("contains", "Prospecting UA", "UA"), compared_text("none", ("a",), ("a", "b"))
    (True, False)
    """
    if said is None:
        return None
    if isinstance(said, tuple):
        return _LISTS[op](set(said), {wanted} if isinstance(wanted, str) else set(wanted))
    return _TEXTS[op](said, wanted)


_LISTS: Mapping[str, Callable[[set[str], set[str]], bool]] = {
    "any": lambda said, wanted: bool(said & wanted),
    "all": lambda said, wanted: wanted <= said,
    "none": lambda said, wanted: not said & wanted,
    "contains": lambda said, wanted: wanted <= said,
    "not contains": lambda said, wanted: not wanted <= said,
}
_TEXTS: Mapping[str, Callable[[str, Any], bool]] = {
    "=": lambda said, wanted: said == wanted,
    "!=": lambda said, wanted: said != wanted,
    "in": lambda said, wanted: said in wanted,
    "not in": lambda said, wanted: said not in wanted,
    "contains": lambda said, wanted: wanted in said,
    "not contains": lambda said, wanted: wanted not in said,
}
