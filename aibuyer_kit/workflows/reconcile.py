"""Whether the figures of all levels agree: ads = ad sets = campaigns = the account's own, day by day."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange, account_date, time_zone
from aibuyer_kit.core.entities import Level, parse_level
from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.core.i18n import t
from aibuyer_kit.core.money import plain_amount
from aibuyer_kit.core.results import ResultKind
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.period import account_zones, day_ends
from aibuyer_kit.workflows.what_counts import result_settings

State = Literal["reconciled", "differs", "not_compared"]
# The measures that each kind of result has of its own.
_OF_RESULTS = ("results", "revenue_micros")
# The rows of Reader.disagreements for each kind of result.
DiffersByKind = Mapping[ResultKind, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Disagreement:
    """One day and measure on which the sum over a level is not the account's own figure; money in micros."""

    platform: str
    account_id: str
    day: date
    level: str
    measure: str
    account_total: int
    level_total: int

    def __str__(self) -> str:
        own, summed = (self._shown(total) for total in (self.account_total, self.level_total))
        name = self.measure.removesuffix("_micros")
        return f"{self.account_id} {self.day}: {name} of the account is {own}, of its {self.level}s {summed}"

    def _shown(self, total: int) -> str:
        return plain_amount(total) if self.measure.endswith("_micros") else f"{total:,}"


def alarm_lines(found: Iterable[Disagreement], set_aside: Mapping[tuple[str, date], int]) -> list[str]:
    """Return one line for each account and day that differs: what differs first, how much more does, and a known cause.

    `set_aside` tells how many rows of an account's day are in the quarantine.
    """
    by_day: dict[tuple[str, date], list[Disagreement]] = {}
    for each in found:
        by_day.setdefault((each.account_id, each.day), []).append(each)
    return [f"{_told(group)}{_cause(set_aside.get(key, 0))}" for key, group in by_day.items()]


def _told(group: Sequence[Disagreement]) -> str:
    # Spend is what a person knows the day by.
    first = min(group, key=lambda each: (each.measure != "spend_micros", -parse_level(each.level).depth))
    others = len(group) - 1
    if not others:
        return str(first)
    levels = ", ".join(f"{level}s" for level in Level if level in {each.level for each in group})
    return f"{first}; {others} more {'measure' if others == 1 else 'measures'} of that day differ ({levels})"


def _cause(rows: int) -> str:
    if not rows:
        return ""
    return f". {rows} {'row' if rows == 1 else 'rows'} of that day could not be read: aibuyer quarantine list"


@dataclass(frozen=True)
class Reconciliation:
    """How the days of a period compare: those on which every account's ads and own figures were read, and differences.

    `levels` were compared with the account on each of the `compared` days.
    """

    compared: tuple[date, ...]
    not_compared: tuple[date, ...]
    levels: tuple[Level, ...]
    differences: tuple[Disagreement, ...]

    @property
    def state(self) -> State:
        if self.differences:
            return "differs"
        return "reconciled" if self.compared else "not_compared"

    @property
    def through(self) -> date | None:
        """The last day that was compared."""
        return max(self.compared, default=None)

    @property
    def differing_days(self) -> tuple[date, ...]:
        return tuple(sorted({each.day for each in self.differences}))

    def __str__(self) -> str:
        if self.state == "reconciled":
            left = f", {len(self.not_compared)} days not compared" if self.not_compared else ""
            return f"to the cent through {self.through}{left}"
        days = self.differing_days
        listed = ", ".join(map(str, days[:3])) + (" ..." if len(days) > 3 else "")
        return t("en", "quality.differs", count=len(days), days=listed) if days else "not yet compared"


NOT_COMPARED = Reconciliation((), (), (), ())


def disagreements(context: ClientContext, reader: Reader) -> Iterator[Disagreement]:
    """Yield every disagreement on days that have ended and may still change; today moves between two requests.

    Sealed months were compared before they were sealed, and cannot differ anew: `known_reconciliation` tells of them.
    """
    days = _known_days(reader)
    first = reader.first_open_day() if days else None
    if days and first and first <= days.until:
        yield from differences(context, reader, DateRange(max(first, days.since), days.until), None)


