"""What people set and when: an append-only log from which every figure of the market follows."""

from bisect import bisect_right
from dataclasses import dataclass, replace

ACTIVE = "ACTIVE"
PAUSED = "PAUSED"
STATUSES = (ACTIVE, PAUSED)


@dataclass(frozen=True)
class Setting:
    """What holds for one object from `since_us` on; the budget is 0 where the object has none."""

    since_us: int
    status: str
    daily_budget_minor: int = 0


class SettingsLog:
    """The settings of every object by id, each in the order of time."""

    def __init__(self) -> None:
        self._entries: dict[str, list[Setting]] = {}

    def begin(self, object_id: str, setting: Setting) -> None:
        self._entries[object_id] = [setting]

    def change(self, object_id: str, now_us: int, *, status: str = "", daily_budget_minor: int = 0) -> bool:
        """Append what is new from `now_us` on, and return whether anything is."""
        latest = self._entries[object_id][-1]
        new = replace(
            latest,
            status=status or latest.status,
            daily_budget_minor=daily_budget_minor or latest.daily_budget_minor,
        )
        if new == latest:
            return False
        self._entries[object_id].append(replace(new, since_us=now_us))
        return True

    def at(self, object_id: str, moment_us: int) -> Setting | None:
        """Return what held at a moment; None before the object was there."""
        entries = self._entries[object_id]
        place = bisect_right(entries, moment_us, key=_since)
        return entries[place - 1] if place else None

    def first(self, object_id: str) -> Setting:
        return self._entries[object_id][0]

    def moments_within(self, object_id: str, start_us: int, end_us: int) -> list[int]:
        """Return the moments after `start_us` and before `end_us` at which something was set."""
        return [entry.since_us for entry in self._entries[object_id] if start_us < entry.since_us < end_us]


def _since(setting: Setting) -> int:
    return setting.since_us
