"""One account in the evidence: the columns of its table, each figure whole or unknown."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import RuleError
from aibuyer_kit.features.windows import Bools, Floats, Ints
from aibuyer_kit.rules.fields import NUMBERS
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.table import ARRIVED, Column, Table
from aibuyer_kit.rules.windows import HourRange, Lifetime, Span
from aibuyer_kit.workflows.evidence_columns import SUMMED, above, kind_of
from aibuyer_kit.workflows.evidence_days import Figures, Key
from aibuyer_kit.workflows.evidence_objects import Account, Known
from aibuyer_kit.workflows.what_counts import section_of, section_targets

if TYPE_CHECKING:
    from aibuyer_kit.workflows.evidence import Evidence

_SECONDS_A_DAY, _SECONDS_AN_HOUR = 86_400, 3_600


class AccountView:
    """One account's objects of one level, and the columns of their table."""

    def __init__(self, evidence: "Evidence", level: Level, account: Account, subjects: list[Subject]) -> None:
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
        if column.name not in SUMMED and column.name != ARRIVED:
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


def _objective(subject: Subject) -> str | None:
    told = subject.text("objective")
    return told if isinstance(told, str) else None


def _floats(values: Iterable[float | int | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
