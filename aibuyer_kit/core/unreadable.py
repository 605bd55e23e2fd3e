"""Rows that could not become facts: kept with their reason until they can be read, never mended and never dropped."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from aibuyer_kit.core.dates import DateRange

MOST_CHARACTERS = 4_000


@dataclass(frozen=True)
class UnreadableRow:
    """One row as it came (`raw`, canonical JSON), the `field` that could not be read, and why.

    `entity_id`, `days` and `breakdown` are its key as far as it is known, None where it is not; `asked` are the days
    that were asked for, None for objects. Secrets have been taken out of `raw` and `reason`.
    """

    field: str
    reason: str
    raw: str
    entity_id: str | None = None
    days: DateRange | None = None
    breakdown: str | None = None
    asked: DateRange | None = None

    @property
    def has_whole_key(self) -> bool:
        return None not in (self.entity_id, self.breakdown) and (self.asked is None or self.days is not None)

    @property
    def may_be_of(self) -> DateRange | None:
        """The days that it may be about; None for an object."""
        return self.days or self.asked

    @property
    def identity(self) -> str:
        """Return what tells it from other rows of its read: its key, or all of it where the key is not whole."""
        parts = (self.entity_id, self.breakdown, str(self.days), "" if self.has_whole_key else self.raw)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


Rejected = Callable[[UnreadableRow], None]


def raw_json(row: object) -> str:
    """Return a row as canonical JSON of at most MOST_CHARACTERS; of a longer one the beginning, and how long it is.

    >>> raw_json({"spend": "abc", "ad_id": "7"})
    '{"ad_id":"7","spend":"abc"}'
    """
    text = _json(row)
    if len(text) <= MOST_CHARACTERS:
        return text
    # Quoting makes the beginning longer, twice as long at most.
    return _json({"beginning": text[: MOST_CHARACTERS // 2 - 50], "characters": len(text)})


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
