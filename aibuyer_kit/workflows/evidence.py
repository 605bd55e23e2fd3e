"""What rules look at: one table per account of a client, as known after one load, each figure whole or unknown.

Everything is read as of that load and for one moment: the same question has the same answer to the byte, whatever is
loaded, thinned or sealed later (decisions protect their loads). A day is one of its account, and so is `now`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Protocol

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.results import ResultRules
from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.table import Column, Table
from aibuyer_kit.rules.windows import HourRange
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.evidence_blocks import DayBlocks
from aibuyer_kit.workflows.evidence_columns import SUMMED, above, kind_of, measures_of
from aibuyer_kit.workflows.evidence_days import (
    RIPE_DAYS,
    AccountKey,
    Figures,
    Key,
    Lanes,
    Reads,
    figures_of,
    shares_by_day,
)
from aibuyer_kit.workflows.evidence_objects import Account, Objects
from aibuyer_kit.workflows.evidence_view import AccountView
from aibuyer_kit.workflows.maturity import known_shares
from aibuyer_kit.workflows.what_counts import check_one_currency

# Lifetimes are summed into one day up to here, and day by day since: what is older is no longer restated.
_OPEN_DAYS = RIPE_DAYS + 12


class Scorer(Protocol):
    """A model that says one number of each object, such as the chance that it is worth its money."""

    def scores(self, level: Level, subjects: Sequence[Subject], now: datetime, load_id: int) -> Floats:
        """Return one score per object as known after a load; NaN where there is none."""
        ...

    def missing(self, level: Level, now: datetime) -> str:
        """Return why nothing is said of the objects of a level; empty where something is."""
        ...

    def told(self, subject: Subject, now: datetime, load_id: int, locale: str) -> str:
        """Return what drove an object's score; empty where there is none."""
        ...


