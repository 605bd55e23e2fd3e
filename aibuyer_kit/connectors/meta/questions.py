"""What is asked of an edge, as a value: it can be kept, resumed from a cursor, and cut into smaller questions."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from aibuyer_kit.connectors.meta.fields import INSIGHT_IDS, WINDOWS_ASKED
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level


@dataclass(frozen=True)
class Question:
    """Rows of `level` below the object `scope`: insights over `days`, or the objects of an edge if there are no days.

    `daily` asks for a row per day, else for one over all days. `after` is the cursor to go on from. `run_id` is a
    report that holds the answer, '' for none; `as_report` says that one has to be made. `field_groups` above 1 asks
    for the metrics in so many parts.
    """

    scope: str
    scope_level: Level
    edge: str
    level: Level
    fields: tuple[str, ...]
    page_size: int
    days: DateRange | None = None
    breakdowns: tuple[str, ...] = ()
    daily: bool = True
    statuses: tuple[str, ...] = ()
    after: str = ""
    as_report: bool = False
    run_id: str = ""
    field_groups: int = 1

    @property
    def path(self) -> str:
        return f"{self.run_id or self.scope}/{self.edge}"

    @property
    def waits_for_report(self) -> bool:
        return self.as_report and not self.run_id

    def fields_without(self, refused: Container[str]) -> tuple[str, ...]:
        return tuple(name for name in self.fields if name not in refused)

    def parameters(self, fields: Sequence[str]) -> dict[str, object]:
        """Return what is sent besides cursor and page size; a report knows it already."""
        asked: dict[str, object] = {} if self.run_id else {"fields": ",".join(fields)}
        if self.days is None or self.run_id:
            return asked | ({"effective_status": list(self.statuses)} if self.statuses else {})
        asked |= {
            "level": str(self.level),
            "time_range": time_range(self.days),
            "action_attribution_windows": list(WINDOWS_ASKED),
        }
        if self.statuses:
            field = f"{self.level}.effective_status"
            asked["filtering"] = [{"field": field, "operator": "IN", "value": list(self.statuses)}]
        if self.daily:
            asked["time_increment"] = "1"
        if self.breakdowns:
            asked["breakdowns"] = ",".join(self.breakdowns)
        return asked

    def in_halves(self) -> tuple["Question", ...]:
        """Return the same question over each half of its days; empty if there is only one day, or one row for all."""
        if self.days is None or not self.daily or len(self.days) == 1:
            return ()
        return tuple(replace(self, days=half) for half in _halves(self.days))

    def below(self, object_ids: Sequence[str], level: Level) -> tuple["Question", ...]:
        """Return the same question of each object of the next level below the scope."""
        return tuple(replace(self, scope=each, scope_level=level, as_report=False) for each in object_ids)

    def with_fewer_fields(self) -> "Question | None":
        """Return the question with its metrics in twice as many parts, or None if each is alone already."""
        metrics = len(self.fields) - len(INSIGHT_IDS[self.level])
        if self.days is None or self.field_groups >= metrics:
            return None
        return replace(self, field_groups=min(2 * self.field_groups, metrics), as_report=False)

    def parts(self, fields: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield the fields of each part, every one with the ids that tell rows apart."""
        ids = INSIGHT_IDS[self.level]
        metrics = [name for name in fields if name not in ids]
        for part in range(self.field_groups):
            yield (*ids, *metrics[part :: self.field_groups])


def time_range(days: DateRange) -> dict[str, str]:
    return {"since": str(days.since), "until": str(days.until)}


def in_pieces(days: DateRange, length: int) -> Iterator[DateRange]:
    """Yield the days in ranges of at most `length`, the oldest first."""
    first = days.since
    while first <= days.until:
        last = min(first + timedelta(days=length - 1), days.until)
        yield DateRange(first, last)
        first = last + timedelta(days=1)


def _halves(days: DateRange) -> tuple[DateRange, DateRange]:
    middle = days.since + timedelta(days=len(days) // 2 - 1)
    return DateRange(days.since, middle), DateRange(middle + timedelta(days=1), days.until)
