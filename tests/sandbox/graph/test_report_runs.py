"""Asynchronous insights through the unmodified SDK, and by hand."""

from typing import Any

import httpx
import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adreportrun import AdReportRun
from facebook_business.exceptions import FacebookRequestError

from aibuyer_kit.sandbox.serve import RunningSandbox
from tests.sandbox.control.test_control import arm

FIELDS = ["ad_id", "spend", "actions"]
PARAMS = {"level": "ad", "time_increment": 1, "time_range": {"since": "2026-05-01", "until": "2026-05-31"}}


def submit(account: AdAccount) -> AdReportRun:
    run = account.get_insights(fields=FIELDS, params=PARAMS, is_async=True)
    assert isinstance(run, AdReportRun)
    return run


def stages(sandbox: RunningSandbox, run: AdReportRun) -> list[tuple[str, int]]:
    """Look at a run every virtual second until it has ended."""
    found = []
    for _ in range(60):
        run.api_get()
        found.append((run["async_status"], run["async_percent_completion"]))
        if found[-1][0] in ("Job Completed", "Job Failed", "Job Skipped"):
            break
        sandbox.advance(1)
    return found


def test_a_run_goes_through_its_stages_as_the_clock_passes(sandbox: RunningSandbox, account: AdAccount) -> None:
    """Not started, started, running with a rising percentage, 100% while still running, completed."""
    run = submit(account)
    seen = stages(sandbox, run)
    words = list(dict.fromkeys(status for status, _ in seen))

    assert words == ["Job Not Started", "Job Started", "Job Running", "Job Completed"]
    assert [percent for _, percent in seen] == sorted(percent for _, percent in seen)
    assert ("Job Running", 100) in seen
    assert seen[-1] == ("Job Completed", 100)
    assert (run["date_start"], run["date_stop"], run["is_running"]) == ("2026-05-01", "2026-05-31", False)


def test_a_completed_run_has_the_rows_of_the_same_question(sandbox: RunningSandbox, account: AdAccount) -> None:
    """As they were when it ended, page by page, whatever happens later."""
    run = submit(account)
    stages(sandbox, run)
    direct = [row.export_all_data() for row in account.get_insights(fields=FIELDS, params={**PARAMS, "limit": 500})]
    sandbox.advance(5 * 86_400)
    fetched = [row.export_all_data() for row in run.get_insights(params={"limit": 300})]

    assert len(fetched) > 1000
    assert fetched == direct


def test_rows_cannot_be_fetched_before_the_end(sandbox: RunningSandbox, account: AdAccount) -> None:
    """2601/1815107, also at 100% while still running."""
    run = submit(account)
    for _ in range(3):
        with pytest.raises(FacebookRequestError) as caught:
            list(run.get_insights())
        assert (caught.value.api_error_code(), caught.value.api_error_subcode()) == (2601, 1815107)
        sandbox.advance(4)


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        ("async_failed", {"async_status": "Job Failed", "error_code": -2, "error_subcode": 2490547}),
        ("async_too_large", {"async_status": "Job Failed", "error_code": -3, "error_subcode": 1504045}),
        ("async_skipped", {"async_status": "Job Skipped"}),
    ],
)
def test_a_run_may_end_badly(
    sandbox: RunningSandbox, account: AdAccount, control: httpx.Client, kind: str, end: dict[str, Any]
) -> None:
    """The next run fails by its fault, the one after does not."""
    arm(control, kind)
    bad, good = submit(account), submit(account)
    stages(sandbox, bad)

    assert end.items() <= bad.export_all_data().items()
    assert stages(sandbox, good)[-1] == ("Job Completed", 100)


def test_runs_can_be_polled_together(sandbox: RunningSandbox, account: AdAccount, graph: httpx.Client) -> None:
    """In a batch, which is one call."""
    ids = [submit(account)["id"] for _ in range(3)]
    sandbox.advance(60)
    batch = [{"method": "GET", "relative_url": f"v26.0/{one}?fields=async_status"} for one in ids]
    answers = graph.post("", json={"batch": batch}).json()

    assert [answer["body"] for answer in answers] == [f'{{"id":"{one}","async_status":"Job Completed"}}' for one in ids]


def test_a_senseless_run_is_refused_at_once(account: AdAccount) -> None:
    """As the same question would be."""
    with pytest.raises(FacebookRequestError):
        account.get_insights(fields=["spend"], params={"breakdowns": ["dma"]}, is_async=True)
