"""Waits that a platform has ordered, kept in a small file: what one process was told, the next one keeps to."""

import contextlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

# A clock that jumped, or a file of another time, must not hold an account back for good.
_LONGEST_HOLD = timedelta(days=1)


@dataclass
class HoldFile:
    """Until when each owner waits (an account, or '' for the app); without a path it is kept in memory alone.

    Safe between threads. A file that cannot be read or written costs no sync: the platform would say it again.
    """

    path: Path | None = None
    _untils: dict[str, datetime] = field(default_factory=dict, init=False)
    _read_at: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def until(self, owner: str, now: datetime) -> datetime:
        """Return the moment until which the owner waits; `now` if it does not."""
        with self._lock:
            self._take_from_file()
            until = self._untils.get(owner, now)
        return until if now < until <= now + _LONGEST_HOLD else now

    def put(self, owner: str, until: datetime, now: datetime) -> None:
        """Keep a wait; a longer one that still holds stays."""
        until = max(until, self.until(owner, now))
        with self._lock:
            self._untils = {each: kept for each, kept in self._untils.items() if kept > now} | {owner: until}
            if self.path is not None:
                self._write(self.path)

    def _take_from_file(self) -> None:
        """Take over what another process has written since the last look."""
        if self.path is None:
            return
        with contextlib.suppress(OSError, ValueError):
            written_at = self.path.stat().st_mtime_ns
            if written_at == self._read_at:
                return
            self._read_at = written_at
            for owner, until in _moments(json.loads(self.path.read_text(encoding="utf-8"))).items():
                self._untils[owner] = max(until, self._untils.get(owner, until))

    def _write(self, path: Path) -> None:
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            content = {owner: until.isoformat() for owner, until in self._untils.items()}
            partial.write_text(json.dumps(content), encoding="utf-8")
            partial.replace(path)


def _moments(content: object) -> Mapping[str, datetime]:
    """Return moments by owner. Raises ValueError for anything else."""
    if not isinstance(content, dict):
        raise ValueError("not an object")
    found = {str(owner): datetime.fromisoformat(str(text)) for owner, text in content.items()}
    if any(moment.tzinfo is None for moment in found.values()):
        raise ValueError("a moment without a zone")
    return found
