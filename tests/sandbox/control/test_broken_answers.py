"""Faults below the protocol: what the caller is told, and what was done."""

import json
import threading
from typing import Any

import httpx
import pytest
from facebook_business.adobjects.adaccount import AdAccount

from aibuyer_kit.sandbox.serve import RunningSandbox, start
from tests.sandbox.conftest import NO_CERTIFICATES
from tests.sandbox.control.test_control import arm
from tests.sandbox.waiting import until


def last_call(control: httpx.Client) -> dict[str, Any]:
    return dict(control.get("/calls").json()["calls"][-1])


def pause(graph: httpx.Client, sandbox: RunningSandbox) -> httpx.Response:
    return graph.post(f"{sandbox.market.account.adsets[0].id}", data={"status": "PAUSED"})


def status_of(sandbox: RunningSandbox) -> str:
    return sandbox.market.setting(sandbox.market.account.adsets[0].id).status


def test_a_page_of_html_is_no_answer_of_the_platform(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client, account: AdAccount
) -> None:
    """HTTP 502 with HTML; the SDK fails on it in its own way, and nothing is applied."""
    arm(control, "html_502", count=2)
    answer = pause(graph, sandbox)

    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=UTF-8")
    assert status_of(sandbox) == "ACTIVE"
    with pytest.raises(TypeError):
        account.api_get(fields=["name"])


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [("unavailable_503", 503, b"Service Unavailable"), ("json_without_error", 400, b'{"message":"Bad Request"}')],
)
def test_other_bodies_without_an_envelope(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client, kind: str, status: int, body: bytes
) -> None:
    """What stands before the platform answers so."""
    arm(control, kind)
    answer = pause(graph, sandbox)

    assert (answer.status_code, answer.content) == (status, body)
    assert status_of(sandbox) == "ACTIVE"


@pytest.mark.parametrize(("kind", "applied"), [("response_lost", True), ("connection_lost", False)])
def test_a_connection_may_close_without_an_answer(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client, kind: str, applied: bool
) -> None:
    """Applied or not, the caller cannot tell; the record can."""
    arm(control, kind, match={"method": "POST"})
    with pytest.raises(httpx.RemoteProtocolError):
        pause(graph, sandbox)

    assert (status_of(sandbox) == "PAUSED") is applied
    assert (last_call(control)["changed"], last_call(control)["status"]) == (applied, 0)


def test_a_500_may_be_false(sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client) -> None:
    """The error says that nothing happened, and it has."""
    arm(control, "applied_500")
    answer = pause(graph, sandbox)

    assert (answer.status_code, answer.json()["error"]["code"]) == (500, 1)
    assert status_of(sandbox) == "PAUSED"
    assert last_call(control)["changed"] is True


def test_a_hang_of_some_seconds_ends_with_the_true_answer(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """A patient caller gets it, an impatient one does not, and the change is made at once for both."""
    arm(control, "hang", options={"seconds": 0.3}, count=2)
    with pytest.raises(httpx.ReadTimeout):
        graph.post(f"{sandbox.market.account.adsets[0].id}", data={"status": "PAUSED"}, timeout=0.05)

    assert last_call(control)["changed"] is True
    assert graph.get("me").status_code == 200


def test_a_hang_lasts_until_the_faults_are_cleared(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """The control server answers meanwhile."""
    arm(control, "hang")
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(graph.get("me", timeout=10).status_code))
    waiting.start()
    until(lambda: control.get("/calls").json()["calls"])
    before = list(answers)
    control.delete("/faults")
    waiting.join(10)

    assert (before, answers) == ([], [200])


def test_a_platform_that_hangs_can_be_stopped(http: httpx.Client) -> None:
    """Whoever waits is let go."""
    sandbox = start()
    http.post(f"{sandbox.control_url}/faults", json={"kind": "hang", "options": {"applies": False}})
    failures: list[Exception] = []

    def wait() -> None:
        try:
            httpx.get(f"{sandbox.graph_url}/v26.0/me", timeout=10, verify=NO_CERTIFICATES)
        except httpx.TransportError as error:
            failures.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    until(lambda: http.get(f"{sandbox.control_url}/calls").json()["calls"])
    sandbox.stop()
    waiting.join(10)

    assert [type(failure) for failure in failures] == [httpx.RemoteProtocolError]


def test_usage_may_be_said_to_be_high(sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client) -> None:
    """All headers of a true answer say so."""
    arm(control, "high_usage", options={"percent": 91})
    answer = graph.get(f"{sandbox.account_id}/insights")
    business = json.loads(answer.headers["X-Business-Use-Case-Usage"])[sandbox.account_id[4:]][0]

    assert answer.json()["data"]
    assert json.loads(answer.headers["X-App-Usage"])["call_count"] == 91
    assert json.loads(answer.headers["X-Ad-Account-Usage"])["acc_id_util_pct"] == 91
    assert json.loads(answer.headers["X-FB-Ads-Insights-Throttle"])["acc_id_util_pct"] == 91
    assert (business["call_count"], business["estimated_time_to_regain_access"]) == (91, 0)
