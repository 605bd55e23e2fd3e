"""A change of an ad object as data: an absolute target, with the value that it was decided on.

Budgets are integer micros, statuses are text. What is the same has the same canonical JSON and so the same hash.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from aibuyer_kit.core.entities import Level, parse_level
from aibuyer_kit.core.errors import ChangeError
from aibuyer_kit.core.money import MAX_UNITS, MICROS_PER_UNIT, plain_amount

Field = Literal["status", "daily_budget"]
Value = int | str

FIELDS: tuple[Field, ...] = get_args(Field)
ACTIVE, PAUSED = "ACTIVE", "PAUSED"
_STATUSES = (ACTIVE, PAUSED)
_LEVELS_WITH_BUDGETS = (Level.CAMPAIGN, Level.ADSET)
_MOST_MICROS = int(MAX_UNITS) * MICROS_PER_UNIT


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
        if self.level is Level.ACCOUNT or (self.field == "daily_budget" and self.level not in _LEVELS_WITH_BUDGETS):
            raise ChangeError(f"The {self.field} of an object of the level {self.level} cannot be changed.")
        if not all(isinstance(each, str) and each for each in (self.platform, self.account_id, self.object_id)):
            raise ChangeError("A change names its platform, its account and its object.")
        for name, value in (("before", self.before), ("after", self.after)):
            _check(self.field, name, value)
        if self.before == self.after:
            raise ChangeError(f"{self.level} {self.object_id}: {self.field} is {self.after!r} already.")

    @property
    def target(self) -> tuple[str, str, str, str]:
        """What is changed: platform, account, object and field."""
        return self.platform, self.account_id, self.object_id, self.field

    @property
    def raises_spend(self) -> bool:
        """Whether more may be spent after it: a start, or a higher budget."""
        if isinstance(self.before, int) and isinstance(self.after, int):
            return self.after > self.before
        return self.after != PAUSED

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
        """Return the change in a few words; amounts in currency units."""
        said = self.field.replace("_", " ")
        return f"{self.level} {self.object_id}: {said} {shown(self.before)} -> {shown(self.after)}"


def change_of(content: Mapping[str, Any]) -> Change:
    """Return the change that a decoded canonical JSON tells. Raises ChangeError."""
    try:
        return Change(**{**content, "level": parse_level(content["level"])})
    except (TypeError, KeyError) as error:
        raise ChangeError(f"This is not a change: {error}.") from None


def shown(value: Value | None) -> str:
    """Return a value for people: an amount in currency units, or a status.

    >>> shown(12_500_000), shown("PAUSED"), shown(None)
    ('12.50', 'PAUSED', 'nothing')
    """
    if value is None:
        return "nothing"
    return plain_amount(value) if isinstance(value, int) else value


def canonical_json(content: object) -> str:
    """Return the one JSON text of a content that holds no floats."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _check(field: Field, name: str, value: object) -> None:
    if field == "status":
        if value not in _STATUSES:
            raise ChangeError(f"{name} is {value!r}; a status is one of {', '.join(_STATUSES)}.")
    elif isinstance(value, bool) or not isinstance(value, int):
        raise ChangeError(f"{name} is {value!r}; a budget is a whole number of micros, never a float.")
    elif not 0 < value <= _MOST_MICROS:
        raise ChangeError(f"{name} is {value!r}; a budget is more than 0 and at most {_MOST_MICROS:,} micros.")
