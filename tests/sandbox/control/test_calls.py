"""The record of calls: where it goes on from, and what callers were told, if that is kept."""

import json

import httpx
import pytest

from aibuyer_kit.sandbox.serve import RunningSandbox
from tests.sandbox.control.test_control import arm


def numbers(control: httpx.Client, since: int) -> list[int]:
    return [call["n"] for call in control.get("/calls", params={"since": since}).json()["calls"]]


def keep(control: httpx.Client, most: int) -> None:
    control.post("/settings", json={"keep_answers": most}).raise_for_status()


def answers(control: httpx.Client) -> list[str | None]:
    return [call.get("answer") for call in control.get("/calls").json()["calls"]]


@pytest.mark.parametrize(("since", "expected"), [(0, [1, 2, 3]), (1, [2, 3]), (2, [3]), (3, []), (99, [])])
def test_the_record_goes_on_behind_the_number_asked_for(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client, since: int, expected: list[int]
) -> None:
    """So that whoever follows it gets each call once; behind the last one there is nothing, and that is no error."""
    for _ in range(3):
        graph.get(sandbox.account_id)

    assert numbers(control, since) == expected


def test_items_of_a_batch_have_numbers_before_that_of_the_batch(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """A follower that has seen the items and not yet the batch misses none."""
    items = [{"method": "GET", "relative_url": sandbox.account_id}] * 2
    graph.post("", data={"batch": json.dumps(items)})
    calls = control.get("/calls", params={"since": 1}).json()["calls"]

    assert [(call["n"], call.get("in_batch", False)) for call in calls] == [(2, True), (3, False)]


@pytest.mark.parametrize("since", ["-1", "1.5", "²", ""])
def test_a_number_that_is_none_is_refused(control: httpx.Client, since: str) -> None:
    """HTTP 400 with a sentence."""
    answer = control.get("/calls", params={"since": since})

    assert answer.status_code == 400
    assert "since" in answer.json()["error"]


def test_what_was_told_is_kept_only_on_request(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """And then of the latest calls only; a failure in its own words too."""
    graph.get(sandbox.account_id)
    keep(control, 2)
    told = [graph.get(path).text for path in ("act_1", sandbox.account_id, f"{sandbox.account_id}/campaigns")]

    assert answers(control) == [None, None, *told[1:]]
    assert control.get("/settings").json()["keep_answers"] == 2
    keep(control, 0)
    assert answers(control) == [None] * 4


def test_what_was_told_is_kept_as_it_was_delivered(
    sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client
) -> None:
    """Cut where it was cut, and nothing where the line was closed instead."""
    keep(control, 10)
    arm(control, "cut_json")
    cut = graph.get(sandbox.account_id).text
    arm(control, "response_lost")
    with pytest.raises(httpx.RemoteProtocolError):
        graph.get(sandbox.account_id)

    assert answers(control) == [cut, None]


def test_who_has_hung_up_was_told_nothing(sandbox: RunningSandbox, graph: httpx.Client, control: httpx.Client) -> None:
    """The answer came when nobody listened any more; the next one is heard again."""
    keep(control, 10)
    arm(control, "hang")
    with pytest.raises(httpx.ReadTimeout):
        graph.get(sandbox.account_id, timeout=0.1)
    control.delete("/faults")
    heard = graph.get(sandbox.account_id).text

    assert answers(control) == [None, heard]


def test_a_wish_to_keep_what_is_no_number_is_refused(control: httpx.Client) -> None:
    """And nothing is kept."""
    assert control.post("/settings", json={"keep_answers": -1}).status_code == 400
    assert control.get("/settings").json()["keep_answers"] == 0