class Evidence:
    """One reading of a client's warehouse for one moment: whatever rules ask for is read once.

    `moment` is when rules are evaluated, `load_id` the last load that they may know of; `results` says what counts as
    one, by the client's settings of today unless it is given. Scores are those of the models that were in force then.
    `gaps` tell which windows of which accounts are not known, and why.
    """

    def __init__(
        self,
        context: ClientContext,
        reader: Reader,
        moment: datetime,
        load_id: int,
        scorer: Scorer | None = None,
        results: ResultRules | None = None,
    ) -> None:
        self.context, self._reader = context, reader
        self._moment, self._load_id = moment, load_id
        self._scorer = scorer
        self.results = results or context.settings.rules
        self._objects = Objects(reader, load_id)
        self._reads: Reads | None = None
        self._known_at: datetime | None = None
        self._blocks: dict[Level, DayBlocks] = {}
        self._figures: dict[tuple[Level, str], Figures] = {}
        self._wanted: dict[tuple[Level, str], tuple[DateRange, frozenset[str]]] = {}
        self._curves: dict[int, dict[str, tuple[float | None, ...]]] = {}
        self._shares: dict[tuple[Level, str], tuple[Floats, Ints]] = {}
        self._last_days: dict[Level, dict[Key, date]] = {}
        self._last_days_before: tuple[int, dict[Level, dict[Key, date]]] = (0, {})
        self.gaps: list[str] = []
        self._untold: set[tuple[AccountKey, Level, Column]] = set()

    @property
    def moment(self) -> datetime:
        """When rules are looked at."""
        return self._moment

    @property
    def load_id(self) -> int:
        """The last load that they may know of."""
        return self._load_id

    @property
    def curves(self) -> Mapping[str, object]:
        """The maturity curves that figures were corrected by: by kind of result and account, the share at each age."""
        return {
            str(kind): {account: list(map(repr, shares)) for account, shares in curve.items()}
            for kind, curve in sorted(self._curves.items())
        }

    def advanced(self, moment: datetime, load_id: int) -> "Evidence":
        """Return the evidence of a later moment and load, which takes over what has not changed; this one is done with.

        A replay that walks through a year reads each version about once.
        """
        if load_id < self._load_id:
            raise ValueError(f"load {load_id} lies before {self._load_id}")
        later = Evidence(self.context, self._reader, moment, load_id, self._scorer, self.results)
        later._blocks = self._blocks
        later._objects = self._objects.advanced(load_id)
        later._last_days_before = (self._load_id, self._last_days) if self._last_days else self._last_days_before
        if self._reads is not None:
            self._reads.add(self._reader.coverages(as_of=load_id, after_load=self._load_id))
            later._reads = self._reads
        return later

    def tables(self, level: Level, columns: Sequence[Column]) -> tuple[Table, ...]:
        """Return one table per account that has objects of a level, with the columns asked for.

        Raises WarehouseError where two attribution settings would be added up, MixedCurrencyError.
        """
        self._plan(level, columns)
        return tuple(
            AccountView(self, level, account, subjects).table(columns)
            for account in self._objects.accounts.values()
            if (subjects := self._objects.subjects(level, account))
        )

    def more(self, table: Table, columns: Iterable[Column], seen_as: Callable[[Table], Table] | None = None) -> Table:
        """Return a table of this evidence with further columns, which are shown as the table is: by `seen_as`."""
        wanted = [each for each in columns if each not in table.numbers]
        if not wanted or not len(table):
            return table
        self._plan(table.level, wanted)
        account = self._objects.accounts[table.subjects[0].key[:2]]
        found = AccountView(self, table.level, account, self._objects.subjects(table.level, account)).table(wanted)
        return replace(table, numbers={**table.numbers, **(seen_as(found) if seen_as else found).numbers})

    def is_told(self, account: AccountKey, level: Level, columns: Iterable[Column]) -> bool:
        """Return whether the days and hours of all of these columns were read, in an account's table of a level."""
        return not any((account, level, each) in self._untold for each in columns)

    def note_untold(self, account: AccountKey, level: Level, column: Column) -> None:
        """Note that days or hours of a column were not read whole."""
        self._untold.add((account, level, column))

    def now_in(self, account: Account) -> datetime:
        """Return the account's local time."""
        return self._moment.astimezone(account.zone)

    @property
    def objects(self) -> Objects:
        return self._objects

    @property
    def reads(self) -> Reads:
        if self._reads is None:
            self._reads = Reads(self._reader.coverages(as_of=self._load_id))
        return self._reads

    @property
    def known_at(self) -> datetime:
        """How fresh the figures are, as known then."""
        if self._known_at is None:
            self._known_at = self._reader.freshness(as_of=self._load_id).known_at
        return self._known_at

    def figures(self, level: Level, kind: str) -> Figures:
        """Return a level's figures that were planned: `days`, `lifetime` or `hours`."""
        if (level, kind) not in self._figures:
            self._figures[level, kind] = self._read(level, kind)
        return self._figures[level, kind]

    def shares(self, level: Level, kind: str) -> tuple[Floats, Ints]:
        """Return which share of each day's results is known, by account and kind of result; see shares_by_day."""
        if (level, kind) not in self._shares:
            figures = self.figures(level, kind)
            zones = {key: account.zone for key, account in self._objects.accounts.items()}
            wanted = {each: self._curve(each[1]).get(each[0][1], ()) for each in figures.groups()}
            self._shares[level, kind] = shares_by_day(figures, self.reads, zones, wanted)
        return self._shares[level, kind]

    def last_days(self, level: Level) -> dict[Key, date]:
        """Return the last day on which each object had an impression."""
        if level not in self._last_days:
            until = max(self.now_in(each).date() for each in self._objects.accounts.values())
            found = self._last_days_since(level, until)
            self._last_days[level] = self._last_days_in(level, DateRange(date.min, until)) if found is None else found
        return self._last_days[level]

    def _last_days_in(self, level: Level, days: DateRange) -> dict[Key, date]:
        rows = self._reader.last_delivery(level, days.until, since=days.since, as_of=self._load_id)
        return {(row["platform"], row["account_id"], row["entity_id"]): row["last_day"] for row in rows}

    def _last_days_since(self, level: Level, until: date) -> dict[Key, date] | None:
        """Return the last days as known before, with what was learnt of them since; None where all is to be read.

        That is so where nobody can tell which days changed, and where a day of delivery is none any more.
        """
        load_id, levels = self._last_days_before
        before = levels.get(level)
        if before is None:
            return None
        changed = self._reader.changed_days(DateRange(date.min, until), as_of=self._load_id, after_load=load_id)
        if changed is None or any(day > until for day in before.values()):
            return None
        if not changed:
            return before
        fresh = self._last_days_in(level, DateRange(min(changed), until))
        if any(day >= min(changed) and key not in fresh for key, day in before.items()):
            return None
        return before | fresh

    def score(self, level: Level, subjects: Sequence[Subject], now: datetime) -> Floats:
        """Return what the model in force then says of objects; nothing without a model."""
        found = self._scoring.scores(level, subjects, now, self._load_id)
        missing = self._scoring.missing(level, now)
        if missing and missing not in self.gaps:
            self.gaps.append(missing)
        return found

    def score_told(self, subject: Subject, locale: str) -> str:
        """Return what drove an object's score, in the reader's language; empty where there is none."""
        return self._scoring.told(subject, self._moment, self._load_id, locale)

    @property
    def _scoring(self) -> Scorer:
        if self._scorer is None:
            from aibuyer_kit.workflows.scoring import ModelScorer

            self._scorer = ModelScorer(self.context, self._reader)
        return self._scorer

    def _curve(self, kind: int) -> dict[str, tuple[float | None, ...]]:
        if kind not in self._curves:
            kinds = sorted({each.kind for each in self.results.settings()})
            self._curves[kind] = known_shares(self._reader, kinds[kind], as_of=self._load_id)
        return self._curves[kind]

    def _plan(self, level: Level, columns: Sequence[Column]) -> None:
        """Note which days of which measures each level needs, so that they are read together."""
        nows = [self.now_in(each) for each in self._objects.accounts.values()]
        for column in columns:
            if column.window is None:
                continue
            of, kind = above(level, column.of), kind_of(column)
            for now in nows:
                if (span := column.window.span(now)) is None:
                    continue
                since, until = (span.since, span.until) if isinstance(span, DateRange) else _dates(span)
                days, names = self._wanted.get((of, kind), (DateRange(since, until), frozenset()))
                wider = DateRange(min(days.since, since), max(days.until, until))
                wanted = wider, names | measures_of(column)
                if wanted != self._wanted.get((of, kind)):
                    self._wanted[of, kind] = wanted
                    self._figures.pop((of, kind), None)
                    self._shares.pop((of, kind), None)

    def _read(self, level: Level, kind: str) -> Figures:
        days, names = self._wanted[level, kind]
        measures = [name for name in SUMMED if name in names]
        check_one_currency(self.context, self._reader, days, self._load_id)
        if kind == "days":
            return self._blocks_of(level).figures(days, measures, self._load_id)
        breakdown = ("hour",) if kind == "hours" else ()
        told = self._reader.days_told(days, as_of=self._load_id, breakdown=breakdown)
        table = self._reader.sums(level, days, measures, result=self.results, as_of=self._load_id, breakdown=breakdown)
        lanes = Lanes()
        rows = lanes.rows(table, measures)
        if kind == "hours":
            return figures_of(level, days, lanes, rows, told, hours=table.column("hour").to_pylist())
        return figures_of(level, DateRange(self._first_open(days), days.until), lanes, rows, told)

    def _blocks_of(self, level: Level) -> DayBlocks:
        if level not in self._blocks:
            self._blocks[level] = DayBlocks(self._reader, level, self.results)
        return self._blocks[level]

    def _first_open(self, days: DateRange) -> date:
        """Return the first day that stays for itself in lifetimes, of which several may end on different days."""
        ends = [self.now_in(each).date() for each in self._objects.accounts.values()]
        return max(days.since, min(*ends, days.until) - timedelta(days=_OPEN_DAYS))


def _dates(hours: HourRange) -> tuple[date, date]:
    return hours.since.date(), hours.until.date()
