"""A change of an ad object as data: an absolute target, with the value that it was decided on.

Budgets and bids are integer micros, everything else is text: a status, a name, the id of a creative, labels as a JSON
list in a fixed order, a copy to be made as a JSON object. What is the same has the same canonical JSON and so the same
hash.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from aibuyer_kit.core.entities import Level, parse_level
from aibuyer_kit.core.errors import ChangeError
from aibuyer_kit.core.escape import for_terminal
from aibuyer_kit.core.money import MAX_UNITS, MICROS_PER_UNIT, plain_amount

Field = Literal["status", "daily_budget", "lifetime_budget", "bid", "name", "creative", "labels", "copy"]
Value = int | str

FIELDS: tuple[Field, ...] = get_args(Field)
BUDGETS: tuple[Field, ...] = ("daily_budget", "lifetime_budget")
AMOUNTS: tuple[Field, ...] = (*BUDGETS, "bid")
# What no connector can make yet: it is proposed, `apply` refuses it, and a person makes it.
BY_HAND: tuple[Field, ...] = ("labels", "copy")
ACTIVE, PAUSED = "ACTIVE", "PAUSED"
# Before it is made there is no copy.
NO_COPY = ""
LONGEST_NAME = 400
_STATUSES = (ACTIVE, PAUSED)
_LEVELS_WITH_BUDGETS = (Level.CAMPAIGN, Level.ADSET)
_MOST_MICROS = int(MAX_UNITS) * MICROS_PER_UNIT
_CREATIVE_ID = re.compile(r"[0-9]{1,32}", re.ASCII)
_MOST_LABELS = 200


@dataclass(frozen=True)
class Change:
    """Set one field of one object to `after`; it holds only as long as the platform still has `before`.

    Raises ChangeError for a value that is not exact or makes no sense, and for a target that is no change.

    >>> Change("meta", "act_1", Level.ADSET, "7", "daily_budget", 50_000_000, 60_000_000).sentence()
    'adset 7: daily budget 50 -> 60'
    """

    platform: str
    account_id: str
    level: Level
    object_id: str
    field: Field
    before: Value
    after: Value

    def __post_init__(self) -> None:
        if self.field not in FIELDS:
            raise ChangeError(f"There is no field {self.field!r} to change. Known: {', '.join(FIELDS)}.")
        if not self._is_there():
            raise ChangeError(f"The {self.field} of an object of the level {self.level} cannot be changed.")
        if not all(isinstance(each, str) and each for each in (self.platform, self.account_id, self.object_id)):
            raise ChangeError("A change names its platform, its account and its object.")
        for name, value in (("before", self.before), ("after", self.after)):
            _check(self.field, name, value)
        if self.before == self.after:
            raise ChangeError(f"{self.level} {self.object_id}: {self.field} is {self.after!r} already.")

    def _is_there(self) -> bool:
        """Return whether objects of this level have the field."""
        if self.field in AMOUNTS:
            return self.level in _LEVELS_WITH_BUDGETS
        return self.level is Level.AD if self.field == "creative" else self.level is not Level.ACCOUNT

    @property
    def target(self) -> tuple[str, str, str, str]:
        """What is changed: platform, account, object and field."""
        return self.platform, self.account_id, self.object_id, self.field

    @property
    def raises_spend(self) -> bool:
        """Whether more may be spent after it: a start, a higher budget or bid. A copy is made paused."""
        if isinstance(self.before, int) and isinstance(self.after, int):
            return self.after > self.before
        return self.field == "status" and self.after != PAUSED

    @property
    def pauses(self) -> bool:
        return self.field == "status" and self.after == PAUSED

    def reversed(self) -> "Change":
        """Return the change that takes this one back."""
        return Change(
            self.platform, self.account_id, self.level, self.object_id, self.field, before=self.after, after=self.before
        )

    def canonical(self) -> str:
        """Return the one JSON text of this change: sorted keys, no spaces."""
        return canonical_json(asdict(self))

    def fingerprint(self) -> str:
        """Return the SHA-256 of the canonical JSON, in hexadecimal."""
        return sha256(self.canonical())

    def sentence(self) -> str:
        """Return the change in a few words, fit for a terminal; amounts in currency units."""
        said = self.field.replace("_", " ")
        before, after = (for_terminal(shown(value)) for value in (self.before, self.after))
        return f"{self.level} {self.object_id}: {said} {before} -> {after}"


def change_of(content: Mapping[str, Any]) -> Change:
    """Return the change that a decoded canonical JSON tells. Raises ChangeError."""
    try:
        return Change(**{**content, "level": parse_level(content["level"])})
    except (TypeError, KeyError) as error:
        raise ChangeError(f"This is not a change: {error}.") from None


def shown(value: Value | None) -> str:
    """Return a value for people: an amount in currency units, or text as it is, which may be anybody's.

    >>> shown(12_500_000), shown("PAUSED"), shown(None)
    ('12.50', 'PAUSED', 'nothing')
    """
    if value is None or value == NO_COPY:
        return "nothing"
    return plain_amount(value) if isinstance(value, int) else value


def labels_value(labels: Iterable[str]) -> str:
    """Return labels as the value of a change: each once, in a fixed order.

    >>> labels_value(["scale", "autumn", "scale"])
    '["autumn","scale"]'
    """
    return canonical_json(sorted(set(labels)))


def copy_value(name: str, daily_budget_micros: int | None = None) -> str:
    """Return a paused copy that is to be made as the value of a change; without a budget it has that of the original.

    Raises ChangeError for a budget that is none.
    """
    if daily_budget_micros is None:
        return canonical_json({"name": name})
    _check("daily_budget", "the copy's budget", daily_budget_micros)
    return canonical_json({"daily_budget": daily_budget_micros, "name": name})


def canonical_json(content: object) -> str:
    """Return the one JSON text of a content that holds no floats."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _check(field: Field, name: str, value: object) -> None:
    if field in AMOUNTS:
        _check_amount(name, value)
    elif not isinstance(value, str):
        raise ChangeError(f"{name} is {value!r}; a {field} is text.")
    elif field == "status" and value not in _STATUSES:
        raise ChangeError(f"{name} is {value!r}; a status is one of {', '.join(_STATUSES)}.")
    elif field == "name" and not (value.strip() and len(value) <= LONGEST_NAME):
        raise ChangeError(f"{name} is {value!r}; a name has 1 to {LONGEST_NAME} characters.")
    elif field == "creative" and not _CREATIVE_ID.fullmatch(value):
        raise ChangeError(f"{name} is {value!r}; a creative is told by its id, which is a number.")
    elif field == "labels" and not _are_labels(value):
        raise ChangeError(f"{name} is {value!r}; labels are a JSON list of at most {_MOST_LABELS} texts, sorted.")
    elif field == "copy" and not (_is_copy(value) if name == "after" else value == NO_COPY):
        raise ChangeError(f"{name} is {value!r}; a copy is a JSON object with a name, and nothing before it is made.")


def _check_amount(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ChangeError(f"{name} is {value!r}; an amount is a whole number of micros, never a float.")
    if not 0 < value <= _MOST_MICROS:
        raise ChangeError(f"{name} is {value!r}; an amount is more than 0 and at most {_MOST_MICROS:,} micros.")


def _are_labels(text: str) -> bool:
    found = _decoded(text)
    return (
        isinstance(found, list)
        and len(found) <= _MOST_LABELS
        and all(isinstance(each, str) and each for each in found)
        and labels_value(found) == text
    )


def _is_copy(text: str) -> bool:
    found = _decoded(text)
    if not isinstance(found, dict) or not isinstance(found.get("name"), str) or not found["name"].strip():
        return False
    if len(found["name"]) > LONGEST_NAME or set(found) - {"name", "daily_budget"}:
        return False
    return copy_value(found["name"], found.get("daily_budget")) == text


def _decoded(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
