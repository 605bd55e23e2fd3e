"""The service that a platform gives, measured: calls, reads, retries, percentiles."""

import pytest

from aibuyer_kit.connectors.http import Call, RetryPolicy, Seam
from aibuyer_kit.connectors.service import Timings
from aibuyer_kit.core.clock import ManualClock
from aibuyer_kit.core.errors import TransientError

from .scripted_graph import Scripted, ScriptedGraph
from .test_http import DOWN, GOOD, judge, over_http, wait_for


@pytest.mark.parametrize("seconds", [0.0, 0.0004, 0.02, 0.2, 1.0, 4.9, 60.0, 3600.0])
def test_a_percentile_is_told_to_within_a_quarter(seconds: float) -> None:
    """And never below the truth."""
    timings = Timings()
    timings.add(seconds, ok=True)
    told = timings.percentile_seconds(0.95)
    assert told is not None
    assert seconds <= told <= max(0.001, seconds * 1.25 * 1.000001)


def test_a_percentile_leaves_out_the_slowest_share() -> None:
    """Nineteen quick ones and a slow one: 95% were quick."""
    timings = Timings()
    for _ in range(19):
        timings.add(0.1, ok=True)
    timings.add(30.0, ok=False)
    assert timings.percentile_seconds(0.95) < 0.2  # type: ignore[operator]
    assert timings.percentile_seconds(1.0) >= 30.0  # type: ignore[operator]
    assert timings.success_share == 0.95


def test_nothing_is_told_before_the_first_call() -> None:
    """Zero would look like a very good service."""
    assert (Timings().percentile_seconds(0.95), Timings().success_share) == (None, None)


def send(graph: ScriptedGraph, clock: ManualClock, *answers: Scripted) -> Seam:
    graph.answers(*answers)
    seam = Seam(clock, RetryPolicy(attempts=3), lambda: 1.0)
    seam.send(Call("Sample", "GET", "/v1/reports"), over_http(graph), judge)
    return seam


def test_a_read_holds_its_calls_and_the_pauses_between_them(graph: ScriptedGraph, clock: ManualClock) -> None:
    """Two failures and a success: three calls, one read that succeeded after 3 s of our own pauses."""
    told = send(graph, clock, DOWN, DOWN, GOOD).service.summary()
    assert (told["calls"], told["reads"], told["reads_retries"]) == (3, 1, 2)
    assert told["calls_success_share"] == pytest.approx(1 / 3)
    assert told["reads_success_share"] == 1.0
    assert told["reads_p95_seconds"] >= 3.0  # type: ignore[operator]
    assert told["calls_p95_seconds"] < 2.0  # type: ignore[operator]


def test_a_wait_that_the_platform_ordered_is_no_time_of_the_read(graph: ScriptedGraph, clock: ManualClock) -> None:
    """It is counted by itself."""
    told = send(graph, clock, wait_for(40), GOOD).service.summary()
    assert told["ordered_wait_seconds"] == 41.0
    assert told["reads_p95_seconds"] < 2.0  # type: ignore[operator]


def test_a_read_that_is_given_up_has_failed_once(graph: ScriptedGraph, clock: ManualClock) -> None:
    """However many calls it took."""
    graph.answers(DOWN, DOWN, DOWN)
    seam = Seam(clock, RetryPolicy(attempts=3))
    with pytest.raises(TransientError):
        seam.send(Call("Sample", "GET", "/v1/reports"), over_http(graph), judge)
    assert (seam.service.reads.done, seam.service.reads.failed, seam.service.calls.failed) == (0, 1, 3)
