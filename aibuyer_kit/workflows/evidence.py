"""What rules look at: one table per account of a client, as known after one load, each figure whole or unknown.

Everything is read as of that load and for one moment: the same question has the same answer to the byte, whatever is
loaded, thinned or sealed later (decisions protect their loads). A day is one of its account, and so is `now`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import RuleError
from aibuyer_kit.core.metrics import MEASURES
from aibuyer_kit.core.results import ResultRules
from aibuyer_kit.features.windows import Bools, Floats, Ints
from aibuyer_kit.rules.conditions import Of
from aibuyer_kit.rules.fields import NUMBERS
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.table import ARRIVED, Column, Table
from aibuyer_kit.rules.windows import HourRange, Lifetime, Span
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.evidence_blocks import DayBlocks
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
from aibuyer_kit.workflows.evidence_objects import Account, Known, Objects
from aibuyer_kit.workflows.maturity import known_shares
from aibuyer_kit.workflows.what_counts import check_one_currency, section_of, section_targets

_SUMMED = tuple(each.name for each in MEASURES if each.additive == "everywhere")
_SECONDS_A_DAY, _SECONDS_AN_HOUR = 86_400, 3_600
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
            _View(self, level, account, subjects).table(columns)
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
        found = _View(self, table.level, account, self._objects.subjects(table.level, account)).table(wanted)
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
        if missing := self._scoring.missing(level, now):
            if missing not in self.gaps:
                self.gaps.append(missing)
            return np.full(len(subjects), np.nan)
        return self._scoring.scores(level, subjects, now, self._load_id)

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
                wanted = wider, names | _measures(column)
                if wanted != self._wanted.get((of, kind)):
                    self._wanted[of, kind] = wanted
                    self._figures.pop((of, kind), None)
                    self._shares.pop((of, kind), None)

    def _read(self, level: Level, kind: str) -> Figures:
        days, names = self._wanted[level, kind]
        measures = [name for name in _SUMMED if name in names]
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


class _View:
    """One account's objects of one level, and the columns of their table."""

    def __init__(self, evidence: Evidence, level: Level, account: Account, subjects: list[Subject]) -> None:
        self._evidence, self._level = evidence, level
        self._account, self._subjects = account, subjects
        self._now = evidence.now_in(account)
        self._yesterday = self._now.date() - timedelta(days=1)
        known = evidence.objects.of(level)
        self._known = [known[each.key] for each in subjects]
        self._keys: dict[Level, list[Key]] = {}
        self._found: dict[tuple[Level, str], Ints] = {}
        self._told_of: dict[Level, Bools] = {}
        self._opened: dict[Level, date | None] = {}

    def table(self, columns: Sequence[Column]) -> Table:
        numbers = {each: self._column(each) for each in columns}
        return Table(self._level, self._now, self._evidence.known_at, self._subjects, numbers, self._targets())

    def _column(self, column: Column) -> Floats:
        if column.window is None:
            return self._field(column)
        of, span = above(self._level, column.of), column.window.span(self._now)
        if span is None:
            return self._unknown()
        if column.name not in _SUMMED and column.name != ARRIVED:
            raise RuleError(f"{column} cannot be read.")
        known = self._told(column, of, span)
        if known is None:
            self._evidence.note_untold(self._account.key, self._level, column)
            return self._unknown()
        figures = self._evidence.figures(of, kind_of(column))
        place = self._places(of, kind_of(column))
        known = known & ((place >= 0) | self._are_known(of))
        found = self._values(column, of, figures, span)
        # A known object that has no row counts nothing: the days were read, and it was not among what they told.
        numbers = np.where(place >= 0, np.append(found, 0.0)[place], np.nan if column.name == ARRIVED else 0.0)
        if isinstance(span, DateRange) and not self._evidence.reads.has_any(self._account.key):
            # Only files tell of it, and nobody knows which days they tell whole.
            rows = np.append(figures.rows(span), 0)[place]
            known = known & (rows > 0)
        return np.where(known, numbers, np.nan)

    def _values(self, column: Column, of: Level, figures: Figures, span: Span) -> Floats:
        """Return a figure of every object of a level."""
        if column.name == ARRIVED:
            spend = figures.sums("spend", span).floats()
            arrived = self._day_by_day(figures.lanes.weighed, "spend", of, column, span)
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where(spend > 0, arrived / spend, np.nan)
        if not column.matured:
            return figures.sums(column.name, span).floats()
        if column.name == "profit":
            spend = figures.sums("spend", span).floats()
            return self._day_by_day(figures.lanes.ripe, "gross_profit", of, column, span) - spend
        found = self._day_by_day(figures.lanes.ripe, column.name, of, column, span)
        if column.name == "results":
            found[figures.kinds(*figures.slots(span)) > 1] = np.nan
        return found

    def _day_by_day(self, how: Callable[..., Floats], name: str, of: Level, column: Column, span: Span) -> Floats:
        figures = self._evidence.figures(of, kind_of(column))
        lanes = how(name, *figures.slots(span), *self._evidence.shares(of, kind_of(column)))
        if len(lanes) == len(figures.index):
            return lanes
        found = np.zeros(len(figures.index))
        for kind in sorted(set(figures.lane_kind.tolist())):  # in one order, whichever lane was met first
            own = figures.lane_kind == kind
            found[figures.lane_object[own]] += lanes[own]
        return found

    def _told(self, column: Column, of: Level, span: Span) -> Bools | None:
        """Return which objects' window was read whole; None where it was of none."""
        evidence, account = self._evidence, self._account
        where = f"{account.key[1]}, {span}"
        if untold := evidence.figures(of, kind_of(column)).untold(account.key, span):
            self._note(f"{where}: {untold}")
            return None
        everything = np.ones(len(self._subjects), dtype=np.bool_)
        if isinstance(span, HourRange):
            if hours := evidence.reads.open_hours(account.key, span, self._now):
                self._note(f"{where}: {len(hours)} hours were not read whole, the first {hours[0]:%Y-%m-%d %H:00}")
                return None
            return everything
        missing = evidence.reads.open_days(account.key, of, span, self._now.date(), account.zone)
        if not missing:
            return everything
        if not isinstance(column.window, Lifetime):
            self._note(f"{where}: {len(missing)} days were not read whole, the first {missing[0]}")
            return None
        born = [evidence.objects.created_on(of, key) for key in self._keys_of(of)]
        return np.array([day is not None and day > missing[-1] for day in born], dtype=np.bool_)

    def _note(self, gap: str) -> None:
        if gap not in self._evidence.gaps:
            self._evidence.gaps.append(gap)

    def _keys_of(self, of: Level) -> list[Key]:
        if of not in self._keys:
            self._keys[of] = [each.at(self._level, of) for each in self._known]
        return self._keys[of]

    def _places(self, of: Level, kind: str) -> Ints:
        """Return the number of each object, or of what is above it, among figures; -1 where it has none."""
        if (of, kind) not in self._found:
            index = self._evidence.figures(of, kind).index
            places = (index.get(key, -1) if key[2] else -1 for key in self._keys_of(of))
            self._found[of, kind] = np.fromiter(places, dtype=np.int64, count=len(self._subjects))
        return self._found[of, kind]

    def _are_known(self, of: Level) -> Bools:
        """Return whether each object, or what is above it, is one that the platform has told of."""
        if of not in self._told_of:
            known = self._evidence.objects.accounts if of is Level.ACCOUNT else self._evidence.objects.of(of)
            keys = (key[:2] if of is Level.ACCOUNT else key for key in self._keys_of(of))
            self._told_of[of] = np.array([key in known for key in keys], dtype=np.bool_)
        return self._told_of[of]

    def _field(self, column: Column) -> Floats:
        """Return a field of each object, or of what is above it."""
        if column.name not in NUMBERS:
            raise RuleError(f"{column} cannot be read.")
        of = above(self._level, column.of)
        if column.name == "score":
            return self._evidence.score(of, self._subjects, self._now) if of is self._level else self._unknown()
        known = self._evidence.objects.of(of) if of is not Level.ACCOUNT else {}
        if column.name == "days_without_delivery" and self._last_open(of) == self._yesterday:
            self._evidence.note_untold(self._account.key, self._level, column)
        return _floats(self._said(column.name, of, known.get(key)) for key in self._keys_of(of))

    def _said(self, name: str, of: Level, each: Known | None) -> float | None:
        if each is None:
            return None
        match name:
            case "daily_budget":
                return each.daily_budget
            case "lifetime_budget":
                return each.lifetime_budget
            case "bid":
                return each.bid
            case "age_days":
                return self._since(each.created_at, _SECONDS_A_DAY)
            case "hours_since_edit":
                return self._since(each.edited_at, _SECONDS_AN_HOUR)
            case "days_without_delivery":
                return self._idle_days(of, each.key)
        return None

    def _since(self, moment: datetime | None, unit_seconds: int) -> float | None:
        """Return how long ago a moment was; None for one that is not known or lies ahead."""
        seconds = None if moment is None else (self._now - moment.astimezone(UTC)).total_seconds()
        return None if seconds is None or seconds < 0 else seconds / unit_seconds

    def _idle_days(self, of: Level, key: Key) -> int | None:
        """Return the whole days to yesterday without delivery, of one that never had any since it was made.

        Unknown where one of them was not read whole.
        """
        begin = self._evidence.last_days(of).get(key) or self._evidence.objects.created_on(of, key)
        if begin is None:
            return None
        if begin >= self._yesterday:
            return 0
        last_open = self._last_open(of)
        return None if last_open is None or last_open > begin else (self._yesterday - begin).days

    def _last_open(self, of: Level) -> date | None:
        """Return the newest day to yesterday that was not read whole; None of an account of which only files tell."""
        if of not in self._opened:
            reads, account = self._evidence.reads, self._account
            self._opened[of] = reads.last_open_day(account.key, of, self._yesterday, account.zone)
        return self._opened[of]

    def _targets(self) -> dict[str, Floats]:
        """Return what the client aims at for each object, by the objective of its campaign, as the settings stand."""
        context = self._evidence.context
        if not context.settings.targets and not context.settings.results:
            return {}
        objectives = [_objective(each) for each in self._subjects]
        aims = {each: section_targets(context, section_of(context, each)) for each in set(objectives)}
        names = sorted({name for targets in aims.values() for name in targets})
        return {name: _floats(aims[each].get(name) for each in objectives) for name in names}

    def _unknown(self) -> Floats:
        return np.full(len(self._subjects), np.nan)


