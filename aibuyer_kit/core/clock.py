"""Injected time: waits, expiries and "today" run on a clock that a test or the practice platform can drive."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

_WORTH_SAYING_SECONDS = 5.0


class Clock(Protocol):
    """Tells the time and waits; every `now` is an aware datetime in UTC."""

    def now(self) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        threading.Event().wait(max(0.0, seconds))


@dataclass(frozen=True)
class AnnouncedClock:
    """A clock that says so before it waits for longer than a person would put down to the network."""

    clock: Clock
    announce: Callable[[float], None]

    def now(self) -> datetime:
        return self.clock.now()

    def sleep(self, seconds: float) -> None:
        if seconds >= _WORTH_SAYING_SECONDS:
            self.announce(seconds)
        self.clock.sleep(seconds)


@dataclass
class ManualClock:
    """A clock that moves only when told to; `sleep` moves it, and `slept` keeps every wait in seconds."""

    current: datetime
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.current

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.current += timedelta(seconds=max(0.0, seconds))


@dataclass(frozen=True)
class StoppedClock:
    """A clock that stands at one moment: for accounts whose time is the platform's and not this machine's."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Return at once: nobody waits for a time that does not pass."""
