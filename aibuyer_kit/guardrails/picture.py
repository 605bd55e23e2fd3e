"""What the checks look at, frozen at one moment, and what they say."""

from dataclasses import dataclass
from datetime import datetime

from aibuyer_kit.core.changes import Value


@dataclass(frozen=True)
class Limits:
    """How far changes may go; shares are of the value that they are counted from (0.2 is a fifth)."""

    most_increase_share: float = 0.2
    most_decrease_share: float = 0.5
    budget_edits_an_hour: int = 3
    data_age_hours: float = 24.0


@dataclass(frozen=True)
class Stop:
    """The kill switch: on with a reason; off only where it was looked at and found to be off."""

    is_on: bool
    reason: str = ""


@dataclass(frozen=True)
class Picture:
    """All that is known when one change is checked; what is missing is None, and refused.

    `now` and all other moments are the platform's. `current` is the value that the object has now. `values` are those
    that the field held within the last 24 hours, the oldest first, as far as they are known: the one of 24 hours ago,
    and before and after each of our own calls. `edits` are our calls of the last hour, `last_edit` is our latest call
    ever known; `data_known_at` is when the figures were read that it was decided on, None where a person decided.
    """

    now: datetime
    stop: Stop
    current: Value | None
    values: tuple[Value, ...] = ()
    edits: tuple[datetime, ...] = ()
    last_edit: datetime | None = None
    data_known_at: datetime | None = None
    decided_on_data: bool = True
    restores: bool = False


@dataclass(frozen=True)
class Finding:
    """What one check says of one change; with `wait_until` the same change may pass later."""

    guardrail: str
    allowed: bool
    reason: str = ""
    wait_until: datetime | None = None


def passed(guardrail: str) -> Finding:
    return Finding(guardrail, allowed=True)


def refused(guardrail: str, reason: str, *, wait_until: datetime | None = None) -> Finding:
    return Finding(guardrail, allowed=False, reason=reason, wait_until=wait_until)