def known_reconciliation(context: ClientContext, reader: Reader) -> Reconciliation:
    """Return how all days compare that are known and have ended."""
    days = _known_days(reader)
    return reconciliation(context, reader, days) if days else NOT_COMPARED


def reconciliation(
    context: ClientContext,
    reader: Reader,
    days: DateRange,
    *,
    as_of: AsOf | None = None,
    by_kind: DiffersByKind | None = None,
) -> Reconciliation:
    """Return how the days of a period compare, as known then; what files alone tell of is not compared.

    `by_kind` is what `differs_by_kind` told of these days, or of more, if it was asked before.
    """
    ends = tuple(day_ends(reader, days, as_of=as_of))
    levels: dict[date, list[set[str]]] = {day: [] for day in days}
    found: dict[tuple[str, str, date], set[str]] = {(each.platform, each.account_id, each.day): set() for each in ends}
    for row in reader.levels_read(ends, as_of=as_of).rows():
        found[row["platform"], row["account_id"], row["date"]].add(row["level"])
    for (_, _, day), read in found.items():
        levels[day].append(read)
    compared = tuple(day for day, read in levels.items() if read and all({"account", "ad"} <= each for each in read))
    everywhere = [each for day in compared for each in levels[day]]
    return Reconciliation(
        compared,
        tuple(day for day in days if day not in set(compared)),
        tuple(level for level in Level if everywhere and all(str(level) in each for each in everywhere)),
        tuple(differences(context, reader, days, as_of, by_kind)),
    )


def drift_history(context: ClientContext, reader: Reader, *, checks: int = 30) -> Iterator[tuple[int, Disagreement]]:
    """Yield what differed at the end of each of the last `checks` days on which anything was read, with the load then.

    A day that was mended since is still there: it differed when it was looked at. Raises NotFoundError before any load.
    """
    loads: dict[date, list[dict[str, Any]]] = {}
    for row in reader.loads().rows():
        loads.setdefault(row["known_at_utc"].date(), []).append(row)
    held, compared_to = list[Disagreement](), date.min
    for known_on in sorted(loads)[-checks:]:
        load_id = loads[known_on][-1]["load_id"]
        first = reader.freshness(as_of=load_id).first_day
        if first is None or first >= known_on:
            continue
        # A day that was not read since the check before is as it was then.
        read = [row["since"] for row in loads[known_on] if row["since"] is not None]
        since = max(first, min([compared_to, *read]))
        held = [each for each in held if each.day < since]
        if since < known_on:
            held += differences(context, reader, DateRange(since, known_on - timedelta(days=1)), load_id)
        yield from ((load_id, each) for each in held)
        compared_to = known_on


def differences(
    context: ClientContext, reader: Reader, days: DateRange, as_of: AsOf | None, by_kind: DiffersByKind | None = None
) -> Iterator[Disagreement]:
    """Yield every disagreement on the days of a period, as known then; `by_kind` if these or more days were read."""
    found = differs_by_kind(context, reader, days, as_of=as_of) if by_kind is None else by_kind
    for number, rows in enumerate(found.values()):
        for row in rows:
            if row["date"] not in days or (number and row["measure"] not in _OF_RESULTS):
                continue  # told with the first kind
            yield Disagreement(
                row["platform"],
                row["account_id"],
                row["date"],
                row["level"],
                row["measure"],
                row["account_total"],
                row["level_total"],
            )


def differs_by_kind(
    context: ClientContext, reader: Reader, days: DateRange, *, as_of: AsOf | None = None
) -> DiffersByKind:
    """Return what differs on the days of a period for each kind of result that the client counts, its own first."""
    return {
        setting.kind: reader.disagreements(days, result=setting, as_of=as_of).rows()
        for setting in result_settings(context)
    }


def _known_days(reader: Reader) -> DateRange | None:
    """Return the days from the first that is known to the last that has ended in all accounts."""
    try:
        fresh = reader.freshness()
    except NotFoundError:
        return None
    today = min(account_date(fresh.known_at, time_zone(name)) for name in account_zones(reader))
    if fresh.first_day is None or fresh.first_day >= today:
        return None
    return DateRange(fresh.first_day, today - timedelta(days=1))
