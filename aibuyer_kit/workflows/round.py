"""One round of reading: by turns over all accounts of an app, within its limits, and on from where a read broke off."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from aibuyer_kit.connectors.base import Checkpoint, Connector, CreativeStream, EntityStream
from aibuyer_kit.connectors.budget import CallBudget
from aibuyer_kit.connectors.service import Service
from aibuyer_kit.core.clock import SystemClock
from aibuyer_kit.core.dates import account_date, time_zone
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import (
    AibuyerError,
    AuthorisationError,
    InconsistentReadError,
    InputError,
    LedgerError,
    PlatformError,
    RateLimitError,
    RefusedError,
    TooMuchDataError,
    TransientError,
    WarehouseError,
)
from aibuyer_kit.core.unreadable import UnreadableRow
from aibuyer_kit.settings.workspace_settings import SyncSection
from aibuyer_kit.warehouse.load import LoadResult
from aibuyer_kit.warehouse.write import Writer
from aibuyer_kit.workflows.cadence import Depth
from aibuyer_kit.workflows.jobs import Job, account_jobs, first_open_day
from aibuyer_kit.workflows.sync_log import SyncLine, SyncLog

if TYPE_CHECKING:
    import pyarrow as pa

# Told after each stream: what was read, how many streams are done, and how many there are.
Progress = Callable[[str, int, int], None]

# What ends one stream and not the others: the platform's answers, its settings, and figures that contradict each other.
_STREAM_ERRORS = (PlatformError, InputError, InconsistentReadError)
# What asking again on the same day does not mend.
_FOR_GOOD = (RefusedError, TooMuchDataError, InputError)
# A sync holds the warehouse while it waits, so that a longer wait ends what it is for.
_WORTH_WAITING_SECONDS = 300.0
_PATIENCE_SECONDS = 900.0
_PAUSE_SECONDS = 30.0
_MOST_TRIES = 5


@dataclass(frozen=True)
class StreamFailure:
    """One stream that could not be read whole; the others went on."""

    stream: str
    error: AibuyerError


@dataclass
class _Pages:
    """The tables of one stream, over several tries; `finished` is the last day up to which they have been taken whole.

    A try goes on from where the one before broke off, as long as each gets further.
    """

    job: Job
    finished: date | None = None
    rejected: list[UnreadableRow] = field(default_factory=list)

    def tables(self) -> "Iterator[pa.Table]":
        """Yield what is left each time. Raises PlatformError in its kinds."""
        connector, after = self.job.connector, None
        for left_tries in range(_MOST_TRIES - 1, -1, -1):
            given = False
            try:
                for table in connector.fetch(self.job.stream, after=after, rejected=self.rejected.append):
                    given = True
                    yield table
                    # Only now is the table taken: an interrupt in between must not call its days whole.
                    self.finished = _day_before(connector.checkpoint)
                return
            except (TransientError, RateLimitError) as error:
                if not (given and left_tries and _waited(connector, error)):
                    raise
            after = connector.checkpoint


def _day_before(left: Checkpoint | None) -> date | None:
    return left.first_day_left - timedelta(days=1) if left and left.first_day_left else None


def _waited(connector: Connector, error: TransientError | RateLimitError) -> bool:
    """Wait before a read goes on; False if that is not worth it."""
    if isinstance(error, TransientError):
        connector.clock.sleep(_PAUSE_SECONDS)
        return True
    if error.wait_seconds > _WORTH_WAITING_SECONDS:
        return False
    connector.service.waited(error.wait_seconds)
    connector.clock.sleep(error.wait_seconds)
    return True


class Round:
    """Reads what is due of a client's accounts into its warehouse; what came of it is in its lists."""

    def __init__(
        self,
        writer: Writer,
        log: SyncLog,
        settings: SyncSection,
        *,
        depth: Depth | None = None,
        differing: Collection[tuple[str, date]] = (),
        unread: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        decided: Callable[[], Collection[int]] = tuple,
        progress: Progress | None = None,
    ) -> None:
        self.loads: list[LoadResult] = []
        self.failures: list[StreamFailure] = []
        self.notices: list[str] = []
        self.service = Service()
        self._writer, self._log, self._settings = writer, log, settings
        self._depth, self._differing, self._unread, self._progress = depth, differing, unread or {}, progress
        self._decided = decided
        self._calls_taken: dict[str, int] = {}
        self._given_up: dict[str, str] = {}
        self._put_off: dict[tuple[str, str], list[str]] = {}
        self._closed_accounts: set[str] = set()
        self._closed_apps: set[int] = set()
        self._ended_at: datetime | None = None
        self._patience_seconds = _PATIENCE_SECONDS
        self._done = self._all = 0

    def read(self, connectors: Sequence[Connector]) -> None:
        """Read all accounts; those that share an app share its calls."""
        before = [(connector, connector.service.plus(Service())) for connector in connectors]
        apps = {id(connector.budget): connector.budget for connector in connectors}
        try:
            for budget in apps.values():
                self._read_app([each for each in connectors if each.budget is budget], budget)
        finally:
            for connector, earlier in before:
                self.service = self.service.plus(connector.service.plus(earlier, -1))
            for (account_id, when), names in self._put_off.items():
                self.notices.append(f"{account_id}: put off {when}, for the platform's limit: {'; '.join(names)}")

    def line(self) -> SyncLine:
        """Return what is to be kept of this round."""
        ended_at = self._ended_at or SystemClock().now()
        failed = {failure.stream: str(failure.error) for failure in self.failures}
        return SyncLine(ended_at, self.service, self._calls_taken, self._given_up, failed)

    def _read_app(self, connectors: Sequence[Connector], budget: CallBudget) -> None:
        jobs = [job for connector in connectors for job in self._jobs_of(connector)]
        self._all += len(jobs)
        # By the first stream that a night reads: the rest of one that failed or was put off is no night of its own.
        nights = [
            each
            for each in connectors
            if any(job.connector is each and isinstance(job.stream, CreativeStream) for job in jobs)
        ]
        # Before the reads that make a night complete: one that is killed is thinned by the next sync.
        self._thin(nights)
        for depth in Depth:
            waiting = [job for job in jobs if job.depth is depth]
            while waiting:
                waiting = self._read_what_fits([job for job in waiting if self._is_open(job.connector)], budget)
        if nights:
            self._writer.check_sealed()
        for connector in nights:
            self._end_night(connector)

    def _thin(self, connectors: Sequence[Connector]) -> None:
        """Thin the history of accounts; where nobody can tell what decisions have read, all of it stays."""
        try:
            protected = self._decided() if connectors else ()
        except LedgerError as error:
            self.notices.append(f"The history was not thinned, as decisions may have read it: {error}")
            return
        for connector in connectors:
            self._writer.thin(connector.platform, connector.account_id, _zone(connector), protected_loads=protected)

    def _end_night(self, connector: Connector) -> None:
        """Seal the months that nights read no more; what cannot be sealed stays where it is."""
        before = first_open_day(self._writer, connector, self._settings, self._differing_days(connector))
        try:
            self._writer.seal(connector.platform, connector.account_id, _zone(connector), before=before)
        except WarehouseError as error:
            self.failures.append(StreamFailure(f"{connector.account_id} sealing", error))

    def _differing_days(self, connector: Connector) -> list[date]:
        return [day for account_id, day in self._differing if account_id == connector.account_id]

    def _jobs_of(self, connector: Connector) -> list[Job]:
        """Read the account's own object, whose answer tells which day it is there, and return what is due."""
        self._ended_at = self._ended_at or connector.clock.now()  # until the platform tells its own time
        first = Job(connector, EntityStream(Level.ACCOUNT), Depth.QUICK, calls=1)
        self._all += 1
        loads_before = len(self.loads)
        self._read_unless_held(first, connector.budget)
        if len(self.loads) == loads_before:
            return []
        differing = self._differing_days(connector)
        try:
            unread = self._unread.get(connector.account_id, ())
            due = account_jobs(
                self._writer,
                connector,
                self._settings,
                self._log,
                depth=self._depth,
                differing=differing,
                unread=unread,
            )
            return list(due)
        except _STREAM_ERRORS as error:
            self._note_failure(connector, f"{connector.account_id} account", error)
            return []

    def _read_what_fits(self, waiting: Sequence[Job], budget: CallBudget) -> list[Job]:
        """Read the jobs that fit the calls that are left, in their order, and return those to be planned again."""
        if not waiting:
            return []
        jobs = {job.planned: job for job in waiting}
        plan = budget.plan(jobs, waiting[0].connector.clock.now())
        fitting, later = [jobs[read] for read in plan.now], [jobs[read] for read in plan.later]
        for place, job in enumerate(fitting):
            if place and job.depth is not Depth.QUICK and _wait_seconds(job, budget) > 0:
                return fitting[place:] + later
            self._read_unless_held(job, budget)
        if fitting or self._waits_for(later, budget):
            return later
        for job in later:
            # The newest figures are what a limit is kept for; all else can be read by a later sync.
            if job.depth is Depth.QUICK:
                self._read_unless_held(job, budget)
            else:
                self._put_off_job(job, _wait_seconds(job, budget))
        return []

    def _waits_for(self, later: Sequence[Job], budget: CallBudget) -> bool:
        """Wait for calls to be left again; False if that takes too long, or if none are known to come."""
        seconds = min((_wait_seconds(job, budget) for job in later), default=0.0)
        if not 0 < seconds <= min(_WORTH_WAITING_SECONDS, self._patience_seconds):
            return False
        self._patience_seconds -= seconds
        later[0].connector.service.waited(seconds)
        later[0].connector.clock.sleep(seconds)
        return True

    def _read_unless_held(self, job: Job, budget: CallBudget) -> None:
        seconds = _wait_seconds(job, budget)
        if not self._is_open(job.connector):
            return
        if seconds > _WORTH_WAITING_SECONDS:
            self._put_off_job(job, seconds)
            return
        self._read_job(job)
        self._done += 1
        if self._progress:
            self._progress(job.name, self._done, self._all)

    def _read_job(self, job: Job) -> None:
        """Load one stream; figures that moved between two of its pages are read once more."""
        calls_before = job.connector.service.calls.count
        pages = _Pages(job)
        try:
            try:
                self.loads.append(self._load(pages))
            except InconsistentReadError:
                pages = _Pages(job)
                self.loads.append(self._load(pages))
            self._calls_taken[job.kind] = job.connector.service.calls.count - calls_before
            self._ended_at = job.connector.platform_time()
        except _STREAM_ERRORS as error:
            self._note_failure(job.connector, job.name, error)
            if isinstance(error, _FOR_GOOD):
                self._given_up[job.question] = type(error).__name__
            days = job.coverage.days
            if days and pages.finished and pages.finished in days:
                self.notices.append(f"{job.name}: whole up to {pages.finished}; the next sync goes on from there.")
        if job.retry and self._is_open(job.connector):
            today = account_date(job.connector.platform_time(), _zone(job.connector))
            self._writer.note_try(job.coverage, today)

    def _load(self, pages: _Pages) -> LoadResult:
        job = pages.job
        known_at, finished = job.connector.platform_time, lambda: pages.finished
        return self._writer.load(
            job.coverage, pages.tables(), known_at=known_at, finished=finished, rejected=pages.rejected
        )

    def _note_failure(self, connector: Connector, name: str, error: AibuyerError) -> None:
        self.failures.append(StreamFailure(name, error))
        if isinstance(error, AuthorisationError):
            self._closed_accounts.add(connector.account_id)
            if error.token:
                self._closed_apps.add(id(connector.budget))

    def _is_open(self, connector: Connector) -> bool:
        """Tell whether the account's permission and the app's token still hold."""
        return connector.account_id not in self._closed_accounts and id(connector.budget) not in self._closed_apps

    def _put_off_job(self, job: Job, seconds: float) -> None:
        until = job.connector.clock.now() + timedelta(seconds=seconds)
        when = f"to the first sync after {until:%Y-%m-%d %H:%M:%S} UTC" if seconds else "to the next sync"
        self._put_off.setdefault((job.connector.account_id, when), []).append(job.coverage.title)


def _zone(connector: Connector) -> ZoneInfo:
    return time_zone(connector.account().time_zone)


def _wait_seconds(job: Job, budget: CallBudget) -> float:
    return budget.wait_seconds(job.connector.account_id, job.connector.clock.now(), starts=True)
