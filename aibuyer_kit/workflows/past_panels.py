"""Moments of the past as models are asked at them: what was known then, and what is known now of the days after."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.trainable import Fold, Trainable
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.panel import read_panel
from aibuyer_kit.workflows.panel_besides import with_creatives
from aibuyer_kit.workflows.period import account_today

_FOLD_DAYS = 126  # over which folds reach back
# Days end at midnight of their accounts; by this hour (UTC) of the next one, those of most of the world have ended.
_BY_HOUR = time(10, tzinfo=UTC)


class PastPanels:
    """Panels of one client and level: that of now, and as they were known on the mornings after days of the past.

    Of a day before the first load only today's knowledge can be told; it is cut off behind that day.
    """

    def __init__(
        self, context: ClientContext, reader: Reader, level: Level, history_days: int, *, as_of: AsOf | None = None
    ) -> None:
        self._context, self._reader, self._level, self._history = context, reader, level, history_days
        self._load_id = reader.freshness(as_of=as_of).load_id
        self.last_day = account_today(context, reader, as_of=self._load_id) - timedelta(days=1)
        fresh = reader.freshness(as_of=self._load_id)
        if fresh.last_day is not None:
            self.last_day = min(self.last_day, fresh.last_day)
        self._first_day = fresh.first_day or self.last_day
        self._first_load = min((row["known_at_utc"] for row in reader.loads("insights").rows()), default=None)
        self._read: dict[tuple[date, bool], DailyPanel] = {}
        self._all: DailyPanel | None = None

    @property
    def now(self) -> DailyPanel:
        """What is known now, as long as models want to see, and the folds before it."""
        return self.all_days.last(self._history)

    @property
    def all_days(self) -> DailyPanel:
        if self._all is None:
            since = max(self._first_day, self.last_day - timedelta(days=self._history + _FOLD_DAYS))
            self._all = self._panel(DateRange(since, self.last_day), self._load_id)
        return self._all

    def known_on(self, day: date) -> DailyPanel:
        """Return what was known on the morning after a day, up to that day. Raises NotFoundError where nothing was."""
        key = (day, True)
        if key not in self._read:
            self._read[key] = self._known(day)
        return self._read[key]

    def folds(self, trainable: Trainable) -> list[Fold]:
        """Return its folds, a week or its horizon apart, in the order of time; fewer where history is short."""
        apart = max(7, trainable.horizon_days)
        newest = self.last_day - timedelta(days=trainable.horizon_days)
        found = []
        for number in range(trainable.folds):
            origin = newest - timedelta(days=apart * number)
            if (origin - self._first_day).days + 1 < 2 * trainable.horizon_days:
                break
            try:
                found.append(Fold(self.known_on(origin), self.all_days))
            except NotFoundError:
                continue
        return found[::-1]

    def _known(self, day: date) -> DailyPanel:
        morning = datetime.combine(day + timedelta(days=1), _BY_HOUR)
        if self._first_load is None or self._first_load.replace(tzinfo=UTC) > morning:
            return _cut(self.all_days, day, self._history)
        since = max(self._first_day, day - timedelta(days=self._history - 1))
        load_id = min(self._reader.freshness(as_of=morning).load_id, self._load_id)
        return self._panel(DateRange(since, day), load_id)

    def _panel(self, days: DateRange, load_id: int) -> DailyPanel:
        panel = read_panel(self._context, self._reader, self._level, days, as_of=load_id)
        return with_creatives(panel, self._reader) if self._level is Level.AD else panel


def _cut(panel: DailyPanel, day: date, history_days: int) -> DailyPanel:
    if day < panel.days.since:
        raise NotFoundError(f"Nothing is known of {day} and before.")
    return panel.until(day).last(history_days)


def spans(folds: Sequence[Fold]) -> str:
    """Return from which origin to which folds reach, in words."""
    return f"{len(folds)} folds, {folds[0].origin} to {folds[-1].origin}" if folds else "no folds"
