"""The one shape of a connector: what can be read, and how an answer is judged."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, Protocol

from aibuyer_kit.connectors.budget import CallBudget
from aibuyer_kit.connectors.service import Service
from aibuyer_kit.core.changes import Change, Field, Value
from aibuyer_kit.core.clock import Clock
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.unreadable import Rejected

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

HOUR = "hour"
REACH_WINDOWS_DAYS = (1, 7, 28)

Action = Literal["ok", "retry", "wait", "split", "reauthorise", "fail"]
# Whose limit a wait is for: the app's, the account's score, the account's in one business use case, or one object's.
Held = Literal["app", "account", "business", "object"]


@dataclass(frozen=True)
class Verdict:
    """What to do with one answer of a platform; `wait_seconds` is 0 unless the platform said or implied a wait.

    `permission` marks a `fail` that a missing permission caused; `holds` says whose limit a wait is for.
    """

    action: Action
    wait_seconds: float = 0.0
    reason: str = ""
    code: int | None = None
    subcode: int | None = None
    permission: bool = False
    holds: Held = "account"


@dataclass(frozen=True)
class EntityStream:
    """All objects of one level of an account."""

    level: Level


@dataclass(frozen=True)
class CreativeStream:
    """All creatives of an account."""


@dataclass(frozen=True)
class InsightStream:
    """Daily insights of one level of an account over `days`, as a whole or broken down.

    `hourly` rows have the breakdown {"hour": "00"} to {"hour": "23"}, in the account's time zone.
    Raises InputError for a breakdown that is not a plain name, is given twice, or is combined with `hourly`.
    """

    level: Level
    days: DateRange
    breakdowns: tuple[str, ...] = ()
    hourly: bool = False

    def __post_init__(self) -> None:
        if len(set(self.breakdowns)) < len(self.breakdowns) or not all(map(str.isidentifier, self.breakdowns)):
            raise InputError(f"The breakdowns {self.breakdowns!r} are not different plain names, such as age, gender.")
        if self.hourly and self.breakdowns:
            raise InputError("Hours cannot be broken down further. Ask for either `hourly` or `breakdowns`.")

    @property
    def breakdown_names(self) -> tuple[str, ...]:
        """The keys of every row's `breakdown`, sorted."""
        return (HOUR,) if self.hourly else tuple(sorted(self.breakdowns))


@dataclass(frozen=True)
class ReachStream:
    """People reached by each object of one level in the `window_days` days that end on each day of `ends`.

    Raises InputError for a window other than 1, 7 or 28 days.
    """

    level: Level
    window_days: int
    ends: DateRange

    def __post_init__(self) -> None:
        if self.window_days not in REACH_WINDOWS_DAYS:
            raise InputError(f"window_days is {self.window_days}; reach is read for windows of 1, 7 or 28 days.")


Stream = EntityStream | CreativeStream | InsightStream | ReachStream


@dataclass(frozen=True)
class Checkpoint:
    """What is left of a read after the tables that it has given; `left` is the connector's own and may be kept.

    A connector goes on from it by `fetch(checkpoint.stream, after=checkpoint)`, without a gap and without repeating.
    All days before `first_day_left` have been given whole; None for a stream that is not read by days.
    """

    stream: Stream
    left: tuple[object, ...]
    first_day_left: date | None = None


@dataclass(frozen=True)
class AccountFacts:
    """What must be known of an account before anything else is read."""

    platform: str
    account_id: str
    name: str
    currency: str
    time_zone: str


class Connector(Protocol):
    """Reads one account of one platform, and changes its objects.

    `fetch` yields Arrow tables of `core.facts` schemas, one or more a page. When it ends without an error the read is
    complete: what it did not yield is not there. Any PlatformError in mid-way means that the read is incomplete.
    After it, `checkpoint` holds what is left to read, and `fetch` goes on from there; None when nothing is left.
    A row that cannot be read goes to `rejected` and ends nothing, unless there are so many that the format has changed;
    the read is complete then for all other keys.
    `notices` says in plain sentences what was left out or mended on the way: a field that the platform refuses, say.
    `budget` is shared by the connectors of one app; `clock` is the one on which its limits are counted.
    """

    platform: str
    account_id: str
    attribution: str  # the setting under which its insights are counted, part of every key
    notices: list[str]
    checkpoint: Checkpoint | None
    budget: CallBudget
    service: Service
    clock: Clock

    def account(self) -> AccountFacts: ...

    def platform_time(self) -> "datetime":
        """Return the platform's clock at its latest answer, an aware datetime in UTC."""
        ...

    def fetch(
        self, stream: Stream, *, after: Checkpoint | None = None, rejected: Rejected | None = None
    ) -> "Iterator[pa.Table]": ...

    def why_not(self, change: Change) -> str:
        """Return why a change of this kind cannot be made here, as a sentence; nothing where it can. Asks nobody."""
        ...

    def change(self, change: Change) -> None:
        """Set one field to an absolute value, in one call that is never repeated and never waits.

        Raises RateLimitError if the platform takes it not now, RefusedError or AuthorisationError if not at all, and
        any other PlatformError if it may have taken effect: then the value is to be read back before anything else.
        """
        ...

    def read_value(self, object_id: str, field: Field) -> Value | None:
        """Return the value that an object of this account has now; None where there is none. Raises PlatformError."""
        ...
