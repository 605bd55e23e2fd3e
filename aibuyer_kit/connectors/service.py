"""The service that a platform gives, as we see it: how often it answers, and how long that takes."""

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
    buckets: list[int] = field(default_factory=lambda: [0] * (_BUCKETS + 1))

    def add(self, seconds: float, *, ok: bool, retries: int = 0) -> None:
        self.done += ok
        self.failed += not ok
        self.retries += retries
        self.total_seconds += seconds
        self.buckets[_bucket(seconds)] += 1

    def plus(self, other: "Timings", sign: int = 1) -> "Timings":
        """Return both together; with -1 as `sign`, what is left without the other."""
        return Timings(
            self.done + sign * other.done,
            self.failed + sign * other.failed,
            self.retries + sign * other.retries,
            max(0.0, self.total_seconds + sign * other.total_seconds),
            [mine + sign * others for mine, others in zip(self.buckets, other.buckets, strict=True)],
        )

    def to_row(self) -> dict[str, Any]:
        """Return a form for JSON, with the buckets that hold anything."""
        held = {str(bucket): count for bucket, count in enumerate(self.buckets) if count}
        return {
            "done": self.done,
            "failed": self.failed,
            "retries": self.retries,
            "total_seconds": round(self.total_seconds, 3),
            "buckets": held,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Timings":
        """Return what `to_row` made a row of. Raises KeyError, TypeError or ValueError for anything else."""
        timings = cls(int(row["done"]), int(row["failed"]), int(row["retries"]), float(row["total_seconds"]))
        for bucket, count in dict(row["buckets"]).items():
            timings.buckets[min(int(bucket), _BUCKETS)] += int(count)
        return timings

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
        for bucket, held in enumerate(self.buckets):
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

    def plus(self, other: "Service", sign: int = 1) -> "Service":
        """Return both together; with -1 as `sign`, what came after the other, which is an earlier state."""
        with self._lock:
            return Service(
                self.calls.plus(other.calls, sign),
                self.reads.plus(other.reads, sign),
                max(0.0, self.ordered_wait_seconds + sign * other.ordered_wait_seconds),
            )

    def to_row(self) -> dict[str, Any]:
        """Return a form for JSON."""
        waited = round(self.ordered_wait_seconds, 3)
        return {"calls": self.calls.to_row(), "reads": self.reads.to_row(), "ordered_wait_seconds": waited}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Service":
        """Return what `to_row` made a row of. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(Timings.from_row(row["calls"]), Timings.from_row(row["reads"]), float(row["ordered_wait_seconds"]))

    def sentence(self) -> str:
        """Return the summary as one line for a person."""
        told = self.summary()
        if not self.calls.count:
            return "the platform was not asked"
        return (
            f"{told['reads']:,} reads, {told['reads_success_share']:.2%} good, 95% within"
            f" {told['reads_p95_seconds']:.2f} s, {told['reads_retries']:,} retries; {told['calls']:,} calls,"
            f" {told['calls_success_share']:.2%} good; {told['ordered_wait_seconds']:.0f} s of waits that were ordered"
        )

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
