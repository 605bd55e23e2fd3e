"""The one shape of a connector: what can be read, and how an answer is judged."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

Action = Literal["ok", "retry", "wait", "split", "reauthorise", "fail"]


@dataclass(frozen=True)
class Verdict:
    """What to do with one answer of a platform; `wait_seconds` is 0 unless the platform said or implied a wait.

    `permission` marks a `fail` that a missing permission caused.
    """

    action: Action
    wait_seconds: float = 0.0
    reason: str = ""
    code: int | None = None
    subcode: int | None = None
    permission: bool = False


@dataclass(frozen=True)
class EntityStream:
    """All objects of one level of an account."""

    level: Level


@dataclass(frozen=True)
class InsightStream:
    """Daily insights of one level of an account over `days`."""

    level: Level
    days: DateRange


Stream = EntityStream | InsightStream


@dataclass(frozen=True)
class AccountFacts:
    """What must be known of an account before anything else is read."""

    platform: str
    account_id: str
    name: str
    currency: str
    time_zone: str


class Connector(Protocol):
    """Reads one account of one platform.

    `fetch` yields Arrow tables of `core.facts` schemas, one or more a page. When it ends without an error the read is
    complete: what it did not yield is not there. Any PlatformError in mid-way means that the read is incomplete.
    """

    platform: str
    account_id: str
    attribution: str  # the setting under which its insights are counted, part of every key

    def account(self) -> AccountFacts: ...

    def platform_time(self) -> "datetime":
        """Return the platform's clock at its latest answer, an aware datetime in UTC."""
        ...

    def fetch(self, stream: Stream) -> "Iterator[pa.Table]": ...
