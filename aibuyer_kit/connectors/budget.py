"""The calls that a platform still allows, shared by everything that uses one app: streams, threads, accounts.

Source of the two thresholds: public connectors stop starting new reads at 90% of a limit and pause at 95%.
"""

import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aibuyer_kit.connectors.holds import HoldFile

STOP_STARTING_PERCENT = 90.0
PAUSE_PERCENT = 95.0
# A limit whose reset is not stated is looked at again after this time, by one call.
LOOK_AGAIN_SECONDS = 60.0


@dataclass(frozen=True)
class Usage:
    """How much of one limit is used, as an answer states it; `reset_seconds` is 0 where no reset is stated.

    A `shared` limit belongs to the app, and so to every account that it reads.
    """

    percent: float
    reset_seconds: float = 0.0
    shared: bool = False


@dataclass(frozen=True)
class PlannedRead:
    """A read to be planned: its account, a name, about how many calls it takes, and its turn (1 is the most urgent)."""

    account_id: str
    name: str
    calls: int
    turn: int = 1


@dataclass(frozen=True)
class Plan:
    """Reads that fit the calls that are left, in their order, and those that have to come later."""

    now: tuple[PlannedRead, ...]
    later: tuple[PlannedRead, ...]


@dataclass(frozen=True)
class _Noted:
    """The latest word on one limit, and since when we count our own calls against it."""

    usage: Usage
    until: datetime
    first_percent: float
    calls: int = 0

    @property
    def left(self) -> "_Left":
        """Judged by what our calls have cost; infinite while that is unknown."""
        risen = self.usage.percent - self.first_percent
        left = max(0.0, STOP_STARTING_PERCENT - self.usage.percent)
        if risen <= 0:
            return _Left(math.inf if left else 0.0, math.inf)
        return _Left(left * self.calls / risen, STOP_STARTING_PERCENT * self.calls / risen)


@dataclass(frozen=True)
class _Left:
    """Calls until nothing new is started, and how many there are when nothing is used."""

    calls: float
    whole: float

    def takes(self, calls: int) -> bool:
        """Tell whether a read fits. One that is too large for any time may start while half of the limit is left."""
        return calls <= self.calls or (self.calls >= self.whole / 2 and calls > self.whole)

    def without(self, calls: int) -> "_Left":
        return _Left(max(0.0, self.calls - calls), self.whole)


@dataclass
class CallBudget:
    """What every connector of one app reports to, and asks before it calls. Safe between threads.

    The app is the owner ''. `app_holds` and `account_holds` keep ordered waits for other processes and later ones.
    """

    app_holds: HoldFile = field(default_factory=HoldFile)
    account_holds: HoldFile = field(default_factory=HoldFile)
    _noted: dict[tuple[str, str], _Noted] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def note(self, account_id: str, usages: Mapping[str, Usage], now: datetime) -> None:
        """Keep what one answer said, by the limit's name; a later answer about the same limit takes its place."""
        with self._lock:
            for name, usage in usages.items():
                key = ("" if usage.shared else account_id, name)
                self._noted[key] = _following(self._noted.get(key), usage, now)

    def percent(self, account_id: str, now: datetime) -> float:
        """Return the highest usage that still holds for an account's calls; 0 if nothing is known."""
        return max((noted.usage.percent for noted in self._holding(account_id, now)), default=0.0)

    def hold(self, account_id: str, until: datetime, now: datetime) -> None:
        """Let no call of an account, or of the app (''), through before `until`: the platform has said so."""
        (self.account_holds if account_id else self.app_holds).put(account_id, until, now)

    def held_seconds(self, account_id: str, now: datetime) -> float:
        """Return how long the platform has ordered a call of the account to wait; 0 if it has not."""
        untils = (self.app_holds.until("", now), self.account_holds.until(account_id, now))
        return max((until - now).total_seconds() for until in untils)

    def wait_seconds(self, account_id: str, now: datetime, *, starts: bool) -> float:
        """Return how long a call has to wait; one that `starts` something new is held back earlier than others."""
        threshold = STOP_STARTING_PERCENT if starts else PAUSE_PERCENT
        held = [noted for noted in self._holding(account_id, now) if noted.usage.percent >= threshold]
        paused_seconds = max(((noted.until - now).total_seconds() for noted in held), default=0.0)
        return max(paused_seconds, self.held_seconds(account_id, now))

    def plan(self, reads: Iterable[PlannedRead], now: datetime) -> Plan:
        """Return which reads fit the calls that are left: by turn, and within a turn the accounts in rotation.

        A read that does not fit leaves the calls to those behind it.
        """
        waiting = _in_rotation(list(reads))
        left = {owner: self._left(owner, now) for owner in ("", *{read.account_id for read in waiting})}
        fitting, later = list[PlannedRead](), list[PlannedRead]()
        for read in waiting:
            owners = ("", read.account_id)
            fits = all(left[owner].takes(read.calls) for owner in owners)
            (fitting if fits else later).append(read)
            if fits:
                left |= {owner: left[owner].without(read.calls) for owner in owners}
        return Plan(tuple(fitting), tuple(later))

    def _left(self, owner: str, now: datetime) -> _Left:
        """Return what the owner's own limits leave."""
        if self.held_seconds(owner, now) > 0:
            return _Left(0.0, math.inf)
        with self._lock:
            noted = [noted for (whose, _name), noted in self._noted.items() if whose == owner and noted.until > now]
        return min((each.left for each in noted), key=lambda left: left.calls, default=_Left(math.inf, math.inf))

    def _holding(self, account_id: str, now: datetime) -> list[_Noted]:
        with self._lock:
            noted = [noted for (owner, _name), noted in self._noted.items() if owner in ("", account_id)]
        return [each for each in noted if each.until > now]


def _following(before: _Noted | None, usage: Usage, now: datetime) -> _Noted:
    until = now + timedelta(seconds=usage.reset_seconds or LOOK_AGAIN_SECONDS)
    if before is None or usage.percent < before.usage.percent:
        return _Noted(usage, until, usage.percent)
    return _Noted(usage, until, before.first_percent, before.calls + 1)


def _in_rotation(reads: Sequence[PlannedRead]) -> list[PlannedRead]:
    """Return reads by turn; within one, the first of every account, then the second, so that none starves another."""
    seen: dict[tuple[int, str], int] = {}
    ranked = []
    for order, read in enumerate(reads):
        place = seen[read.turn, read.account_id] = seen.get((read.turn, read.account_id), 0) + 1
        ranked.append((read.turn, place, order, read))
    return [read for *_rank, read in sorted(ranked, key=lambda each: each[:3])]
