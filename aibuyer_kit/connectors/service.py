"""The service that a platform gives, as we see it: how often it answers, and how long that takes."""

import math
import threading
from dataclasses import dataclass, field

_SHORTEST_SECONDS = 0.001
_STEP = 1.25  # between two bounds: a percentile is told to within a quarter
_BUCKETS = 72  # up to about two hours


@dataclass
class Timings:
    """Durations in a histogram of fixed size, so that a year of calls takes no more memory than a day."""

    done: int = 0
    failed: int = 0
    retries: int = 0
    total_seconds: float = 0.0
    _buckets: list[int] = field(default_factory=lambda: [0] * (_BUCKETS + 1))

    def add(self, seconds: float, *, ok: bool, retries: int = 0) -> None:
        self.done += ok
        self.failed += not ok
        self.retries += retries
        self.total_seconds += seconds
        self._buckets[_bucket(seconds)] += 1

    @property
    def count(self) -> int:
        return self.done + self.failed

    @property
    def success_share(self) -> float | None:
        """The share that succeeded; None before the first."""
        return self.done / self.count if self.count else None

    def percentile_seconds(self, share: float) -> float | None:
        """Return a duration that `share` of all did not exceed, rounded up to a bucket's bound; None before the first.

        >>> timings = Timings()
        >>> for seconds in (0.1, 0.1, 0.1, 3.0): timings.add(seconds, ok=True)
        >>> 0.1 <= timings.percentile_seconds(0.5) < 0.125 and 3.0 <= timings.percentile_seconds(0.95) < 3.75
        True
        """
        wanted, seen = math.ceil(share * self.count), 0
        for bucket, held in enumerate(self._buckets):
            seen += held
            if held and seen >= wanted:
                return _SHORTEST_SECONDS * _STEP**bucket
        return None


@dataclass
class Service:
    """One row for calls (single requests) and one for reads (a request with its repetitions, until it was of use).

    The time of a read holds its calls and our own pauses between them, but no wait that the platform ordered.
    """

    calls: Timings = field(default_factory=Timings)
    reads: Timings = field(default_factory=Timings)
    ordered_wait_seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def call_ended(self, seconds: float, *, ok: bool) -> None:
        with self._lock:
            self.calls.add(seconds, ok=ok)

    def read_ended(self, seconds: float, *, ok: bool, retries: int) -> None:
        with self._lock:
            self.reads.add(seconds, ok=ok, retries=retries)

    def waited(self, seconds: float) -> None:
        with self._lock:
            self.ordered_wait_seconds += seconds

    def summary(self) -> dict[str, float | int | None]:
        """Return one flat row: counts, success shares, and percentiles in seconds."""
        with self._lock:
            return {
                "calls": self.calls.count,
                "calls_success_share": self.calls.success_share,
                "calls_p95_seconds": self.calls.percentile_seconds(0.95),
                "reads": self.reads.count,
                "reads_success_share": self.reads.success_share,
                "reads_retries": self.reads.retries,
                "reads_p50_seconds": self.reads.percentile_seconds(0.5),
                "reads_p95_seconds": self.reads.percentile_seconds(0.95),
                "ordered_wait_seconds": self.ordered_wait_seconds,
            }


def _bucket(seconds: float) -> int:
    if seconds <= _SHORTEST_SECONDS:
        return 0
    return min(_BUCKETS, math.ceil(math.log(seconds / _SHORTEST_SECONDS, _STEP) - 1e-9))
