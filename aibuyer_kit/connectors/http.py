"""The one seam between us and a platform: retries, limits and the clock, whatever library carries the request.

A read is repeated while its verdict says so; a change is sent once, because a repeated change may take effect twice.
While a limit that the platform stated is running, nothing is sent at all.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from aibuyer_kit.connectors.base import Verdict
from aibuyer_kit.connectors.budget import CallBudget
from aibuyer_kit.connectors.service import Service
from aibuyer_kit.core.clock import Clock
from aibuyer_kit.core.errors import (
    AuthorisationError,
    PlatformError,
    RateLimitError,
    RefusedError,
    TooMuchDataError,
    TransientError,
)

Reply = TypeVar("Reply")


@dataclass(frozen=True)
class RetryPolicy:
    """How patient a read is: `attempts` counts the first try; a longer wait than `longest_wait_seconds` is an error."""

    attempts: int = 5
    backoff_base_seconds: float = 1.0
    backoff_cap_seconds: float = 60.0
    longest_wait_seconds: float = 300.0

    def backoff_seconds(self, attempt: int, jitter_share: float) -> float:
        """Return the pause after the `attempt`-th try: doubled each time up to the cap, of which half is jitter."""
        full = min(self.backoff_cap_seconds, self.backoff_base_seconds * 2.0 ** (attempt - 1))
        return full * (0.5 + 0.5 * jitter_share)


@dataclass(frozen=True)
class Call:
    """What is asked, fit for messages: `path` is without query, because the query holds the token.

    `changes_nothing` marks a POST that may be repeated as a read may. A call that `starts` a read or a report is held
    back earlier than one that goes on with what was started. `account_id` is whose limits it uses. A call that is
    `now_or_never` is not sent at all where it would have to wait: what it was decided on may have moved by then.
    """

    platform: str
    method: str
    path: str
    changes_nothing: bool = False
    starts: bool = False
    account_id: str = ""
    now_or_never: bool = False

    @property
    def repeatable(self) -> bool:
        return self.method == "GET" or self.changes_nothing

    def __str__(self) -> str:
        return f"{self.platform} {self.method} {self.path}"


@dataclass
class CallCounts:
    """What a seam has done so far: requests sent, how many of them repeated one, and the time spent waiting."""

    calls: int = 0
    retries: int = 0
    waited_seconds: float = 0.0


@dataclass
class Seam:
    """Sends calls, of several threads if need be, and keeps to the platform's limits; `jitter` is a share from 0 to 1.

    `redact` takes secrets out of messages, for texts in which a platform repeats what it was sent. `budget` may be
    shared with other seams of the same app.
    """

    clock: Clock
    policy: RetryPolicy = RetryPolicy()
    jitter: Callable[[], float] = random.random
    redact: Callable[[str], str] = str
    counts: CallCounts = field(default_factory=CallCounts)
    service: Service = field(default_factory=Service)
    budget: CallBudget = field(default_factory=CallBudget)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def send(self, call: Call, once: Callable[[], Reply | Verdict], judge: Callable[[Reply], Verdict]) -> Reply:
        """Return the first usable reply of `once`, which returns a Verdict itself where no reply came.

        Raises TransientError, RateLimitError, TooMuchDataError, AuthorisationError or RefusedError.
        """
        spent_seconds = 0.0
        for attempt in range(1, self.policy.attempts + 1):
            self._keep_to_the_limit(call)
            self._count(attempt)
            started = time.perf_counter()
            reply = once()
            verdict = reply if isinstance(reply, Verdict) else judge(reply)
            call_seconds = time.perf_counter() - started
            spent_seconds += call_seconds
            good = verdict.action == "ok"
            self.service.call_ended(call_seconds, ok=good)
            self._note_the_limit(call, verdict)
            if good and not isinstance(reply, Verdict):
                self.service.read_ended(spent_seconds, ok=True, retries=attempt - 1)
                return reply
            if not self._goes_on(call, verdict, attempt):
                self.service.read_ended(spent_seconds, ok=False, retries=attempt - 1)
                raise self._error(call, verdict, attempt)
            spent_seconds += self._back_off(call, verdict, attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _goes_on(self, call: Call, verdict: Verdict, attempt: int) -> bool:
        patient = verdict.action in ("retry", "wait") and verdict.wait_seconds <= self.policy.longest_wait_seconds
        return patient and call.repeatable and attempt < self.policy.attempts

    def _back_off(self, call: Call, verdict: Verdict, attempt: int) -> float:
        """Pause before the next try and return the seconds; an ordered wait is none of them, and kept by the budget."""
        if verdict.wait_seconds:
            if verdict.holds == "object":
                self._wait_for_the_platform(call, verdict.wait_seconds)
            return 0.0
        pause_seconds = self.policy.backoff_seconds(attempt, self.jitter())
        self._sleep(pause_seconds)
        return pause_seconds

    def _note_the_limit(self, call: Call, verdict: Verdict) -> None:
        # What is locked for one object holds back no call to others.
        if verdict.wait_seconds > 0 and verdict.holds != "object":
            now = self.clock.now()
            owner = "" if verdict.holds == "app" else call.account_id
            self.budget.hold(owner, now + timedelta(seconds=verdict.wait_seconds), now)

    def _keep_to_the_limit(self, call: Call) -> None:
        """Wait until the platform takes calls again. Raises RateLimitError if that is longer than we are patient."""
        # Once for what is nearly used up, for then one call has to look; for what was ordered as often as it takes.
        seconds = self.budget.wait_seconds(call.account_id, self.clock.now(), starts=call.starts)
        while seconds > 0:
            self._wait_for_the_platform(call, seconds)
            seconds = self.budget.held_seconds(call.account_id, self.clock.now())

    def _wait_for_the_platform(self, call: Call, seconds: float) -> None:
        if call.now_or_never or seconds > self.policy.longest_wait_seconds:
            until = self.clock.now() + timedelta(seconds=seconds)
            reason = f"the platform's limit lasts until {until:%Y-%m-%d %H:%M:%S} UTC."
            raise self._error(call, Verdict("wait", seconds, reason), attempt=0)
        waited_seconds = seconds + self.policy.backoff_base_seconds * self.jitter()
        self.service.waited(waited_seconds)
        self._sleep(waited_seconds)

    def _count(self, attempt: int) -> None:
        with self._lock:
            self.counts.calls += 1
            self.counts.retries += attempt > 1

    def _sleep(self, seconds: float) -> None:
        with self._lock:
            self.counts.waited_seconds += seconds
        self.clock.sleep(seconds)

    def _error(self, call: Call, verdict: Verdict, attempt: int) -> PlatformError:
        message = self.redact(f"{call}: {verdict.reason} {_advice(call, verdict, attempt)}")
        about = {"code": verdict.code, "subcode": verdict.subcode}
        match verdict.action:
            case "wait":
                return RateLimitError(message, wait_seconds=verdict.wait_seconds, **about)
            case "split":
                return TooMuchDataError(message, **about)
            case "reauthorise":
                return AuthorisationError(message, code=verdict.code, subcode=verdict.subcode, token=True)
            case "fail" if verdict.permission:
                return AuthorisationError(message, code=verdict.code, subcode=verdict.subcode)
            case "fail":
                return RefusedError(message, **about)
            case _:
                return TransientError(message, **about)


def _advice(call: Call, verdict: Verdict, attempt: int) -> str:
    match verdict.action:
        case "wait":
            return f"Wait {verdict.wait_seconds:.0f} s before the next call."
        case "split":
            return "Ask for fewer days or smaller pages."
        case "reauthorise":
            return "Connect the account again with a fresh token."
        case "fail" if verdict.permission:
            return "Give the token's user or app that permission."
        case "fail":
            return "Repeating it changes nothing: mend the request or its settings."
        case _ if not call.repeatable:
            return "It is not known whether the change took effect: read the object back before sending it again."
        case _:
            return f"Gave up after {attempt} {'try' if attempt == 1 else 'tries'}; run it again later."