def above(level: Level, of: Of) -> Level:
    """Return the level of what is meant: of the object itself, or of what is above it.

    >>> above(Level.AD, "parent"), above(Level.CAMPAIGN, "parent"), above(Level.CAMPAIGN, "campaign")
    (<Level.ADSET: 'adset'>, <Level.ACCOUNT: 'account'>, <Level.CAMPAIGN: 'campaign'>)
    """
    parent = list(Level)[max(0, level.depth - 1)]
    return {"self": level, "parent": parent, "campaign": Level.CAMPAIGN, "account": Level.ACCOUNT}[of]


def kind_of(column: Column) -> str:
    """Return among which figures a column is found."""
    if isinstance(column.window, Lifetime):
        return "lifetime"
    return "days" if column.window is None or not hasattr(column.window, "hours") else "hours"


def _measures(column: Column) -> frozenset[str]:
    """Return the measures that a column is made of."""
    if column.name == ARRIVED:
        return frozenset({"spend"})
    if column.matured and column.name == "profit":
        return frozenset({"gross_profit", "spend"})
    return frozenset({column.name}) & frozenset(_SUMMED)


def _dates(hours: HourRange) -> tuple[date, date]:
    return hours.since.date(), hours.until.date()


def _objective(subject: Subject) -> str | None:
    told = subject.text("objective")
    return told if isinstance(told, str) else None


def _floats(values: Iterable[float | int | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
