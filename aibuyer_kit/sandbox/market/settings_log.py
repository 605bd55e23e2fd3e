"""What people set and when: an append-only log from which every figure of the market follows."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

ACTIVE = "ACTIVE"
PAUSED = "PAUSED"
ARCHIVED = "ARCHIVED"
DELETED = "DELETED"
STATUSES = (ACTIVE, PAUSED, ARCHIVED, DELETED)

LOWEST_COST = "LOWEST_COST_WITHOUT_CAP"
BID_CAP = "LOWEST_COST_WITH_BID_CAP"
BID_STRATEGIES = (LOWEST_COST, BID_CAP, "COST_CAP", "LOWEST_COST_WITH_MIN_ROAS")

# What the platform itself may say of an object; none of these delivers.
VERDICTS = ("WITH_ISSUES", "DISAPPROVED", "PENDING_REVIEW", "PENDING_BILLING_INFO", "PREAPPROVED", "IN_PROCESS")

# How long the platform looks at an ad before it delivers it.
REVIEW_US = 15 * 60 * 1_000_000
_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Issue:
    """Why the platform does not deliver an object."""

    code: int
    summary: str
    message: str


@dataclass(frozen=True)
class Setting:
    """What holds for one object from `since_us` on; 0 and empty stand for what the object does not have.

    Of a lifetime budget, `left_minor` were left at `paced_from_us`; they are spent evenly until `end_us`. An ad
    delivers nothing before `reviewed_us`. `verdict` and `issue` are the platform's word, not a person's.
    """

    since_us: int
    status: str
    daily_budget_minor: int = 0
    lifetime_budget_minor: int = 0
    left_minor: int = 0
    paced_from_us: int = 0
    end_us: int = 0
    bid_amount_minor: int = 0
    bid_strategy: str = ""
    # Of the account; kept, and without effect on what is delivered.
    spend_cap_minor: int = 0
    name: str = ""
    creative_id: str = ""
    # JSON, as it was given.
    targeting: str = ""
    reviewed_us: int = 0
    verdict: str = ""
    issue: Issue | None = None

    @property
    def budgets_minor(self) -> tuple[int, int]:
        return self.daily_budget_minor, self.lifetime_budget_minor

    @property
    def has_budget(self) -> bool:
        return any(self.budgets_minor)

    def daily_minor_at(self, moment_us: int) -> float:
        """Return what may be spent a day at a moment: a lifetime budget is spread over what is left of its time."""
        if not self.lifetime_budget_minor:
            return float(self.daily_budget_minor)
        if not self.paced_from_us <= moment_us < self.end_us:
            return 0.0
        return self.left_minor * _DAY_US / (self.end_us - self.paced_from_us)

    def delivers_at(self, moment_us: int) -> bool:
        """Return whether the object lets anything be delivered at a moment at which this setting holds."""
        return self.status == ACTIVE and not self.verdict and moment_us >= self.reviewed_us


class SettingsLog:
    """The settings of every object by id, each in the order of time."""

    def __init__(self) -> None:
        self._entries: dict[str, list[Setting]] = {}
        # When something begins or ends to hold, and for which object, in the order of time.
        self._moments: list[tuple[int, str]] = []
        # Objects that were archived or deleted at any time: few, so that most can be told to be there at once.
        self.ever_gone: set[str] = set()

    def copy(self) -> "SettingsLog":
        """Return one that goes on by itself."""
        twin = SettingsLog()
        twin._entries = {object_id: list(entries) for object_id, entries in self._entries.items()}
        twin._moments, twin.ever_gone = list(self._moments), set(self.ever_gone)
        return twin

    def begin(self, object_id: str, setting: Setting) -> None:
        self._entries[object_id] = [setting]
        self._note(object_id, setting)

    def change(self, object_id: str, now_us: int, **changes: Any) -> bool:
        """Append what is new from `now_us` on, and return whether anything is."""
        latest = self._entries[object_id][-1]
        new = replace(latest, **changes)
        if new == latest:
            return False
        setting = replace(new, since_us=now_us)
        self._entries[object_id].append(setting)
        self._note(object_id, setting)
        return True

    def _note(self, object_id: str, setting: Setting) -> None:
        for moment_us in _moments(setting):
            insort(self._moments, (moment_us, object_id))
        if setting.status in (ARCHIVED, DELETED):
            self.ever_gone.add(object_id)

    def at(self, object_id: str, moment_us: int) -> Setting | None:
        """Return what held at a moment; None before the object was there."""
        entries = self._entries[object_id]
        if entries[-1].since_us <= moment_us:
            return entries[-1]
        place = bisect_right(entries, moment_us, key=_since)
        return entries[place - 1] if place else None

    def first(self, object_id: str) -> Setting:
        return self._entries[object_id][0]

    def changes(self, object_id: str, until_us: int) -> Iterator[tuple[Setting, Setting]]:
        """Yield what held before and after each change up to a moment, oldest first."""
        return ((old, new) for old, new in pairwise(self._entries[object_id]) if new.since_us <= until_us)

    def changes_at(self, object_id: str, moment_us: int) -> Iterator[tuple[Setting, Setting]]:
        """Yield what held before and after each change at a moment, oldest first."""
        entries = self._entries[object_id]
        first = bisect_left(entries, moment_us, key=_since)
        last = bisect_right(entries, moment_us, key=_since)
        return pairwise(entries[max(0, first - 1) : last])

    def moments_within(self, object_id: str, start_us: int, end_us: int) -> list[int]:
        """Return the moments after `start_us` and before `end_us` at which something begins or ends to hold."""
        return [
            moment for entry in self._entries[object_id] for moment in _moments(entry) if start_us < moment < end_us
        ]

    def touched_within(self, start_us: int, end_us: int) -> dict[int, set[str]]:
        """Return the moments after `start_us` up to `end_us` at which anything begins or ends to hold, and for what."""
        first = bisect_left(self._moments, (start_us + 1, ""))
        last = bisect_left(self._moments, (end_us + 1, ""))
        found: dict[int, set[str]] = {}
        for moment_us, object_id in self._moments[first:last]:
            found.setdefault(moment_us, set()).add(object_id)
        return found


def _moments(setting: Setting) -> list[int]:
    return [moment for moment in (setting.since_us, setting.reviewed_us, setting.end_us) if moment]


def _since(setting: Setting) -> int:
    return setting.since_us


def is_significant(old: Setting, new: Setting, budget_change_share: float) -> bool:
    """Return whether a change of an ad set makes it learn anew."""
    kept = ("bid_amount_minor", "bid_strategy", "targeting")
    if any(getattr(old, name) != getattr(new, name) for name in kept):
        return True
    return any(
        abs(after - before) > budget_change_share * before
        for before, after in zip(old.budgets_minor, new.budgets_minor, strict=True)
    )
