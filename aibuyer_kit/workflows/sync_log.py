"""What each sync asked of the platform and how it was served: one line a sync, kept for some days."""

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aibuyer_kit.connectors.service import Service

PERIOD = timedelta(days=7)
_KEPT = timedelta(days=8)
_MOST_LINES = 2_000  # a sync each quarter of an hour makes 768 in eight days


@dataclass(frozen=True)
class SyncLine:
    """One sync: when it ended (the platform's time), the service it got, calls taken by kind of read, reads that the
    platform refused for good, with the reason, and streams that could not be read whole, with the error.
    """

    ended_at: datetime
    service: Service
    calls_taken: Mapping[str, int] = field(default_factory=dict)
    given_up: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        row = {
            "ended_at": self.ended_at.isoformat(),
            "service": self.service.to_row(),
            "calls_taken": dict(self.calls_taken),
            "given_up": dict(self.given_up),
            "failed": dict(self.failed),
        }
        return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


class SyncLog:
    """The lines of one client. A file that is gone or damaged costs estimates and a statistic, never data."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lines = tuple(_lines(path))

    def add(self, line: SyncLine) -> list[str]:
        """Keep a line, drop those that are too old, and return what has to be told: that it could not be written."""
        kept = [each for each in self.lines if abs(line.ended_at - each.ended_at) <= _KEPT][1 - _MOST_LINES :]
        self.lines = (*kept, line)
        partial = self._path.with_name(f"{self._path.name}.{os.getpid()}.partial")
        try:
            partial.write_text("".join(f"{each.text()}\n" for each in self.lines), encoding="utf-8")
            partial.replace(self._path)
        except OSError as error:
            return [f"{self._path} cannot be written ({error.strerror}). Check its owner, its mode and the disk."]
        return []

    def calls_taken(self) -> Mapping[str, int]:
        """Return the calls that each kind of read took when it was last read."""
        return {kind: calls for line in self.lines for kind, calls in line.calls_taken.items()}

    def given_up_since(self, moment: datetime) -> Mapping[str, str]:
        """Return the reads that were refused for good at `moment` or later, with the reason."""
        lines = [line for line in self.lines if line.ended_at >= moment]
        return {name: reason for line in lines for name, reason in line.given_up.items()}

    @property
    def problem(self) -> str | None:
        """What the last sync could not read, and why; of several streams the first, with the number of the others."""
        failed = list(self.lines[-1].failed.items()) if self.lines else []
        if not failed:
            return None
        others = f" ({len(failed) - 1} more failed)" if failed[1:] else ""
        return f"the last sync could not read {failed[0][0]}: {failed[0][1]}{others}"

    def service(self, now: datetime) -> Mapping[str, Service]:
        """Return the service of the last sync and of the last 7 days before `now`, by the name of the period."""
        if not self.lines:
            return {}
        week = Service()
        for line in self.lines:
            if line.ended_at > now - PERIOD:
                week = week.plus(line.service)
        return {"last sync": self.lines[-1].service, "last 7 days": week}


def _lines(path: Path) -> list[SyncLine]:
    found = list[SyncLine]()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return found
    for line in text.splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            found.append(_line(json.loads(line)))
    return found


def _line(row: Mapping[str, Any]) -> SyncLine:
    ended_at = datetime.fromisoformat(row["ended_at"])
    if ended_at.tzinfo is None:
        raise ValueError("a moment without a zone")
    calls_taken = {str(kind): int(calls) for kind, calls in row["calls_taken"].items()}
    given_up = {str(name): str(reason) for name, reason in row["given_up"].items()}
    failed = {str(name): str(error) for name, error in row.get("failed", {}).items()}
    return SyncLine(ended_at, Service.from_row(row["service"]), calls_taken, given_up, failed)
