"""Asynchronous insights: a run goes through its stages as the virtual clock passes, and then has its rows."""

from dataclasses import dataclass, replace

from aibuyer_kit.sandbox.graph.errors import GraphError
from aibuyer_kit.sandbox.graph.insight_rows import check_insight_fields
from aibuyer_kit.sandbox.graph.insights import insights_edge
from aibuyer_kit.sandbox.graph.messages import GraphRequest
from aibuyer_kit.sandbox.graph.nodes import check_fields
from aibuyer_kit.sandbox.graph.question import Question, asked_question
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.market.account import Node
from aibuyer_kit.sandbox.market.days import MICROSECONDS_PER_SECOND

_WAITING_SECONDS = 2
_STARTED_SECONDS = 4
_LEAST_SECONDS = 5
_ROWS_PER_SECOND = 1000
_MOST_SECONDS = 600
# For this long a run is at 100 percent and not yet completed, as has been seen on the platform.
_CLOSING_SECONDS = 2
_FIELDS = (
    "id",
    "account_id",
    "time_ref",
    "time_completed",
    "async_status",
    "async_percent_completion",
    "is_running",
    "date_start",
    "date_stop",
    "error_code",
    "error_subcode",
    "error_message",
    "error_user_title",
    "error_user_msg",
)
FAILURES = {-2: (2490547, "The report could not be made."), -3: (1504045, "There is too much data for one report.")}


@dataclass(frozen=True)
class ReportRun:
    """One run; `failure` is its error code if it is to fail, `is_skipped` if it is to expire."""

    id: str
    question: Question
    created_us: int
    lasts_us: int
    failure: int = 0
    is_skipped: bool = False

    @property
    def ends_us(self) -> int:
        return self.created_us + (_STARTED_SECONDS + _CLOSING_SECONDS) * MICROSECONDS_PER_SECOND + self.lasts_us

    def stage(self, at_us: int) -> tuple[str, int]:
        """Return status and percentage at a moment."""
        passed_us = at_us - self.created_us
        if passed_us < _WAITING_SECONDS * MICROSECONDS_PER_SECOND:
            return "Job Not Started", 0
        if passed_us < _STARTED_SECONDS * MICROSECONDS_PER_SECOND:
            return "Job Started", 0
        ran_us = passed_us - _STARTED_SECONDS * MICROSECONDS_PER_SECOND
        percent = min(100, 100 * ran_us // self.lasts_us)
        if (self.failure or self.is_skipped) and percent >= 50:
            return ("Job Skipped" if self.is_skipped else "Job Failed"), 50
        return ("Job Completed" if at_us >= self.ends_us else "Job Running"), percent


class ReportRuns:
    """The runs asked for so far."""

    def __init__(self) -> None:
        self._runs: dict[str, ReportRun] = {}

    def find(self, run_id: str) -> ReportRun | None:
        return self._runs.get(run_id)

    def submit(self, view: View, node: Node, request: GraphRequest) -> dict[str, object]:
        """Begin a run. Raises GraphError for a question that makes no sense."""
        question = asked_question(view, node, request.params)
        run_id = f"65{view.account.number[:6]}{len(self._runs) + 1:08d}"
        rows = len(question.pieces) * (len(question.family.cells) if question.family else 1) * len(view.account.ads)
        seconds = min(_MOST_SECONDS, _LEAST_SECONDS + rows // _ROWS_PER_SECOND)
        self._runs[run_id] = ReportRun(run_id, question, view.at_us, seconds * MICROSECONDS_PER_SECOND)
        return {"report_run_id": run_id}

    def spoil(self, run_id: str, *, failure: int = 0, is_skipped: bool = False) -> None:
        """Let a run fail, or expire, in its middle."""
        self._runs[run_id] = replace(self._runs[run_id], failure=failure, is_skipped=is_skipped)


def render_run(view: View, run: ReportRun, request: GraphRequest) -> dict[str, object]:
    """Return the run as a node. Raises GraphError for a field that there is not."""
    fields = request.params.texts("fields") or _FIELDS
    check_fields(fields, dict.fromkeys(_FIELDS), "AdReportRun")
    status, percent = run.stage(view.at_us)
    values: dict[str, object] = {
        "id": run.id,
        "account_id": view.account.number,
        "time_ref": run.created_us // MICROSECONDS_PER_SECOND,
        "async_status": status,
        "async_percent_completion": percent,
        "is_running": status in ("Job Not Started", "Job Started", "Job Running"),
        "date_start": run.question.days.since.isoformat(),
        "date_stop": run.question.days.until.isoformat(),
    }
    if status == "Job Completed":
        values["time_completed"] = run.ends_us // MICROSECONDS_PER_SECOND
    if status == "Job Failed":
        subcode, message = FAILURES[run.failure]
        values |= {"error_code": run.failure, "error_subcode": subcode, "error_message": message}
        values |= {"error_user_title": "Report failed", "error_user_msg": message}
    return {name: values[name] for name in ("id", *fields) if name in values}


def run_insights(view: View, run: ReportRun, request: GraphRequest) -> bytes:
    """Return one page of a completed run's rows, as they were when it ended. Raises GraphError before that."""
    if run.stage(view.at_us)[0] != "Job Completed":
        raise GraphError(
            2601,
            "Error accessing adreport job.",
            subcode=1815107,
            is_transient=True,
            user_title="Loading Async Ads Report Failed",
            user_message="The report cannot be loaded: its job is not completed.",
        )
    question = run.question
    if fields := request.params.texts("fields"):
        check_insight_fields(fields)
        question = replace(question, fields=fields)
    return insights_edge(View(view.market, run.ends_us), question, request)
