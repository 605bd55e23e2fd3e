"""The seam: reads are repeated, changes are not, and limits are kept to. Carried by urllib: any library will do."""

import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from aibuyer_kit.connectors.base import Verdict
from aibuyer_kit.connectors.http import Call, RetryPolicy, Seam
from aibuyer_kit.core.clock import ManualClock
from aibuyer_kit.core.errors import (
    AuthorisationError,
    PlatformError,
    RateLimitError,
    RefusedError,
    TooMuchDataError,
    TransientError,
)

from .scripted_graph import Scripted, ScriptedGraph

GOOD = Scripted(200, b"figures")
DOWN = Scripted(500, b"")


@dataclass(frozen=True)
class Answer:
    status: int
    wait_seconds: float
    body: bytes


def judge(answer: Answer) -> Verdict:
    """Judge as a platform of these tests: 200 is good, 429 asks for a wait, the rest may be repeated."""
    action = {200: "ok", 429: "wait"}.get(answer.status, "retry")
    return Verdict(action, answer.wait_seconds, f"HTTP {answer.status} for secret-token.", code=answer.status)


def over_http(graph: ScriptedGraph, method: str = "GET") -> Callable[[], Answer | Verdict]:
    request = urllib.request.Request(f"{graph.url}/v1/reports?token=secret-token", method=method)  # noqa: S310

    def once() -> Answer | Verdict:
        try:
            with urllib.request.urlopen(request, timeout=5) as reply:  # noqa: S310
                return Answer(reply.status, float(reply.headers.get("Wait", 0)), reply.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, float(refused.headers.get("Wait", 0)), refused.read())
        except OSError:
            return Verdict("retry", reason="the connection broke off.")

    return once


def send(seam: Seam, graph: ScriptedGraph, method: str = "GET") -> Answer:
    return seam.send(Call("Sample", method, "/v1/reports"), over_http(graph, method), judge)


def patient(clock: ManualClock, jitter: float = 1.0, **policy: float) -> Seam:
    return Seam(clock, RetryPolicy(**policy), lambda: jitter, lambda text: text.replace("secret-token", "***"))


def wait_for(seconds: int, status: int = 429) -> Scripted:
    return Scripted(status, b"", {"Wait": str(seconds)})


def test_a_read_is_repeated_with_doubled_pauses_until_it_succeeds(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Each pause is twice the one before, and the counts say what happened."""
    graph.answers(DOWN, DOWN, DOWN, GOOD)
    seam = patient(clock)
    assert send(seam, graph).body == b"figures"
    assert clock.slept == [1.0, 2.0, 4.0]
    assert (seam.counts.calls, seam.counts.retries, seam.counts.waited_seconds) == (4, 3, 7.0)


def test_jitter_shortens_a_pause_by_at_most_a_half(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Readers that fail together do not come back together."""
    graph.answers(DOWN, DOWN, GOOD)
    send(patient(clock, jitter=0.0), graph)
    assert clock.slept == [0.5, 1.0]


def test_pauses_grow_no_further_than_the_cap(graph: ScriptedGraph, clock: ManualClock) -> None:
    """A long outage is asked about at a steady pace."""
    graph.answers(*[DOWN] * 4, GOOD)
    send(patient(clock, backoff_cap_seconds=3.0), graph)
    assert clock.slept == [1.0, 2.0, 3.0, 3.0]


def test_a_read_that_keeps_failing_is_given_up(graph: ScriptedGraph, clock: ManualClock) -> None:
    """The error says where and how often, is marked as retryable, and holds no secret."""
    graph.answers(*[DOWN] * 9)
    with pytest.raises(TransientError, match=r"^Sample GET /v1/reports: .* Gave up after 3 tries") as caught:
        send(patient(clock, attempts=3), graph)
    assert len(graph.asked) == 3
    assert caught.value.retryable
    assert caught.value.code == 500
    assert "secret-token" not in str(caught.value)


def test_a_connection_that_breaks_off_is_tried_again(graph: ScriptedGraph, clock: ManualClock) -> None:
    """No reply at all is as transient as an HTTP 500."""
    unreachable = ScriptedGraph(url="http://127.0.0.1:9")
    with pytest.raises(TransientError, match="broke off"):
        send(patient(clock), unreachable)
    assert len(clock.slept) == 4


def test_a_change_is_sent_once_whatever_comes_back(graph: ScriptedGraph, clock: ManualClock) -> None:
    """A repeated change may take effect twice, so the caller is told to read back."""
    graph.answers(DOWN, GOOD)
    with pytest.raises(TransientError, match="read the object back"):
        send(patient(clock), graph, "POST")
    assert [asked.method for asked in graph.asked] == ["POST"]
    assert clock.slept == []


def test_a_stated_wait_is_kept_before_the_next_try(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Not a second less than the platform said."""
    graph.answers(wait_for(40), GOOD)
    assert send(patient(clock), graph).status == 200
    assert clock.slept == [41.0]


def test_a_good_answer_that_states_a_wait_holds_back_the_next_call(graph: ScriptedGraph, clock: ManualClock) -> None:
    """The limit is used up although this call was still served."""
    graph.answers(wait_for(25, status=200), GOOD)
    seam = patient(clock, jitter=0.0)
    send(seam, graph)
    assert clock.slept == []
    clock.advance(10)
    send(seam, graph)
    assert clock.slept == [15.0]


def test_a_wait_longer_than_allowed_is_an_error_and_nothing_is_sent_before_it_ends(
    graph: ScriptedGraph, clock: ManualClock
) -> None:
    """A caller that comes back too early is refused here and not by the platform."""
    graph.answers(wait_for(1000), GOOD)
    seam = patient(clock)
    with pytest.raises(RateLimitError, match="Wait 1000 s") as caught:
        send(seam, graph)
    assert (caught.value.wait_seconds, caught.value.code) == (1000.0, 429)
    clock.advance(600)
    with pytest.raises(RateLimitError) as early:
        send(seam, graph)
    assert early.value.wait_seconds == 400.0
    assert len(graph.asked) == 1
    clock.advance(400)
    assert send(seam, graph).body == b"figures"


def test_a_throttle_that_never_ends_becomes_a_rate_limit_error(graph: ScriptedGraph, clock: ManualClock) -> None:
    """The attempts are limited for waits too."""
    graph.answers(*[wait_for(60)] * 9)
    with pytest.raises(RateLimitError):
        send(patient(clock, attempts=3), graph)
    assert len(graph.asked) == 3


@pytest.mark.parametrize(
    ("verdict", "kind", "advice"),
    [
        (Verdict("split", reason="Large."), TooMuchDataError, "fewer days"),
        (Verdict("reauthorise", reason="Old."), AuthorisationError, "fresh token"),
        (Verdict("fail", reason="Wrong."), RefusedError, "Repeating it changes nothing"),
        (Verdict("fail", reason="Closed.", permission=True), AuthorisationError, "permission"),
    ],
    ids=["split", "reauthorise", "fail", "missing permission"],
)
def test_what_repeating_cannot_mend_is_raised_at_once(
    graph: ScriptedGraph, clock: ManualClock, verdict: Verdict, kind: type[PlatformError], advice: str
) -> None:
    """Each verdict has its error, with advice, after one call."""
    graph.answers(GOOD, GOOD)
    with pytest.raises(kind, match=advice):
        patient(clock).send(Call("Sample", "GET", "/v1"), over_http(graph), lambda _: verdict)
    assert len(graph.asked) == 1
