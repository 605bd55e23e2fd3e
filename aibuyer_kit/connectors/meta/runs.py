"""Reports that Meta works out in its own time: started, looked after in batches, and handed over when whole."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aibuyer_kit.connectors.base import Verdict
from aibuyer_kit.connectors.meta.api import MetaApi
from aibuyer_kit.connectors.meta.questions import Question
from aibuyer_kit.core.errors import PlatformError, SchemaDriftError, TooMuchDataError, TransientError

MOST_IN_FLIGHT = 100
BATCH_SIZE = 50
POLL_SECONDS = 5.0
LONGEST_RUN_SECONDS = 3600.0
_STARTS = 2  # a report that fails is started once more; then less is asked for
_UNSEEN = 33  # a run that was just started may not be found yet

_FAILED = frozenset({"Job Failed", "Job Skipped"})
_DONE = "Job Completed"


@dataclass
class _Run:
    """One question and the report that works on it; `outcome` is the question to read, or why there is none."""

    question: Question
    starts: int = 0
    run_id: str = ""
    since: datetime | None = None
    outcome: Question | PlatformError | None = None


class ReportRuns:
    """Runs the reports of many questions, at most 100 at a time."""

    def __init__(self, api: MetaApi, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._api = api
        self._clock = api.seam.clock
        self._poll_seconds = poll_seconds

    def finished(self, questions: Sequence[Question], fields: Sequence[str]) -> Iterator[Question | PlatformError]:
        """Yield each question, in order, with the `run_id` of its report, or the error that asking for less may mend.

        Raises PlatformError in its kinds where nothing more can be done.
        """
        waiting = deque(_Run(question) for question in questions)
        order, running = list(waiting), list[_Run]()
        for run in order:
            while run.outcome is None:
                while waiting and len(running) < MOST_IN_FLIGHT:
                    running.append(self._started(waiting.popleft(), fields))
                self._look(running, fields)
                running = [each for each in running if each.outcome is None]
                if run.outcome is None:
                    self._clock.sleep(self._poll_seconds)
            yield run.outcome

    def _started(self, run: _Run, fields: Sequence[str]) -> _Run:
        question = replace(run.question, run_id="")
        asked = {**question.parameters(fields), "fields": list(fields)}
        run_id = self._api.ask_for_report(question.path, asked).get("report_run_id")
        if not isinstance(run_id, str) or not run_id:
            raise SchemaDriftError(f"Meta POST {question.path}: the answer holds no report_run_id.")
        run.starts, run.run_id, run.since = run.starts + 1, run_id, self._clock.now()
        return run

    def _look(self, running: Sequence[_Run], fields: Sequence[str]) -> None:
        for start in range(0, len(running), BATCH_SIZE):
            batch = running[start : start + BATCH_SIZE]
            asked = [f"{run.run_id}?fields=async_status,async_percent_completion" for run in batch]
            for run, state in zip(batch, self._api.read_together(asked), strict=True):
                self._judge(run, state, fields)

    def _judge(self, run: _Run, state: object, fields: Sequence[str]) -> None:
        if isinstance(state, Verdict):
            if not (state.action in ("retry", "wait") or (state.code, state.subcode) == (100, _UNSEEN)):
                self._again(run, state.reason, fields)
        elif isinstance(state, dict):
            status, percent = state.get("async_status"), state.get("async_percent_completion")
            if status == _DONE and percent == 100:
                run.outcome = replace(run.question, run_id=run.run_id)
            elif status in _FAILED:
                self._again(run, f"Meta's report run ended as {status!r}.", fields)
        if run.outcome is None and run.since and self._clock.now() - run.since > timedelta(seconds=LONGEST_RUN_SECONDS):
            raise TransientError(f"Meta report run {run.run_id} has not ended in an hour; run it again later.")

    def _again(self, run: _Run, reason: str, fields: Sequence[str]) -> None:
        if run.starts < _STARTS:
            self._started(run, fields)
        else:
            run.outcome = TooMuchDataError(f"{reason} It was started {run.starts} times. Ask for less.")
